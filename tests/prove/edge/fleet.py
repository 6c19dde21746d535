"""Many LLRP readers in one process: python -m tests.prove.edge.fleet READERS TAGS_PER_SECOND TAGS.

Prints the ports, then speaks to whoever connects. Every reader reports a tag a message, as our ROSpec asks for, and
its messages are encoded beforehand: only the times are filled in. Once a second each reports a tag that was never
there before, whose EPC begins with `NEW`; by its time whoever reads it can say how long it took. At the end of its
standard input it says how many tags it sent and whether it kept up.
"""

import json
import selectors
import socket
import struct
import sys
import threading
import time
from collections.abc import Sequence

from tests.readers.edge.edge_doubles import ANSWERS, STATUS_GOOD, capabilities, message, properties, tag, welcome

TICK_SECONDS = 0.05
NEW = bytes.fromhex("3414FFFF")
_BLANK = message(61, tag(b"\0" * 12, 1, -52, 0, 0, 1))
_EPC_AT = _BLANK.index(b"\x8d") + 1
_FIRST_AT = _BLANK.index(b"\x82") + 1
_LAST_AT = _BLANK.index(b"\x84") + 1


class Reader:
    """One reader and, when somebody is there, its connection."""

    def __init__(self, number: int, tags: int, per_tick: int) -> None:
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(4)
        self.listener.setblocking(False)
        self.number = number
        self.connection: socket.socket | None = None
        self.reading = False
        self._buffer = b""
        self._rest = b""
        self._per_tick = per_tick
        # The shelf, in so many chunks as it takes to report every tag once.
        epcs = [struct.pack(">IIHH", 0x3414F4A2, number, 0, each) for each in range(tags)]
        self._chunks = [self._chunk(epcs, start) for start in range(0, max(tags, per_tick), per_tick)]
        self._turn = 0

    def _chunk(self, epcs: Sequence[bytes], start: int) -> bytearray:
        found = bytearray(_BLANK * self._per_tick)
        for each in range(self._per_tick):
            at = each * len(_BLANK) + _EPC_AT
            found[at : at + 12] = epcs[(start + each) % len(epcs)]
        return found

    def answer(self) -> bool:
        """Whatever was asked is granted; False when nobody is there any more."""
        try:
            data = b"" if self.connection is None else self.connection.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.connection = None
            return False
        self._buffer += data
        while len(self._buffer) >= 10:
            head, length, identifier = struct.unpack(">HII", self._buffer[:10])
            if len(self._buffer) < length:
                break
            kind = head & 0x3FF
            said = {1: capabilities(2), 2: properties([(1, True), (2, True)])}.get(kind, STATUS_GOOD)
            if kind in ANSWERS:
                self._rest += message(ANSWERS[kind], said, identifier)
            self.reading = self.reading or kind == 24
            self._buffer = self._buffer[length:]
        return True

    def report(self, new: bool, beat: bool) -> int:
        """One tick's tags, times and all; how many went out (none while the peer takes nothing)."""
        if self.connection is None:
            return 0
        data, tags = self._rest, 0
        if self.reading and len(self._rest) < 1_000_000:
            chunk = self._chunks[self._turn % len(self._chunks)]
            self._turn += 1
            now = time.time_ns() // 1000
            stamp = struct.pack(">Q", now)
            for at in range(0, len(chunk), len(_BLANK)):
                chunk[at + _FIRST_AT : at + _FIRST_AT + 8] = stamp
                chunk[at + _LAST_AT : at + _LAST_AT + 8] = stamp
            data, tags = data + chunk, self._per_tick
            if new:
                epc = NEW + struct.pack(">IHH", self.number, self._turn >> 16, self._turn & 0xFFFF)
                data, tags = data + message(61, tag(epc, 1, -50, now, now, 1)), tags + 1
            if beat:
                data += message(62)
        try:
            sent = self.connection.send(data) if data else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            # The daemon has ended.
            self.connection = None
            return 0
        self._rest = bytes(data[sent:])
        return tags


def main(readers: int, per_second: int, tags: int) -> None:
    """Run until the standard input ends."""
    fleet = [Reader(number, tags, round(per_second * TICK_SECONDS)) for number in range(readers)]
    print(json.dumps([reader.listener.getsockname()[1] for reader in fleet]), flush=True)
    selector = selectors.DefaultSelector()
    for reader in fleet:
        selector.register(reader.listener, selectors.EVENT_READ, reader)
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    sent, ticks, due, behind = 0, 0, time.monotonic(), 0
    while not ended.is_set():
        due += TICK_SECONDS
        while (left := due - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                reader = key.data
                if key.fileobj is reader.listener:
                    reader.connection, _ = reader.listener.accept()
                    reader.connection.setblocking(False)
                    reader.connection.send(welcome(time.time_ns() // 1000))
                    selector.register(reader.connection, selectors.EVENT_READ, reader)
                else:
                    if not reader.answer():
                        selector.unregister(key.fileobj)
        behind += time.monotonic() - due > TICK_SECONDS
        ticks += 1
        sent += sum(reader.report(ticks % 20 == each % 20, ticks % 100 == each) for each, reader in enumerate(fleet))
    print(json.dumps({"sent": sent, "ticks": ticks, "behind": behind}), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
