"""The lawful ways through letter i: lent to another body, prolonged and back; given for good; a paper reviewed."""

from collections.abc import Callable, Mapping

from custody.entries.disclosure import ProvisionClosed, Published
from tests.builders import CLERK, CLERK_2, TODAY, Archive
from tests.custody.disclosure.scene import (
    CHEN,
    a_passed_review,
    a_prolongation,
    an_approved_provision,
    approve,
    back,
    for_good,
    longer,
    outside,
)


def _body(archive: Archive) -> int:
    body = archive.organisation(f"INST-{archive.matter()}")
    archive.agreement(body)
    return body


def _lent(archive: Archive) -> None:
    first, second = archive.carriers(2)
    matter = outside(archive, [first, second], body=_body(archive))
    prolongation = approve(archive, a_prolongation(archive, matter))
    archive.enter(CLERK, longer(archive, matter, prolongation, first, second), "prolong")
    archive.enter(CLERK, [back(matter, first), back(matter, second), ProvisionClosed(matter)], "provision_return")


def _given(archive: Archive) -> None:
    carrier = archive.carrier()
    matter = an_approved_provision(archive, [carrier], _body(archive), terms="for_good", reason="随设备移交")
    archive.enter(CLERK_2, [for_good(matter, carrier), ProvisionClosed(matter)], "provide", "chen")


def _reviewed(archive: Archive) -> None:
    matter = a_passed_review(archive)
    archive.enter(archive.present(CHEN), [Published(matter, "《仪器学报》", TODAY)], "publication")


PATHS: Mapping[str, Callable[[Archive], None]] = {
    "provision": _lent,
    "provision for good": _given,
    "disclosure review": _reviewed,
}
