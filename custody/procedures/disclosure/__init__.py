"""Letter i: provision to other bodies (clause i.1), disclosure reviews (clause i.2, rule 1)."""

from collections.abc import Mapping

from custody.access import Permission
from custody.approval import STEPS
from custody.entries import Fact
from custody.entries import disclosure as e
from custody.procedures.disclosure import prolonging, providing, reviewing
from custody.rules import Needed, Rule

RULES: tuple[Rule, ...] = (*providing.RULES, *prolonging.RULES, *reviewing.RULES)


def _by_step(fact: Fact) -> Permission | None:
    """A reviewer is whoever answers the step, so that a deputy reviews too."""
    assert isinstance(fact, e.DisclosureReviewed)
    step = STEPS.get(fact.step)
    return step.permission if step else None


PERMISSIONS: Mapping[type[Fact], Needed] = {
    # Whoever has the business with the other body, or wrote the piece, applies for it.
    e.ProvisionOpened: Permission.TAKE_PART,
    e.ProvisionListed: Permission.TAKE_PART,
    e.ProvisionStruck: Permission.TAKE_PART,
    e.Provided: Permission.PROVIDE,
    e.ProvidedForGood: Permission.PROVIDE,
    e.InformationProvided: Permission.TAKE_PART,
    e.ProvisionReturned: Permission.PROVIDE,
    e.ProvisionProlonged: Permission.PROVIDE,
    e.ProvisionClosed: Permission.PROVIDE,
    e.ProlongationOpened: Permission.TAKE_PART,
    e.ProlongationUsed: Permission.PROVIDE,
    e.ReviewOpened: Permission.TAKE_PART,
    e.DisclosureReviewed: _by_step,
    e.ChangesConfirmed: Permission.REVIEW_DISCLOSURE,
    e.EditorsTold: Permission.TAKE_PART,
    e.Published: Permission.TAKE_PART,
}
ACTS: Mapping[str, str] = {
    "provision": "TG",  # 对外提供申请
    "provision_list": "TL",  # 对外提供清单
    "provide": "TJ",  # 提供交接
    "provide_information": "TX",  # 提供信息
    "provision_return": "TS",  # 收回
    "provision_close": "TB",  # 办结
    "prolongation": "TY",  # 延期申请
    "prolong": "TQ",  # 延期执行
    "disclosure_review": "BS",  # 保密审查
    "review_opinion": "SY",  # 审查意见
    "review_changes": "SG",  # 修改确认
    "publication": "GK",  # 公开
}
"""Kind of act -> the letters of its number."""
CODES: Mapping[str, tuple[str, ...]] = {**providing.CODES, **prolonging.CODES, **reviewing.CODES}
"""Code of a refusal -> the names that fill its blanks."""
FREE: frozenset[type[Fact]] = frozenset()
"""Facts that may be entered whatever matter the carrier is in."""
BRINGING_BACK: frozenset[type[Fact]] = frozenset(
    {e.ProvisionReturned, e.ProvisionStruck, e.ProvisionClosed, e.EditorsTold, e.Published}
)
"""Facts that end what was begun under an approval: they are never too late. What came out is told whenever it did."""
