"""Readers: who listens, since when, and where nobody does; for the system administrator also their set-up."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.locale import known
from api.store import Connection
from api.web.overview import Strip, strip_of
from api.web.render import render
from api.web.visit import FieldError, Form, Visit, needs, posted
from custody.access import Permission
from custody.register import Directory
from custody.rules import NotFound
from custody.values import SECOND, Place
from readers.sighting import Instant
from reconcile.store import devices as admitted
from reconcile.store import readers as store
from reconcile.store.coverage import listening
from reconcile.store.readers import ConfigurationInvalid, ReaderHealth, Role

router = APIRouter(include_in_schema=False)
reads = needs(Permission.SEE_READERS)
manages = needs(Permission.MANAGE_READERS)
ROLES: tuple[Role, ...] = get_args(Role)
TITLE_MAX, NAME_MAX = 80, 64
HOUR = 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Health:
    """A reader's state as shown: colour class, icon, key of its word; `since`: of that state."""

    kind: str
    icon: str
    key: str
    since: Instant | None


def health_of(reader: ReaderHealth, now: Instant, silent_after: int) -> Health:
    """How a reader is. It listens only while its coverage says so; what it says of itself is no proof."""
    if not reader.known:
        return Health("due", "ask", "unknown", reader.state_at)
    if not reader.enabled:
        return Health("mute", "deaf", "disabled", None)
    heard = reader.through_at
    if heard is not None and now - heard <= silent_after * SECOND:
        deaf = [one for one in reader.antennas if one.place is not None and _late(one.through_at, now, silent_after)]
        if deaf:
            return Health("due", "alert", "partly", min(one.through_at or 0 for one in deaf) or None)
        return Health("ok", "wave", "listening", reader.state_at if reader.state == "listening" else None)
    return Health("deaf", "deaf", "silent", heard)


def _late(through: Instant | None, now: Instant, silent_after: int) -> bool:
    return through is None or now - through > silent_after * SECOND


def state_words(visit: Visit, state: str) -> str:
    """What a reader says of itself, in words."""
    key = f"reader_state.{state}"
    return visit.t(key) if known(key) else state


def _healths(visit: Visit, found: Sequence[ReaderHealth]) -> dict[str, Health]:
    after = visit.services.scheme.number("reader_silent_after_seconds")
    return {one.name: health_of(one, visit.now, after) for one in found}


def _strip(connection: Connection, visit: Visit, reader: ReaderHealth, directory: Directory) -> Strip | None:
    """The reader's listening of the last day: all its configured antennas at once."""
    late = visit.now - visit.services.scheme.number("reader_silent_after_seconds") * SECOND
    antennas, place = [], None
    for one in {antenna.place for antenna in reader.antennas if antenna.place is not None}:
        place = directory.places.get(one) or place
        antennas += [a.intervals for a in listening(connection, one, visit.now) if a.reader == reader.name]
    return strip_of(place, antennas, visit.now, late) if place and antennas else None


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
    names: dict[str, Any] = {
        "readers": found,
        "health": _healths(visit, found),
        "strips": strips,
        "losses": losses,
        "devices": devices,
        "directory": directory,
        "manages": visit.may(Permission.MANAGE_READERS),
        "token": token,
        "old_until": None,
        "state_words": lambda state: state_words(visit, state),
    }
    return render(visit, "readers/list.html", **(names | more))


@router.get("/readers/{name}")
def reader_page(name: str, visit: Visit = Depends(reads)) -> Response:
    """One reader: health, antennas, events; its set-up for who may change it."""
    return _draw_one(visit, name)


def _draw_one(visit: Visit, name: str, **more: Any) -> Response:
    with visit.machines() as connection:
        found = store.reader(connection, name, visit.now)
        if found is None:
            raise NotFound
        directory = visit.services.books.directory(connection)
        strip = _strip(connection, visit, found, directory)
        tags = {one.number: store.antenna_tags(connection, name, one.number) for one in found.antennas}
    names: dict[str, Any] = {
        "reader": found,
        "one_health": _healths(visit, [found])[found.name],
        "strip": strip,
        "tags": tags,
        "directory": directory,
        "place_options": [(one.id, one.code) for one in _places(directory)],
        "role_options": [(role, visit.t(f"readers.role.{role}")) for role in ROLES],
        "manages": visit.may(Permission.MANAGE_READERS),
        "state_words": lambda state: state_words(visit, state),
    }
    return render(visit, "readers/one.html", **(names | more))


def _places(directory: Directory) -> list[Place]:
    return sorted((place for place in directory.places.values() if place.kind != "seat"), key=lambda one: one.code)


def _again(visit: Visit, name: str, form: Form, *errors: FieldError) -> Response:
    return _draw_one(visit, name, errors=errors, kept=form.kept())


def _changed(visit: Visit, address: str) -> Response:
    visit.services.bulletin.publish("readers")
    return RedirectResponse(address, status_code=303)


@router.post("/readers")
def add_reader(visit: Visit = Depends(manages), form: Form = Depends(posted)) -> Response:
    """Set a reader up before it first speaks."""
    name = form.text("name")
    if not name or len(name) > NAME_MAX or "/" in name or not name.isprintable():
        return _draw_list(visit, errors=(visit.error("name", "readers.name_wrong"),), kept=form.kept())
    return _configure(visit, form, name)


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
        error = visit.error("title_zh", "readers.title_needed")
        with visit.reading() as connection:
            there = store.reader(connection, name, visit.now) is not None
        if there:
            return _again(visit, name, form, error)
        return _draw_list(visit, errors=(error,), kept=form.kept())
    with visit.services.database.writing() as connection:
        store.upsert_reader(
            connection, name, visit.now, title_zh=title_zh, title_en=title_en, enabled=form.text("enabled") == "yes"
        )
    return _changed(visit, f"/readers/{name}")


@router.post("/readers/{name}/antennas")
def set_antenna(name: str, visit: Visit = Depends(manages), form: Form = Depends(posted)) -> Response:
    """Tie an antenna to the place that it hears, or untie it."""
    number, place, role = form.number("number"), form.number("place"), form.text("role")
    with visit.reading() as connection:
        if store.reader(connection, name, visit.now) is None:
            raise NotFound
    if number is None or number > 65_535:
        return _again(visit, name, form, visit.error("number", "readers.antenna_wrong"))
    if form.text("do") == "remove":
        with visit.services.database.writing() as connection:
            store.remove_antenna(connection, name, number)
        return _changed(visit, f"/readers/{name}")
    known_roles: dict[str, Role] = {one: one for one in ROLES}
    if role not in known_roles:
        return _again(visit, name, form, visit.error("role", "readers.role_wrong"))
    try:
        with visit.services.database.writing() as connection:
            store.upsert_antenna(connection, name, number, place or 0, known_roles[role])
    except ConfigurationInvalid:
        return _again(visit, name, form, visit.error("place", "readers.place_wrong"))
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
