"""SQL selects only the few that differ; nothing that a check would find may be left out. Both engines, seeded."""

import random
from itertools import cycle

import pytest

from custody.store.schema import CARRIER
from custody.values import SECOND, Period
from reconcile.checks import DEADLINE_CHECKS, RADIO_CHECKS, Thresholds
from reconcile.store import candidates
from reconcile.store.core import PRESENCE
from reconcile.store.deadlines import passed
from reconcile.store.differing import differing
from tests.builders import CLERK, CORRIDOR, LOW_SHELF, READING, SCHEME, SHELF, SHELF_2
from tests.custody.circulation.scene import to_read
from tests.reconcile.findings.scene import GATE, GROUNDS, Scene

CABINET, STORE = 4, 3
HEARD = (None, GROUNDS, STORE, CABINET, SHELF, SHELF_2, READING, LOW_SHELF, CORRIDOR, GATE)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_the_selection_leaves_out_nothing_that_a_check_would_find(scene: Scene, seed: int) -> None:
    # Given carriers of every level in several places, some lent, heard anywhere or nowhere, for various times
    rng = random.Random(seed)
    carriers = scene.archive.carriers(60, level="confidential") + scene.archive.carriers(60, level="secret")
    carriers += scene.archive.carriers(20, place=CABINET) + scene.archive.carriers(10, tagged=False)
    borrowers = cycle(["manager", "clerk", "secrecy", "clerk2", "leader"])
    for carrier in rng.sample(carriers, 70):
        scene.archive.borrow(carrier, next(borrowers), days=1)
    reading = scene.archive.carriers(10, level="confidential")
    for carrier, who in zip(reading, cycle(["chen", "sun", "zhao"]), strict=False):
        scene.archive.enter(CLERK, [to_read(scene.archive, carrier, who)], "read", who)
    carriers += reading
    scene.ticking.days(2)
    # Some readers stopped a moment ago, some are silent for longer: each place is judged by what it heard itself
    for place in (SHELF, STORE, LOW_SHELF):
        scene.listening(place, seconds=rng.choice([400, 600, 4_000]), until_seconds_ago=rng.choice([0, 8, 200]))
    rows = []
    for carrier in carriers:
        for epc in scene.epcs(carrier) if rng.random() < 0.8 else ():
            ago = rng.choice([0, 5, 200, 290, 310, 5_000])
            since = scene.now - (ago + rng.choice([0, 19, 61, 700, 900])) * SECOND
            heard = scene.now - ago * SECOND
            row = {"epc": epc, "place": rng.choice(HEARD), "since_at": since, "heard_at": heard, "here_at": heard}
            row |= {"strength": rng.choice(["confirmed", "probable", "unconfirmed"]), "reader": "r", "antenna": 1}
            rows.append(row | {"reads": 3, "state": b""})
    with scene.database.writing() as connection:
        connection.execute(PRESENCE.insert(), rows)
    # When every carrier is judged by hand
    limits = Thresholds.of(SCHEME)
    with scene.database.reading() as connection:
        around = candidates.world(connection)
        cases = candidates.carrier_cases(connection, carriers, around)
        by_hand = {
            kind: {c for c, case in cases.items() if check(case, scene.now, limits) is not None}
            for kind, check in RADIO_CHECKS.items()
        }
        selected = differing(connection, RADIO_CHECKS, scene.now, limits, around)
    # Then the selection holds all that are found, for every kind, and the run opens exactly these
    assert {kind for kind, found in by_hand.items() if found} == set(RADIO_CHECKS)
    for kind, found in by_hand.items():
        assert found <= selected[kind], kind
        assert len(selected[kind]) < len(carriers), kind
    assert len(scene.check(*RADIO_CHECKS).opened) == sum(map(len, by_hand.values()))
    assert not scene.check(*RADIO_CHECKS).opened


def test_the_deadlines_selected_are_those_that_have_passed(scene: Scene) -> None:
    # Given carriers with every kind of deadline, before, on and after its day
    archive = scene.archive
    days = ("", "2026-11-21", "2026-11-22", "2026-11-23")
    carriers = [
        archive.carrier(archive_by=day, period=Period("date", end) if end else Period("maximum"), level="confidential")
        for day in days
        for end in days
    ]
    carriers += [archive.carrier(archive_by=day, level="internal") for day in days]
    for number, carrier in enumerate(carriers[:18]):
        archive.borrow(carrier, ["chen", "sun", "zhao"][number % 3], days=number % 4 + 1)
    scene.ticking.days(2)
    with scene.database.writing() as connection:
        # As if some of them had been lent long before
        long_ago = scene.now - (SCHEME.number("holding_days_max") + 1) * 86_400 * SECOND
        connection.execute(CARRIER.update().where(CARRIER.c.id.in_(carriers[::3])).values(since_at=long_ago))
    # When every carrier is judged by hand
    limits = Thresholds.of(SCHEME)
    with scene.database.reading() as connection:
        cases = candidates.carrier_cases(connection, carriers, candidates.world(connection))
        by_hand = {
            kind: {c for c, case in cases.items() if check(case, scene.now, limits) is not None}
            for kind, check in DEADLINE_CHECKS.items()
        }
        selected = passed(connection, DEADLINE_CHECKS, scene.now, limits)
    # Then exactly these were selected, the run opens them, and a second run finds nothing to do
    assert selected == by_hand
    assert all(by_hand.values())
    assert len(scene.check(*DEADLINE_CHECKS).opened) == sum(map(len, by_hand.values()))
    assert not scene.check(*DEADLINE_CHECKS)
