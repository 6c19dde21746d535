"""The papers of letter i: provision with its hand-over and return (clause i.1), the review form (clause i.2, rule 1).

Identity documents of the receiving persons stand on the papers whole: that is what they are looked at for.
"""

from api.forms import Cell, Column, Mark, Paper, SignBox, Value
from api.web.printing.model import Line, Printed
from api.web.printing.slips import heading, listed
from custody.entries import Fact
from custody.entries.disclosure import (
    InformationProvided,
    Provided,
    ProvidedForGood,
    ProvisionReturned,
)
from custody.matters import Approval, Matter
from custody.matters.disclosure import ProlongationBody, ProvisionBody, ReviewBody, ReviewGiven


def _facts(printed: Printed) -> list[Fact]:
    return [entry.fact for entry in printed.entries]


def _said(cells: list[Cell]) -> tuple[Cell, ...]:
    """Without those that say nothing."""
    return tuple(cell for cell in cells if cell.value)


def _body_cells(printed: Printed, identifier: int) -> list[Cell]:
    """The other body: its name and ownership, and the agreement that stands with it now."""
    t = printed.t
    found = printed.directory.organisations.get(identifier)
    if found is None:
        return [Cell(t("ask.organisation"), f"#{identifier}")]
    name = found.name_en if printed.visit.language == "en" and found.name_en else found.name
    about = [t(f"ownership.{found.ownership}"), *([t("organisations.overseas")] if found.overseas else [])]
    agreement = printed.directory.agreement(identifier, printed.visit.day)
    cells = [Cell(t("ask.organisation"), f"{name}（{t('punctuation.list').join(about)}）", wide=True)]
    if agreement is not None:
        until = t("disclosure.agreement_until", number=agreement.number, day=printed.day(agreement.valid_until))
        cells.append(Cell(t("disclosure.agreement"), f"{until} {printed.level(agreement.level)}", wide=True))
    return cells


def _mark(printed: Printed, matter: Matter) -> Mark | None:
    """The level of the matter: it is on the paper where no carrier is."""
    return printed.highest(printed.mark_of(matter.level, None))


def _answered(printed: Printed, approval: Approval | None, step: str, label: str) -> SignBox:
    """The box of one approval: who gave it and when, or empty while it is awaited."""
    given = next((one for one in approval.given if one.step == step), None) if approval else None
    if given is None:
        return SignBox(label)
    name = printed.person(given.person)
    if given.on_behalf_of is not None:
        name = printed.t("disclosure.form.signed_for", name=name, other=printed.person(given.on_behalf_of))
    return SignBox(label, name, printed.t("forms.comma").join(filter(None, (printed.day(given.at), given.note))))


def _columns(printed: Printed) -> tuple[Column, ...]:
    t = printed.t
    return (
        Column(t("forms.col.line"), "num"),
        Column(t("forms.col.number"), "no"),
        Column(t("forms.col.copy"), "no"),
        Column(t("forms.col.mark"), "mark"),
        Column(t("forms.col.title"), "title"),
        Column(t("forms.col.pages"), "num"),
    )


def _rows(printed: Printed) -> tuple[tuple[Value, ...], ...]:
    """A row a carrier; pages as they were counted in this act, else as registered."""
    rows: list[tuple[Value, ...]] = []
    carriers = (line for line in printed.lines if line.item is not None)
    for at, line in enumerate(carriers, printed.first_line):
        item = line.item
        assert item is not None
        about = (printed.number_of(item), printed.copy_of(item), printed.mark(item), printed.title(item))
        rows.append((str(at), *about, _pages(line)))
    return tuple(rows)


def _pages(line: Line) -> str:
    handed = (Provided, ProvidedForGood, ProvisionReturned)
    counted = next((e.fact.pages_counted for e in line.entries if isinstance(e.fact, handed)), None)
    pages = counted if counted is not None or line.item is None else line.item.pages
    return "" if pages is None else str(pages)


def _list(printed: Printed) -> tuple[tuple[Column, ...], tuple[tuple[Value, ...], ...]]:
    rows = _rows(printed)
    return (_columns(printed), rows) if rows else ((), ())


# Provision (clause i.1).


def application(printed: Printed) -> Paper:
    """对外提供审批表: what, to whom, why, on what ground, until when; the office and the leader (clause i.1)."""
    matter = printed.matter
    if matter is None or not isinstance(matter.body, ProvisionBody):
        return listed(printed)
    t, body = printed.t, matter.body
    columns, rows = _list(printed)
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=_said(
            [
                Cell(t("disclosure.form.number"), matter.number, "no"),
                Cell(t("disclosure.form.unit"), printed.unit(matter.unit)),
                Cell(t("disclosure.form.applicant"), printed.person(matter.opened_by)),
                Cell(t("ask.terms"), t(f"ask.terms.{body.terms}")),
                *_body_cells(printed, body.organisation),
                Cell(t("ask.purpose"), body.purpose, wide=True),
                Cell(t("ask.ground"), body.ground, wide=True),
                Cell(t("ask.provision.return_by"), printed.day(body.due_at)),
                Cell(t("ask.form"), t(f"ask.form.{body.form}") if rows else ""),
                Cell(t("disclosure.why_for_good"), body.reason if body.terms == "for_good" else "", wide=True),
                Cell(t("ask.information"), body.information, wide=True),
                Cell(t("ask.provision.measures"), body.measures, wide=True),
                Cell(t("ask.export_permit"), body.export_permit),
            ]
        ),
        columns=columns,
        rows=rows,
        duties=tuple(t(f"disclosure.form.duty.{name}") for name in ("agreement", "approval", "giver")),
        signs=(
            printed.signature(t("disclosure.form.sign.applicant"), matter.opened_by),
            _answered(printed, matter.approval, "office", t("disclosure.form.sign.office")),
            _answered(printed, matter.approval, "leader", t("disclosure.form.sign.leader")),
        ),
        copies=(t("forms.copy.registry"), t("disclosure.form.copy.office")),
        mark=_mark(printed, matter),
    )


def hand_over(printed: Printed) -> Paper:
    """The receipt that the other body's person signs: what, until when, seen by whom (clause i.1)."""
    matter = printed.matter
    given = next((one for one in _facts(printed) if isinstance(one, Provided | ProvidedForGood)), None)
    if matter is None or not isinstance(matter.body, ProvisionBody) or given is None:
        return listed(printed)
    t, first = printed.t, printed.entries[0]
    columns, rows = _list(printed)
    good = isinstance(given, ProvidedForGood)
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=_said(
            [
                Cell(t("disclosure.form.number"), matter.number, "no"),
                Cell(t("forms.entered"), printed.moment(first.happened_at)),
                *_body_cells(printed, matter.body.organisation),
                Cell(t("ask.provide.received_by_name"), given.received_by_name),
                Cell(t("ask.document"), given.document),
                Cell(t("ask.purpose"), matter.body.purpose, wide=True),
                Cell(t("ask.provision.return_by"), "" if good else printed.day(matter.body.due_at)),
                Cell(t("ask.terms"), t("ask.terms.for_good") if good else ""),
                Cell(t("ask.receipt"), given.receipt if isinstance(given, ProvidedForGood) else "", "no"),
                Cell(t("ask.provision.measures"), matter.body.measures, wide=True),
            ]
        ),
        columns=columns,
        rows=rows,
        duties=tuple(t(f"disclosure.form.duty.{name}") for name in ("recipient", "return" if not good else "count")),
        signs=(
            printed.signature(t("disclosure.form.sign.giver"), first.by),
            printed.signature(t("disclosure.form.sign.witness"), given.witness),
            SignBox(t("disclosure.form.sign.receiver")),
        ),
        copies=(t("forms.copy.registry"), t("disclosure.form.copy.recipient")),
    )


def taken_back(printed: Printed) -> Paper:
    """The list of what came back, for the other body to take along (clause i.1)."""
    matter = printed.matter
    back = next((one for one in _facts(printed) if isinstance(one, ProvisionReturned)), None)
    if matter is None or not isinstance(matter.body, ProvisionBody) or back is None:
        return listed(printed)
    t, first = printed.t, printed.entries[0]
    columns, rows = _list(printed)
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=_said(
            [
                Cell(t("disclosure.form.number"), matter.number, "no"),
                Cell(t("forms.entered"), printed.moment(first.happened_at)),
                *_body_cells(printed, matter.body.organisation),
                Cell(t("ask.brought_by_name"), back.brought_by_name),
                Cell(t("ask.place"), printed.place(back.place)),
            ]
        ),
        columns=columns,
        rows=rows,
        duties=(t("disclosure.form.duty.count"),),
        signs=(
            printed.signature(t("disclosure.form.sign.taker"), first.by),
            SignBox(t("disclosure.form.sign.bringer")),
        ),
        copies=(t("forms.copy.registry"), t("disclosure.form.copy.recipient")),
    )


def information(printed: Printed) -> Paper:
    """What was told or shown without a carrier (clause i.1)."""
    matter = printed.matter
    told = next((one for one in _facts(printed) if isinstance(one, InformationProvided)), None)
    if matter is None or not isinstance(matter.body, ProvisionBody) or told is None:
        return listed(printed)
    t = printed.t
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=_said(
            [
                Cell(t("disclosure.form.number"), matter.number, "no"),
                Cell(t("ask.told_at"), printed.moment(told.told_at)),
                *_body_cells(printed, matter.body.organisation),
                Cell(t("ask.tell.received_by_name"), told.received_by_name),
                Cell(t("ask.document"), told.document),
                Cell(t("ask.tell.told"), told.told, wide=True),
                Cell(t("disclosure.form.approved_information"), matter.body.information, wide=True),
                Cell(t("ask.minutes"), told.minutes, "no"),
            ]
        ),
        duties=(t("disclosure.form.duty.told"),),
        signs=(
            printed.signature(t("disclosure.form.sign.speaker"), told.speaker),
            printed.signature(t("disclosure.form.sign.witness"), told.witness),
            SignBox(t("disclosure.form.sign.listener")),
        ),
        copies=(t("forms.copy.registry"), t("disclosure.form.copy.office")),
        mark=_mark(printed, matter),
    )


def prolongation(printed: Printed) -> Paper:
    """The application to let it stay longer, or its being carried out (clause i.1)."""
    matter = next((one for one in printed.matters.values() if isinstance(one.body, ProlongationBody)), None)
    if matter is None:
        return listed(printed)
    t, body = printed.t, matter.body
    provision = printed.matters.get(body.provision)
    columns, rows = _list(printed)
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=_said(
            [
                Cell(t("disclosure.form.number"), matter.number, "no"),
                Cell(t("matter.provision"), provision.number if provision else "", "no"),
                Cell(t("disclosure.form.applicant"), printed.person(matter.opened_by)),
                Cell(t("ask.prolong.return_by"), printed.day(body.due_at)),
                *(_body_cells(printed, provision.body.organisation) if provision else []),
                Cell(t("ask.reason"), body.reason, wide=True),
            ]
        ),
        columns=columns,
        rows=rows,
        duties=(t("disclosure.form.duty.agreement"),),
        signs=(
            printed.signature(t("disclosure.form.sign.applicant"), matter.opened_by),
            _answered(printed, matter.approval, "office", t("disclosure.form.sign.office")),
            _answered(printed, matter.approval, "leader", t("disclosure.form.sign.leader")),
        ),
        copies=(t("forms.copy.registry"), t("disclosure.form.copy.office")),
        mark=_mark(printed, matter),
    )


# The review (clause i.2, rule 1).


def review(printed: Printed) -> Paper:
    """保密审查表: the piece, the author's statement, the results so far, what became of it."""
    matter = printed.matter
    if matter is None or not isinstance(matter.body, ReviewBody):
        return listed(printed)
    t, body = printed.t, matter.body
    author = body.authors[0] if body.authors else matter.opened_by
    return Paper(
        size="A4",
        heading=t("forms.heading.disclosure_review"),
        cells=_said(
            [
                Cell(t("disclosure.form.number"), matter.number, "no"),
                Cell(t("ask.disclosure_review.what"), t(f"ask.what.{body.what}")),
                Cell(t("ask.piece_title"), body.title, "title", wide=True),
                Cell(t("ask.authors"), _authors(printed, body), wide=True),
                Cell(t("ask.outlet"), body.outlet),
                Cell(t("ask.intended_on"), printed.day(body.due_at)),
                Cell(t("ask.pages"), "" if body.pages is None else str(body.pages)),
                Cell(t("disclosure.form.unit"), printed.unit(matter.unit)),
                Cell(t("disclosure.form.text_hash"), body.text_hash, wide=True),
                Cell(t("ask.secrets"), t(f"ask.secrets.{body.secrets}"), wide=True),
                *(_result(printed, one) for one in body.reviews),
                Cell(t("disclosure.changes_confirmed"), _person(printed, body.confirmed_by)),
                Cell(t("ask.editors"), body.told_to),
                Cell(t("ask.statement"), body.statement, wide=True),
                Cell(t("ask.where_out"), body.where),
                Cell(t("ask.published_on"), printed.day(body.published_on)),
            ]
        ),
        duties=tuple(t(f"disclosure.form.duty.{name}") for name in ("review", "text")),
        signs=(
            _author_box(printed, matter, author),
            _reviewed(printed, body, "unit", t("disclosure.form.sign.unit")),
            _reviewed(printed, body, "office", t("disclosure.form.sign.office")),
        ),
        copies=(t("disclosure.form.copy.office_first"), t("disclosure.form.copy.author")),
        mark=_mark(printed, matter),
    )


def _person(printed: Printed, identifier: int | None) -> str:
    return "" if identifier is None else printed.person(identifier)


def _authors(printed: Printed, body: ReviewBody) -> str:
    names = [printed.person(one) for one in body.authors]
    return printed.t("punctuation.list").join([*names, *filter(None, [printed.unit(body.author_unit)])])


def _result(printed: Printed, given: ReviewGiven) -> Cell:
    t = printed.t
    said = t(f"ask.result.{given.result}")
    return Cell(t(f"step.{given.step}"), t("forms.comma").join(filter(None, (said, given.opinion))), wide=True)


def _reviewed(printed: Printed, body: ReviewBody, step: str, label: str) -> SignBox:
    """The box of a reviewer: who gave his result and when, in whose stead."""
    given = next((one for one in body.reviews if one.step == step), None)
    if given is None:
        return SignBox(label)
    name = printed.person(given.person)
    if given.on_behalf_of is not None:
        name = printed.t("disclosure.form.signed_for", name=name, other=printed.person(given.on_behalf_of))
    said = printed.t(f"ask.result.{given.result}")
    return SignBox(label, name, printed.t("forms.comma").join((printed.day(given.at), said)))


def _author_box(printed: Printed, matter: Matter, author: int) -> SignBox:
    """The author signed when it was brought; on the later papers that is told, not signed again."""
    box = printed.signature(printed.t("disclosure.form.sign.author"), author)
    if box.signed:
        return box
    return SignBox(printed.t("disclosure.form.sign.author"), printed.person(author), printed.day(matter.opened_at))
