"""A disk that is full, read-only or broken under every kind of write: nothing acknowledged is lost, nothing half done,
and when the disk takes something again the process goes on by itself.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.prove.power import victim
from tests.prove.record import WHOLE, proof
from tests.prove.test_power_cut import lost_on

TURNS = 60 if WHOLE else 4
SEED = 21
HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]

pytestmark = [pytest.mark.prove, pytest.mark.process, pytest.mark.timeout(1800 if WHOLE else 240)]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The failing disk, compiled."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler: apt-get install gcc libc6-dev")
    made = tmp_path_factory.mktemp("faults") / "faults.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", made, HERE / "disk" / "faults.c", "-ldl"], check=True)
    return made


def _written(root: Path, library: Path) -> dict[str, Any]:
    switch = root.with_name("switch")
    environment = os.environ | {
        "LD_PRELOAD": str(library),
        "FAULTS_ROOT": str(root),
        "FAULTS_SWITCH": str(switch),
        "PYTHONPATH": str(REPOSITORY),
    }
    command = [sys.executable, "-m", "tests.prove.disk.victim", str(root), str(switch), str(TURNS), str(SEED)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_nothing_acknowledged_is_lost_by_a_failing_disk(tmp_path: Path, library: Path) -> None:
    with proof("disk full, read-only, broken; sqlite and spool, every kind of write", seed=SEED) as row:
        root = tmp_path / "disk"
        root.mkdir()
        victim.prepare(root)
        found = _written(root, library)
        row.acknowledged = len(found["said"])
        gone = lost_on(root, found["said"])
        row.lost, row.doubled = len(gone), 0
        assert gone == []
        assert all(times >= TURNS for times in found["refused"].values()), "the disk hardly ever failed"
        assert len(found["said"]) >= TURNS * (len(victim.KINDS) - 1)
