"""Every means that is called kept is taken out in turn, from outside the packages: a test named for it goes red.

`make prove` takes out all of them; `make test` a few. What stays green is no rule, or has no test.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from custody.regulations import CLAUSES
from tests.prove.record import WHOLE, proof
from tools.make_docs import ROOT, clause_tests

KEPT = [
    (clause.id, means.kind)
    for clause in CLAUSES
    for means in clause.means
    if means.kept and not means.as_of and means.kind != "prove"
]
"""Clause and means; what only the product's own properties prove cannot be taken out."""
SLICE = 1
RED, GREEN = 1, 0
SECONDS_MAX = 240


def without(clause: str, means: str, tests: list[str]) -> tuple[int, str]:
    """Exit code and the last words of pytest over these tests, with that means taken out."""
    command = [sys.executable, "-m", "pytest", "-p", "tests.prove.without", "-x", "-q", "-n", "0", *tests]
    environment = os.environ | {"CUSTODY_WITHOUT": f"{clause} {means}"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )
    return done.returncode, "\n".join((done.stdout + done.stderr).splitlines()[-12:])


@pytest.mark.prove
@pytest.mark.timeout(3_600)
def test_no_means_can_be_taken_out_unnoticed() -> None:
    """Given the product without one means of one clause, when its tests run, then one of them fails."""
    named = clause_tests(Path(ROOT) / "tests")
    chosen = KEPT if WHOLE else KEPT[:: max(1, len(KEPT) // SLICE)][:SLICE]
    unnamed = [f"{clause} {means}" for clause, means in KEPT if f"{clause} {means}" not in named]
    assert unnamed == [], "called kept, but no test is named for it"

    def tried(one: tuple[str, str]) -> tuple[str, int, str]:
        code, said = without(*one, named[f"{one[0]} {one[1]}"])
        return f"{one[0]} {one[1]}", code, said

    with proof("means taken out in turn") as row, ThreadPoolExecutor(2) as pool:
        results = list(pool.map(tried, chosen))
        noticed = [name for name, code, _ in results if code == RED]
        row.held = f"{len(noticed)} of {len(chosen)} noticed"
        green = {name: said for name, code, said in results if code != RED}
        assert not green, green
