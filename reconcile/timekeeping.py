"""The server's clock, watched by the record itself: when it goes back, that is said, and the order stands all the same.

The order of the record is that of its sequence, never of its times; what the watch below adds is that nobody sets a
clock back unseen, to let something bear an earlier time.
"""

from custody.access import Role
from custody.clock import day
from custody.database import Database
from custody.scheme import Scheme
from custody.store import audit
from custody.store.clocks import latest
from custody.values import SECOND, Instant
from reconcile.store import notices, staff
from reconcile.store.notices import Telling

TOLERATED = 300 * SECOND
"""Clocks of several servers differ, and are set right by seconds."""
TOLD = frozenset({Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDITOR})
KIND = "clock_went_back"


def watch_clock(database: Database, scheme: Scheme, now: Instant) -> str:
    """Note, once, that the record bears times that are still to come; tell the administrators. Gives a short result."""
    with database.reading() as connection:
        ahead = latest(connection)
        known = audit.events(connection, kinds=(KIND,), limit=1)
    if ahead is None or ahead <= now + TOLERATED:
        return "goes on"
    # Noted before, unless it went back once more since.
    if any(one.detail["record_at"] == ahead and one.at <= now + TOLERATED for one in known):
        return "as it was"
    with database.writing() as connection:
        detail = {"record_at": ahead, "seconds": (ahead - now) // SECOND}
        audit.note(connection, KIND, now, detail=detail)
        persons = {k.person for k in staff.keepers(connection, scheme, day(now, scheme.timezone)) if k.role in TOLD}
        notices.tell(connection, [Telling(one, KIND, about=f"clock:{ahead}") for one in sorted(persons)], now)
    return f"went back by {(ahead - now) // SECOND} s"
