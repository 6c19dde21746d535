"""The directory of the house, act by act: its places, units and persons, as a new house or a new room needs them.

Many at once come with the workbook (see `api.workbook`); here it is one, on a page.
"""

from collections.abc import Iterable
from dataclasses import replace

from api.acts.model import Act, Field, Ground, Unfit, Values, View
from custody.access import Permission
from custody.entries import Fact, PersonRecorded, PlaceRecorded, UnitRecorded
from custody.rules import NotFound
from custody.values import Person, Place, Unit

_P = Permission
REGISTER = "/places"
KINDS_INSIDE = ("building", "room", "cabinet", "shelf", "container", "seat")
KINDS_ANYWHERE = ("site", "building", "room", "cabinet")
FOLLOWS = {"site": "building", "building": "room", "room": "cabinet", "cabinet": "shelf", "shelf": "container"}
"""What is most often added to a place of each kind."""
STORES = frozenset({"cabinet", "shelf", "container"})
"""Kinds of place in which carriers usually have their home."""


def _kinds_inside(ground: Ground) -> Iterable[tuple[str, str]]:
    return [(kind, ground.t(f"place_kind.{kind}")) for kind in KINDS_INSIDE]


def _kinds_anywhere(ground: Ground) -> Iterable[tuple[str, str]]:
    return [(kind, ground.t(f"place_kind.{kind}")) for kind in KINDS_ANYWHERE]


def _follows(ground: Ground) -> str:
    return FOLLOWS.get(ground.the_place.kind, "container")


def _stores(ground: Ground) -> str:
    return "yes" if _follows(ground) in STORES else ""


def _ratings(ground: Ground) -> Iterable[tuple[str, str]]:
    own = [(lv.code, lv.name_zh if ground.language == "zh" else lv.name_en) for lv in ground.scheme.levels]
    return [("inherit", ground.t("ask.rating.inherit")), *own]


def _rating(values: Values) -> str | None:
    return None if values["rating"] == "inherit" else values["rating"]


# Places.


def _place(ground: Ground, values: Values, parent: int | None) -> list[Fact]:
    place = Place(
        id=ground.reserve("place"),
        code=values["code"],
        name=values["name"],
        kind=values["place_kind"],
        parent=parent,
        name_en=values.get("name_en") or "",
        rating=_rating(values),
        storage=values["storage"],
        responsible=values["keeper"],
    )
    return [PlaceRecorded(place)]


def _portal(ground: Ground, values: Values) -> list[Fact]:
    if values["joins_inside"] == values["joins_outside"]:
        raise Unfit("joins_outside", "places.joins_itself")
    place = Place(
        id=ground.reserve("place"),
        code=values["code"],
        name=values["name"],
        kind="portal",
        parent=ground.the_place.id,
        name_en=values["name_en"] or "",
        inside=values["joins_inside"],
        outside=values["joins_outside"],
    )
    return [PlaceRecorded(place)]


def _changed(ground: Ground, values: Values) -> list[Fact]:
    place = ground.the_place
    new = replace(
        place,
        code=values["code"] or place.code,
        name=values["name"],
        name_en=values["name_en"] or "",
        parent=values["inside_of"],
        rating=_rating(values),
        storage=values["storage"],
        responsible=values["keeper"],
    )
    if new == place:
        raise Unfit("name", "keeping.nothing_changed")
    return [PlaceRecorded(new)]


def _around(ground: Ground) -> str:
    around = ground.directory.places.get(ground.the_place.parent or 0)
    return around.code if around else ""


def _keeper_number(ground: Ground) -> str:
    keeper = ground.directory.persons.get(ground.the_place.responsible or 0)
    return keeper.number if keeper else ""


def _probe_add(ground: Ground) -> Fact:
    """A door or a seat holds nothing."""
    if ground.the_place.kind in ("portal", "seat"):
        raise NotFound
    return PlaceRecorded(replace(_EMPTY, parent=ground.the_place.id))


def _probe_portal(ground: Ground) -> Fact:
    """A door leads into what has walls."""
    if ground.the_place.kind not in ("site", "building", "room"):
        raise NotFound
    return PlaceRecorded(replace(_EMPTY, kind="portal", parent=ground.the_place.id))


def _inner(ground: Ground) -> str:
    """A portal is most often added to what it guards: that is its inside."""
    return ground.the_place.code


# Units and persons.


def _unit(ground: Ground, values: Values) -> list[Fact]:
    unit = Unit(ground.reserve("unit"), values["code"], values["name"], values["name_en"] or "", values["unit_above"])
    return [UnitRecorded(unit)]


def _person(ground: Ground, values: Values) -> list[Fact]:
    if any(one.number == values["staff_number"] for one in ground.directory.persons.values()):
        raise Unfit("staff_number", "people.number_known", number=values["staff_number"])
    post_class = None if values["post_class"] == "none" else values["post_class"]
    if post_class is not None and not values["cleared_from"]:
        raise Unfit("cleared_from", "people.cleared_from_needed")
    person = Person(
        id=ground.reserve("person"),
        number=values["staff_number"],
        name=values["name"],
        name_en=values["name_en"] or "",
        unit=values["unit"],
        post=values["post"] or "",
        post_class=post_class,
        cleared_from=(values["cleared_from"] or "") if post_class else "",
        cleared_until=(values["cleared_until"] or "") if post_class else "",
    )
    return [PersonRecorded(person)]


def _classes(ground: Ground) -> Iterable[tuple[str, str]]:
    return [(code, ground.t(f"ask.new_post_class.{code}")) for code in ("none", "general", "important", "core")]


_CODE = Field("code", max_length=50)
_NAME = Field("name", max_length=200)
_NAME_EN = Field("name_en", required=False, max_length=200)
_RATING = Field("rating", "choice", options=_ratings, default="inherit")
_KEEPER = Field("keeper", "person", required=False)
_EMPTY = Place(0, "", "", "room")

ACTS: tuple[Act, ...] = (
    Act(
        "change",
        "place",
        "pen",
        _P.TAKE_IN,
        _changed,
        lambda ground: PlaceRecorded(ground.the_place),
        on="place",
        fields=(
            Field("code", required=False, default=lambda ground: ground.the_place.code, max_length=50),
            Field("name", default=lambda ground: ground.the_place.name, max_length=200),
            Field("name_en", required=False, default=lambda ground: ground.the_place.name_en, max_length=200),
            Field("inside_of", "place", required=False, default=_around),
            Field("rating", "choice", options=_ratings, default=lambda ground: ground.the_place.rating or "inherit"),
            Field("storage", "check", required=False, default=lambda ground: "yes" if ground.the_place.storage else ""),
            Field("keeper", "person", required=False, default=_keeper_number),
        ),
    ),
    Act(
        "add",
        "place",
        "plus",
        _P.TAKE_IN,
        lambda ground, values: _place(ground, values, ground.the_place.id),
        _probe_add,
        on="place",
        fields=(
            Field("place_kind", "choice", options=_kinds_inside, default=_follows),
            _CODE,
            _NAME,
            _NAME_EN,
            _RATING,
            Field("storage", "check", required=False, default=_stores),
            _KEEPER,
        ),
    ),
    Act(
        "portal",
        "place",
        "door",
        _P.TAKE_IN,
        _portal,
        _probe_portal,
        on="place",
        fields=(
            _CODE,
            _NAME,
            _NAME_EN,
            Field("joins_inside", "place", default=_inner),
            Field("joins_outside", "place"),
        ),
    ),
    Act(
        "place",
        "place",
        "plus",
        _P.TAKE_IN,
        lambda ground, values: _place(ground, values, values["inside_of"]),
        lambda _ground: PlaceRecorded(_EMPTY),
        on="house",
        home=REGISTER,
        fields=(
            Field("place_kind", "choice", options=_kinds_anywhere, default="building"),
            _CODE,
            _NAME,
            _NAME_EN,
            Field("inside_of", "place", required=False),
            _RATING,
            Field("storage", "check", required=False),
            _KEEPER,
        ),
    ),
    Act(
        "unit",
        "directory",
        "plus",
        _P.TAKE_IN,
        _unit,
        lambda _ground: UnitRecorded(Unit(0, "", "")),
        on="house",
        home="/people",
        fields=(_CODE, _NAME, _NAME_EN, Field("unit_above", "unit", required=False)),
    ),
    Act(
        "person",
        "directory",
        "plus",
        _P.TAKE_IN,
        _person,
        lambda _ground: PersonRecorded(Person(0, "", "")),
        on="house",
        home="/people",
        fields=(
            Field("staff_number", max_length=50),
            Field("name", max_length=100),
            Field("name_en", required=False, max_length=100),
            Field("unit", "unit", required=False),
            Field("post", required=False, max_length=100),
            Field("post_class", "choice", options=_classes, default="none"),
            Field("cleared_from", "day", required=False),
            Field("cleared_until", "day", required=False),
        ),
    ),
)
VIEWS: tuple[View, ...] = ()
