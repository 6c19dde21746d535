"""`custody import`, `report` and `regulations`."""

import hashlib
import json
import os
import secrets
from argparse import Namespace

from api.cli.said import complain, export_banned, person_asking, say
from api.importing import PlanHasErrors, enter_workbook, plan_workbook, read_with_guesses
from api.installation import InstallationError, data_folder, open_books
from api.reports import REPORTS, read_report, write_workbook
from api.store import note_export
from api.web.cases import clause_counts
from api.web.refusals import row_words
from api.workbook import Workbook, WorkbookUnreadable, read_workbook
from api.workbook.columns import fields_of
from custody import clock
from custody import regulations as clauses
from custody.access import Permission
from custody.rules import Refused
from custody.store.books import Books
from custody.store.queries.cases import EVER

__all__ = ["REPORTS", "import_workbook", "regulations", "report"]

ERRORS_SHOWN = 100


def import_workbook(options: Namespace) -> int:
    """A dry run that shows every row's errors; with --confirm and no error, the entering."""
    try:
        given = options.workbook.read_bytes()
    except OSError as error:
        raise InstallationError(f"{options.workbook} cannot be read: {error.strerror}") from error
    data = data_folder(options.data, os.environ)
    _configuration, database, books = open_books(data, clock.now)
    with database:
        subject = person_asking(database, books.scheme, options.person, Permission.TAKE_IN, clock.now(), data=data)
        try:
            workbook = _read(books, given, options)
            plan = plan_workbook(books, subject, workbook, default_unit=options.unit)
        except WorkbookUnreadable as unreadable:
            complain(f"custody: {options.workbook}: {unreadable}")
            return 1
        _say_columns(workbook, options)
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
            waiting, digest = secrets.token_hex(16), hashlib.sha256(given).hexdigest()
            acts = enter_workbook(books, subject, workbook, default_unit=options.unit, waiting=waiting, digest=digest)
        except (PlanHasErrors, Refused) as refused:
            complain(f"custody: refused, nothing was entered: {refused}")
            return 1
        nothing = "Every row says what the register says already; nothing was entered."
        say(f"Entered: {', '.join(acts)}" if acts else nothing)
    return 0


def _read(books: Books, given: bytes, options: Namespace) -> Workbook:
    """The workbook, with the columns that were named, and guesses where they were asked for."""
    named = dict(_column(text) for text in options.columns)
    if not named and not options.guess:
        return read_workbook(given, scheme=books.scheme)
    workbook = read_with_guesses(books, given)
    unknown = set(named) - {column.header for sheet in workbook.sheets for column in sheet.columns}
    if unknown:
        raise InstallationError(f"no column is headed {', '.join(sorted(unknown))}")
    chosen: dict[str, dict[int, str]] = {}
    for sheet in workbook.sheets:
        for column in sheet.columns:
            field = named.get(column.header, column.field if options.guess or column.how == "known" else "")
            if field and field not in fields_of(sheet.kind):
                raise InstallationError(f"{field!r} is no field; there are {', '.join(fields_of(sheet.kind))}")
            if field != column.field:
                chosen.setdefault(sheet.sheet, {})[column.column] = field
    return read_with_guesses(books, given, chosen) if chosen else workbook


def _column(text: str) -> tuple[str, str]:
    header, sign, field = text.rpartition("=")
    if not sign or not header:
        raise InstallationError(f"{text!r} is not HEADER=FIELD")
    return header, field


def _say_columns(workbook: Workbook, options: Namespace) -> None:
    """What was made of each column, where any was guessed or named."""
    if not (options.guess or options.columns):
        return
    for sheet in workbook.sheets:
        for column in sheet.columns:
            say(f"{sheet.sheet} {column.letter} {column.header}: {column.field or '-'} ({column.how})")


def report(options: Namespace) -> int:
    """A report as an Excel workbook, of what the person may see."""
    if options.xlsx.exists():
        raise InstallationError(f"{options.xlsx} is already there; name a new file.")
    data = data_folder(options.data, os.environ)
    _configuration, database, books = open_books(data, clock.now, read_only=True)
    with database:
        now = clock.now()
        subject = person_asking(database, books.scheme, options.person, Permission.SEE_REPORTS, now, data=data)
        with database.reading() as connection:
            if export_banned(books, connection, subject, options.language):
                return 1
            found = read_report(options.name, connection, subject, books.scheme, now, options.language)
        # On record before anything is given (rule 8); the server, which has the database, takes the note in.
        note_export(data, subject.person, now, options.name, "{}", len(found.rows), found.carriers)
        with options.xlsx.open("wb") as out:
            write_workbook(found, subject, books.scheme, now, out, options.language, {})
    say(f"{len(found.rows)} rows written to {options.xlsx}")
    return 0


def regulations(options: Namespace) -> int:
    """Every clause, its means, and which are kept; with `--as` besides how often each did what that person may see."""
    rows = clauses.as_json()
    if options.person:
        counts = _counts_for(options)
        rows = [row | {"counts": counts[row["id"]]} for row in rows]
    if options.json:
        say(json.dumps(rows, ensure_ascii=False, indent=1))
        return 0
    for row in rows:
        means = ", ".join(f"{m['kind']} {'kept' if m['kept'] else 'not yet'}" for m in row["means"])
        say(f"{row['id']:<5}{'kept   ' if row['kept'] else 'not yet'}  {row['wording']['en']}  [{means}]")
        if "counts" in row:
            say("     " + ", ".join(f"{what} {count}" for what, count in row["counts"].items()))
    return 0


def _counts_for(options: Namespace) -> dict[str, dict[str, int]]:
    """Clause -> what it did -> how often, of all the time; counted to ten thousand and no further."""
    data = data_folder(options.data, os.environ)
    _configuration, database, books = open_books(data, clock.now, read_only=True)
    with database:
        subject = person_asking(database, books.scheme, options.person, Permission.SEE_CARRIERS, clock.now(), data=data)
        with database.reading() as connection:
            found = clause_counts(connection, subject, EVER)
    return {clause: {what: one.number for what, one in counts.items()} for clause, counts in found.items()}
