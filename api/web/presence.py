"""What the site taught of its antennas: what each hears of each place, version by version, and which is in force.

Figures of machines and places, and nothing of any tag; the carriers whose tags answer weakly are told to whom may see
them, so that a sweep confirms those by eye.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.web.carriers import whole
from api.web.readers import manages, reads
from api.web.render import render, url
from api.web.visit import Form, Visit, posted
from custody.access import Permission
from custody.register import Directory
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries import CarrierItem
from custody.values import Place
from reconcile.presence import Calibration, Hearing
from reconcile.presence.calibration import DEFAULT_KIND, KINDS
from reconcile.store import calibrations
from reconcile.store.calibrations import VersionUnknown
from reconcile.store.learning import learn_site, weak_of
from reconcile.store.presence.site import load_site

router = APIRouter(include_in_schema=False)
REASON_MAX = 300
OTHERS_MAX = 3
"""Of the places that an antenna hears besides its own, so many are named, the best heard first."""
WEAK_MAX = 100


@dataclass(frozen=True, slots=True)
class Besides:
    """A place that an antenna hears besides its own."""

    place: Place
    hearing: Hearing


@dataclass(frozen=True, slots=True)
class EarLine:
    """An antenna and its place. `learnt`: from the site; else the defaults of the kind of place hold."""

    reader: str
    antenna: int
    place: Place
    hearing: Hearing
    learnt: bool
    besides: tuple[Besides, ...]


@dataclass(frozen=True, slots=True)
class Apart:
    """What two versions say of one antenna and place."""

    reader: str
    antenna: int
    place: Place | None
    before: Hearing | None
    after: Hearing | None


def ear_lines(ears: Sequence[tuple[str, int, int]], known: Calibration, directory: Directory) -> list[EarLine]:
    """A line an antenna: reader, number, place; in the order of places."""
    besides: dict[tuple[str, int], list[Besides]] = defaultdict(list)
    own = {(reader, number): place for reader, number, place in ears}
    for (reader, number, place), hearing in known.hearings.items():
        if own.get((reader, number)) != place and place in directory.places:
            besides[reader, number].append(Besides(directory.places[place], hearing))
    found = []
    for reader, number, at in ears:
        there = directory.places.get(at)
        if there is None:
            continue
        learnt = known.hearing(reader, number, at)
        hearing = learnt or KINDS.get(there.kind, DEFAULT_KIND).own
        others = sorted(besides[reader, number], key=lambda one: -one.hearing.chance)[:OTHERS_MAX]
        found.append(EarLine(reader, number, there, hearing, learnt is not None, tuple(others)))
    return sorted(found, key=lambda line: (line.place.code, line.reader, line.antenna))


@router.get("/presence")
def presence(visit: Visit = Depends(reads)) -> Response:
    """What is in force, or another version (`version`), held against a third (`against`)."""
    return _draw(visit)


def _draw(visit: Visit, asked: int | None = None, **more: Any) -> Response:
    params = visit.request.query_params
    with visit.machines() as connection:
        directory = visit.services.books.directory(connection)
        site = load_site(connection)
        in_force = calibrations.in_force(connection)
        asked = whole(params.get("version")) if asked is None else asked
        try:
            shown = in_force if asked is None else calibrations.calibration(connection, asked)
            other = whole(params.get("against"))
            against = None if other is None else calibrations.calibration(connection, other)
        except VersionUnknown as unknown:
            raise NotFound from unknown
        versions = calibrations.versions(connection, visit.language)
        uses = calibrations.uses(connection, visit.language)
    ears = [(reader, number, ear.place) for (reader, number), ear in site.ears.items() if not ear.side]
    apart = [] if against is None else [one for one in calibrations.differences(against, shown) if one.matters]
    names: dict[str, Any] = {
        "shown": shown,
        "in_force": in_force.version,
        "against": against,
        "apart": [Apart(*one.ear[:2], directory.places.get(one.ear[2]), one.before, one.after) for one in apart],
        "lines": ear_lines(ears, shown, directory),
        "versions": versions,
        "uses": uses,
        "weak": _weak(visit),
        "learnt": None,
        "manages": visit.may(Permission.MANAGE_READERS),
    }
    return render(visit, "presence/page.html", **(names | more))


def _weak(visit: Visit) -> list[CarrierItem]:
    """Carriers whose tags answer weakly, as far as the visitor may see any; on record as shown."""
    if not visit.may(Permission.SEE_CARRIERS):
        return []
    with visit.reading() as connection:
        found = [queries.carrier(connection, visit.subject, one) for one in weak_of(connection, WEAK_MAX)]
    visit.shows(*(item.id for item in found))
    return found


@router.post("/presence/learn")
def learn_now(visit: Visit = Depends(manages), form: Form = Depends(posted)) -> Response:
    """Learn from what was heard in the last hour."""
    learnt = learn_site(visit.services.database, visit.services.scheme, visit.now, visit.subject.person)
    return _draw(visit, learnt=learnt)


@router.post("/presence/use")
def put_in_force(visit: Visit = Depends(manages), form: Form = Depends(posted)) -> Response:
    """From now on everything is concluded by this version."""
    version, reason = form.number("version"), form.text("reason")[:REASON_MAX]
    if not reason:
        return _draw(visit, version, errors=(visit.error("reason", "presence.reason_needed"),), kept=form.kept())
    try:
        with visit.services.database.writing() as connection:
            calibrations.put_in_force(connection, version or 0, at=visit.now, by=visit.subject.person, reason=reason)
    except VersionUnknown as unknown:
        raise NotFound from unknown
    visit.services.bulletin.publish("readers")
    return RedirectResponse(url("/presence"), status_code=303)
