"""Letter d: copying. With the leave of whoever issued it (d.1, d.6), never of coded telegrams elsewhere (d.2), by
licence where a business does it (d.3), registered and treated as the original (d.4), as secret as that (d.5).

For internal carriers, which are no state secrets, clause d.4 holds and the others do not.
"""

from collections.abc import Mapping

from custody.access import Permission
from custody.approval import ROUTES
from custody.entries import Fact
from custody.entries.approvals import ApprovalAsked
from custody.entries.copying import (
    Copied,
    CopiesMade,
    CopiesRecalled,
    CopyingClosed,
    CopyingOpened,
    IssuerAgreed,
    SourceListed,
    SourceStruck,
)
from custody.entries.disposition import Declassified, IssuerReturnClosed, LevelChanged
from custody.procedures.copying import applying, descent, making
from custody.procedures.copying.grounds import by_route, said
from custody.rules import Check, Needed, Rule, by_actor, signed

_MAKING = (Copied, CopiesMade)
_APPLICANTS = (SourceListed, SourceStruck, IssuerAgreed)


def _by_clause(code: str, facts: tuple[type[Fact], ...], check: Check) -> tuple[Rule, ...]:
    """The same asked of a copy and of a compilation, each under the clause of its route (d.1, d.6)."""
    routes = (ROUTES["copying"], ROUTES["compilation"])
    return tuple(Rule(route.clause, code, facts, by_route(route.key, check)) for route in routes)


def _as_secret(code: str, check: Check) -> tuple[Rule, ...]:
    """As secret as the sources: a copy or an excerpt by clause d.5, a compilation by d.6."""
    return (
        Rule("d.5", code, (Copied,), by_route("copying", check)),
        Rule("d.6", code, (Copied,), by_route("compilation", check)),
    )


RULES: tuple[Rule, ...] = (
    # The application.
    Rule("d.1", "text_missing", (CopyingOpened,), said("machine", "reason")),
    Rule("", "copies_impossible", (CopyingOpened,), applying.copies_impossible),
    Rule("7", "copier_unclear", (CopyingOpened,), applying.copier_unclear),
    Rule("", "reference_unknown", (CopyingOpened,), applying.place_unknown),
    Rule("7", "copy_place_too_low", (CopyingOpened, *_MAKING), applying.place_too_low),
    Rule("3", "off_premises", (CopyingOpened,), applying.off_premises),
    Rule("", "reference_unknown", (CopyingOpened,), applying.body_unknown),
    Rule("d.3", "ownership_forbidden", (CopyingOpened, Copied), applying.ownership_forbidden),
    Rule("d.3", "unlicensed", (CopyingOpened, Copied), applying.unlicensed),
    Rule("", "reference_unknown", (CopyingOpened,), applying.recipient_unknown),
    Rule("b.3", "receiver_left", (CopyingOpened, Copied), applying.recipient_left),
    Rule("b.3", "not_cleared", (SourceListed, Copied), applying.recipient_not_cleared),
    Rule("b.3", "outside_scope", (SourceListed, Copied), applying.recipient_outside),
    Rule("", "not_the_opener", _APPLICANTS, applying.not_the_opener),
    Rule("d.2", "telegram_elsewhere", (SourceListed, Copied), applying.telegram_elsewhere),
    Rule("", "source_away", (SourceListed, Copied), making.source_away),
    Rule("", "source_leaving", (SourceListed, Copied), making.source_leaving),
    Rule("", "text_missing", (SourceStruck,), said("reason")),
    Rule("d.1", "issuer_differs", (SourceListed, IssuerAgreed), applying.issuer_differs),
    Rule("d.1", "text_missing", (IssuerAgreed,), said("authority", "number")),
    Rule("d.1", "date_invalid", (IssuerAgreed,), applying.agreed_day_wrong),
    Rule("", "too_few_sources", (ApprovalAsked,), applying.too_few_sources),
    *_by_clause("issuer_unanswered", (ApprovalAsked,), applying.issuer_unanswered),
    # Making the copies.
    *_by_clause("copying_not_approved", _MAKING, making.not_approved),
    *_by_clause("approval_lapsed", _MAKING, making.lapsed),
    *_by_clause("not_as_approved", (Copied,), making.not_as_approved),
    *_by_clause("beyond_approved", (Copied,), making.beyond_approved),
    *_by_clause("approver_copies", (CopiesMade,), making.took_part),
    Rule("", "above_matter_level", (Copied,), making.above_matter),
    *_as_secret("copy_level_lowered", making.level_lowered),
    *_as_secret("copy_period_shortened", making.period_shortened),
    *_as_secret("copy_scope_widened", making.scope_widened),
    # Registered and treated as the original.
    Rule("d.4", "copy_numbered_otherwise", (Copied,), making.not_numbered, "record"),
    Rule("d.4", "not_as_source", (Copied,), making.not_as_source, "record"),
    Rule("d.4", "registered_in_part", (Copied,), making.registered_in_part, "record"),
    Rule("d.4", "text_missing", (CopiesMade,), said("machine"), "record"),
    Rule("", "reference_unknown", (CopiesMade,), making.hand_unknown),
    Rule("d.4", "copier_left", (CopiesMade,), making.hand_left, "record"),
    Rule("d.4", "copier_not_cleared", (CopiesMade,), making.hand_not_cleared, "record"),
    Rule("d.4", "copier_alone", (CopiesMade,), making.one_hand, "record"),
    Rule("d.4", "copies_miscounted", (CopiesMade,), making.miscounted, "record"),
    Rule("d.4", "copies_total_differs", (CopyingClosed,), making.total_differs, "record"),
    Rule("d.4", "text_missing", (CopyingClosed,), making.fewer_unexplained, "record"),
    signed("d.4", (CopiesMade,), making.hands_sign),
    signed("d.4", (CopyingClosed,), by_actor),
    signed("d.1", (CopyingOpened, *_APPLICANTS), by_actor, "refuse"),
    # What was made follows its original.
    Rule("", "text_missing", (CopiesRecalled,), said("reason")),
    Rule("", "recall_in_past", (CopiesRecalled,), descent.recall_in_past),
    Rule("d.4", "copies_missed", (CopiesRecalled,), descent.copies_missed, "record"),
    signed("d.4", (CopiesRecalled,), by_actor),
    Rule("b.7", "copies_unlisted", (IssuerReturnClosed,), descent.copies_unlisted, "record"),
    Rule("d.5", "copy_level_lowered", (LevelChanged, Declassified), descent.below_sources),
    Rule("d.5", "copy_period_shortened", (LevelChanged,), descent.before_sources),
    Rule("d.5", "copy_scope_widened", (LevelChanged,), descent.wider_than_sources),
)
PERMISSIONS: Mapping[type[Fact], Needed] = {
    CopyingOpened: Permission.TAKE_PART,
    SourceListed: Permission.TAKE_PART,
    SourceStruck: Permission.TAKE_PART,
    IssuerAgreed: Permission.TAKE_PART,
    Copied: Permission.COPY,
    CopiesMade: Permission.COPY,
    CopyingClosed: Permission.COPY,
    CopiesRecalled: Permission.LEND,
}
ACTS: Mapping[str, str] = {
    "copying": "FZ",  # 复制申请
    "copying_sources": "FL",  # 复制清单
    "copying_issuer": "FW",  # 发文机关同意
    "copy": "FD",  # 复制登记
    "copying_close": "FB",  # 复制办结
    "copies_recall": "FC",  # 复制件催还
}
"""Kind of act -> the letters of its number."""
CODES: Mapping[str, tuple[str, ...]] = {
    "copies_impossible": ("count", "max"),
    "copier_unclear": (),
    "copy_place_too_low": ("place", "rating", "level"),
    "telegram_elsewhere": ("unit",),
    "source_away": ("number", "status"),
    "source_leaving": ("number", "matter"),
    "issuer_differs": ("issuer",),
    "issuer_unanswered": ("count",),
    "too_few_sources": ("count",),
    "copying_not_approved": (),
    "not_as_approved": (),
    "beyond_approved": ("count",),
    "approver_copies": ("person", "person_en"),
    "copy_level_lowered": ("level", "rating"),
    "copy_period_shortened": ("number",),
    "copy_scope_widened": ("number",),
    "copy_numbered_otherwise": ("number", "copy", "copies"),
    "not_as_source": ("field",),
    "registered_in_part": ("field",),
    "copier_left": ("person", "person_en", "day"),
    "copier_not_cleared": ("person", "person_en", "level"),
    "copier_alone": ("person", "person_en"),
    "copies_miscounted": ("count", "counted"),
    "copies_total_differs": ("count", "counted"),
    "recall_in_past": (),
    "copies_missed": ("count",),
    "copies_unlisted": ("count",),
}
"""Code of a refusal -> the names that fill its blanks."""
FREE: frozenset[type[Fact]] = frozenset({SourceListed, SourceStruck, IssuerAgreed, CopiesRecalled})
"""Facts that may be entered whatever matter the carrier is in."""
