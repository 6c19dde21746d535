"""Impinj readers with the IoT Device Interface (R700 family): their events, and their REST interface.

One message is one JSON object, or an array of them: `{"timestamp", "hostname", "eventType", "<event>Event": {…}}`; a
bare CR-LF every 30 s of idleness. Every field may be missing. What is read of an event:

- `tagInventoryEvent`: `epcHex`, else `epc` in base64 of either alphabet; `tidHex`, else `tid`; `antennaPort`;
  `peakRssiCdbm` in hundredths of a dBm; `lastSeenTime`, else the message's `timestamp`, to the nanosecond.
- `gpiTransitionEvent`: `gpi`, `transition` ("low-to-high": active).
- `inventoryStatusEvent`: `inventoryStatus`; `antennaConnectedEvent` and `antennaDisconnectedEvent`: `antennaPort`;
  `inventoryTerminatedEvent`; `overflowEvent`: the reader dropped events.

The tag and GPI events are as the field knows them from real readers. The names of the others, and what the REST
interface answers beyond the stream, are from the maker's interface as others use it, and were met on no reader here: so
nothing hangs on them, and what is named otherwise is passed over and counted.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from readers.driver import Identity
from readers.iot.found import Antenna, Decoded, Event, Input, Missing, Opened, Radio, Tag
from readers.iot.httpstream import Asker, refusal
from readers.iot.texts import decibel, documents, parse_time, tag_of_base64, tag_of_hex, whole, word
from readers.sighting import Instant

STREAM_PATH = "/api/v1/data/stream"
_CENTI = 0.01
_RUNNING = frozenset(("running", "armed", "active"))
_IDLE = frozenset(("idle", "stopped", "terminated"))
_TRANSITIONS = {"low-to-high": True, "high-to-low": False}

Fields = Mapping[str, Any]


def decode(payload: bytes) -> Decoded:
    """The events in one line, post or message. Never raises."""
    events: list[Event] = []
    ignored: list[str] = []
    broken, reason = 0, ""
    for document in documents(payload):
        if isinstance(document, ValueError):
            broken, reason = broken + 1, reason or str(document)
        elif not isinstance(document, dict):
            ignored.append("no event")
        else:
            found = _event(document)
            if isinstance(found, str):
                ignored.append(found)
            else:
                events.append(found)
    return Decoded(tuple(events), tuple(ignored), broken, reason)


def _event(document: Fields) -> Event | str:
    """The event of a document, or why it says nothing to us."""
    for name, read in _EVENTS.items():
        fields = document.get(name)
        if isinstance(fields, dict):
            return read(document, fields)
    kind = word(document.get("eventType"))
    read_empty = _EVENTS.get(f"{kind}Event") if kind in _WITHOUT_FIELDS else None
    return f"an event of the type {kind or 'unknown'}" if read_empty is None else read_empty(document, {})


def _tag(document: Fields, fields: Fields) -> Event | str:
    epc = tag_of_hex(fields.get("epcHex")) or tag_of_base64(fields.get("epc"))
    if epc is None:
        return "a tag without EPC"
    return Tag(
        epc,
        tag_of_hex(fields.get("tidHex")) or tag_of_base64(fields.get("tid")),
        whole(fields.get("antennaPort"), 1, 255),
        decibel(fields.get("peakRssiCdbm"), _CENTI),
        parse_time(fields.get("lastSeenTime")) or parse_time(document.get("timestamp")),
    )


def _input(document: Fields, fields: Fields) -> Event | str:
    port = whole(fields.get("gpi"), 0, 65_535)
    active = _TRANSITIONS.get(word(fields.get("transition")))
    if port is None or active is None:
        return "an input without its number or its change"
    return Input(port, active, parse_time(document.get("timestamp")))


def _antenna(connected: bool) -> Callable[[Fields, Fields], Event | str]:
    def read(_document: Fields, fields: Fields) -> Event | str:
        port = whole(fields.get("antennaPort"), 1, 255)
        return "an antenna without its number" if port is None else Antenna(port, connected)

    return read


def _status(_document: Fields, fields: Fields) -> Event | str:
    active = _active(fields.get("inventoryStatus"))
    return "a status that is not known" if active is None else Radio(active)


def _active(status: object) -> bool | None:
    said = word(status).lower()
    return True if said in _RUNNING else False if said in _IDLE else None


def _overflow(_document: Fields, _fields: Fields) -> Event | str:
    return Missing("the reader's buffer of events ran over: reads were lost in the reader")


def _terminated(_document: Fields, _fields: Fields) -> Event | str:
    return Radio(False)


_EVENTS: dict[str, Callable[[Fields, Fields], Event | str]] = {
    "tagInventoryEvent": _tag,
    "gpiTransitionEvent": _input,
    "inventoryStatusEvent": _status,
    "antennaConnectedEvent": _antenna(True),
    "antennaDisconnectedEvent": _antenna(False),
    "inventoryTerminatedEvent": _terminated,
    "overflowEvent": _overflow,
}
_WITHOUT_FIELDS = frozenset(("overflow", "inventoryTerminated"))


# The REST interface, asked before the stream is opened


def prepare(preset: str, clock: Callable[[], Instant]) -> Callable[[Asker], Opened]:
    """What to ask a reader first: what it is, its time, whether it reads; with `preset`, that inventory is started."""

    def ask(asker: Asker) -> Opened:
        system = asker.ask("GET", "/api/v1/system")
        offset_us = None if system.date is None else system.date - clock()
        if system.status in (401, 403):
            raise refusal(system.status, "/api/v1/system")
        about = _fields(system.body)
        active = _active(_fields(asker.ask("GET", "/api/v1/status").body).get("status"))
        antennas: tuple[int, ...] = ()
        if preset:
            path = f"/api/v1/profiles/inventory/presets/{quote(preset, safe='')}"
            antennas = _antennas(_fields(asker.ask("GET", path).body))
            if not active:
                started = asker.ask("POST", f"{path}/start")
                if started.status >= 300:
                    raise refusal(started.status, f"{path}/start")
                active = True
        model = word(about.get("productModel")) or None
        firmware = word(about.get("firmwareVersion")) or _firmware(asker)
        return Opened(Identity(model, firmware, antennas), offset_us, active)

    return ask


def _firmware(asker: Asker) -> str | None:
    return word(_fields(asker.ask("GET", "/api/v1/system/image").body).get("primaryFirmware")) or None


def _antennas(preset: Fields) -> tuple[int, ...]:
    found = preset.get("antennaConfigs")
    ports = (
        [whole(each.get("antennaPort"), 1, 255) for each in found if isinstance(each, dict)]
        if (isinstance(found, list))
        else []
    )
    return tuple(sorted({port for port in ports if port is not None}))


def _fields(body: bytes) -> Fields:
    """The JSON object of an answer; empty where it is none: a reader need not answer everything."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
