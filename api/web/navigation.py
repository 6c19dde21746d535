"""What the navigation holds: only what the roles may open and the application serves."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from api.web.visit import Visit
from custody.access import Permission

P = Permission


@dataclass(frozen=True, slots=True)
class Item:
    """One place to go: `key` names its word `nav.<key>`, `letter` follows `g` on the keyboard."""

    key: str
    path: str
    icon: str
    letter: str
    permission: Permission | None
    group: int


ITEMS = (
    Item("overview", "/overview", "home", "o", None, 0),
    Item("carriers", "/carriers", "doc", "c", P.SEE_CARRIERS, 1),
    Item("findings", "/findings", "swap", "f", P.SEE_FINDINGS, 1),
    Item("inbox", "/inbox", "alert", "n", None, 0),
    Item("rounds", "/rounds", "round", "s", P.SWEEP, 1),
    Item("holdings", "/me/holdings", "day", "y", P.TAKE_PART, 1),
    Item("business", "/business", "cols", "m", P.TAKE_PART, 1),
    Item("approvals", "/approvals", "stamp", "v", P.TAKE_PART, 1),
    Item("review", "/review", "clock", "t", P.SEE_REPORTS, 1),
    Item("desk", "/desk", "out", "d", P.LEND, 1),
    Item("meetings", "/meetings", "seats", "h", P.HOLD_MEETINGS, 1),
    Item("places", "/places", "map", "p", P.SEE_PLACES, 1),
    Item("people", "/people", "user", "u", P.SWEEP, 1),
    Item("readers", "/readers", "wave", "r", P.SEE_READERS, 1),
    Item("import", "/import", "in", "i", P.TAKE_IN, 2),
    Item("ledger", "/ledger", "book", "l", P.SEE_LEDGER, 2),
    Item("reports", "/reports", "sum", "b", P.SEE_REPORTS, 2),
    Item("accounts", "/accounts", "user", "a", P.MANAGE_ACCOUNTS, 2),
    Item("regulations", "/regulations", "rule", "e", P.SEE_REGULATIONS, 2),
)
del P

COUNTS: dict[str, Callable[[Visit], int]] = {}
"""Counters by item: a page group adds its own when it is imported; nought shows nothing."""


@dataclass(frozen=True, slots=True)
class Link:
    """An item as drawn."""

    item: Item
    current: bool
    count: int


def navigation(visit: Visit, request: Request) -> tuple[tuple[Link, ...], ...]:
    """The groups of links that this visit may open."""
    served: frozenset[str] = request.app.state.served
    path = request.url.path
    links = [
        Link(
            item,
            path == item.path or path.startswith(f"{item.path}/"),
            COUNTS[item.key](visit) if item.key in COUNTS else 0,
        )
        for item in ITEMS
        if item.path in served and (item.permission is None or visit.may(item.permission))
    ]
    groups = (tuple(link for link in links if link.item.group == group) for group in (0, 1, 2))
    return tuple(group for group in groups if group)


def landing(visit: Visit, served: frozenset[str]) -> str:
    """Where a person begins: the first item that the roles open, else the own account."""
    for item in ITEMS:
        if item.path in served and (item.permission is None or visit.may(item.permission)):
            return item.path
    return "/me"
