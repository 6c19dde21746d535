"""Time that passes without a sighting: evidence where somebody listened, and nothing where nobody did.

Asked only of tags whose place was listened to past the time at which the filter wants to look again, some thousand a
look: a dead reader costs nothing, and makes nobody absent.
"""

from typing import Any

from sqlalchemy import Connection, Select, column, select, values

from custody.store.tables import Int64
from custody.values import SECOND
from reconcile.presence import Settings, advance_tag
from reconcile.store.core import PRESENCE
from reconcile.store.presence.keeping import After, Running, checkpointed, keep, known
from reconcile.store.presence.site import heard_through, load_site

HELD_BACK_US = 5 * SECOND
"""What was told is here so much later at most. A daemon's silent period the filter waits itself."""
EACH_LOOK_MAX = 2_000


def _due(heard: dict[int, int]) -> Select[Any]:
    through = values(column("place", Int64), column("through_at", Int64), name="heard").data(sorted(heard.items()))
    told = through.cte("heard")
    return (
        select(PRESENCE.c.epc)
        .join(told, told.c.place == PRESENCE.c.place)
        .where(PRESENCE.c.silent_at.is_not(None), PRESENCE.c.silent_at <= told.c.through_at)
        .order_by(PRESENCE.c.silent_at)
        .limit(EACH_LOOK_MAX)
    )


def hear_out(connection: Connection, settings: Settings, running: Running) -> None:
    """Let time pass for the tags that are due, through as far as their place is known to have been listened to."""
    heard = {
        place: min(through, running.now) - HELD_BACK_US
        for place, through in heard_through(connection).items()
        if through
    }
    if not heard:
        return
    before = known(connection, connection.scalars(_due(heard)).all())
    if not before:
        return
    since = min(old.memory.heard_at for old in before.values())
    site = load_site(connection, (since, running.now))
    kept_at = checkpointed(connection, before, before, always=True)
    after: dict[str, After] = {}
    for epc, old in sorted(before.items()):
        place = old.memory.place
        through = max(old.through_at, heard.get(place, 0) if place is not None else 0)
        memory, found = advance_tag(old.memory, through, site, settings)
        after[epc] = After(memory, found, kept_at[epc], through)
    keep(connection, before, after, settings, running)
