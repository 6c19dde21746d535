"""Findings: where the two stories differ or a deadline has passed; how they are opened, cleared, settled, read."""

from reconcile.findings.acts import OTHER, acknowledge, escalate, explain, settle
from reconcile.findings.running import CheckRun, run_checks
from reconcile.store.finding_queries import (
    FindingDetail,
    FindingFilter,
    FindingItem,
    KindCount,
    counts,
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
    "run_checks",
    "settle",
]
