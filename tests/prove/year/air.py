"""What the readers tell: sightings and coverage, through the server's own intake.

A store's reader looks at a shelf when its door was opened, and at all of its shelves once a week; between, it is
switched off. Offices and portals listen always. A tag that lies is told once a look: the cost is by movement.
"""

from dataclasses import dataclass, field

from custody.values import SECOND, Instant
from reconcile.intake import CoverageRecord, IntakeBatch, SightingRecord
from reconcile.store import readers as configured
from reconcile.store.intake import take
from tests.builders import epc_of
from tests.prove.year.house import DEVICE, Ear, House

DOOR_SECONDS, DOOR_PERIOD_SECONDS = 60, 20
LOOK_SECONDS = 600
BATCH = 5_000
NEIGHBOURS = 0.08
"""So many of the next shelf's tags are heard too, weakly."""


@dataclass
class Air:
    """Tells what is so. `silent`: readers that are dead."""

    house: House
    silent: set[str] = field(default_factory=set)
    told: int = 0
    """Records taken by the server."""
    _sequence: int = 0
    _sightings: list[SightingRecord] = field(default_factory=list)
    _coverage: list[CoverageRecord] = field(default_factory=list)
    _used: set[str] = field(default_factory=set)
    """Readers of the store that were on since the last delivery."""

    def hear(self, epc: str, ear: Ear, first: Instant, last: Instant, reads: int, dbm: float) -> None:
        """One sighting."""
        if ear.reader in self.silent:
            return
        self._sequence += 1
        strongest = dbm + 3.0
        self._sightings.append(
            SightingRecord(self._sequence, epc, None, ear.reader, ear.antenna, first, last, reads, strongest, dbm, last)
        )

    def listen(self, ear: Ear, since: Instant, through: Instant) -> None:
        """The antenna was listening."""
        if ear.reader not in self.silent:
            self._sequence += 1
            self._coverage.append(CoverageRecord(self._sequence, ear.reader, ear.antenna, since, through))

    def door(self, shelf: int, at: Instant) -> None:
        """Somebody closed a door: the reader looks at that shelf for a minute."""
        self._look(shelf, at, DOOR_SECONDS, DOOR_PERIOD_SECONDS)

    def weekly(self, reader: str, at: Instant) -> None:
        """All shelves of a reader, for ten minutes."""
        for shelf in self.house.shelves_of[reader]:
            self._look(shelf, at, LOOK_SECONDS, LOOK_SECONDS)

    def _look(self, shelf: int, at: Instant, seconds: int, period: int) -> None:
        house, ear = self.house, self.house.ears[shelf]
        self._used.add(ear.reader)
        self.listen(ear, at, at + seconds * SECOND)
        for carrier in sorted(house.on[shelf]):
            if carrier not in house.mute:
                for since in range(0, seconds, period):
                    self._heard(carrier, ear, at + since * SECOND, period)
        beside = shelf + 1
        if beside in house.ears and house.ears[beside].reader == ear.reader:
            for carrier in sorted(house.on[beside]):
                # Always the same ones: it is how they lie.
                if hash((carrier, shelf)) % 1000 < NEIGHBOURS * 1000:
                    first = at + house.random.randrange(seconds // 2) * SECOND
                    self.hear(epc_of(carrier), ear, first, first + 3 * SECOND, 2, -71.0)

    def _heard(self, carrier: int, ear: Ear, at: Instant, seconds: int) -> None:
        spread = self.house.random
        first = at + spread.randrange(1, 900_000)
        last = at + seconds * SECOND - spread.randrange(1, 900_000)
        self.hear(epc_of(carrier), ear, first, last, seconds * 2, -52.0 - spread.random() * 8)

    def lies(self, carrier: int, place: int, since: Instant, until: Instant) -> None:
        """A carrier lay in an office and was heard there all the while."""
        ear = self.house.ears[place]
        seconds = max(1, (until - since) // SECOND)
        self.hear(epc_of(carrier), ear, since, until, seconds, -55.0)

    def passes(self, carrier: int, reader: str, at: Instant) -> None:
        """Out by a portal, heard on both sides."""
        epc, inside, outside = epc_of(carrier), Ear(reader, 1), Ear(reader, 2)
        step = SECOND // 10
        self.hear(epc, inside, at, at, 1, -58.0)
        self.hear(epc, inside, at + 3 * step, at + 18 * step, 7, -49.0)
        self.hear(epc, outside, at + 12 * step, at + 12 * step, 1, -60.0)
        self.hear(epc, outside, at + 15 * step, at + 34 * step, 8, -48.0)

    def deliver(self, now: Instant) -> list[str]:
        """Everything said arrives; gives the store's readers that were on, switched on for as long as it is judged."""
        database = self.house.archive.books.database
        used = sorted(self._used)
        with database.writing() as connection:
            for name in used:
                configured.upsert_reader(connection, name, now, title_zh=name, title_en=name)
        sightings = sorted(self._sightings, key=lambda one: (one.last_at, one.sequence))
        order = [*self._coverage, *sightings]
        for start in range(0, max(1, len(order)), BATCH):
            rows = sorted(order[start : start + BATCH], key=lambda one: one.sequence)
            batch = IntakeBatch(
                DEVICE,
                "5" * 32,
                sightings=tuple(row for row in rows if isinstance(row, SightingRecord)),
                coverage=tuple(row for row in rows if isinstance(row, CoverageRecord)),
            )
            with database.writing() as connection:
                self.told += take(connection, DEVICE, batch, now).taken
        self._sightings, self._coverage, self._used = [], [], set()
        return used

    def off(self, readers: list[str], now: Instant) -> None:
        """Switch these off again."""
        with self.house.archive.books.database.writing() as connection:
            for name in readers:
                configured.upsert_reader(connection, name, now, title_zh=name, title_en=name, enabled=False)
