"""The ledger's mathematics: one tree, its proofs, its signed checkpoints and its export.

What the offline verifier needs stands in `verify`, which is one file by itself; here is what keeping a ledger
needs besides. Nothing here knows the database or the clock.
"""

import base64
import os
import secrets
import stat
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from custody.verify import (
    Broken,
    Checkpoint,
    Frontier,
    KeyChange,
    NoteSignature,
    Verdict,
    VerifierKey,
    check_name,
    checkpoint_body,
    cosigned_at,
    handover_text,
    leaf_hash,
    node_hash,
    parse_change,
    parse_checkpoint,
    parse_key,
    parse_leaf,
    verify_export,
    verify_files,
    verify_signature,
)

__all__ = [
    "Broken",
    "Checkpoint",
    "Frontier",
    "KeyChange",
    "KeyUnusable",
    "LedgerKey",
    "NoteSignature",
    "Verdict",
    "VerifierKey",
    "base64_of",
    "checkpoint_text",
    "consistency_between",
    "consistency_proof",
    "cosigned_at",
    "export",
    "handover_text",
    "inclusion_proof",
    "leaf_hash",
    "move_key",
    "node_hash",
    "parse_change",
    "parse_checkpoint",
    "parse_key",
    "parse_leaf",
    "remove_key",
    "signature_line",
    "verify_consistency",
    "verify_export",
    "verify_files",
    "verify_inclusion",
    "verify_signature",
]


# Proofs. `leaves` are leaf hashes, 32 bytes each.


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The audit path of the leaf at `index` (from 0) in the tree over `leaves` (RFC 9162 section 2.1.3.1).

    Raises ValueError for an index outside the tree.
    """
    if not 0 <= index < len(leaves):
        raise ValueError(f"there is no leaf {index} in a tree of {len(leaves)}")
    path: list[bytes] = []
    row = list(leaves)
    while len(row) > 1:
        sibling = index ^ 1
        if sibling < len(row):
            path.append(row[sibling])
        row = _parents(row)
        index >>= 1
    return tuple(path)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows the leaf hash at `index` in the tree of `size` and `root` (2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last = index, size - 1
    seen = leaf
    for node in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            seen = node_hash(node, seen)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            seen = node_hash(seen, node)
        at >>= 1
        last >>= 1
    return last == 0 and seen == root


def consistency_proof(leaves: Sequence[bytes], first: int) -> tuple[bytes, ...]:
    """What shows that the tree over `leaves` continues its own first `first` leaves (RFC 9162 2.1.4.1).

    Empty where `first` is all of them. Raises ValueError unless 0 < first <= number of leaves.
    """
    if not 0 < first <= len(leaves):
        raise ValueError(f"a tree of {len(leaves)} continues none of {first}")
    path: list[bytes] = []
    start, end = 0, len(leaves)
    whole = True
    """Whether the old tree's root is the one at hand, which its holder knows already."""
    while first != end:
        split = start + _largest_power_below(end - start)
        if first <= split:
            path.append(_root(leaves[split:end]))
            end = split
        else:
            path.append(_root(leaves[start:split]))
            start = split
            whole = False
    if not whole:
        path.append(_root(leaves[start:end]))
    return tuple(reversed(path))


def consistency_between(old: Frontier, later: Iterable[bytes], size: int) -> tuple[bytes, ...]:
    """The same proof, from the frontier of the first tree and only the leaves behind it, up to `size`.

    Reads `later` once, in bounded memory. Raises ValueError unless 0 < old.size <= size, or where leaves are missing.
    """
    if not 0 < old.size <= size:
        raise ValueError(f"a tree of {size} continues none of {old.size}")
    starts, at = {}, 0
    for subtree in old.hashes:
        starts[at] = subtree
        at += 1 << (old.size - at).bit_length() - 1
    steps: list[tuple[bool, int]] = []
    """From the root to the seam: (True, start of a subtree of the old tree) or (False, leaves of a new one)."""
    start, end = 0, size
    while end != old.size:
        split = start + _largest_power_below(end - start)
        if old.size <= split:
            steps.append((False, end - split))
            end = split
        else:
            steps.append((True, start))
            start = split
    # The proof goes from the seam outwards, and so do the new subtrees, from the left.
    steps.reverse()
    leaves = iter(later)
    path = [starts[start]] if start else []
    for kept, value in steps:
        if kept:
            path.append(starts[value])
            continue
        new = Frontier().extend(islice(leaves, value))
        if new.size != value:
            raise ValueError(f"there are fewer than {size} leaves")
        path.append(new.root())
    return tuple(path)


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the tree of `second` leaves continues that of `first` (RFC 9162 2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    if not proof:
        return False
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    at, last = first - 1, second - 1
    while at & 1:
        at >>= 1
        last >>= 1
    old = new = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old = node_hash(node, old)
            new = node_hash(node, new)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            new = node_hash(new, node)
        at >>= 1
        last >>= 1
    return last == 0 and old == first_root and new == second_root


def _parents(row: Sequence[bytes]) -> list[bytes]:
    """The row above: pairs hashed, a last odd one carried up as it is."""
    above = [node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
    return [*above, row[-1]] if len(row) & 1 else above


def _root(leaves: Sequence[bytes]) -> bytes:
    return Frontier().extend(leaves).root()


def _largest_power_below(count: int) -> int:
    return 1 << (count - 1).bit_length() - 1


# Signing.


class KeyUnusable(Exception):
    """The key's file cannot be used; the message says why and what to do."""


class LedgerKey:
    """The Ed25519 key that signs this ledger's checkpoints, under the ledger's origin as its name."""

    def __init__(self, origin: str, private: Ed25519PrivateKey) -> None:
        """Raises Broken for an origin that a signed note cannot carry."""
        self.origin = check_name(origin)
        self._private = private
        self.public = VerifierKey(origin, private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @classmethod
    def load(cls, path: Path, origin: str) -> "LedgerKey":
        """The key of a PEM PKCS8 file. Raises KeyUnusable, and OSError where it cannot be read."""
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise KeyUnusable(f"{path} may be read by others (mode {mode:04o}); run: chmod 600 {path}")
        try:
            private = load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyUnusable(f"{path} is not a private key in PEM without a password: {error}") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise KeyUnusable(f"{path} holds a key of another kind; checkpoints are signed with Ed25519")
        return cls(origin, private)

    @classmethod
    def load_or_create(cls, path: Path, origin: str) -> "LedgerKey":
        """The key of the file, which is made if it is not there: mode 0600, whole and on disk, or not at all.

        Two processes that start at once get the same key. Raises KeyUnusable, OSError, and Broken for the origin.
        """
        check_name(origin)
        if not path.exists():
            pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            _create(path, pem)
        return cls.load(path, origin)

    def vkey(self) -> str:
        """The public key as a line to keep outside: `name+hash+base64` (C2SP signed-note), without line feed."""
        return str(self.public)

    def sign(self, size: int, root: bytes) -> str:
        """The checkpoint at this size and root, signed: the text of a C2SP signed note."""
        return checkpoint_text(self, size, root)

    def signature(self, body: str) -> NoteSignature:
        """This key's signature of a note's body."""
        return NoteSignature(self.origin, self.public.key_id, self.signed(body))

    def signed(self, text: str) -> bytes:
        """This key's signature of a text, 64 bytes."""
        return self._private.sign(text.encode())


def checkpoint_text(key: LedgerKey, size: int, root: bytes, *others: LedgerKey) -> str:
    """The signed note of a checkpoint (C2SP tlog-checkpoint): five lines, each ended by a line feed.

    `others` sign it too, a line each: at a change of key.
    """
    body = checkpoint_body(key.origin, size, root)
    return f"{body}\n" + "".join(signature_line(one.signature(body)) for one in (key, *others))


def signature_line(signed: NoteSignature) -> str:
    """A signature as the line of a note, with its line feed."""
    return f"— {signed.name} {base64_of(signed.key_id + signed.signature)}\n"


def base64_of(raw: bytes) -> str:
    """Standard base64, as notes and entries carry hashes and signatures."""
    return base64.b64encode(raw).decode()


def remove_key(path: Path) -> None:
    """Take a key's file away for good: a key that handed over signs nothing any more."""
    path.unlink(missing_ok=True)
    _sync_folder(path.parent)


def move_key(source: Path, target: Path) -> None:
    """Put the key of one file in the place of another's, whole: on disk when it returns."""
    source.replace(target)
    _sync_folder(target.parent)


def _create(path: Path, content: bytes) -> None:
    """Puts a new file at `path`, unless one is there by now: written aside, synced, then linked into place."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(aside, path)
        except FileExistsError:
            return
    finally:
        aside.unlink()
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


# The export.


def export(bodies: Iterable[bytes], note: str, out: BinaryIO) -> int:
    """Writes an export: the leaves in order, one a line, then their checkpoint. Returns the number of leaves.

    Raises Broken where the checkpoint is not over exactly these leaves: such an export would be refused by
    whoever verifies it, and better here. What was written by then is to be thrown away.
    """
    signed = parse_checkpoint(note)

    def written() -> Iterable[bytes]:
        for body in bodies:
            if b"\n" in body or body[:1] != b"{":
                raise Broken("a leaf is not canonical JSON of an object")
            out.write(body + b"\n")
            yield leaf_hash(body)

    frontier = Frontier().extend(written())
    if (signed.size, signed.root) != (frontier.size, frontier.root()):
        raise Broken(f"the checkpoint is over {signed.size} leaves, not over these {frontier.size}")
    out.write(note.encode())
    return frontier.size
