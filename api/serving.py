"""The server, as a process's main work or beside it: watch, schedule and pages begin and end together."""

import os
import secrets
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import uvicorn

from api.installation import InstallationError
from api.main import create_app
from api.services import Services
from reconcile.schedule import Schedule, jobs
from reconcile.watch import Watch

START_SECONDS_MAX = 60.0


def with_watch(services: Services) -> Services:
    """The services with a watch and a schedule of their own, not yet started: the application starts them."""
    database, clock = services.database, services.clock
    watch = Watch(database, services.scheme, clock, services.bulletin)
    table = jobs(database, services.books, services.scheme, services.bulletin)
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    return replace(services, watch=watch, schedule=Schedule(database, table, clock, owner))


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


def _configuration(services: Services) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(with_watch(services)),
        log_level="warning",
        access_log=False,
        server_header=False,
        # Open event streams end with the server, not after it.
        timeout_graceful_shutdown=3,
        proxy_headers=False,
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


def serve(services: Services, sock: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM; returns when everything has ended."""
    _UntilSignalled(_configuration(services)).run(sockets=[sock])


class _Beside(uvicorn.Server):
    """A server in a thread: signals are the main thread's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def serving(services: Services, sock: socket.socket) -> Iterator[str]:
    """Serve in a thread for as long as the context lasts; gives the address. Raises InstallationError."""
    server = _Beside(_configuration(services))
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
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()
