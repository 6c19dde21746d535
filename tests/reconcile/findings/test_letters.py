"""Deadlines of production, sending, carrying out, provision, entry and signing, over the real procedures."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from custody.access import Role
from custody.entries import TagBound
from custody.entries.production import LabelsReturned
from custody.values import Tag
from reconcile.findings import finding
from reconcile.reminders import send_reminders
from tests.builders import CLERK, MANAGER, PEOPLE, SCHEME, SECRECY_OFFICE, Archive, subject
from tests.custody.entry.scene import signs
from tests.reconcile import letters
from tests.reconcile.findings.scene import Scene
from tests.reconcile.letters import Begun

Settle = Callable[[Archive, Begun], None]


def late_and_settled(scene: Scene, kind: str, clause: str, begun: Begun, days: float, settle: Settle) -> None:
    """In time nothing is said; late it is, with its clause; and it clears by itself when it is dealt with."""
    assert not scene.check(kind).opened
    scene.ticking.days(days)
    opened = scene.check(kind).opened
    item = scene.only()
    assert (item.line.kind, item.line.clause, item.line.matter) == (kind, clause, begun.matter)
    assert item.line.carrier == begun.carrier
    assert item.line.evidence["matter"]["number"] == scene.archive.the_matter(begun.matter).number
    assert not scene.check(kind)
    settle(scene.archive, begun)
    assert scene.check(kind).cleared == opened
    assert scene.found() == []


def test_a_6_remind__intermediates_neither_preserved_nor_destroyed_in_time(scene: Scene) -> None:
    begun = letters.an_intermediate(scene.archive)
    late_and_settled(scene, "intermediate_open", "a.6", begun, 31, letters.preserve)


def test_b_5_remind__what_has_not_arrived_by_its_planned_time(scene: Scene) -> None:
    begun = letters.a_parcel(scene.archive)
    late_and_settled(scene, "arrival_overdue", "b.5", begun, 31, letters.arrive)


def test_i_1_remind__what_another_body_does_not_give_back_in_time(scene: Scene) -> None:
    begun = letters.a_provision(scene.archive)
    late_and_settled(scene, "provision_overdue", "i.1", begun, 181, letters.give_back)


def test_i_1_remind__before_the_day_who_proposed_it_and_the_secrecy_office_are_told_once(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    letters.a_provision(scene.archive)
    told = []
    for _ in range(3):
        send_reminders(scene.database, SCHEME, scene.now)
        told.append([one.kind for one in scene.inbox("secrecy")].count("provision_due"))
        scene.ticking.days(179)
    assert told[0] == 0
    assert told[-1] == 1


def test_j_1_detect__a_visitor_who_is_not_signed_out_at_the_end_of_the_day(scene: Scene) -> None:
    begun = letters.a_visitor(scene.archive)
    late_and_settled(scene, "visit_open", "j.1", begun, 1, letters.leave)


def test_out_past_its_permit_until_it_is_back(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    begun = letters.a_journey(scene.archive)
    assert not scene.check("permit_overdue").opened
    scene.ticking.days(31)
    scene.check("permit_overdue")
    item = scene.only()
    assert (item.line.kind, item.line.clause, item.line.person) == ("permit_overdue", "f.1", letters.TRAVELLER)
    assert item.line.carrier == begun.carrier


def test_what_was_to_be_collected_and_was_not(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    begun = letters.a_collection(scene.archive)
    assert not scene.check("collection_overdue").opened
    scene.ticking.days(11)
    scene.check("collection_overdue")
    assert scene.only().line.matter == begun.matter


@pytest.mark.parametrize("kind", ["instruction_overdue", "reminder_overdue"])
def test_who_has_signed_is_asked_no_more(sqlite_scene: Scene, kind: str) -> None:
    scene = sqlite_scene
    letters.texts(scene.archive)
    scene.ticking.days(15)
    scene.check(kind)
    late = {item.line.person for item in scene.found()}
    assert PEOPLE["chen"] in late
    assert PEOPLE["he"] not in late, "holds no classified post"
    assert PEOPLE["lin"] not in late, "has left"
    if kind == "instruction_overdue":
        signs(scene.archive, "chen")
    else:
        signs(scene.archive, "chen", "reminder", "手机不得带入涉密场所。")
    scene.check(kind)
    assert {item.line.person for item in scene.found()} == late - {PEOPLE["chen"]}


def test_j_2_remind__the_undertaking_and_the_yearly_instruction_not_signed_in_time(scene: Scene) -> None:
    letters.texts(scene.archive)
    assert not scene.check("instruction_overdue").opened
    scene.ticking.days(15)
    assert scene.check("instruction_overdue").opened
    line = next(item.line for item in scene.found() if item.line.person == PEOPLE["chen"])
    assert (line.kind, line.clause) == ("instruction_overdue", "j.2")
    assert not scene.check("instruction_overdue")


def test_5_remind__the_recurring_reminder_runs_out_and_is_asked_for_anew(scene: Scene) -> None:
    letters.texts(scene.archive)
    signs(scene.archive, "chen", "reminder", "手机不得带入涉密场所。")
    scene.ticking.days(SCHEME.number("reminder_days") - 1)
    scene.check("reminder_overdue")
    assert PEOPLE["chen"] not in {item.line.person for item in scene.found()}
    scene.ticking.days(2)
    scene.check("reminder_overdue")
    line = next(item.line for item in scene.found() if item.line.person == PEOPLE["chen"])
    assert (line.kind, line.clause) == ("reminder_overdue", "5")


def test_j_2_remind__who_is_to_sign_is_told_before_it_is_late(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    scene.account("chen", Role.BORROWER)
    letters.texts(scene.archive)
    send_reminders(scene.database, SCHEME, scene.now)
    send_reminders(scene.database, SCHEME, scene.now)
    assert [one.kind for one in scene.inbox("chen")] == ["to_sign", "to_sign"]


def test_what_somebody_has_not_signed_is_seen_by_whoever_answers_for_him(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    letters.texts(scene.archive)
    scene.ticking.days(15)
    scene.check("instruction_overdue")
    of_planning = replace(subject("manager", Role.MANAGER), reach=frozenset({3}))
    seen = {item.line.person for item in scene.found(of_planning)}
    assert PEOPLE["sun"] in seen
    assert PEOPLE["chen"] not in seen
    number = next(item.line.number for item in scene.found() if item.line.person == PEOPLE["chen"])
    with scene.database.reading() as connection:
        assert finding(connection, MANAGER, number, scene.now).line.number == number
        assert finding(connection, SECRECY_OFFICE, number, scene.now).line.number == number


def test_a_4_detect__a_label_of_the_order_is_heard_and_no_copy_with_it_is_registered(scene: Scene) -> None:
    order, epc = letters.a_label(scene)
    # Heard on the desk for a moment before its copy is registered: nothing
    scene.reader(letters.CORRIDOR)
    letters.heard_for_long(scene, epc, hours=1)
    assert not scene.check("label_unregistered", "unknown_tag").opened
    # Heard for longer than that takes
    scene.wait(5 * 3_600)
    letters.heard_for_long(scene, epc)
    opened = scene.check("label_unregistered", "unknown_tag").opened
    item = scene.only()
    assert (item.line.kind, item.line.clause, item.line.matter) == ("label_unregistered", "a.4", order)
    # And it clears when the label is given back unused
    scene.archive.enter(CLERK, [LabelsReturned(order, (epc,), "未用")], "production_labels")
    assert scene.check("label_unregistered").cleared == opened


def test_a_label_that_is_bound_to_its_copy_is_nobodys_concern(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    order, epc = letters.a_label(scene)
    (copy,) = letters.production.copies(scene.archive, order, 1)
    scene.archive.enter(CLERK, [TagBound(copy, Tag(epc))], "tag")
    scene.reader(letters.CORRIDOR)
    letters.heard_for_long(scene, epc)
    assert not scene.check("label_unregistered", "unknown_tag").opened
