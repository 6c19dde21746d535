"""Letter j: entry to rated places (clause j.1, rules 4, 5 and 9). Nobody goes in unescorted; everybody comes out."""

from collections.abc import Iterable, Iterator

from custody.access import INSTALLATION
from custody.entries import Fact, PlaceRecorded
from custody.entries.entry import CleaningOpened, EscortChanged, VisitEnded, VisitOpened, VisitorLeft
from custody.matters import Matter
from custody.matters.entry import VENTILATIONS, WORKS, Entrant, Visit
from custody.procedures import people, places
from custody.procedures.borrowing import day_of
from custody.register import CarrierState, Directory
from custody.rules import Params, Rule, Situation, named, signed

_OPENED = (VisitOpened, CleaningOpened)
_ESCORTED = (*_OPENED, EscortChanged)


def _body(fact: Fact, situation: Situation) -> Visit | None:
    matter = situation.matter(fact)
    return matter.body if matter is not None and isinstance(matter.body, Visit) else None


def _first(found: Iterable[Params | None]) -> Params | None:
    return next((one for one in found if one is not None), None)


# The place.


def accepted_by(place: int, directory: Directory) -> int | None:
    """Who answers for a place (the nearest around it that names somebody) and signed for it; None: nobody did."""
    answers = next((one for one in directory.path(place) if one.responsible is not None), None)
    if answers is None:
        return None
    accepted = directory.accepted.get(answers.id)
    return answers.responsible if accepted is not None and accepted[0] == answers.responsible else None


def room_not_clear(place: int, situation: Situation) -> Params | None:
    """Where the books have carriers in the place that are not put away: read there, in a meeting there, or lying
    outside of any store (rule 9). What the radio still hears there belongs here too.
    """
    found = situation.directory.places.get(place)
    count = len(situation.inside.in_use.get(place, ()))
    return {"place": found.code, "count": count} if found is not None and count else None


def _place_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, VisitOpened | CleaningOpened)
    persons = (people.unknown(one.person, situation) for one in fact.visitors if one.person is not None)
    return _first((places.unknown_place(fact.place, situation), *persons))


def _not_rated(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The register is that of rated places: whoever goes elsewhere is nobody's concern here."""
    assert isinstance(fact, VisitOpened | CleaningOpened)
    found = situation.directory.places.get(fact.place)
    return {"place": found.code} if found is not None and situation.directory.rating(found.id) is None else None


def _unaccepted(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, VisitOpened | CleaningOpened)
    found = situation.directory.places.get(fact.place)
    if found is None or accepted_by(found.id, situation.directory) is not None:
        return None
    return {"place": found.code}


def _nobody_responsible(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A place that is rated for state secrets, or rated higher, from now on; what is taken over comes as it was."""
    assert isinstance(fact, PlaceRecorded)
    new, directory = fact.place, situation.directory
    if situation.subject == INSTALLATION or situation.act == "take_in" or new.rating is None:
        return None
    ranks = {level.code: level.rank for level in situation.scheme.levels}
    was = directory.rating(new.id) if new.id in directory.places else None
    if ranks.get(new.rating, 0) <= ranks.get(was or "", 0):
        return None
    answers = new.responsible if new.responsible is not None else directory.keeper(new.parent)
    return {"place": new.code, "level": new.rating} if answers is None else None


# The escort.


def _escort(fact: Fact) -> int | None:
    assert isinstance(fact, VisitOpened | CleaningOpened | EscortChanged)
    return fact.escort


def _unescorted(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    return {} if _escort(fact) is None else None


def _escort_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    escort = _escort(fact)
    return None if escort is None else people.unknown(escort, situation)


def _escort_left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    escort = _escort(fact)
    return None if escort is None else people.left(escort, situation)


def _place_of(fact: Fact, situation: Situation) -> int | None:
    if isinstance(fact, VisitOpened | CleaningOpened):
        return fact.place
    body = _body(fact, situation)
    return None if body is None else body.place


def _escort_not_cleared(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """An escort may know what the place may hold."""
    escort, place = _escort(fact), _place_of(fact, situation)
    rating = situation.directory.rating(place)
    return None if escort is None or rating is None else people.not_cleared(escort, rating, situation)


def _escort_visits(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Nobody escorts himself."""
    escort = _escort(fact)
    if isinstance(fact, VisitOpened | CleaningOpened):
        visiting = {one.person for one in fact.visitors}
    else:
        body = _body(fact, situation)
        visiting = {one.visitor.person for one in body.entrants} if body else set()
    known = situation.directory.persons.get(escort or 0)
    return named(known) if known is not None and escort in visiting else None


def under_way(situation: Situation) -> Iterator[Matter]:
    """Visits and cleanings that are not over, as the earlier facts of the act left them."""
    found = {one.id: one for one in situation.inside.visits} | dict(situation.matters)
    return (one for one in found.values() if isinstance(one.body, Visit) and not one.ended)


def _escort_overloaded(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """One escort has no more visitors than he can see."""
    escort = _escort(fact)
    known = situation.directory.persons.get(escort or 0)
    if known is None:
        return None
    own = situation.matter(fact)
    others = (one for one in under_way(situation) if own is None or one.id != own.id)
    count = sum(one.body.inside for one in others if one.body.escort == escort)
    if isinstance(fact, VisitOpened | CleaningOpened):
        count += len(fact.visitors)
    elif own is not None:
        count += own.body.inside
    most = situation.scheme.number("escort_visitors_max")
    return {**named(known), "count": most} if count > most else None


def _same_escort(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, EscortChanged)
    body = _body(fact, situation)
    known = situation.directory.persons.get(fact.escort)
    return named(known) if known is not None and body is not None and body.escort == fact.escort else None


def _escorting(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Iterable[int]:
    escort = _escort(fact)
    return () if escort is None else (escort,)


# Who goes in.


def _unsaid(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    if isinstance(fact, VisitOpened):
        return None if fact.purpose.strip() else {"field": "purpose"}
    assert isinstance(fact, EscortChanged)
    return None if fact.reason.strip() else {"field": "reason"}


def _nobody(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, VisitOpened | CleaningOpened)
    return None if fact.visitors else {"field": "visitors"}


def _visitor_vague(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """Who, of which body, by which document."""
    assert isinstance(fact, VisitOpened | CleaningOpened)
    for one in fact.visitors:
        missing = next((name for name in ("name", "body", "document") if not getattr(one, name).strip()), None)
        if missing is not None:
            return {"field": f"visitor_{missing}"}
    return None


def _stays_past_the_day(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """An entry is of one day: who comes again tomorrow is entered again."""
    assert isinstance(fact, VisitOpened | CleaningOpened)
    day = day_of(situation.at, situation)
    return None if fact.until >= situation.at and day_of(fact.until, situation) == day else {"day": day}


def _called(one: str) -> dict[str, str | int]:
    return {"person": one, "person_en": one}


def _inside(situation: Situation) -> Iterator[Entrant]:
    return (one for matter in under_way(situation) for one in matter.body.entrants if one.inside)


def _inside_already(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A person of the house, or a document, is in one place at a time."""
    assert isinstance(fact, VisitOpened | CleaningOpened)
    persons = [one.visitor.person for one in _inside(situation) if one.visitor.person is not None]
    documents = [(one.visitor.name, one.visitor.document) for one in _inside(situation)]
    for visitor in fact.visitors:
        named_once = (visitor.name, visitor.document)
        if visitor.person in persons or named_once in documents:
            return _called(visitor.name)
        persons += [] if visitor.person is None else [visitor.person]
        documents.append(named_once)
    return None


# Phones (rule 4), the declaration (rule 5).


def _phone_untold(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """Deposited, with the locker's number, or declared to carry none: one of the two."""
    assert isinstance(fact, VisitOpened | CleaningOpened)
    unclear = next((one for one in fact.visitors if bool(one.locker.strip()) == one.no_phone), None)
    return None if unclear is None else _called(unclear.name)


def _locker_taken(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, VisitOpened | CleaningOpened)
    taken = [one.visitor.locker for one in _inside(situation)]
    for visitor in fact.visitors:
        if visitor.locker and visitor.locker in taken:
            return {"locker": visitor.locker}
        taken.append(visitor.locker)
    return None


def _undeclared(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, VisitOpened | CleaningOpened)
    return None if fact.declared else {}


# Cleaning (rule 9).


def _cleaning_untold(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """What is done, that the papers were put away first, and how the room is aired."""
    assert isinstance(fact, CleaningOpened)
    told = (
        ("work", fact.work in WORKS),
        ("put_away", fact.put_away),
        ("ventilation", fact.ventilation in VENTILATIONS),
    )
    return next(({"field": name} for name, said in told if not said), None)


def _not_clear(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CleaningOpened)
    return room_not_clear(fact.place, situation)


# Going out.


def _not_inside(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, VisitorLeft)
    body = _body(fact, situation)
    one = None if body is None else body.entrant(fact.visitor)
    return None if one is not None and one.inside else {"line": fact.visitor}


def _out_before_in(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, VisitorLeft)
    body = _body(fact, situation)
    one = None if body is None else body.entrant(fact.visitor)
    return _called(one.visitor.name) if one is not None and situation.at < one.entered_at else None


def _phone_left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, VisitorLeft)
    body = _body(fact, situation)
    one = None if body is None else body.entrant(fact.visitor)
    if one is None or not one.visitor.locker or fact.emptied:
        return None
    return {**_called(one.visitor.name), "locker": one.visitor.locker}


def _still_inside(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    body = _body(fact, situation)
    return {"count": body.inside} if body is not None and body.inside else None


RULES: tuple[Rule, ...] = (
    Rule("", "reference_unknown", _OPENED, _place_unknown),
    Rule("", "reference_unknown", _ESCORTED, _escort_unknown),
    Rule("", "place_not_rated", _OPENED, _not_rated),
    Rule("5", "responsibility_unaccepted", _OPENED, _unaccepted, "record"),
    Rule("5", "nobody_responsible", (PlaceRecorded,), _nobody_responsible, "record"),
    Rule("j.1", "unescorted", _OPENED, _unescorted),
    Rule("j.1", "escort_left", _ESCORTED, _escort_left),
    Rule("j.1", "escort_not_cleared", _ESCORTED, _escort_not_cleared),
    Rule("j.1", "escort_visits", _ESCORTED, _escort_visits),
    Rule("j.1", "escort_overloaded", _ESCORTED, _escort_overloaded),
    signed("j.1", _ESCORTED, _escorting, "refuse"),
    Rule("", "same_escort", (EscortChanged,), _same_escort),
    Rule("j.1", "text_missing", (VisitOpened, EscortChanged), _unsaid, "record"),
    Rule("j.1", "text_missing", (VisitOpened,), _nobody, "record"),
    Rule("9", "text_missing", (CleaningOpened,), _nobody, "record"),
    Rule("j.1", "text_missing", (VisitOpened,), _visitor_vague, "record"),
    Rule("9", "text_missing", (CleaningOpened,), _visitor_vague, "record"),
    Rule("", "stays_past_day", _OPENED, _stays_past_the_day),
    Rule("", "visitor_inside", _OPENED, _inside_already),
    Rule("4", "phone_untold", _OPENED, _phone_untold, "record"),
    Rule("", "locker_taken", _OPENED, _locker_taken),
    Rule("5", "undeclared", _OPENED, _undeclared, "record"),
    Rule("9", "text_missing", (CleaningOpened,), _cleaning_untold, "record"),
    Rule("9", "room_not_clear", (CleaningOpened,), _not_clear),
    Rule("", "visitor_not_inside", (VisitorLeft,), _not_inside),
    Rule("", "out_before_in", (VisitorLeft,), _out_before_in),
    Rule("4", "phone_left", (VisitorLeft,), _phone_left, "record"),
    Rule("j.1", "visitors_inside", (VisitEnded,), _still_inside, "record"),
)
