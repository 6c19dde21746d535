"""`custody balance`: the equation at a position, as lines of text, as JSON, or as an Excel workbook."""

import json
import os
from argparse import Namespace
from collections.abc import Iterator

from api.balancing import (
    FLOW,
    Account,
    Line,
    PositionWrong,
    as_json,
    group_name,
    report_of,
    said_of,
    span_named,
    whole_account,
)
from api.cli.said import export_banned, person_asking, say
from api.installation import InstallationError, data_folder, open_books
from api.locale import translate
from api.reports import Report, write_workbook
from api.store import Connection, note_export
from custody import clock
from custody.access import Permission, Subject
from custody.register import Directory
from custody.scheme import Scheme
from custody.store.books import Books
from custody.store.queries import balance as queries


def balance(options: Namespace) -> int:
    """The balance of what the person may see; 1 where it does not close."""
    if options.xlsx is not None and options.xlsx.exists():
        raise InstallationError(f"{options.xlsx} is already there; name a new file.")
    data = data_folder(options.data, os.environ)
    _configuration, database, books = open_books(data, clock.now, read_only=True)
    with database:
        now = clock.now()
        subject = person_asking(database, books.scheme, options.person, Permission.SEE_REPORTS, now, data=data)
        with database.reading() as connection:
            directory = books.directory(connection)
            found, cut = _account(connection, books, subject, directory, options, clock.day(now, books.scheme.timezone))
            if options.xlsx is not None:
                if export_banned(books, connection, subject, options.language):
                    return 1
                report = _report(connection, subject, found, directory, books.scheme, options.language, cut=cut)
    if options.xlsx is not None:
        said = said_of(found, books.scheme)
        # On record before anything is given (rule 8); the server, which has the database, takes the note in.
        filters = json.dumps(said, sort_keys=True)
        note_export(data, subject.person, now, report.name, filters, len(report.rows), report.carriers)
        with options.xlsx.open("wb") as out:
            write_workbook(report, subject, books.scheme, now, out, options.language, said)
        say(f"{len(report.rows)} rows written to {options.xlsx}")
    elif options.json:
        say(json.dumps(as_json(found, directory, books.scheme, options.language), ensure_ascii=False, indent=1))
    else:
        for line in _text(found, directory, books.scheme, options.language):
            say(line)
    return 0 if found.closes else 1


def _account(
    connection: Connection, books: Books, subject: Subject, directory: Directory, options: Namespace, today: str
) -> tuple[Account, bool]:
    scheme = books.scheme
    try:
        at, since = span_named(connection, options.at, options.since, today, scheme.timezone)
    except PositionWrong as wrong:
        raise InstallationError(str(wrong)) from wrong
    view = queries.view_of(subject, scheme)
    return whole_account(connection, view, directory, scheme, options.by, at, since)


def _report(
    connection: Connection,
    subject: Subject,
    found: Account,
    directory: Directory,
    scheme: Scheme,
    language: str,
    *,
    cut: bool,
) -> Report:
    numbers = [str(line.key) for line in found.lines] if found.by == "title" else []
    copies = queries.first_copies(connection, subject, numbers)
    return report_of(found, directory, scheme, language, copies, titles=True, cut=cut)


def _text(found: Account, directory: Directory, scheme: Scheme, language: str) -> Iterator[str]:
    """The account in lines; states that hold nothing are left out."""

    def t(key: str, **blanks: str | int) -> str:
        return translate(language, key, **blanks)

    def at(instant: int | None) -> str:
        if instant is None:
            return "—"
        return clock.moment(instant, scheme.timezone).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")

    yield t("balance.whole") if found.view.whole else t("balance.seen")
    yield (
        f"{t('balance.position', position=found.at.sequence)}; {t('balance.entered')} {at(found.at.entered_at)}; "
        f"{t('balance.last_event')} {at(found.last_event_at)}"
    )
    yield f"{t('balance.all')}: {_equation(found.total, language)}"
    for line in found.lines:
        name = group_name(found.by, line.key, directory, scheme, language)
        yield f"{'  ' * (line.depth + 1)}{name}: {_equation(line, language)}"
    if found.since is None:
        return
    yield t("balance.from_to", since=found.since.sequence, at=found.at.sequence)
    yield f"{t('balance.all')}: {_flow(found.total, language)}"
    for line in found.lines:
        name = group_name(found.by, line.key, directory, scheme, language)
        yield f"{'  ' * (line.depth + 1)}{name}: {_flow(line, language)}"
    for kind, times in found.kinds.items():
        yield f"  {t(f'act.{kind}')} {times:,}"


def _equation(line: Line, language: str) -> str:
    counted = line.balance
    came = f"{translate(language, 'balance.came_in')} {counted.came_in_total:,}"
    came += f" + {translate(language, 'balance.joined')} {counted.joined:,}" if counted.joined else ""
    came += f" - {translate(language, 'balance.left')} {counted.left:,}" if counted.left else ""
    states = [f"{translate(language, f'status.{one.value}')} {n:,}" for one, n in counted.states.items() if n]
    return f"{came} = {' + '.join(states) or '0'}  [{_closing(line.balance.closes, language)}]"


def _flow(line: Line, language: str) -> str:
    flowed = line.flow
    assert flowed is not None  # asked for only where there is another position
    counts = {name: flowed.gone_total if name == "gone" else getattr(flowed, name) for name in FLOW}
    said = {name: f"{translate(language, f'balance.col.flow_{name}')} {counts[name]:,}" for name in FLOW}
    came = [said["opening"], said["came"], *(said[name] for name in ("back", "joined") if counts[name])]
    went = [said["gone"], *([said["left"]] if flowed.left else [])]
    whole = f"{' + '.join(came)} - {' - '.join(went)} = {said['closing']}"
    return f"{whole}  [{_closing(flowed.closes, language)}]"


def _closing(closes: bool, language: str) -> str:
    return translate(language, "balance.closes" if closes else "balance.open")
