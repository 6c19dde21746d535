"""Setting a reader up, for an archivist who is no programmer: ask it by its address, name it, tie its antennas to
places, walk with a tag and see which antenna hears it, and take the configuration to the device beside it.
"""

import ipaddress
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.locale import known
from api.web.readers import NAME_MAX, TITLE_MAX, manages, places_of
from api.web.render import render
from api.web.visit import FieldError, Form, Visit, posted
from custody.rules import NotFound
from readers.config import KINDS, ReaderKey, key_fits, keys_for, reader_errors
from readers.driver import ConnectionFailed, DriverError, ReaderBusy
from readers.llrp import Introduction, introduce
from readers.wire import LLRP_PORT
from reconcile.store import devices as admitted
from reconcile.store import readers as store
from reconcile.store import setting_up
from reconcile.store.readers import ConfigurationInvalid, ReaderHealth, Role
from reconcile.store.references import add_reference_tag, reference_tags, remove_reference_tag
from reconcile.store.setting_up import LiveAntenna, Setup

router = APIRouter(include_in_schema=False)
ROLES: tuple[Role, ...] = get_args(Role)
PROBE_SECONDS_MAX = 8.0
TAKEN_NAMES = ("new", "probe")
"""What a reader cannot be called: pages are."""
ANTENNAS_MAX = 64
TEXT_MAX = 300

_ASKING = threading.Lock()
"""One reader is asked at a time: whoever asks waits for seconds."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking at an address; `outcome` is in the audit log, `found` what the reader said of itself."""

    host: str
    port: int
    outcome: str
    found: Introduction | None = None


def private_address(text: str) -> str | None:
    """An address within the house, as it is connected to; None for any other, and for names, that others resolve."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if text == "localhost" else text)
    except ValueError:
        return None
    strange = address.is_unspecified or address.is_multicast or address.is_reserved
    return str(address) if (address.is_private or address.is_loopback) and not strange else None


def ask_reader(host: str, port: int, clock: Any, seconds_max: float = PROBE_SECONDS_MAX) -> Asked:
    """Ask what a reader is; nothing of it is changed."""
    try:
        return Asked(host, port, "answered", introduce(host, port, clock, seconds_max=seconds_max))
    except ReaderBusy:
        return Asked(host, port, "busy")
    except ConnectionFailed:
        return Asked(host, port, "nobody")
    except DriverError:
        return Asked(host, port, "not_llrp")


def kind_words(visit: Visit, kind: str) -> str:
    """A kind of reader in words."""
    key = f"reader_kind.{kind}"
    return visit.t(key) if known(key) else kind


def key_words(visit: Visit, name: str) -> str:
    """A key of a reader's configuration in words."""
    key = f"reader_key.{name}"
    return visit.t(key) if known(key) else name


@router.get("/readers/new")
def new_reader(visit: Visit = Depends(manages)) -> Response:
    """The first step: ask a reader by its address, or describe one that cannot be asked."""
    return _draw_new(visit)


def _draw_new(visit: Visit, asked: Asked | None = None, **more: Any) -> Response:
    with visit.reading() as connection:
        devices = [one.name for one in admitted.devices(connection) if not one.revoked]
    names: dict[str, Any] = {
        "asked": asked,
        "antennas_listed": ", ".join(map(str, _antennas_of(asked))),
        "device_options": [(one, one) for one in devices],
        "kind_options": [(kind, kind_words(visit, kind)) for kind in KINDS],
        "llrp_port": LLRP_PORT,
    }
    return render(visit, "readers/new.html", **(names | more))


def _antennas_of(asked: Asked | None) -> tuple[int, ...]:
    found = asked.found if asked is not None else None
    if found is None:
        return ()
    return found.connected or tuple(range(1, min(found.antennas, ANTENNAS_MAX) + 1))


@router.post("/readers/probe")
def probe(visit: Visit = Depends(manages), form: Form = Depends(posted)) -> Response:
    """Ask the reader at an address within the house what it is. On record; so often a minute."""
    host, port = private_address(form.text("host")), form.number("port") or LLRP_PORT
    kept = form.kept()
    if host is None:
        return _draw_new(visit, errors=(visit.error("host", "readers.host_wrong"),), kept=kept)
    if not 1 <= port <= 65_535:
        return _draw_new(visit, errors=(visit.error("port", "readers.port_wrong"),), kept=kept)
    with visit.reading() as connection:
        allowed = setting_up.may_probe(connection, visit.subject.person, visit.now)
    if not allowed or not _ASKING.acquire(blocking=False):
        return _draw_new(visit, errors=(visit.error("host", "readers.probe_wait"),), kept=kept)
    try:
        asked = ask_reader(host, port, visit.services.clock)
    finally:
        _ASKING.release()
    with visit.services.database.writing() as connection:
        setting_up.note_probe(
            connection, visit.services.clock(), by=visit.subject.person, host=host, port=port, outcome=asked.outcome
        )
    return _draw_new(visit, asked, kept=kept)


@router.post("/readers")
def create_reader(visit: Visit = Depends(manages), form: Form = Depends(posted)) -> Response:
    """Add the reader, and how it is reached."""
    name, kind = form.text("name"), form.text("kind")
    errors = []
    if not name or len(name) > NAME_MAX or name in TAKEN_NAMES or not _fits_a_configuration(name):
        errors.append(visit.error("name", "readers.setup_name_wrong"))
    if kind and kind not in KINDS:
        errors.append(visit.error("kind", "readers.kind_wrong"))
    title_zh, title_en = form.text("title_zh")[:TITLE_MAX], form.text("title_en")[:TITLE_MAX]
    if not title_zh and not title_en:
        errors.append(visit.error("title_zh", "readers.title_needed"))
    if errors:
        return _draw_new(visit, errors=tuple(errors), kept=form.kept())
    options, _ = options_from(visit, kind, {key.name: form.text(key.name) for key in keys_for(kind)})
    with visit.services.database.writing() as connection:
        store.upsert_reader(connection, name, visit.now, title_zh=title_zh, title_en=title_en)
        if kind:
            setting_up.keep_setup(connection, Setup(name, form.text("device")[:NAME_MAX], kind, options))
    visit.services.bulletin.publish("readers")
    return RedirectResponse(f"/readers/{name}/set-up", status_code=303)


def _fits_a_configuration(name: str) -> bool:
    return not any(error.startswith("[reader] name") for error in reader_errors({"name": name, "kind": KINDS[0]}))


def options_from(visit: Visit, kind: str, typed: Mapping[str, str]) -> tuple[dict[str, Any], list[FieldError]]:
    """The keys of a reader from what was typed; what is empty is left out, what cannot be read is an error."""
    options: dict[str, Any] = {}
    errors: list[FieldError] = []
    for key in keys_for(kind):
        text = typed.get(key.name, "").strip()[:TEXT_MAX]
        if not text:
            continue
        value = _value(key, text)
        if value is None or not key_fits(kind, key.name, value):
            errors.append(visit.error(key.name, "readers.key_wrong", key=key_words(visit, key.name)))
        else:
            options[key.name] = value
    return options, errors


def _value(key: ReaderKey, text: str) -> Any:
    """A value as the configuration has it; None for what is none."""
    try:
        if key.type is list:
            parts = [part for part in text.replace("，", ",").replace(",", " ").split() if part]
            return [int(part) if part.isdecimal() else part for part in parts]
        if key.type is bool:
            return {"yes": True, "true": True, "no": False, "false": False}.get(text)
        if key.type is int:
            number = float(text)
            return int(number) if number == int(number) else number
        return float(text) if key.type is float else text
    except (ValueError, OverflowError):
        return None


def _typed(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@dataclass(frozen=True, slots=True)
class AntennaLine:
    """An antenna in the form; everything as it is typed."""

    number: int
    title: str
    place: str
    role: str
    references: str


@dataclass(frozen=True, slots=True)
class Field:
    """A key of the reader's configuration as a field."""

    name: str
    words: str
    value: str
    required: bool


def _found(visit: Visit, name: str) -> tuple[ReaderHealth, Setup | None]:
    with visit.reading() as connection:
        reader = store.reader(connection, name, visit.now)
        if reader is None:
            raise NotFound
        return reader, setting_up.setup_of(connection, name)


@router.get("/readers/{name}/set-up")
def setup_page(name: str, visit: Visit = Depends(manages)) -> Response:
    """How it is reached, what its antennas are called and hear."""
    return _draw_setup(visit, name)


def _draw_setup(visit: Visit, name: str, **more: Any) -> Response:
    reader, setup = _found(visit, name)
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        devices = [one.name for one in admitted.devices(connection) if not one.revoked]
        tags = reference_tags(connection, name)
    kind = more.pop("kind", None) or (setup.kind if setup else KINDS[0])
    options = setup.options if setup else {}
    lines = [
        AntennaLine(
            one.number,
            one.title,
            str(one.place or ""),
            one.role or "place",
            " ".join(tag.epc for tag in tags if tag.number == one.number),
        )
        for one in reader.antennas
    ]
    there = {one.number for one in lines}
    # Those that the reader was said to have, before anything was heard of them.
    lines += [AntennaLine(n, "", "", "place", "") for n in options.get("antennas", ()) if n not in there]
    missing = reader_errors({"name": name, "kind": kind, **options}) if setup else ()
    names: dict[str, Any] = {
        "reader": reader,
        "setup": setup,
        "kind": kind,
        "fields": [
            Field(key.name, key_words(visit, key.name), _typed(options.get(key.name, "")), key.required)
            for key in keys_for(kind)
        ],
        "unfinished": bool(missing),
        "lines": sorted(lines, key=lambda line: line.number),
        "spare": next(number for number in range(1, ANTENNAS_MAX + 2) if number not in {one.number for one in lines}),
        "device_options": [(one, one) for one in devices],
        "kind_options": [(one, kind_words(visit, one)) for one in KINDS],
        "place_options": [(one.id, one.code) for one in places_of(directory)],
        "role_options": [(role, visit.t(f"readers.role.{role}")) for role in ROLES],
        "silence": visit.services.scheme.number("reference_silent_after_seconds"),
    }
    return render(visit, "readers/set_up.html", **(names | more))


@router.post("/readers/{name}/set-up")
def change_setup(name: str, visit: Visit = Depends(manages), form: Form = Depends(posted)) -> Response:
    """Keep how a reader is reached. With another kind its own keys are asked for next."""
    _, before = _found(visit, name)
    kind = form.text("kind")
    if kind not in KINDS:
        errors: Sequence[FieldError] = (visit.error("kind", "readers.kind_wrong"),)
        return _draw_setup(visit, name, errors=errors, kept=form.kept())
    typed = {key.name: form.text(f"key.{key.name}") for key in keys_for(kind)}
    options, wrong = options_from(visit, kind, typed)
    if wrong and before is not None and before.kind == kind:
        errors = tuple(FieldError(f"key.{one.field}", one.message) for one in wrong)
        return _draw_setup(visit, name, errors=errors, kept=form.kept())
    with visit.services.database.writing() as connection:
        setting_up.keep_setup(connection, Setup(name, form.text("device")[:NAME_MAX], kind, options))
    visit.services.bulletin.publish("readers")
    return RedirectResponse(f"/readers/{name}/set-up", status_code=303)


@router.post("/readers/{name}/antennas")
def change_antennas(name: str, visit: Visit = Depends(manages), form: Form = Depends(posted)) -> Response:
    """Names, places, sides and reference tags of all antennas at once: all of it is kept, or nothing."""
    _found(visit, name)
    numbers = [int(one) for one in form.texts("antenna") if one.isascii() and one.isdecimal() and len(one) <= 5]
    at = "antenna"
    try:
        with visit.services.database.writing() as connection:
            for number in dict.fromkeys(numbers):
                setting_up.call_antenna(connection, name, number, form.text(f"title.{number}")[:TITLE_MAX])
                at = f"place.{number}"
                _tie(connection, name, number, form)
                at = f"references.{number}"
                _prove(connection, visit, name, number, form.text(at))
    except ConfigurationInvalid:
        key = "readers.place_wrong" if at.startswith("place") else "readers.reference_wrong"
        return _draw_setup(visit, name, errors=(visit.error(at, key),), kept=form.kept())
    visit.services.bulletin.publish("readers")
    return RedirectResponse(f"/readers/{name}/set-up", status_code=303)


def _tie(connection: Any, name: str, number: int, form: Form) -> None:
    place, role = form.number(f"place.{number}"), form.text(f"role.{number}")
    known_roles: dict[str, Role] = {one: one for one in ROLES}
    if place is None:
        store.remove_antenna(connection, name, number)
    else:
        store.upsert_antenna(connection, name, number, place, known_roles.get(role, "place"))


def _prove(connection: Any, visit: Visit, name: str, number: int, typed: str) -> None:
    wanted = dict.fromkeys(one.upper() for one in typed.replace(",", " ").replace("，", " ").split())
    there = {tag.epc for tag in reference_tags(connection, name) if tag.number == number}
    for epc in there - wanted.keys():
        remove_reference_tag(connection, name, number, epc)
    for epc in wanted:
        if epc not in there:
            add_reference_tag(connection, name, number, epc, visit.now)


@router.get("/readers/{name}/test")
def walk_page(name: str, visit: Visit = Depends(manages)) -> Response:
    """What each antenna hears now: walk with a loose tag, and see."""
    reader, _ = _found(visit, name)
    with visit.machines() as connection:
        live = {one.number: one for one in setting_up.live_reads(connection, name, visit.now)}
        directory = visit.services.books.directory(connection)
    held = visit.request.query_params.get("tag", "").strip().upper()[:128]
    configured = {one.number: one for one in reader.antennas}
    numbers = sorted(configured.keys() | live.keys())
    names: dict[str, Any] = {
        "reader": reader,
        "configured": configured,
        "numbers": numbers,
        "hearing": {number: live.get(number, LiveAntenna(number)) for number in numbers},
        "mine": {
            number: next((tag for tag in one.tags if tag.epc == held), None) for number, one in live.items() if held
        },
        "held": held,
        "directory": directory,
    }
    return render(visit, "readers/test.html", **names)
