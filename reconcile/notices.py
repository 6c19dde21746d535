"""Who is told of a finding, and to whom it goes when its time has passed. Numbers and counts only, never titles."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from custody.access import Role
from custody.values import Instant
from reconcile.checks import KINDS
from reconcile.store import notices as store
from reconcile.store.core import Connection
from reconcile.store.findings import OpenedFinding
from reconcile.store.notices import Notice, inbox, mark_read, unread
from reconcile.store.staff import Keeper, told

__all__ = ["ESCALATES_TO", "TOLD", "Notice", "Told", "inbox", "mark_read", "tell_escalated", "tell_opened", "unread"]


@dataclass(frozen=True, slots=True)
class Told:
    """Roles that find a notice in their inbox when a finding of this kind opens, besides its owner."""

    roles: frozenset[Role]
    urgency: int
    """0 at once, 1 today, 2 this week: as the finding's."""


def _told(kind: str, *roles: Role) -> Told:
    return Told(frozenset(roles), KINDS[kind].urgency)


TOLD: Mapping[str, Told] = {
    "unauthorised_removal": _told("unauthorised_removal", Role.SECRECY_OFFICE, Role.CLERK, Role.MANAGER),
    "suspected_removal": _told("suspected_removal", Role.SECRECY_OFFICE, Role.CLERK),
    "missing": _told("missing", Role.CLERK, Role.SECRECY_OFFICE),
    "place_rated_too_low": _told("place_rated_too_low", Role.SECRECY_OFFICE, Role.CLERK),
    "gone_not_lent": _told("gone_not_lent", Role.CLERK),
    "misplaced": _told("misplaced", Role.CLERK),
    "in_store_on_loan": _told("in_store_on_loan", Role.CLERK),
    "overdue_loan": _told("overdue_loan", Role.CLERK, Role.MANAGER),
    "unknown_tag": _told("unknown_tag", Role.CLERK),
    "reader_silent": _told("reader_silent", Role.CLERK, Role.SYSTEM_ADMINISTRATOR),
}
"""Kind -> who is told, how soon."""

ESCALATES_TO: tuple[Role, ...] = (Role.SECRECY_OFFICE, Role.LEADER)
"""Past its time, or where its owner asks: the first of these whom it is not with already."""


def tell_opened(
    connection: Connection, opened: Iterable[OpenedFinding], everybody: Collection[Keeper], now: Instant
) -> None:
    """Notices of findings that were opened."""
    rows: list[tuple[int, str, str | None]] = []
    for finding in opened:
        verdict = finding.verdict
        persons = set(told(everybody, TOLD[verdict.kind].roles, verdict.unit, verdict.rank))
        if finding.owner is not None:
            persons.add(finding.owner)
        rows += [(person, "opened", finding.number) for person in sorted(persons)]
    store.tell(connection, rows, now)


def tell_escalated(connection: Connection, number: str, persons: Iterable[int], now: Instant) -> None:
    """Notices of a finding that was escalated to these persons."""
    store.tell(connection, [(person, "escalated", number) for person in persons], now)
