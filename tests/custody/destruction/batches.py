"""A batch of destruction in the test archive, brought as far as a test needs it.

Zhou Min (clerk) applies, the secrecy office and the leader approve; Shen Lan (clerk2) destroys, Chen Guodong and
Sun Li watch. Anybody else may be named.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from custody import procedures
from custody.access import Subject
from custody.approval import asked
from custody.entries import Fact
from custody.entries.approvals import Approved
from custody.entries.destruction import (
    CertifiedByCentre,
    Checked,
    Destroyed,
    DestructionCarriedOut,
    DestructionListed,
    DestructionOpened,
    GoneToCentre,
    HandedToCentre,
    ReceivedByCentre,
    Sealed,
    SetApart,
    WeighedIn,
)
from custody.matters import Matter
from custody.matters.destruction import list_hash
from custody.rules import Refused
from custody.store.books import Receipt
from tests.builders import CLERK, CLERK_2, LEADER, PEOPLE, SCHEME, SECRECY_OFFICE, SHELF_2, Archive

CENTRE = SCHEME.destruction_centres[0]
DESTROYER = "clerk2"
SUPERVISORS = ("chen", "sun")
TRIO = (DESTROYER, *SUPERVISORS)


def opened(matter: int, level: str = "secret", disposal: str = "on_site", centre: str = "") -> DestructionOpened:
    """The request: reason and appraisal given."""
    return DestructionOpened(matter, 1, level, disposal, "保密期限届满，无保存价值", "经鉴定不需归档", centre)


@dataclass
class Batch:
    """One batch: its matter and its carriers."""

    archive: Archive
    matter: int
    carriers: list[int]
    method: str = "shred"
    level: str = "secret"
    disposal: str = "on_site"
    centre: str = ""
    fineness: int = 7

    @property
    def now(self) -> Matter:
        """The matter as the register has it."""
        return self.archive.the_matter(self.matter)

    def enter(self, by: Subject, facts: Sequence[Fact], act: str, *others: int | str) -> Receipt:
        """Enter an act, a moment later than the one before."""
        self.archive.books.clock.at += 1_000_000  # type: ignore[attr-defined]
        return self.archive.enter(self.archive.present(by), facts, act, *others)

    def open(self) -> "Batch":
        """Requested, and everything listed."""
        facts: list[Fact] = [opened(self.matter, self.level, self.disposal, self.centre)]
        facts += [DestructionListed(carrier, self.matter, self.method) for carrier in self.carriers]
        self.enter(CLERK, facts, "destruction")
        return self

    def ask(self) -> "Batch":
        """Approval asked for."""
        at = self.archive.books.clock() + 1_000_000
        self.enter(CLERK, [asked(self.matter, "destruction", SCHEME, at)], "approval")
        return self

    def approve(self, office: Subject = SECRECY_OFFICE, leader: Subject = LEADER) -> "Batch":
        """Approved by the secrecy office, then the leader."""
        self.enter(office, [Approved(self.matter, "office")], "approval")
        self.enter(leader, [Approved(self.matter, "leader")], "approval")
        return self

    def approved(self) -> "Batch":
        """Listed, asked and approved."""
        return self.open().ask().approve()

    def set_apart(self) -> "Batch":
        """Taken from its home."""
        facts = [SetApart(carrier, self.matter, SHELF_2) for carrier in self.carriers]
        self.enter(CLERK, facts, "destruction_set_apart")
        return self

    def seal(self, bag: str = "D-01", seal: str = "880001") -> "Batch":
        """All in one bag."""
        facts = [Sealed(carrier, self.matter, bag, seal) for carrier in self.carriers]
        self.enter(CLERK, facts, "destruction_seal")
        return self

    def check(self, bag: str = "D-01", seal: str = "880001") -> "Batch":
        """All compared with the list."""
        facts = [Checked(carrier, self.matter, bag, seal) for carrier in self.carriers]
        self.enter(CLERK_2, facts, "destruction_check")
        return self

    def bagged(self) -> "Batch":
        """Approved, set apart, sealed and checked."""
        return self.approved().set_apart().seal().check()

    def weighed(self, **changes: object) -> WeighedIn:
        """Everything read once more at the shredder."""
        now = self.archive.books.clock()
        listed = tuple(self.carriers)
        plain = WeighedIn(self.matter, listed, (), len(listed), list_hash(listed), now, now, SHELF_2)
        return replace(plain, **changes)  # type: ignore[arg-type]

    def weigh(self) -> "Batch":
        """The last read, which equals the list."""
        self.enter(CLERK_2, [self.weighed()], "destruction_weigh")
        return self

    def ready(self) -> "Batch":
        """Bagged and weighed in: nothing but the destruction is left."""
        return self.bagged().weigh()

    def destroyed(self, who: Sequence[str] = TRIO, method: str = "", fineness: int | None = None) -> list[Any]:
        """The facts of the destruction on site by these: the destroyer first."""
        destroyer, *supervisors = (PEOPLE[one] for one in who)
        seen = tuple(supervisors)
        size = self.fineness if fineness is None else fineness
        facts: list[Fact] = [
            Destroyed(carrier, self.matter, method or self.method, destroyer, seen, size) for carrier in self.carriers
        ]
        closing = DestructionCarriedOut(self.matter, destroyer, seen, SHELF_2, len(self.carriers), "碎纸机 SZ-3")
        return [*facts, closing]

    def destroy(self, who: Sequence[str] = TRIO, by: Subject = CLERK_2) -> Receipt:
        """Destroyed on site, everybody signing."""
        others = [one for one in who if PEOPLE[one] != by.person]
        return self.enter(by, self.destroyed(who), "destroy", *others)

    def handed(self, escorts: Sequence[str] = ("chen", "sun"), **changes: object) -> list[Any]:
        """The facts of the hand-over to the centre."""
        whom = tuple(PEOPLE[one] for one in escorts)
        given = HandedToCentre(self.matter, self.centre, "京A·12345", "刘师傅", whom, len(self.carriers), 14)
        gone = [GoneToCentre(carrier, self.matter) for carrier in self.carriers]
        return [replace(given, **changes), *gone]  # type: ignore[arg-type]

    def hand_over(self) -> "Batch":
        """On its way with two escorts."""
        self.enter(CLERK, self.handed(), "destruction_hand_over", "chen", "sun")
        return self

    def receive(self) -> "Batch":
        """Received by the centre in full."""
        receipt = ReceivedByCentre(self.matter, "XH-2026-118", len(self.carriers))
        self.enter(CLERK, [receipt], "destruction_receipt")
        return self

    def certified(self, who: Sequence[str] = TRIO) -> list[Any]:
        """The facts of the destruction at the centre, our people watching."""
        destroyer, *supervisors = (PEOPLE[one] for one in who)
        closing = CertifiedByCentre(
            self.matter, "ZM-2026-0907", "2026-11-20", "王师傅", destroyer, tuple(supervisors), len(self.carriers)
        )
        return [*self.destroyed(who)[:-1], closing]

    def enter_certificate(self) -> str:
        """Destroyed at the centre, everybody signing; gives the act's number."""
        return self.enter(CLERK_2, self.certified(), "destruction_certificate", "chen", "sun").act


def a_batch(archive: Archive, count: int = 2, **changes: object) -> Batch:
    """So many carriers, to be shredded on site unless changed; `carrier` changes what they are."""
    about = dict(changes.pop("carrier", {}))  # type: ignore[call-overload]
    level = str(changes.get("level", "secret"))
    carriers = archive.carriers(count, **({"level": level} | about))
    return Batch(archive, archive.matter(), carriers, **changes)  # type: ignore[arg-type]


def at_the_centre(archive: Archive, count: int = 2, **changes: object) -> Batch:
    """The same, to be destroyed by the designated unit."""
    return a_batch(archive, count, **({"disposal": "centre", "centre": CENTRE} | changes))


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[tuple[str, str]]:
    """Clauses and codes of what was refused."""
    return [(one.clause, one.code) for one in refused.value.refusals]


def without(monkeypatch: pytest.MonkeyPatch, rule: tuple[str, str]) -> None:
    """The books know every rule but this (clause, code)."""
    left = {
        kind: tuple(one for one in rules if (one.clause, one.code) != rule)
        for kind, rules in procedures.RULES_FOR.items()
    }
    monkeypatch.setattr("custody.procedures.RULES_FOR", left)


def refused_alone(
    batch: Batch,
    monkeypatch: pytest.MonkeyPatch,
    rule: tuple[str, str],
    facts: Sequence[Fact],
    act: str,
    by: Subject = CLERK,
    others: Sequence[int | str] = (),
) -> None:
    """The act is refused by this rule (clause, code) alone, nothing changes, and without the rule it is entered."""
    before = [batch.archive.state(carrier) for carrier in batch.carriers]
    with pytest.raises(Refused) as refused:
        batch.enter(by, facts, act, *others)
    assert codes(refused) == [rule]
    assert before == [batch.archive.state(carrier) for carrier in batch.carriers]
    with monkeypatch.context() as patch:
        without(patch, rule)
        batch.enter(by, facts, act, *others)
    assert batch.archive.books.rebuild_check() == []
