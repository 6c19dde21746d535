"""Permits to carry out as rows: asked for, packed or let out, prolonged, brought back, the way confirmed (letter e)."""

from collections.abc import Callable, Sequence
from typing import Any

from api.acts.carrying_out_showing import TOGETHER, leg_words, passages
from api.acts.carrying_out_showing import VIEWS as VIEWS
from api.acts.disposition.lists import lowest, own_number, own_unit, the_unit
from api.acts.disposition.losses import last_known, loss_facts, moment_text
from api.acts.model import Act, Cosigner, Field, Ground, Unfit, Values
from custody.access import Permission
from custody.entries import Fact
from custody.entries.carrying_out import (
    BroughtBack,
    CarriedOut,
    CarriedOver,
    ItineraryConfirmed,
    ItineraryLeg,
    LegTold,
    LostOnTheWay,
    Packed,
    PermitListed,
    PermitOpened,
    PermitStruck,
    StayedOut,
)
from custody.life_cycle import Status
from custody.matters.carrying_out import KEY, OUT_NOW, Permit
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries import CarrierItem, MatterFilter

_P = Permission
TRAVEL = ("official_vehicle", "train", "aircraft", "ship", "foot")
STAYS = ("none", "secure_room", "office", "lodging", "home")
PERMITS_MAX = 50


def _body(ground: Ground) -> Permit:
    body: Permit = ground.the_matter.body
    return body


# Asking.


def _legs(rows: Sequence[dict[str, Any]]) -> tuple[ItineraryLeg, ...]:
    return tuple(
        ItineraryLeg(
            row["leg_day"], row["leg_from"], row["leg_to"], row["leg_travel"], row["leg_stay"], row["leg_stay_at"]
        )
        for row in rows
    )


def _opened(ground: Ground, values: Values) -> list[Fact]:
    matter, carriers = ground.reserve("matter"), values["carriers"]
    opened = PermitOpened(
        matter,
        values["unit"],
        ground.highest_level(carriers),
        bearer=values["bearer"],
        escorts=values["escorts"],
        purpose=values["purpose"],
        destination=values["destination"],
        container=values["container"],
        from_at=values["from_at"],
        until_at=values["until_at"],
        itinerary=_legs(values["itinerary"]),
        mode=values["leaves_by"],
        foreign=values["foreign"],
        abroad=values["abroad"],
        precautions=values["precautions"],
        authority_permit=values["authority_permit"],
        authority_permit_on=values["authority_permit_on"] or "",
        prolongs=int(values["prolongs"]) if values["prolongs"] else None,
    )
    return [opened, *(PermitListed(one, matter) for one in carriers)]


def _empty(ground: Ground) -> Fact:
    who, now = ground.subject.person, ground.now
    return PermitOpened(0, the_unit(ground), lowest(ground), who, (), "", "", "", now, now, ())


def running_permits(ground: Ground) -> list[tuple[str, str]]:
    """Permits under which something is out, with their bearers: what may be prolonged."""
    asked = MatterFilter(kinds=(KEY,), status=OUT_NOW)
    with ground.services.database.reading() as connection:
        found = queries.matters(connection, ground.subject, asked, limit=PERMITS_MAX).items
    return [(str(one.id), f"{one.number} {ground.person_name(one.body.bearer)}") for one in found]


# Out.


def _packed(ground: Ground, values: Values) -> list[Fact]:
    due, matter = _body(ground).until_at, ground.the_matter.id
    return [Packed(one, matter, values["container"], due) for one in values["lines"]]


def _out(ground: Ground, values: Values) -> list[Fact]:
    body, matter = _body(ground), ground.the_matter.id
    return [CarriedOut(one, matter, body.bearer, values["container"], body.until_at) for one in values["lines"]]


def _left(ground: Ground, values: Values) -> list[Fact]:
    """What the portal heard, at the time at which it heard it: neither portal nor time is a matter of choice."""
    body, matter, heard = _body(ground), ground.the_matter.id, passages(ground, "out", "packed")
    facts: list[Fact] = []
    for one in values["lines"]:
        crossing = heard.get(one)
        if crossing is None:
            raise Unfit("lines", "carrying_out.not_heard")
        if abs(crossing.at - values["left_at"]) > TOGETHER:
            raise Unfit("left_at", "carrying_out.other_time")
        facts.append(CarriedOut(one, matter, body.bearer, body.container, body.until_at, crossing.portal))
    return facts


def _left_probe(ground: Ground) -> Fact | None:
    heard = passages(ground, "out", "packed")
    if not heard:
        raise NotFound  # nothing is offered that no portal has heard
    carrier, crossing = next(iter(sorted(heard.items())))
    body = _body(ground)
    return CarriedOut(carrier, ground.the_matter.id, body.bearer, body.container, body.until_at, crossing.portal)


def _left_at(ground: Ground) -> str:
    heard = passages(ground, "out", "packed").values()
    return moment_text(max((one.at for one in heard), default=ground.now), ground.scheme.timezone)


def _stays(ground: Ground, values: Values) -> list[Fact]:
    body, matter = _body(ground), ground.the_matter.id
    facts: list[Fact] = []
    for one in values["lines"]:
        former = body.prolongs or 0
        facts += [CarriedOver(one, former, matter), StayedOut(one, matter, former, body.until_at)]
    return facts


def _stays_probe(ground: Ground) -> Fact | None:
    body = _body(ground)
    line = ground.a_line("listed")
    if body.prolongs is None or line is None:
        raise NotFound
    return CarriedOver(line.carrier, body.prolongs, ground.the_matter.id)


def _first(*states: str) -> Callable[[Callable[[Ground, int], Fact]], Callable[[Ground], Fact | None]]:
    """The probe about the first line in these states."""

    def of(make: Callable[[Ground, int], Fact]) -> Callable[[Ground], Fact | None]:
        def probe(ground: Ground) -> Fact | None:
            line = ground.a_line(*states)
            return make(ground, line.carrier) if line else None

        return probe

    return of


# Back.


def travellers(ground: Ground) -> list[tuple[str, str]]:
    """The bearer and the escorts."""
    return [(str(one), ground.person_name(one)) for one in _body(ground).travellers]


def _bearer(ground: Ground) -> str:
    return str(_body(ground).bearer)


def _back(ground: Ground, values: Values) -> list[Fact]:
    lines, pages = values["lines"], values["pages_counted"]
    if pages is not None and len(lines) > 1:
        raise Unfit("pages_counted", "carrying_out.pages_of_one")
    items, facts = ground.items(lines), list[Fact]()
    for one in lines:
        item = items.get(one)
        if item is None:
            raise NotFound
        counted = pages if pages is not None else item.pages if values["whole"] else None
        place = _goes_to(item, values["place"])
        facts.append(BroughtBack(one, ground.the_matter.id, place, int(values["brought_by"]), counted))
    return facts


def _goes_to(item: CarrierItem, place: int | None) -> int:
    """Where it is put: what was said, else where it stands already, else where it belongs."""
    found = place or (item.place if item.status is Status.IN_PLACE else item.home)
    if found is None:
        raise Unfit("place", "carrying_out.no_home")
    return found


def _lost(ground: Ground, values: Values) -> list[Fact]:
    """The loss with its clock, and the permit takes note; what was declared lost before has its enquiry already."""
    items = ground.items(values["lines"])
    anew = [item for item in items.values() if item.status is not Status.DECLARED_LOST]
    facts: list[Fact] = []
    if anew:
        facts += loss_facts(
            ground.services,
            ground.reserve("matter"),
            anew,
            discovered_at=ground.now,
            discovered_by=_body(ground).bearer,
            circumstances=values["circumstances"],
            last_known=values["last_known"] or last_known(anew[0], ground.directory),
        )
    return facts + [LostOnTheWay(one, ground.the_matter.id, values["circumstances"]) for one in items]


def leg_options(ground: Ground) -> list[tuple[str, str]]:
    """The declared legs by number, in words."""
    return [
        (str(number), f"{number}. {leg_words(ground, leg)}") for number, leg in enumerate(_body(ground).itinerary, 1)
    ]


def _confirmed(ground: Ground, values: Values) -> list[Fact]:
    kept = {int(number) for number in values["kept"]}
    told = {int(row["leg"]): row["leg_told"] for row in values["deviations"]}
    both = sorted(kept & set(told))
    if both:
        raise Unfit("deviations", "carrying_out.kept_and_told", leg=both[0])
    numbers = range(1, len(_body(ground).itinerary) + 1)
    legs = tuple(LegTold(number, number in kept, told.get(number, "")) for number in numbers)
    who = int(values["confirmed_by"])
    return [ItineraryConfirmed(ground.the_matter.id, who, legs, values["straight"], values["elsewhere"])]


def _with_bearer(ground: Ground, _values: Values) -> Sequence[Cosigner]:
    return (Cosigner("ask.carrying_out.bearer", _body(ground).bearer),)


def _with(name: str, label: str) -> Callable[[Ground, Values], Sequence[Cosigner]]:
    def cosigners(ground: Ground, values: Values) -> Sequence[Cosigner]:
        return (Cosigner(label, int(values.get(name) or _body(ground).bearer)),)

    return cosigners


_CASE = Field("container", max_length=60)
_USED = frozenset({"approved", "out"})
_RUNNING = frozenset({"out"})
_WAITS = frozenset({"permit_not_approved", "outside_window", "permit_took_part"})
"""What no field can mend: outside the window, or by one who has another part in it, nothing is let out."""


def _act(
    key: str,
    act: str,
    icon: str,
    facts: Callable[[Ground, Values], list[Fact]],
    probe: Callable[[Ground], Fact | None],
    *fields: Field,
    permission: Permission = _P.CARRY,
    **more: Any,
) -> Act:
    """An act of the desk on a permit."""
    return Act(key, act, icon, permission, facts, probe, kind=KEY, fields=fields, **more)


ACTS: tuple[Act, ...] = (
    Act(
        KEY,
        "permit",
        "door",
        _P.TAKE_PART,
        _opened,
        _empty,
        on="house",
        kind=KEY,
        opens=True,
        fields=(
            Field("bearer", "person", default=own_number),
            Field("escorts", "persons", required=False),
            Field("carriers", "carriers"),
            Field("purpose", "area", max_length=500),
            Field("destination", max_length=200),
            Field("unit", "unit", default=own_unit),
            Field("from_at", "moment", default=lambda g: moment_text(g.now, g.scheme.timezone)),
            Field("until_at", "moment"),
            _CASE,
            Field(
                "itinerary",
                "rows",
                required=False,
                columns=(
                    Field("leg_day", "day"),
                    Field("leg_from", max_length=60),
                    Field("leg_to", max_length=60),
                    Field("leg_travel", "choice", options=TRAVEL),
                    Field("leg_stay", "choice", options=STAYS),
                    Field("leg_stay_at", required=False, max_length=80),
                ),
            ),
            Field("leaves_by", "choice", options=("desk", "portal"), default="desk"),
            Field("foreign", "check"),
            Field("abroad", "check"),
            Field("precautions", "area", required=False),
            Field("authority_permit", required=False, max_length=100),
            Field("authority_permit_on", "day", required=False),
            Field("prolongs", "choice", required=False, options=running_permits),
        ),
    ),
    _act(
        "list",
        "permit_list",
        "plus",
        lambda g, v: [PermitListed(one, g.the_matter.id) for one in v["carriers"]],
        lambda _ground: None,
        Field("carriers", "carriers"),
        permission=_P.TAKE_PART,
        statuses=frozenset({"draft"}),
    ),
    _act(
        "out",
        "carry_out",
        "out",
        _out,
        _first("listed", "packed", "in")(
            lambda g, one: CarriedOut(one, g.the_matter.id, _body(g).bearer, _body(g).container, _body(g).until_at)
        ),
        Field("lines", "lines", states=("listed", "packed", "in")),
        _CASE,
        cosigners=_with_bearer,
        grave=True,
        statuses=_USED,
        main=frozenset({"approved"}),
        standing=_WAITS,
    ),
    _act(
        "pack",
        "permit_pack",
        "box",
        _packed,
        _first("listed", "in")(lambda g, one: Packed(one, g.the_matter.id, _body(g).container, _body(g).until_at)),
        Field("lines", "lines", states=("listed", "in")),
        _CASE,
        cosigners=_with_bearer,
        grave=True,
        statuses=_USED,
        standing=_WAITS,
        hides=frozenset({"not_by_portal"}),
    ),
    _act(
        "left",
        "carry_out",
        "door",
        _left,
        _left_probe,
        Field("lines", "lines", states=("packed",)),
        Field("left_at", "moment", default=_left_at),
        grave=True,
        statuses=_USED,
        standing=_WAITS,
        happened="left_at",
    ),
    _act(
        "stay_out",
        "permit_prolong",
        "clock",
        _stays,
        _stays_probe,
        Field("lines", "lines", states=("listed",)),
        grave=True,
        statuses=_USED,
        standing=_WAITS,
    ),
    _act(
        "back",
        "bring_back",
        "in",
        _back,
        _first("out", "lost")(lambda g, one: BroughtBack(one, g.the_matter.id, 0, _body(g).bearer)),
        Field("lines", "lines", states=("out", "lost")),
        Field("brought_by", "choice", options=travellers, default=_bearer),
        Field("whole", "check"),
        Field("pages_counted", "number", required=False),
        Field("place", "place", required=False),
        cosigners=_with("brought_by", "ask.back.brought_by"),
        statuses=_RUNNING,
        main=_RUNNING,
        standing=frozenset({"permit_took_part"}),
    ),
    _act(
        "confirm",
        "permit_close",
        "ok",
        _confirmed,
        lambda g: ItineraryConfirmed(g.the_matter.id, _body(g).bearer, (), True),
        Field("kept", "choices", required=False, options=leg_options),
        Field(
            "deviations",
            "rows",
            required=False,
            columns=(Field("leg", "choice", options=leg_options), Field("leg_told", max_length=300)),
        ),
        Field("straight", "check"),
        Field("elsewhere", "area", required=False, max_length=500),
        Field("confirmed_by", "choice", options=travellers, default=_bearer),
        cosigners=_with("confirmed_by", "ask.confirm.confirmed_by"),
        statuses=_RUNNING,
        standing=frozenset({"permit_lines_open", "permit_took_part"}),
    ),
    _act(
        "strike",
        "permit_list",
        "undo",
        lambda g, v: [PermitStruck(one, g.the_matter.id, v["reason"]) for one in v["lines"]],
        _first("listed", "packed")(lambda g, one: PermitStruck(one, g.the_matter.id, "")),
        Field("lines", "lines", states=("listed", "packed")),
        Field("reason", "area"),
        permission=_P.TAKE_PART,
        statuses=frozenset({"draft", "asked", "approved", "out"}),
        hides=frozenset({"not_own"}),
    ),
    _act(
        "lost",
        "missing",
        "lost",
        _lost,
        lambda _ground: None,
        Field("lines", "lines", states=("out",)),
        Field("circumstances", "area", max_length=4_000),
        Field("last_known", required=False, max_length=300),
        permission=_P.REPORT_MISSING,
        grave=True,
        statuses=_RUNNING,
        hides=frozenset({"not_of_own_meeting"}),
    ),
)
