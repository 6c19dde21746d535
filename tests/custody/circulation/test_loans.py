"""Borrowing, reading in the room, renewal, recall, waiting (clauses c.1, c.2, c.5; daily rule 3)."""

from dataclasses import replace

import pytest

from custody.access import INSTALLATION, Role
from custody.entries import Borrowed, PersonRecorded, Returned, Signature
from custody.entries.circulation import Queued, Recalled, Renewed, TakenToRead, Unqueued
from custody.life_cycle import Status
from custody.procedures.borrowing import last_due
from custody.rules import Refused
from custody.store import queries
from custody.values import DAY
from tests.builders import (
    CLERK,
    CORRIDOR,
    LEADER,
    PEOPLE,
    PERSONS,
    READING,
    SHELF,
    Archive,
    Ticking,
    signatures,
    subject,
)
from tests.custody.circulation.scene import a_home, only, refused, to_read

Patch = pytest.MonkeyPatch
CHEN, SUN, ZHAO = (PEOPLE[name] for name in ("chen", "sun", "zhao"))
BORROWER = subject("chen", Role.BORROWER)


def days(archive: Archive, number: float) -> None:
    """Time goes on."""
    clock = archive.books.clock
    assert isinstance(clock, Ticking)
    clock.days(number)


def loan(archive: Archive, carrier: int, who: str = "chen") -> Borrowed:
    """A loan for three days."""
    return Borrowed(carrier, PEOPLE[who], archive.due(3))


# Identity confirmed at the desk.


def test_c_5_record__a_loan_is_not_entered_without_the_borrowers_signature(
    archive: Archive, monkeypatch: Patch
) -> None:
    fact = loan(archive, archive.carrier())
    refused(archive, CLERK, [fact], "borrow", clause="c.5", code="signature_missing", monkeypatch=monkeypatch)


def test_c_5_record__the_loan_keeps_who_confirmed_and_what_was_signed(archive: Archive) -> None:
    carrier = archive.carrier()
    receipt = archive.borrow(carrier, "chen")
    with archive.books.database.reading() as connection:
        (entry,) = queries.act(connection, CLERK, receipt.act)
    assert {one.person for one in entry.signatures} == {PEOPLE["clerk"], CHEN}
    assert len({one.text_hash for one in entry.signatures}) == 1
    assert archive.books.rebuild_check() == []


@pytest.mark.parametrize("who", ["clerk", "sun"])
def test_c_5_record__nobody_signs_for_another(sqlite_archive: Archive, who: str) -> None:
    fact = loan(sqlite_archive, sqlite_archive.carrier())
    signed = signatures([fact], sqlite_archive.books.clock(), who)
    with pytest.raises(Refused) as caught:
        sqlite_archive.books.enter(CLERK, [fact], act="borrow", signatures=signed)
    assert [(r.code, r.params["person"]) for r in caught.value.refusals] == [("signature_missing", "陈国栋")]


def test_c_5_record__a_signature_under_another_text_or_of_yesterday_is_none(sqlite_archive: Archive) -> None:
    fact = loan(sqlite_archive, sqlite_archive.carrier())
    now = sqlite_archive.books.clock()
    (good,) = signatures([fact], now, "chen")
    stale = Signature(CHEN, now - DAY, good.means, good.text_hash)
    other = replace(good, text_hash=signatures([replace(fact, due_at=fact.due_at - 1)], now, "chen")[0].text_hash)
    for bad in (stale, other):
        with pytest.raises(Refused):
            sqlite_archive.books.enter(CLERK, [fact], act="borrow", signatures=(bad,))
    sqlite_archive.books.enter(CLERK, [fact], act="borrow", signatures=(good,))


def test_c_5_refuse__a_return_whose_pages_were_not_counted(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier(pages=12)
    sqlite_archive.borrow(carrier, "chen")
    back = Returned(carrier, SHELF)
    refused(sqlite_archive, CLERK, [back], "return", clause="c.5", code="pages_to_count", monkeypatch=monkeypatch)


@pytest.mark.parametrize("changes", [{"pages": None}, {"level": "confidential"}, {"level": "internal"}])
def test_pages_need_not_be_counted_where_unknown_or_below_the_configured_level(
    sqlite_archive: Archive, changes: dict[str, str]
) -> None:
    carrier = sqlite_archive.carrier(**changes)
    sqlite_archive.borrow(carrier, "chen")
    sqlite_archive.books.enter(CLERK, [Returned(carrier, SHELF)], act="return")
    assert sqlite_archive.state(carrier).status is Status.IN_PLACE


# Reading in the room.


def test_a_carrier_is_read_in_the_room_and_given_back_the_same_day(archive: Archive) -> None:
    carrier = archive.carrier()
    receipt = archive.enter(CLERK, [to_read(archive, carrier, "chen")], "read", "chen")
    assert receipt.act == "YL-2026-0001"
    state = archive.state(carrier)
    assert (state.status, state.holder, state.place) == (Status.ON_LOAN, CHEN, READING)
    assert state.due_at == archive.due(0)
    archive.give_back(carrier)
    state = archive.state(carrier)
    assert (state.status, state.holder, state.place, state.home) == (Status.IN_PLACE, None, SHELF, SHELF)
    assert archive.books.rebuild_check() == []


def test_nothing_is_read_in_a_place_rated_below_its_level(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier(level="top_secret")
    fact = to_read(sqlite_archive, carrier, "zhao")
    refused(sqlite_archive, CLERK, [fact], "read", "zhao", clause="", code="place_unprotected", monkeypatch=monkeypatch)


def test_nothing_is_read_in_a_place_that_nobody_rated(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    fact = to_read(sqlite_archive, sqlite_archive.carrier(), "chen", CORRIDOR)
    refused(sqlite_archive, CLERK, [fact], "read", "chen", clause="", code="place_unprotected", monkeypatch=monkeypatch)


def test_3_refuse__a_home_is_no_place_to_read_in_whatever_its_rating(archive: Archive, monkeypatch: Patch) -> None:
    fact = to_read(archive, archive.carrier(), "chen", a_home(archive))
    refused(archive, CLERK, [fact], "read", "chen", clause="3", code="off_premises", monkeypatch=monkeypatch)


def test_c_5_refuse__reading_beyond_the_day(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    fact = to_read(sqlite_archive, sqlite_archive.carrier(), "chen", due_at=sqlite_archive.due(0) + 1)
    refused(
        sqlite_archive, CLERK, [fact], "read", "chen", clause="c.5", code="reading_past_today", monkeypatch=monkeypatch
    )


def test_c_5_record__reading_is_signed_by_the_reader(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    fact = to_read(sqlite_archive, sqlite_archive.carrier(), "chen")
    refused(sqlite_archive, CLERK, [fact], "read", clause="c.5", code="signature_missing", monkeypatch=monkeypatch)


@pytest.mark.parametrize(
    ("who", "changes", "code"),
    [
        ("ma", {}, "not_cleared"),
        ("lin", {"level": "internal"}, "borrower_left"),
        ("chen", {"scope": ("unit:3",)}, "outside_scope"),
    ],
)
def test_c_1_refuse__reading_asks_of_the_reader_what_borrowing_asks(
    sqlite_archive: Archive, who: str, changes: dict[str, object], code: str, monkeypatch: Patch
) -> None:
    fact = to_read(sqlite_archive, sqlite_archive.carrier(**changes), who)
    clause = "c.1" if code == "outside_scope" else "c.5"
    refused(sqlite_archive, CLERK, [fact], "read", who, clause=clause, code=code, monkeypatch=monkeypatch)


def test_reading_of_nobody_in_no_place_and_in_the_past_is_said(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    nobody = TakenToRead(carrier, 999, READING, sqlite_archive.due(0))
    assert only(sqlite_archive, CLERK, [nobody], "read") == ["borrower_unknown"]
    nowhere = to_read(sqlite_archive, carrier, "chen", 777)
    assert only(sqlite_archive, CLERK, [nowhere], "read", "chen") == ["reference_unknown"]
    past = to_read(sqlite_archive, carrier, "chen", due_at=sqlite_archive.books.clock())
    assert only(sqlite_archive, CLERK, [past], "read", "chen") == ["due_in_past"]


def test_c_5_refuse__reading_with_overdue_loans(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    late, wanted = sqlite_archive.carriers(2)
    sqlite_archive.borrow(late, "chen", 1)
    days(sqlite_archive, 3)
    fact = to_read(sqlite_archive, wanted, "chen")
    refused(sqlite_archive, CLERK, [fact], "read", "chen", clause="c.5", code="overdue_loans", monkeypatch=monkeypatch)


# Going on, and being called back.


def test_the_holder_renews_twice_and_no_more(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    sqlite_archive.borrow(carrier, "chen", 3)
    since = sqlite_archive.state(carrier).since_at
    for number in (1, 2):
        days(sqlite_archive, 2)
        sqlite_archive.enter(BORROWER, [Renewed(carrier, sqlite_archive.due(4), "评审未完")], "renew")
        state = sqlite_archive.state(carrier)
        assert (state.renewals, state.due_at, state.since_at) == (number, sqlite_archive.due(4), since)
    days(sqlite_archive, 2)
    again = [Renewed(carrier, sqlite_archive.due(4), "评审未完")]
    refused(sqlite_archive, BORROWER, again, "renew", clause="c.5", code="renewals_used", monkeypatch=monkeypatch)


def test_c_5_refuse__a_renewal_of_what_is_overdue(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    sqlite_archive.borrow(carrier, "chen", 1)
    days(sqlite_archive, 3)
    fact = Renewed(carrier, sqlite_archive.due(4), "未读完")
    refused(sqlite_archive, CLERK, [fact], "renew", clause="c.5", code="overdue_already", monkeypatch=monkeypatch)


def test_c_5_refuse__a_renewal_while_another_waits(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    sqlite_archive.borrow(carrier, "chen", 3)
    sqlite_archive.enter(subject("sun", Role.BORROWER), [Queued(carrier, SUN)], "queue")
    fact = Renewed(carrier, sqlite_archive.due(5), "未读完")
    refused(sqlite_archive, BORROWER, [fact], "renew", clause="c.5", code="another_waits", monkeypatch=monkeypatch)


def test_c_5_refuse__a_renewal_after_the_registry_called_it_back(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    sqlite_archive.borrow(carrier, "chen", 10)
    sqlite_archive.enter(CLERK, [Recalled(carrier, sqlite_archive.due(2), "年度清查")], "recall")
    state = sqlite_archive.state(carrier)
    assert (state.recalled, state.due_at, state.holder) == (True, sqlite_archive.due(2), CHEN)
    fact = Renewed(carrier, sqlite_archive.due(5), "未读完")
    refused(sqlite_archive, BORROWER, [fact], "renew", clause="c.5", code="recalled_already", monkeypatch=monkeypatch)


@pytest.mark.parametrize(("until", "code"), [(31, "due_too_late"), (14, "renewal_no_later"), (3, "renewal_no_later")])
def test_c_5_refuse__a_renewal_runs_later_than_before_and_no_longer_than_a_loan(
    sqlite_archive: Archive, until: int, code: str, monkeypatch: Patch
) -> None:
    carrier = sqlite_archive.carrier()
    sqlite_archive.borrow(carrier, "chen", 14)
    fact = Renewed(carrier, sqlite_archive.due(until), "未读完")
    refused(sqlite_archive, BORROWER, [fact], "renew", clause="c.5", code=code, monkeypatch=monkeypatch)


def test_c_5_refuse__what_is_read_in_the_room_is_not_renewed(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    sqlite_archive.enter(CLERK, [to_read(sqlite_archive, carrier, "chen")], "read", "chen")
    fact = Renewed(carrier, sqlite_archive.due(5), "未读完")
    refused(sqlite_archive, BORROWER, [fact], "renew", clause="c.5", code="in_reading_room", monkeypatch=monkeypatch)


def test_c_5_refuse__a_renewal_for_one_whose_clearance_has_ended(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    sqlite_archive.borrow(carrier, "chen", 5)
    ended = replace(PERSONS[CHEN - 1], cleared_until="2026-11-20")
    sqlite_archive.books.enter(INSTALLATION, [PersonRecorded(ended)], act="directory")
    days(sqlite_archive, 1)
    fact = Renewed(carrier, sqlite_archive.due(6), "未读完")
    refused(sqlite_archive, CLERK, [fact], "renew", clause="c.5", code="not_cleared", monkeypatch=monkeypatch)


def test_nobody_renews_for_another_but_the_registry(archive: Archive) -> None:
    carrier = archive.carrier()
    archive.borrow(carrier, "chen", 3)
    fact = [Renewed(carrier, archive.due(5), "未读完")]
    assert only(archive, subject("sun", Role.BORROWER), fact, "renew") == ["not_own"]
    assert only(archive, LEADER, fact, "renew") == ["not_own"]
    archive.enter(CLERK, fact, "renew")


def test_a_renewal_is_signed_and_says_why(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    sqlite_archive.borrow(carrier, "chen", 3)
    silent = [Renewed(carrier, sqlite_archive.due(5), " ")]
    assert only(sqlite_archive, BORROWER, silent, "renew") == ["text_missing"]
    fact = [Renewed(carrier, sqlite_archive.due(5), "未读完")]
    refused(
        sqlite_archive,
        BORROWER,
        fact,
        "renew",
        clause="c.5",
        code="signature_missing",
        monkeypatch=monkeypatch,
        signed=False,
    )


@pytest.mark.parametrize(("until", "code"), [(10, "recall_no_earlier"), (12, "recall_no_earlier"), (-1, "due_in_past")])
def test_c_5_refuse__a_recall_is_for_an_earlier_day_that_is_still_to_come(
    sqlite_archive: Archive, until: int, code: str, monkeypatch: Patch
) -> None:
    carrier = sqlite_archive.carrier()
    sqlite_archive.borrow(carrier, "chen", 10)
    fact = Recalled(carrier, sqlite_archive.due(until), "年度清查")
    refused(sqlite_archive, CLERK, [fact], "recall", clause="c.5", code=code, monkeypatch=monkeypatch)


def test_a_recall_says_why_and_is_made_once(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    sqlite_archive.borrow(carrier, "chen", 10)
    assert only(sqlite_archive, CLERK, [Recalled(carrier, sqlite_archive.due(3), "")], "recall") == ["text_missing"]
    assert only(sqlite_archive, BORROWER, [Recalled(carrier, sqlite_archive.due(3), "x")], "recall") == [
        "not_permitted"
    ]
    sqlite_archive.enter(CLERK, [Recalled(carrier, sqlite_archive.due(3), "年度清查")], "recall")
    again = [Recalled(carrier, sqlite_archive.due(2), "年度清查")]
    assert only(sqlite_archive, CLERK, again, "recall") == ["recalled_already"]
    sqlite_archive.give_back(carrier)
    sqlite_archive.borrow(carrier, "chen", 10)
    assert not sqlite_archive.state(carrier).recalled


# Waiting.


def test_whoever_waited_longest_comes_first(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    sqlite_archive.borrow(carrier, "chen", 3)
    sqlite_archive.enter(subject("sun", Role.BORROWER), [Queued(carrier, SUN)], "queue")
    sqlite_archive.enter(CLERK, [Queued(carrier, ZHAO)], "queue")
    sqlite_archive.give_back(carrier)
    for fact, act in (
        (loan(sqlite_archive, carrier, "zhao"), "borrow"),
        (to_read(sqlite_archive, carrier, "zhao"), "read"),
    ):
        assert only(sqlite_archive, CLERK, [fact], act, "zhao") == ["another_waits"]
    sqlite_archive.borrow(carrier, "sun")
    assert sqlite_archive.state(carrier).queue == (ZHAO,)
    sqlite_archive.give_back(carrier)
    sqlite_archive.enter(subject("zhao", Role.BORROWER), [Unqueued(carrier, ZHAO)], "queue")
    assert sqlite_archive.state(carrier).queue == ()
    sqlite_archive.borrow(carrier, "chen")
    assert sqlite_archive.books.rebuild_check() == []


def test_c_5_refuse__a_loan_to_another_than_who_waited_longest(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    sqlite_archive.enter(CLERK, [Queued(carrier, SUN)], "queue")
    fact = loan(sqlite_archive, carrier, "chen")
    refused(
        sqlite_archive, CLERK, [fact], "borrow", "chen", clause="c.5", code="another_waits", monkeypatch=monkeypatch
    )


@pytest.mark.parametrize(
    ("who", "changes", "clause", "code"),
    [
        ("ma", {}, "c.5", "not_cleared"),
        ("chen", {"scope": ("unit:3",)}, "c.1", "outside_scope"),
        ("lin", {"level": "internal"}, "c.5", "borrower_left"),
    ],
)
def test_c_1_refuse__nobody_waits_for_what_he_may_not_have(
    sqlite_archive: Archive, who: str, changes: dict[str, object], clause: str, code: str, monkeypatch: Patch
) -> None:
    fact = Queued(sqlite_archive.carrier(**changes), PEOPLE[who])
    refused(sqlite_archive, CLERK, [fact], "queue", clause=clause, code=code, monkeypatch=monkeypatch)


def test_one_waits_once_for_oneself_and_not_for_what_one_has(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    sqlite_archive.borrow(carrier, "chen", 3)
    sun = subject("sun", Role.BORROWER)
    assert only(sqlite_archive, CLERK, [Queued(carrier, 999)], "queue") == ["borrower_unknown"]
    assert only(sqlite_archive, BORROWER, [Queued(carrier, CHEN)], "queue") == ["waits_already"]
    assert only(sqlite_archive, BORROWER, [Queued(carrier, SUN)], "queue") == ["not_own"]
    assert only(sqlite_archive, sun, [Unqueued(carrier, SUN)], "queue") == ["waits_not"]
    sqlite_archive.enter(sun, [Queued(carrier, SUN)], "queue")
    assert only(sqlite_archive, sun, [Queued(carrier, SUN)], "queue") == ["waits_already"]
    assert only(sqlite_archive, BORROWER, [Unqueued(carrier, SUN)], "queue") == ["not_own"]


def test_the_last_instant_of_a_loan_is_the_end_of_a_day_where_the_house_stands(sqlite_archive: Archive) -> None:
    now = sqlite_archive.books.clock()
    assert last_due(now, 3, "Asia/Shanghai") == sqlite_archive.due(3)
    assert last_due(now, 0, "Asia/Shanghai") == sqlite_archive.due(0)
