"""The inbox: what the visitor was told. Numbers and counts only, never a title."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.web import navigation
from api.web.carriers import whole
from api.web.render import render
from api.web.visit import Form, Visit, posted, signed_in
from custody.access import Permission
from reconcile import notices
from reconcile.notices import Notice
from reconcile.store.finding_counts import by_person

router = APIRouter(include_in_schema=False)
PAGE = 50


def unread(visit: Visit) -> int:
    """The figure in the navigation."""
    with visit.reading() as connection:
        return notices.unread(connection, visit.subject)


navigation.COUNTS["inbox"] = unread


SHOWN = ("all", "unread", "findings", "others")
"""What an inbox may be narrowed to."""
PLACES: Mapping[str, tuple[str, Permission]] = {
    "to_sign": ("/undertakings", Permission.TAKE_PART),
    "paper_ending": ("/organisations", Permission.SEE_PLACES),
    "sweep_soon": ("/rounds", Permission.SWEEP),
    "archiving_soon": ("/review", Permission.SEE_REPORTS),
    "review_soon": ("/review", Permission.SEE_REPORTS),
    "loans_due": ("/carriers?status=on_loan", Permission.SEE_CARRIERS),
    "asked_back": ("/me/holdings", Permission.TAKE_PART),
    "calendar_ending": ("/jobs", Permission.MANAGE_READERS),
    "mail_failing": ("/jobs", Permission.MANAGE_READERS),
    "backup_old": ("/backups", Permission.MANAGE_READERS),
    "report_delivered": ("/reports/deliveries", Permission.SEE_REPORTS),
    "report_withheld": ("/reports/deliveries", Permission.SEE_REPORTS),
    "emergency": ("/emergency", Permission.TAKE_PART),
}
"""Where a notice that is about no single thing leads, and what one must be allowed for it."""


def link_of(notice: Notice, visit: Visit) -> str:
    """Where what a notice is about is seen to; empty where nowhere, or not by the visitor."""
    sort, _, rest = notice.about.partition(":")
    if notice.case:
        return f"/cases/{notice.case}" if visit.may(Permission.SEE_FINDINGS) else ""
    if notice.finding:
        return f"/findings/{notice.finding}" if visit.may(Permission.SEE_FINDINGS) else ""
    if sort in ("matter", "provision"):
        identifier = rest.partition("@")[0]
        return f"/matters/{identifier}" if identifier.isdecimal() and visit.may(Permission.SEE_CARRIERS) else ""
    if notice.kind not in PLACES:
        return ""
    path, permission = PLACES[notice.kind]
    return path if visit.may(permission) else ""


def _askers(found: Sequence[Notice]) -> list[tuple[Notice, int]]:
    """Notices by which a person asks for something back, each with who asks."""
    return [(one, whole(one.about.partition("@")[2]) or 0) for one in found if one.kind == notices.ASKED_BACK]


@router.get("/inbox")
def inbox(visit: Visit = Depends(signed_in)) -> Response:
    """The visitor's own notices, the unread first; for whom settles findings, who keeps what past its day."""
    asked = visit.request.query_params.get("show", "all")
    show = asked if asked in SHOWN else "all"
    before = whole(visit.request.query_params.get("before"))
    with visit.reading() as connection:
        found = notices.inbox(
            connection,
            visit.subject,
            unread_only=show == "unread",
            of_findings={"findings": True, "others": False}.get(show),
            before=before,
            limit=PAGE + 1,
            unread_first=True,
            before_read=bool(visit.request.query_params.get("read")),
        )
        new = notices.unread(connection, visit.subject)
        heads = visit.may(Permission.SETTLE_FINDINGS) and before is None and show == "all"
        persons = by_person(connection, visit.subject) if heads else ()
        directory = visit.services.books.directory(connection)
    return render(
        visit,
        "inbox/inbox.html",
        notices=[(one, link_of(one, visit)) for one in found[:PAGE]],
        new=new,
        show=show,
        askers={one.id: directory.persons[who] for one, who in _askers(found[:PAGE]) if who in directory.persons},
        shows=SHOWN,
        newest=found[0].id if found and before is None and show == "all" else None,
        persons=persons,
        directory=directory,
        older=found[PAGE - 1] if len(found) > PAGE else None,
    )


@router.post("/inbox/read")
def mark_read(visit: Visit = Depends(signed_in), form: Form = Depends(posted)) -> Response:
    """Mark as read what the page showed; or everything, as far as it had come when the page was drawn."""
    shown = [int(text) for text in form.texts("shown") if text.isascii() and text.isdecimal() and len(text) <= 18]
    through = whole(form.text("through"))
    with visit.services.database.writing() as connection:
        if through is not None:
            notices.mark_read(connection, visit.subject, visit.now, through=through)
        else:
            notices.mark_read(connection, visit.subject, visit.now, shown)
    visit.services.bulletin.publish("inbox")
    return RedirectResponse("/inbox", status_code=303)
