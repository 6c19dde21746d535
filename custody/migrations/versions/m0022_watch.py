"""Digests, what was repeated, messages on their way out, where they go; of every slot when it began and how often."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _number(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, Int64, nullable=nullable, server_default=default)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def upgrade() -> None:
    """Create the tables, empty; slots done before began at no known time."""
    op.create_table(
        "digest",
        _number("id"),
        _number("person"),
        _text("day"),
        _number("made_at"),
        sa.Column("overdue", sa.Integer(), nullable=False),
        _text("figures"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person", "day", name="uq_digest"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "repeat",
        _text("finding"),
        _number("person"),
        sa.Column("times", sa.Integer(), nullable=False),
        _text("last_day"),
        _number("passed_on_at", nullable=True),
        sa.PrimaryKeyConstraint("finding", "person"),
    )
    op.create_table(
        "message",
        _number("id"),
        _text("message_id"),
        _number("person"),
        _text("about"),
        sa.Column("urgency", sa.Integer(), nullable=False),
        _text("figures"),
        _number("made_at"),
        _number("next_at"),
        sa.Column("tries", sa.Integer(), nullable=False),
        _text("owner"),
        _number("lease_until"),
        _number("done_at", nullable=True),
        _text("outcome"),
        _text("said"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person", "about", name="uq_message"),
        sa.UniqueConstraint("message_id", name="uq_message_id"),
        sqlite_autoincrement=True,
    )
    waiting = sa.text("done_at IS NULL")
    op.create_index("ix_message_waiting", "message", ["next_at"], postgresql_where=waiting, sqlite_where=waiting)
    op.create_index("ix_message_done", "message", ["done_at"])
    op.create_table(
        "mail_address",
        _number("person"),
        _text("address"),
        _number("set_at"),
        sa.PrimaryKeyConstraint("person"),
    )
    op.add_column("job_slot", _number("began_at", nullable=True))
    op.add_column("job_slot", sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
