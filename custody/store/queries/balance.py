"""The balance at any ledger position, as far as a subject may see it: counts by group, and the carriers behind each.

A subject's balance is of the carriers that he sees now, as far as they stood within his clearance then. Whoever sees
everything gets the balance of the whole register, and with it what the ledger's own entries say came in.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, null, or_, select, true

from custody.access import Permission, Subject, may
from custody.balance import Change, Figures
from custody.life_cycle import HELD, Status
from custody.scheme import Scheme
from custody.store import schema as t
from custody.store.marks import sums_at
from custody.store.queries.carriers import CarrierItem, carriers_by_id
from custody.store.queries.paging import Page, pack, rows_of_page, total
from custody.store.queries.visible import visible
from custody.values import Instant, Origin

By = Literal["unit", "level", "origin", "title"]
What = Literal["at", "held", "came", "joined", "left", "back", "gone"]
"""Carriers that stand there at the position; those still in hand; and what changed up to it, or since another."""

_STEPS = frozenset({"joined", "left", "back", "gone"})
"""What is told of a span and the one before it."""
_S, _P = t.STANDING, t.STANDING.alias("previous")
_PAIR = and_(_P.c.carrier == _S.c.carrier, _P.c.to_sequence == _S.c.from_sequence)
_MARKED: dict[By, int] = {"unit": 0, "level": 1, "origin": 2}
"""Groupings that the kept sums know, and where each stands in `custody.store.marks.Group`."""
_HELD = sorted(status.value for status in HELD)


class PositionUnknown(ValueError):
    """The ledger has not come so far. `size`: how far it has."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(f"the ledger ends at position {size:,}")


@dataclass(frozen=True, slots=True)
class Position:
    """A position of the ledger: the entry there, under which act, when it was entered. 0: before the first."""

    sequence: int
    size: int
    """Where the ledger ended when this was asked."""
    entered_at: Instant | None = None
    act: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """Who counts. `whole`: there is nothing that the subject does not see."""

    subject: Subject
    whole: bool


def view_of(subject: Subject, scheme: Scheme) -> View:
    """The view of a subject."""
    highest = max(level.rank for level in scheme.levels)
    everything = subject.reach is None and subject.clearance_rank >= highest
    return View(subject, everything and may(subject, Permission.SEE_CARRIERS))


def position_at(connection: Connection, sequence: int | None = None) -> Position:
    """A position; None: the present one. Raises PositionUnknown beyond the ledger, and below nought."""
    size: int = connection.execute(select(t.LEDGER_STATE.c.size)).scalar_one()
    if sequence is None:
        sequence = size
    if not 0 <= sequence <= size:
        raise PositionUnknown(size)
    e = t.ENTRY.c
    row = connection.execute(select(e.entered_at, e.act).where(e.sequence == sequence)).first()
    return Position(sequence, size) if row is None else Position(sequence, size, row.entered_at, row.act)


def position_by(connection: Connection, until: Instant) -> Position:
    """The last position that was entered by then."""
    latest = connection.execute(select(func.max(t.ACT.c.entered_at)).where(t.ACT.c.entered_at <= until)).scalar()
    acts = select(t.ACT.c.number).where(t.ACT.c.entered_at == latest)
    last = connection.execute(select(func.max(t.ENTRY.c.sequence)).where(t.ENTRY.c.act.in_(acts))).scalar()
    return position_at(connection, last or 0)


def _seen(view: View, query: Select[Any], span: Any = _S) -> Select[Any]:
    """Of the spans that are asked for, those of carriers that are seen."""
    if view.whole:
        return query
    return query.join(t.CARRIER, t.CARRIER.c.id == span.c.carrier).where(visible(view.subject))


def _within(view: View, span: Any = _S) -> ColumnElement[bool]:
    """Whether a span is within the subject's clearance."""
    return true() if view.whole else span.c.rank <= view.subject.clearance_rank


def _key(by: By, span: Any = _S) -> ColumnElement[Any]:
    columns: dict[By, ColumnElement[Any]] = {
        "unit": span.c.unit,
        "level": span.c.level,
        "origin": span.c.origin,
        "title": span.c.control_number,
    }
    return columns[by]


def _covers(at: int) -> ColumnElement[bool]:
    return and_(_S.c.from_sequence + 0 <= at, or_(_S.c.to_sequence.is_(None), _S.c.to_sequence > at))


def figures(connection: Connection, view: View, by: By, at: int, only: Collection[str] | None = None) -> Figures:
    """The counts by group at a position; `only`: of these groups (titles, by control number)."""
    if view.whole and only is None and by in _MARKED:
        return _kept_figures(connection, view, by, at)
    key = _key(by)
    # Nearly all of the table is counted: the sum keeps SQLite from looking every row of it up by an index.
    asked = [_S.c.from_sequence + 0 <= at, _within(view)]
    if only is not None:
        asked.append(key.in_(sorted(only)))
    stands = func.sum(case((_covers(at), 1), else_=0))
    came = func.sum(case((_S.c.was == "", 1), else_=0))
    query = select(key, _S.c.origin, _S.c.status, stands, came, func.max(_S.c.happened_at)).where(*asked)
    states: dict[tuple[Any, Status], int] = {}
    coming: dict[tuple[Any, Origin], int] = {}
    last: Instant | None = None
    for group, origin, status, standing, first, at_last in connection.execute(
        _seen(view, query).group_by(key, _S.c.origin, _S.c.status)
    ):
        where, source = (group, Status(status)), (group, origin)
        states[where] = states.get(where, 0) + int(standing)
        coming[source] = coming.get(source, 0) + int(first)
        last = at_last if last is None else max(last, at_last)
    told = sums_at(connection, at).told if view.whole and only is None else None
    return Figures(coming, states, _moves(connection, view, by, at, only), told, last)


def _kept_figures(connection: Connection, view: View, by: By, at: int) -> Figures:
    """Of everything, from the sums that are kept: the mark before, and what began and ended since."""
    sums = sums_at(connection, at)
    states: dict[tuple[Any, Status], int] = {}
    coming: dict[tuple[Any, Origin], int] = {}
    for group, standing in sums.stands.items():
        key, origin = group[_MARKED[by]], cast(Origin, group[2])
        where, source = (key, Status(group[3])), (key, origin)
        states[where] = states.get(where, 0) + standing
        coming[source] = coming.get(source, 0) + sums.came.get(group, 0)
    return Figures(coming, states, _moves(connection, view, by, at, None), sums.told, sums.last_event_at)


def _steps(view: View, *columns: Any) -> Select[Any]:
    """Spans with the one before each, where either is seen."""
    query = select(*columns).select_from(_S).join(_P, _PAIR).where(or_(_within(view), _within(view, _P)))
    return _seen(view, query)


def _moves(
    connection: Connection, view: View, by: By, at: int, only: Collection[str] | None
) -> dict[tuple[Any, Any], int]:
    source, target = _either(view, by)
    query = _steps(view, source.label("source"), target.label("target"), func.count().label("moved"))
    query = query.where(_S.c.moved, _S.c.from_sequence <= at)
    if only is not None:
        query = query.where(or_(_key(by).in_(sorted(only)), _key(by, _P).in_(sorted(only))))
    rows = connection.execute(query.group_by(source, target))
    return {(row.source, row.target): row.moved for row in rows if row.source != row.target}


def _either(view: View, by: By) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """The groups before and after a step; NULL where that was out of sight."""
    return tuple(  # type: ignore[return-value]
        case((_within(view, span), _key(by, span)), else_=null()) if not view.whole else _key(by, span)
        for span in (_P, _S)
    )


def changes(connection: Connection, view: View, by: By, since: int, at: int) -> list[Change]:
    """What went from one group and status to another after `since`, up to `at`."""
    between = [_S.c.from_sequence > since, _S.c.from_sequence <= at]
    stayed = select(_key(by), _S.c.was, _S.c.status, func.count()).where(*between, ~_S.c.moved, _within(view))
    found = [
        Change(group if was else None, Status(was) if was else None, group, Status(status), count)
        for group, was, status, count in connection.execute(
            _seen(view, stayed).group_by(_key(by), _S.c.was, _S.c.status)
        )
    ]
    source, target = _either(view, by)
    moved = _steps(view, source, _S.c.was, target, _S.c.status, func.count()).where(*between, _S.c.moved)
    for before, was, after, status, count in connection.execute(moved.group_by(source, _S.c.was, target, _S.c.status)):
        found.append(Change(before, Status(was), after, Status(status), count))
    return found


def kinds_of_change(connection: Connection, view: View, since: int, at: int) -> dict[str, int]:
    """How often each kind of fact changed where carriers stand, after `since`, up to `at`; the most often first."""
    kind = t.ENTRY.c.kind
    query = select(kind, func.count().label("times")).select_from(_S)
    query = query.join(t.ENTRY, t.ENTRY.c.sequence == _S.c.from_sequence)
    query = query.where(_S.c.from_sequence > since, _S.c.from_sequence <= at, _within(view))
    rows = connection.execute(_seen(view, query).group_by(kind)).all()
    return {row.kind: row.times for row in sorted(rows, key=lambda row: (-row.times, row.kind))}


def titles(
    connection: Connection,
    view: View,
    at: int,
    text: str = "",
    after: str | None = None,
    limit: int = 50,
    before: str | None = None,
) -> Page[str]:
    """Control numbers that the register had at a position, in order; `text`: that hold it. Raises KeyInvalid."""
    number = _S.c.control_number
    query = select(number).where(_S.c.from_sequence <= at, _within(view))
    if text:
        query = query.where(number.icontains(t.storable(text), autoescape=True))
    query = _seen(view, query).distinct()
    rows, earlier, later = rows_of_page(connection, query, [number], [str], after, before, limit)
    found, capped = total(connection, query)
    return Page(
        tuple(row.control_number for row in rows),
        pack([rows[-1].control_number]) if rows and later else None,
        pack([rows[0].control_number]) if rows and earlier else None,
        found,
        capped,
    )


def first_copies(connection: Connection, subject: Subject, numbers: Collection[str]) -> dict[str, CarrierItem]:
    """Of each of these control numbers the carrier of the lowest identifier that the subject sees."""
    c = t.CARRIER.c
    query = select(func.min(c.id)).where(visible(subject), c.control_number.in_(sorted(numbers)))
    ids = connection.execute(query.group_by(c.control_number)).scalars().all()
    return {item.control_number: item for item in carriers_by_id(connection, subject, ids).values()}


@dataclass(frozen=True, slots=True)
class StandingFilter:
    """Which carriers behind a figure; what is None is not asked. `since`: only what changed after that position."""

    at: int
    since: int | None = None
    what: What = "at"
    status: Status | None = None
    origin: Origin | None = None
    units: frozenset[int] | None = None
    level: str | None = None
    control_number: str | None = None
    kind: str | None = None
    """Kind of the fact that changed it."""


@dataclass(frozen=True, slots=True)
class StandingItem:
    """A carrier, and how it stood at the position that was asked for."""

    carrier: CarrierItem
    status: Status
    was: Status | None
    level: str
    unit: int
    since_at: Instant


def standing_carriers(
    connection: Connection,
    view: View,
    asked: StandingFilter,
    after: str | None = None,
    limit: int = 50,
    before: str | None = None,
) -> Page[StandingItem]:
    """The carriers behind a figure, by control and copy number. Raises KeyInvalid."""
    c = t.CARRIER.c
    columns = (_S.c.carrier, _S.c.control_number, c.copy_number, _S.c.from_sequence)
    shown = (*columns, _S.c.status, _S.c.was, _S.c.level, _S.c.unit, _S.c.happened_at)
    query = select(*shown).select_from(_S).join(t.CARRIER, c.id == _S.c.carrier)
    if asked.what in _STEPS:
        query = query.join(_P, _PAIR)
    query = query.where(visible(view.subject), *_behind(view, asked))
    if asked.kind is not None:
        query = query.join(t.ENTRY, t.ENTRY.c.sequence == _S.c.from_sequence)
        query = query.where(t.ENTRY.c.kind == t.storable(asked.kind))
    keys = [_S.c.control_number, c.copy_number, _S.c.carrier, _S.c.from_sequence]
    rows, earlier, later = rows_of_page(connection, query, keys, [str, int, int, int], after, before, limit)
    found, capped = total(connection, query)
    items = carriers_by_id(connection, view.subject, [row.carrier for row in rows])
    packed = [pack([row.control_number, row.copy_number, row.carrier, row.from_sequence]) for row in rows]
    return Page(
        tuple(_item(row, items[row.carrier]) for row in rows if row.carrier in items),
        packed[-1] if rows and later else None,
        packed[0] if rows and earlier else None,
        found,
        capped,
    )


def _item(row: Any, carrier: CarrierItem) -> StandingItem:
    was = Status(row.was) if row.was else None
    return StandingItem(carrier, Status(row.status), was, row.level, row.unit, row.happened_at)


def _behind(view: View, asked: StandingFilter) -> Sequence[ColumnElement[bool]]:
    """The spans behind a figure: those that stand at the position, or the steps that changed a group."""
    here, there = _in_group(view, asked, _S), _in_group(view, asked, _P)
    held, was_held, came = _S.c.status.in_(_HELD), _S.c.was.in_(_HELD), _S.c.was == ""
    # Since another position only what is in hand is counted; else whatever stands anywhere.
    now, then = (held, was_held) if asked.since is not None else (true(), true())
    behind: dict[What, list[ColumnElement[bool]]] = {
        "at": [here, _covers(asked.at) if asked.kind is None else true()],
        "held": [here, held, _covers(asked.at)],
        "came": [here, came],
        "joined": [_S.c.moved, here, now, ~there],
        "left": [_S.c.moved, there, then, ~here],
        "back": [here, held, there, ~was_held],
        "gone": [here, ~held, there, was_held],
    }
    # Of nearly all the list's own order leads, not the ledger's.
    begun = _S.c.from_sequence + 0 if asked.since is None else _S.c.from_sequence
    found = [begun <= asked.at, *behind[asked.what]]
    if asked.since is not None:
        found.append(_S.c.from_sequence > asked.since)
    if asked.status is not None:
        found.append(_S.c.status == asked.status.value)
    return found


def _in_group(view: View, asked: StandingFilter, span: Any) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = [_within(view, span)]
    if asked.units is not None:
        found.append(span.c.unit.in_(sorted(filter(t.is_int64, asked.units))))
    texts = {"level": asked.level, "origin": asked.origin, "control_number": asked.control_number}
    found += [span.c[name] == t.storable(value) for name, value in texts.items() if value is not None]
    return and_(*found)
