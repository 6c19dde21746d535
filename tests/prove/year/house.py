"""The house: rooms of shelves, offices, portals, people; and where every carrier really is."""

import random
from collections import defaultdict
from dataclasses import dataclass, field

from custody.access import INSTALLATION
from custody.entries import Fact, Imported, PersonRecorded, PlaceRecorded, Shelved, TagBound
from custody.values import Person, Place, Tag
from reconcile.store import devices
from reconcile.store import readers as configured
from tests.builders import NOW, Archive, description, epc_of

BUILDING, GROUNDS = 2, 1
SHELVES_A_READER = 8
READERS_A_ROOM = 10
PER_ACT = 10_000
DEVICE = "edge-1"
UNIT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large the house is, how long it is watched, how much is done in it."""

    carriers: int
    store_readers: int
    offices: int
    portals: int
    persons: int
    days: int
    loans_a_day: int
    moves_a_day: int
    permits: int
    circulations: int
    destroyed: int
    wrong_shelves: int
    removals: int
    direct_passes: int
    clones: int
    late_returns: int
    dead_readers: int
    ghosts: int

    @property
    def readers(self) -> int:
        """All readers."""
        return self.store_readers + self.offices + self.portals


@dataclass(frozen=True, slots=True)
class Ear:
    """An antenna."""

    reader: str
    antenna: int


@dataclass
class House:
    """Places and people by identifier; where each carrier really is (None: out of the house, or in a safe)."""

    archive: Archive
    size: Size
    random: random.Random
    shelves: list[int] = field(default_factory=list)
    ears: dict[int, Ear] = field(default_factory=dict)
    """Shelf or office -> the antenna that hears it."""
    shelves_of: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Store reader -> its shelves."""
    rooms: list[int] = field(default_factory=list)
    room_of: dict[int, int] = field(default_factory=dict)
    """Shelf -> the room that it stands in."""
    offices: list[int] = field(default_factory=list)
    portals: list[tuple[int, str]] = field(default_factory=list)
    """Portals with their readers."""
    office_of: dict[int, int | None] = field(default_factory=dict)
    """Person -> office; None: one that no antenna hears."""
    borrowers: list[int] = field(default_factory=list)
    carriers: list[int] = field(default_factory=list)
    home: dict[int, int] = field(default_factory=dict)
    at: dict[int, int | None] = field(default_factory=dict)
    on: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Place -> what really is there."""
    mute: set[int] = field(default_factory=set)
    """Carriers that lie so that their tags do not answer."""

    @property
    def store_readers(self) -> list[str]:
        """Readers of the shelves."""
        return list(self.shelves_of)

    def put(self, carrier: int, place: int | None) -> None:
        """A carrier is laid somewhere; two in a thousand lie so that they do not answer."""
        before = self.at.get(carrier)
        if before is not None:
            self.on[before].discard(carrier)
        self.at[carrier] = place
        self.mute.discard(carrier)
        if place is not None:
            self.on[place].add(carrier)
            if place not in self.offices and self.random.random() < 0.002:
                self.mute.add(carrier)

    def free(self) -> int:
        """Some carrier that stands on its own shelf and has nothing to do with anything."""
        while True:
            carrier = self.random.choice(self.carriers)
            if self.at[carrier] == self.home[carrier] and carrier not in self.taken:
                self.taken.add(carrier)
                return carrier

    taken: set[int] = field(default_factory=set)
    """Carriers in use by somebody or something: two stories about one would be hard to tell apart."""


def a_house(archive: Archive, size: Size, seed: int) -> House:
    """Build it: directory, readers, carriers taken in, tagged and shelved."""
    house = House(archive, size, random.Random(seed))
    facts = _places(house) + _people(house)
    archive.books.enter(INSTALLATION, facts, act="directory")
    _readers(house)
    _carriers(house)
    return house


def _places(house: House) -> list[Fact]:
    size, books = house.size, house.archive.books
    facts: list[Fact] = []

    def place(code: str, name: str, kind: str, parent: int, **more: object) -> int:
        (number,) = books.reserve("place", 1)
        facts.append(PlaceRecorded(Place(number, code, name, kind, parent=parent, **more)))  # type: ignore[arg-type]
        return number

    room = 0
    for reader in range(size.store_readers):
        if reader % READERS_A_ROOM == 0:
            n = reader // READERS_A_ROOM
            room = place(f"K{n:02d}", f"库房{n}", "room", BUILDING, rating="secret", storage=True)
            house.rooms.append(room)
        cabinet = place(f"K{reader:03d}-C", f"{reader}号架", "cabinet", room, rating="secret", storage=True)
        for shelf in range(SHELVES_A_READER):
            code, name = f"K{reader:03d}-{shelf}", f"{reader}号架{shelf}层"
            number = place(code, name, "shelf", cabinet, rating="secret", storage=True)
            house.room_of[number] = room
            house.shelves.append(number)
            house.ears[number] = Ear(f"store-{reader:03d}", shelf + 1)
            house.shelves_of[f"store-{reader:03d}"].append(number)
    for office in range(size.offices):
        number = place(f"O{office:02d}", f"办公室{office}", "room", BUILDING, rating="secret")
        house.offices.append(number)
        house.ears[number] = Ear(f"office-{office:02d}", 1)
    for portal in range(size.portals):
        number = place(f"P{portal}", f"{portal}号门", "portal", BUILDING, inside=BUILDING, outside=GROUNDS)
        house.portals.append((number, f"portal-{portal}"))
    return facts


def _people(house: House) -> list[Fact]:
    numbers = house.archive.books.reserve("person", house.size.persons)
    facts: list[Fact] = []
    for n, number in enumerate(numbers):
        person = Person(
            number, f"2{n:04d}", f"职员{n}", f"Employee {n}", UNIT, "研究员", "important", "2020-01-01", "2030-12-31"
        )
        facts.append(PersonRecorded(person))
        house.borrowers.append(number)
        # Three in ten sit where nothing hears them.
        house.office_of[number] = house.random.choice(house.offices) if house.random.random() < 0.7 else None
    return facts


def _readers(house: House) -> None:
    with house.archive.books.database.writing() as connection:
        devices.create_device(connection, DEVICE, devices.token_hash("year"), NOW)
        for name, shelves in house.shelves_of.items():
            configured.upsert_reader(connection, name, NOW, title_zh=name, title_en=name, enabled=False)
            for shelf in shelves:
                configured.upsert_antenna(connection, name, house.ears[shelf].antenna, shelf)
        for office in house.offices:
            ear = house.ears[office]
            configured.upsert_reader(connection, ear.reader, NOW, title_zh=ear.reader, title_en=ear.reader)
            configured.upsert_antenna(connection, ear.reader, ear.antenna, office)
        for portal, name in house.portals:
            configured.upsert_reader(connection, name, NOW, title_zh=name, title_en=name)
            configured.upsert_antenna(connection, name, 1, portal, "inside")
            configured.upsert_antenna(connection, name, 2, portal, "outside")


def _carriers(house: House) -> None:
    books, size = house.archive.books, house.size
    for start in range(0, size.carriers, PER_ACT):
        ids = list(books.reserve("carrier", min(PER_ACT, size.carriers - start)))
        facts: list[Fact] = []
        for carrier in ids:
            shelf = house.shelves[carrier % len(house.shelves)]
            number = f"YS-2026-{carrier:06d}"
            facts.append(Imported(carrier, description(number, title=f"试验记录第{carrier}册")))
            facts += [TagBound(carrier, Tag(epc_of(carrier))), Shelved(carrier, shelf)]
            house.home[carrier], house.at[carrier] = shelf, shelf
            house.on[shelf].add(carrier)
        books.enter(INSTALLATION, facts, act="take_in")
        house.carriers += ids
