"""Triggers of ROSpecs and their reports, cycle by cycle, without sockets: each case is a small table of time."""

import struct
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtual_client import (
    ALL_FIELDS,
    ANTENNA,
    COUNT,
    accessspec,
    aispec,
    message,
    observation,
    parameters,
    read_opspec,
    report_spec,
    rospec,
    status,
    tags,
    tlv,
)

from readers import wire
from readers.virtual.machine import Machine
from readers.virtual.reports import MAX_ENTRIES, Heard

EPCS = [bytes.fromhex(f"{number:024X}") for number in range(1, 10)]
EVENTS_ON = b"\0" + tlv(244, tlv(245, b"\0\2\x80") + tlv(245, b"\0\6\x80"))


@dataclass
class Desk:
    """A machine with a clock in milliseconds, its client always there unless said."""

    at_ms: int = 0
    antennas: tuple[int, ...] = (1, 2)
    sent: list[tuple[int, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machine = Machine(self.antennas, lambda: self.at_ms * 1000, lambda: self.at_ms * 1000)
        self._take(self.machine.connected())

    def _take(self, data: bytes) -> list[tuple[int, bytes]]:
        found = [(header.type, body) for header, body in wire.Framer().feed(data)]
        self.sent += found
        return found

    def tell(self, kind: int, body: bytes = b"") -> bytes:
        """Send a message that must be answered with success; gives the answer's body."""
        header = wire.Header(kind, 1, 10 + len(body), 7)
        (answered, content), *_ = self._take(self.machine.handle(header, body).data)
        assert answered == kind + 10
        assert status(content)[0] == 0, status(content)[1]
        return content

    def run(self, spec: bytes, number: int = 1) -> "Desk":
        self.tell(20, spec)
        self.tell(24, struct.pack(">I", number))
        return self

    def cycle(self, at_ms: int, *epcs: int, antenna: int = 1, client: bool = True) -> list[tuple[int, ...]]:
        """One cycle in which these tags are heard; gives for each report the tags in it, by number."""
        self.at_ms = at_ms
        heard = [Heard(antenna, EPCS[number], -50, at_ms * 1000, 1) for number in epcs]
        sent = self._take(self.machine.cycle(heard, client))
        return [tuple(int(entry["EPC"], 16) - 1 for entry in tags(body)) for kind, body in sent if kind == 61]

    def state(self, number: int = 1) -> int:
        states = {struct.unpack_from(">I", body)[0]: body[5] for kind, body in parameters(self.tell(26)) if kind == 177}
        return states[number]

    def events(self) -> list[str]:
        told = []
        for kind, body in self.sent:
            if kind == 63:
                content = dict(parameters(next(parameters(body))[1]))
                if 249 in content:
                    what, number, other = struct.unpack(">BII", content[249])
                    told.append(f"{('start', 'end', 'preempted')[what]} {number}" + (f" by {other}" if other else ""))
                if 254 in content:
                    _, number, index = struct.unpack(">BIH", content[254])
                    told.append(f"spec {index} of {number}")
        return told


# report triggers


def test_n_of_1_reports_every_observation_by_itself() -> None:
    desk = Desk().run(rospec(report=report_spec(1, 1)))
    assert desk.cycle(10, 0, 1) == [(0,), (1,)]
    assert desk.cycle(20, 0) == [(0,)]


def test_n_of_3_reports_when_three_tags_wait_and_folds_repeats() -> None:
    desk = Desk().run(rospec(report=report_spec(2, 3, ANTENNA | COUNT)))
    assert desk.cycle(10, 0, 1) == []
    assert desk.cycle(20, 0, 1) == []
    assert desk.cycle(30, 0, 2) == [(0, 1, 2)]
    counts = [entry["TagSeenCount"] for entry in tags(desk.sent[-1][1])]
    assert counts == [3, 2, 1]


def test_n_of_0_and_no_end_reports_nothing_until_it_is_fetched() -> None:
    desk = Desk().run(rospec(report=report_spec(1, 0)))
    for at_ms in range(10, 500, 10):
        assert desk.cycle(at_ms, 0, 1) == []
    desk.machine.handle(wire.Header(60, 1, 10, 1), b"")
    assert desk.cycle(600) == []


@pytest.mark.parametrize(
    ("trigger", "at_end_of_spec_1", "at_end_of_spec_2"),
    [(1, [(0,)], [(1,)]), (2, [], [(0, 1)])],
)
def test_trigger_1_reports_at_the_end_of_each_aispec_and_2_at_the_end_of_the_rospec(
    trigger: int, at_end_of_spec_1: list[object], at_end_of_spec_2: list[object]
) -> None:
    specs = aispec((1,), 1, 100) + aispec((1,), 1, 100)
    desk = Desk().run(rospec(aispecs=specs, report=report_spec(trigger, 0)))
    assert desk.cycle(50, 0) == []
    assert desk.cycle(100) == at_end_of_spec_1
    assert desk.cycle(150, 1) == []
    assert desk.cycle(200) == at_end_of_spec_2


def test_without_a_report_spec_of_its_own_the_configurations_holds() -> None:
    desk = Desk()
    desk.tell(3, b"\0" + report_spec(1, 2, ANTENNA))
    bare = rospec()[: -len(report_spec())]
    desk.run(struct.pack(">HH", 177, len(bare)) + bare[4:])
    assert desk.cycle(10, 0) == []
    assert desk.cycle(20, 1) == [(0, 1)]
    assert set(tags(desk.sent[-1][1])[0]) == {"EPC", "EPC-96", "AntennaID"}


# start and stop triggers


def test_an_immediate_rospec_starts_when_enabled_and_starts_again_after_its_duration() -> None:
    desk = Desk()
    desk.tell(3, EVENTS_ON)
    desk.run(rospec(stop=1, stop_ms=100, report=report_spec(2, 0)))
    assert desk.state() == 2
    assert desk.cycle(60, 0) == []
    assert desk.cycle(100, 1) == [(0, 1)]
    assert desk.state() == 2
    assert desk.cycle(199, 2) == []
    assert desk.cycle(200) == [(2,)]
    assert desk.events() == ["start 1", "spec 1 of 1", "end 1", "start 1", "spec 1 of 1", "end 1", "start 1"]


def test_a_rospec_that_is_started_by_hand_ends_after_its_duration_and_stays_ended() -> None:
    desk = Desk().run(rospec(start=0, stop=1, stop_ms=100))
    assert desk.cycle(10, 0) == []
    desk.tell(22, struct.pack(">I", 1))
    assert desk.cycle(50, 0) == [(0,)]
    desk.cycle(110)
    assert desk.state() == 1
    assert desk.cycle(300, 0) == []


def test_a_stopped_immediate_rospec_waits_until_it_is_started_or_enabled_anew() -> None:
    desk = Desk().run(rospec())
    desk.tell(23, struct.pack(">I", 1))
    assert desk.cycle(10, 0) == []
    desk.tell(22, struct.pack(">I", 1))
    assert desk.cycle(20, 0) == [(0,)]
    desk.tell(23, struct.pack(">I", 1))
    desk.tell(25, struct.pack(">I", 1))
    desk.tell(24, struct.pack(">I", 1))
    assert desk.cycle(30, 0) == [(0,)]


def test_a_periodic_rospec_starts_at_its_offset_and_every_period() -> None:
    periodic = tlv(180, struct.pack(">II", 100, 1000))
    desk = Desk(at_ms=5_000).run(rospec(start=2, start_inner=periodic, stop=1, stop_ms=50))
    heard = {at_ms: bool(desk.cycle(at_ms, 0)) for at_ms in (5_050, 5_100, 5_160, 5_900, 6_100, 6_160, 7_099, 7_100)}
    assert [at_ms for at_ms, any_report in heard.items() if any_report] == [5_100, 5_160, 6_100, 6_160, 7_100]


def test_a_periodic_start_with_a_time_counts_from_that_time_and_one_without_a_period_comes_once() -> None:
    stamp = tlv(128, struct.pack(">Q", 10_000 * 1000))
    desk = Desk(at_ms=9_000).run(
        rospec(start=2, start_inner=tlv(180, struct.pack(">II", 500, 0) + stamp), stop=1, stop_ms=50)
    )
    assert desk.cycle(10_400, 0) == []
    assert desk.cycle(10_500, 0) == [(0,)]
    desk.cycle(10_600)
    assert desk.cycle(20_500, 0) == []


def test_a_higher_priority_preempts_and_the_other_comes_back_after_it() -> None:
    desk = Desk()
    desk.tell(3, EVENTS_ON)
    desk.run(rospec(1, priority=5))
    desk.run(rospec(2, start=0, stop=1, stop_ms=100, priority=1), 2)
    desk.tell(22, struct.pack(">I", 2))
    assert (desk.state(1), desk.state(2)) == (1, 2)
    desk.cycle(100)
    assert (desk.state(1), desk.state(2)) == (2, 1)
    assert [told for told in desk.events() if "spec" not in told] == [
        "start 1", "preempted 1 by 2", "start 2", "end 2", "start 1",
    ]  # fmt: skip


def test_of_two_immediate_rospecs_of_one_priority_the_first_keeps_the_radio() -> None:
    desk = Desk().run(rospec(1)).run(rospec(2), 2)
    assert (desk.state(1), desk.state(2)) == (2, 1)
    desk.tell(21, struct.pack(">I", 1))
    desk.cycle(10)
    assert desk.state(2) == 2


# the stop triggers of an AISpec


def _ends(stop: bytes, cycles: list[tuple[int, tuple[int, ...]]]) -> list[int]:
    """The times of the cycles in which the AISpec ended."""
    desk = Desk().run(rospec(aispecs=aispec((0,), 3, 0, stop), report=report_spec(1, 0)))
    return [at_ms for at_ms, epcs in cycles for report in desk.cycle(at_ms, *epcs) if report]


STOPS = {
    "three observations, and again three": (
        observation(0, tags=3), [(10, (0,)), (20, (0, 1)), (30, (2, 3)), (40, (4,))], [20, 40]),
    "observations or a timeout": (
        observation(0, tags=9, timeout_ms=25), [(10, (0,)), (25, ()), (40, (1,)), (50, ())], [25, 50]),
    "no tags asked for: never": (
        observation(0), [(10, (0,)), (1000, (1,)), (100_000, (2,))], []),
    "no new tag for a while": (
        observation(1, quiet_ms=30), [(10, (0,)), (30, (0,)), (39, (0,)), (40, (0,)), (50, (0,)), (90, ())], [40, 90]),
    "a number of attempts": (
        observation(2, attempts=2), [(10, (0,)), (20, (1,)), (30, (0,)), (40, (0,))], [20, 40]),
}  # fmt: skip


@pytest.mark.parametrize("what", STOPS)
def test_an_aispec_ends_by_tag_observation(what: str) -> None:
    stop, cycles, ends = STOPS[what]
    assert _ends(stop, cycles) == ends


def test_reads_after_the_end_within_one_cycle_belong_to_the_next_run() -> None:
    desk = Desk().run(rospec(aispecs=aispec((0,), 3, 0, observation(0, tags=2)), report=report_spec(1, 0)))
    assert desk.cycle(10, 0, 1, 2, 3, 4) == [(0, 1), (2, 3)]
    assert desk.cycle(20, 5) == [(4, 5)]


def test_each_aispec_hears_its_own_antennas_and_says_its_index() -> None:
    specs = aispec((1,), 1, 100) + aispec((2,), 1, 100)
    desk = Desk().run(rospec(aispecs=specs))
    assert desk.cycle(10, 0, antenna=2) == []
    assert desk.cycle(20, 0, antenna=1) == [(0,)]
    desk.cycle(100)
    assert desk.cycle(110, 0, antenna=1) == []
    assert desk.cycle(120, 0, antenna=2) == [(0,)]
    assert [entry["SpecIndex"] for kind, body in desk.sent if kind == 61 for entry in tags(body)] == [1, 2]


# while nobody takes the reports


def test_reports_due_without_a_client_wait_folded_and_come_with_the_next() -> None:
    desk = Desk().run(rospec(report=report_spec(1, 1, ANTENNA | COUNT)))
    for at_ms in range(10, 1000, 10):
        assert desk.cycle(at_ms, 0, 1, client=False) == []
    desk.machine.connected()
    assert desk.cycle(1000) == [(0, 1)]
    assert [entry["TagSeenCount"] for entry in tags(desk.sent[-1][1])] == [99, 99]


def test_what_waits_is_bounded() -> None:
    desk = Desk().run(rospec(report=report_spec(0, 0)))
    for start in range(0, MAX_ENTRIES + 3000, 1000):
        desk.machine.cycle(
            [Heard(1, number.to_bytes(12, "big"), -50, 0, 1) for number in range(start, start + 1000)], True
        )
    assert len(desk.machine.inventory.buffer) == MAX_ENTRIES


# anything a client may send: answered, never a crash

valid = [
    (1, b"\0"),
    (2, bytes(7)),
    (3, EVENTS_ON),
    (3, b"\0" + tlv(220, struct.pack(">BI", 1, 1000)) + report_spec() + tlv(226, b"\x80")),
    (20, rospec(aispecs=aispec((0,), 3, 0, observation(0, tags=3)))),
    (20, rospec(2, start=2, start_inner=tlv(180, struct.pack(">II", 1, 2) + tlv(128, bytes(8))))),
    (40, accessspec(1, read_opspec(1, 2, 0, 6))),
    (24, bytes(4)),
    (42, bytes(4)),
    (22, b"\0\0\0\1"),
    (21, bytes(4)),
    (26, b""),
    (44, b""),
    (60, b""),
    (64, b""),
    (72, b""),
    (14, b""),
    (1023, bytes(5)),
]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[int, bytes]:
    """A right message, some of its bytes changed, cut out or put in."""
    kind, body = draw(st.sampled_from(valid))
    data = bytearray(body)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        match draw(st.integers(0, 2)):
            case 0 if at < len(data):
                data[at] = draw(st.integers(0, 255))
            case 1:
                del data[at : at + draw(st.integers(1, 6))]
            case _:
                data[at:at] = draw(st.binary(min_size=1, max_size=6))
    return kind, bytes(data)


@given(st.lists(st.one_of(mutated(), st.tuples(st.integers(0, 1023), st.binary(max_size=60))), max_size=12))
def test_whatever_is_sent_is_answered_in_form_and_the_reader_goes_on(messages: list[tuple[int, bytes]]) -> None:
    desk = Desk()
    for number, (kind, body) in enumerate(messages, start=1):
        answer = desk.machine.handle(wire.Header(kind, 1, 10 + len(body), number), body)
        for answered, content in [(h.type, b) for h, b in wire.Framer().feed(answer.data)]:
            assert answered in (61, 63) or status(content)[0] in set(wire.StatusCode)
        for answered, content in desk._take(desk.machine.cycle([Heard(1, EPCS[0], -50, number, 1)], True)):
            assert answered in (61, 63)
            if answered == 61:
                tags(content)
        desk.at_ms += 100
    desk.machine.configuration = type(desk.machine.configuration)()
    desk.tell(26)
    desk.tell(21, bytes(4))
    assert desk.run(rospec(report=report_spec(1, 1, ALL_FIELDS))).cycle(desk.at_ms + 1, 0)[-1][-1:] == (0,)


def test_a_huge_sound_message_is_refused_without_much_work() -> None:
    desk = Desk()
    body = tlv(177, bytes(6) + tlv(178) * 10_000)
    answer = desk.machine.handle(wire.Header(20, 1, 10 + len(body), 1), body)
    assert message(30, 1)[:2] == answer.data[:2]
    assert status(answer.data[10:])[0] == 100
