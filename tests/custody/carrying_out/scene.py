"""A permit to carry out, and the words for what is done under it.

    permit = a_permit(archive, carrier).approved()
    permit.lets_out(carrier)
    permit.takes_back(carrier)
    permit.confirms()

Chen of the research department asks for himself; the clerk lets out and takes back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from custody.access import Role, Subject
from custody.approval import asked, steps_of
from custody.entries import Fact
from custody.entries.approvals import Approved
from custody.entries.carrying_out import (
    BroughtBack,
    CarriedOut,
    CarriedOver,
    ItineraryConfirmed,
    ItineraryLeg,
    LegTold,
    Packed,
    PermitListed,
    PermitOpened,
    StayedOut,
)
from custody.matters import Line, Matter
from custody.matters.carrying_out import Permit
from custody.store.books import Receipt
from custody.values import DAY
from tests.builders import (
    CLERK,
    COMMITTEE,
    LEADER,
    MANAGER,
    PEOPLE,
    SECRECY_OFFICE,
    SHELF,
    Archive,
    subject,
)

CHEN = subject("chen", Role.BORROWER)
ZHAO = subject("zhao", Role.BORROWER)
CASE = "X-07"
GATE = 10
"""The portal of the archive."""
STEPS: dict[str, Subject] = {
    "unit": MANAGER,
    "office": SECRECY_OFFICE,
    "committee": COMMITTEE,
    "leader": LEADER,
}
"""Who gives which step."""


def leg(day: str = "2026-11-20", **changes: Any) -> ItineraryLeg:
    """From the institute to the ministry by train, and a secure room there; anything may be changed."""
    plain: dict[str, Any] = {
        "day": day,
        "origin": "远山院",
        "to": "部机关",
        "means": "train",
        "stay": "secure_room",
        "where": "部机关保密室",
    }
    return ItineraryLeg(**(plain | changes))


BACK = leg("2026-11-22", origin="部机关", to="远山院", stay="none", where="")


@dataclass
class Scene:
    """One permit and its people."""

    archive: Archive
    id: int
    bearer: str = "chen"

    @property
    def matter(self) -> Matter:
        """The matter as the register has it."""
        return self.archive.the_matter(self.id)

    @property
    def body(self) -> Permit:
        """What the permit knows."""
        found: Permit = self.matter.body
        return found

    def line(self, carrier: int) -> Line:
        """Where a carrier is in it."""
        return self.archive.line(self.id, carrier)

    def enter(self, facts: Sequence[Fact], act: str, *others: int | str, by: Subject = CLERK, **more: Any) -> Receipt:
        """Enter an act on the permit, signed by who acts and by these others."""
        return self.archive.enter(self.archive.present(by), list(facts), act, *others, **more)

    def asks(self, by: Subject | None = None) -> "Scene":
        """Approval is asked for by the permit's own route."""
        now = self.archive.books.clock()
        self.enter([asked(self.id, self.body.route, self.archive.scheme, now)], "approval", by=by or self.opener)
        return self

    @property
    def opener(self) -> Subject:
        """Who asked for the permit."""
        known = {one.person: one for one in (CLERK, CHEN, ZHAO)}
        return known[self.matter.opened_by]

    def approves(self, *steps: str) -> "Scene":
        """These steps are given, each by whose it is."""
        for step in steps:
            self.enter([Approved(self.id, step)], "approval", by=STEPS[step])
        return self

    def approved(self) -> "Scene":
        """Asked, and every step given."""
        return self.asks().approves(*steps_of(self.body.route))

    def out(self, carrier: int, **changes: Any) -> CarriedOut:
        """The fact that a carrier leaves at the desk; anything may be changed."""
        body = self.body
        plain: dict[str, Any] = {"bearer": body.bearer, "container": body.container, "due_at": body.until_at}
        return CarriedOut(carrier, self.id, **(plain | changes))

    def packed(self, carrier: int, **changes: Any) -> Packed:
        """The fact that a carrier was packed to leave by the portal."""
        body = self.body
        return Packed(carrier, self.id, **({"container": body.container, "due_at": body.until_at} | changes))

    def lets_out(self, *carriers: int) -> Receipt:
        """The clerk lets carriers out at the desk, the bearer signs."""
        return self.enter([self.out(one) for one in carriers], "carry_out", self.bearer)

    def packs(self, *carriers: int) -> Receipt:
        """The clerk packs carriers with the bearer, who signs."""
        return self.enter([self.packed(one) for one in carriers], "permit_pack", self.bearer)

    def leaves_by_portal(self, *carriers: int, **more: Any) -> Receipt:
        """The clerk enters what the portal heard."""
        return self.enter([self.out(one, portal=GATE) for one in carriers], "carry_out", **more)

    def back(self, carrier: int, **changes: Any) -> BroughtBack:
        """The fact that a carrier is back, its pages counted."""
        pages = self.archive.state(carrier).description.pages
        plain: dict[str, Any] = {"place": SHELF, "brought_by": PEOPLE[self.bearer], "pages_counted": pages}
        return BroughtBack(carrier, self.id, **(plain | changes))

    def takes_back(self, *carriers: int) -> Receipt:
        """The clerk takes carriers back from the bearer, both signing."""
        return self.enter([self.back(one) for one in carriers], "bring_back", self.bearer)

    def confirmed(self, **changes: Any) -> ItineraryConfirmed:
        """The fact that the way went as declared; anything may be changed."""
        kept = tuple(LegTold(number, True) for number in range(1, len(self.body.itinerary) + 1))
        plain: dict[str, Any] = {"confirmed_by": PEOPLE[self.bearer], "legs": kept, "straight": True}
        return ItineraryConfirmed(self.id, **(plain | changes))

    def confirms(self, **changes: Any) -> Receipt:
        """The bearer confirms the way at the desk; the permit is closed."""
        return self.enter([self.confirmed(**changes)], "permit_close", self.bearer)

    def goes_on(self, former: "Scene", *carriers: int) -> list[Fact]:
        """The facts by which carriers stay out under this permit."""
        facts: list[Fact] = []
        for one in carriers:
            facts += [CarriedOver(one, former.id, self.id), StayedOut(one, self.id, former.id, self.body.until_at)]
        return facts


def opened(archive: Archive, matter: int, **changes: Any) -> PermitOpened:
    """Chen to the ministry for three days from now, with a locked case; anything may be changed."""
    now = archive.books.clock()
    plain: dict[str, Any] = {
        "unit": 4,
        "level": "secret",
        "bearer": PEOPLE["chen"],
        "escorts": (),
        "purpose": "方案评审汇报",
        "destination": "部机关",
        "container": CASE,
        "from_at": now,
        "until_at": now + 3 * DAY,
        "itinerary": (leg(), BACK),
    }
    return PermitOpened(matter, **(plain | changes))


def a_permit(archive: Archive, *carriers: int, by: Subject = CHEN, **changes: Any) -> Scene:
    """A permit drafted that names these carriers."""
    matter = archive.matter()
    fact = opened(archive, matter, **changes)
    facts: list[Fact] = [fact, *(PermitListed(one, matter) for one in carriers)]
    archive.enter(archive.present(by), facts, "permit")
    name = next(name for name, person in PEOPLE.items() if person == fact.bearer)
    return Scene(archive, matter, name)
