"""Level and period change by decision of the determining authority, never by one person (clause a.5)."""

from dataclasses import replace
from typing import Any

import pytest

from custody.approval import asked
from custody.entries import Fact, Moved, TagRetired
from custody.entries.approvals import Approved
from custody.entries.circulation import CirculationClosed, CirculationPutBack, LegStarted, Queued, ReaderPassedOver
from custody.entries.disposition import (
    ChangeProposed,
    CopyLeftOut,
    DeclassificationProposed,
    ReclassificationClosed,
    TransferListed,
    TransferStruck,
)
from custody.life_cycle import Status
from custody.procedures import RULES
from custody.store import queries
from custody.values import Period, Scope
from tests.builders import (
    CLERK,
    CLERK_2,
    COMMITTEE,
    LOW_SHELF,
    MANAGER,
    PEOPLE,
    SECRECY_OFFICE,
    SHELF,
    SHELF_2,
    Archive,
    epc_of,
    subject,
)
from tests.custody.circulation.scene import a_circulation, from_reader, to_reader
from tests.custody.disposition.scenes import (
    TEN_YEARS,
    approved_change,
    approved_declassification,
    approved_transfer,
    ask,
    ask_and_approve,
    carried_out,
    change_opened,
    declassified,
    handed,
    proposed,
    received_papers,
    refusals_of,
    refused,
    transfer_list,
)

ACT = "reclassification"
TWENTY_YEARS = Period("years", "20")


def test_a_title_is_lowered_with_all_its_copies_and_the_matter_closes(archive: Archive) -> None:
    first, second = (archive.carrier(control_number="YS-2026-77777", copies=2, copy_number=n) for n in (1, 2))
    archive.borrow(second, "chen")
    matter = approved_change(archive, [first, second], "confidential")

    facts = [carried_out(matter, one, "confidential") for one in (first, second)]
    archive.enter(CLERK, [*facts, ReclassificationClosed(matter)], ACT)

    for carrier, status in ((first, Status.IN_PLACE), (second, Status.ON_LOAN)):
        state = archive.state(carrier)
        assert (state.description.level, state.description.period, state.status) == ("confidential", TEN_YEARS, status)
        assert state.description.determined_by == "柳望川"
    assert archive.the_matter(matter).status == "closed"
    archive.give_back(second, LOW_SHELF)  # a place rated for its new level will do now
    assert archive.books.rebuild_check() == []


def test_it_is_raised_with_a_narrower_scope(archive: Archive) -> None:
    carrier = archive.carrier()
    matter = archive.matter()
    scope = Scope(("post:core",))
    raised = ChangeProposed(carrier, matter, "top_secret", Period("maximum"), scope)
    archive.enter(CLERK, [change_opened(matter, "top_secret"), raised], ACT)
    ask_and_approve(archive, matter, ACT)
    archive.enter(CLERK, [carried_out(matter, carrier, "top_secret", Period("maximum"), scope=scope)], ACT)
    described = archive.state(carrier).description
    assert (described.level, described.scope) == ("top_secret", scope)
    with archive.books.database.reading() as connection:
        assert queries.carriers(connection, subject("chen"), queries.CarrierFilter()).items == ()
    assert archive.books.rebuild_check() == []


class TestNeverOnePerson:
    """Promise 4: no path to a change of level with one person."""

    def test_a_5_refuse__nothing_is_changed_before_office_and_committee_approved(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        matter = proposed(sqlite_archive, [carrier], "confidential")
        done = carried_out(matter, carrier, "confidential")
        assert refusals_of(sqlite_archive, CLERK, [done], ACT) == ["matter_state"]
        ask(sqlite_archive, matter, ACT)
        sqlite_archive.enter(SECRECY_OFFICE, [Approved(matter, "office")], "approval")
        assert refusals_of(sqlite_archive, CLERK, [done], ACT) == ["matter_state"]
        sqlite_archive.enter(COMMITTEE, [Approved(matter, "committee")], "approval")
        assert refusals_of(sqlite_archive, CLERK, [done], ACT) == []

    def test_a_5_refuse__one_person_does_not_stand_twice(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        both = replace(
            SECRECY_OFFICE, grants=SECRECY_OFFICE.grants + COMMITTEE.grants + CLERK.grants
        )  # one person with every role there is
        matter = proposed(sqlite_archive, [carrier], "confidential")
        ask(sqlite_archive, matter, ACT)
        applicant = replace(CLERK, grants=both.grants)
        office = [Approved(matter, "office")]
        assert refusals_of(sqlite_archive, applicant, office, "approval") == ["a.5 same_person"]
        sqlite_archive.enter(both, office, "approval")
        committee = [Approved(matter, "committee")]
        assert refusals_of(sqlite_archive, both, committee, "approval") == ["a.5 same_person"]
        assert refusals_of(sqlite_archive, COMMITTEE, committee, "approval") == []

    def test_a_5_refuse__what_is_carried_out_is_what_was_approved(self, sqlite_archive: Archive) -> None:
        carrier, other = sqlite_archive.carriers(2)
        matter = approved_change(sqlite_archive, [carrier, other], "confidential")
        wrong: list[Any] = [
            carried_out(matter, carrier, "internal", Period("none")),
            carried_out(matter, carrier, "confidential", Period("years", "5")),
            carried_out(matter, carrier, "confidential", scope=Scope(("all",))),
            carried_out(matter, carrier, "confidential", basis="另一依据"),
            carried_out(matter, carrier, "confidential", determined_by="某人"),
            carried_out(matter, carrier, "confidential", effective_on="2026-11-19"),
            declassified(matter, carrier),
        ]
        for fact in wrong:
            assert refusals_of(sqlite_archive, CLERK, [fact], ACT) == ["a.5 other_than_approved"], fact
        right = carried_out(matter, carrier, "confidential")
        assert refusals_of(sqlite_archive, CLERK, [right], ACT, signed=False) == ["a.5 signature_missing"]
        assert refusals_of(sqlite_archive, CLERK_2, [right], ACT) == []

    def test_the_manager_does_not_classify(self, sqlite_archive: Archive) -> None:
        opened = change_opened(sqlite_archive.matter())
        assert refusals_of(sqlite_archive, MANAGER, [opened], ACT) == ["not_permitted"]


class TestWhatMayBeProposed:
    """A changed description obeys what a new one obeys, and the issuer's word."""

    CASES = (
        ("cosmic", TEN_YEARS, "a.5 level_unknown"),
        ("confidential", Period("none"), "a.5 period_missing"),
        ("confidential", Period("years", "11"), "a.5 period_beyond_maximum"),
        ("confidential", Period("long_term"), "a.5 period_beyond_maximum"),
        ("confidential", Period("years", "许多"), "a.5 period_unclear"),
        ("internal", TEN_YEARS, "period_on_internal"),
        ("secret", Period("maximum"), "nothing_changes"),
        ("confidential", Period("date", "2026-11-01"), "period_over"),
    )

    @pytest.mark.parametrize(("level", "period", "expected"), CASES)
    def test_a_5_refuse__a_change_beyond_what_a_first_classification_may(
        self, level: str, period: Period, expected: str, sqlite_archive: Archive
    ) -> None:
        carrier = sqlite_archive.carrier()
        matter = sqlite_archive.matter()
        sqlite_archive.enter(CLERK, [change_opened(matter, "top_secret")], ACT)
        assert refusals_of(sqlite_archive, CLERK, [ChangeProposed(carrier, matter, level, period)], ACT) == [expected]
        fit = ChangeProposed(carrier, matter, "confidential", TEN_YEARS)
        assert refusals_of(sqlite_archive, CLERK, [fit], ACT) == []

    def test_beyond_the_maximum_with_the_authority_named(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        longer = Period("years", "25", "省保密局")
        matter = approved_change(sqlite_archive, [carrier], "secret", longer)
        sqlite_archive.enter(CLERK, [carried_out(matter, carrier, "secret", longer)], ACT)
        assert sqlite_archive.state(carrier).description.period == longer

    def test_a_scope_names_who_is_in_the_directory(self, sqlite_archive: Archive) -> None:
        carrier, matter = sqlite_archive.carrier(), sqlite_archive.matter()
        sqlite_archive.enter(CLERK, [change_opened(matter)], ACT)
        nobody = ChangeProposed(carrier, matter, "secret", TEN_YEARS, Scope(("person:404",)))
        assert refusals_of(sqlite_archive, CLERK, [nobody], ACT) == ["scope_unclear"]

    def test_a_5_refuse__a_received_paper_changes_only_by_its_issuers_notice(self, sqlite_archive: Archive) -> None:
        (paper,) = received_papers(sqlite_archive, 1)
        without, matter = sqlite_archive.matter(), sqlite_archive.matter()
        sqlite_archive.enter(CLERK, [change_opened(without)], ACT)
        lowered = ChangeProposed(paper, without, "confidential", TEN_YEARS)
        assert refusals_of(sqlite_archive, CLERK, [lowered], ACT) == ["a.5 notice_missing"]
        noticed = change_opened(matter, notice_number="岭测密〔2026〕2号", notice_on="2026-11-10")
        sqlite_archive.enter(CLERK, [noticed], ACT)
        assert refusals_of(sqlite_archive, CLERK, [replace(lowered, matter=matter)], ACT) == []

    @pytest.mark.parametrize("field", ["basis", "determined_by", "effective_on"])
    def test_a_5_refuse__a_change_says_on_what_ground_and_who_determined_it(
        self, field: str, sqlite_archive: Archive
    ) -> None:
        matter = sqlite_archive.matter()
        empty = change_opened(matter, **{field: ""})
        assert refusals_of(sqlite_archive, CLERK, [empty], ACT) == ["a.5 text_missing"]
        assert refusals_of(sqlite_archive, CLERK, [change_opened(matter)], ACT) == []

    def test_a_day_is_a_day(self, sqlite_archive: Archive) -> None:
        opened = change_opened(sqlite_archive.matter(), notice_on="上周")
        assert refusals_of(sqlite_archive, CLERK, [opened], ACT) == ["date_invalid"]

    def test_a_matter_has_one_purpose(self, sqlite_archive: Archive) -> None:
        carrier, matter = sqlite_archive.carrier(), sqlite_archive.matter()
        sqlite_archive.enter(CLERK, [change_opened(matter)], ACT)
        other = DeclassificationProposed(carrier, matter)
        assert refusals_of(sqlite_archive, CLERK, [other], ACT) == ["change_purpose"]

    def test_the_paper_bears_the_new_level_and_its_writer_may_know_it(self, sqlite_archive: Archive) -> None:
        carrier, matter = sqlite_archive.carrier(level="confidential"), sqlite_archive.matter()
        sqlite_archive.enter(CLERK, [change_opened(matter)], ACT)
        raised = ChangeProposed(carrier, matter, "top_secret", Period("maximum"))
        assert refusals_of(sqlite_archive, CLERK, [raised], ACT) == ["above_matter_level"]
        lower_clerk = replace(CLERK, clearance_rank=2)
        assert "beyond_own_sight" in refusals_of(sqlite_archive, lower_clerk, [raised], ACT)


class TestCopies:
    """The copies of one title change together, or it is said why not."""

    @staticmethod
    def title(archive: Archive) -> list[int]:
        number = {"control_number": "YS-2026-90001", "copies": 3}
        return [archive.carrier(copy_number=copy, **number) for copy in (1, 2, 3)]

    def test_a_5_refuse__a_copy_is_not_forgotten(self, sqlite_archive: Archive) -> None:
        first, second, third = self.title(sqlite_archive)
        matter = proposed(sqlite_archive, [first, second], "confidential")
        (left,) = refused_to_ask(sqlite_archive, matter)
        assert (left.clause, left.code, dict(left.params)) == (
            "a.5",
            "copies_left",
            {"number": "YS-2026-90001", "count": 1},
        )
        sqlite_archive.enter(CLERK, [CopyLeftOut(third, matter, "外单位留存，由其自行变更")], ACT)
        assert refused_to_ask(sqlite_archive, matter) == ()

    def test_copies_that_are_gone_are_not_asked_about(self, archive: Archive) -> None:
        first, second, third = self.title(archive)
        gone = approved_transfer(archive, [third])
        archive.enter(CLERK, [handed(gone, third)], "transfer", "clerk2")
        matter = proposed(archive, [first, second], "confidential")
        assert refused_to_ask(archive, matter) == ()

    def test_leaving_out_needs_a_reason(self, sqlite_archive: Archive) -> None:
        first, _second, third = self.title(sqlite_archive)
        matter = proposed(sqlite_archive, [first], "confidential")
        assert refusals_of(sqlite_archive, CLERK, [CopyLeftOut(third, matter, " ")], ACT) == ["text_missing"]


def refused_to_ask(archive: Archive, matter: int) -> Any:
    """What stands against asking for approval."""
    fact = asked(matter, ACT, archive.scheme, archive.books.clock())
    return refused(archive, CLERK, [fact], "approval")


class TestCarryingOut:
    """Where the thing is, and who has it, must be fit for the new level."""

    def test_f_2_refuse__it_is_moved_before_it_is_raised(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier(level="confidential", place=LOW_SHELF)
        matter = approved_change(sqlite_archive, [carrier], "secret", TWENTY_YEARS)
        done = carried_out(matter, carrier, "secret", TWENTY_YEARS)
        assert refusals_of(sqlite_archive, CLERK, [done], ACT) == ["f.2 rated_too_low"]
        sqlite_archive.enter(CLERK, [Moved(carrier, SHELF_2)], "move")
        assert refusals_of(sqlite_archive, CLERK, [done], ACT) == []

    def test_c_1_refuse__a_holder_who_may_not_know_it_gives_it_back_first(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier(level="confidential")
        sqlite_archive.borrow(carrier, "ma")
        matter = approved_change(sqlite_archive, [carrier], "secret", TWENTY_YEARS)
        done = carried_out(matter, carrier, "secret", TWENTY_YEARS)
        assert refusals_of(sqlite_archive, CLERK, [done], ACT) == ["c.1 not_cleared"]
        sqlite_archive.give_back(carrier)
        assert refusals_of(sqlite_archive, CLERK, [done], ACT) == []

    def test_c_1_refuse__a_holder_outside_the_new_scope_gives_it_back_first(self, sqlite_archive: Archive) -> None:
        carrier, matter = sqlite_archive.carrier(), sqlite_archive.matter()
        sqlite_archive.borrow(carrier, "chen")
        scope = Scope((f"person:{PEOPLE['zhao']}",))
        narrowed = ChangeProposed(carrier, matter, "secret", Period("maximum"), scope)
        sqlite_archive.enter(CLERK, [change_opened(matter), narrowed], ACT)
        ask_and_approve(sqlite_archive, matter, ACT)
        done = carried_out(matter, carrier, "secret", Period("maximum"), scope=scope)
        assert refusals_of(sqlite_archive, CLERK, [done], ACT) == ["c.1 outside_scope"]
        sqlite_archive.give_back(carrier)
        assert refusals_of(sqlite_archive, CLERK, [done], ACT) == []

    def test_c_1_refuse__what_becomes_a_secret_binds_by_its_scope_from_then_on(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier(level="internal", scope=("unit:3",))
        sqlite_archive.borrow(carrier, "chen")
        matter = approved_change(sqlite_archive, [carrier], "secret", TWENTY_YEARS)
        done = carried_out(matter, carrier, "secret", TWENTY_YEARS)
        assert refusals_of(sqlite_archive, CLERK, [done], ACT) == ["c.1 outside_scope"]
        sqlite_archive.give_back(carrier)
        assert refusals_of(sqlite_archive, CLERK, [done], ACT) == []

    def test_raised_in_the_middle_of_a_circulation_it_passes_over_who_may_not_know_it(
        self, sqlite_archive: Archive
    ) -> None:
        carrier = sqlite_archive.carrier(level="confidential")
        matter = a_circulation(sqlite_archive, carrier, readers=("sun", "ma"))
        to_reader(sqlite_archive, matter, carrier, "sun")
        change = approved_change(sqlite_archive, [carrier], "secret", TWENTY_YEARS)
        sqlite_archive.enter(CLERK, [carried_out(change, carrier, "secret", TWENTY_YEARS)], ACT)
        from_reader(sqlite_archive, matter, carrier, "sun")
        leg = [LegStarted(carrier, matter, PEOPLE["ma"], sqlite_archive.due(3))]
        assert refusals_of(sqlite_archive, CLERK, leg, "leg", "ma") == ["c.1 not_cleared"]
        facts: list[Fact] = [
            ReaderPassedOver(matter, PEOPLE["ma"], "密级变更"),
            CirculationPutBack(carrier, matter, SHELF),
            CirculationClosed(matter),
        ]
        sqlite_archive.enter(CLERK, facts, "circulation_end")
        assert sqlite_archive.books.rebuild_check() == []

    def test_who_waits_and_may_no_longer_know_it_keeps_nobody_waiting(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier(level="confidential")
        sqlite_archive.borrow(carrier, "sun")
        sqlite_archive.enter(CLERK, [Queued(carrier, PEOPLE["ma"]), Queued(carrier, PEOPLE["chen"])], "queue")
        change = approved_change(sqlite_archive, [carrier], "secret", TWENTY_YEARS)
        sqlite_archive.enter(CLERK, [carried_out(change, carrier, "secret", TWENTY_YEARS)], ACT)
        sqlite_archive.give_back(carrier)
        sqlite_archive.borrow(carrier, "chen")
        assert sqlite_archive.state(carrier).queue == (PEOPLE["ma"],)

    def test_a_5_refuse__not_before_the_day_it_takes_effect(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        matter = approved_change(sqlite_archive, [carrier], "confidential", effective_on="2026-12-01")
        done = carried_out(matter, carrier, "confidential", effective_on="2026-12-01")
        (early,) = refused(sqlite_archive, CLERK, [done], ACT)
        assert (early.clause, early.code, early.params["day"]) == ("a.5", "not_yet_effective", "2026-12-01")
        sqlite_archive.books.clock.days(12)  # type: ignore[attr-defined]  # the clock of the tests
        assert refusals_of(sqlite_archive, CLERK, [done], ACT) == []

    def test_a_paper_in_other_business_is_not_raised_above_that_paper(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        matter = approved_change(sqlite_archive, [carrier], "top_secret", Period("maximum"))
        listed = transfer_list(sqlite_archive, [carrier])
        done = carried_out(matter, carrier, "top_secret", Period("maximum"))
        assert refusals_of(sqlite_archive, CLERK, [done], ACT) == ["above_matter_level"]
        sqlite_archive.enter(CLERK, [TransferStruck(carrier, listed, "密级变更")], "transfer")
        assert refusals_of(sqlite_archive, CLERK, [done], ACT) == []
        assert refusals_of(sqlite_archive, CLERK, [TransferListed(carrier, listed)], "transfer") == [
            "above_matter_level"
        ]

    def test_it_closes_when_all_is_carried_out(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        matter = approved_change(sqlite_archive, [carrier], "confidential")
        assert refusals_of(sqlite_archive, CLERK, [ReclassificationClosed(matter)], ACT) == ["list_open"]


class TestDeclassification:
    """It leaves the register; its tag may come off in the same act or later."""

    def test_it_is_a_secret_no_more(self, archive: Archive) -> None:
        here, lent = archive.carriers(2)
        archive.borrow(lent, "chen")
        matter = approved_declassification(archive, [here, lent])
        archive.enter(
            CLERK,
            [
                TagRetired(here, epc_of(here), "解密"),
                declassified(matter, here),
                declassified(matter, lent),
                ReclassificationClosed(matter),
            ],
            ACT,
        )
        state = archive.state(lent)
        assert (state.status, state.holder, state.place) == (Status.DECLASSIFIED, None, None)
        archive.enter(CLERK, [TagRetired(lent, epc_of(lent), "解密")], "tag")
        assert archive.state(here).tags == archive.state(lent).tags == ()
        assert archive.books.rebuild_check() == []

    def test_nobody_waits_for_it_and_nobody_holds_it_any_more(self, archive: Archive) -> None:
        secret_no_more, transferred = archive.carriers(2)
        archive.borrow(secret_no_more, "chen")
        archive.enter(CLERK, [Queued(secret_no_more, PEOPLE["sun"]), Queued(transferred, PEOPLE["sun"])], "queue")
        matter = approved_declassification(archive, [secret_no_more])
        archive.enter(CLERK, [declassified(matter, secret_no_more)], ACT)
        listed = approved_transfer(archive, [transferred])
        archive.enter(CLERK, [handed(listed, transferred)], "transfer", "clerk2")
        for carrier in (secret_no_more, transferred):
            state = archive.state(carrier)
            assert (state.holder, state.place, state.due_at, state.queue) == (None, None, None, ())
            archive.enter(CLERK, [TagRetired(carrier, epc_of(carrier), "已离开本机构")], "tag")
            assert archive.state(carrier).tags == ()
        assert archive.books.rebuild_check() == []

    def test_internal_is_no_secret_to_begin_with(self, sqlite_archive: Archive) -> None:
        carrier, matter = sqlite_archive.carrier(level="internal", place=SHELF), sqlite_archive.matter()
        sqlite_archive.enter(CLERK, [change_opened(matter, purpose="declassify")], ACT)
        fact = DeclassificationProposed(carrier, matter)
        assert refusals_of(sqlite_archive, CLERK, [fact], ACT) == ["nothing_changes"]


def test_what_holds_of_a_first_classification_holds_of_a_change() -> None:
    first = {"level_unknown", "period_missing", "period_beyond_maximum", "period_unclear", "period_on_internal"}
    assert first <= {rule.code for rule in RULES if ChangeProposed in rule.facts}
