"""Sweeps by several hands: on what terms each was opened, and what was said in it besides the scans.

A sweep of before has no terms of its own: it was an official one of everything, signed by one person.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables, empty."""
    op.create_table(
        "round_terms",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("round", "of", "scope")),
        sa.Column("sample", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("two", sa.Boolean(), nullable=False),
        sa.Column("other", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("round"),
    )
    op.create_table(
        "round_event",
        sa.Column("id", Int64, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("round", "event", "what", "device")),
        sa.Column("place", Int64, nullable=True),
        sa.Column("at", Int64, nullable=False),
        sa.Column("by", Int64, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("reason", "detail")),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("round", "event", name="uq_round_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_round_event_round", "round_event", ["round", "id"])
    op.create_index("ix_round_signed", "round", ["place", "state", "finished_at"])
