"""Reminders before anything is wrong: sent to whom they concern, once, and never with a title."""

from custody.access import Role
from custody.entries.circulation import Recalled, Renewed
from reconcile.reminders import send_reminders
from tests.builders import CLERK, PEOPLE, READING, SCHEME
from tests.custody.circulation.scene import a_circulation, to_read, to_reader
from tests.reconcile.findings.scene import Scene


def remind(scene: Scene) -> int:
    """What the schedule does every ten minutes."""
    return send_reminders(scene.database, SCHEME, scene.now)


def told(scene: Scene, who: str) -> list[str]:
    """The reminders in somebody's inbox, in order."""
    return [notice.kind for notice in scene.inbox(who)][::-1]


def test_c_5_remind__before_the_due_day_and_on_it_once_each(scene: Scene) -> None:
    # Given a loan of five days, to somebody with an account
    scene.account("chen", Role.BORROWER)
    carrier = scene.archive.carrier()
    scene.archive.borrow(carrier, "chen", days=5)
    # When the days go by, the reminders being sent several times a day
    seen = {}
    for day in range(7):
        remind(scene)
        remind(scene)
        seen[day] = told(scene, "chen")
        scene.ticking.days(1)
    # Then the holder was told two days before, and on the day; each once, by number
    assert seen == {
        0: [],
        1: [],
        2: [],
        3: ["due_soon"],
        4: ["due_soon"],
        5: ["due_soon", "due_today"],
        6: ["due_soon", "due_today"],
    }
    first = scene.inbox("chen")[-1]
    assert (first.carrier, first.number, first.due_at) == (
        carrier,
        f"YS-2026-{carrier:05d}",
        scene.archive.state(carrier).due_at,
    )


def test_c_5_remind__the_clerk_and_the_manager_of_the_unit_see_how_many_are_due(scene: Scene) -> None:
    # Given three loans of planning's and one of research's, due tomorrow, and one due in a week
    for unit, number, days in ((3, 3, 1), (4, 1, 1), (3, 1, 7)):
        for carrier in scene.archive.carriers(number, unit=unit):
            scene.archive.borrow(carrier, "sun", days=days)
    # When the reminders are sent, all day long
    remind(scene)
    scene.wait(3_600)
    remind(scene)
    # Then each is told the number of his units, once
    assert [(n.kind, n.count) for n in scene.inbox("clerk")] == [("loans_due", 4)]
    assert [(n.kind, n.count) for n in scene.inbox("manager")] == [("loans_due", 3)]
    assert told(scene, "secrecy") == []


def test_c_5_remind__a_recall_reaches_the_holder_at_once(scene: Scene) -> None:
    scene.account("chen", Role.BORROWER)
    carrier = scene.archive.carrier()
    scene.archive.borrow(carrier, "chen", days=14)
    remind(scene)
    assert told(scene, "chen") == []
    scene.archive.enter(CLERK, [Recalled(carrier, scene.archive.due(6), "另有急用")], "recall")
    remind(scene)
    remind(scene)
    assert told(scene, "chen") == ["recalled"]
    # And past its day it is overdue like any other, and he is told that too
    scene.ticking.days(7)
    remind(scene)
    assert len(scene.check("overdue_loan").opened) == 1
    assert told(scene, "chen") == ["recalled", "opened"]


def test_c_5_remind__a_later_day_is_another_reminder(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    scene.account("chen", Role.BORROWER)
    carrier = scene.archive.carrier()
    scene.archive.borrow(carrier, "chen", days=3)
    scene.ticking.days(2)
    remind(scene)
    scene.archive.enter(CLERK, [Renewed(carrier, scene.archive.due(10), "课题未结束")], "renew")
    remind(scene)
    assert told(scene, "chen") == ["due_soon"]
    scene.ticking.days(9)
    remind(scene)
    assert told(scene, "chen") == ["due_soon", "due_soon"]


def test_on_the_day_of_the_loan_nothing_is_said(sqlite_scene: Scene) -> None:
    # Given somebody who reads in the room until this evening, and a reader of a circulation until tomorrow
    scene = sqlite_scene
    for who in ("chen", "sun"):
        scene.account(who, Role.BORROWER)
    here, folder = scene.archive.carriers(2)
    scene.archive.enter(CLERK, [to_read(scene.archive, here, "chen", READING)], "read", "chen")
    matter = a_circulation(scene.archive, folder)
    to_reader(scene.archive, matter, folder, "sun", days=1)
    remind(scene)
    assert told(scene, "chen") == told(scene, "sun") == []
    # When it is tomorrow, the leg of the circulation is due today
    scene.ticking.days(1)
    remind(scene)
    assert told(scene, "sun") == ["due_today"]


def test_who_has_no_account_has_no_inbox_and_a_title_is_in_none(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    scene.account("sun", Role.BORROWER)
    for who in ("chen", "sun"):
        scene.archive.borrow(scene.archive.carrier(title="绝不外传的标题"), who, days=2)
    scene.ticking.days(1)
    remind(scene)
    assert [n.kind for n in scene.inbox("sun")] == ["due_soon"]
    assert scene.notices_of(PEOPLE["chen"]) == 0
    assert "标题" not in repr([scene.inbox(who) for who in ("sun", "clerk")])
