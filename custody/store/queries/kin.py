"""A carrier's descent as pages show it: what it was made from, what was made from it (clause d.4).

Only what the subject sees is there. What is hidden is neither counted nor named: whatever stands behind it follows
the nearest that is seen.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from custody.access import Subject
from custody.life_cycle import Status
from custody.store import schema as t
from custody.store.descent import Edges, made_from, sources_of
from custody.store.queries.carriers import CarrierItem, carriers_by_id
from custody.store.schema import chunks, is_int64

KIN_MAX = 500
"""Relatives that are shown each way; of a title copied more often the rest is said to be there."""


@dataclass(frozen=True, slots=True)
class Kin:
    """A relative. `distance`: steps from the carrier, those that are seen only. `manner`: how it was made."""

    item: CarrierItem
    distance: int
    manner: str


@dataclass(frozen=True, slots=True)
class KinOf:
    """The relatives of a carrier, each way in the order of a tree; `more`: not all are there."""

    sources: tuple[Kin, ...] = ()
    made: tuple[Kin, ...] = ()
    more: bool = False

    @property
    def out(self) -> tuple[CarrierItem, ...]:
        """What was made from it and is on loan."""
        return tuple(one.item for one in self.made if one.item.status is Status.ON_LOAN)


def kin_of(connection: Connection, subject: Subject, carrier: int) -> KinOf:
    """Everything that the carrier was made from and that was made from it, as far as the subject sees it."""
    if not is_int64(carrier):
        return KinOf()
    up, down = _edges(connection, carrier, sources_of), _edges(connection, carrier, made_from)
    everybody = {one for found in (up, down) for others in found.values() for one in others}
    if not everybody:
        return KinOf()
    seen = carriers_by_id(connection, subject, everybody)
    manners = _manners(connection, [*seen, carrier])
    sources, made = _tree(carrier, up, seen, manners), _tree(carrier, down, seen, manners)
    return KinOf(sources[:KIN_MAX], made[:KIN_MAX], max(len(sources), len(made)) > KIN_MAX)


def _edges(connection: Connection, root: int, edges: Edges) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    frontier = passed = {root}
    while frontier:
        ahead: set[int] = set()
        for chunk in chunks(sorted(frontier)):
            for one, other in edges(connection, chunk):
                found.setdefault(one, []).append(other)
                ahead.add(other)
        frontier = ahead - found.keys() - passed
        passed = passed | frontier
    return found


def _manners(connection: Connection, carriers: Iterable[int]) -> dict[int, str]:
    c = t.DESCENT.c
    found: dict[int, str] = {}
    for chunk in chunks(sorted(carriers)):
        found |= {row.carrier: row.manner for row in connection.execute(select(t.DESCENT).where(c.carrier.in_(chunk)))}
    return found


def _tree(
    root: int, edges: Mapping[int, Sequence[int]], seen: Mapping[int, CarrierItem], manners: Mapping[int, str]
) -> tuple[Kin, ...]:
    """Depth first, by number and copy; each relative once, at its first place."""
    found: dict[int, Kin] = {}
    passed: set[int] = {root}

    def order(one: int) -> tuple[str, int, int]:
        item = seen.get(one)
        return (item.control_number, item.copy_number, one) if item else ("", 0, one)

    ahead: list[tuple[int, int]] = [(one, 1) for one in sorted(edges.get(root, ()), key=order, reverse=True)]
    while ahead:
        one, distance = ahead.pop()
        if one in passed:
            continue
        passed.add(one)
        if one in seen:
            found[one] = Kin(seen[one], distance, manners.get(one, ""))
        further = distance + 1 if one in seen else distance
        ahead += [(other, further) for other in sorted(edges.get(one, ()), key=order, reverse=True)]
    return tuple(found.values())


def highest_number(connection: Connection, stem: str) -> int:
    """The highest k of control numbers `<stem>k` in the register, seen or not; 0 where there is none."""
    c = t.CARRIER.c.control_number
    query = select(c).where(c.startswith(t.storable(stem), autoescape=True)).distinct()
    ends = (number[len(stem) :] for number in connection.execute(query).scalars())
    return max((int(end) for end in ends if end.isascii() and end.isdecimal()), default=0)
