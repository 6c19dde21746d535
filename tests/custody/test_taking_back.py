"""An import taken back: a compensating entry a carrier, by two persons, only of what nobody has dealt with since."""

import pytest

from custody.access import Role
from custody.entries import Fact, Imported, ImportTakenBack, Moved, Shelved, TagBound
from custody.life_cycle import Status
from custody.rules import Refused
from custody.store import accounts, queries
from custody.store.queries.balance import figures, position_at, view_of
from custody.store.taking_over import carriers_of_acts, last_entries_untouched
from custody.values import Tag
from tests.builders import CLERK, NOW, PEOPLE, SCHEME, SHELF, SHELF_2, Archive, description, epc_of


def imported(archive: Archive, *numbers: str) -> tuple[str, list[int]]:
    """One act by which these came, tagged and shelved, in a house of two clerks; its number, and the carriers."""
    with archive.books.database.writing() as connection:
        if accounts.grants(connection, PEOPLE["clerk2"]) == ():
            accounts.create(connection, PEOPLE["clerk2"], "business", "hash", NOW)
            accounts.grant(connection, PEOPLE["clerk2"], Role.CLERK)
    carriers = list(archive.books.reserve("carrier", len(numbers)))
    facts: list[Fact] = []
    for carrier, number in zip(carriers, numbers, strict=True):
        facts += [
            Imported(carrier, description(number)),
            TagBound(carrier, Tag(epc_of(700 + carrier))),
            Shelved(carrier, SHELF),
        ]
    return archive.books.enter(CLERK, facts, act="take_in").act, carriers


def back(archive: Archive, carriers: list[int], second: str = "clerk2", reason: str = "导错了表") -> list[Fact]:
    """The facts that take these back."""
    with archive.books.database.reading() as connection:
        last = last_entries_untouched(connection, carriers)
    return [ImportTakenBack(one, last.get(one, 0), PEOPLE[second], reason) for one in carriers]


def enter(archive: Archive, facts: list[Fact], *signers: str) -> str:
    """Entered by the clerk, signed by these."""
    return archive.enter(CLERK, facts, "import_taken_back", *signers, signed=False).act


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    """The codes of what stood against it."""
    return [one.code for one in refused.value.refusals]


def test_an_import_is_taken_back_and_can_be_imported_rightly(archive: Archive) -> None:
    act, carriers = imported(archive, "WS-1", "WS-2")
    with archive.books.database.reading() as connection:
        assert carriers_of_acts(connection, [act]) == carriers
    number = enter(archive, back(archive, carriers), "clerk", "clerk2")
    assert number.startswith("CD-2026-")
    state = archive.state(carriers[0])
    assert (state.status, state.home, state.tags, state.retired_epcs) == (Status.TAKEN_BACK, None, (), ())
    assert archive.books.rebuild_check() == []
    # The number and the tag are free: the same ledger comes in again, as other carriers.
    _again, anew = imported(archive, "WS-1", "WS-2")
    assert archive.state(anew[0]).description.control_number == "WS-1"
    assert set(anew).isdisjoint(carriers)
    archive.books.enter(CLERK, [TagBound(anew[0], Tag(epc_of(700 + carriers[0])))], act="take_in")
    assert archive.books.rebuild_check() == []


def test_the_balance_closes_over_it(sqlite_archive: Archive) -> None:
    _act, carriers = imported(sqlite_archive, "WS-1", "WS-2", "WS-3")
    enter(sqlite_archive, back(sqlite_archive, carriers[:2]), "clerk", "clerk2")
    with sqlite_archive.books.database.reading() as connection:
        at = position_at(connection).sequence
        counted = figures(connection, view_of(CLERK, SCHEME), "title", at)
    assert counted.whole.closes
    assert all(counted.of({key}).closes for key in counted.keys)
    assert counted.whole.states[Status.TAKEN_BACK] == 2


@pytest.mark.parametrize(
    ("second", "signers", "code"),
    [
        ("clerk", ("clerk",), "second_clerk_missing"),
        ("chen", ("clerk", "chen"), "second_clerk_missing"),
        ("clerk2", ("clerk",), "signature_missing"),
        ("clerk2", ("clerk2",), "signature_missing"),
    ],
)
def test_nobody_takes_a_carrier_out_of_the_register_alone(
    sqlite_archive: Archive, second: str, signers: tuple[str, ...], code: str
) -> None:
    _act, carriers = imported(sqlite_archive, "WS-1")
    with pytest.raises(Refused) as refused:
        enter(sqlite_archive, back(sqlite_archive, carriers, second), *signers)
    assert code in codes(refused)
    assert sqlite_archive.state(carriers[0]).status is Status.IN_PLACE
    enter(sqlite_archive, back(sqlite_archive, carriers), "clerk", "clerk2")


def test_what_somebody_has_dealt_with_since_stays(archive: Archive) -> None:
    _act, carriers = imported(archive, "WS-1", "WS-2")
    archive.books.enter(CLERK, [Moved(carriers[0], SHELF_2)], act="move")
    with archive.books.database.reading() as connection:
        assert set(last_entries_untouched(connection, carriers)) == {carriers[1]}
        latest = queries.entries_of(connection, CLERK, carriers[0])[-1].sequence
    with pytest.raises(Refused) as refused:
        enter(archive, [ImportTakenBack(carriers[0], latest, PEOPLE["clerk2"], "错")], "clerk", "clerk2")
    assert codes(refused) == ["import_stands"]
    enter(archive, back(archive, carriers[1:]), "clerk", "clerk2")
    with pytest.raises(Refused) as refused:
        enter(archive, back(archive, carriers[1:]), "clerk", "clerk2")
    assert codes(refused) == ["state"]


def test_it_needs_a_reason(sqlite_archive: Archive) -> None:
    _act, carriers = imported(sqlite_archive, "WS-1")
    with pytest.raises(Refused) as refused:
        enter(sqlite_archive, back(sqlite_archive, carriers, reason="  "), "clerk", "clerk2")
    assert codes(refused) == ["text_missing"]
