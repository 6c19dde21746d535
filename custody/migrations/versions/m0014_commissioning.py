"""Commissioning: the numbers that were taken for tags, and tags that do not answer."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables, empty; every tag answers until somebody says otherwise."""
    op.add_column("tag", sa.Column("unreadable", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    few = sa.text("unreadable")
    op.create_index("ix_tag_unreadable", "tag", ["carrier"], postgresql_where=few, sqlite_where=few)
    op.create_table(
        "tag_batch",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("number", "kind", "means", "device", "state")),
        sa.Column("by", Int64, nullable=False),
        sa.Column("created_at", Int64, nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "tag_number",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("epc", "batch")),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("carrier", Int64, nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tid", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", Int64, nullable=False),
        sa.PrimaryKeyConstraint("epc"),
    )
    op.create_index("ix_tag_number_batch", "tag_number", ["batch", "line"])
    op.create_index("ix_tag_number_carrier", "tag_number", ["carrier"])
    op.create_table(
        "tag_number_event",
        sa.Column("id", Int64, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("epc", "state", "reason")),
        sa.Column("tid", sa.String(), nullable=True),
        sa.Column("by", Int64, nullable=True),
        sa.Column("at", Int64, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tag_number_event", "tag_number_event", ["epc", "id"])
