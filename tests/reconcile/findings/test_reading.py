"""Reading findings: who sees which, in which order, page by page; the detail with its two stories; the counts."""

from custody.access import Grant, Role, Subject
from custody.values import SECOND
from reconcile.checks import KINDS
from reconcile.findings import FindingFilter, counts, finding, findings
from tests.builders import CLERK, CORRIDOR, LOW_SHELF, SECRECY_OFFICE, SHELF, SHELF_2, epc_of, subject
from tests.reconcile.findings.scene import Scene

CABINET = 4


def numbers(scene: Scene, who: Subject, **asked: object) -> set[str]:
    """Numbers of the findings that somebody sees."""
    return {item.line.number for item in scene.found(who, **asked)}


def test_a_finding_exists_for_whom_its_carrier_exists(scene: Scene) -> None:
    # Given misplaced carriers of three levels, two units, one open to planning by its scope
    shown = {
        "secret of planning": scene.archive.carrier(unit=3, scope=("unit:4",)),
        "confidential of research": scene.archive.carrier(unit=4, scope=("unit:4",), level="confidential"),
        "top secret of planning": scene.archive.carrier(unit=3, scope=("all",), level="top_secret"),
        "secret of research, for planning": scene.archive.carrier(unit=4, scope=("unit:3",)),
    }
    scene.wait(3_600)
    for carrier in shown.values():
        scene.heard(carrier, SHELF_2, seconds=120)
    scene.heard(epc_of(70_001), SHELF)
    scene.sighting(epc_of(70_001), SHELF)
    scene.check("misplaced", "unknown_tag")
    of = {item.line.carrier: item.line.number for item in scene.found()}
    (unknown,) = numbers(scene, SECRECY_OFFICE, kind="unknown_tag")
    by_name = {name: of[carrier] for name, carrier in shown.items()}
    # Then everybody sees his own, and none who may not see findings
    manager_of_planning = subject("manager", Grant(Role.MANAGER, 3))
    assert numbers(scene, manager_of_planning) == {
        by_name["secret of planning"],
        by_name["top secret of planning"],
        by_name["secret of research, for planning"],
        unknown,
    }
    cleared_to_confidential = subject("ma", Grant(Role.MANAGER, 4))
    assert numbers(scene, cleared_to_confidential) == {by_name["confidential of research"], unknown}
    for nobody in (subject("chen", Role.BORROWER), subject("admin", Role.SYSTEM_ADMINISTRATOR)):
        assert numbers(scene, nobody) == set()
    # And the counts tell no more than the list
    with scene.database.reading() as connection:
        for who in (CLERK, manager_of_planning, cleared_to_confidential, subject("chen", Role.BORROWER)):
            assert sum(count.open for count in counts(connection, who)) == len(numbers(scene, who))


def test_pages_go_by_urgency_then_the_newest_and_visit_everything_once(scene: Scene) -> None:
    carriers = scene.archive.carriers(12)
    scene.wait(3_600)
    for index, carrier in enumerate(carriers):
        scene.wait(30)
        if index % 3 == 0:
            scene.passes(carrier)
        else:
            scene.heard(carrier, SHELF_2, seconds=120)
        scene.check("misplaced", "unauthorised_removal")
    whole = scene.found()
    order = [(item.line.urgency, -item.line.opened_at) for item in whole]
    assert len(whole) == 12
    assert order == sorted(order)
    for state in ("open", "all"):
        seen: list[str] = []
        after = None
        with scene.database.reading() as connection:
            while True:
                page = findings(connection, CLERK, FindingFilter(state=state), after=after, limit=5)
                assert page.total == 12
                seen += [item.line.number for item in page.items]
                if page.after is None:
                    break
                after = page.after
            back = findings(connection, CLERK, FindingFilter(state=state), before=page.before, limit=5)
        assert sorted(seen) == sorted(item.line.number for item in whole)
        assert [item.line.number for item in back.items] == seen[5:10]


def test_filters_narrow_the_list(scene: Scene) -> None:
    one = scene.archive.carrier(unit=3)
    two = scene.archive.carrier(unit=4, level="confidential")
    scene.wait(3_600)
    scene.heard(one, SHELF_2, seconds=120)
    scene.heard(two, LOW_SHELF, seconds=120)
    scene.check("misplaced")
    of = {item.line.carrier: item.line.number for item in scene.found()}
    asked = {
        "kind": ("misplaced", {one, two}),
        "unit": (3, {one}),
        "level": ("confidential", {two}),
        "carrier": (two, {two}),
        "place": (CABINET, {one}),
    }
    for name, (value, expected) in asked.items():
        assert numbers(scene, CLERK, **{name: value}) == {of[c] for c in expected}, name
    assert numbers(scene, CLERK, state="mine") == set(of.values())
    assert numbers(scene, CLERK, state="closed") == set()
    assert numbers(scene, CLERK, kind="missing") == set()


def test_the_detail_tells_both_stories_with_reads_and_gaps(scene: Scene) -> None:
    # Given a carrier that lies on the other shelf, whose reader was deaf for ten minutes of the last half hour
    carrier = scene.archive.carrier()
    scene.wait(3_600)
    scene.listening(SHELF_2, seconds=600, until_seconds_ago=1_200)
    scene.listening(SHELF_2, seconds=600)
    for seconds_ago in (1_300, 400, 100):
        scene.sighting(carrier, SHELF_2, seconds_ago=seconds_ago)
    scene.sighting(carrier, CORRIDOR, seconds_ago=50)
    scene.heard(carrier, SHELF_2, seconds=400)
    (number,) = scene.check("misplaced").opened
    with scene.database.reading() as connection:
        detail = finding(connection, CLERK, number, scene.now)
    # Then the books' story is the carrier, the radio's is where it is believed, since when
    assert detail.carrier is not None
    assert (detail.carrier.place, detail.line.place_code) == (SHELF, "B1-01-2")
    assert detail.stories.radio is not None
    assert detail.stories.radio.since_at == scene.now - 400 * SECOND
    # And every read stands in the window, with the times when nobody was listening
    assert [(dot.place_code, dot.last_at) for dot in detail.stories.reads][:2] == [
        ("B1-01-2", scene.now - 1_300 * SECOND),
        ("B1-01-2", scene.now - 400 * SECOND),
    ]
    gaps = [(gap.since_at, gap.until_at) for gap in detail.stories.gaps if gap.reader == "reader-6-place"]
    assert (scene.now - 1_200 * SECOND, scene.now - 600 * SECOND) in gaps
    assert detail.acts == KINDS["misplaced"].acts
    assert "other" in detail.resolutions


def test_counts_by_kind_name_the_oldest_the_next_limit_and_the_owner(scene: Scene) -> None:
    first, second = scene.archive.carriers(2)
    for carrier, who in ((first, "manager"), (second, "chen")):
        scene.archive.borrow(carrier, who, 1)
    scene.ticking.days(3)
    opened_at = scene.now
    scene.check("overdue_loan")
    with scene.database.reading() as connection:
        found = {count.kind: count for count in counts(connection, CLERK)}
    assert list(found) == list(KINDS)
    overdue = found["overdue_loan"]
    assert (overdue.open, overdue.oldest_at, overdue.owners, overdue.owner_name) == (2, opened_at, 1, "周敏")
    assert overdue.due_at == opened_at + KINDS["overdue_loan"].due_after_seconds * SECOND
    assert (found["missing"].open, found["missing"].oldest_at) == (0, None)
