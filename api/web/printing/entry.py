"""Papers of letter j: the visitor's slip, the cleaning slip, the text to be signed and the signed text (A5, A4)."""

from collections.abc import Sequence

from api.forms import Cell, Column, Paper, SignBox
from api.web.printing.model import Printed
from api.web.printing.slips import listed
from custody.access import Permission
from custody.entries.entry import Acknowledged, InstructionIssued, RoomChecked, VisitorLeft
from custody.matters import Matter
from custody.matters.entry import GO, Entrant, Visit
from custody.store import queries

SLIP_LINES_MAX = 4
"""More people stand on a sheet of their own."""


def _body(printed: Printed) -> tuple[Matter, Visit] | None:
    matter = printed.matter
    return (matter, matter.body) if matter is not None and isinstance(matter.body, Visit) else None


def _place(printed: Printed, body: Visit) -> str:
    found = printed.directory.places.get(body.place)
    return f"{found.code} {printed.name(found)}" if found else ""


def _columns(printed: Printed) -> tuple[Column, ...]:
    t = printed.t
    return (
        Column(t("forms.col.line"), "num"),
        Column(t("entry.who")),
        Column(t("entry.body")),
        Column(t("entry.document")),
        Column(t("entry.phone")),
        Column(t("entry.in")),
        Column(t("entry.out")),
    )


def _row(printed: Printed, number: int, one: Entrant) -> tuple[str, ...]:
    t, visitor = printed.t, one.visitor
    # By whom it is printed decides: the number of a document is for who keeps the register (rule 8).
    document = visitor.document if printed.visit.may(Permission.ADMIT) else t("forms.kept_apart")
    return (
        str(number),
        visitor.name,
        visitor.body,
        document,
        t("entry.locker", locker=visitor.locker) if visitor.locker else t("entry.no_phone"),
        printed.moment(one.entered_at)[-5:],
        printed.moment(one.left_at)[-5:] if one.left_at is not None else "",
    )


def _who(printed: Printed, body: Visit, only: Sequence[int] = ()) -> tuple[tuple[str, ...], ...]:
    lines = enumerate(body.entrants, 1)
    return tuple(_row(printed, number, one) for number, one in lines if not only or number in only)


def _head(printed: Printed, matter: Matter, body: Visit) -> list[Cell]:
    t = printed.t
    first = body.entrants[0].entered_at if body.entrants else matter.opened_at
    cells = [
        Cell(t("entry.place"), _place(printed, body)),
        Cell(t("entry.form.day"), printed.day(first)),
        Cell(t("entry.form.escort"), printed.person(body.escort)),
    ]
    if matter.kind == "visit":
        return [*cells, Cell(t("ask.visit.purpose"), body.purpose)]
    return [
        *cells,
        Cell(t("ask.work"), t(f"ask.work.{body.work}")),
        Cell(t("ask.ventilation"), t(f"ask.ventilation.{body.ventilation}")),
        # The books let nobody in while there were any.
        Cell(t("entry.form.in_use"), t("entry.form.clear")),
    ]


def slip(printed: Printed) -> Paper:
    """The slip of a visit or of cleaning: who, where, with whom, the phones, the duties inside (rules 4, 5, 9)."""
    found = _body(printed)
    if found is None:
        return listed(printed)
    matter, body = found
    t, visit = printed.t, matter.kind == "visit"
    duties = [t("entry.form.duty.phone"), t("entry.form.duty.escort")]
    if not visit:
        duties += [t("entry.form.duty.papers"), t("entry.form.duty.windows")]
    rows = _who(printed, body)
    return Paper(
        size="A5" if len(rows) <= SLIP_LINES_MAX else "A4",
        heading=t("entry.form.slip" if visit else "entry.form.cleaning"),
        cells=tuple(_head(printed, matter, body)),
        columns=_columns(printed),
        rows=rows,
        duties=tuple(duties),
        signs=(
            printed.signature(t("entry.form.escort"), body.escorts[0] if body.escorts else None),
            printed.signature(t("entry.form.clerk"), printed.entries[0].by),
            SignBox(t("entry.entrants")),
        ),
        copies=(t("entry.form.copy.register"), t("entry.form.copy.visitor")),
    )


def room_clear(printed: Printed) -> Paper:
    """The slip of a check: go or no go, until when, how far it was listened to, what was found, by number (rule 9)."""
    matter = printed.matter
    fact = printed.entries[0].fact
    if matter is None or not isinstance(fact, RoomChecked):
        return listed(printed)
    t = printed.t
    place = printed.directory.places.get(fact.place)
    heard = t("rooms.antennas_of", n=fact.listening, total=fact.antennas)
    groups = (("in_use", fact.in_use), ("heard", fact.heard), ("unclear", fact.unclear))
    with printed.visit.reading() as connection:
        every = [one for _name, ids in groups for one in ids]
        items = queries.carriers_by_id(connection, printed.visit.subject, every)
    rows = []
    for name, ids in groups:
        shown = [items[one] for one in ids if one in items]
        rows += [(t(f"rooms.group.{name}"), f"{one.control_number}/{one.copy_number}") for one in shown]
        if len(shown) < len(ids):
            rows.append((t(f"rooms.group.{name}"), t("rooms.beyond", n=len(ids) - len(shown))))
    return Paper(
        size="A5" if len(rows) <= SLIP_LINES_MAX else "A4",
        heading=f"{t('rooms.form.slip')} — {t(f'rooms.verdict.{fact.verdict}')}",
        cells=(
            Cell(t("entry.place"), f"{place.code} {printed.name(place)}" if place else ""),
            *((Cell(t("rooms.form.until"), printed.moment(fact.valid_until), "no"),) if fact.verdict == GO else ()),
            Cell(t("rooms.coverage"), f"{t(f'rooms.coverage.{fact.coverage}')} ({heard})", wide=True),
            Cell(t("rooms.put_away"), str(fact.put_away)),
            *((Cell(t("ask.by_eye"), fact.by_eye, wide=True),) if fact.by_eye else ()),
        ),
        columns=(Column(t("rooms.form.what")), Column(t("carriers.col.number"), "no")) if rows else (),
        rows=tuple(rows),
        duties=(t("rooms.form.do"), t("entry.form.duty.phone")),
        signs=(
            printed.signature(t("rooms.form.checked_by"), printed.entries[0].by),
            SignBox(t("rooms.form.escort")),
        ),
        copies=(t("rooms.form.copy.door"), t("rooms.form.copy.room")),
    )


def signed_out(printed: Printed) -> Paper:
    """Who went out by this act, and when."""
    found = _body(printed)
    if found is None:
        return listed(printed)
    matter, body = found
    left = [entry.fact.visitor for entry in printed.entries if isinstance(entry.fact, VisitorLeft)]
    rows = _who(printed, body, left)
    return Paper(
        size="A5" if len(rows) <= SLIP_LINES_MAX else "A4",
        heading=printed.t("entry.form.out"),
        cells=tuple(_head(printed, matter, body)),
        columns=_columns(printed),
        rows=rows,
        signs=(SignBox(printed.t("entry.form.escort")), SignBox(printed.t("entry.form.clerk"))),
    )


def text_to_sign(printed: Printed) -> Paper:
    """A text put in force, or signed for: every word of it, and the signature (clause j.2)."""
    entry = printed.entries[0]
    fact = entry.fact
    if not isinstance(fact, InstructionIssued | Acknowledged):
        return listed(printed)
    t = printed.t
    cells = [Cell(t("ask.instruction"), t(f"ask.instruction.{fact.subject}"), "no")]
    if isinstance(fact, Acknowledged):
        person = printed.directory.persons.get(fact.person)
        cells.append(Cell(t("entry.form.signer"), f"{printed.person(fact.person)} {person.number if person else ''}"))
        signs = (printed.signature(t("entry.form.signer"), fact.person),)
    else:
        cells.append(Cell(t("entry.form.issuer"), printed.person(entry.by)))
        signs = (printed.signature(t("entry.form.issuer"), entry.by),)
    cells.append(Cell(t("entry.form.day"), printed.day(entry.happened_at), wide=True))
    return Paper(
        size="A4",
        heading=t("entry.form.acknowledged" if isinstance(fact, Acknowledged) else "entry.form.text"),
        cells=tuple(cells),
        signs=signs,
        remarks=tuple(line for line in fact.text.splitlines() if line.strip()),
    )
