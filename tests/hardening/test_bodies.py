"""How large and how slow a body may be."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from api.bodies import FILE_BYTES_MAX, INTAKE_BYTES_MAX, KILOBYTE, MEGABYTE, BoundedBodies, bound_of
from api.headers import HEADERS
from api.serving import HEAD_BYTES_MAX, PatientProtocol
from tests.web.front import Front

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("path", "content_type", "bytes_max"),
    [
        ("/import", "multipart/form-data; boundary=x", FILE_BYTES_MAX),
        ("/matters/7/take_in", "multipart/form-data; boundary=x", FILE_BYTES_MAX),
        ("/handhelds", "multipart/form-data; boundary=x", FILE_BYTES_MAX),
        ("/handhelds/HU-2026-0001/round", "multipart/form-data; boundary=x", 2 * MEGABYTE),
        ("/api/v1/handheld/reads", "application/json", INTAKE_BYTES_MAX),
        ("/sign-in", "multipart/form-data; boundary=x", 2 * MEGABYTE),
        ("/api/v1/session", "multipart/form-data; boundary=x", 2 * MEGABYTE),
        ("/import/x/y", "multipart/form-data; boundary=x", 2 * MEGABYTE),
        ("/desk", FORM, 2 * MEGABYTE),
        ("/api/v1/acts/borrow", "application/json", MEGABYTE),
        ("/api/v1/acts/borrow", "Application/JSON; charset=utf-8", MEGABYTE),
        ("/api/v1/intake", "application/json", INTAKE_BYTES_MAX),
        ("/api/v1/acts/borrow", "text/plain", 64 * KILOBYTE),
        ("/csp-report", "application/csp-report", 64 * KILOBYTE),
        ("/me", "", 64 * KILOBYTE),
    ],
)
def test_the_bound_of_a_body(path: str, content_type: str, bytes_max: int) -> None:
    assert bound_of(path, content_type).bytes_max == bytes_max


@pytest.mark.parametrize("said", [True, False], ids=["announced", "unannounced"])
@pytest.mark.parametrize(
    ("path", "content_type", "size"),
    [
        ("/api/v1/session", "application/json", MEGABYTE + 1),
        ("/sign-in", FORM, 2 * MEGABYTE + 1),
        ("/sign-in", "multipart/form-data; boundary=x", 2 * MEGABYTE + 1),
        ("/api/v1/intake", "application/json", INTAKE_BYTES_MAX + 1),
    ],
)
def test_a_body_over_its_bound_is_refused(front: Front, path: str, content_type: str, size: int, said: bool) -> None:
    block = b"x" * 65_536
    sent = block * (size // len(block)) + b"x" * (size % len(block))
    body = sent if said else iter([sent])
    headers = {"content-type": content_type, "authorization": "Bearer x"}
    answer = front.browser().http.post(path, content=body, headers=headers)
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")


async def _echo(_scope: Scope, receive: Receive, _send: Send) -> None:
    while (await receive()).get("more_body"):
        pass


def _status(messages: list[Message], *, idle_seconds: float) -> int:
    """What a body that comes in these pieces and then not at all ends with; 200: it was read whole."""
    scope: Scope = {"type": "http", "path": "/me", "headers": [(b"content-type", b"text/plain")]}
    pieces = iter(messages)

    async def receive() -> Message:
        for piece in pieces:
            return piece
        await anyio.sleep_forever()
        raise AssertionError

    async def send(_message: Message) -> None:
        raise AssertionError

    async def run() -> int:
        try:
            await BoundedBodies(_echo, idle_seconds)(scope, receive, send)
        except HTTPException as error:
            return error.status_code
        return 200

    return anyio.run(run)


def test_a_body_that_stops_is_broken_off() -> None:
    piece = {"type": "http.request", "body": b"x", "more_body": True}
    assert _status([piece, piece], idle_seconds=0.05) == 408
    assert _status([piece, {**piece, "more_body": False}], idle_seconds=0.05) == 200


class Impatient(PatientProtocol):
    """The same with a shorter patience."""

    head_seconds = 0.3


@contextmanager
def listening(app: FastAPI) -> Iterator[int]:
    """The application really served, by the product's own protocol."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=Impatient,
            ws="none",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_keep_alive=1,
            h11_max_incomplete_event_size=HEAD_BYTES_MAX,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    try:
        yield sock.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        sock.close()


def _said(port: int, *pieces: bytes) -> bytes:
    """Everything that is answered to these bytes until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for piece in pieces:
            connection.sendall(piece)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    return answer


def test_what_is_no_request_or_never_becomes_one_ends(front: Front) -> None:
    """Heads that stop, heads without end, and noise: each connection is ended, and what is answered has the headers."""
    with listening(front.app) as port:
        assert _said(port) == b""
        assert _said(port, b"GET /me HTTP/1.1\r\nHost: x\r\nX-Slow: ") == b""
        whole = b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n"
        answered = _said(port, whole, b"GET /me HT")
        assert answered.count(b"HTTP/1.1 200") == 1
        vast = b"GET /me HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * (HEAD_BYTES_MAX + 10)
        for noise in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 no TLS here\r\n\r\n", vast, b"GET\r\n\r\n"):
            said = _said(port, noise).decode("latin-1")
            assert said.startswith("HTTP/1.1 400 ")
            head = dict(line.split(": ", 1) for line in said.partition("\r\n\r\n")[0].split("\r\n")[1:])
            assert {name: head.get(name) for name in HEADERS} == HEADERS
            assert head["Cache-Control"] == "no-store"
            assert "server" not in {name.lower() for name in head}
