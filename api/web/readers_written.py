"""The configuration of a device, written from what is set up here: its readers, and the portals that they hear."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.store import Connection
from api.web.readers import manages
from api.web.render import render
from api.web.visit import Visit
from custody.rules import NotFound
from custody.store.books import KeyMissing
from readers.config import reader_errors
from readers.writing import Row, Written, toml_text
from reconcile.store import devices as admitted
from reconcile.store import readers as store
from reconcile.store import setting_up
from reconcile.store.portals import BeamSetting, beam_settings
from reconcile.store.readers import ReaderHealth

router = APIRouter(include_in_schema=False)
AUTHORITY_FILE = "authority.pem"
DOOR_LIST_FILE = "door-list"
_NAME = re.compile(r"[^\s\x00-\x1f\"'/\\]{1,64}")
"""What the daemon takes for a name."""


@router.get("/devices/{name}/configuration")
def configuration_page(name: str, visit: Visit = Depends(manages)) -> Response:
    """The device's configuration, to be taken to it; the token stands in a file of its own."""
    written, unfinished = _written(visit, name)
    names: dict[str, Any] = {
        "device": name,
        "file": f"{name}.toml",
        "check": f"custody-reader --config {name}.toml --check",
        "start": f"custody-reader --config {name}.toml",
        "text": toml_text(written, _comments(visit)),
        "unfinished": unfinished,
        "readers": [str(row["name"]) for row in written.readers],
        "over_tls": written.ca is not None,
        "open_network": written.ca is None and not _is_here(visit),
        "authority": AUTHORITY_FILE,
    }
    return render(visit, "readers/configuration.html", **names)


@router.get("/devices/{name}/configuration.toml")
def configuration_file(name: str, visit: Visit = Depends(manages)) -> Response:
    """The same as a file."""
    written, _ = _written(visit, name)
    file = "".join(one if one.isascii() and (one.isalnum() or one in "-_.") else "_" for one in name)
    return Response(
        toml_text(written, _comments(visit)),
        media_type="application/toml",
        headers={"Content-Disposition": f'attachment; filename="{file}.toml"'},
    )


def _is_here(visit: Visit) -> bool:
    return visit.request.url.hostname in ("127.0.0.1", "localhost", "::1")


def _comments(visit: Visit) -> dict[str, str]:
    return {
        part: visit.t(f"readers.toml.{part}") for part in ("file", "daemon", "server", "token", "ca", "reader", "guard")
    }


def _written(visit: Visit, name: str) -> tuple[Written, list[str]]:
    """What the configuration of a device is written from, and the readers that lack something yet."""
    with visit.reading() as connection:
        if not any(one.name == name and not one.revoked for one in admitted.devices(connection)):
            raise NotFound
        found = setting_up.setups(connection, name)
        rows: dict[str, Row] = {one.reader: {"name": one.reader, "kind": one.kind, **one.options} for one in found}
        health = [one for one in store.readers(connection, visit.now) if one.name in rows]
        portals = portals_of(health, rows, beam_settings(connection), _codes(visit, connection))
    for portal in portals:
        rows[portal["reader"]] = _with_antennas(rows[portal["reader"]], [*portal["inside"], *portal["outside"]])
    unfinished = [str(row["name"]) for row in rows.values() if reader_errors(row)]
    request = visit.request
    written = Written(
        name=name,
        url=str(request.base_url).rstrip("/"),
        readers=list(rows.values()),
        ca=AUTHORITY_FILE if request.url.scheme == "https" else None,
        guard=_guard(visit) if portals else None,
        portals=portals,
    )
    return written, unfinished


def _codes(visit: Visit, connection: Connection) -> dict[int, str]:
    places = visit.services.books.directory(connection).places.values()
    return {place.id: place.code for place in places if place.kind == "portal" and _NAME.fullmatch(place.code)}


def portals_of(
    readers: Sequence[ReaderHealth],
    rows: Mapping[str, Row],
    beams: Mapping[int, BeamSetting],
    codes: Mapping[int, str],
) -> list[dict[str, Any]]:
    """Rows of [[portal]]: where one reader hears both sides, with the beam if it is at a reader of this device."""
    found = []
    for reader in readers:
        for place, code in sorted(codes.items()):
            sides = {
                side: [one.number for one in reader.antennas if one.place == place and one.role == side]
                for side in ("inside", "outside")
            }
            if not all(sides.values()):
                continue
            row: dict[str, Any] = {"name": code, "reader": reader.name, **sides}
            beam = beams.get(place)
            if beam is not None and beam.reader in rows:
                row |= {"beam_reader": beam.reader, "beam_inside": beam.inside, "beam_outside": beam.outside}
                row |= {"beam_broken": "active" if beam.broken else "inactive"}
            found.append(row)
    return found


def _with_antennas(row: Row, numbers: Sequence[int]) -> Row:
    """The reader with these antennas too, where it does not read with all of them anyway."""
    own = row.get("antennas")
    return {**row, "antennas": sorted({*own, *numbers})} if isinstance(own, list) and own else row


def _guard(visit: Visit) -> Row | None:
    try:
        key = visit.services.books.signing_key().vkey()
    except KeyMissing:
        return None
    return {"block": visit.services.scheme.epc_block, "list": DOOR_LIST_FILE, "keys": [key]}
