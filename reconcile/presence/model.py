"""What the filter knows: its settings, the site it listens in, what it heard, what it keeps of one tag.

Times are Instants (microseconds UTC, event time), durations microseconds (`_us`), strengths dBm.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from custody.scheme import Scheme
from custody.values import SECOND
from readers.portal import Beam, Crossing, Side, due_at
from readers.sighting import Instant
from reconcile.presence.calibration import DEFAULTS, Calibration

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
    silence_us: int = 600 * SECOND
    """A stay ends where the tag was silent for longer."""
    unconfirmed_after_us: int = 120 * SECOND
    """Not heard for longer where somebody listened: unconfirmed."""
    late_after_us: int = 30 * SECOND
    """A sighting older than the last one by more is late: it does not move the present."""
    parked_after_us: int = 60 * SECOND
    """Heard longer at a portal, it is lying there, not passing."""
    stronger_db: float = 6.0
    """Out of a place that nobody listens to, a tag goes at once only where it is heard so much more strongly."""
    period_us: int = 10 * SECOND
    """A daemon tells of a tag that it hears at least so often: not to have been heard is known only as long after."""
    watermark_us: int = 12 * SECOND
    """A sighting may arrive so much after one that is later by event time, without anything being late."""
    known_after_us: int = 60 * SECOND
    """After so long at a place the way its tag is heard there is known."""
    clearly: float = 2.0
    """By so much (natural logarithm) the way a tag is heard must fit its place better than any other."""
    temper: float = 0.35
    """A window counts as so much of an independent witness: fading stands still with the tag."""
    fresh: float = 0.5
    """The first window with reads after a silence of an antenna counts as so much."""
    stays_us: int = 7200 * SECOND
    """A tag stays at a place for so long in the mean."""
    arrives: float = 0.05
    """What is at no place is put down somewhere with this chance, a window."""
    sure: float = 0.95
    surely: float = 0.999
    """So probable, another place is the believed one: heard strongly there; heard only as its neighbours are."""
    doubt: float = 0.1
    again: float = 0.5
    """Less probable than `doubt` it is unconfirmed, until it is more than `again`."""
    alarm_score: float = 0.85
    suspect_score: float = 0.3


def settings_from(scheme: Scheme) -> Settings:
    """The filter's settings under a scheme: `confirm_after_seconds`, `portal_window_seconds`."""
    confirm = scheme.number("confirm_after_seconds") * SECOND
    return Settings(
        confirm_after_us=confirm,
        portal_window_us=scheme.number("portal_window_seconds") * SECOND,
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
    `listening`: when each antenna listened, around the times in question, in order and without overlap: silence is
    evidence only there. None: `listened` is asked. `rooms`: place to the room it is in (a room: itself), None where
    it is in none; `kinds`: place to its kind.
    """

    ears: Mapping[tuple[str, int], Ear] = field(default_factory=dict)
    portals: Mapping[int, tuple[int | None, int | None]] = field(default_factory=dict)
    listened: Mapping[int, Instant] | None = None
    beams: Mapping[int, Beam] = field(default_factory=dict)
    listening: Mapping[tuple[str, int], tuple[tuple[Instant, Instant], ...]] | None = None
    rooms: Mapping[int, int | None] = field(default_factory=dict)
    kinds: Mapping[int, str] = field(default_factory=dict)
    calibration: Calibration = DEFAULTS
    heard: frozenset[int] = field(init=False)
    """Places that some antenna hears."""
    looked_up: dict[str, Any] = field(default_factory=dict, init=False, compare=False, repr=False)
    """What the filter works out of all this, once."""

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


class Move(NamedTuple):
    """The believed place changed, or what is believed of it: a conclusion, with its evidence.

    `from_place` None: it was nowhere; `to_place` None: it is no longer believed anywhere. `at`: event time from
    which it holds; `concluded_at`: event time of the evidence that decided. `cause`: `places` (heard), `silence`,
    `portal`, `companions`. `evidence` is JSON: model and calibration version, interval, per antenna what was heard
    and what was expected, runner-up, which antennas listened.
    """

    from_place: int | None
    to_place: int | None
    at: Instant
    concluded_at: Instant
    strength: Strength
    cause: str
    evidence: Mapping[str, Any]


_NOTHING: Mapping[int, Any] = MappingProxyType({})


class EarKept(NamedTuple):
    """What is kept of one antenna of one tag. Counts are of windows, not whole ones.

    `told_at`: through which it is known what it heard; `counted_at`: through which that is counted. `asked`, `heard`:
    how it hears the tag where it is believed; of late more than of old. `mean_dbm`, `weight`: the strength of that.
    `doubted`, `doubt_heard`: the same since there has been a doubt: the evidence of a conclusion.
    """

    reader: str
    antenna: int
    told_at: Instant
    counted_at: Instant
    last_at: Instant
    asked: float = 0.0
    heard: float = 0.0
    mean_dbm: float = 0.0
    weight: float = 0.0
    doubted: float = 0.0
    doubt_heard: float = 0.0
    doubt_dbm: float | None = None
    doubt_strongest: float | None = None


class Candidate(NamedTuple):
    """Another place at which the tag may be. `chance`: how probable; `since_at`: from the first read of that doubt."""

    place: int
    chance: float
    since_at: Instant
    until_at: Instant
    reads: int
    strongest_dbm: float | None
    mean_dbm: float | None
    reader: str
    antenna: int


class Belief(NamedTuple):
    """The filter's own: through when it has counted, how probable the believed place is, and none at all."""

    through_at: Instant = 0
    here: float = 0.0
    away: float = 1.0
    arrived_at: Instant = 0
    """First heard at the believed place."""
    reads_here: int = 0
    answers: float | None = None
    """How it answered where it lay before: the share of windows of the antenna that heard it best."""
    known: bool = False
    """It has lain there long enough, and is probably there: the way it is heard is its own from now on."""
    ambiguous: bool = False
    """The way it is heard fits another place nearly as well, or better: nothing is said of it but unconfirmed."""
    checked_at: Instant = 0
    """When that was looked at last."""
    look_after_us: int | None = None
    """So long after `through_at` silence will have said enough to look again; None: nothing to look for."""
    weighed_at: Instant = 0
    """When all antennas' silences were counted last."""
    usual_at: Instant = 0
    """When an antenna of the believed place heard it last as it always does."""
    candidates: tuple[Candidate, ...] = ()
    ears: tuple[EarKept, ...] = ()


_WEAK_BELOW = 0.35
_WEAK_WINDOWS = 100.0
_SETTLED = 0.995


class Memory(NamedTuple):
    """All that the filter keeps of one tag; less than a kilobyte as JSON.

    A tuple: it is what it is, and a new one is made for what was heard since.
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
    belief: Belief = Belief()
    stay: Stay | None = None
    crossings: Mapping[int, Crossing] = _NOTHING
    """Open crossings, by portal."""
    settled_at: Mapping[int, Instant] = _NOTHING
    """Portal to the last read of its last settled crossing: what comes of it afterwards changes nothing."""

    @property
    def through_at(self) -> Instant:
        """Event time through which silence is counted."""
        return self.belief.through_at

    @property
    def settled(self) -> bool:
        """It lies still and nothing is in doubt: the order in which its next sightings come does not matter."""
        return self.belief.here >= _SETTLED and self.strength == "confirmed" and not self.crossings

    @property
    def answers(self) -> tuple[float, float]:
        """Windows heard and windows listened, of the antenna that hears it best where it is believed."""
        best = max(self.belief.ears, key=lambda ear: ear.heard / (ear.asked + 1.0), default=None)
        return (0.0, 0.0) if best is None else (best.heard, best.asked)

    @property
    def weak(self) -> bool:
        """It is known to answer badly: confirm it by eye."""
        heard, asked = self.answers
        if asked >= _WEAK_WINDOWS:
            return heard / asked < _WEAK_BELOW
        return self.belief.answers is not None and self.belief.answers < _WEAK_BELOW

    def due_at(self, settings: Settings) -> Instant | None:
        """When to look again without a new sighting (settle and advance); None: no need."""
        times = [due_at(crossing, settings) for crossing in self.crossings.values()]
        if self.belief.look_after_us is not None:
            times.append(self.belief.through_at + self.belief.look_after_us)
        return min(times, default=None)
