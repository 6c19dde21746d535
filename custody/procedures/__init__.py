"""The procedures: one file a letter of the regulations. Their rules and permissions, collected.

`refusals` serves the greyed-out button and the server's stop alike; both quote the clause.
"""

from collections.abc import Mapping

from custody import approval, rules
from custody.access import Permission
from custody.entries import (
    FACTS,
    Borrowed,
    Fact,
    FindingSettled,
    Imported,
    Moved,
    PersonRecorded,
    PlaceRecorded,
    Received,
    ReportedFound,
    ReportedMissing,
    ResponsibilityAccepted,
    Returned,
    RoundSigned,
    Shelved,
    TagBound,
    TagReadable,
    TagRetired,
    TagUnreadable,
    UnitRecorded,
)
from custody.procedures import (
    badges,
    binding,
    carrying_out,
    circulation,
    classifying,
    copying,
    corrections,
    destruction,
    directory,
    disclosure,
    dispatch,
    disposition,
    entry,
    keeping,
    meetings,
    organisations,
    production,
    registration,
    trust,
)
from custody.register import CarrierState
from custody.rules import Needed, Refusal, Rule, Situation

_LETTERS = (
    organisations,
    production,
    dispatch,
    circulation,
    badges,
    copying,
    carrying_out,
    keeping,
    disposition,
    destruction,
    meetings,
    disclosure,
    entry,
    trust,
)
"""The letters whose business takes several acts: each brings its rules, permissions, acts, codes and free facts."""

_TAGS = (TagBound, TagRetired, TagUnreadable, TagReadable)
FREE = frozenset({*_TAGS, ReportedMissing, ReportedFound, *(f for one in _LETTERS for f in one.FREE)})
"""Facts that may be entered whatever matter the carrier is in."""

BRINGING_BACK: frozenset[type[Fact]] = frozenset(
    {fact for one in (production, meetings, carrying_out, disclosure, dispatch) for fact in one.BRINGING_BACK}
)
"""Facts that end what was begun under an approval: they are never too late."""

RULES: tuple[Rule, ...] = (
    *directory.RULES,
    *registration.RULES,
    *classifying.RULES,
    *binding.rules(FREE, BRINGING_BACK),
    *approval.RULES,
    *corrections.RULES,
    *(rule for letter in _LETTERS for rule in letter.RULES),
)
"""Every rule, in the order in which refusals are shown."""

PERMISSIONS: Mapping[type[Fact], Needed] = {
    UnitRecorded: Permission.TAKE_IN,
    PlaceRecorded: Permission.TAKE_IN,
    PersonRecorded: Permission.TAKE_IN,
    Imported: Permission.TAKE_IN,
    Received: Permission.TAKE_IN,
    TagBound: Permission.TAKE_IN,
    TagRetired: Permission.KEEP,
    TagUnreadable: Permission.KEEP,
    TagReadable: Permission.KEEP,
    Shelved: Permission.KEEP,
    Moved: Permission.KEEP,
    ReportedMissing: Permission.REPORT_MISSING,
    ReportedFound: Permission.KEEP,
    Borrowed: Permission.LEND,
    Returned: Permission.LEND,
    RoundSigned: Permission.SWEEP,
    FindingSettled: Permission.SETTLE_FINDINGS,
    ResponsibilityAccepted: Permission.TAKE_PART,
    **approval.PERMISSIONS,
    **corrections.PERMISSIONS,
    **{fact: needed for letter in _LETTERS for fact, needed in letter.PERMISSIONS.items()},
}
"""What one must be allowed in order to enter each kind of fact."""

ACTS: Mapping[str, str] = {
    "directory": "ML",  # 名录
    "take_in": "DJ",  # 登记
    "tag": "BQ",  # 标签
    "tag_replace": "BH",  # 标签更换
    "tag_unreadable": "BW",  # 标签无应答
    "shelve": "SJ",  # 上架
    "move": "YD",  # 移动
    "borrow": "JY",  # 借阅
    "return": "GH",  # 归还
    "missing": "SZ",  # 失踪
    "found": "ZH",  # 找回
    "round": "QS",  # 清查签字
    "settle": "CY",  # 差异
    "approval": "SP",  # 审批
    "delegate": "WT",  # 委托
    "responsibility": "ZR",  # 责任
    **corrections.ACTS,
    **{kind: letters for letter in _LETTERS for kind, letters in letter.ACTS.items()},
}
"""Kind of act -> the letters before the year and the running number: `JY-2026-0001`."""

CODES: Mapping[str, tuple[str, ...]] = {
    # Asked before the rules.
    "not_permitted": ("act",),
    "state": ("act", "status"),
    # About the act as a whole.
    "happened_in_future": (),
    "happened_before_state": (),
    "corrects_unknown": ("entry",),
    "corrects_depended_on": ("entry",),
    # Directory.
    "directory_nameless": ("kind", "code"),
    "code_taken": ("kind", "code"),
    "reference_unknown": ("kind", "id"),
    "within_itself": ("code",),
    "rating_unknown": ("level",),
    "date_invalid": ("value",),
    # Registration and tags.
    "text_missing": ("field",),
    "copy_impossible": ("copy", "copies"),
    "number_taken": ("number", "copy"),
    "pages_impossible": ("pages",),
    "scope_unclear": ("principal",),
    "beyond_own_sight": ("level",),
    "epc_malformed": ("epc",),
    "tid_malformed": ("tid",),
    "epc_known": ("epc",),
    "tag_not_bound": ("epc",),
    "tag_silent_already": ("epc",),
    "tag_not_silent": ("epc",),
    "number_spoiled": ("epc",),
    "number_reserved": ("epc",),
    # Batches of tags, asked by their pages.
    "number_stands": ("epc", "number_state"),
    "batch_waits": ("count",),
    # Letters a and b.
    "level_unknown": ("level",),
    "period_missing": ("level",),
    "period_beyond_maximum": ("level", "years"),
    "period_unclear": ("period", "value"),
    "period_on_internal": ("level",),
    "issuer_missing": ("field",),
    # Letter c.
    "borrower_unknown": ("kind", "id"),
    "borrower_left": ("person", "person_en", "day"),
    "not_cleared": ("person", "person_en", "level"),
    "outside_scope": ("person", "person_en"),
    "overdue_loans": ("person", "person_en"),
    "due_in_past": ("day",),
    "due_too_late": ("days",),
    "pages_short": ("counted", "pages"),
    # Letter f.
    "no_storage": ("place",),
    "rated_too_low": ("place", "rating", "level"),
    "has_home": ("place",),
    "no_home": (),
    "there_already": ("place",),
    **binding.CODES,
    **approval.CODES,
    **corrections.CODES,
    **{code: blanks for letter in _LETTERS for code, blanks in letter.CODES.items()},
}
"""Code of a refusal -> the names that fill its blanks. `level` and `rating` are codes of the scheme (`rating` empty:
not rated), `act` a kind of fact, `status` a state, `person` a name and `person_en` its English form."""


RULES_FOR: Mapping[type[Fact], tuple[Rule, ...]] = {
    kind: tuple(rule for rule in RULES if issubclass(kind, rule.facts)) for kind in FACTS.values()
}
"""Kind of fact -> the rules that ask about it."""


def refusals(carrier: CarrierState | None, fact: Fact, situation: Situation) -> tuple[Refusal, ...]:
    """Everything that stands against entering this fact now. Raises NotFound as `custody.rules.refusals` does."""
    return rules.refusals(RULES_FOR[type(fact)], PERMISSIONS, carrier, fact, situation)
