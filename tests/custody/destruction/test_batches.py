"""A batch from the request to the certificate, on both engines, and everything that may come between."""

from dataclasses import replace

import pytest

from custody.approval import asked
from custody.entries import Imported
from custody.entries.approvals import Declined, Withdrawn
from custody.entries.destruction import (
    CalledOff,
    Checked,
    Destroyed,
    DestructionListed,
    DeviationReported,
    DeviationSettled,
    ReceivedByCentre,
    Sealed,
    SetApart,
    TakenOff,
)
from custody.life_cycle import Status
from custody.matters.destruction import Destruction, Witnesses, bag_of, method_of
from custody.rules import NotFound, Refused
from custody.store import queries
from tests.builders import CLERK, CLERK_2, PEOPLE, SCHEME, SECRECY_OFFICE, SHELF, SHELF_2, Archive, description, subject
from tests.custody.destruction.batches import a_batch, at_the_centre, codes

CHEN, SUN, SHEN = PEOPLE["chen"], PEOPLE["sun"], PEOPLE["clerk2"]


def test_a_batch_is_destroyed_on_site(archive: Archive) -> None:
    batch = a_batch(archive, 3).open()
    assert (batch.now.status, batch.now.counts) == ("draft", {"listed": 3})
    batch.ask().approve()
    assert batch.now.status == "approved"
    batch.set_apart()
    assert [archive.state(c).status for c in batch.carriers] == [Status.AWAITING_DESTRUCTION] * 3
    assert {archive.state(c).place for c in batch.carriers} == {SHELF_2}
    batch.seal().check().weigh()
    assert batch.now.counts == {"checked": 3}
    receipt = batch.destroy()
    over = batch.now
    body: Destruction = over.body
    assert (over.status, over.ended, over.counts) == ("destroyed", True, {"destroyed": 3})
    assert body.witnesses == Witnesses(SHEN, (CHEN, SUN))
    assert body.certificate == receipt.act
    assert receipt.act.startswith("XM-2026-")
    with archive.books.database.reading() as connection:
        found = queries.carriers(connection, CLERK, queries.CarrierFilter(status=Status.DESTROYED))
        assert {item.id for item in found.items} == set(batch.carriers)
    assert archive.books.rebuild_check() == []


def test_a_batch_is_destroyed_at_the_centre_while_our_people_watch(archive: Archive) -> None:
    batch = at_the_centre(archive, 3).ready().hand_over()
    assert (batch.now.status, batch.now.counts) == ("handed_over", {"handed_over": 3})
    assert {archive.state(c).place for c in batch.carriers} == {None}
    batch.receive()
    batch.enter(CLERK_2, batch.certified(), "destruction_certificate", "chen", "sun")
    body: Destruction = batch.now.body
    assert batch.now.status == "destroyed"
    assert body.certificate == "ZM-2026-0907"
    assert body.hand_over is not None
    assert (body.hand_over.receipt, body.hand_over.escorts) == ("XH-2026-118", (CHEN, SUN))
    assert [archive.state(c).status for c in batch.carriers] == [Status.DESTROYED] * 3
    assert archive.books.rebuild_check() == []


def test_who_signed_for_a_destroyed_carrier_is_found_from_its_last_entry(sqlite_archive: Archive) -> None:
    batch = a_batch(sqlite_archive).ready()
    batch.destroy()
    with sqlite_archive.books.database.reading() as connection:
        entries = queries.entries_of_matter(connection, batch.matter)
    last = next(e for e in entries if isinstance(e.fact, Destroyed) and e.fact.carrier == batch.carriers[0])
    assert {one.person for one in last.signatures} == {SHEN, CHEN, SUN}
    approval = batch.now.approval
    assert approval is not None
    assert approval.persons == {CLERK.person, PEOPLE["secrecy"], PEOPLE["leader"]}


def test_everybody_with_a_part_sees_the_batch(sqlite_archive: Archive) -> None:
    batch = at_the_centre(sqlite_archive, carrier={"scope": ("unit:2",)}).ready()
    escort = subject("chen")
    assert batch.matter not in sqlite_archive.present(escort).matters
    batch.hand_over()
    assert batch.matter in sqlite_archive.present(escort).matters


def test_a_line_says_method_and_bag(sqlite_archive: Archive) -> None:
    batch = a_batch(sqlite_archive).approved()
    line = sqlite_archive.line(batch.matter, batch.carriers[0])
    assert (method_of(line), bag_of(line)) == ("shred", "")
    batch.set_apart().seal("D-07", "4711")
    line = sqlite_archive.line(batch.matter, batch.carriers[0])
    assert (method_of(line), bag_of(line)) == ("shred", "D-07")


# Taken off again.


def test_what_is_taken_off_is_back_in_its_home_and_in_no_batch(archive: Archive) -> None:
    batch = a_batch(archive, 2).approved().set_apart()
    kept, other = batch.carriers
    batch.enter(CLERK, [TakenOff(kept, batch.matter, "仍需查阅")], "destruction_take_off")
    state = archive.state(kept)
    assert (state.status, state.place, state.home, state.matter) == (Status.IN_PLACE, SHELF, SHELF, None)
    archive.borrow(kept, "chen")
    batch.carriers = [other]
    batch.seal().check().weigh().destroy()
    assert batch.now.counts == {"destroyed": 1, "taken_off": 1}
    assert archive.books.rebuild_check() == []


def test_while_it_is_listed_it_is_not_lent_and_in_no_other_batch(sqlite_archive: Archive) -> None:
    batch, other = a_batch(sqlite_archive).open(), a_batch(sqlite_archive).open()
    with pytest.raises(Refused) as refused:
        sqlite_archive.borrow(batch.carriers[0], "chen")
    assert codes(refused) == [("", "in_matter")]
    with pytest.raises(Refused) as refused:
        other.enter(CLERK, [DestructionListed(batch.carriers[0], other.matter, "shred")], "destruction_list")
    assert codes(refused) == [("", "in_matter")]


def test_a_list_of_which_nothing_is_left_is_not_asked_for_and_may_be_filled_again(sqlite_archive: Archive) -> None:
    batch = a_batch(sqlite_archive, 1).open()
    (only,) = batch.carriers
    batch.enter(CLERK, [TakenOff(only, batch.matter, "点错")], "destruction_take_off")
    request = asked(batch.matter, "destruction", SCHEME, sqlite_archive.books.clock() + 1_000_000)
    with pytest.raises(Refused) as refused:
        batch.enter(CLERK, [request], "approval")
    assert codes(refused) == [("", "nothing_listed")]
    batch.enter(CLERK, [DestructionListed(only, batch.matter, "burn")], "destruction_list")
    assert method_of(sqlite_archive.line(batch.matter, only)) == "burn"
    batch.ask()


def test_a_batch_declined_or_withdrawn_lets_its_carriers_go(sqlite_archive: Archive) -> None:
    declined, withdrawn = a_batch(sqlite_archive).open().ask(), a_batch(sqlite_archive).approved()
    declined.enter(SECRECY_OFFICE, [Declined(declined.matter, "office", "仍有保存价值")], "approval")
    withdrawn.enter(CLERK, [Withdrawn(withdrawn.matter, "改为移交档案馆")], "approval")
    for batch in (declined, withdrawn):
        assert batch.now.ended
        sqlite_archive.borrow(batch.carriers[0], "chen")
    assert sqlite_archive.books.rebuild_check() == []


def test_what_is_set_apart_is_not_left_behind_by_a_withdrawal(sqlite_archive: Archive) -> None:
    batch = a_batch(sqlite_archive).approved().set_apart()
    with pytest.raises(Refused) as refused:
        batch.enter(CLERK, [Withdrawn(batch.matter, "不办了")], "approval")
    assert codes(refused) == [("", "matter_state")]
    with pytest.raises(Refused) as refused:
        batch.enter(CLERK, [CalledOff(batch.matter, "不办了")], "destruction_call_off")
    assert codes(refused) == [("", "lines_open")]
    facts = [TakenOff(carrier, batch.matter, "不办了") for carrier in batch.carriers]
    batch.enter(CLERK, [*facts, CalledOff(batch.matter, "不办了")], "destruction_call_off")
    assert (batch.now.status, batch.now.ended) == ("called_off", True)
    assert sqlite_archive.books.rebuild_check() == []


def test_after_approval_the_list_is_not_added_to(sqlite_archive: Archive) -> None:
    batch = a_batch(sqlite_archive).approved()
    more = DestructionListed(sqlite_archive.carrier(), batch.matter, "shred")
    with pytest.raises(Refused) as refused:
        batch.enter(CLERK, [more], "destruction_list")
    assert codes(refused) == [("", "matter_state")]


# Deviations.


def test_a_deviation_stops_the_destruction_until_the_secrecy_office_has_settled_it(archive: Archive) -> None:
    batch = a_batch(archive, 2).ready()
    found = DeviationReported(batch.matter, "seal", "D-01", "封签号与登记不符，袋口有拆痕")
    batch.enter(CLERK_2, [found], "destruction_deviation")
    assert batch.now.status == "stopped"
    with pytest.raises(Refused) as refused:
        batch.destroy()
    assert codes(refused) == [("", "matter_state")]
    settled = DeviationSettled(batch.matter, "已调取录像，系搬运磕碰，重新装袋")
    with pytest.raises(Refused) as refused:
        batch.enter(CLERK, [settled], "destruction_settle")
    assert codes(refused) == [("", "not_permitted")]
    batch.enter(SECRECY_OFFICE, [settled], "destruction_settle")
    # Put in another bag, they are checked again.
    batch.seal("D-02", "880002")
    with pytest.raises(Refused) as refused:
        batch.destroy()
    assert ("", "line_state") in codes(refused)
    batch.check("D-02", "880002").weigh().destroy()
    body: Destruction = batch.now.body
    assert [(one.what, one.settled_by) for one in body.deviations] == [("seal", SECRECY_OFFICE.person)]
    assert archive.books.rebuild_check() == []


def test_what_is_missing_is_declared_lost_and_taken_off_before_the_rest_is_destroyed(archive: Archive) -> None:
    batch = a_batch(archive, 3).approved().set_apart().seal()
    *there, gone = batch.carriers
    batch.enter(CLERK_2, [Checked(one, batch.matter, "D-01", "880001") for one in there], "destruction_check")
    found = DeviationReported(batch.matter, "missing", "D-01", "袋内少一件")
    batch.enter(CLERK_2, [found], "destruction_deviation")
    batch.enter(SECRECY_OFFICE, [DeviationSettled(batch.matter, "已立案查处")], "destruction_settle")
    loss = batch.archive.lose(gone, by=SECRECY_OFFICE)
    batch.carriers = there
    with pytest.raises(Refused) as refused:
        batch.destroy()
    assert ("g.5", "unchecked") in codes(refused)
    batch.enter(CLERK, [TakenOff(gone, batch.matter, "下落不明，另案查处")], "destruction_take_off")
    state = archive.state(gone)
    assert (state.status, state.matter) == (Status.DECLARED_LOST, None)
    batch.weigh().destroy()
    archive.find(loss, gone)
    assert archive.state(gone).status is Status.IN_PLACE
    assert archive.books.rebuild_check() == []


def test_found_again_while_on_the_list_it_is_not_destroyed_unchecked(sqlite_archive: Archive) -> None:
    batch = a_batch(sqlite_archive, 1).ready()
    (one,) = batch.carriers
    sqlite_archive.find(sqlite_archive.lose(one), one)
    with pytest.raises(Refused) as refused:
        batch.destroy()
    assert codes(refused) == [("", "state")]
    batch.enter(CLERK, [TakenOff(one, batch.matter, "另批办理")], "destruction_take_off")
    assert sqlite_archive.books.rebuild_check() == []


def test_short_at_the_centre_is_looked_into_before_the_receipt(archive: Archive) -> None:
    batch = at_the_centre(archive, 3).ready().hand_over()
    *there, short = batch.carriers
    off = TakenOff(short, batch.matter, "中心清点少一件")
    with pytest.raises(Refused) as refused:
        batch.enter(CLERK, [off], "destruction_take_off")
    assert codes(refused) == [("", "matter_state")]
    found = DeviationReported(batch.matter, "missing", "D-01", "中心清点两件")
    batch.enter(CLERK, [found], "destruction_deviation")
    batch.enter(CLERK, [off], "destruction_take_off")
    batch.enter(SECRECY_OFFICE, [DeviationSettled(batch.matter, "该件遗留在库，已取回")], "destruction_settle")
    batch.enter(CLERK, [ReceivedByCentre(batch.matter, "XH-2026-118", 2)], "destruction_receipt")
    batch.carriers = there
    # What was read before it left is not what is there: it is read once more, at the centre.
    batch.weigh()
    batch.enter(CLERK_2, batch.certified(), "destruction_certificate", "chen", "sun")
    assert batch.now.counts == {"destroyed": 2, "taken_off": 1}
    assert archive.state(short).status is Status.IN_PLACE
    assert archive.books.rebuild_check() == []


# The rest of the refusals.


def test_bags_and_seals_are_used_once(sqlite_archive: Archive) -> None:
    batch = a_batch(sqlite_archive, 3).approved().set_apart()
    first, second, third = batch.carriers
    batch.enter(
        CLERK, [Sealed(first, batch.matter, "D-01", "1"), Sealed(second, batch.matter, "D-02", "2")], "destruction_seal"
    )
    for bag, seal, code in (
        ("D-01", "1", "bag_closed"),
        ("D-03", "2", "seal_used"),
        ("D/3", "3", "bag_unclear"),
        ("", "3", "text_missing"),
        ("D-03", " ", "text_missing"),
    ):
        with pytest.raises(Refused) as refused:
            batch.enter(CLERK, [Sealed(third, batch.matter, bag, seal)], "destruction_seal")
        assert codes(refused) == [("", code)]


def test_what_is_to_be_archived_or_has_no_home_is_not_listed(sqlite_archive: Archive) -> None:
    batch = a_batch(sqlite_archive, 1).open()
    homeless = sqlite_archive.carrier(place=None)
    (kept,) = sqlite_archive.books.reserve("carrier", 1)
    due = description("YS-2019-00008", archive_by="2026-12-31")
    from custody.entries import Shelved

    sqlite_archive.enter(CLERK, [Imported(kept, due), Shelved(kept, SHELF)], "take_in")
    for carrier, code in ((homeless, "no_home"), (kept, "to_be_archived")):
        with pytest.raises(Refused) as refused:
            batch.enter(CLERK, [DestructionListed(carrier, batch.matter, "shred")], "destruction_list")
        assert codes(refused) == [("", code)]


def test_the_papers_agree_with_the_list(sqlite_archive: Archive) -> None:
    batch = a_batch(sqlite_archive, 2).ready()
    *each, closing = batch.destroyed()
    cases = [
        ([closing], ("g.5", "lines_open")),
        ([*each, replace(closing, items=3)], ("", "items_differ")),
        ([*each, replace(closing, place=999)], ("", "reference_unknown")),
        ([*each, replace(closing, supervisors=(CHEN, PEOPLE["zhao"]))], ("", "persons_differ")),
        ([each[0], replace(each[1], destroyer=999), closing], ("", "reference_unknown")),
    ]
    for facts, expected in cases:
        with pytest.raises(Refused) as refused:
            batch.enter(CLERK_2, facts, "destroy", "chen", "sun", "zhao")
        assert expected in codes(refused)
    batch.destroy()


def test_a_certificate_of_the_centre_bears_a_day_that_has_been(sqlite_archive: Archive) -> None:
    batch = at_the_centre(sqlite_archive, 1).ready().hand_over().receive()
    *each, closing = batch.certified()
    for day in ("2026-11-21", "20261120", "soon"):
        with pytest.raises(Refused) as refused:
            batch.enter(CLERK_2, [*each, replace(closing, destroyed_on=day)], "destruction_certificate", "chen", "sun")
        assert codes(refused) == [("", "date_invalid")]


def test_words_are_asked_for_where_somebody_answers_for_something(sqlite_archive: Archive) -> None:
    batch = a_batch(sqlite_archive).ready()
    one = batch.carriers[0]
    cases = [
        (TakenOff(one, batch.matter, " "), "destruction_take_off", "text_missing"),
        (CalledOff(batch.matter, ""), "destruction_call_off", "text_missing"),
        (DeviationReported(batch.matter, "seal", "", " "), "destruction_deviation", "text_missing"),
        (DeviationReported(batch.matter, "weather", "", "下雨"), "destruction_deviation", "deviation_unknown"),
    ]
    for fact, act, code in cases:
        with pytest.raises(Refused) as refused:
            batch.enter(CLERK, [fact], act)
        assert ("", code) in codes(refused)


def test_who_found_a_deviation_does_not_settle_it(sqlite_archive: Archive) -> None:
    from custody.access import Role

    batch = a_batch(sqlite_archive).ready()
    both = subject("clerk2", Role.CLERK, Role.SECRECY_OFFICE)
    batch.enter(both, [DeviationReported(batch.matter, "damaged", "D-01", "袋破")], "destruction_deviation")
    for outcome, code in (("无碍", "settled_by_reporter"), (" ", "text_missing")):
        with pytest.raises(Refused) as refused:
            batch.enter(both, [DeviationSettled(batch.matter, outcome)], "destruction_settle")
        assert ("", code) in codes(refused)


def test_an_unsigned_act_is_refused(sqlite_archive: Archive) -> None:
    batch = a_batch(sqlite_archive).approved()
    facts = [SetApart(carrier, batch.matter, SHELF_2) for carrier in batch.carriers]
    with pytest.raises(Refused) as refused:
        sqlite_archive.enter(CLERK, facts, "destruction_set_apart", signed=False)
    assert codes(refused) == [("", "signature_missing")]


def test_an_act_on_a_batch_that_is_hidden_is_told_as_absent(sqlite_archive: Archive) -> None:
    batch = a_batch(sqlite_archive, level="top_secret").ready()
    from custody.access import Grant, Role

    other = subject("ma", Grant(Role.CLERK, 4))
    with pytest.raises(NotFound):
        batch.enter(other, [DeviationReported(batch.matter, "seal", "", "封签不符")], "destruction_deviation")
