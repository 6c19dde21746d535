"""Which findings keep which clause: by their kind, by a second clause that it keeps, by what was to be approved."""

from collections.abc import Collection, Mapping

from custody.approval import ROUTES
from custody.matters import KINDS as MATTER_KINDS
from reconcile.checks.kinds import KINDS, Means

SECOND: Mapping[str, str] = {"place_rated_too_low": "c.2"}
"""Kind -> a clause that it keeps besides the one it quotes: read, or kept, in a place rated too low."""
BY_ROUTE = "approval_overdue"
"""The kind whose clause is that of the approval."""


def kinds_under(clauses: Collection[str], means: Means) -> frozenset[str]:
    """Kinds of finding that keep one of these clauses by such means."""
    return frozenset(
        name
        for name, kind in KINDS.items()
        if kind.means == means and (kind.clause in clauses or SECOND.get(name) in clauses)
    )


def matters_under(clauses: Collection[str], means: Means) -> frozenset[str]:
    """Kinds of matter whose approval one of these clauses asks for: an overdue one keeps that clause."""
    if means != KINDS[BY_ROUTE].means:
        return frozenset()
    return frozenset(
        name
        for name, kind in MATTER_KINDS.items()
        if any(ROUTES[route].clause in clauses for route in kind.every_route)
    )
