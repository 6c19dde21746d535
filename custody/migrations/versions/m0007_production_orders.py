"""Production orders: the copy numbers that they hold, the labels given out for them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables, empty: there was no order before."""
    op.create_table(
        "number_block",
        sa.Column("matter", Int64, autoincrement=False, nullable=False),
        sa.Column("control_number", sa.String(), nullable=False),
        sa.Column("first_copy", sa.Integer(), nullable=False),
        sa.Column("last_copy", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("matter"),
    )
    op.create_index("ix_number_block_number", "number_block", ["control_number"])
    op.create_table(
        "allotted_label",
        sa.Column("epc", sa.String(), nullable=False),
        sa.Column("matter", Int64, nullable=False),
        sa.PrimaryKeyConstraint("epc"),
    )
    op.create_index("ix_allotted_label_matter", "allotted_label", ["matter"])
