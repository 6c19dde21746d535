"""The regulations, clause by clause: every row from the first day, each with what keeps it and whether it is kept.

A clause is kept only when all its means are, those included that it takes over from others ("as x"). The tests of
a means are those named `test_<clause>_<kind>__…` (dots as underscores); `python -m tools.make_docs` gathers them
into `custody/regulations_tests.json`, which is shipped.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

from custody.regulations import daily_rules, letters_a_to_d, letters_e_to_j
from custody.regulations.model import Clause, Means, MeansKind

__all__ = ["BY_ID", "CLAUSES", "Clause", "Means", "MeansKind", "as_json", "in_force", "is_kept", "tests_of"]


def _whole(rows: tuple[Clause, ...]) -> tuple[Clause, ...]:
    """The rows with the means that they take over from others, each marked with the clause it comes from."""
    by_id = {row.id: row for row in rows}

    def means_of(row: Clause) -> tuple[Means, ...]:
        taken = (
            means if means.as_of else replace(means, as_of=(other,))
            for other in row.as_of
            for means in means_of(by_id[other])
        )
        return (*row.means, *taken)

    return tuple(replace(row, means=means_of(row)) for row in rows)


CLAUSES: tuple[Clause, ...] = _whole((*letters_a_to_d.CLAUSES, *letters_e_to_j.CLAUSES, *daily_rules.CLAUSES))
"""Every clause, in the order of the texts, with all its means: its own, and those of the clauses it names."""

BY_ID: Mapping[str, Clause] = {clause.id: clause for clause in CLAUSES}
"""The same by id."""


def is_kept(clause: Clause) -> bool:
    """Whether the clause holds today: all its means do."""
    return all(means.kept for means in clause.means)


def in_force(clause: Clause, day: str) -> bool:
    """Whether the clause is in force on this ISO date."""
    return clause.since <= day and (not clause.until or day <= clause.until)


@cache
def _tests() -> Mapping[str, list[str]]:
    text = resources.files("custody").joinpath("regulations_tests.json").read_text(encoding="utf-8")
    found: dict[str, list[str]] = json.loads(text)
    return found


def tests_of(clause: str, kind: MeansKind) -> list[str]:
    """Node ids of the tests that hold the product to this means of the clause."""
    return list(_tests().get(f"{clause} {kind}", []))


def as_json() -> list[dict[str, Any]]:
    """The whole table as plain values, for `custody regulations --json`.

    A row: id, wording {en, zh}, source, since, until (ISO dates or null), internal, means [{kind, what {en, zh},
    as_of [ids], kept, tests}], kept, tests (node ids).
    """
    return [_row(clause) for clause in CLAUSES]


def _row(clause: Clause) -> dict[str, Any]:
    means: list[dict[str, Any]] = [
        {
            "kind": means.kind,
            "what": {"en": means.what_en, "zh": means.what_zh},
            "as_of": list(means.as_of),
            "kept": means.kept,
            "tests": _tests_of_means(clause, means),
        }
        for means in clause.means
    ]
    return {
        "id": clause.id,
        "wording": {"en": clause.wording_en, "zh": clause.wording_zh},
        "source": clause.source,
        "since": clause.since or None,
        "until": clause.until or None,
        "internal": clause.internal,
        "means": means,
        "kept": is_kept(clause),
        "tests": sorted({test for one in means for test in one["tests"]}),
    }


def _tests_of_means(clause: Clause, means: Means) -> list[str]:
    return [test for owner in means.as_of or (clause.id,) for test in tests_of(owner, means.kind)]
