"""Rows to reads: every row is a read, refused with its reason, or none of a tag at all. Nothing is lost unsaid."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo

from readers.handheld.columns import Layout, Role, plain_name
from readers.handheld.text import Row, Table
from readers.handheld.values import Stamps, ValueWrong, epc_of, instant_of, number_of, whole_of
from readers.sighting import Instant, Sighting

REFUSED_KEPT = 20
"""Of each reason so many rows are told."""
PERIOD_US = 10_000_000
"""A sighting spans no more than this."""
CLOCK_SET_FROM: Instant = 1_262_304_000_000_000
"""2010-01-01 UTC: an earlier time comes of a clock that nobody set."""
AHEAD_US = 60_000_000
"""A read may be so far ahead of the server's clock."""
ANTENNA_MAX = 65_535
COUNT_MAX = 2**31 - 1
_COMMENTS = ("//", "#", "--")


@dataclass(frozen=True, slots=True)
class Read:
    """A tag that was read. `row`: its line in the file; `stamped_at`: by the handheld's clock; `at`, `last_at`: when it
    was, with that clock's error taken out; `antenna` 0: not said.
    """

    row: int
    epc: str
    tid: str | None
    stamped_at: Instant
    at: Instant
    last_at: Instant
    rssi_dbm: float | None
    antenna: int
    count: int


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is no evidence: where, what stands there, and why (a code of the catalogue)."""

    row: int
    column: str
    value: str
    code: str


@dataclass(frozen=True, slots=True)
class Said:
    """What the file does not say and a person does.

    `zone`: of times that name none; `swept_at`: when the sweep was, for a file without times, and whose day a time of
    the day belongs to; `day_first`: which of 3/4/2026 is the day; `clock_us`: how far the handheld's clock was ahead;
    `now`: what is later than now is refused.
    """

    now: Instant
    zone: tzinfo = UTC
    swept_at: Instant | None = None
    day: date | None = None
    day_first: bool | None = None
    clock_us: int = 0


@dataclass(slots=True)
class Understood:
    """What a table comes to. `refused`: of each reason the first REFUSED_KEPT rows; `reasons`: how many rows each has;
    `skipped`: rows without a tag (totals, notes, headers again); `dropped`: how many cells
    of a role could not be read, whose rows count without them.
    """

    reads: list[Read] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    refused_rows: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    skipped: int = 0
    dropped: dict[Role, int] = field(default_factory=dict)

    @property
    def tags(self) -> set[str]:
        """The tags that were read."""
        return {read.epc for read in self.reads}

    @property
    def span(self) -> tuple[Instant, Instant] | None:
        """From the first read to the last; None where there is none."""
        if not self.reads:
            return None
        return min(read.at for read in self.reads), max(read.last_at for read in self.reads)


def understand(table: Table, layout: Layout, said: Said) -> Understood:
    """The reads of a table as it is laid out. Without a column of tags every row is refused."""
    found = Understood()
    reader = _Reader(layout, said, found)
    for row in table.rows[layout.first :]:
        reader.take(row)
    return found


class _Reader:
    """Reads row by row: where each role stands is looked up once."""

    def __init__(self, layout: Layout, said: Said, found: Understood) -> None:
        self._layout, self._said, self._found = layout, said, found
        at: Mapping[Role, int | None] = {column.role: column.index for column in layout.columns}
        self._epc, self._tid, self._time = at.get("epc"), at.get("tid"), at.get("time")
        self._last, self._date = at.get("last"), at.get("date")
        self._rssi, self._antenna, self._count = at.get("rssi"), at.get("antenna"), at.get("count")
        day_first = layout.day_first if said.day_first is None else said.day_first
        self._stamps = Stamps(said.zone, day_first, said.day)
        self._headers = {column.index: plain_name(column.header) for column in layout.columns if column.header}
        self._seen: dict[str, Instant] = {}

    def take(self, row: Row) -> None:
        """One row."""
        number, cells = row
        text = _cell(cells, self._epc)
        if self._epc is None:
            self._refuse(number, None, cells[0] if cells else "", "no_tag_column")
            return
        if not text or cells[0].startswith(_COMMENTS) or plain_name(text) == self._headers.get(self._epc):
            self._found.skipped += 1
            return
        try:
            epc = epc_of(text)
        except ValueWrong as wrong:
            # A total or a remark under the table: words, and nothing in the other columns.
            if wrong.code in ("epc_hex", "epc_length", "epc_odd") and self._is_remark(cells):
                self._found.skipped += 1
            else:
                self._refuse(number, self._epc, text, wrong.code)
            return
        try:
            stamped = self._moment(cells, self._time)
        except ValueWrong as wrong:
            self._refuse(number, self._time, _cell(cells, self._time), wrong.code)
            return
        if stamped is None:
            stamped = self._said.swept_at
        if stamped is None:
            self._refuse(number, None, text, "time_unsaid")
            return
        at = stamped - self._said.clock_us
        if at > self._said.now + AHEAD_US or at < CLOCK_SET_FROM:
            code = "time_before" if at < CLOCK_SET_FROM else "time_ahead"
            self._refuse(number, self._time, _cell(cells, self._time), code)
            return
        self._found.reads.append(self._read(number, cells, epc, stamped, at))

    def _read(self, number: int, cells: Sequence[str], epc: str, stamped: Instant, at: Instant) -> Read:
        last = at
        if self._last is not None:
            try:
                last = (self._moment(cells, self._last) or stamped) - self._said.clock_us
            except ValueWrong:
                self._drop("last")
            if not at <= last <= self._said.now + AHEAD_US:
                last = at
        return Read(
            number,
            epc,
            self._chip(cells),
            stamped,
            at,
            last,
            self._strength(cells),
            self._whole(cells, self._antenna, "antenna", 0, ANTENNA_MAX),
            max(1, self._whole(cells, self._count, "count", 1, COUNT_MAX)),
        )

    def _is_remark(self, cells: Sequence[str]) -> bool:
        used = (self._time, self._rssi, self._antenna, self._tid)
        if not any(index is not None for index in used):
            return " " in _cell(cells, self._epc) or sum(map(bool, cells)) == 1 < len(self._layout.columns)
        return not any(_cell(cells, index) for index in used)

    def _moment(self, cells: Sequence[str], index: int | None) -> Instant | None:
        text = _cell(cells, index)
        if index is None:
            return None
        if self._date is not None and (day := _cell(cells, self._date)):
            text = f"{day} {text}"
        # Reads come many to the second: the text of the one before is often this one's.
        known = self._seen.get(text)
        if known is None:
            known = instant_of(text, self._stamps)
            if len(self._seen) > 10_000:
                self._seen.clear()
            self._seen[text] = known
        return known

    def _chip(self, cells: Sequence[str]) -> str | None:
        text = _cell(cells, self._tid)
        if not text:
            return None
        try:
            return epc_of(text)
        except ValueWrong:
            self._drop("tid")
            return None

    def _strength(self, cells: Sequence[str]) -> float | None:
        text = _cell(cells, self._rssi)
        if not text:
            return None
        try:
            value = number_of(text) / (100 if self._layout.hundredths else 1)
        except ValueWrong:
            value = 1.0
        # A strength that is none (a percentage, a bar) would be compared with those of other readers.
        if not -150 <= value <= 0:
            self._drop("rssi")
            return None
        return value

    def _whole(self, cells: Sequence[str], index: int | None, role: Role, default: int, most: int) -> int:
        text = _cell(cells, index)
        if not text:
            return default
        try:
            value = whole_of(text)
        except ValueWrong:
            value = most + 1
        if value > most:
            self._drop(role)
            return default
        return value

    def _drop(self, role: Role) -> None:
        self._found.dropped[role] = self._found.dropped.get(role, 0) + 1

    def _refuse(self, row: int, index: int | None, value: str, code: str) -> None:
        self._found.refused_rows += 1
        told = self._found.reasons[code] = self._found.reasons.get(code, 0) + 1
        if told <= REFUSED_KEPT:
            header = "" if index is None else self._layout.columns[index].header
            self._found.refused.append(RefusedRow(row, header, value[:60], code))


def _cell(cells: Sequence[str], index: int | None) -> str:
    return cells[index] if index is not None and index < len(cells) else ""


def sightings_of(reads: Iterable[Read], reader: str, received_at: Instant) -> Iterator[Sighting]:
    """The reads as sightings: one for each tag and antenna and no longer than PERIOD_US; counts, first and last times
    are those of the reads.
    """
    held: list[Read] = []
    for read in sorted(reads, key=lambda one: (one.epc, one.antenna, one.tid or "", one.at)):
        if held and not _goes_with(held[0], read):
            yield _sighting(held, reader, received_at)
            held = []
        if read.last_at - read.at > PERIOD_US:
            # The handheld folded over longer than we may: only the two ends are known.
            yield from _ends(read, reader, received_at)
            continue
        held.append(read)
    if held:
        yield _sighting(held, reader, received_at)


def _goes_with(first: Read, read: Read) -> bool:
    same = (first.epc, first.antenna, first.tid) == (read.epc, read.antenna, read.tid)
    return same and read.last_at - first.at <= PERIOD_US


def _ends(read: Read, reader: str, received_at: Instant) -> Iterator[Sighting]:
    for at, count in ((read.at, max(1, read.count - 1)), (read.last_at, 1 if read.count > 1 else 0)):
        if count:
            strength = read.rssi_dbm
            yield Sighting(read.epc, reader, read.antenna, at, at, count, strength, strength, received_at, read.tid)


def _sighting(reads: Sequence[Read], reader: str, received_at: Instant) -> Sighting:
    first = reads[0]
    measured = [(read.rssi_dbm, read.count) for read in reads if read.rssi_dbm is not None]
    weight = sum(count for _dbm, count in measured)
    return Sighting(
        first.epc,
        reader,
        first.antenna,
        first.at,
        max(read.last_at for read in reads),
        min(COUNT_MAX, sum(read.count for read in reads)),
        max((dbm for dbm, _count in measured), default=None),
        sum(dbm * count for dbm, count in measured) / weight if weight else None,
        received_at,
        first.tid,
    )
