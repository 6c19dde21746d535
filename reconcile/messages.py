"""Messages by the house's own relay: queued with what they are about, sent at least once, recognisable when twice.

A message is claimed by lease, handed over, and marked; a server that dies between the last two leaves it to be sent
again, under the same Message-ID. What the relay will never take, and what it did not take for too long, is given up
and told to the system administrators, in figures. Words are put to the figures when a message goes out, in the
language of whoever gets it.
"""

import logging
import smtplib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime

from custody.access import Role
from custody.clock import Clock, day, moment
from custody.database import Database
from custody.scheme import Scheme
from custody.values import DAY, SECOND, Instant
from reconcile.calendar import Calendar, Hours
from reconcile.digests import Digest, Figure
from reconcile.smtp import Later, Refused, Relay, Resolve, hand_over, letter, open_session, resolve
from reconcile.store import messages as store
from reconcile.store import notices, staff
from reconcile.store.core import Connection
from reconcile.store.messages import Claimed, Wanted
from reconcile.store.notices import Telling

log = logging.getLogger(__name__)

LEASE_SECONDS = 120
"""Longer than a relay is waited for."""
A_RUN_MAX = 200
"""Messages sent in one run; the next run goes on."""
BACK_OFF_SECONDS = (60, 300, 900, 3_600, 4 * 3_600)
"""Waits after the first, the second, … try that failed; the last one from then on."""
STUCK_TRIES = 3
"""After so many tries the system administrators are told that the relay does not take anything."""
KEPT_DAYS = 30
WAITS_DAYS = 5
"""So long a message waits for a relay that takes nothing at all."""


@dataclass(frozen=True, slots=True)
class Worded:
    """A message in words."""

    subject: str
    text: str


Words = Callable[[str, str, str], Worded]
"""Puts a message into words: what it is about, its figures (JSON), the language."""


def queue_digests(
    connection: Connection, made: Iterable[Digest], scheme: Scheme, calendar: Calendar, hours: Hours, now: Instant
) -> int:
    """Queue the day's messages of those who have an address; gives how many found no room."""
    able = store.with_address(connection)
    about = f"digest:{day(now, scheme.timezone)}"
    not_before = hours.next_waking(now, calendar, scheme.timezone)
    wanted = [Wanted(one.person, about, 2, one.as_json(), not_before) for one in made if one.person in able]
    return _queue(connection, wanted, scheme, now)


def queue_urgent(
    connection: Connection, scheme: Scheme, relay: Relay, calendar: Calendar, hours: Hours, now: Instant
) -> int:
    """Queue what is not to wait for the day's message, one message a person; gives how many were queued.

    What is to be done at once goes out at night too; the rest when the quiet hours are over.
    """
    last, found = store.urgent_notices(connection, relay.at_once)
    able = store.with_address(connection)
    later = hours.next_waking(now, calendar, scheme.timezone)
    wanted = []
    for person, kinds in found.items():
        if person not in able:
            continue
        urgency = min(notices.urgency_of(kind, finding_kind, None) for kind, finding_kind in kinds)
        figures = tuple(
            Figure("at_once", finding_kind or kind, kinds.count((kind, finding_kind)))
            for kind, finding_kind in sorted(set(kinds))
        )
        text = Digest(person, figures).as_json()
        wanted.append(Wanted(person, f"notices:{last}", urgency, text, now if urgency == 0 else later))
    return len(wanted) - _queue(connection, wanted, scheme, now)


def queue_trial(connection: Connection, person: int, scheme: Scheme, now: Instant) -> int:
    """Queue a message that somebody sends to himself to see whether it arrives; gives how many found no room."""
    return _queue(connection, [Wanted(person, f"trial:{now}", 0, Digest(person, ()).as_json(), now)], scheme, now)


def queue_one(
    connection: Connection, scheme: Scheme, person: int, about: str, figures: str, not_before: Instant, now: Instant
) -> None:
    """Queue one message for a person who has an address; `figures`: as of a digest, and nothing else."""
    if person in store.with_address(connection):
        _queue(connection, [Wanted(person, about, 2, figures, not_before)], scheme, now)


def _queue(connection: Connection, wanted: list[Wanted], scheme: Scheme, now: Instant) -> int:
    room = scheme.number("mail_queue_max") - store.waiting(connection)
    _queued, left = store.queue(connection, wanted, scheme.ledger_origin, now, room)
    if left:
        tell_failing(connection, scheme, left, now)
    return left


@dataclass(frozen=True, slots=True)
class Sent:
    """What a run did."""

    sent: int = 0
    put_back: int = 0
    failed: int = 0
    relay: str = ""
    """Why the relay took nothing more; empty where it did."""

    def __str__(self) -> str:
        said = f"sent {self.sent}, later {self.put_back}, failed {self.failed}"
        return f"{said}; relay: {self.relay}" if self.relay else said


@dataclass
class Post:
    """Sends what waits. One run at a time in a process; several servers share the queue."""

    database: Database
    scheme: Scheme
    relay: Relay
    words: Words
    clock: Clock
    owner: str
    calendar: Calendar
    hours: Hours
    resolving: Resolve = resolve

    def run(self, _now: Instant) -> str:
        """Queue what is urgent, send what is due; a short result for the record."""
        now = self.clock()
        with self.database.reading() as connection:
            quiet = store.nothing_new(connection, now)
        if quiet:
            return "nothing"
        with self.database.writing() as connection:
            queue_urgent(connection, self.scheme, self.relay, self.calendar, self.hours, now)
        return str(self.send_due())

    def send_due(self) -> Sent:
        """Send messages until none is due, the relay fails, or the run has lasted long enough."""
        session: smtplib.SMTP | None = None
        sent = back = failed = 0
        relay = ""
        try:
            for _ in range(A_RUN_MAX):
                with self.database.writing() as connection:
                    claimed = store.claim_next(connection, self.owner, self.clock(), LEASE_SECONDS)
                if claimed is None:
                    break
                if not self.relay.takes(claimed.address):
                    self._settle(claimed, "no_address")
                    continue
                try:
                    if session is None:
                        session = open_session(self.relay, self.resolving)
                    hand_over(session, self.relay, self._letter(claimed))
                except Refused as error:
                    self._settle(claimed, "refused", error.why)
                    failed += 1
                except Later as error:
                    given_up = self._later(claimed, error)
                    failed, back = failed + given_up, back + (not given_up)
                    if error.relay:
                        relay = error.why
                        break
                else:
                    self._settle(claimed, "sent")
                    sent += 1
        finally:
            if session is not None:
                with suppress(OSError, smtplib.SMTPException):
                    session.quit()
        if relay:
            log.warning("the mail relay takes nothing: %s", relay, extra={"event": "mail_waits"})
        return Sent(sent, back, failed, relay)

    def _letter(self, claimed: Claimed) -> EmailMessage:
        said = self.words(claimed.about, claimed.figures, claimed.language)
        date = format_datetime(moment(claimed.made_at, self.scheme.timezone))
        to, number = claimed.address, claimed.message_id
        return letter(self.relay, to, number, said.subject, said.text, claimed.language, date)

    def _settle(self, claimed: Claimed, outcome: str, said: str = "") -> None:
        now = self.clock()
        with self.database.writing() as connection:
            done = store.settle(connection, claimed.id, self.owner, now, outcome, said)
            if done and outcome in ("refused", "given_up"):
                tell_failing(connection, self.scheme, 1, now)

    def _later(self, claimed: Claimed, error: Later) -> bool:
        """Put a message back, or give it up: whether it was. A relay that is away for a weekend loses nothing."""
        now = self.clock()
        often = claimed.tries >= self.scheme.number("mail_tries_max")
        if often and (not error.relay or now - claimed.made_at > WAITS_DAYS * DAY):
            self._settle(claimed, "given_up", error.why)
            return True
        next_at = now + BACK_OFF_SECONDS[min(claimed.tries, len(BACK_OFF_SECONDS)) - 1] * SECOND
        if claimed.urgency > 0:
            next_at = self.hours.next_waking(next_at, self.calendar, self.scheme.timezone)
        with self.database.writing() as connection:
            store.put_back(connection, claimed.id, self.owner, next_at, error.why)
            if error.relay and claimed.tries >= STUCK_TRIES:
                tell_failing(connection, self.scheme, store.waiting(connection), now)
        return False


def tell_failing(connection: Connection, scheme: Scheme, count: int, now: Instant) -> None:
    """Tell the system administrators, once a day, that messages do not go out; how many stands on the page."""
    today = day(now, scheme.timezone)
    persons = {k.person for k in staff.keepers(connection, scheme, today) if k.role is Role.SYSTEM_ADMINISTRATOR}
    found = [Telling(one, "mail_failing", about=f"mail:{today}", count=count) for one in sorted(persons)]
    notices.tell(connection, found, now)
