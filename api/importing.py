"""A workbook on its way into the books: planned against what is registered, shown, and entered when confirmed.

The same steps serve the page and the command. Planning enters nothing; entering plans again, so that what was
registered in the meantime is seen, and is one act for the carriers and one for each day of loans, all or nothing.
"""

from api.locale import translate
from api.workbook import Plan, RowError, RowNote, Workbook, resolve
from custody.access import Subject
from custody.store import queries
from custody.store.books import Books
from custody.store.posting import epcs_known, numbers_taken


def plan_workbook(
    books: Books, subject: Subject, workbook: Workbook, *, dry: bool = True, default_unit: str = ""
) -> Plan:
    """The plan of a workbook that was read; `dry` allocates nothing, and gives no facts.

    `default_unit`: code of the unit that answers for carriers whose row names none.
    """
    with books.database.reading() as connection:
        directory = queries.directory(connection)
        numbers = numbers_taken(connection, {(row.number, row.copy) for row in workbook.carriers})
        epcs = epcs_known(connection, {row.epc for row in workbook.carriers if row.epc})
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
    )


class PlanHasErrors(Exception):
    """What was clean at the dry run is not any more; `plan` says what is wrong now. Nothing was entered."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        super().__init__(f"{len(plan.errors)} errors")


def enter_workbook(books: Books, subject: Subject, workbook: Workbook, *, default_unit: str = "") -> tuple[str, ...]:
    """Enter it all in one transaction; the numbers of the acts. Raises PlanHasErrors, Refused; then nothing changed."""
    plan = plan_workbook(books, subject, workbook, dry=False, default_unit=default_unit)
    if plan.errors:
        raise PlanHasErrors(plan)
    acts = []
    with books.database.writing() as connection:
        if plan.facts:
            acts.append(books.enter(subject, plan.facts, act="take_in", connection=connection).act)
        for borrowed_at, loans in plan.loans_by_day():
            receipt = books.enter(subject, loans, act="take_in", happened_at=borrowed_at, connection=connection)
            acts.append(receipt.act)
    return tuple(acts)


def error_words(error: RowError, language: str) -> str:
    """What is wrong with a row, and what to do."""
    return translate(language, f"import.error.{error.code}", **error.blanks())


def note_words(note: RowNote, language: str) -> str:
    """What the reader should know."""
    return translate(language, f"import.note.{note.code}", **note.blanks())
