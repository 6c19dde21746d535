"""What is asked about a sweep besides its buckets: a page of one, where to look for the missing, what has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from custody.access import Subject
from custody.values import Instant
from reconcile.rounds.acts import buckets, seeing
from reconcile.rounds.comparing import Comparison, compare
from reconcile.rounds.state import Line, RoundState
from reconcile.rounds.whereabouts import FAR, LastKnown, nearest_first
from reconcile.store import round_events as events
from reconcile.store import rounds as store
from reconcile.store.core import Connection

FAR_AWAY = 2**62


def narrowed(lines: Sequence[Any], text: str) -> list[Any]:
    """Of a bucket the lines whose number, code or place holds this text, whatever its case."""
    wanted = text.strip().casefold()
    if not wanted:
        return list(lines)
    return [line for line in lines if any(wanted in part.casefold() for part in _named(line))]


def _named(line: Any) -> tuple[str, ...]:
    if isinstance(line, Line):
        number = f"{line.control_number} {line.copy_number}"
        return (number, line.place_code or "", line.home_code or "", line.met_code or "")
    return (line.code, line.met_code or "")


@dataclass(frozen=True, slots=True)
class Sought:
    """A carrier to be looked for, with the radio's last word. `steps` over the tree of places; None: never heard."""

    line: Line
    steps: int | None
    place: int | None
    place_code: str
    heard_at: Instant | None
    strength: str


def sought(connection: Connection, lines: Sequence[Line]) -> list[Sought]:
    """These lines with their last known whereabouts, the nearest first; of two as near the one heard later."""
    by_carrier = {line.carrier: line for line in lines}
    rows = events.last_known(connection, list(by_carrier))
    homes = store.places_of(connection, {line.place for line in lines if line.place is not None})
    heard = store.places_of(connection, {row.place for row in rows.values() if row.place is not None})
    found: list[tuple[int, LastKnown]] = []
    by_home: dict[int | None, list[LastKnown]] = {}
    for carrier, line in by_carrier.items():
        row = rows.get(carrier)
        known = (
            LastKnown(carrier)
            if row is None
            else LastKnown(carrier, row.place, row.path or "", row.heard_at, row.strength)
        )
        by_home.setdefault(line.place, []).append(known)
    for home, known_there in by_home.items():
        path = homes[home][1] if home in homes else ""
        found += nearest_first(path, known_there)
    found.sort(key=lambda pair: (pair[0], -(pair[1].heard_at or 0), by_carrier[pair[1].carrier].control_number))
    return [
        Sought(
            by_carrier[one.carrier],
            None if steps >= FAR else steps,
            one.place,
            heard[one.place][0] if one.place in heard else "",
            one.heard_at,
            one.strength,
        )
        for steps, one in found
    ]


def compared(connection: Connection, subject: Subject, state: RoundState) -> Comparison | None:
    """The round beside the last signed one of its place that asked for everything, as far as the subject may know of
    it; a recount beside the sweep that it counts again. None where there is none."""
    number = state.of or events.last_signed(connection, subject, state.place, state.finished_at or FAR_AWAY)
    if number is None or number == state.number:
        return None
    if store.hides(connection, subject, number) or seeing(connection, subject, number).state != "signed":
        return None
    return compare(state, buckets(connection, subject, number))
