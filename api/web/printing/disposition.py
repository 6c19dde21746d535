"""The papers of disposition, all A4: transfer and return lists, change of level, declassification, loss."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from api.forms import Cell, Column, Mark, Paper, SignBox, Value, text_of
from api.web.carriers import scope_words
from api.web.printing.model import Line, Printed
from api.web.printing.slips import listed
from custody.entries import Fact
from custody.entries.disposition import (
    ChangeProposed,
    CopyLeftOut,
    DeclassificationProposed,
    Declassified,
    EnquiryNoted,
    IssuerReturnListed,
    IssuerReturnOpened,
    LevelChanged,
    LossConcluded,
    LossConfirmed,
    LossOpened,
    LossReported,
    ReturnedToIssuer,
    TransferListed,
    Transferred,
)
from custody.matters import Matter
from custody.matters.disposition import IssuerReturnBody, LossBody, ReclassificationBody, TransferBody
from custody.store.queries import CarrierItem

Handed = Transferred | ReturnedToIssuer
F = TypeVar("F", bound=Fact)


def _facts(printed: Printed, *kinds: type[F]) -> list[F]:
    return [entry.fact for entry in printed.entries if isinstance(entry.fact, kinds)]


def _fact(line: Line, *kinds: type[F]) -> F | None:
    return next((entry.fact for entry in line.entries if isinstance(entry.fact, kinds)), None)


def _columns(printed: Printed, *more: Column) -> tuple[Column, ...]:
    t = printed.t
    plain = (
        Column(t("forms.col.line"), "num"),
        Column(t("forms.col.number"), "no"),
        Column(t("forms.col.copy")),
        Column(t("forms.col.mark"), "mark"),
        Column(t("forms.col.title"), "title"),
    )
    return (*plain, *more)


def _rows(
    printed: Printed, more: Callable[[Line, CarrierItem], Sequence[Value]], lines: Sequence[Line] | None = None
) -> tuple[tuple[Value, ...], ...]:
    found: list[tuple[Value, ...]] = []
    for line in printed.lines if lines is None else lines:
        if line.item is None:
            continue
        item, at = line.item, printed.first_line + len(found)
        plain = (str(at), printed.number_of(item), printed.copy_of(item), printed.mark(item), _title(printed, item))
        found.append((*plain, *more(line, item)))
    return tuple(found)


def _opened(printed: Printed) -> bool:
    """Whether the act only opens the matter: its list comes later."""
    return bool(_facts(printed, IssuerReturnOpened))


def _title(printed: Printed, item: CarrierItem) -> str:
    """The title, with the issuer's own number of what was received: one column, for two are wider than the paper."""
    title = printed.title(item)
    return printed.t("disposition.form.title", title=title, number=item.issuer_number) if item.issuer_number else title


def _without_empty_end(
    columns: tuple[Column, ...], rows: tuple[tuple[Value, ...], ...]
) -> tuple[tuple[Column, ...], tuple[tuple[Value, ...], ...]]:
    """The list without its last column, where that says nothing of any carrier."""
    if any(row[-1] for row in rows):
        return columns, rows
    return columns[:-1], tuple(row[:-1] for row in rows)


def _approvals(printed: Printed, matter: Matter | None) -> str:
    """Who approved, in which step, when."""
    given = matter.approval.given if matter and matter.approval else ()
    return printed.t("forms.semicolon").join(
        f"{printed.t(f'step.{one.step}')} {printed.person(one.person)} {printed.day(one.at)}" for one in given
    )


def _said(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    return tuple(cell for cell in cells if cell.value)


# Out of the house by list.


def transfer(printed: Printed) -> Paper:
    """The transfer list: what is handed over, to whom, both hands (clause f.3)."""
    matter = printed.matter
    if matter is None or not isinstance(matter.body, TransferBody) or not _facts(printed, TransferListed, Transferred):
        return listed(printed)
    t, body = printed.t, matter.body
    cells = [
        Cell(t("disposition.form.matter"), matter.number, "no"),
        Cell(t("ask.destination"), t(f"ask.destination.{body.destination}")),
        Cell(t("ask.receiver"), body.receiver),
        Cell(t("ask.where"), body.place),
        Cell(t("disposition.form.approved"), _approvals(printed, matter), wide=True),
        Cell(t("ask.reason"), body.reason, wide=True),
        Cell(t("ask.receipt"), body.receipt),
    ]
    return _list_paper(printed, cells, "disposition.form.transfer", "disposition.form.duty.f3")


def issuer_return(printed: Printed) -> Paper:
    """The return list: which papers go back to their issuer, by which notice, in which parcel (clause b.7)."""
    matter = printed.matter
    listing = _facts(printed, IssuerReturnListed, ReturnedToIssuer)
    if matter is None or not isinstance(matter.body, IssuerReturnBody) or not (listing or _opened(printed)):
        return listed(printed)
    t, body = printed.t, matter.body
    cells = [
        Cell(t("disposition.form.matter"), matter.number, "no"),
        Cell(t("ask.issuer"), body.issuer),
        Cell(t("ask.notice_number"), body.notice_number),
        Cell(t("ask.notice_on"), printed.day(body.notice_on)),
        Cell(t("ask.return_by"), printed.day(body.due_at)),
        Cell(t("ask.receipt"), body.receipt),
    ]
    return _list_paper(printed, cells, "disposition.form.issuer_return", "disposition.form.duty.b7")


def _list_paper(printed: Printed, cells: Sequence[Cell], heading: str, duty: str) -> Paper:
    t, first = printed.t, printed.entries[0]
    handed = [entry.fact for entry in printed.entries if isinstance(entry.fact, Handed)]
    received = _received(printed, handed[0]) if handed else ()

    def more(line: Line, item: CarrierItem) -> Sequence[Value]:
        fact = next((entry.fact for entry in line.entries if isinstance(entry.fact, Handed)), None)
        pages = fact.pages_counted if fact is not None and fact.pages_counted is not None else item.pages
        return ("" if pages is None else str(pages),)

    return Paper(
        size="A4",
        heading=t(heading),
        cells=(*_said(cells), *received, Cell(t("forms.entered"), printed.moment(first.happened_at))),
        columns=_columns(printed, Column(t("forms.col.pages"), "num")),
        rows=_rows(printed, more),
        duties=(t(duty),),
        signs=_hands(printed, handed[0]) if handed else _by(printed),
        copies=(t("forms.copy.registry"), t("disposition.form.copy.receiver")),
        mark=_mark(printed),
    )


def _received(printed: Printed, fact: Handed) -> tuple[Cell, ...]:
    name = fact.received_by_name or printed.person(fact.received_by)
    cells = [
        Cell(printed.t("disposition.form.receiver"), name),
        Cell(printed.t("ask.witness"), printed.person(fact.witness)),
    ]
    if isinstance(fact, ReturnedToIssuer):
        cells.append(Cell(printed.t("disposition.form.parcel"), fact.parcel, "no"))
    return _said(cells)


def _hands(printed: Printed, fact: Handed) -> tuple[SignBox, ...]:
    """Who gave and who received; a receiver from outside signs by hand, the witness signed here."""
    t, giver = printed.t, printed.entries[0].by
    boxes = [printed.signature(t("disposition.form.giver"), giver)]
    if fact.received_by is not None:
        boxes.append(printed.signature(t("disposition.form.receiver"), fact.received_by))
    else:
        boxes += [SignBox(t("disposition.form.receiver")), printed.signature(t("ask.witness"), fact.witness)]
    others = (giver, fact.received_by if fact.received_by is not None else fact.witness)
    return (*boxes, *printed.other_signatures(t("forms.sign.other"), *others))


def _by(printed: Printed) -> tuple[SignBox, ...]:
    by = printed.entries[0].by
    return (
        printed.signature(printed.t("forms.sign.by"), by),
        *printed.other_signatures(printed.t("forms.sign.other"), by),
    )


def _mark(printed: Printed) -> Mark | None:
    return printed.mark_of(printed.matter.level, None) if printed.matter else None


# Level and period.


def reclassification(printed: Printed) -> Paper:
    """The proposal, or the decision carried out: of each carrier what it was, and what it is to be (clause a.5)."""
    matter = printed.matter
    if (
        matter is None
        or not isinstance(matter.body, ReclassificationBody)
        or not any(line.item for line in printed.lines)
    ):
        return listed(printed)
    t, body = printed.t, matter.body
    done = _facts(printed, LevelChanged, Declassified)
    cells = [
        Cell(t("disposition.form.matter"), matter.number, "no"),
        Cell(t("disposition.purpose"), t(f"disposition.purpose.{body.purpose}")),
        Cell(t("ask.basis"), body.basis, wide=True),
        Cell(t("ask.determined_by"), body.determined_by),
        Cell(t("ask.effective_on"), printed.day(body.effective_on)),
        Cell(t("ask.notice_number"), body.notice_number),
        Cell(t("ask.notice_on"), printed.day(body.notice_on)),
        Cell(t("disposition.form.approved"), _approvals(printed, matter), wide=True),
    ]
    heading = f"disposition.form.{'decision' if done else 'proposal'}.{body.purpose}"

    def more(line: Line, _item: CarrierItem) -> Sequence[Value]:
        return _becomes(printed, line)

    signs = _by(printed) if done else (*_by(printed), SignBox(t("step.office")), SignBox(t("step.committee")))
    marks = (Column(t("disposition.col.new_mark"), "details"), Column(t("disposition.col.new_scope"), "details"))
    # All marks in words here: two boxed ones beside each other are wider than the paper.
    columns = tuple(replace(one, kind="details") if one.kind == "mark" else one for one in _columns(printed, *marks))
    worded = tuple(tuple(text_of(value) for value in row) for row in _rows(printed, more))
    columns, rows = _without_empty_end(columns, worded)
    return Paper(
        size="A4",
        heading=t(heading),
        cells=_said(cells),
        columns=columns,
        rows=rows,
        duties=(t("disposition.form.duty.mark"), t("disposition.form.duty.copies")),
        signs=signs,
        copies=(t("forms.copy.registry"), t("disposition.form.copy.unit")) if done else (),
        mark=_mark(printed),
    )


def _becomes(printed: Printed, line: Line) -> tuple[Value, Value]:
    """The new mark, and the new scope or why it stays; the column of marks shows the mark it has now."""
    fact = _fact(line, ChangeProposed, LevelChanged, DeclassificationProposed, Declassified, CopyLeftOut)
    match fact:
        case ChangeProposed() | LevelChanged():
            principals = fact.scope.principals if fact.scope else ()
            words = [scope_words(printed.visit, printed.directory, one) for one in principals]
            return printed.mark_of(fact.level, fact.period).text, printed.t("punctuation.list").join(words)
        case CopyLeftOut(reason=reason):
            return printed.t("lstate.reclassification.left_out"), reason
        case None:
            return "", ""
        case _:
            return printed.t("status.declassified"), ""


# Loss.


def loss(printed: Printed) -> Paper:
    """The declaration of a loss: what, when and by whom it was discovered, last known where, to report until when."""
    opened = next(iter(_facts(printed, LossOpened)), None)
    if opened is None:
        return listed(printed)
    t, by = printed.t, printed.entries[0].by
    cells = (
        Cell(t("ask.discovered_at"), printed.moment(opened.discovered_at)),
        Cell(t("ask.discovered_by"), printed.person(opened.discovered_by)),
        Cell(t("disposition.report_by"), printed.moment(opened.due_at), "no"),
        Cell(t("forms.entered"), printed.moment(printed.entries[0].entered_at)),
        Cell(t("ask.last_known"), opened.last_known, wide=True),
        Cell(t("ask.missing.circumstances"), opened.circumstances, wide=True),
    )

    def more(_line: Line, item: CarrierItem) -> Sequence[Value]:
        return (printed.person(item.holder) if item.holder else "", "" if item.pages is None else str(item.pages))

    return Paper(
        size="A4",
        heading=t("disposition.form.loss"),
        cells=_said(cells),
        columns=_columns(printed, Column(t("disposition.form.last_holder")), Column(t("forms.col.pages"), "num")),
        rows=_rows(printed, more),
        duties=(t("disposition.form.duty.loss", hours=printed.visit.services.scheme.number("loss_report_hours")),),
        signs=(
            printed.signature(t("disposition.form.declared_by"), by),
            SignBox(t("disposition.form.office")),
            *printed.other_signatures(t("forms.sign.other"), by),
        ),
        copies=(t("forms.copy.registry"), t("disposition.form.copy.office")),
        mark=_mark(printed),
    )


def enquiry(printed: Printed) -> Paper:
    """The report to the authority, a note of measures, or the conclusion of an enquiry into a loss."""
    matter = printed.matter
    if matter is None or not isinstance(matter.body, LossBody):
        return listed(printed)
    t, body, first = printed.t, matter.body, printed.entries[0]
    cells = [
        Cell(t("disposition.form.matter"), matter.number, "no"),
        Cell(t("ask.discovered_at"), printed.moment(body.discovered_at)),
        Cell(t("ask.last_known"), body.last_known, wide=True),
        Cell(t("ask.missing.circumstances"), body.circumstances, wide=True),
        *_enquired(printed, first.fact, body),
        Cell(t("forms.entered"), printed.moment(first.entered_at)),
    ]
    return Paper(
        size="A4",
        heading=t(f"act.{first.fact.kind}"),
        cells=_said(cells),
        signs=_by(printed),
        mark=_mark(printed),
    )


def _enquired(printed: Printed, fact: Fact, body: LossBody) -> list[Cell]:
    t = printed.t
    match fact:
        case LossReported():
            return [
                Cell(t("ask.reported_to"), fact.to),
                Cell(t("ask.report_number"), fact.number, "no"),
                Cell(t("ask.reported_at"), printed.moment(fact.reported_at)),
            ]
        case EnquiryNoted():
            return [Cell(t("ask.measures"), fact.measures, wide=True)]
        case LossConcluded():
            return [
                Cell(t("ask.outcome"), t(f"ask.outcome.{fact.outcome}")),
                Cell(t("ask.result"), fact.result, wide=True),
                Cell(t("ask.responsibility"), fact.responsibility, wide=True),
            ]
        case LossConfirmed():
            return [
                Cell(t("ask.outcome"), t(f"ask.outcome.{body.outcome}") if body.outcome else ""),
                Cell(t("disposition.concluded_by"), printed.person(body.concluded_by)),
                Cell(t("ask.result"), body.result, wide=True),
                Cell(t("ask.responsibility"), body.responsibility, wide=True),
                Cell(t("ask.note"), fact.note, wide=True),
            ]
        case _:
            return []
