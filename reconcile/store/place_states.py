"""What is to be told of each place: what is open there, who listens, what the books have and what was heard.

One grouped query each, however many places and carriers there are; behind the visitor's wall, so that nothing that he
may not see counts.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, or_, select

from custody.access import Subject
from custody.register import Directory
from custody.store.queries import visible
from custody.store.schema import CARRIER, TAG
from custody.values import Instant
from reconcile.checks.hearing import Listening, covers
from reconcile.store.candidates import latest_coverage
from reconcile.store.core import ANTENNA, FINDING, IS_OPEN, PRESENCE, READER, ROUND
from reconcile.store.finding_queries import seen_by, with_subjects

STANDS = frozenset({"portal", "seat"})
"""Kinds of place that hold nothing: neither has to be heard for the room around it to be heard."""
SPINES_MAX = 4_000
GONE = ("returned_to_issuer", "transferred", "destroyed", "declassified", "taken_back")
"""Statuses of what belongs on no shelf any more."""


def open_by_place(connection: Connection, subject: Subject) -> dict[int, dict[str, int]]:
    """Open findings that the subject sees, by the place where each was found, and kind."""
    query = (
        select(FINDING.c.place, FINDING.c.kind, func.count().label("open"))
        .select_from(with_subjects(subject))
        .where(IS_OPEN, seen_by(subject), FINDING.c.place.is_not(None))
        .group_by(FINDING.c.place, FINDING.c.kind)
    )
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for row in connection.execute(query):
        found[row.place][row.kind] = row.open
    return dict(found)


@dataclass(frozen=True, slots=True)
class Ears:
    """`heard`: places in which a tag would be heard now. `antennas`: of each place that has some, how many listen now
    and how many do not.
    """

    heard: frozenset[int]
    antennas: Mapping[int, tuple[int, int]]


def listened_to(connection: Connection, directory: Directory, now: Instant, silent_after: int) -> Ears:
    """Where a tag would be heard now: by a place's own antennas, by those around, or all through within."""
    parents = {one.id: one.parent for one in directory.places.values() if one.kind not in STANDS}
    portals = frozenset(one.id for one in directory.places.values() if one.kind == "portal")
    every = [
        Listening(row.reader, row.number, row.place, row.since_at, row.through_at)
        for row in connection.execute(latest_coverage().where(ANTENNA.c.role != "desk", READER.c.enabled))
    ]
    antennas = [one for one in every if one.place not in portals]
    since = now - silent_after
    own: dict[int, tuple[int, int]] = {}
    for one in every:
        listening, silent = own.get(one.place, (0, 0))
        alive = one.through_at is not None and one.through_at >= since
        own[one.place] = (listening + alive, silent + (not alive))
    found = covers(parents, antennas) if antennas else {}
    heard = {place for place, cover in found.items() if cover.through_at >= since}
    # A portal is watched where every antenna of it listens, on whichever side.
    heard |= {place for place in portals if place in own and not own[place][1]}
    return Ears(frozenset(heard), own)


def heard_in(connection: Connection, places: Collection[int]) -> dict[int, int]:
    """How many carriers were last heard in each of these places, not counting what is unconfirmed."""
    if not places:
        return {}
    query = (
        select(PRESENCE.c.place, func.count(TAG.c.carrier.distinct()).label("n"))
        .join_from(PRESENCE, TAG, TAG.c.epc == PRESENCE.c.epc)
        .where(PRESENCE.c.place.in_(sorted(places)), PRESENCE.c.strength != "unconfirmed", ~TAG.c.retired)
        .group_by(PRESENCE.c.place)
    )
    return {row.place: row.n for row in connection.execute(query)}


def last_sweeps(connection: Connection) -> dict[int, Instant]:
    """When each place was last swept whole."""
    c = ROUND.c
    query = (
        select(c.place, func.max(c.finished_at).label("at"))
        .where(c.state == "signed", c.finished_at.is_not(None))
        .group_by(c.place)
    )
    return {row.place: row.at for row in connection.execute(query)}


@dataclass(frozen=True, slots=True)
class OnShelf:
    """A carrier of a shelf, without its name: the shelf, its status in the books, what is open about it."""

    shelf: int
    status: str
    here: bool
    """Whether the books have it there now; else its home is there, and it is out."""
    kinds: tuple[str, ...]


def on_shelves(connection: Connection, subject: Subject, shelves: Collection[int]) -> list[OnShelf]:
    """What belongs on these shelves or lies there, shelf by shelf, in the order of its numbers; so many at most.

    Nothing is told that would name one.
    """
    wanted = sorted(shelves)
    if not wanted:
        return []
    c = CARRIER.c
    here = or_(c.home.in_(wanted), c.place.in_(wanted))
    rows = connection.execute(
        select(c.id, c.home, c.place, c.status)
        .where(visible(subject), here, c.status.not_in(GONE))
        .order_by(c.control_number, c.copy_number)
        .limit(SPINES_MAX)
    ).all()
    kinds = _kinds(connection, subject, wanted)
    among = frozenset(wanted)
    return [
        OnShelf(
            row.place if row.place in among else row.home, row.status, row.place in among, tuple(kinds.get(row.id, ()))
        )
        for row in rows
    ]


def _kinds(connection: Connection, subject: Subject, shelves: Collection[int]) -> Mapping[int, list[str]]:
    about = or_(CARRIER.c.home.in_(sorted(shelves)), CARRIER.c.place.in_(sorted(shelves)))
    query = (
        select(FINDING.c.carrier, FINDING.c.kind)
        .select_from(with_subjects(subject))
        .where(IS_OPEN, seen_by(subject), FINDING.c.carrier.is_not(None), about)
    )
    found: dict[int, list[str]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.carrier].append(row.kind)
    return found
