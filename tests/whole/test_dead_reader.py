"""A dead reader makes no carrier missing; a shelf that is listened to does. Real processes, faults over real LLRP.

Three shelves with a reader each: one loses its power, one freezes, one drops its connection in mid-message. Meanwhile
one carrier is really taken from the shelf that is heard again at once, and one from the shelf whose reader is off.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from custody import clock
from custody.values import SECOND, Instant
from readers.scenario import parse
from readers.virtual import VirtualReaderThread
from tests.builders import LOW_SHELF, SHELF, SHELF_2
from tests.prove import house as houses
from tests.prove import judge
from tests.prove.house import Antenna, House, Process

pytestmark = [pytest.mark.process, pytest.mark.timeout(360)]

DARK_SECONDS, LIGHT_SECONDS, TAKEN_SECONDS = 9.0, 33.0, 13.0
MISSING_AFTER_SECONDS = 5
DEADLINE_SECONDS = 120.0
READERS = (
    Antenna("power", 1, SHELF, "B1-01-1"),
    Antenna("ice", 1, SHELF_2, "B1-01-2"),
    Antenna("wire", 1, LOW_SHELF, "B1-low"),
)
NUMBERS = {**houses.NUMBERS, "missing_after_seconds": MISSING_AFTER_SECONDS, "reader_silent_after_seconds": 14}


def _story(house: House) -> str:
    """What happens at the readers; each counts its seconds from its own start."""
    lines = [f"reader {one.reader} antennas {one.number}:{one.code}" for one in READERS]
    for one in READERS:
        lines += [f"tags {one.reader}-shelf {epc}" for epc in house.epcs(one.place)]
        lines.append(f"0.0 {one.reader}/1 arrive {one.reader}-shelf at -52")
    lines += [
        f"{DARK_SECONDS} power off",
        f"{LIGHT_SECONDS} power on",
        f"{DARK_SECONDS} ice freeze",
        f"{LIGHT_SECONDS} ice thaw",
        f"{DARK_SECONDS} wire cut",
        f"{TAKEN_SECONDS} power/1 leave {house.epcs(SHELF)[0]}",
        f"{TAKEN_SECONDS} wire/1 leave {house.epcs(LOW_SHELF)[0]}",
    ]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Told:
    """What the server holds at the end, and when each reader's own time began."""

    house: House
    began: dict[str, Instant]
    missing: dict[int, Instant]
    """Carrier to when the finding was opened."""
    silent: set[str]
    coverage: dict[tuple[str, int], list[tuple[Instant, Instant]]]
    states: dict[str, list[tuple[Instant, str]]]

    def at(self, reader: str, seconds: float) -> Instant:
        """An instant of a reader's own time."""
        return self.began[reader] + round(seconds * SECOND)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The story, played until everything that should follow from it has followed, or the time is up."""
    folder = tmp_path_factory.mktemp("dead-reader")
    house = houses.a_house(
        folder,
        READERS,
        {SHELF: 6, SHELF_2: 6, LOW_SHELF: 6},
        numbers=NUMBERS,
        levels={LOW_SHELF: "confidential"},
    )
    scenario = parse(_story(house))
    with ExitStack() as stack:
        virtual = stack.enter_context(VirtualReaderThread(scenario, {one.reader: 0 for one in READERS}, seed=7))
        server = stack.enter_context(houses.a_server(house, folder))
        houses.wait_until_served(house, server)
        configuration = houses.edge_configuration(house, virtual.ports, house.url)
        daemon = stack.enter_context(houses.a_daemon(configuration, folder))
        began = _began(virtual)
        _play(house, began, (server, daemon))
        daemon.stop()
        server.stop()
    return _what_was_told(house, began)


def _until(condition: Callable[[], bool], processes: tuple[Process, ...] = ()) -> None:
    """Until it holds or the time is up; what does not hold then, the tests say."""
    until = time.monotonic() + DEADLINE_SECONDS
    while not condition() and time.monotonic() < until:
        for process in processes:
            process.must_run()
        time.sleep(0.3)


def _began(virtual: VirtualReaderThread) -> dict[str, Instant]:
    _until(lambda: all(reader.elapsed_seconds is not None for reader in virtual.readers.values()))
    elapsed = {name: reader.elapsed_seconds for name, reader in virtual.readers.items()}
    return {name: clock.now() - round(seconds * SECOND) for name, seconds in elapsed.items() if seconds is not None}


def _play(house: House, began: dict[str, Instant], processes: tuple[Process, ...]) -> None:
    """Wait until the two that were taken are missed, and the others had time enough to be missed wrongly."""
    enough = {"power": LIGHT_SECONDS, "ice": LIGHT_SECONDS, "wire": TAKEN_SECONDS}

    def over() -> bool:
        heard = judge.coverage(house)
        long_heard = all(
            any(
                until > max(since, began[reader] + round(seconds * SECOND)) + 2 * MISSING_AFTER_SECONDS * SECOND
                for since, until in heard.get((reader, 1), ())
            )
            for reader, seconds in enough.items()
        )
        return long_heard and len(judge.findings(house, "missing")) >= 2

    _until(over, processes)


def _what_was_told(house: House, began: dict[str, Instant]) -> Told:
    with houses.open_reading(house) as database, database.reading() as connection:
        silent = set(connection.execute(text("SELECT reader FROM finding WHERE kind = 'reader_silent'")).scalars())
        rows = connection.execute(text("SELECT reader, at, state FROM reader_event ORDER BY at")).all()
    states: dict[str, list[tuple[Instant, str]]] = {}
    for reader, at, state in rows:
        states.setdefault(reader, []).append((at, state))
    missing = {carrier: opened for _number, carrier, _happened, opened in judge.findings(house, "missing")}
    return Told(house, began, missing, silent, judge.coverage(house), states)


def test_only_what_was_taken_is_missing(told: Told) -> None:
    assert set(told.missing) == {told.house.shelves[SHELF][0][0], told.house.shelves[LOW_SHELF][0][0]}


def test_nothing_is_concluded_of_a_shelf_while_its_reader_is_dead(told: Told) -> None:
    opened = told.missing[told.house.shelves[SHELF][0][0]]
    assert opened >= told.at("power", LIGHT_SECONDS + MISSING_AFTER_SECONDS)


def test_a_shelf_that_is_heard_misses_its_carrier_meanwhile(told: Told) -> None:
    opened = told.missing[told.house.shelves[LOW_SHELF][0][0]]
    assert opened >= told.at("wire", TAKEN_SECONDS + MISSING_AFTER_SECONDS)


@pytest.mark.parametrize("reader", ["power", "ice"])
def test_coverage_says_when_nobody_listened(told: Told, reader: str) -> None:
    dark, light = told.at(reader, DARK_SECONDS + 0.5), told.at(reader, LIGHT_SECONDS)
    listened = told.coverage[reader, 1]
    assert not [one for one in listened if one[0] < light and one[1] > dark]
    assert any(until <= dark and until - since > 3 * SECOND for since, until in listened), "before the fault"
    assert any(since >= light for since, _until in listened), "after it"


@pytest.mark.parametrize(("reader", "state"), [("power", "disconnected"), ("ice", "silent"), ("wire", "disconnected")])
def test_the_fault_is_told_and_its_end_too(told: Told, reader: str, state: str) -> None:
    dark = told.at(reader, DARK_SECONDS - 0.5)
    after = [one for at, one in told.states[reader] if at >= dark]
    assert state in after
    assert "listening" in after[after.index(state) :]


def test_a_reader_that_stops_is_noticed(told: Told) -> None:
    assert told.silent >= {"power", "ice"}
