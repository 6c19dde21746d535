"""What was heard, played through the product's own code: as the guard hears it, read by read, and as the server."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.radio.portals.hearing import Heard
from readers.guard import GuardLimits, joined
from readers.portal import (
    SECOND_US,
    Beam,
    Crossing,
    Passage,
    PortalGlimpse,
    Side,
    beam_passes,
    due_at,
    finish,
    hear,
    judged,
)
from readers.sighting import TagRead
from readers.smoothing import Smoother

LIMITS = GuardLimits()
NAMES: tuple[Side, Side] = ("inside", "outside")


@dataclass(frozen=True, slots=True)
class Door:
    """How the portal is. `beam`: there is one; `beam_late`: its clock is so far off, in seconds; `dead`: a side."""

    beam: bool = True
    beam_late: float = 0.0
    dead: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was told of a walk. `alarm_at`: when, in its seconds; `suspected`: that, or a suspicion at the least."""

    alarm_at: float | None
    suspected: bool
    revised: bool


class _Told:
    """What is told as it goes on."""

    def __init__(self) -> None:
        self.alarm_at: float | None = None
        self.suspected = self.revised = False

    def take(self, passages: Iterable[Passage], now: int) -> None:
        """More passages, told at `now`."""
        for one in passages:
            self.revised |= "revises" in one.evidence
            if one.direction == "in" or one.score < LIMITS.suspect_score:
                continue
            self.suspected = True
            if one.direction == "out" and one.score >= LIMITS.alarm_score and self.alarm_at is None:
                self.alarm_at = now / SECOND_US

    def outcome(self) -> Outcome:
        """All of it."""
        return Outcome(self.alarm_at, self.suspected, self.revised)


def at_the_guard(heard: Heard, door: Door = Door()) -> Outcome:
    """Read by read, each barrier as it is broken, and the silence afterwards."""
    told = _Told()
    reads = [
        PortalGlimpse(_us(one.at), _us(one.at), 1, one.dbm, "gate", one.side + 1, NAMES[one.side])
        for one in heard.reads
        if one.side != door.dead
    ]
    changes = _changes(heard, door)
    crossing: Crossing | None = None
    for at, glimpse in sorted(
        [(one.first_at, one) for one in reads] + [(at, None) for at, _, _ in changes], key=lambda event: event[0]
    ):
        beam = _beam(changes, at) if door.beam else None
        crossing = _silence(crossing, beam, at, told)
        if glimpse is None:
            if crossing is not None:
                crossing, passages = judged(crossing, LIMITS, beam)
                told.take(passages, at)
            continue
        longer = None if crossing is None else joined(crossing, glimpse, at)
        if longer is not None:
            crossing, passages = judged(longer, LIMITS, beam)
        else:
            crossing, passages = hear(crossing, 0, glimpse, at, LIMITS, beam)
        told.take(passages, at)
    _silence(crossing, _beam(changes, 10**15) if door.beam else None, 10**15, told)
    return told.outcome()


def at_the_server(heards: Sequence[Heard], period_seconds: float, door: Door = Door()) -> list[Outcome]:
    """The same through the edge's smoothing: all of them at once, each a tag of its own."""
    smoother = Smoother(round(period_seconds * SECOND_US))
    reads = sorted(
        (_us(read.at), number, read)
        for number, heard in enumerate(heards)
        for read in heard.reads
        if read.side != door.dead
    )
    glimpses: list[list[tuple[int, PortalGlimpse]]] = [[] for _ in heards]
    tick, at = SECOND_US // 10, 0
    now = 0
    end = (reads[-1][0] if reads else 0) + round(period_seconds * SECOND_US) + 2 * tick
    while now <= end:
        now += tick
        batch = []
        while at < len(reads) and reads[at][0] <= now:
            when, number, read = reads[at]
            batch.append(TagRead(f"{number:024X}", "gate", read.side + 1, when, now, read.dbm, 1))
            at += 1
        smoother.take(batch)
        for one in smoother.due(now):
            number = int(one.epc, 16)
            side = NAMES[one.antenna - 1]
            glimpse = PortalGlimpse(one.first_at, one.last_at, one.count, one.strongest_dbm, "gate", one.antenna, side)
            glimpses[number].append((now, glimpse))
    return [_at_the_server(heard, mine, door) for heard, mine in zip(heards, glimpses, strict=True)]


def _at_the_server(heard: Heard, glimpses: Sequence[tuple[int, PortalGlimpse]], door: Door) -> Outcome:
    told = _Told()
    changes = _changes(heard, door)
    crossing: Crossing | None = None
    for now, glimpse in glimpses:
        beam = _beam(changes, now) if door.beam else None
        crossing = _silence(crossing, beam, now, told, glimpse.first_at)
        crossing, passages = hear(crossing, 0, glimpse, now, LIMITS, beam)
        told.take(passages, now)
    _silence(crossing, _beam(changes, 10**15) if door.beam else None, 10**15, told)
    return told.outcome()


def _silence(
    crossing: Crossing | None, beam: Beam | None, until: int, told: _Told, next_at: int | None = None
) -> Crossing | None:
    """What is concluded while nothing is heard; None where the crossing ended."""
    while crossing is not None and (due := due_at(crossing, LIMITS)) <= until:
        if due - max(crossing.last_at, crossing.received_at) >= LIMITS.portal_window_us:
            if next_at is not None and next_at <= crossing.last_at + LIMITS.portal_window_us:
                break  # older than it comes: it still belongs to it
            told.take(finish(crossing, beam), due)
            return None
        crossing, passages = judged(crossing, LIMITS, beam, due)
        told.take(passages, due)
    return crossing


def _changes(heard: Heard, door: Door) -> list[tuple[int, Side, bool]]:
    return [
        (_us(at + door.beam_late), NAMES[0] if side == "inside" else NAMES[1], True) for at, side in heard.walk.barriers
    ]


def _beam(changes: Sequence[tuple[int, Side, bool]], until: int) -> Beam:
    """What the beam has told so far."""
    return Beam(beam_passes(change for change in changes if change[0] <= until))


def _us(seconds: float) -> int:
    # Walks begin at nothing; a time before it would be older than every crossing.
    return round((seconds + 100.0) * SECOND_US)
