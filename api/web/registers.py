"""The registers of incoming and outgoing papers, a row a paper, with the issuer's own number (clauses b.1, b.7).

The words of a search stand in no address: they are kept in the session under a short name, `?q=<name>`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api import store
from api.acts.dispatch.receiving import sender_name
from api.acts.dispatch.showing import body_name
from api.acts.model import Ground
from api.acts.wording import line_words
from api.reports import ROWS_MAX, Report
from api.web.business.loading import ground_of
from api.web.carriers import whole
from api.web.exports import given
from api.web.render import render, url
from api.web.visit import Form, Visit, needs, posted
from custody import clock
from custody.access import Permission
from custody.classification import is_day
from custody.matters.dispatch.receipt import Receipt
from custody.matters.dispatch.sending import Sending
from custody.rules import NotFound
from custody.store.queries.paging import KeyInvalid, Page
from custody.store.queries.registers import Incoming, Outgoing, RegisterFilter, incoming, outgoing
from custody.values import Instant

router = APIRouter(include_in_schema=False)
reads = needs(Permission.SEE_REPORTS)
PAGE = 50
STAGES: Mapping[str, tuple[str, ...]] = {
    "incoming": ("all", "called_back"),
    "outgoing": ("all", "under_way", "ended"),
}
"""Register -> what may be chosen of it."""
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "incoming": (
        *("at", "act", "number", "copy", "level", "issuer", "issuer_number", "manifest", "items", "pages"),
        *("way", "signed", "status", "recall"),
    ),
    "outgoing": (
        *("at", "act", "number", "copy", "level", "addressee", "issuer_number", "parcel", "items", "pages"),
        *("way", "signed", "status", "delivery"),
    ),
}
"""Register -> columns of its workbook."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row as drawn: the paper, its consignment, and words for everything."""

    row: Incoming | Outgoing
    at: Instant | None
    act: str
    matter: int | None
    body: str
    """Whose paper it is, or to whom it went."""
    number: str
    """The sender's manifest, or the parcel."""
    items: int
    """Papers of the same consignment."""
    way: str
    signed: str
    status: str
    note: str = ""
    """How far its issuer calls it back; or its receipt."""
    colour: tuple[str, str] = ("mute", "round")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a register's address asks for; `values` as they stand there."""

    filter: RegisterFilter
    values: Mapping[str, str]


def asked_of(visit: Visit, register: str) -> Asked:
    """The filter that an address names; what cannot be read is not asked."""
    params = visit.request.query_params
    values = {name: params[name] for name in ("q", "stage", "since", "until") if params.get(name)}
    text = None
    if "q" in values:
        with visit.reading() as connection:
            kept = store.kept_search(connection, visit.session.token_hash, values["q"])
        text = (kept or {}).get("text")
    zone = visit.services.scheme.timezone
    since, until = values.get("since", ""), values.get("until", "")
    stage = values.get("stage", "all")
    return Asked(
        RegisterFilter(
            text=text,
            since=_first_of(since, zone) if is_day(since) else None,
            until=clock.end_of_day(until, zone) + 1 if is_day(until) else None,
            stage=stage if stage in STAGES[register] else "all",
        ),
        values,
    )


def _first_of(day: str, zone: str) -> Instant:
    """The first instant of an ISO day: the one after the last of the day before."""
    before = date.fromisoformat(day).toordinal() - 1
    return clock.end_of_day(date.fromordinal(max(before, 1)).isoformat(), zone) + 1


def _incoming_row(ground: Ground, one: Incoming) -> Row:
    t, item = ground.t, one.item
    body: Receipt | None = one.receipt.body if one.receipt is not None else None
    recall = t(f"registers.recall.{one.recall}") if one.recall else ""
    signed = ground.person_name(one.by)
    if body is not None:
        hand = ground.person_name(body.delivered_by) or body.delivered_by_name
        signed = t("punctuation.list").join(name for name in (signed, hand) if name)
    colours = {"called_back": ("due", "clock"), "returned": ("ok", "back"), "explained": ("mute", "pen")}
    return Row(
        one,
        one.at,
        one.receipt.number if one.receipt else one.act,
        one.receipt.id if one.receipt else None,
        item.issuer or (sender_name(ground, body) if body else ""),
        body.manifest_number if body else "",
        one.receipt.lines_total if one.receipt else 1,
        t(f"ask.way.{body.mode}") if body else "",
        signed,
        t(f"status.{item.status.value}"),
        recall,
        colours.get(one.recall, ("mute", "round")),
    )


def _outgoing_row(ground: Ground, one: Outgoing) -> Row:
    t, matter, line = ground.t, one.matter, one.line
    word = line_words(matter.kind, line.state, t)
    colours = {"dispatched": ("due", "up"), "short": ("bad", "lost"), "returned": ("odd", "back")}
    look = ("ok", "ok") if matter.kind == "issuer_return" else colours.get(line.state, ("ok", "ok"))
    if not isinstance(matter.body, Sending):
        # Returned to its issuer by list: the line says in which parcel, and who took it.
        return Row(
            one,
            line.at,
            matter.number,
            matter.id,
            matter.body.issuer,
            line.label,
            matter.count("returned"),
            "",
            ground.person_name(line.person),
            word,
            matter.body.receipt,
            look,
        )
    body = matter.body
    taken = ground.person_name(body.taken_by) or body.taken_by_name
    return Row(
        one,
        body.sent_at,
        matter.number,
        matter.id,
        body_name(ground, body.addressee) or ground.person_name(body.recipient),
        body.parcel,
        matter.lines_total - matter.count("struck"),
        t(f"ask.way.{body.mode}"),
        t("punctuation.list").join(name for name in (ground.person_name(body.sent_by), taken) if name),
        word,
        line.label,
        look,
    )


def _read(
    visit: Visit, register: str, asked: RegisterFilter, after: str | None, before: str | None, limit: int
) -> Page[Any]:
    with visit.reading() as connection:
        reading = incoming if register == "incoming" else outgoing
        page: Page[Any] = reading(connection, visit.subject, asked, after, before, limit)
    return page


def _row(ground: Ground, one: Incoming | Outgoing) -> Row:
    return _incoming_row(ground, one) if isinstance(one, Incoming) else _outgoing_row(ground, one)


def _shown(register: str, visit: Visit) -> Response:
    asked = asked_of(visit, register)
    params = visit.request.query_params
    try:
        page = _read(visit, register, asked.filter, params.get("after"), params.get("before"), PAGE)
    except KeyInvalid as damaged:
        raise NotFound from damaged
    ground = ground_of(visit)
    return render(
        visit,
        "registers/list.html",
        register=register,
        page=page,
        rows=[_row(ground, one) for one in page.items],
        asked=asked,
        stages=STAGES[register],
        excel=url(f"/registers/{register}.xlsx", **asked.values),
        first=whole(params.get("first")) or 1,
        page_size=PAGE,
    )


@router.get("/registers")
def registers(_visit: Visit = Depends(reads)) -> Response:
    """The register of what comes in; the other is beside it."""
    return RedirectResponse("/registers/incoming", status_code=303)


@router.get("/registers/incoming")
def incoming_register(visit: Visit = Depends(reads)) -> Response:
    """Papers received. Raises NotFound for a damaged key."""
    return _shown("incoming", visit)


@router.get("/registers/outgoing")
def outgoing_register(visit: Visit = Depends(reads)) -> Response:
    """Papers sent. Raises NotFound for a damaged key."""
    return _shown("outgoing", visit)


@router.post("/registers/{register}")
def search(register: str, visit: Visit = Depends(reads), form: Form = Depends(posted)) -> Response:
    """Keep the words of a search, and go to the list. Raises NotFound for a register that there is not."""
    if register not in STAGES:
        raise NotFound
    text = form.text("q")[:200]
    if not text:
        return RedirectResponse(f"/registers/{register}", status_code=303)
    name = store.search_name(visit.now)
    with visit.services.database.writing() as connection:
        store.keep_search(connection, visit.session.token_hash, name, {"text": text})
    return RedirectResponse(url(f"/registers/{register}", q=name), status_code=303)


# As workbooks.


def _all(visit: Visit, register: str, asked: RegisterFilter) -> Iterator[Any]:
    after: str | None = None
    while True:
        page = _read(visit, register, asked, after, None, 500)
        yield from page.items
        after = page.after
        if after is None:
            return


def _at(at: Instant | None, zone: str) -> datetime | None:
    return None if at is None else clock.moment(at, zone).replace(tzinfo=None, microsecond=0)


def report(visit: Visit, register: str, asked: Asked) -> Report:
    """A register as a report: the same rows, ids as text; no titles."""
    ground, zone = ground_of(visit), visit.services.scheme.timezone
    rows: list[dict[str, Any]] = []
    carriers: list[int] = []
    rank, cut = -1, False
    for one in _all(visit, register, asked.filter):
        if len(rows) == ROWS_MAX:
            cut = True
            break
        row = _row(ground, one)
        item = one.item
        level = ground.scheme.level(item.level)
        rank = max(rank, item.rank)
        carriers.append(item.id)
        body, number, note = (
            ("issuer", "manifest", "recall") if register == "incoming" else ("addressee", "parcel", "delivery")
        )
        rows.append(
            {
                "at": _at(row.at, zone),
                "act": row.act,
                "number": item.control_number,
                "copy": item.copy_number,
                "level": level.name_en if ground.language == "en" else level.name_zh,
                body: row.body,
                "issuer_number": item.issuer_number,
                number: row.number,
                "items": row.items,
                "pages": item.pages,
                "way": row.way,
                "signed": row.signed,
                "status": row.status,
                note: row.note,
            }
        )
    return Report(register, COLUMNS[register], rows, cut, rank, carriers=tuple(dict.fromkeys(carriers)))


def _workbook(register: str, visit: Visit) -> Response:
    asked = asked_of(visit, register)
    # The words of a search stay in the session; that there was one is said.
    return given(visit, report(visit, register, asked), asked.values)


@router.get("/registers/incoming.xlsx")
def incoming_workbook(visit: Visit = Depends(reads)) -> Response:
    """The register of incoming papers as a workbook, logged."""
    return _workbook("incoming", visit)


@router.get("/registers/outgoing.xlsx")
def outgoing_workbook(visit: Visit = Depends(reads)) -> Response:
    """The register of outgoing papers as a workbook, logged."""
    return _workbook("outgoing", visit)
