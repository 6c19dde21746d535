"""Findings: where the two stories differ or a deadline has passed; how they are opened, cleared, settled, read."""

from reconcile.findings.acts import OTHER, acknowledge, escalate, explain, goes_next, settle
from reconcile.findings.running import CheckRun, run_checks
from reconcile.store.finding_counts import KindCount, counts
from reconcile.store.finding_queries import (
    FindingDetail,
    FindingFilter,
    FindingItem,
    finding,
    findings,
)

__all__ = [
    "OTHER",
    "CheckRun",
    "FindingDetail",
    "FindingFilter",
    "FindingItem",
    "KindCount",
    "acknowledge",
    "counts",
    "escalate",
    "explain",
    "finding",
    "findings",
    "goes_next",
    "run_checks",
    "settle",
]
