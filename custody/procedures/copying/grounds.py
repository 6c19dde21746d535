"""What every check of copying asks first: the application, what it knows, the sources.

For internal carriers, which are no state secrets, only clause d.4 holds: the checks of the other clauses ask
`secret` first.
"""

from custody.carrier import CarrierState
from custody.entries import Fact
from custody.entries.copying import Copied, CopyingOpened
from custody.matters import KINDS, Matter
from custody.matters.copying import KEY, Copying
from custody.procedures.copying import inheriting
from custody.rules import Check, Params, Situation, named

Carrier = CarrierState | None


def matter_at(fact: Fact, situation: Situation) -> Matter | None:
    """The application that a fact belongs to; None where it is of another kind."""
    matter = situation.matter(fact)
    return matter if matter is not None and matter.kind == KEY else None


def body_at(fact: Fact, situation: Situation) -> Copying | None:
    """What it knows."""
    matter = matter_at(fact, situation)
    return None if matter is None else matter.body


def rank(level: str, situation: Situation) -> int:
    return inheriting.rank_of(level, situation.scheme)


def secret(fact: Fact, situation: Situation) -> bool:
    """Whether it is about state secrets: by the level of the application, which is its highest."""
    if isinstance(fact, CopyingOpened):
        return rank(fact.level, situation) > 0
    matter = matter_at(fact, situation)
    return matter is not None and rank(matter.level, situation) > 0


def by_route(route: str, check: Check) -> Check:
    """The check for applications on this route alone, so that the refusal quotes its clause."""

    def of_route(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
        matter = matter_at(fact, situation)
        if matter is None or KINDS[KEY].route_of(matter) != route:
            return None
        return check(carrier, fact, situation)

    return of_route


def said(*names: str) -> Check:
    """These texts of the fact are not empty."""

    def unsaid(_carrier: Carrier, fact: Fact, _situation: Situation) -> Params | None:
        return next(({"field": name} for name in names if not str(getattr(fact, name)).strip()), None)

    return unsaid


def who(person: int, situation: Situation) -> Params:
    known = situation.directory.persons.get(person)
    return named(known) if known else {"person": str(person), "person_en": str(person)}


def known(level: str, situation: Situation) -> bool:
    return level in {one.code for one in situation.scheme.levels}


def sources_of(fact: Fact, situation: Situation) -> list[CarrierState]:
    """The sources as the register has them, as far as there are such."""
    assert isinstance(fact, Copied)
    return [situation.states[one] for one in dict.fromkeys(fact.sources) if one in situation.states]


def to_copy(carrier: Carrier, fact: Fact, situation: Situation) -> list[CarrierState]:
    return sources_of(fact, situation) if isinstance(fact, Copied) else [carrier] if carrier else []
