"""Kinds of sweeps, several hands, and what people say in one besides scanning; on the embedded engine, where it is not
the engine's business."""

from random import Random

import pytest
from sqlalchemy import select

from custody.entries import RoundSigned, TagRetired, TagUnreadable, decode
from custody.rules import NotFound
from custody.store.books import bodies
from custody.values import DAY
from reconcile import rounds
from reconcile.rounds import Scan, Terms
from reconcile.store.core import ROUND_EVENT
from reconcile.store.round_events import last_signed_by_place
from tests.builders import CLERK, CLERK_2, LOW_SHELF, PEOPLE, SCHEME, SECRECY_OFFICE, SHELF, SHELF_2, epc_of
from tests.custody.destruction.batches import a_batch
from tests.reconcile.findings.scene import Scene
from tests.reconcile.rounds.sweeping import CABINET, Sweep, a_sweep, refused

BLIND = Terms("blind")


@pytest.fixture
def scene(sqlite_scene: Scene) -> Scene:
    return sqlite_scene


def say(sweep: Sweep, what: str, event: str, by: object = CLERK, **more: object) -> object:
    """One of the things that are said in a sweep."""
    with sweep.scene.database.writing() as connection:
        given = (connection, by, sweep.number, event)
        if what == "pause":
            return rounds.pause(*given, "下班", sweep.scene.now)  # type: ignore[arg-type]
        return getattr(rounds, what)(*given, at=sweep.scene.now, **more)


def told(sweep: Sweep) -> list[str]:
    """What was said in it, in order."""
    with sweep.scene.database.reading() as connection:
        query = select(ROUND_EVENT.c.what).where(ROUND_EVENT.c.round == sweep.number).order_by(ROUND_EVENT.c.id)
        return list(connection.scalars(query))


# A blind count.


def test_a_blind_count_shows_nothing_of_what_it_expects_until_it_is_finished(scene: Scene) -> None:
    here, lent, _ = scene.archive.carriers(3)
    stranger = scene.archive.carrier(place=LOW_SHELF, level="confidential")
    scene.archive.borrow(lent, "chen")
    sweep = a_sweep(scene, terms=BLIND)
    # When what is expected, what is lent and what belongs elsewhere is scanned, all are told alike
    found = sweep.scan(epc_of(here), epc_of(lent), epc_of(stranger), "whatever")
    assert [(one.outcome, one.expected) for one in found] == [("new", "blind")] * 3 + [("unknown", "blind")]
    with scene.database.reading() as connection:
        assert rounds.progress(connection, CLERK, sweep.number) == (None, 3)
        tally = rounds.blind_tally(connection, CLERK, sweep.number)
        assert tally is not None
        assert (tally.carriers, tally.unknown, tally.scans) == (3, 1, 4)
        for asked in (rounds.buckets, rounds.round_report):
            with refused("round_blind"):
                asked(connection, CLERK, sweep.number)
        assert rounds.standing(connection, CLERK, sweep.number, "page").proposal is None
    with refused("round_blind"):
        rounds.sign_round(scene.database, scene.archive.books, CLERK, sweep.number, signature_of(scene), scene.now)
    # When the count is finished, it shows everything and takes no scan more
    assert say(sweep, "finish_count", "done") is True
    assert say(sweep, "finish_count", "done-again") is False
    assert sweep.counts() == {"present": 1, "missing": 1, "elsewhere": 1, "on_loan_but_here": 1, "unknown": 1}
    with refused("round_counted"):
        sweep.scan(epc_of(3))
    assert sweep.sign()


def signature_of(scene: Scene) -> object:
    """A signature under something else."""
    from custody.entries import Signature

    return Signature(CLERK.person, scene.now, "password", "0" * 64)


def test_only_a_blind_count_is_finished_before_it_is_signed(scene: Scene) -> None:
    sweep = a_sweep(scene)
    with refused("round_not_blind"):
        say(sweep, "finish_count", "done")


# A spot check, and counting again.


def test_a_spot_check_asks_for_a_sample_and_is_not_surprised_by_the_rest(scene: Scene) -> None:
    carriers = scene.archive.carriers(10)
    sweep = a_sweep(scene, terms=Terms("spot", scope="sample", sample=3, chance=Random(7)))
    asked = {line.carrier for line in sweep.state().missing}
    assert len(asked) == 3
    others = [carrier for carrier in carriers if carrier not in asked]
    sweep.scan(*(epc_of(carrier) for carrier in [*others[:2], *asked][:4]))
    assert sweep.counts() == {"present": 2, "missing": 1, "beside": 2}
    sweep.sign()
    assert [item.line.carrier for item in scene.found()] == [line.carrier for line in sweep.state().missing]
    with scene.database.reading() as connection:
        assert last_signed_by_place(connection) == {}


def test_what_was_missed_is_counted_again_by_somebody_else(scene: Scene) -> None:
    one, two, three = scene.archive.carriers(3)
    first = a_sweep(scene)
    first.scan(epc_of(one))
    first.sign()
    assert len(scene.found()) == 2
    scene.wait(60)
    again = Terms("recount", of=first.number, scope="missing")
    # Whoever counted is refused: his second look is no second count
    with refused("round_counted_by_you"):
        a_sweep(scene, terms=again)
    sweep = a_sweep(scene, by=CLERK_2, terms=again)
    with refused("round_counted_by_you"):
        sweep.scan(epc_of(two))
    scene.wait(60)
    assert {line.carrier for line in sweep.state().missing} == {two, three}
    sweep.scan(epc_of(two), epc_of(one), by=CLERK_2)
    assert sweep.counts() == {"present": 1, "missing": 1, "beside": 1}
    sweep.sign(by=CLERK_2)
    # What it met is no longer missing, and the report says so beside the first
    scene.wait(60)
    assert len(scene.check().cleared) == 1
    assert [item.line.carrier for item in scene.found()] == [three]
    with scene.database.reading() as connection:
        compared = rounds.compared(connection, CLERK_2, sweep.state())
    assert compared is not None
    assert (compared.number, compared.counts["found_again"], compared.counts["still_missing"]) == (first.number, 1, 1)


def test_only_a_signed_sweep_is_counted_again(scene: Scene) -> None:
    sweep = a_sweep(scene)
    with refused("round_not_signed"):
        a_sweep(scene, by=CLERK_2, terms=Terms("recount", of=sweep.number))
    with pytest.raises(NotFound):
        a_sweep(scene, by=CLERK_2, terms=Terms("recount", of="QC-2026-9999"))


# Two signatures.


def test_a_top_secret_sweep_is_signed_by_two_persons_under_the_same_report(scene: Scene) -> None:
    one, two = scene.archive.carriers(2, level="top_secret")
    sweep = a_sweep(scene)
    sweep.scan(epc_of(one))
    assert sweep.state().two
    # The first signature waits, the same person is no second, and a scan in between voids it
    assert sweep.sign() == ""
    with refused("round_signed_by_you"):
        sweep.sign()
    sweep.scan(epc_of(two))
    assert sweep.sign(by=SECRECY_OFFICE) == ""
    assert sweep.state().state == "open"
    # When two have signed what it is now
    act = sweep.sign()
    assert act
    with scene.database.reading() as connection:
        entry = list(map(decode, bodies(connection, scene.archive.books.position(connection))))[-1]
    assert isinstance(entry.fact, RoundSigned)
    assert [one.person for one in entry.signatures] == [SECRECY_OFFICE.person, CLERK.person]
    assert {one.text_hash for one in entry.signatures} == {entry.fact.report_hash}
    assert scene.archive.books.rebuild_check() == []


# Several hands, rests, places.


def test_who_scanned_what_is_told_by_person_and_device(scene: Scene) -> None:
    carriers = scene.archive.carriers(3)
    sweep = a_sweep(scene)
    for n, (by, device) in enumerate(((CLERK, "d-0000000a"), (CLERK, "d-0000000b"), (SECRECY_OFFICE, "d-0000000c"))):
        sweep.send([Scan(f"{device}-{n}", epc_of(carriers[n]), scene.now)], by)
    counted = {(one.by, one.device): one.scans for one in sweep.state().by_device}
    clerk, secrecy = PEOPLE["clerk"], PEOPLE["secrecy"]
    assert counted == {(clerk, "d-0000000a"): 1, (clerk, "d-0000000b"): 1, (secrecy, "d-0000000c"): 1}
    assert sweep.state().by_person == ((clerk, "周敏", 2), (secrecy, "宋临", 1))


def test_a_sweep_rests_for_days_and_goes_on(scene: Scene) -> None:
    one, two = scene.archive.carriers(2)
    sweep = a_sweep(scene)
    early = Scan("offline", epc_of(one), scene.now)
    scene.wait(60)
    assert say(sweep, "pause", "p1") is True
    assert say(sweep, "pause", "p2") is False
    scene.wait(86_400)
    with refused("round_paused"):
        sweep.scan(epc_of(two))
    # What was scanned before, and arrives late, counts
    assert [one.outcome for one in sweep.send([early])] == ["new"]
    assert say(sweep, "resume", "r1") is True
    assert say(sweep, "resume", "r2") is False
    sweep.scan(epc_of(two))
    assert sweep.counts() == {"present": 2}
    assert told(sweep) == ["paused", "resumed"]


def test_the_answer_to_walked_on_sorts_the_scans_and_is_an_event(scene: Scene) -> None:
    lower = scene.archive.carriers(3)
    upper = scene.archive.carriers(3, place=SHELF_2)
    sweep = a_sweep(scene)
    device = "d-0000000a"

    def scan(*carriers: int) -> list[str]:
        events = [f"{device}-{carrier}" for carrier in carriers]
        sweep.send([Scan(event, epc_of(c), scene.now) for event, c in zip(events, carriers, strict=True)])
        return events

    def standing() -> rounds.Standing:
        with scene.database.reading() as connection:
            return rounds.standing(connection, CLERK, sweep.number, device)

    events = scan(*lower)
    proposal = standing().proposal
    assert proposal is not None
    assert (proposal.place, proposal.events) == (SHELF, tuple(events))
    answer = {"device": device, "place": SHELF, "yes": True, "scans": events}
    assert say(sweep, "answer", "w1", **answer) is True
    assert say(sweep, "answer", "w1", **answer) is False
    assert (standing().place, standing().proposal) == (SHELF, None)
    assert {line.met_code for line in sweep.state().present} == {"B1-01-1"}
    # On the next shelf: no, they stand here on the wrong one
    events = scan(*upper)
    asked = standing()
    assert asked.proposal is not None
    assert (asked.proposal.place, asked.proposed_code) == (SHELF_2, "B1-01-2")
    assert say(sweep, "answer", "w2", device=device, place=SHELF_2, yes=False, scans=events) is True
    assert standing().proposal is None
    with pytest.raises(NotFound):
        say(sweep, "answer", "w3", device=device, place=SHELF_2, yes=True, scans=["nobody's"] * 3)
    assert told(sweep) == ["walked_on", "stayed"]


def test_a_place_in_which_nothing_was_read_is_not_covered_until_somebody_was_there(scene: Scene) -> None:
    met, missed = scene.archive.carriers(2)
    scene.archive.carriers(2, place=SHELF_2)
    sweep = a_sweep(scene)
    sweep.scan(epc_of(met))
    assert sweep.state().uncovered == ((SHELF_2, "B1-01-2"),)
    sweep.sign()
    # Only what is on the shelf that was read is concluded, and only that place is swept
    assert [item.line.carrier for item in scene.found()] == [missed]
    with scene.database.reading() as connection:
        swept = last_signed_by_place(connection)
    assert swept[SHELF] == swept[CABINET] == (sweep.number, scene.now)
    assert SHELF_2 not in swept
    # The empty shelf: somebody was there
    scene.wait(60)
    again = a_sweep(scene)
    again.scan(epc_of(met))
    assert again.was_there(SHELF_2) == 1
    with pytest.raises(NotFound):
        again.was_there(LOW_SHELF)
    again.sign()
    assert len(scene.found()) == 3
    with scene.database.reading() as connection:
        assert last_signed_by_place(connection)[SHELF_2] == (again.number, scene.now)
        compared = rounds.compared(connection, CLERK, again.state())
    assert compared is not None
    assert (compared.number, compared.counts["newly_missing"], compared.counts["still_missing"]) == (sweep.number, 2, 1)


def test_what_is_silent_by_itself_is_unconfirmed_unless_seen_by_eye(scene: Scene) -> None:
    met, worn, bare, seen = scene.archive.carriers(4)
    books = scene.archive.books
    for carrier in (worn, seen):
        books.enter(CLERK, [TagUnreadable(carrier, epc_of(carrier), "无应答")], act="tag_unreadable")
    books.enter(CLERK, [TagRetired(bare, epc_of(bare), "脱落")], act="tag")
    sweep = a_sweep(scene)
    sweep.scan(epc_of(met))
    sweep.scan(f"YS-2026-{seen:05d}/1", eye="标签坏了")
    told_apart = {name: len(lines) for name, lines in rounds.shown(sweep.state()).items() if lines}
    assert told_apart == {"present": 2, "tag_unreadable": 2}
    sweep.sign()
    rules = {item.line.carrier: item.line.evidence["rule"]["code"] for item in scene.found(kind="missing")}
    assert rules == {worn: "unconfirmed_in_sweep", bare: "unconfirmed_in_sweep"}


def test_g_8_detect__a_destroyed_carriers_tag_scanned_in_a_sweep_is_a_finding_at_once(scene: Scene) -> None:
    batch = a_batch(scene.archive, 1).ready()
    (carrier,) = batch.carriers
    batch.destroy()
    scene.wait(SCHEME.number("ghost_after_seconds") + 1)
    sweep = a_sweep(scene)
    given = [Scan("e1", epc_of(carrier), scene.now)]
    with scene.database.writing() as connection:
        (found,) = rounds.scan_many(connection, CLERK, sweep.number, given, SCHEME)
    assert (found.outcome, found.carrier) == ("unknown", None)
    item = scene.only(kind="ghost_read")
    assert item.line.carrier == carrier
    assert item.line.evidence["sweep"]["round"] == sweep.number
    assert item.line.evidence["signatories"]["signer"]
    assert {name: len(lines) for name, lines in rounds.shown(sweep.state()).items() if lines} == {"ghost": 1}
    # Taking the scan back, and signing, leave it to a person: it is opened once
    with scene.database.writing() as connection:
        rounds.undo(connection, CLERK, sweep.number, "e1", scene.now)
    sweep.sign()
    assert len(scene.found(kind="ghost_read")) == 1


def test_the_missing_are_told_with_the_radios_last_word_the_nearest_first(scene: Scene) -> None:
    near, far, never, met = scene.archive.carriers(4)
    scene.heard(far, LOW_SHELF)
    scene.wait(10)
    scene.heard(near, SHELF_2)
    sweep = a_sweep(scene)
    sweep.scan(epc_of(met))
    with scene.database.reading() as connection:
        sought = rounds.sought(connection, sweep.state().missing)
    assert [one.line.carrier for one in sought] == [near, far, never]
    assert [(one.steps, one.place_code) for one in sought] == [(2, "B1-01-2"), (4, "B1-low"), (None, "")]


def test_a_sweep_is_compared_with_the_last_signed_one_of_its_very_place(scene: Scene) -> None:
    carrier = scene.archive.carrier()
    shelf = a_sweep(scene, SHELF)
    shelf.scan(epc_of(carrier))
    shelf.sign()
    scene.ticking.at += DAY
    cabinet = a_sweep(scene)
    with scene.database.reading() as connection:
        assert rounds.compared(connection, CLERK, cabinet.state()) is None
        assert rounds.compared(connection, CLERK, shelf.state()) is None
