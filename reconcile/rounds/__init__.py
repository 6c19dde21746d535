"""Rounds: sweeps of a place against a frozen expectation, from opening to the signed report."""

from reconcile.rounds.acts import (
    Scan,
    ScanResult,
    abandon,
    buckets,
    feed_from_readers,
    open_round,
    progress,
    round_report,
    rounds,
    scan,
    scan_many,
    sign_round,
    undo,
    undo_last,
)
from reconcile.rounds.codes import Reading, read_code
from reconcile.rounds.state import BUCKETS, Line, RoundReport, RoundState, UnknownScan, rows_of

__all__ = [
    "BUCKETS",
    "Line",
    "Reading",
    "RoundReport",
    "RoundState",
    "Scan",
    "ScanResult",
    "UnknownScan",
    "abandon",
    "buckets",
    "feed_from_readers",
    "open_round",
    "progress",
    "read_code",
    "round_report",
    "rounds",
    "rows_of",
    "scan",
    "scan_many",
    "sign_round",
    "undo",
    "undo_last",
]
