"""How a figure is measured: ours and the peer by turns, the best of several rounds each, and their ratio.

The best of several rounds says what the code can do; what else the machine does at the time only adds. The peer
is measured before and after ours, and the spread of its rounds is shown: a figure whose peer moved is no figure.
"""

import gc
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Work = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `ratio` is speed over the peer's where `better` is "more", else time over the peer's."""

    name: str
    ours: float
    peer: float
    unit: str
    peer_name: str
    ratio: float
    better: Literal["more", "less"]
    reach: float
    spread: float
    """Slowest over fastest round of the peer."""

    @property
    def reached(self) -> bool:
        """Whether the ratio meets what the design asks."""
        return self.ratio >= self.reach if self.better == "more" else self.ratio <= self.reach


def cpu_seconds(work: Work) -> float:
    """CPU time of this process and its threads."""
    gc.collect()
    begun = time.process_time()
    work()
    return time.process_time() - begun


def wall_seconds(work: Work) -> float:
    """Elapsed time, where waiting for the disk or a server is the point."""
    gc.collect()
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def compare(
    name: str,
    *,
    ours: Work,
    peer: Work,
    units: int,
    unit: str,
    peer_name: str,
    reach: float,
    better: Literal["more", "less"] = "more",
    measure: Callable[[Work], float] = cpu_seconds,
    rounds: int = 3,
    before: Work = lambda: None,
) -> Figure:
    """Both by turns, the peer first and last; `units` is how many of `unit` one call of either handles.

    `before` each call, unmeasured: makes what the one leaves behind no burden or help to the other.
    """
    peers, own = [_measured(peer, measure, before)], []
    for _ in range(rounds):
        own.append(_measured(ours, measure, before))
        peers.append(_measured(peer, measure, before))
    best, best_peer = max(min(own), 1e-9), max(min(peers), 1e-9)
    ratio = best_peer / best if better == "more" else best / best_peer
    return Figure(name, units / best, units / best_peer, unit, peer_name, ratio, better, reach, max(peers) / best_peer)


def _measured(work: Work, measure: Callable[[Work], float], before: Work) -> float:
    before()
    return measure(work)


def show(figures: list[Figure]) -> str:
    """The table, as text."""
    head = f"{'figure':<58}{'ours':>14}{'peer':>14}  {'unit':<14}{'ratio':>8}  {'reach':>8}  {'':<4}peer"
    lines = [head, "-" * len(head)]
    for f in figures:
        sign = "≥" if f.better == "more" else "≤"
        lines.append(
            f"{f.name:<58}{f.ours:>14,.0f}{f.peer:>14,.0f}  {f.unit:<14}{f.ratio:>8.2f}  {sign}{f.reach:>7.2f}  "
            f"{'ok' if f.reached else 'NOT':<4}{f.peer_name} (spread {f.spread:.2f})"
        )
    return "\n".join(lines)


def keep(figures: list[Figure], folder: Path) -> None:
    """The figures as JSON, for comparison with a later run."""
    folder.mkdir(exist_ok=True)
    rows = [asdict(f) | {"reached": f.reached} for f in figures]
    (folder / "latest.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
