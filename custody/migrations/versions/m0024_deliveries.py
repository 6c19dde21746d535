"""Reports that are delivered on schedule: who wants which when, and what was made."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, Int64, nullable=nullable)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def upgrade() -> None:
    """Create the tables, empty."""
    op.create_table(
        "subscription",
        _number("id"),
        _number("person"),
        _text("report"),
        sa.Column("days", sa.Integer(), nullable=False),
        _number("unit", nullable=True),
        sa.Column("titles", sa.Boolean(), nullable=False),
        _text("every"),
        sa.Column("on_day", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        _text("language"),
        _number("created_at"),
        _number("paused_at", nullable=True),
        _number("ended_at", nullable=True),
        _text("last_day"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_subscription_person", "subscription", ["person"])
    op.create_table(
        "delivery",
        _number("id"),
        _number("subscription"),
        _number("person"),
        _text("report"),
        _text("slot"),
        _number("made_at"),
        _text("state"),
        _number("rows"),
        _text("carriers"),
        _text("sha256"),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        _number("taken_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("subscription", "slot", name="uq_delivery"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_delivery_person", "delivery", ["person"])
