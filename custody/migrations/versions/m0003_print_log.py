"""The log of prints."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make it."""
    op.create_table(
        "print_log",
        sa.Column("id", Int64, nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("part", Int64, nullable=False),
        sa.Column("number", Int64, nullable=False),
        sa.Column("person", Int64, nullable=False),
        sa.Column("at", Int64, nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("copies", Int64, nullable=False),
        sa.Column("lines", Int64, nullable=False),
        sa.Column("paper_hash", sa.String(), nullable=False),
        sa.Column("checkpoint", Int64, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("act", "part", "number", name="uq_print_log_number"),
    )
