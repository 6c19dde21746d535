"""Plain methods of telling an exit, for the comparison: one read outside, the last antenna, EdgeX' location."""

from collections.abc import Callable, Mapping

from bench.radio.portals.hearing import Heard


def any_outside(heard: Heard) -> bool:
    """Anything that the outside antenna reads has left."""
    return any(read.side == 1 for read in heard.reads)


def last_antenna(heard: Heard) -> bool:
    """Whatever was read last outside, and inside before."""
    sides = [read.side for read in heard.reads]
    return bool(sides) and sides[-1] == 1 and 0 in sides


OFFSET_DB, SLOPE_DB_PER_MS, HOLD_OFF_MS = 6.0, -0.008, 500.0
"""The asset profile of EdgeX' app-rfid-llrp-inventory."""
WINDOW = 20


def edgex(heard: Heard) -> bool:
    """Its mobility profile: a tag moves where another antenna's mean is above the present one's and an offset."""
    strengths: dict[int, list[float]] = {0: [], 1: []}
    last = {0: 0.0, 1: 0.0}
    here: int | None = None
    for read in heard.reads:
        strengths[read.side] = [*strengths[read.side], read.dbm][-WINDOW:]
        last[read.side] = read.at
        if here is None:
            here = read.side
        elif read.side != here and len(strengths[read.side]) >= 2:
            age = max(0.0, (read.at - last[here]) * 1000.0 - HOLD_OFF_MS)
            offset = OFFSET_DB + SLOPE_DB_PER_MS * age
            if _mean(strengths[read.side]) > _mean(strengths[here]) + offset:
                here = read.side
    return here == 1 and bool(strengths[0])


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


PEERS: Mapping[str, Callable[[Heard], bool]] = {
    "any outside read": any_outside,
    "last antenna": last_antenna,
    "EdgeX, in then out": edgex,
}
