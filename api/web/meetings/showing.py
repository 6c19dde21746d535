"""A meeting as its pages show it: who sits where, what each still has, where that was last heard. No titles."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from api.acts.meeting_papers import called_attendee, seat_key
from api.acts.model import Ground
from api.seat_plans import SeatRows, seat_plan
from api.store import Connection
from api.web.business.loading import matter_ground
from api.web.visit import Visit
from api.web.words import clock_time
from custody.matters import Line, Matter
from custody.matters.meetings import Attendee, Meeting
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries import CarrierItem
from custody.values import Instant
from reconcile.store.candidates import carrier_cases, world

FRESH = 60_000_000
"""Microseconds: what was heard within a minute is here now."""
HEARD_MAX = 60
"""Of so many papers still out the radio is asked; while more are out nobody looks for one of them."""
FRAMES: Sequence[tuple[int, int]] = ((6, 2), (8, 3), (10, 5), (12, 8), (14, 10))
"""Columns and rows of the table that attendees sit around, for 16, 22, 30, 40 and 48 of them."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper, by the name it has at this meeting."""

    carrier: int
    short: str
    number: str
    copy: int
    level: str
    state: str
    attendee: int
    sequence: int
    pages: int | None
    due_at: Instant | None


@dataclass(frozen=True, slots=True)
class Heard:
    """Where a paper was last heard. `kind`: removed, here, elsewhere, silent."""

    kind: str
    place: str
    at: Instant
    time: str
    """The time of day, for a sentence."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One on the list, where he sits, and what he has. `row` and `column` place him in the frame, from 1."""

    attendee: Attendee
    name: str
    out: tuple[Paper, ...]
    had: int
    row: int = 0
    column: int = 0
    heard: Heard | None = None

    @property
    def seat(self) -> str:
        """Where he sits now."""
        return self.attendee.seat


@dataclass(frozen=True, slots=True)
class Shown:
    """A meeting with its papers. `frame`: columns and rows; None where more attend than can sit around it. `plan`: the
    rows of the venue where its seats were laid out; then seats have their row and column in it.
    """

    ground: Ground
    matter: Matter
    body: Meeting
    papers: tuple[Paper, ...]
    seats: tuple[Seat, ...]
    frame: tuple[int, int] | None
    plan: SeatRows = ()

    def count(self, *states: str) -> int:
        """Papers in these states."""
        return sum(paper.state in states for paper in self.papers)

    @property
    def given(self) -> tuple[Paper, ...]:
        """Papers that were in somebody's hands."""
        return tuple(paper for paper in self.papers if paper.attendee)

    @property
    def out(self) -> int:
        """Papers still in somebody's hands."""
        return self.count("handed_out")

    @property
    def deposit_by(self) -> Instant | None:
        """By when the first of what was taken back is to be handed in; None where nothing is (clause h.4)."""
        return min((p.due_at for p in self.papers if p.state == "taken_back" and p.due_at), default=None)

    @property
    def removed(self) -> tuple[Seat, ...]:
        """Those whose papers went out by a portal; known where the radio was asked."""
        return tuple(seat for seat in self.seats if seat.out and _removed(seat))

    @property
    def newest(self) -> Paper | None:
        """The paper counted in last."""
        counted = [paper for paper in self.papers if paper.state == "counted_in" and paper.attendee]
        return max(counted, key=lambda paper: paper.sequence, default=None)

    @property
    def owing(self) -> tuple[Seat, ...]:
        """Those who still have papers: what was carried out first, then by seat."""
        found = [seat for seat in self.seats if seat.out]
        return tuple(sorted(found, key=lambda one: (not _removed(one), seat_key(one.seat))))


def _removed(seat: Seat) -> bool:
    return seat.heard is not None and seat.heard.kind == "removed"


def the_meeting(visit: Visit, identifier: int) -> Ground:
    """The ground of a meeting. Raises NotFound for hidden, absent, and whatever is no meeting."""
    ground = matter_ground(visit, identifier)
    if ground.the_matter.kind != "meeting":
        raise NotFound
    return ground


def shown(visit: Visit, identifier: int, *, radio: bool = False) -> Shown:
    """The meeting as it stands. `radio`: with where what is out was last heard. Raises NotFound."""
    ground = the_meeting(visit, identifier)
    matter = ground.the_matter
    body: Meeting = matter.body
    with visit.reading() as connection:
        lines = queries.all_lines(connection, matter.id)
        items = queries.carriers_by_id(connection, visit.subject, [line.carrier for line in lines])
        papers = tuple(
            sorted((_paper(body, line, items[line.carrier]) for line in lines if line.carrier in items), key=_order)
        )
        out = [paper.carrier for paper in papers if paper.state == "handed_out"]
    heard: Mapping[int, Heard] = {}
    # How a venue's seats are drawn says nothing of any carrier. Of papers that are seen: that one left by a portal is a
    # finding, and told to whoever is in charge of them.
    with visit.services.database.reading() as connection:
        if radio and out and len(out) <= HEARD_MAX:
            heard = _heard(connection, body, out, visit.now, visit.services.scheme.timezone)
        plan = seat_plan(connection, body.venue)
    seats = _seats(ground, body, papers, heard, plan)
    return Shown(ground, matter, body, papers, seats, frame_of(len(body.attendees)), plan)


def _paper(body: Meeting, line: Line, item: CarrierItem) -> Paper:
    return Paper(
        carrier=line.carrier,
        short=body.short(item.control_number, item.copy_number),
        number=item.control_number,
        copy=item.copy_number,
        level=item.level,
        state=line.state,
        attendee=int(line.label) if line.label else 0,
        sequence=line.sequence,
        pages=line.pages,
        due_at=line.due_at,
    )


def _order(paper: Paper) -> tuple[str, int]:
    return paper.number, paper.copy


def frame_of(attendees: int) -> tuple[int, int] | None:
    """Columns and rows of the frame for so many attendees."""
    return next((frame for frame in FRAMES if 2 * sum(frame) >= attendees), None)


def around(frame: tuple[int, int], place: int) -> tuple[int, int]:
    """Row and column of a seat, counted clockwise from the upper left; the frame has a corner column on each side."""
    columns, rows = frame
    if place < columns:
        return 1, place + 2
    if place < columns + rows:
        return place - columns + 2, columns + 2
    if place < 2 * columns + rows:
        return rows + 2, 2 * columns + rows - place + 1
    return 2 * columns + 2 * rows - place + 1, 1


def placed(plan: SeatRows, seats: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Row and column, from 1, of each of these seats; those that the plan does not have stand behind its last row."""
    found = {seat: (r, c) for r, row in enumerate(plan, 1) for c, seat in enumerate(row, 1) if seat in seats}
    width = max((len(row) for row in plan), default=1)
    for at, seat in enumerate(one for one in seats if one not in found):
        found[seat] = (len(plan) + 1 + at // width, 1 + at % width)
    return found


def _seats(
    ground: Ground, body: Meeting, papers: Iterable[Paper], heard: Mapping[int, Heard], plan: SeatRows
) -> tuple[Seat, ...]:
    whose: dict[int, list[Paper]] = {}
    for paper in papers:
        whose.setdefault(paper.attendee, []).append(paper)
    frame = frame_of(len(body.attendees))
    found = []
    in_order = sorted(body.attendees, key=lambda one: seat_key(one.seat))
    laid_out = placed(plan, [one.seat for one in in_order]) if plan else {}
    for place, one in enumerate(in_order):
        had = whose.get(one.number, [])
        out = tuple(paper for paper in had if paper.state == "handed_out")
        row, column = laid_out.get(one.seat) or (around(frame, place) if frame else (0, 0))
        said = [heard[paper.carrier] for paper in out if paper.carrier in heard]
        worst = min(said, key=lambda one: ("removed", "elsewhere", "silent", "here").index(one.kind), default=None)
        found.append(Seat(one, called_attendee(ground, one), out, len(had), row, column, worst))
    return tuple(found)


def _heard(connection: Connection, body: Meeting, out: Sequence[int], now: Instant, timezone: str) -> dict[int, Heard]:
    """Where each was last heard; what never was is left out."""
    around_us = world(connection)
    venue = around_us.spots.get(body.venue)
    found = {}
    for carrier, case in carrier_cases(connection, out, around_us).items():
        radio = case.radio
        if radio is None or radio.place is None:
            continue
        inside = venue is not None and radio.place.path.startswith(venue.path)
        kind = "elsewhere"
        if case.removal_open or case.radio_is_outside:
            kind = "removed"
        elif inside:
            kind = "here" if now - radio.heard_at <= FRESH else "silent"
        found[carrier] = Heard(kind, radio.place.code, radio.heard_at, clock_time(radio.heard_at, timezone))
    return found
