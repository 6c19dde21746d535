"""Letter g, clause by clause, through the books: each act would be entered without its rule."""

from dataclasses import replace
from typing import Any

import pytest

from custody.access import Role
from custody.entries import Corrected, Delegated, Fact, Imported, TagBound
from custody.entries.approvals import Approved
from custody.entries.destruction import (
    Checked,
    Destroyed,
    DestructionListed,
    DeviationReported,
    DeviationSettled,
    ReceivedByCentre,
    SetApart,
    TakenOff,
    WeighedIn,
)
from custody.life_cycle import TRANSITIONS, Status
from custody.matters.destruction import list_hash
from custody.procedures.destruction_methods import FORBIDDEN_DISPOSALS
from custody.rules import Refused
from custody.store import accounts
from custody.values import DAY, Delegation, Tag
from tests.builders import (
    CLERK,
    CLERK_2,
    LEADER,
    LOW_SHELF,
    MANAGER,
    NOW,
    PEOPLE,
    READING,
    SCHEME,
    SECRECY_OFFICE,
    SHELF_2,
    Archive,
    description,
    epc_of,
    subject,
)
from tests.custody.destruction.batches import (
    CENTRE,
    TRIO,
    Batch,
    a_batch,
    at_the_centre,
    codes,
    opened,
    refused_alone,
    without,
)

Patch = pytest.MonkeyPatch


# g.1: registered and approved by the supervisor.


def test_g_1_refuse__nothing_is_set_apart_before_it_is_approved(archive: Archive, monkeypatch: Patch) -> None:
    batch = a_batch(archive).open()
    facts = [SetApart(carrier, batch.matter, SHELF_2) for carrier in batch.carriers]
    refused_alone(batch, monkeypatch, ("g.1", "not_approved"), facts, "destruction_set_apart")


def test_g_1_refuse__one_of_two_approvals_is_none(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    batch = a_batch(sqlite_archive).open().ask()
    batch.enter(SECRECY_OFFICE, [Approved(batch.matter, "office")], "approval")
    facts = [SetApart(carrier, batch.matter, SHELF_2) for carrier in batch.carriers]
    refused_alone(batch, monkeypatch, ("g.1", "not_approved"), facts, "destruction_set_apart")


def test_g_1_refuse__internal_carriers_are_not_destroyed_without_approval_either(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    batch = a_batch(sqlite_archive, level="internal").open()
    facts = [SetApart(carrier, batch.matter, SHELF_2) for carrier in batch.carriers]
    refused_alone(batch, monkeypatch, ("g.1", "not_approved"), facts, "destruction_set_apart")


def test_g_1_refuse__who_applied_does_not_approve_in_another_role(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    batch = a_batch(sqlite_archive).open().ask()
    promoted = subject("clerk", Role.SECRECY_OFFICE)
    refused_alone(
        batch, monkeypatch, ("g.1", "same_person"), [Approved(batch.matter, "office")], "approval", by=promoted
    )


def test_g_1_refuse__who_approved_once_does_not_approve_again_after_a_change_of_role(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    batch = a_batch(sqlite_archive).open().ask()
    batch.enter(SECRECY_OFFICE, [Approved(batch.matter, "office")], "approval")
    promoted = subject("secrecy", Role.LEADER)
    refused_alone(
        batch, monkeypatch, ("g.1", "same_person"), [Approved(batch.matter, "leader")], "approval", by=promoted
    )


def test_g_1_refuse__who_put_something_on_the_list_does_not_approve_it(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    batch = a_batch(sqlite_archive).open()
    more = sqlite_archive.carrier()
    batch.enter(CLERK_2, [DestructionListed(more, batch.matter, "shred")], "destruction_list")
    batch.ask()
    promoted = subject("clerk2", Role.SECRECY_OFFICE)
    refused_alone(
        batch, monkeypatch, ("g.1", "same_person"), [Approved(batch.matter, "office")], "approval", by=promoted
    )


def test_g_1_refuse__an_approval_not_made_use_of_in_time_is_none(archive: Archive, monkeypatch: Patch) -> None:
    batch = a_batch(archive).approved()
    archive.books.clock.days(31)  # type: ignore[attr-defined]
    facts = [SetApart(carrier, batch.matter, SHELF_2) for carrier in batch.carriers]
    refused_alone(batch, monkeypatch, ("g.1", "approval_lapsed"), facts, "destruction_set_apart")


def test_g_1_refuse__nor_is_it_for_the_last_item_where_the_first_was_in_time(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    batch = a_batch(sqlite_archive).approved()
    first, last = batch.carriers
    batch.enter(CLERK, [SetApart(first, batch.matter, SHELF_2)], "destruction_set_apart")
    sqlite_archive.books.clock.days(31)  # type: ignore[attr-defined]
    facts = [SetApart(last, batch.matter, SHELF_2)]
    refused_alone(batch, monkeypatch, ("g.1", "approval_lapsed"), facts, "destruction_set_apart")


def test_g_1_refuse__a_request_says_why(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    batch = a_batch(sqlite_archive)
    unsaid = replace(opened(batch.matter), appraisal=" ")
    refused_alone(batch, monkeypatch, ("g.1", "text_missing"), [unsaid], "destruction")


def test_g_1_refuse__another_method_than_was_approved(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    batch = a_batch(sqlite_archive).ready()
    facts = batch.destroyed(method="burn")
    rule = ("g.1", "method_not_approved")
    refused_alone(batch, monkeypatch, rule, facts, "destroy", by=CLERK_2, others=("chen", "sun"))


def test_g_1_refuse__on_site_where_the_designated_unit_was_approved(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    batch = at_the_centre(sqlite_archive).ready().hand_over().receive()
    rule = ("g.1", "other_disposal")
    refused_alone(batch, monkeypatch, rule, batch.destroyed(), "destroy", by=CLERK_2, others=("chen", "sun"))


def test_what_is_in_no_batch_is_not_destroyed_and_what_is_on_loan_is_not_listed(sqlite_archive: Archive) -> None:
    batch = a_batch(sqlite_archive).ready()
    stranger, lent = sqlite_archive.carriers(2)
    sqlite_archive.borrow(lent, "chen")
    foreign = Destroyed(stranger, batch.matter, "shred", PEOPLE["clerk2"], (PEOPLE["chen"], PEOPLE["sun"]), 7)
    with pytest.raises(Refused) as refused:
        batch.enter(CLERK_2, [foreign], "destroy", "chen", "sun")
    assert codes(refused) == [("", "state")]
    other = a_batch(sqlite_archive).open()
    with pytest.raises(Refused) as refused:
        other.enter(CLERK, [DestructionListed(lent, other.matter, "shred")], "destruction_list")
    assert codes(refused) == [("", "state")]


def test_what_awaits_destruction_in_one_batch_is_not_destroyed_under_another(sqlite_archive: Archive) -> None:
    one, other = a_batch(sqlite_archive).ready(), a_batch(sqlite_archive).ready()
    wrong = Destroyed(one.carriers[0], other.matter, "shred", PEOPLE["clerk2"], (PEOPLE["chen"], PEOPLE["sun"]), 7)
    with pytest.raises(Refused) as refused:
        other.enter(CLERK_2, [wrong], "destroy", "chen", "sun")
    assert codes(refused) == [("", "line_state")]


# g.2: nobody destroys privately.


@pytest.mark.parametrize("who", ["clerk", "secrecy", "leader"])
def test_g_2_refuse__who_applied_or_approved_does_not_destroy(
    sqlite_archive: Archive, monkeypatch: Patch, who: str
) -> None:
    batch = a_batch(sqlite_archive).ready()
    facts, others = batch.destroyed((who, "chen", "sun")), [p for p in (who, "chen", "sun") if p != "clerk"]
    refused_alone(batch, monkeypatch, ("g.2", "destroyer_took_part"), facts, "destroy", others=others)


@pytest.mark.parametrize("who", ["manager", "leader"])
def test_g_2_refuse__a_deputy_who_approved_counts_as_both(
    sqlite_archive: Archive, monkeypatch: Patch, who: str
) -> None:
    """The leader is away, the manager signs in his stead: neither of the two destroys."""
    batch = approved_by_deputy(sqlite_archive)
    facts, others = batch.destroyed((who, "chen", "sun")), (who, "chen", "sun")
    refused_alone(batch, monkeypatch, ("g.2", "destroyer_took_part"), facts, "destroy", others=others)


def approved_by_deputy(archive: Archive) -> Batch:
    """A batch ready to be destroyed, which the manager approved in the leader's stead."""
    with archive.books.database.writing() as connection:
        accounts.create(connection, LEADER.person, "business", "", NOW)
        accounts.grant(connection, LEADER.person, Role.LEADER)
    batch = a_batch(archive).open().ask()
    given = Delegation(
        archive.books.reserve("delegation", 1)[0],
        LEADER.person,
        MANAGER.person,
        ("approve_leader",),
        NOW,
        NOW + 5 * DAY,
        "出差",
    )
    batch.enter(LEADER, [Delegated(given)], "delegate")
    batch.enter(SECRECY_OFFICE, [Approved(batch.matter, "office")], "approval")
    batch.enter(MANAGER, [Approved(batch.matter, "leader", on_behalf_of=LEADER.person)], "approval")
    return batch.set_apart().seal().check().weigh()


# g.3 and g.4: nothing can be restored; electromagnetic media completely.

MADE_OF = {
    "velvet": {"medium": "velvet", "kind": "other"},
    "magnetic": {"medium": "magnetic，2TB", "kind": "drive"},
    "disc": {"medium": "optical，4.7GB", "kind": "disc"},
}
"""As registers say it."""
UNFIT = [
    ("paper", "secret", "overwrite"),
    ("paper", "confidential", "degauss"),
    ("paper", "confidential", "crush"),
    ("disc", "confidential", "degauss"),
    ("disc", "secret", "overwrite"),
    ("film", "secret", "pulp"),
    ("velvet", "confidential", "degauss"),  # what the table does not name stands under `other`
    ("paper", "secret", "bury"),
]
UNFIT_ELECTROMAGNETIC = [
    ("magnetic", "confidential", "pulp"),
    ("flash", "confidential", "degauss"),
    ("flash", "confidential", "overwrite"),
]


def test_g_3_refuse__a_method_that_does_not_fit_the_medium_is_not_listed(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    for medium, level, method in UNFIT:
        not_listed(sqlite_archive, monkeypatch, "g.3", medium, level, method)


def test_g_4_refuse__a_method_that_leaves_electromagnetic_media_readable(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    for medium, level, method in UNFIT_ELECTROMAGNETIC:
        not_listed(sqlite_archive, monkeypatch, "g.4", medium, level, method)


def not_listed(archive: Archive, monkeypatch: Patch, clause: str, medium: str, level: str, method: str) -> None:
    """The method is refused for this medium at this level, under this clause alone."""
    batch = a_batch(archive, 1, level=level, carrier=MADE_OF.get(medium, {"medium": medium}))
    facts: list[Fact] = [opened(batch.matter, level), DestructionListed(batch.carriers[0], batch.matter, method)]
    refused_alone(batch, monkeypatch, (clause, "method_unfit"), facts, "destruction")


def test_g_4_refuse__top_secret_magnetic_media_are_never_only_overwritten(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    not_listed(sqlite_archive, monkeypatch, "g.4", "magnetic", "top_secret", "overwrite")
    # Below the top level it is a way of destroying magnetic media.
    batch = a_batch(sqlite_archive, 1, method="overwrite", carrier={"medium": "magnetic"}).open()
    assert batch.now.counts == {"listed": 1}


def test_g_4_refuse__what_was_listed_before_the_organisation_forbade_more(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    """Configuration forbids more than the table; what is listed already is judged again when it is destroyed."""
    batch = a_batch(sqlite_archive, 1, method="degauss", fineness=0, carrier={"medium": "magnetic"}).ready()
    sqlite_archive.books.scheme = replace(SCHEME, destruction_forbidden=frozenset({"magnetic:degauss"}))
    rule = ("g.4", "method_unfit")
    refused_alone(batch, monkeypatch, rule, batch.destroyed(), "destroy", by=CLERK_2, others=("chen", "sun"))


COARSE = [
    ("paper", "secret", "shred", 5, 6),
    ("paper", "top_secret", "shred", 6, 7),
    ("disc", "secret", "crush", 5, 6),
    ("film", "confidential", "shred", 4, 5),
]


@pytest.mark.parametrize("case", COARSE)
def test_g_3_refuse__particles_too_large_for_the_level(
    sqlite_archive: Archive, monkeypatch: Patch, case: tuple[str, str, str, int, int]
) -> None:
    too_coarse(sqlite_archive, monkeypatch, "g.3", *case)


@pytest.mark.parametrize("case", [("flash", "secret", "crush", 5, 6), ("magnetic", "secret", "shred", 4, 5)])
def test_g_4_refuse__particles_of_electromagnetic_media_too_large_for_the_level(
    sqlite_archive: Archive, monkeypatch: Patch, case: tuple[str, str, str, int, int]
) -> None:
    too_coarse(sqlite_archive, monkeypatch, "g.4", *case)


def too_coarse(
    archive: Archive, monkeypatch: Patch, clause: str, medium: str, level: str, method: str, size: int, needed: int
) -> None:
    """Particles of this size are refused under this clause alone; those needed would do."""
    trio = ("clerk2", "zhao", "secretary")  # cleared for top secret
    batch = a_batch(archive, 1, method=method, level=level, carrier=MADE_OF.get(medium, {"medium": medium})).ready()
    fine_enough = archive.books.refusals(CLERK_2, batch.destroyed(trio, fineness=needed))
    assert {one.code for one in fine_enough[0]} == {"signature_missing"}
    facts = batch.destroyed(trio, fineness=size)
    refused_alone(batch, monkeypatch, (clause, "too_coarse"), facts, "destroy", by=CLERK_2, others=trio[1:])


# g.5: supervisors present; all sign.

TOO_FEW = [
    ("clerk2", "chen"),  # one supervisor
    ("clerk2",),
    ("clerk2", "chen", "chen"),  # the same person twice, under whatever account
    ("clerk2", "clerk2", "chen"),  # the destroyer supervises himself
    ("clerk2", "chen", "sun", "clerk2"),
]


def test_g_5_refuse__fewer_than_three_distinct_persons(archive: Archive, monkeypatch: Patch) -> None:
    batch = a_batch(archive).ready()
    for who in TOO_FEW:
        with pytest.raises(Refused) as refused:
            batch.enter(CLERK_2, batch.destroyed(who), "destroy", *who[1:])
        assert codes(refused) == [("g.5", "too_few")]
    refused_alone(batch, monkeypatch, ("g.5", "too_few"), batch.destroyed(who), "destroy", by=CLERK_2, others=who[1:])


@pytest.mark.parametrize("who", ["clerk", "secrecy", "leader"])
def test_g_5_refuse__a_supervisor_who_applied_or_approved(
    sqlite_archive: Archive, monkeypatch: Patch, who: str
) -> None:
    batch = a_batch(sqlite_archive).ready()
    facts = batch.destroyed(("clerk2", "chen", who))
    rule = ("g.5", "supervisor_took_part")
    refused_alone(batch, monkeypatch, rule, facts, "destroy", by=CLERK_2, others=("chen", who))


@pytest.mark.parametrize("who", ["manager", "leader"])
def test_g_5_refuse__a_supervisor_who_approved_as_a_deputy_or_by_one(
    sqlite_archive: Archive, monkeypatch: Patch, who: str
) -> None:
    batch = approved_by_deputy(sqlite_archive)
    facts = batch.destroyed(("clerk2", "chen", who))
    rule = ("g.5", "supervisor_took_part")
    refused_alone(batch, monkeypatch, rule, facts, "destroy", by=CLERK_2, others=("chen", who))


@pytest.mark.parametrize("lacking", TRIO)
def test_g_5_refuse__a_destroyer_or_supervisor_who_did_not_sign(
    sqlite_archive: Archive, monkeypatch: Patch, lacking: str
) -> None:
    batch = a_batch(sqlite_archive).ready()
    others = [one for one in TRIO if one != lacking]
    rule = ("g.5", "signature_missing")
    refused_alone(batch, monkeypatch, rule, batch.destroyed(), "destroy", by=CLERK, others=others)


def test_g_5_refuse__a_signature_under_another_text(sqlite_archive: Archive) -> None:
    """What was signed for one item does not destroy two."""
    batch = a_batch(sqlite_archive).ready()
    facts = batch.destroyed()
    with pytest.raises(Refused) as refused:
        sqlite_archive.books.enter(
            CLERK_2,
            facts,
            act="destroy",
            signatures=signed_for(batch, facts[:1]),
        )
    assert ("g.5", "signature_missing") in codes(refused)
    assert sqlite_archive.books.enter(CLERK_2, facts, act="destroy", signatures=signed_for(batch, facts))


def signed_for(batch: Batch, facts: list[Fact]) -> Any:
    """The three signatures under these facts."""
    from tests.builders import signatures

    return signatures(facts, batch.archive.books.clock(), *TRIO)


def test_g_5_refuse__a_supervisor_who_has_left_or_is_not_cleared(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    batch = a_batch(sqlite_archive).ready()
    for who, code in (("lin", "witness_left"), ("ma", "witness_not_cleared")):
        facts = batch.destroyed(("clerk2", "chen", who))
        with pytest.raises(Refused) as refused:
            batch.enter(CLERK_2, facts, "destroy", "chen", who)
        assert ("g.5", code) in codes(refused)
    facts = batch.destroyed(("clerk2", "chen", "ma"))
    rule = ("g.5", "witness_not_cleared")
    refused_alone(batch, monkeypatch, rule, facts, "destroy", by=CLERK_2, others=("chen", "ma"))


def test_g_5_refuse__a_list_not_checked_to_the_last_item(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    batch = a_batch(sqlite_archive).approved().set_apart().seal()
    first, second = batch.carriers
    batch.enter(CLERK_2, [Checked(first, batch.matter, "D-01", "880001")], "destruction_check")
    of_first, _of_second, closing = batch.destroyed()
    facts = [of_first, TakenOff(second, batch.matter, "另批办理"), replace(closing, items=1)]
    without(monkeypatch, ("g.5", "not_weighed_in"))
    rule = ("g.5", "unchecked")
    refused_alone(batch, monkeypatch, rule, facts, "destroy", by=CLERK_2, others=("chen", "sun"))


@pytest.mark.parametrize(("bag", "seal"), [("D-02", "880001"), ("D-01", "880007"), ("D-09", "880009")])
def test_g_5_refuse__an_item_out_of_another_bag_or_seal(
    sqlite_archive: Archive, monkeypatch: Patch, bag: str, seal: str
) -> None:
    batch = a_batch(sqlite_archive).approved().set_apart().seal()
    facts = [Checked(batch.carriers[0], batch.matter, bag, seal)]
    refused_alone(batch, monkeypatch, ("g.5", "bag_differs"), facts, "destruction_check", by=CLERK_2)


def test_g_5_refuse__a_batch_destroyed_piece_by_piece_without_its_certificate(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    """Given a batch of two, when one is destroyed today and nothing is certified, then nothing is destroyed."""
    batch = a_batch(sqlite_archive).ready()
    facts = batch.destroyed()[:1]
    rule = ("g.5", "certificate_apart")
    refused_alone(batch, monkeypatch, rule, facts, "destroy", by=CLERK_2, others=("chen", "sun"))


def test_g_5_refuse__a_certificate_over_less_than_was_sealed(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    """Given two sealed, when one is destroyed and certified, then what is left is named with a reason, or refused."""
    batch = a_batch(sqlite_archive).ready()
    of_first, _of_second, closing = batch.destroyed()
    facts = [of_first, replace(closing, items=1)]
    rule = ("g.5", "lines_open")
    refused_alone(batch, monkeypatch, rule, facts, "destroy", by=CLERK_2, others=("chen", "sun"))


def test_what_is_left_of_a_batch_is_taken_off_with_a_reason_and_the_rest_is_read_once_more(archive: Archive) -> None:
    batch = a_batch(archive).ready()
    there, left = batch.carriers
    off = TakenOff(left, batch.matter, "装订线内夹有在用附件")
    of_first, _of_second, closing = batch.destroyed()
    with pytest.raises(Refused) as refused:
        batch.enter(CLERK_2, [of_first, off, replace(closing, items=1)], "destroy", "chen", "sun")
    assert codes(refused) == [("g.5", "not_weighed_in")]
    batch.enter(CLERK_2, [off], "destruction_take_off")
    batch.carriers = [there]
    batch.weigh().destroy()
    assert batch.now.counts == {"destroyed": 1, "taken_off": 1}
    assert archive.state(left).status is Status.IN_PLACE
    assert archive.books.rebuild_check() == []


# g.5, record: the last read at the shredder equals the list before anyone signs.

FINAL = ("g.5", "not_weighed_in")


def test_g_5_record__nobody_signs_before_the_last_read_equals_the_list(archive: Archive, monkeypatch: Patch) -> None:
    """Given a batch sealed and checked, when it is destroyed without having been read once more, it is refused."""
    batch = a_batch(archive).bagged()
    refused_alone(batch, monkeypatch, FINAL, batch.destroyed(), "destroy", by=CLERK_2, others=("chen", "sun"))


def test_g_5_record__nor_at_the_centre(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    batch = at_the_centre(sqlite_archive).bagged().hand_over().receive()
    refused_alone(
        batch, monkeypatch, FINAL, batch.certified(), "destruction_certificate", by=CLERK_2, others=("chen", "sun")
    )


@pytest.mark.parametrize("stirred", ["bagged anew", "stopped"])
def test_g_5_record__what_is_touched_after_the_last_read_is_read_again(
    sqlite_archive: Archive, monkeypatch: Patch, stirred: str
) -> None:
    batch = a_batch(sqlite_archive).ready()
    if stirred == "stopped":
        batch.enter(CLERK, [DeviationReported(batch.matter, "seal", "D-01", "封签松动")], "destruction_deviation")
        batch.enter(SECRECY_OFFICE, [DeviationSettled(batch.matter, "已核实")], "destruction_settle")
    else:
        batch.seal("D-02", "880002").check("D-02", "880002")
    refused_alone(batch, monkeypatch, FINAL, batch.destroyed(), "destroy", by=CLERK_2, others=("chen", "sun"))


@pytest.mark.parametrize("wrong", ["short", "over", "twice", "nothing", "another list"])
def test_g_5_record__a_last_read_that_differs_from_the_list_is_none(
    sqlite_archive: Archive, monkeypatch: Patch, wrong: str
) -> None:
    batch = a_batch(sqlite_archive).bagged()
    one, two = batch.carriers
    stranger = sqlite_archive.carrier()
    read = {
        "short": (one,),
        "over": (one, two, stranger),
        "twice": (one, two, two),
        "nothing": (),
        "another list": (one, two),
    }[wrong]
    listed = "0" * 64 if wrong == "another list" else list_hash(read)
    fact = batch.weighed(carriers=read, items=len(read), list_hash=listed)
    rule = ("g.5", "weighing_differs")
    refused_alone(batch, monkeypatch, rule, [fact], "destruction_weigh", by=CLERK_2)


def seen_by_eye(batch: Batch, **changes: object) -> WeighedIn:
    """The last of the batch did not answer, and both supervisors saw it."""
    supervisors = (PEOPLE["chen"], PEOPLE["sun"])
    said = {"by_eye": (batch.carriers[-1],), "reason": "标签已损坏，目视核对", "supervisors": supervisors}
    return batch.weighed(**(said | changes))


@pytest.mark.parametrize(
    ("changes", "others", "code"),
    [
        ({"reason": " "}, ("chen", "sun"), "text_missing"),
        ({"supervisors": (PEOPLE["chen"], PEOPLE["chen"])}, ("chen",), "too_few"),
        ({"supervisors": (PEOPLE["chen"], PEOPLE["leader"])}, ("chen", "leader"), "too_few"),
        ({}, ("chen",), "signature_missing"),
    ],
    ids=["no reason", "one twice", "one who approved", "one did not sign"],
)
def test_g_5_record__what_cannot_be_read_is_seen_by_both_supervisors_for_a_reason(
    sqlite_archive: Archive, monkeypatch: Patch, changes: dict[str, Any], others: tuple[str, ...], code: str
) -> None:
    batch = a_batch(sqlite_archive).bagged()
    facts = [seen_by_eye(batch, **changes)]
    refused_alone(batch, monkeypatch, ("g.5", code), facts, "destruction_weigh", by=CLERK_2, others=others)


def test_g_5_record__who_saw_it_by_eye_watches_its_destruction(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    batch = a_batch(sqlite_archive).bagged()
    batch.enter(CLERK_2, [seen_by_eye(batch)], "destruction_weigh", "chen", "sun")
    facts = batch.destroyed(("clerk2", "chen", "zhao"))
    rule = ("g.5", "other_supervisors")
    refused_alone(batch, monkeypatch, rule, facts, "destroy", by=CLERK_2, others=("chen", "zhao"))


@pytest.mark.parametrize(("first", "last"), [(1, -1), (-2, -1), (0, 3_600)], ids=["turned", "no beginning", "ahead"])
def test_the_times_of_a_last_read_are_possible(sqlite_archive: Archive, first: int, last: int) -> None:
    batch = a_batch(sqlite_archive, 1).bagged()
    now = sqlite_archive.books.clock()
    at = {1: now + 1, -2: 0, 0: now}[first]
    fact = batch.weighed(first_at=at, last_at=now + last * 1_000_000)
    with pytest.raises(Refused) as refused:
        batch.enter(CLERK_2, [fact], "destruction_weigh")
    assert codes(refused) == [("", "times_wrong")]


def test_what_was_weighed_in_stands_in_the_batch_until_something_is_touched(sqlite_archive: Archive) -> None:
    batch = a_batch(sqlite_archive).ready()
    read = batch.now.body.weighing
    assert (read.items, read.list_hash, read.by) == (2, list_hash(batch.carriers), CLERK_2.person)
    batch.seal("D-02", "880002")
    assert batch.now.body.weighing is None
    assert sqlite_archive.books.rebuild_check() == []


def test_internal_carriers_are_destroyed_without_a_last_read(sqlite_archive: Archive) -> None:
    batch = a_batch(sqlite_archive, level="internal").bagged()
    batch.destroy()
    assert batch.now.status == "destroyed"


# g.6: never sold as scrap.


def test_g_6_refuse__sold_as_scrap_or_any_way_but_destruction(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    for disposal in (*FORBIDDEN_DISPOSALS, "", "buried"):
        batch = a_batch(sqlite_archive, 1)
        facts = [opened(batch.matter, disposal=disposal)]
        refused_alone(batch, monkeypatch, ("g.6", "disposal_forbidden"), facts, "destruction")


# g.7: large items go to the designated unit; list, escorts, hand-over, receipt and certificate.


def test_g_7_refuse__a_large_batch_on_site(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    numbers = {**SCHEME.numbers, "destruction_bulk_items": 3}
    sqlite_archive.books.scheme = replace(SCHEME, numbers=numbers)
    batch = a_batch(sqlite_archive, 3).open()
    more = [DestructionListed(sqlite_archive.carrier(), batch.matter, "shred")]
    refused_alone(batch, monkeypatch, ("g.7", "bulk_on_site"), more, "destruction_list")
    at_the_centre(sqlite_archive, 4).open()  # which is where it goes


@pytest.mark.parametrize("large", [{"kind": "computer", "medium": "magnetic"}, {"kind": "model", "medium": "other"}])
def test_g_7_refuse__a_large_item_on_site(sqlite_archive: Archive, monkeypatch: Patch, large: dict[str, str]) -> None:
    batch = a_batch(sqlite_archive, 1, carrier=large)
    facts: list[Fact] = [opened(batch.matter), DestructionListed(batch.carriers[0], batch.matter, "crush")]
    refused_alone(batch, monkeypatch, ("g.7", "large_on_site"), facts, "destruction")


def test_g_7_refuse__a_unit_that_is_not_designated(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    batch = a_batch(sqlite_archive)
    facts = [opened(batch.matter, disposal="centre", centre="某废品回收站")]
    refused_alone(batch, monkeypatch, ("g.7", "centre_not_designated"), facts, "destruction")


def test_g_7_refuse__handed_to_another_unit_than_was_approved(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    two = (CENTRE, "市销毁中心")
    sqlite_archive.books.scheme = replace(SCHEME, destruction_centres=two)
    batch = at_the_centre(sqlite_archive).ready()
    facts = batch.handed(centre=two[1])
    rule = ("g.7", "centre_not_designated")
    refused_alone(batch, monkeypatch, rule, facts, "destruction_hand_over", others=("chen", "sun"))


def test_g_7_refuse__destroyed_before_the_centre_gave_its_receipt(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    batch = at_the_centre(sqlite_archive).ready()
    facts = batch.certified()
    rule = ("g.7", "not_received")
    refused_alone(batch, monkeypatch, rule, facts, "destroy", by=CLERK_2, others=("chen", "sun"))


HAND_OVER = [
    ("escorts_too_few", {"escorts": ("chen",)}),
    ("escorts_too_few", {"escorts": ("chen", "chen")}),
    ("text_missing", {"vehicle": " "}),
    ("text_missing", {"driver": ""}),
    ("witness_not_cleared", {"escorts": ("chen", "ma")}),
]


@pytest.mark.parametrize(("code", "changes"), HAND_OVER)
def test_g_7_record__the_hand_over_names_escorts_vehicle_and_driver(
    sqlite_archive: Archive, monkeypatch: Patch, code: str, changes: dict[str, Any]
) -> None:
    batch = at_the_centre(sqlite_archive).ready()
    facts = batch.handed(**changes)
    rule = ("g.7", code)
    refused_alone(batch, monkeypatch, rule, facts, "destruction_hand_over", others=("chen", "sun", "ma"))


def test_g_7_record__both_escorts_sign_for_the_list_and_what_is_on_it(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    batch = at_the_centre(sqlite_archive).ready()
    rule = ("g.7", "signature_missing")
    refused_alone(batch, monkeypatch, rule, batch.handed(), "destruction_hand_over", others=("chen",))


def test_g_7_record__what_left_is_checked_before_and_counted_after(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    batch = at_the_centre(sqlite_archive).approved().set_apart().seal()
    with pytest.raises(Refused) as refused:
        batch.enter(CLERK, batch.handed(), "destruction_hand_over", "chen", "sun")
    assert ("g.7", "unchecked") in codes(refused)
    batch.check().hand_over()
    short = [ReceivedByCentre(batch.matter, "XH-2026-118", 1)]
    refused_alone(batch, monkeypatch, ("g.7", "receipt_differs"), short, "destruction_receipt")


def test_g_7_record__nothing_of_the_list_stayed_behind(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    batch = at_the_centre(sqlite_archive).ready()
    batch.enter(CLERK, batch.handed()[:-1], "destruction_hand_over", "chen", "sun")
    receipt = [ReceivedByCentre(batch.matter, "XH-2026-118", 1)]
    refused_alone(batch, monkeypatch, ("g.7", "not_all_gone"), receipt, "destruction_receipt")


def test_g_7_record__a_receipt_and_a_certificate_have_numbers(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    batch = at_the_centre(sqlite_archive).ready().hand_over()
    with pytest.raises(Refused) as refused:
        batch.enter(CLERK, [ReceivedByCentre(batch.matter, " ", 2)], "destruction_receipt")
    assert codes(refused) == [("g.7", "text_missing")]
    batch.receive()
    closing: Any = batch.certified()[-1]
    facts = [*batch.certified()[:-1], replace(closing, certificate="")]
    rule = ("g.7", "text_missing")
    refused_alone(batch, monkeypatch, rule, facts, "destruction_certificate", by=CLERK_2, others=("chen", "sun"))


# g.8: what is destroyed stays destroyed.


def test_nothing_leads_out_of_destroyed() -> None:
    to = {row[Status.DESTROYED] for row in TRANSITIONS.values() if Status.DESTROYED in row}
    assert to <= {Status.DESTROYED}
    assert Status.DESTROYED not in TRANSITIONS[Corrected]


def test_neither_number_nor_tag_of_what_is_destroyed_comes_back(archive: Archive) -> None:
    batch = a_batch(archive).ready()
    batch.destroy()
    for carrier in batch.carriers:
        state = archive.state(carrier)
        assert (state.status, state.tags, state.retired_epcs) == (Status.DESTROYED, (), (epc_of(carrier),))
        assert (state.home, state.place, state.holder) == (None, None, None)
    (again,) = archive.books.reserve("carrier", 1)
    one = batch.carriers[0]
    same = Imported(again, replace(description(), control_number=archive.state(one).description.control_number))
    with pytest.raises(Refused) as refused:
        archive.enter(CLERK, [same], "take_in")
    assert codes(refused) == [("", "number_taken")]
    other = archive.carrier(tagged=False)
    with pytest.raises(Refused) as refused:
        archive.enter(CLERK, [TagBound(other, Tag(epc_of(one)))], "tag")
    assert codes(refused) == [("", "epc_known")]
    assert archive.books.rebuild_check() == []


# Internal carriers are no state secrets: of this letter only g.1 holds.


def test_internal_carriers_need_approval_and_one_signature_only(sqlite_archive: Archive) -> None:
    batch = a_batch(sqlite_archive, level="internal", method="crush").ready()
    facts = batch.destroyed(("clerk2",))
    batch.enter(CLERK_2, facts, "destroy")
    assert batch.now.status == "destroyed"
    other = a_batch(sqlite_archive, level="internal")
    with pytest.raises(Refused) as refused:
        other.enter(CLERK, [opened(other.matter, "internal", "scrap")], "destruction")
    assert codes(refused) == [("", "disposal_forbidden")]


def test_f_2_refuse__what_awaits_destruction_stands_where_its_level_may_be_kept(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    batch = a_batch(sqlite_archive).approved()
    for place, code in ((LOW_SHELF, "rated_too_low"), (READING, "no_storage")):
        facts = [SetApart(batch.carriers[0], batch.matter, place)]
        with pytest.raises(Refused) as refused:
            batch.enter(CLERK, facts, "destruction_set_apart")
        assert codes(refused) == [("f.2", code)]
    facts = [SetApart(batch.carriers[0], batch.matter, LOW_SHELF)]
    refused_alone(batch, monkeypatch, ("f.2", "rated_too_low"), facts, "destruction_set_apart")
