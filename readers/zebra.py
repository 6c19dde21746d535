"""Zebra readers with the IoT Connector: fixed readers (FX, ATR) and RFD handhelds, over MQTT or by HTTP POST.

One message is one JSON object, or an array of them: `{"data": {…}, "timestamp", "type"}`, the offset of the time
without a colon. It is read by what it holds, not by its type (SIMPLE, INVENTORY, PORTAL, CONVEYOR, CUSTOM and the
profiles of handhelds differ in their fields only):

- `data.idHex` (handhelds: each of `data.tagData[]`, also as `EPCid` or `EPC`): a tag; `antenna`, `peakRssi`,
  `eventNum`, `reads` (handhelds: `seenCount`), `TID`, if they are there. SIMPLE has only eventNum, format and idHex.
- a heartbeat, by its type or `eventName`: a sign of life; `data.radio_control` in it may name antennas that are not
  connected, and a radio that is not active.
- `type` "gpi" with `data.pin` and `data.state`: an input; HIGH is active.
- `connectionState` of a handheld's endpoint: DISCONNECTED means that it is gone.
- `type` or `eventName` of an error, a warning or an alert: told on the reader's page.

The tag events of fixed readers are as the field knows them from real readers, `dataEVT` and the heartbeat of handhelds
as their maker documents them. What the management events of fixed readers hold beyond their kind was met on no reader
here: nothing hangs on it. Their numbers are another count than the tag events', and are not looked at.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from readers.iot.found import Antenna, Decoded, Event, Gone, Input, Life, Note, Radio, Tag
from readers.iot.texts import decibel, documents, parse_time, tag_of_hex, whole, word
from readers.sighting import Instant

NUMBER_MAX = 2**63
READS_MAX = 2**31
TAGS_MAX = 100_000
_EPC_NAMES = ("idHex", "EPCid", "EPC", "epc")
_TID_NAMES = ("TID", "tid", "tidHex")
_LEVELS = {"high": True, "low": False, "1": True, "0": False, "on": True, "off": False}
_HEALTH = frozenset(("error", "errors", "warning", "warnings", "alert", "alerts", "exception"))

Fields = Mapping[str, Any]
_NONE: Fields = {}


def decode(payload: bytes) -> Decoded:
    """The events in one message or post. Never raises."""
    events: list[Event] = []
    ignored: list[str] = []
    broken, reason = 0, ""
    for document in documents(payload):
        if isinstance(document, ValueError):
            broken, reason = broken + 1, reason or str(document)
        elif not isinstance(document, dict):
            ignored.append("no event")
        else:
            for found in _events(document):
                if isinstance(found, str):
                    ignored.append(found)
                else:
                    events.append(found)
    return Decoded(tuple(events), tuple(ignored), broken, reason)


def _events(document: Fields) -> Iterator[Event | str]:
    data = document.get("data")
    data = data if isinstance(data, dict) else _NONE
    at = parse_time(document.get("timestamp"))
    kind = word(document.get("eventName")) or word(document.get("type")) or word(document.get("event"))
    tags = data.get("tagData")
    if isinstance(tags, list):
        for tag in tags[:TAGS_MAX]:
            yield _tag(tag, at) if isinstance(tag, dict) else "no event"
        if not tags:
            yield Life(at)
    elif _first(data, _EPC_NAMES) is not None:
        yield _tag(data, at)
    elif "connectionState" in document or "connectionState" in data:
        yield _connection(document.get("connectionState") or data.get("connectionState"), at)
    elif kind.lower().startswith("heartbeat"):
        yield Life(at)
        yield from _health(data)
    elif kind.lower() in ("gpi", "gpievt"):
        yield _input(data, at)
    elif kind.lower() in _HEALTH or "alertDetails" in document:
        yield Note(f"the reader reports: {kind or 'alert'}{_more(document, data)}")
    else:
        yield f"an event of the type {kind or 'unknown'}"


def _tag(fields: Fields, at: Instant | None) -> Event | str:
    epc = _first(fields, _EPC_NAMES)
    if epc is None:
        return "a tag without EPC"
    reads = fields.get("reads", fields.get("seenCount"))
    return Tag(
        epc,
        _first(fields, _TID_NAMES),
        whole(fields.get("antenna"), 1, 255),
        decibel(fields.get("peakRssi")),
        parse_time(fields.get("timestamp")) or at,
        whole(fields.get("eventNum"), 0, NUMBER_MAX),
        whole(reads, 1, READS_MAX),
    )


def _first(fields: Fields, names: tuple[str, ...]) -> str | None:
    return next(filter(None, (tag_of_hex(fields.get(name)) for name in names)), None)


def _input(data: Fields, at: Instant | None) -> Event | str:
    port = whole(data.get("pin", data.get("port")), 0, 65_535)
    active = _LEVELS.get(str(data.get("state"))[:8].lower())
    return "an input without its number or its level" if port is None or active is None else Input(port, active, at)


def _connection(state: object, at: Instant | None) -> Event:
    gone = word(state).upper() == "DISCONNECTED"
    return Gone("the reader left the broker, or was cut off from it") if gone else Life(at)


def _health(data: Fields) -> Iterator[Event]:
    """What a heartbeat tells of antennas and radio, where it does."""
    control = data.get("radio_control")
    control = control if isinstance(control, dict) else _NONE
    antennas = control.get("antennas")
    if isinstance(antennas, dict):
        for name, state in list(antennas.items())[:64]:
            port = whole(name, 1, 255)
            if port is not None and word(state):
                yield Antenna(port, word(state).lower() == "connected")
    activity = word(control.get("radioActivity")).lower()
    if activity in ("active", "inactive"):
        yield Radio(activity == "active")


def _more(document: Fields, data: Fields) -> str:
    """Words of a report of health that are fit to be shown."""
    found = [word(part.get(name)) for part in (document, data) for name in ("id", "state", "component", "sub_type")]
    return "".join(f", {text}" for text in found if text)
