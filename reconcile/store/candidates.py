"""What the checks look at: the world around, and both stories of the carriers that `differing` selects."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    func,
    not_,
    or_,
    select,
)

from custody.store.schema import CARRIER, LINE, MATTER, PLACE, TAG, chunks
from custody.values import Instant
from reconcile.checks import BooksSay, CarrierCase, Cover, Listening, MatterSays, RadioSays, Spot, agrees, covers
from reconcile.checks.cases import BELIEVED
from reconcile.presence import Calibration, absence_needed
from reconcile.presence.calibration import DEFAULTS
from reconcile.store.calibrations import in_force
from reconcile.store.core import (
    ANTENNA,
    COVERAGE,
    CURSOR,
    FINDING,
    PRESENCE,
    READER,
    ROUND_SCAN,
    SIGHTING,
    TAG_READABILITY,
    Connection,
    not_undone,
    paths_agree,
)
from reconcile.store.presence import CURSOR_NAME

HEARD_PLACE = PLACE.alias("heard_place")
BOOKS_PLACE = PLACE.alias("books_place")
"""What `World.agree` speaks of."""


@dataclass(frozen=True, slots=True)
class World:
    """The places, and where the radio listens: small, read anew for every run."""

    spots: Mapping[int, Spot]
    covers: Mapping[int, Cover]
    heard_places: frozenset[int]
    """Places that have an antenna of their own."""
    outside: frozenset[int]
    """Places outside a portal."""
    left: tuple[tuple[int, str], ...] = ()
    """Outside place, and path of the inside, of every portal."""
    calibration: Calibration = DEFAULTS
    """What is known of the antennas' hearing: how long a silence must be to say something."""

    def agree(self) -> ColumnElement[bool]:
        """The SQL of `reconcile.checks.agrees`: the place heard and the books' place."""
        gone = [
            and_(HEARD_PLACE.c.id == outside, func.substr(BOOKS_PLACE.c.path, 1, len(path)) == path)
            for outside, path in self.left
        ]
        return and_(paths_agree(HEARD_PLACE.c.path, BOOKS_PLACE.c.path), *(~condition for condition in gone))


def world(connection: Connection) -> World:
    """Places and coverage as they stand."""
    rows = connection.execute(
        select(
            PLACE.c.id,
            PLACE.c.code,
            PLACE.c.kind,
            PLACE.c.path,
            PLACE.c.storage,
            PLACE.c.rating_rank,
            PLACE.c.parent,
            PLACE.c.inside,
            PLACE.c.outside,
        )
    ).all()
    paths = {r.id: r.path for r in rows}
    left = tuple(
        (r.outside, paths[r.inside]) for r in rows if r.kind == "portal" and r.outside is not None and r.inside in paths
    )
    behind: dict[int, list[str]] = defaultdict(list)
    for outside, path in left:
        behind[outside].append(path)
    spots = {
        r.id: Spot(r.id, r.code, r.kind, r.path, bool(r.storage), r.rating_rank, tuple(behind[r.id])) for r in rows
    }
    # A portal or a seat holds nothing: neither has to be heard for the room around it to be heard.
    parents = {r.id: r.parent for r in rows if r.kind not in ("portal", "seat")}
    unfolded = _unfolded(connection)
    listening = [
        Listening(r.reader, r.number, r.place, r.since_at, _known_through(r, unfolded))
        for r in connection.execute(latest_coverage().where(ANTENNA.c.role == "place", READER.c.enabled))
    ]
    return World(
        spots=spots,
        covers=covers(parents, listening),
        heard_places=frozenset(a.place for a in listening),
        outside=frozenset(r.outside for r in rows if r.kind == "portal" and r.outside is not None),
        left=left,
        calibration=in_force(connection),
    )


def _unfolded(connection: Connection) -> dict[tuple[str, int], Instant]:
    """Of each antenna the earliest reading that has arrived and is not folded into presence yet."""
    cursor = select(CURSOR.c.position).where(CURSOR.c.name == CURSOR_NAME)
    position = connection.execute(cursor).scalar_one_or_none() or 0
    rows = connection.execute(
        select(SIGHTING.c.reader, SIGHTING.c.antenna, func.min(SIGHTING.c.first_at).label("first_at"))
        .where(SIGHTING.c.id > position)
        .group_by(SIGHTING.c.reader, SIGHTING.c.antenna)
    )
    return {(row.reader, row.antenna): row.first_at for row in rows}


def _known_through(antenna: Any, unfolded: Mapping[tuple[str, int], Instant]) -> Instant | None:
    """Through when presence knows all that the antenna heard: in a late burst, coverage is ahead of the fold."""
    through: Instant | None = antenna.through_at
    first = unfolded.get((antenna.reader, antenna.number))
    return through if through is None or first is None else min(through, first)


def latest_coverage(of: Table = COVERAGE) -> Select[Any]:
    """Every configured antenna with its latest interval of coverage (nulls where it never listened).

    `of`: coverage, or the table that says when the connections of antennas with reference tags lived.
    """
    newer = of.alias("newer")
    latest = (
        select(func.max(newer.c.through_at))
        .where(newer.c.reader == ANTENNA.c.reader, newer.c.antenna == ANTENNA.c.number)
        .scalar_subquery()
    )
    on = and_(
        of.c.reader == ANTENNA.c.reader,
        of.c.antenna == ANTENNA.c.number,
        of.c.through_at == latest,
    )
    return (
        select(
            ANTENNA.c.reader,
            ANTENNA.c.number,
            ANTENNA.c.place,
            func.min(of.c.since_at).label("since_at"),
            of.c.through_at,
        )
        .select_from(ANTENNA.join(READER, READER.c.name == ANTENNA.c.reader).outerjoin(of, on))
        .group_by(ANTENNA.c.reader, ANTENNA.c.number, ANTENNA.c.place, of.c.through_at)
    )


_HF = or_(
    func.length(TAG.c.epc).in_((8, 14, 20)),
    and_(func.length(TAG.c.epc) == 16, TAG.c.epc >= "E0", TAG.c.epc < "E1"),
)
"""An HF label (see `custody.tag_numbers.medium`): it is read at a desk, never heard by the antennas of a room."""
ANSWERS: ColumnElement[bool] = and_(~TAG.c.retired, ~TAG.c.unreadable, not_(_HF))
"""A tag whose silence says something: on its carrier, found to answer, and of a kind that antennas hear."""

_WEAK = (
    select(TAG.c.carrier)
    .join(TAG_READABILITY, TAG_READABILITY.c.epc == TAG.c.epc)
    .where(ANSWERS, TAG_READABILITY.c.weak)
)
_CASE = (
    CARRIER.c.id,
    CARRIER.c.status,
    CARRIER.c.level,
    CARRIER.c.rank,
    CARRIER.c.unit,
    CARRIER.c.place,
    CARRIER.c.home,
    CARRIER.c.holder,
    CARRIER.c.due_at,
    CARRIER.c.since_at,
    CARRIER.c.archive_by,
    CARRIER.c.secret_until,
)


def carrier_cases(connection: Connection, ids: Iterable[int], around: World) -> dict[int, CarrierCase]:
    """Both stories of these carriers, whatever they say; carriers not in the register are left out."""
    cases: dict[int, CarrierCase] = {}
    for chunk in chunks(sorted(set(ids))):
        radios = radios_of(connection, chunk, around)
        answering = set(connection.scalars(select(TAG.c.carrier).where(TAG.c.carrier.in_(chunk), ANSWERS)))
        weak = set(connection.scalars(_WEAK.where(TAG.c.carrier.in_(chunk))))
        findings = _findings_about(connection, chunk)
        met = _met(connection, chunk)
        matters = matters_of(connection, chunk)
        for row in connection.execute(select(*_CASE).where(CARRIER.c.id.in_(chunk))):
            tags = radios.get(row.id)
            radio = _freshest(tags or ())
            open_kinds, settled = findings.get(row.id, (frozenset(), {}))
            place = radio.place if radio else None
            round_met, met_at = met.get(row.id, ("", None))
            books_place = around.spots.get(row.place) if row.place is not None else None
            cases[row.id] = CarrierCase(
                carrier=row.id,
                books=books_of(row, around),
                radio=radio,
                tagged=tags is not None,
                by_eye=tags is not None and row.id not in answering,
                books_cover=around.covers.get(row.place) if row.place is not None else None,
                radio_cover=around.covers.get(place.id) if place else None,
                radio_deaf=place is not None and place.id not in around.heard_places,
                heard_home_at=_last_at(tags or (), books_place),
                removal_open="unauthorised_removal" in open_kinds,
                radio_is_outside=place is not None and place.id in around.outside,
                absence_needed=0
                if row.place is None
                else absence_needed(
                    around.calibration, row.place, row.id in weak, books_place.kind if books_place else ""
                ),
                missing_open="missing" in open_kinds,
                met_in_round=round_met,
                met_at=met_at,
                matter=matters.get(row.id),
                settled_at=settled,
            )
    return cases


def books_of(row: Any, around: World) -> BooksSay:
    """The books' story from a row of the register."""
    return BooksSay(
        status=row.status,
        level=row.level,
        rank=row.rank,
        unit=row.unit,
        place=around.spots.get(row.place) if row.place is not None else None,
        home=row.home,
        holder=row.holder,
        due_at=row.due_at,
        since_at=row.since_at,
        archive_by=row.archive_by,
        secret_until=row.secret_until,
    )


def matters_of(connection: Connection, carriers: Collection[int]) -> dict[int, MatterSays]:
    """Per carrier the matter that it is in now, with its line there; of those that are in none nothing."""
    found: dict[int, MatterSays] = {}
    in_matter = and_(LINE.c.matter == MATTER.c.id, LINE.c.carrier == CARRIER.c.id)
    query = (
        select(CARRIER.c.id.label("carrier_id"), *MATTER_SAYS)
        .select_from(CARRIER.join(MATTER, MATTER.c.id == CARRIER.c.matter).outerjoin(LINE, in_matter))
        .where(MATTER.c.ended_at.is_(None))
    )
    for chunk in chunks(carriers):
        rows = connection.execute(query.where(CARRIER.c.id.in_(chunk)))
        found |= {row.carrier_id: matter_says_of(row) for row in rows}
    return found


MATTER_SAYS = (
    MATTER.c.id.label("matter_id"),
    MATTER.c.number,
    MATTER.c.kind.label("matter_kind"),
    MATTER.c.status.label("matter_status"),
    MATTER.c.due_at.label("ends_at"),
    LINE.c.state,
    LINE.c.person,
    LINE.c.label,
    LINE.c.due_at.label("line_due_at"),
    LINE.c.at,
)
"""Columns that `matter_says_of` reads."""


def matter_says_of(row: Any) -> MatterSays:
    """A matter with one line of it, from a row."""
    # A label that is the kind's own record (a proposal) is no seat and no bag: it stays where it is.
    label = row.label or ""
    return MatterSays(
        id=row.matter_id,
        number=row.number,
        kind=row.matter_kind,
        status=row.matter_status,
        line=row.state or "",
        person=row.person,
        label="" if label.startswith("{") else label,
        due_at=row.line_due_at if row.line_due_at is not None else row.ends_at,
        at=row.at or 0,
    )


def radios_of(connection: Connection, chunk: list[int], around: World) -> dict[int, list[RadioSays]]:
    """Presence of every live tag; a carrier with live tags that were never heard has an empty list."""
    joined = TAG.outerjoin(PRESENCE, PRESENCE.c.epc == TAG.c.epc)
    rows = connection.execute(
        select(
            TAG.c.carrier,
            TAG.c.epc,
            PRESENCE.c.place,
            PRESENCE.c.strength,
            PRESENCE.c.since_at,
            PRESENCE.c.heard_at,
            PRESENCE.c.here_at,
            PRESENCE.c.reader,
            PRESENCE.c.antenna,
            PRESENCE.c.strongest_dbm,
            PRESENCE.c.reads,
        )
        .select_from(joined)
        .where(TAG.c.carrier.in_(chunk), ~TAG.c.retired)
    )
    found: dict[int, list[RadioSays]] = {}
    for row in rows:
        tags = found.setdefault(row.carrier, [])
        if row.heard_at is not None:
            tags.append(
                RadioSays(
                    epc=row.epc,
                    place=around.spots.get(row.place) if row.place is not None else None,
                    strength=row.strength,
                    since_at=row.since_at,
                    heard_at=row.heard_at,
                    here_at=row.here_at,
                    reader=row.reader,
                    antenna=row.antenna,
                    strongest_dbm=row.strongest_dbm,
                    reads=row.reads,
                )
            )
    return found


def _freshest(tags: Collection[RadioSays]) -> RadioSays | None:
    """The tag whose story counts: one that is believed somewhere before one that is not, then the last heard."""
    return max(tags, key=lambda r: (r.strength in BELIEVED and r.place is not None, r.heard_at, r.epc), default=None)


def _last_at(tags: Collection[RadioSays], home: Spot | None) -> Instant | None:
    if home is None:
        return None
    heard = [r.here_at for r in tags if r.here_at is not None and r.place is not None and agrees(r.place, home)]
    return max(heard, default=None)


def _findings_about(connection: Connection, chunk: list[int]) -> dict[int, tuple[frozenset[str], dict[str, Instant]]]:
    """Per carrier: kinds of its open findings, and when a person last settled one, by kind."""
    rows = connection.execute(
        select(FINDING.c.carrier, FINDING.c.kind, FINDING.c.open, func.max(FINDING.c.closed_at).label("closed_at"))
        .where(FINDING.c.carrier.in_(chunk), or_(FINDING.c.open, FINDING.c.state == "settled"))
        .group_by(FINDING.c.carrier, FINDING.c.kind, FINDING.c.open)
    ).all()
    opened: dict[int, set[str]] = defaultdict(set)
    settled: dict[int, dict[str, Instant]] = defaultdict(dict)
    for row in rows:
        if row.open:
            opened[row.carrier].add(row.kind)
        else:
            settled[row.carrier][row.kind] = row.closed_at
    return {carrier: (frozenset(opened[carrier]), settled[carrier]) for carrier in {r.carrier for r in rows}}


def _met(connection: Connection, chunk: list[int]) -> dict[int, tuple[str, Instant]]:
    """Per carrier: the sweep in which it was last met by a person, and when; what was undone does not count."""
    rows = connection.execute(
        select(ROUND_SCAN.c.carrier, ROUND_SCAN.c.round, ROUND_SCAN.c.at)
        .where(ROUND_SCAN.c.carrier.in_(chunk), ROUND_SCAN.c.means.in_(("scan", "eye")), not_undone())
        .order_by(ROUND_SCAN.c.at, ROUND_SCAN.c.id)
    )
    return {row.carrier: (row.round, row.at) for row in rows}


def with_cross_reads(connection: Connection, case: CarrierCase) -> CarrierCase:
    """The case with the last reading at home also where the radio believes the tag elsewhere, or nowhere.

    Asked only for the few that may be missing: a glimpse at home speaks against "not heard there".
    """
    home = case.books.place
    if case.radio is None or home is None or case.radio.heard_at <= (case.heard_home_at or 0):
        return case
    spot = PLACE.alias("antenna_place")
    latest = connection.scalar(
        select(func.max(SIGHTING.c.last_at))
        .select_from(
            SIGHTING.join(TAG, TAG.c.epc == SIGHTING.c.epc)
            .join(
                ANTENNA,
                and_(ANTENNA.c.reader == SIGHTING.c.reader, ANTENNA.c.number == SIGHTING.c.antenna),
            )
            .join(spot, spot.c.id == ANTENNA.c.place)
            .join(BOOKS_PLACE, BOOKS_PLACE.c.id == home.id)
        )
        .where(
            TAG.c.carrier == case.carrier,
            ~TAG.c.retired,
            ANTENNA.c.role == "place",
            SIGHTING.c.last_at > (case.heard_home_at or 0),
            paths_agree(spot.c.path, BOOKS_PLACE.c.path),
        )
    )
    return case if latest is None else replace(case, heard_home_at=latest)
