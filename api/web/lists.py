"""Every list as a workbook: the same rows, the same filters, the same right as its page. One mechanism, a row a list.

A list that has a page of its own making (carriers, findings, registers, entries, the balance, audit) writes its own
workbook; the others stand here, in `lists_of_matters` and in `lists_of_watch`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.reports import ROWS_MAX, Flow, Report
from api.store import Connection
from api.web import words
from api.web.carriers import whole
from api.web.exports import ban_signed, given, write_for
from api.web.listing import order_of
from api.web.made import AT_ONCE_ROWS, Told, begin
from api.web.review import stage_of
from api.web.visit import Visit, needs
from custody import clock
from custody.access import Permission
from custody.matters import KINDS
from custody.register import Directory
from custody.store import queries
from custody.store.queries import CarrierFilter, MatterFilter
from custody.store.queries.matters import ORDERS
from custody.store.queries.review import ReviewFilter, reviews
from custody.values import Instant, Organisation, Person, Place, Unit

router = APIRouter(include_in_schema=False)
PAGE = 500
Rows = Iterator[tuple[Mapping[str, Any], int, int]]
"""Of each row: its cells, its carrier (0: none), the rank of what it names (-1: nothing classified)."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Whose list, over which reading."""

    visit: Visit
    connection: Connection
    directory: Directory

    def name(self, thing: Person | Unit | Place | Organisation | None) -> str:
        """A name in the visitor's language."""
        if thing is None:
            return ""
        return (thing.name_en or thing.name) if self.visit.language == "en" else thing.name

    def at(self, instant: Instant | None) -> datetime | None:
        """A moment in the organisation's time zone, as a workbook has it."""
        if instant is None:
            return None
        return clock.moment(instant, self.visit.services.scheme.timezone).replace(tzinfo=None, microsecond=0)

    def level(self, code: str | None) -> str:
        """A level in words."""
        return words.level_name(self.visit.services.scheme, code, self.visit.language) if code else ""

    def asks(self, name: str) -> str:
        """What the address says."""
        return asking_for(self.visit, name)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: its columns with the keys of their heads, its rows, and the filters of its page's address."""

    columns: Mapping[str, str]
    rows: Callable[[Asking], Rows]
    filters: tuple[str, ...] = ()
    """Names in the address that narrow or order the page, and so the workbook."""
    numbers: frozenset[str] = frozenset()
    """Columns of numbers."""
    machines: bool = False
    """It tells of the readers' health, and is read as their page is."""


def each(page_after: Callable[[str | None], Any]) -> Iterator[Any]:
    """Every item of a list that is read a page at a time."""
    after: str | None = None
    while True:
        page = page_after(after)
        yield from page.items
        after = page.after
        if after is None:
            return


def _people(of: Asking) -> Rows:
    directory = of.directory
    for person in each(lambda after: queries.persons_page(of.connection, "", after, None, PAGE)):
        yield (
            {
                "staff": person.number,
                "name": person.name,
                "name_en": person.name_en,
                "unit": of.name(directory.units.get(person.unit or 0)),
                "post": person.post,
                "post_class": of.visit.t(f"ask.new_post_class.{person.post_class}") if person.post_class else "",
                "cleared_from": person.cleared_from,
                "cleared_until": person.cleared_until,
                "left_on": person.left_on,
            },
            0,
            -1,
        )


def _places(of: Asking) -> Rows:
    directory = of.directory
    for place in sorted(directory.places.values(), key=lambda one: one.code):
        yield (
            {
                "code": place.code,
                "name": place.name,
                "name_en": place.name_en,
                "kind": of.visit.t(f"place_kind.{place.kind}"),
                "parent": above.code if (above := directory.places.get(place.parent or 0)) else "",
                "rating": of.level(place.rating),
                "responsible": keeper.number if (keeper := directory.persons.get(place.responsible or 0)) else "",
            },
            0,
            -1,
        )


def _matters(of: Asking) -> Rows:
    show, kind = of.asks("show") or "open", of.asks("kind")
    visit, directory = of.visit, of.directory
    asked = MatterFilter(
        kinds=(kind,) if kind in KINDS else (),
        open_only=show in ("open", "mine", "due"),
        over_only=show == "over",
        party=visit.subject.person if show == "mine" else None,
        due_before=visit.now if show == "due" else None,
    )
    rank = visit.services.scheme.rank
    order = order_of(visit, tuple(ORDERS), falling=True)
    for matter in each(
        lambda after: queries.matters(
            of.connection, visit.subject, asked, after, None, PAGE, order.key, falling=order.falling
        )
    ):
        yield (
            {
                "matter": matter.number,
                "kind": visit.t(f"matter.{matter.kind}"),
                "level": of.level(matter.level),
                "unit": of.name(directory.units.get(matter.unit)),
                "opened": of.at(matter.opened_at),
                "opened_by": of.name(directory.persons.get(matter.opened_by)),
                "carriers": matter.lines_total,
                "due": of.at(matter.due_at),
                "closed": of.at(matter.ended_at),
            },
            0,
            rank(matter.level),
        )


def _review(of: Asking) -> Rows:
    visit = of.visit
    scheme = visit.services.scheme
    level = of.asks("level")
    known = {one.code for one in scheme.levels}
    asked = ReviewFilter(stage_of(of.asks("stage")), level if level in known else None, whole(of.asks("unit")))
    found = each(
        lambda after: reviews(of.connection, visit.subject, scheme, visit.now, visit.day, asked, after, None, PAGE)
    )
    for one in found:
        item = one.carrier
        yield {**_carrier(of, item), "ends": one.ends}, item.id, item.rank


def _holdings(of: Asking) -> Rows:
    mine = CarrierFilter(holder=of.visit.subject.person)
    for item in each(lambda after: queries.carriers(of.connection, of.visit.subject, mine, after, PAGE)):
        yield {**_carrier(of, item), "since": of.at(item.since_at), "due": of.at(item.due_at)}, item.id, item.rank


def _carrier(of: Asking, item: Any) -> dict[str, Any]:
    return {
        "number": item.control_number,
        "copy": item.copy_number,
        "copies": item.copies,
        "level": of.level(item.level),
        "title": of.visit.t("titles.hidden") if of.visit.titles_hidden else item.title,
        "unit": (item.unit_name_en or item.unit_name) if of.visit.language == "en" else item.unit_name,
        "status": of.visit.t(f"status.{item.status.value}"),
    }


_OF_CARRIERS = {
    "number": "report.col.number",
    "copy": "report.col.copy",
    "copies": "report.col.copies",
    "level": "report.col.level",
    "title": "report.col.title",
    "unit": "report.col.unit",
    "status": "report.col.status",
}
_COUNTS = frozenset({"copy", "copies", "carriers"})
LISTS: Mapping[str, Listing] = {
    "people": Listing(
        {
            "staff": "report.col.person_number",
            "name": "report.col.person",
            "name_en": "import.field.name_en",
            "unit": "report.col.unit",
            "post": "import.field.post",
            "post_class": "import.field.post_class",
            "cleared_from": "import.field.cleared_from",
            "cleared_until": "import.field.cleared_until",
            "left_on": "import.field.left_on",
        },
        _people,
    ),
    "places": Listing(
        {
            "code": "import.field.code",
            "name": "import.field.name",
            "name_en": "import.field.name_en",
            "kind": "import.field.kind",
            "parent": "import.field.parent",
            "rating": "import.field.rating",
            "responsible": "import.field.responsible",
        },
        _places,
    ),
    "business": Listing(
        {
            "matter": "report.col.act_number",
            "kind": "report.col.kind_of_entry",
            "level": "report.col.level",
            "unit": "report.col.unit",
            "opened": "report.col.opened",
            "opened_by": "report.col.met_by",
            "carriers": "import.past_carriers",
            "due": "report.col.due",
            "closed": "report.col.closed",
        },
        _matters,
        ("show", "kind", "sort"),
    ),
    "review": Listing({**_OF_CARRIERS, "ends": "review.ends"}, _review, ("stage", "level", "unit")),
    "holdings": Listing({**_OF_CARRIERS, "since": "report.col.since", "due": "report.col.due"}, _holdings),
}
_P = Permission


def exported(visit: Visit, name: str, listing: Listing, columns: tuple[str, ...] = ()) -> Response:
    """The list as a workbook, of what the visitor may see; logged. `columns`: only these. Raises Refused."""
    ban_signed(visit)
    said = {one: asking_for(visit, one) for one in listing.filters if asking_for(visit, one)}

    def asking(connection: Connection) -> Asking:
        return Asking(visit, connection, visit.services.books.directory(connection))

    def report(rows: Rows) -> Report:
        flow = Flow()
        flow.rows = _flowing(rows, flow)
        kept = columns or tuple(listing.columns)
        heads = {key: visit.t(listing.columns[key]) for key in kept}
        return Report(name, kept, (), False, -1, heads, _COUNTS | listing.numbers, flow=flow)

    def write(out: BinaryIO, told: Told) -> tuple[int, Sequence[int]]:
        with reading() as connection:
            flowing = report(listing.rows(asking(connection)))
            assert flowing.flow is not None
            return write_for(visit, flowing, said, out, told), flowing.flow.carriers

    reading = visit.machines if listing.machines else visit.reading
    with reading() as connection:
        first = list(islice(listing.rows(asking(connection)), AT_ONCE_ROWS + 1))
    if len(first) > AT_ONCE_ROWS:
        return begin(visit, name, said, write)
    return given(visit, report(iter(first)), said)


def asking_for(visit: Visit, name: str) -> str:
    """What the address says under a name."""
    return visit.request.query_params.get(name, "")[:40]


def _flowing(rows: Rows, flow: Flow) -> Iterator[Mapping[str, Any]]:
    """The rows as they are written, and what is known of them when all are."""
    seen: dict[int, None] = {}
    for count, (row, carrier, rank) in enumerate(rows):
        if count == ROWS_MAX:
            flow.cut = True
            break
        flow.rank = max(flow.rank, rank)
        if carrier and carrier not in seen:
            seen[carrier] = None
            flow.carriers.append(carrier)
        yield row


@router.get("/people.xlsx")
def people(visit: Visit = Depends(needs(_P.SWEEP))) -> Response:
    """The people of the house."""
    return exported(visit, "people", LISTS["people"])


@router.get("/places.xlsx")
def places(visit: Visit = Depends(needs(_P.SEE_PLACES))) -> Response:
    """The places."""
    return exported(visit, "places", LISTS["places"])


@router.get("/business.xlsx")
def business(visit: Visit = Depends(needs(_P.TAKE_PART))) -> Response:
    """The matters, by the filters of their page."""
    return exported(visit, "business", LISTS["business"])


@router.get("/review.xlsx")
def review(visit: Visit = Depends(needs(_P.SEE_REPORTS))) -> Response:
    """What is to be reviewed, by the filters of its page."""
    return exported(visit, "review", LISTS["review"])


@router.get("/holdings.xlsx")
def holdings(visit: Visit = Depends(needs(_P.TAKE_PART))) -> Response:
    """What the visitor has in hand."""
    return exported(visit, "holdings", LISTS["holdings"])
