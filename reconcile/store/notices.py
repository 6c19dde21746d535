"""The inbox: notices of a person. Numbers and counts only; titles never enter this table."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from custody.access import Permission, Subject, may
from custody.store.queries import CarrierItem, Page, carriers_by_id, visible
from custody.store.queries.cases import Period
from custody.store.queries.paging import pack, rows_of_page, total
from custody.store.schema import CARRIER, chunks
from custody.values import Instant
from reconcile.checks import KINDS
from reconcile.store.core import FINDING, NOTICE, Connection, insert_new

_URGENCY = {
    **dict.fromkeys(("emergency", "loss_report_soon"), 0),
    **dict.fromkeys(("due_today", "recalled", "meeting_ending", "visit_ending", "approval_waiting"), 1),
    "asked_back": 1,
    **dict.fromkeys(("backup_old", "clock_went_back", "mail_failing", "unanswered"), 1),
}
"""Of reminders; the others are of this week."""
_CASES_LOOKED = 200
"""A case that a person was told of longer ago is told anew."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice, as an inbox shows it.

    `kind`: what happened (`opened`, `opened_many`, `escalated`) or which reminder it is; `finding_kind` and `urgency`
    as of the finding. `number`, `copy`: of the carrier that a reminder is about, where the person may know of it.
    """

    id: int
    kind: str
    finding: str | None
    finding_kind: str
    urgency: int
    at: Instant
    read_at: Instant | None
    carrier: int | None = None
    number: str = ""
    copy: int | None = None
    due_at: Instant | None = None
    count: int | None = None
    case: str = ""
    """Of several findings of one cause: their case."""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Telling:
    """A notice to be put into an inbox. With `about` it is put there once a person and kind, whoever tells it."""

    person: int
    kind: str
    finding: str | None = None
    about: str = ""
    finding_kind: str = ""
    carrier: int | None = None
    due_at: Instant | None = None
    count: int | None = None


def tell(connection: Connection, notices: Iterable[Telling], at: Instant) -> None:
    """Put notices into inboxes, each with its finding's kind; those put there before are left out."""
    rows = [asdict(one) | {"at": at} for one in notices]
    known: dict[str, str] = {}
    for chunk in chunks(sorted({row["finding"] for row in rows if row["finding"]})):
        found = connection.execute(select(FINDING.c.number, FINDING.c.kind).where(FINDING.c.number.in_(chunk)))
        known |= {row.number: row.kind for row in found}
    # Whoever gets it need not be one who sees the finding.
    insert_new(
        connection, NOTICE, [{**row, "finding_kind": known.get(row["finding"], row["finding_kind"])} for row in rows]
    )


def waiting_cases(connection: Connection, person: int) -> dict[str, int]:
    """Cases that a person was told of lately: how often; -1 where a notice of it is still unread, and says enough."""
    wanted = (NOTICE.c.person == person, NOTICE.c.kind == "opened_case", NOTICE.c.about.startswith("case:"))
    newest = select(NOTICE.c.about, NOTICE.c.read_at).where(*wanted).order_by(NOTICE.c.id.desc()).limit(_CASES_LOOKED)
    found: dict[str, int] = {}
    for row in connection.execute(newest):
        case, _, nth = row.about.removeprefix("case:").partition("/")
        if case not in found:
            found[case] = -1 if row.read_at is None else int(nth) + 1
    return found


def inbox(
    connection: Connection,
    subject: Subject,
    *,
    unread_only: bool = False,
    of_findings: bool | None = None,
    before: int | None = None,
    limit: int = 50,
    unread_first: bool = False,
    before_read: bool = False,
) -> tuple[Notice, ...]:
    """The subject's own notices, newest first; `before` is the id of the last one seen.

    `of_findings`: those of findings alone, or (False) all the others. `unread_first`: what is new stands before what
    was read; then `before_read` says whether the last one seen had been read.
    """
    query = (
        select(
            NOTICE,
            FINDING.c.urgency,
            CARRIER.c.id.label("carrier_seen"),
            CARRIER.c.control_number,
            CARRIER.c.copy_number,
        )
        .select_from(
            NOTICE.outerjoin(FINDING, FINDING.c.number == NOTICE.c.finding).outerjoin(
                CARRIER, and_(CARRIER.c.id == NOTICE.c.carrier, visible(subject))
            )
        )
        .where(NOTICE.c.person == subject.person)
        .order_by(*([NOTICE.c.read_at.is_not(None)] if unread_first else []), NOTICE.c.id.desc())
        .limit(limit)
    )
    if unread_only:
        query = query.where(NOTICE.c.read_at.is_(None))
    if of_findings is not None:
        query = query.where((NOTICE.c.finding_kind != "") == of_findings)
    if before is not None:
        further = NOTICE.c.id < before
        if unread_first:
            read = NOTICE.c.read_at.is_not(None)
            further = and_(read, further) if before_read else or_(read, further)
        query = query.where(further)
    return tuple(_notice(row) for row in connection.execute(query))


def urgency_of(kind: str, finding_kind: str, urgency: int | None) -> int:
    """How urgent a notice is: as its finding (`urgency`), as findings of its kind, else as the reminder."""
    if urgency is not None:
        return urgency
    return KINDS[finding_kind].urgency if finding_kind in KINDS else _URGENCY.get(kind, 2)


def _notice(row: Any) -> Notice:
    finding_kind = row.finding_kind
    return Notice(
        id=row.id,
        kind=row.kind,
        finding=row.finding,
        finding_kind=finding_kind,
        urgency=urgency_of(row.kind, finding_kind, row.urgency),
        at=row.at,
        read_at=row.read_at,
        carrier=row.carrier_seen,
        number=row.control_number or "",
        copy=row.copy_number,
        due_at=row.due_at,
        # `count` is a tuple's own method on a row.
        count=row._mapping["count"],
        case=_case_of(row.about),
        about=row.about,
    )


def _case_of(about: str) -> str:
    """The case that a notice is about; empty where it is about none."""
    return about.removeprefix("case:").partition("/")[0].partition("@")[0] if about.startswith("case:") else ""


def _reminding(subject: Subject, kinds: Collection[str], period: Period) -> list[ColumnElement[bool]]:
    """Reminders of these kinds: the subject's own, and of who may see findings those about carriers in sight."""
    ways = [NOTICE.c.person == subject.person]
    if may(subject, Permission.SEE_FINDINGS):
        ways.append(exists().where(CARRIER.c.id == NOTICE.c.carrier, visible(subject)))
    return [NOTICE.c.kind.in_(sorted(kinds)), or_(*ways), *period.holds(NOTICE.c.at)]


def reminder_counts(
    connection: Connection, subject: Subject, kinds: Collection[str], period: Period
) -> Mapping[str, int]:
    """How many reminders of each of these kinds were sent; kinds without any are left out."""
    query = select(NOTICE.c.kind, func.count()).where(*_reminding(subject, kinds, period))
    return {row[0]: row[1] for row in connection.execute(query.group_by(NOTICE.c.kind))}


@dataclass(frozen=True, slots=True)
class Reminded:
    """A reminder that was sent to a person."""

    at: Instant
    person: int
    kind: str
    carrier: CarrierItem | None
    due_at: Instant | None
    count: int | None


def reminded(
    connection: Connection,
    subject: Subject,
    kinds: Collection[str],
    period: Period,
    after: str | None = None,
    limit: int = 50,
    before: str | None = None,
) -> Page[Reminded]:
    """The reminders of these kinds that were sent, the newest first. Raises KeyInvalid."""
    query = select(NOTICE).where(*_reminding(subject, kinds, period))
    rows, earlier, later = rows_of_page(connection, query, [NOTICE.c.id], [int], after, before, limit, falling=True)
    found, capped = total(connection, query)
    carriers = carriers_by_id(connection, subject, (row.carrier for row in rows if row.carrier is not None))
    return Page(
        tuple(
            Reminded(row.at, row.person, row.kind, carriers.get(row.carrier), row.due_at, row._mapping["count"])
            for row in rows
        ),
        pack([rows[-1].id]) if rows and later else None,
        pack([rows[0].id]) if rows and earlier else None,
        found,
        capped,
    )


def unread(connection: Connection, subject: Subject) -> int:
    """How many notices the subject has not read."""
    query = select(func.count()).where(NOTICE.c.person == subject.person, NOTICE.c.read_at.is_(None))
    return connection.scalar(query) or 0


def mark_read(
    connection: Connection,
    subject: Subject,
    now: Instant,
    ids: Collection[int] | None = None,
    through: int | None = None,
) -> int:
    """Mark the subject's own notices as read (None: all, up to `through`); others' are not touched. How many were."""
    update = NOTICE.update().where(NOTICE.c.person == subject.person, NOTICE.c.read_at.is_(None))
    if through is not None:
        update = update.where(NOTICE.c.id <= through)
    if ids is None:
        return connection.execute(update.values(read_at=now)).rowcount
    done = 0
    for chunk in chunks(sorted(set(ids))):
        done += connection.execute(update.where(NOTICE.c.id.in_(chunk)).values(read_at=now)).rowcount
    return done
