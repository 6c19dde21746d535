"""Tags against the books: another chip, a retired tag elsewhere, a tag that does not answer, HF beside UHF."""

import pytest

from custody.entries import TagBound, TagRetired, TagUnreadable
from custody.store import tag_numbers
from custody.values import Tag
from reconcile.findings import settle
from tests.builders import CLERK, CORRIDOR, SECRECY_OFFICE, SHELF, SHELF_2, epc_of
from tests.custody.test_commissioning import a_batch
from tests.reconcile.findings.scene import Scene

CHIP, OTHER = "E2801160600002010000ABCD", "E2801160600002010000FFFF"
HF = "E004010012345678"


def chipped(scene: Scene) -> tuple[int, str]:
    """A carrier whose tag was bound with its chip's number; its EPC."""
    carrier = scene.archive.carrier(tagged=False)
    scene.archive.books.enter(CLERK, [TagBound(carrier, Tag(epc_of(500), CHIP))], act="tag")
    return carrier, epc_of(500)


def test_a_tag_heard_from_another_chip_is_told_once_with_both(scene: Scene) -> None:
    carrier, epc = chipped(scene)
    scene.reader(SHELF)
    scene.sighting(epc, SHELF, tid=CHIP)
    scene.sighting(epc, SHELF)
    assert not scene.check("tag_disagrees")
    for _ in range(3):
        scene.sighting(epc, SHELF, tid=OTHER)
    opened = scene.check("tag_disagrees").opened
    item = scene.only()
    assert (item.line.kind, item.line.carrier, item.line.epc) == ("tag_disagrees", carrier, epc)
    assert item.line.evidence["chips"] == {"bound": CHIP, "heard": OTHER}
    # No flood while it is open, and once more after a person settled it
    scene.sighting(epc, SHELF, tid=OTHER)
    assert not scene.check("tag_disagrees")
    settle(scene.database, scene.archive.books, SECRECY_OFFICE, opened[0], "enquiry_opened", "YS-案-1", scene.now)
    assert not scene.check("tag_disagrees")
    scene.wait(1)
    scene.sighting(epc, SHELF, tid=OTHER)
    assert len(scene.check("tag_disagrees").opened) == 1


def test_a_retired_tag_is_told_where_its_carrier_is_not(scene: Scene) -> None:
    """Given a tag that was replaced, when it is heard in a waste bin at home, nobody is told; elsewhere it is."""
    carrier = scene.archive.carrier()
    (old,) = scene.epcs(carrier)
    facts = [TagRetired(carrier, old, "坏了"), TagBound(carrier, Tag(epc_of(501)))]
    scene.archive.books.enter(CLERK, facts, act="tag_replace")
    scene.reader(SHELF)
    scene.reader(CORRIDOR)
    scene.wait(600)
    scene.heard(old, SHELF, seconds=60)
    scene.sighting(old, SHELF, reads=5)
    assert not scene.check("retired_tag")
    scene.heard(old, CORRIDOR, seconds=60)
    scene.sighting(old, CORRIDOR, reads=5)
    opened = scene.check("retired_tag").opened
    item = scene.only()
    assert (item.line.kind, item.line.carrier, item.line.epc) == ("retired_tag", carrier, old)
    assert not scene.check("retired_tag", "ghost_read", "unknown_tag")
    settle(scene.database, scene.archive.books, CLERK, opened[0], "stray_tag_removed", "在走廊地上", scene.now)
    assert not scene.check("retired_tag")


@pytest.mark.parametrize("second", ["", HF])
def test_a_tag_that_does_not_answer_makes_no_carrier_missing(scene: Scene, second: str) -> None:
    """Also with an HF label on it: that one only a desk reads. Without the entry the carrier is missing."""
    worn, gone = scene.archive.carriers(2)
    if second:
        scene.archive.books.enter(CLERK, [TagBound(worn, Tag(second))], act="tag")
    scene.wait(3_600)
    scene.listening(SHELF, seconds=3_500)
    scene.archive.books.enter(CLERK, [TagUnreadable(worn, epc_of(worn), "无应答")], act="tag_unreadable")
    assert len(scene.check("missing").opened) == 1
    assert scene.only().line.carrier == gone
    # And where it was missing already, the entry ends that, and says so
    scene.archive.books.enter(CLERK, [TagUnreadable(gone, epc_of(gone), "无应答")], act="tag_unreadable")
    assert len(scene.check("missing").cleared) == 1
    assert scene.only(state="closed").line.resolution == "by_eye_only"


def test_an_hf_label_alone_never_makes_a_carrier_missing_and_places_it_where_it_was_read(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    carrier = scene.archive.carrier(tagged=False)
    scene.archive.books.enter(CLERK, [TagBound(carrier, Tag(HF))], act="tag")
    scene.wait(3_600)
    scene.listening(SHELF, seconds=3_500)
    assert not scene.check("missing")
    scene.heard(HF, SHELF_2, seconds=120)
    assert scene.check("misplaced").opened


def test_a_label_that_waits_is_no_unknown_tag_and_a_spoiled_one_is(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    batch = a_batch(scene.archive, None, None)
    with scene.database.reading() as connection:
        waiting, spoiled = tag_numbers.lines(connection, batch)
    with scene.database.writing() as connection:
        tag_numbers.step(connection, spoiled, tag_numbers.Step(spoiled.epc, "spoiled", "jam"), scene.now)
    scene.reader(SHELF)
    for row in (waiting, spoiled):
        scene.heard(row.epc, SHELF, seconds=60)
        scene.sighting(row.epc, SHELF, reads=5)
    assert len(scene.check("unknown_tag").opened) == 1
    assert scene.only().line.epc == spoiled.epc
