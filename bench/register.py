"""A register of any size to measure on: carriers on shelves, all heard where they belong but the few that differ."""

from collections.abc import Sequence

from custody.access import INSTALLATION
from custody.database import Database
from custody.entries import Borrowed, Fact, Imported, PersonRecorded, PlaceRecorded, Shelved, TagBound, UnitRecorded
from custody.scheme import Scheme
from custody.store.books import Books
from custody.store.schema import CARRIER, insert_rows
from custody.values import DAY, SECOND, Description, Instant, Period, Person, Place, Scope, Tag, Unit
from reconcile.store import readers
from reconcile.store.core import COVERAGE, PRESENCE

NOW: Instant = 1_760_000_000_000_000
SHELVES = 200
PER_ACT = 20_000
FIRST_SHELF = 10
LENT_EVERY = 50
OVERDUE_EVERY = 1_000
MISPLACED_EVERY = 10_000


def description(number: int) -> Description:
    """A secret paper of its own title."""
    return Description(
        control_number=f"YS-2026-{number:07d}",
        copy_number=1,
        copies=1,
        title=f"外场试验总结报告第{number}号",
        kind="document",
        level="secret",
        period=Period("maximum"),
        scope=Scope(("all",)),
        unit=1,
        pages=12,
    )


def epc(number: int) -> str:
    """An EPC of the organisation's block."""
    return f"3414F4A2{number:016X}"


def enter_directory(books: Books) -> None:
    """A house of one unit and one store, a hundred people, and a reader that covers every shelf."""
    facts: list[Fact] = [UnitRecorded(Unit(1, "HQ", "远山仪器研究院"))]
    facts.append(PlaceRecorded(Place(1, "SITE", "院区", "site", rating="internal")))
    facts.append(PlaceRecorded(Place(2, "STORE", "库房", "room", parent=1, rating="top_secret", storage=True)))
    facts += [
        PlaceRecorded(Place(FIRST_SHELF + i, f"S-{i:03d}", f"{i}号架", "shelf", parent=2, storage=True))
        for i in range(SHELVES)
    ]
    facts += [
        PersonRecorded(Person(i, str(1000 + i), f"某{i}", unit=1, post_class="core", cleared_from="2020-01-01"))
        for i in range(1, 101)
    ]
    books.enter(INSTALLATION, facts, act="directory")
    with books.database.writing() as connection:
        readers.upsert_reader(connection, "store", NOW - DAY, title_zh="库房", title_en="Store")
        for i in range(SHELVES):
            readers.upsert_antenna(connection, "store", i + 1, FIRST_SHELF + i)


def shelf_of(number: int) -> int:
    """The shelf of a carrier."""
    return FIRST_SHELF + number % SHELVES


def fill(database: Database, size: int) -> Books:
    """Books of this many carriers, entered by the procedures, and a radio that heard them all a moment ago."""
    numbers = iter(range(1, 1 << 60))
    books = Books(database, Scheme(), lambda: NOW - 10 * DAY, lambda: f"{next(numbers):032x}")
    enter_directory(books)
    for start in range(1, size + 1, PER_ACT):
        facts: list[Fact] = []
        for number in range(start, min(start + PER_ACT, size + 1)):
            facts.append(Imported(number, description(number)))
            facts.append(TagBound(number, Tag(epc(number))))
            facts.append(Shelved(number, shelf_of(number)))
            if number % LENT_EVERY == 0:
                due = NOW - DAY if number % OVERDUE_EVERY == 0 else NOW + 5 * DAY
                facts.append(Borrowed(number, 1 + number % 100, due))
        books.enter(INSTALLATION, facts, act="take_in", happened_at=NOW - 20 * DAY)
    hear(database, size)
    return books


def hear(database: Database, size: int) -> None:
    """Presence of everything that is not lent, at home but for the misplaced; and coverage up to now."""
    columns = ("epc", "place", "strength", "since_at", "heard_at", "here_at", "reader", "antenna", "reads", "state")
    rows: list[Sequence[object]] = []
    for number in range(1, size + 1):
        if number % LENT_EVERY == 0:
            continue
        place = shelf_of(number + (1 if number % MISPLACED_EVERY == 1 else 0))
        seen = NOW - 5 * SECOND
        antenna = place - FIRST_SHELF + 1
        rows.append((epc(number), place, "confirmed", NOW - DAY, seen, seen, "store", antenna, 99, b""))
    with database.writing() as connection:
        insert_rows(connection, PRESENCE, columns, rows)
        insert_rows(
            connection,
            COVERAGE,
            ("reader", "antenna", "since_at", "through_at"),
            [("store", i + 1, NOW - DAY, NOW) for i in range(SHELVES)],
        )


def lend(database: Database, first: int, loans: int, due: int) -> None:
    """This many loans more, `due` of them past their day: rows of the register alone, for a round that asks no more."""
    columns = (
        *("id", "control_number", "copy_number", "copies", "title", "kind", "medium", "level", "rank", "period_kind"),
        *("period_value", "period_authority", "unit", "classified_on", "basis", "determined_by", "issuer"),
        *("issuer_number", "remark", "origin", "status", "holder", "due_at", "since_at", "last_sequence"),
        *("archive_by", "intermediate", "secret_until", "renewals", "recalled"),
    )
    with database.writing() as connection:
        insert_rows(
            connection,
            CARRIER,
            columns,
            (
                (
                    *(number, f"JY-2026-{number:07d}", 1, 1, f"借阅件第{number}号", "document", "paper", "secret", 3),
                    *("maximum", "", "", 1, "", "", "", "", "", "", "legacy", "on_loan", 1 + number % 100),
                    *(NOW - DAY if number < first + due else NOW + 5 * DAY, NOW - 20 * DAY, 0),
                    *("", "", "", 0, False),
                )
                for number in range(first, first + loans)
            ),
        )
