"""Sheets that sum a report up, behind its rows: grouped, counted and binned as frames.

pandas is loaded where a sheet is made, not when the server starts: it is as large as all the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

Rows = Sequence[Mapping[str, Any]]
AGE_EDGES = (1, 7, 30)
"""Days: up to one, up to seven, up to thirty, more."""
AGES = ("day", "week", "month", "longer")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet behind the report's own: its title and heads in words, its rows, and which columns hold numbers."""

    title: str
    heads: Mapping[str, str]
    rows: Rows
    numbers: frozenset[str]


def overdue_sheets(rows: Rows, t: Callable[[str], str]) -> tuple[Sheet, ...]:
    """Overdue loans by person and by unit: how many, the longest, the middle one, and what nine of ten stay under.

    `rows`: of the report `overdue`, with `holder_number`, `holder`, `holder_unit`, `days_over`. None without rows.
    """
    import pandas as pd

    if not rows:
        return ()
    loans = pd.DataFrame(rows, columns=["holder_number", "holder", "holder_unit", "days_over"])
    return (
        _of_loans(loans, ["holder_number", "holder", "holder_unit"], "report.sum.by_person", t),
        _of_loans(loans, ["holder_unit"], "report.sum.by_unit", t),
    )


def _of_loans(loans: "pd.DataFrame", by: list[str], title: str, t: Callable[[str], str]) -> Sheet:
    import pandas as pd

    grouped = loans.groupby(by, sort=True)
    days = grouped["days_over"]
    figures = {"loans": days.size(), "longest": days.max(), "median": days.median(), "most": days.quantile(0.9)}
    if "holder" not in by:
        figures = {"people": grouped["holder_number"].nunique()} | figures
    summed = pd.DataFrame(figures)
    summed = summed.sort_values(["longest", "loans"], ascending=False, kind="stable").reset_index()
    numbers = [name for name in summed.columns if name not in by]
    heads = {name: t(f"report.col.{name}" if name in by else f"report.sum.{name}") for name in summed.columns}
    return Sheet(t(title), heads, _plain(summed, numbers), frozenset(numbers))


def findings_sheets(rows: Rows, now: datetime, t: Callable[[str], str]) -> tuple[Sheet, ...]:
    """Findings by kind and by how long each stood, until it was closed or until `now`; the most frequent kind first.

    `rows`: of the report `findings`, with `kind_of_finding`, `opened`, `closed`. None without rows.
    """
    import pandas as pd

    if not rows:
        return ()
    found = pd.DataFrame(rows, columns=["kind_of_finding", "opened", "closed"])
    until = pd.to_datetime(found["closed"]).fillna(pd.Timestamp(now))
    found["days"] = (until - pd.to_datetime(found["opened"])).dt.total_seconds() / 86_400
    edges = [-float("inf"), *AGE_EDGES, float("inf")]
    found["age"] = pd.cut(found["days"], edges, labels=list(AGES))
    table = found.pivot_table(
        index="kind_of_finding", columns="age", values="days", aggfunc="size", fill_value=0, observed=False
    )
    table = table.reindex(columns=list(AGES), fill_value=0)
    table.columns = pd.Index(list(AGES))
    table["all"] = table.sum(axis=1)
    table["median"] = found.groupby("kind_of_finding")["days"].median()
    table = table.sort_values("all", ascending=False, kind="stable").reset_index()
    numbers = [*AGES, "all", "median"]
    heads = {name: t(f"report.sum.{name}") for name in numbers}
    heads = {"kind_of_finding": t("report.col.kind_of_finding")} | heads
    return (Sheet(t("report.sum.by_kind"), heads, _plain(table, numbers), frozenset(numbers)),)


def swept_sheets(rows: Rows, t: Callable[[str], str]) -> tuple[Sheet, ...]:
    """Rooms by how much of each was swept: none, under half, half and more, all; rooms, shelves, shelves swept.

    `rows`: of the report `swept`, with `swept`, `of`, `percent`. None without rows.
    """
    import pandas as pd

    if not rows:
        return ()
    rooms = pd.DataFrame(rows, columns=["swept", "of", "percent"])
    shares = ("none", "under_half", "over_half", "whole")
    rooms["share"] = pd.cut(rooms["percent"], [-1, 0, 49, 99, 100], labels=list(shares))
    summed = rooms.groupby("share", observed=False).agg(rooms=("of", "size"), swept=("swept", "sum"), of=("of", "sum"))
    summed = summed.reset_index()
    summed["share"] = summed["share"].astype(str).map({one: t(f"report.sum.share.{one}") for one in shares})
    numbers = ["rooms", "swept", "of"]
    heads = {
        "share": t("report.sum.share"),
        "rooms": t("report.sum.rooms"),
        "swept": t("swept.col.swept"),
        "of": t("swept.col.of"),
    }
    return (Sheet(t("report.sum.by_share"), heads, _plain(summed, numbers), frozenset(numbers)),)


def _plain(frame: "pd.DataFrame", numbers: Sequence[str]) -> list[dict[str, Any]]:
    """The rows as Python's own values: whole numbers whole, others to one decimal."""
    rows: list[dict[str, Any]] = []
    for record in frame.to_dict("records"):
        row: dict[str, Any] = {}
        for name, value in record.items():
            number = round(float(value), 1) if name in numbers else None
            row[str(name)] = str(value) if number is None else int(number) if number.is_integer() else number
        rows.append(row)
    return rows
