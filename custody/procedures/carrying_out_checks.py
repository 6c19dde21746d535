"""What is asked of carrying out: the checks behind the rules of `custody.procedures.carrying_out`, one a sentence.

Each gives None where nothing stands against the fact, else what fills the blanks of the refusal. Internal carriers
are no state secrets: of what the clauses ask only the good order holds for them, and no clause is quoted.
"""

from collections.abc import Iterable
from typing import get_args

from custody.access import Permission, answers_for, sees_matter
from custody.approval import steps_of
from custody.carrier import Status
from custody.classification import is_day
from custody.clock import moment
from custody.entries import Fact
from custody.entries.carrying_out import (
    BroughtBack,
    CarriedOut,
    CarriedOver,
    ItineraryConfirmed,
    ItineraryLeg,
    Means,
    Packed,
    PermitOpened,
    Stay,
    StayedOut,
)
from custody.matters import Matter
from custody.matters.carrying_out import KEY, OUT, OUT_NOW, PACKED, Permit
from custody.procedures import people, places
from custody.procedures.borrowing import pages_due
from custody.procedures.undertakings import UNDERTAKING, signed_for
from custody.register import CarrierState
from custody.rules import Check, Params, Situation, named
from custody.values import DAY

Carrier = CarrierState | None
Leaving = Packed | CarriedOut | StayedOut


def _permit(fact: Fact, situation: Situation) -> Matter | None:
    matter = situation.matter(fact)
    return matter if matter is not None and matter.kind == KEY else None


def body_of(fact: Fact, situation: Situation) -> Permit:
    """What the permit of a fact says; the engine has refused what belongs to none."""
    matter = _permit(fact, situation)
    assert matter is not None
    body: Permit = matter.body
    return body


def _rank(level: str, situation: Situation) -> int:
    # A level that is not known is refused by a rule of its own.
    return next((known.rank for known in situation.scheme.levels if known.code == level), 0)


def _level(fact: Fact, situation: Situation) -> str:
    if isinstance(fact, PermitOpened):
        return fact.level
    matter = _permit(fact, situation)
    return "" if matter is None else matter.level


def of_secrets(check: Check) -> Check:
    """The check where the permit is about state secrets."""

    def secret(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
        return check(carrier, fact, situation) if _rank(_level(fact, situation), situation) > 0 else None

    return secret


def of_internal(check: Check) -> Check:
    """The check where it is about internal carriers alone."""

    def internal(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
        return None if _rank(_level(fact, situation), situation) > 0 else check(carrier, fact, situation)

    return internal


def _who(person: int, situation: Situation) -> Params:
    known = situation.directory.persons.get(person)
    return named(known) if known else {"person": str(person), "person_en": str(person)}


def said(*fields: str) -> Check:
    """These texts of the fact are not empty."""

    def unsaid(_carrier: Carrier, fact: Fact, _situation: Situation) -> Params | None:
        for name in fields:
            if not getattr(fact, name).strip():
                return {"field": name if name in ("purpose", "reason", "circumstances") else f"permit_{name}"}
        return None

    return unsaid


# Who: the bearer and the escorts.


def _travellers(fact: Fact, situation: Situation) -> tuple[int, ...]:
    return (fact.bearer, *fact.escorts) if isinstance(fact, PermitOpened) else body_of(fact, situation).travellers


def not_own(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """One asks for oneself; the registry for everybody. Whoever asked writes the list."""
    matter = _permit(fact, situation)
    own = {fact.bearer} if isinstance(fact, PermitOpened) else {matter.opened_by} if matter else set()
    unit = fact.unit if isinstance(fact, PermitOpened) else matter.unit if matter else 0
    if situation.subject.person in own:
        return None
    if answers_for(situation.subject, Permission.CARRY, unit, situation.directory):
        return None
    return {"act": fact.kind}


def unknown(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Everybody named is in the directory."""
    return next((found for one in _travellers(fact, situation) if (found := people.unknown(one, situation))), None)


def named_twice(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Nobody is the own escort."""
    travellers = _travellers(fact, situation)
    twice = next((one for one in travellers if travellers.count(one) > 1), None)
    return None if twice is None else _who(twice, situation)


def left(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Everybody who goes is still here."""
    return next((found for one in _travellers(fact, situation) if (found := people.left(one, situation))), None)


def not_cleared(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Everybody who goes is cleared for what is carried: for the whole permit when it is asked for."""
    level = _level(fact, situation) if carrier is None else carrier.description.level
    if level not in {known.code for known in situation.scheme.levels}:
        return None
    who = _travellers(fact, situation)
    return next((found for one in who if (found := people.not_cleared(one, level, situation))), None)


def outside_scope(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """The bearer is in the scope of each carrier; escorts guard a locked case."""
    return None if carrier is None else people.outside_scope(body_of(fact, situation).bearer, carrier, situation)


def undertaking_unsigned(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Where there is an undertaking, everybody who goes has signed the text that holds now (clause j.2)."""
    unsigned = (one for one in _travellers(fact, situation) if not signed_for(UNDERTAKING, situation.directory, one))
    return next((_who(one, situation) for one in unsigned), None)


def escorts_missing(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """What is of the highest level goes with two persons in all."""
    assert isinstance(fact, PermitOpened)
    highest = max(level.rank for level in situation.scheme.levels)
    count = len({fact.bearer, *fact.escorts})
    return {"count": count} if _rank(fact.level, situation) == highest and count < 2 else None


def took_part(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Who goes, who approved and who lets out are distinct persons; a deputy is also the one he stood for."""
    matter = _permit(fact, situation)
    taken = set(_travellers(fact, situation))
    approval = None if matter is None else matter.approval
    if approval is not None and isinstance(fact, Leaving):
        taken |= {given.person for given in approval.given}
        taken |= {given.on_behalf_of for given in approval.given if given.on_behalf_of is not None}
    person = situation.subject.person
    return _who(person, situation) if person in taken else None


# When, where to, in what.


def window_unclear(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """A window ends after it begins, is not over yet, and is no longer than allowed."""
    assert isinstance(fact, PermitOpened)
    days = situation.scheme.number("permit_days_max")
    right = fact.from_at < fact.until_at <= fact.from_at + days * DAY and fact.until_at > situation.at
    return None if right else {"days": days}


def outside_window(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """It leaves within the window, and is to be back at its end."""
    assert isinstance(fact, Leaving)
    body = body_of(fact, situation)
    if body.from_at <= situation.at <= body.until_at and fact.due_at == body.until_at:
        return None
    zone = situation.scheme.timezone
    return {
        "from_time": f"{moment(body.from_at, zone):%Y-%m-%d %H:%M}",
        "until_time": f"{moment(body.until_at, zone):%Y-%m-%d %H:%M}",
    }


def container_differs(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """It is locked in the container that was approved."""
    assert isinstance(fact, Packed | CarriedOut)
    container = body_of(fact, situation).container
    return None if fact.container.strip() == container.strip() else {"container": container}


def itinerary_missing(_carrier: Carrier, fact: Fact, _situation: Situation) -> Params | None:
    """The way is declared when the permit is asked for (clause e.2)."""
    assert isinstance(fact, PermitOpened)
    return None if fact.itinerary else {}


def _leg_unclear(leg: ItineraryLeg, fact: PermitOpened, zone: str) -> bool:
    first, last = (moment(at, zone).date().isoformat() for at in (fact.from_at, fact.until_at))
    whole = bool(leg.origin.strip() and leg.to.strip()) and leg.means in get_args(Means) and leg.stay in get_args(Stay)
    stays = bool(leg.where.strip()) or leg.stay == "none"
    return not (whole and stays and is_day(leg.day) and first <= leg.day <= last)


def itinerary_unclear(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Each leg says its day within the window, from where to where, by what, and where one stays; in order."""
    assert isinstance(fact, PermitOpened)
    before = ""
    for number, leg in enumerate(fact.itinerary, 1):
        if _leg_unclear(leg, fact, situation.scheme.timezone) or leg.day < before:
            return {"leg": number}
        before = leg.day
    return None


def stay_at_home(_carrier: Carrier, fact: Fact, _situation: Situation) -> Params | None:
    """Nothing secret is taken home (daily rule 3)."""
    assert isinstance(fact, PermitOpened)
    at_home = (number for number, leg in enumerate(fact.itinerary, 1) if leg.stay == "home")
    return next(({"leg": number} for number in at_home), None)


def foreign_unprotected(_carrier: Carrier, fact: Fact, _situation: Situation) -> Params | None:
    """For foreign-affairs activities it is said what protects it there (clause e.3)."""
    assert isinstance(fact, PermitOpened)
    return {"field": "permit_precautions"} if fact.foreign and not fact.precautions.strip() else None


def abroad_unallowed(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Out of the country: the authority's permit by number and day, and the precautions (clause e.4)."""
    assert isinstance(fact, PermitOpened)
    if not fact.abroad:
        return None
    for name in ("authority_permit", "authority_permit_on", "precautions"):
        if not getattr(fact, name).strip():
            return {"field": f"permit_{name}"}
    issued = fact.authority_permit_on
    return None if is_day(issued) and issued <= situation.day else {"field": "permit_authority_permit_on"}


# A permit that prolongs another.


def former_unfit(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """What is prolonged is a permit of the same bearer under which something is out."""
    assert isinstance(fact, PermitOpened)
    if fact.prolongs is None:
        return None
    former = situation.matters.get(fact.prolongs)
    if former is None or former.kind != KEY or not sees_matter(situation.subject, former, situation.scheme):
        return {}
    body: Permit = former.body
    return None if former.status == OUT_NOW and body.bearer == fact.bearer else {}


def not_under_former(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """What is out already is named on a permit that prolongs the one under which it is out, and nowhere else."""
    body = body_of(fact, situation)
    if carrier is None or carrier.status is not Status.CARRIED_OUT:
        return None
    return None if body.prolongs is not None and carrier.matter == body.prolongs else {}


def told_apart(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """From one permit to the next in one act: first the former lets go, then the new one takes on."""
    assert isinstance(fact, CarriedOver | StayedOut)
    if isinstance(fact, CarriedOver):
        other = next((f for f in situation.facts if isinstance(f, StayedOut) and f.carrier == fact.carrier), None)
        return None if other is not None and (other.matter, other.former) == (fact.successor, fact.matter) else {}
    over = CarriedOver(fact.carrier, fact.former, fact.matter)
    released = carrier is not None and carrier.matter is None and over in situation.facts
    return None if released and body_of(fact, situation).prolongs == fact.former else {}


# Out.


def not_approved(*routes: str) -> Check:
    """Every step of the permit's route was given, for permits that go by one of these; none named: by any."""

    def unapproved(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
        matter = _permit(fact, situation)
        if matter is None:
            return None
        route = body_of(fact, situation).route
        if routes and route not in routes:
            return None
        given = () if matter.approval is None else tuple(one.step for one in matter.approval.given)
        return None if given == steps_of(route) else {}

    return unapproved


def not_on_permit(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """The permit names it."""
    return None if situation.line(fact) is not None else {}


def other_bearer(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """It goes with whom the permit names."""
    assert isinstance(fact, CarriedOut)
    bearer = body_of(fact, situation).bearer
    return None if fact.bearer == bearer else _who(bearer, situation)


def with_other(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """What is on loan to another comes back first."""
    if carrier is None or carrier.holder is None or carrier.holder == body_of(fact, situation).bearer:
        return None
    return _who(carrier.holder, situation)


def not_by_portal(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """By the portal leaves only what was packed for it, under a permit that says so."""
    assert isinstance(fact, Packed | CarriedOut)
    by_portal = body_of(fact, situation).mode == "portal"
    if isinstance(fact, Packed):
        return None if by_portal else {}
    if fact.portal is None:
        return None
    line, place = situation.line(fact), situation.directory.places.get(fact.portal)
    packed = line is not None and line.state == PACKED
    return None if by_portal and packed and place is not None and place.kind == "portal" else {}


def hands(_carrier: Carrier, fact: Fact, situation: Situation) -> Iterable[int]:
    """Who lets out and the bearer, who has signed already where it was packed; who takes back and who brings it."""
    actor = situation.subject.person
    match fact:
        case Packed() | CarriedOut(portal=None):
            return (actor, body_of(fact, situation).bearer)
        case BroughtBack(brought_by=person) | ItineraryConfirmed(confirmed_by=person):
            return (actor, person)
        case _:
            return (actor,)


# Back.


def no_traveller(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Who brings it back, and who confirms the way, went with it."""
    assert isinstance(fact, BroughtBack | ItineraryConfirmed)
    person = fact.brought_by if isinstance(fact, BroughtBack) else fact.confirmed_by
    return None if person in _travellers(fact, situation) else _who(person, situation)


def pages_short(carrier: Carrier, fact: Fact, _situation: Situation) -> Params | None:
    """Taken back whole or not at all."""
    assert isinstance(fact, BroughtBack)
    pages = None if carrier is None else carrier.description.pages
    if pages is None or fact.pages_counted is None or fact.pages_counted >= pages:
        return None
    return {"counted": fact.pages_counted, "pages": pages}


def pages_to_count(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Of the levels configured the pages are counted on return."""
    assert isinstance(fact, BroughtBack)
    pages = None if carrier is None else pages_due(carrier, situation)
    return None if pages is None or fact.pages_counted is not None else {"pages": pages}


def place_unknown(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """It is put in a place that is known."""
    assert isinstance(fact, BroughtBack)
    return places.unknown_place(fact.place, situation)


def no_store(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """It is put where carriers are kept (clause f.2)."""
    assert isinstance(fact, BroughtBack)
    return places.no_store(fact.place, situation)


def rated_too_low(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """It is put where its level may be kept (clause f.2)."""
    assert isinstance(fact, BroughtBack)
    return None if carrier is None else places.rated_below(fact.place, carrier.description.level, situation)


def found_elsewhere(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """What was lost and found otherwise stays where it was put."""
    assert isinstance(fact, BroughtBack)
    if carrier is None or carrier.status is not Status.IN_PLACE or carrier.place == fact.place:
        return None
    place = situation.directory.places.get(carrier.place or 0)
    return {"place": place.code if place else ""}


def lines_open(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Nothing is out any more, nor packed to go."""
    matter = _permit(fact, situation)
    count = 0 if matter is None else matter.count(OUT, PACKED)
    return {"count": count} if count else None


def itinerary_unconfirmed(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Every declared leg, in order: gone as declared, or told what was otherwise (clause e.2)."""
    assert isinstance(fact, ItineraryConfirmed)
    declared = len(body_of(fact, situation).itinerary)
    for number in range(1, declared + 1):
        one = fact.legs[number - 1] if number <= len(fact.legs) else None
        if one is None or one.leg != number or not (one.kept or one.told.strip()):
            return {"leg": number}
    return {"leg": declared + 1} if len(fact.legs) > declared else None


def elsewhere_untold(_carrier: Carrier, fact: Fact, _situation: Situation) -> Params | None:
    """Either nobody went anywhere else, or it is said where and why (clause e.2)."""
    assert isinstance(fact, ItineraryConfirmed)
    return None if fact.straight is not bool(fact.elsewhere.strip()) else {}
