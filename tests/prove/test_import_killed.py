"""An import that is killed has entered nothing; done again, it enters everything once."""

import random
from pathlib import Path

import pytest

from tests.builders import SHELF
from tests.prove import house as houses
from tests.prove import judge
from tests.prove.house import House, Process
from tests.prove.record import WHOLE, proof
from tests.workbook.builders import HEADERS, a_workbook

KILLS = 20 if WHOLE else 1
ROWS = 500
BEFORE = 3

pytestmark = [
    pytest.mark.prove,
    pytest.mark.process,
    pytest.mark.timeout(1800 if WHOLE else 240),
]


def _import(house: House, folder: Path) -> Process:
    rows = [(f"YS-2030-{number:05d}", f"试验记录 {number}", "机密", "研究部") for number in range(1, ROWS + 1)]
    file = folder / "ledger.xlsx"
    file.write_bytes(a_workbook({"载体": [HEADERS, *rows]}))
    arguments = ["import", str(file), "--as", "1001", "--confirm", "--data", str(house.data)]
    return Process(folder, "command", arguments, {"CUSTODY_PASSWORD": houses.PASSWORD})


def test_an_import_is_entered_whole_or_not_at_all(tmp_path: Path) -> None:
    rng = random.Random(5)
    with proof("import killed, sqlite", seed=5) as row:
        house = houses.a_house(tmp_path, houses.ANTENNAS, {SHELF: BEFORE})
        entered = judge.entries(house)
        row.kills, row.inside, row.lost, row.doubled = 0, 0, 0, 0
        with _import(house, tmp_path) as command:
            for _ in range(KILLS):
                row.inside += command.kill_in_a_write(rng.uniform(0.01, 0.15), timeout_seconds=60)
                row.kills += 1
                assert judge.entries(house) == entered, "half an import was entered"
                command.start()
            assert command.ended() == 0, command.log
            row.acknowledged = ROWS
            assert judge.entries(house) == entered + ROWS
        assert row.inside * 3 >= row.kills
        judge.assert_books_hold(house, tmp_path)
