"""Loss: its clock, the report, the enquiry, the end signed by the office and a leader."""

from dataclasses import replace
from typing import Any

from custody.entries import Borrowed, Moved, ReportedMissing
from custody.entries.approvals import Approved
from custody.entries.disposition import EnquiryNoted, LossConfirmed, LossListed, LossOpened, LossReported
from custody.life_cycle import Status
from custody.values import SECOND
from tests.builders import CLERK, LEADER, PEOPLE, SECRECY_OFFICE, SHELF_2, Archive
from tests.custody.disposition.scenes import (
    approved_transfer,
    conclusion,
    found_facts,
    handed,
    lost,
    lost_facts,
    refusals_of,
)

HOUR = 3_600 * SECOND


def reported(archive: Archive, matter: int) -> LossReported:
    """The report to the authority, just now."""
    return LossReported(matter, "市国家保密局", "远保报〔2026〕1号", archive.books.clock())


def test_not_found_is_reported_concluded_and_confirmed(archive: Archive) -> None:
    carrier = archive.carrier()
    archive.borrow(carrier, "chen")
    matter = lost(archive, carrier)
    opened = archive.the_matter(matter)
    assert (opened.status, opened.due_at) == ("open", archive.books.clock() + 22 * HOUR)
    assert archive.state(carrier).status is Status.DECLARED_LOST

    archive.enter(SECRECY_OFFICE, [reported(archive, matter)], "enquiry")
    assert archive.the_matter(matter).due_at is None
    archive.enter(SECRECY_OFFICE, [EnquiryNoted(matter, "封存库房，逐卷核对")], "enquiry")
    archive.enter(SECRECY_OFFICE, [conclusion(matter, "not_found", carrier)], "enquiry")
    archive.enter(LEADER, [LossConfirmed(matter, "同意")], "enquiry")

    closed = archive.the_matter(matter)
    assert (closed.status, closed.ended, closed.body.measures) == ("closed", True, ("封存库房，逐卷核对",))
    assert archive.state(carrier).holder == PEOPLE["chen"]  # he answers for it still
    assert archive.books.rebuild_check() == []


def test_found_within_the_clock_it_ends_without_a_report(archive: Archive) -> None:
    first, second = archive.carriers(2)
    matter = lost(archive, first, second)
    archive.enter(CLERK, found_facts(matter, first), "found")
    assert dict(archive.the_matter(matter).counts) == {"found": 1, "missing": 1}
    archive.borrow(first, "chen")  # it is free again while the other is looked for
    archive.enter(CLERK, found_facts(matter, second), "found")
    archive.enter(SECRECY_OFFICE, [conclusion(matter, "found")], "enquiry")
    assert archive.the_matter(matter).due_at is None
    archive.enter(LEADER, [LossConfirmed(matter)], "enquiry")
    assert archive.the_matter(matter).status == "closed"
    assert archive.books.rebuild_check() == []


def test_found_while_the_conclusion_waits_for_the_leader(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    matter = lost(sqlite_archive, carrier)
    sqlite_archive.enter(SECRECY_OFFICE, [reported(sqlite_archive, matter)], "enquiry")
    sqlite_archive.enter(SECRECY_OFFICE, [conclusion(matter, "not_found", carrier)], "enquiry")
    sqlite_archive.enter(CLERK, found_facts(matter, carrier), "found")
    again = sqlite_archive.the_matter(matter)
    assert (again.status, again.body.outcome) == ("reported", "")
    assert refusals_of(sqlite_archive, LEADER, [LossConfirmed(matter)], "enquiry") == ["matter_state"]


def test_what_is_found_is_told_to_the_enquiry_in_the_same_act(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    matter = lost(sqlite_archive, carrier)
    declared, known = found_facts(matter, carrier)
    assert refusals_of(sqlite_archive, CLERK, [declared], "found") == ["enquiry_untold"]
    assert refusals_of(sqlite_archive, CLERK, [declared, known], "found") == []
    assert refusals_of(sqlite_archive, CLERK, [Moved(carrier, SHELF_2)], "move") == []


def test_no_loss_is_declared_without_its_enquiry_and_the_clock_of_its_report(sqlite_archive: Archive) -> None:
    carrier, other = sqlite_archive.carriers(2)
    for facts in ([ReportedMissing(carrier, "未见")], [ReportedMissing(carrier, "未见"), *sqlite_archive.lost(other)]):
        assert refusals_of(sqlite_archive, CLERK, facts, "missing") == ["clock_not_started"]
    matter = lost(sqlite_archive, carrier)
    assert sqlite_archive.the_matter(matter).due_at == sqlite_archive.books.clock() + 22 * HOUR


def test_what_is_missed_after_the_report_is_a_loss_with_a_clock_of_its_own(sqlite_archive: Archive) -> None:
    first, second, third = sqlite_archive.carriers(3)
    matter = lost(sqlite_archive, first)
    more = [ReportedMissing(second, "未见"), LossListed(second, matter)]
    assert refusals_of(sqlite_archive, CLERK, more, "missing") == []
    sqlite_archive.enter(SECRECY_OFFICE, [reported(sqlite_archive, matter)], "enquiry")
    late = [ReportedMissing(third, "未见"), LossListed(third, matter)]
    assert refusals_of(sqlite_archive, CLERK, late, "missing") == ["matter_state"]
    assert refusals_of(sqlite_archive, CLERK, sqlite_archive.lost(third), "missing") == []


def test_a_carrier_lost_from_a_transfer_list_is_no_longer_handed_over(sqlite_archive: Archive) -> None:
    first, second = sqlite_archive.carriers(2)
    listed = approved_transfer(sqlite_archive, [first, second])
    lost(sqlite_archive, first)
    assert refusals_of(sqlite_archive, CLERK, [handed(listed, first)], "transfer", "clerk2") == ["state"]
    assert refusals_of(sqlite_archive, CLERK, [handed(listed, second)], "transfer", "clerk2") == []


class TestWhatIsRefused:
    """Each with the act that is entered when it is put right."""

    def test_the_clock_runs_from_the_discovery(self, sqlite_archive: Archive) -> None:
        carrier, matter = sqlite_archive.carrier(), sqlite_archive.matter()
        late = lost_facts(sqlite_archive, matter, carrier, due_at=sqlite_archive.due(9))
        assert refusals_of(sqlite_archive, CLERK, late, "missing") == ["clock_wrong"]
        ahead = lost_facts(sqlite_archive, matter, carrier, hours_ago=-1)
        assert refusals_of(sqlite_archive, CLERK, ahead, "missing") == ["clock_wrong"]
        assert refusals_of(sqlite_archive, CLERK, lost_facts(sqlite_archive, matter, carrier), "missing") == []

    def test_circumstances_and_the_last_known_place_are_told(self, sqlite_archive: Archive) -> None:
        carrier, matter = sqlite_archive.carrier(), sqlite_archive.matter()
        for name in ("circumstances", "last_known"):
            empty: dict[str, Any] = {name: " "}
            facts = lost_facts(sqlite_archive, matter, carrier, **empty)
            assert refusals_of(sqlite_archive, CLERK, facts, "missing") == ["text_missing"]

    def test_who_discovered_it_is_known(self, sqlite_archive: Archive) -> None:
        carrier, matter = sqlite_archive.carrier(), sqlite_archive.matter()
        opened, *rest = lost_facts(sqlite_archive, matter, carrier)
        assert isinstance(opened, LossOpened)
        facts = [replace(opened, discovered_by=404), *rest]
        assert refusals_of(sqlite_archive, CLERK, facts, "missing") == ["reference_unknown"]

    def test_it_is_signed(self, sqlite_archive: Archive) -> None:
        carrier, matter = sqlite_archive.carrier(), sqlite_archive.matter()
        facts = lost_facts(sqlite_archive, matter, carrier)
        assert refusals_of(sqlite_archive, CLERK, facts, "missing", signed=False) == ["signature_missing"]

    def test_a_report_lies_between_discovery_and_now_and_has_a_number(self, sqlite_archive: Archive) -> None:
        matter = lost(sqlite_archive, sqlite_archive.carrier())
        fit = reported(sqlite_archive, matter)
        wrong = {
            "time_impossible": replace(fit, reported_at=fit.reported_at + HOUR),
            "text_missing": replace(fit, number=" "),
        }
        for code, fact in wrong.items():
            assert refusals_of(sqlite_archive, SECRECY_OFFICE, [fact], "enquiry") == [code]
        early = replace(fit, reported_at=fit.reported_at - 3 * HOUR)
        assert refusals_of(sqlite_archive, SECRECY_OFFICE, [early], "enquiry") == ["time_impossible"]
        assert refusals_of(sqlite_archive, SECRECY_OFFICE, [fit], "enquiry") == []

    def test_what_stays_lost_is_reported_first(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        matter = lost(sqlite_archive, carrier)
        ended = [conclusion(matter, "not_found", carrier)]
        assert refusals_of(sqlite_archive, SECRECY_OFFICE, ended, "enquiry") == ["loss_unreported"]
        sqlite_archive.enter(SECRECY_OFFICE, [reported(sqlite_archive, matter)], "enquiry")
        assert refusals_of(sqlite_archive, SECRECY_OFFICE, ended, "enquiry") == []

    def test_the_outcome_is_what_the_books_say(self, sqlite_archive: Archive) -> None:
        first, second, other = sqlite_archive.carriers(3)
        matter = lost(sqlite_archive, first, second)
        sqlite_archive.enter(SECRECY_OFFICE, [reported(sqlite_archive, matter)], "enquiry")

        def codes(fact: Any) -> list[str]:
            return refusals_of(sqlite_archive, SECRECY_OFFICE, [fact], "enquiry")

        assert codes(conclusion(matter, "found")) == ["outcome_wrong"]
        assert codes(conclusion(matter, "not_found", first)) == ["outcome_wrong"]
        assert codes(conclusion(matter, "not_found", first, other)) == ["outcome_wrong"]
        assert codes(replace(conclusion(matter, "not_found", first, second), result="")) == ["text_missing"]
        assert codes(conclusion(matter, "not_found", first, second)) == []

    def test_measures_are_told(self, sqlite_archive: Archive) -> None:
        matter = lost(sqlite_archive, sqlite_archive.carrier())
        assert refusals_of(sqlite_archive, SECRECY_OFFICE, [EnquiryNoted(matter, "")], "enquiry") == ["text_missing"]

    def test_nobody_confirms_his_own_conclusion(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        matter = lost(sqlite_archive, carrier)
        sqlite_archive.enter(CLERK, found_facts(matter, carrier), "found")
        sqlite_archive.enter(SECRECY_OFFICE, [conclusion(matter, "found")], "enquiry")
        both = replace(SECRECY_OFFICE, grants=SECRECY_OFFICE.grants + LEADER.grants)
        assert refusals_of(sqlite_archive, both, [LossConfirmed(matter)], "enquiry") == ["same_person"]
        assert refusals_of(sqlite_archive, SECRECY_OFFICE, [LossConfirmed(matter)], "enquiry") == ["not_permitted"]
        assert refusals_of(sqlite_archive, LEADER, [LossConfirmed(matter)], "enquiry") == []

    def test_an_enquiry_is_the_offices_and_needs_no_approval(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        matter = lost(sqlite_archive, carrier)
        assert refusals_of(sqlite_archive, CLERK, [reported(sqlite_archive, matter)], "enquiry") == ["not_permitted"]
        assert refusals_of(sqlite_archive, SECRECY_OFFICE, [Approved(matter, "office")], "approval") == ["matter_state"]

    def test_what_is_lost_is_not_lent(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        lost(sqlite_archive, carrier)
        lent = [Borrowed(carrier, PEOPLE["chen"], sqlite_archive.due(3))]
        assert refusals_of(sqlite_archive, CLERK, lent, "borrow", "chen") == ["state"]
