"""Before anything is parsed: is this an .xlsx workbook, and does it unpack to something that can be held?

An .xlsx file is a ZIP archive of XML parts (ECMA-376 part 2). The sizes in its directory bound what zipfile will
unpack, so they are judged first; defusedxml refuses entities when openpyxl parses the parts.
"""

import io
import zipfile

from api.workbook.model import Limits, WorkbookUnreadable

_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_MEGABYTE = 1024 * 1024


def check_file(data: bytes, limits: Limits) -> tuple[str, ...]:
    """The names of the parts. Raises WorkbookUnreadable where the bytes are not a workbook that may be opened."""
    if not data:
        raise WorkbookUnreadable("file_empty")
    if len(data) > limits.bytes_max:
        sizes = {"megabytes": -(-len(data) // _MEGABYTE), "megabytes_max": limits.bytes_max // _MEGABYTE}
        raise WorkbookUnreadable("file_too_large", sizes)
    if data.startswith(_OLE):
        raise WorkbookUnreadable("file_old_excel")
    if not data.startswith(b"PK"):
        raise WorkbookUnreadable("file_text" if _is_text(data[:2048]) else "file_not_xlsx")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise WorkbookUnreadable("file_damaged", {"part": "zip"}) from error
    _check_parts(parts, limits)
    return tuple(part.filename for part in parts)


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return all(byte >= 0x20 or byte in b"\t\r\n\f" for byte in head)


def _check_parts(parts: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(parts) > limits.parts_max:
        raise WorkbookUnreadable("file_too_many_parts", {"parts": len(parts), "parts_max": limits.parts_max})
    names = [part.filename for part in parts]
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise WorkbookUnreadable("file_not_xlsx")
    twice = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    for part in parts:
        # The name is the sender's: cut, so that the message stays a message.
        said = {"part": part.filename[:60]}
        # Other ways to pack are lawful in a ZIP archive, but no workbook uses them, and they unpack slowly.
        packed_otherwise = part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if part.flag_bits & 0x1 or part.filename in twice or packed_otherwise:
            raise WorkbookUnreadable("file_damaged", said)
        dense = part.file_size > _MEGABYTE and part.file_size > limits.ratio_max * max(1, part.compress_size)
        if dense or part.file_size > _part_max(part.filename, limits):
            raise WorkbookUnreadable("file_unpacks_too_large", said)
    if sum(part.file_size for part in parts) > limits.total_bytes_max:
        raise WorkbookUnreadable("file_unpacks_too_large", {"part": "*"})


def _part_max(name: str, limits: Limits) -> int:
    if name.startswith("xl/worksheets/") and name.endswith(".xml"):
        return limits.sheet_bytes_max
    if name == "xl/sharedStrings.xml":
        return limits.strings_bytes_max
    if name.startswith("xl/media/"):
        return limits.bytes_max
    return limits.other_bytes_max
