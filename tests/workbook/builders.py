"""Workbooks for tests: whole ones through openpyxl, large or malicious ones part by part."""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from openpyxl import Workbook as Excel

from api.workbook import Plan, RowError, Workbook, read_workbook, resolve
from custody.clock import end_of_day
from custody.register import Directory
from custody.scheme import Scheme
from custody.values import Person, Place, Unit

SCHEME = Scheme()
TODAY = "2026-11-22"
NOW = end_of_day(TODAY, SCHEME.timezone)

HEADERS = ("编号", "标题", "密级", "责任单位")
GOOD = ("YS-2024-00001", "总体技术方案", "机密", "研究部")


def a_workbook(sheets: Mapping[str, Sequence[Sequence[Any]]]) -> bytes:
    """A workbook of these sheets, row by row."""
    book = Excel()
    assert book.active is not None
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    return saved(book)


def saved(book: Excel) -> bytes:
    """Its bytes."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def a_ledger(**cells: Any) -> bytes:
    """A ledger of one good carrier, some of whose columns say this instead, or besides."""
    row = dict(zip(HEADERS, GOOD, strict=True)) | cells
    return a_workbook({"载体": [list(row), list(row.values())]})


def read(data: bytes, scheme: Scheme = SCHEME) -> Workbook:
    """The workbook under the default scheme."""
    return read_workbook(data, scheme=scheme)


def planned(data: bytes, directory: Directory | None = None, **options: Any) -> Plan:
    """A dry run against a directory."""
    found = an_institute() if directory is None else directory
    usual: dict[str, Any] = {"scheme": SCHEME, "now": NOW}
    return resolve(read(data), found, **(usual | options))


def an_institute() -> Directory:
    """Two units, a shelf rated secret in a store rated top secret, an unrated hall, and a few persons."""
    units = (Unit(1, "YS", "研究院"), Unit(2, "YJ", "研究部", "Research", 1), Unit(3, "GH", "规划部", "Planning", 1))
    places = (
        Place(1, "B1", "一号楼", "building"),
        Place(2, "B1-store", "库房", "room", 1, rating="top_secret"),
        Place(3, "B1-01", "1号柜", "cabinet", 2, rating="secret", storage=True),
        Place(4, "B1-01-1", "1号柜1层", "shelf", 3, storage=True),
        Place(5, "B1-hall", "大厅", "room", 1, storage=True),
    )
    persons = (
        Person(1, "1001", "周敏", "Zhou Min", 1, "登记员", "core", "2020-01-01"),
        Person(2, "1007", "陈国栋", "Chen Guodong", 2, "工程师", "important", "2020-01-01"),
        Person(3, "1009", "马骏", "Ma Jun", 2, "工程师", "general", "2020-01-01"),
        Person(4, "1025", "董砚秋", "", 2, "工程师", "important", "2020-01-01", left_on="2026-09-01"),
        Person(5, "1031", "李明", "", 2),
        Person(6, "1032", "李明", "", 3),
        Person(7, "1033", "吴桐", "", 3, "部长", "core", "2020-01-01"),
    )
    return Directory(
        {unit.id: unit for unit in units},
        {place.id: place for place in places},
        {person.id: person for person in persons},
    )


class Numbers:
    """Gives identifiers from 1 of each kind, as the store does, and remembers that it was asked."""

    def __init__(self) -> None:
        self.given: dict[str, int] = {}

    def __call__(self, kind: str, count: int) -> range:
        first = self.given.get(kind, 0) + 1_001
        self.given[kind] = self.given.get(kind, 0) + count
        return range(first, first + count)


def codes(errors: Iterable[RowError]) -> list[str]:
    """What is wrong, in order; of refusals the rule's own code."""
    return [str(e.params["refusal"]) if e.code == "refused" else e.code for e in errors]


_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELS = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATION}/{{sort}}" Target="{{target}}"/></Relationships>'
)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def sheet_xml(rows: Iterable[Sequence[object]], prolog: str = "", dimension: str = "A1") -> str:
    """A worksheet's part: texts in the cells, whole numbers as numbers."""
    body = []
    for number, row in enumerate(rows, start=1):
        cells = "".join(
            f"<c><v>{value}</v></c>" if isinstance(value, int) else f'<c t="str"><v>{escape(str(value))}</v></c>'
            for value in row
        )
        body.append(f'<row r="{number}">{cells}</row>')
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{prolog}<worksheet xmlns="{_MAIN}"><dimension ref="{dimension}"/>'
        f"<sheetData>{''.join(body)}</sheetData></worksheet>"
    )


def packed(sheet: str, extra: Mapping[str, bytes] | None = None) -> bytes:
    """A workbook of one sheet `载体` from its XML, with further parts."""
    parts: dict[str, bytes] = {
        "[Content_Types].xml": _TYPES.encode(),
        "_rels/.rels": _RELS.format(sort="officeDocument", target="xl/workbook.xml").encode(),
        "xl/workbook.xml": (
            f'<?xml version="1.0" encoding="UTF-8"?><workbook xmlns="{_MAIN}" xmlns:r="{_RELATION}">'
            '<sheets><sheet name="载体" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ).encode(),
        "xl/_rels/workbook.xml.rels": _RELS.format(sort="worksheet", target="worksheets/sheet1.xml").encode(),
        "xl/worksheets/sheet1.xml": sheet.encode(),
        **(extra or {}),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return out.getvalue()
