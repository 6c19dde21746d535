"""What is said in the tests of letter i: proposed, approved, handed over, brought back; brought to be reviewed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from custody.access import Role, Subject
from custody.approval import asked
from custody.entries import Fact
from custody.entries.approvals import Approved, Declined
from custody.entries.disclosure import (
    DisclosureReviewed,
    InformationProvided,
    ProlongationOpened,
    ProlongationUsed,
    Provided,
    ProvidedForGood,
    ProvisionListed,
    ProvisionOpened,
    ProvisionProlonged,
    ProvisionReturned,
    ReviewOpened,
)
from custody.rules import Refusal, Refused
from custody.store.books import Receipt
from tests.builders import CLERK, CLERK_2, LEADER, MANAGER, PEOPLE, SECRECY_OFFICE, SHELF, Archive, subject

CHEN = subject("chen", Role.BORROWER)
ZHAO = subject("zhao", Role.BORROWER)
RECEIVER, DOCUMENT = "邵工", "工作证 0731"
TEXT, OTHER_TEXT = "a" * 64, "b" * 64


def refusals_of(archive: Archive, by: Subject, facts: Sequence[Fact], act: str, *others: str, **more: Any) -> list[str]:
    """Clause and code of everything for which an act is refused; nothing where it is entered."""
    return [f"{one.clause} {one.code}".strip() for one in refused(archive, by, facts, act, *others, **more)]


def refused(
    archive: Archive, by: Subject, facts: Sequence[Fact], act: str, *others: str, **more: Any
) -> tuple[Refusal, ...]:
    """Everything for which an act is refused."""
    try:
        archive.enter(archive.present(by), facts, act, *others, **more)
    except Refused as found:
        return found.refusals
    return ()


def partner(archive: Archive, **agreement: Any) -> int:
    """A research institute with which there is an agreement."""
    body = archive.organisation("INST")
    archive.agreement(body, **agreement)
    return body


# Provision.


def proposed(archive: Archive, matter: int, body: int, **changes: Any) -> ProvisionOpened:
    """For sixty days, the originals, on the ground of a contract; anything may be changed."""
    plain = ProvisionOpened(
        matter,
        1,
        "secret",
        body,
        purpose="联合试验",
        ground="合作合同第八条",
        form="originals",
        terms="loan",
        measures="专人专柜",
        due_at=archive.due(60),
    )
    if changes.get("terms", "loan") != "loan":
        changes.setdefault("due_at", None)
    return replace(plain, **changes)


def a_provision(archive: Archive, carriers: Sequence[int], body: int | None = None, **changes: Any) -> int:
    """The clerk proposes it with its list."""
    matter = archive.matter()
    facts: list[Fact] = [proposed(archive, matter, partner(archive) if body is None else body, **changes)]
    archive.enter(CLERK, facts + [ProvisionListed(one, matter) for one in carriers], "provision")
    return matter


def ask(archive: Archive, matter: int, route: str = "provision", by: Subject = CLERK) -> Receipt:
    """Approval asked for."""
    return archive.enter(archive.present(by), [asked(matter, route, archive.scheme, archive.books.clock())], "approval")


def approve(archive: Archive, matter: int) -> int:
    """Asked by the clerk, approved by the office and the leader."""
    ask(archive, matter)
    archive.enter(SECRECY_OFFICE, [Approved(matter, "office")], "approval")
    archive.enter(LEADER, [Approved(matter, "leader")], "approval")
    return matter


def an_approved_provision(archive: Archive, carriers: Sequence[int], body: int | None = None, **changes: Any) -> int:
    """The same, approved."""
    return approve(archive, a_provision(archive, carriers, body, **changes))


def handed(archive: Archive, matter: int, carrier: int, **changes: Any) -> Provided:
    """Into the receiving person's hands, whole, before Chen Guodong."""
    due = archive.the_matter(matter).body.due_at
    plain = Provided(carrier, matter, RECEIVER, DOCUMENT, PEOPLE["chen"], due or 0, 12)
    return replace(plain, **changes)


def for_good(matter: int, carrier: int, **changes: Any) -> ProvidedForGood:
    """The same for good."""
    return replace(ProvidedForGood(carrier, matter, RECEIVER, DOCUMENT, PEOPLE["chen"], "收字7号", 12), **changes)


def told(archive: Archive, matter: int, **changes: Any) -> InformationProvided:
    """Zhao Qiming explained it before Chen Guodong."""
    plain = InformationProvided(
        matter,
        "试验条件与边界",
        RECEIVER,
        DOCUMENT,
        PEOPLE["zhao"],
        PEOPLE["chen"],
        "纪要3号",
        archive.books.clock(),
    )
    return replace(plain, **changes)


def outside(archive: Archive, carriers: Sequence[int], **changes: Any) -> int:
    """A provision whose carriers were handed over by the other clerk."""
    matter = an_approved_provision(archive, carriers, **changes)
    archive.enter(CLERK_2, [handed(archive, matter, one) for one in carriers], "provide", "chen")
    return matter


def back(matter: int, carrier: int, **changes: Any) -> ProvisionReturned:
    """Back on the shelf, whole."""
    return replace(ProvisionReturned(carrier, matter, SHELF, RECEIVER, 12), **changes)


def a_prolongation(archive: Archive, provision: int, days: int = 100, **changes: Any) -> int:
    """Proposed by the clerk."""
    matter = archive.matter()
    plain = ProlongationOpened(matter, 1, "secret", provision, archive.due(days), "试验延期")
    archive.enter(CLERK, [replace(plain, **changes)], "prolongation")
    return matter


def longer(archive: Archive, provision: int, prolongation: int, *carriers: int) -> list[Fact]:
    """A prolongation carried out on these carriers."""
    due = archive.the_matter(prolongation).body.due_at
    facts: list[Fact] = [ProvisionProlonged(one, provision, prolongation, due) for one in carriers]
    return [*facts, ProlongationUsed(prolongation)]


# Review.


def piece(archive: Archive, matter: int, **changes: Any) -> ReviewOpened:
    """A paper by Chen Guodong of the research unit; anything may be changed."""
    plain = ReviewOpened(
        matter,
        4,
        "internal",
        what="manuscript",
        title="低温轴承的润滑",
        outlet="《仪器学报》",
        due_at=archive.due(20),
        authors=(PEOPLE["chen"],),
        secrets="none",
        text_hash=TEXT,
        pages=9,
    )
    return replace(plain, **changes)


def a_review(archive: Archive, by: Subject = CHEN, *others: str, **changes: Any) -> int:
    """Brought by its author."""
    matter = archive.matter()
    archive.enter(by, [piece(archive, matter, **changes)], "disclosure_review", *others)
    return matter


def an_asked_review(archive: Archive, by: Subject = CHEN, *others: str, **changes: Any) -> int:
    """The same, and asked for."""
    matter = a_review(archive, by, *others, **changes)
    ask(archive, matter, "disclosure", by)
    return matter


def result(matter: int, step: str, said: Any = "pass", opinion: str = "", stands_for: int | None = None) -> list[Fact]:
    """A reviewer's result with his answer to the step."""
    reviewed = DisclosureReviewed(matter, step, said, opinion, stands_for)
    if said == "no":
        return [reviewed, Declined(matter, step, opinion or "不宜公开", stands_for)]
    return [reviewed, Approved(matter, step, stands_for)]


REVIEWERS = (("unit", MANAGER), ("office", SECRECY_OFFICE))


def a_passed_review(archive: Archive, said: Any = "pass", opinion: str = "", **changes: Any) -> int:
    """Reviewed by the unit and the office; `said` is the office's result."""
    matter = an_asked_review(archive, **changes)
    archive.enter(MANAGER, result(matter, "unit"), "review_opinion")
    archive.enter(SECRECY_OFFICE, result(matter, "office", said, opinion), "review_opinion")
    return matter
