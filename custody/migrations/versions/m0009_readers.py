"""Readers: inputs (beams, contacts) and what the guards at the portals concluded by themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables, empty."""
    op.create_table(
        "reader_input",
        sa.Column("id", Int64, nullable=False),
        sa.Column("source", Int64, nullable=False),
        sa.Column("sequence", Int64, nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("at", Int64, nullable=False),
        sa.Column("received_at", Int64, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "sequence", name="uq_reader_input"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reader_input", "reader_input", ["reader", "port", "at"])
    op.create_table(
        "door_alarm",
        sa.Column("id", Int64, nullable=False),
        sa.Column("source", Int64, nullable=False),
        sa.Column("sequence", Int64, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("reader", "portal", "epc")),
        sa.Column("at", Int64, nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("level", "reason")),
        sa.Column("door_list", Int64, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("outputs", "parts")),
        sa.Column("received_at", Int64, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "sequence", name="uq_door_alarm"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_door_alarm", "door_alarm", ["epc", "at"])
