"""The guard at the door: what sounds, what is only told, what is said of an output that fails, what survives a kill."""

import json
import threading
from pathlib import Path

import pytest
from door_scene import BLANK, BLOCK, FOREIGN, NOW, OTHER_KEY, PAPER, SECOND, TRUSTED, Door, Siren, a_list, at

from readers.config import DaemonConfig, ReaderConfig
from readers.doorlist import DoorListInvalid, keep, parse
from readers.doors import Doors
from readers.guard import GuardLimits, Journal, PortalConfig, judge
from readers.portal import Passage
from readers.portal_score import HOLD
from readers.sighting import DoorAlarm

LIMITS = GuardLimits()
WEEK = 7 * 86_400 * SECOND


def passage(direction: str = "out", score: float = 0.95) -> Passage:
    return Passage(0, direction, at(0), at(2), 9, -50.0, "door", 2, score, {"parts": {}}, "outside")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("what", "direction", "score", "epc", "listed", "second", "expected"),
    [
        # the list is made at 0 and lasts an hour
        ("on the list", "out", 0.95, PAPER, [PAPER], 2, ""),
        ("not on the list", "out", 0.95, PAPER, [BLANK], 2, "alarm not_listed"),
        ("a label that nobody registered", "out", 0.95, BLANK, [PAPER], 2, "alarm not_listed"),
        ("not on it, but hardly a passage", "out", 0.5, PAPER, [], 2, "suspect not_listed"),
        ("not on it, which way is not known", "unknown", 0.95, PAPER, [], 2, "suspect not_listed"),
        ("too faint", "out", 0.29, PAPER, [], 2, ""),
        ("brought in", "in", 0.99, PAPER, [], 2, ""),
        ("a foreign tag", "out", 0.99, FOREIGN, [], 2, ""),
        ("a foreign tag, and no list", "out", 0.99, FOREIGN, None, 2, ""),
        ("no list", "out", 0.95, PAPER, None, 2, "alarm no_list"),
        ("no list, hardly a passage", "out", 0.4, PAPER, None, 2, "suspect no_list"),
        ("lawful lately, the list expired", "out", 0.95, PAPER, [PAPER], 3700, "suspect list_expired"),
        ("never lawful, the list expired", "out", 0.95, PAPER, [BLANK], 3700, "alarm list_expired"),
    ],
)
def test_what_a_passage_is_by_the_list(
    what: str, direction: str, score: float, epc: str, listed: list[str] | None, second: float, expected: str
) -> None:
    door_list = None if listed is None else parse(a_list(*listed), TRUSTED)
    found = judge(passage(direction, score), epc, BLOCK, door_list, at(second), LIMITS, WEEK)
    assert ("" if found is None else f"{found.level} {found.reason}") == expected, what
    assert found is None or found.sounds == expected.startswith("alarm")


def test_a_list_older_than_configured_has_expired_whatever_it_says() -> None:
    door_list = parse(a_list(lasts=10 * 86_400), TRUSTED)
    found = judge(passage(), PAPER, BLOCK, door_list, at(90), LIMITS, 60 * SECOND)
    assert found is not None
    assert found.reason == "list_expired"


def test_what_is_carried_out_without_leave_sounds_once_and_is_told_once(tmp_path: Path) -> None:
    door = Door(tmp_path)
    door.guard.take_list(a_list(BLANK))
    door.goes_out(PAPER)
    door.quiet(60)
    (alarm,) = door.ends()
    assert door.siren.fired == 1
    assert (alarm.epc, alarm.portal, alarm.direction, alarm.level) == (PAPER, "P-EAST", "out", "alarm")
    assert (alarm.reason, alarm.door_list, alarm.outputs) == ("not_listed", 5, "bell: on")
    assert alarm.score >= LIMITS.alarm_score
    assert set(json.loads(alarm.parts)) >= {"base", "order", "end", "reads", "sides", "still"}


@pytest.mark.parametrize(
    ("what", "epc", "antennas"),
    [
        ("it may pass", PAPER, (1, 2)),
        ("it is foreign", FOREIGN, (1, 2)),
        ("it comes in", BLANK, (2, 1)),
        ("it is heard inside only", BLANK, (1, 1)),
    ],
)
def test_nothing_is_told_where(tmp_path: Path, what: str, epc: str, antennas: tuple[int, int]) -> None:
    door = Door(tmp_path)
    door.guard.take_list(a_list(PAPER))
    for n in range(8):
        door.hears((n / 5, antennas[0], epc))
    for n in range(8):
        door.hears((2 + n / 5, antennas[1], epc))
    door.quiet(60)
    assert (door.ends(), door.siren.fired) == ([], 0), what


def test_a_tag_that_lies_at_the_door_for_long_does_not_sound(tmp_path: Path) -> None:
    door = Door(tmp_path)
    for n in range(1500):
        door.hears((n / 10, 1 + n % 2, PAPER))
    door.quiet(400)
    assert [one for one in door.ends() if one.level == "alarm"] == []
    assert door.siren.fired == 0


def test_one_passage_is_one_siren_also_for_who_turns_round_in_the_door(tmp_path: Path) -> None:
    door = Door(tmp_path, beam=True)
    for since, antenna in ((0, 1), (2, 2), (6, 1), (8, 2), (120, 1), (122, 2)):
        if antenna == 2:
            door.broken(since - 0.8)
        for n in range(6):
            door.hears((since + n / 5, antenna, PAPER))
    door.quiet(200)
    assert [one.outputs for one in door.ends()] == ["bell: on", "held off: it sounded a moment ago", "bell: on"]
    assert door.siren.fired == 2


def test_what_went_by_an_hour_ago_is_told_and_does_not_sound(tmp_path: Path) -> None:
    # Given a reader that was cut off, and sends its queue
    door = Door(tmp_path, now=at(3600))
    door.goes_out(PAPER)
    door.quiet(3700)
    assert [(one.level, one.outputs) for one in door.ends()] == [("alarm", "late: it did not sound")]
    assert door.siren.fired == 0


def test_an_output_that_fails_is_said_in_the_record(tmp_path: Path) -> None:
    door = Door(tmp_path, siren=Siren(fails="the relay does not answer"))
    door.goes_out(PAPER)
    assert [one.outputs for one in door.ends()] == ["bell: failed: the relay does not answer"]


def test_the_beam_settles_at_once_what_the_antennas_leave_open(tmp_path: Path) -> None:
    # Given reads that may be of one who turns round in the door; when the beam is crossed outwards
    door = Door(tmp_path, beam=True)
    door.hears((0, 1, PAPER), (0.3, 1, PAPER), (0.5, 1, PAPER))
    door.hears((1.4, 2, PAPER), (1.6, 2, PAPER), (1.9, 2, PAPER))
    assert door.guard.drain(door.now) == []
    door.broken(0.8)
    (alarm,) = door.ends()
    assert alarm.level == "alarm"
    assert json.loads(alarm.parts)["beam"] > 0


def test_without_a_beam_an_alarm_waits_until_nobody_has_turned_round(tmp_path: Path) -> None:
    door = Door(tmp_path)
    for n in range(8):
        door.hears((n / 5, 1, PAPER))
    for n in range(8):
        door.hears((2 + n / 5, 2, PAPER))
    door.quiet(3.4 + HOLD - 0.1)
    assert door.siren.fired == 0
    door.quiet(3.4 + HOLD)
    assert [(one.level, one.outputs) for one in door.ends()] == [("alarm", "bell: on")]


def test_who_turns_round_in_the_door_sounds_nothing(tmp_path: Path) -> None:
    door = Door(tmp_path)
    for since, antenna in ((0, 1), (2, 2), (5, 1)):
        for n in range(6):
            door.hears((since + n / 5, antenna, PAPER))
    door.quiet(60)
    assert (door.ends(), door.siren.fired) == ([], 0)


def test_a_beam_crossed_inwards_keeps_the_siren_quiet(tmp_path: Path) -> None:
    door = Door(tmp_path, beam=True)
    door.hears(inputs=[(0.2, 2, True), (0.6, 1, True), (0.8, 1, False), (0.8, 2, False)])
    door.goes_out(PAPER, walks=1)
    door.quiet(60)
    assert [one.level for one in door.ends()] == ["suspect"]
    assert door.siren.fired == 0


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("of another key", a_list(PAPER, number=9, key=OTHER_KEY)),
        ("rolled back", a_list(PAPER, number=4)),
        ("changed", a_list(PAPER, number=9).replace('"number":9', '"number":8')),
    ],
)
def test_a_list_that_is_refused_leaves_the_one_at_hand(tmp_path: Path, what: str, text: str) -> None:
    door = Door(tmp_path)
    door.guard.take_list(a_list(BLANK, number=5))
    with pytest.raises(DoorListInvalid):
        door.guard.take_list(text)
    door.goes_out(PAPER)
    (alarm,) = door.ends()
    assert (alarm.door_list, alarm.reason) == (5, "not_listed"), what
    assert Door(tmp_path).guard.list_number == 5


def test_the_list_survives_a_restart_and_a_damaged_one_is_no_list(tmp_path: Path) -> None:
    Door(tmp_path).guard.take_list(a_list(PAPER))
    again = Door(tmp_path)
    again.goes_out(PAPER)
    assert (again.guard.list_number, again.ends()) == (5, [])
    keep(tmp_path / "door-list", a_list(PAPER, key=OTHER_KEY))
    damaged = Door(tmp_path)
    damaged.goes_out(PAPER)
    assert [one.reason for one in damaged.ends()] == ["no_list"]


def test_an_alarm_in_the_middle_of_which_the_daemon_dies_is_told_after_its_next_start_once(tmp_path: Path) -> None:
    held = threading.Event()

    class Slow(Siren):
        def fire(self) -> None:
            self.fired += 1
            held.wait(20)

    dying = Door(tmp_path, siren=Slow())
    dying.goes_out(PAPER)
    while not dying.siren.fired:
        held.wait(0.01)
    # It sounds, and nothing is in the spool yet: that is all that the next daemon finds
    (alarm,) = Door(tmp_path).ends()
    assert (alarm.epc, alarm.outputs) == (PAPER, "the daemon ended before its outputs had said")
    third = Door(tmp_path)
    third.guard.stored(third.ends())
    assert Door(tmp_path).ends() == []
    held.set()


def test_a_journal_that_cannot_be_read_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "door-list.alarms"
    path.write_text("[{]")
    journal = Journal(path)
    assert journal.left() == []
    journal.add(DoorAlarm("door", "P-EAST", PAPER, NOW, "out", 0.9, "alarm", "no_list", 0))
    assert [one.epc for one in Journal(path).left()] == [PAPER]
    assert path.with_name("door-list.alarms.damaged").exists()


def test_a_reader_of_a_portal_tells_the_server_sooner_than_one_of_a_shelf(tmp_path: Path) -> None:
    portal = PortalConfig("P-EAST", "door", (1,), (2,))
    readers = (ReaderConfig("door", "llrp"), ReaderConfig("shelf", "llrp"))
    config = DaemonConfig("edge", tmp_path / "spool", "http://127.0.0.1:1", "", readers, doors=Doors(portals=(portal,)))
    assert [config.period_seconds(reader) for reader in readers] == [0.5, 10.0]
