"""Tables of trust: the audit log and the disclosure record. Rows are only ever added, and sealed into the ledger.

Apart from the tables of the books because nothing here is folded from entries: these are logs, whose rows are hashed
in batches, and the hash of each batch is a leaf (see `custody.store.sealing`).
"""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field, SQLModel

from custody.store.tables import Int64


def _int64(default: Any = ..., **more: Any) -> Any:
    return Field(default=default, sa_type=Int64, **more)


def _next() -> Any:
    # Never given twice, even where the last row was deleted: see `sqlite_autoincrement` of each table.
    return Field(default=None, primary_key=True, sa_type=Int64)


class AuditEventRow(SQLModel, table=True):
    """Something that the auditor must be able to see: who signed in, who was given what, what was done to the system.

    No business data and no secrets: `detail` is JSON of codes and numbers.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_at", "at"),
        Index("ix_audit_event_kind", "kind", "id"),
        Index("ix_audit_event_about", "about", "id"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = _next()
    at: int = _int64()
    kind: str
    by: int = _int64()
    """Person who did it; 0: the system itself, or nobody known."""
    about: int | None = _int64(None)
    """Person whom it is about."""
    detail: str = "{}"
    address: str = ""


class LookRow(SQLModel, table=True):
    """The disclosure record: who saw a carrier's particulars, when, how (clause 7 of the daily rules, c.1)."""

    __tablename__ = "look"
    __table_args__ = (
        Index("ix_look_carrier", "carrier", "id"),
        Index("ix_look_person", "person", "id"),
        # Was it looked at in this way only just now?
        Index("ix_look_lately", "person", "carrier", "how", "at"),
        Index("ix_look_at", "at", "person", "how"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = _next()
    at: int = _int64()
    person: int = _int64()
    carrier: int = _int64()
    how: str
    """page, api, form, label, list, export, …"""
    detail: str = ""
    """What it was part of: the number of the act that was printed, the name of the export."""


class AccountRequestRow(SQLModel, table=True):
    """What a system administrator asked for an account, and what a security administrator decided of it.

    Every change of a row is told by an audit event with the digest of the row (see `custody.store.accounts_check`).
    """

    __tablename__ = "account_request"
    __table_args__ = (
        CheckConstraint("kind IN ('open', 'grant', 'revoke', 'close', 'reopen', 'reset')", name="ck_request_kind"),
        CheckConstraint("status IN ('asked', 'granted', 'declined', 'withdrawn', 'expired')", name="ck_request_status"),
        CheckConstraint("asked_by <> person", name="ck_request_not_for_oneself"),
        CheckConstraint("decided_by <> person AND decided_by <> asked_by", name="ck_request_two_persons"),
        CheckConstraint(
            "(status IN ('granted', 'declined')) = (decided_by IS NOT NULL)", name="ck_request_decided_by_somebody"
        ),
        Index(
            "uq_account_request_waiting",
            "person",
            "kind",
            "roles",
            unique=True,
            postgresql_where=text("status = 'asked'"),
            sqlite_where=text("status = 'asked'"),
        ),
        Index("ix_account_request_person", "person", "id"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = _next()
    kind: str
    person: int = _int64()
    roles: str = ""
    """Roles, by blanks: those that the account is opened with, or that are given or taken."""
    unit: int | None = _int64(None)
    credentials: str = ""
    """Of a reset, by blanks: password, second_factor."""
    reason: str
    asked_by: int = _int64()
    asked_at: int = _int64()
    status: str = "asked"
    decided_by: int | None = _int64(None)
    decided_at: int | None = _int64(None)
    """When it was decided, withdrawn, or found expired."""
    answer: str = ""
    half_digest: str = ""
    """SHA-256, hexadecimal, of the half of the one-time secret that was shown to whoever decided."""
    collected_at: int | None = _int64(None)
    """When the other half was made and shown to whoever asked."""


class EmergencyGrantRow(SQLModel, table=True):
    """A business role taken by two persons when nobody is there who has it; it ends by itself.

    Every change of a row is told by an audit event with the digest of the row (see `custody.store.accounts_check`).
    """

    __tablename__ = "emergency_grant"
    __table_args__ = (
        ForeignKeyConstraint(["person", "family"], ["account.person", "account.family"], name="fk_emergency_account"),
        CheckConstraint("family = 'business'", name="ck_emergency_family"),
        CheckConstraint("role IN ('clerk', 'meeting_secretary', 'manager')", name="ck_emergency_role"),
        CheckConstraint("confirmed_by <> person", name="ck_emergency_two_persons"),
        CheckConstraint(
            "until_at > from_at AND until_at - from_at <= 86400000000 AND (ended_at IS NULL OR ended_at <= until_at)",
            name="ck_emergency_ends",
        ),
        CheckConstraint("reviewed_by <> person AND reviewed_by <> confirmed_by", name="ck_emergency_reviewed_by_other"),
        CheckConstraint("(reviewed_at IS NULL) = (reviewed_by IS NULL)", name="ck_emergency_reviewed"),
        Index("ix_emergency_grant_until", "until_at"),
        Index("ix_emergency_grant_person", "person", "until_at"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = _next()
    person: int = _int64()
    family: str = "business"
    role: str
    unit: int = _int64()
    reason: str
    confirmed_by: int = _int64()
    from_at: int = _int64()
    until_at: int = _int64()
    ended_at: int | None = _int64(None)
    """Ended by a person before its time."""
    ended_by: int | None = _int64(None)
    reviewed_at: int | None = _int64(None)
    reviewed_by: int | None = _int64(None)
    review: str = ""
    """What the review found."""


class SealRow(SQLModel, table=True):
    """A seal of a log: the leaf `log_sealed` of this sequence, and the salt that is in no export."""

    __tablename__ = "seal"
    __table_args__ = (Index("ix_seal_log", "log", "sequence"),)
    sequence: int = Field(primary_key=True, sa_type=Int64, sa_column_kwargs={"autoincrement": False})
    log: str
    first: int = _int64()
    last: int = _int64()
    count: int = _int64()
    digest: str
    salt: str
    """16 random bytes, hexadecimal: who has the ledger's export cannot guess rows and try them by their digest."""


class RowDigestRow(SQLModel, table=True):
    """What a row (or the rows of one key) of a table that changes was from then on: a log, sealed as the others are."""

    __tablename__ = "row_digest"
    __table_args__ = (Index("ix_row_digest", "of", "key", "id"), {"sqlite_autoincrement": True})
    id: int | None = _next()
    of: str
    """The table."""
    key: str
    """Its key as a JSON array."""
    digest: str
    """SHA-256, hexadecimal, of the canonical bytes; empty: there is none any more."""


class CredentialRow(SQLModel, table=True):
    """What a person proves identity with besides the pass-phrase. `kind`: totp; room for webauthn and certificate.

    Every change is told by an audit event with the digest of `secret` (see `custody.store.credentials`); `step`,
    which only goes up at every use, is not.
    """

    __tablename__ = "credential"
    __table_args__ = (
        CheckConstraint("kind IN ('totp', 'webauthn', 'certificate')", name="ck_credential_kind"),
        Index(
            "uq_credential_totp",
            "person",
            unique=True,
            postgresql_where=text("kind = 'totp' AND confirmed_at IS NOT NULL"),
            sqlite_where=text("kind = 'totp' AND confirmed_at IS NOT NULL"),
        ),
        Index("ix_credential_person", "person", "kind"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = _next()
    person: int = _int64()
    kind: str
    secret: str
    """Sealed with the key of the data folder: who has the database alone has nothing."""
    step: int = _int64(0)
    """The last time step whose code was accepted (a signature counter for other kinds): never accepted again."""
    made_at: int = _int64()
    confirmed_at: int | None = _int64(None)
    """When its owner showed that it works; until then it opens nothing and is asked for nowhere."""


class RecoveryCodeRow(SQLModel, table=True):
    """One of the codes for the day on which the device with the second factor is lost: hashed, used once."""

    __tablename__ = "recovery_code"
    person: int = Field(primary_key=True, sa_type=Int64, sa_column_kwargs={"autoincrement": False})
    digest: str = Field(primary_key=True)
    """SHA-256, hexadecimal. The codes have 120 random bits, so nothing slower is needed."""
    used_at: int | None = _int64(None)


class SignInDelayRow(SQLModel, table=True):
    """Failed attempts to sign in, by what they have in common, and until when the next must wait.

    `lane` is a digest: what was typed as a number may have been a pass-phrase.
    """

    __tablename__ = "sign_in_delay"
    __table_args__ = (Index("ix_sign_in_delay_last", "last_at"),)
    lane: str = Field(primary_key=True)
    failures: int = _int64()
    until_at: int = _int64()
    last_at: int = _int64()


class WitnessRow(SQLModel, table=True):
    """Who may watch the ledger from outside: a name, its public key, the hash of its token.

    Every change is told by an audit event and by the digest of the row.
    """

    __tablename__ = "witness"
    name: str = Field(primary_key=True)
    vkey: str
    """`name+hash+base64` (C2SP tlog-cosignature)."""
    token_hash: str = Field(unique=True)
    """SHA-256, hexadecimal; the token itself was shown once."""
    added_at: int = _int64()
    added_by: int = _int64()
    ended_at: int | None = _int64(None)


class CosignatureRow(SQLModel, table=True):
    """A witness's cosignature of a checkpoint, verified before it was kept (C2SP tlog-cosignature)."""

    __tablename__ = "cosignature"
    __table_args__ = (
        Index("ix_cosignature_size", "size", "id"),
        Index("ix_cosignature_witness", "witness", "id"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = _next()
    witness: str
    size: int = _int64()
    line: str
    """The signature line of the note, without its line feed."""
    witnessed_at: int = _int64()
    """When the witness says that it saw it, by its own clock."""
    received_at: int = _int64()


class LedgerCheckRow(SQLModel, table=True):
    """A whole check of the books: who asked for it, when, up to where, and what it came to."""

    __tablename__ = "ledger_check"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: int | None = _next()
    began_at: int = _int64()
    ended_at: int = _int64()
    by: int = _int64()
    """Person who asked; 0: the schedule."""
    size: int = _int64()
    differences: int = _int64()
    said: str = ""
    """The first differences, a line each: tables and numbers, never values."""
