"""What a sweeping device could not deliver: it is handed to a clerk, by the network or by file, and waits for a person.

Nothing of it counts until a clerk enters it into an open sweep; then it counts as what it was: a scan of the person
who handed it over, at the time at which it was made.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from custody.access import Permission, Subject, may
from custody.rules import NotFound, Refusal, Refused
from custody.scheme import Scheme
from custody.values import SECOND, Instant
from reconcile.rounds.acts import opened, round_row
from reconcile.rounds.replaying import Event, replay
from reconcile.store import hand_overs as store
from reconcile.store.core import Connection

EVENTS_MAX = 20_000
SLACK = 60 * SECOND
"""A device's clock may be a little behind the server's."""
_FIELDS = ("event", "what", "code", "at", "means", "place", "reason", "device", "yes", "scans")


@dataclass(frozen=True, slots=True)
class HandOver:
    """What is handed over. `of`: whose scans they are, as the device says; `why`: the stable word of the refusal."""

    round: str
    device: str
    of: int
    way: str
    why: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Entered:
    """What entering came to: scans by outcome, those older than the sweep, and events that were refused."""

    new: int
    repeated: int
    unknown: int
    older: int
    undone: int


def _row_of(one: Event) -> dict[str, object]:
    return {name: list(one.scans) if name == "scans" else getattr(one, name) for name in _FIELDS}


def key_of(number: str, events: Sequence[Event]) -> str:
    """SHA-256 of the sweep and of the events' identifiers: the same things again are the same, whichever way."""
    text = "\n".join((number, *sorted(one.event for one in events)))
    return hashlib.sha256(text.encode()).hexdigest()


def hand_over(connection: Connection, subject: Subject, given: HandOver, now: Instant) -> tuple[int, bool]:
    """Keep it until a clerk has seen to it; gives its number, and whether it was here before.

    Raises NotFound for a sweep that is not there, Refused for who may not sweep, ValueError where there is no event.
    """
    if not given.events:
        raise ValueError("nothing was handed over")
    if not may(subject, Permission.SWEEP):
        raise Refused((Refusal("", "not_permitted", {"act": "scan"}),))
    round_row(connection, subject, given.round)
    times = [one.at for one in given.events]
    row = {
        "key": key_of(given.round, given.events),
        "round": given.round,
        "device": given.device,
        "of": given.of,
        "by": subject.person,
        "at": now,
        "way": given.way,
        "why": given.why,
        "count": len(given.events),
        "first_at": min(times),
        "last_at": max(times),
        "events": json.dumps([_row_of(one) for one in given.events], ensure_ascii=False, separators=(",", ":")),
        "outcome": "",
        "into_round": "",
        "note": "",
    }
    return store.give(connection, row)


def _waiting(connection: Connection, subject: Subject, identifier: int) -> tuple[HandOver, int]:
    """One that waits, and who handed it over. Raises NotFound; Refused where somebody has seen to it already."""
    row = store.one(connection, identifier, lock=True)
    if row is None:
        raise NotFound
    round_row(connection, subject, row.round)
    if row.outcome:
        raise Refused((Refusal("", "hand_over_settled", {"number": identifier}),))
    found = tuple(Event(**(one | {"scans": tuple(one["scans"])})) for one in store.events_of(row))
    return HandOver(row.round, row.device, row.of, row.way, row.why, found), row.by


def handed_by(connection: Connection, identifier: int) -> int:
    """Who handed it over. Raises NotFound."""
    row = store.one(connection, identifier)
    if row is None:
        raise NotFound
    by: int = row.by
    return by


def enter(
    connection: Connection,
    subject: Subject,
    giver: Subject,
    identifier: int,
    into: str,
    now: Instant,
    scheme: Scheme | None = None,
) -> Entered:
    """Count it in an open sweep, as scans of who handed it over (`giver`); what was scanned before the sweep was opened
    does not count in it. Events that had arrived after all change nothing.

    Raises NotFound; Refused where it was seen to before, or the sweep takes nothing: then nothing has changed.
    """
    if not may(subject, Permission.SWEEP):
        raise Refused((Refusal("", "not_permitted", {"act": "scan"}),))
    given, by = _waiting(connection, subject, identifier)
    if giver.person != by:
        raise ValueError(f"hand-over {identifier} is not of person {giver.person}")
    since = opened(connection, subject, into)
    fits = [one for one in given.events if one.at >= since - SLACK]
    if into != given.round:
        # What was taken back, and where somebody walked, was said of the other sweep.
        gone = {one.code for one in given.events if one.what == "undo"}
        fits = [one for one in fits if one.what == "scan" and one.event not in gone]
    found = replay(connection, giver, into, fits, scheme)
    for one in found:
        if one.refusal is not None:
            raise Refused((one.refusal,))
    outcomes = [one.scan.outcome for one in found if one.scan is not None]
    done = Entered(
        new=outcomes.count("new"),
        repeated=outcomes.count("repeated") + outcomes.count("replayed"),
        unknown=outcomes.count("unknown"),
        older=len(given.events) - len(fits),
        undone=sum(1 for one in found if one.undone),
    )
    note = f"{done.new}/{done.repeated}/{done.unknown}/{done.older}"
    store.settle(connection, identifier, "entered", subject.person, now, into=into, note=note)
    return done


def put_aside(connection: Connection, subject: Subject, identifier: int, why: str, now: Instant) -> None:
    """It does not count, and says why. Raises NotFound; Refused without a reason, or where it was seen to before."""
    if not may(subject, Permission.SWEEP):
        raise Refused((Refusal("", "not_permitted", {"act": "scan"}),))
    if not why.strip():
        raise Refused((Refusal("", "text_missing", {"field": "reason"}),))
    _waiting(connection, subject, identifier)
    store.settle(connection, identifier, "aside", subject.person, now, note=why.strip()[:400])
