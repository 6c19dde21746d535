"""Sheets of labels: places and what is in them, carriers without their titles, the seats of a meeting."""

import json
import re

import pytest

from api.forms import qr_code
from tests.builders import SHELF, Archive
from tests.custody.meetings.scene import in_session
from tests.web.front import Front, words

TITLE = "远山三号总体方案"


def exported(archive: Archive) -> list[tuple[str, str, int]]:
    with archive.books.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT name, filters, rows FROM export_log ORDER BY id").all()
    return [(row[0], row[1], row[2]) for row in rows]


def test_a_places_label_says_its_code_so_that_a_sweep_can_start_with_it(front: Front) -> None:
    clerk = front.signed_in("clerk")
    with front.archive.books.database.reading() as connection:
        places = front.archive.books.directory(connection).places
    shelf = places[SHELF]
    cabinet = places[shelf.parent or 0]
    page = clerk.get(f"/labels/places?place={cabinet.id}").text
    for one in places.values():
        if one.id == cabinet.id or one.parent == cabinet.id:
            assert qr_code(one.code).path in page, one.code
            assert f"<b>{one.code}</b>" in page
    assert "Preview" in words(page)
    assert exported(front.archive) == []
    # Printed, it is on record first, and what is shown then is that print.
    sent = clerk.send(f"/labels/places?place={cabinet.id}")
    assert sent.status_code == 303, words(sent.text)
    shown = clerk.get(sent.headers["location"]).text
    assert "data-print-now" in shown
    assert "Preview" not in words(shown)
    name, filters, _rows = exported(front.archive)[0]
    assert (name, json.loads(filters)) == ("labels_places", {"place": str(cabinet.id)})
    # Neither another's print nor one of other labels passes for it.
    made = sent.headers["location"].rpartition("=")[2]
    assert "data-print-now" not in clerk.get(f"/labels/places?place={SHELF}&print={made}").text
    assert "data-print-now" not in front.signed_in("clerk2").get(sent.headers["location"]).text


def test_a_carriers_label_bears_number_copy_and_mark_but_no_title_and_only_what_is_seen(front: Front) -> None:
    front.archive.carriers(2, title=TITLE)
    clerk = front.signed_in("clerk", "zh")
    page = clerk.get(f"/labels/carriers?place={SHELF}").text
    assert qr_code("YS-2026-00001/1").path in page
    assert TITLE not in page
    assert len(re.findall('class="label"', page)) == 2
    assert "机密" in words(page)
    assert front.signed_in("chen").get(f"/labels/carriers?place={SHELF}").status_code == 404


def test_the_seats_of_a_meeting_have_cards_for_the_scanner(front: Front) -> None:
    meeting = in_session(front.archive, "chen", "sun")
    secretary = front.signed_in("secretary")
    page = secretary.get(f"/labels/seats?meeting={meeting.id}").text
    for seat in ("@1", "@2"):
        assert qr_code(seat).path in page
    assert secretary.get("/labels/seats?meeting=987654").status_code == 404


@pytest.mark.parametrize("address", ["places", "places?place=x", "places?place=987654", "nothing?place=1"])
def test_what_is_not_there_has_no_labels(front: Front, address: str) -> None:
    assert front.signed_in("clerk").get(f"/labels/{address}").status_code == 404
