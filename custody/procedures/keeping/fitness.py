"""Places while things are kept in them: never made unfit (clause f.2), never without a keeper who signed (rule 5)."""

from collections.abc import Mapping
from dataclasses import replace

from custody.access import INSTALLATION
from custody.entries import Fact, PlaceRecorded, ResponsibilityAccepted
from custody.matters import Matter
from custody.matters.keeping import HandOver
from custody.register import CarrierState, Directory
from custody.rules import Params, Rule, Situation, by_actor, named, signed
from custody.values import Place


def _place(fact: Fact) -> Place:
    assert isinstance(fact, PlaceRecorded)
    return fact.place


def _kept_under(place: int, situation: Situation) -> dict[int, list[str]]:
    """Levels kept in the place and in everything in it; only what holds something."""
    return {
        inner: levels
        for inner, counted in situation.keeping.kept.items()
        if (levels := [level for level, count in counted.items() if count > 0])
        and any(around.id == place for around in situation.directory.path(inner))
    }


def _beyond_sight(place: Place, situation: Situation) -> str | None:
    """The rating of something in the place that is taken down though the subject is not cleared for it, or answers
    for a part of the house only; None: there is nothing. Whether anything is kept there is not asked.
    """
    subject, directory, rank = situation.subject, situation.directory, situation.scheme.rank
    was = directory.places.get(place.id)
    if was is None or subject == INSTALLATION:
        return None
    then = replace(directory, places={**directory.places, place.id: place})
    known = {level.code: level.rank for level in situation.scheme.levels}
    for inner in directory.places:
        if not any(around.id == place.id for around in directory.path(inner)):
            continue
        before = directory.rating(inner)
        lower = known.get(then.rating(inner) or "", -1) < known.get(before or "", -1)
        unstored = inner == place.id and was.storage and not place.storage
        if (lower or unstored) and (subject.reach is not None or rank(before or "") > subject.clearance_rank):
            return before
    return None


def _place_beyond_sight(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What hidden things stand there is not found out by taking the rating down until it is refused."""
    place = _place(fact)
    rating = _beyond_sight(place, situation)
    return None if rating is None else {"place": place.code, "rating": rating}


def _rated_down(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A lower rating, or other surroundings: whatever it is that would leave a carrier above the rating there."""
    place = _place(fact)
    kept = _kept_under(place.id, situation)
    if not kept or _beyond_sight(place, situation) is not None:
        return None
    then = replace(situation.directory, places={**situation.directory.places, place.id: place})
    rank = situation.scheme.rank
    known = {level.code for level in situation.scheme.levels}
    for inner in sorted(kept):
        rating = then.rating(inner)
        if max(rank(level) for level in kept[inner]) > (rank(rating) if rating in known else -1):
            return {"place": then.places[inner].code, "rating": rating or ""}
    return None


def _storage_in_use(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    place = _place(fact)
    was = situation.directory.places.get(place.id)
    if was is None or not was.storage or place.storage or place.id not in _kept_under(place.id, situation):
        return None
    if _beyond_sight(place, situation) is not None:
        return None
    return {"place": place.code}


def _hands_over(matter: Matter, place: Place, directory: Directory) -> bool:
    """Whether the matter is a hand-over, signed in this very act, of the place to the person now named."""
    body = matter.body
    if not isinstance(body, HandOver) or matter.status != "closed" or body.receiver != place.responsible:
        return False
    return any(around.id in body.places for around in directory.path(place.id))


def _keeper_uncounted(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Another keeper, while something is kept there: only by a hand-over with a full count."""
    place, directory = _place(fact), situation.directory
    was = directory.places.get(place.id)
    if was is None or was.responsible in (None, place.responsible):
        return None
    kept = [inner for inner in _kept_under(place.id, situation) if directory.keeper(inner) == was.responsible]
    if not kept or any(_hands_over(matter, place, directory) for matter in situation.matters.values()):
        return None
    keeper = directory.persons.get(was.responsible or 0)
    return {"place": place.code, **(named(keeper) if keeper else {"person": "", "person_en": ""})}


def _place_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ResponsibilityAccepted)
    return None if fact.place in situation.directory.places else {"kind": "place", "id": fact.place}


def _not_responsible(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ResponsibilityAccepted)
    place = situation.directory.places.get(fact.place)
    if place is None or place.responsible == situation.subject.person:
        return None
    keeper = situation.directory.persons.get(place.responsible or 0)
    return {"place": place.code, **(named(keeper) if keeper else {"person": "—", "person_en": "—"})}


def _accepted_already(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ResponsibilityAccepted)
    accepted = situation.directory.accepted.get(fact.place)
    if accepted is None or accepted[0] != situation.subject.person:
        return None
    return {"place": situation.directory.places[fact.place].code}


_ACCEPTED = (ResponsibilityAccepted,)
RULES = (
    Rule("f.2", "place_beyond_sight", (PlaceRecorded,), _place_beyond_sight),
    Rule("f.2", "kept_above_rating", (PlaceRecorded,), _rated_down),
    Rule("f.2", "storage_in_use", (PlaceRecorded,), _storage_in_use),
    Rule("5", "hand_over_needed", (PlaceRecorded,), _keeper_uncounted, "record"),
    Rule("", "reference_unknown", _ACCEPTED, _place_unknown),
    Rule("5", "not_responsible", _ACCEPTED, _not_responsible, "record"),
    Rule("", "accepted_already", _ACCEPTED, _accepted_already),
    signed("5", _ACCEPTED, by_actor),
)
CODES: Mapping[str, tuple[str, ...]] = {
    "kept_above_rating": ("place", "rating"),
    "place_beyond_sight": ("place", "rating"),
    "storage_in_use": ("place",),
    "hand_over_needed": ("place", "person", "person_en"),
    "not_responsible": ("place", "person", "person_en"),
    "accepted_already": ("place",),
}
