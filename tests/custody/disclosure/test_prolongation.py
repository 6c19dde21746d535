"""Longer outside only by a new approval (clause i.1)."""

from dataclasses import replace

from custody.entries.approvals import Approved
from custody.entries.disclosure import ProlongationOpened, ProlongationUsed, ProvisionProlonged
from tests.builders import CLERK, LEADER, SECRECY_OFFICE, Archive
from tests.custody.disclosure.scene import (
    CHEN,
    a_prolongation,
    approve,
    ask,
    back,
    longer,
    outside,
    partner,
    proposed,
    refusals_of,
    refused,
)


def test_everything_outside_has_the_new_day(archive: Archive) -> None:
    first, second, third = archive.carriers(3)
    provision = outside(archive, [first, second, third])
    archive.enter(CLERK, [back(provision, third)], "provision_return")
    prolongation = approve(archive, a_prolongation(archive, provision))
    archive.enter(CLERK, longer(archive, provision, prolongation, first, second), "prolong")

    due = archive.due(100)
    assert archive.state(first).due_at == archive.line(provision, second).due_at == due
    matter = archive.the_matter(provision)
    assert (matter.due_at, matter.body.prolonged, matter.status) == (due, 1, "provided")
    assert archive.the_matter(prolongation).ended
    assert archive.books.rebuild_check() == []


def test_i_1_refuse__longer_without_an_approval_of_its_own(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    provision = outside(sqlite_archive, [carrier])
    prolongation = a_prolongation(sqlite_archive, provision)
    ask(sqlite_archive, prolongation)
    sqlite_archive.enter(SECRECY_OFFICE, [Approved(prolongation, "office")], "approval")
    facts = longer(sqlite_archive, provision, prolongation, carrier)
    assert "i.1 not_prolonged" in refusals_of(sqlite_archive, CLERK, facts, "prolong")
    sqlite_archive.enter(LEADER, [Approved(prolongation, "leader")], "approval")
    assert "i.1 not_prolonged" in refusals_of(sqlite_archive, CLERK, facts[:1], "prolong")  # it is used up with it
    other_day = [ProvisionProlonged(carrier, provision, prolongation, sqlite_archive.due(150)), facts[1]]
    assert "i.1 not_prolonged" in refusals_of(sqlite_archive, CLERK, other_day, "prolong")
    assert refusals_of(sqlite_archive, CLERK, facts, "prolong") == []


def test_i_1_refuse__who_asked_for_it_does_not_approve_it(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    prolongation = a_prolongation(sqlite_archive, outside(sqlite_archive, [carrier]))
    ask(sqlite_archive, prolongation)
    sqlite_archive.enter(SECRECY_OFFICE, [Approved(prolongation, "office")], "approval")
    both = replace(LEADER, person=SECRECY_OFFICE.person)
    found = refusals_of(sqlite_archive, both, [Approved(prolongation, "leader")], "approval")
    assert found == ["i.1 same_person"]


def test_all_that_is_outside_is_prolonged_together(sqlite_archive: Archive) -> None:
    first, second = sqlite_archive.carriers(2)
    provision = outside(sqlite_archive, [first, second])
    prolongation = approve(sqlite_archive, a_prolongation(sqlite_archive, provision))
    part = longer(sqlite_archive, provision, prolongation, first)
    assert refusals_of(sqlite_archive, CLERK, part, "prolong") == ["not_all_prolonged"]
    alone = [ProlongationUsed(prolongation)]
    assert refusals_of(sqlite_archive, CLERK, alone, "prolong") == ["not_all_prolonged"]


def test_only_a_provision_that_is_outside_and_seen_is_prolonged_to_a_later_day(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    provision = outside(sqlite_archive, [carrier])
    plain = ProlongationOpened(sqlite_archive.matter(), 1, "secret", provision, sqlite_archive.due(100), "试验延期")

    def against(fact: ProlongationOpened) -> list[str]:
        return refusals_of(sqlite_archive, CLERK, [fact], "prolongation")

    assert against(replace(plain, provision=999)) == ["reference_unknown"]
    assert against(replace(plain, provision=a_prolongation(sqlite_archive, provision))) == ["reference_unknown"]
    assert against(replace(plain, level="internal")) == ["above_matter_level"]
    assert against(replace(plain, due_at=sqlite_archive.due(60))) == ["prolonged_no_later"]
    assert against(replace(plain, due_at=sqlite_archive.due(200))) == ["i.1 provision_too_long"]
    assert against(replace(plain, reason=" ")) == ["i.1 text_missing"]
    hidden = refused(sqlite_archive, replace(CHEN, person=5), [replace(plain, unit=3)], "prolongation")
    assert [one.code for one in hidden] == ["reference_unknown"]
    sqlite_archive.enter(CLERK, [back(provision, carrier)], "provision_return")
    assert against(plain) == ["nothing_outside"]


def test_i_1_refuse__longer_with_a_body_whose_agreement_has_ended(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    body = partner(sqlite_archive, valid_until="2026-11-25")
    provision = outside(sqlite_archive, [carrier], body=body)
    sqlite_archive.books.clock.days(7)  # type: ignore[attr-defined]
    plain = ProlongationOpened(sqlite_archive.matter(), 1, "secret", provision, sqlite_archive.due(100), "试验延期")
    assert refusals_of(sqlite_archive, CLERK, [plain], "prolongation") == ["i.1 no_agreement"]
    sqlite_archive.agreement(body)
    assert refusals_of(sqlite_archive, CLERK, [plain], "prolongation") == []
    opened = proposed(sqlite_archive, sqlite_archive.matter(), body)
    assert refusals_of(sqlite_archive, CLERK, [opened], "provision") == []
