"""What a daemon may post, and how every other thing is refused: by table, row and column."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.intake import (
    BYTES_MAX,
    DETAIL_CHARACTERS_MAX,
    RECORDS_MAX,
    TIME_MAX,
    TIME_MIN,
    CoverageRecord,
    IntakeBatch,
    IntakeInvalid,
    LossRecord,
    ReportRecord,
    SightingRecord,
    batch_bytes,
    parse_batch,
)

T = 1_795_000_000_000_000
GOOD: dict[str, Any] = {
    "daemon": "edge-1",
    "boot": "0123456789abcdef0123456789abcdef",
    "sightings": [
        [1, "3414F4A2000000A1B2C3D4E5", None, "cabinet", 1, T, T + 5, 3, -51.5, -55, T + 9],
        [2, "3414F4A2000000A1B2C3D4E5", "E280", "cabinet", 0, T, T, 1, None, None, T + 9],
    ],
    "coverage": [[3, "cabinet", 1, T, T + 5_000_000]],
    "reports": [[4, "cabinet", "listening", T, "connected", "R700", None, -1200]],
    "losses": [[5, T, T + 1, 1000]],
}


def changed(table: str, row: int, column: int, value: Any) -> bytes:
    """The good body with one cell changed."""
    body = json.loads(json.dumps(GOOD))
    body[table][row][column] = value
    return json.dumps(body).encode()


def test_a_good_body_is_read_whole() -> None:
    batch = parse_batch(json.dumps(GOOD).encode())
    assert (batch.daemon, batch.boot) == ("edge-1", GOOD["boot"])
    assert batch.sightings[0] == SightingRecord(*GOOD["sightings"][0])
    assert batch.coverage == (CoverageRecord(3, "cabinet", 1, T, T + 5_000_000),)
    assert batch.reports == (ReportRecord(4, "cabinet", "listening", T, "connected", "R700", None, -1200),)
    assert batch.losses == (LossRecord(5, T, T + 1, 1000),)
    assert batch.sequences() == [1, 2, 3, 4, 5]
    assert parse_batch(batch_bytes(batch)) == batch


def test_absent_tables_are_empty() -> None:
    assert parse_batch(b'{"daemon": "edge-1", "boot": "00000000"}') == IntakeBatch("edge-1", "00000000")


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "where"),
    [
        # table       row  cell  value                  named in the refusal
        ("sightings", 1, 0, 0, "sightings, row 2, column sequence"),
        ("sightings", 0, 0, -1, "sightings, row 1, column sequence"),
        ("sightings", 0, 0, 2**53, "sightings, row 1, column sequence"),
        ("sightings", 0, 0, True, "sightings, row 1, column sequence"),
        ("sightings", 0, 0, "1", "sightings, row 1, column sequence"),
        ("sightings", 1, 1, "3414f4a2", "sightings, row 2, column epc"),
        ("sightings", 1, 1, "3414F", "sightings, row 2, column epc"),
        ("sightings", 1, 1, "", "sightings, row 2, column epc"),
        ("sightings", 1, 1, "AB" * 63, "sightings, row 2, column epc"),
        ("sightings", 1, 1, "３４", "sightings, row 2, column epc"),
        ("sightings", 1, 1, None, "sightings, row 2, column epc"),
        ("sightings", 0, 2, "xyz", "sightings, row 1, column tid"),
        ("sightings", 0, 3, "", "sightings, row 1, column reader"),
        ("sightings", 0, 3, "a\u0000b", "sightings, row 1, column reader"),
        ("sightings", 0, 3, "\ud800", "sightings, row 1, column reader"),
        ("sightings", 0, 3, " a", "sightings, row 1, column reader"),
        ("sightings", 0, 3, "a" * 65, "sightings, row 1, column reader"),
        ("sightings", 0, 4, -1, "sightings, row 1, column antenna"),
        ("sightings", 0, 4, 65_536, "sightings, row 1, column antenna"),
        ("sightings", 0, 4, 1.0, "sightings, row 1, column antenna"),
        ("sightings", 0, 5, TIME_MIN - 1, "sightings, row 1, column first_at"),
        ("sightings", 0, 6, TIME_MAX + 1, "sightings, row 1, column last_at"),
        ("sightings", 0, 6, T - 1, "sightings, row 1, column last_at"),
        ("sightings", 0, 7, 0, "sightings, row 1, column count"),
        ("sightings", 0, 7, 2**31, "sightings, row 1, column count"),
        ("sightings", 0, 8, "loud", "sightings, row 1, column strongest_dbm"),
        ("sightings", 0, 8, -1e9, "sightings, row 1, column strongest_dbm"),
        ("sightings", 0, 9, False, "sightings, row 1, column mean_dbm"),
        ("sightings", 0, 10, None, "sightings, row 1, column received_at"),
        ("coverage", 0, 4, T - 1, "coverage, row 1, column through_at"),
        ("coverage", 0, 2, None, "coverage, row 1, column antenna"),
        ("reports", 0, 2, "asleep", "reports, row 1, column state"),
        ("reports", 0, 2, ["listening"], "reports, row 1, column state"),
        ("reports", 0, 4, None, "reports, row 1, column detail"),
        ("reports", 0, 7, 10**17, "reports, row 1, column clock_offset_us"),
        ("losses", 0, 3, 0, "losses, row 1, column records"),
        ("losses", 0, 2, T - 1, "losses, row 1, column through_at"),
    ],
)
def test_a_wrong_cell_is_named(table: str, row: int, column: int, value: Any, where: str) -> None:
    with pytest.raises(IntakeInvalid) as refused:
        parse_batch(changed(table, row, column, value))
    assert str(refused.value).startswith(where + ": ")
    assert where == f"{refused.value.table}, row {refused.value.row}, column {refused.value.column}"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON in UTF-8"),
        (b"[]", "one JSON object"),
        (b"[" * 100_000, "not JSON"),
        (b'{"daemon": "edge-1", "boot": NaN}', "NaN is no number"),
        (b'{"daemon": "edge-1", "boot": 1' + b"0" * 5000 + b"}", "not JSON"),
        (b'{"daemon": "", "boot": "00000000"}', "daemon must be a name"),
        (b'{"daemon": "edge-1", "boot": "00"}', "boot must be 8 to 64"),
        (b'{"daemon": "edge-1", "boot": "00000000", "sighting": []}', "'sighting' is not known"),
        (b'{"daemon": "edge-1", "boot": "00000000", "sightings": {}}', "sightings: must be an array"),
        (b'{"daemon": "edge-1", "boot": "00000000", "coverage": [[1, "a"]]}', "coverage, row 1: must be an array of 5"),
        (b'{"daemon": "edge-1", "boot": "00000000", "coverage": [7]}', "coverage, row 1: must be an array of 5"),
        (b" " * (BYTES_MAX + 1), "send at most"),
        (
            json.dumps({"daemon": "a", "boot": "00000000", "losses": [[]] * (RECORDS_MAX + 1)}).encode(),
            f"send at most {RECORDS_MAX}",
        ),
    ],
)
def test_a_wrong_body_is_refused_with_a_reason(raw: bytes, words: str) -> None:
    with pytest.raises(IntakeInvalid) as refused:
        parse_batch(raw)
    assert words in str(refused.value)


def test_a_sequence_names_one_record() -> None:
    twice = json.loads(json.dumps(GOOD))
    twice["sightings"].append(twice["sightings"][0])
    assert parse_batch(json.dumps(twice).encode()).sequences() == [1, 2, 3, 4, 5]
    with pytest.raises(IntakeInvalid, match="1 stands in row 1 already, with other values"):
        parse_batch(changed("sightings", 1, 0, 1))
    with pytest.raises(IntakeInvalid, match="sequence 2 stands in two tables"):
        parse_batch(changed("coverage", 0, 0, 2))


def test_words_for_people_are_cleaned_not_refused() -> None:
    batch = parse_batch(changed("reports", 0, 4, "lost\r\n\u0000connection " + "x" * 9999))
    detail = batch.reports[0].detail
    assert detail.startswith("lost   connection xxx")
    assert len(detail) == DETAIL_CHARACTERS_MAX


def taken(raw: bytes) -> IntakeBatch | None:
    """The batch, or None where it is refused; anything else than a refusal fails the test."""
    try:
        return parse_batch(raw)
    except IntakeInvalid:
        return None


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.sampled_from(sorted(GOOD)), inner, max_size=6),
    max_leaves=30,
)


@given(st.sampled_from(["sightings", "coverage", "reports", "losses"]), st.integers(0, 10), _json)
def test_whatever_stands_in_a_cell_it_is_taken_or_refused(table: str, column: int, value: Any) -> None:
    batch = taken(changed(table, 0, column % len(GOOD[table][0]), value))
    assert batch is None or len(batch.sequences()) == 5


@given(_json)
def test_whatever_the_body_is_it_is_taken_or_refused(value: Any) -> None:
    assert taken(json.dumps(value).encode()) is None or {"daemon", "boot"} <= set(value)
