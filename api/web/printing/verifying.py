"""Is this paper true? What the code on a printed form says, held against the print log and the ledger as it is now.

Two questions, answered apart: was a paper with this hash printed here, and does the ledger still hold everything that
it held when the paper was printed (its checkpoint: RFC 9162 root, signed). To who may not see the act it is answered as
if there were none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from api import store
from api.store import Connection
from custody.ledger import Broken, Checkpoint, VerifierKey, base64_of, parse_checkpoint, verify_signature
from custody.rules import NotFound
from custody.store import witnessing
from custody.store.books import Books

TEXT_CHARACTERS_MAX = 4_000
DIGEST_DIGITS_MIN = 16
"""So many digits of the hash stand at the foot of a paper."""


@dataclass(frozen=True, slots=True)
class Code:
    """What the code says; empty, None, 0: it does not say it. `signed`: the whole checkpoint, where it had room."""

    act: str = ""
    entry: int = 0
    digest: str = ""
    signed: Checkpoint | None = None
    size: int | None = None
    root: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer: its words are `verify.<code>`."""

    light: Literal["ok", "due", "bad"]
    code: str
    params: dict[str, int | str]


class Unreadable(ValueError):
    """The text is not what a code says; `code` names why: its words are `verify.unreadable.<code>`."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


_TAIL = re.compile(
    r"act (?P<act>\S{1,40})|entry (?P<entry>[1-9][0-9]{0,15})|form sha256 (?P<digest>[0-9a-fA-F ]{16,80})"
)
_SHORT = re.compile(r"checkpoint (?P<size>0|[1-9][0-9]{0,15}) (?P<root>[A-Za-z0-9+/]{43}=)")


def parse_code(text: str) -> Code:
    """What a code says, scanned or typed from the foot of a paper. Raises Unreadable."""
    lines = [line.strip() for line in text[:TEXT_CHARACTERS_MAX].replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    found: dict[str, str] = {}
    note: list[str] = []
    for line in lines:
        if match := _TAIL.fullmatch(line) or _SHORT.fullmatch(line):
            found |= {name: value for name, value in match.groupdict().items() if value}
        else:
            note.append(line)
    signed = _signed("\n".join(note).strip("\n"))
    digest = found.get("digest", "").replace(" ", "").lower()
    if "act" not in found:
        raise Unreadable("no_act")
    if len(digest) < DIGEST_DIGITS_MIN or len(digest) > 64:
        raise Unreadable("no_digest")
    return Code(
        act=found["act"],
        entry=int(found.get("entry", 0)),
        digest=digest,
        signed=signed,
        size=signed.size if signed else int(found["size"]) if "size" in found else None,
        root=base64_of(signed.root) if signed else found.get("root", ""),
    )


def _signed(text: str) -> Checkpoint | None:
    if not text:
        return None
    try:
        return parse_checkpoint(text + "\n")
    except Broken as error:
        raise Unreadable("note") from error


def verified(connection: Connection, books: Books, code: Code, *, sees_act: bool) -> Sequence[Finding]:
    """The answers, in the order in which they are read. `sees_act`: whether whoever asks may know of the act."""
    return (_printed(connection, code, sees_act), *_recorded(connection, books, code, sees_act))


def _printed(connection: Connection, code: Code, sees_act: bool) -> Finding:
    """Whether a paper with this hash was printed here."""
    made = [one for one in store.prints(connection, code.act) if one.paper_hash.startswith(code.digest)]
    if not made or not sees_act:
        return Finding("bad", "never_printed", {"act": code.act})
    return Finding("ok", "printed", {"act": code.act, "n": made[-1].number, "times": len(made)})


def _recorded(connection: Connection, books: Books, code: Code, sees_act: bool) -> Sequence[Finding]:
    """Whether the ledger still holds what it held then."""
    if code.size is None:
        return (Finding("due", "no_checkpoint", {}),)
    size = books.position(connection)
    if code.signed is not None and not _ours(code.signed, books.verifier_keys(connection)):
        return (Finding("bad", "not_signed", {}),)
    if code.size > size:
        return (Finding("bad", "cut", {"n": code.size, "size": size}),)
    try:
        held = witnessing.frontier_of(connection, code.size)
    except NotFound:
        return (Finding("bad", "cut", {"n": code.size, "size": size}),)
    if base64_of(held.root()) != code.root:
        return (Finding("bad", "rewritten", {"n": code.size}),)
    found = [Finding("ok" if code.signed else "due", "held" if code.signed else "held_unsigned", {"n": code.size})]
    if code.entry and sees_act and (code.entry > code.size or witnessing.act_of(connection, code.entry) != code.act):
        found.append(Finding("bad", "other_entry", {"entry": code.entry, "act": code.act}))
    return found


def _ours(signed: Checkpoint, keys: Sequence[VerifierKey]) -> bool:
    return any(signed.origin == key.name and verify_signature(signed, key) for key in keys)
