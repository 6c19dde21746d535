"""The conditions by which every query filters: the same truth tables as `sees` and `sees_matter`.

Each is written once, over a `Sight`: here its measures are the subject's own values, behind a wall of the engine they
are what the wall was raised with (see `custody.store.walls`).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, exists, false, func, literal, not_, or_, select, true

from custody.access import Permission, Subject, may
from custody.store import schema as t

Columns = Any
"""The columns of a table, by name."""


class Sight(Protocol):
    """What decides whether somebody sees a row, as SQL."""

    @property
    def sees_carriers(self) -> ColumnElement[bool]:
        """Whether a role opens carriers at all."""

    @property
    def everywhere(self) -> ColumnElement[bool]:
        """Whether the roles answer for the whole house."""

    @property
    def rank(self) -> ColumnElement[int]:
        """The clearance."""

    @property
    def person(self) -> ColumnElement[int]:
        """Who it is."""

    def in_reach(self, unit: ColumnElement[int]) -> ColumnElement[bool]:
        """Whether the roles answer for this unit."""

    def in_scope(self, carrier: ColumnElement[int]) -> ColumnElement[bool]:
        """Whether the scope of this carrier names the person."""

    def takes_part(self, matter: ColumnElement[int]) -> ColumnElement[bool]:
        """Whether it is an open matter with a part for the person."""

    def had_part(self, matter: ColumnElement[int]) -> ColumnElement[bool]:
        """Whether the matter, open or over, has a part for the person."""


def carrier_seen(sight: Sight, c: Columns) -> ColumnElement[bool]:
    """Which rows of `carrier` exist: cleared, and in reach, in hand, in scope, or in an own open matter."""
    # Nearly all are within most clearances: the sum keeps SQLite from looking every one up by an index of ranks.
    cleared = and_(sight.sees_carriers, c.rank + 0 <= sight.rank)
    in_hand = c.holder == sight.person
    ways = (sight.everywhere, sight.in_reach(c.unit), in_hand, sight.in_scope(c.id), sight.takes_part(c.matter))
    return and_(cleared, or_(*ways))


def matter_seen(sight: Sight, m: Columns) -> ColumnElement[bool]:
    """Which rows of `matter` exist: cleared, and in reach or with a part in it."""
    cleared = and_(sight.sees_carriers, m.rank <= sight.rank)
    return and_(cleared, or_(sight.everywhere, sight.in_reach(m.unit), sight.had_part(m.id), sight.takes_part(m.id)))


@dataclass(frozen=True, slots=True)
class OwnSight:
    """A subject's sight, in his own values: what he has none of is not asked."""

    subject: Subject

    @property
    def sees_carriers(self) -> ColumnElement[bool]:
        """See `Sight`."""
        return true() if may(self.subject, Permission.SEE_CARRIERS) else false()

    @property
    def everywhere(self) -> ColumnElement[bool]:
        """See `Sight`."""
        return true() if self.subject.reach is None else false()

    @property
    def rank(self) -> ColumnElement[int]:
        """See `Sight`."""
        return literal(self.subject.clearance_rank)

    @property
    def person(self) -> ColumnElement[int]:
        """See `Sight`."""
        return literal(self.subject.person, t.CARRIER.c.holder.type)

    def in_reach(self, unit: ColumnElement[int]) -> ColumnElement[bool]:
        """See `Sight`."""
        return unit.in_(sorted(self.subject.reach)) if self.subject.reach else false()

    def in_scope(self, carrier: ColumnElement[int]) -> ColumnElement[bool]:
        """See `Sight`."""
        named = t.SCOPE.c.principal.in_(sorted(self.subject.principals))
        return exists().where(t.SCOPE.c.carrier == carrier, named)

    def takes_part(self, matter: ColumnElement[int]) -> ColumnElement[bool]:
        """See `Sight`."""
        return matter.in_(sorted(self.subject.matters)) if self.subject.matters else false()

    def had_part(self, matter: ColumnElement[int]) -> ColumnElement[bool]:
        """See `Sight`."""
        return matter.in_(select(t.PARTY.c.matter).where(t.PARTY.c.person == self.subject.person))


# A page asks for them a dozen times: the words for one subject are put together once.
_SUBJECTS_KEPT = 256


@lru_cache(_SUBJECTS_KEPT)
def visible(subject: Subject) -> ColumnElement[bool]:
    """Which rows of `carrier` exist for this subject: cleared, and in scope, in reach or in hand."""
    return carrier_seen(OwnSight(subject), t.CARRIER.c)


def hidden(subject: Subject) -> ColumnElement[bool]:
    """Which rows of `carrier` do not. Not the bare negation of `visible`, which of a carrier in nobody's hand says
    neither yes nor no.
    """
    return not_(func.coalesce(visible(subject), false()))


@lru_cache(_SUBJECTS_KEPT)
def visible_matters(subject: Subject) -> ColumnElement[bool]:
    """Which rows of `matter` exist for this subject: cleared, and in reach or with a part in it."""
    return matter_seen(OwnSight(subject), t.MATTER.c)
