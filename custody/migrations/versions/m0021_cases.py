"""Cases: findings of one cause, what is done about them, and what is laid to them."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str) -> sa.Column:
    return sa.Column(name, sa.String(), nullable=False)


def _number(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, Int64, nullable=nullable)


def upgrade() -> None:
    """Create the tables, empty. What is open, and was not escalated yet, goes on when its time has passed."""
    op.add_column("finding", sa.Column("escalates_at", Int64, nullable=True))
    op.execute(
        "UPDATE finding SET escalates_at = due_at WHERE open AND NOT EXISTS (SELECT 1 FROM finding_event e"
        " WHERE e.finding = finding.number AND e.what = 'escalated')"
    )
    still_open = sa.text("open")
    op.create_index(
        "ix_finding_escalates", "finding", ["escalates_at"], postgresql_where=still_open, sqlite_where=still_open
    )
    op.create_table(
        "finding_case",
        *(_text(name) for name in ("number", "cause", "about")),
        _number("opened_at"),
        _text("state"),
        *(_number(name, True) for name in ("owner", "deputy", "due_at", "closed_at", "closed_by")),
        _text("act"),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_finding_case_about", "finding_case", ["cause", "about"])
    op.create_index("ix_finding_case_closed", "finding_case", ["closed_at"])
    op.create_table(
        "case_member",
        *(_text(name) for name in ("finding", "case_number")),
        _number("joined_at"),
        _number("by", True),
        sa.Column("grave", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("finding"),
    )
    op.create_index("ix_case_member_case", "case_member", ["case_number"])
    op.create_table(
        "case_event",
        _number("id"),
        _text("case_number"),
        _number("at"),
        _number("by", True),
        *(_text(name) for name in ("what", "note", "detail")),
        sa.Column("rank", sa.Integer(), nullable=False),
        _text("seen"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_case_event", "case_event", ["case_number", "id"])
    op.create_table(
        "case_file",
        _number("id"),
        _text("case_number"),
        _number("at"),
        _number("by"),
        *(_text(name) for name in ("name", "media")),
        _number("size"),
        *(_text(name) for name in ("sha256", "note")),
        sa.Column("rank", sa.Integer(), nullable=False),
        _text("seen"),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_case_file", "case_file", ["case_number", "id"])
