"""The server, as a process's main work or beside it: watch, schedule and pages begin and end together.

It speaks TLS 1.2 and 1.3 where it has a certificate. Without one it serves this machine alone, or a proxy that is
named; whoever asks for more is refused before anything is opened.
"""

import asyncio
import ipaddress
import logging
import os
import secrets
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.delivering import make_due
from api.headers import HEADERS, NOT_KEPT
from api.installation import InstallationError
from api.letters import worded
from api.main import create_app
from api.services import Services
from api.store import take_in_exports
from custody.database import DatabaseError
from custody.store.backup.noted import take_in as take_in_backups
from custody.store.books import KeyMissing
from custody.store.sealing import seal
from reconcile.messages import Post
from reconcile.schedule import Job, Schedule, jobs
from reconcile.watch import Watch

log = logging.getLogger(__name__)
START_SECONDS_MAX = 60.0
HEAD_BYTES_MAX = 32 * 1024
"""Request line and headers together."""
CONNECTIONS_MAX = 2_000
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: forward secret and authenticated; those of 1.3 all are."""


@dataclass(frozen=True, slots=True)
class Tls:
    """A certificate with its chain, and its key: two PEM files."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 and 1.3 with it. Raises InstallationError where the files cannot be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
        try:
            context.load_cert_chain(self.certificate, self.key, password=_no_passphrase)
        except (OSError, ssl.SSLError) as error:
            reason = error.strerror or type(error).__name__
            raise InstallationError(
                f"{self.certificate} and {self.key} cannot be served ({reason}): they must be a certificate and its "
                "key, in PEM, readable by this account; make them with 'custody tls issue'"
            ) from error
        return context


def _no_passphrase() -> str:
    # Without this OpenSSL would ask at the terminal, and a server has none.
    raise InstallationError("the key is locked with a passphrase, which a server cannot be asked for; store it without")


@dataclass(frozen=True, slots=True)
class Front:
    """How the server is reached. `tls`: its own certificate; `proxies`: addresses of proxies that speak TLS for it."""

    tls: Tls | None = None
    proxies: tuple[str, ...] = ()

    def refuse_plain(self, host: str) -> None:
        """Raise InstallationError where passwords and titles would go over a network in the clear."""
        if self.tls is None and not self.proxies and not is_loopback(host):
            raise InstallationError(
                f"{host} is reached over a network, and nothing would protect it: give a certificate (--tls-cert, "
                "--tls-key; make one with 'custody tls'), or say which proxy speaks TLS before this server "
                "(--plain-http-behind-proxy ADDRESS)."
            )


PLAIN = Front()
"""On this machine alone."""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, whose connections end when the head of a request does not come whole in time."""

    head_seconds = 10.0
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection was made: its first request is waited for. One too many is ended unheard."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS_MAX:
            transport.close()
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Something came: the clock of a head runs from its first byte, not from its last."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing() and self._idle_with_bytes():
            self._wait()
        else:
            self._rest()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection ended."""
        self._rest()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP is told so, and no more; under the headers that every answer has."""
        named = [*HEADERS.items(), ("Cache-Control", NOT_KEPT), ("Content-Type", "text/plain; charset=utf-8")]
        headers = [(name.encode(), value.encode()) for name, value in [*named, ("Connection", "close")]]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=msg.encode("ascii", "replace")),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _idle_with_bytes(self) -> bool:
        return bool(self.conn.trailing_data[0])

    def _wait(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(self.head_seconds, self.transport.close)

    def _rest(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


def with_watch(services: Services) -> Services:
    """The services with a watch and a schedule of their own, not yet started: the application starts them."""
    database, clock = services.database, services.clock
    watch = Watch(database, services.scheme, clock, services.bulletin)
    noted = Job("noted_exports", 60, lambda now: f"took in {take_in_exports(services.data, database, now)}")
    backups = Job("noted_backups", 60, lambda now: f"took in {take_in_backups(services.data, database, now)}")
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    ours = jobs(
        database,
        services.books,
        services.scheme,
        services.bulletin,
        services.at_work,
        by_mail=services.relay is not None,
    )
    reports = Job("deliveries", 60, lambda now: make_due(services, now), lease_seconds=1_800)
    table = (*ours, noted, backups, reports, *_post(services, owner))
    return replace(services, watch=watch, schedule=_Signing(services, Schedule(database, table, clock, owner)))


def _post(services: Services, owner: str) -> tuple[Job, ...]:
    """The job that sends messages, where the house has a relay."""
    if services.relay is None:
        return ()
    at_work = services.at_work
    post = Post(
        services.database,
        services.scheme,
        services.relay,
        partial(worded, services.scheme),
        services.clock,
        owner,
        at_work.calendar,
        at_work.hours,
    )
    return (Job("mail", 15, post.run, lease_seconds=600),)


class _Signing:
    """The schedule between two checkpoints: what the server finds at its start is signed, and what it leaves."""

    def __init__(self, services: Services, schedule: Schedule) -> None:
        self._books = services.books
        self._schedule = schedule

    def start(self) -> None:
        """Sign, then begin."""
        self._sign()
        self._schedule.start()

    @property
    def table(self) -> tuple[Job, ...]:
        """The jobs of the schedule."""
        return self._schedule.table

    def ask(self, name: str) -> None:
        """Have a job done now. Raises KeyError."""
        self._schedule.ask(name)

    def stop(self) -> None:
        """End, then sign."""
        self._schedule.stop()
        self._sign()

    def _sign(self) -> None:
        try:
            seal(self._books)
            self._books.checkpoint()
        except (KeyMissing, DatabaseError) as error:
            # The server serves, or ends, all the same; the schedule tries again, and the proof's page says so.
            log.warning("no checkpoint was signed: %s", error, extra={"event": "checkpoint_not_signed"})


def listening_socket(host: str, port: int) -> socket.socket:
    """The socket to serve on, taken before anything else is done. Raises InstallationError where it is in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise InstallationError(f"{host}:{port} cannot be had ({error.strerror}); name another with --port") from error
    return sock


def _configuration(services: Services, front: Front) -> uvicorn.Config:
    context = None if front.tls is None else front.tls.context()
    certified = services if front.tls is None else replace(services, certificate=front.tls.certificate)

    def make_context(_config: Any, _default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        assert context is not None
        return context

    return uvicorn.Config(
        create_app(with_watch(certified)),
        http=PatientProtocol,
        ws="none",
        # Whoever set up the log of the process gets what uvicorn says; it brings no handlers of its own.
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=HEAD_BYTES_MAX,
        # Open event streams end with the server, not after it.
        timeout_graceful_shutdown=3,
        proxy_headers=bool(front.proxies),
        forwarded_allow_ips=list(front.proxies),
        ssl_context_factory=make_context if context is not None else None,
    )


class _UntilSignalled(uvicorn.Server):
    """Ends in order on SIGINT and SIGTERM and returns; uvicorn's own would then die of the signal, unclosed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def serve(services: Services, sock: socket.socket, front: Front = PLAIN) -> None:
    """Serve until SIGINT or SIGTERM; returns when everything has ended. Raises InstallationError."""
    front.refuse_plain(sock.getsockname()[0])
    _UntilSignalled(_configuration(services, front)).run(sockets=[sock])


class _Beside(uvicorn.Server):
    """A server in a thread: signals are the main thread's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def serving(services: Services, sock: socket.socket, front: Front = PLAIN) -> Iterator[str]:
    """Serve in a thread for as long as the context lasts; gives the address. Raises InstallationError."""
    front.refuse_plain(sock.getsockname()[0])
    server = _Beside(_configuration(services, front))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, name="server")
    thread.start()
    waited = threading.Event()
    for _ in range(int(START_SECONDS_MAX / 0.05)):
        if server.started or not thread.is_alive():
            break
        waited.wait(0.05)
    try:
        if not server.started:
            raise InstallationError("the server did not start; its log says why")
        host, port = sock.getsockname()[:2]
        yield f"{'http' if front.tls is None else 'https'}://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()
