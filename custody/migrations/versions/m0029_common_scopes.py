"""Counts of the register know whom the scopes name in common: counted anew."""

import sqlalchemy as sa
from alembic import op

from custody.store.carrier_counts import count_all

revision = "0029"
down_revision = "0028"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, Int64, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def upgrade() -> None:
    """Make the counts again, with the scopes."""
    op.drop_table("carrier_count")
    op.create_table(
        "carrier_count",
        *(_number("place"), _number("unit"), sa.Column("rank", sa.Integer(), nullable=False)),
        *(_text("status"), _text("origin"), _number("scope"), _number("n")),
        sa.PrimaryKeyConstraint("place", "unit", "rank", "status", "origin", "scope"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "common_scope",
        *(_number("scope"), _text("principal")),
        sa.PrimaryKeyConstraint("scope", "principal"),
        sqlite_with_rowid=False,
    )
    count_all(op.get_bind())
