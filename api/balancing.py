"""The balance as the faces show it: which position was meant, its lines in words, as JSON and as a workbook's rows.

The page, the command and the workbook are drawn from the same `Account`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from api.locale import translate
from api.locale.values import level_name
from api.reports import ROWS_MAX, Report
from api.store import Connection
from custody import clock
from custody.balance import ORIGINS, Balance, Change, Figures, Flow, Key, flow
from custody.life_cycle import Status
from custody.register import Directory
from custody.scheme import Scheme
from custody.store.queries import CarrierItem, Page
from custody.store.queries import balance as queries
from custody.store.queries.balance import By, Position, PositionUnknown, View
from custody.values import Instant

GROUPINGS: tuple[By, ...] = ("unit", "level", "title", "origin")
FLOW = ("opening", "came", "back", "joined", "gone", "left", "closing")
"""The parts of what became of what was in hand, in the order of their equation."""
_TITLES_AT_ONCE = 500


class PositionWrong(ValueError):
    """A position that cannot be: `code` names the words `balance.error.<code>`, `params` fill their blanks."""

    def __init__(self, code: str, **params: str | int) -> None:
        self.code = code
        self.params = params
        super().__init__(translate("en", f"balance.error.{code}", **params))


def position_named(connection: Connection, text: str, today: str, timezone: str) -> Position:
    """The position that a text means: empty, the present; a number; an ISO day, whose last one it is.

    Raises PositionWrong for what is neither, for one beyond the ledger, and for a day that is yet to come.
    """
    text = text.strip()
    if not text:
        return queries.position_at(connection)
    if text.isascii() and text.isdecimal():
        try:
            return queries.position_at(connection, int(text[:18]))
        except PositionUnknown as beyond:
            raise PositionWrong("beyond", position=int(text[:18]), size=beyond.size) from beyond
    try:
        day = date.fromisoformat(text).isoformat()
    except ValueError as neither:
        raise PositionWrong("unreadable", text=text[:40]) from neither
    if day > today:
        raise PositionWrong("future", day=day)
    return queries.position_by(connection, clock.end_of_day(day, timezone))


def span_named(
    connection: Connection, at: str, since: str, today: str, timezone: str
) -> tuple[Position, Position | None]:
    """The position asked for, and the one it is held against, if any. Raises PositionWrong."""
    position = position_named(connection, at, today, timezone)
    if not since.strip():
        return position, None
    opening = position_named(connection, since, today, timezone)
    if opening.sequence > position.sequence:
        raise PositionWrong("backwards", since=opening.sequence, at=position.sequence)
    return position, opening


@dataclass(frozen=True, slots=True)
class Line:
    """One group: its balance, and what became of it since the other position. `depth`: of a unit in its tree."""

    key: Key
    balance: Balance
    flow: Flow | None = None
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """The balance at a position, by group, as one subject may see it."""

    by: By
    view: View
    at: Position
    since: Position | None
    total: Line
    lines: tuple[Line, ...]
    last_event_at: Instant | None
    kinds: Mapping[str, int]
    """How often each kind of fact changed where carriers stand, since the other position."""

    @property
    def closes(self) -> bool:
        """Whether everything here closes."""
        lines = (self.total, *self.lines)
        return all(one.balance.closes and (one.flow is None or one.flow.closes) for one in lines)


@dataclass(frozen=True, slots=True)
class _Counted:
    """What the lines are made of."""

    now: Figures
    then: Figures
    changes: Sequence[Change]
    since: bool

    def line(self, key: Key, group: frozenset[Key], depth: int = 0) -> Line:
        told = flow(self.then.of(group), self.now.of(group), self.changes, group) if self.since else None
        return Line(key, self.now.of(group), told, depth)


def account(
    connection: Connection,
    view: View,
    directory: Directory,
    scheme: Scheme,
    by: By,
    at: Position,
    since: Position | None = None,
    numbers: Sequence[str] = (),
) -> Account:
    """The balance, by group. By title the lines are of the control numbers `numbers`, in their order."""
    grouping: By = "origin" if by == "title" else by
    counted = _count(connection, view, grouping, at, since)
    everything = counted.now.keys | counted.then.keys
    whole = counted.line("", everything)
    total = Line("", counted.now.whole, whole.flow)
    if by == "title":
        named = _count(connection, view, by, at, since, numbers)
        lines = [named.line(number, frozenset({number})) for number in numbers]
    elif by == "unit":
        lines = list(_units(counted, directory, everything))
    else:
        order = [level.code for level in scheme.levels] if by == "level" else list(ORIGINS)
        lines = [counted.line(key, frozenset({key})) for key in order if key in everything]
    kinds = queries.kinds_of_change(connection, view, since.sequence, at.sequence) if since else {}
    return Account(by, view, at, since, total, tuple(lines), counted.now.last_event_at, kinds)


def _count(
    connection: Connection, view: View, by: By, at: Position, since: Position | None, only: Sequence[str] | None = None
) -> _Counted:
    now = queries.figures(connection, view, by, at.sequence, only)
    if since is None:
        return _Counted(now, Figures(), (), False)
    then = queries.figures(connection, view, by, since.sequence, only)
    return _Counted(now, then, queries.changes(connection, view, by, since.sequence, at.sequence), True)


def _units(counted: _Counted, directory: Directory, present: frozenset[Key]) -> Iterator[Line]:
    """The tree of units, each with its sub-units; branches without carriers are left out."""

    def under(parent: int | None, depth: int) -> Iterator[Line]:
        children = [one for one in directory.units.values() if one.parent == parent]
        for unit in sorted(children, key=lambda one: one.code):
            group: frozenset[Key] = frozenset(directory.units_under(unit.id))
            if group & present:
                yield counted.line(unit.id, group, depth)
                yield from under(unit.id, depth + 1)

    yield from under(None, 0)


def group_name(account_by: By, key: Key, directory: Directory, scheme: Scheme, language: str) -> str:
    """What a group is called."""
    if account_by == "level":
        return level_name(scheme, str(key), language)
    if account_by == "origin":
        return translate(language, f"origin.{key}")
    if account_by == "unit":
        unit = directory.units.get(int(key))
        if unit is None:
            return str(key)
        return unit.name_en if language == "en" and unit.name_en else unit.name
    return str(key)


def every_title(connection: Connection, view: View, at: Position) -> Iterator[tuple[str, ...]]:
    """The control numbers that the register had, a handful at a time."""
    after: str | None = None
    while True:
        page: Page[str] = queries.titles(connection, view, at.sequence, "", after, _TITLES_AT_ONCE)
        if page.items:
            yield page.items
        after = page.after
        if after is None:
            return


def whole_account(
    connection: Connection,
    view: View,
    directory: Directory,
    scheme: Scheme,
    by: By,
    at: Position,
    since: Position | None = None,
) -> tuple[Account, bool]:
    """The same with every group, and whether there were more than a workbook takes."""
    if by != "title":
        return account(connection, view, directory, scheme, by, at, since), False
    found = account(connection, view, directory, scheme, by, at, since)
    lines: list[Line] = []
    for numbers in every_title(connection, view, at):
        named = _count(connection, view, by, at, since, numbers)
        lines += [named.line(number, frozenset({number})) for number in numbers]
        if len(lines) > ROWS_MAX:
            break
    cut = len(lines) > ROWS_MAX
    whole = Account(by, view, at, since, found.total, tuple(lines[:ROWS_MAX]), found.last_event_at, found.kinds)
    return whole, cut


# As plain values.


def as_json(found: Account, directory: Directory, scheme: Scheme, language: str) -> dict[str, Any]:
    """The account as plain values; times are ISO in the organisation's time zone."""

    def at(instant: Instant | None) -> str | None:
        return None if instant is None else clock.moment(instant, scheme.timezone).isoformat(timespec="seconds")

    def position(one: Position) -> dict[str, Any]:
        return {"position": one.sequence, "entered_at": at(one.entered_at), "act": one.act}

    groups = [
        {"key": one.key, "name": group_name(found.by, one.key, directory, scheme, language), **_plain(one)}
        for one in found.lines
    ]
    return {
        **position(found.at),
        "ledger_size": found.at.size,
        "last_event_at": at(found.last_event_at),
        "since": position(found.since) if found.since else None,
        "whole_register": found.view.whole,
        "by": found.by,
        "closes": found.closes,
        "total": _plain(found.total),
        "groups": groups,
        "changes": dict(found.kinds),
    }


def _plain(line: Line) -> dict[str, Any]:
    counted = line.balance
    told: dict[str, Any] = {
        "came_in": dict(counted.came_in),
        "came_in_total": counted.came_in_total,
        "joined": counted.joined,
        "left": counted.left,
        "states": {status.value: count for status, count in counted.states.items()},
        "accounted_total": counted.accounted_total,
        "held": counted.held,
        "closes": counted.closes,
    }
    if line.flow is not None:
        flowed = line.flow
        told["flow"] = {name: getattr(flowed, name) for name in FLOW if name != "gone"}
        told["flow"] |= {"gone": {one.value: n for one, n in flowed.gone.items()}, "closes": flowed.closes}
    return told


# As a workbook.


def report_of(
    found: Account,
    directory: Directory,
    scheme: Scheme,
    language: str,
    copies: Mapping[str, CarrierItem],
    *,
    titles: bool,
    cut: bool,
) -> Report:
    """The account as rows: every group, and all together last. `copies`: of each control number one carrier."""
    flowed = found.since is not None
    states = [status.value for status in Status]
    columns = ("group", *(("title",) if found.by == "title" else ()))
    figures = ("came_in", "joined", "left", *states, "together")
    if flowed:
        figures = (*(f"flow_{name}" for name in FLOW), *figures)

    def row(line: Line, name: str, title: str) -> dict[str, Any]:
        counted = line.balance
        told: dict[str, Any] = {"group": name, "title": title, "came_in": counted.came_in_total}
        told |= {"joined": counted.joined, "left": counted.left, "together": counted.accounted_total}
        told |= {status.value: count for status, count in counted.states.items()}
        closes = counted.closes
        if line.flow is not None:
            told |= {f"flow_{part}": getattr(line.flow, part) for part in FLOW if part != "gone"}
            told["flow_gone"] = line.flow.gone_total
            closes = closes and line.flow.closes
        return told | {"closes": translate(language, "balance.closes" if closes else "balance.open")}

    rows = []
    for line in found.lines:
        item = copies.get(str(line.key))
        title = "" if item is None else item.title if titles else translate(language, "titles.hidden")
        indent = "\u3000" * line.depth
        rows.append(row(line, indent + group_name(found.by, line.key, directory, scheme, language), title))
    rows.append(row(found.total, translate(language, "balance.all"), ""))
    heads = {status.value: translate(language, f"status.{status.value}") for status in Status}
    heads |= {name: translate(language, f"balance.col.{name}") for name in (*figures, "closes") if name not in heads}
    named = "report.col.number" if found.by == "title" else f"balance.by.{found.by}"
    heads |= {"group": translate(language, named), "title": translate(language, "report.col.title")}
    rank = max((item.rank for item in copies.values()), default=-1)
    carriers = tuple(item.id for item in copies.values())
    columns = (*columns, *figures, "closes")
    return Report("balance", columns, rows, cut, rank, heads, frozenset(figures), carriers)


def said_of(found: Account, scheme: Scheme) -> dict[str, str]:
    """What the foot of a workbook, and the log, say of how it was asked for."""

    def point(one: Position) -> str:
        at = None if one.entered_at is None else clock.moment(one.entered_at, scheme.timezone)
        return f"{one.sequence} ({datetime.isoformat(at, sep=' ', timespec='seconds')[:19]})" if at else "0"

    told = {"by": found.by, "at": point(found.at)}
    return told if found.since is None else told | {"since": point(found.since)}
