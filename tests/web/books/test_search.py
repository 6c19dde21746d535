"""One search: a number, a tag, a person, a shelf or a word; what is hidden is as if there were none."""

import re

import pytest
from sqlalchemy import select, update

from api.web.search_things import code_of, spelled, tags_in, the_one
from custody.store import schema as t
from custody.store.grams import number_forms
from reconcile.store.readers import upsert_reader
from tests.builders import PEOPLE, SHELF, epc_of
from tests.custody.meetings.scene import in_session
from tests.web.front import Browser, Front, words

TITLE = "高原站点选址报告"
TID = "E280119020006AB1C2D30001"


@pytest.mark.parametrize(
    "typed",
    [
        "JY-2026-0001",
        "jy-2026-0001",
        "jy20260001",
        "JY 2026 0001",
        "jy2026-1",
        "ＪＹ－２０２６－０００１",
        "JY—2026—0001",
        " JY.2026.1 ",
    ],
)
def test_dashes_blanks_case_width_and_noughts_of_a_number_make_no_difference(typed: str) -> None:
    assert "JY-2026-0001" in number_forms(typed)


@pytest.mark.parametrize("typed", ["", "   ", "方案", "B1-01-1", "JY-2026", "JY-0001", "3414F4A2000000000000001"])
def test_what_is_no_number_means_only_itself(typed: str) -> None:
    assert {form.casefold() for form in number_forms(typed)} <= {typed.strip().casefold()}


def test_a_number_is_never_taken_for_another() -> None:
    assert "JY-2026-0010" not in number_forms("JY-2026-1")
    assert "JY-2026-0001" not in number_forms("JY-2026-0010")


def test_names_of_places_are_spelled_whole_and_by_first_letters() -> None:
    assert spelled("一号库房") == ("yihaokufang", "yhkf")
    assert code_of("b1 01－1") == code_of("B1-01-1")


def test_only_a_text_of_nothing_but_tags_is_taken_for_tags() -> None:
    assert tags_in(f"EPC:{epc_of(1)}{epc_of(2)}") == [epc_of(1), epc_of(2)]
    assert tags_in(f"{epc_of(1)} 方案") == []
    assert the_one([]) is None


def sought(browser: Browser, text: str) -> str:
    """Where a search leads."""
    answer = browser.send("/search", q=text)
    assert answer.status_code == 303
    place: str = answer.headers["location"]
    return place


def found(browser: Browser, text: str) -> str:
    """The page of what was found."""
    page: str = browser.get(sought(browser, text)).text
    return page


def group(page: str, name: str) -> list[str]:
    """The addresses that stand in one group."""
    part = page.partition(f'id="found-{name}"')[2].partition("</section>")[0]
    return re.findall(r'<a class="no" href="([^"]+)"', part)


def said(page: str, text: str) -> str:
    """What a page says of a text, whatever was looked for before."""
    main = (
        page.partition("<main")[2]
        .partition("</main>")[0]
        .partition('<section class="sheet" aria-labelledby="recent"')[0]
    )
    return words(main.partition("<footer")[0]).replace(text, "…").partition("Yuanshan")[0]


def test_what_is_named_exactly_is_led_to(front_on_both: Front) -> None:
    # Given a carrier with its tag, lent under an act, and a meeting.
    front = front_on_both
    carrier = front.archive.carrier(title=TITLE)
    with front.archive.books.database.writing() as connection:
        connection.execute(update(t.TAG).values(tid=TID))
    act = front.archive.borrow(carrier, "chen").act
    meeting = in_session(front.archive, "sun")
    clerk = front.signed_in("clerk")
    with front.archive.books.database.reading() as connection:
        number = connection.execute(select(t.MATTER.c.number).where(t.MATTER.c.id == meeting.id)).scalar_one()
    # Then each of them is led to, however it is typed or scanned.
    led = {
        "ys202600001": f"/carriers/{carrier}",
        "YS-2026-00001/1": f"/carriers/{carrier}",
        epc_of(1) * 2: f"/carriers/{carrier}",
        f"EPC:{epc_of(1).lower()}": f"/carriers/{carrier}",
        TID: f"/carriers/{carrier}",
        act.lower().replace("-", ""): f"/acts/{act}",
        number: f"/matters/{meeting.id}",
        "b1 01 1": f"/places/{SHELF}",
        "1004": f"/people/{PEOPLE['chen']}",
    }
    assert {text: sought(clerk, text) for text in led} == led


def test_what_could_be_several_things_is_not_guessed(front: Front) -> None:
    first = front.archive.carrier(copies=2, copy_number=1)
    second = front.archive.carrier(control_number="YS-2026-00001", copies=2, copy_number=2)
    clerk = front.signed_in("clerk")
    assert group(found(clerk, "YS-2026-00001"), "carriers") == [f"/carriers/{first}", f"/carriers/{second}"]
    assert sought(clerk, "YS-2026-00001/2") == f"/carriers/{second}"
    assert group(found(clerk, epc_of(first) + epc_of(second)), "carriers") == [
        f"/carriers/{first}",
        f"/carriers/{second}",
    ]


def test_people_and_places_are_found_by_name_pinyin_and_first_letters(front: Front) -> None:
    clerk = front.signed_in("clerk", "zh")
    for text in ("陈国", "chenguo", "cgd", "Guodong"):
        assert group(found(clerk, text), "people") == [f"/people/{PEOPLE['chen']}"], text
    for text in ("阅览", "yuelan", "yls"):
        assert group(found(clerk, text), "places") == ["/places/7"], text


def test_a_borrower_is_told_of_carriers_and_business_alone(front: Front) -> None:
    front.archive.carrier(level="confidential", title="B1 陈国栋")
    page = found(front.signed_in("ma"), "B1")
    assert group(page, "carriers") == ["/carriers/1"]
    assert "found-places" not in page
    assert "found-people" not in page
    assert "found-people" not in found(front.signed_in("ma"), "陈国栋")


def test_hidden_and_absent_are_told_in_the_same_words(front_on_both: Front) -> None:
    # Given a carrier, its loan and its finding that ma may not know of.
    hidden = front_on_both.archive.carrier(level="secret", scope=("unit:3",), title=TITLE)
    act = front_on_both.archive.borrow(hidden, "sun").act
    browser = front_on_both.signed_in("ma")
    for there, absent in (
        ("YS-2026-00001", "YS-2026-00009"),
        (act, "JY-2026-0099"),
        (TITLE, "乌有"),
        (epc_of(1), epc_of(9)),
    ):
        page, other = (said(found(browser, text), text) for text in (there, absent))
        assert "Not found, or not within your scope." in page
        assert page == other
        assert browser.send("/search/suggest", q=there).text.strip() == ""


def test_the_words_stand_in_no_address_and_come_back_only_in_their_session(front: Front) -> None:
    clerk = front.signed_in("clerk")
    address = sought(clerk, TITLE)
    assert re.fullmatch(r"/search\?q=[0-9a-f]+", address)
    assert TITLE in clerk.get("/search").text
    assert TITLE not in clerk.get("/search?titles=hide").text
    other = front.signed_in("clerk")
    assert TITLE not in other.get(address).text
    assert TITLE not in other.get("/search").text


def test_a_sweep_is_led_to_by_its_number_and_a_reader_by_its_name(front: Front) -> None:
    front.archive.carrier(title=TITLE)
    with front.archive.books.database.writing() as connection:
        upsert_reader(connection, "gate-west", 1, title_zh="西门", title_en="West gate")
    clerk = front.signed_in("clerk")
    number = clerk.send("/rounds", place=SHELF, kind="sweep").headers["location"].rpartition("/")[2]
    assert sought(clerk, number.lower()) == f"/rounds/{number}"
    assert sought(clerk, "GATE-WEST") == "/readers/gate-west"
    assert group(found(clerk, "West"), "readers") == ["/readers/gate-west"]
    # Who neither sweeps nor sees readers is told of neither.
    chen = front.signed_in("chen")
    assert "Not found" in words(found(chen, number))
    assert "Not found" in words(found(chen, "gate-west"))


class TestSuggestions:
    """While somebody types."""

    def test_at_most_eight_and_the_number_first(self, front: Front) -> None:
        front.archive.carriers(12, title=TITLE)
        page = front.signed_in("clerk").send("/search/suggest", q="B1").text
        assert 0 < page.count('role="option"') <= 8
        page = front.signed_in("clerk").send("/search/suggest", q="YS-2026-00012").text
        assert re.findall(r'data-href="([^"]+)"', page)[0] == "/carriers/12"
        assert TITLE in page
        assert "<html" not in page

    def test_a_hidden_title_is_not_sent_and_a_single_letter_says_nothing(self, front: Front) -> None:
        front.archive.carrier(title=TITLE)
        clerk = front.signed_in("clerk")
        clerk.get("/search?titles=hide")
        assert TITLE not in clerk.send("/search/suggest", q="YS-2026").text
        assert clerk.send("/search/suggest", q="Y").text.strip() == ""

    def test_what_was_suggested_is_on_record(self, front: Front) -> None:
        carrier = front.archive.carrier(title=TITLE)
        front.signed_in("clerk").send("/search/suggest", q="YS-2026")
        with front.archive.books.database.reading() as connection:
            assert connection.execute(select(t.LOOK.c.carrier)).scalars().all() == [carrier]
