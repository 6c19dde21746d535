"""Long silences: lent and lost from hearing (clause c.5), and met by nobody and nothing for months (g.2). Pure.

Neither says "absent". Both are asked only where the place in which the tag was last heard has been listened to for at
least half of the time since: there, silence says that it is there no more, or that its tag answers no more. What lies
where nobody listens, or was never heard, is for sweeps to meet, and nothing is said of it.
"""

from dataclasses import dataclass
from typing import Any

from custody.values import DAY, SECOND, Instant
from reconcile.checks.cases import CarrierCase, Ending, Spot, Thresholds, Verdict
from reconcile.checks.verdicts import about_carrier, quiet_for

LAID_DOWN = 3_600 * SECOND
"""Heard in one place for so long within the loan: it was kept there, not carried through."""
LISTENED = 0.5
"""Part of the silence in which the place was listened to."""
UNMET = frozenset({"in_place", "on_loan", "in_circulation", "awaiting_destruction"})
"""Statuses in which a carrier is here, in a hand, or on its way to destruction, and to be met now and then."""


@dataclass(frozen=True, slots=True)
class Laid:
    """Where a tag was last heard: from when until when, and for how much of the time since somebody listened there."""

    place: Spot
    since_at: Instant
    until_at: Instant
    listened: int


@dataclass(frozen=True, slots=True)
class SilentCase:
    """A carrier whose tags have long been silent. `heard_at`: the last by any antenna; `act_at`: its last entry."""

    case: CarrierCase
    heard_at: Instant
    act_at: Instant
    laid: Laid | None

    @property
    def met_at(self) -> Instant:
        """When anybody or anything met it last: an antenna, a sweep, an act."""
        return max(self.heard_at, self.act_at, self.case.met_at or 0)


def _told_by_others(case: CarrierCase) -> bool:
    return case.removal_open or case.missing_open or case.by_eye or not case.tagged


def _listened(silent: SilentCase, now: Instant) -> bool:
    laid = silent.laid
    return laid is not None and laid.listened >= LISTENED * (now - silent.heard_at)


def _evidence(silent: SilentCase) -> dict[str, Any]:
    laid = silent.laid
    assert laid is not None
    return {
        "silence": {
            "place": laid.place.code,
            "since_at": laid.since_at,
            "heard_at": silent.heard_at,
            "listened_seconds": laid.listened // SECOND,
            "act_at": silent.act_at,
            "met_at": silent.case.met_at,
        }
    }


def lost_track(silent: SilentCase, now: Instant, limits: Thresholds) -> Verdict | None:
    """Lent, kept for a while within the loan in a place that is listened to, and heard nowhere for days (clause c.5).

    A borrower whose rooms no antenna hears is never complained of; one who takes it from a heard room to such a one is
    asked for it once, and shows it.
    """
    case, laid = silent.case, silent.laid
    books = case.books
    if books.status != "on_loan" or books.place is not None or laid is None or _told_by_others(case):
        return None
    if laid.until_at - max(laid.since_at, books.since_at) < LAID_DOWN or laid.place.kind == "portal":
        return None
    if now - silent.heard_at < limits.lost_track_after or not _listened(silent, now):
        return None
    if quiet_for("lost_track", case.settled_at.get("lost_track"), now):
        return None
    params = {"days": limits.lost_track_after // DAY, "place": laid.place.code}
    return about_carrier("lost_track", case, silent.heard_at, laid.place.id, params, **_evidence(silent))


def never_met(silent: SilentCase, now: Instant, limits: Thresholds) -> Verdict | None:
    """Here by the books, and no antenna, no sweep and no act has met it for months (clause g.2)."""
    case, laid = silent.case, silent.laid
    if case.books.status not in UNMET or laid is None or _told_by_others(case):
        return None
    if now - silent.met_at < limits.never_met_after or not _listened(silent, now):
        return None
    if quiet_for("never_met", case.settled_at.get("never_met"), now):
        return None
    params = {"days": limits.never_met_after // DAY, "place": laid.place.code}
    return about_carrier("never_met", case, silent.met_at, laid.place.id, params, **_evidence(silent))


def lost_track_ended(case: CarrierCase, happened_at: Instant) -> Ending | None:
    """Heard again, met in a sweep, given back, or lent anew."""
    if case.books.status != "on_loan":
        return Ending("status_changed", {"status": case.books.status})
    if case.books.since_at > happened_at:
        return Ending("given_back")
    return _met_again(case, happened_at)


def never_met_ended(case: CarrierCase, act_at: Instant, happened_at: Instant) -> Ending | None:
    """Heard, met in a sweep, or handled again; or no longer to be met here."""
    if case.books.status not in UNMET:
        return Ending("status_changed", {"status": case.books.status})
    return Ending("met_again") if act_at > happened_at else _met_again(case, happened_at)


def _met_again(case: CarrierCase, happened_at: Instant) -> Ending | None:
    if not case.tagged:
        return Ending("tag_retired")
    heard = case.radio is not None and case.radio.heard_at > happened_at
    return Ending("met_again") if heard or (case.met_at or 0) > happened_at else None
