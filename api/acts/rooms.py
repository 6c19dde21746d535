"""The check of a room as a row: what books and radio say of it now, the word of who looked, go or no go (rule 9)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.acts.model import Act, Field, Ground, Unfit, Values, View
from custody.access import Permission
from custody.entries import Fact, MatterOpened
from custody.entries.entry import RoomChecked
from custody.matters import Matter
from custody.matters.entry import ROOM_CHECK, RoomCheck
from custody.procedures.room_checks import valid_until, verdict_of
from custody.values import Instant
from reconcile.checks.rooms import RoomFound
from reconcile.store.rooms import check_room, heard_in_the_open, stored_in

LEVEL = "internal"
"""The slip tells of carriers by their numbers only, and of those alone whom its reader may see."""


def found_in(ground: Ground, place: int, now: Instant) -> RoomFound | None:
    """What a check of the place finds; None for a place that is not there. Nothing is hidden from the verdict."""
    with ground.services.database.reading() as connection:
        return check_room(connection, ground.directory, ground.scheme, place, now)


def _stored(ground: Ground, found: RoomFound) -> int:
    with ground.services.database.reading() as connection:
        return stored_in(connection, found)


def exposed_in(ground: Ground, place: int) -> tuple[int, ...]:
    """Carriers heard in the open in a place as somebody stands at its door."""
    with ground.services.database.reading() as connection:
        return tuple(heard_in_the_open(connection, ground.directory, ground.scheme, place, ground.now))


def _unit(ground: Ground) -> int:
    top = min((unit.id for unit in ground.directory.units.values() if unit.parent is None), default=0)
    return ground.person.unit or top


def checked(ground: Ground, values: Values) -> list[Fact]:
    """The check as it is signed."""
    found = found_in(ground, values["place"], ground.now)
    if found is None:
        raise Unfit("place", "ask.wrong.place")
    by_eye = values["by_eye"]
    minutes = ground.scheme.number("room_clear_minutes")
    at = ground.held.at if ground.held is not None else ground.now
    return [
        RoomChecked(
            matter=ground.reserve("matter"),
            unit=_unit(ground),
            level=LEVEL,
            place=values["place"],
            verdict=verdict_of(found.in_use, found.heard, found.unclear, found.coverage, by_eye),
            in_use=found.in_use,
            heard=found.heard,
            unclear=found.unclear,
            put_away=len(found.put_away) + _stored(ground, found),
            coverage=found.coverage,
            antennas=len(found.room.antennas),
            listening=found.listening,
            heard_through=found.heard_through,
            valid_until=valid_until(at, minutes),
            by_eye=by_eye,
        )
    ]


def _probe(ground: Ground) -> MatterOpened:
    return RoomChecked(0, _unit(ground), LEVEL, 0, "no_go", (), (), (), 0, "not_covered", 0, 0, None, ground.now)


ACTS: tuple[Act, ...] = (
    Act(
        "room-check",
        "room_check",
        "eye",
        Permission.ADMIT,
        checked,
        _probe,
        on="house",
        kind=ROOM_CHECK,
        opens=True,
        fields=(Field("place", "place"), Field("by_eye", "area", required=False, max_length=400)),
    ),
)


def place_words(ground: Ground, place: int) -> str:
    """Code and name of a place."""
    found = ground.directory.places.get(place)
    return f"{found.code} {ground.name_of(found)}" if found else ""


def _rows(ground: Ground, matter: Matter) -> Sequence[tuple[str, str]]:
    body: RoomCheck = matter.body
    t = ground.t
    heard = t("rooms.antennas_of", n=body.listening, total=body.antennas)
    rows = [
        (t("ask.place"), place_words(ground, body.place)),
        (t("rooms.verdict"), t(f"rooms.verdict.{body.verdict}")),
        (t("rooms.coverage"), f"{t(f'rooms.coverage.{body.coverage}')} · {heard}"),
        (t("rooms.put_away"), str(body.put_away)),
    ]
    return [*rows, (t("ask.by_eye"), body.by_eye)] if body.by_eye else rows


GROUPS = ("in_use", "heard", "unclear")


def groups_of(ground: Ground, body: Any) -> list[tuple[str, list[Any], int]]:
    """What a check found, by group: those that may be seen, and how many more there are."""
    found = []
    for name in GROUPS:
        ids: Iterable[int] = getattr(body, name)
        items = ground.items(ids)
        shown = sorted(items.values(), key=lambda item: (item.control_number, item.copy_number))
        found.append((name, shown, len(tuple(ids)) - len(shown)))
    return found


def _more(ground: Ground, matter: Matter) -> Mapping[str, Any]:
    body: RoomCheck = matter.body
    return {
        "groups": groups_of(ground, body),
        "check": body,
        "lasts": body.goes and ground.now <= body.valid_until,
    }


VIEWS: tuple[View, ...] = (
    View(ROOM_CHECK, "eye", _rows, looks={"checked": ("mute", "eye")}, panel="rooms/_found.html", more=_more),
)
