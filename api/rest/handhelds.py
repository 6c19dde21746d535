"""What a handheld sends by itself. The device's token opens this and the intake, and nothing else."""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from api.problems import problem
from api.rest.asking import PREFIX
from api.rest.by_device import taken
from api.services import Services
from api.store import Connection
from api.web.visit import services_of
from custody.clock import day
from custody.rules import NotFound, Refused
from custody.store import queries
from custody.values import SECOND, Instant
from readers.handheld import Read, ValueWrong, epc_of, instant_of
from readers.handheld.reading import AHEAD_US, ANTENNA_MAX, CLOCK_SET_FROM, COUNT_MAX
from readers.handheld.values import Stamps, number_of, zoned
from reconcile import handhelds as taking
from reconcile.intake import BYTES_MAX
from reconcile.store import handhelds as store
from reconcile.store.rounds import row as round_row

router = APIRouter(prefix=PREFIX, tags=["intake"])
READS_MAX = 50_000
ERRORS_MAX = 50
CLOCK_TOLERATED_US = 5 * SECOND
"""So far a device's clock may be off, or its message late: less is taken for the way that the message took."""
_UPLOAD_ID = re.compile(r"[\x21-\x7e]{1,80}")
_EPC_NAMES = ("epc", "epcHex", "idHex")

_READ = {
    "type": "object",
    "title": "HandheldRead",
    "description": "One of epc, epcHex, idHex: hexadecimal digits, of an EPC or of a tag's UID.",
    "properties": {
        "epc": {"type": "string", "maxLength": 200},
        "epcHex": {"type": "string", "maxLength": 200},
        "idHex": {"type": "string", "maxLength": 200},
        "tid": {"type": ["string", "null"], "maxLength": 200},
        "time": {"type": ["string", "integer"], "description": "ISO 8601 with its zone, or microseconds UTC"},
        "rssi": {"type": ["number", "null"], "description": "dBm, -150 to 0"},
        "antenna": {"type": ["integer", "null"], "minimum": 0, "maximum": ANTENNA_MAX},
        "count": {"type": ["integer", "null"], "minimum": 1},
    },
    "required": ["time"],
}
_BODY = {
    "type": "object",
    "title": "HandheldReads",
    "properties": {
        "device_time": {
            "type": ["string", "integer"],
            "description": "By the device's clock, when it sends: ISO 8601 with its zone, or microseconds UTC",
        },
        "upload_id": {"type": "string", "pattern": "^[!-~]{1,80}$", "description": "The device's own; again: nothing"},
        "reads": {"type": "array", "maxItems": READS_MAX, "minItems": 1, "items": _READ},
        "round": {"type": ["string", "null"], "description": "Number of an open sweep"},
    },
    "required": ["device_time", "upload_id", "reads"],
}


class _Wrong(Exception):
    """What was sent does not fit: items for the problem."""

    def __init__(self, *errors: dict[str, Any]) -> None:
        self.errors = errors
        super().__init__(f"{len(errors)} errors")


@router.post(
    "/handheld/reads",
    summary="Reads of a handheld: each read once, however often it is sent; counted in a sweep where one is named",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": _BODY}}}},
)
async def reads(request: Request) -> Response:
    """Bearer token of the device. 200 with what was new; 400 with the rows that do not fit: then nothing was taken."""
    return await taken(request, BYTES_MAX, f"At most {BYTES_MAX} bytes; send fewer reads at once", _answer)


def _answer(request: Request, device: str, raw: bytes) -> Response:
    services = services_of(request)
    now = services.clock()
    try:
        body = _body(raw)
        offset = _offset(body, now)
        clock_us = offset if abs(offset) > CLOCK_TOLERATED_US else 0
        found = _reads(body["reads"], clock_us, now)
    except _Wrong as wrong:
        return problem(400, "reads_invalid", "The reads cannot be taken", "Nothing was taken", wrong.errors)
    brought = store.Upload(
        device=device,
        way="json",
        key=_key(body["reads"]),
        name="",
        by=None,
        rows=len(found),
        refused=0,
        upload_id=body["upload_id"],
        clock_us=clock_us,
    )
    try:
        with services.database.writing() as connection:
            taken = taking.take(connection, brought, found, now, services.scheme.timezone)
            laid = _laid(connection, services, taken.number, body.get("round"), now)
    except taking.KeyReused:
        title = "Something else was sent under this upload_id; give each upload its own"
        return problem(409, "upload_id_reused", title)
    if laid is not None and laid["laid"]:
        services.bulletin.publish("rounds")
    if services.watch is not None:
        services.watch.wake()
    answer = {"upload": taken.number, "new": taken.new, "repeated": taken.repeated, "tags": taken.tags}
    told = {"before": taken.before, "clock_offset_us": offset, "times_corrected": bool(clock_us)}
    return JSONResponse(answer | told | {"round": laid})


def _body(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _Wrong({"field": "", "message": "this is no JSON"}) from error
    if not isinstance(body, dict):
        raise _Wrong({"field": "", "message": "a JSON object is wanted"})
    upload_id, sent, into = body.get("upload_id"), body.get("reads"), body.get("round")
    if not isinstance(upload_id, str) or not _UPLOAD_ID.fullmatch(upload_id):
        raise _Wrong({"field": "upload_id", "message": "1 to 80 printable ASCII characters, none of them blank"})
    if not isinstance(sent, list) or not 1 <= len(sent) <= READS_MAX:
        raise _Wrong({"field": "reads", "message": f"a list of 1 to {READS_MAX} reads"})
    if into is not None and (not isinstance(into, str) or len(into) > 40):
        raise _Wrong({"field": "round", "message": "the number of a sweep, or null"})
    return body


def _offset(body: dict[str, Any], now: Instant) -> int:
    """How far the device's clock is ahead."""
    try:
        return _moment(body.get("device_time")) - now
    except ValueWrong as wrong:
        raise _Wrong({"field": "device_time", "message": _SAID[wrong.code]}) from wrong


_SAID = {
    "time_missing": "a time is wanted: ISO 8601 with its zone, or microseconds since 1970",
    "time_unread": "no time that is understood: ISO 8601 with its zone, or microseconds since 1970",
    "time_zone": "the time names no zone: end it with Z or +08:00",
    "time_ahead": "later than now, by the device's own clock corrected",
    "time_before": "before 2010: the device's clock was never set",
    "epc_missing": "one of epc, epcHex, idHex is wanted",
    "epc_mangled": "rounded by a spreadsheet: send the hexadecimal digits",
    "epc_number": "hexadecimal digits as text are wanted, no number",
    "epc_urn": "send the hexadecimal digits instead of the URN",
    "epc_hex": "not hexadecimal",
    "epc_odd": "an odd number of hexadecimal digits",
    "epc_length": "8 to 124 hexadecimal digits",
    "number_unread": "no number that is understood",
    "rssi": "dBm from -150 to 0",
    "object": "an object is wanted",
}


def _moment(value: Any) -> Instant:
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) >= 2**62:
            raise ValueWrong("time_unread")
        return value
    if not isinstance(value, str):
        raise ValueWrong("time_missing")
    if not zoned(value):
        raise ValueWrong("time_zone")
    try:
        return instant_of(value, Stamps())
    except ValueWrong as wrong:
        raise ValueWrong(wrong.code if wrong.code in _SAID else "time_unread") from wrong


def _reads(sent: list[Any], clock_us: int, now: Instant) -> list[Read]:
    found: list[Read] = []
    errors: list[dict[str, Any]] = []
    for row, one in enumerate(sent, start=1):
        try:
            found.append(_read(row, one, clock_us, now))
        except _Wrong as wrong:
            errors += wrong.errors
            if len(errors) >= ERRORS_MAX:
                break
    if errors:
        raise _Wrong(*errors)
    return found


def _read(row: int, one: Any, clock_us: int, now: Instant) -> Read:
    field = "reads"
    try:
        if not isinstance(one, dict):
            raise ValueWrong("object")
        field = next((name for name in _EPC_NAMES if one.get(name) is not None), "epc")
        given = one.get(field)
        epc = epc_of(given if isinstance(given, str) else "" if given is None else f"={given}"[:40])
        field = "tid"
        tid = epc_of(str(one["tid"])) if one.get("tid") else None
        field = "time"
        stamped = _moment(one.get("time"))
        at = stamped - clock_us
        if not CLOCK_SET_FROM <= at <= now + AHEAD_US:
            raise ValueWrong("time_ahead" if at > now else "time_before")
        field = "rssi"
        rssi = None if one.get("rssi") is None else number_of(str(one["rssi"]))
        if rssi is not None and not -150 <= rssi <= 0:
            raise ValueWrong("rssi")
        field = "antenna"
        antenna = _whole(one.get("antenna"), 0, ANTENNA_MAX)
        field = "count"
        count = max(1, _whole(one.get("count"), 1, COUNT_MAX))
    except ValueWrong as wrong:
        raise _Wrong({"row": row, "field": field, "message": _SAID[wrong.code]}) from wrong
    return Read(row, epc, tid, stamped, at, at, rssi, antenna, count)


def _whole(value: Any, default: int, most: int) -> int:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueWrong("number_unread")
    return value


def _key(sent: list[Any]) -> str:
    """Of what was read alone: sent again later, the device's time has gone on."""
    digest = hashlib.sha256()
    for piece in _pieces(sent):
        digest.update(piece.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _pieces(sent: list[Any]) -> Iterator[str]:
    for one in sent:
        yield json.dumps(one, sort_keys=True) + "\n"


def _laid(
    connection: Connection, services: Services, number: str, into: str | None, now: Instant
) -> dict[str, Any] | None:
    """What the reads were to the sweep, seen as who opened it sees; a sweep that is not open takes nothing.

    The reads are taken all the same: they are evidence, and who sweeps can lay them in later.
    """
    if into is None:
        return None
    sweep = round_row(connection, into)
    try:
        if sweep is None:
            raise NotFound
        today = day(now, services.scheme.timezone)
        eyes = queries.subject_for(connection, sweep.opened_by, services.scheme, today, now)
        done = taking.lay(connection, eyes, number, into, by_device=True, scheme=services.scheme)
    except (NotFound, Refused):
        return {"number": into, "laid": False, "counted": 0, "older": 0}
    return {"number": into, "laid": True, "counted": done.new, "older": done.older}
