"""How an installation stands with its backups, from what the audit log says: no folder is looked into."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from custody.scheme import Scheme
from custody.store import audit
from custody.store import schema as t
from custody.store.audit import AuditEvent
from custody.values import DAY, SECOND, Instant

SHOWN = ("backup_made", "backup_rehearsed", "restored", "moved")
LOOKED_AT = 200
_HOUR = 3_600 * SECOND


@dataclass(frozen=True, slots=True)
class Standing:
    """The last good backup, the last rehearsal, and when the next of each is wanted; None where there is none.

    `state`: none (never backed up), bad (the last one rehearsed was not good), old, untried (no rehearsal in time), ok.
    """

    state: str
    made: AuditEvent | None
    rehearsed: AuditEvent | None
    wanted_at: Instant | None
    rehearse_at: Instant | None
    events: tuple[AuditEvent, ...]


def standing(connection: Connection, scheme: Scheme, now: Instant) -> Standing:
    """How it stands now. A backup in which a rehearsal found something wrong is no good one."""
    events = tuple(audit.events(connection, kinds=SHOWN, limit=LOOKED_AT))
    tried = [one for one in events if one.kind == "backup_rehearsed"]
    wrong = {one.detail["sha256"] for one in tried if one.detail["problems"]}
    made = next((one for one in events if one.kind == "backup_made" and one.detail["sha256"] not in wrong), None)
    good = next((one for one in tried if not one.detail["problems"]), None)
    begun = connection.execute(select(func.min(t.ACT.c.entered_at))).scalar()
    since = done_at(made) if made is not None else begun
    wanted_at = None if since is None else since + scheme.number("backup_hours_max") * _HOUR
    first = done_at(good) if good is not None else begun
    rehearse_at = None if first is None else first + scheme.number("rehearsal_days_max") * DAY
    return Standing(_state(tried, made, wanted_at, rehearse_at, now), made, good, wanted_at, rehearse_at, events)


def done_at(event: AuditEvent) -> Instant:
    """When it was done; the event itself bears the time at which the server heard of it."""
    return int(event.detail.get("done_at") or event.at)


def rehearsals(connection: Connection) -> list[AuditEvent]:
    """The rehearsals that the installation has heard of, the newest first."""
    return audit.events(connection, kinds=("backup_rehearsed",), limit=LOOKED_AT)


def _state(
    tried: list[AuditEvent],
    made: AuditEvent | None,
    wanted_at: Instant | None,
    rehearse_at: Instant | None,
    now: Instant,
) -> str:
    if tried and tried[0].detail["problems"]:
        return "bad"
    if made is None:
        return "none"
    if wanted_at is not None and wanted_at < now:
        return "old"
    return "untried" if rehearse_at is not None and rehearse_at < now else "ok"
