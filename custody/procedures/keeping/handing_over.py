"""Hand-over between keepers with a full count: both sign, and the receiver answers from then on (daily rule 5)."""

from collections.abc import Iterable, Mapping

from custody.access import Permission, answers_for
from custody.entries import Fact
from custody.entries.keeping import (
    HandOverClosed,
    HandOverCounted,
    HandOverExplained,
    HandOverListed,
    HandOverOpened,
    HandOverTaken,
    InventoryCounted,
)
from custody.life_cycle import HELD, Status
from custody.matters.keeping import HandOver
from custody.register import CarrierState
from custody.rules import Params, Rule, Situation, by_actor, named, signed

STANDING = frozenset({Status.IN_PLACE, Status.AWAITING_DESTRUCTION})
"""States in which a carrier stands in a place, to be seen there."""
HOW = ("on_slip", "missing", "gone")
EYE = "eye"


def kept_in(carrier: CarrierState) -> int | None:
    """The place whose keeper answers for the carrier: where it stands, else its home."""
    return carrier.place if carrier.status in STANDING else carrier.home


def _body(fact: Fact, situation: Situation) -> HandOver | None:
    matter = situation.matter(fact)
    return matter.body if matter is not None and isinstance(matter.body, HandOver) else None


def in_care(place: int | None, body: HandOver, situation: Situation) -> bool:
    """Whether the giver answers for what is kept in the place, and it is among those handed over."""
    directory = situation.directory
    return directory.keeper(place) == body.giver and any(p.id in body.places for p in directory.path(place))


def _unfit(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, HandOverOpened)
    for field, person in (("keeper_from", fact.giver), ("keeper_to", fact.receiver)):
        if person not in situation.directory.persons:
            return {"field": field}
    receiver = situation.directory.persons[fact.receiver]
    if fact.giver == fact.receiver or (receiver.left_on and receiver.left_on <= situation.day):
        return {"field": "keeper_to"}
    return None if fact.places and len(set(fact.places)) == len(fact.places) else {"field": "places"}


def _not_keeper(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, HandOverOpened)
    directory = situation.directory
    for place in fact.places:
        if directory.keeper(place) != fact.giver:
            known, giver = directory.places.get(place), directory.persons.get(fact.giver)
            return {"place": known.code if known else str(place), **(named(giver) if giver else {})}
    return None


def _not_kept_there(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Listed is what is kept there, and counted is what stands there."""
    body = _body(fact, situation)
    if carrier is None or body is None or in_care(kept_in(carrier), body, situation):
        return None
    place = situation.directory.places.get(kept_in(carrier) or 0)
    return {"place": place.code if place else "—"}


def not_in_place(carrier: CarrierState | None, _fact: Fact, _situation: Situation) -> Params | None:
    """What the books have elsewhere is not counted as standing in its place: first it is given back."""
    if carrier is None or (carrier.status in STANDING and not at_the_centre(carrier)):
        return None
    return {"status": carrier.status.value}


def at_the_centre(carrier: CarrierState) -> bool:
    """Whether it has left to be destroyed, with the papers of its batch."""
    return carrier.status is Status.AWAITING_DESTRUCTION and carrier.place is None


def sweep_unfit(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A count taken over from a sweep: signed in the books, since the matter was opened, over the carrier's place."""
    assert isinstance(fact, HandOverCounted | InventoryCounted)
    matter = situation.matter(fact)
    if fact.means == EYE or matter is None or carrier is None:
        return None
    place, signed_at = situation.keeping.rounds.get(fact.means, (None, 0))
    over = any(around.id == place for around in situation.directory.path(carrier.place))
    return None if over and signed_at >= matter.opened_at else {"round": fact.means}


def _explained_wrongly(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The explanation is what the books say: with somebody, declared missing, or no longer kept there."""
    assert isinstance(fact, HandOverExplained)
    body = _body(fact, situation)
    if carrier is None or body is None:
        return None
    here = in_care(kept_in(carrier), body, situation)
    fits = {
        "on_slip": here and carrier.status in HELD - STANDING,
        "missing": carrier.status is Status.DECLARED_LOST,
        "gone": carrier.status is not Status.DECLARED_LOST and (carrier.status not in HELD or not here),
    }
    return None if fits.get(fact.how, False) else {"status": carrier.status.value}


def open_lines(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """One by one: nothing is signed while a line is neither counted nor explained."""
    matter = situation.matter(fact)
    count = matter.count("listed") if matter else 0
    return {"count": count} if count else None


def _taken_otherwise(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What both sign is what was counted."""
    assert isinstance(fact, HandOverTaken)
    line = situation.line(fact)
    return None if line is None or line.label == fact.found else {}


def _gone_since(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What was counted and is lost or destroyed by now is explained, not taken over as seen."""
    line = situation.line(fact)
    if carrier is None or line is None or line.state != "counted" or carrier.status in HELD:
        return None
    return {"status": carrier.status.value}


def _untaken(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The signatures stand under every single line: each is taken over in the act that closes."""
    matter = situation.matter(fact)
    count = matter.count("counted", "explained") if matter else 0
    return {"count": count} if count else None


def list_incomplete(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What belongs on the list stands there, whatever came since it was made."""
    matter = situation.matter(fact)
    return {} if matter is not None and situation.keeping.unlisted.get(matter.id) else None


def _not_as_opened(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, HandOverClosed)
    body = _body(fact, situation)
    return None if body is None or (body.receiver, body.places) == (fact.receiver, fact.places) else {"field": "places"}


def _both(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
    """Giver and receiver; where the giver cannot sign, the secrecy office does in person, and says why."""
    body, matter, subject = _body(fact, situation), situation.matter(fact), situation.subject
    if body is None or matter is None:
        return ()
    instead = body.giver_absent.strip() and subject.person != body.receiver
    if instead and answers_for(subject, Permission.HEAD_ENQUIRIES, matter.unit, situation.directory):
        return (body.receiver, subject.person)
    return (body.giver, body.receiver)


RULES = (
    Rule("", "hand_over_unfit", (HandOverOpened,), _unfit),
    Rule("5", "not_keeper", (HandOverOpened,), _not_keeper, "record"),
    Rule("", "not_kept_there", (HandOverListed, HandOverCounted), _not_kept_there),
    Rule("", "not_in_place", (HandOverCounted,), not_in_place),
    Rule("", "sweep_unfit", (HandOverCounted,), sweep_unfit),
    Rule("", "explained_wrongly", (HandOverExplained,), _explained_wrongly),
    Rule("", "taken_otherwise", (HandOverTaken,), _taken_otherwise),
    Rule("5", "gone_since", (HandOverTaken,), _gone_since, "record"),
    Rule("5", "count_open", (HandOverClosed,), open_lines, "record"),
    Rule("5", "lines_not_taken", (HandOverClosed,), _untaken, "record"),
    Rule("5", "list_incomplete", (HandOverClosed,), list_incomplete, "record"),
    Rule("", "hand_over_unfit", (HandOverClosed,), _not_as_opened),
    signed("", (HandOverOpened, HandOverCounted, HandOverExplained), by_actor),
    signed("5", (HandOverClosed,), _both),
)
CODES: Mapping[str, tuple[str, ...]] = {
    "hand_over_unfit": ("field",),
    "not_keeper": ("place", "person", "person_en"),
    "not_kept_there": ("place",),
    "not_in_place": ("status",),
    "sweep_unfit": ("round",),
    "explained_wrongly": ("status",),
    "lines_not_taken": ("count",),
    "taken_otherwise": (),
    "gone_since": ("status",),
    "list_incomplete": (),
}
