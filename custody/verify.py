"""The offline verifier of the ledger: this one file, Python 3.11's standard library and `cryptography`.

    python verify.py EXPORT [--key FILE] [--checkpoint FILE]

An export is text: one leaf a line (the canonical JSON of an entry, RFC 8785), then the checkpoint over all of
them. The leaves hang in one SHA-256 tree (RFC 9162 section 2.1); the checkpoint is a signed note with its body
(C2SP signed-note and tlog-checkpoint): origin, size, root, an empty line, one Ed25519 signature. Every byte is
checked: nothing can be changed, removed, added or put in another order without a complaint.

Without a key the answer is at most "consistent, not authenticated": whoever rewrites a ledger can write its
checkpoint too. The key (`name+hash+base64`) and a checkpoint kept elsewhere (printed on a form, cosigned by the
auditor) must come from outside the export; only the latter shows that the end was cut off.

Exit 0 consistent, 1 broken (and where), 2 wrong use.
"""

import argparse
import base64
import binascii
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
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
    """A public key by name: what `name+hash+base64` says. `public` is the 32-byte Ed25519 key."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that name the key in a signature (C2SP signed-note)."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"


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


def parse_key(text: str) -> VerifierKey:
    """The public key of `name+hash+base64`, one line. Raises Broken."""
    name, _, rest = text.removesuffix("\n").partition("+")
    hexadecimal, _, encoded = rest.partition("+")
    raw = _base64(encoded, "key")
    if raw[:1] != _ED25519 or len(raw) != 1 + _HASH_BYTES:
        raise Broken("the key is not an Ed25519 key of the form name+hash+base64")
    key = VerifierKey(check_name(name), raw[1:])
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
    public = Ed25519PublicKey.from_public_bytes(key.public)
    for signature in checkpoint.signatures:
        if (signature.name, signature.key_id) == (key.name, key.key_id):
            try:
                public.verify(signature.signature, checkpoint.body.encode())
            except InvalidSignature:
                return False
            return True
    return False


# Leaves: RFC 8785 of objects, arrays, strings, integers, booleans and null.

_FREE = rb'[^"\\\x00-\x1f]*+'
_ESCAPE = rb'\\(?:["\\bfnrt]|u00(?:0[0-7be-f]|1[0-9a-f]))'
_STRING = rb'"' + _FREE + rb"(?:" + _ESCAPE + _FREE + rb')*+"'
_INTEGER = rb"(?:0|-?(?:[1-8][0-9]{15}|[1-9][0-9]{0,14}))"
_SCALAR = rb"(?:" + _STRING + rb"|" + _INTEGER + rb"|null|true|false)"
_SHAPES_MAX = 4
"""Patterns kept of one kind of leaf."""
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


def _shape(value: Any, depth: int = 0) -> bytes:
    """Pattern of all canonical values with the keys of this one. UTF-8 that matches it is canonical."""
    if isinstance(value, dict):
        members = []
        for key, member in value.items():
            inner = rb"([1-9][0-9]{0,14})" if depth == 0 and key == "sequence" else _shape(member, depth + 1)
            members.append(re.escape(_canonical(key).encode()) + b":" + inner)
        return rb"\{" + b",".join(members) + rb"\}"
    if isinstance(value, list):
        inners = {_shape(member, depth + 1) for member in value} or {_SCALAR}
        if len(inners) > 1:
            raise _NoShape
        inner = inners.pop()
        return rb"\[(?:" + inner + rb"(?:," + inner + rb")*+)?\]"
    return _SCALAR


class _Leaves:
    """Checks leaves one after the other; `line` is the one at hand, whose sequence must be its number.

    The full check parses and writes again. As entries of one kind have the same keys, patterns of the leaves
    already seen are kept by kind and tried first: what matches one is canonical, all else is checked in full.
    """

    def __init__(self) -> None:
        self.line = 0
        self._shapes: dict[bytes, list[Callable[[bytes], re.Match[bytes] | None]]] = {}
        self._learnt = 0

    def hash(self, body: bytes) -> bytes:
        """Hash of the next leaf. Raises Broken where it is not canonical or not the next in sequence."""
        self.line += 1
        try:
            body.decode()
            sequence = self._sequence(body)
        except UnicodeDecodeError as error:
            raise Broken(f"not UTF-8 at byte {error.start + 1}", self.line) from None
        except Broken as error:
            raise Broken(error.reason, self.line) from None
        if sequence != self.line:
            raise Broken(f"sequence {sequence} where {self.line} must stand", self.line)
        return sha256(b"\x00" + body).digest()

    def _sequence(self, body: bytes) -> int:
        # Only a hint where to look: a leaf that lies about its kind fails the patterns and is parsed.
        at = body.rfind(b'"kind":"')
        kind = body[at : body.find(b'"', at + 8)]
        for shape in self._shapes.get(kind, ()):
            if match := shape(body):
                return int(match[1])
        document = parse_leaf(body)
        sequence = document.get("sequence")
        if type(sequence) is not int or sequence < 1:
            raise Broken("the leaf has no sequence")
        if self._learnt < _LEARNT_MAX and len(body) <= _LEARNT_BYTES_MAX:
            self._learn(kind, document)
        return sequence

    def _learn(self, kind: bytes, document: dict[str, Any]) -> None:
        shapes = self._shapes.setdefault(kind, [])
        if len(shapes) < _SHAPES_MAX:
            self._learnt += 1
            with suppress(_NoShape, RecursionError):
                shapes.append(re.compile(_shape(document)).fullmatch)


# The export.


@dataclass(frozen=True, slots=True)
class Verdict:
    """What can be said of an export. `line` is where it broke, 0 where no line is to blame.

    `authenticated`: a key was given and the signatures are its own. `outside`: size of the checkpoint held
    outside that this export was found to continue; None where none was given.
    """

    consistent: bool
    reason: str = ""
    line: int = 0
    origin: str = ""
    size: int = 0
    root: bytes = b""
    authenticated: bool = False
    outside: int | None = None

    def __str__(self) -> str:
        if not self.consistent:
            return "broken: " + (f"line {self.line}: {self.reason}" if self.line else self.reason)
        said = "consistent and authenticated" if self.authenticated else "consistent, not authenticated"
        held = "" if self.outside is None else f"; continues the checkpoint held outside, at {self.outside}"
        return f"{said}: {self.origin}, {self.size} entries, root {self.root.hex()}{held}"


def verify_export(stream: BinaryIO, key: VerifierKey | None = None, checkpoint: Checkpoint | None = None) -> Verdict:
    """Reads an export to its last byte and judges it, in bounded memory. `checkpoint` is one held outside.

    Never raises for what the export holds; errors of reading (OSError) are the caller's.
    """
    try:
        return _judge(stream, key, checkpoint)
    except Broken as error:
        return Verdict(False, error.reason, error.line)


def _judge(stream: BinaryIO, key: VerifierKey | None, outside: Checkpoint | None) -> Verdict:
    if outside is not None and key is not None and not verify_signature(outside, key):
        raise Broken("the checkpoint held outside is not signed by the key given")
    lines = _lines(stream)
    tail: list[bytes] = []
    leaves = _Leaves()
    hashes = _hashes(lines, leaves, tail)
    if outside is None:
        frontier = Frontier().extend(hashes)
    else:
        frontier = Frontier().extend(islice(hashes, outside.size))
        prefix = frontier
        frontier = frontier.extend(hashes)
    found = _final_checkpoint(lines, tail, frontier)
    line = frontier.size + 1
    if key is not None and (found.origin != key.name or not verify_signature(found, key)):
        raise Broken("the checkpoint is not signed by the key given", line + 4)
    if outside is not None:
        _compare(outside, prefix, found, line)
    return Verdict(
        True,
        origin=found.origin,
        size=found.size,
        root=found.root,
        authenticated=key is not None,
        outside=outside.size if outside else None,
    )


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines without their line feeds; last what follows the last line feed (nothing, in a sound export)."""
    rest = b""
    number = 1
    while chunk := stream.read(_CHUNK_BYTES):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
        number += len(whole)
        if len(rest) > LEAF_BYTES_MAX:
            raise Broken(f"a line is longer than {LEAF_BYTES_MAX} bytes", number)
    yield rest


def _hashes(lines: Iterator[bytes], leaves: _Leaves, tail: list[bytes]) -> Iterator[bytes]:
    """Hashes of the leaves; the first line that is none goes to `tail`."""
    hash_of = leaves.hash
    for line in lines:
        if line[:1] != b"{":
            tail.append(line)
            return
        if len(line) > LEAF_BYTES_MAX:
            raise Broken(f"a line is longer than {LEAF_BYTES_MAX} bytes", leaves.line + 1)
        yield hash_of(line)


def _final_checkpoint(lines: Iterator[bytes], tail: list[bytes], frontier: Frontier) -> Checkpoint:
    """The export's own checkpoint, which must speak of exactly these leaves and end the export."""
    line = frontier.size + 1
    length = sum(map(len, tail))
    for more in lines:
        tail.append(more)
        length += len(more) + 1
        if length > NOTE_BYTES_MAX or more[:1] == b"{":
            raise Broken("neither a leaf nor the checkpoint that ends the export", line)
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


def _compare(outside: Checkpoint, prefix: Frontier, found: Checkpoint, line: int) -> None:
    """The export must continue the checkpoint held outside: same origin, at least its size, its root there."""
    if outside.origin != found.origin:
        raise Broken(f"the export is of {found.origin}, the checkpoint held outside of {outside.origin}", line)
    if outside.size > found.size:
        raise Broken(f"cut off at {found.size}: the checkpoint held outside is over {outside.size}", line)
    if outside.root != prefix.root():
        raise Broken(f"rewritten: the checkpoint held outside has another root at {outside.size}")


def verify_files(export: Path, key: Path | None = None, checkpoint: Path | None = None) -> Verdict:
    """Judges the export in a file, against a key and a checkpoint in files of their own.

    A checkpoint held outside that cannot be read as one makes the verdict broken. Raises OSError, and Broken
    for a key that is none.
    """
    verifier = None if key is None else parse_key(_text(key, "key"))
    outside = None
    if checkpoint is not None:
        try:
            outside = parse_checkpoint(_text(checkpoint, "checkpoint"))
        except Broken as error:
            return Verdict(False, f"the checkpoint held outside: {error}")
    with export.open("rb") as stream:
        return verify_export(stream, verifier, outside)


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
    given = parser.parse_args(arguments)
    try:
        verdict = verify_files(given.export, given.key, given.checkpoint)
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
