"""The live desk: a badge, then carriers, then one button; every tap once, and nothing but what was shown is entered."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from custody.access import INSTALLATION
from custody.entries import Imported, PersonRecorded, Shelved, TagBound
from custody.store import schema as t
from custody.values import Tag
from tests.builders import PEOPLE, PERSONS, SHELF, description, epc_of
from tests.custody.destruction.batches import Batch
from tests.web.books.test_acts import state
from tests.web.desk.scene import CHEN_BADGE, DESK, LABEL, SUN_BADGE, Desk, Page, a_desk
from tests.web.front import PASSWORD, Front, words


@pytest.fixture
def desk(front: Front) -> Desk:
    """A desk with a reader."""
    return a_desk(front)


def page_of(desk: Desk, who: str = "clerk") -> Page:
    return Page(desk.front.signed_in(who)).open()


def labelled(desk: Desk, uid: str = LABEL) -> int:
    """A carrier that bears an HF label."""
    archive = desk.front.archive
    (carrier,) = archive.books.reserve("carrier", 1)
    facts = [
        Imported(carrier, description(f"YS-2026-{carrier:05}")),
        TagBound(carrier, Tag(uid)),
        Shelved(carrier, SHELF),
    ]
    archive.books.enter(INSTALLATION, facts, act="take_in")
    return carrier


def act_in(page: Page) -> str:
    found = re.search(r"/acts/([A-Z]{2}-\d{4}-\d{4})\"", page.text)
    assert found, page.said
    return found[1]


def test_badge_carriers_and_one_button_on_both_engines(front_on_both: Front) -> None:
    """Given an open page, when a badge and two carriers are tapped, then one press lends both under one act."""
    desk = a_desk(front_on_both)
    one, two = front_on_both.archive.carrier(), labelled(desk)
    page = page_of(desk)
    desk.tap(CHEN_BADGE, epc_of(one), LABEL)
    page.press()
    assert "Chen Guodong 1004" in page.said
    assert "Research · Cleared to: Secret" in page.said or "Secret" in page.said
    assert page.codes == [epc_of(one), LABEL]
    assert page.said.count("In store: to lend") == 2
    page.press("borrow")
    assert page.status == 200, page.said
    assert "2 carriers lent" in page.said
    assert page.codes == []
    assert state(front_on_both, one)[2] == state(front_on_both, two)[2] == PEOPLE["chen"]
    receipt = words(page.browser.get(f"/acts/{act_in(page)}").text)
    assert f"Chen Guodong by badge at {DESK}" in receipt
    assert front_on_both.archive.books.rebuild_check() == []


def test_what_the_person_brings_back_is_taken_back_beside_what_is_lent(desk: Desk) -> None:
    out, other, home = (desk.front.archive.carrier() for _ in range(3))
    desk.front.archive.borrow(out, "chen")
    desk.front.archive.borrow(other, "sun")
    page = page_of(desk)
    desk.tap(CHEN_BADGE, epc_of(out), epc_of(other), epc_of(home))
    page.press()
    assert "On loan: to take back" in page.said
    assert "On loan to somebody else Sun Li" in page.said
    assert "Lend 1" in page.said
    assert "Take back 1" in page.said
    page.press("return", **{f"pages.{out}": "12"})
    assert "1 carrier taken back" in page.said
    assert page.codes == [epc_of(other), epc_of(home)], "the rest stays on the desk"
    assert state(desk.front, out)[0] == "in_place"
    page.press("borrow")
    assert state(desk.front, home)[2] == PEOPLE["chen"]
    assert state(desk.front, other)[2] == PEOPLE["sun"]


def test_what_cannot_be_is_said_and_hidden_looks_like_unknown(desk: Desk) -> None:
    """Given a carrier that the clerk may not see, when its label is tapped, then it is a tag that nobody knows."""
    gone, lost, hidden = (desk.front.archive.carrier() for _ in range(3))
    Batch(desk.front.archive, desk.front.archive.matter(), [gone]).ready().destroy()
    desk.front.archive.lose(lost)
    page = page_of(desk, "clerk2")
    blinded(desk, "clerk2")
    top = desk.front.archive.carrier(level="top_secret", unit=4, scope=("person:14",))
    desk.tap(CHEN_BADGE, epc_of(gone), epc_of(lost), epc_of(hidden), epc_of(top), epc_of(991))
    page.press()
    lines = dict(zip(reversed(page.codes), lines_in(page), strict=True))
    assert "Destroyed by the books" in lines[epc_of(gone)]
    assert "Cannot be lent or returned Missing" in lines[epc_of(lost)]
    assert "In store: to lend" in lines[epc_of(hidden)]
    unknown = "# Unknown tag, or no valid badge Remove"
    assert lines[epc_of(top)].replace(epc_of(top), "#") == lines[epc_of(991)].replace(epc_of(991), "#") == unknown


def lines_in(page: Page) -> list[str]:
    return [words(line) for line in re.findall(r"<tr>.*?</tr>", page.text, re.DOTALL)]


def blinded(desk: Desk, who: str) -> None:
    """A clerk who is cleared for secret at most."""
    person = replace(next(one for one in PERSONS if one.id == PEOPLE[who]), post_class="important")
    desk.front.archive.books.enter(INSTALLATION, [PersonRecorded(person)], act="directory")


def test_a_tap_is_shown_once_and_a_page_that_was_away_catches_up(desk: Desk) -> None:
    """Given a page whose answer was lost, when it asks again, then it has every tap once."""
    ids = desk.front.archive.carriers(3)
    before = desk.tap(epc_of(99))
    assert before["taken"] == 1
    page = page_of(desk)
    desk.tap(CHEN_BADGE, epc_of(ids[0]))
    lost = dict(page.fields)
    page.press()
    assert page.codes == [epc_of(ids[0])], "what was tapped before it was opened is not on the desk"
    page.text = re.sub(r'name="since" value="\d+"', f'name="since" value="{lost["since"]}"', page.text)
    desk.tap(epc_of(ids[1]), epc_of(ids[1]))
    page.press()
    assert page.codes == [epc_of(ids[0]), epc_of(ids[1])]
    assert f"Already there: {epc_of(ids[1])}" in page.said
    page.press(scan=f"{epc_of(ids[2])} {epc_of(ids[0])}")
    assert page.codes == [epc_of(one) for one in ids], "a keyboard wedge types into the same desk"
    page.press("", remove=epc_of(ids[0]))
    assert page.codes == [epc_of(ids[1]), epc_of(ids[2])]
    page.press("clear")
    assert page.codes == []
    assert "Nobody yet" in page.said


def test_whoever_follows_the_taps_is_told_and_nobody_of_other_sightings(desk: Desk) -> None:
    bulletin = desk.front.app.state.services.bulletin
    version = bulletin.version
    desk.tap(epc_of(1), reader="shelf")
    assert bulletin.changes({"taps"}, version).topics == frozenset()
    desk.tap(epc_of(1))
    assert bulletin.changes({"taps"}, version).topics == {"taps"}


def test_the_same_delivery_twice_taps_once_and_a_late_one_not_at_all(desk: Desk) -> None:
    page = page_of(desk)
    desk.tap(epc_of(1))
    desk.sequence -= 1
    assert desk.tap(epc_of(1))["repeated"] == 1
    desk.tap(epc_of(2), ago=660)
    page.press()
    assert page.codes == [epc_of(1)]
    assert "1 tap came too late" in page.said


def test_another_badge_takes_no_list_over_without_a_word(desk: Desk) -> None:
    carrier = desk.front.archive.carrier()
    page = page_of(desk)
    desk.tap(CHEN_BADGE, epc_of(carrier), SUN_BADGE)
    page.press()
    assert "Sun Li's badge: the list of another person is not finished" in page.said
    assert "Chen Guodong 1004" in page.said
    page.press("swap")
    assert "Sun Li 1005" in page.said
    assert page.codes == []


def test_what_arrives_while_the_button_is_pressed_is_not_entered(desk: Desk) -> None:
    one, two = desk.front.archive.carriers(2)
    page = page_of(desk)
    desk.tap(CHEN_BADGE, epc_of(one))
    page.press()
    desk.tap(epc_of(two))
    page.press("borrow")
    assert state(desk.front, one)[2] == PEOPLE["chen"]
    assert state(desk.front, two)[0] == "in_place"
    assert page.press().codes == [epc_of(two)], "it is there at the next asking"


def test_a_thousand_taps_in_a_row_do_no_harm(desk: Desk) -> None:
    ids = desk.front.archive.carriers(3)
    page = page_of(desk)
    desk.tap(CHEN_BADGE, *(epc_of(ids[n % 3]) for n in range(1_000)))
    page.press()
    assert "data-more" in page.text
    page.press()
    while "data-more" in page.text:
        page.press()
    assert page.codes == [epc_of(one) for one in ids]


def test_what_finds_no_room_waits_at_the_reader(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.web.acts.taps.CODES_MAX", 3)
    ids = desk.front.archive.carriers(5)
    page = page_of(desk)
    desk.tap(*(epc_of(one) for one in ids))
    page.press()
    assert page.codes == [epc_of(one) for one in ids[:3]]
    assert "The desk holds 3" in page.said
    page.press("clear")
    assert page.codes == [epc_of(one) for one in ids[3:]]


def test_only_who_lends_opens_it_and_only_where_there_is_a_desk(desk: Desk) -> None:
    assert desk.front.signed_in("manager").get(f"/desk/{DESK}").status_code == 403
    assert desk.front.signed_in("clerk").get("/desk/portal").status_code == 404
    assert f"/desk/{DESK}" in desk.front.signed_in("clerk").get("/desk").text


def test_a_refused_line_stops_the_act_with_its_clause_and_is_counted(desk: Desk) -> None:
    fit, unfit = desk.front.archive.carrier(), desk.front.archive.carrier(level="top_secret")
    page = page_of(desk)
    desk.tap(CHEN_BADGE, epc_of(fit), epc_of(unfit))
    page.press()
    assert "c.5 Chen Guodong is not cleared for Top secret" in page.said
    page.press("borrow")
    assert page.status == 409
    assert state(desk.front, fit)[0] == "in_place"
    assert refusals(desk) == [("c.5", "not_cleared")]
    page.press("", remove=epc_of(unfit))
    page.press("borrow", holder_password=PASSWORD)
    assert state(desk.front, fit)[2] == PEOPLE["chen"]


def refusals(desk: Desk) -> list[tuple[str, str]]:
    with desk.front.archive.books.database.reading() as connection:
        rows = connection.execute(select(t.REFUSAL.c.clause, t.REFUSAL.c.codes).order_by(t.REFUSAL.c.id))
        return [(row.clause, row.codes) for row in rows]
