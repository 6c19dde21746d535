"""The papers of a destruction: application with its list, bag lists, hand-over, certificate. All A4."""

from collections.abc import Callable, Iterable

from api.forms import Cell, Column, Paper, SignBox, Value
from api.web.printing.model import Line, Printed
from api.web.printing.slips import heading
from custody.entries import Fact
from custody.entries.destruction import (
    CertifiedByCentre,
    Destroyed,
    DestructionCarriedOut,
    DestructionListed,
    DestructionOpened,
    HandedToCentre,
    Sealed,
    WeighedIn,
)
from custody.matters import Approval, Matter
from custody.matters.destruction import KEY, Destruction
from custody.procedures.destruction_methods import MECHANICAL

Last = Callable[[Printed, Line], str]
"""What stands in the last column of a line."""


def application(printed: Printed) -> Paper:
    """The application with its list, to be looked at by the secrecy office and approved by the leader (g.1, g.6)."""
    t, first, matter = printed.t, printed.entries[0], _batch(printed)
    opened = next((one for one in _facts(printed) if isinstance(one, DestructionOpened)), None)
    cells = _head(printed, matter)
    if opened is not None:
        where = t(f"ask.disposal.{opened.disposal}") + (f" {opened.centre}" if opened.centre else "")
        cells += [
            Cell(t("ask.disposal"), where, wide=bool(opened.centre)),
            Cell(t("ask.reason"), opened.reason, wide=True),
        ]
        cells.append(Cell(t("ask.appraisal"), opened.appraisal, wide=True))
    methods = list(dict.fromkeys(one.method for one in _facts(printed) if isinstance(one, DestructionListed)))
    several = len(methods) > 1
    words = t("punctuation.list").join(t(f"ask.method.{method}") for method in methods)
    cells.append(Cell(t("ask.method"), words, wide=several))
    approval = matter.approval if matter else None
    signs = (
        printed.signature(t("destruction.form.sign.applicant"), first.by),
        _answered(printed, approval, "office", t("destruction.form.sign.office")),
        _answered(printed, approval, "leader", t("destruction.form.sign.leader")),
    )
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=tuple(cells),
        columns=_columns(printed, _method_column(printed) if several else None),
        rows=_rows(printed, _method if several else _pages),
        duties=tuple(t(f"destruction.form.duty.{name}") for name in ("approval", "list", "scrap")),
        signs=signs,
        copies=(t("destruction.form.copy.registry"), t("destruction.form.copy.office")),
    )


def bag_list(printed: Printed) -> Paper:
    """What is in the bags sealed in one act, with their seals: one copy goes into the bag (g.5)."""
    t, first, matter = printed.t, printed.entries[0], _batch(printed)
    sealed = {(one.bag, one.seal): None for one in _facts(printed) if isinstance(one, Sealed)}
    words = (t("destruction.form.bag_seal", bag=bag, seal=seal) for bag, seal in sealed)
    bags = Cell(t("destruction.form.bags"), t("forms.semicolon").join(words), "no")
    several = len(sealed) > 1
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=(*_head(printed, matter), bags, Cell(t("forms.entered"), printed.moment(first.happened_at))),
        columns=_columns(printed, Column(t("ask.bag"), "no") if several else None),
        rows=_rows(printed, _bag if several else _pages),
        duties=(t("destruction.form.duty.seal"),),
        signs=(
            printed.signature(t("destruction.form.sign.sealer"), first.by),
            SignBox(t("destruction.form.sign.sealed_with")),
        ),
        copies=(t("destruction.form.copy.registry"), t("destruction.form.copy.bag")),
    )


def hand_over(printed: Printed) -> Paper:
    """The list that goes with the escorts to the designated unit, which receives on it (g.7)."""
    t, first, matter = printed.t, printed.entries[0], _batch(printed)
    given = next((one for one in _facts(printed) if isinstance(one, HandedToCentre)), None)
    cells = _head(printed, matter)
    escorts: tuple[int, ...] = ()
    if given is not None:
        escorts = given.escorts
        cells += [
            Cell(t("ask.centre"), given.centre, wide=True),
            Cell(t("ask.hand-over.vehicle"), given.vehicle),
            Cell(t("ask.hand-over.driver"), given.driver),
            Cell(t("destruction.escorts"), _people(printed, escorts)),
            Cell(t("ask.hand-over.weight"), "—" if given.weight_kg is None else str(given.weight_kg)),
        ]
    cells += _bags(printed, matter)
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=tuple(cells),
        columns=_columns(printed),
        rows=_rows(printed, _pages),
        duties=tuple(t(f"destruction.form.duty.{name}") for name in ("escort", "seal", "count")),
        signs=(
            printed.signature(t("destruction.form.sign.handed"), first.by),
            *(printed.signature(t("destruction.form.sign.escort"), one) for one in escorts),
            SignBox(t("destruction.form.sign.centre")),
        ),
        copies=tuple(t(f"destruction.form.copy.{name}") for name in ("registry", "centre", "escort")),
    )


def certificate(printed: Printed) -> Paper:
    """The certificate of destruction: what, how, when, before whom; three signatures at least (g.3, g.5, g.7, g.8)."""
    t, first, matter = printed.t, printed.entries[0], _batch(printed)
    facts = _facts(printed)
    closing = next((one for one in facts if isinstance(one, DestructionCarriedOut | CertifiedByCentre)), None)
    destroyed = next((one for one in facts if isinstance(one, Destroyed)), None)
    witnesses = destroyed or closing
    cells = [*_head(printed, matter), *_approved(printed, matter), *_done(printed, closing)]
    cells += _read_last(printed, matter)
    used = {(one.method, one.fineness): None for one in facts if isinstance(one, Destroyed)}
    methods = t("punctuation.list").join(_method_words(printed, method, size) for method, size in used)
    cells += [Cell(t("ask.method"), methods, wide=True), *_bags(printed, matter)]
    several = len({method for method, _size in used}) > 1
    at_centre = isinstance(closing, CertifiedByCentre)
    signs = [] if witnesses is None else _witnessed(printed, witnesses, at_centre=at_centre)
    named = () if witnesses is None else (witnesses.destroyer, *witnesses.supervisors)
    said = "destruction.form.said.centre" if at_centre else "destruction.form.said.site"
    items = closing.items if closing is not None else len(printed.items)
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=tuple(cells),
        columns=_columns(printed, _method_column(printed) if several else None),
        rows=_rows(printed, _method if several else _pages),
        duties=(t(said, n=items), t("destruction.form.said.final"), t("destruction.form.duty.scrap")),
        signs=(
            *signs,
            *([] if first.by in named else [printed.signature(t("destruction.form.sign.clerk"), first.by)]),
            *printed.other_signatures(t("forms.sign.other"), first.by, *named),
        ),
        copies=(t("destruction.form.copy.registry"), t("destruction.form.copy.office")),
    )


def weighed(printed: Printed) -> Paper:
    """The last read, which equals the list: how many, when, by eye for which reason, under which hash (g.5)."""
    t, first, matter = printed.t, printed.entries[0], _batch(printed)
    read = next((one for one in _facts(printed) if isinstance(one, WeighedIn)), None)
    cells = _head(printed, matter)[:3]
    supervisors: tuple[int, ...] = ()
    if read is not None:
        supervisors = read.supervisors
        cells += [
            Cell(t("destruction.form.items"), t("destruction.form.items_of", n=read.items), "no"),
            Cell(t("destruction.form.when"), f"{printed.moment(read.first_at)} – {printed.time_of(read.last_at)}"),
            *([Cell(t("destruction.form.place"), printed.place(read.place))] if read.place is not None else []),
            *([_seen(printed, read)] if read.by_eye else []),
            Cell(t("destruction.form.list_hash"), read.list_hash, wide=True),
        ]
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=(*cells, *_bags(printed, matter)),
        signs=(
            printed.signature(t("destruction.form.sign.clerk"), first.by),
            *(printed.signature(t("destruction.form.sign.supervisor"), one) for one in supervisors),
        ),
        copies=(t("destruction.form.copy.registry"),),
    )


# Particulars.


def _seen(printed: Printed, read: WeighedIn) -> Cell:
    """How many were seen by eye, and why they could not be read."""
    many = printed.t("destruction.form.weighed_by_eye", n=len(read.by_eye))
    return Cell(printed.t("destruction.weigh.by_eye"), f"{many}{printed.t('forms.semicolon')}{read.reason}", wide=True)


def _read_last(printed: Printed, matter: Matter | None) -> list[Cell]:
    body: Destruction | None = matter.body if matter else None
    if body is None or body.weighing is None:
        return []
    read, t = body.weighing, printed.t
    many = t("destruction.form.items_of", n=read.items)
    words = [read.act, printed.moment(read.last_at), many]
    words += [t("destruction.form.weighed_by_eye", n=len(read.by_eye))] if read.by_eye else []
    return [Cell(t("destruction.form.weighed"), t("forms.semicolon").join(words), wide=True)]


def _batch(printed: Printed) -> Matter | None:
    found = printed.matter
    return found if found is not None and found.kind == KEY else None


def _facts(printed: Printed) -> list[Fact]:
    return [entry.fact for entry in printed.entries]


def _people(printed: Printed, persons: Iterable[int]) -> str:
    return printed.t("punctuation.list").join(printed.person(person) for person in persons)


def _head(printed: Printed, matter: Matter | None) -> list[Cell]:
    t = printed.t
    if matter is None:
        return []
    listed = len([line for line in printed.lines if line.item is not None])
    return [
        Cell(t("destruction.form.batch"), matter.number, "no"),
        Cell(t("destruction.form.unit"), printed.unit(matter.unit)),
        Cell(t("destruction.form.applicant"), printed.person(matter.opened_by)),
        Cell(t("destruction.form.items"), t("destruction.form.items_of", n=listed), "no"),
    ]


def _approved(printed: Printed, matter: Matter | None) -> list[Cell]:
    """Who approved, in whose stead, when."""
    t = printed.t
    if matter is None or matter.approval is None:
        return []
    said = []
    for given in matter.approval.given:
        blanks = {"name": printed.person(given.person), "step": t(f"step.{given.step}"), "day": printed.day(given.at)}
        if given.on_behalf_of is None:
            said.append(t("destruction.form.approved_at", **blanks))
        else:
            said.append(t("destruction.form.approved_for", other=printed.person(given.on_behalf_of), **blanks))
    return [Cell(t("destruction.form.approved"), t("forms.semicolon").join(said), wide=True)]


def _done(printed: Printed, closing: DestructionCarriedOut | CertifiedByCentre | None) -> list[Cell]:
    """When and where, by which device; or by which unit, under which certificate of its own."""
    t, at = printed.t, printed.entries[-1].happened_at
    if isinstance(closing, DestructionCarriedOut):
        return [
            Cell(t("destruction.form.when"), printed.moment(at)),
            Cell(t("destruction.form.place"), printed.place(closing.place)),
            *([Cell(t("destruction.form.device"), closing.device, wide=True)] if closing.device else []),
        ]
    if closing is None:
        return []
    matter = _batch(printed)
    body: Destruction | None = matter.body if matter else None
    given = body.hand_over if body else None
    cells = [
        Cell(t("ask.certificate.destroyed_on"), printed.day(closing.destroyed_on)),
        Cell(t("ask.certificate.operator"), closing.operator),
        Cell(t("ask.certificate.certificate"), closing.certificate, "no"),
    ]
    if given is not None:
        cells.append(Cell(t("ask.receipt.receipt"), given.receipt, "no"))
        cells.append(Cell(t("ask.centre"), given.centre, wide=True))
        cells.append(Cell(t("destruction.escorts"), _people(printed, given.escorts), wide=True))
    return cells


def _bags(printed: Printed, matter: Matter | None) -> list[Cell]:
    body: Destruction | None = matter.body if matter else None
    if body is None or not body.bags:
        return []
    t = printed.t
    words = (t("destruction.form.bag_seal", bag=bag.number, seal=bag.seal) for bag in body.bags)
    return [Cell(t("destruction.form.bags"), t("forms.semicolon").join(words), wide=True)]


def _method_words(printed: Printed, method: str, fineness: int) -> str:
    name = printed.t(f"ask.method.{method}")
    if method not in MECHANICAL or not fineness:
        return name
    return printed.t("destruction.form.fineness", method=name, level=fineness)


def _witnessed(
    printed: Printed, fact: Destroyed | DestructionCarriedOut | CertifiedByCentre, *, at_centre: bool
) -> list[SignBox]:
    t = printed.t
    first = "destruction.form.sign.deliverer" if at_centre else "destruction.form.sign.destroyer"
    return [
        printed.signature(t(first), fact.destroyer),
        *(printed.signature(t("destruction.form.sign.supervisor"), one) for one in fact.supervisors),
    ]


def _answered(printed: Printed, approval: Approval | None, step: str, label: str) -> SignBox:
    """The box of one approval: who gave it and when, or empty while it is awaited."""
    given = next((one for one in approval.given if one.step == step), None) if approval else None
    if given is None:
        return SignBox(label)
    name = printed.person(given.person)
    if given.on_behalf_of is not None:
        name = printed.t("destruction.form.signed_for", name=name, other=printed.person(given.on_behalf_of))
    return SignBox(label, name, printed.t("forms.comma").join(filter(None, (printed.day(given.at), given.note))))


# The list.


def _columns(printed: Printed, last: Column | None = None) -> tuple[Column, ...]:
    """The columns of the list; the last is the number of pages unless the lines differ in something more telling."""
    t = printed.t
    return (
        Column(t("forms.col.line"), "num"),
        Column(t("forms.col.number"), "no"),
        Column(t("forms.col.copy"), "no"),
        Column(t("forms.col.mark"), "mark"),
        Column(t("forms.col.title"), "title"),
        last or Column(t("forms.col.pages"), "num"),
    )


def _method_column(printed: Printed) -> Column:
    return Column(printed.t("destruction.form.method"))


def _rows(printed: Printed, last: Last) -> tuple[tuple[Value, ...], ...]:
    rows: list[tuple[Value, ...]] = []
    listed = (line for line in printed.lines if line.item is not None)
    for at, line in enumerate(listed, printed.first_line):
        item = line.item
        assert item is not None
        about = (printed.number_of(item), printed.copy_of(item), printed.mark(item), printed.title(item))
        rows.append((str(at), *about, last(printed, line)))
    return tuple(rows)


def _pages(_printed: Printed, line: Line) -> str:
    return "" if line.item is None or line.item.pages is None else str(line.item.pages)


def _method(printed: Printed, line: Line) -> str:
    facts = (entry.fact for entry in line.entries)
    found = next((fact.method for fact in facts if isinstance(fact, DestructionListed | Destroyed)), "")
    return printed.t(f"ask.method.{found}") if found else ""


def _bag(_printed: Printed, line: Line) -> str:
    return next((entry.fact.bag for entry in line.entries if isinstance(entry.fact, Sealed)), "")
