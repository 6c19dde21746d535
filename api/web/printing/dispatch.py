"""The papers of letter b: receipt slip, dispatch list, envelope label, hand-over, distribution sheet, wider scope.

What travels beside a parcel bears no titles; what is kept does.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from api.forms import Cell, Column, Mark, Paper, SignBox, Value
from api.web.carriers import scope_words
from api.web.printing.model import Line, Printed
from api.web.printing.slips import list_columns, list_rows, listed
from custody.entries import Fact, Received
from custody.entries.dispatch import (
    Collected,
    Dispatched,
    DispatchListed,
    DistributedOnLoan,
    DistributedToKeep,
    DistributionListed,
    ParcelSealed,
    ReceiptClosed,
    ReceiptOpened,
    RemainderCounted,
    SenderTold,
    WideningListed,
)
from custody.matters import Matter
from custody.matters.dispatch.distribution import Distribution, Widening
from custody.matters.dispatch.receipt import Receipt, ReceiptRow
from custody.matters.dispatch.sending import Sending

F = TypeVar("F", bound=Fact)


def _facts(printed: Printed, *kinds: type[F]) -> list[F]:
    return [entry.fact for entry in printed.entries if isinstance(entry.fact, kinds)]


def _fact(line: Line, *kinds: type[F]) -> F | None:
    return next((entry.fact for entry in line.entries if isinstance(entry.fact, kinds)), None)


def _said(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    return tuple(cell for cell in cells if cell.value)


def _body_name(printed: Printed, organisation: int | None, otherwise: str = "") -> str:
    found = printed.directory.organisations.get(organisation or 0)
    if found is None:
        return otherwise
    return found.name_en if printed.visit.language == "en" and found.name_en else found.name


def _mark(printed: Printed, matter: Matter) -> Mark:
    return printed.mark_of(matter.level, None)


def _approvals(printed: Printed, matter: Matter) -> str:
    given = matter.approval.given if matter.approval else ()
    return printed.t("forms.semicolon").join(
        f"{printed.t(f'step.{one.step}')} {printed.person(one.person)} {printed.day(one.at)}" for one in given
    )


def _by(printed: Printed) -> tuple[SignBox, ...]:
    by = printed.entries[0].by
    others = printed.other_signatures(printed.t("forms.sign.other"), by)
    return (printed.signature(printed.t("forms.sign.by"), by), *others)


# Receiving.


def receipt(printed: Printed) -> Paper:
    """What came in: the manifest as it was entered and compared, and what was registered (clause b.2)."""
    matter = printed.matter
    if matter is None or not isinstance(matter.body, Receipt):
        return listed(printed)
    if _facts(printed, ReceiptClosed):
        return slip(printed)
    t, body = printed.t, matter.body
    if _facts(printed, ReceiptOpened):
        return Paper(
            size="A4",
            heading=t("dispatch.form.manifest"),
            cells=_consignment(printed, matter, body),
            columns=(*_row_columns(printed), Column(t("forms.col.title"), "title"), Column(t("dispatch.col.outcome"))),
            rows=tuple((*_row_values(printed, row), row.listed.title, "") for row in body.rows),
            duties=(t("dispatch.form.duty.b2"),),
            signs=(*_by(printed), SignBox(t("dispatch.form.sign.counted"))),
            mark=_mark(printed, matter),
        )
    if not _facts(printed, Received):
        return listed(printed)
    columns = (*list_columns(printed, with_details=False), Column(t("ask.issuer_number")))
    numbers = [line.item.issuer_number for line in printed.lines if line.item is not None]
    rows = _listed_only(printed)
    return Paper(
        size="A4",
        heading=t("dispatch.form.registered"),
        cells=_consignment(printed, matter, body),
        columns=columns,
        rows=tuple((*row, number) for row, number in zip(rows, numbers, strict=True)),
        duties=(t("dispatch.form.duty.b1"),),
        signs=_by(printed),
        mark=_mark(printed, matter),
    )


def _consignment(printed: Printed, matter: Matter, body: Receipt) -> tuple[Cell, ...]:
    t = printed.t
    return _said(
        [
            Cell(t("dispatch.form.matter"), matter.number, "no"),
            Cell(t("ask.sender"), _body_name(printed, body.sender, body.sender_name)),
            Cell(t("ask.manifest_number"), body.manifest_number, "no"),
            Cell(t("ask.way"), t(f"ask.way.{body.mode}")),
            Cell(t("dispatch.form.seal"), " ".join((body.seal, t(f"ask.seal_state.{body.seal_state}"))).strip()),
            Cell(t("forms.entered"), printed.moment(printed.entries[0].happened_at)),
            Cell(t("dispatch.form.delivered_by"), printed.person(body.delivered_by) or body.delivered_by_name),
            Cell(t("ask.witness"), printed.person(body.witness)),
            Cell(t("ask.receipt.note"), body.note, wide=True),
        ]
    )


def _row_columns(printed: Printed) -> tuple[Column, ...]:
    t = printed.t
    return (
        Column(t("forms.col.line"), "num"),
        Column(t("ask.issuer_number"), "no"),
        Column(t("ask.copy_number"), "num"),
        Column(t("forms.col.mark"), "mark"),
        Column(t("forms.col.pages"), "num"),
    )


def _row_values(printed: Printed, row: ReceiptRow) -> tuple[Value, ...]:
    listed_ = row.listed
    pages = "" if listed_.pages is None else str(listed_.pages)
    level = printed.mark_of(listed_.level, None)
    return (str(listed_.number), listed_.issuer_number, str(listed_.copy_number), level, pages)


def _result(printed: Printed, row: ReceiptRow) -> str:
    t = printed.t
    said = t(f"dispatch.outcome.{row.outcome or 'open'}")
    if row.outcome == "wrong":
        said = t("punctuation.list").join(
            (t(f"ask.difference.{row.wrong}"), t(f"ask.sent_or_kept.{'kept' if row.kept else 'sent_back'}"))
        )
    return t("punctuation.list").join(text for text in (said, row.note) if text)


def slip(printed: Printed) -> Paper:
    """The receipt slip to the sender: item by item what the comparison gave, both signatures (clauses b.1, b.2)."""
    matter = printed.matter
    if matter is None or not isinstance(matter.body, Receipt):
        return listed(printed)
    if not _facts(printed, SenderTold, ReceiptClosed):
        return listed(printed)
    t, body = printed.t, matter.body
    rows = [(*_row_values(printed, row), _result(printed, row)) for row in body.rows]
    for over in body.over:
        became = "" if over.carrier is not None else t("dispatch.outcome.sent_back")
        result = t("punctuation.list").join(text for text in (t("dispatch.outcome.over"), became, over.note) if text)
        rows.append(("+", over.issuer_number, str(over.copy_number), "", "", result))
    told = t(f"ask.told_how.{body.told_how}") if body.told_how else ""
    verdict = t("ask.full") if body.full else t("dispatch.form.differences", n=body.differences)
    first = printed.entries[0]
    hands = [printed.signature(t("dispatch.form.receiver"), first.by)]
    if body.delivered_by is not None:
        hands.append(printed.signature(t("dispatch.form.delivered_by"), body.delivered_by))
    else:
        hands += [SignBox(t("dispatch.form.delivered_by")), printed.signature(t("ask.witness"), body.witness)]
    return Paper(
        size="A4",
        heading=t("dispatch.form.slip"),
        cells=(
            *_consignment(printed, matter, body),
            *_said(
                [
                    Cell(t("dispatch.told"), " ".join(text for text in (told, body.told_to) if text)),
                    Cell(t("ask.slip_number"), body.told_number, "no"),
                    Cell(t("dispatch.form.verdict"), verdict if matter.ended else "", wide=True),
                ]
            ),
        ),
        columns=(*_row_columns(printed), Column(t("dispatch.col.outcome"), "details")),
        rows=tuple(rows),
        duties=(t("dispatch.form.duty.b2"),),
        signs=tuple(hands),
        copies=(t("forms.copy.registry"), t("dispatch.form.copy.sender")),
        mark=_mark(printed, matter),
    )


# Sending.


def _plan(printed: Printed, matter: Matter, body: Sending) -> tuple[Cell, ...]:
    t = printed.t
    escorts = t("punctuation.list").join(printed.person(one) for one in body.escorts)
    return _said(
        [
            Cell(t("dispatch.form.matter"), matter.number, "no"),
            Cell(t("ask.addressee"), _addressee(printed, body)),
            Cell(t("dispatch.form.attention"), body.attention),
            Cell(t("ask.way"), t(f"ask.way.{body.mode}")),
            Cell(t("ask.arrive_on"), printed.day(body.arrive_by)),
            Cell(t("dispatch.form.parcel"), body.parcel, "no"),
            Cell(t("dispatch.form.seal"), body.seal, "no"),
            Cell(t("ask.route"), body.route, wide=True),
            Cell(t("ask.vehicle"), body.vehicle),
            Cell(t("ask.dispatch.escorts"), escorts),
            Cell(t("ask.dispatch.export_permit"), body.export_permit),
        ]
    )


def _addressee(printed: Printed, body: Sending) -> str:
    return _body_name(printed, body.addressee, printed.person(body.recipient))


def _plain_rows(printed: Printed) -> tuple[tuple[Value, ...], ...]:
    """Line, number, copy, mark and pages of each carrier; no titles."""
    found: list[tuple[Value, ...]] = []
    for line in printed.lines:
        if line.item is None:
            continue
        item, at = line.item, printed.first_line + len(found)
        pages = "" if item.pages is None else str(item.pages)
        found.append((str(at), printed.number_of(item), printed.copy_of(item), printed.mark(item), pages))
    return tuple(found)


def _plain_columns(printed: Printed) -> tuple[Column, ...]:
    t = printed.t
    return (
        Column(t("forms.col.line"), "num"),
        Column(t("forms.col.number"), "no"),
        Column(t("forms.col.copy")),
        Column(t("forms.col.mark"), "mark"),
        Column(t("forms.col.pages"), "num"),
    )


def dispatch(printed: Printed) -> Paper:
    """The list of what is to be sent, for approval; kept by the house, so it bears the titles (clause b.3)."""
    matter = printed.matter
    if matter is None or not isinstance(matter.body, Sending) or not _facts(printed, DispatchListed):
        return listed(printed)
    t = printed.t
    return Paper(
        size="A4",
        heading=t("dispatch.form.dispatch"),
        cells=(*_plan(printed, matter, matter.body), *_said([Cell(t("ask.reason"), matter.body.reason, wide=True)])),
        columns=list_columns(printed, with_details=False),
        rows=_listed_only(printed),
        duties=(t("dispatch.form.duty.b3"), t("dispatch.form.duty.b4")),
        signs=(*_by(printed), SignBox(t("step.unit"))),
        mark=_mark(printed, matter),
    )


def _listed_only(printed: Printed) -> tuple[tuple[Value, ...], ...]:
    """The rows of carriers, without what is about none of them."""
    rows = list_rows(printed, with_details=False)
    kept = [row for row, line in zip(rows, printed.lines, strict=True) if line.item is not None]
    return tuple((str(at), *row[1:]) for at, row in enumerate(kept, printed.first_line))


def label(printed: Printed) -> Paper:
    """The label on the envelope: to whom, which way, parcel and seal; neither titles nor numbers of papers."""
    matter = printed.matter
    if matter is None or not isinstance(matter.body, Sending) or not _facts(printed, ParcelSealed):
        return listed(printed)
    t, body = printed.t, matter.body
    return Paper(
        size="A5",
        heading=t("dispatch.form.label"),
        cells=_said(
            [
                Cell(t("ask.addressee"), _addressee(printed, body), "no", wide=True),
                Cell(t("dispatch.form.attention"), body.attention, wide=True),
                Cell(t("ask.way"), t(f"ask.way.{body.mode}")),
                Cell(t("ask.arrive_on"), printed.day(body.arrive_by)),
                Cell(t("dispatch.form.parcel"), body.parcel, "no"),
                Cell(t("dispatch.form.seal"), body.seal, "no"),
                Cell(t("dispatch.form.items"), str(matter.lines_total - matter.count("struck")), "no"),
                Cell(t("dispatch.form.matter"), matter.number, "no"),
            ]
        ),
        duties=(t("dispatch.form.duty.label"),),
        mark=_mark(printed, matter),
    )


def hand_over(printed: Printed) -> Paper:
    """The hand-over of a parcel: by number what is in it, both hands, the addressee's receipt (clauses b.1, b.5)."""
    matter, sent = printed.matter, _facts(printed, Dispatched)
    if matter is None or not isinstance(matter.body, Sending) or not sent:
        return listed(printed)
    t, body, first = printed.t, matter.body, printed.entries[0]
    taken = printed.person(sent[0].taken_by) or sent[0].taken_by_name
    signs = [printed.signature(t("dispatch.form.sender"), first.by)]
    if sent[0].taken_by is not None:
        signs.append(printed.signature(t("dispatch.form.taken_by"), sent[0].taken_by))
    else:
        signs += [SignBox(t("dispatch.form.taken_by")), printed.signature(t("ask.witness"), sent[0].witness)]
    signed = (first.by, sent[0].taken_by if sent[0].taken_by is not None else sent[0].witness)
    return Paper(
        size="A4",
        heading=t("dispatch.form.hand_over"),
        cells=(
            *_plan(printed, matter, body),
            *_said(
                [
                    Cell(t("dispatch.form.taken_by"), taken),
                    Cell(t("ask.witness"), printed.person(sent[0].witness)),
                    Cell(t("disposition.form.approved"), _approvals(printed, matter), wide=True),
                    Cell(t("dispatch.sent"), printed.moment(first.happened_at)),
                ]
            ),
        ),
        columns=_plain_columns(printed),
        rows=_plain_rows(printed),
        duties=(t("dispatch.form.duty.b1"), t(f"dispatch.form.duty.{'b5' if body.mode == 'own_transport' else 'b4'}")),
        signs=(
            *signs,
            *printed.other_signatures(t("dispatch.escort"), *signed),
            SignBox(t("dispatch.form.there")),
        ),
        copies=(t("forms.copy.registry"), t("dispatch.form.copy.courier"), t("dispatch.form.copy.back")),
        mark=_mark(printed, matter),
    )


# Distribution.


def distribution(printed: Printed) -> Paper:
    """The distribution sheet: which copy to whom, where or until when, each signing (clause b.3)."""
    matter = printed.matter
    shown = _facts(printed, DistributionListed, DistributedToKeep, DistributedOnLoan, RemainderCounted, Collected)
    if matter is None or not isinstance(matter.body, Distribution) or not shown:
        return listed(printed)
    t, body = printed.t, matter.body

    def more(line: Line) -> Sequence[Value]:
        return _given(printed, line)

    return Paper(
        size="A4",
        heading=t("dispatch.form.distribution"),
        cells=_said(
            [
                Cell(t("dispatch.form.matter"), matter.number, "no"),
                Cell(t("ask.control_number"), body.control_number, "no"),
                Cell(t("ask.collect_on"), printed.day(body.collect_by)),
                Cell(t("ask.reason"), body.reason, wide=True),
                Cell(t("forms.entered"), printed.moment(printed.entries[0].happened_at)),
            ]
        ),
        columns=(
            *_plain_columns(printed),
            Column(t("dispatch.col.recipient")),
            Column(t("dispatch.col.until"), "details"),
            Column(t("dispatch.form.signature")),
        ),
        rows=_with_more(printed, more),
        duties=(t("dispatch.form.duty.b3"), t("forms.duty.keep")),
        signs=_by(printed),
        copies=(t("forms.copy.registry"), t("dispatch.form.copy.recipient")),
        mark=_mark(printed, matter),
    )


def _with_more(printed: Printed, more: Callable[[Line], Sequence[Value]]) -> tuple[tuple[Value, ...], ...]:
    lines = [line for line in printed.lines if line.item is not None]
    return tuple((*row, *more(line)) for row, line in zip(_plain_rows(printed), lines, strict=True))


def _given(printed: Printed, line: Line) -> tuple[Value, Value, Value]:
    """To whom, where or until when, and whether it was signed for here."""
    t = printed.t
    fact = _fact(line, DistributedToKeep, DistributedOnLoan, RemainderCounted, Collected)
    match fact:
        case DistributedToKeep(recipient=person, place=place):
            return printed.person(person), printed.place(place), t("dispatch.form.signed")
        case DistributedOnLoan(holder=person, due_at=due):
            return printed.person(person), printed.day(due), t("dispatch.form.signed")
        case RemainderCounted():
            return t("lstate.distribution.remainder"), "", ""
        case Collected(place=place):
            return t("lstate.distribution.collected"), printed.place(place), ""
        case _:
            return "", "", ""


def widening(printed: Printed) -> Paper:
    """Who is to know a title besides, why and on whose word; of each copy who knows it now (clause b.3)."""
    matter = printed.matter
    items = [line.item for line in printed.lines if line.item is not None]
    if matter is None or not isinstance(matter.body, Widening) or not items:
        return listed(printed)
    t, body = printed.t, matter.body
    asking = bool(_facts(printed, WideningListed))
    heading = "dispatch.form.widening" if asking else "dispatch.form.widened"
    columns = (*list_columns(printed, with_details=False)[:-1], Column(t("dispatch.form.scope_now"), "details"))
    rows = [row[:-1] for row in _listed_only(printed)]
    return Paper(
        size="A4",
        heading=t(heading),
        cells=_said(
            [
                Cell(t("dispatch.form.matter"), matter.number, "no"),
                Cell(t("ask.control_number"), body.control_number, "no"),
                Cell(t("dispatch.widened_to"), _names(printed, body.principals), wide=True),
                Cell(t("ask.authority"), body.authority),
                Cell(t("ask.consent"), body.consent),
                Cell(t("ask.reason"), body.reason, wide=True),
                Cell(t("disposition.form.approved"), _approvals(printed, matter), wide=True),
            ]
        ),
        columns=columns,
        rows=tuple((*row, _names(printed, item.scope)) for row, item in zip(rows, items, strict=True)),
        duties=(t("dispatch.form.duty.b3"),),
        signs=(*_by(printed), SignBox(t("step.office")), SignBox(t("step.leader"))) if asking else _by(printed),
        mark=_mark(printed, matter),
    )


def _names(printed: Printed, principals: Sequence[str]) -> str:
    said = [scope_words(printed.visit, printed.directory, one) for one in principals]
    return printed.t("punctuation.list").join(said)
