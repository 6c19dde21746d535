"""Counts of meetings, checks of rooms, weighing in.

A scan in a count is a row, and so is taking it back. Batches of destruction learn of the last read: those that were
there before had none.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table, empty; and say of every batch that nothing was weighed in."""
    op.create_table(
        "count_scan",
        sa.Column("id", Int64, nullable=False),
        sa.Column("matter", Int64, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("step", "event", "code", "means")),
        sa.Column("carrier", Int64, nullable=True),
        sa.Column("at", Int64, nullable=False),
        sa.Column("by", Int64, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("matter", "event", name="uq_count_scan_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_count_scan_step", "count_scan", ["matter", "step"])
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, body FROM matter WHERE kind = 'destruction'")).all()
    for row in rows:
        state = json.loads(row.body)
        state["body"].setdefault("weighing", None)
        body = json.dumps(state, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        connection.execute(sa.text("UPDATE matter SET body = :body WHERE id = :id"), {"id": row.id, "body": body})
