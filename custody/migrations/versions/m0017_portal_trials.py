"""Trials at portals: the tags kept for them, and what happened in each."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables, empty."""
    op.create_table(
        "trial_tag",
        sa.Column("epc", sa.String(), nullable=False),
        sa.Column("sounds", sa.Boolean(), nullable=False),
        sa.Column("since_at", Int64, nullable=False),
        sa.Column("added_by", Int64, nullable=False),
        sa.Column("until_at", Int64, nullable=True),
        sa.PrimaryKeyConstraint("epc"),
    )
    op.create_table(
        "trial",
        sa.Column("id", Int64, nullable=False),
        sa.Column("place", Int64, nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("of", Int64, nullable=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("kind", "epc")),
        sa.Column("at", Int64, nullable=False),
        sa.Column("by", Int64, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("level", "direction")),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("said_at", Int64, nullable=True),
        sa.Column("model", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_trial_place", "trial", ["place", "id"])
