"""How large and how slow the body of a request may be, by method, path and content type.

What says that it is larger is refused unread; what turns out larger, or comes too slowly, is broken off where it is
read. FastAPI's own limit stays behind these as the last one.
"""

import re
from dataclasses import dataclass

import anyio
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

KILOBYTE = 1024
MEGABYTE = KILOBYTE * KILOBYTE
FILE_BYTES_MAX = 52 * MEGABYTE
"""A workbook of 50 MB, with the fields of its form."""
INTAKE_BYTES_MAX = 8 * MEGABYTE + KILOBYTE
"""A little more than the intake takes itself, so that its own answer is the one that is read."""
IDLE_SECONDS = 15.0
BYTES_A_SECOND_MIN = 32 * KILOBYTE


@dataclass(frozen=True, slots=True)
class Bound:
    """So many bytes, all there within so many seconds."""

    bytes_max: int
    seconds: float

    @classmethod
    def of(cls, bytes_max: int) -> "Bound":
        """The bound whose time goes with its size."""
        return cls(bytes_max, 30.0 + bytes_max / BYTES_A_SECOND_MIN)


_WITH_FILES = re.compile(
    r"/(?:import|handhelds|business/new/[^/]+|cases/[^/]+/attach|(?:carriers|matters|places|organisations)/[^/]+/[^/]+)"
)
"""Pages whose forms may bring a file."""
_FILE, _INTAKE = Bound.of(FILE_BYTES_MAX), Bound.of(INTAKE_BYTES_MAX)
_FORM, _JSON, _OTHER = Bound.of(2 * MEGABYTE), Bound.of(MEGABYTE), Bound.of(64 * KILOBYTE)


def bound_of(path: str, content_type: str) -> Bound:
    """What a body may be."""
    kind = content_type.partition(";")[0].strip().casefold()
    if path in ("/api/v1/intake", "/api/v1/handheld/reads"):
        return _INTAKE
    if kind == "multipart/form-data":
        return _FILE if _WITH_FILES.fullmatch(path) else _FORM
    if kind == "application/x-www-form-urlencoded":
        return _FORM
    return _JSON if kind == "application/json" else _OTHER


class BoundedBodies:
    """Holds every body to its bound; `idle_seconds`: the longest pause within one.

    What is broken off answers 413 or 408 and ends the connection: the rest of the body would come all the same.
    """

    def __init__(self, app: ASGIApp, idle_seconds: float = IDLE_SECONDS) -> None:
        self.app, self.idle_seconds = app, idle_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        bound = bound_of(scope["path"], headers.get(b"content-type", b"").decode("latin-1"))
        said = headers.get(b"content-length", b"")
        body = _Body(receive, bound, self.idle_seconds, too_large=said.isdigit() and int(said) > bound.bytes_max)
        await self.app(scope, body, send)


class _Body:
    """The receiving end of one request."""

    def __init__(self, receive: Receive, bound: Bound, idle_seconds: float, too_large: bool) -> None:
        self._receive, self._bound, self._idle = receive, bound, idle_seconds
        self._too_large, self._whole, self._taken = too_large, False, 0
        self._until = anyio.current_time() + bound.seconds

    async def __call__(self) -> Message:
        if self._whole:
            # The body is there: what is waited for now is the end of the connection.
            return await self._receive()
        if self._too_large:
            raise HTTPException(413, headers={"Connection": "close"})
        left = min(self._idle, self._until - anyio.current_time())
        try:
            with anyio.fail_after(max(0.0, left)):
                message = await self._receive()
        except TimeoutError as error:
            raise HTTPException(408, headers={"Connection": "close"}) from error
        if message["type"] == "http.request":
            self._taken += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            self._too_large = self._taken > self._bound.bytes_max
            if self._too_large:
                raise HTTPException(413, headers={"Connection": "close"})
        return message
