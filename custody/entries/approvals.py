"""Facts of approval: one mechanism for every matter that needs it (see `custody.approval`)."""

from dataclasses import dataclass
from typing import ClassVar

from custody.entries.model import MatterFact
from custody.values import Instant


@dataclass(frozen=True, slots=True)
class ApprovalAsked(MatterFact):
    """The applicant asked for approval, and signed. `steps` in order; urgent shortens `answer_by`, nothing else."""

    kind: ClassVar[str] = "approval_asked"
    route: str
    steps: tuple[str, ...]
    answer_by: Instant
    valid_days: int
    """So many days after the last approval it may be made use of."""
    urgent: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Approved(MatterFact):
    """One step was approved and signed; `on_behalf_of` names the absent person whose deputy signed."""

    kind: ClassVar[str] = "approved"
    step: str
    on_behalf_of: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Declined(MatterFact):
    """One step was declined, with the reason; the matter is over."""

    kind: ClassVar[str] = "declined"
    step: str
    reason: str
    on_behalf_of: int | None = None


@dataclass(frozen=True, slots=True)
class Withdrawn(MatterFact):
    """The applicant withdrew the matter before it was carried out."""

    kind: ClassVar[str] = "withdrawn"
    reason: str
