"""The matrix of role × act × state, drawn from the routes, the table of acts and the tables of the books."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, Final

from api.acts.routes import DECLARED, DRAWN
from custody import rules
from custody.access import Grant, Permission, Role, Subject, may
from custody.approval import ROUTES, STEPS, steps_of
from custody.carrier import CarrierState
from custody.entries import CarrierFact, Copied, Fact, Produced
from custody.entries.approvals import ApprovalAsked, Approved, Declined, Withdrawn
from custody.entries.carrying_out import CarriedOut, Packed, StayedOut
from custody.entries.copying import CopiesMade
from custody.entries.destruction import CertifiedByCentre, Destroyed, DestructionCarriedOut, HandedToCentre, SetApart
from custody.entries.disclosure import (
    InformationProvided,
    ProlongationUsed,
    Provided,
    ProvidedForGood,
    ProvisionProlonged,
)
from custody.entries.dispatch import Dispatched, ScopeWidened
from custody.entries.disposition import Declassified, LevelChanged, Transferred
from custody.entries.production import CopySpoiled, IntermediateProduced
from custody.life_cycle import TRANSITIONS
from custody.matters import KINDS, Approval, Line, Matter, MatterKind
from custody.matters.model import Given
from custody.procedures import PERMISSIONS, RULES_FOR
from custody.register import Directory
from custody.rules import NotFound, Situation
from custody.scheme import Scheme
from custody.values import Description, Period, Scope, Unit

ROLES: Final = (
    Role.CLERK,
    Role.MEETING_SECRETARY,
    Role.MANAGER,
    Role.LEADER,
    Role.SECRECY_OFFICE,
    Role.SECRECY_COMMITTEE,
    Role.BORROWER,
    Role.SYSTEM_ADMINISTRATOR,
    Role.SECURITY_ADMINISTRATOR,
    Role.AUDITOR,
    Role.DEVICE,
)
HEADS: Mapping[Role, str] = {
    Role.CLERK: "clerk",
    Role.MEETING_SECRETARY: "meeting secretary",
    Role.MANAGER: "manager",
    Role.LEADER: "leader",
    Role.SECRECY_OFFICE: "secrecy office",
    Role.SECRECY_COMMITTEE: "committee",
    Role.BORROWER: "borrower",
    Role.SYSTEM_ADMINISTRATOR: "system adm.",
    Role.SECURITY_ADMINISTRATOR: "security adm.",
    Role.AUDITOR: "auditor",
    Role.DEVICE: "device",
}
_NOW = 1_000_000_000_000_000
_OF_THE_CARRIER = frozenset({"state", "line_state"})
"""Codes that may fall away with another state of the carrier or its line."""
_ANSWERS: tuple[type[Fact], ...] = (ApprovalAsked, Approved, Declined, Withdrawn)
UNAPPROVED: Final = frozenset(
    {"not_approved", "order_not_approved", "copying_not_approved", "permit_not_approved", "provision_unapproved"}
)
"""Codes of the rules that say, with their clause, that an approval is wanting, where the tables leave it to them."""
CHOSEN_BY: Mapping[str, Mapping[str, object]] = {
    "copying": {"manner": "copy"},
    "compilation": {"manner": "compilation"},
    "carrying_out": {},
    "carrying_out_foreign": {"foreign": True},
    "carrying_abroad": {"abroad": True},
}
"""Route -> what a matter says by which it goes that way, of kinds that choose."""
_OUT = (Packed, CarriedOut, StayedOut)
_COPIED = (Copied, CopiesMade)
GRAVE: Mapping[tuple[str, str], tuple[type[Fact], ...]] = {
    ("production", "production"): (Produced, IntermediateProduced, CopySpoiled),
    ("dispatch", "dispatch"): (Dispatched,),
    ("widening", "widening"): (ScopeWidened,),
    ("copying", "copying"): _COPIED,
    ("copying", "compilation"): _COPIED,
    ("carrying_out", "carrying_out"): _OUT,
    ("carrying_out", "carrying_out_foreign"): _OUT,
    ("carrying_out", "carrying_abroad"): _OUT,
    ("provision", "provision"): (Provided, ProvidedForGood, InformationProvided, ProvisionProlonged),
    ("prolongation", "provision"): (ProlongationUsed,),
    ("destruction", "destruction"): (*(SetApart, HandedToCentre, Destroyed, DestructionCarriedOut, CertifiedByCentre),),
    ("reclassification", "reclassification"): (LevelChanged, Declassified),
    ("transfer", "transfer"): (Transferred,),
}
"""Kind and route -> what is grave: it destroys, multiplies, lets out, or lets more people know."""
BY_PERSON: Final = frozenset({InformationProvided})
"""Grave, and anybody's part: that whoever approved it does not enter it is said of the person, by a rule."""


def statuses(kind: MatterKind) -> list[str]:
    """Every status that a kind of matter can have, in the order in which its table reaches them."""
    found: dict[str, None] = dict.fromkeys(["draft", "asked", "approved"] if kind.route else [])
    for moves in kind.transitions.values():
        found |= dict.fromkeys(after for after in moves.values() if after)
    return [*found, *(["declined", "withdrawn"] if kind.route else [])]


def facts_of(kind: MatterKind) -> list[type[Fact]]:
    """Every fact that a kind of matter knows."""
    return list(dict.fromkeys([*kind.transitions, *kind.lines, *(_ANSWERS if kind.route else ())]))


def _bare(fact: type[Fact], step: str) -> Fact:
    """A fact of which only matter, carrier, unit and step are said: all that roles and states look at."""
    made: Any = object.__new__(fact)
    for name, value in (("matter", 1), ("carrier", 1), ("unit", 1), ("level", "secret"), ("step", step)):
        if name in fact.__dataclass_fields__:
            object.__setattr__(made, name, value)
    found: Fact = made
    return found


def _empty(body_type: type, **said: object) -> Any:
    """A body of a matter that says this and nothing else: what has no default is empty by its kind of value."""
    made: Any = object.__new__(body_type)
    for one in fields(body_type):
        value = () if "tuple" in str(one.type) else 0 if str(one.type) in ("int", "Instant") else ""
        if one.default is not MISSING:
            value = one.default
        elif one.default_factory is not MISSING:
            value = one.default_factory()
        object.__setattr__(made, one.name, said.get(one.name, value))
    return made


def _matters(kind: MatterKind, status: str, route: str) -> Iterator[Matter]:
    """A matter of this kind, route and status; one that waits for approval, at each of its steps."""
    body = _empty(kind.body_type, **(CHOSEN_BY[route] if kind.choose else {}))
    over = _NOW if status in kind.ends or status in ("declined", "withdrawn") else None
    steps = steps_of(route) if route else ()
    whole = len(steps)
    for given in range(whole) if status in ("asked", "declined") else (whole,):
        by = tuple(Given(step, 90 + at, _NOW) for at, step in enumerate(steps[:given]))
        asked = Approval(route, steps, 99, _NOW, _NOW, 30, given=by) if route and status != "draft" else None
        made = Matter(1, "X-1", kind.key, status, 1, "secret", 99, _NOW, body, None, asked, {}, over)
        assert kind.route_of(made) == route, f"{kind.key}: CHOSEN_BY does not say how {route} is chosen"
        yield made


def _carriers(fact: type[Fact]) -> list[CarrierState | None]:
    """A carrier in each state from which the fact can happen, so that only role and matter are judged."""
    if not issubclass(fact, CarrierFact):
        return [None]
    described = Description("N-1", 1, 1, "T", "document", "secret", Period("maximum"), Scope(("all",)), 1)
    return [
        None if before is None else CarrierState(1, described, "legacy", before, matter=1)
        for before in TRANSITIONS[fact]
    ]


def subject(role: Role) -> Subject:
    """Somebody with one role for the whole house, cleared for everything."""
    return Subject(1, "somebody", (Grant(role),), 9, frozenset({"all"}), None, matters=frozenset({1}))


def judged(kind: MatterKind, fact: type[Fact], status: str | None, role: Role, route: str = "") -> str:
    """What the books say of the role, the states and the approval alone: empty, or the code of what stands against it.

    Asked of every state of the carrier and of its line from which the fact can happen, and of a matter at every step
    of its approval, until one lets it pass. `route`: one of the kind's routes; empty: the kind's first.
    """
    found = ""
    for matter in [None] if status is None else _matters(kind, status, route or kind.route):
        found = _judged_in(kind, fact, matter, role)
        if not found:
            return found
    return found


def _judged_in(kind: MatterKind, fact: type[Fact], matter: Matter | None, role: Role) -> str:
    found = ""
    for carrier in _carriers(fact):
        for before in kind.lines.get(fact, {None: ""}):
            found = _judged(fact, matter, role, carrier, before)
            if found not in _OF_THE_CARRIER:
                return found
    return found


def _judged(
    fact: type[Fact], matter: Matter | None, role: Role, carrier: CarrierState | None, before: str | None
) -> str:
    step = matter.approval.awaited if matter and matter.approval else ""
    made = _bare(fact, step)
    line = {} if before is None else {(1, 1): Line(1, 1, before)}
    situation = Situation(
        subject(role),
        Scheme(),
        Directory(units={1: Unit(1, "U", "U")}),
        _NOW,
        "2001-09-09",
        matters={} if matter is None else {1: matter},
        lines=line,
    )
    asking = [rule for rule in RULES_FOR[fact] if rule.code in UNAPPROVED]
    try:
        found = rules.refusals(asking, PERMISSIONS, carrier, made, situation)
    except NotFound:
        return "not_found"
    return found[0].code if found else ""


def possible(kind: MatterKind, fact: type[Fact], role: Role, route: str = "") -> list[str]:
    """Statuses in which the role may enter the fact; `—`: before there is a matter."""
    every: Sequence[str | None] = (None, *statuses(kind))
    return [status or "—" for status in every if judged(kind, fact, status, role, route) == ""]


def approvers(route: str) -> dict[str, list[Role]]:
    """The roles that give each step of a route."""
    return {step: [role for role in ROLES if may(subject(role), STEPS[step].permission)] for step in steps_of(route)}


def carriers_out(kind: MatterKind, route: str) -> dict[type[Fact], list[Role]]:
    """What is grave in a kind on a route, and the roles that may enter it in some status."""
    return {
        fact: [role for role in ROLES if possible(kind, fact, role, route)] for fact in GRAVE.get((kind.key, route), ())
    }


def page() -> str:
    """The matrix as a page."""
    lines = [
        "# Who may do what, in which state",
        "",
        "Generated by `python -m tools.make_docs` from the routes, the table of acts and the tables of the books: each "
        "cell is what the books themselves answer when asked. What a role may do is limited further by unit, "
        "clearance and scope, by the part one has in a matter, and by the rules of the clauses; above all by those "
        "that demand distinct persons.",
    ]
    lines += ["", "## Routes of approval", "", *_approvals()]
    for kind in KINDS.values():
        lines += ["", f"## `{kind.key}`", "", _row("fact", *(HEADS[role] for role in ROLES[:7]), "in status")]
        lines.append(_row(*["---"] * 9))
        for fact in facts_of(kind):
            lines += _cells(kind, fact)
    lines += ["", "The three administrators and the device enter none of these.", "", "## Routes that change something"]
    lines += ["", "Pages and calls drawn from the table of acts ask for the act's own permission: "]
    lines[-1] += ", ".join(f"`{method} {path}`" for method, path in sorted(DRAWN)) + ". The others:"
    lines += ["", _row("route", *(HEADS[role] for role in ROLES)), _row(*["---"] * (len(ROLES) + 1))]
    lines += list(_routes())
    return "\n".join([*lines, ""])


def _cells(kind: MatterKind, fact: type[Fact]) -> Iterator[str]:
    """The row of a fact; of a kind that chooses its route a row for every route on which it is another."""
    rows = {route: _by_role(kind, fact, route) for route in kind.every_route or ("",)}
    for route, cells in rows.items():
        if len(set(rows.values())) > 1:
            yield _row(f"`{fact.kind}` by `{route}`", *cells)
        elif route == kind.route:
            yield _row(f"`{fact.kind}`", *cells)


def _by_role(kind: MatterKind, fact: type[Fact], route: str) -> tuple[str, ...]:
    by_role = {role: possible(kind, fact, role, route) for role in ROLES}
    where = next((found for found in by_role.values() if found), [])
    return (*("●" if by_role[role] else "" for role in ROLES[:7]), ", ".join(where))


def _approvals() -> Iterator[str]:
    """A row for every route of every kind: who asks, who approves in which order, who carries out."""
    by_person = ", ".join(f"`{fact.kind}`" for fact in BY_PERSON)
    yield (
        "Whoever asked gives no step, and nobody gives two, by whatever role. No role that gives a step carries out, "
        f"but for {by_person}: there it is the persons who approved that are kept out."
    )
    yield ""
    yield _row("route", "clause", "kind", "asked by", "approved by", "carried out by")
    yield _row(*["---"] * 6)
    for route in ROUTES.values():
        for kind in KINDS.values():
            if route.key not in kind.every_route:
                continue
            asking = [role for role in ROLES if possible(kind, kind.opened, role, route.key)]
            steps = [f"{step}: {_named(roles)}" for step, roles in approvers(route.key).items()]
            done = [f"`{fact.kind}`: {_named(roles)}" for fact, roles in carriers_out(kind, route.key).items()]
            yield _row(
                *(f"`{route.key}`", route.clause, f"`{kind.key}`", _named(asking)),
                *(" → ".join(steps), "; ".join(done) or "—"),
            )


def _named(roles: Sequence[Role]) -> str:
    return ", ".join(HEADS[role] for role in roles)


def _routes() -> Iterator[str]:
    for (method, path), needed in sorted(DECLARED.items(), key=lambda row: (row[0][1], row[0][0])):
        cells = ("●" if not needed or _any(role, needed) else "" for role in ROLES)
        yield _row(f"`{method} {path}`", *cells)


def _any(role: Role, needed: Sequence[Permission]) -> bool:
    return any(may(subject(role), one) for one in needed)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
