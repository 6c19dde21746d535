"""The books: every change of custody goes through `Books.enter`, one transaction an act.

In that transaction the ledger's one state row is locked, the rules are asked, the entries are appended without a
gap, the register is brought to what they say, and the frontier of the tree goes on. So entries, register and tree
never disagree, and of two who want the same carrier exactly one has it.
"""

import logging
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from custody import ledger
from custody.access import Subject
from custody.balance import COMING_KINDS
from custody.clock import Clock
from custody.database import Database, DatabaseError
from custody.entries import (
    Corrected,
    Entry,
    EntryInvalid,
    Fact,
    MatterOpened,
    Signature,
    decode,
    encode,
    matter_of,
    signed_text,
    text_hash,
)
from custody.register import Directory
from custody.rules import NotFound, Refusal, Refused
from custody.scheme import Scheme
from custody.store import key_history, rebuild
from custody.store import schema as t
from custody.store.acts import act_number, take_numbers
from custody.store.marks import highest_rank, write_marks
from custody.store.matters import write_lines, write_matters
from custody.store.posting import Act, Posting, carrier_of, last_entry, look_up
from custody.store.projection import load_directory, load_states, write_carriers, write_directory
from custody.store.refused import Tried, note_refusal
from custody.store.schema import insert_rows
from custody.store.standing import write_standings
from custody.values import Instant

KINDS = ("carrier", "unit", "place", "person", "matter", "delegation", "organisation", "licence", "agreement")
"""What has identifiers, each kind its own series from 1."""

_LOG = logging.getLogger(__name__)
_FLUSH_ENTRIES = 5_000
_TOLD_EVERY = 500
_ENTRY_COLUMNS = ("sequence", "kind", "carrier", "matter", "act", "by", "happened_at", "entered_at", "body")
_DIRECTORY_VERSION = "directory:version"
_SET_VERSION = text(
    "INSERT INTO counter (name, next) VALUES (:name, :next) ON CONFLICT (name) DO UPDATE SET next = :next"
)
_KEEP_CHECKPOINT = text(
    "INSERT INTO checkpoint (size, signed_at, note, frontier) VALUES (:size, :signed_at, :note, :frontier) "
    "ON CONFLICT (size) DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was entered: the act's number, and the first and last sequence of its entries."""

    act: str
    first: int
    last: int


class KeyMissing(Exception):
    """These books were opened without the ledger's key, so nothing can be signed."""


class Books:
    """The books of one database. Safe to share between threads.

    `nonce` gives 16 random bytes in hexadecimal; `clock` the present instant.
    """

    def __init__(
        self,
        database: Database,
        scheme: Scheme,
        clock: Clock,
        nonce: Callable[[], str],
        key: ledger.LedgerKey | None = None,
    ) -> None:
        self.database = database
        self.scheme = scheme
        self.clock = clock
        self.nonce = nonce
        self._key = key
        self._directory_lock = threading.Lock()
        self._directory: tuple[int, Directory] | None = None

    def reserve(self, kind: str, count: int, connection: Connection | None = None) -> range:
        """Identifiers for `count` new carriers, units, places or persons; durable, and never given twice.

        Raises ValueError for an unknown kind or a count below one.
        """
        if kind not in KINDS or count < 1:
            raise ValueError(f"cannot reserve {count} of {kind!r}; kinds are {', '.join(KINDS)}")
        with self._transaction(connection) as writing:
            return take_numbers(writing, f"id:{kind}", count)

    def enter(
        self,
        subject: Subject,
        facts: Sequence[Fact],
        *,
        act: str,
        happened_at: Instant | None = None,
        signatures: tuple[Signature, ...] = (),
        corrects: int | None = None,
        connection: Connection | None = None,
        told: Callable[[int], None] | None = None,
    ) -> Receipt:
        """Enter these facts, in order, under one new act of kind `act` (see `custody.store.acts.ACTS`).

        All or nothing, and on disk when it returns; with `connection` they are part of the caller's transaction. `told`
        is told now and then how many are entered so far; what it raises ends it, with nothing changed.
        Raises Refused (its `at` is the index of the refused fact), NotFound, EntryInvalid for a fact that holds
        what its kind cannot hold, ValueError for an unknown kind of act or no facts; then nothing has changed, but
        that the refusal itself is kept with its clause (in the caller's transaction, where there is one).
        """
        if not facts:
            raise ValueError("an act needs at least one fact")
        with self._noting_refusals(subject, facts, act, connection), self._transaction(connection) as writing:
            size, frontier = lock_ledger(writing)
            now = self.clock()
            number = act_number(writing, act, now, self.scheme.timezone)
            under = text_hash(signed_text(facts)) if signatures else ""
            paper = Act(number, act, subject, now, happened_at, tuple(signatures), corrects, under)
            posting = self._posting(writing, paper, facts, size)
            writing.execute(t.ACT.insert().values(number=number, kind=act, by=subject.person, entered_at=now))
            frontier = frontier.extend(self._append(writing, posting, facts, told))
            states = posting.lookups.states
            write_carriers(writing, self.scheme, posting.before, [states[carrier] for carrier in posting.changed])
            write_standings(writing, self.scheme, posting.standings)
            write_marks(writing, highest_rank(self.scheme), size, posting.sequence)
            matters = posting.lookups.matters
            write_matters(writing, self.scheme, posting.matters_before, [matters[m] for m in posting.matters_changed])
            lines = posting.lookups.lines
            write_lines(writing, posting.lines_before, [lines[key] for key in posting.lines_changed])
            if posting.directory_changed:
                write_directory(writing, self.scheme, posting.directory_before, posting.directory)
                self._new_directory_version(writing, posting.sequence)
            writing.execute(
                update(t.LEDGER_STATE)
                .where(t.LEDGER_STATE.c.id == 1)
                .values(size=frontier.size, frontier=frontier.to_bytes())
            )
        return Receipt(number, size + 1, posting.sequence)

    def refusals(
        self,
        subject: Subject,
        facts: Sequence[Fact],
        *,
        act: str = "",
        happened_at: Instant | None = None,
        signatures: tuple[Signature, ...] = (),
        corrects: int | None = None,
        connection: Connection | None = None,
    ) -> list[tuple[Refusal, ...]]:
        """What would stand against each of these facts, were they entered now, in order; nothing is entered.

        A refused fact takes no effect on the later ones. Raises NotFound.
        """
        found = []
        with self._snapshot(connection) as reading:
            size = reading.execute(select(t.LEDGER_STATE.c.size)).scalar_one()
            under = text_hash(signed_text(facts)) if signatures else ""
            paper = Act("", act, subject, self.clock(), happened_at, tuple(signatures), corrects, under)
            posting = self._posting(reading, paper, facts, size)
            for fact in facts:
                against = posting.judge(fact)
                found.append(against)
                if not against:
                    posting.apply(fact, lambda: "")
        return found

    def refuse(self, subject: Subject, facts: Sequence[Fact], act: str, refused: Refused) -> NoReturn:
        """An act that was tried and was refused before it came to entering it: kept like any other. Raises Refused."""
        with self._noting_refusals(subject, facts, act, None):
            raise refused

    def undo(self, carriers: Sequence[int], reason: str) -> list[Fact]:
        """The compensating facts that take back each carrier's last entry; entering them is asked as any act is.

        Raises NotFound for a carrier that is not there, or that nothing stood before.
        """
        found: list[Fact] = []
        with self.database.reading() as connection:
            states = load_states(connection, carriers)
            for carrier in carriers:
                last = last_entry(connection, carrier) if carrier in states else None
                if last is None or last.before is None:
                    raise NotFound
                found.append(Corrected(carrier, last.sequence, last.before, reason))
        return found

    def directory(self, connection: Connection) -> Directory:
        """Units, places and persons as they stand; shared between callers, so never to be changed."""
        query = select(t.COUNTER.c.next).where(t.COUNTER.c.name == _DIRECTORY_VERSION)
        version = connection.execute(query).scalar() or 0
        with self._directory_lock:
            kept = self._directory
        if kept is not None and kept[0] == version:
            return kept[1]
        directory = load_directory(connection)
        with self._directory_lock:
            self._directory = (version, directory)
        return directory

    def position(self, connection: Connection) -> int:
        """The ledger's size: the sequence of the last entry."""
        size: int = connection.execute(select(t.LEDGER_STATE.c.size)).scalar_one()
        return size

    def checkpoint(self) -> str:
        """A checkpoint (C2SP signed note) of the ledger at its present size, kept. Raises KeyMissing."""
        key = self.signing_key()
        with self.database.writing() as connection:
            return self.keep_checkpoint(connection, (key,))

    def keep_checkpoint(self, connection: Connection, signers: Sequence[ledger.LedgerKey]) -> str:
        """The same in the caller's transaction, signed by these keys. Raises KeyMissing."""
        size, frontier = lock_ledger(connection)
        self._check_ruling(connection, signers[0])
        note = ledger.checkpoint_text(signers[0], size, frontier.root(), *signers[1:])
        row = {"size": size, "signed_at": self.clock(), "note": note, "frontier": frontier.to_bytes()}
        connection.execute(_KEEP_CHECKPOINT, row)
        return note

    def sign_present(self) -> str:
        """A checkpoint at the present size, signed but not kept: for a copy held outside. Raises KeyMissing."""
        key = self.signing_key()
        with self.database.reading() as connection:
            self._check_ruling(connection, key)
            size, frontier = _ledger_state(connection)
        return key.sign(size, frontier.root())

    def export(self, out: BinaryIO) -> int:
        """Write the whole ledger, one leaf a line, its checkpoint last; give the number of leaves.

        Streams: memory does not grow with the ledger. Raises KeyMissing.
        """
        key = self.signing_key()
        with self.database.reading() as connection:
            self._check_ruling(connection, key)
            size, frontier = _ledger_state(connection)
            return ledger.export(bodies(connection, size), key.sign(size, frontier.root()), out)

    def rebuild_check(self, progress: Callable[[int], None] | None = None) -> list[str]:
        """Fold the whole ledger from its stored bytes and tell every difference from the register and the tree.

        Empty means equal. Memory does not grow with the ledger. `progress` is told how many rows were looked at.
        """
        with self.database.reading() as connection:
            return rebuild.differences(connection, self.scheme, self.verifier_keys(connection), progress)

    def verifier_keys(self, connection: Connection) -> tuple[ledger.VerifierKey, ...]:
        """The keys that this ledger's checkpoints were signed with; none where these books have no key."""
        present = None if self._key is None else self._key.public
        try:
            return key_history.known_keys(connection, present)
        except (EntryInvalid, ledger.Broken):
            # A change of key that cannot be read is itself a difference, and told by its entry.
            return () if present is None else (present,)

    def signing_key(self) -> ledger.LedgerKey:
        """The key that signs. Raises KeyMissing where these books were opened without it."""
        if self._key is None:
            raise KeyMissing("the ledger's key is not here; sign where the server runs")
        return self._key

    def use_key(self, key: ledger.LedgerKey) -> None:
        """Sign with this key from now on: the ledger was told."""
        self._key = key

    def _check_ruling(self, connection: Connection, key: ledger.LedgerKey) -> None:
        """Another server may have changed the key since this one read it: an old key signs nothing any more."""
        if key_history.ruling(connection) not in (None, key.public):
            raise KeyMissing("the ledger's key was changed since this server read it; restart it where the new one is")

    def _posting(self, connection: Connection, act: Act, facts: Sequence[Fact], size: int) -> Posting:
        directory = self.directory(connection)
        lookups = look_up(connection, facts, directory, act, self.scheme)
        return Posting(act, self.scheme, directory, lookups, size, facts)

    def _append(
        self,
        connection: Connection,
        posting: Posting,
        facts: Sequence[Fact],
        told: Callable[[int], None] | None = None,
    ) -> Iterator[bytes]:
        """Judge, apply and store each fact; give the hash of each leaf. Raises Refused."""
        rows = []
        for index, fact in enumerate(facts):
            if told is not None and index % _TOLD_EVERY == 0:
                told(index)
            against = posting.judge(fact)
            if against:
                raise Refused(against, index, carrier_of(fact))
            entry = posting.apply(fact, self.nonce)
            body = _exact(entry)
            rows.append(
                (
                    entry.sequence,
                    fact.kind,
                    carrier_of(fact),
                    matter_of(fact),
                    entry.act,
                    entry.by,
                    entry.happened_at,
                    entry.entered_at,
                    body,
                )
            )
            yield ledger.leaf_hash(body)
            if len(rows) == _FLUSH_ENTRIES:
                insert_rows(connection, t.ENTRY, _ENTRY_COLUMNS, rows)
                rows.clear()
        insert_rows(connection, t.ENTRY, _ENTRY_COLUMNS, rows)

    def _new_directory_version(self, connection: Connection, sequence: int) -> None:
        # Random besides the sequence: a sequence rolled back is given again, with another directory behind it.
        version = (sequence << 20) | (int(self.nonce()[:5], 16) & 0xFFFFF)
        connection.execute(_SET_VERSION, {"name": _DIRECTORY_VERSION, "next": version})

    @contextmanager
    def _noting_refusals(
        self, subject: Subject, facts: Sequence[Fact], act: str, connection: Connection | None
    ) -> Iterator[None]:
        try:
            yield
        except Refused as refused:
            fact = facts[refused.at]
            # What was to come into being is not there to be pointed at.
            carrier = None if fact.kind in COMING_KINDS else refused.carrier
            matter = None if isinstance(fact, MatterOpened) else matter_of(fact)
            tried = Tried(self.clock(), subject.person, act, fact.kind, carrier, matter)
            try:
                if any(one.clause for one in refused.refusals):
                    with self._transaction(connection) as writing:
                        note_refusal(writing, tried, refused)
            except (DatabaseError, SQLAlchemyError) as error:
                # The act is refused all the same, and says why.
                _LOG.warning("a refusal of %s could not be kept: %s", fact.kind, type(error).__name__)
            raise

    @contextmanager
    def _transaction(self, connection: Connection | None) -> Iterator[Connection]:
        if connection is None:
            with self.database.writing() as writing:
                yield writing
        else:
            # A savepoint: when the act is refused, the caller may go on with nothing changed.
            with connection.begin_nested():
                yield connection

    @contextmanager
    def _snapshot(self, connection: Connection | None) -> Iterator[Connection]:
        if connection is None:
            with self.database.reading() as reading:
                yield reading
        else:
            yield connection


def bodies(connection: Connection, size: int, first: int = 1) -> Generator[bytes, None, None]:
    """The stored canonical bytes from sequence `first` to `size`, streamed."""
    c = t.ENTRY.c
    query = select(c.body).where(c.sequence >= first, c.sequence <= size).order_by(c.sequence)
    # Whoever stops reading half-way must not leave a cursor open on the server.
    with connection.execute(query.execution_options(yield_per=2_000)) as rows:
        for row in rows:
            yield bytes(row.body)


def _exact(entry: Entry) -> bytes:
    """The entry's canonical bytes, which read back as the very same entry. Raises EntryInvalid."""
    body = encode(entry)
    if decode(body) != entry:
        raise EntryInvalid(f"{entry.fact.kind} holds a value that its kind cannot hold exactly: {entry.fact!r}")
    return body


def _ledger_state(connection: Connection) -> tuple[int, ledger.Frontier]:
    row = connection.execute(select(t.LEDGER_STATE)).one()
    return row.size, ledger.Frontier.from_bytes(row.size, bytes(row.frontier))


def lock_ledger(connection: Connection) -> tuple[int, ledger.Frontier]:
    """The ledger's state, locked: its lock orders all appends, on all servers."""
    row = connection.execute(select(t.LEDGER_STATE).where(t.LEDGER_STATE.c.id == 1).with_for_update()).one()
    return row.size, ledger.Frontier.from_bytes(row.size, bytes(row.frontier))
