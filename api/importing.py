"""A workbook on its way into the books: planned against what is registered, shown, and entered when confirmed.

The same steps serve the page and the command. Planning enters nothing; entering plans again, so that what was
registered in the meantime is seen, and is one act for the carriers and one for each day of loans, all or nothing.
"""

from collections.abc import Callable

from api.import_records import Run, note_run
from api.locale import translate
from api.store import Connection
from api.workbook import Named, Plan, RowError, RowNote, Workbook, read_workbook, resolve
from api.workbook.reading import Chosen
from custody.access import Subject
from custody.register import Directory
from custody.store import queries
from custody.store.books import Books
from custody.store.posting import epcs_known, numbers_taken
from custody.store.taking_over import registered

Told = Callable[[str, int, int], None]
"""(phase, done, of how many; 0: not known). It may raise, which ends the work with nothing changed."""


def _untold(_phase: str, _done: int, _total: int) -> None:
    return None


def named_in(directory: Directory) -> Named:
    """What the register calls its persons, units and places."""

    def folded(*names: str) -> set[str]:
        return {name.casefold() for name in names if name}

    return Named(
        persons=frozenset().union(*(folded(one.number, one.name, one.name_en) for one in directory.persons.values())),
        units=frozenset().union(*(folded(one.code, one.name, one.name_en) for one in directory.units.values())),
        places=frozenset().union(*(folded(one.code, one.name, one.name_en) for one in directory.places.values())),
    )


def read_with_guesses(books: Books, data: bytes, chosen: Chosen | None = None, told: Told = _untold) -> Workbook:
    """Read a workbook; columns that no word is known for are guessed, but where somebody chose. Raises as reading."""
    with books.database.reading() as connection:
        known = named_in(books.directory(connection))
    return read_workbook(
        data, scheme=books.scheme, known=known, chosen=chosen, told=lambda rows: told("reading", rows, 0)
    )


def plan_workbook(
    books: Books,
    subject: Subject,
    workbook: Workbook,
    *,
    dry: bool = True,
    default_unit: str = "",
    told: Told = _untold,
) -> Plan:
    """The plan of a workbook that was read; `dry` allocates nothing, and gives no facts.

    `default_unit`: code of the unit that answers for carriers whose row names none.
    """
    rows = workbook.carriers
    told("judging", 0, len(rows))
    with books.database.reading() as connection:
        directory = queries.directory(connection)
        numbers = numbers_taken(connection, {(row.number, row.copy) for row in rows})
        known = registered(connection, subject, books.scheme, numbers)
        epcs = epcs_known(connection, {row.epc for row in rows if row.epc and (row.number, row.copy) not in known})
    return resolve(
        workbook,
        directory,
        scheme=books.scheme,
        now=books.clock(),
        known_numbers=numbers,
        known_epcs=epcs,
        allocate=None if dry else books.reserve,
        subject=subject,
        default_unit=default_unit,
        registered=known,
        told=lambda done: told("judging", done, len(rows)),
    )


class PlanHasErrors(Exception):
    """What was clean at the dry run is not any more; `plan` says what is wrong now. Nothing was entered."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        super().__init__(f"{len(plan.errors)} errors")


def enter_workbook(
    books: Books,
    subject: Subject,
    workbook: Workbook,
    *,
    default_unit: str = "",
    waiting: str = "",
    digest: str = "",
    told: Told = _untold,
) -> tuple[str, ...]:
    """Enter it all in one transaction; the numbers of the acts, none where there is nothing new.

    `waiting` names the import, so that it can be found afterwards and taken back; `digest`: SHA-256 of its file.
    Raises PlanHasErrors, Refused; then nothing changed.
    """
    plan = plan_workbook(books, subject, workbook, dry=False, default_unit=default_unit, told=told)
    if plan.errors:
        raise PlanHasErrors(plan)
    with books.database.writing() as connection:
        acts = _entered(books, subject, plan, connection, told)
        if waiting and acts:
            counts = plan.counts
            rows = sum(sheet.rows for sheet in workbook.sheets)
            run = Run(0, subject.person, books.clock(), digest, rows, counts["carriers"], counts["unchanged"], acts)
            note_run(connection, waiting, run)
    return acts


def _entered(books: Books, subject: Subject, plan: Plan, connection: Connection, told: Told) -> tuple[str, ...]:
    total = len(plan.facts) + len(plan.loans)
    acts: list[str] = []
    done = 0

    def so_far(count: int) -> None:
        told("entering", done + count, total)

    if plan.facts:
        acts.append(books.enter(subject, plan.facts, act="take_in", connection=connection, told=so_far).act)
        done = len(plan.facts)
    for borrowed_at, loans in plan.loans_by_day():
        receipt = books.enter(
            subject, loans, act="take_in", happened_at=borrowed_at, connection=connection, told=so_far
        )
        acts.append(receipt.act)
        done += len(loans)
    return tuple(acts)


def error_words(error: RowError, language: str) -> str:
    """What is wrong with a row, and what to do."""
    return translate(language, f"import.error.{error.code}", **error.blanks())


def note_words(note: RowNote, language: str) -> str:
    """What the reader should know."""
    return translate(language, f"import.note.{note.code}", **note.blanks())
