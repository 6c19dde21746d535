"""The spool: durable on return, gapless, delivered oldest first, bounded with the loss said, safe to kill."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readers.columns import columns_of
from readers.sighting import Coverage, Loss, ReaderReport, Record, Sighting
from readers.spool import KINDS, Spool, SpoolError, SpoolFull, SpoolInUse, pack

NOON = 1_750_000_000_000_000
SECOND = 1_000_000


def sighting(at: int = 0, epc: str = "3414F4A2000000A1B2C3D4E5") -> Sighting:
    when = NOON + at * SECOND
    return Sighting(epc, "cabinet", 1, when, when + 5, 3, -50.0, -52.5, when + 9)


COVERED = Coverage("cabinet", 1, NOON, NOON + 5 * SECOND)
LISTENING = ReaderReport("cabinet", "listening", NOON, "", "Impinj 1", "5.14", -12)


def spool(folder: Path, boot: str = "b1", bytes_max: int = 10_000_000) -> Spool:
    return Spool(folder / "edge.spool", boot, bytes_max)


def waiting(box: Spool) -> list[tuple[str, int, str]]:
    """Everything in the outbox in the order of delivery: boot, sequence, kind. Empties it."""
    found = []
    while parcel := box.oldest():
        found += [(parcel.boot, row[0], kind) for kind, row in parcel.records]
        box.acknowledge(parcel, parcel.last_seq)
    return found


@pytest.mark.parametrize(
    ("record", "kind", "row"),
    [
        (
            sighting(),
            "sightings",
            [7, "3414F4A2000000A1B2C3D4E5", None, "cabinet", 1, NOON, NOON + 5, 3, -50.0, -52.5, NOON + 9],
        ),
        (COVERED, "coverage", [7, "cabinet", 1, NOON, NOON + 5 * SECOND]),
        (LISTENING, "reports", [7, "cabinet", "listening", NOON, "", "Impinj 1", "5.14", -12]),
        (Loss(NOON, NOON + 1, 9), "losses", [7, NOON, NOON + 1, 9]),
    ],
)
def test_records_are_rows_of_the_wire_contract(record: Record, kind: str, row: list[object]) -> None:
    assert pack(record, 7) == (kind, row)


def test_records_come_back_in_order_under_a_gapless_sequence(tmp_path: Path) -> None:
    box = spool(tmp_path)
    assert box.append([LISTENING, sighting()]) == 2
    assert box.append([]) == 2
    assert box.append([COVERED, sighting(1), Loss(NOON, NOON, 1)]) == 5
    kinds = ["reports", "sightings", "coverage", "sightings", "losses"]
    assert waiting(box) == [("b1", at, kind) for at, kind in enumerate(kinds, 1)]
    box.close()


def test_a_long_batch_is_delivered_in_parcels(tmp_path: Path) -> None:
    box = spool(tmp_path)
    box.append([sighting(at) for at in range(2500)])
    parcel = box.oldest(400)
    assert parcel is not None
    assert (parcel.first_seq, parcel.last_seq) == (1, 400)
    assert [sequence for _, sequence, _ in waiting(box)] == list(range(1, 2501))
    assert box.counts().waiting == box.counts().bytes == 0
    box.close()


def test_a_part_that_is_acknowledged_is_not_sent_again(tmp_path: Path) -> None:
    box = spool(tmp_path)
    box.append([sighting(at) for at in range(10)])
    parcel = box.oldest()
    assert parcel is not None
    box.acknowledge(parcel, 4)
    rest = box.oldest()
    assert rest is not None
    assert (rest.first_seq, rest.last_seq) == (5, 10)
    box.close()
    # After a restart the part is sent again: at least once.
    box = spool(tmp_path, "b2")
    again = box.oldest()
    assert again is not None
    assert (again.boot, again.first_seq) == ("b1", 1)
    box.close()


def test_what_an_earlier_boot_left_goes_first_under_its_own_name(tmp_path: Path) -> None:
    box = spool(tmp_path)
    box.append([sighting(), sighting(1)])
    box.close()
    box = spool(tmp_path, "b2")
    box.append([sighting(2)])
    assert waiting(box) == [("b1", 1, "sightings"), ("b1", 2, "sightings"), ("b2", 1, "sightings")]
    box.close()


def test_one_daemon_a_spool(tmp_path: Path) -> None:
    box = spool(tmp_path)
    with pytest.raises(SpoolInUse, match=f"process {os.getpid()}") as refused:
        spool(tmp_path, "b2")
    assert "give this one a spool of its own" in str(refused.value)
    box.close()
    spool(tmp_path, "b2").close()


def test_a_spool_that_cannot_be_opened_says_which_and_why(tmp_path: Path) -> None:
    (tmp_path / "edge.spool").write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(SpoolError, match=r"edge\.spool cannot be opened: file is not a database"):
        spool(tmp_path)
    with pytest.raises(SpoolError, match="No such file"):
        Spool(tmp_path / "nowhere" / "edge.spool", "b1")


# The bound


def test_at_the_bound_the_oldest_sightings_go_and_a_loss_says_so(tmp_path: Path) -> None:
    box = spool(tmp_path, bytes_max=100_000)
    box.append([LISTENING, COVERED])
    for at in range(0, 4000, 100):
        box.append([sighting(at + n) for n in range(100)])
    counts = box.counts()
    assert counts.bytes <= 100_000
    assert counts.lost > 2000
    left = []
    while parcel := box.oldest():
        left += parcel.records
        box.acknowledge(parcel, parcel.last_seq)
    box.close()
    kept = [row for kind, row in left if kind == "sightings"]
    losses = [row for kind, row in left if kind == "losses"]
    # Every sighting is kept or counted as lost; the kept ones are the newest; reports and coverage stay.
    assert len(kept) + sum(row[3] for row in losses) == 4000
    assert sum(row[3] for row in losses) == counts.lost
    assert kept[-1][5] == NOON + 3999 * SECOND
    assert [kind for kind, _ in left[:2]] == ["reports", "coverage"]
    assert losses[0][1] == NOON
    assert losses[-1][2] == kept[0][5] - SECOND + 5
    sequences = [row[0] for _, row in left]
    assert sequences == sorted(set(sequences))


def test_with_no_sightings_left_the_oldest_of_anything_goes(tmp_path: Path) -> None:
    box = spool(tmp_path, bytes_max=100_000)
    for _ in range(40):
        box.append([COVERED] * 100)
    assert box.counts().bytes <= 100_000
    assert box.counts().lost > 0
    assert {kind for _, _, kind in waiting(box)} == {"coverage", "losses"}
    box.close()


@given(st.lists(st.tuples(st.integers(1, 900), st.integers(0, 3), st.integers(0, 1200)), max_size=12))
@settings(max_examples=25, deadline=None)
def test_every_record_is_delivered_in_order_or_counted_as_lost(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, int]]
) -> None:
    """Whatever is appended and acknowledged between: kept + lost = appended, in order, each key once."""
    box = spool(tmp_path_factory.mktemp("spool"), bytes_max=120_000)
    appended, taken = 0, []
    for records, acknowledged, share in steps:
        box.append([sighting(appended + at) for at in range(records)])
        appended += records
        for _ in range(acknowledged):
            if parcel := box.oldest(500):
                through = min(parcel.last_seq, parcel.first_seq + share)
                box.acknowledge(parcel, through)
                taken += [item for item in parcel.records if item[1][0] <= through]
    while parcel := box.oldest():
        box.acknowledge(parcel, parcel.last_seq)
        taken += parcel.records
    box.close()
    sequences = [row[0] for _, row in taken]
    assert sequences == sorted(set(sequences))
    lost = sum(row[3] for kind, row in taken if kind == "losses")
    assert sum(kind == "sightings" for kind, _ in taken) + lost == appended


# What the server refuses


def test_refused_records_are_put_aside_and_can_be_sent_again(tmp_path: Path) -> None:
    box = spool(tmp_path)
    box.append([sighting(at) for at in range(5)])
    parcel = box.oldest(2)
    assert parcel is not None
    box.reject(parcel, "unknown reader", NOON)
    assert box.counts().rejected == 2
    rest = box.oldest()
    assert rest is not None
    assert (rest.first_seq, rest.last_seq) == (3, 5)
    assert box.retry_rejected() == 2
    assert [sequence for _, sequence, _ in waiting(box)] == [3, 4, 5, 1, 2]
    assert box.counts().rejected == 0
    box.close()


# The disk


def limit_pages(box: Spool, more: int) -> None:
    """The disk has only so many more pages to give than the spool has now."""
    with box._guard:
        (now,) = box._database.execute("PRAGMA page_count").fetchone()
        box._database.execute(f"PRAGMA max_page_count={now + more}")


def test_a_full_disk_refuses_all_or_nothing_and_recovers(tmp_path: Path) -> None:
    box = spool(tmp_path)
    box.append([sighting(at) for at in range(200)])
    limit_pages(box, 0)
    with pytest.raises(SpoolFull, match="takes nothing more"):
        box.append([sighting(at) for at in range(5000)])
    limit_pages(box, 1_000_000)
    assert box.append([sighting(at) for at in range(200, 300)]) == 300
    assert [sequence for _, sequence, _ in waiting(box)] == list(range(1, 301))
    box.close()


KILLED = """
import sys
from pathlib import Path
from readers.spool import Spool
from readers.sighting import Sighting
box = Spool(Path(sys.argv[1]), sys.argv[2])
for at in range(100000):
    last = box.append([Sighting("AA", "cabinet", 1, at, at, 1, None, None, at)] * 7)
    sys.stdout.write(f"{last}\\n")
    sys.stdout.flush()
"""


@pytest.mark.process
def test_what_append_returned_from_survives_a_kill(tmp_path: Path) -> None:
    rng = random.Random(11)
    promised: dict[str, int] = {}
    for boot in ("k1", "k2", "k3"):
        command = [sys.executable, "-c", KILLED, str(tmp_path / "edge.spool"), boot]
        daemon = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert daemon.stdout is not None
        for _ in range(rng.randint(3, 30)):
            promised[boot] = int(daemon.stdout.readline())
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
        daemon.stdout.close()
    box = spool(tmp_path, "k4")
    kept = waiting(box)
    box.close()
    for boot, last in promised.items():
        sequences = [sequence for of_boot, sequence, _ in kept if of_boot == boot]
        assert sequences[:last] == list(range(1, last + 1))
        assert len(sequences) % 7 == 0


def test_the_disk_keeps_what_it_is_given_in_full(tmp_path: Path) -> None:
    """The promise rests on two settings of SQLite."""
    box = spool(tmp_path)
    with box._guard:
        assert box._database.execute("PRAGMA synchronous").fetchone() == (2,)
        assert box._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    box.append([sighting()])
    other = sqlite3.connect(f"file:{tmp_path / 'edge.spool'}?mode=ro", uri=True)
    (body,) = other.execute("SELECT body FROM batch").fetchone()
    other.close()
    assert list(json.loads(body)) == list(KINDS)
    box.close()


def test_reads_go_before_the_coverage_that_was_told_with_them(tmp_path: Path) -> None:
    """Or the server would know that the antenna listened before it knows what it heard, and miss who was there."""
    box = spool(tmp_path)
    box.append([COVERED, columns_of([sighting(at) for at in range(3)])])
    parcel = box.oldest(3)
    assert parcel is not None
    assert [(each.first_seq, each.count) for each in parcel.packed] == [(1, 3)]
    box.acknowledge(parcel, parcel.last_seq)
    assert waiting(box) == [("b1", 4, "coverage")]
    box.close()
