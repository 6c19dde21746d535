"""What an entry is made of: its fact, its signatures, its header."""

from dataclasses import dataclass
from typing import ClassVar

from custody.values import Instant


class EntryInvalid(ValueError):
    """Stored or given bytes are not an entry; the message says which part is wrong."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened. Subclasses are the vocabulary; `kind` is the name in the ledger."""

    kind: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class CarrierFact(Fact):
    """A fact about one carrier. Those that belong to a matter name it in a field `matter`."""

    carrier: int


@dataclass(frozen=True, slots=True)
class MatterFact(Fact):
    """A fact about one matter: a numbered piece of business that takes several acts."""

    matter: int


@dataclass(frozen=True, slots=True)
class MatterOpened(MatterFact):
    """The first entry of a matter. `level`: the highest level of what it is about; `unit` answers for it."""

    unit: int
    level: str


def matter_of(fact: Fact) -> int | None:
    """The matter that a fact is about or belongs to."""
    found: int | None = getattr(fact, "matter", None)
    return found


@dataclass(frozen=True, slots=True)
class Signature:
    """A person's act of signing: identity freshly confirmed, and the hash of the exact text that was shown."""

    person: int
    at: Instant
    means: str
    """How identity was confirmed: `password`, `badge` alone, `badge_password`."""
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
