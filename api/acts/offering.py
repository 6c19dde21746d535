"""Which acts are offered: possible, dashed with what stands against them, or not at all.

A button is dashed by `Books.refusals`, the very function that stops the act.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from api.acts.model import HIDING, STANDING, Act, Ground
from api.store import Connection
from custody.access import may
from custody.rules import NotFound, Refusal


@dataclass(frozen=True, slots=True)
class Offer:
    """A button: possible, or dashed with what stands against it."""

    act: Act
    refusals: tuple[Refusal, ...] = ()
    main: bool = False


def offers(ground: Ground, acts: Iterable[Act]) -> list[Offer]:
    """The acts that are offered on this ground: the main one first, the dashed ones last."""
    wanted = [act for act in acts if may(ground.subject, act.permission) and _sensible(ground, act)]
    found: list[Offer] = []
    if wanted:
        with ground.services.database.reading() as connection:
            for act in wanted:
                offer = _offer(ground, act, connection)
                if offer is not None:
                    found.append(offer)
    return sorted(found, key=lambda offer: (not offer.main, bool(offer.refusals)))


def offered(ground: Ground, act: Act) -> Offer | None:
    """The one act, if it is offered on this ground."""
    found = offers(ground, (act,))
    return found[0] if found else None


def _sensible(ground: Ground, act: Act) -> bool:
    """Whether the matter is open, its status fits, and there are lines to choose from."""
    if act.on != "matter":
        return True
    matter = ground.the_matter
    if matter.ended or (act.statuses and matter.status not in act.statuses):
        return False
    for field in act.fields:
        if field.kind == "lines" and field.required:
            there = matter.count(*field.states) if field.states else matter.lines_total
            if not there:
                return False
    return True


def _offer(ground: Ground, act: Act, connection: Connection) -> Offer | None:
    main = ground.matter is not None and ground.matter.status in act.main
    try:
        fact = act.probe(ground)
        if fact is None:
            return Offer(act, (), main)
        (refused,) = ground.services.books.refusals(ground.subject, [fact], act=act.act, connection=connection)
    except NotFound:
        return None
    if any(one.code in act.hides or (one.code in HIDING and not one.clause) for one in refused):
        return None
    standing = tuple(one for one in refused if one.code in STANDING | HIDING | act.standing)
    return Offer(act, standing, main and not standing)
