"""The acts common to all: approval, delegation, responsibility for a place. Undoing stands with its page."""

from collections.abc import Iterable

from api.acts.model import Act, Field, Ground, Values
from custody.access import Permission, answers_for, may
from custody.approval import STEPS, asked, steps_of
from custody.entries import Delegated, DelegationEnded, Fact, ResponsibilityAccepted
from custody.entries.approvals import Approved, Declined, Withdrawn
from custody.matters import KINDS
from custody.rules import NotFound
from custody.store import queries
from custody.values import DAY, Delegation


def _ask(ground: Ground, values: Values) -> list[Fact]:
    matter = ground.the_matter
    route = KINDS[matter.kind].route_of(matter)
    urgent, reason = bool(values.get("urgent")), str(values.get("reason") or "")
    return [asked(matter.id, route, ground.scheme, ground.now, urgent=urgent, reason=reason)]


def _step(ground: Ground) -> str:
    """The step that is to be answered; the last one where none is awaited any more, so that the books say why not."""
    matter = ground.the_matter
    approval = matter.approval
    return (approval.awaited or approval.steps[-1]) if approval else steps_of(KINDS[matter.kind].route_of(matter))[0]


def stands_for(ground: Ground) -> int | None:
    """In whose stead the awaited step would be answered: None where the subject's own roles open it, or nobody's."""
    matter = ground.the_matter
    permission = STEPS[_step(ground)].permission
    if answers_for(ground.subject, permission, matter.unit, ground.directory):
        return None
    with ground.services.database.reading() as connection:
        for giver in sorted(ground.directory.stands_for(ground.subject.person, permission.value, ground.now)):
            absent = queries.subject_for(connection, giver, ground.scheme, ground.day)
            if answers_for(absent, permission, matter.unit, ground.directory):
                return giver
    return None


def _approve(ground: Ground, values: Values) -> list[Fact]:
    return [Approved(ground.the_matter.id, _step(ground), stands_for(ground), str(values.get("note") or ""))]


def _decline(ground: Ground, values: Values) -> list[Fact]:
    reason = str(values.get("reason") or "")
    return [Declined(ground.the_matter.id, _step(ground), reason, stands_for(ground))]


def _withdraw(ground: Ground, values: Values) -> list[Fact]:
    return [Withdrawn(ground.the_matter.id, str(values.get("reason") or ""))]


def own_approvals(ground: Ground) -> list[tuple[str, str]]:
    """The approvals that the subject's own roles open, with their words: what may be delegated."""
    held = [step.permission for step in STEPS.values() if may(ground.subject, step.permission)]
    return [(permission.value, ground.t(f"permission.{permission.value}")) for permission in held]


def _delegate(ground: Ground, values: Values) -> list[Fact]:
    begins = ground.end_of(values["from"]) - DAY + 1 if values.get("from") else ground.now
    delegation = Delegation(
        id=ground.reserve("delegation"),
        giver=ground.subject.person,
        deputy=values["deputy"],
        permissions=tuple(values["permissions"]),
        from_at=max(ground.now, begins),
        until_at=ground.end_of(values["until"]),
        reason=str(values.get("reason") or ""),
    )
    return [Delegated(delegation)]


def given_delegations(ground: Ground) -> Iterable[tuple[str, str]]:
    """The subject's own delegations that have not run out, with their words."""
    for one in ground.directory.delegations.values():
        if one.giver == ground.subject.person and one.until_at > ground.now:
            yield str(one.id), f"{ground.person_name(one.deputy)} {ground.day_of(one.until_at)}"


def _end_delegation(ground: Ground, values: Values) -> list[Fact]:
    return [DelegationEnded(int(values["delegation"]), str(values.get("reason") or ""))]


def _own_place(ground: Ground) -> Fact:
    """Only the responsible person is asked, and only once."""
    place = ground.the_place
    accepted = ground.directory.accepted.get(place.id)
    if place.responsible != ground.subject.person or (accepted and accepted[0] == ground.subject.person):
        raise NotFound
    return ResponsibilityAccepted(place.id)


_P = Permission
_REASON = Field("reason", "area")

ACTS: tuple[Act, ...] = (
    Act(
        "ask",
        "approval",
        "up",
        _P.TAKE_PART,
        _ask,
        lambda ground: _ask(ground, {})[0],
        fields=(Field("urgent", "check", required=False), Field("reason", "area", required=False)),
        standing=frozenset({"nothing_listed"}),
        statuses=frozenset({"draft"}),
        main=frozenset({"draft"}),
    ),
    Act(
        "approve",
        "approval",
        "stamp",
        _P.TAKE_PART,
        _approve,
        lambda ground: _approve(ground, {})[0],
        fields=(Field("note", "area", required=False),),
        hides=frozenset({"result_unsaid"}),
        statuses=frozenset({"asked"}),
        main=frozenset({"asked"}),
    ),
    Act(
        "decline",
        "approval",
        "back",
        _P.TAKE_PART,
        _decline,
        lambda ground: _decline(ground, {})[0],
        fields=(_REASON,),
        hides=frozenset({"result_unsaid"}),
        statuses=frozenset({"asked"}),
    ),
    Act(
        "withdraw",
        "approval",
        "undo",
        _P.TAKE_PART,
        _withdraw,
        lambda ground: _withdraw(ground, {})[0],
        fields=(_REASON,),
        statuses=frozenset({"draft", "asked", "approved"}),
    ),
    Act(
        "delegate",
        "delegate",
        "user",
        _P.DELEGATE,
        _delegate,
        lambda _ground: None,
        on="house",
        fields=(
            Field("deputy", "person"),
            Field("permissions", "choices", options=own_approvals),
            Field("from", "day", required=False),
            Field("until", "day"),
            Field("reason", "area", required=False),
        ),
        home="/delegations",
    ),
    Act(
        "end_delegation",
        "delegate",
        "off",
        _P.DELEGATE,
        _end_delegation,
        lambda _ground: None,
        on="house",
        fields=(Field("delegation", "choice", options=given_delegations), Field("reason", "area", required=False)),
        home="/delegations",
    ),
    Act(
        "accept",
        "responsibility",
        "pen",
        _P.TAKE_PART,
        lambda ground, _values: [ResponsibilityAccepted(ground.the_place.id)],
        _own_place,
        on="place",
    ),
)
