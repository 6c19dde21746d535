"""Tags that cannot all be right: one in two places at once, two of one carrier apart, two carriers' exchanged. Pure.

A reading through a wall is no contradiction. Within a building only loud readings count, of two rooms at once and for
a while; between buildings and sites two crossings that nobody is fast enough for, however quiet: a reader's wrong clock
makes one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from custody.values import SECOND, Instant
from reconcile.checks.cases import (
    STANDING,
    BooksSay,
    CarrierCase,
    Ending,
    RadioSays,
    Spot,
    Thresholds,
    Verdict,
    agrees,
)
from reconcile.checks.kinds import KINDS
from reconcile.checks.verdicts import about_carrier, books_say, quiet_for, radio_says, rule

TO_AND_FRO = 2
"""Crossings too fast for anybody, that it takes."""
AT_ONCE = 20 * SECOND
"""Who walks through a door is heard on both sides of it for a moment."""
BREAK = 15 * SECOND
"""A tag lying still is told every ten seconds."""
READS_MIN = 2


@dataclass(frozen=True, slots=True)
class HeardAt:
    """A sighting with where its antenna stands: the room, the building and the site, by identifier."""

    first_at: Instant
    last_at: Instant
    place: Spot
    room: int
    building: int
    site: int
    reader: str
    antenna: int
    reads: int
    strongest_dbm: float | None


@dataclass(frozen=True, slots=True)
class TwoPlacesCase:
    """A live tag that was heard in several rooms within a stretch of sightings."""

    epc: str
    carrier: int
    books: BooksSay
    heard: tuple[HeardAt, ...]
    settled_at: Instant | None = None


def _merged(heard: Iterable[HeardAt], by: str) -> list[tuple[HeardAt, Instant, Instant]]:
    """Without a break in one room, or one building: a sighting of it, from when, until when; by their beginnings."""
    found: list[tuple[HeardAt, Instant, Instant]] = []
    latest: dict[int, int] = {}
    for at in sorted(heard, key=lambda one: (one.first_at, one.last_at, one.reader, one.antenna)):
        where = getattr(at, by)
        index = latest.get(where)
        if index is not None and at.first_at - found[index][2] <= BREAK:
            found[index] = (found[index][0], found[index][1], max(found[index][2], at.last_at))
        else:
            latest[where] = len(found)
            found.append((at, at.first_at, at.last_at))
    return found


def _at_once(heard: Sequence[HeardAt], limits: Thresholds) -> tuple[HeardAt, HeardAt, int] | None:
    """Two rooms of one building that heard it loud for a while at the same time; and for how long."""
    loud = [
        at
        for at in heard
        if at.strongest_dbm is not None and at.strongest_dbm >= limits.two_places_dbm and at.place.kind != "portal"
    ]
    spans = _merged(loud, "room")
    for i, (one, _, until) in enumerate(spans):
        for other, since, other_until in spans[i + 1 :]:
            both = min(until, other_until) - since
            if one.room != other.room and one.building == other.building and both >= AT_ONCE:
                return one, other, both
    return None


def _too_fast(heard: Sequence[HeardAt], limits: Thresholds) -> tuple[HeardAt, HeardAt, int] | None:
    """To and fro between buildings or sites faster than anybody goes, or in both for a while; and for how long."""
    spans = _merged(heard, "building")
    crossings: list[tuple[HeardAt, HeardAt]] = []
    for i, (one, _, until) in enumerate(spans):
        for other, since, other_until in spans[i + 1 :]:
            if one.building == other.building:
                continue
            travel = limits.travel_building if one.site == other.site else limits.travel_site
            both = min(until, other_until) - since
            if both >= AT_ONCE:
                return one, other, both
            if since - until < travel:
                crossings.append((one, other))
    if len(crossings) < TO_AND_FRO:
        return None
    one, other = crossings[0]
    return one, other, 0


def two_places_at_once(case: TwoPlacesCase, _now: Instant, limits: Thresholds) -> Verdict | None:
    """Heard in both places at once, or to and fro faster than anybody goes: there are two tags of this number."""
    counted = [at for at in case.heard if at.reads >= READS_MIN and at.last_at > (case.settled_at or 0)]
    found = _too_fast(counted, limits) or _at_once(counted, limits)
    if found is None:
        return None
    one, other, both = found
    code = "two_places_at_once" if both else "two_places_too_fast"
    params = {"epc": case.epc, "place": one.place.code, "other": other.place.code, "seconds": both // SECOND}
    return Verdict(
        kind="two_places_at_once",
        about=f"epc:{case.epc}",
        happened_at=one.first_at,
        evidence={
            "clause": KINDS["two_places_at_once"].clause,
            "rule": rule(code, params),
            "books": books_say(case.books),
            "radio": _heard(case.epc, one),
            "other": _heard(case.epc, other),
        },
        carrier=case.carrier,
        epc=case.epc,
        reader=other.reader,
        place=other.place.id,
        unit=case.books.unit,
        rank=case.books.rank,
    )


def _heard(epc: str, at: HeardAt) -> dict[str, Any]:
    return {
        "epc": epc,
        "place": at.place.code,
        "strength": "",
        "since_at": at.first_at,
        "heard_at": at.last_at,
        "reader": at.reader,
        "antenna": at.antenna,
        "reads": at.reads,
        "strongest_dbm": at.strongest_dbm,
    }


# One carrier, two tags.


@dataclass(frozen=True, slots=True)
class TagsCase:
    """A carrier and all that is believed of its live tags."""

    case: CarrierCase
    tags: tuple[RadioSays, ...] = field(default=())


def _apart(tags: Iterable[RadioSays]) -> tuple[RadioSays, RadioSays] | None:
    sure = sorted((t for t in tags if t.strength == "confirmed" and t.place is not None), key=lambda t: t.epc)
    for i, one in enumerate(sure):
        for other in sure[i + 1 :]:
            assert one.place is not None
            assert other.place is not None
            if "portal" not in (one.place.kind, other.place.kind) and not agrees(one.place, other.place):
                return one, other
    return None


def two_tags_apart(tags: TagsCase, now: Instant, limits: Thresholds) -> Verdict | None:
    """Two tags of one carrier, each confirmed for a while in another place: one of them is not on it."""
    case, pair = tags.case, _apart(tags.tags)
    if pair is None or quiet_for("two_tags_apart", case.settled_at.get("two_tags_apart"), now):
        return None
    since = max(case.books.since_at, *(one.since_at or 0 for one in pair))
    until = min(one.here_at or one.heard_at for one in pair)
    if until - since < limits.tags_apart_after:
        return None
    one, other = pair
    assert one.place is not None
    assert other.place is not None
    params = {
        "after_seconds": limits.tags_apart_after // SECOND,
        "place": one.place.code,
        "other": other.place.code,
    }
    return about_carrier("two_tags_apart", case, since, other.place.id, params, tags=[radio_says(t) for t in pair])


def two_tags_ended(tags: TagsCase) -> Ending | None:
    """Only one tag left, or both believed in one place again. What is not believed ends nothing."""
    if len(tags.tags) < 2:
        return Ending("tag_retired")
    sure = [t for t in tags.tags if t.strength == "confirmed" and t.place is not None]
    return Ending("tags_together") if len(sure) > 1 and _apart(sure) is None else None


# Two carriers.


@dataclass(frozen=True, slots=True)
class Swapped:
    """Two carriers, each believed where the other belongs."""

    one: CarrierCase
    other: CarrierCase


def exchanged(one: CarrierCase, other: CarrierCase) -> bool:
    """Whether each is believed, and heard last, in the very place of the other on the books."""
    places = [(c.radio.place if c.radio else None, c.books.place) for c in (one, other)]
    (heard, books), (other_heard, other_books) = places
    if heard is None or other_heard is None or books is None or other_books is None:
        return False
    standing = one.books.status in STANDING and other.books.status in STANDING
    return standing and books.id != other_books.id and heard.id == other_books.id and other_heard.id == books.id


def pairs(cases: Sequence[CarrierCase], alike: Mapping[int, Any], limits: Thresholds) -> list[Swapped]:
    """Pairs of misplaced carriers at each other's place since about the same time, each carrier in one at most.

    `alike`: by carrier, who may know of it, as something that can be compared; only carriers of which the same people
    know are told of together.
    """
    waiting: dict[Any, list[CarrierCase]] = defaultdict(list)
    found = []
    for case in sorted(cases, key=lambda c: (c.radio.since_at or 0 if c.radio else 0, c.carrier)):
        heard, books = case.radio.place if case.radio else None, case.books.place
        if heard is None or books is None:
            continue
        known = alike.get(case.carrier)
        others = waiting[(known, heard.id, books.id)]
        partner = next((other for other in others if _since_the_same(case, other, limits)), None)
        if partner is not None and exchanged(case, partner):
            others.remove(partner)
            found.append(Swapped(*sorted((case, partner), key=lambda c: c.carrier)))
        else:
            waiting[(known, books.id, heard.id)].append(case)
    return found


def _since_the_same(one: CarrierCase, other: CarrierCase, limits: Thresholds) -> bool:
    begun = [c.radio.since_at or 0 for c in (one, other) if c.radio is not None]
    return max(begun) - min(begun) <= limits.swapped_within


def tags_swapped(pair: Swapped, now: Instant, limits: Thresholds) -> Verdict | None:
    """Two carriers stand in each other's places, or their labels were exchanged: the radio cannot tell which."""
    one, other = pair.one, pair.other
    if not exchanged(one, other) or not _since_the_same(one, other, limits):
        return None
    about = f"carriers:{one.carrier}+{other.carrier}"
    settled = max(c.settled_at.get("tags_swapped", 0) for c in (one, other))
    if settled and quiet_for("tags_swapped", settled, now):
        return None
    assert one.radio is not None
    assert one.radio.place is not None
    assert one.books.place is not None
    since = max(c.radio.since_at or 0 for c in (one, other) if c.radio is not None)
    params = {"home": one.books.place.code, "place": one.radio.place.code, "other_carrier": other.carrier}
    verdict = about_carrier("tags_swapped", one, since, one.radio.place.id, params)
    return Verdict(
        kind="tags_swapped",
        about=about,
        happened_at=since,
        evidence={**verdict.evidence, "other": radio_says(other.radio)},
        carrier=one.carrier,
        epc=one.radio.epc,
        place=one.radio.place.id,
        unit=one.books.unit,
        rank=max(one.books.rank, other.books.rank),
    )


def swapped_ended(one: CarrierCase | None, other: CarrierCase | None) -> Ending | None:
    """One of them is believed elsewhere, or the books have moved. What is not believed ends nothing."""
    if one is None or other is None:
        return Ending("status_changed", {"status": ""})
    for case in (one, other):
        if case.books.status not in STANDING:
            return Ending("status_changed", {"status": case.books.status})
        if not case.tagged:
            return Ending("tag_retired")
    if any(c.radio is None or c.radio.place is None or c.radio.strength == "unconfirmed" for c in (one, other)):
        return None
    return None if exchanged(one, other) else Ending("apart_no_more")
