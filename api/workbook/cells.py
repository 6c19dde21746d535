"""From what stands in a cell to a value of the books: pure parsers, tolerant of form, never of meaning.

Every parser takes the cell's content as openpyxl gives it and raises `CellWrong` with a code of the catalogue.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, TypeVar

from openpyxl.utils.datetime import from_excel

from api.workbook.model import Params
from api.workbook.neutral import restored
from custody.scheme import Scheme
from custody.values import CarrierKind, Period, PlaceKind, PostClass

Raw = str | int | float | bool | datetime | date | time | timedelta | None
"""Content of a cell. Excel keeps every number as a float of 15 digits."""

DIGITS_KEPT = 10**15
DAYS_FROM, DAYS_THROUGH = 1900, 2199
"""Years that a ledger may speak of."""


class CellWrong(ValueError):
    """The cell does not say what its column asks for."""

    def __init__(self, code: str, params: Params | None = None) -> None:
        self.code = code
        self.params: Params = dict(params or {})
        super().__init__(code)


def shown(raw: Raw) -> str:
    """A cell's content for people, cut to a line."""
    if isinstance(raw, datetime):
        raw = raw.date() if raw.time() == time() else raw
    text = "" if raw is None else re.sub(r"\s+", " ", str(raw)).strip()
    return text if len(text) <= 80 else f"{text[:79]}…"


def words(raw: Raw, length_max: int = 1_000) -> str:
    """Text as it was written, on one line; numbers without a decimal point that Excel added."""
    if isinstance(raw, str):
        text = on_one_line(restored(raw) if raw[:1] == "'" else raw)
        if len(text) > length_max:
            raise CellWrong("text_too_long", {"length_max": length_max})
        return text
    if isinstance(raw, bool):
        return "TRUE" if raw else "FALSE"
    if isinstance(raw, int | float):
        if abs(raw) >= DIGITS_KEPT:
            raise CellWrong("digits_lost")
        return str(int(raw)) if raw == int(raw) else repr(raw)
    return shown(raw)


def on_one_line(raw: str) -> str:
    """A text as the books keep it: on one line, without blanks around it or twice within."""
    return raw.strip() if raw.isprintable() and "  " not in raw and "_x000D_" not in raw else _one_line(raw)


def _one_line(raw: str) -> str:
    kept = "".join(c if c.isprintable() else " " for c in raw.replace("_x000D_", " "))
    return re.sub(r"\s+", " ", kept).strip()


def identifier(raw: Raw, length_max: int = 1_000) -> str:
    """A number or code by which something is known: `12.0` is 12; what Excel made a date of is lost."""
    if isinstance(raw, datetime | date | time | timedelta):
        raise CellWrong("became_date")
    return words(raw, length_max)


def _folded(raw: Raw) -> str:
    """For comparing: full width made half, no blanks, no case."""
    return _folded_text(words(raw))


@lru_cache(maxsize=4_096)
def _folded_text(text: str) -> str:
    # A ledger says the same few levels, kinds and units in every row.
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()


# Days.

_DAY_FORMS = (
    re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?:[ t]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?z?"),
    re.compile(r"(?P<y>\d{4})年(?P<m>\d{1,2})月(?P<d>\d{1,2})[日号]?"),
    re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})"),
    re.compile(r"(?P<d>\d{1,2})[ -](?P<name>[a-z]{3,9})\.?,?[ -](?P<y>\d{4})"),
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def iso_day(raw: Raw, epoch: datetime) -> str:
    """A day as `YYYY-MM-DD`, empty where the cell is; `epoch` is that of the workbook, for bare serial numbers."""
    if isinstance(raw, bool | time | timedelta):
        raise CellWrong("date_invalid")
    if isinstance(raw, datetime):
        return _in_range(raw.date())
    if isinstance(raw, date):
        return _in_range(raw)
    if isinstance(raw, int | float):
        if 10_000 <= raw < 100_000:
            found = from_excel(raw, epoch)
            assert isinstance(found, datetime)
            return _in_range(found.date())
        raw = words(raw)
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", raw or "")).strip().casefold()
    if not text:
        return ""
    for form in _DAY_FORMS:
        if found_text := form.fullmatch(
            text if "name" in form.groupindex else re.sub(r" (?=[年月日])|(?<=[年月]) ", "", text)
        ):
            return _calendar_day(found_text.groupdict())
    raise CellWrong("date_invalid")


def _calendar_day(parts: Mapping[str, str]) -> str:
    name = parts.get("name", "")
    if name and name[:3] not in _MONTHS:
        raise CellWrong("date_invalid")
    month = _MONTHS.index(name[:3]) + 1 if name else int(parts["m"])
    try:
        return _in_range(date(int(parts["y"]), month, int(parts["d"])))
    except ValueError as error:
        raise CellWrong("date_invalid") from error


def _in_range(day: date) -> str:
    if not DAYS_FROM <= day.year <= DAYS_THROUGH:
        raise CellWrong("date_invalid")
    return day.isoformat()


# Level and period.


def level_and_period(raw: Raw, scheme: Scheme, epoch: datetime) -> tuple[str, Period | None]:
    """Code of the level; and the period where the mark `密级★期限` names one in the same cell."""
    text = words(raw)
    name, star, rest = text.partition("★")
    period_found = period(rest, epoch) if star and rest.strip() else None
    plain = re.sub(r"[-_]", "", _folded(name)).removesuffix("级")
    for level in scheme.levels:
        names = {_folded(level.name_zh), _folded(level.name_en), _folded(level.code)}
        if plain in {re.sub(r"[-_]", "", each) for each in names}:
            return level.code, period_found
    raise CellWrong("level_unknown", {"known": known_levels(scheme)})


def known_levels(scheme: Scheme) -> str:
    """The levels' names, for an error."""
    return "、".join(level.name_zh for level in scheme.levels)


_YEARS = re.compile(r"(\d{1,3}|[一二三四五六七八九十两]{1,3})(?:\.0+)?(?:年|years?|yrs?|y|a)?")
_MONTHS_LONG = re.compile(r"(\d{1,4}|[一二三四五六七八九十两]{1,3})(?:个?月|months?|m)")
_UNTIL = re.compile(r"(?:至|到|截至|until|to|before)?(.+?)(?:止|为止|前|解密|之前)?")
_CONDITION = re.compile(r"(?:附条件|条件|conditional|condition)[:：]?(.*)", re.IGNORECASE)
_CONDITION_WORDS = ("前", "后", "时", "止", "之日", "解密")
_LONG_TERM = frozenset({"长期", "长期保密", "longterm", "long-term", "永久", "permanent"})
_MAXIMUM = frozenset({"", "最长", "最长期限", "maximum", "max", "/", "-", "—"})
_CHINESE = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2}


def _count(text: str) -> int:
    """A whole number in digits or in Chinese up to 99. Raises CellWrong."""
    if text.isdecimal():
        return int(text)
    tens, ten, units = text.partition("十")
    if not ten:
        tens, units = "", text
    if not {tens, units} <= {"", *_CHINESE}:
        raise CellWrong("period_invalid")
    return (10 * _CHINESE.get(tens, 1) if ten else 0) + _CHINESE.get(units, 0)


def period(raw: Raw, epoch: datetime) -> Period:
    """Years, months, a date, a condition, long-term; blank means the level's maximum."""
    if isinstance(raw, datetime | date):
        return Period("date", iso_day(raw, epoch))
    text = words(raw)
    plain = _folded(text)
    if plain in _MAXIMUM:
        return Period("maximum")
    if plain in _LONG_TERM:
        return Period("long_term")
    if plain == "半年":
        return Period("months", "6")
    if years := _YEARS.fullmatch(plain):
        return _counted("years", _count(years.group(1)))
    if months := _MONTHS_LONG.fullmatch(plain):
        return _counted("months", _count(months.group(1)))
    if condition := _CONDITION.fullmatch(text):
        if not condition.group(1).strip():
            raise CellWrong("period_invalid")
        return Period("condition", condition.group(1).strip())
    if until := _UNTIL.fullmatch(unicodedata.normalize("NFKC", text).strip()):
        try:
            return Period("date", iso_day(re.sub(r"^(?:until|to|before)\s+", "", until.group(1).strip()), epoch))
        except CellWrong:
            if text.endswith(_CONDITION_WORDS) and not re.search(r"\d{4}", text):
                return Period("condition", text)
    raise CellWrong("period_invalid")


def _counted(kind: Literal["years", "months"], count: int) -> Period:
    if count == 0:
        raise CellWrong("period_invalid")
    return Period(kind, str(count))


# Numbers of copies and pages.

_WHOLE = re.compile(r"(?:第|共|no\.?|№)?(\d{1,6})(?:份|件|册)?")
_OF = re.compile(r"第?(\d{1,6})份?(?:/|of|,?共|分之)(\d{1,6})份?")
_PAGES = re.compile(r"(\d{1,7})(?:页|面|p|pp|pages?)?")


def copy_of(raw_copy: Raw, raw_copies: Raw) -> tuple[int, int]:
    """Copy n of m, from `3/12` in one cell or from two; both blank is the only copy."""
    if isinstance(raw_copy, datetime | date) or isinstance(raw_copies, datetime | date):
        raise CellWrong("became_date")
    first, second = _folded(raw_copy), _folded(raw_copies)
    if both := _OF.fullmatch(first) or (None if first else _OF.fullmatch(second)):
        copy, copies = int(both.group(1)), int(both.group(2))
        if first and second and _whole(second) != copies:
            raise CellWrong("copy_invalid")
    elif first and second:
        copy, copies = _whole(first), _whole(second)
    elif second:
        copy, copies = 1, _whole(second)
        if copies > 1:
            raise CellWrong("copy_missing", {"copies": copies})
    elif first:
        copy, copies = _whole(first), 1
        if copy > 1:
            raise CellWrong("copies_missing", {"copy": copy})
    else:
        return 1, 1
    if copy < 1 or copies < 1:
        raise CellWrong("copy_invalid")
    if copy > copies:
        raise CellWrong("copy_over", {"copy": copy, "copies": copies})
    return copy, copies


def _whole(plain: str) -> int:
    found = _WHOLE.fullmatch(plain)
    if found is None:
        raise CellWrong("copy_invalid")
    return int(found.group(1))


def pages_or_capacity(raw: Raw) -> tuple[int | None, str]:
    """Number of pages, or else what the cell says (4.7GB), which belongs to the medium."""
    text = words(raw)
    if found := _PAGES.fullmatch(_folded(text)):
        return int(found.group(1)), ""
    return None, text


# Choices.

_CARRIER_KINDS: Mapping[CarrierKind, str] = {
    "document": "文件 纸质文件 纸质 纸介质 公文 资料 图纸 文书 纸质载体 document paper file",
    "telegram": "密码电报 密电 密码电 telegram codedtelegram",
    "disc": "光盘 光介质 cd dvd disc opticaldisc",
    "drive": "移动硬盘 硬盘 u盘 优盘 磁介质 存储介质 移动存储介质 磁盘 磁带 drive usb usbdrive harddisk",
    "film": "胶片 缩微胶片 底片 film microfilm",
    "model": "模型 样机 样品 样件 实物 model sample",
    "notebook": "笔记本 记录本 工作笔记本 涉密笔记本 保密本 notebook",
    "computer": "计算机 便携式计算机 笔记本电脑 台式机 台式计算机 服务器 电脑 computer laptop server",
    "other": "其他 其它 other",
}
_MEDIA: Mapping[CarrierKind, str] = {
    "document": "paper",
    "telegram": "paper",
    "disc": "optical",
    "drive": "magnetic",
    "film": "film",
    "model": "object",
    "notebook": "paper",
    "computer": "magnetic",
    "other": "other",
}
_PLACE_KINDS: Mapping[PlaceKind, str] = {
    "site": "院区 场区 园区 地点 site",
    "building": "楼宇 楼 建筑 building",
    "room": "房间 室 库房 办公室 房 room office",
    "cabinet": "柜 密集架 保密柜 文件柜 cabinet safe",
    "shelf": "层架 架 层 架位 格 shelf",
    "container": "箱 袋 文件箱 保密箱 公文箱 周转箱 文件袋 保密袋 公文包 container box bag case",
    "seat": "座席 席位 座位 seat",
    "portal": "出入口 门 通道门 portal gate exit",
}
_POST_CLASSES: Mapping[PostClass, str] = {
    "core": "核心 核心岗位 核心涉密 核心涉密岗位 核心涉密人员 core",
    "important": "重要 重要岗位 重要涉密 重要涉密岗位 重要涉密人员 important",
    "general": "一般 一般岗位 一般涉密 一般涉密岗位 一般涉密人员 general",
}
_NO_POST = frozenset({"", "无", "非涉密", "非涉密岗位", "非涉密人员", "none", "no", "/", "-", "—"})
_YES = frozenset({"是", "有", "可", "可以", "√", "✓", "✔", "y", "yes", "true", "1"})
_NO = frozenset({"", "否", "无", "不", "不可", "×", "✗", "n", "no", "false", "0", "/", "-"})


K = TypeVar("K", bound=str)


def _chosen(raw: Raw, table: Mapping[K, str], code: str) -> K:
    plain = _folded(raw)
    for value, names in table.items():
        if plain in names.split():
            return value
    known: Iterable[str] = (names.split()[0] for names in table.values())
    raise CellWrong(code, {"known": "、".join(known)})


def carrier_kind(raw: Raw) -> CarrierKind:
    """What sort of thing; blank is a document."""
    plain = _folded(raw)
    if not plain:
        return "document"
    # What an export says of intermediate material stands in brackets behind the kind.
    return _chosen(re.sub(r"\([^()]*\)$", "", plain), _CARRIER_KINDS, "carrier_kind_unknown")


def medium_of(kind: CarrierKind, said: str, capacity: str) -> str:
    """The medium as said, else that of the kind; with the capacity where one was given."""
    return "，".join(part for part in (said or _MEDIA[kind], capacity) if part)


def place_kind(raw: Raw) -> PlaceKind:
    """What sort of place."""
    return _chosen(raw, _PLACE_KINDS, "place_kind_unknown")


def post_class(raw: Raw) -> PostClass | None:
    """Core, important, general; None where the post is not a classified one."""
    if _folded(raw) in _NO_POST:
        return None
    return _chosen(raw, _POST_CLASSES, "post_class_unknown")


def flag(raw: Raw) -> bool:
    """Yes or no; blank is no."""
    plain = _folded(raw)
    if plain in _YES:
        return True
    if plain in _NO:
        return False
    raise CellWrong("flag_unknown")


# Tags and scope.

_HEX = re.compile(r"[0-9A-F]+")


def _bare_hex(raw: Raw, code: str) -> str:
    if isinstance(raw, datetime | date | time | timedelta):
        raise CellWrong("became_date")
    bare = re.sub(r"[\s:_\-]", "", unicodedata.normalize("NFKC", words(raw))).upper().removeprefix("0X")
    if bare and not _HEX.fullmatch(bare):
        raise CellWrong(code)
    return bare


def epc(raw: Raw) -> str:
    """EPC in upper-case hexadecimal, of whole 16-bit words (GS1 EPC UHF Gen2, 6.3.2.1.2); empty where there is none."""
    bare = _bare_hex(raw, "epc_invalid")
    if bare and (len(bare) % 4 or not 16 <= len(bare) <= 124):
        raise CellWrong("epc_invalid")
    return bare


def tid(raw: Raw) -> str | None:
    """The chip's own number in upper-case hexadecimal, or None."""
    bare = _bare_hex(raw, "tid_invalid")
    if bare and (len(bare) % 4 or len(bare) > 64):
        raise CellWrong("tid_invalid")
    return bare or None


_SCOPE_PARTS = re.compile(r"[;；、,，\n]+")


def scope(raw: Raw) -> tuple[str, ...]:
    """The names that a scope lists, in order, each once."""
    text = raw if isinstance(raw, str) else words(raw)
    parts = (words(part) for part in _SCOPE_PARTS.split(text))
    return tuple(dict.fromkeys(part for part in parts if part))
