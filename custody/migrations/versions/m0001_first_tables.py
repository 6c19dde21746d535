"""The first tables: the books, the comparison, the faces. Times are microseconds since 1970-01-01 UTC."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table, and the one row of the empty ledger."""
    _directory()
    _register()
    _ledger()
    _accounts()
    _readers()
    _presence()
    _findings()
    _rounds_and_work()
    _faces()


def _directory() -> None:
    """Units, places, persons."""
    op.create_table(
        "unit",
        sa.Column("id", Int64, autoincrement=False, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("parent", Int64, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    op.create_table(
        "place",
        sa.Column("id", Int64, autoincrement=False, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("parent", Int64, nullable=True),
        sa.Column("rating", sa.String(), nullable=True),
        sa.Column("storage", sa.Boolean(), nullable=False),
        sa.Column("responsible", Int64, nullable=True),
        sa.Column("inside", Int64, nullable=True),
        sa.Column("outside", Int64, nullable=True),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("rating_rank", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    op.create_index(op.f("ix_place_path"), "place", ["path"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", Int64, autoincrement=False, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("name_sort", sa.String(), nullable=False),
        sa.Column("unit", Int64, nullable=True),
        sa.Column("post", sa.String(), nullable=False),
        sa.Column("post_class", sa.String(), nullable=True),
        sa.Column("cleared_from", sa.String(), nullable=False),
        sa.Column("cleared_until", sa.String(), nullable=False),
        sa.Column("left_on", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )


def _register() -> None:
    """Carriers, who may know them, what finds them, their tags."""
    op.create_table(
        "carrier",
        sa.Column("id", Int64, autoincrement=False, nullable=False),
        sa.Column("control_number", sa.String(), nullable=False),
        sa.Column("copy_number", sa.Integer(), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("medium", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("period_kind", sa.String(), nullable=False),
        sa.Column("period_value", sa.String(), nullable=False),
        sa.Column("period_authority", sa.String(), nullable=False),
        sa.Column("unit", Int64, nullable=False),
        sa.Column("classified_on", sa.String(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("determined_by", sa.String(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("issuer_number", sa.String(), nullable=False),
        sa.Column("remark", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("home", Int64, nullable=True),
        sa.Column("place", Int64, nullable=True),
        sa.Column("holder", Int64, nullable=True),
        sa.Column("due_at", Int64, nullable=True),
        sa.Column("since_at", Int64, nullable=False),
        sa.Column("last_sequence", Int64, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("control_number", "copy_number", name="uq_carrier_number"),
    )
    op.create_index("ix_carrier_balance", "carrier", ["status", "origin", "rank"], unique=False)
    op.create_index(
        "ix_carrier_due",
        "carrier",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_carrier_holder", "carrier", ["holder"], unique=False)
    op.create_index("ix_carrier_home", "carrier", ["home"], unique=False)
    op.create_index("ix_carrier_place", "carrier", ["place"], unique=False)
    op.create_index("ix_carrier_status", "carrier", ["status", "control_number", "copy_number"], unique=False)
    op.create_index("ix_carrier_unit", "carrier", ["unit", "control_number", "copy_number"], unique=False)
    op.create_table(
        "carrier_scope",
        sa.Column("principal", sa.String(), nullable=False),
        sa.Column("carrier", Int64, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("principal", "carrier"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_carrier_scope_carrier", "carrier_scope", ["carrier"], unique=False)
    op.create_table(
        "carrier_gram",
        sa.Column("gram", sa.String(), nullable=False),
        sa.Column("carrier", Int64, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("gram", "carrier"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tag",
        sa.Column("epc", sa.String(), nullable=False),
        sa.Column("tid", sa.String(), nullable=True),
        sa.Column("carrier", Int64, nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("epc"),
    )
    op.create_index("ix_tag_carrier", "tag", ["carrier"], unique=False)


def _ledger() -> None:
    """Entries, acts, the frontier of the tree, checkpoints."""
    op.create_table(
        "entry",
        sa.Column("sequence", Int64, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("carrier", Int64, nullable=True),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("by", Int64, nullable=False),
        sa.Column("happened_at", Int64, nullable=False),
        sa.Column("entered_at", Int64, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_index("ix_entry_act", "entry", ["act"], unique=False)
    op.create_index("ix_entry_carrier", "entry", ["carrier", "sequence"], unique=False)
    op.create_table(
        "act",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("by", Int64, nullable=False),
        sa.Column("entered_at", Int64, nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "counter",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("next", Int64, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "ledger_state",
        sa.Column("id", Int64, autoincrement=False, nullable=False),
        sa.Column("size", Int64, nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", Int64, autoincrement=False, nullable=False),
        sa.Column("signed_at", Int64, nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
    ledger_state = sa.table(
        "ledger_state", sa.column("id", Int64), sa.column("size", Int64), sa.column("frontier", sa.LargeBinary)
    )
    op.bulk_insert(ledger_state, [{"id": 1, "size": 0, "frontier": b""}])


def _accounts() -> None:
    """Who may sign in, and as what."""
    op.create_table(
        "account",
        sa.Column("person", Int64, autoincrement=False, nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("created_at", Int64, nullable=False),
        sa.CheckConstraint("family IN ('business', 'administrator')", name="ck_account_family"),
        sa.PrimaryKeyConstraint("person"),
        sa.UniqueConstraint("person", "family", name="uq_account_family"),
    )
    op.create_table(
        "role_grant",
        sa.Column("person", Int64, autoincrement=False, nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("unit", Int64, nullable=True),
        sa.CheckConstraint(
            "(family = 'administrator') = (role IN ('system_administrator', 'security_administrator', 'auditor'))",
            name="ck_grant_family",
        ),
        sa.ForeignKeyConstraint(["person", "family"], ["account.person", "account.family"], name="fk_grant_account"),
        sa.PrimaryKeyConstraint("person", "role"),
    )
    op.create_index(
        "uq_grant_one_administrator",
        "role_grant",
        ["person"],
        unique=True,
        postgresql_where=sa.text("family = 'administrator'"),
        sqlite_where=sa.text("family = 'administrator'"),
    )


def _readers() -> None:
    """Devices, readers and what they sent."""
    op.create_table(
        "device",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.Column("created_at", Int64, nullable=False),
        sa.Column("last_seen_at", Int64, nullable=True),
        sa.PrimaryKeyConstraint("name"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_table(
        "reader",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("title_zh", sa.String(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("enabled_at", Int64, nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("state_at", Int64, nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("firmware", sa.String(), nullable=True),
        sa.Column("clock_offset_us", Int64, nullable=True),
        sa.Column("through_at", Int64, nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "antenna",
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("place", Int64, nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("reader", "number"),
    )
    op.create_index("ix_antenna_place", "antenna", ["place"], unique=False)
    op.create_table(
        "source",
        sa.Column("id", Int64, nullable=False),
        sa.Column("daemon", sa.String(), nullable=False),
        sa.Column("boot", sa.String(), nullable=False),
        sa.Column("acknowledged", Int64, nullable=False),
        sa.Column("ahead", sa.String(), nullable=False),
        sa.Column("first_received_at", Int64, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("daemon", "boot", name="uq_source"),
    )
    op.create_table(
        "sighting",
        sa.Column("id", Int64, nullable=False),
        sa.Column("source", Int64, nullable=False),
        sa.Column("sequence", Int64, nullable=False),
        sa.Column("epc", sa.String(), nullable=False),
        sa.Column("tid", sa.String(), nullable=True),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("antenna", sa.Integer(), nullable=False),
        sa.Column("first_at", Int64, nullable=False),
        sa.Column("last_at", Int64, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("strongest_dbm", sa.Float(), nullable=True),
        sa.Column("mean_dbm", sa.Float(), nullable=True),
        sa.Column("received_at", Int64, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "sequence", name="uq_sighting"),
    )
    op.create_index("ix_sighting_epc", "sighting", ["epc", "last_at"], unique=False)
    op.create_table(
        "coverage",
        sa.Column("id", Int64, nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("antenna", sa.Integer(), nullable=False),
        sa.Column("since_at", Int64, nullable=False),
        sa.Column("through_at", Int64, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_coverage_antenna", "coverage", ["reader", "antenna", "through_at"], unique=False)
    op.create_table(
        "reader_event",
        sa.Column("id", Int64, nullable=False),
        sa.Column("source", Int64, nullable=False),
        sa.Column("sequence", Int64, nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", Int64, nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "sequence", name="uq_reader_event"),
    )
    op.create_index("ix_reader_event", "reader_event", ["reader", "at"], unique=False)


def _presence() -> None:
    """Where each tag was last heard."""
    op.create_table(
        "presence",
        sa.Column("epc", sa.String(), nullable=False),
        sa.Column("place", Int64, nullable=True),
        sa.Column("strength", sa.String(), nullable=False),
        sa.Column("since_at", Int64, nullable=True),
        sa.Column("heard_at", Int64, nullable=False),
        sa.Column("here_at", Int64, nullable=True),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("antenna", sa.Integer(), nullable=False),
        sa.Column("strongest_dbm", sa.Float(), nullable=True),
        sa.Column("reads", sa.Integer(), nullable=False),
        sa.Column("due_at", Int64, nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("epc"),
    )
    op.create_index(
        "ix_presence_due",
        "presence",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_presence_firm",
        "presence",
        ["here_at"],
        unique=False,
        postgresql_where=sa.text("strength <> 'unconfirmed'"),
        sqlite_where=sa.text("strength <> 'unconfirmed'"),
    )
    op.create_index("ix_presence_place", "presence", ["place"], unique=False)
    op.create_table(
        "stay",
        sa.Column("id", Int64, nullable=False),
        sa.Column("epc", sa.String(), nullable=False),
        sa.Column("place", Int64, nullable=False),
        sa.Column("since_at", Int64, nullable=False),
        sa.Column("until_at", Int64, nullable=False),
        sa.Column("reads", sa.Integer(), nullable=False),
        sa.Column("strongest_dbm", sa.Float(), nullable=True),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("antenna", sa.Integer(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_stay_epc", "stay", ["epc", "since_at"], unique=False)


def _findings() -> None:
    """Contradictions, and who was told."""
    op.create_table(
        "finding",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("carrier", Int64, nullable=True),
        sa.Column("epc", sa.String(), nullable=True),
        sa.Column("reader", sa.String(), nullable=True),
        sa.Column("place", Int64, nullable=True),
        sa.Column("person", Int64, nullable=True),
        sa.Column("unit", Int64, nullable=True),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("happened_at", Int64, nullable=False),
        sa.Column("opened_at", Int64, nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owner", Int64, nullable=True),
        sa.Column("due_at", Int64, nullable=True),
        sa.Column("closed_at", Int64, nullable=True),
        sa.Column("closed_by", Int64, nullable=True),
        sa.Column("resolution", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_finding_about", "finding", ["kind", "about"], unique=False)
    op.create_index("ix_finding_carrier", "finding", ["carrier", "kind", "open"], unique=False)
    op.create_index(
        "ix_finding_due",
        "finding",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("open"),
        sqlite_where=sa.text("open"),
    )
    op.create_index("ix_finding_open", "finding", ["open", "urgency", "opened_at"], unique=False)
    op.create_index(
        "uq_finding_open",
        "finding",
        ["kind", "about"],
        unique=True,
        postgresql_where=sa.text("open"),
        sqlite_where=sa.text("open"),
    )
    op.create_table(
        "finding_event",
        sa.Column("id", Int64, nullable=False),
        sa.Column("finding", sa.String(), nullable=False),
        sa.Column("at", Int64, nullable=False),
        sa.Column("by", Int64, nullable=True),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_finding_event", "finding_event", ["finding", "id"], unique=False)
    op.create_table(
        "notice",
        sa.Column("id", Int64, nullable=False),
        sa.Column("person", Int64, nullable=False),
        sa.Column("finding", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", Int64, nullable=False),
        sa.Column("read_at", Int64, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_notice_person", "notice", ["person", "read_at"], unique=False)


def _rounds_and_work() -> None:
    """Sweeps, and the scheduled work."""
    op.create_table(
        "round",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("place", Int64, nullable=False),
        sa.Column("opened_by", Int64, nullable=False),
        sa.Column("opened_at", Int64, nullable=False),
        sa.Column("position", Int64, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("finished_at", Int64, nullable=True),
        sa.Column("signed_by", Int64, nullable=True),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("report_hash", sa.String(), nullable=False),
        sa.Column("report", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "round_expected",
        sa.Column("round", sa.String(), nullable=False),
        sa.Column("carrier", Int64, autoincrement=False, nullable=False),
        sa.Column("expected", sa.String(), nullable=False),
        sa.Column("home", Int64, nullable=True),
        sa.Column("place", Int64, nullable=True),
        sa.Column("holder", Int64, nullable=True),
        sa.PrimaryKeyConstraint("round", "carrier"),
    )
    op.create_table(
        "round_scan",
        sa.Column("id", Int64, nullable=False),
        sa.Column("round", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("means", sa.String(), nullable=False),
        sa.Column("carrier", Int64, nullable=True),
        sa.Column("epc", sa.String(), nullable=True),
        sa.Column("place", Int64, nullable=True),
        sa.Column("at", Int64, nullable=False),
        sa.Column("by", Int64, nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("round", "event", name="uq_round_scan_event"),
    )
    op.create_index("ix_round_scan_carrier", "round_scan", ["carrier"], unique=False)
    op.create_index("ix_round_scan_round", "round_scan", ["round", "id"], unique=False)
    op.create_table(
        "job_slot",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("slot", Int64, autoincrement=False, nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("lease_until", Int64, nullable=False),
        sa.Column("done_at", Int64, nullable=True),
        sa.Column("result", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("job", "slot"),
    )
    op.create_table(
        "cursor",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", Int64, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _faces() -> None:
    """Sessions, settings, exports."""
    op.create_table(
        "session",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("person", Int64, nullable=False),
        sa.Column("created_at", Int64, nullable=False),
        sa.Column("last_seen_at", Int64, nullable=False),
        sa.Column("expires_at", Int64, nullable=False),
        sa.Column("confirmed_at", Int64, nullable=True),
        sa.Column("csrf", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("ix_session_person", "session", ["person"], unique=False)
    op.create_table(
        "setting",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "export_log",
        sa.Column("id", Int64, nullable=False),
        sa.Column("person", Int64, nullable=False),
        sa.Column("at", Int64, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("filters", sa.String(), nullable=False),
        sa.Column("rows", Int64, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
