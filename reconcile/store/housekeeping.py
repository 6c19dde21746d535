"""What the house itself owes: what `reconcile.checks.housekeeping` looks at. All of it is few."""

import json
from collections import defaultdict
from collections.abc import Callable

from sqlalchemy import exists, func, or_, select

from custody.access import clearance_rank
from custody.clock import day, end_of_day
from custody.scheme import Scheme
from custody.store import witnessing
from custody.store.projection import load_directory
from custody.store.schema import ALLOTTED_LABEL, CARRIER, ENTRY, MATTER, PLACE, TAG, TAG_NUMBER
from custody.values import Instant, Person
from reconcile.checks import MatterSays, Spot, Thresholds
from reconcile.checks.housekeeping import BooksCase, ClockCase, KeeperCase, OrderCase, SweepCase
from reconcile.store.candidates import World
from reconcile.store.core import ANTENNA, FINDING, PRESENCE, READER, SIGHTING, Connection
from reconcile.store.round_events import last_signed_by_place
from reconcile.store.signals import settled_at

# Sweeps.


Due = Callable[[Spot, Instant], Instant]
"""By when a place is to be swept that was swept, or opened, at an instant."""


def sweep_cases(connection: Connection, due_at: Due, around: World) -> dict[str, SweepCase]:
    """Every room in which something can be kept (else the outermost store), by the subject of its finding.

    A place is swept for the first time within its days of the first entry of the books. What is kept there is not
    asked: a list of places to be swept tells nobody what they hold.
    """
    begun = connection.scalar(select(func.min(ENTRY.c.entered_at)).where(ENTRY.c.sequence == 1))
    if begun is None:
        return {}
    keepers = {row.id: row.responsible for row in connection.execute(select(PLACE.c.id, PLACE.c.responsible))}
    last = last_signed_by_place(connection)
    settled = settled_at(connection, "sweep_due")
    found: dict[str, SweepCase] = {}
    for place in sorted(_swept_as_a_whole(around)):
        spot = around.spots[place]
        number, at = last.get(place, ("", None))
        due = due_at(spot, begun if at is None else at)
        case = SweepCase(spot, due, number, at, keepers.get(place))
        found[case.about] = SweepCase(spot, due, number, at, keepers.get(place), settled.get(case.about))
    return found


def _swept_as_a_whole(around: World) -> set[int]:
    """Of every store the room that it stands in; of one that stands in none the outermost store around it."""
    paths = {spot.path: spot for spot in around.spots.values()}
    found = set()
    for spot in around.spots.values():
        if not spot.storage:
            continue
        above = [paths[path] for path in _up(spot.path) if path in paths]
        rooms = [one for one in above if one.kind == "room"]
        stores = [one for one in above if one.storage]
        found.add((rooms or stores)[0 if rooms else -1].id)
    return found


def _up(path: str) -> list[str]:
    """The path itself and those around it, the innermost first."""
    parts = path.strip("/").split("/")
    return [f"/{'/'.join(parts[:n])}/" for n in range(len(parts), 0, -1)]


# Hand-over.


def keeper_cases(connection: Connection, scheme: Scheme, now: Instant) -> dict[str, KeeperCase]:
    """Persons who are gone, or cleared no more, and still keep places or hold state secrets."""
    directory = load_directory(connection)
    today = day(now, scheme.timezone)
    settled = settled_at(connection, "hand_over_due")
    ended = {p.id: reason for p in directory.persons.values() if (reason := _no_longer(p, scheme, today))}
    if not ended:
        return {}
    c = CARRIER.c
    held = select(c.holder, func.max(c.rank)).where(c.holder.in_(sorted(ended))).group_by(c.holder)
    # Who is merely not cleared any more may keep what is no state secret.
    holding = {row[0] for row in connection.execute(held) if row[1] > 0 or ended[row[0]][0] == "left"}
    found = {}
    for person, (why, on) in sorted(ended.items()):
        if person in holding or directory.in_care_of(person):
            until = end_of_day(on, scheme.timezone)
            case = KeeperCase(person, directory.persons[person].unit, until, why)
            found[case.about] = KeeperCase(person, case.unit, until, why, settled.get(case.about))
    return found


def _no_longer(person: Person, scheme: Scheme, today: str) -> tuple[str, str] | None:
    """Why and since which ISO day somebody may keep nothing any more; None: still, or never had a post for it."""
    if person.left_on and person.left_on < today:
        return "left", person.left_on
    if person.post_class is None or clearance_rank(person, scheme, today) > 0:
        return None
    return ("not_cleared", person.cleared_until) if person.cleared_until and person.cleared_until < today else None


# Orders.


def order_cases(connection: Connection, limits: Thresholds) -> dict[str, OrderCase]:
    """Open production orders with labels that are heard and bound to nothing, by the subject of their finding."""
    a = ALLOTTED_LABEL.c
    bound = exists().where(TAG.c.epc == a.epc)
    waiting = exists().where(TAG_NUMBER.c.epc == a.epc, TAG_NUMBER.c.state != "spoiled")
    loose: dict[int, dict[str, Instant]] = defaultdict(dict)
    rows = connection.execute(
        select(a.matter, a.epc, PRESENCE.c.heard_at)
        .join_from(ALLOTTED_LABEL, PRESENCE, PRESENCE.c.epc == a.epc)
        .where(~bound, ~waiting)
    ).all()
    for row in rows:
        first = connection.scalar(select(func.min(SIGHTING.c.first_at)).where(SIGHTING.c.epc == row.epc))
        if first is not None and row.heard_at - first >= limits.label_grace:
            loose[row.matter][row.epc] = row.heard_at
    settled = settled_at(connection, "production_excess")
    found: dict[str, OrderCase] = {}
    for matter, epcs in loose.items():
        order = connection.execute(select(MATTER).where(MATTER.c.id == matter)).first()
        if order is None:
            continue
        body = json.loads(order.body)["body"]
        carriers = connection.scalar(
            select(func.count(func.distinct(TAG.c.carrier)))
            .join_from(ALLOTTED_LABEL, TAG, TAG.c.epc == a.epc)
            .where(a.matter == matter, ~TAG.c.retired)
        )
        case = OrderCase(
            MatterSays(order.id, order.number, order.kind, order.status),
            order.unit,
            order.rank,
            room=body["quantity"] - len(body["spoiled"]) - len(body["cancelled"]),
            registered=len(body["registered"]),
            bound=carriers or 0,
            loose=epcs,
            settled_at=settled.get(f"order:{matter}"),
        )
        found[case.about] = case
    return found


# Clocks.


def clock_cases(connection: Connection) -> dict[str, ClockCase]:
    """Readers in use whose daemon tells how their clocks stand."""
    at_portal = set(connection.scalars(select(ANTENNA.c.reader).where(ANTENNA.c.role.in_(("inside", "outside")))))
    settled = settled_at(connection, "reader_clock_wrong")
    r = READER.c
    rows = connection.execute(
        select(r.name, r.clock_offset_us, r.state_at, r.through_at).where(r.enabled, r.clock_offset_us.is_not(None))
    )
    cases = (
        ClockCase(row.name, row.clock_offset_us, row.state_at or row.through_at or 0, row.name in at_portal)
        for row in rows
    )
    return {
        case.about: ClockCase(case.reader, case.offset, case.told_at, case.at_portal, settled.get(case.about))
        for case in cases
    }


# The books.


def books_case(connection: Connection) -> BooksCase | None:
    """The last whole check, where no finding tells of it, nor of an earlier one that is still open."""
    last = witnessing.last_check(connection)
    if last is None or last.differences == 0:
        return None
    told = exists().where(
        FINDING.c.kind == "ledger_check_failed", or_(FINDING.c.open, FINDING.c.about == f"check:{last.id}")
    )
    if connection.execute(select(told.label("told"))).scalar():
        return None
    return BooksCase(last.id, last.ended_at, last.size, last.differences, last.by)
