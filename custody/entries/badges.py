"""Facts of badges: which card stands for which person (clause c.5, a valid identity at the desk)."""

from dataclasses import dataclass
from typing import ClassVar

from custody.entries.model import Fact


@dataclass(frozen=True, slots=True)
class BadgeGiven(Fact):
    """A card was given to a person as badge, and stands for that person until it is withdrawn (clause c.5).

    `uid`: the number that its chip says of itself, in upper-case hexadecimal (ISO 14443: 4, 7 or 10 bytes;
    ISO 15693: 8 bytes).
    """

    kind: ClassVar[str] = "badge_given"
    person: int
    uid: str


@dataclass(frozen=True, slots=True)
class BadgeWithdrawn(Fact):
    """A badge stands for nobody any more, and why: `lost`, `returned`, `replaced` (clause c.5)."""

    kind: ClassVar[str] = "badge_withdrawn"
    person: int
    uid: str
    reason: str
    remark: str = ""
