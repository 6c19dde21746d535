"""The sample's archive grown to any size, to open its pages on: the same people, and many times its carriers.

What is more is copied row by row from the sample's own carriers, each under a number, a tag and acts of its own:
register, scopes, pieces for the search, spans of the balance, tags, what was heard of them, and entries. The entries'
bytes are those of the carrier that they were copied from, so pages and counts are true and a fold of the ledger is
not; nothing here is for anything but measuring.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Table, func, select, update

from custody.access import INSTALLATION
from custody.entries import Fact, PersonRecorded, PlaceRecorded
from custody.ledger import Frontier, leaf_hash
from custody.store import schema as t
from custody.store.books import Books
from custody.store.carrier_counts import count_all
from custody.store.grams import grams
from custody.store.marks import highest_rank, write_marks
from custody.values import DAY, SECOND, Instant, Person, Place
from reconcile.store.core import PRESENCE

GENERATION = 500
"""Carriers that are entered by acts of their own, and stand on a shelf of their own."""
AT_ONCE = 80
"""Generations in one transaction."""
PEOPLE = 2_000
SHELVES = 1_000
YEARS_DAYS = 300
"""Over so many days the acts are spread, until two days ago."""
OVERDUE_EVERY = 40
"""Of the loans, which are a fiftieth of all."""
LOANS_IN = 50


@dataclass(frozen=True)
class _Pattern:
    """One of the sample's carriers, and all rows that are about it."""

    carrier: Mapping[str, Any]
    scope: Sequence[str]
    spans: Sequence[Mapping[str, Any]]
    entries: Sequence[Mapping[str, Any]]
    tags: int
    grams: Sequence[str]
    """Of its title."""


@dataclass
class _Rows:
    """What is to be inserted, by table."""

    columns: dict[Table, tuple[str, ...]] = field(default_factory=dict)
    rows: dict[Table, list[tuple[Any, ...]]] = field(default_factory=dict)
    grams: list[tuple[str, int]] = field(default_factory=list)

    def add(self, table: Table, values: Mapping[str, Any]) -> None:
        self.columns.setdefault(table, tuple(values))
        self.rows.setdefault(table, []).append(tuple(values.values()))

    def write(self, connection: Connection) -> None:
        for table, rows in self.rows.items():
            t.insert_rows(connection, table, self.columns[table], rows)
        # In their order: each piece is then one stretch of the table.
        t.insert_rows(connection, t.GRAM, ("gram", "carrier"), sorted(self.grams))
        self.rows, self.grams = {}, []


def grow(books: Books, size: int, say: Callable[[str], None] = lambda _line: None) -> None:
    """Grow the books of a sample to this many carriers; those that it has count among them."""
    with books.database.reading() as connection:
        there = connection.execute(select(func.count()).select_from(t.CARRIER)).scalar_one()
    if there >= size:
        return
    people, shelves = _directory(books, size - there)
    with books.database.reading() as connection:
        patterns = _patterns(connection)
        first = 1 + connection.execute(select(func.max(t.CARRIER.c.id))).scalar_one()
        sequence = books.position(connection)
    now = books.clock()
    made = _Maker(patterns, people, shelves, first, size - there, now, sequence)
    for begun in range(0, made.generations, AT_ONCE):
        with books.database.writing() as connection:
            made.write(connection, range(begun, min(begun + AT_ONCE, made.generations)))
        say(f"{min((begun + AT_ONCE) * GENERATION, size):,} of {size:,}")
    with books.database.writing() as connection:
        _close(connection, made)
        _count(connection, books, sequence)
        connection.exec_driver_sql("ANALYZE")


def _directory(books: Books, more: int) -> tuple[Sequence[int], Sequence[int]]:
    """People who borrow and shelves to stand on, as many as so many carriers need."""
    with books.database.reading() as connection:
        directory = books.directory(connection)
    units = sorted(directory.units)
    cabinet = next(one for one in directory.places.values() if one.code == "B1-02")
    people = books.reserve("person", max(1, min(PEOPLE, more // 500)))
    shelves = books.reserve("place", max(1, min(SHELVES, more // 1_000)))
    facts: list[Fact] = [
        PersonRecorded(
            Person(
                *(one, f"{100_000 + one}", f"某{one}", f"Mou {one}"),
                unit=units[one % len(units)],
                post_class="core",
                cleared_from="2020-01-01",
            )
        )
        for one in people
    ]
    facts += [
        PlaceRecorded(Place(one, f"B1-02-{one:05d}", f"{one}号层", "shelf", parent=cabinet.id, storage=True))
        for one in shelves
    ]
    books.enter(INSTALLATION, facts, act="directory")
    return people, shelves


def _patterns(connection: Connection) -> list[_Pattern]:
    """Those of the sample that came by the first import: nine in place for each one that is lent, and fewer lent."""
    c = t.CARRIER.c
    query = select(t.CARRIER).where(c.origin == "legacy", c.matter.is_(None)).order_by(c.id)
    found = connection.execute(query).all()
    in_place = [one for one in found if one.status == "in_place"]
    lent = [one for one in found if one.status == "on_loan"]
    chosen = in_place[: LOANS_IN * 9] + lent[:9]
    return [_pattern(connection, one) for one in chosen]


def _pattern(connection: Connection, carrier: Row[Any]) -> _Pattern:
    def of(table: Table, *order: str) -> list[Mapping[str, Any]]:
        query = select(table).where(table.c.carrier == carrier.id).order_by(*(table.c[name] for name in order))
        return [dict(row._mapping) for row in connection.execute(query)]

    return _Pattern(
        dict(carrier._mapping),
        [row["principal"] for row in of(t.SCOPE, "principal")],
        of(t.STANDING, "from_sequence"),
        of(t.ENTRY, "sequence"),
        len(of(t.TAG, "epc")),
        grams("", carrier.title),
    )


@dataclass
class _Maker:
    """Makes the rows of one generation after the other."""

    patterns: Sequence[_Pattern]
    people: Sequence[int]
    shelves: Sequence[int]
    first: int
    more: int
    now: Instant
    sequence: int
    acts: int = 0

    @property
    def generations(self) -> int:
        """How many there are."""
        return -(-self.more // GENERATION)

    def write(self, connection: Connection, generations: range) -> None:
        """Insert these generations."""
        rows = _Rows()
        for generation in generations:
            done = generation * GENERATION
            at = self.now - 2 * DAY - YEARS_DAYS * DAY * (self.generations - generation) // self.generations
            acts: dict[str, str] = {}
            for nth in range(done, min(done + GENERATION, self.more)):
                self._carrier(rows, self.patterns[nth % len(self.patterns)], nth, at, acts)
        rows.write(connection)

    def _carrier(self, rows: _Rows, like: _Pattern, nth: int, at: Instant, acts: dict[str, str]) -> None:
        number = self.first + nth
        control_number = f"YS-2024-{number:07d}"
        placed = self._sequences(rows, like, number, at, acts)
        shelf = self.shelves[nth // GENERATION % len(self.shelves)]
        changed = {
            "id": number,
            "control_number": control_number,
            "home": like.carrier["home"] and shelf,
            "place": like.carrier["place"] and shelf,
            "holder": like.carrier["holder"] and self.people[nth % len(self.people)],
            "due_at": like.carrier["due_at"] and self._due(nth),
            "since_at": at,
            "last_sequence": self.sequence,
        }
        rows.add(t.CARRIER, {**like.carrier, **changed})
        for principal in like.scope:
            rows.add(t.SCOPE, {"principal": principal, "carrier": number})
        rows.grams += [(gram, number) for gram in (*like.grams, *grams(control_number, ""))]
        for span in like.spans:
            until = span["to_sequence"]
            moved = {
                "carrier": number,
                "from_sequence": placed[span["from_sequence"]],
                "to_sequence": None if until is None else placed[until],
                "happened_at": at,
                "control_number": control_number,
            }
            rows.add(t.STANDING, {**span, **moved})
        if like.tags:
            self._tag(rows, number, shelf, heard=like.carrier["status"] == "in_place")

    def _due(self, nth: int) -> Instant:
        late = nth // len(self.patterns) % OVERDUE_EVERY == 0
        return self.now - (1 + nth % 90) * DAY if late else self.now + (1 + nth % 60) * DAY

    def _sequences(self, rows: _Rows, like: _Pattern, number: int, at: Instant, acts: dict[str, str]) -> dict[int, int]:
        """Its entries; gives the new sequence of each old one."""
        placed = {}
        for entry in like.entries:
            if entry["act"] not in acts:
                self.acts += 1
                acts[entry["act"]] = f"DJ-2025-{self.acts:06d}"
                rows.add(t.ACT, {"number": acts[entry["act"]], "kind": "take_in", "by": entry["by"], "entered_at": at})
            self.sequence += 1
            placed[entry["sequence"]] = self.sequence
            own = {"sequence": self.sequence, "carrier": number, "act": acts[entry["act"]]}
            rows.add(t.ENTRY, {**entry, **own, "happened_at": at, "entered_at": at})
        return placed

    def _tag(self, rows: _Rows, number: int, shelf: int, *, heard: bool) -> None:
        epc = f"3414F4A2{0xB000_0000_0000_0000 + number:016X}"
        bound = {"epc": epc, "tid": None, "carrier": number, "retired": False, "unreadable": False}
        rows.add(t.TAG, bound)
        if heard:
            seen = self.now - 5 * SECOND
            where = {"epc": epc, "place": shelf, "strength": "confirmed", "since_at": seen - DAY, "heard_at": seen}
            how = {"here_at": seen, "reader": "cabinet", "antenna": 1, "reads": 99, "state": b""}
            rows.add(PRESENCE, where | how)


def _close(connection: Connection, made: _Maker) -> None:
    """Counters, the tree and its size, as though all had been entered."""
    state = connection.execute(select(t.LEDGER_STATE)).one()
    old = Frontier.from_bytes(state.size, bytes(state.frontier))
    frontier = old.extend(leaf_hash(body) for body in _bodies(connection, state.size + 1))
    connection.execute(update(t.LEDGER_STATE).values(size=frontier.size, frontier=frontier.to_bytes()))
    carriers = update(t.COUNTER).where(t.COUNTER.c.name == "id:carrier")
    connection.execute(carriers.values(next=made.first + made.more))
    connection.execute(t.COUNTER.insert().values(name="act:DJ:2025", next=made.acts + 1))


def _count(connection: Connection, books: Books, before: int) -> None:
    """What the books count beforehand, of what was copied past them."""
    connection.execute(t.CARRIER_COUNT.delete())
    connection.execute(t.COMMON_SCOPE.delete())
    count_all(connection)
    write_marks(connection, highest_rank(books.scheme), before, books.position(connection))


def _bodies(connection: Connection, first: int) -> Iterator[bytes]:
    query = select(t.ENTRY.c.body).where(t.ENTRY.c.sequence >= first).order_by(t.ENTRY.c.sequence)
    for row in connection.execute(query.execution_options(yield_per=2_000)):
        yield bytes(row.body)
