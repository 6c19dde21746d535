"""Permits from the asking to the confirmed itinerary: out and in, by desk and by portal, prolonged, lost and found."""

import pytest

from custody.entries import Borrowed, Fact, ReportedFound, ReportedMissing, Returned
from custody.entries.approvals import Withdrawn
from custody.entries.carrying_out import LegTold, LostOnTheWay, PermitListed, PermitStruck
from custody.entries.disposition import LossFound, LossListed, LossOpened
from custody.life_cycle import Status
from custody.procedures.disposition.loss import report_by
from custody.rules import Refused
from custody.values import DAY
from tests.builders import CLERK, NOW, PEOPLE, SHELF, SHELF_2, Archive
from tests.custody.carrying_out.scene import CHEN, GATE, Scene, a_permit, opened

EVE = DAY // 2


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    """The codes of what stood against it."""
    return [one.code for one in refused.value.refusals]


def test_a_carrier_goes_out_and_comes_home(archive: Archive) -> None:
    """Given an approved permit, when it goes out and comes back, then who, where and until when are told throughout."""
    carrier, other = archive.carriers(2)
    permit = a_permit(archive, carrier, other).approved()
    assert permit.matter.due_at is None
    permit.lets_out(carrier, other)
    state = archive.state(carrier)
    assert (state.status, state.holder, state.place) == (Status.CARRIED_OUT, PEOPLE["chen"], None)
    assert state.due_at == permit.body.until_at == permit.matter.due_at == permit.line(carrier).due_at
    assert (permit.matter.status, permit.body.out, permit.line(carrier).label) == ("out", 2, "X-07")
    archive.books.clock.days(1)  # type: ignore[attr-defined]
    permit.takes_back(carrier)
    assert permit.matter.due_at == permit.body.until_at
    permit.enter([permit.back(other, place=SHELF_2)], "bring_back", "chen")
    state = archive.state(other)
    assert (state.status, state.place, state.holder, state.due_at) == (Status.IN_PLACE, SHELF_2, None, None)
    assert state.home == SHELF
    assert state.matter is None
    assert permit.matter.due_at is None
    permit.confirms()
    assert permit.matter.status == "closed"
    assert permit.matter.ended
    assert archive.books.rebuild_check() == []


def test_what_he_has_on_loan_goes_out_with_him(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    sqlite_archive.borrow(carrier, "chen", 3)
    permit = a_permit(sqlite_archive, carrier).approved()
    permit.lets_out(carrier)
    assert sqlite_archive.state(carrier).due_at == permit.body.until_at
    permit.takes_back(carrier)
    assert sqlite_archive.state(carrier).status is Status.IN_PLACE


def test_to_be_named_on_a_permit_binds_nothing_until_it_leaves(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    permit = a_permit(sqlite_archive, carrier).approved()
    sqlite_archive.borrow(carrier, "sun", 3)
    sqlite_archive.give_back(carrier)
    permit.lets_out(carrier)
    with pytest.raises(Refused) as refused:
        sqlite_archive.enter(CLERK, [Borrowed(carrier, PEOPLE["sun"], sqlite_archive.due(3))], "borrow", "sun")
    assert codes(refused) == ["state"]


def test_it_goes_out_again_after_a_night_in_the_registry(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    permit = a_permit(sqlite_archive, carrier).approved()
    for _day in range(2):
        permit.lets_out(carrier)
        sqlite_archive.books.clock.days(0.3)  # type: ignore[attr-defined]
        permit.takes_back(carrier)
    permit.confirms()
    assert permit.matter.count("in") == 1


def test_packed_at_the_desk_it_leaves_by_the_portal(archive: Archive) -> None:
    """Given a permit by portal, when the packed case is heard leaving, then it is out since that moment."""
    carrier = archive.carrier()
    permit = a_permit(archive, carrier, mode="portal").approved()
    archive.borrow(carrier, "chen", 3)
    permit.packs(carrier)
    state = archive.state(carrier)
    assert (state.status, state.matter) == (Status.ON_LOAN, permit.id)
    assert (permit.line(carrier).state, permit.line(carrier).due_at) == ("packed", permit.body.until_at)
    archive.books.clock.days(0.5)  # type: ignore[attr-defined]
    permit.leaves_by_portal(carrier, happened_at=NOW + DAY // 4)
    state = archive.state(carrier)
    assert (state.status, state.since_at) == (Status.CARRIED_OUT, NOW + DAY // 4)
    assert permit.body.left_at == NOW + DAY // 4
    permit.takes_back(carrier)
    permit.confirms()
    assert archive.books.rebuild_check() == []


def test_packed_and_not_taken_it_is_struck_and_free_again(sqlite_archive: Archive) -> None:
    carrier, other = sqlite_archive.carriers(2)
    permit = a_permit(sqlite_archive, carrier, other, mode="portal").approved()
    sqlite_archive.borrow(carrier, "chen", 3)
    permit.packs(carrier)
    permit.lets_out(other)
    sqlite_archive.give_back(carrier)
    assert sqlite_archive.state(carrier).matter == permit.id
    permit.enter([PermitStruck(carrier, permit.id, "改期")], "permit_list")
    assert sqlite_archive.state(carrier).matter is None
    sqlite_archive.borrow(carrier, "sun", 3)


def prolonged(archive: Archive, former: Scene, carrier: int) -> Scene:
    """A second permit for two more days, approved."""
    until = former.body.until_at + 2 * DAY
    return a_permit(archive, carrier, prolongs=former.id, until_at=until, from_at=NOW).approved()


def test_a_permit_is_prolonged_by_another(archive: Archive) -> None:
    """Given a carrier that is out, when a new permit prolongs the old one, then it is due by the new one alone."""
    carrier, other = archive.carriers(2)
    former = a_permit(archive, carrier, other).approved()
    former.lets_out(carrier, other)
    permit = prolonged(archive, former, carrier)
    permit.enter(permit.goes_on(former, carrier), "permit_prolong")
    state = archive.state(carrier)
    assert (state.status, state.due_at, state.matter) == (Status.CARRIED_OUT, permit.body.until_at, permit.id)
    assert (former.line(carrier).state, former.body.successor) == ("prolonged", permit.id)
    assert (former.body.out, permit.body.out) == (1, 1)
    former.takes_back(other)
    assert former.matter.due_at is None
    archive.books.clock.days(4)  # type: ignore[attr-defined]
    permit.takes_back(carrier)
    for one in (former, permit):
        one.confirms()
        assert one.matter.status == "closed"
    assert archive.books.rebuild_check() == []


def test_from_one_permit_to_the_next_in_one_act_or_not_at_all(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    former = a_permit(sqlite_archive, carrier).approved()
    former.lets_out(carrier)
    permit = prolonged(sqlite_archive, former, carrier)
    over, stays = permit.goes_on(former, carrier)
    wrong: list[tuple[list[Fact], str]] = [([over], "told_apart"), ([stays], "in_matter"), ([stays, over], "in_matter")]
    for facts, code in wrong:
        with pytest.raises(Refused) as refused:
            permit.enter(facts, "permit_prolong")
        assert code in codes(refused)
    permit.enter([over, stays], "permit_prolong")


@pytest.mark.parametrize("wrong", ["another bearer", "nothing out", "hidden"])
def test_only_a_permit_under_which_the_bearer_is_out_is_prolonged(sqlite_archive: Archive, wrong: str) -> None:
    carrier = sqlite_archive.carrier()
    former = a_permit(sqlite_archive, carrier)
    if wrong != "nothing out":
        former.approved().lets_out(carrier)
    number = 999 if wrong == "hidden" else former.id
    bearer = PEOPLE["zhao"] if wrong == "another bearer" else PEOPLE["chen"]
    with pytest.raises(Refused) as refused:
        sqlite_archive.enter(
            CLERK, [opened(sqlite_archive, sqlite_archive.matter(), prolongs=number, bearer=bearer)], "permit"
        )
    assert codes(refused) == ["former_unfit"]


def test_what_is_out_is_named_on_no_other_permit(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    a_permit(sqlite_archive, carrier).approved().lets_out(carrier)
    with pytest.raises(Refused) as refused:
        a_permit(sqlite_archive, carrier)
    assert codes(refused) == ["not_under_former"]


def lost_facts(archive: Archive, permit: Scene, carrier: int, loss: int) -> list[Fact]:
    """Declared lost on the way: the enquiry with its clock, and the permit takes note."""
    now = archive.books.clock()
    words = "途中被盗"
    due = report_by(now, archive.scheme)
    return [
        LossOpened(loss, 4, "secret", now, PEOPLE["chen"], words, "高铁站", due),
        ReportedMissing(carrier, words),
        LossListed(carrier, loss),
        LostOnTheWay(carrier, permit.id, words),
    ]


def test_lost_on_the_way_and_found_again(archive: Archive) -> None:
    """Given one of two lost on the way, when it is found, then the permit takes it back too."""
    carrier, other = archive.carriers(2)
    permit = a_permit(archive, carrier, other).approved()
    permit.lets_out(carrier, other)
    loss = archive.matter()
    permit.enter(lost_facts(archive, permit, carrier, loss), "missing")
    assert archive.state(carrier).status is Status.DECLARED_LOST
    assert (permit.line(carrier).state, permit.body.out) == ("lost", 1)
    permit.takes_back(other)
    assert permit.matter.due_at is None
    archive.enter(CLERK, [ReportedFound(carrier, SHELF_2, "车站招领"), LossFound(carrier, loss)], "found")
    with pytest.raises(Refused) as refused:
        permit.takes_back(carrier)
    assert codes(refused) == ["found_elsewhere"]
    permit.enter([permit.back(carrier, place=SHELF_2)], "bring_back", "chen")
    assert (permit.line(carrier).state, permit.body.out, permit.body.lost) == ("in", 0, ())
    permit.confirms()
    assert archive.books.rebuild_check() == []


def test_a_permit_closes_without_what_was_lost(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    permit = a_permit(sqlite_archive, carrier).approved()
    permit.lets_out(carrier)
    permit.enter(lost_facts(sqlite_archive, permit, carrier, sqlite_archive.matter()), "missing")
    permit.confirms(legs=(LegTold(1, False, "车站失窃，未到部机关"), LegTold(2, True)))
    assert (permit.matter.status, permit.matter.count("lost")) == ("closed", 1)


def test_a_loss_on_the_way_is_told_with_its_circumstances(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    permit = a_permit(sqlite_archive, carrier).approved()
    permit.lets_out(carrier)
    facts = lost_facts(sqlite_archive, permit, carrier, sqlite_archive.matter())
    facts[-1] = LostOnTheWay(carrier, permit.id, " ")
    with pytest.raises(Refused) as refused:
        permit.enter(facts, "missing")
    assert codes(refused) == ["text_missing"]


def test_a_permit_not_made_use_of_is_withdrawn_by_who_asked(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    permit = a_permit(sqlite_archive, carrier).approved()
    permit.enter([Withdrawn(permit.id, "会议取消")], "approval", by=CHEN)
    with pytest.raises(Refused) as refused:
        permit.lets_out(carrier)
    assert codes(refused) == ["matter_state"]


def test_one_asks_for_oneself_and_the_registry_for_everybody(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    with pytest.raises(Refused) as refused:
        a_permit(sqlite_archive, carrier, by=CHEN, bearer=PEOPLE["zhao"])
    assert codes(refused) == ["not_own"]
    permit = a_permit(sqlite_archive, by=CLERK, bearer=PEOPLE["zhao"])
    permit.enter([PermitListed(carrier, permit.id)], "permit_list")
    with pytest.raises(Refused) as refused:
        permit.enter([PermitStruck(carrier, permit.id, " ")], "permit_list")
    assert codes(refused) == ["text_missing"]
    permit.enter([PermitStruck(carrier, permit.id, "用不上")], "permit_list")
    assert permit.line(carrier).state == "struck"


def test_internal_carriers_go_out_by_a_permit_too_and_no_clause_is_quoted(sqlite_archive: Archive) -> None:
    """Given an internal carrier, then it needs the approval and both hands, but no itinerary, case or clearance."""
    carrier = sqlite_archive.carrier(level="internal")
    permit = a_permit(sqlite_archive, carrier, by=CLERK, bearer=PEOPLE["he"], level="internal", itinerary=(), unit=4)
    with pytest.raises(Refused) as refused:
        permit.lets_out(carrier)
    assert [(r.clause, r.code) for r in refused.value.refusals] == [("", "permit_not_approved")]
    permit.approved()
    permit.lets_out(carrier)
    sqlite_archive.books.clock.days(0.1)  # type: ignore[attr-defined]
    permit.takes_back(carrier)
    permit.confirms()
    assert permit.matter.status == "closed"


def test_the_portal_of_a_passage_is_a_portal(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    permit = a_permit(sqlite_archive, carrier, mode="portal").approved()
    sqlite_archive.borrow(carrier, "chen", 3)
    permit.packs(carrier)
    with pytest.raises(Refused) as refused:
        permit.enter([permit.out(carrier, portal=SHELF)], "carry_out")
    assert codes(refused) == ["not_by_portal"]
    permit.enter([permit.out(carrier, portal=GATE)], "carry_out")


def test_a_return_from_the_desk_ends_a_loan_that_was_packed(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    permit = a_permit(sqlite_archive, carrier, mode="portal").approved()
    sqlite_archive.borrow(carrier, "chen", 3)
    permit.packs(carrier)
    sqlite_archive.enter(CLERK, [Returned(carrier, SHELF, 12)], "return")
    permit.lets_out(carrier)
    assert sqlite_archive.state(carrier).status is Status.CARRIED_OUT
