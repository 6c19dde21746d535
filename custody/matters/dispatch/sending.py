"""A dispatch: one parcel, to whom, which way, and what became of everything in it.

Statuses: draft, asked, approved (as every matter with approval), sealed, under_way, closed.
Lines: listed, dispatched, acknowledged (label: the receipt and who signed there), taken_in (person: the recipient),
returned, short, struck. The planned arrival is the deadline of the matter from the hand-over on.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from custody.entries import Entry
from custody.entries.dispatch import (
    DeliveryAcknowledged,
    DeliveryTakenIn,
    DispatchClosed,
    Dispatched,
    DispatchListed,
    DispatchOpened,
    DispatchReturned,
    DispatchShort,
    DispatchStruck,
    Mode,
    ParcelOpened,
    ParcelSealed,
)
from custody.matters.model import SAME, Line, Matter, MatterKind
from custody.values import Instant

DRAFT, ASKED, APPROVED = "draft", "asked", "approved"
SEALED, UNDER_WAY, CLOSED = "sealed", "under_way", "closed"
ON_THE_LIST = ("listed", "dispatched")
"""States of lines of which it is not known yet what became of them."""


@dataclass(frozen=True, slots=True)
class Sending:
    """To whom, which way, until when; the parcel; who handed it to whom."""

    addressee: int | None
    recipient: int | None
    mode: Mode
    arrive_by: Instant
    attention: str = ""
    reason: str = ""
    route: str = ""
    vehicle: str = ""
    escorts: tuple[int, ...] = ()
    export_permit: str = ""
    parcel: str = ""
    seal: str = ""
    sent_by: int | None = None
    sent_at: Instant | None = None
    taken_by: int | None = None
    taken_by_name: str = ""
    witness: int | None = None


def _body(body: Any, fact: Any, entry: Entry) -> Any:
    match fact:
        case DispatchOpened():
            return Sending(
                addressee=fact.addressee,
                recipient=fact.recipient,
                mode=fact.mode,
                arrive_by=fact.arrive_by,
                attention=fact.attention,
                reason=fact.reason,
                route=fact.route,
                vehicle=fact.vehicle,
                escorts=fact.escorts,
                export_permit=fact.export_permit,
            )
        case ParcelSealed(parcel=parcel, seal=seal):
            return replace(body, parcel=parcel, seal=seal)
        case ParcelOpened():
            return replace(body, parcel="", seal="")
        case Dispatched():
            return replace(
                body,
                sent_by=entry.by,
                sent_at=entry.happened_at,
                taken_by=fact.taken_by,
                taken_by_name=fact.taken_by_name,
                witness=fact.witness,
            )
        case _:
            return body


def _line(line: Line | None, fact: Any, entry: Entry) -> Line | None:
    assert line is not None
    match fact:
        case DispatchStruck(reason=reason):
            return replace(line, label=reason)
        case DeliveryAcknowledged(receipt=receipt, signed_by=signed_by):
            return replace(line, label=f"{receipt} {signed_by}")
        case DeliveryTakenIn(pages_counted=pages):
            return replace(line, person=entry.by, pages=pages)
        case DispatchReturned(reason=reason, pages_counted=pages):
            return replace(line, label=reason, pages=pages)
        case DispatchShort(note=note):
            return replace(line, label=note)
        case _:
            return line


def _due(body: Sending) -> Instant | None:
    return body.arrive_by if body.sent_at is not None else None


def _parties(matter: Matter) -> Iterable[tuple[int, str]]:
    # Escorts are none: they see the parcel, not what is in it.
    body: Sending = matter.body
    return () if body.recipient is None else ((body.recipient, "recipient"),)


def _apart(matter: Matter) -> Iterable[int]:
    """Whoever carries or receives it does not approve it."""
    body: Sending = matter.body
    return (*body.escorts, *(() if body.recipient is None else (body.recipient,)))


DISPATCH = MatterKind(
    key="dispatch",
    opened=DispatchOpened,
    body_type=Sending,
    body=_body,
    transitions={
        DispatchOpened: {None: DRAFT},
        DispatchListed: {DRAFT: SAME},
        DispatchStruck: dict.fromkeys((DRAFT, ASKED, APPROVED), SAME),
        ParcelSealed: {APPROVED: SEALED},
        ParcelOpened: {SEALED: APPROVED},
        Dispatched: {SEALED: UNDER_WAY, UNDER_WAY: SAME},
        DeliveryAcknowledged: {UNDER_WAY: SAME},
        DeliveryTakenIn: {UNDER_WAY: SAME},
        DispatchReturned: {UNDER_WAY: SAME},
        DispatchShort: {UNDER_WAY: SAME},
        DispatchClosed: {UNDER_WAY: CLOSED},
    },
    lines={
        DispatchListed: {None: "listed", "struck": "listed"},
        DispatchStruck: {"listed": "struck"},
        Dispatched: {"listed": "dispatched"},
        DeliveryAcknowledged: {"dispatched": "acknowledged"},
        DeliveryTakenIn: {"dispatched": "taken_in"},
        DispatchReturned: {"dispatched": "returned"},
        DispatchShort: {"dispatched": "short"},
    },
    line=_line,
    ends=frozenset({CLOSED}),
    binds=True,
    route="dispatch",
    lists_first=True,
    due=_due,
    parties=_parties,
    apart=_apart,
)
