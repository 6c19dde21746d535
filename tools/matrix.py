"""The matrix of role × act × state, drawn from the routes, the table of acts and the tables of the books."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from api.acts.routes import DECLARED, DRAWN
from custody import rules
from custody.access import Grant, Permission, Role, Subject, may
from custody.approval import steps_of
from custody.carrier import CarrierState
from custody.entries import CarrierFact, Fact
from custody.entries.approvals import ApprovalAsked, Approved, Declined, Withdrawn
from custody.life_cycle import TRANSITIONS
from custody.matters import KINDS, Approval, Line, Matter, MatterKind
from custody.procedures import PERMISSIONS
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
_ANSWERS: tuple[type[Fact], ...] = (ApprovalAsked, Approved, Declined, Withdrawn)


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
    for name, value in (("matter", 1), ("carrier", 1), ("unit", 1), ("level", "internal"), ("step", step)):
        if name in fact.__dataclass_fields__:
            object.__setattr__(made, name, value)
    found: Fact = made
    return found


def _matter(kind: MatterKind, status: str) -> Matter:
    approval = None
    if kind.route:
        approval = Approval(kind.route, steps_of(kind.route), 99, _NOW, _NOW, 30)
    over = status in kind.ends or status in ("declined", "withdrawn")
    return Matter(1, "X-1", kind.key, status, 1, "internal", 99, _NOW, None, None, approval, {}, _NOW if over else None)


def _carrier(fact: type[Fact]) -> CarrierState | None:
    """A carrier in a state from which the fact can happen, so that only role and matter are judged."""
    if not issubclass(fact, CarrierFact):
        return None
    before = next(iter(TRANSITIONS[fact]))
    described = Description("N-1", 1, 1, "T", "document", "internal", Period("none"), Scope(("all",)), 1)
    return None if before is None else CarrierState(1, described, "legacy", before, matter=1)


def subject(role: Role) -> Subject:
    """Somebody with one role for the whole house, cleared for everything."""
    return Subject(1, "somebody", (Grant(role),), 9, frozenset({"all"}), None, matters=frozenset({1}))


def judged(kind: MatterKind, fact: type[Fact], status: str | None, role: Role) -> str:
    """What the books say of the role and the states alone: empty, or the code of what stands against it."""
    matter = None if status is None else _matter(kind, status)
    step = matter.approval.awaited if matter and matter.approval else ""
    made, carrier = _bare(fact, step), _carrier(fact)
    before = next((one for one in kind.lines.get(fact, {None: ""}) if one is not None), None)
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
    try:
        found = rules.refusals((), PERMISSIONS, carrier, made, situation)
    except NotFound:
        return "not_found"
    return found[0].code if found else ""


def possible(kind: MatterKind, fact: type[Fact], role: Role) -> list[str]:
    """Statuses in which the role may enter the fact; `—`: before there is a matter."""
    every: Sequence[str | None] = (None, *statuses(kind))
    return [status or "—" for status in every if judged(kind, fact, status, role) == ""]


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
    for kind in KINDS.values():
        lines += ["", f"## `{kind.key}`", "", _row("fact", *(HEADS[role] for role in ROLES[:7]), "in status")]
        lines.append(_row(*["---"] * 9))
        for fact in facts_of(kind):
            by_role = {role: possible(kind, fact, role) for role in ROLES}
            where = next((found for found in by_role.values() if found), [])
            cells = ("●" if by_role[role] else "" for role in ROLES[:7])
            lines.append(_row(f"`{fact.kind}`", *cells, ", ".join(where)))
    lines += ["", "The three administrators and the device enter none of these.", "", "## Routes that change something"]
    lines += ["", "Pages and calls drawn from the table of acts ask for the act's own permission: "]
    lines[-1] += ", ".join(f"`{method} {path}`" for method, path in sorted(DRAWN)) + ". The others:"
    lines += ["", _row("route", *(HEADS[role] for role in ROLES)), _row(*["---"] * (len(ROLES) + 1))]
    lines += list(_routes())
    return "\n".join([*lines, ""])


def _routes() -> Iterator[str]:
    for (method, path), needed in sorted(DECLARED.items(), key=lambda row: (row[0][1], row[0][0])):
        cells = ("●" if not needed or _any(role, needed) else "" for role in ROLES)
        yield _row(f"`{method} {path}`", *cells)


def _any(role: Role, needed: Sequence[Permission]) -> bool:
    return any(may(subject(role), one) for one in needed)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
