"""The borrower's badge as confirmation of identity: once, at this reader, for some seconds, and for nothing else."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from custody.entries import Borrowed, Returned, Signature, signed_text, text_hash
from custody.entries.badges import BadgeWithdrawn
from custody.rules import BADGE_ALONE, Refused
from custody.scheme import Scheme
from custody.store import queries
from reconcile.store import devices
from reconcile.store.core import BADGE_USE, READER_SETUP
from reconcile.store.taps import TapUsed
from tests.builders import CLERK, PEOPLE, epc_of
from tests.web.books.test_acts import state
from tests.web.desk.scene import CHEN_BADGE, DESK, LOST_BADGE, SUN_BADGE, TOKEN, Desk, Page, a_desk
from tests.web.desk.test_live_desk import page_of, refusals
from tests.web.front import PASSWORD, Front

CHEN = PEOPLE["chen"]


@pytest.fixture
def desk(front: Front) -> Desk:
    """A desk with a reader."""
    return a_desk(front)


def before_signing(desk: Desk, *uids: str) -> tuple[Page, int]:
    """A carrier on the desk, Chen before it; the first tap is too old by now to sign."""
    carrier = desk.front.archive.carrier()
    page = page_of(desk)
    desk.tap(CHEN_BADGE, epc_of(carrier))
    desk.wait(31)
    if uids:
        desk.tap(*uids)
    return page.press(), carrier


def with_badge(desk: Desk, rule: str) -> None:
    """The scheme says what a badge counts for."""
    services = desk.front.app.state.services
    scheme: Scheme = replace(services.scheme, badge=rule)
    desk.front.app.state.services = replace(services, scheme=scheme)
    desk.front.archive.books.scheme = scheme


def last_signature(desk: Desk, carrier: int) -> Signature:
    with desk.front.archive.books.database.reading() as connection:
        entry = queries.entries_of(connection, CLERK, carrier)[-1]
    assert isinstance(entry.fact, Borrowed)
    return entry.signatures[0]


def test_c_5_record__a_tap_of_the_borrowers_badge_signs_and_its_reader_and_time_are_kept(desk: Desk) -> None:
    page, carrier = before_signing(desk, CHEN_BADGE)
    assert "Confirmed by badge, for 30 s and one act" in page.said
    tapped_at = desk.front.clock()
    desk.wait(5)
    page.press("borrow")
    signed = last_signature(desk, carrier)
    assert (signed.person, signed.means, signed.at) == (CHEN, "badge", tapped_at)
    with desk.front.archive.books.database.reading() as connection:
        (used,) = connection.execute(select(BADGE_USE)).all()
    assert (used.person, used.uid, used.reader, used.tapped_at) == (CHEN, CHEN_BADGE, DESK, tapped_at)


def test_c_5_record__no_other_tap_signs_and_the_attempt_is_kept(desk: Desk) -> None:
    """Too old, another's, nobody's: each would be a tap of the borrower's badge just now, and is not."""
    page, carrier = before_signing(desk)
    for uids in ((), (SUN_BADGE,), (LOST_BADGE,)):
        if uids:
            desk.tap(*uids)
        page.press("borrow")
        assert page.status == 422
        assert "The badge was held here more than 30 s ago" in page.said
        assert state(desk.front, carrier)[0] == "in_place"
    assert refusals(desk) == [("c.5", "signature_missing")]
    desk.tap(CHEN_BADGE)
    page.press("borrow")
    assert state(desk.front, carrier)[2] == CHEN, "nothing else stood against it"


def test_c_5_record__one_tap_signs_one_act(desk: Desk) -> None:
    page, _first = before_signing(desk, CHEN_BADGE)
    page.press("borrow")
    second = desk.front.archive.carrier()
    desk.tap(epc_of(second))
    page.press()
    assert "Hold the badge to this reader to sign" in page.said or "more than 30 s ago" in page.said
    page.press("borrow")
    assert page.status == 422
    assert state(desk.front, second)[0] == "in_place"
    desk.tap(CHEN_BADGE)
    page.press("borrow")
    assert state(desk.front, second)[2] == CHEN


def test_c_5_record__a_withdrawn_badge_signs_nothing(desk: Desk) -> None:
    page, carrier = before_signing(desk, CHEN_BADGE)
    desk.front.archive.enter(CLERK, [BadgeWithdrawn(CHEN, CHEN_BADGE, "lost")], "badge_withdrawal")
    page.press("borrow")
    assert "No valid badge: signed with the password" in page.said
    assert state(desk.front, carrier)[0] == "in_place"
    desk.tap(CHEN_BADGE)
    page.press()
    assert "This badge was withdrawn" in page.said
    page.press("borrow", holder_password=PASSWORD)
    assert last_signature(desk, carrier).means == "password"


def test_c_5_record__a_badge_elsewhere_or_typed_or_told_late_signs_nothing(desk: Desk) -> None:
    page, carrier = before_signing(desk)
    desk.tap(CHEN_BADGE, reader="desk-2")
    desk.tap(CHEN_BADGE, ago=40)
    page.press(scan=CHEN_BADGE)
    assert "Chen Guodong stands here already" in page.said
    page.press("borrow")
    assert state(desk.front, carrier)[0] == "in_place"
    desk.wait(-60)
    desk.tap(CHEN_BADGE, ago=-200)
    desk.wait(60)
    page.press("borrow")
    assert state(desk.front, carrier)[0] == "in_place", "a clock that goes ahead makes no tap younger"


def test_where_the_scheme_wants_the_password_a_badge_alone_signs_nothing(desk: Desk) -> None:
    for rule, means in (("never", "password"), ("with_password", "badge_password")):
        with_badge(desk, rule)
        page, carrier = before_signing(desk, CHEN_BADGE)
        page.press("borrow")
        assert page.status == 422
        assert state(desk.front, carrier)[0] == "in_place"
        page.press("borrow", holder_password=PASSWORD)
        assert last_signature(desk, carrier).means == means
    page, carrier = before_signing(desk)
    page.press("borrow", holder_password=PASSWORD)
    assert state(desk.front, carrier)[0] == "in_place", "where both are wanted, the password alone signs nothing"


def test_a_badge_signs_no_other_act_whoever_asks(desk: Desk) -> None:
    """Given a badge's signature under what is no loan, when it is entered past the page, then it counts for nobody."""
    archive = desk.front.archive
    carrier = archive.carrier()

    def signature(fact: Borrowed, person: int) -> tuple[Signature, ...]:
        return (Signature(person, archive.books.clock(), BADGE_ALONE, text_hash(signed_text([fact]))),)

    mine = Borrowed(carrier, CHEN, archive.due(3))
    assert archive.books.refusals(CLERK, [mine], signatures=signature(mine, CHEN)) == [()]
    both = [mine, Returned(carrier, 5, 12)]
    under = (Signature(CHEN, archive.books.clock(), BADGE_ALONE, text_hash(signed_text(both))),)
    with pytest.raises(Refused):
        archive.books.enter(CLERK, both, act="borrow", signatures=under)
    without = Borrowed(carrier, PEOPLE["zhao"], archive.due(3))
    (said,) = archive.books.refusals(CLERK, [without], signatures=signature(without, PEOPLE["zhao"]))
    assert [(one.clause, one.code) for one in said] == [("c.5", "signature_missing")], "Zhao bears no badge"


def test_of_two_who_use_a_tap_at_once_one_does_and_the_other_enters_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, carrier = before_signing(desk, CHEN_BADGE)

    def used_meanwhile(*_given: object) -> None:
        raise TapUsed

    with monkeypatch.context() as patch:
        patch.setattr("api.web.acts.badges.use_tap", used_meanwhile)
        page.press("borrow")
    assert "This tap signed another act already" in page.said
    assert state(desk.front, carrier)[0] == "in_place"
    page.press("borrow")
    assert state(desk.front, carrier)[2] == CHEN


def test_a_refused_loan_leaves_the_tap_for_the_next(desk: Desk) -> None:
    page, carrier = before_signing(desk, CHEN_BADGE)
    page.press("borrow", due="2027-12-01")
    assert page.status == 409
    page.press("borrow", due="2026-12-01")
    assert state(desk.front, carrier)[2] == CHEN


def test_no_other_device_taps_for_a_reader_that_is_configured_for_one(desk: Desk) -> None:
    with desk.front.archive.books.database.writing() as connection:
        devices.create_device(connection, "edge-gate", devices.token_hash("another token"), desk.front.clock())
        row = {"reader": DESK, "device": "edge-desk"}
        others = {c.name: "" for c in READER_SETUP.c if c.name not in row and not c.nullable and c.default is None}
        connection.execute(READER_SETUP.insert().values(**others, **row))
    page, carrier = before_signing(desk)
    desk.boot = "0b" * 8
    desk.tap(CHEN_BADGE, token="another token")
    page.press("borrow")
    assert state(desk.front, carrier)[0] == "in_place"
    desk.tap(CHEN_BADGE, token=TOKEN)
    page.press("borrow")
    assert state(desk.front, carrier)[2] == CHEN
