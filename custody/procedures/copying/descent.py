"""What is asked of descent: an original is called back, or its level changed, with everything made from it."""

from collections.abc import Iterator

from custody.access import sees
from custody.carrier import HELD, CarrierState, Status
from custody.effects.disposition import changed
from custody.entries import Fact
from custody.entries.copying import CopiesRecalled
from custody.entries.disposition import Declassified, IssuerReturnClosed, LevelChanged
from custody.procedures.copying import inheriting
from custody.procedures.copying.grounds import Carrier, known, rank
from custody.rules import Params, Situation
from custody.values import Description, Instant

# Called back.


def in_hands(state: CarrierState) -> bool:
    """Whether somebody has it on loan: what else is out comes back by its own business."""
    return state.status is Status.ON_LOAN


def called(state: CarrierState, due_at: Instant) -> bool:
    """Whether it is to be back by then, or was asked back already."""
    return state.recalled or (state.due_at is not None and state.due_at <= due_at)


def copies_missed(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Everything that was made from it, and that somebody has, is asked back in the same act."""
    assert isinstance(fact, CopiesRecalled)
    if carrier is None:
        return None
    made = [
        situation.states[one] for one in situation.descent.descendants.get(carrier.id, ()) if one in situation.states
    ]
    out = [one for one in made if in_hands(one) and sees(situation.subject, one, situation.scheme)]
    left = [one for one in out if not called(one, fact.due_at) or one.id not in fact.copies]
    if left:
        return {"count": len(left)}
    return None if set(fact.copies) <= {one.id for one in out} and fact.copies else {"count": 0}


def recall_in_past(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CopiesRecalled)
    return None if fact.due_at > situation.at else {}


def copies_unlisted(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """What was made from a paper that goes back is on the list too, and returned or explained, or destroyed before."""
    assert isinstance(fact, IssuerReturnClosed)
    left = [one for one in situation.descent.unlisted.get(fact.matter, ()) if (fact.matter, one) not in situation.lines]
    return {"count": len(left)} if left else None


# Level and period of what was made (clause d.5).


def _sources(carrier: Carrier, situation: Situation) -> Iterator[Description]:
    """What it was made from, as far as that is still here: what is gone is nobody's to change."""
    for one in () if carrier is None else carrier.sources:
        state = situation.states.get(one)
        if state is not None and state.status in HELD:
            yield state.description


def _new(carrier: CarrierState, fact: Fact) -> Description:
    assert isinstance(fact, LevelChanged)
    return changed(carrier.description, fact, fact.effective_on)


def below_sources(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """A copy's level is lowered, or lifted, after its source's and never before."""
    assert isinstance(fact, LevelChanged | Declassified)
    top = inheriting.highest(_sources(carrier, situation), situation.scheme)
    level = fact.level if isinstance(fact, LevelChanged) else ""
    if carrier is None or (level and not known(level, situation)) or rank(level, situation) >= rank(top, situation):
        return None
    return {"level": level or min(situation.scheme.levels, key=lambda one: one.rank).code, "rating": top}


def before_sources(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    if carrier is None:
        return None
    for source in _sources(carrier, situation):
        if inheriting.shorter(_new(carrier, fact), source, situation.scheme):
            return {"number": source.control_number}
    return None


def wider_than_sources(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    if carrier is None:
        return None
    for source in _sources(carrier, situation):
        principal = inheriting.widened(_new(carrier, fact), source, situation.scheme, situation.directory)
        if principal is not None:
            return {"number": source.control_number}
    return None
