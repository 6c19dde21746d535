"""Sweeps in the words of the trade: what the clerk, and whoever counts with him, does in one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from custody.access import Subject
from custody.entries import Signature
from custody.rules import Refused
from reconcile import rounds
from reconcile.rounds import OFFICIAL, RoundState, Scan, ScanResult, Terms
from tests.builders import CLERK
from tests.reconcile.findings.scene import Scene

CABINET, GATE = 4, 10


@dataclass
class Sweep:
    """A sweep that is open, and what the clerk does in it."""

    scene: Scene
    number: str
    made: int = field(default=0)

    def scan(self, *codes: str, place: int | None = None, by: Subject = CLERK, eye: str = "") -> list[ScanResult]:
        """Scan these codes, each an event of its own; with `eye` tick them by eye, for that reason."""
        given = []
        for code in codes:
            self.made += 1
            event = f"event-{self.made}"
            given.append(Scan(event, code, self.scene.now, "eye" if eye else "scan", place, eye))
        return self.send(given, by)

    def send(self, given: Sequence[Scan], by: Subject = CLERK) -> list[ScanResult]:
        """What a device sends."""
        with self.scene.database.writing() as connection:
            return rounds.scan_many(connection, by, self.number, given)

    def state(self, by: Subject = CLERK) -> RoundState:
        """The buckets as they stand."""
        with self.scene.database.reading() as connection:
            return rounds.buckets(connection, by, self.number)

    def counts(self) -> dict[str, int]:
        """The buckets that are not empty."""
        return {name: count for name, count in self.state().counts.items() if count}

    def was_there(self, *places: int, by: Subject = CLERK) -> int:
        """Somebody was there, and nothing answered."""
        self.made += 1
        with self.scene.database.writing() as connection:
            return rounds.was_there(connection, by, self.number, f"event-{self.made}", places, self.scene.now)

    def signature(self, by: Subject = CLERK) -> Signature:
        """The subject's signature under the report as it stands."""
        with self.scene.database.reading() as connection:
            report = rounds.round_report(connection, by, self.number)
        return Signature(by.person, self.scene.now, "password", report.hash)

    def sign(self, by: Subject = CLERK) -> str:
        """Finish it."""
        return rounds.sign_round(
            self.scene.database, self.scene.archive.books, by, self.number, self.signature(by), self.scene.now
        )


def a_sweep(scene: Scene, place: int = CABINET, by: Subject = CLERK, terms: Terms = OFFICIAL) -> Sweep:
    """A sweep of the cabinet."""
    return Sweep(scene, rounds.open_round(scene.database, scene.archive.books, by, place, scene.now, terms))


def refused(code: str) -> object:
    """The refusal with this code."""
    return pytest.raises(Refused, match=code)
