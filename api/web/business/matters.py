"""The list of matters, and one matter: its head, its approval, its lines, its acts, its journal."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.acts import VIEWS, acts_on
from api.acts.model import Act, Ground, View
from api.acts.offering import offers
from api.acts.wording import act_words, line_words, matter_words, status_words
from api.locale import known
from api.web.business.loading import ground_of, matter_ground
from api.web.listing import chosen_columns, order_of
from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission
from custody.entries import Entry
from custody.entries.approvals import Approved, Declined
from custody.matters import KINDS, Line, Matter, parties_of
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries import CarrierItem, MatterFilter, Page
from custody.store.queries.matters import ORDERS
from custody.store.queries.paging import KeyInvalid
from custody.values import Instant, Person

router = APIRouter(include_in_schema=False)
takes_part = needs(Permission.TAKE_PART)
PAGE = 50
LINES = 100
JOURNAL_MAX = 500
SHOWS = ("open", "mine", "due", "over", "all")
COLUMNS = ("number", "kind", "mark", "status", "unit", "opened", "carriers", "due")
LOOKS: Mapping[str, tuple[str, str]] = {
    "draft": ("mute", "pen"),
    "asked": ("due", "clock"),
    "approved": ("ok", "ok"),
    "declined": ("bad", "back"),
    "withdrawn": ("mute", "undo"),
}
"""Colour and icon of the statuses that all kinds share."""


@dataclass(frozen=True, slots=True)
class Look:
    """A status as drawn."""

    colour: str
    icon: str
    word: str


@dataclass(frozen=True, slots=True)
class Step:
    """One approval of the track. `state`: given, awaited, later, declined."""

    key: str
    state: str
    person: Person | None = None
    absent: Person | None = None
    at: Instant | None = None
    note: str = ""
    means: str = ""


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One act of the matter: its number, who entered it and when, and how often it said what."""

    act: str
    by: int
    at: Instant
    facts: tuple[tuple[str, int], ...]
    signed: int
    """How many persons signed it."""


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line of the matter as drawn."""

    line: Line
    item: CarrierItem
    look: Look
    cells: tuple[str, ...]


def view_of(kind: str) -> View:
    """How a kind of matter is shown; plainly, where its letter says nothing."""
    return VIEWS.get(kind) or View(kind, "round", lambda _ground, _matter: ())


def look_of(visit: Visit, matter: Matter) -> Look:
    """A matter's status with its colour and icon."""
    word = status_words(matter.kind, matter.status, visit.t)
    plain = ("mute", "ok") if matter.ended else ("act", "round")
    colour, icon = view_of(matter.kind).looks.get(matter.status) or LOOKS.get(matter.status) or plain
    return Look(colour, icon, word)


def openers(visit: Visit, ground: Ground) -> list[tuple[Act, str]]:
    """The acts that open a matter and that the visitor's roles allow, with their words."""
    found = []
    for act in acts_on("house"):
        if act.opens and visit.may(act.permission) and not any(one.refusals for one in offers(ground, (act,))):
            found.append((act, act_words(act, visit.t)))
    return found


@router.get("/business")
def business(
    show: str = "open",
    kind: str = "",
    number: str = "",
    after: str | None = None,
    before: str | None = None,
    visit: Visit = Depends(takes_part),
) -> Response:
    """The list: open, the visitor's own, overdue, over; by kind; one by its number."""
    show = show if show in SHOWS else "open"
    kind = kind if kind in KINDS else ""
    asked = MatterFilter(
        kinds=(kind,) if kind else (),
        open_only=show in ("open", "mine", "due"),
        over_only=show == "over",
        party=visit.subject.person if show == "mine" else None,
        due_before=visit.now if show == "due" else None,
    )
    with visit.reading() as connection:
        if number.strip():
            try:
                found = queries.matter_by_number(connection, visit.subject, number[:40])
                return RedirectResponse(f"/matters/{found.id}", status_code=303)
            except NotFound:
                pass  # told on the list
        order = order_of(visit, tuple(ORDERS), falling=True)
        page = _paged(
            lambda: queries.matters(
                connection, visit.subject, asked, after, before, PAGE, order.key, falling=order.falling
            )
        )
        directory = visit.services.books.directory(connection)
    ground = ground_of(visit, directory=directory)
    return render(
        visit,
        "business/list.html",
        page=page,
        rows=[(matter, look_of(visit, matter), view_of(matter.kind).icon) for matter in page.items],
        show=show,
        shows=SHOWS,
        all_columns=COLUMNS,
        columns=chosen_columns(visit, COLUMNS, COLUMNS),
        order=order,
        orders=ORDERS,
        kind=kind,
        kinds=[(one, matter_words(one, visit.t)) for one in KINDS if one in VIEWS],
        searched=number.strip()[:40],
        openers=openers(visit, ground),
        directory=directory,
        matter_name=lambda one: matter_words(one, visit.t),
        first=_first(visit),
        page_size=PAGE,
    )


def _first(visit: Visit) -> int:
    """The number of the page's first row, as its address says."""
    text = visit.request.query_params.get("first", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else 1


def _paged(ask: Any) -> Any:
    """A page by its key; a damaged key names nothing."""
    try:
        return ask()
    except KeyInvalid as damaged:
        raise NotFound from damaged


@router.get("/matters/{identifier}")
def one_matter(
    identifier: int,
    state: str = "",
    after: str | None = None,
    before: str | None = None,
    done: str = "",
    visit: Visit = Depends(needs(Permission.SEE_CARRIERS)),
) -> Response:
    """One matter."""
    ground = matter_ground(visit, identifier)
    matter = ground.the_matter
    view = view_of(matter.kind)
    eyes = ground.eyes or visit.subject
    state = state if state in matter.counts else ""
    with visit.reading(ground.eyes) as connection:
        states = (state,) if state else ()
        page: Page[Line] = _paged(lambda: queries.lines(connection, eyes, matter.id, states, after, before, LINES))
        entries = queries.entries_of_matter(connection, matter.id, JOURNAL_MAX)
        items = queries.carriers_by_id(connection, eyes, [line.carrier for line in page.items])
    journal = journal_of(entries)
    offered = offers(ground, acts_on("matter", matter.kind))
    parts = sorted(parties_of(matter), key=lambda one: (one[1], one[0]))
    return render(
        visit,
        "business/matter.html",
        matter=matter,
        view=view,
        kind_name=matter_words(matter.kind, visit.t),
        look=look_of(visit, matter),
        rows=view.rows(ground, matter),
        track=track_of(ground, entries),
        answer_by=matter.approval.answer_by if matter.approval and not matter.ended else None,
        offers=[(one, act_words(one.act, visit.t, matter.kind)) for one in offered],
        page=page,
        lines=line_rows(visit, ground, view, page.items, items),
        states=[(one, count, line_words(matter.kind, one, visit.t)) for one, count in matter.counts.items()],
        state=state,
        parties=_parties(visit, ground, parts),
        journal=journal,
        truncated=len(entries) == JOURNAL_MAX,
        done=done if done and any(one.act == done for one in journal) else "",
        directory=ground.directory,
        more=dict(view.more(ground, matter)) if view.panel else {},
        first=_first(visit),
        page_size=LINES,
    )


def line_rows(
    visit: Visit, ground: Ground, view: View, lines: Sequence[Line], items: Mapping[int, CarrierItem]
) -> list[LineRow]:
    """Lines as drawn: those whose carriers may be seen."""
    kind, matter = view.kind, ground.the_matter
    found = []
    for line in lines:
        if line.carrier in items:
            colour, icon = view.looks.get(line.state, ("act", "doc"))
            look = Look(colour, icon, line_words(kind, line.state, visit.t))
            found.append(LineRow(line, items[line.carrier], look, tuple(view.line(ground, matter, line))))
    return found


def _parties(visit: Visit, ground: Ground, parts: Sequence[tuple[int, str]]) -> list[tuple[Person, tuple[str, ...]]]:
    """Persons with a part, each with what it is."""
    found: dict[int, dict[str, None]] = {}
    for person, part in parts:
        key = f"part.{part}"
        if person in ground.directory.persons and known(key):
            found.setdefault(person, {})[visit.t(key)] = None
    return [(ground.directory.persons[person], tuple(words)) for person, words in found.items()]


def track_of(ground: Ground, entries: Sequence[Entry]) -> list[Step]:
    """The approvals of the matter, step by step."""
    approval = ground.the_matter.approval
    if approval is None:
        return []
    persons = ground.directory.persons
    means = {entry.fact.step: _means(entry) for entry in entries if isinstance(entry.fact, Approved | Declined)}
    found = [
        Step(
            one.step,
            "given",
            persons.get(one.person),
            persons.get(one.on_behalf_of or 0),
            one.at,
            one.note,
            means.get(one.step, ""),
        )
        for one in approval.given
    ]
    declined = next((entry for entry in entries if isinstance(entry.fact, Declined)), None)
    for number, key in enumerate(approval.steps[len(found) :]):
        state = "later" if number or ground.the_matter.status != "asked" else "awaited"
        if not number and declined is not None and isinstance(declined.fact, Declined):
            absent = persons.get(declined.fact.on_behalf_of or 0)
            at, why = declined.happened_at, declined.fact.reason
            found.append(Step(key, "declined", persons.get(declined.by), absent, at, why, _means(declined)))
        else:
            found.append(Step(key, state))
    return found


def _means(entry: Entry) -> str:
    """How the acting person's identity was confirmed."""
    return next((one.means for one in entry.signatures if one.person == entry.by), "")


def journal_of(entries: Sequence[Entry]) -> list[JournalLine]:
    """The acts of a matter, newest first, each with what it said and how often."""
    found = []
    for act, group in groupby(entries, key=lambda entry: entry.act):
        said = list(group)
        facts = Counter(entry.fact.kind for entry in reversed(said))
        signed = len({one.person for entry in said for one in entry.signatures})
        found.append(JournalLine(act, said[0].by, said[0].entered_at, tuple(facts.items()), signed))
    return found


def matters_of_carrier(visit: Visit, carrier: int) -> list[tuple[Matter, str, Look]]:
    """The matters that a carrier is or was in, the newest first."""
    with visit.reading() as connection:
        page = queries.matters(connection, visit.subject, MatterFilter(carrier=carrier), limit=20)
    return [(matter, matter_words(matter.kind, visit.t), look_of(visit, matter)) for matter in page.items]
