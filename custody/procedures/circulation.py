"""Letter c, use: borrowing and reading, circulation, briefings. Each has its module; this is the letter's whole."""

from collections.abc import Mapping

from custody.entries import Fact
from custody.procedures import borrowing, briefing, routing
from custody.procedures.borrowing import last_due, taken_over
from custody.rules import Needed, Rule

__all__ = ["ACTS", "CODES", "FREE", "PERMISSIONS", "RULES", "last_due", "taken_over"]

_PARTS = (borrowing, routing, briefing)
RULES: tuple[Rule, ...] = tuple(rule for part in _PARTS for rule in part.RULES)
PERMISSIONS: Mapping[type[Fact], Needed] = {f: needed for part in _PARTS for f, needed in part.PERMISSIONS.items()}
ACTS: Mapping[str, str] = {kind: letters for part in _PARTS for kind, letters in part.ACTS.items()}
"""Kind of act -> the letters of its number."""
CODES: Mapping[str, tuple[str, ...]] = {code: blanks for part in _PARTS for code, blanks in part.CODES.items()}
"""Code of a refusal -> the names that fill its blanks."""
FREE: frozenset[type[Fact]] = frozenset(fact for part in _PARTS for fact in part.FREE)
"""Facts that may be entered whatever matter the carrier is in."""
