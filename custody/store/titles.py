"""The copies of a title: what is handed out, or shown to more, is asked about all of them (clauses b.2, b.3)."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, select

from custody.entries import Fact
from custody.entries.approvals import ApprovalAsked
from custody.entries.dispatch import DistributionCounted, DistributionOpened, WideningClosed, WideningOpened
from custody.life_cycle import HELD, Status
from custody.matters import Matter
from custody.store import schema as t

_ASKING = ApprovalAsked | WideningClosed | DistributionCounted
_HELD = sorted(status.value for status in HELD)


def copies_left_out(
    connection: Connection, facts: Sequence[Fact], matters: Mapping[int, Matter]
) -> dict[int, frozenset[int]]:
    """By matter, the copies of its title that stand on no line of it; only where these facts ask for all of them.

    Of a widening: every copy still held. Of a distribution: those of its unit that are in their place.
    """
    asked = {fact.matter for fact in facts if isinstance(fact, _ASKING)}
    found: dict[int, frozenset[int]] = {}
    for matter, (kind, number, unit) in _titles(facts, matters.values()).items():
        if matter not in asked:
            continue
        c = t.CARRIER.c
        listed = select(t.LINE.c.carrier).where(t.LINE.c.matter == matter)
        query = select(c.id).where(c.control_number == t.storable(number), c.id.not_in(listed))
        if kind == "widening":
            query = query.where(c.status.in_(_HELD))
        else:
            query = query.where(c.status == Status.IN_PLACE.value, c.unit == unit)
        found[matter] = frozenset(connection.execute(query).scalars())
    return found


def _titles(facts: Sequence[Fact], matters: Iterable[Matter]) -> dict[int, tuple[str, str, int]]:
    """Kind, control number and unit of the distributions and widenings among these matters, or opened here."""
    kinds = ("distribution", "widening")
    found = {one.id: (one.kind, one.body.control_number, one.unit) for one in matters if one.kind in kinds}
    for fact in facts:
        if isinstance(fact, DistributionOpened | WideningOpened):
            kind = "widening" if isinstance(fact, WideningOpened) else "distribution"
            found[fact.matter] = (kind, fact.control_number, fact.unit)
    return found


def copies_of(connection: Connection, control_number: str, *, in_place: bool) -> list[int]:
    """The copies of a title that are held, or only those in their place, by copy number; seen or not."""
    c = t.CARRIER.c
    states = [Status.IN_PLACE.value] if in_place else _HELD
    query = select(c.id).where(c.control_number == t.storable(control_number), c.status.in_(states))
    return list(connection.execute(query.order_by(c.copy_number)).scalars())
