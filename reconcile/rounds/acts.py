"""A sweep, from opening to signature. A count is an assertion against the books, never an edit: custody does not move.

The expected list is frozen at a ledger position. Scans are events with an identifier made on the device: replayed,
they change nothing. Signing freezes the report, enters `RoundSigned` in the books and opens a finding for everything
not met, in one transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from custody.access import Permission, Subject, may
from custody.clock import day
from custody.database import Database
from custody.entries import RoundSigned, Signature
from custody.rules import NotFound, Params, Refusal, Refused
from custody.store.books import Books
from custody.store.queries import Page
from custody.values import Instant
from reconcile import notices
from reconcile.checks import KINDS, Verdict
from reconcile.checks.verdicts import books_say, matter_says
from reconcile.rounds.codes import Reading, read_code
from reconcile.rounds.state import RoundReport, RoundState, report_of, state_of
from reconcile.store import candidates, findings, staff
from reconcile.store import rounds as store
from reconcile.store.core import UNDO, Connection

Outcome = Literal["new", "repeated", "replayed", "unknown"]
"""`new`: counts; `repeated`: counted already; `replayed`: this very event is here; `unknown`: names no carrier."""
Means = Literal["scan", "eye", "reader"]
"""By a person's scanner, by his eye, or by a device of itself: then it is nobody's."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan as a device sends it: `event` is its own identifier, `at` by its clock, `reason` of a tick by eye."""

    event: str
    code: str
    at: Instant
    means: Means = "scan"
    place: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a scan was. `expected`: the round's expectation (`here`, …), empty for a carrier it does not expect."""

    event: str
    outcome: Outcome
    carrier: int | None
    expected: str
    first_by: int | None
    first_at: Instant | None


def _refused(code: str, **params: str | int) -> Refused:
    given: Params = params
    return Refused((Refusal("", code, given),))


def _permit(subject: Subject, act: str) -> None:
    if not may(subject, Permission.SWEEP):
        raise _refused("not_permitted", act=act)


def open_round(database: Database, books: Books, subject: Subject, place: int, now: Instant) -> str:
    """Open a sweep of a place and everything in it; gives its number.

    Expected is every carrier that the books have there, or whose home is there: `here` where it is in place, else
    under its status, in a bucket of its own. Raises NotFound for an unknown place, Refused.
    """
    _permit(subject, "open_round")
    with database.writing() as connection:
        found = store.place_of(connection, place)
        if found is None:
            raise NotFound
        if found.kind in ("portal", "seat"):
            raise _refused("round_no_store", place=found.code)
        if already := store.open_over(connection, subject, place):
            raise _refused("round_open_already", round=already, place=found.code)
        return store.new_round(connection, subject, found, now, books.scheme.timezone)


def _round(connection: Connection, subject: Subject, number: str, lock: str = "") -> Any:
    """The round's row. Raises NotFound for hidden and absent alike."""
    sees = may(subject, Permission.SWEEP) or may(subject, Permission.SEE_REPORTS)
    row = store.row(connection, number, lock) if sees else None
    if row is None or store.hides(connection, subject, number):
        raise NotFound
    return row


def _open(connection: Connection, subject: Subject, number: str, act: str, lock: str = "share") -> Any:
    row = _round(connection, subject, number, lock)
    _permit(subject, act)
    if row.state != "open":
        raise _refused("round_closed", round=number, state=row.state)
    return row


def scan(
    connection: Connection,
    subject: Subject,
    number: str,
    event: str,
    code: str,
    means: Means,
    place: int | None,
    at: Instant,
) -> ScanResult:
    """One scan, in the caller's writing transaction. Raises as `scan_many`."""
    return scan_many(connection, subject, number, [Scan(event, code, at, means, place)])[0]


def scan_many(connection: Connection, subject: Subject, number: str, scans: Sequence[Scan]) -> list[ScanResult]:
    """Scans in the order given, in the caller's writing transaction; a replayed event changes nothing and says so.

    Raises NotFound; Refused where the round is closed, or the tick of an eye gives no reason; ValueError for an
    empty code or event.
    """
    _open(connection, subject, number, "scan")
    for given in scans:
        if not given.event or given.event.startswith((UNDO, "reader:")):
            raise ValueError(f"{given.event!r} is no identifier of a scan")
        if given.means == "eye" and not given.reason.strip():
            raise _refused("text_missing", field="reason")
    readings = [read_code(given.code) for given in scans]
    carriers = _resolve(connection, subject, readings)
    known = {c for c in carriers if c is not None}
    expected = store.expectations(connection, number, known)
    first: dict[int, tuple[int | None, Instant]] = {
        carrier: (row.by, row.at) for carrier, row in store.counted_already(connection, number, known).items()
    }
    there = store.events_there(connection, number, [given.event for given in scans])
    results, rows = [], []
    for given, reading, carrier in zip(scans, readings, carriers, strict=True):
        before = first.get(carrier) if carrier is not None else None
        outcome = _outcome(given.event in there, carrier, before)
        if outcome != "replayed":
            rows.append(_row(number, subject, given, reading, carrier))
            there.add(given.event)
            if carrier is not None:
                first.setdefault(carrier, (subject.person, given.at))
        wanted = expected.get(carrier) if carrier is not None else None
        results.append(
            ScanResult(given.event, outcome, carrier, wanted.expected if wanted else "", *(before or (None, None)))
        )
    store.add_scans(connection, rows)
    return results


def _outcome(replayed: bool, carrier: int | None, before: tuple[int | None, Instant] | None) -> Outcome:
    if replayed:
        return "replayed"
    if carrier is None:
        return "unknown"
    return "new" if before is None else "repeated"


def _row(number: str, subject: Subject, given: Scan, reading: Reading, carrier: int | None) -> dict[str, Any]:
    return {
        "round": number,
        "event": given.event,
        "code": reading.code,
        "means": given.means,
        "carrier": carrier,
        "epc": reading.epc,
        "place": given.place,
        "at": given.at,
        "by": None if given.means == "reader" else subject.person,
        "reason": given.reason.strip(),
    }


def _resolve(connection: Connection, subject: Subject, readings: Sequence[Reading]) -> list[int | None]:
    """The carrier that each code names for this subject; None for none, hidden, or more than one."""
    tags = store.by_epc(connection, subject, [r.epc for r in readings if r.epc])
    asked = {r.number for r in readings} | {r.numbered[0] for r in readings if r.numbered}
    numbers = store.by_number(connection, subject, asked)
    return [_carrier(reading, tags, numbers) for reading in readings]


def _carrier(reading: Reading, tags: dict[str, store.Known], numbers: dict[str, dict[int, int]]) -> int | None:
    if reading.epc and reading.epc in tags:
        return tags[reading.epc].carrier
    whole = numbers.get(reading.number, {})
    if whole:
        return next(iter(whole.values())) if len(whole) == 1 else None
    if reading.numbered is None:
        return None
    number, copy = reading.numbered
    return numbers.get(number, {}).get(copy)


def undo(connection: Connection, subject: Subject, number: str, event: str, at: Instant, reason: str = "") -> bool:
    """Take a scan back, by an event of its own; False where it was taken back before.

    Raises NotFound for a round or event that is not there, Refused where the round is closed.
    """
    _open(connection, subject, number, "undo")
    undone = store.scan_of(connection, number, event)
    if undone is None or undone.means == "undo":
        raise NotFound
    name = store.undo_event(event)
    if store.scan_of(connection, number, name) is not None:
        return False
    row = {"round": number, "event": name, "code": event, "means": "undo", "carrier": undone.carrier}
    row |= {"epc": None, "place": None, "at": at, "by": subject.person, "reason": reason.strip()}
    store.add_scans(connection, [row])
    return True


def undo_many(
    connection: Connection,
    subject: Subject,
    number: str,
    events: Mapping[str, int | None],
    at: Instant,
    reason: str,
) -> int:
    """Take many scans back, each (event -> carrier) by an event of its own; gives how many. One that was taken back
    before, or is not there, is passed over.

    Raises NotFound, Refused where the round is closed.
    """
    _open(connection, subject, number, "undo")
    there = store.events_there(connection, number, [*events, *map(store.undo_event, events)])
    rows: list[dict[str, Any]] = [
        {"round": number, "event": store.undo_event(event), "code": event, "means": "undo", "carrier": carrier}
        | {"epc": None, "place": None, "at": at, "by": subject.person, "reason": reason.strip()}
        for event, carrier in events.items()
        if event in there and store.undo_event(event) not in there
    ]
    store.add_scans(connection, rows)
    return len(rows)


def opened(connection: Connection, subject: Subject, number: str) -> Instant:
    """When a round was opened. Raises NotFound, Refused where it is closed."""
    at: Instant = _open(connection, subject, number, "scan").opened_at
    return at


def undo_last(connection: Connection, subject: Subject, number: str, at: Instant) -> str | None:
    """Take back the subject's own newest scan; gives the event taken back, None where there is none."""
    _open(connection, subject, number, "undo")
    newest = store.last_scan(connection, number, subject.person)
    if newest is None:
        return None
    undo(connection, subject, number, newest.event, at)
    event: str = newest.event
    return event


def feed_from_readers(connection: Connection, subject: Subject, number: str) -> int:
    """Count what the antennas under the place heard since the opening; gives how many tags this added."""
    row = _open(connection, subject, number, "scan")
    return store.feed(connection, number, row.path, row.opened_at)


def progress(connection: Connection, subject: Subject, number: str) -> tuple[int, int]:
    """How many are expected here, and how many of them were met: the big figure beside the scan box."""
    _round(connection, subject, number)
    return store.progress(connection, number)


def buckets(connection: Connection, subject: Subject, number: str) -> RoundState:
    """The round as it stands; once signed, as it was signed. Raises NotFound."""
    return state_of(connection, subject, _round(connection, subject, number))


def round_report(connection: Connection, subject: Subject, number: str) -> RoundReport:
    """The exact text that a signature now would freeze, and its hash. Raises NotFound."""
    row = _round(connection, subject, number)
    if row.report:
        return RoundReport(row.report, row.report_hash)
    return report_of(state_of(connection, subject, row))


def rounds(
    connection: Connection,
    subject: Subject,
    state: str | None = None,
    place: int | None = None,
    after: str | None = None,
    limit: int = 50,
    before: str | None = None,
) -> Page[Any]:
    """Rounds, the newest first: columns of the round, `place_code`, `opened_by_name`. Raises KeyInvalid."""
    if not (may(subject, Permission.SWEEP) or may(subject, Permission.SEE_REPORTS)):
        return Page(())
    return store.listed(connection, store.not_hidden(subject, state, place), after, before, limit)


def sign_round(
    database: Database, books: Books, subject: Subject, number: str, signature: Signature, now: Instant
) -> str:
    """Finish a round: freeze its report, enter it in the books, open a finding for everything not met.

    `signature.text_hash` is the hash of `round_report`: signed is what was shown, and a scan that came in between
    refuses it (`round_changed`). Gives the act's number. Raises NotFound, Refused; then nothing has changed.
    """
    with database.writing() as connection:
        row = _open(connection, subject, number, "sign_round", lock="own")
        state = state_of(connection, subject, row)
        report = report_of(state)
        if signature.person != subject.person:
            raise _refused("signature_not_own", person=signature.person)
        if signature.text_hash != report.hash:
            raise _refused("round_changed", round=number)
        fact = RoundSigned(
            round=number,
            place=state.place,
            position=state.position,
            expected=state.expected,
            present=len(state.present),
            missing=len(state.missing),
            elsewhere=len(state.elsewhere),
            unexpected=len(state.on_loan_but_here) + len(state.arrived) + len(state.unknown),
            report_hash=report.hash,
        )
        receipt = books.enter(subject, [fact], act="round", signatures=(signature,), connection=connection)
        store.close(
            connection,
            number,
            state="signed",
            finished_at=now,
            signed_by=subject.person,
            act=receipt.act,
            report=report.text,
            report_hash=report.hash,
        )
        _open_missing(connection, books, state, now)
        return receipt.act


def _open_missing(connection: Connection, books: Books, state: RoundState, now: Instant) -> None:
    """Findings for what a finished sweep did not meet; where one is open already, the sweep is added to it."""
    around = candidates.world(connection)
    cases = candidates.carrier_cases(connection, (line.carrier for line in state.missing), around)
    sweep = {"round": state.number, "place": state.place_code, "opened_at": state.opened_at, "signed_at": now}
    verdicts = []
    for line in state.missing:
        case = cases[line.carrier]
        evidence = {
            "clause": KINDS["missing"].clause,
            "rule": {"code": "missing_in_sweep", "params": {"round": state.number, "place": state.place_code}},
            "books": books_say(case.books),
            "radio": None,
            "sweep": sweep,
            **matter_says(case.matter),
        }
        verdicts.append(
            Verdict(
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
        )
    known = findings.open_numbers(connection, verdicts)
    note = findings.canonical({"sweep": sweep})
    findings.add_events(connection, [(finding, "evidence", None, note) for finding in known.values()], now)
    everybody = staff.keepers(connection, books.scheme, day(now, books.scheme.timezone))
    opened = findings.open_findings(connection, verdicts, now, books.scheme.timezone, everybody)
    notices.tell_opened(connection, opened, everybody, now)


def abandon(database: Database, subject: Subject, number: str, reason: str, now: Instant) -> None:
    """Give a round up, with the reason; it concludes nothing. Raises NotFound, Refused."""
    if not reason.strip():
        raise _refused("text_missing", field="reason")
    with database.writing() as connection:
        _open(connection, subject, number, "abandon_round", lock="own")
        store.close(connection, number, state="abandoned", finished_at=now, reason=reason.strip())
