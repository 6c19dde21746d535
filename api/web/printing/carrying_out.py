"""Papers of letter e: the application (A4), the permit carried on the way (A5), the itinerary confirmed (A4)."""

from collections.abc import Callable
from dataclasses import replace

from api.acts.carrying_out_showing import travel_words
from api.forms import Cell, Column, Mark, Paper, SignBox, Value
from api.web.printing.model import Printed
from api.web.printing.slips import list_columns, list_rows, listed
from custody.approval import steps_of
from custody.entries.carrying_out import CarriedOut, ItineraryConfirmed, Packed, PermitOpened, StayedOut
from custody.matters import Matter
from custody.matters.carrying_out import Permit
from custody.store.queries import CarrierItem

SLIP_LINES, SLIP_LEGS = 2, 2
"""Carriers and legs that fit the small paper."""
_GOING = CarriedOut | Packed | StayedOut


def _permit(printed: Printed, named: int | None = None) -> tuple[Matter, Permit] | None:
    """The permit of the act; where the act is about two, the one that is named."""
    matter = printed.matter if named is None else printed.matters.get(named)
    return (matter, matter.body) if matter is not None and isinstance(matter.body, Permit) else None


def _names(printed: Printed, persons: tuple[int, ...]) -> str:
    return printed.t("punctuation.list").join(printed.person(one) for one in persons)


def _window(printed: Printed, body: Permit) -> str:
    return f"{printed.moment(body.from_at)} – {printed.moment(body.until_at)}"


def _approvals(printed: Printed, matter: Matter) -> str:
    given = matter.approval.given if matter.approval else ()
    said = (f"{printed.t(f'step.{one.step}')} {printed.person(one.person)} {printed.day(one.at)}" for one in given)
    return printed.t("forms.semicolon").join(said)


def _mark(printed: Printed, matter: Matter) -> Mark:
    return printed.mark_of(matter.level, None)


def _said(*cells: Cell) -> tuple[Cell, ...]:
    return tuple(cell for cell in cells if cell.value)


def _way(printed: Printed, body: Permit, *, stays: bool = True) -> tuple[str, ...]:
    """The legs, each on one line; on the small paper without the stays."""
    comma = printed.t("punctuation.list")
    said = []
    for leg in body.itinerary:
        way, travel, stay = travel_words(printed.t, leg)
        said.append(comma.join(text for text in (printed.day(leg.day), way, travel, stay if stays else "") if text))
    return tuple(said)


def _duties(printed: Printed, body: Permit) -> tuple[str, ...]:
    t = printed.t
    special = (t("carrying_out.form.duty.abroad"),) if body.abroad else ()
    return (
        t("carrying_out.form.duty.hand"),
        t("carrying_out.form.duty.way"),
        *special,
    )


def application(printed: Printed) -> Paper:
    """The application: who, what, why, where to, in which case, with whom, when, and the way (clauses e.1 to e.4)."""
    found = _permit(printed)
    if found is None or not any(isinstance(entry.fact, PermitOpened) for entry in printed.entries):
        return listed(printed)
    t, (matter, body) = printed.t, found
    affairs = [t(f"ask.carrying_out.{name}") for name in ("foreign", "abroad") if getattr(body, name)]
    legs = tuple(
        Cell(t("carrying_out.form.leg", n=number), words, wide=True)
        for number, words in enumerate(_way(printed, body), 1)
    )
    named = replace(printed, lines=tuple(line for line in printed.lines if line.item is not None))
    return Paper(
        size="A4",
        heading=t("carrying_out.form.application"),
        cells=_said(
            Cell(t("ask.carrying_out.bearer"), printed.person(body.bearer)),
            Cell(t("ask.carrying_out.escorts"), _names(printed, body.escorts)),
            Cell(t("ask.carrying_out.unit"), printed.unit(matter.unit)),
            Cell(t("ask.carrying_out.container"), body.container, "no"),
            Cell(t("ask.carrying_out.destination"), body.destination, wide=True),
            Cell(t("ask.carrying_out.purpose"), body.purpose, wide=True),
            Cell(t("carrying_out.window"), _window(printed, body), "no", wide=True),
            Cell(t("ask.leaves_by"), t(f"ask.leaves_by.{body.mode}")),
            Cell(t("carrying_out.affairs"), t("punctuation.list").join(affairs)),
            Cell(t("ask.carrying_out.authority_permit"), f"{body.authority_permit} {body.authority_permit_on}".strip()),
            Cell(t("ask.carrying_out.precautions"), body.precautions, wide=True),
            *legs,
        ),
        columns=list_columns(named, with_details=False) if named.lines else (),
        rows=list_rows(named, with_details=False) if named.lines else (),
        duties=_duties(printed, body),
        signs=(
            printed.signature(t("carrying_out.form.sign.applicant"), printed.entries[0].by),
            *(SignBox(t(f"step.{step}")) for step in _steps(matter, body)),
        ),
        mark=_mark(printed, matter),
    )


def _steps(matter: Matter, body: Permit) -> tuple[str, ...]:
    return matter.approval.steps if matter.approval else steps_of(body.route)


def permit(printed: Printed) -> Paper:
    """The permit that goes along: by number and copy, never by title unless the house wants it so (clause e.1).

    On the small paper what is carried stands in a cell; with more of it, or a longer way, in a table on the large one.
    """
    going = next((entry.fact for entry in printed.entries if isinstance(entry.fact, _GOING)), None)
    found = _permit(printed, going.matter) if going else None
    items = [line.item for line in printed.lines if line.item is not None]
    if found is None or going is None or not items:
        return listed(printed)
    t, first, (matter, body) = printed.t, printed.entries[0], found
    small = len(items) <= SLIP_LINES and len(body.itinerary) <= SLIP_LEGS and not printed.titles
    columns, rows = ((), ()) if small else _carried(printed)
    carried = t("forms.semicolon").join(_called(printed, item) for item in items) if small else ""
    return Paper(
        size="A5" if small else "A4",
        heading=t("carrying_out.form.permit"),
        cells=_said(
            Cell(t("carrying_out.permit"), matter.number, "no"),
            Cell(t("ask.carrying_out.container"), body.container, "no"),
            Cell(t("ask.carrying_out.bearer"), _names(printed, body.travellers)),
            Cell(t("ask.carrying_out.destination"), body.destination),
            Cell(t("carrying_out.window"), _window(printed, body), "no", wide=True),
            Cell(t("carrying_out.form.carriers"), carried, wide=True),
            Cell(
                t("ask.carrying_out.itinerary"),
                t("forms.semicolon").join(_way(printed, body, stays=not small)),
                wide=True,
            ),
            Cell(t("carrying_out.form.approved"), _approvals(printed, matter), wide=True),
        ),
        columns=columns,
        rows=rows,
        duties=_duties(printed, body),
        signs=(
            printed.signature(t("carrying_out.form.sign.bearer"), body.bearer),
            printed.signature(t("forms.sign.clerk"), first.by),
            SignBox(t("carrying_out.form.sign.back")),
            *printed.other_signatures(t("forms.sign.other"), body.bearer, first.by),
        ),
        copies=(t("forms.copy.registry"), t("carrying_out.form.copy.bearer")),
        mark=_mark(printed, matter),
    )


def _called(printed: Printed, item: CarrierItem) -> str:
    return f"{printed.number_of(item)} ({printed.copy_of(item)}) {printed.mark(item).text}"


def _carried(printed: Printed) -> tuple[tuple[Column, ...], tuple[tuple[Value, ...], ...]]:
    """What is carried, one a row; with titles where the configuration has them on slips."""
    t = printed.t
    plain = (
        Column(t("forms.col.line"), "num"),
        Column(t("forms.col.number"), "no"),
        Column(t("forms.col.copy")),
        Column(t("forms.col.mark"), "mark"),
    )
    titled = (Column(t("forms.col.title"), "title"),) if printed.titles else ()
    rows: list[tuple[Value, ...]] = []
    for line in printed.lines:
        item = line.item
        if item is None:
            continue
        at = str(printed.first_line + len(rows))
        pages = "" if item.pages is None else str(item.pages)
        title = (printed.title(item),) if printed.titles else ()
        rows.append((at, printed.number_of(item), printed.copy_of(item), printed.mark(item), *title, pages))
    return (*plain, *titled, Column(t("forms.col.pages"), "num")), tuple(rows)


def confirmation(printed: Printed) -> Paper:
    """The itinerary confirmed on return, leg by leg, with what was otherwise (clause e.2)."""
    found = _permit(printed)
    told = next((entry.fact for entry in printed.entries if isinstance(entry.fact, ItineraryConfirmed)), None)
    if found is None or told is None:
        return listed(printed)
    t, first, (matter, body) = printed.t, printed.entries[0], found
    answers = {one.leg: t("carrying_out.kept") if one.kept else one.told for one in told.legs}
    elsewhere = t("carrying_out.nowhere_else") if told.straight else told.elsewhere
    return Paper(
        size="A4",
        heading=t("carrying_out.form.confirmation"),
        cells=_said(
            Cell(t("carrying_out.permit"), matter.number, "no"),
            Cell(t("ask.carrying_out.bearer"), printed.person(body.bearer)),
            Cell(t("ask.carrying_out.destination"), body.destination),
            Cell(t("carrying_out.form.carriers"), t("carrying_out.items", n=matter.lines_total)),
            Cell(t("carrying_out.left_at"), printed.moment(body.left_at) if body.left_at else ""),
            Cell(t("carrying_out.back_at"), printed.moment(body.back_at) if body.back_at else ""),
            Cell(t("carrying_out.elsewhere"), elsewhere, wide=True),
        ),
        columns=_leg_columns(t),
        rows=tuple(
            (str(number), printed.day(leg.day), *travel_words(t, leg), answers.get(number, ""))
            for number, leg in enumerate(body.itinerary, 1)
        ),
        duties=(t("carrying_out.form.duty.way"),),
        signs=(
            printed.signature(t("carrying_out.form.sign.bearer"), told.confirmed_by),
            printed.signature(t("forms.sign.clerk"), first.by),
            *printed.other_signatures(t("forms.sign.other"), told.confirmed_by, first.by),
        ),
        copies=(t("forms.copy.registry"), t("carrying_out.form.copy.bearer")),
        mark=_mark(printed, matter),
    )


def _leg_columns(t: Callable[..., str]) -> tuple[Column, ...]:
    return (
        Column(t("carrying_out.leg"), "num"),
        Column(t("ask.leg_day")),
        Column(t("carrying_out.way"), "details"),
        Column(t("ask.leg_travel")),
        Column(t("ask.leg_stay"), "details"),
        Column(t("carrying_out.on_return"), "details"),
    )
