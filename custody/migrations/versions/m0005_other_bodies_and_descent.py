"""Other bodies with their licences and agreements, what people sign for, descent, intermediates."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables; carriers get the column that says what is an intermediate, empty."""
    op.add_column("carrier", sa.Column("intermediate", sa.String(), nullable=False, server_default=sa.text("''")))
    op.create_table(
        "descent",
        sa.Column("source", Int64, autoincrement=False, nullable=False),
        sa.Column("carrier", Int64, autoincrement=False, nullable=False),
        sa.Column("manner", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("source", "carrier"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_descent_carrier", "descent", ["carrier"])
    _bodies()
    _texts()


def _bodies() -> None:
    """Other bodies, their licences and agreements."""
    op.create_table(
        "organisation",
        sa.Column("id", Int64, autoincrement=False, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("ownership", sa.String(), nullable=False),
        sa.Column("overseas", sa.Boolean(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("remark", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    op.create_table(
        "licence",
        sa.Column("id", Int64, autoincrement=False, nullable=False),
        sa.Column("activity", sa.String(), nullable=False),
        sa.Column("organisation", Int64, nullable=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("number", "issued_by", "level")),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("valid_from", "valid_until")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "agreement",
        sa.Column("id", Int64, autoincrement=False, nullable=False),
        sa.Column("organisation", Int64, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("number", "subject", "level")),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("valid_from", "valid_until", "signed_by")),
        sa.PrimaryKeyConstraint("id"),
    )


def _texts() -> None:
    """What people sign for, and who signed."""
    op.create_table(
        "instruction",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("issued_at", Int64, nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_table(
        "acknowledgement",
        sa.Column("person", Int64, autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("at", Int64, nullable=False),
        sa.Column("text_hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("person", "subject"),
        sqlite_with_rowid=False,
    )
