"""Exports are recognised whole: what each column is, what each row says, and why one is none."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from readers.handheld import (
    FileUnreadable,
    Layout,
    Said,
    Understood,
    read_text,
    recognise,
    text,
    understand,
    with_roles,
)
from tests.readers.handheld import exports
from tests.readers.handheld.exports import CHIP, OTHER, TAG

SAMPLES = Path(os.environ.get("CUSTODY_SAMPLES", "/nowhere")) / "vendor"
ZONE = ZoneInfo("Asia/Shanghai")


def at(text: str) -> int:
    """Microseconds of a moment in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


NOW = at("2026-11-23T00:00:00")
SWEPT = at("2026-11-22T06:00:00")


def looked(export: str | bytes, **said: object) -> tuple[Layout, Understood]:
    """An export recognised and understood; a person has said nothing but when the sweep was."""
    table = read_text(export if isinstance(export, bytes) else export.encode())
    layout = recognise(table)
    return layout, understand(table, layout, Said(**({"now": NOW, "zone": ZONE, "swept_at": SWEPT} | said)))  # type: ignore[arg-type]


def rows(found: Understood) -> list[tuple[str, str | None, int, float | None, int, int]]:
    """What was read, in the order of the file."""
    return [(r.epc, r.tid, r.at, r.rssi_dbm, r.antenna, r.count) for r in found.reads]


SAID: dict[str, tuple[Callable[[], str], list[tuple[str, str | None, int, float | None, int, int]]]] = {
    "remarks before the header": (
        exports.item_test,
        [
            (TAG, None, at("2026-11-22T14:15:40.255"), -65.5, 1, 1),
            (OTHER, None, at("2026-11-22T14:15:41"), -51.0, 2, 1),
        ],
    ),
    "microseconds beside a local time": (
        exports.speedway,
        [(TAG, CHIP, 1795347740956268, -70.0, 2, 1), (TAG, CHIP, 1795347740993717, -70.0, 3, 1)],
    ),
    "a column called none": (exports.android, [(TAG, None, SWEPT, -35.0, 0, 286), (OTHER, None, SWEPT, -61.0, 0, 3)]),
    "lone CR": (exports.ios, [(TAG, None, SWEPT, None, 0, 3)]),
    "decimal commas": (
        exports.german,
        [(TAG, None, at("2026-11-22T06:05:09"), -65.5, 0, 1), (OTHER, None, at("2026-11-22T06:05:10"), -48.0, 0, 1)],
    ),
    "hundredths and Chinese": (
        exports.chinese,
        [(TAG, None, at("2026-11-22T06:05:09"), -65.5, 1, 1), (OTHER, None, at("2026-11-22T06:05:10"), -48.0, 1, 1)],
    ),
    "no header": (exports.bare, [(TAG, None, SWEPT, None, 0, 1), (OTHER, None, SWEPT, None, 0, 1)]),
    "day and time apart": (exports.halves, [(TAG, None, at("2026-11-22T06:05:09"), None, 0, 12)]),
}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030")


@pytest.mark.parametrize("name", SAID)
def test_an_export_is_recognised_without_a_hand(name: str) -> None:
    export, wanted = SAID[name]
    _layout, found = looked(export())
    assert rows(found) == wanted
    assert found.refused == []


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_change_nothing(encoding: str, end: str) -> None:
    """UTF-16 without its mark is known by its zeros, which the first letters must have: an export begins with ASCII."""
    _layout, wanted = looked(exports.german())
    _layout, found = looked(exports.german().replace("\n", end).encode(encoding))
    assert rows(found) == rows(wanted)
    _layout, found = looked(exports.chinese().replace("\n", end).encode("gb18030"))
    assert len(found.reads) == 2


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_separator_parts_the_cells(separator: str) -> None:
    cells = [["EPC", "RSSI", "Time"], [TAG, "-61.5", "2026-11-22 14:00:00"], [OTHER, "-70", "2026-11-22 14:00:01.5"]]
    _layout, found = looked("\n".join(separator.join(row) for row in cells))
    assert [(r.rssi_dbm, r.at) for r in found.reads] == [
        (-61.5, at("2026-11-22T06:00:00")),
        (-70.0, at("2026-11-22T06:00:01.5")),
    ]


TIMES = {
    "2026-11-22T14:05:09Z": "2026-11-22T14:05:09",
    "2026-11-22T14:05:09.123456789+08:00": "2026-11-22T06:05:09.123456",
    "2026-11-22 14:05:09+0800": "2026-11-22T06:05:09",
    "2026-11-22 14:05:09": "2026-11-22T06:05:09",
    "2026/11/22 14:05": "2026-11-22T06:05:00",
    "2026.11.22 2:05:09 PM": "2026-11-22T06:05:09",
    "22/11/2026 14:05:09": "2026-11-22T06:05:09",
    "11/22/2026 2:05:09 PM": "2026-11-22T06:05:09",
    "22.11.2026 14:05:09,5": "2026-11-22T06:05:09.5",
    "2026年11月22日 14时05分": "2026-11-22T06:05:00",
    "2026年11月22日 下午2:05:09": "2026-11-22T06:05:09",
    "20261122140509": "2026-11-22T06:05:09",
    "1795356309": "2026-11-22T14:05:09",
    "1795356309123": "2026-11-22T14:05:09.123",
    "1795356309123456": "2026-11-22T14:05:09.123456",
    "1795356309123456789": "2026-11-22T14:05:09.123456",
    "=46348.5869097222": "2026-11-22T06:05:09",
}


@pytest.mark.parametrize("text", TIMES)
def test_a_time_is_read_however_it_is_written(text: str) -> None:
    _layout, found = looked(f"EPC;Timestamp\n{TAG};{text}\n")
    assert [read.at for read in found.reads] == [at(TIMES[text])], found.refused


def test_a_time_of_the_day_belongs_to_the_day_that_is_said() -> None:
    export = f"EPC,Time\n{TAG},14:05:09\n"
    _layout, found = looked(export, day=None)
    assert [row.code for row in found.refused] == ["time_day"]
    _layout, found = looked(export, day=datetime(2026, 11, 21, tzinfo=UTC).date())
    assert [read.at for read in found.reads] == [at("2026-11-21T06:05:09")]


def test_which_number_is_the_day_is_never_guessed() -> None:
    export = f"EPC,Time\n{TAG},3/4/2026 14:00:00\n"
    layout, found = looked(export)
    assert layout.orders_days
    assert [row.code for row in found.refused] == ["time_order"]
    assert [r.at for r in looked(export, day_first=True)[1].reads] == [at("2026-04-03T06:00:00")]
    assert [r.at for r in looked(export, day_first=False)[1].reads] == [at("2026-03-04T06:00:00")]
    layout, found = looked(export + f"{OTHER},3/22/2026 14:00:00\n")
    assert not layout.orders_days, "one date of the column says it for all"
    assert [r.at for r in found.reads] == [at("2026-03-04T06:00:00"), at("2026-03-22T06:00:00")]


REFUSED = {
    "3.03E+23": "epc_mangled",
    "3,41E+23": "epc_mangled",
    "=3.414e+23": "epc_mangled",
    "=12345678": "epc_number",
    "3414F4A2000000000000000": "epc_odd",
    "3414": "epc_length",
    "urn:epc:id:giai:0614141.12345400": "epc_urn",
    "GESTERN": "epc_hex",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_tag_is_refused_with_its_row_and_why(text: str) -> None:
    _layout, found = looked(f"EPC;RSSI\n{TAG};-60\n{text};-61\n")
    assert [(row.row, row.column, row.code) for row in found.refused] == [(3, "EPC", REFUSED[text])]
    assert [read.epc for read in found.reads] == [TAG], "the others are none the worse"


def test_a_file_that_a_spreadsheet_has_saved_is_refused_row_by_row() -> None:
    _layout, found = looked("EPC,RSSI\n3.03E+23,-60\n3.03E+23,-61\n")
    assert [row.code for row in found.refused] == ["epc_mangled", "epc_mangled"]
    assert found.reads == []


def test_a_clock_that_was_never_set_and_one_that_runs_ahead_are_refused() -> None:
    _layout, found = looked(
        f"EPC,Time\n{TAG},2000-01-01 00:10:00\n{OTHER},2027-01-01 00:00:00\n{TAG},2026-11-22 00:00:00\n"
    )
    assert [(row.row, row.code) for row in found.refused] == [(2, "time_before"), (3, "time_ahead")]
    assert len(found.reads) == 1
    _layout, found = looked(f"EPC,Time\n{TAG},2027-01-01 00:00:00\n", clock_us=60 * 86_400_000_000)
    assert [read.at for read in found.reads] == [at("2026-11-01T16:00:00")], "unless somebody says how far ahead"


def test_short_numbers_of_the_high_frequency_count_where_the_column_is_named() -> None:
    _layout, found = looked("UID,Time\nE004015012345678,2026-11-22 14:00:00\n04A1B2C3D4E5F6,2026-11-22 14:00:00\n")
    assert [read.epc for read in found.reads] == ["E004015012345678", "04A1B2C3D4E5F6"]


def test_cells_that_cannot_be_read_cost_no_read() -> None:
    _layout, found = looked(
        f"EPC,RSSI,Antenna,Count\n{TAG},weak,left,-\n{OTHER},-60,1,2\n{TAG},-61,2,3\n{TAG},-62,1,1\n"
    )
    assert len(found.reads) == 4
    assert found.dropped == {"rssi": 1, "antenna": 1, "count": 1}


def test_totals_remarks_and_repeated_headers_are_no_rows() -> None:
    _layout, found = looked(
        f"EPC,Time,RSSI\n{TAG},2026-11-22 14:00:00,-60\nEPC,Time,RSSI\n# page 2\nTotal: 1 tag,,\n,,\n"
    )
    assert (len(found.reads), found.refused, found.skipped) == (1, [], 4)


def test_a_quotation_mark_left_open_costs_its_own_row_alone() -> None:
    _layout, found = looked(f'EPC,Note\n{TAG},"said\n{OTHER},fine\n')
    assert [read.epc for read in found.reads] == [TAG, OTHER]


def test_a_person_may_say_otherwise() -> None:
    table = read_text(f"A,B,C\n{TAG},{OTHER},-60\n".encode())
    layout = recognise(table)
    assert [column.role for column in layout.columns] == ["epc", "", ""]
    other = with_roles(layout, table, ["", "epc", "rssi"])
    (read,) = understand(table, other, Said(NOW, swept_at=SWEPT)).reads
    assert (read.epc, read.rssi_dbm) == (OTHER, -60.0)
    twice = with_roles(layout, table, ["epc", "epc", ""])
    assert [column.role for column in twice.columns] == ["epc", "", ""], "a role is given once"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\r\n \n", "empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old_excel"),
        (bytes(range(256)) * 4, "not_text"),
        (b"%PDF-1.7\n\x00\x01\x02", "not_text"),
    ],
)
def test_what_is_no_text_says_so(data: bytes, code: str) -> None:
    with pytest.raises(FileUnreadable) as refused:
        read_text(data)
    assert refused.value.code == code


def test_bounds_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "ROWS_MAX", 1_000)
    with pytest.raises(FileUnreadable) as refused:
        read_text(b"a\n" * 1_001)
    assert (refused.value.code, refused.value.params) == ("too_many_rows", {"rows_max": 1_000})
    monkeypatch.setattr(text, "BYTES_MAX", 1024 * 1024)
    with pytest.raises(FileUnreadable) as refused:
        read_text(b"a" * (1024 * 1024 + 1))
    assert refused.value.code == "too_large"


@pytest.mark.prove
def test_a_burst_of_reads_is_understood_whole() -> None:
    many = 66_000 if os.environ.get("CUSTODY_PROVE") == "whole" else 5_000
    _layout, found = looked(exports.many(many))
    assert (len(found.reads), len(found.tags), found.refused) == (many, 3_000, [])


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="CUSTODY_SAMPLES does not name a folder with real exports")
@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.csv")), ids=lambda path: path.name)
def test_real_exports_are_recognised_without_a_hand(path: Path) -> None:
    _layout, found = looked(path.read_bytes())
    assert found.reads
    assert found.refused == []
