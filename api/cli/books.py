"""`custody import`, `report` and `regulations`."""

import json
import os
from argparse import Namespace

from api.cli.said import complain, person_asking, say
from api.importing import PlanHasErrors, enter_workbook, plan_workbook
from api.installation import InstallationError, data_folder, open_books
from api.reports import REPORTS, write_report
from api.web.refusals import row_words
from api.workbook import WorkbookUnreadable, read_workbook
from custody import clock
from custody import regulations as clauses
from custody.access import Permission
from custody.rules import Refused

__all__ = ["REPORTS", "import_workbook", "regulations", "report"]

ERRORS_SHOWN = 100


def import_workbook(options: Namespace) -> int:
    """A dry run that shows every row's errors; with --confirm and no error, the entering."""
    try:
        data = options.workbook.read_bytes()
    except OSError as error:
        raise InstallationError(f"{options.workbook} cannot be read: {error.strerror}") from error
    _configuration, database, books = open_books(data_folder(options.data, os.environ), clock.now)
    with database:
        subject = person_asking(database, books.scheme, options.person, Permission.TAKE_IN, clock.now())
        try:
            workbook = read_workbook(data, scheme=books.scheme)
            plan = plan_workbook(books, subject, workbook, default_unit=options.unit)
        except WorkbookUnreadable as unreadable:
            complain(f"custody: {options.workbook}: {unreadable}")
            return 1
        for wrong in plan.errors[:ERRORS_SHOWN]:
            say(row_words(wrong, subject.language, books.scheme))
        if plan.errors:
            say(f"{len(plan.errors)} errors; nothing was entered.")
            return 1
        say("  ".join(f"{name}: {count}" for name, count in plan.counts.items()))
        if not options.confirm:
            say("Dry run: nothing was entered. Enter it with --confirm.")
            return 0
        try:
            acts = enter_workbook(books, subject, workbook, default_unit=options.unit)
        except (PlanHasErrors, Refused) as refused:
            complain(f"custody: refused, nothing was entered: {refused}")
            return 1
        say(f"Entered: {', '.join(acts)}")
    return 0


def report(options: Namespace) -> int:
    """A report as an Excel workbook, of what the person may see."""
    if options.xlsx.exists():
        raise InstallationError(f"{options.xlsx} is already there; name a new file.")
    _configuration, database, books = open_books(data_folder(options.data, os.environ), clock.now, read_only=True)
    with database:
        now = clock.now()
        subject = person_asking(database, books.scheme, options.person, Permission.SEE_REPORTS, now)
        with database.reading() as connection, options.xlsx.open("wb") as out:
            rows = write_report(options.name, connection, subject, books.scheme, now, out, options.language)
    say(f"{rows} rows written to {options.xlsx}")
    return 0


def regulations(options: Namespace) -> int:
    """Every clause, its means, and which are kept."""
    rows = clauses.as_json()
    if options.json:
        say(json.dumps(rows, ensure_ascii=False, indent=1))
        return 0
    for row in rows:
        means = ", ".join(f"{m['kind']} {'kept' if m['kept'] else 'not yet'}" for m in row["means"])
        say(f"{row['id']:<5}{'kept   ' if row['kept'] else 'not yet'}  {row['wording']['en']}  [{means}]")
    return 0
