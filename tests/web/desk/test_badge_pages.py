"""Badges on the pages: given by a card just tapped or by its number, the bearer signing; withdrawn by its bearer."""

import pytest

from custody.register import Directory
from tests.builders import PEOPLE
from tests.web.desk.scene import CHEN_BADGE, Desk, a_desk
from tests.web.front import PASSWORD, Front, words

CARD = "0411223344556F"
ZHAO = PEOPLE["zhao"]


@pytest.fixture
def desk(front: Front) -> Desk:
    """A desk with a reader."""
    return a_desk(front)


def directory(desk: Desk) -> Directory:
    with desk.front.archive.books.database.reading() as connection:
        return desk.front.archive.books.directory(connection)


def test_a_card_just_tapped_is_given_to_who_signs_for_it(desk: Desk) -> None:
    desk.tap(CARD, CHEN_BADGE)
    clerk = desk.front.signed_in("clerk")
    page = words(clerk.get(f"/business/new/badge?person=1014&back=/people/{ZHAO}").text)
    assert CARD in page
    assert CHEN_BADGE not in page, "a card that stands for somebody is not offered"
    asked = {"person": "1014", "tapped": CARD, "password": PASSWORD, "back": f"/people/{ZHAO}"}
    assert clerk.send("/business/new/badge", **asked).status_code == 422, "nobody signed for it"
    assert directory(desk).badges_of(ZHAO) == ()
    entered = clerk.send("/business/new/badge", **asked, **{"cosign.0.password": PASSWORD})
    assert entered.status_code == 303, words(entered.text)
    assert [badge.uid for badge in directory(desk).badges_of(ZHAO)] == [CARD]
    assert "…556F given on" in words(clerk.get(f"/people/{ZHAO}").text)


def test_a_bearer_withdraws_the_own_badge_and_no_other(desk: Desk) -> None:
    chen = desk.front.signed_in("chen")
    told = {"why": "lost", "ending": ""}
    refused = chen.send("/business/new/badge_withdrawal", person="1005", **told)
    assert refused.status_code == 409
    assert chen.send("/business/new/badge_withdrawal", person="1004", why="lost", ending="FFFF").status_code == 422
    entered = chen.send("/business/new/badge_withdrawal", person="1004", **told)
    assert entered.status_code == 303, words(entered.text)
    assert directory(desk).badges_of(PEOPLE["chen"]) == ()
    assert directory(desk).badges_of(PEOPLE["sun"]) != ()


def test_a_program_gives_a_badge_by_its_number(desk: Desk) -> None:
    clerk = desk.front.program("clerk")
    body = {"person": ZHAO, "uid": "04:11:22:33:44:55:6f", "password": PASSWORD}
    hand = {"cosignatures": [{"number": "1014", "password": PASSWORD}]}
    assert clerk.call("/business/badge", **body, **hand, tapped=CARD).status_code in (409, 422)
    answer = clerk.call("/business/badge", **body, **hand)
    assert answer.status_code == 201, answer.text
    assert [badge.uid for badge in directory(desk).badges_of(ZHAO)] == [CARD]
