"""Promise 4 for what multiplies, lets out, or changes a level: no two parts that are kept apart are played by one
person, by whatever roles and accounts, after whatever change of role, as a deputy or having one.

Destruction and provision on loan are proved besides by trying anything in any order (`destruction`, `disclosure`).
"""

from collections.abc import Callable, Iterator
from itertools import combinations, permutations

import pytest

from custody.access import Permission
from custody.database import Database
from custody.entries import Delegated
from custody.store import queries
from tests.builders import Archive, an_archive, books_on, subject
from tests.custody.never_alone import APART, DEPUTY, LAWFUL, STEP_ROLES, WAYS, Cast, Way, groupings, play, stage
from tests.custody.test_approvals import delegation, with_account
from tests.prove.record import WHOLE


@pytest.fixture(scope="module")
def house(new_sqlite: Callable[[], str]) -> Iterator[Archive]:
    """An archive with other bodies, in which everybody who approves has delegated it to everybody else."""
    with Database.open(new_sqlite()) as database:
        archive = an_archive(books_on(database))
        stage(archive)
        for step, role in STEP_ROLES.items():
            giver = LAWFUL[step]
            with_account(archive, giver, role)
            for deputy in {*LAWFUL.values(), DEPUTY} - {giver}:
                given = delegation(archive, giver, deputy, Permission(f"approve_{step}"))
                archive.enter(subject(giver, role), [Delegated(given)], "delegate")
        yield archive


def cast_of(way: Way, archive: Archive, **changed: str) -> Cast:
    """A person for every part; some played by others."""
    return Cast(archive, {part: LAWFUL[part] for part in way.parts} | changed)


PAIRS = [(name, *pair) for name, way in WAYS.items() for pair in combinations(way.parts, 2)]
STEPPING = [(name, step, part) for name, *two in PAIRS for step, part in permutations(two) if step in STEP_ROLES]
STANDING = [(name, step) for name, way in WAYS.items() for step in way.parts if step in STEP_ROLES]
"""Way and step, and another part: every one of them in `make prove`, a slice in `make test`."""


@pytest.mark.parametrize("name", WAYS)
def test_the_way_is_open_to_distinct_persons(house: Archive, name: str) -> None:
    """So it is not for nothing that the rest is refused; and as many signed as the regulations want."""
    way = WAYS[name]
    cast = cast_of(way, house)
    assert play(way, house, cast) == ()
    with house.books.database.reading() as connection:
        entries = queries.entries_of_matter(connection, cast.matter)
    assert len({one.person for entry in entries for one in entry.signatures}) >= way.persons


@pytest.mark.parametrize(("name", "one", "other"), PAIRS)
def test_two_parts_that_are_kept_apart_are_not_one_person(house: Archive, name: str, one: str, other: str) -> None:
    """The person of one part plays the other too, by another account or a role changed in between."""
    way = WAYS[name]
    codes = play(way, house, cast_of(way, house, **{other: LAWFUL[one]}))
    assert (codes == ()) == way.may_be_one(one, other)
    assert set(codes) <= APART


@pytest.mark.parametrize(("name", "step", "part"), STEPPING if WHOLE else STEPPING[::4])
def test_a_deputy_is_not_somebody_else(house: Archive, name: str, step: str, part: str) -> None:
    """The person of another part gives the step in the approver's stead."""
    way = WAYS[name]
    codes = play(way, house, Cast(house, cast_of(way, house).parts, {step: LAWFUL[part]}))
    assert (codes == ()) == way.may_be_one(step, part)
    assert set(codes) <= APART


@pytest.mark.parametrize(("name", "step", "part"), STEPPING if WHOLE else STEPPING[2::4])
def test_whom_a_deputy_stands_for_has_taken_part(house: Archive, name: str, step: str, part: str) -> None:
    """A deputy gives the step, and whom he stands for plays another part."""
    way = WAYS[name]
    standing = {step: DEPUTY}
    codes = play(way, house, Cast(house, cast_of(way, house, **{part: LAWFUL[step]}).parts, standing))
    assert (codes == ()) == way.may_be_one(step, part)
    assert set(codes) <= APART


@pytest.mark.parametrize(("name", "step"), STANDING if WHOLE else STANDING[::3])
def test_a_deputy_with_no_other_part_may_give_any_step(house: Archive, name: str, step: str) -> None:
    way = WAYS[name]
    assert play(way, house, Cast(house, cast_of(way, house).parts, {step: DEPUTY})) == ()


@pytest.mark.parametrize("name", WAYS)
def test_fewer_persons_than_the_regulations_want_never_come_to_the_end(house: Archive, name: str) -> None:
    """Given fewer, when they share out the parts in every way there is, then none leads to the end; one more can."""
    way = WAYS[name]
    people = list(dict.fromkeys(LAWFUL.values()))
    for persons in range(1, way.persons):
        every = list(groupings(way.parts, persons))
        assert not any(_all_may_be_one(way, shared) for shared in every)
        for shared in every if WHOLE else every[::20]:
            parts = {part: people[at] for at, group in enumerate(shared) for part in group}
            codes = play(way, house, Cast(house, parts))
            assert codes, parts
            assert set(codes) <= APART, (parts, codes)
    enough = [shared for shared in groupings(way.parts, way.persons) if _all_may_be_one(way, shared)]
    assert enough
    parts = {part: people[at] for at, group in enumerate(enough[0]) for part in group}
    assert play(way, house, Cast(house, parts)) == ()


def _all_may_be_one(way: Way, shared: list[list[str]]) -> bool:
    return all(way.may_be_one(*pair) for group in shared for pair in combinations(group, 2))
