"""The virtual reader under sllurp 3.0.5, a client that others wrote: connect, read, change power, reconnect."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sllurp.llrp import C1G2Read, C1G2TargetTag, LLRPReaderClient, LLRPReaderConfig, LLRPReaderState

from readers.scenario import parse
from readers.virtual import VirtualReaderThread

A, B, BADGE = "3414F4A20000000000000001", "3414F4A20000000000000002", "E28011700000"
SCENARIO = parse(f"reader r antennas 1:x 2:y\n0 r/1 arrive {A} {B} at -50\n0 r/2 arrive {BADGE} at -61")


class Session:
    """One sllurp client and what it was told."""

    def __init__(self, port: int, **configuration: Any) -> None:
        settings = {
            "antennas": [1, 2],
            "report_every_n_tags": 6,
            "report_timeout_ms": 200,
            "keepalive_interval": 100,
            "tag_content_selector": {
                "EnableROSpecID": True,
                "EnableSpecIndex": True,
                "EnableInventoryParameterSpecID": True,
                "EnableAntennaID": True,
                "EnableChannelIndex": True,
                "EnablePeakRSSI": True,
                "EnableFirstSeenTimestamp": True,
                "EnableLastSeenTimestamp": True,
                "EnableTagSeenCount": True,
                "EnableAccessSpecID": True,
                "C1G2EPCMemorySelector": {"EnableCRC": True, "EnablePCBits": True},
            },
        } | configuration
        self.tags: list[dict[str, Any]] = []
        # sllurp expects its commands from its own thread: from another, an answer may come before it is awaited.
        self.todo: list[Callable[[], object]] = []
        self.more = threading.Condition()
        self.client = LLRPReaderClient("127.0.0.1", port, LLRPReaderConfig(settings))
        self.client.add_tag_report_callback(self._reported)

    def _reported(self, _: object, tags: list[dict[str, Any]]) -> None:
        while self.todo:
            self.todo.pop()()
        with self.more:
            self.tags += tags
            self.more.notify_all()

    def __enter__(self) -> "Session":
        self.client.connect()
        return self

    def __exit__(self, *_: object) -> None:
        self.todo.append(self.client.disconnect)
        self.client.join(20)
        assert not self.client.is_alive()

    def until(self, count: int) -> list[dict[str, Any]]:
        with self.more:
            assert self.more.wait_for(lambda: len(self.tags) >= count, 20), f"{len(self.tags)} tags came"
            return list(self.tags)


@pytest.fixture
def readers() -> Iterator[VirtualReaderThread]:
    with VirtualReaderThread(SCENARIO, {"r": 0}, reads_per_second=50, seed=3) as thread:
        yield thread


def test_sllurp_connects_configures_and_reads_every_field(readers: VirtualReaderThread) -> None:
    with Session(readers.ports["r"]) as session:
        found = session.until(30)
        assert session.client.llrp.state == LLRPReaderState.STATE_INVENTORYING
        general = session.client.llrp.capabilities["GeneralDeviceCapabilities"]
        assert general["MaxNumberOfAntennaSupported"] == 2
        assert session.client.llrp.tx_power_table[-1] == 30.0
        assert len(session.client.llrp.reader_config["AntennaConfiguration"]) == 2
    heard = {(tag["EPC"].decode().upper(), tag["AntennaID"]) for tag in found}
    assert heard == {(A, 1), (B, 1), (BADGE, 2)}
    for tag in found:
        assert ("EPC-96" in tag) == (len(tag["EPC"]) == 24)
        assert -70 <= tag["PeakRSSI"] <= -40
        assert tag["ROSpecID"] == 1
        assert tag["FirstSeenTimestampUTC"] <= tag["LastSeenTimestampUTC"]


def test_sllurp_can_pick_a_mode_and_lower_the_power_while_it_reads(readers: VirtualReaderThread) -> None:
    with Session(readers.ports["r"], mode_identifier=1000) as session:
        session.until(6)
        session.todo.append(lambda: session.client.llrp.setTxPowerDbm({1: 20.0, 2: 20.0}))
        before = len(session.tags)
        session.until(before + 30)
        assert session.client.llrp.config.tx_power == {1: 41, 2: 41}


def test_sllurp_reads_one_tag_alone_through_its_filter(readers: VirtualReaderThread) -> None:
    with Session(readers.ports["r"], tag_filter_mask=[B]) as session:
        assert {tag["EPC"].decode().upper() for tag in session.until(12)} == {B}


def test_sllurp_reads_the_factory_number_by_an_accessspec(readers: VirtualReaderThread) -> None:
    with Session(readers.ports["r"]) as session:
        session.until(3)
        target = C1G2TargetTag(MB=1, Pointer=0x20, TagMask="F" * 24, TagData=A)
        opspec = C1G2Read(OpSpecID=7, MB=2, WordPtr=0, WordCount=6)
        session.todo.append(lambda: session.client.llrp.startAccess(opSpec=opspec, targetSpec=target))
        deadline = time.monotonic() + 20
        while not (read := [tag for tag in session.tags if "C1G2ReadOpSpecResult" in tag]):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert {tag["EPC"].decode().upper() for tag in read} == {A}
    result = read[0]["C1G2ReadOpSpecResult"]
    assert result["Result"] == 0
    assert result["OpSpecID"] == 7
    assert result["ReadDataWordCount"] == 6


def test_sllurp_comes_back_after_it_has_gone(readers: VirtualReaderThread) -> None:
    for _ in range(3):
        with Session(readers.ports["r"]) as session:
            session.until(6)
        # sllurp idles for ever when it is told that the reader is taken, so it must not come too early.
        deadline = time.monotonic() + 20
        while readers.readers["r"].has_client:
            assert time.monotonic() < deadline
            time.sleep(0.005)
