"""One act being judged and applied, fact by fact: every later fact sees the effect of the earlier ones.

Used twice: with a ledger behind it to enter, without one to ask (the grey button, the dry run).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, func, select, tuple_

from custody.access import INSTALLATION, Permission, Subject, may
from custody.clock import day
from custody.entries import (
    Borrowed,
    CarrierFact,
    Entry,
    Fact,
    FindingSettled,
    Imported,
    PersonRecorded,
    PlaceRecorded,
    Received,
    Signature,
    TagBound,
    UnitRecorded,
)
from custody.life_cycle import Status
from custody.procedures import circulation, refusals
from custody.register import CarrierState, Directory, apply
from custody.rules import NotFound, Refusal, Situation
from custody.scheme import Scheme
from custody.store import schema as t
from custody.store.acts import TAKING_OVER
from custody.store.projection import load_states
from custody.store.schema import chunks
from custody.values import Instant


@dataclass(frozen=True, slots=True)
class Act:
    """The paper that the entries of one call share."""

    number: str
    kind: str
    subject: Subject
    now: Instant
    happened_at: Instant | None = None
    signatures: tuple[Signature, ...] = ()
    corrects: int | None = None


@dataclass(slots=True)
class Lookups:
    """What the store fetched for the facts at hand, kept true while they are applied."""

    states: dict[int, CarrierState]
    overdue: dict[int, int]
    epcs: dict[str, int]
    numbers: set[tuple[str, int]]
    codes: dict[tuple[str, str], int] = field(default_factory=dict)

    def follow(self, before: CarrierState | None, after: CarrierState, at: Instant) -> None:
        """Take the effect of an applied fact."""
        self.states[after.id] = after
        if before is None:
            self.numbers.add((after.description.control_number, after.description.copy_number))
            return
        if after.tags is not before.tags and len(after.tags) > len(before.tags):
            self.epcs[after.tags[-1].epc] = after.id
        for state, step in ((before, -1), (after, 1)):
            if state.status is Status.ON_LOAN and state.holder is not None and (state.due_at or at) < at:
                self.overdue[state.holder] = self.overdue.get(state.holder, 0) + step


def carrier_of(fact: Fact) -> int | None:
    """The carrier a fact is about or names."""
    if isinstance(fact, CarrierFact | FindingSettled):
        return fact.carrier
    return None


def look_up(connection: Connection, facts: Sequence[Fact], directory: Directory, at: Instant) -> Lookups:
    """Fetch what the rules may ask about these facts."""
    coming = {
        (fact.description.control_number, fact.description.copy_number)
        for fact in facts
        if isinstance(fact, Imported | Received)
    }
    codes: dict[tuple[str, str], int] = {}
    if any(not isinstance(fact, CarrierFact) for fact in facts):
        codes = {("unit", unit.code): unit.id for unit in directory.units.values()}
        codes |= {("place", place.code): place.id for place in directory.places.values()}
        codes |= {("person", person.number): person.id for person in directory.persons.values()}
    return Lookups(
        states=load_states(connection, (c for fact in facts if (c := carrier_of(fact)) is not None)),
        overdue=_overdue(connection, {fact.holder for fact in facts if isinstance(fact, Borrowed)}, at),
        epcs=epcs_known(connection, {fact.tag.epc for fact in facts if isinstance(fact, TagBound)}),
        numbers=numbers_taken(connection, coming),
        codes=codes,
    )


def _overdue(connection: Connection, holders: Iterable[int], at: Instant) -> dict[int, int]:
    found: dict[int, int] = {}
    c = t.CARRIER.c
    for chunk in chunks(sorted(holders)):
        query = (
            select(c.holder, func.count())
            .where(c.holder.in_(chunk), c.status == Status.ON_LOAN.value, c.due_at < at)
            .group_by(c.holder)
        )
        found |= {row[0]: row[1] for row in connection.execute(query)}
    return found


def epcs_known(connection: Connection, epcs: Iterable[str]) -> dict[str, int]:
    """Which of these EPCs are or were bound, and to which carrier; whoever asks, for an EPC is bound only once."""
    found: dict[str, int] = {}
    for chunk in chunks(sorted(epcs)):
        query = select(t.TAG.c.epc, t.TAG.c.carrier).where(t.TAG.c.epc.in_(chunk))
        found |= {row[0]: row[1] for row in connection.execute(query)}
    return found


def numbers_taken(connection: Connection, wanted: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
    """Which of these control and copy numbers are in the register, seen or not: a number is given only once."""
    found: set[tuple[str, int]] = set()
    number = tuple_(t.CARRIER.c.control_number, t.CARRIER.c.copy_number)
    for chunk in chunks(sorted(wanted), 500):  # each is two values, and SQLite's list of pairs is slow when long
        query = select(t.CARRIER.c.control_number, t.CARRIER.c.copy_number).where(number.in_(chunk))
        found |= {(control, copy) for control, copy in connection.execute(query)}
    return found


class Posting:
    """Judges and applies the facts of one act in memory. `before` and `lookups.states` bound what has changed."""

    def __init__(self, act: Act, scheme: Scheme, directory: Directory, lookups: Lookups, size: int) -> None:
        self.act = act
        self.before: Mapping[int, CarrierState] = dict(lookups.states)
        self.directory_before = directory
        self.directory = replace(
            directory,
            units=dict(directory.units),
            places=dict(directory.places),
            persons=dict(directory.persons),
        )
        self.directory_changed = False
        self.lookups = lookups
        self.sequence = size
        self.changed: dict[int, None] = {}
        """Carriers that an entry was about, in order."""
        over = act.kind in TAKING_OVER and (act.subject == INSTALLATION or may(act.subject, Permission.TAKE_IN))
        self.situation = Situation(
            subject=act.subject,
            scheme=scheme,
            directory=self.directory,
            now=act.now,
            day=day(act.now, scheme.timezone),
            overdue_loans=lookups.overdue,
            epcs_known=lookups.epcs,
            numbers_taken=lookups.numbers,
            codes_taken=lookups.codes,
            happened_at=act.happened_at,
            taking_over=over,
        )

    def judge(self, fact: Fact) -> tuple[Refusal, ...]:
        """What stands against this fact now. Raises NotFound."""
        named = carrier_of(fact)
        carrier = None if named is None else self.lookups.states.get(named)
        if named is not None and carrier is None and not isinstance(fact, CarrierFact):
            raise NotFound
        found = refusals(carrier, fact, self.situation)
        if found and found[0].code in ("not_permitted", "state"):
            return found
        return (*self._about_time(carrier, fact), *self._about_correction(carrier, fact), *found)

    def _about_time(self, carrier: CarrierState | None, fact: Fact) -> tuple[Refusal, ...]:
        happened_at = self.act.happened_at
        if happened_at is None:
            return ()
        if happened_at > self.act.now:
            return (Refusal("", "happened_in_future"),)
        if carrier is None or not isinstance(fact, CarrierFact) or happened_at >= carrier.since_at:
            return ()
        if isinstance(fact, Borrowed) and circulation.taken_over(carrier, self.situation):
            return ()
        return (Refusal("", "happened_before_state"),)

    def _about_correction(self, carrier: CarrierState | None, fact: Fact) -> tuple[Refusal, ...]:
        """A correction names the carrier's last entry: what later entries stand on is not corrected under them."""
        corrects = self.act.corrects
        if corrects is None:
            return ()
        was = None if carrier is None else self.before.get(carrier.id)
        if was is None or not isinstance(fact, CarrierFact) or corrects > was.last_sequence:
            return (Refusal("", "corrects_unknown", {"entry": corrects}),)
        if corrects < was.last_sequence:
            return (Refusal("", "corrects_depended_on", {"entry": corrects}),)
        return ()

    def apply(self, fact: Fact, nonce: Callable[[], str]) -> Entry:
        """The entry of a fact against which nothing stands; its effect is taken."""
        self.sequence += 1
        entry = Entry(
            sequence=self.sequence,
            act=self.act.number,
            by=self.act.subject.person,
            happened_at=self.situation.at,
            entered_at=self.act.now,
            nonce=nonce(),
            fact=fact,
            signatures=self.act.signatures,
            corrects=self.act.corrects,
        )
        if isinstance(fact, CarrierFact):
            before = self.lookups.states.get(fact.carrier)
            self.lookups.follow(before, apply(before, entry), self.situation.at)
            self.changed[fact.carrier] = None
        else:
            self._follow_codes(fact)
            self.directory_changed |= self.directory.record(entry)
        return entry

    def _follow_codes(self, fact: Fact) -> None:
        directory = self.directory
        was: str | None
        match fact:
            case UnitRecorded(unit=unit):
                kind, code, identifier = "unit", unit.code, unit.id
                was = directory.units[unit.id].code if unit.id in directory.units else None
            case PlaceRecorded(place=place):
                kind, code, identifier = "place", place.code, place.id
                was = directory.places[place.id].code if place.id in directory.places else None
            case PersonRecorded(person=person):
                kind, code, identifier = "person", person.number, person.id
                was = directory.persons[person.id].number if person.id in directory.persons else None
            case _:
                return
        if was is not None:
            self.lookups.codes.pop((kind, was), None)
        self.lookups.codes[(kind, code)] = identifier
