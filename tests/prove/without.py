"""A pytest plugin that takes one means of one clause out of the product, to see whether its tests notice.

    CUSTODY_WITHOUT="g.5 refuse" pytest -p tests.prove.without TESTS

`refuse` and `record`: every rule of that clause and means is gone, from the greyed-out button and the server's stop
alike. `detect` and `remind`: the kinds of finding of that clause, and its reminders, are never opened or sent. The
packages know nothing of this: it works from outside, before the first test is collected.
"""

import os
from collections.abc import Sequence
from typing import Any


class NothingToDisable(Exception):
    """No rule and no kind of finding keeps this means: what is called kept is not."""


def pytest_configure(config: Any) -> None:
    """Take it out."""
    wanted = os.environ.get("CUSTODY_WITHOUT", "")
    if wanted:
        clause, means = wanted.split()
        disable(clause, means)


def disable(clause: str, means: str) -> None:
    """Take every rule or kind of this clause and means out of the running product. Raises NothingToDisable."""
    if means in ("refuse", "record"):
        gone = _without_rules(clause, means) + _without_log(clause, means)
    else:
        gone = _without_kinds(clause, means) + _without_reminders(clause, means)
    if not gone:
        raise NothingToDisable(f"nothing in the product keeps {clause} {means}")


def _without_rules(clause: str, means: str) -> int:
    from custody import procedures

    left = tuple(rule for rule in procedures.RULES if (rule.clause, rule.means) != (clause, means))
    gone = len(procedures.RULES) - len(left)
    procedures.RULES = left
    procedures.RULES_FOR = {
        kind: tuple(rule for rule in left if issubclass(kind, rule.facts)) for kind in procedures.RULES_FOR
    }
    return gone


def _without_log(clause: str, means: str) -> int:
    """Rule 8 is kept by the faces: what is exported or printed is on record before it is given."""
    if (clause, means) != ("8", "record"):
        return 0
    from api import store

    faces: Any = store
    faces.log_export = lambda *_given, **_named: 0
    return 1


def kinds_of(clause: str, means: str) -> frozenset[str]:
    """Kinds of finding that keep this means: those with a deadline of their own remind, the others detect."""
    from reconcile.checks.clauses import kinds_under

    return kinds_under({clause}, means)  # type: ignore[arg-type]  # detect or remind, as the caller has asked


def _without_kinds(clause: str, means: str) -> int:
    import reconcile.store.findings

    gone = kinds_of(clause, means)
    findings: Any = reconcile.store.findings
    opening = findings.open_findings

    def open_others(connection: Any, found: Sequence[Any], *rest: Any, **more: Any) -> Any:
        return opening(connection, [one for one in found if one.kind not in gone], *rest, **more)

    findings.open_findings = open_others
    return len(gone)


def _without_reminders(clause: str, means: str) -> int:
    try:
        from reconcile import reminders
    except ImportError:
        return 0
    left = tuple(row for row in reminders.REMINDERS if (row.clause, "remind") != (clause, means))
    gone = len(reminders.REMINDERS) - len(left)
    reminders.REMINDERS = left
    return gone
