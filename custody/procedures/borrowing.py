"""Letter c: borrowing and prompt return (clause c.5) within the scope (c.1), reading in protected places (c.2).

For internal carriers, which are no state secrets, clause c.5 holds without clearance, and c.1 does not.
A loan taken over from the ledger kept before is told as it was: its day and its delay are history, not a request.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from custody.access import Permission, answers_for
from custody.clock import end_of_day, moment
from custody.entries import Borrowed, Fact, Returned
from custody.entries.circulation import LegEnded, Queued, Recalled, Renewed, TakenToRead, Unqueued
from custody.procedures import people, places
from custody.register import CarrierState
from custody.rules import Check, Needed, Params, Rule, Situation, by_actor, named, signed
from custody.values import Instant, Person


def taken_over(carrier: CarrierState | None, situation: Situation) -> bool:
    """Whether a loan began before its carrier was taken over into the register."""
    return (
        situation.taking_over
        and carrier is not None
        and carrier.origin == "legacy"
        and situation.at <= carrier.since_at
    )


def last_due(at: Instant, days: int, timezone: str) -> Instant:
    """The latest instant to which a loan made at `at` may run: the end of the day so many days later."""
    day = (moment(at, timezone) + timedelta(days=days)).date().isoformat()
    return end_of_day(day, timezone)


def day_of(at: Instant, situation: Situation) -> str:
    """The ISO day of an instant where the house stands."""
    return moment(at, situation.scheme.timezone).date().isoformat()


def who(carrier: CarrierState | None, fact: Fact) -> int | None:
    """Who has the carrier, or is to have it, by the fact."""
    match fact:
        case Borrowed(holder=person) | TakenToRead(holder=person) | Queued(person=person):
            return person
        case Renewed():
            return None if carrier is None else carrier.holder
        case _:
            return None


def _asked_of_person(judge: Callable[[int, Situation], Params | None]) -> Check:
    def check(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
        person = who(carrier, fact)
        return None if person is None else judge(person, situation)

    return check


def _not_cleared(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    person = who(carrier, fact)
    if person is None or carrier is None:
        return None
    return people.not_cleared(person, carrier.description.level, situation)


def _outside_scope(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    person = who(carrier, fact)
    return None if person is None or carrier is None else people.outside_scope(person, carrier, situation)


def _overdue_loans(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Borrowed | TakenToRead)
    person = situation.directory.persons.get(fact.holder)
    if person is None or taken_over(carrier, situation):
        return None
    # How many they are is not told: they may be of carriers that who lends may not know of.
    return named(person) if situation.overdue_loans.get(person.id, 0) else None


def _due_in_past(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Borrowed | TakenToRead | Renewed | Recalled)
    if fact.due_at > situation.at or taken_over(carrier, situation):
        return None
    return {"day": day_of(fact.due_at, situation)}


def _due_after_leaving(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What is lent is due before its borrower leaves."""
    assert isinstance(fact, Borrowed | Renewed)
    person = who(carrier, fact)
    if person is None or taken_over(carrier, situation):
        return None
    return people.leaves_before(person, day_of(fact.due_at, situation), situation)


def _due_too_late(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Borrowed | Renewed)
    days = situation.scheme.number("loan_days_max")
    latest = last_due(situation.at, days, situation.scheme.timezone)
    return None if fact.due_at <= latest or taken_over(carrier, situation) else {"days": days}


def _reading_past_today(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What is read in the room goes back the same day."""
    assert isinstance(fact, TakenToRead)
    return None if fact.due_at <= last_due(situation.at, 0, situation.scheme.timezone) else {}


def _another_waits(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Whoever waited longest comes first; and a loan for which somebody waits does not go on."""
    assert isinstance(fact, Borrowed | TakenToRead | Renewed)
    waiting = [] if carrier is None else in_turn(carrier, situation)
    if not waiting or who(carrier, fact) == waiting[0].id:
        return None
    return named(waiting[0])


def in_turn(carrier: CarrierState, situation: Situation) -> list[Person]:
    """Who waits and may have it, in order: whoever has left, or may no longer know it, keeps nobody waiting."""
    level = carrier.description.level
    return [
        situation.directory.persons[one]
        for one in carrier.queue
        if people.unknown(one, situation) is None
        and people.left(one, situation) is None
        and people.not_cleared(one, level, situation) is None
        and people.outside_scope(one, carrier, situation) is None
    ]


# Coming back.


def _pages_short(carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """Taken back whole or not at all: what is short is reported missing, not shelved as if it were whole."""
    assert isinstance(fact, Returned | LegEnded)
    pages = None if carrier is None else carrier.description.pages
    if pages is None or fact.pages_counted is None or fact.pages_counted >= pages:
        return None
    return {"counted": fact.pages_counted, "pages": pages}


def pages_due(carrier: CarrierState, situation: Situation) -> int | None:
    """Pages that must be counted when the carrier comes back; None where none need be (unknown, or a low level)."""
    rank = situation.scheme.rank(carrier.description.level)
    return carrier.description.pages if rank >= situation.scheme.number("pages_counted_from_rank") else None


def _pages_to_count(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Returned | LegEnded)
    pages = None if carrier is None else pages_due(carrier, situation)
    return None if pages is None or fact.pages_counted is not None else {"pages": pages}


# Going on, called back, waited for.


def _not_own(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """For oneself; the registry for everybody."""
    person = fact.person if isinstance(fact, Queued | Unqueued) else who(carrier, fact)
    if carrier is None or person == situation.subject.person:
        return None
    if answers_for(situation.subject, Permission.LEND, carrier.description.unit, situation.directory):
        return None
    return {"act": fact.kind}


def _renewals_used(carrier: CarrierState | None, _fact: Fact, situation: Situation) -> Params | None:
    limit = situation.scheme.number("loan_renewals_max")
    return {"count": limit} if carrier is not None and carrier.renewals >= limit else None


def _overdue_already(carrier: CarrierState | None, _fact: Fact, situation: Situation) -> Params | None:
    if carrier is None or carrier.due_at is None or carrier.due_at >= situation.at:
        return None
    return {"day": day_of(carrier.due_at, situation)}


def _recalled_already(carrier: CarrierState | None, _fact: Fact, _situation: Situation) -> Params | None:
    return {} if carrier is not None and carrier.recalled else None


def _in_reading_room(carrier: CarrierState | None, _fact: Fact, situation: Situation) -> Params | None:
    """What is read in the room has a holder and a place: it goes back today, and is then lent anew."""
    if carrier is None or carrier.place is None:
        return None
    place = situation.directory.places.get(carrier.place)
    return {"place": place.code if place else ""}


def _no_later(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Renewed)
    if carrier is None or carrier.due_at is None or fact.due_at > carrier.due_at:
        return None
    return {"day": day_of(carrier.due_at, situation)}


def _no_earlier(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Recalled)
    if carrier is None or carrier.due_at is None or fact.due_at < carrier.due_at:
        return None
    return {"day": day_of(carrier.due_at, situation)}


def _unsaid(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, Renewed | Recalled)
    return None if fact.reason.strip() else {"field": "reason"}


def _waits_already(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Once; and nobody waits for what he has."""
    assert isinstance(fact, Queued)
    person = situation.directory.persons.get(fact.person)
    if carrier is None or person is None:
        return None
    return named(person) if fact.person in carrier.queue or fact.person == carrier.holder else None


def _waits_not(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Unqueued)
    if carrier is None or fact.person in carrier.queue:
        return None
    person = situation.directory.persons.get(fact.person)
    return named(person) if person else {"person": str(fact.person), "person_en": str(fact.person)}


# Reading in the room.


def _place_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, TakenToRead)
    return places.unknown_place(fact.place, situation)


def _unprotected(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Only in a place rated for the level; that it is no store does not matter."""
    assert isinstance(fact, TakenToRead)
    return None if carrier is None else places.rated_below(fact.place, carrier.description.level, situation)


def _off_premises(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, TakenToRead)
    return places.off_premises(fact.place, situation)


def _holder(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
    assert isinstance(fact, Borrowed | TakenToRead)
    # Nobody of that name is refused by its own rule, not by the want of a signature besides.
    return (fact.holder,) if fact.holder in situation.directory.persons else ()


_LOANS = (Borrowed, TakenToRead)
_TO_SOMEBODY = (*_LOANS, Renewed, Queued)
RULES: tuple[Rule, ...] = (
    Rule("c.5", "borrower_unknown", (*_LOANS, Queued), _asked_of_person(people.unknown)),
    Rule("c.5", "borrower_left", _TO_SOMEBODY, _asked_of_person(people.left)),
    Rule("c.5", "not_cleared", _TO_SOMEBODY, _not_cleared),
    Rule("c.1", "outside_scope", _TO_SOMEBODY, _outside_scope),
    Rule("c.5", "overdue_loans", _LOANS, _overdue_loans),
    Rule("c.5", "due_in_past", (*_LOANS, Renewed, Recalled), _due_in_past),
    Rule("c.5", "due_too_late", (Borrowed, Renewed), _due_too_late),
    Rule("f.1", "due_after_leaving", (Borrowed, Renewed), _due_after_leaving),
    Rule("c.5", "reading_past_today", (TakenToRead,), _reading_past_today),
    Rule("c.5", "another_waits", (*_LOANS, Renewed), _another_waits),
    signed("c.5", _LOANS, _holder),
    Rule("", "reference_unknown", (TakenToRead,), _place_unknown),
    Rule("", "place_unprotected", (TakenToRead,), _unprotected),
    Rule("3", "off_premises", (TakenToRead,), _off_premises),
    Rule("c.5", "pages_short", (Returned,), _pages_short),
    Rule("c.5", "pages_to_count", (Returned,), _pages_to_count),
    Rule("c.3", "pages_short", (LegEnded,), _pages_short),
    Rule("c.3", "pages_to_count", (LegEnded,), _pages_to_count),
    Rule("", "not_own", (Renewed, Queued, Unqueued), _not_own),
    Rule("c.5", "renewals_used", (Renewed,), _renewals_used),
    Rule("c.5", "overdue_already", (Renewed,), _overdue_already),
    Rule("c.5", "recalled_already", (Renewed, Recalled), _recalled_already),
    Rule("c.5", "in_reading_room", (Renewed,), _in_reading_room),
    Rule("c.5", "renewal_no_later", (Renewed,), _no_later),
    Rule("c.5", "recall_no_earlier", (Recalled,), _no_earlier),
    Rule("", "text_missing", (Renewed, Recalled), _unsaid),
    Rule("", "waits_already", (Queued,), _waits_already),
    Rule("", "waits_not", (Unqueued,), _waits_not),
    signed("c.5", (Renewed,), by_actor),
)
PERMISSIONS: Mapping[type[Fact], Needed] = {
    TakenToRead: Permission.LEND,
    Renewed: Permission.TAKE_PART,
    Recalled: Permission.LEND,
    Queued: Permission.TAKE_PART,
    Unqueued: Permission.TAKE_PART,
}
ACTS: Mapping[str, str] = {
    "read": "YL",  # 阅览
    "renew": "JX",  # 借阅续期
    "recall": "CH",  # 催还
    "queue": "YY",  # 预约
}
CODES: Mapping[str, tuple[str, ...]] = {
    "due_after_leaving": ("person", "person_en", "day"),
    "reading_past_today": (),
    "another_waits": ("person", "person_en"),
    "place_unprotected": ("place", "rating", "level"),
    "off_premises": ("place",),
    "pages_to_count": ("pages",),
    "not_own": ("act",),
    "renewals_used": ("count",),
    "overdue_already": ("day",),
    "recalled_already": (),
    "in_reading_room": ("place",),
    "renewal_no_later": ("day",),
    "recall_no_earlier": ("day",),
    "waits_already": ("person", "person_en"),
    "waits_not": ("person", "person_en"),
}
FREE: frozenset[type[Fact]] = frozenset({Renewed, Recalled, Queued, Unqueued})
"""A loan is acted on, and waited for, whatever else its carrier is listed for."""
