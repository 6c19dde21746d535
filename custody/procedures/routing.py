"""Letter c: circulation (clause c.3). Out from the registry to one reader at a time, and back to the registry."""

from collections.abc import Iterable, Mapping

from custody.access import Permission
from custody.entries import Fact
from custody.entries.circulation import (
    CirculationClosed,
    CirculationLeftOut,
    CirculationListed,
    CirculationOpened,
    CirculationPutBack,
    LegEnded,
    LegStarted,
    ReaderPassedOver,
)
from custody.matters.circulation import DONE, Circulation
from custody.procedures import people, places
from custody.procedures.borrowing import day_of, last_due
from custody.register import CarrierState
from custody.rules import Needed, Params, Rule, Situation, named, signed


def _body(fact: Fact, situation: Situation) -> Circulation | None:
    matter = situation.matter(fact)
    return matter.body if matter is not None and isinstance(matter.body, Circulation) else None


def _name(person: int, situation: Situation) -> Params:
    known = situation.directory.persons.get(person)
    return named(known) if known else {"person": str(person), "person_en": str(person)}


# The order of readers.


def _nobody_reads(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, CirculationOpened)
    return None if fact.readers else {}


def _reader_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CirculationOpened)
    return next(filter(None, (people.unknown(reader, situation) for reader in fact.readers)), None)


def _reader_left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CirculationOpened)
    return next(filter(None, (people.left(reader, situation) for reader in fact.readers)), None)


def _reader_twice(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CirculationOpened)
    twice = next((reader for reader in fact.readers if fact.readers.count(reader) > 1), None)
    return None if twice is None else _name(twice, situation)


def _leg_days_unfit(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CirculationOpened)
    most = situation.scheme.number("leg_days_max")
    return None if 1 <= fact.leg_days <= most else {"days": most}


def _some_not_cleared(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Nothing goes into a folder that one of its readers may not know."""
    body = _body(fact, situation)
    if carrier is None or body is None:
        return None
    level = carrier.description.level
    return next(filter(None, (people.not_cleared(one, level, situation) for one in body.readers)), None)


def _some_outside_scope(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    body = _body(fact, situation)
    if carrier is None or body is None:
        return None
    return next(filter(None, (people.outside_scope(one, carrier, situation) for one in body.readers)), None)


# The legs.


def _not_at_registry(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Readers never pass on to each other: a leg begins where the last one ended, at the registry."""
    assert isinstance(fact, LegStarted)
    return None if carrier is None or carrier.holder is None else _name(carrier.holder, situation)


def _not_a_reader(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, LegStarted | ReaderPassedOver)
    body = _body(fact, situation)
    return None if body is None or fact.reader in body.readers else _name(fact.reader, situation)


def _reader_done(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, LegStarted | ReaderPassedOver)
    body = _body(fact, situation)
    if body is None:
        return None
    had = carrier is not None and any(leg.carrier == carrier.id and leg.reader == fact.reader for leg in body.legs)
    over = any(one.reader == fact.reader for one in body.passed_over)
    return _name(fact.reader, situation) if had or over else None


def _out_of_turn(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """In the order of the list; whoever cannot take his turn is passed over, with a reason."""
    assert isinstance(fact, LegStarted)
    body = _body(fact, situation)
    first = None if body is None or carrier is None else body.next_reader(carrier.id)
    if first is None or body is None or first == fact.reader or fact.reader not in body.readers:
        return None
    if body.readers.index(fact.reader) < body.readers.index(first):
        return None  # has had it, or was passed over: said by its own rule
    return _name(first, situation)


def _leg_reader_left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, LegStarted)
    return people.left(fact.reader, situation)


def _leg_not_cleared(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, LegStarted)
    return None if carrier is None else people.not_cleared(fact.reader, carrier.description.level, situation)


def _leg_outside_scope(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, LegStarted)
    return None if carrier is None else people.outside_scope(fact.reader, carrier, situation)


def _leg_due_in_past(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, LegStarted)
    return None if fact.due_at > situation.at else {"day": day_of(fact.due_at, situation)}


def _leg_due_after_leaving(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, LegStarted)
    return people.leaves_before(fact.reader, day_of(fact.due_at, situation), situation)


def _leg_too_long(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Nobody keeps it: not longer than was approved for each reader."""
    assert isinstance(fact, LegStarted)
    body = _body(fact, situation)
    if body is None or fact.due_at <= last_due(situation.at, body.leg_days, situation.scheme.timezone):
        return None
    return {"days": body.leg_days}


def _reader(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Iterable[int]:
    assert isinstance(fact, LegStarted)
    return (fact.reader,)


def _bringer_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, LegEnded)
    return people.unknown(fact.brought_by, situation)


# The end.


def _still_out(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CirculationPutBack)
    return None if carrier is None or carrier.holder is None else _name(carrier.holder, situation)


def _readers_left(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Every reader has had it, or was passed over with a reason."""
    assert isinstance(fact, CirculationPutBack)
    body = _body(fact, situation)
    first = None if body is None or carrier is None else body.next_reader(carrier.id)
    return None if first is None else _name(first, situation)


def _back_to_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CirculationPutBack)
    return places.unknown_place(fact.place, situation)


def _back_to_no_store(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CirculationPutBack)
    return places.no_store(fact.place, situation)


def _back_to_rated_below(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CirculationPutBack)
    return None if carrier is None else places.rated_below(fact.place, carrier.description.level, situation)


def _not_together(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    matter = situation.matter(fact)
    out = 0 if matter is None else matter.lines_total - matter.count(DONE)
    return {"count": out} if out else None


def _unsaid(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, ReaderPassedOver | CirculationLeftOut)
    return None if fact.reason.strip() else {"field": "reason"}


RULES: tuple[Rule, ...] = (
    Rule("c.3", "nobody_reads", (CirculationOpened,), _nobody_reads),
    Rule("", "reference_unknown", (CirculationOpened,), _reader_unknown),
    Rule("c.1", "borrower_left", (CirculationOpened,), _reader_left),
    Rule("c.3", "reader_twice", (CirculationOpened,), _reader_twice),
    Rule("c.3", "leg_days_unfit", (CirculationOpened,), _leg_days_unfit),
    Rule("c.1", "not_cleared", (CirculationListed,), _some_not_cleared),
    Rule("c.1", "outside_scope", (CirculationListed,), _some_outside_scope),
    Rule("c.3", "leg_not_at_registry", (LegStarted,), _not_at_registry),
    Rule("c.3", "not_a_reader", (LegStarted, ReaderPassedOver), _not_a_reader),
    Rule("c.3", "reader_done", (LegStarted, ReaderPassedOver), _reader_done),
    Rule("c.3", "leg_out_of_turn", (LegStarted,), _out_of_turn),
    Rule("c.1", "borrower_left", (LegStarted,), _leg_reader_left),
    Rule("c.1", "not_cleared", (LegStarted,), _leg_not_cleared),
    Rule("c.1", "outside_scope", (LegStarted,), _leg_outside_scope),
    Rule("c.3", "due_in_past", (LegStarted,), _leg_due_in_past),
    Rule("c.3", "leg_too_long", (LegStarted,), _leg_too_long),
    Rule("f.1", "due_after_leaving", (LegStarted,), _leg_due_after_leaving),
    signed("c.3", (LegStarted,), _reader, "refuse"),
    Rule("", "reference_unknown", (LegEnded,), _bringer_unknown),
    Rule("", "text_missing", (ReaderPassedOver, CirculationLeftOut), _unsaid),
    Rule("c.3", "still_with_reader", (CirculationPutBack,), _still_out),
    Rule("c.3", "readers_left", (CirculationPutBack,), _readers_left),
    Rule("", "reference_unknown", (CirculationPutBack,), _back_to_unknown),
    Rule("f.2", "no_storage", (CirculationPutBack,), _back_to_no_store),
    Rule("f.2", "rated_too_low", (CirculationPutBack,), _back_to_rated_below),
    Rule("c.3", "folder_not_together", (CirculationClosed,), _not_together),
)
_FACTS = (
    *(CirculationOpened, CirculationListed, LegStarted, LegEnded),
    *(ReaderPassedOver, CirculationPutBack, CirculationLeftOut, CirculationClosed),
)
PERMISSIONS: Mapping[type[Fact], Needed] = dict.fromkeys(_FACTS, Permission.LEND)
ACTS: Mapping[str, str] = {
    "circulation": "CW",  # 传文
    "leg": "CG",  # 传阅过手
    "circulation_end": "CJ",  # 传阅终结
}
CODES: Mapping[str, tuple[str, ...]] = {
    "nobody_reads": (),
    "reader_twice": ("person", "person_en"),
    "leg_days_unfit": ("days",),
    "leg_not_at_registry": ("person", "person_en"),
    "not_a_reader": ("person", "person_en"),
    "reader_done": ("person", "person_en"),
    "leg_out_of_turn": ("person", "person_en"),
    "leg_too_long": ("days",),
    "still_with_reader": ("person", "person_en"),
    "readers_left": ("person", "person_en"),
    "folder_not_together": ("count",),
}
FREE: frozenset[type[Fact]] = frozenset()
