"""Readers: who listens, since when, and where nobody does; for the system administrator also their set-up."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.locale import known
from api.store import Connection
from api.web import words
from api.web.overview import Strip, strip_of
from api.web.render import render
from api.web.visit import FieldError, Form, Visit, needs, posted
from custody.access import Permission
from custody.register import Directory
from custody.rules import NotFound
from custody.values import SECOND, Place
from readers.sighting import Instant
from reconcile.store import devices as admitted
from reconcile.store import health, minutes
from reconcile.store import readers as store
from reconcile.store.coverage import listening
from reconcile.store.minutes import BAR, Figures
from reconcile.store.outbox import outboxes
from reconcile.store.readers import ReaderHealth
from reconcile.store.references import SILENCE_SECONDS

router = APIRouter(include_in_schema=False)
reads = needs(Permission.SEE_READERS)
manages = needs(Permission.MANAGE_READERS)
TITLE_MAX, NAME_MAX = 80, 64
HOUR = 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Health:
    """A reader's state as shown: colour class, icon, key of its word; `since`: of that state."""

    kind: str
    icon: str
    key: str
    since: Instant | None


def health_of(reader: ReaderHealth, now: Instant, silent_after: int, reference_after: int = SILENCE_SECONDS) -> Health:
    """How a reader is. It listens only while its coverage says so; what it says of itself is no proof."""
    if not reader.known:
        return Health("due", "ask", "unknown", reader.state_at)
    if not reader.enabled:
        return Health("mute", "deaf", "disabled", None)
    heard = reader.through_at
    if heard is not None and now - heard <= silent_after * SECOND:
        late = [one for one in reader.antennas if one.place is not None and _late(one.through_at, now, silent_after)]
        if late:
            return Health("due", "alert", "partly", min(one.through_at or 0 for one in late) or None)
        deaf = [one for one in reader.antennas if one.silent_for() > reference_after * SECOND]
        if deaf:
            return Health("due", "alert", "deaf", min(one.reference_at or 0 for one in deaf) or None)
        return Health("ok", "wave", "listening", reader.state_at if reader.state == "listening" else None)
    return Health("deaf", "deaf", "silent", heard)


def _late(through: Instant | None, now: Instant, silent_after: int) -> bool:
    return through is None or now - through > silent_after * SECOND


def state_words(visit: Visit, state: str) -> str:
    """What a reader says of itself, in words."""
    key = f"reader_state.{state}"
    return visit.t(key) if known(key) else state


def healths_of(visit: Visit, found: Sequence[ReaderHealth]) -> dict[str, Health]:
    """How each reader is, by its name."""
    number = visit.services.scheme.number
    after, reference = number("reader_silent_after_seconds"), number("reference_silent_after_seconds")
    return {one.name: health_of(one, visit.now, after, reference) for one in found}


WORST = ("deaf", "due", "ok", "mute")
"""Colours of a reader's state, the worst first."""


def worst_first(found: Sequence[ReaderHealth], health: Mapping[str, Health]) -> list[ReaderHealth]:
    """The readers in the order of their list."""
    return sorted(found, key=lambda one: (WORST.index(health[one.name].kind), one.name))


def _strip(
    connection: Connection, visit: Visit, reader: ReaderHealth, directory: Directory, hours: int = 24
) -> Strip | None:
    """The reader's listening of the last hours: all its configured antennas at once."""
    late = visit.now - visit.services.scheme.number("reader_silent_after_seconds") * SECOND
    antennas, place = [], None
    for one in {antenna.place for antenna in reader.antennas if antenna.place is not None}:
        place = directory.places.get(one) or place
        antennas += [a.intervals for a in listening(connection, one, visit.now, hours) if a.reader == reader.name]
    return strip_of(place, antennas, visit.now, late, hours * HOUR) if place and antennas else None


@router.get("/readers")
def readers_page(visit: Visit = Depends(reads)) -> Response:
    """The list, the losses, and for the system administrator the devices."""
    return _draw_list(visit)


def _draw_list(visit: Visit, token: str = "", **more: Any) -> Response:
    with visit.machines() as connection:
        found = store.readers(connection, visit.now)
        directory = visit.services.books.directory(connection)
        strips = {one.name: _strip(connection, visit, one, directory) for one in found}
        losses = store.losses(connection, 10)
        devices = admitted.devices(connection) if visit.may(Permission.MANAGE_READERS) else []
        waiting = outboxes(connection) if devices else {}
    states = healths_of(visit, found)
    names: dict[str, Any] = {
        "readers": worst_first(found, states),
        "health": states,
        "strips": strips,
        "losses": losses,
        "devices": devices,
        "outboxes": waiting,
        "directory": directory,
        "manages": visit.may(Permission.MANAGE_READERS),
        "token": token,
        "old_until": None,
        "state_words": lambda state: state_words(visit, state),
        "loss_words": lambda detail: loss_words(visit, detail),
    }
    return render(visit, "readers/list.html", **(names | more))


@router.get("/readers/{name}")
def reader_page(name: str, visit: Visit = Depends(reads)) -> Response:
    """One reader: health, antennas, events; its set-up for who may change it."""
    return _draw_one(visit, name)


@dataclass(frozen=True, slots=True)
class Bar:
    """Reads of a quarter of an hour, as drawn: left edge, top and height, in the chart's own units."""

    x: float
    y: float
    height: float
    at: Instant
    reads: int


CHART_WIDTH, CHART_HEIGHT, BAR_WIDTH = 480, 64, 4


def bars_of(figures: Figures, now: Instant) -> tuple[Bar, ...]:
    """The reads of the last day as bars; the tallest fills the chart."""
    most = max((reads for _, reads in figures.bars), default=0)
    first = now - now % BAR - 95 * BAR
    found = []
    for at, reads in figures.bars:
        if at >= first and reads:
            height = round(max(1.0, CHART_HEIGHT * reads / most), 1)
            x = CHART_WIDTH * (at - first) / (96 * BAR)
            found.append(Bar(round(x, 1), CHART_HEIGHT - height, height, at, reads))
    return tuple(found)


def _draw_one(visit: Visit, name: str, **more: Any) -> Response:
    manages = visit.may(Permission.MANAGE_READERS)
    with visit.machines() as connection:
        found = store.reader(connection, name, visit.now)
        if found is None:
            raise NotFound
        directory = visit.services.books.directory(connection)
        day, week = (_strip(connection, visit, found, directory, hours) for hours in (24, 168))
        tags = health.in_view(connection, name, visit.now)
        events = health.happened(connection, name, visit.request.query_params.get("before", ""))
        # What was heard of whatever, and by whom it was sent, is for who has the machines in care.
        figures = minutes.figures(connection, name, visit.now) if manages else None
        behind = health.behind(connection, name, found.device) if manages else None
        losses = health.lost(connection, found.device) if manages else []
    reference_after = visit.services.scheme.number("reference_silent_after_seconds") * SECOND
    names: dict[str, Any] = {
        "reader": found,
        "one_health": healths_of(visit, [found])[found.name],
        "strip": day,
        "week": week,
        "tags": tags,
        "events": events,
        "figures": figures,
        "bars": bars_of(figures, visit.now) if figures else (),
        "behind": behind,
        "losses": losses,
        "reference_after": reference_after,
        "directory": directory,
        "manages": manages,
        "state_words": lambda state: state_words(visit, state),
        "loss_words": lambda detail: loss_words(visit, detail),
    }
    return render(visit, "readers/one.html", **(names | more))


def loss_words(visit: Visit, detail: str) -> str:
    """What a spool had to drop, in words."""
    try:
        told = json.loads(detail)
        span = words.span(int(told["through_at"]) - int(told["since_at"]), visit.language)
        return visit.t("readers.lost", n=int(told["records"]), span=span)
    except (ValueError, LookupError, TypeError):
        return detail


def places_of(directory: Directory) -> list[Place]:
    """Every place that an antenna can hear, by code."""
    return sorted((place for place in directory.places.values() if place.kind != "seat"), key=lambda one: one.code)


def _again(visit: Visit, name: str, form: Form, *errors: FieldError) -> Response:
    return _draw_one(visit, name, errors=errors, kept=form.kept())


def _changed(visit: Visit, address: str) -> Response:
    visit.services.bulletin.publish("readers")
    return RedirectResponse(address, status_code=303)


@router.post("/readers/{name}")
def change_reader(name: str, visit: Visit = Depends(manages), form: Form = Depends(posted)) -> Response:
    """Name a reader, put it to work, or take it out of use."""
    with visit.reading() as connection:
        if store.reader(connection, name, visit.now) is None:
            raise NotFound
    return _configure(visit, form, name)


def _configure(visit: Visit, form: Form, name: str) -> Response:
    title_zh, title_en = form.text("title_zh")[:TITLE_MAX], form.text("title_en")[:TITLE_MAX]
    if not title_zh and not title_en:
        return _again(visit, name, form, visit.error("title_zh", "readers.title_needed"))
    with visit.services.database.writing() as connection:
        store.upsert_reader(
            connection, name, visit.now, title_zh=title_zh, title_en=title_en, enabled=form.text("enabled") == "yes"
        )
    return _changed(visit, f"/readers/{name}")


@router.post("/devices")
def add_device(visit: Visit = Depends(manages), form: Form = Depends(posted)) -> Response:
    """Admit an edge daemon. Its token is on this page and nowhere else: only the hash is kept."""
    name = form.text("device")
    if not name or len(name) > NAME_MAX or ":" in name or not name.isprintable():
        return _draw_list(visit, errors=(visit.error("device", "readers.device_wrong"),), kept=form.kept())
    token = secrets.token_urlsafe(32)
    try:
        with visit.services.database.writing() as connection:
            admitted.create_device(connection, name, admitted.token_hash(token), visit.now, by=visit.subject.person)
    except admitted.DeviceExists:
        return _draw_list(visit, errors=(visit.error("device", "readers.device_exists"),), kept=form.kept())
    return _draw_list(visit, token=token, token_of=name)


@router.post("/devices/{name}/rotate")
def rotate_device(name: str, visit: Visit = Depends(manages), form: Form = Depends(posted)) -> Response:
    """Another token for a device, shown here and nowhere else; the one before is taken for some hours more."""
    token = secrets.token_urlsafe(32)
    until = visit.now + visit.services.scheme.number("device_overlap_hours") * HOUR
    try:
        with visit.services.database.writing() as connection:
            admitted.rotate_device(
                connection, name, admitted.token_hash(token), visit.now, until, by=visit.subject.person
            )
    except admitted.DeviceUnknown as error:
        raise NotFound from error
    return _draw_list(visit, token=token, token_of=name, old_until=until)


@router.post("/devices/{name}/revoke")
def revoke_device(name: str, visit: Visit = Depends(manages), form: Form = Depends(posted)) -> Response:
    """Take nothing more from a device; what it sent stays."""
    with visit.services.database.writing() as connection:
        if not admitted.revoke_device(connection, name, visit.now, by=visit.subject.person):
            raise NotFound
    return _changed(visit, "/readers")
