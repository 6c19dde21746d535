"""Sweeps: a count is an assertion, never an edit; what is signed is what was shown."""

import re
from typing import Any

import pytest

from api.web.rounds import SPINES_MAX, shelf_of
from custody.access import Role
from reconcile import rounds as sweeps
from reconcile.rounds import Line
from tests.builders import CLERK, SHELF, SHELF_2, subject
from tests.web.front import words
from tests.web.watch.house import House, Visitor

CABINET = 4


def opened(visitor: Visitor, place: int = CABINET) -> str:
    """The number of a new sweep."""
    answer = visitor.post("/rounds", place=str(place))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"].rsplit("/", 1)[1])


def figures(visitor: Visitor, number: str) -> tuple[int, int]:
    """Met, and how many of them there are."""
    page = visitor.page(f"/rounds/{number}/state")
    found = re.search(r'class="huge"><b>(\d+)</b><span>/ (\d+)<', page)
    assert found
    return int(found[1]), int(found[2])


def test_scans_by_the_form_alone_count(house: House) -> None:
    house.scene.archive.carriers(5)
    visitor = house.client("clerk")
    number = opened(visitor)
    assert figures(visitor, number) == (0, 5)
    answer = visitor.post(f"/rounds/{number}/scan", scan="YS-2026-00001 YS-2026-00002/1\n3414F4A20000000000000003")
    assert answer.headers["location"] == f"/rounds/{number}?last=present"
    assert figures(visitor, number) == (3, 5)
    assert visitor.post(f"/rounds/{number}/scan", scan="YS-2026-00001").headers["location"].endswith("last=repeated")
    assert (
        visitor.post(f"/rounds/{number}/scan", scan="FFFF0000FFFF0000FFFF0000").headers["location"].endswith("unknown")
    )
    assert "not in the books" in words(visitor.page(f"/rounds/{number}"))


def test_a_tick_by_eye_is_kept_with_its_reason(house: House) -> None:
    house.scene.archive.carriers(2)
    visitor = house.client("clerk")
    number = opened(visitor)
    visitor.post(f"/rounds/{number}/scan", eye="YS-2026-00001/1", reason="shielded")
    assert figures(visitor, number) == (1, 2)
    assert visitor.post(f"/rounds/{number}/scan", eye="YS-2026-00002/1", reason="").status_code == 409
    assert figures(visitor, number) == (1, 2)


def test_undo_takes_back_the_newest_and_the_server_counts_anew(house: House) -> None:
    house.scene.archive.carriers(2)
    visitor = house.client("clerk")
    number = opened(visitor)
    visitor.post(f"/rounds/{number}/scan", scan="YS-2026-00001 YS-2026-00002")
    assert visitor.post(f"/rounds/{number}/undo").headers["location"].endswith("last=undone")
    assert figures(visitor, number) == (1, 2)
    visitor.post(f"/rounds/{number}/undo")
    assert visitor.post(f"/rounds/{number}/undo").headers["location"].endswith("last=nothing_to_undo")


def test_only_deviations_are_listed_each_with_what_to_do(house: House) -> None:
    archive = house.scene.archive
    archive.carriers(2)
    elsewhere, lent = archive.carriers(2, place=8, level="confidential")
    archive.borrow(lent, "chen")
    visitor = house.client("clerk")
    number = opened(visitor)
    visitor.post(f"/rounds/{number}/scan", scan="YS-2026-00001 YS-2026-00003 YS-2026-00004")
    shown = words(visitor.page(f"/rounds/{number}"))
    assert "Misplaced YS-2026-00003" in shown
    assert "belongs in B1-low: take it there" in shown
    assert "on the books: On loan; hand it to the clerk" in shown
    assert "YS-2026-00001" not in shown
    assert elsewhere != lent


def test_finishing_with_nothing_scanned_says_so(house: House) -> None:
    house.scene.archive.carriers(3)
    visitor = house.client("clerk")
    shown = words(visitor.page(f"/rounds/{opened(visitor)}/finish"))
    assert "Nothing was scanned." in shown
    assert "records 3 as not covered" in shown


def sign(visitor: Visitor, number: str, **fields: str) -> Any:
    """Sign what the page shows."""
    shown = re.search(r'name="hash" value="(\w+)"', visitor.page(f"/rounds/{number}/finish"))
    assert shown
    return visitor.post(f"/rounds/{number}/sign", hash=shown[1], **fields)


def test_what_is_signed_opens_findings_and_moves_nothing(house: House) -> None:
    archive = house.scene.archive
    archive.carriers(3)
    visitor = house.client("clerk")
    number = opened(visitor)
    visitor.post(f"/rounds/{number}/scan", scan="YS-2026-00001")
    with house.database.reading() as connection:
        before = sweeps.buckets(connection, CLERK, number).counts
    assert sign(visitor, number).status_code == 303
    assert len(house.scene.found(kind="missing")) == 2
    page = visitor.page(f"/rounds/{number}")
    assert "signed" in words(page)
    assert re.search(r"[0-9a-f]{64}", page)
    with house.database.reading() as connection:
        assert sweeps.buckets(connection, CLERK, number).counts == before
    shown = words(visitor.page(f"/findings/{house.scene.found(kind='missing')[0].line.number}"))
    assert f"not met in sweep {number}" in shown
    assert visitor.post(f"/rounds/{number}/scan", scan="YS-2026-00002").status_code == 409


def test_a_scan_after_the_look_refuses_the_signature(house: House) -> None:
    house.scene.archive.carriers(2)
    visitor = house.client("clerk")
    number = opened(visitor)
    shown = re.search(r'name="hash" value="(\w+)"', visitor.page(f"/rounds/{number}/finish"))
    assert shown
    visitor.post(f"/rounds/{number}/scan", scan="YS-2026-00001")
    answer = visitor.post(f"/rounds/{number}/sign", hash=shown[1])
    assert answer.status_code == 409
    assert "was scanned again after you looked" in words(answer.text)


def test_a_signature_needs_an_identity_confirmed_lately(house: House) -> None:
    house.scene.archive.carriers(1)
    visitor = house.client("clerk")
    number = opened(visitor)
    house.scene.wait(600)
    assert sign(visitor, number).status_code == 422
    assert sign(visitor, number, password="wrong").status_code == 422
    assert sign(visitor, number, password="a right password").status_code == 303


def test_a_sweep_given_up_concludes_nothing(house: House) -> None:
    house.scene.archive.carriers(1)
    visitor = house.client("clerk")
    number = opened(visitor)
    assert visitor.post(f"/rounds/{number}/abandon", reason="").status_code == 422
    assert visitor.post(f"/rounds/{number}/abandon", reason="fire drill").status_code == 303
    assert "fire drill" in words(visitor.page(f"/rounds/{number}"))
    assert not house.scene.found()


def test_a_place_is_swept_once_at_a_time(house: House) -> None:
    house.scene.archive.carriers(1)
    visitor = house.client("clerk")
    number = opened(visitor)
    again = visitor.post("/rounds", place=str(CABINET))
    assert again.status_code == 409
    assert number in words(again.text)
    assert visitor.post("/rounds", place="10").status_code == 409
    assert visitor.post("/rounds", place="").status_code == 422


def test_the_list_of_sweeps_is_filtered_by_state(house: House) -> None:
    visitor = house.client("clerk")
    number = opened(visitor, SHELF)
    other = opened(visitor, SHELF_2)
    visitor.post(f"/rounds/{other}/abandon", reason="mistake")
    assert number in visitor.page("/rounds?state=open")
    assert other not in visitor.page("/rounds?state=open")
    assert visitor.get("/rounds?after=rubbish").status_code == 404


@pytest.mark.parametrize("who", ["chen", "admin", "ma"])
def test_who_may_not_sweep_sees_no_sweep(house: House, who: str) -> None:
    number = opened(house.client("clerk"))
    visitor = house.client(who)
    for address in ("/rounds", f"/rounds/{number}", f"/rounds/{number}/state", f"/rounds/{number}/finish"):
        assert visitor.get(address).status_code == 403


def test_a_sweep_that_holds_what_one_may_not_see_is_as_if_it_were_not(house: House) -> None:
    house.scene.archive.carrier(level="top_secret", unit=3)
    number = opened(house.client("clerk"))
    manager = house.client("sun")
    hidden, absent = manager.get(f"/rounds/{number}"), manager.get("/rounds/QC-2026-9999")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.text.replace(number, "QC-2026-9999") == absent.text
    assert number not in manager.page("/rounds")
    assert subject("sun", Role.MANAGER).clearance_rank < 3


def test_rest_counts_each_event_once_however_often_it_is_sent(house_on_both: House) -> None:
    house_on_both.scene.archive.carriers(3)
    visitor = house_on_both.client("clerk")
    number = visitor.send("/api/v1/rounds", {"place": CABINET}).json()["number"]
    batch = {"scans": [{"event": f"dev-{n}", "code": f"YS-2026-{n:05d}"} for n in (1, 2)]}
    first = visitor.send(f"/api/v1/rounds/{number}/scans", batch).json()
    assert [one["kind"] for one in first["results"]] == ["present", "present"]
    assert (first["met"], first["expected"]) == (2, 3)
    again = visitor.send(f"/api/v1/rounds/{number}/scans", batch).json()
    assert [one["outcome"] for one in again["results"]] == ["replayed", "replayed"]
    assert (again["met"], again["expected"]) == (2, 3)
    assert "title" not in str(first)
    undone = visitor.send(f"/api/v1/rounds/{number}/undo", {"event": "dev-1"}).json()
    assert undone == {"event": "dev-1"}
    assert visitor.get(f"/api/v1/rounds/{number}").json()["to_find"] == 2


def test_rest_signs_what_was_read(house: House) -> None:
    house.scene.archive.carriers(1)
    visitor = house.client("clerk")
    number = visitor.send("/api/v1/rounds", {"place": CABINET}).json()["number"]
    read = visitor.get(f"/api/v1/rounds/{number}").json()["report_hash"]
    assert visitor.send(f"/api/v1/rounds/{number}/sign", {"report_hash": "0" * 64}).status_code == 409
    assert visitor.send(f"/api/v1/rounds/{number}/sign", {"report_hash": read}).json()["act"]
    assert visitor.get("/api/v1/rounds?state=signed").json()["items"][0]["number"] == number


def test_what_the_antennas_under_the_place_heard_counts_too(house: House) -> None:
    (carrier,) = house.scene.archive.carriers(1)
    house.scene.reader(SHELF)
    visitor = house.client("clerk")
    number = opened(visitor)
    house.scene.wait(10)
    house.scene.sighting(carrier, SHELF)
    assert visitor.send(f"/api/v1/rounds/{number}/feed").json() == {"added": 1}
    assert visitor.send(f"/api/v1/rounds/{number}/feed").json() == {"added": 0}
    assert figures(visitor, number) == (1, 1)
    assert "reader 1" in words(visitor.page(f"/rounds/{number}"))


def a_line(number: int, means: str | None = "scan") -> Line:
    """A carrier on the drawn shelf."""
    return Line(number, f"N-{number:05d}", 1, "secret", "here", "in_place", None, 5, "S", None, means=means)


@pytest.mark.parametrize("many", [0, 1, 92, SPINES_MAX, SPINES_MAX * 3 + 1])
def test_the_shelf_is_a_picture_however_many_stand_there(house: House, many: int) -> None:
    number = opened(house.client("clerk"))
    with house.database.reading() as connection:
        state = sweeps.buckets(connection, CLERK, number)
    lines = tuple(a_line(n, "eye" if n == 1 else "scan") for n in range(many))
    object.__setattr__(state, "present", lines)
    shelf = shelf_of(state)
    assert len(shelf.spines) == min(many, len(shelf.spines))
    assert len(shelf.spines) <= SPINES_MAX
    assert all(0 <= spine.x < shelf.width and spine.height <= 44 for spine in shelf.spines)
    assert all(spine.kind != "gap" for spine in shelf.spines)
