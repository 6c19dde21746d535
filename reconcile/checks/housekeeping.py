"""What the house itself owes: sweeps, hand-overs, orders that balance, clocks that are right, books that hold. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from custody.access import Role
from custody.values import SECOND, Instant
from reconcile.checks.cases import Ending, MatterSays, Spot, Thresholds, Verdict
from reconcile.checks.kinds import KINDS
from reconcile.checks.verdicts import matter_says, quiet_for, rule


def _evidence(kind: str, params: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"clause": KINDS[kind].clause, "rule": rule(kind, params), "books": None, "radio": None, **more}


# Sweeps.


@dataclass(frozen=True, slots=True)
class SweepCase:
    """A place that is swept as a whole. `due_at`: by when again; `last`: number of its last signed sweep, if any."""

    place: Spot
    due_at: Instant
    last: str = ""
    last_at: Instant | None = None
    keeper: int | None = None
    settled_at: Instant | None = None

    @property
    def about(self) -> str:
        """The subject of its finding."""
        return f"place:{self.place.id}"


def sweep_due(case: SweepCase, now: Instant, _limits: Thresholds) -> Verdict | None:
    """Not swept as a whole within the days of its rating and kind, since its last signed sweep."""
    if case.due_at >= now or quiet_for("sweep_due", case.settled_at, now):
        return None
    params = {"place": case.place.code, "due_at": case.due_at, "round": case.last}
    code = "sweep_due_place" if case.last else "sweep_never"
    evidence = _evidence("sweep_due", params, sweep={"last": case.last, "at": case.last_at})
    return Verdict(
        kind="sweep_due",
        about=case.about,
        happened_at=case.due_at,
        evidence=evidence | {"rule": rule(code, params)},
        place=case.place.id,
    )


def sweep_ended(case: SweepCase | None, now: Instant) -> Ending | None:
    """Swept, or not to be swept any more, or later."""
    if case is None:
        return Ending("due_day_changed")
    return None if case.due_at < now else Ending("swept", {"round": case.last})


# Hand-over: a keeper or holder who may be one no longer.


@dataclass(frozen=True, slots=True)
class KeeperCase:
    """A person with places in care or carriers in hand. `until_at`: when the post or the clearance ended; None: not."""

    person: int
    unit: int | None
    until_at: Instant | None
    why: str = ""
    """`left`, `not_cleared`."""
    settled_at: Instant | None = None

    @property
    def about(self) -> str:
        """The subject of its finding."""
        return f"person:{self.person}@hand_over"


def hand_over_due(case: KeeperCase, now: Instant, _limits: Thresholds) -> Verdict | None:
    """Gone, or cleared no more, and still a keeper of places or a holder of carriers (clause f.1)."""
    if case.until_at is None or case.until_at >= now or quiet_for("hand_over_due", case.settled_at, now):
        return None
    params = {"person": case.person, "until_at": case.until_at}
    evidence = _evidence("hand_over_due", params, why=case.why)
    return Verdict(
        kind="hand_over_due",
        about=case.about,
        happened_at=case.until_at,
        evidence=evidence | {"rule": rule(f"hand_over_{case.why}", params)},
        person=case.person,
        unit=case.unit,
    )


def hand_over_ended(case: KeeperCase | None, now: Instant) -> Ending | None:
    """Nothing is left in that care or hand, or the person may keep it again."""
    return None if case is not None and case.until_at is not None and case.until_at < now else Ending("handed_over")


# Orders.


@dataclass(frozen=True, slots=True)
class OrderCase:
    """A production order and its labels.

    `room`: copies approved and neither spoiled nor cancelled; `registered`: copies in the register; `bound`: carriers
    that bear a label of the order; `loose`: labels that no carrier bears and that have been heard, with when last.
    """

    matter: MatterSays
    unit: int
    rank: int
    room: int
    registered: int
    bound: int
    loose: Mapping[str, Instant] = field(default_factory=dict)
    settled_at: Instant | None = None

    @property
    def about(self) -> str:
        """The subject of its finding."""
        return f"order:{self.matter.id}"

    @property
    def made(self) -> int:
        """Copies that there are, as far as registers and readers know."""
        return max(self.registered, self.bound) + len(self.loose)


def production_excess(case: OrderCase, now: Instant, _limits: Thresholds) -> Verdict | None:
    """More copies than approved: those registered, and labels of the order heard on something else (clause a.4)."""
    if case.made <= case.room or quiet_for("production_excess", case.settled_at, now):
        return None
    params = {"matter": case.matter.number, "approved": case.room, "made": case.made, "loose": len(case.loose)}
    return Verdict(
        kind="production_excess",
        about=case.about,
        happened_at=max(case.loose.values(), default=now),
        evidence={
            **_evidence("production_excess", params),
            **matter_says(case.matter),
            "labels": sorted(case.loose),
        },
        unit=case.unit,
        rank=case.rank,
        matter=case.matter.id,
    )


def excess_ended(case: OrderCase | None) -> Ending | None:
    """The labels were returned, bound to copies of the order, or written off: it balances."""
    return None if case is not None and case.made > case.room else Ending("accounted_for")


# Clocks.


@dataclass(frozen=True, slots=True)
class ClockCase:
    """A reader in use, by how much its clock differs from the server's (microseconds), and as of when."""

    reader: str
    offset: int
    told_at: Instant
    at_portal: bool = False
    settled_at: Instant | None = None

    @property
    def about(self) -> str:
        """The subject of its finding."""
        return f"clock:{self.reader}"

    def allowed(self, limits: Thresholds) -> int:
        """By how much it may differ: at a portal, where a beam is held against it, by less."""
        return limits.portal_clock_max if self.at_portal else limits.reader_clock_max


def reader_clock_wrong(case: ClockCase, now: Instant, limits: Thresholds) -> Verdict | None:
    """Its clock is off by more than readings can bear: their order among readers is not what it seems."""
    allowed = case.allowed(limits)
    if abs(case.offset) <= allowed or quiet_for("reader_clock_wrong", case.settled_at, now):
        return None
    milliseconds = SECOND // 1_000
    params = {
        "reader": case.reader,
        "offset_ms": abs(case.offset) // milliseconds,
        "allowed_ms": allowed // milliseconds,
    }
    evidence = _evidence("reader_clock_wrong", params)
    evidence["radio"] = {
        "reader": case.reader,
        "offset_ms": case.offset // milliseconds,
        "told_at": case.told_at,
        "at_portal": case.at_portal,
    }
    return Verdict(
        kind="reader_clock_wrong",
        about=case.about,
        happened_at=case.told_at,
        evidence=evidence,
        reader=case.reader,
    )


def clock_ended(case: ClockCase | None, limits: Thresholds) -> Ending | None:
    """It is right again, or its reader is in use no more."""
    if case is None:
        return Ending("reader_not_in_use")
    return Ending("clock_right") if abs(case.offset) <= case.allowed(limits) else None


# The books.


@dataclass(frozen=True, slots=True)
class BooksCase:
    """The last whole check of the books, of which nothing is told yet."""

    check: int
    ended_at: Instant
    size: int
    differences: int
    by: int = 0


def ledger_check_failed(case: BooksCase, _now: Instant, _limits: Thresholds) -> Verdict | None:
    """The whole check of the books found what differs from the ledger, or a seal that does not hold."""
    if case.differences == 0:
        return None
    params = {"check": case.check, "differences": case.differences, "size": case.size}
    return Verdict(
        kind="ledger_check_failed",
        about=f"check:{case.check}",
        happened_at=case.ended_at,
        evidence=_evidence("ledger_check_failed", params),
        roles=(Role.SECRECY_OFFICE,),
    )
