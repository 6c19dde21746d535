"""Entries, exports and keys for the ledger's tests: small, but of every shape that the books hold."""

import io
from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from custody.entries import Borrowed, Entry, Imported, Returned, Shelved, Signature, encode
from custody.ledger import Frontier, LedgerKey, export, leaf_hash
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
