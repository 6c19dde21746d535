"""The line between a browser and its server, which a test cuts at the socket: what is open is torn off, what is begun
is refused, as where a handheld goes behind a steel door. It forwards bytes and knows nothing of them."""

import contextlib
import selectors
import socket
import threading

_BYTES = 65_536


class Line:
    """A free port of 127.0.0.1 that leads to `port`. A context manager; `cut` and `mend` at any time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._own: int = self._listener.getsockname()[1]
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._whole = True
        self._over = False
        self._turn = threading.RLock()
        self._selector = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._run, name="line")

    @property
    def url(self) -> str:
        """Where the browser finds the server."""
        return f"http://127.0.0.1:{self._own}"

    def __enter__(self) -> "Line":
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over = True
        self._thread.join()
        self.cut()
        self._listener.close()
        self._selector.close()

    def cut(self) -> None:
        """Nothing gets through any more, and what was on its way is torn off."""
        with self._turn:
            self._whole = False
            for one in list(self._pairs):
                self._drop(one)

    def mend(self) -> None:
        """It leads to the server again."""
        with self._turn:
            self._whole = True

    def _run(self) -> None:
        while not self._over:
            for key, _events in self._selector.select(0.05):
                with self._turn:
                    if key.fileobj is self._listener:
                        self._accept()
                    elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._pairs:
                        self._forward(key.fileobj)

    def _accept(self) -> None:
        near, _address = self._listener.accept()
        if not self._whole:
            self._tear(near)
            return
        try:
            far = socket.create_connection(("127.0.0.1", self._port), timeout=5)
        except OSError:
            # The server is down: so is the line.
            self._tear(near)
            return
        for one, other in ((near, far), (far, near)):
            one.setblocking(True)
            self._pairs[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _forward(self, one: socket.socket) -> None:
        try:
            data = one.recv(_BYTES)
            if data:
                self._pairs[one].sendall(data)
                return
        except OSError:
            pass
        self._drop(one)

    def _drop(self, one: socket.socket) -> None:
        other = self._pairs.get(one)
        for end in (one, other):
            if end is not None and self._pairs.pop(end, None) is not None:
                self._selector.unregister(end)
                self._tear(end)

    @staticmethod
    def _tear(end: socket.socket) -> None:
        with contextlib.suppress(OSError):
            # With a linger of nought the other side is told at once (RST), as of a line that is gone.
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        end.close()
