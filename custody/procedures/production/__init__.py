"""Letter a: production orders, what is produced under them, and what arises on the way."""

from collections.abc import Mapping

from custody.access import Permission
from custody.entries import Fact
from custody.entries import production as e
from custody.procedures.production import closing, intermediates, ordering, producing
from custody.rules import Needed, Rule

RULES: tuple[Rule, ...] = (*ordering.RULES, *producing.RULES, *intermediates.RULES, *closing.RULES)
PERMISSIONS: Mapping[type[Fact], Needed] = {
    e.ProductionOrdered: Permission.TAKE_PART,
    e.Produced: Permission.PRODUCE,
    e.CopySpoiled: Permission.PRODUCE,
    e.CopiesCancelled: Permission.PRODUCE,
    e.LabelsAllotted: Permission.PRODUCE,
    e.LabelsReturned: Permission.PRODUCE,
    e.IntermediateProduced: Permission.PRODUCE,
    e.IntermediateKept: Permission.PRODUCE,
    e.IntermediateGone: Permission.PRODUCE,
    e.OrderClosed: Permission.PRODUCE,
    e.OrderSettled: Permission.PRODUCE,
}
ACTS: Mapping[str, str] = {
    "production": "ZD",  # 制作单
    "production_labels": "ZQ",  # 制作标签
    "produce": "ZC",  # 制成登记
    "production_spoil": "ZX",  # 制作作废
    "production_cancel": "ZK",  # 制作取消
    "intermediate": "ZJ",  # 中间材料
    "intermediate_keep": "ZL",  # 中间材料留存
    "production_close": "ZB",  # 制作办结
}
"""Kind of act -> the letters of its number."""
CODES: Mapping[str, tuple[str, ...]] = {
    **ordering.CODES,
    **producing.CODES,
    **intermediates.CODES,
    **closing.CODES,
}
"""Code of a refusal -> the names that fill its blanks."""
FREE: frozenset[type[Fact]] = frozenset({e.IntermediateGone})
"""Facts that may be entered whatever matter the carrier is in."""
BRINGING_BACK: frozenset[type[Fact]] = frozenset(
    {
        *(e.CopySpoiled, e.CopiesCancelled, e.LabelsReturned, e.OrderClosed, e.OrderSettled),
        *(e.IntermediateProduced, e.IntermediateKept, e.IntermediateGone),
    }
)
"""Facts that give account of an order: an order that lapsed is closed like any other, with what was not produced."""
