"""The audit log: what the auditor must be able to see. Rows are only ever added, in the transaction of what they tell.

Kinds are listed here, once each, with what their `detail` holds. No business data, no secrets, no titles.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from custody.store import schema as t
from custody.values import Instant

Detail = Mapping[str, str | int | bool | None]

KINDS: Mapping[str, str] = {
    # kind: what `detail` holds
    "signed_in": "means (password, password_totp, password_recovery)",
    "sign_in_failed": "reason (unknown, password, code, closed, expired, untold); about: whose account, if it is one",
    "signed_out": "",
    "session_ended": "how (own, administrator, time, renewed), sessions",
    "account_opened": "family, language",
    "account_closed": "",
    "account_reopened": "",
    "role_granted": "role, unit",
    "role_revoked": "role",
    "language_set": "language",
    "credential_removed": "what (totp, recovery)",
    "recovery_used": "digest of the code",
    "device_admitted": "device, digest of the token",
    "device_rotated": "device, digest, old digest, until",
    "device_revoked": "device",
    "reader_probed": "host, port, outcome (answered, busy, nobody, not_llrp)",
    "credential_set": "what (password, totp, recovery), digest; of a password must_change, until; of totp credential",
    "request_asked": "request, request_kind, roles, unit, credentials, row (digest of the request as it stands)",
    "request_granted": "request, row",
    "request_declined": "request, row",
    "request_withdrawn": "request, row",
    "request_expired": "request, row",
    "request_collected": "request, row: the other half of a one-time secret was made and shown",
    "emergency_begun": "emergency, role, unit, until, confirmed_by, row",
    "emergency_ended": "emergency, row: ended before its time",
    "emergency_reviewed": "emergency, row",
    "reset_started": "what",
    "csp_report": "directive, blocked (kind of thing), page (template of its address), line",
    "witness_added": "name, vkey, token (digest)",
    "witness_ended": "name",
    "ledger_key_rotated": "old, new (digests of the public keys), entry",
    "ledger_key_replaced": "old, new (digests of the public keys), entry",
    "ledger_checked": "size, differences",
    "backup_made": "name, size (position), rows, bytes, sha256, recipients, deleted (older ones), done_at",
    "backup_rehearsed": "name, size (position), sha256, problems (how many), done_at",
    "restored": "name, size (position), made_at, sha256, rolled_back_from (position of a later checkpoint), sessions",
    "moved": "from, to (engine), size (position)",
    "reads_uploaded": "device (a handheld), upload, reads, digest of the content",
    "reads_withdrawn": "upload",
    "mail_address_set": "set (whether there is one now); never the address",
    "report_subscription": "what (subscribed, paused, resumed, ended), report, every",
    "job_asked": "job: done now, beside the clock",
    "plan_arranged": "place (whose plan), boxes (how many were put; 0: laid out by itself again)",
    "setup_waived": "item (a step of the setting up), waived (said not to be needed, or needed after all)",
    "clock_went_back": "record_at (a time that the record bears already), seconds (by how much at least)",
}
"""Kinds of event. Whoever adds one adds its line, and its words in the catalogue (`audit.<kind>`)."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One event as it is kept."""

    id: int
    at: Instant
    kind: str
    by: int
    about: int | None
    detail: Detail
    address: str


def note(
    connection: Connection,
    kind: str,
    at: Instant,
    *,
    by: int = 0,
    about: int | None = None,
    detail: Detail | None = None,
    address: str = "",
) -> None:
    """Add an event, in the caller's transaction. Raises ValueError for an unknown kind."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of audit event; they are listed in custody.store.audit")
    kept = json.dumps(dict(detail or {}), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    row = {"at": at, "kind": kind, "by": by, "about": about, "detail": kept, "address": address[:100]}
    connection.execute(t.AUDIT_EVENT.insert().values(row))


def row_digest(row: Mapping[str, object]) -> str:
    """SHA-256, hexadecimal, over every column of a row by name: what an event says of a row that may hold words."""
    # Whoever tampers may put anything into a column of SQLite.
    kept = json.dumps(dict(row), ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=repr)
    return hashlib.sha256(kept.encode("utf-8", "surrogatepass")).hexdigest()


def events(
    connection: Connection,
    *,
    before: int | None = None,
    kinds: Collection[str] = (),
    about: int | None = None,
    person: int | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    limit: int = 100,
) -> list[AuditEvent]:
    """Events, newest first, below the identifier `before`; `person`: by him or about him; `until` not included."""
    c = t.AUDIT_EVENT.c
    query = select(t.AUDIT_EVENT).order_by(c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(c.id < before)
    if kinds:
        query = query.where(c.kind.in_(sorted(kinds)))
    if about is not None:
        query = query.where(c.about == about)
    if person is not None:
        query = query.where((c.by == person) | (c.about == person))
    if since is not None:
        query = query.where(c.at >= since)
    if until is not None:
        query = query.where(c.at < until)
    return [_event(row) for row in connection.execute(query)]


def in_order(connection: Connection, kinds: Collection[str]) -> Iterator[AuditEvent]:
    """Every event of these kinds, the oldest first."""
    c = t.AUDIT_EVENT.c
    query = select(t.AUDIT_EVENT).where(c.kind.in_(sorted(kinds))).order_by(c.id)
    with connection.execute(query.execution_options(yield_per=1_000)) as rows:
        for row in rows:
            try:
                found = _event(row)
            except ValueError:  # changed by hand: the seals tell it, and whoever folds goes on
                found = AuditEvent(row.id, row.at, row.kind, row.by, row.about, {}, row.address)
            yield found


def _event(row: Row[Any]) -> AuditEvent:
    return AuditEvent(row.id, row.at, row.kind, row.by, row.about, json.loads(row.detail), row.address)
