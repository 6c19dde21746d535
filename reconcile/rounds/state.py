"""The buckets of a round and its report: the same for everybody, and once signed as they were signed.

Buckets: `present` (expected here and met), `missing` (expected here, not met), `elsewhere` (met here, belongs
elsewhere), `on_loan_but_here` (met here, but with somebody on the books), `arrived` (put here on the books since the
opening), `left` (lent or moved away on the books since the opening, so not missing), `unknown` (codes of no
carrier), `absent` (on loan or away on the books, as it should be: not met), `beside` (met where it belongs, in a sweep
that does not ask for it).

They are shown finer than they are kept (`shown`): of what was not met, what is silent by itself is told apart from what
is missing, and what nobody looked for from both.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from operator import attrgetter
from typing import Any, Literal, NamedTuple

from custody.values import Instant
from reconcile.rounds.verdict import AWAY, CARRIER_BUCKETS

BUCKETS = (*CARRIER_BUCKETS, "unknown")
SHOWN = (
    *("present", "missing", "weak", "tag_unreadable", "not_covered", "elsewhere", "on_loan_but_here", "arrived"),
    *("beside", "left", "on_loan", "in_circulation", "in_transit", "away", "unknown", "retired_tag", "ghost"),
)
"""The buckets as they are shown, in order."""
WEAK, SILENT = "weak", "silent"


class Line(NamedTuple):
    """A carrier in a bucket; the met half is empty where it was not met. A tuple: there are twenty thousand of them.

    `expected`: `here`, `elsewhere`, `unasked`, or the books' status at the opening.
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
    reading: str = ""
    """`weak`: its tag is heard badly; `silent`: it does not answer, or there is none. Empty: nothing is known of it."""
    covered: bool = True
    """Whether anything was read in its place, or a person says to have been there."""


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
    ghost: int | None = None
    """The destroyed carrier whose tag it was, where the subject may know of it."""


Deal = Literal["put_back", "taken_out", "logged"]
"""What was done at the shelf about what does not agree."""


class Dealt(NamedTuple):
    """Somebody's word that something was dealt with: a carrier, or (None) a code that names none."""

    carrier: int | None
    code: str
    what: str
    by: int
    by_name: str
    at: Instant
    event: str


@dataclass(frozen=True, slots=True)
class Counted:
    """What somebody scanned with one device. `by` None: a reader, or a device of itself."""

    by: int | None
    name: str
    device: str
    scans: int
    first_at: Instant
    last_at: Instant


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
    kind: str = "sweep"
    of: str = ""
    """The sweep that this one counts again."""
    scope: str = "all"
    sample: int = 0
    two: bool = False
    """Whether it takes two signatures."""
    beside: tuple[Line, ...] = ()
    by_device: tuple[Counted, ...] = ()
    uncovered: tuple[tuple[int, str], ...] = ()
    """Places (id, code) of what was not met in which nothing was read, and nobody says to have been."""
    paused: bool = False
    dealt: tuple[Dealt, ...] = ()

    @property
    def dealt_with(self) -> Mapping[int | str, Dealt]:
        """What was done about what does not agree, by carrier, or by the code that names none."""
        return {one.code if one.carrier is None else one.carrier: one for one in self.dealt}

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

    @property
    def concluded(self) -> tuple[Line, ...]:
        """What was not met, and can be concluded upon: its place was covered."""
        return tuple(line for line in self.missing if line.covered)


def shown(state: RoundState) -> dict[str, tuple[Any, ...]]:
    """The buckets as they are shown, each once, in the order of SHOWN."""
    found: dict[str, list[Any]] = {name: [] for name in SHOWN}
    for line in state.missing:
        found[_not_met(line)].append(line)
    for line in state.absent:
        found[AWAY.get(line.expected, "away")].append(line)
    for code in state.unknown:
        found["ghost" if code.ghost is not None else "retired_tag" if code.retired else "unknown"].append(code)
    whole = ("present", "elsewhere", "on_loan_but_here", "arrived", "beside", "left")
    return {name: getattr(state, name) if name in whole else tuple(lines) for name, lines in found.items()}


def _not_met(line: Line) -> str:
    if not line.covered:
        return "not_covered"
    return {WEAK: "weak", SILENT: "tag_unreadable"}.get(line.reading, "missing")


@dataclass(frozen=True, slots=True)
class RoundReport:
    """What is signed: canonical JSON (RFC 8785) and its SHA-256, hexadecimal. No titles in it."""

    text: str
    hash: str


_LINE = Line._fields
_UNKNOWN = tuple(UnknownScan.__slots__)
_device_values = attrgetter(*Counted.__slots__)
_unknown_values = attrgetter(*_UNKNOWN)


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
        "by_device": [list(_device_values(one)) for one in state.by_device],
        "counts": dict(state.counts),
        "kind": state.kind,
        "of": state.of,
        "sample": state.sample,
        "scope": state.scope,
        "two": state.two,
        "uncovered": [list(place) for place in state.uncovered],
        "columns": {"carriers": _LINE, "unknown": _UNKNOWN},
        "buckets": {name: [list(line) for line in getattr(state, name)] for name in CARRIER_BUCKETS}
        | {"unknown": [_unknown_values(scan) for scan in state.unknown]},
    }
    if state.dealt:
        document["dealt"] = [list(one) for one in state.dealt]
    text = canonical(document)
    return RoundReport(text, hashlib.sha256(text.encode("utf-8")).hexdigest())


def canonical(document: Any) -> str:
    """RFC 8785 for what reports hold: texts, integers, truth values, nulls; keys in ASCII. At the speed of C."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def signed_state(head: Mapping[str, Any], report: str) -> RoundState:
    """A round as it was signed. Reports of before say less: what they do not say is as it was for all then.

    `head`: what the round's row says, by the names of RoundState.
    """
    document = json.loads(report)
    buckets, names = document["buckets"], document["columns"]
    lines: dict[str, Any] = {
        name: tuple(Line(**dict(zip(names["carriers"], values, strict=True))) for values in buckets.get(name, ()))
        for name in CARRIER_BUCKETS
    }
    more: dict[str, Any] = {
        name: document[name] for name in ("kind", "of", "sample", "scope", "two") if name in document
    }
    return RoundState(
        **{**head, **more},
        **lines,
        unknown=tuple(UnknownScan(**dict(zip(names["unknown"], values, strict=True))) for values in buckets["unknown"]),
        scans=document["scans"],
        by_person=tuple((person, name, scans) for person, name, scans in document["by_person"]),
        by_device=tuple(Counted(*values) for values in document.get("by_device", ())),
        uncovered=tuple((place, code) for place, code in document.get("uncovered", ())),
        dealt=tuple(Dealt(*values) for values in document.get("dealt", ())),
    )


def rows_of(state: RoundState) -> Iterable[dict[str, Any]]:
    """The report's rows for a workbook, bucket by bucket as they are shown; no titles."""
    dealt = state.dealt_with
    for name, lines in shown(state).items():
        for line in lines:
            row = line._asdict() if isinstance(line, Line) else asdict(line)
            yield {"bucket": name, "dealt": dealt.get(row.get("carrier") or row.get("code", ""))} | row
