"""Approval: who may, in which order, by distinct persons, for how long; withdrawn, delegated, urgent.

Told on a destruction, whose route has two steps; the mechanism is the same for every kind of matter.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from custody.access import Grant, Permission, Role, Subject
from custody.approval import STEPS, asked, steps_of, valid_until
from custody.entries import Fact
from custody.entries.approvals import ApprovalAsked, Approved, Declined, Withdrawn
from custody.entries.base import Delegated, DelegationEnded
from custody.rules import NotFound, Refused
from custody.store import accounts, queries
from custody.values import DAY, SECOND, Delegation
from tests.builders import (
    CLERK,
    CLERK_2,
    COMMITTEE,
    LEADER,
    MANAGER,
    NOW,
    PEOPLE,
    SCHEME,
    SECRECY_OFFICE,
    TODAY,
    Archive,
    subject,
)
from tests.custody.destruction.batches import Batch, a_batch

LATER = 90 * DAY


def codes(archive: Archive, by: Subject, facts: Sequence[Fact], act: str = "approval", *others: str) -> list[str]:
    """The codes for which an act is refused; it would be entered otherwise."""
    with pytest.raises(Refused) as refused:
        archive.enter(archive.present(by), facts, act, *others)
    return [one.code for one in refused.value.refusals]


def request(batch: Batch, **changes: object) -> ApprovalAsked:
    """The request as it should be; anything may be changed."""
    fact = asked(batch.matter, "destruction", SCHEME, batch.archive.books.clock())
    assert isinstance(fact, ApprovalAsked)
    return replace(fact, **changes)  # type: ignore[arg-type]


def approved(batch: Batch, step: str, on_behalf_of: str = "") -> list[Fact]:
    """A step approved."""
    return [Approved(batch.matter, step, PEOPLE[on_behalf_of] if on_behalf_of else None)]


def with_account(archive: Archive, who: str, *roles: Role) -> None:
    """An account with roles, which a deputy's rights are asked of."""
    with archive.books.database.writing() as connection:
        accounts.create(connection, PEOPLE[who], "business", "hash", NOW)
        for role in roles:
            accounts.grant(connection, PEOPLE[who], role)


def delegation(archive: Archive, giver: str, deputy: str, *permissions: Permission, days: float = 10) -> Delegation:
    """So many days from now."""
    (number,) = archive.books.reserve("delegation", 1)
    now = archive.books.clock()
    names = tuple(one.value for one in permissions)
    return Delegation(number, PEOPLE[giver], PEOPLE[deputy], names, now, now + int(days * DAY), "出差")


class TestInOrder:
    """The route is the table's, whole and in order."""

    def test_two_steps_by_two_persons_and_it_is_approved(self, archive: Archive) -> None:
        batch = a_batch(archive).open().ask()
        assert (batch.now.status, batch.now.approval and batch.now.approval.awaited) == ("asked", "office")
        batch.enter(SECRECY_OFFICE, approved(batch, "office"), "approval")
        assert batch.now.status == "asked"
        batch.enter(LEADER, approved(batch, "leader"), "approval")
        assert batch.now.status == "approved"
        assert batch.now.approval is not None
        assert [given.person for given in batch.now.approval.given] == [PEOPLE["secrecy"], PEOPLE["leader"]]
        assert archive.books.rebuild_check() == []

    def test_nobody_goes_before_his_turn(self, sqlite_archive: Archive) -> None:
        batch = a_batch(sqlite_archive).open().ask()
        assert codes(sqlite_archive, LEADER, approved(batch, "leader")) == ["not_the_next"]
        batch.enter(SECRECY_OFFICE, approved(batch, "office"), "approval")
        other_office = subject("zhao", Role.SECRECY_OFFICE)
        assert codes(sqlite_archive, other_office, approved(batch, "office")) == ["not_the_next"]

    def test_urgent_shortens_the_time_and_skips_nothing(self, sqlite_archive: Archive) -> None:
        """Given an urgent request, then it is due sooner, and every step is still to be signed (daily rule 7)."""
        batch = a_batch(sqlite_archive).open()
        now = sqlite_archive.books.clock()
        urgent = asked(batch.matter, "destruction", SCHEME, now, urgent=True, reason="工期紧")
        assert isinstance(urgent, ApprovalAsked)
        plain = request(batch)
        assert urgent.answer_by < plain.answer_by
        assert urgent.steps == plain.steps == steps_of("destruction")
        for short in (("leader",), ("office",), ()):
            skipped = replace(urgent, steps=short)
            assert codes(sqlite_archive, CLERK, [skipped]) == ["route_wrong"]
        swapped = replace(urgent, route="transfer", steps=steps_of("transfer"))
        assert codes(sqlite_archive, CLERK, [swapped]) == ["route_wrong"]
        slow = replace(urgent, answer_by=plain.answer_by)
        assert codes(sqlite_archive, CLERK, [slow]) == ["answer_late"]
        sqlite_archive.enter(CLERK, [urgent], "approval")
        assert codes(sqlite_archive, LEADER, approved(batch, "leader")) == ["not_the_next"]

    def test_an_approval_is_asked_within_the_configured_days_and_for_no_longer(self, sqlite_archive: Archive) -> None:
        batch = a_batch(sqlite_archive).open()
        late = request(batch, answer_by=sqlite_archive.books.clock() + LATER)
        for_ever = request(batch, valid_days=10_000)
        for wrong in (late, for_ever, request(batch, answer_by=sqlite_archive.books.clock())):
            assert codes(sqlite_archive, CLERK, [wrong]) == ["answer_late"]

    def test_an_empty_list_is_not_approved(self, sqlite_archive: Archive) -> None:
        batch = a_batch(sqlite_archive)
        batch.carriers.clear()
        batch.open()
        assert "nothing_listed" in codes(sqlite_archive, CLERK, [request(batch)])

    def test_who_opened_it_asks(self, sqlite_archive: Archive) -> None:
        batch = a_batch(sqlite_archive).open()
        assert codes(sqlite_archive, CLERK_2, [request(batch)]) == ["not_the_opener"]

    def test_every_answer_is_signed(self, sqlite_archive: Archive) -> None:
        batch = a_batch(sqlite_archive).open().ask()
        for facts in (approved(batch, "office"), [Declined(batch.matter, "office", "依据不足")]):
            with pytest.raises(Refused) as refused:
                sqlite_archive.enter(SECRECY_OFFICE, facts, "approval", signed=False)
            assert [one.code for one in refused.value.refusals] == ["signature_missing"]


class TestDistinct:
    """Persons, not accounts or roles."""

    OMNI = (Role.CLERK, Role.SECRECY_OFFICE, Role.LEADER)

    @pytest.mark.parametrize("first", ["clerk", "secrecy"])
    def test_nobody_stands_twice(self, archive: Archive, first: str) -> None:
        """Given one who applied, or approved before, when he holds the other roles too, then he is not another."""
        batch = a_batch(archive).open().ask()
        step = "office"
        if first == "secrecy":
            batch.enter(SECRECY_OFFICE, approved(batch, "office"), "approval")
            step = "leader"
        everything = subject(first, *self.OMNI)
        assert codes(archive, everything, approved(batch, step)) == ["same_person"]
        only_this_role_now = subject(first, Role.SECRECY_OFFICE if step == "office" else Role.LEADER)
        assert codes(archive, only_this_role_now, approved(batch, step)) == ["same_person"]

    def test_a_person_has_one_account(self, sqlite_archive: Archive) -> None:
        with_account(sqlite_archive, "clerk", Role.CLERK)
        with pytest.raises(Exception, match="account"):
            with_account(sqlite_archive, "clerk", Role.LEADER)


class TestNoMore:
    """Declined, withdrawn, lapsed."""

    def test_a_refusal_ends_it_and_frees_its_carriers(self, archive: Archive) -> None:
        batch = a_batch(archive).open().ask()
        assert codes(archive, SECRECY_OFFICE, [Declined(batch.matter, "office", "")]) == ["text_missing"]
        batch.enter(SECRECY_OFFICE, [Declined(batch.matter, "office", "尚需留存")], "approval")
        assert (batch.now.status, batch.now.ended) == ("declined", True)
        archive.borrow(batch.carriers[0], "chen")
        assert codes(archive, LEADER, approved(batch, "leader")) == ["matter_state"]

    def test_the_applicant_withdraws_and_nobody_else(self, sqlite_archive: Archive) -> None:
        batch = a_batch(sqlite_archive).open().ask()
        assert codes(sqlite_archive, CLERK_2, [Withdrawn(batch.matter, "有误")]) == ["not_the_applicant"]
        batch.enter(CLERK, [Withdrawn(batch.matter, "清单有误")], "approval")
        assert batch.now.status == "withdrawn"
        sqlite_archive.borrow(batch.carriers[0], "chen")

    def test_an_approval_not_used_in_time_is_none(self, sqlite_archive: Archive) -> None:
        batch = a_batch(sqlite_archive).approved()
        until = valid_until(batch.now)
        assert until is not None
        clock = sqlite_archive.books.clock
        clock.at = until - 2 * SECOND  # type: ignore[attr-defined]
        batch.set_apart()
        late = a_batch(sqlite_archive).approved()
        until = valid_until(late.now)
        assert until is not None
        clock.at = until  # type: ignore[attr-defined]
        with pytest.raises(Refused) as refused:
            late.set_apart()
        assert "approval_lapsed" in {one.code for one in refused.value.refusals}

    def test_waiting_has_no_validity(self, sqlite_archive: Archive) -> None:
        batch = a_batch(sqlite_archive).open().ask()
        assert valid_until(batch.now) is None


class TestDeputies:
    """Delegated with an end, to another, of approvals alone; a deputy counts as both."""

    def test_a_deputy_signs_in_the_stead_of_the_absent(self, archive: Archive) -> None:
        with_account(archive, "leader", Role.LEADER)
        given = delegation(archive, "leader", "committee", Permission.APPROVE_LEADER)
        archive.enter(LEADER, [Delegated(given)], "delegate")
        batch = a_batch(archive).open().ask()
        batch.enter(SECRECY_OFFICE, approved(batch, "office"), "approval")
        batch.enter(COMMITTEE, approved(batch, "leader", "leader"), "approval")
        assert batch.now.status == "approved"
        assert batch.now.approval is not None
        assert batch.now.approval.given[-1].on_behalf_of == PEOPLE["leader"]
        assert {PEOPLE["leader"], PEOPLE["committee"]} <= batch.now.approval.persons
        assert archive.books.rebuild_check() == []

    def test_what_waits_for_the_absent_waits_for_the_deputy(self, archive: Archive) -> None:
        with_account(archive, "leader", Role.LEADER)
        given = delegation(archive, "leader", "committee", Permission.APPROVE_LEADER)
        archive.enter(LEADER, [Delegated(given)], "delegate")
        batch = a_batch(archive).open().ask()
        batch.enter(SECRECY_OFFICE, approved(batch, "office"), "approval")
        with archive.books.database.reading() as connection:
            directory = archive.books.directory(connection)
            now = archive.books.clock()
            for who, stead in ((LEADER, None), (COMMITTEE, PEOPLE["leader"])):
                found = queries.waiting(connection, who, directory, SCHEME, now, TODAY)
                assert [(one.matter.id, one.step, one.on_behalf_of) for one in found] == [
                    (batch.matter, "leader", stead)
                ]
            assert queries.waiting(connection, SECRECY_OFFICE, directory, SCHEME, now, TODAY) == []
            after = now + 11 * DAY
            assert queries.waiting(connection, COMMITTEE, directory, SCHEME, after, TODAY) == []

    @pytest.mark.parametrize(
        ("giver", "deputy"), [("leader", "clerk"), ("clerk", "committee")], ids=["is applicant", "of the applicant"]
    )
    def test_a_deputy_counts_as_both(self, archive: Archive, giver: str, deputy: str) -> None:
        """Given an applicant, then neither he as a deputy nor a deputy in his stead approves what he asked for."""
        with_account(archive, giver, Role.LEADER, Role.CLERK)
        given = delegation(archive, giver, deputy, Permission.APPROVE_LEADER)
        archive.enter(subject(giver, Role.LEADER), [Delegated(given)], "delegate")
        batch = a_batch(archive).open().ask()
        batch.enter(SECRECY_OFFICE, approved(batch, "office"), "approval")
        who = subject(deputy, Role.SECRECY_COMMITTEE, Role.CLERK)
        assert codes(archive, who, approved(batch, "leader", giver)) == ["same_person"]

    @pytest.mark.parametrize(
        ("giver", "deputy", "permissions", "days", "said"),
        [
            ("leader", "leader", (Permission.APPROVE_LEADER,), 10, "deputy"),
            ("leader", "lin", (Permission.APPROVE_LEADER,), 10, "deputy"),
            ("manager", "zhao", (Permission.APPROVE_LEADER,), 10, "giver"),
            ("leader", "zhao", (), 10, "permissions"),
            ("leader", "zhao", (Permission.DESTROY,), 10, "permissions"),
            ("leader", "zhao", (Permission.APPROVE_LEADER,), 0, "until"),
            ("leader", "zhao", (Permission.APPROVE_LEADER,), 91, "until"),
        ],
    )
    def test_what_cannot_be_delegated(
        self,
        sqlite_archive: Archive,
        giver: str,
        deputy: str,
        permissions: tuple[Permission, ...],
        days: float,
        said: str,
    ) -> None:
        """To oneself, to one who has left, of another's rights, of nothing, of other rights, without an end in time."""
        given = delegation(sqlite_archive, giver, deputy, *permissions, days=days)
        with pytest.raises(Refused) as refused:
            sqlite_archive.enter(LEADER, [Delegated(given)], "delegate")
        (only,) = refused.value.refusals
        assert (only.code, only.params["field"]) == ("delegation_unfit", said)

    def test_ended_or_expired_it_opens_nothing(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        with_account(archive, "leader", Role.LEADER)
        given = delegation(archive, "leader", "committee", Permission.APPROVE_LEADER, days=1)
        archive.enter(LEADER, [Delegated(given)], "delegate")
        batch = a_batch(archive).open().ask()
        batch.enter(SECRECY_OFFICE, approved(batch, "office"), "approval")
        in_stead = approved(batch, "leader", "leader")
        other_matter_of_rights = subject("zhao", Role.SECRECY_COMMITTEE)
        assert codes(archive, other_matter_of_rights, in_stead) == ["not_permitted"]
        assert codes(archive, MANAGER, [DelegationEnded(given.id)], "delegate") == ["delegation_not_own"]
        archive.enter(LEADER, [DelegationEnded(given.id, "提前返岗")], "delegate")
        assert codes(archive, COMMITTEE, in_stead) == ["not_permitted"]
        again = delegation(archive, "leader", "committee", Permission.APPROVE_LEADER, days=1)
        archive.enter(LEADER, [Delegated(again)], "delegate")
        archive.books.clock.at += 1 * DAY  # type: ignore[attr-defined]
        assert codes(archive, COMMITTEE, in_stead) == ["not_permitted"]

    def test_a_deputy_is_no_better_than_whom_he_stands_for(self, sqlite_archive: Archive) -> None:
        """Given a leader who lost the role, then his deputy has nothing to stand for."""
        archive = sqlite_archive
        given = delegation(archive, "leader", "committee", Permission.APPROVE_LEADER)
        archive.enter(LEADER, [Delegated(given)], "delegate")
        batch = a_batch(archive).open().ask()
        batch.enter(SECRECY_OFFICE, approved(batch, "office"), "approval")
        assert codes(archive, COMMITTEE, approved(batch, "leader", "leader")) == ["not_permitted"]


class TestWho:
    """By role, for the unit, cleared for the level."""

    OTHERS: Sequence[Callable[[], Subject]] = (
        lambda: MANAGER,
        lambda: CLERK_2,
        lambda: COMMITTEE,
        lambda: subject("zhao", Role.BORROWER, Role.MEETING_SECRETARY),
    )

    @pytest.mark.parametrize("who", OTHERS)
    def test_other_roles_do_not_approve_this_step(self, sqlite_archive: Archive, who: Callable[[], Subject]) -> None:
        batch = a_batch(sqlite_archive).open().ask()
        try:
            assert codes(sqlite_archive, who(), approved(batch, "office")) == ["not_permitted"]
        except NotFound:
            assert who().reach is not None, "whoever answers for the house knows of it"

    def test_the_head_of_another_unit_does_not_approve(self, sqlite_archive: Archive) -> None:
        batch = a_batch(sqlite_archive).open().ask()  # of unit 1, the house
        office_of_planning = subject("secrecy", Grant(Role.SECRECY_OFFICE, 3))
        with pytest.raises(NotFound):
            sqlite_archive.enter(office_of_planning, approved(batch, "office"), "approval")

    def test_nobody_approves_above_his_clearance(self, sqlite_archive: Archive) -> None:
        batch = a_batch(sqlite_archive, level="top_secret").open().ask()
        secret_at_most = subject("sun", Role.SECRECY_OFFICE)
        with pytest.raises(NotFound):
            sqlite_archive.enter(secret_at_most, approved(batch, "office"), "approval")

    def test_every_step_has_a_permission_of_its_own(self) -> None:
        assert len({step.permission for step in STEPS.values()}) == len(STEPS)
