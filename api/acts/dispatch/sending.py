"""Sending: one parcel from the list to the receipt that comes back (clauses b.1, b.3 to b.6)."""

from collections.abc import Sequence

from api.acts.dispatch.receiving import ways
from api.acts.disposition.lists import left_after, lowest, own_unit, the_unit
from api.acts.disposition.losses import last_known, loss_facts, this_minute
from api.acts.model import Act, Cosigner, Field, Ground, Unfit, Values
from custody.access import Permission
from custody.carrier import Status
from custody.entries import Fact
from custody.entries.dispatch import (
    DeliveryAcknowledged,
    DeliveryTakenIn,
    DispatchClosed,
    Dispatched,
    DispatchListed,
    DispatchOpened,
    DispatchReturned,
    DispatchShort,
    DispatchStruck,
    ParcelOpened,
    ParcelSealed,
)
from custody.matters.dispatch.sending import Sending

_DISPATCH = Permission.DISPATCH


def _body(ground: Ground) -> Sending:
    body: Sending = ground.the_matter.body
    return body


def _opened(ground: Ground, values: Values) -> list[Fact]:
    matter, carriers = ground.reserve("matter"), values["carriers"]
    opened = DispatchOpened(
        matter,
        values["unit"],
        ground.highest_level(carriers),
        addressee=values["addressee"],
        recipient=values["recipient"],
        mode=values["way"],
        arrive_by=ground.end_of(values["arrive_on"]),
        attention=values["attention"],
        reason=values["reason"],
        route=values["route"],
        vehicle=values["vehicle"],
        escorts=values["escorts"],
        export_permit=values["export_permit"],
    )
    return [opened, *(DispatchListed(one, matter) for one in carriers)]


def _list(ground: Ground, values: Values) -> list[Fact]:
    return [DispatchListed(one, ground.the_matter.id) for one in values["carriers"]]


def _strike(ground: Ground, values: Values) -> list[Fact]:
    return [DispatchStruck(one, ground.the_matter.id, values["reason"]) for one in values["lines"]]


def _send(ground: Ground, values: Values) -> list[Fact]:
    """The whole parcel at once."""
    hands = (values["taken_by"], values["taken_by_name"], values["witness"])
    return [Dispatched(line.carrier, ground.the_matter.id, *hands) for line in ground.lines("listed")]


def _send_probe(ground: Ground) -> Fact | None:
    line = ground.a_line("listed")
    return Dispatched(line.carrier, ground.the_matter.id) if line else None


def _hands(ground: Ground, values: Values) -> Sequence[Cosigner]:
    """Who takes it, or the witness; and every escort besides."""
    first = values.get("taken_by") or values.get("witness")
    label = "ask.taken_by" if values.get("taken_by") else "dispatch.taker_or_witness"
    escorts = _body(ground).escorts if _body(ground).mode == "own_transport" else ()
    others = tuple(Cosigner("dispatch.escort", one) for one in escorts if one != first)
    return (Cosigner(label, first), *others)


def _closed(ground: Ground, values: Values) -> list[Fact]:
    """The dispatch closes with its last item."""
    return [] if left_after(ground, values["lines"], "listed", "dispatched") else [DispatchClosed(ground.the_matter.id)]


def _acknowledge(ground: Ground, values: Values) -> list[Fact]:
    said = (values["receipt"], values["signed_by"])
    facts: list[Fact] = [DeliveryAcknowledged(one, ground.the_matter.id, *said) for one in values["lines"]]
    return facts + _closed(ground, values)


def _one_count(values: Values) -> int | None:
    pages: int | None = values["pages_counted"]
    if pages is not None and len(values["lines"]) > 1:
        raise Unfit("pages_counted", "disposition.pages_of_one")
    return pages


def _take_in(ground: Ground, values: Values) -> list[Fact]:
    pages = _one_count(values)
    return [DeliveryTakenIn(one, ground.the_matter.id, values["place"], pages) for one in values["lines"]]


def _came_back(ground: Ground, values: Values) -> list[Fact]:
    said = (values["place"], values["reason"], _one_count(values))
    facts: list[Fact] = [DispatchReturned(one, ground.the_matter.id, *said) for one in values["lines"]]
    return facts + _closed(ground, values)


def _short(ground: Ground, values: Values) -> list[Fact]:
    """What was not there is declared missing with its enquiry, unless it is already."""
    items = ground.items(values["lines"])
    missed = [item for item in items.values() if item.status is not Status.DECLARED_LOST]
    facts: list[Fact] = []
    if missed:
        facts = loss_facts(
            ground.services,
            ground.reserve("matter"),
            missed,
            discovered_at=this_minute(ground.now),
            discovered_by=ground.subject.person,
            circumstances=values["note"],
            last_known=values["last_known"] or last_known(missed[0], ground.directory),
        )
    facts += [DispatchShort(one, ground.the_matter.id, values["note"]) for one in values["lines"]]
    return facts + _closed(ground, values)


def _delivered_probe(ground: Ground, *, outside: bool) -> Fact | None:
    line = ground.a_line("dispatched")
    if line is None:
        return None
    matter = ground.the_matter.id
    return DeliveryAcknowledged(line.carrier, matter, "", "") if outside else DeliveryTakenIn(line.carrier, matter, 0)


_LISTED, _GOING = Field("lines", "lines", states=("listed",)), Field("lines", "lines", states=("dispatched",))
_WAY = frozenset({"under_way"})
_STANDING = frozenset({"way_forbidden", "not_overseas", "body_outside_scope", "outside_scope", "not_cleared"})

ACTS: tuple[Act, ...] = (
    Act(
        "dispatch",
        "dispatch",
        "up",
        _DISPATCH,
        _opened,
        lambda g: DispatchOpened(0, the_unit(g), lowest(g), None, None, "confidential_communications", 0),
        on="house",
        kind="dispatch",
        opens=True,
        fields=(
            Field("addressee", "organisation", required=False),
            Field("attention", required=False, max_length=200),
            Field("recipient", "person", required=False),
            Field("way", "choice", options=ways),
            Field("arrive_on", "day"),
            Field("carriers", "carriers"),
            Field("route", required=False, max_length=500),
            Field("vehicle", required=False, max_length=200),
            Field("escorts", "persons", required=False),
            Field("export_permit", required=False, max_length=100),
            Field("reason", "area", required=False),
            Field("unit", "unit", default=own_unit),
        ),
    ),
    Act(
        "list",
        "dispatch",
        "plus",
        _DISPATCH,
        _list,
        lambda _ground: None,
        kind="dispatch",
        fields=(Field("carriers", "carriers"),),
        statuses=frozenset({"draft"}),
    ),
    Act(
        "strike",
        "dispatch",
        "undo",
        _DISPATCH,
        _strike,
        lambda _ground: None,
        kind="dispatch",
        fields=(_LISTED, Field("reason", "area")),
        statuses=frozenset({"draft", "asked", "approved"}),
    ),
    Act(
        "seal",
        "dispatch_seal",
        "box",
        _DISPATCH,
        lambda g, v: [ParcelSealed(g.the_matter.id, v["parcel"], v["seal"])],
        lambda g: ParcelSealed(g.the_matter.id, "", ""),
        kind="dispatch",
        fields=(Field("parcel", max_length=100), Field("seal", max_length=100)),
        statuses=frozenset({"approved"}),
        main=frozenset({"approved"}),
    ),
    Act(
        "unseal",
        "dispatch_seal",
        "undo",
        _DISPATCH,
        lambda g, v: [ParcelOpened(g.the_matter.id, v["reason"])],
        lambda g: ParcelOpened(g.the_matter.id, ""),
        kind="dispatch",
        fields=(Field("reason", "area"),),
        statuses=frozenset({"sealed"}),
    ),
    Act(
        "send",
        "dispatch_send",
        "up",
        _DISPATCH,
        _send,
        _send_probe,
        kind="dispatch",
        fields=(
            Field("taken_by", "person", required=False),
            Field("taken_by_name", required=False, max_length=100),
            Field("witness", "person", required=False),
        ),
        cosigners=_hands,
        grave=True,
        standing=_STANDING,
        statuses=frozenset({"sealed"}),
        main=frozenset({"sealed"}),
    ),
    Act(
        "acknowledge",
        "delivery",
        "ok",
        _DISPATCH,
        _acknowledge,
        lambda g: _delivered_probe(g, outside=True),
        kind="dispatch",
        fields=(_GOING, Field("receipt", max_length=100), Field("signed_by", max_length=100)),
        hides=frozenset({"other_delivery"}),
        statuses=_WAY,
        main=_WAY,
    ),
    Act(
        "take_in",
        "delivery",
        "in",
        Permission.TAKE_PART,
        _take_in,
        lambda g: _delivered_probe(g, outside=False),
        kind="dispatch",
        fields=(_GOING, Field("place", "place"), Field("pages_counted", "number", required=False)),
        hides=frozenset({"other_delivery", "not_the_recipient"}),
        statuses=_WAY,
        main=_WAY,
    ),
    Act(
        "came_back",
        "delivery",
        "back",
        _DISPATCH,
        _came_back,
        lambda _ground: None,
        kind="dispatch",
        fields=(
            _GOING,
            Field("place", "place"),
            Field("reason", max_length=500),
            Field("pages_counted", "number", required=False),
        ),
        statuses=_WAY,
    ),
    Act(
        "short",
        "delivery",
        "lost",
        _DISPATCH,
        _short,
        lambda _ground: None,
        kind="dispatch",
        fields=(_GOING, Field("note", "area"), Field("last_known", required=False, max_length=500)),
        statuses=_WAY,
        grave=True,
    ),
    Act(
        "close",
        "delivery",
        "ok",
        _DISPATCH,
        lambda g, _values: [DispatchClosed(g.the_matter.id)],
        lambda g: DispatchClosed(g.the_matter.id),
        kind="dispatch",
        statuses=_WAY,
        standing=frozenset({"list_open"}),
    ),
)
