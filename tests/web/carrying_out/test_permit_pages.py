"""Permits on the pages and by REST: asked for, let out, heard at the portal, brought back, confirmed, printed."""

import re
from typing import Any

import pytest

from custody.clock import moment
from custody.life_cycle import Status
from custody.store.matters import open_losses
from custody.values import DAY, SECOND, Instant
from reconcile.store.core import STAY
from tests.builders import NOW, PEOPLE, SCHEME, Archive, epc_of
from tests.custody.carrying_out.scene import GATE, Scene, a_permit, leg
from tests.web.front import PASSWORD, Browser, Front, number_of, words

TITLE = "远山三号总体方案"


def local(at: Instant) -> str:
    """An instant as a form takes it."""
    return moment(at, SCHEME.timezone).strftime("%Y-%m-%dT%H:%M:%S.%f")


def beside(who: str) -> dict[str, str]:
    """Another person who signs at the same desk."""
    return {"cosign.0.number": number_of(who), "cosign.0.password": PASSWORD}


def entered(browser: Browser, address: str, **fields: Any) -> tuple[int, str]:
    """Send a form; gives the matter and the act's number."""
    answer = browser.send(address, **fields)
    assert answer.status_code == 303, words(answer.text)
    found = re.fullmatch(r"/matters/(\d+)\?done=([A-Z]+-2026-\d+)", answer.headers["location"])
    assert found, answer.headers["location"]
    return int(found[1]), found[2]


def printed(browser: Browser, act: str) -> str:
    """The words of an act's paper."""
    answer = browser.get(f"/acts/{act}/form")
    assert answer.status_code == 200
    return words(answer.text)


def request(carrier: int, **changes: str) -> dict[str, Any]:
    """A filled form: Chen to the ministry and back."""
    legs = (
        ("2026-11-20", "远山院", "部机关", "train", "secure_room", "部机关保密室"),
        ("2026-11-22", "部机关", "远山院", "train", "none", ""),
    )
    names = ("leg_day", "leg_from", "leg_to", "leg_travel", "leg_stay", "leg_stay_at")
    rows = {
        f"itinerary.{at}.{name}": value for at, leg in enumerate(legs) for name, value in zip(names, leg, strict=True)
    }
    plain = {
        "bearer": number_of("chen"),
        "carriers": f"YS-2026-{carrier:05d}",
        "purpose": "方案评审汇报",
        "destination": "部机关",
        "unit": "4",
        "from_at": local(NOW),
        "until_at": local(NOW + 3 * DAY),
        "container": "X-07",
        "leaves_by": "desk",
        "password": PASSWORD,
    }
    return plain | rows | changes


def out(archive: Archive, **changes: Any) -> tuple[Scene, int]:
    """One carrier out under a permit."""
    carrier = archive.carrier()
    permit = a_permit(archive, carrier, **changes).approved()
    permit.lets_out(carrier)
    return permit, carrier


def test_from_the_request_to_the_closed_permit(front: Front) -> None:
    """Given Chen's request, when it is approved, used and confirmed on the pages, then each step has its paper."""
    carrier = front.archive.carrier()
    chen, clerk = front.signed_in("chen"), front.signed_in("clerk")
    matter, act = entered(chen, "/business/new/carrying_out", **request(carrier))
    paper = printed(chen, act)
    for part in ("Chen Guodong", "部机关", "X-07", "YS-2026-00001", TITLE, "Leg 1"):
        assert part in paper
    entered(chen, f"/matters/{matter}/ask", reason="", password=PASSWORD)
    for who in ("manager", "secrecy"):
        entered(front.signed_in(who), f"/matters/{matter}/approve", note="", password=PASSWORD)
    gone = {"lines": [str(carrier)], "container": "X-07", "password": PASSWORD} | beside("chen")
    _, act = entered(clerk, f"/matters/{matter}/out", **gone)
    assert front.archive.state(carrier).status is Status.CARRIED_OUT
    slip = printed(clerk, act)
    for part in ("Chen Guodong", "Zhou Min", "YS-2026-00001", "(e.1, rule 3)", "(e.2)"):
        assert part in slip
    assert TITLE not in slip, "what travels bears no title"
    board = words(clerk.get("/out").text)
    for part in ("Chen Guodong", "X-07", "YS-2026-00001", "部机关"):
        assert part in board
    assert "X-07" in words(chen.get("/me/holdings").text)
    back = {"lines": [str(carrier)], "brought_by": str(PEOPLE["chen"]), "whole": "1"}
    _, act = entered(clerk, f"/matters/{matter}/back", **back, **beside("chen"))
    assert "YS-2026-00001" in printed(clerk, act)
    assert "X-07" not in words(clerk.get("/out").text)
    told = {
        "kept": ["1"],
        "deviations.0.leg": "2",
        "deviations.0.leg_told": "改乘公务车",
        "straight": "1",
        "confirmed_by": str(PEOPLE["chen"]),
    }
    _, act = entered(clerk, f"/matters/{matter}/confirm", **told, **beside("chen"))
    assert "改乘公务车" in printed(clerk, act)
    page = words(clerk.get(f"/matters/{matter}").text)
    assert "改乘公务车" in page
    assert "Closed" in page
    assert front.archive.books.rebuild_check() == []


def test_what_is_missing_is_told_with_its_clause(front: Front) -> None:
    carrier = front.archive.carrier()
    chen = front.signed_in("chen")
    answer = chen.send("/business/new/carrying_out", **request(carrier, **{"itinerary.0.leg_stay": "home"}))
    assert answer.status_code == 409
    assert "stays at home" in words(answer.text)
    answer = chen.send("/business/new/carrying_out", **request(carrier, until_at=local(NOW + 60 * DAY)))
    assert "e.1" in words(answer.text)
    answer = chen.send("/business/new/carrying_out", **request(carrier, foreign="1"))
    assert "e.3" in words(answer.text)
    answer = chen.send("/business/new/carrying_out", **request(carrier, abroad="1"))
    assert "e.4" in words(answer.text)


def test_letting_out_stays_dashed_until_it_is_approved_and_for_who_approved(front: Front) -> None:
    carrier = front.archive.carrier()
    permit = a_permit(front.archive, carrier).asks().approves("unit")
    clerk = front.signed_in("clerk")
    assert f"/matters/{permit.id}/out" not in clerk.get(f"/matters/{permit.id}").text
    permit.approves("office")
    assert f"/matters/{permit.id}/out" in clerk.get(f"/matters/{permit.id}").text


def passes(front: Front, carrier: int, direction: str, at: Instant, evidence: str = "{}") -> None:
    """The carrier's tag goes by the gate, as the portal concluded."""
    row = {"epc": epc_of(carrier), "place": GATE, "since_at": at - SECOND, "until_at": at, "reads": 7}
    row |= {"reader": "gate", "antenna": 2, "direction": direction, "score": 0.9, "evidence": evidence}
    with front.archive.books.database.writing() as connection:
        connection.execute(STAY.insert().values(row))


def packed(front: Front) -> tuple[Scene, int]:
    """A carrier packed to leave by the portal."""
    carrier = front.archive.carrier()
    permit = a_permit(front.archive, carrier, mode="portal").approved()
    front.archive.borrow(carrier, "chen", 3)
    permit.packs(carrier)
    front.clock.at += 3_600 * SECOND
    return permit, carrier


def test_what_the_portal_heard_is_offered_and_moves_nothing_by_itself(front: Front) -> None:
    """Given a packed carrier, when the portal hears it leave, then the clerk's signature makes it carried out since."""
    permit, carrier = packed(front)
    clerk, page = front.signed_in("clerk"), f"/matters/{permit.id}"
    assert f"{page}/left" not in clerk.get(page).text
    left_at = front.clock.at - 1_800 * SECOND + 123_456
    passes(front, carrier, "out", left_at)
    shown = clerk.get(page).text
    assert f'action="{page}/left"' in shown
    assert front.archive.state(carrier).status is Status.ON_LOAN
    fields = dict(re.findall(r'<input type="hidden" name="(lines|left_at)" value="([^"]+)"', shown))
    entered(clerk, f"{page}/left", **fields, password=PASSWORD)
    state = front.archive.state(carrier)
    assert (state.status, state.since_at) == (Status.CARRIED_OUT, left_at)
    passes(front, carrier, "in", front.clock.at)
    shown = words(clerk.get(page).text)
    assert "not taken back yet" in shown
    assert front.archive.state(carrier).status is Status.CARRIED_OUT


@pytest.mark.parametrize("heard", ["nothing", "in again", "taken back", "before it was packed", "another time"])
def test_nothing_is_entered_as_left_that_no_portal_says(front: Front, heard: str) -> None:
    permit, carrier = packed(front)
    left_at = front.clock.at - 1_800 * SECOND
    if heard != "nothing":
        at = front.clock.at - 2 * DAY if heard == "before it was packed" else left_at
        passes(front, carrier, "out", at)
    if heard == "in again":
        passes(front, carrier, "in", left_at + 60 * SECOND)
    if heard == "taken back":
        # The radio's second thought: what it had taken for a way out was none.
        passes(front, carrier, "unknown", left_at, '{"revises": "out"}')
    said = left_at if heard != "another time" else left_at - 900 * SECOND
    program = front.program("clerk")
    answer = program.call(f"/matters/{permit.id}/left", lines=[carrier], left_at=said, password=PASSWORD)
    assert answer.status_code in (404, 409, 422), answer.text
    assert front.archive.state(carrier).status is Status.ON_LOAN


def test_a_permit_is_prolonged_from_its_own_page(front: Front) -> None:
    permit, carrier = out(front.archive)
    clerk = front.signed_in("clerk")
    assert f"/business/new/carrying_out?prolongs={permit.id}" in clerk.get(f"/matters/{permit.id}").text
    fields = request(carrier, prolongs=str(permit.id), until_at=local(NOW + 6 * DAY))
    matter, _ = entered(clerk, "/business/new/carrying_out", **fields)
    new = Scene(front.archive, matter).asks().approves("unit", "office")
    _, act = entered(clerk, f"/matters/{matter}/stay_out", lines=[str(carrier)], password=PASSWORD)
    assert front.archive.state(carrier).due_at == NOW + 6 * DAY
    assert new.matter.number in words(clerk.get(f"/matters/{permit.id}").text)
    assert new.matter.number in printed(clerk, act)


def test_lost_on_the_way_opens_its_enquiry(front: Front) -> None:
    permit, carrier = out(front.archive)
    clerk = front.signed_in("clerk")
    fields = {"lines": [str(carrier)], "circumstances": "车站被盗", "password": PASSWORD}
    answer = clerk.send(f"/matters/{permit.id}/lost", **fields)
    assert answer.status_code == 303, words(answer.text)
    assert front.archive.state(carrier).status is Status.DECLARED_LOST
    assert permit.line(carrier).state == "lost"
    with front.archive.books.database.reading() as connection:
        assert carrier in open_losses(connection, [carrier])


def test_the_board_shows_overdue_first_and_only_what_may_be_seen(front: Front) -> None:
    later, second = out(front.archive)
    legs = (leg(),)
    permit, first = out(front.archive, until_at=NOW + DAY, itinerary=legs)
    front.clock.at += 2 * DAY
    clerk, ma = front.signed_in("clerk"), front.signed_in("ma")
    board = words(clerk.get("/out").text)
    assert "Overdue" in board
    assert board.index(permit.matter.number) < board.index(later.matter.number)
    assert f"YS-2026-{second:05d}" in board
    assert f"YS-2026-{first:05d}" not in words(ma.get("/out").text)
    assert permit.matter.number not in words(ma.get("/out").text)


def test_by_rest_the_same(front: Front) -> None:
    carrier = front.archive.carrier()
    permit = a_permit(front.archive, carrier).approved()
    program = front.program("clerk")
    answer = program.call(
        f"/matters/{permit.id}/out",
        lines=[carrier],
        container="X-07",
        password=PASSWORD,
        cosignatures=[{"number": number_of("chen"), "password": PASSWORD}],
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["matter"] == permit.id
    answer = program.call(
        f"/matters/{permit.id}/back",
        lines=[carrier],
        brought_by=str(PEOPLE["chen"]),
        pages_counted=12,
        password=PASSWORD,
        cosignatures=[{"number": number_of("chen"), "password": PASSWORD}],
    )
    assert answer.status_code == 201, answer.text
    assert front.archive.state(carrier).status is Status.IN_PLACE


@pytest.mark.parametrize(("number", "size"), [(2, "A5"), (3, "A4")])
def test_the_permit_that_travels_bears_no_title_on_either_paper(front: Front, number: int, size: str) -> None:
    carriers = front.archive.carriers(number)
    permit = a_permit(front.archive, *carriers).approved()
    act = permit.lets_out(*carriers).act
    answer = front.program("clerk").get(f"/api/v1/acts/{act}/form")
    assert f'"size":"{size}"' in answer.text.replace(" ", "")
    assert TITLE not in answer.text
    for one in carriers:
        assert f"YS-2026-{one:05d}" in answer.text
