"""The seat plan of a venue: written row by row, kept with the venue, drawn on the board of every meeting there."""

import re

import pytest

from api.web.meetings.seating import as_text, counted, read_rows
from api.web.meetings.showing import placed
from tests.custody.meetings.scene import Scene, a_meeting, in_session
from tests.web.front import Front, words

ROWS = "1 2 - 3\n\n4, 5 - 6"


def test_rows_are_read_as_they_are_written() -> None:
    rows = read_rows(ROWS)
    assert rows == (("1", "2", "", "3"), ("4", "5", "", "6"))
    assert read_rows(as_text(rows)) == rows
    assert counted(2, 3) == (("1", "2", "3"), ("4", "5", "6"))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("1 2\n3 1", "twice"),
        ("A" * 13, "unfit"),
        (" ".join(map(str, range(17))), "too_large"),
        ("1\n" * 11, "too_large"),
    ],
)
def test_what_no_plan_can_be_is_said(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        read_rows(text)


def test_seats_the_plan_does_not_have_stand_behind_its_last_row() -> None:
    assert placed(read_rows(ROWS), ["6", "1", "90", "91"]) == {"1": (1, 1), "6": (2, 4), "90": (3, 1), "91": (3, 2)}


def where(front: Front, meeting: Scene, seat: str) -> str:
    """The row and column at which the board draws a seat."""
    board = front.signed_in("secretary").get(f"/meetings/{meeting.id}/board").text
    found = re.search(rf'class="seat (gr\d+ gc\d+)[^"]*" data-seat="{seat}"', board)
    assert found is not None
    return found[1]


def test_the_plan_is_kept_with_the_venue_and_drawn_on_every_board_there(front: Front) -> None:
    meeting = in_session(front.archive, "chen", "sun")
    (paper,) = meeting.brings(1)
    meeting.hands_out({paper: 2})
    secretary = front.signed_in("secretary")
    assert where(front, meeting, "2") == "gr1 gc3", "around a table"
    proposal = secretary.send(f"/meetings/{meeting.id}/seating", do="count", rows="2", columns="1")
    assert "1\n2</textarea>" in proposal.text
    assert where(front, meeting, "2") == "gr1 gc3", "only proposed"
    wrong = secretary.send(f"/meetings/{meeting.id}/seating", do="keep", seats="2 2")
    assert wrong.status_code == 422
    assert "A seat stands there twice." in words(wrong.text)
    assert secretary.send(f"/meetings/{meeting.id}/seating", do="keep", seats="1\n- 2").status_code == 303
    assert where(front, meeting, "2") == "gr2 gc2"
    other = a_meeting(front.archive)
    assert "1\n- 2</textarea>" in secretary.get(f"/meetings/{other.id}/seating").text
    assert secretary.send(f"/meetings/{meeting.id}/seating", do="keep", seats="").status_code == 303
    assert where(front, meeting, "2") == "gr1 gc3"
    assert front.signed_in("chen").get(f"/meetings/{meeting.id}/seating").status_code in (403, 404)
