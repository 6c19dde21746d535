"""A ledger of fifty thousand rows is read whole, and its last row as carefully as its first."""

import itertools
from collections.abc import Iterator, Sequence

from api.workbook import resolve
from tests.workbook.builders import NOW, SCHEME, an_institute, codes, packed, read, sheet_xml

ROWS = 50_000


def lines(last: Sequence[object]) -> Iterator[Sequence[object]]:
    """A header, and rows of which the last is given."""
    yield ("编号", "标题", "密级")
    for number in range(1, ROWS):
        yield (number, "试验报告", "机密")
    yield last


def test_fifty_thousand_rows_are_read_and_resolved() -> None:
    workbook = read(packed(sheet_xml(lines((1, "试验报告", "很密")))))
    assert [(error.cell, error.code) for error in workbook.errors] == [(f"C{ROWS + 1}", "level_unknown")]
    assert len(workbook.carriers) == ROWS - 1
    assert [carrier.row for carrier in itertools.islice(workbook.carriers, 3)] == [2, 3, 4]
    dry = resolve(workbook, an_institute(), scheme=SCHEME, now=NOW, default_unit="YJ", known_numbers={("49999", 1)})
    assert codes(dry.errors) == ["level_unknown", "number_taken"]
    assert dry.errors[1].row == ROWS
