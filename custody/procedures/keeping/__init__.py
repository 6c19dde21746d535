"""Letter f, keeping: shelving, places and keepers, holdings, hand-over, inventory, clearance (f.1, f.2, rule 5)."""

from collections.abc import Mapping

from custody.access import Permission
from custody.effects.keeping import ON_LISTS, SETTLING
from custody.entries import Fact
from custody.entries import keeping as k
from custody.procedures.keeping import clearing, fitness, handing_over, inventory, shelving
from custody.rules import Needed, Rule

RULES: tuple[Rule, ...] = (
    *shelving.RULES,
    *fitness.RULES,
    *clearing.RULES,
    *handing_over.RULES,
    *inventory.RULES,
)
PERMISSIONS: Mapping[type[Fact], Needed] = {
    # Sweeping, counting and clearing are the registry's and the secrecy office's alike.
    k.HandOverOpened: Permission.SWEEP,
    k.HandOverListed: Permission.SWEEP,
    k.HandOverCounted: Permission.SWEEP,
    k.HandOverExplained: Permission.SWEEP,
    k.HandOverTaken: Permission.SWEEP,
    k.HandOverClosed: Permission.SWEEP,
    k.ClearanceOpened: Permission.SWEEP,
    k.ClearanceListed: Permission.SWEEP,
    k.ClearanceSettled: Permission.KEEP,
    k.ClearanceClosed: Permission.KEEP,
    k.InventoryOpened: Permission.HEAD_ENQUIRIES,
    k.InventoryListed: Permission.HEAD_ENQUIRIES,
    k.InventoryFrozen: Permission.HEAD_ENQUIRIES,
    k.InventoryCounted: Permission.SWEEP,
    k.InventoryConfirmed: Permission.SWEEP,
    k.InventoryExplained: Permission.SWEEP,
    k.InventoryOver: Permission.SWEEP,
    k.InventoryClosed: Permission.HEAD_ENQUIRIES,
    k.KeepingAbandoned: Permission.SWEEP,
    k.HoldingConfirmed: Permission.TAKE_PART,
}
ACTS: Mapping[str, str] = {
    "hand_over": "JJ",  # 交接
    "hand_over_count": "JD",  # 交接点验
    "hand_over_close": "JB",  # 交接办结
    "clearance": "LG",  # 离岗清退
    "clearance_close": "LQ",  # 离岗清退办结
    "inventory": "NQ",  # 年度清查
    "inventory_count": "QD",  # 清查点验
    "inventory_close": "QB",  # 清查报告
    "keeping_abandon": "ZF",  # 作废
    "confirm_holdings": "SM",  # 持有声明
    "place": "DD",  # 地点
}
"""Kind of act -> the letters of its number."""
CODES: Mapping[str, tuple[str, ...]] = {
    **fitness.CODES,
    **clearing.CODES,
    **handing_over.CODES,
    **inventory.CODES,
}
"""Code of a refusal -> the names that fill its blanks."""
FREE: frozenset[type[Fact]] = frozenset({*ON_LISTS, *SETTLING})
"""Lists, counts and declarations move nothing: they may be entered whatever matter the carrier is in."""
