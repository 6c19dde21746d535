"""The yearly inventory: every carrier that somebody answers for is seen, declared by its holder, or explained."""

from collections.abc import Iterable, Mapping

from custody.access import Permission, answers_for
from custody.entries import Fact
from custody.entries.keeping import (
    InventoryClosed,
    InventoryConfirmed,
    InventoryCounted,
    InventoryExplained,
    InventoryFrozen,
    InventoryListed,
    InventoryOpened,
    InventoryOver,
    KeepingAbandoned,
)
from custody.life_cycle import HELD, Status
from custody.procedures.keeping.handing_over import (
    at_the_centre,
    list_incomplete,
    not_in_place,
    open_lines,
    sweep_unfit,
)
from custody.register import CarrierState
from custody.rules import Params, Rule, Situation, by_actor, named, signed

OUT = frozenset(
    {
        Status.IN_CIRCULATION,
        Status.IN_MEETING,
        Status.IN_TRANSIT,
        Status.CARRIED_OUT,
        Status.PROVIDED_OUTSIDE,
    }
)
"""States in which a paper of its own says where the carrier is."""
HOW = ("out", "missing", "gone")


def _unfit(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, InventoryOpened)
    head = situation.directory.persons.get(fact.head)
    if head is None or (head.left_on and head.left_on <= situation.day):
        return {"field": "head"}
    if abs(fact.year - int(situation.day[:4])) > 1:
        return {"field": "year"}
    return None if fact.until > situation.now else {"field": "until"}


def _not_of_the_unit(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    matter = situation.matter(fact)
    if carrier is None or matter is None or matter.unit in situation.directory.units_above(carrier.description.unit):
        return None
    return {"unit": situation.directory.units[matter.unit].name}


def _holder_misnamed(carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, InventoryListed)
    return None if carrier is None or carrier.holder == fact.in_hand_of else {}


def _not_declared(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The holder signs here and now, or has declared since the inventory was opened to have it."""
    matter = situation.matter(fact)
    if carrier is None or matter is None:
        return None
    holder = situation.directory.persons.get(carrier.holder or 0)
    if holder is None or carrier.status not in HELD:
        return {"person": "—", "person_en": "—"}
    who, at = situation.keeping.confirmed.get(carrier.id, (0, 0))
    declared = who == holder.id and at >= matter.opened_at
    return None if declared or holder.id in situation.signers else named(holder)


def _explained_wrongly(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, InventoryExplained)
    if carrier is None:
        return None
    moved = _not_of_the_unit(carrier, fact, situation) is not None
    fits = {
        "out": carrier.status in OUT or at_the_centre(carrier),
        "missing": carrier.status is Status.DECLARED_LOST,
        "gone": carrier.status is not Status.DECLARED_LOST and (carrier.status not in HELD or moved),
    }
    return None if fits.get(fact.how, False) else {"status": carrier.status.value}


def _not_the_office(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Whoever counts does not give up the count: the secrecy office heads the inventory."""
    matter = situation.matter(fact)
    if matter is None or matter.kind != "inventory":
        return None
    heads = answers_for(situation.subject, Permission.HEAD_ENQUIRIES, matter.unit, situation.directory)
    return None if heads else {}


def _over_unsaid(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, InventoryOver)
    if fact.place is not None and fact.place not in situation.directory.places:
        return {"field": "place"}
    return next(({"field": name} for name in ("code", "resolution") if not getattr(fact, name).strip()), None)


def _report_differs(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The figures that are signed are those of the lines."""
    assert isinstance(fact, InventoryClosed)
    matter = situation.matter(fact)
    if matter is None:
        return None
    explained = sum(row.out + row.missing + row.gone for row in fact.rows)
    said = {"counted": sum(r.counted for r in fact.rows), "confirmed": sum(r.confirmed for r in fact.rows)}
    right = all(matter.count(state) == count for state, count in (said | {"explained": explained}).items())
    return None if right and sum(row.on_books for row in fact.rows) == matter.lines_total else {}


def _keeper_not(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Who signs as keeper keeps: holds the role for the unit, or answers for a place."""
    assert isinstance(fact, InventoryClosed)
    matter, keeper = situation.matter(fact), situation.keeping.standing.get(fact.keeper)
    if matter is None:
        return None
    if situation.directory.in_care_of(fact.keeper):
        return None
    if keeper is not None and answers_for(keeper, Permission.KEEP, matter.unit, situation.directory):
        return None
    return {}


def _three(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
    assert isinstance(fact, InventoryClosed)
    matter = situation.matter(fact)
    return (situation.subject.person, fact.keeper, *((matter.body.head,) if matter else ()))


def _not_distinct(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The keeper does not report on himself: whoever leads the inventory may be the office, the keeper is another."""
    assert isinstance(fact, InventoryClosed)
    matter = situation.matter(fact)
    heads = {situation.subject.person, *((matter.body.head,) if matter else ())}
    return {} if fact.keeper in heads else None


_COUNTS = (InventoryCounted, InventoryConfirmed, InventoryExplained)
RULES = (
    Rule("", "inventory_unfit", (InventoryOpened,), _unfit),
    Rule("", "not_of_the_unit", (InventoryListed,), _not_of_the_unit),
    Rule("", "holder_misnamed", (InventoryListed,), _holder_misnamed),
    Rule("", "list_incomplete", (InventoryFrozen,), list_incomplete),
    Rule("", "not_in_place", (InventoryCounted,), not_in_place),
    Rule("", "sweep_unfit", (InventoryCounted,), sweep_unfit),
    Rule("", "not_declared", (InventoryConfirmed,), _not_declared),
    Rule("", "explained_wrongly", (InventoryExplained,), _explained_wrongly),
    Rule("", "text_missing", (InventoryOver,), _over_unsaid),
    Rule("", "office_heads", (KeepingAbandoned,), _not_the_office),
    Rule("", "count_open", (InventoryClosed,), open_lines),
    Rule("", "report_differs", (InventoryClosed,), _report_differs),
    Rule("", "keeper_missing", (InventoryClosed,), _keeper_not),
    Rule("", "persons_not_distinct", (InventoryClosed,), _not_distinct),
    signed("", (InventoryOpened, InventoryOver, *_COUNTS), by_actor),
    signed("", (InventoryClosed,), _three),
)
CODES: Mapping[str, tuple[str, ...]] = {
    "inventory_unfit": ("field",),
    "not_of_the_unit": ("unit",),
    "holder_misnamed": (),
    "not_declared": ("person", "person_en"),
    "keeper_missing": (),
    "report_differs": (),
    "office_heads": (),
}
