"""A provision stays outside longer only by an approval of its own (clause i.1), carried out on all that is outside."""

from collections.abc import Mapping

from custody.access import sees_matter
from custody.carrier import CarrierState
from custody.entries import Fact
from custody.entries.disclosure import ProlongationOpened, ProlongationUsed, ProvisionProlonged
from custody.matters import Matter
from custody.matters.disclosure import OUTSIDE, PROLONGATION_KEY, PROVISION_KEY, ProlongationBody, ProvisionBody
from custody.procedures.borrowing import day_of
from custody.procedures.disposition.handing import missing_text
from custody.rules import Params, Rule, Situation, by_actor, signed


def _provision(fact: Fact, situation: Situation) -> Matter | None:
    assert isinstance(fact, ProlongationOpened)
    found = situation.matters.get(fact.provision)
    if found is None or found.kind != PROVISION_KEY or not sees_matter(situation.subject, found, situation.scheme):
        return None
    return found


def _provision_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ProlongationOpened)
    return {"kind": "matter", "id": fact.provision} if _provision(fact, situation) is None else None


def _nothing_outside(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    found = _provision(fact, situation)
    return {} if found is not None and (found.ended or not found.count(OUTSIDE)) else None


def _below_provision(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Its paper bears the level of what it is about."""
    assert isinstance(fact, ProlongationOpened)
    found = _provision(fact, situation)
    known = {level.code for level in situation.scheme.levels}
    if found is None or fact.level not in known:
        return None
    rank = situation.scheme.rank
    return None if rank(found.level) <= rank(fact.level) else {"level": found.level, "rating": fact.level}


def _no_later(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ProlongationOpened)
    found = _provision(fact, situation)
    body = None if found is None else found.body
    if not isinstance(body, ProvisionBody) or body.due_at is None or fact.due_at > body.due_at:
        return None
    return {"day": day_of(body.due_at, situation)}


def _not_prolonged(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """By an approved prolongation of this very provision, until the day that was approved, and used up with it."""
    assert isinstance(fact, ProvisionProlonged)
    found = situation.matters.get(fact.prolongation)
    approved = found is not None and found.kind == PROLONGATION_KEY and found.status == "approved"
    body = found.body if found is not None else None
    fit = isinstance(body, ProlongationBody) and (body.provision, body.due_at) == (fact.matter, fact.due_at)
    used = any(isinstance(one, ProlongationUsed) and one.matter == fact.prolongation for one in situation.facts)
    return None if approved and fit and used else {}


def _not_all_prolonged(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Everything that is still outside has one day of return."""
    assert isinstance(fact, ProlongationUsed)
    matter = situation.matter(fact)
    body = matter.body if matter is not None else None
    provision = situation.matters.get(body.provision) if isinstance(body, ProlongationBody) else None
    outside = 0 if provision is None else provision.count(OUTSIDE)
    told = {
        one.carrier
        for one in situation.facts
        if isinstance(one, ProvisionProlonged) and one.prolongation == fact.matter
    }
    return None if outside == len(told) > 0 else {"count": outside}


RULES: tuple[Rule, ...] = (
    Rule("", "reference_unknown", (ProlongationOpened,), _provision_unknown),
    Rule("", "nothing_outside", (ProlongationOpened,), _nothing_outside),
    Rule("", "above_matter_level", (ProlongationOpened,), _below_provision),
    Rule("", "prolonged_no_later", (ProlongationOpened,), _no_later),
    Rule("i.1", "text_missing", (ProlongationOpened,), missing_text("reason")),
    Rule("i.1", "not_prolonged", (ProvisionProlonged,), _not_prolonged),
    Rule("", "not_all_prolonged", (ProlongationUsed,), _not_all_prolonged),
    signed("", (ProlongationOpened, ProvisionProlonged, ProlongationUsed), by_actor),
)
CODES: Mapping[str, tuple[str, ...]] = {
    "nothing_outside": (),
    "prolonged_no_later": ("day",),
    "not_prolonged": (),
    "not_all_prolonged": ("count",),
}
