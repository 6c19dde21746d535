"""The papers of production, all A4: the order with its approvals, what was made, labels with marks, the closing."""

from collections.abc import Callable, Sequence

from api.acts.production.numbers import numbers_text
from api.acts.production.showing import equation
from api.forms import Cell, Column, Mark, Paper, SignBox, Value
from api.web.carriers import scope_words
from api.web.printing.model import Line, Printed
from api.web.printing.slips import listed
from api.web.words import epc_words
from custody.entries import Fact, Shelved, TagBound
from custody.entries.production import (
    CopiesCancelled,
    CopySpoiled,
    IntermediateKept,
    LabelsAllotted,
    LabelsReturned,
    OrderClosed,
    ProductionOrdered,
)
from custody.matters import Matter
from custody.matters.production import ProductionBody, order_of


def _first(printed: Printed, kind: type[Fact]) -> Fact | None:
    return next((entry.fact for entry in printed.entries if isinstance(entry.fact, kind)), None)


def _of(printed: Printed) -> tuple[Matter, ProductionBody] | None:
    matter, body = printed.matter, order_of(printed.matter)
    return None if matter is None or body is None else (matter, body)


def _title(printed: Printed, body: ProductionBody) -> str:
    return printed.t("titles.hidden") if printed.visit.titles_hidden else body.title


def _mark(printed: Printed, body: ProductionBody) -> Mark:
    return printed.mark_of(body.level, body.period)


def _head(printed: Printed, matter: Matter, body: ProductionBody) -> list[Cell]:
    """Which order, of what, at which level."""
    t = printed.t
    return [
        Cell(t("production.form.matter"), matter.number, "no"),
        Cell(t("ask.production.control_number"), body.control_number, "no"),
        Cell(t("production.form.title"), _title(printed, body), "title", wide=True),
        Cell(t("production.form.mark"), _mark(printed, body)),
    ]


def _producer(printed: Printed, body: ProductionBody) -> str:
    found = printed.directory.organisations.get(body.producer or 0)
    if found is None:
        return printed.t("production.house")
    return found.name_en if printed.visit.language == "en" and found.name_en else found.name


def _place(printed: Printed, body: ProductionBody) -> str:
    found = printed.directory.places.get(body.place or 0)
    if found is None:
        return printed.t("production.at_producer") if body.producer is not None else ""
    return f"{found.code} {printed.name(found)}"


def _said(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    return tuple(cell for cell in cells if cell.value)


def order(printed: Printed) -> Paper:
    """The order, to be approved by the secrecy office and the committee (clauses a.1 to a.5)."""
    found, fact = _of(printed), _first(printed, ProductionOrdered)
    if found is None or fact is None:
        return listed(printed)
    matter, body = found
    t, first = printed.t, printed.entries[0]
    copies = t("production.form.quantity_of", n=body.quantity, numbers=numbers_text(body.block))
    scope = [scope_words(printed.visit, printed.directory, name) for name in body.scope.principals]
    cells = [
        *_head(printed, matter, body),
        Cell(t("production.form.quantity"), copies, "no"),
        Cell(t("ask.production.carrier_kind"), t(f"kind.{body.kind}")),
        Cell(t("ask.production.medium"), t(f"medium.{body.medium}")),
        Cell(t("ask.pages"), "" if body.pages is None else str(body.pages)),
        Cell(t("ask.unit"), printed.unit(matter.unit)),
        Cell(t("production.form.scope"), t("punctuation.list").join(scope), wide=True),
        Cell(t("ask.basis"), body.basis, wide=True),
        Cell(t("ask.determined_by"), body.determined_by),
        Cell(t("ask.production.classified_on"), printed.day(body.classified_on)),
        Cell(t("ask.production.place"), _place(printed, body)),
        Cell(t("ask.production.producer"), _producer(printed, body)),
        Cell(t("ask.reason"), body.reason, wide=True),
        Cell(t("forms.entered"), printed.moment(first.happened_at)),
    ]
    return Paper(
        size="A4",
        heading=t("production.form.order"),
        cells=_said(cells),
        duties=tuple(t(f"production.form.duty.{name}") for name in ("quantity", "place", "mark", "intermediates")),
        signs=(
            printed.signature(t("production.form.sign.applicant"), first.by),
            _answered(printed, matter, "office"),
            _answered(printed, matter, "committee"),
        ),
        copies=(t("forms.copy.registry"), t("production.form.copy.producer")),
        mark=printed.mark_of(matter.level, None),
    )


def _answered(printed: Printed, matter: Matter, step: str) -> SignBox:
    """The box of one approval: who gave it and when, or empty while it is awaited."""
    label = printed.t(f"production.form.sign.{step}")
    given = next((one for one in matter.approval.given if one.step == step), None) if matter.approval else None
    return SignBox(label) if given is None else SignBox(label, printed.person(given.person), printed.moment(given.at))


def _columns(printed: Printed, *more: Column) -> tuple[Column, ...]:
    t = printed.t
    return (
        Column(t("forms.col.line"), "num"),
        Column(t("forms.col.number"), "no"),
        Column(t("forms.col.copy")),
        Column(t("forms.col.mark"), "mark"),
        *more,
    )


def _rows(printed: Printed, more: Callable[[Line], Sequence[Value]]) -> tuple[tuple[Value, ...], ...]:
    found: list[tuple[Value, ...]] = []
    for line in printed.lines:
        if line.item is None:
            continue
        item, at = line.item, printed.first_line + len(found)
        found.append((str(at), printed.number_of(item), printed.copy_of(item), printed.mark(item), *more(line)))
    return tuple(found)


def _tag_and_home(printed: Printed, line: Line) -> tuple[str, str]:
    facts = [entry.fact for entry in line.entries]
    epc = next((fact.tag.epc for fact in facts if isinstance(fact, TagBound)), "")
    home = next((printed.place(fact.place) for fact in facts if isinstance(fact, Shelved)), "")
    return epc_words(epc), home


def _made(printed: Printed, heading: str, duty: str, signs: Sequence[SignBox]) -> Paper:
    """A list of what was registered under the order, each with its tag and its home."""
    found = _of(printed)
    if found is None or not printed.items:
        return listed(printed)
    t, first = printed.t, printed.entries[0]
    epc, home = Column(t("production.form.col.epc"), "epc"), Column(t("production.form.col.home"))

    return Paper(
        size="A4",
        heading=t(heading),
        cells=(*_head(printed, *found), Cell(t("forms.entered"), printed.moment(first.happened_at))),
        columns=_columns(printed, epc, home),
        rows=_rows(printed, lambda line: _tag_and_home(printed, line)),
        duties=(t(duty),),
        signs=tuple(signs),
        copies=(t("forms.copy.registry"), t("production.form.copy.producer")),
        mark=printed.mark_of(found[0].level, None),
    )


def _clerk(printed: Printed) -> SignBox:
    return printed.signature(printed.t("production.form.sign.clerk"), printed.entries[0].by)


def registered(printed: Printed) -> Paper:
    """What was registered: every copy with its mark, its tag and its home (clauses a.4, a.5)."""
    signs = (SignBox(printed.t("production.form.sign.producer")), _clerk(printed))
    return _made(printed, "production.form.register", "production.form.duty.quantity", signs)


def intermediates(printed: Printed) -> Paper:
    """Drafts, proofs, negatives and scraps registered under the order (clause a.6)."""
    signs = (SignBox(printed.t("production.form.sign.producer")), _clerk(printed))
    return _made(printed, "production.form.intermediates", "production.form.duty.intermediates", signs)


def spoiled(printed: Printed) -> Paper:
    """The copies that came out spoiled, each with the number of its scrap and the reason (clauses a.4, a.6)."""
    found = _of(printed)
    if found is None or not printed.items:
        return listed(printed)
    t, first = printed.t, printed.entries[0]

    def more(line: Line) -> Sequence[Value]:
        fact = next((entry.fact for entry in line.entries if isinstance(entry.fact, CopySpoiled)), None)
        return ("", "") if fact is None else (str(fact.copy_number), fact.reason)

    return Paper(
        size="A4",
        heading=t("production.form.spoil"),
        cells=(*_head(printed, *found), Cell(t("forms.entered"), printed.moment(first.happened_at))),
        columns=_columns(printed, Column(t("production.form.numbers"), "no"), Column(t("ask.reason"), "details")),
        rows=_rows(printed, more),
        duties=(t("production.form.duty.intermediates"),),
        signs=(SignBox(t("production.form.sign.producer")), _clerk(printed)),
        mark=printed.mark_of(found[0].level, None),
    )


def kept(printed: Printed) -> Paper:
    """The intermediates that are preserved, who decided it, and why (clause a.6)."""
    found, fact = _of(printed), _first(printed, IntermediateKept)
    if found is None or not isinstance(fact, IntermediateKept) or not printed.items:
        return listed(printed)
    t, first = printed.t, printed.entries[0]
    cells = [
        *_head(printed, *found),
        Cell(t("ask.keep_intermediates.decided_by"), printed.person(fact.decided_by)),
        Cell(t("ask.reason"), fact.reason, wide=True),
        Cell(t("forms.entered"), printed.moment(first.happened_at)),
    ]
    return Paper(
        size="A4",
        heading=t("production.form.keep"),
        cells=tuple(cells),
        columns=_columns(printed),
        rows=_rows(printed, lambda _line: ()),
        duties=(t("production.form.duty.intermediates"),),
        signs=(
            printed.signature(t("ask.keep_intermediates.decided_by"), fact.decided_by),
            _clerk(printed),
        ),
        mark=printed.mark_of(found[0].level, None),
    )


def cancelled(printed: Printed) -> Paper:
    """The copy numbers that are never produced, and why (clause a.4)."""
    found, fact = _of(printed), _first(printed, CopiesCancelled)
    if found is None or not isinstance(fact, CopiesCancelled):
        return listed(printed)
    t, first = printed.t, printed.entries[0]
    cells = [
        *_head(printed, *found),
        Cell(t("production.form.numbers"), numbers_text(fact.copy_numbers), "no", wide=True),
        Cell(t("ask.reason"), fact.reason, wide=True),
        Cell(t("forms.entered"), printed.moment(first.happened_at)),
    ]
    return Paper(
        size="A4",
        heading=t("production.form.cancel"),
        cells=tuple(cells),
        signs=(_clerk(printed),),
        mark=printed.mark_of(found[0].level, None),
    )


def labels(printed: Printed) -> Paper:
    """Labels given out or taken back, with the number and the mark that go on what they are for (clauses a.4, a.5)."""
    found = _of(printed)
    fact = next((e.fact for e in printed.entries if isinstance(e.fact, LabelsAllotted | LabelsReturned)), None)
    if found is None or fact is None:
        return listed(printed)
    matter, body = found
    t, first = printed.t, printed.entries[0]
    given = isinstance(fact, LabelsAllotted)
    cells = [*_head(printed, matter, body), Cell(t("forms.entered"), printed.moment(first.happened_at))]
    if isinstance(fact, LabelsReturned):
        cells.append(Cell(t("ask.reason"), fact.reason, wide=True))
    mark = _mark(printed, body)
    return Paper(
        size="A4",
        heading=t("production.form.labels"),
        cells=tuple(cells),
        columns=(
            Column(t("forms.col.line"), "num"),
            Column(t("production.form.col.epc"), "epc"),
            Column(t("forms.col.number"), "no"),
            Column(t("forms.col.mark"), "mark"),
        ),
        rows=tuple((str(at), epc_words(epc), body.control_number, mark) for at, epc in enumerate(fact.epcs, 1)),
        duties=tuple(t(f"production.form.duty.{name}") for name in ("labels", "mark")),
        signs=(
            printed.signature(t(f"production.form.sign.{'given' if given else 'clerk'}"), first.by),
            *([SignBox(t("production.form.sign.taken"))] if given else []),
        ),
        mark=printed.mark_of(matter.level, None),
    )


def closing(printed: Printed) -> Paper:
    """The account of an order: approved = registered + spoiled + cancelled, and what is left of it (a.4, a.6)."""
    found, fact = _of(printed), _first(printed, OrderClosed)
    if found is None or not isinstance(fact, OrderClosed):
        return listed(printed)
    matter, body = found
    t, first, e = printed.t, printed.entries[0], equation(body)
    told = t(
        "production.form.equation_of",
        approved=e.approved,
        registered=e.registered,
        spoiled=e.spoiled,
        cancelled=e.cancelled,
    )
    said = [
        (t("lstate.production.registered"), body.registered),
        (t("production.spoiled"), body.spoiled),
        (t("production.cancelled"), body.cancelled),
    ]
    cells = [
        *_head(printed, matter, body),
        Cell(t("production.form.equation"), told, "no", wide=True),
        *(Cell(label, numbers_text(numbers)) for label, numbers in said),
    ]
    if fact.no_intermediates:
        cells.append(Cell(t("production.form.due"), t("ask.close_order.no_intermediates"), wide=True))
    else:
        cells.append(
            Cell(t("production.form.due"), t("production.form.due_by", day=printed.day(fact.due_at)), wide=True)
        )
    cells.append(Cell(t("forms.entered"), printed.moment(first.happened_at)))
    return Paper(
        size="A4",
        heading=t("production.form.close"),
        cells=_said(cells),
        duties=(t("production.form.duty.quantity"),),
        signs=(_clerk(printed), SignBox(t("forms.sign.checked"))),
        mark=printed.mark_of(matter.level, None),
    )
