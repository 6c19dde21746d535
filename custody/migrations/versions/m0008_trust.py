"""Trust: the audit log, the disclosure record."""

import hashlib
import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables, empty."""
    op.create_table(
        "audit_event",
        sa.Column("id", Int64, nullable=False),
        sa.Column("at", Int64, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("by", Int64, nullable=False),
        sa.Column("about", Int64, nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_event_at", "audit_event", ["at"])
    op.create_index("ix_audit_event_kind", "audit_event", ["kind", "id"])
    op.create_index("ix_audit_event_about", "audit_event", ["about", "id"])
    op.create_table(
        "look",
        sa.Column("id", Int64, nullable=False),
        sa.Column("at", Int64, nullable=False),
        sa.Column("person", Int64, nullable=False),
        sa.Column("carrier", Int64, nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_look_carrier", "look", ["carrier", "id"])
    op.create_index("ix_look_person", "look", ["person", "id"])
    op.create_index("ix_look_lately", "look", ["person", "carrier", "how", "at"])
    op.create_index("ix_look_at", "look", ["at", "person", "how"])
    _kinds_of_notices()
    _signing_in()
    _seals()
    _account_columns()
    _account_requests()
    _emergency_grants()
    _witnesses()
    _accounts_as_they_are()
    _devices_as_they_are()


def _kinds_of_notices() -> None:
    """Each notice says itself of which kind its finding is: whoever got it need not be one who sees the finding."""
    notice = sa.table("notice", sa.column("finding"), sa.column("finding_kind"))
    finding = sa.table("finding", sa.column("number"), sa.column("kind"))
    kind = sa.select(finding.c.kind).where(finding.c.number == notice.c.finding).scalar_subquery()
    known = sa.exists().where(finding.c.number == notice.c.finding)
    op.execute(notice.update().where(notice.c.finding_kind == "", known).values(finding_kind=kind))


def _signing_in() -> None:
    """Second factors, recovery codes, delays; by which means a session was opened; two tokens while one is changed."""
    op.create_table(
        "credential",
        sa.Column("id", Int64, nullable=False),
        sa.Column("person", Int64, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("step", Int64, nullable=False),
        sa.Column("made_at", Int64, nullable=False),
        sa.Column("confirmed_at", Int64, nullable=True),
        sa.CheckConstraint("kind IN ('totp', 'webauthn', 'certificate')", name="ck_credential_kind"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    one_each = sa.text("kind = 'totp' AND confirmed_at IS NOT NULL")
    op.create_index(
        "uq_credential_totp",
        "credential",
        ["person"],
        unique=True,
        postgresql_where=one_each,
        sqlite_where=one_each,
    )
    op.create_index("ix_credential_person", "credential", ["person", "kind"])
    op.create_table(
        "recovery_code",
        sa.Column("person", Int64, autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("used_at", Int64, nullable=True),
        sa.PrimaryKeyConstraint("person", "digest"),
    )
    op.create_table(
        "sign_in_delay",
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("failures", Int64, nullable=False),
        sa.Column("until_at", Int64, nullable=False),
        sa.Column("last_at", Int64, nullable=False),
        sa.PrimaryKeyConstraint("lane"),
    )
    op.create_index("ix_sign_in_delay_last", "sign_in_delay", ["last_at"])
    op.add_column("session", sa.Column("means", sa.String(), nullable=False, server_default="password"))
    op.add_column("session", sa.Column("seal", sa.String(), nullable=False, server_default=sa.text("''")))
    for column in (
        sa.Column("old_token_hash", sa.String(), nullable=False, server_default=sa.text("''")),
        sa.Column("old_until_at", Int64, nullable=True),
        sa.Column("token_at", Int64, nullable=True),
    ):
        op.add_column("device", column)


def _account_columns() -> None:
    """Until when a one-time secret holds, and that it must be changed."""
    op.add_column("account", sa.Column("must_change", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("account", sa.Column("secret_until_at", Int64, nullable=True))


def _account_requests() -> None:
    """What was asked for an account, and what was decided."""
    op.create_table(
        "account_request",
        sa.Column("id", Int64, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("person", Int64, nullable=False),
        sa.Column("roles", sa.String(), nullable=False),
        sa.Column("unit", Int64, nullable=True),
        sa.Column("credentials", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_by", Int64, nullable=False),
        sa.Column("asked_at", Int64, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("decided_by", Int64, nullable=True),
        sa.Column("decided_at", Int64, nullable=True),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("half_digest", sa.String(), nullable=False),
        sa.Column("collected_at", Int64, nullable=True),
        sa.CheckConstraint("kind IN ('open', 'grant', 'revoke', 'close', 'reopen', 'reset')", name="ck_request_kind"),
        sa.CheckConstraint(
            "status IN ('asked', 'granted', 'declined', 'withdrawn', 'expired')", name="ck_request_status"
        ),
        sa.CheckConstraint("asked_by <> person", name="ck_request_not_for_oneself"),
        sa.CheckConstraint("decided_by <> person AND decided_by <> asked_by", name="ck_request_two_persons"),
        sa.CheckConstraint(
            "(status IN ('granted', 'declined')) = (decided_by IS NOT NULL)", name="ck_request_decided_by_somebody"
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_account_request_waiting",
        "account_request",
        ["person", "kind", "roles"],
        unique=True,
        postgresql_where=sa.text("status = 'asked'"),
        sqlite_where=sa.text("status = 'asked'"),
    )
    op.create_index("ix_account_request_person", "account_request", ["person", "id"])


def _emergency_grants() -> None:
    """Roles taken by two persons for some hours."""
    op.create_table(
        "emergency_grant",
        sa.Column("id", Int64, nullable=False),
        sa.Column("person", Int64, nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("unit", Int64, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("confirmed_by", Int64, nullable=False),
        sa.Column("from_at", Int64, nullable=False),
        sa.Column("until_at", Int64, nullable=False),
        sa.Column("ended_at", Int64, nullable=True),
        sa.Column("ended_by", Int64, nullable=True),
        sa.Column("reviewed_at", Int64, nullable=True),
        sa.Column("reviewed_by", Int64, nullable=True),
        sa.Column("review", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person", "family"], ["account.person", "account.family"], name="fk_emergency_account"
        ),
        sa.CheckConstraint("family = 'business'", name="ck_emergency_family"),
        sa.CheckConstraint("role IN ('clerk', 'meeting_secretary', 'manager')", name="ck_emergency_role"),
        sa.CheckConstraint("confirmed_by <> person", name="ck_emergency_two_persons"),
        sa.CheckConstraint(
            "until_at > from_at AND until_at - from_at <= 86400000000 AND (ended_at IS NULL OR ended_at <= until_at)",
            name="ck_emergency_ends",
        ),
        sa.CheckConstraint(
            "reviewed_by <> person AND reviewed_by <> confirmed_by", name="ck_emergency_reviewed_by_other"
        ),
        sa.CheckConstraint("(reviewed_at IS NULL) = (reviewed_by IS NULL)", name="ck_emergency_reviewed"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_emergency_grant_until", "emergency_grant", ["until_at"])
    op.create_index("ix_emergency_grant_person", "emergency_grant", ["person", "until_at"])


def _witnesses() -> None:
    """Who watches the ledger, what they cosigned, whole checks; and the frontier beside each checkpoint."""
    op.add_column("checkpoint", sa.Column("frontier", sa.LargeBinary(), nullable=True))
    op.create_table(
        "witness",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("vkey", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("added_at", Int64, nullable=False),
        sa.Column("added_by", Int64, nullable=False),
        sa.Column("ended_at", Int64, nullable=True),
        sa.PrimaryKeyConstraint("name"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_table(
        "cosignature",
        sa.Column("id", Int64, nullable=False),
        sa.Column("witness", sa.String(), nullable=False),
        sa.Column("size", Int64, nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("witnessed_at", Int64, nullable=False),
        sa.Column("received_at", Int64, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_cosignature_size", "cosignature", ["size", "id"])
    op.create_index("ix_cosignature_witness", "cosignature", ["witness", "id"])
    op.create_table(
        "ledger_check",
        sa.Column("id", Int64, nullable=False),
        sa.Column("began_at", Int64, nullable=False),
        sa.Column("ended_at", Int64, nullable=False),
        sa.Column("by", Int64, nullable=False),
        sa.Column("size", Int64, nullable=False),
        sa.Column("differences", Int64, nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )


def _accounts_as_they_are() -> None:
    """Say in the audit log what stands already, so that from here on every change must be told there."""
    connection = op.get_bind()
    accounts = connection.execute(
        sa.text("SELECT person, family, password_hash, disabled, language, created_at FROM account ORDER BY person")
    ).all()
    for row in accounts:
        digest = hashlib.sha256(row.password_hash.encode()).hexdigest()
        set_so = {"digest": digest, "must_change": False, "until": None, "what": "password"}
        _noted(connection, row, "account_opened", {"family": row.family, "language": row.language})
        _noted(connection, row, "credential_set", set_so)
        grants = sa.text("SELECT role, unit FROM role_grant WHERE person = :person ORDER BY role")
        for role, unit in connection.execute(grants, {"person": row.person}).all():
            _noted(connection, row, "role_granted", {"role": role, "unit": unit})
        if row.disabled:
            _noted(connection, row, "account_closed", {})


def _devices_as_they_are() -> None:
    """The same of the devices."""
    connection = op.get_bind()
    connection.execute(sa.text("UPDATE device SET token_at = created_at"))
    noted = sa.text(
        "INSERT INTO audit_event (at, kind, by, about, detail, address) VALUES (:at, :kind, 0, NULL, :detail, '')"
    )
    found = connection.execute(sa.text("SELECT name, token_hash, revoked, created_at FROM device ORDER BY name")).all()
    for row in found:
        events = [("device_admitted", {"device": row.name, "digest": row.token_hash})]
        events += [("device_revoked", {"device": row.name})] if row.revoked else []
        for kind, detail in events:
            kept = json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            connection.execute(noted, {"at": row.created_at, "kind": kind, "detail": kept})


def _noted(connection: sa.Connection, account: sa.Row, kind: str, detail: dict[str, object]) -> None:
    kept = json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    connection.execute(
        sa.text(
            "INSERT INTO audit_event (at, kind, by, about, detail, address) VALUES (:at, :kind, 0, :about, :detail, '')"
        ),
        {"at": account.created_at, "kind": kind, "about": account.person, "detail": kept},
    )


def _seals() -> None:
    """Seals of the logs; digests of rows that change, begun for those that are there."""
    op.create_table(
        "seal",
        sa.Column("sequence", Int64, autoincrement=False, nullable=False),
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("first", Int64, nullable=False),
        sa.Column("last", Int64, nullable=False),
        sa.Column("count", Int64, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_index("ix_seal_log", "seal", ["log", "sequence"])
    op.create_table(
        "row_digest",
        sa.Column("id", Int64, nullable=False),
        sa.Column("of", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_row_digest", "row_digest", ["of", "key", "id"])
    for table, keys, columns in _DIGESTED:
        _begin(table, keys, columns)


_ROUND = ("number", "kind", "place", "opened_by", "opened_at", "position", "state", "finished_at", "signed_by", "act")
_FINDING = ("number", "kind", "about", "carrier", "epc", "reader", "place", "person", "unit", "matter", "urgency")
_CLOSED = ("closed_at", "closed_by", "resolution")
_DIGESTED = (
    (
        "finding",
        ("number",),
        (*_FINDING, "happened_at", "opened_at", "open", "state", "owner", "due_at", *_CLOSED, "evidence"),
    ),
    ("round", ("number",), (*_ROUND, "report_hash", "report", "reason")),
    ("round_expected", ("round",), ("round", "carrier", "expected", "home", "place", "holder")),
    ("reader", ("name",), ("name", "title_zh", "title_en", "enabled", "enabled_at")),
    ("antenna", ("reader", "number"), ("reader", "number", "place", "role")),
)
"""Table, its key, the columns that are digested: as `custody.store.digests` has them from this version on."""
_TRUTHS = frozenset({"open", "enabled"})


def _begin(table: str, keys: tuple[str, ...], columns: tuple[str, ...]) -> None:
    """The first digests of what is there."""
    connection = op.get_bind()
    at = sa.table(table, *(sa.column(name, sa.Boolean() if name in _TRUTHS else None) for name in columns))
    order = [at.c[name] for name in (*keys, *(("carrier",) if table == "round_expected" else ()))]
    found: dict[str, Any] = {}
    for row in connection.execute(sa.select(at).order_by(*order)):
        key = json.dumps([getattr(row, name) for name in keys], ensure_ascii=False, separators=(",", ":"))
        line = json.dumps(dict(row._mapping), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        found.setdefault(key, hashlib.sha256()).update(line.encode() + b"\n")
    rows = [{"of": table, "key": key, "digest": digest.hexdigest()} for key, digest in found.items()]
    log = sa.table("row_digest", sa.column("of"), sa.column("key"), sa.column("digest"))
    for start in range(0, len(rows), 1_000):
        connection.execute(log.insert(), rows[start : start + 1_000])
