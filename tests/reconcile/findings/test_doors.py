"""Portals in the comparison: not watching is not quiet; what lies there; the guard's alarm and ours are one finding;
and the list of what may pass says what the check of passages says.
"""

import json

import pytest
from sqlalchemy import select

from custody.scheme import Scheme
from custody.values import SECOND
from reconcile.intake import AlarmRecord, InputRecord, IntakeBatch
from reconcile.presence import settings_from
from reconcile.store import portals
from reconcile.store.core import ANTENNA, COVERAGE, DOOR_ALARM, DOOR_LIST, FINDING_EVENT, READER, STAY, insert_new
from reconcile.store.door_lists import may_pass, present_list
from reconcile.store.intake import take
from reconcile.store.portals import BeamSetting, PortalInvalid
from reconcile.store.presence import fold_new
from tests.builders import SCHEME
from tests.custody.carrying_out.scene import a_permit
from tests.reconcile.findings.scene import GATE, Scene
from tests.reconcile.findings.test_from_sightings import Radio

REMOVAL, SUSPECTED = "unauthorised_removal", "suspected_removal"
SILENT = SCHEME.number("reader_silent_after_seconds")


def gate_listens(scene: Scene, *antennas: int, seconds: float = 600) -> None:
    """The gate's reader, with these of its antennas listening up to now."""
    with scene.database.writing() as connection:
        row = {"name": "gate", "enabled": True, "device": "", "title_zh": "", "title_en": "", "state": "listening"}
        row |= {"detail": "", "enabled_at": scene.now - 86_400 * SECOND}
        insert_new(connection, READER, [row])
        connection.execute(READER.update().where(READER.c.name == "gate").values(through_at=scene.now))
        for number, role in ((1, "inside"), (2, "outside")):
            insert_new(connection, ANTENNA, [{"reader": "gate", "number": number, "place": GATE, "role": role}])
        for number in antennas:
            row = {"reader": "gate", "antenna": number, "since_at": scene.now - int(seconds * SECOND)}
            connection.execute(COVERAGE.insert().values(row | {"through_at": scene.now}))


def beam_says(scene: Scene, *changes: tuple[float, int, bool]) -> None:
    """Changes of the gate's inputs, so many seconds ago."""
    with scene.database.writing() as connection:
        rows = [
            InputRecord(n, "gate", port, active, scene.now - int(ago * SECOND), scene.now)
            for n, (ago, port, active) in enumerate(changes, 1)
        ]
        take(connection, "edge", IntakeBatch("edge", f"{scene.now:08x}"[-8:], inputs=tuple(rows)), scene.now)


def with_beam(scene: Scene) -> None:
    with scene.database.writing() as connection:
        portals.set_beam(connection, GATE, BeamSetting("gate", 1, 2))


def alarms(
    scene: Scene,
    epc: str,
    *,
    direction: str = "out",
    score: float = 0.95,
    seconds_ago: float = 0,
    boot: str = "b0071234",
) -> None:
    """What the guard at the gate told."""
    at = scene.now - int(seconds_ago * SECOND)
    level = "alarm" if direction == "out" and score >= 0.85 else "suspect"
    record = AlarmRecord(
        1, "gate", "P-GATE", epc, at, direction, score, level, "not_listed", 7, "bell: on", '{"order":1}'
    )
    with scene.database.writing() as connection:
        take(connection, "edge", IntakeBatch("edge", boot, alarms=(record,)), scene.now)


def outcomes(scene: Scene) -> list[tuple[str, str | None]]:
    with scene.database.reading() as connection:
        rows = connection.execute(select(DOOR_ALARM.c.outcome, DOOR_ALARM.c.finding).order_by(DOOR_ALARM.c.id))
        return [tuple(row) for row in rows]


# Not watching


@pytest.mark.parametrize(("listening", "part"), [((1,), "outside"), ((2,), "inside")])
def test_one_dead_antenna_means_not_watching_within_a_minute_and_clears_by_itself(
    sqlite_scene: Scene, listening: tuple[int, ...], part: str
) -> None:
    scene = sqlite_scene
    gate_listens(scene, 1, 2)
    assert not scene.check("portal_blind")
    scene.wait(SILENT + 10)
    gate_listens(scene, *listening)
    assert SILENT + 10 <= 60
    opened = scene.check("portal_blind").opened
    (item,) = scene.found()
    assert (item.line.kind, item.line.colour, item.line.place) == ("portal_blind", "hatch", GATE)
    assert [one["part"] for one in item.line.evidence["not_covered"]] == [part]
    assert item.line.happened_at == scene.now - (SILENT + 10) * SECOND
    assert not scene.check("portal_blind")
    gate_listens(scene, 1, 2)
    assert scene.check("portal_blind").cleared == opened
    assert [notice.finding for notice in scene.inbox("secrecy")] == list(opened)


def test_a_blocked_beam_means_not_watching_too(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    gate_listens(scene, 1, 2)
    with_beam(scene)
    beam_says(scene, (50, 1, True))
    assert not scene.check("portal_blind")
    scene.wait(20)
    gate_listens(scene, 1, 2)
    opened = scene.check("portal_blind").opened
    assert [one["part"] for one in scene.only().line.evidence["not_covered"]] == ["beam_stuck"]
    beam_says(scene, (0, 1, False))
    assert scene.check("portal_blind").cleared == opened


def test_a_portal_out_of_use_is_not_complained_of(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    gate_listens(scene)
    with scene.database.writing() as connection:
        connection.execute(READER.update().values(enabled=False))
    assert not scene.check("portal_blind")


@pytest.mark.parametrize(
    "beam", [BeamSetting("nobody", 1, 2), BeamSetting("gate", 1, 1), BeamSetting("gate", 0, 2)], ids=str
)
def test_a_beam_that_cannot_be_is_refused(sqlite_scene: Scene, beam: BeamSetting) -> None:
    gate_listens(sqlite_scene)
    with sqlite_scene.database.writing() as connection, pytest.raises(PortalInvalid):
        portals.set_beam(connection, GATE, beam)


# What lies there


def test_what_lies_at_the_portal_is_told_once_a_stay(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    carrier = scene.archive.carrier()
    radio = Radio(scene)
    for _ in range(9):
        scene.wait(10)
        radio.hears(carrier, "portal", 1)
        fold_new(scene.database, settings_from(SCHEME), scene.now)
    radio.compare()
    (item,) = [one for one in scene.found() if one.line.kind == "parked_at_portal"]
    assert (item.line.carrier, item.line.evidence["radio"]["sides"]) == (carrier, "inside")
    # Heard there no more, while the portal listens: it is over, and the same stay is not told again
    scene.wait(150)
    assert "parked_at_portal" not in radio.compare()
    assert not scene.check("parked_at_portal")


# The beam in the fold


@pytest.mark.parametrize(
    ("what", "beam", "direction", "sure"),
    [
        ("outer broken second", ((1.5, 1, True), (0.9, 2, True)), "out", True),
        ("inner broken second", ((1.5, 2, True), (0.9, 1, True)), "out", False),
        ("never broken", (), "out", False),
    ],
)
def test_the_beam_that_arrives_with_the_reads_counts(
    sqlite_scene: Scene, what: str, beam: tuple[tuple[float, int, bool], ...], direction: str, sure: bool
) -> None:
    scene = sqlite_scene
    carrier = scene.archive.carrier()
    radio = Radio(scene)
    gate_listens(scene, 1, 2)
    with_beam(scene)
    radio.hears(carrier, "portal", 1)
    scene.wait(1.2)
    radio.hears(carrier, "portal", 2)
    beam_says(scene, *beam)
    fold_new(scene.database, settings_from(SCHEME), scene.now)
    scene.wait(30)
    fold_new(scene.database, settings_from(SCHEME), scene.now)
    with scene.database.reading() as connection:
        row = connection.execute(select(STAY).where(STAY.c.direction != "")).one()
    assert (row.direction, row.score >= 0.85) == (direction, sure), what
    assert len(json.loads(row.evidence)["beam"]["passes"]) == bool(beam)


# The guard's alarm


def test_e_1_detect__what_the_guard_alone_heard_is_a_removal(scene: Scene) -> None:
    carrier = scene.archive.carrier()
    scene.wait(60)
    gate_listens(scene, 1, 2)
    alarms(scene, scene.epcs(carrier)[0])
    scene.check()
    line = scene.only().line
    assert (line.kind, line.carrier, line.place) == (REMOVAL, carrier, GATE)
    assert line.evidence["guard"]["outputs"] == "bell: on"
    assert outcomes(scene) == [("opened", line.number)]
    assert not scene.check()


@pytest.mark.parametrize("first", ["guard", "server"])
def test_e_1_detect__the_guards_alarm_and_ours_are_one_finding(sqlite_scene: Scene, first: str) -> None:
    scene = sqlite_scene
    carrier = scene.archive.carrier()
    scene.wait(60)
    for who in (first, "server" if first == "guard" else "guard"):
        if who == "guard":
            alarms(scene, scene.epcs(carrier)[0], seconds_ago=3)
        else:
            scene.passes(carrier, seconds_ago=2)
        scene.check()
    line = scene.only().line
    assert line.kind == REMOVAL
    with scene.database.reading() as connection:
        told = [row.what for row in connection.execute(select(FINDING_EVENT).where(FINDING_EVENT.c.what == "evidence"))]
    assert told == ["evidence"]


def test_e_1_detect__a_suspicion_of_ours_that_the_guard_was_sure_of_is_a_removal(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    carrier = scene.archive.carrier()
    scene.wait(60)
    scene.passes(carrier, "out", 0.5)
    scene.check()
    assert scene.kinds() == [SUSPECTED]
    alarms(scene, scene.epcs(carrier)[0])
    scene.check()
    assert scene.kinds() == sorted([SUSPECTED, REMOVAL])


def test_another_passage_later_is_another_finding(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    carrier = scene.archive.carrier()
    alarms(scene, scene.epcs(carrier)[0])
    scene.check()
    scene.wait(600)
    alarms(scene, scene.epcs(carrier)[0], boot="b0071235")
    scene.check()
    assert scene.kinds() == [REMOVAL, REMOVAL]


def test_the_same_alarm_told_by_a_daemon_and_again_after_its_restart_is_one(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    carrier = scene.archive.carrier()
    for boot in ("b0071234", "b0071235"):
        alarms(scene, scene.epcs(carrier)[0], boot=boot)
    scene.check()
    assert len(outcomes(scene)) == 1
    assert scene.kinds() == [REMOVAL]


def test_e_1_detect__an_alarm_of_what_may_leave_opens_nothing(sqlite_scene: Scene) -> None:
    """Given a permit that the guard's list did not have yet, then the siren sounded for nothing, and that is kept."""
    scene = sqlite_scene
    carrier = scene.archive.carrier()
    permit = a_permit(scene.archive, carrier, mode="portal").approved()
    scene.archive.borrow(carrier, "chen", 5)
    permit.packs(carrier)
    scene.wait(60)
    alarms(scene, scene.epcs(carrier)[0])
    scene.check(REMOVAL)
    assert (scene.kinds(), outcomes(scene)) == ([], [("lawful", None)])


@pytest.mark.parametrize("again", [False, True])
def test_an_unknown_tag_of_our_numbers_that_went_out_is_told(sqlite_scene: Scene, again: bool) -> None:
    scene = sqlite_scene
    blank = f"{SCHEME.epc_block}{'0' * (23 - len(SCHEME.epc_block))}9"
    alarms(scene, blank)
    if again:
        scene.wait(5)
        alarms(scene, blank, boot="b0071235")
    scene.check(REMOVAL)
    line = scene.only().line
    assert (line.kind, line.epc) == ("unknown_tag", blank)
    assert {outcome for outcome, _ in outcomes(scene)} == {"opened"}


# The list of what may pass


def steps_of(scene: Scene, step: str) -> int:
    """A carrier brought so far."""
    carrier = scene.archive.carrier()
    if step in ("permitted", "packed", "packed, its window over"):
        permit = a_permit(scene.archive, carrier, mode="portal").approved()
        scene.archive.borrow(carrier, "chen", 5)
        scene.wait(60)
        if step != "permitted":
            permit.packs(carrier)
        if step.endswith("over"):
            scene.ticking.days(3.1)
    elif step == "carried out":
        permit = a_permit(scene.archive, carrier, mode="desk").approved()
        scene.archive.borrow(carrier, "chen", 5)
        permit.lets_out(carrier)
    elif step == "on loan":
        scene.archive.borrow(carrier, "chen", 5)
    scene.wait(60)
    return carrier


@pytest.mark.parametrize(
    "step", ["in place", "on loan", "permitted", "packed", "packed, its window over", "carried out"]
)
def test_e_1_detect__the_doors_list_says_what_the_check_of_passages_says(sqlite_scene: Scene, step: str) -> None:
    scene = sqlite_scene
    carrier = steps_of(scene, step)
    (epc,) = scene.epcs(carrier)
    with scene.database.reading() as connection:
        until = may_pass(connection, scene.now).get(epc)
    listed = until is not None and (until == 0 or scene.now <= until)
    scene.passes(carrier, seconds_ago=0)
    assert bool(scene.check(REMOVAL).opened) is not listed
    assert (until not in (None, 0)) == (step == "packed")


def test_a_list_is_drawn_again_byte_for_byte_until_something_changes_or_it_is_half_spent(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    scheme: Scheme = SCHEME

    def ask(known: int | None = None) -> tuple[int, str | None]:
        with scene.database.writing() as connection:
            made = present_list(connection, "archive.example", scheme, scene.now, known=known)
            return made.number, made.text

    number, text = ask()
    scene.wait(60)
    assert ask() == (number, text)
    assert ask(number) == (number, None)
    scene.archive.carrier()  # the ledger goes on, and nothing more may pass
    assert ask(number) == (number, None)
    steps_of(scene, "carried out")
    second, other = ask(number)
    assert (second > number, other is not None and other != text) == (True, True)
    scene.wait(scheme.number("door_list_minutes") * 30 + 1)
    third, _ = ask(second)
    assert third > second
    with scene.database.reading() as connection:
        assert len({row.salt for row in connection.execute(select(DOOR_LIST))}) == 3
