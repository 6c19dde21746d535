"""Cases on their pages: one line for one cause, what is done about it, the incident with its clock, and its paper."""

import re
from collections.abc import Sequence

import pytest

from api import store
from tests.builders import PEOPLE, SHELF
from tests.web.front import words
from tests.web.watch.house import House, Visitor

HOUR = 3_600
TITLE = "远山八号 成套资料"


def gone(house: House, *levels: str) -> list[int]:
    """A box with carriers of these levels, all of it gone."""
    carriers = [house.scene.archive.carrier(level=level, title=TITLE) for level in levels]
    house.scene.wait(10 * HOUR)
    house.scene.listening(SHELF, 10 * HOUR)
    house.scene.check("missing")
    return carriers


def case_of(visitor: Visitor, address: str = "/cases") -> str:
    """The number of the first case of the list."""
    found = re.search(r'href="/cases/(FC-\d+-\d+)"', visitor.page(address))
    assert found is not None
    return found[1]


def fields(page: str) -> Sequence[str]:
    """What the list offers to be chosen."""
    return re.findall(r'name="finding" value="([^"]+)"', page)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_box_is_one_line_that_leads_to_its_case_and_from_there_to_each(house: House, language: str) -> None:
    gone(house, *["secret"] * 3)
    visitor = house.client("clerk", language)
    page = visitor.page("/findings")
    listed = page.split('id="list"')[1].split('id="one"')[0]
    number = case_of(visitor, "/findings")
    assert fields(listed) == [f"case:{number}"]
    assert ("B1-01-1 一号柜一层：3 件应在未见" if language == "zh" else ": 3 not found") in words(listed)
    case = visitor.page(f"/cases/{number}")
    assert len(re.findall(r'href="/findings/F-2026-\d+"', case)) == 3
    assert "{" not in words(case)
    # Nothing of any title, neither on the page nor on the paper; the three singly
    assert TITLE not in case
    assert TITLE not in visitor.page(f"/cases/{number}/paper")
    assert len(fields(visitor.page(f"/findings?case={number}"))) == 3
    assert len(fields(visitor.page("/findings?each=1"))) == 3


def test_it_is_taken_up_noted_assigned_and_concluded(house: House) -> None:
    gone(house, "secret", "secret")
    visitor = house.client("clerk")
    number = case_of(visitor)
    for act, told in (
        ("acknowledge", {"note": "going to look"}),
        ("assign", {"owner": str(PEOPLE["secrecy"]), "deputy": str(PEOPLE["clerk"])}),
        ("due", {"due": "2026-11-27"}),
        ("note", {"note": "the cabinet was open"}),
        ("attach", {"hash_name": "film.mp4", "size": "900", "sha256": "ab" * 32}),
        ("settle", {"reason": "taken for binding", "resolution": "other", "password": "a right password"}),
    ):
        answer = visitor.post(f"/cases/{number}/{act}", **told)
        assert (act, answer.status_code) == (act, 303), answer.text[:3_000]
    shown = words(visitor.page(f"/cases/{number}"))
    for said in (
        "going to look",
        "the cabinet was open",
        "film.mp4",
        "taken for binding",
        "Song Lin",
        "deputy Zhou Min",
    ):
        assert said in shown
    # What stands against an act is said, and what was typed is kept
    wrong = visitor.post(f"/cases/{number}/note", note="")
    assert wrong.status_code == 422
    assert "Say why" in words(wrong.text)
    assert visitor.post(f"/cases/{number}/enquire", note="whose").status_code == 409
    assert visitor.post(f"/cases/{number}/no-such-act").status_code == 404
    assert visitor.http.post(f"/cases/{number}/note", data={"csrf": "x", "note": "y"}).status_code == 403


def test_a_file_comes_back_as_it_went_in_and_is_never_shown(house: House) -> None:
    gone(house, "secret", "secret")
    visitor = house.client("clerk")
    number = case_of(visitor)
    content = b"%PDF-1.4 what was found"
    sent = visitor.http.post(
        f"/cases/{number}/attach",
        data={"csrf": visitor.csrf, "file_note": "scan"},
        files={"file": ("<b>报告.pdf", content, "text/html")},
    )
    assert sent.status_code == 303, sent.text[:2_000]
    (address,) = re.findall(rf'href="(/cases/{number}/files/\d+)"', visitor.page(f"/cases/{number}"))
    answer = visitor.get(address)
    assert answer.content == content
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert house.client("chen").get(address).status_code == 403
    assert visitor.get(f"/cases/{number}/files/999").status_code == 404


def test_an_incident_shows_its_clock_its_steps_and_prints(house: House) -> None:
    gone(house, "top_secret")
    visitor = house.client("secrecy")
    number = case_of(visitor, "/cases?incidents=1")
    page = visitor.page(f"/cases/{number}")
    assert 'id="clock"' in page
    assert "24 h 0 min" in words(page.split('id="clock"')[1].split("</section>")[0])
    assert words(page).count("to do") == 11
    done = visitor.post(f"/cases/{number}/step", step="search_place", mark="done", step_note="by eye")
    assert done.status_code == 303
    unsaid = visitor.post(f"/cases/{number}/step", step="ask_holders", mark="not_applicable")
    assert unsaid.status_code == 422
    early = visitor.post(f"/cases/{number}/settle", reason="x", resolution="other", password="a right password")
    assert early.status_code == 409
    assert "10 steps are still to do" in words(early.text)
    house.scene.wait(25 * HOUR)
    late = house.client("secrecy")
    assert "past its hour" in words(late.page(f"/cases/{number}"))
    paper = words(late.page(f"/cases/{number}/paper"))
    assert re.search(r"SHA-256 of the evidence [0-9a-f]{64}", paper)
    assert "by eye" in paper
    assert "Preview, no print logged" in paper
    # Printed, it is on record first, and bears the print's number, who printed it and the code
    sent = late.post(f"/cases/{number}/paper/printed")
    assert sent.status_code == 303, sent.text[:2_000]
    printed = late.page(sent.headers["location"])
    assert f'data-print-now="{number}/1/1"' in printed
    assert 'class="paper-qr"' in printed
    assert "print no. 1" in words(printed)
    with house.scene.archive.books.database.reading() as connection:
        (logged,) = store.prints(connection, number)
    assert (logged.number, logged.lines) == (1, 1)
    # What is done since makes it another paper
    assert late.post(f"/cases/{number}/note", note="seen since").status_code == 303
    assert "data-print-now" not in late.page(sent.headers["location"])
    assert house.client("sun").post(f"/cases/{number}/paper/printed").status_code == 404
    # Sun is cleared to secret only: for him there is no such case
    assert house.client("sun").get(f"/cases/{number}").status_code == 404


def test_several_are_taken_up_or_laid_together_at_once(house: House) -> None:
    gone(house, "secret", "secret")
    scene = house.scene
    visitor = house.client("clerk")
    number = case_of(visitor)
    assert visitor.post("/findings", do="take_up", finding=[f"case:{number}"]).status_code == 303
    assert {item.line.state for item in scene.found()} == {"acknowledged"}
    single = [item.line.number for item in scene.found()]
    made = visitor.post("/findings", do="new_case", finding=single[:1], note="another cause")
    assert made.headers["location"].startswith("/cases/FC-")
    assert made.headers["location"] != f"/cases/{number}"
    back = visitor.post("/findings", do="join", case=made.headers["location"][7:], finding=single[1:])
    assert back.status_code == 303
    assert visitor.post("/findings", do="take_up").status_code == 422
    assert visitor.post("/findings", do="join", finding=single[:1]).status_code == 422
    assert visitor.post("/findings", do="new_case", finding=["F-2026-9999"]).status_code == 404


def test_a_search_stands_in_no_address_and_filters_do(house: House) -> None:
    gone(house, "secret", "secret")
    visitor = house.client("clerk")
    carrier = house.scene.found()[0].carrier
    assert carrier is not None
    answer = visitor.post("/findings/search?each=1", words=carrier.control_number[:9])
    assert carrier.control_number[:9] not in answer.headers["location"]
    assert len(fields(visitor.page(answer.headers["location"]))) == 2
    answer = visitor.post("/findings/search", words="nothing like it")
    assert fields(visitor.page(answer.headers["location"])) == []
    for query, found in (("age=1", 0), ("unit=4", 0), (f"owner={PEOPLE['clerk']}", 2), ("unit=1&each=1", 2)):
        assert len(fields(visitor.page(f"/findings?each=1&{query}"))) == found, query


def test_a_finding_says_its_case_and_where_it_goes_next(house: House) -> None:
    gone(house, "secret", "secret")
    visitor = house.client("clerk")
    number = case_of(visitor)
    (finding, *_) = (item.line.number for item in house.scene.found())
    shown = words(visitor.page(f"/findings/{finding}"))
    assert "Part of B1-01-1" in shown
    assert "goes to Song Lin (Secrecy office) unless it is taken up" in shown
    assert f"/cases/{number}" in house.client("secrecy").page("/inbox")


def test_programs_have_the_same(house: House) -> None:
    gone(house, "secret", "secret", "top_secret")
    visitor = house.client("secrecy")
    (item,) = visitor.get("/api/v1/cases?incidents=true").json()["items"]
    assert (item["findings"], item["incident"]) == (3, True)
    address = f"/api/v1/cases/{item['number']}"
    told = visitor.send(f"{address}/step", {"step": "secure_area", "mark": "done", "note": "locked"}).json()
    assert [step["step"] for step in told["steps"] if step["mark"] == "done"] == ["secure_area"]
    assert visitor.send(f"{address}/note", {"note": "seen"}).json()["history"][-1]["note"] == "seen"
    assert visitor.send(f"{address}/nothing", {}).status_code == 404
    assert visitor.http.post(f"{address}/note", json={"note": "x"}).status_code == 403
    # Sun sees two findings, and neither the incident nor what was said of it
    seen = house.client("sun").get(address).json()
    assert (seen["findings"], seen["incident"], seen["steps"], seen["history"]) == (2, False, [], [])
