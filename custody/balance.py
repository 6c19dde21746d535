"""The balance: nothing appears from nowhere or goes nowhere. What came in is somewhere, at every ledger position.

What the balance counts a carrier by is its *standing*: status, origin, unit, level, control number. It changes with
some entries and stays through the others, so that a carrier's life is a chain of spans of ledger positions, and the
balance at a position is a count of the spans that cover it. Pure; the store keeps the spans and counts them.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import get_args

from custody.carrier import HELD, CarrierState, Status
from custody.entries import COMING, CarrierFact, Entry
from custody.matters import Matter
from custody.matters.production import ProductionBody
from custody.register import apply
from custody.values import Instant, Origin

ORIGINS: tuple[Origin, ...] = get_args(Origin)
COMING_KINDS = frozenset(fact.kind for fact in COMING)
"""Kinds of fact with which a carrier comes into the register."""
Key = int | str
"""What carriers are grouped by: a unit, or the code of a level, an origin, a control number."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A carrier's standing from the entry `from_sequence` on, until before `to_sequence`; None: still."""

    carrier: int
    from_sequence: int
    to_sequence: int | None
    happened_at: Instant
    """Event time of the entry that it began with."""
    was: Status | None
    """The status before; None: it came into the register with this entry."""
    moved: bool
    """Whether it came over from another unit, level or control number."""
    status: Status
    origin: Origin
    unit: int
    level: str
    control_number: str


def next_standing(before: CarrierState | None, after: CarrierState, entry: Entry) -> Standing | None:
    """The standing that begins with an entry; None where the entry leaves it as it is."""
    described = after.description
    groups = (described.unit, described.level, described.control_number, after.origin)
    moved = False
    if before is not None:
        was = before.description
        moved = (was.unit, was.level, was.control_number, before.origin) != groups
        if not moved and before.status is after.status:
            return None
    return Standing(
        carrier=after.id,
        from_sequence=entry.sequence,
        to_sequence=None,
        happened_at=entry.happened_at,
        was=before.status if before else None,
        moved=moved,
        status=after.status,
        origin=after.origin,
        unit=described.unit,
        level=described.level,
        control_number=described.control_number,
    )


def chained(standings: Iterable[Standing]) -> list[Standing]:
    """The same, in their order, each of a carrier ended where the carrier's next begins."""
    found: list[Standing] = []
    last: dict[int, int] = {}
    for one in standings:
        if one.carrier in last:
            at = last[one.carrier]
            found[at] = replace(found[at], to_sequence=one.from_sequence)
        last[one.carrier] = len(found)
        found.append(one)
    return found


def standings(entries: Iterable[Entry]) -> list[Standing]:
    """The chain of one carrier, from its own entries in order. Raises FoldBroken."""
    state: CarrierState | None = None
    found: list[Standing] = []
    for entry in entries:
        if isinstance(entry.fact, CarrierFact):
            after = apply(state, entry)
            one = next_standing(state, after, entry)
            if one is not None:
                found.append(one)
            state = after
    return chained(found)


@dataclass(frozen=True, slots=True)
class Balance:
    """Both sides of the equation: came in, by origin; and where it all is, by state.

    Of a group, carriers besides `joined` it from others and `left` it for others. `told`: how many came in by the
    ledger's own entries, where that was counted too.
    """

    came_in: Mapping[Origin, int]
    states: Mapping[Status, int]
    joined: int = 0
    left: int = 0
    told: int | None = None

    @property
    def came_in_total(self) -> int:
        """Carriers that came into the register."""
        return sum(self.came_in.values())

    @property
    def accounted_total(self) -> int:
        """Carriers that are in some state."""
        return sum(self.states.values())

    @property
    def held(self) -> int:
        """Carriers for which somebody still answers."""
        return sum(count for status, count in self.states.items() if status in HELD)

    @property
    def closes(self) -> bool:
        """Whether the books balance."""
        if self.told is not None and self.told != self.came_in_total:
            return False
        return self.came_in_total + self.joined - self.left == self.accounted_total


def balance(
    came_in: Mapping[Origin, int],
    states: Mapping[Status, int],
    joined: int = 0,
    left: int = 0,
    told: int | None = None,
) -> Balance:
    """The balance of these counts; states without carriers may be left out. Raises ValueError below zero."""
    for name, count in [*came_in.items(), *states.items(), ("joined", joined), ("left", left), ("told", told or 0)]:
        if count < 0:
            raise ValueError(f"{name}: a count of {count} cannot be")
    return Balance(dict(came_in), {status: states.get(status, 0) for status in Status}, joined, left, told)


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts by group at a position. `moves`: from group to group; None is outside of what was counted."""

    came: Mapping[tuple[Key, Origin], int] = field(default_factory=dict)
    states: Mapping[tuple[Key, Status], int] = field(default_factory=dict)
    moves: Mapping[tuple[Key | None, Key | None], int] = field(default_factory=dict)
    told: int | None = None
    """Of all groups together."""
    last_event_at: Instant | None = None
    """The latest event that any of it tells of."""

    @property
    def keys(self) -> frozenset[Key]:
        """The groups that there are."""
        return frozenset({key for key, _ in (*self.came, *self.states)})

    def of(self, group: AbstractSet[Key]) -> Balance:
        """The balance of these groups together: what moves among them does not count."""
        came: dict[Origin, int] = dict.fromkeys(ORIGINS, 0)
        for (key, origin), count in self.came.items():
            came[origin] += count if key in group else 0
        states = dict.fromkeys(Status, 0)
        for (key, status), count in self.states.items():
            states[status] += count if key in group else 0
        joined = sum(n for (source, target), n in self.moves.items() if target in group and source not in group)
        left = sum(n for (source, target), n in self.moves.items() if source in group and target not in group)
        return balance(came, states, joined, left)

    @property
    def whole(self) -> Balance:
        """The balance of all groups."""
        return replace(self.of(self.keys), told=self.told)


@dataclass(frozen=True, slots=True)
class Change:
    """So many carriers went from one group and status to another. `was` None: they came into the register.

    A group of None is outside of what was counted.
    """

    source: Key | None
    was: Status | None
    target: Key | None
    status: Status
    count: int


@dataclass(frozen=True, slots=True)
class Flow:
    """What became of what is in hand between two positions: 旧管 + 新收 - 开除 = 实在."""

    opening: int
    came: int
    back: int
    """Declared lost and found, or otherwise in hand again."""
    joined: int
    gone: Mapping[Status, int]
    left: int
    closing: int

    @property
    def gone_total(self) -> int:
        """Carriers that are in hand no longer."""
        return sum(self.gone.values())

    @property
    def closes(self) -> bool:
        """Whether what was there, came and went is what is there."""
        return self.opening + self.came + self.back + self.joined - self.gone_total - self.left == self.closing


def flow(opening: Balance, closing: Balance, changes: Iterable[Change], group: AbstractSet[Key]) -> Flow:
    """What became of these groups together between two positions, by the changes between them."""
    counts = {"came": 0, "back": 0, "joined": 0, "left": 0}
    gone: dict[Status, int] = {}
    for one in changes:
        before = one.source in group and one.was in HELD
        after = one.target in group and one.status in HELD
        if after and not before:
            counts["came" if one.was is None else "back" if one.source in group else "joined"] += one.count
        elif before and not after and one.target in group:
            gone[one.status] = gone.get(one.status, 0) + one.count
        elif before and not after:
            counts["left"] += one.count
    return Flow(opening=opening.held, closing=closing.held, gone=gone, **counts)


@dataclass(frozen=True, slots=True)
class OrderBalance:
    """Of a production order: approved = registered + spoiled + cancelled, and while it is open what is still free."""

    approved: int
    registered: int
    spoiled: int
    cancelled: int
    free: int
    listed: int
    """Copies that are in the register under it."""
    over: bool
    """Closed, so that nothing may be free any more."""

    @property
    def closes(self) -> bool:
        """Whether every approved copy is accounted for, once."""
        told = self.registered + self.spoiled + self.cancelled + self.free
        return told == self.approved and self.listed == self.registered and not (self.over and self.free)


def order_balance(order: Matter) -> OrderBalance:
    """The balance of a production order (clause a.4)."""
    body: ProductionBody = order.body
    return OrderBalance(
        approved=body.quantity,
        registered=len(body.registered),
        spoiled=len(body.spoiled),
        cancelled=len(body.cancelled),
        free=len(body.free),
        listed=order.count("registered"),
        over=order.status in ("closed", "settled"),
    )
