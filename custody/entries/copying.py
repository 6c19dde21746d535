"""Facts of letter d: copies, excerpts and compilations, and their descent.

One application is for one manner. A copy or an excerpt is made from one source, so many of each; a compilation is
made from all sources together.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from custody.entries.model import CarrierFact, MatterFact, MatterOpened
from custody.values import Description, Instant

Manner = Literal["copy", "excerpt", "compilation"]
"""复制, 摘录, 汇编."""


@dataclass(frozen=True, slots=True)
class CopyingOpened(MatterOpened):
    """Leave was applied for to copy, excerpt or compile (clauses d.1, d.6).

    `copies`: of each source; of the whole where it is a compilation. `place`: where it is done in the house
    (daily rule 7); `organisation`: the other body that does it (clause d.3); always one of the two.
    """

    kind: ClassVar[str] = "copying_opened"
    manner: Manner
    copies: int
    place: int | None
    organisation: int | None
    machine: str
    """The copier, scanner or printer, by its own number."""
    recipient: int
    """For whom the copies are."""
    reason: str


@dataclass(frozen=True, slots=True)
class SourceListed(CarrierFact):
    """It is to be copied. `issuer`: who issued it, where it is no paper of the house: that authority is asked too."""

    kind: ClassVar[str] = "source_listed"
    matter: int
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class SourceStruck(CarrierFact):
    """It is not to be copied after all."""

    kind: ClassVar[str] = "source_struck"
    matter: int
    reason: str


@dataclass(frozen=True, slots=True)
class IssuerAgreed(CarrierFact):
    """The authority that issued it allowed the copying (clause d.1). `number`, `on`: of its letter."""

    kind: ClassVar[str] = "issuer_agreed"
    matter: int
    authority: str
    number: str
    on: str


@dataclass(frozen=True, slots=True)
class Copied(CarrierFact):
    """Made from other carriers under an approval: origin copied, descended from its `sources` (clauses d.4, d.5)."""

    kind: ClassVar[str] = "copied"
    matter: int
    sources: tuple[int, ...]
    manner: Manner
    description: Description

    @property
    def carriers(self) -> tuple[int, ...]:
        """The carriers whose states the rules ask about."""
        return self.sources


@dataclass(frozen=True, slots=True)
class CopiesMade(MatterFact):
    """Who made the copies of this act, on which machine, and who watched (clause d.4). `count`: copies of this act."""

    kind: ClassVar[str] = "copies_made"
    operator: int
    witness: int
    machine: str
    count: int


@dataclass(frozen=True, slots=True)
class CopyingClosed(MatterFact):
    """No more is copied under this approval. `made`: copies in all; `reason`: why fewer than were approved."""

    kind: ClassVar[str] = "copying_closed"
    made: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CopiesRecalled(CarrierFact):
    """Everything that was made from it is asked back until `due_at`. `copies`: those that were with somebody."""

    kind: ClassVar[str] = "copies_recalled"
    due_at: Instant
    reason: str
    copies: tuple[int, ...]

    @property
    def carriers(self) -> tuple[int, ...]:
        """The carriers whose states the rules ask about."""
        return self.copies
