"""What happens at the door of a rated place, and at the desk where people sign, in few words."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from custody.access import INSTALLATION, Subject
from custody.entries import Fact, PlaceRecorded, ResponsibilityAccepted
from custody.entries.entry import (
    Acknowledged,
    CleaningOpened,
    InstructionIssued,
    RoomChecked,
    VisitEnded,
    VisitOpened,
    Visitor,
    VisitorLeft,
)
from custody.procedures import RULES_FOR
from custody.rules import Refused
from custody.store.books import Receipt
from custody.values import SECOND
from tests.builders import CLERK, PEOPLE, PLACES, READING, SECRECY_OFFICE, Archive

MINUTE = 60 * SECOND

TECHNICIAN = Visitor("高远", "方正维修公司", "身份证 4401", locker="12")
INSPECTOR = Visitor("任重", "市消防支队", "证件 778", no_phone=True)
CLEANER = Visitor("米兰", "清和物业", "身份证 5502", no_phone=True)


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


def answered_for(archive: Archive, place: int = READING, who: Subject = CLERK) -> None:
    """Somebody answers for a place and has signed for it; the reading room is checked, too."""
    plain = PLACES[place - 1]
    archive.books.enter(INSTALLATION, [PlaceRecorded(replace(plain, responsible=who.person))], act="directory")
    archive.enter(who, [ResponsibilityAccepted(place)], "responsibility")
    if place == READING:
        gives_go(archive)


def a_check(archive: Archive, **changes: Any) -> RoomChecked:
    """The reading room was heard whole, and nothing lay about: a go of half an hour."""
    plain = RoomChecked(
        matter=archive.matter(),
        unit=1,
        level="internal",
        place=READING,
        verdict="go",
        in_use=(),
        heard=(),
        unclear=(),
        put_away=0,
        coverage="covered",
        antennas=2,
        listening=2,
        heard_through=archive.books.clock(),
        valid_until=archive.books.clock() + 30 * MINUTE,
    )
    return replace(plain, **changes)


def gives_go(archive: Archive, place: int = READING, **more: Any) -> int:
    """The clerk checks the room and signs the go."""
    fact = a_check(archive, place=place)
    if "happened_at" in more:
        fact = replace(fact, valid_until=more["happened_at"] + 30 * MINUTE)
    archive.enter(CLERK, [fact], "room_check", **more)
    return fact.matter


def a_visit(archive: Archive, *visitors: Visitor, escort: str | None = "zhao", **changes: Any) -> VisitOpened:
    """Visitors into the reading room, with somebody who is cleared for it."""
    plain = VisitOpened(
        matter=archive.matter(),
        unit=1,
        level="internal",
        place=READING,
        escort=None if escort is None else PEOPLE[escort],
        purpose="检修空调",
        visitors=visitors or (TECHNICIAN,),
        declared=True,
        until=archive.due(0),
    )
    return replace(plain, **changes)


def cleaning(archive: Archive, *visitors: Visitor, escort: str | None = "zhao", **changes: Any) -> CleaningOpened:
    """Cleaners into the reading room, papers put away, windows open."""
    plain = CleaningOpened(
        matter=archive.matter(),
        unit=1,
        level="internal",
        place=READING,
        escort=None if escort is None else PEOPLE[escort],
        work="cleaning",
        visitors=visitors or (CLEANER,),
        declared=True,
        put_away=True,
        ventilation="windows",
        until=archive.due(0),
    )
    return replace(plain, **changes)


def goes_in(archive: Archive, fact: VisitOpened | CleaningOpened, *escorts: str, **more: Any) -> int:
    """The clerk enters them at the door; the escort signs beside."""
    act = "visit" if isinstance(fact, VisitOpened) else "cleaning"
    gives_go(archive, fact.place, **more)
    archive.enter(CLERK, [fact], act, *(escorts or ("zhao",)), **more)
    return fact.matter


def goes_out(archive: Archive, matter: int, *visitors: int, last: bool = True, **more: Any) -> Receipt:
    """They go out, lockers emptied; and the visit is over where they are the last."""
    facts: list[Fact] = [VisitorLeft(matter, one, True) for one in visitors]
    facts += [VisitEnded(matter)] if last else []
    return archive.enter(CLERK, facts, "visit_out", **more)


TEXT = "本人承诺遵守保密规定。"


def issued(archive: Archive, subject: str = "undertaking", text: str = TEXT) -> str:
    """The secrecy office puts a text in force."""
    archive.enter(SECRECY_OFFICE, [InstructionIssued(subject, text)], "instruction")
    return text


def signs(archive: Archive, who: str, subject: str = "undertaking", text: str = TEXT) -> Receipt:
    """A person signs at the secrecy office's desk."""
    return archive.enter(SECRECY_OFFICE, [Acknowledged(PEOPLE[who], subject, text)], "acknowledge", who)


def hash_signed(archive: Archive, who: str, subject: str = "undertaking") -> str | None:
    """The hash of what the person signed for last, as the register keeps it."""
    with archive.books.database.reading() as connection:
        kept = archive.books.directory(connection).acknowledged.get((PEOPLE[who], subject))
    return None if kept is None else kept.text_hash
