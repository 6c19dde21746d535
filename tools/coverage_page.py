"""The page of what is covered: every table of the database, how it is tied to the ledger, and why."""

from collections.abc import Iterator

import api.main
from custody.store.covered import COVERS, Cover, Means

_ = api.main  # declares every table
_MEANS = {
    Means.LEAF: "leaf",
    Means.PROJECTION: "folded from the leaves",
    Means.SEALED: "sealed: batch-hashed into leaves",
    Means.DIGESTED: "digests of its rows are sealed",
    Means.FOLDED: "folded from sealed events",
    Means.DERIVED: "derived",
    Means.OPEN: "not covered",
}


def page() -> str:
    """The page as Markdown."""
    lines = [
        "# What is covered",
        "",
        "Generated from `custody.store.covered.COVERS`; do not edit. Every table of the database stands here. Whoever",
        "changes, takes out, puts in or back-dates a covered row behind the program's back is found by the next check",
        "(`custody rebuild --check`, daily by the schedule); `tests/trust/test_tampering.py` does so to every one.",
        "",
        "What was written since the last seal (at most a minute, while the server runs) is not yet protected. A row",
        "that is written by hand behind the last seal and agrees with everything is sealed with the others: it stays",
        "in the log for good, but nothing here tells it from a true one.",
        "",
        "| table | how | columns | why |",
        "|---|---|---|---|",
        *_rows(),
    ]
    return "\n".join(lines) + "\n"


def _rows() -> Iterator[str]:
    order = list(Means)
    for one in sorted(COVERS.values(), key=lambda one: (order.index(one.means), one.table)):
        yield f"| `{one.table}` | {_MEANS[one.means]} | {_columns(one)} | {one.why} |"


def _columns(one: Cover) -> str:
    if one.means is Means.OPEN:
        return "none"
    if one.left_out:
        return "all but " + ", ".join(f"`{name}`" for name in one.left_out)
    return ", ".join(f"`{name}`" for name in one.columns) if one.means is Means.DERIVED else "all"
