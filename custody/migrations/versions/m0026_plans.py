"""Where places stand on the drawn plan, and what of the setting up a house said it does not need."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables, empty: until somebody arranges a plan it is drawn by itself."""
    op.create_table(
        "place_plan",
        sa.Column("place", Int64, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("x", "y", "w", "h")),
        sa.Column("floor", sa.String(), nullable=False),
        sa.Column("by", Int64, nullable=False),
        sa.Column("at", Int64, nullable=False),
        sa.PrimaryKeyConstraint("place"),
    )
    op.create_table(
        "setup_waiver",
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("by", Int64, nullable=False),
        sa.Column("at", Int64, nullable=False),
        sa.PrimaryKeyConstraint("item"),
    )
