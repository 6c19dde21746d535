"""A rated room before and while somebody is in it who has no business with what it holds (rule 9, clause j.1). Pure.

A carrier is put away where it stands in a store inside the room; anywhere else there it lies in the open. Heard in the
open is a belief, confirmed or probable, over a place that was listened to; what is glimpsed, or not certain, or where
nobody listens, is never taken for absent: it is for the eye of a person.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from custody.values import Instant
from reconcile.checks.cases import BELIEVED, CarrierCase, Cover, Ending, Spot, Verdict
from reconcile.checks.kinds import KINDS
from reconcile.checks.verdicts import books_say, matter_says, quiet_for, radio_says, rule

Where = Literal["put_away", "open", "unclear", "elsewhere"]
"""What the radio says of a carrier and a room: locked in there, lying there, not certain, believed elsewhere."""
Coverage = Literal["covered", "partly", "not_covered"]
KIND = "exposed_at_entry"


@dataclass(frozen=True, slots=True)
class Antenna:
    """An antenna in the room, and the latest interval in which it listened; None where it never did."""

    name: str
    since_at: Instant | None
    through_at: Instant | None


@dataclass(frozen=True, slots=True)
class Room:
    """A rated place as it is listened to. `stores`: paths of the stores in it; `cover`: of the room as a whole;
    `within`: the room and every place in it; `stored`: those of them that are a store or stand in one.
    """

    place: Spot
    stores: tuple[str, ...]
    antennas: tuple[Antenna, ...]
    cover: Cover | None
    within: tuple[int, ...] = ()
    stored: tuple[int, ...] = ()

    def listening(self, now: Instant, silent_after: int) -> int:
        """How many antennas listen now."""
        return sum(1 for one in self.antennas if one.through_at is not None and now - one.through_at <= silent_after)

    def coverage(self, now: Instant, silent_after: int, listened: int) -> Coverage:
        """Covered: the whole room, without a gap for so long, until now. Partly: some of it is. Else not covered."""
        cover = self.cover
        if cover is not None and now - cover.through_at <= silent_after and now - cover.since_at >= listened:
            return "covered"
        return "partly" if self.listening(now, silent_after) else "not_covered"


def where_is(room: Room, case: CarrierCase, glimpsed: bool, now: Instant, silent_after: int) -> Where:
    """Where the radio has a carrier, as seen from the room. `glimpsed`: an antenna of the room heard it lately."""
    radio = case.radio
    if radio is None or radio.place is None or radio.strength not in BELIEVED:
        inside = radio is not None and radio.place is not None and radio.place.path.startswith(room.place.path)
        return "unclear" if glimpsed or inside else "elsewhere"
    path = radio.place.path
    if not path.startswith(room.place.path):
        # A reading through the wall: believed elsewhere, but heard here a moment ago.
        return "unclear" if glimpsed else "elsewhere"
    if path.startswith(room.stores):
        return "put_away"
    cover = case.radio_cover
    heard = cover is not None and now - cover.through_at <= silent_after
    return "open" if heard or now - radio.heard_at <= silent_after else "unclear"


@dataclass(frozen=True, slots=True)
class RoomFound:
    """What a check of a room finds at an instant: carriers by what is to be done about them. `judged`: every
    carrier that was looked at; what surely stands in a store of the room is not.
    """

    room: Room
    in_use: tuple[int, ...]
    heard: tuple[int, ...]
    unclear: tuple[int, ...]
    put_away: tuple[int, ...]
    coverage: Coverage
    listening: int
    judged: tuple[int, ...] = ()

    @property
    def heard_through(self) -> Instant | None:
        """Through when all of it was listened to; None where it was not."""
        return self.room.cover.through_at if self.room.cover else None


def room_found(
    room: Room,
    cases: Mapping[int, CarrierCase],
    in_use: Collection[int],
    in_hand: Collection[int],
    glimpsed: Collection[int],
    now: Instant,
    silent_after: int,
    listened: int,
) -> RoomFound:
    """Sort the carriers that concern a room. `in_use`: on the books there and not put away; `in_hand`: with those
    whose room it is, wherever the papers are.
    """
    where = {one: where_is(room, case, one in glimpsed, now, silent_after) for one, case in cases.items()}
    used = tuple(sorted(in_use))
    heard = tuple(sorted(one for one, said in where.items() if said == "open" and one not in in_use))
    nowhere = {one for one in in_hand if _silent(cases.get(one))}
    unclear = {one for one, said in where.items() if said == "unclear"} | nowhere
    return RoomFound(
        room=room,
        in_use=used,
        heard=heard,
        unclear=tuple(sorted(unclear - set(used) - set(heard))),
        put_away=tuple(sorted(one for one, said in where.items() if said == "put_away")),
        coverage=room.coverage(now, silent_after, listened),
        listening=room.listening(now, silent_after),
        judged=tuple(sorted(cases)),
    )


def _silent(case: CarrierCase | None) -> bool:
    """Whether the radio has it nowhere."""
    return case is None or case.radio is None or case.radio.place is None or case.radio.strength not in BELIEVED


# Heard in the open after the go, or while somebody is inside.


@dataclass(frozen=True, slots=True)
class Watched:
    """A room that must stay clear: `stage` entry while somebody is inside, before while a go lasts and nobody is."""

    room: Room
    matter: int
    number: str
    kind: str
    stage: Literal["before", "entry"]
    since_at: Instant
    escort: int | None = None


@dataclass(frozen=True, slots=True)
class ExposedCase:
    """A carrier heard in the open in such a room. `settled_at`: when a person last settled a finding about it there."""

    watched: Watched
    case: CarrierCase
    where: Where
    coverage: Coverage
    settled_at: Instant | None = None


def about(carrier: int, matter: int) -> str:
    """The subject of the finding: a carrier, and the entry (or the go) that it was exposed to."""
    return f"carrier:{carrier}@matter:{matter}"


def exposed(one: ExposedCase, now: Instant) -> Verdict | None:
    """The finding: heard there in the open, believed, after the go was given or the door was opened."""
    case, watched = one.case, one.watched
    if one.where != "open" or case.radio is None or quiet_for(KIND, one.settled_at, now):
        return None
    if case.radio.heard_at < watched.since_at:
        return None
    evidence: dict[str, Any] = {
        "clause": KINDS[KIND].clause,
        "rule": rule(
            f"{KIND}_{watched.stage}",
            {"place": watched.room.place.code, "matter": watched.number, "since_at": watched.since_at},
        ),
        "books": books_say(case.books),
        "radio": radio_says(case.radio),
        "entry": {"matter": watched.number, "kind": watched.kind, "stage": watched.stage, "coverage": one.coverage},
        **matter_says(case.matter),
    }
    return Verdict(
        kind=KIND,
        about=about(case.carrier, watched.matter),
        happened_at=max(watched.since_at, case.radio.since_at or watched.since_at),
        evidence=evidence,
        carrier=case.carrier,
        epc=case.radio.epc,
        place=watched.room.place.id,
        person=watched.escort,
        unit=case.books.unit,
        rank=case.books.rank,
        matter=watched.matter,
    )


def exposed_ended(watched: Watched | None, where: Where | None) -> Ending | None:
    """Over when nobody is inside and no go lasts, or when the carrier is seen to be away: put away, or elsewhere.

    A tag fallen silent ends nothing.
    """
    if watched is None:
        return Ending("entry_over")
    if where in ("put_away", "elsewhere"):
        return Ending("taken_away", {"place": watched.room.place.code})
    return None


def stores_in(place: Spot, spots: Iterable[Spot]) -> Sequence[str]:
    """Paths of the stores in a place, itself where it is one."""
    return [one.path for one in spots if one.storage and one.path.startswith(place.path)]
