"""Letter e: out only for work and under protection, by a permit (e.1); the way declared and confirmed (e.2); to
foreign-affairs activities only with the leaders' approval (e.3), abroad only with the special one (e.4); never home
(daily rule 3).

The bearer, who approves, and who lets out are distinct persons. For internal carriers, which are no state secrets, a
permit is good order: it is asked for, approved and signed alike, and no clause is quoted.
"""

from collections.abc import Mapping

from custody.access import Permission
from custody.entries import Fact
from custody.entries.carrying_out import (
    BroughtBack,
    CarriedOut,
    CarriedOver,
    ItineraryConfirmed,
    LostOnTheWay,
    Packed,
    PermitListed,
    PermitOpened,
    PermitStruck,
    StayedOut,
)
from custody.matters.carrying_out import ABROAD, FOREIGN, PLAIN
from custody.procedures import carrying_out_checks as ask
from custody.rules import Check, Needed, Rule, Signers, by_actor, signed

_OUT = (Packed, CarriedOut)
_LEAVING = (*_OUT, StayedOut)
_TOLD = (PermitOpened, ItineraryConfirmed)


def _both(clause: str, code: str, facts: tuple[type[Fact], ...], check: Check) -> tuple[Rule, Rule]:
    """The clause's row for state secrets; for internal carriers the same as good order."""
    return (Rule(clause, code, facts, ask.of_secrets(check)), Rule("", code, facts, ask.of_internal(check)))


def _signed(clause: str, facts: tuple[type[Fact], ...], who: Signers) -> tuple[Rule, Rule]:
    plain = signed(clause, facts, who)
    return _both(clause, plain.code, facts, plain.check)


def _secrets(clause: str, code: str, check: Check, facts: tuple[type[Fact], ...] = (PermitOpened,)) -> Rule:
    """A row that holds for state secrets alone."""
    return Rule(clause, code, facts, ask.of_secrets(check))


def _recorded(code: str, facts: tuple[type[Fact], ...], check: Check) -> Rule:
    """What clause e.2 has told."""
    return Rule("e.2", code, facts, ask.of_secrets(check), "record")


RULES: tuple[Rule, ...] = (
    # The request: who, what, why, where to, container, escort, window.
    Rule("", "not_own", (PermitOpened, PermitListed, PermitStruck), ask.not_own),
    Rule("", "reference_unknown", (PermitOpened,), ask.unknown),
    *_both("e.1", "same_traveller", (PermitOpened,), ask.named_twice),
    *_both("e.1", "traveller_left", (PermitOpened, *_LEAVING), ask.left),
    _secrets("e.1", "traveller_not_cleared", ask.not_cleared, (PermitOpened, PermitListed, *_LEAVING)),
    _secrets("e.1", "bearer_outside_scope", ask.outside_scope, (PermitListed, *_LEAVING)),
    _secrets("e.1", "undertaking_unsigned", ask.undertaking_unsigned, (PermitOpened, *_OUT)),
    _secrets("e.1", "escorts_missing", ask.escorts_missing),
    *_both("e.1", "text_missing", (PermitOpened,), ask.said("purpose", "destination", "container")),
    *_both("e.1", "window_unclear", (PermitOpened,), ask.window_unclear),
    _recorded("itinerary_missing", (PermitOpened,), ask.itinerary_missing),
    _recorded("itinerary_unclear", (PermitOpened,), ask.itinerary_unclear),
    _secrets("3", "stay_at_home", ask.stay_at_home),
    _secrets("e.3", "text_missing", ask.foreign_unprotected),
    _secrets("e.4", "text_missing", ask.abroad_unallowed),
    Rule("", "former_unfit", (PermitOpened,), ask.former_unfit),
    Rule("", "not_under_former", (PermitListed,), ask.not_under_former),
    Rule("", "text_missing", (PermitStruck,), ask.said("reason")),
    # Out.
    _secrets("e.1", "permit_not_approved", ask.not_approved(PLAIN), _LEAVING),
    _secrets("e.3", "permit_not_approved", ask.not_approved(FOREIGN), _LEAVING),
    _secrets("e.4", "permit_not_approved", ask.not_approved(ABROAD), _LEAVING),
    Rule("", "permit_not_approved", _LEAVING, ask.of_internal(ask.not_approved())),
    *_both("e.1", "not_on_permit", (CarriedOut,), ask.not_on_permit),
    *_both("e.1", "other_bearer", (CarriedOut,), ask.other_bearer),
    *_both("e.1", "with_other", _OUT, ask.with_other),
    *_both("e.1", "container_differs", _OUT, ask.container_differs),
    *_both("e.1", "outside_window", _LEAVING, ask.outside_window),
    *_both("e.1", "not_by_portal", _OUT, ask.not_by_portal),
    *_both("e.1", "permit_took_part", (*_LEAVING, BroughtBack, ItineraryConfirmed), ask.took_part),
    Rule("", "told_apart", (CarriedOver, StayedOut), ask.told_apart),
    *_signed("e.1", (*_LEAVING, CarriedOver, BroughtBack), ask.hands),
    # Back.
    *_both("e.1", "no_traveller", (BroughtBack, ItineraryConfirmed), ask.no_traveller),
    Rule("", "reference_unknown", (BroughtBack,), ask.place_unknown),
    Rule("f.2", "no_storage", (BroughtBack,), ask.no_store),
    Rule("f.2", "rated_too_low", (BroughtBack,), ask.rated_too_low),
    *_both("e.1", "pages_short", (BroughtBack,), ask.pages_short),
    *_both("e.1", "pages_to_count", (BroughtBack,), ask.pages_to_count),
    Rule("", "found_elsewhere", (BroughtBack,), ask.found_elsewhere),
    Rule("", "text_missing", (LostOnTheWay,), ask.said("circumstances")),
    *_both("e.1", "permit_lines_open", (ItineraryConfirmed,), ask.lines_open),
    _recorded("itinerary_unconfirmed", (ItineraryConfirmed,), ask.itinerary_unconfirmed),
    _recorded("elsewhere_untold", (ItineraryConfirmed,), ask.elsewhere_untold),
    _recorded("signature_missing", _TOLD, signed("e.2", _TOLD, ask.hands).check),
    Rule("", "signature_missing", _TOLD, ask.of_internal(signed("", _TOLD, ask.hands).check)),
    signed("", (PermitStruck, LostOnTheWay), by_actor, "refuse"),
)
PERMISSIONS: Mapping[type[Fact], Needed] = {
    PermitOpened: Permission.TAKE_PART,
    PermitListed: Permission.TAKE_PART,
    PermitStruck: Permission.TAKE_PART,
    Packed: Permission.CARRY,
    CarriedOut: Permission.CARRY,
    CarriedOver: Permission.CARRY,
    StayedOut: Permission.CARRY,
    BroughtBack: Permission.CARRY,
    LostOnTheWay: Permission.REPORT_MISSING,
    ItineraryConfirmed: Permission.CARRY,
}
ACTS: Mapping[str, str] = {
    "permit": "WD",  # 外带许可
    "permit_list": "WQ",  # 外带清单
    "permit_pack": "WZ",  # 装箱
    "carry_out": "WC",  # 外出
    "permit_prolong": "WY",  # 延期
    "bring_back": "WH",  # 带回
    "permit_close": "WX",  # 行程确认、销证
}
"""Kind of act -> the letters of its number. A loss on the way is opened by the act `missing`."""
CODES: Mapping[str, tuple[str, ...]] = {
    "same_traveller": ("person", "person_en"),
    "traveller_left": ("person", "person_en", "day"),
    "traveller_not_cleared": ("person", "person_en", "level"),
    "bearer_outside_scope": ("person", "person_en"),
    "undertaking_unsigned": ("person", "person_en"),
    "escorts_missing": ("count",),
    "window_unclear": ("days",),
    "outside_window": ("from_time", "until_time"),
    "itinerary_missing": (),
    "itinerary_unclear": ("leg",),
    "stay_at_home": ("leg",),
    "former_unfit": (),
    "not_under_former": (),
    "permit_not_approved": (),
    "not_on_permit": (),
    "other_bearer": ("person", "person_en"),
    "with_other": ("person", "person_en"),
    "container_differs": ("container",),
    "not_by_portal": (),
    "permit_took_part": ("person", "person_en"),
    "told_apart": (),
    "no_traveller": ("person", "person_en"),
    "permit_lines_open": ("count",),
    "itinerary_unconfirmed": ("leg",),
    "elsewhere_untold": (),
}
"""Code of a refusal -> the names that fill its blanks."""
FREE: frozenset[type[Fact]] = frozenset({PermitListed, PermitStruck})
"""To be named on a permit, and to be struck off it, binds nothing."""
BRINGING_BACK: frozenset[type[Fact]] = frozenset({BroughtBack, CarriedOver, LostOnTheWay, ItineraryConfirmed})
"""Facts that end what was begun under an approval: they are never too late."""
