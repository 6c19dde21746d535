"""The words by which columns and sheets are known: tables, in the order in which they are preferred.

Collected from ledgers and import templates in use: required marks, line feeds and help text stand in the cells.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.workbook.model import SheetKind

_NAMED: Mapping[SheetKind, Mapping[str, str]] = {
    "units": {
        "code": "编号 单位编号 单位代码 部门编号 部门代码 代码 编码 code unit_code number unit_number",
        "name": "名称 单位名称 部门名称 单位 部门 name unit department unit_name",
        "name_en": "英文名称 名称(英文) 英文名 english_name name(english) name_en",
        "parent": "上级单位 上级部门 上级编号 上级 parent parent_unit",
    },
    "places": {
        "code": "编号 地点编号 场所编号 架位编号 架位号 代码 编码 code place_code number",
        "name": "名称 地点名称 场所名称 地点 场所 name place place_name",
        "name_en": "英文名称 名称(英文) 英文名 english_name name(english) name_en",
        "kind": "类别 地点类别 场所类别 类型 种类 kind type",
        "parent": "上级地点 上级场所 所在地点 上级编号 上级 parent inside_of",
        "rating": "定级 允许最高密级 最高密级 场所密级 密级 rating rated level",
        "storage": "可存放 是否存放 可否存放 存放 storage",
        "responsible": "责任人 负责人 管理人 responsible responsible_person",
        "inside": "门内 内侧 门内地点 inside",
        "outside": "门外 外侧 门外地点 outside",
    },
    "persons": {
        "number": "工号 人员编号 职工号 员工号 编号 证件号 staff_number staff_no employee_number number id",
        "name": "姓名 人员姓名 名字 name full_name",
        "name_en": "英文姓名 姓名(英文) 英文名 拼音 english_name name(english) name_en",
        "unit": "部门 单位 所在部门 所在单位 所属部门 unit department",
        "post": "岗位 岗位名称 职务 post position job_title",
        "post_class": (
            "涉密岗位类别 涉密岗位等级 涉密人员类别 岗位涉密等级 岗位类别 涉密等级 涉密类别 "
            "post_class class_of_post clearance_class clearance"
        ),
        "cleared_from": "涉密起始日期 涉密开始日期 涉密起始 上岗日期 任职日期 cleared_from clearance_from",
        "cleared_until": "涉密终止日期 涉密截止日期 涉密终止 有效期至 cleared_until clearance_until",
        "left_on": "离岗日期 离职日期 脱密起始日期 离岗时间 left_on left",
    },
    "carriers": {
        "number": (
            "编号 控制编号 统一编号 载体编号 文号或编号 登记编号 保密编号 文件编号 设备编号 资产编号 文号 "
            "number control_number control_no carrier_number document_number no"
        ),
        "title": (
            "标题 题名 名称 文件资料名称 文件名称 资料名称 载体名称 文件标题 名称型号 计算机名称型号 磁介质名称 "
            "设备名称 资产名称 title document_title name subject"
        ),
        "copy": "份号 份序号 第几份 份次 copy copy_number copy_no",
        "copies": "总份数 份数 印制份数 共几份 copies total_copies number_of_copies",
        "level": (
            "密级 文件密级 载体密级 设备密级 资产密级 涉密等级 密级和保密期限 密级及保密期限 密级期限 密级/期限 "
            "level classification security_level classification_level"
        ),
        "period": "保密期限 期限 保密期 period secrecy_period classification_period duration",
        "authority": "期限批准机关 延长批准机关 期限批准 批准机关 authority period_authority",
        "kind": (
            "载体类别 载体类型 载体种类 种类 类别 类型 磁介质类型 设备类型 子设备类型 资产种类 分类 "
            "kind type carrier_type category"
        ),
        "pages": "页数或容量 页数/容量 页数 容量 内存/容量 pages_or_capacity pages capacity",
        "medium": "介质 介质材料 medium",
        "scope": "知悉范围 使用范围 接触范围 传达范围 scope need_to_know distribution",
        "unit": (
            "责任单位 责任部门 责任人部门 使用部门 所属部门 部门 部门名称 单位 单位名称 保管单位 "
            "unit responsible_unit department"
        ),
        "classified_on": "定密日期 定密时间 密级确定日期 classified_on date_classified classification_date",
        "basis": "定密依据 basis classification_basis",
        "determined_by": "定密责任人 定密人 determined_by classified_by classifier",
        "issuer": "制发单位 制作发文单位 发文单位 来文单位 制作单位 制发机关 发文机关 issuer originator issued_by",
        "issuer_number": "来文号 来文字号 来文编号 原文号 issuer_number originator_number issuer's_number",
        "home": (
            "存放地点 存放位置 存放架位 架位 架位号 柜号 放置地点 安装地点 位置 "
            "home home_shelf shelf place location storage_location"
        ),
        "epc": "标签 标签号 电子标签 电子标签号 标签epc rfid标签 rfid epc tag tag_epc rfid_tag",
        "tid": "tid 芯片号 标签芯片号",
        "holder": "持有人 借阅人 借用人 领用人 holder borrower on_loan_to",
        "borrowed_on": "借出日期 借阅日期 借出时间 borrowed_on loan_date date_borrowed",
        "due_on": "应还日期 应归还日期 归还期限 到期日期 due_on due_date due",
        "returned_on": "归还日期 实际归还日期 还回日期 returned_on return_date",
        "archive_by": "应归档日期 归档日期 归档期限 应移交日期 移交期限 archive_by to_be_archived_by archiving_day",
        "remark": "备注 说明 附注 remark remarks note notes comment",
    },
}

REQUIRED: Mapping[SheetKind, tuple[str, ...]] = {
    "units": ("code", "name"),
    "places": ("code", "name", "kind"),
    "persons": ("number", "name"),
    "carriers": ("number", "title", "level"),
}
"""Without these columns a sheet cannot be read."""

_SHEETS: tuple[tuple[SheetKind, str], ...] = (
    ("carriers", "载体 台账 carrier ledger register"),
    ("persons", "人员 person people staff"),
    ("places", "地点 场所 架位 place location"),
    ("units", "单位 部门 unit department"),
)

_PASSED_OVER = frozenset({"序号", "serial", "#", "行号", "导入错误", "importerrors"})
_BRACKETS = re.compile(r"\([^()]*\)?|\[[^\[\]]*\]?|【[^】]*】?|<[^<>]*>?")
_MARKS = re.compile(r"[*★※:：\s_]+")


def _plain(text: str) -> str:
    return _MARKS.sub("", text).casefold()


def heading(text: str) -> tuple[str, str]:
    """The two forms under which a header cell is looked up: its first line without marks, and without brackets too."""
    lines = [line for line in unicodedata.normalize("NFKC", text).splitlines() if line.strip(" *")]
    first = lines[0] if lines else ""
    return _plain(first), _plain(_BRACKETS.sub("", first))


_LOOKUP: Mapping[SheetKind, Mapping[str, tuple[str, int]]] = {
    kind: {_plain(word): (field, rank) for field, words in fields.items() for rank, word in enumerate(words.split())}
    for kind, fields in _NAMED.items()
}

_WORDS: Mapping[SheetKind, Mapping[str, tuple[str, ...]]] = {
    kind: {field: tuple(_plain(word) for word in words.split()) for field, words in fields.items()}
    for kind, fields in _NAMED.items()
}


def name_of(kind: SheetKind, field: str) -> str:
    """The Chinese name of a column, as the how-to gives it."""
    return _NAMED[kind][field].split()[0]


def words_of(kind: SheetKind) -> Mapping[str, tuple[str, ...]]:
    """The words of each field, folded as headers are."""
    return _WORDS[kind]


def is_known(kind: SheetKind, text: str) -> bool:
    """Whether a header is a known word of this kind of sheet."""
    return any(form in _LOOKUP[kind] for form in heading(text))


def passed_over(text: str) -> bool:
    """Whether a header names nothing of the thing itself: a serial number, or nothing at all."""
    forms = heading(text)
    return not forms[0] or forms[1] in _PASSED_OVER


def fields_of(kind: SheetKind) -> tuple[str, ...]:
    """The columns that a sheet of this kind may have."""
    return tuple(_NAMED[kind])


def kind_by_name(sheet: str) -> SheetKind | None:
    """What a sheet's name says it holds."""
    plain = _plain(sheet)
    for kind, words in _SHEETS:
        if any(word in plain for word in words.split()):
            return kind
    return None


@dataclass(frozen=True, slots=True)
class Header:
    """Which column (from 0) is which field; `doubled` were passed over for a better one; `unknown` mean nothing."""

    columns: Mapping[str, int]
    unknown: tuple[str, ...]
    doubled: tuple[tuple[str, str], ...]

    def missing(self, kind: SheetKind) -> tuple[str, ...]:
        """Required fields without a column."""
        return tuple(field for field in REQUIRED[kind] if field not in self.columns)


def match(kind: SheetKind, texts: Sequence[str]) -> Header:
    """Read a row of texts as the header of a sheet of this kind; any row can be read, few make sense."""
    best: dict[str, tuple[int, int]] = {}
    passed: list[tuple[str, int]] = []
    unknown: list[str] = []
    for column, text in enumerate(texts):
        forms = heading(text)
        if passed_over(text):
            continue
        found = next((_LOOKUP[kind][form] for form in forms if form in _LOOKUP[kind]), None)
        if found is None:
            unknown.append(first_line(text))
            continue
        field, rank = found
        if field in best and best[field][0] <= rank:
            passed.append((field, column))
            continue
        if field in best:
            passed.append((field, best[field][1]))
        best[field] = (rank, column)
    columns = {field: column for field, (_rank, column) in best.items()}
    doubled = tuple((first_line(texts[column]), first_line(texts[columns[field]])) for field, column in passed)
    return Header(columns, tuple(unknown), doubled)


def first_line(text: str) -> str:
    """A header as people say it: its first line, without the required mark."""
    lines = [line.strip(" *\t") for line in text.splitlines()]
    return next((line for line in lines if line), "")
