"""Undoing from the receipt: a compensating act, with its reason, signed; refused where later acts stand on it."""

import re

import pytest

from custody.entries import signed_text, text_hash
from custody.store import queries
from tests.builders import CLERK, SHELF, SHELF_2
from tests.web.front import PASSWORD, Browser, Front, words


@pytest.fixture
def clerk(front: Front) -> Browser:
    front.archive.carriers(2)
    return front.signed_in("clerk")


def moved(clerk: Browser, carrier: int = 1) -> str:
    """The clerk moved a carrier to another shelf; gives the act's number."""
    return clerk.enter(f"/carriers/{carrier}/move", place="B1-01-2")


def test_a_mistake_is_taken_back_with_its_reason(front: Front, clerk: Browser) -> None:
    act = moved(clerk)
    assert front.archive.state(1).home == SHELF_2
    receipt = clerk.get(f"/acts/{act}").text
    assert f'href="/acts/{act}/undo"' in receipt
    assert "YS-2026-00001" in words(clerk.get(f"/acts/{act}/undo").text)

    undone = clerk.enter(f"/acts/{act}/undo", reason="wrong shelf")
    assert undone.startswith("GZ-2026-")
    assert front.archive.state(1).home == SHELF
    with front.archive.books.database.reading() as connection:
        (entry,) = queries.act(connection, CLERK, undone)
    assert entry.fact.kind == "corrected"
    assert entry.corrects is not None
    assert {one.text_hash for one in entry.signatures} == {text_hash(signed_text([entry.fact]))}
    assert "The exact text that is signed" in words(clerk.get(f"/acts/{undone}").text)
    assert front.archive.books.rebuild_check() == []


def test_nothing_is_undone_without_a_reason_and_a_signature(front: Front, clerk: Browser) -> None:
    act = moved(clerk)
    assert clerk.send(f"/acts/{act}/undo", reason="  ").status_code == 409
    front.clock.days(10 / 1440)
    answer = clerk.send(f"/acts/{act}/undo", reason="wrong shelf")
    assert answer.status_code == 422
    assert "Enter your password" in words(answer.text)
    assert front.archive.state(1).home == SHELF_2
    clerk.enter(f"/acts/{act}/undo", reason="wrong shelf", password=PASSWORD)
    assert front.archive.state(1).home == SHELF


def test_what_later_acts_stand_on_is_not_taken_back_under_them(front: Front, clerk: Browser) -> None:
    act = moved(clerk)
    front.archive.borrow(1, "chen")
    receipt = clerk.get(f"/acts/{act}").text
    assert 'aria-describedby="why-undo"' in receipt
    assert "Later entries depend on" in words(receipt)
    assert clerk.send(f"/acts/{act}/undo", reason="late").status_code == 409
    assert front.archive.state(1).holder is not None


def test_an_act_that_does_more_than_move_is_not_undone_this_way(front: Front, clerk: Browser) -> None:
    taken_in = front.archive.books
    with taken_in.database.reading() as connection:
        act = queries.entries_of(connection, CLERK, 1)[0].act
    assert "/undo" not in clerk.get(f"/acts/{act}").text
    assert clerk.get(f"/acts/{act}/undo").status_code == 404


def test_a_borrower_undoes_nothing(front: Front, clerk: Browser) -> None:
    act = moved(clerk)
    chen = front.signed_in("chen")
    assert "/undo" not in chen.get(f"/acts/{act}").text
    assert chen.get(f"/acts/{act}/undo").status_code == 403
    assert chen.send(f"/acts/{act}/undo", reason="x").status_code == 403


def test_the_text_is_shown_before_it_is_signed(front: Front, clerk: Browser) -> None:
    act = moved(clerk)
    page = clerk.send(f"/acts/{act}/undo", reason="wrong shelf", do="look")
    assert page.status_code == 200
    digest = re.search(r"hash\">([0-9a-f]{64})<", page.text)
    held = re.search(r'name="held" value="([^"]+)"', page.text)
    assert digest
    assert held
    changed = clerk.send(f"/acts/{act}/undo", reason="another reason", held=held[1])
    assert changed.status_code == 200
    assert front.archive.state(1).home == SHELF_2
    undone = clerk.enter(f"/acts/{act}/undo", reason="wrong shelf", held=held[1])
    with front.archive.books.database.reading() as connection:
        (entry,) = queries.act(connection, CLERK, undone)
    assert [one.text_hash for one in entry.signatures] == [digest[1]]
