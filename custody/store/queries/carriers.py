"""Carriers as pages and lists show them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, false, func, or_, select, union

from custody.access import Permission, Subject, may
from custody.life_cycle import Status
from custody.register import CarrierState
from custody.rules import NotFound
from custody.store import schema as t
from custody.store.carrier_counts import NOWHERE, in_common
from custody.store.projection import load_states, scopes_of, tags_of
from custody.store.queries.paging import COUNTED_MAX, Page, pack, rows_after_one, rows_of_page, total
from custody.store.queries.search import leading_piece, text_condition
from custody.store.queries.visible import visible
from custody.values import CarrierKind, Instant, Origin, Period, Tag


@dataclass(frozen=True, slots=True)
class CarrierFilter:
    """Which carriers to list; what is None is not asked. `place` means it and everything in it, as home or now."""

    text: str | None = None
    level: str | None = None
    status: Status | None = None
    kind: CarrierKind | None = None
    unit: int | None = None
    place: int | None = None
    holder: int | None = None
    overdue_before: Instant | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class CarrierItem:
    """Everything that a page shows of a carrier. Codes and names stand beside the identifiers they belong to.

    `period` and `level` are what the mark `密级★期限` is written from.
    """

    id: int
    control_number: str
    copy_number: int
    copies: int
    title: str
    kind: CarrierKind
    medium: str
    level: str
    rank: int
    period: Period
    classified_on: str
    basis: str
    determined_by: str
    pages: int | None
    issuer: str
    issuer_number: str
    remark: str
    origin: Origin
    status: Status
    unit: int
    unit_code: str
    unit_name: str
    unit_name_en: str
    home: int | None
    home_code: str | None
    home_name: str | None
    place: int | None
    place_code: str | None
    place_name: str | None
    holder: int | None
    holder_number: str | None
    holder_name: str | None
    holder_name_en: str | None
    due_at: Instant | None
    since_at: Instant
    last_sequence: int
    matter: int | None
    """The binding matter it is or was last in."""
    archive_by: str
    """ISO date by which it is to be archived; empty: not to be."""
    intermediate: str
    """What it is on the way to the finished carrier: draft, proof, negative, scrap; empty: finished."""
    secret_until: str
    """ISO date on which the period ends; empty where that is no known day."""
    scope: tuple[str, ...]
    tags: tuple[Tag, ...]
    retired_epcs: tuple[str, ...]
    unreadable: tuple[str, ...]
    """Those of its tags that do not answer."""


_HOME, _PLACE = t.PLACE.alias("home_place"), t.PLACE.alias("now_place")
_SHOWN: Select[Any] = (
    select(
        t.CARRIER,
        t.UNIT.c.code.label("unit_code"),
        t.UNIT.c.name.label("unit_name"),
        t.UNIT.c.name_en.label("unit_name_en"),
        _HOME.c.code.label("home_code"),
        _HOME.c.name.label("home_name"),
        _PLACE.c.code.label("place_code"),
        _PLACE.c.name.label("place_name"),
        t.PERSON.c.number.label("holder_number"),
        t.PERSON.c.name.label("holder_name"),
        t.PERSON.c.name_en.label("holder_name_en"),
    )
    .select_from(t.CARRIER)
    .outerjoin(t.UNIT, t.UNIT.c.id == t.CARRIER.c.unit)
    .outerjoin(_HOME, _HOME.c.id == t.CARRIER.c.home)
    .outerjoin(_PLACE, _PLACE.c.id == t.CARRIER.c.place)
    .outerjoin(t.PERSON, t.PERSON.c.id == t.CARRIER.c.holder)
)
_COMPUTED = {"period", "status", "scope", "tags", "retired_epcs", "unreadable"}
_PLAIN = [name for name in CarrierItem.__slots__ if name not in _COMPUTED]
_NUMBER = (t.CARRIER.c.control_number, t.CARRIER.c.copy_number)
_DUE = (t.CARRIER.c.due_at, t.CARRIER.c.id)
_NEVER = 2**62
"""Stands for a day that there is none of: after all others."""
ORDERS: Mapping[str, tuple[tuple[ColumnElement[Any], ...], tuple[type, ...]]] = {
    "number": (_NUMBER, (str, int)),
    "mark": ((t.CARRIER.c.rank, t.CARRIER.c.id), (int, int)),
    "due": ((func.coalesce(t.CARRIER.c.due_at, _NEVER), t.CARRIER.c.id), (int, int)),
    "since": ((t.CARRIER.c.since_at, t.CARRIER.c.id), (int, int)),
    "where": (
        (func.coalesce(t.PERSON.c.name_sort, ""), func.coalesce(_PLACE.c.code, ""), t.CARRIER.c.id),
        (str, str, int),
    ),
    "home": ((func.coalesce(_HOME.c.code, ""), t.CARRIER.c.id), (str, int)),
    "unit": ((t.UNIT.c.code, t.CARRIER.c.id), (str, int)),
}
"""Column of a list -> the keys by which it is ordered, and of which kind they are. Persons by their names' pinyin.

Only `number` is kept in an index: any other order is of a list that is counted whole (see `paging.COUNTED_MAX`).
"""


def _items(connection: Connection, rows: Sequence[Any]) -> tuple[CarrierItem, ...]:
    ids = [row.id for row in rows]
    scopes = scopes_of(connection, ids)
    tags, retired, unreadable = tags_of(connection, ids)
    return tuple(
        CarrierItem(
            **{name: getattr(row, name) for name in _PLAIN},
            period=Period(row.period_kind, row.period_value, row.period_authority),
            status=Status(row.status),
            scope=tuple(scopes.get(row.id, ())),
            tags=tuple(tags.get(row.id, ())),
            retired_epcs=tuple(retired.get(row.id, ())),
            unreadable=tuple(unreadable.get(row.id, ())),
        )
        for row in rows
    )


def under(place: int) -> Select[tuple[int]]:
    """Identifiers of a place and everything in it."""
    return select(t.PLACE.c.id).where(t.PLACE.c.path.contains(f"/{place}/", autoescape=True))


def _conditions(connection: Connection, asked: CarrierFilter) -> list[ColumnElement[bool]]:
    """What is asked, as conditions. A place that holds much leads no list: then the list's own order does."""
    c = t.CARRIER.c
    plain = {
        "level": asked.level,
        "status": asked.status.value if asked.status else None,
        "kind": asked.kind,
        "unit": asked.unit,
        "holder": asked.holder,
        "origin": asked.origin,
    }
    found: list[ColumnElement[bool]] = [_equals(c[name], value) for name, value in plain.items() if value is not None]
    if asked.place is not None:
        # A place that cannot be has nothing under it: its number is only text here.
        either = or_(c.home.in_(under(asked.place)), c.place.in_(under(asked.place)))
        if total(connection, select(c.id).where(either))[1]:
            either = or_((c.home + 0).in_(under(asked.place)), (c.place + 0).in_(under(asked.place)))
        found.append(either)
    if asked.overdue_before is not None:
        # The days lead, not the state: many are lent, and few of them overdue.
        found.append(and_(c.status + "" == Status.ON_LOAN.value, c.due_at < asked.overdue_before))
    if asked.text is not None and (text := text_condition(connection, asked.text)) is not None:
        found.append(text)
    return found


def _equals(column: ColumnElement[Any], value: str | int) -> ColumnElement[bool]:
    if isinstance(value, int):
        return column == value if t.is_int64(value) else false()
    return column == t.storable(value)


def carriers(
    connection: Connection,
    subject: Subject,
    asked: CarrierFilter = CarrierFilter(),
    after: str | None = None,
    limit: int = 50,
    before: str | None = None,
    order: str = "number",
    falling: bool = False,
) -> Page[CarrierItem]:
    """The carriers that are asked for, by number and copy, or in another of the ORDERS.

    Of more than are counted there is no other order than by number: they are given so. Raises KeyInvalid for a
    damaged `after` or `before`.
    """
    conditions = [visible(subject), *_conditions(connection, asked)]
    count = total(connection, _counted(connection, conditions, asked))
    if order == "number":
        return _page(connection, conditions, _NUMBER, (str, int), after, before, limit, falling, count)
    return _ordered(connection, conditions, order, falling, after, before, limit, count)


def _counted(connection: Connection, conditions: Sequence[ColumnElement[bool]], asked: CarrierFilter) -> Select[Any]:
    """What is counted of a list: from the piece that leads to it, where there is one."""
    leader = None if asked.text is None else leading_piece(connection, asked.text)
    query = select(t.CARRIER.c.id).where(*conditions)
    if leader is None:
        return query
    lead = t.GRAM.alias("lead")
    return query.join(lead, lead.c.carrier == t.CARRIER.c.id).where(lead.c.gram == leader)


def _ordered(
    connection: Connection,
    conditions: Sequence[ColumnElement[bool]],
    order: str,
    falling: bool,
    after: str | None,
    before: str | None,
    limit: int,
    found: tuple[int, bool],
) -> Page[CarrierItem]:
    """A page in an order whose keys may be names: its own key is the identifier of its last carrier, and no name.

    The first of the conditions is which carriers are seen at all.
    """
    count, capped = found
    if capped:
        return _page(connection, conditions, _NUMBER, (str, int), None, None, limit, found=found)
    among, c = _SHOWN.where(conditions[0]), t.CARRIER.c
    rows, earlier, later = rows_after_one(
        connection, _SHOWN.where(*conditions), among, c.id, *ORDERS[order], after, before, limit, falling=falling
    )
    return Page(
        items=_items(connection, rows),
        after=pack([rows[-1].id]) if rows and later else None,
        before=pack([rows[0].id]) if rows and earlier else None,
        total=count,
    )


def carriers_meant(connection: Connection, subject: Subject, text: str, limit: int) -> tuple[CarrierItem, ...]:
    """The first carriers that a text means, by number: not counted, as while somebody types."""
    condition = text_condition(connection, text)
    if condition is None:
        return ()
    query = _SHOWN.where(visible(subject), condition)
    return _items(connection, connection.execute(query.order_by(*_NUMBER).limit(limit)).all())


def carriers_numbered(
    connection: Connection, subject: Subject, numbers: Sequence[str], limit: int
) -> tuple[CarrierItem, ...]:
    """The carriers, each copy, that bear one of these control numbers."""
    named = t.CARRIER.c.control_number.in_([t.storable(number) for number in numbers])
    rows = connection.execute(_SHOWN.where(visible(subject), named).order_by(*_NUMBER).limit(limit)).all()
    return _items(connection, rows)


def carriers_of_tags(
    connection: Connection, subject: Subject, numbers: Sequence[str], limit: int
) -> tuple[CarrierItem, ...]:
    """The carriers that bear or bore tags of these EPCs, or whose chips say these TIDs (hexadecimal capitals)."""
    wanted = [t.storable(number).upper() for number in numbers]
    bound = select(t.TAG.c.carrier).where(or_(t.TAG.c.epc.in_(wanted), t.TAG.c.tid.in_(wanted)))
    query = _SHOWN.where(visible(subject), t.CARRIER.c.id.in_(bound))
    return _items(connection, connection.execute(query.order_by(*_NUMBER).limit(limit)).all())


def loans(
    connection: Connection,
    subject: Subject,
    now: Instant,
    overdue_only: bool = False,
    after: str | None = None,
    limit: int = 50,
    before: str | None = None,
) -> Page[CarrierItem]:
    """Carriers on loan, the longest overdue first. Raises KeyInvalid."""
    c = t.CARRIER.c
    conditions = [visible(subject), c.status == Status.ON_LOAN.value, c.due_at.is_not(None)]
    if overdue_only:
        conditions.append(c.due_at < now)
    return _page(connection, conditions, _DUE, (int, int), after, before, limit)


def carried_out(
    connection: Connection, subject: Subject, after: str | None = None, limit: int = 50, before: str | None = None
) -> Page[CarrierItem]:
    """Carriers that are out under a permit, the first to be back first. Raises KeyInvalid."""
    c = t.CARRIER.c
    conditions = [visible(subject), c.status == Status.CARRIED_OUT.value, c.due_at.is_not(None)]
    return _page(connection, conditions, _DUE, (int, int), after, before, limit)


def _page(
    connection: Connection,
    conditions: Sequence[ColumnElement[bool]],
    keys: Sequence[ColumnElement[Any]],
    kinds: Sequence[type],
    after: str | None,
    before: str | None,
    limit: int,
    falling: bool = False,
    found: tuple[int, bool] | None = None,
) -> Page[CarrierItem]:
    rows, earlier, later = rows_of_page(
        connection, _SHOWN.where(*conditions), keys, kinds, after, before, limit, falling=falling
    )
    count, capped = found or total(connection, select(t.CARRIER.c.id).where(*conditions))
    names = [str(key.key) for key in keys]
    packed = [pack([getattr(row, name) for name in names]) for row in (rows[:1] + rows[-1:])]
    return Page(
        items=_items(connection, rows),
        after=packed[-1] if rows and later else None,
        before=packed[0] if rows and earlier else None,
        total=count,
        capped=capped,
    )


def _one(connection: Connection, subject: Subject, condition: ColumnElement[bool]) -> CarrierItem:
    row = connection.execute(_SHOWN.where(visible(subject), condition)).first()
    if row is None:
        raise NotFound
    return _items(connection, [row])[0]


def carrier(connection: Connection, subject: Subject, identifier: int) -> CarrierItem:
    """The carrier of this identifier. Raises NotFound for hidden and absent alike."""
    return _one(connection, subject, _equals(t.CARRIER.c.id, identifier))


def carrier_by_number(
    connection: Connection, subject: Subject, control_number: str, copy_number: int = 1
) -> CarrierItem:
    """The carrier of this number and copy. Raises NotFound."""
    c = t.CARRIER.c
    named = and_(_equals(c.control_number, control_number), _equals(c.copy_number, copy_number))
    return _one(connection, subject, named)


def carrier_by_epc(connection: Connection, subject: Subject, epc: str) -> CarrierItem:
    """The carrier to which this EPC is or was bound. Raises NotFound."""
    bound = select(t.TAG.c.carrier).where(t.TAG.c.epc == t.storable(epc).upper())
    return _one(connection, subject, t.CARRIER.c.id.in_(bound))


def carriers_by_id(connection: Connection, subject: Subject, identifiers: Iterable[int]) -> dict[int, CarrierItem]:
    """Those of these carriers that the subject sees."""
    found: dict[int, CarrierItem] = {}
    for ids in t.chunks(sorted(filter(t.is_int64, set(identifiers))), 1_000):
        rows = connection.execute(_SHOWN.where(visible(subject), t.CARRIER.c.id.in_(ids))).all()
        found |= {item.id: item for item in _items(connection, rows)}
    return found


def all_seen(connection: Connection, subject: Subject, identifiers: Iterable[int]) -> bool:
    """Whether the subject sees every one of these carriers."""
    for ids in t.chunks(sorted(set(identifiers)), 1_000):
        seen = select(func.count()).select_from(t.CARRIER).where(visible(subject), t.CARRIER.c.id.in_(ids))
        if connection.scalar(seen) != len(ids):
            return False
    return True


def state_of(connection: Connection, identifier: int) -> CarrierState:
    """A carrier's state, whoever asks: for the engine, never for a page. Raises NotFound."""
    found = load_states(connection, [identifier])
    if identifier not in found:
        raise NotFound
    return found[identifier]


def states_of(connection: Connection, identifiers: Iterable[int]) -> dict[int, CarrierState]:
    """The states of these carriers, whoever asks; those not in the register are left out."""
    return load_states(connection, identifiers)


def origin_and_status_counts(
    connection: Connection, subject: Subject
) -> tuple[Mapping[Origin, int], Mapping[Status, int]]:
    """How many carriers came in by each origin, and how many are in each state; 0 where there are none."""
    origins: Counter[Origin] = Counter(dict.fromkeys(get_args(Origin), 0))
    states: Counter[Status] = Counter(dict.fromkeys(Status, 0))
    for (origin, status), many in _counts(connection, subject, "origin", "status").items():
        origins[origin] += many
        states[Status(status)] += many
    return origins, states


def status_counts(connection: Connection, subject: Subject) -> Mapping[Status, int]:
    """How many carriers are in each state; every state is there, with 0 where there are none."""
    counted = _counts(connection, subject, "status")
    return {status: counted[(status.value,)] for status in Status}


def status_totals(connection: Connection, subject: Subject) -> Mapping[Status, tuple[int, bool]]:
    """The same, each counted to COUNTED_MAX, and whether there are more: what a list says above itself."""
    if subject.reach is None:
        counted = status_counts(connection, subject)
        return {status: (min(n, COUNTED_MAX), n > COUNTED_MAX) for status, n in counted.items()}
    c = t.CARRIER.c
    return {
        status: total(connection, select(c.id).where(visible(subject), c.status == status.value)) for status in Status
    }


def counts_by_place(connection: Connection, subject: Subject) -> Mapping[int, int]:
    """How many carriers the books have in each place now, that place itself only."""
    counted = _counts(connection, subject, "place")
    return {place: count for (place,), count in counted.items() if place is not None and place != NOWHERE}


def _counts(connection: Connection, subject: Subject, *names: str) -> Counter[tuple[Any, ...]]:
    """Of each value of these columns: within reach, or in common with others in scope, by the counts that are kept;
    whatever else is seen, one by one.
    """
    counted: Counter[tuple[Any, ...]] = Counter()
    if not may(subject, Permission.SEE_CARRIERS):
        return counted
    n = t.CARRIER_COUNT.c
    columns = [n[name] for name in names]
    kept = select(*columns, func.sum(n.n)).where(n.rank <= subject.clearance_rank).group_by(*columns)
    asked = [kept]
    if subject.reach is not None:
        s = t.COMMON_SCOPE.c
        common = select(s.scope).where(s.principal.in_(in_common(subject.principals)))
        kept = kept.where(or_(n.unit.in_(sorted(subject.reach)), n.scope.in_(common)))
        asked = [kept, _seen_singly(subject, subject.reach, [t.CARRIER.c[name] for name in names])]
    for query in asked:
        for *values, many in connection.execute(query):
            if many:
                counted[tuple(values)] += int(many)
    return counted


def _seen_singly(subject: Subject, reach: Collection[int], columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
    """Counts of carriers that are seen though neither their units are in reach nor their scopes name the subject in
    common with others: named in scope, in hand, in an open matter.
    """
    c, s = t.CARRIER.c, t.SCOPE.c
    common = in_common(subject.principals)
    ways = [
        select(s.carrier).where(s.principal.in_(sorted(subject.principals.difference(common)))),
        select(c.id).where(c.holder == subject.person),
        select(c.id).where(c.matter.in_(sorted(subject.matters))),
    ]
    kept = or_(c.unit.in_(sorted(reach)), exists().where(s.carrier == c.id, s.principal.in_(common)))
    return select(*columns, func.count()).where(c.id.in_(union(*ways)), visible(subject), ~kept).group_by(*columns)
