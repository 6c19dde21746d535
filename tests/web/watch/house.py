"""A house to look at: the archive with its accounts, readers that listened with a gap, and one finding of each kind."""

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.main import create_app
from api.services import Services
from api.sessions import Passwords
from custody.access import Role
from custody.database import Database
from custody.store import accounts
from custody.values import SECOND
from reconcile.bulletin import Bulletin
from reconcile.store.core import COVERAGE, READER, READER_EVENT
from tests.builders import CORRIDOR, LOW_SHELF, NOW, PEOPLE, READING, SCHEME, SHELF, SHELF_2
from tests.reconcile.findings.scene import Scene, a_scene

PASSWORD = "a right password"
HOUR = 3_600

ROLES: tuple[tuple[str, Role], ...] = (
    ("chen", Role.BORROWER),
    ("he", Role.BORROWER),
    ("ma", Role.AUDITOR),
    ("sun", Role.MANAGER),
)


class QuickPasswords(Passwords):
    """One password for everybody, without the work of hashing: what is tested lies behind the door."""

    def __init__(self) -> None:
        """Nothing to prepare."""

    def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether it is the one."""
        return password == PASSWORD and password_hash is not None

    def close(self) -> None:
        """Nothing to let go."""


@dataclass
class House:
    """The scene, the services over it, and doors to sign in by."""

    scene: Scene
    services: Services
    app: FastAPI

    @property
    def database(self) -> Database:
        """The books' database."""
        return self.scene.database

    def client(self, who: str, language: str = "en") -> "Visitor":
        """A browser in which somebody has signed in."""
        return Visitor.enter(TestClient(self.app, follow_redirects=False), who, language)


@dataclass
class Visitor:
    """A signed-in browser."""

    http: TestClient
    csrf: str

    @classmethod
    def enter(cls, http: TestClient, who: str, language: str) -> "Visitor":
        """Sign in."""
        http.cookies.set("lang", language)
        number = f"{1000 + PEOPLE[who]}"
        answer = http.post("/sign-in", data={"number": number, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        page = http.get("/me").text
        return cls(http, page.split('name="csrf" value="', 1)[1].split('"', 1)[0])

    def get(self, address: str) -> Any:
        """A page."""
        return self.http.get(address)

    def page(self, address: str) -> str:
        """The text of a page that must be there."""
        answer = self.http.get(address)
        assert answer.status_code == 200, f"{address}: {answer.status_code} {answer.text[:2000]}"
        return str(answer.text)

    def post(self, address: str, **fields: Any) -> Any:
        """Send a form of this session."""
        return self.http.post(address, data={"csrf": self.csrf} | fields)

    def send(self, address: str, body: Any = None) -> Any:
        """A request of the REST interface."""
        return self.http.post(address, json=body if body is not None else {}, headers={"X-CSRF-Token": self.csrf})


def services_for(scene: Scene, data: Any, **more: Any) -> Services:
    """Services over a scene."""
    return Services(
        database=scene.database,
        books=scene.archive.books,
        scheme=SCHEME,
        clock=scene.clock,
        bulletin=Bulletin(),
        watch=None,
        data=data,
        **more,
    )


def a_house(database: Database, data: Any) -> House:
    """The archive, its people with accounts; nothing has happened yet."""
    scene = a_scene(database)
    with database.writing() as connection:
        for who, role in ROLES:
            family = "administrator" if role is Role.AUDITOR else "business"
            accounts.create(connection, PEOPLE[who], family, "-", NOW)
            accounts.grant(connection, PEOPLE[who], role, 3 if role is Role.MANAGER else None)
    services = services_for(scene, data)
    return House(scene, services, create_app(services, passwords=QuickPasswords()))


@dataclass(frozen=True)
class Troubled:
    """What went wrong, by carrier."""

    present: tuple[int, ...]
    missing: int
    misplaced: int
    gone: int
    low: int
    removed: int
    suspected: int
    back: int
    overdue: int


def trouble(scene: Scene) -> Troubled:
    """One finding of every kind, as the checks open them."""
    archive = scene.archive
    present = tuple(archive.carriers(4))
    lost, astray, gone, low, removed, suspected, back, overdue = archive.carriers(8, title="远山四号 试验记录")
    archive.borrow(back, "chen", days=14)
    archive.borrow(overdue, "sun", days=1)
    scene.wait(3 * 86_400)
    for place in (SHELF, SHELF_2, READING, CORRIDOR, LOW_SHELF):
        scene.listening(place, 20 * HOUR)
    _gap(scene, SHELF_2)
    for carrier in present:
        scene.heard(carrier, SHELF, seconds=2 * HOUR)
        scene.sighting(carrier, SHELF, seconds_ago=30)
    scene.heard(astray, SHELF_2, seconds=HOUR)
    scene.heard(gone, READING, seconds=HOUR)
    scene.heard(low, LOW_SHELF, seconds=HOUR)
    scene.heard(back, SHELF_2, seconds=2 * HOUR)
    for seconds_ago in range(60, 3_600, 240):
        scene.sighting(astray, SHELF_2, seconds_ago=seconds_ago, reads=3)
        scene.sighting(back, SHELF_2, seconds_ago=seconds_ago)
        scene.sighting(back, SHELF, seconds_ago=seconds_ago + 7, reads=1)
    for carrier in (overdue,):
        scene.heard(carrier, READING, seconds=HOUR, strength="unconfirmed")
    scene.passes(removed, "out", 0.95, seconds_ago=300)
    scene.passes(suspected, "unknown", 0.5, seconds_ago=200)
    scene.heard("3414F4A2FFFFFFFFFFFF0001", CORRIDOR, seconds=HOUR)
    scene.sighting("3414F4A2FFFFFFFFFFFF0001", CORRIDOR, seconds_ago=50)
    silent = scene.reader(7, "place")
    with scene.database.writing() as connection:
        connection.execute(COVERAGE.delete().where(COVERAGE.c.reader == silent))
        row = {"reader": silent, "antenna": 1, "since_at": scene.now - 20 * HOUR * SECOND}
        connection.execute(COVERAGE.insert().values(row | {"through_at": scene.now - 2 * HOUR * SECOND}))
        connection.execute(READER.update().where(READER.c.name == silent).values(state="connecting"))
        event = {"source": 1, "sequence": 999_999, "reader": silent, "state": "connecting"}
        event |= {"at": scene.now - 2 * HOUR * SECOND, "detail": "keepalive missed"}
        connection.execute(READER_EVENT.insert().values(event))
    scene.heard(gone, CORRIDOR, seconds=0)
    scene.heard(gone, READING, seconds=HOUR)
    scene.check()
    return Troubled(present, lost, astray, gone, low, removed, suspected, back, overdue)


def _gap(scene: Scene, place: int) -> None:
    """For nine minutes, half an hour ago, nobody listened there."""
    name = scene.reader_of(place)
    cut = scene.now - 30 * 60 * SECOND
    with scene.database.writing() as connection:
        connection.execute(COVERAGE.update().where(COVERAGE.c.reader == name).values(through_at=cut))
        row = {"reader": name, "antenna": 1, "since_at": cut + 9 * 60 * SECOND, "through_at": scene.now}
        connection.execute(COVERAGE.insert().values(row))
