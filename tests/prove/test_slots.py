"""Every slot is done once, whatever is killed when: in the middle of its work, after its lease, under four servers."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import func, select

from custody.database import Database
from custody.store import accounts
from custody.values import SECOND
from reconcile.digests import Digest, Figure
from reconcile.store import messages
from reconcile.store.core import NOTICE
from reconcile.store.messages import MESSAGE, Wanted
from reconcile.store.slots import JOB_SLOT
from tests.builders import NOW, PEOPLE, an_archive, books_on
from tests.prove.record import WHOLE, Row, proof
from tests.prove.slots.zygote import EVERY_SECONDS, LEASE_SECONDS
from tests.reconcile.watch.relay import RelayServer
from tests.web.front import ROLES

ROOT = Path(__file__).resolve().parents[2]
KILLS = 100 if WHOLE else 3
SPEED = 60.0
"""A slot of a minute is a second; a lease is two."""
MESSAGES = 300 if WHOLE else 20
CAUGHT_UP_SECONDS = 300.0 if WHOLE else 60.0

pytestmark = [pytest.mark.prove, pytest.mark.process, pytest.mark.timeout(900 if WHOLE else 120)]


class Servers:
    """Servers that are killed and started again; every one of them is ended at the end."""

    def __init__(self, zygote: "subprocess.Popen[str]") -> None:
        self._zygote = zygote
        self.alive: dict[str, int] = {}
        self._all: list[int] = []

    def start(self, name: str) -> None:
        """A server of this name, a new process."""
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(f"{name}\n")
        self._zygote.stdin.flush()
        self.alive[name] = int(self._zygote.stdout.readline())
        self._all.append(self.alive[name])

    def kill(self, name: str) -> None:
        """Kill it, and wait until its files are free."""
        process = self.alive.pop(name)
        os.kill(process, signal.SIGKILL)
        while _is_there(process):
            time.sleep(0.002)

    def hold(self, name: str, seconds: float) -> None:
        """It stands still for so long, and goes on as if nothing had been."""
        os.kill(self.alive[name], signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(self.alive[name], signal.SIGCONT)

    def end(self) -> None:
        """Kill all that were started."""
        for name in list(self.alive):
            self.kill(name)


def _is_there(process: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False


@contextmanager
def servers(url: str, port: int, seed: int) -> Iterator[Servers]:
    """No server yet."""
    command = [sys.executable, "-m", "tests.prove.slots.zygote", url, str(port), str(SPEED), str(seed)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    ) as zygote:
        found = Servers(zygote)
        try:
            yield found
        finally:
            found.end()
            zygote.kill()


def prepare(url: str) -> None:
    """An archive whose people have addresses, and messages that wait for them."""
    with Database.open(url) as database:
        an_archive(books_on(database))
        with database.writing() as connection:
            persons = [PEOPLE[who] for who in ROLES]
            for person in persons:
                accounts.create(connection, person, "business", "-", NOW)
                messages.set_address(connection, person, f"p{person}@archive.lan", NOW)
            text = Digest(0, (Figure("new", "", 1),)).as_json()
            wanted = [Wanted(persons[n % len(persons)], f"digest:{n}", 2, text, NOW) for n in range(MESSAGES)]
            messages.queue(connection, wanted, "archive.lan", NOW, MESSAGES)


def settled(url: str, until: int) -> bool:
    """Whether both jobs have done their slots up to an instant, and no message waits."""
    with Database.open(url, read_only=True) as database, database.reading() as connection:
        newest = connection.execute(
            select(func.max(JOB_SLOT.c.slot)).where(JOB_SLOT.c.done_at.is_not(None)).group_by(JOB_SLOT.c.job)
        )
        through = list(newest.scalars())
        return len(through) == 2 and min(through) >= until and messages.waiting(connection) == 0


@pytest.mark.parametrize(("engine", "number"), [("sqlite", 1), ("postgresql", 4)])
def test_every_slot_is_done_once(new_database_url: Callable[[str], str], engine: str, number: int) -> None:
    rng = random.Random(22)
    url = new_database_url(engine)
    prepare(url)
    names = [f"server-{n}" for n in range(number)]
    name = f"slots killed, {engine}, {number} server{'s' if number > 1 else ''}"
    with proof(name, seed=22) as row, RelayServer() as relay, servers(url, relay.port, 22) as running:
        row.kills = row.inside = row.lost = row.doubled = 0
        for one in names:
            running.start(one)
        began = time.monotonic()
        while not _begun(url):
            assert time.monotonic() - began < CAUGHT_UP_SECONDS
            time.sleep(0.05)
        for at in range(KILLS):
            # One server alone waits for the lease of the one before it: killed as often, it would be hit waiting.
            time.sleep(rng.uniform(0.01, 1.0 / number))
            victim = rng.choice(names)
            if at % 5 == 2:
                # Longer than its lease: whoever takes its slot meanwhile has it.
                running.hold(victim, 1.3 * LEASE_SECONDS / SPEED)
            running.kill(victim)
            row.kills += 1
            running.start(victim)
        through = _now_of(url)
        began = time.monotonic()
        while not settled(url, through):
            assert time.monotonic() - began < CAUGHT_UP_SECONDS, "slots or messages were left undone"
            time.sleep(0.1)
        running.end()
        _judge(url, row, relay)


def _begun(url: str) -> bool:
    with Database.open(url, read_only=True) as database, database.reading() as connection:
        return connection.execute(select(JOB_SLOT.c.slot).limit(1)).first() is not None


def _now_of(url: str) -> int:
    with Database.open(url, read_only=True) as database, database.reading() as connection:
        return int(connection.scalar(select(func.max(JOB_SLOT.c.slot))) or 0)


def _judge(url: str, row: Row, relay: RelayServer) -> None:
    step = EVERY_SECONDS * SECOND
    with Database.open(url, read_only=True) as database, database.reading() as connection:
        rows = connection.execute(select(JOB_SLOT).order_by(JOB_SLOT.c.slot)).all()
        written = connection.scalar(select(func.count()).where(NOTICE.c.kind == "proof")) or 0
        unsent = connection.scalar(select(func.count()).where(MESSAGE.c.outcome != "sent")) or 0
    for job in ("written", "counted"):
        slots = [one.slot for one in rows if one.job == job and one.done_at is not None]
        assert slots == list(range(slots[0], slots[0] + len(slots) * step, step)), "a slot was left out"
    done = [one for one in rows if one.job == "written" and one.done_at is not None]
    # What nothing else keeps from being doubled is there as often as its slots are done.
    assert written == len(done)
    assert unsent == 0
    identifiers = [one["Message-ID"] for one in relay.taken]
    assert len(set(identifiers)) == MESSAGES
    row.acknowledged = len(done) + MESSAGES
    row.inside = sum(max(0, one.tries - 1) for one in rows)
    if WHOLE:
        assert row.inside >= KILLS // 10
        assert len(identifiers) - MESSAGES <= KILLS * 2
