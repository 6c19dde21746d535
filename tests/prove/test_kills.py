"""Nothing acknowledged is lost or doubled when the server or the daemon is killed, at any moment, again and again.

Four readers report, a clerk lends and takes back, and one process is killed by SIGKILL, most times in the middle of
an open write. The judge is the forwarder between daemon and server with the clerk's receipts. `make prove` kills
fifty times each, the server on both engines; `make test` three times.
"""

import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from custody import clock
from readers.scenario import parse
from readers.virtual import VirtualReaderThread
from reconcile.coverage import TOUCHING
from tests.builders import SHELF, SHELF_2
from tests.prove import house as houses
from tests.prove import judge
from tests.prove.clerk import Clerk
from tests.prove.forwarder import Forwarder, Key
from tests.prove.house import House, Process
from tests.prove.postgres import Postgres
from tests.prove.record import WHOLE, Row, proof

KILLS = 50 if WHOLE else 2
POSTGRESQL_KILLS = 20 if WHOLE else 1
ENGINES = ("sqlite", "postgresql") if WHOLE else ("sqlite",)
ANYWHERE_EVERY = 4
"""One kill in so many comes at any moment of the process's life, its start included; the others in a write."""
SCENARIO_SECONDS = 1200 if WHOLE else 240
SETTLE_SECONDS = 1.5
LONG_DEATH_SECONDS = 7.0
"""Longer than the threshold of `missing`."""
SHORT_DEATH_SECONDS = TOUCHING / 1e6 + 0.2
DELIVERIES_MAX = 25

pytestmark = [pytest.mark.prove, pytest.mark.process, pytest.mark.timeout(7200 if WHOLE else 400)]


@dataclass
class Stage:
    """Everything that runs in a proof."""

    house: House
    folder: Path
    rng: random.Random
    server: Process
    daemon: Process
    forwarder: Forwarder
    clerk: Clerk
    kills: int = 0
    inside: int = 0
    deaths: list[tuple[int, int]] = field(default_factory=list)
    """Of the daemon: from the kill to the next start."""
    spooled: set[Key] = field(default_factory=set)
    """What the killed daemons left in the spool."""

    def kill(self, victim: Process, ready: Callable[[], None]) -> None:
        """One kill: in a write mostly; at any moment, the start included, now and then."""
        if self.kills % ANYWHERE_EVERY == ANYWHERE_EVERY - 1:
            time.sleep(self.rng.uniform(0.0, 2.0))
            inside = victim.kill()
        else:
            ready()
            time.sleep(self.rng.uniform(0.05, 0.6))
            inside = victim.kill_in_a_write(self.rng.uniform(0.0, 0.003))
        self.kills += 1
        self.inside += inside


def _stage(stack: ExitStack, folder: Path, seed: int, database_url: str = "", *, failing: bool = False) -> Stage:
    rng = random.Random(seed)
    house = houses.a_house(folder, houses.ANTENNAS, {SHELF: 26, SHELF_2: 20}, database_url=database_url)
    scenario = parse(houses.a_moving_scenario(house, rng, SCENARIO_SECONDS))
    names = {script.name: 0 for script in scenario.readers}
    readers = stack.enter_context(VirtualReaderThread(scenario, names, seed=seed))
    forwarder = stack.enter_context(Forwarder(house.port, random.Random(seed)))
    configuration = houses.edge_configuration(house, readers.ports, forwarder.url)
    server = stack.enter_context(houses.a_server(house, folder))
    houses.wait_until_served(house, server)
    daemon = stack.enter_context(houses.a_daemon(configuration, folder))
    houses.wait_until_writing(daemon)
    handled = [(carrier, SHELF_2) for carrier, _epc in house.shelves[SHELF_2][:8]]
    clerk = stack.enter_context(Clerk(house, handled, failing=failing))
    return Stage(house, folder, rng, server, daemon, forwarder, clerk)


def _end_in_order(stage: Stage) -> None:
    """Stop everything as an operator does; the spool must then be empty, with a start or two more if need be."""
    time.sleep(SETTLE_SECONDS)
    stage.clerk.stop()
    stage.daemon.stop()
    for _ in range(DELIVERIES_MAX):
        left = judge.spooled(stage.house.data / "edge.spool", stage.folder / "aside")
        if not left:
            break
        stage.daemon.start()
        houses.wait_until_writing(stage.daemon)
        time.sleep(SETTLE_SECONDS)
        stage.daemon.stop()
    assert not left, f"{len(left)} records stay in the spool:\n{stage.daemon.log[-3000:]}"
    stage.server.stop()


def _judge(stage: Stage, row: Row, kills: int = KILLS) -> None:
    journal = stage.forwarder.journal
    records = judge.judge_records(stage.house, journal)
    acts = judge.judge_acts(stage.house, stage.clerk.receipts)
    row.kills, row.inside = stage.kills, stage.inside
    row.acknowledged = records.acknowledged + acts.acknowledged
    row.lost = len(records.lost) + len(acts.lost)
    row.doubled = len(records.doubled) + len(acts.doubled)
    assert (records.lost, records.doubled) == ((), ())
    assert (acts.lost, acts.doubled) == ((), ())
    assert stage.clerk.surprises == []
    assert journal.doubtful == [], "one sequence was sent with two contents"
    assert stage.spooled <= journal.acknowledged, "what was in the spool of a killed daemon was not delivered"
    judge.assert_gapless(stage.house, journal)
    assert judge.findings(stage.house, "missing") == [], "a carrier became missing because a process was killed"
    judge.assert_books_hold(stage.house, stage.folder)
    assert stage.kills == kills
    assert len(stage.clerk.receipts) > (kills if WHOLE else 0), "the clerk hardly did anything"
    assert records.acknowledged > 20 * kills, "the readers hardly said anything"


def _mostly_in_a_write(stage: Stage) -> None:
    assert stage.inside * 3 >= stage.kills, f"{stage.inside} of {stage.kills} kills came in an open write"
    assert stage.forwarder.journal.refused == [], "the server called deliveries of its own daemon wrong"


def _kill_the_server(folder: Path, seed: int, row: Row, database_url: str = "") -> None:
    with ExitStack() as stack:
        stage = _stage(stack, folder, seed, database_url)
        for number in range(KILLS):
            stage.kill(stage.server, lambda: houses.wait_until_served(stage.house, stage.server))
            # Now and then it is away for long, and everything comes late and in a burst.
            time.sleep(LONG_DEATH_SECONDS if number % 10 == 1 else 0.0)
            stage.server.start()
        houses.wait_until_served(stage.house, stage.server)
        _end_in_order(stage)
        assert stage.forwarder.journal.sent.keys() == stage.forwarder.journal.acknowledged
        _judge(stage, row)
        _mostly_in_a_write(stage)


@pytest.mark.parametrize("engine", ENGINES)
def test_server_killed(tmp_path: Path, new_database_url: Callable[[str], str], engine: str) -> None:
    seed = 1 + ENGINES.index(engine)
    with proof(f"server killed, {engine}", seed) as row:
        # Without a URL the books are a file in the data folder, as in an office.
        _kill_the_server(tmp_path, seed, row, "" if engine == "sqlite" else new_database_url(engine))


def test_postgresql_killed_under_a_running_server(tmp_path: Path) -> None:
    with proof("PostgreSQL killed, the server goes on", seed=4) as row, ExitStack() as stack:
        postgres = stack.enter_context(Postgres())
        stage = _stage(stack, tmp_path, 4, postgres.url, failing=True)
        for _ in range(POSTGRESQL_KILLS):
            time.sleep(stage.rng.uniform(0.5, 2.0))
            postgres.kill()
            stage.kills += 1
            time.sleep(stage.rng.uniform(0.0, 1.0))
            postgres.start()
            houses.wait_until_served(stage.house, stage.server)
        _end_in_order(stage)
        _judge(stage, row, POSTGRESQL_KILLS)
        assert all(answer.startswith("503") for answer in stage.forwarder.journal.refused)


def test_daemon_killed(tmp_path: Path) -> None:
    with proof("edge daemon killed, sqlite", seed=3) as row, ExitStack() as stack:
        stage = _stage(stack, tmp_path, 3)
        spool = stage.house.data / "edge.spool"
        for number in range(KILLS):
            stage.kill(stage.daemon, lambda: houses.wait_until_writing(stage.daemon))
            died_at = clock.now()
            stage.spooled |= judge.spooled(spool, tmp_path / "aside")
            time.sleep(LONG_DEATH_SECONDS if number % 10 == 1 else SHORT_DEATH_SECONDS)
            stage.deaths.append((died_at, clock.now()))
            stage.daemon.start()
        houses.wait_until_writing(stage.daemon)
        restarted_at = stage.deaths[-1][1]
        _end_in_order(stage)
        _judge(stage, row)
        _mostly_in_a_write(stage)
        _nobody_listened_while_it_was_dead(stage)
        _everybody_was_heard_again(stage, restarted_at)


def _nobody_listened_while_it_was_dead(stage: Stage) -> None:
    intervals = judge.coverage(stage.house)
    assert len(intervals) == len(houses.ANTENNAS)
    for antenna, listened in intervals.items():
        for died_at, started_at in stage.deaths:
            wrong = [one for one in listened if one[0] < started_at and one[1] > died_at]
            assert not wrong, f"{antenna} is said to have listened while the daemon was dead: {wrong}"


def _everybody_was_heard_again(stage: Stage, since: int) -> None:
    """Every tag of the house was heard after the last start: reading goes on where it stopped."""
    journal = stage.forwarder.journal
    heard = {row[1] for kind, row in journal.sent.values() if kind == "sightings" and row[5] >= since}
    assert heard >= {*stage.house.epcs(SHELF), *stage.house.epcs(SHELF_2)}
