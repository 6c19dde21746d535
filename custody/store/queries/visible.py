"""The conditions by which every query filters: the same truth tables as `sees` and `sees_matter`."""

from sqlalchemy import ColumnElement, and_, exists, false, or_, select, true

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
    if subject.matters:
        ways.append(c.matter.in_(sorted(subject.matters)))
    if subject.reach:
        ways.insert(0, c.unit.in_(sorted(subject.reach)))
    return and_(cleared, or_(*ways))


def visible_matters(subject: Subject) -> ColumnElement[bool]:
    """Which rows of `matter` exist for this subject: cleared, and in reach or with a part in it."""
    m = t.MATTER.c
    if not may(subject, Permission.SEE_CARRIERS):
        return false()
    cleared = m.rank <= subject.clearance_rank
    if subject.reach is None:
        return cleared
    ways = [m.id.in_(select(t.PARTY.c.matter).where(t.PARTY.c.person == subject.person))]
    if subject.reach:
        ways.append(m.unit.in_(sorted(subject.reach)))
    return and_(cleared, or_(*ways))
