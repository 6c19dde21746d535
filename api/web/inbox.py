"""The inbox: what the visitor was told. Numbers and counts only, never a title."""

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.web import navigation
from api.web.carriers import whole
from api.web.render import render
from api.web.visit import Form, Visit, posted, signed_in
from custody.access import Permission
from reconcile import notices
from reconcile.store.finding_queries import by_person

router = APIRouter(include_in_schema=False)
PAGE = 50


def unread(visit: Visit) -> int:
    """The figure in the navigation."""
    with visit.reading() as connection:
        return notices.unread(connection, visit.subject)


navigation.COUNTS["inbox"] = unread


@router.get("/inbox")
def inbox(visit: Visit = Depends(signed_in)) -> Response:
    """The visitor's own notices, the newest first; for whom settles findings, who keeps what past its day."""
    before = whole(visit.request.query_params.get("before"))
    with visit.reading() as connection:
        found = notices.inbox(connection, visit.subject, before=before, limit=PAGE + 1)
        new = notices.unread(connection, visit.subject)
        heads = visit.may(Permission.SETTLE_FINDINGS) and before is None
        persons = by_person(connection, visit.subject) if heads else ()
        directory = visit.services.books.directory(connection)
    return render(
        visit,
        "inbox/inbox.html",
        notices=found[:PAGE],
        new=new,
        persons=persons,
        directory=directory,
        older=found[PAGE - 1].id if len(found) > PAGE else None,
    )


@router.post("/inbox/read")
def mark_read(visit: Visit = Depends(signed_in), form: Form = Depends(posted)) -> Response:
    """Mark as read what the page showed."""
    shown = [int(text) for text in form.texts("shown") if text.isascii() and text.isdecimal() and len(text) <= 18]
    with visit.services.database.writing() as connection:
        notices.mark_read(connection, visit.subject, visit.now, shown)
    visit.services.bulletin.publish("inbox")
    return RedirectResponse("/inbox", status_code=303)
