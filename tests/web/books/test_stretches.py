"""The strip of a carrier's life says where it was in every stretch: by its holder, its place, or the state's word."""

import re

import pytest

from api.web.stretches import stretches
from custody import clock
from custody.entries import Borrowed, Returned, Shelved
from custody.store.queries import entries_of
from custody.values import DAY
from tests.builders import CLERK, PEOPLE, SHELF, Archive
from tests.custody.carrying_out.scene import a_permit, leg
from tests.custody.disclosure.scene import outside
from tests.custody.dispatch.scenes import a_dispatch, bodies, under_way
from tests.custody.meetings.scene import in_session
from tests.web.front import Front

BAR = re.compile(r'<text class="on (\w+)"[^>]*>([^<]*)</text>')
OUTSIDE = ("all", "organisation:1", "organisation:2")


def strip(front: Front, carrier: int, language: str = "en") -> list[tuple[str, str]]:
    """The stretches on the carrier's page ten days later: how each is drawn, what it is called."""
    front.clock.days(10)
    answer = front.signed_in("clerk", language).get(f"/carriers/{carrier}")
    assert answer.status_code == 200
    return BAR.findall(answer.text)


def shelved(front: Front, **changes: object) -> int:
    """A carrier that has stood on its shelf for twenty days."""
    carrier = front.archive.carrier(**changes)
    front.clock.days(20)
    return carrier


def let_out(front: Front, carrier: int, days: int) -> None:
    """Chen carries it to the ministry and back, on a permit for so many days."""
    now = front.clock.at
    first, last = (clock.day(at, front.archive.scheme.timezone) for at in (now, now + days * DAY))
    back = leg(last, origin="部机关", to="远山院", stay="none", where="")
    way = {"from_at": now, "until_at": now + days * DAY, "itinerary": (leg(first), back)}
    a_permit(front.archive, carrier, **way).approved().lets_out(carrier)


@pytest.mark.parametrize(("language", "said"), [("en", "Carried out Chen Guodong"), ("zh", "携出 陈国栋")])
def test_carried_out_is_told_with_its_bearer(front: Front, language: str, said: str) -> None:
    carrier = shelved(front)
    let_out(front, carrier, 20)
    assert strip(front, carrier, language) == [("home", "B1-01-1"), ("out", said)]


def test_past_its_last_day_outside_it_is_late(front: Front) -> None:
    carrier = shelved(front)
    let_out(front, carrier, 5)
    drawn = [kind for kind, _ in strip(front, carrier)]
    assert drawn == ["home", "out", "late"]


def test_on_its_way_is_told_by_the_states_word(front: Front) -> None:
    bodies(front.archive)
    carrier = shelved(front, scope=OUTSIDE)
    under_way(front.archive, [carrier], arrive_by=front.archive.due(15))
    assert strip(front, carrier) == [("home", "B1-01-1"), ("out", "Sent")]


def test_provided_outside_is_told_by_the_states_word(front: Front) -> None:
    carrier = shelved(front)
    outside(front.archive, [carrier])
    assert strip(front, carrier) == [("home", "B1-01-1"), ("out", "Provided outside")]


def test_at_a_meeting_is_told_by_the_states_word(front: Front) -> None:
    carrier = shelved(front)
    now = front.clock.at
    meeting = in_session(front.archive, "chen", starts_at=now, ends_at=now + 15 * DAY)
    meeting.brings_these([carrier])
    meeting.hands_out({carrier: 1})
    assert strip(front, carrier) == [("home", "B1-01-1"), ("out", "At a meeting Chen Guodong")]


def test_a_listing_ends_no_stretch(front: Front) -> None:
    bodies(front.archive)
    carrier = shelved(front, scope=OUTSIDE)
    a_dispatch(front.archive, [carrier])
    assert strip(front, carrier) == [("home", "B1-01-1")]


def test_only_what_was_never_shelved_says_so(front: Front) -> None:
    carrier = shelved(front, place=None)
    assert strip(front, carrier) == [("home", "not shelved yet")]
    front.archive.enter(CLERK, [Shelved(carrier, SHELF)], "shelve")
    assert strip(front, carrier) == [("home", "not shelved yet"), ("home", "B1-01-1")]


def test_what_follows_a_hidden_entry_is_told_as_far_as_it_can_be(sqlite_archive: Archive) -> None:
    # Given a carrier that was lent, brought back, and lent again: the first loan is not the reader's to see.
    archive = sqlite_archive
    carrier = archive.carrier()
    archive.borrow(carrier, "chen")
    archive.enter(CLERK, [Returned(carrier, SHELF, 12)], "return")
    archive.borrow(carrier, "sun")
    with archive.books.database.reading() as connection:
        entries = entries_of(connection, CLERK, carrier)
    lent = [n for n, entry in enumerate(entries) if isinstance(entry.fact, Borrowed)]
    seen = [entry for n, entry in enumerate(entries) if n != lent[0]]
    # Then its life goes on with the second (the rest of it took no time).
    told = [one.state.holder for one in stretches(seen, archive.books.clock() + DAY)]
    assert told == [PEOPLE["sun"]]
