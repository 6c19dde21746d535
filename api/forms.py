"""Printed forms as data: what stands on a paper, without how it is drawn. Pure.

A builder gives a `Paper`; the printing draws it, logs it and puts the checkpoint under it as a QR code. The hash of a
paper covers everything that can be read on it but its foot (who printed it, when, the code itself), so that a sheet
of paper can be held against the ledger years later (docs/how-to/verify.md).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

import segno

from custody.values import Period

Size = Literal["A4", "A5"]
QR_BYTES_MAX = 640
"""Bytes up to which the code is still read from 24 mm of laser print; beyond them the note is left to its size."""
_QUIET_MODULES = 4
"""ISO/IEC 18004 section 6.3.8: the white margin about the symbol."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A level mark as on the paper. `text` is what it reads, `机密★20年`."""

    level: str
    period: Period | None
    text: str


Value = str | Mark


@dataclass(frozen=True, slots=True)
class Cell:
    """One particular: its label (already in the reader's language) and value.

    `kind`: `no` a number in bold, `quiet`, `title` in Song type, or nothing. `wide`: it takes the whole line.
    """

    label: str
    value: Value
    kind: str = ""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the list. `kind`: `no`, `mark`, `title`, `num` (to the right), `epc`, `details` (words), or none."""

    label: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class SignBox:
    """A box to sign in. Signed electronically: `signed` says by whom, how confirmed and when, `note` over what."""

    label: str
    signed: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """One form. `number`, `office` and `part` are put there by the printing, not by the builder.

    `mark` is the printing's too: the highest level of all that is listed. A builder's own can only raise it.
    `copies` name the sheets that go to different hands; none means one sheet without a name.
    """

    size: Size
    heading: str
    cells: tuple[Cell, ...] = ()
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Value, ...], ...] = ()
    duties: tuple[str, ...] = ()
    signs: tuple[SignBox, ...] = ()
    copies: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    number: str = ""
    office: str = ""
    mark: Mark | None = None
    part: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError where a row has not one value a column."""
        wrong = next((at for at, row in enumerate(self.rows, 1) if len(row) != len(self.columns)), None)
        if wrong is not None:
            raise ValueError(f"{self.heading}: row {wrong} has {len(self.rows[wrong - 1])} values for "
                             f"{len(self.columns)} columns")  # fmt: skip


def text_of(value: Value) -> str:
    """What a value reads."""
    return value.text if isinstance(value, Mark) else value


def as_json(paper: Paper) -> dict[str, Any]:
    """The paper as JSON's own kinds: texts and lists of texts only."""
    return {
        "size": paper.size,
        "heading": paper.heading,
        "number": paper.number,
        "office": paper.office,
        "mark": text_of(paper.mark) if paper.mark else "",
        "part": paper.part,
        "cells": [{"label": cell.label, "value": text_of(cell.value)} for cell in paper.cells],
        "columns": [column.label for column in paper.columns],
        "rows": [[text_of(value) for value in row] for row in paper.rows],
        "duties": list(paper.duties),
        "signs": [{"label": box.label, "signed": box.signed, "note": box.note} for box in paper.signs],
        "copies": list(paper.copies),
        "remarks": list(paper.remarks),
    }


def paper_hash(paper: Paper) -> str:
    """SHA-256, hexadecimal, of the paper's canonical JSON (RFC 8785: sorted ASCII keys, texts only, no blanks)."""
    body = json.dumps(as_json(paper), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(body.encode("utf-8")).hexdigest()


def highest(marks: Iterable[Mark], ranks: Mapping[str, int]) -> Mark | None:
    """The highest of these marks, by the ranks of the levels; a level not known stands above all.

    Where carriers of that level have different periods it goes without one: unmarked means the maximum (clause a.5).
    """
    listed = tuple(marks)
    if not listed:
        return None

    def rank(mark: Mark) -> int:
        return ranks.get(mark.level, max(ranks.values(), default=0) + 1)

    top = max(rank(mark) for mark in listed)
    among = [mark for mark in listed if rank(mark) == top]
    if len({(mark.level, mark.text) for mark in among}) == 1:
        return among[0]
    return Mark(among[0].level, None, among[0].text.split("★")[0])


def code_text(note: str | None, act: str, entry: int | None, digest: str) -> str:
    """What the QR code of a paper says: the checkpoint first, so that its lines can be cut off and verified.

    `note` is the signed note (None: there is no checkpoint), `entry` the sequence of the last entry on the paper; None
    where it is the paper of no act, but of a case, whose number then stands for it.
    """
    told = "" if entry is None else f"entry {entry}\n"
    tail = f"act {act}\n{told}form sha256 {digest}\n"
    if note is None:
        return tail
    whole = f"{note}\n{tail}"
    if len(whole.encode("utf-8")) <= QR_BYTES_MAX:
        return whole
    size, root = checkpoint_parts(note)
    return f"checkpoint {size} {root}\n\n{tail}"


def checkpoint_parts(note: str) -> tuple[int, str]:
    """Size and root (base64) of a signed note, by the second and third line of its body (C2SP tlog-checkpoint)."""
    lines = note.split("\n")
    return int(lines[1]), lines[2]


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code to draw: `side` modules a side, margin included; `path` its dark modules as an SVG path."""

    side: int
    path: str


def qr_code(text: str) -> Code:
    """The QR code (ISO/IEC 18004, correction level M, UTF-8) of a text. Raises ValueError where it is too long."""
    code = segno.make(text, error="m", micro=False, boost_error=False, encoding="utf-8")
    matrix = [[bool(module) for module in row] for row in code.matrix]
    return Code(len(matrix) + 2 * _QUIET_MODULES, "".join(_runs(matrix)))


def _runs(matrix: Sequence[Sequence[bool]]) -> Iterator[str]:
    """Each row's runs of dark modules, one module high."""
    for y, row in enumerate(matrix):
        start = 0
        while start < len(row):
            end = start
            while end < len(row) and row[end] is row[start]:
                end += 1
            if row[start]:
                width = end - start
                yield f"M{start + _QUIET_MODULES} {y + _QUIET_MODULES}h{width}v1h-{width}z"
            start = end


def cell_lines(cells: Iterable[Cell]) -> tuple[tuple[Cell, ...], ...]:
    """The cells as lines of a form: two a line, a wide one or one left over alone."""
    lines: list[tuple[Cell, ...]] = []
    waiting: Cell | None = None
    for cell in cells:
        if cell.wide:
            lines += [(waiting,), (cell,)] if waiting else [(cell,)]
            waiting = None
        elif waiting:
            lines.append((waiting, cell))
            waiting = None
        else:
            waiting = cell
    return (*lines, (waiting,)) if waiting else tuple(lines)


def sign_lines(boxes: Sequence[SignBox], across: int = 3) -> tuple[tuple[SignBox, ...], ...]:
    """The boxes to sign in, so many across."""
    return tuple(tuple(boxes[at : at + across]) for at in range(0, len(boxes), across))
