"""Deadlines of single carriers: how long in one hand, until when to the archives, until when a secret."""

from custody.entries.circulation import Renewed
from custody.entries.disposition import ArchivingDue
from custody.values import DAY, Period
from reconcile.checks import KINDS
from reconcile.findings import settle
from tests.builders import CLERK, NOW, PEOPLE, SCHEME, SECRECY_OFFICE
from tests.custody.circulation.scene import a_circulation, from_reader, to_reader
from tests.custody.disposition.scenes import approved_change, ask_and_approve, carried_out, handed, transfer_list
from tests.reconcile.findings.scene import Scene

HELD, ARCHIVING, REVIEW = "held_too_long", "archiving_due", "review_due"
LIMIT_DAYS = SCHEME.number("holding_days_max")


def renew(scene: Scene, carrier: int, days: int = 30) -> None:
    """The clerk lets a loan go on."""
    scene.archive.enter(CLERK, [Renewed(carrier, scene.archive.due(days), "课题未结束")], "renew")


def lent_for_long(scene: Scene, carrier: int, who: str = "chen") -> None:
    """Lent for thirty days and renewed twice: to the very limit."""
    scene.archive.borrow(carrier, who, days=30)
    for _ in range(2):
        scene.ticking.days(30)
        renew(scene, carrier)
    scene.ticking.days(LIMIT_DAYS - 60)


def test_f_1_remind__in_one_hand_beyond_the_limit_and_a_renewal_begins_nothing_anew(scene: Scene) -> None:
    # Given a loan renewed twice, ninety days in one hand
    carrier = scene.archive.carrier()
    lent_for_long(scene, carrier)
    assert not scene.check(HELD)
    # When another hour has passed
    scene.wait(3_600)
    opened = scene.check(HELD).opened
    # Then it is found, with whom, and the clerk answers for it
    item = scene.only()
    assert (item.line.kind, item.line.clause, item.line.person) == (HELD, "f.1", PEOPLE["chen"])
    assert item.line.owner == PEOPLE["clerk"]
    assert item.line.happened_at == NOW + LIMIT_DAYS * DAY
    assert not scene.check(HELD)
    # And given back, it clears
    scene.archive.give_back(carrier)
    assert scene.check(HELD).cleared == opened


def test_f_1_remind__the_next_hand_begins_anew(scene: Scene) -> None:
    carrier = scene.archive.carrier()
    lent_for_long(scene, carrier)
    scene.wait(3_600)
    (number,) = scene.check(HELD).opened
    scene.archive.give_back(carrier)
    scene.archive.borrow(carrier, "sun")
    assert scene.check(HELD).cleared == (number,)
    assert scene.found() == []


def test_f_1_remind__a_reader_holds_since_his_leg_began_not_since_the_folder_went_out(sqlite_scene: Scene) -> None:
    # Given a folder that has been round for long
    scene = sqlite_scene
    carrier = scene.archive.carrier()
    matter = a_circulation(scene.archive, carrier)
    to_reader(scene.archive, matter, carrier, "sun")
    scene.ticking.days(9)
    from_reader(scene.archive, matter, carrier, "sun")
    to_reader(scene.archive, matter, carrier, "chen")
    # When the limit has passed since it went out, but not since he has it
    scene.ticking.days(LIMIT_DAYS - 1)
    assert not scene.check(HELD)
    # Then a day later it has passed for him too
    scene.ticking.days(1.1)
    assert len(scene.check(HELD).opened) == 1
    assert scene.only(kind=HELD).line.person == PEOPLE["chen"]


def test_internal_carriers_may_be_kept_longer(sqlite_scene: Scene) -> None:
    carrier = sqlite_scene.archive.carrier(level="internal")
    lent_for_long(sqlite_scene, carrier)
    sqlite_scene.ticking.days(5)
    assert not sqlite_scene.check(HELD)


def test_f_3_remind__not_transferred_to_the_archives_by_its_day(scene: Scene) -> None:
    # Given three carriers to be archived by Sunday: one is transferred in time, one later, one not at all
    archive = scene.archive
    in_time, late, later = archive.carriers(3)
    for carrier in (in_time, late, later):
        archive.enter(CLERK, [ArchivingDue(carrier, "2026-11-22")], "archiving")
    matter = transfer_list(archive, [in_time, late])
    ask_and_approve(archive, matter, "transfer")
    archive.enter(CLERK, [handed(matter, in_time, pages_counted=12)], "transfer", "clerk2")
    scene.ticking.days(2)
    assert not scene.check(ARCHIVING)
    # When that day is over
    scene.ticking.days(1)
    assert len(scene.check(ARCHIVING).opened) == 2
    assert {item.line.carrier for item in scene.found()} == {late, later}
    assert {item.line.clause for item in scene.found()} == {"f.3"}
    # Then the one clears when it is transferred, the other when its day is set anew
    archive.enter(CLERK, [handed(matter, late, pages_counted=12)], "transfer", "clerk2")
    archive.enter(CLERK, [ArchivingDue(later, "2027-01-31", "项目延期")], "archiving")
    assert len(scene.check(ARCHIVING).cleared) == 2
    assert {item.line.resolution for item in scene.found(state="closed")} == {"status_changed", "due_day_changed"}


def test_a_period_that_is_over_is_found_until_something_is_decided(scene: Scene) -> None:
    # Given a carrier whose period ends today, and one that is no state secret
    archive = scene.archive
    carrier = archive.carrier(period=Period("date", "2026-11-20"))
    archive.carrier(level="internal")
    assert not scene.check(REVIEW)
    scene.ticking.days(1)
    # When the day is over
    opened = scene.check(REVIEW).opened
    item = scene.only()
    assert (item.line.kind, item.line.carrier, item.line.owner) == (REVIEW, carrier, PEOPLE["secrecy"])
    # Then a longer period, decided by the authority, clears it
    matter = approved_change(archive, [carrier], "secret", Period("date", "2031-11-20"))
    archive.enter(CLERK, [carried_out(matter, carrier, "secret", Period("date", "2031-11-20"))], "reclassification")
    assert scene.check(REVIEW).cleared == opened
    assert scene.only(state="closed").line.resolution == "period_changed"


def test_settled_by_a_person_a_deadline_is_quiet_for_a_while(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    carrier = scene.archive.carrier()
    lent_for_long(scene, carrier)
    scene.wait(3_600)
    (number,) = scene.check(HELD).opened
    settle(scene.database, scene.archive.books, SECRECY_OFFICE, number, "reminded_in_person", "说好周五", scene.now)
    assert not scene.check(HELD)
    scene.wait(KINDS[HELD].reopen_after_seconds + 1)
    assert len(scene.check(HELD).opened) == 1


def test_of_very_many_at_once_a_person_is_told_in_one_notice(sqlite_scene: Scene) -> None:
    # Given thirty carriers not archived in time
    scene = sqlite_scene
    carriers = scene.archive.carriers(30, archive_by="2026-11-20")
    scene.ticking.days(1)
    assert len(scene.check(ARCHIVING).opened) == len(carriers)
    # Then the clerk finds one notice with their number, and each of them in the list
    (notice,) = scene.inbox("clerk")
    assert (notice.kind, notice.finding_kind, notice.count) == ("opened_many", ARCHIVING, 30)
    assert len(scene.found()) == 30
