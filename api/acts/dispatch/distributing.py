"""Handing out the copies of a title, collecting them, and widening who may know it (clause b.3)."""

from collections.abc import Sequence

from api.acts.disposition.lists import left_after, lowest, own_unit, the_unit
from api.acts.model import Act, Cosigner, Field, Ground, Unfit, Values
from custody.access import Permission
from custody.entries import Fact
from custody.entries.dispatch import (
    Collected,
    DistributedOnLoan,
    DistributedToKeep,
    DistributionClosed,
    DistributionCounted,
    DistributionListed,
    DistributionOpened,
    DistributionStruck,
    RemainderCounted,
    ScopeWidened,
    WideningClosed,
    WideningListed,
    WideningOpened,
)
from custody.matters.dispatch.distribution import WITH_RECIPIENT, Distribution, Widening
from custody.store.queries import CarrierItem
from custody.store.titles import copies_of

_DISPATCH = Permission.DISPATCH


def _copies(ground: Ground, number: str, *, in_place: bool) -> list[CarrierItem]:
    """The copies of a title that may be seen. Raises Unfit where there are none."""
    with ground.services.database.reading() as connection:
        found = copies_of(connection, number, in_place=in_place)
    items = ground.items(found)
    seen = [items[one] for one in found if one in items]
    if not seen:
        raise Unfit("control_number", "dispatch.no_copies")
    return seen


# Distribution.


def _body(ground: Ground) -> Distribution:
    body: Distribution = ground.the_matter.body
    return body


def _opened(ground: Ground, values: Values) -> list[Fact]:
    number = values["control_number"]
    copies = [item for item in _copies(ground, number, in_place=True) if item.unit == values["unit"]]
    if not copies:
        raise Unfit("control_number", "dispatch.no_copies")
    matter = ground.reserve("matter")
    collect_by = ground.end_of(values["collect_on"]) if values["collect_on"] else None
    level = ground.highest_level(item.id for item in copies)
    opened = DistributionOpened(matter, values["unit"], level, number, values["reason"], collect_by)
    return [opened, *(DistributionListed(item.id, matter) for item in copies)]


def _list(ground: Ground, values: Values) -> list[Fact]:
    return [DistributionListed(one, ground.the_matter.id) for one in values["carriers"]]


def _hand_out(ground: Ground, values: Values) -> list[Fact]:
    """Into the recipient's own safe where a place is given, else on loan until a day."""
    matter, person, place = ground.the_matter.id, values["recipient"], values["place"]
    if (place is None) == (values["due_on"] is None):
        raise Unfit("place", "dispatch.place_or_day")
    if place is not None:
        return [DistributedToKeep(one, matter, person, place) for one in values["lines"]]
    return [DistributedOnLoan(one, matter, person, ground.end_of(values["due_on"])) for one in values["lines"]]


def _recipient(_ground: Ground, values: Values) -> Sequence[Cosigner]:
    return (Cosigner("ask.hand_out.recipient", values.get("recipient")),)


def _counted_pages(values: Values) -> int | None:
    pages: int | None = values["pages_counted"]
    if pages is not None and len(values["lines"]) > 1:
        raise Unfit("pages_counted", "disposition.pages_of_one")
    return pages


def _ends(ground: Ground) -> list[Fact]:
    """With the last copy counted the handing out is over; and all of it, where nothing is to be collected."""
    matter = ground.the_matter
    facts: list[Fact] = [DistributionCounted(matter.id)]
    to_collect = _body(ground).collect_by is not None and matter.count(*WITH_RECIPIENT)
    return facts if to_collect else [*facts, DistributionClosed(matter.id)]


def _count(ground: Ground, values: Values) -> list[Fact]:
    pages = _counted_pages(values)
    facts: list[Fact] = [RemainderCounted(one, ground.the_matter.id, pages) for one in values["lines"]]
    return facts if left_after(ground, values["lines"], "listed") else facts + _ends(ground)


def _collect(ground: Ground, values: Values) -> list[Fact]:
    matter, pages = ground.the_matter, _counted_pages(values)
    facts: list[Fact] = [Collected(one, matter.id, values["place"], pages) for one in values["lines"]]
    over = matter.status == "distributed" and not left_after(ground, values["lines"], *WITH_RECIPIENT)
    return [*facts, DistributionClosed(matter.id)] if over else facts


def _strike(ground: Ground, values: Values) -> list[Fact]:
    return [DistributionStruck(one, ground.the_matter.id, values["reason"]) for one in values["lines"]]


# Widening.


def _widening(ground: Ground, values: Values) -> list[Fact]:
    number = values["control_number"]
    principals = values["scope"]
    if not principals:
        raise Unfit("scope", "dispatch.scope_needed")
    copies = _copies(ground, number, in_place=False)
    matter = ground.reserve("matter")
    opened = WideningOpened(
        matter,
        values["unit"],
        ground.highest_level(item.id for item in copies),
        number,
        principals,
        values["reason"],
        values["authority"],
        values["consent"],
    )
    return [opened, *(WideningListed(item.id, matter) for item in copies)]


def _widen(ground: Ground, _values: Values) -> list[Fact]:
    body: Widening = ground.the_matter.body
    matter = ground.the_matter.id
    facts: list[Fact] = [ScopeWidened(line.carrier, matter, body.principals) for line in ground.lines("listed")]
    return [*facts, WideningClosed(matter)]


def _widen_probe(ground: Ground) -> Fact | None:
    line = ground.a_line("listed")
    body: Widening = ground.the_matter.body
    return ScopeWidened(line.carrier, ground.the_matter.id, body.principals) if line else None


_OPEN = frozenset({"open"})
_PAGES = Field("pages_counted", "number", required=False)

ACTS: tuple[Act, ...] = (
    Act(
        "distribution",
        "distribution",
        "swap",
        _DISPATCH,
        _opened,
        lambda g: DistributionOpened(0, the_unit(g), lowest(g), ""),
        on="house",
        kind="distribution",
        opens=True,
        fields=(
            Field("control_number", max_length=100),
            Field("unit", "unit", default=own_unit),
            Field("collect_on", "day", required=False),
            Field("reason", "area", required=False),
        ),
    ),
    Act(
        "hand_out",
        "distribution",
        "out",
        _DISPATCH,
        _hand_out,
        lambda _ground: None,
        kind="distribution",
        fields=(
            Field("lines", "lines", states=("listed",)),
            Field("recipient", "person"),
            Field("place", "place", required=False),
            Field("due_on", "day", required=False),
        ),
        cosigners=_recipient,
        statuses=_OPEN,
        main=_OPEN,
    ),
    Act(
        "count",
        "distribution_end",
        "ok",
        _DISPATCH,
        _count,
        lambda _ground: None,
        kind="distribution",
        fields=(Field("lines", "lines", states=("listed",)), _PAGES),
        statuses=_OPEN,
    ),
    Act(
        "finish",
        "distribution_end",
        "ok",
        _DISPATCH,
        lambda g, _values: _ends(g),
        lambda g: DistributionCounted(g.the_matter.id),
        kind="distribution",
        statuses=_OPEN,
        hides=frozenset({"list_open"}),
        standing=frozenset({"copies_left"}),
    ),
    Act(
        "collect",
        "distribution_end",
        "back",
        _DISPATCH,
        _collect,
        lambda _ground: None,
        kind="distribution",
        fields=(Field("lines", "lines", states=WITH_RECIPIENT), Field("place", "place"), _PAGES),
        statuses=frozenset({"open", "distributed"}),
        main=frozenset({"distributed"}),
    ),
    Act(
        "list",
        "distribution",
        "plus",
        _DISPATCH,
        _list,
        lambda _ground: None,
        kind="distribution",
        fields=(Field("carriers", "carriers"),),
        statuses=_OPEN,
    ),
    Act(
        "strike",
        "distribution",
        "undo",
        _DISPATCH,
        _strike,
        lambda _ground: None,
        kind="distribution",
        fields=(Field("lines", "lines", states=("listed", *WITH_RECIPIENT)), Field("reason", "area")),
        statuses=frozenset({"open", "distributed"}),
    ),
    Act(
        "close",
        "distribution_end",
        "ok",
        _DISPATCH,
        lambda g, _values: [DistributionClosed(g.the_matter.id)],
        lambda g: DistributionClosed(g.the_matter.id),
        kind="distribution",
        statuses=frozenset({"distributed"}),
        standing=frozenset({"not_collected"}),
    ),
    Act(
        "widening",
        "widening",
        "user",
        _DISPATCH,
        _widening,
        lambda g: WideningOpened(0, the_unit(g), lowest(g), "", (), "", ""),
        on="house",
        kind="widening",
        opens=True,
        fields=(
            Field("control_number", max_length=100),
            Field("scope", "scope", required=False),
            Field("reason", "area"),
            Field("authority", max_length=200),
            Field("consent", required=False, max_length=100),
            Field("unit", "unit", default=own_unit),
        ),
    ),
    Act(
        "list",
        "widening",
        "plus",
        _DISPATCH,
        lambda g, v: [WideningListed(one, g.the_matter.id) for one in v["carriers"]],
        lambda _ground: None,
        kind="widening",
        fields=(Field("carriers", "carriers"),),
        statuses=frozenset({"draft", "asked", "approved"}),
    ),
    Act(
        "carry_out",
        "widening",
        "ok",
        _DISPATCH,
        _widen,
        _widen_probe,
        kind="widening",
        grave=True,
        statuses=frozenset({"approved"}),
        main=frozenset({"approved"}),
    ),
)
