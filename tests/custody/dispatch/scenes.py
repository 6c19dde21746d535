"""Consignments, parcels, copies handed out: what the people of the archive do under letter b."""

from collections.abc import Sequence
from typing import Any

from custody.access import Subject
from custody.approval import asked
from custody.entries import Fact, Received
from custody.entries.approvals import Approved
from custody.entries.dispatch import (
    DeliveryAcknowledged,
    Dispatched,
    DispatchListed,
    DispatchOpened,
    DistributedOnLoan,
    DistributionListed,
    DistributionOpened,
    ManifestRow,
    ParcelSealed,
    ReceiptClosed,
    ReceiptOpened,
    ScopeWidened,
    SenderTold,
    WideningListed,
    WideningOpened,
)
from custody.entries.organisations import OrganisationRecorded
from custody.rules import Refusal, Refused
from custody.values import Organisation
from tests.builders import CLERK, LEADER, MANAGER, PEOPLE, SECRECY_OFFICE, Archive, description

MINISTRY, EMBASSY = Organisation(1, "MIN", "部机关", "Ministry"), Organisation(2, "EMB", "驻外使馆", overseas=True)
ISSUER = "部机关"
OUTSIDE = ("all", "organisation:1", "organisation:2")
"""A scope that names both bodies."""


def refusals_of(archive: Archive, by: Subject, facts: Sequence[Fact], act: str, *others: str, **more: Any) -> list[str]:
    """Clause and code of everything for which an act is refused; nothing where it is entered."""
    return [f"{one.clause} {one.code}".strip() for one in refused(archive, by, facts, act, *others, **more)]


def refused(
    archive: Archive, by: Subject, facts: Sequence[Fact], act: str, *others: str, **more: Any
) -> tuple[Refusal, ...]:
    """Everything for which an act is refused."""
    try:
        archive.enter(by, facts, act, *others, **more)
    except Refused as found:
        return found.refusals
    return ()


def bodies(archive: Archive) -> None:
    """Two other bodies in the directory: a ministry, and an embassy beyond the border."""
    archive.books.reserve("organisation", 2)
    archive.enter(SECRECY_OFFICE, [OrganisationRecorded(MINISTRY), OrganisationRecorded(EMBASSY)], "organisation")


def approve(archive: Archive, matter: int, *answers: tuple[str, Subject], route: str) -> None:
    """The clerk asks, these approve."""
    archive.enter(CLERK, [asked(matter, route, archive.scheme, archive.books.clock())], "approval")
    for step, who in answers:
        archive.enter(who, [Approved(matter, step)], "approval")


# Receiving.


def listed(number: int, **changes: Any) -> ManifestRow:
    """A row of the manifest: secret, 12 pages."""
    said: dict[str, Any] = {"title": "年度测绘成果", "copy_number": number, "level": "secret", "pages": 12}
    return ManifestRow(number, **({"issuer_number": "部发〔2026〕7号"} | said | changes))


def consignment(archive: Archive, rows: int | tuple[ManifestRow, ...] = 3, **changes: Any) -> int:
    """A sealed consignment from the ministry, brought by a courier before a witness."""
    matter = archive.matter()
    archive.enter(CLERK, [opened(matter, rows, **changes)], "receipt")
    return matter


def opened(matter: int, rows: int | tuple[ManifestRow, ...] = 3, **changes: Any) -> ReceiptOpened:
    """The same as a fact."""
    said: dict[str, Any] = {
        "sender": None,
        "sender_name": ISSUER,
        "manifest_number": "部机发-118",
        "mode": "confidential_communications",
        "rows": tuple(listed(n) for n in range(1, rows + 1)) if isinstance(rows, int) else rows,
        "seal": "F-2207",
        "delivered_by_name": "邓机要",
        "witness": PEOPLE["clerk2"],
    }
    return ReceiptOpened(matter, 1, **({"level": "secret"} | said | changes))


def taken(archive: Archive, matter: int, row: int | None, **changes: Any) -> Received:
    """What the row lists, registered under a number of the house."""
    (carrier,) = archive.books.reserve("carrier", 1)
    said: dict[str, Any] = {
        "title": "年度测绘成果",
        "copy_number": row or 1,
        "copies": 9,
        "issuer": ISSUER,
        "issuer_number": "部发〔2026〕7号",
    }
    number = f"SW-2026-{carrier:04d}"
    return Received(carrier, description(**({"control_number": number} | said | changes)), matter, row)


def told(archive: Archive, matter: int, **changes: Any) -> SenderTold:
    """The receipt slip went back with the courier."""
    said: dict[str, Any] = {"how": "slip", "to": ISSUER, "told_at": archive.books.clock(), "number": "回-31"}
    return SenderTold(matter, **(said | changes))


def end_receipt(archive: Archive, matter: int, full: bool = True) -> None:
    """The sender is told, both hands sign."""
    archive.enter(CLERK, [told(archive, matter)], "receipt")
    archive.enter(CLERK, [ReceiptClosed(matter, full)], "receipt_end", "clerk2")


# Sending.


def parcel_for(matter: int, archive: Archive, level: str = "secret", **changes: Any) -> DispatchOpened:
    """To the ministry by confidential communications, there in five days."""
    said: dict[str, Any] = {
        "addressee": MINISTRY.id,
        "recipient": None,
        "mode": "confidential_communications",
        "arrive_by": archive.due(5),
        "attention": "办公厅",
    }
    return DispatchOpened(matter, 1, level, **(said | changes))


OWN: dict[str, Any] = {
    "mode": "own_transport",
    "route": "院区—部机关，不停车",
    "vehicle": "京A·0001 封闭厢车",
    "escorts": (PEOPLE["zhao"], PEOPLE["clerk2"]),
}
"""Own transport with two escorts."""


def a_dispatch(archive: Archive, carriers: Sequence[int], **changes: Any) -> int:
    """A dispatch of these carriers, not asked for yet."""
    matter = archive.matter()
    facts: list[Fact] = [parcel_for(matter, archive, **changes)]
    archive.enter(CLERK, facts + [DispatchListed(one, matter) for one in carriers], "dispatch")
    return matter


def sealed(archive: Archive, carriers: Sequence[int], **changes: Any) -> int:
    """The same, approved and sealed."""
    matter = a_dispatch(archive, carriers, **changes)
    approve(archive, matter, ("unit", MANAGER), route="dispatch")
    archive.enter(CLERK, [ParcelSealed(matter, "P-01", "F-3001")], "dispatch_seal")
    return matter


def handed(matter: int, carrier: int, **changes: Any) -> Dispatched:
    """To the courier, before a witness."""
    said: dict[str, Any] = {"taken_by_name": "邓机要", "witness": PEOPLE["clerk2"]}
    return Dispatched(carrier, matter, **(said | changes))


def under_way(archive: Archive, carriers: Sequence[int], **changes: Any) -> int:
    """The same, handed to the courier."""
    matter = sealed(archive, carriers, **changes)
    archive.enter(CLERK, [handed(matter, one) for one in carriers], "dispatch_send", "clerk2")
    return matter


def acknowledged(matter: int, carrier: int) -> DeliveryAcknowledged:
    """The ministry's receipt came back."""
    return DeliveryAcknowledged(carrier, matter, "部收-9", "王秘书")


# Distribution and widening.


def a_distribution(archive: Archive, copies: Sequence[int], number: str, **changes: Any) -> int:
    """The copies of a title are to be handed out."""
    matter = archive.matter()
    facts: list[Fact] = [DistributionOpened(matter, 1, "secret", number, **({"reason": "传达学习"} | changes))]
    archive.enter(CLERK, facts + [DistributionListed(one, matter) for one in copies], "distribution")
    return matter


def lent(archive: Archive, matter: int, copy: int, who: str, days: int = 10) -> DistributedOnLoan:
    """Handed to somebody until a day."""
    return DistributedOnLoan(copy, matter, PEOPLE[who], archive.due(days))


def a_widening(archive: Archive, copies: Sequence[int], number: str, *principals: str, **changes: Any) -> int:
    """More are to know a title; not asked for yet."""
    matter = archive.matter()
    said: dict[str, Any] = {"reason": "联合攻关", "authority": "柳望川"}
    facts: list[Fact] = [WideningOpened(matter, 1, "secret", number, principals, **(said | changes))]
    archive.enter(CLERK, facts + [WideningListed(one, matter) for one in copies], "widening")
    return matter


def widen(archive: Archive, copies: Sequence[int], number: str, *principals: str, **changes: Any) -> int:
    """The same, approved by the office and a leader and carried out on all copies but not closed."""
    matter = a_widening(archive, copies, number, *principals, **changes)
    approve(archive, matter, ("office", SECRECY_OFFICE), ("leader", LEADER), route="widening")
    archive.enter(CLERK, [ScopeWidened(one, matter, principals) for one in copies], "widening")
    return matter
