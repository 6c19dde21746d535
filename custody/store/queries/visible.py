"""The one condition by which every query filters: the same truth table as `custody.access.sees`."""

from sqlalchemy import ColumnElement, and_, exists, false, or_, true

from custody.access import Permission, Subject, may
from custody.store import schema as t


def visible(subject: Subject) -> ColumnElement[bool]:
    """Which rows of `carrier` exist for this subject: cleared, and in scope, in reach or in hand."""
    c = t.CARRIER.c
    if not may(subject, Permission.SEE_CARRIERS):
        return false()
    cleared = c.rank <= subject.clearance_rank
    if subject.reach is None:
        return and_(cleared, true())
    in_scope = exists().where(t.SCOPE.c.carrier == c.id, t.SCOPE.c.principal.in_(sorted(subject.principals)))
    ways = [c.holder == subject.person, in_scope]
    if subject.reach:
        ways.insert(0, c.unit.in_(sorted(subject.reach)))
    return and_(cleared, or_(*ways))
