"""Packed sightings: what comes out is what went in, and bytes that are none are refused, whatever they say."""

import json
import random
import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readers.columns import SightingColumns, columns_of, joined_sightings
from readers.packing import (
    PackedInvalid,
    pack_delivery,
    pack_sightings,
    packable,
    unpack_delivery,
    unpack_sightings,
)
from readers.sighting import Sighting
from readers.spool import Packed, Parcel, by_kind, pack
from readers.uplink import body_of, delivery_of
from reconcile.delivery import parse_delivery
from reconcile.intake import IntakeInvalid, parse_batch

NOON = 1_750_000_000_000_000
EPC = "3414F4A2000000A1B2C3D4E5"


def sighting(at: int = 0, **more: object) -> Sighting:
    found = {"epc": EPC, "reader": "cabinet", "antenna": 1, "count": 3, "strongest_dbm": -50.0, "mean_dbm": -52.25}
    return Sighting(first_at=NOON + at, last_at=NOON + at + 5, received_at=NOON + at + 9, **found | more)  # type: ignore[arg-type]


hexadecimal = st.binary(min_size=1, max_size=31).map(lambda raw: raw.hex().upper())
strengths = st.none() | st.integers(-20000, 10000).map(lambda hundredths: hundredths / 100) | st.floats(-200, 100)
times = st.integers(946_684_800_000_000, 4_102_444_800_000_000)
any_sightings = st.builds(
    lambda epc, reader, antenna, ends, count, strongest, mean, received, tid: Sighting(
        epc, reader, antenna, min(ends), max(ends), count, strongest, mean, received, tid
    ),
    epc=hexadecimal | st.binary(min_size=12, max_size=12).map(lambda raw: raw.hex().upper()),
    reader=st.sampled_from(("cabinet", "门口", "portal 2")),
    antenna=st.integers(0, 65535),
    ends=st.tuples(times, times),
    count=st.integers(1, 2**31 - 1),
    strongest=strengths,
    mean=strengths,
    received=times,
    tid=st.none() | hexadecimal,
)


@given(st.lists(any_sightings, min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_what_is_packed_comes_out_as_it_went_in(found: list[Sighting]) -> None:
    columns = columns_of(found)
    assert all(map(packable, columns.keys))
    assert list(unpack_sightings(pack_sightings(columns))) == found
    # And cut into parts and joined again.
    parts = [columns[at : at + 7] for at in range(0, len(columns), 7)]
    assert list(unpack_sightings(pack_sightings(joined_sightings(parts)))) == found


def test_a_thousand_still_tags_take_a_fifth_of_their_rows() -> None:
    rng = random.Random(5)
    found = [
        sighting(at * 1000, epc=rng.randbytes(12).hex().upper(), mean_dbm=rng.randint(-7000, -4000) / 100)
        for at in range(1000)
    ]
    assert len(pack_sightings(columns_of(found))) < 30_000


@pytest.mark.parametrize(
    "odd",
    [
        {"epc": "carrier-7"},
        {"epc": "AB" * 300},
        {"tid": "no hexadecimal"},
        {"tid": "ab"},
        {"tid": ""},
        {"antenna": 70_000},
        {"antenna": -1},
    ],
    ids=str,
)
def test_what_the_format_has_no_room_for_is_not_packed(odd: dict[str, object]) -> None:
    assert not packable(columns_of([sighting(**odd)]).keys[0])


def outcome(raw: bytes) -> object:
    try:
        return list(unpack_sightings(raw))
    except PackedInvalid as error:
        return str(error)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_broken_bytes_are_refused_or_read(data: st.DataObject) -> None:
    """One to four bytes changed, or cut: sightings or a refusal, never anything else."""
    whole = bytearray(pack_sightings(columns_of([sighting(at, antenna=at + 1) for at in range(9)])))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    assert outcome(bytes(whole[: data.draw(st.integers(0, len(whole)))])) is not None
    assert outcome(bytes(whole)) is not None


@given(st.binary(max_size=200))
def test_noise_is_no_delivery(raw: bytes) -> None:
    with pytest.raises(IntakeInvalid, match="packed sightings cannot be read"):
        parse_delivery(raw)


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"", "fewer bytes"),
        (b"\x02\0\0\0\0", "version 2"),
        (b"\x01\0\0\0\x05{}", "before its rows"),
        (struct.pack(">BI", 1, 2) + b"{}" + b"\0" * 5, "within the head"),
        (struct.pack(">BI", 1, 2) + b"{}" + struct.pack(">QI", 1, 9) + b"\0", "within a piece"),
    ],
)
def test_a_delivery_that_is_cut_says_where(raw: bytes, what: str) -> None:
    with pytest.raises(PackedInvalid, match=what):
        unpack_delivery(raw)


# The same on the wire, packed and in rows


def parcel(found: SightingColumns, records: tuple[Sighting, ...] = ()) -> Parcel:
    singles = tuple(pack(record, at) for at, record in enumerate(records, 1))
    return Parcel("b" * 32, singles, (), (Packed(len(records) + 1, len(found), pack_sightings(found)),))


@given(st.lists(any_sightings, min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_the_server_reads_the_same_packed_and_in_rows(found: list[Sighting]) -> None:
    whole = parcel(columns_of(found))
    kind, rows = delivery_of("edge-1", whole, packed=False)
    packed_kind, packed = delivery_of("edge-1", whole, packed=True)
    assert (kind, packed_kind) == ("application/json", "application/x-custody-batch")
    assert parse_delivery(packed) == parse_batch(rows)


OUT_OF_BOUNDS = [
    ({"epc": "AB" * 63}, "epc"),
    ({"reader": "a\nb"}, "reader"),
    ({"reader": ""}, "reader"),
    ({"count": 0}, "count"),
    ({"count": 2**31}, "count"),
    ({"strongest_dbm": 101.0}, "strongest_dbm"),
    ({"mean_dbm": -500.0}, "mean_dbm"),
    ({"last_at": NOON - 1}, "last_at"),
    ({"received_at": 5}, "received_at"),
    ({"tid": "AB" * 63}, "tid"),
]


@pytest.mark.parametrize(
    ("odd", "column"), OUT_OF_BOUNDS, ids=[f"{row[1]} {row[0][row[1]]!r:.9}" for row in OUT_OF_BOUNDS]
)
def test_what_is_refused_in_rows_is_refused_packed(odd: dict[str, object], column: str) -> None:
    found = columns_of([sighting(), replace(sighting(1), **odd)])  # type: ignore[arg-type]
    whole = parcel(found)
    with pytest.raises(IntakeInvalid, match=column):
        parse_batch(delivery_of("edge-1", whole, packed=False)[1])
    with pytest.raises(IntakeInvalid) as refused:
        parse_delivery(delivery_of("edge-1", whole, packed=True)[1])
    assert (refused.value.table, refused.value.column) == ("sightings", column)


def test_a_sequence_names_one_record_packed_too() -> None:
    body = pack_sightings(columns_of([sighting(at) for at in range(3)]))
    head = b'{"daemon": "edge-1", "boot": "%s", "losses": [[3, %d, %d, 1]]}' % (b"b" * 32, NOON, NOON)
    assert len(parse_delivery(pack_delivery(head, [(4, body)])).sightings) == 3
    rows = body_of("edge-1", parcel(columns_of([sighting(9)])))
    mixed = json.dumps(rows).encode()
    assert [one.sequence for one in parse_delivery(pack_delivery(mixed, [(2, body)])).sightings] == [1, 2, 3, 4]
    with pytest.raises(IntakeInvalid, match="sequence 1 stands"):
        parse_delivery(pack_delivery(mixed, [(1, body)]))
    for pieces in ([(1, body)], [(4, body), (6, body)]):
        with pytest.raises(IntakeInvalid, match="sequence"):
            parse_delivery(pack_delivery(head, pieces))


def test_more_than_one_batch_may_hold_is_refused() -> None:
    body = pack_sightings(columns_of([sighting(at) for at in range(1000)]))
    head = b'{"daemon": "edge-1", "boot": "%s"}' % (b"b" * 32)
    with pytest.raises(IntakeInvalid, match="more than 10000"):
        parse_delivery(pack_delivery(head, [(1 + 1000 * at, body) for at in range(11)]))


def test_a_parcel_counts_both_kinds_of_records() -> None:
    whole = parcel(columns_of([sighting(at) for at in range(5)]), (sighting(90), sighting(91)))
    assert (whole.count, whole.first_seq, whole.last_seq) == (7, 1, 7)
    assert [row[0] for row in body_of("edge-1", whole)["sightings"]] == [1, 2, 3, 4, 5, 6, 7]
    assert whole.rows() == by_kind(whole.all_records())
