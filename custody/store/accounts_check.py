"""Accounts, grants, requests and emergencies held against the audit log: whoever changed a row by hand is told here.

The log's rows are sealed into the ledger, so that they cannot be made to agree afterwards. What is compared is a table:
each row folds its events into what must be kept, and reads what is kept.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from custody.access import Role
from custody.store import audit
from custody.store import schema as t
from custody.store.accounts import digest_of, family_of
from custody.store.audit import AuditEvent
from custody.store.covered import Cover, Means, check, cover

Kept = dict[str, Any]
"""What is kept, or must be: key of a row -> its state."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One table: the events that tell of it, how one event changes what must be kept, and what is kept."""

    table: str
    kinds: frozenset[str]
    fold: Callable[[Kept, AuditEvent], None]
    read: Callable[[Connection], Kept]


def _fold_account(must: Kept, event: AuditEvent) -> None:
    key = str(event.about)
    if event.kind == "account_opened":
        must[key] = {
            "family": event.detail["family"],
            "language": event.detail["language"],
            "created_at": event.at,
            "disabled": False,
        }
        return
    row = must.setdefault(key, {})
    if event.kind in ("account_closed", "account_reopened"):
        row["disabled"] = event.kind == "account_closed"
    elif event.kind == "language_set":
        row["language"] = event.detail["language"]
    elif event.kind == "credential_set" and event.detail.get("what") == "password":
        row["password"] = event.detail["digest"]
        row["must_change"] = event.detail["must_change"]
        row["secret_until_at"] = event.detail["until"]


def _read_accounts(connection: Connection) -> Kept:
    return {
        str(row.person): {
            "family": row.family,
            "language": row.language,
            "created_at": row.created_at,
            "disabled": row.disabled,
            "password": digest_of(row.password_hash),
            "must_change": row.must_change,
            "secret_until_at": row.secret_until_at,
        }
        for row in connection.execute(select(t.ACCOUNT))
    }


def _fold_grant(must: Kept, event: AuditEvent) -> None:
    key = f"{event.about} {event.detail['role']}"
    if event.kind == "role_granted":
        must[key] = {"unit": event.detail["unit"], "family": family_of(Role(str(event.detail["role"])))}
    else:
        must.pop(key, None)


def _read_grants(connection: Connection) -> Kept:
    rows = connection.execute(select(t.GRANT))
    return {f"{row.person} {row.role}": {"unit": row.unit, "family": row.family} for row in rows}


def _fold_row(name: str) -> Callable[[Kept, AuditEvent], None]:
    """Of a table whose every change is told with the digest of the whole row."""

    def fold(must: Kept, event: AuditEvent) -> None:
        must[str(event.detail[name])] = {"row": event.detail["row"]}

    return fold


def _rows(rows: Iterable[Row[Any]]) -> Kept:
    return {str(row.id): {"row": audit.row_digest(dict(row._mapping))} for row in rows}


COMPARED: tuple[Compared, ...] = (
    Compared(
        "account",
        frozenset({"account_opened", "account_closed", "account_reopened", "language_set", "credential_set"}),
        _fold_account,
        _read_accounts,
    ),
    Compared("role_grant", frozenset({"role_granted", "role_revoked"}), _fold_grant, _read_grants),
    Compared(
        "account_request",
        frozenset(f"request_{one}" for one in ("asked", "granted", "declined", "withdrawn", "expired", "collected")),
        _fold_row("request"),
        lambda connection: _rows(connection.execute(select(t.ACCOUNT_REQUEST))),
    ),
    Compared(
        "emergency_grant",
        frozenset({"emergency_begun", "emergency_ended", "emergency_reviewed"}),
        _fold_row("emergency"),
        lambda connection: _rows(connection.execute(select(t.EMERGENCY_GRANT))),
    ),
)
"""Every table of accounts, and what tells of it."""


def differences(connection: Connection) -> list[str]:
    """What the tables say otherwise than the log: one line a row, naming table, row and column. Empty: they agree."""
    found: list[str] = []
    musts: dict[str, Kept] = {compared.table: {} for compared in COMPARED}
    kinds = frozenset[str]().union(*(compared.kinds for compared in COMPARED))
    for event in audit.in_order(connection, kinds):
        for compared in COMPARED:
            if event.kind in compared.kinds:
                try:
                    compared.fold(musts[compared.table], event)
                except (KeyError, ValueError):
                    found.append(f"audit_event {event.id}: does not say what an event of its kind says")
    for compared in COMPARED:
        found += _differ(compared.table, musts[compared.table], compared.read(connection))
    return found


def _differ(table: str, must: Mapping[str, Any], kept: Mapping[str, Any]) -> list[str]:
    found = [f"{table} {key}: gone, though no event took it away" for key in sorted(must.keys() - kept.keys())]
    found += [f"{table} {key}: there, though no event tells of it" for key in sorted(kept.keys() - must.keys())]
    for key in sorted(must.keys() & kept.keys()):
        columns = [name for name, value in kept[key].items() if must[key].get(name) != value]
        if columns:
            found.append(f"{table} {key}: otherwise than the events say ({', '.join(columns)})")
    return found


cover(
    Cover("account", Means.FOLDED, "Every change is an event that says the new state; of the password its digest."),
    Cover("role_grant", Means.FOLDED, "Every role given and taken away is an event."),
    Cover("account_request", Means.FOLDED, "Every change is an event with the digest of the whole row."),
    Cover("emergency_grant", Means.FOLDED, "Every change is an event with the digest of the whole row."),
)
check(differences)
