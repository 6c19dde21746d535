"""Jobs by the clock. APScheduler only wakes us; which slot is done, and by whom, the database says.

Memory store, UTC, coalescing, one instance: whatever APScheduler forgets or fires twice, a slot is claimed by lease
and done once, however many servers run. At the start, and at every wake, what was missed is caught up: the
newest slot alone where a job coalesces, else each one in order.
"""

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from custody.clock import Clock
from custody.database import Database
from custody.scheme import Scheme
from custody.store.books import Books
from custody.store.checking import due_check
from custody.store.sealing import seal
from custody.values import DAY, SECOND
from readers.sighting import Instant
from reconcile.bulletin import Bulletin
from reconcile.calendar import AtWork
from reconcile.digests import make_digests
from reconcile.findings import CheckRun, run_checks
from reconcile.messages import KEPT_DAYS, queue_digests
from reconcile.reminders import send_reminders
from reconcile.store.core import Connection
from reconcile.store.learning import learn_site
from reconcile.store.messages import prune_messages
from reconcile.store.minutes import prune_minutes
from reconcile.store.slots import claim, finish, last_done, prune, release, running
from reconcile.timekeeping import watch_clock

log = logging.getLogger(__name__)

WAKE_SECONDS_MAX = 15
"""A job looks at least this often whether a slot of its own was left undone."""
CAUGHT_UP_MAX = 400
"""More missed slots than this are not caught up singly: the oldest are left."""
SLOTS_KEPT_DAYS = 7
_URGENT = ("declared_lost", "loss_report_overdue", "meeting_paper_out", "visit_open", "permit_overdue")
CHECKED: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "overdue_round": (60, ("overdue_loan",)),
    "reader_watch": (5, ("reader_silent", "antenna_deaf", "portal_blind")),
    "urgent_deadlines": (60, _URGENT),
    "deadlines": (
        300,
        (
            "leg_overdue",
            "deposit_overdue",
            "issuer_return_overdue",
            "approval_overdue",
            "intermediate_open",
            "arrival_overdue",
            "collection_overdue",
            "provision_overdue",
            "instruction_overdue",
            "reminder_overdue",
            "held_too_long",
            "archiving_due",
            "review_due",
            "destruction_overdue",
            "hand_over_due",
            "left_out_overnight",
            "production_excess",
            "ledger_check_failed",
        ),
    ),
    "clones": (60, ("two_places_at_once", "two_tags_apart", "tags_swapped", "reader_clock_wrong")),
    # One pass over all live tags each.
    "silences": (3600, ("lost_track", "never_met", "sweep_due")),
}
"""Job -> every so many seconds, these kinds of finding are looked for. The watch asks for the others (`watch`)."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job of the table. `run` takes the present instant and gives a short result for the record.

    `coalesce`: of several missed slots only the newest is done. `lease_seconds`: longer than it ever takes.
    """

    name: str
    every_seconds: int
    run: Callable[[Instant], str]
    coalesce: bool = True
    lease_seconds: int = 300
    whole: Callable[[Connection, Instant], str] | None = None
    """The same work, where it is one transaction: it is committed together with its slot, so that it is done once
    whatever dies when, and nothing of it where the lease was lost. Other jobs must bear being done twice.
    """

    def slot(self, now: Instant) -> Instant:
        """Start of the slot that `now` lies in."""
        return now - now % (self.every_seconds * SECOND)


def in_one(
    database: Database,
    name: str,
    every_seconds: int,
    work: Callable[[Connection, Instant], str],
    *,
    coalesce: bool = True,
    lease_seconds: int = 300,
) -> Job:
    """A job whose work is one transaction."""

    def run(now: Instant) -> str:
        with database.writing() as connection:
            return work(connection, now)

    return Job(name, every_seconds, run, coalesce, lease_seconds, work)


class LeaseLost(RuntimeError):
    """Another server took the slot while this one was at it: what was done here is undone."""


def jobs(
    database: Database,
    books: Books,
    scheme: Scheme,
    bulletin: Bulletin,
    at_work: AtWork = AtWork(),
    *,
    by_mail: bool = False,
) -> tuple[Job, ...]:
    """The table of jobs. `by_mail`: whether the day's messages are queued for a relay too."""
    calendar, hours = at_work.calendar, at_work.hours

    def check(kinds: Collection[str]) -> Callable[[Instant], str]:
        return lambda now: _told(bulletin, run_checks(database, scheme, now, kinds=kinds))

    def remind(now: Instant) -> str:
        sent = send_reminders(database, scheme, now, calendar)
        if sent:
            bulletin.publish("inbox")
        return f"sent {sent}"

    def digest(connection: Connection, now: Instant) -> str:
        made = make_digests(connection, scheme, calendar, hours, now)
        if made and by_mail:
            queue_digests(connection, made, scheme, calendar, hours, now)
        return f"made {len(made)}"

    def sign(_now: Instant) -> str:
        seal(books)  # so that the logs stand under it
        return _first_line(books.checkpoint())

    def learn(now: Instant) -> str:
        learnt = learn_site(database, scheme, now)
        kept = f"version {learnt.version}" if learnt.version else "nothing new"
        return f"{kept} from {learnt.tags} tags, {learnt.weak} weak"

    def tidy(now: Instant) -> str:
        with database.writing() as connection:
            prune_minutes(connection, now)
            prune_messages(connection, now - KEPT_DAYS * DAY)
            return f"forgot {prune(connection, now - SLOTS_KEPT_DAYS * DAY)} slots"

    checks = (
        Job(name, every, check(kinds), lease_seconds=min(300, 12 * every)) for name, (every, kinds) in CHECKED.items()
    )
    return (
        *checks,
        Job("reminders", 600, remind),
        in_one(database, "digests", 60, digest),
        Job("seal_logs", 60, lambda _now: f"sealed {seal(books)} logs", lease_seconds=60),
        Job("checkpoint", 3600, sign),
        Job("whole_check", 3600, lambda _now: due_check(books), lease_seconds=6 * 3600),
        Job("clock", 60, lambda now: watch_clock(database, scheme, now), lease_seconds=60),
        Job("learn_site", 86_400, learn, lease_seconds=3600),
        Job("tidy_slots", 86_400, tidy),
    )


def _told(bulletin: Bulletin, run: CheckRun) -> str:
    if run.opened or run.cleared:
        bulletin.publish("findings")
    return f"opened {len(run.opened)}, cleared {len(run.cleared)}"


def _failure(error: Exception) -> str:
    """What a page may say of it: the first line; what a database adds below it may hold what was written."""
    return f"failed: {(str(error).splitlines() or [type(error).__name__])[0]}"[:200]


def _first_line(note: str) -> str:
    lines = note.splitlines()
    return " ".join(lines[:2])


def _said(event: str, job: Job) -> dict[str, str]:
    """The fields of a line of the log: what happened, to which job."""
    return {"event": event, "job": job.name}


class Schedule:
    """Runs the table of jobs until stopped. `owner` names this server among the others."""

    def __init__(self, database: Database, table: tuple[Job, ...], clock: Clock, owner: str) -> None:
        self._database = database
        self._table = table
        self._clock = clock
        self._owner = owner
        self._stopping = threading.Event()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(2)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Begin; every job looks at once for what was missed."""
        for job in self._table:
            self._scheduler.add_job(
                self._wake,
                "interval",
                seconds=min(job.every_seconds, WAKE_SECONDS_MAX),
                args=[job],
                id=job.name,
                next_run_time=datetime.now(UTC),
            )
        self._scheduler.start()

    def stop(self) -> None:
        """End; waits for what is running."""
        self._stopping.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def tick(self, job: Job) -> int:
        """Do the job's due slots that nobody has done or is doing. How many were done here."""
        done = 0
        for slot in self._due(job):
            if self._stopping.is_set() or not self._do(job, slot):
                break
            done += 1
        return done

    @property
    def table(self) -> tuple[Job, ...]:
        """The jobs that it runs."""
        return self._table

    def ask(self, name: str) -> None:
        """Have a job done now, beside the clock; returns at once. Raises KeyError for a job that is not known."""
        job = {one.name: one for one in self._table}[name]
        self._scheduler.add_job(self._ask, args=[job], id=f"{name}:asked", replace_existing=True)

    def _ask(self, job: Job) -> None:
        try:
            self.do_now(job)
        except Exception:
            log.exception("job %s could not be done when it was asked for", job.name, extra=_said("job_waits", job))

    def do_now(self, job: Job) -> int:
        """Do the job's due slots; where none is due, one more, unless somebody is at it. How many were done here."""
        done = self.tick(job)
        if done:
            return done
        with self._database.reading() as connection:
            if running(connection, job.name, self._clock()):
                return 0
        return int(self._do(job, self._clock()))

    def _wake(self, job: Job) -> None:
        try:
            self.tick(job)
        except Exception:
            # The database may be away for a while: the next wake tries again.
            log.exception("job %s could not look for its slots", job.name, extra=_said("job_waits", job))

    def _due(self, job: Job) -> list[Instant]:
        newest = job.slot(self._clock())
        with self._database.reading() as connection:
            # Slots done ahead of the clock, before it was set back, do not keep today's from being done.
            done = last_done(connection, job.name, newest)
        if done is not None and done >= newest:
            return []
        if job.coalesce or done is None:
            return [newest]
        step = job.every_seconds * SECOND
        return list(range(job.slot(done) + step, newest + 1, step))[-CAUGHT_UP_MAX:]

    def _do(self, job: Job, slot: Instant) -> bool:
        with self._database.writing() as connection:
            if not claim(connection, job.name, slot, self._owner, self._clock(), job.lease_seconds):
                return False
        try:
            if job.whole is not None:
                return self._do_whole(job, slot, job.whole)
            result = job.run(self._clock())
        except LeaseLost:
            log.warning("job %s lost its lease in slot %s: undone here", job.name, slot, extra=_said("job_lost", job))
            return False
        except Exception as error:
            log.exception("job %s failed in its slot %s", job.name, slot, extra=_said("job_failed", job))
            with self._database.writing() as connection:
                release(connection, job.name, slot, self._owner, self._clock(), _failure(error))
            return False
        with self._database.writing() as connection:
            if not finish(connection, job.name, slot, self._owner, self._clock(), result[:200]):
                log.warning(
                    "job %s outlived its lease in slot %s; another server took it",
                    job.name,
                    slot,
                    extra=_said("job_outlived", job),
                )
        return True

    def _do_whole(self, job: Job, slot: Instant, work: Callable[[Connection, Instant], str]) -> bool:
        with self._database.writing() as connection:
            result = work(connection, self._clock())
            if not finish(connection, job.name, slot, self._owner, self._clock(), result[:200]):
                raise LeaseLost(job.name)
        return True
