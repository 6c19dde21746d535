"""The security headers, on every response whatever made it; and the last net under the application.

The policy allows this origin's own files and nothing else: no inline script or style, no frame, no other host. What a
browser held back it reports to this origin itself (`api.web.system`). Sources: CSP level 3, Permissions Policy,
OWASP ASVS 5.0 chapter 3.4.
"""

import logging
from collections.abc import Awaitable, Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.logs import request_number

REPORTS = "/csp-report"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "worker-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
        f"report-uri {REPORTS}",
    )
)
_DENIED = (
    "accelerometer",
    "browsing-topics",
    "camera",
    "captured-surface-control",
    "clipboard-read",
    "clipboard-write",
    "compute-pressure",
    "cross-origin-isolated",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "idle-detection",
    "keyboard-map",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "otp-credentials",
    "payment",
    "picture-in-picture",
    "publickey-credentials-create",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "speaker-selection",
    "storage-access",
    "sync-xhr",
    "usb",
    "window-management",
    "xr-spatial-tracking",
)
"""What no page uses. A browser knows more features than these; those that it opens to nobody unasked are left out."""
_OWN = ("autoplay",)
"""The scan pages sound."""
PERMISSIONS = ", ".join([*(f"{name}=()" for name in _DENIED), *(f"{name}=(self)" for name in _OWN)])
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Origin-Agent-Cluster": "?1",
    "X-DNS-Prefetch-Control": "off",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Permissions-Policy": PERMISSIONS,
}
TRANSPORT = "max-age=31536000"
"""Strict-Transport-Security: for a year this host is asked by TLS alone. Its sub-domains are not this product's."""
NOT_KEPT = "no-store"
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
        except Exception as error:
            number = request_number(scope)
            # Neither the address nor the words of the exception: either may hold what was typed.
            _log.error("%s: a request failed", number, exc_info=error, extra={"event": "failed", "request": number})
            if started:
                raise
            await self.fallback(scope, receive, send_with_headers, number)


def _put(headers: MutableHeaders, scope: Scope) -> None:
    for name, value in HEADERS.items():
        headers[name] = value
    if scope["scheme"] == "https":
        headers["Strict-Transport-Security"] = TRANSPORT
    if scope["path"].startswith("/static/") and b"v=" in scope["query_string"]:
        headers["Cache-Control"] = LONG_LIVED
    elif "cache-control" not in headers:
        headers["Cache-Control"] = NOT_KEPT
    for name in ("server", "x-powered-by"):
        if name in headers:
            del headers[name]
