"""Staged trials at portals: their tags, what was tried, what the portal said of it."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import select, update

from custody.store.digests import attest
from custody.store.schema import TAG, TAG_NUMBER
from custody.values import SECOND, Instant
from reconcile.store.core import PRESENCE, REFERENCE_TAG, STAY, TRIAL, TRIAL_TAG, Connection
from reconcile.trials import KINDS, Level, TrialKind

BEFORE_US = 3 * SECOND
"""Whoever walks at once may have been heard before the button was."""
LISTENED_US = 12 * SECOND
"""So long after the beginning a trial may end: the portal says all within that of a walk that is over."""


class TrialRefused(ValueError):
    """It cannot be done so; `reason` is the key of what to say."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TrialTag:
    """A tag kept for trials."""

    epc: str
    sounds: bool
    since_at: Instant
    added_by: int


@dataclass(frozen=True, slots=True)
class Open:
    """A trial that goes on."""

    id: int
    kind: TrialKind
    epc: str
    at: Instant
    by: int


@dataclass(frozen=True, slots=True)
class Result:
    """A trial that is over. `undone_at`: taken back, and not counted."""

    id: int
    kind: TrialKind
    epc: str
    began_at: Instant
    at: Instant
    by: int
    level: Level
    direction: str
    score: float | None
    said_at: Instant | None
    model: str
    undone_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What the portal concluded of a tag; without a direction: nothing."""

    level: Level = "quiet"
    direction: str = ""
    score: float | None = None
    said_at: Instant | None = None
    model: str = ""
    open: bool = False
    """It still listens: more may come."""


def tags(connection: Connection) -> tuple[TrialTag, ...]:
    """The tags in use, by number. One that a carrier bears by now is none."""
    rows = connection.execute(
        select(TRIAL_TAG)
        .where(TRIAL_TAG.c.until_at.is_(None), ~select(TAG.c.epc).where(TAG.c.epc == TRIAL_TAG.c.epc).exists())
        .order_by(TRIAL_TAG.c.epc)
    )
    return tuple(TrialTag(row.epc, bool(row.sounds), row.since_at, row.added_by) for row in rows)


def add_tag(connection: Connection, epc: str, sounds: bool, by: int, now: Instant) -> None:
    """Keep a tag for trials. Raises TrialRefused for one that is anything else already."""
    epc = re.sub(r"[\s:-]", "", epc).upper()
    if not re.fullmatch(r"(?:[0-9A-F]{4}){4,16}", epc):
        raise TrialRefused("epc")
    for table in (TAG, TAG_NUMBER, REFERENCE_TAG):
        if connection.scalar(select(table.c.epc).where(table.c.epc == epc).limit(1)) is not None:
            raise TrialRefused("taken")
    row = {"sounds": sounds, "since_at": now, "added_by": by, "until_at": None}
    if connection.execute(update(TRIAL_TAG).where(TRIAL_TAG.c.epc == epc).values(row)).rowcount == 0:
        connection.execute(TRIAL_TAG.insert().values(row | {"epc": epc}))
    attest(connection, "trial_tag", [(epc,)])


def drop_tag(connection: Connection, epc: str, now: Instant) -> None:
    """Put a tag away; its trials stay."""
    connection.execute(update(TRIAL_TAG).where(TRIAL_TAG.c.epc == epc).values(until_at=now))
    attest(connection, "trial_tag", [(epc,)])


def open_trial(connection: Connection, place: int) -> Open | None:
    """The one that goes on at a portal."""
    row = connection.execute(
        select(TRIAL).where(TRIAL.c.place == place, TRIAL.c.event != "undone").order_by(TRIAL.c.id.desc()).limit(1)
    ).first()
    if row is None or row.event != "begun":
        return None
    return Open(row.id, cast(TrialKind, row.kind), row.epc, row.at, row.by)


def begin(connection: Connection, place: int, kind: str, epc: str, by: int, now: Instant) -> None:
    """One walks now. Raises TrialRefused where another goes on, or the tag is not kept for trials."""
    if kind not in KINDS:
        raise TrialRefused("kind")
    if open_trial(connection, place) is not None:
        raise TrialRefused("going_on")
    if epc not in {one.epc for one in tags(connection)}:
        raise TrialRefused("tag")
    _write(connection, place, "begun", None, kind, epc, by, now)


def said(connection: Connection, place: int, epc: str, since: Instant, alarm: float, suspect: float) -> Said:
    """What the portal has concluded of this tag since then: the worst of it."""
    due = connection.scalar(select(PRESENCE.c.due_at).where(PRESENCE.c.epc == epc))
    rows = connection.execute(
        select(STAY).where(
            STAY.c.epc == epc, STAY.c.place == place, STAY.c.direction != "", STAY.c.since_at >= since - BEFORE_US
        )
    ).all()
    worst = Said(open=due is not None)
    for row in rows:
        score = row.score or 0.0
        sure = row.direction == "out" and score >= alarm
        level: Level = "alarm" if sure else "suspect" if row.direction != "in" and score >= suspect else "quiet"
        one = Said(level, row.direction, row.score, row.until_at, _model(row.evidence), due is not None)
        if worst.direction == "" or _rank(one) > _rank(worst):
            worst = one
    return worst


def _rank(one: Said) -> tuple[int, float]:
    return ("quiet", "suspect", "alarm").index(one.level), one.score or 0.0


def _model(evidence: str | None) -> str:
    return str(json.loads(evidence or "{}").get("model", ""))


def conclude(
    connection: Connection, place: int, by: int, now: Instant, alarm: float, suspect: float, model: str
) -> None:
    """It is done: write down what the portal said. Raises TrialRefused while it still listens."""
    one = open_trial(connection, place)
    if one is None:
        raise TrialRefused("none")
    heard = said(connection, place, one.epc, one.at, alarm, suspect)
    if now < one.at + LISTENED_US or (heard.open and one.kind != "parked"):
        raise TrialRefused("listening")
    more = {"level": heard.level, "direction": heard.direction, "score": heard.score, "said_at": heard.said_at}
    _write(connection, place, "done", one.id, one.kind, one.epc, by, now, **more, model=heard.model or model)


def skip(connection: Connection, place: int, by: int, now: Instant) -> None:
    """It was not walked, or not so; nothing is counted. Raises TrialRefused where none goes on."""
    one = open_trial(connection, place)
    if one is None:
        raise TrialRefused("none")
    _write(connection, place, "skipped", one.id, one.kind, one.epc, by, now)


def undo(connection: Connection, place: int, trial: int, by: int, now: Instant) -> None:
    """What was written down was wrong: it stays, and is not counted. Raises TrialRefused where it is none."""
    found = next((one for one in results(connection, place) if one.id == trial and one.undone_at is None), None)
    if found is None:
        raise TrialRefused("none")
    _write(connection, place, "undone", found.id, found.kind, found.epc, by, now)


def results(connection: Connection, place: int) -> tuple[Result, ...]:
    """The trials that were done at a portal, the newest first."""
    rows = connection.execute(select(TRIAL).where(TRIAL.c.place == place).order_by(TRIAL.c.id)).all()
    began = {row.id: row.at for row in rows if row.event == "begun"}
    undone = {row.of: row.at for row in rows if row.event == "undone"}
    found = [
        Result(
            row.id,
            row.kind,
            row.epc,
            began.get(row.of, row.at),
            row.at,
            row.by,
            row.level,
            row.direction,
            row.score,
            row.said_at,
            row.model,
            undone.get(row.id),
        )
        for row in rows
        if row.event == "done"
    ]
    return tuple(reversed(found))


def counted(found: Sequence[Result]) -> list[tuple[TrialKind, Level]]:
    """What claims are made from."""
    return [(one.kind, one.level) for one in found if one.undone_at is None]


def _write(
    connection: Connection,
    place: int,
    event: str,
    of: int | None,
    kind: str,
    epc: str,
    by: int,
    now: Instant,
    **more: object,
) -> None:
    row = {"place": place, "event": event, "of": of, "kind": kind, "epc": epc, "at": now, "by": by}
    row |= {"level": "", "direction": "", "score": None, "said_at": None, "model": ""} | more
    connection.execute(TRIAL.insert().values(row))
