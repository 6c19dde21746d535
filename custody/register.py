"""The register is a fold of the entries: who holds what, where it belongs, until when. Pure.

`apply` takes the state before and an entry and gives the state after; it assumes that the entry was allowed
(the rules stand in `regulations.refusals`) and raises `FoldBroken` where the ledger contradicts itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from custody.carrier import CarrierState
from custody.entries import (
    CarrierFact,
    Delegated,
    DelegationEnded,
    Entry,
    PersonRecorded,
    PlaceRecorded,
    ResponsibilityAccepted,
    UnitRecorded,
    matter_of,
)
from custody.entries.badges import BadgeGiven, BadgeWithdrawn
from custody.entries.codec import text_hash
from custody.entries.entry import Acknowledged, InstructionIssued
from custody.entries.keeping import HandOverClosed
from custody.entries.organisations import (
    AgreementEnded,
    AgreementRecorded,
    LicenceRecorded,
    LicenceWithdrawn,
    OrganisationRecorded,
)
from custody.life_cycle import STEPS, after
from custody.matters import Line, Matter, apply_matter
from custody.values import (
    Acknowledgement,
    Agreement,
    Badge,
    Delegation,
    Instant,
    Instruction,
    Licence,
    Organisation,
    Person,
    Place,
    Unit,
)

__all__ = ["CarrierState", "Directory", "FoldBroken", "Register", "apply", "fold"]


class FoldBroken(ValueError):
    """The ledger contradicts itself; the message names the entry."""


def apply(state: CarrierState | None, entry: Entry) -> CarrierState:
    """The carrier's state after an entry about it. Raises FoldBroken."""
    fact = entry.fact
    if not isinstance(fact, CarrierFact):
        raise FoldBroken(f"entry {entry.sequence} ({fact.kind}) is about no carrier")
    status = after(fact, state.status if state else None)
    if status is None:
        was = state.status.value if state else "not registered"
        raise FoldBroken(f"entry {entry.sequence}: {fact.kind} cannot follow the state {was}")
    new = STEPS[type(fact)](state, fact, entry, status)
    since = new.since_at if state and status is state.status and new.place == state.place else entry.happened_at
    return replace(new, status=status, since_at=since, last_sequence=entry.sequence)


@dataclass(slots=True)
class Directory:
    """Units, places and persons as they stand; folded like the carriers."""

    units: dict[int, Unit] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    persons: dict[int, Person] = field(default_factory=dict)
    accepted: dict[int, tuple[int, Instant]] = field(default_factory=dict)
    """Place -> who accepted the responsibility for it, and when; void when another is made responsible."""
    delegations: dict[int, Delegation] = field(default_factory=dict)
    """Those not ended before their day, whether or not it has passed."""
    organisations: dict[int, Organisation] = field(default_factory=dict)
    licences: dict[int, Licence] = field(default_factory=dict)
    """Those not withdrawn, expired ones included."""
    agreements: dict[int, Agreement] = field(default_factory=dict)
    """Those not ended before their day, expired ones included."""
    instructions: dict[str, Instruction] = field(default_factory=dict)
    """By subject, the text that is to be signed for now."""
    acknowledged: dict[tuple[int, str], Acknowledgement] = field(default_factory=dict)
    """By person and subject, what was signed for last."""
    badges: dict[str, Badge] = field(default_factory=dict)
    """By card, whose badge it is or last was."""

    def record(self, entry: Entry) -> bool:
        """Take a directory entry; False where the entry is of another kind."""
        match entry.fact:
            case UnitRecorded(unit=unit):
                self.units[unit.id] = unit
            case PlaceRecorded(place=place):
                was = self.places.get(place.id)
                if was is not None and was.responsible != place.responsible:
                    self.accepted.pop(place.id, None)
                self.places[place.id] = place
            case PersonRecorded(person=person):
                self.persons[person.id] = person
            case ResponsibilityAccepted(place=accepted):
                self.accepted[accepted] = (entry.by, entry.happened_at)
            case HandOverClosed(receiver=receiver, places=places):
                self._hand_over(receiver, places, entry.happened_at)
            case Delegated(delegation=delegation):
                self.delegations[delegation.id] = delegation
            case DelegationEnded(delegation=ended):
                self.delegations.pop(ended, None)
            case _:
                return self._record_more(entry)
        return True

    def _record_more(self, entry: Entry) -> bool:
        """Other bodies with what they are licensed for and agreed to; what people sign for."""
        match entry.fact:
            case OrganisationRecorded(organisation=organisation):
                self.organisations[organisation.id] = organisation
            case LicenceRecorded(licence=licence):
                self.licences[licence.id] = licence
            case LicenceWithdrawn(licence=withdrawn):
                self.licences.pop(withdrawn, None)
            case AgreementRecorded(agreement=agreement):
                self.agreements[agreement.id] = agreement
            case AgreementEnded(agreement=ended):
                self.agreements.pop(ended, None)
            case InstructionIssued(subject=subject, text=text):
                self.instructions[subject] = Instruction(subject, text, entry.happened_at)
            case Acknowledged(person=person, subject=subject, text=text):
                self.acknowledged[(person, subject)] = Acknowledgement(entry.happened_at, text_hash(text))
            case BadgeGiven(person=person, uid=uid):
                self.badges[uid] = Badge(uid, person, entry.happened_at)
            case BadgeWithdrawn(uid=uid, reason=reason):
                if uid in self.badges:
                    self.badges[uid] = replace(self.badges[uid], withdrawn_at=entry.happened_at, reason=reason)
            case _:
                return False
        return True

    def badges_of(self, person: int) -> tuple[Badge, ...]:
        """The cards that stand for a person now, by number."""
        return tuple(sorted((b for b in self.badges.values() if b.person == person and b.valid), key=lambda b: b.uid))

    def licence(self, activity: str, organisation: int | None, day: str) -> Licence | None:
        """The licence for an activity that is good on an ISO day, the latest to expire; None where there is none."""
        good = [
            one
            for one in self.licences.values()
            if one.activity == activity
            and one.organisation == organisation
            and one.valid_from <= day <= one.valid_until
        ]
        return max(good, key=lambda one: (one.valid_until, one.id), default=None)

    def agreement(self, organisation: int, day: str) -> Agreement | None:
        """The agreement with another body that is good on an ISO day, the latest to expire; None: there is none."""
        good = [
            one
            for one in self.agreements.values()
            if one.organisation == organisation and one.valid_from <= day <= one.valid_until
        ]
        return max(good, key=lambda one: (one.valid_until, one.id), default=None)

    def _hand_over(self, receiver: int, places: Iterable[int], at: Instant) -> None:
        # The receiver signed the hand-over: that is the acceptance of the responsibility.
        for place in filter(self.places.__contains__, places):
            self.places[place] = replace(self.places[place], responsible=receiver)
            self.accepted[place] = (receiver, at)

    def stands_for(self, deputy: int, permission: str, at: Instant) -> frozenset[int]:
        """Persons in whose stead this one may use a permission at that instant."""
        return frozenset(
            one.giver
            for one in self.delegations.values()
            if one.deputy == deputy and permission in one.permissions and one.from_at <= at < one.until_at
        )

    def path(self, place: int | None) -> tuple[Place, ...]:
        """The place and what it stands in, innermost first; stops at an unknown or repeated place."""
        found: list[Place] = []
        while place is not None and place in self.places and self.places[place] not in found:
            found.append(self.places[place])
            place = found[-1].parent
        return tuple(found)

    def rating(self, place: int | None) -> str | None:
        """Level for which a place is rated: its own, else that of the nearest place around it (clause f.2)."""
        return next((p.rating for p in self.path(place) if p.rating is not None), None)

    def keeper(self, place: int | None) -> int | None:
        """Person who answers for what is kept in a place: its own responsible person, else the nearest around it."""
        return next((p.responsible for p in self.path(place) if p.responsible is not None), None)

    def in_care_of(self, person: int) -> tuple[Place, ...]:
        """Places that name this person as responsible, by code."""
        return tuple(sorted((p for p in self.places.values() if p.responsible == person), key=lambda p: p.code))

    def under(self, place: int) -> frozenset[int]:
        """The place and everything in it."""
        return frozenset(p for p in self.places if any(q.id == place for q in self.path(p)))

    def units_above(self, unit: int | None) -> frozenset[int]:
        """The unit and those it is part of; stops at an unknown or repeated unit."""
        found: set[int] = set()
        while unit is not None and unit in self.units and unit not in found:
            found.add(unit)
            unit = self.units[unit].parent
        return frozenset(found)

    def units_under(self, unit: int) -> frozenset[int]:
        """The unit and its sub-units."""
        found = {unit}
        while more := {u.id for u in self.units.values() if u.parent in found} - found:
            found |= more
        return frozenset(found)


@dataclass(slots=True)
class Register:
    """Everything that the entries say, at a ledger position."""

    carriers: dict[int, CarrierState] = field(default_factory=dict)
    directory: Directory = field(default_factory=Directory)
    matters: dict[int, Matter] = field(default_factory=dict)
    lines: dict[tuple[int, int], Line] = field(default_factory=dict)
    """By matter and carrier."""
    position: int = 0


def fold(entries: Iterable[Entry]) -> Register:
    """The register after these entries, which must be gapless from 1. Raises FoldBroken."""
    register = Register()
    for entry in entries:
        if entry.sequence != register.position + 1:
            raise FoldBroken(f"entry {register.position + 1} is not there; found {entry.sequence}")
        register.position = entry.sequence
        if isinstance(entry.fact, CarrierFact):
            register.carriers[entry.fact.carrier] = apply(register.carriers.get(entry.fact.carrier), entry)
        else:
            register.directory.record(entry)
        matter = matter_of(entry.fact)
        if matter is not None:
            key = (matter, getattr(entry.fact, "carrier", 0))
            register.matters[matter], line = apply_matter(register.matters.get(matter), register.lines.get(key), entry)
            if line is not None:
                register.lines[key] = line
    return register
