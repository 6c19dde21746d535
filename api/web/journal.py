"""The latest acts on carriers, a line each: what was done, to how many, from where or whom to where or whom.

What the house does by itself (seals, checkpoints, its directory) stands in the ledger and not here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from api.store import Connection
from api.web.visit import Visit
from custody.entries import (
    Borrowed,
    CarrierFact,
    Entry,
    Fact,
    FindingSettled,
    Moved,
    ReportedFound,
    Returned,
    RoundSigned,
    Shelved,
)
from custody.life_cycle import TRANSITIONS
from custody.register import Directory
from custody.store import queries
from custody.store.queries import CarrierItem
from custody.store.queries.journal import entry_before
from custody.values import Instant

ENTRIES_READ, JOURNAL_MAX = 300, 8
COLOURS: Mapping[str, str] = {
    **dict.fromkeys(("returned", "reported_found", "shelved", "taken_back", "brought_back", "deposited"), "j-in"),
    **dict.fromkeys(("borrowed", "handed_out", "carried_out", "dispatched", "provided", "leg_started"), "j-out"),
    **dict.fromkeys(("moved", "corrected", "tag_bound", "tag_retired", "renewed"), "j-fix"),
    **dict.fromkeys(("reported_missing", "destroyed", "transferred", "returned_to_issuer"), "j-end"),
    **dict.fromkeys(("round_signed", "imported", "received", "produced", "copied"), "j-new"),
}
HOUSED = (Borrowed.kind, Returned.kind, Shelved.kind, Moved.kind, ReportedFound.kind)
"""Kinds after which one knows where a carrier is, or with whom."""


@dataclass(frozen=True, slots=True)
class Noted:
    """An act in the journal. `whence` and `to`: a place's code, a person's name, or empty."""

    at: Instant
    act: str
    kind: str
    colour: str
    carrier: CarrierItem | None
    number: int
    cut: bool
    """There are more of them than were read."""
    whence: str
    to: str


def journal(connection: Connection, visit: Visit, directory: Directory) -> tuple[Noted, ...]:
    """The latest acts on carriers, the newest first."""
    entries = queries.latest_entries(connection, visit.subject, ENTRIES_READ, of_carriers=True)
    acts: dict[str, list[Entry]] = {}
    for entry in entries:
        acts.setdefault(entry.act, []).append(entry)
    # That a carrier was put on the list of a matter is no act on it yet.
    done = [group for group in acts.values() if not group[-1].fact.kind.endswith("_listed")]
    latest = done[:JOURNAL_MAX]
    about = [group[-1].fact.carrier for group in latest if isinstance(group[-1].fact, CarrierFact)]
    carriers = queries.carriers_by_id(connection, visit.subject, about)
    found = []
    for group in latest:
        first = group[-1]
        carrier = carriers.get(first.fact.carrier) if isinstance(first.fact, CarrierFact) else None
        times = sum(1 for entry in group if entry.fact.kind == first.fact.kind)
        found.append(
            Noted(
                first.happened_at,
                first.act,
                first.fact.kind,
                COLOURS.get(first.fact.kind, ""),
                carrier,
                times,
                len(entries) == ENTRIES_READ and group[-1] is entries[-1],
                _whence(connection, visit, directory, first),
                whither(visit, directory, first.fact) or _state(visit, first.fact),
            )
        )
    return tuple(found)


def _whence(connection: Connection, visit: Visit, directory: Directory, entry: Entry) -> str:
    """Where the carrier was before, or with whom; of what has just come into the books nothing."""
    if not isinstance(entry.fact, CarrierFact) or not _moves(entry.fact):
        return ""
    before = entry_before(connection, visit.subject, entry.fact.carrier, entry.sequence, HOUSED)
    return "" if before is None else whither(visit, directory, before.fact)


def _moves(fact: Fact) -> bool:
    """Whether it brings a carrier elsewhere: to a place, or out of the state that it was in."""
    row = TRANSITIONS.get(type(fact), {}) if isinstance(fact, CarrierFact) else {}
    return fact.kind in HOUSED or any(before is not after for before, after in row.items() if before is not None)


def _state(visit: Visit, fact: Fact) -> str:
    """What the carrier is afterwards, where that is one thing and another than before."""
    row = TRANSITIONS.get(type(fact), {}) if isinstance(fact, CarrierFact) else {}
    found = {after for before, after in row.items() if before is not after}
    return visit.t(f"status.{found.pop().value}") if len(found) == 1 and None not in row else ""


def whither(visit: Visit, directory: Directory, fact: Fact) -> str:
    """Where a fact brought its carrier, or what else it is about; numbers and codes, never a title."""
    match fact:
        case Borrowed(holder=holder):
            person = directory.persons.get(holder)
            if person is None:
                return ""
            return person.name_en if visit.language == "en" and person.name_en else person.name
        case Shelved(place=place) | Moved(place=place) | Returned(place=place) | ReportedFound(place=place):
            found = directory.places.get(place)
            return found.code if found else ""
        case FindingSettled(finding=number) | RoundSigned(round=number):
            return number
        case _:
            return ""
