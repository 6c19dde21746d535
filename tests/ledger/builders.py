"""Entries, exports and keys for the ledger's tests: small, but of every shape that the books hold."""

import io
import struct
from collections.abc import Iterable
from itertools import pairwise

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from custody.entries import Borrowed, Entry, Fact, Imported, Returned, Shelved, Signature, encode
from custody.entries.trust import KeyReplaced, KeyRotated
from custody.ledger import Frontier, LedgerKey, VerifierKey, base64_of, export, handover_text, leaf_hash
from custody.values import SECOND, Description, Period, Scope

ORIGIN = "archive.example/books"
START = 1_780_000_000 * SECOND

DESCRIPTION = Description(
    control_number="机密-2026-0001",
    copy_number=1,
    copies=5,
    title='总体方案 "甲" 卷\n𠮷',
    kind="document",
    level="secret",
    period=Period("years", "20"),
    scope=Scope(("unit:3", "person:7")),
    unit=3,
)


def entry(sequence: int) -> Entry:
    """The entry at this place of a short, busy ledger: four kinds in turn, some of them signed."""
    facts = (
        Imported(sequence, DESCRIPTION),
        Shelved(sequence, 5),
        Borrowed(sequence, 7, START + sequence * SECOND, "编制"),
        Returned(sequence, 5, 12),
    )
    signed = (Signature(7, START, "badge", "ab" * 32),) if sequence % 3 == 0 else ()
    return Entry(
        sequence=sequence,
        act=f"J-2026-{sequence:04d}",
        by=7,
        happened_at=START + sequence * SECOND,
        entered_at=START + sequence * SECOND,
        nonce=f"{sequence:032x}",
        fact=facts[(sequence - 1) % 4],
        signatures=signed,
    )


def leaves(count: int) -> list[bytes]:
    """Canonical bytes of the first `count` entries."""
    return [encode(entry(sequence)) for sequence in range(1, count + 1)]


def key(seed: int = 1, origin: str = ORIGIN) -> LedgerKey:
    """A ledger's key; another seed, another key."""
    return LedgerKey(origin, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def note(bodies: Iterable[bytes], signer: LedgerKey) -> str:
    """The checkpoint over these leaves."""
    frontier = Frontier().extend(map(leaf_hash, bodies))
    return signer.sign(frontier.size, frontier.root())


def exported(bodies: list[bytes], signer: LedgerKey) -> bytes:
    """The export of these leaves."""
    out = io.BytesIO()
    export(bodies, note(bodies, signer), out)
    return out.getvalue()


def signed_text(bodies: list[bytes], signer: LedgerKey) -> bytes:
    """What a keeper who does not check his leaves would sign and hand out."""
    return b"".join(body + b"\n" for body in bodies) + note(bodies, signer).encode()


def handover(bodies: list[bytes], old: LedgerKey, new: LedgerKey, *, lost: bool = False) -> bytes:
    """The leaf by which `old` hands over to `new` behind these leaves; `lost`: it could not sign."""
    frontier = Frontier().extend(map(leaf_hash, bodies))
    root, size = frontier.root(), frontier.size
    fact: Fact
    if lost:
        text = handover_text(KeyReplaced.kind, size, root, old.public, new.public)
        fact = KeyReplaced(old.vkey(), new.vkey(), size, base64_of(root), base64_of(new.signed(text)), "烧毁")
    else:
        text = handover_text(KeyRotated.kind, size, root, old.public, new.public)
        signed = [base64_of(one.signed(text)) for one in (old, new)]
        fact = KeyRotated(old.vkey(), new.vkey(), size, base64_of(root), *signed)
    at = START + (size + 1) * SECOND
    return encode(Entry(size + 1, "MY-2026-0001", 0, at, at, f"{size + 1:032x}", fact))


def handed_over(count: int, keys: list[LedgerKey], at: list[int], lost: frozenset[int] = frozenset()) -> list[bytes]:
    """`count` leaves, at whose positions `at` the keys change one after the other; those at `lost` unsigned."""
    bodies: list[bytes] = []
    following = iter(pairwise(keys))
    for sequence in range(1, count + 1):
        if sequence in at:
            bodies.append(handover(bodies, *next(following), lost=sequence in lost))
        else:
            bodies.append(encode(entry(sequence)))
    return bodies


WITNESS_NAME = "auditor.example/w1"


def cosigned(text: str, seed: int = 77, seconds: int = 1_780_000_000, name: str = WITNESS_NAME) -> str:
    """The note with a witness's cosignature, made by hand as C2SP tlog-cosignature says."""
    private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    body = "".join(line + "\n" for line in text.split("\n")[:3])
    signature = private.sign(f"cosignature/v1\ntime {seconds}\n{body}".encode())
    raw = witness_key(seed, name).key_id + struct.pack(">Q", seconds) + signature
    return f"{text}— {name} {base64_of(raw)}\n"


def witness_key(seed: int = 77, name: str = WITNESS_NAME) -> VerifierKey:
    """The public key of that witness."""
    private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    return VerifierKey(name, private.public_key().public_bytes_raw(), b"\x04")
