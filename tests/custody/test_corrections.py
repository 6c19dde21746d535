"""A wrong act is undone by a compensating one: from the present state, of the last entry alone, to exactly what was."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from custody.access import Role
from custody.entries import Corrected, Fact, Moved, TagBound
from custody.entries.circulation import Queued, Recalled, Renewed
from custody.life_cycle import Status
from custody.rules import NotFound, Refused
from custody.store import queries
from custody.values import SECOND, Tag
from tests.builders import CLERK, PEOPLE, SHELF_2, Archive, epc_of, signatures, subject


def undo(archive: Archive, carrier: int, reason: str = "登错了人") -> str:
    """The clerk takes back the carrier's last entry, signed; gives the act's number."""
    return archive.enter(CLERK, archive.books.undo([carrier], reason), "correct").act


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    """The codes of what stood against it."""
    return [one.code for one in refused.value.refusals]


def lent_and(archive: Archive, carrier: int, fact: Fact, act: str) -> None:
    """An act on a loan that stands already."""
    archive.enter(CLERK, [fact], act)


WRONG: dict[str, Callable[[Archive, int], object]] = {
    "renewed": lambda a, c: lent_and(a, c, Renewed(c, a.due(20), "未用完"), "renew"),
    "recalled": lambda a, c: lent_and(a, c, Recalled(c, a.due(2), "上级调阅"), "recall"),
    "queued": lambda a, c: lent_and(a, c, Queued(c, PEOPLE["sun"]), "queue"),
    "borrowed": lambda archive, carrier: archive.borrow(carrier, "chen"),
    "moved": lambda archive, carrier: archive.books.enter(CLERK, [Moved(carrier, SHELF_2)], act="move"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_was_entered_wrongly_is_as_it_was_before(archive: Archive, wrong: str) -> None:
    carrier = archive.carrier()
    if wrong in ("renewed", "recalled", "queued"):
        archive.borrow(carrier, "chen", 5)
    before = archive.state(carrier)
    WRONG[wrong](archive, carrier)
    assert archive.state(carrier).custody != before.custody
    number = undo(archive, carrier)
    assert archive.state(carrier).custody == before.custody
    assert archive.books.rebuild_check() == []
    with archive.books.database.reading() as connection:
        last = queries.act(connection, CLERK, number)[-1]
    assert last.corrects == last.sequence - 1
    assert isinstance(last.fact, Corrected)
    assert last.fact.reason == "登错了人"


def test_a_return_entered_for_the_wrong_copy_puts_it_back_into_the_borrowers_hand(archive: Archive) -> None:
    carrier = archive.carrier()
    archive.borrow(carrier, "chen")
    lent = archive.state(carrier)
    archive.give_back(carrier)
    undo(archive, carrier, "还错了份")
    assert archive.state(carrier).custody == lent.custody
    assert archive.state(carrier).holder == PEOPLE["chen"]


def test_what_later_entries_stand_on_is_not_taken_away_under_them(archive: Archive) -> None:
    """Given a wrong loan and a return after it, when the loan is to be undone, then it is refused."""
    carrier = archive.carrier()
    archive.borrow(carrier, "chen")
    (wrong,) = archive.books.undo([carrier], "登错了人")
    archive.give_back(carrier)
    with pytest.raises(Refused) as refused:
        archive.enter(CLERK, [wrong], "correct")
    assert "corrects_depended_on" in codes(refused)


def test_a_correction_restores_what_was_and_writes_nothing_else(archive: Archive) -> None:
    carrier = archive.carrier()
    archive.borrow(carrier, "chen")
    (fact,) = archive.books.undo([carrier], "登错了人")
    assert isinstance(fact, Corrected)
    elsewhere = replace(fact, restored=replace(fact.restored, place=SHELF_2, home=SHELF_2))
    in_other_hands = replace(fact, restored=replace(fact.restored, status="on_loan", holder=PEOPLE["sun"]))
    destroyed = replace(fact, restored=replace(fact.restored, status=Status.DESTROYED.value))
    for other in (elsewhere, in_other_hands, destroyed):
        with pytest.raises(Refused) as refused:
            archive.enter(CLERK, [other], "correct")
        assert codes(refused) == ["not_as_before"]
    assert archive.state(carrier).status is Status.ON_LOAN


def test_what_does_not_move_custody_is_not_undone_so(archive: Archive) -> None:
    carrier = archive.carrier(tagged=False)
    archive.books.enter(CLERK, [TagBound(carrier, Tag(epc_of(carrier)))], act="tag")
    with pytest.raises(Refused) as refused:
        undo(archive, carrier)
    assert codes(refused) == ["not_undoable"]


def test_a_correction_needs_a_reason_and_a_signature(archive: Archive) -> None:
    carrier = archive.carrier()
    archive.borrow(carrier, "chen")
    with pytest.raises(Refused) as refused:
        undo(archive, carrier, " ")
    assert codes(refused) == ["text_missing"]
    with pytest.raises(Refused) as refused:
        archive.enter(CLERK, archive.books.undo([carrier], "登错了人"), "correct", signed=False)
    assert codes(refused) == ["signature_missing"]


def test_a_signature_counts_under_its_own_text_by_its_own_person_and_while_it_is_fresh(archive: Archive) -> None:
    """Given signatures of others, of another text, of yesterday and of tomorrow, then none of them counts."""
    carrier = archive.carrier()
    archive.borrow(carrier, "chen")
    facts: list[Fact] = archive.books.undo([carrier], "登错了人")
    other_text: list[Fact] = archive.books.undo([carrier], "另一个原因")
    now, minutes = archive.books.clock(), archive.scheme.number("confirmation_seconds") * SECOND
    for none in (
        signatures(facts, now, "chen"),
        signatures(other_text, now, "clerk"),
        signatures(facts, now - minutes - 1, "clerk"),
        signatures(facts, now + 1, "clerk"),
    ):
        with pytest.raises(Refused) as refused:
            archive.books.enter(CLERK, facts, act="correct", signatures=none)
        assert codes(refused) == ["signature_missing"]
    archive.books.enter(CLERK, facts, act="correct", signatures=signatures(facts, now - minutes, "clerk"))


def test_nobody_undoes_without_the_right_or_what_he_does_not_see(archive: Archive) -> None:
    carrier = archive.carrier(scope=("unit:3",))
    archive.books.enter(CLERK, [Moved(carrier, SHELF_2)], act="move")
    facts = archive.books.undo([carrier], "放错了")
    with pytest.raises(Refused) as refused:
        archive.enter(subject("sun", Role.BORROWER), facts, "correct")
    assert codes(refused) == ["not_permitted"]
    with pytest.raises(NotFound):
        archive.enter(subject("chen", Role.BORROWER), facts, "correct")
    with pytest.raises(NotFound):
        archive.books.undo([carrier + 1_000], "没有这一件")


def test_two_undone_at_once_are_undone_or_neither(archive: Archive) -> None:
    """A desk's loan of two is taken back whole; where one of them went on, nothing is."""
    first, second = archive.carriers(2)
    for carrier in (first, second):
        archive.borrow(carrier, "chen")
    both = archive.books.undo([first, second], "登错了人")
    archive.give_back(second)
    with pytest.raises(Refused):
        archive.enter(CLERK, both, "correct")
    assert archive.state(first).status is Status.ON_LOAN
    archive.borrow(second, "chen")
    archive.enter(CLERK, archive.books.undo([first, second], "登错了人"), "correct")
    assert {archive.state(carrier).status for carrier in (first, second)} == {Status.IN_PLACE}
    assert archive.books.rebuild_check() == []
