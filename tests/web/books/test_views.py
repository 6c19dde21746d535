"""Views that a person saves of a list, the order and the columns of it: names for addresses, one's own alone."""

import re
from urllib.parse import unquote

import pytest

from api.web.listing import lasting, without_search
from tests.builders import CLERK, SHELF_2
from tests.web.front import Browser, Front, words

TITLE = "高原站点选址报告"


def chips(page: str) -> list[tuple[str, str]]:
    """The views above a list: name and address."""
    part = page.partition('class="views"')[2].partition("</p>")[0]
    found = re.findall(r'<a class="chip" href="([^"]+)"[^>]*>([^<]*)', part)
    return [(name.strip(), address.replace("&amp;", "&")) for address, name in found]


def saved(browser: Browser, path: str, query: str, name: str) -> str:
    """Save a view; gives its address."""
    answer = browser.send("/views", path=path, query=query, name=name)
    assert answer.status_code == 303, words(answer.text)
    place: str = answer.headers["location"]
    return place


def view_of(browser: Browser, path: str, name: str) -> str:
    """The address at which a view is changed."""
    found = re.search(rf'action="(/views/\d+)"[^>]*>(?:(?!</form>).)*value="{name}"', browser.get(path).text)
    assert found
    return found[1]


def test_of_an_address_only_what_lasts_is_kept() -> None:
    pairs = [("status", "on_loan"), ("after", "x"), ("first", "51"), ("lang", "en"), ("col", "number"), ("col", "due")]
    assert lasting(pairs) == "col=number&col=due&status=on_loan"
    assert without_search("level=secret&q=ab12") == ("level=secret", "ab12")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/carriers", "col=number&col=due&sort=-due&status=on_loan"),
        ("/findings", "kind=missing"),
        ("/cases", "state=closed"),
        ("/business", "show=all"),
        ("/registers/incoming", "stage=called_back"),
        ("/rounds", "state=open"),
        ("/inbox", "show=unread"),
    ],
)
def test_every_list_with_filters_has_views(front: Front, path: str, query: str) -> None:
    clerk = front.signed_in("clerk")
    assert saved(clerk, path, query, "常看") == f"{path}?{query}"
    page = clerk.get(f"{path}?{query}").text
    assert chips(page) == [("常看", f"{path}?{query}")]
    assert f'href="{path}?{query}" aria-current="true"'.replace("&", "&amp;") in page


def test_a_view_of_a_search_keeps_its_words_and_no_address_does(front: Front) -> None:
    # Given a search for words of a title, narrowed, and saved.
    front.archive.carrier(title=TITLE)
    front.archive.carrier(title="轴承工艺规程")
    clerk = front.signed_in("clerk")
    name = clerk.send("/search", q="选址").headers["location"].partition("q=")[2]
    address = saved(clerk, "/carriers", f"level=secret&q={name}", "选址的")
    assert re.fullmatch(r"/carriers\?level=secret&q=v\d+", address)
    # When the same person signs in anew, the view still means it; to anybody else its address says nothing.
    again = front.signed_in("clerk")
    assert chips(again.get("/carriers").text) == [("选址的", address)]
    assert words(again.get(address).text).count("YS-2026-") == 1
    assert words(front.signed_in("secrecy").get(address).text).count("YS-2026-") == 2
    assert chips(front.signed_in("secrecy").get("/carriers").text) == []


def test_it_is_renamed_put_forward_opened_first_and_forgotten(front: Front) -> None:
    clerk = front.signed_in("clerk")
    saved(clerk, "/carriers", "status=on_loan", "借出")
    saved(clerk, "/carriers", "level=secret", "机密的")
    second = view_of(clerk, "/carriers", "机密的")
    clerk.send(second, do="forward", name="机密的")
    clerk.send(second, do="rename", name="机密件")
    assert [name for name, _ in chips(clerk.get("/carriers").text)] == ["机密件", "借出"]
    clerk.send(second, do="prefer", name="")
    page = clerk.get("/inbox").text
    assert '<a href="/carriers?level=secret"' in page
    clerk.send(second, do="unprefer", name="")
    assert '<a href="/carriers"' in clerk.get("/inbox").text
    clerk.send(second, do="delete", name="")
    assert [name for name, _ in chips(clerk.get("/carriers").text)] == ["借出"]


def test_what_cannot_be_saved_is_said(front: Front) -> None:
    clerk = front.signed_in("clerk")
    saved(clerk, "/carriers", "status=on_loan", "借出")
    for name in ("借出", "", "x" * 41):
        assert clerk.send("/views", path="/carriers", query="level=secret", name=name).status_code == 422
    assert clerk.send("/views", path="/accounts", query="", name="x").status_code == 404
    first = view_of(clerk, "/carriers", "借出")
    for do in ("rename", "delete", "prefer", "forward"):
        assert front.signed_in("secrecy").send(first, do=do, name="mine").status_code == 404
    assert chips(clerk.get("/carriers").text) == [("借出", "/carriers?status=on_loan")]


class TestOrder:
    """By a column, on as many pages as it takes."""

    def listed(self, browser: Browser, address: str) -> list[int]:
        """All carriers of a list, page by page; no key of a page holds a name."""
        seen: list[int] = []
        while address:
            page = browser.get(address).text
            seen += [int(one) for one in re.findall(r'class="no" href="/carriers/(\d+)"', page)]
            following = re.search(r'rel="next" href="([^"]+)"', page)
            address = following[1].replace("&amp;", "&") if following else ""
            assert "chen" not in unquote(address)
        return seen

    def test_persons_by_the_pinyin_of_their_names_days_and_levels_as_they_are(self, front_on_both: Front) -> None:
        archive = front_on_both.archive
        low, to_chen, to_sun, other = archive.carrier(level="confidential"), *archive.carriers(2), archive.carrier()
        archive.move(other, SHELF_2) if hasattr(archive, "move") else None
        archive.borrow(to_sun, "sun", days=2)
        archive.borrow(to_chen, "chen", days=5)
        clerk = front_on_both.signed_in("clerk")
        assert self.listed(clerk, "/carriers?sort=due")[:2] == [to_sun, to_chen]
        assert self.listed(clerk, "/carriers?sort=-where")[:2] == [to_sun, to_chen]
        assert self.listed(clerk, "/carriers?sort=mark")[0] == low
        assert self.listed(clerk, "/carriers?sort=-number") == [other, to_sun, to_chen, low]
        assert self.listed(clerk, "/carriers?sort=nonsense") == [low, to_chen, to_sun, other]

    def test_every_carrier_is_on_exactly_one_page_and_pages_go_back(self, front: Front) -> None:
        front.archive.carriers(60)
        front.archive.borrow(7, "chen", days=3)
        clerk = front.signed_in("clerk")
        seen = self.listed(clerk, "/carriers?sort=where")
        assert sorted(seen) == list(range(1, 61))
        assert seen[-1] == 7
        first = clerk.get("/carriers?sort=-where").text
        following = re.search(r'rel="next" href="([^"]+)"', first)
        assert following
        second = clerk.get(following[1].replace("&amp;", "&")).text
        back = re.search(r'rel="prev" href="([^"]+)"', second)
        assert back
        again = clerk.get(back[1].replace("&amp;", "&")).text
        assert re.findall(r'class="no" href="([^"]+)"', again) == re.findall(r'class="no" href="([^"]+)"', first)
        assert clerk.get("/carriers?sort=where&after=xyz").status_code == 404

    def test_of_more_than_are_counted_there_is_no_other_order(
        self, front: Front, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        front.archive.carriers(4)
        front.archive.borrow(1, "chen")
        monkeypatch.setattr("custody.store.queries.paging.COUNTED_MAX", 3)
        page = front.signed_in("clerk").get("/carriers?sort=-where").text
        assert re.findall(r'class="no" href="/carriers/(\d+)"', page)[0] == "1"
        assert "narrow the list first" in page
        assert "sort=due" not in page


def test_people_are_listed_by_pinyin_and_no_name_stands_in_an_address(front: Front) -> None:
    clerk = front.signed_in("clerk")
    address = clerk.send("/people/find", find="陈国栋").headers["location"]
    assert re.fullmatch(r"/people\?q=[0-9a-f]+", address)
    assert "1–1 of 1" in words(clerk.get(address).text)
    numbers = re.findall(r'class="no" href="/people/\d+">(\d+)<', clerk.get("/people").text)
    assert numbers.index("1004") < numbers.index("1005") < numbers.index("1001")
    assert CLERK
