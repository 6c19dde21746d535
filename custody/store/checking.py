"""The whole check of the books: all that `custody rebuild --check` compares, and the record of what it came to."""

from collections.abc import Callable

from custody.store import witnessing
from custody.store.books import Books
from custody.store.witnessing import Check
from custody.values import DAY

SAID_MAX = 20
"""Differences that the record names; how many there were stands beside."""
EVERY = DAY


def whole_check(books: Books, by: int = 0, progress: Callable[[int], None] | None = None) -> Check:
    """Check everything, keep what it came to, and tell the audit log. `by`: who asked; 0: the schedule.

    `progress` is told now and then how many rows were looked at; it may raise, and then nothing is kept.
    """
    began_at = books.clock()
    with books.database.reading() as connection:
        size = books.position(connection)
    found = books.rebuild_check(progress)
    check = Check(0, began_at, books.clock(), by, size, len(found), tuple(found[:SAID_MAX]))
    with books.database.writing() as connection:
        witnessing.keep_check(connection, check)
    return check


def due_check(books: Books) -> str:
    """The schedule's check: once a day, from the day after the first checkpoint on; what it came to, in a line."""
    now = books.clock()
    with books.database.reading() as connection:
        last = witnessing.last_check(connection)
        first = witnessing.first_checkpoint_at(connection)
    since = last.ended_at if last is not None else first
    if since is None or now - since < EVERY:
        return "not due"
    check = whole_check(books)
    return f"{check.differences} differences at {check.size} entries"
