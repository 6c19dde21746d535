"""The papers of copying: the approval sheet 复制审批单 and the register of copies made 复制登记表. Both A4."""

from collections.abc import Callable, Iterable

from api.forms import Cell, Column, Paper, SignBox, Value
from api.web.printing.model import Line, Printed
from api.web.printing.slips import heading
from api.web.words import epc_words
from custody.entries import Fact, Shelved, TagBound
from custody.entries.copying import Copied, CopiesMade, CopyingOpened
from custody.matters import Approval, Matter
from custody.matters.copying import KEY, Copying


def application(printed: Printed) -> Paper:
    """What is to be copied, and who approves it (clauses d.1, d.6)."""
    t, first, matter = printed.t, printed.entries[0], _matter(printed)
    body = _body(matter)
    opened = next((one for one in _facts(printed) if isinstance(one, CopyingOpened)), body)
    cells = [Cell(t("forms.entered"), printed.moment(first.happened_at)), Cell(t("forms.by"), printed.person(first.by))]
    if opened is not None:
        cells += [
            Cell(t("ask.manner"), t(f"ask.manner.{opened.manner}")),
            Cell(t("copying.count"), str(opened.copies)),
            Cell(t("ask.recipient"), printed.person(opened.recipient)),
            Cell(t("copying.where"), _where(printed, opened.place, opened.organisation)),
            Cell(t("ask.machine"), opened.machine),
            Cell(t("ask.reason"), opened.reason, wide=True),
        ]
    for letter in body.agreed if body else ():
        words = t("copying.letter", authority=letter.authority, number=letter.number, day=printed.day(letter.on))
        cells.append(Cell(t("copying.agreed"), words, wide=True))
    approval = matter.approval if matter else None
    last = "committee" if opened is not None and opened.manner == "compilation" else "leader"
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=tuple(cells),
        columns=_columns(printed, Column(t("forms.col.pages"), "num")),
        rows=_rows(printed, (line for line in printed.lines if line.item is not None), _pages),
        duties=tuple(t(f"copying.form.duty.{name}") for name in ("leave", "secret", "place")),
        signs=(
            printed.signature(t("copying.form.applicant"), first.by),
            _answered(printed, approval, "office", t("copying.form.office")),
            _answered(printed, approval, last, t(f"copying.form.{last}")),
        ),
        copies=(t("copying.form.copy.registry"), t("copying.form.copy.applicant")),
    )


def register(printed: Printed) -> Paper:
    """The copies of one act with number, tag and home; operator and witness signed (clause d.4)."""
    t, first, matter = printed.t, printed.entries[0], _matter(printed)
    made = next((one for one in _facts(printed) if isinstance(one, CopiesMade)), None)
    cells = [Cell(t("forms.entered"), printed.moment(first.happened_at)), Cell(t("forms.by"), printed.person(first.by))]
    body = _body(matter)
    if matter is not None and body is not None:
        cells += [
            Cell(t("copying.form.number"), matter.number, "no"),
            Cell(t("ask.manner"), t(f"ask.manner.{body.manner}")),
            Cell(t("copying.where"), _where(printed, body.place, body.organisation)),
            Cell(t("ask.recipient"), printed.person(body.recipient)),
        ]
    signs: list[SignBox] = []
    if made is not None:
        cells += [Cell(t("ask.machine"), made.machine), Cell(t("copying.form.made"), str(made.count))]
        signs = [
            printed.signature(t("ask.copy.operator"), made.operator),
            printed.signature(t("ask.witness"), made.witness),
        ]
        if first.by not in (made.operator, made.witness):
            signs.insert(0, printed.signature(t("forms.by"), first.by))
    sources = dict.fromkeys(_source(line) for line in printed.lines if _copied(line) is not None)
    homes = dict.fromkeys(printed.place(one.place) for one in _facts(printed) if isinstance(one, Shelved))
    cells.append(Cell(t("field.home"), t("punctuation.list").join(homes), wide=len(homes) > 1))
    cells.append(Cell(t("copying.form.of"), t("punctuation.list").join(filter(None, sources)), wide=len(sources) > 1))
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=tuple(cells),
        columns=_columns(printed, Column(t("field.tag"), "epc")),
        rows=_rows(printed, (line for line in printed.lines if line.item and _copied(line)), _tag),
        duties=tuple(t(f"copying.form.duty.{name}") for name in ("register", "secret")),
        signs=tuple(signs),
        copies=(t("copying.form.copy.registry"), t("copying.form.copy.office")),
    )


# What the papers are made of.


def _facts(printed: Printed) -> list[Fact]:
    return [entry.fact for entry in printed.entries]


def _matter(printed: Printed) -> Matter | None:
    return next((matter for matter in printed.matters.values() if matter.kind == KEY), None)


def _body(matter: Matter | None) -> Copying | None:
    return None if matter is None else matter.body


def _where(printed: Printed, place: int | None, organisation: int | None) -> str:
    other = printed.directory.organisations.get(organisation or 0)
    if other is not None:
        return other.name_en if printed.visit.language == "en" and other.name_en else other.name
    return printed.place(place) if place is not None else ""


def _answered(printed: Printed, approval: Approval | None, step: str, label: str) -> SignBox:
    given = next((one for one in approval.given if one.step == step), None) if approval else None
    if given is None:
        return SignBox(label)
    name = printed.person(given.person)
    if given.on_behalf_of is not None:
        name = printed.t("destruction.form.signed_for", name=name, other=printed.person(given.on_behalf_of))
    return SignBox(label, name, printed.t("forms.comma").join(filter(None, (printed.day(given.at), given.note))))


def _copied(line: Line) -> Copied | None:
    return next((entry.fact for entry in line.entries if isinstance(entry.fact, Copied)), None)


def _columns(printed: Printed, *last: Column) -> tuple[Column, ...]:
    t = printed.t
    return (
        Column(t("forms.col.line"), "num"),
        Column(t("forms.col.number"), "no"),
        Column(t("forms.col.copy")),
        Column(t("forms.col.mark"), "mark"),
        Column(t("forms.col.title"), "title"),
        *last,
    )


def _rows(
    printed: Printed, lines: Iterable[Line], last: Callable[[Printed, Line], tuple[Value, ...]]
) -> tuple[tuple[Value, ...], ...]:
    rows: list[tuple[Value, ...]] = []
    for at, line in enumerate(lines, printed.first_line):
        item = line.item
        assert item is not None  # only lines with a carrier are drawn
        about = (printed.number_of(item), printed.copy_of(item), printed.mark(item), printed.title(item))
        rows.append((str(at), *about, *last(printed, line)))
    return tuple(rows)


def _pages(_printed: Printed, line: Line) -> tuple[Value, ...]:
    return ("" if line.item is None or line.item.pages is None else str(line.item.pages),)


def _tag(_printed: Printed, line: Line) -> tuple[Value, ...]:
    # In groups of four, so that it may wrap beside a long mark.
    return (next((epc_words(entry.fact.tag.epc) for entry in line.entries if isinstance(entry.fact, TagBound)), ""),)


def _source(line: Line) -> str:
    """A copy's number says of what it is one; a compilation is of all the papers of its application."""
    fact = _copied(line)
    return "" if fact is None or fact.manner == "compilation" else fact.description.control_number.rpartition("-")[0]
