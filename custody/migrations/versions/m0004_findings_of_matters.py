"""Findings name their matter, notices remind of loans; indexes of what is long in hand, and of what is recalled."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns, empty, and their indexes."""
    op.add_column("finding", sa.Column("matter", Int64, nullable=True))
    for name, default in (("about", "''"), ("finding_kind", "''")):
        op.add_column("notice", sa.Column(name, sa.String(), nullable=False, server_default=sa.text(default)))
    for name in ("carrier", "due_at", "count"):
        op.add_column("notice", sa.Column(name, Int64, nullable=True))
    _index("ix_finding_matter", "finding", ["matter", "kind"], "matter IS NOT NULL")
    _index("uq_notice_about", "notice", ["about", "kind", "person"], "about <> ''", unique=True)
    _index("ix_carrier_in_hand", "carrier", ["since_at"], "holder IS NOT NULL")
    _index("ix_carrier_recalled", "carrier", ["id"], "recalled")


def _index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    clause = sa.text(where)
    op.create_index(name, table, columns, unique=unique, postgresql_where=clause, sqlite_where=clause)
