"""The ROSpecs and AccessSpecs of a reader at work: states, triggers, and what they send.

Source: LLRP 1.0.1, section 6 and 10 (states and triggers of ROSpecs), 11 (AccessSpecs), 13.1 (reports). One ROSpec
is active at a time; one of higher priority (a lower number) preempts it. A ROSpec ends when its stop trigger fires
or its AISpecs are done; with an immediate start trigger it then starts again. Times are
microseconds of a clock that does not jump; every effect happens in a call, none by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from readers.sighting import Instant
from readers.virtual import answers, device, tag
from readers.virtual.device import ReportSpec
from readers.virtual.reports import Heard, Origin, ReportBuffer
from readers.virtual.shapes import Refused
from readers.virtual.specs import (
    ACTIVE,
    DISABLED,
    INACTIVE,
    START_IMMEDIATE,
    START_PERIODIC,
    STOP_DURATION,
    STOP_OBSERVATION,
    UPON_N_TAGS,
    UPON_NO_MORE_NEW_TAGS,
    AccessSpec,
    AISpec,
    ROSpec,
)
from readers.wire import ParameterType as P
from readers.wire import StatusCode as S


class Reported(NamedTuple):
    """A body of RO_ACCESS_REPORT to send."""

    body: bytes


class Happened(NamedTuple):
    """An event parameter to send to a client that asked for its type."""

    event_type: int
    body: bytes


Outgoing = Reported | Happened


@dataclass(slots=True)
class _Slot:
    """One ROSpec that the reader holds; `parked`: stopped by STOP_ROSPEC, so it does not start by itself."""

    spec: ROSpec
    state: int = DISABLED
    starts_at: Instant | None = None
    parked: bool = False


@dataclass(slots=True)
class _AccessSlot:
    spec: AccessSpec
    enabled: bool = False
    executed: int = 0


@dataclass(slots=True)
class _Run:
    """The active ROSpec: since when, and its present AISpec."""

    slot: _Slot
    started_at: Instant
    position: int = 0
    ai_started_at: Instant = 0
    observations: int = 0
    attempts: int = 0
    new_tag_at: Instant = 0
    seen: set[bytes] = field(default_factory=set)

    @property
    def aispec(self) -> AISpec:
        return self.slot.spec.aispecs[self.position]

    def enter(self, position: int, now: Instant) -> None:
        """Begin the AISpec at `position`."""
        self.position, self.ai_started_at, self.new_tag_at = position, now, now
        self.observations = self.attempts = 0
        self.seen.clear()


class Inventory:
    """All specs of one reader; `outbox` collects what is to be sent, in order."""

    def __init__(self) -> None:
        self.outbox: list[Outgoing] = []
        self.can_report = False
        self._overdue = False
        self.buffer = ReportBuffer()
        self.report = ReportSpec()
        self.access_report = 1
        self._slots: dict[int, _Slot] = {}
        self._accesses: dict[int, _AccessSlot] = {}
        self.chips: dict[bytes, tag.Chip] = {}
        """Tags of the scenario that can be written, by the number that the scenario calls them by."""
        self._run: _Run | None = None

    @property
    def active_id(self) -> int | None:
        """The active ROSpec's id."""
        return self._run.slot.spec.id if self._run else None

    # ROSpecs

    def add(self, spec: ROSpec) -> None:
        """Take a ROSpec, disabled. Raises Refused when its id is taken or there are too many."""
        if spec.id in self._slots:
            raise Refused(S.A_INVALID, f"ROSpec {spec.id} exists already", (P.ROSPEC,), 0)
        if len(self._slots) >= device.MAX_ROSPECS:
            raise Refused(S.P_OVERFLOW_PARAMETER, f"at most {device.MAX_ROSPECS} ROSpecs", (P.ROSPEC,))
        self._slots[spec.id] = _Slot(spec)

    def _named(self, number: int) -> list[_Slot]:
        if number == 0:
            return list(self._slots.values())
        if number not in self._slots:
            raise Refused(S.A_INVALID, f"there is no ROSpec {number}", field=0)
        return [self._slots[number]]

    def _one(self, number: int) -> _Slot:
        if number == 0:
            raise Refused(S.A_OUT_OF_RANGE, "ROSpec 0 stands for all and cannot be started or stopped", field=0)
        return self._named(number)[0]

    def delete(self, number: int, now: Instant) -> None:
        """Forget a ROSpec, or all with 0. Raises Refused when there is none of that id."""
        for slot in self._named(number):
            self._leave(slot, now, DISABLED)
            del self._slots[slot.spec.id]

    def enable(self, number: int, now: Instant) -> None:
        """Disabled to inactive, and on to active where the start trigger says so."""
        for slot in self._named(number):
            if slot.state != DISABLED:
                continue
            slot.state = INACTIVE
            if slot.spec.start_kind == START_PERIODIC:
                base = now if slot.spec.start_at is None else slot.spec.start_at
                slot.starts_at = _next_start(base + 1000 * slot.spec.offset_ms, slot.spec.period_ms, now)
        self._start_due(now)

    def disable(self, number: int, now: Instant) -> None:
        """To disabled from any state."""
        for slot in self._named(number):
            self._leave(slot, now, DISABLED)
        self._start_due(now)

    def start(self, number: int, now: Instant) -> None:
        """START_ROSPEC: inactive to active; of one already active, nothing."""
        slot = self._one(number)
        if slot.state == DISABLED:
            raise Refused(S.A_INVALID, f"ROSpec {number} is disabled; enable it first", field=0)
        if slot.state == INACTIVE:
            self._preempt_for(slot, now)
            self._begin(slot, now)

    def stop(self, number: int, now: Instant) -> None:
        """STOP_ROSPEC: active to inactive. An immediate start trigger fires only at the next enable."""
        slot = self._one(number)
        if slot.state == DISABLED:
            raise Refused(S.A_INVALID, f"ROSpec {number} is disabled; it cannot be stopped", field=0)
        self._leave(slot, now, INACTIVE)
        slot.parked = True
        self._start_due(now)

    def rospecs(self) -> list[bytes]:
        """The bodies of all ROSpecs with their present states, in the order they were added."""
        return [slot.spec.encode_body(slot.state) for slot in self._slots.values()]

    # AccessSpecs

    def add_access(self, spec: AccessSpec) -> None:
        """Take an AccessSpec, disabled. Raises Refused when its id is taken or there are too many."""
        if spec.id in self._accesses:
            raise Refused(S.A_INVALID, f"AccessSpec {spec.id} exists already", (P.ACCESS_SPEC,), 0)
        if len(self._accesses) >= device.MAX_ACCESSSPECS:
            text = f"at most {device.MAX_ACCESSSPECS} AccessSpecs"
            raise Refused(S.P_OVERFLOW_PARAMETER, text, (P.ACCESS_SPEC,))
        self._accesses[spec.id] = _AccessSlot(spec)

    def _accesses_named(self, number: int) -> list[_AccessSlot]:
        if number == 0:
            return list(self._accesses.values())
        if number not in self._accesses:
            raise Refused(S.A_INVALID, f"there is no AccessSpec {number}", field=0)
        return [self._accesses[number]]

    def delete_access(self, number: int) -> None:
        """Forget an AccessSpec, or all with 0."""
        for slot in self._accesses_named(number):
            del self._accesses[slot.spec.id]

    def enable_access(self, number: int, enabled: bool) -> None:
        """Enable or disable an AccessSpec, or all with 0."""
        for slot in self._accesses_named(number):
            slot.enabled = enabled

    def accessspecs(self) -> list[bytes]:
        """The bodies of all AccessSpecs with their present states."""
        return [slot.spec.encode_body(slot.enabled) for slot in self._accesses.values()]

    # the work

    def fetch(self) -> None:
        """GET_REPORT: what waits is sent, an empty report when nothing does."""
        self.outbox += [Reported(body) for body in self.buffer.take()] or [Reported(b"")]

    def flush(self) -> None:
        """Send what waits, if anything does; where nobody takes reports now, it goes as soon as somebody does."""
        self._overdue = not self.can_report
        if self.can_report:
            self.outbox += [Reported(body) for body in self.buffer.take()]

    def flush_overdue(self) -> None:
        """Send what was due while nobody took it."""
        if self._overdue and self.can_report:
            self.flush()

    def cycle(self, now: Instant, heard: Iterable[Heard]) -> None:
        """One inventory cycle: due starts, the tags heard, and the stop triggers that have come."""
        self.flush_overdue()
        self._start_due(now)
        for raw in heard:
            run = self._run
            if run is None:
                break
            aispec = run.aispec
            chip = self.chips.get(raw.epc)
            if chip is not None and chip.gone:
                continue
            each = raw if chip is None else raw._replace(epc=chip.epc)
            if each.antenna in aispec.antennas and tag.selected(each.epc, aispec.filters_of(each.antenna), chip):
                self._observe(run, each, now, chip)
                if _observed_enough(run):
                    self._end_aispec(run, now)
        run = self._run
        if run is None:
            return
        run.attempts += 1
        if run.slot.spec.stop_kind == STOP_DURATION and now - run.started_at >= 1000 * run.slot.spec.stop_ms:
            self._end(run, now, again=True)
        elif _aispec_over(run, now):
            self._end_aispec(run, now)

    def _observe(self, run: _Run, heard: Heard, now: Instant, chip: tag.Chip | None) -> None:
        run.observations += 1
        if heard.epc not in run.seen:
            run.seen.add(heard.epc)
            run.new_tag_at = now
        report = run.slot.spec.report or self.report
        origin = Origin(run.slot.spec.id, run.aispec.index, run.aispec.inventory_id, report)
        at_once = False
        access = self._access_for(heard, run.slot.spec.id, chip)
        if access is not None:
            results = tag.operate(heard.epc, access.spec.opspecs, chip)
            origin = origin._replace(access_id=access.spec.id, results=results)
            trigger = self.access_report if access.spec.report is None else access.spec.report
            at_once = trigger == 1
            access.executed += 1
            if access.spec.executions and access.executed >= access.spec.executions:
                del self._accesses[access.spec.id]
        waiting = self.buffer.add(heard, origin)
        if at_once or (report.trigger and report.n and waiting >= report.n):
            self.flush()

    def _access_for(self, heard: Heard, rospec_id: int, chip: tag.Chip | None) -> _AccessSlot | None:
        """The first enabled AccessSpec that the tag fits: one is carried out at one singulation."""
        for slot in self._accesses.values():
            spec = slot.spec
            if not slot.enabled or spec.antenna not in (0, heard.antenna) or spec.rospec_id not in (0, rospec_id):
                continue
            if all(tag.is_target(heard.epc, target, chip) for target in spec.targets):
                return slot
        return None

    def _start_due(self, now: Instant) -> None:
        due = [slot for slot in self._slots.values() if slot.state == INACTIVE and _is_due(slot, now)]
        for slot in sorted(due, key=lambda each: each.spec.priority):
            if self._run is None:
                self._begin(slot, now)
            elif slot.spec.priority < self._run.slot.spec.priority:
                self._preempt_for(slot, now)
                self._begin(slot, now)

    def _begin(self, slot: _Slot, now: Instant) -> None:
        slot.state, slot.parked = ACTIVE, False
        if slot.spec.start_kind == START_PERIODIC and slot.starts_at is not None and slot.starts_at <= now:
            period = slot.spec.period_ms
            slot.starts_at = _next_start(slot.starts_at + 1000 * period, period, now) if period else None
        self._run = _Run(slot, now)
        self._run.enter(0, now)
        body = answers.rospec_event(answers.ROSPEC_STARTED, slot.spec.id)
        self.outbox.append(Happened(device.EVENT_ROSPEC, body))

    def _preempt_for(self, slot: _Slot, now: Instant) -> None:
        if self._run is not None:
            self._end(self._run, now, again=False, preempted_by=slot.spec.id)

    def _leave(self, slot: _Slot, now: Instant, state: int) -> None:
        if self._run is not None and self._run.slot is slot:
            self._end(self._run, now, again=False)
        slot.state, slot.parked = state, False

    def _end_aispec(self, run: _Run, now: Instant) -> None:
        """The AISpec is done: report it, go on to the next, or end the ROSpec after the last."""
        if run.position + 1 < len(run.slot.spec.aispecs):
            self._close_aispec(run)
            run.enter(run.position + 1, now)
        else:
            self._end(run, now, again=True)

    def _close_aispec(self, run: _Run) -> None:
        body = answers.aispec_event(run.slot.spec.id, run.aispec.index)
        self.outbox.append(Happened(device.EVENT_AISPEC, body))
        if (run.slot.spec.report or self.report).trigger == 1:
            self.flush()

    def _end(self, run: _Run, now: Instant, again: bool, preempted_by: int = 0) -> None:
        """The ROSpec is done: report it; `again`: whatever is due then starts, itself included."""
        self._close_aispec(run)
        if (run.slot.spec.report or self.report).trigger == 2:
            self.flush()
        kind = answers.ROSPEC_PREEMPTED if preempted_by else answers.ROSPEC_ENDED
        body = answers.rospec_event(kind, run.slot.spec.id, preempted_by)
        self.outbox.append(Happened(device.EVENT_ROSPEC, body))
        run.slot.state = INACTIVE
        self._run = None
        if again:
            self._start_due(now)


def _next_start(first: Instant, period_ms: int, now: Instant) -> Instant | None:
    """The first of the periodic starts that is not past; None when the only one is past."""
    if first >= now:
        return first
    if not period_ms:
        return None
    period = 1000 * period_ms
    return first + -(-(now - first) // period) * period


def _is_due(slot: _Slot, now: Instant) -> bool:
    if slot.parked:
        return False
    if slot.spec.start_kind == START_IMMEDIATE:
        return True
    return slot.starts_at is not None and slot.starts_at <= now


def _observed_enough(run: _Run) -> bool:
    observation = run.aispec.observation
    if run.aispec.stop_kind != STOP_OBSERVATION or observation is None or observation.kind != UPON_N_TAGS:
        return False
    return 0 < observation.tags <= run.observations


def _aispec_over(run: _Run, now: Instant) -> bool:
    """Whether the AISpec's stop trigger has come by time, by silence or by its count of cycles."""
    aispec, elapsed = run.aispec, now - run.ai_started_at
    if aispec.stop_kind == STOP_DURATION:
        return elapsed >= 1000 * aispec.duration_ms
    observation = aispec.observation
    if aispec.stop_kind != STOP_OBSERVATION or observation is None:
        return False
    if observation.timeout_ms and elapsed >= 1000 * observation.timeout_ms:
        return True
    if observation.kind == UPON_N_TAGS:
        return False
    if observation.kind == UPON_NO_MORE_NEW_TAGS:
        return now - run.new_tag_at >= 1000 * observation.quiet_ms
    return run.attempts >= observation.attempts
