"""The filter's memory of a tag as bytes, for the `state` of its row; the bytes of an earlier version are still read."""

import json
from typing import Any

from custody.values import SECOND
from readers.portal import Concluded, Crossing, PortalGlimpse
from readers.sighting import Instant
from reconcile.presence.model import Belief, Candidate, EarKept, Memory, Stay

_VERSION = 2
_JSON = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def to_bytes(memory: Memory) -> bytes:
    """The memory as JSON. Times within the belief are kept as distances to its own: shorter."""
    crossings = [
        [c.portal, c.glimpses, c.received_at, c.parked, c.concluded, c.lying_since, c.looked_at]
        for c in memory.crossings.values()
    ]
    body = [
        _VERSION,
        *memory[:10],
        _belief_row(memory.belief),
        memory.stay,
        crossings,
        list(memory.settled_at.items()),
    ]
    return _JSON.encode(body).encode()


def from_bytes(raw: bytes) -> Memory:
    """The memory kept in a row; empty bytes: of a tag never heard. Raises ValueError for a version not known."""
    if not raw:
        return Memory()
    version, *kept = json.loads(raw)
    if version == 1:
        return _first_version(kept)
    if version != _VERSION:
        raise ValueError(f"the filter's memory is of version {version}, this program's is {_VERSION}")
    belief, stay, crossings, settled = kept[10:]
    portals = {crossing[0]: _crossing(*crossing) for crossing in crossings}
    return Memory._make([*kept[:10], _belief(belief), None if stay is None else Stay(*stay), portals, dict(settled)])


def _belief_row(belief: Belief) -> list[Any]:
    at = belief.through_at
    ears = [
        [ear.reader, ear.antenna, at - ear.told_at, at - ear.counted_at, at - ear.last_at, *ear[5:]]
        for ear in belief.ears
    ]
    candidates = [[c.place, c.chance, at - c.since_at, at - c.until_at, *c[4:]] for c in belief.candidates]
    return [*belief[:12], candidates, ears]


def _belief(row: list[Any]) -> Belief:
    candidates, ears = row[12:]
    at = row[0]
    others = tuple(Candidate(place, p, at - since, at - until, *rest) for place, p, since, until, *rest in candidates)
    heard = tuple(
        EarKept(reader, antenna, at - told, at - counted, at - last, *rest)
        for reader, antenna, told, counted, last, *rest in ears
    )
    return Belief._make([*row[:12], others, heard])


def _first_version(kept: list[Any]) -> Memory:
    """Of the debounce that was here before: where it believed the tag, the filter goes on from there."""
    place, strength, since, here_at, here_dbm, heard_at, reader, antenna, strongest, reads, _, stay, *portals = kept
    crossings, settled = portals
    at = max(heard_at, here_at or 0)
    chance = {"confirmed": 0.98, "probable": 0.9}.get(strength, 0.3)
    belief = (
        Belief()
        if place is None
        else Belief(at, chance, 1.0 - chance, since or at, 2, known=True, look_after_us=60 * SECOND)
    )
    return Memory(
        place,
        strength,
        since,
        here_at,
        here_dbm,
        heard_at,
        reader,
        antenna,
        strongest,
        reads,
        belief,
        None if stay is None else Stay(*stay),
        {crossing[0]: _crossing(*crossing) for crossing in crossings},
        dict(settled),
    )


def _crossing(
    portal: int,
    glimpses: Any,
    received_at: Instant,
    parked: Any,
    concluded: Any,
    lying_since: Instant | None = None,
    looked_at: Instant = 0,
) -> Crossing:
    return Crossing(
        portal,
        tuple(map(PortalGlimpse._make, glimpses)),
        received_at,
        tuple(parked),
        None if concluded is None else Concluded(*concluded),
        lying_since,
        looked_at,
    )
