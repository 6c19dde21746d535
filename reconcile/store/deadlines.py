"""Whose deadline has passed: SQL selects by the deadline's own index, and only what no finding tells already.

Beside each selection stands its reverse: open findings whose carrier has changed, so that of very many only those
are looked at again.
"""

from collections.abc import Callable, Collection, Mapping

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select, text, true

from custody.store.schema import CARRIER
from custody.values import SECOND, Instant
from reconcile.checks import KINDS, Thresholds
from reconcile.checks.cases import IN_HAND, KEPT
from reconcile.store.core import FINDING, Connection
from reconcile.store.differing import told_open

_Condition = Callable[[Instant, Thresholds], ColumnElement[bool]]

_HAS_ARCHIVE_BY = text("carrier.archive_by <> ''")
_HAS_SECRET_UNTIL = text("carrier.secret_until <> ''")
"""The very words of the partial indexes' conditions: a bound value would not tell SQLite that they serve."""


def _loan(now: Instant, _limits: Thresholds) -> ColumnElement[bool]:
    return and_(CARRIER.c.due_at < now, CARRIER.c.status == "on_loan")


def _held(now: Instant, limits: Thresholds) -> ColumnElement[bool]:
    return and_(
        CARRIER.c.holder.is_not(None),
        CARRIER.c.since_at < now - limits.holding_max,
        CARRIER.c.status.in_(sorted(IN_HAND)),
        CARRIER.c.rank > 0,
    )


def _kept() -> ColumnElement[bool]:
    return CARRIER.c.status.in_(sorted(KEPT))


def _archiving(now: Instant, limits: Thresholds) -> ColumnElement[bool]:
    return and_(_HAS_ARCHIVE_BY, CARRIER.c.archive_by < limits.day(now), _kept())


def _review(now: Instant, limits: Thresholds) -> ColumnElement[bool]:
    return and_(_HAS_SECRET_UNTIL, CARRIER.c.secret_until < limits.day(now), _kept(), CARRIER.c.rank > 0)


_PASSED: Mapping[str, _Condition] = {
    "overdue_loan": _loan,
    "held_too_long": _held,
    "archiving_due": _archiving,
    "review_due": _review,
}
"""By kind: the deadline has passed (asked of `carrier`)."""


def passed(connection: Connection, kinds: Collection[str], now: Instant, limits: Thresholds) -> dict[str, set[int]]:
    """Per kind the carriers that its check should judge: not told by an open finding, nor settled a moment ago."""
    return {kind: set(connection.scalars(_selected(kind, now, limits))) for kind in _PASSED if kind in kinds}


def _selected(kind: str, now: Instant, limits: Thresholds) -> Select[tuple[int]]:
    quiet = KINDS[kind].reopen_after_seconds * SECOND
    settled = exists().where(
        FINDING.c.carrier == CARRIER.c.id,
        FINDING.c.kind == kind,
        FINDING.c.state == "settled",
        FINDING.c.closed_at > now - quiet,
    )
    return select(CARRIER.c.id).where(_PASSED[kind](now, limits), ~told_open(kind), ~settled)


def may_be_over(kinds: Collection[str], now: Instant, limits: Thresholds) -> ColumnElement[bool]:
    """Of open findings (`finding` joined to `carrier`): those of other kinds, and those whose deadline has moved."""
    asked = [kind for kind in _PASSED if kind in kinds]
    stands = [and_(FINDING.c.kind == kind, _PASSED[kind](now, limits)) for kind in asked if kind != "held_too_long"]
    if "held_too_long" in asked:
        # Held as long by another is over for the one whom the finding names.
        same = FINDING.c.person == CARRIER.c.holder
        stands.append(and_(FINDING.c.kind == "held_too_long", _held(now, limits), same))
    # Of what has no carrier nothing is known here: it may be over.
    return ~func.coalesce(or_(*stands), false()) if stands else true()


def loans_are_told(connection: Connection, now: Instant, limits: Thresholds) -> bool:
    """Whether the open findings of overdue loans are those of the loans past their day, no fewer, no more.

    One look at each loan past its day; where this holds, a round has nothing to open and nothing to clear.
    """
    about = and_(FINDING.c.carrier == CARRIER.c.id, FINDING.c.kind == "overdue_loan", FINDING.c.open)
    every = FINDING.alias("every")
    known = select(func.count()).select_from(every).where(every.c.kind == "overdue_loan", every.c.open)
    row = connection.execute(
        select(
            func.count().label("due"),
            func.count(FINDING.c.carrier).label("told"),
            known.scalar_subquery().label("known"),
        )
        .select_from(CARRIER.outerjoin(FINDING, about))
        .where(_loan(now, limits))
    ).one()
    return bool(row.due == row.told == row.known)
