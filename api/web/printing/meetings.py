"""The papers of a meeting: its plan, the attendance sheet, the hand-out register, sweep and take-back slips, the report
of an incident and the closing report (clauses h.1 to h.4).
"""

from collections.abc import Sequence
from typing import TypeVar

from api.acts.meeting_papers import seat_key
from api.forms import Cell, Column, Paper, SignBox, Value
from api.web.printing.model import Line, Printed
from api.web.printing.slips import listed
from custody.entries import Entry, Fact
from custody.entries.meetings import (
    AttendeeEntered,
    AttendeeLeft,
    AttendeeListed,
    HandedOut,
    IncidentSigned,
    MeetingConvened,
    MeetingSettled,
    PaperIncomplete,
    PaperMissing,
    PlaceSwept,
    TakenBack,
)
from custody.matters import Line as MatterLine
from custody.matters import Matter
from custody.matters.meetings import Attendee, Meeting
from custody.store.queries import CarrierItem

F = TypeVar("F", bound=Fact)


def _matter(printed: Printed) -> Matter | None:
    """The meeting, as far as the visitor sees it: it knows the names of guests, who are in no directory."""
    found = printed.matter
    return found if found is not None and found.kind == "meeting" else None


def _fact(printed: Printed, kind: type[F]) -> tuple[F, Entry] | None:
    return next(((entry.fact, entry) for entry in printed.entries if isinstance(entry.fact, kind)), None)


def _facts(line: Line, kind: type[F]) -> list[F]:
    return [entry.fact for entry in line.entries if isinstance(entry.fact, kind)]


def _attendee(matter: Matter | None, number: int) -> Attendee | None:
    return matter.body.attendee(number) if matter is not None else None


def _name(printed: Printed, one: Attendee | None, number: int) -> str:
    if one is None:
        return f"#{number}" if number else ""
    return printed.person(one.person) if one.person is not None else one.name


def _unit_of(printed: Printed, one: Attendee) -> str:
    person = printed.directory.persons.get(one.person or 0)
    return printed.unit(person.unit) if person else one.unit_name


def _head(printed: Printed, matter: Matter | None) -> list[Cell]:
    """Which meeting, where, when. Its subject stands on its plan and its closing report only."""
    if matter is None:
        return []
    t, body = printed.t, matter.body
    return [
        Cell(t("meeting.form.meeting"), matter.number, "no"),
        Cell(t("ask.venue"), printed.place(body.venue)),
        Cell(t("ask.starts_at"), printed.moment(body.starts_at)),
    ]


def _paper_columns(printed: Printed, *more: Column) -> tuple[Column, ...]:
    t = printed.t
    return (
        Column(t("forms.col.line"), "num"),
        Column(t("forms.col.number"), "no"),
        Column(t("forms.col.copy")),
        Column(t("forms.col.mark"), "mark"),
        *more,
    )


def _paper_row(printed: Printed, number: int, item: CarrierItem, *more: Value) -> tuple[Value, ...]:
    return (str(number), printed.number_of(item), printed.copy_of(item), printed.mark(item), *more)


def plan(printed: Printed) -> Paper:
    """The plan of a meeting, with its rules as they are stated in advance (clauses c.4, h.1)."""
    found = _fact(printed, MeetingConvened)
    if found is None:
        return listed(printed)
    fact, entry = found
    t = printed.t
    yes, no = t("meeting.form.yes"), t("meeting.form.no")
    cells = [
        Cell(t("ask.subject"), fact.subject, "title", wide=True),
        Cell(t("ask.venue"), f"{printed.place(fact.venue)}"),
        Cell(t("ask.starts_at"), printed.moment(fact.starts_at)),
        Cell(t("ask.ends_at"), printed.moment(fact.ends_at)),
        Cell(t("ask.chair"), printed.person(fact.chair)),
        Cell(t("meeting.secretary"), printed.person(fact.secretary)),
        Cell(t("ask.meeting.deputy"), printed.person(fact.deputy)),
        Cell(t("ask.recording"), t(f"ask.recording.{fact.recording}")),
        Cell(t("ask.notes"), t(f"ask.notes.{fact.notes}")),
        Cell(t("ask.phones_deposited"), yes if fact.phones_deposited else no),
        Cell(t("ask.pages_counted"), yes if fact.pages_counted else no),
        Cell(t("ask.take_back"), yes if fact.take_back else no),
        Cell(t("ask.seats"), str(fact.seats)),
        Cell(t("ask.lodgings"), t("meeting.comma").join(fact.lodgings) or t("meeting.none"), wide=True),
    ]
    return Paper(
        "A4",
        t("meeting.form.plan"),
        cells=tuple(cells),
        duties=(t("meeting.duty.h1"), t("meeting.duty.h2"), t("meeting.duty.h3"), t("meeting.duty.h4")),
        signs=(
            printed.signature(t("meeting.secretary"), entry.by),
            SignBox(t("ask.chair")),
            SignBox(t("meeting.form.approver")),
        ),
        mark=printed.mark_of(fact.level, None),
    )


def attendance(printed: Printed) -> Paper:
    """The attendance sheet: who is on the list by this act, with room to sign in and out (clause h.1)."""
    matter, t = _matter(printed), printed.t
    rows: list[tuple[Value, ...]] = []
    for entry in printed.entries:
        fact = entry.fact
        if isinstance(fact, AttendeeListed):
            person = printed.directory.persons.get(fact.person or 0)
            unit = printed.unit(person.unit) if person else fact.unit_name
            rows.append((fact.seat, printed.person(fact.person) or fact.name, unit, fact.letter, "", ""))
    if not rows:
        return listed(printed)
    rows.sort(key=lambda row: seat_key(str(row[0])))
    first = printed.entries[0]
    return Paper(
        "A4",
        t("meeting.form.attendance"),
        cells=(*_head(printed, matter), Cell(t("forms.by"), printed.person(first.by))),
        columns=(
            Column(t("meeting.seat"), "no"),
            Column(t("ask.guest_name")),
            Column(t("ask.unit")),
            Column(t("ask.letter")),
            Column(t("meeting.form.sign_in"), "details"),
            Column(t("meeting.form.sign_out"), "details"),
        ),
        rows=tuple(rows),
        duties=(t("meeting.duty.h1"), t("meeting.duty.phones")),
        signs=(printed.signature(t("meeting.secretary"), first.by),),
        mark=printed.mark_of(matter.level, None) if matter else None,
    )


def door(printed: Printed) -> Paper:
    """Entries and exits of one act (clause h.1)."""
    matter, t = _matter(printed), printed.t
    rows: list[tuple[Value, ...]] = []
    for entry in printed.entries:
        fact = entry.fact
        if isinstance(fact, AttendeeEntered | AttendeeLeft):
            one = _attendee(matter, fact.attendee)
            unit = _unit_of(printed, one) if one else ""
            what = t(f"act.{fact.kind}")
            rows.append(
                (
                    one.seat if one else "",
                    _name(printed, one, fact.attendee),
                    unit,
                    what,
                    printed.moment(entry.happened_at),
                )
            )
    first = printed.entries[0]
    columns = (
        Column(t("meeting.seat"), "no"),
        Column(t("ask.guest_name")),
        Column(t("ask.unit")),
        Column(t("forms.col.what")),
        Column(t("meeting.form.when")),
    )
    return Paper(
        "A4",
        t("meeting.form.door"),
        cells=(*_head(printed, matter), Cell(t("forms.by"), printed.person(first.by))),
        columns=columns,
        rows=tuple(rows),
        signs=(printed.signature(t("forms.by"), first.by),),
        mark=printed.mark_of(matter.level, None) if matter else None,
    )


def hand_out(printed: Printed) -> Paper:
    """The hand-out register: copy to seat and person, with room for both signatures of each (clause h.2)."""
    matter, t = _matter(printed), printed.t
    found: list[tuple[Attendee | None, HandedOut, CarrierItem]] = []
    for line in printed.lines:
        for fact in _facts(line, HandedOut):
            if line.item is not None:
                found.append((_attendee(matter, fact.attendee), fact, line.item))
    found.sort(key=lambda one: (seat_key(one[0].seat if one[0] else ""), one[2].control_number))
    rows = [
        (
            str(number),
            f"{printed.number_of(item)} {printed.copy_of(item)}",
            printed.mark(item),
            one.seat if one else "",
            _name(printed, one, fact.attendee),
            "",
            "",
        )
        for number, (one, fact, item) in enumerate(found, printed.first_line)
    ]
    first = printed.entries[0]
    return Paper(
        "A4",
        t("meeting.form.register"),
        cells=(*_head(printed, matter), Cell(t("meeting.form.handed_out_at"), printed.moment(first.happened_at))),
        columns=(
            Column(t("forms.col.line"), "num"),
            Column(t("meeting.form.number"), "no"),
            Column(t("forms.col.mark"), "mark"),
            Column(t("meeting.seat")),
            Column(t("ask.guest_name")),
            Column(t("meeting.form.received"), "details"),
            Column(t("meeting.form.given_back"), "details"),
        ),
        rows=tuple(rows),
        duties=(t("meeting.duty.h2"), t("meeting.duty.h3")),
        signs=(printed.signature(t("meeting.secretary"), first.by),),
    )


def sweep(printed: Printed) -> Paper:
    """The slip of one swept place: the venue, or a lodging (clause h.3)."""
    found = _fact(printed, PlaceSwept)
    if found is None:
        return listed(printed)
    fact, entry = found
    matter, t = _matter(printed), printed.t
    venue = printed.place(matter.body.venue) if matter else ""
    papers = [line.item for line in printed.lines if line.item is not None]
    shown = [f"{item.control_number} / {item.copy_number}" for item in papers]
    cells = (
        Cell(t("meeting.form.meeting"), matter.number if matter else "", "no"),
        Cell(t("ask.swept_place"), fact.lodging or f"{t('meeting.the_venue')} {venue}", wide=True),
        Cell(t("meeting.form.when"), printed.moment(entry.happened_at)),
        Cell(t("meeting.form.found"), str(len(papers))),
        *((Cell(t("ask.found"), t("meeting.comma").join(shown), wide=True),) if shown else ()),
        *((Cell(t("ask.remark"), fact.remark, wide=True),) if fact.remark else ()),
    )
    return Paper(
        "A5",
        t("meeting.form.sweep"),
        cells=cells,
        duties=(t("meeting.duty.sweep"),),
        signs=(printed.signature(t("meeting.form.swept_by"), entry.by), SignBox(t("meeting.form.witness"))),
        mark=printed.mark_of(matter.level, None) if matter else None,
    )


def take_back(printed: Printed) -> Paper:
    """The slip that goes with papers taken back to a unit (clause h.4)."""
    found = _fact(printed, TakenBack)
    if found is None:
        return listed(printed)
    fact, entry = found
    matter, t = _matter(printed), printed.t
    items = [line.item for line in printed.lines if line.item is not None]
    papers = [f"{printed.number_of(item)}  {printed.copy_of(item)}" for item in items]
    cells = (
        Cell(t("meeting.form.meeting"), matter.number if matter else "", "no"),
        Cell(t("meeting.taker"), printed.person(fact.person)),
        Cell(t("ask.unit"), printed.unit(fact.unit)),
        Cell(t("meeting.form.papers"), t("meeting.comma").join(papers), "no", wide=True),
        Cell(t("ask.deposit_place"), printed.place(fact.place)),
        Cell(t("ask.deposit_by"), printed.day(fact.due_at), "no"),
        Cell(t("meeting.form.when"), printed.moment(entry.happened_at)),
    )
    return Paper(
        "A5",
        t("meeting.form.take_back"),
        cells=cells,
        duties=(t("meeting.duty.h4"),),
        signs=(
            printed.signature(t("meeting.taker"), fact.person),
            printed.signature(t("meeting.secretary"), entry.by),
            SignBox(t("meeting.form.deposited")),
        ),
        copies=(t("forms.copy.registry"), t("meeting.form.copy_taker")),
    )


def incident(printed: Printed) -> Paper:
    """The report of papers that are short at the end, signed by secretary and chair (clause h.3)."""
    found = _fact(printed, IncidentSigned)
    if found is None:
        return listed(printed)
    fact, entry = found
    matter, t = _matter(printed), printed.t
    lines = [line for line in printed.lines if line.item is not None]
    rows = []
    for number, line in enumerate(lines, printed.first_line):
        assert line.item is not None  # left out above
        counted = next((one.pages for one in _facts(line, PaperIncomplete)), None)
        whole = "" if line.item.pages is None else str(line.item.pages)
        pages = whole if counted is None else f"{counted} / {whole}"
        rows.append(_paper_row(printed, number, line.item, *_last_hands(printed, matter, line), pages))
    chair = matter.body.chair if matter else None
    return Paper(
        "A4",
        t("meeting.form.incident"),
        cells=(
            *_head(printed, matter),
            Cell(t("meeting.form.when"), printed.moment(entry.happened_at)),
            Cell(t("meeting.form.kind"), t(f"meeting.shortness.{fact.shortness}"), "no"),
            Cell(t("ask.circumstances"), fact.circumstances, wide=True),
            Cell(t("ask.measures"), fact.measures, wide=True),
        ),
        columns=_paper_columns(
            printed, Column(t("meeting.seat")), Column(t("meeting.form.last_hands")), Column(t("ask.pages"), "num")
        ),
        rows=tuple(rows),
        duties=(t("meeting.duty.incident"),),
        signs=(
            printed.signature(t("meeting.secretary"), entry.by),
            printed.signature(t("ask.chair"), chair),
            SignBox(t("meeting.form.office")),
        ),
        copies=(t("forms.copy.registry"), t("meeting.form.copy_office")),
    )


def _last_hands(printed: Printed, matter: Matter | None, line: Line) -> tuple[str, str]:
    """Seat and name of who had a paper; the secretary where nobody else did."""
    said: list[PaperMissing | PaperIncomplete] = [*_facts(line, PaperMissing), *_facts(line, PaperIncomplete)]
    number = said[0].attendee if said else 0
    one = _attendee(matter, number)
    if one is None:
        return "", printed.person(printed.entries[0].by) if not number else f"#{number}"
    return one.seat, _name(printed, one, number)


def _whose(printed: Printed, matter: Matter, line: MatterLine) -> tuple[str, str]:
    one = matter.body.attendee(int(line.label)) if line.label else None
    return (one.seat, _name(printed, one, one.number)) if one else ("", printed.person(matter.body.in_charge))


def closing(printed: Printed) -> Paper:
    """The closing report: the figures that were signed, and every paper that did not simply come back (clause h.3)."""
    found = _fact(printed, MeetingSettled)
    matter = _matter(printed)
    if found is None or matter is None:
        return listed(printed)
    fact, entry = found
    t = printed.t
    body: Meeting = matter.body
    cells = (
        *_head(printed, matter),
        Cell(t("ask.subject"), body.subject, "title", wide=True),
        Cell(t("meeting.people"), str(len(body.attendees))),
        Cell(t("meeting.form.papers"), str(fact.papers), "no"),
        Cell(t("lstate.meeting.returned"), str(fact.returned)),
        Cell(t("meeting.taken_back"), str(fact.taken_back)),
        Cell(t("lstate.meeting.incident"), str(fact.incidents), "no" if fact.incidents else ""),
        Cell(t("meeting.form.when"), printed.moment(entry.happened_at)),
        Cell(t("meeting.form.sweeps"), _sweeps(printed, body), wide=True),
        *((Cell(t("meeting.incidents"), _incidents(printed, body), wide=True),) if body.incidents else ()),
    )
    return Paper(
        "A4",
        t("meeting.form.closing"),
        cells=cells,
        columns=_paper_columns(
            printed, Column(t("meeting.seat")), Column(t("ask.guest_name")), Column(t("forms.col.what"))
        ),
        rows=tuple(_apart(printed, matter)),
        duties=(t("meeting.duty.h3"), t("meeting.duty.h4")),
        signs=(printed.signature(t("meeting.secretary"), entry.by), SignBox(t("ask.chair"))),
        mark=printed.mark_of(matter.level, None),
    )


def _sweeps(printed: Printed, body: Meeting) -> str:
    t, venue = printed.t, printed.place(body.venue)
    said = [
        f"{one.lodging or t('meeting.the_venue') + ' ' + venue} {printed.moment(one.at)} {printed.person(one.by)} "
        f"{t('meeting.found_n', n=one.found)}"
        for one in body.swept
    ]
    return t("forms.semicolon").join(said)


def _incidents(printed: Printed, body: Meeting) -> str:
    said = [
        f"{one.act} {printed.t(f'meeting.shortness.{one.shortness}')} {len(one.carriers)}" for one in body.incidents
    ]
    return printed.t("forms.semicolon").join(said)


def _apart(printed: Printed, matter: Matter) -> Sequence[tuple[Value, ...]]:
    """Papers that were taken back or are missing, as far as the visitor sees them."""
    rows: list[tuple[Value, ...]] = []
    for line, item in printed.matter_lines:
        said = printed.t(f"lstate.meeting.{line.state}")
        due = f" {printed.day(line.due_at)}" if line.due_at else ""
        rows.append(_paper_row(printed, len(rows) + 1, item, *_whose(printed, matter, line), said + due))
    return rows
