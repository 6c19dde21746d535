"""A label printer that is none: it reads ZPL over TCP, encodes chips, answers, and misbehaves as it is told."""

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

STATUS = (
    b"\x02030,%d,%d,1245,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,%d,%d,0,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n"
)
_FORMAT = re.compile(rb"\^XA(.*?)\^XZ", re.DOTALL)


@dataclass
class Chip:
    """One label's chip as it left the printer."""

    epc: str
    tid: str
    texts: tuple[str, ...] = ()
    half: bool = False


@dataclass
class PrinterDouble:
    """`behave` is asked at each label: `well`, `cut` (ends in the middle of receiving), `mute` (prints, says nothing),
    `bad_chip` (says what another chip holds), `no_chip`. `status`: flags paper out, paused, head open, ribbon out.
    """

    behave: Callable[[int], str] = lambda _number: "well"
    status: tuple[int, int, int, int] = (0, 0, 0, 0)
    chips: list[Chip] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)
    port: int = 0
    before_answer: Callable[[], None] = lambda: None

    @contextlib.contextmanager
    def running(self) -> Iterator["PrinterDouble"]:
        """Serve on a free port of this machine."""
        server = socket.create_server(("127.0.0.1", 0))
        self.port = server.getsockname()[1]
        thread = threading.Thread(target=self._serve, args=(server,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()
            thread.join(10)

    def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with contextlib.closing(connection), contextlib.suppress(OSError):
                self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        data = b""
        while more := connection.recv(65_536):
            data += more
            if b"~HS" in data:
                data = data.replace(b"~HS", b"", 1)
                connection.sendall(STATUS % self.status)
            behaviour = self.behave(len(self.formats))
            if behaviour == "cut" and b"^RFW" in data:
                self._encode(data.decode("utf-8", "replace"), half=True)
                return
            while found := _FORMAT.search(data):
                data = data[found.end() :]
                answer = self._print(found[1].decode("utf-8"), behaviour)
                self.before_answer()
                if answer:
                    connection.sendall(answer)

    def _encode(self, text: str, *, half: bool = False) -> Chip | None:
        self.formats.append(text)
        found = re.search(r"\^RFW,H\^FD([0-9A-F]+)\^FS", text)
        if found is None:
            return None
        shown = tuple(
            re.sub(r"_([0-9A-F]{2})", lambda m: chr(int(m[1], 16)), one)
            for one in re.findall(r"\^FH_\^FD(.*?)\^FS", text)
        )
        chip = Chip(found[1], f"E28011A0{len(self.chips) + 1:016X}", shown, half)
        self.chips.append(chip)
        return chip

    def _print(self, text: str, behaviour: str) -> bytes:
        chip = self._encode(text)
        if chip is None or behaviour == "mute" or "^HV1" not in text:
            return b""
        epc = {"bad_chip": "0" * 24, "no_chip": "NO DATA"}.get(behaviour, chip.epc)
        return f"EPC[{epc}]\r\nTID[{chip.tid}]\r\n".encode()
