"""The form of a backup: one stream of text for both engines, so that either can be restored to either.

    {"backup":1,"made_at":…,"version":"0008","origin":…,"key":…,"size":…,"checkpoint":…,"tables":[…],"series":{…}}
    {"table":"unit"}
    [1,"HQ","远山仪器研究院","Yuanshan Instruments Institute",null]
    {"rows":1,"sha256":…}
    {"file":"custody.toml","base64":…}
    {"end":"custody.yuanshan/backup\\n…"}

One JSON value a line: the header, every table with its rows in the order of its key, the files, the end. Integers and
floats are exact, bytes are base64. The end is a signed note (the form of a checkpoint, under the origin with `/backup`
behind it, so that it can never be taken for one): the position, and the SHA-256 of every byte before it.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, BinaryIO

from custody.ledger import (
    Broken,
    Checkpoint,
    Frontier,
    LedgerKey,
    VerifierKey,
    leaf_hash,
    parse_checkpoint,
    parse_key,
    verify_signature,
)
from custody.values import Instant
from custody.verify import SIZE_MAX, checkpoint_body

FORM = 1
"""Version of this form; a later one is refused."""
LINE_BYTES_MAX = 1 << 28
"""Longest line accepted: bounds the memory that a hostile file can ask for."""
TYPES = ("int", "text", "bytes", "bool", "float")
_BACKUP = "/backup"
_LEAVES, _STATE = "entry", "ledger_state"
_BATCH = 1_024

Row = list[Any]


class BackupBroken(Exception):
    """What was read is no whole backup, or not the one that was signed; the message says where."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A table as it is kept: columns with their types (see TYPES), the columns of its key, how many rows."""

    name: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]
    rows: int

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(name for name, _type in self.columns)


@dataclass(frozen=True, slots=True)
class Header:
    """What a backup says of itself. `checkpoint` is the signed note over the ledger at its position (`size`).

    `key` is the ledger's public key; `series`: table -> the last identifier that it gave, where that is known.
    """

    made_at: Instant
    version: str
    origin: str
    key: str
    size: int
    checkpoint: str
    tables: tuple[Shape, ...]
    series: Mapping[str, int]


def line(value: object) -> bytes:
    """A value as its line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def exact(shape: Shape, row: Sequence[Any]) -> Row:
    """A row of the database as it is written. Raises BackupBroken for a value that is not of its column's type."""
    written = list(row)
    for at, (name, kind) in enumerate(shape.columns):
        value = written[at]
        if value is None:
            continue
        if not _fits(kind, value):
            raise BackupBroken(
                f"table {shape.name}: a value of column {name} is {type(value).__name__}, not {kind}; "
                "the database was changed from outside, nothing was written"
            )
        if kind == "bytes":
            written[at] = base64.b64encode(value).decode()
        elif kind == "float":
            written[at] = float(value)
    return written


def _fits(kind: str, value: object) -> bool:
    if kind == "float":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, {"text": str, "bytes": bytes, "bool": bool}[kind])


def values(shape: Shape, row: Row) -> tuple[Any, ...]:
    """A written row as the database takes it. Raises BackupBroken."""
    if not isinstance(row, list) or len(row) != len(shape.columns):
        raise BackupBroken(f"table {shape.name}: a row has not {len(shape.columns)} values")
    taken = list(row)
    for at, (name, kind) in enumerate(shape.columns):
        value = taken[at]
        if value is None:
            continue
        if not _fits("text" if kind == "bytes" else kind, value):
            raise BackupBroken(f"table {shape.name}: a value of column {name} is not {kind}")
        if kind == "bytes":
            try:
                taken[at] = base64.b64decode(value, validate=True)
            except ValueError as error:
                raise BackupBroken(f"table {shape.name}: a value of column {name} is not base64") from error
    return tuple(taken)


class Digest:
    """Number and SHA-256 of a table's rows as written: equal on both engines for equal rows."""

    def __init__(self) -> None:
        self.rows = 0
        self._hash = sha256()

    def over(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The lines, counted and hashed as they pass."""
        for one in lines:
            self.rows += 1
            self._hash.update(one)
            yield one

    def said(self) -> dict[str, object]:
        """As it stands behind the table."""
        return {"rows": self.rows, "sha256": self._hash.hexdigest()}


def write(
    header: Header, tables: Iterable[tuple[Shape, Iterable[Row]]], files: Mapping[str, bytes], key: LedgerKey
) -> Iterator[bytes]:
    """The lines of a backup; memory does not grow with it. Raises BackupBroken where the rows are not as announced."""
    whole = sha256()
    for one in _body(header, tables, files):
        whole.update(one)
        yield one
    body = checkpoint_body(key.origin + _BACKUP, header.size, whole.digest())
    yield line({"end": signed_note(key, body)})


def signed_note(key: LedgerKey, body: str) -> str:
    """The body with this key's signature under it (C2SP signed-note)."""
    signed = key.signature(body)
    return f"{body}\n— {signed.name} {base64.b64encode(signed.key_id + signed.signature).decode()}\n"


def _body(header: Header, tables: Iterable[tuple[Shape, Iterable[Row]]], files: Mapping[str, bytes]) -> Iterator[bytes]:
    yield line({"backup": FORM} | asdict(header))
    for shape, rows in tables:
        yield line({"table": shape.name})
        digest = Digest()
        yield from digest.over(line(row) for row in rows)
        if digest.rows != shape.rows:
            raise BackupBroken(f"table {shape.name}: {digest.rows} rows were read where {shape.rows} were counted")
        yield line(digest.said())
    for name, content in files.items():
        yield line({"file": name, "base64": base64.b64encode(content).decode()})


class _Tree:
    """The ledger's tree over the entries that pass, held against what the ledger's state and the checkpoint say."""

    def __init__(self) -> None:
        self._frontier = Frontier()
        self._batch: list[bytes] = []
        self._last = 0
        self._state: tuple[int, bytes] | None = None

    def take(self, shape: Shape, taken: tuple[Any, ...]) -> None:
        if shape.name == _LEAVES:
            row = dict(zip(shape.names, taken, strict=True))
            if row["sequence"] != self._last + 1:
                raise BackupBroken(f"entry {self._last + 1} is not there; the next is {row['sequence']}")
            self._last += 1
            self._batch.append(leaf_hash(row["body"]))
            if len(self._batch) == _BATCH:
                self._fold()
        elif shape.name == _STATE:
            row = dict(zip(shape.names, taken, strict=True))
            self._state = (row["size"], row["frontier"])

    def _fold(self) -> None:
        self._frontier, self._batch = self._frontier.extend(self._batch), []

    def prove(self, size: int, checkpoint: Checkpoint) -> None:
        """Raises BackupBroken unless entries, state, header and checkpoint are of one tree."""
        self._fold()
        if self._state != (self._frontier.size, self._frontier.to_bytes()):
            raise BackupBroken("the tree that is kept is not the tree of the entries")
        if (checkpoint.size, checkpoint.root) != (
            self._frontier.size,
            self._frontier.root(),
        ) or size != checkpoint.size:
            raise BackupBroken(f"the checkpoint at {checkpoint.size} is not over these {self._frontier.size} entries")


class Outside:
    """A checkpoint kept elsewhere, held against the entries as they pass, up to its size."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self._frontier = Frontier()
        self._batch: list[bytes] = []

    def take(self, body: bytes) -> None:
        """One entry's bytes, in order."""
        if self._frontier.size + len(self._batch) < self.checkpoint.size:
            self._batch.append(leaf_hash(body))
            if len(self._batch) == _BATCH:
                self._frontier, self._batch = self._frontier.extend(self._batch), []

    def rolled_back(self) -> bool:
        """Whether the entries end before the checkpoint. Raises BackupBroken where they are not its history."""
        self._frontier, self._batch = self._frontier.extend(self._batch), []
        if self._frontier.size < self.checkpoint.size:
            return True
        if self._frontier.root() != self.checkpoint.root:
            raise BackupBroken(
                f"the first {self.checkpoint.size} entries are not those of the checkpoint kept outside: it is another "
                "history"
            )
        return False


class Stream:
    """A backup as it is read, once and in order: `header`, then `tables()`, then `files` and what the end says.

    Nothing of it may be believed before `tables()` has come to its end without an exception. With `keys` the end
    and the checkpoint must be signed by one of them; without, by the key that the backup itself names.
    """

    def __init__(self, source: BinaryIO, keys: Sequence[VerifierKey] = (), outside: Outside | None = None) -> None:
        """Reads the header. Raises BackupBroken."""
        self._source = source
        self._whole = sha256()
        self._number = 0
        self._outside = outside
        self.files: dict[str, bytes] = {}
        self.digests: dict[str, dict[str, object]] = {}
        self.authenticated = bool(keys)
        self.header = _header(self._value())
        try:
            self._keys = tuple(keys) or (parse_key(self.header.key),)
            self._checkpoint = parse_checkpoint(self.header.checkpoint)
        except Broken as error:
            raise BackupBroken(f"the header: {error}") from error
        if self._checkpoint.origin != self.header.origin or not self._signed(self._checkpoint):
            raise BackupBroken("its checkpoint is not signed by the ledger's key: not a backup of this ledger")

    def _signed(self, note: Checkpoint) -> bool:
        return any(verify_signature(note, key) for key in self._keys)

    def _line(self) -> bytes:
        raw = self._source.readline(LINE_BYTES_MAX)
        self._number += 1
        if not raw.endswith(b"\n"):
            raise BackupBroken(f"line {self._number}: " + ("cut off" if len(raw) < LINE_BYTES_MAX else "too long"))
        return raw

    def _value(self, raw: bytes = b"") -> Any:
        """The next line's value, hashed as part of the whole."""
        raw = raw or self._line()
        self._whole.update(raw)
        return self._parsed(raw)

    def _parsed(self, raw: bytes) -> Any:
        try:
            return json.loads(raw)
        except ValueError as error:
            raise BackupBroken(f"line {self._number}: not JSON") from error

    def _expect(self, wanted: Mapping[str, object], found: object) -> None:
        if found != wanted:
            raise BackupBroken(f"line {self._number}: {str(found)[:80]!r} where {str(wanted)[:80]!r} was to come")

    def tables(self) -> Iterator[tuple[Shape, Iterator[tuple[Any, ...]]]]:
        """Each table with its rows as the database takes them; a table's rows are read before the next is asked for.

        At the end the files are read and everything is proved: counts, digests, tree, signature. Raises BackupBroken.
        """
        tree = _Tree()
        for shape in self.header.tables:
            self._expect({"table": shape.name}, self._value())
            digest = Digest()
            yield shape, self._rows(shape, digest, tree)
            if digest.rows != shape.rows:
                raise BackupBroken(f"table {shape.name}: {digest.rows} rows were taken where {shape.rows} are")
            self._expect(digest.said(), self._value())
            self.digests[shape.name] = digest.said()
        end = self._end()
        tree.prove(self.header.size, self._checkpoint)
        wanted = (self.header.origin + _BACKUP, self.header.size, self._whole.digest())
        if (end.origin, end.size, end.root) != wanted or not self._signed(end):
            raise BackupBroken("the end is not signed over these bytes by the ledger's key: it was changed")

    def _rows(self, shape: Shape, digest: Digest, tree: _Tree) -> Iterator[tuple[Any, ...]]:
        body = shape.names.index("body") if shape.name == _LEAVES else None
        for raw in digest.over(self._line() for _ in range(shape.rows)):
            taken = values(shape, self._value(raw))
            tree.take(shape, taken)
            if self._outside is not None and body is not None:
                self._outside.take(taken[body])
            yield taken

    def _end(self) -> Checkpoint:
        """Reads the files and the end, and that nothing comes after it."""
        while True:
            raw = self._line()
            found = self._parsed(raw)
            if not isinstance(found, dict):
                raise BackupBroken(f"line {self._number}: a row where the end was to come")
            if found.keys() == {"end"}:
                break
            if found.keys() != {"file", "base64"}:
                raise BackupBroken(f"line {self._number}: neither a file nor the end")
            self._whole.update(raw)
            self.files[str(found["file"])] = base64.b64decode(found["base64"])
        if self._source.read(1):
            raise BackupBroken("something comes after its end")
        try:
            return parse_checkpoint(str(found["end"]))
        except Broken as error:
            raise BackupBroken(f"the end: {error}") from error


def _header(found: object) -> Header:
    if not isinstance(found, dict) or "backup" not in found:
        raise BackupBroken("not a backup of this product")
    if found.pop("backup") != FORM:
        raise BackupBroken("a backup of a later version of this product; use the program that wrote it, or a later one")
    try:
        shapes = tuple(
            Shape(
                str(one["name"]),
                tuple((str(name), str(kind)) for name, kind in one["columns"]),
                tuple(map(str, one["key"])),
                int(one["rows"]),
            )
            for one in found.pop("tables")
        )
        header = Header(tables=shapes, **found)
    except (KeyError, TypeError, ValueError) as error:
        raise BackupBroken(f"its header cannot be read: {error}") from error
    kinds = {kind for shape in shapes for _name, kind in shape.columns}
    if not isinstance(header.size, int) or not 0 <= header.size <= SIZE_MAX or not kinds <= set(TYPES):
        raise BackupBroken("its header cannot be read: position or types")
    return header
