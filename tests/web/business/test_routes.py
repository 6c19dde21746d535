"""Every way in which something is changed is drawn from the table or declared, with what it needs."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter

from api import rest, web
from api.acts import ACTS, VIEWS, TableBroken, act_named, acts_on, all_acts, keys_on
from api.acts.routes import ANYBODY, DECLARED, DRAWN
from api.acts.wording import act_key, first_known
from api.locale import known
from api.rest.asking import PREFIX
from api.rest.business import ADDRESSES
from api.web.visit import GUARDS
from custody.access import Permission
from custody.approval import ROUTES, STEPS
from custody.matters import KINDS
from custody.procedures import ACTS as KINDS_OF_ACT

SAFE = {"GET", "HEAD", "OPTIONS"}
OF_TABLE = {
    ("POST", f"{PREFIX}{ADDRESSES[on].format(key=key)}"): acts for on in ADDRESSES for key, acts in keys_on(on).items()
}


def asked_of(dependant: Any) -> Iterator[tuple[Permission, ...]]:
    """The permissions that a route's dependencies ask for, one group each."""
    for inner in dependant.dependencies:
        if GUARDS.get(inner.call):
            yield GUARDS[inner.call]
        yield from asked_of(inner)


def unsafe() -> Iterator[tuple[str, str, Any]]:
    """Every unsafe method and address of the application with its route."""
    routers: tuple[APIRouter, ...] = (*web.ROUTERS, *rest.ROUTERS)
    for router in routers:
        for route in router.routes:
            for method in sorted(set(getattr(route, "methods", ())) - SAFE):
                yield method, route.path, route  # type: ignore[attr-defined]


def test_every_unsafe_route_is_drawn_or_declared_and_none_is_declared_in_vain() -> None:
    served = {(method, path) for method, path, _ in unsafe()}
    assert served - DRAWN - DECLARED.keys() - OF_TABLE.keys() == set()
    assert DRAWN | DECLARED.keys() | OF_TABLE.keys() == served


@pytest.mark.parametrize(("method", "path", "route"), list(unsafe()), ids=lambda one: str(one)[:60])
def test_a_route_asks_for_what_is_declared(method: str, path: str, route: Any) -> None:
    groups = [frozenset(group) for group in asked_of(route.dependant)]
    if (method, path) in DRAWN:
        wanted = [frozenset({Permission.SEE_CARRIERS})]
    elif (method, path) in OF_TABLE:
        wanted = [frozenset(act.permission for act in OF_TABLE[method, path])]
    else:
        declared = DECLARED[method, path]
        wanted = [] if declared == ANYBODY else [frozenset(declared)]
    assert groups == wanted


def test_every_act_of_the_table_is_a_kind_of_act_of_the_books() -> None:
    assert {act.act for act in all_acts()} <= set(KINDS_OF_ACT)


def test_every_kind_of_matter_is_shown_opened_and_has_its_words() -> None:
    opened = {act.kind for act in ACTS if act.on == "house" and act.opens}
    opened.add("prolongation")  # begun on the page of the provision that it prolongs
    assert set(VIEWS) == set(KINDS)
    assert opened == set(KINDS)
    assert not {f"matter.{kind}" for kind in KINDS if not known(f"matter.{kind}")}


def test_every_act_and_field_has_its_words() -> None:
    lacking = {act_key(act) for act in ACTS if not known(act_key(act))}
    for act in ACTS:
        for one in act.fields:
            key = first_known(f"ask.{act.key}.{one.name}", f"ask.{one.name}")
            lacking |= set() if known(key) else {key}
            lacking |= {f"ask.{column.name}" for column in one.columns if not known(f"ask.{column.name}")}
            if isinstance(one.options, tuple):
                lacking |= {k for code in one.options if not known(k := f"ask.{one.name}.{code}")}
    assert not lacking


def test_every_status_and_state_has_its_word() -> None:
    lacking = set()
    for kind in KINDS.values():
        statuses = {after for table in kind.transitions.values() for after in table.values() if after}
        states = {after for table in kind.lines.values() for after in table.values() if after}
        for status in statuses:
            lacking |= set() if known(f"mstatus.{kind.key}.{status}") or known(f"mstatus.{status}") else {status}
        for state in states:
            key = f"lstate.{kind.key}.{state}"
            lacking |= set() if known(key) or known(f"lstate.{state}") else {key}
    assert not lacking
    assert all(known(f"step.{step}") for step in STEPS)


def test_approval_is_offered_on_the_kinds_that_have_a_route_and_on_no_other() -> None:
    for kind in KINDS.values():
        keys = {act.key for act in acts_on("matter", kind.key)}
        assert ({"ask", "approve", "decline", "withdraw"} <= keys) == bool(kind.route)
        assert {key for key in ("ask", "approve", "decline", "withdraw") if act_named("matter", key, kind.key)} <= keys
    assert {route for kind in KINDS.values() for route in kind.every_route} == set(ROUTES)


def test_a_kinds_own_act_stands_before_the_common_one() -> None:
    assert act_named("matter", "ask", "transfer") is act_named("matter", "ask")
    assert act_named("matter", "no-such-act", "transfer") is None
    assert issubclass(TableBroken, ValueError)
