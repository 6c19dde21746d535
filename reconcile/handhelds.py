"""What handhelds bring, from the confirmed rows to sightings and scans of a sweep; and taking it back.

A handheld proves nothing by its silence: it gives sightings with the times at which it read, and never coverage.
Laid into an open sweep, its tags are scans like those by hand: of the person who confirmed it, or of nobody where the
device sent it by itself. Only a finished sweep then says what is missing.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from custody.access import Permission, Subject, may
from custody.rules import NotFound, Refusal, Refused
from custody.scheme import Scheme
from custody.values import SECOND, Instant
from readers.handheld import Read
from reconcile import rounds
from reconcile.rounds import Scan, ScanResult
from reconcile.store import handhelds as store
from reconcile.store.core import Connection
from reconcile.store.handhelds import Taken, Upload

SLACK = 60 * SECOND
"""A handheld that writes whole minutes may say that it read shortly before the sweep was opened."""


class KeyReused(ValueError):
    """A device sent something else under an identifier that it has used already."""


@dataclass(frozen=True, slots=True)
class Laid:
    """What an upload was to a sweep: how many tags counted by outcome, and how many were read before its opening."""

    round: str
    new: int
    repeated: int
    unknown: int
    replayed: int
    older: int


def take(connection: Connection, upload: Upload, reads: Sequence[Read], now: Instant, timezone: str) -> Taken:
    """Take an upload in the caller's transaction: each content once, each read once.

    What is here already changes nothing, and its first taking is given (`before`). Raises KeyReused, ValueError
    where there is no read.
    """
    store.locked(connection, upload.device, now)
    before = store.same(connection, upload.key, upload.device, upload.upload_id)
    if before is None:
        return store.take(connection, upload, reads, now, timezone)
    if before.key != upload.key:
        raise KeyReused(f"{upload.upload_id!r} was the identifier of something else")
    return before


def lay(
    connection: Connection,
    subject: Subject,
    number: str,
    into: str,
    *,
    by_device: bool = False,
    scheme: Scheme | None = None,
) -> Laid:
    """Count an upload's tags in an open sweep, each by its first read since the opening; again, nothing changes.

    Raises NotFound for an upload or a sweep that is not there, Refused where the sweep is closed or the upload was
    withdrawn; then nothing has changed.
    """
    upload = store.upload_of(connection, number, lock=True)
    if upload is None:
        raise NotFound
    if upload.withdrawn_at is not None:
        raise Refused((Refusal("", "upload_withdrawn", {"upload": number}),))
    opened_at = rounds.opened(connection, subject, into)
    reads, older = store.first_reads(connection, upload.id, opened_at - SLACK)
    means: rounds.Means = "reader" if by_device else "scan"
    # A read in the minute before the opening is of the opening: nothing is met in a sweep before there is one.
    scans = [Scan(f"{number}:{read.row}", read.epc, max(read.at, opened_at), means) for read in reads]
    results = rounds.scan_many(connection, subject, into, scans, scheme)
    known: list[str] = json.loads(upload.rounds)
    if into not in known:
        store.laid(connection, number, json.dumps([*known, into]))
    return _counted(into, results, older)


def _counted(into: str, results: Sequence[ScanResult], older: int) -> Laid:
    def of(outcome: str) -> int:
        return sum(result.outcome == outcome for result in results)

    return Laid(into, of("new"), of("repeated"), of("unknown"), of("replayed"), older)


def withdraw(connection: Connection, subject: Subject, number: str, why: str, now: Instant) -> int:
    """Take an upload back that was a mistake; gives how many scans of open sweeps were taken back with it.

    The sightings stay as the evidence they are; the reads count no more, so that the right file can be brought.
    Raises NotFound; Refused where it was withdrawn before (`upload_withdrawn`), a signed sweep rests on it
    (`upload_signed`), a later upload has reads of it (`upload_relied_on`), or no reason is given (`text_missing`).
    """
    if not may(subject, Permission.SWEEP):
        raise Refused((Refusal("", "not_permitted", {"act": "withdraw"}),))
    if not why.strip():
        raise Refused((Refusal("", "text_missing", {"field": "reason"}),))
    upload = store.upload_of(connection, number, lock=True)
    if upload is None:
        raise NotFound
    if upload.withdrawn_at is not None:
        raise Refused((Refusal("", "upload_withdrawn", {"upload": number}),))
    if relying := store.relying_on(connection, upload.id):
        raise Refused((Refusal("", "upload_relied_on", {"upload": number, "later": relying}),))
    scans = store.scans_of(connection, number, json.loads(upload.rounds))
    for into, (state, events) in scans.items():
        if state == "signed" and events:
            raise Refused((Refusal("", "upload_signed", {"upload": number, "round": into}),))
    undone = 0
    for into, (state, events) in scans.items():
        if state == "open":
            undone += rounds.undo_many(connection, subject, into, {row.event: row.carrier for row in events}, now, why)
    store.withdraw(connection, number, subject.person, why.strip(), now)
    return undone
