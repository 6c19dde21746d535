"""Who did how much, as the auditor sees it: counts by person, of no carrier anything."""

from collections.abc import Mapping

from sqlalchemy import Connection, Table, func, select

from custody.store import schema as t
from custody.values import Instant


def counted(
    connection: Connection, table: Table, since: Instant, until: Instant, by: str | None = None
) -> Mapping[int, Mapping[str, int]]:
    """Person -> value of the column `by` (empty where none is named) -> rows of a log in a time (`until` excluded)."""
    c = table.c
    columns = [c.person] if by is None else [c.person, c[by]]
    query = select(*columns, func.count()).where(c.at >= since, c.at < until).group_by(*columns)
    found: dict[int, dict[str, int]] = {}
    for person, *rest in connection.execute(query):
        found.setdefault(person, {})["" if by is None else rest[0]] = rest[-1]
    return found


def refusals(connection: Connection, since: Instant, until: Instant) -> Mapping[int, int]:
    """Person -> clauses quoted against what was tried."""
    return {person: many[""] for person, many in counted(connection, t.REFUSAL, since, until).items()}


def looks(connection: Connection, since: Instant, until: Instant) -> Mapping[int, Mapping[str, int]]:
    """Person -> in which way -> how many carriers were looked at."""
    return counted(connection, t.LOOK, since, until, "how")
