"""The venue and the lodgings as they are swept: what the antennas there heard of the papers still out, and how far
anybody listens there. Heard is a hint where to look; what is found is scanned or ticked, and signed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from api.acts.meeting_papers import VENUE
from api.web.meetings.showing import Shown
from api.web.visit import Visit
from custody.matters.meetings import Swept
from custody.values import SECOND, Place
from reconcile.store.candidates import carrier_cases, world
from reconcile.store.rooms import glimpsed_in, rooms_of


@dataclass(frozen=True, slots=True)
class SweepPlace:
    """A place to be swept. `code`: of the form; `coverage`: empty where the house has no place of that name.

    `heard`: papers still out that are believed there, or were heard there lately, by their identifiers.
    """

    code: str
    lodging: str
    swept: Swept | None
    coverage: str = ""
    heard: frozenset[int] = frozenset()


def place_called(places: Sequence[Place], name: str) -> Place | None:
    """The place of the house that a lodging means, by its code or its name."""
    wanted = name.strip().casefold()
    named = (one for one in places if wanted in (one.code.casefold(), one.name.casefold(), one.name_en.casefold()))
    return next(named, None) if wanted else None


def places_of(visit: Visit, meeting: Shown) -> list[SweepPlace]:
    """The venue first, then the lodgings in their order."""
    body, directory = meeting.body, meeting.ground.directory
    last: dict[str, Swept] = {one.lodging: one for one in body.swept}
    found = [_place(visit, meeting, directory.places.get(body.venue), SweepPlace(VENUE, "", last.get("")))]
    every = tuple(directory.places.values())
    for number, name in enumerate(body.lodgings, 1):
        plain = SweepPlace(str(number), name, last.get(name))
        found.append(_place(visit, meeting, place_called(every, name), plain))
    return found


def _place(visit: Visit, meeting: Shown, place: Place | None, plain: SweepPlace) -> SweepPlace:
    if place is None:
        return plain
    scheme = visit.services.scheme
    silent = scheme.number("reader_silent_after_seconds") * SECOND
    listened = scheme.number("room_listened_seconds") * SECOND
    since = visit.now - scheme.number("room_glimpse_minutes") * 60 * SECOND
    out = {paper.carrier for paper in meeting.papers if paper.state == "handed_out"}
    # Whether anybody listens says nothing of any carrier; what was heard is read as the visitor sees it.
    with visit.services.database.reading() as connection:
        around = world(connection)
        spot = around.spots.get(place.id)
        if spot is None:
            return plain
        room = rooms_of(connection, [spot], around)[spot.id]
        coverage = room.coverage(visit.now, silent, listened)
    with visit.reading() as connection:
        heard = {one for one in glimpsed_in(connection, room, since) if one in out}
        for carrier, case in carrier_cases(connection, out, around).items():
            radio = case.radio
            if radio is not None and radio.place is not None and radio.place.path.startswith(spot.path):
                heard.add(carrier)
    return SweepPlace(plain.code, plain.lodging, plain.swept, coverage, frozenset(heard))
