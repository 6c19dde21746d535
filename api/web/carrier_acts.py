"""The buttons of a carrier's page: the act most likely first, a few beside it, all others gathered in a menu.

Nine buttons in a row are nine to read. What is impossible stays to be seen, dashed, with the clause that forbids it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.acts.offering import Offer
from api.web.acts.table import Offer as TableOffer
from api.web.visit import Visit
from custody.life_cycle import Status
from custody.rules import Refusal
from custody.store.queries import CarrierItem

BESIDE_MAX = 2
DASHED_MAX = 2
LIKELY: Mapping[Status, tuple[str, ...]] = {
    Status.IN_PLACE: ("borrow", "shelve", "tag", "move", "queue", "copying"),
    Status.ON_LOAN: ("return", "renew", "recall", "queue", "borrow"),
    Status.DECLARED_LOST: ("found",),
}
"""Acts by how likely they are wanted in a state, the likeliest first; the others follow in the order of their table."""


@dataclass(frozen=True, slots=True)
class Button:
    """An act on the carrier. `refusals`: what stands against it; then it is dashed and leads nowhere."""

    key: str
    href: str
    word: str
    icon: str
    letter: str = ""
    main: bool = False
    grave: bool = False
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Buttons:
    """`first`: beside the title. `dashed`: beside them, with their clauses. `others`: in the menu."""

    first: tuple[Button, ...]
    dashed: tuple[Button, ...]
    others: tuple[Button, ...]


def buttons_of(
    visit: Visit,
    item: CarrierItem,
    table: Sequence[TableOffer],
    business: Sequence[tuple[Offer, str]],
    more: Sequence[Button],
) -> Buttons:
    """All that the roles open on this carrier. `more`: what is no act and stands last in the menu."""
    every = [_button(item, one, visit.t(f"acts.{one.act.key}.button")) for one in table]
    every += [_button(item, one, word) for one, word in business]
    likely = LIKELY.get(item.status, ())
    every.sort(key=lambda one: (not one.main, likely.index(one.key) if one.key in likely else len(likely)))
    possible = [one for one in every if not one.refusals]
    forbidden = sorted((one for one in every if one.key in likely and one.refusals), key=_clauseless)
    first = [one for one in possible if one.main][:1] + [one for one in possible if not one.main][:BESIDE_MAX]
    dashed = forbidden[:DASHED_MAX]
    shown = {one.key for one in (*first, *dashed)}
    rest = [one for one in every if one.key not in shown]
    rest.sort(key=lambda one: bool(one.refusals))
    return Buttons(tuple(first), tuple(dashed), (*rest, *more))


def _button(item: CarrierItem, offer: Offer | TableOffer, word: str) -> Button:
    act = offer.act
    return Button(
        act.key,
        f"/carriers/{item.id}/{act.key}",
        word,
        act.icon,
        getattr(act, "letter", ""),
        offer.main,
        act.grave,
        offer.refusals,
    )


def _clauseless(button: Button) -> bool:
    """What a clause forbids is shown before what only the state does not allow."""
    return not any(why.clause for why in button.refusals)
