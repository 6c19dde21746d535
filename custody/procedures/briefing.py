"""Letter c: briefings (clause c.4). The rules stand on the sheet in advance; who listens is registered and may know."""

from collections.abc import Iterable, Iterator, Mapping

from custody.access import Permission, sees
from custody.entries import Fact
from custody.entries.circulation import (
    BriefingCancelled,
    BriefingHeld,
    BriefingOpened,
    Guest,
    ListenerRegistered,
    ListenerStruckOff,
    RulesAcknowledged,
)
from custody.matters.circulation import EQUIPMENT, EQUIPMENT_FORBIDDEN, EQUIPMENT_NONE, NOTES, Briefing
from custody.procedures import people, places
from custody.procedures.borrowing import day_of
from custody.register import CarrierState
from custody.rules import Needed, Params, Rule, Situation, named, signed


def _body(fact: Fact, situation: Situation) -> Briefing | None:
    matter = situation.matter(fact)
    return matter.body if matter is not None and isinstance(matter.body, Briefing) else None


def _first(found: Iterable[Params | None]) -> Params | None:
    return next(filter(None, found), None)


# The sheet.


def _reference_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Persons and the place are in the directory; the carriers are among those that the subject sees."""
    assert isinstance(fact, BriefingOpened)
    return _first(
        (
            places.unknown_place(fact.place, situation),
            people.unknown(fact.speaker, situation),
            people.unknown(fact.in_charge, situation),
            *(_unseen(carrier, situation) for carrier in fact.carriers),
        )
    )


def _unseen(carrier: int, situation: Situation) -> Params | None:
    state = situation.states.get(carrier)
    if state is not None and sees(situation.subject, state, situation.scheme):
        return None
    return {"kind": "carrier", "id": carrier}


def _topic_missing(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, BriefingOpened)
    return None if fact.topic.strip() else {"field": "topic"}


def _above_level(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The sheet bears the highest level of what is conveyed."""
    assert isinstance(fact, BriefingOpened)
    rank = {level.code: level.rank for level in situation.scheme.levels}
    for state in _conveyed(fact.carriers, situation):
        if rank[state.description.level] > rank.get(fact.level, -1):
            return {"level": state.description.level, "rating": fact.level}
    return None


def _unprotected(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, BriefingOpened)
    known = fact.level in {level.code for level in situation.scheme.levels}
    return places.rated_below(fact.place, fact.level, situation) if known else None


def _off_premises(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, BriefingOpened)
    return places.off_premises(fact.place, situation)


def _begun(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The rules are stated in advance, not afterwards."""
    assert isinstance(fact, BriefingOpened)
    return None if fact.starts_at >= situation.at else {"day": day_of(fact.starts_at, situation)}


def _rules_unstated(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, BriefingOpened)
    return None if fact.notes in NOTES else {"field": "notes"}


def _equipment_undeclared(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """Everything, or that there is nothing: a sheet that says neither declares nothing."""
    assert isinstance(fact, BriefingOpened)
    used = set(fact.equipment)
    plain = used <= {*EQUIPMENT, *EQUIPMENT_FORBIDDEN} and (used == {EQUIPMENT_NONE} or EQUIPMENT_NONE not in used)
    return None if used and plain else {}


def _equipment_forbidden(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """No wireless microphone, nor whatever else sends out what is told."""
    assert isinstance(fact, BriefingOpened)
    used = next((code for code in EQUIPMENT_FORBIDDEN if code in fact.equipment), None)
    return None if used is None else {"equipment": used}


def _conveyed(carriers: tuple[int, ...], situation: Situation) -> Iterator[CarrierState]:
    for carrier in carriers:
        state = situation.states.get(carrier)
        if state is not None:
            yield state


def _heads(fact: Fact) -> tuple[int, ...]:
    """Those who know the content because they hold the briefing."""
    assert isinstance(fact, BriefingOpened)
    return (fact.speaker, fact.in_charge)


def _head_left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    return _first(people.left(person, situation) for person in _heads(fact))


def _head_not_cleared(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, BriefingOpened)
    if fact.level not in {level.code for level in situation.scheme.levels}:
        return None
    return _first(people.not_cleared(person, fact.level, situation) for person in _heads(fact))


def _head_outside_scope(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, BriefingOpened)
    told = tuple(_conveyed(fact.carriers, situation))
    return _first(people.outside_scope(person, state, situation) for person in _heads(fact) for state in told)


# Those who listen.


def _listener_unclear(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, ListenerRegistered)
    return {"field": "listener"} if (fact.listener is None) == (fact.guest is None) else None


def _other_carriers(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A listener is judged by everything that the briefing conveys, not by a part of it."""
    assert isinstance(fact, ListenerRegistered)
    body = _body(fact, situation)
    return None if body is None or fact.carriers == body.carriers else {}


def _listener_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ListenerRegistered)
    return None if fact.listener is None else people.unknown(fact.listener, situation)


def _listener_left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ListenerRegistered)
    return None if fact.listener is None else people.left(fact.listener, situation)


def _guest_vague(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """A guest comes with a name, a unit and the letter that tells the clearance."""
    assert isinstance(fact, ListenerRegistered)
    if fact.guest is None:
        return None
    missing = next((field for field in ("name", "unit", "letter") if not getattr(fact.guest, field).strip()), None)
    return None if missing is None else {"field": f"guest_{missing}"}


def _guest_named(guest: Guest) -> dict[str, str | int]:
    return {"person": guest.name, "person_en": guest.name}


def _listener_not_cleared(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ListenerRegistered)
    matter = situation.matter(fact)
    if matter is None:
        return None
    if fact.listener is not None:
        return people.not_cleared(fact.listener, matter.level, situation)
    ranks = {level.code: level.rank for level in situation.scheme.levels}
    if fact.guest is None or ranks.get(fact.guest.level, -1) >= ranks[matter.level]:
        return None
    return {**_guest_named(fact.guest), "level": matter.level}


def _listener_outside_scope(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A guest is in no scope but the widest: everything else names posts, units and persons of the house."""
    assert isinstance(fact, ListenerRegistered)
    told = _conveyed(fact.carriers, situation)
    if fact.listener is not None:
        return _first(people.outside_scope(fact.listener, state, situation) for state in told)
    guest = fact.guest
    if guest is None:
        return None
    secret = (state.description for state in told if situation.scheme.rank(state.description.level) > 0)
    return None if all("all" in one.scope.principals for one in secret) else _guest_named(guest)


def _listener_twice(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ListenerRegistered)
    body = _body(fact, situation)
    guest = fact.guest.name if fact.guest else ""
    if body is None or not any(one.same(fact.listener, guest) for one in body.listeners):
        return None
    return _listener_named(fact.listener, guest, situation)


def _listener_named(listener: int | None, guest: str, situation: Situation) -> Params:
    known = situation.directory.persons.get(listener or 0)
    return named(known) if known else {"person": guest or str(listener), "person_en": guest or str(listener)}


def _not_a_listener(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ListenerStruckOff | RulesAcknowledged)
    body = _body(fact, situation)
    guest = fact.guest if isinstance(fact, ListenerStruckOff) else ""
    if body is None or any(one.same(fact.listener, guest) for one in body.listeners):
        return None
    return _listener_named(fact.listener, guest, situation)


def _acknowledged_already(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, RulesAcknowledged)
    body = _body(fact, situation)
    done = body is not None and any(one.same(fact.listener, "") and one.acknowledged_at for one in body.listeners)
    return _listener_named(fact.listener, "", situation) if done else None


# The end.


def _nobody_listened(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    body = _body(fact, situation)
    return {} if body is not None and not body.listeners else None


def _not_begun(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    body = _body(fact, situation)
    if body is None or body.starts_at <= situation.at:
        return None
    return {"day": day_of(body.starts_at, situation)}


def _unsaid(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, ListenerStruckOff | BriefingCancelled)
    return None if fact.reason.strip() else {"field": "reason"}


def _in_charge(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
    if isinstance(fact, BriefingOpened):
        return (fact.in_charge,)
    body = _body(fact, situation)
    return () if body is None else (body.in_charge,)


def _acknowledging(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Iterable[int]:
    assert isinstance(fact, RulesAcknowledged)
    return (fact.listener,)


RULES: tuple[Rule, ...] = (
    Rule("", "reference_unknown", (BriefingOpened,), _reference_unknown),
    Rule("", "text_missing", (BriefingOpened,), _topic_missing),
    Rule("", "above_matter_level", (BriefingOpened,), _above_level),
    Rule("", "place_unprotected", (BriefingOpened,), _unprotected),
    Rule("3", "off_premises", (BriefingOpened,), _off_premises),
    Rule("c.4", "briefing_begun", (BriefingOpened,), _begun, "record"),
    Rule("c.4", "rules_unstated", (BriefingOpened,), _rules_unstated, "record"),
    Rule("c.4", "equipment_undeclared", (BriefingOpened,), _equipment_undeclared, "record"),
    Rule("c.4", "equipment_forbidden", (BriefingOpened,), _equipment_forbidden),
    Rule("c.1", "borrower_left", (BriefingOpened,), _head_left),
    Rule("c.1", "not_cleared", (BriefingOpened,), _head_not_cleared),
    Rule("c.1", "outside_scope", (BriefingOpened,), _head_outside_scope),
    signed("c.4", (BriefingOpened, BriefingHeld), _in_charge),
    Rule("", "listener_unclear", (ListenerRegistered,), _listener_unclear),
    Rule("c.4", "other_carriers", (ListenerRegistered,), _other_carriers),
    Rule("", "reference_unknown", (ListenerRegistered,), _listener_unknown),
    Rule("c.4", "text_missing", (ListenerRegistered,), _guest_vague),
    Rule("c.1", "borrower_left", (ListenerRegistered,), _listener_left),
    Rule("c.1", "not_cleared", (ListenerRegistered,), _listener_not_cleared),
    Rule("c.4", "outside_scope", (ListenerRegistered,), _listener_outside_scope),
    Rule("", "listener_twice", (ListenerRegistered,), _listener_twice),
    Rule("", "not_a_listener", (ListenerStruckOff, RulesAcknowledged), _not_a_listener),
    Rule("", "acknowledged_already", (RulesAcknowledged,), _acknowledged_already),
    signed("c.4", (RulesAcknowledged,), _acknowledging),
    Rule("c.4", "nobody_listened", (BriefingHeld,), _nobody_listened, "record"),
    Rule("", "briefing_not_begun", (BriefingHeld,), _not_begun),
    Rule("", "text_missing", (ListenerStruckOff, BriefingCancelled), _unsaid),
)
PERMISSIONS: Mapping[type[Fact], Needed] = {
    BriefingOpened: Permission.HOLD_MEETINGS,
    ListenerRegistered: Permission.HOLD_MEETINGS,
    ListenerStruckOff: Permission.HOLD_MEETINGS,
    RulesAcknowledged: Permission.TAKE_PART,
    BriefingHeld: Permission.HOLD_MEETINGS,
    BriefingCancelled: Permission.HOLD_MEETINGS,
}
ACTS: Mapping[str, str] = {
    "briefing": "CX",  # 传达
    "listeners": "TC",  # 听传
    "briefing_end": "CM",  # 传毕
}
CODES: Mapping[str, tuple[str, ...]] = {
    "briefing_begun": ("day",),
    "rules_unstated": ("field",),
    "equipment_undeclared": (),
    "equipment_forbidden": ("equipment",),
    "listener_unclear": ("field",),
    "other_carriers": (),
    "listener_twice": ("person", "person_en"),
    "not_a_listener": ("person", "person_en"),
    "acknowledged_already": ("person", "person_en"),
    "nobody_listened": (),
    "briefing_not_begun": ("day",),
}
FREE: frozenset[type[Fact]] = frozenset()
