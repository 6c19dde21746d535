"""What sweeping devices could not deliver and handed to a clerk."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, Int64, nullable=nullable)


def _text(name: str, *, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False, server_default=default)


def upgrade() -> None:
    """Create the table, empty."""
    op.create_table(
        "hand_over",
        _number("id"),
        *(_text("key"), _text("round"), _text("device")),
        *(_number("of"), _number("by"), _number("at")),
        *(_text("way"), _text("why")),
        sa.Column("count", sa.Integer(), nullable=False),
        *(_number("first_at"), _number("last_at")),
        _text("events"),
        *(_text("outcome", default=""), _text("into_round", default="")),
        *(_number("taken_by", nullable=True), _number("taken_at", nullable=True)),
        _text("note", default=""),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key", name="uq_hand_over"),
        sqlite_autoincrement=True,
    )
    waiting = sa.text("outcome = ''")
    op.create_index("ix_hand_over_waiting", "hand_over", ["id"], postgresql_where=waiting, sqlite_where=waiting)
