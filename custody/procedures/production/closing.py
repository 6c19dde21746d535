"""The order closes over a full account, and is over when nothing is left of what arose on the way (a.4, a.6)."""

from collections.abc import Mapping

from custody.carrier import CarrierState
from custody.entries import Fact
from custody.entries.approvals import Withdrawn
from custody.entries.production import OrderClosed, OrderSettled
from custody.matters.production import order_of
from custody.rules import Params, Rule, Situation, by_actor, signed
from custody.scheme import Scheme
from custody.values import DAY, Instant


def intermediates_by(at: Instant, scheme: Scheme) -> Instant:
    """Until when the intermediates of an order closed then are to be preserved or destroyed."""
    return at + scheme.number("intermediate_days") * DAY


def _copies_open(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Approved = registered + spoiled + cancelled."""
    body = order_of(situation.matter(fact))
    if body is None or not body.free:
        return None
    told = {"registered": len(body.registered), "spoiled": len(body.spoiled), "cancelled": len(body.cancelled)}
    return {"quantity": body.quantity, **told, "open": len(body.free)}


def _labels_out(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Every label given out for the order is on something made under it, or came back."""
    body = order_of(situation.matter(fact))
    out = [epc for epc in body.labels if epc not in situation.epcs_known] if body else []
    return {"count": len(out), "epc": out[0]} if out else None


def _due_wrong(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, OrderClosed)
    within = situation.at < fact.due_at <= intermediates_by(situation.at, situation.scheme)
    return None if within else {"days": situation.scheme.number("intermediate_days")}


def _intermediates_untold(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Drafts, proofs, negatives and scraps are registered, or it is declared that there were none."""
    assert isinstance(fact, OrderClosed)
    matter = situation.matter(fact)
    told = matter is not None and matter.count("intermediate", "kept", "gone") > 0
    return None if told != fact.no_intermediates else {}


def _intermediates_left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    matter = situation.matter(fact)
    left = matter.count("intermediate") if matter else 0
    return {"count": left} if left else None


def _begun(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """An order under which something was made, or labels given out, is closed, not withdrawn."""
    matter = situation.matter(fact)
    body = order_of(matter)
    if matter is None or body is None:
        return None
    done = matter.lines_total + len(body.cancelled) + len(body.labels)
    return {"count": done} if done else None


RULES: tuple[Rule, ...] = (
    Rule("a.4", "copies_open", (OrderClosed,), _copies_open, "record"),
    Rule("a.4", "labels_out", (OrderClosed,), _labels_out, "record"),
    Rule("a.6", "intermediates_untold", (OrderClosed,), _intermediates_untold, "record"),
    Rule("a.6", "intermediates_due_wrong", (OrderClosed,), _due_wrong, "record"),
    Rule("a.6", "intermediates_left", (OrderSettled,), _intermediates_left, "record"),
    Rule("", "order_begun", (Withdrawn,), _begun),
    signed("a.4", (OrderClosed,), by_actor),
)

CODES: Mapping[str, tuple[str, ...]] = {
    "copies_open": ("quantity", "registered", "spoiled", "cancelled", "open"),
    "labels_out": ("count", "epc"),
    "intermediates_untold": (),
    "intermediates_due_wrong": ("days",),
    "intermediates_left": ("count",),
    "order_begun": ("count",),
}
