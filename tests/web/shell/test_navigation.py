"""The navigation: what each role finds there, under which heading, and by which key."""

import re

import pytest

from api.web.navigation import GROUPS, ITEMS
from tests.web.front import Front, words

GROUP = re.compile(
    r'<(?:p|summary) class="side-group" id="nav-(\w+)">(.*?)</(?:p|summary)><ul aria-labelledby="nav-\1">(.*?)</ul>',
    re.DOTALL,
)


def groups_of(front: Front, who: str, language: str = "en") -> dict[str, list[str]]:
    """The addresses under each heading, as a person sees them."""
    page = front.signed_in(who, language).get("/me").text
    return {words(heading): re.findall(r'<a href="([^"]+)"', links) for _, heading, links in GROUP.findall(page)}


def test_no_key_leads_to_two_places() -> None:
    letters = [item.letter for item in ITEMS if item.letter]
    assert len(set(letters)) == len(letters)
    assert all(re.fullmatch("[a-z]", letter) for letter in letters)


def test_no_place_stands_twice() -> None:
    assert len({item.path for item in ITEMS}) == len({item.key for item in ITEMS}) == len(ITEMS)


def test_every_item_stands_under_one_of_the_headings() -> None:
    assert {item.group for item in ITEMS} == set(GROUPS)
    # As they are drawn, so they stand in the table.
    assert [item.group for item in ITEMS] == sorted((item.group for item in ITEMS), key=GROUPS.index)


@pytest.mark.parametrize(
    ("language", "headings"),
    [
        ("en", ["Daily work", "Procedures", "Registers and reports", "Administration"]),
        ("zh", ["日常工作", "业务办理", "台账与报表", "系统管理"]),
    ],
)
def test_a_clerk_finds_all_groups_in_both_languages(front: Front, language: str, headings: list[str]) -> None:
    found = groups_of(front, "clerk", language)
    assert list(found) == headings
    assert {"/carriers", "/desk"} <= set(found[headings[0]])
    assert {"/production", "/out"} <= set(found[headings[1]])


def test_a_borrower_sees_no_heading_without_a_place_under_it(front: Front) -> None:
    found = groups_of(front, "chen")
    assert all(found.values())
    assert "Administration" not in found


def test_the_help_names_a_key_only_where_there_is_one(front: Front) -> None:
    page = front.signed_in("clerk").get("/me").text
    told = re.findall(r"<kbd>g</kbd> <kbd>(.*?)</kbd>", page)
    assert all(re.fullmatch("[a-z]", key) for key in told)
    assert set(told) == set(re.findall(r'data-go="([^"]*)"', page))


def test_many_places_are_folded_but_for_the_daily_work_and_where_one_is(front: Front) -> None:
    clerk = front.signed_in("clerk", "en")
    folds = re.compile(r'data-fold="(\w+)"( open)?>')
    assert folds.findall(clerk.get("/carriers").text) == [("procedures", ""), ("registers", ""), ("administration", "")]
    at_places = folds.findall(clerk.get("/places").text)
    assert at_places == [("procedures", ""), ("registers", " open"), ("administration", "")]


def test_few_places_are_not_folded(front: Front) -> None:
    assert "data-fold" not in front.signed_in("admin", "en").get("/me").text


def test_the_letters_of_the_keyboard_table_lead_where_it_says() -> None:
    led = {item.letter: item.key for item in ITEMS if item.letter}
    assert {letter: led[letter] for letter in "otfcmpl"} == {
        "o": "overview",
        "t": "today",
        "f": "findings",
        "c": "carriers",
        "m": "business",
        "p": "places",
        "l": "ledger",
    }


def test_single_keys_are_off_on_every_page_for_a_year_once_a_person_says_so(front: Front) -> None:
    """WCAG 2.1.4: given keys that are on, when somebody switches them off, then every page says so until on again."""
    clerk = front.signed_in("clerk")
    assert 'data-keys="on"' in clerk.get("/carriers").text
    answer = clerk.send("/me/keys", keys="off")
    assert answer.status_code == 303
    assert "Max-Age=31536000" in answer.headers["set-cookie"]
    for path in ("/carriers", "/findings", "/today", "/me"):
        assert 'data-keys="off"' in clerk.get(path).text, path
    clerk.send("/me/keys", keys="on")
    assert 'data-keys="on"' in clerk.get("/carriers").text
