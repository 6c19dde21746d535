"""What happens in letter c, in few words; and how to show that a rule alone stands against an act."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from custody.access import INSTALLATION, Subject
from custody.approval import asked
from custody.entries import Fact, PlaceRecorded
from custody.entries.approvals import Approved
from custody.entries.circulation import (
    BriefingOpened,
    CirculationListed,
    CirculationOpened,
    LegEnded,
    LegStarted,
    ListenerRegistered,
    TakenToRead,
)
from custody.procedures import RULES_FOR
from custody.rules import Refused
from custody.store.books import Receipt
from custody.values import SECOND, Instant, Place
from tests.builders import CLERK, MANAGER, PEOPLE, READING, SECRETARY, Archive

HOUR = 3_600 * SECOND
READERS = ("sun", "chen", "zhao")
"""Cleared to secret at least; sun is of planning, the others of research."""


def refused(
    archive: Archive,
    by: Subject,
    facts: Sequence[Fact],
    act: str,
    *others: str,
    clause: str,
    code: str,
    monkeypatch: pytest.MonkeyPatch,
    **more: Any,
) -> None:
    """The act is refused by this clause alone, and would be entered, were there not this rule."""
    with pytest.raises(Refused) as caught:
        archive.enter(by, facts, act, *others, **more)
    assert [(r.clause, r.code) for r in caught.value.refusals] == [(clause, code)], caught.value
    without = {
        kind: tuple(rule for rule in rules if (rule.clause, rule.code) != (clause, code))
        for kind, rules in RULES_FOR.items()
    }
    with monkeypatch.context() as patch:
        patch.setattr("custody.procedures.RULES_FOR", without)
        archive.enter(by, facts, act, *others, **more)
    assert archive.books.rebuild_check() == []


def only(archive: Archive, by: Subject, facts: Sequence[Fact], act: str, *others: str, **more: Any) -> list[str]:
    """The codes of what stands against the first refused fact of an act."""
    with pytest.raises(Refused) as caught:
        archive.enter(by, facts, act, *others, **more)
    return [refusal.code for refusal in caught.value.refusals]


def a_home(archive: Archive) -> int:
    """Somebody's home, in no site and no building of the house; somebody has even rated it."""
    (number,) = archive.books.reserve("place", 1)
    home = Place(number, "HOME-1", "林宅", "room", rating="secret")
    archive.books.enter(INSTALLATION, [PlaceRecorded(home)], act="directory")
    return number


def to_read(archive: Archive, carrier: int, who: str, place: int = READING, **changes: Any) -> TakenToRead:
    """A carrier for reading in the room until the end of the day."""
    return replace(TakenToRead(carrier, PEOPLE[who], place, archive.due(0)), **changes)


# Circulation.


def opened(archive: Archive, *carriers: int, readers: Sequence[str] = READERS, days: int = 3) -> list[Fact]:
    """The facts that begin a circulation, its list and the request for approval."""
    matter = archive.matter()
    facts: list[Fact] = [CirculationOpened(matter, 1, "secret", tuple(PEOPLE[one] for one in readers), days, "学习")]
    facts += [CirculationListed(carrier, matter) for carrier in carriers]
    return [*facts, asked(matter, "circulation", archive.scheme, archive.books.clock())]


def a_circulation(archive: Archive, *carriers: int, readers: Sequence[str] = READERS) -> int:
    """A folder approved by the manager and ready to go round."""
    facts = opened(archive, *carriers, readers=readers)
    matter: int = facts[0].matter  # type: ignore[attr-defined]
    archive.enter(CLERK, facts, "circulation")
    archive.enter(MANAGER, [Approved(matter, "unit")], "approval")
    return matter


def to_reader(archive: Archive, matter: int, carrier: int, who: str, days: int = 3) -> Receipt:
    """The registry hands the carrier to a reader, who signs."""
    return archive.enter(CLERK, [LegStarted(carrier, matter, PEOPLE[who], archive.due(days))], "leg", who)


def from_reader(archive: Archive, matter: int, carrier: int, who: str, pages: int | None = 12) -> Receipt:
    """Somebody brings the carrier back to the registry."""
    return archive.enter(CLERK, [LegEnded(carrier, matter, PEOPLE[who], pages)], "leg")


# Briefings.


def sheet(archive: Archive, *carriers: int, **changes: Any) -> BriefingOpened:
    """A sheet for tomorrow in the reading room, the manager in charge and speaking."""
    starts_at: Instant = archive.books.clock() + 24 * HOUR
    plain = BriefingOpened(
        matter=archive.matter(),
        unit=1,
        level="secret",
        topic="季度形势",
        place=READING,
        starts_at=starts_at,
        speaker=PEOPLE["manager"],
        in_charge=PEOPLE["manager"],
        notes="registered",
        recording=False,
        video=False,
        equipment=("wired_microphone",),
        carriers=carriers,
    )
    return replace(plain, **changes)


def a_briefing(archive: Archive, *carriers: int, **changes: Any) -> int:
    """A briefing announced; the manager signed the sheet."""
    fact = sheet(archive, *carriers, **changes)
    archive.enter(SECRETARY, [fact], "briefing", "manager")
    return fact.matter


def listening(archive: Archive, matter: int, who: str) -> ListenerRegistered:
    """A person of the house registered for everything that the briefing conveys."""
    return ListenerRegistered(matter, PEOPLE[who], None, archive.the_matter(matter).body.carriers)
