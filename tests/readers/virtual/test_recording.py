"""Recordings: what was written plays back the same, whole up to the last full line, redacted where asked."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.driver import Batch, ConnectionFailed, Identity, ProtocolViolated
from readers.recorder import Recorder, RecordingInvalid, decode_line, pseudonym
from readers.replay import ReplayDriver
from readers.sighting import TagRead

START = 1_795_000_000_000_000
SECOND = 1_000_000
IDENTITY = Identity("R420", "5.14.0", (1, 2))
FIXTURES = Path(__file__).parents[3] / "fixtures" / "recordings"

hexes = (
    st.integers(1, 31)
    .flatmap(lambda words: st.binary(min_size=2 * words, max_size=2 * words))
    .map(lambda data: data.hex().upper())
)
instants = st.integers(0, 4_000_000_000_000_000)
reads = st.builds(
    TagRead,
    epc=hexes,
    reader=st.sampled_from(["cabinet", "门口"]),
    antenna=st.integers(1, 64),
    read_at=instants,
    received_at=instants,
    rssi_dbm=st.none() | st.floats(-100, 0),
    count=st.integers(1, 65_535),
    tid=st.none() | hexes,
)
batches = st.builds(
    Batch,
    reads=st.lists(reads, max_size=4).map(tuple),
    alive_at=instants,
    clock_offset_us=st.none() | st.integers(-(2**60), 2**60),
    antennas=st.none() | st.lists(st.integers(1, 64), max_size=4).map(tuple),
)


class Clock:
    """Stands still; waiting moves it."""

    def __init__(self, at: int = START) -> None:
        self.at = at

    def __call__(self) -> int:
        return self.at


def read(number: int, at: int, reader: str = "recorded") -> TagRead:
    return TagRead(f"{number:024X}", reader, 1, at, at + 5, -50.0)


def recorded(path: Path, *contents: Batch, key: bytes | None = None) -> Path:
    with Recorder(path, IDENTITY, key) as recorder:
        for batch in contents:
            recorder.write(batch)
    return path


def played(path: Path, shift: bool = False) -> list[Batch]:
    driver = ReplayDriver(path, reader="recorded", clock=Clock(), speed=None, shift=shift)
    driver.open()
    found = []
    with pytest.raises(ConnectionFailed, match="at its end"):
        found.extend(driver.reads())
    return found


@given(contents=st.lists(batches, min_size=1, max_size=5))
def test_what_was_recorded_plays_back_the_same(tmp_path_factory: pytest.TempPathFactory, contents: list[Batch]) -> None:
    path = recorded(tmp_path_factory.mktemp("recording") / "r.jsonl", *contents)
    expected = [
        replace(batch, reads=tuple(replace(each, reader="recorded") for each in batch.reads)) for batch in contents
    ]
    assert played(path) == expected


def test_the_head_names_the_device_and_the_day(tmp_path: Path) -> None:
    path = recorded(tmp_path / "r.jsonl", Batch((), START))
    assert json.loads(path.read_text().splitlines()[0]) == {
        "recording": 1,
        "model": "R420",
        "firmware": "5.14.0",
        "antennas": [1, 2],
        "date": "2026-11-18",
        "redacted": False,
    }
    driver = ReplayDriver(path, reader="x", clock=Clock())
    assert driver.open() == IDENTITY
    driver.close()


@pytest.mark.parametrize("cut", [1, 10, 40, 75])
def test_after_a_kill_the_recording_holds_up_to_its_last_full_line_and_can_go_on(tmp_path: Path, cut: int) -> None:
    path = recorded(tmp_path / "r.jsonl", *(Batch((read(n, START),), START + n) for n in range(3)))
    path.write_bytes(path.read_bytes()[:-cut])
    assert [batch.alive_at for batch in played(path)] == [START, START + 1]
    recorded(path, Batch((), START + 9))
    assert [batch.alive_at for batch in played(path)] == [START, START + 1, START + 9]


def test_a_recording_cut_within_its_only_line_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b'{"recor' + b"x" * 200_000)
    recorded(path, Batch((), START))
    assert len(played(path)) == 1


def test_every_batch_reaches_the_file_at_once(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "r.jsonl", IDENTITY)
    recorder.write(Batch((read(1, START),), START))
    assert len(played(tmp_path / "r.jsonl")) == 1
    recorder.close()
    recorder.close()


@given(st.sets(hexes, min_size=2, max_size=20), st.binary(min_size=1, max_size=40))
def test_pseudonyms_keep_the_length_and_tell_the_same_tags_apart(numbers: set[str], key: bytes) -> None:
    long = {number for number in numbers if len(number) >= 16}
    assert all(len(pseudonym(number, key)) == len(number) for number in numbers)
    assert all(pseudonym(number, key) == pseudonym(number, key) for number in numbers)
    assert len({pseudonym(number, key) for number in long}) == len(long)
    assert not long & {pseudonym(number, key) for number in long}
    assert all(pseudonym(number, key) != pseudonym(number, key + b"!") for number in long)


def test_a_redacted_recording_holds_no_number_of_the_tags(tmp_path: Path) -> None:
    tagged = replace(read(0xABCDEF123456, START), tid="E28011002000ABCD")
    path = recorded(tmp_path / "r.jsonl", Batch((tagged, tagged), START), key=b"secret")
    text = path.read_text()
    assert "ABCDEF123456" not in text
    assert "E28011002000ABCD" not in text
    assert '"redacted":true' in text
    first, second = played(path)[0].reads
    assert first == second


def test_shifted_the_first_batch_happens_now_and_all_times_move_with_it(tmp_path: Path) -> None:
    old = 946_684_800_000_000
    path = recorded(tmp_path / "r.jsonl", Batch((read(1, old - 7),), old), Batch((read(2, old + 90),), old + 100))
    first, second = played(path, shift=True)
    assert (first.alive_at, first.reads[0].read_at, first.reads[0].received_at) == (START, START - 7, START - 2)
    assert (second.alive_at, second.reads[0].read_at) == (START + 100, START + 90)


def test_in_real_time_each_batch_waits_for_its_moment_with_a_beat_a_second_in_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gap = round(3.5 * SECOND)
    path = recorded(tmp_path / "r.jsonl", Batch((read(1, 0),), 0), Batch((read(2, gap),), gap))
    clock, waits = Clock(), []
    driver = ReplayDriver(path, reader="r", clock=clock)

    def wait(seconds: float | None = None) -> bool:
        assert seconds is not None
        waits.append(seconds)
        clock.at += round(seconds * SECOND)
        return False

    monkeypatch.setattr(driver._closed, "wait", wait)
    driver.open()
    found = []
    with pytest.raises(ConnectionFailed):
        found.extend((clock.at - START, batch) for batch in driver.reads())
    assert [at for at, _ in found] == [0, SECOND, 2 * SECOND, 3 * SECOND, gap]
    assert [len(batch.reads) for _, batch in found] == [1, 0, 0, 0, 1]
    assert {batch.alive_at for _, batch in found[1:4]} == {START}, "a silent recording proves no life"
    assert all(seconds <= 1 for seconds in waits)


def test_twice_as_fast_halves_the_times_too(tmp_path: Path) -> None:
    path = recorded(tmp_path / "r.jsonl", Batch((), 0), Batch((read(1, 40_000),), 40_000))
    ticking = iter(range(START, START + 10 * SECOND, 10_000))
    driver = ReplayDriver(path, reader="r", clock=lambda: next(ticking), speed=2)
    driver.open()
    stream = driver.reads()
    first, second = next(stream), next(stream)
    assert second.alive_at - first.alive_at == 20_000
    assert second.reads[0].read_at == second.alive_at
    driver.close()
    assert list(stream) == []


def test_close_from_another_thread_ends_the_wait(tmp_path: Path) -> None:
    path = recorded(tmp_path / "r.jsonl", Batch((), 0), Batch((), 3600 * SECOND))
    driver = ReplayDriver(path, reader="r", clock=Clock())
    driver.open()
    found: list[Batch] = []
    thread = threading.Thread(target=lambda: found.extend(driver.reads()))
    thread.start()
    driver.close()
    driver.close()
    thread.join(10)
    assert not thread.is_alive()


BROKEN = {
    "not JSON": b"nonsense\n",
    "a list": b"[1]\n",
    "another format": b'{"recording":2,"model":null,"firmware":null,"antennas":[]}\n',
    "no reads": b'{"alive_at":1}\n',
    "a time as text": b'{"alive_at":"1","offset_us":null,"antennas":null,"reads":[]}\n',
    "a short row": b'{"alive_at":1,"offset_us":null,"antennas":null,"reads":[["00"]]}\n',
    "an EPC that is none": b'{"alive_at":1,"offset_us":null,"antennas":null,"reads":[["xy","r",1,1,1,null,1,null]]}\n',
    "a strength as text": b'{"alive_at":1,"offset_us":null,"antennas":null,"reads":[["00","r",1,1,1,"x",1,null]]}\n',
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_line_is_named(tmp_path: Path, what: str) -> None:
    with pytest.raises(RecordingInvalid, match="line 7"):
        decode_line(BROKEN[what], 7)
    path = recorded(tmp_path / "r.jsonl", Batch((), START))
    path.write_bytes(path.read_bytes() + BROKEN[what])
    driver = ReplayDriver(path, reader="r", clock=Clock(), speed=None)
    driver.open()
    with pytest.raises(ProtocolViolated, match="line 3"):
        list(driver.reads())


def test_what_is_no_recording_is_refused_at_the_opening(tmp_path: Path) -> None:
    with pytest.raises(ConnectionFailed, match="cannot be opened"):
        ReplayDriver(tmp_path / "missing", reader="r", clock=Clock()).open()
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(ProtocolViolated, match="no recording"):
        ReplayDriver(empty, reader="r", clock=Clock()).open()
    with pytest.raises(ConnectionFailed, match="not open"):
        next(ReplayDriver(empty, reader="r", clock=Clock()).reads())
    with pytest.raises(ValueError, match="above 0"):
        ReplayDriver(empty, reader="r", clock=Clock(), speed=0)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.jsonl")), ids=lambda path: path.name)
def test_the_recordings_of_the_repository_play(path: Path) -> None:
    found = played(path, shift=True)
    assert sum(len(batch.reads) for batch in found) > 0
    assert all(each.reader == "recorded" for batch in found for each in batch.reads)
