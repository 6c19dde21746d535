"""Mistakes: a wrong act is undone by a compensating entry from the present state, never by a change of the record.

Only the carrier's last entry is corrected: what later entries stand on is not taken away under them.
"""

from collections.abc import Mapping

from custody.access import Permission
from custody.entries import Borrowed, Corrected, Fact, Moved, ReportedFound, Returned, Shelved
from custody.entries.circulation import Queued, Recalled, Renewed, TakenToRead, Unqueued
from custody.register import CarrierState
from custody.rules import Needed, Params, Rule, Situation, by_actor, signed

UNDOABLE: tuple[type[Fact], ...] = (
    *(Borrowed, Returned, Shelved, Moved, ReportedFound),
    *(TakenToRead, Renewed, Recalled, Queued, Unqueued),
)
"""Facts that only move custody. What is destroyed, declassified or handed out of the house is not undone here; a loss
ends by being found, for its enquiry is told with it.
"""


def _not_the_last(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Corrected)
    last = None if carrier is None else situation.last_entries.get(carrier.id)
    return None if last is not None and last.sequence == fact.entry else {"entry": fact.entry}


def _not_undoable(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    last = None if carrier is None else situation.last_entries.get(carrier.id)
    if last is None or last.kind in {kind.kind for kind in UNDOABLE}:
        return None
    return {"act": last.kind}


def _not_as_before(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A correction restores exactly what was: it is no way of writing anything else."""
    assert isinstance(fact, Corrected)
    last = None if carrier is None else situation.last_entries.get(carrier.id)
    return None if last is None or last.before == fact.restored else {"entry": fact.entry}


def _reason_missing(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, Corrected)
    return None if fact.reason.strip() else {"field": "reason"}


RULES = (
    Rule("", "corrects_depended_on", (Corrected,), _not_the_last),
    Rule("", "not_undoable", (Corrected,), _not_undoable),
    Rule("", "not_as_before", (Corrected,), _not_as_before),
    Rule("", "text_missing", (Corrected,), _reason_missing),
    signed("", (Corrected,), by_actor),
)
PERMISSIONS: Mapping[type[Fact], Needed] = {Corrected: Permission.KEEP}
ACTS: Mapping[str, str] = {"correct": "GZ"}  # 更正
CODES: Mapping[str, tuple[str, ...]] = {"not_undoable": ("act",), "not_as_before": ("entry",)}
