"""Sending: within the scope (b.3), sealed, numbered and signed for (b.1), the right way (b.4, b.5, b.6)."""

from typing import Any, ClassVar

import pytest

from custody.access import Role
from custody.entries import Borrowed, Fact, ReportedFound
from custody.entries.approvals import Approved
from custody.entries.dispatch import (
    DeliveryTakenIn,
    DispatchClosed,
    DispatchListed,
    DispatchReturned,
    DispatchShort,
    DispatchStruck,
    ParcelOpened,
    ParcelSealed,
)
from custody.entries.disposition import LossFound
from custody.life_cycle import Status
from tests.builders import CLERK, CLERK_2, CORRIDOR, LOW_SHELF, MANAGER, PEOPLE, READING, SHELF, Archive, subject
from tests.custody.dispatch.scenes import (
    OUTSIDE,
    OWN,
    a_dispatch,
    acknowledged,
    approve,
    bodies,
    handed,
    parcel_for,
    refusals_of,
    refused,
    sealed,
    under_way,
)
from tests.custody.disposition.scenes import lost_facts

ZHAO = subject("zhao", Role.BORROWER)
INSIDE: dict[str, Any] = {"addressee": None, "recipient": PEOPLE["zhao"]}


@pytest.fixture
def house(sqlite_archive: Archive) -> Archive:
    """The archive with two other bodies in its directory."""
    bodies(sqlite_archive)
    return sqlite_archive


def test_a_parcel_goes_to_another_body_and_its_receipt_comes_back(archive: Archive) -> None:
    bodies(archive)
    first, second, struck = archive.carriers(3, scope=OUTSIDE)
    matter = a_dispatch(archive, [first, second, struck])
    approve(archive, matter, ("unit", MANAGER), route="dispatch")
    archive.enter(CLERK, [DispatchStruck(struck, matter, "对方已有")], "dispatch")
    archive.borrow(struck, "chen")  # off the list, it is free again
    archive.enter(CLERK, [ParcelSealed(matter, "P-01", "F-3001")], "dispatch_seal")
    assert archive.the_matter(matter).due_at is None
    archive.enter(CLERK, [handed(matter, one) for one in (first, second)], "dispatch_send", "clerk2")

    assert archive.state(first).status is Status.IN_TRANSIT
    assert (archive.state(first).place, archive.state(first).home) == (None, SHELF)
    assert archive.the_matter(matter).due_at == archive.due(5)
    archive.enter(CLERK, [acknowledged(matter, one) for one in (first, second)], "delivery")
    archive.enter(CLERK, [DispatchClosed(matter)], "delivery")

    ended = archive.the_matter(matter)
    assert (ended.status, dict(ended.counts)) == ("closed", {"acknowledged": 2, "struck": 1})
    assert archive.state(first).status is Status.TRANSFERRED
    assert archive.line(matter, first).label == "部收-9 王秘书"
    assert archive.books.rebuild_check() == []


def test_a_person_of_the_house_elsewhere_takes_it_in(archive: Archive) -> None:
    (carrier,) = archive.carriers(1, level="top_secret")
    matter = under_way_by_own(archive, carrier, **INSIDE | {"escorts": (PEOPLE["secretary"], PEOPLE["clerk2"])})
    taken_in: list[Fact] = [DeliveryTakenIn(carrier, matter, SHELF, 12), DispatchClosed(matter)]
    archive.enter(archive.present(ZHAO), taken_in[:1], "delivery")
    archive.enter(CLERK, taken_in[1:], "delivery")
    state = archive.state(carrier)
    assert (state.status, state.home, state.place, state.matter) == (Status.IN_PLACE, SHELF, SHELF, None)
    assert archive.line(matter, carrier).person == PEOPLE["zhao"]
    assert archive.books.rebuild_check() == []


def under_way_by_own(archive: Archive, carrier: int, **changes: Any) -> int:
    """By own transport, from the clerk's hands into the first escort's, all escorts signing."""
    level = archive.state(carrier).description.level
    plan = OWN | {"level": level} | changes
    matter = sealed(archive, [carrier], **plan)
    first = plan["escorts"][0]
    fact = handed(matter, carrier, taken_by=first, taken_by_name="", witness=None)
    archive.enter(CLERK, [fact], "dispatch_send", *names(plan["escorts"]))
    return matter


def names(persons: tuple[int, ...]) -> list[str]:
    """Short names of these persons."""
    return [name for name, person in PEOPLE.items() if person in persons]


class TestB1:
    """Register, number, sign."""

    def test_b_1_refuse__a_dispatch_that_one_alone_signed_does_not_complete(self, house: Archive) -> None:
        carrier = house.carrier(scope=OUTSIDE)
        matter = sealed(house, [carrier])
        alone = refused(house, CLERK, [handed(matter, carrier)], "dispatch_send")
        assert [(one.clause, one.code) for one in alone] == [("b.1", "signature_missing")]
        assert refusals_of(house, CLERK, [handed(matter, carrier)], "dispatch_send", "clerk2") == []

    @pytest.mark.parametrize(("parcel", "seal"), [(" ", "F-1"), ("P-1", "")])
    def test_b_1_refuse__a_parcel_has_a_number_and_a_seal(self, parcel: str, seal: str, house: Archive) -> None:
        matter = a_dispatch(house, [house.carrier(scope=OUTSIDE)])
        approve(house, matter, ("unit", MANAGER), route="dispatch")
        unnumbered = [ParcelSealed(matter, parcel, seal)]
        assert refusals_of(house, CLERK, unnumbered, "dispatch_seal") == ["b.1 text_missing"]
        assert refusals_of(house, CLERK, [ParcelSealed(matter, "P-1", "F-1")], "dispatch_seal") == []

    HANDS: ClassVar[dict[str, tuple[dict[str, Any], list[str]]]] = {
        "nobody takes it": ({"taken_by_name": ""}, ["b.1 receiver_unclear"]),
        "a courier without a witness": ({"witness": None}, ["b.1 receiver_unclear"]),
        "two take it": ({"taken_by": PEOPLE["sun"]}, ["b.1 receiver_unclear"]),
        "oneself as witness": ({"witness": CLERK.person}, ["b.1 same_hands"]),
        "one who has left": ({"witness": PEOPLE["lin"]}, ["b.1 receiver_left"]),
        "nobody of that number": ({"witness": 99}, ["reference_unknown"]),
        "the approver as witness": ({"witness": MANAGER.person}, ["b.1 same_person"]),
    }

    @pytest.mark.parametrize("case", HANDS)
    def test_b_1_refuse__through_whose_hands_it_went(self, case: str, house: Archive) -> None:
        changes, expected = self.HANDS[case]
        carrier = house.carrier(scope=OUTSIDE)
        matter = sealed(house, [carrier])
        signers = ("clerk2", "sun", "lin", "manager")
        assert refusals_of(house, CLERK, [handed(matter, carrier, **changes)], "dispatch_send", *signers) == expected
        assert refusals_of(house, CLERK, [handed(matter, carrier)], "dispatch_send", "clerk2") == []

    def test_b_1_refuse__who_approved_it_does_not_send_it(self, house: Archive) -> None:
        both = subject("manager", Role.MANAGER, Role.CLERK)
        carrier = house.carrier(scope=OUTSIDE)
        matter = sealed(house, [carrier])
        fact = [handed(matter, carrier)]
        assert refusals_of(house, both, fact, "dispatch_send", "clerk2") == ["b.1 same_person"]
        assert refusals_of(house, CLERK, fact, "dispatch_send", "clerk2") == []

    def test_b_1_refuse__the_recipient_neither_sends_nor_approves(self, house: Archive) -> None:
        plan = OWN | {"addressee": None, "recipient": PEOPLE["clerk2"], "escorts": (PEOPLE["sun"],)}
        carrier = house.carrier()
        matter = a_dispatch(house, [carrier], **plan)
        boss = subject("clerk2", Role.MANAGER)
        approve(house, matter, route="dispatch")
        assert refusals_of(house, boss, [Approved(matter, "unit")], "approval") == ["b.3 same_person"]
        house.enter(MANAGER, [Approved(matter, "unit")], "approval")
        house.enter(CLERK, [ParcelSealed(matter, "P-1", "F-1")], "dispatch_seal")
        fact = [handed(matter, carrier, taken_by=PEOPLE["sun"], taken_by_name="", witness=None)]
        assert refusals_of(house, CLERK_2, fact, "dispatch_send", "sun") == ["b.1 same_hands"]
        assert refusals_of(house, CLERK, fact, "dispatch_send", "sun") == []

    def test_b_1_refuse__nobody_takes_in_what_was_sent_to_another(self, house: Archive) -> None:
        carrier = house.carrier()
        matter = under_way_by_own(house, carrier, **INSIDE | {"escorts": (PEOPLE["sun"],)})
        fact = [DeliveryTakenIn(carrier, matter, SHELF)]
        assert refusals_of(house, CLERK_2, fact, "delivery") == ["b.1 not_the_recipient"]
        assert refusals_of(house, house.present(ZHAO), fact, "delivery") == []

    @pytest.mark.parametrize("field", ["receipt", "signed_by"])
    def test_b_1_refuse__acknowledged_by_whom_under_which_receipt(self, field: str, house: Archive) -> None:
        carrier = house.carrier(scope=OUTSIDE)
        matter = under_way(house, [carrier])
        said = {"receipt": "部收-9", "signed_by": "王秘书"} | {field: " "}
        empty = acknowledged(matter, carrier).__class__(carrier, matter, **said)
        assert refusals_of(house, CLERK, [empty], "delivery") == ["b.1 text_missing"]
        assert refusals_of(house, CLERK, [acknowledged(matter, carrier)], "delivery") == []

    def test_b_1_refuse__it_is_not_closed_over_what_nobody_acknowledged(self, house: Archive) -> None:
        one, other = house.carriers(2, scope=OUTSIDE)
        matter = under_way(house, [one, other])
        house.enter(CLERK, [acknowledged(matter, one)], "delivery")
        assert refusals_of(house, CLERK, [DispatchClosed(matter)], "delivery") == ["b.1 list_open"]
        house.enter(CLERK, [acknowledged(matter, other)], "delivery")
        assert refusals_of(house, CLERK, [DispatchClosed(matter)], "delivery") == []


class TestNeverAlone:
    """No parcel leaves the house through one person's hands, whatever roles he has."""

    def test_one_person_with_every_role_sends_nothing(self, house: Archive) -> None:
        alone = subject("clerk", *(role for role in Role if role is not Role.DEVICE))
        carrier = house.carrier(scope=OUTSIDE)
        matter = a_dispatch(house, [carrier])
        approve(house, matter, route="dispatch")
        assert refusals_of(house, alone, [Approved(matter, "unit")], "approval") == ["b.3 same_person"]
        house.enter(MANAGER, [Approved(matter, "unit")], "approval")
        house.enter(alone, [ParcelSealed(matter, "P-1", "F-1")], "dispatch_seal")
        for hand in ({"witness": CLERK.person}, {"taken_by": CLERK.person, "taken_by_name": "", "witness": None}):
            fact = [handed(matter, carrier, **hand)]
            assert refusals_of(house, alone, fact, "dispatch_send") == ["b.1 same_hands"]
        assert house.state(carrier).status is Status.IN_PLACE


class TestB3:
    """Within the prescribed scope."""

    def test_b_3_refuse__another_body_is_named_in_the_scope(self, house: Archive) -> None:
        everybody, named = house.carrier(scope=("all",)), house.carrier(scope=OUTSIDE)
        matter = a_dispatch(house, [])
        outside = refused(house, CLERK, [DispatchListed(everybody, matter)], "dispatch")
        assert [(one.clause, one.code, dict(one.params)) for one in outside] == [
            ("b.3", "body_outside_scope", {"organisation": "部机关", "organisation_en": "Ministry"})
        ]
        assert refusals_of(house, CLERK, [DispatchListed(named, matter)], "dispatch") == []

    def test_b_3_refuse__a_recipient_of_the_house_is_in_the_scope_and_cleared(self, house: Archive) -> None:
        others = house.carrier(scope=("unit:3",))
        high = house.carrier(level="top_secret")
        fit = house.carrier(scope=("person:4",))
        matter = a_dispatch(house, [], level="top_secret", **OWN | INSIDE | {"recipient": PEOPLE["chen"]})
        assert refusals_of(house, CLERK, [DispatchListed(others, matter)], "dispatch") == ["b.3 outside_scope"]
        high_too = refusals_of(house, CLERK, [DispatchListed(high, matter)], "dispatch")
        assert "b.3 not_cleared" in high_too
        assert refusals_of(house, CLERK, [DispatchListed(fit, matter)], "dispatch") == []

    def test_internal_papers_have_no_scope_that_binds(self, house: Archive) -> None:
        carrier = house.carrier(level="internal", scope=())
        matter = a_dispatch(house, [], mode="ordinary_post", level="internal")
        assert refusals_of(house, CLERK, [DispatchListed(carrier, matter)], "dispatch") == []


def own_for(*who: str) -> dict[str, Any]:
    """Own transport with these escorts."""
    return {k: v for k, v in OWN.items() if k != "escorts"} | {"escorts": tuple(PEOPLE[one] for one in who)}


class TestB4:
    """By confidential communications or transport."""

    @pytest.mark.parametrize("mode", ["ordinary_post", "express_courier", "unrelated_person"])
    def test_b_4_refuse__never_by_post_nor_by_an_unrelated_person(self, mode: str, house: Archive) -> None:
        carrier = house.carrier(level="confidential", scope=OUTSIDE)
        matter = house.matter()
        posted: list[Fact] = [parcel_for(matter, house, "confidential", mode=mode), DispatchListed(carrier, matter)]
        assert refusals_of(house, CLERK, posted, "dispatch") == ["b.4 way_forbidden"]
        right: list[Fact] = [parcel_for(matter, house, "confidential"), DispatchListed(carrier, matter)]
        assert refusals_of(house, CLERK, right, "dispatch") == []

    TOO_HIGH = ("confidential_communications", "exchange_station")

    @pytest.mark.parametrize("mode", TOO_HIGH)
    def test_b_4_refuse__the_way_is_allowed_for_the_level(self, mode: str, house: Archive) -> None:
        carrier = house.carrier(level="top_secret", scope=OUTSIDE)
        matter = house.matter()
        facts: list[Fact] = [parcel_for(matter, house, "top_secret", mode=mode), DispatchListed(carrier, matter)]
        assert refusals_of(house, CLERK, facts, "dispatch") == ["b.4 way_forbidden"]
        better: list[Fact] = [
            parcel_for(matter, house, "top_secret", mode="confidential_transport"),
            DispatchListed(carrier, matter),
        ]
        assert refusals_of(house, CLERK, better, "dispatch") == []

    def test_b_4_refuse__and_for_the_medium(self, house: Archive) -> None:
        model = house.carrier(kind="model", medium="equipment", scope=OUTSIDE)
        matter = a_dispatch(house, [])
        assert refusals_of(house, CLERK, [DispatchListed(model, matter)], "dispatch") == ["b.4 way_forbidden"]
        better = a_dispatch(house, [], mode="confidential_transport")
        assert refusals_of(house, CLERK, [DispatchListed(model, better)], "dispatch") == []


class TestB5:
    """The own transport."""

    PLANS: ClassVar[dict[str, tuple[dict[str, Any], list[str]]]] = {
        "no route": ({"route": " "}, ["b.5 text_missing"]),
        "no vehicle": ({"vehicle": ""}, ["b.5 text_missing"]),
        "nobody escorts it": ({"escorts": ()}, ["b.5 escorts_short"]),
        "one escort named twice": ({"escorts": (14, 14)}, ["b.5 escorts_short"]),
        "an escort not cleared": ({"escorts": (PEOPLE["ma"],)}, ["b.5 not_cleared"]),
        "an escort who has left": (
            {"escorts": (PEOPLE["lin"],)},
            ["b.5 borrower_left", "b.5 not_cleared"],
        ),
        "nobody of that number": ({"escorts": (99,)}, ["reference_unknown"]),
    }

    @pytest.mark.parametrize("case", PLANS)
    def test_b_5_record__route_vehicle_and_escorts(self, case: str, house: Archive) -> None:
        changes, expected = self.PLANS[case]
        matter = house.matter()
        wrong = [parcel_for(matter, house, **OWN | changes)]
        assert refusals_of(house, CLERK, wrong, "dispatch") == expected
        assert refusals_of(house, CLERK, [parcel_for(matter, house, **OWN)], "dispatch") == []

    def test_b_5_record__two_escorts_for_top_secret(self, house: Archive) -> None:
        matter = house.matter()
        one = [parcel_for(matter, house, "top_secret", **own_for("zhao"))]
        assert refusals_of(house, CLERK, one, "dispatch") == ["b.5 escorts_short"]
        assert refusals_of(house, CLERK, [parcel_for(matter, house, "top_secret", **OWN)], "dispatch") == []

    def test_b_5_record__every_escort_is_there_and_signs_and_one_of_them_takes_it(self, house: Archive) -> None:
        carrier = house.carrier(scope=OUTSIDE)
        matter = sealed(house, [carrier], **OWN)
        fact = handed(matter, carrier, taken_by=PEOPLE["zhao"], taken_by_name="", witness=None)
        assert refusals_of(house, CLERK, [fact], "dispatch_send", "zhao") == ["b.5 signature_missing"]
        other = handed(matter, carrier, taken_by=PEOPLE["sun"], taken_by_name="", witness=None)
        assert refusals_of(house, CLERK, [other], "dispatch_send", "zhao", "clerk2", "sun") == ["b.5 receiver_unclear"]
        assert refusals_of(house, CLERK, [fact], "dispatch_send", "zhao", "clerk2") == []


class TestB6:
    """Overseas."""

    ABROAD: ClassVar[dict[str, tuple[dict[str, Any], bool]]] = {
        "confidential communications": ({}, False),
        "own transport without a permit": (OWN, False),
        "confidential transport without a permit": ({"mode": "confidential_transport"}, False),
        "diplomatic courier": ({"mode": "diplomatic_courier"}, True),
        "own transport under an export permit": (OWN | {"export_permit": "出境许〔2026〕4号"}, True),
        "communications under an export permit": ({"export_permit": "出境许〔2026〕4号"}, False),
    }

    @pytest.mark.parametrize("case", ABROAD)
    def test_b_6_refuse__only_by_diplomatic_courier_or_under_an_export_permit(self, case: str, house: Archive) -> None:
        changes, allowed = self.ABROAD[case]
        matter = house.matter()
        fact = [parcel_for(matter, house, **{"addressee": 2} | changes)]
        assert refusals_of(house, CLERK, fact, "dispatch") == ([] if allowed else ["b.6 not_overseas"])


class TestOnTheWay:
    """What else becomes of it."""

    def test_it_comes_back_undelivered(self, archive: Archive) -> None:
        bodies(archive)
        carrier = archive.carrier(scope=OUTSIDE)
        matter = under_way(archive, [carrier])
        back: list[Fact] = [DispatchReturned(carrier, matter, SHELF, "收件人不在", 12), DispatchClosed(matter)]
        archive.enter(CLERK, back, "delivery")
        state = archive.state(carrier)
        assert (state.status, state.place, state.matter) == (Status.IN_PLACE, SHELF, None)
        archive.borrow(carrier, "chen")
        assert archive.books.rebuild_check() == []

    def test_b_2_record__what_comes_back_is_whole(self, house: Archive) -> None:
        carrier = house.carrier(scope=OUTSIDE)
        matter = under_way(house, [carrier])
        short = [DispatchReturned(carrier, matter, SHELF, "退回", 11)]
        assert refusals_of(house, CLERK, short, "delivery") == ["b.2 pages_short"]
        assert refusals_of(house, CLERK, [DispatchReturned(carrier, matter, SHELF, "退回", 12)], "delivery") == []

    PUT: ClassVar[dict[str, tuple[int, list[str]]]] = {
        "nowhere known": (99, ["reference_unknown"]),
        "no store": (READING, ["f.2 no_storage"]),
        "rated too low": (LOW_SHELF, ["f.2 rated_too_low"]),
        "not rated": (CORRIDOR, ["f.2 rated_too_low"]),
    }

    @pytest.mark.parametrize("case", PUT)
    def test_it_is_put_where_it_may_be_kept(self, case: str, house: Archive) -> None:
        place, expected = self.PUT[case]
        carrier = house.carrier(scope=OUTSIDE)
        matter = under_way(house, [carrier])
        assert refusals_of(house, CLERK, [DispatchReturned(carrier, matter, place, "退回")], "delivery") == expected

    def test_what_is_short_on_arrival_opens_a_loss(self, archive: Archive) -> None:
        bodies(archive)
        carrier = archive.carrier(scope=OUTSIDE)
        matter, loss = under_way(archive, [carrier]), archive.matter()
        unsaid = [DispatchShort(carrier, matter, "封内无此件")]
        assert refusals_of(archive, CLERK, unsaid, "delivery") == ["state"]
        archive.enter(CLERK, [*lost_facts(archive, loss, carrier), *unsaid], "missing")
        archive.enter(CLERK, [DispatchClosed(matter)], "delivery")
        assert archive.state(carrier).status is Status.DECLARED_LOST
        assert archive.the_matter(loss).due_at is not None
        assert archive.books.rebuild_check() == []

    def test_what_was_lost_on_the_way_and_found_again_is_back(self, house: Archive) -> None:
        carrier = house.carrier(scope=OUTSIDE)
        matter, loss = under_way(house, [carrier]), house.matter()
        house.enter(CLERK, lost_facts(house, loss, carrier), "missing")
        found: list[Fact] = [ReportedFound(carrier, SHELF, "未装入封内"), LossFound(carrier, loss)]
        house.enter(CLERK, found, "found")
        lent: list[Fact] = [Borrowed(carrier, PEOPLE["chen"], house.due(3))]
        assert refusals_of(house, CLERK, lent, "borrow", "chen") == ["in_matter"]
        back: list[Fact] = [DispatchReturned(carrier, matter, SHELF, "未装入"), DispatchClosed(matter)]
        house.enter(CLERK, back, "delivery")
        assert refusals_of(house, CLERK, lent, "borrow", "chen") == []

    def test_a_sealed_parcel_is_opened_again_with_a_reason(self, house: Archive) -> None:
        carrier = house.carrier(scope=OUTSIDE)
        matter = sealed(house, [carrier])
        assert refusals_of(house, CLERK, [DispatchStruck(carrier, matter, "不寄")], "dispatch") == ["matter_state"]
        assert refusals_of(house, CLERK, [ParcelOpened(matter, " ")], "dispatch_seal") == ["text_missing"]
        assert refusals_of(house, CLERK, [ParcelOpened(matter, "封签破损")], "dispatch_seal") == []
        assert refusals_of(house, CLERK, [DispatchStruck(carrier, matter, "不寄")], "dispatch") == []


class TestGoodOrder:
    """What no clause says."""

    ADDRESSES: ClassVar[dict[str, tuple[dict[str, Any], list[str]]]] = {
        "to nobody": ({"addressee": None}, ["addressee_unclear"]),
        "to two": ({"recipient": PEOPLE["zhao"]}, ["addressee_unclear"]),
        "to an unknown body": ({"addressee": 9}, ["reference_unknown"]),
        "to nobody known": ({"addressee": None, "recipient": 99}, ["reference_unknown"]),
        "there yesterday": ({"arrive_by": 1}, ["arrival_unfit"]),
        "there in a year": ({"arrive_by": 2_000_000_000_000_000}, ["arrival_unfit"]),
        "to one who has left": (
            {"addressee": None, "recipient": PEOPLE["lin"]},
            ["b.1 receiver_left"],
        ),
    }

    @pytest.mark.parametrize("case", ADDRESSES)
    def test_it_goes_to_somebody_within_a_time(self, case: str, house: Archive) -> None:
        changes, expected = self.ADDRESSES[case]
        fact = parcel_for(house.matter(), house, **changes)
        assert refusals_of(house, CLERK, [fact], "dispatch") == expected

    def test_another_body_does_not_take_in_nor_a_colleague_acknowledge(self, house: Archive) -> None:
        outside, inside = house.carrier(scope=OUTSIDE), house.carrier()
        sent = under_way(house, [outside])
        within = under_way_by_own(house, inside, **INSIDE | {"escorts": (PEOPLE["sun"],)})
        assert refusals_of(house, CLERK, [DeliveryTakenIn(outside, sent, SHELF)], "delivery") == ["other_delivery"]
        assert refusals_of(house, CLERK, [acknowledged(within, inside)], "delivery") == ["other_delivery"]

    def test_nothing_is_sent_before_it_is_approved(self, house: Archive) -> None:
        matter = a_dispatch(house, [house.carrier(scope=OUTSIDE)])
        assert refusals_of(house, CLERK, [ParcelSealed(matter, "P-1", "F-1")], "dispatch_seal") == ["matter_state"]

    def test_the_manager_does_not_send(self, house: Archive) -> None:
        assert refusals_of(house, MANAGER, [parcel_for(house.matter(), house)], "dispatch") == ["not_permitted"]
