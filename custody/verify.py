"""The offline verifier of the ledger: this one file, Python 3.11's standard library and `cryptography`.

    python verify.py EXPORT [--key FILE] [--checkpoint FILE [--witness-key FILE]]

An export is text: one leaf a line (the canonical JSON of an entry, RFC 8785), then the checkpoint over all of
them. The leaves hang in one SHA-256 tree (RFC 9162 section 2.1); the checkpoint is a signed note with its body
(C2SP signed-note and tlog-checkpoint): origin, size, root, an empty line, one Ed25519 signature. Every byte is
checked: nothing can be changed, removed, added or put in another order without a complaint.

Without a key the answer is at most "consistent, not authenticated": whoever rewrites a ledger can write its
checkpoint too. The key (`name+hash+base64`) and a checkpoint kept elsewhere (printed on a form, cosigned by the
auditor's witness: C2SP tlog-cosignature) must come from outside the export; only the latter shows that the end was
cut off.

The ledger's key may change in the course of the ledger. A rotation is a leaf in which the old key signs the new one
and the tree so far: the key given, if it was the ledger's at any time, is followed through all of them. A key that was
lost cannot sign its successor: then the key given vouches for what a checkpoint held outside shows, and no more.

Exit 0 consistent, 1 broken (and where), 2 wrong use.
"""

import argparse
import base64
import binascii
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LEAF_BYTES_MAX = 1 << 20
"""Longest leaf accepted: bounds the memory that a hostile export can ask for."""
NOTE_BYTES_MAX = 1 << 14
"""Longest checkpoint accepted."""
SIZE_MAX = 2**53 - 1
"""Largest integer that RFC 8785 writes exactly, hence the last sequence."""

_CHUNK_BYTES = 1 << 20
_BATCH = 1024
_HASH_BYTES = 32
_ED25519 = b"\x01"
_COSIGNATURE = b"\x04"
_SIGNATURE_MARK = "— "


class Broken(ValueError):
    """What was read is not a sound export, checkpoint or key. `line` counts from 1; 0: no line in particular."""

    def __init__(self, reason: str, line: int = 0) -> None:
        self.reason = reason
        self.line = line
        super().__init__(f"line {line}: {reason}" if line else reason)


# The tree, RFC 9162 section 2.1.1.


def leaf_hash(body: bytes) -> bytes:
    """Hash of a leaf: SHA-256 of 0x00 and the bytes (RFC 9162 section 2.1.1)."""
    return sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256 of 0x01 and both children (RFC 9162 section 2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that must be kept of a tree to append to it: the roots of its complete subtrees, largest first.

    Their sizes are the powers of two that `size` (number of leaves) is the sum of.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> "Frontier":
        """The frontier with one more leaf, given by its 32-byte hash."""
        hashes = list(self.hashes)
        size = self.size
        while size & 1:
            leaf = node_hash(hashes.pop(), leaf)
            size >>= 1
        hashes.append(leaf)
        return Frontier(self.size + 1, tuple(hashes))

    def extend(self, leaves: Iterable[bytes]) -> "Frontier":
        """The frontier with these leaf hashes after it; reads them once, in bounded memory."""
        frontier = self
        rest = iter(leaves)
        while True:
            # Whole batches stand on a multiple of the batch's size, so each is one complete subtree.
            wanted = _BATCH - frontier.size % _BATCH
            batch = list(islice(rest, wanted))
            if len(batch) == _BATCH:
                frontier = frontier._with_subtree(_perfect_root(batch), _BATCH)
            else:
                for leaf in batch:
                    frontier = frontier.append(leaf)
            if len(batch) < wanted:
                return frontier

    def _with_subtree(self, root: bytes, leaves: int) -> "Frontier":
        hashes = list(self.hashes)
        count = self.size // leaves
        while count & 1:
            root = node_hash(hashes.pop(), root)
            count >>= 1
        hashes.append(root)
        return Frontier(self.size + leaves, tuple(hashes))

    def root(self) -> bytes:
        """Root of the tree, 32 bytes; of the empty tree, the hash of nothing."""
        if not self.hashes:
            return sha256(b"").digest()
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root

    def to_bytes(self) -> bytes:
        """The hashes, largest subtree first, 32 bytes each. The size is kept beside them."""
        return b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, size: int, raw: bytes) -> "Frontier":
        """The frontier kept as `to_bytes`. Raises Broken where the number of hashes does not suit the size."""
        if size < 0 or len(raw) != size.bit_count() * _HASH_BYTES:
            raise Broken(f"{len(raw)} bytes are not the frontier of a tree of {size} leaves")
        return cls(size, tuple(raw[at : at + _HASH_BYTES] for at in range(0, len(raw), _HASH_BYTES)))


def _perfect_root(hashes: list[bytes]) -> bytes:
    """Root over a power of two of leaf hashes."""
    hash_of = sha256
    while len(hashes) > 1:
        pairs = iter(hashes)
        hashes = [hash_of(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return hashes[0]


# Signed notes and checkpoints.


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key by name: what `name+hash+base64` says. `public` is the 32-byte Ed25519 key.

    `kind`: 0x01 signs notes (C2SP signed-note), 0x04 cosigns them (C2SP tlog-cosignature): never the same key.
    """

    name: str
    public: bytes
    kind: bytes = _ED25519

    @property
    def key_id(self) -> bytes:
        """Four bytes that name the key in a signature (C2SP signed-note)."""
        return sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:4]

    def verifies(self, signature: bytes, text: str) -> bool:
        """Whether these 64 bytes are this key's signature of the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self.kind + self.public).decode()}"


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: who, the key's four bytes, and the 64 bytes of Ed25519."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree at one size, as its keeper signed it. `body` is the exact text under the signatures."""

    origin: str
    size: int
    root: bytes
    body: str
    signatures: tuple[NoteSignature, ...] = ()


def checkpoint_body(origin: str, size: int, root: bytes) -> str:
    """The text of a checkpoint that is signed (C2SP tlog-checkpoint), without extension lines."""
    return f"{check_name(origin)}\n{size}\n{base64.b64encode(root).decode()}\n"


def check_name(name: str) -> str:
    """The name of a key or origin, unchanged. Raises Broken for one that a signed note cannot carry."""
    if not re.fullmatch(r"[^\s+{][^\s+]*", name) or not name.isprintable():
        raise Broken(f"{name[:80]!r} is no origin: it needs visible characters, no blank, no '+', no '{{' in front")
    return name


def parse_key(text: str, *, witness: bool = False) -> VerifierKey:
    """The public key of `name+hash+base64`, one line: the ledger's, or a witness's. Raises Broken."""
    name, _, rest = text.removesuffix("\n").partition("+")
    hexadecimal, _, encoded = rest.partition("+")
    raw = _base64(encoded, "key")
    wanted, what = (_COSIGNATURE, "a witness's") if witness else (_ED25519, "an Ed25519")
    if raw[:1] != wanted or len(raw) != 1 + _HASH_BYTES:
        raise Broken(f"the key is not {what} key of the form name+hash+base64")
    key = VerifierKey(check_name(name), raw[1:], wanted)
    if hexadecimal != key.key_id.hex():
        raise Broken(f"the key's hash is {key.key_id.hex()}, but the text says {hexadecimal!r}")
    return key


def parse_checkpoint(text: str, line: int = 1) -> Checkpoint:
    """The checkpoint of this signed note, to the last byte. Raises Broken; lines count from `line`."""
    lines = text.split("\n")
    if lines.pop() != "":
        raise Broken("the checkpoint does not end with a line feed", line + len(lines))
    if len(lines) < 5:
        raise Broken("not a checkpoint: it has origin, size, root, an empty line, a signature", line)
    origin, size, encoded, gap, *signed = lines
    try:
        check_name(origin)
    except Broken as error:
        raise Broken(error.reason, line) from None
    if not re.fullmatch("0|[1-9][0-9]{0,15}", size) or int(size) > SIZE_MAX:
        raise Broken(f"{size[:40]!r} is not a size", line + 1)
    root = _base64(encoded, "root", line + 2)
    if len(root) != _HASH_BYTES:
        raise Broken(f"the root has {len(root)} bytes, not {_HASH_BYTES}", line + 2)
    if gap:
        raise Broken("after the root there must be an empty line: no extension lines here", line + 3)
    signatures = tuple(_signature_line(text, line + 4 + at) for at, text in enumerate(signed))
    return Checkpoint(origin, int(size), root, f"{origin}\n{size}\n{encoded}\n", signatures)


def _signature_line(text: str, line: int) -> NoteSignature:
    name, _, encoded = text.removeprefix(_SIGNATURE_MARK).partition(" ")
    if not text.startswith(_SIGNATURE_MARK) or not encoded:
        raise Broken("not a signature line: it reads '— name base64'", line)
    try:
        check_name(name)
    except Broken as error:
        raise Broken(error.reason, line) from None
    raw = _base64(encoded, "signature", line)
    if len(raw) <= 4:
        raise Broken(f"a signature of {len(raw)} bytes is too short", line)
    return NoteSignature(name, raw[:4], raw[4:])


def _base64(text: str, what: str, line: int = 0) -> bytes:
    """Standard base64 with padding, in its only canonical spelling. Raises Broken."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Broken(f"the {what} is not base64", line) from None
    if base64.b64encode(raw).decode() != text:
        raise Broken(f"the {what} is not in canonical base64", line)
    return raw


def verify_signature(checkpoint: Checkpoint, key: VerifierKey) -> bool:
    """Whether the checkpoint bears a valid signature of this key."""
    for signature in checkpoint.signatures:
        if (signature.name, signature.key_id) == (key.name, key.key_id):
            return key.verifies(signature.signature, checkpoint.body)
    return False


def cosignature_text(body: str, seconds: int) -> str:
    """What a witness signs: that it saw this body consistent at this time (C2SP tlog-cosignature)."""
    return f"cosignature/v1\ntime {seconds}\n{body}"


def cosigned_at(checkpoint: Checkpoint, witness: VerifierKey) -> int | None:
    """When the witness cosigned the checkpoint, seconds since 1970-01-01 UTC; None: it bears no valid cosignature."""
    for signature in checkpoint.signatures:
        if (signature.name, signature.key_id, len(signature.signature)) == (witness.name, witness.key_id, 72):
            seconds = int.from_bytes(signature.signature[:8], "big")
            if witness.verifies(signature.signature[8:], cosignature_text(checkpoint.body, seconds)):
                return seconds
    return None


# Changes of the key: leaves that say which key signs from then on.

ROTATED = "key_rotated"
"""Kind of the leaf by which a key hands over to the next: signed by both."""
REPLACED = "key_replaced"
"""Kind of the leaf by which a lost key was replaced: signed by the new one only."""
_HEADS = {ROTATED: "custody key rotation v1", REPLACED: "custody key replacement v1"}


def handover_text(kind: str, size: int, root: bytes, old: VerifierKey, new: VerifierKey) -> str:
    """What the keys sign at a change: the tree until then, the old key and the new one. No checkpoint reads so."""
    return f"{_HEADS[kind]}\n{size}\n{base64.b64encode(root).decode()}\n{old}\n{new}\n"


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A change of the ledger's key, entered as the leaf `sequence` on top of a tree of `size` and `root`.

    `by_old` is empty where the old key was lost.
    """

    sequence: int
    old: VerifierKey
    new: VerifierKey
    size: int
    root: bytes
    by_old: bytes
    by_new: bytes

    @property
    def lost(self) -> bool:
        """Whether the old key did not sign its successor."""
        return not self.by_old

    def check(self) -> None:
        """Raises Broken unless it bears the signatures that it needs, and stands where it says."""
        text = handover_text(REPLACED if self.lost else ROTATED, self.size, self.root, self.old, self.new)
        if self.size != self.sequence - 1 or self.old.name != self.new.name or self.old == self.new:
            raise Broken("the change of key does not suit its place", self.sequence)
        if not self.new.verifies(self.by_new, text):
            raise Broken("the change of key is not signed by the new key", self.sequence)
        if self.by_old and not self.old.verifies(self.by_old, text):
            raise Broken("the change of key is not signed by the old key", self.sequence)


def parse_change(document: dict[str, Any]) -> KeyChange | None:
    """The change of key that a leaf tells, checked; None for any other leaf. Raises Broken."""
    kind, fact, sequence = document.get("kind"), document.get("fact"), document.get("sequence")
    if kind not in _HEADS or not isinstance(sequence, int):
        return None
    names = ("old_key", "new_key", "root", "by_new", *(("by_old",) if kind == ROTATED else ()))
    if not isinstance(fact, dict) or not all(isinstance(fact.get(name), str) for name in names):
        raise Broken("a change of key that does not say from which to which", sequence)
    try:
        old, new = parse_key(fact["old_key"]), parse_key(fact["new_key"])
        root, by_new = _base64(fact["root"], "root"), _base64(fact["by_new"], "signature")
        by_old = _base64(fact["by_old"], "signature") if kind == ROTATED else b""
    except Broken as error:
        raise Broken(error.reason, sequence) from None
    if kind == ROTATED and not by_old:
        raise Broken("the change of key is not signed by the old key", sequence)
    change = KeyChange(sequence, old, new, fact.get("size", -1), root, by_old, by_new)
    change.check()
    return change


# Leaves: RFC 8785 of objects, arrays, strings, integers, booleans and null.

_FREE = rb'[^"\\\x00-\x1f]*+'
_ESCAPE = rb'\\(?:["\\bfnrt]|u00(?:0[0-7be-f]|1[0-9a-f]))'
_STRING = rb'"' + _FREE + rb"(?:" + _ESCAPE + _FREE + rb')*+"'
_INTEGER = rb"(?:0|-?(?:[1-8][0-9]{15}|[1-9][0-9]{0,14}))"
_SCALAR = rb"(?:" + _STRING + rb"|" + _INTEGER + rb"|null|true|false)"
_PLAIN_STRING = rb'"[^"]*+"'
_NOT_PLAIN = bytes(byte for byte in range(32) if byte != 0x0A) + b"\\"
"""Bytes that a text of plain strings lacks: then a string is what stands between two quotes."""
_SHAPES_MAX = 8
"""Patterns kept of one kind of leaf, plain ones and others each."""
_LEARNT_MAX = 512
"""Patterns ever made for one export; with the longest leaf they are made of, it bounds what a hostile one costs."""
_LEARNT_BYTES_MAX = 1 << 13


_canonical = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys must stand in the order of their UTF-16 code units (RFC 8785 section 3.2.3)."""
    keys = [key.encode("utf-16-be", "surrogatepass") for key, _ in pairs]
    for before, after in pairwise(keys):
        if before >= after:
            raise Broken("keys are not sorted, or a key stands twice")
    return dict(pairs)


def _integer(digits: str) -> int:
    if len(digits) > 17 or abs(number := int(digits)) > SIZE_MAX:
        raise Broken("an integer is larger than 2^53 - 1")
    return number


def _not_integer(digits: str) -> NoReturn:
    raise Broken(f"{digits[:40]} is not an integer: a ledger holds no other numbers")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_integer, parse_float=_not_integer, parse_constant=_not_integer
)


def parse_leaf(body: bytes) -> dict[str, Any]:
    """The object of a leaf. Raises Broken where the text is not exactly the canonical form of what it says."""
    try:
        text = body.decode()
        document = _DECODER.decode(text)
        exact = isinstance(document, dict) and _canonical(document) == text
    except json.JSONDecodeError as error:
        raise Broken(f"not JSON: {error.msg} at character {error.pos + 1}") from None
    except UnicodeDecodeError as error:
        raise Broken(f"not UTF-8 at byte {error.start + 1}") from None
    except RecursionError:
        raise Broken("nested too deeply") from None
    if not exact:
        raise Broken("the leaf is not the canonical form (RFC 8785) of what it says")
    return document  # type: ignore[no-any-return]  # a dict, or not exact


class _NoShape(Exception):
    """The value is not worth a pattern: members of one list differ in their keys."""


Shape = Callable[[bytes], re.Match[bytes] | None]


def _shape(value: Any, scalar: Callable[[Any], bytes], depth: int = 0) -> bytes:
    """Pattern of canonical values with the keys of this one. UTF-8 that matches it is canonical."""
    if isinstance(value, dict):
        members = []
        for key, member in value.items():
            numbered = depth == 0 and key == "sequence"
            inner = rb"([1-9][0-9]{0,14})" if numbered else _shape(member, scalar, depth + 1)
            members.append(re.escape(_canonical(key).encode()) + b":" + inner)
        return rb"\{" + b",".join(members) + rb"\}"
    if isinstance(value, list):
        inners = {_shape(member, scalar, depth + 1) for member in value}
        if len(inners) > 1:
            raise _NoShape
        if not inners and scalar is _plain:
            return rb"\[\]"
        inner = inners.pop() if inners else _SCALAR
        return rb"\[(?:" + inner + rb"(?:," + inner + rb")*+)?\]"
    return scalar(value)


def _any(_value: Any) -> bytes:
    """Any scalar may stand where this one does."""
    return _SCALAR


def _plain(value: Any) -> bytes:
    """Only scalars of the same kind: quick, and right where the whole text holds no byte of `_NOT_PLAIN`."""
    if isinstance(value, str):
        return _PLAIN_STRING
    if isinstance(value, bool) or value is None:
        return {True: b"true", False: b"false", None: b"null"}[value]
    if 10**15 <= value < 9 * 10**15:
        return rb"[1-8][0-9]{15}"
    return rb"(?:0|[1-9][0-9]{0,14}+)" if 0 <= value < 10**15 else _INTEGER


class _Leaves:
    """Checks leaves one after the other; `line` is the last one checked, whose sequence must be its number.

    The full check parses and writes again. As entries of one kind have the same keys, patterns of the leaves
    already seen are kept by kind and tried first: what matches one is canonical, all else is checked in full.
    """

    def __init__(self) -> None:
        self.line = 0
        self.changes: list[KeyChange] = []
        self._plain: dict[bytes, list[Shape]] = {}
        self._shapes: dict[bytes, list[Shape]] = {}
        self._learnt = 0

    def hashes(self, bodies: Sequence[bytes], plain: bool) -> list[bytes]:
        """Hashes of the leaves that these lines begin with; fewer than there are lines where one is no leaf.

        `plain`: none of them holds a byte of `_NOT_PLAIN`. Raises Broken where one is not canonical or not the next.
        """
        found: list[bytes] = []
        keep, line, hash_of, shapes_of = found.append, self.line, sha256, self._plain.get
        for body in bodies:
            line += 1
            at = body.rfind(b'"kind":"')
            kind = body[at : body.find(b'"', at + 8)]
            # Only a hint where to look: a leaf that lies about its kind fails the patterns and is parsed.
            for shape in shapes_of(kind, ()):
                match = shape(body)
                if match and (plain or _is_plain(body)) and (body.isascii() or _is_utf8(body)):
                    sequence = int(match[1])
                    break
            else:
                if body[:1] != b"{":
                    break
                sequence = self._sequence(body, kind, line, plain or _is_plain(body))
            if sequence != line:
                raise Broken(f"sequence {sequence} where {line} must stand", line)
            keep(hash_of(b"\x00" + body).digest())
        self.line += len(found)
        return found

    def _sequence(self, body: bytes, kind: bytes, line: int, plain: bool) -> int:
        """The sequence of a leaf that no plain pattern fits. Raises Broken."""
        try:
            body.decode()
            learnt = self._plain if plain else self._shapes
            if len(learnt.get(kind, ())) >= _SHAPES_MAX or self._learnt >= _LEARNT_MAX or not plain:
                for shape in self._shapes.get(kind, ()):
                    if match := shape(body):
                        return int(match[1])
            document = parse_leaf(body)
            sequence = document.get("sequence")
            if type(sequence) is not int or sequence < 1:
                raise Broken("the leaf has no sequence")
        except UnicodeDecodeError as error:
            raise Broken(f"not UTF-8 at byte {error.start + 1}", line) from None
        except Broken as error:
            raise Broken(error.reason, line) from None
        change = parse_change(document)
        if change is not None:
            self.changes.append(change)
        elif len(body) <= _LEARNT_BYTES_MAX:
            self._learn(self._shapes, kind, document, _any)
            if plain:
                self._learn(self._plain, kind, document, _plain)
        return sequence

    def _learn(
        self, known: dict[bytes, list[Shape]], kind: bytes, document: dict[str, Any], scalar: Callable[[Any], bytes]
    ) -> None:
        shapes = known.setdefault(kind, [])
        if len(shapes) < _SHAPES_MAX and self._learnt < _LEARNT_MAX:
            self._learnt += 1
            pattern = rb"(?!)"
            with suppress(_NoShape, RecursionError):
                pattern = _shape(document, scalar)
            shapes.append(re.compile(pattern).fullmatch)


def _is_plain(text: bytes) -> bool:
    return len(text.translate(None, _NOT_PLAIN)) == len(text)


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


# The export.


@dataclass(frozen=True, slots=True)
class Verdict:
    """What can be said of an export. `line` is where it broke, 0 where no line is to blame.

    `authenticated`: a key was given, and signed all of it, itself or by the keys that it handed over to.
    `outside`: size of the checkpoint held outside that this export was found to continue; None where none was given.
    `vouched`: where not all is authenticated, how far it is, by `by`; 0: not at all.
    `witnessed`: when the witness cosigned the checkpoint held outside, seconds since 1970-01-01 UTC.
    """

    consistent: bool
    reason: str = ""
    line: int = 0
    origin: str = ""
    size: int = 0
    root: bytes = b""
    authenticated: bool = False
    outside: int | None = None
    vouched: int = 0
    by: str = ""
    witnessed: int | None = None
    changes: int = 0
    """How often the ledger's key changed."""

    def __str__(self) -> str:
        if not self.consistent:
            return "broken: " + (f"line {self.line}: {self.reason}" if self.line else self.reason)
        if self.authenticated:
            said = "consistent and authenticated"
        elif self.vouched:
            said = f"consistent, authenticated only by {self.by} up to size {self.vouched}"
        else:
            said = "consistent, not authenticated"
        held = "" if self.outside is None else f"; continues the checkpoint held outside, at {self.outside}"
        if self.witnessed is not None:
            held += f", cosigned {datetime.fromtimestamp(self.witnessed, UTC):%Y-%m-%d %H:%M:%S} UTC"
        if self.changes:
            held += f"; the key changed {self.changes} times" if self.changes > 1 else "; the key changed once"
        return f"{said}: {self.origin}, {self.size} entries, root {self.root.hex()}{held}"


def verify_export(
    stream: BinaryIO,
    key: VerifierKey | None = None,
    checkpoint: Checkpoint | None = None,
    witness: VerifierKey | None = None,
) -> Verdict:
    """Reads an export to its last byte and judges it, in bounded memory. `checkpoint` is one held outside.

    `witness`: whose cosignature the checkpoint held outside must bear. Never raises for what the export holds; errors
    of reading (OSError) are the caller's.
    """
    try:
        return _judge(stream, key, checkpoint, witness)
    except Broken as error:
        return Verdict(False, error.reason, error.line)


def _judge(
    stream: BinaryIO, key: VerifierKey | None, outside: Checkpoint | None, witness: VerifierKey | None
) -> Verdict:
    witnessed = None
    if witness is not None:
        witnessed = None if outside is None else cosigned_at(outside, witness)
        if outside is None or witnessed is None:
            raise Broken(f"there is no checkpoint held outside that {witness.name} cosigned")
    leaves = _Leaves()
    portions = _portions(stream)
    tree = _Tree()
    tail: list[bytes] = []
    for lines, plain in portions:
        known = len(leaves.changes)
        found = leaves.hashes(lines, plain)
        changed = leaves.changes[known:]
        tree.extend(found, [*(change.size for change in changed), *([outside.size] if outside else [])])
        for change in changed:
            if tree.roots[change.size] != change.root:
                raise Broken("the change of key was signed over another ledger", change.sequence)
        if len(found) < len(lines):
            tail = lines[len(found) :]
            break
    signed = _final_checkpoint(portions, tail, tree.frontier())
    line = signed.size + 1
    keys = _Chain(leaves.changes, signed, line)
    if outside is not None:
        _compare(outside, tree, signed, line)
    vouched, by = signed.size, ""
    if key is not None:
        vouched, by = keys.vouched(key, outside, witness)
    elif witness is not None and outside is not None:
        vouched, by = outside.size, f"the witness {witness.name}"
    return Verdict(
        True,
        origin=signed.origin,
        size=signed.size,
        root=signed.root,
        authenticated=key is not None and not by,
        outside=outside.size if outside else None,
        vouched=vouched if by else 0,
        by=by,
        witnessed=witnessed,
        changes=len(leaves.changes),
    )


def _portions(stream: BinaryIO) -> Iterator[tuple[list[bytes], bool]]:
    """Lines without their line feeds, many at once, and whether none holds a byte of `_NOT_PLAIN`.

    Last comes what follows the last line feed (nothing, in a sound export).
    """
    rest = b""
    number = 1
    while chunk := stream.read(_CHUNK_BYTES):
        text = rest + chunk
        *whole, rest = text.split(b"\n")
        if max(map(len, whole), default=0) > LEAF_BYTES_MAX:
            number += next(at for at, line in enumerate(whole) if len(line) > LEAF_BYTES_MAX)
            raise Broken(f"a line is longer than {LEAF_BYTES_MAX} bytes", number)
        if whole:
            yield whole, _is_plain(text)
        number += len(whole)
        if len(rest) > LEAF_BYTES_MAX:
            raise Broken(f"a line is longer than {LEAF_BYTES_MAX} bytes", number)
    yield [rest], _is_plain(rest)


class _Tree:
    """The tree over the leaves so far. `roots`: its root at the sizes that were asked for, by size."""

    def __init__(self) -> None:
        self.roots: dict[int, bytes] = {}
        self._done = Frontier()
        self._waiting: list[bytes] = []

    def extend(self, hashes: list[bytes], asked: Iterable[int]) -> None:
        """The next leaves' hashes; `asked`: sizes whose roots are wanted, if they fall within."""
        size = self._done.size + len(self._waiting)
        for wanted in asked:
            if size <= wanted <= size + len(hashes):
                self.roots[wanted] = self._done.extend([*self._waiting, *hashes[: wanted - size]]).root()
        self._waiting += hashes
        # Whole batches only: what is left over would have to be hashed one by one.
        whole = len(self._waiting) - len(self._waiting) % _BATCH
        self._done = self._done.extend(self._waiting[:whole])
        del self._waiting[:whole]

    def frontier(self) -> Frontier:
        """The frontier of them all."""
        return self._done.extend(self._waiting)


class _Chain:
    """The ledger's keys, the first one first, as its changes of key tell them, and what a key given vouches for."""

    def __init__(self, changes: Sequence[KeyChange], signed: Checkpoint, line: int) -> None:
        """Raises Broken where the changes do not hang together, or another key than the last signed the export."""
        self._changes = changes
        self._signed = signed
        self._line = line
        for before, change in pairwise(changes):
            if change.old != before.new:
                raise Broken("the change of key does not begin with the key of its time", change.sequence)
        for change in changes:
            if change.new.name != signed.origin:
                raise Broken("the change of key is of another ledger", change.sequence)
        if changes and not verify_signature(signed, changes[-1].new):
            raise Broken("the checkpoint is not signed by the key that the ledger names last", line + 4)

    def vouched(self, key: VerifierKey, outside: Checkpoint | None, witness: VerifierKey | None) -> tuple[int, str]:
        """Up to which size the ledger is authentic by the key given, and by whose word; empty: all, by the key.

        `witness`: whose cosignature on the checkpoint held outside was found good. Raises Broken.
        """
        changes = self._changes
        ring = [changes[0].old, *(change.new for change in changes)] if changes else [key]
        if key not in ring or self._signed.origin != key.name or not verify_signature(self._signed, ring[-1]):
            raise Broken("the checkpoint is not signed by the key given", self._line + 4)
        at = ring.index(key)
        lost = next((index for index in range(at, len(changes)) if changes[index].lost), None)
        own = 0
        if outside is not None:
            # Which key was the ledger's at that size; one that was replaced by then has no say any more.
            ruling = sum(change.sequence <= outside.size for change in changes)
            signed = verify_signature(outside, ring[ruling]) and (lost is None or ruling <= lost)
            if not signed and witness is None:
                raise Broken("the checkpoint held outside is not signed by the key given")
            own = outside.size if signed else 0
        if lost is None:
            return self._signed.size, ""
        # At a rotation both keys sign the tree so far.
        own = max([own, *(change.size for change in changes[max(at - 1, 0) : lost])])
        if witness is not None and outside is not None and outside.size > own:
            return outside.size, f"the witness {witness.name}"
        if own == 0:
            raise Broken(
                "the key given was lost and replaced here, without its signature: give a checkpoint held outside from "
                "before, or one that a witness cosigned",
                changes[lost].sequence,
            )
        return own, "the key given, which was lost and replaced,"


def _final_checkpoint(
    portions: Iterator[tuple[list[bytes], bool]], tail: list[bytes], frontier: Frontier
) -> Checkpoint:
    """The export's own checkpoint, which must speak of exactly these leaves and end the export.

    `tail`: the lines behind the leaves that were read already; `portions`: those that were not.
    """
    line = frontier.size + 1
    while True:
        length = sum(map(len, tail)) + len(tail)
        if length > NOTE_BYTES_MAX or any(more[:1] == b"{" for more in tail[1:]):
            raise Broken("neither a leaf nor the checkpoint that ends the export", line)
        more, _ = next(portions, ([], True))
        if not more:
            break
        tail = tail + more
    if not any(tail):
        raise Broken("the export ends without a checkpoint", line)
    try:
        found = parse_checkpoint(b"\n".join(tail).decode(), line)
    except UnicodeDecodeError:
        raise Broken("the checkpoint is not UTF-8", line) from None
    if found.size != frontier.size:
        raise Broken(f"the checkpoint is over {found.size} leaves, but there are {frontier.size}", line + 1)
    if found.root != frontier.root():
        raise Broken("the root does not match the leaves: something was changed", line + 2)
    # A further line could be neither checked nor needed: cosignatures are kept with the checkpoint outside.
    if len(found.signatures) != 1:
        raise Broken("the export's checkpoint has more than one signature", line + 5)
    if found.signatures[0].name != found.origin:
        raise Broken("the signature's name is not the origin", line + 4)
    if len(found.signatures[0].signature) != 64:
        raise Broken("the signature is not of Ed25519: it has not 64 bytes", line + 4)
    return found


def _compare(outside: Checkpoint, tree: _Tree, found: Checkpoint, line: int) -> None:
    """The export must continue the checkpoint held outside: same origin, at least its size, its root there."""
    if outside.origin != found.origin:
        raise Broken(f"the export is of {found.origin}, the checkpoint held outside of {outside.origin}", line)
    if outside.size > found.size:
        raise Broken(f"cut off at {found.size}: the checkpoint held outside is over {outside.size}", line)
    if outside.root != tree.roots[outside.size]:
        raise Broken(f"rewritten: the checkpoint held outside has another root at {outside.size}")


def verify_files(
    export: Path, key: Path | None = None, checkpoint: Path | None = None, witness: Path | None = None
) -> Verdict:
    """Judges the export in a file, against a key, a checkpoint and a witness's key in files of their own.

    A checkpoint held outside that cannot be read as one makes the verdict broken. Raises OSError, and Broken
    for a key that is none.
    """
    verifier = None if key is None else parse_key(_text(key, "key"))
    watcher = None if witness is None else parse_key(_text(witness, "key"), witness=True)
    outside = None
    if checkpoint is not None:
        try:
            outside = parse_checkpoint(_text(checkpoint, "checkpoint"))
        except Broken as error:
            return Verdict(False, f"the checkpoint held outside: {error}")
    with export.open("rb") as stream:
        return verify_export(stream, verifier, outside, watcher)


def _text(path: Path, what: str) -> str:
    with path.open("rb") as stream:
        raw = stream.read(NOTE_BYTES_MAX + 1)
    if len(raw) > NOTE_BYTES_MAX:
        raise Broken(f"{path} is too long for a {what}")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Broken(f"{path} is not UTF-8, so no {what}") from None


def main(arguments: list[str] | None = None) -> int:
    """The command line. Exit 0 consistent, 1 broken, 2 wrong use (argparse exits with 2 by itself)."""
    parser = argparse.ArgumentParser(prog="verify.py", description="Verifies an export of the ledger, offline.")
    parser.add_argument("export", type=Path, help="the export")
    parser.add_argument("--key", type=Path, help="file with the public key: name+hash+base64")
    parser.add_argument("--checkpoint", type=Path, help="file with a checkpoint held outside the export")
    parser.add_argument("--witness-key", type=Path, help="file with a witness's key: the checkpoint must be cosigned")
    given = parser.parse_args(arguments)
    if given.witness_key and not given.checkpoint:
        parser.error("--witness-key needs --checkpoint: the checkpoint that the witness cosigned")
    try:
        verdict = verify_files(given.export, given.key, given.checkpoint, given.witness_key)
    except OSError as error:
        sys.stderr.write(f"cannot read {error.filename}: {error.strerror}\n")
        return 2
    except Broken as error:
        sys.stderr.write(f"cannot use the key: {error.reason}\n")
        return 2
    sys.stdout.write(f"{verdict}\n")
    return 0 if verdict.consistent else 1


if __name__ == "__main__":
    sys.exit(main())
