"""Facts of other bodies: who they are, what they are licensed for, what they agreed to (clauses a.3, d.3, i.1)."""

from dataclasses import dataclass
from typing import ClassVar

from custody.entries.model import Fact
from custody.values import Agreement, Licence, Organisation


@dataclass(frozen=True, slots=True)
class OrganisationRecorded(Fact):
    """Another body was entered or amended, its ownership included (clause a.3)."""

    kind: ClassVar[str] = "organisation_recorded"
    organisation: Organisation


@dataclass(frozen=True, slots=True)
class LicenceRecorded(Fact):
    """A licence was put on file (clauses a.3, d.3)."""

    kind: ClassVar[str] = "licence_recorded"
    licence: Licence


@dataclass(frozen=True, slots=True)
class LicenceWithdrawn(Fact):
    """A licence is good no more before its day, and why."""

    kind: ClassVar[str] = "licence_withdrawn"
    licence: int
    reason: str


@dataclass(frozen=True, slots=True)
class AgreementRecorded(Fact):
    """A secrecy agreement with another body was put on file (clause i.1)."""

    kind: ClassVar[str] = "agreement_recorded"
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class AgreementEnded(Fact):
    """A secrecy agreement ended before its day, and why."""

    kind: ClassVar[str] = "agreement_ended"
    agreement: int
    reason: str
