"""Letter g: destruction. Registered and approved (g.1), never privately (g.2), for good (g.3, g.4), supervised (g.5),
never sold (g.6), large batches by the designated unit (g.7). What is destroyed stays so (g.8): no way leads out.

For internal carriers, which are no state secrets, clause g.1 holds and the others do not.
"""

from collections.abc import Mapping

from custody.access import Permission
from custody.entries import Fact
from custody.entries.approvals import ApprovalAsked
from custody.entries.destruction import (
    CalledOff,
    CertifiedByCentre,
    Checked,
    Destroyed,
    DestructionCarriedOut,
    DestructionListed,
    DestructionOpened,
    DeviationReported,
    DeviationSettled,
    GoneToCentre,
    HandedToCentre,
    ReceivedByCentre,
    Sealed,
    SetApart,
    TakenOff,
    WeighedIn,
)
from custody.procedures import destruction_checks as ask
from custody.procedures import weighing_in
from custody.rules import Needed, Rule, by_actor, signed

_CLOSED = (DestructionCarriedOut, CertifiedByCentre)
_WITNESSED = (Destroyed, *_CLOSED)
_PREPARED = (TakenOff, SetApart, Sealed, Checked, DeviationReported, DeviationSettled, CalledOff)

RULES: tuple[Rule, ...] = (
    # The request.
    Rule("g.1", "text_missing", (DestructionOpened,), ask.said("reason", "appraisal")),
    Rule("g.6", "disposal_forbidden", (DestructionOpened,), ask.disposal_forbidden),
    Rule("", "disposal_forbidden", (DestructionOpened,), ask.disposal_unknown),
    Rule("g.7", "centre_not_designated", (DestructionOpened, HandedToCentre), ask.centre_not_designated),
    Rule("", "no_home", (DestructionListed,), ask.no_home),
    Rule("", "to_be_archived", (DestructionListed,), ask.to_be_archived),
    Rule("g.3", "method_unfit", (DestructionListed, Destroyed), ask.method_unfit("g.3")),
    Rule("g.4", "method_unfit", (DestructionListed, Destroyed), ask.method_unfit("g.4")),
    Rule("g.7", "bulk_on_site", (DestructionListed,), ask.bulk_on_site),
    Rule("g.7", "large_on_site", (DestructionListed,), ask.large_on_site),
    Rule("", "nothing_listed", (ApprovalAsked,), ask.nothing_left),
    # Preparing it.
    Rule("g.1", "not_approved", (SetApart, HandedToCentre, *_WITNESSED), ask.not_approved),
    Rule("g.1", "approval_lapsed", (SetApart,), ask.lapsed),
    Rule("", "reference_unknown", (SetApart, DestructionCarriedOut), ask.place_unknown),
    Rule("f.2", "no_storage", (SetApart,), ask.no_storage),
    Rule("f.2", "rated_too_low", (SetApart,), ask.rated_too_low),
    Rule("", "text_missing", (Sealed,), ask.said("bag", "seal")),
    Rule("", "bag_unclear", (Sealed,), ask.bag_unclear),
    Rule("", "bag_closed", (Sealed,), ask.bag_closed),
    Rule("", "seal_used", (Sealed,), ask.seal_used),
    Rule("g.5", "bag_differs", (Checked,), ask.bag_differs),
    Rule("", "text_missing", (TakenOff, CalledOff), ask.said("reason")),
    Rule("", "text_missing", (DeviationReported,), ask.said("circumstances")),
    Rule("", "deviation_unknown", (DeviationReported,), ask.deviation_unknown),
    Rule("", "text_missing", (DeviationSettled,), ask.said("outcome")),
    Rule("", "settled_by_reporter", (DeviationSettled,), ask.settled_by_reporter),
    # Destruction itself.
    Rule("g.5", "unchecked", _WITNESSED, ask.unchecked),
    *weighing_in.RULES,
    Rule("", "reference_unknown", (*_WITNESSED, HandedToCentre), ask.witness_unknown),
    Rule("g.2", "destroyer_took_part", _WITNESSED, ask.destroyer_took_part),
    Rule("g.5", "too_few", _WITNESSED, ask.too_few),
    Rule("g.5", "supervisor_took_part", _WITNESSED, ask.supervisor_took_part),
    Rule("g.5", "witness_left", _WITNESSED, ask.witness_left),
    Rule("g.5", "witness_not_cleared", _WITNESSED, ask.witness_not_cleared),
    Rule("", "persons_differ", _WITNESSED, ask.persons_differ),
    Rule("g.1", "method_not_approved", (Destroyed,), ask.method_not_approved),
    Rule("g.3", "too_coarse", (Destroyed,), ask.too_coarse("g.3")),
    Rule("g.4", "too_coarse", (Destroyed,), ask.too_coarse("g.4")),
    Rule("g.7", "not_received", (Destroyed, CertifiedByCentre), ask.not_received),
    Rule("g.1", "other_disposal", (*_CLOSED, HandedToCentre), ask.other_disposal),
    Rule("g.5", "certificate_apart", (Destroyed,), ask.certificate_apart),
    Rule("g.5", "lines_open", _CLOSED, ask.batch_left),
    Rule("", "lines_open", (CalledOff, *_CLOSED), ask.lines_open),
    Rule("", "items_differ", (*_CLOSED, HandedToCentre), ask.items_differ),
    # The way to the centre.
    Rule("g.7", "unchecked", (HandedToCentre,), ask.unchecked),
    Rule("g.7", "text_missing", (HandedToCentre,), ask.said("vehicle", "driver")),
    Rule("g.7", "escorts_too_few", (HandedToCentre,), ask.escorts_too_few),
    Rule("g.7", "witness_left", (HandedToCentre,), ask.witness_left),
    Rule("g.7", "witness_not_cleared", (HandedToCentre,), ask.witness_not_cleared),
    Rule("g.7", "text_missing", (ReceivedByCentre,), ask.said("receipt")),
    Rule("g.7", "not_all_gone", (ReceivedByCentre,), ask.not_all_gone),
    Rule("g.7", "receipt_differs", (ReceivedByCentre,), ask.receipt_differs),
    Rule("g.7", "text_missing", (CertifiedByCentre,), ask.said("certificate", "operator")),
    Rule("", "date_invalid", (CertifiedByCentre,), ask.day_impossible),
    # Signatures.
    signed("g.5", _WITNESSED, ask.witnesses_sign),
    signed("g.7", (HandedToCentre, GoneToCentre), ask.escorts_sign),
    signed("g.1", (*_WITNESSED, HandedToCentre, ReceivedByCentre), by_actor, "refuse"),
    signed("", _PREPARED, by_actor),
)

PERMISSIONS: Mapping[type[Fact], Needed] = {
    DestructionOpened: Permission.DESTROY,
    DestructionListed: Permission.DESTROY,
    TakenOff: Permission.DESTROY,
    SetApart: Permission.DESTROY,
    Sealed: Permission.DESTROY,
    Checked: Permission.DESTROY,
    WeighedIn: Permission.DESTROY,
    DeviationReported: Permission.DESTROY,
    DeviationSettled: Permission.HEAD_ENQUIRIES,
    CalledOff: Permission.DESTROY,
    Destroyed: Permission.DESTROY,
    DestructionCarriedOut: Permission.DESTROY,
    HandedToCentre: Permission.DESTROY,
    GoneToCentre: Permission.DESTROY,
    ReceivedByCentre: Permission.DESTROY,
    CertifiedByCentre: Permission.DESTROY,
}

ACTS: Mapping[str, str] = {
    "destruction": "XH",  # 销毁申请
    "destruction_list": "XQ",  # 销毁清册
    "destruction_take_off": "XC",  # 撤下
    "destruction_set_apart": "XF",  # 分存
    "destruction_seal": "XZ",  # 装袋封签
    "destruction_check": "XD",  # 核对
    "destruction_weigh": "XR",  # 末次清点
    "destruction_deviation": "XY",  # 异常
    "destruction_settle": "XL",  # 处理
    "destruction_call_off": "XT",  # 停办
    "destroy": "XM",  # 销毁证明
    "destruction_hand_over": "XS",  # 送销
    "destruction_receipt": "XJ",  # 接收
    "destruction_certificate": "XW",  # 销毁完成
}
"""Kind of act -> the letters of its number."""

CODES: Mapping[str, tuple[str, ...]] = {
    "disposal_forbidden": ("disposal",),
    "centre_not_designated": ("centre",),
    "to_be_archived": ("day",),
    "method_unfit": ("method", "medium", "level"),
    "bulk_on_site": ("count",),
    "large_on_site": (),
    "not_approved": (),
    "bag_unclear": ("bag",),
    "bag_closed": ("bag",),
    "seal_used": ("seal",),
    "bag_differs": ("bag", "seal"),
    "deviation_unknown": ("what",),
    "settled_by_reporter": ("person", "person_en"),
    "unchecked": ("count",),
    "certificate_apart": (),
    "destroyer_took_part": ("person", "person_en"),
    "too_few": ("count",),
    "supervisor_took_part": ("person", "person_en"),
    "witness_left": ("person", "person_en", "day"),
    "witness_not_cleared": ("person", "person_en", "level"),
    "persons_differ": (),
    "method_not_approved": ("method", "listed"),
    "too_coarse": ("fineness", "needed"),
    "not_received": (),
    "other_disposal": ("disposal",),
    "lines_open": ("count",),
    "items_differ": ("items", "count"),
    "escorts_too_few": ("count",),
    "not_all_gone": ("count",),
    "receipt_differs": ("counted", "count"),
    **weighing_in.CODES,
}
"""Code of a refusal -> the names that fill its blanks."""

FREE: frozenset[type[Fact]] = frozenset()
"""Facts that may be entered whatever matter the carrier is in."""
