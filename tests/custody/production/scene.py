"""Orders to test with: who orders, who approves, what is made."""

from dataclasses import replace
from typing import Any

from custody.access import Role, Subject
from custody.approval import asked
from custody.entries import Fact, Shelved, TagBound
from custody.entries.approvals import Approved
from custody.entries.production import (
    CopiesCancelled,
    CopySpoiled,
    IntermediateProduced,
    OrderClosed,
    OrderSettled,
    Produced,
    ProductionOrdered,
)
from custody.matters.production import described, described_intermediate
from custody.rules import Refusal, Refused
from custody.store.orders import next_intermediate
from custody.values import DAY, Description, Instant, Period, Scope, Tag
from tests.builders import (
    CLERK,
    COMMITTEE,
    READING,
    SECRECY_OFFICE,
    SHELF,
    TODAY,
    Archive,
    epc_of,
    signatures,
    subject,
)

CHEN = subject("chen", Role.BORROWER)
"""Orders for the research unit, to which he belongs."""
NUMBER = "YS-2026-90001"
DAYS = 30
"""Days in which intermediates are preserved or destroyed, by default."""


def ordered(matter: int, **changes: Any) -> ProductionOrdered:
    """An order of three secret copies, made here; anything may be changed. `scope` takes principals."""
    scope = changes.pop("scope", ("all",))
    said: dict[str, Any] = {
        "unit": 4,
        "level": "secret",
        "control_number": NUMBER,
        "title": "远山三号试验大纲",
        "carrier_kind": "document",
        "medium": "paper",
        "period": Period("years", "10"),
        "quantity": 3,
        "place": READING,
        "producer": None,
        "reason": "评审会用",
        "basis": "《远山科研定密细目》第4条",
        "determined_by": "柳望川",
        "classified_on": TODAY,
        "pages": 12,
    }
    return ProductionOrdered(matter=matter, scope=Scope(tuple(scope)), **(said | changes))


def an_order(archive: Archive, by: Subject = CHEN, **changes: Any) -> int:
    """An order written and sent to approval."""
    matter = archive.matter()
    facts: list[Fact] = [ordered(matter, **changes)]
    facts.append(asked(matter, "production", archive.scheme, archive.books.clock()))
    archive.enter(by, facts, "production")
    return matter


def approve(archive: Archive, matter: int) -> None:
    """The secrecy office, then the committee."""
    archive.enter(SECRECY_OFFICE, [Approved(matter, "office")], "approval")
    archive.enter(COMMITTEE, [Approved(matter, "committee")], "approval")


def approved_order(archive: Archive, by: Subject = CHEN, **changes: Any) -> int:
    """An order that was approved."""
    matter = an_order(archive, by, **changes)
    approve(archive, matter)
    return matter


def a_copy(archive: Archive, matter: int, number: int, *, marked: bool = True, **changes: Any) -> Produced:
    """The copy of this number, as ordered but for `changes`."""
    body = archive.the_matter(matter).body
    told = described(body, number)
    carrier = archive.books.reserve("carrier", 1)[0]
    return Produced(carrier, matter, _changed(told, changes), marked)


def copies(archive: Archive, matter: int, *numbers: int) -> list[int]:
    """These copies registered, tagged and shelved in one act; gives their identifiers."""
    facts: list[Fact] = []
    made = [a_copy(archive, matter, number) for number in numbers]
    for one in made:
        facts += [one, TagBound(one.carrier, Tag(epc_of(one.carrier))), Shelved(one.carrier, SHELF)]
    archive.enter(CLERK, facts, "produce")
    return [one.carrier for one in made]


def an_intermediate(archive: Archive, matter: int, what: str = "draft", **changes: Any) -> IntermediateProduced:
    """An intermediate of the order, with the next number of its kind."""
    told = described_intermediate(archive.the_matter(matter).body, what, _next(archive, matter, what))
    return IntermediateProduced(archive.books.reserve("carrier", 1)[0], matter, _changed(told, changes))


def intermediate(archive: Archive, matter: int, what: str = "draft") -> int:
    """An intermediate registered; gives its identifier."""
    fact = an_intermediate(archive, matter, what)
    archive.enter(CLERK, [fact, Shelved(fact.carrier, SHELF)], "intermediate")
    return fact.carrier


def spoiled(archive: Archive, matter: int, number: int, reason: str = "卡纸", **changes: Any) -> CopySpoiled:
    """The copy of this number came out spoiled."""
    told = described_intermediate(archive.the_matter(matter).body, "scrap", _next(archive, matter, "scrap"))
    return CopySpoiled(archive.books.reserve("carrier", 1)[0], matter, number, _changed(told, changes), reason)


def cancelled(matter: int, *numbers: int, reason: str = "会期缩短") -> CopiesCancelled:
    """These copy numbers are never produced."""
    return CopiesCancelled(matter, numbers, reason)


def closing(archive: Archive, matter: int, *, none: bool = False, days: int = DAYS) -> list[Fact]:
    """The order is closed; where there are no intermediates (`none`) it is over."""
    closed: list[Fact] = [OrderClosed(matter, in_days(archive, days), none)]
    return [*closed, OrderSettled(matter)] if none else closed


def in_days(archive: Archive, days: int) -> Instant:
    """The instant so many days from now."""
    return archive.books.clock() + days * DAY


def refused(archive: Archive, by: Subject, facts: list[Fact], act: str, *others: int | str) -> list[Refusal]:
    """What stood against the act; empty where it was entered."""
    under = signatures(facts, archive.books.clock(), by.person, *others)
    try:
        archive.books.enter(by, facts, act=act, signatures=under)
    except Refused as error:
        return list(error.refusals)
    return []


def refusals_of(archive: Archive, by: Subject, facts: list[Fact], act: str, *others: int | str) -> list[str]:
    """The same as words: `a.1 order_not_approved`."""
    return [f"{one.clause} {one.code}".strip() for one in refused(archive, by, facts, act, *others)]


def _changed(told: Description, changes: dict[str, Any]) -> Description:
    return replace(told, **changes)


def _next(archive: Archive, matter: int, what: str) -> int:
    with archive.books.database.reading() as connection:
        return next_intermediate(connection, archive.the_matter(matter).body.control_number, what)
