"""The state of the proof: what can be said today about whether the record is what it was, each with a light.

The judgement is pure: what was looked up goes in, lines with a light, a code of the catalogue and its blanks come out.
"""

from dataclasses import dataclass
from typing import Literal

from api import store
from api.store import Connection
from custody.ledger import VerifierKey
from custody.store import key_history, witnessing
from custody.store.books import Books, KeyMissing
from custody.store.key_history import Change
from custody.store.witnessing import Check, Cosignature
from custody.values import DAY, SECOND, Instant

Light = Literal["ok", "due", "bad"]
HOUR = 3_600 * SECOND
CHECKPOINT_LATE, CHECKPOINT_STOPPED = 2 * HOUR, DAY
"""Checkpoints are signed every hour while the server runs."""
WITNESS_LATE, WITNESS_SILENT = 26 * HOUR, 7 * DAY
CHECK_OLD = 8 * DAY
_WEIGHT = {"ok": 0, "due": 1, "bad": 2}


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked up. `present`: the key that this server signs with; None: it has none."""

    now: Instant
    size: int
    checkpoint: store.Checkpoint | None
    watching: int
    """How many witnesses may watch."""
    cosigned: Cosignature | None
    """The last cosignature of any of them."""
    largest_cosigned: int
    check: Check | None
    changes: tuple[Change, ...]
    present: VerifierKey | None
    sealed_at: Instant | None
    sealed_entry: int


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is known: its words are `proof.<key>.<code>`, and where not all is well `proof.do.<key>.<code>`.

    `at`: the moment it is about.
    """

    key: str
    code: str
    light: Light
    params: dict[str, int | str]
    at: Instant | None = None


UNREADABLE = Line("key", "unreadable", "bad", {})
"""All that can be said where an entry that names the ledger's key cannot be read."""


def judged(looked: Looked) -> tuple[Line, ...]:
    """The lines, in the order in which they are read."""
    return (
        _checkpoint(looked),
        _witness(looked),
        _check(looked),
        _key(looked),
        _logs(looked),
    )


def worst(lines: tuple[Line, ...]) -> Light:
    """The light of the whole."""
    return max((line.light for line in lines), key=lambda light: _WEIGHT[light])


def _checkpoint(looked: Looked) -> Line:
    signed = looked.checkpoint
    if signed is None:
        return Line("checkpoint", "none", "bad", {})
    since = looked.size - signed.size
    params: dict[str, int | str] = {"n": signed.size, "since": since}
    age = looked.now - signed.signed_at
    if since < 0:
        return Line("checkpoint", "cut", "bad", {"n": signed.size, "size": looked.size}, signed.signed_at)
    if since == 0:
        return Line("checkpoint", "all", "ok", params, signed.signed_at)
    if age > CHECKPOINT_STOPPED:
        return Line("checkpoint", "stopped", "bad", params, signed.signed_at)
    if age > CHECKPOINT_LATE:
        return Line("checkpoint", "late", "due", params, signed.signed_at)
    return Line("checkpoint", "behind", "ok", params, signed.signed_at)


def _witness(looked: Looked) -> Line:
    last = looked.cosigned
    if looked.largest_cosigned > looked.size:
        return Line("witness", "cut", "bad", {"n": looked.largest_cosigned, "size": looked.size})
    if not looked.watching:
        return Line("witness", "none", "due", {})
    if last is None:
        return Line("witness", "never", "due", {})
    age = looked.now - last.received_at
    params: dict[str, int | str] = {"n": last.size, "name": last.witness}
    if age > WITNESS_SILENT:
        return Line("witness", "silent", "bad", params, last.received_at)
    if age > WITNESS_LATE:
        return Line("witness", "late", "due", params, last.received_at)
    return Line("witness", "fresh", "ok", params, last.received_at)


def _check(looked: Looked) -> Line:
    last = looked.check
    if last is None:
        return Line("check", "never", "due", {})
    params: dict[str, int | str] = {"n": last.size, "differences": last.differences}
    if last.differences:
        return Line("check", "differences", "bad", params, last.ended_at)
    if looked.now - last.ended_at > CHECK_OLD:
        return Line("check", "old", "due", params, last.ended_at)
    return Line("check", "equal", "ok", params, last.ended_at)


def _key(looked: Looked) -> Line:
    named = looked.changes[-1].new if looked.changes else looked.present
    if looked.present is None or looked.present != named:
        return Line("key", "missing", "bad", {})
    if not looked.changes:
        return Line("key", "first", "ok", {})
    last = looked.changes[-1]
    lost = [change for change in looked.changes if change.lost]
    if lost and looked.largest_cosigned <= lost[-1].sequence:
        return Line("key", "lost", "due", {"n": lost[-1].sequence}, lost[-1].entered_at)
    return Line("key", "changed", "ok", {"n": len(looked.changes)}, last.entered_at)


def _logs(looked: Looked) -> Line:
    if looked.sealed_at is None:
        return Line("logs", "none", "due", {})
    return Line("logs", "sealed", "ok", {"n": looked.sealed_entry}, looked.sealed_at)


def look(connection: Connection, books: Books, now: Instant) -> Looked:
    """Look it up. Raises EntryInvalid, Broken where an entry that names a key cannot be read."""
    signed = store.checkpoints(connection, 1)
    try:
        present: VerifierKey | None = books.signing_key().public
    except KeyMissing:
        present = None
    sealed = witnessing.last_seal(connection)
    return Looked(
        now=now,
        size=books.position(connection),
        checkpoint=signed[0] if signed else None,
        watching=sum(one.ended_at is None for one in witnessing.witnesses(connection)),
        cosigned=witnessing.last_cosignature(connection),
        largest_cosigned=witnessing.largest_cosigned(connection),
        check=witnessing.last_check(connection),
        changes=tuple(key_history.changes(connection)),
        present=present,
        sealed_at=None if sealed is None else sealed[1],
        sealed_entry=0 if sealed is None else sealed[0],
    )
