"""Promise 4: no path to destruction, copying, carrying out, provision outside or a change of level with one person;
nor with the same person under two accounts, nor after a role change between two signatures. The one person has every
role there is, and tries anything.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest

from custody.access import ADMINISTRATORS, Role, Subject
from custody.database import Database
from custody.entries.disclosure import ProlongationOpened
from custody.life_cycle import Status
from custody.matters import KIND_OF
from tests.builders import PEOPLE, books_on, subject
from tests.custody.entry.scene import answered_for
from tests.custody.stateful.at_random import Chance
from tests.custody.stateful.test_at_random import an_archive_to_play_in
from tests.prove.record import WHOLE, proof

T = TypeVar("T")
SEEDS, STEPS = (30, 400) if WHOLE else (2, 60)
BUSINESS = tuple(role for role in Role if role not in ADMINISTRATORS and role is not Role.DEVICE)

ONE_PERSON: dict[str, tuple[Subject, ...]] = {
    "with every role at once": (subject("clerk", *BUSINESS),),
    "under two accounts": (subject("clerk", Role.CLERK, Role.SECRECY_OFFICE), subject("clerk", *BUSINESS[1:])),
    "whose role changes between signatures": tuple(subject("clerk", role) for role in BUSINESS),
}
"""Whoever asks is a person: accounts and roles are only ways of asking."""
OPENED = sorted((kind for kind in KIND_OF if kind is not ProlongationOpened), key=lambda kind: kind.kind)
"""Openings that one person comes to; to prolong a provision something must be provided."""
BY_TWO = {"briefing_opened", "cleaning_opened", "disclosure_review_opened", "visit_opened"}
"""What is not even begun by one: the speaker, the escort, the author signs too."""
TRIES = 12
GRAVE = frozenset(
    {
        *(Status.DESTROYED, Status.DECLASSIFIED, Status.TRANSFERRED, Status.RETURNED_TO_ISSUER),
        *(Status.PROVIDED_OUTSIDE, Status.CARRIED_OUT, Status.IN_TRANSIT, Status.TAKEN_BACK),
    }
)


@pytest.mark.prove
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("who", ONE_PERSON)
def test_nothing_grave_is_done_by_one_person(who: str, new_sqlite: Callable[[], str]) -> None:
    """Given one person who may everything, when he tries everything, then no level falls and nothing is destroyed."""
    entered: Counter[str] = Counter()
    with proof(f"one person {who}", seed=SEEDS) as row:
        for seed in range(1, 1 + SEEDS):
            with Database.open(new_sqlite()) as database:
                told = an_archive_to_play_in(books_on(database))
                answered_for(told.archive)
                alone = Chance(told.archive, told.carriers, actors=ONE_PERSON[who], signers=(PEOPLE["clerk"],))
                _try_everything(alone, random.Random(seed), f"seed {seed}")
                entered.update(alone.entered)
        row.acknowledged, row.lost, row.doubled = entered.total(), 0, 0
        row.held = f"holds; {len(entered)} kinds of fact entered"
    begun = {kind.kind for kind in OPENED if kind.kind in entered}
    assert begun >= {kind.kind for kind in OPENED} - BY_TWO, "he was never let begin it: nothing is proved"


def _try_everything(chance: Chance, chooser: random.Random, where: str) -> None:
    levels = {one.id: one.description.level for one in chance.states().values()}

    def choose(several: Sequence[T], /) -> T:
        return several[chooser.randrange(len(several))]

    for kind in OPENED:
        for _ in range(TRIES):
            if chance.somebody_acts(choose, kind) == kind.kind:
                break
    for _ in range(STEPS):
        chance.somebody_acts(choose)
    now = chance.states()
    assert {one: now[one].description.level for one in levels} == levels, where
    # What is received, or stood in the ledger kept before, may be entered by one; nothing is produced or copied.
    assert {now[one].origin for one in now.keys() - levels.keys()} <= {"received", "legacy"}, where
    assert not {one.status for one in now.values()} & GRAVE, where
    assert not any(matter.approval and matter.approval.given for matter in chance.matters().values()), where
