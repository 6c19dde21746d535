"""Promise 4: no path to destruction, or to a change of level, with one person; nor with the same person under two
accounts, nor after a role change between two signatures. The one person has every role there is, and tries anything.
"""

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest

from custody.access import ADMINISTRATORS, Role, Subject
from custody.database import Database
from custody.life_cycle import Status
from tests.builders import PEOPLE, books_on, subject
from tests.custody.stateful.at_random import Chance
from tests.custody.stateful.test_at_random import an_archive_to_play_in
from tests.prove.record import WHOLE, proof

T = TypeVar("T")
SEEDS, STEPS = (30, 400) if WHOLE else (2, 60)
BUSINESS = tuple(role for role in Role if role not in ADMINISTRATORS and role is not Role.DEVICE)

ONE_PERSON: dict[str, tuple[Subject, ...]] = {
    "with every role at once": (subject("clerk", *BUSINESS),),
    "under two accounts": (subject("clerk", Role.CLERK, Role.SECRECY_OFFICE), subject("clerk", *BUSINESS[2:])),
    "whose role changes between signatures": tuple(subject("clerk", role) for role in BUSINESS),
}
"""Whoever asks is a person: accounts and roles are only ways of asking."""
GRAVE = frozenset({Status.DESTROYED, Status.DECLASSIFIED, Status.TRANSFERRED, Status.PROVIDED_OUTSIDE})


@pytest.mark.prove
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("who", ONE_PERSON)
def test_nothing_grave_is_done_by_one_person(who: str, new_sqlite: Callable[[], str]) -> None:
    """Given one person who may everything, when he tries everything, then no level falls and nothing is destroyed."""
    entered = 0
    with proof(f"one person {who}", seed=SEEDS) as row:
        for seed in range(1, 1 + SEEDS):
            with Database.open(new_sqlite()) as database:
                told = an_archive_to_play_in(books_on(database))
                alone = Chance(told.archive, told.carriers, actors=ONE_PERSON[who], signers=(PEOPLE["clerk"],))
                _try_everything(alone, random.Random(seed), f"seed {seed}")
                entered += sum(alone.entered.values())
        row.acknowledged, row.lost, row.doubled = entered, 0, 0
    assert entered > 10, "he was never let do anything: nothing is proved"


def _try_everything(chance: Chance, chooser: random.Random, where: str) -> None:
    levels = {one.id: one.description.level for one in chance.states().values()}

    def choose(several: Sequence[T], /) -> T:
        return several[chooser.randrange(len(several))]

    for _ in range(STEPS):
        chance.somebody_acts(choose)
    now = chance.states()
    assert {one.id: one.description.level for one in now.values()} == levels, where
    assert not {one.status for one in now.values()} & GRAVE, where
    assert not any(matter.approval and matter.approval.given for matter in chance.matters().values()), where
