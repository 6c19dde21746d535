"""The demo: a sample archive, virtual readers over real LLRP, the edge daemon, and people who act.

Nothing is faked on the way: the readers speak LLRP over TCP, the daemon is a process of its own that spools and
posts, the people's acts go through the same procedures as the pages. Only the thresholds are short, so that a day
is told in a minute.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

from api.acts.entry import default_text
from api.installation import (
    CONFIG,
    InstallationError,
    create_folder,
    open_books,
    open_database,
    open_services,
    read_configuration,
)
from api.people import Account, SampleHashes, create_accounts
from api.sample_bodies import enter_bodies
from api.sample_business import enter_business
from api.serving import listening_socket, serving
from api.store import Connection
from api.workbook import read_workbook, resolve, shift_loans
from custody import clock
from custody.access import INSTALLATION, Subject
from custody.entries import Borrowed, CarrierFact, Returned, Signature, signed_text, text_hash
from custody.entries.entry import Acknowledged, InstructionIssued
from custody.procedures.undertakings import INSTRUCTION, SUBJECTS, obliged
from custody.register import Directory
from custody.rules import NotFound, Refused
from custody.store import queries
from custody.store.books import Books
from custody.values import DAY, SECOND
from readers.scenario import Act, Scenario, ScenarioInvalid, parse
from readers.virtual import VirtualReaderThread
from reconcile.coverage import Interval
from reconcile.store import devices, readers
from reconcile.store.coverage import listening
from reconcile.store.finding_queries import FindingFilter, FindingItem, findings

DEMO_CONFIGURATION = """\
# Made by the demo: the thresholds are short, so that a day is told in a minute.
demo = true

[organisation]
organisation_zh = "远山仪器研究院"
organisation_en = "Yuanshan Instruments Institute"
ledger_origin = "custody.yuanshan.demo"
epc_block = "3414F4A2"

[signing_in]
second_factor = "none"

[numbers]
confirm_after_seconds = 3
missing_after_seconds = 20
misplaced_after_seconds = 6
in_store_on_loan_after_seconds = 8
rated_too_low_after_seconds = 5
reader_silent_after_seconds = 15
session_idle_seconds = 28800
"""

DEVICE = "edge-demo"
CLERK, SECRECY_OFFICE = "1001", "1005"
LISTENING_SECONDS_MAX = 40.0
READER_TITLES: Mapping[str, tuple[str, str]] = {
    "cabinet": ("1号柜", "Shelf cabinet 1"),
    "reading_room": ("阅览室", "Reading room"),
    "portal": ("一号楼出口", "Exit of building 1"),
    "desk": ("借阅台", "Lending desk"),
}

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Demo:
    """How the demo is wanted. `sample` and `scenario`: the workbook and the story."""

    data: Path
    port: int
    sample: Path
    scenario: Path
    keep: bool = False


def read_scenario(path: Path) -> Scenario:
    """The story of a file. Raises InstallationError with every mistake in it."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InstallationError(f"{path} cannot be read: {error}") from error
    except ScenarioInvalid as error:
        raise InstallationError(f"{path}:\n{error}") from error


def prepare(demo: Demo, scenario: Scenario) -> tuple[Account, ...]:
    """The data folder with the sample loaded, its accounts and readers; who can sign in."""
    if (demo.data / CONFIG).exists():
        if not read_configuration(demo.data).demo:
            raise InstallationError(f"{demo.data} holds a real installation; the demo leaves it alone.")
        if demo.keep:
            return create_accounts(None)
        # Opening it for writing proves that no other demo lives there; DatabaseInUse says so where one does.
        open_database(demo.data)[1].close()
        shutil.rmtree(demo.data)
    create_folder(demo.data, DEMO_CONFIGURATION)
    hashes = SampleHashes()
    try:
        _configuration, database, books = open_books(demo.data, clock.now)
        with database:
            load_sample(books, demo.sample)
            enter_bodies(books)
            sign_texts(books)
            accounts = create_accounts(books, hashes)
            enter_business(books)
            _set_up_readers(books, scenario, demo.data)
            books.checkpoint()
    finally:
        hashes.close()
    return accounts


def load_sample(books: Books, workbook: Path) -> None:
    """The sample archive by the same path as any import. Raises InstallationError with its errors."""
    scheme = books.scheme
    read = read_workbook(workbook.read_bytes(), scheme=scheme)
    plan = resolve(read, Directory(), scheme=scheme, now=books.clock(), allocate=books.reserve)
    if plan.errors:
        raise InstallationError(f"{workbook} has errors: {plan.errors[0]}")
    if read.as_of:
        today = date.fromisoformat(clock.day(books.clock(), scheme.timezone))
        plan = shift_loans(plan, (today - date.fromisoformat(read.as_of)).days)
    books.enter(INSTALLATION, plan.facts, act="take_in")
    for borrowed_at, loans in plan.loans_by_day():
        books.enter(INSTALLATION, loans, act="take_in", happened_at=borrowed_at)


TEXTS_DAYS, SIGNED_DAYS, LONG_AGO_DAYS = 380, 40, 358
"""Days ago on which the sample's texts were issued, signed last, and, by two of its people, signed long ago."""
SIGNED_LONG_AGO = ("1022", "1023")
"""Whose yearly instruction ends within days: they are reminded, and nothing is wrong yet."""


def sign_texts(books: Books) -> None:
    """The texts that ship with the product are in force at the sample's house, and its people have signed in time."""
    now, zone = books.clock(), books.scheme.timezone
    texts = {subject: default_text(subject) for subject in SUBJECTS}
    issued = [InstructionIssued(subject, text) for subject, text in texts.items()]
    books.enter(INSTALLATION, issued, act="take_in", happened_at=now - TEXTS_DAYS * DAY)
    with books.database.reading() as connection:
        persons = sorted(books.directory(connection).persons.values(), key=lambda person: person.number)
    earlier: list[Acknowledged] = []
    lately: list[Acknowledged] = []
    for subject, text in texts.items():
        for person in persons:
            if obliged(subject, person, clock.day(now, zone)):
                long_ago = subject == INSTRUCTION and person.number in SIGNED_LONG_AGO
                (earlier if long_ago else lately).append(Acknowledged(person.id, subject, text))
    for days, signed in ((LONG_AGO_DAYS, earlier), (SIGNED_DAYS, lately)):
        books.enter(INSTALLATION, signed, act="take_in", happened_at=now - days * DAY)


def _set_up_readers(books: Books, scenario: Scenario, data: Path) -> None:
    token = secrets.token_urlsafe(32)
    with books.database.writing() as connection:
        directory = queries.directory(connection)
        codes = {place.code: place.id for place in directory.places.values()}
        devices.create_device(connection, DEVICE, devices.token_hash(token), clock.now())
        for script in scenario.readers:
            zh, en = READER_TITLES.get(script.name, (script.name, script.name))
            readers.upsert_reader(connection, script.name, clock.now(), title_zh=zh, title_en=en, device=DEVICE)
            for number, hears in script.antennas.items():
                code, _, role = hears.partition("/")
                if code not in codes:
                    raise InstallationError(f"antenna {script.name}/{number}: there is no place {code}")
                heard = cast(readers.Role, role or "place")
                readers.upsert_antenna(connection, script.name, number, codes[code], heard)
    path = data / "edge.token"
    path.touch(mode=0o600)
    path.write_text(token + "\n", encoding="ascii")


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _daemon_configuration(scenario: Scenario, ports: Mapping[str, int], url: str) -> str:
    lines = [
        "[daemon]",
        f'name = "{DEVICE}"',
        'spool = "edge.spool"',
        "sighting_period_seconds = 2.0",
        "[server]",
        f'url = "{url}"',
        'token_file = "edge.token"',
    ]
    for script in scenario.readers:
        antennas = ", ".join(map(str, sorted(script.antennas)))
        lines += [
            "[[reader]]",
            f'name = "{script.name}"',
            'kind = "llrp"',
            'host = "127.0.0.1"',
            # A reader that stays off still has its address: the daemon knocks, and nobody answers.
            f"port = {ports.get(script.name) or _free_port()}",
            f"antennas = [{antennas}]",
            "keepalive_seconds = 3",
        ]
    return "\n".join(lines) + "\n"


@contextmanager
def _edge_daemon(data: Path, configuration: str) -> Iterator[None]:
    path = data / "edge.toml"
    path.write_text(configuration, encoding="utf-8")
    command = [sys.executable, "-m", "readers.daemon", "--config", str(path)]
    with (data / "edge.log").open("ab") as log:
        # A session of its own: Ctrl-C in the terminal ends the demo, and the demo ends its daemon in order.
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)  # noqa: S603
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def people_act(books: Books, act: Act) -> str:
    """One act of the story through the procedures; what came of it, in a line without a title."""
    try:
        facts, kind = _facts(books, act)
        receipt = books.enter(_subject(books, CLERK), facts, act=kind, signatures=_signed(books, facts))
    except (Refused, NotFound, LookupError, ValueError, IndexError) as error:
        return f"line {act.line}: {act.verb}: not entered: {error}"
    return f"{act.who} {act.verb}: {receipt.act}"


def _subject(books: Books, number: str) -> Subject:
    with books.database.reading() as connection:
        person = queries.person_by_number(connection, number)
        if person is None:
            raise LookupError(f"nobody has the number {number}")
        today = clock.day(books.clock(), books.scheme.timezone)
        return queries.subject_for(connection, person.id, books.scheme, today)


def _facts(books: Books, act: Act) -> tuple[list[CarrierFact], str]:
    number, _, copy = act.words[0].partition("/")
    options = dict(zip(act.words[1::2], act.words[2::2], strict=True))
    clerk = _subject(books, CLERK)
    with books.database.reading() as connection:
        carrier = queries.carrier_by_number(connection, clerk, number, int(copy or 1))
        directory = queries.directory(connection)
    if act.verb == "borrow":
        holder = next(p.id for p in directory.persons.values() if p.number == options["to"])
        last_day = clock.day(books.clock() + int(options.get("days", "14")) * DAY, books.scheme.timezone)
        return [Borrowed(carrier.id, holder, clock.end_of_day(last_day, books.scheme.timezone))], "borrow"
    if act.verb == "return":
        place = next(p.id for p in directory.places.values() if p.code == options["to"])
        return [Returned(carrier.id, place, carrier.pages)], "return"
    raise ValueError(f"people of a story borrow and return; not {act.verb}")


def _signed(books: Books, facts: Sequence[CarrierFact]) -> tuple[Signature, ...]:
    """The borrower's signature under a loan: the people of the story say who they are at the desk, as anybody does."""
    under = text_hash(signed_text(facts))
    holders = sorted({fact.holder for fact in facts if isinstance(fact, Borrowed)})
    return tuple(Signature(holder, books.clock(), "password", under) for holder in holders)


def _tell(books: Books, scenario: Scenario, say: Say, stop: threading.Event) -> bool:
    """Wait until the readers are heard, then let people act at their seconds; False where it was stopped."""
    expected = {script.name for script in scenario.readers if not script.off}
    for _ in range(int(LISTENING_SECONDS_MAX / 0.2)):
        with books.database.reading() as connection:
            heard = {reader.name for reader in readers.readers(connection, clock.now()) if reader.state == "listening"}
        if expected <= heard or stop.wait(0.2):
            break
    begun = clock.now()
    for act in sorted(scenario.acts, key=lambda a: a.at_seconds):
        if stop.wait(max(0.0, act.at_seconds - (clock.now() - begun) / SECOND)):
            return False
        if act.who != "story":
            say(people_act(books, act))
    return not stop.wait(max(0.0, scenario.duration_seconds - (clock.now() - begun) / SECOND))


@contextmanager
def _running(demo: Demo, scenario: Scenario, sock: socket.socket) -> Iterator[tuple[str, Books]]:
    with ExitStack() as stack:
        services = open_services(demo.data, clock.now)
        stack.enter_context(services.database)
        url = stack.enter_context(serving(services, sock))
        names = {script.name: 0 for script in scenario.readers if not script.off}
        virtual = stack.enter_context(VirtualReaderThread(scenario, names, seed=1))
        stack.enter_context(_edge_daemon(demo.data, _daemon_configuration(scenario, virtual.ports, url)))
        yield url, services.books


def _door(demo: Demo) -> "closing[socket.socket]":
    """The address, taken before anything is made: it answers only once the sample is loaded."""
    return closing(listening_socket("127.0.0.1", demo.port))


def play(demo: Demo, say: Say, stop: threading.Event) -> None:
    """The live demo: pages, readers, people; until `stop`."""
    scenario = read_scenario(demo.scenario)
    with _door(demo) as sock:
        accounts = prepare(demo, scenario)
        with _running(demo, scenario, sock) as (url, books):
            _welcome(say, url, accounts, scenario)
            _tell(books, scenario, say, stop)
            stop.wait()


def _welcome(say: Say, url: str, accounts: tuple[Account, ...], scenario: Scenario) -> None:
    say(f"\nCarrier custody is at {url}\n")
    say("Sign in with number and password:")
    for account in accounts:
        say(f"  {account.number}  {account.password:<16}{account.who}")
    say(f"\nThe story takes {scenario.duration_seconds:.0f} seconds and the pages are live. Ctrl-C ends it.\n")


def play_once(demo: Demo, say: Say, stop: threading.Event) -> dict[str, Any]:
    """The story to its end without a browser; the findings and the coverage as JSON values."""
    scenario = read_scenario(demo.scenario)
    with _door(demo) as sock:
        prepare(demo, scenario)
        with _running(demo, scenario, sock) as (_url, books):
            _tell(books, scenario, say, stop)
            return outcome(books)


def outcome(books: Books) -> dict[str, Any]:
    """What was found, and where nobody was listening: numbers and places, no titles."""
    now = clock.now()
    asking = _subject(books, SECRECY_OFFICE)
    found: list[dict[str, Any]] = []
    with books.database.reading() as connection:
        after: str | None = None
        while True:
            page = findings(connection, asking, FindingFilter(state="all"), after, 200)
            found += [_finding(item) for item in page.items]
            after = page.after
            if after is None:
                break
        listened = [_listened(reader, connection, now) for reader in readers.readers(connection, now)]
    return {"findings": found, "coverage": listened}


def _finding(item: FindingItem) -> dict[str, Any]:
    line = item.line
    return {
        "kind": line.kind,
        "number": line.number,
        "carrier": f"{item.carrier.control_number}/{item.carrier.copy_number}" if item.carrier else None,
        "epc": line.epc,
        "reader": line.reader,
        "place": line.place_code,
        "state": line.state,
        "happened_at": clock.moment(line.happened_at).isoformat(),
        "opened_at": clock.moment(line.opened_at).isoformat(),
    }


def _listened(reader: readers.ReaderHealth, connection: Connection, now: int) -> dict[str, Any]:
    """A reader, and of each of its antennas when it listened; nothing listened means nothing can be concluded."""
    antennas = []
    for antenna in reader.antennas:
        intervals: tuple[Interval, ...] = ()
        for seen in listening(connection, antenna.place, now) if antenna.place is not None else ():
            if (seen.reader, seen.antenna) == (reader.name, antenna.number):
                intervals = seen.intervals
        antennas.append(
            {
                "antenna": antenna.number,
                "place": antenna.place_code,
                "role": antenna.role,
                "covered": bool(intervals),
                "listened": [[clock.moment(at).isoformat() for at in interval] for interval in intervals],
            }
        )
    return {"reader": reader.name, "state": reader.state, "detail": reader.detail, "antennas": antennas}


def to_json(result: dict[str, Any]) -> str:
    """The outcome as text for the terminal."""
    return json.dumps(result, ensure_ascii=False, indent=1)


def sample_file(name: str) -> Path:
    """A file of the sample: in the repository's fixtures, or beside the installed package."""
    package = Path(__file__).parent
    inside = {"archive.xlsx": "archive.xlsx", "day.txt": "scenarios/day.txt"}[name]
    for path in (package.parent / "fixtures" / inside, package / "sample" / name):
        if path.exists():
            return path
    raise InstallationError(f"the sample file {name} is not part of this installation")


def default_folder(once: bool, environment: Mapping[str, str], temporary: str) -> Path:
    """A new temporary folder for a single run, else CUSTODY_DATA, else ./.demo."""
    if once:
        return Path(temporary) / "data"
    return Path(environment.get("CUSTODY_DATA") or os.path.join(".", ".demo"))
