"""Distribution: copy by copy to recipients within the scope (clause b.3), who sign; the remainder is counted.

Widening: who may know a title is widened by an approved act of its own, for all its copies, and never narrowed by it.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from custody.carrier import CarrierState, Status
from custody.clock import end_of_day, moment
from custody.entries import Fact
from custody.entries.approvals import ApprovalAsked, Withdrawn
from custody.entries.dispatch import (
    Collected,
    DistributedOnLoan,
    DistributedToKeep,
    DistributionClosed,
    DistributionCounted,
    DistributionListed,
    DistributionOpened,
    DistributionStruck,
    RemainderCounted,
    ScopeWidened,
    WideningClosed,
    WideningListed,
    WideningOpened,
)
from custody.matters.dispatch.distribution import WITH_RECIPIENT, Distribution, Widening
from custody.procedures import people, places
from custody.procedures.dispatch.hands import name_of
from custody.procedures.disposition.handing import missing_text
from custody.procedures.registration import principal_unknown
from custody.rules import Check, Params, Rule, Situation, by_actor, signed
from custody.values import Instant

Given = DistributedToKeep | DistributedOnLoan
Put = DistributedToKeep | Collected


def recipient_of(fact: Fact) -> int:
    """To whom a copy is handed."""
    assert isinstance(fact, Given)
    return fact.recipient if isinstance(fact, DistributedToKeep) else fact.holder


def _distribution(fact: Fact, situation: Situation) -> Distribution | None:
    matter = situation.matter(fact)
    return matter.body if matter is not None and isinstance(matter.body, Distribution) else None


def _widening(fact: Fact, situation: Situation) -> Widening | None:
    matter = situation.matter(fact)
    return matter.body if matter is not None and isinstance(matter.body, Widening) else None


def _not_of_title(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Listed are the copies of the one title."""
    body = _distribution(fact, situation) or _widening(fact, situation)
    if carrier is None or body is None or carrier.description.control_number == body.control_number:
        return None
    return {"number": body.control_number}


def _copies_left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """No copy of the title is left out."""
    body = _distribution(fact, situation) or _widening(fact, situation)
    matter = situation.matter(fact)
    if body is None or matter is None:
        return None
    left = [one for one in situation.left_out.get(matter.id, ()) if (matter.id, one) not in situation.lines]
    return {"number": body.control_number, "count": len(left)} if left else None


def _lines_open(*states: str) -> Check:
    def check(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
        matter = situation.matter(fact)
        left = matter.count(*states) if matter else 0
        return {"count": left} if left else None

    return check


# Handing out.


def _of_recipient(judge: Callable[[int, Situation], Params | None]) -> Check:
    def check(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
        return judge(recipient_of(fact), situation)

    return check


def _not_cleared(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    if carrier is None:
        return None
    return people.not_cleared(recipient_of(fact), carrier.description.level, situation)


def _outside_scope(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    return None if carrier is None else people.outside_scope(recipient_of(fact), carrier, situation)


def _to_oneself(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Nobody hands a copy to himself."""
    person = recipient_of(fact)
    return name_of(person, situation) if person == situation.subject.person else None


def _recipient(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
    person = recipient_of(fact)
    known = person in situation.directory.persons
    return (situation.subject.person, person) if known else (situation.subject.person,)


def _not_their_place(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A recipient keeps it only in a place that he answers for."""
    assert isinstance(fact, DistributedToKeep)
    place = situation.directory.places.get(fact.place)
    if place is None or situation.directory.keeper(fact.place) == fact.recipient:
        return None
    return {"place": place.code, **name_of(fact.recipient, situation)}


def _place_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Put)
    return places.unknown_place(fact.place, situation)


def _no_store(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Put)
    return places.no_store(fact.place, situation)


def _rated_below(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Put)
    return None if carrier is None else places.rated_below(fact.place, carrier.description.level, situation)


def last_day(at: Instant, situation: Situation) -> Instant:
    """The latest instant to which a copy may be handed out: the end of the last day that something may be held."""
    days = situation.scheme.number("holding_days_max")
    last = (moment(at, situation.scheme.timezone) + timedelta(days=days)).date().isoformat()
    return end_of_day(last, situation.scheme.timezone)


def _due_unfit(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, DistributedOnLoan | DistributionOpened)
    due = fact.due_at if isinstance(fact, DistributedOnLoan) else fact.collect_by
    if due is None or situation.at < due <= last_day(situation.at, situation):
        return None
    return {"days": situation.scheme.number("holding_days_max")}


def _kept_past_collecting(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What is collected by a day is lent no longer than that."""
    assert isinstance(fact, DistributedOnLoan)
    body = _distribution(fact, situation)
    if body is None or body.collect_by is None or fact.due_at <= body.collect_by:
        return None
    return {"day": moment(body.collect_by, situation.scheme.timezone).date().isoformat()}


def _pages_short(carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, RemainderCounted | Collected)
    pages = None if carrier is None else carrier.description.pages
    if pages is None or fact.pages_counted is None or fact.pages_counted >= pages:
        return None
    return {"counted": fact.pages_counted, "pages": pages}


def _not_with_recipient(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Collected from whoever received it: another's loan is given back by him."""
    assert isinstance(fact, Collected)
    line = situation.line(fact)
    if carrier is None or line is None or carrier.status is not Status.ON_LOAN or carrier.holder == line.person:
        return None
    return name_of(carrier.holder, situation)


def _not_collected(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What was to be collected is back before the distribution is over."""
    body, matter = _distribution(fact, situation), situation.matter(fact)
    left = matter.count(*WITH_RECIPIENT) if matter and body and body.collect_by is not None else 0
    return {"count": left} if left else None


# Widening.


def _principal_unclear(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, WideningOpened)
    unknown = [one for one in fact.principals if principal_unknown(one, situation.directory)]
    if unknown:
        return {"principal": unknown[0]}
    return None if fact.principals else {"principal": ""}


def _consent_missing(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What came from another body is shown to more only with its consent."""
    body = _widening(fact, situation)
    issuer = "" if carrier is None else carrier.description.issuer.strip()
    return {"issuer": issuer} if issuer and body is not None and not body.consent.strip() else None


def _other_than_approved(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ScopeWidened)
    body = _widening(fact, situation)
    return None if body is None or fact.principals == body.principals else {}


def _approver_widens(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Whoever approved it does not carry it out as well."""
    matter = situation.matter(fact)
    given = matter.approval.given if matter is not None and matter.approval is not None else ()
    person = situation.subject.person
    took_part = any(person in (one.person, one.on_behalf_of) for one in given)
    return name_of(person, situation) if took_part else None


def _partly_done(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    matter = situation.matter(fact)
    done = matter.count("widened") if matter and matter.kind == "widening" else 0
    return {"count": done} if done else None


_GIVEN = (DistributedToKeep, DistributedOnLoan)
_PUT = (DistributedToKeep, Collected)
RULES: tuple[Rule, ...] = (
    Rule("", "text_missing", (DistributionOpened,), missing_text("control_number")),
    Rule("", "hold_too_long", (DistributionOpened, DistributedOnLoan), _due_unfit),
    Rule("", "not_of_title", (DistributionListed, WideningListed), _not_of_title),
    Rule("", "reference_unknown", _GIVEN, _of_recipient(people.unknown)),
    Rule("b.3", "borrower_left", _GIVEN, _of_recipient(people.left)),
    Rule("b.3", "not_cleared", _GIVEN, _not_cleared),
    Rule("b.3", "outside_scope", _GIVEN, _outside_scope),
    Rule("b.1", "same_hands", _GIVEN, _to_oneself),
    signed("b.1", _GIVEN, _recipient, "refuse"),
    Rule("", "after_collecting", (DistributedOnLoan,), _kept_past_collecting),
    Rule("", "reference_unknown", _PUT, _place_unknown),
    Rule("", "not_keeper", (DistributedToKeep,), _not_their_place),
    Rule("f.2", "no_storage", _PUT, _no_store),
    Rule("f.2", "rated_too_low", _PUT, _rated_below),
    Rule("b.2", "pages_short", (RemainderCounted, Collected), _pages_short, "record"),
    Rule("", "holder_differs", (Collected,), _not_with_recipient),
    Rule("", "text_missing", (DistributionStruck,), missing_text("reason")),
    Rule("b.2", "list_open", (DistributionCounted,), _lines_open("listed"), "record"),
    Rule("b.2", "copies_left", (DistributionCounted,), _copies_left, "record"),
    Rule("b.2", "not_collected", (DistributionClosed,), _not_collected, "record"),
    signed(
        "b.1",
        (
            *(DistributionOpened, RemainderCounted, DistributionStruck),
            *(DistributionCounted, Collected, DistributionClosed),
        ),
        by_actor,
        "refuse",
    ),
    Rule("b.3", "text_missing", (WideningOpened,), missing_text("control_number", "reason", "authority")),
    Rule("", "scope_unclear", (WideningOpened,), _principal_unclear),
    Rule("b.3", "consent_missing", (WideningListed,), _consent_missing),
    Rule("b.3", "copies_left", (ApprovalAsked, WideningClosed), _copies_left),
    Rule("b.3", "other_than_approved", (ScopeWidened,), _other_than_approved),
    Rule("b.3", "same_person", (ScopeWidened,), _approver_widens),
    Rule("b.3", "list_open", (WideningClosed,), _lines_open("listed")),
    Rule("", "partly_done", (Withdrawn,), _partly_done),
    signed("b.3", (WideningOpened, ScopeWidened, WideningClosed), by_actor, "refuse"),
)
CODES: Mapping[str, tuple[str, ...]] = {
    "not_of_title": ("number",),
    "hold_too_long": ("days",),
    "after_collecting": ("day",),
    "holder_differs": ("person", "person_en"),
    "not_collected": ("count",),
    "consent_missing": ("issuer",),
}
