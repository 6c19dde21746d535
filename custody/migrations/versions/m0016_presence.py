"""What the filter of presence concluded, from where it goes back when reports come late, and what it learnt."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _int64(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, Int64, nullable=nullable)


def upgrade() -> None:
    """Create the tables, empty: what was concluded so far stands in the stays."""
    op.create_table(
        "presence_conclusion",
        sa.Column("id", Int64, primary_key=True),
        sa.Column("epc", sa.String(), nullable=False),
        _int64("from_place", nullable=True),
        _int64("to_place", nullable=True),
        _int64("at"),
        _int64("decided_at"),
        _int64("concluded_at"),
        sa.Column("strength", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        _int64("late_us"),
        sa.Column("correction", sa.Boolean(), nullable=False),
        _int64("revises", nullable=True),
        sa.Column("model", sa.String(), nullable=False),
        _int64("calibration"),
        sa.Column("evidence", sa.String(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_presence_conclusion_epc", "presence_conclusion", ["epc", "at"])
    op.create_index("ix_presence_conclusion_concluded", "presence_conclusion", ["concluded_at"])
    op.create_index(
        "ix_presence_conclusion_revises",
        "presence_conclusion",
        ["revises"],
        postgresql_where=sa.text("revises IS NOT NULL"),
        sqlite_where=sa.text("revises IS NOT NULL"),
    )
    op.create_table(
        "presence_checkpoint",
        sa.Column("epc", sa.String(), nullable=False),
        _int64("at"),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("epc", "at"),
    )
    op.create_table(
        "calibration",
        _int64("version"),
        _int64("made_at"),
        _int64("made_by", nullable=True),
        _int64("since_at"),
        _int64("until_at"),
        sa.Column("tags", sa.Integer(), nullable=False),
        _int64("observations"),
        sa.Column("content", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "calibration_use",
        sa.Column("id", Int64, primary_key=True),
        _int64("version"),
        _int64("at"),
        _int64("by", nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tag_readability",
        sa.Column("epc", sa.String(), nullable=False),
        _int64("at"),
        _int64("windows"),
        _int64("expected"),
        _int64("got"),
        sa.Column("weak", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("epc"),
    )
    op.create_index(
        "ix_tag_readability_weak",
        "tag_readability",
        ["epc"],
        postgresql_where=sa.text("weak"),
        sqlite_where=sa.text("weak"),
    )
    for name in ("silent_at", "checkpoint_at", "through_at"):
        op.add_column("presence", _int64(name, nullable=True))
    op.create_index(
        "ix_presence_silent",
        "presence",
        ["place", "silent_at"],
        postgresql_where=sa.text("silent_at IS NOT NULL"),
        sqlite_where=sa.text("silent_at IS NOT NULL"),
    )
