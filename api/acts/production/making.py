"""Under an order: labels, copies registered, spoiled, cancelled, intermediates, and the closing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from api.acts.model import Act, Cosigner, Field, Ground, Unfit, Values
from api.acts.production.numbers import epcs_of, numbers_of, numbers_text, paired
from custody.access import Permission
from custody.carrier import HELD, Status
from custody.entries import Fact, Shelved, TagBound
from custody.entries.production import (
    CopiesCancelled,
    CopySpoiled,
    IntermediateGone,
    IntermediateKept,
    IntermediateProduced,
    LabelsAllotted,
    LabelsReturned,
    OrderClosed,
    OrderSettled,
    Produced,
)
from custody.matters.production import INTERMEDIATE_LETTERS, ProductionBody, described, described_intermediate
from custody.procedures.production.closing import intermediates_by
from custody.store.orders import next_intermediate, unbound
from custody.values import Description, Tag

_PRODUCE = Permission.PRODUCE
ONE_ACT_MAX = 2_000
"""Carriers registered in one act."""
_APPROVED = frozenset({"approved"})
_UNTIL_SETTLED = frozenset({"approved", "closed"})


def _body(ground: Ground) -> ProductionBody:
    body: ProductionBody = ground.the_matter.body
    return body


def labels_out(ground: Ground) -> tuple[str, ...]:
    """Labels given out for the order that are on nothing, in the order in which they were given out."""
    with ground.services.database.reading() as connection:
        return unbound(connection, _body(ground).labels)


def _free_numbers(ground: Ground) -> str:
    return numbers_text(_body(ground).free)


def _next(ground: Ground, what: str) -> int:
    with ground.services.database.reading() as connection:
        return next_intermediate(connection, _body(ground).control_number, what)


def _here(carrier: int, epc: str | None, place: int | None) -> list[Fact]:
    """Its tag and its home, where they are given."""
    facts: list[Fact] = [] if epc is None else [TagBound(carrier, Tag(epc))]
    return facts if place is None else [*facts, Shelved(carrier, place)]


def _many(field: str, numbers: Sequence[int]) -> Sequence[int]:
    if len(numbers) > ONE_ACT_MAX:
        raise Unfit(field, "production.too_many", n=ONE_ACT_MAX)
    return numbers


# Labels.


def _labels(ground: Ground, values: Values) -> list[Fact]:
    return [LabelsAllotted(ground.the_matter.id, epcs_of("epcs", values["epcs"]))]


def _labels_back(ground: Ground, values: Values) -> list[Fact]:
    return [LabelsReturned(ground.the_matter.id, epcs_of("epcs", values["epcs"]), values["reason"])]


def _labels_back_probe(ground: Ground) -> Fact:
    return LabelsReturned(ground.the_matter.id, labels_out(ground)[:1], "")


# Copies.


def _register(ground: Ground, values: Values) -> list[Fact]:
    body = _body(ground)
    numbers = _many("copies", numbers_of("copies", values["copies"]))
    epcs = paired("epcs", epcs_of("epcs", values["epcs"]), len(numbers))
    pages = body.pages if values["pages"] is None else values["pages"]
    facts: list[Fact] = []
    for carrier, number, epc in zip(ground.reserve_several("carrier", len(numbers)), numbers, epcs, strict=True):
        told = _with_pages(described(body, number), pages)
        facts += [
            Produced(carrier, ground.the_matter.id, told, values["marked"]),
            *_here(carrier, epc, values["place"]),
        ]
    return facts


def _with_pages(told: Description, pages: int | None) -> Description:
    return replace(told, pages=pages)


def _produced_probe(ground: Ground) -> Fact:
    body = _body(ground)
    return Produced(0, ground.the_matter.id, described(body, min(body.free, default=body.first_copy)), True)


def _spoil(ground: Ground, values: Values) -> list[Fact]:
    body, first = _body(ground), _next(ground, "scrap")
    facts: list[Fact] = []
    numbers = _many("copies", numbers_of("copies", values["copies"]))
    for step, (carrier, number) in enumerate(
        zip(ground.reserve_several("carrier", len(numbers)), numbers, strict=True)
    ):
        told = _with_pages(described_intermediate(body, "scrap", first + step), values["pages"])
        facts.append(CopySpoiled(carrier, ground.the_matter.id, number, told, values["reason"]))
        facts += _here(carrier, None, values["place"])
    return facts


def _cancel(ground: Ground, values: Values) -> list[Fact]:
    return [CopiesCancelled(ground.the_matter.id, numbers_of("copies", values["copies"]), values["reason"])]


# Intermediates.


def _intermediates(ground: Ground, values: Values) -> list[Fact]:
    body, what, count = _body(ground), values["what"], values["quantity"]
    _many("quantity", range(count))
    epcs = paired("epcs", epcs_of("epcs", values["epcs"]), count)
    if not epcs:
        raise Unfit("quantity", "production.none")
    first = _next(ground, what)
    facts: list[Fact] = []
    for step, (carrier, epc) in enumerate(zip(ground.reserve_several("carrier", count), epcs, strict=True)):
        told = _with_pages(described_intermediate(body, what, first + step), values["pages"])
        facts.append(IntermediateProduced(carrier, ground.the_matter.id, told))
        facts += _here(carrier, epc, values["place"])
    return facts


def _keep(ground: Ground, values: Values) -> list[Fact]:
    who, why = values["decided_by"], values["reason"]
    return [IntermediateKept(one, ground.the_matter.id, who, why) for one in values["lines"]]


def _decider(_ground: Ground, values: Values) -> Sequence[Cosigner]:
    return (Cosigner("ask.keep_intermediates.decided_by", values.get("decided_by")),)


# The end.


def _close(ground: Ground, values: Values) -> list[Fact]:
    """Closed, and over at once where no intermediate is left."""
    matter = ground.the_matter
    closed = OrderClosed(matter.id, intermediates_by(ground.now, ground.scheme), values["no_intermediates"])
    return [closed] if matter.count("intermediate") else [closed, OrderSettled(matter.id)]


def _close_probe(ground: Ground) -> Fact:
    matter = ground.the_matter
    none = matter.count("intermediate", "kept", "gone") == 0
    return OrderClosed(matter.id, intermediates_by(ground.now, ground.scheme), none)


def gone(ground: Ground) -> list[int]:
    """Intermediates on the order's lines that the register no longer has here."""
    lines = [line.carrier for line in ground.lines("intermediate")]
    return [carrier for carrier, item in ground.items(lines).items() if Status(item.status) not in HELD]


def _settle(ground: Ground, _values: Any) -> list[Fact]:
    matter, away = ground.the_matter, gone(ground)
    noted: list[Fact] = [IntermediateGone(one, matter.id) for one in away]
    return noted if noted and len(away) < matter.count("intermediate") else [*noted, OrderSettled(matter.id)]


def _settle_probe(ground: Ground) -> Fact:
    away = gone(ground)
    return IntermediateGone(away[0], ground.the_matter.id) if away else OrderSettled(ground.the_matter.id)


_PLACE = Field("place", "place", required=False)
_PAGES = Field("pages", "number", required=False)
_EPCS = Field("epcs", "area", required=False, max_length=300_000)
_WHY = Field("reason", "area")


def _copies(default: bool) -> Field:
    return Field("copies", default=_free_numbers if default else "", max_length=2_000)


ACTS: tuple[Act, ...] = (
    Act(
        "register_copies",
        "produce",
        "in",
        _PRODUCE,
        _register,
        _produced_probe,
        kind="production",
        fields=(_copies(True), _PAGES, _EPCS, _PLACE, Field("marked", "check", required=False)),
        standing=frozenset({"approver_produces", "place_below_order", "unlicensed", "ownership_forbidden"}),
        hides=frozenset({"order_not_approved", "accounted_already"}),
        statuses=_APPROVED,
        main=_APPROVED,
    ),
    Act(
        "labels",
        "production_labels",
        "chip",
        _PRODUCE,
        _labels,
        lambda g: LabelsAllotted(g.the_matter.id, ()),
        kind="production",
        fields=(Field("epcs", "area", max_length=300_000),),
        statuses=_APPROVED,
    ),
    Act(
        "labels_back",
        "production_labels",
        "undo",
        _PRODUCE,
        _labels_back,
        _labels_back_probe,
        kind="production",
        fields=(
            Field("epcs", "area", max_length=300_000, default=lambda g: "\n".join(labels_out(g))),
            _WHY,
        ),
        hides=frozenset({"label_not_out"}),
        statuses=_APPROVED,
    ),
    Act(
        "spoil_copies",
        "production_spoil",
        "off",
        _PRODUCE,
        _spoil,
        lambda g: CopySpoiled(
            0, g.the_matter.id, min(_body(g).free, default=0), described_intermediate(_body(g), "scrap", 1), ""
        ),
        kind="production",
        fields=(_copies(False), _WHY, _PAGES, _PLACE),
        standing=frozenset({"approver_produces"}),
        hides=frozenset({"order_not_approved", "beyond_quantity"}),
        statuses=_APPROVED,
    ),
    Act(
        "cancel_copies",
        "production_cancel",
        "undo",
        _PRODUCE,
        _cancel,
        lambda g: CopiesCancelled(g.the_matter.id, _body(g).free[:1], ""),
        kind="production",
        fields=(_copies(True), _WHY),
        standing=frozenset({"approver_produces"}),
        hides=frozenset({"copies_unnamed"}),
        statuses=_APPROVED,
    ),
    Act(
        "intermediates",
        "intermediate",
        "doc",
        _PRODUCE,
        _intermediates,
        lambda g: IntermediateProduced(0, g.the_matter.id, described_intermediate(_body(g), "draft", 1)),
        kind="production",
        fields=(
            Field("what", "choice", options=tuple(INTERMEDIATE_LETTERS)),
            Field("quantity", "number", default="1"),
            _PAGES,
            _EPCS,
            _PLACE,
        ),
        standing=frozenset({"approver_produces"}),
        statuses=_UNTIL_SETTLED,
    ),
    Act(
        "keep_intermediates",
        "intermediate_keep",
        "shelf",
        _PRODUCE,
        _keep,
        lambda _ground: None,
        kind="production",
        fields=(Field("lines", "lines", states=("intermediate",)), Field("decided_by", "person"), _WHY),
        cosigners=_decider,
        statuses=_UNTIL_SETTLED,
    ),
    Act(
        "close_order",
        "production_close",
        "ok",
        _PRODUCE,
        _close,
        _close_probe,
        kind="production",
        fields=(Field("no_intermediates", "check", required=False),),
        standing=frozenset({"copies_open", "labels_out"}),
        statuses=_APPROVED,
        main=_APPROVED,
    ),
    Act(
        "settle_order",
        "production_close",
        "ok",
        _PRODUCE,
        _settle,
        _settle_probe,
        kind="production",
        standing=frozenset({"intermediates_left"}),
        statuses=frozenset({"closed"}),
        main=frozenset({"closed"}),
    ),
)
