"""How much may be asked of the server: token buckets by kind of route, for a session and for an address.

A session is what its cookie or token says, unlooked at: whoever invents cookies has the address's bucket against him,
which holds `ADDRESSES` times as much, since many people may share one address. What is kept is one number a bucket (the
generic cell rate algorithm: the time at which it would be full again), and the oldest buckets are forgotten first. An
edge daemon whose token was taken is bounded by its own bucket alone. Each server counts for itself.
Signing in has waits of its own (`api.sessions`).
"""

import hashlib
import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from starlette.types import ASGIApp, Message, Receive, Scope, Send

INTAKE = "/api/v1/intake"
HANDHELDS = "/api/v1/handheld/reads"


class LimitsInvalid(Exception):
    """The section [limits] of the configuration cannot be used; the message names the key."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a minute for ever, and `burst` at once after a rest."""

    per_minute: int
    burst: int


RATES: Mapping[str, Rate] = {
    "page": Rate(1_200, 600),
    "search": Rate(600, 200),
    "export": Rate(60, 60),
    "rest": Rate(3_000, 1_000),
    "static": Rate(6_000, 2_000),
    "intake": Rate(12_000, 3_000),
    "report": Rate(20, 20),
}
"""What one session, or one device, may ask. `report`: what browsers report of the content policy."""
ADDRESSES = 10
"""So many sessions' worth for one address."""
BUCKETS_MAX = 20_000
KNOWN_MAX = 2_000
_EXPORT = re.compile(
    r"\.(?:xlsx|csv|pdf|zip)$|/form$|/sheet$|^/proof/check$|^/verify-print$|^/ledger/bundle$|/witness/consistency$|/export$"
)
_SEARCH = re.compile(r"^/search$|^/search/suggest$|/search$|/find$|^/desk$|/scan$|/scans$|/feed$")


def kind_of(path: str) -> str:
    """Which kind of route a path is."""
    if path.startswith("/static/"):
        return "static"
    if path in (INTAKE, HANDHELDS):
        return "intake"
    if path == "/csp-report":
        return "report"
    if _EXPORT.search(path):
        return "export"
    if _SEARCH.search(path):
        return "search"
    return "rest" if path.startswith("/api/") else "page"


@dataclass(slots=True)
class Limits:
    """The buckets of one server. `now` gives seconds that only go on."""

    rates: Mapping[str, Rate] = field(default_factory=lambda: RATES)
    addresses: int = ADDRESSES
    now: Callable[[], float] = time.monotonic
    buckets_max: int = BUCKETS_MAX
    refused: int = 0
    """Requests refused since the start."""
    _full_at: OrderedDict[tuple[str, str], float] = field(default_factory=OrderedDict)
    _known: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, kind: str, who: str, times: int = 1) -> float:
        """Take one from a bucket that is `times` as large; gives the seconds to wait, 0.0 where it was taken."""
        rate, now = self.rates[kind], self.now()
        every = 60.0 / (rate.per_minute * times)
        with self._lock:
            full_at = max(self._full_at.get((kind, who), 0.0), now)
            wait = full_at - now - every * (rate.burst * times - 1)
            if wait > 1e-9:
                self.refused += 1
                return wait
            self._full_at[kind, who] = full_at + every
            self._full_at.move_to_end((kind, who))
            while len(self._full_at) > self.buckets_max:
                self._full_at.popitem(last=False)
        return 0.0

    def wait(self, kind: str, session: str, address: str) -> float:
        """What a request costs its session and its address; gives the seconds to wait, 0.0 where it may go on."""
        if kind == "intake" and session in self._known:
            return self.take(kind, session)
        if session and (wait := self.take(kind, session)):
            return wait
        return self.take(kind, f"@{address}", self.addresses)

    def met(self, session: str, taken: bool) -> None:
        """Whether a device's batch was let in: one that was is no stranger at its address any more."""
        with self._lock:
            self._known.pop(session, None)
            if taken:
                self._known[session] = None
                while len(self._known) > KNOWN_MAX:
                    self._known.popitem(last=False)


def limits_from(document: Mapping[str, object]) -> Limits:
    """The limits of the section [limits]: `page = {per_minute = 1200, burst = 600}` …, `addresses = 10`.

    What is not named keeps its default. Raises LimitsInvalid.
    """
    rates = dict(RATES)
    addresses = ADDRESSES
    for name, value in document.items():
        if name == "addresses":
            addresses = _whole(value, "limits.addresses")
        elif name not in RATES:
            raise LimitsInvalid(f"limits.{name} is not known; known are addresses, {', '.join(RATES)}")
        elif not isinstance(value, Mapping) or set(value) != {"per_minute", "burst"}:
            raise LimitsInvalid(f"limits.{name} must be {{per_minute = NUMBER, burst = NUMBER}}")
        else:
            rates[name] = Rate(
                *(_whole(value[key], f"limits.{name}.{key}") for key in ("per_minute", "burst")),
            )
    return Limits(rates, addresses)


def _whole(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10_000_000:
        raise LimitsInvalid(f"{name} must be a whole number from 1, not {value!r}")
    return value


_COOKIE = re.compile(rb"(?:^|;\s*)(?:__Host-)?custody_session=([^;\s]+)")


def session_of(scope: Scope) -> str:
    """What tells one session or device from another: a digest of its cookie or token; empty where it has none."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            return hashlib.sha256(value).hexdigest()[:32]
    for name, value in scope["headers"]:
        if name == b"cookie" and (found := _COOKIE.search(value)):
            return hashlib.sha256(found[1]).hexdigest()[:32]
    return ""


class Limited:
    """Lets requests through as the limits of the services allow; `refuse` answers the others."""

    def __init__(self, app: ASGIApp, refuse: Callable[[int], ASGIApp]) -> None:
        self.app, self.refuse = app, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        limits: Limits | None = scope["app"].state.services.limits if scope["type"] == "http" else None
        if limits is None:
            await self.app(scope, receive, send)
            return
        kind, session = kind_of(scope["path"]), session_of(scope)
        address = scope["client"][0] if scope.get("client") else ""
        wait = limits.wait(kind, session, address)
        if wait:
            await self.refuse(max(1, math.ceil(wait)))(scope, receive, send)
            return
        if kind != "intake" or not session:
            await self.app(scope, receive, send)
            return

        async def noticing(message: Message) -> None:
            if message["type"] == "http.response.start":
                limits.met(session, message["status"] not in (401, 403))
            await send(message)

        await self.app(scope, receive, noticing)
