"""One act being judged and applied, fact by fact: every later fact sees the effect of the earlier ones.

Used twice: with a ledger behind it to enter, without one to ask (the grey button, the dry run).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, func, select, tuple_

from custody.access import INSTALLATION, Permission, Subject, may
from custody.balance import Standing, next_standing
from custody.clock import day
from custody.entries import (
    COMING,
    Borrowed,
    CarrierFact,
    Corrected,
    Entry,
    Fact,
    FindingSettled,
    ImportTakenBack,
    PersonRecorded,
    PlaceRecorded,
    Signature,
    TagBound,
    UnitRecorded,
    coming_description,
    decode,
    matter_of,
)
from custody.entries.badges import BadgeGiven
from custody.entries.organisations import OrganisationRecorded
from custody.life_cycle import HELD, Status
from custody.matters import Line, Matter, apply_matter
from custody.procedures import circulation, refusals
from custody.procedures.disposition.loss import FINDING_AGAIN
from custody.register import CarrierState, Directory, apply
from custody.rules import Descent, Inside, LastEntry, NotFound, Orders, Refusal, Situation, TagNumber
from custody.scheme import Scheme
from custody.store import schema as t
from custody.store.acts import TAKING_OVER
from custody.store.copies import copies_unlisted
from custody.store.descent import look_up_descent, sources_asked
from custody.store.inside import inside
from custody.store.keeping import KeepingLookups, cleared, in_hand, look_up_keeping
from custody.store.matters import load_lines, load_matters, open_losses
from custody.store.orders import labels_asked, look_up_orders
from custody.store.projection import load_states
from custody.store.queries import people
from custody.store.schema import chunks, is_int64
from custody.store.tag_numbers import numbers_asked
from custody.store.taking_over import last_entries_untouched
from custody.store.titles import copies_left_out
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
    text_hash: str = ""
    """What its signatures must stand under."""


@dataclass(slots=True)
class Lookups:
    """What the store fetched for the facts at hand, kept true while they are applied."""

    states: dict[int, CarrierState]
    overdue: dict[int, int]
    epcs: dict[str, int]
    numbers: set[tuple[str, int]]
    codes: dict[tuple[str, str], int] = field(default_factory=dict)
    matters: dict[int, Matter] = field(default_factory=dict)
    lines: dict[tuple[int, int], Line] = field(default_factory=dict)
    holdings: dict[int, int] = field(default_factory=dict)
    absent: dict[int, Subject] = field(default_factory=dict)
    last_entries: dict[int, LastEntry] = field(default_factory=dict)
    copies: dict[str, frozenset[int]] = field(default_factory=dict)
    descent: Descent = field(default_factory=Descent)
    keeping: KeepingLookups = field(default_factory=KeepingLookups)
    losses: dict[int, int] = field(default_factory=dict)
    orders: Orders = field(default_factory=Orders)
    inside: Inside = field(default_factory=Inside)
    left_out: dict[int, frozenset[int]] = field(default_factory=dict)
    untouched: Mapping[int, int] = field(default_factory=dict)
    tag_numbers: dict[str, TagNumber] = field(default_factory=dict)

    def follow(self, before: CarrierState | None, after: CarrierState, at: Instant) -> None:
        """Take the effect of an applied fact."""
        self.states[after.id] = after
        if before is None:
            self.numbers.add((after.description.control_number, after.description.copy_number))
            return
        if after.tags is not before.tags and len(after.tags) > len(before.tags):
            self.epcs[after.tags[-1].epc] = after.id
        for state, step in ((before, -1), (after, 1)):
            if state.holder is None or state.status not in HELD:
                continue
            self.holdings[state.holder] = self.holdings.get(state.holder, 0) + step
            if state.status is Status.ON_LOAN and (state.due_at or at) < at:
                self.overdue[state.holder] = self.overdue.get(state.holder, 0) + step


def carrier_of(fact: Fact) -> int | None:
    """The carrier a fact is about or names."""
    if isinstance(fact, CarrierFact | FindingSettled):
        return fact.carrier
    return None


def carriers_of(fact: Fact) -> Iterator[int]:
    """Every carrier that a fact is about or lists."""
    one = carrier_of(fact)
    if one is not None:
        yield one
    yield from getattr(fact, "carriers", ())


def look_up(connection: Connection, facts: Sequence[Fact], directory: Directory, act: Act, scheme: Scheme) -> Lookups:
    """Fetch what the rules may ask about these facts."""
    at = act.now if act.happened_at is None else act.happened_at
    coming = {
        (described.control_number, described.copy_number)
        for fact in facts
        if isinstance(fact, COMING)
        for described in (coming_description(fact),)
    }
    codes: dict[tuple[str, str], int] = {}
    if any(not isinstance(fact, CarrierFact) for fact in facts):
        codes = {("unit", unit.code): unit.id for unit in directory.units.values()}
        codes |= {("place", place.code): place.id for place in directory.places.values()}
        codes |= {("person", person.number): person.id for person in directory.persons.values()}
        codes |= {("organisation", body.code): body.id for body in directory.organisations.values()}
    states = load_states(connection, (carrier for fact in facts for carrier in carriers_of(fact)))
    descent = look_up_descent(connection, facts)
    kin = (*sources_asked(facts, states), *(one for found in descent.descendants.values() for one in found))
    states |= load_states(connection, (one for one in kin if one not in states))
    pairs = [(m, c) for fact in facts if (m := matter_of(fact)) is not None for c in carriers_of(fact)]
    pairs += [(m, c) for fact in facts if (m := matter_of(fact)) for c in descent.listed.get(carrier_of(fact) or 0, ())]
    orders = look_up_orders(connection, facts)
    binding = [fact for fact in facts if isinstance(fact, TagBound)]
    pairs += [(m, f.carrier) for f in binding if (m := orders.allotted.get(f.tag.epc)) is not None]
    bound = {state.matter for state in states.values() if state.matter is not None}
    corrected = {fact.carrier for fact in facts if isinstance(fact, Corrected)}
    others = {other for fact in facts if (other := getattr(fact, "on_behalf_of", None)) is not None}
    today = day(act.now, scheme.timezone)
    named = {m for fact in facts for m in (matter_of(fact), *getattr(fact, "matters", ())) if m is not None}
    matters = load_matters(connection, bound | named)
    persons = {p for fact in facts for p in _persons_of(fact)}
    cards = {fact.uid for fact in facts if isinstance(fact, BadgeGiven)}
    return Lookups(
        matters=matters,
        lines=load_lines(connection, pairs) if pairs else {},
        descent=descent,
        holdings=in_hand(connection, persons | cleared(facts, matters)),
        keeping=look_up_keeping(connection, facts, directory, matters, persons, scheme, today),
        absent={other: people.subject_for(connection, other, scheme, today) for other in others if is_int64(other)},
        last_entries={carrier: last_entry(connection, carrier) for carrier in corrected if carrier in states},
        copies=copies_unlisted(connection, facts),
        inside=inside(connection, facts, directory, at),
        left_out=copies_left_out(connection, facts, matters),
        untouched=last_entries_untouched(connection, _taken_back(facts)),
        tag_numbers=numbers_asked(connection, {f.tag.epc for f in binding}),
        losses=open_losses(connection, [f.carrier for f in facts if isinstance(f, FINDING_AGAIN)]),
        states=states,
        orders=orders,
        overdue=_overdue(connection, persons, at),
        epcs=epcs_known(connection, {f.tag.epc for f in binding} | labels_asked(facts, matters) | cards),
        numbers=numbers_taken(connection, coming),
        codes=codes,
    )


def _taken_back(facts: Sequence[Fact]) -> set[int]:
    return {fact.carrier for fact in facts if isinstance(fact, ImportTakenBack)}


def _persons_of(fact: Fact) -> Iterator[int]:
    """Persons whose holdings the rules may ask about."""
    for name in ("holder", "person_id"):
        person = getattr(fact, name, None)
        if isinstance(person, int) and is_int64(person):
            yield person
    if isinstance(fact, PersonRecorded):
        yield fact.person.id


def last_entry(connection: Connection, carrier: int) -> LastEntry:
    """A carrier's last entry and where the books had it before, folded from its own entries."""
    query = select(t.ENTRY.c.body).where(t.ENTRY.c.carrier == carrier).order_by(t.ENTRY.c.sequence)
    before: CarrierState | None = None
    state: CarrierState | None = None
    last: Entry | None = None
    for row in connection.execute(query):
        entry = decode(bytes(row.body))
        if isinstance(entry.fact, CarrierFact):
            before, state, last = state, apply(state, entry), entry
    assert last is not None  # a carrier in the register has entries
    return LastEntry(last.sequence, last.fact.kind, before.custody if before else None)


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

    def __init__(
        self,
        act: Act,
        scheme: Scheme,
        directory: Directory,
        lookups: Lookups,
        size: int,
        facts: Sequence[Fact],
    ) -> None:
        self.act = act
        self.before: Mapping[int, CarrierState] = dict(lookups.states)
        self.matters_before: Mapping[int, Matter] = dict(lookups.matters)
        self.lines_before: Mapping[tuple[int, int], Line] = dict(lookups.lines)
        self.directory_before = directory
        self.directory = replace(
            directory,
            units=dict(directory.units),
            places=dict(directory.places),
            persons=dict(directory.persons),
            accepted=dict(directory.accepted),
            delegations=dict(directory.delegations),
            organisations=dict(directory.organisations),
            licences=dict(directory.licences),
            agreements=dict(directory.agreements),
            instructions=dict(directory.instructions),
            acknowledged=dict(directory.acknowledged),
            badges=dict(directory.badges),
        )
        self.directory_changed = False
        self.lookups = lookups
        self.sequence = size
        self.changed: dict[int, None] = {}
        """Carriers that an entry was about, in order."""
        self.standings: list[Standing] = []
        """What the balance counts them by, where it changed; in order."""
        self.matters_changed: dict[int, None] = {}
        self.lines_changed: dict[tuple[int, int], None] = {}
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
            signatures=act.signatures,
            text_hash=act.text_hash,
            matters=lookups.matters,
            lines=lookups.lines,
            states=lookups.states,
            holdings=lookups.holdings,
            absent=lookups.absent,
            last_entries=lookups.last_entries,
            copies=lookups.copies,
            descent=lookups.descent,
            keeping=lookups.keeping.told(),
            facts=tuple(facts),
            losses=lookups.losses,
            orders=lookups.orders,
            act=act.kind,
            inside=lookups.inside,
            left_out=lookups.left_out,
            untouched=lookups.untouched,
            tag_numbers=lookups.tag_numbers,
        )

    def judge(self, fact: Fact) -> tuple[Refusal, ...]:
        """What stands against this fact now. Raises NotFound."""
        named = carrier_of(fact)
        carrier = None if named is None else self.lookups.states.get(named)
        if named is not None and carrier is None and not isinstance(fact, CarrierFact):
            raise NotFound
        found = refusals(carrier, fact, self.situation)
        if found and found[0].code in ("not_permitted", "state", "matter_state", "line_state"):
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
            corrects=fact.entry if isinstance(fact, Corrected) else self.act.corrects,
        )
        if isinstance(fact, CarrierFact):
            before = self.lookups.states.get(fact.carrier)
            after = apply(before, entry)
            self.lookups.follow(before, after, self.situation.at)
            self.lookups.keeping.follow(before, after, entry)
            stands = next_standing(before, after, entry)
            if stands is not None:
                self.standings.append(stands)
            self.changed[fact.carrier] = None
        else:
            self._follow_codes(fact)
            self.directory_changed |= self.directory.record(entry)
        self._follow_matter(entry)
        return entry

    def _follow_matter(self, entry: Entry) -> None:
        matter = matter_of(entry.fact)
        if matter is None:
            return
        key = (matter, carrier_of(entry.fact) or 0)
        found = apply_matter(self.lookups.matters.get(matter), self.lookups.lines.get(key), entry)
        self.lookups.matters[matter], line = found
        self.matters_changed[matter] = None
        if line is not None:
            self.lookups.lines[key] = line
            self.lines_changed[key] = None

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
            case OrganisationRecorded(organisation=body):
                kind, code, identifier = "organisation", body.code, body.id
                was = directory.organisations[body.id].code if body.id in directory.organisations else None
            case _:
                return
        if was is not None:
            self.lookups.codes.pop((kind, was), None)
        self.lookups.codes[(kind, code)] = identifier
