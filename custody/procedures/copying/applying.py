"""What is asked of an application to copy: what, how many, where, by whom, for whom, with whose leave.

Each check gives None where nothing stands against the fact, else what fills the blanks of the refusal.
"""

from custody.carrier import CarrierState
from custody.classification import is_day
from custody.effects.copying import COPYABLE
from custody.entries import Fact
from custody.entries.copying import Copied, CopiesMade, CopyingOpened, IssuerAgreed, SourceListed
from custody.procedures import organisations, people, places
from custody.procedures.copying.grounds import Carrier, body_at, known, matter_at, rank, secret, to_copy
from custody.rules import Params, Situation

COPIES_MAX = 10_000


# The application.


def copies_impossible(_carrier: Carrier, fact: Fact, _situation: Situation) -> Params | None:
    """At least one copy, and no absurd number."""
    assert isinstance(fact, CopyingOpened)
    return None if 1 <= fact.copies <= COPIES_MAX else {"count": fact.copies, "max": COPIES_MAX}


def copier_unclear(_carrier: Carrier, fact: Fact, _situation: Situation) -> Params | None:
    """Either a place of the house or another body; never both, never nowhere."""
    assert isinstance(fact, CopyingOpened)
    return {} if (fact.place is None) == (fact.organisation is None) else None


def place_unknown(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CopyingOpened)
    return None if fact.place is None else places.unknown_place(fact.place, situation)


def place_too_low(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """What is secret is copied and scanned where it may be read, and nowhere else (daily rule 7)."""
    found = _place_and_level(fact, situation)
    if found is None or found[0] is None or not secret(fact, situation):
        return None
    return places.rated_below(found[0], found[1], situation)


def off_premises(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Nor at home, however that is rated (daily rule 3)."""
    assert isinstance(fact, CopyingOpened)
    return None if fact.place is None or not secret(fact, situation) else places.off_premises(fact.place, situation)


def _place_and_level(fact: Fact, situation: Situation) -> tuple[int | None, str] | None:
    if isinstance(fact, CopyingOpened):
        return (fact.place, fact.level) if known(fact.level, situation) else None
    matter, body = matter_at(fact, situation), body_at(fact, situation)
    return None if matter is None or body is None else (body.place, matter.level)


def body_unknown(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CopyingOpened)
    return None if fact.organisation is None else organisations.unknown_body(fact.organisation, situation)


def _copier(fact: Fact, situation: Situation) -> tuple[int | None, str] | None:
    """Which body copies (None: the house), and at which level; None where nothing is to be asked."""
    if not secret(fact, situation):
        return None
    if isinstance(fact, CopyingOpened):
        return fact.organisation, fact.level
    matter, body = matter_at(fact, situation), body_at(fact, situation)
    return None if matter is None or body is None else (body.organisation, matter.level)


def unlicensed(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Another body copies by licence alone; and so does the house where it is itself a business unit (clause d.3)."""
    asked = _copier(fact, situation)
    if asked is None or (asked[0] is None and not situation.scheme.business_unit):
        return None
    if asked[0] is not None and asked[0] not in situation.directory.organisations:
        return None
    return organisations.unlicensed("reproduction", asked[0], asked[1], situation)


def ownership_forbidden(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    asked = _copier(fact, situation)
    return None if asked is None or asked[0] is None else organisations.ownership_forbidden(asked[0], situation)


def recipient_unknown(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CopyingOpened)
    return people.unknown(fact.recipient, situation)


def recipient_left(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    recipient = _recipient(fact, situation)
    return None if recipient is None else people.left(recipient, situation)


def _recipient(fact: Fact, situation: Situation) -> int | None:
    if isinstance(fact, CopyingOpened):
        return fact.recipient
    body = body_at(fact, situation)
    return None if body is None else body.recipient


def recipient_not_cleared(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Copies are for somebody who may know them."""
    recipient, state = _recipient(fact, situation), _as_if(carrier, fact)
    if recipient is None or state is None or not known(state.description.level, situation):
        return None
    return people.not_cleared(recipient, state.description.level, situation)


def recipient_outside(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    recipient, state = _recipient(fact, situation), _as_if(carrier, fact)
    if recipient is None or state is None or not known(state.description.level, situation):
        return None
    return people.outside_scope(recipient, state, situation)


def _as_if(carrier: Carrier, fact: Fact) -> Carrier:
    """The source that is listed, or the copy as it is about to be."""
    if isinstance(fact, Copied):
        return CarrierState(fact.carrier, fact.description, "copied", COPYABLE[0])
    return carrier


def not_the_opener(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    matter = matter_at(fact, situation)
    return None if matter is None or situation.subject.person == matter.opened_by else {}


def telegram_elsewhere(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Coded telegrams are copied by the cipher department for itself, by its own people (clause d.2)."""
    matter, body = matter_at(fact, situation), body_at(fact, situation)
    if matter is None or body is None or not _telegrams(carrier, fact, situation):
        return None
    if body.organisation is not None or not _cipher(matter.unit, situation):
        unit = situation.directory.units.get(matter.unit)
        return {"unit": unit.code if unit else str(matter.unit)}
    hands = [one.operator for one in situation.facts if isinstance(one, CopiesMade) and one.matter == matter.id]
    for person in hands if isinstance(fact, Copied) else ():
        known = situation.directory.persons.get(person)
        if known is not None and not _cipher(known.unit, situation):
            unit = situation.directory.units.get(known.unit or 0)
            return {"unit": unit.code if unit else ""}
    return None


def _telegrams(carrier: Carrier, fact: Fact, situation: Situation) -> bool:
    sources = to_copy(carrier, fact, situation)
    return any(one.description.kind == "telegram" and rank(one.description.level, situation) for one in sources)


def _cipher(unit: int | None, situation: Situation) -> bool:
    units = situation.directory.units
    return any(units[one].code in situation.scheme.cipher_units for one in situation.directory.units_above(unit))


# The authority that issued it (clause d.1).


def issuer_differs(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Whose paper it is is said as the register has it: so nobody leaves the authority out."""
    assert isinstance(fact, SourceListed | IssuerAgreed)
    issuer = "" if carrier is None else carrier.description.issuer.strip()
    told = fact.issuer if isinstance(fact, SourceListed) else fact.authority
    if isinstance(fact, SourceListed) and not secret(fact, situation):
        return None
    return None if told.strip() == issuer else {"issuer": issuer or "—"}


def agreed_day_wrong(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, IssuerAgreed)
    return None if is_day(fact.on) and fact.on <= situation.day else {"value": fact.on}


def issuer_unanswered(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """What another authority issued is copied with its leave, which is there before the house is asked."""
    body = body_at(fact, situation)
    if body is None or not body.unanswered or not secret(fact, situation):
        return None
    return {"count": len(body.unanswered)}


def too_few_sources(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Something is copied; a compilation is of two at least."""
    body = body_at(fact, situation)
    if body is None:
        return None
    needed = 2 if body.manner == "compilation" else 1
    return None if len(body.sources) >= needed else {"count": needed}
