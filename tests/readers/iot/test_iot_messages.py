"""What messages of Impinj and Zebra readers say, and what is made of times, numbers and clocks that nobody promised."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from readers import impinj, zebra
from readers.iot.found import Antenna, Event, Gone, Input, Life, Missing, Note, Radio, Tag
from readers.iot.numbers import GRACE_US, EventNumbers, Totals
from readers.iot.offset import ReaderOffset
from readers.iot.texts import parse_time, tag_of_base64

SECOND = 1_000_000
NOON = 1_795_348_800 * SECOND
"""2026-11-22 12:00 UTC."""
SAMPLES = Path(os.environ.get("CUSTODY_SAMPLES", "/nowhere")) / "vendor"
EPC = "3414F4A2FBEFFFFE00000001"
RAW = bytes.fromhex(EPC)


def said(decode: Any, document: object) -> tuple[Event, ...]:
    found = decode(json.dumps(document).encode())
    assert not found.broken
    return tuple(found.events)


# Times and tags


@pytest.mark.parametrize(
    ("text", "after_noon_us"),
    [
        ("2026-11-22T12:00:00Z", 0),
        ("2026-11-22T12:00:00.123456789Z", 123_456),
        ("2026-11-22T12:00:00.5+0000", 500_000),
        ("2026-11-22T14:00:00.251+0200", 251_000),
        ("2026-11-22T14:00:00.251+02:00", 251_000),
        ("2026-11-22T08:30:00-0330", 0),
        ("2026-11-22T14:00:00+02", 0),
        ("2026-11-22 12:00:00,75", 750_000),
        ("2026-11-22T12:00:00", 0),
        ("2026-11-22T11:59:60Z", 0),
    ],
)
def test_a_time_is_read_as_readers_write_it(text: str, after_noon_us: int) -> None:
    assert parse_time(text) == NOON + after_noon_us


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-22T25:00:00Z",
        "2026-11-22",
        "1969-12-31T00:00:00Z",
        "٢٠٢٦-11-22T12:00:00Z",
        "2026-11-22T12:00:00Zjunk",
        "9" * 10_000,
        None,
        5,
        True,
        ["2026-11-22T12:00:00Z"],
    ],
)
def test_what_is_no_time_is_none(text: object) -> None:
    assert parse_time(text) is None


def test_an_epc_is_read_from_either_alphabet_with_or_without_padding() -> None:
    plain = base64.b64encode(RAW + b"\xff").decode()
    safe = base64.urlsafe_b64encode(RAW + b"\xff").decode()
    assert plain != safe
    assert "=" in plain
    for text in (plain, safe, plain.rstrip("="), safe.rstrip("=")):
        assert tag_of_base64(text) == EPC + "FF"


@pytest.mark.parametrize("text", ["", "A", "====", "AA=A", "ÄÖ==", "A" * 200, 7, None, "NBT0 ovvv"])
def test_what_is_no_base64_is_no_epc(text: object) -> None:
    assert tag_of_base64(text) is None


# Impinj


def inventory(**fields: object) -> dict[str, object]:
    return {"timestamp": "2026-11-22T12:00:01Z", "eventType": "tagInventory", "tagInventoryEvent": fields}


@pytest.mark.parametrize(
    ("document", "event"),
    [
        (inventory(epcHex=EPC.lower()), Tag(EPC, at=NOON + SECOND)),
        (inventory(epc=base64.b64encode(RAW).decode()), Tag(EPC, at=NOON + SECOND)),
        (inventory(epcHex="", epc=base64.b64encode(RAW).decode()), Tag(EPC, at=NOON + SECOND)),
        (
            inventory(
                epcHex=EPC, tidHex="E280", antennaPort=3, peakRssiCdbm=-6550, lastSeenTime="2026-11-22T12:00:00.5Z"
            ),
            Tag(EPC, "E280", 3, -65.5, NOON + SECOND // 2),
        ),
        (
            inventory(epcHex=EPC, tid="4oARYA==", antennaPort=True, peakRssiCdbm="x"),
            Tag(EPC, "E2801160", at=NOON + SECOND),
        ),
        (inventory(epcHex=EPC, peakRssiCdbm=-99_999, antennaPort=0), Tag(EPC, at=NOON + SECOND)),
        ({"tagInventoryEvent": {"epcHex": EPC}}, Tag(EPC)),
        (
            {
                "timestamp": "2026-11-22T12:00:00Z",
                "eventType": "gpiTransition",
                "gpiTransitionEvent": {"gpi": 2, "transition": "low-to-high"},
            },
            Input(2, True, NOON),
        ),
        ({"gpiTransitionEvent": {"gpi": 1, "transition": "high-to-low"}}, Input(1, False)),
        ({"inventoryStatusEvent": {"inventoryStatus": "idle"}}, Radio(False)),
        ({"inventoryStatusEvent": {"inventoryStatus": "running"}}, Radio(True)),
        ({"antennaDisconnectedEvent": {"antennaPort": 2}}, Antenna(2, False)),
        ({"eventType": "overflow"}, Missing("the reader's buffer of events ran over: reads were lost in the reader")),
    ],
)
def test_an_event_of_an_impinj_reader_is_read(document: object, event: Event) -> None:
    assert said(impinj.decode, document) == (event,)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (inventory(antennaPort=1), "a tag without EPC"),
        (inventory(epcHex="ABC"), "a tag without EPC"),
        (inventory(epcHex="AB" * 63), "a tag without EPC"),
        ({"eventType": "diagnostic", "diagnosticEvent": {}}, "an event of the type diagnostic"),
        ({"eventType": "<script>"}, "an event of the type unknown"),
        ({"gpiTransitionEvent": {"gpi": 1}}, "an input without its number or its change"),
        (7, "no event"),
        ({}, "an event of the type unknown"),
    ],
)
def test_what_says_nothing_to_us_is_counted_and_not_fatal(document: object, why: str) -> None:
    found = impinj.decode(json.dumps(document).encode())
    assert (found.events, found.ignored, found.broken) == ((), (why,), 0)


def test_an_array_one_object_and_lines_say_the_same() -> None:
    documents = [inventory(epcHex=EPC[:-1] + str(each)) for each in range(5)]
    array = impinj.decode(json.dumps(documents).encode())
    lines = impinj.decode(b"\r\n".join(json.dumps(each).encode() for each in documents))
    each = [impinj.decode(json.dumps(each).encode()).events[0] for each in documents]
    assert list(array.events) == list(lines.events) == each
    assert impinj.decode(b"[]").events == ()


def test_a_line_that_cannot_be_read_costs_itself_alone() -> None:
    good = json.dumps(inventory(epcHex=EPC)).encode()
    found = impinj.decode(good + b"\n{broken\n" + good)
    assert (len(found.events), found.broken) == (2, 1)
    assert "Expecting property name" in found.reason


# Zebra


def read(**data: object) -> dict[str, object]:
    return {"data": data, "timestamp": "2026-11-22T14:00:00.250+0200", "type": "INVENTORY"}


AT = NOON + 250_000


@pytest.mark.parametrize(
    ("document", "events"),
    [
        (
            read(idHex=EPC.lower(), antenna=2, eventNum=5059, format="epc", peakRssi=-37, reads=3),
            [Tag(EPC, None, 2, -37.0, AT, 5059, 3)],
        ),
        ({"data": {"eventNum": 1, "format": "epc", "idHex": EPC}, "type": "SIMPLE"}, [Tag(EPC, number=1)]),
        ({"data": {"idHex": EPC, "antenna": 1, "peakRssi": -48}}, [Tag(EPC, None, 1, -48.0)]),
        (read(idHex=EPC, TID="e280", peakRssi=-34.5, phase=148.03, channel=866.3), [Tag(EPC, "E280", None, -34.5, AT)]),
        (
            {
                "type": "BALANCED_PERFORMANCE",
                "timestamp": "2026-11-22T12:00:00Z",
                "data": {"tagData": [{"EPCid": EPC, "peakRssi": -52, "seenCount": 14, "eventNum": 1}, {"eventNum": 2}]},
            },
            [Tag(EPC, None, None, -52.0, NOON, 1, 14)],
        ),
        (
            {
                "type": "heartbeat",
                "timestamp": "2026-11-22T12:00:00Z",
                "eventNum": 9,
                "data": {
                    "radio_control": {"antennas": {"1": "connected", "2": "disconnected"}, "radioActivity": "inactive"}
                },
            },
            [Life(NOON), Antenna(1, True), Antenna(2, False), Radio(False)],
        ),
        ({"eventName": "heartbeat", "data": {"battery": 7}}, [Life()]),
        (
            {"type": "gpi", "timestamp": "2026-11-22T12:00:00Z", "data": {"pin": 1, "state": "HIGH"}},
            [Input(1, True, NOON)],
        ),
        ({"type": "gpi", "data": {"pin": 2, "state": "LOW"}}, [Input(2, False)]),
        ({"connectionState": "DISCONNECTED"}, [Gone("the reader left the broker, or was cut off from it")]),
        ({"connectionState": "CONNECTED"}, [Life()]),
        (
            {"type": "error", "data": {"component": "RC"}, "id": "temperature"},
            [Note("the reader reports: error, temperature, RC")],
        ),
    ],
)
def test_an_event_of_a_zebra_reader_is_read(document: object, events: list[Event]) -> None:
    assert list(said(zebra.decode, document)) == events
    assert list(said(zebra.decode, [document, document])) == events * 2


def test_the_samples_of_real_readers_are_read() -> None:
    if not SAMPLES.is_dir():
        pytest.skip("the samples of real readers are not here: set CUSTODY_SAMPLES to their folder")
    for decode, name, antennas in (
        (impinj.decode, "impinj-iot-device-interface.json", [1, 1, 3, 1]),
        (zebra.decode, "zebra-iot-connector.json", [1, 1, 1]),
    ):
        found = decode((SAMPLES / name).read_bytes())
        assert (found.broken, found.ignored) == (0, ())
        tags = [event for event in found.events if isinstance(event, Tag)]
        assert [tag.antenna for tag in tags] == antennas
        assert all(tag.at is not None and 1_500_000_000 * SECOND < tag.at < 1_900_000_000 * SECOND for tag in tags)
        # Where a message has both, the base64 is the same tag as the hexadecimal.
        for document in json.loads((SAMPLES / name).read_bytes()):
            fields = document.get("tagInventoryEvent", {})
            if "epcHex" in fields:
                assert tag_of_base64(fields["epc"]) == fields["epcHex"]


# Numbers and totals


@pytest.mark.parametrize(
    ("numbers", "lost"),
    [
        ([1, 2, 3, 4], 0),
        ([5, 6, 9, 10], 2),
        ([5, 8, 6, 7, 9], 0),
        ([5, 8, 7, 9], 1),
        ([900, 901, 1, 2, 3], 0),
        ([50, 51, 1, 2, 3, 52], 0),
        ([7, 7, 7], 0),
        ([10, 9, 11], 0),
        ([1, 2**60], 2**60 - 2),
        ([1, 5, 4000, 1, 2], 3 + 3994),
    ],
    ids=[
        "in order",
        "a gap",
        "overtaken",
        "overtaken and a gap",
        "started anew",
        "anew, soon",
        "sent again",
        "overtaken at first",
        "a number from nowhere",
        "a gap before a start",
    ],
)
def test_gaps_in_the_numbers_are_counted_once(numbers: list[int], lost: int) -> None:
    events = EventNumbers()
    for number in numbers:
        events.take(number, NOON)
    assert events.lost(NOON + GRACE_US) == lost
    assert events.lost(NOON + 2 * GRACE_US) == 0


def test_a_number_that_may_still_come_is_not_missing_yet() -> None:
    events = EventNumbers()
    events.take(1, NOON)
    events.take(3, NOON)
    assert events.lost(NOON + GRACE_US // 2) == 0
    events.take(2, NOON + GRACE_US // 2)
    assert events.lost(NOON + 9 * GRACE_US) == 0


@pytest.mark.parametrize(
    ("told", "counts"),
    [
        ([387_321, 387_322, 387_330], [1, 1, 8]),
        ([1, 1, 1], [1, 1, 1]),
        ([5, 5, 2, 4], [1, 1, 1, 2]),
    ],
    ids=["runs on", "each for itself", "started anew"],
)
def test_a_total_never_counts_for_more_than_it_is_sure_to_be(told: list[int], counts: list[int]) -> None:
    totals = Totals()
    assert [totals.count(EPC, 1, total) for total in told] == counts
    assert totals.count(EPC, 2, told[-1]) == 1, "another antenna counts for itself"


# The clock


def observed(delays: list[float], every_seconds: float = 4.0) -> ReaderOffset:
    offset = ReaderOffset()
    for number, delay in enumerate(delays):
        received = NOON + round(number * every_seconds * SECOND)
        offset.observe(received - round(delay * SECOND), received)
    return offset


def test_a_queue_that_empties_is_no_wrong_clock() -> None:
    offset = observed([3600 - 30 * each for each in range(120)])
    assert offset.offset_us is None
    assert offset.corrected(NOON - 3600 * SECOND, NOON) == NOON - 3600 * SECOND


def test_delays_that_stay_the_same_are_a_slow_clock() -> None:
    offset = observed([300.1, 300.0, 300.2, 300.1, 300.0, 300.1, 300.2, 300.0, 300.1])
    assert offset.offset_us == -300 * SECOND
    assert offset.corrected(NOON - 301 * SECOND, NOON) == NOON - SECOND


def test_a_short_burst_of_one_delay_proves_nothing() -> None:
    assert observed([300.0] * 200, every_seconds=0.01).offset_us is None


@pytest.mark.parametrize(
    "delay", [26 * 365 * 86_400.0, -3600.0, 9 * 86_400.0], ids=["year 2000", "future", "nine days"]
)
def test_a_time_that_cannot_be_is_corrected_at_once(delay: float) -> None:
    offset = observed([delay])
    assert offset.offset_us == -round(delay * SECOND)
    assert offset.corrected(NOON - round(delay * SECOND), NOON) == NOON


def test_a_correct_clock_is_left_alone() -> None:
    offset = observed([0.05] * 20)
    assert offset.shift_us == 0
    assert offset.corrected(NOON - 50_000, NOON) == NOON - 50_000
    assert offset.corrected(None, NOON) == NOON


def test_a_clock_that_was_asked_for_counts_from_two_seconds_on_and_is_forgotten_when_it_was_set() -> None:
    offset = ReaderOffset()
    offset.asked(900_000)
    assert offset.offset_us is None
    offset.asked(-7200 * SECOND)
    assert offset.corrected(NOON - 7200 * SECOND, NOON) == NOON
    offset.asked(0)
    assert offset.corrected(NOON - 7200 * SECOND, NOON) == NOON - 7200 * SECOND
