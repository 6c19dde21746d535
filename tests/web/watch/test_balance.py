"""The page of the balance: the equation at any position, its tables, the carriers behind, and the workbook."""

import re

import pytest
from sqlalchemy import text

from tests.builders import CLERK, PEOPLE
from tests.custody.disposition.scenes import lost
from tests.custody.production import scene as orders
from tests.web.front import words
from tests.web.watch.house import House, Visitor
from tests.web.watch.test_reports import column, download, exports


def equation(page: str) -> dict[str, int]:
    """The terms of the first equation on a page."""
    drawn = page.split('<dl class="eq">', 1)[1].split("</dl>", 1)[0]
    terms = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", drawn, re.DOTALL)
    return {name: int(words(figure).replace(",", "")) for name, figure in terms}


def rows(page: str) -> list[list[str]]:
    """The rows of the table of figures, in words."""
    body = page.split("figures", 1)[1].split("<tbody>", 1)[1].split("</tbody>", 1)[0]
    return [[words(cell) for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)] for row in body.split("</tr>") if row]


def figures_of(page: str) -> list[tuple[int, str]]:
    """Every figure of a page that opens to carriers, and where."""
    found = re.findall(r'<a href="(/balance/carriers[^"]*)">([\d,]+)</a>', page)
    return [(int(number.replace(",", "")), address.replace("&amp;", "&")) for address, number in found]


def listed(page: str) -> int:
    """How many carriers a list shows."""
    return len(re.findall(r'<a class="no" href="/carriers/\d+">', page))


def position(house: House) -> int:
    """Where the ledger ends."""
    with house.database.reading() as connection:
        return house.scene.archive.books.position(connection)


def a_little_life(house: House) -> list[int]:
    """Four carriers of two units, one lent, one lost."""
    archive = house.scene.archive
    carriers = [*archive.carriers(3), archive.carrier(unit=4, level="confidential")]
    archive.borrow(carriers[0], "chen")
    lost(archive, carriers[1])
    return carriers


def test_the_equation_closes_and_every_figure_opens_to_its_carriers(house: House) -> None:
    a_little_life(house)
    clerk = house.client("clerk")
    begun = position(house)
    for by in ("unit", "level", "title", "origin"):
        page = clerk.page(f"/balance?by={by}&since=30")
        assert equation(page) == {"Came in": 4, "In store": 2, "On loan": 1, "Missing": 1}
        assert "does not close" not in page
        assert "The whole register." in page
        opened = figures_of(page)
        assert len(opened) >= 6
        for number, address in opened:
            assert listed(clerk.page(address)) == number, address
    assert position(house) == begun


def test_an_earlier_position_stays_as_it_was(house: House) -> None:
    archive = house.scene.archive
    carrier = archive.carrier()
    before = position(house)
    archive.borrow(carrier, "chen")
    clerk = house.client("clerk")
    assert equation(clerk.page(f"/balance?at={before}")) == {"Came in": 1, "In store": 1, "On loan": 0, "Missing": 0}
    assert equation(clerk.page("/balance"))["On loan"] == 1
    behind = words(clerk.page(f"/balance/carriers?at={before}&status=in_place"))
    assert "In store" in behind
    assert "On loan" in behind, "how it stands now is beside"


def test_a_day_means_its_last_position(house: House) -> None:
    archive = house.scene.archive
    archive.carriers(2)
    house.scene.wait(3 * 86_400)
    archive.carriers(1)
    clerk = house.client("clerk")
    assert equation(clerk.page("/balance?at_day=2026-11-21"))["Came in"] == 2
    assert equation(clerk.page("/balance?at_day=2026-11-23"))["Came in"] == 3
    flowed = words(clerk.page("/balance?since_day=2026-11-21"))
    assert "In hand before 2 + Came in 1 − Gone 0 = In hand now 3" in flowed


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("at=999999", "the ledger ends at"),
        ("at=yesterday", "neither a ledger position nor a day"),
        ("at_day=2099-01-01", "yet to come"),
        ("at=2&since=5", "nothing lies between"),
    ],
)
def test_a_position_that_cannot_be_is_said_and_the_present_shown(house: House, asked: str, said: str) -> None:
    house.scene.archive.carriers(2)
    answer = house.client("clerk").get(f"/balance?{asked}")
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert equation(answer.text)["Came in"] == 2


def test_units_count_their_sub_units(house: House) -> None:
    a_little_life(house)
    table = rows(house.client("clerk").page("/balance"))
    assert [(row[0], row[1], row[-2]) for row in table] == [
        ("Yuanshan Instruments Institute", "4", "4"),
        ("Research", "1", "1"),
    ]


def test_titles_are_found_by_number_and_shown_as_elsewhere(house: House) -> None:
    archive = house.scene.archive
    archive.carrier(control_number="YS-2026-70001", title="远山七号")
    archive.carrier(control_number="YS-2026-70002", title="远山八号")
    clerk = house.client("clerk")
    both = clerk.page("/balance?by=title")
    assert "远山七号" in both
    assert "远山八号" in both
    led = clerk.post("/balance/find", number="70001", at="", since="").headers["location"]
    assert "70001" not in led
    found = clerk.page(led)
    assert "远山七号" in found
    assert "远山八号" not in found
    hidden = clerk.page("/balance?by=title&titles=hide")
    assert "远山七号" not in hidden


def test_a_manager_counts_his_own_and_is_told_so(house: House) -> None:
    archive = house.scene.archive
    archive.carriers(2, unit=3, scope=())
    archive.carriers(3, unit=4, scope=())
    archive.carriers(1, unit=3, scope=(), level="top_secret")
    manager = house.client("sun")
    page = manager.page("/balance")
    assert equation(page)["Came in"] == 2
    assert "Planning" in words(page)
    assert "up to Secret" in words(page)
    assert "The whole register." not in page
    assert "top_secret" not in manager.page("/balance?by=level")
    assert listed(manager.page("/balance/carriers")) == 2
    assert column(download(manager, "/balance.xlsx?by=level"), "Level") == ["Secret", "All together"]


def test_what_does_not_close_says_so_and_what_to_do(house: House) -> None:
    a_little_life(house)
    with house.database.writing() as connection:
        connection.execute(text("DELETE FROM standing WHERE was <> ''"))
    page = words(house.client("clerk").page("/balance"))
    assert "does not close" in page
    assert "custody rebuild --check" in page


def test_the_workbook_has_every_figure_and_is_on_record(house: House) -> None:
    a_little_life(house)
    clerk = house.client("clerk")
    at = position(house)
    sheet = download(clerk, "/balance.xlsx?by=level&since=30")
    assert column(sheet, "Level") == ["Secret", "Confidential", "All together"]
    assert column(sheet, "On loan") == [1, 0, 1]
    assert column(sheet, "Together") == [3, 1, 4]
    assert column(sheet, "Closes") == ["closes"] * 3
    foot = " ".join(str(row[0]) for row in sheet if row[0])
    assert "Exported by 周敏" in foot
    assert f"at={at} (2026-11-20 10:00:00)" in foot
    ((person, name, filters, count),) = exports(house)
    assert (person, name, count) == (PEOPLE["clerk"], "balance", 3)
    assert filters["by"] == "level"


def test_titles_hidden_on_the_device_are_not_in_the_workbook(house: House) -> None:
    house.scene.archive.carrier(title="远山七号")
    clerk = house.client("clerk")
    assert column(download(clerk, "/balance.xlsx?by=title"), "Title") == ["远山七号", None]
    clerk.page("/balance?titles=hide")
    assert "远山七号" not in str(download(clerk, "/balance.xlsx?by=title"))


@pytest.mark.parametrize("who", ["chen", "admin", "ma"])
@pytest.mark.parametrize("address", ["/balance", "/balance/carriers", "/balance.xlsx"])
def test_without_reports_there_is_no_balance(house: House, who: str, address: str) -> None:
    assert house.client(who).get(address).status_code == 403
    assert not exports(house)


def test_damaged_addresses_are_not_found(house: House) -> None:
    clerk: Visitor = house.client("clerk")
    for address in ("/balance?by=title&after=!", "/balance/carriers?after=!", "/balance/carriers?at=999999"):
        assert clerk.get(address).status_code == 404
    assert clerk.get("/balance.xlsx?at=999999").status_code == 404


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_empty_register_has_an_empty_balance(house: House, language: str) -> None:
    clerk = house.client("clerk", language)
    assert set(equation(clerk.page("/balance?since=5")).values()) == {0}
    for by in ("unit", "level", "title", "origin"):
        clerk.page(f"/balance?by={by}")
    clerk.page("/balance/carriers")


def test_production_orders_have_their_own_equation(house: House) -> None:
    archive = house.scene.archive
    clerk = house.client("clerk")
    assert "No production order yet" in words(clerk.page("/balance/orders"))
    order = orders.approved_order(archive, quantity=4)
    orders.copies(archive, order, 1, 2)
    archive.enter(CLERK, [orders.cancelled(order, 4)], "production_cancel")
    page = clerk.page("/balance/orders")
    (row,) = rows(page)
    assert row[5:] == ["4", "2", "0", "1", "1", "in production"]
    archive.enter(CLERK, [orders.cancelled(order, 3)], "production_cancel")
    archive.enter(CLERK, orders.closing(archive, order, none=True), "production_close")
    (row,) = rows(clerk.page("/balance/orders"))
    assert row[5:] == ["4", "2", "0", "2", "0", "closes"]
    assert clerk.get("/balance/orders?after=!").status_code == 404
    assert house.client("chen").get("/balance/orders").status_code == 403
