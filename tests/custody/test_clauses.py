"""The clauses by name, through the books on both engines: each act would be entered without its rule."""

from dataclasses import replace

import pytest

from custody.access import INSTALLATION
from custody.entries import Borrowed, Fact, Imported, Moved, Returned, Shelved, TagBound, TagRetired
from custody.procedures import RULES
from custody.rules import Refused
from custody.values import Period, Tag
from tests.builders import CLERK, LOW_SHELF, PEOPLE, READING, SCHEME, SHELF, Archive, description, epc_of, signatures

CHEN, MA, LIN = (PEOPLE[name] for name in ("chen", "ma", "lin"))


def refused_alone(archive: Archive, fact: Fact, clause: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The books refuse the act by this clause alone; without its rule they would take it."""
    act = "take_in" if isinstance(fact, Imported) else "borrow" if isinstance(fact, Borrowed) else "shelve"
    who = INSTALLATION if isinstance(fact, Imported) else CLERK
    everybody = sorted(set(PEOPLE.values()) - {who.person})
    with pytest.raises(Refused) as caught:
        archive.enter(who, [fact], act, *everybody)
    assert [(r.clause, r.code) for r in caught.value.refusals] == [(clause, code)]
    without = tuple(rule for rule in RULES if rule.code != code)
    monkeypatch.setattr("custody.procedures.RULES_FOR", {type(fact): without})
    archive.enter(who, [fact], act, *everybody)
    assert archive.books.rebuild_check() == []


Patch = pytest.MonkeyPatch


def test_c_1_refuse__a_borrower_outside_the_scope(archive: Archive, monkeypatch: Patch) -> None:
    carrier = archive.carrier(scope=("unit:3",))
    refused_alone(archive, Borrowed(carrier, CHEN, archive.due(3)), "c.1", "outside_scope", monkeypatch)


def test_c_5_refuse__a_borrower_without_clearance(archive: Archive, monkeypatch: Patch) -> None:
    carrier = archive.carrier()
    refused_alone(archive, Borrowed(carrier, MA, archive.due(3)), "c.5", "not_cleared", monkeypatch)


def test_c_5_refuse__a_borrower_who_has_left(archive: Archive, monkeypatch: Patch) -> None:
    carrier = archive.carrier(level="internal")
    refused_alone(archive, Borrowed(carrier, LIN, archive.due(3)), "c.5", "borrower_left", monkeypatch)


def test_c_5_refuse__overdue_loans(archive: Archive, monkeypatch: Patch) -> None:
    late, wanted = archive.carriers(2)
    archive.borrow(late, "chen", 1)
    archive.books.clock.days(3)  # type: ignore[attr-defined]
    refused_alone(archive, Borrowed(wanted, CHEN, archive.due(3)), "c.5", "overdue_loans", monkeypatch)


def test_c_5_refuse__not_after_the_overdue_is_returned_in_the_same_act(archive: Archive) -> None:
    late, wanted = archive.carriers(2)
    archive.borrow(late, "chen", 1)
    archive.books.clock.days(3)  # type: ignore[attr-defined]
    loan = Borrowed(wanted, CHEN, archive.due(3))
    signed = signatures([loan], archive.books.clock(), CHEN)
    asked = archive.books.refusals(CLERK, [loan], signatures=signed)
    assert [r.code for r in asked[0]] == ["overdue_loans"]
    archive.enter(CLERK, [Returned(late, SHELF, 12), loan], "borrow", CHEN)


def test_c_5_refuse__a_loan_longer_than_allowed(archive: Archive, monkeypatch: Patch) -> None:
    carrier = archive.carrier()
    refused_alone(archive, Borrowed(carrier, CHEN, archive.due(31)), "c.5", "due_too_late", monkeypatch)


def test_c_5_refuse__a_due_date_in_the_past(archive: Archive, monkeypatch: Patch) -> None:
    carrier = archive.carrier()
    refused_alone(archive, Borrowed(carrier, CHEN, archive.due(-1)), "c.5", "due_in_past", monkeypatch)


def test_c_5_refuse__a_return_with_pages_short(archive: Archive, monkeypatch: Patch) -> None:
    carrier = archive.carrier(pages=12)
    archive.borrow(carrier, "chen")
    refused_alone(archive, Returned(carrier, SHELF, 11), "c.5", "pages_short", monkeypatch)


def test_f_2_refuse__shelving_in_a_place_rated_too_low(archive: Archive, monkeypatch: Patch) -> None:
    carrier = archive.carrier(place=None)
    refused_alone(archive, Shelved(carrier, LOW_SHELF), "f.2", "rated_too_low", monkeypatch)


def test_f_2_refuse__returning_to_a_place_rated_too_low(archive: Archive, monkeypatch: Patch) -> None:
    carrier = archive.carrier()
    archive.borrow(carrier, "chen")
    refused_alone(archive, Returned(carrier, LOW_SHELF, 12), "f.2", "rated_too_low", monkeypatch)


def test_f_2_refuse__moving_to_a_place_that_is_no_store(archive: Archive, monkeypatch: Patch) -> None:
    carrier = archive.carrier()
    refused_alone(archive, Moved(carrier, READING), "f.2", "no_storage", monkeypatch)


def test_a_5_refuse__no_level(archive: Archive, monkeypatch: Patch) -> None:
    (carrier,) = archive.books.reserve("carrier", 1)
    fact = Imported(carrier, description("YS-2026-00900", level="cosmic"))
    with pytest.raises(Refused) as caught:
        archive.books.enter(INSTALLATION, [fact], act="take_in")
    assert [(r.clause, r.code) for r in caught.value.refusals] == [("a.5", "level_unknown")]
    levels = (*SCHEME.levels, replace(SCHEME.levels[1], code="cosmic"))
    monkeypatch.setattr(archive.books, "scheme", replace(SCHEME, levels=levels))
    archive.books.enter(INSTALLATION, [fact], act="take_in")


def test_a_5_refuse__a_period_beyond_the_maximum_without_authority(archive: Archive, monkeypatch: Patch) -> None:
    (carrier,) = archive.books.reserve("carrier", 1)
    fact = Imported(carrier, description("YS-2026-00900", period=Period("years", "21")))
    refused_alone(archive, fact, "a.5", "period_beyond_maximum", monkeypatch)


def test_a_5_refuse__long_term_without_authority(archive: Archive, monkeypatch: Patch) -> None:
    (carrier,) = archive.books.reserve("carrier", 1)
    fact = Imported(carrier, description("YS-2026-00900", period=Period("long_term")))
    refused_alone(archive, fact, "a.5", "period_beyond_maximum", monkeypatch)


def test_a_5_refuse__a_state_secret_without_period(archive: Archive, monkeypatch: Patch) -> None:
    (carrier,) = archive.books.reserve("carrier", 1)
    fact = Imported(carrier, description("YS-2026-00900", period=Period("none")))
    refused_alone(archive, fact, "a.5", "period_missing", monkeypatch)


def test_a_number_or_a_tag_is_never_given_twice(archive: Archive) -> None:
    one, two = archive.carriers(2)
    (new,) = archive.books.reserve("carrier", 1)
    enter = archive.books.enter
    with pytest.raises(Refused) as caught:
        enter(CLERK, [Imported(new, description("YS-2026-00001"))], act="take_in")
    assert caught.value.refusals[0].code == "number_taken"
    enter(CLERK, [TagRetired(one, epc_of(one), "撕裂")], act="tag")
    for epc in (epc_of(one), epc_of(two)):
        with pytest.raises(Refused) as caught:
            enter(CLERK, [TagBound(two, Tag(epc))], act="tag")
        assert caught.value.refusals[0].code == "epc_known"
    with pytest.raises(Refused) as caught:
        enter(CLERK, [TagBound(one, Tag(epc_of(500))), TagBound(two, Tag(epc_of(500)))], act="tag")
    assert (caught.value.at, caught.value.refusals[0].code) == (1, "epc_known")
