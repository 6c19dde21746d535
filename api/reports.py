"""Reports as Excel workbooks: what a subject may see, in the columns and filters of the page it was asked from.

Numbers of papers, tags and persons are text. A text that a spreadsheet would take for a formula is neutralised by
a leading apostrophe (OWASP ASVS 5.0, 1.2.10). The foot says who exported it, when, by which filters; the caller
keeps that in the log of exports (clause 7, rule 8). Times are in the organisation's time zone, to the second.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from api.locale import translate
from api.locale.values import days_over, level_name, period_words
from api.store import Connection
from api.workbook.neutral import neutral
from api.workbook.summaries import Sheet, findings_sheets, overdue_sheets
from api.workbook.writing import write_rows
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

REPORTS = ("overdue", "carriers", "findings")
"""Reports that need nothing but a subject."""
ROWS_MAX = 100_000
"""More rows are not written; the foot says so."""
_PAGE = 500
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
    "dealt", "times", "code",
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
    order: str = "number"
    """Of the carriers: as their list is ordered."""
    falling: bool = False


@dataclass(slots=True)
class Flow:
    """What is known of rows that are made as they are read, once they are."""

    rows: Iterable[Row] = ()
    rank: int = -1
    carriers: list[int] = field(default_factory=list)
    cut: bool = False


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
    sheets: tuple[Sheet, ...] = ()
    """What stands behind the rows: sums of them."""
    flow: Flow | None = None
    """Where its rows are made as they are read: what is known of them when all are written."""


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
    return write_workbook(report, subject, scheme, now, out, language, asked.said)


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


def _period(item: CarrierItem, tongue: _Tongue) -> str:
    """The period in full: a condition with what it is, so that the import reads it again."""
    if item.period.kind == "condition":
        return f"{tongue.t('period.condition')}{'：' if tongue.language == 'zh' else ': '}{item.period.value}"
    return period_words(tongue.scheme, item.level, item.period, tongue.language)


def _carrier(item: CarrierItem, tongue: _Tongue, titles: bool) -> dict[str, Any]:
    return {
        "number": item.control_number,
        "copy": item.copy_number,
        "copies": item.copies,
        "level": tongue.level(item.level),
        "period": _period(item, tongue),
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


def carriers_flowing(
    connection: Connection, subject: Subject, scheme: Scheme, now: Instant, language: str, asked: Asked
) -> Report:
    """The list of carriers, whose rows are read from the open connection as they are written."""
    tongue, flow = _Tongue(language, scheme), Flow()
    columns = tuple(key for column in asked.columns for key in CARRIER_COLUMNS.get(column, ()))
    flow.rows = _carrier_rows(connection, subject, now, asked, tongue, flow)
    return Report("carriers", columns, (), False, -1, flow=flow)


def _carrier_rows(
    connection: Connection, subject: Subject, now: Instant, asked: Asked, tongue: _Tongue, flow: Flow
) -> Iterator[Row]:
    after: str | None = None
    order, falling = asked.order, asked.falling
    while True:
        page = queries.carriers(connection, subject, asked.carriers, after, _PAGE, None, order, falling)
        if page.capped and order != "number":
            # Of so many there is no other order than by number: they were given so, and go on so.
            order, falling = "number", False
        ids = [item.id for item in page.items]
        said = whereabouts_of(connection, tongue.scheme, ids, now) if "radio" in asked.columns else {}
        for item in page.items:
            if len(flow.carriers) == ROWS_MAX:
                flow.cut = True
                return
            flow.carriers.append(item.id)
            flow.rank = max(flow.rank, item.rank)
            row = _carrier(item, tongue, asked.titles)
            yield row | _radio(said.get(item.id), tongue) if "radio" in asked.columns else row
        after = page.after
        if after is None:
            return


def _carriers(connection: Connection, subject: Subject, now: Instant, asked: Asked, tongue: _Tongue) -> Report:
    flow = Flow()
    columns = tuple(key for column in asked.columns for key in CARRIER_COLUMNS.get(column, ()))
    rows = list(_carrier_rows(connection, subject, now, asked, tongue, flow))
    return Report("carriers", columns, rows, flow.cut, flow.rank, carriers=tuple(flow.carriers))


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
    sums = overdue_sheets(rows, tongue.t)
    return Report("overdue", _OVERDUE_COLUMNS, rows, cut, _rank(items), carriers=_ids(items), sheets=sums)


def _findings(connection: Connection, subject: Subject, now: Instant, asked: Asked, tongue: _Tongue) -> Report:
    items, cut = _cut(_all(lambda after: findings(connection, subject, asked.findings, after, _PAGE)))
    rows = [_finding(item, tongue) for item in items]
    found = [item.carrier for item in items]
    at = tongue.at(now)
    assert at is not None
    sums = findings_sheets(rows, at, tongue.t)
    return Report("findings", _FINDING_COLUMNS, rows, cut, _rank(found), carriers=_ids(found), sheets=sums)


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
                "dealt": _dealt(row["dealt"], tongue),
                "times": row.get("times"),
                "code": row.get("code") or "",
            }
        )
    carriers = tuple(dict.fromkeys(row["carrier"] for row in found if row.get("carrier")))
    return Report("round", _ROUND_COLUMNS, rows, cut, rank, carriers=carriers)


def _dealt(dealt: sweeps.Dealt | None, tongue: _Tongue) -> str:
    """What was done at the shelf, by whom and when; empty where nothing was."""
    if dealt is None:
        return ""
    return f"{tongue.t(f'rounds.last.{dealt.what}')} {dealt.by_name} {tongue.at(dealt.at)}"


# The workbook.

_NUMBERS = frozenset({"copy", "copies", "pages", "days_over", "times"})
_TIMES = frozenset({"due", "since", "happened", "opened", "closed", "at"})


safe_text = neutral


def write_workbook(
    report: Report,
    subject: Subject,
    scheme: Scheme,
    now: Instant,
    out: Path | BinaryIO,
    language: str,
    said: Mapping[str, str],
    told: Callable[[int], None] | None = None,
) -> int:
    """Write a report: a head, the rows, and a foot that says whose export it is; gives how many rows it has.

    Rows that are made as they are read are let go of again: memory does not grow with them.
    """
    tongue = _Tongue(language, scheme)
    return write_rows(
        out,
        tongue.t(f"report.{report.name}"),
        {key: report.heads.get(key) or tongue.t(f"report.col.{key}") for key in report.columns},
        report.rows if report.flow is None else report.flow.rows,
        lambda count: foot(report, subject, now, tongue, said, count),
        numbers=_NUMBERS | report.numbers,
        times=_TIMES,
        creator=subject.name,
        told=told,
        behind=report.sheets,
    )


def foot(
    report: Report, subject: Subject, now: Instant, tongue: _Tongue, said: Mapping[str, str], count: int
) -> list[str]:
    """The lines under the rows, the first of them empty."""
    at = tongue.at(now)
    lines = ["", tongue.t("report.foot", name=subject.name, at=str(at), n=count)]
    if said:
        filters = tongue.t("findings.list_separator").join(f"{key}={value}" for key, value in said.items())
        lines.append(tongue.t("report.filters", filters=filters))
    rank = report.flow.rank if report.flow is not None else report.rank
    if rank >= 0:
        level = next((one.code for one in tongue.scheme.levels if one.rank == rank), "")
        lines.append(tongue.t("report.highest", level=tongue.level(level)))
    if report.cut or (report.flow is not None and report.flow.cut):
        lines.append(tongue.t("report.cut", n=ROWS_MAX))
    return lines
