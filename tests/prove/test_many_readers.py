"""Sixty-four readers at a thousand tags a second each on one daemon: every read is taken, and memory stays flat."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.prove.record import WHOLE, proof

REPOSITORY = Path(__file__).resolve().parents[2]
READERS, PER_SECOND, TAGS, SECONDS = (64, 1000, 500, 180.0) if WHOLE else (4, 200, 20, 1.5)
GROWTH_MAX = 24_000_000
"""Bytes by which the last third of the run may hold more than the middle third: caches that settle, and no more."""

pytestmark = [pytest.mark.prove, pytest.mark.process, pytest.mark.timeout(600)]


def test_every_read_is_taken_and_memory_stays_flat(tmp_path: Path) -> None:
    """Given readers that report tags lying still, and now and then a new one, when a daemon hears them all."""
    command = [sys.executable, "-m", "tests.prove.edge.fleet", str(READERS), str(PER_SECOND), str(TAGS)]
    fleet = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert fleet.stdin is not None
    assert fleet.stdout is not None
    try:
        ports = json.loads(fleet.stdout.readline())
        with proof(f"{READERS} readers at {PER_SECOND:,} tags/s on one daemon") as row:
            watched = [sys.executable, "-m", "tests.prove.edge.watched", str(tmp_path), str(SECONDS), *map(str, ports)]
            done = subprocess.run(watched, cwd=REPOSITORY, capture_output=True, text=True, timeout=SECONDS + 120)
            assert done.returncode == 0, done.stderr[-3000:]
            found = json.loads(done.stdout)
            fleet.stdin.close()
            sent = json.loads(fleet.stdout.read())
            # All that came whole before the daemon ended is counted: less only what was on its way then.
            on_its_way = READERS * PER_SECOND
            row.acknowledged = found["reads"]
            row.lost = max(0, sent["sent"] - found["reads"] - on_its_way)
            row.doubled = max(0, found["reads"] - sent["sent"])
            assert (row.lost, row.doubled) == (0, 0)
            assert found["new"] > READERS * (SECONDS - 3) * 0.5
            third = len(found["rss"]) // 3
            growth = max(found["rss"][-third:]) - max(found["rss"][third : 2 * third])
            if WHOLE:
                assert growth < GROWTH_MAX
            row.held = (
                f"{found['reads'] / found['seconds']:,.0f} tags/s, {found['cpu'] / found['seconds']:.0%} of a core, "
                f"{max(found['rss']) / 1e6:,.0f} MB at most, {growth / 1e6:+,.1f} MB in the last third, "
                f"bytes to spool p50 {found['p50_ms']:.0f} ms, p99 {found['p99_ms']:.0f} ms"
            )
            print(row.held, sent)
    finally:
        fleet.stdin.close()
        fleet.wait(10)
        fleet.stdout.close()
