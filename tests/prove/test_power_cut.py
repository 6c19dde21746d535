"""A power cut at any moment: nothing acknowledged is lost, nothing is half done, and the system recovers by itself.

A process writes everything that the product writes; a library loaded into it journals each write and each sync of its
files. From the journal the disk is made as a power cut would have left it at chosen moments: without anything that was
not synced, or with any part of that, sector by sector. On each such disk the product is started.
"""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from custody.database import Database
from readers.spool import Spool
from tests.builders import books_on
from tests.prove.power import victim
from tests.prove.power.disk import Disk, Loses, operations
from tests.prove.record import WHOLE, proof

TURNS = 20 if WHOLE else 2
CUTS = 400 if WHOLE else 14
HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]

pytestmark = [pytest.mark.prove, pytest.mark.process, pytest.mark.timeout(3600 if WHOLE else 240)]


@dataclass(frozen=True)
class Told:
    """What a process wrote, and what it acknowledged: (operations before it was said, what was said)."""

    before: Path
    journal: Path
    said: tuple[tuple[int, victim.Acknowledgement], ...]
    length: int


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journal, compiled."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler: apt-get install gcc libc6-dev")
    made = tmp_path_factory.mktemp("journal") / "journal.so"
    source = HERE / "power" / "journal.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", made, source, "-ldl", "-lpthread"], check=True)
    return made


def written(folder: Path, library: Path, synchronous: str) -> Told:
    """A process has written everything, so many turns, and was acknowledged each time."""
    root, before, journal = folder / "disk", folder / "before", folder / "journal"
    root.mkdir(parents=True)
    victim.prepare(root)
    shutil.copytree(root, before)
    environment = os.environ | {
        "LD_PRELOAD": str(library),
        "POWER_ROOT": str(root),
        "POWER_JOURNAL": str(journal),
        "PYTHONPATH": str(REPOSITORY),
    }
    command = [sys.executable, "-m", "tests.prove.power.victim", str(root), str(TURNS), synchronous]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    said, length, lists = [], 0, set()
    for at, one in enumerate(operations(journal)):
        length = at + 1
        if one.kind == "O" and one.data.decode().endswith(victim.ACKNOWLEDGED):
            lists.add(one.file)
        if one.kind == "W" and one.file in lists:
            said.append((at, json.loads(one.data)))
    assert len(said) == TURNS * len(victim.KINDS)
    return Told(before, journal, tuple(said), length)


def moments(told: Told, number: int, chance: random.Random) -> list[int]:
    """When to cut: half of the time just after something was acknowledged, else anywhere."""
    kinds: dict[Any, list[int]] = {}
    for at, said in told.said:
        kinds.setdefault(said["kind"], []).append(at + 1)
    after = [chance.choice(times) for times in kinds.values()] * (number // len(kinds) + 1)
    anywhere = [chance.randrange(told.length) for _ in range(number)]
    return sorted(chance.sample(after, number // 2) + anywhere[: number - number // 2])


def disks(told: Told, cuts: list[int], chance: random.Random, folder: Path) -> Iterator[tuple[int, Loses, Path]]:
    """The folder as it would be found after each cut, once without all that was not synced, once with some of it."""
    disk = Disk({path.name: path.read_bytes() for path in told.before.iterdir()})
    waiting = list(cuts)
    for at, operation in enumerate(operations(told.journal)):
        while waiting and waiting[0] == at:
            waiting.pop(0)
            kinds: tuple[Loses, ...] = ("all", "some")
            for loses in kinds:
                root = folder / "after"
                shutil.rmtree(root, ignore_errors=True)
                root.mkdir(parents=True)
                for name, content in disk.after_cut(loses, chance).items():
                    (root / name.lstrip("/")).write_bytes(content)
                yield at, loses, root
        disk.take(operation)


def lost_on(root: Path, said: list[victim.Acknowledgement]) -> list[str]:
    """What was acknowledged and is not on this disk. Fails where the disk cannot be used, or something is half done."""
    spool = Spool(root / "spool.sqlite", "22" * 16)
    with sqlite3.connect(root / "spool.sqlite") as looking:
        (last,) = looking.execute("SELECT coalesce(max(last_seq), 0) FROM batch").fetchone()
    looking.close()
    spool.close()
    with Database.open(f"sqlite:///{root / 'custody.sqlite'}") as database:
        database.check_migrated()
        books = books_on(database)
        assert books.rebuild_check() == []
        with database.reading() as connection:
            sound = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
            assert sound == "ok"
            return [gone for one in said if (gone := victim.missing(connection, last, one))]


def test_nothing_acknowledged_is_lost_by_a_power_cut(tmp_path: Path, library: Path) -> None:
    chance = random.Random(11)
    with proof("power cut, sqlite and spool, every kind of write", seed=11) as row:
        told = written(tmp_path, library, "full")
        row.kills, row.inside, row.acknowledged, row.lost, row.doubled = 0, 0, 0, 0, 0
        ends = {at + 1 for at, _said in told.said}
        for at, loses, root in disks(told, moments(told, CUTS, chance), chance, tmp_path):
            said = [one for when, one in told.said if when < at]
            row.kills += 1
            row.inside += at not in ends
            row.acknowledged += len(said)
            gone = lost_on(root, said)
            row.lost += len(gone)
            assert gone == [], f"cut at {at} of {told.length}, {loses} of what was not synced lost"
        assert row.kills == 2 * CUTS


def test_without_the_syncs_the_same_proof_fails(tmp_path: Path, library: Path) -> None:
    """With synchronous=NORMAL what was acknowledged is lost, and the proof sees it: so it proves something."""
    chance = random.Random(12)
    told = written(tmp_path, library, "normal")
    found: list[str] = []
    for at, _loses, root in disks(told, moments(told, 6, chance), chance, tmp_path):
        # The spool syncs all the same: it has a database of its own.
        said = [one for when, one in told.said if when < at and "spooled" not in one]
        found += lost_on(root, said)
    assert found, "nothing was lost although nothing was synced"
