"""Who waits for a carrier stands on its page, for those who lend it."""

from dataclasses import replace

from custody.access import INSTALLATION
from custody.entries import PersonRecorded
from custody.entries.circulation import Queued
from tests.builders import CLERK, PEOPLE, PERSONS
from tests.web.front import Front, words


def waited_for(front: Front) -> int:
    """A carrier that is back, for which Sun and then Chen wait; Sun has left meanwhile."""
    carrier = front.archive.carrier()
    front.archive.borrow(carrier, "zhao")
    front.archive.enter(CLERK, [Queued(carrier, PEOPLE["sun"]), Queued(carrier, PEOPLE["chen"])], "queue")
    front.archive.give_back(carrier)
    gone = PersonRecorded(replace(PERSONS[PEOPLE["sun"] - 1], left_on="2026-11-20"))
    front.archive.books.enter(INSTALLATION, [gone], act="directory")
    return carrier


def test_the_registry_sees_who_waits_and_who_is_next(front: Front) -> None:
    carrier = waited_for(front)
    page = front.signed_in("clerk").get(f"/carriers/{carrier}").text
    said = words(page)
    assert "Queue 2" in said
    assert "1 Sun Li 1005 Left, or may not know it: passed over" in said
    assert "2 Chen Guodong 1004 Next" in said
    assert f'href="/carriers/{carrier}/unqueue?waiting={PEOPLE["sun"]}"' in page


def test_the_registry_takes_the_leaver_off_the_queue(front: Front) -> None:
    carrier = waited_for(front)
    clerk = front.signed_in("clerk")
    form = clerk.get(f"/carriers/{carrier}/unqueue?waiting={PEOPLE['sun']}")
    assert f'value="{PEOPLE["sun"]}" selected' in form.text or f'value="{PEOPLE["sun"]}" checked' in form.text
    assert clerk.send(f"/carriers/{carrier}/unqueue", waiting=str(PEOPLE["sun"])).status_code == 303
    assert front.archive.state(carrier).queue == (PEOPLE["chen"],)


def test_a_borrower_sees_no_queue_and_learns_his_own_turn(front: Front) -> None:
    carrier = waited_for(front)
    chen = front.signed_in("chen")
    assert "Queue" not in words(chen.get(f"/carriers/{carrier}").text)
    assert "Sun Li" not in words(chen.get("/me/holdings").text)


def test_without_anybody_waiting_nothing_is_said_of_a_queue(front: Front) -> None:
    carrier = front.archive.carrier()
    assert "Queue" not in words(front.signed_in("clerk").get(f"/carriers/{carrier}").text)
