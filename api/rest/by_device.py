"""What devices ask and send: known by the bearer token, and nothing else; a body is read no further than its bound."""

from collections.abc import Callable

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.problems import problem
from api.web.visit import services_of
from reconcile.store import devices


def unknown_device() -> Response:
    """No token, a wrong one, or one that was revoked: never told apart."""
    title = "This device is not known here, or its token was revoked"
    return problem(401, "unknown_device", title, headers={"WWW-Authenticate": "Bearer"})


def token_of(request: Request) -> str:
    """The bearer token (RFC 6750, section 2.1); empty: there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.casefold() == "bearer" else ""


def device_of(request: Request) -> str | None:
    """The device that asks, by its token; it is named in the line of the log."""
    token = token_of(request)
    if not token:
        return None
    services = services_of(request)
    with services.database.reading() as connection:
        device = devices.device_for_token(connection, devices.token_hash(token), services.clock())
    if device is not None:
        request.state.device = device
    return device


async def taken(
    request: Request, bytes_max: int, too_large: str, take: Callable[[Request, str, bytes], Response]
) -> Response:
    """What a device posts, given to `take` with the device's name. `too_large` is said past `bytes_max`."""
    if not token_of(request):
        return unknown_device()
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > bytes_max:
            return problem(413, "too_large", too_large)
    return await run_in_threadpool(_known, request, bytes(raw), take)


def _known(request: Request, raw: bytes, take: Callable[[Request, str, bytes], Response]) -> Response:
    device = device_of(request)
    return unknown_device() if device is None else take(request, device, raw)
