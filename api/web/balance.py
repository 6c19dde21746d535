"""The balance: the equation at any position of the ledger, by unit, level, title and origin, and the carriers behind.

Nothing is asked in the address but positions, days, and codes: the words of a search are kept in the session.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api import store
from api.acts.wording import status_words
from api.balancing import (
    FLOW,
    GROUPINGS,
    Account,
    Line,
    PositionWrong,
    account,
    group_name,
    report_of,
    said_of,
    span_named,
    whole_account,
)
from api.store import Connection
from api.web.carriers import whole
from api.web.exports import ban_signed, given
from api.web.render import render, url
from api.web.visit import FieldError, Form, Visit, needs, posted
from custody.access import Permission
from custody.balance import ORIGINS, Balance, order_balance
from custody.entries import FACTS
from custody.life_cycle import HELD, Status
from custody.register import Directory
from custody.rules import NotFound
from custody.store import queries as books
from custody.store.queries import CarrierItem, MatterFilter, Page
from custody.store.queries import balance as queries
from custody.store.queries.balance import By, Position, StandingFilter, What
from custody.store.queries.paging import KeyInvalid
from custody.values import Origin

router = APIRouter(include_in_schema=False)
reads = needs(Permission.SEE_REPORTS)
PAGE = 50
ALWAYS = (Status.IN_PLACE, Status.ON_LOAN)
"""States that have a column even where nothing is in them."""
BEGINNINGS = ("unit", "level", "origin", "title")
"""What narrows a list of carriers to a group, as it stands in addresses."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for. `errors`: what could not be read; then it is the present."""

    by: By
    at: Position
    since: Position | None
    text: str
    errors: tuple[FieldError, ...] = ()


def _position_words(params: Mapping[str, str], name: str) -> str:
    """A position typed, else a day chosen."""
    return params.get(name, "").strip() or params.get(f"{name}_day", "").strip()


def span_of(visit: Visit, at: str, since: str) -> tuple[Position, Position | None]:
    """The positions of the ledger that these words mean. Raises PositionWrong.

    Where the ledger stood on a day is nobody's secret; which act stands there, and when it was entered, is told only of
    what the visitor sees.
    """
    with visit.services.database.reading() as ledger:
        position, opening = span_named(ledger, at, since, visit.day, visit.services.scheme.timezone)
    with visit.reading() as connection:
        seen = queries.position_at(connection, position.sequence)
        return seen, None if opening is None else queries.position_at(connection, opening.sequence)


def asked_of(visit: Visit) -> Asked:
    """What the address asks for."""
    params = visit.request.query_params
    by = next((one for one in GROUPINGS if one == params.get("by")), GROUPINGS[0])
    text = ""
    if params.get("q"):
        with visit.reading() as connection:
            kept = store.kept_search(connection, visit.session.token_hash, params["q"])
        text = (kept or {}).get("text", "")
    at, since = _position_words(params, "at"), _position_words(params, "since")
    try:
        position, opening = span_of(visit, at, since)
    except PositionWrong as wrong:
        error = FieldError("at", visit.t(f"balance.error.{wrong.code}", **wrong.params))
        return Asked(by, span_of(visit, "", "")[0], None, text, (error,))
    return Asked(by, position, opening, text)


def columns_of(found: Account) -> list[Status]:
    """The states that have a column: those in which anything is."""
    shown = {status for line in (found.total, *found.lines) for status, n in line.balance.states.items() if n}
    return [status for status in Status if status in shown or status in ALWAYS]


def terms_of(counted: Balance) -> list[Status]:
    """The states of the equation, those that hold something; the lost last."""
    ordered = [status for status in Status if status is not Status.DECLARED_LOST]
    return [one for one in ordered if one in ALWAYS or counted.states[one]] + [Status.DECLARED_LOST]


class Links:
    """Where each figure opens to its carriers."""

    def __init__(self, found: Account) -> None:
        self._found = found

    def __call__(self, line: Line, what: What = "at", **more: Any) -> str:
        """The carriers behind a figure of a line; with `since=True` those of what became of it."""
        since = self._found.since
        group = {self._found.by: line.key} if line.key != "" else {}
        narrowed: dict[str, Any] = {"at": self._found.at.sequence, "what": None if what == "at" else what} | group
        if more.pop("since", False) and since is not None:
            narrowed["since"] = since.sequence
        if more.pop("opening", False) and since is not None:
            narrowed["at"] = since.sequence
        return url("/balance/carriers", **narrowed, **more)


@router.get("/balance")
def balance_page(visit: Visit = Depends(reads)) -> Response:
    """The equation, and its table by unit, level, title or origin."""
    params = visit.request.query_params
    scheme = visit.services.scheme
    page: Page[str] | None = None
    copies: Mapping[str, CarrierItem] = {}
    asked = asked_of(visit)
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        view = queries.view_of(visit.subject, scheme)
        if asked.by == "title":
            page = _titles(connection, visit, view, asked)
            copies = queries.first_copies(connection, visit.subject, page.items)
        numbers = page.items if page else ()
        found = account(connection, view, directory, scheme, asked.by, asked.at, asked.since, numbers)
    return render(
        visit,
        "balance/balance.html",
        errors=asked.errors,
        asked=asked,
        found=found,
        page=page,
        copies=copies,
        first=whole(params.get("first")) or 1,
        page_size=PAGE,
        groupings=GROUPINGS,
        columns=columns_of(found),
        terms=terms_of(found.total.balance),
        origins=[origin for origin in ORIGINS if found.total.balance.came_in.get(origin)],
        flow_parts=FLOW,
        link=Links(found),
        group=lambda key: group_name(found.by, key, directory, scheme, visit.language),
        reach=_reach(visit, directory, whole_register=view.whole),
        year_began=f"{visit.day[:4]}-01-01",
        before_year=f"{int(visit.day[:4]) - 1}-12-31",
        excel=_excel(asked),
    )


def _titles(connection: Connection, visit: Visit, view: queries.View, asked: Asked) -> Page[str]:
    params = visit.request.query_params
    try:
        return queries.titles(
            connection, view, asked.at.sequence, asked.text, params.get("after"), PAGE, params.get("before")
        )
    except KeyInvalid as damaged:
        raise NotFound from damaged


def _reach(visit: Visit, directory: Directory, *, whole_register: bool) -> str:
    """Whose balance it is, in words."""
    if whole_register:
        return visit.t("balance.whole")
    scheme, subject = visit.services.scheme, visit.subject
    levels = [one for one in scheme.levels if one.rank <= subject.clearance_rank]
    top = max(levels, key=lambda one: one.rank, default=None)
    level = "" if top is None else top.name_en if visit.language == "en" else top.name_zh
    if subject.reach is None:
        return visit.t("balance.up_to", level=level)
    tops = [directory.units[unit] for unit in subject.reach if unit in directory.units]
    tops = [unit for unit in tops if unit.parent not in subject.reach]
    names = [unit.name_en if visit.language == "en" and unit.name_en else unit.name for unit in tops]
    if not names:
        return visit.t("balance.own", level=level)
    return visit.t("balance.of_units", units=visit.t("findings.list_separator").join(sorted(names)), level=level)


def _excel(asked: Asked) -> str:
    since = asked.since.sequence if asked.since else None
    return url("/balance.xlsx", by=asked.by, at=asked.at.sequence, since=since)


@router.post("/balance/find")
def find(visit: Visit = Depends(reads), form: Form = Depends(posted)) -> Response:
    """Keep the words of a search for titles by number, and show what they find."""
    text = form.text("number")[:80]
    back = {"by": "title", "at": form.text("at")[:20], "since": form.text("since")[:20]}
    if not text:
        return RedirectResponse(url("/balance", **back), status_code=303)
    name = store.search_name(visit.now)
    with visit.services.database.writing() as connection:
        store.keep_search(connection, visit.session.token_hash, name, {"text": text})
    return RedirectResponse(url("/balance", **back, q=name), status_code=303)


@router.get("/balance.xlsx")
def workbook(visit: Visit = Depends(reads)) -> Response:
    """The balance as a workbook, every group; the export is logged before it goes out. Raises Refused."""
    ban_signed(visit)
    services = visit.services
    asked = asked_of(visit)
    if asked.errors:
        raise NotFound
    with visit.reading() as connection:
        directory = services.books.directory(connection)
        view = queries.view_of(visit.subject, services.scheme)
        found, cut = whole_account(connection, view, directory, services.scheme, asked.by, asked.at, asked.since)
        copies: dict[str, CarrierItem] = {}
        if asked.by == "title":
            copies = queries.first_copies(connection, visit.subject, [str(line.key) for line in found.lines])
    titles = not visit.titles_hidden
    report = report_of(found, directory, services.scheme, visit.language, copies, titles=titles, cut=cut)
    return given(visit, report, said_of(found, services.scheme))


ORDERS_COUNTED = frozenset({"approved", "closed", "settled"})
"""Statuses of an order in which it approves anything."""


@router.get("/balance/orders")
def orders(visit: Visit = Depends(reads)) -> Response:
    """Production orders as they stand now, the newest first: approved = registered + spoiled + cancelled."""
    params = visit.request.query_params
    with visit.reading() as connection:
        try:
            page = books.matters(
                connection,
                visit.subject,
                MatterFilter(kinds=("production",)),
                params.get("after"),
                params.get("before"),
                PAGE,
            )
        except KeyInvalid as damaged:
            raise NotFound from damaged
        directory = visit.services.books.directory(connection)
    return render(
        visit,
        "balance/orders.html",
        page=page,
        rows=[
            (one, order_balance(one) if one.status in ORDERS_COUNTED else None, one.body.quantity) for one in page.items
        ],
        status=lambda order: status_words(order.kind, order.status, visit.t),
        directory=directory,
        groupings=GROUPINGS,
        first=whole(params.get("first")) or 1,
        page_size=PAGE,
    )


# The carriers behind a figure.


def _filter_of(visit: Visit, directory: Directory, at: Position, since: Position | None) -> StandingFilter:
    """What an address narrows to; what cannot be read is not asked."""
    params = visit.request.query_params
    status, origin, level, kind = (params.get(name, "") for name in ("status", "origin", "level", "kind"))
    unit = whole(params.get("unit"))
    origins: dict[str, Origin] = {one: one for one in ORIGINS}
    return StandingFilter(
        at=at.sequence,
        since=since.sequence if since else None,
        what=next((one for one in get_args(What) if one == params.get("what")), "at"),
        status=Status(status) if status in set(Status) else None,
        origin=origins.get(origin),
        units=None if unit is None else frozenset(directory.units_under(unit)),
        level=level if level in {one.code for one in visit.services.scheme.levels} else None,
        control_number=params.get("title") or None,
        kind=kind if kind in FACTS else None,
    )


@router.get("/balance/carriers")
def carriers(visit: Visit = Depends(reads)) -> Response:
    """The carriers behind a figure, as they stood at its position."""
    params = visit.request.query_params
    services = visit.services
    try:
        at, since = span_of(visit, params.get("at", ""), params.get("since", ""))
    except PositionWrong as wrong:
        raise NotFound from wrong
    with visit.reading() as connection:
        directory = services.books.directory(connection)
        asked = _filter_of(visit, directory, at, since)
        view = queries.view_of(visit.subject, services.scheme)
        try:
            page = queries.standing_carriers(connection, view, asked, params.get("after"), PAGE, params.get("before"))
        except KeyInvalid as damaged:
            raise NotFound from damaged
        now = books.carriers_by_id(connection, visit.subject, [item.carrier.id for item in page.items])
    return render(
        visit,
        "balance/carriers.html",
        page=page,
        asked=asked,
        at=at,
        since=since,
        now_states={one: item.status for one, item in now.items()},
        narrowed=_narrowed(visit, asked, directory),
        directory=directory,
        held=HELD,
        first=whole(params.get("first")) or 1,
        page_size=PAGE,
        back=_back(visit, at, since),
    )


def _narrowed(visit: Visit, asked: StandingFilter, directory: Directory) -> list[str]:
    """What the list is of, in words."""
    t, params = visit.t, visit.request.query_params
    found = [t(f"balance.what.{asked.what}")] if asked.what != "at" else []
    if asked.kind is not None:
        found.append(t(f"act.{asked.kind}"))
    if asked.status is not None:
        found.append(t(f"status.{asked.status.value}"))
    for by in GROUPINGS:
        if params.get(by) and (by != "unit" or asked.units):
            key = whole(params[by]) if by == "unit" else params[by]
            found.append(group_name(by, key or 0, directory, visit.services.scheme, visit.language))
    return found


def _back(visit: Visit, at: Position, since: Position | None) -> str:
    by = next((by for by in GROUPINGS if visit.request.query_params.get(by)), None)
    return url("/balance", by=by, at=at.sequence, since=since.sequence if since else None)
