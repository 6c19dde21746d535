"""What other pages show of the business: the acts on a carrier or a place, and the matters a carrier is in."""

from dataclasses import dataclass

from api.acts import acts_on
from api.acts.loans import InQueue, queue_shown
from api.acts.offering import Offer, offers
from api.acts.wording import act_words
from api.web.business.loading import ground_of
from api.web.business.matters import Look, matters_of_carrier
from api.web.visit import Visit
from custody.access import Permission
from custody.matters import Matter
from custody.register import Directory
from custody.store.queries import CarrierItem
from custody.values import Place


@dataclass(frozen=True, slots=True)
class CarrierBusiness:
    """A carrier's acts of the table, with their words, and its matters, the newest first.

    `queue`: who waits for it, for those who lend it; `unqueued`: whether they may be taken off.
    """

    offers: list[tuple[Offer, str]]
    matters: list[tuple[Matter, str, Look]]
    queue: list[InQueue]
    unqueued: bool


def business_of(visit: Visit, item: CarrierItem, directory: Directory) -> CarrierBusiness:
    """What the carrier's page shows of the business."""
    ground = ground_of(visit, item=item, directory=directory)
    found = [(one, act_words(one.act, visit.t)) for one in offers(ground, acts_on("carrier"))]
    unqueued = any(one.act.key == "unqueue" and not one.refusals for one, _words in found)
    return CarrierBusiness(found, matters_of_carrier(visit, item.id), queue_shown(ground), unqueued)


def acts_on_place(visit: Visit, place: Place, directory: Directory) -> list[tuple[Offer, str]]:
    """The acts on a place, with their words."""
    if not visit.may(Permission.TAKE_PART):
        return []
    ground = ground_of(visit, place=place, directory=directory)
    return [(one, act_words(one.act, visit.t)) for one in offers(ground, acts_on("place"))]
