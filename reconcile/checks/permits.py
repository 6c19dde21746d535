"""Why a permit did not cover a removal: another person's, over, not begun, or not made use of (clause e.1). Pure."""

from typing import Any

from reconcile.checks.cases import PassageCase, PermitSays

CODES = ("removal_permit_of_another", "removal_permit_over", "removal_permit_not_begun", "removal_permit_unused")


def outlived(case: PassageCase) -> bool:
    """Carried out under a permit whose window was over when it went out once more: late once, and out again."""
    matter = case.matter
    if case.status != "carried_out" or case.direction != "out" or matter is None or matter.kind != "carrying_out":
        return False
    return matter.line == "out" and matter.due_at is not None and case.since_at > matter.due_at


def wanting(case: PassageCase) -> tuple[str, dict[str, Any]] | None:
    """The code and the blanks of the rule that the passage broke, where a permit named the carrier; else None.

    Of several permits the one that came nearest to covering it: of the person who has it before another's, within its
    window before one that is over.
    """
    if not case.permits:
        return None
    code, _, permit = min((_held_against(case, one) for one in case.permits), key=lambda one: one[1])
    params: dict[str, Any] = {"matter": permit.number}
    if code == "removal_permit_of_another":
        params |= {"bearer": permit.bearer, "holder": case.books.holder}
    elif code == "removal_permit_over":
        params["until_at"] = permit.until_at
    elif code == "removal_permit_not_begun":
        params["from_at"] = permit.from_at
    return code, params


def _held_against(case: PassageCase, permit: PermitSays) -> tuple[str, tuple[int, int], PermitSays]:
    holder = case.books.holder
    if holder is not None and holder != permit.bearer:
        return "removal_permit_of_another", (3, permit.matter), permit
    if case.until_at > permit.until_at:
        return "removal_permit_over", (2, permit.matter), permit
    if case.until_at < permit.from_at:
        return "removal_permit_not_begun", (1, permit.matter), permit
    return "removal_permit_unused", (0, permit.matter), permit
