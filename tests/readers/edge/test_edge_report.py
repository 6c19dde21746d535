"""RO_ACCESS_REPORT to rows: what a reader may send, what it may not, and that both ways of decoding agree."""

import json
import os
import random
import struct
from base64 import b64decode
from pathlib import Path

import pytest
from edge_doubles import tag, tlv
from hypothesis import given
from hypothesis import strategies as st
from sllurp.llrp import LLRPMessage

from readers.driver import ProtocolViolated
from readers.llrp.report import NO_ANTENNA, NO_TIME, ReportDecoder

EPC = bytes.fromhex("3414F4A2000000A1B2C3D4E5")
SAMPLES = Path(os.environ.get("CUSTODY_SAMPLES", "/nowhere")) / "llrp"

times = st.integers(0, 2**63 - 1)
epcs = st.one_of(st.binary(min_size=12, max_size=12), st.binary(min_size=1, max_size=31))
tags = st.builds(
    tag,
    epc=epcs,
    antenna=st.none() | st.integers(1, 65535),
    rssi=st.none() | st.integers(-128, 127),
    first=st.none() | times,
    last=st.none() | times,
    count=st.none() | st.integers(0, 65535),
    extra=st.sampled_from((b"", b"\x89\x00\x00\x00\x01", b"\x87\x00\x05", tlv(1023, b"\0\0\x65\x1a\0\0\0\x38\1"))),
)


def rows(body: bytes) -> list[tuple[object, ...]]:
    return list(ReportDecoder().decode(body).rows)


@pytest.mark.parametrize(
    ("sent", "row"),
    [
        (tag(EPC, 2, -61, 1000, 2000, 7), (EPC, 2, -61, 1000, 2000, 7)),
        (tag(EPC, None, None), (EPC, NO_ANTENNA, None, NO_TIME, NO_TIME, 1)),
        (tag(EPC, 1, -50, first=1000), (EPC, 1, -50, 1000, 1000, 1)),
        (tag(EPC, 1, -50, last=2000), (EPC, 1, -50, 2000, 2000, 1)),
        (tag(EPC[:8], 1, -50), (EPC[:8], 1, -50, NO_TIME, NO_TIME, 1)),
        (tag(EPC + EPC, 1, -50), (EPC + EPC, 1, -50, NO_TIME, NO_TIME, 1)),
        (tag(EPC, 1, 127), (EPC, 1, 127, NO_TIME, NO_TIME, 1)),
    ],
    ids=["all fields", "no fields", "first only", "last only", "64-bit EPC", "192-bit EPC", "positive dBm"],
)
def test_a_tag_report_becomes_a_row(sent: bytes, row: tuple[object, ...]) -> None:
    assert rows(sent) == [row]
    # The same as one of many alike, where the layout is learnt.
    decoder = ReportDecoder()
    assert list(decoder.decode(sent * 5).rows) == [row] * 5
    assert list(decoder.decode(sent * 6).rows) == [row] * 6


def test_a_tag_without_an_epc_number_is_left_out() -> None:
    assert rows(tag(b"") + tag(EPC)) == [(EPC, 1, -50, NO_TIME, NO_TIME, 1)]


def test_surveys_and_makers_parameters_are_stepped_over() -> None:
    survey, custom = tlv(242, b"\0" * 8), tlv(1023, b"\0" * 8)
    assert rows(survey + tag(EPC) + custom) == [(EPC, 1, -50, NO_TIME, NO_TIME, 1)]


def test_the_rows_bound_their_times() -> None:
    report = ReportDecoder().decode(tag(EPC, 1, -50, 5000, 9000) + tag(EPC, 1, -50, 3000, 4000))
    assert (report.earliest, report.latest, report.timed) == (3000, 9000, True)
    assert not ReportDecoder().decode(tag(EPC) + tag(EPC, 1, -50, 5000, 9000)).timed


# What is absent


OTHER = bytes.fromhex("3414F4A2000000A1B2C3D4E6")


@pytest.mark.parametrize(
    ("sent", "row"),
    [
        (tag(OTHER, None, None), (OTHER, 2, -61, 1000, 2000, 7)),
        (tag(OTHER, 3, None), (OTHER, 3, -61, 1000, 2000, 7)),
        (tag(OTHER, None, -40, 5000, 6000), (OTHER, 2, -40, 5000, 6000, 7)),
        (tag(OTHER, 1, -40, 5000, None, 1), (OTHER, 1, -40, 5000, 5000, 1)),
        (tag(OTHER, 1, -40, None, 6000, 1), (OTHER, 1, -40, 6000, 6000, 1)),
        (tag(OTHER, 1, -40, 2**63, 6000, 1), (OTHER, 1, -40, 6000, 6000, 1)),
        (tag(OTHER, 1, -40, 2**64 - 1, 2**64 - 1, 1), (OTHER, 1, -40, NO_TIME, NO_TIME, 1)),
    ],
    ids=["all", "all but the antenna", "antenna and count", "last", "first", "beyond all time", "no time at all"],
)
@pytest.mark.parametrize("apart", [False, True], ids=["one report", "two reports"])
def test_what_has_not_changed_may_be_absent(sent: bytes, row: tuple[object, ...], apart: bool) -> None:
    """Given a tag with all its fields, when the next lacks some, then they are as they were (LLRP 1.0.1, 13.2.3).

    But of the two times one that is there stands for both: a time of another tag is no evidence for this one.
    """
    whole = tag(EPC, 2, -61, 1000, 2000, 7)
    for layouts in (0, 64):
        decoder = ReportDecoder(layouts_max=layouts)
        # Twice, so that the second time the layouts are known.
        for _ in range(2):
            if apart:
                decoder.decode(whole)
                assert list(decoder.decode(sent * 3).rows) == [row] * 3
            else:
                assert list(decoder.decode(whole + sent * 3).rows)[1:] == [row] * 3


def test_a_reader_without_utc_gives_its_uptime() -> None:
    uptime = b"\x83" + struct.pack(">Q", 77) + b"\x85" + struct.pack(">Q", 88)
    sent = tag(EPC, 1, -50, 1000, 2000, extra=uptime)
    assert list(ReportDecoder(uptime=True).decode(sent).rows) == [(EPC, 1, -50, 77, 88, 1)]


@pytest.mark.parametrize(
    ("body", "byte", "what"),
    [
        (b"\x00\xf0\x00", 10, "3 bytes are left"),
        (b"\x00\xf0\x00\x00", 12, "0 bytes long"),
        (b"\x00\xf0\x00\x03", 12, "3 bytes long"),
        (b"\x00\xf0\x00\xff" + b"\0" * 20, 12, "overruns what contains it"),
        (tlv(287, b"\0" * 4), 10, "does not belong into a tag report"),
        (tlv(240), 10, "without its EPC"),
        (tlv(240, b"\x81\x00\x01"), 10, "without its EPC"),
        (tlv(240, b"\x8d" + EPC[:11]), 14, "overruns its tag"),
        (tlv(240, b"\x8d" + EPC + b"\x81\x00"), 27, "overruns its tag"),
        (tlv(240, b"\x8d" + EPC + b"\xff\x00"), 27, "unknown type 127"),
        (tlv(240, b"\x8d" + EPC + b"\x00\xf1\x00\x00"), 29, "0 bytes long"),
        (tlv(240, tlv(241, b"\x00")), 16, "no room for its bit count"),
        (tlv(240, tlv(241, b"\x00\x60" + EPC[:6])), 18, "96 bits overruns"),
        (tlv(240, b"\x8d" + EPC + b"\x00\x05\x00\x04"), 27, "no type of a parameter"),
        (tag(EPC) + b"\xfc\xf0\x00\x04", 10 + len(tag(EPC)), "no type of a parameter"),
    ],
)
def test_a_malformed_report_is_refused_with_its_byte(body: bytes, byte: int, what: str) -> None:
    with pytest.raises(ProtocolViolated, match=what) as refused:
        ReportDecoder().decode(body, offset=10)
    assert f"byte {byte}:" in str(refused.value)


def both(bodies: list[list[bytes]]) -> tuple[list[object], list[object]]:
    """What the decoder says of reports that come so together, and what the walk says of one after another."""
    learnt, walk = ReportDecoder(), ReportDecoder(layouts_max=0)
    found: list[list[object]] = [[], []]
    for together in bodies:
        report, broken = learnt.decode_all([(body, 10) for body in together])
        found[0] += [*report.rows, str(broken)]
        said: object = None
        for body in together:
            one, said = walk.decode_all([(body, 10)])
            found[1] += one.rows
            if said is not None:
                break
        found[1].append(str(said))
        if broken is not None:
            break
    return found[0], found[1]


reports = st.lists(tags, max_size=6).map(b"".join) | st.builds(lambda one, many: one * many, tags, st.integers(1, 9))


@given(st.lists(st.lists(reports, min_size=1, max_size=4), min_size=1, max_size=5))
def test_learnt_layouts_and_the_walk_give_the_same_rows(bodies: list[list[bytes]]) -> None:
    """Given reports of any mixture of fields, singly or together, what was learnt from some changes no other."""
    learnt, walked = both(bodies)
    assert learnt == walked


@given(tags, st.data())
def test_a_report_broken_anywhere_is_never_misread(found: bytes, data: st.DataObject) -> None:
    """One byte changed: the decoder that learnt the layout says what the walk says, rows or refusal."""
    body = found * 5
    place = data.draw(st.integers(0, len(body) - 1))
    broken = bytearray(body)
    broken[place] = data.draw(st.integers(0, 255))
    learnt, walked = both([[body], [body, bytes(broken)]])
    assert learnt == walked


@given(st.binary(max_size=300))
def test_noise_is_refused_or_read_but_never_breaks_the_decoder(body: bytes) -> None:
    said = ""
    try:
        found = list(ReportDecoder().decode(body).rows)
    except ProtocolViolated as error:
        found, said = [], str(error)
    assert bool(said) == ("byte " in said)
    assert all(row[0] and row[0] in body for row in found)


def test_it_reads_what_sllurp_reads() -> None:
    rng = random.Random(5)
    sent = [
        (rng.randbytes(12), rng.randint(1, 4), rng.randint(-80, -30), rng.randint(1, 10**16), rng.randint(1, 99))
        for _ in range(50)
    ]
    body = b"".join(tag(epc, antenna, rssi, at, at + 5, count) for epc, antenna, rssi, at, count in sent)
    decoded = LLRPMessage(msgbytes=struct.pack(">HII", (1 << 10) | 61, len(body) + 10, 1) + body).msgdict
    theirs = [
        (
            bytes.fromhex(found["EPC"].decode()),
            found["AntennaID"],
            found["PeakRSSI"],
            found["FirstSeenTimestampUTC"],
            found["LastSeenTimestampUTC"],
            found["TagSeenCount"],
        )
        for found in decoded["RO_ACCESS_REPORT"]["TagReportData"]
    ]
    assert rows(body) == theirs


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="CUSTODY_SAMPLES does not name a folder with real reader messages")
def test_it_reads_the_messages_of_a_real_reader() -> None:
    files = sorted(SAMPLES.glob("ROAccessReport-*.bytes"))
    assert files
    for file in files:
        wanted = json.loads(file.with_suffix(".json").read_text())["TagReportData"]
        assert rows(file.read_bytes()) == [
            (
                b64decode(found["EPC96"]["EPC"]),
                found["AntennaID"],
                found["PeakRSSI"],
                found["FirstSeenUTC"],
                found["FirstSeenUTC"],
                1,
            )
            for found in wanted
        ]
