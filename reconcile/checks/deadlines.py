"""Deadlines of one carrier: its loan, how long it has been in one hand, its archiving, its period. No radio in them.

A deadline is a day in the organisation's time zone, or an instant; it has passed when it lies before the present.
"""

from collections.abc import Callable, Mapping

from custody.values import DAY, Instant
from reconcile.checks.cases import IN_HAND, KEPT, CarrierCase, Ending, Thresholds, Verdict
from reconcile.checks.verdicts import about_carrier, quiet_for


def overdue_loan(case: CarrierCase, now: Instant, _limits: Thresholds) -> Verdict | None:
    """On loan past its due day (clause c.5)."""
    due = case.books.due_at
    if case.books.status != "on_loan" or due is None or due >= now:
        return None
    if quiet_for("overdue_loan", case.settled_at.get("overdue_loan"), now):
        return None
    return about_carrier("overdue_loan", case, due, case.books.home, {"due_at": due})


def in_hand_since(case: CarrierCase) -> Instant | None:
    """Since when the person who has it has had it; None where nobody has. A renewal begins nothing anew."""
    if case.books.holder is None or case.books.status not in IN_HAND:
        return None
    if case.books.status == "in_circulation" and case.matter is not None and case.matter.line == "with_reader":
        return case.matter.at
    return case.books.since_at


def held_too_long(case: CarrierCase, now: Instant, limits: Thresholds) -> Verdict | None:
    """A state secret longer in one hand than anybody may keep one (clause f.1)."""
    since = in_hand_since(case)
    if since is None or case.books.rank == 0 or now - since <= limits.holding_max:
        return None
    if quiet_for("held_too_long", case.settled_at.get("held_too_long"), now):
        return None
    params = {"days": limits.holding_max // DAY, "since_at": since}
    return about_carrier("held_too_long", case, since + limits.holding_max, case.books.home, params)


def archiving_due(case: CarrierCase, now: Instant, limits: Thresholds) -> Verdict | None:
    """Still here after the day by which it was to be transferred to the archives (clause f.3)."""
    wanted = case.books.archive_by
    if not wanted or wanted >= limits.day(now) or case.books.status not in KEPT:
        return None
    if quiet_for("archiving_due", case.settled_at.get("archiving_due"), now):
        return None
    return about_carrier("archiving_due", case, limits.end_of(wanted), case.books.home, {"day": wanted})


def review_due(case: CarrierCase, now: Instant, limits: Thresholds) -> Verdict | None:
    """Its period is over, and nobody decided whether it is a secret still."""
    until = case.books.secret_until
    if not until or until >= limits.day(now) or case.books.status not in KEPT or case.books.rank == 0:
        return None
    if quiet_for("review_due", case.settled_at.get("review_due"), now):
        return None
    return about_carrier("review_due", case, limits.end_of(until), case.books.home, {"day": until})


DEADLINE_CHECKS: Mapping[str, Callable[[CarrierCase, Instant, Thresholds], Verdict | None]] = {
    "overdue_loan": overdue_loan,
    "held_too_long": held_too_long,
    "archiving_due": archiving_due,
    "review_due": review_due,
}
"""Checks of one carrier's deadlines, by kind."""


def _gone(case: CarrierCase, statuses: frozenset[str]) -> Ending | None:
    if case.books.status not in statuses:
        return Ending("status_changed", {"status": case.books.status})
    return None


def overdue_ended(case: CarrierCase, now: Instant, _limits: Thresholds) -> Ending | None:
    """Returned, or a later due day agreed."""
    if ending := _gone(case, frozenset({"on_loan"})):
        return ending
    if case.books.due_at is None or case.books.due_at >= now:
        return Ending("due_day_changed")
    return None


def held_ended(case: CarrierCase, now: Instant, limits: Thresholds) -> Ending | None:
    """Given back, or in another hand."""
    if ending := _gone(case, IN_HAND):
        return ending
    since = in_hand_since(case)
    return Ending("given_back") if since is None or now - since <= limits.holding_max else None


def archiving_ended(case: CarrierCase, now: Instant, limits: Thresholds) -> Ending | None:
    """Transferred, or otherwise gone; or to be transferred later."""
    if ending := _gone(case, KEPT):
        return ending
    later = not case.books.archive_by or case.books.archive_by >= limits.day(now)
    return Ending("due_day_changed") if later else None


def review_ended(case: CarrierCase, now: Instant, limits: Thresholds) -> Ending | None:
    """Declassified, or otherwise gone; or its period is another now."""
    if ending := _gone(case, KEPT):
        return ending
    later = not case.books.secret_until or case.books.secret_until >= limits.day(now)
    return Ending("period_changed") if later else None


DEADLINE_ENDINGS: Mapping[str, Callable[[CarrierCase, Instant, Thresholds], Ending | None]] = {
    "overdue_loan": overdue_ended,
    "held_too_long": held_ended,
    "archiving_due": archiving_ended,
    "review_due": review_ended,
}
"""When a deadline no longer stands passed, by kind."""
