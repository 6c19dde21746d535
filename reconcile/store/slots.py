"""Slots of scheduled jobs: each is done once, however many servers run and whatever dies.

A slot is claimed by lease. Done slots are never claimed again; a lease that ran out undone may be taken over. A
job must finish well within its lease: `finish` says False to an owner that lost it.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, or_, select, update
from sqlmodel import SQLModel

from custody.values import SECOND
from readers.sighting import Instant
from reconcile.store.core import insert_new

JOB_SLOT: Table = SQLModel.metadata.tables["job_slot"]


def claim(connection: Connection, job: str, slot: Instant, owner: str, now: Instant, lease_seconds: float) -> bool:
    """Whether `owner` may do the slot now; nobody else may until the lease ends."""
    until = now + round(lease_seconds * SECOND)
    held = select(JOB_SLOT.c.owner).where(JOB_SLOT.c.job == job, JOB_SLOT.c.slot == slot)
    if connection.execute(held).first() is None:
        # Nobody's yet, as far as one can see: make the row free for all, and let the update below decide.
        free = {"job": job, "slot": slot, "owner": "", "lease_until": now, "done_at": None, "result": ""}
        insert_new(connection, JOB_SLOT, [free])
    taken = connection.execute(
        update(JOB_SLOT)
        .where(
            JOB_SLOT.c.job == job,
            JOB_SLOT.c.slot == slot,
            JOB_SLOT.c.done_at.is_(None),
            or_(JOB_SLOT.c.owner == "", JOB_SLOT.c.lease_until < now),
        )
        .values(owner=owner, lease_until=until, began_at=now, tries=JOB_SLOT.c.tries + 1)
    )
    return taken.rowcount == 1


def _mine(job: str, slot: Instant, owner: str) -> ColumnElement[bool]:
    return and_(
        JOB_SLOT.c.job == job,
        JOB_SLOT.c.slot == slot,
        JOB_SLOT.c.owner == owner,
        JOB_SLOT.c.done_at.is_(None),
    )


def finish(connection: Connection, job: str, slot: Instant, owner: str, now: Instant, result: str = "") -> bool:
    """The slot is done. False where the owner's lease had run out and another took the slot."""
    done = connection.execute(update(JOB_SLOT).where(_mine(job, slot, owner)).values(done_at=now, result=result))
    return done.rowcount == 1


def release(connection: Connection, job: str, slot: Instant, owner: str, now: Instant, result: str) -> bool:
    """The job failed: give the slot back at once, with what went wrong, for another try."""
    done = connection.execute(
        update(JOB_SLOT).where(_mine(job, slot, owner)).values(owner="", lease_until=now, result=result)
    )
    return done.rowcount == 1


def last_done(connection: Connection, job: str, through: Instant | None = None) -> Instant | None:
    """The newest slot of the job that was done; with `through`, of those up to that one."""
    wanted = select(func.max(JOB_SLOT.c.slot)).where(JOB_SLOT.c.job == job, JOB_SLOT.c.done_at.is_not(None))
    if through is not None:
        wanted = wanted.where(JOB_SLOT.c.slot <= through)
    newest: Instant | None = connection.execute(wanted).scalar_one()
    return newest


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot as it stands. `owner`: who does it or did it; empty where it was given back after a failure."""

    job: str
    slot: Instant
    owner: str
    lease_until: Instant
    began_at: Instant | None
    done_at: Instant | None
    result: str
    tries: int

    @property
    def took(self) -> int | None:
        """How long it took, in microseconds; None where that is not known."""
        return None if self.done_at is None or self.began_at is None else max(0, self.done_at - self.began_at)

    def running(self, now: Instant) -> bool:
        """Whether somebody is at it, as far as the lease says."""
        return self.done_at is None and self.owner != "" and self.lease_until >= now

    def died(self, now: Instant) -> bool:
        """Whether whoever was at it never came back."""
        return self.done_at is None and self.owner != "" and self.lease_until < now


def newest_slots(connection: Connection) -> dict[str, tuple[Slot | None, Slot | None]]:
    """By job: the newest slot that was done, and the newest that was begun and is not done, if it is newer."""
    done = JOB_SLOT.c.done_at.is_not(None)
    found: dict[str, tuple[Slot | None, Slot | None]] = {}
    for is_done in (True, False):
        newest = (
            select(JOB_SLOT.c.job, func.max(JOB_SLOT.c.slot).label("slot"))
            .where(done if is_done else ~done)
            .group_by(JOB_SLOT.c.job)
            .subquery()
        )
        query = select(JOB_SLOT).join(newest, (JOB_SLOT.c.job == newest.c.job) & (JOB_SLOT.c.slot == newest.c.slot))
        for row in connection.execute(query):
            slot = Slot(**row._mapping)
            before = found.get(slot.job, (None, None))[0]
            if is_done:
                found[slot.job] = (slot, None)
            elif before is None or before.slot < slot.slot:
                found[slot.job] = (before, slot)
    return found


def running(connection: Connection, job: str, now: Instant) -> bool:
    """Whether some server is at a slot of the job."""
    query = select(JOB_SLOT.c.job).where(
        JOB_SLOT.c.job == job, JOB_SLOT.c.done_at.is_(None), JOB_SLOT.c.owner != "", JOB_SLOT.c.lease_until >= now
    )
    return connection.execute(query.limit(1)).first() is not None


def prune(connection: Connection, before: Instant) -> int:
    """Forget slots that began before; the newest done one of each job stays, for catching up. How many went."""
    newest = (
        select(JOB_SLOT.c.job, func.max(JOB_SLOT.c.slot).label("slot"))
        .where(JOB_SLOT.c.done_at.is_not(None))
        .group_by(JOB_SLOT.c.job)
    )
    kept = {(row.job, row.slot) for row in connection.execute(newest)}
    conditions = [~and_(JOB_SLOT.c.job == job, JOB_SLOT.c.slot == slot) for job, slot in sorted(kept)]
    return connection.execute(delete(JOB_SLOT).where(JOB_SLOT.c.slot < before, *conditions)).rowcount
