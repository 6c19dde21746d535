"""The product's own LLRP driver on the virtual reader, recorded and played back: one path from end to end."""

import time
from pathlib import Path

import pytest

from readers.driver import Batch, ConnectionFailed, DriverError
from readers.llrp import LlrpDriver, LlrpSettings
from readers.recorder import Recorder
from readers.replay import ReplayDriver
from readers.scenario import parse
from readers.sighting import Instant
from readers.virtual import VirtualReaderThread

A, B, BADGE = "3414F4A20000000000000001", "3414F4A20000000000000002", "E28011700000"
SCENARIO = parse(
    f"reader cabinet antennas 1:x 2:y\n0 cabinet/1 arrive {A} {B} at -50\n0 cabinet/2 arrive {BADGE} at -61"
)


def now() -> Instant:
    return time.time_ns() // 1000


def test_what_the_driver_hears_of_the_virtual_reader_plays_back_the_same(tmp_path: Path) -> None:
    path = tmp_path / "cabinet.jsonl"
    heard: list[Batch] = []
    with VirtualReaderThread(SCENARIO, {"cabinet": 0}, reads_per_second=25) as readers:
        driver = LlrpDriver(LlrpSettings("cabinet", "127.0.0.1", readers.ports["cabinet"]), now)
        identity = driver.open()
        assert identity.antennas == (1, 2)
        deadline = time.monotonic() + 20
        with Recorder(path, identity) as recorder:
            for batch in driver.reads():
                heard.append(batch)
                recorder.write(batch)
                if len({read.epc for each in heard for read in each.reads}) == 3:
                    break
                assert time.monotonic() < deadline
        driver.close()
    reads = [read for batch in heard for read in batch.reads]
    assert {(read.epc, read.antenna) for read in reads} == {(A, 1), (B, 1), (BADGE, 2)}
    replay = ReplayDriver(path, reader="cabinet", clock=now, speed=None, shift=False)
    assert replay.open() == identity
    played: list[Batch] = []
    with pytest.raises(ConnectionFailed):
        played.extend(replay.reads())
    assert [read for batch in played for read in batch.reads] == reads


def test_a_second_driver_is_told_that_the_reader_is_taken() -> None:
    with VirtualReaderThread(SCENARIO, {"cabinet": 0}) as readers:
        settings = LlrpSettings("cabinet", "127.0.0.1", readers.ports["cabinet"])
        first, second = LlrpDriver(settings, now), LlrpDriver(settings, now)
        first.open()
        with pytest.raises(DriverError):
            second.open()
        second.close()
        first.close()
