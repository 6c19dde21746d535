"""The steps of setting a house up, as a table: whose each is, where it is done, and how one sees that it is. Pure.

Nothing is ticked by hand: a step is done when the house is as it should be, and to do again when it is so no longer.
Only what a house may do without can be called not needed, by whose step it is, with the reason.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from custody.access import Permission, Role
from reconcile.store.plans import Waiver

P = Permission
ROLES_NEEDED = (Role.CLERK, Role.SECRECY_OFFICE, Role.MANAGER, Role.LEADER)
"""Business roles without which the ordinary course of things stands still: who lends, watches, approves, decides."""


@dataclass(frozen=True, slots=True)
class House:
    """What is there, in figures and names of roles. Of carriers only what the visitor himself may see."""

    named: bool
    units: int = 0
    places: int = 0
    stores: int = 0
    unrated: int = 0
    """Places for storage without a rating."""
    unanswered: int = 0
    """Places rated for state secrets for which nobody answers, or nobody has signed."""
    people: int = 0
    carriers: int = 0
    labels: int = 0
    swept: bool = False
    texts_missing: int = 0
    unsigned: int = 0
    secrets_unchanged: int = 0
    """Administrators who still have the secret that was printed."""
    roles_missing: tuple[str, ...] = ()
    requests: int = 0
    protected: bool = False
    devices: int = 0
    readers: int = 0
    readers_silent: int = 0
    portals: int = 0
    portals_deaf: int = 0
    mail: bool = False
    calendar: bool = False
    backup: bool = False
    checkpoint: bool = False
    witnesses: int = 0
    cosigned: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """How a step stands; `code` names its words, `setup.<step>.<code>`, and `params` its blanks."""

    done: bool
    code: str
    params: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """`permission`: whose it is. `href`: where it is done; empty: on the server, as its words say. `also`: another way,
    address and key of its word. `waivable`: a house may do without.
    """

    key: str
    part: str
    permission: Permission
    href: str
    look: Callable[[House], Found]
    waivable: bool = False
    also: tuple[str, str] = ("", "")
    see: str = ""
    """Where it is seen once it is done, if that is another page."""


def _some(n: int) -> Found:
    return Found(n > 0, "done" if n else "todo", {"n": n})


def _whether(done: bool) -> Found:
    return Found(done, "done" if done else "todo")


def _none_left(total: int, left: int) -> Found:
    if not total:
        return Found(False, "todo", {"n": 0})
    return Found(not left, "left" if left else "done", {"n": left if left else total})


def _rated(house: House) -> Found:
    if not house.stores:
        return Found(False, "todo", {"n": 0})
    if house.unrated:
        return Found(False, "unrated", {"n": house.unrated})
    return Found(not house.unanswered, "left" if house.unanswered else "done", {"n": house.unanswered})


def _signed(house: House) -> Found:
    if house.texts_missing:
        return Found(False, "todo", {"n": house.texts_missing})
    return Found(not house.unsigned, "left" if house.unsigned else "done", {"n": house.unsigned})


def _roles(house: House) -> Found:
    return Found(not house.roles_missing, "left" if house.roles_missing else "done")


def _witness(house: House) -> Found:
    if not house.witnesses:
        return Found(False, "todo")
    return Found(house.cosigned, "done" if house.cosigned else "left")


PARTS = ("house", "carriers", "trust", "system", "radio", "accounts", "proof")
STEPS: tuple[Step, ...] = (
    Step(
        "units",
        "house",
        P.TAKE_IN,
        "/business/new/unit",
        lambda h: _some(h.units),
        also=("/import", "import"),
        see="/people",
    ),
    Step(
        "places",
        "house",
        P.TAKE_IN,
        "/business/new/place",
        lambda h: _some(h.stores),
        also=("/import", "import"),
        see="/places",
    ),
    Step("rated", "house", P.TAKE_IN, "/places?view=list", _rated),
    Step(
        "people",
        "house",
        P.TAKE_IN,
        "/business/new/person",
        lambda h: _some(h.people),
        also=("/import", "import"),
        see="/people",
    ),
    Step("import", "carriers", P.TAKE_IN, "/import", lambda h: _some(h.carriers), waivable=True, see="/carriers"),
    Step("labels", "carriers", P.TAKE_IN, "/commissioning", lambda h: _some(h.labels), waivable=True),
    Step("sweep", "carriers", P.TAKE_IN, "/rounds", lambda h: _whether(h.swept)),
    Step("undertakings", "trust", P.INSTRUCT, "/undertakings", _signed),
    Step("secrets", "system", P.MANAGE_ACCOUNTS, "/accounts", lambda h: _none_left(3, h.secrets_unchanged)),
    Step("scheme", "system", P.MANAGE_ACCOUNTS, "", lambda h: _whether(h.named)),
    Step("roles", "system", P.MANAGE_ACCOUNTS, "/accounts", _roles),
    Step("certificate", "system", P.MANAGE_ACCOUNTS, "/system", lambda h: _whether(h.protected), waivable=True),
    Step("calendar", "system", P.MANAGE_ACCOUNTS, "", lambda h: _whether(h.calendar), waivable=True),
    Step("mail", "system", P.MANAGE_ACCOUNTS, "", lambda h: _whether(h.mail), waivable=True),
    Step("backup", "system", P.MANAGE_ACCOUNTS, "/backups", lambda h: _whether(h.backup)),
    Step("device", "radio", P.MANAGE_ACCOUNTS, "/readers", lambda h: _some(h.devices), waivable=True),
    Step(
        "readers",
        "radio",
        P.MANAGE_ACCOUNTS,
        "/readers/new",
        lambda h: _none_left(h.readers, h.readers_silent),
        waivable=True,
        see="/readers",
    ),
    Step(
        "portal", "radio", P.MANAGE_ACCOUNTS, "/readers", lambda h: _none_left(h.portals, h.portals_deaf), waivable=True
    ),
    Step(
        "requests",
        "accounts",
        P.APPROVE_ACCOUNTS,
        "/accounts/requests",
        lambda h: (
            Found(not h.requests and not h.roles_missing, "left" if h.requests else "done", {"n": h.requests})
            if h.requests or not h.roles_missing
            else Found(False, "todo")
        ),
    ),
    Step("checkpoint", "proof", P.SEE_LOGS, "/proof", lambda h: _whether(h.checkpoint)),
    Step("witness", "proof", P.SEE_LOGS, "/proof", _witness),
)
del P
BY_KEY = {step.key: step for step in STEPS}


@dataclass(frozen=True, slots=True)
class Line:
    """A step as it is shown: `state` is done, todo, or waived."""

    step: Step
    found: Found
    state: str
    waiver: Waiver | None = None


def lines(house: House, mine: Sequence[Step], waived: Mapping[str, Waiver]) -> list[Line]:
    """How these steps stand. What is there after all is done, whatever was said before."""
    shown = []
    for step in mine:
        found = step.look(house)
        said = waived.get(step.key) if step.waivable and not found.done else None
        shown.append(Line(step, found, "waived" if said else "done" if found.done else "todo", said))
    return shown
