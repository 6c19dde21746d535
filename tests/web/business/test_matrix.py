"""Role × act × state, asked of the books cell by cell: no role alone comes to a destruction or a change of level."""

import pytest

from custody.access import ADMINISTRATORS, Role, may
from custody.access import PERMISSIONS as OPENED
from custody.approval import ROUTES
from custody.entries import Fact
from custody.entries.approvals import ApprovalAsked, Approved, Declined, Withdrawn
from custody.entries.destruction import CertifiedByCentre, Destroyed, DestructionCarriedOut
from custody.entries.disposition import Declassified, LevelChanged
from custody.matters import KINDS, MatterKind
from custody.procedures import PERMISSIONS
from tools.matrix import facts_of, judged, possible, statuses, subject

CELLS = [(kind, fact) for kind in KINDS.values() for fact in facts_of(kind)]
GRAVE: dict[str, tuple[type[Fact], ...]] = {
    "destruction": (Destroyed, DestructionCarriedOut, CertifiedByCentre),
    "reclassification": (LevelChanged, Declassified),
}
BEFORE_APPROVAL = ("draft", "asked", "declined", "withdrawn")


@pytest.mark.parametrize(("kind", "fact"), CELLS, ids=lambda one: getattr(one, "key", getattr(one, "kind", "")))
def test_a_cell_is_open_to_whom_the_permission_is_given_and_to_nobody_else(kind: MatterKind, fact: type[Fact]) -> None:
    needed = PERMISSIONS[fact]
    for role in Role:
        opened = possible(kind, fact, role)
        if role in ADMINISTRATORS or role is Role.DEVICE:
            assert opened == [], f"{role} enters business"
        elif opened and not callable(needed):
            assert may(subject(role), needed)
    if fact not in (Approved, Declined):
        assert any(possible(kind, fact, role) for role in Role), "nobody can ever enter it"


@pytest.mark.parametrize("key", GRAVE)
def test_nothing_grave_happens_before_it_is_approved_whatever_the_role(key: str) -> None:
    kind = KINDS[key]
    for fact in GRAVE[key]:
        for role in Role:
            for status in (None, *BEFORE_APPROVAL):
                assert judged(kind, fact, status, role) != "", (fact.kind, role, status)


@pytest.mark.parametrize("key", GRAVE)
def test_no_role_alone_asks_approves_and_carries_out(key: str) -> None:
    """Two steps of approval, no role with both, and none that approves also carries out."""
    kind = KINDS[key]
    steps = ROUTES[kind.route].steps
    assert len(steps) >= 2
    for role in Role:
        held = {step.key for step in steps if step.permission in _opened(role)}
        carries_out = any(possible(kind, fact, role) for fact in GRAVE[key])
        assert len(held) + carries_out <= 1, role


def test_every_approval_that_is_asked_can_be_answered_and_withdrawn() -> None:
    for kind in KINDS.values():
        if not kind.route:
            continue
        assert {"draft", "asked", "approved", "declined", "withdrawn"} <= set(statuses(kind))
        assert possible(kind, ApprovalAsked, Role.CLERK) == ["draft"]
        assert "approved" in possible(kind, Withdrawn, Role.CLERK)


def _opened(role: Role) -> frozenset[object]:
    return frozenset(OPENED[role])
