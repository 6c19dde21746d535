"""A sweep from its opening to its last scan. A count is an assertion against the books, never an edit: custody does
not move.

The expected list is frozen at a ledger position. Scans are events with an identifier made on the device: replayed,
they change nothing. Of a blind count nobody learns what it expects until it was said to be finished.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from custody.access import Permission, Subject, may
from custody.database import Database
from custody.rules import NotFound, Params, Refusal, Refused
from custody.scheme import Scheme
from custody.store.books import Books
from custody.store.queries import Page
from custody.values import Instant
from reconcile.rounds.codes import Reading, read_code
from reconcile.rounds.deriving import devices_of, paused, state_of
from reconcile.rounds.ghosts import open_ghosts
from reconcile.rounds.state import Counted, RoundReport, RoundState, report_of
from reconcile.rounds.terms import OFFICIAL, Terms
from reconcile.store import round_events as events
from reconcile.store import rounds as store
from reconcile.store.core import UNDO, Connection
from reconcile.store.round_opening import Opening, new_round

Outcome = Literal["new", "repeated", "replayed", "unknown"]
"""`new`: counts; `repeated`: counted already; `replayed`: this very event is here; `unknown`: names no carrier."""
Means = Literal["scan", "eye", "reader"]
"""By a person's scanner, by his eye, or by a device of itself: then it is nobody's."""


BLIND = "blind"


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
    """What a scan was. `expected`: the round's expectation (`here`, …), empty for a carrier it does not expect; of a
    blind count only `blind`."""

    event: str
    outcome: Outcome
    carrier: int | None
    expected: str
    first_by: int | None
    first_at: Instant | None


def refused(code: str, **params: str | int) -> Refused:
    given: Params = params
    return Refused((Refusal("", code, given),))


def permit(subject: Subject, act: str) -> None:
    if not may(subject, Permission.SWEEP):
        raise refused("not_permitted", act=act)


def open_round(
    database: Database, books: Books, subject: Subject, place: int, now: Instant, terms: Terms = OFFICIAL
) -> str:
    """Open a sweep of a place and everything in it; gives its number. The place of a recount is that of its sweep.

    Expected is every carrier that the books have there, or whose home is there: `here` where it is in place, else
    under its status, in a bucket of its own. Raises NotFound for an unknown place or sweep, Refused.
    """
    permit(subject, "open_round")
    with database.writing() as connection:
        counted = _counted_again(connection, subject, terms)
        found = store.place_of(connection, counted.place if counted else place)
        if found is None:
            raise NotFound
        if found.kind in ("portal", "seat"):
            raise refused("round_no_store", place=found.code)
        if already := store.open_over(connection, subject, found.id):
            raise refused("round_open_already", round=already, place=found.code)
        missing = counted is not None and terms.scope == "missing"
        opening = Opening(
            kind=terms.kind,
            of=terms.of,
            scope=terms.scope,
            two_from=books.scheme.number("sweep_two_from_rank"),
            other_from=books.scheme.number("recount_other_from_rank"),
            only=frozenset(line.carrier for line in counted.missing) if counted and missing else None,
            sample=terms.sample,
            chance=terms.chance,
        )
        number = new_round(connection, subject, found, opening, now, books.scheme.timezone)
        if terms.of:
            independent(connection, subject, number)
        return number


def _counted_again(connection: Connection, subject: Subject, terms: Terms) -> RoundState | None:
    """The signed sweep that a recount counts again. Raises NotFound, Refused where it is not signed."""
    if not terms.of:
        return None
    row = round_row(connection, subject, terms.of)
    if row.state != "signed":
        raise refused("round_not_signed", round=terms.of)
    return state_of(connection, subject, row)


def independent(connection: Connection, subject: Subject, number: str) -> None:
    """Refuse who took part in the sweep that this one counts again, where it is to be done by others."""
    terms = events.terms_of(connection, number)
    if terms.other and subject.person in events.counters(connection, terms.of):
        raise refused("round_counted_by_you", round=terms.of)


def is_blind(connection: Connection, row: Any) -> bool:
    """Whether what this round expects must not be shown now: a blind count that is not finished."""
    if row.kind != "blind" or row.state != "open":
        return False
    return not events.said(connection, row.number, "counted")


def round_row(connection: Connection, subject: Subject, number: str, lock: str = "") -> Any:
    """The round's row. Raises NotFound for hidden and absent alike."""
    sees = may(subject, Permission.SWEEP) or may(subject, Permission.SEE_REPORTS)
    row = store.row(connection, number, lock) if sees else None
    if row is None or store.hides(connection, subject, number):
        raise NotFound
    return row


def open_row(connection: Connection, subject: Subject, number: str, act: str, lock: str = "share") -> Any:
    row = round_row(connection, subject, number, lock)
    permit(subject, act)
    if row.state != "open":
        raise refused("round_closed", round=number, state=row.state)
    return row


def countable(connection: Connection, subject: Subject, number: str, act: str, latest: Instant) -> Any:
    """The round's row, where a count may go on: it is open, not resting at `latest` (the newest time of what is to be
    counted), its blind count not finished, and the subject independent of what it counts again."""
    row = open_row(connection, subject, number, act)
    independent(connection, subject, number)
    told = events.said(connection, number, "paused", "resumed", "counted")
    if any(one.what == "counted" for one in told):
        raise refused("round_counted", round=number)
    rests = [one for one in told if one.what in ("paused", "resumed")]
    if rests and rests[-1].what == "paused" and latest > rests[-1].at:
        raise refused("round_paused", round=number)
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


def scan_many(
    connection: Connection, subject: Subject, number: str, scans: Sequence[Scan], scheme: Scheme | None = None
) -> list[ScanResult]:
    """Scans in the order given, in the caller's writing transaction; a replayed event changes nothing and says so.

    With the `scheme` a tag of a destroyed carrier opens its finding at once; else when the sweep is signed. Raises
    NotFound; Refused where the round takes no scans, or the tick of an eye gives no reason; ValueError for an empty
    code or event.
    """
    row = countable(connection, subject, number, "scan", max((given.at for given in scans), default=0))
    for given in scans:
        if not given.event or given.event.startswith((UNDO, "reader:")):
            raise ValueError(f"{given.event!r} is no identifier of a scan")
        if given.means == "eye" and not given.reason.strip():
            raise refused("text_missing", field="reason")
    readings = [read_code(given.code) for given in scans]
    carriers = resolve(connection, subject, readings)
    known = {c for c in carriers if c is not None}
    expected = store.expectations(connection, number, known)
    first: dict[int, tuple[int | None, Instant]] = {
        carrier: (row.by, row.at) for carrier, row in store.counted_already(connection, number, known).items()
    }
    there = store.events_there(connection, number, [given.event for given in scans])
    blind = is_blind(connection, row)
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
        said = BLIND if blind else wanted.expected if wanted else ""
        results.append(ScanResult(given.event, outcome, carrier, said, *(before or (None, None))))
    store.add_scans(connection, rows)
    if scheme is not None:
        heard = {row["epc"]: row["at"] for row in rows if row["carrier"] is None and row["epc"]}
        open_ghosts(connection, scheme, number, heard, max((given.at for given in scans), default=0))
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


def resolve(connection: Connection, subject: Subject, readings: Sequence[Reading]) -> list[int | None]:
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
    countable(connection, subject, number, "undo", 0)
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
    countable(connection, subject, number, "undo", 0)
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
    at: Instant = open_row(connection, subject, number, "scan").opened_at
    return at


def undo_last(connection: Connection, subject: Subject, number: str, at: Instant) -> str | None:
    """Take back the subject's own newest scan; gives the event taken back, None where there is none."""
    countable(connection, subject, number, "undo", 0)
    newest = store.last_scan(connection, number, subject.person)
    if newest is None:
        return None
    undo(connection, subject, number, newest.event, at)
    event: str = newest.event
    return event


def feed_from_readers(connection: Connection, subject: Subject, number: str) -> int:
    """Count what the antennas under the place heard since the opening; gives how many tags this added."""
    row = open_row(connection, subject, number, "scan")
    if events.said(connection, number, "counted") or paused(events.said(connection, number)):
        return 0
    return store.feed(connection, number, row.path, row.opened_at)


def progress(connection: Connection, subject: Subject, number: str) -> tuple[int | None, int]:
    """How many are expected here, and how many of them were met: the big figure beside the scan box. Of a blind count
    nothing is expected (None), and met is whatever was scanned."""
    if is_blind(connection, round_row(connection, subject, number)):
        return None, events.tally(connection, number)[0]
    return store.progress(connection, number)


@dataclass(frozen=True, slots=True)
class Tally:
    """All that is shown of a blind count: who counted, and how much. Nothing of what is expected."""

    number: str
    place: int
    place_code: str
    opened_by: int
    opened_by_name: str
    opened_at: Instant
    carriers: int
    unknown: int
    scans: int
    by_device: tuple[Counted, ...]
    paused: bool
    kind: str = "blind"
    state: str = "open"


def blind_tally(connection: Connection, subject: Subject, number: str) -> Tally | None:
    """What is shown of a blind count that is not finished; None of every other round. Raises NotFound."""
    row = round_row(connection, subject, number)
    if not is_blind(connection, row):
        return None
    carriers, unknown = events.tally(connection, number)
    by_device = devices_of(connection, number)
    return Tally(
        number=number,
        place=row.place,
        place_code=row.place_code,
        opened_by=row.opened_by,
        opened_by_name=row.opened_by_name or "",
        opened_at=row.opened_at,
        carriers=carriers,
        unknown=unknown,
        scans=sum(one.scans for one in by_device),
        by_device=by_device,
        paused=paused(events.said(connection, number)),
    )


def seeing(connection: Connection, subject: Subject, number: str) -> Any:
    """The round's row, where what it expects may be shown. Raises NotFound, Refused for a blind count under way."""
    row = round_row(connection, subject, number)
    if is_blind(connection, row):
        raise refused("round_blind", round=number)
    return row


def buckets(connection: Connection, subject: Subject, number: str) -> RoundState:
    """The round as it stands; once signed, as it was signed. Raises NotFound, Refused for a blind count under way."""
    return state_of(connection, subject, seeing(connection, subject, number))


def round_report(connection: Connection, subject: Subject, number: str) -> RoundReport:
    """The exact text that a signature now would freeze, and its hash. Raises as `buckets`."""
    row = seeing(connection, subject, number)
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


def abandon(database: Database, subject: Subject, number: str, reason: str, now: Instant) -> None:
    """Give a round up, with the reason; it concludes nothing. Raises NotFound, Refused."""
    if not reason.strip():
        raise refused("text_missing", field="reason")
    with database.writing() as connection:
        open_row(connection, subject, number, "abandon_round", lock="own")
        store.close(connection, number, state="abandoned", finished_at=now, reason=reason.strip())
