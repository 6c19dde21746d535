"""Letter b: receiving from outside, with the issuer's own number (clause b.1). Sending stands here in time."""

from custody.entries import Fact, Received
from custody.register import CarrierState
from custody.rules import Params, Rule, Situation


def _issuer_missing(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, Received)
    for field in ("issuer", "issuer_number"):
        if not getattr(fact.description, field).strip():
            return {"field": field}
    return None


RULES = (Rule("b.1", "issuer_missing", (Received,), _issuer_missing),)
