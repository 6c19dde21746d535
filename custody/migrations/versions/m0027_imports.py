"""Imports that were entered, with their acts; which columns people took for what."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, Int64, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def upgrade() -> None:
    """Create the tables, empty: what was imported before stands in the ledger, act by act."""
    op.create_table(
        "import_run",
        *(_number("id"), _number("person"), _number("at"), _text("waiting"), _text("digest")),
        *(_number("rows"), _number("carriers"), _number("unchanged"), _text("acts")),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("waiting"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "import_mapping",
        *(_number("id"), _number("person"), _text("name"), _text("headers"), _text("columns"), _number("at")),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person", "name", name="uq_import_mapping_name"),
        sqlite_autoincrement=True,
    )
