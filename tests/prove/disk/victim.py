"""Writes of every kind on a disk that now fails and now does not; what was acknowledged is told at the end.

    python -m tests.prove.disk.victim FOLDER SWITCH TURNS SEED

Every kind is tried while the disk fails, and again when it does not: it must then go on by itself, in the same process.
"""

import errno
import json
import logging
import random
import sys
from itertools import count
from pathlib import Path
from typing import Any

from custody.database import Database, StorageFull
from readers.spool import Spool, SpoolError
from tests.builders import Archive, books_on
from tests.ledger.builders import key
from tests.prove.power import victim
from tests.prove.power.victim import BOOT, KINDS, Desk

ERRORS = (errno.ENOSPC, errno.EROFS, errno.EIO)
ROOM_MAX = 20_000
"""Bytes that a failing disk takes before it takes no more."""


def told(desk: Desk, kind: Any, turn: int) -> tuple[str, Any]:
    """What came of one write: `said` and its acknowledgement, or `refused` and the name of the error."""
    try:
        return "said", {"kind": kind.__name__, **kind(desk, turn)}
    except (StorageFull, SpoolError) as error:
        return "refused", type(error).__name__


def run(folder: Path, switch: Path, turns: int, seed: int) -> dict[str, Any]:
    """All kinds, so many times, each on a failing disk first. What was acknowledged, how often it was refused."""
    chance = random.Random(seed)
    said: list[Any] = []
    refused = dict.fromkeys(map(str, ERRORS), 0)
    with Database.open(f"sqlite:///{folder / 'custody.sqlite'}") as database:
        desk = Desk(
            Archive(books_on(database, key=key(), first_nonce=10_000)), Spool(folder / "spool.sqlite", BOOT), count(1)
        )
        for turn in range(turns):
            for kind in KINDS:
                error = chance.choice(ERRORS)
                switch.write_text(f"{error} {chance.choice((0, chance.randrange(ROOM_MAX)))}")
                how, what = told(desk, kind, turn)
                switch.unlink()
                if how == "refused":
                    refused[str(error)] += 1
                    how, what = told(desk, kind, turn)
                    assert how == "said", f"{kind.__name__} does not go on after error {error}: {what}"
                elif kind is victim.refuse:
                    # A refusal stands, kept or not: that it was not kept is in the log.
                    continue
                said.append(what)
    return {"said": said, "refused": refused}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    print(json.dumps(run(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
