"""What people do about a finding: acknowledge, explain, escalate, settle. Every act is an event; none is undone.

Settling is also entered in the books (`FindingSettled`), in the same transaction, so that nobody can close a
contradiction without leaving his name and reason there.
"""

from custody.access import Permission, Subject, may
from custody.clock import day
from custody.database import Database
from custody.entries import FindingSettled
from custody.rules import Refusal, Refused
from custody.scheme import Scheme
from custody.store.books import Books
from custody.values import SECOND, Instant
from reconcile.checks import KINDS
from reconcile.escalation import Step, next_step
from reconcile.findings.running import hand_on
from reconcile.store import cases, finding_queries, findings, staff
from reconcile.store.core import Connection

OTHER = "other"
"""The resolution that every kind allows; its reason says all."""


def acknowledge(database: Database, subject: Subject, number: str, now: Instant, note: str = "") -> None:
    """The subject has seen it and takes it up; a finding without an owner becomes his.

    Raises NotFound for hidden and absent alike, Refused where the subject may not, or the finding is closed.
    """
    with database.writing() as connection:
        row = _held(connection, subject, number, "acknowledge")
        take_up(connection, subject, row, now, note.strip())


def explain(database: Database, subject: Subject, number: str, note: str, now: Instant) -> None:
    """Add what is known of it; the finding stays open. Raises NotFound, Refused (also for an empty note)."""
    with database.writing() as connection:
        _held(connection, subject, number, "explain")
        findings.change(connection, number, state="explained")
        findings.add_events(connection, [(number, "explained", subject.person, _said(note))], now)


def escalate(database: Database, scheme: Scheme, subject: Subject, number: str, note: str, now: Instant) -> int | None:
    """Hand it on to the secrecy office, or beyond; gives the new owner. Raises NotFound, Refused."""
    with database.writing() as connection:
        row = _held(connection, subject, number, "escalate")
        everybody = staff.keepers(connection, scheme, day(now, scheme.timezone))
        ((_, owner),) = hand_on(connection, scheme, [row], everybody, now, by=subject.person, note=note.strip())
        return owner


def goes_next(database: Database, scheme: Scheme, line: finding_queries.FindingLine, now: Instant) -> Step | None:
    """The next step of an open finding; None where nobody stands above its owner. Tells nothing of what is hidden."""
    with database.reading() as connection:
        everybody = staff.keepers(connection, scheme, day(now, scheme.timezone))
        rank = findings.rank_of(connection, line.carrier, line.matter)
    return next_step(line.kind, rank, line.unit, line.owner, everybody)


def settle(
    database: Database, books: Books, subject: Subject, number: str, resolution: str, reason: str, now: Instant
) -> str:
    """Close a finding by a person's word: `resolution` is one of its kind's, or `other`. Gives the act's number.

    An event is closed only so. A state finding may be, too; where its contradiction persists past its threshold,
    counted from now, it is opened anew. Raises NotFound, Refused; then nothing has changed.
    """
    with database.writing() as connection:
        row = _held(connection, subject, number, "settle")
        known = (*KINDS[row.kind].resolutions, OTHER)
        if resolution not in known:
            raise Refused((Refusal("", "resolution_unknown", {"resolution": resolution, "kind": row.kind}),))
        words = _said(reason)
        fact = FindingSettled(number, row.kind, resolution, words, row.carrier)
        receipt = books.enter(subject, [fact], act="settle", connection=connection)
        findings.change(
            connection,
            number,
            open=False,
            state="settled",
            closed_at=now,
            closed_by=subject.person,
            resolution=resolution,
        )
        findings.add_events(connection, [(number, "settled", subject.person, words)], now)
        cases.close_over(connection, (number,), now)
        return receipt.act


def take_up(
    connection: Connection, subject: Subject, row: finding_queries.FindingLine, now: Instant, note: str
) -> None:
    """Acknowledge an open finding, in the caller's transaction: it goes on no sooner than its time from now."""
    columns: dict[str, int | str] = {"owner": subject.person} if row.owner is None else {}
    if row.state == "open":
        columns["state"] = "acknowledged"
        if row.escalates_at is not None:
            columns["escalates_at"] = max(row.escalates_at, now + KINDS[row.kind].due_after_seconds * SECOND)
    if columns:
        findings.change(connection, row.number, **columns)
    findings.add_events(connection, [(row.number, "acknowledged", subject.person, note)], now)


def _held(connection: Connection, subject: Subject, number: str, act: str) -> finding_queries.FindingLine:
    """The open finding, locked. Raises NotFound and Refused."""
    row = findings.lock(connection, number)
    line = finding_queries.line(connection, subject, number)  # NotFound where hidden
    if not may(subject, Permission.SETTLE_FINDINGS):
        raise Refused((Refusal("", "not_permitted", {"act": f"finding_{act}"}),))
    if row is None or not row.open:
        raise Refused((Refusal("", "finding_closed", {"finding": number, "state": row.state if row else ""}),))
    return line


def _said(text: str) -> str:
    words = text.strip()
    if not words:
        raise Refused((Refusal("", "text_missing", {"field": "reason"}),))
    return words
