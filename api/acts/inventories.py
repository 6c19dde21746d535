"""The yearly inventory: the acts on its list, and the report that ends it."""

from collections.abc import Sequence

from api.acts.handing_over import (
    LISTED_AT_ONCE,
    LOOKS,
    a_sweep,
    found_how,
    met_in,
    seen,
    stands_there,
    states_of,
    sweeps,
    to_list,
    top_unit,
    unit_name,
)
from api.acts.model import Act, Cosigner, Field, Ground, Unfit, Values, View
from custody.access import Permission
from custody.entries import Fact
from custody.entries.keeping import (
    InventoryClosed,
    InventoryConfirmed,
    InventoryCounted,
    InventoryExplained,
    InventoryFrozen,
    InventoryListed,
    InventoryOpened,
    InventoryOver,
)
from custody.life_cycle import HELD, Status
from custody.matters import Line, Matter
from custody.matters.keeping import Inventory
from custody.procedures.keeping.handing_over import EYE
from custody.procedures.keeping.inventory import OUT
from custody.rules import NotFound
from custody.store import keeping

_P = Permission


def _body(matter: Matter) -> Inventory:
    assert isinstance(matter.body, Inventory)
    return matter.body


# The list.


def _listing(ground: Ground, matter: int, carriers: Sequence[int], *, whole: bool) -> list[Fact]:
    """Lines for these carriers, each with whom it is; frozen where nothing is left to be listed."""
    states = states_of(ground, carriers)
    listed: list[Fact] = [InventoryListed(one, matter, states[one].holder) for one in carriers]
    return [*listed, InventoryFrozen(matter)] if whole else listed


def _opened(ground: Ground, values: Values) -> list[Fact]:
    unit = values["unit"]
    with ground.services.database.reading() as connection:
        held = sorted(keeping.held_by_units(connection, ground.directory.units_under(unit)))
        level = keeping.listed_level(connection, ground.scheme, held)
    matter = ground.reserve("matter")
    opened = InventoryOpened(matter, unit, level, values["year"], values["head"], ground.end_of(values["until"]))
    whole = len(held) <= LISTED_AT_ONCE
    return [opened, *_listing(ground, matter, held[:LISTED_AT_ONCE], whole=whole)]


def _listed(ground: Ground, _values: Values) -> list[Fact]:
    found = to_list(ground)
    return _listing(ground, ground.the_matter.id, found, whole=len(found) < LISTED_AT_ONCE)


# Counting.


def _counted(ground: Ground, values: Values) -> list[Fact]:
    return [InventoryCounted(carrier, ground.the_matter.id, EYE) for carrier in seen(ground, values["lines"])]


def _swept(ground: Ground, values: Values) -> list[Fact]:
    number = values["round"]
    met = met_in(ground, number, "listed", "explained")
    return [InventoryCounted(carrier, ground.the_matter.id, number) for carrier in met]


def _declared(ground: Ground) -> list[int]:
    """Carriers of open lines whose present holder has declared since the opening to have them."""
    matter = ground.the_matter
    lines = [line.carrier for line in ground.lines("listed", "explained")]
    with ground.services.database.reading() as connection:
        confirmed = keeping.confirmed_since(connection, lines, matter.opened_at)
    states = states_of(ground, confirmed)
    return sorted(one.id for one in states.values() if one.holder == confirmed[one.id] and one.status in HELD)


def _taken_over(ground: Ground, _values: Values) -> list[Fact]:
    return [InventoryConfirmed(carrier, ground.the_matter.id) for carrier in _declared(ground)[:LISTED_AT_ONCE]]


def _one_declared(ground: Ground) -> Fact:
    found = _declared(ground)
    if not found:
        raise NotFound
    return InventoryConfirmed(found[0], ground.the_matter.id)


def _at_the_desk(ground: Ground, values: Values) -> list[Fact]:
    lines = [line.carrier for line in ground.lines("listed", "explained")]
    held = [one.id for one in states_of(ground, lines).values() if one.holder == values["holder"]]
    if not held:
        raise Unfit("holder", "keeping.holds_none")
    return [InventoryConfirmed(carrier, ground.the_matter.id) for carrier in sorted(held)]


def _holder(_ground: Ground, values: Values) -> Sequence[Cosigner]:
    return (Cosigner("keeping.sign.holder", values.get("holder")),)


def _explained(ground: Ground, values: Values) -> list[Fact]:
    matter = ground.the_matter
    units = ground.directory.units_under(matter.unit)
    facts: list[Fact] = []
    for carrier, state in sorted(states_of(ground, values["lines"]).items()):
        if state.status is Status.DECLARED_LOST:
            how = "missing"
        elif state.status not in HELD or state.description.unit not in units:
            how = "gone"
        elif state.status in OUT:
            how = "out"
        elif state.holder is not None:
            raise Unfit("lines", "keeping.holder_declares", person=ground.person_name(state.holder))
        else:
            raise stands_there(state)
        facts.append(InventoryExplained(carrier, matter.id, how))
    return facts


def _over(ground: Ground, values: Values) -> list[Fact]:
    return [InventoryOver(ground.the_matter.id, values["code"], values["resolution"], values["place"])]


# The report.


def _closed(ground: Ground, values: Values) -> list[Fact]:
    matter = ground.the_matter
    with ground.services.database.reading() as connection:
        rows = keeping.inventory_rows(connection, matter.id)
    return [InventoryClosed(matter.id, values["keeper"], rows, values["remark"])]


def _signers(ground: Ground, values: Values) -> Sequence[Cosigner]:
    head = _body(ground.the_matter).head
    found = [Cosigner("keeping.sign.keeper", values.get("keeper"))]
    if head != ground.subject.person:
        found.insert(0, Cosigner("keeping.sign.head", head))
    return tuple(found)


def _line_probe(ground: Ground) -> Fact | None:
    line = ground.a_line("listed", "explained")
    return InventoryExplained(line.carrier, line.matter, "") if line else None


def _with_holder(ground: Ground) -> Fact:
    line = next((line for line in ground.lines("listed", "explained") if line.person is not None), None)
    if line is None:
        raise NotFound
    return InventoryConfirmed(line.carrier, line.matter)


def _rows(ground: Ground, matter: Matter) -> Sequence[tuple[str, str]]:
    body, t = _body(matter), ground.t
    rows = [
        (t("ask.inventory.year"), str(body.year)),
        (t("ask.inventory.unit"), unit_name(ground, matter.unit)),
        (t("ask.inventory.head"), ground.person_name(body.head)),
    ]
    if body.keeper is not None:
        rows.append((t("ask.close.keeper"), ground.person_name(body.keeper)))
    rows += [(t("keeping.over"), f"{one.code}: {one.resolution}") for one in body.over]
    return [*rows, (t("ask.remark"), body.remark)] if body.remark else rows


def _line(ground: Ground, _matter: Matter, line: Line) -> Sequence[str]:
    return (ground.person_name(line.person), found_how(ground, line))


def table_of(ground: Ground, matter: Matter) -> dict[str, object]:
    """The report as it was signed, or as its lines are now, for the matter's page: figures by unit and level."""
    signed = _body(matter).rows
    if signed:
        figures = {(row.unit, row.level): {name: getattr(row, name) for name in keeping.FIGURES} for row in signed}
    else:
        with ground.services.database.reading() as connection:
            figures = keeping.inventory_figures(connection, matter.id)
    rows = [
        {"unit": unit_name(ground, unit), "level": level, "on_books": sum(row.values()), "open": 0} | row
        for (unit, level), row in figures.items()
    ]
    return {"inventory_rows": [row | {"open": row.get("listed", 0)} for row in rows]}


_COUNTING = frozenset({"counting"})
_LISTING = frozenset({"listing"})
ACTS: tuple[Act, ...] = (
    Act(
        "inventory",
        "inventory",
        "sum",
        _P.HEAD_ENQUIRIES,
        _opened,
        lambda ground: InventoryOpened(0, top_unit(ground), "internal", 0, 0, 0),
        on="house",
        kind="inventory",
        opens=True,
        fields=(
            Field("year", "number", default=lambda ground: ground.day[:4]),
            Field("unit", "unit", default=lambda ground: str(top_unit(ground))),
            Field("head", "person", default=lambda ground: ground.person.number),
            Field("until", "day"),
        ),
    ),
    Act(
        "list",
        "inventory",
        "plus",
        _P.HEAD_ENQUIRIES,
        _listed,
        lambda ground: InventoryFrozen(ground.the_matter.id),
        kind="inventory",
        statuses=_LISTING,
        main=_LISTING,
    ),
    Act(
        "count",
        "inventory_count",
        "eye",
        _P.SWEEP,
        _counted,
        _line_probe,
        kind="inventory",
        statuses=_COUNTING,
        main=_COUNTING,
        fields=(Field("lines", "lines", states=("listed", "explained")),),
    ),
    Act(
        "sweep",
        "inventory_count",
        "round",
        _P.SWEEP,
        _swept,
        lambda ground: a_sweep(ground, InventoryCounted),
        kind="inventory",
        statuses=_COUNTING,
        fields=(Field("round", "choice", options=sweeps),),
    ),
    Act(
        "declared",
        "inventory_count",
        "pen",
        _P.SWEEP,
        _taken_over,
        _one_declared,
        kind="inventory",
        statuses=_COUNTING,
    ),
    Act(
        "desk",
        "inventory_count",
        "user",
        _P.SWEEP,
        _at_the_desk,
        _with_holder,
        kind="inventory",
        statuses=_COUNTING,
        fields=(Field("holder", "person"),),
        cosigners=_holder,
    ),
    Act(
        "explain",
        "inventory_count",
        "doc",
        _P.SWEEP,
        _explained,
        _line_probe,
        kind="inventory",
        statuses=_COUNTING,
        fields=(Field("lines", "lines", states=("listed",)),),
    ),
    Act(
        "over",
        "inventory_count",
        "ask",
        _P.SWEEP,
        _over,
        lambda ground: InventoryOver(ground.the_matter.id, "-", "-"),
        kind="inventory",
        statuses=_COUNTING,
        fields=(Field("code", max_length=200), Field("place", "place", required=False), Field("resolution", "area")),
    ),
    Act(
        "close",
        "inventory_close",
        "ok",
        _P.HEAD_ENQUIRIES,
        _closed,
        lambda ground: InventoryClosed(ground.the_matter.id, 0, ()),
        kind="inventory",
        statuses=_COUNTING,
        standing=frozenset({"count_open"}),
        fields=(Field("keeper", "person"), Field("remark", "area", required=False)),
        cosigners=_signers,
        grave=True,
    ),
)
VIEW = View(
    "inventory",
    "sum",
    _rows,
    columns=("keeping.in_hand_of", "keeping.found_how"),
    line=_line,
    looks=LOOKS,
    panel="keeping/_inventory.html",
    more=table_of,
)
