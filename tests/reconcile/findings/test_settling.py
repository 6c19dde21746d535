"""What people do about findings: every act an event, settling also an entry in the books; nothing else closes them."""

import json

import pytest

from custody.access import Grant, Role
from custody.entries import FindingSettled, decode
from custody.rules import NotFound, Refused
from custody.store.books import bodies
from reconcile.checks import KINDS
from reconcile.findings import acknowledge, escalate, explain, finding, settle
from reconcile.notices import inbox, mark_read, unread
from tests.builders import CLERK, PEOPLE, SCHEME, SECRECY_OFFICE, SHELF, SHELF_2, subject
from tests.reconcile.findings.scene import Scene


def a_removal(scene: Scene) -> str:
    """A carrier left by the gate; the number of its finding."""
    carrier = scene.archive.carrier()
    scene.wait(60)
    scene.passes(carrier)
    (number,) = scene.check("unauthorised_removal").opened
    return number


def a_misplaced(scene: Scene) -> tuple[str, int]:
    """A carrier lies on the other shelf; the number of its finding, and the carrier."""
    carrier = scene.archive.carrier()
    scene.wait(3_600)
    scene.heard(carrier, SHELF_2, seconds=120)
    scene.listening(SHELF_2, seconds=120)
    (number,) = scene.check("misplaced").opened
    return number, carrier


def history(scene: Scene, number: str) -> list[tuple[str, int | None, str]]:
    """What was done, by whom, with which words."""
    with scene.database.reading() as connection:
        detail = finding(connection, SECRECY_OFFICE, number, scene.now)
    return [(step.what, step.by, step.note) for step in detail.history]


def test_an_event_is_closed_by_a_person_with_a_reason_and_by_nothing_else(scene: Scene) -> None:
    number = a_removal(scene)
    books, now = scene.archive.books, scene.now
    # Given that nobody closes it without a reason, or as something that its kind does not know
    with pytest.raises(Refused, match="text_missing"):
        settle(scene.database, books, SECRECY_OFFICE, number, "brought_back", "  ", now)
    with pytest.raises(Refused, match="resolution_unknown"):
        settle(scene.database, books, SECRECY_OFFICE, number, "by_eye_in_place", "在架", now)
    assert scene.only().line.number == number
    # When the secrecy office does
    act = settle(scene.database, books, SECRECY_OFFICE, number, "brought_back", "门口追回，已核对", now)
    # Then it is closed, and the books hold who, what and why
    line = scene.only(state="closed").line
    assert (line.state, line.resolution, line.closed_by) == ("settled", "brought_back", PEOPLE["secrecy"])
    with scene.database.reading() as connection:
        entry = list(map(decode, bodies(connection, books.position(connection))))[-1]
    assert (entry.act, entry.by) == (act, PEOPLE["secrecy"])
    assert entry.fact == FindingSettled(
        number, "unauthorised_removal", "brought_back", "门口追回，已核对", line.carrier
    )
    # And not twice
    with pytest.raises(Refused, match="finding_closed"):
        settle(scene.database, books, SECRECY_OFFICE, number, "brought_back", "再来", now)
    assert not scene.check("unauthorised_removal")


def test_a_settled_state_finding_is_opened_anew_where_the_contradiction_persists(scene: Scene) -> None:
    number, carrier = a_misplaced(scene)
    settle(scene.database, scene.archive.books, CLERK, number, "by_eye_not_there", "串读，不在该架", scene.now)
    # Within its threshold the person's word holds
    scene.wait(59)
    scene.heard(carrier, SHELF_2, seconds=180)
    assert not scene.check("misplaced")
    # Beyond it the radio still says otherwise
    scene.wait(1)
    scene.heard(carrier, SHELF_2, seconds=181)
    assert len(scene.check("misplaced").opened) == 1


def test_an_absence_settled_by_eye_is_found_again_only_after_five_more_minutes_of_silence(scene: Scene) -> None:
    scene.archive.carrier()
    scene.wait(3_600)
    scene.listening(SHELF, seconds=600)
    (number,) = scene.check("missing").opened
    settle(scene.database, scene.archive.books, CLERK, number, "by_eye_in_place", "在架，标签被压", scene.now)
    scene.wait(299)
    scene.listening(SHELF, seconds=899)
    assert not scene.check("missing")
    scene.wait(1)
    scene.listening(SHELF, seconds=900)
    assert len(scene.check("missing").opened) == 1


def test_acknowledging_and_explaining_leave_it_open(scene: Scene) -> None:
    number, _ = a_misplaced(scene)
    acknowledge(scene.database, CLERK, number, scene.now, "下午去看")
    explain(scene.database, CLERK, number, "架位在整理", scene.now)
    with pytest.raises(Refused, match="text_missing"):
        explain(scene.database, CLERK, number, "", scene.now)
    assert scene.only().line.state == "explained"
    assert history(scene, number) == [
        ("opened", None, ""),
        ("acknowledged", PEOPLE["clerk"], "下午去看"),
        ("explained", PEOPLE["clerk"], "架位在整理"),
    ]


def test_escalating_hands_it_on_and_tells_him(scene: Scene) -> None:
    number, _ = a_misplaced(scene)
    assert scene.only().line.owner == PEOPLE["clerk"]
    assert escalate(scene.database, SCHEME, CLERK, number, "查不到", scene.now) == PEOPLE["secrecy"]
    line = scene.only(state="mine").line
    assert (line.number, line.owner) == (number, PEOPLE["secrecy"])
    with scene.database.reading() as connection:
        assert [(n.kind, n.finding) for n in inbox(connection, SECRECY_OFFICE)] == [("escalated", number)]
        assert unread(connection, SECRECY_OFFICE) == 1
    with scene.database.writing() as connection:
        assert mark_read(connection, CLERK, scene.now) == 1  # his own, of the opening
        assert mark_read(connection, SECRECY_OFFICE, scene.now, [1, 2]) == 1
        assert unread(connection, SECRECY_OFFICE) == 0


def test_who_may_not_settle_learns_or_changes_nothing(scene: Scene) -> None:
    number = a_removal(scene)
    books, now = scene.archive.books, scene.now
    # A borrower, and a clerk of another unit who is not cleared, find no such thing
    for nobody in (subject("chen", Role.BORROWER), subject("he", Grant(Role.CLERK, 4)), subject("admin")):
        for act in (
            lambda who: acknowledge(scene.database, who, number, now),
            lambda who: settle(scene.database, books, who, number, "brought_back", "我", now),
        ):
            with pytest.raises(NotFound):
                act(nobody)
    with pytest.raises(NotFound):
        acknowledge(scene.database, SECRECY_OFFICE, "F-2026-9999", now)
    # A leader sees it, and may not settle it
    leader = subject("manager", Role.LEADER)
    with pytest.raises(Refused, match="not_permitted"):
        settle(scene.database, books, leader, number, "brought_back", "我", now)
    with scene.database.reading() as connection:
        detail = finding(connection, leader, number, now)
    assert (detail.acts, detail.resolutions) == ((), ())
    assert history(scene, number) == [("opened", None, "")]


def test_a_cleared_finding_says_why_in_its_history(scene: Scene) -> None:
    number, carrier = a_misplaced(scene)
    scene.heard(carrier, SHELF, seconds=5)
    scene.check()
    what, by, note = history(scene, number)[-1]
    assert (what, by) == ("cleared", None)
    assert json.loads(note) == {"code": "stories_agree", "params": {"place": "B1-01-1"}}


def test_every_kind_offers_an_act_and_a_conclusion() -> None:
    for name, kind in KINDS.items():
        assert kind.acts, name
        assert kind.resolutions, name
        assert kind.owners, name
