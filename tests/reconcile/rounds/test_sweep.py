"""A sweep from opening to signature, on both engines: what is counted, what is said, and that custody never moves."""

import json

import pytest
import rfc8785

from custody.access import Grant, Role
from custody.database import Database
from custody.entries import Moved, RoundSigned, Signature, TagBound, TagRetired, decode
from custody.register import fold
from custody.rules import NotFound
from custody.store.books import bodies
from custody.values import SECOND, Tag
from reconcile import rounds
from reconcile.rounds import Scan
from tests.builders import CLERK, LOW_SHELF, PEOPLE, READING, SECRECY_OFFICE, SHELF, SHELF_2, epc_of, subject
from tests.custody.circulation.scene import to_read
from tests.custody.destruction.batches import a_batch
from tests.reconcile.findings.scene import Scene, a_scene
from tests.reconcile.rounds.sweeping import CABINET, GATE, a_sweep, refused


@pytest.fixture
def scene(database: Database) -> Scene:
    return a_scene(database)


def test_the_expected_list_is_frozen_with_what_is_lent_in_a_bucket_of_its_own(scene: Scene) -> None:
    # Given three carriers on the shelves, one of them lent, and one elsewhere
    here, lent, _ = scene.archive.carriers(3)
    scene.archive.carrier(place=LOW_SHELF, level="confidential")
    scene.archive.borrow(lent, "chen")
    # When the cabinet is swept
    sweep = a_sweep(scene)
    assert sweep.number == "QC-2026-0001"
    assert sweep.counts() == {"missing": 2, "absent": 1}
    (absent,) = sweep.state().absent
    assert (absent.carrier, absent.expected, absent.holder) == (lent, "on_loan", PEOPLE["chen"])
    # Then what is taken in afterwards is not expected, what is lent afterwards not missing
    later = scene.archive.carrier()
    scene.archive.borrow(here, "chen")
    assert sweep.counts() == {"missing": 1, "absent": 1, "left": 1}
    sweep.scan(epc_of(later))
    assert sweep.counts() == {"missing": 1, "absent": 1, "left": 1, "arrived": 1}


def test_every_scan_is_one_of_the_buckets(scene: Scene) -> None:
    # Given five carriers of the cabinet, one lent, and one whose home is another place
    one, two, three, _four, lent = scene.archive.carriers(5)
    stranger = scene.archive.carrier(place=LOW_SHELF, level="confidential")
    scene.archive.borrow(lent, "chen")
    sweep = a_sweep(scene)
    # When they are scanned by tag, by number, by eye, and codes that name nothing
    found = sweep.scan(epc_of(one), f"YS-2026-{two:05d}/1", epc_of(stranger), epc_of(lent), "whatever", place=SHELF)
    found += sweep.scan(f"YS-2026-{three:05d}", eye="标签坏了")
    # Then each is told at once
    assert [(r.outcome, r.carrier, r.expected) for r in found] == [
        ("new", one, "here"),
        ("new", two, "here"),
        ("new", stranger, ""),
        ("new", lent, "on_loan"),
        ("unknown", None, ""),
        ("new", three, "here"),
    ]
    state = sweep.state()
    assert sweep.counts() == {
        "present": 3,
        "missing": 1,
        "elsewhere": 1,
        "on_loan_but_here": 1,
        "unknown": 1,
    }
    assert (state.expected, state.to_find, state.scans) == (4, 1, 6)
    assert state.by_person == ((PEOPLE["clerk"], "周敏", 6),)
    (elsewhere,) = state.elsewhere
    assert (elsewhere.carrier, elsewhere.home_code, elsewhere.met_code) == (stranger, "B1-low", "B1-01-1")
    assert state.unknown[0].code == "whatever"
    with scene.database.reading() as connection:
        assert rounds.progress(connection, CLERK, sweep.number) == (4, 3)


def test_a_replayed_event_changes_nothing_and_a_repeated_carrier_says_so(scene: Scene) -> None:
    carrier = scene.archive.carrier()
    sweep = a_sweep(scene)
    first = Scan("device-1", epc_of(carrier), scene.now)
    again = Scan("device-2", epc_of(carrier), scene.now + SECOND)
    assert [r.outcome for r in sweep.send([first])] == ["new"]
    assert [r.outcome for r in sweep.send([first, again, again])] == ["replayed", "repeated", "replayed"]
    (result,) = sweep.send([Scan("device-3", epc_of(carrier), scene.now)])
    assert (result.outcome, result.first_by, result.first_at) == ("repeated", PEOPLE["clerk"], scene.now)
    assert sweep.counts() == {"present": 1}
    assert sweep.state().scans == 3


def test_undoing_is_an_event_and_the_counts_follow(scene: Scene) -> None:
    carriers = scene.archive.carriers(2)
    sweep = a_sweep(scene)
    sweep.scan(*(epc_of(c) for c in carriers))
    with scene.database.writing() as connection:
        assert rounds.undo(connection, CLERK, sweep.number, "event-1", scene.now) is True
        assert rounds.undo(connection, CLERK, sweep.number, "event-1", scene.now) is False
        with pytest.raises(NotFound):
            rounds.undo(connection, CLERK, sweep.number, "never-sent", scene.now)
    assert sweep.counts() == {"present": 1, "missing": 1}
    with scene.database.writing() as connection:
        assert rounds.undo_last(connection, CLERK, sweep.number, scene.now) == "event-2"
        assert rounds.undo_last(connection, CLERK, sweep.number, scene.now) is None
    assert sweep.counts() == {"missing": 2}
    # What was taken back may be scanned again
    assert sweep.scan(epc_of(carriers[0]))[0].outcome == "new"
    assert sweep.counts() == {"present": 1, "missing": 1}


def test_several_people_count_in_one_sweep_each_with_his_name(scene: Scene) -> None:
    one, two = scene.archive.carriers(2)
    sweep = a_sweep(scene)
    sweep.scan(epc_of(one))
    sweep.scan(epc_of(two), epc_of(one), by=SECRECY_OFFICE)
    state = sweep.state()
    assert {line.carrier: line.by_name for line in state.present} == {one: "周敏", two: "宋临"}
    assert [(name, scans) for _, name, scans in state.by_person] == [("周敏", 1), ("宋临", 2)]


def test_the_wrong_shelf_within_the_place_is_said(scene: Scene) -> None:
    one, two = scene.archive.carriers(2)
    sweep = a_sweep(scene)
    sweep.scan(epc_of(one), place=SHELF_2)
    sweep.scan(epc_of(two), place=CABINET)
    assert {line.carrier: line.wrong_shelf for line in sweep.state().present} == {one: True, two: False}


def test_ambiguous_codes_and_tags_taken_off_are_unknown_never_guessed(scene: Scene) -> None:
    for copy in (1, 2):
        scene.archive.carrier(control_number="YS-2026-70000", copy_number=copy, copies=2)
    taken_off = scene.archive.carrier()
    scene.archive.books.enter(CLERK, [TagRetired(taken_off, epc_of(taken_off), "坏了")], act="tag")
    sweep = a_sweep(scene)
    found = sweep.scan("YS-2026-70000", "YS-2026-70000/2", "YS-2026-70000/3", epc_of(taken_off))
    assert [r.outcome for r in found] == ["unknown", "new", "unknown", "unknown"]


def test_a_tick_by_eye_names_its_reason(scene: Scene) -> None:
    carrier = scene.archive.carrier()
    sweep = a_sweep(scene)
    with refused("text_missing"):
        sweep.send([Scan("e", epc_of(carrier), scene.now, "eye")])
    assert sweep.counts() == {"missing": 1}


def test_readers_under_the_place_count_too(scene: Scene) -> None:
    # Given two carriers of the shelf heard before and after the opening, and one of the next cabinet
    before, after = scene.archive.carriers(2)
    stranger, cross_read = scene.archive.carriers(2, place=LOW_SHELF, level="confidential")
    scene.reader(SHELF)
    scene.sighting(before, SHELF)
    sweep = a_sweep(scene)
    scene.wait(60)
    scene.sighting(after, SHELF)
    for carrier in (stranger, cross_read):
        scene.sighting(carrier, SHELF)
    scene.heard(stranger, SHELF)
    scene.heard(cross_read, LOW_SHELF)
    # When the readers' share is taken, twice
    with scene.database.writing() as connection:
        assert rounds.feed_from_readers(connection, CLERK, sweep.number) == 2
    scene.sighting(after, SHELF)
    with scene.database.writing() as connection:
        assert rounds.feed_from_readers(connection, CLERK, sweep.number) == 0
    # Then the one heard since counts, by the reader; the stranger only where the radio believes it here
    state = sweep.state()
    assert [(line.carrier, line.means) for line in state.present] == [(after, "reader")]
    assert [line.carrier for line in state.missing] == [before]
    assert [line.carrier for line in state.elsewhere] == [stranger]


def test_signing_freezes_the_report_and_enters_it_in_the_books(scene: Scene) -> None:
    met, missed, lent = scene.archive.carriers(3)
    scene.archive.borrow(lent, "chen")
    sweep = a_sweep(scene)
    sweep.scan(epc_of(met), "whatever")
    with scene.database.reading() as connection:
        before = fold(map(decode, bodies(connection, scene.archive.books.position(connection))))
    # When it is signed
    signature = sweep.signature()
    act = sweep.sign()
    # Then the ledger has one entry more, and no carrier has changed
    with scene.database.reading() as connection:
        after = fold(map(decode, bodies(connection, scene.archive.books.position(connection))))
        entry = list(map(decode, bodies(connection, after.position)))[-1]
    assert after.carriers == before.carriers
    assert after.position == before.position + 1
    assert isinstance(entry.fact, RoundSigned)
    assert (entry.act, entry.signatures) == (act, (signature,))
    fact = entry.fact
    assert (fact.expected, fact.present, fact.missing, fact.elsewhere, fact.unexpected) == (2, 1, 1, 0, 1)
    assert fact.report_hash == signature.text_hash
    assert scene.archive.books.rebuild_check() == []
    # And the report stays as it was signed, whatever happens to the carriers later
    scene.archive.books.enter(CLERK, [Moved(met, SHELF_2)], act="move")
    scene.archive.borrow(missed, "chen")
    state = sweep.state()
    assert [line.carrier for line in state.missing] == [missed]
    assert (state.state, state.act, state.report_hash) == ("signed", act, fact.report_hash)
    with scene.database.reading() as connection:
        report = rounds.round_report(connection, CLERK, sweep.number)
    assert json.loads(report.text)["counts"]["missing"] == 1
    assert rfc8785.dumps(json.loads(report.text)).decode() == report.text
    assert "远山三号" not in report.text


def test_what_a_finished_sweep_did_not_meet_is_a_finding_until_it_is_met(scene: Scene) -> None:
    met, missed = scene.archive.carriers(2)
    sweep = a_sweep(scene)
    sweep.scan(epc_of(met))
    sweep.sign()
    item = scene.only()
    assert (item.line.kind, item.line.carrier, item.line.place) == ("missing", missed, SHELF)
    assert item.line.evidence["sweep"]["round"] == sweep.number
    assert item.line.evidence["rule"]["code"] == "missing_in_sweep"
    scene.wait(60)
    assert not scene.check()
    # When the next sweep meets it, it clears
    again = a_sweep(scene)
    scene.wait(60)
    again.scan(epc_of(missed))
    assert scene.check().cleared == (item.line.number,)
    assert scene.only(state="closed").line.resolution == "met_in_round"


def test_a_sweep_adds_its_evidence_to_a_finding_that_is_open_already(scene: Scene) -> None:
    scene.archive.carrier()
    scene.wait(3_600)
    scene.listening(SHELF, seconds=900)
    (number,) = scene.check("missing").opened
    a_sweep(scene).sign()
    assert scene.only().line.number == number


def test_nothing_scanned_may_be_signed_and_concludes_nothing(scene: Scene) -> None:
    scene.archive.carriers(3)
    sweep = a_sweep(scene)
    assert (sweep.state().scans, sweep.state().to_find) == (0, 3)
    sweep.sign()
    assert scene.found() == []
    assert {line.covered for line in sweep.state().missing} == {False}
    with scene.database.reading() as connection:
        assert json.loads(rounds.round_report(connection, CLERK, sweep.number).text)["scans"] == 0


def test_a_scan_after_the_text_was_shown_refuses_the_signature(scene: Scene) -> None:
    carrier = scene.archive.carrier()
    sweep = a_sweep(scene)
    shown = sweep.signature()
    sweep.scan(epc_of(carrier))
    books, now = scene.archive.books, scene.now
    with refused("round_changed"):
        rounds.sign_round(scene.database, books, CLERK, sweep.number, shown, now)
    other = Signature(PEOPLE["secrecy"], now, "password", sweep.signature().text_hash)
    with refused("signature_not_own"):
        rounds.sign_round(scene.database, books, CLERK, sweep.number, other, now)
    assert sweep.state().state == "open"
    assert scene.found(state="all") == []


def test_after_its_end_a_round_takes_no_scans(scene: Scene) -> None:
    carrier = scene.archive.carrier()
    signed, given_up = a_sweep(scene), a_sweep(scene, place=SHELF_2)
    signed.was_there(SHELF)
    signed.sign()
    rounds.abandon(scene.database, CLERK, given_up.number, "火警演习", scene.now)
    for sweep in (signed, given_up):
        with refused("round_closed"):
            sweep.scan(epc_of(carrier))
        with refused("round_closed"):
            sweep.sign()
    assert (given_up.state().state, given_up.state().reason) == ("abandoned", "火警演习")
    # An abandoned round concludes nothing
    assert [item.line.carrier for item in scene.found()] == [carrier]
    with refused("text_missing"):
        rounds.abandon(scene.database, CLERK, a_sweep(scene).number, " ", scene.now)


def test_who_may_sweep_what(scene: Scene) -> None:
    scene.archive.carrier(level="top_secret")
    books, now = scene.archive.books, scene.now
    chen = subject("chen", Role.BORROWER)
    with refused("not_permitted"):
        rounds.open_round(scene.database, books, chen, CABINET, now)
    with refused("round_no_store"):
        rounds.open_round(scene.database, books, CLERK, GATE, now)
    with pytest.raises(NotFound):
        rounds.open_round(scene.database, books, CLERK, 999, now)
    sweep = a_sweep(scene)
    with refused("round_open_already"):
        rounds.open_round(scene.database, books, CLERK, CABINET, now)
    # A clerk who is cleared to less learns nothing of the round, nor of what he scans
    junior = subject("sun", Grant(Role.CLERK))
    for deny in (lambda: sweep.state(junior), lambda: sweep.scan("x", by=junior), lambda: sweep.state(chen)):
        with pytest.raises(NotFound):
            deny()
    scene.wait(1)
    own = a_sweep(scene, place=READING, by=junior)
    assert own.scan(epc_of(1), by=junior)[0].outcome == "unknown"
    with scene.database.reading() as connection:
        assert [r.number for r in rounds.rounds(connection, CLERK).items] == [own.number, sweep.number]
        assert [r.number for r in rounds.rounds(connection, junior).items] == [own.number]
        assert rounds.rounds(connection, chen).items == ()


def test_a_second_tag_of_a_carrier_is_the_same_carrier(scene: Scene) -> None:
    carrier = scene.archive.carrier()
    scene.archive.books.enter(CLERK, [TagBound(carrier, Tag(epc_of(9_999)))], act="tag")
    sweep = a_sweep(scene)
    assert [r.outcome for r in sweep.scan(epc_of(carrier), epc_of(9_999))] == ["new", "repeated"]
    assert list(sweep.counts().items()) == [("present", 1)]


def test_the_rows_of_a_report_name_every_carrier_once(scene: Scene) -> None:
    one, _ = scene.archive.carriers(2)
    sweep = a_sweep(scene)
    sweep.scan(epc_of(one), "whatever")
    rows = list(rounds.rows_of(sweep.state()))
    assert [row["bucket"] for row in rows] == ["present", "missing", "unknown"]


def test_a_large_sweep_is_taken_in_one_batch(scene: Scene) -> None:
    # Given two thousand carriers on the shelf; all but one scanned, half of them twice
    carriers = scene.archive.carriers(2_000)
    sweep = a_sweep(scene)
    codes = [epc_of(c) for c in carriers[1:]] + [epc_of(c) for c in carriers[:1_000:-1]]
    found = sweep.scan(*codes)
    assert [sum(r.outcome == o for r in found) for o in ("new", "repeated")] == [1_999, 999]
    assert sweep.counts() == {"present": 1_999, "missing": 1}


def test_what_is_read_in_a_room_is_expected_there_and_not_on_its_shelf(scene: Scene) -> None:
    # Given two carriers of the cabinet given out to be read in the reading room, and one set apart on the other shelf
    archive = scene.archive
    here, gone = archive.carriers(2)
    for carrier, who in ((here, "chen"), (gone, "sun")):
        archive.enter(CLERK, [to_read(archive, carrier, who)], "read", who)
    a_batch(archive, 1).approved().set_apart()
    # When both places are swept
    room, cabinet = a_sweep(scene, READING), a_sweep(scene)
    assert room.counts() == {"missing": 2}
    assert cabinet.counts() == {"missing": 1, "absent": 2}
    # Then the one that is read there is present, and the other, signed for, is a finding
    room.scan(epc_of(here))
    assert room.counts() == {"present": 1, "missing": 1}
    room.sign()
    assert [(item.line.kind, item.line.carrier) for item in scene.found()] == [("missing", gone)]
