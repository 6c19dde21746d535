"""A house to look at: the archive with its accounts, readers that listened with a gap, and one finding of each kind."""

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.main import create_app
from api.services import Services
from api.sessions import Passwords
from custody.access import Role
from custody.approval import asked
from custody.database import Database
from custody.entries import TagBound, TagRetired
from custody.entries.disposition import (
    ArchivingDue,
    IssuerReturnListed,
    IssuerReturnOpened,
    TransferListed,
    TransferOpened,
)
from custody.store import accounts
from custody.store.schema import CARRIER, INSTRUCTION, LINE, MATTER
from custody.values import DAY, SECOND, Period, Tag
from reconcile.bulletin import Bulletin
from reconcile.store.core import ANTENNA_ALIVE, COVERAGE, READER, READER_EVENT
from reconcile.store.references import add_reference_tag
from tests.builders import CLERK, CORRIDOR, LOW_SHELF, NOW, PEOPLE, READING, SCHEME, SHELF, SHELF_2, epc_of
from tests.custody.circulation.scene import a_circulation, from_reader, to_reader
from tests.custody.destruction.batches import a_batch
from tests.custody.disposition.scenes import ISSUER, NOTICE, received_papers
from tests.custody.meetings.scene import a_meeting
from tests.reconcile import letters
from tests.reconcile.findings.scene import Scene, a_scene
from tests.web.door import let_in
from tests.web.watch.gate import a_gate, lies_there

PASSWORD = "a right password"
HOUR = 3_600
COPIED, CHIP = epc_of(700_001), "E2801160600002010000AB"
"""A tag with its chip's number but for the last byte: it is heard from another."""

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
        http = TestClient(self.app, follow_redirects=False)
        http.cookies.set("lang", language)
        return Visitor(http, let_in(http, f"{1000 + PEOPLE[who]}", PASSWORD, self.services.clock()))


@dataclass
class Visitor:
    """A signed-in browser."""

    http: TestClient
    csrf: str

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
    with_accounts(scene)
    return house_over(scene, data)


def with_accounts(scene: Scene) -> None:
    """Its people, besides its keepers, get accounts."""
    with scene.database.writing() as connection:
        for who, role in ROLES:
            family = "administrator" if role is Role.AUDITOR else "business"
            accounts.create(connection, PEOPLE[who], family, "-", NOW)
            accounts.grant(connection, PEOPLE[who], role, 3 if role is Role.MANAGER else None)


def house_over(scene: Scene, data: Any) -> House:
    """The application over a scene whose people have accounts."""
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
    """One finding of every kind in which radio and books differ, and an overdue loan, as the checks open them."""
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


def business(scene: Scene) -> dict[str, int]:
    """One finding of every kind that matters and deadlines bring, as the checks open them; gives them by kind.

    Of what is one carrier's, its carrier; else the matter.
    """
    archive = scene.archive
    leg, passed, held, archived, waiting = archive.carriers(5, title="远山五号 会议材料")
    (lost_one,) = archive.carriers(1, level="top_secret", title="远山八号 下落不明")
    archive.enter(CLERK, [ArchivingDue(archived, "2026-11-21")], "archiving")
    copied, shed = archive.carriers(2, title="远山七号 标签")
    tags = [TagBound(copied, Tag(COPIED, f"{CHIP}00")), TagRetired(shed, epc_of(shed), "脱落")]
    archive.enter(CLERK, tags, "tag")
    (ended,) = archive.carriers(1, period=Period("date", "2026-11-21"), title="远山六号 期满")
    circulation = a_circulation(archive, leg, passed)
    for carrier in (leg, passed):
        to_reader(archive, circulation, carrier, "sun", days=1)
    from_reader(archive, circulation, passed, "chen")
    archive.borrow(held, "zhao", days=30)
    papers = received_papers(archive, 2)
    matter = archive.matter()
    called = IssuerReturnOpened(matter, 1, "secret", ISSUER, NOTICE, "2026-11-18", archive.due(1))
    archive.enter(CLERK, [called, *(IssuerReturnListed(one, matter) for one in papers)], "issuer_return")
    loss = archive.lose(lost_one)
    meeting = a_meeting(archive, take_back=True).lists("chen", "sun").guests(1).approved().everybody_enters().begins()
    out, taken, with_guest = meeting.brings(3)
    meeting.hands_out({out: 1, taken: 2, with_guest: 3})
    meeting.takes_back(taken, "sun", days=1)
    transfer = archive.matter()
    opened = TransferOpened(transfer, 1, "secret", "archives", "院档案馆", "档案馆一楼")
    archive.enter(CLERK, [opened, TransferListed(waiting, transfer)], "transfer")
    archive.enter(CLERK, [asked(transfer, "transfer", SCHEME, scene.now, urgent=True)], "approval")
    batch = a_batch(archive, 1).ready()
    batch.destroy()
    begun = _other_letters(scene)
    scene.wait(3 * 86_400)
    _overdue(scene, begun)
    (ghost,) = batch.carriers
    scene.heard(epc_of(ghost), CORRIDOR, seconds=90)
    scene.sighting(epc_of(ghost), CORRIDOR, seconds_ago=20, reads=4)
    scene.sighting(COPIED, CORRIDOR, seconds_ago=15, tid=f"{CHIP}FF")
    scene.heard(epc_of(shed), CORRIDOR, seconds=90)
    scene.sighting(epc_of(shed), CORRIDOR, seconds_ago=20, reads=4)
    with scene.database.writing() as connection:
        # As if it had been lent before these books began.
        connection.execute(CARRIER.update().where(CARRIER.c.id == held).values(since_at=scene.now - 92 * DAY))
    a_gate(scene, stuck=True)
    lies_there(scene, scene.epcs(held)[0])
    _deaf(scene)
    scene.check()
    return {
        "leg_overdue": leg,
        "direct_pass": passed,
        "held_too_long": held,
        "archiving_due": archived,
        "review_due": ended,
        "meeting_paper_out": out,
        "deposit_overdue": taken,
        "ghost_read": ghost,
        "tag_disagrees": copied,
        "retired_tag": shed,
        "issuer_return_overdue": matter,
        "loss_report_overdue": loss,
        "declared_lost": lost_one,
        "approval_overdue": transfer,
        **{kind: one.carrier or one.matter for kind, one in begun.items()},
    }


def _other_letters(scene: Scene) -> dict[str, letters.Begun]:
    """One matter for each deadline of the other letters, and texts to be signed for."""
    order, epc = letters.a_label(scene)
    scene.reader(CORRIDOR)
    letters.heard_for_long(scene, epc)
    begun = {
        "intermediate_open": letters.an_intermediate(scene.archive),
        "arrival_overdue": letters.a_parcel(scene.archive),
        "collection_overdue": letters.a_collection(scene.archive),
        "permit_overdue": letters.a_journey(scene.archive),
        "provision_overdue": letters.a_provision(scene.archive),
        "visit_open": letters.a_visitor(scene.archive),
        "label_unregistered": letters.Begun(order),
    }
    letters.texts(scene.archive)
    return begun


def _deaf(scene: Scene) -> None:
    """An antenna in the corridor whose connection lives, and which has not heard its reference tag for an hour."""
    name = scene.reader(CORRIDOR)
    with scene.database.writing() as connection:
        add_reference_tag(connection, name, 1, "3414F4A2FFFFFFFFFFFFFF01", scene.now - HOUR * SECOND)
        row = {"reader": name, "antenna": 1, "since_at": scene.now - 2 * HOUR * SECOND, "through_at": scene.now}
        connection.execute(ANTENNA_ALIVE.insert().values(row))


def _overdue(scene: Scene, begun: dict[str, letters.Begun]) -> None:
    """As if all of them had begun long ago."""
    yesterday = scene.now - DAY
    matters = [one.matter for kind, one in begun.items() if kind != "label_unregistered"]
    with scene.database.writing() as connection:
        connection.execute(MATTER.update().where(MATTER.c.id.in_(matters)).values(due_at=yesterday))
        due = LINE.c.matter.in_(matters) & LINE.c.due_at.is_not(None)
        connection.execute(LINE.update().where(due).values(due_at=yesterday))
        connection.execute(INSTRUCTION.update().values(issued_at=scene.now - 30 * DAY))


def _gap(scene: Scene, place: int) -> None:
    """For nine minutes, half an hour ago, nobody listened there."""
    name = scene.reader_of(place)
    cut = scene.now - 30 * 60 * SECOND
    with scene.database.writing() as connection:
        connection.execute(COVERAGE.update().where(COVERAGE.c.reader == name).values(through_at=cut))
        row = {"reader": name, "antenna": 1, "since_at": cut + 9 * 60 * SECOND, "through_at": scene.now}
        connection.execute(COVERAGE.insert().values(row))
