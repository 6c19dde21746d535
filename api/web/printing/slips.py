"""The slips of the desk, A5 across: borrowing and return. Several carriers under one act go on a list instead."""

from api.forms import Cell, Column, Paper, SignBox, Value
from api.web.carriers import scope_words
from api.web.printing.model import Line, Printed
from custody import clock
from custody.access import Permission, clearance_rank
from custody.entries import Borrowed, Returned
from custody.store.queries import CarrierItem
from custody.values import Instant, Person


def borrowing(printed: Printed) -> Paper:
    """The borrowing slip: what, to whom, until when, under which duties (clauses c.1 to c.3, c.5)."""
    lines = [line for line in printed.lines if line.item is not None]
    lent = next((e.fact for e in printed.entries if isinstance(e.fact, Borrowed)), None)
    if lent is None or not lines:
        return listed(printed)
    t, first = printed.t, printed.entries[0]
    borrower = printed.directory.persons.get(lent.holder)
    single = len(lines) == 1
    cells: list[Cell] = []
    if single and lines[0].item is not None:
        cells += carrier_cells(printed, lines[0].item)
    cells.append(Cell(t("forms.borrower"), who(printed, borrower, lent.holder)))
    cells.append(Cell(t("forms.cleared"), _cleared(printed, borrower, first.happened_at)))
    if single and lines[0].item is not None:
        cells.append(Cell(t("forms.scope"), scope_of(printed, lines[0].item), wide=True))
    cells.append(Cell(t("forms.out"), printed.moment(first.happened_at)))
    cells.append(Cell(t("forms.due"), printed.day(lent.due_at), "no"))
    if lent.purpose:
        cells.append(Cell(t("forms.purpose"), lent.purpose, wide=True))
    signs = (
        printed.signature(t("forms.sign.borrower"), lent.holder),
        printed.signature(t("forms.sign.clerk"), first.by),
        SignBox(t("forms.sign.returned")),
    )
    return Paper(
        size="A5" if single else "A4",
        heading=t("forms.heading.borrow"),
        cells=tuple(cells),
        columns=() if single else list_columns(printed, with_details=False),
        rows=() if single else list_rows(printed, with_details=False),
        duties=(t("forms.duty.use"), t("forms.duty.keep"), t("forms.duty.return"), t("entry.form.duty.phone")),
        signs=(*signs, *printed.other_signatures(t("forms.sign.other"), lent.holder, first.by)),
        copies=(t("forms.copy.registry"), t("forms.copy.borrower")),
    )


def returning(printed: Printed) -> Paper:
    """The return slip: what came back, where it was put, how many pages were counted (clause c.5)."""
    lines = [line for line in printed.lines if line.item is not None]
    if not lines:
        return listed(printed)
    t, first = printed.t, printed.entries[0]
    single = len(lines) == 1
    cells: list[Cell] = []
    if single and lines[0].item is not None:
        cells += carrier_cells(printed, lines[0].item)
        cells += _back_cells(printed, lines[0])
    cells.append(Cell(t("forms.back"), printed.moment(first.happened_at)))
    cells.append(Cell(t("forms.by"), printed.person(first.by)))
    signs = (SignBox(t("forms.sign.giver")), printed.signature(t("forms.sign.clerk"), first.by))
    return Paper(
        size="A5" if single else "A4",
        heading=t("forms.heading.return"),
        cells=tuple(cells),
        columns=() if single else list_columns(printed, with_details=True),
        rows=() if single else list_rows(printed, with_details=True),
        duties=(t("forms.duty.counted"),),
        signs=(*signs, *printed.other_signatures(t("forms.sign.other"), first.by)),
        copies=(t("forms.copy.registry"), t("forms.copy.giver")),
    )


def listed(printed: Printed) -> Paper:
    """The list of any act, A4: number, who, when, and of each carrier what was done to it."""
    t, first = printed.t, printed.entries[0]
    cells = [
        Cell(t("forms.by"), printed.person(first.by)),
        Cell(t("forms.entered"), printed.moment(first.entered_at)),
    ]
    if clock.day(first.happened_at, _zone(printed)) != clock.day(first.entered_at, _zone(printed)):
        cells.append(Cell(t("forms.happened"), printed.moment(first.happened_at), wide=True))
    signs = [printed.signature(t("forms.sign.by"), first.by), SignBox(t("forms.sign.checked"))]
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=tuple(cells),
        columns=list_columns(printed, with_details=True),
        rows=list_rows(printed, with_details=True),
        signs=(*signs, *printed.other_signatures(t("forms.sign.other"), first.by)),
    )


def heading(printed: Printed) -> str:
    """The name of an act's paper; the plain one for a kind that has none."""
    key = f"forms.heading.{printed.kind}"
    return printed.t(key) if printed.known(key) else printed.t("forms.heading.act")


def list_columns(printed: Printed, *, with_details: bool) -> tuple[Column, ...]:
    """The columns of a list of carriers: line, number, copy, mark, title, and what was done where it differs."""
    t = printed.t
    columns = (
        Column(t("forms.col.line"), "num"),
        Column(t("forms.col.number"), "no"),
        Column(t("forms.col.copy")),
        Column(t("forms.col.mark"), "mark"),
        Column(t("forms.col.title"), "title"),
    )
    if not with_details:
        return (*columns, Column(t("forms.col.pages"), "num"))
    return (*columns, Column(t("forms.col.what")), Column(t("forms.col.details"), "details"))


def list_rows(printed: Printed, *, with_details: bool) -> tuple[tuple[Value, ...], ...]:
    """The rows of such a list; what is about no carrier has a row without one."""
    rows: list[tuple[Value, ...]] = []
    for at, line in enumerate(printed.lines, printed.first_line):
        item = line.item
        about: tuple[Value, ...] = (
            ("", "", "", "")
            if item is None
            else (printed.number_of(item), printed.copy_of(item), printed.mark(item), printed.title(item))
        )
        ends: tuple[Value, ...] = (printed.what(line), printed.details(line))
        if not with_details:
            ends = ("" if item is None or item.pages is None else str(item.pages),)
        rows.append((str(at), *about, *ends))
    return tuple(rows)


def _zone(printed: Printed) -> str:
    return printed.visit.services.scheme.timezone


def carrier_cells(printed: Printed, item: CarrierItem) -> tuple[Cell, ...]:
    t = printed.t
    title = Cell(t("forms.title"), printed.title(item), "title") if printed.titles else None
    medium = t(f"medium.{item.medium}") if printed.known(f"medium.{item.medium}") else item.medium
    if item.pages is not None:
        medium = t("forms.medium_pages", medium=medium, n=item.pages)
    return (
        Cell(t("forms.number"), printed.number_of(item), "no"),
        Cell(t("forms.copy"), printed.copy_of(item)),
        Cell(t("forms.carrier"), medium),
        title or Cell(t("forms.title"), t("forms.title_not_printed"), "quiet"),
    )


def who(printed: Printed, person: Person | None, identifier: int) -> str:
    if person is None:
        return printed.person(identifier)
    unit = printed.unit(person.unit)
    parts = [printed.name(person), *([unit] if unit else []), printed.t("forms.staff_number", number=person.number)]
    return printed.t("forms.comma").join(parts)


def _cleared(printed: Printed, person: Person | None, at: Instant) -> str:
    """The borrower's clearance on the day of the act: for who lends, and the borrower himself (rule 8)."""
    visit, scheme = printed.visit, printed.visit.services.scheme
    if person is None or not (visit.may(Permission.LEND) or visit.subject.person == person.id):
        return printed.t("forms.kept_apart")
    rank = clearance_rank(person, scheme, clock.day(at, scheme.timezone))
    level = next((one for one in scheme.levels if one.rank == rank and rank > 0), None)
    if level is None:
        return printed.t("forms.not_cleared")
    name = printed.level(level.code)
    until = printed.day(person.cleared_until)
    return printed.t("forms.cleared_until", level=name, day=until) if until else name


def scope_of(printed: Printed, item: CarrierItem) -> str:
    said = [scope_words(printed.visit, printed.directory, principal) for principal in item.scope]
    return printed.t("punctuation.list").join(said) or printed.t("scope.none")


def _back_cells(printed: Printed, line: Line) -> tuple[Cell, ...]:
    back = next((entry.fact for entry in line.entries if isinstance(entry.fact, Returned)), None)
    if back is None:
        return ()
    counted = "" if back.pages_counted is None else printed.t("carriers.pages", n=back.pages_counted)
    return (
        Cell(printed.t("forms.put_in"), printed.place(back.place)),
        Cell(printed.t("forms.counted"), counted or printed.t("forms.not_counted"), "" if counted else "quiet"),
    )
