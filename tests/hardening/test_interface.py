"""The whole interface against its own description, asked by cases that nobody thought of."""

import pytest

from api.locale import known
from custody.access import Permission
from tests.hardening.asking import Asking
from tests.prove.record import WHOLE, proof
from tests.web.front import Front

CASES = 10_000 if WHOLE else 150
SEED = 20261122


def test_whatever_right_is_missing_is_named_in_words() -> None:
    assert [one.value for one in Permission if not known(f"permission.{one.value}")] == []


@pytest.mark.parametrize("number", [2**63, 10**30, -(10**30)])
def test_a_number_that_no_identifier_can_have_is_not_there(front: Front, number: int) -> None:
    clerk = front.program("clerk")
    assert clerk.call("/rounds", kind="sweep", place=number).status_code in (404, 422)
    assert clerk.get(f"/api/v1/carriers/{number}").status_code == 404
    assert front.signed_in("clerk").get(f"/carriers/{number}").status_code == 404


@pytest.mark.prove
@pytest.mark.timeout(3600 if WHOLE else 240)
def test_no_case_breaks_the_server_or_its_description(front: Front) -> None:
    with proof("REST interface against its description", SEED) as row:
        found = Asking(front).ask(CASES, SEED)
        assert found.wrong == {}
        assert found.cases >= CASES * 0.9
        row.held = f"holds: {found.cases:,} cases on {len(found.operations)} operations"
    # Cases were taken, refused, not allowed and wrong: none of these is untried.
    assert {200, 401, 403, 404, 422} <= set(found.statuses)
