"""The filter of one tag: sightings in, the believed place, its stays and passages out. Pure and incremental.

The believed place changes only where another one heard the tag at least twice and either clearly stronger (6 dB)
or for long enough in the silence of the present one. So the next cabinet's cross-reads beside reads at home
change nothing, whatever their number. Silence at home counts only where home was listened to: out of a place
whose reader is dead a tag goes only where it is heard as well as at home, and for longer.

Order is event time (`last_at`). A sighting older than the newest by more than `late_after_us` is late: it is kept
as a sighting and may lengthen a past stay (`Conclusions.late`), a late passage is recorded, but neither moves the
present. For data in order, folding in pieces gives what folding at once gives.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from readers.portal import Crossing, Passage, PortalGlimpse, finish, hear
from reconcile.presence.model import (
    RANK,
    Glimpse,
    Heard,
    Lying,
    Memory,
    Settings,
    Site,
    Stay,
    Strength,
)

_READS_MIN = 2
_READS_WEAK_MOVE = 4
_LONG = 3
"""A doubtful move takes this many times the usual time."""
_GLIMPSES_MAX = 16
_PLACES_MAX = 8


@dataclass(slots=True)
class Conclusions:
    """What a fold concluded. Stays are those that began or went on; late sightings are left to their past."""

    stays: dict[tuple[int, int], Stay] = field(default_factory=dict)
    """By (place, since_at)."""
    passages: list[Passage] = field(default_factory=list)
    late: list[Heard] = field(default_factory=list)
    lying: dict[tuple[int, int], Lying] = field(default_factory=dict)
    """By (portal, since_at)."""


def fold_tag(memory: Memory, heard: Iterable[Heard], site: Site, settings: Settings) -> tuple[Memory, Conclusions]:
    """The memory of a tag after more of its sightings, and what they showed."""
    conclusions = Conclusions()
    for sighting in sorted(heard, key=lambda h: (h.last_at, h.first_at, h.reader, h.antenna)):
        memory = _step(memory, sighting, site, settings, conclusions)
    return memory, conclusions


def settle_tag(memory: Memory, now: int, site: Site, settings: Settings) -> tuple[Memory, Conclusions]:
    """Conclude the crossings that have been quiet long enough at `now` (event time and arrival both)."""
    conclusions = Conclusions()
    for portal, crossing in sorted(memory.crossings.items()):
        if max(crossing.last_at, crossing.received_at) + settings.portal_window_us <= now:
            memory = _settled(memory, portal, site, settings, conclusions)
    return memory, conclusions


def _step(memory: Memory, heard: Heard, site: Site, settings: Settings, out: Conclusions) -> Memory:
    for portal, crossing in sorted(memory.crossings.items()):
        if heard.first_at > crossing.last_at + settings.portal_window_us:
            memory = _settled(memory, portal, site, settings, out)
    late = heard.last_at < memory.heard_at - settings.late_after_us
    memory = memory._replace(reads=memory.reads + heard.reads)
    if heard.last_at >= memory.heard_at:
        memory = memory._replace(
            heard_at=heard.last_at,
            reader=heard.reader,
            antenna=heard.antenna,
            strongest_dbm=heard.strongest_dbm,
        )
    if heard.place is None:
        return memory
    if heard.side:
        return _at_portal(memory, heard, site, settings, out)
    if late:
        out.late.append(heard)
        return memory
    return _at_place(memory, heard, heard.place, site, settings, out)


def _at_place(memory: Memory, heard: Heard, place: int, site: Site, settings: Settings, out: Conclusions) -> Memory:
    memory = memory._replace(glimpses=_kept(memory, heard, place, settings))
    if memory.place is None:
        return _believed(memory, heard, place, heard.first_at, settings, out)
    if memory.place == place:
        return _confirmed_again(memory, heard, place, settings, out)
    since = _moved_since(memory, heard, place, site, settings)
    return memory if since is None else _believed(memory, heard, place, since, settings, out)


def _kept(memory: Memory, heard: Heard, place: int, settings: Settings) -> dict[int, tuple[Glimpse, ...]]:
    """Recent evidence by place, with the new glimpse; bounded, however many places hear."""
    glimpse = Glimpse(heard.first_at, heard.last_at, heard.reads, heard.mean_dbm)
    oldest = max(heard.last_at, memory.heard_at) - settings.window_us
    glimpses = {
        at: kept for at, seen in memory.glimpses.items() if (kept := tuple(g for g in seen if g.last_at >= oldest))
    }
    glimpses[place] = tuple(sorted((*glimpses.get(place, ()), glimpse), key=_by_time))[-_GLIMPSES_MAX:]
    newest = sorted(glimpses, key=lambda at: glimpses[at][-1].last_at)[-_PLACES_MAX:]
    return {at: glimpses[at] for at in sorted(newest)}


def _by_time(glimpse: Glimpse) -> tuple[int, int]:
    return glimpse.last_at, glimpse.first_at


@dataclass(frozen=True, slots=True)
class _Evidence:
    reads: int
    first_at: int
    span_us: int
    mean_dbm: float | None


def _evidence(glimpses: Sequence[Glimpse], after: int | None = None) -> _Evidence:
    """What glimpses show; with `after`, only what was heard later than that."""
    seen = [g for g in glimpses if after is None or g.last_at > after]
    if not seen:
        return _Evidence(0, 0, 0, None)
    first = min(g.first_at for g in seen)
    if after is not None:
        first = max(first, after)
    measured = [(g.mean_dbm, g.reads) for g in seen if g.mean_dbm is not None]
    total = sum(count for _, count in measured)
    mean = sum(dbm * count for dbm, count in measured) / total if total else None
    return _Evidence(sum(g.reads for g in seen), first, max(g.last_at for g in seen) - first, mean)


def _moved_since(memory: Memory, heard: Heard, place: int, site: Site, settings: Settings) -> int | None:
    """Since when the tag is at another place than the believed one; None: it is not."""
    here = memory.place
    there = _evidence(memory.glimpses.get(place, ()))
    if here is None or there.reads < _READS_MIN:
        return None
    after = _evidence(memory.glimpses.get(place, ()), memory.here_at)
    if here not in site.heard:
        return after.first_at if after.reads >= _READS_MIN else None
    if memory.strength == "unconfirmed":
        at_home = _evidence(memory.glimpses.get(here, ()))
        return there.first_at if there.reads > at_home.reads else None
    newest = memory.here_at is None or heard.last_at >= memory.here_at
    gain = None if there.mean_dbm is None or memory.here_dbm is None else there.mean_dbm - memory.here_dbm
    if gain is not None and gain >= settings.stronger_db and newest:
        return there.first_at
    return after.first_at if _silence_moves(memory, here, after, site, settings) else None


def _silence_moves(memory: Memory, here: int, after: _Evidence, site: Site, settings: Settings) -> bool:
    """Whether hearing the tag there, and no more at home, is enough."""
    if after.reads < _READS_MIN or after.span_us < settings.confirm_after_us:
        return False
    long = after.span_us >= _LONG * settings.confirm_after_us
    known = after.mean_dbm is not None and memory.here_dbm is not None
    gain = (after.mean_dbm or 0.0) - (memory.here_dbm or 0.0) if known else 0.0
    if site.listened_through(here, (memory.here_at or 0) + settings.confirm_after_us):
        return gain >= -settings.stronger_db or (long and after.reads >= _READS_WEAK_MOVE)
    return gain >= 0 and long


def _believed(memory: Memory, heard: Heard, place: int, since: int, settings: Settings, out: Conclusions) -> Memory:
    evidence = _evidence(memory.glimpses[place])
    stay = Stay(
        place,
        min(since, heard.last_at),
        heard.last_at,
        evidence.reads,
        heard.strongest_dbm,
        heard.reader,
        heard.antenna,
    )
    out.stays[place, stay.since_at] = stay
    return memory._replace(
        place=place,
        strength=_strength(evidence, settings),
        since_at=stay.since_at,
        here_at=heard.last_at,
        here_dbm=evidence.mean_dbm,
        stay=stay,
    )


def _confirmed_again(memory: Memory, heard: Heard, place: int, settings: Settings, out: Conclusions) -> Memory:
    evidence = _evidence(memory.glimpses[place])
    strength = _strength(evidence, settings)
    before = memory.here_at or heard.first_at
    if heard.first_at - before > settings.unconfirmed_after_us and memory.strength == "confirmed":
        strength = _firmer(strength, "probable")
    else:
        strength = _firmer(strength, memory.strength)
    stay = _longer(memory.stay, heard, place, settings)
    out.stays[place, stay.since_at] = stay
    return memory._replace(
        strength=strength,
        here_at=max(before, heard.last_at),
        here_dbm=memory.here_dbm if evidence.mean_dbm is None else evidence.mean_dbm,
        stay=stay,
    )


def _longer(stay: Stay | None, heard: Heard, place: int, settings: Settings) -> Stay:
    """The running stay with one more sighting, or, after a silence, the next one."""
    if stay is None or stay.place != place or heard.first_at - stay.until_at > settings.silence_us:
        return Stay(
            place,
            heard.first_at,
            heard.last_at,
            heard.reads,
            heard.strongest_dbm,
            heard.reader,
            heard.antenna,
        )
    strongest = [dbm for dbm in (stay.strongest_dbm, heard.strongest_dbm) if dbm is not None]
    return stay._replace(
        until_at=max(stay.until_at, heard.last_at),
        reads=stay.reads + heard.reads,
        strongest_dbm=max(strongest, default=None),
        reader=heard.reader,
        antenna=heard.antenna,
    )


def _strength(evidence: _Evidence, settings: Settings) -> Strength:
    if evidence.reads < _READS_MIN:
        return "unconfirmed"
    return "confirmed" if evidence.span_us >= settings.confirm_after_us else "probable"


def _firmer(one: Strength, other: Strength) -> Strength:
    return one if RANK[one] >= RANK[other] else other


def _at_portal(memory: Memory, heard: Heard, site: Site, settings: Settings, out: Conclusions) -> Memory:
    portal, side = heard.place, heard.side
    if portal is None or not side or heard.first_at <= memory.settled.get(portal, -1):
        return memory
    crossing = memory.crossings.get(portal)
    if crossing is not None and heard.last_at < crossing.first_at - settings.portal_window_us:
        return memory  # older than the crossing that goes on: evidence of the past, kept as a sighting
    glimpse = PortalGlimpse(
        heard.first_at, heard.last_at, heard.reads, heard.strongest_dbm, heard.reader, heard.antenna, side
    )
    going_on, passages = hear(crossing, portal, glimpse, heard.received_at, settings, site.beams.get(portal))
    _lies(going_on, glimpse, out)
    memory = memory._replace(crossings={**memory.crossings, portal: going_on})
    return _passed(memory, passages, site, settings, out)


def _lies(crossing: Crossing, heard: PortalGlimpse, out: Conclusions) -> None:
    """A tag found lying at the portal: one stay, as long as the crossing goes on."""
    if crossing.lying_since is not None and crossing.parked:
        out.lying[crossing.portal, crossing.lying_since] = Lying(
            crossing.portal,
            crossing.lying_since,
            crossing.last_at,
            crossing.parked,
            heard.reader,
            heard.antenna,
            heard.strongest_dbm,
        )


def _settled(memory: Memory, portal: int, site: Site, settings: Settings, out: Conclusions) -> Memory:
    crossing = memory.crossings[portal]
    memory = memory._replace(
        crossings={at: c for at, c in memory.crossings.items() if at != portal},
        settled={**memory.settled, portal: crossing.last_at},
    )
    return _passed(memory, finish(crossing, site.beams.get(portal)), site, settings, out)


def _passed(memory: Memory, passages: Iterable[Passage], site: Site, settings: Settings, out: Conclusions) -> Memory:
    for passage in passages:
        late = passage.until_at < memory.heard_at - settings.late_after_us
        evidence = {**passage.evidence, "late": True} if late else passage.evidence
        out.passages.append(replace(passage, evidence=evidence))
        revises = "revises" in passage.evidence
        if late or (passage.direction == "unknown" and not revises):
            continue
        if memory.here_at is not None and passage.until_at < memory.here_at:
            continue  # heard at a place since
        inside, outside = site.portals.get(passage.portal, (None, None))
        memory = _through(memory, outside if passage.ends == "outside" else inside, passage, settings)
    return memory


def _through(memory: Memory, place: int | None, passage: Passage, settings: Settings) -> Memory:
    """Behind a portal: believed at the place there, which need not have an antenna of its own."""
    if place == memory.place and place is not None:
        return memory._replace(here_at=passage.until_at)
    sure = passage.direction != "unknown" and passage.score >= settings.alarm_score
    return memory._replace(
        place=place,
        strength="probable" if sure and place is not None else "unconfirmed",
        since_at=None if place is None else passage.until_at,
        here_at=None if place is None else passage.until_at,
        here_dbm=None,
        glimpses={},
        stay=None,
    )
