"""What an edge daemon posts, checked by hand: bytes in, a batch of plain rows out, or an error that names the cell.

The wire contract (`POST /api/v1/intake`): one JSON object with `daemon`, `boot` and the tables `sightings`,
`coverage`, `reports`, `losses`, `inputs`, `alarms`, each row an array led by its sequence in that boot (from 1).
Checks go column by column, so that a thousand rows cost a few milliseconds. Words meant for people (`detail`,
`model`, `firmware`) are cleaned instead of refused: a control character in them must not cost the evidence.
"""

import functools
import itertools
import json
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn, get_args

from pydantic_core import from_json

from readers.sighting import Instant, ReaderState

BYTES_MAX = 8 * 1024 * 1024
RECORDS_MAX = 10_000
SEQUENCE_MAX = 2**53 - 1
"""Largest integer that every JSON library keeps exactly (RFC 8259, section 6)."""
TIME_MIN: Instant = 946_684_800_000_000
"""2000-01-01 UTC."""
TIME_MAX: Instant = 4_102_444_800_000_000
"""2100-01-01 UTC."""
COUNT_MAX = 2**31 - 1
ANTENNA_MAX = 65_535
NAME_CHARACTERS_MAX = 64
DETAIL_CHARACTERS_MAX = 500
PARTS_CHARACTERS_MAX = 2000
CLOCK_OFFSET_MAX = 200 * 366 * 86_400 * 1_000_000

EPC_BYTES_MAX = 62
_HEX_DIGITS = "0123456789ABCDEF"
_BOOT = re.compile(r"[0-9a-f]{8,64}")
_STATES = frozenset(get_args(ReaderState))
_REASONS = frozenset(("not_listed", "list_expired", "no_list", "unknown_tag"))


class IntakeInvalid(ValueError):
    """The batch cannot be taken; nothing of it was. `table`, `row` (from 1) and `column` say where."""

    def __init__(self, what: str, *, table: str = "", row: int = 0, column: str = "") -> None:
        self.table, self.row, self.column = table, row, column
        where = ", ".join(
            part for part in (table, f"row {row}" if row else "", f"column {column}" if column else "") if part
        )
        super().__init__(f"{where}: {what}" if where else what)


class SightingRecord(NamedTuple):
    """Reads of one tag by one antenna, folded; times are Instants, strengths dBm."""

    sequence: int
    epc: str
    tid: str | None
    reader: str
    antenna: int
    first_at: Instant
    last_at: Instant
    reads: int
    strongest_dbm: float | None
    mean_dbm: float | None
    received_at: Instant
    """When the daemon had it (its own clock)."""


class CoverageRecord(NamedTuple):
    """The antenna was truly listening from `since_at` through `through_at`."""

    sequence: int
    reader: str
    antenna: int
    since_at: Instant
    through_at: Instant


class ReportRecord(NamedTuple):
    """A reader changed its state, or said something of itself."""

    sequence: int
    reader: str
    state: str
    at: Instant
    detail: str
    model: str | None
    firmware: str | None
    clock_offset_us: int | None


class InputRecord(NamedTuple):
    """An input of a reader changed: a beam, a door contact, a button."""

    sequence: int
    reader: str
    port: int
    active: bool
    at: Instant
    received_at: Instant


class AlarmRecord(NamedTuple):
    """What the guard at a portal concluded by itself, and what it did (`readers.sighting.DoorAlarm`)."""

    sequence: int
    reader: str
    portal: str
    epc: str
    at: Instant
    direction: str
    score: float
    level: str
    reason: str
    door_list: int
    outputs: str
    parts: str


class LossRecord(NamedTuple):
    """The daemon's spool dropped records at its configured bound."""

    sequence: int
    since_at: Instant
    through_at: Instant
    records: int


@dataclass(frozen=True, slots=True)
class IntakeBatch:
    """One delivery of one boot of one daemon. Each table is in ascending sequence, and holds each sequence once."""

    daemon: str
    boot: str
    sightings: tuple[SightingRecord, ...] = ()
    coverage: tuple[CoverageRecord, ...] = ()
    reports: tuple[ReportRecord, ...] = ()
    losses: tuple[LossRecord, ...] = ()
    inputs: tuple[InputRecord, ...] = ()
    alarms: tuple[AlarmRecord, ...] = ()

    def sequences(self) -> list[int]:
        """Every sequence in the batch, ascending."""
        tables: tuple[Iterable[Any], ...] = (
            self.sightings,
            self.coverage,
            self.reports,
            self.losses,
            self.inputs,
            self.alarms,
        )
        return sorted(map(_FIRST, itertools.chain.from_iterable(tables)))


class _Column(NamedTuple):
    name: str
    wanted: str
    good: Callable[[Sequence[Any]], bool]
    """Whether all these cells are good; asked of whole columns first, of single cells where one is not."""


_FIRST = operator.itemgetter(0)
"""Of a row, its sequence."""


# Types are compared, not asked with isinstance: JSON's true is no number.
def _whole(low: int, high: int) -> Callable[[Sequence[Any]], bool]:
    return lambda cells: set(map(type, cells)) == {int} and low <= min(cells) and max(cells) <= high


def _each(good: Callable[[Any], bool]) -> Callable[[Sequence[Any]], bool]:
    """Texts, most of them the same ones again: each is looked at once."""
    return lambda cells: set(map(type, cells)) == {str} and all(map(good, set(cells)))


def is_name(value: Any) -> bool:
    """Whether this can be the name of a reader, a daemon or a portal."""
    return (
        type(value) is str and 0 < len(value) <= NAME_CHARACTERS_MAX and value.isprintable() and value == value.strip()
    )


def _are_dbm(cells: Sequence[Any]) -> bool:
    # There is no NaN among them (`_object`), so the extremes speak for all; infinity is one of them.
    known = [cell for cell in cells if cell is not None]
    return not known or (set(map(type, known)) <= {int, float} and min(known) >= -200 and max(known) <= 100)


def _are_shares(cells: Sequence[Any]) -> bool:
    return set(map(type, cells)) <= {int, float} and min(cells) >= 0 and max(cells) <= 1


def _are_parts(value: str) -> bool:
    if len(value) > PARTS_CHARACTERS_MAX:
        return False
    try:
        parts = json.loads(value, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False
    return isinstance(parts, dict) and all(type(part) in (int, float) for part in parts.values())


def _are_hex(cells: Sequence[Any]) -> bool:
    if set(map(type, cells)) != {str}:
        return False
    if any(length % 2 or not 0 < length <= 2 * EPC_BYTES_MAX for length in set(map(len, cells))):
        return False
    # Nothing is left of the whole column but digits: asked in one go.
    return not "".join(cells).strip(_HEX_DIGITS)


def _optional(good: Callable[[Sequence[Any]], bool]) -> Callable[[Sequence[Any]], bool]:
    def all_good(cells: Sequence[Any]) -> bool:
        known = [cell for cell in cells if cell is not None]
        return not known or good(known)

    return all_good


_is_text = _each(lambda _value: True)
_is_state = _each(lambda value: value in _STATES)


_SEQUENCE = _Column("sequence", f"a whole number from 1 to {SEQUENCE_MAX}", _whole(1, SEQUENCE_MAX))
_READER = _Column("reader", f"a name of 1 to {NAME_CHARACTERS_MAX} printable characters", _each(is_name))
_ANTENNA = _Column("antenna", f"a whole number from 0 to {ANTENNA_MAX}", _whole(0, ANTENNA_MAX))


def _time(name: str) -> _Column:
    return _Column(name, "microseconds since 1970 UTC, between the years 2000 and 2100", _whole(TIME_MIN, TIME_MAX))


_HEX_WANTED = f"upper-case hexadecimal, whole bytes, 1 to {EPC_BYTES_MAX} of them"
_SIGHTINGS = (
    _SEQUENCE,
    _Column("epc", _HEX_WANTED, _are_hex),
    _Column("tid", f"null, or {_HEX_WANTED}", _optional(_are_hex)),
    _READER,
    _ANTENNA,
    _time("first_at"),
    _time("last_at"),
    _Column("count", f"a whole number from 1 to {COUNT_MAX}", _whole(1, COUNT_MAX)),
    _Column("strongest_dbm", "null, or dBm between -200 and 100", _are_dbm),
    _Column("mean_dbm", "null, or dBm between -200 and 100", _are_dbm),
    _time("received_at"),
)
_COVERAGE = (_SEQUENCE, _READER, _ANTENNA, _time("since_at"), _time("through_at"))
_REPORTS = (
    _SEQUENCE,
    _READER,
    _Column("state", f"one of {', '.join(sorted(_STATES))}", _is_state),
    _time("at"),
    _Column("detail", "a text", _is_text),
    _Column("model", "null, or a text", _optional(_is_text)),
    _Column("firmware", "null, or a text", _optional(_is_text)),
    _Column(
        "clock_offset_us",
        "null, or whole microseconds, at most 200 years",
        _optional(_whole(-CLOCK_OFFSET_MAX, CLOCK_OFFSET_MAX)),
    ),
)
_LOSSES = (
    _SEQUENCE,
    _time("since_at"),
    _time("through_at"),
    _Column("records", f"a whole number from 1 to {SEQUENCE_MAX}", _whole(1, SEQUENCE_MAX)),
)
_INPUTS = (
    _SEQUENCE,
    _READER,
    _Column("port", "a whole number from 0 to 65535", _whole(0, 65_535)),
    _Column("active", "true or false", lambda cells: set(map(type, cells)) == {bool}),
    _time("at"),
    _time("received_at"),
)
_ALARMS = (
    _SEQUENCE,
    _READER,
    _Column("portal", f"a name of 1 to {NAME_CHARACTERS_MAX} printable characters", _each(is_name)),
    _Column("epc", _HEX_WANTED, _are_hex),
    _time("at"),
    _Column("direction", "in, out or unknown", _each(lambda value: value in ("in", "out", "unknown"))),
    _Column("score", "a number from 0 to 1", _are_shares),
    _Column("level", "suspect or alarm", _each(lambda value: value in ("suspect", "alarm"))),
    _Column("reason", f"one of {', '.join(sorted(_REASONS))}", _each(lambda value: value in _REASONS)),
    _Column("door_list", f"a whole number from 0 to {SEQUENCE_MAX}", _whole(0, SEQUENCE_MAX)),
    _Column("outputs", "a text", _is_text),
    _Column("parts", "a JSON object of numbers, as text", _each(_are_parts)),
)
_KEYS = ("daemon", "boot", "sightings", "coverage", "reports", "losses", "inputs", "alarms")
_COLUMNS = (_SIGHTINGS, _COVERAGE, _REPORTS, _LOSSES, _INPUTS, _ALARMS)


def parse_batch(raw: bytes) -> IntakeBatch:
    """The batch in the body of a post. Raises IntakeInvalid naming table, row and column; then nothing is taken."""
    body = _object(raw)
    daemon, boot = body.get("daemon"), body.get("boot")
    if not is_name(daemon):
        raise IntakeInvalid(f"daemon must be {_READER.wanted}, not {_shown(daemon)}")
    if not isinstance(boot, str) or _BOOT.fullmatch(boot) is None:
        raise IntakeInvalid(f"boot must be 8 to 64 lower-case hexadecimal digits, not {_shown(boot)}")
    tables = {name: _rows(name, body.get(name, [])) for name in _KEYS[2:]}
    total = sum(map(len, tables.values()))
    if total > RECORDS_MAX:
        raise IntakeInvalid(f"{total} records in one batch; send at most {RECORDS_MAX}")
    for name, columns in zip(_KEYS[2:], _COLUMNS, strict=True):
        _check(name, tables[name], columns)
    _ordered("sightings", tables["sightings"], 5, 6, ("first_at", "last_at"))
    _ordered("coverage", tables["coverage"], 3, 4, ("since_at", "through_at"))
    _ordered("losses", tables["losses"], 1, 2, ("since_at", "through_at"))
    batch = IntakeBatch(
        str(daemon),
        boot,
        tuple(map(sighting_record, _once("sightings", tables["sightings"]))),
        tuple(map(CoverageRecord._make, _once("coverage", tables["coverage"]))),
        tuple(map(_report, _once("reports", tables["reports"]))),
        tuple(map(LossRecord._make, _once("losses", tables["losses"]))),
        tuple(map(InputRecord._make, _once("inputs", tables["inputs"]))),
        tuple(map(_alarm, _once("alarms", tables["alarms"]))),
    )
    checked_distinct(batch.sequences())
    return batch


def batch_bytes(batch: IntakeBatch) -> bytes:
    """The body that `parse_batch` reads back as this batch."""
    tables = (batch.sightings, batch.coverage, batch.reports, batch.losses, batch.inputs, batch.alarms)
    head: dict[str, Any] = {"daemon": batch.daemon, "boot": batch.boot}
    return json.dumps(head | dict(zip(_KEYS[2:], tables, strict=True)), ensure_ascii=False).encode()


def _object(raw: bytes) -> dict[str, Any]:
    if len(raw) > BYTES_MAX:
        raise IntakeInvalid(f"{len(raw)} bytes in one batch; send at most {BYTES_MAX}")
    try:
        body = from_json(raw, allow_inf_nan=False)
    except ValueError:
        # Half as quick, but it reads also half a surrogate pair, which then is named, or cleaned, where it stands.
        body = _slowly(raw)
    if not isinstance(body, dict):
        raise IntakeInvalid("the body must be one JSON object")
    unknown = sorted(set(body) - set(_KEYS))
    if unknown:
        raise IntakeInvalid(f"{_shown(unknown[0])} is not known; known are {', '.join(_KEYS)}")
    return body


def _slowly(raw: bytes) -> Any:
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise IntakeInvalid(f"the body is not JSON in UTF-8: {error}") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _rows(table: str, rows: Any) -> list[Any]:
    if not isinstance(rows, list):
        raise IntakeInvalid("must be an array of rows", table=table)
    return rows


def _check(table: str, rows: Sequence[Any], columns: tuple[_Column, ...]) -> None:
    width = len(columns)
    if set(map(type, rows)) - {list} or set(map(len, rows)) - {width}:
        number = next(n for n, row in enumerate(rows, 1) if type(row) is not list or len(row) != width)
        names = ", ".join(column.name for column in columns)
        raise IntakeInvalid(f"must be an array of {width} values: {names}", table=table, row=number)
    for column, cells in zip(columns, zip(*rows, strict=True), strict=False):
        if column.good(cells):
            continue
        number, cell = next((n, cell) for n, cell in enumerate(cells, 1) if not column.good([cell]))
        raise IntakeInvalid(f"must be {column.wanted}, not {_shown(cell)}", table=table, row=number, column=column.name)


def _ordered(table: str, rows: Sequence[Any], low: int, high: int, names: tuple[str, str]) -> None:
    if all(map(operator.le, map(operator.itemgetter(low), rows), map(operator.itemgetter(high), rows))):
        return
    number, row = next((n, row) for n, row in enumerate(rows, 1) if row[low] > row[high])
    raise IntakeInvalid(
        f"must not be before {names[0]} ({row[high]} < {row[low]})", table=table, row=number, column=names[1]
    )


def _once(table: str, rows: Sequence[Any]) -> list[Any]:
    """Rows by sequence, each once. The same row twice is harmless; two different ones of one sequence are not."""
    sequences = list(map(_FIRST, rows))
    if all(map(operator.lt, sequences, sequences[1:])):
        return list(rows)
    kept: dict[int, tuple[int, Any]] = {}
    for number, row in enumerate(rows, 1):
        _, first = kept.setdefault(row[0], (number, row))
        if first != row:
            raise IntakeInvalid(
                f"{row[0]} stands in row {kept[row[0]][0]} already, with other values",
                table=table,
                row=number,
                column="sequence",
            )
    return [kept[sequence][1] for sequence in sorted(kept)]


def checked_distinct(sequences: Sequence[int]) -> None:
    """Raises IntakeInvalid where a sequence of these, in ascending order, stands for two records."""
    if len(set(sequences)) == len(sequences):
        return
    for before, after in itertools.pairwise(sequences):
        if before == after:
            raise IntakeInvalid(f"sequence {after} stands in two tables; a sequence names one record")


# `_make` without its look at the length, which `_check` has had: this is called for every sighting.
sighting_record: Callable[[Iterable[Any]], SightingRecord] = functools.partial(tuple.__new__, SightingRecord)


def _report(row: Sequence[Any]) -> ReportRecord:
    sequence, reader, state, at, detail, model, firmware, offset = row
    return ReportRecord(sequence, reader, state, at, _cleaned(detail), _words(model), _words(firmware), offset)


def _alarm(row: Sequence[Any]) -> AlarmRecord:
    alarm = AlarmRecord._make(row)
    return alarm._replace(score=float(alarm.score), outputs=_cleaned(alarm.outputs))


def _words(value: str | None) -> str | None:
    return None if value is None else _cleaned(value)


def _cleaned(value: str) -> str:
    kept = value if value.isprintable() else "".join(c if c.isprintable() else " " for c in value)
    return kept.strip()[:DETAIL_CHARACTERS_MAX]


def _shown(value: Any) -> str:
    shown = ascii(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
