"""Letter f, keeping: declarations of holders, clearance; and the lists of its neighbours."""

from collections.abc import Sequence
from dataclasses import replace

from api.acts import handing_over, inventories
from api.acts.duties import duties_of
from api.acts.model import Act, Cosigner, Field, Ground, Values, View
from custody.access import Permission, Role
from custody.entries import Fact, PersonRecorded
from custody.entries.keeping import (
    ClearanceClosed,
    ClearanceListed,
    ClearanceOpened,
    ClearanceSettled,
    HoldingConfirmed,
    KeepingAbandoned,
)
from custody.life_cycle import HELD
from custody.matters import Line, Matter
from custody.matters.keeping import Clearance
from custody.procedures.keeping.clearing import REASONS
from custody.rules import NotFound
from custody.store import accounts, keeping, queries
from custody.store.queries import CarrierFilter

_P = Permission


# What one holds.


def _own(ground: Ground) -> list[tuple[str, str]]:
    """The visitor's own holdings, by number."""
    with ground.services.database.reading() as connection:
        asked = CarrierFilter(holder=ground.subject.person)
        held = queries.carriers(connection, ground.subject, asked, limit=200).items
    own = (item for item in held if item.status in HELD)
    return [(str(item.id), f"{item.control_number} {item.copy_number}/{item.copies}") for item in own]


def _confirmed(_ground: Ground, values: Values) -> list[Fact]:
    return [HoldingConfirmed(int(carrier), values["note"]) for carrier in values["held"]]


def _a_holding(ground: Ground) -> Fact:
    own = _own(ground)
    if not own:
        raise NotFound
    return HoldingConfirmed(int(own[0][0]))


# Clearance.


def _clearance(ground: Ground, values: Values) -> list[Fact]:
    person = ground.directory.persons[values["person"]]
    with ground.services.database.reading() as connection:
        held = sorted(keeping.held_by(connection, person.id))
        level = keeping.listed_level(connection, ground.scheme, held)
    matter = ground.reserve("matter")
    opened = ClearanceOpened(
        matter,
        person.unit or handing_over.top_unit(ground),
        level,
        person.id,
        values["why"],
        values["on"],
        values["new_unit"],
        values["new_post"],
        None if values["new_post_class"] in (None, "none") else values["new_post_class"],
        values["note"],
    )
    return [opened, *(ClearanceListed(carrier, matter) for carrier in held)]


def _sheet(ground: Ground, values: Values) -> list[Fact]:
    matter, body = ground.the_matter, _body(ground.the_matter)
    facts: list[Fact] = [ClearanceSettled(line.carrier, matter.id) for line in ground.lines("listed")]
    facts.append(ClearanceClosed(matter.id, values["office"], values["successor"], values["remark"]))
    if values["record"]:
        person = ground.directory.persons[body.person]
        if body.reason == "leaves":
            new = replace(person, left_on=body.on)
        else:
            new = replace(person, unit=body.new_unit, post=body.new_post, post_class=body.new_post_class)
        facts.append(PersonRecorded(new))
    return facts


def _three(ground: Ground, values: Values) -> Sequence[Cosigner]:
    return (
        Cosigner("keeping.sign.cleared", _body(ground.the_matter).person),
        Cosigner("keeping.sign.office", values.get("office")),
    )


def _body(matter: Matter) -> Clearance:
    assert isinstance(matter.body, Clearance)
    return matter.body


def _officer(ground: Ground) -> str:
    """Staff number of who holds the secrecy office, where that is one person."""
    with ground.services.database.reading() as connection:
        found = [person for person, _unit in accounts.holders(connection, Role.SECRECY_OFFICE)]
    known = ground.directory.persons.get(found[0]) if len(found) == 1 else None
    return known.number if known else ""


def _clearance_rows(ground: Ground, matter: Matter) -> Sequence[tuple[str, str]]:
    body, t = _body(matter), ground.t
    rows = [
        (t("keeping.cleared"), ground.person_name(body.person)),
        (t("ask.clearance.why"), t(f"ask.why.{body.reason}")),
        (t("ask.clearance.on"), body.on),
    ]
    if body.new_unit is not None:
        rows.append((t("ask.clearance.new_unit"), handing_over.unit_name(ground, body.new_unit)))
    if body.new_post:
        rows.append((t("ask.clearance.new_post"), body.new_post))
    if body.successor is not None:
        rows.append((t("ask.close.successor"), ground.person_name(body.successor)))
    return [*rows, *((t("ask.note"), text) for text in (body.note, body.remark) if text)]


def _clearance_line(ground: Ground, _matter: Matter, line: Line) -> Sequence[str]:
    item = ground.items([line.carrier]).get(line.carrier)
    if item is None:
        return ("",)
    where = item.holder_name if item.holder is not None else item.place_code
    return (f"{ground.t(f'status.{item.status.value}')} {where or ''}".strip(),)


def _abandoned(ground: Ground, values: Values) -> list[Fact]:
    return [KeepingAbandoned(ground.the_matter.id, values["reason"])]


def _abandon(kind: str) -> Act:
    return Act(
        "abandon",
        "keeping_abandon",
        "off",
        _P.HEAD_ENQUIRIES if kind == "inventory" else _P.SWEEP,
        _abandoned,
        lambda ground: KeepingAbandoned(ground.the_matter.id, "-"),
        kind=kind,
        fields=(Field("reason", "area"),),
    )


ACTS: tuple[Act, ...] = (
    Act(
        "confirm_holdings",
        "confirm_holdings",
        "pen",
        _P.TAKE_PART,
        _confirmed,
        _a_holding,
        on="house",
        fields=(
            Field("held", "choices", options=_own, default=lambda ground: " ".join(code for code, _ in _own(ground))),
            Field("note", "area", required=False),
        ),
    ),
    Act(
        "clearance",
        "clearance",
        "door",
        _P.SWEEP,
        _clearance,
        lambda ground: ClearanceOpened(0, handing_over.top_unit(ground), "internal", 0, "", ""),
        on="house",
        kind="clearance",
        opens=True,
        fields=(
            Field("person", "person"),
            Field("why", "choice", options=REASONS),
            Field("on", "day", default=lambda ground: ground.day),
            Field("new_unit", "unit", required=False),
            Field("new_post", required=False, max_length=100),
            Field("new_post_class", "choice", required=False, options=("core", "important", "general", "none")),
            Field("note", "area", required=False),
        ),
    ),
    Act(
        "close",
        "clearance_close",
        "ok",
        _P.KEEP,
        _sheet,
        lambda ground: ClearanceClosed(ground.the_matter.id, 0),
        kind="clearance",
        statuses=frozenset({"clearing"}),
        main=frozenset({"clearing"}),
        standing=frozenset({"holdings_left", "places_left", "queue_left"}),
        fields=(
            Field("office", "person", default=_officer),
            Field("successor", "person", required=False),
            Field("record", "check", required=False, default="yes"),
            Field("remark", "area", required=False),
        ),
        cosigners=_three,
        grave=True,
    ),
    *handing_over.ACTS,
    *inventories.ACTS,
    *(_abandon(kind) for kind in ("hand_over", "clearance", "inventory")),
)
VIEWS: tuple[View, ...] = (
    handing_over.VIEW,
    View(
        "clearance",
        "door",
        _clearance_rows,
        columns=("keeping.now",),
        line=_clearance_line,
        looks={
            "clearing": ("act", "round"),
            "closed": ("ok", "ok"),
            "abandoned": ("mute", "off"),
            "listed": ("due", "clock"),
            "settled": ("ok", "ok"),
        },
        panel="people/_panel.html",
        more=lambda ground, matter: {"duties": duties_of(ground, _body(matter).person)},
    ),
    inventories.VIEW,
)
