"""Handhelds: what was uploaded, by whom, and every read of it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables, empty."""
    op.create_table(
        "handheld_upload",
        sa.Column("id", Int64, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("number", "device", "way", "key", "upload_id")),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("by", Int64, nullable=True),
        sa.Column("at", Int64, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("rows", "refused", "new_reads", "repeated_reads")),
        sa.Column("tags", sa.Integer(), nullable=False),
        *(sa.Column(name, Int64, nullable=False) for name in ("first_at", "last_at", "clock_us")),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("understood", "repeats", "rounds")),
        sa.Column("source", Int64, nullable=False),
        *(sa.Column(name, Int64, nullable=False) for name in ("first_sequence", "last_sequence")),
        sa.Column("withdrawn_at", Int64, nullable=True),
        sa.Column("withdrawn_by", Int64, nullable=True),
        sa.Column("withdrawn_why", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number", name="uq_handheld_upload_number"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_handheld_upload_key", "handheld_upload", ["key"])
    op.create_index("ix_handheld_upload_device", "handheld_upload", ["device", "upload_id"])
    op.create_index("ix_handheld_upload_at", "handheld_upload", ["at"])
    op.create_table(
        "handheld_read",
        sa.Column("upload", Int64, nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("epc", sa.String(), nullable=False),
        sa.Column("tid", sa.String(), nullable=True),
        *(sa.Column(name, Int64, nullable=False) for name in ("stamped_at", "at")),
        sa.Column("antenna", sa.Integer(), nullable=False),
        sa.Column("new", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("upload", "row"),
    )
    op.create_index("ix_handheld_read_device", "handheld_read", ["device", "stamped_at"])
    op.create_index("ix_handheld_read_epc", "handheld_read", ["epc", "at"])
