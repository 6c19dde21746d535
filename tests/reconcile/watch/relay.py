"""A mail server on this machine that speaks SMTP over real sockets, and fails in the ways that servers do.

server.answers("RCPT", "550 nobody")     each time
server.answers_once("DATA", "451 later")
server.drops_after_data = 1              so many times: it has the message, and its answer never comes
"""

import socket
import socketserver
import ssl
import threading
from contextlib import suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any


class RelayServer:
    """Takes mail for anybody, and keeps it."""

    def __init__(self, certificate: tuple[Path, Path] | None = None, *, at_once: bool = False) -> None:
        self.taken: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.encrypted: list[bool] = []
        self.signed_in: list[str] = []
        self.sessions = 0
        self.drops_after_data = 0
        self.at_once = at_once
        self.lock = threading.Lock()
        self.context: ssl.SSLContext | None = None
        self._always: dict[str, str] = {}
        self._once: dict[str, list[str]] = {}
        if certificate is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                Session(outer, self.request).run()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            # Every session is over before the server is.
            daemon_threads = False
            block_on_close = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(poll_interval=0.02))

    def answers(self, verb: str, line: str) -> None:
        """Answer a verb in this way from now on; `MESSAGE` is the end of the data."""
        self._always[verb] = line

    def answers_once(self, verb: str, *lines: str) -> None:
        """Answer a verb in these ways, one after another, and then as ever."""
        self._once[verb] = list(lines)

    def goes_well(self) -> None:
        """Answer as a server should."""
        self._always.clear()
        self._once.clear()

    def answer(self, verb: str, usual: str) -> str:
        """What is answered to a verb now."""
        with self.lock:
            if self._once.get(verb):
                return self._once[verb].pop(0)
        return self._always.get(verb, usual)

    def __enter__(self) -> "RelayServer":
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Session:
    """One client's session."""

    def __init__(self, server: RelayServer, plain: socket.socket) -> None:
        plain.settimeout(20)
        self.server, self.socket, self.encrypted = server, plain, False
        self.file: Any = None
        self.sender, self.to = "", list[str]()

    def run(self) -> None:
        """Talk until one of the two has had enough; every socket is closed."""
        with suppress(OSError):
            if self.server.at_once:
                self.encrypt()
            with self.server.lock:
                self.server.sessions += 1
            self.talk()
        if self.file is not None:
            self.file.close()
        self.socket.close()

    def encrypt(self) -> None:
        """From now on TLS is spoken."""
        assert self.server.context is not None
        plain = self.socket
        self.socket = self.server.context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self.encrypted = True
        self.socket.do_handshake()

    def say(self, line: str) -> bool:
        """Answer; whether it was a good one."""
        self.file.write(line.encode() + b"\r\n")
        return line.startswith(("2", "3"))

    def talk(self) -> None:
        """Greet, then answer a line at a time."""
        self.file = self.socket.makefile("rwb", buffering=0)
        if not self.say(self.server.answer("CONNECT", "220 relay")):
            return
        while raw := self.file.readline():
            verb, _, rest = raw.decode().strip().partition(" ")
            act = getattr(self, f"on_{verb.lower()}", None)
            if act is None:
                self.say("250 well")
            elif not act(rest):
                return

    def on_ehlo(self, _rest: str) -> bool:
        """What this server offers."""
        offers = ["STARTTLS"] if self.server.context is not None and not self.encrypted else []
        lines = ["relay", *offers, *(["AUTH PLAIN"] if self.encrypted else []), "8BITMIME"]
        for line in lines[:-1]:
            self.say(f"250-{line}")
        return self.say(f"250 {lines[-1]}")

    def on_starttls(self, _rest: str) -> bool:
        """TLS from here on."""
        self.say("220 go on")
        self.file.close()
        self.encrypt()
        self.file = self.socket.makefile("rwb", buffering=0)
        return True

    def on_auth(self, rest: str) -> bool:
        """Anybody is let in."""
        self.server.signed_in.append(rest)
        self.say(self.server.answer("AUTH", "235 come in"))
        return True

    def on_mail(self, rest: str) -> bool:
        """From whom."""
        self.sender, self.to = rest, []
        self.say(self.server.answer("MAIL", "250 well"))
        return True

    def on_rcpt(self, rest: str) -> bool:
        """To whom."""
        if self.say(self.server.answer("RCPT", "250 well")):
            self.to.append(rest)
        return True

    def on_data(self, _rest: str) -> bool:
        """The message; perhaps the line is cut where the answer should come."""
        if not self.say(self.server.answer("DATA", "354 go on")):
            return True
        body = b""
        while (line := self.file.readline()) not in (b".\r\n", b""):
            body += line
        answer = self.server.answer("MESSAGE", "250 taken")
        with self.server.lock:
            if answer.startswith("2"):
                self.server.taken.append(message_from_bytes(body, policy=policy.default))  # type: ignore[arg-type]
                self.server.envelopes.append((self.sender, self.to))
                self.server.encrypted.append(self.encrypted)
            if self.server.drops_after_data:
                self.server.drops_after_data -= 1
                return False
        self.say(answer)
        return True

    def on_quit(self, _rest: str) -> bool:
        """The end."""
        self.say("221 bye")
        return False
