"""Matters of destruction: one batch, from the request to the certificate.

A batch is a draft while it is listed, then asked and approved (`custody.approval`, route `destruction`), then set
apart: sealed and checked. A deviation stops it until it is settled. On site it is destroyed from there; otherwise
it is handed over, received and certified by the designated unit.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from custody.entries import Entry, Fact
from custody.entries.destruction import (
    CalledOff,
    CertifiedByCentre,
    Checked,
    Destroyed,
    DestructionCarriedOut,
    DestructionListed,
    DestructionOpened,
    DeviationReported,
    DeviationSettled,
    GoneToCentre,
    HandedToCentre,
    ReceivedByCentre,
    Sealed,
    SetApart,
    TakenOff,
    WeighedIn,
)
from custody.matters.model import SAME, Line, Matter, MatterKind
from custody.values import Instant

KEY = "destruction"
DEVIATIONS = ("seal", "missing", "extra", "damaged", "other")
"""What may be found wrong: another or a broken seal, an item missing, one too many, a bag damaged."""


@dataclass(frozen=True, slots=True)
class Bag:
    """A bag with its seal, closed at an instant in one act."""

    number: str
    seal: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Deviation:
    """What was found wrong, by whom; `settled_by` None while it is open."""

    what: str
    bag: str
    circumstances: str
    by: int
    at: Instant
    settled_by: int | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class HandOver:
    """The way to the designated unit, and its receipt (clause g.7)."""

    centre: str
    vehicle: str
    driver: str
    escorts: tuple[int, ...]
    items: int
    at: Instant
    weight_kg: int | None = None
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Who destroyed and who watched."""

    destroyer: int
    supervisors: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Weighing:
    """The last read, which equals the list; gone as soon as anything about the list or the bags changes."""

    items: int
    list_hash: str
    by_eye: tuple[int, ...]
    supervisors: tuple[int, ...]
    place: int | None
    first_at: Instant
    last_at: Instant
    by: int
    act: str


def list_hash(carriers: Iterable[int]) -> str:
    """SHA-256, hexadecimal, of a list of carriers in the order of their identifiers, one a line."""
    return hashlib.sha256("".join(f"{one}\n" for one in sorted(set(carriers))).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Destruction:
    """What a batch of destruction knows besides the head of every matter."""

    disposal: str
    reason: str
    appraisal: str = ""
    centre: str = ""
    listers: tuple[int, ...] = ()
    """Who put carriers on the list: none of them approves it."""
    bags: tuple[Bag, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    hand_over: HandOver | None = None
    witnesses: Witnesses | None = None
    certificate: str = ""
    """Number of the act that closed it, or of the centre's own certificate."""
    place: int | None = None
    destroyed_at: Instant | None = None
    weighing: Weighing | None = None

    def bag(self, number: str) -> Bag | None:
        """The bag of this number."""
        return next((bag for bag in self.bags if bag.number == number), None)

    @property
    def open_deviation(self) -> Deviation | None:
        """The deviation for which the batch stands still."""
        return self.deviations[-1] if self.deviations and self.deviations[-1].settled_by is None else None


def method_of(line: Line) -> str:
    """By which method the line's carrier is to be destroyed, as listed and approved."""
    return line.label.partition("/")[0]


def bag_of(line: Line) -> str:
    """The bag in which the line's carrier is; empty before it was sealed."""
    return line.label.partition("/")[2]


_STIRRING = (DestructionListed, SetApart, Sealed, Checked, TakenOff, DeviationReported)
"""After any of these what was weighed in is no longer what lies there."""


def _weighed(fact: WeighedIn, entry: Entry) -> Weighing:
    return Weighing(
        *(fact.items, fact.list_hash, fact.by_eye, fact.supervisors, fact.place),
        *(fact.first_at, fact.last_at, entry.by, entry.act),
    )


def _body(body: Any, fact: Fact, entry: Entry) -> Destruction:
    if isinstance(fact, DestructionOpened):
        return Destruction(fact.disposal, fact.reason, fact.appraisal, fact.centre)
    was: Destruction = body
    if isinstance(fact, WeighedIn):
        return replace(was, weighing=_weighed(fact, entry))
    return _told(replace(was, weighing=None) if isinstance(fact, _STIRRING) else was, fact, entry)


def _told(was: Destruction, fact: Fact, entry: Entry) -> Destruction:
    match fact:
        case DestructionListed() if entry.by not in was.listers:
            return replace(was, listers=(*was.listers, entry.by))
        case Sealed(bag=bag, seal=seal) if was.bag(bag) is None:
            return replace(was, bags=(*was.bags, Bag(bag, seal, entry.happened_at)))
        case Destroyed(destroyer=destroyer, supervisors=supervisors) if was.witnesses is None:
            return replace(was, witnesses=Witnesses(destroyer, supervisors))
        case DeviationReported(what=what, bag=bag, circumstances=words):
            found = Deviation(what, bag, words, entry.by, entry.happened_at)
            return replace(was, deviations=(*was.deviations, found))
        case DeviationSettled(outcome=outcome) if was.deviations:
            settled = replace(was.deviations[-1], settled_by=entry.by, outcome=outcome)
            return replace(was, deviations=(*was.deviations[:-1], settled))
        case DestructionCarriedOut(place=place):
            return replace(was, certificate=entry.act, place=place, destroyed_at=entry.happened_at)
        case CertifiedByCentre(certificate=certificate):
            return replace(was, certificate=certificate, destroyed_at=entry.happened_at)
        case HandedToCentre():
            given = HandOver(
                fact.centre,
                fact.vehicle,
                fact.driver,
                fact.escorts,
                fact.items,
                entry.happened_at,
                fact.weight_kg,
            )
            return replace(was, hand_over=given)
        case ReceivedByCentre(receipt=receipt) if was.hand_over is not None:
            return replace(was, hand_over=replace(was.hand_over, receipt=receipt))
        case _:
            return was


def _line(line: Line | None, fact: Fact, _entry: Entry) -> Line | None:
    assert line is not None  # the engine gives a new line to start from
    match fact:
        case DestructionListed(method=method):
            return replace(line, label=method)
        case Sealed(bag=bag):
            return replace(line, label=f"{method_of(line)}/{bag}")
        case _:
            return line


def _parties(matter: Matter) -> Iterable[tuple[int, str]]:
    body: Destruction = matter.body
    for person in body.listers:
        yield person, "lister"
    for person in body.hand_over.escorts if body.hand_over else ():
        yield person, "escort"
    for person in body.weighing.supervisors if body.weighing else ():
        yield person, "supervisor"
    if body.witnesses is not None:
        yield body.witnesses.destroyer, "destroyer"
        for person in body.witnesses.supervisors:
            yield person, "supervisor"


def _listers(matter: Matter) -> Iterable[int]:
    body: Destruction = matter.body
    return body.listers


DESTRUCTION = MatterKind(
    key=KEY,
    opened=DestructionOpened,
    body_type=Destruction,
    transitions={
        DestructionOpened: {None: "draft"},
        DestructionListed: {"draft": "draft"},
        TakenOff: dict.fromkeys(("draft", "asked", "approved", "set_apart", "stopped", "short", "destroying"), SAME),
        # Whether it is approved is asked by a rule, which quotes its clause (g.1).
        SetApart: {"draft": "set_apart", "asked": "set_apart", "approved": "set_apart", "set_apart": "set_apart"},
        Sealed: {"set_apart": "set_apart"},
        Checked: {"set_apart": "set_apart"},
        # At the shredder or in the bags; and once more at the centre, where something was taken off on the way.
        WeighedIn: {"set_apart": SAME, "received": SAME},
        DeviationReported: {"set_apart": "stopped", "handed_over": "short", "received": "short"},
        DeviationSettled: {"stopped": "set_apart", "short": "handed_over"},
        CalledOff: {"set_apart": "called_off", "handed_over": "called_off"},
        HandedToCentre: {"set_apart": "handed_over"},
        GoneToCentre: {"handed_over": "handed_over"},
        ReceivedByCentre: {"handed_over": "received"},
        Destroyed: {"set_apart": "destroying", "received": "destroying", "destroying": "destroying"},
        DestructionCarriedOut: {"set_apart": "destroyed", "destroying": "destroyed"},
        CertifiedByCentre: {"received": "destroyed", "destroying": "destroyed"},
    },
    body=_body,
    lines={
        DestructionListed: {None: "listed", "taken_off": "listed"},
        SetApart: {"listed": "set_apart"},
        # Put in another bag after a deviation, it is checked again.
        Sealed: {"set_apart": "sealed", "sealed": "sealed", "checked": "sealed"},
        Checked: {"sealed": "checked"},
        GoneToCentre: {"checked": "handed_over"},
        Destroyed: {"checked": "destroyed", "handed_over": "destroyed"},
        TakenOff: dict.fromkeys(("listed", "set_apart", "sealed", "checked", "handed_over"), "taken_off"),
    },
    line=_line,
    ends=frozenset({"destroyed", "called_off"}),
    binds=True,
    route="destruction",
    lists_first=True,
    parties=_parties,
    apart=_listers,
)
KINDS: tuple[MatterKind, ...] = (DESTRUCTION,)
"""Every kind of matter of this letter."""

OPEN_LINES = ("listed", "set_apart", "sealed", "checked", "handed_over")
"""States of a line that is neither destroyed nor taken off."""
WEIGHED = ("checked", "handed_over")
"""States of a line whose carrier is to be weighed in."""
UNCHECKED = ("listed", "set_apart", "sealed")
"""States of a line whose carrier was not yet compared with the list."""
