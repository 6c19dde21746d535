"""A carrier's buttons: the likeliest act first, what a clause forbids beside it, the rest in a menu, none lost."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.acts import acts_on
from api.acts.offering import Offer
from api.web.acts.table import ACTS
from api.web.acts.table import Offer as TableOffer
from api.web.carrier_acts import BESIDE_MAX, DASHED_MAX, Button, Buttons, buttons_of
from custody.life_cycle import Status
from custody.rules import Refusal

CLAUSE = (Refusal("overdue", "c.5"),)
STATE = (Refusal("state", ""),)
VISIT = cast(Any, SimpleNamespace(t=lambda key, **_: key))
SEEN = Button("seen", "/carriers/7/seen", "who", "eye")


def drawn(status: Status, table: dict[str, Any], business: dict[str, Any], main: str = "") -> Buttons:
    """The buttons of these acts, each with what stands against it."""
    item = cast(Any, SimpleNamespace(id=7, status=status))
    ours = [TableOffer(ACTS[key], why, key == main) for key, why in table.items()]
    acts = {act.key: act for act in acts_on("carrier")}
    others = [(Offer(acts[key], why), key) for key, why in business.items()]
    return buttons_of(VISIT, item, ours, others, [SEEN])


def keys(buttons: tuple[Button, ...]) -> list[str]:
    """By name."""
    return [one.key for one in buttons]


def test_of_a_late_loan_the_return_comes_first_and_what_the_clause_forbids_beside_it() -> None:
    business = {"renew": CLAUSE, "recall": CLAUSE, "queue": (), "copying": ()}
    buttons = drawn(Status.ON_LOAN, {"return": (), "tag": (), "borrow": STATE}, business, main="return")
    assert keys(buttons.first) == ["return", "queue", "tag"]
    assert keys(buttons.dashed) == ["renew", "recall"]
    assert keys(buttons.others) == ["copying", "borrow", "seen"]


def test_what_only_the_state_does_not_allow_is_dashed_where_there_is_room() -> None:
    buttons = drawn(Status.ON_LOAN, {"return": (), "borrow": STATE}, {"renew": CLAUSE}, main="return")
    assert keys(buttons.dashed) == ["renew", "borrow"]


@given(
    status=st.sampled_from(Status),
    table=st.dictionaries(st.sampled_from(sorted(ACTS)), st.sampled_from([(), CLAUSE, STATE])),
    business=st.dictionaries(st.sampled_from(sorted(a.key for a in acts_on("carrier"))), st.sampled_from([(), CLAUSE])),
)
def test_every_act_stands_in_one_place_and_few_beside_the_title(
    status: Status, table: dict[str, Any], business: dict[str, Any]
) -> None:
    business = {key: why for key, why in business.items() if key not in table}
    buttons = drawn(status, table, business)
    every = keys(buttons.first) + keys(buttons.dashed) + keys(buttons.others)
    assert sorted(every) == sorted([*table, *business, "seen"])
    assert len(buttons.first) <= 1 + BESIDE_MAX
    assert len(buttons.dashed) <= DASHED_MAX
    assert not any(one.refusals for one in buttons.first)


@pytest.mark.parametrize("status", list(Status))
def test_a_page_without_acts_has_only_who_has_seen_it(status: Status) -> None:
    assert drawn(status, {}, {}) == Buttons((), (), (SEEN,))
