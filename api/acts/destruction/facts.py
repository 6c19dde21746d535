"""What the filled forms of a destruction enter, what they propose, and what is asked for their buttons."""

from collections.abc import Iterable, Sequence

from api.acts.model import Cosigner, Ground, Unfit, Values
from custody.entries import Fact
from custody.entries.destruction import (
    CertifiedByCentre,
    Checked,
    Destroyed,
    DestructionCarriedOut,
    DestructionListed,
    DestructionOpened,
    DeviationReported,
    GoneToCentre,
    HandedToCentre,
    ReceivedByCentre,
    Sealed,
    SetApart,
    TakenOff,
)
from custody.matters import Line
from custody.matters.destruction import DEVIATIONS, OPEN_LINES, Destruction, method_of
from custody.procedures.destruction_methods import CENTRE, MECHANICAL, ON_SITE, fineness_needed, medium_of
from custody.rules import NotFound
from custody.scheme import DESTRUCTION_METHODS

_CHECKED, _GONE = "checked", "handed_over"


def _body(ground: Ground) -> Destruction:
    body: Destruction = ground.the_matter.body
    return body


def _only(ground: Ground, disposal: str) -> None:
    """Acts of the other way have no button. Raises NotFound."""
    if _body(ground).disposal != disposal:
        raise NotFound


# The request.


def methods(ground: Ground) -> Iterable[tuple[str, str]]:
    """The methods of destruction that the organisation does not forbid altogether, with their words."""
    for method in DESTRUCTION_METHODS:
        if method not in ground.scheme.destruction_forbidden:
            yield method, ground.t(f"ask.method.{method}")


def centres(ground: Ground) -> Iterable[tuple[str, str]]:
    """The designated units."""
    return ((centre, centre) for centre in ground.scheme.destruction_centres)


def opening(ground: Ground, values: Values) -> list[Fact]:
    carriers: Sequence[int] = values["carriers"]
    centre = values["centre"] or ""
    if values["disposal"] == CENTRE and not centre:
        raise Unfit("centre", "ask.wrong.needed", field=ground.t("ask.centre"))
    matter = ground.reserve("matter")
    head = DestructionOpened(
        matter,
        values["unit"],
        values["level"] or ground.highest_level(carriers),
        values["disposal"],
        values["reason"],
        values["appraisal"],
        centre if values["disposal"] == CENTRE else "",
    )
    return [head, *(DestructionListed(carrier, matter, values["method"]) for carrier in carriers)]


def listing(ground: Ground, values: Values) -> list[Fact]:
    return [DestructionListed(carrier, ground.the_matter.id, values["method"]) for carrier in values["carriers"]]


# Preparing it.


def next_bag(ground: Ground) -> str:
    """The number proposed for the next bag of the batch."""
    taken = {bag.number for bag in _body(ground).bags}
    return next(number for at in range(len(taken) + 1) if (number := f"D-{at + 1:02d}") not in taken)


def bags(ground: Ground) -> Iterable[tuple[str, str]]:
    """The bags of the batch. Not their seals: who checks reads those off the bags."""
    return ((bag.number, bag.number) for bag in _body(ground).bags)


def deviations(ground: Ground) -> Iterable[tuple[str, str]]:
    """What may be found wrong."""
    return ((what, ground.t(f"ask.deviation.what.{what}")) for what in DEVIATIONS)


def setting_apart(ground: Ground, values: Values) -> list[Fact]:
    return [SetApart(carrier, ground.the_matter.id, values["place"]) for carrier in values["lines"]]


def sealing(ground: Ground, values: Values) -> list[Fact]:
    matter, bag, seal = ground.the_matter.id, values["bag"], values["seal"]
    return [Sealed(carrier, matter, bag, seal) for carrier in values["lines"]]


def checking(ground: Ground, values: Values) -> list[Fact]:
    matter, bag, seal = ground.the_matter.id, values["bag"], values["seal"]
    return [Checked(carrier, matter, bag, seal) for carrier in values["carriers"]]


def taking_off(ground: Ground, values: Values) -> list[Fact]:
    return [TakenOff(carrier, ground.the_matter.id, values["reason"]) for carrier in values["lines"]]


def deviating(ground: Ground, values: Values) -> list[Fact]:
    return [DeviationReported(ground.the_matter.id, values["what"], values["bag"] or "", values["circumstances"])]


def probe_off(ground: Ground) -> Fact | None:
    line = ground.a_line(*OPEN_LINES)
    return TakenOff(line.carrier, ground.the_matter.id, "") if line else None


def probe_apart(ground: Ground) -> Fact | None:
    line = ground.a_line("listed")
    return SetApart(line.carrier, ground.the_matter.id, 0) if line else None


# Destruction itself.


def witnesses(values: Values) -> tuple[int, tuple[int, ...]]:
    """The destroyer and the two supervisors that were named."""
    return values["destroyer"], (values["supervisor_1"], values["supervisor_2"])


def finest(ground: Ground) -> str:
    """The security level of particles that the whole batch needs; empty where nothing is shredded or crushed."""
    lines = ground.lines(_CHECKED, _GONE)
    items = ground.items(line.carrier for line in lines)
    needed = [
        fineness_needed(method_of(line), medium_of(item.medium, item.kind), ground.scheme.rank(item.level))
        for line in lines
        if (item := items.get(line.carrier)) is not None
    ]
    return str(max(needed)) if any(needed) else ""


def _each(ground: Ground, values: Values, lines: Sequence[Line]) -> list[Fact]:
    destroyer, supervisors = witnesses(values)
    size = values["fineness"] or 0
    return [
        Destroyed(
            line.carrier,
            ground.the_matter.id,
            method_of(line),
            destroyer,
            supervisors,
            size if method_of(line) in MECHANICAL else 0,
        )
        for line in lines
    ]


def destroying(ground: Ground, values: Values) -> list[Fact]:
    lines = ground.lines(_CHECKED)
    destroyer, supervisors = witnesses(values)
    closing = DestructionCarriedOut(
        ground.the_matter.id, destroyer, supervisors, values["place"], len(lines), values["device"]
    )
    return [*_each(ground, values, lines), closing]


def certifying(ground: Ground, values: Values) -> list[Fact]:
    lines = ground.lines(_GONE)
    destroyer, supervisors = witnesses(values)
    closing = CertifiedByCentre(
        ground.the_matter.id,
        values["certificate"],
        values["destroyed_on"],
        values["operator"],
        destroyer,
        supervisors,
        len(lines),
    )
    return [*_each(ground, values, lines), closing]


def witnesses_sign(ground: Ground, values: Values) -> Sequence[Cosigner]:
    """Destroyer and supervisors, but who enters the act and signs it already."""
    found = []
    for name in ("destroyer", "supervisor_1", "supervisor_2"):
        person = values.get(name)
        if person is None or person != ground.person.id:
            found.append(Cosigner(f"ask.{name}", person))
    return found


def probe_destroy(ground: Ground) -> Fact | None:
    _only(ground, ON_SITE)
    if not ground.the_matter.count(*OPEN_LINES):
        raise NotFound
    return DestructionCarriedOut(ground.the_matter.id, 0, (), 0, 0)


def probe_certify(ground: Ground) -> Fact | None:
    _only(ground, CENTRE)
    return CertifiedByCentre(ground.the_matter.id, "", "", "", 0, (), 0)


# The way to the designated unit.


def handing_over(ground: Ground, values: Values) -> list[Fact]:
    matter, lines = ground.the_matter.id, ground.lines(_CHECKED)
    escorts = (values["escort_1"], values["escort_2"])
    given = HandedToCentre(
        matter,
        _body(ground).centre,
        values["vehicle"],
        values["driver"],
        escorts,
        len(lines),
        values["weight"],
    )
    return [given, *(GoneToCentre(line.carrier, matter) for line in lines)]


def escorts_sign(ground: Ground, values: Values) -> Sequence[Cosigner]:
    return [
        Cosigner(f"ask.{name}", values.get(name))
        for name in ("escort_1", "escort_2")
        if values.get(name) is None or values.get(name) != ground.person.id
    ]


def probe_hand_over(ground: Ground) -> Fact | None:
    _only(ground, CENTRE)
    if not ground.the_matter.count(*OPEN_LINES):
        raise NotFound
    return HandedToCentre(ground.the_matter.id, _body(ground).centre, "", "", (), 0)


def receiving(ground: Ground, values: Values) -> list[Fact]:
    return [ReceivedByCentre(ground.the_matter.id, values["receipt"], values["counted"])]


def nothing() -> None:
    """There is nothing to do this with. Raises NotFound."""
    raise NotFound
