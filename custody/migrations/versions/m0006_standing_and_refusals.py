"""The balance at every position, filled from the entries; acts refused; indexes of entries by kind, of acts by time."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from custody.balance import Standing, standings
from custody.entries import decode
from custody.scheme import LEVELS_DEFAULT

revision = "0006"
down_revision = "0005"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CARRIERS_AT_ONCE = 1_000


def upgrade() -> None:
    """Create the tables and indexes; fold the standing of every carrier from its own entries."""
    table = _standing()
    _fill(table)
    op.create_index("ix_standing_number", "standing", ["control_number", "carrier"])
    op.create_index("ix_standing_status", "standing", ["status", "control_number"])
    op.create_index("ix_standing_from", "standing", ["from_sequence"])
    # SQLite uses the index only for the condition exactly as queries say it.
    where = {"postgresql_where": sa.text("moved"), "sqlite_where": sa.text("moved = 1")}
    op.create_index("ix_standing_moved", "standing", ["from_sequence"], **where)
    _refusal()
    op.create_index("ix_entry_kind", "entry", ["kind", "sequence"])
    op.create_index("ix_act_entered", "act", ["entered_at"])


def _standing() -> sa.Table:
    return op.create_table(
        "standing",
        sa.Column("carrier", Int64, autoincrement=False, nullable=False),
        sa.Column("from_sequence", Int64, autoincrement=False, nullable=False),
        sa.Column("to_sequence", Int64, nullable=True),
        sa.Column("happened_at", Int64, nullable=False),
        sa.Column("was", sa.String(), nullable=False),
        sa.Column("moved", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("unit", Int64, nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("control_number", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("carrier", "from_sequence"),
        sqlite_with_rowid=False,
    )


def _refusal() -> None:
    op.create_table(
        "refusal",
        sa.Column("id", Int64, nullable=False),
        sa.Column("at", Int64, nullable=False),
        sa.Column("person", Int64, nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("fact", sa.String(), nullable=False),
        sa.Column("clause", sa.String(), nullable=False),
        sa.Column("codes", sa.String(), nullable=False),
        sa.Column("carrier", Int64, nullable=True),
        sa.Column("matter", Int64, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_refusal_clause", "refusal", ["clause", "at"])
    op.create_index("ix_refusal_person", "refusal", ["person", "at"])


def _fill(table: sa.Table) -> None:
    """Some carriers at a time, so that memory does not grow with the ledger."""
    connection = op.get_bind()
    entry = sa.table("entry", sa.column("sequence"), sa.column("carrier"), sa.column("body"))
    highest = connection.execute(sa.select(sa.func.max(entry.c.carrier))).scalar() or 0
    ranks = {level.code: level.rank for level in LEVELS_DEFAULT}
    for first in range(1, highest + 1, _CARRIERS_AT_ONCE):
        query = (
            sa.select(entry.c.carrier, entry.c.body)
            .where(entry.c.carrier >= first, entry.c.carrier < first + _CARRIERS_AT_ONCE)
            .order_by(entry.c.carrier, entry.c.sequence)
        )
        bodies: dict[int, list[bytes]] = {}
        for carrier, body in connection.execute(query):
            bodies.setdefault(carrier, []).append(bytes(body))
        rows = [_row(one, ranks) for kept in bodies.values() for one in standings(map(decode, kept))]
        if rows:
            connection.execute(table.insert(), rows)


def _row(one: Standing, ranks: dict[str, int]) -> dict[str, Any]:
    return {
        "carrier": one.carrier,
        "from_sequence": one.from_sequence,
        "to_sequence": one.to_sequence,
        "happened_at": one.happened_at,
        "was": one.was.value if one.was else "",
        "moved": one.moved,
        "status": one.status.value,
        "origin": one.origin,
        "unit": one.unit,
        "level": one.level,
        "rank": ranks[one.level],
        "control_number": one.control_number,
    }
