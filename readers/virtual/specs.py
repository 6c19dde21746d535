"""ROSpecs and AccessSpecs as the reader keeps them, read from what the client sent and checked.

Source: LLRP 1.0.1, section 10.2 (reader operation), 11.2 (access operation).
"""

from dataclasses import dataclass

from readers.sighting import Instant
from readers.virtual import device
from readers.virtual.device import ReportSpec
from readers.virtual.shapes import Node, Refused, Values
from readers.virtual.tag import Filter
from readers.wire import ParameterType as P
from readers.wire import StatusCode as S

DISABLED, INACTIVE, ACTIVE = range(3)
START_NULL, START_IMMEDIATE, START_PERIODIC, START_GPI = range(4)
STOP_NULL, STOP_DURATION, STOP_GPI, STOP_OBSERVATION = range(4)
UPON_N_TAGS, UPON_NO_MORE_NEW_TAGS, UPON_N_ATTEMPTS = range(3)


@dataclass(frozen=True, slots=True)
class Observation:
    """TagObservationTrigger; times in milliseconds, a timeout of 0 is none."""

    kind: int
    tags: int
    attempts: int
    quiet_ms: int
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class AISpec:
    """One antenna inventory; `index` counts the specs of its ROSpec from 1."""

    index: int
    antennas: frozenset[int]
    stop_kind: int
    duration_ms: int
    observation: Observation | None
    inventory_id: int
    filters: tuple[tuple[int, tuple[Filter, ...]], ...] = ()

    def filters_of(self, antenna: int) -> tuple[Filter, ...]:
        """The filters that hold for an antenna; those of antenna 0 hold for all that have none of their own."""
        named = dict(self.filters)
        return named.get(antenna, named.get(0, ()))


@dataclass(frozen=True, slots=True)
class ROSpec:
    """One reader operation; `report` None means the configuration's; `body` is as it came."""

    id: int
    priority: int
    start_kind: int
    offset_ms: int
    period_ms: int
    start_at: Instant | None
    stop_kind: int
    stop_ms: int
    aispecs: tuple[AISpec, ...]
    report: ReportSpec | None
    body: bytes

    def encode_body(self, state: int) -> bytes:
        """The body of the ROSpec parameter with its present state."""
        return self.body[:5] + bytes((state,)) + self.body[6:]


def rospec(node: Node, antennas: int) -> ROSpec:
    """Read the ROSpec of an ADD_ROSPEC. Raises Refused for what this reader cannot do."""
    here = (P.ROSPEC,)
    number, priority, state = (node.int_at(index) for index in range(3))
    if number == 0:
        raise Refused(S.A_OUT_OF_RANGE, "ROSpecID 0 stands for all; give another", here, 0)
    if priority > device.MAX_PRIORITY:
        raise Refused(S.A_OUT_OF_RANGE, f"priorities are 0 to {device.MAX_PRIORITY}", here, 1)
    if state != DISABLED:
        raise Refused(S.A_INVALID, "a ROSpec is added disabled", here, 2)
    for kind in (P.RF_SURVEY_SPEC, P.CUSTOM):
        if node.one(kind):
            raise Refused(S.P_UNSUPPORTED_PARAMETER, "only AISpecs are carried out", (*here, kind))
    found = node.all(P.AISPEC)
    if len(found) > device.MAX_SPECS_PER_ROSPEC:
        raise Refused(S.P_OVERFLOW_PARAMETER, f"at most {device.MAX_SPECS_PER_ROSPEC} specs", (*here, P.AISPEC))
    boundary = node.children[[child.kind for child in node.children].index(P.RO_BOUNDARY_SPEC)]
    start_kind, offset_ms, period_ms, start_at = _start(boundary)
    stop_kind, stop_ms = _stop(boundary)
    report = node.one(P.RO_REPORT_SPEC)
    return ROSpec(
        number,
        priority,
        start_kind,
        offset_ms,
        period_ms,
        start_at,
        stop_kind,
        stop_ms,
        tuple(_aispec(index, child, antennas) for index, child in enumerate(found, start=1)),
        device.report_spec(report, here) if report else None,
        node.body,
    )


def _start(boundary: Node) -> tuple[int, int, int, Instant | None]:
    path = (P.ROSPEC, P.RO_BOUNDARY_SPEC, P.ROSPEC_START_TRIGGER)
    trigger = boundary.one(P.ROSPEC_START_TRIGGER)
    assert trigger is not None
    kind = trigger.int_at(0)
    if kind > START_PERIODIC:
        raise Refused(S.A_OUT_OF_RANGE, "start triggers are 0 null, 1 immediate, 2 periodic", path, 0)
    if kind != START_PERIODIC:
        return kind, 0, 0, None
    value = trigger.one(P.PERIODIC_TRIGGER_VALUE)
    if value is None:
        raise Refused(S.P_MISSING_PARAMETER, "a periodic trigger needs its PeriodicTriggerValue", path)
    stamp = value.one(P.UTC_TIMESTAMP)
    return kind, value.int_at(0), value.int_at(1), stamp.int_at(0) if stamp else None


def _stop(boundary: Node) -> tuple[int, int]:
    trigger = boundary.one(P.ROSPEC_STOP_TRIGGER)
    assert trigger is not None
    if trigger.int_at(0) > STOP_DURATION:
        path = (P.ROSPEC, P.RO_BOUNDARY_SPEC, P.ROSPEC_STOP_TRIGGER)
        raise Refused(S.A_OUT_OF_RANGE, "stop triggers are 0 null, 1 duration", path, 0)
    return trigger.int_at(0), trigger.int_at(1)


def _aispec(index: int, node: Node, antennas: int) -> AISpec:
    path = (P.ROSPEC, P.AISPEC)
    wanted = node.values[0]
    assert isinstance(wanted, tuple)
    if not wanted or any(number > antennas for number in wanted):
        raise Refused(S.A_OUT_OF_RANGE, f"antennas are 1 to {antennas}, or 0 for all", path, 0)
    numbers = range(1, antennas + 1) if 0 in wanted else wanted
    stop_kind, duration_ms, observation = _aispec_stop(node)
    inventories = node.all(P.INVENTORY_PARAMETER_SPEC)
    if len(inventories) > 1:
        code, text = S.P_OVERFLOW_PARAMETER, "one InventoryParameterSpec an AISpec"
        raise Refused(code, text, (*path, P.INVENTORY_PARAMETER_SPEC))
    inventory = inventories[0]
    inner = (*path, P.INVENTORY_PARAMETER_SPEC)
    if inventory.int_at(0) == 0:
        raise Refused(S.A_OUT_OF_RANGE, "InventoryParameterSpecID counts from 1", inner, 0)
    if inventory.int_at(1) != device.AIR_PROTOCOL_C1G2:
        raise Refused(S.A_OUT_OF_RANGE, "the air protocol is 1, EPCglobal Class-1 Generation-2", inner, 1)
    filters = []
    for configuration in inventory.all(P.ANTENNA_CONFIGURATION):
        device.check_antenna_configuration(configuration, antennas, inner)
        found = tuple(
            _filter(child)
            for command in configuration.all(P.C1G2_INVENTORY_COMMAND)
            for child in command.all(P.C1G2_FILTER)
        )
        filters.append((configuration.int_at(0), found))
    return AISpec(index, frozenset(numbers), stop_kind, duration_ms, observation, inventory.int_at(0), tuple(filters))


def _aispec_stop(node: Node) -> tuple[int, int, Observation | None]:
    path = (P.ROSPEC, P.AISPEC, P.AISPEC_STOP_TRIGGER)
    trigger = node.one(P.AISPEC_STOP_TRIGGER)
    assert trigger is not None
    kind = trigger.int_at(0)
    if kind not in (STOP_NULL, STOP_DURATION, STOP_OBSERVATION):
        raise Refused(S.A_OUT_OF_RANGE, "stop triggers are 0 null, 1 duration, 3 tag observation", path, 0)
    found = trigger.one(P.TAG_OBSERVATION_TRIGGER)
    if kind != STOP_OBSERVATION:
        return kind, trigger.int_at(1), None
    if found is None:
        raise Refused(S.P_MISSING_PARAMETER, "tag observation needs its TagObservationTrigger", path)
    if found.int_at(0) > UPON_N_ATTEMPTS:
        raise Refused(S.A_OUT_OF_RANGE, "observations are 0 to 2", (*path, P.TAG_OBSERVATION_TRIGGER), 0)
    what, _, tags, attempts, quiet_ms, timeout_ms = (found.int_at(index) for index in range(6))
    return kind, trigger.int_at(1), Observation(what, tags, attempts, quiet_ms, timeout_ms)


def _filter(node: Node) -> Filter:
    mask = node.one(P.C1G2_TAG_INVENTORY_MASK)
    assert mask is not None
    action = node.one(P.C1G2_TAG_INVENTORY_STATE_UNAWARE_FILTER_ACTION)
    number = min(action.int_at(0), 5) if action else 0
    return Filter(mask.int_at(0), mask.int_at(1), mask.int_at(2), _bytes(mask.values, 3), number)


def _bytes(values: Values, index: int) -> bytes:
    value = values[index]
    assert isinstance(value, bytes)
    return value


@dataclass(frozen=True, slots=True)
class AccessSpec:
    """One access operation; antenna 0 and ROSpec 0 stand for all; `executions` 0 is without end."""

    id: int
    antenna: int
    rospec_id: int
    executions: int
    report: int | None
    targets: tuple[Node, ...]
    opspecs: tuple[Node, ...]
    body: bytes

    def encode_body(self, enabled: bool) -> bytes:
        """The body of the AccessSpec parameter with its present state."""
        return self.body[:7] + bytes((enabled << 7,)) + self.body[8:]


def accessspec(node: Node, antennas: int) -> AccessSpec:
    """Read the AccessSpec of an ADD_ACCESSSPEC. Raises Refused for what this reader cannot do."""
    here = (P.ACCESS_SPEC,)
    number, antenna, protocol, state, rospec_id = (node.int_at(index) for index in range(5))
    if number == 0:
        raise Refused(S.A_OUT_OF_RANGE, "AccessSpecID 0 stands for all; give another", here, 0)
    if antenna > antennas:
        raise Refused(S.A_OUT_OF_RANGE, f"antennas are 1 to {antennas}, or 0 for all", here, 1)
    if protocol != device.AIR_PROTOCOL_C1G2:
        raise Refused(S.A_OUT_OF_RANGE, "the air protocol is 1, EPCglobal Class-1 Generation-2", here, 2)
    if state & 0x80:
        raise Refused(S.A_INVALID, "an AccessSpec is added disabled", here, 3)
    stop, command = node.one(P.ACCESS_SPEC_STOP_TRIGGER), node.one(P.ACCESS_COMMAND)
    assert stop is not None
    assert command is not None
    if stop.int_at(0) > 1:
        raise Refused(S.A_OUT_OF_RANGE, "stop triggers are 0 null, 1 count", (*here, P.ACCESS_SPEC_STOP_TRIGGER), 0)
    targets = command.one(P.C1G2_TAG_SPEC)
    assert targets is not None
    opspecs = tuple(child for child in command.children if child.kind not in (P.C1G2_TAG_SPEC, P.CUSTOM))
    if command.one(P.CUSTOM):
        raise Refused(S.P_UNSUPPORTED_PARAMETER, "no extension is supported", (*here, P.ACCESS_COMMAND, P.CUSTOM))
    if len(opspecs) > device.MAX_OPSPECS:
        text = f"at most {device.MAX_OPSPECS} operations"
        raise Refused(S.P_OVERFLOW_PARAMETER, text, (*here, P.ACCESS_COMMAND))
    report = node.one(P.ACCESS_REPORT_SPEC)
    executions = stop.int_at(1) if stop.int_at(0) else 0
    trigger = report.int_at(0) if report else None
    return AccessSpec(number, antenna, rospec_id, executions, trigger, targets.children, opspecs, node.body)
