"""What is asked of a place in several letters: known, fit for the level to read in, a store, within the premises."""

from custody.register import Directory
from custody.rules import Params, Situation

_PREMISES = frozenset({"site", "building"})
"""What a tree of places may stand on: a place outside of both is somebody's home, a hotel, a street (daily rule 3)."""


def unknown_place(place: int, situation: Situation) -> Params | None:
    """Where no place of this identifier is in the directory."""
    return None if place in situation.directory.places else {"kind": "place", "id": place}


def no_store(place: int, situation: Situation) -> Params | None:
    """Where nothing has its home (clause f.2)."""
    found = situation.directory.places.get(place)
    return None if found is None or found.storage else {"place": found.code}


def rated_below(place: int, level: str, situation: Situation) -> Params | None:
    """Where the place is not rated, or rated below the level (clauses c.2, f.2)."""
    found = situation.directory.places.get(place)
    if found is None:
        return None
    rating = situation.directory.rating(place)
    rank = -1 if rating is None else situation.scheme.rank(rating)
    if situation.scheme.rank(level) <= rank:
        return None
    return {"place": found.code, "rating": rating or "", "level": level}


def within_premises(place: int, directory: Directory) -> bool:
    """Whether the place stands, however deep, in a site or a building of the house."""
    path = directory.path(place)
    return bool(path) and path[-1].kind in _PREMISES


def off_premises(place: int, situation: Situation) -> Params | None:
    """Where the place is none of the house's own (daily rule 3: nothing secret at home)."""
    found = situation.directory.places.get(place)
    return None if found is None or within_premises(place, situation.directory) else {"place": found.code}
