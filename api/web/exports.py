"""What leaves the house as a file or on paper: only by whom has signed the ban on photographs, and on record (rules 7
and 8). The record is written before the file is given.
"""

import io
import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api import store
from api.locale import known
from api.reports import Report, write_workbook
from api.web.carriers import whole
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


def given(visit: Visit, report: Report, filters: Mapping[str, str], said: Mapping[str, str] | None = None) -> Response:
    """A report as a workbook with the name of who made it, after the export is logged. Raises Refused.

    `filters`: for the log; `said`: the same for the foot of the workbook, where it differs.
    """
    ban_signed(visit)
    out = io.BytesIO()
    scheme = visit.services.scheme
    told = filters if said is None else said
    write_workbook(report, visit.subject, scheme, visit.now, out, visit.language, told)
    kept = json.dumps(dict(filters), ensure_ascii=False, sort_keys=True)
    with visit.services.database.writing() as connection:
        number = store.log_export(connection, visit.subject.person, visit.now, report.name, kept, len(report.rows))
    visit.shows(*report.carriers, how="export", detail=f"{report.name} {number}")
    headers = {"Content-Disposition": f'attachment; filename="{report.name}-{visit.day}.xlsx"'}
    return Response(out.getvalue(), media_type=XLSX, headers=headers)


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
