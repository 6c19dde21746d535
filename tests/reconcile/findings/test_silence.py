"""A reader that goes silent is a finding within a minute, however it does and at whatever phase of every clock."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from custody.values import SECOND, Instant
from readers.llrp import LlrpSettings
from readers.sighting import Coverage
from readers.supervisor import CoverageMeter
from reconcile.checks import AntennaCase, ReaderCase, Thresholds, reader_silent
from reconcile.schedule import CHECKED
from tests.builders import NOW, SCHEME

LIMITS = Thresholds.of(SCHEME)
READER = LlrpSettings(reader="cabinet", host="10.0.0.9")
KEEPALIVE = round(READER.keepalive_seconds * SECOND)
BATCH = round(READER.batch_seconds * SECOND)
FROZEN_AFTER = round(READER.frozen_after_seconds * SECOND)
EVERY = next(every for every, kinds in CHECKED.values() if "reader_silent" in kinds) * SECOND
MINUTE = 60 * SECOND
DELIVERY = SECOND
"""From the edge's spool to the server's disk: told at the next tick, sent at once."""


def told(fault: str, fault_at: Instant, phase: Instant) -> Iterator[tuple[Instant, Coverage]]:
    """What the server has of a reader that speaks by keepalives alone, and when it has it; the fault ends it.

    `killed`: its connection ends; `frozen`: it says nothing more, and the watchdog ends it; `daemon`: the daemon
    is killed, or cut off from the server, and what it had not told is not heard of.
    """
    meter = CoverageMeter("cabinet", FROZEN_AFTER)
    at = fault_at - 2 * MINUTE
    heard = at - (at - phase) % KEEPALIVE
    ended = fault_at + (FROZEN_AFTER if fault == "frozen" else 0)
    while at <= ended:
        if at <= fault_at:
            heard = at - (at - phase) % KEEPALIVE
        for record in meter.alive(heard, (1,)):
            yield at + DELIVERY, record
        at += BATCH
    if fault != "daemon":
        for record in meter.end():
            yield ended + DELIVERY, record


def found_at(fault: str, fault_at: Instant, phase: Instant, slots: Instant, server_from: Instant = 0) -> Instant:
    """When the server finds it; its checks run in slots of their own phase, and once at its start."""
    records = list(told(fault, fault_at, phase))
    checks = [server_from] if server_from else []
    checks += range(fault_at - fault_at % EVERY + slots % EVERY, fault_at + 5 * MINUTE, EVERY)
    for now in sorted(one for one in checks if one >= server_from):
        through = max((record.through_at for had_at, record in records if had_at <= now), default=None)
        case = ReaderCase("cabinet", True, (AntennaCase(1, "B1", through),), fault_at - 3 * MINUTE)
        if reader_silent(case, now, LIMITS) is not None:
            return now
    raise AssertionError("it was never found")


_PHASES = st.integers(0, KEEPALIVE - 1)


@pytest.mark.parametrize("fault", ["killed", "frozen", "daemon"])
@settings(max_examples=25, deadline=None)
@example(phase=0, slots=0, fault_at=NOW)
@example(phase=1, slots=EVERY - 1, fault_at=NOW + 1)
@given(phase=_PHASES, slots=st.integers(0, EVERY - 1), fault_at=st.integers(NOW, NOW + MINUTE))
def test_a_reader_that_stops_is_found_within_a_minute(fault: str, phase: int, slots: int, fault_at: Instant) -> None:
    found = found_at(fault, fault_at, phase, slots)
    assert fault_at < found <= fault_at + MINUTE
    # And not while it may still be well: a keepalive that is late is no silence.
    assert found > fault_at + LIMITS.reader_silent_after - KEEPALIVE - 6 * SECOND


@settings(max_examples=25, deadline=None)
@given(phase=_PHASES, down=st.integers(0, 3 * MINUTE), fault_at=st.integers(NOW, NOW + MINUTE))
def test_a_server_that_was_away_finds_it_within_a_minute_of_its_start(phase: int, down: int, fault_at: Instant) -> None:
    back = fault_at + down
    found = found_at("killed", fault_at, phase, 0, server_from=back)
    assert found <= max(fault_at, back) + MINUTE
    assert found == back or down < LIMITS.reader_silent_after + EVERY


def test_the_bound_is_of_the_scheme_and_of_the_schedule() -> None:
    assert LIMITS.reader_silent_after + EVERY + DELIVERY < MINUTE
    out_of_use = ReaderCase("cabinet", False, (AntennaCase(1, "B1", NOW - 10 * MINUTE),), NOW - 20 * MINUTE)
    assert reader_silent(out_of_use, NOW, LIMITS) is None
