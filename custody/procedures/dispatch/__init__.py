"""Letter b: sending and receiving, with the issuer's own number; distribution within the scope."""

from collections.abc import Mapping

from custody.access import Permission
from custody.entries import Fact
from custody.entries import dispatch as e
from custody.procedures.dispatch import distribution, receipt, sending, transport
from custody.rules import Needed, Rule

RULES: tuple[Rule, ...] = (*receipt.RULES, *sending.RULES, *distribution.RULES)
PERMISSIONS: Mapping[type[Fact], Needed] = {
    **dict.fromkeys(
        (
            *(e.ReceiptOpened, e.ItemShort, e.ItemWrong, e.ItemOver),
            *(e.SenderTold, e.ReceiptClosed, e.ReceiptCancelled),
            *(e.DispatchOpened, e.DispatchListed, e.DispatchStruck, e.ParcelSealed, e.ParcelOpened),
            *(e.Dispatched, e.DeliveryAcknowledged, e.DispatchReturned, e.DispatchShort, e.DispatchClosed),
            *(e.DistributionOpened, e.DistributionListed, e.DistributedToKeep, e.DistributedOnLoan),
            *(e.RemainderCounted, e.DistributionStruck, e.DistributionCounted, e.Collected, e.DistributionClosed),
            *(e.WideningOpened, e.WideningListed, e.ScopeWidened, e.WideningClosed),
        ),
        Permission.DISPATCH,
    ),
    # The recipient takes in what was sent to him, whatever else he is.
    e.DeliveryTakenIn: Permission.TAKE_PART,
}
ACTS: Mapping[str, str] = {
    "receipt": "SW",  # 收文
    "receipt_end": "SQ",  # 收讫
    "dispatch": "FS",  # 发送
    "dispatch_seal": "FX",  # 封箱
    "dispatch_send": "JC",  # 交出
    "delivery": "SD",  # 送达
    "distribution": "FF",  # 分发
    "distribution_end": "FJ",  # 分发终结
    "widening": "KD",  # 扩大知悉范围
}
"""Kind of act -> the letters of its number."""
CODES: Mapping[str, tuple[str, ...]] = {**receipt.CODES, **transport.CODES, **sending.CODES, **distribution.CODES}
"""Code of a refusal -> the names that fill its blanks."""
FREE: frozenset[type[Fact]] = frozenset(
    {
        # What is off a list, or lost on the way, is said whatever else it is in by now.
        *(e.DispatchStruck, e.DispatchShort, e.DistributionStruck),
        # Who may know a title is decided for every copy; and what stands here is counted, whatever it is listed for.
        *(e.WideningListed, e.ScopeWidened, e.DistributionListed, e.RemainderCounted),
    }
)
"""Facts that may be entered whatever matter the carrier is in."""
BRINGING_BACK: frozenset[type[Fact]] = frozenset({e.DispatchStruck, e.DispatchReturned, e.DispatchShort, e.Collected})
"""Facts that end what was begun under an approval: they are never too late."""
