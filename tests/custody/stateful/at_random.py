"""Acts at random, drawn from the tables: whoever, whatever, about anything that there is.

Nothing here knows what is lawful. It knows the shape of every fact, which facts the tables of a matter's kind hold
in its present status, and which persons, places and carriers there are; whether an act is entered is for the rules.
A new kind of fact is tried as soon as it is in the vocabulary.
"""

import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Union, get_args, get_origin, get_type_hints

from custody.access import Permission, Role, Subject, may
from custody.approval import asked
from custody.entries import COMING, FACTS, CarrierFact, Corrected, Fact, MatterFact, MatterOpened
from custody.entries.approvals import ApprovalAsked, Approved, Declined, Withdrawn
from custody.entries.base import Delegated, DelegationEnded
from custody.entries.disposition import LossOpened
from custody.life_cycle import TRANSITIONS, Status
from custody.matters import KIND_OF, KINDS, Line, Matter
from custody.procedures import ACTS, PERMISSIONS
from custody.register import CarrierState
from custody.rules import NotFound, Refused
from custody.store import queries
from custody.store.matters import load_matters
from custody.store.projection import load_states
from custody.values import DAY, Delegation, Description, Instant, Period, Scope
from tests.builders import (
    CLERK,
    CLERK_2,
    COMMITTEE,
    LEADER,
    MANAGER,
    PEOPLE,
    READING,
    SECRECY_OFFICE,
    SECRETARY,
    SHELF,
    SHELF_2,
    TODAY,
    Archive,
    description,
    signatures,
    subject,
)
from tests.custody.stateful.likely import Choose, laid_over

_ANSWERS: Mapping[str, list[type[Fact]]] = {
    "draft": [ApprovalAsked, ApprovalAsked],
    "asked": [Approved] * 6 + [Declined],
    "approved": [Withdrawn],
}
"""By status of a matter that needs approval; more often what leads on."""


ACTORS: Sequence[Subject] = (
    *(CLERK, CLERK, CLERK, CLERK_2, MANAGER, LEADER, COMMITTEE, SECRECY_OFFICE, SECRETARY),
    *(subject(name, Role.BORROWER) for name in ("chen", "zhao")),
)
PERSONS = tuple(PEOPLE[name] for name in ("chen", "zhao", "sun", "leader", "committee", "clerk2", "manager", "secrecy"))
PLACES = (SHELF, SHELF, SHELF_2, READING)
PERSON_NAMES = frozenset(
    {
        *("holder", "person", "reader", "brought_by", "listener", "speaker", "in_charge", "giver", "receiver", "head"),
        *("keeper", "office", "successor", "chair", "secretary", "deputy", "discovered_by", "destroyer", "received_by"),
        *("bearer", "confirmed_by", "delivered_by", "taken_by"),
        *("escort", "witness", "in_hand_of", "on_behalf_of"),
    }
)
PLACE_NAMES = frozenset({"place", "venue", "home"})
BODY_NAMES = frozenset({"organisation", "producer", "recipient", "addressee", "sender", "copier"})
ISSUER = "部机关"
TEXTS: Mapping[str, Sequence[str]] = {
    "method": ("shred", "pulp", "burn"),
    "disposal": ("on_site", "on_site", "centre"),
    "bag": ("B1",),
    "container": ("X-07",),
    "seal": ("S1",),
    "seat": ("1", "2", "3"),
    "means": ("eye", "scan"),
    "title_number": ("1",),
    "notes": ("forbidden", "registered"),
    "issuer": (ISSUER,),
    "shortness": ("missing",),
    "reason": ("有理由", "leaves", "changes_post"),
    "epc": ("3414F4A2FFFF000000000001",),
}
WORDS = ("有理由", "另有说明")
OPEN_MAX = 5
"""Matters open at once: chance that opens ever more gets nowhere in any."""
MATTERS_MAX = 2_000
"""Identifiers looked through; a run reserves fewer."""


@dataclass
class Chance:
    """An archive in which somebody does something, again and again."""

    archive: Archive
    carriers: list[int]
    actors: Sequence[Subject] = ACTORS
    """Who acts."""
    signers: tuple[int, ...] = tuple(PEOPLE.values())
    """Who is there to sign with them."""
    entered: dict[str, int] = field(default_factory=dict)
    """Facts entered, by kind."""
    refused: int = 0
    before: Mapping[str, int] = field(default_factory=dict)
    """The same of other archives: what was seldom entered is drawn more often."""

    def somebody_acts(self, choose: Choose, opening: type[Fact] | None = None) -> str:
        """One act is drawn and tried; the kind of its first fact, or what stood against it. `opening`: one of these."""
        made = None if opening is None else self._make(choose, opening, None, None)
        facts = [made] if made else self._draw(choose)
        if not facts:
            return "nothing"
        actor = self.archive.present(
            choose(self._likely(facts[0]) if choose((True, True, True, True, False)) else self.actors)
        )
        kind = choose(_letters_for(facts[0]))
        now = self.archive.books.clock()
        everybody = choose((True, True, True, False))
        signers = self.signers if everybody else (actor.person,)
        try:
            self.archive.books.enter(actor, facts, act=kind, signatures=signatures(facts, now, *signers))
        except (Refused, NotFound):
            self.refused += 1
            return "refused"
        for fact in facts:
            self.entered[fact.kind] = self.entered.get(fact.kind, 0) + 1
            if isinstance(fact, COMING):
                self.carriers.append(fact.carrier)  # type: ignore[attr-defined]  # a fact about a carrier
        return facts[0].kind

    def _likely(self, fact: Fact) -> Sequence[Subject]:
        """Those whose roles open the act: most acts are tried by somebody who may."""
        needed = PERMISSIONS.get(type(fact))
        permission = needed if needed is None or isinstance(needed, Permission) else needed(fact)
        return [who for who in self.actors if permission is not None and may(who, permission)] or self.actors

    def states(self) -> dict[int, CarrierState]:
        """Every carrier as the register has it."""
        with self.archive.books.database.reading() as connection:
            return load_states(connection, self.carriers)

    def matters(self) -> dict[int, Matter]:
        """Every matter as the register has it."""
        with self.archive.books.database.reading() as connection:
            return load_matters(connection, range(1, MATTERS_MAX))

    def lines(self, matter: int) -> list[Line]:
        """A matter's lines."""
        with self.archive.books.database.reading() as connection:
            return queries.all_lines(connection, matter)

    # Drawing.

    def _draw(self, choose: Choose) -> list[Fact]:
        open_matters = [matter for matter in self.matters().values() if not matter.ended]
        what = choose(("house", "house", "open", *(["matter"] * 9), "undo"))
        if what == "open" and len(open_matters) >= OPEN_MAX:
            what = "matter"
        if what == "undo":
            return self._undone(choose)
        if what == "matter" and open_matters:
            return self._in_matter(choose, choose(open_matters))
        kinds = list(KIND_OF) if what == "open" else [k for k in FACTS.values() if "matter" not in _hints(k)]
        kind = self._seldom(choose, kinds)
        if kind is Corrected:
            return self._undone(choose)
        made = self._make(choose, kind, None, None)
        return [made] if made else []

    def _seldom(self, choose: Choose, kinds: Sequence[type[Fact]]) -> type[Fact]:
        """Of two drawn, the one that was entered less often."""
        ordered = sorted(kinds, key=lambda one: one.kind)
        two = (choose(ordered), choose(ordered))
        return min(two, key=lambda one: self.entered.get(one.kind, 0) + self.before.get(one.kind, 0))

    def _undone(self, choose: Choose) -> list[Fact]:
        try:
            return self.archive.books.undo([choose(self.carriers)], choose(WORDS))
        except NotFound:
            return []

    def _in_matter(self, choose: Choose, matter: Matter) -> list[Fact]:
        """A step that the kind's table holds now: on one of its carriers, on all that stand alike, or on itself."""
        kind = KINDS[matter.kind]
        steps = [f for f, moves in kind.transitions.items() if matter.status in moves]
        steps += [f for f in kind.lines if f not in kind.transitions]
        if kind.route:
            steps += _ANSWERS.get(matter.status, [])
        if not steps:
            return []
        step = self._seldom(choose, steps)
        if not issubclass(step, CarrierFact):
            made = self._make(choose, step, matter, None)
            return [made] if made else []
        carriers = self._eligible(kind.lines.get(step, {}), matter, step)
        if not carriers:
            return []
        chosen = carriers if choose((True, True, False)) else [choose(carriers)]
        memory: dict[str, Any] = {}
        facts = [f for c in chosen if (f := self._make(choose, step, matter, c, memory)) is not None]
        endings = [f for f in kind.transitions if issubclass(f, MatterFact) and not issubclass(f, MatterOpened)]
        if facts and endings and choose((True, False)):
            last = self._make(choose, choose(sorted(endings, key=lambda one: one.kind)), matter, None, memory)
            facts += [last] if last else []
        return facts

    def _eligible(self, moves: Mapping[str | None, str], matter: Matter, step: type[CarrierFact]) -> list[int]:
        lines = {line.carrier: line.state for line in self.lines(matter.id)}
        states = self.states()
        return [
            carrier
            for carrier in self.carriers
            if (lines.get(carrier) in moves if moves else True) and states[carrier].status in TRANSITIONS.get(step, {})
        ]

    def _make(
        self,
        choose: Choose,
        kind: type[Fact],
        matter: Matter | None,
        carrier: int | None,
        memory: dict[str, Any] | None = None,
    ) -> Fact | None:
        """A fact of this kind, its fields drawn; what was drawn once for an act (`memory`) is the same throughout."""
        now, scheme = self.archive.books.clock(), self.archive.scheme
        if kind is ApprovalAsked:
            route = KINDS[matter.kind].route_of(matter) if matter else "destruction"
            return asked(matter.id if matter else 1, route or "destruction", scheme, now, urgent=choose((True, False)))
        if kind in (Delegated, DelegationEnded):
            return self._delegation(choose, kind)
        memory = {} if memory is None else memory
        values: dict[str, Any] = {}
        for name, hint in _hints(kind).items():
            if name == "carrier" and kind in COMING:
                values[name] = self.archive.books.reserve("carrier", 1)[0]
            elif hint is Description:
                values[name] = self._described(choose, matter, values["carrier"])
            elif name == "carrier":
                values[name] = carrier if carrier is not None else choose(self.carriers)
            elif name == "matter":
                opens = issubclass(kind, MatterOpened) or matter is None
                values[name] = self.archive.matter() if opens else matter.id  # type: ignore[union-attr]
            elif name in memory:
                values[name] = memory[name]
            else:
                values[name] = self._value(choose, name, hint, matter, carrier, now, kind)
                if name in {"destroyer", "supervisors", "escorts", "method", "giver", "receiver", "witness"}:
                    memory[name] = values[name]
        if kind is LossOpened:
            values["due_at"] = values["discovered_at"] + scheme.number("loss_report_hours") * DAY // 24
        if "title_number" in values:
            values["title_number"] = self.states()[values["carrier"]].description.control_number
        return laid_over(kind(**values), choose, self)

    def _described(self, choose: Choose, matter: Matter | None, carrier: int) -> Description:
        """What comes in: as the matter's own body has it where it says so, else as one of the carriers that are."""
        known = choose([*self.states().values()]).description
        told = description(f"R-{carrier}", level=known.level, scope=known.scope.principals, unit=1)
        body = matter.body if matter else None
        names = [one.name for one in fields(Description) if hasattr(body, one.name)]
        told = replace(told, **{name: getattr(body, name) for name in names})
        copies = getattr(body, "quantity", 1)
        if isinstance(told.scope, tuple):
            told = replace(told, scope=Scope(told.scope))
        return replace(told, copies=copies, copy_number=choose(range(1, copies + 1)))

    def _delegation(self, choose: Choose, kind: type[Fact]) -> Fact:
        now = self.archive.books.clock()
        if kind is DelegationEnded:
            return DelegationEnded(choose((1, 2)), choose(WORDS))
        number = self.archive.books.reserve("delegation", 1)[0]
        giver, deputy = choose((MANAGER, LEADER, COMMITTEE)).person, choose(PERSONS)
        return Delegated(Delegation(number, giver, deputy, ("approve_leader", "approve_unit"), now, now + DAY, "出差"))

    def _value(
        self, choose: Choose, name: str, hint: Any, matter: Matter | None, carrier: int | None, now: Instant, kind: Any
    ) -> Any:
        origin, args = get_origin(hint), get_args(hint)
        if origin is typing.Literal:
            return choose(args)
        if origin in (Union, types.UnionType):
            if choose((True, False, False) if name != "received_by" else (True, False)):
                return None
            return self._value(choose, name, next(a for a in args if a is not type(None)), matter, carrier, now, kind)
        if name == "step" and matter is not None and matter.approval is not None:
            return matter.approval.awaited or "office"
        if origin is tuple:
            return self._several(choose, name, args[0], matter, carrier, now, kind)
        if hint is bool:
            return choose((True, False))
        if hint is int:
            return self._number(choose, name, matter, carrier, now)
        if hint is str:
            return self._text(choose, name)
        if hint is Period:
            return choose((Period("maximum"), Period("years", "5"), Period("none")))
        if hint is Scope:
            return Scope(("all",))
        if isinstance(hint, type) and is_dataclass(hint):
            values = get_type_hints(hint)
            return hint(
                **{
                    one.name: self._value(choose, one.name, values[one.name], matter, carrier, now, kind)
                    for one in fields(hint)
                }
            )
        raise TypeError(f"{kind.kind}.{name}: nothing is known to draw for {hint}")

    def _several(
        self, choose: Choose, name: str, each: Any, matter: Matter | None, carrier: int | None, now: Instant, kind: Any
    ) -> tuple[Any, ...]:
        if each is int and name in ("carriers", "found", "sources", "copies"):
            lines = [line.carrier for line in self.lines(matter.id)] if matter else self.carriers
            return tuple(lines[: choose((1, 2, 3))])
        if each is int and name in ("places",):
            return (choose((SHELF, SHELF_2)),)
        if each is int:
            first = choose(range(len(PERSONS)))
            return tuple(PERSONS[(first + at) % len(PERSONS)] for at in range(2))
        if each is str:
            return {"equipment": ("none",), "steps": ("office",)}.get(name, ())
        return (self._value(choose, name, each, matter, carrier, now, kind),) if choose((True, False)) else ()

    def _number(self, choose: Choose, name: str, matter: Matter | None, carrier: int | None, now: Instant) -> int:
        if name in PERSON_NAMES:
            held = [line.person for line in self.lines(matter.id) if line.carrier == carrier] if matter else []
            return choose([*PERSONS, *(p for p in held if p is not None)])
        if name in BODY_NAMES:
            return choose((1, 1, 2, 3))
        if name in PLACE_NAMES:
            return choose(PLACES)
        if name == "attendee" and matter is not None:
            listed: list[int] = [one.number for one in getattr(matter.body, "attendees", ())]
            return choose([*listed, *listed, len(listed) + 1])
        if name == "unit":
            return choose((1, 1, 4))
        if name.endswith("_at") or name == "until":
            ahead = (1, 2, 24, 240) if name not in ("discovered_at", "reported_at") else (-1, 0)
            return now + choose(ahead) * DAY // 24
        if name in ("items", "counted", "papers", "returned", "incidents", "taken_back") and matter is not None:
            return choose([matter.lines_total, *matter.counts.values(), 0])
        if name in ("pages", "pages_counted"):
            return choose((12, 12, 11))
        if name == "year":
            return 2026
        if name == "former":
            return choose(self.carriers)
        return choose((1, 2, 3))

    def _text(self, choose: Choose, name: str) -> str:
        if name in TEXTS:
            return choose(TEXTS[name])
        if name == "level":
            return choose(("top_secret", "top_secret", "top_secret", "secret"))
        if name in ("on", "archive_by") or name.endswith("_on"):
            return TODAY
        if name in ("cleared_from", "cleared_until", "name_en"):
            return ""
        return choose(WORDS)


def _hints(kind: type[Fact]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {one.name: hints[one.name] for one in fields(kind)}


def _letters_for(fact: Fact) -> Sequence[str]:
    """Kinds of act: any will do, for the number is not what is tried; taking over has rights of its own."""
    _ = fact
    return [kind for kind in ACTS if kind not in ("directory", "take_in")][:3]


# What must hold, whatever was entered.


def broken(chance: Chance, destroyed_before: set[int]) -> Iterator[str]:
    """Everything that must never be, and is. `destroyed_before` grows with what is destroyed now."""
    states = chance.states()
    for carrier, state in states.items():
        if carrier in destroyed_before and state.status is not Status.DESTROYED:
            yield f"carrier {carrier} was destroyed and is {state.status}"
        if state.status is Status.DESTROYED:
            destroyed_before.add(carrier)
            if state.place is not None or state.holder is not None:
                yield f"carrier {carrier} is destroyed and present"
        if state.holder is not None and state.place is not None and state.status is not Status.ON_LOAN:
            # A loan that is read in the reading room has both.
            yield f"carrier {carrier} is in hand and in a place"
        if state.status is Status.IN_PLACE and state.holder is not None:
            yield f"carrier {carrier} is in place and in hand"
        if state.status is Status.ON_LOAN and state.holder is None:
            yield f"carrier {carrier} is on loan to nobody"
    yield from _two_hands(chance, states)
    with chance.archive.books.database.reading() as connection:
        counted = sum(queries.status_counts(connection, CLERK).values())
    if counted != len(chance.carriers):
        yield f"the balance does not close: {len(chance.carriers)} came in, {counted} are counted"


_IN_HAND = frozenset({"with_reader", "handed_out", "taken_back"})


def _two_hands(chance: Chance, states: Mapping[int, CarrierState]) -> Iterator[str]:
    """The line of a matter and the register name the same holder; no carrier is bound to two open matters."""
    bound: dict[int, list[str]] = {}
    for matter in chance.matters().values():
        if matter.ended:
            continue
        for line in chance.lines(matter.id):
            state = states[line.carrier]
            if KINDS[matter.kind].binds and state.matter == matter.id:
                bound.setdefault(line.carrier, []).append(matter.number)
            here = state.matter == matter.id and state.status in (Status.IN_CIRCULATION, Status.IN_MEETING)
            if here and line.state in _IN_HAND and line.person is not None and state.holder != line.person:
                yield f"carrier {line.carrier}: {matter.number} says {line.person}, the register {state.holder}"
    for carrier, numbers in bound.items():
        if len(numbers) > 1:
            yield f"carrier {carrier} is bound to {', '.join(numbers)}"
