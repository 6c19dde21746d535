"""The check of a room before cleaners or visitors go in (rule 9, clause j.1): a go of these minutes, or nobody enters.

What the radio heard comes with the facts, for the books know none; what the books themselves know is asked anew.
"""

from collections.abc import Collection, Iterable, Mapping

from custody.access import Permission
from custody.entries import Fact
from custody.entries.entry import CleaningOpened, RoomChecked, VisitOpened
from custody.matters.entry import COVERAGES, GO, NO_GO, RoomCheck
from custody.procedures import places
from custody.register import CarrierState
from custody.rules import Needed, Params, Rule, Situation, by_actor, signed
from custody.values import SECOND, Instant


def verdict_of(
    in_use: Collection[int], heard: Collection[int], unclear: Collection[int], coverage: str, by_eye: str
) -> str:
    """Go, or no go. What nobody heard, because nobody listened, is for the eye of who signs."""
    unseen = bool(unclear) or coverage != "covered"
    return NO_GO if in_use or heard or (unseen and not by_eye.strip()) else GO


def valid_until(at: Instant, minutes: int) -> Instant:
    """Until when a go of this instant lets anybody in."""
    return at + minutes * 60 * SECOND


def last_check(place: int, at: Instant, situation: Situation) -> RoomCheck | None:
    """The newest check, not later than an instant, that speaks of a place: of itself or of what is around it; or a
    no-go of something in it.
    """
    directory = situation.directory
    around = {one.id for one in directory.path(place)}
    within = directory.under(place)
    found: list[RoomCheck] = []
    for matter in situation.inside.checks:
        body = matter.body
        if isinstance(body, RoomCheck) and body.at <= at:
            speaks = body.place in around or (body.place in within and not body.goes)
            found += [body] if speaks else []
    # They come in the order in which they were entered: of two of one instant the later stands.
    return max(reversed(found), key=lambda one: one.at, default=None)


def _secret(place: int, situation: Situation) -> bool:
    rating = situation.directory.rating(place)
    return rating is not None and situation.scheme.rank(rating) > 0


def _code(place: int, situation: Situation) -> str:
    found = situation.directory.places.get(place)
    return found.code if found else ""


def unchecked(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Nobody goes in without a go that is in force, where state secrets may lie."""
    assert isinstance(fact, VisitOpened | CleaningOpened)
    if fact.place not in situation.directory.places or not _secret(fact.place, situation):
        return None
    last = last_check(fact.place, situation.at, situation)
    lasts = last is not None and last.goes and situation.at <= last.valid_until
    return None if lasts else {"place": _code(fact.place, situation)}


def exposed(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What was heard in the open after the go takes the go away."""
    assert isinstance(fact, VisitOpened | CleaningOpened)
    return {"place": _code(fact.place, situation), "count": len(fact.exposed)} if fact.exposed else None


def _place_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, RoomChecked)
    return places.unknown_place(fact.place, situation)


def _not_rated(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, RoomChecked)
    found = situation.directory.places.get(fact.place)
    return {"place": found.code} if found is not None and situation.directory.rating(found.id) is None else None


def _not_clear(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Books or radio have carriers there that are not put away: that is no go."""
    assert isinstance(fact, RoomChecked)
    known = situation.inside.in_use.get(fact.place, frozenset()) | set(fact.in_use) | set(fact.heard)
    return {"place": _code(fact.place, situation), "count": len(known)} if fact.verdict == GO and known else None


def _unseen(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Where the radio does not say, who signs says what he saw."""
    assert isinstance(fact, RoomChecked)
    if fact.verdict != GO or verdict_of((), (), fact.unclear, fact.coverage, fact.by_eye) == GO:
        return None
    return {"place": _code(fact.place, situation), "count": len(fact.unclear)}


def _untold(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A verdict and a coverage that are known, and minutes that the scheme allows."""
    assert isinstance(fact, RoomChecked)
    if fact.verdict not in (GO, NO_GO):
        return {"field": "verdict"}
    if fact.coverage not in COVERAGES or fact.listening > fact.antennas:
        return {"field": "coverage"}
    latest = valid_until(situation.at, situation.scheme.number("room_clear_minutes"))
    return None if fact.valid_until <= latest else {"field": "valid_until"}


def _checking(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
    return by_actor(carrier, fact, situation)


RULES: tuple[Rule, ...] = (
    Rule("", "reference_unknown", (RoomChecked,), _place_unknown),
    Rule("", "place_not_rated", (RoomChecked,), _not_rated),
    Rule("9", "text_missing", (RoomChecked,), _untold, "record"),
    Rule("9", "room_not_clear", (RoomChecked,), _not_clear),
    Rule("9", "room_unseen", (RoomChecked,), _unseen, "record"),
    signed("9", (RoomChecked,), _checking),
    Rule("9", "room_unchecked", (CleaningOpened,), unchecked),
    Rule("j.1", "room_unchecked", (VisitOpened,), unchecked),
    Rule("9", "room_exposed", (CleaningOpened,), exposed),
    Rule("j.1", "room_exposed", (VisitOpened,), exposed),
)
PERMISSIONS: Mapping[type[Fact], Needed] = {RoomChecked: Permission.ADMIT}
ACTS: Mapping[str, str] = {"room_check": "QC"}  # 清场
CODES: Mapping[str, tuple[str, ...]] = {
    "room_unseen": ("place", "count"),
    "room_unchecked": ("place",),
    "room_exposed": ("place", "count"),
}
