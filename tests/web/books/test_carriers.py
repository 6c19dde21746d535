"""The register's pages: lists, the search, one carrier with its two stories, and what nobody may learn from them."""

import logging
import re

import pytest

from api.web.life import agree, verdict_of
from custody.values import DAY, SECOND
from reconcile.store.core import ANTENNA, COVERAGE, PRESENCE, READER, STAY
from tests.builders import SHELF, SHELF_2, directory, epc_of
from tests.web.front import Front, words

TITLE = "Highland station siting report"


def test_the_list_shows_what_the_books_say(front_on_both: Front) -> None:
    front_on_both.archive.carrier(title=TITLE, level="secret", copies=3, copy_number=2)
    page = words(front_on_both.signed_in("clerk").get("/carriers").text)
    for shown in ("YS-2026-00001", "2/3", "SECRET ★ 20 Y", TITLE, "In store", "B1-01-1", "1–1 of 1"):
        assert shown in page


def test_the_same_list_in_chinese(front: Front) -> None:
    front.archive.carrier(level="top_secret")
    page = words(front.signed_in("clerk", "zh").get("/carriers").text)
    for shown in ("绝密 ★ 30年", "在库", "远山三号总体方案", "本页最高"):
        assert shown in page


def test_every_carrier_is_on_exactly_one_page(front: Front) -> None:
    front.archive.carriers(120)
    browser, address, seen = front.signed_in("clerk"), "/carriers", []
    while address:
        page = browser.get(address).text
        seen += re.findall(r'href="/carriers/(\d+)"', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 120
    assert "101–120 of 120" in words(page)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("level=confidential", {2}),
        ("status=on_loan", {1}),
        ("overdue=1", {1}),
        ("kind=disc", {3}),
        ("unit=4", {2}),
        (f"place={SHELF_2}", {3}),
        ("level=nonsense&status=nonsense&unit=x", {1, 2, 3}),
    ],
)
def test_each_filter_is_an_address(front: Front, query: str, found: set[int]) -> None:
    archive = front.archive
    archive.borrow(archive.carrier(), "chen", days=5)
    archive.carrier(level="confidential", unit=4)
    archive.carrier(kind="disc", place=SHELF_2)
    front.clock.days(6)
    page = front.signed_in("clerk").get(f"/carriers?{query}").text
    assert {int(one) for one in re.findall(r'href="/carriers/(\d+)"', page)} == found


def test_a_damaged_key_of_a_page_is_not_found(front: Front) -> None:
    assert front.signed_in("clerk").get("/carriers?after=xyz").status_code == 404


class TestSearch:
    """The words stand in no address, and in no log."""

    def test_a_search_goes_by_post_and_its_words_stay_in_the_session(
        self, front: Front, caplog: pytest.LogCaptureFixture
    ) -> None:
        front.archive.carrier(title="高原站点选址报告")
        front.archive.carrier(title="轴承工艺规程")
        browser = front.signed_in("clerk")
        with caplog.at_level(logging.DEBUG):
            address = browser.send("/search", q="选址").headers["location"]
            page = browser.get(address)
        assert re.fullmatch(r"/search\?q=[0-9a-f]+", address)
        assert "高原站点选址报告" in page.text
        assert "轴承工艺规程" not in page.text
        assert "选址" not in caplog.text

    def test_anothers_search_says_nothing(self, front: Front) -> None:
        front.archive.carriers(2)
        address = front.signed_in("clerk").send("/search", q="no such thing").headers["location"]
        secrecy = front.signed_in("secrecy")
        assert "no such thing" not in secrecy.get(address).text
        assert "1–2 of 2" in words(secrecy.get(address.replace("/search", "/carriers")).text)

    @pytest.mark.parametrize("code", ["YS-2026-00001", "YS-2026-00001/1", epc_of(1), epc_of(1).lower()])
    def test_a_number_or_tag_leads_to_its_carrier(self, front: Front, code: str) -> None:
        front.archive.carrier()
        assert front.signed_in("clerk").send("/search", q=code).headers["location"] == "/carriers/1"

    def test_searches_end_with_their_session(self, front: Front) -> None:
        browser = front.signed_in("clerk")
        browser.send("/search", q="anything")
        browser.send("/sign-out")
        with front.archive.books.database.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM setting").scalar() == 0


class TestHidden:
    """Hidden and absent look the same."""

    def test_a_hidden_carrier_and_an_absent_one_give_the_same_bytes(self, front_on_both: Front) -> None:
        front_on_both.archive.carrier(level="secret", scope=("unit:3",))
        browser = front_on_both.signed_in("ma")
        for address in ("/carriers/{}", "/carriers/{}/borrow", "/api/v1/carriers/{}", "/api/v1/carriers/{}/history"):
            hidden, absent = browser.get(address.format(1)), browser.get(address.format(9))
            assert hidden.status_code == absent.status_code == 404
            assert hidden.text.replace("carriers/1", "X") == absent.text.replace("carriers/9", "X")

    def test_lists_counts_and_searches_know_nothing_of_it(self, front: Front) -> None:
        front.archive.carrier(level="secret", title=TITLE)
        front.archive.carrier(level="confidential")
        browser = front.signed_in("ma")
        page = browser.get("/carriers").text
        assert TITLE not in page
        assert "1–1 of 1" in words(page)
        assert browser.send("/search", q="YS-2026-00001").headers["location"].startswith("/search?q=")

    @pytest.mark.parametrize("who", ["admin", "he"])
    def test_the_administrators_see_no_carriers(self, front: Front, who: str) -> None:
        front.archive.carrier(title=TITLE)
        browser = front.signed_in(who)
        for address in ("/carriers", "/carriers/1", "/api/v1/carriers", "/take-in", "/desk", "/import"):
            answer = browser.get(address)
            assert answer.status_code == 403
            assert TITLE not in answer.text


class TestTitles:
    """Titles are in no address and no page's title; on a device they can be hidden."""

    def test_a_page_is_titled_by_number_only(self, front: Front) -> None:
        front.archive.carrier(title=TITLE)
        browser = front.signed_in("clerk")
        for address in ("/carriers", "/carriers/1", "/carriers/1/borrow", "/places/5"):
            page = browser.get(address).text
            assert TITLE in page
            assert TITLE not in page.split("</title>")[0]
            assert TITLE not in "".join(re.findall(r'(?:href|action)="[^"]*"', page))

    def test_hidden_titles_are_not_sent_at_all(self, front: Front) -> None:
        front.archive.carrier(title=TITLE)
        browser = front.signed_in("clerk")
        assert TITLE not in browser.get("/carriers/1?titles=hide").text
        assert TITLE not in browser.get("/carriers").text
        assert TITLE in browser.get("/carriers?titles=show").text


def test_the_highest_level_of_the_page_stands_in_the_shell(front: Front) -> None:
    front.archive.carrier(level="confidential")
    browser = front.signed_in("clerk")
    assert "Highest here CONFIDENTIAL" in words(browser.get("/carriers").text)
    front.archive.carrier(level="top_secret")
    assert "Highest here TOP SECRET" in words(browser.get("/carriers").text)
    assert "Highest here" not in browser.get("/me").text


def test_changing_the_language_keeps_the_page_and_its_filters(front: Front) -> None:
    browser = front.signed_in("clerk")
    page = browser.get("/carriers?level=secret&status=in_place").text
    switch = re.search(r'<a [^>]*href="([^"]+)" lang="zh-CN"', page)
    assert switch
    address = switch[1].replace("&amp;", "&")
    assert address == "/carriers?level=secret&status=in_place&lang=zh"
    assert "载体" in browser.get(address).text
    assert "载体" in browser.get("/me").text


class TestTwoStories:
    """What the books say beside what the radio heard."""

    def hears(self, front: Front, place: int = SHELF, *, since: int = DAY) -> None:
        """A reader with one antenna at a place has listened until now."""
        now = front.clock.at
        with front.archive.books.database.writing() as connection:
            connection.execute(
                READER.insert().values(
                    name="cabinet", device="", title_zh="", title_en="", enabled=True, state="listening", detail=""
                )
            )
            connection.execute(ANTENNA.insert().values(reader="cabinet", number=1, place=place, role="place"))
            connection.execute(
                COVERAGE.insert().values(reader="cabinet", antenna=1, since_at=now - since, through_at=now)
            )

    def heard(self, front: Front, carrier: int, place: int) -> None:
        """The tag of a carrier is believed at a place."""
        now = front.clock.at
        stay = {"since_at": now - 3600 * SECOND, "reader": "cabinet", "antenna": 1, "strongest_dbm": -52.0, "reads": 41}
        with front.archive.books.database.writing() as connection:
            connection.execute(
                PRESENCE.insert().values(
                    epc=epc_of(carrier), place=place, strength="confirmed", heard_at=now, here_at=now, state=b"", **stay
                )
            )
            connection.execute(
                STAY.insert().values(
                    epc=epc_of(carrier), place=place, until_at=now, direction="", evidence="{}", score=None, **stay
                )
            )

    def page(self, front: Front, carrier: int) -> str:
        """The carrier's page in words."""
        answer = front.signed_in("clerk").get(f"/carriers/{carrier}")
        assert answer.status_code == 200
        return str(answer.text)

    def test_they_agree_where_the_tag_is_heard_at_its_place(self, front: Front) -> None:
        carrier = front.archive.carrier()
        self.hears(front)
        self.heard(front, carrier, SHELF)
        page = self.page(front, carrier)
        assert 'aria-label="agree"' in page
        assert "Present · at B1-01-1" in words(page)
        assert "Its tag is heard there · confirmed" in words(page)
        assert "41 reads · strongest −52 dBm" in words(page)

    def test_they_differ_where_it_is_heard_on_another_shelf(self, front: Front) -> None:
        carrier = front.archive.carrier()
        self.hears(front)
        self.heard(front, carrier, SHELF_2)
        page = self.page(front, carrier)
        assert 'aria-label="differ"' in page
        assert "Absent · at B1-01-2" in words(page)

    def test_they_differ_where_a_lent_one_is_heard_in_store(self, front: Front) -> None:
        carrier = front.archive.carrier()
        front.archive.borrow(carrier, "chen")
        self.hears(front)
        self.heard(front, carrier, SHELF)
        page = self.page(front, carrier)
        assert 'aria-label="differ"' in page
        assert "Chen Guodong holds it" in page

    def test_where_nobody_listens_nothing_is_concluded(self, front: Front) -> None:
        page = self.page(front, front.archive.carrier())
        assert "Not covered" in page
        assert "neither present nor absent" in page
        assert "never confirmed" in page
        assert 'aria-label="cannot be compared"' in page

    def test_silence_is_said_only_where_somebody_listens(self, front: Front) -> None:
        carrier = front.archive.carrier()
        self.hears(front)
        page = words(self.page(front, carrier))
        assert "Unconfirmed" in page
        assert "Its tag was never heard" in page

    def test_without_a_tag_the_radio_has_no_say(self, front: Front) -> None:
        assert "It has no tag: only eyes confirm it" in self.page(front, front.archive.carrier(tagged=False))

    def test_its_life_has_both_rails_and_turns_red_past_the_due_day(self, front: Front) -> None:
        carrier = front.archive.carrier()
        front.clock.days(1)
        receipt = front.archive.borrow(carrier, "chen", days=3)
        front.clock.days(5)
        self.hears(front, since=2 * DAY)
        self.heard(front, carrier, SHELF)
        page = self.page(front, carrier)
        assert f'href="/acts/{receipt.act}"' in page
        for shown in ("Borrowed → Chen Guodong", "Due day passed", "Shelved → B1-01-1", "Not covered"):
            assert shown in words(page), shown
        assert 'class="bar late"' in page
        assert "rail-late" in page

    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [(SHELF, SHELF, True), (SHELF, 4, True), (3, SHELF, True), (SHELF, SHELF_2, False), (SHELF, None, False)],
    )
    def test_places_agree_along_the_tree(self, one: int, other: int | None, same: bool) -> None:
        assert agree(directory(), one, other) is same


@pytest.mark.parametrize(
    ("word", "disputed", "lent", "in_store", "verdict"),
    [
        ("present", False, False, True, "equal"),
        ("present", True, False, True, "differs"),
        ("present", False, True, True, "differs"),
        ("present", False, True, False, "equal"),
        ("absent", False, False, False, "differs"),
        ("not_covered", False, False, False, "unknown"),
        ("not_covered", True, False, False, "differs"),
        ("unconfirmed", False, True, False, "unknown"),
    ],
)
def test_the_sign_between_the_two_stories(word: str, disputed: bool, lent: bool, in_store: bool, verdict: str) -> None:
    assert verdict_of(word, disputed=disputed, lent=lent, in_store=in_store) == verdict


def test_the_workbook_has_the_lists_own_filters_and_columns(front: Front) -> None:
    front.archive.carrier()
    page = front.signed_in("clerk").get("/carriers?level=secret&col=number&col=tag").text
    assert 'href="/reports/carriers.xlsx?level=secret&amp;col=number&amp;col=tag"' in page
    # A borrower takes no reports out.
    assert "/reports/carriers.xlsx" not in front.signed_in("chen").get("/carriers").text


class TestWhatItIs:
    """A draft, a proof, a negative, a scrap and a coded telegram are called so wherever they are listed."""

    @pytest.mark.parametrize(
        ("what", "en", "zh"),
        [
            ("draft", "Draft", "草稿"),
            ("proof", "Proof", "清样"),
            ("negative", "Negative", "底片"),
            ("scrap", "Scrap", "废品"),
        ],
    )
    def test_an_intermediate_is_called_what_it_is(self, front: Front, what: str, en: str, zh: str) -> None:
        front.archive.carrier(intermediate=what)
        for language, said in (("en", en), ("zh", zh)):
            browser = front.signed_in("clerk", language)
            for address in ("/carriers", "/carriers/1", f"/places/{SHELF}"):
                assert said in words(browser.get(address).text), (address, said)

    def test_a_coded_telegram_says_so_even_where_kinds_are_not_shown(self, front: Front) -> None:
        front.archive.carrier(kind="telegram")
        browser = front.signed_in("clerk")
        for address in ("/carriers?col=number&col=title", "/carriers/1", f"/places/{SHELF}"):
            page = browser.get(address).text
            # Not the filter's choice of kinds, but the carrier's own line.
            assert re.search(r'<span class="st[^"]*st-bare[^"]*">(?:(?!</span>).)*Coded telegram</span>', page), address

    def test_a_finished_document_is_called_neither(self, front: Front) -> None:
        front.archive.carrier()
        said = words(front.signed_in("clerk").get("/carriers/1").text)
        assert not {"Draft", "Proof", "Negative", "Scrap", "Coded telegram"} & set(said.split())
