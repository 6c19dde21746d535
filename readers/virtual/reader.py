"""The virtual reader on its socket: LLRP over TCP, played from a scenario.

The reader's own time starts when a client first enables a ROSpec, runs by the clock that is passed in, and goes on
across reconnections and power cuts; after the last event its state stays. One client at a time: another is told so
and turned away. All of a reader runs in one event loop.
"""

import asyncio
import contextlib
import logging
import random
import struct
from collections.abc import Callable

from readers import wire
from readers.scenario import ClockJumps, DeviceActs, InputTurns, Presence, ReaderScript, TagsArrive, apply_event
from readers.sighting import Instant
from readers.virtual import device
from readers.virtual.machine import Machine
from readers.virtual.reports import Heard
from readers.virtual.tag import Chip
from readers.wire import ConnectionAttempt
from readers.wire import MessageType as M
from readers.wire import ParameterType as P

READS_PER_SECOND = 5.0
RSSI_NOISE_DB = 1.5
MAX_UNSENT_BYTES = 1 << 20
"""A client that does not take its reports gets no more until it does; they wait in the report buffer."""
READ_BYTES = 1 << 16

log = logging.getLogger(__name__)


class VirtualReader:
    """One reader of a scenario. `clock` gives microseconds UTC; `rng` makes the noise of the signal strength."""

    def __init__(
        self,
        script: ReaderScript,
        clock: Callable[[], Instant],
        rng: random.Random,
        reads_per_second: float = READS_PER_SECOND,
    ) -> None:
        self.script = script
        self.port = 0
        self._clock = clock
        self._rng = rng
        self._period_seconds = 1.0 / reads_per_second
        self._skew_us = 0
        self._started_at: Instant | None = None
        self._next_event = 0
        self._presence: Presence = {}
        self._last_cycle_at = clock()
        self._powered = True
        self._thawed = asyncio.Event()
        self._thawed.set()
        self.chips: dict[bytes, Chip] = {}
        """Tags that can be written, by the number that the scenario calls them by; all others are locked."""
        self._machine = self._fresh_machine()
        self._client: asyncio.StreamWriter | None = None
        self._connections: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}
        self._host = ""
        self._server: asyncio.Server | None = None
        self._cycles: asyncio.Task[None] | None = None

    def _fresh_machine(self) -> Machine:
        machine = Machine(self.script.antennas.keys(), self._clock, self.now)
        machine.inventory.chips = self.chips
        return machine

    def now(self) -> Instant:
        """The reader's own clock."""
        return self._clock() + self._skew_us

    @property
    def elapsed_seconds(self) -> float | None:
        """The reader's own time in its scenario; None before a client has enabled a ROSpec."""
        return None if self._started_at is None else (self._clock() - self._started_at) / 1_000_000

    async def serve(self, host: str, port: int) -> None:
        """Listen (port 0: a free one, then in `port`) and play. Raises OSError when the port cannot be had."""
        self._host = host
        await self._listen(port)
        self._cycles = asyncio.create_task(self._play())

    async def close(self) -> None:
        """Stop playing, drop all connections and give the port back."""
        if self._cycles is not None:
            self._cycles.cancel()
            await asyncio.gather(self._cycles, return_exceptions=True)
        await self._drop_all()

    async def _listen(self, port: int) -> None:
        self._server = await asyncio.start_server(self._accept, self._host, port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _drop_all(self) -> None:
        if self._server is not None:
            self._server.close()
        tasks = list(self._connections.values())
        for writer, task in list(self._connections.items()):
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._connections.clear()
        self._client = None
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    # one connection

    def _accept(self, stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._powered:
            writer.transport.abort()
            return
        self._connections[writer] = asyncio.ensure_future(self._converse(stream, writer))

    async def _converse(self, stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._thawed.wait()
            if self._client is not None:
                writer.write(self._machine.attempt(ConnectionAttempt.FAILED_CLIENT_INITIATED_EXISTS))
                self._send(self._machine.attempt(ConnectionAttempt.ANOTHER_CONNECTION_ATTEMPTED))
                return
            self._client = writer
            writer.write(self._machine.connected())
            await self._answer_all(stream, writer)
        except (ConnectionError, TimeoutError) as lost:
            log.debug("%s: connection lost: %s", self.script.name, lost)
        finally:
            if self._client is writer:
                self._client = None
            self._connections.pop(writer, None)
            writer.close()
            with contextlib.suppress(ConnectionError, TimeoutError):
                await writer.wait_closed()

    async def _answer_all(self, stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer = wire.Framer()
        keepalives = asyncio.create_task(self._keep_alive())
        try:
            while data := await stream.read(READ_BYTES):
                await self._thawed.wait()
                try:
                    for header, body in framer.feed(data):
                        answer = self._machine.handle(header, body)
                        if self._started_at is None and self._machine.ever_enabled:
                            self._started_at = self._clock()
                        writer.write(answer.data)
                        if answer.close:
                            return
                        await writer.drain()
                except wire.FrameInvalid as invalid:
                    writer.write(self._machine.refuse_frame(invalid))
                    return
        finally:
            keepalives.cancel()
            await asyncio.gather(keepalives, return_exceptions=True)

    async def _keep_alive(self) -> None:
        """Send KEEPALIVE at the configured interval, which may change at any time."""
        loop = asyncio.get_running_loop()
        interval_ms, last = 0, loop.time()
        while True:
            if self._machine.configuration.keepalive_ms != interval_ms:
                interval_ms, last = self._machine.configuration.keepalive_ms, loop.time()
            if interval_ms and loop.time() - last >= interval_ms / 1000:
                last = loop.time()
                if self._thawed.is_set():
                    self._send(self._machine.keepalive())
            until = last + interval_ms / 1000 - loop.time() if interval_ms else self._period_seconds
            await asyncio.sleep(min(max(until, 0.001), self._period_seconds))

    def _send(self, data: bytes) -> None:
        if data and self._client is not None and not self._client.is_closing():
            self._client.write(data)

    @property
    def switched(self) -> list[tuple[Instant, int, bool]]:
        """Outputs as clients switched them since the power came: when, which, whether on."""
        return list(self._machine.switched)

    @property
    def has_client(self) -> bool:
        """Whether a client has the connection; the next would be turned away."""
        return self._client is not None

    @property
    def unsent_bytes(self) -> int:
        """What waits for the client to take it."""
        return 0 if self._client is None else self._client.transport.get_write_buffer_size()

    def _can_send(self) -> bool:
        client = self._client
        return client is not None and not client.is_closing() and self.unsent_bytes < MAX_UNSENT_BYTES

    # the play

    async def _play(self) -> None:
        while True:
            await asyncio.sleep(self._period_seconds)
            heard = await self._advance()
            if self._powered and self._thawed.is_set():
                self._send(self._machine.cycle(heard, self._can_send()))

    async def _advance(self) -> list[Heard]:
        """Let everything due happen; gives what the antennas heard since the last cycle, one read a tag."""
        now = self._clock()
        since, self._last_cycle_at = self._last_cycle_at, now
        if self._started_at is None:
            return []
        passing: dict[tuple[int, str], float] = {}
        while self._next_event < len(self.script.events):
            event = self.script.events[self._next_event]
            if self._started_at + event.at_seconds * 1_000_000 > now:
                break
            self._next_event += 1
            apply_event(self._presence, event)
            if isinstance(event, TagsArrive):
                # Heard at least once, though it leave again before this cycle is over.
                passing.update(dict.fromkeys(((event.antenna, epc) for epc in event.epcs), event.mean_dbm))
            elif isinstance(event, DeviceActs):
                await self._act(event)
            elif isinstance(event, InputTurns):
                if self._powered and self._thawed.is_set():
                    self._send(self._machine.input_turns(event.port, event.active))
            elif isinstance(event, ClockJumps):
                self._skew_us = 0 if event.to_at is None else event.to_at - self._clock()
        await self._recover_port()
        return self._reads({**passing, **self._presence}, max(since, self._started_at), now)

    def _reads(self, presence: Presence, since: Instant, now: Instant) -> list[Heard]:
        """One read of each tag, spread evenly over the cycle, antenna after antenna."""
        ordered = sorted(presence.items())
        step = (now - since) / max(len(ordered), 1)
        channels = len(device.FREQUENCIES_KHZ)
        return [
            Heard(
                antenna,
                bytes.fromhex(epc),
                max(-128, min(0, round(self._rng.gauss(mean_dbm, RSSI_NOISE_DB)))),
                int(since + step * number) + self._skew_us,
                1 + self._rng.randrange(channels),
            )
            for number, ((antenna, epc), mean_dbm) in enumerate(ordered, start=1)
        ]

    async def _act(self, event: DeviceActs) -> None:
        match event.verb:
            case "off":
                self._powered = False
                await self._drop_all()
                self._machine = self._fresh_machine()
                self._thawed.set()
            case "on":
                self._powered = True
            case "freeze":
                self._thawed.clear()
            case "thaw":
                self._thawed.set()
            case "cut":
                self._cut()
            case "garbage":
                self._send(_malformed_report())

    async def _recover_port(self) -> None:
        """After a power cut, listen again; where something else holds the port, try at every cycle."""
        if self._powered and self._server is None:
            try:
                await self._listen(self.port)
            except OSError as taken:
                log.warning("%s: port %d cannot be had again yet: %s", self.script.name, self.port, taken)

    def _cut(self) -> None:
        """Send the first half of a report, then end the connection."""
        if self._client is not None:
            tag = wire.encode_tlv(P.TAG_REPORT_DATA, wire.encode_tv(P.EPC_96, bytes(12)))
            report = wire.encode_message(M.RO_ACCESS_REPORT, 1, tag)
            self._client.write(report[: len(report) // 2])
            self._client.close()
            self._client = None


def _malformed_report() -> bytes:
    """A report whose framing is right and whose tag overruns it."""
    overrun = struct.pack(">HH", P.TAG_REPORT_DATA, 60_000) + wire.encode_tv(P.EPC_96, bytes(12))
    return wire.encode_message(M.RO_ACCESS_REPORT, 1, overrun)
