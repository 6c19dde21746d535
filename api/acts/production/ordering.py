"""Ordering: a new title, or more copies of one that was ordered before; sent to approval in the same act."""

from collections.abc import Iterable
from typing import cast, get_args

from api.acts.disposition.lists import lowest, own_unit, the_unit
from api.acts.model import Act, Field, Ground, Unfit, Values
from custody.access import Permission
from custody.approval import asked
from custody.entries import Fact
from custody.entries.production import ProductionOrdered
from custody.matters import Matter
from custody.matters.production import ProductionBody
from custody.rules import NotFound
from custody.scheme import MEDIA
from custody.store import queries
from custody.store.orders import highest_copy
from custody.store.queries.matters import MatterFilter
from custody.values import CarrierKind, Period, Scope

ORDERS_MAX = 200
"""Orders offered to be supplemented: the newest."""
MADE = ("approved", "closed", "settled")


def _kinds(ground: Ground) -> Iterable[tuple[str, str]]:
    """A coded telegram is none of the house's own papers: the cipher department makes it."""
    return [(kind, ground.t(f"kind.{kind}")) for kind in get_args(CarrierKind) if kind != "telegram"]


def _media(ground: Ground) -> Iterable[tuple[str, str]]:
    return [(medium, ground.t(f"medium.{medium}")) for medium in MEDIA]


def _wish(ground: Ground, matter: int, values: Values) -> Fact:
    return asked(matter, "production", ground.scheme, ground.now, urgent=values["urgent"])


def _order(ground: Ground, values: Values) -> list[Fact]:
    matter = ground.reserve("matter")
    ordered = ProductionOrdered(
        matter=matter,
        unit=values["unit"],
        level=values["level"],
        control_number=values["control_number"],
        title=values["title"],
        carrier_kind=cast(CarrierKind, values["carrier_kind"]),
        medium=values["medium"],
        period=values["period"],
        scope=Scope(values["scope"]),
        quantity=values["quantity"],
        place=values["place"],
        producer=values["producer"],
        reason=values["reason"],
        basis=values["basis"],
        determined_by=values["determined_by"],
        classified_on=values["classified_on"] or "",
        pages=values["pages"],
    )
    return [ordered, _wish(ground, matter, values)]


# More copies of a title.


def orders_made(ground: Ground) -> list[Matter]:
    """The orders that may be supplemented, the newest first."""
    with ground.services.database.reading() as connection:
        page = queries.matters(connection, ground.subject, MatterFilter(kinds=("production",)), limit=ORDERS_MAX)
    return [matter for matter in page.items if matter.status in MADE]


def _choices(ground: Ground) -> Iterable[tuple[str, str]]:
    return [(str(one.id), f"{one.number} · {one.body.control_number}") for one in orders_made(ground)]


def _more(ground: Ground, values: Values) -> list[Fact]:
    """What the first order says, but for quantity, place, producer and reason; its numbers go on behind the highest."""
    try:
        with ground.services.database.reading() as connection:
            first = queries.matter(connection, ground.subject, int(values["supplements"]))
            body: ProductionBody = first.body
            highest = highest_copy(connection, body.control_number)
    except NotFound as absent:
        raise Unfit("supplements", "ask.wrong.choice", field=ground.t("ask.production_more.supplements")) from absent
    matter = ground.reserve("matter")
    ordered = ProductionOrdered(
        matter=matter,
        unit=body.unit,
        level=body.level,
        control_number=body.control_number,
        title=body.title,
        carrier_kind=body.kind,
        medium=body.medium,
        period=body.period,
        scope=body.scope,
        quantity=values["quantity"],
        place=values["place"],
        producer=values["producer"],
        reason=values["reason"],
        basis=body.basis,
        determined_by=body.determined_by,
        classified_on=body.classified_on,
        pages=body.pages,
        first_copy=highest + 1,
        supplements=first.id,
    )
    return [ordered, _wish(ground, matter, values)]


def _probe(ground: Ground) -> Fact:
    return ProductionOrdered(
        matter=0,
        unit=the_unit(ground),
        level=lowest(ground),
        control_number="",
        title="",
        carrier_kind="document",
        medium="paper",
        period=Period("none"),
        scope=Scope(),
        quantity=1,
        place=None,
        producer=None,
        reason="",
        basis="",
        determined_by="",
        classified_on="",
    )


_WHERE = (
    Field("place", "place", required=False),
    Field("producer", "organisation", required=False),
    Field("reason", "area"),
    Field("urgent", "check", required=False),
)

ACTS: tuple[Act, ...] = (
    Act(
        "production",
        "production",
        "print",
        Permission.TAKE_PART,
        _order,
        _probe,
        on="house",
        kind="production",
        opens=True,
        fields=(
            Field("control_number", max_length=80),
            Field("title", max_length=300),
            Field("carrier_kind", "choice", options=_kinds, default="document"),
            Field("medium", "choice", options=_media, default="paper"),
            Field("pages", "number", required=False),
            Field("quantity", "number"),
            Field("level", "level"),
            Field("period", "period", default="maximum"),
            Field("scope", "scope", required=False),
            Field("basis", required=False, max_length=300),
            Field("determined_by", required=False, max_length=100),
            Field("classified_on", "day", required=False, default=lambda g: g.day),
            Field("unit", "unit", default=own_unit),
            *_WHERE,
        ),
    ),
    Act(
        "production_more",
        "production",
        "plus",
        Permission.TAKE_PART,
        _more,
        _probe,
        on="house",
        kind="production",
        opens=True,
        fields=(
            Field("supplements", "choice", options=_choices),
            Field("quantity", "number"),
            *_WHERE,
        ),
    ),
)
