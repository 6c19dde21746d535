"""How the running server hears of backups: the command beside it has the database for reading only, and leaves a note
in the data folder, which the server takes into the audit log, each once.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import select

from custody.database import Database
from custody.store import audit
from custody.store import schema as t
from custody.values import Instant

NOTED = "backups.noted"
KINDS = ("backup_made", "backup_rehearsed")
_KNOWN = 500
"""So many of a kind are looked through for the same note."""


def note(folder: Path, kind: str, at: Instant, detail: Mapping[str, str | int | bool | None]) -> None:
    """Leave a note of what was done, on the disk when this returns."""
    line = json.dumps({"kind": kind, "detail": {**detail, "done_at": at}}, ensure_ascii=False, sort_keys=True)
    while not _added(folder / NOTED, f"{line}\n"):
        pass  # the server took the file away in this moment: the note goes into a new one


def _added(path: Path, line: str) -> bool:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        fcntl.flock(out.fileno(), fcntl.LOCK_EX)
        try:
            if not os.path.samestat(os.fstat(out.fileno()), path.stat()):
                return False
        except FileNotFoundError:
            return False
        out.write(line)
        out.flush()
        os.fsync(out.fileno())
    return True


def take_in(folder: Path, database: Database, now: Instant) -> int:
    """Bring the notes into the audit log; how many there were. The file goes when they are in the database.

    An event bears the time at which it came into the log; when it was done stands in it.
    """
    taken = folder / f"{NOTED}.taken"
    if not taken.exists():
        try:
            (folder / NOTED).rename(taken)
        except FileNotFoundError:
            return 0
    with taken.open(encoding="utf-8") as lines:
        # Whoever is still writing into it ends first.
        fcntl.flock(lines.fileno(), fcntl.LOCK_EX)
        found = [one for one in map(_read, lines.read().splitlines()) if one is not None]
    with database.writing() as connection:
        c = t.AUDIT_EVENT.c
        for kind, detail in found:
            # The same note twice: the server died between the database and the file, or its word came twice.
            known = select(c.detail).where(c.kind == kind).order_by(c.id.desc()).limit(_KNOWN)
            if detail not in [json.loads(one) for one in connection.execute(known).scalars()]:
                audit.note(connection, kind, now, detail=detail)
    taken.unlink(missing_ok=True)
    return len(found)


def _read(line: str) -> tuple[str, dict[str, str | int | bool | None]] | None:
    """A note; None for a line that was cut off when its writer died, or is none of ours."""
    try:
        found = json.loads(line)
        kind, detail = str(found["kind"]), dict(found["detail"])
    except (ValueError, KeyError, TypeError):
        return None
    return (kind, detail) if kind in KINDS else None
