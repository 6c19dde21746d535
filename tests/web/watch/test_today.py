"""A manager's five minutes: what waits, who is overdue, how the weeks went; on the page, on paper, in a workbook."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.managing import Asked, Viewer, figures_of
from api.web.business.approvals import GRAVE
from api.web.charts import FLOOR, shares, spread, stacked, step_of
from custody.access import Role
from custody.store import accounts
from custody.values import DAY
from reconcile.store import trends
from reconcile.store.core import ROUND
from tests.builders import CLERK, PEOPLE, SHELF
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


def test_a_finding_is_taken_up_and_one_escalated_from_here_and_the_page_stays(troubled: Troubled, house: House) -> None:
    visitor = house.client("clerk", "en")
    before = _answers(visitor.page("/today"))
    assert len(before) > 1
    for (address, _), done in zip(before[:2], ("acknowledge", "escalate"), strict=True):
        answer = visitor.post(f"{address}/{done}?back=/today")
        assert (answer.status_code, answer.headers["location"]) == (303, "/today")
    after = [address for address, _ in _answers(visitor.page("/today"))]
    assert before[0][0] not in after


def _answers(page: str) -> list[tuple[str, str]]:
    """What may be acted upon under the findings to answer: its address, and what is done."""
    part = page.partition('id="answers"')[2].partition("</section>")[0]
    found = re.findall(r'action="(/(?:findings|cases)/[^/"]+)/(acknowledge|escalate)', part)
    return [one for one in found if one[1] == "acknowledge"]


def test_a_grave_matter_is_signed_on_its_own_page_and_not_from_the_list() -> None:
    assert {"destruction", "reclassification", "carrying_out", "provision"} <= GRAVE


def test_how_far_back_and_which_unit_stand_in_the_address_and_in_the_workbook(troubled: Troubled, house: House) -> None:
    clerk = house.client("clerk", "en")
    assert 'href="/today.xlsx?days=30&amp;unit=3"' in clerk.page("/today?days=30&unit=3&by=unit")
    sheet = download(clerk, "/today.xlsx?days=30&unit=3")
    assert column(sheet, "Part").count("in time") == 10
    assert exports(house)[-1][2] == {"days": "30", "unit": "3"}
    # What cannot be read is not asked.
    assert clerk.get("/today?days=abc&unit=99999&by=x").status_code == 200


def test_the_workbook_says_of_units_what_the_page_says(troubled: Troubled, house: House) -> None:
    clerk = house.client("clerk", "en")
    figures = figures_of(_viewer(house), Asked())
    sheet = download(clerk, "/today.xlsx")
    persons = [n for part, n in zip(column(sheet, "Part"), column(sheet, "Figure"), strict=True) if part == "Overdue"]
    units = [n for p, n in zip(column(sheet, "Part"), column(sheet, "Figure"), strict=True) if p == "Overdue by unit"]
    assert sum(persons) == sum(units) == figures.things > 0
    assert [one.days for one in figures.persons] == sorted((one.days for one in figures.persons), reverse=True)


def _viewer(house: House) -> Viewer:
    return Viewer(house.database, house.services.scheme, CLERK, "en", house.scene.now)


def test_a_unit_sees_its_own_figures_and_everybody_elses_are_left_out(troubled: Troubled, house: House) -> None:
    all_of_it = figures_of(_viewer(house), Asked())
    of_none = figures_of(_viewer(house), Asked(unit=max(all_of_it.directory.units)))
    assert sum(all_of_it.stretches[-1].ages) > sum(of_none.stretches[-1].ages)


@pytest.mark.parametrize(
    ("times", "median", "ninth"),
    [([5], 5, 5), ([1, 2, 3], 2, 3), (list(range(1, 11)), 5, 9), (list(range(1, 101)), 50, 90), ([7, 7, 1], 7, 7)],
)
def test_half_and_nine_in_ten_are_times_that_some_took(times: list[int], median: int, ninth: int) -> None:
    found = trends.closed_in(times)
    assert (found.count, found.median_us, found.p90_us) == (len(times), median, ninth)


def test_a_room_says_when_it_was_swept_last_however_long_ago(house: House) -> None:
    with house.database.reading() as connection:
        directory = house.services.books.directory(connection)
        rooms = trends.swept_since(connection, directory, 0)
        assert {one.last_at for one in rooms} == {None}
    with house.database.writing() as connection:
        plain = {"number": "QC-2026-0001", "place": SHELF, "state": "signed", "kind": "sweep", "opened_by": 1}
        row = plain | {"opened_at": 1, "started_at": 1, "finished_at": house.scene.now - 100 * DAY}
        known = {name: value for name, value in row.items() if name in ROUND.c}
        needed = {c.name: 0 for c in ROUND.c if not c.nullable and c.name not in known and c.server_default is None}
        texts = {name: "" for name in needed if ROUND.c[name].type.python_type is str}
        connection.execute(ROUND.insert().values(needed | texts | known))
        (swept,) = [one for one in trends.swept_since(connection, directory, house.scene.now - 90 * DAY) if one.last_at]
    assert (swept.swept, swept.last_at) == (0, house.scene.now - 100 * DAY)


def test_one_comes_back_to_this_house_only(troubled: Troubled, house: House) -> None:
    visitor = house.client("clerk", "en")
    number = visitor.get("/today").text.partition('action="/findings/')[2].partition("/")[0]
    answer = visitor.post(f"/findings/{number}/acknowledge?back=//elsewhere.example/")
    assert answer.headers["location"] == f"/findings/{number}"


def test_who_is_late_is_asked_once_a_day_and_finds_it_in_the_inbox(troubled: Troubled, house: House) -> None:
    clerk = house.client("clerk", "en")
    addresses = re.findall(r'action="(/today/ask-back/(\d+)[^"]*)"', clerk.get("/today").text)
    address, person = addresses[0]
    assert clerk.post(html.unescape(address)).status_code == 303
    shown = clerk.get("/today").text
    assert address not in shown
    assert "asked today" in shown
    who = next(name for name, number in PEOPLE.items() if number == int(person))
    assert [notice.kind for notice in house.scene.inbox(who)].count("asked_back") == 1
    # Asked again by hand it changes nothing
    clerk.post(html.unescape(address))
    assert [notice.kind for notice in house.scene.inbox(who)].count("asked_back") == 1


def test_nobody_is_asked_for_what_is_not_late_nor_by_who_settles_nothing(troubled: Troubled, house: House) -> None:
    assert house.client("clerk").post("/today/ask-back/987654").status_code == 404
    assert house.client("chen").post(f"/today/ask-back/{PEOPLE['chen']}").status_code == 403


def test_a_leader_is_told_who_takes_findings_up(troubled: Troubled, house: House) -> None:
    with house.database.writing() as connection:
        accounts.create(connection, PEOPLE["leader"], "business", "-", house.scene.now)
        accounts.grant(connection, PEOPLE["leader"], Role.LEADER, None)
    shown = page(house, "leader")
    assert "/today/ask-back/" not in shown
    assert "/acknowledge" not in shown.partition('id="answers"')[2].partition("</section>")[0]
    assert "Findings are taken up and escalated by the registry" in shown


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
    assert weeks == [trends.Loans(0, 0, 0), trends.Loans(2, 1, 0)]


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


def test_times_are_drawn_from_half_to_nine_in_ten_and_only_where_there_are_any() -> None:
    chart = spread([None, (2.0, 8.0), (1.0, 30.0)], ["a", "b", "c"], ("nine", "half"))
    assert len(chart.reaches) == 2
    assert all(one.high < one.low <= FLOOR for one in chart.reaches)
    assert chart.last[1].y - chart.last[0].y >= 16
    assert not spread([None], ["a"], ("", "")).last


def test_less_than_nine_in_ten_is_low() -> None:
    assert [(one.percent, one.low) for one in shares([(24, 24), (9, 10), (64, 90)])] == [
        (100, False),
        (90, False),
        (71, True),
    ]
