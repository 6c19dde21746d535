"""A manager's five minutes: what waits, who is overdue, how the weeks went; on the page, on paper, in a workbook."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.web.charts import FLOOR, shares, stacked, step_of
from custody.values import DAY
from reconcile.store import trends
from tests.builders import CLERK, SHELF
from tests.web.watch.house import House, Troubled
from tests.web.watch.test_reports import column, download, exports


def page(house: House, who: str, language: str = "en") -> str:
    """The page as somebody sees it."""
    answer = house.client(who, language).get("/today")
    assert answer.status_code == 200
    return str(answer.text)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_manager_sees_what_is_overdue_and_by_whom(troubled: Troubled, house: House, language: str) -> None:
    shown = page(house, "sun", language)
    assert "/reports/overdue?person=" in shown
    assert shown.count("<svg") > 4


def test_nothing_to_do_says_so(house: House) -> None:
    shown = page(house, "sun")
    assert "Nothing waits for you today" in shown
    assert "Nothing waits for your approval." in shown


def test_an_incident_is_taken_up_from_here_and_is_gone_from_here(troubled: Troubled, house: House) -> None:
    visitor = house.client("clerk", "en")
    before = visitor.get("/today").text
    number = before.partition('action="/findings/')[2].partition("/")[0]
    assert number
    answer = visitor.post(f"/findings/{number}/acknowledge?back=/today")
    assert (answer.status_code, answer.headers["location"]) == (303, "/today")
    assert f"/findings/{number}/acknowledge" not in visitor.get("/today").text


def test_one_comes_back_to_this_house_only(troubled: Troubled, house: House) -> None:
    visitor = house.client("clerk", "en")
    number = visitor.get("/today").text.partition('action="/findings/')[2].partition("/")[0]
    answer = visitor.post(f"/findings/{number}/acknowledge?back=//elsewhere.example/")
    assert answer.headers["location"] == f"/findings/{number}"


def test_who_may_see_no_reports_has_no_such_page(house: House) -> None:
    assert house.client("chen").get("/today").status_code == 403


def test_the_workbook_has_the_figures_of_the_page_and_is_on_record(troubled: Troubled, house: House) -> None:
    sheet = download(house.client("sun", "en"), "/today.xlsx")
    assert set(column(sheet, "Part")) >= {"To approve", "Overdue", "Open findings by age", "lent"}
    assert exports(house)[-1][1] == "today"


def test_findings_are_counted_by_their_age_at_the_end_of_each_week(troubled: Troubled, house: House) -> None:
    now = house.scene.archive.books.clock()
    with house.database.reading() as connection:
        counted = trends.open_by_age(connection, CLERK, [now - 60 * DAY, now, now + 3 * DAY, now + 30 * DAY])
    assert counted[0] == (0, 0, 0)
    open_now = sum(counted[1])
    assert open_now > 10
    assert counted[2] == (0, open_now, 0)
    assert counted[3] == (0, 0, open_now)


def test_what_was_lent_and_returned_is_counted_in_its_week(house: House) -> None:
    archive = house.scene.archive
    first, second = archive.carriers(2)
    archive.borrow(first, "chen")
    archive.borrow(second, "chen")
    archive.give_back(first, SHELF)
    now = archive.books.clock()
    with house.database.reading() as connection:
        weeks = trends.loans_and_returns(connection, CLERK, now - 14 * DAY, [now - 7 * DAY, now])
    assert weeks == [(0, 0), (2, 1)]


@given(st.lists(st.tuples(*[st.integers(0, 500)] * 3), min_size=1, max_size=12))
def test_columns_stand_on_the_floor_and_within_the_frame(columns: list[tuple[int, int, int]]) -> None:
    chart = stacked(columns, ["w"] * len(columns), ["a", "b", "c"])
    for bar in chart.bars:
        assert 20 <= bar.y <= bar.y + bar.height <= FLOOR + 0.2
    ends = {bar.x for bar in chart.bars}
    assert len(ends) == sum(any(column) for column in columns)
    places = [one.y for one in chart.last]
    assert all(upper - lower >= 15.9 for lower, upper in zip(places[1:], places, strict=False)), (
        "words lie on each other"
    )


@given(st.integers(0, 10**7))
def test_lines_behind_reach_above_the_highest(most: int) -> None:
    assert 3 * step_of(most) >= most
    assert most < 3 or 3 * step_of(most) <= 3 * most


def test_less_than_nine_in_ten_is_low() -> None:
    assert [(one.percent, one.low) for one in shares([(24, 24), (9, 10), (64, 90)])] == [
        (100, False),
        (90, False),
        (71, True),
    ]
