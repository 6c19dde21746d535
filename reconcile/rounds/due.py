"""When a place is to be swept again: by how high it is rated, and sooner where it stays open to many. Pure."""

from collections.abc import Mapping

from custody.scheme import Scheme
from custody.values import DAY, Instant

BY_RANK: Mapping[int, str] = {3: "sweep_days_rank_3", 2: "sweep_days_rank_2", 1: "sweep_days_rank_1"}
"""Rank of a place's rating -> the number that says within how many days it is swept."""
BY_KIND: Mapping[str, str] = {"room": "sweep_days_room", "cabinet": "sweep_days_cabinet", "shelf": "sweep_days_cabinet"}
"""Kind of place -> the number that says the same; the shorter of the two holds."""


def days_between(scheme: Scheme, kind: str, rank: int) -> int:
    """Within how many days a place of this kind and rank of rating is swept again.

    A rank above those known takes the highest of them.
    """
    known = max((one for one in BY_RANK if one <= rank), default=None)
    names = [BY_RANK[known]] if known is not None else []
    names.append(BY_KIND.get(kind, "sweep_days_room"))
    return min(scheme.number(name) for name in names)


def due_at(scheme: Scheme, kind: str, rank: int, since: Instant) -> Instant:
    """When it is due: `since` is its last signed sweep, or since when carriers are kept there."""
    return since + days_between(scheme, kind, rank) * DAY
