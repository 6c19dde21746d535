"""Letter j: entry to rated places, and what people undertake and acknowledge."""

from collections.abc import Mapping

from custody.access import Permission
from custody.entries import Fact
from custody.entries.entry import (
    Acknowledged,
    CleaningOpened,
    EscortChanged,
    InstructionIssued,
    VisitEnded,
    VisitOpened,
    VisitorLeft,
)
from custody.procedures import room_checks, undertakings, visits
from custody.rules import Needed, Rule

RULES: tuple[Rule, ...] = (*visits.RULES, *room_checks.RULES, *undertakings.RULES)
PERMISSIONS: Mapping[type[Fact], Needed] = {
    **dict.fromkeys((VisitOpened, CleaningOpened, VisitorLeft, EscortChanged, VisitEnded), Permission.ADMIT),
    **room_checks.PERMISSIONS,
    InstructionIssued: Permission.INSTRUCT,
    Acknowledged: Permission.TAKE_PART,
}
ACTS: Mapping[str, str] = {
    "visit": "LF",  # 来访
    "visit_escort": "PT",  # 陪同
    "visit_out": "LC",  # 离场
    "cleaning": "BJ",  # 保洁
    **room_checks.ACTS,
    "instruction": "BX",  # 保密须知
    "acknowledge": "CN",  # 承诺
}
"""Kind of act -> the letters of its number."""
CODES: Mapping[str, tuple[str, ...]] = {
    "place_not_rated": ("place",),
    "responsibility_unaccepted": ("place",),
    "nobody_responsible": ("place", "level"),
    "unescorted": (),
    "escort_left": ("person", "person_en", "day"),
    "escort_not_cleared": ("person", "person_en", "level"),
    "escort_visits": ("person", "person_en"),
    "escort_overloaded": ("person", "person_en", "count"),
    "same_escort": ("person", "person_en"),
    "stays_past_day": ("day",),
    "visitor_inside": ("person", "person_en"),
    "phone_untold": ("person", "person_en"),
    "locker_taken": ("locker",),
    "undeclared": (),
    "room_not_clear": ("place", "count"),
    **room_checks.CODES,
    "visitor_not_inside": ("line",),
    "out_before_in": ("person", "person_en"),
    "phone_left": ("person", "person_en", "locker"),
    "visitors_inside": ("count",),
    "instruction_unchanged": (),
    "signer_left": ("person", "person_en", "day"),
    "not_the_text_in_force": (),
    "signs_for_himself": ("person", "person_en"),
    "undertaking_missing": ("person", "person_en"),
    "ban_unsigned": ("person", "person_en"),
}
"""Code of a refusal -> the names that fill its blanks."""
FREE: frozenset[type[Fact]] = frozenset()
"""Facts that may be entered whatever matter the carrier is in."""
