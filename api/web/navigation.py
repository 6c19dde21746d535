"""What the navigation holds: only what the roles may open and the application serves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import Request

from api.saved_views import preferred_views
from api.web.visit import Visit
from custody.access import Permission, Role

P = Permission


GROUPS = ("daily", "procedures", "registers", "administration")
"""What the items are gathered under, in this order: each has its word `nav_group.<group>`."""

LINKS_AT_ONCE = 16
"""With more links than these, the groups behind the first are folded: what one is looking for is found sooner."""


@dataclass(frozen=True, slots=True)
class Item:
    """One place to go: `key` names its word `nav.<key>`; `letter` follows `g` on the keyboard.

    There are more places than letters: what is seldom opened has none.
    """

    key: str
    path: str
    icon: str
    letter: str
    permission: Permission | None
    group: str
    also: tuple[Permission, ...] = ()
    """Other permissions of which one opens it as well."""

    def opens(self, visit: Visit) -> bool:
        """Whether the visitor's roles open it."""
        return self.permission is None or any(visit.may(one) for one in (self.permission, *self.also))


_PROOF = (P.MANAGE_ACCOUNTS, P.APPROVE_ACCOUNTS, P.HEAD_ENQUIRIES)
_SET_UP = (P.INSTRUCT, P.MANAGE_ACCOUNTS, P.APPROVE_ACCOUNTS, P.SEE_LOGS)
_ACCOUNTS = (P.MANAGE_ACCOUNTS, P.APPROVE_ACCOUNTS, P.SEE_LOGS)
ITEMS = (
    Item("overview", "/overview", "home", "o", None, "daily"),
    Item("today", "/today", "day", "t", P.SEE_REPORTS, "daily"),
    Item("inbox", "/inbox", "alert", "n", None, "daily"),
    Item("carriers", "/carriers", "doc", "c", P.SEE_CARRIERS, "daily"),
    Item("desk", "/desk", "out", "d", P.LEND, "daily"),
    Item("holdings", "/me/holdings", "day", "y", P.TAKE_PART, "daily"),
    Item("findings", "/findings", "swap", "f", P.SEE_FINDINGS, "daily"),
    Item("cases", "/cases", "box", "", P.SEE_FINDINGS, "daily"),
    Item("commissioning", "/commissioning", "chip", "", P.TAKE_IN, "daily"),
    Item("rounds", "/rounds", "round", "s", P.SWEEP, "daily"),
    Item("handhelds", "/handhelds", "down", "", P.SWEEP, "daily"),
    Item("approvals", "/approvals", "stamp", "v", P.TAKE_PART, "daily"),
    Item("business", "/business", "cols", "m", P.TAKE_PART, "procedures"),
    Item("production", "/production", "print", "i", P.SEE_REPORTS, "procedures"),
    Item("out", "/out", "up", "k", P.SEE_CARRIERS, "procedures"),
    Item("meetings", "/meetings", "seats", "h", P.HOLD_MEETINGS, "procedures"),
    Item("disclosures", "/disclosures", "eye", "x", P.TAKE_PART, "procedures"),
    Item("review", "/review", "clock", "", P.SEE_REPORTS, "procedures"),
    Item("entries", "/entries", "door", "w", P.ADMIT, "procedures"),
    Item("rooms", "/rooms", "eye", "", P.ADMIT, "procedures"),
    Item("undertakings", "/undertakings", "pen", "z", P.TAKE_PART, "procedures"),
    Item("emergency", "/emergency", "alert", "", P.TAKE_PART, "procedures"),
    Item("registers", "/registers", "in", "g", P.SEE_REPORTS, "registers"),
    Item("balance", "/balance", "equal", "q", P.SEE_REPORTS, "registers"),
    Item("reports", "/reports", "sum", "b", P.SEE_REPORTS, "registers"),
    Item("ledger", "/ledger", "book", "l", P.SEE_LEDGER, "registers"),
    Item("proof", "/proof", "shield", "", P.SEE_LEDGER, "registers", _PROOF),
    Item("verify", "/verify-print", "paper", "", P.SEE_LEDGER, "registers", (P.KEEP, P.HEAD_ENQUIRIES)),
    Item("places", "/places", "map", "p", P.SEE_PLACES, "registers"),
    Item("people", "/people", "user", "u", P.SWEEP, "registers"),
    Item("organisations", "/organisations", "box", "j", P.SEE_PLACES, "registers"),
    Item("regulations", "/regulations", "rule", "e", P.SEE_REGULATIONS, "registers"),
    Item("readers", "/readers", "wave", "r", P.SEE_READERS, "administration"),
    Item("import", "/import", "plus", "", P.TAKE_IN, "administration"),
    Item("setup", "/set-up", "ok", "", P.TAKE_IN, "administration", _SET_UP),
    Item("audit", "/audit", "eye", "", P.SEE_LOGS, "administration"),
    Item("exports", "/exports", "down", "", P.SEE_EXPORTS, "administration"),
    Item("system", "/system", "chip", "", P.MANAGE_READERS, "administration"),
    Item("jobs", "/jobs", "clock", "", P.MANAGE_READERS, "administration"),
    Item("backups", "/backups", "copy", "", P.MANAGE_READERS, "administration"),
    Item("requests", "/accounts/requests", "stamp", "", P.APPROVE_ACCOUNTS, "administration", _ACCOUNTS),
    Item("accounts", "/accounts", "gear", "a", P.MANAGE_ACCOUNTS, "administration", _ACCOUNTS),
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
    query: str = ""
    """The view in which the visitor opens the list."""

    @property
    def href(self) -> str:
        """Where it leads."""
        return f"{self.item.path}?{self.query}" if self.query else self.item.path


@dataclass(frozen=True, slots=True)
class Group:
    """Links under one heading; `name` is one of GROUPS. Where there are many, all but the first fold."""

    name: str
    links: tuple[Link, ...]
    folds: bool = False

    @property
    def open(self) -> bool:
        """Whether it is drawn unfolded: the visitor is in it."""
        return any(link.current for link in self.links)


def navigation(visit: Visit, request: Request) -> tuple[Group, ...]:
    """The groups of links that this visit may open; a group without any is left out."""
    if visit.session.must:
        return ()
    served: frozenset[str] = request.app.state.served
    path = request.url.path
    shown = [item for item in ITEMS if item.path in served and item.opens(visit)]
    here = [item.path for item in shown if path == item.path or path.startswith(f"{item.path}/")]
    with visit.reading() as connection:
        preferred = preferred_views(connection, visit.subject.person)
    links = [
        Link(
            item,
            # Of two addresses of which one lies under the other, the longer is where one is.
            item.path == max(here, key=len, default=""),
            COUNTS[item.key](visit) if item.key in COUNTS else 0,
            preferred.get(item.path, ""),
        )
        for item in shown
    ]
    many = len(links) > LINKS_AT_ONCE
    groups = (
        Group(name, tuple(link for link in links if link.item.group == name), many and name != GROUPS[0])
        for name in GROUPS
    )
    return tuple(group for group in groups if group.links)


LANDING: Mapping[Role, str] = {
    Role.MANAGER: "/today",
    Role.LEADER: "/today",
    Role.SECURITY_ADMINISTRATOR: "/accounts/requests",
    Role.AUDITOR: "/audit",
}
"""Where those begin whose work stands on another page than the overview."""


def landing(visit: Visit, served: frozenset[str]) -> str:
    """Where a person begins: where the role's work is, else the first item that is opened, else the own account."""
    for role, path in LANDING.items():
        if role in visit.subject.roles and path in served:
            return path
    return next((item.path for item in ITEMS if item.path in served and item.opens(visit)), "/me")
