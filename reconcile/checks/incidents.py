"""What happened and should not have: a folder passed from reader to reader, a destroyed carrier's tag heard again.

Both are events: a person closes them, whatever happens after.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from custody.values import SECOND, Instant
from reconcile.checks.cases import BooksSay, CarrierCase, MatterSays, Spot, Thresholds, Verdict
from reconcile.checks.kinds import KINDS
from reconcile.checks.verdicts import about_carrier, books_say, matter_says, rule


@dataclass(frozen=True, slots=True)
class LegCase:
    """A leg of a circulation that ended: who had it, and who brought it back to the registry."""

    carrier: int
    books: BooksSay
    matter: MatterSays
    reader: int | None
    """None where the books do not say who had it."""
    brought_by: int
    started_at: Instant | None
    ended_at: Instant
    sequence: int


def direct_pass(case: LegCase) -> Verdict | None:
    """Another than the reader brought it back: it went from hand to hand past the registry (clause c.3)."""
    if case.reader is None or case.reader == case.brought_by:
        return None
    params = {"reader": case.reader, "brought_by": case.brought_by, "matter": case.matter.number}
    # The books as they stood while the leg lasted.
    books = {**books_say(case.books), "holder": case.reader, "status": "in_circulation"}
    books["since_at"] = case.started_at
    evidence = {
        "clause": KINDS["direct_pass"].clause,
        "rule": rule("direct_pass", params),
        **matter_says(case.matter),
        "leg": {
            "reader": case.reader,
            "brought_by": case.brought_by,
            "started_at": case.started_at,
            "ended_at": case.ended_at,
            "entry": case.sequence,
        },
        "books": books,
        "radio": None,
    }
    return Verdict(
        kind="direct_pass",
        about=f"carrier:{case.carrier}@{case.sequence}",
        happened_at=case.ended_at,
        evidence=evidence,
        carrier=case.carrier,
        place=case.books.home,
        person=case.reader,
        unit=case.books.unit,
        rank=case.books.rank,
        matter=case.matter.id,
    )


@dataclass(frozen=True, slots=True)
class HeardAtCase:
    """A carrier that one reader of a circulation has, and that is believed in a place which another of them keeps.

    `keeper`: who answers for that place; `readers`: to whom the folder goes.
    """

    case: CarrierCase
    keeper: int
    readers: tuple[int, ...]


def passed_on(heard: HeardAtCase, now: Instant, limits: Thresholds) -> Verdict | None:
    """One reader has it on the books, and it lies for a while in the room of another (clause c.3).

    Not who sat together for a moment; not a room that no reader of this circulation keeps.
    """
    case, matter, radio = heard.case, heard.case.matter, heard.case.radio
    if matter is None or matter.kind != "circulation" or matter.line != "with_reader" or radio is None:
        return None
    reader = case.books.holder
    if reader is None or reader == heard.keeper or heard.keeper not in heard.readers:
        return None
    if radio.place is None or radio.since_at is None or radio.strength != "confirmed":
        return None
    since = max(radio.since_at, matter.at)
    if (radio.here_at or radio.heard_at) - since < limits.passed_on_after:
        return None
    params = {
        "reader": reader,
        "keeper": heard.keeper,
        "matter": matter.number,
        "place": radio.place.code,
        "after_seconds": limits.passed_on_after // SECOND,
    }
    leg = {"reader": reader, "keeper": heard.keeper, "started_at": matter.at}
    verdict = about_carrier("direct_pass", case, since, radio.place.id, params, code="passed_on", leg=leg)
    return replace(verdict, about=about_leg(case.carrier, matter.at))


def about_leg(carrier: int, started_at: Instant) -> str:
    """What a finding of reads against a leg is about: told once a leg, whatever a person concludes of it."""
    return f"carrier:{carrier}@leg:{started_at}"


@dataclass(frozen=True, slots=True)
class GhostCase:
    """A tag of a destroyed carrier that was heard again.

    `reads`, `first_at`: of what was heard later than the destruction and its grace, and later than a person settled
    the last such finding. `persons`: who stands for the destruction, by part (`signer`, `destroyer`, `supervisor`,
    `approver`, …).
    """

    epc: str
    carrier: int
    books: BooksSay
    destroyed_at: Instant
    act: str
    matter: MatterSays | None
    persons: Mapping[str, tuple[int, ...]]
    reads: int
    first_at: Instant
    heard_at: Instant
    place: Spot | None = None
    strength: str = ""
    reader: str = ""
    antenna: int = 0
    strongest_dbm: float | None = None


def ghost_read(case: GhostCase, _now: Instant, limits: Thresholds) -> Verdict | None:
    """A destroyed carrier's tag was read again: the finding names all who signed for its destruction (clause g.8)."""
    if case.reads < limits.unknown_reads_min:
        return None
    evidence = {
        "clause": KINDS["ghost_read"].clause,
        "rule": rule("ghost_read", {"act": case.act, "destroyed_at": case.destroyed_at}),
        **matter_says(case.matter),
        "books": books_say(case.books),
        "signatories": {part: list(persons) for part, persons in sorted(case.persons.items())},
        "radio": {
            "epc": case.epc,
            "place": case.place.code if case.place else None,
            "strength": case.strength,
            "since_at": case.first_at,
            "heard_at": case.heard_at,
            "reader": case.reader,
            "antenna": case.antenna,
            "reads": case.reads,
            "strongest_dbm": case.strongest_dbm,
        },
    }
    return Verdict(
        kind="ghost_read",
        about=f"epc:{case.epc}",
        happened_at=case.first_at,
        evidence=evidence,
        carrier=case.carrier,
        epc=case.epc,
        reader=case.reader or None,
        place=case.place.id if case.place else None,
        unit=case.books.unit,
        rank=case.books.rank,
        matter=case.matter.id if case.matter else None,
    )
