"""Entering an act of the table, for the page and for the interface alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.acts.filling import Filling, fill, wrong_of
from api.acts.model import Act, Ground
from api.acts.model import Unfit as ActUnfit
from api.web.business.signing import Hand, sign_act
from api.web.visit import FieldError, Unfit, Visit
from custody.entries import CarrierFact, Fact, MatterOpened, Signature, matter_of
from custody.rules import NotFound, Refusal, Refused
from custody.store.books import Receipt
from custody.values import Instant


@dataclass(frozen=True, slots=True)
class Entered:
    """What was entered: the act's number, the matter that it is about, the carriers."""

    receipt: Receipt
    matter: int | None
    carriers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Against:
    """What stands against one fact of an act; `carrier`: the one it is about."""

    carrier: int | None
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Alike:
    """The same refusals of several facts of an act; `carriers`: those that they are about, if any."""

    refusals: tuple[Refusal, ...]
    carriers: tuple[int, ...]


def alike(against: Sequence[Against]) -> list[Alike]:
    """What stands against an act, said once for all carriers that it is said of."""
    found: list[tuple[tuple[Refusal, ...], list[int]]] = []
    of: dict[str, list[int]] = {}
    for one in against:
        said = repr([(r.clause, r.code, sorted(r.params.items())) for r in one.refusals])
        if said not in of:
            of[said] = []
            found.append((one.refusals, of[said]))
        of[said] += [] if one.carrier is None else [one.carrier]
    return [Alike(refusals, tuple(carriers)) for refusals, carriers in found]


def field_errors(filling: Filling) -> tuple[FieldError, ...]:
    """What is wrong with a filled form, as the pages show it."""
    return tuple(FieldError(one.field, one.message) for one in filling.wrong)


def facts_of(act: Act, ground: Ground, filling: Filling) -> list[Fact]:
    """The facts of a form that could be read. Raises Unfit."""
    if filling.wrong:
        raise Unfit(field_errors(filling))
    try:
        return act.facts(ground, filling.values)
    except ActUnfit as unfit:
        wrong = wrong_of(unfit, ground)
        raise Unfit([FieldError(wrong.field, wrong.message)]) from unfit


@dataclass(frozen=True, slots=True)
class Ready:
    """An act as it was signed; `happened_at`: None where it happens now."""

    act: Act
    facts: Sequence[Fact]
    signatures: tuple[Signature, ...]
    happened_at: Instant | None


def sign(
    visit: Visit, act: Act, ground: Ground, facts: Sequence[Fact], values: Mapping[str, Any], signed: "Signed"
) -> Ready:
    """Sign the facts. Raises Unfit."""
    cosigners = act.cosigners(ground, values)
    signatures = sign_act(visit, act, facts, Hand("", signed.password, signed.code), cosigners, signed.hands)
    return Ready(act, facts, signatures, values.get(act.happened) if act.happened else None)


def enter(visit: Visit, ready: Ready, told: Callable[[int], None] | None = None) -> Entered:
    """Enter what was signed, as one act; `told` is told how many facts are entered so far, and may end it by raising.

    Raises Stopped, NotFound.
    """
    act, facts = ready.act, ready.facts
    try:
        receipt = visit.services.books.enter(
            visit.subject,
            facts,
            act=act.act,
            signatures=ready.signatures,
            happened_at=ready.happened_at,
            told=told,
        )
    except Refused as refused:
        raise Stopped(refused, _against(visit, act, facts, ready.signatures, refused)) from refused
    visit.services.books_changed()
    opened = next((fact.matter for fact in facts if isinstance(fact, MatterOpened)), None)
    matter = opened or next((m for fact in facts if (m := matter_of(fact)) is not None), None)
    carriers = sorted({fact.carrier for fact in facts if isinstance(fact, CarrierFact)})
    return Entered(receipt, matter, tuple(carriers))


@dataclass(frozen=True, slots=True)
class Signed:
    """What was given to sign with."""

    password: str
    hands: tuple[Hand, ...] = ()
    code: str = ""


def enter_filled(visit: Visit, act: Act, ground: Ground, raw: Mapping[str, Any], signed: Signed) -> Entered:
    """Read the raw values, make the facts, sign and enter them. Raises Unfit, Stopped, NotFound."""
    filling = fill(act, ground, raw)
    return enter(visit, sign(visit, act, ground, facts_of(act, ground, filling), filling.values, signed))


class Stopped(Refused):
    """An act that was signed and refused: what stands against each of its facts, where it is about several."""

    def __init__(self, refused: Refused, against: Sequence[Against]) -> None:
        super().__init__(refused.refusals, refused.at, refused.carrier)
        self.against = tuple(against)


def _against(
    visit: Visit, act: Act, facts: Sequence[Fact], signatures: tuple[Signature, ...], refused: Refused
) -> list[Against]:
    """What an act was refused for; where that was about one of several carriers, what stands against the others too."""
    found = [Against(refused.carrier, refused.refusals)]
    if refused.carrier is None:
        return found
    try:
        dry = visit.services.books.refusals(visit.subject, facts, act=act.act, signatures=signatures)
    except NotFound:
        return found
    for fact, said in zip(facts, dry, strict=True):
        if said and isinstance(fact, CarrierFact) and fact.carrier != refused.carrier:
            found.append(Against(fact.carrier, said))
    return found
