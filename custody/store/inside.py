"""Who is in rated places now, and which carriers are in use there: looked up for the facts at hand (letter j)."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from custody.entries import Fact
from custody.entries.entry import CleaningOpened, EscortChanged, RoomChecked, VisitOpened
from custody.life_cycle import HELD, Status
from custody.matters import Matter
from custody.matters.entry import ROOM_CHECK, VISITS
from custody.register import Directory
from custody.rules import Inside
from custody.store import schema as t
from custody.store.matters import matter_of_row
from custody.store.schema import chunks
from custody.values import DAY, Instant

_AT_WORK = ("brought", "handed_out", "counted_in")
"""Lines of a meeting whose papers are in its room."""
_OUT_OF_STORE = (Status.ON_LOAN, Status.IN_CIRCULATION, Status.IN_MEETING)


def inside(connection: Connection, facts: Sequence[Fact], directory: Directory, at: Instant) -> Inside:
    """What the rules of entry ask about these facts; nothing where they are of another letter."""
    if not any(isinstance(fact, VisitOpened | CleaningOpened | EscortChanged | RoomChecked) for fact in facts):
        return Inside()
    cleaned = {fact.place for fact in facts if isinstance(fact, CleaningOpened | RoomChecked)}
    return Inside(
        visits=tuple(under_way(connection)),
        in_use={place: in_use(connection, directory, place) for place in cleaned & directory.places.keys()},
        checks=tuple(room_checks(connection, at - DAY)),
    )


def room_checks(connection: Connection, since: Instant) -> list[Matter]:
    """Checks of rooms signed since an instant, in order."""
    m = t.MATTER.c
    query = select(t.MATTER).where(m.kind == ROOM_CHECK, m.ended_at >= since).order_by(m.id)
    return [matter_of_row(row) for row in connection.execute(query)]


def under_way(connection: Connection) -> list[Matter]:
    """Visits and cleanings not over, in order."""
    m = t.MATTER.c
    query = select(t.MATTER).where(m.kind.in_([kind.key for kind in VISITS]), m.ended_at.is_(None)).order_by(m.id)
    return [matter_of_row(row) for row in connection.execute(query)]


def in_use(connection: Connection, directory: Directory, place: int) -> frozenset[int]:
    """Carriers that the books have in a place and not put away: read there, lying outside of any store, or papers of
    a meeting that is held there.
    """
    within = directory.under(place)
    put_away = {one for one in within if any(step.storage for step in directory.path(one) if step.id in within)}
    c = t.CARRIER.c
    found: set[int] = set()
    for chunk in chunks(sorted(within)):
        query = select(c.id, c.place, c.status).where(
            c.place.in_(chunk), c.status.in_([status.value for status in HELD])
        )
        for row in connection.execute(query):
            if row.place not in put_away or row.status in {status.value for status in _OUT_OF_STORE}:
                found.add(row.id)
    return frozenset(found | _in_meetings(connection, within))


def _in_meetings(connection: Connection, within: frozenset[int]) -> set[int]:
    m, line = t.MATTER.c, t.LINE.c
    query = select(t.MATTER).where(m.kind == "meeting", m.ended_at.is_(None))
    held = [row.id for row in connection.execute(query) if matter_of_row(row).body.venue in within]
    found: set[int] = set()
    for chunk in chunks(held):
        papers = select(line.carrier).where(line.matter.in_(chunk), line.state.in_(_AT_WORK))
        found |= set(connection.execute(papers).scalars())
    return found
