"""The mechanism of refusal: a rule is a pure function with its clause; an act is refused where one objects.

The page's dashed button and the server's stop ask the same `refusals`. Rules themselves stand with their letter
in `custody/procedures/`, as rows of a table; `regulations` says which clause each keeps.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field

from custody.access import INSTALLATION, Permission, Subject, answers_for, may, sees
from custody.entries import (
    Borrowed,
    CarrierFact,
    Fact,
    Imported,
    PersonRecorded,
    PlaceRecorded,
    Shelved,
    TagBound,
    UnitRecorded,
)
from custody.life_cycle import after
from custody.register import CarrierState, Directory
from custody.scheme import Scheme
from custody.values import Instant

Params = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an act cannot be entered: the clause, a code of the catalogue, and what fills its blanks.

    `clause` is empty where no regulation speaks, only good order (a number taken twice, a state that forbids).
    """

    clause: str
    code: str
    params: Params = field(default_factory=dict)


class Refused(Exception):
    """The act was not entered and nothing changed. `refusals` says why; `at` is the index of the refused fact
    among those given, `carrier` the carrier it is about, if any.
    """

    def __init__(self, refusals: Iterable[Refusal], at: int = 0, carrier: int | None = None) -> None:
        self.refusals = tuple(refusals)
        self.at = at
        self.carrier = carrier
        super().__init__("; ".join(f"{r.clause or '-'} {r.code} {dict(r.params)}" for r in self.refusals))


class NotFound(Exception):
    """No such thing, or not within the subject's scope: the two are never told apart."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What rules may know besides the carrier: who acts, when, the scheme, the directory, and looked-up facts.

    `day` is today's ISO date in the organisation's time zone. The looked-up maps hold what the store fetched
    for the facts at hand: overdue loans by person, the carrier that an EPC is or was bound to, numbers taken,
    the codes of the directory (by kind: `unit`, `place`, `person`).
    `happened_at` is given where the act is entered later than it happened. `taking_over`: the act brings in the
    directory or the ledger kept before, which is told as it was.
    """

    subject: Subject
    scheme: Scheme
    directory: Directory
    now: Instant
    day: str
    overdue_loans: Mapping[int, int] = field(default_factory=dict)
    epcs_known: Mapping[str, int] = field(default_factory=dict)
    numbers_taken: Set[tuple[str, int]] = frozenset()
    codes_taken: Mapping[tuple[str, str], int] = field(default_factory=dict)
    happened_at: Instant | None = None
    taking_over: bool = False

    @property
    def at(self) -> Instant:
        """When the act happened."""
        return self.now if self.happened_at is None else self.happened_at


Check = Callable[[CarrierState | None, Fact, Situation], Params | None]
"""None where nothing stands against it; else what fills the blanks of the refusal's words."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One way of refusing: keeps the means `refuse` of its clause, for these kinds of fact."""

    clause: str
    code: str
    facts: tuple[type[Fact], ...]
    check: Check


TAKEN_OVER = (UnitRecorded, PlaceRecorded, PersonRecorded, Imported, TagBound, Shelved, Borrowed)
"""What the installation itself may enter, while taking over."""


def _for_installation(carrier: CarrierState | None, fact: Fact, situation: Situation) -> bool:
    """The installation enters the directory and legacy carriers, in taking over, and nothing else."""
    return (
        situation.subject == INSTALLATION
        and situation.taking_over
        and isinstance(fact, TAKEN_OVER)
        and (carrier is None or carrier.origin == "legacy")
    )


def _permitted(
    permissions: Mapping[type[Fact], Permission], carrier: CarrierState | None, fact: Fact, situation: Situation
) -> bool:
    permission = permissions.get(type(fact))
    if permission is None or not may(situation.subject, permission):
        return False
    if carrier is None:
        return True
    return answers_for(situation.subject, permission, carrier.description.unit, situation.directory)


def refusals(
    rules: Iterable[Rule],
    permissions: Mapping[type[Fact], Permission],
    carrier: CarrierState | None,
    fact: Fact,
    situation: Situation,
) -> tuple[Refusal, ...]:
    """Everything that stands against entering this fact now; empty means it may be entered.

    Order: sight, permission, life cycle, then the rules. The later are asked only when the former are silent, so
    that a rule may rely on them, and nobody learns of a carrier that he may not see. Raises NotFound for that,
    and for a carrier that is not in the register: the two are never told apart.
    """
    if carrier is None and isinstance(fact, CarrierFact) and after(fact, None) is None:
        raise NotFound
    if not _for_installation(carrier, fact, situation):
        if carrier is not None and not sees(situation.subject, carrier, situation.scheme):
            raise NotFound
        if not _permitted(permissions, carrier, fact, situation):
            return (Refusal("", "not_permitted", {"act": fact.kind}),)
    if isinstance(fact, CarrierFact) and after(fact, carrier.status if carrier else None) is None:
        return (Refusal("", "state", {"act": fact.kind, "status": carrier.status if carrier else "unknown"}),)
    found = []
    for rule in rules:
        if isinstance(fact, rule.facts):
            params = rule.check(carrier, fact, situation)
            if params is not None:
                found.append(Refusal(rule.clause, rule.code, params))
    return tuple(found)
