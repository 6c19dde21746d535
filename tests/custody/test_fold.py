"""Whatever people do, in whatever order: the register is the fold, and never impossible.

One machine plays on the pure fold with the rules before it; the other on the store, bounded, on both engines.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Connection, select

from custody.balance import balance
from custody.database import Database
from custody.entries import (
    Borrowed,
    CarrierFact,
    Entry,
    Fact,
    Imported,
    Moved,
    Received,
    ReportedFound,
    ReportedMissing,
    Returned,
    Shelved,
    Signature,
    TagBound,
    TagReadable,
    TagRetired,
    TagUnreadable,
    decode,
    encode,
)
from custody.life_cycle import Status
from custody.procedures import refusals
from custody.register import CarrierState, FoldBroken, Register, apply, fold
from custody.rules import NotFound, Refused, Situation
from custody.store import queries
from custody.store import schema as t
from custody.store.projection import load_states
from custody.values import DAY, Tag
from tests.builders import (
    CLERK,
    NOW,
    PEOPLE,
    SCHEME,
    SHELF,
    SHELF_2,
    TODAY,
    Archive,
    an_archive,
    books_on,
    description,
    directory,
    epc_of,
    signatures,
)
from tests.custody.test_books import everything

CARRIERS = st.integers(1, 4)
PLACES = st.integers(1, 10)
HOLDERS = st.sampled_from([PEOPLE[name] for name in ("manager", "chen", "sun", "ma", "he", "lin")])
LEVELS = st.sampled_from(["top_secret", "secret", "confidential", "internal"])
SCOPES = st.sampled_from([("all",), ("unit:4",), ("post:core",), ()])
DESCRIPTIONS = st.builds(
    lambda number, copy, level, scope: description(
        f"YS-{number}", copy_number=copy, copies=2, level=level, scope=scope, issuer="部机关", issuer_number="3"
    ),
    st.integers(1, 3),
    st.integers(1, 3),
    LEVELS,
    SCOPES,
)
TAGS = st.integers(1, 5).map(epc_of)
FACTS: st.SearchStrategy[Fact] = st.one_of(
    st.builds(Imported, CARRIERS, DESCRIPTIONS),
    st.builds(Received, CARRIERS, DESCRIPTIONS),
    st.builds(TagBound, CARRIERS, TAGS.map(Tag)),
    st.builds(TagRetired, CARRIERS, TAGS, st.just("撕裂")),
    st.builds(TagUnreadable, CARRIERS, TAGS, st.just("无应答")),
    st.builds(TagReadable, CARRIERS, TAGS),
    st.builds(Shelved, CARRIERS, PLACES),
    st.builds(Moved, CARRIERS, PLACES),
    st.builds(Borrowed, CARRIERS, HOLDERS, st.integers(-1, 40).map(lambda days: NOW + days * DAY)),
    st.builds(Returned, CARRIERS, PLACES, st.none() | st.integers(10, 13)),
    st.builds(ReportedMissing, CARRIERS, st.just("不见")),
    st.builds(ReportedFound, CARRIERS, PLACES, st.just("找到")),
)


@dataclass(frozen=True)
class Likely:
    """What may well happen to a carrier in its state, so that histories grow long; ends are rarer than use."""

    which: int
    kind: int
    place: int
    holder: int
    days: int

    def fact(self, states: Mapping[int, CarrierState]) -> CarrierFact:
        """A fact for one of the carriers; a new one where there is none yet."""
        if not states:
            return Imported(1, description("YS-1", copies=2))
        state = states[sorted(states)[self.which % len(states)]]
        one, epc = state.id, epc_of(100 * state.id + self.kind)
        use: dict[Status, list[CarrierFact]] = {
            Status.IN_PLACE: [
                Shelved(one, self.place) if state.home is None else Moved(one, self.place),
                Borrowed(one, self.holder, NOW + self.days * DAY),
                Borrowed(one, self.holder, NOW + self.days * DAY),
                TagBound(one, Tag(epc)),
                TagRetired(one, state.tags[0].epc if state.tags else epc, "撕裂"),
                ReportedMissing(one, "不见"),
            ],
            Status.ON_LOAN: [Returned(one, self.place), Returned(one, self.place, 12), ReportedMissing(one, "不见")],
            Status.DECLARED_LOST: [ReportedFound(one, self.place, "找到")],
        }
        return use[state.status][self.kind % len(use[state.status])]


LIKELY = st.builds(
    Likely,
    st.integers(0, 3),
    st.integers(0, 5),
    st.sampled_from([SHELF, SHELF_2]),
    st.sampled_from([PEOPLE["chen"], PEOPLE["manager"]]),
    st.integers(1, 30),
)


def possible(state: CarrierState) -> None:
    """What must hold of every carrier at every moment."""
    assert (state.status is Status.ON_LOAN) == (state.due_at is not None)
    assert state.status is not Status.ON_LOAN or state.holder is not None
    assert state.status is not Status.IN_PLACE or state.holder is None
    assert state.place is None or state.status is Status.IN_PLACE
    assert state.status is not Status.IN_PLACE or state.place is not None or state.home is None
    assert not {tag.epc for tag in state.tags} & set(state.retired_epcs)
    assert len({tag.epc for tag in state.tags}) == len(state.tags)


class FoldMachine(RuleBasedStateMachine):
    """Entries that the rules allow, folded one by one and all at once."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []
        self.states: dict[int, CarrierState] = {}

    @rule(fact=FACTS)
    def happen(self, fact: CarrierFact) -> None:
        """Enter the fact where nothing stands against it."""
        before = self.states.get(fact.carrier)
        known = {tag.epc: s.id for s in self.states.values() for tag in s.tags}
        known |= {epc: s.id for s in self.states.values() for epc in s.retired_epcs}
        numbers = {(s.description.control_number, s.description.copy_number) for s in self.states.values()}
        signed = tuple(Signature(person, NOW, "password", "") for person in PEOPLE.values())
        where = Situation(
            CLERK, SCHEME, directory(), NOW, TODAY, epcs_known=known, numbers_taken=numbers, signatures=signed
        )
        try:
            against = refusals(before, fact, where)
        except NotFound:
            assert before is None
            return
        if against:
            return
        entry = Entry(len(self.entries) + 1, "X", 1, NOW, NOW, "00", fact)
        self.entries.append(entry)
        self.states[fact.carrier] = apply(before, entry)

    @rule(likely=LIKELY)
    def go_on(self, likely: Likely) -> None:
        """Something that may well be allowed."""
        self.happen(likely.fact(self.states))

    @invariant()
    def every_carrier_is_possible(self) -> None:
        """No carrier in two hands, none in a hand and in a place."""
        for state in self.states.values():
            possible(state)

    @invariant()
    def no_tag_on_two_carriers(self) -> None:
        """An EPC names one carrier for ever."""
        epcs = [epc for s in self.states.values() for epc in (*(tag.epc for tag in s.tags), *s.retired_epcs)]
        assert len(epcs) == len(set(epcs))

    @invariant()
    def the_balance_closes(self) -> None:
        """What came in is somewhere."""
        came: dict[Any, int] = {}
        states: dict[Status, int] = {}
        for entry in self.entries:
            if isinstance(entry.fact, Imported | Received):
                origin = "legacy" if isinstance(entry.fact, Imported) else "received"
                came[origin] = came.get(origin, 0) + 1
        for state in self.states.values():
            states[state.status] = states.get(state.status, 0) + 1
        assert balance(came, states).closes

    def teardown(self) -> None:
        """The fold of the stored bytes is what was applied step by step, at every position."""
        whole: Register = fold(decode(encode(entry)) for entry in self.entries)
        assert whole.carriers == self.states
        assert whole.position == len(self.entries)


TestFold = FoldMachine.TestCase
TestFold.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def folded(connection: Connection) -> Register:
    """The register from the ledger's bytes."""
    rows = connection.execute(select(t.ENTRY.c.body).order_by(t.ENTRY.c.sequence)).scalars()
    return fold(decode(bytes(body)) for body in rows)


def normal(state: CarrierState) -> CarrierState:
    """With scope and tags in the order in which the store gives them."""
    scope = replace(state.description.scope, principals=tuple(sorted(state.description.scope.principals)))
    return replace(
        state,
        description=replace(state.description, scope=scope),
        tags=tuple(sorted(state.tags, key=lambda tag: tag.epc)),
        retired_epcs=tuple(sorted(state.retired_epcs)),
        unreadable=tuple(sorted(state.unreadable)),
    )


class StoreMachine(RuleBasedStateMachine):
    """Acts of one to four facts, entered or refused whole."""

    database: Database

    @initialize()
    def begin(self) -> None:
        """An archive, empty again."""
        with self.database.writing() as connection:
            for table in (
                t.CARRIER_COUNT,
                t.COMMON_SCOPE,
                t.BALANCE_MARK,
                t.STANDING,
                t.GRAM,
                t.SCOPE,
                t.TAG,
                t.CARRIER,
                t.ENTRY,
                t.ACT,
                t.COUNTER,
                t.UNIT,
                t.PLACE,
                t.PERSON,
            ):
                connection.execute(table.delete())
            connection.execute(t.LEDGER_STATE.update().values(size=0, frontier=b""))
        self.archive: Archive = an_archive(books_on(self.database))
        self.archive.books.reserve("carrier", 4)
        known = directory()
        self.entered = len(known.units) + len(known.places) + len(known.persons)

    @rule(facts=st.lists(FACTS, min_size=1, max_size=4), act=st.sampled_from(["take_in", "borrow", "shelve"]))
    def enter_all(self, facts: list[Fact], act: str) -> None:
        """All or nothing; the dry run gave the same answer before."""
        books = self.archive.books
        with self.database.reading() as connection:
            before = everything(connection)
        try:
            receipt = books.enter(CLERK, facts, act=act, signatures=signatures(facts, NOW, *PEOPLE))
        except (Refused, NotFound) as error:
            self._unchanged(error, before, facts, act)
            return
        assert (receipt.first, receipt.last) == (self.entered + 1, self.entered + len(facts))
        self.entered = receipt.last

    def _unchanged(self, error: Refused | NotFound, before: Any, facts: list[Fact], act: str) -> None:
        with self.database.reading() as connection:
            assert everything(connection) == before
        if isinstance(error, Refused):
            tried = facts[: error.at + 1]
            asked = self.archive.books.refusals(CLERK, tried, act=act, signatures=signatures(tried, NOW, *PEOPLE))
            assert asked == [()] * error.at + [error.refusals]

    @rule(likely=st.lists(LIKELY, min_size=1, max_size=3))
    def go_on(self, likely: list[Likely]) -> None:
        """Something that may well be allowed."""
        with self.database.reading() as connection:
            states = load_states(connection, range(1, 9))
        self.enter_all([one.fact(states) for one in likely], "borrow")

    @invariant()
    def the_projection_is_the_fold(self) -> None:
        """Row by row, and by the check that an installation runs."""
        if not hasattr(self, "archive"):
            return
        with self.database.reading() as connection:
            register = folded(connection)
            assert register.position == self.entered
            assert {i: normal(s) for i, s in register.carriers.items()} == load_states(connection, range(1, 9))
            assert register.directory == queries.directory(connection)
            for state in register.carriers.values():
                possible(state)
            counted = balance(*queries.origin_and_status_counts(connection, CLERK))
            assert counted.closes
            assert counted.came_in_total == len(register.carriers)
        assert self.archive.books.rebuild_check() == []


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_the_store_keeps_what_the_fold_says(engine: str, new_database_url: Callable[[str], str]) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    with Database.open(new_database_url(engine)) as opened:
        machine = type("Machine", (StoreMachine,), {"database": opened})
        bounded = settings(
            max_examples=6, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
        )
        run_state_machine_as_test(machine, settings=bounded)


@given(FACTS)
def test_an_entry_that_cannot_follow_breaks_the_fold(fact: CarrierFact) -> None:
    """The fold trusts nobody: what the rules would have refused by the life cycle is refused here too."""
    coming = isinstance(fact, Imported | Received)
    entry = Entry(1, "X", 1, NOW, NOW, "00", fact)
    if coming:
        state = apply(None, entry)
        with pytest.raises(FoldBroken, match="cannot follow"):
            apply(state, entry)
    else:
        with pytest.raises(FoldBroken, match="not registered"):
            apply(None, entry)


def test_a_gap_breaks_the_fold() -> None:
    first = Entry(1, "X", 1, NOW, NOW, "00", Imported(1, description()))
    third = Entry(3, "X", 1, NOW, NOW, "00", Moved(1, 1))
    with pytest.raises(FoldBroken, match="entry 2 is not there"):
        fold([first, third])
