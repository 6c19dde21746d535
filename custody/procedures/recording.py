"""What a clause has recorded: the kinds of fact that do not complete without what it demands to be told or signed."""

from collections.abc import Mapping
from types import MappingProxyType

from custody.procedures import RULES_FOR
from custody.regulations import Clause, MeansKind


def _recorded() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for kind, rules in RULES_FOR.items():
        for rule in rules:
            if rule.means == "record" and rule.clause:
                found.setdefault(rule.clause, set()).add(kind.kind)
    return MappingProxyType({clause: frozenset(kinds) for clause, kinds in found.items()})


RECORDED = _recorded()
"""Clause -> kinds of fact of which one of its `record` rules asks."""


def quoted_as(clause: Clause, kind: MeansKind) -> frozenset[str]:
    """The clauses that are quoted where this one is kept by such means: itself, and those that it takes over."""
    return frozenset({clause.id, *(other for means in clause.means if means.kind == kind for other in means.as_of)})


def recorded_for(clause: Clause) -> frozenset[str]:
    """Kinds of fact that are this clause's record, those of the clauses that it takes over included."""
    return frozenset(kind for one in quoted_as(clause, "record") for kind in RECORDED.get(one, ()))
