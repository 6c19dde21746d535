"""Papers of keeping: hand-over, clearance, inventory report, responsibility letter, declaration of holdings."""

from api.forms import Cell, Column, Paper, SignBox, Value
from api.web.printing.model import Printed
from api.web.printing.slips import heading, list_columns, list_rows, listed
from custody.entries import Entry, Fact, ResponsibilityAccepted
from custody.entries.keeping import (
    ClearanceClosed,
    ClearanceOpened,
    HandOverClosed,
    HandOverOpened,
    HandOverTaken,
    HoldingConfirmed,
    InventoryClosed,
    InventoryRow,
)
from custody.matters import Matter
from custody.matters.keeping import Clearance, HandOver, Inventory


def _entry(printed: Printed, kind: type[Fact]) -> Entry | None:
    return next((entry for entry in printed.entries if isinstance(entry.fact, kind)), None)


def _names(printed: Printed, places: tuple[int, ...]) -> str:
    return printed.t("punctuation.list").join(printed.place(place) for place in places)


def _carrier_columns(printed: Printed, *more: Column) -> tuple[Column, ...]:
    t = printed.t
    return (
        Column(t("forms.col.line"), "num"),
        Column(t("forms.col.number"), "no"),
        Column(t("forms.col.copy")),
        Column(t("forms.col.mark"), "mark"),
        Column(t("forms.col.title"), "title"),
        *more,
    )


def _found(printed: Printed, found: str) -> str:
    if found == "eye":
        return printed.t("keeping.eye")
    key = f"keeping.how.{found}"
    return printed.t(key) if printed.known(key) else found


def _taken_rows(printed: Printed) -> tuple[tuple[Value, ...], ...]:
    """A row a carrier: how it was found is what both keepers signed."""
    rows: list[tuple[Value, ...]] = []
    for line in printed.lines:
        taken = next((e.fact for e in line.entries if isinstance(e.fact, HandOverTaken)), None)
        if line.item is None or taken is None:
            continue
        item, at = line.item, printed.first_line + len(rows)
        about = (printed.number_of(item), printed.copy_of(item), printed.mark(item), printed.title(item))
        rows.append((str(at), *about, _found(printed, taken.found)))
    return tuple(rows)


def _matter_cell(printed: Printed, matter: Matter | None) -> tuple[Cell, ...]:
    return (Cell(printed.t("forms.keeping.matter"), matter.number, "no"),) if matter else ()


def hand_over_list(printed: Printed) -> Paper:
    """The list as it was opened: from whom, to whom, which places, and a line a carrier to be ticked by hand."""
    entry = _entry(printed, HandOverOpened)
    if entry is None or not isinstance(entry.fact, HandOverOpened):
        return listed(printed)
    t, fact = printed.t, entry.fact
    cells = [
        Cell(t("ask.hand_over.giver"), printed.person(fact.giver)),
        Cell(t("ask.hand_over.receiver"), printed.person(fact.receiver)),
        Cell(t("ask.hand_over.places"), _names(printed, fact.places), wide=True),
    ]
    if fact.giver_absent:
        cells.append(Cell(t("ask.hand_over.giver_absent"), fact.giver_absent, wide=True))
    rows = tuple((*row[:5], "") for row in list_rows(printed, with_details=True) if row[1])
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=tuple(cells),
        columns=_carrier_columns(printed, Column(t("forms.keeping.found"))),
        rows=rows,
        signs=(
            SignBox(t("keeping.sign.giver")),
            SignBox(t("keeping.sign.receiver")),
            printed.signature(t("keeping.sign.lister"), entry.by),
        ),
    )


def hand_over_record(printed: Printed) -> Paper:
    """The record that both keepers signed: every line with how it was found (daily rule 5)."""
    t, entry = printed.t, _entry(printed, HandOverClosed)
    matter = printed.matter
    body = matter.body if matter is not None and isinstance(matter.body, HandOver) else None
    rows = _taken_rows(printed)
    cells = [*_matter_cell(printed, matter)]
    signs: list[SignBox] = []
    known: list[int | None] = []
    if body is not None:
        cells.append(Cell(t("ask.hand_over.giver"), printed.person(body.giver)))
        if body.giver_absent:
            cells.append(Cell(t("ask.hand_over.giver_absent"), body.giver_absent, wide=True))
        signs.append(printed.signature(t("keeping.sign.giver"), body.giver))
        known.append(body.giver)
    if entry is not None and isinstance(entry.fact, HandOverClosed):
        fact = entry.fact
        cells.append(Cell(t("ask.hand_over.receiver"), printed.person(fact.receiver)))
        cells.append(Cell(t("ask.hand_over.places"), _names(printed, fact.places), wide=True))
        signs.append(printed.signature(t("keeping.sign.receiver"), fact.receiver))
        known.append(fact.receiver)
        if fact.remark:
            cells.append(Cell(t("forms.keeping.remark"), fact.remark, wide=True))
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=tuple(cells),
        columns=_carrier_columns(printed, Column(t("forms.keeping.found"))) if rows else (),
        rows=rows,
        duties=(t("forms.keeping.duty_over"),),
        signs=(*signs, *printed.other_signatures(t("forms.sign.other"), *known)),
        copies=(t("forms.keeping.copy_registry"), t("forms.keeping.copy_receiver")),
    )


def clearance_list(printed: Printed) -> Paper:
    """What the person held when the clearance was begun."""
    entry = _entry(printed, ClearanceOpened)
    if entry is None or not isinstance(entry.fact, ClearanceOpened):
        return listed(printed)
    t, fact = printed.t, entry.fact
    cells = (
        Cell(t("keeping.cleared"), printed.person(fact.person)),
        Cell(t("ask.clearance.why"), t(f"ask.why.{fact.reason}")),
        Cell(t("ask.clearance.on"), printed.day(fact.on)),
    )
    rows = tuple(row[:5] for row in list_rows(printed, with_details=True) if row[1])
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=cells,
        columns=_carrier_columns(printed) if rows else (),
        rows=rows,
        remarks=() if rows else (t("people.holdings_none"),),
        signs=(SignBox(t("keeping.sign.cleared")), printed.signature(t("keeping.sign.lister"), entry.by)),
    )


def clearance_sheet(printed: Printed) -> Paper:
    """The sheet that person, clerk and secrecy office signed (clause f.1)."""
    entry = _entry(printed, ClearanceClosed)
    if entry is None or not isinstance(entry.fact, ClearanceClosed):
        return listed(printed)
    t, fact, matter = printed.t, entry.fact, printed.matter
    body = matter.body if matter is not None and isinstance(matter.body, Clearance) else None
    cells = [*_matter_cell(printed, matter)]
    if body is not None:
        cells += [
            Cell(t("keeping.cleared"), printed.person(body.person)),
            Cell(t("ask.clearance.why"), t(f"ask.why.{body.reason}")),
            Cell(t("ask.clearance.on"), printed.day(body.on)),
        ]
    if fact.successor is not None:
        cells.append(Cell(t("ask.close.successor"), printed.person(fact.successor), wide=True))
    if fact.remark:
        cells.append(Cell(t("forms.keeping.remark"), fact.remark, wide=True))
    rows = tuple(row[:5] for row in list_rows(printed, with_details=True) if row[1])
    person = body.person if body is not None else None
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=tuple(cells),
        columns=_carrier_columns(printed) if rows else (),
        rows=rows,
        duties=(t("forms.keeping.duty_clear"),),
        signs=(
            printed.signature(t("keeping.sign.cleared"), person),
            printed.signature(t("keeping.sign.clerk"), entry.by),
            printed.signature(t("keeping.sign.office"), fact.office),
        ),
        copies=(t("forms.keeping.copy_registry"), t("forms.keeping.copy_person")),
    )


_FIGURES = ("on_books", "counted", "confirmed", "out", "missing", "gone")


def _figures(row: InventoryRow) -> tuple[str, ...]:
    return tuple(str(getattr(row, name)) for name in _FIGURES)


def inventory_report(printed: Printed) -> Paper:
    """The report by unit and level: on the books, seen, declared, out, short, gone; and what was found besides."""
    entry = _entry(printed, InventoryClosed)
    if entry is None or not isinstance(entry.fact, InventoryClosed):
        return listed(printed)
    t, fact, matter = printed.t, entry.fact, printed.matter
    body = matter.body if matter is not None and isinstance(matter.body, Inventory) else None
    rows: list[tuple[Value, ...]] = [
        (printed.unit(row.unit), printed.level(row.level), *_figures(row)) for row in fact.rows
    ]
    totals = (str(sum(getattr(row, name) for row in fact.rows)) for name in _FIGURES)
    rows.append((t("keeping.report.total"), "", *totals))
    cells = [*_matter_cell(printed, matter)]
    over: tuple[str, ...] = ()
    if body is not None:
        cells.append(Cell(t("ask.inventory.year"), str(body.year)))
        cells.append(Cell(t("ask.inventory.head"), printed.person(body.head)))
        over = tuple(f"{t('keeping.over')}: {one.code}. {one.resolution}" for one in body.over)
    if matter is not None:
        cells.append(Cell(t("ask.inventory.unit"), printed.unit(matter.unit)))
    marks = [printed.mark_of(row.level, None) for row in fact.rows]
    head = body.head if body is not None else None
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=tuple(cells),
        columns=(
            Column(t("people.unit")),
            Column(t("forms.col.mark")),
            *(Column(t(f"keeping.report.{name}"), "num") for name in _FIGURES),
        ),
        rows=tuple(rows),
        remarks=(*over, *((fact.remark,) if fact.remark else ())),
        signs=(
            printed.signature(t("keeping.sign.head"), head),
            printed.signature(t("keeping.sign.keeper"), fact.keeper),
            printed.signature(t("keeping.sign.office"), entry.by),
        ),
        copies=(t("forms.keeping.copy_registry"), t("forms.keeping.copy_office")),
        mark=printed.highest(*marks),
    )


def responsibility_letter(printed: Printed) -> Paper:
    """The letter of a place's responsible person (daily rule 5, clause f.2)."""
    entry = _entry(printed, ResponsibilityAccepted)
    if entry is None or not isinstance(entry.fact, ResponsibilityAccepted):
        return listed(printed)
    t, place = printed.t, printed.directory.places.get(entry.fact.place)
    rating = printed.directory.rating(entry.fact.place)
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=(
            Cell(t("forms.keeping.place"), f"{place.code} {printed.name(place)}" if place else "", "no"),
            Cell(t("forms.keeping.rating"), printed.level(rating) if rating else t("place.not_rated")),
            Cell(t("places.responsible"), printed.person(entry.by)),
            Cell(t("forms.entered"), printed.moment(entry.entered_at)),
        ),
        duties=(t("forms.keeping.duty_keep"), t("forms.keeping.duty_hand")),
        signs=(printed.signature(t("places.responsible"), entry.by), SignBox(t("keeping.sign.office"))),
        copies=(t("forms.keeping.copy_office"), t("forms.keeping.copy_person")),
    )


def declaration(printed: Printed) -> Paper:
    """What a holder declared to have in hand (clause f.1)."""
    entry = _entry(printed, HoldingConfirmed)
    if entry is None:
        return listed(printed)
    t = printed.t
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=(
            Cell(t("keeping.in_hand_of"), printed.person(entry.by)),
            Cell(t("forms.entered"), printed.moment(entry.entered_at)),
        ),
        columns=list_columns(printed, with_details=False),
        rows=list_rows(printed, with_details=False),
        duties=(t("forms.keeping.duty_held"),),
        signs=(printed.signature(t("keeping.sign.holder"), entry.by), SignBox(t("forms.sign.checked"))),
    )
