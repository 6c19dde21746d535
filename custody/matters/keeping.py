"""Matters of keeping: hand-over between keepers, clearance of a person, yearly inventory. None binds its carriers."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from custody.entries import Entry, Fact
from custody.entries.keeping import (
    ClearanceClosed,
    ClearanceListed,
    ClearanceOpened,
    ClearanceSettled,
    HandOverClosed,
    HandOverCounted,
    HandOverExplained,
    HandOverListed,
    HandOverOpened,
    HandOverTaken,
    InventoryClosed,
    InventoryConfirmed,
    InventoryCounted,
    InventoryExplained,
    InventoryFrozen,
    InventoryListed,
    InventoryOpened,
    InventoryOver,
    InventoryRow,
    KeepingAbandoned,
)
from custody.matters.model import SAME, Line, Matter, MatterKind
from custody.values import Instant, PostClass


@dataclass(frozen=True, slots=True)
class HandOver:
    """From whom, to whom, which places."""

    giver: int
    receiver: int
    places: tuple[int, ...]
    reason: str = ""
    giver_absent: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Clearance:
    """Whose clearance, why, from which day; what the person becomes, where he or she stays."""

    person: int
    reason: str
    on: str
    new_unit: int | None = None
    new_post: str = ""
    new_post_class: PostClass | None = None
    note: str = ""
    office: int | None = None
    successor: int | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Over:
    """Something found that is not on the books."""

    code: str
    resolution: str
    place: int | None
    by: int
    at: Instant


@dataclass(frozen=True, slots=True)
class Inventory:
    """Of which year, who leads it; what was found too much; the report once it is signed."""

    year: int
    head: int
    until: Instant
    over: tuple[Over, ...] = ()
    keeper: int | None = None
    rows: tuple[InventoryRow, ...] = ()
    remark: str = ""


def _hand_over(body: HandOver | None, fact: Fact, _entry: Entry) -> HandOver | None:
    match fact:
        case HandOverOpened(giver=giver, receiver=receiver, places=places, reason=reason, giver_absent=absent):
            return HandOver(giver, receiver, places, reason, absent)
        case HandOverClosed(remark=remark) if body is not None:
            return replace(body, remark=remark)
        case KeepingAbandoned(reason=reason) if body is not None:
            return replace(body, remark=reason)
        case _:
            return body


def _clearance(body: Clearance | None, fact: Fact, _entry: Entry) -> Clearance | None:
    match fact:
        case ClearanceOpened():
            return Clearance(
                fact.person, fact.reason, fact.on, fact.new_unit, fact.new_post, fact.new_post_class, fact.note
            )
        case ClearanceClosed(office=office, successor=successor, remark=remark) if body is not None:
            return replace(body, office=office, successor=successor, remark=remark)
        case KeepingAbandoned(reason=reason) if body is not None:
            return replace(body, remark=reason)
        case _:
            return body


def _inventory(body: Inventory | None, fact: Fact, entry: Entry) -> Inventory | None:
    match fact:
        case InventoryOpened(year=year, head=head, until=until):
            return Inventory(year, head, until)
        case InventoryOver(code=code, resolution=resolution, place=place) if body is not None:
            return replace(body, over=(*body.over, Over(code, resolution, place, entry.by, entry.happened_at)))
        case InventoryClosed(keeper=keeper, rows=rows, remark=remark) if body is not None:
            return replace(body, keeper=keeper, rows=rows, remark=remark)
        case KeepingAbandoned(reason=reason) if body is not None:
            return replace(body, remark=reason)
        case _:
            return body


def _line(line: Line | None, fact: Any, _entry: Entry) -> Line | None:
    """The label says by which means it was counted, or how its absence is explained; the person is the holder."""
    if line is None:
        return None
    match fact:
        case HandOverCounted(means=means) | InventoryCounted(means=means):
            return replace(line, label=means)
        case HandOverExplained(how=how) | InventoryExplained(how=how):
            return replace(line, label=how)
        case InventoryConfirmed():
            return replace(line, label="")
        case InventoryListed(in_hand_of=person):
            return replace(line, person=person)
        case _:
            return line


def _until(body: Inventory) -> Instant | None:
    return body.until


def _keepers(matter: Matter) -> Iterable[tuple[int, str]]:
    return ((matter.body.giver, "giver"), (matter.body.receiver, "receiver"))


def _cleared(matter: Matter) -> Iterable[tuple[int, str]]:
    return ((matter.body.person, "cleared"),)


def _heads(matter: Matter) -> Iterable[tuple[int, str]]:
    return ((matter.body.head, "head"),)


_ENDS = frozenset({"closed", "abandoned"})

HAND_OVER = MatterKind(
    key="hand_over",
    opened=HandOverOpened,
    body_type=HandOver,
    transitions={
        HandOverOpened: {None: "counting"},
        HandOverClosed: {"counting": "closed"},
        KeepingAbandoned: {"counting": "abandoned"},
    },
    body=_hand_over,
    lines={
        HandOverListed: {None: "listed"},
        HandOverCounted: {"listed": "counted", "explained": "counted"},
        # What was counted may be lost or destroyed before it is signed for.
        HandOverExplained: {"listed": "explained", "counted": "explained", "explained": SAME},
        HandOverTaken: {"counted": "taken", "explained": "taken"},
    },
    line=_line,
    ends=_ENDS,
    parties=_keepers,
)
CLEARANCE = MatterKind(
    key="clearance",
    opened=ClearanceOpened,
    body_type=Clearance,
    transitions={
        ClearanceOpened: {None: "clearing"},
        ClearanceClosed: {"clearing": "closed"},
        KeepingAbandoned: {"clearing": "abandoned"},
    },
    body=_clearance,
    lines={ClearanceListed: {None: "listed"}, ClearanceSettled: {"listed": "settled"}},
    ends=_ENDS,
    parties=_cleared,
)
INVENTORY = MatterKind(
    key="inventory",
    opened=InventoryOpened,
    body_type=Inventory,
    transitions={
        InventoryOpened: {None: "listing"},
        InventoryListed: {"listing": SAME},
        InventoryFrozen: {"listing": "counting"},
        InventoryCounted: {"counting": SAME},
        InventoryConfirmed: {"counting": SAME},
        InventoryExplained: {"counting": SAME},
        InventoryOver: {"counting": SAME},
        InventoryClosed: {"counting": "closed"},
        KeepingAbandoned: {"listing": "abandoned", "counting": "abandoned"},
    },
    body=_inventory,
    lines={
        InventoryListed: {None: "listed"},
        InventoryCounted: {"listed": "counted", "explained": "counted"},
        InventoryConfirmed: {"listed": "confirmed", "explained": "confirmed"},
        InventoryExplained: {"listed": "explained", "explained": SAME},
    },
    line=_line,
    ends=_ENDS,
    due=_until,
    parties=_heads,
)
KINDS: tuple[MatterKind, ...] = (HAND_OVER, CLEARANCE, INVENTORY)
