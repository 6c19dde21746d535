"""What is refused before it is read: the wrong kind of file, the damaged and the hostile."""

import io
import zipfile

import pytest
from openpyxl import Workbook as Excel

from api.workbook import FILE_CODES, Limits, WorkbookUnreadable, read_workbook
from tests.workbook.builders import GOOD, HEADERS, SCHEME, a_ledger, a_workbook, codes, packed, read, saved, sheet_xml

BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


def refused(data: bytes, limits: Limits | None = None) -> WorkbookUnreadable:
    """The refusal of a file; its words tell what to do, and its blanks are those of the catalogue."""
    with pytest.raises(WorkbookUnreadable) as caught:
        read_workbook(data, scheme=SCHEME, limits=limits)
    why = caught.value
    assert set(why.params) == set(FILE_CODES[why.code][0])
    assert str(why).startswith(FILE_CODES[why.code][1])
    return why


def a_zip(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return out.getvalue()


def without_part(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return a_zip({part: archive.read(part) for part in archive.namelist() if part != name})


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        ("编号,标题,密级\n1,甲,机密\n".encode("gbk"), "file_text"),
        ("编号,标题,密级\n".encode(), "file_text"),
        (b"\xff\xfe" + "编号\t标题".encode("utf-16-le"), "file_text"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "file_text"),
        (bytes.fromhex("D0CF11E0A1B11AE1") + b"\x00" * 512, "file_old_excel"),
        (b"%PDF-1.7\x00\x01", "file_not_xlsx"),
        (b"PK\x03\x04 and nothing more", "file_damaged"),
        (a_zip({"letter.txt": b"hello"}), "file_not_xlsx"),
        (a_zip({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}), "file_not_xlsx"),
        (a_zip({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<w"}), "file_damaged"),
        (a_ledger()[:-400], "file_damaged"),
        (without_part(a_ledger(), "xl/worksheets/sheet1.xml"), "file_damaged"),
        (packed("<worksheet"), "file_damaged"),
        (packed(sheet_xml([HEADERS, GOOD], prolog=BOMB)), "file_damaged"),
        (packed(sheet_xml([HEADERS, GOOD], prolog=OUTSIDE)), "file_damaged"),
    ],
)
def test_what_is_no_sound_workbook_is_refused_with_what_to_do(data: bytes, code: str) -> None:
    assert refused(data).code == code


def test_a_zip_bomb_is_refused_unread() -> None:
    data = packed(sheet_xml([HEADERS, GOOD]), {"xl/sharedStrings.xml": b" " * (3 * 1024 * 1024)})
    assert len(data) < 20_000
    why = refused(data)
    assert (why.code, why.params["part"]) == ("file_unpacks_too_large", "xl/sharedStrings.xml")


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(bytes_max=1_000), "file_too_large"),
        (Limits(parts_max=3), "file_too_many_parts"),
        (Limits(sheet_bytes_max=200), "file_unpacks_too_large"),
        (Limits(other_bytes_max=200), "file_unpacks_too_large"),
        (Limits(total_bytes_max=2_000), "file_unpacks_too_large"),
        (Limits(rows_max=2), "file_too_many_rows"),
    ],
)
def test_every_limit_holds(limits: Limits, code: str) -> None:
    data = a_workbook({"载体": [HEADERS, GOOD, GOOD, GOOD]})
    assert refused(data, limits).code == code


def test_a_part_named_twice_is_refused() -> None:
    out = io.BytesIO(a_ledger())
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", sheet_xml([HEADERS, GOOD]))
    assert refused(out.getvalue()).code == "file_damaged"


def test_a_sheet_that_claims_to_be_vast_is_read_as_it_is() -> None:
    found = read(packed(sheet_xml([HEADERS, GOOD], dimension="A1:XFD1048576")))
    assert (codes(found.errors), [row.row for row in found.carriers]) == ([], [2])


def test_a_row_far_below_and_a_cell_far_right_cost_nothing() -> None:
    sheet = sheet_xml([HEADERS, GOOD]).replace(
        "</sheetData>",
        '<row r="900000"><c r="A900000" t="inlineStr"><is><t>YS-9</t></is></c></row>'
        '<row r="900001"><c r="XFD900001"><v>1</v></c></row><row r="99999999999"><c><v>1</v></c></row></sheetData>',
    )
    found = read(packed(sheet))
    assert [(error.cell, error.code) for error in found.errors] == [
        ("B900000", "value_missing"),
        ("C900000", "value_missing"),
    ]


def test_links_to_other_workbooks_are_not_followed() -> None:
    link = b'<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
    found = read(packed(sheet_xml([HEADERS, GOOD]), {"xl/externalLinks/externalLink1.xml": link}))
    assert [(note.code, dict(note.params)) for note in found.notes] == [("external_links_ignored", {"links": 1})]
    assert len(found.carriers) == 1


def test_a_hidden_sheet_is_left_alone_and_said() -> None:
    book = Excel()
    shown, hidden = book.active, book.create_sheet("旧台账")
    assert shown is not None
    for sheet in (shown, hidden):
        sheet.append(HEADERS)
        sheet.append(GOOD)
    shown.title = "载体"
    hidden.sheet_state = "hidden"
    found = read(saved(book))
    assert [(note.sheet, note.code) for note in found.notes] == [("旧台账", "sheet_hidden")]
    assert len(found.carriers) == 1
