"""What is asked of a destruction: the checks behind the rules of `custody.procedures.destruction`, one a sentence.

Each gives None where nothing stands against the fact, else what fills the blanks of the refusal. For internal
carriers, which are no state secrets, only clause g.1 holds: the checks of the other clauses ask `_secret` first.
"""

import re
from collections.abc import Iterable
from datetime import date

from custody.approval import valid_until
from custody.clock import day
from custody.entries import Fact
from custody.entries.destruction import (
    CalledOff,
    CertifiedByCentre,
    Checked,
    Destroyed,
    DestructionCarriedOut,
    DestructionListed,
    DestructionOpened,
    DeviationReported,
    DeviationSettled,
    HandedToCentre,
    ReceivedByCentre,
    Sealed,
    SetApart,
)
from custody.matters import Matter
from custody.matters.destruction import (
    DEVIATIONS,
    KEY,
    OPEN_LINES,
    UNCHECKED,
    Destruction,
    bag_of,
    method_of,
)
from custody.procedures import destruction_methods as methods
from custody.procedures import people
from custody.register import CarrierState
from custody.rules import Check, Params, Situation, named

Carrier = CarrierState | None
Witnessed = Destroyed | DestructionCarriedOut | CertifiedByCentre
_BAG = re.compile(r"[\w.#-]{1,32}")
"""What a bag may be called: it stands on a label, and is typed and scanned again."""


def _batch(fact: Fact, situation: Situation) -> Matter | None:
    matter = situation.matter(fact)
    return matter if matter is not None and matter.kind == KEY else None


def _body(fact: Fact, situation: Situation) -> Destruction:
    matter = _batch(fact, situation)
    assert matter is not None  # the engine has refused what belongs to no matter
    body: Destruction = matter.body
    return body


def _secret(fact: Fact, situation: Situation) -> bool:
    """Whether the batch is about state secrets: under the level of the batch, which is its highest."""
    matter = _batch(fact, situation)
    level = fact.level if isinstance(fact, DestructionOpened) else matter.level if matter else ""
    return bool(level) and situation.scheme.rank(level) > 0


def _rank(carrier: Carrier, situation: Situation) -> int:
    return 0 if carrier is None else situation.scheme.rank(carrier.description.level)


def _medium(carrier: Carrier) -> str:
    described = None if carrier is None else carrier.description
    return "other" if described is None else methods.medium_of(described.medium, described.kind)


def _who(person: int, situation: Situation) -> Params:
    known = situation.directory.persons.get(person)
    return named(known) if known else {"person": str(person), "person_en": str(person)}


def _count(fact: Fact, situation: Situation, *states: str) -> int:
    matter = _batch(fact, situation)
    return 0 if matter is None else matter.count(*states)


# Words that must be there.


def said(*fields: str) -> Check:
    """These texts of the fact are not empty."""

    def unsaid(_carrier: Carrier, fact: Fact, _situation: Situation) -> Params | None:
        return next(({"field": name} for name in fields if not getattr(fact, name).strip()), None)

    return unsaid


# The request (clauses g.1, g.3, g.4, g.6, g.7).


def disposal_forbidden(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Destroyed on site or by the designated unit: nothing else becomes of a state secret (clause g.6)."""
    assert isinstance(fact, DestructionOpened)
    return None if fact.disposal in methods.DISPOSALS or not _secret(fact, situation) else {"disposal": fact.disposal}


def disposal_unknown(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """The same for internal carriers, for which clause g.6 does not speak."""
    assert isinstance(fact, DestructionOpened)
    return None if fact.disposal in methods.DISPOSALS or _secret(fact, situation) else {"disposal": fact.disposal}


def centre_not_designated(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """The unit that destroys is one of those designated, and the one that was approved (clause g.7)."""
    assert isinstance(fact, DestructionOpened | HandedToCentre)
    if not _secret(fact, situation):
        return None
    if isinstance(fact, DestructionOpened):
        fit = fact.disposal != methods.CENTRE or fact.centre in situation.scheme.destruction_centres
    else:
        fit = fact.centre in situation.scheme.destruction_centres and fact.centre == _body(fact, situation).centre
    return None if fit else {"centre": fact.centre}


def no_home(carrier: Carrier, _fact: Fact, _situation: Situation) -> Params | None:
    """What has no home in the books is shelved first, so that it has somewhere to go back to."""
    return {} if carrier is not None and carrier.home is None else None


def to_be_archived(carrier: Carrier, _fact: Fact, _situation: Situation) -> Params | None:
    """What is to be archived is not destroyed."""
    archive_by = "" if carrier is None else carrier.description.archive_by
    return {"day": archive_by} if archive_by else None


def method_unfit(clause: str) -> Check:
    """The method destroys this medium for good at this level; under `clause`, g.3 or g.4."""

    def unfit(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
        assert isinstance(fact, DestructionListed | Destroyed)
        medium = _medium(carrier)
        if carrier is None or methods.clause_of(medium) != clause:
            return None
        if methods.fits(fact.method, medium, _rank(carrier, situation), situation.scheme.destruction_forbidden):
            return None
        return {"method": fact.method, "medium": medium, "level": carrier.description.level}

    return unfit


def too_coarse(clause: str) -> Check:
    """The particles are small enough; under `clause`, g.3 or g.4."""

    def coarse(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
        assert isinstance(fact, Destroyed)
        medium = _medium(carrier)
        if methods.clause_of(medium) != clause:
            return None
        needed = methods.fineness_needed(fact.method, medium, _rank(carrier, situation))
        return None if fact.fineness >= needed else {"fineness": fact.fineness, "needed": needed}

    return coarse


def bulk_on_site(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """A large batch goes to the designated unit (clause g.7)."""
    most = situation.scheme.number("destruction_bulk_items")
    if not _secret(fact, situation) or _body(fact, situation).disposal != methods.ON_SITE:
        return None
    return None if _count(fact, situation, "listed") < most else {"count": most}


def large_on_site(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """A large item goes to the designated unit (clause g.7)."""
    if carrier is None or _rank(carrier, situation) == 0 or _body(fact, situation).disposal != methods.ON_SITE:
        return None
    large = carrier.description.kind in methods.LARGE_KINDS or _medium(carrier) in methods.LARGE_MEDIA
    return {} if large else None


def nothing_left(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """A list from which everything was taken off again is empty."""
    matter = _batch(fact, situation)
    return {} if matter is not None and matter.lines_total and not matter.count("listed") else None


# Preparing it.


def not_approved(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Every step of the approval was given (clause g.1)."""
    matter = _batch(fact, situation)
    approval = None if matter is None else matter.approval
    return None if approval is not None and approval.given and not approval.awaited else {}


def lapsed(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """What was approved is set apart while the approval is valid, the last item as the first (clause g.1)."""
    matter = _batch(fact, situation)
    until = None if matter is None or matter.status != "set_apart" else valid_until(matter)
    if until is None or situation.now < until:
        return None
    return {"day": day(until, situation.scheme.timezone)}


def place_unknown(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """The place is in the directory."""
    assert isinstance(fact, SetApart | DestructionCarriedOut)
    return None if fact.place in situation.directory.places else {"kind": "place", "id": fact.place}


def no_storage(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """What awaits destruction is kept like everything else (clause f.2)."""
    assert isinstance(fact, SetApart)
    place = situation.directory.places.get(fact.place)
    return None if place is None or place.storage else {"place": place.code}


def rated_too_low(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """What awaits destruction stands where the level may be kept (clause f.2)."""
    assert isinstance(fact, SetApart)
    place = situation.directory.places.get(fact.place)
    if place is None or carrier is None:
        return None
    rating = situation.directory.rating(fact.place)
    if _rank(carrier, situation) <= (-1 if rating is None else situation.scheme.rank(rating)):
        return None
    return {"place": place.code, "rating": rating or "", "level": carrier.description.level}


def bag_unclear(_carrier: Carrier, fact: Fact, _situation: Situation) -> Params | None:
    """The bag's number can be written on a label and read back."""
    assert isinstance(fact, Sealed)
    return None if not fact.bag or _BAG.fullmatch(fact.bag) else {"bag": fact.bag}


def bag_closed(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """A bag is filled and sealed in one act: into a sealed bag nothing is put."""
    assert isinstance(fact, Sealed)
    bag = _body(fact, situation).bag(fact.bag)
    return None if bag is None or (bag.seal, bag.at) == (fact.seal, situation.at) else {"bag": fact.bag}


def seal_used(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """A seal's number is used once."""
    assert isinstance(fact, Sealed)
    used = any(bag.seal == fact.seal and bag.number != fact.bag for bag in _body(fact, situation).bags)
    return {"seal": fact.seal} if used else None


def bag_differs(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """It came out of the bag in which it was sealed, and the bag bears its own seal."""
    assert isinstance(fact, Checked)
    line = situation.line(fact)
    bag = _body(fact, situation).bag(fact.bag)
    if line is not None and bag is not None and (bag_of(line), bag.seal) == (fact.bag, fact.seal):
        return None
    return {"bag": fact.bag, "seal": fact.seal}


def deviation_unknown(_carrier: Carrier, fact: Fact, _situation: Situation) -> Params | None:
    """What was found wrong is one of the known."""
    assert isinstance(fact, DeviationReported)
    return None if fact.what in DEVIATIONS else {"what": fact.what}


def settled_by_reporter(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Who found the deviation does not settle it."""
    assert isinstance(fact, DeviationSettled)
    found = _body(fact, situation).open_deviation
    person = situation.subject.person
    return _who(person, situation) if found is not None and found.by == person else None


def lines_open(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Nothing on the list is left as it was, where the batch is called off or is of no state secrets."""
    assert isinstance(fact, CalledOff | DestructionCarriedOut | CertifiedByCentre)
    count = _count(fact, situation, *OPEN_LINES)
    if isinstance(fact, CalledOff):
        count += _count(fact, situation, "destroyed")
    elif _secret(fact, situation):
        return None
    return {"count": count} if count else None


def batch_left(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """What was approved was destroyed, or taken off with a reason, before anyone signs the certificate (clause g.5)."""
    count = _count(fact, situation, *OPEN_LINES) if _secret(fact, situation) else 0
    return {"count": count} if count else None


def certificate_apart(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """The batch is destroyed whole, in the act of its certificate, under which all three sign (clause g.5)."""
    assert isinstance(fact, Destroyed)
    if not _secret(fact, situation):
        return None
    # The certificate stands last: nothing is looked through for it.
    closings = (one for one in reversed(situation.facts) if isinstance(one, DestructionCarriedOut | CertifiedByCentre))
    return None if any(one.matter == fact.matter for one in closings) else {}


def unchecked(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """The whole list was checked against the bags before anything leaves or is destroyed (clauses g.5, g.7)."""
    count = _count(fact, situation, *UNCHECKED) if _secret(fact, situation) else 0
    return {"count": count} if count else None


# Destruction itself (clauses g.2, g.5, g.7).


def witness_unknown(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Everybody named is in the directory."""
    assert isinstance(fact, Witnessed | HandedToCentre)
    return next((found for one in _persons(fact) if (found := people.unknown(one, situation))), None)


def _persons(fact: Witnessed | HandedToCentre) -> tuple[int, ...]:
    return fact.escorts if isinstance(fact, HandedToCentre) else (fact.destroyer, *fact.supervisors)


def too_few(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """A destroyer and two supervisors at least: three distinct persons (clause g.5)."""
    assert isinstance(fact, Witnessed)
    distinct = {fact.destroyer, *fact.supervisors}
    enough = len(distinct) >= 3 and fact.destroyer not in fact.supervisors
    return None if enough or not _secret(fact, situation) else {"count": len(distinct)}


def _took_part(fact: Fact, situation: Situation) -> frozenset[int]:
    """Who applied or approved, whatever account or role he or she had then; deputies count as both."""
    matter = _batch(fact, situation)
    if matter is None or not _secret(fact, situation):
        return frozenset()
    return frozenset({matter.opened_by}) | (matter.approval.persons if matter.approval else frozenset())


def destroyer_took_part(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Nobody destroys privately: who applied or approved does not destroy (clause g.2)."""
    assert isinstance(fact, Witnessed)
    return _who(fact.destroyer, situation) if fact.destroyer in _took_part(fact, situation) else None


def supervisor_took_part(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """A supervisor neither applied nor approved (clause g.5)."""
    assert isinstance(fact, Witnessed)
    taken = _took_part(fact, situation)
    return next((_who(one, situation) for one in fact.supervisors if one in taken), None)


def witness_left(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Everybody who signs is still here."""
    assert isinstance(fact, Witnessed | HandedToCentre)
    if not _secret(fact, situation):
        return None
    return next((found for one in _persons(fact) if (found := people.left(one, situation))), None)


def witness_not_cleared(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Who has the things in hand, or watches, is cleared for the highest of them."""
    assert isinstance(fact, Witnessed | HandedToCentre)
    matter = _batch(fact, situation)
    if matter is None:
        return None
    return next((found for one in _persons(fact) if (found := people.not_cleared(one, matter.level, situation))), None)


def witnesses_sign(_carrier: Carrier, fact: Fact, situation: Situation) -> Iterable[int]:
    """Destroyer and supervisors sign (clause g.5)."""
    assert isinstance(fact, Witnessed)
    return (fact.destroyer, *fact.supervisors) if _secret(fact, situation) else ()


def persons_differ(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """One batch is destroyed by the same persons from its first item to its certificate."""
    assert isinstance(fact, Witnessed)
    first = _body(fact, situation).witnesses
    return None if first is None or (first.destroyer, first.supervisors) == (fact.destroyer, fact.supervisors) else {}


def method_not_approved(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """By the method that was approved (clause g.1)."""
    assert isinstance(fact, Destroyed)
    line = situation.line(fact)
    listed = "" if line is None else method_of(line)
    return None if fact.method == listed else {"method": fact.method, "listed": listed}


def other_disposal(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """What was approved for the designated unit is not destroyed on site, nor the reverse (clause g.1)."""
    approved = _body(fact, situation).disposal
    fit = methods.ON_SITE if isinstance(fact, DestructionCarriedOut) else methods.CENTRE
    return None if approved == fit else {"disposal": approved}


def not_received(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """What goes to the designated unit is destroyed after its receipt (clause g.7)."""
    body = _body(fact, situation)
    if not _secret(fact, situation) or body.disposal != methods.CENTRE:
        return None
    return None if body.hand_over is not None and body.hand_over.receipt else {}


def items_differ(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """The number on the paper is the number on the list."""
    assert isinstance(fact, DestructionCarriedOut | CertifiedByCentre | HandedToCentre)
    count = _count(fact, situation, "checked" if isinstance(fact, HandedToCentre) else "destroyed")
    return None if fact.items == count > 0 else {"items": fact.items, "count": count}


def day_impossible(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """The day on the centre's certificate is a day, and not in the future."""
    assert isinstance(fact, CertifiedByCentre)
    try:
        fit = date.fromisoformat(fact.destroyed_on).isoformat() == fact.destroyed_on <= situation.day
    except ValueError:
        fit = False
    return None if fit else {"value": fact.destroyed_on}


# The way to the centre (clause g.7).


def escorts_too_few(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Two distinct escorts at least (clause g.7)."""
    assert isinstance(fact, HandedToCentre)
    count = len(set(fact.escorts))
    return None if count >= 2 or not _secret(fact, situation) else {"count": count}


def escorts_sign(_carrier: Carrier, fact: Fact, situation: Situation) -> Iterable[int]:
    """Who hands over and who takes over sign (clause g.7); for every item, those of its batch."""
    if not _secret(fact, situation):
        return ()
    given = _body(fact, situation).hand_over
    escorts = fact.escorts if isinstance(fact, HandedToCentre) else given.escorts if given else ()
    return (*escorts, situation.subject.person)


def not_all_gone(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """The whole list left before it is received."""
    count = _count(fact, situation, "checked")
    return {"count": count} if count else None


def receipt_differs(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """The centre counted what left: what is short is looked into first (clause g.7)."""
    assert isinstance(fact, ReceivedByCentre)
    count = _count(fact, situation, "handed_over")
    return None if fact.counted == count else {"counted": fact.counted, "count": count}
