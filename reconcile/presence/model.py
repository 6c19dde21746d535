"""What the filter knows: its settings, the site it listens in, what it heard, what it keeps of one tag.

Times are Instants (microseconds UTC, event time), durations microseconds (`_us`), strengths dBm.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from custody.scheme import Scheme
from custody.values import SECOND
from readers.portal import Beam, Concluded, Crossing, PortalGlimpse, Side
from readers.sighting import Instant

Strength = Literal["confirmed", "probable", "unconfirmed"]
"""Calibrated classes, never a number: steady; heard twice; glimpsed once, or not again while covered."""

RANK: Mapping[Strength, int] = {"unconfirmed": 0, "probable": 1, "confirmed": 2}


@dataclass(frozen=True, slots=True)
class Settings:
    """Figures of the filter. Those of the scheme (`[numbers]`) come from there; the others are the method's own."""

    confirm_after_us: int = 10 * SECOND
    """Heard this long, it is there: confirmed; or, where another place was believed, moved."""
    portal_window_us: int = 10 * SECOND
    """Reads at a portal no further apart are one crossing; it settles after as long a quiet."""
    window_us: int = 40 * SECOND
    """Sightings this recent are evidence."""
    silence_us: int = 600 * SECOND
    """A stay ends where the tag was silent for longer."""
    unconfirmed_after_us: int = 120 * SECOND
    """Not heard for longer where somebody listened: unconfirmed."""
    late_after_us: int = 30 * SECOND
    """A sighting older than the last one by more is late: it does not move the present."""
    parked_after_us: int = 60 * SECOND
    """Heard longer at a portal, it is lying there, not passing."""
    stronger_db: float = 6.0
    """Clearly stronger (the offset of EdgeX's inventory, asset profile)."""
    alarm_score: float = 0.85
    suspect_score: float = 0.3


def settings_from(scheme: Scheme) -> Settings:
    """The filter's settings under a scheme: `confirm_after_seconds`, `portal_window_seconds`."""
    confirm = scheme.number("confirm_after_seconds") * SECOND
    return Settings(
        confirm_after_us=confirm,
        portal_window_us=scheme.number("portal_window_seconds") * SECOND,
        window_us=max(40 * SECOND, 4 * confirm),
    )


class Ear(NamedTuple):
    """What an antenna hears: a place (`side` empty), or one side of the portal `place`."""

    place: int
    side: Side | Literal[""] = ""


@dataclass(frozen=True, slots=True)
class Site:
    """The places as the filter needs them.

    `portals`: portal to its (inside, outside) places; `beams`: what the beam of a portal told, where it has one.
    `listened`: place to the time through which all its
    antennas were listening; None where a test or a study takes listening for granted.
    """

    ears: Mapping[tuple[str, int], Ear] = field(default_factory=dict)
    portals: Mapping[int, tuple[int | None, int | None]] = field(default_factory=dict)
    listened: Mapping[int, Instant] | None = None
    beams: Mapping[int, Beam] = field(default_factory=dict)
    heard: frozenset[int] = field(init=False)
    """Places that some antenna hears."""

    def __post_init__(self) -> None:
        heard = frozenset(ear.place for ear in self.ears.values() if not ear.side)
        object.__setattr__(self, "heard", heard)

    def listened_through(self, place: int, until: Instant) -> bool:
        """Whether the place was listened to up to `until`: only then is silence evidence."""
        return self.listened is None or self.listened.get(place, 0) >= until


class Heard(NamedTuple):
    """A sighting as the filter takes it, its antenna resolved. `place` None: an antenna of no known place."""

    first_at: Instant
    last_at: Instant
    reads: int
    strongest_dbm: float | None
    mean_dbm: float | None
    reader: str
    antenna: int
    place: int | None
    side: Side | Literal[""] = ""
    received_at: Instant = 0


class Glimpse(NamedTuple):
    """What is kept of a sighting at a place."""

    first_at: Instant
    last_at: Instant
    reads: int
    mean_dbm: float | None


class Lying(NamedTuple):
    """A tag lying at a portal, not passing: from `since_at`, last heard `until_at`; (portal, since_at) names it."""

    portal: int
    since_at: Instant
    until_at: Instant
    sides: tuple[Side, ...]
    reader: str
    antenna: int
    strongest_dbm: float | None


class Stay(NamedTuple):
    """A tag at a place from `since_at` to `until_at` (last heard there); (place, since_at) names it."""

    place: int
    since_at: Instant
    until_at: Instant
    reads: int
    strongest_dbm: float | None
    reader: str
    antenna: int


_NOTHING: Mapping[int, Any] = MappingProxyType({})


class Memory(NamedTuple):
    """All that the filter keeps of one tag; a few hundred bytes as JSON.

    A tuple, because a new one is made for every sighting.
    """

    place: int | None = None
    strength: Strength = "unconfirmed"
    since_at: Instant | None = None
    here_at: Instant | None = None
    here_dbm: float | None = None
    """Mean strength at the believed place when last heard there."""
    heard_at: Instant = 0
    reader: str = ""
    antenna: int = 0
    strongest_dbm: float | None = None
    reads: int = 0
    glimpses: Mapping[int, tuple[Glimpse, ...]] = _NOTHING
    """Recent evidence, by place."""
    stay: Stay | None = None
    crossings: Mapping[int, Crossing] = _NOTHING
    """Open crossings, by portal."""
    settled: Mapping[int, Instant] = _NOTHING
    """Portal to the last read of its last settled crossing: what comes of it afterwards changes nothing."""

    def due_at(self, settings: Settings) -> Instant | None:
        """When to look again without a new sighting, for a crossing to settle; None: no need."""
        times = [max(c.last_at, c.received_at) + settings.portal_window_us for c in self.crossings.values()]
        return min(times, default=None)


_VERSION = 1
_JSON = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def to_bytes(memory: Memory) -> bytes:
    """The memory as JSON, for the `state` of its row."""
    crossings = [
        [c.portal, c.glimpses, c.received_at, c.parked, c.concluded, c.lying_since] for c in memory.crossings.values()
    ]
    body = [
        _VERSION,
        memory.place,
        memory.strength,
        memory.since_at,
        memory.here_at,
        memory.here_dbm,
        memory.heard_at,
        memory.reader,
        memory.antenna,
        memory.strongest_dbm,
        memory.reads,
        list(memory.glimpses.items()),
        memory.stay,
        crossings,
        list(memory.settled.items()),
    ]
    return _JSON.encode(body).encode()


def from_bytes(raw: bytes) -> Memory:
    """The memory kept in a row; empty bytes: of a tag never heard. Raises ValueError for another version's."""
    if not raw:
        return Memory()
    version, *kept = json.loads(raw)
    if version != _VERSION:
        raise ValueError(f"the filter's memory is of version {version}, this program's is {_VERSION}")
    place, strength, since, here, dbm, heard, reader, antenna, strongest, reads, glimpses, stay, crossings, done = kept
    return Memory(
        place,
        strength,
        since,
        here,
        dbm,
        heard,
        reader,
        antenna,
        strongest,
        reads,
        {at: tuple(map(Glimpse._make, seen)) for at, seen in glimpses},
        None if stay is None else Stay(*stay),
        {crossing[0]: _crossing(*crossing) for crossing in crossings},
        dict(done),
    )


def _crossing(
    portal: int, glimpses: Any, received_at: Instant, parked: Any, concluded: Any, lying_since: Instant | None = None
) -> Crossing:
    return Crossing(
        portal,
        tuple(map(PortalGlimpse._make, glimpses)),
        received_at,
        tuple(parked),
        None if concluded is None else Concluded(*concluded),
        lying_since,
    )
