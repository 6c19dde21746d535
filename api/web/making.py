"""A workbook that is made beside the pages: how far it is, and its fetching, logged, before the file is given.

A list of more rows than are written while one waits leads here; its address may be left and come back to, and holds
for an hour.
"""

import json

from fastapi import APIRouter, Depends
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response

from api import store
from api.web.exports import XLSX, ban_signed, what
from api.web.made import forget, made
from api.web.render import render
from api.web.visit import Form, Visit, posted, signed_in
from api.web.working import works_of
from custody.rules import NotFound
from custody.store import queries

router = APIRouter(include_in_schema=False)


@router.get("/exports/made/{name}.xlsx")
def fetch(name: str, visit: Visit = Depends(signed_in)) -> Response:
    """The workbook, held against the walls as they stand now. Raises Refused, NotFound."""
    one = made(visit, name)
    if one.state != "ready" or not one.file.exists():
        raise NotFound
    ban_signed(visit)
    with visit.reading() as connection:
        if not queries.all_seen(connection, visit.subject, one.carriers):
            raise NotFound
    kept = json.dumps(dict(one.filters), ensure_ascii=False, sort_keys=True)
    with visit.services.database.writing() as connection:
        number = store.log_export(connection, visit.subject.person, visit.now, one.report, kept, one.rows)
    visit.shows(*one.carriers, how="export", detail=f"{one.report} {number}")
    headers = {"Content-Disposition": f'attachment; filename="{one.report}-{visit.day}.xlsx"'}
    return FileResponse(one.file, media_type=XLSX, headers=headers)


@router.get("/exports/made/{name}")
def page(name: str, visit: Visit = Depends(signed_in)) -> Response:
    """How far it is, and once it is whole the way to fetch it. Raises NotFound."""
    one = made(visit, name)
    work = works_of(visit.request.app).get(name)
    at_it = work is not None and not work.over
    failed = one.state != "ready" and not at_it
    return render(
        visit, "exports/made.html", made=one, what=what(visit, one.report), work=work if at_it else None, failed=failed
    )


@router.get("/exports/made/{name}/progress")
def progress(name: str, visit: Visit = Depends(signed_in)) -> Response:
    """How far it is, for the page that shows it. Raises NotFound."""
    made(visit, name)
    work = works_of(visit.request.app).get(name)
    if work is None or work.over:
        return JSONResponse({"over": True})
    return JSONResponse({"over": False, "phase": visit.t("exports.writing"), "done": work.done, "total": work.total})


def page_of(address: str) -> str:
    """The page of the list whose workbook an address gives."""
    page = address.partition("?")[0].removesuffix(".xlsx")
    return page.removeprefix("/reports") if page in ("/reports/carriers", "/reports/findings") else page


@router.post("/exports/made/{name}")
def stop(name: str, visit: Visit = Depends(signed_in), _form: Form = Depends(posted)) -> Response:
    """Stop it, or throw away what was made. Raises NotFound."""
    one = made(visit, name)
    works = works_of(visit.request.app)
    work = works.get(name)
    if work is not None:
        work.cancel()
        work.wait(5)
        works.forget(name)
    forget(one)
    return RedirectResponse(page_of(one.address), status_code=303)
