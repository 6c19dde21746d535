"""The balance: nothing appears from nowhere or goes nowhere. What came in is somewhere."""

from collections.abc import Mapping
from dataclasses import dataclass

from custody.life_cycle import Status
from custody.values import Origin


@dataclass(frozen=True, slots=True)
class Balance:
    """Both sides of the equation: came in, by origin; and where it all is, by state."""

    came_in: Mapping[Origin, int]
    states: Mapping[Status, int]

    @property
    def came_in_total(self) -> int:
        """Carriers that came into the register."""
        return sum(self.came_in.values())

    @property
    def accounted_total(self) -> int:
        """Carriers that are in some state."""
        return sum(self.states.values())

    @property
    def closes(self) -> bool:
        """Whether the books balance."""
        return self.came_in_total == self.accounted_total


def balance(came_in: Mapping[Origin, int], states: Mapping[Status, int]) -> Balance:
    """The balance of these counts; states without carriers may be left out. Raises ValueError below zero."""
    for name, count in [*came_in.items(), *states.items()]:
        if count < 0:
            raise ValueError(f"{name}: a count of {count} cannot be")
    return Balance(dict(came_in), {status: states.get(status, 0) for status in Status})
