"""Servers for the proof of the slots: this process has everything imported, and forks one at each line of its input.

A server does what a server of the product does at each wake of its clock, but sooner: it looks for due slots, does
them, sends what waits. Its time runs faster than ours and is the same for all; it begins anew in no server.

    python -m tests.prove.slots.zygote URL PORT SPEED SEED      PORT: of the mail server
    > name                                                      < process number
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from sqlalchemy import insert

from api.letters import worded
from custody.database import Database
from custody.values import SECOND, Instant
from reconcile.calendar import EVERY_DAY, Hours
from reconcile.messages import Post
from reconcile.schedule import Job, Schedule, in_one
from reconcile.smtp import Relay
from reconcile.store.core import CURSOR, NOTICE, Connection, insert_new
from tests.builders import NOW, SCHEME

EVERY_SECONDS = 60
LEASE_SECONDS = 120
ANYWHERE = Hours(quiet_from=0, quiet_until=0)


def clock_of(began: float, speed: float) -> Callable[[], Instant]:
    """The time of the proof: so many times as fast as ours. `began`: by the clock that all processes share."""
    return lambda: NOW + round((time.monotonic() - began) * speed * SECOND)


def written(rng: random.Random, longest: float) -> Callable[[Connection, Instant], str]:
    """The work of one transaction: a line that nothing keeps from being written twice. It may outlive its lease."""

    def work(connection: Connection, now: Instant) -> str:
        time.sleep(rng.uniform(0, 0.2))
        connection.execute(insert(NOTICE).values(person=1, kind="proof", at=now, about="", finding_kind=""))
        if rng.random() < 0.05:
            time.sleep(longest)
        return f"by {os.getpid()}"

    return work


def counted(database: Database, rng: random.Random) -> Callable[[Instant], str]:
    """Work of several transactions, which bears being done twice: it says what is so, and adds nothing up."""

    def work(now: Instant) -> str:
        slot = now - now % (EVERY_SECONDS * SECOND)
        for part in range(3):
            with database.writing() as connection:
                insert_new(connection, CURSOR, [{"name": f"proof:{slot}:{part}", "position": 0}])
            time.sleep(rng.uniform(0, 0.05))
        return "said"

    return work


def serve(url: str, port: int, speed: float, began: float, name: str, seed: int) -> None:
    """Be a server until killed."""
    rng = random.Random(seed)
    clock = clock_of(began, speed)
    relay = Relay("127.0.0.1", "custody@archive.lan", ("archive.lan",), port, "none", timeout_seconds=2.0)
    with Database.open(url) as database:
        longest = 1.5 * LEASE_SECONDS / speed
        table = (
            in_one(
                database, "written", EVERY_SECONDS, written(rng, longest), coalesce=False, lease_seconds=LEASE_SECONDS
            ),
            Job("counted", EVERY_SECONDS, counted(database, rng), coalesce=False, lease_seconds=LEASE_SECONDS),
        )
        schedule = Schedule(database, table, clock, name)
        here: Any = lambda _host, _port: ["127.0.0.1"]  # noqa: E731
        post = Post(database, SCHEME, relay, partial(worded, SCHEME), clock, name, EVERY_DAY, ANYWHERE, here)
        while True:
            # As the product's wake: a database that is busy just now is asked again.
            with suppress(Exception):
                for job in table:
                    schedule.tick(job)
                post.send_due()
            time.sleep(rng.uniform(0.005, 0.02))


def main(url: str, port: int, speed: float, seed: int) -> None:
    """Fork a server for each line; killed ones are nobody's to wait for."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    began = time.monotonic()
    for number, line in enumerate(sys.stdin):
        process = os.fork()
        if process == 0:
            while True:
                # As the unit of the product: a server that ends by itself is started again.
                with suppress(Exception):
                    serve(url, port, speed, began, f"{line.strip()}:{number}", seed + number)
                time.sleep(0.05)
        print(process, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
