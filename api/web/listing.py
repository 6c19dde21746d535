"""What every list has: saved views of its address, columns that a person chooses, an order.

A view is a name for an address. An address that stays the same whoever opens it holds codes and identifiers; what a
search of the session says is kept with the view itself (see `api.saved_views`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from api import saved_views
from api.web.visit import Visit

LISTS = frozenset(
    {
        *("/carriers", "/findings", "/cases", "/business", "/registers/incoming", "/registers/outgoing"),
        *("/rounds", "/people", "/inbox"),
    }
)
"""Lists of which views are saved."""
PASSING = frozenset({"lang", "titles", "after", "before", "first", "done", "view", "number", "read"})
"""Names in an address that are of the moment, and of no view."""
QUERY_MAX = 1_000
PAIRS_MAX = 40


@dataclass(frozen=True, slots=True)
class ViewChip:
    """A saved view as drawn above its list."""

    id: int
    name: str
    href: str
    current: bool
    preferred: bool


@dataclass(frozen=True, slots=True)
class ViewBar:
    """The views of a list, and the address that would be saved now."""

    path: str
    query: str
    chips: tuple[ViewChip, ...]

    @property
    def nameless(self) -> bool:
        """Whether what is shown now is narrowed, and not saved yet."""
        return bool(self.query) and not any(chip.current for chip in self.chips)


def lasting(pairs: Iterable[tuple[str, str]]) -> str:
    """The query of an address without what is of the moment; the same whatever the order it was asked in."""
    kept = [(name, value) for name, value in pairs if name not in PASSING and value != ""][:PAIRS_MAX]
    return urlencode(sorted(kept, key=lambda pair: pair[0]))[:QUERY_MAX]


def without_search(query: str) -> tuple[str, str]:
    """A query without the search that it names, and the search's name; empty where it names none."""
    pairs = parse_qsl(query)
    name = next((value for key, value in pairs if key == "q"), "")
    return urlencode([pair for pair in pairs if pair[0] != "q"]), name


def view_bar(visit: Visit) -> ViewBar | None:
    """The views of the page's list; None where it is no list."""
    path = visit.request.url.path
    if path not in LISTS:
        return None
    now = lasting(visit.request.query_params.multi_items())
    with visit.reading() as connection:
        views = saved_views.views_of(connection, visit.subject.person, path)
    return ViewBar(
        path,
        now,
        tuple(
            ViewChip(
                one.id,
                one.name,
                f"{path}?{one.query}" if one.query else path,
                lasting(parse_qsl(one.query)) == now,
                one.preferred,
            )
            for one in views
        ),
    )


def chosen_columns(visit: Visit, every: Sequence[str], first: Sequence[str]) -> tuple[str, ...]:
    """The columns that the address asks for, in the list's own order; else those shown at first."""
    ticked = visit.request.query_params.getlist("col")
    return tuple(name for name in every if name in ticked) or tuple(first)


@dataclass(frozen=True, slots=True)
class Order:
    """By what a list is ordered; `falling`: the highest, latest, last first."""

    key: str
    falling: bool = False


def order_of(visit: Visit, keys: Sequence[str], *, falling: bool = False) -> Order:
    """The order that the address asks for, `sort=due` or `sort=-due`; else by the first key, as `falling` says."""
    asked = visit.request.query_params.get("sort", "")
    key = asked.removeprefix("-")
    return Order(key, asked.startswith("-")) if key in keys else Order(keys[0], falling)
