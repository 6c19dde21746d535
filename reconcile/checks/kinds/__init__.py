"""The kinds of finding, one row each: what it is, how it looks, who answers for it, until when, how it ends.

`stories` has those in which the radio or people's acts stand against the books, `deadlines` what was to be done by a
day, `devices` tags and readers.
"""

from collections.abc import Mapping

from reconcile.checks.kinds import deadlines, devices, stories
from reconcile.checks.kinds.model import DAY, HOUR, Colour, Kind, Means, Nature

KINDS: Mapping[str, Kind] = {**stories.KINDS, **deadlines.KINDS, **devices.KINDS}

EVENT_KINDS = frozenset(name for name, kind in KINDS.items() if kind.nature == "event")
STATE_KINDS = frozenset(KINDS) - EVENT_KINDS
TAG_KINDS = ("unknown_tag", "label_unregistered")
"""Told of tags that no carrier bears."""
PASSAGE_KINDS = ("unauthorised_removal", "suspected_removal")
"""Told of passages by portals."""

__all__ = [
    "DAY",
    "EVENT_KINDS",
    "HOUR",
    "KINDS",
    "PASSAGE_KINDS",
    "STATE_KINDS",
    "TAG_KINDS",
    "Colour",
    "Kind",
    "Means",
    "Nature",
]
