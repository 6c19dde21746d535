"""A change of the ledger's key: how it hands over to the next, and what is done when it is lost.

The change is entered in the ledger, so that an export carries it, and the checkpoint over it kept, in one transaction.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

from custody import ledger
from custody.access import INSTALLATION
from custody.entries import Fact, Signature, signed_text, text_hash
from custody.entries.trust import KeyReplaced, KeyRotated
from custody.store import audit
from custody.store.books import Books, lock_ledger
from custody.store.key_history import ruling


class KeyNotTheLedgers(Exception):
    """The key at hand is not the one that the ledger names; the message says what to do."""


def rotate(books: Books, new: ledger.LedgerKey, by: int, address: str = "") -> str:
    """Hand over to the next key, on the word of one administrator just confirmed; the checkpoint, signed by both.

    From the end of the transaction on the books sign with the new key. Raises KeyMissing, KeyNotTheLedgers, Refused.
    """
    old = books.signing_key()

    def made(size: int, root: bytes) -> Fact:
        text = ledger.handover_text(KeyRotated.kind, size, root, old.public, new.public)
        signed = [ledger.base64_of(key.signed(text)) for key in (old, new)]
        return KeyRotated(old.vkey(), new.vkey(), size, ledger.base64_of(root), *signed)

    return _change_key(books, old.public, new, made, (by,), "ledger_key_rotated", address, (new, old))


def replace_lost(
    books: Books, lost: ledger.VerifierKey, new: ledger.LedgerKey, by: Sequence[int], reason: str, address: str = ""
) -> str:
    """Begin a new key in the place of a lost one, on the word of two administrators just confirmed; its checkpoint.

    `lost`: the key that ruled until now, as it was kept outside. Raises KeyNotTheLedgers, Refused.
    """

    def made(size: int, root: bytes) -> Fact:
        text = ledger.handover_text(KeyReplaced.kind, size, root, lost, new.public)
        signed = ledger.base64_of(new.signed(text))
        return KeyReplaced(str(lost), new.vkey(), size, ledger.base64_of(root), signed, reason)

    return _change_key(books, lost, new, made, by, "ledger_key_replaced", address, (new,))


def _change_key(
    books: Books,
    old: ledger.VerifierKey,
    new: ledger.LedgerKey,
    made: Callable[[int, bytes], Fact],
    by: Sequence[int],
    event: str,
    address: str,
    signers: tuple[ledger.LedgerKey, ...],
) -> str:
    if new.public == old or new.origin != old.name:
        raise KeyNotTheLedgers("the new key must be another one, under the same origin")
    with books.database.writing() as connection:
        size, frontier = lock_ledger(connection)
        present = ruling(connection)
        if present is not None and present != old:
            raise KeyNotTheLedgers(f"the ledger's key is {present}, not {old}: nothing was changed")
        fact = made(size, frontier.root())
        now = books.clock()
        under = text_hash(signed_text([fact]))
        signatures = tuple(Signature(person, now, "password", under) for person in by)
        receipt = books.enter(INSTALLATION, [fact], act="ledger_key", signatures=signatures, connection=connection)
        detail: audit.Detail = {"old": _digest(old), "new": _digest(new.public), "entry": receipt.first}
        for person in by:
            audit.note(connection, event, now, by=person, detail=detail, address=address)
        note = books.keep_checkpoint(connection, signers)
    books.use_key(new)
    return note


def _digest(key: ledger.VerifierKey) -> str:
    return sha256(str(key).encode()).hexdigest()
