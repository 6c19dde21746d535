"""Lawful ways of what comes in, goes out, is handed out and shown to more (letter b)."""

from collections.abc import Callable, Mapping

from custody.entries import Shelved
from custody.entries.dispatch import (
    Collected,
    DispatchClosed,
    DispatchReturned,
    DistributionClosed,
    DistributionCounted,
    ItemShort,
    RemainderCounted,
    WideningClosed,
)
from tests.builders import CLERK, SHELF, Archive
from tests.custody.dispatch.scenes import (
    OUTSIDE,
    a_distribution,
    acknowledged,
    bodies,
    consignment,
    end_receipt,
    lent,
    taken,
    under_way,
    widen,
)


def _receipt(archive: Archive) -> None:
    matter = consignment(archive, 3)
    for row in (1, 3):
        one = taken(archive, matter, row)
        archive.enter(CLERK, [one, Shelved(one.carrier, SHELF)], "receipt")
    archive.enter(CLERK, [ItemShort(matter, 2, "封内无此件")], "receipt")
    end_receipt(archive, matter, full=False)


def _dispatch(archive: Archive) -> None:
    bodies(archive)
    one, other = archive.carriers(2, scope=OUTSIDE)
    matter = under_way(archive, [one, other])
    archive.enter(CLERK, [acknowledged(matter, one)], "delivery")
    archive.enter(CLERK, [DispatchReturned(other, matter, SHELF, "退回", 12), DispatchClosed(matter)], "delivery")


def _distribution(archive: Archive) -> None:
    (one,) = archive.carriers(1)
    number = archive.state(one).description.control_number
    (other,) = archive.carriers(1, control_number=number, copy_number=2, copies=2)
    matter = a_distribution(archive, [one, other], number, collect_by=archive.due(20))
    archive.enter(CLERK, [lent(archive, matter, one, "chen")], "distribution", "chen")
    counted = [RemainderCounted(other, matter, 12), DistributionCounted(matter)]
    archive.enter(CLERK, counted, "distribution_end")
    archive.enter(CLERK, [Collected(one, matter, SHELF, 12), DistributionClosed(matter)], "distribution_end")


def _widening(archive: Archive) -> None:
    (one,) = archive.carriers(1, scope=("unit:3",))
    number = archive.state(one).description.control_number
    matter = widen(archive, [one], number, "unit:4")
    archive.enter(CLERK, [WideningClosed(matter)], "widening")


PATHS: Mapping[str, Callable[[Archive], None]] = {
    "receipt": _receipt,
    "dispatch": _dispatch,
    "distribution": _distribution,
    "widening": _widening,
}
