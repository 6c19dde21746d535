"""Reading cases. Every query takes the Subject, and makes of a case only what its findings are that he sees.

A case exists for whom it is one: who sees two of its findings; or one that makes it an incident, or that a person laid
there. What somebody wrote is for whom sees everything that the writer had before him. Hidden and absent look the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from custody.access import Permission, Subject, may
from custody.matters.disposition import LossBody
from custody.rules import NotFound
from custody.store.matters import matter_of_row
from custody.store.queries import CarrierItem, Page, carriers_by_id
from custody.store.queries.paging import pack, rows_of_page, total
from custody.store.queries.visible import visible, visible_matters
from custody.store.schema import CARRIER, LINE, MATTER, PERSON
from custody.values import Instant
from reconcile.checks.grouping import BY_HAND, closes
from reconcile.store.core import ANTENNA, CASE, CASE_EVENT, CASE_FILE, CASE_MEMBER, FINDING, Connection
from reconcile.store.finding_queries import FindingLine, lines_in_case, seen_by, with_subjects

_SHOWN = (
    *("number", "cause", "about", "opened_at", "state", "owner", "deputy", "due_at", "closed_at", "closed_by", "act"),
)


@dataclass(frozen=True, slots=True)
class CaseItem:
    """A case in a list, with figures of the findings that are seen.

    `state` is how it stands for whom looks: `over` where everything seen in it is closed and nobody has said so yet.
    """

    number: str
    cause: str
    about: str
    state: str
    opened_at: Instant
    owner: int | None
    deputy: int | None
    due_at: Instant | None
    closed_at: Instant | None
    findings: int
    open: int
    urgency: int
    incident: bool

    @property
    def closed(self) -> bool:
        """Whether it is over: somebody said so, or it closed by itself."""
        return self.state in ("settled", "cleared") and not self.open


@dataclass(frozen=True, slots=True)
class CaseStep:
    """An event of a case; `note` is empty where it is not for the reader."""

    at: Instant
    by: int | None
    by_name: str | None
    what: str
    note: str
    detail: str


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A file laid to a case; `kept`: its bytes are there."""

    id: int
    at: Instant
    by: int
    by_name: str
    name: str
    media: str
    size: int
    sha256: str
    note: str
    kept: bool


@dataclass(frozen=True, slots=True)
class LossLine:
    """An enquiry into a loss of one of the carriers."""

    matter: int
    number: str
    body: LossBody
    ended: bool


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """One case as the subject sees it: its findings with their carriers, its events, what is laid to it."""

    item: CaseItem
    act: str
    closed_by: int | None
    closed_by_name: str | None
    findings: tuple[FindingLine, ...]
    carriers: dict[int, CarrierItem]
    grave: frozenset[str]
    steps: tuple[CaseStep, ...]
    files: tuple[CaseFile, ...]
    losses: tuple[LossLine, ...]


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases. `state`: `open` (not closed), `mine`, `closed`, `all`."""

    state: str = "open"
    incidents: bool = False


_OPEN_SEEN = func.sum(case((FINDING.c.open, 1), else_=0))


def _counted(subject: Subject) -> Any:
    """Per case, figures of its findings that are seen."""
    least = func.min(case((FINDING.c.open, FINDING.c.urgency), else_=9))
    first_owner = func.min(case((FINDING.c.open, FINDING.c.owner)))
    return (
        select(
            CASE_MEMBER.c.case_number.label("of"),
            func.count().label("findings"),
            _OPEN_SEEN.label("still_open"),
            least.label("urgency"),
            func.min(FINDING.c.opened_at).label("first_at"),
            func.min(case((FINDING.c.open, FINDING.c.due_at))).label("soonest"),
            first_owner.label("one_owner"),
            func.max(case((CASE_MEMBER.c.grave, 1), else_=0)).label("grave"),
            func.max(FINDING.c.closed_at).label("last_at"),
            func.sum(case((FINDING.c.state == "cleared", 0), else_=1)).label("uncleared"),
        )
        .select_from(with_subjects(subject).join(CASE_MEMBER, CASE_MEMBER.c.finding == FINDING.c.number))
        .where(seen_by(subject), CASE_MEMBER.c.case_number != "")
        .group_by(CASE_MEMBER.c.case_number)
        .subquery("counted")
    )


def _query(subject: Subject) -> tuple[Any, Any]:
    counted = _counted(subject)
    shown = or_(counted.c.findings > 1, counted.c.grave == 1, CASE.c.cause == BY_HAND)
    joined = CASE.join(counted, counted.c.of == CASE.c.number)
    columns = [CASE.c[name] for name in _SHOWN]
    return select(*columns, *counted.c).select_from(joined).where(shown), counted


def _over(counted: Any) -> ColumnElement[bool]:
    """Whether a case is closed, as what is seen of it says: the SQL of `reconcile.checks.grouping.closes`."""
    by_itself = and_(
        counted.c.grave == 0, CASE.c.state != "enquiry", or_(CASE.c.state == "open", counted.c.uncleared == 0)
    )
    return and_(counted.c.still_open == 0, or_(CASE.c.closed_at.is_not(None), CASE.c.state == "settled", by_itself))


def _item(row: Any) -> CaseItem:
    """As its findings are for whom looks: one that he does not see keeps nothing open for him."""
    state = row.state
    if row.still_open == 0 and state not in ("settled", "cleared"):
        states = ["cleared"] * (row.findings - row.uncleared) + ["settled"] * row.uncleared
        state = closes(state, grave=bool(row.grave), settled=False, states=states) or "over"
    elif row.still_open and row.closed_at is not None:
        state = "settled"
    over = state in ("settled", "cleared") and not row.still_open
    return CaseItem(
        number=row.number,
        cause=row.cause,
        about=row.about,
        state=state,
        opened_at=row.first_at,
        owner=row.owner if row.owner is not None else row.one_owner,
        deputy=row.deputy,
        due_at=row.due_at if row.due_at is not None else row.soonest,
        closed_at=(row.closed_at or row.last_at) if over else None,
        findings=row.findings,
        open=row.still_open,
        urgency=min(row.urgency, 2),
        incident=bool(row.grave),
    )


def _listed(subject: Subject, asked: CaseFilter) -> tuple[Any, Any]:
    """The cases that are asked for, and what is counted of each: for the list and for every number that opens to it."""
    query, counted = _query(subject)
    match asked.state:
        case "open":
            query = query.where(~_over(counted))
        case "mine":
            mine = or_(CASE.c.owner == subject.person, CASE.c.deputy == subject.person)
            query = query.where(~_over(counted), mine)
        case "closed":
            query = query.where(_over(counted))
        case _:
            pass
    if asked.incidents:
        query = query.where(counted.c.grave == 1)
    return query, counted


def cases(
    connection: Connection,
    subject: Subject,
    asked: CaseFilter = CaseFilter(),
    after: str | None = None,
    limit: int = 50,
    before: str | None = None,
) -> Page[CaseItem]:
    """A page of cases: those with something open by urgency, then the newest. Raises KeyInvalid, ValueError."""
    if not may(subject, Permission.SEE_FINDINGS):
        return Page(())
    query, counted = _listed(subject, asked)
    order = (counted.c.urgency, -counted.c.first_at, CASE.c.number)
    rows, earlier, later = rows_of_page(connection, query, order, (int, int, str), after, before, limit)
    count, capped = total(connection, query.with_only_columns(CASE.c.number))
    keys = [pack((row.urgency, -row.first_at, row.number)) for row in rows]
    return Page(
        tuple(map(_item, rows)),
        keys[-1] if keys and later else None,
        keys[0] if keys and earlier else None,
        count,
        capped,
    )


def open_incidents(connection: Connection, subject: Subject) -> int:
    """How many incidents are open for the subject."""
    if not may(subject, Permission.SEE_FINDINGS):
        return 0
    query, _ = _listed(subject, CaseFilter(incidents=True))
    return total(connection, query.with_only_columns(CASE.c.number))[0]


def case_item(connection: Connection, subject: Subject, number: str) -> CaseItem:
    """One case without its findings. Raises NotFound for hidden and absent alike."""
    return _item(_row(connection, subject, number))


def _row(connection: Connection, subject: Subject, number: str) -> Any:
    if not may(subject, Permission.SEE_FINDINGS):
        raise NotFound
    query, _ = _query(subject)
    row = connection.execute(query.where(CASE.c.number == number)).first()
    if row is None:
        raise NotFound
    return row


def case_of(connection: Connection, subject: Subject, finding: str) -> CaseItem | None:
    """The case that a finding is in, where it is one for the subject."""
    number = connection.scalar(
        select(CASE_MEMBER.c.case_number).where(CASE_MEMBER.c.finding == finding, CASE_MEMBER.c.case_number != "")
    )
    if number is None:
        return None
    try:
        return case_item(connection, subject, number)
    except NotFound:
        return None


def case_detail(connection: Connection, subject: Subject, number: str) -> CaseDetail:
    """One case, whole. Raises NotFound for hidden and absent alike."""
    row = _row(connection, subject, number)
    found = lines_in_case(connection, subject, number)
    members = {line.number for line in found}
    about = sorted({line.carrier for line in found if line.carrier is not None})
    wanted = select(CASE_MEMBER.c.finding).where(CASE_MEMBER.c.case_number == number, CASE_MEMBER.c.grave)
    grave = frozenset(connection.scalars(wanted)) & members
    lost = sorted({line.carrier for line in found if line.number in grave and line.carrier is not None})
    closer = connection.scalar(select(PERSON.c.name).where(PERSON.c.id == row.closed_by)) if row.closed_by else None
    return CaseDetail(
        item=_item(row),
        act=row.act,
        closed_by=row.closed_by,
        closed_by_name=closer,
        findings=found,
        carriers=dict(carriers_by_id(connection, subject, about)),
        grave=grave,
        steps=_steps(connection, subject, number, members),
        files=_files(connection, subject, number, members),
        losses=losses(connection, subject, lost),
    )


def _for_reader(row: Any, subject: Subject, members: set[str]) -> bool:
    """Whether everything that the writer had before him is open to the reader."""
    return row.rank <= subject.clearance_rank and members >= set(row.seen.split())


def _steps(connection: Connection, subject: Subject, number: str, members: set[str]) -> tuple[CaseStep, ...]:
    query = (
        select(CASE_EVENT, PERSON.c.name)
        .select_from(CASE_EVENT.outerjoin(PERSON, PERSON.c.id == CASE_EVENT.c.by))
        .where(CASE_EVENT.c.case_number == number)
        .order_by(CASE_EVENT.c.id)
    )
    return tuple(
        CaseStep(row.at, row.by, row.name, row.what, row.note, row.detail)
        for row in connection.execute(query)
        if _for_reader(row, subject, members)
    )


_FILE = [column for column in CASE_FILE.c if column.name != "content"]


def _files(connection: Connection, subject: Subject, number: str, members: set[str]) -> tuple[CaseFile, ...]:
    query = (
        select(*_FILE, CASE_FILE.c.content.is_not(None).label("kept"), PERSON.c.name.label("by_name"))
        .select_from(CASE_FILE.outerjoin(PERSON, PERSON.c.id == CASE_FILE.c.by))
        .where(CASE_FILE.c.case_number == number)
        .order_by(CASE_FILE.c.id)
    )
    names = CaseFile.__slots__
    return tuple(
        CaseFile(**{name: getattr(row, name) for name in names})
        for row in connection.execute(query)
        if _for_reader(row, subject, members)
    )


def file_content(connection: Connection, subject: Subject, number: str, identifier: int) -> tuple[CaseFile, bytes]:
    """A file that is kept. Raises NotFound for hidden, absent and not kept alike."""
    _row(connection, subject, number)
    members = {line.number for line in lines_in_case(connection, subject, number)}
    known = {one.id: one for one in _files(connection, subject, number, members)}
    content = connection.scalar(select(CASE_FILE.c.content).where(CASE_FILE.c.id == identifier))
    if identifier not in known or content is None:
        raise NotFound
    return known[identifier], bytes(content)


def losses(connection: Connection, subject: Subject, carriers: Sequence[int]) -> tuple[LossLine, ...]:
    """Enquiries into the loss of these carriers that the subject may know of, the oldest first."""
    if not carriers:
        return ()
    listed = select(LINE.c.matter).where(LINE.c.carrier.in_(carriers))
    wanted = (MATTER.c.kind == "loss", MATTER.c.id.in_(listed), visible_matters(subject))
    rows = connection.execute(select(MATTER).where(*wanted).order_by(MATTER.c.id))
    return tuple(
        LossLine(matter.id, matter.number, matter.body, matter.ended)
        for matter in map(matter_of_row, rows)
        if isinstance(matter.body, LossBody)
    )


def places_behind(connection: Connection, subject: Subject, reader: str) -> int:
    """How many carriers that the subject sees have their place where this reader's antennas are, and no other's."""
    heard = select(ANTENNA.c.place).where(ANTENNA.c.reader == reader, ANTENNA.c.role == "place")
    others = select(ANTENNA.c.place).where(ANTENNA.c.reader != reader, ANTENNA.c.place.is_not(None))
    wanted = (CARRIER.c.place.in_(heard), CARRIER.c.place.not_in(others), visible(subject))
    return connection.scalar(select(func.count()).select_from(CARRIER).where(*wanted)) or 0
