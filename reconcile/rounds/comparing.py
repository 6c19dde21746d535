"""A sweep beside the last signed one of the same place: newly missing, found again, moved, still missing. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from reconcile.rounds.state import Line, RoundState

CHANGES = ("newly_missing", "still_missing", "found_again", "moved")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What has changed since another sweep.

    `moved`: met in both, in another place by the books than then. What the sweep does not ask for, or did not cover,
    is compared with nothing.
    """

    number: str
    newly_missing: tuple[Line, ...]
    still_missing: tuple[Line, ...]
    found_again: tuple[Line, ...]
    moved: tuple[tuple[Line, Line], ...]
    """(as it was then, as it is now)."""

    @property
    def counts(self) -> Mapping[str, int]:
        """How many of each."""
        return {name: len(getattr(self, name)) for name in CHANGES}


def compare(now: RoundState, then: RoundState) -> Comparison:
    """The later sweep beside the earlier; linear in both."""
    missing_then = {line.carrier: line for line in then.missing if line.covered}
    met_then = {line.carrier: line for line in then.present}
    missing_now = [line for line in now.missing if line.covered]
    met_now = [*now.present, *now.beside, *now.elsewhere, *now.on_loan_but_here, *now.arrived]
    return Comparison(
        number=then.number,
        newly_missing=tuple(line for line in missing_now if line.carrier not in missing_then),
        still_missing=tuple(line for line in missing_now if line.carrier in missing_then),
        found_again=tuple(line for line in met_now if line.carrier in missing_then),
        moved=tuple(
            (before, line)
            for line in now.present
            if (before := met_then.get(line.carrier)) is not None and before.place != line.place
        ),
    )
