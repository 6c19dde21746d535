"""Matters with their lines and parties, delegations, responsibilities, queues, and what they add to a carrier."""

import sqlalchemy as sa
from alembic import op

from custody.classification import period_end
from custody.scheme import LEVELS_DEFAULT

revision = "0002"
down_revision = "0001"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables; give carriers and entries their new columns, empty."""
    _carrier()
    _matters()
    _people()


def _carrier() -> None:
    """Columns of the register and the ledger."""
    for column in (
        sa.Column("archive_by", sa.String(), nullable=False, server_default=sa.text("''")),
        sa.Column("secret_until", sa.String(), nullable=False, server_default=sa.text("''")),
        sa.Column("matter", Int64, nullable=True),
        sa.Column("renewals", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("recalled", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column("carrier", column)
    op.create_index("ix_carrier_matter", "carrier", ["matter"])
    for name in ("secret_until", "archive_by"):
        where = sa.text(f"{name} <> ''")
        op.create_index(f"ix_carrier_{name}", "carrier", [name], postgresql_where=where, sqlite_where=where)
    _periods()
    op.add_column("entry", sa.Column("matter", Int64, nullable=True))
    _index_where("ix_entry_matter", "entry", ["matter", "sequence"], "matter IS NOT NULL")
    op.create_table(
        "carrier_queue",
        sa.Column("carrier", Int64, autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person", Int64, nullable=False),
        sa.PrimaryKeyConstraint("carrier", "place"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_carrier_queue_person", "carrier_queue", ["person"])


def _periods() -> None:
    """The day on which each period ends, for what is in the register already."""
    columns = ("id", "level", "period_kind", "period_value", "classified_on", "secret_until")
    carrier = sa.table("carrier", *(sa.column(name) for name in columns))
    connection = op.get_bind()
    rows = connection.execute(sa.select(*(carrier.c[name] for name in columns[:-1]))).all()
    years = {level.code: level.period_years_max for level in LEVELS_DEFAULT}
    found = []
    for row in rows:
        until = period_end(row.period_kind, row.period_value, row.classified_on, years.get(row.level))
        if until:
            found.append({"carrier_id": row.id, "until": until})
    if found:
        change = carrier.update().where(carrier.c.id == sa.bindparam("carrier_id"))
        connection.execute(change.values(secret_until=sa.bindparam("until")), found)


def _index_where(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, postgresql_where=where, sqlite_where=where)


def _matters() -> None:
    """Matters, their lines and parties."""
    op.create_table(
        "matter",
        sa.Column("id", Int64, autoincrement=False, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("unit", Int64, nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("awaited", sa.String(), nullable=False),
        sa.Column("answer_by", Int64, nullable=True),
        sa.Column("opened_by", Int64, nullable=False),
        sa.Column("opened_at", Int64, nullable=False),
        sa.Column("due_at", Int64, nullable=True),
        sa.Column("ended_at", Int64, nullable=True),
        sa.Column("last_sequence", Int64, nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number", name="uq_matter_number"),
    )
    op.create_index("ix_matter_kind", "matter", ["kind", "id"])
    op.create_index("ix_matter_unit", "matter", ["unit"])
    _index_where("ix_matter_open", "matter", ["awaited", "kind", "id"], "ended_at IS NULL")
    _index_where("ix_matter_due", "matter", ["due_at"], "due_at IS NOT NULL AND ended_at IS NULL")
    op.create_table(
        "matter_line",
        sa.Column("matter", Int64, autoincrement=False, nullable=False),
        sa.Column("carrier", Int64, autoincrement=False, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("person", Int64, nullable=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("due_at", Int64, nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("at", Int64, nullable=False),
        sa.Column("sequence", Int64, nullable=False),
        sa.PrimaryKeyConstraint("matter", "carrier"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_matter_line_carrier", "matter_line", ["carrier"])
    op.create_index("ix_matter_line_state", "matter_line", ["matter", "state", "carrier"])
    op.create_index("ix_matter_line_person", "matter_line", ["person"])
    _index_where("ix_matter_line_due", "matter_line", ["due_at"], "due_at IS NOT NULL")
    op.create_table(
        "matter_party",
        sa.Column("person", Int64, autoincrement=False, nullable=False),
        sa.Column("matter", Int64, autoincrement=False, nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("person", "matter", "part"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_matter_party_matter", "matter_party", ["matter"])


def _people() -> None:
    """Delegations and responsibilities."""
    op.create_table(
        "delegation",
        sa.Column("id", Int64, autoincrement=False, nullable=False),
        sa.Column("giver", Int64, nullable=False),
        sa.Column("deputy", Int64, nullable=False),
        sa.Column("permissions", sa.String(), nullable=False),
        sa.Column("from_at", Int64, nullable=False),
        sa.Column("until_at", Int64, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_delegation_deputy", "delegation", ["deputy"])
    op.create_table(
        "responsibility",
        sa.Column("place", Int64, autoincrement=False, nullable=False),
        sa.Column("person", Int64, nullable=False),
        sa.Column("accepted_at", Int64, nullable=False),
        sa.PrimaryKeyConstraint("place"),
    )
