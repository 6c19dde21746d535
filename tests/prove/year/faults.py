"""What is done besides, against the rules or by mishap, and what should be found of it.

Nothing here knows the checks: a fault says what happened, when, and by which words it must be found.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from custody.values import DAY, SECOND, Instant
from tests.builders import epc_of
from tests.prove.year.house import Ear
from tests.prove.year.work import HOUR, MINUTE, OPENS, Work, begins, workday


@dataclass
class Fault:
    """One fault. `kinds`: any of these words is right; `within_days`: by then it must be found."""

    what: str
    at: Instant
    kinds: frozenset[str]
    within_days: float
    carrier: int | None = None
    reader: str | None = None
    ended_at: Instant | None = None
    """When it was put right; None: never."""
    also: frozenset[str] = frozenset()
    """What may be said besides while it lasts: true, though not the word for it."""


AWAY = frozenset({"missing", "gone_not_lent", "suspected_removal", "unauthorised_removal", "never_met"})


@dataclass
class Faults:
    """Puts faults into the year."""

    work: Work
    done: list[Fault] = field(default_factory=list)

    def plan(self, days: int) -> None:
        """All of them, spread over the year; none so near its end that it could not be found in it."""
        size, rng = self.work.house.size, self.work.house.random
        for number, plan in (
            (size.wrong_shelves, self._wrong_shelf),
            (size.removals, self._removal),
            (size.direct_passes, self._direct_pass),
            (size.clones, self._clone),
            (size.late_returns, self._late),
            (size.dead_readers, self._dead_reader),
            (size.ghosts, self._ghost),
        ):
            for _ in range(number):
                plan(workday(rng.randrange(2, max(3, days - 14))))

    def _when(self, day: int) -> Instant:
        return begins(day) + OPENS + self.work.house.random.randrange(15, 480) * MINUTE

    def _then(self, day: int, event: Callable[[], None]) -> None:
        self.work.at(self._when(day), event)

    def _wrong_shelf(self, day: int) -> None:
        """Taken for a moment and put back on another shelf; nobody enters anything."""
        work, house = self.work, self.work.house

        def misplace() -> None:
            carrier = house.free()
            home = house.home[carrier]
            other = next(s for s in house.random.sample(house.shelves, 20) if abs(s - home) > 12)
            work.to_shelf(carrier, other)
            house.mute.discard(carrier)
            fault = Fault(
                "wrong shelf", work.clock.at, frozenset({"misplaced"}), 9, carrier, also=frozenset({"missing"})
            )
            self.done.append(fault)

            def put_right() -> None:
                work.to_shelf(carrier, home)
                house.mute.discard(carrier)
                fault.ended_at = work.clock.at
                house.taken.discard(carrier)

            self._then(workday(day + 10), put_right)

        self._then(day, misplace)

    def _removal(self, day: int) -> None:
        """Carried out without a word: three in four are heard at a portal, the others are in a case that shields."""
        work, house = self.work, self.work.house
        shielded = house.random.random() < 0.25

        def remove() -> None:
            carrier = house.free()
            shelf = house.at[carrier]
            house.put(carrier, None)
            assert shelf is not None
            work.air.door(shelf, work.clock.at + MINUTE)
            kinds, within = frozenset({"missing"}), 9.0
            if not shielded:
                _, reader = house.random.choice(house.portals)
                if reader in work.air.silent:
                    reader = next(name for _, name in house.portals if name not in work.air.silent)
                work.air.passes(carrier, reader, work.clock.at + 5 * MINUTE)
                kinds, within = frozenset({"unauthorised_removal"}), 1.0
            self.done.append(Fault("removal", work.clock.at, kinds, within, carrier, also=AWAY))

        self._then(day, remove)

    def _direct_pass(self, day: int) -> None:
        def told(carrier: int, at: Instant) -> None:
            self.done.append(Fault("direct pass", at, frozenset({"direct_pass"}), 1, carrier))

        self.work.circulate(day, passes=True, told=told)

    def _clone(self, day: int) -> None:
        """A copy of a tag lies in an office while the carrier stands on its shelf and is looked at."""
        work, house = self.work, self.work.house

        def copied() -> None:
            carrier = house.free()
            house.mute.discard(carrier)
            ear = house.ears[house.random.choice(house.offices)]
            shelf = house.home[carrier]
            at = work.clock.at
            for turn in range(6):
                work.air.hear(epc_of(carrier), ear, at + turn * 10 * SECOND, at + (turn * 10 + 8) * SECOND, 30, -54.0)
            work.air.door(shelf, at + 10 * SECOND)
            also = frozenset({"misplaced", "gone_not_lent", "place_rated_too_low", "missing"})
            self.done.append(Fault("clone", at, frozenset({"two_places_at_once"}), 1, carrier, also=also))

        self._then(day, copied)

    def _late(self, day: int) -> None:
        """Kept four days longer than agreed."""
        work, house = self.work, self.work.house

        def lent() -> None:
            carrier = house.free()
            person = next(p for p in house.random.sample(house.borrowers, 30) if p not in work.blocked)
            if any(held == person for held in work.held.values()):
                # What else this person has stays out of it.
                person = next(p for p in house.borrowers if p not in work.blocked and p not in work.held.values())
            work.blocked.add(person)
            work.lend(carrier, person, 2)
            due = begins(day) + 3 * DAY
            fault = Fault("late return", due, frozenset({"overdue_loan"}), 1.2, carrier)
            self.done.append(fault)

            def back() -> None:
                work.give_back(carrier)
                work.blocked.discard(person)
                fault.ended_at = work.clock.at

            self._then(workday(day + 7), back)

        self._then(day, lent)

    def _dead_reader(self, day: int) -> None:
        """A reader says nothing for a working day."""
        work, house = self.work, self.work.house
        names = [house.ears[office].reader for office in house.offices] + [name for _, name in house.portals[1:]]
        reader = house.random.choice(names)

        def dies() -> None:
            if reader in work.air.silent:
                return
            work.air.silent.add(reader)
            also = frozenset({"portal_blind", "antenna_deaf"})
            fault = Fault("dead reader", work.clock.at, frozenset({"reader_silent"}), 1, None, reader, also=also)
            self.done.append(fault)

            def mended() -> None:
                work.air.silent.discard(reader)
                fault.ended_at = work.clock.at

            work.at(begins(workday(day + 1)) + OPENS, mended)

        self._then(day, dies)

    def _ghost(self, day: int) -> None:
        """The tag of a destroyed carrier is heard in an office two days later."""
        work, house = self.work, self.work.house

        def destroyed(carrier: int) -> None:
            def heard() -> None:
                ear: Ear = house.ears[house.random.choice(house.offices)]
                at = work.clock.at
                work.air.hear(epc_of(carrier), ear, at, at + 20 * SECOND, 40, -56.0)
                self.done.append(Fault("ghost read", at, frozenset({"ghost_read"}), 1, carrier))

            self._then(workday(day + 2), heard)

        work.destroy(day, told=destroyed)


__all__ = ["HOUR", "Fault", "Faults"]
