"""Production orders: what is to be produced, and what became of every copy number (clauses a.1 to a.6)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from custody.entries import Entry
from custody.entries.production import (
    CopiesCancelled,
    CopySpoiled,
    IntermediateGone,
    IntermediateKept,
    IntermediateProduced,
    LabelsAllotted,
    LabelsReturned,
    OrderClosed,
    OrderSettled,
    Produced,
    ProductionOrdered,
)
from custody.matters.model import SAME, Line, Matter, MatterKind
from custody.values import CarrierKind, Description, Instant, Period, Scope


@dataclass(frozen=True, slots=True)
class ProductionBody:
    """The order, by the names of `custody.values.Description` where it says the same, and its copies.

    Approved = registered + spoiled + cancelled, once it is closed: `quantity`, and the copy numbers of each, in the
    order in which they were told of.
    """

    control_number: str
    title: str
    kind: CarrierKind
    medium: str
    level: str
    period: Period
    scope: Scope
    unit: int
    quantity: int
    place: int | None
    producer: int | None
    reason: str
    basis: str
    determined_by: str
    classified_on: str
    pages: int | None = None
    first_copy: int = 1
    supplements: int | None = None
    registered: tuple[int, ...] = ()
    spoiled: tuple[int, ...] = ()
    cancelled: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    """EPCs allotted and not returned, in upper-case hexadecimal; some are bound by now."""
    due_at: Instant | None = None
    """By when its intermediates are to be preserved or destroyed; None before it is closed, and once it is over."""

    @property
    def last_copy(self) -> int:
        """The highest copy number that the order holds."""
        return self.first_copy + self.quantity - 1

    @property
    def block(self) -> range:
        """The copy numbers that the order holds."""
        return range(self.first_copy, self.last_copy + 1)

    @property
    def accounted(self) -> frozenset[int]:
        """Copy numbers that are registered, spoiled or cancelled."""
        return frozenset({*self.registered, *self.spoiled, *self.cancelled})

    @property
    def free(self) -> tuple[int, ...]:
        """Copy numbers of which nothing is told yet, ascending."""
        accounted = self.accounted
        return tuple(number for number in self.block if number not in accounted)


INTERMEDIATE_LETTERS = {"draft": "G", "proof": "Y", "negative": "D", "scrap": "P"}
"""草稿, 清样, 底片, 废品: what stands before the running number of an intermediate, behind the order's number."""


def described(body: ProductionBody, copy_number: int) -> Description:
    """What the copy of this number is to be, as ordered."""
    return Description(
        control_number=body.control_number,
        copy_number=copy_number,
        copies=body.last_copy,
        title=body.title,
        kind=body.kind,
        level=body.level,
        period=body.period,
        scope=body.scope,
        unit=body.unit,
        classified_on=body.classified_on,
        basis=body.basis,
        determined_by=body.determined_by,
        medium=body.medium,
        pages=body.pages,
    )


def described_intermediate(body: ProductionBody, what: str, number: int) -> Description:
    """What the intermediate of this kind and running number is: the order's title and level, a number of its own."""
    own = f"{body.control_number}/{INTERMEDIATE_LETTERS[what]}{number}"
    return replace(described(body, 1), control_number=own, copies=1, pages=None, intermediate=what)


def order_of(matter: Matter | None) -> ProductionBody | None:
    """The order's body, where the matter is one."""
    return matter.body if matter is not None and isinstance(matter.body, ProductionBody) else None


def holds_numbers(matter: Matter) -> bool:
    """Whether the copy numbers of the order are its own: those of one declined or withdrawn are free again."""
    return isinstance(matter.body, ProductionBody) and matter.status not in ("declined", "withdrawn")


def intermediate_of(line: Line) -> str:
    """What the intermediate on a line is: draft, proof, negative, scrap; empty for a copy."""
    return line.label.partition(" ")[0]


def why(line: Line) -> str:
    """Why the sheet on a line was spoiled, or the intermediate kept."""
    return line.label.partition(" ")[2]


def _ordered(fact: ProductionOrdered) -> ProductionBody:
    return ProductionBody(
        control_number=fact.control_number,
        title=fact.title,
        kind=fact.carrier_kind,
        medium=fact.medium,
        level=fact.level,
        period=fact.period,
        scope=fact.scope,
        unit=fact.unit,
        quantity=fact.quantity,
        place=fact.place,
        producer=fact.producer,
        reason=fact.reason,
        basis=fact.basis,
        determined_by=fact.determined_by,
        classified_on=fact.classified_on,
        pages=fact.pages,
        first_copy=fact.first_copy,
        supplements=fact.supplements,
    )


def _without(labels: Iterable[str], gone: Iterable[str]) -> tuple[str, ...]:
    away = set(gone)
    return tuple(epc for epc in labels if epc not in away)


def _body(body: Any, fact: Any, _entry: Entry) -> Any:
    match fact:
        case ProductionOrdered():
            return _ordered(fact)
        case Produced():
            return replace(body, registered=(*body.registered, fact.description.copy_number))
        case CopySpoiled():
            return replace(body, spoiled=(*body.spoiled, fact.copy_number))
        case CopiesCancelled():
            return replace(body, cancelled=(*body.cancelled, *fact.copy_numbers))
        case LabelsAllotted():
            return replace(body, labels=(*body.labels, *fact.epcs))
        case LabelsReturned():
            return replace(body, labels=_without(body.labels, fact.epcs))
        case OrderClosed():
            return replace(body, due_at=fact.due_at)
        case OrderSettled():
            return replace(body, due_at=None)
        case _:
            return body


def _line(line: Line | None, fact: Any, _entry: Entry) -> Line | None:
    """`label`: what an intermediate is, then why it was spoiled or kept. `person`: who decided to keep it."""
    assert line is not None
    match fact:
        case IntermediateProduced():
            return replace(line, label=fact.description.intermediate)
        case CopySpoiled():
            return replace(line, label=f"{fact.description.intermediate} {fact.reason}")
        case IntermediateKept():
            return replace(line, person=fact.decided_by, label=f"{intermediate_of(line)} {fact.reason}")
        case _:
            return line


PRODUCTION = MatterKind(
    key="production",
    opened=ProductionOrdered,
    body_type=ProductionBody,
    body=_body,
    transitions={
        ProductionOrdered: {None: "draft"},
        # That an order is not approved yet, or closed, is said by the rule of clause a.1.
        Produced: {"draft": SAME, "asked": SAME, "approved": SAME, "closed": SAME},
        CopySpoiled: {"draft": SAME, "asked": SAME, "approved": SAME, "closed": SAME},
        CopiesCancelled: {"approved": SAME},
        LabelsAllotted: {"approved": SAME},
        LabelsReturned: {"approved": SAME},
        # A negative may turn up after the order was closed: better late than never.
        IntermediateProduced: {"draft": SAME, "asked": SAME, "approved": SAME, "closed": SAME},
        IntermediateKept: {"approved": SAME, "closed": SAME},
        IntermediateGone: {"approved": SAME, "closed": SAME},
        OrderClosed: {"approved": "closed"},
        OrderSettled: {"closed": "settled"},
    },
    lines={
        Produced: {None: "registered"},
        CopySpoiled: {None: "intermediate"},
        IntermediateProduced: {None: "intermediate"},
        IntermediateKept: {"intermediate": "kept"},
        IntermediateGone: {"intermediate": "gone"},
    },
    line=_line,
    ends=frozenset({"settled"}),
    route="production",
    due=lambda body: body.due_at,
)

KINDS: tuple[MatterKind, ...] = (PRODUCTION,)
