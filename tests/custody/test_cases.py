"""What each clause refused and recorded: what is counted, once, and who may see it."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, text

from custody.access import INSTALLATION, Grant, Role, Subject
from custody.entries import Borrowed, Fact, Imported, Moved
from custody.procedures.recording import RECORDED, quoted_as, recorded_for
from custody.regulations import BY_ID, CLAUSES
from custody.rules import Refused
from custody.store import schema as t
from custody.store.queries import cases
from custody.store.queries.cases import EVER, Period
from custody.values import SECOND
from tests.builders import CLERK, CLERK_2, LEADER, LOW_SHELF, NOW, SHELF, Archive, Ticking, description, subject

MANAGER_OF_RES = subject("manager", Grant(Role.MANAGER, 4))
SITE = 1
"""The whole site: no place of storage, and not rated."""
CHEN = subject("chen", Role.BORROWER)


def rows(archive: Archive) -> list[dict[str, Any]]:
    """The refusals that are kept, in order."""
    with archive.books.database.reading() as connection:
        return [dict(row._mapping) for row in connection.execute(select(t.REFUSAL).order_by(t.REFUSAL.c.id))]


def tried(archive: Archive, facts: list[Fact], act: str = "move", by: Subject = CLERK, **more: Any) -> None:
    """An act that must be refused."""
    with pytest.raises(Refused):
        archive.enter(by, facts, act, **more)


def seen_by(archive: Archive, who: Subject, period: Period = EVER) -> dict[str, int]:
    """The figures of somebody."""
    with archive.books.database.reading() as connection:
        return dict(cases.refused_counts(connection, who, period))


def listed_for(archive: Archive, who: Subject, *clauses: str) -> list[cases.RefusedCase]:
    """The cases of somebody, newest first, page by page."""
    found: list[cases.RefusedCase] = []
    after: str | None = None
    with archive.books.database.reading() as connection:
        while True:
            page = cases.refused_cases(connection, who, clauses, EVER, after, limit=2)
            found += page.items
            after = page.after
            if after is None:
                assert page.total == len(found)
                return found


def wait(archive: Archive, seconds: int) -> None:
    """The clock goes on."""
    clock = archive.books.clock
    assert isinstance(clock, Ticking)
    clock.at += seconds * SECOND


class TestKeeping:
    """A refusal is kept with its clause, outside of the act that changed nothing."""

    def test_what_was_tried_and_refused_is_kept_without_a_word_of_it(self, archive: Archive) -> None:
        carrier = archive.carrier(level="secret")
        tried(archive, [Moved(carrier, LOW_SHELF)])
        (row,) = rows(archive)
        row.pop("id")
        assert row == {
            "at": NOW,
            "person": CLERK.person,
            "act": "move",
            "fact": "moved",
            "clause": "f.2",
            "codes": "rated_too_low",
            "carrier": carrier,
            "matter": None,
        }
        assert archive.books.rebuild_check() == []

    def test_asking_is_not_trying(self, archive: Archive) -> None:
        carrier = archive.carrier(level="secret")
        assert archive.books.refusals(CLERK, [Moved(carrier, LOW_SHELF)]) != [()]
        assert rows(archive) == []

    def test_a_refusal_without_a_clause_is_not_of_the_regulations(self, archive: Archive) -> None:
        carrier = archive.carrier()
        tried(archive, [Moved(carrier, SHELF)])
        assert rows(archive) == []

    def test_the_same_within_a_minute_was_tried_once(self, archive: Archive) -> None:
        first, second = archive.carriers(2, level="secret")
        for _ in range(3):
            tried(archive, [Moved(first, LOW_SHELF)])
            wait(archive, 10)
        tried(archive, [Moved(second, LOW_SHELF)])
        tried(archive, [Moved(first, LOW_SHELF)], by=CLERK_2)
        assert len(rows(archive)) == 3
        wait(archive, 60)
        tried(archive, [Moved(first, LOW_SHELF)])
        assert len(rows(archive)) == 4

    def test_what_a_clause_says_twice_it_refused_once(self, archive: Archive) -> None:
        carrier = archive.carrier(level="secret")
        tried(archive, [Moved(carrier, SITE)])
        assert [(row["clause"], row["codes"]) for row in rows(archive)] == [("f.2", "no_storage rated_too_low")]
        (case,) = listed_for(archive, CLERK, "f.2")
        assert case.codes == ("no_storage", "rated_too_low")

    def test_of_several_facts_the_refused_one_is_named(self, archive: Archive) -> None:
        first, second = archive.carriers(2, level="secret")
        tried(archive, [Moved(first, 6), Moved(second, LOW_SHELF)])
        assert [row["carrier"] for row in rows(archive)] == [second]

    def test_what_was_to_come_into_being_is_not_pointed_at(self, archive: Archive) -> None:
        (carrier,) = archive.books.reserve("carrier", 1)
        wrong = description("YS-1", level="")
        tried(archive, [Imported(carrier, wrong)], "take_in", INSTALLATION, signed=False)
        assert [(row["clause"], row["carrier"]) for row in rows(archive)] == [("a.5", None)]

    def test_in_the_callers_transaction_it_stands_with_the_rest(self, archive: Archive) -> None:
        carrier = archive.carrier(level="secret")
        with archive.books.database.writing() as connection:
            with pytest.raises(Refused):
                archive.books.enter(CLERK, [Moved(carrier, LOW_SHELF)], act="move", connection=connection)
            archive.books.enter(CLERK, [Moved(carrier, 6)], act="move", connection=connection)
        assert len(rows(archive)) == 1
        assert archive.state(carrier).place == 6

    def test_what_cannot_be_kept_is_refused_all_the_same(
        self, archive: Archive, caplog: pytest.LogCaptureFixture
    ) -> None:
        carrier = archive.carrier(level="secret")
        database = archive.books.database
        with database.writing() as connection:
            connection.execute(text("ALTER TABLE refusal RENAME TO away"))
        try:
            tried(archive, [Moved(carrier, LOW_SHELF)])
            with database.writing() as connection:
                with pytest.raises(Refused):
                    archive.books.enter(CLERK, [Moved(carrier, LOW_SHELF)], act="move", connection=connection)
                archive.books.enter(CLERK, [Moved(carrier, 6)], act="move", connection=connection)
        finally:
            with database.writing() as connection:
                connection.execute(text("ALTER TABLE away RENAME TO refusal"))
        assert archive.state(carrier).place == 6
        assert "could not be kept" in caplog.text


class TestSeeing:
    """Own ones always; others' in one's reach, and never about what one does not see."""

    def test_everybody_sees_his_own_and_who_answers_for_a_unit_sees_theirs(self, archive: Archive) -> None:
        tried(archive, [Moved(archive.carrier(level="secret", unit=1, scope=()), LOW_SHELF)])
        tried(archive, [Moved(archive.carrier(level="secret", unit=4, scope=()), LOW_SHELF)])
        assert seen_by(archive, CLERK) == {"f.2": 2}
        assert seen_by(archive, CLERK_2) == {}, "a clerk oversees nobody"
        assert seen_by(archive, LEADER) == {"f.2": 2}
        assert seen_by(archive, MANAGER_OF_RES) == {"f.2": 1}
        assert [case.carrier and case.carrier.unit for case in listed_for(archive, MANAGER_OF_RES, "f.2")] == [4]
        assert seen_by(archive, subject("admin", Role.AUDITOR)) == {}

    def test_what_people_of_the_unit_were_refused_is_its_managers_too(self, archive: Archive) -> None:
        carrier = archive.carrier(level="secret", unit=1)
        zhao = replace(subject("zhao", Role.CLERK), reach=None)
        tried(archive, [Moved(carrier, LOW_SHELF)], by=zhao)
        assert seen_by(archive, MANAGER_OF_RES) == {"f.2": 1}

    def test_about_a_level_too_high_nothing_is_counted(self, archive: Archive) -> None:
        tried(archive, [Moved(archive.carrier(level="secret"), LOW_SHELF)])
        low = subject("ma", Role.MANAGER)
        assert seen_by(archive, low) == {}
        assert listed_for(archive, low, "f.2") == []

    def test_the_newest_come_first_page_by_page(self, archive: Archive) -> None:
        carriers = archive.carriers(5, level="secret")
        for carrier in carriers:
            tried(archive, [Moved(carrier, LOW_SHELF)])
            wait(archive, 61)
        listed = listed_for(archive, CLERK, "f.2", "c.5")
        assert [case.carrier.id for case in listed if case.carrier] == carriers[::-1]
        assert listed_for(archive, CLERK, "c.5") == []

    def test_a_period_begins_and_ends(self, archive: Archive) -> None:
        tried(archive, [Moved(archive.carrier(level="secret"), LOW_SHELF)])
        assert seen_by(archive, CLERK, Period(NOW, NOW + 1)) == {"f.2": 1}
        assert seen_by(archive, CLERK, Period(NOW + 1)) == {}
        assert seen_by(archive, CLERK, Period(None, NOW)) == {}


class TestRecording:
    """Kinds of fact that a clause's `record` rules ask of."""

    def test_every_kept_record_has_its_kinds_of_fact(self) -> None:
        kept = [clause for clause in CLAUSES if any(m.kind == "record" and m.kept for m in clause.means)]
        assert {clause.id for clause in kept} >= {"c.5", "h.2", "2"}
        assert [clause.id for clause in kept if not recorded_for(clause)] == []

    def test_a_clause_takes_over_what_others_record(self) -> None:
        assert quoted_as(BY_ID["2"], "record") == {"2", "c.5"}
        assert recorded_for(BY_ID["2"]) >= RECORDED["c.5"] >= {"borrowed"}

    def test_loans_are_counted_and_listed_for_whom_they_exist(self, archive: Archive) -> None:
        mine, other = archive.carrier(unit=4), archive.carrier(unit=1, scope=("unit:3",))
        archive.borrow(mine, "chen")
        archive.borrow(other, "sun")
        for who, expected in ((CLERK, [other, mine]), (MANAGER_OF_RES, [other, mine]), (CHEN, [mine])):
            with archive.books.database.reading() as connection:
                counted = cases.recorded_counts(connection, who, {"borrowed", "renewed"}, EVER)
                page = cases.recorded_cases(connection, who, {"borrowed", "renewed"}, EVER)
            assert counted["borrowed"].number == len(expected)
            assert counted["renewed"] == cases.Count(0)
            assert [e.fact.carrier for e in page.items if isinstance(e.fact, Borrowed)] == expected

    def test_a_period_is_a_stretch_of_the_ledger(self, archive: Archive) -> None:
        first, second = archive.carriers(2)
        archive.borrow(first, "chen")
        wait(archive, 100)
        archive.borrow(second, "chen")
        with archive.books.database.reading() as connection:
            counted = [
                cases.recorded_counts(connection, CLERK, {"borrowed"}, period)["borrowed"].number
                for period in (EVER, Period(NOW + 1), Period(None, NOW + 1), Period(NOW, NOW + 101 * SECOND))
            ]
        assert counted == [2, 1, 1, 2]

    def test_counts_together_are_counted_no_further(self) -> None:
        assert cases.sum_of([cases.Count(2), cases.Count(3)]) == cases.Count(5)
        assert cases.sum_of([cases.Count(9_000), cases.Count(3_000)]) == cases.Count(10_000, capped=True)
        assert cases.sum_of([]) == cases.Count(0)
