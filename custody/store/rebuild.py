"""The whole ledger folded from its stored bytes, and every difference from the register and the tree.

Two passes, neither of which grows with the ledger: by sequence for the tree, the gaps, the columns and the
directory; by carrier for the register, one carrier at a time.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, func, select

from custody.balance import Standing, chained, next_standing
from custody.entries import CarrierFact, Entry, EntryInvalid, decode, matter_of
from custody.ledger import Broken, Frontier, VerifierKey, leaf_hash, parse_checkpoint, verify_signature
from custody.matters import Line, Matter, MatterBroken, apply_matter
from custody.register import CarrierState, Directory, FoldBroken, apply
from custody.scheme import Scheme
from custody.store import accounts_check, carrier_counts, counters, covered, credentials, digests, marks, seals
from custody.store import matters as stored
from custody.store import projection as p
from custody.store import schema as t
from custody.store import standing as standings
from custody.store.acts import ACTS
from custody.store.grams import grams
from custody.store.orders import BLOCK_COLUMNS, LABEL_COLUMNS, block_values, label_values

_ = accounts_check, credentials  # their comparisons are among the checks
DIFFERENCES_MAX = 200
"""Where more differ, the books need an enquiry, not a longer list."""


class _Enough(Exception):
    """The list is full."""


class _Differences:
    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, text: str) -> None:
        if len(self.found) == DIFFERENCES_MAX:
            self.found.append(f"more than {DIFFERENCES_MAX} differences; the rest is not listed")
            raise _Enough
        self.found.append(text)

    def compare(self, what: str, names: Sequence[str], said: Sequence[Any] | None, kept: Sequence[Any] | None) -> None:
        """`said` by the ledger, `kept` in the register; None: no such row. Values are never shown: titles."""
        if said is None or kept is None:
            if said is not kept:
                self.add(f"{what}: {'not in the register' if kept is None else 'not in the ledger'}")
            return
        wrong = [name for name, one, other in zip(names, said, kept, strict=True) if one != other]
        if wrong:
            self.add(f"{what}: {', '.join(wrong)} differ from the ledger")


def differences(
    connection: Connection,
    scheme: Scheme,
    keys: Sequence[VerifierKey] = (),
    progress: Callable[[int], None] | None = None,
) -> list[str]:
    """Every difference between the ledger's bytes and what is kept beside them; empty where all is equal.

    `keys`: those that checkpoints were signed with; without any, their signatures are not looked at. `progress` is told
    now and then how many rows were looked at.
    """
    told = _Differences()
    watched = _WATCH.set(None if progress is None else _Watch(progress))
    try:
        directory = _by_sequence(connection, told, _Checkpoints(connection, told, keys))
        _directory(connection, scheme, directory, told)
        _by_carrier(connection, scheme, told)
        _by_matter(connection, scheme, told)
        _acts(connection, told)
        carrier_counts.differences(connection, told.add)
        marks.differences(connection, scheme, told.add)
        counters.differences(connection, told.add)
        seals.differences(connection, told.add)
        digests.differences(connection, told.add)
        _further(connection, told)
    except _Enough:
        pass  # the list says so itself
    finally:
        _WATCH.reset(watched)
    return told.found


class _Watch:
    """Counts the rows of all passes."""

    def __init__(self, progress: Callable[[int], None]) -> None:
        self._progress = progress
        self._rows = 0

    def counted(self, rows: Iterable[Any]) -> Iterator[Any]:
        """The rows, told of every thousand."""
        for row in rows:
            self._rows += 1
            if self._rows % 1_000 == 0:
                self._progress(self._rows)
            yield row


_WATCH: ContextVar[_Watch | None] = ContextVar("_WATCH", default=None)


def _further(connection: Connection, told: _Differences) -> None:
    """What other stores compare. A log that was tampered with may not even be readable: that is told, too."""
    for check in covered.CHECKS:
        try:
            for found in check(connection):
                told.add(found)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            told.add(f"{check.__module__.rpartition('.')[2]}: what is kept cannot be read ({type(error).__name__})")


def _stream(connection: Connection, query: Any) -> Iterator[Any]:
    rows: Iterator[Any] = seals.stream(connection, query)
    watch = _WATCH.get()
    return rows if watch is None else watch.counted(rows)


def _read(row: Any, told: _Differences) -> Entry | None:
    try:
        return decode(bytes(row.body))
    except EntryInvalid as error:
        told.add(f"entry {row.sequence}: {error}")
        return None


class _Checkpoints:
    """Kept checkpoints as the tree grows past their sizes."""

    def __init__(self, connection: Connection, told: _Differences, keys: Sequence[VerifierKey]) -> None:
        self._rows = _stream(connection, select(t.CHECKPOINT).order_by(t.CHECKPOINT.c.size))
        self._told = told
        self._keys = keys
        self._row = next(self._rows, None)

    def due(self, size: int) -> bool:
        """Whether one is kept at this size, or was passed over."""
        return self._row is not None and self._row.size <= size

    def hold(self, frontier: Frontier) -> None:
        """Those up to this size against the tree of this size."""
        while self.due(frontier.size):
            assert self._row is not None
            self._one(self._row, frontier)
            self._row = next(self._rows, None)

    def rest(self) -> None:
        """Those beyond the last entry."""
        while self._row is not None:
            self._told.add(f"checkpoint {self._row.size}: is over more entries than there are")
            self._row = next(self._rows, None)

    def _one(self, row: Any, frontier: Frontier) -> None:
        try:
            signed = parse_checkpoint(row.note)
        except Broken as error:
            self._told.add(f"checkpoint {row.size}: {error}")
            return
        if (signed.size, signed.root) != (row.size, frontier.root()) or row.size != frontier.size:
            self._told.add(f"checkpoint {row.size}: is not over these entries")
        elif self._keys and not any(verify_signature(signed, key) for key in self._keys):
            self._told.add(f"checkpoint {row.size}: is not signed by this ledger's key")


def _by_sequence(connection: Connection, told: _Differences, checkpoints: _Checkpoints) -> Directory:
    """Tree, gaps, and the columns beside the bytes; gives the directory that the ledger tells."""
    directory = Directory()
    frontier, batch, last = Frontier(), [], 0
    checkpoints.hold(frontier)
    for row in _stream(connection, select(t.ENTRY).order_by(t.ENTRY.c.sequence)):
        if row.sequence != last + 1:
            told.add(f"entry {last + 1} is not there; the next is {row.sequence}")
        last = row.sequence
        batch.append(leaf_hash(bytes(row.body)))
        if len(batch) == 4_096 or checkpoints.due(frontier.size + len(batch)):
            frontier, batch = frontier.extend(batch), []
            checkpoints.hold(frontier)
        entry = _read(row, told)
        if entry is not None:
            _columns(row, entry, told)
            directory.record(entry)
    frontier = frontier.extend(batch)
    checkpoints.rest()
    state = connection.execute(select(t.LEDGER_STATE)).one()
    if state.size != frontier.size:
        told.add(f"the tree has {state.size} leaves, the ledger {frontier.size} entries")
    elif bytes(state.frontier) != frontier.to_bytes():
        told.add("the frontier of the tree is not that of the entries")
    return directory


def _columns(row: Any, entry: Entry, told: _Differences) -> None:
    fact = entry.fact
    carrier = getattr(fact, "carrier", None)
    matter = matter_of(fact)
    said = (entry.sequence, fact.kind, carrier, matter, entry.act, entry.by, entry.happened_at, entry.entered_at)
    kept = (row.sequence, row.kind, row.carrier, row.matter, row.act, row.by, row.happened_at, row.entered_at)
    names = ("sequence", "kind", "carrier", "matter", "act", "by", "happened_at", "entered_at")
    told.compare(f"entry {row.sequence}", names, said, kept)


def _directory(connection: Connection, scheme: Scheme, directory: Directory, told: _Differences) -> None:
    tables: list[tuple[Table, list[str], dict[int, list[Any]]]] = [
        (t.UNIT, p.UNIT_COLUMNS, {u.id: p.unit_values(u) for u in directory.units.values()}),
        (t.PLACE, p.PLACE_COLUMNS, {q.id: p.place_values(q, directory, scheme) for q in directory.places.values()}),
        (t.PERSON, p.PERSON_COLUMNS, {h.id: p.person_values(h) for h in directory.persons.values()}),
    ]
    for table, columns, said in tables:
        kept = {row.id: [getattr(row, name) for name in columns] for row in connection.execute(select(table))}
        for identifier in sorted(said.keys() | kept.keys()):
            told.compare(f"{table.name} {identifier}", columns, said.get(identifier), kept.get(identifier))
    _same_rows(
        connection, t.DELEGATION, p.DELEGATION_COLUMNS, map(p.delegation_values, directory.delegations.values()), told
    )
    accepted = ([place, person, at] for place, (person, at) in directory.accepted.items())
    _same_rows(connection, t.RESPONSIBILITY, p.RESPONSIBILITY_COLUMNS, accepted, told)
    for table, columns, others in p.other_rows(directory):
        _same_rows(connection, table, columns, others.values(), told, keys=2 if table is t.ACKNOWLEDGEMENT else 1)


def _same_rows(
    connection: Connection,
    table: Table,
    columns: list[str],
    said: Iterable[list[Any]],
    told: _Differences,
    keys: int = 1,
) -> None:
    """Small tables whose first columns are the key."""
    by_key = {tuple(row[:keys]): row for row in said}
    rows = connection.execute(select(*(table.c[name] for name in columns)))
    kept = {tuple(row[:keys]): list(row) for row in rows}
    for key in sorted(by_key.keys() | kept.keys()):
        named = " ".join(map(str, key))
        told.compare(f"{table.name} {named}", columns, by_key.get(key), kept.get(key))


def _by_matter(connection: Connection, scheme: Scheme, told: _Differences) -> None:
    """Each matter, its lines and its parties, from its own entries; one matter in memory at a time."""
    e = t.ENTRY.c
    query = select(e.sequence, e.matter, e.body).where(e.matter.is_not(None)).order_by(e.matter, e.sequence)
    seen: set[int] = set()
    for identifier, rows in groupby(_stream(connection, query), key=lambda row: row.matter):
        seen.add(identifier)
        matter: Matter | None = None
        lines: dict[int, Line] = {}
        for row in rows:
            entry = _read(row, told)
            if entry is None:
                continue
            carrier = getattr(entry.fact, "carrier", 0)
            try:
                matter, line = apply_matter(matter, lines.get(carrier), entry)
            except MatterBroken as error:
                told.add(str(error))
                continue
            if line is not None:
                lines[carrier] = line
        if matter is not None:
            _matter(connection, scheme, matter, lines, told)
    kept = set(connection.execute(select(t.MATTER.c.id)).scalars())
    for table in (t.NUMBER_BLOCK, t.ALLOTTED_LABEL):
        kept |= set(connection.execute(select(table.c.matter).distinct()).scalars())
    for identifier in sorted(kept - seen):
        told.add(f"matter {identifier}: not in the ledger")


def _matter(connection: Connection, scheme: Scheme, matter: Matter, lines: dict[int, Line], told: _Differences) -> None:
    row = connection.execute(select(t.MATTER).where(t.MATTER.c.id == matter.id)).first()
    kept = None if row is None else [getattr(row, name) for name in stored.COLUMNS]
    told.compare(f"matter {matter.id}", stored.COLUMNS, stored.matter_values(matter, scheme), kept)
    found = {
        row.carrier: stored.line_values(stored.line_of_row(row))
        for row in connection.execute(select(t.LINE).where(t.LINE.c.matter == matter.id))
    }
    for carrier in sorted(lines.keys() | found.keys()):
        said = stored.line_values(lines[carrier]) if carrier in lines else None
        told.compare(f"line {carrier} of matter {matter.id}", stored.LINE_COLUMNS, said, found.get(carrier))
    query = select(*(t.PARTY.c[name] for name in stored.PARTY_COLUMNS)).where(t.PARTY.c.matter == matter.id)
    if sorted(tuple(row) for row in connection.execute(query)) != stored.party_values(matter):
        told.add(f"parties of matter {matter.id}: differ from the ledger")
    _order(connection, matter, told)


def _order(connection: Connection, matter: Matter, told: _Differences) -> None:
    """The copy numbers that an order holds, and the labels given out for it."""
    for what, table, columns, values in (
        ("copy numbers", t.NUMBER_BLOCK, BLOCK_COLUMNS, block_values(matter)),
        ("labels", t.ALLOTTED_LABEL, LABEL_COLUMNS, label_values(matter)),
    ):
        query = select(*(table.c[name] for name in columns)).where(table.c.matter == matter.id)
        if sorted(tuple(row) for row in connection.execute(query)) != values:
            told.add(f"{what} of matter {matter.id}: differ from the ledger")


def _folded(connection: Connection, told: _Differences) -> Iterator[tuple[int, CarrierState, list[Standing]]]:
    """Each carrier's state and the chain of its standings from its own entries, in order of identifier."""
    query = (
        select(t.ENTRY.c.sequence, t.ENTRY.c.carrier, t.ENTRY.c.body)
        .where(t.ENTRY.c.carrier.is_not(None))
        .order_by(t.ENTRY.c.carrier, t.ENTRY.c.sequence)
    )
    for carrier, rows in groupby(_stream(connection, query), key=lambda row: row.carrier):
        state: CarrierState | None = None
        stood: list[Standing] = []
        for row in rows:
            entry = _read(row, told)
            if entry is None or not isinstance(entry.fact, CarrierFact):
                continue
            try:
                before, state = state, apply(state, entry)
            except FoldBroken as error:
                told.add(str(error))
                continue
            stands = next_standing(before, state, entry)
            if stands is not None:
                stood.append(stands)
        if state is not None:
            yield carrier, state, chained(stood)


class _Aligned:
    """Rows of a table grouped by carrier, handed out as the carriers pass by in ascending order."""

    def __init__(self, name: str, rows: Iterable[tuple[Any, ...]], told: _Differences) -> None:
        self._groups = groupby(rows, key=itemgetter(0))
        self._name = name
        self._told = told
        self._next: tuple[int, list[tuple[Any, ...]]] | None = None
        self._advance()

    def _advance(self) -> None:
        group = next(self._groups, None)
        self._next = None if group is None else (group[0], [row[1:] for row in group[1]])

    def of(self, carrier: int) -> list[tuple[Any, ...]]:
        """The rows of this carrier; rows of carriers passed over are told."""
        while self._next is not None and self._next[0] < carrier:
            self._told.add(f"{self._name} of carrier {self._next[0]}: not in the ledger")
            self._advance()
        if self._next is None or self._next[0] != carrier:
            return []
        rows = self._next[1]
        self._advance()
        return rows

    def rest(self) -> None:
        """Tell what is left after the last carrier."""
        while self._next is not None:
            self._told.add(f"{self._name} of carrier {self._next[0]}: not in the ledger")
            self._advance()


def _by_carrier(connection: Connection, scheme: Scheme, told: _Differences) -> None:
    def aligned(table: Table, key: str, columns: Sequence[str]) -> _Aligned:
        query = select(table.c[key], *(table.c[name] for name in columns)).order_by(table.c[key])
        return _Aligned(table.name, (tuple(row) for row in _stream(connection, query)), told)

    rows = aligned(t.CARRIER, "id", p.CARRIER_COLUMNS)
    scopes = aligned(t.SCOPE, "carrier", ["principal"])
    pieces = aligned(t.GRAM, "carrier", ["gram"])
    queues = aligned(t.QUEUE, "carrier", ["place", "person"])
    descents = aligned(t.DESCENT, "carrier", ["source", "manner"])
    tags = aligned(t.TAG, "carrier", ["epc", "tid", "retired", "unreadable"])
    spans = aligned(t.STANDING, "carrier", standings.COLUMNS)
    for carrier, state, stood in _folded(connection, told):
        if [standings.standing_values(one, scheme) for one in stood] != sorted(map(list, spans.of(carrier))):
            told.add(f"standing of carrier {carrier}: differs from the ledger")
        row = next(iter(rows.of(carrier)), None)
        said = p.carrier_values(state, scheme)
        told.compare(f"carrier {carrier}", p.CARRIER_COLUMNS, said, row)
        described = state.description
        _same(told, f"scope of carrier {carrier}", described.scope.principals, scopes.of(carrier))
        _same(told, f"grams of carrier {carrier}", grams(described.control_number, described.title), pieces.of(carrier))
        if [person for _place, person in sorted(queues.of(carrier))] != list(state.queue):
            told.add(f"queue of carrier {carrier}: differs from the ledger")
        if sorted(descents.of(carrier)) != [(source, state.manner) for source in state.sources]:
            told.add(f"descent of carrier {carrier}: differs from the ledger")
        kept_tags = tags.of(carrier)
        bound = [(tag.epc, tag.tid) for tag in state.tags]
        if (
            {(epc, tid) for epc, tid, retired, _ in kept_tags if not retired} != set(bound)
            or {epc for epc, _tid, retired, _ in kept_tags if retired} != set(state.retired_epcs)
            or {epc for epc, _tid, _, unreadable in kept_tags if unreadable} != set(state.unreadable)
        ):
            told.add(f"tags of carrier {carrier}: differ from the ledger")
    for table in (rows, scopes, pieces, queues, descents, tags, spans):
        table.rest()


def _same(told: _Differences, what: str, said: Iterable[str], kept: Iterable[tuple[Any, ...]]) -> None:
    if set(said) != set(chain.from_iterable(kept)):
        told.add(f"{what}: differ from the ledger")


def _acts(connection: Connection, told: _Differences) -> None:
    """Every act has entries, every entry its act, and both say who and when."""
    a, e = t.ACT.c, t.ENTRY.c
    by_act = (
        select(
            e.act,
            func.min(e.by).label("by"),
            func.max(e.by).label("by_last"),
            func.min(e.entered_at).label("entered_at"),
            func.max(e.entered_at).label("entered_last"),
        )
        .group_by(e.act)
        .subquery()
    )
    columns = (a.number, a.kind, a.by, a.entered_at, by_act)
    joined = select(*columns).join_from(t.ACT, by_act, a.number == by_act.c.act, full=True)
    for number, kind, by, entered_at, act, first_by, last_by, first_at, last_at in _stream(connection, joined):
        if act is None:
            told.add(f"act {number}: has no entries")
        elif number is None:
            told.add(f"act {act}: is not kept, but has entries")
        elif not (by == first_by == last_by and entered_at == first_at == last_at):
            told.add(f"act {number}: person or time differ from its entries")
        elif ACTS.get(kind) != number.split("-")[0]:
            told.add(f"act {number}: its kind is not that of its number")
