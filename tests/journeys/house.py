"""A small but real archive to walk through: the sample loaded, the pages served, readers heard by LLRP.

The morning of the sample's day is played and then nothing more: what happens afterwards, a journey says itself with
`Readers.arrive`, `leave`, `off` — at the same virtual readers, over the same socket.
"""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from api.demo import DEVICE, Demo, prepare, read_scenario, sample_file
from api.installation import CONFIG, open_services
from api.serving import listening_socket, serving
from custody import clock
from custody.access import Subject
from custody.life_cycle import Status
from custody.store import queries
from custody.store.books import Books
from custody.store.queries import CarrierItem
from readers.scenario import DeviceActs, Scenario, TagsArrive, TagsLeave
from readers.scenario.model import DeviceVerb, ReaderEvent
from readers.virtual import VirtualReaderThread
from reconcile.store.readers import readers
from tests.prove.house import Process, a_daemon

CLERK, MANAGER, SECRECY_OFFICE, BORROWER = "1001", "1004", "1005", "1007"
SYSTEM, SECURITY, AUDITOR = "1028", "1029", "1030"
PEOPLE = (CLERK, MANAGER, SECRECY_OFFICE, BORROWER, SYSTEM, SECURITY, AUDITOR)
CLERK_2, LEADER, COMMITTEE = "1002", "1006", "1010"
"""COMMITTEE: sits on the secrecy committee, and heads the borrower's department."""
LATE_BORROWER = "1008"
"""Holds one carrier that is long overdue."""
LISTENING_SECONDS_MAX = 300.0

NUMBERS = {
    "confirm_after_seconds": 1,
    "missing_after_seconds": 300,
    "misplaced_after_seconds": 3,
    "in_store_on_loan_after_seconds": 3,
    "rated_too_low_after_seconds": 3,
    "reader_silent_after_seconds": 8,
    "session_idle_seconds": 28_800,
    "confirmation_seconds": 3_600,
}
"""Short enough for a journey, long enough that nothing is found that a journey did not cause."""


def password(number: str) -> str:
    """The sample's passwords are known to everybody."""
    return f"yuanshan-{number}"


@dataclass(frozen=True)
class Readers:
    """The virtual readers. What is said here happens at once, in the reader's own time."""

    virtual: VirtualReaderThread

    def arrive(self, reader: str, antenna: int, *epcs: str, dbm: float = -52.0) -> None:
        """Tags come into an antenna's field."""
        self._happen(reader, TagsArrive(self._now(reader), antenna, epcs, dbm))

    def leave(self, reader: str, antenna: int, *epcs: str) -> None:
        """Tags leave it."""
        self._happen(reader, TagsLeave(self._now(reader), antenna, epcs))

    def carry(self, epc: str, source: tuple[str, int], target: tuple[str, int]) -> None:
        """A tag is taken from one antenna to another."""
        self.leave(*source, epc)
        self.arrive(*target, epc)

    def switch(self, reader: str, verb: DeviceVerb) -> None:
        """The reader itself is switched off or on."""
        self._happen(reader, DeviceActs(self._now(reader), verb))

    def carry_out(self, epc: str) -> None:
        """A tag goes out by the gate: heard inside, then outside, then no more."""
        begun = self._now("portal")
        self._happen("portal", TagsArrive(begun, 1, (epc,), -50.0))
        self._happen("portal", TagsArrive(begun + 1.5, 2, (epc,), -50.0))
        self._happen("portal", TagsLeave(begun + 2.0, 1, (epc,)))
        self._happen("portal", TagsLeave(begun + 4.0, 2, (epc,)))

    def _now(self, reader: str) -> float:
        elapsed = self.virtual.readers[reader].elapsed_seconds
        assert elapsed is not None, f"{reader} was never started"
        return elapsed

    def _happen(self, reader: str, event: ReaderEvent) -> None:
        played = self.virtual.readers[reader]
        played.script = replace(played.script, events=(*played.script.events, event))


@dataclass(frozen=True)
class House:
    """The archive in use: where its pages are, its books, and its readers."""

    url: str
    data: Path
    books: Books
    readers: Readers

    def carriers(self, place: str) -> list[CarrierItem]:
        """What stands on a shelf now, each with its tag, by control number."""
        with self.books.database.reading() as connection:
            directory = queries.directory(connection)
            (where,) = [one.id for one in directory.places.values() if one.code == place]
            found = queries.carriers(connection, self.asking(CLERK), queries.CarrierFilter(place=where), limit=1_000)
        standing = (item for item in found.items if item.tags and item.status is Status.IN_PLACE)
        return sorted(standing, key=lambda item: (item.control_number, item.id))

    def keeper(self, place: str) -> str:
        """The staff number of whoever keeps a place now."""
        with self.books.database.reading() as connection:
            directory = queries.directory(connection)
        (kept_by,) = [one.responsible for one in directory.places.values() if one.code == place]
        assert kept_by is not None, f"nobody keeps {place}"
        return directory.persons[kept_by].number

    def find(self, control_number: str, copy: int = 1) -> CarrierItem:
        """A carrier by its number."""
        with self.books.database.reading() as connection:
            return queries.carrier_by_number(connection, self.asking(CLERK), control_number, copy)

    def carrier(self, number: int) -> CarrierItem:
        """A carrier as the clerk sees it now."""
        with self.books.database.reading() as connection:
            return queries.carrier(connection, self.asking(CLERK), number)

    def asking(self, number: str) -> Subject:
        """A person of the sample, as who is asking."""
        with self.books.database.reading() as connection:
            person = queries.person_by_number(connection, number)
            assert person is not None
            today = clock.day(clock.now(), self.books.scheme.timezone)
            return queries.subject_for(connection, person.id, self.books.scheme, today)


def the_morning(scenario: Scenario) -> Scenario:
    """The story as it stands before anything has happened: what lies where its readers hear it."""
    scripts = tuple(
        replace(script, events=tuple(event for event in script.events if event.at_seconds == 0))
        for script in scenario.readers
    )
    return Scenario(scripts, scenario.tags, (), 0.0)


def _configure(data: Path) -> None:
    path = data / CONFIG
    text = path.read_text(encoding="utf-8")
    lines = "\n".join(f"{name} = {value}" for name, value in NUMBERS.items())
    path.write_text(re.sub(r"\[numbers\].*", lambda _found: f"[numbers]\n{lines}\n", text, flags=re.DOTALL), "utf-8")


def _edge(data: Path, scenario: Scenario, virtual: VirtualReaderThread, url: str) -> Path:
    lines = ["[daemon]", f'name = "{DEVICE}"', 'spool = "edge.spool"', "sighting_period_seconds = 0.5"]
    lines += ["[server]", f'url = "{url}"', 'token_file = "edge.token"']
    for script in scenario.readers:
        lines += ["[[reader]]", f'name = "{script.name}"', 'kind = "llrp"', 'host = "127.0.0.1"']
        lines += [f"port = {virtual.ports[script.name]}", f"antennas = {sorted(script.antennas)}"]
        lines += ["keepalive_seconds = 1", "reconnect_seconds_max = 1"]
    path = data / "edge.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _wait_until_heard(books: Books, names: Sequence[str], daemon: Process) -> None:
    waited = threading.Event()
    for _ in range(int(LISTENING_SECONDS_MAX / 0.2)):
        daemon.must_run()
        with books.database.reading() as connection:
            listening = {one.name for one in readers(connection, clock.now()) if one.reads_last_minute}
        if {"cabinet", "reading_room"} <= listening and set(names) <= _connected(books):
            return
        waited.wait(0.2)
    raise AssertionError(f"the readers were not heard:\n{daemon.log[-3000:]}")


def _connected(books: Books) -> set[str]:
    with books.database.reading() as connection:
        return {one.name for one in readers(connection, clock.now()) if one.state == "listening"}


@contextmanager
def a_house(folder: Path) -> Iterator[House]:
    """The archive, served on a free port of 127.0.0.1 for as long as the context lasts."""
    data = folder / "data"
    scenario = the_morning(read_scenario(sample_file("day.txt")))
    prepare(Demo(data, 0, sample_file("archive.xlsx"), sample_file("day.txt")), scenario)
    _configure(data)
    services = open_services(data, clock.now)
    with ExitStack() as stack:
        stack.enter_context(services.database)
        url = stack.enter_context(serving(services, listening_socket("127.0.0.1", 0)))
        names = [script.name for script in scenario.readers]
        virtual = stack.enter_context(VirtualReaderThread(scenario, dict.fromkeys(names, 0), seed=1))
        daemon = stack.enter_context(a_daemon(_edge(data, scenario, virtual, url), folder))
        _wait_until_heard(services.books, names, daemon)
        yield House(url, data, services.books, Readers(virtual))
        daemon.stop()
