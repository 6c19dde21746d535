"""The check of a room on its pages: go or no go as it stands, signed with a slip, and the door that asks for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from custody.entries.circulation import TakenToRead
from custody.values import SECOND
from reconcile.store.core import ANTENNA, COVERAGE, PRESENCE, READER
from tests.builders import CLERK, PEOPLE, READING, Archive
from tests.custody.entry.scene import answered_for
from tests.web.entry.test_register import ZHAO, at_the_door
from tests.web.front import PASSWORD, Browser, Front, a_front, words


@pytest.fixture
def front(sqlite_archive: Archive, tmp_path: Path) -> Front:
    """The clerk answers for the reading room; the go of its first check has lapsed."""
    answered_for(sqlite_archive)
    return a_front(sqlite_archive, tmp_path)


@pytest.fixture
def later(front: Front) -> Callable[[float], None]:
    """Time goes on, and the antenna of the reading room listens."""

    def on(minutes: float) -> None:
        front.clock.at += int(minutes * 60) * SECOND
        with front.archive.books.database.writing() as connection:
            connection.execute(COVERAGE.delete())
            spans = {"since_at": front.clock.at - 600 * SECOND, "through_at": front.clock.at}
            connection.execute(COVERAGE.insert().values(reader="r", antenna=1, **spans))

    now = front.clock()
    with front.archive.books.database.writing() as connection:
        row = {"name": "r", "enabled": True, "device": "", "title_zh": "", "title_en": "", "detail": ""}
        connection.execute(READER.insert().values(row | {"state": "listening", "enabled_at": now - 900 * SECOND}))
        connection.execute(ANTENNA.insert().values(reader="r", number=1, place=READING, role="place"))
    on(40)
    return on


def heard(front: Front, carrier: int) -> None:
    """The radio has it in the reading room."""
    now = front.clock()
    row = {"epc": front.archive.state(carrier).tags[0].epc, "place": READING, "strength": "confirmed", "reads": 5}
    row |= {"since_at": now, "heard_at": now, "here_at": now, "reader": "r", "antenna": 1, "state": b""}
    with front.archive.books.database.writing() as connection:
        connection.execute(PRESENCE.insert().values(row | {"strongest_dbm": -50.0}))


def signs(clerk: Browser, by_eye: str = "", **more: Any) -> Any:
    """The clerk signs the check of the reading room."""
    back = f"/rooms/{READING}"
    return clerk.send(
        "/business/new/room-check", place="B1-reading", by_eye=by_eye, back=back, password=PASSWORD, **more
    )


def says(clerk: Browser) -> str:
    """The words of the room's page."""
    return words(clerk.get(f"/rooms/{READING}").text)


def test_9_detect__go_or_no_go_with_its_reasons_and_a_slip_by_numbers(
    front: Front, later: Callable[[float], None]
) -> None:
    clerk = front.signed_in("clerk")
    carrier = front.archive.carrier()
    front.archive.enter(CLERK, [TakenToRead(carrier, PEOPLE["chen"], READING, front.archive.due(0))], "read", "chen")
    page = says(clerk)
    assert "No go" in page
    assert "In use on the books 1" in page
    answer = signs(clerk)
    assert answer.status_code == 303, words(answer.text)
    slip = answer.headers["location"].rpartition("done=")[2]
    paper = words(clerk.get(f"/acts/{slip}/form").text)
    described = front.archive.state(carrier).description
    assert "Room-clear slip — No go" in paper
    assert f"{described.control_number}/{described.copy_number}" in paper
    assert described.title not in paper
    # Taken back, the room is clear, and the door opens.
    front.archive.give_back(carrier)
    assert "Nothing is in use, nothing heard in the open." in says(clerk)
    refused = clerk.send("/business/new/visit", **at_the_door(**{"visitors.1.no_phone": "1"}))
    assert refused.status_code == 409
    assert "j.1 No go is in force for B1-reading" in words(refused.text)
    assert signs(clerk).status_code == 303
    assert "Go until" in words(clerk.get("/rooms").text)
    assert clerk.send("/business/new/visit", **at_the_door()).status_code == 303


def test_9_refuse__what_is_heard_at_the_door_after_the_go_stops_the_cleaners(
    front: Front, later: Callable[[float], None]
) -> None:
    clerk = front.signed_in("clerk")
    assert signs(clerk).status_code == 303
    carrier = front.archive.carrier()
    heard(front, carrier)
    cleaners = {
        "place": "B1-reading",
        "work": "cleaning",
        "visitors.0.visitor_name": "米兰",
        "visitors.0.visitor_body": "清和物业",
        "visitors.0.visitor_document": "身份证 5502",
        "visitors.0.no_phone": "1",
        "put_away": "1",
        "ventilation": "windows",
        "escort": ZHAO,
        "declared": "1",
        "cosign.0.number": ZHAO,
        "cosign.0.password": PASSWORD,
    }
    answer = clerk.send("/business/new/cleaning", **cleaners)
    assert answer.status_code == 409
    assert "9 B1-reading is not clear: 1 carriers are heard in the open" in words(answer.text)
    with front.archive.books.database.writing() as connection:
        connection.execute(PRESENCE.delete())
    assert clerk.send("/business/new/cleaning", **cleaners).status_code == 303


def test_9_record__where_nobody_listens_the_signed_word_of_who_looked_is_asked_for(front: Front) -> None:
    clerk = front.signed_in("clerk")
    page = says(clerk)
    assert "Not covered" in page
    assert "check by eye" in page
    assert signs(clerk).status_code == 303
    assert "Lapsed" not in says(clerk)
    assert "No go" in words(clerk.get("/rooms").text)
    assert signs(clerk, by_eye="桌面无文件，柜已上锁").status_code == 303
    page = says(clerk)
    assert "Go until" in page
    assert "桌面无文件，柜已上锁" in page


def test_what_lies_beyond_the_scope_counts_and_is_not_named(front: Front, later: Callable[[float], None]) -> None:
    """Who keeps the door need not know what the room holds: the verdict does."""
    hidden = front.archive.carrier(level="top_secret", scope=("person:14",))
    heard(front, hidden)
    secretary = front.signed_in("secretary")
    number = front.archive.state(hidden).description.control_number
    assert number not in secretary.get(f"/rooms/{READING}").text
    answer = signs(secretary)
    assert answer.status_code == 303, words(answer.text)
    said = secretary.get(answer.headers["location"]).text
    assert "No go" in words(said)
    assert number not in said


def test_rooms_are_for_who_keeps_the_register(front: Front) -> None:
    assert front.signed_in("chen").get("/rooms").status_code in (403, 404)
    clerk = front.signed_in("clerk")
    assert clerk.get("/rooms/987654").status_code == 404
    assert clerk.get("/rooms/9").status_code == 404  # a corridor, which is not rated
