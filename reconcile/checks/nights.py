"""Left out overnight: a state secret heard where nothing is locked, while the house is closed (clause f.1). Pure.

What is told is one night of one carrier; a person closes it, whatever happens in the morning. It takes for granted
that nobody works with state secrets between `closing_hour` and `opening_hour`; where somebody does, the hours are
set otherwise.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta

from custody.clock import day, instant, moment
from custody.values import SECOND, Instant
from reconcile.checks.cases import CarrierCase, Thresholds, Verdict
from reconcile.checks.verdicts import about_carrier, believed, coverage_says

KIND = "left_out_overnight"
LOCKED_IN = frozenset({"in_place", "on_loan", "in_circulation"})
"""Statuses in which it is locked in at night; a meeting's papers are counted, what travels is guarded."""
GRACE = 1_800 * SECOND
"""After opening, a night is judged for so long: its last readings may come late."""


@dataclass(frozen=True, slots=True)
class Night:
    """From when until when the house was closed."""

    begins_at: Instant
    ends_at: Instant


def night_of(now: Instant, limits: Thresholds) -> Night | None:
    """The night that it is, or that has just ended; None by day, and where the house never closes."""
    if limits.closing_hour == limits.opening_hour:
        return None
    here = moment(now, limits.timezone)
    for back in (0, 1):
        on = here - timedelta(days=back)
        begins = on.replace(hour=limits.closing_hour, minute=0, second=0, microsecond=0)
        ends = begins.replace(hour=limits.opening_hour)
        if ends <= begins:
            ends = ends + timedelta(days=1)
        night = Night(instant(begins), instant(ends))
        if night.begins_at <= now < night.ends_at + GRACE:
            return night
    return None


def left_out_overnight(
    case: CarrierCase, night: Night, lockable: Collection[int], limits: Thresholds
) -> Verdict | None:
    """Confirmed for long enough within the night at a place that is no store (clause f.1).

    `lockable`: places within which something stands that can be locked and has no antenna of its own: what is heard
    there may be locked in, so nothing is said. Internal carriers are no state secrets.
    """
    found = believed(case)
    if found is None or case.books.rank == 0 or case.books.status not in LOCKED_IN:
        return None
    radio, place = found
    if radio.strength != "confirmed" or place.storage or place.kind in ("portal", "site") or place.id in lockable:
        return None
    if case.radio_is_outside or case.removal_open:
        return None
    since = max(radio.since_at or night.begins_at, night.begins_at)
    until = min(radio.here_at or radio.heard_at, night.ends_at)
    if until - since < limits.left_out_after:
        return None
    on = day(night.begins_at, limits.timezone)
    params = {
        "place": place.code,
        "day": on,
        "closed_at": night.begins_at,
        "opened_at": night.ends_at,
        "after_seconds": limits.left_out_after // SECOND,
    }
    verdict = about_carrier(KIND, case, since, place.id, params, coverage=coverage_says(case.radio_cover))
    return replace(verdict, about=f"{case.about}@{on}")
