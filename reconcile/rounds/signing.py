"""The end of a sweep: its report is frozen, signed, entered in the books, and what was not met becomes findings."""

from dataclasses import dataclass
from typing import Any

from custody.access import Subject
from custody.clock import day
from custody.database import Database
from custody.entries import RoundSigned, Signature
from custody.store.books import Books
from custody.values import Instant
from reconcile import notices
from reconcile.checks import KINDS, Verdict
from reconcile.checks.verdicts import books_say, matter_says
from reconcile.rounds.acts import independent, open_row, refused, seeing
from reconcile.rounds.deriving import state_of
from reconcile.rounds.ghosts import open_ghosts
from reconcile.rounds.state import Line, RoundReport, RoundState, report_of
from reconcile.store import candidates, findings, staff
from reconcile.store import round_events as events
from reconcile.store import rounds as store
from reconcile.store.core import Connection


@dataclass(frozen=True, slots=True)
class Waiting:
    """A first signature that waits for the second: whose, when. `stands`: under the report as it is now."""

    person: int
    name: str
    at: Instant
    stands: bool


def waiting(connection: Connection, subject: Subject, number: str, report: RoundReport) -> Waiting | None:
    """The newest first signature under a round that is still open; None where nobody has signed. Raises NotFound."""
    if seeing(connection, subject, number).state != "open":
        return None
    given = events.said(connection, number, "signed")
    if not given:
        return None
    last = given[-1]
    return Waiting(last.by, last.by_name, last.at, last.detail.get("hash") == report.hash)


def sign_round(
    database: Database, books: Books, subject: Subject, number: str, signature: Signature, now: Instant
) -> str:
    """Sign a round. Where that completes it: freeze its report, enter it in the books, open a finding for everything
    not met. Where its level asks for two persons and this is the first, it waits for another.

    `signature.text_hash` is the hash of `round_report`: signed is what was shown, and a scan that came in between
    refuses it (`round_changed`) and voids a first signature. Gives the act's number, empty where it waits. Raises
    NotFound, Refused; then nothing has changed.
    """
    with database.writing() as connection:
        row = open_row(connection, subject, number, "sign_round", lock="own")
        seeing(connection, subject, number)
        independent(connection, subject, number)
        state = state_of(connection, subject, row)
        report = report_of(state)
        if signature.person != subject.person:
            raise refused("signature_not_own", person=signature.person)
        if signature.text_hash != report.hash:
            raise refused("round_changed", round=number)
        signatures: tuple[Signature, ...] = (signature,)
        if state.two:
            first = _first(connection, number, report.hash)
            if first is None or first.person == subject.person:
                if first is not None:
                    raise refused("round_signed_by_you", round=number)
                detail = {"hash": report.hash, "means": signature.means, "at": signature.at}
                events.say(connection, number, _name(subject, report), "signed", subject.person, now, detail=detail)
                return ""
            signatures = (first, signature)
        return _close(connection, books, subject, state, report, signatures, now)


def _name(subject: Subject, report: RoundReport) -> str:
    return f"signed:{subject.person}:{report.hash[:16]}"


def _first(connection: Connection, number: str, text_hash: str) -> Signature | None:
    """The first signature under this very report."""
    for one in events.said(connection, number, "signed"):
        if one.detail.get("hash") == text_hash:
            return Signature(one.by, one.detail["at"], one.detail["means"], text_hash)
    return None


def _close(
    connection: Connection,
    books: Books,
    subject: Subject,
    state: RoundState,
    report: RoundReport,
    signatures: tuple[Signature, ...],
    now: Instant,
) -> str:
    fact = RoundSigned(
        round=state.number,
        place=state.place,
        position=state.position,
        expected=state.expected,
        present=len(state.present),
        missing=len(state.concluded),
        elsewhere=len(state.elsewhere),
        unexpected=len(state.on_loan_but_here) + len(state.arrived) + len(state.unknown),
        report_hash=report.hash,
    )
    receipt = books.enter(subject, [fact], act="round", signatures=signatures, connection=connection)
    for place, _ in state.uncovered:
        events.say(connection, state.number, f"uncovered:{place}", "uncovered", subject.person, now, place=place)
    store.close(
        connection,
        state.number,
        state="signed",
        finished_at=now,
        signed_by=subject.person,
        act=receipt.act,
        report=report.text,
        report_hash=report.hash,
    )
    _open_missing(connection, books, state, now)
    heard = {scan.code: scan.at for scan in state.unknown}
    open_ghosts(connection, books.scheme, state.number, heard, now)
    return receipt.act


def _open_missing(connection: Connection, books: Books, state: RoundState, now: Instant) -> None:
    """Findings for what a finished sweep did not meet; where one is open already, the sweep is added to it.

    A place that was not covered proves nothing, and opens none. What is silent by itself, and was not confirmed by eye,
    is told as that: unconfirmed, and not as missing from under a reader's nose.
    """
    around = candidates.world(connection)
    cases = candidates.carrier_cases(connection, (line.carrier for line in state.concluded), around)
    sweep = {"round": state.number, "place": state.place_code, "opened_at": state.opened_at, "signed_at": now}
    verdicts = [_missing(cases[line.carrier], line, state, sweep, now) for line in state.concluded]
    known = findings.open_numbers(connection, verdicts)
    note = findings.canonical({"sweep": sweep})
    findings.add_events(connection, [(finding, "evidence", None, note) for finding in known.values()], now)
    everybody = staff.keepers(connection, books.scheme, day(now, books.scheme.timezone))
    opened = findings.open_findings(connection, verdicts, now, books.scheme.timezone, everybody)
    notices.tell_opened(connection, opened, everybody, now)


def _missing(case: Any, line: Line, state: RoundState, sweep: dict[str, Any], now: Instant) -> Verdict:
    code = "unconfirmed_in_sweep" if line.reading else "missing_in_sweep"
    evidence = {
        "clause": KINDS["missing"].clause,
        "rule": {"code": code, "params": {"round": state.number, "place": state.place_code}},
        "books": books_say(case.books),
        "radio": None,
        "sweep": sweep,
        **matter_says(case.matter),
    }
    return Verdict(
        kind="missing",
        about=case.about,
        happened_at=now,
        evidence=evidence,
        carrier=line.carrier,
        epc=case.radio.epc if case.radio else None,
        place=case.books.place.id if case.books.place else None,
        unit=case.books.unit,
        rank=case.books.rank,
        matter=case.matter.id if case.matter else None,
    )
