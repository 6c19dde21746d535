"""Copying from the application to the last copy, as it goes (clauses d.1, d.4, d.6)."""

import pytest

from custody.entries import Fact
from custody.entries.approvals import Withdrawn
from custody.entries.copying import Copied, CopyingClosed, SourceListed, SourceStruck
from custody.life_cycle import Status
from custody.matters.copying import Copying
from custody.rules import NotFound
from tests.builders import CLERK, CLERK_2, PEOPLE, SHELF, Archive
from tests.custody.copying.scenes import (
    CHEN,
    ZHAO,
    agreed,
    applied,
    approve,
    approved,
    ask,
    copied,
    copies,
    made,
    opened,
    received,
    refused,
    session,
    tried,
)


def test_two_copies_of_two_papers_are_applied_for_approved_made_and_counted(archive: Archive) -> None:
    first, second = archive.carriers(2)
    archive.borrow(second, "chen")  # what is lent may be copied too
    matter = approved(archive, [first, second])
    facts = session(archive, matter, [first], 2)
    archive.enter(CLERK, facts, "copy", "clerk2")
    more = [*copied(archive, matter, [second]), made(matter)]
    archive.enter(CLERK, more, "copy", "clerk2")
    archive.enter(CLERK, [CopyingClosed(matter, 3, "第二份只需一份")], "copying_close")

    ended = archive.the_matter(matter)
    assert (ended.status, ended.ended, dict(ended.counts)) == ("closed", True, {"made": 3, "source": 2})
    body: Copying = ended.body
    assert [(one.operator, one.witness, one.count) for one in body.sessions] == [(1, 12, 2), (1, 12, 1)]
    copy = archive.state(next(fact.carrier for fact in facts if isinstance(fact, Copied)))
    assert (copy.origin, copy.status, copy.sources, copy.manner) == ("copied", Status.IN_PLACE, (first,), "copy")
    assert (copy.home, copy.place, len(copy.tags)) == (SHELF, SHELF, 1)
    original = archive.state(first).description
    assert copy.description.control_number == f"{original.control_number}-F1"
    assert (copy.description.level, copy.description.period) == (original.level, original.period)
    assert archive.books.rebuild_check() == []


def test_a_compilation_takes_the_highest_of_all_its_sources(archive: Archive) -> None:
    low = archive.carrier(level="confidential", scope=("unit:4", "person:5"))
    high = archive.carrier(level="secret", scope=("unit:1",))
    matter = approved(archive, [low, high], "compilation", copies=1)
    facts = session(archive, matter, [low, high])
    archive.enter(CLERK, facts, "copy", "clerk2")
    first = facts[0]
    assert isinstance(first, Copied)
    state = archive.state(first.carrier)
    assert (state.description.level, state.sources, state.manner) == ("secret", (low, high), "compilation")
    assert state.description.scope.principals == ("person:5", "unit:4")
    assert archive.books.rebuild_check() == []


def test_a_copy_of_a_copy_descends_from_both(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    original = archive.carrier()
    (copy,) = copies(archive, original, 1)
    (again,) = copies(archive, copy, 1)
    assert archive.state(again).sources == (copy,)
    number = archive.state(original).description.control_number
    assert archive.state(again).description.control_number == f"{number}-F1-F1"


def test_a_second_application_continues_under_the_next_number(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    original = archive.carrier()
    copies(archive, original, 2)
    number = archive.state(original).description.control_number
    matter = approved(archive, [original], copies=2)
    taken = [*copied(archive, matter, [original]), made(matter)]
    assert tried(archive, taken) == ["number_taken"]
    fresh = [*copied(archive, matter, [original], control_number=f"{number}-F2"), made(matter)]
    assert tried(archive, fresh) == []


def test_only_who_applied_says_what_is_copied(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    one, other = archive.carriers(2)
    matter = applied(archive, [one])
    assert refused(archive, CLERK, [SourceListed(other, matter)], "copying_sources") == ["not_the_opener"]
    assert refused(archive, CHEN, [SourceListed(other, matter)], "copying_sources") == []
    assert refused(archive, CHEN, [SourceStruck(one, matter, "")], "copying_sources") == ["text_missing"]
    assert refused(archive, CHEN, [SourceStruck(one, matter, "不需要了")], "copying_sources") == []
    assert archive.the_matter(matter).body.sources == (other,)


def test_nobody_applies_for_what_he_may_not_see(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    hidden = archive.carrier(level="top_secret")
    with pytest.raises(NotFound):
        applied(archive, [hidden])


def test_something_is_copied_and_a_compilation_is_of_two(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    one, other = archive.carriers(2)
    alone = applied(archive, [one], "compilation")
    assert ask(archive, alone) == ["too_few_sources"]
    archive.enter(CHEN, [SourceListed(other, alone)], "copying_sources")
    assert ask(archive, alone) == []
    nothing = applied(archive, [one])
    archive.enter(CHEN, [SourceStruck(one, nothing, "误列")], "copying_sources")
    assert ask(archive, nothing) == ["too_few_sources"]
    assert refused(archive, CHEN, [opened(archive, copies=0)], "copying") == ["copies_impossible"]


def test_what_is_away_or_about_to_leave_is_not_copied(sqlite_archive: Archive) -> None:
    from custody.entries.destruction import DestructionListed, DestructionOpened
    from tests.custody.disposition.scenes import lost

    archive = sqlite_archive
    kept, gone, doomed = archive.carriers(3)
    matter = approved(archive, [kept, gone, doomed], copies=1)
    lost(archive, gone)
    batch = archive.matter()
    listing: list[Fact] = [
        DestructionOpened(batch, 1, "secret", "on_site", "期满", "已鉴定"),
        DestructionListed(doomed, batch, "shred"),
    ]
    archive.enter(CLERK, listing, "destruction")

    def tried_with(source: int) -> list[str]:
        return tried(archive, [*copied(archive, matter, [source]), made(matter)])

    assert tried_with(gone) == ["source_away"]
    assert tried_with(doomed) == ["source_leaving"]
    assert tried_with(kept) == []


def test_begun_it_is_closed_and_no_longer_withdrawn(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    one = archive.carrier()
    matter = approved(archive, [one], copies=1)
    archive.enter(CLERK, session(archive, matter, [one]), "copy", "clerk2")
    assert refused(archive, CHEN, [Withdrawn(matter, "不需要了")], "approval") == ["matter_state"]
    assert refused(archive, CLERK, [CopyingClosed(matter, 1)], "copying_close") == []


def test_internal_carriers_are_registered_without_the_approval(archive: Archive) -> None:
    plain = archive.carrier(level="internal")
    matter = applied(archive, [plain], level="internal", copies=1)
    facts = session(archive, matter, [plain])
    archive.enter(CLERK, facts, "copy", "clerk2")
    assert archive.the_matter(matter).status == "making"
    assert archive.books.rebuild_check() == []


def test_the_issuers_letter_stands_with_the_application(archive: Archive) -> None:
    paper = received(archive)
    matter = applied(archive, [paper], copies=1)
    assert archive.the_matter(matter).body.unanswered == (paper,)
    archive.enter(CHEN, [agreed(matter, paper)], "copying_issuer")
    approve(archive, matter)
    facts = session(archive, matter, [paper])
    archive.enter(CLERK_2, facts, "copy", "clerk")
    copy = facts[0]
    assert isinstance(copy, Copied)
    assert archive.state(copy.carrier).description.issuer == archive.state(paper).description.issuer
    assert archive.the_matter(matter).body.agreed[0].number == "岭测函〔2026〕8号"
    assert archive.books.rebuild_check() == []


def test_a_later_copy_of_a_top_secret_paper_is_for_whoever_may_know_it(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    top = archive.carrier(level="top_secret")
    facts = [
        opened(archive, level="top_secret", place=4),
        SourceListed(top, archive.books.reserve("matter", 1)[0] - 1),
    ]
    assert refused(archive, ZHAO, facts, "copying") == ["b.3 not_cleared"]
    for_zhao = opened(archive, level="top_secret", place=4, recipient=PEOPLE["zhao"])
    assert refused(archive, ZHAO, [for_zhao, SourceListed(top, for_zhao.matter)], "copying") == []
    narrow = archive.carrier(scope=("unit:4",))
    for_sun = opened(archive, recipient=PEOPLE["sun"])
    listed = [for_sun, SourceListed(narrow, for_sun.matter)]
    assert refused(archive, CHEN, listed, "copying") == ["b.3 outside_scope"]
    left = opened(archive, recipient=PEOPLE["lin"])
    assert refused(archive, CHEN, [left], "copying") == ["b.3 receiver_left"]
