"""What people lawfully do, day by day: lend and return, move, circulate, carry out on a permit, destroy.

Every act is entered in the books by the product's own procedures, at its time; the house and the air follow.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from custody import clock
from custody.entries import Borrowed, Fact, Moved, Returned, Signature
from custody.entries.circulation import CirculationClosed, CirculationPutBack, LegEnded
from custody.values import DAY, SECOND, Instant
from reconcile import rounds
from reconcile.rounds import Scan
from tests.builders import CLERK, CLERK_2, NOW, PEOPLE, Archive, Ticking, epc_of
from tests.custody.carrying_out.scene import a_permit, leg
from tests.custody.circulation.scene import READERS, a_circulation, to_reader
from tests.custody.destruction.batches import Batch
from tests.prove.year.air import Air
from tests.prove.year.house import House

HOUR = 3_600 * SECOND
MINUTE = 60 * SECOND
MIDNIGHT = NOW - 10 * HOUR
"""Where the organisation is; the first day is a Friday."""
OPENS, CLOSES = 9 * HOUR, 17 * HOUR + 30 * MINUTE

Event = Callable[[], None]


def begins(day: int) -> Instant:
    """Midnight of a day."""
    return MIDNIGHT + day * DAY


def works(day: int) -> bool:
    """Whether people work: Monday to Friday."""
    return (day + 4) % 7 < 5


def workday(day: int) -> int:
    """The first working day from this one on."""
    while not works(day):
        day += 1
    return day


@dataclass
class Work:
    """The agenda: what happens when, in order; and who has what."""

    house: House
    air: Air
    clock: Ticking
    on_desk: dict[int, tuple[int, Instant]] = field(default_factory=dict)
    """Carrier -> the office where it is in use, since when it has been told."""
    acts: int = 0
    entered: int = 0
    _agenda: list[tuple[Instant, int, Event]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)

    @property
    def archive(self) -> Archive:
        """The books."""
        return self.house.archive

    def at(self, when: Instant, event: Event) -> None:
        """Put something on the agenda."""
        heapq.heappush(self._agenda, (when, next(self._order), event))

    def until(self, when: Instant) -> None:
        """Everything on the agenda up to a time happens."""
        while self._agenda and self._agenda[0][0] <= when:
            at, _, event = heapq.heappop(self._agenda)
            self.clock.at = max(self.clock.at, at)
            event()
        self.clock.at = max(self.clock.at, when)

    def tell_desks(self, now: Instant) -> None:
        """What lies on desks was heard there since it was told last; at the end of the day it is locked away."""
        for carrier, (office, since) in sorted(self.on_desk.items()):
            if now > since + MINUTE:
                self.air.lies(carrier, office, since, now)
                self.on_desk[carrier] = (office, now)

    def lock_away(self) -> None:
        """Everything in use goes into the safes, which nothing hears."""
        self.tell_desks(self.clock.at)
        self.on_desk.clear()

    def take_out(self, held: dict[int, int]) -> None:
        """In the morning it is taken out again."""
        for carrier, person in sorted(held.items()):
            office = self.house.office_of[person]
            if office is not None:
                self.on_desk[carrier] = (office, self.clock.at + self.house.random.randrange(20) * MINUTE)

    held: dict[int, int] = field(default_factory=dict)
    """Carrier -> who has it on loan or in circulation."""

    def _to_person(self, carrier: int, person: int) -> None:
        shelf = self.house.at[carrier]
        self.house.put(carrier, None)
        if shelf is not None:
            self.air.door(shelf, self.clock.at + MINUTE)
        self.held[carrier] = person
        office = self.house.office_of[person]
        if office is not None:
            self.on_desk[carrier] = (office, self.clock.at + 5 * MINUTE)

    def _from_person(self, carrier: int) -> None:
        self.held.pop(carrier, None)
        if carrier in self.on_desk:
            office, since = self.on_desk.pop(carrier)
            if self.clock.at > since + MINUTE:
                self.air.lies(carrier, office, since, self.clock.at - MINUTE)

    def to_shelf(self, carrier: int, shelf: int) -> None:
        """A carrier is laid on a shelf, and the door closed."""
        before = self.house.at[carrier]
        self.house.put(carrier, shelf)
        self.air.door(shelf, self.clock.at + MINUTE)
        if before is not None and before != shelf and before in self.house.ears and before not in self.house.offices:
            self.air.door(before, self.clock.at + MINUTE)

    def lend(self, carrier: int, person: int, days: int) -> None:
        """Lent for some days."""
        due = self.archive.due(days)
        self.archive.enter(CLERK, [Borrowed(carrier, person, due)], "borrow", person)
        self.acts += 1
        self._to_person(carrier, person)

    def give_back(self, carrier: int) -> None:
        """Returned to its own shelf."""
        self._from_person(carrier)
        home = self.house.home[carrier]
        self.archive.enter(CLERK, [Returned(carrier, home, 12)], "return")
        self.acts += 1
        self.to_shelf(carrier, home)
        self.house.taken.discard(carrier)

    def move(self, carrier: int, shelf: int) -> None:
        """Moved to another shelf, which is its home from then on."""
        self.archive.enter(CLERK, [Moved(carrier, shelf)], "move")
        self.acts += 1
        self.house.home[carrier] = shelf
        self.to_shelf(carrier, shelf)
        self.house.taken.discard(carrier)

    # Days.

    def plan_day(self, day: int) -> None:
        """The lawful work of a working day."""
        size, rng = self.house.size, self.house.random
        for _ in range(size.loans_a_day):
            self.at(self._time(day), self._loan(day, rng.randrange(2, 12)))
        for _ in range(size.moves_a_day):
            self.at(self._time(day), self._a_move)

    def _time(self, day: int) -> Instant:
        minutes = self.house.random.choice(
            (self.house.random.randrange(10, 175), self.house.random.randrange(280, 470))
        )
        return begins(day) + OPENS + minutes * MINUTE

    def _loan(self, day: int, days: int) -> Event:
        def lend() -> None:
            house = self.house
            carrier, person = house.free(), house.random.choice(house.borrowers)
            if sum(1 for one in self.held.values() if one == person) >= 15 or person in self.blocked:
                house.taken.discard(carrier)
                return
            back = workday(day + house.random.randrange(1, days))
            self.lend(carrier, person, back - day + house.random.randrange(0, 4))
            self.at(self._time(back), lambda: self.give_back(carrier))

        return lend

    blocked: set[int] = field(default_factory=set)
    """Who has something overdue borrows nothing."""

    def _a_move(self) -> None:
        carrier = self.house.free()
        others = [shelf for shelf in self.house.random.sample(self.house.shelves, 2) if shelf != self.house.at[carrier]]
        self.move(carrier, others[0])

    def circulate(self, day: int, *, passes: bool = False, told: Callable[[int, Instant], None] | None = None) -> None:
        """A folder goes round; where it `passes`, the second reader brings back what the first had."""
        house, archive = self.house, self.archive

        def begin() -> None:
            carrier = house.free()
            matter = a_circulation(archive, carrier)
            self.acts += 2
            step(carrier, matter, 0, workday(day))

        def step(carrier: int, matter: int, turn: int, on: int) -> None:
            if turn == len(READERS):
                home = house.home[carrier]
                end: list[Fact] = [CirculationPutBack(carrier, matter, home), CirculationClosed(matter)]
                archive.enter(CLERK, end, "circulation_end")
                self.acts += 1
                self.to_shelf(carrier, home)
                house.taken.discard(carrier)
                return
            who = READERS[turn]
            to_reader(archive, matter, carrier, who, 3)
            self.acts += 1
            self._to_person(carrier, PEOPLE[who])
            following = workday(on + 1)

            def back() -> None:
                brought = READERS[turn + 1] if passes and turn == 0 else who
                self._from_person(carrier)
                facts: list[Fact] = [LegEnded(carrier, matter, PEOPLE[brought], 12)]
                archive.enter(CLERK, facts, "leg")
                self.acts += 1
                if brought != who and told is not None:
                    told(carrier, self.clock.at)
                after = workday(following + 1)
                self.at(self._time(after), lambda: step(carrier, matter, turn + 1, after))

            self.at(self._time(following), back)

        self.at(self._time(day), begin)

    def carry_out(self, day: int) -> None:
        """Out on a permit for two days, by a portal, and back."""
        house, archive = self.house, self.archive

        def out() -> None:
            carrier, now = house.free(), self.clock.at
            first, last = (clock.day(at, archive.scheme.timezone) for at in (now, now + 3 * DAY))
            way = (leg(first), leg(last, origin="部机关", to="远山院", stay="none", where=""))
            scene = a_permit(archive, carrier, from_at=now, until_at=now + 4 * DAY, itinerary=way).approved()
            scene.lets_out(carrier)
            self.acts += 4
            shelf = house.at[carrier]
            house.put(carrier, None)
            assert shelf is not None
            self.air.door(shelf, now + MINUTE)
            _, reader = house.random.choice(house.portals)
            self.air.passes(carrier, reader, now + 12 * MINUTE)

            def back() -> None:
                facts = [scene.back(carrier, place=house.home[carrier])]
                scene.enter(facts, "bring_back", scene.bearer)
                scene.confirms()
                self.acts += 2
                self.to_shelf(carrier, house.home[carrier])
                house.taken.discard(carrier)

            self.at(self._time(workday(day + 1)), back)

        self.at(self._time(day), out)

    def sweep(self, day: int, room: int) -> None:
        """A room is swept: everything that is there is met, what does not answer by eye; and signed for."""

        def swept() -> None:
            house, books = self.house, self.archive.books
            number = rounds.open_round(books.database, books, CLERK, room, self.clock.at)
            there = sorted(c for shelf, at in house.room_of.items() if at == room for c in house.on[shelf])
            scans = [
                Scan(f"{number}-{n}", epc_of(c), self.clock.at, "eye", reason="叠放")
                if c in house.mute
                else Scan(f"{number}-{n}", epc_of(c), self.clock.at)
                for n, c in enumerate(there)
            ]
            with books.database.writing() as connection:
                for start in range(0, len(scans), 500):
                    rounds.scan_many(connection, CLERK, number, scans[start : start + 500])
            for who in (CLERK, CLERK_2):
                with books.database.reading() as connection:
                    text = rounds.round_report(connection, who, number)
                signed = Signature(who.person, self.clock.at, "password", text.hash)
                if rounds.sign_round(books.database, books, who, number, signed, self.clock.at):
                    break
            self.acts += 1

        self.at(self._time(day), swept)

    def destroy(self, day: int, told: Callable[[int], None] | None = None) -> None:
        """A batch of two is destroyed by the book."""
        house = self.house

        def destroyed() -> None:
            carriers = [house.free() for _ in range(2)]
            batch = Batch(self.archive, self.archive.matter(), carriers)
            batch.ready().destroy()
            self.acts += 8
            for carrier in carriers:
                shelf = house.at[carrier]
                house.put(carrier, None)
                house.carriers.remove(carrier)
                if shelf is not None:
                    self.air.door(shelf, self.clock.at + MINUTE)
            if told is not None:
                told(carriers[0])

        self.at(self._time(day), destroyed)
