"""Entering: all or nothing, gapless, durable, and never two holders."""

import io
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select, text

from custody import verify
from custody.access import INSTALLATION, Grant, Role
from custody.database import Database
from custody.entries import (
    Borrowed,
    EntryInvalid,
    FindingSettled,
    Imported,
    Moved,
    PersonRecorded,
    PlaceRecorded,
    ReportedMissing,
    Returned,
    RoundSigned,
    Shelved,
    TagBound,
    TagRetired,
    UnitRecorded,
)
from custody.ledger import LedgerKey
from custody.life_cycle import Status
from custody.rules import NotFound, Refused
from custody.store import accounts, queries
from custody.store import schema as t
from custody.store.acts import ACTS
from custody.store.books import Books, KeyMissing, Receipt
from custody.store.walls import postgresql
from custody.values import DAY, Period, Tag
from tests.builders import (
    CLERK,
    LOW_SHELF,
    NOW,
    PEOPLE,
    PERSONS,
    PLACES,
    SECRECY_OFFICE,
    SHELF,
    SHELF_2,
    UNITS,
    Archive,
    Ticking,
    an_archive,
    books_on,
    description,
    epc_of,
    signatures,
    subject,
)

TABLES = (t.UNIT, t.PLACE, t.PERSON, t.CARRIER, t.SCOPE, t.GRAM, t.TAG, t.ENTRY, t.ACT, t.COUNTER, t.LEDGER_STATE)


def everything(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the books."""
    return {table.name: sorted((tuple(r) for r in connection.execute(select(table))), key=repr) for table in TABLES}


def kept(archive: Archive) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the books, as another transaction sees them."""
    with archive.books.database.reading() as connection:
        return everything(connection)


def test_a_carrier_goes_out_and_comes_back(archive: Archive) -> None:
    carrier = archive.carrier()
    lent = archive.borrow(carrier, "chen")
    with archive.books.database.reading() as connection:
        state = queries.state_of(connection, carrier)
    assert (state.status, state.holder, state.place, state.home) == (Status.ON_LOAN, PEOPLE["chen"], None, SHELF)
    back = archive.give_back(carrier, SHELF_2)
    with archive.books.database.reading() as connection:
        state = queries.state_of(connection, carrier)
    assert (state.status, state.holder, state.place, state.home) == (Status.IN_PLACE, None, SHELF_2, SHELF)
    assert (lent.act, back.act) == ("JY-2026-0001", "GH-2026-0001")
    assert back.first == back.last == lent.last + 1 == state.last_sequence
    assert archive.books.rebuild_check() == []


def test_every_kind_of_fact_is_entered_and_folds_back(archive: Archive) -> None:
    one, two = archive.carriers(2)
    enter = archive.books.enter
    enter(CLERK, [Moved(one, SHELF_2)], act="move")
    enter(CLERK, [TagRetired(one, epc_of(one), "撕裂"), TagBound(one, Tag(epc_of(900), "E2801160"))], act="tag")
    archive.borrow(one, "chen")
    loss = archive.lose(one, by=SECRECY_OFFICE)
    archive.find(loss, one)
    enter(CLERK, [RoundSigned("QC-1", SHELF, 10, 2, 1, 1, 0, 0, "00" * 32)], act="round")
    enter(CLERK, [FindingSettled("F-1", "missing", "found", "已找到", two)], act="settle")
    with archive.books.database.reading() as connection:
        state = queries.state_of(connection, one)
        assert [e.fact.kind for e in queries.entries_of(connection, CLERK, two)][-1] == "finding_settled"
    assert (state.status, state.place, state.holder) == (Status.IN_PLACE, SHELF, None)
    assert (state.tags, state.retired_epcs) == ((Tag(epc_of(900), "E2801160"),), (epc_of(one),))
    assert archive.books.rebuild_check() == []


def test_the_sequence_has_no_gaps_and_refused_acts_take_none(archive: Archive) -> None:
    carrier = archive.carrier()
    archive.borrow(carrier, "chen")
    with pytest.raises(Refused):
        archive.borrow(carrier, "sun")
    receipt = archive.give_back(carrier)
    with archive.books.database.reading() as connection:
        sequences = list(connection.execute(select(t.ENTRY.c.sequence).order_by(t.ENTRY.c.sequence)).scalars())
        assert sequences == list(range(1, receipt.last + 1))
        assert archive.books.position(connection) == receipt.last
        assert list(connection.execute(select(t.ACT.c.number).where(t.ACT.c.kind == "borrow")).scalars()) == [
            "JY-2026-0001"
        ]


def test_a_refused_act_changes_nothing_and_names_the_fact(archive: Archive) -> None:
    good, bad = archive.carriers(2)
    before = kept(archive)
    facts = [Borrowed(good, PEOPLE["chen"], archive.due(3)), Borrowed(bad, PEOPLE["ma"], archive.due(3))]
    with pytest.raises(Refused) as caught:
        archive.enter(CLERK, facts, "borrow", "chen", "ma")
    assert (caught.value.at, caught.value.carrier) == (1, bad)
    assert [(r.clause, r.code) for r in caught.value.refusals] == [("c.5", "not_cleared")]
    assert kept(archive) == before


def test_a_long_act_refused_at_its_end_changes_nothing(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries are written in batches while the act is judged; a refusal takes them all back."""
    monkeypatch.setattr("custody.store.books._FLUSH_ENTRIES", 50)
    before = kept(archive)
    ids = archive.books.reserve("carrier", 180)
    facts = [Imported(c, description(f"YS-{c}", title="卷")) for c in ids]
    facts.append(Imported(ids[0], description("YS-again")))
    with pytest.raises(Refused) as caught:
        archive.books.enter(INSTALLATION, facts, act="take_in")
    assert (caught.value.at, caught.value.refusals[0].code) == (180, "state")
    after = kept(archive)
    assert {name: rows for name, rows in after.items() if name != "counter"} == {
        name: rows for name, rows in before.items() if name != "counter"
    }


def test_within_the_callers_transaction_a_refusal_takes_back_its_own_part_only(archive: Archive) -> None:
    one, two = archive.carriers(2)
    books = archive.books
    with books.database.writing() as connection:
        archive.enter(CLERK, [Borrowed(one, PEOPLE["chen"], archive.due(3))], "borrow", "chen", connection=connection)
        before = everything(connection)
        with pytest.raises(Refused):
            books.enter(
                CLERK,
                [Moved(two, SHELF_2), Borrowed(two, PEOPLE["ma"], archive.due(3))],
                act="borrow",
                connection=connection,
            )
        assert everything(connection) == before
    with books.database.reading() as connection:
        assert queries.state_of(connection, one).status is Status.ON_LOAN
    assert books.rebuild_check() == []


def _roll_back(archive: Archive, name: str) -> None:
    with archive.books.database.writing() as connection:
        unit = replace(UNITS[2], name=name)
        archive.books.enter(INSTALLATION, [UnitRecorded(unit)], act="directory", connection=connection)
        assert archive.books.directory(connection).units[3].name == name
        raise LookupError


def test_a_directory_rolled_back_is_forgotten(archive: Archive) -> None:
    with pytest.raises(LookupError):
        _roll_back(archive, "从未有过")
    archive.books.enter(INSTALLATION, [UnitRecorded(replace(UNITS[3], name="研究一部"))], act="directory")
    with archive.books.database.reading() as connection:
        units = archive.books.directory(connection).units
        assert units == queries.directory(connection).units
        assert (units[3].name, units[4].name) == ("规划部", "研究一部")


def test_hidden_and_absent_are_told_the_same(archive: Archive) -> None:
    hidden = archive.carrier(level="top_secret", scope=("person:2",))
    person = replace(subject("ma", Grant(Role.CLERK, 4)))
    before = kept(archive)
    for carrier in (hidden, 999_999, 2**70):
        with pytest.raises(NotFound):
            archive.books.enter(person, [Borrowed(carrier, PEOPLE["ma"], archive.due(3))], act="borrow")
        with pytest.raises(NotFound):
            archive.books.refusals(person, [Borrowed(carrier, PEOPLE["ma"], archive.due(3))])
        settled = FindingSettled("F-1", "missing", "found", "已找到", carrier)
        with pytest.raises(NotFound):
            archive.books.enter(subject("ma", Grant(Role.MANAGER, 4)), [settled], act="settle")
    assert kept(archive) == before


def test_asking_gives_the_answer_of_entering_and_enters_nothing(archive: Archive) -> None:
    carrier = archive.carrier()
    before = kept(archive)
    facts = [Borrowed(carrier, PEOPLE["ma"], archive.due(3)), Borrowed(carrier, PEOPLE["chen"], archive.due(3))]
    again = [*facts, Borrowed(carrier, PEOPLE["sun"], archive.due(3))]
    signed = signatures(again, NOW, "ma", "chen", "sun")
    asked = archive.books.refusals(CLERK, again, act="borrow", signatures=signed)
    assert [[r.code for r in against] for against in asked] == [["not_cleared"], [], ["state"]]
    assert kept(archive) == before
    with pytest.raises(Refused) as caught:
        archive.enter(CLERK, facts[:1], "borrow", "ma")
    assert caught.value.refusals == asked[0]


def test_identifiers_are_never_given_twice(archive: Archive) -> None:
    given: list[int] = []
    lock = threading.Lock()

    def take() -> None:
        for _ in range(5):
            some = archive.books.reserve("carrier", 3)
            with lock:
                given.extend(some)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(1, 61))
    assert archive.books.reserve("person", 1) == range(len(PERSONS) + 1, len(PERSONS) + 2)
    with pytest.raises(ValueError, match="kinds are"):
        archive.books.reserve("cupboard", 1)
    with pytest.raises(ValueError, match="cannot reserve 0"):
        archive.books.reserve("carrier", 0)


def test_of_two_who_want_one_carrier_exactly_one_has_it(archive: Archive) -> None:
    carriers = archive.carriers(6)
    outcomes: list[tuple[int, str, str]] = []
    together = threading.Barrier(3)

    def want(who: str) -> None:
        for carrier in carriers:
            together.wait()
            try:
                archive.borrow(carrier, who)
                outcome = "lent"
            except Refused as refused:
                outcome = refused.refusals[0].code
            outcomes.append((carrier, who, outcome))

    threads = [threading.Thread(target=want, args=(who,)) for who in ("chen", "sun", "manager")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with archive.books.database.reading() as connection:
        for carrier in carriers:
            result = {who: outcome for c, who, outcome in outcomes if c == carrier}
            assert sorted(result.values()) == ["lent", "state", "state"]
            (winner,) = (who for who, outcome in result.items() if outcome == "lent")
            assert queries.state_of(connection, carrier).holder == PEOPLE[winner]
    assert archive.books.rebuild_check() == []


def test_two_servers_on_one_postgresql_share_one_ledger(new_database_url: Callable[[str], str]) -> None:
    url = new_database_url("postgresql")
    with Database.open(url) as one, Database.open(url) as other:
        here = an_archive(books_on(one))
        there = Archive(books_on(other))
        carriers = here.carriers(8)
        errors: list[BaseException] = []

        def lend(archive: Archive, mine: list[int]) -> None:
            try:
                for carrier in mine:
                    archive.borrow(carrier, "chen")
            except BaseException as error:
                errors.append(error)

        threads = [
            threading.Thread(target=lend, args=(here, carriers[::2])),
            threading.Thread(target=lend, args=(there, carriers[1::2])),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        there.books.enter(INSTALLATION, [UnitRecorded(replace(UNITS[2], name="规划一部"))], act="directory")
        with one.reading() as connection:
            assert here.books.directory(connection).units[3].name == "规划一部"
        assert here.books.rebuild_check() == []


def test_acts_are_numbered_by_kind_and_year_of_the_organisation(archive: Archive) -> None:
    clock = archive.books.clock
    assert isinstance(clock, Ticking)
    carrier = archive.carrier()
    assert archive.borrow(carrier, "chen").act == "JY-2026-0001"
    # 31 December 16:30 UTC is already the new year in Shanghai.
    clock.at = 1_798_734_600_000_000
    archive.give_back(carrier)
    assert archive.borrow(carrier, "chen").act == "JY-2027-0001"
    assert len(set(ACTS.values())) == len(ACTS)
    with pytest.raises(ValueError, match="no kind of act"):
        archive.books.enter(CLERK, [Moved(carrier, SHELF_2)], act="steal")
    with pytest.raises(ValueError, match="at least one fact"):
        archive.books.enter(CLERK, [], act="move")


def test_an_entry_says_who_when_and_with_which_signature(archive: Archive) -> None:
    carrier = archive.carrier()
    clock = archive.books.clock
    assert isinstance(clock, Ticking)
    clock.days(2)
    facts = [Borrowed(carrier, PEOPLE["chen"], archive.due(3), "评审")]
    (signature,) = signatures(facts, clock.at - 5, "chen")
    receipt = archive.books.enter(CLERK, facts, act="borrow", happened_at=NOW + DAY, signatures=(signature,))
    with archive.books.database.reading() as connection:
        entry = queries.entries_of(connection, CLERK, carrier)[-1]
    assert (entry.sequence, entry.act, entry.by) == (receipt.first, receipt.act, PEOPLE["clerk"])
    assert (entry.happened_at, entry.entered_at) == (NOW + DAY, NOW + 2 * DAY)
    assert (entry.fact, entry.signatures) == (facts[0], (signature,))


@pytest.mark.parametrize(
    "fact",
    [
        Borrowed(1, 4, "tomorrow"),  # type: ignore[arg-type]
        TagRetired(1, epc_of(1), "\x00"),
        TagRetired(1, epc_of(1), "\ud800"),
        TagBound(1, Tag(epc_of(7), tid=["E2"])),  # type: ignore[arg-type]
    ],
)
def test_what_an_entry_cannot_hold_exactly_is_never_entered(sqlite_archive: Archive, fact: Borrowed) -> None:
    sqlite_archive.carrier()
    before = kept(sqlite_archive)
    with pytest.raises((EntryInvalid, TypeError)):
        sqlite_archive.books.enter(CLERK, [fact], act="borrow")
    assert kept(sqlite_archive) == before


class TestCorrecting:
    """A mistake is corrected by a later entry that names it, and only while nothing stands on it."""

    def test_the_last_entry_of_a_carrier_can_be_corrected(self, archive: Archive) -> None:
        carrier = archive.carrier()
        wrong = archive.books.enter(CLERK, [Moved(carrier, SHELF_2)], act="move")
        archive.books.enter(CLERK, [Moved(carrier, SHELF)], act="move", corrects=wrong.last)
        with archive.books.database.reading() as connection:
            assert queries.entries_of(connection, CLERK, carrier)[-1].corrects == wrong.last

    def test_what_later_entries_stand_on_cannot(self, archive: Archive) -> None:
        carrier = archive.carrier()
        wrong = archive.books.enter(CLERK, [Moved(carrier, SHELF_2)], act="move")
        archive.borrow(carrier, "chen")
        archive.give_back(carrier, SHELF_2)
        with pytest.raises(Refused) as caught:
            archive.books.enter(CLERK, [Moved(carrier, SHELF)], act="move", corrects=wrong.last)
        assert caught.value.refusals[0].code == "corrects_depended_on"
        archive.books.enter(CLERK, [Moved(carrier, SHELF)], act="move")

    def test_an_entry_of_another_carrier_cannot(self, archive: Archive) -> None:
        one, two = archive.carriers(2)
        wrong = archive.books.enter(CLERK, [Moved(two, SHELF_2)], act="move")
        with pytest.raises(Refused) as caught:
            archive.books.enter(CLERK, [Moved(one, SHELF_2)], act="move", corrects=wrong.last)
        assert caught.value.refusals[0].code == "corrects_unknown"


class TestTime:
    """When it happened may be earlier than when it was entered, but never later, nor before what it follows."""

    def test_not_in_the_future(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        with pytest.raises(Refused) as caught:
            sqlite_archive.books.enter(CLERK, [Moved(carrier, SHELF_2)], act="move", happened_at=NOW + 1)
        assert [r.code for r in caught.value.refusals] == ["happened_in_future"]

    def test_not_before_the_state_that_it_ends(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        sqlite_archive.borrow(carrier, "chen")
        with pytest.raises(Refused) as caught:
            sqlite_archive.books.enter(CLERK, [Returned(carrier, SHELF, 12)], act="return", happened_at=NOW - 1)
        assert [r.code for r in caught.value.refusals] == ["happened_before_state"]
        sqlite_archive.books.enter(CLERK, [Returned(carrier, SHELF, 12)], act="return", happened_at=NOW)


class TestTakingOver:
    """The directory and the ledger kept before are brought in by the installation, or by a clerk."""

    def test_a_loan_of_the_old_ledger_is_told_as_it_was(self, archive: Archive) -> None:
        late, later = archive.carriers(2)
        for carrier in (late, later):  # two overdue loans of one person, longer than may be lent today
            loan = Borrowed(carrier, PEOPLE["chen"], NOW - 30 * DAY)
            archive.books.enter(INSTALLATION, [loan], act="take_in", happened_at=NOW - 200 * DAY)
        with archive.books.database.reading() as connection:
            page = queries.loans(connection, CLERK, NOW, overdue_only=True)
        assert [item.id for item in page.items] == [late, later]
        assert archive.books.rebuild_check() == []

    def test_a_loan_of_today_is_not_taken_over(self, archive: Archive) -> None:
        carrier = archive.carrier()
        archive.borrow(carrier, "chen")
        archive.give_back(carrier)
        clock = archive.books.clock
        assert isinstance(clock, Ticking)
        clock.days(1)
        with pytest.raises(Refused) as caught:
            archive.books.enter(CLERK, [Borrowed(carrier, PEOPLE["chen"], NOW - DAY)], act="take_in")
        assert "due_in_past" in {r.code for r in caught.value.refusals}

    def test_the_installation_does_nothing_else(self, archive: Archive) -> None:
        carrier = archive.carrier()
        before = kept(archive)
        for fact, act in (
            (Borrowed(carrier, PEOPLE["chen"], archive.due(3)), "borrow"),
            (Shelved(carrier, SHELF), "shelve"),
        ):
            with pytest.raises(NotFound):
                archive.books.enter(INSTALLATION, [fact], act=act)
        for fact in (Moved(carrier, SHELF_2), ReportedMissing(carrier, "不见")):
            with pytest.raises(NotFound):
                archive.books.enter(INSTALLATION, [fact], act="take_in")
        with pytest.raises(Refused):
            archive.books.enter(INSTALLATION, [RoundSigned("QC-1", 1, 1, 0, 0, 0, 0, 0, "")], act="take_in")
        assert kept(archive) == before

    def test_a_clerk_may_and_a_borrower_may_not(self, archive: Archive) -> None:
        facts = [PersonRecorded(replace(PERSONS[3], id=50, number="1050", name="王敏"))]
        archive.books.reserve("person", 50)
        archive.books.enter(CLERK, facts, act="directory")
        with pytest.raises(Refused) as caught:
            archive.books.enter(subject("chen", Role.BORROWER), facts, act="directory")
        assert [r.code for r in caught.value.refusals] == ["not_permitted"]


def test_places_under_a_changed_place_get_its_rating(archive: Archive) -> None:
    store = PLACES[2]
    archive.books.enter(CLERK, [PlaceRecorded(replace(store, rating="secret", parent=1))], act="directory")
    with archive.books.database.reading() as connection:
        row = connection.execute(select(t.PLACE).where(t.PLACE.c.id == SHELF)).one()
        assert (row.path, row.rating_rank) == ("/1/3/4/5/", 2)
    carrier = archive.carrier()
    top = archive.carrier(level="top_secret", place=None)
    with pytest.raises(Refused) as caught:
        archive.books.enter(CLERK, [Shelved(top, SHELF)], act="shelve")
    assert caught.value.refusals[0].code == "rated_too_low"
    assert carrier
    assert archive.books.rebuild_check() == []


def test_codes_may_change_hands_within_one_act(archive: Archive) -> None:
    """Two units swap their codes by way of a third."""
    two, three = UNITS[1], UNITS[2]
    facts = [
        UnitRecorded(replace(two, code="TMP")),
        UnitRecorded(replace(three, code=two.code)),
        UnitRecorded(replace(two, code=three.code)),
    ]
    archive.books.enter(INSTALLATION, facts, act="directory")
    with archive.books.database.reading() as connection:
        units = queries.directory(connection).units
    assert (units[2].code, units[3].code) == (three.code, two.code)
    assert archive.books.rebuild_check() == []


class TestProof:
    """What leaves the books can be checked without them."""

    def test_an_export_verifies_against_key_and_checkpoint(self, database: Database, tmp_path: Path) -> None:
        key = LedgerKey.load_or_create(tmp_path / "ledger.pem", "custody.yuanshan")
        archive = an_archive(books_on(database, key=key))
        carrier = archive.carrier()
        early = archive.books.checkpoint()
        archive.borrow(carrier, "chen")
        out = io.BytesIO()
        leaves = archive.books.export(out)
        export = out.getvalue()
        assert export.count(b"\n{") + 1 == leaves
        path = tmp_path / "export"
        path.write_bytes(export)
        (tmp_path / "checkpoint").write_text(early)
        (tmp_path / "key").write_text(str(key.vkey()) + "\n")
        arguments = [str(path), "--key", str(tmp_path / "key"), "--checkpoint", str(tmp_path / "checkpoint")]
        assert verify.main(arguments) == 0
        path.write_bytes(export.replace("陈国栋".encode(), "陈国梁".encode()))
        assert verify.main(arguments) == 1
        assert archive.books.checkpoint() == archive.books.checkpoint()

    def test_without_the_key_nothing_is_signed(self, books: Books) -> None:
        with pytest.raises(KeyMissing):
            books.checkpoint()
        with pytest.raises(KeyMissing):
            books.export(io.BytesIO())


TAMPERINGS = {
    "UPDATE carrier SET holder = 4 WHERE id = 1": "carrier 1: holder differ",
    "UPDATE carrier SET title = 'x' WHERE id = 1": "carrier 1: title differ",
    "UPDATE carrier SET rank = 0 WHERE id = 1": "carrier 1: rank differ",
    "DELETE FROM carrier WHERE id = 2": "carrier 2: not in the register",
    "INSERT INTO carrier_scope (principal, carrier) VALUES ('unit:1', 1)": "scope of carrier 1",
    "DELETE FROM carrier_scope WHERE carrier = 2": "scope of carrier 2",
    "INSERT INTO carrier_gram (gram, carrier) VALUES ('zz', 3)": "carrier_gram of carrier 3",
    "DELETE FROM carrier_gram WHERE gram = '远山' AND carrier = 1": "grams of carrier 1",
    "UPDATE tag SET retired = true": "tags of carrier 1",
    "UPDATE tag SET tid = 'E2' WHERE carrier = 2": "tags of carrier 2",
    "UPDATE place SET rating_rank = 3 WHERE id = 9": "place 9: rating_rank differ",
    "UPDATE place SET path = '/9/' WHERE id = 9": "place 9: path differ",
    "UPDATE person SET cleared_until = '2099-01-01' WHERE id = 6": "person 6: cleared_until differ",
    "DELETE FROM unit WHERE id = 4": "unit 4: not in the register",
    "UPDATE act SET by = 3": "person or time differ",
    "INSERT INTO act (number, kind, by, entered_at) VALUES ('JY-2026-0009', 'borrow', 1, 1)": "JY-2026-0009",
    "DELETE FROM act WHERE kind = 'take_in'": "is not kept",
    "UPDATE counter SET next = 1 WHERE name = 'id:carrier'": "identifiers of carrier",
    "UPDATE ledger_state SET size = size - 1": "leaves",
    "DELETE FROM entry WHERE sequence = 5": "entry 5 is not there",
    "UPDATE entry SET by = 3 WHERE sequence = 5": "entry 5: by differ",
    "UPDATE entry SET body = (SELECT e.body FROM entry e WHERE e.sequence = 4) WHERE sequence = 5": "frontier",
}


@pytest.mark.parametrize("statement", TAMPERINGS)
def test_a_rebuild_tells_every_kind_of_tampering(archive: Archive, statement: str) -> None:
    archive.carriers(2)
    assert archive.books.rebuild_check() == []
    with archive.books.database.writing() as connection:
        connection.execute(text(statement))
    told = archive.books.rebuild_check()
    assert any(TAMPERINGS[statement] in line for line in told), told
    assert not any("远山" in line for line in told)


def test_a_rebuild_stops_listing_where_everything_differs(sqlite_archive: Archive) -> None:
    sqlite_archive.carriers(250)
    with sqlite_archive.books.database.writing() as connection:
        connection.execute(text("DELETE FROM carrier"))
    told = sqlite_archive.books.rebuild_check()
    assert len(told) == 201
    assert "more than 200" in told[-1]


def test_hundreds_are_taken_in_as_one_act(archive: Archive) -> None:
    ids = archive.carriers(600, place=LOW_SHELF, level="confidential", scope=("unit:4", "post:general"))
    with archive.books.database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(t.CARRIER)).scalar_one() == len(ids)
        page = queries.carriers(connection, subject("ma", Role.BORROWER), limit=10)
    assert (page.total, len(page.items)) == (600, 10)
    assert archive.books.rebuild_check() == []
    receipt = archive.books.enter(CLERK, [Moved(carrier, SHELF) for carrier in ids], act="move")
    assert isinstance(receipt, Receipt)
    assert archive.books.rebuild_check() == []


_BACK_TO_0001 = (
    *(f"DROP TABLE {name}" for name in ("carrier_count", "common_scope", "balance_mark", "balance_sum")),
    *(f"DROP INDEX {name}" for name in ("ix_carrier_kind", "ix_carrier_level")),
    *(f"DROP TABLE {name}" for name in ("import_run", "import_mapping")),
    *(f"DROP TABLE {name}" for name in ("place_plan", "setup_waiver")),
    *(f"DROP TABLE {name}" for name in ("subscription", "delivery")),
    "DROP TABLE hand_over",
    "DROP TABLE saved_view",
    "DROP INDEX ix_tag_tid",
    "DROP INDEX ix_round_signed",
    *(f"DROP TABLE {name}" for name in ("round_terms", "round_event")),
    *(f"DROP TABLE {name}" for name in ("trial", "trial_tag")),
    "DROP TABLE count_scan",
    *(f"ALTER TABLE job_slot DROP COLUMN {name}" for name in ("began_at", "tries")),
    *(f"DROP TABLE {name}" for name in ("digest", "repeat", "message", "mail_address")),
    *(f"DROP TABLE {name}" for name in ("finding_case", "case_member", "case_event", "case_file")),
    "DROP INDEX ix_finding_escalates",
    "ALTER TABLE finding DROP COLUMN escalates_at",
    *(
        f"DROP TABLE {name}"
        for name in ("presence_conclusion", "presence_checkpoint", "calibration", "calibration_use", "tag_readability")
    ),
    "DROP INDEX ix_presence_silent",
    *(f"ALTER TABLE presence DROP COLUMN {name}" for name in ("silent_at", "checkpoint_at", "through_at")),
    "DROP TABLE outbox",
    *(f"DROP TABLE {name}" for name in ("tag_batch", "tag_number", "tag_number_event")),
    "DROP INDEX ix_tag_unreadable",
    "ALTER TABLE tag DROP COLUMN unreadable",
    *(
        f"DROP TABLE {name}"
        for name in ("reference_tag", "antenna_alive", "antenna_title", "reader_setup", "reader_minute")
    ),
    *(f"DROP TABLE {name}" for name in ("portal", "lying", "door_list")),
    *(f"DROP TABLE {name}" for name in ("handheld_read", "handheld_upload")),
    *(f"DROP TABLE {name}" for name in ("badge", "tap", "badge_use")),
    *(f"DROP TABLE {name}" for name in ("reader_input", "door_alarm")),
    *(f"DROP TABLE {name}" for name in ("witness", "cosignature", "ledger_check")),
    "ALTER TABLE checkpoint DROP COLUMN frontier",
    *(f"DROP TABLE {name}" for name in ("credential", "recovery_code", "sign_in_delay")),
    *(f"ALTER TABLE session DROP COLUMN {name}" for name in ("means", "seal")),
    *(f"ALTER TABLE device DROP COLUMN {name}" for name in ("old_token_hash", "old_until_at", "token_at")),
    *(f"DROP TABLE {name}" for name in ("audit_event", "look", "seal", "row_digest")),
    *(f"DROP TABLE {name}" for name in ("account_request", "emergency_grant")),
    *(f"ALTER TABLE account DROP COLUMN {name}" for name in ("must_change", "secret_until_at")),
    *(f"DROP TABLE {name}" for name in ("number_block", "allotted_label", "standing", "refusal")),
    *(f"DROP INDEX {name}" for name in ("ix_entry_kind", "ix_act_entered")),
    *(f"DROP TABLE {name}" for name in ("descent", "organisation", "licence", "agreement")),
    *(f"DROP TABLE {name}" for name in ("instruction", "acknowledgement")),
    "ALTER TABLE carrier DROP COLUMN intermediate",
    *(f"DROP INDEX {name}" for name in ("ix_finding_matter", "uq_notice_about")),
    *(f"DROP INDEX ix_carrier_{name}" for name in ("in_hand", "recalled")),
    "ALTER TABLE finding DROP COLUMN matter",
    *(f"ALTER TABLE notice DROP COLUMN {name}" for name in ("about", "finding_kind", "carrier", "due_at", "count")),
    *(f"DROP TABLE {name}" for name in ("print_log", "carrier_queue", "matter_line", "matter_party", "matter")),
    *(f"DROP TABLE {name}" for name in ("delegation", "responsibility")),
    *(f"DROP INDEX ix_carrier_{name}" for name in ("matter", "secret_until", "archive_by")),
    "DROP INDEX ix_entry_matter",
    *(
        f"ALTER TABLE carrier DROP COLUMN {name}"
        for name in ("matter", "secret_until", "archive_by", "renewals", "recalled")
    ),
    "ALTER TABLE entry DROP COLUMN matter",
    "UPDATE alembic_version SET version_num = '0001'",
)
"""A database as the first version left it."""


def test_books_of_the_first_version_are_migrated_and_still_say_what_the_ledger_says(archive: Archive) -> None:
    """Given books kept by the first version, when this one opens them, then the register is what the ledger tells."""
    dated = archive.carrier(period=Period("years", "5"), classified_on="2024-02-29")
    unmarked = archive.carrier(period=Period("maximum"), classified_on="2026-01-05")
    open_ended = archive.carrier(period=Period("long_term", "", "国家保密行政管理部门"))
    archive.borrow(dated, "chen")
    with archive.books.database.writing() as connection:
        accounts.create(connection, PEOPLE["chen"], "business", "hash", NOW)
        accounts.grant(connection, PEOPLE["chen"], Role.MANAGER, 4)
    with archive.books.database.writing() as connection:
        if connection.dialect.name == "postgresql":
            postgresql.take_down(connection)
        for statement in _BACK_TO_0001:
            connection.execute(text(statement))
    archive.books.database.migrate()
    assert archive.books.rebuild_check() == []
    with archive.books.database.reading() as connection:
        rows = connection.execute(text("SELECT id, secret_until FROM carrier ORDER BY id")).all()
    assert [tuple(row) for row in rows] == [(dated, "2029-03-01"), (unmarked, "2046-01-05"), (open_ended, "")]
    archive.give_back(dated)
    assert archive.books.rebuild_check() == []
