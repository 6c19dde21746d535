"""Counts kept with the register, the balance's figures at marks of the ledger, both filled; carriers by
kind and level.
"""

import sqlalchemy as sa
from alembic import op

from custody.scheme import LEVELS_DEFAULT
from custody.store.marks import write_marks

revision = "0028"
down_revision = "0027"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_COUNTED = (
    "INSERT INTO carrier_count (place, unit, rank, status, origin, n) "
    "SELECT coalesce(place, 0), unit, rank, status, origin, count(*) FROM carrier "
    "GROUP BY coalesce(place, 0), unit, rank, status, origin"
)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, Int64, nullable=nullable)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _rank() -> sa.Column[int]:
    return sa.Column("rank", sa.Integer(), nullable=False)


def upgrade() -> None:
    """Create the tables, and count."""
    op.create_table(
        "carrier_count",
        *(_number("place"), _number("unit"), _rank(), _text("status"), _text("origin"), _number("n")),
        sa.PrimaryKeyConstraint("place", "unit", "rank", "status", "origin"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "balance_mark",
        *(_number("position"), _rank(), _number("told"), _number("last_event_at", nullable=True)),
        sa.PrimaryKeyConstraint("position"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "balance_sum",
        *(_number("position"), _number("unit"), _text("level"), _text("origin"), _text("status"), _rank()),
        *(_number("stands"), _number("came")),
        sa.PrimaryKeyConstraint("position", "unit", "level", "origin", "status"),
        sqlite_with_rowid=False,
    )
    ended = sa.text("to_sequence IS NOT NULL")
    op.create_index("ix_standing_to", "standing", ["to_sequence"], postgresql_where=ended, sqlite_where=ended)
    op.create_index("ix_carrier_kind", "carrier", ["kind", "control_number", "copy_number"])
    op.create_index("ix_carrier_level", "carrier", ["level", "control_number", "copy_number"])
    op.execute(_COUNTED)
    connection = op.get_bind()
    size = connection.execute(sa.text("SELECT size FROM ledger_state")).scalar() or 0
    write_marks(connection, max(level.rank for level in LEVELS_DEFAULT), 0, size)
