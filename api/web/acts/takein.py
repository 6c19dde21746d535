"""Taking one carrier in: received from outside, or taken over from the ledger kept before."""

from typing import Any, get_args

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.acts.codes import resolve
from api.locale.sorting import by_name
from api.web.acts.pages import enter, storage
from api.web.acts.table import normal_epc
from api.web.render import render
from api.web.visit import FieldError, Form, Unfit, Visit, needs, posted
from api.web.words import level_name
from custody.access import Permission
from custody.entries import CarrierFact, Imported, Received, Shelved, TagBound
from custody.entries.disposition import Reissued
from custody.register import Directory
from custody.rules import Refused
from custody.values import CarrierKind, Description, Period, PeriodKind, Scope, Tag, Unit

router = APIRouter(include_in_schema=False)
clerk = needs(Permission.TAKE_IN)
KINDS: tuple[CarrierKind, ...] = get_args(CarrierKind)
PERIODS: tuple[PeriodKind, ...] = ("maximum", "years", "months", "date", "condition", "long_term")
MEDIA = ("paper", "disc", "magnetic", "flash", "film", "equipment", "other")


def _page(visit: Visit, directory: Directory, **context: Any) -> Response:
    levels = [level for level in visit.services.scheme.levels if level.rank <= visit.subject.clearance_rank]
    names: dict[str, Any] = {
        "options": {
            "kind": [(kind, visit.t(f"kind.{kind}")) for kind in KINDS],
            "medium": [(medium, visit.t(f"medium.{medium}")) for medium in MEDIA],
            "period": [(period, visit.t(f"period_kind.{period}")) for period in PERIODS],
            "level": [(level.code, level_name(visit.services.scheme, level.code, visit.language)) for level in levels],
            "unit": [
                (unit.id, unit_name(unit, visit.language)) for unit in by_name(directory.units.values(), visit.language)
            ],
        },
        "directory": directory,
        "storage": storage(visit, directory),
        "refusals": (),
        "scope": (),
    }
    return render(visit, "acts/take_in.html", **(names | context))


def unit_name(unit: Unit, language: str) -> str:
    """A unit's name in a language, where it has one."""
    return unit.name_en if language == "en" and unit.name_en else unit.name


def _directory(visit: Visit) -> Directory:
    with visit.reading() as connection:
        return visit.services.books.directory(connection)


@router.get("/take-in")
def take_in_page(visit: Visit = Depends(clerk)) -> Response:
    """The form."""
    return _page(visit, _directory(visit))


@router.post("/take-in")
def take_in(visit: Visit = Depends(clerk), form: Form = Depends(posted)) -> Response:
    """Enter the carrier, with its tag and its first place where they are given."""
    directory = _directory(visit)
    try:
        description, tag, place = _described(visit, form, directory)
        former = _former(visit, form)
    except Unfit as unfit:
        return _page(visit, directory, errors=unfit.errors, kept=form.kept(), scope=form.texts("scope"))
    (carrier,) = visit.services.books.reserve("carrier", 1)
    coming = Received if form.text("origin") == "received" else Imported
    facts: list[CarrierFact] = [coming(carrier, description)]
    facts += [Reissued(carrier, former)] if former else []
    facts += [TagBound(carrier, tag)] if tag else []
    facts += [Shelved(carrier, place)] if place else []

    def again(refused: Refused) -> Response:
        typed: dict[str, Any] = {"kept": form.kept(), "scope": form.texts("scope"), "status_code": 409}
        return _page(visit, directory, refusals=refused.refusals, **typed)

    return enter(visit, "take_in", facts, (), again)


def _described(visit: Visit, form: Form, directory: Directory) -> tuple[Description, Tag | None, int | None]:
    """The form's description, tag and place. Raises Unfit with everything that is wrong."""
    errors: list[FieldError] = []
    for name in ("control_number", "title"):
        if not form.text(name):
            errors.append(visit.error(name, "takein.needed", field=visit.t(f"field.{name}")))
    numbers = {name: _number(visit, form, name, errors) for name in ("copy_number", "copies", "pages")}
    levels = {level.code: level for level in visit.services.scheme.levels}
    level = levels.get(form.text("level"))
    if level is None:
        errors.append(visit.error("level", "takein.level_needed"))
    unit = form.number("unit")
    if unit not in directory.units:
        errors.append(visit.error("unit", "takein.unit_needed"))
    place = next((p.id for p in directory.places.values() if p.code.casefold() == form.text("place").casefold()), None)
    if form.text("place") and place is None:
        errors.append(visit.error("place", "acts.place_unknown"))
    if errors or level is None or unit is None:
        raise Unfit(errors)
    internal = level.period_years_max is None
    kind = form.text("period_kind")
    period = Period(
        "none" if internal else kind if kind in PERIODS else "maximum",
        "" if internal or kind in ("", "maximum", "long_term") else form.text("period_value"),
        "" if internal else form.text("authority"),
    )
    carrier_kind = form.text("kind")
    description = Description(
        control_number=form.text("control_number"),
        copy_number=numbers["copy_number"] or 1,
        copies=numbers["copies"] or 1,
        title=form.text("title"),
        kind=carrier_kind if carrier_kind in KINDS else "document",
        level=level.code,
        period=period,
        scope=Scope(tuple(scope for scope in form.texts("scope") if scope)),
        unit=unit,
        classified_on=form.text("classified_on"),
        basis=form.text("basis"),
        determined_by=form.text("determined_by"),
        medium=form.text("medium") if form.text("medium") in MEDIA else "paper",
        pages=numbers["pages"],
        issuer=form.text("issuer"),
        issuer_number=form.text("issuer_number"),
        remark=form.text("remark"),
        archive_by=form.text("archive_by"),
    )
    epc = normal_epc(form.text("epc"))
    return description, Tag(epc, normal_epc(form.text("tid")) or None) if epc else None, place


def _former(visit: Visit, form: Form) -> int | None:
    """What a paper was here before it went back to its issuer; None where it comes for the first time. Raises Unfit."""
    code = form.text("former")
    if not code:
        return None
    with visit.reading() as connection:
        found = resolve(connection, visit.subject, code)
    if found is None:
        raise Unfit([visit.error("former", "disposition.former_unknown")])
    return found.id


def _number(visit: Visit, form: Form, name: str, errors: list[FieldError]) -> int | None:
    value = form.number(name)
    if form.text(name) and (value is None or not 1 <= value <= 1_000_000):
        errors.append(visit.error(name, "takein.number_wrong"))
    return value
