"""Saved views: what a person calls the address of a list; tags by their chips."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table, empty, and the index."""
    op.create_table(
        "saved_view",
        sa.Column("id", Int64, nullable=False),
        sa.Column("person", Int64, nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("preferred", sa.Boolean(), nullable=False),
        sa.Column("place_in_row", Int64, nullable=False),
        sa.Column("made_at", Int64, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person", "path", "name", name="uq_saved_view_name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tag_tid", "tag", ["tid"])
