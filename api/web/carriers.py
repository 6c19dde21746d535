"""The register: the list with its filters, one carrier with its two stories, and the search.

The words of a search stand in no address: they are kept in the session under a short name, `?q=<name>`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api import store
from api.web.acts.table import offers
from api.web.business.hooks import business_of
from api.web.carrier_acts import Button, buttons_of
from api.web.life import Life, life_of
from api.web.listing import Order, chosen_columns, order_of
from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission, answers_for
from custody.life_cycle import Status
from custody.register import Directory
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries import CarrierFilter, CarrierItem
from custody.store.queries.carriers import ORDERS
from custody.store.queries.paging import KeyInvalid
from custody.values import CarrierKind
from reconcile.store.finding_queries import FindingFilter, FindingItem, findings
from reconcile.store.whereabouts import whereabouts_of

router = APIRouter(include_in_schema=False)
PAGE = 50
KINDS: tuple[CarrierKind, ...] = get_args(CarrierKind)
COLUMNS = (
    "number",
    "mark",
    "title",
    "kind",
    "status",
    "where",
    "radio",
    "due",
    "home",
    "unit",
    "pages",
    "since",
    "tag",
)
COLUMNS_DEFAULT = ("number", "mark", "title", "kind", "status", "where", "radio", "due")
KIND_ICONS: Mapping[str, str] = {"disc": "disc", "drive": "chip", "computer": "chip", "model": "box"}
reads = needs(Permission.SEE_CARRIERS)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list's address asks for. `values` are its words as they stand there, for the links."""

    filter: CarrierFilter
    values: Mapping[str, str]
    columns: tuple[str, ...]
    first: int
    order: Order


def asked_of(visit: Visit) -> Asked:
    """The filter that an address names; what cannot be read is not asked."""
    params = visit.request.query_params
    values = {
        name: params[name]
        for name in ("q", "level", "status", "kind", "unit", "place", "overdue", "holder")
        if params.get(name)
    }
    text = None
    if "q" in values:
        with visit.reading() as connection:
            kept = store.kept_search(connection, visit.session.token_hash, values["q"])
        text = (kept or {}).get("text")
    levels = {level.code for level in visit.services.scheme.levels}
    kinds: dict[str, CarrierKind] = {kind: kind for kind in KINDS}
    return Asked(
        CarrierFilter(
            text=text,
            level=values.get("level") if values.get("level") in levels else None,
            status=Status(values["status"]) if values.get("status") in set(Status) else None,
            kind=kinds.get(values.get("kind", "")),
            unit=whole(values.get("unit")),
            place=whole(values.get("place")),
            holder=whole(values.get("holder")),
            overdue_before=visit.now if values.get("overdue") else None,
        ),
        values,
        chosen_columns(visit, COLUMNS, COLUMNS_DEFAULT),
        whole(params.get("first")) or 1,
        order_of(visit, tuple(ORDERS)),
    )


def whole(text: str | None) -> int | None:
    """A whole number of an address; None for anything else."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) <= 18 else None


@router.get("/carriers")
def carriers(visit: Visit = Depends(reads)) -> Response:
    """The list."""
    asked = asked_of(visit)
    params = visit.request.query_params
    with visit.reading() as connection:
        try:
            page = queries.carriers(
                connection,
                visit.subject,
                asked.filter,
                params.get("after"),
                PAGE,
                params.get("before"),
                asked.order.key,
                asked.order.falling,
            )
        except KeyInvalid as damaged:
            raise NotFound from damaged
        directory = visit.services.books.directory(connection)
        counts = queries.status_totals(connection, visit.subject)
        scheme, shown = visit.services.scheme, [item.id for item in page.items]
        radio = whereabouts_of(connection, scheme, shown, visit.now) if "radio" in asked.columns else {}
    visit.shows(*(item.id for item in page.items))  # whichever columns are chosen
    return render(
        visit,
        "carriers/list.html",
        page=page,
        asked=asked,
        counts={status: counted for status, counted in counts.items() if counted[0]},
        levels=[level for level in visit.services.scheme.levels if level.rank <= visit.subject.clearance_rank],
        directory=directory,
        kinds=KINDS,
        all_columns=COLUMNS,
        orders=ORDERS,
        kind_icons=KIND_ICONS,
        radio=radio,
        excel=excel_address(visit, asked),
        page_size=PAGE,
    )


def excel_address(visit: Visit, asked: Asked) -> str | None:
    """The same list as a workbook, where the reports serve it."""
    path = "/reports/carriers.xlsx"
    if path not in visit.request.app.state.served or not visit.may(Permission.SEE_REPORTS):
        return None
    columns = [("col", name) for name in asked.columns] if asked.columns != COLUMNS_DEFAULT else []
    sort = visit.request.query_params.get("sort")
    order = [("sort", sort)] if sort else []
    query = urlencode([*asked.values.items(), *columns, *order])
    return f"{path}?{query}" if query else path


@router.get("/carriers/{identifier}")
def carrier(identifier: int, request: Request, show: str = "both", visit: Visit = Depends(reads)) -> Response:
    """One carrier: what the books say, what the radio heard, and its whole life."""
    with visit.reading() as connection:
        item = queries.carrier(connection, visit.subject, identifier)
        directory = visit.services.books.directory(connection)
        about: tuple[FindingItem, ...] = ()
        if visit.may(Permission.SEE_FINDINGS):
            about = findings(connection, visit.subject, FindingFilter(carrier=item.id)).items
        kin = queries.kin_of(connection, visit.subject, item.id)
        life: Life = life_of(connection, visit, item, directory, [one.line for one in about])
    show = show if show in {"both", "books", "radio"} else "both"
    business = business_of(visit, item, directory)
    more = []
    if answers_for(visit.subject, Permission.SEE_DISCLOSURE, item.unit, directory):
        more.append(Button("seen", f"/carriers/{item.id}/seen", visit.t("carriers.who_has_seen"), "eye"))
    return render(
        visit,
        "carriers/one.html",
        item=item,
        directory=directory,
        life=life,
        findings=about,
        buttons=buttons_of(visit, item, offers(visit, item), business.offers, more),
        business=business,
        kin=kin,
        show=show,
        kind_icons=KIND_ICONS,
        scope=[scope_words(visit, directory, principal) for principal in item.scope],
        until=secret_until(visit, item),
    )


def scope_words(visit: Visit, directory: Directory, principal: str) -> str:
    """One principal of a scope in words."""
    kind, _, value = principal.partition(":")
    if kind == "all":
        return visit.t("scope.all")
    if kind == "post":
        return visit.t(f"scope.post.{value}")
    things: dict[str, Mapping[int, Any]] = {
        "unit": directory.units,
        "person": directory.persons,
        "organisation": directory.organisations,
    }
    found = things.get(kind, {}).get(int(value) if value.isdecimal() else 0)
    if found is None:
        return principal
    english: str = found.name_en
    return english if visit.language == "en" and english else str(found.name)


def secret_until(visit: Visit, item: CarrierItem) -> str:
    """The ISO day on which the period ends; empty where no day is known."""
    if item.period.kind == "date":
        return item.period.value
    years = 0
    if item.period.kind == "years" and item.period.value.isdecimal():
        years = int(item.period.value)
    elif item.period.kind == "maximum":
        years = visit.services.scheme.level(item.level).period_years_max or 0
    if not years or len(item.classified_on) != 10:
        return ""
    year, rest = int(item.classified_on[:4]) + years, item.classified_on[4:]
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return f"{year:04d}-02-28" if rest == "-02-29" and not leap else f"{year:04d}{rest}"
