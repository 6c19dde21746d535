"""Acts and papers for programs: the same eyes, the same hash."""

import pytest

from custody.entries import Borrowed
from tests.builders import CLERK, NOW, PEOPLE, signatures
from tests.web.front import Front, words


def test_an_act_gives_its_entries_signatures_and_carriers(front: Front) -> None:
    carrier = front.archive.carrier()
    fact = Borrowed(carrier, PEOPLE["chen"], front.archive.due(14), "review")
    (signed,) = signatures([fact], NOW, "chen")
    act = front.archive.books.enter(CLERK, [fact], act="borrow", signatures=(signed,)).act
    given = front.program("clerk").get(f"/api/v1/acts/{act}").json()
    assert (given["act"], given["kind"], given["by"]["id"]) == (act, "borrow", PEOPLE["clerk"])
    (entry,) = given["entries"]
    assert entry["kind"] == "borrowed"
    assert entry["fact"]["purpose"] == "review"
    assert entry["signatures"][0]["text_hash"] == signed.text_hash
    assert [item["control_number"] for item in given["carriers"]] == ["YS-2026-00001"]


def test_the_directory_gives_no_personal_data(front: Front) -> None:
    answer = front.program("clerk").get("/api/v1/acts/ML-2026-0001")
    assert {entry["kind"] for entry in answer.json()["entries"]} == {
        "unit_recorded",
        "place_recorded",
        "person_recorded",
    }
    assert all(entry["fact"] is None for entry in answer.json()["entries"])
    assert "2030-12-31" not in answer.text


@pytest.mark.parametrize("path", ["", "/form"])
def test_hidden_and_absent_are_the_same_problem(front: Front, path: str) -> None:
    act = front.archive.borrow(front.archive.carrier(level="secret"), "chen").act
    program = front.program("ma")
    answers = [program.get(f"/api/v1/acts/{number}{path}") for number in (act, "JY-2026-9999")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_the_form_as_data_is_the_paper_of_the_page(front: Front) -> None:
    act = front.archive.borrow(front.archive.carrier(), "chen").act
    given = front.program("clerk").get(f"/api/v1/acts/{act}/form?language=en").json()
    page = front.signed_in("clerk").get(f"/acts/{act}/form").text
    assert given["form"]["mark"] == "SECRET★20 Y"
    assert given["checkpoint"] is None
    assert given["sha256"][:16] in words(page)
    for cell in given["form"]["cells"]:
        assert f"{cell['label']} {cell['value']}" in words(page)


def test_another_language_is_another_paper(front: Front) -> None:
    act = front.archive.borrow(front.archive.carrier(), "chen").act
    program = front.program("clerk")
    zh, en = (program.get(f"/api/v1/acts/{act}/form?language={language}").json() for language in ("zh", "en"))
    assert zh["form"]["heading"] == "涉密载体借阅单"
    assert zh["sha256"] != en["sha256"]
    assert program.get(f"/api/v1/acts/{act}/form?language=fr").status_code == 422
