"""What happened and should not have: passed on past the registry, destroyed and heard again. On both engines."""

from custody.entries import TagRetired
from reconcile.findings import settle
from tests.builders import CLERK, CLERK_2, CORRIDOR, LEADER, PEOPLE, SECRECY_OFFICE, epc_of
from tests.custody.circulation.scene import a_circulation, from_reader, to_reader
from tests.custody.destruction.batches import Batch, a_batch
from tests.reconcile.findings.scene import Scene

PASSED, GHOST = "direct_pass", "ghost_read"
GRACE_SECONDS = 120


def test_c_3_detect__brought_back_by_another_than_the_reader_it_was_passed_on(scene: Scene) -> None:
    # Given three carriers with sun: she brings one herself, chen brings another, the third is still out
    own, passed, out = scene.archive.carriers(3)
    matter = a_circulation(scene.archive, own, passed, out)
    for carrier in (own, passed, out):
        to_reader(scene.archive, matter, carrier, "sun")
    from_reader(scene.archive, matter, own, "sun")
    from_reader(scene.archive, matter, passed, "chen")
    # When the stories are compared
    opened = scene.check(PASSED).opened
    # Then one was passed on, and both persons are named
    item = scene.only()
    assert (item.line.kind, item.line.carrier, item.line.clause) == (PASSED, passed, "c.3")
    assert item.line.person == PEOPLE["sun"]
    leg = item.line.evidence["leg"]
    assert (leg["reader"], leg["brought_by"]) == (PEOPLE["sun"], PEOPLE["chen"])
    assert item.line.owner == PEOPLE["secrecy"]
    # And once: whatever happens after, a person closes it
    assert not scene.check(PASSED)
    to_reader(scene.archive, matter, passed, "chen")
    from_reader(scene.archive, matter, passed, "chen")
    assert not scene.check(PASSED)
    (number,) = opened
    settle(scene.database, scene.archive.books, SECRECY_OFFICE, number, "reader_cautioned", "已谈话", scene.now)
    assert not scene.check(PASSED)


def test_c_3_detect__each_leg_passed_on_is_its_own_finding(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    carrier = scene.archive.carrier()
    matter = a_circulation(scene.archive, carrier)
    to_reader(scene.archive, matter, carrier, "sun")
    from_reader(scene.archive, matter, carrier, "chen")
    to_reader(scene.archive, matter, carrier, "chen")
    from_reader(scene.archive, matter, carrier, "zhao")
    assert len(scene.check(PASSED).opened) == 2
    assert {item.line.person for item in scene.found()} == {PEOPLE["sun"], PEOPLE["chen"]}


def destroyed(scene: Scene) -> Batch:
    """A batch destroyed on site, of which the shredder's reader heard the last."""
    batch = a_batch(scene.archive, 2).ready()
    for carrier in batch.carriers:
        scene.heard(carrier, CORRIDOR)
        scene.sighting(carrier, CORRIDOR, reads=5)
    batch.destroy()
    return batch


def heard_again(scene: Scene, carrier: int, reads: int = 3) -> None:
    """The tag of a carrier is heard in the corridor now."""
    scene.heard(epc_of(carrier), CORRIDOR)
    scene.sighting(epc_of(carrier), CORRIDOR, reads=reads)


def test_g_8_detect__a_destroyed_carriers_tag_is_heard_and_everybody_who_signed_is_named(scene: Scene) -> None:
    # Given two carriers destroyed, last heard before that
    batch = destroyed(scene)
    carrier, _ = batch.carriers
    scene.wait(GRACE_SECONDS + 1)
    assert not scene.check(GHOST)
    # When the tag of one is heard later
    scene.wait(3_600)
    heard_again(scene, carrier)
    opened = scene.check(GHOST).opened
    # Then it is an incident that wants somebody at once, and names who destroyed, watched, applied and approved
    item = scene.only()
    assert (item.line.kind, item.line.carrier, item.line.epc) == (GHOST, carrier, epc_of(carrier))
    assert (item.line.clause, item.line.urgency, item.line.nature) == ("g.8", 0, "event")
    named = item.line.evidence["signatories"]
    assert named["destroyer"] == [PEOPLE["clerk2"]]
    assert named["supervisor"] == sorted([PEOPLE["chen"], PEOPLE["sun"]])
    assert named["signer"] == sorted([PEOPLE["chen"], PEOPLE["sun"], PEOPLE["clerk2"]])
    assert named["approver"] == sorted([PEOPLE["secrecy"], PEOPLE["leader"]])
    assert PEOPLE["clerk"] in named["applicant"]
    assert item.line.matter == batch.matter
    # And it is told once, however long it is heard
    scene.wait(60)
    heard_again(scene, carrier)
    assert not scene.check(GHOST)
    assert scene.only().line.number == opened[0]


def test_g_8_detect__settled_it_opens_again_only_when_it_is_heard_anew(scene: Scene) -> None:
    batch = destroyed(scene)
    carrier = batch.carriers[0]
    scene.wait(3_600)
    heard_again(scene, carrier)
    (number,) = scene.check(GHOST).opened
    settle(scene.database, scene.archive.books, SECRECY_OFFICE, number, "enquiry_opened", "立案 7 号", scene.now)
    scene.wait(86_400)
    assert not scene.check(GHOST)
    heard_again(scene, carrier)
    assert len(scene.check(GHOST).opened) == 1


def test_g_8_detect__neither_the_last_read_at_the_shredder_nor_a_tag_taken_off_is_a_ghost(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    # Given a batch whose tags are still heard while it goes into the shredder, and a tag taken off a carrier in place
    batch = destroyed(scene)
    (worn,) = scene.archive.carriers(1)
    scene.archive.books.enter(CLERK, [TagRetired(worn, epc_of(worn), "磨损")], act="tag")
    scene.wait(GRACE_SECONDS - 30)
    heard_again(scene, batch.carriers[0])
    heard_again(scene, worn)
    assert not scene.check(GHOST)
    # And a single read is not enough to accuse anybody
    scene.wait(3_600)
    heard_again(scene, batch.carriers[1], reads=1)
    heard_again(scene, worn)
    assert not scene.check(GHOST)
    heard_again(scene, batch.carriers[1], reads=1)
    assert len(scene.check(GHOST).opened) == 1


def test_g_8_detect__who_may_know_of_it_is_told_at_once(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    for who, role in (("leader", LEADER.grants[0].role), ("clerk2", CLERK_2.grants[0].role)):
        scene.account(who, role)
    batch = destroyed(scene)
    scene.wait(3_600)
    heard_again(scene, batch.carriers[0])
    scene.check(GHOST)
    told = {who: [n.finding_kind for n in scene.inbox(who)] for who in ("secrecy", "leader", "clerk2", "clerk")}
    # The destroyer and the applicant do not hear of it first
    assert told == {"secrecy": [GHOST], "leader": [GHOST], "clerk2": [], "clerk": []}
