"""Carriers heard where nothing is locked, and legs whose carrier lies at another reader's: from presence, by place."""

import json

from sqlalchemy import and_, select

from custody.store.schema import CARRIER, LINE, MATTER, PLACE, TAG, chunks
from reconcile.checks import Thresholds
from reconcile.checks.cases import CarrierCase
from reconcile.checks.incidents import HeardAtCase, about_leg
from reconcile.checks.nights import KIND, LOCKED_IN, Night
from reconcile.store.candidates import World, carrier_cases
from reconcile.store.core import FINDING, PRESENCE, Connection


def lockable(around: World) -> frozenset[int]:
    """Places within which something can be locked in that has no antenna of its own."""
    silent = [spot.path for spot in around.spots.values() if spot.storage and spot.id not in around.heard_places]
    return frozenset(
        spot.id
        for spot in around.spots.values()
        if any(path != spot.path and path.startswith(spot.path) for path in silent)
    )


def out_at_night(
    connection: Connection, night: Night, limits: Thresholds, around: World, safes: frozenset[int]
) -> list[CarrierCase]:
    """State secrets confirmed at places that are no store, late enough in this night, of which nothing was told yet."""
    open_places = sorted(
        spot.id
        for spot in around.spots.values()
        if spot.id in around.heard_places and not spot.storage and spot.id not in safes
    )
    found: set[int] = set()
    for chunk in chunks(open_places):
        query = (
            select(CARRIER.c.id)
            .join_from(PRESENCE, TAG, and_(TAG.c.epc == PRESENCE.c.epc, ~TAG.c.retired))
            .join(CARRIER, CARRIER.c.id == TAG.c.carrier)
            .where(
                PRESENCE.c.place.in_(chunk),
                PRESENCE.c.strength == "confirmed",
                PRESENCE.c.here_at >= night.begins_at + limits.left_out_after,
                CARRIER.c.status.in_(sorted(LOCKED_IN)),
                CARRIER.c.rank > 0,
            )
        )
        found |= set(connection.scalars(query))
    told = _told(connection, found, night)
    return [case for _, case in sorted(carrier_cases(connection, found - told, around).items())]


def _told(connection: Connection, carriers: set[int], night: Night) -> set[int]:
    """Of these, those of which this night is told already, also where a person has closed it."""
    found: set[int] = set()
    for chunk in chunks(sorted(carriers)):
        query = select(FINDING.c.carrier).where(
            FINDING.c.carrier.in_(chunk), FINDING.c.kind == KIND, FINDING.c.happened_at >= night.begins_at
        )
        found |= set(connection.scalars(query))
    return found


# Circulations.


def legs_heard(connection: Connection, around: World) -> list[HeardAtCase]:
    """Legs under way whose carrier is confirmed in a place that another person keeps; told once a leg."""
    rows = connection.execute(
        select(CARRIER.c.id, LINE.c.at, LINE.c.person, PRESENCE.c.place, MATTER.c.body)
        .join_from(LINE, MATTER, MATTER.c.id == LINE.c.matter)
        .join(CARRIER, CARRIER.c.id == LINE.c.carrier)
        .join(TAG, and_(TAG.c.carrier == CARRIER.c.id, ~TAG.c.retired))
        .join(PRESENCE, PRESENCE.c.epc == TAG.c.epc)
        .where(
            MATTER.c.kind == "circulation",
            MATTER.c.ended_at.is_(None),
            LINE.c.state == "with_reader",
            CARRIER.c.status == "in_circulation",
            PRESENCE.c.strength == "confirmed",
        )
    ).all()
    keepers = _keepers(connection) if rows else {}
    others = [(row, keeper) for row in rows if (keeper := keepers.get(row.place)) is not None and keeper != row.person]
    abouts = [about_leg(row.id, row.at) for row, _ in others]
    told: set[str] = set()
    for chunk in chunks(abouts):
        query = select(FINDING.c.about).where(FINDING.c.kind == "direct_pass", FINDING.c.about.in_(chunk))
        told |= set(connection.scalars(query))
    fresh = {row.id: (row, keeper) for row, keeper in others if about_leg(row.id, row.at) not in told}
    cases = carrier_cases(connection, fresh, around)
    return [
        HeardAtCase(cases[carrier], keeper, tuple(json.loads(row.body)["body"]["readers"]))
        for carrier, (row, keeper) in sorted(fresh.items())
        if carrier in cases
    ]


def _keepers(connection: Connection) -> dict[int, int]:
    """Place -> who answers for what is kept there: its own responsible person, else the nearest around it."""
    rows = {row.id: row for row in connection.execute(select(PLACE.c.id, PLACE.c.parent, PLACE.c.responsible))}
    found: dict[int, int] = {}
    for place in rows:
        at, seen = rows.get(place), {place}
        while at is not None and at.responsible is None:
            at = None if at.parent in seen else rows.get(at.parent)
            if at is not None:
                seen.add(at.id)
        if at is not None:
            found[place] = at.responsible
    return found
