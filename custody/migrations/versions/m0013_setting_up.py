"""Setting up: reference tags, names of antennas, how readers are reached, and what antennas hear in figures."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables, empty."""
    op.create_table(
        "reference_tag",
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("epc", sa.String(), nullable=False),
        sa.Column("since_at", Int64, nullable=False),
        sa.Column("heard_at", Int64, nullable=True),
        sa.PrimaryKeyConstraint("reader", "number", "epc"),
    )
    op.create_table(
        "antenna_alive",
        sa.Column("id", Int64, nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("antenna", sa.Integer(), nullable=False),
        sa.Column("since_at", Int64, nullable=False),
        sa.Column("through_at", Int64, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_antenna_alive", "antenna_alive", ["reader", "antenna", "through_at"])
    op.create_table(
        "antenna_title",
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("reader", "number"),
    )
    op.create_table(
        "reader_setup",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("reader", "device", "kind", "options")),
        sa.PrimaryKeyConstraint("reader"),
    )
    op.create_table(
        "reader_minute",
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("minute", Int64, nullable=False),
        sa.Column("antenna", sa.Integer(), nullable=False),
        sa.Column("reads", Int64, nullable=False),
        sa.Column("sightings", Int64, nullable=False),
        sa.Column("loudness", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("reader", "minute", "antenna"),
    )
