"""The guard of a portal: judges at the door, by itself and at once, whether what goes out may go.

It hears what the readers of its portals hear, by the same rules as the server (`readers.portal`), and holds each
passage out against the list of what may pass. The alarm is on the disk before it sounds, so that a daemon killed in the
middle tells it after its next start, once. The server makes of it the same finding that it makes of the sightings.

Readers' threads bring reads; one thread of the guard's own sounds; the daemon's tick takes the records.
"""

import json
import logging
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

from readers import doorlist
from readers.doorlist import DoorKey, DoorList, DoorListInvalid
from readers.driver import Batch, Identity
from readers.outputs import Firing, Output
from readers.portal import (
    BEAM_STUCK_US,
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
from readers.sighting import DoorAlarm, InputChange, Instant, TagRead

log = logging.getLogger(__name__)

OUTPUTS_SECONDS = 1.5
"""How long the record of an alarm waits for what its outputs say."""
BEAM_KEPT_US = 120 * SECOND_US
_JOINED_US, _JOINED_MAX_US = SECOND_US // 4, SECOND_US
"""Reads of an antenna so close are one glimpse, up to so long: a tag lying there costs little."""
LATE_US = 60 * SECOND_US
"""What went by longer ago is told, and does not sound: nobody is at the door any more."""
_TAGS_MAX = 20_000
"""Tags at a portal that are remembered; beyond, the longest silent are concluded."""
Reason = Literal["not_listed", "list_expired", "no_list", "unknown_tag"]


@dataclass(frozen=True, slots=True)
class PortalConfig:
    """One [[portal]]: its antennas at one reader, its beam, what its alarm sets off."""

    name: str
    reader: str
    inside: tuple[int, ...]
    outside: tuple[int, ...]
    beam_reader: str = ""
    beam_inside: int | None = None
    beam_outside: int | None = None
    beam_broken: str = "active"
    outputs: tuple[str, ...] = ()

    @property
    def has_beam(self) -> bool:
        """Whether both barriers are there: one alone tells no direction."""
        return self.beam_inside is not None and self.beam_outside is not None


@dataclass(frozen=True, slots=True)
class GuardConfig:
    """[guard]. Durations in seconds; `max_age_seconds`: a list older than this has expired, whatever it says."""

    block: str
    list: Path
    keys: tuple[DoorKey, ...]
    fetch_seconds: float = 30.0
    max_age_seconds: float = 7 * 86_400.0
    hold_off_seconds: float = 30.0
    """After a tag has sounded, it does not again for so long: one passage is one siren."""


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """The figures of `readers.portal.Limits`."""

    portal_window_us: int = 10 * SECOND_US
    parked_after_us: int = 60 * SECOND_US
    alarm_score: float = 0.85
    suspect_score: float = 0.3


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is wrong with a passage: `sounds` says whether the siren does."""

    level: Literal["suspect", "alarm"]
    reason: Reason
    door_list: int

    @property
    def sounds(self) -> bool:
        """Only what is sure is told aloud."""
        return self.level == "alarm"


def judge(
    passage: Passage,
    epc: str,
    block: str,
    door_list: DoorList | None,
    now: Instant,
    limits: GuardLimits,
    max_age_us: int,
) -> Judgement | None:
    """What a passage is by the list; None where nothing is to be said. Pure.

    Foreign tags never; what comes in never. What an expired list still names was lawful lately: it is told, and does
    not sound; what it does not name sounds as ever, for a door does not open because a server is away.
    """
    number_block = block if door_list is None else door_list.block
    if passage.direction == "in" or passage.score < limits.suspect_score or not epc.startswith(number_block):
        return None
    sure = passage.direction == "out" and passage.score >= limits.alarm_score
    level: Literal["suspect", "alarm"] = "alarm" if sure else "suspect"
    if door_list is None:
        return Judgement(level, "no_list", 0)
    expired = door_list.expired(now) or now > door_list.made_at + max_age_us
    named = door_list.names(epc, passage.until_at)
    if named and not expired:
        return None
    if expired:
        return Judgement("suspect" if named else level, "list_expired", door_list.number)
    return Judgement(level, "not_listed", door_list.number)


@dataclass(slots=True)
class _Door:
    """What the guard keeps of one portal."""

    config: PortalConfig
    sides: Mapping[int, Side]
    crossings: dict[str, Crossing] = field(default_factory=dict)
    settled: dict[str, Instant] = field(default_factory=dict)
    told: dict[tuple[str, Instant], bool] = field(default_factory=dict)
    """(EPC, beginning) of what was told, and whether as an alarm."""
    barriers: list[tuple[Instant, Side, bool]] = field(default_factory=list)
    broken: dict[Side, Instant] = field(default_factory=dict)
    beam_alive_at: Instant | None = None
    beam_offset_us: int | None = None
    offset_us: int | None = None


class Journal:
    """Alarms that are not in the spool yet, on the disk before they sound."""

    def __init__(self, path: Path) -> None:
        """What cannot be read is set aside, and said: a door is guarded all the same. Raises OSError."""
        self._path = path
        self._guard = threading.Lock()
        self._alarms: list[DoorAlarm] = []
        if path.exists():
            try:
                self._alarms = [DoorAlarm(**row) for row in json.loads(path.read_bytes())]
            except (ValueError, TypeError) as error:
                aside = path.with_name(f"{path.name}.damaged")
                path.replace(aside)
                log.error("guard: its journal cannot be read and was set aside as %s: %s", aside, error)
        self._left = list(self._alarms)

    def left(self) -> list[DoorAlarm]:
        """What an earlier daemon left, each once."""
        found, self._left = self._left, []
        return found

    def add(self, alarm: DoorAlarm) -> None:
        """On disk when it returns. Raises OSError."""
        with self._guard:
            self._write([*self._alarms, alarm])

    def remove(self, alarms: Sequence[DoorAlarm]) -> None:
        """They are in the spool. Raises OSError."""
        gone = {_key(alarm) for alarm in alarms}
        with self._guard:
            self._write([one for one in self._alarms if _key(one) not in gone])

    def _write(self, alarms: list[DoorAlarm]) -> None:
        doorlist.keep(self._path, json.dumps([asdict(one) for one in alarms], ensure_ascii=False))
        self._alarms = alarms


def _key(alarm: DoorAlarm) -> tuple[str, str, str, Instant]:
    return alarm.reader, alarm.portal, alarm.epc, alarm.at


class Guard:
    """All portals of a daemon."""

    def __init__(
        self,
        config: GuardConfig,
        portals: Sequence[PortalConfig],
        outputs: Mapping[str, Output],
        clock: Callable[[], Instant],
        outputs_seconds: float = OUTPUTS_SECONDS,
    ) -> None:
        """Raises OSError where the journal cannot be read."""
        self._config = config
        self._clock = clock
        self._outputs = outputs
        self._outputs_seconds = outputs_seconds
        self._limits = GuardLimits()
        self._doors = [
            _Door(
                portal,
                {**dict.fromkeys(portal.inside, "inside"), **dict.fromkeys(portal.outside, "outside")},
            )
            for portal in portals
        ]
        self._guard = threading.Lock()
        self._sounded: dict[str, Instant] = {}
        self._records: list[DoorAlarm] = []
        self._journal = Journal(config.list.with_name(f"{config.list.name}.alarms"))
        for left in self._journal.left():
            words = "; ".join(filter(None, (left.outputs, "the daemon ended before its outputs had said")))
            self._records.append(replace(left, outputs=words))
        self._list = self._kept()
        self._due: queue.Queue[tuple[DoorAlarm, tuple[str, ...]] | None] = queue.Queue()
        self._sounding = threading.Thread(target=self._sound_all, name="guard", daemon=True)

    @property
    def list_number(self) -> int:
        """Of the list at hand; 0: there is none."""
        return 0 if self._list is None else self._list.number

    def start(self) -> None:
        """Begin to sound."""
        self._sounding.start()

    def stop(self, wait_seconds: float = 5.0) -> None:
        """Sound what is due and end."""
        self._due.put(None)
        if self._sounding.ident is not None:
            self._sounding.join(wait_seconds)

    def _kept(self) -> DoorList | None:
        try:
            found = doorlist.kept(self._config.list, self._config.keys)
        except (DoorListInvalid, OSError) as error:
            log.error("guard: the list in %s is not used: %s", self._config.list, error)
            return None
        if found is None:
            log.warning("guard: there is no list yet; every tag of block %s sounds that goes out", self._config.block)
        return found

    def take_list(self, text: str) -> DoorList:
        """Believe a list that was fetched, and keep it. Raises DoorListInvalid, OSError: then the old one stays."""
        found = doorlist.newer(text, self._config.keys, self._list)
        doorlist.keep(self._config.list, text)
        if self._list is None or found.number != self._list.number:
            log.info("guard: list %d, %d tags may pass", found.number, len(found.entries))
        self._list = found
        return found

    # From the readers' threads

    def listen(self, identity: Identity, batch: Batch, reader: str) -> None:
        """One batch of a reader."""
        inputs = batch.inputs
        mine = [door for door in self._doors if reader in (door.config.reader, door.config.beam_reader)]
        with self._guard:
            for door in mine:
                self._beam(door, reader, batch, inputs)
                if reader == door.config.reader:
                    door.offset_us = batch.clock_offset_us
                    self._hear(door, batch.reads)
                if inputs:
                    self._again(door)

    def _beam(self, door: _Door, reader: str, batch: Batch, inputs: Sequence[InputChange]) -> None:
        config = door.config
        if not config.has_beam or reader != config.beam_reader:
            return
        door.beam_alive_at, door.beam_offset_us = batch.alive_at, batch.clock_offset_us
        sides: dict[int | None, Side] = {config.beam_inside: "inside", config.beam_outside: "outside"}
        for change in inputs:
            side = sides.get(change.port)
            if side is None:
                continue
            broken = change.active == (config.beam_broken == "active")
            door.barriers.append((change.at, side, broken))
            if broken:
                door.broken[side] = change.at
            else:
                door.broken.pop(side, None)
        door.barriers = [one for one in door.barriers if one[0] >= batch.alive_at - BEAM_KEPT_US]

    def _beam_of(self, door: _Door) -> Beam | None:
        if not door.config.has_beam:
            return None
        now = self._clock()
        alive = door.beam_alive_at is not None and now - door.beam_alive_at < BEAM_STUCK_US
        whole = all(now - since < BEAM_STUCK_US for since in door.broken.values())
        apart = None
        if door.config.beam_reader != door.config.reader and None not in (door.beam_offset_us, door.offset_us):
            apart = (door.beam_offset_us or 0) - (door.offset_us or 0)
        return Beam(beam_passes(door.barriers), alive and whole, apart)

    def _hear(self, door: _Door, reads: Sequence[TagRead]) -> None:
        block = self._config.block if self._list is None else self._list.block
        beam = self._beam_of(door)
        for read in sorted(reads, key=lambda one: one.read_at):
            side = door.sides.get(read.antenna)
            if side is None or not read.epc.startswith(block) or read.read_at <= door.settled.get(read.epc, -1):
                continue
            glimpse = PortalGlimpse(
                read.read_at, read.read_at, read.count or 1, read.rssi_dbm, read.reader, read.antenna, side
            )
            before = door.crossings.get(read.epc)
            if before is not None and read.read_at > before.last_at + self._limits.portal_window_us:
                self._end(door, read.epc, before, beam)
                before = None
            if before is not None and (longer := joined(before, glimpse, read.received_at)) is not None:
                door.crossings[read.epc], passages = judged(longer, self._limits, beam)
            else:
                door.crossings[read.epc], passages = hear(before, 0, glimpse, read.received_at, self._limits, beam)
            self._conclude(door, read.epc, passages)
        while len(door.crossings) > _TAGS_MAX:
            oldest = min(door.crossings, key=lambda epc: door.crossings[epc].last_at)
            self._end(door, oldest, door.crossings[oldest], beam)

    def _again(self, door: _Door) -> None:
        """The beam said something: what goes on is looked at again."""
        beam = self._beam_of(door)
        for epc, crossing in list(door.crossings.items()):
            door.crossings[epc], passages = judged(crossing, self._limits, beam)
            self._conclude(door, epc, passages)

    def _end(self, door: _Door, epc: str, crossing: Crossing, beam: Beam | None) -> None:
        del door.crossings[epc]
        door.settled[epc] = crossing.last_at
        self._conclude(door, epc, finish(crossing, beam))

    def _conclude(self, door: _Door, epc: str, passages: Sequence[Passage]) -> None:
        now = self._clock()
        for passage in passages:
            judgement = judge(
                passage,
                epc,
                self._config.block,
                self._list,
                now,
                self._limits,
                round(self._config.max_age_seconds * SECOND_US),
            )
            known = door.told.get((epc, passage.since_at))
            # Told once; a second thought counts only where it is worse.
            if judgement is None or known or (known is False and not judgement.sounds):
                continue
            door.told[epc, passage.since_at] = judgement.sounds
            self._tell(door, epc, passage, judgement, now)

    def _tell(self, door: _Door, epc: str, passage: Passage, judgement: Judgement, now: Instant) -> None:
        held_off = now - self._sounded.get(epc, -(10**18)) < self._config.hold_off_seconds * SECOND_US
        late = now - passage.until_at > LATE_US
        sounds = judgement.sounds and not held_off and not late
        if sounds:
            self._sounded[epc] = now
        why = "late: it did not sound" if late else "held off: it sounded a moment ago"
        silent = why if judgement.sounds else ""
        alarm = DoorAlarm(
            reader=door.config.reader,
            portal=door.config.name,
            epc=epc,
            # A suspicion that became an alarm is another record of the same passage.
            at=passage.until_at if judgement.sounds else passage.since_at,
            direction=passage.direction,
            score=passage.score,
            level=judgement.level,
            reason=judgement.reason,
            door_list=judgement.door_list,
            outputs="" if sounds else silent,
            parts=json.dumps(passage.evidence["parts"], sort_keys=True),
        )
        log.warning(
            "guard: %s at %s: tag %s, %s (score %.2f, list %d)",
            judgement.level,
            door.config.name,
            epc,
            judgement.reason,
            passage.score,
            judgement.door_list,
        )
        self._due.put((alarm, door.config.outputs if sounds else ()))

    # The guard's own thread

    def _sound_all(self) -> None:
        while (due := self._due.get()) is not None:
            alarm, names = due
            try:
                self._journal.add(alarm)
            except OSError as error:
                log.error("guard: the alarm cannot be kept on the disk (it sounds all the same): %s", error)
            if names:
                firing = Firing({name: self._outputs[name] for name in names})
                alarm = replace(alarm, outputs=firing.said(self._outputs_seconds))
            with self._guard:
                self._records.append(alarm)

    # From the daemon's tick

    def drain(self, now: Instant) -> list[DoorAlarm]:
        """Conclude what has been quiet long enough, and give the records that are due, each once."""
        with self._guard:
            for door in self._doors:
                beam = self._beam_of(door)
                for epc, crossing in list(door.crossings.items()):
                    if max(crossing.last_at, crossing.received_at) + self._limits.portal_window_us <= now:
                        self._end(door, epc, crossing, beam)
                    elif due_at(crossing, self._limits) <= now:
                        door.crossings[epc], passages = judged(crossing, self._limits, beam, now)
                        self._conclude(door, epc, passages)
                self._forget(door, now)
            found, self._records = self._records, []
        return found

    def _forget(self, door: _Door, now: Instant) -> None:
        oldest = now - BEAM_KEPT_US
        for epc in [epc for epc, at in door.settled.items() if at < oldest]:
            del door.settled[epc]
        for key in [key for key in door.told if key[1] < oldest and key[0] not in door.crossings]:
            del door.told[key]
        for epc in [epc for epc, at in self._sounded.items() if at < oldest]:
            del self._sounded[epc]

    def stored(self, alarms: Sequence[DoorAlarm]) -> None:
        """These are in the spool."""
        if not alarms:
            return
        try:
            self._journal.remove(alarms)
        except OSError as error:
            log.error("guard: its journal cannot be written; after a restart an alarm may be told twice: %s", error)


def joined(crossing: Crossing, glimpse: PortalGlimpse, received_at: Instant) -> Crossing | None:
    """The crossing with its last glimpse of this antenna lengthened; None where it is another glimpse."""
    last = next((g for g in reversed(crossing.glimpses) if g.antenna == glimpse.antenna), None)
    said = crossing.concluded
    if last is None or said is not None:
        return None
    if not last.last_at <= glimpse.first_at <= last.last_at + _JOINED_US:
        return None
    if glimpse.last_at - last.first_at > _JOINED_MAX_US:
        return None
    strengths = [dbm for dbm in (last.strongest_dbm, glimpse.strongest_dbm) if dbm is not None]
    longer = last._replace(
        last_at=glimpse.last_at,
        reads=last.reads + glimpse.reads,
        strongest_dbm=max(strengths, default=None),
    )
    glimpses = tuple(longer if g is last else g for g in crossing.glimpses)
    return replace(crossing, glimpses=glimpses, received_at=max(received_at, crossing.received_at))
