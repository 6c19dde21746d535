"""The archive with keepers of its places, and the words for handing over, clearing and counting."""

from dataclasses import replace

from custody.access import Role, Subject
from custody.entries import Fact, PersonRecorded, PlaceRecorded
from custody.entries.keeping import (
    ClearanceListed,
    ClearanceOpened,
    ClearanceSettled,
    HandOverClosed,
    HandOverListed,
    HandOverOpened,
    HandOverTaken,
    InventoryFrozen,
    InventoryListed,
    InventoryOpened,
)
from custody.register import Directory
from custody.rules import Refused
from custody.store import accounts, keeping
from custody.store.books import Receipt
from custody.store.queries import all_lines
from custody.values import DAY, Person, Place
from tests.builders import CLERK, NOW, PEOPLE, SECRECY_OFFICE, Archive

CABINET = 4
"""A cabinet rated top secret by its room; its two shelves are 5 and 6."""
CLERK_ID, CLERK_2_ID, CHEN, SUN, OFFICE = (PEOPLE[name] for name in ("clerk", "clerk2", "chen", "sun", "secrecy"))


def directory(archive: Archive) -> Directory:
    """The directory as it stands."""
    with archive.books.database.reading() as connection:
        return archive.books.directory(connection)


def place(archive: Archive, identifier: int) -> Place:
    """A place as it stands."""
    return directory(archive).places[identifier]


def person(archive: Archive, identifier: int) -> Person:
    """A person as he or she stands."""
    return directory(archive).persons[identifier]


def change_place(archive: Archive, identifier: int, **changes: object) -> Receipt:
    """The clerk records the place anew."""
    new = replace(place(archive, identifier), **changes)  # type: ignore[arg-type]
    return archive.enter(CLERK, [PlaceRecorded(new)], "directory")


def change_person(archive: Archive, identifier: int, **changes: object) -> Receipt:
    """The clerk records the person anew."""
    new = replace(person(archive, identifier), **changes)  # type: ignore[arg-type]
    return archive.enter(CLERK, [PersonRecorded(new)], "directory")


def with_accounts(archive: Archive) -> None:
    """Accounts for those who sign in a role besides the acting person."""
    with archive.books.database.writing() as connection:
        for name, role in (("secrecy", Role.SECRECY_OFFICE), ("clerk", Role.CLERK), ("clerk2", Role.CLERK)):
            accounts.create(connection, PEOPLE[name], "business", "hash", NOW)
            accounts.grant(connection, PEOPLE[name], role)


def codes(refused: Refused) -> list[tuple[str, str]]:
    """Clause and code of every refusal."""
    return [(refusal.clause, refusal.code) for refusal in refused.refusals]


def begin_hand_over(
    archive: Archive, *places: int, giver: int = CLERK_ID, receiver: int = CLERK_2_ID, absent: str = ""
) -> int:
    """Open a hand-over, everything kept in the places listed; gives the matter."""
    matter = archive.matter()
    facts: list[Fact] = [HandOverOpened(matter, 2, "top_secret", giver, receiver, places, "轮岗", absent)]
    with archive.books.database.reading() as connection:
        kept = keeping.kept_by_places(connection, keeping.care(directory(archive), giver, places))
    facts += [HandOverListed(carrier, matter) for carrier in sorted(kept)]
    archive.enter(CLERK, facts, "hand_over")
    return matter


def taking_over(archive: Archive, matter: int) -> list[Fact]:
    """The facts that close a hand-over: every line taken, then the signatures."""
    body = archive.the_matter(matter).body
    with archive.books.database.reading() as connection:
        lines = all_lines(connection, matter, ("counted", "explained"))
    taken: list[Fact] = [HandOverTaken(line.carrier, matter, line.label) for line in lines]
    return [*taken, HandOverClosed(matter, body.receiver, body.places)]


def begin_clearance(archive: Archive, who: int, by: Subject = CLERK, **change: object) -> int:
    """Open a clearance, everything in hand listed; gives the matter."""
    matter = archive.matter()
    opened = ClearanceOpened(matter, 2, "top_secret", who, "leaves", "2026-12-01")
    facts: list[Fact] = [replace(opened, **change)]  # type: ignore[arg-type]
    with archive.books.database.reading() as connection:
        held = keeping.held_by(connection, who)
    facts += [ClearanceListed(carrier, matter) for carrier in sorted(held)]
    archive.enter(by, facts, "clearance")
    return matter


def settled(archive: Archive, matter: int) -> list[Fact]:
    """Every listed carrier is no longer in the person's hand."""
    with archive.books.database.reading() as connection:
        return [ClearanceSettled(line.carrier, matter) for line in all_lines(connection, matter, ("listed",))]


def begin_inventory(archive: Archive, unit: int = 1, head: int = OFFICE, *, freeze: bool = True) -> int:
    """Open an inventory of a unit, everything listed; gives the matter."""
    matter = archive.matter()
    facts: list[Fact] = [InventoryOpened(matter, unit, "top_secret", 2026, head, NOW + 30 * DAY)]
    with archive.books.database.reading() as connection:
        held = keeping.held_by_units(connection, directory(archive).units_under(unit))
    facts += [InventoryListed(carrier, matter, archive.state(carrier).holder) for carrier in sorted(held)]
    facts += [InventoryFrozen(matter)] if freeze else []
    archive.enter(SECRECY_OFFICE, facts, "inventory")
    return matter
