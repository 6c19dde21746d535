"""Two worlds that differ only in what is hidden from the people who look at them.

Both tell every story of the product twice: once of carriers that everybody here may know of, once of carriers that
none of the lookers may see, by clearance or by scope. In the second world the hidden ones bear other titles, numbers,
tags, levels, words, holders, homes and days; the acts, their number and their order, the identifiers and whatever is
seen are the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.main import create_app
from api.services import Services
from custody.access import INSTALLATION, Role, Subject
from custody.clock import day
from custody.database import Database
from custody.entries import (
    Borrowed,
    Fact,
    Imported,
    Moved,
    PersonRecorded,
    Shelved,
    Signature,
    TagBound,
    text_hash,
)
from custody.entries.base import Delegated
from custody.entries.circulation import Queued
from custody.entries.disposition import TransferListed, TransferOpened
from custody.entries.keeping import HandOverCounted
from custody.rules import Refused
from custody.store import accounts
from custody.store import schema as t
from custody.store.queries.people import subject_for
from custody.values import DAY, Delegation, Period, Person, Tag
from reconcile import rounds as sweeps
from reconcile.bulletin import Bulletin
from reconcile.store.core import READER_EVENT
from reconcile.store.readers import upsert_antenna, upsert_reader
from tests.builders import (
    CLERK,
    LEADER,
    NOW,
    PEOPLE,
    PERSONS,
    READING,
    SCHEME,
    SECRECY_OFFICE,
    SHELF,
    SHELF_2,
    Archive,
    description,
    epc_of,
    signatures,
)
from tests.custody.circulation.scene import a_circulation, to_reader
from tests.custody.keeping import house
from tests.custody.stateful.paths import PATHS, _listed
from tests.reconcile.findings.scene import Scene, a_scene
from tests.trust.flavours import HIDDEN_UNIT, Flavour, ToldArchive, told
from tests.web.door import let_in
from tests.web.front import PASSWORD, quick_passwords
from tests.web.watch.house import business, trouble

NOBODY_ELSE = tuple(f"person:{person.id}" for person in PERSONS)
"""Who may know of what is hidden: the people of the scenes, by name."""
SEEN = Flavour({"secret": "confidential", "top_secret": "confidential"}, mark="明", tag="A")
HIDING = {"internal": "secret", "confidential": "secret"}


def hidden(mark: str, tag: str) -> Flavour:
    """Carriers that no looker may see: too high for those who answer for everything, and in nobody else's scope."""
    return Flavour(HIDING, unit=HIDDEN_UNIT, scope=NOBODY_ELSE, mark=mark, tag=tag)


@dataclass(frozen=True)
class Looker:
    """Somebody who looks: `unit` the own one, `within` the unit for which the role is held (None: the house)."""

    id: int
    role: Role
    unit: int
    post_class: Any
    within: int | None = None

    @property
    def number(self) -> str:
        """The staff number."""
        return f"2{self.id:03d}"

    @property
    def person(self) -> Person:
        """The person."""
        names, cleared = (f"旁观{self.id}", f"Looker {self.id}"), ("2020-01-01", "2030-12-31")
        return Person(self.id, self.number, *names, self.unit, "职员", self.post_class, *cleared)


LOOKERS: Mapping[str, Looker] = {
    "borrower": Looker(15, Role.BORROWER, 3, "general"),
    "cleared": Looker(16, Role.BORROWER, 3, "core"),
    "clerk_of_planning": Looker(17, Role.CLERK, 3, "core", 3),
    "secretary": Looker(18, Role.MEETING_SECRETARY, 3, "core"),
    "manager_of_planning": Looker(19, Role.MANAGER, 3, "core", 3),
    "leader": Looker(20, Role.LEADER, 1, "general"),
    "secrecy_office": Looker(21, Role.SECRECY_OFFICE, 1, "general"),
    "committee": Looker(22, Role.SECRECY_COMMITTEE, 1, "general"),
    "clerk": Looker(23, Role.CLERK, 2, "general"),
    "system": Looker(24, Role.SYSTEM_ADMINISTRATOR, 1, None),
    "security": Looker(25, Role.SECURITY_ADMINISTRATOR, 1, None),
    "auditor": Looker(26, Role.AUDITOR, 1, None),
}
"""Whole-house roles are cleared to confidential only: what is hidden is above them. The others are cleared to top
secret and answer for planning, or for nothing: what is hidden is not in their scope."""


@dataclass(frozen=True)
class Variant:
    """What differs between the worlds, besides words and numbers: who holds, where it stands, until when, how high."""

    flavour: Flavour
    level: str
    holder: str
    other_holder: str
    place: int
    days: int
    kind: str
    pages: int
    period: Period
    refused: str


VARIANTS = (
    Variant(hidden("甲", "1"), "secret", "chen", "zhao", SHELF, 5, "document", 12, Period("maximum"), "ma"),
    Variant(hidden("由", "2"), "top_secret", "zhao", "leader", SHELF_2, 6, "disc", 31, Period("years", "8"), "he"),
)
TAKEN = "YS-TAKEN-1"
"""A control number that is a hidden carrier's in both worlds, of another carrier each."""
TAKEN_EPC = epc_of(0xABCDEF)


FIRST = ("hand-over", "inventory")
"""Both take up everything that stands in a cabinet or belongs to a unit."""


class Still(Scene):
    """A scene in which no time passes, and nothing is compared yet."""

    def wait(self, seconds: float) -> None:
        """Later, together."""

    def check(self, *kinds: str) -> Any:
        """Later, together."""


@dataclass
class World:
    """One of the two: its books behind the real application."""

    scene: Scene
    app: FastAPI
    services: Services
    seen: ToldArchive
    hidden: ToldArchive
    ids: dict[str, Any] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        """Its database."""
        return self.scene.database

    def subject(self, person: int) -> Subject:
        """A person as who is asking."""
        with self.database.reading() as connection:
            return subject_for(connection, person, SCHEME, day(self.scene.now, SCHEME.timezone))

    def carriers(self, mark: str) -> list[int]:
        """Carriers of a flavour, by identifier."""
        c = t.CARRIER.c
        with self.database.reading() as connection:
            return list(connection.scalars(select(c.id).where(c.control_number.startswith(mark)).order_by(c.id)))

    def client(self, number: str | None, language: str = "en") -> "Client":
        """A browser in which a person has signed in; nobody, without a number."""
        http = TestClient(self.app, follow_redirects=False, raise_server_exceptions=False)
        http.cookies.set("lang", language)
        if number is None:
            return Client(http, "")
        return Client(http, let_in(http, number, PASSWORD, self.services.clock()))


@dataclass
class Client:
    """A client with its cookies and the token of its session's forms."""

    http: TestClient
    csrf: str


def _still(scene: Scene, archive: Archive) -> Still:
    return Still(scene.database, archive, scene.ticking, scene.boots)


def build(database: Database, folder: Path, variant: Variant) -> World:
    """A world on an empty migrated database."""
    scene = a_scene(database)
    books = scene.archive.books
    seen, unseen = told(books, SEEN), told(books, variant.flavour)
    _people(scene)
    for path in (*FIRST, *(one for one in PATHS if one not in FIRST)):
        PATHS[path](seen)
        PATHS[path](unseen) if path != "hand-over" else _given_back(unseen)
    _of_lookers(seen)
    _loose(unseen, variant)
    _taken(scene, variant)
    bound, free = _bound(seen, unseen, variant), seen.carriers(2, title="可借")
    business(_still(scene, seen))
    business(_still(scene, unseen))
    trouble(_still(scene, unseen))
    scene.check()
    with database.writing() as connection:
        connection.execute(READER_EVENT.update().values(sequence=READER_EVENT.c.sequence - 1))
        upsert_reader(connection, "desk-1", scene.now, title_zh="借阅台", title_en="Lending desk")
        upsert_antenna(connection, "desk-1", 1, READING, "desk")
    scene.wait(7_200)
    trouble(replace(scene, archive=seen))
    services = Services(database, books, SCHEME, scene.clock, Bulletin(), None, folder)
    world = World(scene, create_app(services, passwords=quick_passwords()), services, seen, unseen)
    world.ids |= {"bound": bound, "free": tuple(free)}
    _kin(world, variant)
    scene.wait(2 * 86_400)
    scene.check()
    _rounds(world)
    return world


def _given_back(unseen: ToldArchive) -> None:
    """The cabinet goes back to the clerk, with what was seen in it and what was not."""
    people = {"giver": PEOPLE["clerk2"], "receiver": PEOPLE["clerk"]}
    matter = house.begin_hand_over(unseen, house.CABINET, **people)
    unseen.enter(CLERK, [HandOverCounted(one, matter) for one in _listed(unseen, matter)], "hand_over_count")
    unseen.enter(CLERK, house.taking_over(unseen, matter), "hand_over_close", "clerk2")


def _people(scene: Scene) -> None:
    """The lookers, and accounts for everybody who is going to sign in."""
    books = scene.archive.books
    books.reserve("person", len(LOOKERS))
    books.enter(INSTALLATION, [PersonRecorded(one.person) for one in LOOKERS.values()], act="directory")
    hashed = quick_passwords().hash(PASSWORD)
    with scene.database.writing() as connection:
        for one in LOOKERS.values():
            accounts.create(connection, one.id, accounts.family_of(one.role), hashed, NOW, "en")
            accounts.grant(connection, one.id, one.role, one.within, at=NOW)
        for who in ("clerk", "secrecy"):
            accounts.set_password_hash(connection, PEOPLE[who], hashed)
        for who, role in (("leader", Role.LEADER), ("committee", Role.SECRECY_COMMITTEE)):
            accounts.create(connection, PEOPLE[who], "business", hashed, NOW)
            accounts.grant(connection, PEOPLE[who], role, at=NOW)
    number = books.reserve("delegation", 1)[0]
    given = Delegation(number, LEADER.person, LOOKERS["leader"].id, ("approve_leader",), NOW, NOW + 60 * DAY, "出差")
    books.enter(LEADER, [Delegated(given)], act="delegate", signatures=signatures([Delegated(given)], NOW, "leader"))


def _of_lookers(seen: ToldArchive) -> None:
    """What is in the lookers' own hands: a loan, a folder on its way, a place in a queue."""
    lent, waited, folder = seen.carriers(3, title="旁观者手中")
    borrower = LOOKERS["borrower"].id
    seen.enter(CLERK, [Borrowed(lent, borrower, seen.due(12))], "borrow", borrower)
    seen.borrow(waited, "chen")
    seen.enter(CLERK, [Queued(waited, borrower)], "queue", borrower)
    matter = a_circulation(seen, folder, readers=("chen", "zhao"))
    to_reader(seen, matter, folder, "chen")


def _loose(unseen: ToldArchive, variant: Variant) -> None:
    """Hidden carriers that differ in everything that a carrier has."""
    differs = {"level": variant.level, "kind": variant.kind, "pages": variant.pages, "period": variant.period}
    carriers = unseen.carriers(8, title="散件", place=variant.place, **differs)
    lent, passed, waited, moved, again = carriers[:5]
    unseen.borrow(lent, variant.holder, variant.days)
    unseen.borrow(passed, variant.other_holder, variant.days)
    unseen.borrow(waited, variant.holder, variant.days)
    unseen.enter(CLERK, [Queued(waited, PEOPLE[variant.other_holder])], "queue", variant.other_holder)
    unseen.enter(CLERK, [Moved(moved, SHELF if variant.place == SHELF_2 else SHELF_2)], "move")
    unseen.borrow(again, variant.holder, 1)
    unseen.give_back(again)
    for one in carriers[5:]:
        try:
            unseen.borrow(one, variant.refused)
        except Refused:
            continue
        raise AssertionError("somebody without clearance was lent it")


def _taken(scene: Scene, variant: Variant) -> None:
    """One number, copy and tag that is a hidden carrier's in both worlds: of another one in each, and of another
    number of copies.
    """
    books, mark = scene.archive.books, variant.flavour.mark
    several = ((TAKEN, 1), (TAKEN, 2), (TAKEN, 3)) if variant is VARIANTS[1] else ((TAKEN, 1), *_others(mark))
    facts: list[Fact] = []
    for at, (carrier, (number, copy)) in enumerate(zip(books.reserve("carrier", 3), several, strict=True)):
        told = {"title": f"占号{mark}", "level": variant.level, "scope": NOBODY_ELSE, "unit": HIDDEN_UNIT}
        facts.append(Imported(carrier, description(number, copy_number=copy, copies=3, **told)))
        facts += [TagBound(carrier, Tag(epc_of(0xABCDEF - at))), Shelved(carrier, variant.place)]
    books.enter(INSTALLATION, facts, act="take_in")


def _others(mark: str) -> tuple[tuple[str, int], ...]:
    return (f"{mark}-OTHER", 1), (f"{mark}-OTHER", 2)


def _bound(seen: ToldArchive, unseen: ToldArchive, variant: Variant) -> tuple[int, int]:
    """Two carriers that are seen, each on a list that is not: in the other world on the other list."""
    first, second = seen.carriers(2, title="在册")
    listed = (first, second) if variant is VARIANTS[0] else (second, first)
    for carrier in listed:
        matter = unseen.matter()
        opened = TransferOpened(matter, 1, "secret", "archives", "档案馆", "一楼")
        unseen.enter(CLERK, [opened, TransferListed(carrier, matter)], "transfer")
    return first, second


def _kin(world: World, variant: Variant) -> None:
    """Descent across what is hidden: seen from hidden, hidden from seen, seen from seen by way of hidden."""
    seen, unseen = world.carriers(SEEN.mark), world.carriers(variant.flavour.mark)
    first, second = unseen[:2] if variant is VARIANTS[0] else unseen[2:4]
    with world.database.writing() as connection:
        for carrier, source in ((seen[0], first), (second, seen[1]), (first, seen[2])):
            connection.execute(t.DESCENT.insert().values(source=source, carrier=carrier, manner="copy"))


SCANNED = tuple(flavour.epc(epc_of(number)) for number in (1, 2, 3, 4, 5, 6, 9, 12) for flavour in
                (SEEN, *(one.flavour for one in VARIANTS)))  # fmt: skip
"""Tags of both worlds: what is a hidden carrier's in one is nobody's in the other."""


def _rounds(world: World) -> None:
    """A sweep that is signed by whoever sees everything, and one of a looker that is going on."""
    scene, services = world.scene, world.services
    scans = [*SCANNED, TAKEN_EPC, epc_of(0x777777)]
    for who, subject in (("clerk", CLERK), ("looker", world.subject(LOOKERS["clerk"].id))):
        number = sweeps.open_round(scene.database, services.books, subject, 4, scene.now)
        with scene.database.writing() as connection:
            for at, code in enumerate(scans):
                sweeps.scan(connection, subject, number, f"{who}-{at}", code, "scan", SHELF, scene.now)
        world.ids[f"round_{who}"] = number
    signed = world.ids["round_clerk"]
    with scene.database.reading() as connection:
        report = sweeps.round_report(connection, CLERK, signed)
    for who in (SECRECY_OFFICE, CLERK):
        under = Signature(who.person, scene.now, "password", text_hash(report.text))
        if sweeps.sign_round(scene.database, services.books, who, signed, under, scene.now):
            break
    scene.wait(60)
    scene.check()
