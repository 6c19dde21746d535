"""Tables of the faces: sessions, settings, exports, prints. Times are microseconds since 1970-01-01 UTC."""

from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

import api.covered as _covered  # says how they are covered
from custody.store.tables import Int64

_ = _covered


def _int64(default: Any = ..., **more: Any) -> Any:
    return Field(default=default, sa_type=Int64, **more)


class SessionRow(SQLModel, table=True):
    """A signed-in session, kept on the server so that it can be ended there; only the token's hash is kept."""

    __tablename__ = "session"
    __table_args__ = (Index("ix_session_person", "person"),)
    token_hash: str = Field(primary_key=True)
    person: int = _int64()
    created_at: int = _int64()
    last_seen_at: int = _int64()
    expires_at: int = _int64()
    confirmed_at: int | None = _int64(None)
    """When identity was last freshly confirmed."""
    csrf: str
    address: str = ""
    agent: str = ""
    means: str = Field(default="password", sa_column_kwargs={"server_default": "password"})
    """By what it was opened: password, password_totp, password_recovery."""
    seal: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """What only the server could have written over token, person, times and means: a row made by hand opens nothing."""


class SettingRow(SQLModel, table=True):
    """A setting of this installation that is not configuration."""

    __tablename__ = "setting"
    name: str = Field(primary_key=True)
    value: str


class ExportLogRow(SQLModel, table=True):
    """Who took which rows out, and when."""

    __tablename__ = "export_log"
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    person: int = _int64()
    at: int = _int64()
    name: str
    filters: str = "{}"
    """JSON of the filters."""
    rows: int = _int64()


class PrintLogRow(SQLModel, table=True):
    """Who printed which act's form, when, and which print of it that was (clause 7)."""

    __tablename__ = "print_log"
    __table_args__ = (UniqueConstraint("act", "part", "number", name="uq_print_log_number"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    act: str
    part: int = _int64()
    """The part of a long act; 1 where it is whole."""
    number: int = _int64()
    """First print, second print, … of this part."""
    person: int = _int64()
    at: int = _int64()
    language: str
    copies: int = _int64()
    lines: int = _int64()
    paper_hash: str
    """SHA-256, hexadecimal, of what stood on it."""
    checkpoint: int | None = _int64(None)
    """Size of the checkpoint in its code; none where the ledger's key was not there."""
