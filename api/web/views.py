"""Saving, naming, ordering and forgetting views of lists: one route for all of them."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api import saved_views, store
from api.saved_views import NameTaken, SavedView, TooMany
from api.store import Connection
from api.web.listing import LISTS, lasting, without_search
from api.web.render import render
from api.web.visit import Form, Unfit, Visit, posted, signed_in
from custody.rules import NotFound

router = APIRouter(include_in_schema=False)
NAME_MAX = 40


@router.post("/views")
def save(visit: Visit = Depends(signed_in), form: Form = Depends(posted)) -> Response:
    """Give the address that was shown a name. Raises NotFound for what is no list."""
    path = form.text("path")
    if path not in LISTS:
        raise NotFound
    query, search = without_search(lasting(parse_qsl(form.text("query"))))
    try:
        name = _name(visit, form)
        with visit.services.database.writing() as connection:
            words = _words(connection, visit, search)
            made = saved_views.add_view(connection, visit.subject.person, path, name, query, words, visit.now)
            made = _own(connection, visit, made.id)
    except Unfit as unfit:
        return _again(visit, path, unfit, form)
    except NameTaken:
        return _again(visit, path, Unfit([visit.error("name", "views.taken")]), form)
    except TooMany:
        return _again(visit, path, Unfit([visit.error("", "views.too_many", n=saved_views.VIEWS_MAX)]), form)
    return RedirectResponse(_address(made), status_code=303)


@router.post("/views/{view}")
def change(view: int, visit: Visit = Depends(signed_in), form: Form = Depends(posted)) -> Response:
    """Rename it, open the list so, move it forward, forget it. Raises NotFound for another's."""
    person, do = visit.subject.person, form.text("do")
    try:
        with visit.services.database.writing() as connection:
            one = _own(connection, visit, view)
            match do:
                case "rename":
                    saved_views.rename_view(connection, person, one, _name(visit, form))
                case "prefer" | "unprefer":
                    saved_views.prefer_view(connection, person, one, do == "prefer")
                case "forward":
                    saved_views.move_view_forward(connection, person, one)
                case "delete":
                    saved_views.delete_view(connection, one)
                case _:
                    raise NotFound
    except Unfit as unfit:
        return _again(visit, one.path, unfit, form)
    except NameTaken:
        return _again(visit, one.path, Unfit([visit.error("name", "views.taken")]), form)
    return RedirectResponse(one.path if do == "delete" else _address(one), status_code=303)


def _own(connection: Connection, visit: Visit, view: int) -> SavedView:
    found = saved_views.own_view(connection, visit.subject.person, view) if 0 < view < 2**63 else None
    if found is None:
        raise NotFound
    return found


def _name(visit: Visit, form: Form) -> str:
    name = " ".join(form.text("name").split())
    if not name or len(name) > NAME_MAX or not name.isprintable():
        raise Unfit([visit.error("name", "views.name_needed", n=NAME_MAX)])
    return name


def _words(connection: Connection, visit: Visit, search: str) -> Mapping[str, str] | None:
    """What the search says that the address names; None where it names none of this session."""
    return store.kept_search(connection, visit.session.token_hash, search) if search else None


def _address(view: SavedView) -> str:
    return f"{view.path}?{view.query}" if view.query else view.path


def _again(visit: Visit, path: str, unfit: Unfit, form: Form) -> Response:
    """What was typed, with what is wrong with it."""
    return render(
        visit, "views/again.html", errors=unfit.errors, kept=form.kept(), address=visit.request.url.path, list_path=path
    )
