"""What stands of the words that people gave at the shelf about what does not agree, read out of a sweep's events."""

from collections.abc import Iterable, Mapping
from typing import get_args

from reconcile.rounds.state import Deal, Dealt, Line, UnknownScan
from reconcile.store import round_events as events
from reconcile.store.core import Connection
from reconcile.store.round_events import Said

DEALS: tuple[str, ...] = get_args(Deal)
UNDEALT = "undealt"


def dealt_of(connection: Connection, number: str, told: Iterable[Said]) -> tuple[Dealt, ...]:
    """What stands of it: the newest word about each thing that was neither taken back, nor followed by another scan of
    the same."""
    told = list(told)
    gone = {one.detail.get("event") for one in told if one.what == UNDEALT}
    stands = {_key(one): one for one in told if one.what in DEALS and one.event not in gone}
    if not stands:
        return ()
    carriers = [key for key in stands if isinstance(key, int)]
    newest = events.newest_of(connection, number, carriers, [key for key in stands if isinstance(key, str)])
    return tuple(
        Dealt(one.detail["carrier"], one.detail["code"], one.what, one.by, one.by_name, one.at, one.event)
        for key, one in stands.items()
        if newest.get(key, 0) <= one.detail["through"]
    )


def is_dealt(dealt: Mapping[int | str, Dealt], line: Line | UnknownScan) -> bool:
    """Whether somebody has dealt with a line of the sweep. `dealt`: `RoundState.dealt_with`."""
    return (line.carrier if isinstance(line, Line) else line.code) in dealt


def _key(one: Said) -> int | str:
    carrier: int | None = one.detail["carrier"]
    code: str = one.detail["code"]
    return code if carrier is None else carrier
