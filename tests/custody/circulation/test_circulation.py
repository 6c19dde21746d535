"""A folder goes round from the registry: to one reader at a time, in order, and back each time (clauses c.1, c.3)."""

from dataclasses import replace

import pytest

from custody.access import INSTALLATION, Role
from custody.entries import Borrowed, Fact, Moved, PersonRecorded
from custody.entries.approvals import Approved, Declined, Withdrawn
from custody.entries.circulation import (
    CirculationClosed,
    CirculationLeftOut,
    CirculationListed,
    CirculationOpened,
    CirculationPutBack,
    LegEnded,
    LegStarted,
    ReaderPassedOver,
)
from custody.life_cycle import Status
from custody.procedures.places import within_premises
from custody.rules import NotFound, Refused
from custody.store import queries
from custody.values import Place
from tests.builders import (
    CLERK,
    LOW_SHELF,
    MANAGER,
    PEOPLE,
    PERSONS,
    READING,
    SHELF,
    SHELF_2,
    Archive,
    Ticking,
    directory,
    subject,
)
from tests.custody.circulation.scene import (
    READERS,
    a_circulation,
    from_reader,
    only,
    opened,
    refused,
    to_reader,
)

Patch = pytest.MonkeyPatch
SUN, CHEN, ZHAO, MA = (PEOPLE[name] for name in ("sun", "chen", "zhao", "ma"))


def leg(archive: Archive, matter: int, carrier: int, who: str, days: int = 3) -> LegStarted:
    """The carrier for this reader."""
    return LegStarted(carrier, matter, PEOPLE[who], archive.due(days))


def test_a_folder_goes_round_and_comes_back_to_its_place(archive: Archive) -> None:
    carriers = archive.carriers(2)
    matter = a_circulation(archive, *carriers)
    assert archive.the_matter(matter).status == "approved"
    assert {archive.state(one).status for one in carriers} == {Status.IN_PLACE}
    for who in READERS:
        facts: list[Fact] = [leg(archive, matter, one, who) for one in carriers]
        archive.enter(CLERK, facts, "leg", who)
        for one in carriers:
            state, line = archive.state(one), archive.line(matter, one)
            assert (state.status, state.holder, state.place) == (Status.IN_CIRCULATION, PEOPLE[who], None)
            assert (line.state, line.person, line.due_at) == ("with_reader", PEOPLE[who], archive.due(3))
        archive.enter(CLERK, [LegEnded(one, matter, PEOPLE[who], 12) for one in carriers], "leg")
        state, line = archive.state(carriers[0]), archive.line(matter, carriers[0])
        assert (state.status, state.holder, state.due_at) == (Status.IN_CIRCULATION, None, None)
        assert (line.state, line.person, line.due_at, line.pages) == ("at_registry", PEOPLE[who], None, 12)
    end: list[Fact] = [CirculationPutBack(one, matter, SHELF) for one in carriers]
    receipt = archive.enter(CLERK, [*end, CirculationClosed(matter)], "circulation_end")
    assert receipt.act == "CJ-2026-0001"
    found = archive.the_matter(matter)
    assert (found.status, found.ended, dict(found.counts)) == ("closed", True, {"done": 2})
    assert [(one.reader, one.brought_by) for one in found.body.legs[:1]] == [(SUN, SUN)]
    assert {(archive.state(one).status, archive.state(one).place) for one in carriers} == {(Status.IN_PLACE, SHELF)}
    archive.borrow(carriers[0], "chen")  # it binds no longer
    assert archive.books.rebuild_check() == []


def test_its_readers_see_the_folder_and_others_do_not(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier(scope=("person:4", "person:5", "person:14"))
    matter = a_circulation(sqlite_archive, carrier)
    reader = sqlite_archive.present(subject("chen", Role.BORROWER))
    other = sqlite_archive.present(subject("ma", Role.BORROWER))
    with sqlite_archive.books.database.reading() as connection:
        assert queries.matter(connection, reader, matter).id == matter
        with pytest.raises(NotFound):
            queries.matter(connection, other, matter)


# Nothing goes round that was not approved.


def test_c_3_refuse__the_applicant_does_not_approve_his_own_circulation(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    facts = opened(sqlite_archive, sqlite_archive.carrier())
    both = replace(CLERK, grants=(*CLERK.grants, *MANAGER.grants))
    sqlite_archive.enter(both, facts, "circulation")
    step = Approved(facts[0].matter, "unit")  # type: ignore[attr-defined]
    refused(sqlite_archive, both, [step], "approval", clause="c.3", code="same_person", monkeypatch=monkeypatch)


def test_nothing_goes_round_before_it_is_approved_nor_after_it_was_declined(archive: Archive) -> None:
    carrier = archive.carrier()
    facts = opened(archive, carrier)
    matter: int = facts[0].matter  # type: ignore[attr-defined]
    archive.enter(CLERK, facts, "circulation")
    assert only(archive, CLERK, [leg(archive, matter, carrier, "sun")], "leg", "sun") == ["matter_state"]
    assert only(archive, CLERK, [Moved(carrier, SHELF_2)], "move") == ["in_matter"]
    archive.enter(MANAGER, [Declined(matter, "unit", "范围太宽")], "approval")
    assert only(archive, CLERK, [leg(archive, matter, carrier, "sun")], "leg", "sun") == ["matter_state"]
    archive.enter(CLERK, [Moved(carrier, SHELF_2)], "move")


def test_a_circulation_that_has_begun_is_not_withdrawn(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    matter = a_circulation(sqlite_archive, carrier)
    to_reader(sqlite_archive, matter, carrier, "sun")
    assert only(sqlite_archive, CLERK, [Withdrawn(matter, "不传了")], "approval") == ["matter_state"]


def test_c_3_refuse__an_approval_that_has_lapsed(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    matter = a_circulation(sqlite_archive, carrier)
    clock = sqlite_archive.books.clock
    assert isinstance(clock, Ticking)
    clock.days(31)
    fact = leg(sqlite_archive, matter, carrier, "sun")
    refused(sqlite_archive, CLERK, [fact], "leg", "sun", clause="c.3", code="approval_lapsed", monkeypatch=monkeypatch)


# The list of readers.


@pytest.mark.parametrize(
    ("changes", "clause", "code"),
    [
        ({"readers": ()}, "c.3", "nobody_reads"),
        ({"readers": (SUN, CHEN, SUN)}, "c.3", "reader_twice"),
        ({"leg_days": 11}, "c.3", "leg_days_unfit"),
        ({"leg_days": 0}, "c.3", "leg_days_unfit"),
        ({"readers": (SUN, 999)}, "", "reference_unknown"),
    ],
)
def test_c_3_refuse__a_circulation_names_its_readers_once_and_how_long_each_may_have_it(
    sqlite_archive: Archive, changes: dict[str, object], clause: str, code: str, monkeypatch: Patch
) -> None:
    fact = CirculationOpened(sqlite_archive.matter(), 1, "secret", (SUN, CHEN), 3)
    changed = replace(fact, **changes)  # type: ignore[arg-type]
    refused(sqlite_archive, CLERK, [changed], "circulation", clause=clause, code=code, monkeypatch=monkeypatch)


def test_c_1_refuse__a_reader_without_clearance_is_on_no_list(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    matter = sqlite_archive.matter()
    begin = CirculationOpened(matter, 1, "secret", (SUN, MA), 3)
    facts: list[Fact] = [begin, CirculationListed(sqlite_archive.carrier(), matter)]
    refused(sqlite_archive, CLERK, facts, "circulation", clause="c.1", code="not_cleared", monkeypatch=monkeypatch)


def test_c_1_refuse__a_reader_outside_the_scope_is_on_no_list(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    matter = sqlite_archive.matter()
    begin = CirculationOpened(matter, 1, "secret", (SUN, CHEN), 3)
    facts: list[Fact] = [begin, CirculationListed(sqlite_archive.carrier(scope=("unit:3",)), matter)]
    refused(sqlite_archive, CLERK, facts, "circulation", clause="c.1", code="outside_scope", monkeypatch=monkeypatch)


def test_a_paper_about_a_higher_level_bears_it(sqlite_archive: Archive) -> None:
    matter = sqlite_archive.matter()
    begin = CirculationOpened(matter, 1, "secret", (ZHAO,), 3)
    facts: list[Fact] = [begin, CirculationListed(sqlite_archive.carrier(level="top_secret"), matter)]
    assert only(sqlite_archive, CLERK, facts, "circulation") == ["above_matter_level"]


# The legs.


def test_c_3_refuse__a_leg_that_does_not_start_at_the_registry(archive: Archive, monkeypatch: Patch) -> None:
    """Sun has it; were she to hand it to Chen, nobody at the registry would know what was passed on."""
    carrier = archive.carrier()
    matter = a_circulation(archive, carrier)
    to_reader(archive, matter, carrier, "sun")
    fact = leg(archive, matter, carrier, "chen")
    refused(archive, CLERK, [fact], "leg", "chen", clause="c.3", code="leg_not_at_registry", monkeypatch=monkeypatch)


def test_c_3_refuse__a_reader_who_does_not_sign(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    matter = a_circulation(sqlite_archive, carrier)
    fact = leg(sqlite_archive, matter, carrier, "sun")
    refused(sqlite_archive, CLERK, [fact], "leg", clause="c.3", code="signature_missing", monkeypatch=monkeypatch)


def test_c_3_refuse__a_reader_out_of_turn(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    matter = a_circulation(sqlite_archive, carrier)
    fact = leg(sqlite_archive, matter, carrier, "chen")
    refused(sqlite_archive, CLERK, [fact], "leg", "chen", clause="c.3", code="leg_out_of_turn", monkeypatch=monkeypatch)


def test_c_3_refuse__somebody_who_is_on_no_list(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    matter = a_circulation(sqlite_archive, carrier)
    fact = leg(sqlite_archive, matter, carrier, "leader")
    refused(sqlite_archive, CLERK, [fact], "leg", "leader", clause="c.3", code="not_a_reader", monkeypatch=monkeypatch)


def test_c_3_refuse__a_reader_who_has_had_it(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    matter = a_circulation(sqlite_archive, carrier)
    to_reader(sqlite_archive, matter, carrier, "sun")
    from_reader(sqlite_archive, matter, carrier, "sun")
    fact = leg(sqlite_archive, matter, carrier, "sun")
    refused(sqlite_archive, CLERK, [fact], "leg", "sun", clause="c.3", code="reader_done", monkeypatch=monkeypatch)


@pytest.mark.parametrize(("days", "code"), [(4, "leg_too_long"), (-1, "due_in_past")])
def test_c_3_refuse__nobody_keeps_it_longer_than_was_approved(
    sqlite_archive: Archive, days: int, code: str, monkeypatch: Patch
) -> None:
    carrier = sqlite_archive.carrier()
    matter = a_circulation(sqlite_archive, carrier)
    fact = leg(sqlite_archive, matter, carrier, "sun", days)
    refused(sqlite_archive, CLERK, [fact], "leg", "sun", clause="c.3", code=code, monkeypatch=monkeypatch)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"left_on": "2026-11-20"}, "borrower_left"),
        ({"post_class": "general"}, "not_cleared"),
        ({"unit": 4}, "outside_scope"),
    ],
)
def test_c_1_refuse__a_reader_who_since_the_list_left_or_lost_clearance_or_scope(
    sqlite_archive: Archive, changes: dict[str, object], code: str, monkeypatch: Patch
) -> None:
    carrier = sqlite_archive.carrier(scope=("unit:3",))
    matter = a_circulation(sqlite_archive, carrier, readers=("sun",))
    changed = replace(PERSONS[SUN - 1], **changes)  # type: ignore[arg-type]
    sqlite_archive.books.enter(INSTALLATION, [PersonRecorded(changed)], act="directory")
    fact = leg(sqlite_archive, matter, carrier, "sun")
    with pytest.raises(Refused) as caught:
        sqlite_archive.enter(CLERK, [fact], "leg", "sun")
    assert ("c.1", code) in [(one.clause, one.code) for one in caught.value.refusals]
    if len(caught.value.refusals) == 1:
        refused(sqlite_archive, CLERK, [fact], "leg", "sun", clause="c.1", code=code, monkeypatch=monkeypatch)


def test_who_brought_it_back_is_kept_though_it_was_another(archive: Archive) -> None:
    """The books do not refuse what has happened: they keep it, and the comparison finds it."""
    carrier = archive.carrier()
    matter = a_circulation(archive, carrier)
    to_reader(archive, matter, carrier, "sun")
    from_reader(archive, matter, carrier, "chen")
    line = archive.line(matter, carrier)
    assert (line.state, line.person, line.label) == ("at_registry", SUN, "passed_on")
    (gone,) = archive.the_matter(matter).body.legs
    assert (gone.reader, gone.brought_by) == (SUN, CHEN)
    to_reader(archive, matter, carrier, "chen")
    assert archive.line(matter, carrier).label == ""
    assert archive.books.rebuild_check() == []


@pytest.mark.parametrize(("pages", "code"), [(None, "pages_to_count"), (11, "pages_short")])
def test_c_3_refuse__a_leg_ends_with_its_pages_counted(
    sqlite_archive: Archive, pages: int | None, code: str, monkeypatch: Patch
) -> None:
    carrier = sqlite_archive.carrier(pages=12)
    matter = a_circulation(sqlite_archive, carrier)
    to_reader(sqlite_archive, matter, carrier, "sun")
    back = LegEnded(carrier, matter, SUN, pages)
    refused(sqlite_archive, CLERK, [back], "leg", clause="c.3", code=code, monkeypatch=monkeypatch)


def test_nobody_unknown_brings_it_back(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    matter = a_circulation(sqlite_archive, carrier)
    to_reader(sqlite_archive, matter, carrier, "sun")
    assert only(sqlite_archive, CLERK, [LegEnded(carrier, matter, 999, 12)], "leg") == ["reference_unknown"]


# Passing over, and the end.


def test_a_reader_is_passed_over_with_a_reason_and_the_next_one_has_it(archive: Archive) -> None:
    carrier = archive.carrier()
    matter = a_circulation(archive, carrier)
    assert only(archive, CLERK, [ReaderPassedOver(matter, SUN, " ")], "leg") == ["text_missing"]
    assert only(archive, CLERK, [ReaderPassedOver(matter, MA, "出差")], "leg") == ["not_a_reader"]
    archive.enter(CLERK, [ReaderPassedOver(matter, SUN, "出差")], "leg")
    assert only(archive, CLERK, [ReaderPassedOver(matter, SUN, "出差")], "leg") == ["reader_done"]
    assert only(archive, CLERK, [leg(archive, matter, carrier, "sun")], "leg", "sun") == ["reader_done"]
    to_reader(archive, matter, carrier, "chen")
    assert archive.books.rebuild_check() == []


def test_c_3_refuse__the_end_while_a_reader_has_neither_had_it_nor_been_passed_over(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    carrier = sqlite_archive.carrier()
    matter = a_circulation(sqlite_archive, carrier)
    to_reader(sqlite_archive, matter, carrier, "sun")
    from_reader(sqlite_archive, matter, carrier, "sun")
    fact = CirculationPutBack(carrier, matter, SHELF)
    refused(
        sqlite_archive, CLERK, [fact], "circulation_end", clause="c.3", code="readers_left", monkeypatch=monkeypatch
    )


def test_c_3_refuse__the_end_while_the_last_reader_keeps_it(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    matter = a_circulation(sqlite_archive, carrier, readers=("sun",))
    to_reader(sqlite_archive, matter, carrier, "sun")
    fact = CirculationPutBack(carrier, matter, SHELF)
    refused(
        sqlite_archive,
        CLERK,
        [fact],
        "circulation_end",
        clause="c.3",
        code="still_with_reader",
        monkeypatch=monkeypatch,
    )


def test_c_3_refuse__a_folder_is_closed_only_when_all_of_it_is_back(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    one, two = sqlite_archive.carriers(2)
    matter = a_circulation(sqlite_archive, one, two, readers=("sun",))
    to_reader(sqlite_archive, matter, one, "sun")
    from_reader(sqlite_archive, matter, one, "sun")
    facts: list[Fact] = [CirculationPutBack(one, matter, SHELF), CirculationClosed(matter)]
    refused(
        sqlite_archive,
        CLERK,
        facts,
        "circulation_end",
        clause="c.3",
        code="folder_not_together",
        monkeypatch=monkeypatch,
    )


@pytest.mark.parametrize(
    ("place", "code"), [(READING, "no_storage"), (LOW_SHELF, "rated_too_low"), (777, "reference_unknown")]
)
def test_f_2_refuse__it_is_put_back_in_a_store_fit_for_it(
    sqlite_archive: Archive, place: int, code: str, monkeypatch: Patch
) -> None:
    carrier = sqlite_archive.carrier()
    matter = a_circulation(sqlite_archive, carrier, readers=("sun",))
    to_reader(sqlite_archive, matter, carrier, "sun")
    from_reader(sqlite_archive, matter, carrier, "sun")
    facts = [CirculationPutBack(carrier, matter, place)]
    assert only(sqlite_archive, CLERK, facts, "circulation_end") == [code]


def test_what_is_lost_on_its_way_is_left_out_and_the_rest_is_closed(archive: Archive) -> None:
    lost, other = archive.carriers(2)
    matter = a_circulation(archive, lost, other, readers=("sun",))
    to_reader(archive, matter, lost, "sun")
    archive.lose(lost)
    assert only(archive, CLERK, [CirculationLeftOut(lost, matter, "")], "circulation_end") == ["text_missing"]
    archive.enter(CLERK, [ReaderPassedOver(matter, SUN, "已停传")], "leg")
    facts: list[Fact] = [
        CirculationLeftOut(lost, matter, "已报失，另案查处"),
        CirculationPutBack(other, matter, SHELF),
        CirculationClosed(matter),
    ]
    archive.enter(CLERK, facts, "circulation_end")
    assert archive.the_matter(matter).ended
    assert archive.state(lost).status is Status.DECLARED_LOST
    assert archive.books.rebuild_check() == []


def test_what_was_lost_and_found_again_goes_on(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    matter = a_circulation(sqlite_archive, carrier, readers=("sun", "chen"))
    to_reader(sqlite_archive, matter, carrier, "sun")
    sqlite_archive.find(sqlite_archive.lose(carrier), carrier)
    to_reader(sqlite_archive, matter, carrier, "chen")
    assert sqlite_archive.books.rebuild_check() == []


def test_what_goes_round_is_not_lent_beside_it(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    a_circulation(sqlite_archive, carrier)
    loan = Borrowed(carrier, CHEN, sqlite_archive.due(3))
    refused(sqlite_archive, CLERK, [loan], "borrow", "chen", clause="", code="in_matter", monkeypatch=monkeypatch)


def test_the_premises_are_what_stands_in_a_site_or_a_building() -> None:
    places = directory()
    places.places[50] = Place(50, "INN", "宾馆", "building")
    places.places[51] = Place(51, "INN-3", "三号房", "room", parent=50)
    places.places[52] = Place(52, "LOOSE", "某处", "room")
    inside = {place: within_premises(place, places) for place in (1, READING, SHELF, 51, 52, 99)}
    assert inside == {1: True, READING: True, SHELF: True, 51: True, 52: False, 99: False}
