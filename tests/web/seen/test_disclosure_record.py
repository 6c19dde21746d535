"""Who has seen a carrier: recorded before anything is shown, told to those who answer for it, and to nobody else."""

from collections import Counter

import pytest
from sqlalchemy import select

from api import looked
from custody.database import StorageFull
from custody.store import schema as t
from custody.store.sealing import seal
from custody.values import SECOND
from tests.builders import CLERK, PEOPLE, SHELF
from tests.web.front import Front, words


def looks(front: Front, how: str = "") -> Counter[tuple[int, int, str]]:
    """Person, carrier, way -> how often it is on record."""
    with front.archive.books.database.reading() as connection:
        rows = connection.execute(select(t.LOOK.c.person, t.LOOK.c.carrier, t.LOOK.c.how)).all()
    return Counter((row.person, row.carrier, row.how) for row in rows if how in ("", row.how))


@pytest.mark.parametrize(
    ("address", "how"),
    [
        ("/carriers/{id}", "page"),
        ("/carriers/{id}/descent", "page"),
        ("/carriers", "list"),
        ("/me/holdings", "list"),
        ("/carriers/{id}/return", "act"),
        ("/acts/{act}", "act"),
        ("/acts/{act}/form", "form"),
        ("/reports/carriers.xlsx", "export"),
        ("/api/v1/carriers", "api"),
        ("/api/v1/carriers/{id}", "api"),
        ("/api/v1/carriers/{id}/history", "api"),
        ("/api/v1/acts/{act}", "api"),
        ("/api/v1/acts/{act}/form", "form"),
    ],
)
def test_every_way_to_see_a_carrier_is_on_record(front: Front, address: str, how: str) -> None:
    """Given a lent carrier, when it is seen in this way, then the disclosure record names who, what and how."""
    carrier, other = front.archive.carriers(2)
    act = front.archive.borrow(carrier, "chen").act
    who = "chen" if "holdings" in address else "clerk"
    browser = front.signed_in(who)
    assert browser.get(address.format(id=carrier, act=act)).status_code == 200
    assert looks(front, how)[PEOPLE[who], carrier, how] == 1
    assert {key[0] for key in looks(front)} == {PEOPLE[who]}
    assert (PEOPLE[who], other, "page") not in looks(front)


def test_the_same_look_so_soon_again_counts_once_and_every_export_counts(front: Front) -> None:
    carrier = front.archive.carrier()
    clerk = front.signed_in("clerk")
    for seconds in (0, 300, 299, 2):
        front.clock.at += seconds * SECOND
        assert clerk.get(f"/carriers/{carrier}").status_code == 200
    for _ in range(2):
        assert clerk.get("/reports/carriers.xlsx").status_code == 200
    found = looks(front)
    assert found[PEOPLE["clerk"], carrier, "page"] == 2
    assert found[PEOPLE["clerk"], carrier, "export"] == 2


def test_what_is_hidden_is_neither_shown_nor_recorded(front: Front) -> None:
    (hidden,) = front.archive.carriers(1, level="top_secret")
    ma = front.signed_in("ma")
    assert ma.get(f"/carriers/{hidden}").status_code == 404
    assert ma.get("/carriers").status_code == 200
    assert looks(front) == Counter()


def test_nothing_is_shown_that_cannot_be_put_on_record(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a full disk, when a carrier is asked for, then a page says so, and not a word of the carrier."""
    carrier = front.archive.carrier(title="不可见的标题")
    clerk = front.signed_in("clerk")

    def full(*_given: object) -> None:
        raise StorageFull("no room")

    monkeypatch.setattr(looked, "note_looks", full)
    for address in (f"/carriers/{carrier}", "/carriers", f"/api/v1/carriers/{carrier}", "/reports/carriers.xlsx"):
        answer = clerk.get(address)
        assert answer.status_code == 503
        assert "不可见的标题" not in answer.text
    assert "The disk is full" in clerk.get(f"/carriers/{carrier}").text
    monkeypatch.undo()
    assert "不可见的标题" in clerk.get(f"/carriers/{carrier}").text


def test_the_page_names_holders_lookers_and_printers(front: Front) -> None:
    """Given a carrier that was lent, looked at and printed, then the page tells all three, by person and by day."""
    carrier = front.archive.carrier(scope=("all",))
    act = front.archive.borrow(carrier, "chen").act
    chen, clerk = front.signed_in("chen"), front.signed_in("clerk")
    assert chen.get(f"/carriers/{carrier}").status_code == 200
    clerk.send(f"/acts/{act}/form/printed", part="1", copies="1")
    page = words(clerk.get(f"/carriers/{carrier}/seen").text)
    for expected in ("Chen Guodong", "Its page", "Printed", "Zhou Min", act):
        assert expected in page
    of_chen = words(clerk.get(f"/carriers/{carrier}/seen?who=1004").text)
    assert "Its page" in of_chen
    assert "Printed" not in of_chen
    before = words(clerk.get(f"/carriers/{carrier}/seen?until=2026-11-19").text)
    assert "nobody looked at it" in before
    assert "Nobody has the staff number 77" in words(clerk.get(f"/carriers/{carrier}/seen?who=77").text)
    book = clerk.get(f"/carriers/{carrier}/seen.xlsx")
    assert (book.status_code, book.headers["content-type"][-5:]) == (200, "sheet")


def test_only_who_answers_for_the_unit_may_ask(front: Front) -> None:
    """The clerk, the secrecy office and the unit's manager may; a borrower and the administrators may not."""
    carrier = front.archive.carrier()
    for who, status in (("clerk", 200), ("secrecy", 200), ("manager", 200), ("chen", 403), ("admin", 403), ("he", 403)):
        assert front.signed_in(who).get(f"/carriers/{carrier}/seen").status_code == status, who
    assert front.signed_in("clerk").get("/carriers/99999/seen").status_code == 404


def test_what_a_person_has_seen_is_for_who_heads_the_enquiry(front_on_both: Front) -> None:
    front = front_on_both
    held, read = front.archive.carriers(2)
    front.archive.borrow(held, "chen")
    assert front.signed_in("chen").get(f"/carriers/{read}").status_code == 200
    address = f"/people/{PEOPLE['chen']}/seen"
    page = words(front.signed_in("secrecy").get(address).text)
    for carrier in (held, read):
        assert front.archive.state(carrier).description.control_number in page
    assert "Borrowed" in page or "Lent" in page
    assert front.signed_in("clerk").get(address).status_code == 403
    assert front.signed_in("he").get(address).status_code == 403
    assert front.signed_in("secrecy").get(f"/people/{PEOPLE['chen']}/seen.xlsx").status_code == 200


def test_the_auditor_sees_every_event_and_counts_without_carriers(front: Front) -> None:
    """Given a refused act, looks and exports, then the auditor sees who and how often, and no number of a carrier."""
    carrier = front.archive.carrier(title="看不见的标题")
    number = front.archive.state(carrier).description.control_number
    clerk, auditor = front.signed_in("clerk"), front.signed_in("he")
    clerk.get(f"/carriers/{carrier}")
    clerk.get("/reports/carriers.xlsx")
    page = words(auditor.get("/audit").text)
    assert "signed in" in page
    assert "Zhou Min" in page
    people = words(auditor.get("/audit/people").text)
    assert "Zhou Min 1001 0 1 0 1" in people
    for address in ("/audit", "/audit?kind=signed_in&who=1001", "/audit/people", "/audit.xlsx", "/audit/people.xlsx"):
        answer = auditor.get(address)
        assert answer.status_code == 200, address
        assert number not in answer.text
        assert "看不见的标题" not in answer.text
    for who in ("clerk", "secrecy", "admin"):
        assert front.signed_in(who).get("/audit").status_code == 403
    for address in ("/audit", "/audit/people"):
        assert auditor.send(address).status_code == 405


def test_events_are_filtered_by_kind_person_and_day(front: Front) -> None:
    auditor = front.signed_in("he")
    front.signed_in("clerk")
    assert "Zhou Min" not in words(auditor.get("/audit?who=1007").text)
    assert "Nothing like this" in words(auditor.get("/audit?kind=backup_made").text)
    assert "Nothing like this" in words(auditor.get("/audit?until=2026-11-19").text)


def test_what_was_noted_is_sealed_and_the_books_still_agree(front_on_both: Front) -> None:
    front, database = front_on_both, front_on_both.archive.books.database
    carrier = front.archive.carrier(place=SHELF)
    front.signed_in("clerk").get(f"/carriers/{carrier}")
    assert seal(front.archive.books) >= 2
    assert seal(front.archive.books) == 0
    assert front.archive.books.rebuild_check() == []
    with database.writing() as connection:
        connection.execute(t.LOOK.update().values(person=CLERK.person + 1))
    assert [line for line in front.archive.books.rebuild_check() if line.startswith("look")]
