"""The page of the regulations with its counts: each opens to its cases, and all are of what one may see."""

import re

import pytest

from custody.entries import Moved
from custody.rules import Refused
from tests.builders import CLERK, LOW_SHELF
from tests.web.front import words
from tests.web.watch.house import House, Troubled, Visitor, business

COUNTED = re.compile(r'<a href="(/regulations/cases\?clause=([^&"]+)&amp;what=(\w+)[^"]*)">([\d,]+)\+?</a>')


def counts_of(page: str) -> dict[tuple[str, str], tuple[int, str]]:
    """(clause, what) -> the count, and where it opens; nought is not listed."""
    return {
        (clause, what): (int(number.replace(",", "")), address.replace("&amp;", "&"))
        for address, clause, what, number in COUNTED.findall(page)
    }


def listed(page: str) -> int:
    """How many cases a list shows."""
    body = page.split("<tbody>", 1)
    return body[1].split("</tbody>", 1)[0].count("<tr>") if len(body) == 2 else 0


def refuse_something(house: House, **carrier: object) -> int:
    """A clerk tries to put a secret carrier where it may not be."""
    one = house.scene.archive.carrier(**({"level": "secret"} | carrier))
    with pytest.raises(Refused):
        house.scene.archive.enter(CLERK, [Moved(one, LOW_SHELF)], "move")
    return one


def test_every_count_opens_to_exactly_its_cases(house: House, troubled: Troubled) -> None:
    assert troubled
    refuse_something(house)
    business(house.scene)
    clerk = house.client("clerk")
    found = counts_of(clerk.page("/regulations?period=all"))
    whats = {what for _, what in found}
    assert whats >= {"refused", "found", "reminded", "recorded"}
    for (clause, what), (number, address) in found.items():
        assert listed(clerk.page(address)) == min(number, 50), (clause, what)
    assert found["f.2", "refused"][0] == 1
    assert found["e.1", "found"][0] == 2
    assert found["2", "recorded"][0] == found["c.5", "recorded"][0], "a clause takes over what others record"


def test_a_refusal_is_listed_with_who_tried_what_and_why(house: House) -> None:
    refuse_something(house, title="远山九号")
    page = house.client("clerk").page("/regulations/cases?clause=f.2&what=refused")
    said = words(page)
    assert "Zhou Min" in said
    assert "YS-2026-00001" in said
    assert "…" in said
    assert "远山九号" not in page


def test_a_case_about_what_is_hidden_is_not_there(house: House) -> None:
    refuse_something(house, level="top_secret", unit=3)
    manager, clerk = house.client("sun"), house.client("clerk")
    assert counts_of(clerk.page("/regulations"))["f.2", "refused"][0] == 1
    assert ("f.2", "refused") not in counts_of(manager.page("/regulations"))
    assert listed(manager.page("/regulations/cases?clause=f.2&what=refused")) == 0


def test_the_period_narrows_counts_and_lists_alike(house: House) -> None:
    refuse_something(house)
    clerk = house.client("clerk")
    for period, expected in (("from=2026-11-20&to=2026-11-20", 1), ("to=2026-11-19", 0), ("period=all", 1)):
        counts = counts_of(clerk.page(f"/regulations?{period}"))
        assert counts.get(("f.2", "refused"), (0, ""))[0] == expected
        assert listed(clerk.page(f"/regulations/cases?clause=f.2&what=refused&{period}")) == expected
        if expected:
            _, address = counts["f.2", "refused"]
            assert period.split("&")[0] in address


@pytest.mark.parametrize("who", ["ma", "admin"])
def test_the_administrators_see_the_table_without_counts(house: House, troubled: Troubled, who: str) -> None:
    assert troubled
    refuse_something(house)
    visitor: Visitor = house.client(who)
    page = visitor.page("/regulations")
    assert counts_of(page) == {}
    assert 'class="used"' not in page
    assert "f.2" in page
    assert visitor.get("/regulations/cases?clause=f.2&what=refused").status_code == 403


def test_a_borrower_sees_his_own(house: House, troubled: Troubled) -> None:
    assert troubled
    refuse_something(house)
    found = counts_of(house.client("chen").page("/regulations?period=all"))
    assert {what for _, what in found} <= {"recorded", "sent"}
    assert found["c.5", "recorded"][0] >= 1


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("what", ["refused", "found", "reminded", "sent", "recorded"])
def test_with_no_cases_it_says_so(house: House, language: str, what: str) -> None:
    page = house.client("clerk", language).page(f"/regulations/cases?clause=c.5&what={what}")
    assert listed(page) == 0


@pytest.mark.parametrize(
    "query", ["clause=z.9&what=refused", "clause=c.5&what=nothing", "clause=c.5&what=found&after=!"]
)
def test_what_there_is_not_is_not_found(house: House, query: str) -> None:
    assert house.client("clerk").get(f"/regulations/cases?{query}").status_code == 404


def test_reminders_are_listed_with_their_carriers(house: House) -> None:
    from reconcile.reminders import send_reminders

    archive = house.scene.archive
    archive.borrow(archive.carrier(), "chen", days=3)
    house.scene.wait(86_400)
    assert send_reminders(house.database, archive.scheme, house.scene.now) > 0
    clerk = house.client("clerk")
    number, address = counts_of(clerk.page("/regulations"))["c.5", "sent"]
    page = clerk.page(address)
    assert listed(page) == number
    assert "YS-2026-00001" in page
