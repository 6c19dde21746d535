"""Letter h, the papers: given out by register (h.2), counted in by copy and person (h.3), taken back to units (h.4)."""

from collections.abc import Iterable, Mapping

from custody.access import Permission
from custody.carrier import CarrierState, Status
from custody.entries import Fact
from custody.entries.meetings import (
    CountedIn,
    CountUndone,
    Deposited,
    HandedOut,
    HandOutUndone,
    PaperBrought,
    PaperIncomplete,
    PaperMissing,
    PaperRecovered,
    PaperReturned,
    TakenBack,
)
from custody.matters.meetings import COUNTED_IN, HANDED_OUT, INCIDENT, Attendee
from custody.procedures import people
from custody.procedures.circulation import last_due
from custody.procedures.meeting_attendance import called, meeting_of
from custody.rules import Needed, Params, Rule, Situation, by_actor, signed

OfAttendee = HandedOut | HandOutUndone | CountedIn | CountUndone | TakenBack | PaperMissing | PaperIncomplete
Put = TakenBack | Deposited | PaperReturned


def _attendee(fact: Fact, situation: Situation) -> Attendee | None:
    assert isinstance(fact, OfAttendee)
    return meeting_of(fact, situation).attendee(fact.attendee)


def _misnamed(carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """The number by which a paper is called at the meeting is its own."""
    assert isinstance(fact, PaperBrought)
    assert carrier is not None
    number = carrier.description.control_number
    return None if fact.title_number == number else {"number": fact.title_number}


# Handing out.


def _not_on_list(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, HandedOut)
    one = _attendee(fact, situation)
    if one is None:
        return {"number": fact.attendee}
    return None if one.person == fact.person else {"number": fact.attendee}


def _not_inside(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Each receives the own papers in person: on an empty seat nobody could sign for them."""
    one = _attendee(fact, situation)
    return called(one, situation) if one and not one.inside else None


def _not_cleared(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    one = _attendee(fact, situation)
    if one is None or carrier is None:
        return None
    level = carrier.description.level
    if one.person is not None:
        return people.not_cleared(one.person, level, situation)
    rank = situation.scheme.rank
    return None if rank(level) <= rank(one.cleared_for) else {**called(one, situation), "level": level}


def _outside_scope(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Being at the meeting is not being in the scope of every paper; a guest is in it only where all are."""
    one = _attendee(fact, situation)
    if one is None or carrier is None:
        return None
    if one.person is not None:
        return people.outside_scope(one.person, carrier, situation)
    if situation.scheme.rank(carrier.description.level) == 0 or "all" in carrier.description.scope.principals:
        return None
    return called(one, situation)


# Counting in.


def _other_hands(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Counted by copy and person: the entry names who had it, as the register of the hand-out says."""
    assert isinstance(fact, OfAttendee)
    line = situation.line(fact)
    if line is None:
        return None
    by_hand = line.state == HANDED_OUT or (isinstance(fact, CountUndone) and line.state == COUNTED_IN)
    if isinstance(fact, CountUndone) and not line.label:
        return {"number": fact.attendee}  # it was never in an attendee's hands
    had = int(line.label) if by_hand else 0
    person = getattr(fact, "person", line.person)
    return None if fact.attendee == had and person == line.person else {"number": fact.attendee}


def _pages_uncounted(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CountedIn)
    if not meeting_of(fact, situation).pages_counted or carrier is None or carrier.description.pages is None:
        return None
    return {"pages": carrier.description.pages} if fact.pages is None else None


def _pages_short(carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, CountedIn)
    pages = None if carrier is None else carrier.description.pages
    if pages is None or fact.pages is None or fact.pages >= pages:
        return None
    return {"counted": fact.pages, "pages": pages}


def _not_counted(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """From an attendee's hands it goes to the registry by the count, unless it was found outside the meeting."""
    line = situation.line(fact)
    still_out = line is not None and line.state in (HANDED_OUT, INCIDENT)
    return {} if still_out and carrier is not None and carrier.status is Status.IN_MEETING else None


def _found_elsewhere(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What was found outside the meeting stays where it was put."""
    assert isinstance(fact, PaperReturned | Deposited)
    if carrier is None or carrier.status is not Status.IN_PLACE or carrier.place == fact.place:
        return None
    place = situation.directory.places.get(carrier.place or 0)
    return {"place": place.code if place else ""}


def _lodging_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CountedIn)
    known = ("", *meeting_of(fact, situation).lodgings)
    return None if fact.lodging in known else {"lodging": fact.lodging}


# Incidents.


def _incident_unsigned(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """No paper is written off without an incident that names it, signed in the same act or before."""
    assert isinstance(fact, PaperMissing | PaperIncomplete)
    assert carrier is not None
    wanted = "missing" if isinstance(fact, PaperMissing) else "incomplete"
    for one in meeting_of(fact, situation).incidents:
        if one.number == fact.incident and one.shortness == wanted and carrier.id in one.carriers:
            return None
    return {}


def _pages_whole(carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, PaperIncomplete)
    pages = None if carrier is None else carrier.description.pages
    return None if pages is not None and 0 <= fact.pages < pages else {"pages": pages or 0}


def _circumstances(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, PaperRecovered)
    return None if fact.circumstances.strip() else {"field": "circumstances"}


# Taking back, depositing, returning.


def _not_allowed(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    return None if meeting_of(fact, situation).take_back else {}


def _no_unit(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Only to a unit of the house: for outsiders carriers are provided by their own procedure (letter i)."""
    assert isinstance(fact, TakenBack)
    one = _attendee(fact, situation)
    person = situation.directory.persons.get(fact.person)
    if person is not None and person.unit == fact.unit and fact.unit in situation.directory.units:
        return None
    return called(one, situation) if one else {"person": "", "person_en": ""}


def _deposit_too_late(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, TakenBack)
    days = situation.scheme.number("meeting_deposit_days")
    latest = last_due(situation.at, days, situation.scheme.timezone)
    return None if situation.at < fact.due_at <= latest else {"days": days}


def _place_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Put)
    return None if fact.place in situation.directory.places else {"kind": "place", "id": fact.place}


def _no_storage(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Put)
    place = situation.directory.places.get(fact.place)
    return None if place is None or place.storage else {"place": place.code}


def _rated_too_low(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Put)
    assert carrier is not None
    place = situation.directory.places.get(fact.place)
    rating = situation.directory.rating(fact.place)
    rank, level = situation.scheme.rank, carrier.description.level
    if place is None or rank(level) <= (-1 if rating is None else rank(rating)):
        return None
    return {"place": place.code, "rating": rating or "", "level": level}


def _registry_and_secretary(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
    return (situation.subject.person, meeting_of(fact, situation).in_charge)


def _giver_and_taker(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
    assert isinstance(fact, TakenBack)
    return (situation.subject.person, fact.person)


_OTHER_HANDS = (CountedIn, HandOutUndone, CountUndone, TakenBack, PaperMissing, PaperIncomplete)
_PUT = (TakenBack, Deposited, PaperReturned)
RULES: tuple[Rule, ...] = (
    Rule("", "paper_misnamed", (PaperBrought,), _misnamed),
    signed("h.2", (PaperBrought,), _registry_and_secretary),
    Rule("h.1", "not_on_list", (HandedOut,), _not_on_list),
    Rule("h.2", "attendee_absent", (HandedOut,), _not_inside, "record"),
    Rule("c.1", "attendee_not_cleared", (HandedOut,), _not_cleared),
    Rule("c.1", "paper_outside_scope", (HandedOut,), _outside_scope),
    signed("h.2", (HandedOut,), by_actor),
    Rule("h.3", "other_hands", _OTHER_HANDS, _other_hands, "record"),
    Rule("h.3", "pages_uncounted", (CountedIn,), _pages_uncounted, "record"),
    Rule("h.3", "paper_pages_short", (CountedIn,), _pages_short),
    Rule("h.3", "lodging_unknown", (CountedIn,), _lodging_unknown),
    Rule("h.3", "incident_unsigned", (PaperMissing, PaperIncomplete), _incident_unsigned),
    Rule("", "pages_whole", (PaperIncomplete,), _pages_whole),
    Rule("", "text_missing", (PaperRecovered,), _circumstances),
    Rule("h.3", "paper_not_counted", (PaperReturned,), _not_counted, "record"),
    Rule("", "found_elsewhere", (PaperReturned, Deposited), _found_elsewhere),
    Rule("", "reference_unknown", _PUT, _place_unknown),
    Rule("f.2", "no_storage", _PUT, _no_storage),
    Rule("f.2", "rated_too_low", _PUT, _rated_too_low),
    signed("h.3", (PaperReturned, PaperRecovered), _registry_and_secretary),
    Rule("h.3", "take_back_forbidden", (TakenBack,), _not_allowed),
    Rule("", "taker_has_no_unit", (TakenBack,), _no_unit),
    Rule("", "deposit_too_late", (TakenBack,), _deposit_too_late),
    signed("h.2", (TakenBack,), _giver_and_taker),
    signed("h.3", (Deposited,), by_actor),
)

PERMISSIONS: Mapping[type[Fact], Needed] = {
    **dict.fromkeys(
        (HandedOut, HandOutUndone, CountedIn, CountUndone, TakenBack, PaperMissing, PaperIncomplete),
        Permission.HOLD_MEETINGS,
    ),
    **dict.fromkeys((PaperBrought, PaperReturned, PaperRecovered, Deposited), Permission.KEEP),
}

FREE: frozenset[type[Fact]] = frozenset({PaperRecovered})
"""What was declared lost here is bound to the enquiry into its loss; it is found all the same."""

CODES: Mapping[str, tuple[str, ...]] = {
    "paper_misnamed": ("number",),
    "attendee_absent": ("person", "person_en"),
    "paper_outside_scope": ("person", "person_en"),
    "other_hands": ("number",),
    "pages_uncounted": ("pages",),
    "paper_pages_short": ("counted", "pages"),
    "incident_unsigned": (),
    "pages_whole": ("pages",),
    "paper_not_counted": (),
    "found_elsewhere": ("place",),
    "take_back_forbidden": (),
    "taker_has_no_unit": ("person", "person_en"),
    "deposit_too_late": ("days",),
}
