"""What the rules of keeping (letter f) are told of the register: fetched for the facts at hand, kept true after."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from custody.access import Subject
from custody.entries import Entry, Fact, ImportTakenBack, MatterFact, PersonRecorded, PlaceRecorded, RoundSigned, decode
from custody.entries.keeping import (
    ClearanceClosed,
    ClearanceListed,
    HandOverClosed,
    HandOverCounted,
    HandOverListed,
    HandOverOpened,
    HoldingConfirmed,
    InventoryClosed,
    InventoryConfirmed,
    InventoryCounted,
    InventoryFrozen,
    InventoryListed,
    InventoryOpened,
    InventoryRow,
)
from custody.life_cycle import HELD, Status
from custody.matters import Matter
from custody.matters.keeping import Clearance, HandOver, Inventory
from custody.register import CarrierState, Directory
from custody.rules import Keeping
from custody.scheme import Scheme
from custody.store import schema as t
from custody.store.queries import people
from custody.store.schema import chunks, is_int64
from custody.values import Instant, Place

_HELD = sorted(status.value for status in HELD)
_STANDING = (Status.IN_PLACE, Status.AWAITING_DESTRUCTION)
"""States in which a carrier stands in a place."""
LISTED = (HandOverListed, InventoryListed, ClearanceListed)


def kept_in(state: CarrierState) -> int | None:
    """The place whose keeper answers for the carrier: where it stands, else its home."""
    return state.place if state.status in _STANDING else state.home


_KEPT_IN = case((t.CARRIER.c.status.in_([s.value for s in _STANDING]), t.CARRIER.c.place), else_=t.CARRIER.c.home)


@dataclass(slots=True)
class KeepingLookups:
    """The same as `custody.rules.Keeping`, as it grows with the facts that are applied."""

    kept: dict[int, dict[str, int]] = field(default_factory=dict)
    secrets: dict[int, int] = field(default_factory=dict)
    queued: dict[int, int] = field(default_factory=dict)
    parts: dict[int, int] = field(default_factory=dict)
    unlisted: dict[int, set[int]] = field(default_factory=dict)
    rounds: dict[str, tuple[int, int]] = field(default_factory=dict)
    confirmed: dict[int, tuple[int, int]] = field(default_factory=dict)
    standing: dict[int, Subject] = field(default_factory=dict)
    internal: frozenset[str] = frozenset()
    """Codes of levels that are no state secrets."""

    def told(self) -> Keeping:
        """What the rules see: these very maps."""
        return Keeping(
            self.kept,
            self.secrets,
            self.queued,
            self.parts,
            self.unlisted,
            self.rounds,
            self.confirmed,
            self.standing,
        )

    def follow(self, before: CarrierState | None, after: CarrierState, entry: Entry) -> None:
        """Take the effect of an applied fact about a carrier."""
        fact = entry.fact
        for state, step in ((before, -1), (after, 1)):
            if state is None or state.status not in HELD:
                continue
            level = state.description.level
            for place in {state.home, state.place} & self.kept.keys():
                counted = self.kept[place]  # type: ignore[index]  # None is no key
                counted[level] = counted.get(level, 0) + step
            if state.holder is not None and level not in self.internal:
                self.secrets[state.holder] = self.secrets.get(state.holder, 0) + step
        for person in set(before.queue if before else ()) ^ set(after.queue):
            self.queued[person] = self.queued.get(person, 0) + (1 if person in after.queue else -1)
        if isinstance(fact, LISTED) and fact.matter in self.unlisted:
            self.unlisted[fact.matter].discard(fact.carrier)
        if isinstance(fact, HoldingConfirmed):
            self.confirmed[fact.carrier] = (entry.by, entry.happened_at)


def look_up_keeping(
    connection: Connection,
    facts: Sequence[Fact],
    directory: Directory,
    matters: Mapping[int, Matter],
    persons: Iterable[int],
    scheme: Scheme,
    day: str,
) -> KeepingLookups:
    """Fetch what the rules of keeping may ask about these facts; `persons`: whose holdings count."""
    asked = {*filter(is_int64, persons), *cleared(facts, matters)}
    internal = frozenset(level.code for level in scheme.levels if level.rank == 0)
    leaving = asked if any(isinstance(fact, PersonRecorded | ClearanceClosed) for fact in facts) else set()
    return KeepingLookups(
        kept=_kept(connection, _changed(facts, directory)),
        secrets=_secrets(connection, asked, internal),
        queued=_queued(connection, leaving),
        parts=_parts(connection, leaving),
        unlisted=_unlisted(connection, facts, directory, matters),
        rounds=signed_rounds(connection, _sweeps(facts)),
        confirmed=confirmed(connection, {f.carrier for f in facts if isinstance(f, InventoryConfirmed)}),
        standing={
            person: people.subject_for(connection, person, scheme, day)
            for person in _in_a_role(facts)
            if person in directory.persons
        },
        internal=internal,
    )


def cleared(facts: Iterable[Fact], matters: Mapping[int, Matter]) -> set[int]:
    """Persons whose clearance these facts go on with."""
    found = (matters.get(fact.matter) for fact in facts if isinstance(fact, MatterFact))
    return {matter.body.person for matter in found if matter and isinstance(matter.body, Clearance)}


def _in_a_role(facts: Iterable[Fact]) -> set[int]:
    offices = {fact.office for fact in facts if isinstance(fact, ClearanceClosed)}
    beside = {fact.second for fact in facts if isinstance(fact, ImportTakenBack)}
    return offices | beside | {fact.keeper for fact in facts if isinstance(fact, InventoryClosed)}


def _sweeps(facts: Iterable[Fact]) -> set[str]:
    means = {fact.means for fact in facts if isinstance(fact, HandOverCounted | InventoryCounted)}
    return means - {"eye"}


def fitness(place: Place) -> tuple[str | None, bool, int | None, int | None]:
    """What of a place decides what may be kept there, and who answers for it."""
    return place.rating, place.storage, place.parent, place.responsible


def _changed(facts: Iterable[Fact], directory: Directory) -> set[int]:
    """Places whose fitness or keeper these facts change, and everything in them."""
    changed = set()
    for fact in facts:
        if isinstance(fact, PlaceRecorded):
            was = directory.places.get(fact.place.id)
            if was is not None and fitness(was) != fitness(fact.place):
                changed.add(was.id)
    if not changed:
        return set()
    return {place for place in directory.places if any(p.id in changed for p in directory.path(place))}


def _kept(connection: Connection, places: Iterable[int]) -> dict[int, dict[str, int]]:
    """Carriers that somebody answers for, by place (where it stands, or its home) and level."""
    c = t.CARRIER.c
    found: dict[int, dict[str, int]] = {place: {} for place in places}
    held = c.status.in_(_HELD)
    elsewhere = or_(c.home.is_(None), c.home != c.place)
    for column, more in ((c.home, held), (c.place, and_(held, elsewhere))):
        for chunk in chunks(sorted(found)):
            query = select(column, c.level, func.count()).where(column.in_(chunk), more).group_by(column, c.level)
            for place, level, count in connection.execute(query):
                found[place][level] = found[place].get(level, 0) + count
    return found


def in_hand(connection: Connection, persons: Iterable[int]) -> dict[int, int]:
    """Carriers in hand, by person; those without any are left out."""
    c = t.CARRIER.c
    return _by_person(connection, c.holder, persons, c.status.in_(_HELD))


def _secrets(connection: Connection, persons: Iterable[int], internal: Iterable[str]) -> dict[int, int]:
    c = t.CARRIER.c
    counted = and_(c.status.in_(_HELD), c.level.not_in(sorted(internal)))
    return _by_person(connection, c.holder, persons, counted)


def _queued(connection: Connection, persons: Iterable[int]) -> dict[int, int]:
    return _by_person(connection, t.QUEUE.c.person, persons)


def _parts(connection: Connection, persons: Iterable[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    part, m = t.PARTY.c, t.MATTER.c
    for chunk in chunks(sorted(persons)):
        query = (
            select(part.person, func.count(part.matter.distinct()))
            .join_from(t.PARTY, t.MATTER, m.id == part.matter)
            .where(part.person.in_(chunk), m.ended_at.is_(None))
            .group_by(part.person)
        )
        found |= {row[0]: row[1] for row in connection.execute(query)}
    return found


def _by_person(
    connection: Connection, column: ColumnElement[int], persons: Iterable[int], *where: ColumnElement[bool]
) -> dict[int, int]:
    found: dict[int, int] = {}
    for chunk in chunks(sorted(persons)):
        query = select(column, func.count()).where(column.in_(chunk), *where).group_by(column)
        found |= {row[0]: row[1] for row in connection.execute(query)}
    return found


def care(directory: Directory, giver: int, places: Iterable[int]) -> set[int]:
    """The places and what is in them, as far as this person answers for what is kept there."""
    wanted = set(places)
    return {
        place
        for place in directory.places
        if directory.keeper(place) == giver and any(p.id in wanted for p in directory.path(place))
    }


def kept_by_places(connection: Connection, places: Iterable[int]) -> set[int]:
    """Carriers whose keeper is that of one of these places."""
    found: set[int] = set()
    c = t.CARRIER.c
    for chunk in chunks(sorted(places)):
        near = or_(c.place.in_(chunk), c.home.in_(chunk))  # by index; the case alone would be a search of all
        query = select(c.id).where(c.status.in_(_HELD), near, _KEPT_IN.in_(chunk))
        found |= set(connection.execute(query).scalars())
    return found


def held_by_units(connection: Connection, units: Iterable[int]) -> set[int]:
    """Carriers of these units that somebody answers for."""
    found: set[int] = set()
    c = t.CARRIER.c
    for chunk in chunks(sorted(units)):
        found |= set(connection.execute(select(c.id).where(c.unit.in_(chunk), c.status.in_(_HELD))).scalars())
    return found


def held_by(connection: Connection, person: int) -> set[int]:
    """Carriers in the person's hand."""
    c = t.CARRIER.c
    return set(connection.execute(select(c.id).where(c.holder == person, c.status.in_(_HELD))).scalars())


def expected(connection: Connection, directory: Directory, unit: int, body: HandOver | Inventory) -> set[int]:
    """Carriers that belong on the list of a hand-over or an inventory as it stands now."""
    if isinstance(body, HandOver):
        return kept_by_places(connection, care(directory, body.giver, body.places))
    return held_by_units(connection, directory.units_under(unit))


def unlisted(connection: Connection, directory: Directory, matter: Matter) -> set[int]:
    """Carriers that belong on the list of a matter and do not stand there."""
    listed = connection.execute(select(t.LINE.c.carrier).where(t.LINE.c.matter == matter.id)).scalars()
    return expected(connection, directory, matter.unit, matter.body) - set(listed)


def _unlisted(
    connection: Connection, facts: Sequence[Fact], directory: Directory, matters: Mapping[int, Matter]
) -> dict[int, set[int]]:
    ending = {fact.matter for fact in facts if isinstance(fact, HandOverClosed | InventoryFrozen)}
    found = {matter: unlisted(connection, directory, matters[matter]) for matter in ending & matters.keys()}
    for fact in facts:
        if isinstance(fact, InventoryOpened) and fact.matter in ending:
            body = Inventory(fact.year, fact.head, fact.until)
            found[fact.matter] = expected(connection, directory, fact.unit, body)
        elif isinstance(fact, HandOverOpened) and fact.matter in ending:
            found[fact.matter] = expected(
                connection, directory, fact.unit, HandOver(fact.giver, fact.receiver, fact.places)
            )
    return found


def signed_rounds(connection: Connection, numbers: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Place and time of these sweeps, as they were signed in the books; those that were not are left out."""
    wanted = set(numbers)
    return {number: one for number, one in rounds_since(connection, 0).items() if number in wanted} if wanted else {}


def rounds_since(connection: Connection, at: Instant) -> dict[str, tuple[int, Instant]]:
    """Place and time of the sweeps signed in the books at or after that instant, in order."""
    e = t.ENTRY.c
    # Entries about no carrier are few, and found by index.
    query = select(e.body).where(e.carrier.is_(None), e.kind == RoundSigned.kind, e.happened_at >= at)
    found = {}
    for row in connection.execute(query.order_by(e.sequence)):
        entry = decode(bytes(row.body))
        if isinstance(entry.fact, RoundSigned):
            found[entry.fact.round] = (entry.fact.place, entry.happened_at)
    return found


def confirmed(connection: Connection, carriers: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Who declared last to have each of these carriers, and when."""
    found: dict[int, tuple[int, int]] = {}
    e = t.ENTRY.c
    for chunk in chunks(sorted(filter(is_int64, carriers))):
        query = (
            select(e.carrier, e.by, e.happened_at)
            .where(e.carrier.in_(chunk), e.kind == HoldingConfirmed.kind)
            .order_by(e.sequence)
        )
        found |= {row.carrier: (row.by, row.happened_at) for row in connection.execute(query)}
    return found


def confirmed_since(connection: Connection, carriers: Iterable[int], at: Instant) -> dict[int, int]:
    """Who declared last to have each of these carriers, where that was at that instant or later."""
    return {carrier: who for carrier, (who, when) in confirmed(connection, carriers).items() if when >= at}


def listed_level(connection: Connection, scheme: Scheme, carriers: Iterable[int]) -> str:
    """The highest level among these carriers, whoever asks; the lowest of all where there are none."""
    levels: set[str] = set()
    for chunk in chunks(sorted(carriers)):
        levels |= set(
            connection.execute(select(t.CARRIER.c.level).distinct().where(t.CARRIER.c.id.in_(chunk))).scalars()
        )
    lowest = min(scheme.levels, key=lambda level: level.rank).code
    return max(levels, key=scheme.rank, default=lowest)


FIGURES = ("counted", "confirmed", "out", "missing", "gone")


def inventory_figures(connection: Connection, matter: int) -> dict[tuple[int, str], dict[str, int]]:
    """The lines of an inventory by unit and level (the highest first): how many of each figure, and `listed` ones."""
    line, c = t.LINE.c, t.CARRIER.c
    query = (
        select(c.unit, c.level, c.rank, line.state, line.label, func.count())
        .join_from(t.LINE, t.CARRIER, c.id == line.carrier)
        .where(line.matter == matter)
        .group_by(c.unit, c.level, c.rank, line.state, line.label)
        .order_by(c.unit, c.rank.desc())
    )
    found: dict[tuple[int, str], dict[str, int]] = {}
    for unit, level, _rank, state, label, count in connection.execute(query):
        # The label of a counted line names its sweep; that of an explained one says how.
        figure = label if state == "explained" else state
        row = found.setdefault((unit, level), {})
        row[figure] = row.get(figure, 0) + count
    return found


def inventory_rows(connection: Connection, matter: int) -> tuple[InventoryRow, ...]:
    """The report of an inventory, as its lines are now."""
    return tuple(
        InventoryRow(unit, level, *(row.get(figure, 0) for figure in FIGURES))
        for (unit, level), row in inventory_figures(connection, matter).items()
    )
