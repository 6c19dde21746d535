"""Portals: their beams, whether they watch, what lies at them, what their guards have told."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import String, and_, cast, delete, exists, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from custody.store.digests import attest
from custody.store.schema import CARRIER, PLACE, TAG, chunks
from custody.values import Instant
from readers.portal import BEAM_STUCK_US, Beam, Side, beam_passes
from reconcile.checks.portals import PARKED_AFTER, PARKED_QUIET, LyingCase, PortalCase
from reconcile.presence import Lying
from reconcile.store.core import (
    ANTENNA,
    COVERAGE,
    DOOR_ALARM,
    FINDING,
    LYING,
    PORTAL,
    READER,
    READER_INPUT,
    STAY,
    TRIAL_TAG,
    Connection,
)

BEAM_BACK_US = 75 * 1_000_000
"""A crossing goes on for a minute at most: so far back its beam is looked for."""
_SIDES: tuple[Side, ...] = ("inside", "outside")


class PortalInvalid(ValueError):
    """A portal cannot be configured so; the message says what to change."""


@dataclass(frozen=True, slots=True)
class BeamSetting:
    """The beam of a portal: its reader, its inputs, and whether an active input says broken."""

    reader: str
    inside: int
    outside: int
    broken: bool = True

    def side_of(self, port: int) -> Side | None:
        """Which barrier an input is."""
        return {self.inside: _SIDES[0], self.outside: _SIDES[1]}.get(port)


def beam_settings(connection: Connection) -> dict[int, BeamSetting]:
    """The beams, by portal."""
    return {
        row.place: BeamSetting(row.beam_reader, row.beam_inside, row.beam_outside, bool(row.beam_broken))
        for row in connection.execute(select(PORTAL))
    }


def set_beam(connection: Connection, place: int, beam: BeamSetting | None) -> None:
    """Say which inputs are the beam of a portal; None: it has none. Raises PortalInvalid."""
    kind = connection.scalar(select(PLACE.c.kind).where(PLACE.c.id == place))
    if kind != "portal":
        raise PortalInvalid(f"place {place} is no portal")
    connection.execute(delete(PORTAL).where(PORTAL.c.place == place))
    if beam is not None:
        if connection.scalar(select(READER.c.name).where(READER.c.name == beam.reader)) is None:
            raise PortalInvalid(f"there is no reader {beam.reader!r}")
        if beam.inside == beam.outside or not all(1 <= port <= 65_535 for port in (beam.inside, beam.outside)):
            raise PortalInvalid("a beam has two barriers, each at an input of its own, numbered from 1")
        row = {"place": place, "beam_reader": beam.reader, "beam_inside": beam.inside}
        connection.execute(PORTAL.insert().values(row | {"beam_outside": beam.outside, "beam_broken": beam.broken}))
    attest(connection, "portal", [(place,)])


def beams(connection: Connection, since: Instant, until: Instant) -> dict[int, Beam]:
    """What the beams told around this time, by portal; of a portal without one nothing."""
    settings = beam_settings(connection)
    if not settings:
        return {}
    offsets = {
        row.name: row.clock_offset_us for row in connection.execute(select(READER.c.name, READER.c.clock_offset_us))
    }
    ears = _readers_of(connection)
    found: dict[int, Beam] = {}
    for portal, setting in settings.items():
        changes = _changes(connection, setting, since - BEAM_BACK_US, until + BEAM_STUCK_US)
        others = ears.get(portal, frozenset()) - {setting.reader}
        apart = [
            (offsets.get(setting.reader) or 0) - (offsets[name] or 0)
            for name in others
            if offsets.get(name) is not None
        ]
        found[portal] = Beam(
            beam_passes(changes),
            _lived(connection, setting.reader, since, until) and _stuck_since(connection, setting, until) is None,
            max(apart, key=abs, default=None),
        )
    return found


def _changes(
    connection: Connection, setting: BeamSetting, since: Instant, until: Instant
) -> list[tuple[Instant, Side, bool]]:
    rows = connection.execute(
        select(READER_INPUT.c.at, READER_INPUT.c.port, READER_INPUT.c.active).where(
            READER_INPUT.c.reader == setting.reader,
            READER_INPUT.c.port.in_((setting.inside, setting.outside)),
            READER_INPUT.c.at.between(since, until),
        )
    )
    found = [(row.at, setting.side_of(row.port), bool(row.active) == setting.broken) for row in rows]
    return [(at, side, broken) for at, side, broken in found if side is not None]


def _lived(connection: Connection, reader: str, since: Instant, until: Instant) -> bool:
    """Whether the reader was listening around this time; coverage is told every few seconds."""
    near = (COVERAGE.c.through_at >= since - BEAM_STUCK_US, COVERAGE.c.since_at <= until)
    return connection.scalar(select(exists().where(COVERAGE.c.reader == reader, *near))) or False


def _stuck_since(connection: Connection, setting: BeamSetting, until: Instant) -> Instant | None:
    """Since when a barrier has been broken without a break, where that is for longer than anybody stands in it."""
    found: list[Instant] = []
    for port in (setting.inside, setting.outside):
        last = connection.execute(
            select(READER_INPUT.c.at, READER_INPUT.c.active)
            .where(READER_INPUT.c.reader == setting.reader, READER_INPUT.c.port == port, READER_INPUT.c.at <= until)
            .order_by(READER_INPUT.c.at.desc(), READER_INPUT.c.id.desc())
            .limit(1)
        ).first()
        if last is not None and bool(last.active) == setting.broken and until - last.at > BEAM_STUCK_US:
            found.append(last.at)
    return min(found, default=None)


def _readers_of(connection: Connection) -> dict[int, frozenset[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for row in connection.execute(select(ANTENNA.c.place, ANTENNA.c.reader).where(ANTENNA.c.role != "place")):
        found[row.place].add(row.reader)
    return {place: frozenset(readers) for place, readers in found.items()}


# Whether they watch


def portal_cases(connection: Connection, settled: Mapping[str, Instant], now: Instant) -> dict[int, PortalCase]:
    """Every portal that readers in use listen at."""
    settings = beam_settings(connection)
    through = (
        select(func.max(COVERAGE.c.through_at))
        .where(COVERAGE.c.reader == ANTENNA.c.reader, COVERAGE.c.antenna == ANTENNA.c.number)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(
            ANTENNA.c.place,
            ANTENNA.c.role,
            ANTENNA.c.reader,
            PLACE.c.code,
            READER.c.enabled_at,
            through.label("through_at"),
        )
        .select_from(ANTENNA.join(READER, READER.c.name == ANTENNA.c.reader).join(PLACE, PLACE.c.id == ANTENNA.c.place))
        .where(READER.c.enabled, PLACE.c.kind == "portal", ANTENNA.c.role != "place")
        .order_by(ANTENNA.c.reader, ANTENNA.c.number)
    ).all()
    alive = {row.name: row.through_at for row in connection.execute(select(READER.c.name, READER.c.through_at))}
    at: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        at[row.place].append(row)
    found: dict[int, PortalCase] = {}
    for place, here in at.items():
        beam = settings.get(place)
        sides: dict[str, Instant | None] = {
            side: max((row.through_at or 0 for row in here if row.role == side), default=0) or None
            for side in _SIDES
            if any(row.role == side for row in here)
        }
        found[place] = PortalCase(
            place=place,
            code=here[0].code,
            readers=tuple(dict.fromkeys(row.reader for row in here)),
            sides=sides,
            expected_since=max(row.enabled_at or 0 for row in here),
            beam=beam is not None,
            beam_reader=beam.reader if beam else "",
            beam_through=alive.get(beam.reader) if beam else None,
            beam_stuck=_stuck_since(connection, beam, now) if beam else None,
            settled_at=settled.get(f"portal:{place}"),
        )
    return found


# What lies at them


def keep_lying(connection: Connection, seen: Mapping[str, Iterable[Lying]]) -> None:
    """Write what the fold found lying, by EPC: a stay goes on in one row."""
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert
    for epc, lies in seen.items():
        for one in lies:
            row = {
                "epc": epc,
                "portal": one.portal,
                "since_at": one.since_at,
                "until_at": one.until_at,
                "sides": " ".join(one.sides),
                "reader": one.reader,
                "antenna": one.antenna,
                "strongest_dbm": one.strongest_dbm,
            }
            fresh = {name: row[name] for name in ("until_at", "sides", "reader", "antenna", "strongest_dbm")}
            keys = ["epc", "portal", "since_at"]
            connection.execute(insert(LYING).values(row).on_conflict_do_update(index_elements=keys, set_=fresh))


def lying_cases(
    connection: Connection, now: Instant, block: str, abouts: Collection[str] | None = None
) -> list[LyingCase]:
    """Tags of ours that lie at portals now; or those of these findings, whatever became of them."""
    told = exists().where(FINDING.c.kind == "parked_at_portal", FINDING.c.about == _about())
    through = (
        select(func.max(COVERAGE.c.through_at))
        .select_from(
            COVERAGE.join(ANTENNA, and_(ANTENNA.c.reader == COVERAGE.c.reader, ANTENNA.c.number == COVERAGE.c.antenna))
        )
        .where(ANTENNA.c.place == LYING.c.portal)
        .scalar_subquery()
    )
    query = select(
        LYING,
        PLACE.c.code,
        told.label("told"),
        through.label("through_at"),
        CARRIER.c.id.label("carrier"),
        CARRIER.c.status,
        CARRIER.c.holder,
        CARRIER.c.unit,
        CARRIER.c.rank,
    ).select_from(
        LYING.join(PLACE, PLACE.c.id == LYING.c.portal)
        .outerjoin(TAG, and_(TAG.c.epc == LYING.c.epc, ~TAG.c.retired))
        .outerjoin(CARRIER, CARRIER.c.id == TAG.c.carrier)
    )
    if abouts is None:
        numbered = and_(LYING.c.epc >= block, LYING.c.epc < f"{block}G")
        ours = or_(CARRIER.c.id.is_not(None), and_(numbered, ~exists().where(TRIAL_TAG.c.epc == LYING.c.epc)))
        long = LYING.c.until_at - LYING.c.since_at >= PARKED_AFTER
        query = query.where(ours, long, LYING.c.until_at >= now - PARKED_QUIET)
        return [_lying(row) for row in connection.execute(query)]
    found: list[LyingCase] = []
    for chunk in chunks(sorted(abouts)):
        found += [_lying(row) for row in connection.execute(query.where(_about().in_(chunk)))]
    return found


def _about() -> Any:
    portal, since = cast(LYING.c.portal, String), cast(LYING.c.since_at, String)
    return literal("lying:") + portal + ":" + LYING.c.epc + "@" + since


def _lying(row: Any) -> LyingCase:
    return LyingCase(
        epc=row.epc,
        portal=row.portal,
        code=row.code,
        since_at=row.since_at,
        until_at=row.until_at,
        sides=row.sides,
        reader=row.reader,
        antenna=row.antenna,
        strongest_dbm=row.strongest_dbm,
        through_at=row.through_at,
        told=bool(row.told),
        carrier=row.carrier,
        person=row.holder,
        unit=row.unit,
        rank=row.rank or 0,
        books={} if row.carrier is None else {"status": row.status, "holder": row.holder},
    )


# What the guards have told


def new_alarms(connection: Connection, *, lock: bool = False) -> list[Any]:
    """Alarms of guards that nothing was made of yet, in order of time; locked, another server leaves them alone."""
    query = select(DOOR_ALARM).where(DOOR_ALARM.c.outcome == "").order_by(DOOR_ALARM.c.at, DOOR_ALARM.c.id)
    return list(connection.execute(query.with_for_update(skip_locked=True) if lock else query))


def alarms_waiting(connection: Connection) -> bool:
    """Whether there are any."""
    return connection.scalar(select(exists().where(DOOR_ALARM.c.outcome == ""))) or False


def alarm_judged(connection: Connection, alarm: int, outcome: str, finding: str | None = None) -> None:
    """Say what was made of an alarm."""
    connection.execute(update(DOOR_ALARM).where(DOOR_ALARM.c.id == alarm).values(outcome=outcome, finding=finding))


def portal_of(connection: Connection, reader: str, name: str) -> int | None:
    """The portal that a guard means: the place of that code, else the one at which its reader listens."""
    place = connection.scalar(select(PLACE.c.id).where(PLACE.c.code == name, PLACE.c.kind == "portal"))
    if place is not None:
        return int(place)
    rows = connection.scalars(
        select(ANTENNA.c.place).where(ANTENNA.c.reader == reader, ANTENNA.c.role != "place").distinct()
    ).all()
    return int(rows[0]) if len(rows) == 1 else None


def kept_for_trials(connection: Connection, epc: str) -> bool:
    """Whether a tag that no carrier bears is, or was, one of the trials."""
    return connection.scalar(select(TRIAL_TAG.c.epc).where(TRIAL_TAG.c.epc == epc)) is not None


def carrier_of(connection: Connection, epc: str) -> Any | None:
    """The tag's row: its carrier, and whether it is retired; None where nobody ever bore it."""
    return connection.execute(select(TAG.c.carrier, TAG.c.retired).where(TAG.c.epc == epc)).first()


def findings_around(
    connection: Connection, kinds: Iterable[str], carrier: int, since: Instant, until: Instant, ending: str = ""
) -> dict[str, str]:
    """Kind and number of the findings about passages of this carrier around this time, whatever became of them.

    `ending`: only those whose subject ends so.
    """
    rows = connection.execute(
        select(FINDING.c.kind, FINDING.c.number)
        .where(
            FINDING.c.carrier == carrier,
            FINDING.c.kind.in_(sorted(kinds)),
            FINDING.c.happened_at.between(since, until),
            FINDING.c.about.like(f"%{ending}"),
        )
        .order_by(FINDING.c.number.desc())
    )
    return {row.kind: row.number for row in rows}


# For the page


def heard_at(connection: Connection, place: int, limit: int) -> list[Any]:
    """The portal's last passages, the newest first, of tags that may be seen."""
    query = select(STAY, TAG.c.carrier).select_from(STAY.outerjoin(TAG, TAG.c.epc == STAY.c.epc))
    query = query.where(STAY.c.place == place, STAY.c.direction != "")
    return list(connection.execute(query.order_by(STAY.c.until_at.desc(), STAY.c.id.desc()).limit(limit)))


def alarms_at(connection: Connection, names: Collection[str], readers: Collection[str], limit: int) -> list[Any]:
    """What guards told of a portal (by its name, or of its readers), the newest first, of tags that may be seen."""
    query = select(DOOR_ALARM, TAG.c.carrier).select_from(DOOR_ALARM.outerjoin(TAG, TAG.c.epc == DOOR_ALARM.c.epc))
    mine = or_(DOOR_ALARM.c.portal.in_(sorted(names)), DOOR_ALARM.c.reader.in_(sorted(readers)))
    return list(connection.execute(query.where(mine).order_by(DOOR_ALARM.c.id.desc()).limit(limit)))


def lying_at(connection: Connection, place: int, limit: int) -> list[Any]:
    """What lay at a portal, the latest first, of tags that may be seen."""
    query = select(LYING, TAG.c.carrier).select_from(LYING.outerjoin(TAG, TAG.c.epc == LYING.c.epc))
    query = query.where(LYING.c.portal == place, LYING.c.until_at - LYING.c.since_at >= PARKED_AFTER)
    return list(connection.execute(query.order_by(LYING.c.until_at.desc()).limit(limit)))


def beam_changes(connection: Connection, setting: BeamSetting, limit: int) -> list[Any]:
    """The last changes of a beam, the newest first."""
    query = select(READER_INPUT).where(
        READER_INPUT.c.reader == setting.reader, READER_INPUT.c.port.in_((setting.inside, setting.outside))
    )
    return list(connection.execute(query.order_by(READER_INPUT.c.at.desc(), READER_INPUT.c.id.desc()).limit(limit)))
