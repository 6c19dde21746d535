"""From hand to hand: who signs beside the acting person, and that it is another (clause b.1).

The other hand is a person of the house, or somebody without an account, by name, before a witness of the house.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from custody.entries import Fact
from custody.entries.dispatch import Dispatched, ReceiptOpened
from custody.procedures import people
from custody.register import CarrierState
from custody.rules import Check, Params, Rule, Situation, named


@dataclass(frozen=True, slots=True)
class Hand:
    """The other hand. `field`: what its name is called in a refusal."""

    field: str
    person: int | None
    name: str
    witness: int | None

    @property
    def signer(self) -> int | None:
        """Who signs: the person, or the witness where the person is nobody of the house."""
        return self.person if self.person is not None else self.witness


def hand_of(fact: Fact) -> Hand:
    """The other hand of a fact."""
    if isinstance(fact, ReceiptOpened):
        return Hand("delivered_by", fact.delivered_by, fact.delivered_by_name, fact.witness)
    assert isinstance(fact, Dispatched)
    return Hand("taken_by", fact.taken_by, fact.taken_by_name, fact.witness)


def name_of(person: int | None, situation: Situation) -> Params:
    """The blanks of a person's name, known or not."""
    known = situation.directory.persons.get(person or 0)
    return named(known) if known else {"person": str(person), "person_en": str(person)}


def _unclear(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """Either a person of the house, or a name and a witness; never both, never nobody."""
    hand = hand_of(fact)
    if (hand.person is None) == (not hand.name.strip()):
        return {"field": hand.field}
    return {"field": "witness"} if hand.person is None and hand.witness is None else None


def _of_signer(judge: Callable[[int, Situation], Params | None]) -> Check:
    def check(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
        signer = hand_of(fact).signer
        return None if signer is None else judge(signer, situation)

    return check


def _same(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Nobody hands over to himself, nor is witness of what he does."""
    signer = hand_of(fact).signer
    return name_of(signer, situation) if signer == situation.subject.person else None


def actor_and(other: Callable[[Fact, Situation], int | None]) -> Callable[..., Iterable[int]]:
    """The acting person and another, where there is one in the directory, sign."""

    def both(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
        person = other(fact, situation)
        unknown = person is None or person not in situation.directory.persons
        return (situation.subject.person,) if unknown else (situation.subject.person, person)  # type: ignore[return-value]  # an unknown person is left out

    return both


def rules(facts: tuple[type[Fact], ...]) -> tuple[Rule, ...]:
    """Whose hands it went through is clear, and they are two (clause b.1)."""
    return (
        Rule("b.1", "receiver_unclear", facts, _unclear),
        Rule("", "reference_unknown", facts, _of_signer(people.unknown)),
        Rule("b.1", "receiver_left", facts, _of_signer(people.left)),
        Rule("b.1", "same_hands", facts, _same),
    )
