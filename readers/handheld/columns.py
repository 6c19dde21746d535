"""What each column of an export is: by its name where the cells bear it out, else by the cells alone.

What is not recognised stays without a role and is shown as such; a person may give every column another.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from readers.handheld.text import Row, Table
from readers.handheld.values import (
    Stamps,
    ValueWrong,
    day_first_of,
    epc_of,
    instant_of,
    is_day,
    is_mangled,
    is_moment,
    is_of_day,
    looks_like_epc,
    number_of,
    whole_of,
)

Role = Literal["", "epc", "tid", "time", "last", "date", "rssi", "antenna", "count"]
ROLES: tuple[Role, ...] = ("", "epc", "tid", "time", "last", "date", "rssi", "antenna", "count")
"""What a column may be taken for. `last`: when it was last read, where `time` says when first; `date`: the day of a
time of the day; empty: not used."""

_HEADER_WITHIN_ROWS = 60
_SAMPLE_ROWS = 500
_FITTING_NAMED, _FITTING = 0.1, 0.5
"""So large a part of the cells must bear a column out that has a name, or none that is known."""
_HUNDREDTHS_FROM = 150.0
"""No reader hears less than -150 dBm: what says so counts hundredths."""

_NAMES: Mapping[Role, tuple[tuple[str, ...], ...]] = {
    "epc": (
        (
            "epc",
            "epchex",
            "epcvalue",
            "epccode",
            "epcid",
            "epcdata",
            "epcnumber",
            "tagepc",
            "idhex",
            "epc码",
            "epc编码",
        ),
        ("tagid", "tag", "tagdata", "rfid", "rfidtag", "rfidnumber", "taghex", "标签号", "标签id", "标签编号", "标签"),
        ("uid", "serialnumber", "id", "卡号", "编码"),
    ),
    "tid": (("tid", "tidhex", "tiddata", "tidcode", "chipid", "芯片号", "tid码"),),
    "time": (
        ("firstseentimestamp", "firstseentime", "firstseen", "firstread", "firstreadtime", "首次读取时间", "首次时间"),
        (
            "timestamp",
            "datetime",
            "readtime",
            "readat",
            "scantime",
            "time",
            "timestamputc",
            "eventtime",
            "inventorytime",
        ),
        ("读取时间", "扫描时间", "盘点时间", "时间", "采集时间", "日期时间"),
        ("lastseentimestamp", "lastseentime", "lastseen", "lastread", "lastreadtime", "末次读取时间", "最后读取时间"),
    ),
    "last": (
        ("lastseentimestamp", "lastseentime", "lastseen", "lastread", "lastreadtime", "末次读取时间", "最后读取时间"),
    ),
    "date": (("date", "day", "日期", "readdate", "scandate"),),
    "rssi": (
        ("rssi", "peakrssi", "rssidbm", "maxrssi", "peakrssidbm", "signal", "signalstrength", "信号强度", "信号"),
    ),
    "antenna": (("antenna", "antennaport", "antennaid", "ant", "port", "天线", "天线号", "天线编号"),),
    "count": (("count", "readcount", "tagseencount", "seencount", "reads", "times", "次数", "读取次数", "数量"),),
}
"""Names by rank: a column of an earlier rank is preferred."""
_KNOWN = {name: role for role, ranks in _NAMES.items() for names in ranks for name in names}
_SEPARATORS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it stands: its header, what it is taken for and why, and some of its cells."""

    index: int
    header: str
    role: Role
    by: Literal["", "name", "content", "person"]
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is read. `header`: its line in the file, None where there is none; `first`: index of the first row
    of data; `hundredths`: strengths are hundredths of a dBm; `day_first`: which of 3/4/2026 is the day, None unsaid.
    """

    columns: tuple[Column, ...]
    header: int | None
    first: int
    hundredths: bool = False
    day_first: bool | None = None
    orders_days: bool = False
    """There are dates of which nothing in the file says which number is the day."""

    def at(self, role: Role) -> int | None:
        """Where the column of a role stands."""
        return next((column.index for column in self.columns if column.role == role), None)

    @property
    def has_times(self) -> bool:
        """Whether the rows say when."""
        return self.at("time") is not None


def plain_name(header: str) -> str:
    """A header without case, blanks, marks and unit: `// Peak_RSSI (dBm)` is `peakrssidbm`."""
    return _SEPARATORS.sub("", header[:60].casefold())


def recognise(table: Table) -> Layout:
    """What each column is. A table of which nothing is understood has a layout without a single role."""
    first, header = _header(table.rows)
    cells = table.rows[header][1] if header is not None else ()
    names = [name.removeprefix("//").removeprefix("#").strip() for name in cells]
    sample = table.rows[first : first + _SAMPLE_ROWS]
    width = max((len(row) for _number, row in sample), default=0)
    width = max(width, len(names))
    texts = [[row[at] for _number, row in sample if at < len(row) and row[at]] for at in range(width)]
    headers = [names[at] if at < len(names) else "" for at in range(width)]
    roles = _by_name(headers, texts)
    by_name = set(roles)
    _by_content(roles, texts)
    columns = tuple(
        Column(
            at,
            headers[at],
            roles.get(at, ""),
            ("name" if at in by_name else "content") if at in roles else "",
            tuple(dict.fromkeys(islice(texts[at], 50)))[:3],
        )
        for at in range(width)
    )
    layout = Layout(columns, None if header is None else table.rows[header][0], first)
    return _measured(layout, texts)


def with_roles(layout: Layout, table: Table, roles: Sequence[str]) -> Layout:
    """The same table with the roles that a person gave. Of several columns for one role the first has it."""
    given: list[Column] = []
    taken: set[str] = set()
    for column, said in zip(layout.columns, [*roles, *[""] * len(layout.columns)], strict=False):
        role: Role = next((one for one in ROLES if one == said and one not in taken), "")
        taken |= {role} - {""}
        by: Literal["", "name", "content", "person"] = column.by if role == column.role else "person" if role else ""
        given.append(replace(column, role=role, by=by))
    sample = table.rows[layout.first : layout.first + _SAMPLE_ROWS]
    texts = [
        [row[column.index] for _number, row in sample if column.index < len(row) and row[column.index]]
        for column in given
    ]
    return _measured(replace(layout, columns=tuple(given)), texts)


def _header(rows: Sequence[Row]) -> tuple[int, int | None]:
    """Index of the first row of data, and of the header above it, if there is one."""
    head = rows[:_HEADER_WITHIN_ROWS]
    data = next((at for at, (_number, cells) in enumerate(head) if any(map(looks_like_epc, cells))), None)
    best, most = None, 0
    for at, (_number, cells) in enumerate(head if data is None else head[:data]):
        found = [_KNOWN[name] for cell in cells if (name := plain_name(cell)) in _KNOWN]
        named = len(found) if "epc" in found or len(found) > 1 else 0
        if named and named >= most:
            best, most = at, named
    if best is not None:
        return best + 1, best
    # No name is known: a row of as many words right above the tags is their header all the same.
    if data and len(head[data - 1][1]) == len(head[data][1]) > 1:
        return data, data - 1
    return data or 0, None


def _fits(role: Role, text: str) -> bool:
    try:
        match role:
            case "epc":
                return is_mangled(text) or bool(epc_of(text))
            case "tid":
                return bool(epc_of(text))
            case "rssi":
                return number_of(text) <= 0
            case "antenna" | "count":
                return whole_of(text) >= 0
            case "date":
                return is_day(text)
            case _:
                return is_moment(text, named=True) or is_of_day(text)
    except ValueWrong as wrong:
        return wrong.code in ("epc_number", "time_order")


def _share(role: Role, texts: Sequence[str]) -> float:
    return sum(_fits(role, text) for text in texts) / len(texts) if texts else 0.0


def _by_name(headers: Sequence[str], texts: Sequence[Sequence[str]]) -> dict[int, Role]:
    found: dict[int, Role] = {}
    plain = [plain_name(header) for header in headers]
    for role, ranks in _NAMES.items():
        for names in ranks:
            fitting = [
                at
                for at, name in enumerate(plain)
                if name in names and at not in found and _share(role, texts[at]) >= _FITTING_NAMED
            ]
            if fitting:
                found[fitting[0]] = role
                break
    return found


def _by_content(roles: dict[int, Role], texts: Sequence[Sequence[str]]) -> None:
    """Give roles to columns whose cells leave no doubt."""
    tests: tuple[tuple[Role, Callable[[str], bool]], ...] = (("epc", looks_like_epc), ("time", is_moment))
    for role, sure in tests:
        if role in roles.values():
            continue
        shares = [
            (sum(map(sure, cells)) / len(cells), at) for at, cells in enumerate(texts) if cells and at not in roles
        ]
        likely = [(share, -at) for share, at in shares if share >= _FITTING]
        if likely:
            roles[-max(likely)[1]] = role
    if "epc" in roles.values():
        _second_tags(roles, texts)


def _second_tags(roles: dict[int, Role], texts: Sequence[Sequence[str]]) -> None:
    """A second column of tags' numbers is the chips' where they all begin with E2 and differ from the EPCs."""
    epc = next(at for at, role in roles.items() if role == "epc")
    for at, cells in enumerate(texts):
        if "tid" in roles.values():
            return
        chips = at not in roles and cells and all(text.upper().startswith("E2") for text in cells)
        if chips and set(cells) != set(texts[epc]) and all(map(looks_like_epc, cells)):
            roles[at] = "tid"


def _measured(layout: Layout, texts: Sequence[Sequence[str]]) -> Layout:
    """The layout with its unit of strength and its order of days."""
    strengths: list[float] = []
    at = layout.at("rssi")
    for text in texts[at] if at is not None else ():
        try:
            strengths.append(abs(number_of(text)))
        except ValueWrong:
            continue
    strengths.sort()
    hundredths = bool(strengths) and strengths[len(strengths) // 2] > _HUNDREDTHS_FROM
    dates = [text for role in ("date", "time", "last") if (at := layout.at(role)) is not None for text in texts[at]]
    day_first = day_first_of(dates)
    return replace(
        layout,
        hundredths=hundredths,
        day_first=day_first,
        orders_days=day_first is None and any(map(_is_unordered, dates)),
    )


def _is_unordered(text: str) -> bool:
    try:
        instant_of(text, Stamps())
    except ValueWrong as wrong:
        return wrong.code == "time_order"
    return False
