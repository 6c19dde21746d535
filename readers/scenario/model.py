"""What a scenario is: readers and their events, tags by name, persons' acts; and who is in the field when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from readers.sighting import Instant

DEFAULT_DBM = -55.0
DeviceVerb = Literal["off", "on", "freeze", "thaw", "cut", "garbage"]


@dataclass(frozen=True, slots=True)
class TagsArrive:
    """Tags enter the field of an antenna; a tag already there takes the new mean strength (dBm)."""

    at_seconds: float
    antenna: int
    epcs: tuple[str, ...]
    mean_dbm: float = DEFAULT_DBM


@dataclass(frozen=True, slots=True)
class TagsLeave:
    """Tags leave the field of an antenna; one that is not there stays away."""

    at_seconds: float
    antenna: int
    epcs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeviceActs:
    """The reader itself is switched, freezes, or misbehaves."""

    at_seconds: float
    verb: DeviceVerb


@dataclass(frozen=True, slots=True)
class ClockJumps:
    """The reader's clock says `to_at` from now on; None: it is right again."""

    at_seconds: float
    to_at: Instant | None


@dataclass(frozen=True, slots=True)
class InputTurns:
    """An input of the reader becomes active or not: a light barrier broken, a contact closed."""

    at_seconds: float
    port: int
    active: bool


ReaderEvent = TagsArrive | TagsLeave | DeviceActs | ClockJumps | InputTurns


@dataclass(frozen=True, slots=True)
class ReaderScript:
    """One reader: its antennas (number to place code), and what happens at it, in order of time."""

    name: str
    antennas: Mapping[int, str]
    events: tuple[ReaderEvent, ...] = ()
    off: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """What a person does: `who verb words…`, for whoever plays the people."""

    at_seconds: float
    who: str
    verb: str
    words: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole run. `duration_seconds` is the time of the last thing that happens."""

    readers: tuple[ReaderScript, ...]
    tags: Mapping[str, tuple[str, ...]]
    acts: tuple[Act, ...]
    duration_seconds: float

    def reader(self, name: str | None = None) -> ReaderScript:
        """The reader of that name; without a name, the first that is not off. Raises LookupError."""
        for script in self.readers:
            if script.name == name or (name is None and not script.off):
                return script
        names = ", ".join(script.name for script in self.readers) or "none"
        raise LookupError(f"no reader {name!r} in the scenario; it has: {names}" if name else "every reader is off")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in the text: where (counted from 1), what, and what to write instead."""

    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.text}"


class ScenarioInvalid(ValueError):
    """The text cannot be read; `problems` lists every mistake."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))


class InField(NamedTuple):
    """A tag that an antenna can hear, with its mean strength in dBm."""

    antenna: int
    epc: str
    mean_dbm: float


Presence = dict[tuple[int, str], float]
"""(antenna, EPC) to mean dBm."""


def apply_event(presence: Presence, event: ReaderEvent) -> None:
    """Move tags in or out of `presence`, in place; other events leave it as it is."""
    if isinstance(event, TagsArrive):
        for epc in event.epcs:
            presence[event.antenna, epc] = event.mean_dbm
    elif isinstance(event, TagsLeave):
        for epc in event.epcs:
            presence.pop((event.antenna, epc), None)


def field(script: ReaderScript, at_seconds: float) -> tuple[InField, ...]:
    """Which tags are in the field of which antenna at the reader's own time, by antenna and EPC."""
    presence: Presence = {}
    for event in script.events:
        if event.at_seconds > at_seconds:
            break
        apply_event(presence, event)
    return tuple(sorted(InField(antenna, epc, dbm) for (antenna, epc), dbm in presence.items()))
