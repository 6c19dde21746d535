"""Whatever people do, in whatever order, lawful or not: never two holders, never destroyed and present, and the
register, the matters and the tree are what the ledger tells. On both engines.

`make prove` runs it long; `make test` a slice.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest
from sqlalchemy import text

from custody.database import Database
from custody.entries import FACTS, decode
from custody.register import fold
from custody.store.books import Books
from tests.builders import CLERK, Archive, an_archive, books_on
from tests.custody.balancing import wrong_positions
from tests.custody.keeping.house import with_accounts
from tests.custody.stateful.at_random import ISSUER, MATTERS_MAX, Chance, broken
from tests.custody.stateful.paths import PATHS, Busy, walk
from tests.prove.record import WHOLE, proof

T = TypeVar("T")
SEEDS, STEPS = (60, 60) if WHOLE else (2, 12)
CARRIERS = 6


def an_archive_to_play_in(books: Books) -> Chance:
    """Six carriers of a few levels and origins, in their places."""
    archive = an_archive(books)
    carriers = archive.carriers(2, level="secret", issuer=ISSUER, issuer_number="〔2026〕3号")
    carriers += archive.carriers(1, level="secret", archive_by="2026-12-31")
    carriers += archive.carriers(2, level="internal", medium="disc")
    carriers += archive.carriers(1, level="top_secret")
    with_bodies(archive)
    return Chance(archive, carriers)


def with_bodies(archive: Archive) -> None:
    """Three other bodies: one with every licence and an agreement, a private one, one beyond the border."""
    first = archive.organisation("STATE")
    for activity in ("production", "reproduction", "transport"):
        archive.licence(first, activity)
    archive.agreement(first)
    archive.organisation("SHOP", ownership="private")
    archive.agreement(archive.organisation("ABROAD", ownership="foreign", overseas=True))


def equals_its_fold(archive: Archive) -> bool:
    """The pure fold of the whole ledger gives every carrier and every matter that the register has."""
    with archive.books.database.reading() as connection:
        bodies = connection.execute(text("SELECT body FROM entry ORDER BY sequence")).scalars().all()
    told = fold(decode(bytes(body)) for body in bodies)
    chance = Chance(archive, sorted(told.carriers))
    return told.carriers == chance.states() and told.matters == chance.matters() and len(told.matters) < MATTERS_MAX


@pytest.mark.prove
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_no_order_of_acts_breaks_the_books(engine: str, new_database_url: Callable[[str], str]) -> None:
    """Given an archive, when people go their lawful ways and others try anything between their steps, then what must
    never be is not, after every single act; and at the end everything is what the ledger tells.
    """
    entered: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    seeds = range(1, 1 + (SEEDS if engine == "sqlite" else max(1, SEEDS // 3)))
    with proof(f"acts at random over all procedures, {engine}", seed=len(seeds)) as row:
        for seed in seeds:
            with Database.open(new_database_url(engine)) as database:
                _play(an_archive_to_play_in(books_on(database)), random.Random(seed), whole, entered, f"seed {seed}")
        row.acknowledged, row.lost, row.doubled = entered.total(), 0, 0
        row.held = f"holds; {len(entered)} of {len(FACTS)} kinds of fact entered"
    assert whole.total() >= len(seeds), whole
    assert len(entered) >= 20, sorted(entered)


def _play(chance: Chance, chooser: random.Random, whole: Counter[str], entered: Counter[str], where: str) -> None:
    with_accounts(chance.archive)
    chance.before = entered
    destroyed: set[int] = set()

    def choose(several: Sequence[T], /) -> T:
        return several[chooser.randrange(len(several))]

    def holds() -> None:
        assert list(broken(chance, destroyed)) == [], where

    busy = Busy(chance.archive.books, chance=chance, choose=choose, after=[holds])
    for _ in range(STEPS):
        path = choose(("", "", *PATHS))
        if path:
            whole[path] += walk(busy, path)
        elif chance.somebody_acts(choose) not in ("refused", "nothing"):
            holds()
    assert chance.archive.books.rebuild_check() == [], where
    assert equals_its_fold(chance.archive), where
    assert wrong_positions(chance.archive, CLERK, by_turns=True) == [], where
    entered.update(chance.entered)
