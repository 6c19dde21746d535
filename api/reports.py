"""Reports as Excel workbooks: what a subject may see, in the columns and filters of the page it was asked from.

Numbers of papers, tags and persons are text. A text that a spreadsheet would take for a formula is neutralised by
a leading apostrophe (OWASP ASVS 5.0, 1.2.10). The foot says who exported it, when, by which filters; the caller
keeps that in the log of exports (clause 7, rule 8). Times are in the organisation's time zone, to the second.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from api.locale import translate
from api.locale.values import days_over, level_name, period_words
from api.store import Connection
from custody import clock
from custody.access import Subject
from custody.register import Directory
from custody.scheme import Scheme
from custody.store import queries
from custody.store.queries import CarrierFilter, CarrierItem, Page
from custody.values import Instant
from reconcile import rounds as sweeps
from reconcile.checks.whereabouts import Whereabouts
from reconcile.store.finding_queries import FindingFilter, FindingItem, findings
from reconcile.store.whereabouts import whereabouts_of

if TYPE_CHECKING:
    import pandas

REPORTS = ("overdue", "carriers", "findings")
"""Reports that need nothing but a subject."""
ROWS_MAX = 100_000
"""More rows are not written; the foot says so."""
_PAGE = 500
_FORMULA = re.compile(r"[\s\u200b-\u200f\u2060\ufeff\u00ad]*[=+\-@|%\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
"""What a spreadsheet may take for a formula or a call (DDE), in narrow and full width, behind blanks that it drops."""
_SHEET_TITLE_MAX = 31
_WIDTH_MIN, _WIDTH_MAX = 8, 60

CARRIER_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "number": ("number", "copy", "copies"),
    "mark": ("level", "period"),
    "title": ("title",),
    "kind": ("kind",),
    "status": ("status",),
    "where": ("holder_number", "holder", "place"),
    "radio": ("radio", "heard_place", "confirmed"),
    "due": ("due",),
    "home": ("home",),
    "unit": ("unit",),
    "pages": ("pages",),
    "since": ("since",),
    "tag": ("epc",),
}
"""A column of the carriers' page -> columns of the workbook."""
_FINDING_COLUMNS = (
    "finding", "kind_of_finding", "urgency", "state", "number", "copy", "level", "place", "reader", "epc",
    "holder", "owner", "happened", "opened", "due", "closed", "resolution",
)  # fmt: skip
_OVERDUE_COLUMNS = (
    "holder_number", "holder", "holder_unit", "number", "copy", "level", "title", "since", "due", "days_over",
)  # fmt: skip
_ROUND_COLUMNS = (
    "bucket", "number", "copy", "level", "status", "home", "place", "met_place", "means", "met_by", "at", "reason",
    "times", "code",
)  # fmt: skip

Row = Mapping[str, Any]
_ALL_CARRIERS, _OPEN_FINDINGS = CarrierFilter(), FindingFilter()


class ReportUnknown(ValueError):
    """There is no report of this name."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What narrows a report. `said`: the filters in words for the foot and the log."""

    carriers: CarrierFilter = _ALL_CARRIERS
    columns: Sequence[str] = tuple(CARRIER_COLUMNS)
    findings: FindingFilter = _OPEN_FINDINGS
    unit: int | None = None
    person: int | None = None
    round: str = ""
    due_before: Instant | None = None
    """For loans: instead of those overdue now, those due before this."""
    titles: bool = True
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """A report before it is written: keys of its columns, its rows, whether there were more."""

    name: str
    columns: tuple[str, ...]
    rows: Sequence[Row]
    cut: bool
    rank: int
    """The highest rank among its carriers; -1 without any."""
    heads: Mapping[str, str] = field(default_factory=dict)
    """Heads of columns that the catalogue of reports does not name."""
    numbers: frozenset[str] = frozenset()
    """Columns of numbers besides those that always are."""
    carriers: tuple[int, ...] = ()
    """Whose particulars are in it, for the disclosure record."""


@dataclass(frozen=True, slots=True)
class _Tongue:
    """A language and what values are written with."""

    language: str
    scheme: Scheme

    def t(self, key: str, /, **params: str | int) -> str:
        return translate(self.language, key, **params)

    def level(self, level: str) -> str:
        return level_name(self.scheme, level, self.language)

    def at(self, instant: Instant | None) -> datetime | None:
        if instant is None:
            return None
        return clock.moment(instant, self.scheme.timezone).replace(tzinfo=None, microsecond=0)

    def either(self, name: str | None, name_en: str | None) -> str:
        return (name_en or name or "") if self.language == "en" else (name or "")


def write_report(
    name: str,
    connection: Connection,
    subject: Subject,
    scheme: Scheme,
    now: Instant,
    out: Path | BinaryIO,
    language: str,
    asked: Asked = Asked(),
) -> int:
    """Write a report (`overdue`, `carriers`, `findings`, `round`) as a workbook; gives how many rows it has.

    Raises ReportUnknown; NotFound for a round that is hidden or not there.
    """
    report = read_report(name, connection, subject, scheme, now, language, asked)
    write_workbook(report, subject, scheme, now, out, language, asked.said)
    return len(report.rows)


def read_report(
    name: str,
    connection: Connection,
    subject: Subject,
    scheme: Scheme,
    now: Instant,
    language: str,
    asked: Asked = Asked(),
) -> Report:
    """The rows of a report. Raises as `write_report`."""
    readers: Mapping[str, Callable[..., Report]] = {
        "overdue": _overdue,
        "carriers": _carriers,
        "findings": _findings,
        "round": _round,
    }
    if name not in readers:
        raise ReportUnknown(f"there is no report {name!r}; there are {', '.join(readers)}")
    return readers[name](connection, subject, now, asked, _Tongue(language, scheme))


def loans_due(
    connection: Connection, subject: Subject, now: Instant, asked: Asked, directory: Directory
) -> Iterator[CarrierItem]:
    """Loans overdue (or due before `asked.due_before`), the longest first."""
    until = now if asked.due_before is None else asked.due_before
    for item in _all(lambda after: queries.loans(connection, subject, until, True, after, _PAGE)):
        holder = directory.persons.get(item.holder or 0)
        if asked.person is not None and item.holder != asked.person:
            continue
        if asked.unit is not None and (holder is None or asked.unit not in directory.units_above(holder.unit)):
            continue
        if asked.due_before is not None and item.due_at is not None and item.due_at < now:
            continue
        yield item


def _all(page_after: Callable[[str | None], Page[Any]]) -> Iterator[Any]:
    """Every item of a keyset-paged list."""
    after: str | None = None
    while True:
        page = page_after(after)
        yield from page.items
        after = page.after
        if after is None:
            return


def _cut(items: Iterable[Any]) -> tuple[list[Any], bool]:
    """As many as are written, and whether there were more."""
    found: list[Any] = []
    for item in items:
        if len(found) == ROWS_MAX:
            return found, True
        found.append(item)
    return found, False


def _kind(item: CarrierItem, tongue: _Tongue) -> str:
    kind = tongue.t(f"kind.{item.kind}")
    return f"{kind} ({tongue.t(f'intermediate.{item.intermediate}')})" if item.intermediate else kind


def _carrier(item: CarrierItem, tongue: _Tongue, titles: bool) -> dict[str, Any]:
    return {
        "number": item.control_number,
        "copy": item.copy_number,
        "copies": item.copies,
        "level": tongue.level(item.level),
        "period": period_words(tongue.scheme, item.level, item.period, tongue.language),
        "title": item.title if titles else tongue.t("titles.hidden"),
        "kind": _kind(item, tongue),
        "status": tongue.t(f"status.{item.status.value}"),
        "holder_number": item.holder_number or "",
        "holder": tongue.either(item.holder_name, item.holder_name_en),
        "place": item.place_code or "",
        "due": tongue.at(item.due_at),
        "home": item.home_code or "",
        "unit": tongue.either(item.unit_name, item.unit_name_en),
        "pages": item.pages,
        "since": tongue.at(item.since_at),
        "epc": " ".join(tag.epc for tag in item.tags),
    }


def _rank(items: Iterable[CarrierItem | None]) -> int:
    return max((item.rank for item in items if item is not None), default=-1)


def _ids(items: Iterable[CarrierItem | None]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(item.id for item in items if item is not None))


def _carriers(connection: Connection, subject: Subject, now: Instant, asked: Asked, tongue: _Tongue) -> Report:
    items, cut = _cut(_all(lambda after: queries.carriers(connection, subject, asked.carriers, after, _PAGE)))
    columns = tuple(key for column in asked.columns for key in CARRIER_COLUMNS.get(column, ()))
    rows = [_carrier(item, tongue, asked.titles) for item in items]
    if "radio" in asked.columns:
        said = whereabouts_of(connection, tongue.scheme, [item.id for item in items], now)
        rows = [row | _radio(said.get(item.id), tongue) for row, item in zip(rows, items, strict=True)]
    return Report("carriers", columns, rows, cut, _rank(items), carriers=_ids(items))


def _radio(said: Whereabouts | None, tongue: _Tongue) -> dict[str, Any]:
    """Whether it is in its place, in one of the four words; where its tag is believed; when it was last confirmed."""
    if said is None:
        return {}
    return {
        "radio": tongue.t(f"whereabouts.{said.word}"),
        "heard_place": said.heard.code if said.heard else "",
        "confirmed": tongue.at(said.confirmed_at),
    }


def _overdue(connection: Connection, subject: Subject, now: Instant, asked: Asked, tongue: _Tongue) -> Report:
    directory = queries.directory(connection)
    items, cut = _cut(loans_due(connection, subject, now, asked, directory))
    rows = []
    for item in items:
        holder = directory.persons.get(item.holder or 0)
        unit = directory.units.get(holder.unit) if holder and holder.unit else None
        over = days_over(item.due_at, now, tongue.scheme.timezone) if item.due_at is not None else 0
        row = _carrier(item, tongue, asked.titles)
        rows.append(row | {"holder_unit": tongue.either(unit.name, unit.name_en) if unit else "", "days_over": over})
    return Report("overdue", _OVERDUE_COLUMNS, rows, cut, _rank(items), carriers=_ids(items))


def _findings(connection: Connection, subject: Subject, _now: Instant, asked: Asked, tongue: _Tongue) -> Report:
    items, cut = _cut(_all(lambda after: findings(connection, subject, asked.findings, after, _PAGE)))
    rows = [_finding(item, tongue) for item in items]
    found = [item.carrier for item in items]
    return Report("findings", _FINDING_COLUMNS, rows, cut, _rank(found), carriers=_ids(found))


def _finding(item: FindingItem, tongue: _Tongue) -> dict[str, Any]:
    line, carrier = item.line, item.carrier
    prefix = "resolution" if line.state == "settled" else "ending"
    return {
        "finding": line.number,
        "kind_of_finding": tongue.t(f"finding_kind.{line.kind}"),
        "urgency": tongue.t(f"findings.urgency.{line.urgency}"),
        "state": tongue.t(f"finding_state.{line.state}"),
        "number": carrier.control_number if carrier else line.matter_number or "",
        "copy": carrier.copy_number if carrier else None,
        "level": tongue.level(carrier.level) if carrier else "",
        "place": line.place_code or "",
        "reader": line.reader or "",
        "epc": line.epc or "",
        "holder": tongue.either(line.person_name, line.person_name_en),
        "owner": tongue.either(line.owner_name, line.owner_name_en),
        "happened": tongue.at(line.happened_at),
        "opened": tongue.at(line.opened_at),
        "due": tongue.at(line.due_at),
        "closed": tongue.at(line.closed_at),
        "resolution": _closing(prefix, line.resolution, tongue),
    }


def _closing(prefix: str, code: str, tongue: _Tongue) -> str:
    """The resolution, or the ending without its blanks: where and what is in the finding itself."""
    if not code:
        return ""
    blanks = dict.fromkeys(("place", "status", "round", "matter"), "…")
    return tongue.t(f"{prefix}.{code}", **blanks)


def _round(connection: Connection, subject: Subject, _now: Instant, asked: Asked, tongue: _Tongue) -> Report:
    state = sweeps.buckets(connection, subject, asked.round)
    found, cut = _cut(sweeps.rows_of(state))
    rank = -1
    rows = []
    for row in found:
        level = row.get("level")
        if level:
            rank = max(rank, tongue.scheme.rank(level))
        status = row.get("status")
        rows.append(
            {
                "bucket": tongue.t(f"bucket.{row['bucket']}"),
                "number": row.get("control_number", ""),
                "copy": row.get("copy_number"),
                "level": tongue.level(level) if level else "",
                "status": tongue.t(f"status.{status}") if status else "",
                "home": row.get("home_code") or "",
                "place": row.get("place_code") or "",
                "met_place": row.get("met_code") or "",
                "means": tongue.t(f"report.means.{row['means']}") if row.get("means") else "",
                "met_by": row.get("by_name") or "",
                "at": tongue.at(row.get("at")),
                "reason": row.get("reason") or "",
                "times": row.get("times"),
                "code": row.get("code") or "",
            }
        )
    carriers = tuple(dict.fromkeys(row["carrier"] for row in found if row.get("carrier")))
    return Report("round", _ROUND_COLUMNS, rows, cut, rank, carriers=carriers)


# The workbook.

_NUMBERS = frozenset({"copy", "copies", "pages", "days_over", "times"})
_TIMES = frozenset({"due", "since", "happened", "opened", "closed", "at"})


def safe_text(text: str) -> str:
    """A text that no spreadsheet takes for a formula, without characters that a workbook cannot hold."""
    plain = ILLEGAL_CHARACTERS_RE.sub("", text)
    return f"'{plain}" if _FORMULA.match(plain) else plain


def frame_of(report: Report) -> "pandas.DataFrame":
    """The rows as a frame of plain values, columns in their order; nothing is turned into a number by itself."""
    import pandas  # a second and more to read: not before somebody asks for a workbook

    rows = [[row.get(key) for key in report.columns] for row in report.rows]
    frame = pandas.DataFrame(rows, columns=list(report.columns), dtype=object)
    for key in report.columns:
        if key not in _NUMBERS | report.numbers and key not in _TIMES:
            frame[key] = pandas.Series([safe_text(str(v or "")) for v in frame[key]], dtype=object)
    return frame


def write_workbook(
    report: Report,
    subject: Subject,
    scheme: Scheme,
    now: Instant,
    out: Path | BinaryIO,
    language: str,
    said: Mapping[str, str],
) -> None:
    """Write a report: a head, the rows, and a foot that says whose export it is."""
    import pandas

    tongue = _Tongue(language, scheme)
    frame = frame_of(report)
    heads = {key: safe_text(report.heads.get(key) or tongue.t(f"report.col.{key}")) for key in report.columns}
    sheet_name = tongue.t(f"report.{report.name}")[:_SHEET_TITLE_MAX]
    with pandas.ExcelWriter(out, engine="openpyxl") as writer:
        frame.rename(columns=heads).to_excel(writer, sheet_name=sheet_name, index=False)
        sheet: Worksheet = writer.sheets[sheet_name]
        _dress(sheet, report)
        for line in foot(report, subject, now, tongue, said):
            sheet.append([safe_text(line)])
        sheet.print_title_rows = "1:1"
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        # Who made the file is in its foot; the library's own name and time say nothing.
        writer.book.properties.creator = safe_text(subject.name)


def foot(report: Report, subject: Subject, now: Instant, tongue: _Tongue, said: Mapping[str, str]) -> list[str]:
    """The lines under the rows, the first of them empty."""
    at = tongue.at(now)
    lines = ["", tongue.t("report.foot", name=subject.name, at=str(at), n=len(report.rows))]
    if said:
        filters = tongue.t("findings.list_separator").join(f"{key}={value}" for key, value in said.items())
        lines.append(tongue.t("report.filters", filters=filters))
    if report.rank >= 0:
        level = next((one.code for one in tongue.scheme.levels if one.rank == report.rank), "")
        lines.append(tongue.t("report.highest", level=tongue.level(level)))
    if report.cut:
        lines.append(tongue.t("report.cut", n=ROWS_MAX))
    return lines


def _dress(sheet: Worksheet, report: Report) -> None:
    bold = Font(bold=True)
    for number, key in enumerate(report.columns, start=1):
        letter = get_column_letter(number)
        sheet[f"{letter}1"].font = bold
        sheet[f"{letter}1"].alignment = Alignment(horizontal="left")
        longest = len(str(sheet[f"{letter}1"].value)) * 2
        for row in range(2, len(report.rows) + 2):
            cell = sheet.cell(row, number)
            assert isinstance(cell, Cell)
            if key in _TIMES:
                cell.number_format = "yyyy-mm-dd hh:mm"
                longest = max(longest, 16)
            elif key not in _NUMBERS | report.numbers:
                cell.number_format = "@"
                cell.data_type = "s"
                longest = max(longest, _breadth(str(cell.value or "")))
        sheet.column_dimensions[letter].width = min(max(longest + 2, _WIDTH_MIN), _WIDTH_MAX)
    sheet.freeze_panes = "A2"
    if report.rows:
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(report.columns))}{len(report.rows) + 1}"


def _breadth(text: str) -> int:
    """How many narrow characters wide a text is."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)
