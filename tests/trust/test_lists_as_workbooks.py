"""Every list gives itself as a workbook with the rows of its page, in both languages, in a house at full work."""

import io
import re
from collections.abc import Callable, Iterator
from html import unescape
from secrets import randbelow
from typing import Any

import pytest
from openpyxl import load_workbook

from api import locale
from api.web import lists, lists_of_matters, lists_of_watch
from custody.database import Database
from custody.store import tag_numbers
from tests.builders import CLERK, SCHEME
from tests.trust.worlds import LOOKERS, VARIANTS, World, build

pytestmark = pytest.mark.timeout(600)

LISTS: dict[str, tuple[str, str]] = {
    # name: who looks, what follows the name in the page's address
    "people": ("clerk", ""),
    "places": ("clerk", "?view=list"),
    "business": ("clerk", "?show=all&sort=number"),
    "review": ("manager_of_planning", ""),
    "holdings": ("borrower", ""),
    "meetings": ("clerk", "?show=all"),
    "production": ("clerk", "?show=all"),
    "disclosures": ("secrecy_office", ""),
    "organisations": ("clerk", ""),
    "cases": ("secrecy_office", "?state=all"),
    "inbox": ("secrecy_office", ""),
    "rounds": ("clerk", "?col=number&col=place&col=finished"),
    "readers": ("clerk", ""),
    "commissioning": ("clerk", ""),
    "accounts": ("system", "?family=business"),
}
KEYS = {"cases": 1}
"""Where what tells the rows apart is not in the first column."""
PAGES = {"holdings": "/me/holdings"}
"""Where a list's page is not at its own name."""


@pytest.fixture(scope="module")
def world(new_sqlite: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A house with something of every kind."""
    locale.be_strict()
    with Database.open(new_sqlite()) as database:
        made = build(database, tmp_path_factory.mktemp("world"), VARIANTS[0])
        with database.writing() as connection:
            tag_numbers.open_batch(
                connection,
                SCHEME.numbering(),
                randbelow,
                [None],
                means="hand",
                device="",
                by=CLERK.person,
                now=made.scene.now,
                timezone=SCHEME.timezone,
            )
        yield made
    locale.be_strict(False)


def rows_of(content: bytes) -> tuple[list[str], list[list[Any]]]:
    """The heads and the rows of a workbook, down to the empty line over the foot."""
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    head, *rest = [list(row) for row in sheet.iter_rows(values_only=True)]
    found: list[list[Any]] = []
    for row in rest:
        if all(cell in (None, "") for cell in row):
            break
        found.append(row)
    return [str(cell) for cell in head if cell is not None], found


def test_every_list_of_the_mechanism_is_in_the_table() -> None:
    assert LISTS.keys() == lists.LISTS.keys() | lists_of_matters.LISTS.keys() | lists_of_watch.LISTS.keys()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", LISTS)
def test_the_workbook_of_a_list_has_the_rows_of_its_page(world: World, name: str, language: str) -> None:
    who, asked = LISTS[name]
    client = world.client(LOOKERS[who].number, language)
    page = client.http.get(PAGES.get(name, f"/{name}") + asked)
    assert page.status_code == 200
    # The page's own link leads to it, whatever else the page is narrowed by.
    link = re.search(rf'href="(/{name}\.xlsx[^"]*)"', page.text)
    assert link, page.text[:3000]
    address = unescape(link[1])
    assert address == f"/{name}.xlsx{asked}" or "?" not in address
    answer = client.http.get(address)
    assert answer.status_code == 200, answer.text
    heads, rows = rows_of(answer.content)
    assert all(heads)
    assert len(heads) == len(set(heads))
    assert rows, f"nothing in {name}: the table proves nothing"
    words = re.sub(r"<[^>]+>", " ", page.text)
    column = KEYS.get(name, 0)
    if name == "inbox":
        assert len(rows) == page.text.split('id="notices"')[1].split("</section>")[0].count("<tr") - 1
        return
    said = [str(row[column]) for row in rows]
    at = [words.find(unescape(one)) for one in said]
    assert -1 not in at, [one for one, where in zip(said, at, strict=True) if where < 0]


def test_a_list_in_another_order_comes_in_that_order(world: World) -> None:
    client = world.client(LOOKERS["clerk"].number)
    for address in ("/business.xlsx?show=all&sort=number", "/business.xlsx?show=all&sort=-number"):
        _, rows = rows_of(client.http.get(address).content)
        numbers = [row[0] for row in rows]
        assert len(numbers) > 2
        assert numbers == sorted(numbers, reverse="-" in address)
    _, rising = rows_of(client.http.get("/reports/carriers.xlsx").content)
    _, falling = rows_of(client.http.get("/reports/carriers.xlsx?sort=-number").content)
    numbers = [(row[0], row[1]) for row in rising]
    assert len(set(numbers)) > 2
    assert [(row[0], row[1]) for row in falling] == numbers[::-1]
