"""Mistakes: a wrong act is undone by a compensating entry from the present state, never by a change of the record.

Only the carrier's last entry is corrected: what later entries stand on is not taken away under them. An import is taken
back carrier by carrier, as long as nobody has dealt with the carrier since.
"""

from collections.abc import Iterable, Mapping

from custody.access import Permission, answers_for
from custody.entries import Borrowed, Corrected, Fact, ImportTakenBack, Moved, ReportedFound, Returned, Shelved
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
    assert isinstance(fact, Corrected | ImportTakenBack)
    return None if fact.reason.strip() else {"field": "reason"}


def _touched(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Taken back is only what nobody has dealt with since it was taken over: later entries stand on it."""
    assert isinstance(fact, ImportTakenBack)
    if carrier is not None and carrier.origin == "legacy" and situation.untouched.get(carrier.id) == fact.entry:
        return None
    return {"entry": fact.entry}


def _second_missing(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Nobody takes a carrier out of the register alone: a second clerk or the secrecy office signs beside."""
    assert isinstance(fact, ImportTakenBack)
    second = situation.keeping.standing.get(fact.second)
    unit = carrier.description.unit if carrier is not None else 0
    if second is None or fact.second == situation.subject.person:
        return {}
    stands = any(answers_for(second, one, unit, situation.directory) for one in SECOND)
    return None if stands else {}


def _both(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
    assert isinstance(fact, ImportTakenBack)
    return (situation.subject.person, fact.second)


SECOND = (Permission.TAKE_IN, Permission.HEAD_ENQUIRIES)
"""What the person who signs beside must be allowed."""
RULES = (
    Rule("", "corrects_depended_on", (Corrected,), _not_the_last),
    Rule("", "not_undoable", (Corrected,), _not_undoable),
    Rule("", "not_as_before", (Corrected,), _not_as_before),
    Rule("", "text_missing", (Corrected,), _reason_missing),
    signed("", (Corrected,), by_actor),
    Rule("", "import_stands", (ImportTakenBack,), _touched),
    Rule("", "text_missing", (ImportTakenBack,), _reason_missing),
    Rule("", "second_clerk_missing", (ImportTakenBack,), _second_missing),
    signed("", (ImportTakenBack,), _both, "refuse"),
)
PERMISSIONS: Mapping[type[Fact], Needed] = {Corrected: Permission.KEEP, ImportTakenBack: Permission.TAKE_IN}
ACTS: Mapping[str, str] = {"correct": "GZ", "import_taken_back": "CD"}  # 更正, 撤销登记
CODES: Mapping[str, tuple[str, ...]] = {
    "not_undoable": ("act",),
    "not_as_before": ("entry",),
    "import_stands": ("entry",),
    "second_clerk_missing": (),
}
