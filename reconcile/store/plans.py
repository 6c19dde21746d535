"""Where places stand on the drawn plans, and which steps of the setting up a house does not need."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Table, delete, select, update
from sqlmodel import SQLModel

import reconcile.store.plan_tables as _tables  # declares its own
from custody.store import audit
from custody.store.digests import attest
from custody.store.schema import chunks
from custody.values import Instant
from reconcile.store.core import insert_new

_ = _tables
PLACE_PLAN: Table = SQLModel.metadata.tables["place_plan"]
SETUP_WAIVER: Table = SQLModel.metadata.tables["setup_waiver"]
GRID_MAX = 200
"""A plan's grid has so many squares at most, either way."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A box on the plan of the place around: left upper corner, width and height in squares; its floor."""

    x: int
    y: int
    w: int
    h: int
    floor: str = ""


def spots(connection: Connection, places: Collection[int]) -> dict[int, Spot]:
    """Those of these places that somebody arranged."""
    found: dict[int, Spot] = {}
    for chunk in chunks(sorted(places)):
        rows = connection.execute(select(PLACE_PLAN).where(PLACE_PLAN.c.place.in_(chunk)))
        found |= {row.place: Spot(row.x, row.y, row.w, row.h, row.floor) for row in rows}
    return found


def arrange(connection: Connection, around: int, wanted: Mapping[int, Spot], *, by: int, at: Instant) -> None:
    """Put these places where they are wanted, on the plan of `around`; on record with who did it."""
    for place, spot in sorted(wanted.items()):
        values = {"x": spot.x, "y": spot.y, "w": spot.w, "h": spot.h, "floor": spot.floor, "by": by, "at": at}
        insert_new(connection, PLACE_PLAN, [{"place": place, **values}])
        connection.execute(update(PLACE_PLAN).where(PLACE_PLAN.c.place == place).values(**values))
    attest(connection, "place_plan", [(place,) for place in sorted(wanted)])
    audit.note(connection, "plan_arranged", at, by=by, detail={"place": around, "boxes": len(wanted)})


def lay_out_anew(connection: Connection, around: int, places: Collection[int], *, by: int, at: Instant) -> None:
    """Forget what was arranged of these places: they are laid out by themselves again."""
    connection.execute(delete(PLACE_PLAN).where(PLACE_PLAN.c.place.in_(sorted(places))))
    attest(connection, "place_plan", [(place,) for place in sorted(places)])
    audit.note(connection, "plan_arranged", at, by=by, detail={"place": around, "boxes": 0})


@dataclass(frozen=True, slots=True)
class Waiver:
    """What the house does not need: who said so, when, why."""

    why: str
    by: int
    at: Instant


def waivers(connection: Connection) -> dict[str, Waiver]:
    """By step."""
    return {row.item: Waiver(row.why, row.by, row.at) for row in connection.execute(select(SETUP_WAIVER))}


def waive(connection: Connection, item: str, why: str, *, by: int, at: Instant) -> None:
    """Say that a step is not needed, instead of what was said before."""
    values = {"why": why, "by": by, "at": at}
    insert_new(connection, SETUP_WAIVER, [{"item": item, **values}])
    connection.execute(update(SETUP_WAIVER).where(SETUP_WAIVER.c.item == item).values(**values))
    _said(connection, item, True, by, at)


def need(connection: Connection, item: str, *, by: int, at: Instant) -> None:
    """Say that a step is needed after all."""
    if connection.execute(delete(SETUP_WAIVER).where(SETUP_WAIVER.c.item == item)).rowcount:
        _said(connection, item, False, by, at)


def _said(connection: Connection, item: str, waived: bool, by: int, at: Instant) -> None:
    attest(connection, "setup_waiver", [(item,)])
    audit.note(connection, "setup_waived", at, by=by, detail={"item": item, "waived": waived})
