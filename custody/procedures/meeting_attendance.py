"""Letter h, who is in the venue: the list, entries and exits, seats (clauses h.1, c.1)."""

from collections.abc import Iterable, Mapping

from custody.access import principals
from custody.entries import Fact
from custody.entries.meetings import (
    AttendeeEntered,
    AttendeeLeft,
    AttendeeListed,
    AttendeeSeated,
    AttendeeStruck,
)
from custody.matters.meetings import Attendee, Meeting
from custody.procedures import people
from custody.register import CarrierState
from custody.rules import Params, Rule, Situation, named, signed
from custody.values import Person

SEAT_CHARACTERS_MAX = 12
OnAttendee = AttendeeStruck | AttendeeSeated | AttendeeEntered | AttendeeLeft


def meeting_of(fact: Fact, situation: Situation) -> Meeting:
    """The meeting that a fact belongs to; the tables of states have seen that there is one."""
    matter = situation.matter(fact)
    assert matter is not None
    assert isinstance(matter.body, Meeting)
    return matter.body


def called(attendee: Attendee, situation: Situation) -> dict[str, str | int]:
    """The blanks `person` and `person_en`, for one on the list."""
    known = situation.directory.persons.get(attendee.person or 0)
    return named(known) if known else {"person": attendee.name, "person_en": attendee.name}


def _person(number: int | None, situation: Situation) -> Person | None:
    return situation.directory.persons.get(number or 0)


def _attendee_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, AttendeeListed)
    return None if fact.person is None else people.unknown(fact.person, situation)


def _attendee_gone(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    person = _listed_person(fact, situation)
    return None if person is None else people.left(person, situation)


def _listed_person(fact: Fact, situation: Situation) -> int | None:
    if isinstance(fact, AttendeeListed):
        return fact.person
    assert isinstance(fact, AttendeeEntered)
    one = meeting_of(fact, situation).attendee(fact.attendee)
    return one.person if one else None


def _guest_unclear(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A guest is a name, a unit, and a letter that says for which level."""
    assert isinstance(fact, AttendeeListed)
    if fact.person is not None:
        return None
    wanted = {"guest_name": fact.name, "guest_unit": fact.unit_name, "letter": fact.letter}
    missing = next((field for field, text in wanted.items() if not text.strip()), None)
    if missing is None and fact.cleared_for not in {level.code for level in situation.scheme.levels}:
        missing = "cleared_for"
    return {"field": missing} if missing else None


def _not_cleared(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Cleared for the level of the meeting, on the list and again at the door."""
    matter = situation.matter(fact)
    assert matter is not None
    person = _listed_person(fact, situation)
    if person is not None:
        return people.not_cleared(person, matter.level, situation)
    if not isinstance(fact, AttendeeListed):
        return None
    known = {level.code: level.rank for level in situation.scheme.levels}
    if known.get(fact.cleared_for, 0) >= situation.scheme.rank(matter.level):
        return None
    return {"person": fact.name, "person_en": fact.name, "level": matter.level}


def _outside_scope(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, AttendeeListed)
    matter, person = situation.matter(fact), _person(fact.person, situation)
    if matter is None or person is None or situation.scheme.rank(matter.level) == 0:
        return None
    names = principals(person, situation.directory.units_above(person.unit))
    return None if not names.isdisjoint(matter.body.scope.principals) else named(person)


def _listed_twice(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, AttendeeListed)
    body = meeting_of(fact, situation)
    same = next((one for one in body.attendees if one.person == fact.person), None) if fact.person else None
    same = same or body.attendee(fact.attendee)
    return called(same, situation) if same else None


def _seat_taken(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A seat is one person's; a change of seats says whom it concerns."""
    assert isinstance(fact, AttendeeListed | AttendeeSeated)
    body = meeting_of(fact, situation)
    there = body.on_seat(fact.seat)
    if not fact.seat.strip() or len(fact.seat) > SEAT_CHARACTERS_MAX:
        return {"seat": fact.seat}
    if isinstance(fact, AttendeeListed):
        return {"seat": fact.seat} if there else None
    return None if (there.number if there else None) == fact.instead_of else {"seat": fact.seat}


def _no_seat_left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    body = meeting_of(fact, situation)
    return {"count": body.seats} if len(body.attendees) >= body.seats else None


def _not_on_list(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, OnAttendee)
    return None if meeting_of(fact, situation).attendee(fact.attendee) else {"number": fact.attendee}


def _inside_already(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, AttendeeEntered | AttendeeStruck)
    one = meeting_of(fact, situation).attendee(fact.attendee)
    return called(one, situation) if one and one.inside else None


def _not_inside(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, AttendeeLeft)
    one = meeting_of(fact, situation).attendee(fact.attendee)
    return called(one, situation) if one and not one.inside else None


def _holds_papers(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, AttendeeStruck)
    one = meeting_of(fact, situation).attendee(fact.attendee)
    return {**called(one, situation), "count": one.papers} if one and one.papers else None


def _phones_not_left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, AttendeeEntered)
    body = meeting_of(fact, situation)
    one = body.attendee(fact.attendee)
    return called(one, situation) if one and body.phones_deposited and not fact.phones_left else None


def _guest_attested(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
    return (situation.subject.person,) if isinstance(fact, AttendeeListed) and fact.person is None else ()


RULES: tuple[Rule, ...] = (
    Rule("", "reference_unknown", (AttendeeListed,), _attendee_unknown),
    Rule("h.1", "guest_unclear", (AttendeeListed,), _guest_unclear, "record"),
    signed("h.1", (AttendeeListed,), _guest_attested),
    Rule("c.1", "attendee_gone", (AttendeeListed, AttendeeEntered), _attendee_gone),
    Rule("c.1", "attendee_not_cleared", (AttendeeListed, AttendeeEntered), _not_cleared),
    Rule("c.1", "attendee_outside_scope", (AttendeeListed,), _outside_scope),
    Rule("", "listed_already", (AttendeeListed,), _listed_twice),
    Rule("", "seat_taken", (AttendeeListed, AttendeeSeated), _seat_taken),
    Rule("", "no_seat_left", (AttendeeListed,), _no_seat_left),
    Rule("h.1", "not_on_list", (AttendeeEntered, AttendeeLeft), _not_on_list),
    Rule("", "not_on_list", (AttendeeStruck, AttendeeSeated), _not_on_list),
    Rule("", "inside_already", (AttendeeEntered, AttendeeStruck), _inside_already),
    Rule("", "not_inside", (AttendeeLeft,), _not_inside),
    Rule("h.3", "holds_papers", (AttendeeStruck,), _holds_papers),
    Rule("4", "phones_not_left", (AttendeeEntered,), _phones_not_left, "record"),
)

CODES: Mapping[str, tuple[str, ...]] = {
    "attendee_gone": ("person", "person_en", "day"),
    "attendee_not_cleared": ("person", "person_en", "level"),
    "attendee_outside_scope": ("person", "person_en"),
    "guest_unclear": ("field",),
    "listed_already": ("person", "person_en"),
    "seat_taken": ("seat",),
    "no_seat_left": ("count",),
    "not_on_list": ("number",),
    "inside_already": ("person", "person_en"),
    "not_inside": ("person", "person_en"),
    "holds_papers": ("person", "person_en", "count"),
    "phones_not_left": ("person", "person_en"),
}
