"""Reading findings. Every query takes the Subject: a finding about a carrier exists for whom the carrier exists.

A finding about a matter alone exists for whom the matter exists. Findings about neither (a tag nobody bears, a silent
reader) exist for everybody who may see findings. Hidden and absent look the same.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import CTE, ColumnElement, FromClause, Select, and_, false, func, or_, select, true

from custody.access import Permission, Subject, may
from custody.rules import NotFound
from custody.store.queries import CarrierItem, Page, carriers_by_id, visible
from custody.store.queries.carriers import under
from custody.store.queries.cases import EVER, Period
from custody.store.queries.paging import pack, rows_of_page, total
from custody.store.queries.visible import visible_matters
from custody.store.schema import CARRIER, MATTER, PERSON, PLACE
from custody.values import Instant
from reconcile.checks import KINDS
from reconcile.checks.clauses import BY_ROUTE
from reconcile.store.core import CASE, CASE_MEMBER, FINDING, FINDING_EVENT, Connection
from reconcile.store.stories import Stories, stories_of

State = Literal["open", "mine", "closed", "all"]


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """Which findings: every field narrows. `place`: heard or missed there or in anything under it."""

    state: State = "open"
    kind: str | None = None
    place: int | None = None
    level: str | None = None
    unit: int | None = None
    carrier: int | None = None
    matter: int | None = None
    kinds: frozenset[str] | None = None
    """Of these kinds, or an overdue approval of a matter of `approvals`."""
    approvals: frozenset[str] = frozenset()
    opened: Period = EVER
    owner: int | None = None
    case: str | None = None
    text: str = ""
    """A finding's or carrier's number, a tag, a reader, a place's code or a person's name, or how it begins."""
    alarms: bool = False
    """Those that want somebody at once and that nobody has taken up."""
    grouped: bool = False
    """Of the findings of one case that the subject sees, the foremost stands for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingLine:
    """A finding's own columns."""

    number: str
    kind: str
    about: str
    open: bool
    state: str
    """`open`, `acknowledged`, `explained`, `settled` (by a person), `cleared` (by itself)."""
    nature: str
    colour: str
    icon: str
    urgency: int
    clause: str
    carrier: int | None
    epc: str | None
    reader: str | None
    place: int | None
    place_code: str | None
    place_name: str | None
    place_name_en: str | None
    person: int | None
    person_name: str | None
    person_name_en: str | None
    unit: int | None
    matter: int | None
    matter_number: str | None
    matter_kind: str | None
    owner: int | None
    owner_name: str | None
    owner_name_en: str | None
    happened_at: Instant
    opened_at: Instant
    due_at: Instant | None
    closed_at: Instant | None
    closed_by: int | None
    closed_by_name: str | None
    resolution: str
    escalates_at: Instant | None
    """When it goes to the next step; None: nobody stands above its owner, or it is closed."""
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CaseNote:
    """The case for which a line stands: `count` of its findings are asked for and seen."""

    number: str
    cause: str
    about: str
    state: str
    count: int


@dataclass(frozen=True, slots=True)
class FindingItem:
    """A line of the list, with its carrier as the subject sees it (None where it is about none)."""

    line: FindingLine
    carrier: CarrierItem | None
    case: CaseNote | None = None


@dataclass(frozen=True, slots=True)
class FindingStep:
    """One event of a finding's history. `note` is a person's words; by itself (`by` None): JSON, or empty."""

    at: Instant
    by: int | None
    by_name: str | None
    what: str
    note: str


@dataclass(frozen=True, slots=True)
class FindingDetail:
    """One finding, whole: the frozen evidence, the two stories as they stand now, reads, history, what may be done.

    `acts`: acts of custody that end the contradiction; `resolutions`: what a person may conclude instead. Both
    are empty where the finding is closed or the subject may not settle.
    """

    line: FindingLine
    carrier: CarrierItem | None
    stories: Stories
    history: tuple[FindingStep, ...]
    acts: tuple[str, ...]
    resolutions: tuple[str, ...]


def with_subjects(subject: Subject) -> FromClause:
    """Findings with what they are about; a matter that the subject may not know of is as if there were none."""
    seen = and_(MATTER.c.id == FINDING.c.matter, visible_matters(subject))
    return FINDING.outerjoin(CARRIER, CARRIER.c.id == FINDING.c.carrier).outerjoin(MATTER, seen)


_CLOSER = PERSON.alias("closer")
_OWNER = PERSON.alias("owner")
_HOLDER = PERSON.alias("holder")

_COLUMNS = (
    FINDING,
    PLACE.c.code.label("place_code"),
    PLACE.c.name.label("place_name"),
    PLACE.c.name_en.label("place_name_en"),
    _HOLDER.c.name.label("person_name"),
    _HOLDER.c.name_en.label("person_name_en"),
    _OWNER.c.name.label("owner_name"),
    _OWNER.c.name_en.label("owner_name_en"),
    _CLOSER.c.name.label("closed_by_name"),
    MATTER.c.id.label("matter_seen"),
    MATTER.c.number.label("matter_number"),
    MATTER.c.kind.label("matter_kind"),
)
_COMPUTED = ("nature", "colour", "icon", "clause", "evidence", "open", "matter")
_STORED = tuple(name for name in FindingLine.__slots__ if name not in _COMPUTED)
UNTOLD = "—"
"""Stands for the number of a matter that the subject may not know of."""


def _lines(subject: Subject) -> Select[Any]:
    return select(*_COLUMNS).select_from(
        with_subjects(subject)
        .outerjoin(PLACE, PLACE.c.id == FINDING.c.place)
        .outerjoin(_HOLDER, _HOLDER.c.id == FINDING.c.person)
        .outerjoin(_OWNER, _OWNER.c.id == FINDING.c.owner)
        .outerjoin(_CLOSER, _CLOSER.c.id == FINDING.c.closed_by)
    )


def seen_by(subject: Subject) -> ColumnElement[bool]:
    """Which findings exist for the subject (asked of `finding` joined to `carrier` and `matter`)."""
    if not may(subject, Permission.SEE_FINDINGS):
        return false()
    # A tag or a reader is everybody's concern; what a person has not signed for, that of whoever answers for him.
    theirs: ColumnElement[bool] = FINDING.c.person.is_(None)
    if subject.reach is None:
        theirs = true()
    elif subject.reach:
        theirs = or_(theirs, FINDING.c.unit.in_(sorted(subject.reach)), FINDING.c.person == subject.person)
    neither = and_(FINDING.c.carrier.is_(None), FINDING.c.matter.is_(None), theirs)
    return or_(neither, visible(subject), and_(FINDING.c.carrier.is_(None), visible_matters(subject)))


def _line(row: Any) -> FindingLine:
    evidence = json.loads(row.evidence)
    if row.matter is not None and row.matter_seen is None:
        evidence = _untold(evidence)
    kind = KINDS[row.kind]
    return FindingLine(
        **{name: getattr(row, name) for name in _STORED},
        matter=row.matter_seen,
        open=bool(row.open),
        nature=kind.nature,
        colour=kind.colour,
        icon=kind.icon,
        clause=evidence.get("clause", kind.clause),
        evidence=evidence,
    )


def _untold(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence without the matter that it names: a finding about a carrier that is seen, in one that is not."""
    kept = {name: value for name, value in evidence.items() if name != "matter"}
    rule = kept.get("rule")
    if isinstance(rule, dict) and "matter" in rule.get("params", {}):
        kept["rule"] = rule | {"params": rule["params"] | {"matter": UNTOLD}}
    return kept


def line(connection: Connection, subject: Subject, number: str) -> FindingLine:
    """A finding's own columns. Raises NotFound for hidden and absent alike."""
    row = connection.execute(_lines(subject).where(seen_by(subject), FINDING.c.number == number)).first()
    if row is None:
        raise NotFound
    return _line(row)


def lines_in_case(connection: Connection, subject: Subject, case: str) -> tuple[FindingLine, ...]:
    """The findings of a case that the subject sees: the open ones first, by urgency, then by number."""
    mine = FINDING.c.number.in_(select(CASE_MEMBER.c.finding).where(CASE_MEMBER.c.case_number == case))
    order = (FINDING.c.open.desc(), FINDING.c.urgency, FINDING.c.number)
    return tuple(map(_line, connection.execute(_lines(subject).where(seen_by(subject), mine).order_by(*order))))


def _conditions(subject: Subject, asked: FindingFilter) -> list[ColumnElement[bool]]:
    found = [seen_by(subject)]
    match asked.state:
        case "open":
            found.append(FINDING.c.open)
        case "mine":
            found.append(and_(FINDING.c.open, FINDING.c.owner == subject.person))
        case "closed":
            found.append(~FINDING.c.open)
        case "all":
            pass
    plain = {
        FINDING.c.kind: asked.kind,
        FINDING.c.unit: asked.unit,
        FINDING.c.carrier: asked.carrier,
        MATTER.c.id: asked.matter,
        CARRIER.c.level: asked.level,
        FINDING.c.owner: asked.owner,
    }
    found += [column == value for column, value in plain.items() if value is not None]
    if asked.place is not None:
        found.append(FINDING.c.place.in_(under(asked.place)))
    if asked.kinds is not None:
        late = and_(FINDING.c.kind == BY_ROUTE, MATTER.c.kind.in_(sorted(asked.approvals)))
        found.append(or_(FINDING.c.kind.in_(sorted(asked.kinds)), late))
    if asked.case is not None:
        found.append(FINDING.c.number.in_(select(CASE_MEMBER.c.finding).where(CASE_MEMBER.c.case_number == asked.case)))
    if asked.alarms:
        found += [FINDING.c.urgency == 0, FINDING.c.state == "open"]
    if asked.text:
        found.append(_begins(asked.text))
    return found + asked.opened.holds(FINDING.c.opened_at)


def any_of(connection: Connection, subject: Subject, asked: FindingFilter) -> bool:
    """Whether there is any of these: far less work than the page of them."""
    query = _lines(subject).where(*_conditions(subject, asked)).with_only_columns(FINDING.c.number)
    return connection.execute(query.limit(1)).first() is not None


def _begins(text: str) -> ColumnElement[bool]:
    """What a person types to find one: numbers begin so, names and readers are so."""
    upper = text.upper()
    begun = (FINDING.c.number, CARRIER.c.control_number, FINDING.c.epc, PLACE.c.code)
    whole = (FINDING.c.reader, _HOLDER.c.name, _HOLDER.c.name_en, MATTER.c.number)
    return or_(*(column.startswith(upper, autoescape=True) for column in begun), *(column == text for column in whole))


def _standing_for(subject: Subject, conditions: Sequence[ColumnElement[bool]]) -> CTE:
    """Of each case, the findings that are asked for and seen, counted, the foremost first."""
    case = CASE_MEMBER.c.case_number
    foremost = (FINDING.c.urgency, -FINDING.c.opened_at, FINDING.c.number)
    return (
        _lines(subject)
        .join(CASE_MEMBER, CASE_MEMBER.c.finding == FINDING.c.number)
        .where(case != "", *conditions)
        .with_only_columns(
            FINDING.c.number.label("member"),
            case,
            func.row_number().over(partition_by=case, order_by=foremost).label("nth"),
            func.count().over(partition_by=case).label("alike"),
        )
        .cte("standing_for")
        # Asked once: else an engine may ask it anew for each line of the list.
        .prefix_with("MATERIALIZED")
    )


def findings(
    connection: Connection,
    subject: Subject,
    asked: FindingFilter = FindingFilter(),
    after: str | None = None,
    limit: int = 50,
    before: str | None = None,
) -> Page[FindingItem]:
    """A page of findings: open ones by urgency, then the newest; closed ones the last closed first; all by opening.

    Raises KeyInvalid for a damaged `after` or `before`, ValueError for a limit below one.
    """
    number = FINDING.c.number
    order: Sequence[ColumnElement[Any]] = (FINDING.c.urgency, -FINDING.c.opened_at, number)
    kinds: Sequence[type] = (int, int, str)
    if asked.state == "closed":
        order, kinds = (-func.coalesce(FINDING.c.closed_at, 0), number), (int, str)
    elif asked.state == "all":
        order, kinds = (-FINDING.c.opened_at, number), (int, str)
    conditions = _conditions(subject, asked)
    query = _lines(subject).where(*conditions)
    if asked.grouped:
        behind = _standing_for(subject, conditions)
        query = query.where(FINDING.c.number.not_in(select(behind.c.member).where(behind.c.nth > 1)))
    rows, earlier, later = rows_of_page(connection, query, order, kinds, after, before, limit)
    count, capped = total(connection, query.with_only_columns(number))
    lines = [_line(row) for row in rows]
    keys = [pack(_key(asked.state, entry)) for entry in lines]
    carriers = carriers_by_id(connection, subject, (x.carrier for x in lines if x.carrier is not None))
    cases = _notes(connection, _standing_for(subject, conditions), lines) if asked.grouped else {}
    return Page(
        items=tuple(
            FindingItem(x, carriers.get(x.carrier) if x.carrier is not None else None, cases.get(x.number))
            for x in lines
        ),
        after=keys[-1] if keys and later else None,
        before=keys[0] if keys and earlier else None,
        total=count,
        capped=capped,
    )


def _notes(connection: Connection, group: CTE, lines: Sequence[FindingLine]) -> dict[str, CaseNote]:
    """By finding, the case for which it stands; one of which nothing else is seen is no case."""
    columns = (group.c.member, group.c.alike, CASE.c.number, CASE.c.cause, CASE.c.about, CASE.c.state)
    several = (group.c.nth == 1, group.c.alike > 1, group.c.member.in_([line.number for line in lines]))
    rows = connection.execute(
        select(*columns).select_from(group.join(CASE, CASE.c.number == group.c.case_number)).where(*several)
    )
    return {row.member: CaseNote(row.number, row.cause, row.about, row.state, row.alike) for row in rows}


def _key(state: State, entry: FindingLine) -> tuple[int | str, ...]:
    match state:
        case "closed":
            return -(entry.closed_at or 0), entry.number
        case "all":
            return -entry.opened_at, entry.number
        case _:
            return entry.urgency, -entry.opened_at, entry.number


def finding(connection: Connection, subject: Subject, number: str, now: Instant) -> FindingDetail:
    """One finding, with everything its page shows. Raises NotFound for hidden and absent alike."""
    found = line(connection, subject, number)
    carrier = None
    if found.carrier is not None:
        carrier = carriers_by_id(connection, subject, [found.carrier]).get(found.carrier)
    settles = found.open and may(subject, Permission.SETTLE_FINDINGS)
    kind = KINDS[found.kind]
    return FindingDetail(
        line=found,
        carrier=carrier,
        stories=stories_of(
            connection, found.carrier, found.epc, found.reader, found.happened_at, found.closed_at or now
        ),
        history=_history(connection, number, found),
        acts=kind.acts if settles else (),
        resolutions=(*kind.resolutions, "other") if settles else (),
    )


def _history(connection: Connection, number: str, found: FindingLine) -> tuple[FindingStep, ...]:
    rows = connection.execute(
        select(
            FINDING_EVENT.c.at,
            FINDING_EVENT.c.by,
            PERSON.c.name,
            FINDING_EVENT.c.what,
            FINDING_EVENT.c.note,
        )
        .select_from(FINDING_EVENT.outerjoin(PERSON, PERSON.c.id == FINDING_EVENT.c.by))
        .where(FINDING_EVENT.c.finding == number)
        .order_by(FINDING_EVENT.c.id)
    )
    return tuple(
        FindingStep(row.at, row.by, row.name, row.what, row.note if row.by is not None else _said(row.note, found))
        for row in rows
    )


def _said(note: str, found: FindingLine) -> str:
    """What the system itself noted, without the number of a matter that the subject may not know of."""
    said = json.loads(note) if note.startswith("{") else {}
    named = said.get("params", said)
    if found.matter is not None or not isinstance(named, dict) or "matter" not in named:
        return note
    hidden = named | {"matter": UNTOLD}
    return json.dumps(said | {"params": hidden} if named is not said else hidden, ensure_ascii=False)
