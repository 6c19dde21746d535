"""The checks that are asked now and then: of silences, nights, tags that cannot all be right, and the house itself.

Each has its selection in `reconcile.store` and its judgement in `reconcile.checks`; here they meet.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from custody.scheme import Scheme
from custody.values import Instant
from reconcile.checks import Ending, Opened, Spot, Thresholds, Verdict
from reconcile.checks import housekeeping as house
from reconcile.checks import pairs as paired
from reconcile.checks.incidents import passed_on
from reconcile.checks.nights import left_out_overnight, night_of
from reconcile.checks.silences import lost_track, lost_track_ended, never_met, never_met_ended
from reconcile.rounds.due import due_at
from reconcile.store import candidates, findings, housekeeping, nights, pairs, silences
from reconcile.store.candidates import World
from reconcile.store.core import Connection

LAG_MAX = 5_000
"""Sightings beyond the cursor before the cursor alone is worth a write."""


@dataclass
class Looking:
    """One run, as these checks need it. `writing`: in the transaction that does what was found to be done."""

    connection: Connection
    scheme: Scheme
    now: Instant
    limits: Thresholds
    world_of: Callable[[], World]
    writing: bool = False

    @cached_property
    def world(self) -> World:
        """Read only where something is to be judged by it."""
        return self.world_of()

    def sweep_due_at(self, spot: Spot, since: Instant) -> Instant:
        """By when a place is to be swept again."""
        return due_at(self.scheme, spot.kind, spot.rating_rank, since)


Verdicts = Iterable[Verdict | None]


def _silent(kind: str, check: Callable[..., Verdict | None]) -> Callable[[Looking], Verdicts]:
    def found(looking: Looking) -> Verdicts:
        one = looking
        cases = silences.long_silent(one.connection, kind, one.now, one.limits, one.world)
        return (check(case, one.now, one.limits) for case in cases)

    return found


def _nights(one: Looking) -> Verdicts:
    night = night_of(one.now, one.limits)
    if night is None or one.now < night.begins_at + one.limits.left_out_after:
        return ()
    safes = nights.lockable(one.world)
    cases = nights.out_at_night(one.connection, night, one.limits, one.world, safes)
    return [left_out_overnight(case, night, safes, one.limits) for case in cases]


def _two_places(one: Looking) -> Verdicts:
    after, newest = pairs.cursor(one.connection, lock=one.writing), pairs.newest(one.connection)
    if newest <= after:
        return ()
    rooms = pairs.Rooms(one.connection, one.world)
    found: list[Verdict] = []
    for start, through in pairs.stretches(after, newest):
        for case in pairs.in_several_rooms(one.connection, start, through, rooms, one.world):
            if (verdict := paired.two_places_at_once(case, one.now, one.limits)) is not None:
                found.append(verdict)
    if one.writing:
        pairs.judged(one.connection, newest)
    # Of one tag in several stretches the first.
    return {verdict.about: verdict for verdict in reversed(found)}.values()


def _tags_apart(one: Looking) -> Verdicts:
    cases = pairs.with_tags_apart(one.connection, one.world)
    return [paired.two_tags_apart(case, one.now, one.limits) for case in cases]


def _swapped(one: Looking) -> Verdicts:
    cases, alike = pairs.misplaced(one.connection, one.world)
    return [paired.tags_swapped(pair, one.now, one.limits) for pair in paired.pairs(cases, alike, one.limits)]


def _sweeps(one: Looking) -> Verdicts:
    cases = housekeeping.sweep_cases(one.connection, one.sweep_due_at, one.world)
    return [house.sweep_due(case, one.now, one.limits) for case in cases.values()]


def _hand_overs(one: Looking) -> Verdicts:
    cases = housekeeping.keeper_cases(one.connection, one.scheme, one.now)
    return [house.hand_over_due(case, one.now, one.limits) for case in cases.values()]


def _excess(one: Looking) -> Verdicts:
    cases = housekeeping.order_cases(one.connection, one.limits)
    return [house.production_excess(case, one.now, one.limits) for case in cases.values()]


def _clocks(one: Looking) -> Verdicts:
    cases = housekeeping.clock_cases(one.connection)
    return [house.reader_clock_wrong(case, one.now, one.limits) for case in cases.values()]


def _books(one: Looking) -> Verdicts:
    case = housekeeping.books_case(one.connection)
    return () if case is None else (house.ledger_check_failed(case, one.now, one.limits),)


def _passed_on(one: Looking) -> Verdicts:
    return [passed_on(case, one.now, one.limits) for case in nights.legs_heard(one.connection, one.world)]


CHECKS: Mapping[str, Callable[[Looking], Verdicts]] = {
    "lost_track": _silent("lost_track", lost_track),
    "never_met": _silent("never_met", never_met),
    "left_out_overnight": _nights,
    "two_places_at_once": _two_places,
    "two_tags_apart": _tags_apart,
    "tags_swapped": _swapped,
    "sweep_due": _sweeps,
    "hand_over_due": _hand_overs,
    "production_excess": _excess,
    "reader_clock_wrong": _clocks,
    "ledger_check_failed": _books,
    "direct_pass": _passed_on,
}
"""What is asked here, by kind; some of the kinds are asked elsewhere too (of matters, of legs that ended)."""


def verdicts(looking: Looking, kinds: Collection[str]) -> list[Verdict]:
    """What is to be opened of these kinds; findings that are open already are left out."""
    found = [v for kind, check in CHECKS.items() if kind in kinds for v in check(looking) if v is not None]
    known = findings.open_numbers(looking.connection, found) if found else {}
    return [verdict for verdict in found if (verdict.kind, verdict.about) not in known]


def lagging(looking: Looking, kinds: Collection[str]) -> frozenset[str]:
    """Kinds whose cursor is far behind: worth a write though nothing is to be opened."""
    if "two_places_at_once" not in kinds:
        return frozenset()
    behind = pairs.newest(looking.connection) - pairs.cursor(looking.connection)
    return frozenset({"two_places_at_once"}) if behind > LAG_MAX else frozenset()


def endings(looking: Looking, known: Collection[Opened]) -> dict[str, Ending]:
    """Of open state findings of these kinds, by number, those that are over."""
    by_kind: dict[str, list[Opened]] = {}
    for opened in known:
        by_kind.setdefault(opened.kind, []).append(opened)
    found: dict[str, Ending | None] = {}
    for kind, end in _ENDS.items():
        if kind in by_kind:
            found |= end(looking, by_kind[kind])
    return {number: ending for number, ending in found.items() if ending is not None}


Ends = dict[str, Ending | None]


def _silence_ends(one: Looking, known: list[Opened]) -> Ends:
    cases = candidates.carrier_cases(one.connection, [o.carrier for o in known if o.carrier], one.world)
    return {o.number: lost_track_ended(cases[o.carrier], o.happened_at) for o in known if o.carrier in cases}


def _unmet_ends(one: Looking, known: list[Opened]) -> Ends:
    cases = candidates.carrier_cases(one.connection, [o.carrier for o in known if o.carrier], one.world)
    acts = silences.last_acts(one.connection, cases)
    return {
        o.number: never_met_ended(cases[o.carrier], acts.get(o.carrier, 0), o.happened_at)
        for o in known
        if o.carrier in cases
    }


def _apart_ends(one: Looking, known: list[Opened]) -> Ends:
    cases = pairs.tags_cases(one.connection, [o.carrier for o in known if o.carrier], one.world)
    by_carrier = {case.case.carrier: case for case in cases}
    return {o.number: paired.two_tags_ended(by_carrier[o.carrier]) for o in known if o.carrier in by_carrier}


def _swap_ends(one: Looking, known: list[Opened]) -> Ends:
    both = {o.number: [int(part) for part in o.about.partition(":")[2].split("+")] for o in known}
    cases = candidates.carrier_cases(one.connection, [c for two in both.values() for c in two], one.world)
    return {number: paired.swapped_ended(*(cases.get(carrier) for carrier in two)) for number, two in both.items()}


def _by_about(
    cases: Callable[[Looking], Mapping[str, Any]], end: Callable[[Looking, Any], Ending | None], begins: str
) -> Callable[[Looking, list[Opened]], Ends]:
    def ends(one: Looking, known: list[Opened]) -> Ends:
        mine = [o for o in known if o.about.startswith(begins)]
        now = cases(one) if mine else {}
        return {o.number: end(one, now.get(o.about)) for o in mine}

    return ends


_ENDS: Mapping[str, Callable[[Looking, list[Opened]], Ends]] = {
    "lost_track": _silence_ends,
    "never_met": _unmet_ends,
    "two_tags_apart": _apart_ends,
    "tags_swapped": _swap_ends,
    "sweep_due": _by_about(
        lambda one: housekeeping.sweep_cases(one.connection, one.sweep_due_at, one.world),
        lambda one, case: house.sweep_ended(case, one.now),
        "place:",
    ),
    "hand_over_due": _by_about(
        lambda one: housekeeping.keeper_cases(one.connection, one.scheme, one.now),
        lambda one, case: house.hand_over_ended(case, one.now),
        "person:",
    ),
    "production_excess": _by_about(
        lambda one: housekeeping.order_cases(one.connection, one.limits),
        lambda _one, case: house.excess_ended(case),
        "order:",
    ),
    "reader_clock_wrong": _by_about(
        lambda one: housekeeping.clock_cases(one.connection),
        lambda one, case: house.clock_ended(case, one.limits),
        "clock:",
    ),
}
