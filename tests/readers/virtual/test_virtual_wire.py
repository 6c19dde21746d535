"""The LLRP codec: what is encoded decodes to the same; what is broken is refused with its place."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers import wire
from readers.wire import FrameInvalid, Framer, Header, ParameterType, StatusCode, WireError

headers = st.tuples(st.integers(0, 1023), st.integers(0, 0xFFFFFFFF), st.binary(max_size=60), st.integers(0, 7))
tlvs = st.tuples(st.integers(128, 1023), st.binary(max_size=40))
tvs = st.sampled_from(sorted(wire.TV_BYTES)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.binary(min_size=wire.TV_BYTES[kind] - 1, max_size=wire.TV_BYTES[kind] - 1))
)


def _encode(kind: int, body: bytes) -> bytes:
    return wire.encode_tv(kind, body) if kind < 128 else wire.encode_tlv(kind, body)


@given(st.lists(headers, max_size=6), st.lists(st.integers(1, 30), max_size=40))
def test_any_messages_cut_anywhere_come_out_whole_and_in_order(messages, cuts) -> None:
    stream = b"".join(wire.encode_message(kind, number, body, ver) for kind, number, body, ver in messages)
    framer, found, at = Framer(), [], 0
    for size in [*cuts, len(stream)]:
        found += list(framer.feed(stream[at : at + size]))
        at += size
    expected = [(Header(kind, ver, 10 + len(body), number), body) for kind, number, body, ver in messages]
    assert found == expected


@given(st.lists(st.one_of(tlvs, tvs), max_size=12))
def test_parameters_decode_to_what_was_encoded(written) -> None:
    data = b"".join(_encode(kind, body) for kind, body in written)
    assert [(found.type, found.body) for found in wire.decode_parameters(data)] == written


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused_and_never_overrun(data) -> None:
    said = ""
    found: list[wire.Parameter] = []
    try:
        found.extend(wire.decode_parameters(data))
    except WireError as refused:
        said = str(refused)
    again = b"".join(_encode(each.type, each.body) for each in found)
    if said:
        assert "byte" in said
    else:
        assert again == _without_reserved_bits(data)


def _without_reserved_bits(data: bytes) -> bytes:
    """The reserved six bits before a TLV type are ignored by a receiver (section 16)."""
    clean, at = bytearray(data), 0
    while at < len(clean):
        if clean[at] & 0x80:
            at += wire.TV_BYTES[clean[at] & 0x7F]
        else:
            clean[at] &= 0x03
            at += struct.unpack_from(">H", clean, at + 2)[0]
    return bytes(clean)


@pytest.mark.parametrize(
    ("length", "code"),
    [
        (0, StatusCode.M_FIELD_ERROR),
        (9, StatusCode.M_FIELD_ERROR),
        (wire.MAX_MESSAGE_BYTES + 1, StatusCode.M_OVERFLOW_FIELD),
        (3_000_000_000, StatusCode.M_OVERFLOW_FIELD),
    ],
)
def test_a_length_that_cannot_be_is_refused_at_its_header(length, code) -> None:
    good = wire.encode_message(62, 1)
    framer, found = Framer(), []
    with pytest.raises(FrameInvalid, match=str(length)) as refused:
        found.extend(framer.feed(good + struct.pack(">HII", 1 << 10 | 20, length, 7)))
    assert refused.value.code == code


def test_messages_before_a_broken_header_are_still_given() -> None:
    good = wire.encode_message(62, 1)
    stream = Framer().feed(good + struct.pack(">HII", 1 << 10 | 20, 3, 7))
    assert next(stream) == (Header(62, 1, 10, 1), b"")
    with pytest.raises(FrameInvalid):
        next(stream)


@given(st.sampled_from(list(StatusCode)), st.text(max_size=2000))
def test_a_status_keeps_its_code_and_the_beginning_of_its_text(code, text) -> None:
    (status,) = wire.decode_parameters(wire.encode_status(code, text))
    assert status.type == ParameterType.LLRP_STATUS
    found, description = wire.decode_status(status.body)
    assert found == code
    assert text.startswith(description)
    assert description == text or len(description.encode()) > 1000


@pytest.mark.parametrize("body", [b"", b"\0", b"\0\0\0\5abcd"])
def test_a_cut_status_is_refused(body) -> None:
    with pytest.raises(WireError):
        wire.decode_status(body)


def test_what_cannot_be_encoded_is_refused() -> None:
    with pytest.raises(WireError, match="65,531"):
        wire.encode_tlv(240, bytes(65_532))
    with pytest.raises(WireError, match="TV parameter 1 cannot have 3"):
        wire.encode_tv(1, bytes(3))
    with pytest.raises(WireError, match="TV parameter 99"):
        wire.encode_tv(99, b"")
