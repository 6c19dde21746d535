"""One case of every deadline that letters a, b, e, i and j know: begun, and late some days later."""

from dataclasses import dataclass

from custody.clock import day
from custody.entries import Shelved
from custody.entries.disclosure import ProvisionClosed
from custody.entries.dispatch import DispatchClosed, DistributionCounted
from custody.entries.production import IntermediateKept, LabelsAllotted
from custody.store.queries import all_lines
from tests.builders import CLERK, CORRIDOR, PEOPLE, SHELF, Archive, epc_of
from tests.custody.carrying_out.scene import a_permit, leg
from tests.custody.disclosure.scene import back, outside
from tests.custody.dispatch.scenes import OUTSIDE, a_distribution, acknowledged, bodies, lent, under_way
from tests.custody.entry.scene import a_visit, answered_for, goes_in, goes_out, issued
from tests.custody.production import scene as production
from tests.reconcile.findings.scene import Scene


@dataclass(frozen=True, slots=True)
class Begun:
    """A matter, and the carrier in it that the finding is about, if any."""

    matter: int
    carrier: int | None = None


def an_intermediate(archive: Archive) -> Begun:
    """A draft of an order that is closed: to be preserved or destroyed within days."""
    order = production.approved_order(archive, quantity=1, control_number=f"P-{archive.matter()}")
    production.copies(archive, order, 1)
    draft = production.intermediate(archive, order)
    if archive.state(draft).place is None:
        archive.enter(CLERK, [Shelved(draft, SHELF)], "shelve")
    archive.enter(CLERK, production.closing(archive, order), "production_close")
    return Begun(order, draft)


def a_parcel(archive: Archive) -> Begun:
    """On its way to the ministry."""
    bodies(archive)
    return Begun(under_way(archive, archive.carriers(1, scope=OUTSIDE)))


def a_collection(archive: Archive) -> Begun:
    """A copy handed out until a day."""
    (one,) = archive.carriers(1)
    number = archive.state(one).description.control_number
    matter = a_distribution(archive, [one], number, collect_by=archive.due(10))
    archive.enter(CLERK, [lent(archive, matter, one, "chen", 5)], "distribution", "chen")
    archive.enter(CLERK, [DistributionCounted(matter)], "distribution_end")
    return Begun(matter)


def a_journey(archive: Archive) -> Begun:
    """Out of the house on a permit."""
    carrier = archive.carrier()
    today = day(archive.books.clock(), archive.scheme.timezone)
    permit = a_permit(archive, carrier, itinerary=(leg(today),)).approved()
    permit.lets_out(carrier)
    return Begun(permit.id, carrier)


def a_provision(archive: Archive) -> Begun:
    """With another body until a day."""
    carrier = archive.carrier()
    return Begun(outside(archive, [carrier]), carrier)


def a_visitor(archive: Archive) -> Begun:
    """In the store room, to be out by the end of the day."""
    answered_for(archive, STORE)
    return Begun(goes_in(archive, a_visit(archive, place=STORE)))


def preserve(archive: Archive, begun: Begun) -> None:
    """The intermediate is kept, with a reason, by leave of the manager."""
    kept = IntermediateKept(begun.carrier or 0, begun.matter, PEOPLE["manager"], "留存备查")
    archive.enter(CLERK, [kept], "intermediate_keep", "manager")


def arrive(archive: Archive, begun: Begun) -> None:
    """The parcel is acknowledged."""
    with archive.books.database.reading() as connection:
        (line,) = all_lines(connection, begun.matter)
    archive.enter(CLERK, [acknowledged(begun.matter, line.carrier), DispatchClosed(begun.matter)], "delivery")


def give_back(archive: Archive, begun: Begun) -> None:
    """The other body has given it back."""
    facts = [back(begun.matter, begun.carrier or 0), ProvisionClosed(begun.matter)]
    archive.enter(CLERK, facts, "provision_return")


def leave(archive: Archive, begun: Begun) -> None:
    """The visitor is signed out."""
    goes_out(archive, begun.matter, 1)


def texts(archive: Archive) -> None:
    """An undertaking and a reminder to be signed for by everybody."""
    issued(archive, "undertaking")
    issued(archive, "reminder", "手机不得带入涉密场所。")


def a_label(scene: Scene) -> tuple[int, str]:
    """A label given out for an order, heard in the corridor for half a day; gives the order and the EPC."""
    order = production.approved_order(scene.archive, quantity=2, control_number=f"L-{scene.archive.matter()}")
    epc = epc_of(900_000 + order)
    scene.archive.enter(CLERK, [LabelsAllotted(order, (epc,))], "production_labels")
    return order, epc


def heard_for_long(scene: Scene, epc: str, hours: int = 6) -> None:
    """The label lies where a reader hears it."""
    scene.heard(epc, CORRIDOR, seconds=hours * 3_600)
    scene.sighting(epc, CORRIDOR, seconds_ago=hours * 3_600, reads=3)
    scene.sighting(epc, CORRIDOR, reads=3)


STORE = 3
"""The strong room."""
TRAVELLER = PEOPLE["chen"]
