"""The books' only content: frozen past-tense facts, each in an entry that is never changed or deleted.

An entry says what (its fact), by whom, when it happened, when it was entered, under which act. Its canonical
bytes (RFC 8785, no floats, a random nonce) are what is stored, hashed, exported and folded. A mistake is
corrected by a later entry that names the one it corrects.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, ClassVar

from pydantic import TypeAdapter, ValidationError

from custody.values import Description, Instant, Person, Place, Scope, Tag, Unit

__all__ = ["FACTS", "CarrierFact", "Entry", "EntryInvalid", "Fact", "Scope", "Signature", "decode", "encode"]


class EntryInvalid(ValueError):
    """Stored or given bytes are not an entry; the message says which part is wrong."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened. Subclasses are the vocabulary; `kind` is the name in the ledger."""

    kind: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class CarrierFact(Fact):
    """A fact about one carrier."""

    carrier: int


# The directory: whole statements of a row; the last one holds.


@dataclass(frozen=True, slots=True)
class UnitRecorded(Fact):
    """A unit was entered or amended."""

    kind: ClassVar[str] = "unit_recorded"
    unit: Unit


@dataclass(frozen=True, slots=True)
class PlaceRecorded(Fact):
    """A place was entered or amended, its rating included (clause f.2)."""

    kind: ClassVar[str] = "place_recorded"
    place: Place


@dataclass(frozen=True, slots=True)
class PersonRecorded(Fact):
    """A person was entered or amended, the post and its dates included."""

    kind: ClassVar[str] = "person_recorded"
    person: Person


# Coming into the register. Produced and copied carriers come with their own procedures.


@dataclass(frozen=True, slots=True)
class Imported(CarrierFact):
    """Taken over from the ledger kept before: origin legacy. Has no home until shelved."""

    kind: ClassVar[str] = "imported"
    description: Description


@dataclass(frozen=True, slots=True)
class Received(CarrierFact):
    """Received from outside, with the issuer's own number (clauses b.1, b.2)."""

    kind: ClassVar[str] = "received"
    description: Description


# Tags.


@dataclass(frozen=True, slots=True)
class TagBound(CarrierFact):
    """A tag was fixed to the carrier; the EPC is bound to no other."""

    kind: ClassVar[str] = "tag_bound"
    tag: Tag


@dataclass(frozen=True, slots=True)
class TagRetired(CarrierFact):
    """A tag was taken off or destroyed; it is never bound again."""

    kind: ClassVar[str] = "tag_retired"
    epc: str
    reason: str


# Keeping.


@dataclass(frozen=True, slots=True)
class Shelved(CarrierFact):
    """Put in its home for the first time; `place` is its home from now on (clause f.2)."""

    kind: ClassVar[str] = "shelved"
    place: int


@dataclass(frozen=True, slots=True)
class Moved(CarrierFact):
    """Given another home (clause f.2)."""

    kind: ClassVar[str] = "moved"
    place: int


@dataclass(frozen=True, slots=True)
class ReportedMissing(CarrierFact):
    """A person declared the whereabouts unknown: 下落不明. Never concluded from the radio."""

    kind: ClassVar[str] = "reported_missing"
    circumstances: str


@dataclass(frozen=True, slots=True)
class ReportedFound(CarrierFact):
    """A carrier declared missing was found, and put in `place`."""

    kind: ClassVar[str] = "reported_found"
    place: int
    circumstances: str


# Use.


@dataclass(frozen=True, slots=True)
class Borrowed(CarrierFact):
    """Handed to the borrower, whose identity was confirmed, until `due_at` (clause c.5)."""

    kind: ClassVar[str] = "borrowed"
    holder: int
    due_at: Instant
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Returned(CarrierFact):
    """Back from the holder, put in `place` (clause c.5)."""

    kind: ClassVar[str] = "returned"
    place: int
    pages_counted: int | None = None


# What people concluded from a comparison. None of these moves custody.


@dataclass(frozen=True, slots=True)
class RoundSigned(Fact):
    """A sweep was finished and signed: a count is an assertion against the books, never an edit."""

    kind: ClassVar[str] = "round_signed"
    round: str
    place: int
    position: int
    """Ledger position at which the expected list was frozen."""
    expected: int
    present: int
    missing: int
    elsewhere: int
    unexpected: int
    report_hash: str
    """SHA-256, hexadecimal, of the report's canonical bytes."""


@dataclass(frozen=True, slots=True)
class FindingSettled(Fact):
    """A person closed a finding, with the reason."""

    kind: ClassVar[str] = "finding_settled"
    finding: str
    finding_kind: str
    resolution: str
    reason: str
    carrier: int | None = None


def _all_facts(base: type[Fact]) -> list[type[Fact]]:
    found: list[type[Fact]] = []
    for sub in base.__subclasses__():
        found += ([sub] if sub.kind else []) + _all_facts(sub)
    return found


FACTS: Mapping[str, type[Fact]] = {fact.kind: fact for fact in _all_facts(Fact)}
"""Every kind of fact by its name in the ledger."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A person's act of signing: identity freshly confirmed, and the hash of the exact text that was shown."""

    person: int
    at: Instant
    means: str
    """How identity was confirmed: `password`, `badge`."""
    text_hash: str
    """SHA-256, hexadecimal, of the UTF-8 text."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the books. `sequence` counts from 1 without gaps; the leaf index is `sequence - 1`."""

    sequence: int
    act: str
    by: int
    """The acting person; 0 is the installation itself."""
    happened_at: Instant
    entered_at: Instant
    nonce: str
    """16 random bytes, hexadecimal: a redacted entry cannot be guessed from its hash."""
    fact: Fact
    signatures: tuple[Signature, ...] = ()
    corrects: int | None = None


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
