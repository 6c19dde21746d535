"""Portals: their beams, what lies at them, the lists of what may pass, and what became of the guards' alarms."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables, empty; no alarm is judged yet."""
    op.create_table(
        "portal",
        sa.Column("place", Int64, nullable=False),
        sa.Column("beam_reader", sa.String(), nullable=False),
        sa.Column("beam_inside", sa.Integer(), nullable=False),
        sa.Column("beam_outside", sa.Integer(), nullable=False),
        sa.Column("beam_broken", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("place"),
    )
    op.create_table(
        "lying",
        sa.Column("id", Int64, nullable=False),
        sa.Column("epc", sa.String(), nullable=False),
        sa.Column("portal", Int64, nullable=False),
        sa.Column("since_at", Int64, nullable=False),
        sa.Column("until_at", Int64, nullable=False),
        sa.Column("sides", sa.String(), nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("antenna", sa.Integer(), nullable=False),
        sa.Column("strongest_dbm", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("epc", "portal", "since_at", name="uq_lying"),
    )
    op.create_index("ix_lying_until", "lying", ["until_at"])
    op.create_table(
        "door_list",
        sa.Column("number", Int64, nullable=False),
        sa.Column("made_at", Int64, nullable=False),
        sa.Column("expires_at", Int64, nullable=False),
        sa.Column("position", Int64, nullable=False),
        sa.Column("count", Int64, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("salt", "content")),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.add_column("door_alarm", sa.Column("outcome", sa.String(), nullable=False, server_default=""))
    op.add_column("door_alarm", sa.Column("finding", sa.String(), nullable=True))
    # A daemon that was killed in the middle of an alarm tells it again: it is one.
    op.create_index("uq_door_alarm_once", "door_alarm", ["reader", "portal", "epc", "at"], unique=True)
    op.create_index(
        "ix_door_alarm_new",
        "door_alarm",
        ["id"],
        sqlite_where=sa.text("outcome = ''"),
        postgresql_where=sa.text("outcome = ''"),
    )
