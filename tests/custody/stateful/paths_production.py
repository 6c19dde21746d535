"""The lawful way of letter a: an order from the application to the last scrap."""

from collections.abc import Callable, Mapping

from custody.entries import Fact, Shelved, TagBound
from custody.entries.production import IntermediateGone, IntermediateKept, LabelsAllotted, LabelsReturned, OrderSettled
from custody.values import Tag
from tests.builders import CLERK, PEOPLE, SHELF, Archive, epc_of
from tests.custody.destruction.batches import Batch
from tests.custody.production import scene as a


def _production(archive: Archive) -> None:
    number = f"P-{archive.books.reserve('matter', 1)[0]}"
    order = a.approved_order(archive, quantity=4, control_number=number)
    labels = tuple(epc_of(800_000 + 10 * order + step) for step in range(3))
    archive.enter(CLERK, [LabelsAllotted(order, labels)], "production_labels")
    made = [a.a_copy(archive, order, copy) for copy in (1, 2)]
    facts: list[Fact] = []
    for copy, label in zip(made, labels, strict=False):
        facts += [copy, TagBound(copy.carrier, Tag(label)), Shelved(copy.carrier, SHELF)]
    archive.enter(CLERK, facts, "produce")
    draft = a.intermediate(archive, order)
    scrap = a.spoiled(archive, order, 3)
    archive.enter(CLERK, [scrap, Shelved(scrap.carrier, SHELF)], "production_spoil")
    archive.enter(CLERK, [a.cancelled(order, 4)], "production_cancel")
    archive.enter(CLERK, [LabelsReturned(order, labels[2:], "未用")], "production_labels")
    archive.enter(CLERK, a.closing(archive, order), "production_close")
    kept = IntermediateKept(draft, order, PEOPLE["manager"], "留存备查")
    archive.enter(CLERK, [kept], "intermediate_keep", "manager")
    Batch(archive, archive.matter(), [scrap.carrier]).ready().destroy()
    archive.enter(CLERK, [IntermediateGone(scrap.carrier, order), OrderSettled(order)], "production_close")


def _more_copies(archive: Archive) -> None:
    number = f"P-{archive.books.reserve('matter', 1)[0]}"
    first = a.approved_order(archive, quantity=1, control_number=number)
    a.copies(archive, first, 1)
    more = {"quantity": 1, "first_copy": 2, "supplements": first, "control_number": number}
    second = a.approved_order(archive, archive.present(a.CHEN), **more)
    a.copies(archive, second, 2)
    for order in (first, second):
        archive.enter(CLERK, a.closing(archive, order, none=True), "production_close")


PATHS: Mapping[str, Callable[[Archive], None]] = {"production": _production, "more copies": _more_copies}
