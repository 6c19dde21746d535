"""What leaves the house as a file or on paper: only by whom has signed the ban on photographs, and on record (rules 7
and 8). The record is written before the file is given.
"""

import io
import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import IO, Any, BinaryIO

from fastapi import APIRouter, Depends
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from api import store
from api.locale import known
from api.reports import Report, write_workbook
from api.web.carriers import whole
from api.web.made import AT_ONCE_ROWS, begin
from api.web.render import render
from api.web.visit import Visit, needs
from custody import clock
from custody.access import Permission
from custody.procedures.undertakings import ban_unsigned
from custody.rules import Refused

router = APIRouter(include_in_schema=False)
sees_exports = needs(Permission.SEE_EXPORTS)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PAGE = 100
ROWS_MAX = 20_000
IN_MEMORY_MAX = 4 * 1024 * 1024
_CHUNK = 64 * 1024


def ban_signed(visit: Visit) -> None:
    """Whoever prints or exports has signed the ban on photographs in force. Raises Refused (rule 7).

    The auditor sees no content and has no part in business: there is nothing to photograph in his log.
    """
    if not visit.may(Permission.TAKE_PART):
        return
    with visit.reading() as connection:
        found = ban_unsigned(visit.subject.person, visit.services.books.directory(connection))
    if found is not None:
        raise Refused([found])


def given(
    visit: Visit,
    report: Report,
    filters: Mapping[str, str],
    said: Mapping[str, str] | None = None,
    *,
    at_once: bool = False,
) -> Response:
    """A report as a workbook with the name of who made it, after the export is logged. Raises Refused.

    `filters`: for the log; `said`: the same for the foot of the workbook, where it differs. A long one is written
    beside the pages, unless it is wanted `at_once` (a program asks).
    """
    ban_signed(visit)
    foot = filters if said is None else said
    if len(report.rows) > AT_ONCE_ROWS and not at_once:
        return begin(
            visit,
            report.name,
            filters,
            lambda out, told: (write_for(visit, report, foot, out, told), report.carriers),
        )
    return logged(visit, report, written(visit, report, foot), filters)


def write_for(
    visit: Visit, report: Report, said: Mapping[str, str], out: BinaryIO, told: Callable[[int], None] | None = None
) -> int:
    """Write the workbook in the visitor's language and name; gives how many rows it has."""
    return write_workbook(report, visit.subject, visit.services.scheme, visit.now, out, visit.language, said, told)


def written(visit: Visit, report: Report, said: Mapping[str, str]) -> tuple[IO[bytes], int]:
    """The workbook, and how many rows it has; a large one lies on disk, nameless. Nothing of it was given yet."""
    out = SpooledTemporaryFile(IN_MEMORY_MAX)  # noqa: SIM115 - it is closed when it was sent
    with ExitStack() as unless_written:
        unless_written.callback(out.close)
        rows = write_for(visit, report, said, out)  # type: ignore[arg-type]
        unless_written.pop_all()
    return out, rows


def logged(visit: Visit, report: Report, made: tuple[IO[bytes], int], filters: Mapping[str, str]) -> Response:
    """What was written, given after the export is on record."""
    out, count = made
    kept = json.dumps(dict(filters), ensure_ascii=False, sort_keys=True)
    with ExitStack() as unless_logged:
        unless_logged.callback(out.close)
        with visit.services.database.writing() as connection:
            number = store.log_export(connection, visit.subject.person, visit.now, report.name, kept, count)
        unless_logged.pop_all()
    carriers = report.carriers if report.flow is None else report.flow.carriers
    visit.shows(*carriers, how="export", detail=f"{report.name} {number}")
    size = out.seek(0, io.SEEK_END)
    out.seek(0)
    headers = {
        "Content-Disposition": f'attachment; filename="{report.name}-{visit.day}.xlsx"',
        "Content-Length": str(size),
    }
    return StreamingResponse(
        iter(lambda: out.read(_CHUNK), b""), media_type=XLSX, headers=headers, background=BackgroundTask(out.close)
    )


def what(visit: Visit, name: str) -> str:
    """What was exported, in words."""
    for key in (f"exports.name.{name}", f"report.{name}"):
        if known(key):
            return visit.t(key)
    return name


def reach_of(visit: Visit) -> frozenset[int] | None:
    """Units whose exports the visitor sees: the auditor's log is everybody's; the others see their own reach."""
    return None if visit.may(Permission.SEE_LOGS) else visit.subject.reach


def filter_words(filters: str) -> str:
    """The filters of a record as they were asked."""
    said: Mapping[str, Any] = json.loads(filters)
    return "  ".join(f"{name}={value}" for name, value in sorted(said.items()) if value not in ("", None))


@router.get("/exports")
def exports_page(visit: Visit = Depends(sees_exports)) -> Response:
    """The log, the newest first."""
    store.take_in_exports(visit.services.data, visit.services.database, visit.now)
    before = whole(visit.request.query_params.get("before"))
    with visit.reading() as connection:
        found = store.exports(connection, reach_of(visit), before, PAGE + 1)
        directory = visit.services.books.directory(connection)
    return render(
        visit,
        "exports/list.html",
        exports=[(one, what(visit, one.name), filter_words(one.filters)) for one in found[:PAGE]],
        older=found[PAGE - 1].id if len(found) > PAGE else None,
        directory=directory,
    )


_COLUMNS = ("at_text", "person_number", "person", "exported", "rows", "filters")


@router.get("/exports.xlsx")
def exports_workbook(visit: Visit = Depends(sees_exports)) -> Response:
    """The log as a workbook."""
    store.take_in_exports(visit.services.data, visit.services.database, visit.now)
    with visit.reading() as connection:
        found = store.exports(connection, reach_of(visit), None, ROWS_MAX + 1)
        persons = visit.services.books.directory(connection).persons
    rows = []
    for one in found[:ROWS_MAX]:
        person = persons.get(one.person)
        name = "" if person is None else (person.name_en or person.name) if visit.language == "en" else person.name
        at = clock.moment(one.at, visit.services.scheme.timezone).strftime("%Y-%m-%d %H:%M:%S")
        row = {"at_text": at, "person_number": person.number if person else "", "person": name}
        rows.append(row | {"exported": what(visit, one.name), "rows": one.rows, "filters": filter_words(one.filters)})
    return given(visit, Report("exports", _COLUMNS, rows, len(found) > ROWS_MAX, -1), {})
