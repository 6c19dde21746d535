"""From rows to facts: references looked up, every row held against the rules of the books, identifiers last.

The rules are those of `custody.procedures`, asked here as the store will ask them again when the plan is entered.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import groupby

from api.workbook.cells import CellWrong
from api.workbook.cells import post_class as parsed_post_class
from api.workbook.comparing import compare
from api.workbook.model import CarrierRow, Params, RowError, RowNote, Workbook
from api.workbook.naming import PROVISIONAL, Draft, Unfound, directory_with, exchanged
from custody.access import INSTALLATION, Subject
from custody.clock import day, end_of_day, moment
from custody.entries import (
    Borrowed,
    Fact,
    Imported,
    PersonRecorded,
    PlaceRecorded,
    Shelved,
    TagBound,
    UnitRecorded,
)
from custody.life_cycle import Status
from custody.procedures import RULES
from custody.register import CarrierState, Directory
from custody.rules import Rule, Situation
from custody.scheme import Scheme
from custody.values import Description, Instant, Scope, Tag

Registered = Mapping[tuple[str, int], CarrierState]
"""Carriers that are in the register and may be seen, by number and copy."""
Allocate = Callable[[str, int], range]
"""(kind, count) -> that many identifiers never given before; kind is `unit`, `person`, `place` or `carrier`."""

_RULES_OF: Mapping[type[Fact], tuple[Rule, ...]] = {
    kind: tuple(rule for rule in RULES if issubclass(kind, rule.facts))
    for kind in (Imported, TagBound, Shelved, Borrowed)
}
_COLUMN_OF: Mapping[str, str] = {
    "text_missing": "title",
    "copy_impossible": "copy",
    "number_taken": "number",
    "pages_impossible": "pages",
    "scope_unclear": "scope",
    "beyond_own_sight": "level",
    "epc_malformed": "epc",
    "tid_malformed": "tid",
    "epc_known": "epc",
    "level_unknown": "level",
    "period_missing": "period",
    "period_beyond_maximum": "period",
    "period_unclear": "period",
    "period_on_internal": "period",
    "date_invalid": "classified_on",
    "no_storage": "home",
    "rated_too_low": "home",
    "borrower_unknown": "holder",
    "borrower_left": "holder",
    "not_cleared": "holder",
    "outside_scope": "holder",
    "overdue_loans": "holder",
    "due_in_past": "due_on",
    "due_too_late": "due_on",
}
"""Refusal -> the column that it is about."""

_TOLD_EVERY = 500
_ALL = frozenset({"全体", "全体人员", "全院", "所有人员", "all", "everyone"})


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan that began before the ledger was taken over. Entries of one act share `happened_at`: enter by day."""

    borrowed_at: Instant
    """Beginning of the day on which it was borrowed, in the organisation's time zone."""
    fact: Borrowed
    sheet: str
    row: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be entered. With errors, or without an allocation (a dry run), there are no facts."""

    facts: tuple[Fact, ...] = ()
    """Units, persons, places, each after what it refers to; then of each carrier Imported, TagBound, Shelved."""
    rows: tuple[tuple[str, int], ...] = ()
    """Of each fact the sheet and row that say so."""
    loans: tuple[Loan, ...] = ()
    """By the day of borrowing."""
    errors: tuple[RowError, ...] = ()
    notes: tuple[RowNote, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    """units, persons, places: new ones; carriers, tags, shelved, loans; unchanged: rows that add nothing."""
    as_of: str = ""
    timezone: str = "UTC"

    def loans_by_day(self) -> Iterator[tuple[Instant, tuple[Borrowed, ...]]]:
        """The loans that may share an act, earliest first."""
        for borrowed_at, loans in groupby(self.loans, key=lambda loan: loan.borrowed_at):
            yield borrowed_at, tuple(loan.fact for loan in loans)


@dataclass(slots=True)
class _Taken:
    """A carrier that may come in, all identifiers provisional."""

    row: CarrierRow
    description: Description
    home: int | None
    holder: int | None


@dataclass(slots=True)
class _Asking:
    draft: Draft
    situation: Situation
    scheme: Scheme
    default_unit: str
    registered: Registered = field(default_factory=dict)
    told: Callable[[int], None] | None = None
    principals: dict[str, str] = field(default_factory=dict)

    def refused(self, row: CarrierRow, state: CarrierState | None, fact: Fact) -> bool:
        """Whether a rule objects; what it says is noted."""
        objected = False
        for rule in _RULES_OF[type(fact)]:
            params = rule.check(state, fact, self.situation)
            if params is not None:
                objected = True
                name = _COLUMN_OF.get(rule.code, "number")
                said = {"clause": rule.clause, "refusal": rule.code, **params}
                self.draft.problems.add(row, name, _value(row, name), "refused", said)
        return objected


def resolve(
    workbook: Workbook,
    directory: Directory,
    *,
    scheme: Scheme,
    now: Instant,
    known_numbers: Set[tuple[str, int]] = frozenset(),
    known_epcs: Collection[str] = frozenset(),
    allocate: Allocate | None = None,
    subject: Subject = INSTALLATION,
    default_unit: str = "",
    registered: Registered | None = None,
    told: Callable[[int], None] | None = None,
) -> Plan:
    """Hold the workbook against the directory, the numbers (with copy) and EPCs registered, and the rules.

    `allocate` is asked only when nothing is wrong; without it this is a dry run. `default_unit` names the unit that
    answers for carriers whose row names none. A row whose carrier is among the `registered` and says what the register
    says has nothing to add; each cell that says otherwise is an error, for an import never amends. `told` is told now
    and then how many rows were judged. Every error is in the plan, those of the reading first.
    """
    draft = directory_with(workbook, directory)
    draft.timezone = scheme.timezone
    situation = Situation(
        subject=subject,
        scheme=scheme,
        directory=draft.directory,
        now=now,
        day=day(now, scheme.timezone),
        epcs_known=dict.fromkeys(known_epcs, 0),
        numbers_taken=known_numbers,
        taking_over=True,
    )
    asking = _Asking(draft, situation, scheme, default_unit, registered or {}, told)
    _check_repeats(workbook.carriers, draft)
    known = [row for row in workbook.carriers if (row.number, row.copy) in asking.registered]
    new = (
        [row for row in workbook.carriers if (row.number, row.copy) not in asking.registered]
        if known
        else (workbook.carriers)
    )
    no_unit = bool(new) and not default_unit and not any(row.unit for row in new)
    if no_unit:
        draft.problems.add(new[0], "unit", "", "unit_missing")
    unchanged = sum(compare(row, asking.registered[row.number, row.copy], draft, scheme) for row in known)
    taken = [one for row in _counted(new, told) if (one := _carrier(row, asking, no_unit)) is not None]
    errors = (*workbook.errors, *draft.problems.found)
    plan = Plan(
        errors=errors,
        notes=(*workbook.notes, *_notes(new, scheme)),
        counts=_counts(draft, new) | {"unchanged": unchanged},
        as_of=workbook.as_of,
        timezone=scheme.timezone,
    )
    return plan if errors or allocate is None else _entered(plan, draft, taken, allocate)


def _counted(rows: Sequence[CarrierRow], told: Callable[[int], None] | None) -> Iterator[CarrierRow]:
    """The rows, telling how far one is."""
    for number, row in enumerate(rows):
        if told is not None and number % _TOLD_EVERY == 0:
            told(number)
        yield row


def _counts(draft: Draft, rows: Sequence[CarrierRow]) -> dict[str, int]:
    return {
        "units": len(draft.new_units),
        "persons": len(draft.new_persons),
        "places": len(draft.new_places),
        "carriers": len(rows),
        "tags": sum(bool(row.epc) for row in rows),
        "shelved": sum(bool(row.home) for row in rows),
        "loans": sum(bool(row.holder) for row in rows),
    }


def _notes(rows: Sequence[CarrierRow], scheme: Scheme) -> Iterator[RowNote]:
    """What stands against nothing, but should not surprise: once a sheet, with the first row."""
    conditions: tuple[tuple[str, Callable[[CarrierRow], bool]], ...] = (
        ("scope_blank", lambda row: not row.scope),
        ("untagged", lambda row: not row.epc),
        ("unshelved", lambda row: not row.home),
        ("outside_block", lambda row: bool(row.epc) and not row.epc.startswith(scheme.epc_block)),
    )
    for sheet in dict.fromkeys(row.sheet for row in rows):
        for code, holds in conditions:
            found = [row.row for row in rows if row.sheet == sheet and holds(row)]
            if found:
                yield RowNote(sheet, code, {"rows": len(found), "first": found[0]})


def _check_repeats(rows: Sequence[CarrierRow], draft: Draft) -> None:
    """One row a carrier, one tag a carrier, one number of copies a title."""
    numbers: dict[tuple[str, int], CarrierRow] = {}
    epcs: dict[str, CarrierRow] = {}
    copies: dict[str, CarrierRow] = {}
    for row in rows:
        first = numbers.setdefault((row.number, row.copy), row)
        if first is not row:
            draft.problems.add(row, "number", f"{row.number} {row.copy}/{row.copies}", "number_repeated", _at(first))
        if row.epc and (first := epcs.setdefault(row.epc, row)) is not row:
            draft.problems.add(row, "epc", row.epc, "epc_repeated", _at(first))
        other = copies.setdefault(row.number, row)
        if other.copies != row.copies:
            params = {**_at(other), "copies": other.copies}
            draft.problems.add(row, "copies", str(row.copies), "copies_disagree", params)


def _at(row: CarrierRow) -> Params:
    return {"first_sheet": row.sheet, "first": row.row}


def _carrier(row: CarrierRow, asking: _Asking, no_unit: bool) -> _Taken | None:
    """The carrier if it may come in; what stands against it is noted."""
    draft = asking.draft
    before = len(draft.problems.found)
    named = row.unit or asking.default_unit
    unit = draft.unit(row, "unit", named)
    if not named and not no_unit:
        draft.problems.add(row, "unit", "", "unit_missing")
    home = draft.place(row, "home", row.home)
    holder = draft.person(row, "holder", row.holder)
    scope = _scope(row, asking)
    _check_loan(row, asking)
    if unit is None:
        return None
    description = Description(
        control_number=row.number,
        copy_number=row.copy,
        copies=row.copies,
        title=row.title,
        kind=row.kind,
        level=row.level,
        period=row.period,
        scope=scope,
        unit=unit,
        classified_on=row.classified_on,
        basis=row.basis,
        determined_by=row.determined_by,
        medium=row.medium,
        pages=row.pages,
        issuer=row.issuer,
        issuer_number=row.issuer_number,
        remark=row.remark,
        archive_by=row.archive_by,
    )
    asking.refused(row, None, Imported(PROVISIONAL, description))
    state = CarrierState(PROVISIONAL, description, "legacy", Status.IN_PLACE, since_at=asking.situation.now)
    if row.epc:
        asking.refused(row, state, TagBound(PROVISIONAL, Tag(row.epc, row.tid)))
    if home is not None:
        asking.refused(row, state, Shelved(PROVISIONAL, home))
    if holder is not None and row.due_on:
        _ask_loan(row, state, holder, asking)
    return _Taken(row, description, home, holder) if len(draft.problems.found) == before else None


def _ask_loan(row: CarrierRow, state: CarrierState, holder: int, asking: _Asking) -> None:
    asking.refused(row, state, Borrowed(PROVISIONAL, holder, end_of_day(row.due_on, asking.scheme.timezone)))


def _check_loan(row: CarrierRow, asking: _Asking) -> None:
    """A loan has a holder and two days, in order, and has begun."""
    problems = asking.draft.problems
    if not (row.holder or row.borrowed_on or row.due_on):
        return
    for name, value in (("holder", row.holder), ("borrowed_on", row.borrowed_on), ("due_on", row.due_on)):
        if not value:
            problems.add(row, name, "", f"{name}_missing")
    if row.borrowed_on and row.due_on and row.due_on < row.borrowed_on:
        problems.add(row, "due_on", row.due_on, "due_before_borrowed", {"borrowed_on": row.borrowed_on})
    if row.borrowed_on > asking.situation.day:
        problems.add(row, "borrowed_on", row.borrowed_on, "borrowed_in_future", {"day": asking.situation.day})


def _scope(row: CarrierRow, asking: _Asking) -> Scope:
    found: list[str] = []
    for name in row.scope:
        if name not in asking.principals:
            try:
                asking.principals[name] = _principal(name, asking.draft)
            except Unfound as why:
                asking.draft.problems.add(row, "scope", name, f"scope_{why.reason}", {"name": name})
                continue
        found.append(asking.principals[name])
    return Scope(tuple(dict.fromkeys(found)))


def _principal(name: str, draft: Draft) -> str:
    """`all`, `post:CLASS`, `unit:ID` or `person:ID`; a person's number and name are tried last. Raises Unfound."""
    if name.casefold() in _ALL:
        return "all"
    # What is no class of post is a unit or a person.
    with suppress(CellWrong):
        if post := parsed_post_class(name):
            return f"post:{post}"
    reason = "unknown"
    for sort, names in (("unit", draft.units), ("person", draft.persons)):
        try:
            return f"{sort}:{names.find(name)}"
        except Unfound as why:
            reason = why.reason if why.reason != "unknown" else reason
    raise Unfound(reason)


def _value(row: CarrierRow, name: str) -> str:
    if name == "period":
        return row.period.value or row.period.kind
    value = getattr(row, name)
    return "、".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


def _entered(plan: Plan, draft: Draft, taken: Sequence[_Taken], allocate: Allocate) -> Plan:
    """The plan with its facts, under identifiers that are now given."""
    names: dict[int, int] = {}
    for kind, things in (
        ("unit", [unit.id for unit, _row in draft.new_units]),
        ("person", [person.id for person, _row in draft.new_persons]),
        ("place", [place.id for place, _row in draft.new_places]),
    ):
        if things:
            names |= dict(zip(things, allocate(kind, len(things)), strict=True))
    facts: list[Fact] = []
    rows: list[tuple[str, int]] = []
    for unit, unit_row in draft.new_units:
        facts.append(UnitRecorded(exchanged(unit, names)))
        rows.append((unit_row.sheet, unit_row.row))
    for person, person_row in draft.new_persons:
        facts.append(PersonRecorded(exchanged(person, names)))
        rows.append((person_row.sheet, person_row.row))
    for place, place_row in draft.new_places:
        facts.append(PlaceRecorded(exchanged(place, names)))
        rows.append((place_row.sheet, place_row.row))
    loans: list[Loan] = []
    carriers = allocate("carrier", len(taken)) if taken else range(0)
    for carrier, one in zip(carriers, taken, strict=True):
        own = _carrier_facts(carrier, one, names)
        facts += own
        rows += [(one.row.sheet, one.row.row)] * len(own)
        if one.holder is not None:
            loans.append(_loan(carrier, one, names.get(one.holder, one.holder), plan.timezone))
    loans.sort(key=lambda loan: loan.borrowed_at)
    return replace(plan, facts=tuple(facts), rows=tuple(rows), loans=tuple(loans))


def _carrier_facts(carrier: int, one: _Taken, names: Mapping[int, int]) -> list[Fact]:
    scope = Scope(tuple(_exchanged_principal(principal, names) for principal in one.description.scope.principals))
    unit = names.get(one.description.unit, one.description.unit)
    facts: list[Fact] = [Imported(carrier, replace(one.description, scope=scope, unit=unit))]
    if one.row.epc:
        facts.append(TagBound(carrier, Tag(one.row.epc, one.row.tid)))
    if one.home is not None:
        facts.append(Shelved(carrier, names.get(one.home, one.home)))
    return facts


def _exchanged_principal(principal: str, names: Mapping[int, int]) -> str:
    sort, _, identifier = principal.partition(":")
    if sort not in ("unit", "person"):
        return principal
    return f"{sort}:{names.get(int(identifier), int(identifier))}"


def _loan(carrier: int, one: _Taken, holder: int, timezone: str) -> Loan:
    due = end_of_day(one.row.due_on, timezone)
    return Loan(
        _beginning(date.fromisoformat(one.row.borrowed_on), timezone),
        Borrowed(carrier, holder, due),
        one.row.sheet,
        one.row.row,
    )


def _beginning(of: date, timezone: str) -> Instant:
    """The first microsecond of a day."""
    return end_of_day((of - timedelta(days=1)).isoformat(), timezone) + 1


def shift_loans(plan: Plan, days: int) -> Plan:
    """The plan with its loans that many days later, except those already overdue on the day the ledger speaks of.

    Raises ValueError where the workbook does not say as of when it was drawn up.
    """
    if not plan.as_of:
        raise ValueError("the workbook does not say as of when it was drawn up; write it above the headers")
    drawn_up = end_of_day(plan.as_of, plan.timezone)

    def later(at: Instant) -> date:
        return moment(at, plan.timezone).date() + timedelta(days=days)

    def shifted(loan: Loan) -> Loan:
        if loan.fact.due_at < drawn_up:
            return loan
        fact = replace(loan.fact, due_at=end_of_day(later(loan.fact.due_at).isoformat(), plan.timezone))
        return replace(loan, borrowed_at=_beginning(later(loan.borrowed_at), plan.timezone), fact=fact)

    loans = sorted((shifted(loan) for loan in plan.loans), key=lambda loan: loan.borrowed_at)
    return replace(plan, loans=tuple(loans))
