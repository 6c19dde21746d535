"""Papers of letter c: the reading-room, renewal and recall slips (A5), the circulation list and the briefing sheet."""

from collections.abc import Iterable

from api.forms import Cell, Column, Paper, SignBox, Value
from api.web.printing.model import Printed
from api.web.printing.slips import carrier_cells, heading, list_columns, list_rows, listed, scope_of, who
from custody import clock
from custody.access import Permission, clearance_rank
from custody.entries.circulation import Recalled, Renewed, TakenToRead
from custody.matters.circulation import Briefing, Circulation, Leg, Listener
from custody.values import Person

LISTENERS_MIN = 8
"""Rows of a briefing sheet: those who are registered, and room for who signs by hand."""


def reading(printed: Printed) -> Paper:
    """The slip of the reading room: what, who reads, in which room, back the same day (clauses c.2, c.5)."""
    taken = next((e.fact for e in printed.entries if isinstance(e.fact, TakenToRead)), None)
    lines = [line for line in printed.lines if line.item is not None]
    if taken is None or not lines:
        return listed(printed)
    t, first, single = printed.t, printed.entries[0], len(lines) == 1
    reader = printed.directory.persons.get(taken.holder)
    cells: list[Cell] = []
    if single and lines[0].item is not None:
        cells += carrier_cells(printed, lines[0].item)
    cells.append(Cell(t("ask.holder"), who(printed, reader, taken.holder)))
    cells.append(Cell(t("ask.read.place"), _place(printed, taken.place)))
    if single and lines[0].item is not None:
        cells.append(Cell(t("forms.scope"), scope_of(printed, lines[0].item), wide=True))
    cells.append(Cell(t("forms.out"), printed.moment(first.happened_at)))
    cells.append(Cell(t("forms.due"), printed.moment(taken.due_at), "no"))
    if taken.purpose:
        cells.append(Cell(t("forms.purpose"), taken.purpose, wide=True))
    return Paper(
        size="A5" if single else "A4",
        heading=heading(printed),
        cells=tuple(cells),
        columns=() if single else list_columns(printed, with_details=False),
        rows=() if single else list_rows(printed, with_details=False),
        duties=(
            t("circulation.form.duty.room"),
            t("entry.form.duty.phone"),
            t("forms.duty.keep"),
            t("circulation.form.duty.today"),
        ),
        signs=(
            printed.signature(t("circulation.form.sign.reader"), taken.holder),
            printed.signature(t("forms.sign.clerk"), first.by),
            SignBox(t("forms.sign.returned")),
            *printed.other_signatures(t("forms.sign.other"), taken.holder, first.by),
        ),
        copies=(t("forms.copy.registry"), t("circulation.form.copy.reader")),
    )


def later_or_sooner(printed: Printed) -> Paper:
    """The slip of a renewal or a recall: which carrier, until when now, why (clause c.5)."""
    fact = next((e.fact for e in printed.entries if isinstance(e.fact, Renewed | Recalled)), None)
    lines = [line for line in printed.lines if line.item is not None]
    if fact is None or len(lines) != 1 or lines[0].item is None:
        return listed(printed)
    t, first, item = printed.t, printed.entries[0], lines[0].item
    recalled = isinstance(fact, Recalled)
    cells = [*carrier_cells(printed, item)]
    # Whose loan it is, as long as it is one: the entry itself names only the new day.
    holder = item.holder if item.holder is not None and item.due_at is not None else None
    if holder is not None:
        cells.append(Cell(t("forms.borrower"), who(printed, printed.directory.persons.get(holder), holder)))
    day = printed.day(fact.due_at)
    cells.append(Cell(t("ask.recall.due" if recalled else "ask.renew.due"), day, "no", wide=holder is None))
    cells.append(Cell(t("ask.reason"), fact.reason, wide=True))
    cells.append(Cell(t("forms.entered"), printed.moment(first.happened_at)))
    cells.append(Cell(t("forms.by"), printed.person(first.by)))
    signs = [printed.signature(t("forms.sign.by"), first.by)]
    if recalled:
        signs.append(SignBox(t("circulation.form.sign.told")))
    return Paper(
        size="A5",
        heading=heading(printed),
        cells=tuple(cells),
        duties=(t("circulation.form.duty.recalled" if recalled else "circulation.form.duty.renewed"),),
        signs=(*signs, *printed.other_signatures(t("forms.sign.other"), first.by)),
        copies=(t("forms.copy.registry"), t("forms.copy.borrower")),
    )


def circulation_list(printed: Printed) -> Paper:
    """The list that goes round with the folder: a row a reader, to be signed on receipt and on return (clause c.3)."""
    matter = printed.matter
    if matter is None or not isinstance(matter.body, Circulation):
        return listed(printed)
    t, body, first = printed.t, matter.body, printed.entries[0]
    folder = [line.item for line in printed.lines if line.item is not None]
    said = [
        f"{printed.number_of(item)} {printed.copy_of(item)} {printed.mark(item).text} {printed.title(item)}"
        for item in folder
    ]
    cells = [
        Cell(t("ask.unit"), printed.unit(matter.unit)),
        Cell(t("ask.leg_days"), t("circulation.days", n=body.leg_days)),
        Cell(t("circulation.form.folder"), t("forms.semicolon").join(said), wide=True),
    ]
    if body.purpose:
        cells.append(Cell(t("ask.purpose"), body.purpose, wide=True))
    approval = matter.approval
    approver = approval.given[-1].person if approval and approval.given else None
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=tuple(cells),
        columns=(
            Column(t("forms.col.line"), "num"),
            Column(t("ask.reader")),
            Column(t("ask.unit")),
            Column(t("circulation.form.received")),
            Column(t("circulation.form.returned")),
            Column(t("circulation.form.note")),
        ),
        rows=tuple(_reader_row(printed, body, at, reader) for at, reader in enumerate(body.readers, 1)),
        duties=(t("circulation.form.duty.round"), t("circulation.form.duty.days", n=body.leg_days)),
        signs=(
            printed.signature(t("forms.sign.by"), first.by),
            SignBox(t("circulation.form.sign.approved"), printed.person(approver)),
            SignBox(t("circulation.form.sign.closed")),
        ),
        mark=None if folder else printed.mark_of(matter.level, None),
    )


def _reader_row(printed: Printed, body: Circulation, at: int, reader: int) -> tuple[Value, ...]:
    """Empty where it is still to be signed; what the books know already where the folder was there."""
    legs = [leg for leg in body.legs if leg.reader == reader]
    person = printed.directory.persons.get(reader)
    over = next((one.reason for one in body.passed_over if one.reader == reader), None)
    note = printed.t("circulation.form.over", reason=over) if over is not None else _brought(printed, legs, reader)
    return (
        str(at),
        printed.person(reader),
        printed.unit(person.unit) if person else "",
        printed.moment(min(leg.started_at for leg in legs)) if legs else "",
        printed.moment(max(leg.ended_at or 0 for leg in legs)) if legs and all(leg.ended_at for leg in legs) else "",
        note,
    )


def _brought(printed: Printed, legs: Iterable[Leg], reader: int) -> str:
    others = sorted({leg.brought_by for leg in legs if leg.brought_by is not None} - {reader})
    names = printed.t("punctuation.list").join(printed.person(one) for one in others)
    return printed.t("circulation.brought", names=names) if names else ""


def briefing_sheet(printed: Printed) -> Paper:
    """The sheet of a briefing: place, rules stated in advance, equipment, and a row a listener to sign (clause c.4)."""
    matter = printed.matter
    if matter is None or not isinstance(matter.body, Briefing):
        return listed(printed)
    t, body = printed.t, matter.body
    yes, no = t("briefing.allowed"), t("briefing.forbidden")
    cells = [
        Cell(
            t("briefing.topic"), t("titles.hidden") if printed.visit.titles_hidden else body.topic, "title", wide=True
        ),
        Cell(t("ask.briefing.place"), _place(printed, body.place)),
        Cell(t("ask.briefing.starts_at"), printed.moment(body.starts_at)),
        Cell(t("ask.speaker"), printed.person(body.speaker)),
        Cell(t("ask.in_charge"), printed.person(body.in_charge)),
        Cell(t("ask.briefing.notes"), t(f"ask.notes.{body.notes}")),
        Cell(t("circulation.form.recording"), f"{yes if body.recording else no} / {yes if body.video else no}"),
        Cell(t("ask.equipment"), t("punctuation.list").join(t(f"ask.equipment.{one}") for one in body.equipment)),
        Cell(t("briefing.conveyed"), str(len(body.carriers)) if body.carriers else t("briefing.conveyed_none")),
    ]
    if body.remark:
        cells.append(Cell(t("ask.remark"), body.remark, wide=True))
    rows = [_listener_row(printed, at, one) for at, one in enumerate(body.listeners, 1)]
    spare = range(len(rows) + 1, LISTENERS_MIN + 1) if not matter.ended else range(0)
    rows += [(str(at), "", "", "", "") for at in spare]
    return Paper(
        size="A4",
        heading=t("forms.heading.briefing"),
        cells=tuple(cells),
        columns=(
            Column(t("forms.col.line"), "num"),
            Column(t("ask.listener")),
            Column(t("ask.unit")),
            Column(t("forms.cleared")),
            Column(t("circulation.form.acknowledged")),
        ),
        rows=tuple(rows),
        duties=tuple(t(f"circulation.form.duty.{name}") for name in ("rules", "wireless", "spread")),
        signs=(
            printed.signature(t("circulation.form.sign.in_charge"), body.in_charge),
            SignBox(t("circulation.form.sign.speaker")),
            printed.signature(t("circulation.form.sign.registrar"), printed.entries[0].by),
        ),
        mark=printed.mark_of(matter.level, None),
    )


def _listener_row(printed: Printed, at: int, one: Listener) -> tuple[Value, ...]:
    signed = printed.moment(one.acknowledged_at) if one.acknowledged_at is not None else ""
    if one.guest is not None:
        cleared = f"{printed.level(one.guest.level)} {one.guest.letter}"
        return (str(at), one.guest.name, one.guest.unit, cleared, signed)
    person = printed.directory.persons.get(one.person or 0)
    unit = printed.unit(person.unit) if person else ""
    return (str(at), printed.person(one.person), unit, _cleared(printed, person, one), signed)


def _cleared(printed: Printed, person: Person | None, one: Listener) -> str:
    """The listener's clearance when registered: for who holds briefings, and the listener himself (rule 8)."""
    visit, scheme = printed.visit, printed.visit.services.scheme
    if person is None or not (visit.may(Permission.HOLD_MEETINGS) or visit.subject.person == person.id):
        return printed.t("forms.kept_apart")
    rank = clearance_rank(person, scheme, clock.day(one.registered_at, scheme.timezone))
    level = next((level for level in scheme.levels if level.rank == rank and rank > 0), None)
    return printed.level(level.code) if level else printed.t("forms.not_cleared")


def _place(printed: Printed, identifier: int) -> str:
    found = printed.directory.places.get(identifier)
    return f"{found.code} {printed.name(found)}" if found else ""
