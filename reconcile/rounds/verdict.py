"""In which bucket a carrier stands: a table over what was expected, whether it was met, and the books as they are now.

Pure, linear, and nothing else: whoever has twenty thousand carriers asks this twenty thousand times.
"""

from collections.abc import Collection, Iterable, Mapping

from reconcile.checks.cases import EXPECTED, STANDING
from reconcile.store.rounds import HERE, UNASKED

CARRIER_BUCKETS = ("present", "missing", "elsewhere", "on_loan_but_here", "arrived", "left", "absent", "beside")
"""`beside`: met here where it belongs, in a sweep that does not ask for it."""

AWAY = {"on_loan": "on_loan", "in_circulation": "in_circulation", "in_transit": "in_transit"}
"""The books' statuses that have a bucket of their own among what is not expected; all others are `away`."""

_NOW_HERE, _NOW_STANDING, _NOW_GONE = "here", "standing", "gone"
_TABLE: Mapping[tuple[str, bool, str], str] = {
    (HERE, True, _NOW_HERE): "present",
    (HERE, True, _NOW_STANDING): "present",
    (HERE, True, _NOW_GONE): "present",
    (HERE, False, _NOW_HERE): "missing",
    (HERE, False, _NOW_STANDING): "left",
    (HERE, False, _NOW_GONE): "left",
    (UNASKED, True, _NOW_HERE): "beside",
    (UNASKED, True, _NOW_STANDING): "elsewhere",
    (UNASKED, True, _NOW_GONE): "on_loan_but_here",
    (UNASKED, False, _NOW_HERE): "",
    (UNASKED, False, _NOW_STANDING): "",
    (UNASKED, False, _NOW_GONE): "",
    ("", True, _NOW_HERE): "arrived",
    ("", True, _NOW_STANDING): "elsewhere",
    ("", True, _NOW_GONE): "on_loan_but_here",
    ("", False, _NOW_HERE): "absent",
    ("", False, _NOW_STANDING): "absent",
    ("", False, _NOW_GONE): "absent",
}
"""(expected, met, the books now) -> bucket; an empty one: it is told nowhere."""
_ASKED = {HERE: HERE, UNASKED: UNASKED}
_AT_HOME = {expected: _TABLE[expected, True, _NOW_HERE] for expected in (HERE, UNASKED, "")}


def stands_now(status: str, path: str | None, root: str) -> str:
    """What the books say now, seen from the swept place: `here`, `standing` elsewhere, or `gone`."""
    if status in EXPECTED and path is not None and path.startswith(root):
        return _NOW_HERE
    return _NOW_STANDING if status in STANDING else _NOW_GONE


def bucket_of(expected: str, met: bool, status: str, path: str | None, root: str) -> str:
    """The bucket of one carrier; empty where it is told nowhere.

    `expected`: `here`, `unasked`, or anything else for what is not expected here; `status`, `path`: the books now.
    """
    return _TABLE[_ASKED.get(expected, ""), met, stands_now(status, path, root)]


def judge(
    expected: Iterable[tuple[int, str, str, str | None]], met: Collection[int], root: str
) -> dict[str, list[int]]:
    """Every expected carrier (carrier, expectation, the books' status and path now) in its bucket.

    `met` is asked for each, so it should be a set or a mapping. Those met that nobody expected are not in it.
    """
    found: dict[str, list[int]] = {name: [] for name in CARRIER_BUCKETS}
    found[""] = []
    for carrier, wanted, status, path in expected:
        # Nearly all: met where they belong, and the books say the same still.
        if carrier in met and status == "in_place" and path is not None and path.startswith(root):
            found[_AT_HOME[_ASKED.get(wanted, "")]].append(carrier)
        else:
            found[bucket_of(wanted, carrier in met, status, path, root)].append(carrier)
    del found[""]
    return found
