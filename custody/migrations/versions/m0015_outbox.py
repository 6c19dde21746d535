"""The outbox of each device: how full its spool is, as it says with every delivery."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table, empty."""
    op.create_table(
        "outbox",
        sa.Column("device", sa.String(), nullable=False),
        *(
            sa.Column(name, Int64, nullable=False)
            for name in ("told_at", "waiting", "bytes", "bytes_max", "rejected", "lost")
        ),
        sa.PrimaryKeyConstraint("device"),
    )
