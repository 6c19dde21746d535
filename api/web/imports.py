"""Importing a workbook: uploaded, its columns guessed, judged row by row, shown, and entered only when confirmed.

Between the dry run and the confirmation the file waits (`api.web.import_files`). The confirmation reads it again: what
is entered is what holds then. A large file is judged and entered beside the pages, with a page that says how far it is.
"""

import hashlib
import io
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse, Response

from api import import_records as records
from api.acts.taking_back import TAKEN_MAX, untouched
from api.importing import PlanHasErrors, enter_workbook, note_words, plan_workbook, read_with_guesses
from api.locale import translate
from api.store import log_export
from api.web.business.loading import load
from api.web.exports import XLSX, ban_signed
from api.web.import_files import (
    Brought,
    Judged,
    bring,
    brought,
    errors_of,
    firsts,
    forget,
    judgement,
    keep_judgement,
)
from api.web.refusals import row_words
from api.web.render import render, url
from api.web.visit import FieldError, Form, Visit, needs, posted, posted_up_to
from api.web.working import Work, Works, works_of
from api.workbook import Limits, WorkbookUnreadable
from api.workbook.columns import fields_of
from api.workbook.guard import check_file
from api.workbook.marking import write_marked
from custody.access import Permission
from custody.life_cycle import Status
from custody.rules import NotFound, Refusal, Refused
from custody.store import queries
from custody.store.taking_over import carriers_of_acts

router = APIRouter(include_in_schema=False)
clerk = needs(Permission.TAKE_IN)
columns_posted = posted_up_to(3_000)
"""A workbook has up to 256 columns a sheet, and a field for each."""
PAGE = 100
AT_ONCE_BYTES = 400_000
"""A file up to this size is judged and entered while one waits."""
KINDS_SHOWN = 12
NAME_MAX = 60
PAST_PAGE = 20
STAYS_SHOWN = 200


def works(visit: Visit) -> Works:
    """What this server does beside its pages."""
    return works_of(visit.request.app)


# Bringing it, and judging it.


@router.get("/import")
def import_page(visit: Visit = Depends(clerk)) -> Response:
    """Choose a file."""
    return _choose(visit)


def _choose(visit: Visit, *errors: FieldError) -> Response:
    with visit.reading() as connection:
        kept = records.mappings(connection, visit.subject.person)
        past = records.runs(connection, None, 3)
        directory = visit.services.books.directory(connection)
    return render(
        visit, "import/choose.html", limits=Limits(), mappings=kept, past=past, directory=directory, errors=errors
    )


@router.post("/import")
async def upload(visit: Visit = Depends(clerk), form: Form = Depends(posted)) -> Response:
    """Take the file; its judgement has an address of its own."""
    if number := form.number("forget"):
        await run_in_threadpool(_forget_mapping, visit, number)
        return RedirectResponse("/import", status_code=303)
    file = form.upload("workbook")
    data = await file.read() if file is not None else b""
    return await run_in_threadpool(_uploaded, visit, data)


def _forget_mapping(visit: Visit, number: int) -> None:
    with visit.services.database.writing() as connection:
        records.forget_mapping(connection, visit.subject.person, number)


def _uploaded(visit: Visit, data: bytes) -> Response:
    if not data:
        return _choose(visit, visit.error("workbook", "import.choose_file"))
    try:
        check_file(data, Limits())
    except WorkbookUnreadable as error:
        return _choose(visit, FieldError("workbook", unreadable(visit, error.code, error.params)))
    waiting = bring(visit, data)
    if len(data) > AT_ONCE_BYTES:
        begin_judging(visit, waiting)
    else:
        judge(visit, waiting, Work())
        if waiting.state == "unreadable":
            forget(waiting)
            return _choose(visit, FieldError("workbook", unreadable(visit, **waiting.said)))
    return RedirectResponse(f"/import/{waiting.name}", status_code=303)


def unreadable(visit: Visit, code: str, params: Mapping[str, str | int]) -> str:
    """Why a file cannot be read, and what to do."""
    return translate(visit.language, f"import.file.{code}", **params)


def begin_judging(visit: Visit, waiting: Brought) -> Work:
    """Judge it beside the pages."""
    return works(visit).begin(waiting.name, lambda work: judge(visit, waiting, work))


def judge(visit: Visit, waiting: Brought, work: Work) -> None:
    """Read it and hold it against the register; what that says is written down. Nothing is entered."""
    books = visit.services.books
    try:
        workbook = read_with_guesses(books, waiting.data, waiting.chosen, work.told)
        if not waiting.chosen and (kept := _kept_for(visit, headers_of(workbook.sheets))):
            waiting.chosen, waiting.used = _chosen_by(kept.columns, workbook.sheets), kept.name
            workbook = read_with_guesses(books, waiting.data, waiting.chosen, work.told)
    except WorkbookUnreadable as error:
        waiting.state, waiting.said = "unreadable", {"code": error.code, "params": dict(error.params)}
    else:
        keep_judgement(waiting, workbook, plan_workbook(books, visit.subject, workbook, told=work.told))
        waiting.state = "judged"
    waiting.note()


def headers_of(sheets: Any) -> str:
    """What a row of headers is known by again."""
    said = [[sheet.kind, *(column.header for column in sheet.columns)] for sheet in sheets]
    return hashlib.sha256("\n".join("\t".join(one) for one in said).encode()).hexdigest()


def _kept_for(visit: Visit, headers: str) -> records.Mapped | None:
    with visit.services.database.reading() as connection:
        kept = records.mappings(connection, visit.subject.person)
    return next((one for one in kept if one.headers == headers), None)


def _chosen_by(columns: records.Choice, sheets: Any) -> dict[str, dict[int, str]]:
    """The choices of a kept mapping, for these sheets."""
    found: dict[str, dict[int, str]] = {}
    for sheet in sheets:
        for column in sheet.columns:
            wanted = columns.get(column.header)
            if wanted is not None and wanted != column.field and (not wanted or wanted in fields_of(sheet.kind)):
                found.setdefault(sheet.sheet, {})[column.column] = wanted
    return found


# Its page.


@router.get("/import/past")
def past_page(visit: Visit = Depends(clerk)) -> Response:
    """What was imported, the newest first."""
    before = visit.request.query_params.get("before", "")
    number = int(before) if before.isascii() and before.isdecimal() and len(before) <= 18 else None
    with visit.reading() as connection:
        found = records.runs(connection, number, PAST_PAGE + 1)
        directory = visit.services.books.directory(connection)
    older = found[PAST_PAGE - 1].id if len(found) > PAST_PAGE else None
    return render(visit, "import/past.html", runs=found[:PAST_PAGE], older=older, directory=directory)


@router.get("/import/past/{number}")
def past_import(number: int, visit: Visit = Depends(clerk)) -> Response:
    """What of one import could be taken back, and what stays. Raises NotFound."""
    ground = load(visit, "house", 0)
    with visit.reading() as connection:
        run = records.run_numbered(connection, number)
        if run is None:
            raise NotFound
        carriers = carriers_of_acts(connection, run.acts)
        seen = list(queries.carriers_by_id(connection, visit.subject, carriers).values())
    can = untouched(ground, run)
    back = [item for item in seen if item.status is Status.TAKEN_BACK]
    stays = [item for item in seen if item.id not in can and item.status is not Status.TAKEN_BACK]
    return render(
        visit,
        "import/back.html",
        run=run,
        can=len([item for item in seen if item.id in can]),
        already=len(back),
        stays=len(stays),
        items=stays[:STAYS_SHOWN],
        part=TAKEN_MAX,
        done=visit.request.query_params.get("done", "")[:40],
        address=url("/business/new/take_back_import", run=run.id, back=f"/import/past/{run.id}"),
    )


@router.get("/import/{name}")
def judged(name: str, visit: Visit = Depends(clerk)) -> Response:
    """How far it is; when it was judged: what would be entered, and every row that stands against it."""
    return _page(visit, brought(visit, name))


def _page(visit: Visit, waiting: Brought, refusals: tuple[Refusal, ...] = (), status_code: int = 200) -> Response:
    work = works(visit).get(waiting.name)
    if work is not None and not work.over:
        return render(visit, "import/working.html", waiting=waiting.name, work=work)
    if waiting.state == "entering" and work is None:
        _taken_up_again(visit, waiting)
    if waiting.state == "new":
        if work is not None:
            return render(visit, "import/failed.html", waiting=waiting.name, cancelled=work.cancelled)
        # The server was restarted while it was at it: it begins again.
        return render(visit, "import/working.html", waiting=waiting.name, work=begin_judging(visit, waiting))
    if waiting.state == "entered":
        return render(visit, "import/done.html", acts=waiting.said["acts"], carriers=waiting.said["carriers"])
    if waiting.state == "unreadable":
        return _choose(visit, FieldError("workbook", unreadable(visit, **waiting.said)))
    found = judgement(waiting)
    assert found is not None  # it was written before the state that says so
    failed = work is not None and (work.failed or work.cancelled)
    return _plan(visit, waiting, found, refusals or _refused(waiting), failed, status_code)


def _refused(waiting: Brought) -> tuple[Refusal, ...]:
    return tuple(Refusal(**one) for one in waiting.said.get("refusals", ()))


def _taken_up_again(visit: Visit, waiting: Brought) -> None:
    """After a restart: it was entered whole, or nothing of it was."""
    with visit.services.database.reading() as connection:
        run = records.run_named(connection, waiting.name)
    if run is None:
        waiting.state, waiting.said = "judged", {}
    else:
        waiting.state, waiting.said = "entered", {"acts": run.acts, "carriers": run.carriers}
    waiting.note()


def _plan(
    visit: Visit,
    waiting: Brought,
    found: Judged,
    refusals: tuple[Refusal, ...],
    failed: bool,
    status_code: int,
) -> Response:
    params = visit.request.query_params
    kind = params.get("kind", "") if params.get("kind", "") in found.kinds else ""
    asked = params.get("page", "")
    page = max(1, int(asked)) if asked.isascii() and asked.isdecimal() and len(asked) <= 6 else 1
    total = found.kinds[kind] if kind else found.wrong
    first = (page - 1) * PAGE
    scheme = visit.services.scheme
    lines = [
        (error, row_words(error, visit.language, scheme), visit.titles_hidden and is_title(found, error))
        for error in islice(errors_of(waiting, kind), first, first + PAGE)
    ]
    shown = list(found.kinds)[:KINDS_SHOWN]
    words = {one: row_words(e, visit.language, scheme) for one, e in firsts(errors_of(waiting), shown).items()}
    with visit.reading() as connection:
        kept = records.mappings(connection, visit.subject.person)
    return render(
        visit,
        "import/plan.html",
        status_code=status_code,
        waiting=waiting.name,
        plan=found,
        lines=lines,
        kind=kind,
        kinds=[(one, found.kinds[one], words[one]) for one in shown if one in words],
        page=page,
        first=first,
        total=total,
        pages=-(-total // PAGE),
        notes=[note_words(note, visit.language) for note in found.notes],
        fields={sheet["kind"]: fields_of(sheet["kind"]) for sheet in found.sheets},
        to_check=_to_check(found),
        mappings=kept,
        used=waiting.used,
        refusals=refusals,
        failed=failed,
    )


def _to_check(found: Judged) -> int:
    """Columns that were guessed, or that nothing was made of."""
    return sum(column["how"] in ("likely", "perhaps") for sheet in found.sheets for column in sheet["columns"])


def is_title(found: Judged, error: Any) -> bool:
    """Whether an error's cell stands in the column of titles."""
    letter = error.cell.rstrip("0123456789")
    return any(
        column["letter"] == letter and column["field"] == "title"
        for sheet in found.sheets
        if sheet["sheet"] == error.sheet
        for column in sheet["columns"]
    )


@router.get("/import/{name}/progress")
def progress(name: str, visit: Visit = Depends(clerk)) -> Response:
    """How far it is, for the page that shows it."""
    brought(visit, name)
    work = works(visit).get(name)
    if work is None or work.over:
        return JSONResponse({"over": True})
    phase = visit.t(f"import.phase.{work.phase or 'reading'}")
    return JSONResponse({"over": False, "phase": phase, "done": work.done, "total": work.total})


@router.get("/import/{name}/errors.xlsx")
def marked(name: str, visit: Visit = Depends(clerk)) -> Response:
    """The workbook back, with what is wrong beside each row, to be mended there. Raises Refused, NotFound."""
    waiting = brought(visit, name)
    found = judgement(waiting)
    if found is None or waiting.state != "judged":
        raise NotFound
    ban_signed(visit)
    scheme = visit.services.scheme

    def said() -> Iterator[tuple[str, int, str, str]]:
        for error in errors_of(waiting):
            yield error.sheet, error.row, error.cell, row_words(error, visit.language, scheme)

    out = io.BytesIO()
    heads = {sheet["sheet"]: sheet["header_row"] for sheet in found.sheets}
    write_marked(waiting.data, out, said(), heads, visit.t("import.marked"))
    with visit.services.database.writing() as connection:
        log_export(connection, visit.subject.person, visit.now, "import_errors", "{}", found.wrong)
    headers = {"Content-Disposition": f'attachment; filename="errors-{visit.day}.xlsx"'}
    return Response(out.getvalue(), media_type=XLSX, headers=headers)


# What is done with it.


@router.post("/import/{name}")
def confirm(name: str, visit: Visit = Depends(clerk), form: Form = Depends(columns_posted)) -> Response:
    """Enter it, judged once more; judge it with other columns; throw it away."""
    waiting = brought(visit, name)
    wanted, _, about = form.text("do").partition(":")
    work = works(visit).get(name)
    if wanted == "cancel":
        if work is not None:
            work.cancel()
            work.wait(5)
        return RedirectResponse(f"/import/{name}", status_code=303)
    if work is not None and not work.over:
        return RedirectResponse(f"/import/{name}", status_code=303)
    works(visit).forget(name)
    if wanted == "discard":
        forget(waiting)
        return RedirectResponse("/import", status_code=303)
    if wanted == "columns":
        return _other_columns(visit, waiting, form)
    if wanted == "use":
        return _use(visit, waiting, about)
    if wanted == "again":
        return _judge_again(visit, waiting)
    return _enter(visit, waiting)


def _judge_again(visit: Visit, waiting: Brought) -> Response:
    waiting.state = "new"
    waiting.note()
    if waiting.path.with_suffix(".xlsx").stat().st_size > AT_ONCE_BYTES:
        begin_judging(visit, waiting)
    else:
        judge(visit, waiting, Work())
    return RedirectResponse(f"/import/{waiting.name}", status_code=303)


def _other_columns(visit: Visit, waiting: Brought, form: Form) -> Response:
    """The columns as the form has them; under a name they are kept for next time."""
    found = judgement(waiting)
    if found is None:
        raise NotFound
    kept: dict[str, str] = {}
    for number, sheet in enumerate(found.sheets):
        for column in sheet["columns"]:
            field_name = f"c.{number}.{column['column']}"
            if field_name not in form.names():
                continue
            wanted = form.text(field_name)
            wanted = wanted if wanted in fields_of(sheet["kind"]) else ""
            kept[column["header"]] = wanted
            if wanted != column["field"]:
                waiting.chosen.setdefault(sheet["sheet"], {})[column["column"]] = wanted
    if name := form.text("keep_as")[:NAME_MAX]:
        headers = _headers_kept(found)
        with visit.services.database.writing() as connection:
            records.keep_mapping(connection, visit.subject.person, name, headers, kept, visit.now)
        waiting.used = name
    return _judge_again(visit, waiting)


def _headers_kept(found: Judged) -> str:
    said = [[sheet["kind"], *(column["header"] for column in sheet["columns"])] for sheet in found.sheets]
    return hashlib.sha256("\n".join("\t".join(one) for one in said).encode()).hexdigest()


def _use(visit: Visit, waiting: Brought, about: str) -> Response:
    with visit.reading() as connection:
        kept = [one for one in records.mappings(connection, visit.subject.person) if str(one.id) == about]
    found = judgement(waiting)
    if not kept or found is None:
        raise NotFound
    waiting.used = kept[0].name
    for sheet in found.sheets:
        for column in sheet["columns"]:
            wanted = kept[0].columns.get(column["header"])
            if wanted is not None and wanted != column["field"] and (not wanted or wanted in fields_of(sheet["kind"])):
                waiting.chosen.setdefault(sheet["sheet"], {})[column["column"]] = wanted
    return _judge_again(visit, waiting)


def _enter(visit: Visit, waiting: Brought) -> Response:
    found = judgement(waiting)
    if found is None or waiting.state not in ("judged", "entering"):
        return RedirectResponse(f"/import/{waiting.name}", status_code=303)
    if found.wrong or not found.new:
        return _page(visit, waiting, status_code=409)
    waiting.state, waiting.said = "entering", {}
    waiting.note()
    if waiting.path.with_suffix(".xlsx").stat().st_size > AT_ONCE_BYTES:
        works(visit).begin(waiting.name, lambda work: enter(visit, waiting, work))
        return RedirectResponse(f"/import/{waiting.name}", status_code=303)
    enter(visit, waiting, Work())
    if waiting.state != "entered":
        return _page(visit, waiting, status_code=409)
    forget(waiting)
    return render(visit, "import/done.html", acts=waiting.said["acts"], carriers=waiting.said["carriers"])


def enter(visit: Visit, waiting: Brought, work: Work) -> None:
    """Enter it all, or nothing; which of the two is written down."""
    books, data = visit.services.books, waiting.data
    said: dict[str, Any] = {}
    state = "judged"
    try:
        workbook = read_with_guesses(books, data, waiting.chosen, work.told)
        digest = hashlib.sha256(data).hexdigest()
        acts = enter_workbook(books, visit.subject, workbook, waiting=waiting.name, digest=digest, told=work.told)
        if acts:
            with books.database.reading() as connection:
                run = records.run_named(connection, waiting.name)
            state, said = "entered", {"acts": acts, "carriers": run.carriers if run else 0}
            visit.services.books_changed()
        else:
            # Somebody else has registered it all since.
            keep_judgement(waiting, workbook, plan_workbook(books, visit.subject, workbook))
    except PlanHasErrors as changed:
        keep_judgement(waiting, workbook, changed.plan)
    except Refused as refused:
        said = {"refusals": [{"clause": r.clause, "code": r.code, "params": dict(r.params)} for r in refused.refusals]}
    finally:
        waiting.state, waiting.said = state, said
        waiting.note()
