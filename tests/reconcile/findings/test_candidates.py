"""SQL selects only the few that differ; nothing that a check would find may be left out. Both engines, seeded."""

import random

import pytest

from custody.values import SECOND
from reconcile.checks import CARRIER_CHECKS, Thresholds
from reconcile.store import candidates
from reconcile.store.core import PRESENCE
from reconcile.store.differing import differing
from tests.builders import CORRIDOR, LOW_SHELF, READING, SCHEME, SHELF, SHELF_2
from tests.reconcile.findings.scene import GATE, GROUNDS, Scene

CABINET, STORE = 4, 3
HEARD = (None, GROUNDS, STORE, CABINET, SHELF, SHELF_2, READING, LOW_SHELF, CORRIDOR, GATE)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_the_selection_leaves_out_nothing_that_a_check_would_find(scene: Scene, seed: int) -> None:
    # Given carriers of every level in several places, some lent, heard anywhere or nowhere, for various times
    rng = random.Random(seed)
    carriers = scene.archive.carriers(60, level="confidential") + scene.archive.carriers(60, level="secret")
    carriers += scene.archive.carriers(20, place=CABINET) + scene.archive.carriers(10, tagged=False)
    for carrier in rng.sample(carriers, 70):
        scene.archive.borrow(carrier, rng.choice(["manager", "clerk", "secrecy"]), days=1)
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
            for kind, check in CARRIER_CHECKS.items()
        }
        selected = differing(connection, CARRIER_CHECKS, scene.now, limits, around)
    # Then the selection holds all that are found, for every kind, and the run opens exactly these
    assert {kind for kind, found in by_hand.items() if found} == set(CARRIER_CHECKS)
    for kind, found in by_hand.items():
        assert found <= selected[kind], kind
        assert len(selected[kind]) < len(carriers), kind
    assert len(scene.check(*CARRIER_CHECKS).opened) == sum(map(len, by_hand.values()))
    assert not scene.check(*CARRIER_CHECKS).opened
