"""Letter c: use within the prescribed scope (clause c.1); borrowing and prompt return (clause c.5).

For internal carriers, which are no state secrets, clause c.5 holds without clearance, and c.1 does not.
A loan taken over from the ledger kept before is told as it was: its day and its delay are history, not a request.
"""

from datetime import timedelta

from custody.access import clearance_rank, principals
from custody.clock import end_of_day, moment
from custody.entries import Borrowed, Fact, Returned
from custody.register import CarrierState
from custody.rules import Params, Rule, Situation
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


def _borrower(fact: Fact, situation: Situation) -> Person | None:
    assert isinstance(fact, Borrowed)
    return situation.directory.persons.get(fact.holder)


def _named(person: Person) -> dict[str, str | int]:
    return {"person": person.name, "person_en": person.name_en or person.name}


def _borrower_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Borrowed)
    return None if _borrower(fact, situation) else {"kind": "person", "id": fact.holder}


def _borrower_left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    person = _borrower(fact, situation)
    if person is None or not person.left_on or person.left_on > situation.day:
        return None
    return {**_named(person), "day": person.left_on}


def _not_cleared(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    person = _borrower(fact, situation)
    if person is None or carrier is None:
        return None
    rank = situation.scheme.rank(carrier.description.level)
    if rank <= max(0, clearance_rank(person, situation.scheme, situation.day)):
        return None
    return {**_named(person), "level": carrier.description.level}


def _outside_scope(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    person = _borrower(fact, situation)
    if person is None or carrier is None or situation.scheme.rank(carrier.description.level) == 0:
        return None
    names = principals(person, situation.directory.units_above(person.unit))
    return None if not names.isdisjoint(carrier.description.scope.principals) else _named(person)


def _overdue_loans(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    person = _borrower(fact, situation)
    if person is None or taken_over(carrier, situation):
        return None
    count = situation.overdue_loans.get(person.id, 0)
    return {**_named(person), "count": count} if count else None


def _due_in_past(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Borrowed)
    if fact.due_at > situation.at or taken_over(carrier, situation):
        return None
    return {"day": moment(fact.due_at, situation.scheme.timezone).date().isoformat()}


def _due_too_late(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Borrowed)
    days = situation.scheme.number("loan_days_max")
    latest = last_due(situation.at, days, situation.scheme.timezone)
    return None if fact.due_at <= latest or taken_over(carrier, situation) else {"days": days}


def _pages_short(carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """Taken back whole or not at all: what is short is reported missing, not shelved as if it were whole."""
    assert isinstance(fact, Returned)
    pages = None if carrier is None else carrier.description.pages
    if pages is None or fact.pages_counted is None or fact.pages_counted >= pages:
        return None
    return {"counted": fact.pages_counted, "pages": pages}


RULES = (
    Rule("c.5", "borrower_unknown", (Borrowed,), _borrower_unknown),
    Rule("c.5", "borrower_left", (Borrowed,), _borrower_left),
    Rule("c.5", "not_cleared", (Borrowed,), _not_cleared),
    Rule("c.1", "outside_scope", (Borrowed,), _outside_scope),
    Rule("c.5", "overdue_loans", (Borrowed,), _overdue_loans),
    Rule("c.5", "due_in_past", (Borrowed,), _due_in_past),
    Rule("c.5", "due_too_late", (Borrowed,), _due_too_late),
    Rule("c.5", "pages_short", (Returned,), _pages_short),
)
