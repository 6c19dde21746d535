"""The devices that may send, by tokens of which only the hash is kept: admitted, given another token, revoked.

Every change is told by an audit event in the same transaction, so that `differences` finds a row that was changed
behind the product's back. A token opens what devices send (the intake, a handheld's reads) and nothing else.
"""

import hashlib
from dataclasses import dataclass

from sqlalchemy import insert, or_, select, update

from custody.store import audit
from readers.sighting import Instant
from reconcile.store.core import DEVICE, Connection


class DeviceExists(ValueError):
    """A device of this name, or of this token, is known already."""


class DeviceUnknown(LookupError):
    """There is no such device, or it was revoked."""


@dataclass(frozen=True, slots=True)
class Device:
    """An edge daemon that may send, as the page lists it. `old_until_at`: until when its former token is taken too."""

    name: str
    revoked: bool
    created_at: Instant
    last_seen_at: Instant | None
    token_at: Instant | None
    old_until_at: Instant | None


_D = DEVICE.c


def token_hash(token: str) -> str:
    """What is kept of a device's token: SHA-256, hexadecimal. Tokens are random, so nothing slower is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def device_for_token(connection: Connection, hashed: str, now: Instant) -> str | None:
    """Name of the device with this `token_hash`, or until its time is over the one before; None: unknown, revoked."""
    fits = _D.token_hash == hashed
    before = (_D.old_token_hash == hashed) & (_D.old_until_at > now)
    wanted = select(_D.name).where(or_(fits, before), _D.revoked.is_(False))
    return connection.execute(wanted).scalar_one_or_none()


def create_device(connection: Connection, name: str, hashed: str, now: Instant, *, by: int = 0) -> None:
    """Admit a device. Raises DeviceExists; a revoked name is not given again, or its evidence would be two's."""
    if connection.execute(select(_D.name).where(_D.name == name)).first() or _is_known(connection, hashed):
        raise DeviceExists(f"a device {name!r}, or one with this token, exists already; choose another name")
    if not name.strip() or ":" in name:
        raise ValueError(f"{name!r} cannot name a device: not empty, and without a colon")
    row = {"name": name, "token_hash": hashed, "revoked": False, "created_at": now, "token_at": now}
    connection.execute(insert(DEVICE).values(row))
    audit.note(connection, "device_admitted", now, by=by, detail={"device": name, "digest": hashed})


def rotate_device(
    connection: Connection, name: str, hashed: str, now: Instant, old_until_at: Instant, *, by: int = 0
) -> None:
    """Another token for a device; its present one is taken until `old_until_at`. Raises DeviceUnknown, DeviceExists."""
    if _is_known(connection, hashed):
        raise DeviceExists("a device with this token exists already")
    wanted = select(_D.token_hash).where(_D.name == name, _D.revoked.is_(False)).with_for_update()
    old = connection.execute(wanted).scalar_one_or_none()
    if old is None:
        raise DeviceUnknown(f"there is no device {name!r}, or it was revoked")
    values = {"token_hash": hashed, "token_at": now, "old_token_hash": old, "old_until_at": old_until_at}
    connection.execute(update(DEVICE).where(_D.name == name).values(values))
    detail = {"device": name, "digest": hashed, "old": old, "until": old_until_at}
    audit.note(connection, "device_rotated", now, by=by, detail=detail)


def revoke_device(connection: Connection, name: str, now: Instant, *, by: int = 0) -> bool:
    """Admit nothing more of a device, by either token. Whether it was admitted until now."""
    admitted = update(DEVICE).where(_D.name == name, _D.revoked.is_(False))
    if connection.execute(admitted.values(revoked=True, old_token_hash="", old_until_at=None)).rowcount != 1:
        return False
    audit.note(connection, "device_revoked", now, by=by, detail={"device": name})
    return True


def _is_known(connection: Connection, hashed: str) -> bool:
    known = select(_D.name).where((_D.token_hash == hashed) | (_D.old_token_hash == hashed))
    return connection.execute(known).first() is not None


def devices(connection: Connection) -> list[Device]:
    """All devices, by name."""
    columns = [_D[name] for name in Device.__slots__]
    return [Device(*row) for row in connection.execute(select(*columns).order_by(_D.name))]


_KINDS = ("device_admitted", "device_rotated", "device_revoked")
_Stands = dict[str, object]
"""Columns of a device, but for when it was last heard of."""


def _told(connection: Connection) -> dict[str, _Stands]:
    """What the audit log says of each device."""
    found: dict[str, _Stands] = {}
    for event in audit.in_order(connection, _KINDS):
        detail, at = event.detail, event.at
        stands = found.setdefault(str(detail["device"]), {})
        if event.kind == "device_admitted":
            stands |= {"token_hash": detail["digest"], "created_at": at, "revoked": False}
            stands |= {"token_at": at, "old_token_hash": "", "old_until_at": None}
        elif event.kind == "device_rotated":
            stands |= {"token_hash": detail["digest"], "token_at": at}
            stands |= {"old_token_hash": detail["old"], "old_until_at": detail["until"]}
        else:
            stands |= {"revoked": True, "old_token_hash": "", "old_until_at": None}
    return found


def differences(connection: Connection) -> list[str]:
    """Where the devices are not what the audit log says; in words, a line each."""
    told = _told(connection)
    kept: dict[str, _Stands] = {}
    for row in connection.execute(select(DEVICE)).mappings():
        kept[row["name"]] = {name: row[name] for name in row if name not in ("name", "last_seen_at")}
    return [
        f"device {name}: the table and the audit log differ"
        for name in sorted(told.keys() | kept.keys())
        if told.get(name) != kept.get(name)
    ]
