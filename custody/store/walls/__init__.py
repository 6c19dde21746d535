"""The wall behind the queries: a connection on which a person's query finds nothing that he may not see.

Every query filters by itself (`custody.store.queries.visible`). Behind a wall the engine filters again, by the same
rules, so that a query which forgets its condition gives no more: PostgreSQL by row-level security for a role that owns
nothing, SQLite by views that stand before the tables and an authorizer that lets nobody past them. It fails closed: a
walled connection on which nobody stands gives no rows; a table that `rules` does not name cannot be read at all.

    with database.reading(wall_of(subject)) as connection: ...

The books' own work (rules, checks, seals, rebuilding, signing in) reads without a wall.
"""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from custody.access import Permission, Subject, may
from custody.store.walls import postgresql, sqlite

_FLAGS = {
    "carriers": (Permission.SEE_CARRIERS,),
    "findings": (Permission.SEE_FINDINGS,),
    "ledger": (Permission.SEE_LEDGER,),
    "logs": (Permission.SEE_LOGS,),
    "exports": (Permission.SEE_EXPORTS,),
    "accounts": (Permission.MANAGE_ACCOUNTS, Permission.APPROVE_ACCOUNTS, Permission.SEE_LOGS),
}
"""What a wall asks of the roles; one of several permissions is enough."""


@dataclass(frozen=True, slots=True)
class Wall:
    """Who stands before the wall: what the rules measure by, as the engines are told it (JSON)."""

    context: str

    def build(self, driver: sqlite3.Connection, standing: Callable[[], str | None]) -> None:
        """Put the wall up on a fresh connection of SQLite; `standing` tells who stands before it, None: nobody."""
        sqlite.build(driver, standing)

    def stand(self, connection: Connection) -> None:
        """Stand before the wall of PostgreSQL until the transaction ends."""
        postgresql.stand(connection, self.context)


def wall_of(subject: Subject, session: str = "") -> Wall:
    """The wall for a subject; `session`: the hash of the session's token, whose own searches are seen besides."""
    known: dict[str, object] = {
        "person": subject.person,
        "rank": subject.clearance_rank,
        "everywhere": int(subject.reach is None),
        "reach": sorted(subject.reach or ()),
        "principals": sorted(subject.principals),
        "matters": sorted(subject.matters),
        "session": session,
    }
    flags = {name: int(any(may(subject, one) for one in wanted)) for name, wanted in _FLAGS.items()}
    return Wall(json.dumps(known | flags, sort_keys=True))


NOBODY = Wall("")
"""Nobody stands before it: no rows."""
