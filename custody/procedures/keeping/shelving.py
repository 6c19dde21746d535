"""Stored only in places fit for the level (clause f.2); missing and found."""

from custody.entries import Fact, FindingSettled, Moved, ReportedFound, ReportedMissing, Returned, Shelved
from custody.register import CarrierState
from custody.rules import Params, Rule, Situation

PutFact = Shelved | Moved | Returned | ReportedFound


def _place_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, PutFact)
    return None if fact.place in situation.directory.places else {"kind": "place", "id": fact.place}


def _no_storage(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, PutFact)
    place = situation.directory.places.get(fact.place)
    return None if place is None or place.storage else {"place": place.code}


def _rated_too_low(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, PutFact)
    assert carrier is not None
    place = situation.directory.places.get(fact.place)
    if place is None:
        return None
    rating = situation.directory.rating(fact.place)
    rank = -1 if rating is None else situation.scheme.rank(rating)
    if situation.scheme.rank(carrier.description.level) <= rank:
        return None
    return {"place": place.code, "rating": rating or "", "level": carrier.description.level}


def _has_home(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Shelved is the first time; afterwards a carrier is moved."""
    if carrier is None or carrier.home is None:
        return None
    home = situation.directory.places.get(carrier.home)
    return {"place": home.code if home else ""}


def _no_home(carrier: CarrierState | None, _fact: Fact, _situation: Situation) -> Params | None:
    return {} if carrier is not None and carrier.home is None else None


def _there_already(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Moved)
    if carrier is None or not carrier.home == carrier.place == fact.place:
        return None
    place = situation.directory.places.get(fact.place)
    return {"place": place.code if place else ""}


def _unsaid(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, ReportedMissing | FindingSettled)
    field = "circumstances" if isinstance(fact, ReportedMissing) else "reason"
    return None if getattr(fact, field).strip() else {"field": field}


_PUT = (Shelved, Moved, Returned, ReportedFound)
RULES = (
    Rule("", "reference_unknown", _PUT, _place_unknown),
    Rule("f.2", "no_storage", _PUT, _no_storage),
    Rule("f.2", "rated_too_low", _PUT, _rated_too_low),
    Rule("", "has_home", (Shelved,), _has_home),
    Rule("", "no_home", (Moved,), _no_home),
    Rule("", "there_already", (Moved,), _there_already),
    Rule("", "text_missing", (ReportedMissing, FindingSettled), _unsaid),
)
