"""On what terms a sweep is opened: its kind, what it asks, and how many sign it. Pure."""

from dataclasses import dataclass
from random import Random
from typing import Literal

Kind = Literal["sweep", "spot", "blind", "recount"]
"""`sweep` is the official one; a `blind` one shows no expectation until the count is finished."""
KINDS: tuple[Kind, ...] = ("sweep", "spot", "blind", "recount")
Scope = Literal["all", "missing", "sample"]
WHOLE: frozenset[str] = frozenset({"all"})
"""Scopes that ask everything of the place: only these say that it was swept."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a sweep is to be opened. `of`: the signed sweep that a recount counts again; `sample`: how many a spot
    check draws, 0 for everything; `chance` draws them."""

    kind: Kind = "sweep"
    of: str = ""
    scope: Scope = "all"
    sample: int = 0
    chance: Random | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for terms that contradict each other."""
        if (self.kind == "recount") != bool(self.of):
            raise ValueError("a recount, and it alone, names the sweep that it counts again")
        if self.scope == "missing" and self.kind != "recount":
            raise ValueError("only a recount asks for what another sweep missed")
        if (self.scope == "sample") != (self.sample > 0):
            raise ValueError("a sample has its size")
        if self.scope == "sample" and (self.kind != "spot" or self.chance is None):
            raise ValueError("only a spot check draws a sample, and by chance")


OFFICIAL = Terms()
