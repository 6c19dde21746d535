"""A row whose carrier is in the register already: what it says is held against what the books say, cell by cell.

Compared is only what a cell says something about. An import takes in, it never amends.
"""

from collections.abc import Callable, Mapping

from api.locale import LANGUAGES, translate
from api.workbook.cells import on_one_line
from api.workbook.model import CarrierRow
from api.workbook.naming import Draft, Unfound
from custody import clock
from custody.register import CarrierState
from custody.scheme import Scheme
from custody.values import Period

HIDDEN = frozenset(translate(language, "titles.hidden") for language in LANGUAGES)
"""What an export says instead of a title that was hidden."""


def _lasts(period: Period, level: str, scheme: Scheme) -> tuple[str, str]:
    """What a period comes to: unmarked is the maximum of its level."""
    if period.kind in ("maximum", "none"):
        years = scheme.level(level).period_years_max
        return ("none", "") if years is None else ("years", str(years))
    return period.kind, period.value.strip() if period.kind in ("years", "months", "date", "condition") else ""


def _period_same(row: CarrierRow, state: CarrierState, _draft: Draft, scheme: Scheme) -> bool:
    if row.period.kind == "maximum":
        # Nothing was said, unless by the mark itself.
        return True
    said, kept = (_lasts(one, state.description.level, scheme) for one in (row.period, state.description.period))
    return said == kept


def _plain(name: str) -> Callable[[CarrierRow, CarrierState, Draft, Scheme], bool]:
    def same(row: CarrierRow, state: CarrierState, _draft: Draft, _scheme: Scheme) -> bool:
        said, kept = getattr(row, name), getattr(state.description, name)
        return not said or said == (on_one_line(kept) if isinstance(kept, str) else kept)

    return same


def _title_same(row: CarrierRow, state: CarrierState, _draft: Draft, _scheme: Scheme) -> bool:
    return row.title in HIDDEN or row.title == on_one_line(state.description.title)


def _named(sort: str, name: str) -> Callable[[CarrierRow, CarrierState, Draft, Scheme], bool]:
    """Whether what a cell names may be what the books have: a name that two bear is not held against either."""

    def same(row: CarrierRow, state: CarrierState, draft: Draft, _scheme: Scheme) -> bool:
        text = getattr(row, name)
        kept = state.description.unit if name == "unit" else getattr(state, name)
        things: Mapping[int, object] = getattr(draft.directory, f"{sort}s")
        if not text or kept is None:
            return not text
        known = things.get(kept)
        texts = {getattr(known, one, "") for one in ("code", "number", "name", "name_en")}
        if text.casefold() in {on_one_line(one).casefold() for one in texts if one}:
            return True
        try:
            return bool(getattr(draft, f"{sort}s").find(text) == kept)
        except Unfound:
            return False

    return same


def _due_same(row: CarrierRow, state: CarrierState, _draft: Draft, scheme: Scheme) -> bool:
    kept = "" if state.due_at is None else clock.day(state.due_at, scheme.timezone)
    return row.due_on in ("", kept)


def _tags_same(row: CarrierRow, state: CarrierState, _draft: Draft, _scheme: Scheme) -> bool:
    epcs = [tag.epc for tag in state.tags]
    return not row.epc or row.epc in (*epcs, "".join(epcs), "".join(sorted(epcs)))


def _copies_same(row: CarrierRow, state: CarrierState, _draft: Draft, _scheme: Scheme) -> bool:
    return row.copies == state.description.copies


_SAME: Mapping[str, Callable[[CarrierRow, CarrierState, Draft, Scheme], bool]] = {
    "title": _title_same,
    "copies": _copies_same,
    "level": _plain("level"),
    "period": _period_same,
    "kind": _plain("kind"),
    "pages": _plain("pages"),
    "classified_on": _plain("classified_on"),
    "basis": _plain("basis"),
    "determined_by": _plain("determined_by"),
    "issuer": _plain("issuer"),
    "issuer_number": _plain("issuer_number"),
    "remark": _plain("remark"),
    "archive_by": _plain("archive_by"),
    "unit": _named("unit", "unit"),
    "home": _named("place", "home"),
    "holder": _named("person", "holder"),
    "due_on": _due_same,
    "epc": _tags_same,
}


def compare(row: CarrierRow, state: CarrierState, draft: Draft, scheme: Scheme) -> bool:
    """Note each cell that says something else than the register; whether none does."""
    before = len(draft.problems.found)
    headings = draft.problems.workbook.headings
    for name, same in _SAME.items():
        if (row.sheet, name) in headings and not same(row, state, draft, scheme):
            draft.problems.add(row, name, _written(row, name), "cell_differs", {"registered": kept(state, name, draft)})
    return len(draft.problems.found) == before


def _written(row: CarrierRow, name: str) -> str:
    value = row.period.value or row.period.kind if name == "period" else getattr(row, name)
    return "" if value is None else str(value)


def kept(state: CarrierState, name: str, draft: Draft) -> str:
    """What the register says, in the words of the books; never a title."""
    described = state.description
    directory = draft.directory
    found: object
    match name:
        case "title":
            found = "…"
        case "period":
            found = described.period.value or described.period.kind
        case "unit":
            found = unit.name if (unit := directory.units.get(described.unit)) else ""
        case "home":
            found = place.code if (place := directory.places.get(state.home or 0)) else ""
        case "holder":
            found = person.name if (person := directory.persons.get(state.holder or 0)) else ""
        case "due_on":
            found = "" if state.due_at is None else clock.day(state.due_at, draft.timezone)
        case "epc":
            found = " ".join(tag.epc for tag in state.tags)
        case _:
            found = getattr(described, name)
    return str(found if found not in (None, "") else "—")
