"""The acts of all letters, as tables: what the pages and the REST interface are drawn from."""

from collections.abc import Mapping

from api.acts import (
    badges,
    carrying_out,
    circulation,
    copying,
    destruction,
    directory,
    disclosure,
    dispatch,
    disposition,
    entry,
    general,
    keeping,
    meetings,
    organisations,
    production,
    rooms,
    tagging,
    taking_back,
)
from api.acts.model import Act, View
from custody.approval import ROUTES
from custody.matters import KINDS

_LETTERS = (
    production,
    dispatch,
    circulation,
    copying,
    carrying_out,
    directory,
    keeping,
    tagging,
    disposition,
    destruction,
    meetings,
    entry,
    rooms,
    disclosure,
    organisations,
)

ACTS: tuple[Act, ...] = (
    *(act for letter in _LETTERS for act in letter.ACTS),
    *badges.ACTS,
    *taking_back.ACTS,
    *general.ACTS,
)
"""Every act, in the order of the buttons."""

VIEWS: Mapping[str, View] = {view.kind: view for letter in _LETTERS for view in letter.VIEWS}
"""How each kind of matter is shown."""

ON = ("house", "matter", "carrier", "place", "organisation")


class TableBroken(ValueError):
    """The table contradicts itself; the message names the row."""


def _table() -> Mapping[tuple[str, str, str], Act]:
    found: dict[tuple[str, str, str], Act] = {}
    for act in ACTS:
        name = (act.on, act.kind if act.on == "matter" else "", act.key)
        if name in found:
            raise TableBroken(f"two acts on {act.on} {act.kind or 'of every kind'} are called {act.key!r}")
        found[name] = act
    return found


_BY_NAME = _table()


def all_acts() -> tuple[Act, ...]:
    """Every act of the table."""
    return ACTS


def act_named(on: str, key: str, kind: str = "") -> Act | None:
    """The act of this name: the kind's own, else the one of every kind that is approved."""
    common = _BY_NAME.get((on, "", key)) if on != "matter" or not kind or _is_routed(kind) else None
    return _BY_NAME.get((on, kind, key)) or common


def _is_routed(kind: str) -> bool:
    return bool(KINDS[kind].route) and set(KINDS[kind].every_route) <= set(ROUTES)


def acts_on(on: str, kind: str = "") -> tuple[Act, ...]:
    """The acts on a matter of this kind (the common ones only where the kind is approved), a carrier, a place."""
    if on != "matter":
        return tuple(act for act in ACTS if act.on == on)
    routed = _is_routed(kind)
    return tuple(act for act in ACTS if act.on == on and (act.kind == kind or (not act.kind and routed)))


def keys_on(on: str) -> Mapping[str, tuple[Act, ...]]:
    """The names of the acts on matters, carriers, places or the house, each with the acts that bear it."""
    found: dict[str, tuple[Act, ...]] = {}
    for act in ACTS:
        if act.on == on:
            found[act.key] = (*found.get(act.key, ()), act)
    return found
