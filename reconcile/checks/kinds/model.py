"""What a kind of finding is: how it looks, who answers for it, until when, how it ends.

A state finding clears by itself when its contradiction ends, and says so. An event finding is closed only by a
person with a reason, whatever happens after.
"""

from dataclasses import dataclass
from typing import Literal

from custody.access import Role

Nature = Literal["state", "event"]
Means = Literal["detect", "remind"]
"""As of a clause: the stories contradict each other, or a deadline has passed."""
Colour = Literal["bad", "due", "odd", "hatch"]
"""Classes of the pages: incidents and losses, deadlines, stories that differ, nobody was listening."""

HOUR = 3_600
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of finding. `clause` is empty where no regulation speaks, only good order."""

    nature: Nature
    colour: Colour
    icon: str
    urgency: int
    """0 at once, 1 today, 2 this week."""
    clause: str
    means: Means = "detect"
    owners: tuple[Role, ...]
    """Who answers for it: the first role here that somebody holds with reach and clearance for it."""
    due_after_seconds: int
    acts: tuple[str, ...]
    """Acts of custody that end the contradiction, in the order offered."""
    resolutions: tuple[str, ...]
    """What a person may conclude instead, with a reason."""
    reopen_after_seconds: int = 0
    """Settled by a person, yet it persists: opened again after its own threshold and at least this long."""


KEEPERS = (Role.CLERK, Role.SECRECY_OFFICE)
OFFICE = (Role.SECRECY_OFFICE, Role.CLERK)
HEADS = (Role.SECRECY_OFFICE, Role.LEADER)
"""Who answers for most of them."""
