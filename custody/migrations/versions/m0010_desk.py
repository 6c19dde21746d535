"""The desk: badges, taps at a desk's reader, and which tap confirmed whom under which act."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables, empty."""
    op.create_table(
        "badge",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("person", Int64, nullable=False),
        sa.Column("given_at", Int64, nullable=False),
        sa.Column("withdrawn_at", Int64, nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("uid"),
    )
    op.create_index("ix_badge_person", "badge", ["person"])
    op.create_table(
        "tap",
        sa.Column("id", Int64, nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("antenna", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("at", Int64, nullable=False),
        sa.Column("received_at", Int64, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tap_reader", "tap", ["reader", "id"])
    op.create_index("ix_tap_uid", "tap", ["uid", "id"])
    op.create_table(
        "badge_use",
        sa.Column("id", Int64, nullable=False),
        sa.Column("tap", Int64, nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("person", Int64, nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("tapped_at", Int64, nullable=False),
        sa.Column("at", Int64, nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tap", name="uq_badge_use_tap"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_badge_use_act", "badge_use", ["act"])
