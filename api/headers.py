"""The security headers, on every response whatever made it; and the last net under the application.

The policy allows this origin's own files and nothing else: no inline script or style, no frame, no other host.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
LONG_LIVED = "public, max-age=31536000, immutable"
"""Static files: their address changes with their content."""
_log = logging.getLogger(__name__)

Fallback = Callable[[Scope, Receive, Send, str], Awaitable[None]]
"""Answers where the application broke; the text is the number under which the log has the reason."""


class SecurityHeaders:
    """Puts the headers on every response, and answers with `fallback` where the application raised."""

    def __init__(self, app: ASGIApp, fallback: Fallback) -> None:
        self.app, self.fallback = app, fallback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _put(MutableHeaders(scope=message), scope)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:
            number = secrets.token_hex(4).upper()
            # The path holds ids and numbers only; the query may hold nothing worse, but is not needed.
            _log.exception("%s: %s %s failed", number, scope["method"], scope["path"])
            if started:
                raise
            await self.fallback(scope, receive, send_with_headers, number)


def _put(headers: MutableHeaders, scope: Scope) -> None:
    for name, value in HEADERS.items():
        headers[name] = value
    if scope["scheme"] == "https":
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if scope["path"].startswith("/static/") and b"v=" in scope["query_string"]:
        headers["Cache-Control"] = LONG_LIVED
    elif "cache-control" not in headers:
        headers["Cache-Control"] = "no-store"
