"""Ways to what is grave, each with its parts: who asks, who approves, who carries out, who stands by and signs.

A `Way` says which parts one person may play together; any other two are played by two, whatever roles and accounts
the one has. `play` goes a way with whoever is cast, as far as the books let it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from custody.access import Role
from custody.approval import asked, steps_of
from custody.entries import Fact
from custody.entries.approvals import Approved
from custody.entries.carrying_out import PermitListed
from custody.entries.copying import SourceListed
from custody.entries.disclosure import ProvisionListed
from custody.entries.dispatch import DispatchListed, ParcelSealed, ScopeWidened, WideningListed, WideningOpened
from custody.entries.disposition import ChangeProposed
from custody.rules import Refused
from tests.builders import CLERK, PEOPLE, Archive, subject
from tests.custody.carrying_out import scene as e
from tests.custody.copying import scenes as d
from tests.custody.disclosure import scene as i
from tests.custody.dispatch import scenes as b
from tests.custody.disposition import scenes as f
from tests.custody.production import scene as a

STEP_ROLES: Mapping[str, Role] = {
    "unit": Role.MANAGER,
    "office": Role.SECRECY_OFFICE,
    "committee": Role.SECRECY_COMMITTEE,
    "leader": Role.LEADER,
}
LAWFUL: Mapping[str, str] = {
    "applicant": "clerk",
    "unit": "manager",
    "office": "secrecy",
    "committee": "committee",
    "leader": "leader",
    "doer": "clerk2",
    "packer": "secretary",
    "other": "chen",
}
"""A person for every part."""
DEPUTY = "zhao"
"""Plays no part, and stands for whoever delegated to him."""
APART = frozenset(
    {"same_person", "same_hands", "same_traveller", "approver_copies", "copier_alone", "permit_took_part"}
    | {"giver_took_part", "approver_produces"}
)
"""Codes of the rules that want distinct persons."""
PLAIN = frozenset({("applicant", "doer"), ("applicant", "other")})
"""Whoever asked may carry out what others approved, and stand by: what many ways allow."""
WITNESS = frozenset((part, "other") for part in ("applicant", "office", "leader"))
"""Whoever asked or approved may stand by where another hands over."""


@dataclass
class Cast:
    """Who plays which part; a step may be given by a deputy (`standing`: step -> the deputy)."""

    archive: Archive
    parts: Mapping[str, str]
    standing: Mapping[str, str] = field(default_factory=dict)
    matter: int = 0
    """What they went about, once they did."""

    def does(self, part: str, role: Role, facts: Sequence[Fact], act: str, *others: str) -> None:
        """The person of a part acts in a role, others of the cast sign too."""
        who = self.archive.present(subject(self.parts[part], role))
        self.archive.enter(who, facts, act, *(self.parts[one] for one in others))

    def person(self, part: str) -> int:
        """Who plays it."""
        return PEOPLE[self.parts[part]]

    def gives(self, matter: int, step: str) -> None:
        """A step is given by whom the part is, or in the stead of that person."""
        deputy = self.standing.get(step)
        role = STEP_ROLES[step]
        if deputy is None:
            self.does(step, role, [Approved(matter, step)], "approval")
            return
        stood_for = Approved(matter, step, self.person(step))
        self.archive.enter(self.archive.present(subject(deputy, role, Role.CLERK)), [stood_for], "approval")


Begin = Callable[[Cast, int, list[int]], None]
"""The applicant writes the application down (matter, its carriers)."""
End = Callable[[Cast, int, list[int]], None]
"""What was approved is carried out."""


@dataclass(frozen=True)
class Way:
    """One way: its route, its parts besides the steps, the pairs of parts that may be one person."""

    route: str
    begin: Begin
    end: End
    rest: tuple[str, ...] = ("doer",)
    together: frozenset[tuple[str, str]] = frozenset({("applicant", "doer")})
    persons: int = 3
    """Distinct persons that the regulations want at least."""
    carriers: int = 1
    scope: tuple[str, ...] = ("all",)
    happened: Callable[[Archive, int, list[int]], bool] = lambda archive, matter, _carriers: (
        archive.the_matter(matter).status not in ("draft", "asked", "approved")
    )

    @property
    def parts(self) -> tuple[str, ...]:
        """Whoever takes part, in order."""
        return ("applicant", *steps_of(self.route), *self.rest)

    def may_be_one(self, one: str, other: str) -> bool:
        """Whether these two parts may be played by one person."""
        return (one, other) in self.together or (other, one) in self.together


def play(way: Way, archive: Archive, cast: Cast) -> tuple[str, ...]:
    """Go the whole way; what stood against it, empty where it was gone to its end."""
    carriers = archive.carriers(way.carriers, scope=way.scope) if way.carriers else []
    matter = cast.matter = archive.matter()
    codes: tuple[str, ...] = ()
    try:
        way.begin(cast, matter, carriers)
        request = asked(matter, way.route, archive.scheme, archive.books.clock())
        cast.does("applicant", Role.CLERK, [request], "approval")
        for step in steps_of(way.route):
            cast.gives(matter, step)
        way.end(cast, matter, carriers)
    except Refused as refused:
        codes = tuple(one.code for one in refused.refusals)
    assert way.happened(archive, matter, carriers) == (not codes)
    return codes


def groupings(parts: Sequence[str], persons: int) -> Iterator[list[list[str]]]:
    """Every way to share the parts out among exactly so many persons."""
    if not parts:
        if persons == 0:
            yield []
        return
    first, *rest = parts
    for shared in groupings(rest, persons - 1):
        yield [[first], *shared]
    for shared in groupings(rest, persons):
        for at in range(len(shared)):
            yield [*shared[:at], [first, *shared[at]], *shared[at + 1 :]]


# What is done on each way.


def _clerk(cast: Cast, facts: Sequence[Fact], act: str, *others: str) -> None:
    cast.does("applicant", Role.CLERK, facts, act, *others)


def _copy(manner: Any) -> Begin:
    def begin(cast: Cast, matter: int, carriers: list[int]) -> None:
        facts: list[Fact] = [replace(d.opened(cast.archive, manner, copies=1), matter=matter)]
        _clerk(cast, facts + [SourceListed(one, matter) for one in carriers], "copying")

    return begin


def _copied(cast: Cast, matter: int, carriers: list[int]) -> None:
    whole = len(carriers) > 1
    named = {"control_number": f"YS-2026-H{matter:04d}"} if whole else {}
    facts = d.copied(cast.archive, matter, carriers, **named)
    facts.append(d.made(matter, operator=cast.person("doer"), witness=cast.person("other")))
    cast.does("doer", Role.CLERK, facts, "copy", "other")


def _permit(**changes: Any) -> Begin:
    def begin(cast: Cast, matter: int, carriers: list[int]) -> None:
        facts: list[Fact] = [e.opened(cast.archive, matter, bearer=cast.person("other"), **changes)]
        _clerk(cast, facts + [PermitListed(one, matter) for one in carriers], "permit")

    return begin


def _carried(cast: Cast, matter: int, carriers: list[int]) -> None:
    permit = e.Scene(cast.archive, matter, cast.parts["other"])
    cast.does("doer", Role.CLERK, [permit.out(one) for one in carriers], "carry_out", "other")


def _through_the_portal(cast: Cast, matter: int, carriers: list[int]) -> None:
    permit = e.Scene(cast.archive, matter, cast.parts["other"])
    for one in carriers:  # what is packed is in the bearer's hands
        cast.archive.borrow(one, cast.parts["other"], by=subject(DEPUTY, Role.CLERK))
    try:
        cast.does("packer", Role.CLERK, [permit.packed(one) for one in carriers], "permit_pack", "other")
        cast.does("doer", Role.CLERK, [permit.out(one, portal=e.GATE) for one in carriers], "carry_out")
    except Refused:
        for one in carriers:
            cast.archive.give_back(one)
        raise


def _parcel(cast: Cast, matter: int, carriers: list[int]) -> None:
    facts: list[Fact] = [b.parcel_for(matter, cast.archive)]
    _clerk(cast, facts + [DispatchListed(one, matter) for one in carriers], "dispatch")


def _sent(cast: Cast, matter: int, carriers: list[int]) -> None:
    # Anybody may seal; who hands over is asked for.
    cast.archive.enter(CLERK, [ParcelSealed(matter, f"P-{matter}", "F-3001")], "dispatch_seal")
    facts = [b.handed(matter, one, witness=cast.person("other")) for one in carriers]
    cast.does("doer", Role.CLERK, facts, "dispatch_send", "other")


def _sent_happened(archive: Archive, matter: int, _carriers: list[int]) -> bool:
    return archive.the_matter(matter).status == "under_way"


def _more_to_know(cast: Cast, matter: int, carriers: list[int]) -> None:
    (carrier,) = carriers
    number = cast.archive.state(carrier).description.control_number
    opened = WideningOpened(matter, 1, "secret", number, ("unit:4",), "联合攻关", "柳望川")
    _clerk(cast, [opened, WideningListed(carrier, matter)], "widening")


def _widened(cast: Cast, matter: int, carriers: list[int]) -> None:
    cast.does("doer", Role.CLERK, [ScopeWidened(one, matter, ("unit:4",)) for one in carriers], "widening")


def _widened_happened(archive: Archive, _matter: int, carriers: list[int]) -> bool:
    return all("unit:4" in archive.state(one).description.scope.principals for one in carriers)


def _order(cast: Cast, matter: int, _carriers: list[int]) -> None:
    _clerk(cast, [a.ordered(matter, control_number=f"YS-2026-Z{matter:04d}", quantity=1)], "production")


def _produced(cast: Cast, matter: int, _carriers: list[int]) -> None:
    made = a.a_copy(cast.archive, matter, 1)
    cast.does("doer", Role.CLERK, [made, a.Shelved(made.carrier, a.SHELF)], "produce")


def _produced_happened(archive: Archive, matter: int, _carriers: list[int]) -> bool:
    return archive.the_matter(matter).count("registered") == 1


def _provision(**changes: Any) -> Begin:
    def begin(cast: Cast, matter: int, carriers: list[int]) -> None:
        body = 3  # the institute of `stage`
        facts: list[Fact] = [i.proposed(cast.archive, matter, body, **changes)]
        _clerk(cast, facts + [ProvisionListed(one, matter) for one in carriers], "provision")

    return begin


def _for_good(cast: Cast, matter: int, carriers: list[int]) -> None:
    facts = [i.for_good(matter, one, witness=cast.person("other")) for one in carriers]
    cast.does("doer", Role.CLERK, facts, "provide", "other")


def _told(cast: Cast, matter: int, _carriers: list[int]) -> None:
    fact = i.told(cast.archive, matter, speaker=cast.person("doer"), witness=cast.person("other"))
    cast.does("doer", Role.CLERK, [fact], "provide_information", "other")


def _change(cast: Cast, matter: int, carriers: list[int]) -> None:
    facts: list[Fact] = [f.change_opened(matter)]
    facts += [ChangeProposed(one, matter, "confidential", f.TEN_YEARS) for one in carriers]
    _clerk(cast, facts, "reclassification")


def _changed(cast: Cast, matter: int, carriers: list[int]) -> None:
    facts = [f.carried_out(matter, one, "confidential") for one in carriers]
    cast.does("doer", Role.CLERK, facts, "reclassification")


def _changed_happened(archive: Archive, _matter: int, carriers: list[int]) -> bool:
    return all(archive.state(one).description.level == "confidential" for one in carriers)


def stage(archive: Archive) -> None:
    """Other bodies: a ministry and an embassy (1, 2), and an institute with an agreement (3)."""
    b.bodies(archive)
    assert i.partner(archive) == 3


_WITNESSED = ("doer", "other")
_FOREIGN = {"foreign": True, "precautions": "专用保密箱，双人"}
_ABROAD = {
    "abroad": True,
    "precautions": "专用保密箱",
    "authority_permit": "密出准1号",
    "authority_permit_on": "2026-11-10",
}
WAYS: Mapping[str, Way] = {
    "copying": Way("copying", _copy("copy"), _copied, _WITNESSED, PLAIN, 4),
    "compilation": Way("compilation", _copy("compilation"), _copied, _WITNESSED, PLAIN, 4, carriers=2),
    "carrying out at the desk": Way("carrying_out", _permit(), _carried, _WITNESSED, PLAIN, 4),
    "carrying out by the portal": Way(
        "carrying_out",
        _permit(mode="portal"),
        _through_the_portal,
        ("packer", *_WITNESSED),
        PLAIN | {("applicant", "packer"), ("packer", "doer")},
        4,
    ),
    "to foreign affairs": Way("carrying_out_foreign", _permit(**_FOREIGN), _carried, _WITNESSED, PLAIN, 4),
    "abroad": Way("carrying_abroad", _permit(**_ABROAD), _carried, _WITNESSED, PLAIN, 5),
    "dispatch to another body": Way(
        "dispatch", _parcel, _sent, _WITNESSED, PLAIN, 3, scope=b.OUTSIDE, happened=_sent_happened
    ),
    "widening": Way("widening", _more_to_know, _widened, scope=("unit:3",), happened=_widened_happened),
    "production": Way("production", _order, _produced, carriers=0, happened=_produced_happened),
    "provision for good": Way(
        "provision", _provision(terms="for_good", reason="随设备移交"), _for_good, _WITNESSED, WITNESS, 4
    ),
    "information told": Way(
        "provision", _provision(terms="told", information="试验条件"), _told, _WITNESSED, PLAIN | WITNESS, 3, carriers=0
    ),
    # The change is entered by the registry as it was approved, to the letter; it is the three who decide it.
    "change of level": Way(
        "reclassification",
        *(_change, _changed),
        together=frozenset((part, "doer") for part in ("applicant", "office", "committee")),
        happened=_changed_happened,
    ),
}
