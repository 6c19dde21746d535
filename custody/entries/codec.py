"""Entries as canonical bytes (RFC 8785, no floats, a random nonce): what is stored, hashed, exported and folded."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from custody.entries.model import Entry, EntryInvalid, Fact, Signature


def _all_facts(base: type[Fact]) -> list[type[Fact]]:
    found: list[type[Fact]] = []
    for sub in base.__subclasses__():
        found += ([sub] if sub.kind else []) + _all_facts(sub)
    return found


FACTS: Mapping[str, type[Fact]] = {fact.kind: fact for fact in _all_facts(Fact)}
"""Every kind of fact by its name in the ledger."""


@cache
def _adapter(kind: str) -> TypeAdapter[Fact]:
    return TypeAdapter(FACTS[kind])


_SIGNATURES: TypeAdapter[tuple[Signature, ...]] = TypeAdapter(tuple[Signature, ...])
_KEYS = {
    "act",
    "by",
    "corrects",
    "entered_at",
    "fact",
    "happened_at",
    "kind",
    "nonce",
    "sequence",
    "signatures",
}


_EXACT_MAX = 2**53 - 1
"""Largest integer that every reader of JSON holds exactly (RFC 8785 section 3.2.2.3)."""


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _plain(value: Any) -> Any:
    """A value of an entry as JSON's own kinds. Raises EntryInvalid for what JSON cannot hold exactly."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if "\x00" in value:
            raise EntryInvalid("a text holds the character U+0000, which a database cannot hold")
        return value
    if isinstance(value, int):
        if -_EXACT_MAX <= value <= _EXACT_MAX:
            return value
        raise EntryInvalid(f"the integer {value} is beyond what JSON holds exactly")
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(getattr(value, name)) for name in _names(type(value))}
    raise EntryInvalid(f"a {type(value).__name__} has no place in an entry")


def encode(entry: Entry) -> bytes:
    """Canonical bytes of an entry (RFC 8785). Raises EntryInvalid for what JSON cannot hold exactly.

    With ASCII keys, no floats and integers within 2^53, the standard library's sorted, unspaced JSON is RFC 8785.
    """
    document = {
        "act": entry.act,
        "by": entry.by,
        "corrects": entry.corrects,
        "entered_at": entry.entered_at,
        "fact": entry.fact,
        "happened_at": entry.happened_at,
        "kind": entry.fact.kind,
        "nonce": entry.nonce,
        "sequence": entry.sequence,
        "signatures": entry.signatures,
    }
    try:
        plain = {name: _plain(value) for name, value in document.items()}
        return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    except ValueError as error:
        raise EntryInvalid(f"entry {entry.sequence} cannot be written exactly: {error}") from error


def decode(body: bytes) -> Entry:
    """The entry of these canonical bytes. Raises EntryInvalid."""
    try:
        document = json.loads(body)
    except ValueError as error:
        raise EntryInvalid(f"not JSON: {error}") from error
    if not isinstance(document, dict) or set(document) != _KEYS:
        raise EntryInvalid(f"an entry has exactly the keys {', '.join(sorted(_KEYS))}")
    kind = document["kind"]
    if kind not in FACTS:
        raise EntryInvalid(f"unknown kind of fact {kind!r}")
    try:
        fact = _adapter(kind).validate_python(document["fact"])
        signatures = _SIGNATURES.validate_python(document["signatures"])
    except ValidationError as error:
        raise EntryInvalid(f"fact {kind}: {error}") from error
    return Entry(
        sequence=document["sequence"],
        act=document["act"],
        by=document["by"],
        happened_at=document["happened_at"],
        entered_at=document["entered_at"],
        nonce=document["nonce"],
        fact=fact,
        signatures=signatures,
        corrects=document["corrects"],
    )


def signed_text(facts: Sequence[Fact]) -> str:
    """The exact text that a signature stands under: the facts of the act as sorted JSON.

    It can be made again from the entries of the act, so that a signature's hash is checked from the ledger alone.
    """
    return json.dumps([{"kind": fact.kind, **asdict(fact)} for fact in facts], ensure_ascii=False, sort_keys=True)


def text_hash(text: str) -> str:
    """SHA-256, hexadecimal, of a text in UTF-8: what a signature keeps of what was signed."""
    return hashlib.sha256(text.encode()).hexdigest()
