"""The record of the long proofs: `make prove` keeps it in docs/reference/proof.md, one row a proof.

    with proof("server killed, SQLite", seed=1) as row:
        ...
        row.acknowledged = 4711

A row is kept whether the proof held or failed; the slices of `make test` keep nothing.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WHOLE = os.environ.get("CUSTODY_PROVE") == "whole"
FILE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "proof.md"
HEAD = """\
# The long proofs

Written by `make prove`; every row can be had again with its seed. *Kills* are SIGKILL of a running process, *in a
write* those that came between a transaction's BEGIN and the return of its COMMIT. *Acknowledged* counts sightings,
other records and acts that were answered as durable; *lost* and *doubled* count those of them that were not found
exactly once, as they were sent. `make test` runs a slice of each proof.

| proof | seed | kills | in a write | acknowledged | lost | doubled | result |
|---|---|---|---|---|---|---|---|
"""


@dataclass
class Row:
    """One proof. None: the column does not apply."""

    proof: str
    seed: int | None = None
    kills: int | None = None
    inside: int | None = None
    acknowledged: int | None = None
    lost: int | None = None
    doubled: int | None = None
    held: str = "holds"
    """What the result is when the proof held."""
    result: str = "failed"

    def line(self) -> str:
        """The row of the table."""
        cells = (self.seed, self.kills, self.inside, self.acknowledged, self.lost, self.doubled)
        shown = ("–" if cell is None else f"{cell:,}" for cell in cells)
        return f"| {self.proof} | {' | '.join(shown)} | {self.result} |"


@contextmanager
def proof(name: str, seed: int | None = None) -> Iterator[Row]:
    """A row to fill in; its result is `row.held` when the body ends without an exception."""
    row = Row(name, seed)
    try:
        yield row
        row.result = row.held
    except KeyboardInterrupt:
        # Broken off: nothing was proved, and nothing disproved.
        row.result = ""
        raise
    finally:
        if WHOLE and row.result:
            keep(row)


def keep(row: Row, file: Path = FILE) -> None:
    """Put the row into the table, in the place of an older one of the same proof."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    # Behind the heading and its rule stand the proofs.
    rows = {line.split("|")[1].strip(): line for line in lines if line.startswith("| ")}
    rows.pop("proof", None)
    rows[row.proof] = row.line()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(HEAD + "".join(rows[name] + "\n" for name in sorted(rows)), encoding="utf-8")
