"""One row's cells to one record, each cell by its column's parser; what is wrong is collected, not raised."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from api.workbook import cells as parse
from api.workbook.cells import CellWrong, Raw
from api.workbook.model import CarrierRow, PersonRow, PlaceRow, SheetKind, UnitRow
from custody.scheme import Scheme
from custody.values import CarrierKind, Period, PlaceKind

T = TypeVar("T")
Record = UnitRow | PlaceRow | PersonRow | CarrierRow


@dataclass(slots=True)
class Cells:
    """The recognised cells of a row. `wrong` gathers (column, why); those in `spoilt` are wrong already."""

    raw: dict[str, Raw]
    scheme: Scheme
    epoch: datetime
    text_max: int
    spoilt: set[str]
    wrong: list[tuple[str, CellWrong]]

    def read(self, name: str, parser: Callable[[Raw], T], otherwise: T) -> T:
        """The parsed cell, or `otherwise` where it is wrong, which is then noted once."""
        try:
            return parser(self.raw.get(name))
        except CellWrong as why:
            if name not in self.spoilt:
                self.spoilt.add(name)
                self.wrong.append((name, why))
            return otherwise

    def words(self, name: str) -> str:
        """Text, empty where there is none."""
        return self.read(name, lambda raw: parse.words(raw, self.text_max), "")

    def known_by(self, name: str) -> str:
        """A code, number or name by which something is known, empty where there is none."""
        return self.read(name, lambda raw: parse.identifier(raw, self.text_max), "")

    def day(self, name: str) -> str:
        """An ISO date, empty where there is none."""
        return self.read(name, lambda raw: parse.iso_day(raw, self.epoch), "")

    def must(self, name: str, value: str) -> str:
        """The value; noted as missing where it is empty."""
        if not value and name not in self.spoilt:
            self.spoilt.add(name)
            self.wrong.append((name, CellWrong("value_missing")))
        return value


def record(kind: SheetKind, sheet: str, row: int, cells: Cells) -> Record:
    """The record of a row; of no use where `cells.wrong` is not empty afterwards."""
    return _MAKERS[kind](sheet, row, cells)


def _unit(sheet: str, row: int, cells: Cells) -> UnitRow:
    return UnitRow(
        sheet=sheet,
        row=row,
        code=cells.must("code", cells.known_by("code")),
        name=cells.must("name", cells.words("name")),
        name_en=cells.words("name_en"),
        parent=cells.known_by("parent"),
    )


def _level(cells: Cells, name: str) -> str | None:
    if not parse.shown(cells.raw.get(name)):
        return None
    return cells.read(name, lambda raw: parse.level_and_period(raw, cells.scheme, cells.epoch)[0], None)


def _place(sheet: str, row: int, cells: Cells) -> PlaceRow:
    kind: PlaceKind = "room"
    if cells.must("kind", cells.words("kind")):
        kind = cells.read("kind", parse.place_kind, kind)
    return PlaceRow(
        sheet=sheet,
        row=row,
        code=cells.must("code", cells.known_by("code")),
        name=cells.must("name", cells.words("name")),
        kind=kind,
        name_en=cells.words("name_en"),
        parent=cells.known_by("parent"),
        rating=_level(cells, "rating"),
        storage=cells.read("storage", parse.flag, False),
        responsible=cells.known_by("responsible"),
        inside=cells.known_by("inside"),
        outside=cells.known_by("outside"),
    )


def _person(sheet: str, row: int, cells: Cells) -> PersonRow:
    return PersonRow(
        sheet=sheet,
        row=row,
        number=cells.must("number", cells.known_by("number")),
        name=cells.must("name", cells.words("name")),
        name_en=cells.words("name_en"),
        unit=cells.known_by("unit"),
        post=cells.words("post"),
        post_class=cells.read("post_class", parse.post_class, None),
        cleared_from=cells.day("cleared_from"),
        cleared_until=cells.day("cleared_until"),
        left_on=cells.day("left_on"),
    )


def _marked(cells: Cells) -> tuple[str, Period]:
    """Level and period: the period's own column before the mark's."""
    if not cells.must("level", cells.words("level")):
        return "", Period("maximum")
    unread: tuple[str, Period | None] = ("", None)
    level, in_mark = cells.read("level", lambda raw: parse.level_and_period(raw, cells.scheme, cells.epoch), unread)
    own = cells.read("period", lambda raw: parse.period(raw, cells.epoch), Period("maximum"))
    period = in_mark if in_mark is not None and own.kind == "maximum" else own
    if period.kind == "maximum" and level and cells.scheme.level(level).period_years_max is None:
        period = Period("none")
    return level, replace(period, authority=cells.words("authority"))


def _copy(cells: Cells) -> tuple[int, int]:
    if {"copy", "copies"} & cells.spoilt:
        return 1, 1
    try:
        return parse.copy_of(cells.raw.get("copy"), cells.raw.get("copies"))
    except CellWrong as why:
        # Named at the cell that was filled; the other one is what is missing.
        filled = "copy" if parse.shown(cells.raw.get("copy")) else "copies"
        cells.wrong.append((filled, why))
        return 1, 1


def _carrier(sheet: str, row: int, cells: Cells) -> CarrierRow:
    number = cells.must("number", cells.known_by("number"))
    title = cells.must("title", cells.words("title"))
    level, period = _marked(cells)
    copy, copies = _copy(cells)
    other: CarrierKind = "other"
    kind = cells.read("kind", parse.carrier_kind, other)
    unread: tuple[int | None, str] = (None, "")
    pages, capacity = cells.read("pages", parse.pages_or_capacity, unread)
    returned = cells.day("returned_on")
    return CarrierRow(
        sheet=sheet,
        row=row,
        number=number,
        copy=copy,
        copies=copies,
        title=title,
        kind=kind,
        level=level,
        period=period,
        scope=cells.read("scope", parse.scope, ()),
        unit=cells.known_by("unit"),
        classified_on=cells.day("classified_on"),
        basis=cells.words("basis"),
        determined_by=cells.words("determined_by"),
        medium=parse.medium_of(kind, cells.words("medium"), capacity),
        pages=pages,
        issuer=cells.words("issuer"),
        issuer_number=cells.known_by("issuer_number"),
        remark=cells.words("remark"),
        archive_by=cells.day("archive_by"),
        home=cells.known_by("home"),
        epc=cells.read("epc", parse.epc, ""),
        tid=cells.read("tid", parse.tid, None),
        # What has come back is not on loan, whatever the columns of the loan still say.
        holder="" if returned else cells.known_by("holder"),
        borrowed_on="" if returned else cells.day("borrowed_on"),
        due_on="" if returned else cells.day("due_on"),
    )


_MAKERS: dict[SheetKind, Callable[[str, int, Cells], Record]] = {
    "units": _unit,
    "places": _place,
    "persons": _person,
    "carriers": _carrier,
}
