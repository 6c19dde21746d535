"""What a handheld takes along into a sweep, so that it can say "in its place" without a network: numbers, and of every
tag a salted hash, which tells whether it is the one just scanned and nothing else. No title, no level, no person.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconcile.rounds.state import Line, RoundState
from reconcile.store import rounds as store
from reconcile.store.core import Connection
from reconcile.store.sheets import live_tags

HASH_DIGITS = 16
"""64 bits: among a hundred thousand tags two alike are not to be expected."""
_BESIDE = ("absent", "on_loan_but_here", "left", "arrived", "beside")
"""Buckets of carriers that the sweep knows besides those which it expects here."""


@dataclass(frozen=True, slots=True)
class SheetLine:
    """A carrier: `number` as the sweep shows it, `expected` (`here`, `unasked`, or the books' status), `place` where
    the books have it, `tags` the hashes of its tags."""

    number: str
    copy: str
    expected: str
    place: int | None
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Met:
    """Which of the carriers expected here were met: `marks` one character each in the order of numbers: `0` not met,
    `1` met, `2` met by eye. `list`: the fingerprint of the order."""

    list: str
    marks: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """`lines`: those expected here, in the order of `met.marks`; then the others. `places`: code and path of each.
    `shelf`: the path of the place swept, where that is a single shelf; else empty."""

    met: Met
    lines: tuple[SheetLine, ...]
    places: Mapping[int, tuple[str, str]]
    shelf: str


def hashed(salt: str, epc: str) -> str:
    """What stands for a tag on a device."""
    return hashlib.sha256(f"{salt}{epc}".encode()).hexdigest()[:HASH_DIGITS]


def in_order(state: RoundState) -> list[tuple[Line, bool]]:
    """What is expected here, by number, each with whether it was met."""
    lines = [(line, True) for line in state.present] + [(line, False) for line in state.missing]
    return sorted(lines, key=lambda pair: (pair[0].control_number, pair[0].copy_number))


def met_of(state: RoundState) -> Met:
    """The marks of a sweep as it stands."""
    lines = in_order(state)
    digest = hashlib.sha256("\n".join(f"{one.control_number}/{one.copy_number}" for one, _ in lines).encode())
    marks = ("0" if not met else "2" if one.means == "eye" else "1" for one, met in lines)
    return Met(digest.hexdigest()[:12], "".join(marks))


def sheet_of(connection: Connection, state: RoundState, salt: str) -> Sheet:
    """The sheet of a sweep as it stands."""
    here = [line for line, _ in in_order(state)]
    beside: Iterable[Line] = (line for name in _BESIDE for line in getattr(state, name))
    lines = [*here, *beside]
    tags = live_tags(connection, {line.carrier for line in lines})
    places = store.places_of(connection, {state.place, *(line.place for line in lines if line.place is not None)})
    shelf = places[state.place][1] if store.is_leaf(connection, state.place) else ""
    return Sheet(
        met_of(state),
        tuple(
            SheetLine(
                line.control_number,
                str(line.copy_number),
                line.expected,
                line.place,
                tuple(hashed(salt, epc) for epc in tags.get(line.carrier, ())),
            )
            for line in lines
        ),
        places,
        shelf,
    )
