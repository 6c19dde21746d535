"""Runs of the checks over real tables, on both engines: opened once, kept, cleared by themselves, or never."""

import threading

import pytest
from sqlalchemy import func, select

from custody.access import Role
from custody.database import Database
from custody.entries import Moved, TagBound, TagRetired
from custody.values import SECOND, Tag
from reconcile.checks import KINDS
from reconcile.findings import run_checks
from reconcile.notices import inbox
from reconcile.store.core import FINDING, READER
from tests.builders import (
    CLERK,
    CORRIDOR,
    LOW_SHELF,
    NOW,
    PEOPLE,
    READING,
    SCHEME,
    SECRECY_OFFICE,
    SHELF,
    SHELF_2,
    epc_of,
    subject,
)
from tests.reconcile.findings.scene import GROUNDS, Scene

CABINET, STORE = 4, 3


def minutes(number: float) -> float:
    """In seconds."""
    return number * 60


def a_carrier(scene: Scene, **changes: object) -> int:
    """A carrier taken in an hour ago."""
    carrier = scene.archive.carrier(**changes)
    scene.wait(minutes(60))
    return carrier


def test_a_register_that_agrees_has_no_findings(scene: Scene) -> None:
    # Given carriers on a shelf that is listened to, each heard there
    for carrier in scene.archive.carriers(5):
        scene.heard(carrier, SHELF, seconds=0)
    scene.wait(minutes(10))
    for carrier in range(1, 6):
        scene.heard(carrier, SHELF, seconds=minutes(10))
    scene.listening(SHELF, seconds=minutes(10))
    # When the stories are compared, then nothing is found, and nothing written
    assert not scene.check()
    assert scene.found(state="all") == []


def test_c_5_detect__missing_opens_once_and_clears_when_heard_again(scene: Scene) -> None:
    # Given a carrier in place on a covered shelf, silent for six minutes
    carrier = a_carrier(scene)
    scene.listening(SHELF, seconds=minutes(6))
    # When the checks run, twice
    opened = scene.check().opened
    assert scene.check() == type(scene.check())()
    # Then one finding is open, numbered by the year, with the coverage it stands on
    item = scene.only()
    assert opened == (item.line.number,) == ("F-2026-0001",)
    assert item.line.kind == "missing"
    assert item.line.place == SHELF
    assert item.line.owner == PEOPLE["clerk"]
    assert item.line.due_at == scene.now + KINDS["missing"].due_after_seconds * SECOND
    assert item.line.evidence["coverage"]["antennas"] == ["reader-5-place/1"]
    # And when it is heard there again, it clears by itself and says why
    scene.wait(30)
    scene.heard(carrier, SHELF)
    assert scene.check().cleared == opened
    assert scene.found() == []
    assert (scene.only(state="closed").line.state, scene.only(state="closed").line.resolution) == (
        "cleared",
        "heard_in_place",
    )


def test_a_dead_reader_makes_no_carrier_missing_and_ends_no_absence(scene: Scene) -> None:
    # Given one carrier found missing, and one heard until the reader died
    gone, there = scene.archive.carriers(2)
    scene.wait(minutes(60))
    scene.listening(SHELF, seconds=minutes(20))
    scene.heard(there, SHELF, seconds=minutes(20))
    assert len(scene.check("missing").opened) == 1
    # When the reader is dead for hours
    scene.wait(minutes(300))
    # Then nothing more is missing, and the absence that was seen still stands
    assert not scene.check("missing")
    assert scene.only(kind="missing").line.carrier == gone
    # And a reader that has just come back cannot say either
    scene.listening(SHELF, seconds=60)
    assert not scene.check("missing")


def test_what_is_covered_only_by_a_part_of_its_antennas_is_not_covered(scene: Scene) -> None:
    # Given a cabinet of two shelves, a carrier in the cabinet, one shelf listened to
    a_carrier(scene, place=CABINET)
    scene.listening(SHELF, seconds=minutes(20))
    assert not scene.check("missing")
    # When the other listens too, the cabinet is covered; the shelf shorter listened to counts
    scene.listening(SHELF_2, seconds=minutes(4))
    assert not scene.check("missing")
    scene.listening(SHELF_2, seconds=minutes(6))
    assert len(scene.check("missing").opened) == 1


def test_a_coarser_antenna_covers_and_agrees(scene: Scene) -> None:
    # Given an antenna for the whole store; of two carriers on a shelf in it one is heard in the store
    heard, silent = scene.archive.carriers(2)
    scene.wait(minutes(60))
    scene.listening(STORE, seconds=minutes(20))
    scene.heard(heard, STORE, seconds=minutes(20))
    scene.check()
    assert scene.only().line.carrier == silent


def test_a_glimpse_at_home_speaks_against_an_absence(scene: Scene) -> None:
    # Given a carrier whose presence the fold does not believe anywhere, but which its shelf's antenna heard
    carrier = a_carrier(scene)
    scene.listening(SHELF, seconds=minutes(20))
    scene.sighting(carrier, SHELF, seconds_ago=minutes(2))
    scene.heard(carrier, SHELF_2, strength="unconfirmed")
    assert not scene.check("missing")
    scene.wait(minutes(4))
    scene.listening(SHELF, seconds=minutes(24))
    assert len(scene.check("missing").opened) == 1


def test_misplaced_follows_what_the_books_and_the_radio_say_next(scene: Scene) -> None:
    # Given a carrier lying two minutes on the other shelf
    carrier = a_carrier(scene)
    scene.heard(carrier, SHELF_2, seconds=minutes(2))
    scene.listening(SHELF_2, seconds=minutes(20))
    opened = scene.check().opened
    assert scene.kinds() == ["misplaced"]
    # When the radio hears it nowhere for sure, the contradiction is not known to be over
    scene.heard(carrier, SHELF_2, strength="unconfirmed")
    assert not scene.check("misplaced")
    # When the books follow, it is
    scene.archive.books.enter(CLERK, [Moved(carrier, SHELF_2)], act="move")
    scene.heard(carrier, SHELF_2, seconds=minutes(4))
    assert scene.check("misplaced").cleared == opened
    assert scene.only(state="closed").line.resolution == "stories_agree"


def test_what_its_shelf_does_not_hear_and_another_store_does_is_misplaced_until_nobody_hears_it(scene: Scene) -> None:
    # Given a carrier heard for two minutes on the other shelf, uncertain whether there or beside, its own being silent
    carrier = a_carrier(scene)
    scene.listening(SHELF, seconds=minutes(20))
    scene.listening(SHELF_2, seconds=minutes(20))
    scene.heard(carrier, SHELF_2, seconds=minutes(2), strength="unconfirmed")
    misplaced = scene.check().opened
    assert (len(misplaced), scene.kinds()) == (1, ["misplaced"])
    assert not scene.check()
    # When nobody hears it for five minutes more, it is missing, and not misplaced any more
    scene.wait(minutes(6))
    scene.listening(SHELF, seconds=minutes(26))
    scene.listening(SHELF_2, seconds=minutes(26))
    scene.check()
    assert scene.check().cleared == misplaced
    assert scene.kinds() == ["missing"]


def test_misplaced_in_the_shop_then_gone_from_it(scene: Scene) -> None:
    carrier = a_carrier(scene)
    scene.heard(carrier, SHELF_2, seconds=minutes(2))
    scene.check()
    scene.heard(carrier, READING, seconds=minutes(2))
    run = scene.check()
    assert (len(run.opened), len(run.cleared)) == (1, 1)
    assert scene.kinds() == ["gone_not_lent"]


def test_c_5_detect__gone_not_lent_until_it_is_lent(scene: Scene) -> None:
    # Given a carrier in place on the books, heard in the reading room
    carrier = a_carrier(scene)
    scene.heard(carrier, READING, seconds=59)
    assert not scene.check()
    scene.heard(carrier, READING, seconds=60)
    assert len(scene.check().opened) == 1
    # When it is lent, the finding clears
    scene.archive.borrow(carrier, "chen")
    scene.check()
    assert scene.found() == []
    assert scene.only(state="closed").line.resolution == "status_changed"


def test_c_2_detect__read_in_a_place_not_rated_for_it(scene: Scene) -> None:
    # Given a secret carrier on loan, heard in the corridor, which is rated for nothing
    carrier = a_carrier(scene)
    scene.archive.borrow(carrier, "chen")
    scene.wait(minutes(1))
    scene.heard(carrier, CORRIDOR, seconds=19)
    assert not scene.check("used_in_unprotected_place")
    scene.heard(carrier, CORRIDOR, seconds=20)
    scene.check("used_in_unprotected_place")
    item = scene.only()
    assert (item.line.kind, item.line.clause, item.line.urgency) == ("used_in_unprotected_place", "c.2", 0)
    assert item.line.owner == PEOPLE["secrecy"]
    # When it is in the reading room, which is rated secret, it clears
    scene.heard(carrier, READING, seconds=5)
    scene.check()
    assert scene.only(state="closed").line.resolution == "place_rated_now"


def test_f_2_detect__lying_where_its_level_is_not_kept(scene: Scene) -> None:
    # Given a secret carrier on the shelf that is rated confidential, and a confidential one beside it
    secret, confidential = a_carrier(scene), a_carrier(scene, level="confidential", place=LOW_SHELF)
    scene.heard(secret, LOW_SHELF, seconds=30)
    scene.heard(confidential, LOW_SHELF, seconds=30)
    scene.check()
    item = scene.only()
    assert (item.line.carrier, item.line.kind, item.line.clause) == (secret, "place_rated_too_low", "f.2")


def test_c_5_detect__back_in_store_but_not_returned(scene: Scene) -> None:
    # Given a carrier on loan, lying in the store again
    carrier = a_carrier(scene)
    scene.archive.borrow(carrier, "chen")
    scene.wait(minutes(60))
    scene.heard(carrier, SHELF, seconds=minutes(9))
    assert not scene.check()
    scene.heard(carrier, SHELF, seconds=minutes(10))
    scene.check()
    item = scene.only()
    assert (item.line.kind, item.line.person) == ("in_store_on_loan", PEOPLE["chen"])
    # When the return is recorded, it clears
    scene.archive.give_back(carrier)
    scene.check()
    assert scene.only(state="closed").line.resolution == "status_changed"


def test_c_5_detect__lent_a_moment_ago_and_still_on_the_shelf_is_no_contradiction(scene: Scene) -> None:
    carrier = a_carrier(scene)
    scene.archive.borrow(carrier, "chen")
    scene.wait(minutes(9))
    scene.heard(carrier, SHELF, seconds=minutes(600))
    assert not scene.check()


def test_c_5_remind__overdue_opens_escalates_and_clears_on_return(scene: Scene) -> None:
    # Given a loan whose last day is over
    carrier = a_carrier(scene)
    scene.archive.borrow(carrier, "chen", days=1)
    scene.ticking.days(1)
    assert not scene.check()
    scene.ticking.days(1)
    opened = scene.check().opened
    item = scene.only()
    assert (item.line.kind, item.line.person, item.line.owner) == (
        "overdue_loan",
        PEOPLE["chen"],
        PEOPLE["clerk"],
    )
    # When nobody acts in time, it goes to the secrecy office, once
    scene.ticking.days(1.1)
    assert scene.check().escalated == opened
    assert scene.only().line.owner == PEOPLE["secrecy"]
    with scene.database.reading() as connection:
        assert [n.kind for n in inbox(connection, SECRECY_OFFICE)] == ["escalated"]
    scene.ticking.days(9)
    assert not scene.check()
    # When it comes back, it clears
    scene.archive.give_back(carrier)
    assert scene.check().cleared == opened


def test_e_1_detect__an_alarm_a_suspicion_and_a_quiet_passage(scene: Scene) -> None:
    # Given four carriers at the gate
    sure, doubtful, glimpsed, inward = scene.archive.carriers(4)
    scene.wait(60)
    scene.passes(sure, "out", 0.9)
    scene.passes(doubtful, "out", 0.5)
    scene.passes(glimpsed, "unknown", 0.1)
    scene.passes(inward, "in", 0.9)
    scene.check()
    found = {item.line.carrier: item.line.kind for item in scene.found()}
    assert found == {sure: "unauthorised_removal", doubtful: "suspected_removal"}
    alarm = next(i for i in scene.found() if i.line.carrier == sure)
    assert (alarm.line.urgency, alarm.line.clause, alarm.line.owner) == (0, "e.1", PEOPLE["secrecy"])
    assert alarm.line.evidence["parts"] == {"model": "portal-1"}


def test_e_1_detect__a_removal_stays_open_whatever_the_radio_says_next(scene: Scene) -> None:
    carrier = a_carrier(scene)
    scene.passes(carrier)
    scene.heard(carrier, GROUNDS, strength="probable")
    scene.check()
    scene.wait(minutes(60))
    scene.heard(carrier, SHELF, seconds=minutes(30))
    assert not scene.check()
    assert scene.kinds() == ["unauthorised_removal"]
    # And each passage is told once: the same one not again, the next one again
    scene.passes(carrier)
    assert len(scene.check().opened) == 1
    assert scene.kinds() == ["unauthorised_removal"] * 2


def test_e_1_detect__what_left_is_one_finding_not_four(scene: Scene) -> None:
    # Given a shelf that is listened to, its carrier carried out of the house
    carrier = a_carrier(scene)
    scene.listening(SHELF, seconds=minutes(30))
    scene.passes(carrier, seconds_ago=minutes(20))
    scene.heard(carrier, GROUNDS, seconds=minutes(20), strength="probable")
    scene.check()
    scene.check()
    assert scene.kinds() == ["unauthorised_removal"]


def test_e_1_detect__two_tags_of_one_carrier_are_one_removal(scene: Scene) -> None:
    carrier = a_carrier(scene)
    scene.archive.books.enter(CLERK, [TagBound(carrier, Tag(epc_of(9_999)))], act="tag")
    scene.passes(carrier, tag=0)
    scene.check()
    scene.passes(carrier, tag=1)
    assert not scene.check().opened
    assert scene.kinds() == ["unauthorised_removal"]


def test_e_1_detect__a_second_thought_about_one_crossing_is_evidence_not_a_second_finding(scene: Scene) -> None:
    carrier = a_carrier(scene)
    scene.passes(carrier, "out", 0.9)
    scene.check()
    scene.passes(carrier, "unknown", 0.5)
    assert not scene.check().opened
    assert scene.kinds() == ["unauthorised_removal"]


def test_e_1_detect__a_late_passage_is_judged_by_the_books_of_its_time(scene: Scene) -> None:
    # Given a carrier taken in at noon, whose tag went out in the morning, before anybody had registered it
    carrier = scene.archive.carrier()
    scene.passes(carrier, seconds_ago=3_600)
    assert not scene.check().opened
    assert scene.found(state="all") == []


def test_a_tag_of_our_block_that_nobody_bears(scene: Scene) -> None:
    # Given three tags on the shelf: ours, heard twice; ours, heard once; somebody else's
    ours, once, foreign = epc_of(70_001), epc_of(70_002), "E28011700000020F1234ABCD"
    for epc, reads in ((ours, 2), (once, 1), (foreign, 9)):
        scene.heard(epc, SHELF)
        scene.sighting(epc, SHELF, reads=reads)
    opened = scene.check("unknown_tag").opened
    item = scene.only()
    assert (item.line.kind, item.line.epc, item.carrier) == ("unknown_tag", ours, None)
    assert not scene.check("unknown_tag")
    # When it is bound, it clears
    carrier = scene.archive.carrier(tagged=False)
    scene.archive.books.enter(CLERK, [TagBound(carrier, Tag(ours))], act="tag")
    assert scene.check("unknown_tag").cleared == opened
    assert scene.only(state="closed").line.resolution == "tag_bound"


def test_a_tag_taken_off_is_known(scene: Scene) -> None:
    carrier = scene.archive.carrier()
    (epc,) = scene.epcs(carrier)
    scene.archive.books.enter(CLERK, [TagRetired(carrier, epc, "坏了")], act="tag")
    scene.heard(epc, SHELF_2, seconds=minutes(10))
    scene.sighting(epc, SHELF_2, reads=9)
    assert not scene.check()


def test_a_reader_falls_silent_and_listens_again(scene: Scene) -> None:
    scene.listening(SHELF, seconds=600, until_seconds_ago=45)
    assert not scene.check("reader_silent")
    scene.wait(1)
    opened = scene.check("reader_silent").opened
    item = scene.only()
    assert (item.line.kind, item.line.reader, item.line.colour) == ("reader_silent", "reader-5-place", "hatch")
    assert not scene.check("reader_silent")
    scene.listening(SHELF, seconds=2)
    assert scene.check("reader_silent").cleared == opened
    assert scene.only(state="closed").line.resolution == "listening_again"


def test_a_silent_reader_taken_out_of_use_is_no_longer_found(scene: Scene) -> None:
    scene.listening(SHELF, seconds=600, until_seconds_ago=60)
    opened = scene.check("reader_silent").opened
    with scene.database.writing() as connection:
        connection.execute(READER.update().values(enabled=False))
    assert scene.check("reader_silent").cleared == opened


def test_two_servers_at_once_open_one_finding_each_contradiction(scene: Scene, database: Database) -> None:
    # Given ten overdue loans and ten alarms
    lent = scene.archive.carriers(10)
    scene.wait(60)
    for carrier in lent:
        scene.archive.borrow(carrier, "manager", days=1)
        scene.passes(carrier)
    scene.ticking.days(3)
    runs = []
    threads = [threading.Thread(target=lambda: runs.append(run_checks(database, SCHEME, scene.now))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Then each was opened once, by one of them
    assert len(runs) == 4
    assert sorted(number for run in runs for number in run.opened) == sorted(item.line.number for item in scene.found())
    assert scene.kinds() == ["overdue_loan"] * 10 + ["unauthorised_removal"] * 10


def test_a_kind_that_is_not_known_is_refused(scene: Scene) -> None:
    with pytest.raises(ValueError, match="no such kind of finding: lost"):
        scene.check("lost")


def test_the_owner_is_the_narrowest_clerk_who_may_know(scene: Scene) -> None:
    # Given a clerk of planning who is cleared to nothing, and the registry's clerk for the house
    scene.account("he", Role.CLERK, 3)
    scene.account("sun", Role.CLERK, 4)
    carriers = [a_carrier(scene, unit=3), a_carrier(scene, unit=4), a_carrier(scene, unit=4, level="top_secret")]
    for carrier in carriers:
        scene.heard(carrier, SHELF_2, seconds=minutes(2))
    scene.check("misplaced")
    owners = {item.line.carrier: item.line.owner for item in scene.found()}
    assert owners == dict(zip(carriers, (PEOPLE["clerk"], PEOPLE["sun"], PEOPLE["clerk"]), strict=True))


def test_notices_go_to_whom_the_finding_concerns_and_carry_no_title(scene: Scene) -> None:
    carrier = a_carrier(scene, title="绝不外传的标题", unit=3)
    scene.passes(carrier)
    scene.listening(SHELF, seconds=600, until_seconds_ago=60)
    scene.check("unauthorised_removal", "reader_silent")
    people = {
        "secrecy": ["unauthorised_removal"],
        "clerk": ["reader_silent", "unauthorised_removal"],
        "manager": ["unauthorised_removal"],
        "admin": ["reader_silent"],
        "chen": [],
    }
    with scene.database.reading() as connection:
        for who, expected in people.items():
            notices = inbox(connection, subject(who, Role.BORROWER))
            assert sorted(n.finding_kind for n in notices) == expected, who
            assert "标题" not in repr(notices)


def test_a_round_over_a_register_that_agrees_writes_nothing(scene: Scene) -> None:
    carriers = scene.archive.carriers(300)
    for carrier in carriers[:3]:
        scene.heard(carrier, SHELF)
    before = scene.now
    scene.check()
    with scene.database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(FINDING)) == 0
    assert before == NOW
