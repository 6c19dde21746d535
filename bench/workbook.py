"""A ledger of a hundred thousand rows as a workbook: taken in, and given out, beside bare openpyxl on the same file.

Each step runs in a process of its own, so that its peak of memory is its own. The peer of taking in reads every cell
read-only and does nothing with it; the peer of giving out writes as many cells write-only, of the same values. Memory
is held against a tenth of the rows: what does not grow with them stays near 1.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.harness import Figure
from bench.register import NOW, SHELVES, enter_directory, epc
from custody.access import Grant, Role, Subject
from custody.database import Database
from custody.scheme import Scheme
from custody.store.books import Books

SIZE = int(os.environ.get("CUSTODY_BENCH_WORKBOOK", "100000"))
CLERK = Subject(1, "某1", (Grant(Role.CLERK),), 3, frozenset({"all"}), None)
HEADS = ("编号", "标题", "密级", "责任单位", "份号", "保密期限", "载体类别", "页数", "存放地点", "标签")
TAKING_IN_MAX, GIVING_OUT_MAX = 30.0, 4.0
"""CPU time over bare openpyxl's: of judging and entering each row, of reading and writing it."""
HOLDING_MAX, FLOWING_MAX = 6.0, 1.35
"""Peak of memory over that of a tenth of the rows: where all is entered as one, where rows flow through."""


def _books(folder: Path) -> tuple[Database, Books]:
    numbers = iter(range(1, 1 << 60))
    database = Database.open(f"sqlite:///{folder}/bench.sqlite")
    return database, Books(database, Scheme(), lambda: NOW, lambda: f"{next(numbers):032x}")


def _ledger(folder: Path, rows: int) -> None:
    """The workbook to be read, and an empty house to read it into."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("载体")
    sheet.append(HEADS)
    for n in range(1, rows + 1):
        shelf = f"S-{(n % SHELVES):03d}"
        sheet.append((f"TZ-{n:07d}", f"外场试验总结报告第{n}号", "机密", "HQ", 1, "20年", "文件", 12, shelf, epc(n)))
    book.save(folder / "ledger.xlsx")
    database, books = _books(folder)
    with database:
        database.migrate()
        enter_directory(books)


def _bare_read(folder: Path, _rows: int) -> None:
    from openpyxl import load_workbook

    book = load_workbook(folder / "ledger.xlsx", read_only=True)
    for _ in book.worksheets[0].iter_rows(values_only=True):
        pass


def _take_in(folder: Path, rows: int) -> None:
    from api.importing import enter_workbook, read_with_guesses

    database, books = _books(folder)
    with database:
        workbook = read_with_guesses(books, (folder / "ledger.xlsx").read_bytes())
        acts = enter_workbook(books, CLERK, workbook)
        if len(acts) != 1 or len(workbook.carriers) != rows:
            raise AssertionError((acts, len(workbook.carriers)))


def _give_out(folder: Path, rows: int) -> None:
    from api.reports import Asked, carriers_flowing, write_workbook

    database, books = _books(folder)
    with database, database.reading() as connection, (folder / "given.xlsx").open("wb") as out:
        report = carriers_flowing(connection, CLERK, books.scheme, NOW, "zh", Asked())
        if write_workbook(report, CLERK, books.scheme, NOW, out, "zh", {}) != rows:
            raise AssertionError(rows)


def _bare_write(folder: Path, _rows: int) -> None:
    """As many cells, of the same values, as the workbook that was given out."""
    from openpyxl import Workbook, load_workbook

    given = load_workbook(folder / "given.xlsx", read_only=True)
    rows = [list(row) for row in given.worksheets[0].iter_rows(values_only=True)]
    begun = time.process_time()
    book = Workbook(write_only=True)
    sheet = book.create_sheet("载体")
    for row in rows:
        sheet.append(row)
    book.save(folder / "bare.xlsx")
    _tell(time.process_time() - begun)


STEPS: Mapping[str, Callable[[Path, int], None]] = {
    "ledger": _ledger,
    "bare_read": _bare_read,
    "take_in": _take_in,
    "give_out": _give_out,
    "bare_write": _bare_write,
}


def _tell(seconds: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu": seconds, "peak": peak}), flush=True)


def _step(name: str, folder: Path, rows: int) -> dict[str, Any]:
    """CPU seconds and the peak of memory in megabytes of one step."""
    command = [sys.executable, "-m", "bench.workbook", name, str(folder), str(rows)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(said.splitlines()[0])
    return found


def _all(rows: int) -> dict[str, dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        return {name: _step(name, Path(folder), rows) for name in STEPS}


def _cpu(name: str, ours: Mapping[str, Any], peer: Mapping[str, Any], peer_name: str, reach: float) -> Figure:
    ratio = ours["cpu"] / max(peer["cpu"], 1e-9)
    return Figure(name, SIZE / ours["cpu"], SIZE / peer["cpu"], "rows/s", peer_name, ratio, "less", reach, 1.0)


def _peak(name: str, many: Mapping[str, Any], few: Mapping[str, Any], reach: float) -> Figure:
    ratio = many["peak"] / few["peak"]
    return Figure(name, many["peak"], few["peak"], "MB at most", f"{SIZE // 10:,} rows", ratio, "less", reach, 1.0)


def figures() -> Iterator[Figure]:
    """On the embedded database."""
    few, many = _all(SIZE // 10), _all(SIZE)
    rows = f"{SIZE:,} rows"
    yield _cpu(f"{rows} read, judged, entered", many["take_in"], many["bare_read"], "openpyxl reads", TAKING_IN_MAX)
    yield _cpu(f"{rows} given out", many["give_out"], many["bare_write"], "openpyxl writes", GIVING_OUT_MAX)
    yield _peak(f"memory at most, {rows} taken in", many["take_in"], few["take_in"], HOLDING_MAX)
    yield _peak(f"memory at most, {rows} given out", many["give_out"], few["give_out"], FLOWING_MAX)


if __name__ == "__main__":
    wanted, where, how_many = sys.argv[1:]
    begun = time.process_time()
    STEPS[wanted](Path(where), int(how_many))
    _tell(time.process_time() - begun)
