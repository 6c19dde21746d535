"""The stream cut into messages, what we say, what answers mean, and the reader's clock."""

import json
import os
from pathlib import Path

import pytest
from edge_doubles import YEAR_2000_US, antenna_event, message, tag, tlv, welcome
from hypothesis import given
from hypothesis import strategies as st

from readers.driver import ProtocolViolated
from readers.llrp import messages
from readers.llrp.clock import ReaderClock
from readers.llrp.framing import MESSAGE_BYTES_MAX, Framer, Message
from readers.llrp.report import ReportDecoder

SAMPLES = Path(os.environ.get("CUSTODY_SAMPLES", "/nowhere")) / "llrp"
EPC = bytes.fromhex("3414F4A2000000A1B2C3D4E5")
NOON = 1_750_000_000_000_000
SECOND = 1_000_000


def one(data: bytes) -> Message:
    (found,) = Framer().feed(data)
    return found


# Framing


@given(st.lists(st.tuples(st.integers(0, 1023), st.binary(max_size=60)), max_size=12), st.data())
def test_however_the_stream_is_cut_the_messages_are_the_same(
    sent: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(message(kind, body, at) for at, (kind, body) in enumerate(sent))
    framer = Framer()
    found: list[Message] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += framer.feed(stream[:size])
        stream = stream[size:]
    assert [(each.kind, each.body) for each in found] == sent
    assert [each.identifier for each in found] == list(range(len(sent)))
    assert framer.unfinished_bytes == 0


@pytest.mark.parametrize(
    ("head", "byte", "what"),
    [
        (b"HTTP/1.1 400 Bad", 10, "is this an LLRP reader"),
        (b"\x04\x3d\x00\x00\x00\x09\0\0\0\0", 12, "the header alone is 10"),
        (b"\x04\x3d\xb2\xd0\x5e\x00\0\0\0\0", 12, f"at most {MESSAGE_BYTES_MAX}"),
        (b"\x04\x3d" + (MESSAGE_BYTES_MAX + 1).to_bytes(4, "big") + b"\0\0\0\0", 12, "at most"),
        (b"\x24\x3d\x00\x00\x00\x0a\0\0\0\0", 10, "0x243D"),
    ],
    ids=["another protocol", "shorter than its header", "three gigabytes", "one byte too long", "reserved bits"],
)
def test_what_cannot_be_a_message_is_refused_at_once(head: bytes, byte: int, what: str) -> None:
    framer = Framer()
    framer.feed(message(62)[:6])
    with pytest.raises(ProtocolViolated, match=what) as refused:
        framer.feed(message(62)[6:] + head)
    assert f"byte {byte} of the connection" in str(refused.value)


# Answers and events


@pytest.mark.parametrize("antennas", [(), (1, 2)])
def test_every_request_of_the_handshake_can_be_built(antennas: tuple[int, ...]) -> None:
    said = messages.handshake(antennas, 5000, 0)
    kinds = [one(messages.build(name, at, fields)).kind for at, (name, fields, _, _) in enumerate(said)]
    assert kinds == [1, 2, 3, 41, 21, 20, 24, 64]


def test_the_reader_is_asked_for_each_tag_at_once_with_all_that_we_use() -> None:
    requests = {name: fields for name, fields, _, _ in messages.handshake((1,), 5000, 0)}
    rospec = requests["ADD_ROSPEC"]["ROSpec"]
    asked = rospec["ROReportSpec"]["TagReportContentSelector"]
    assert rospec["ROReportSpec"]["N"] == 1
    assert rospec["ROBoundarySpec"]["ROSpecStopTrigger"]["ROSpecStopTriggerType"] == "Null"
    for name in ("AntennaID", "PeakRSSI", "FirstSeenTimestamp", "LastSeenTimestamp", "TagSeenCount"):
        assert asked[f"Enable{name}"]
    assert requests["SET_READER_CONFIG"]["KeepaliveSpec"]["TimeInterval"] == 5000


def test_events_say_time_connection_and_antennas() -> None:
    assert messages.event(one(welcome(NOON))) == messages.Event(NOON, False, connection="Success")
    assert messages.event(one(antenna_event(NOON, 2, False))).antenna == (2, False)
    overflow = message(63, tlv(246, tlv(129, NOON.to_bytes(8, "big")) + tlv(251)))
    assert messages.event(one(overflow)) == messages.Event(NOON, True, overflow=True)


@pytest.mark.parametrize(
    "broken",
    [
        message(63, tlv(246, tlv(128, b"\0" * 3))),
        message(63, b"\x00\xf6\x00\x00"),
        message(63, b"\x00\xf6\xff\xff"),
        message(63),
        message(11, tlv(137, b"\0")),
        message(11, tlv(287, b"\0")),
        message(30, tlv(287, b"\0" * 60_000) * 5),
    ],
)
def test_a_malformed_answer_is_refused(broken: bytes) -> None:
    found = one(broken)
    with pytest.raises(ProtocolViolated, match="byte "):
        messages.event(found) if found.kind == 63 else messages.capabilities(messages.decode(found) or {}, 0)


@given(st.sampled_from((11, 12, 13, 30, 63, 100)), st.binary(max_size=120))
def test_noise_in_an_answer_is_refused_or_read(kind: int, body: bytes) -> None:
    said = "byte "
    try:
        messages.decode(one(message(kind, body)))
    except ProtocolViolated as error:
        said = str(error)
    assert "byte " in said


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="CUSTODY_SAMPLES does not name a folder with real reader messages")
def test_the_answers_of_a_real_reader_are_understood() -> None:
    def body(name: str) -> bytes:
        return (SAMPLES / f"{name}-000.bytes").read_bytes()

    found = messages.decode(one(message(11, body("GetReaderCapabilitiesResponse"))))
    wanted = json.loads((SAMPLES / "GetReaderCapabilitiesResponse-000.json").read_text())["GeneralDeviceCapabilities"]
    assert found is not None
    assert messages.refusal(found) is None
    assert messages.capabilities(found, 0) == messages.Capabilities(
        f"Impinj {wanted['Model']}", wanted["FirmwareVersion"], wanted["MaxSupportedAntennas"]
    )
    configuration = messages.decode(one(message(12, body("GetReaderConfigResponse"))))
    assert configuration is not None
    assert messages.connected_antennas(configuration) == (1,)
    event = messages.event(one(message(63, body("ReaderEventNotification"))))
    assert event.closing
    assert event.at == 1596721689842138
    closing = messages.decode(one(message(4, body("CloseConnectionResponse"))))
    assert closing is not None
    assert messages.refusal(closing) is None


# The reader's clock


def times_of(clock: ReaderClock, first: int, last: int, received: int) -> tuple[int, int]:
    (row,) = clock.rows(ReportDecoder().decode(tag(EPC, 1, -50, first, last, 2)), received)
    return row[3], row[4]


def clock_that_said(reader_at: int) -> ReaderClock:
    clock = ReaderClock()
    clock.measure(reader_at, NOON)
    return clock


def test_a_good_clock_is_believed_to_the_microsecond() -> None:
    clock = clock_that_said(NOON - 150_000)
    assert times_of(clock, NOON + 1, NOON + 5, NOON + 90_000) == (NOON + 1, NOON + 5)
    assert clock.offset_us == -150_000


def test_a_clock_in_the_year_2000_is_corrected_by_its_measured_offset() -> None:
    clock = clock_that_said(YEAR_2000_US)
    first, last = YEAR_2000_US + SECOND, YEAR_2000_US + 2 * SECOND
    assert times_of(clock, first, last, NOON + 3 * SECOND) == (NOON + SECOND, NOON + 2 * SECOND)
    assert clock.offset_us == YEAR_2000_US - NOON


def test_a_clock_that_jumps_is_measured_again() -> None:
    clock = clock_that_said(NOON)
    assert times_of(clock, YEAR_2000_US, YEAR_2000_US + 10, NOON + SECOND) == (NOON + SECOND - 10, NOON + SECOND)
    assert clock.offset_us == YEAR_2000_US + 10 - NOON - SECOND
    # And again, when somebody sets it right.
    later = NOON + 2 * SECOND
    assert times_of(clock, later, later, later) == (later, later)
    assert clock.shift_us == 0


def test_a_queue_sent_hours_late_keeps_its_times() -> None:
    first, last = NOON - 3600 * SECOND, NOON - 3599 * SECOND
    assert times_of(clock_that_said(NOON), first, last, NOON) == (first, last)


def test_a_row_without_time_gets_the_time_it_came() -> None:
    (row,) = ReaderClock().rows(ReportDecoder().decode(tag(EPC)), NOON)
    assert row[3:] == (NOON, NOON, 1)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_no_time_of_a_reader_leads_out_of_the_day(first: int, last: int) -> None:
    for at in times_of(clock_that_said(NOON), first, last, NOON):
        assert NOON - 24 * 3600 * SECOND <= at <= NOON + 2 * SECOND
