"""One tag written over real LLRP by a reader: exactly one in the field, read back, its chip known; else nothing."""

import random
import struct
from collections.abc import Iterator

import pytest
from sllurp.llrp import LLRPMessage

from readers.llrp import LlrpSettings
from readers.llrp.access import Written, access_spec, read_operation, target_tag, write_operation, write_tag
from readers.scenario import ReaderScript, Scenario, TagsArrive
from readers.virtual import VirtualReaderThread
from readers.virtual.tag import Chip, tid_of

NEW = "3414F4A2C9465BD5C04D7CE7"
FACTORY, OTHER = "E28068940000500000000001", "E28068940000500000000002"
LISTEN_SECONDS = 0.4


def desk(*epcs: str) -> Iterator[VirtualReaderThread]:
    script = ReaderScript("desk", {1: "DESK"}, (TagsArrive(0.0, 1, epcs),) if epcs else ())
    with VirtualReaderThread(Scenario((script,), {}, (), 0.0), {"desk": 0}, reads_per_second=60) as thread:
        yield thread


@pytest.fixture
def one() -> Iterator[VirtualReaderThread]:
    """A desk with one new tag on it."""
    for thread in desk(FACTORY):
        put(thread, FACTORY)
        yield thread


def put(thread: VirtualReaderThread, name: str, *, bears: str = "", fault: str = "") -> Chip:
    """Make a tag of the scenario one that can be written."""
    epc = bytes.fromhex(name)
    chip = Chip(bytes.fromhex(bears or name), tid_of(epc), fault)
    thread.readers["desk"].chips[epc] = chip
    return chip


def write(thread: VirtualReaderThread, epc: str = NEW, *, free: bool = True) -> Written:
    settings = LlrpSettings("desk", "127.0.0.1", thread.ports["desk"], keepalive_seconds=2)
    clock = random.Random(1).getrandbits  # the reader's skew is nobody's concern here
    return write_tag(settings, epc, lambda: clock(40), may_overwrite=lambda _old: free, listen_seconds=LISTEN_SECONDS)


def test_the_one_tag_in_the_field_is_written_and_read_back(one: VirtualReaderThread) -> None:
    chip = one.readers["desk"].chips[bytes.fromhex(FACTORY)]
    assert write(one) == Written("verified", tid=chip.tid.hex().upper(), old=FACTORY)
    assert chip.epc.hex().upper() == NEW
    # Once more: what is written is only read.
    assert write(one, free=False) == Written("verified", tid=chip.tid.hex().upper(), old=NEW)


def test_a_shorter_number_changes_the_length_too(one: VirtualReaderThread) -> None:
    assert write(one, "3414F4A200000001").result == "verified"
    assert one.readers["desk"].chips[bytes.fromhex(FACTORY)].epc.hex().upper() == "3414F4A200000001"


@pytest.mark.parametrize(
    ("epcs", "twins", "reason"),
    [((), False, "no_tag"), ((FACTORY, OTHER), False, "several_tags"), ((FACTORY, OTHER), True, "several_tags")],
)
def test_with_none_or_several_tags_nothing_is_written(epcs: tuple[str, ...], twins: bool, reason: str) -> None:
    """Also where two chips bear one number, as new ones from the factory do."""
    for thread in desk(*epcs):
        chips = [put(thread, epc, bears=FACTORY if twins else "") for epc in epcs]
        before = [chip.epc for chip in chips]
        found = write(thread)
        assert (found.result, found.reason) == ("kept", reason)
        assert [chip.epc for chip in chips] == before


def test_a_tag_in_use_is_left_alone(one: VirtualReaderThread) -> None:
    assert write(one, free=False) == Written("kept", "tag_in_use", old=FACTORY)
    assert one.readers["desk"].chips[bytes.fromhex(FACTORY)].epc.hex().upper() == FACTORY


@pytest.mark.parametrize(
    ("fault", "reason"), [("lies", "read_otherwise"), ("half", "write_refused"), ("deaf", "read_otherwise")]
)
def test_what_is_not_read_back_is_not_written(fault: str, reason: str) -> None:
    for thread in desk(FACTORY):
        put(thread, FACTORY, fault=fault)
        found = write(thread)
        assert (found.result, found.reason, found.tid) == ("failed", reason, None)


def test_a_locked_tag_and_a_reader_that_is_busy_or_away() -> None:
    for thread in desk(FACTORY):
        assert write(thread).reason == "write_refused"
        port = thread.ports["desk"]
    assert write_tag(
        LlrpSettings("desk", "127.0.0.1", port, connect_seconds_max=1), NEW, lambda: 0, may_overwrite=lambda _old: True
    ) == Written("kept", "not_reached")


def test_the_bytes_are_those_of_an_independent_encoder() -> None:
    """sllurp 3 encodes the same AccessSpec; its decoder and ours were written by different hands."""
    old, new = bytes.fromhex(FACTORY), bytes.fromhex(NEW)
    ours = access_spec(old, write_operation(2, 2, new, 0xCAFE) + read_operation(3, 2, 0, 6, 0xCAFE), 1)
    target = {
        "MB": 1,
        "M": 1,
        "Pointer": 32,
        "MaskBitCount": 96,
        "TagMask": "FF" * 12,
        "DataBitCount": 96,
        "TagData": FACTORY,
    }
    writes = {"OpSpecID": 2, "AccessPassword": 0xCAFE, "MB": 1, "WordPtr": 2, "WriteDataWordCount": 6, "WriteData": new}
    reads = {"OpSpecID": 3, "AccessPassword": 0xCAFE, "MB": 2, "WordPtr": 0, "WordCount": 6}
    spec = {
        "AccessSpecID": 7,
        "AntennaID": 0,
        "ProtocolID": 1,
        "CurrentState": False,
        "ROSpecID": 0,
        "AccessSpecStopTrigger": {"AccessSpecStopTriggerType": 1, "OperationCountValue": 1},
        "AccessCommand": {
            "TagSpecParameter": {"C1G2TagSpec": {"C1G2TargetTag": [target]}},
            "OpSpecParameter": [{"C1G2Write": writes}, {"C1G2Read": reads}],
        },
        "AccessReportSpec": {"AccessReportTrigger": 1},
    }
    theirs = LLRPMessage(msgdict={"ADD_ACCESSSPEC": {"Ver": 1, "Type": 40, "ID": 1, "AccessSpec": spec}}).msgbytes
    assert bytes(theirs)[10:] == ours


def test_the_empty_mask_which_is_every_tag_cannot_be_said() -> None:
    for empty in (b"", b"\x01"):
        with pytest.raises(ValueError, match="whole EPC"):
            target_tag(empty)
    assert struct.unpack_from(">HH", target_tag(bytes(12))[5:]) == (32, 96)
