"""What a copy takes from its sources: the highest level, the longest period, the narrowest common scope (d.5, d.6).

Pure arithmetic. Sources that are no state secrets bind nothing. A period until a condition, or one whose beginning is
not known, compares with no day: it is kept as it stands, or made long-term.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from custody.access import principals
from custody.classification import is_day, secret_until
from custody.register import Directory
from custody.scheme import Scheme
from custody.values import Description, Period, Person, Scope


def rank_of(level: str, scheme: Scheme) -> int:
    """Rank of a level; internal where it is none of the scheme's."""
    return next((one.rank for one in scheme.levels if one.code == level), 0)


def secrets(sources: Iterable[Description], scheme: Scheme) -> list[Description]:
    """The state secrets among these."""
    return [one for one in sources if rank_of(one.level, scheme) > 0]


def highest(sources: Iterable[Description], scheme: Scheme) -> str:
    """The highest level among these; the scheme's lowest where there are none."""
    lowest = min(scheme.levels, key=lambda level: level.rank).code
    return max((one.level for one in sources), key=lambda level: rank_of(level, scheme), default=lowest)


# Period.


def _beginning(described: Description) -> str:
    # A condition runs from no day.
    return "" if described.period.kind == "condition" else described.classified_on


def shorter(own: Description, source: Description, scheme: Scheme) -> bool:
    """Whether the period of what was made ends before its source's does, or cannot be shown not to."""
    period = source.period
    if rank_of(source.level, scheme) == 0 or own.period.kind == "long_term":
        return False
    if period.kind == "long_term":
        return True
    ends = secret_until(source, scheme)
    if not ends:
        kept = (own.period.kind, own.period.value) == (period.kind, period.value)
        return not kept or _beginning(own) != _beginning(source)
    if own.period.kind == "condition":
        return False
    own_ends = secret_until(own, scheme)
    return not own_ends or own_ends < ends


def longest(sources: Sequence[Description], scheme: Scheme) -> tuple[Period, str]:
    """The shortest period that is shorter than none of these, and the day from which it counts."""
    secret = secrets(sources, scheme)
    if not secret:
        return Period("none"), sources[0].classified_on if sources else ""
    first = secret[0]
    if all(
        (one.period, one.classified_on, one.level) == (first.period, first.classified_on, first.level) for one in secret
    ):
        return first.period, first.classified_on
    authority = next((one.period.authority for one in secret if one.period.authority), "")
    lasting = next((one for one in secret if one.period.kind == "long_term"), None)
    if lasting is not None:
        return lasting.period, lasting.classified_on
    undated = [one for one in secret if not secret_until(one, scheme)]
    if undated:
        one = undated[0]
        alike = {(other.period.kind, other.period.value, _beginning(other)) for other in undated}
        if len(alike) == 1 and (one.period.kind == "condition" or len(undated) == len(secret)):
            return one.period, one.classified_on
        return Period("long_term", "", authority), one.classified_on
    last = max(secret, key=lambda one: secret_until(one, scheme))
    if not is_day(last.classified_on):
        return last.period, last.classified_on
    return Period("date", secret_until(last, scheme), last.period.authority), last.classified_on


# Scope.


def _number(principal: str, kind: str) -> int | None:
    name, _, value = principal.partition(":")
    return int(value) if name == kind and value.isascii() and value.isdecimal() else None


def _names(person: Person, directory: Directory) -> frozenset[str]:
    return principals(person, directory.units_above(person.unit))


def within(principal: str, scope: Iterable[str], directory: Directory) -> bool:
    """Whether whoever a principal means is meant by the scope too.

    `all` is everybody of the house and covers units, posts and persons; another body is named, or is not meant. A
    unit covers its sub-units and the persons in them; a class of post the persons who hold one.
    """
    named = set(scope)
    if principal in named:
        return True
    if principal.startswith("organisation:"):
        return False
    if "all" in named:
        return True
    unit = _number(principal, "unit")
    if unit is not None:
        return any(f"unit:{above}" in named for above in directory.units_above(unit))
    person = directory.persons.get(_number(principal, "person") or 0)
    return person is not None and not named.isdisjoint(_names(person, directory))


def _meet(one: Sequence[str], other: Sequence[str], directory: Directory) -> tuple[str, ...]:
    """Whoever both scopes mean: in the words of the narrower, and by name where neither has a word for them."""
    shared = [p for p in one if within(p, other, directory)]
    shared += [p for p in other if p not in shared and within(p, one, directory)]
    mixed = any(not within(p, other, directory) for p in one) and any(not within(p, one, directory) for p in other)
    if mixed:
        for person in directory.persons.values():
            names = _names(person, directory)
            meant = not names.isdisjoint(one) and not names.isdisjoint(other)
            if meant and not person.left_on and names.isdisjoint(shared):
                shared.append(f"person:{person.id}")
    return tuple(shared)


def common(sources: Sequence[Description], scheme: Scheme, directory: Directory) -> Scope:
    """The narrowest common scope of these; internal sources, whose scope binds nobody, only count among themselves."""
    binding = secrets(sources, scheme) or list(sources)
    if not binding:
        return Scope()
    found = binding[0].scope.principals
    for one in binding[1:]:
        found = _meet(found, one.scope.principals, directory)
    return Scope(tuple(sorted(found)))


def widened(own: Description, source: Description, scheme: Scheme, directory: Directory) -> str | None:
    """The first principal of what was made that its source's scope does not mean; None where there is none."""
    if rank_of(source.level, scheme) == 0:
        return None
    return next((p for p in own.scope.principals if not within(p, source.scope.principals, directory)), None)


# All together.


@dataclass(frozen=True, slots=True)
class Inherited:
    """What is taken from the sources where nothing stricter is said."""

    level: str
    period: Period
    classified_on: str
    scope: Scope


def inherited(sources: Sequence[Description], scheme: Scheme, directory: Directory) -> Inherited:
    """Level, period and scope of what is made from these."""
    period, classified_on = longest(sources, scheme)
    return Inherited(highest(sources, scheme), period, classified_on, common(sources, scheme, directory))
