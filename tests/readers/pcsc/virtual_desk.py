"""A real pcscd with virtual readers in namespaces of its own, and virtual cards to lay on them.

The virtual reader listens on all interfaces, so it gets a network without any; `/run/pcscd` is a folder of the test's
own, so that no other pcscd is touched. A card is a TCP client of the virtual reader: two bytes of length, then one
byte (0 off, 1 on, 2 reset, 4 tell the ATR) or a request to the card. Nothing here shares code with the product.
"""

import ctypes
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from readers.columns import SightingColumns
from readers.driver import Driver
from readers.sighting import Coverage, ReaderReport, Record, Sighting
from readers.supervisor import Supervisor, Watching

PCSCD = "/usr/sbin/pcscd"
VIRTUAL_DRIVER = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
PORT = 35963
ATR = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")
_NETWORK = 0x40000000


def lacking() -> str | None:
    """Why the real service cannot be had here."""
    if os.geteuid() != 0:
        return "a namespace with a pcscd of its own needs root"
    for needed in (PCSCD, VIRTUAL_DRIVER, "/usr/sbin/ip"):
        if not Path(needed).exists():
            return f"{needed} is missing: apt-get install pcscd vsmartcard-vpcd iproute2"
    if subprocess.run(["unshare", "-n", "-m", "true"], capture_output=True, check=False).returncode:
        return "namespaces are not allowed here"
    try:
        import smartcard.scard  # noqa: F401
    except ImportError:
        return "pyscard is not installed: make setup says why"
    return None


def now_us() -> int:
    return time.time_ns() // 1000


class Pcscd:
    """The service, with one virtual reader of two slots; it can be killed, frozen and robbed of its reader."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="pcscd-"))
        (self.home / "run").mkdir()
        (self.home / "readers").mkdir()
        self._process: subprocess.Popen[bytes] | None = None
        # The library reads it at each call that connects.
        os.environ["PCSCLITE_CSOCK_NAME"] = str(self.home / "run" / "pcscd.comm")
        self.plug()

    def plug(self) -> None:
        """The reader is there at the next start."""
        (self.home / "readers" / "virtual").write_text(
            f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:{PORT}\nLIBPATH {VIRTUAL_DRIVER}\nCHANNELID {PORT}\n'
        )

    def unplug(self) -> None:
        """The reader is not there at the next start."""
        (self.home / "readers" / "virtual").unlink()

    def start(self) -> None:
        """Start it, anew where it runs."""
        self.kill()
        inside = (
            "ip link set lo up && mount -t tmpfs none /run && mkdir /run/pcscd && "
            f"mount --bind {self.home}/run /run/pcscd && "
            # It ends with the tests, even where those are killed.
            f"exec setpriv --pdeathsig KILL {PCSCD} -f -c {self.home}/readers"
        )
        self._process = subprocess.Popen(
            ["unshare", "-n", "-m", "sh", "-c", inside], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        eventually(self._answers, what="pcscd answers")

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            probe.connect(str(self.home / "run" / "pcscd.comm"))
            return True
        return False

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def end(self) -> None:
        self.kill()
        shutil.rmtree(self.home)

    def dial(self, port: int) -> socket.socket:
        """A connection to the virtual reader, from inside its network."""
        assert self._process is not None
        found: list[socket.socket] = []

        def enter() -> None:
            assert self._process is not None
            network = os.open(f"/proc/{self._process.pid}/ns/net", os.O_RDONLY)
            try:
                assert ctypes.CDLL(None, use_errno=True).setns(network, _NETWORK) == 0
            finally:
                os.close(network)
            with suppress(ConnectionRefusedError):
                found.append(socket.create_connection(("127.0.0.1", port)))

        def attempt() -> bool:
            thread = threading.Thread(target=enter)
            thread.start()
            thread.join()
            return bool(found)

        eventually(attempt, what="the virtual reader takes a card")
        return found[0]


Answer = Callable[[bytes], bytes | None]


def tells(number: str) -> Answer:
    return lambda _: bytes.fromhex(number) + b"\x90\x00"


class Card:
    """A card that lies on a slot of the virtual reader until it is lifted."""

    def __init__(self, service: Pcscd, answer: Answer, slot: int = 0, *, frozen: bool = False) -> None:
        """`answer`: the card's answer to a request; None: it is pulled away in the middle of it.

        `frozen`: it answers no request until it is thawed.
        """
        self._answer = answer
        self.requests: list[bytes] = []
        self.thawed = threading.Event()
        if not frozen:
            self.thawed.set()
        self._connection = service.dial(PORT + slot)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def lift(self) -> None:
        self.thawed.set()
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._connection.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                head = self._connection.recv(2, socket.MSG_WAITALL)
                if len(head) < 2:
                    return
                (length,) = struct.unpack(">H", head)
                request = self._connection.recv(length, socket.MSG_WAITALL)
                if length > 1:
                    self.requests.append(request)
                    self.thawed.wait()
                answer = ATR if request == b"\x04" else self._answer(request) if length > 1 else b""
                if answer is None:
                    self._connection.shutdown(socket.SHUT_RDWR)
                    return
                if length > 1 or request == b"\x04":
                    self._connection.sendall(struct.pack(">H", len(answer)) + answer)


def eventually(holds: Callable[[], Any], seconds: float = 10.0, what: object = "") -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.01)
    raise AssertionError(f"did not come about within {seconds} s: {what() if callable(what) else what}")


@dataclass
class Ward:
    """A supervised desk reader and everything that was told of it."""

    supervisor: Supervisor
    clock: Callable[[], int] = now_us
    records: list[Record] = field(default_factory=list)

    @property
    def reports(self) -> list[ReaderReport]:
        return [record for record in self.records if isinstance(record, ReaderReport)]

    @property
    def sightings(self) -> list[Sighting]:
        return [record for record in self.records if isinstance(record, Sighting)]

    @property
    def numbers(self) -> list[str]:
        return [sighting.epc for sighting in self.sightings]

    @property
    def coverage(self) -> list[Coverage]:
        return [record for record in self.records if isinstance(record, Coverage)]

    def tick(self) -> bool:
        self.supervisor.check()
        for each in self.supervisor.drain(self.clock()):
            self.records += each if isinstance(each, SightingColumns) else [each]
        return True

    def sees(self, what: Callable[[], object], seconds: float = 10.0) -> None:
        eventually(lambda: self.tick() and what(), seconds, lambda: f"told so far: {self.records}")

    def is_told(self, state: str, detail: str = "") -> None:
        """The last state told is this one."""
        self.sees(lambda: self.reports and self.reports[-1].state == state and detail in self.reports[-1].detail)

    def end(self) -> None:
        self.supervisor.stop()
        self.tick()


def supervised(make: Callable[[], Driver], clock: Callable[[], int] = now_us, period_us: int = 100_000) -> Ward:
    watching = Watching("desk", period_us, covered_seconds=2.0, pause_seconds_max=0.3)
    supervisor = Supervisor(watching, make, clock=clock, rng=random.Random(3))
    supervisor.start()
    return Ward(supervisor, clock)
