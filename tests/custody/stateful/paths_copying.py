"""The lawful ways through copying: a copy made and called back with its original, and a compilation."""

from collections.abc import Callable, Mapping

from custody.approval import asked
from custody.entries.approvals import Approved
from custody.entries.circulation import Recalled
from custody.entries.copying import Copied, CopiesRecalled, CopyingClosed
from tests.builders import CLERK, Archive
from tests.custody.copying.scenes import CHEN, ROUTES, applied, session


def _approved(archive: Archive, matter: int, route: str) -> None:
    archive.enter(CHEN, [asked(matter, route, archive.scheme, archive.books.clock())], "approval")
    for step, who in ROUTES[route]:
        archive.enter(who, [Approved(matter, step)], "approval")


def _copies(archive: Archive) -> None:
    original = archive.carrier()
    matter = applied(archive, [original], copies=2)
    _approved(archive, matter, "copying")
    facts = session(archive, matter, [original], 2)
    archive.enter(CLERK, facts, "copy", "clerk2")
    archive.enter(CLERK, [CopyingClosed(matter, 2)], "copying_close")
    first = next(fact.carrier for fact in facts if isinstance(fact, Copied))
    archive.borrow(first, "chen")
    due = archive.due(2)
    archive.enter(
        CLERK, [Recalled(first, due, "清退"), CopiesRecalled(original, due, "清退", (first,))], "copies_recall"
    )


def _compilation(archive: Archive) -> None:
    both = archive.carriers(2)
    matter = applied(archive, both, "compilation", copies=1)
    _approved(archive, matter, "compilation")
    archive.enter(CLERK, session(archive, matter, both), "copy", "clerk2")
    archive.enter(CLERK, [CopyingClosed(matter, 1)], "copying_close")


PATHS: Mapping[str, Callable[[Archive], None]] = {"copying": _copies, "compilation": _compilation}
