"""How long a session lasts, and how long a confirmation of identity does."""

from api.store import Session
from custody.scheme import Scheme
from custody.values import SECOND, Instant

CLOCKS_DIFFER = 60 * SECOND
"""What the clocks of several servers may differ by, or one may be set back by without anybody being asked again."""


def idle_before(scheme: Scheme, now: Instant) -> Instant:
    """Sessions last used before this have ended."""
    return now - scheme.number("session_idle_seconds") * SECOND


def alive(session: Session, scheme: Scheme, now: Instant) -> bool:
    """Whether a session has neither idled out nor reached its absolute end.

    One that was used in what is the future now has ended: the clock was set back, and how long it lasted is not known.
    """
    used = session.last_seen_at
    return now < session.expires_at and idle_before(scheme, now) <= used <= now + CLOCKS_DIFFER


def freshly_confirmed(session: Session, scheme: Scheme, now: Instant) -> bool:
    """Whether identity was confirmed within the configured time."""
    confirmed = session.confirmed_at
    if confirmed is None or confirmed > now + CLOCKS_DIFFER:
        return False
    return now - confirmed <= scheme.number("confirmation_seconds") * SECOND
