"""The play: the reader's own time, the tags that come and go, power cuts, freezes and misbehaviour, over TCP.

The clock stands still until the test moves it, so that nothing here depends on the speed of the machine.
"""

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from virtual_client import WAIT_SECONDS, Client, tags, tlv, welcomed

from readers.scenario import parse
from readers.virtual import VirtualReaderThread

START = 1_800_000_000_000_000
A, B = "3414F4A20000000000000001", "3414F4A20000000000000002"


class Clock:
    """A clock that stands still; `seconds` is how far it has been moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> int:
        return START + round(self.seconds * 1_000_000)


@contextmanager
def playing(lines: str, clock: Clock) -> Iterator[VirtualReaderThread]:
    scenario = parse(f"reader r antennas 1:x 2:y\ntags a {A}\ntags b {B}\n{lines}")
    with VirtualReaderThread(scenario, {"r": 0}, clock=clock, reads_per_second=100) as thread:
        yield thread


def heard_by(client: Client, count: int = 40) -> set[tuple[int, str]]:
    """What the next reports tell, once those under way before are through."""
    client.reports.clear()
    client.until(lambda: len(client.reports) > count)
    return {(entry["AntennaID"], entry["EPC"]) for body in client.reports[count // 2 :] for entry in tags(body)}


def eventually(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not in good time"
        time.sleep(0.005)


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), WAIT_SECONDS).close()
    except ConnectionRefusedError:
        return True
    return False


def test_time_starts_with_the_first_enable_and_goes_on_across_reconnections() -> None:
    clock = Clock()
    with playing("0 r/1 arrive a\n10 r/1 leave a\n10 r/2 arrive b", clock) as thread:
        clock.seconds = 500
        port = thread.ports["r"]
        with Client(port) as first:
            first.connected().start()
            clock.seconds = 505
            assert heard_by(first) == {(1, A)}
        clock.seconds = 512
        with welcomed(port) as second:
            assert heard_by(second) == {(2, B)}
            clock.seconds = 100_000
            assert heard_by(second) == {(2, B)}, "after the last line the state stays"


def test_before_anyone_enables_a_rospec_no_time_passes() -> None:
    clock = Clock()
    with playing("0 r/1 arrive a\n5 r/1 leave a", clock) as thread:
        assert thread.readers["r"].elapsed_seconds is None
        with Client(thread.ports["r"]) as client:
            client.connected()
            clock.seconds = 1000
            assert client.command(26) == 0
            assert thread.readers["r"].elapsed_seconds is None
            client.start()
            assert heard_by(client, 10) == {(1, A)}
            assert thread.readers["r"].elapsed_seconds == 0


def test_a_tag_may_be_heard_by_two_antennas_at_once() -> None:
    clock = Clock()
    with playing("0 r/1 arrive a at -50\n0 r/2 arrive a at -70", clock) as thread, Client(thread.ports["r"]) as client:
        client.connected().start()
        assert heard_by(client) == {(1, A), (2, A)}
        near = [entry["PeakRSSI"] for entry in client.tags() if entry["AntennaID"] == 1]
        far = [entry["PeakRSSI"] for entry in client.tags() if entry["AntennaID"] == 2]
        assert sum(near) / len(near) == pytest.approx(-50, abs=2)
        assert sum(far) / len(far) == pytest.approx(-70, abs=2)


def test_a_tag_that_passes_between_two_cycles_is_still_heard_once() -> None:
    clock = Clock()
    with playing("1 r/1 pass a for 0.001", clock) as thread, Client(thread.ports["r"]) as client:
        client.connected().start()
        clock.seconds = 10
        client.until(lambda: bool(client.tags()))
        assert {entry["EPC"] for entry in client.tags()} == {A}
        clock.seconds = 20
        for _ in range(20):
            assert client.command(26) == 0
        assert len(client.tags()) == 1


def test_a_power_cut_drops_the_connection_refuses_the_port_and_forgets_the_rospecs() -> None:
    clock = Clock()
    with playing("0 r/1 arrive a\n10 r off\n20 r on", clock) as thread:
        port = thread.ports["r"]
        with Client(port) as client:
            client.connected().start()
            assert heard_by(client) == {(1, A)}
            clock.seconds = 10
            with pytest.raises((EOFError, ConnectionError)):
                client.until(lambda: False)
        eventually(lambda: refuses(port), "the port refuses")
        clock.seconds = 19
        assert refuses(port)
        clock.seconds = 20
        eventually(lambda: not refuses(port), "the port is back")
        with welcomed(port) as client:
            assert len(client.ask(26)[1]) == 8, "no ROSpec is left: the answer is its status alone"
            client.start()
            assert heard_by(client) == {(1, A)}


def test_a_frozen_reader_says_nothing_and_keeps_its_socket_until_it_thaws() -> None:
    clock = Clock()
    with playing("0 r/1 arrive a\n10 r freeze\n20 r thaw", clock) as thread, Client(thread.ports["r"]) as client:
        client.connected()
        assert client.command(3, b"\0" + tlv(220, struct.pack(">BI", 1, 20))) == 0
        client.start()
        assert heard_by(client) == {(1, A)}
        clock.seconds = 10
        client.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.until(lambda: False)
        client.send(26)
        with pytest.raises(TimeoutError):
            client.receive()
        late = socket.create_connection(("127.0.0.1", thread.ports["r"]), WAIT_SECONDS)
        late.settimeout(0.3)
        with late, pytest.raises(TimeoutError):
            late.recv(1)
        client.socket.settimeout(WAIT_SECONDS)
        clock.seconds = 20
        kind = 0
        while kind != 36:
            kind, _, _ = client.receive()
        assert heard_by(client) == {(1, A)}


def test_a_cut_ends_the_connection_in_the_middle_of_a_message_and_the_next_is_welcome() -> None:
    clock = Clock()
    with playing("0 r/1 arrive a\n10 r cut", clock) as thread:
        with Client(thread.ports["r"]) as client:
            client.connected().start()
            assert heard_by(client) == {(1, A)}
            clock.seconds = 10
            with pytest.raises(EOFError, match=r"after [1-9]\d* of"):
                client.until(lambda: False)
        with welcomed(thread.ports["r"]) as client:
            assert heard_by(client) == {(1, A)}


def test_garbage_is_one_malformed_report_in_a_sound_frame() -> None:
    clock = Clock()
    with playing("10 r garbage\n11 r/1 arrive a", clock) as thread, Client(thread.ports["r"]) as client:
        client.connected().start()
        clock.seconds = 10
        client.until(lambda: bool(client.reports))
        kind, claimed = struct.unpack_from(">HH", client.reports[0])
        assert kind == 240
        assert claimed > len(client.reports[0])
        clock.seconds = 11
        assert heard_by(client) == {(1, A)}


def test_its_clock_jumps_and_comes_right_again_while_reports_go_on() -> None:
    clock = Clock()
    year_2000 = 946_684_800_000_000
    with (
        playing("0 r/1 arrive a\n10 r clock 2000-01-01\n20 r clock right", clock) as thread,
        Client(thread.ports["r"]) as client,
    ):
        client.connected().start()
        for seconds, expected in (
            (5, START + 5_000_000),
            (10, year_2000),
            (13, year_2000 + 3_000_000),
            (20, START + 20_000_000),
        ):
            clock.seconds = seconds
            heard_by(client)
            assert client.tags()[-1]["LastSeenUTC"] == expected


def test_a_client_that_takes_nothing_does_not_make_the_reader_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    bound = 100_000
    monkeypatch.setattr("readers.virtual.reader.MAX_UNSENT_BYTES", bound)
    many = "\n".join(f"tags many {n:0124X}" for n in range(1, 401))
    clock = Clock()
    with (
        playing(f"{many}\n0 r/1 arrive many", clock) as thread,
        Client(thread.ports["r"], receive_buffer=65_536) as client,
    ):
        client.connected().start()
        reader = thread.readers["r"]
        eventually(lambda: reader.unsent_bytes >= bound, "what is unsent comes to its bound")
        time.sleep(0.2)
        assert reader.unsent_bytes < 10 * bound
        client.until(lambda: reader.unsent_bytes < bound)
        assert len(heard_by(client)) > 20


def test_the_same_seed_makes_the_same_noise() -> None:
    def strengths(seed: int) -> list[int]:
        scenario = parse(f"reader r antennas 1:x\n0 r/1 arrive {A}")
        with (
            VirtualReaderThread(scenario, {"r": 0}, clock=Clock(), seed=seed, reads_per_second=100) as thread,
            Client(thread.ports["r"]) as client,
        ):
            client.connected().start()
            client.until(lambda: len(client.tags()) >= 20)
            return [entry["PeakRSSI"] for entry in client.tags()[:20]]

    assert strengths(1) == strengths(1)
    assert strengths(1) != strengths(2)


def test_several_readers_play_in_one_loop_and_those_declared_off_stay_off() -> None:
    scenario = parse("reader a antennas 1:x\nreader b antennas 1:x\nreader c antennas 1:x off")
    with VirtualReaderThread(scenario, {"a": 0, "b": 0, "c": 0}) as thread:
        assert set(thread.ports) == {"a", "b"}
        for port in thread.ports.values():
            with Client(port) as client:
                client.connected()
    with pytest.raises(LookupError, match="no reader 'd'"), VirtualReaderThread(scenario, {"d": 0}):
        pytest.fail("it must not start")


def test_a_port_in_use_is_told_and_nothing_is_left_listening() -> None:
    scenario = parse("reader a antennas 1:x\nreader b antennas 1:x")
    with VirtualReaderThread(scenario, {"a": 0}) as thread:
        taken = thread.ports["a"]
        with pytest.raises(OSError, match="address already in use"):
            VirtualReaderThread(scenario, {"b": 0, "a": taken}).__enter__()
