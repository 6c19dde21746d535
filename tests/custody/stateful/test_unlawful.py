"""Every lawful way, tried wrongly at each step: each wrong act is refused with the clause that forbids it."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from custody.database import Database
from tests.builders import books_on
from tests.custody.keeping.house import with_accounts
from tests.custody.stateful.paths import PATHS, Busy
from tests.custody.stateful.test_at_random import an_archive_to_play_in
from tests.custody.stateful.unlawful import UNSIGNED, WRONGS

T = TypeVar("T")


def _undisturbed(several: Sequence[T], /) -> T:
    return several[0]


def test_each_wrong_act_is_refused_with_the_clause_that_forbids_it(new_sqlite: Callable[[], str]) -> None:
    """Given every lawful path, when each of its acts is first tried wrongly in every way there is, then the books
    refuse it with the clause of the regulations and go on as if nothing had been; and no way of the table is untried.
    """
    refused: set[str] = set()
    for path in PATHS:
        with Database.open(new_sqlite()) as database:
            told = an_archive_to_play_in(books_on(database))
            with_accounts(told.archive)
            busy = Busy(told.archive.books, chance=told, choose=_undisturbed, refused=refused)
            PATHS[path](busy)
            assert busy.books.rebuild_check() == [], path
    wanted = {f"{wrong.fact.kind} {wrong.said}" for wrong in WRONGS} | {f"{one.kind} unsigned" for one in UNSIGNED}
    assert not wanted - refused, sorted(wanted - refused)
