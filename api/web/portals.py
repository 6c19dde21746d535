"""A portal: whether both its sides watch, what went by and how surely, what its guard told, what lies there."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.web.places import AntennaStrip, strip
from api.web.render import render
from api.web.visit import Form, Visit, needs, posted
from custody.access import Permission
from custody.register import Directory
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries import CarrierItem
from custody.values import DAY, SECOND, Instant, Place
from reconcile.checks import Thresholds
from reconcile.checks.portals import blind_parts
from reconcile.store import portals as store
from reconcile.store import readers
from reconcile.store.coverage import listening
from reconcile.store.portals import BeamSetting, PortalInvalid

router = APIRouter(include_in_schema=False)
sees = needs(Permission.SEE_PLACES, Permission.SEE_READERS)
manages = needs(Permission.MANAGE_READERS)
SHOWN = 40
CHANGES = 12
PART_ORDER = (
    *("order", "end", "before", "after", "crossover", "beam", "reads", "sides", "peak", "still", "strength"),
    *("together", "one_side", "returned", "parked", "base"),
)
"""Parts of a score, what tells the direction first; also those of the models before."""


@dataclass(frozen=True, slots=True)
class PassageLine:
    """One passage, or what looked like one. `parts`: name and weight; `way`: how the beam was crossed, or empty."""

    at: Instant
    carrier: CarrierItem | None
    epc: str
    direction: str
    grade: str
    score: float | None
    parts: tuple[tuple[str, float], ...]
    ways: tuple[str, ...]
    beam_whole: bool
    clock_apart: bool
    late: bool
    revises: str


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """What the guard told."""

    at: Instant
    received_at: Instant
    carrier: CarrierItem | None
    epc: str
    direction: str
    level: str
    score: float
    reason: str
    door_list: int
    outputs: str
    outcome: str
    finding: str | None


@dataclass(frozen=True, slots=True)
class LyingLine:
    """What lay there for over a minute."""

    since_at: Instant
    until_at: Instant
    carrier: CarrierItem | None
    epc: str
    sides: tuple[str, ...]


def _parts(evidence: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    parts = evidence.get("parts")
    if not isinstance(parts, Mapping):
        return ()
    return tuple((name, float(parts[name])) for name in PART_ORDER if name in parts)


def _passage(row: Any, items: Mapping[int, CarrierItem], limits: Thresholds) -> PassageLine:
    evidence = json.loads(row.evidence or "{}")
    beam = evidence.get("beam") or {}
    score = row.score
    sure = score is not None and score >= limits.alarm_score and row.direction != "unknown"
    doubtful = score is not None and score >= limits.suspect_score
    return PassageLine(
        at=row.until_at,
        carrier=items.get(row.carrier),
        epc=row.epc,
        direction=row.direction,
        grade="sure" if sure else "doubtful" if doubtful else "faint",
        score=score,
        parts=_parts(evidence),
        ways=tuple(str(one.get("way")) for one in beam.get("passes", ())),
        beam_whole=bool(beam.get("watched")) and not beam.get("passes"),
        clock_apart=bool(beam.get("offset_flagged")),
        late=bool(evidence.get("late")),
        revises=str(evidence.get("revises") or ""),
    )


def _alarm(row: Any, items: Mapping[int, CarrierItem]) -> AlarmLine:
    return AlarmLine(
        at=row.at,
        received_at=row.received_at,
        carrier=items.get(row.carrier),
        epc=row.epc,
        direction=row.direction,
        level=row.level,
        score=row.score,
        reason=row.reason,
        door_list=row.door_list,
        outputs=row.outputs,
        outcome=row.outcome,
        finding=row.finding,
    )


def _carriers(connection: Any, visit: Visit, rows: Iterable[Any]) -> dict[int, CarrierItem]:
    wanted = {row.carrier for row in rows if row.carrier is not None}
    items = queries.carriers_by_id(connection, visit.subject, wanted) if wanted else {}
    visit.shows(*items)
    return items


def _portal(directory: Directory, identifier: int) -> Place:
    place = directory.places.get(identifier)
    if place is None or place.kind != "portal":
        raise NotFound
    return place


def _strips(connection: Any, visit: Visit, place: int) -> tuple[AntennaStrip, ...]:
    after = visit.services.scheme.number("reader_silent_after_seconds") * SECOND
    heard = listening(connection, place, visit.now)
    return tuple(strip(one, visit.now - DAY, visit.now, after) for one in heard)


@router.get("/portals/{identifier}")
def portal_page(identifier: int, visit: Visit = Depends(sees)) -> Response:
    """One portal."""
    return _draw(visit, identifier)


def _draw(visit: Visit, identifier: int, **more: Any) -> Response:
    limits = Thresholds.of(visit.services.scheme)
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        place = _portal(directory, identifier)
        case = store.portal_cases(connection, {}, visit.now).get(identifier)
        beam = store.beam_settings(connection).get(identifier)
        passages: Sequence[Any] = ()
        alarms: Sequence[Any] = ()
        lying: Sequence[Any] = ()
        if visit.may(Permission.SEE_CARRIERS):
            passages = store.heard_at(connection, identifier, SHOWN)
            alarms = store.alarms_at(connection, {place.code}, case.readers if case else (), SHOWN)
            lying = store.lying_at(connection, identifier, SHOWN)
        items = _carriers(connection, visit, [*passages, *alarms, *lying])
        names: dict[str, Any] = {
            "place": place,
            "directory": directory,
            "case": case,
            "blind": blind_parts(case, visit.now, limits) if case else (),
            "strips": _strips(connection, visit, identifier),
            "beam": beam,
            "changes": store.beam_changes(connection, beam, CHANGES) if beam else (),
            "passages": [_passage(row, items, limits) for row in passages],
            "alarms": [_alarm(row, items) for row in alarms],
            "lying": [_lying(row, items) for row in lying],
            "manages": visit.may(Permission.MANAGE_READERS),
            "reader_options": [(one, one) for one in readers.names(connection)],
            "side_of": _side_of(beam),
        }
    return render(visit, "portals/one.html", **(names | more))


def _lying(row: Any, items: Mapping[int, CarrierItem]) -> LyingLine:
    return LyingLine(row.since_at, row.until_at, items.get(row.carrier), row.epc, tuple(row.sides.split()))


def _side_of(beam: BeamSetting | None) -> Mapping[int, str]:
    return {} if beam is None else {beam.inside: "inside", beam.outside: "outside"}


@router.post("/portals/{identifier}/beam")
def set_beam(identifier: int, visit: Visit = Depends(manages), form: Form = Depends(posted)) -> Response:
    """Say which inputs of which reader are the portal's beam, or that it has none."""
    with visit.reading() as connection:
        _portal(visit.services.books.directory(connection), identifier)
    beam: BeamSetting | None = None
    if form.text("do") != "remove":
        inside, outside = form.number("beam_inside"), form.number("beam_outside")
        if inside is None or outside is None:
            name = "beam_inside" if inside is None else "beam_outside"
            return _draw(visit, identifier, errors=(visit.error(name, "portals.beam_wrong"),), kept=form.kept())
        beam = BeamSetting(form.text("beam_reader"), inside, outside, form.text("beam_broken") != "inactive")
    try:
        with visit.services.database.writing() as connection:
            store.set_beam(connection, identifier, beam)
    except PortalInvalid:
        errors = (visit.error("beam_inside", "portals.beam_wrong"),)
        return _draw(visit, identifier, errors=errors, kept=form.kept())
    visit.services.bulletin.publish("readers")
    return RedirectResponse(f"/portals/{identifier}", status_code=303)
