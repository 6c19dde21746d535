"""The buckets of a round and its report: derived from the events, the same for everybody, linear in their number.

Buckets: `present` (expected here and met), `missing` (expected here, not met), `elsewhere` (met here, belongs
elsewhere), `on_loan_but_here` (met here, but with somebody on the books), `arrived` (put here on the books since the
opening), `left` (lent or moved away on the books since the opening, so not missing), `unknown` (codes of no
carrier), `absent` (on loan or away on the books, as it should be: not met).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from operator import attrgetter
from typing import Any

from custody.access import Subject
from custody.values import Instant
from reconcile.checks.cases import EXPECTED, STANDING
from reconcile.store import rounds as store
from reconcile.store.core import Connection

CARRIER_BUCKETS = ("present", "missing", "elsewhere", "on_loan_but_here", "arrived", "left", "absent")
BUCKETS = (*CARRIER_BUCKETS, "unknown")


@dataclass(frozen=True, slots=True)
class Line:
    """A carrier in a bucket; the met half is empty where it was not met.

    `expected`: `here`, `elsewhere`, or the books' status at the opening.
    """

    carrier: int
    control_number: str
    copy_number: int
    level: str
    expected: str
    status: str
    """Of the books, when the state was derived."""
    home_code: str | None
    place: int | None
    """Where the books had it at the opening."""
    place_code: str | None
    holder: int | None
    met_code: str | None = None
    means: str | None = None
    by: int | None = None
    by_name: str | None = None
    at: Instant | None = None
    reason: str = ""
    times: int = 0
    wrong_shelf: bool = False
    """Met under the place of the round, on another shelf than the books have it on."""
    by_eye: bool = False
    """Its tag does not answer: it is looked for by eye."""


@dataclass(frozen=True, slots=True)
class UnknownScan:
    """A code that names no carrier, or none within scope."""

    code: str
    met_code: str | None
    means: str
    by: int | None
    by_name: str | None
    at: Instant
    times: int
    retired: bool = False
    """A tag that was taken off a carrier which the subject may know of: it says nothing of where that is."""


@dataclass(frozen=True, slots=True)
class RoundState:
    """A round as it stands (or as it was signed)."""

    number: str
    place: int
    place_code: str
    state: str
    """`open`, `signed`, `abandoned`."""
    opened_by: int
    opened_by_name: str
    opened_at: Instant
    position: int
    """Ledger position at which the expectation was frozen."""
    present: tuple[Line, ...]
    missing: tuple[Line, ...]
    elsewhere: tuple[Line, ...]
    on_loan_but_here: tuple[Line, ...]
    arrived: tuple[Line, ...]
    left: tuple[Line, ...]
    absent: tuple[Line, ...]
    unknown: tuple[UnknownScan, ...]
    scans: int
    """Events that count, repetitions included; 0: nothing was scanned."""
    by_person: tuple[tuple[int | None, str, int], ...]
    """Person (None: a reader), name, scans."""
    finished_at: Instant | None = None
    act: str = ""
    report_hash: str = ""
    reason: str = ""

    @property
    def expected(self) -> int:
        """How many were to be met here at the opening."""
        return len(self.present) + len(self.missing) + len(self.left)

    @property
    def to_find(self) -> int:
        """How many are still to be met."""
        return len(self.missing)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many stand in each bucket."""
        return {name: len(getattr(self, name)) for name in BUCKETS}


@dataclass(frozen=True, slots=True)
class RoundReport:
    """What is signed: canonical JSON (RFC 8785) and its SHA-256, hexadecimal. No titles in it."""

    text: str
    hash: str


def buckets_of(connection: Connection, subject: Subject, row: Any) -> dict[str, list[Line]]:
    """Every carrier of the round in its bucket."""
    found: dict[str, list[Line]] = {name: [] for name in CARRIER_BUCKETS}
    met = store.met(connection, row.number)
    silent = store.by_eye(connection)
    for entry in store.expected_lines(connection, row.number):
        how = met.pop(entry.carrier, None)
        line = _line(entry, how)
        line = replace(line, by_eye=True) if entry.carrier in silent else line
        found[_expected_bucket(entry, how is not None, row.path)].append(line)
    for entry in store.other_lines(connection, subject, met):
        arrived = entry.status in EXPECTED and _under(entry.now_path, row.path)
        bucket = "arrived" if arrived else "elsewhere" if entry.status in STANDING else "on_loan_but_here"
        found[bucket].append(_line(entry, met[entry.carrier]))
    return found


def _under(path: str | None, root: str) -> bool:
    return path is not None and path.startswith(root)


def _expected_bucket(entry: Any, met: bool, root: str) -> str:
    here_now = entry.status in EXPECTED and _under(entry.now_path, root)
    if entry.expected == store.HERE:
        return "present" if met else "missing" if here_now else "left"
    if not met:
        return "absent"
    if here_now:
        return "arrived"
    return "elsewhere" if entry.status in STANDING else "on_loan_but_here"


def _line(entry: Any, met: Any | None) -> Line:
    return Line(
        carrier=entry.carrier,
        control_number=entry.control_number,
        copy_number=entry.copy_number,
        level=entry.level,
        expected=entry.expected,
        status=entry.status,
        home_code=entry.home_code,
        place=entry.expected_place,
        place_code=entry.place_code,
        holder=entry.holder,
        **({} if met is None else _met(met, entry.place_path)),
    )


def _met(met: Any, expected: str | None) -> dict[str, Any]:
    there: str | None = met.met_path
    apart = False
    if there is not None and expected is not None:
        apart = not (there.startswith(expected) or expected.startswith(there))
    return {
        "met_code": met.met_code,
        "means": met.means,
        "by": met.by,
        "by_name": met.by_name,
        "at": met.at,
        "reason": met.reason,
        "times": met.times,
        "wrong_shelf": apart,
    }


def state_of(connection: Connection, subject: Subject, row: Any) -> RoundState:
    """The round's state: derived while it is open, out of its report once it is signed."""
    if row.report:
        return _signed(row)
    people = tuple((r.by, r.name or "", r.scans) for r in store.scans_by_person(connection, row.number))
    scans = store.unknown_scans(connection, row.number)
    off = store.retired(connection, subject, [r.code for r in scans])
    unknown = tuple(
        UnknownScan(r.code, r.met_code, r.means, r.by, r.by_name, r.at, r.times, r.code in off) for r in scans
    )
    lines: dict[str, Any] = {name: tuple(found) for name, found in buckets_of(connection, subject, row).items()}
    return RoundState(
        **_head(row), **lines, unknown=unknown, scans=sum(count for _, _, count in people), by_person=people
    )


def _head(row: Any) -> dict[str, Any]:
    return {
        "number": row.number,
        "place": row.place,
        "place_code": row.place_code,
        "state": row.state,
        "opened_by": row.opened_by,
        "opened_by_name": row.opened_by_name or "",
        "opened_at": row.opened_at,
        "position": row.position,
        "finished_at": row.finished_at,
        "act": row.act,
        "report_hash": row.report_hash,
        "reason": row.reason,
    }


_LINE = tuple(Line.__slots__)
_UNKNOWN = tuple(UnknownScan.__slots__)
_line_values, _unknown_values = attrgetter(*_LINE), attrgetter(*_UNKNOWN)


def report_of(state: RoundState) -> RoundReport:
    """The report of a state: everything it says, and nothing about its own signing.

    Buckets are rows under common `columns`, so that twenty thousand carriers stay a document one can read.
    """
    document = {
        "number": state.number,
        "place": state.place,
        "place_code": state.place_code,
        "opened_by": state.opened_by,
        "opened_by_name": state.opened_by_name,
        "opened_at": state.opened_at,
        "position": state.position,
        "expected": state.expected,
        "scans": state.scans,
        "by_person": [list(entry) for entry in state.by_person],
        "counts": dict(state.counts),
        "columns": {"carriers": _LINE, "unknown": _UNKNOWN},
        "buckets": {name: [_line_values(line) for line in getattr(state, name)] for name in CARRIER_BUCKETS}
        | {"unknown": [_unknown_values(scan) for scan in state.unknown]},
    }
    text = canonical(document)
    return RoundReport(text, hashlib.sha256(text.encode("utf-8")).hexdigest())


def canonical(document: Any) -> str:
    """RFC 8785 for what reports hold: texts, integers, truth values, nulls; keys in ASCII. At the speed of C."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _signed(row: Any) -> RoundState:
    document = json.loads(row.report)
    buckets = document["buckets"]
    names = document["columns"]
    lines: dict[str, Any] = {
        name: tuple(Line(**dict(zip(names["carriers"], values, strict=True))) for values in buckets[name])
        for name in CARRIER_BUCKETS
    }
    return RoundState(
        **_head(row),
        **lines,
        unknown=tuple(UnknownScan(**dict(zip(names["unknown"], values, strict=True))) for values in buckets["unknown"]),
        scans=document["scans"],
        by_person=tuple((person, name, scans) for person, name, scans in document["by_person"]),
    )


def rows_of(state: RoundState) -> Iterable[dict[str, Any]]:
    """The report's rows for a workbook, bucket by bucket; no titles."""
    for name in CARRIER_BUCKETS:
        for line in getattr(state, name):
            yield {"bucket": name} | asdict(line)
    for scan in state.unknown:
        yield {"bucket": "unknown"} | asdict(scan)
