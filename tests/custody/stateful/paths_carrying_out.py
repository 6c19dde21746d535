"""Lawful ways out and home again (letter e)."""

from collections.abc import Callable, Mapping

from custody.values import DAY
from tests.builders import Archive
from tests.custody.carrying_out.scene import a_permit


def _out_and_home(archive: Archive) -> None:
    carrier, other = archive.carriers(2)
    permit = a_permit(archive, carrier, other).approved()
    permit.lets_out(carrier, other)
    permit.takes_back(carrier, other)
    permit.confirms()


def _by_the_portal(archive: Archive) -> None:
    carrier = archive.carrier()
    permit = a_permit(archive, carrier, mode="portal").approved()
    archive.borrow(carrier, "chen", 3)
    permit.packs(carrier)
    permit.leaves_by_portal(carrier)
    permit.takes_back(carrier)
    permit.confirms()


def _prolonged(archive: Archive) -> None:
    carrier = archive.carrier()
    former = a_permit(archive, carrier).approved()
    former.lets_out(carrier)
    permit = a_permit(archive, carrier, prolongs=former.id, until_at=former.body.until_at + DAY).approved()
    permit.enter(permit.goes_on(former, carrier), "permit_prolong")
    permit.takes_back(carrier)
    former.confirms()
    permit.confirms()


PATHS: Mapping[str, Callable[[Archive], None]] = {
    "out and home": _out_and_home,
    "out by the portal": _by_the_portal,
    "a permit prolonged": _prolonged,
}
