"""The acts on the papers of a meeting, as rows: out by register, in by copy and person, sweeps, incidents."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from api.acts.disposition.losses import enquiries
from api.acts.model import Act, Cosigner, Field, Ground, Unfit, Values
from custody.access import Permission
from custody.carrier import Status
from custody.entries import Fact
from custody.entries.disposition import LossFound, LossListed, LossOpened
from custody.entries.meetings import (
    CountedIn,
    CountUndone,
    Deposited,
    HandedOut,
    IncidentSigned,
    PaperBrought,
    PaperIncomplete,
    PaperMissing,
    PaperRecovered,
    PaperReturned,
    PlaceSwept,
    Shortness,
    TakenBack,
)
from custody.matters import Line
from custody.matters.meetings import Attendee, Meeting
from custody.procedures.disposition.loss import report_by
from custody.values import DAY

BY_OTHERS = frozenset({"not_in_charge", "not_of_the_meeting"})
IN_TIME = frozenset({"approved", "in_session", "counting"})
VENUE = "venue"
"""The code of the venue among the places to be swept; lodgings have their numbers."""


def _body(ground: Ground) -> Meeting:
    body: Meeting = ground.the_matter.body
    return body


def called_attendee(ground: Ground, one: Attendee) -> str:
    """The name of one on the list, in the visitor's language where he is of the house."""
    return ground.person_name(one.person) or one.name


def attendee_options(ground: Ground, whom: Callable[[Attendee], bool]) -> list[tuple[str, str]]:
    """Those on the list, by seat and name; the code is the number on the list."""
    found = sorted((one for one in _body(ground).attendees if whom(one)), key=lambda one: seat_key(one.seat))
    return [(str(one.number), f"{one.seat} {called_attendee(ground, one)}") for one in found]


def seat_key(seat: str) -> tuple[int, str]:
    """Seats in the order in which one counts them."""
    return (int(seat), "") if seat.isascii() and seat.isdecimal() else (10**6, seat)


def lines_of(ground: Ground, carriers: Iterable[int], *states: str) -> dict[int, Line]:
    """The lines of these carriers."""
    wanted = set(carriers)
    return {line.carrier: line for line in ground.lines(*states) if line.carrier in wanted}


def holder_of(line: Line) -> int:
    """Number on the list of who has a paper; 0: it is with the secretary."""
    return int(line.label) if line.state == "handed_out" and line.label else 0


# Out.


def _bring(ground: Ground, values: Values) -> list[Fact]:
    items = ground.items(values["carriers"])
    return [
        PaperBrought(carrier, ground.the_matter.id, items[carrier].control_number)
        for carrier in values["carriers"]
        if carrier in items
    ]


def _hand_out(ground: Ground, values: Values) -> list[Fact]:
    one = _body(ground).attendee(int(values["attendee"]))
    assert one is not None  # an option of the form
    return [HandedOut(carrier, ground.the_matter.id, one.number, one.person) for carrier in values["lines"]]


def by_seats(ground: Ground, titles: Sequence[str]) -> list[Fact]:
    """Copy n of each title to seat n, as far as somebody sits there who is inside."""
    body = _body(ground)
    free = ground.lines("brought", "counted_in")
    items = ground.items(line.carrier for line in free)
    found: list[Fact] = []
    for item in sorted(items.values(), key=lambda item: (item.control_number, item.copy_number)):
        one = body.on_seat(str(item.copy_number))
        if item.control_number in titles and one is not None and one.inside:
            found.append(HandedOut(item.id, ground.the_matter.id, one.number, one.person))
    return found


def _by_seats(ground: Ground, values: Values) -> list[Fact]:
    facts = by_seats(ground, values["titles"])
    if not facts:
        raise Unfit("titles", "meeting.nobody_sits_there")
    return facts


def title_options(ground: Ground) -> list[tuple[str, str]]:
    """The titles that came, by number; what they are called here stands before it."""
    body = _body(ground)
    several = len(body.titles) > 1
    return [(number, f"{body.short(number, 1)[:-1]} · {number}" if several else number) for number in body.titles]


def _inside(ground: Ground) -> list[tuple[str, str]]:
    return attendee_options(ground, lambda one: one.inside)


# In.


def _count(ground: Ground, values: Values) -> list[Fact]:
    lines = lines_of(ground, values["lines"], "handed_out")
    matter = ground.the_matter.id
    return [CountedIn(carrier, matter, holder_of(line), values["pages"]) for carrier, line in lines.items()]


def _count_undo(ground: Ground, values: Values) -> list[Fact]:
    lines = lines_of(ground, values["lines"], "counted_in")
    matter = ground.the_matter.id
    return [CountUndone(carrier, matter, int(line.label or 0), line.person) for carrier, line in lines.items()]


def _own_place(ground: Ground, carriers: Sequence[int], place: int | None) -> dict[int, int]:
    """Where each goes: the place named, else its own home."""
    if place is not None:
        return dict.fromkeys(carriers, place)
    items = ground.items(carriers)
    homes = {carrier: items[carrier].home for carrier in carriers if carrier in items}
    if len(homes) < len(carriers) or None in homes.values():
        raise Unfit("place", "meeting.place_needed")
    return {carrier: home for carrier, home in homes.items() if home is not None}


def _return(ground: Ground, values: Values) -> list[Fact]:
    places = _own_place(ground, values["lines"], values["place"])
    return [PaperReturned(carrier, ground.the_matter.id, place) for carrier, place in places.items()]


def _take_back(ground: Ground, values: Values) -> list[Fact]:
    lines = lines_of(ground, values["lines"], "handed_out")
    holders = {line.person for line in lines.values()}
    if len(holders) != 1:
        raise Unfit("lines", "meeting.one_person_only")
    person = ground.directory.persons.get(next(iter(holders)) or 0)
    if person is None:
        raise Unfit("lines", "meeting.guest_takes_nothing")
    return [
        TakenBack(
            carrier,
            ground.the_matter.id,
            attendee=holder_of(line),
            person=person.id,
            unit=person.unit or 0,
            place=values["deposit_place"],
            due_at=ground.end_of(values["deposit_by"]),
        )
        for carrier, line in lines.items()
    ]


def _taker(ground: Ground, values: Values) -> Sequence[Cosigner]:
    lines = lines_of(ground, values.get("lines") or (), "handed_out")
    person = next((line.person for line in lines.values()), None)
    return (Cosigner("meeting.taker", person),)


def _latest_deposit(ground: Ground) -> str:
    return ground.day_of(ground.now + ground.scheme.number("meeting_deposit_days") * DAY)


# The end.


def sweep_options(ground: Ground) -> list[tuple[str, str]]:
    """The venue and the lodgings."""
    body = _body(ground)
    place = ground.directory.places.get(body.venue)
    venue = f"{ground.t('meeting.the_venue')} {place.code if place else ''}"
    return [(VENUE, venue), *((str(number), name) for number, name in enumerate(body.lodgings, 1))]


def lodging_named(body: Meeting, code: str) -> str:
    """The lodging that an option of the form means; empty for the venue."""
    return "" if code == VENUE else body.lodgings[int(code) - 1]


def _sweep(ground: Ground, values: Values) -> list[Fact]:
    """What is found is counted in, in the same act."""
    matter = ground.the_matter.id
    lodging = lodging_named(_body(ground), values["swept_place"])
    lines = lines_of(ground, values["found"], "handed_out")
    facts: list[Fact] = [
        CountedIn(carrier, matter, holder_of(line), values["pages"], lodging) for carrier, line in lines.items()
    ]
    return [*facts, PlaceSwept(matter, lodging, tuple(lines), values["remark"])]


def _incident(shortness: Shortness) -> Callable[[Ground, Values], list[Fact]]:
    def facts(ground: Ground, values: Values) -> list[Fact]:
        matter, number = ground.the_matter.id, len(_body(ground).incidents) + 1
        lines = lines_of(ground, values["lines"])
        carriers = tuple(lines)
        found: list[Fact] = [
            IncidentSigned(matter, number, shortness, carriers, values["circumstances"], values["measures"])
        ]
        for carrier, line in lines.items():
            if shortness == "missing":
                found.append(PaperMissing(carrier, matter, number, holder_of(line)))
            else:
                found.append(PaperIncomplete(carrier, matter, number, holder_of(line), values["pages"]))
        return found + (_loss(ground, values, lines.values()) if shortness == "missing" else [])

    return facts


def _loss(ground: Ground, values: Values, lines: Collection[Line]) -> list[Fact]:
    """The report of the loss, whose clock runs from the incident, with who had each paper last."""
    matter, body = ground.the_matter, _body(ground)
    items = ground.items(line.carrier for line in lines)
    # What was declared lost before has its enquiry, and its clock.
    found = [line for line in lines if items[line.carrier].status is not Status.DECLARED_LOST]
    if not found:
        return []
    had = []
    for line in found:
        one, item = body.attendee(holder_of(line)), items[line.carrier]
        taker = line.person if line.state == "taken_back" else None
        who = f"{called_attendee(ground, one)} ({one.seat})" if one else ground.person_name(taker or body.in_charge)
        had.append(f"{item.control_number}/{item.copy_number}: {who}")
    loss = LossOpened(
        ground.reserve("matter"),
        unit=matter.unit,
        level=matter.level,
        discovered_at=ground.now,
        discovered_by=ground.person.id,
        circumstances=values["circumstances"],
        last_known=f"{matter.number}; {'; '.join(had)}",
        due_at=report_by(ground.now, ground.scheme),
    )
    return [loss, *(LossListed(line.carrier, loss.matter) for line in found)]


def _incident_probe(shortness: Shortness) -> Callable[[Ground], Fact | None]:
    return lambda ground: IncidentSigned(ground.the_matter.id, 0, shortness, (), "", "")


def _chair(ground: Ground, _values: Values) -> Sequence[Cosigner]:
    return (Cosigner("ask.chair", _body(ground).chair),)


def _secretary(ground: Ground, _values: Values) -> Sequence[Cosigner]:
    return (Cosigner("meeting.in_charge", _body(ground).in_charge),)


def _recover(ground: Ground, values: Values) -> list[Fact]:
    """Back at the meeting; the enquiry into its loss takes note."""
    carriers = list(ground.items(values["lines"]))
    sought = enquiries(ground.services, ground.subject, carriers)
    facts: list[Fact] = []
    for carrier in carriers:
        facts.append(PaperRecovered(carrier, ground.the_matter.id, values["circumstances"]))
        if carrier in sought:
            facts.append(LossFound(carrier, sought[carrier]))
    return facts


def _of_line(states: tuple[str, ...], fact: Callable[[Ground, Line], Fact]) -> Callable[[Ground], Fact | None]:
    def probe(ground: Ground) -> Fact | None:
        line = ground.a_line(*states)
        return fact(ground, line) if line else None

    return probe


def _act(
    key: str,
    act: str,
    icon: str,
    facts: Callable[[Ground, Values], list[Fact]],
    probe: Callable[[Ground], Fact | None],
    *fields: Field,
    permission: Permission = Permission.HOLD_MEETINGS,
    **more: Any,
) -> Act:
    return Act(key, act, icon, permission, facts, probe, kind="meeting", fields=fields, hides=BY_OTHERS, **more)


def _some_left(ground: Ground) -> Fact:
    """With nothing left to hand out, a paper that is not there: no button is drawn."""
    line = ground.a_line(*_OUT)
    return HandedOut(line.carrier if line else 0, ground.the_matter.id, 0)


_OUT = ("brought", "counted_in")
_ROOM = ("brought", "handed_out", "counted_in")
_COUNTING = frozenset({"counting"})
_PAGES = Field("pages", "number", required=False)
_ACCOUNT = (Field("circumstances", "area"), Field("measures", "area"))
PAPERS: tuple[Act, ...] = (
    _act(
        "bring",
        "meeting_bring",
        "doc",
        _bring,
        lambda ground: None,
        Field("carriers", "carriers"),
        permission=Permission.KEEP,
        cosigners=_secretary,
        statuses=frozenset({"approved", "in_session"}),
        main=frozenset({"approved"}),
    ),
    _act(
        "hand_out_by_seat",
        "meeting_hand_out",
        "seats",
        _by_seats,
        _some_left,
        Field("titles", "choices", options=title_options),
        statuses=frozenset({"approved", "in_session"}),
        main=frozenset({"in_session"}),
    ),
    _act(
        "hand_out",
        "meeting_hand_out",
        "user",
        _hand_out,
        _of_line(_OUT, lambda ground, line: HandedOut(line.carrier, ground.the_matter.id, 0)),
        Field("lines", "lines", states=_OUT),
        Field("attendee", "choice", options=_inside),
        statuses=frozenset({"approved", "in_session"}),
    ),
    _act(
        "count",
        "meeting_count",
        "round",
        _count,
        _of_line(("handed_out",), lambda ground, line: CountedIn(line.carrier, ground.the_matter.id, holder_of(line))),
        Field("lines", "lines", states=("handed_out",)),
        _PAGES,
        statuses=IN_TIME,
        signs=False,
    ),
    _act(
        "count_undo",
        "meeting_count",
        "undo",
        _count_undo,
        _of_line(
            ("counted_in",),
            lambda ground, line: CountUndone(line.carrier, ground.the_matter.id, int(line.label or 0), line.person),
        ),
        Field("lines", "lines", states=("counted_in",)),
        statuses=IN_TIME,
        signs=False,
    ),
    _act(
        "take_back",
        "meeting_take_back",
        "out",
        _take_back,
        _of_line(
            ("handed_out",),
            lambda ground, line: TakenBack(
                line.carrier, ground.the_matter.id, holder_of(line), line.person or 0, 0, 0, 0
            ),
        ),
        Field("lines", "lines", states=("handed_out",)),
        Field("deposit_place", "place"),
        Field("deposit_by", "day", default=_latest_deposit),
        cosigners=_taker,
        statuses=frozenset({"in_session", "counting"}),
        standing=frozenset({"take_back_forbidden"}),
    ),
    _act(
        "deposit",
        "meeting_deposit",
        "shelf",
        lambda ground, values: [
            Deposited(carrier, ground.the_matter.id, values["place"]) for carrier in values["lines"]
        ],
        _of_line(("taken_back",), lambda ground, line: Deposited(line.carrier, ground.the_matter.id, 0)),
        Field("lines", "lines", states=("taken_back",)),
        Field("place", "place"),
        permission=Permission.KEEP,
        statuses=frozenset({"in_session", "counting", "settled"}),
    ),
    _act(
        "return",
        "meeting_return",
        "in",
        _return,
        _of_line(_OUT, lambda ground, line: PaperReturned(line.carrier, ground.the_matter.id, 0)),
        Field("lines", "lines", states=_OUT),
        Field("place", "place", required=False),
        permission=Permission.KEEP,
        cosigners=_secretary,
        statuses=IN_TIME,
    ),
    _act(
        "sweep",
        "meeting_sweep",
        "search",
        _sweep,
        lambda ground: PlaceSwept(ground.the_matter.id, ""),
        Field("swept_place", "choice", options=sweep_options),
        Field("found", "lines", required=False, states=("handed_out",)),
        _PAGES,
        Field("remark", required=False),
        statuses=_COUNTING,
    ),
    _act(
        "incident",
        "meeting_incident",
        "alert",
        _incident("missing"),
        _incident_probe("missing"),
        Field("lines", "lines", states=_ROOM),
        *_ACCOUNT,
        cosigners=_chair,
        statuses=frozenset({"approved", "counting"}),
        grave=True,
    ),
    _act(
        "undeposited",
        "meeting_incident",
        "alert",
        _incident("missing"),
        _incident_probe("missing"),
        Field("lines", "lines", states=("taken_back",)),
        *_ACCOUNT,
        cosigners=_chair,
        statuses=frozenset({"counting", "settled"}),
        grave=True,
    ),
    _act(
        "incomplete",
        "meeting_incident",
        "doc",
        _incident("incomplete"),
        _incident_probe("incomplete"),
        Field("lines", "lines", states=("handed_out",)),
        Field("pages", "number"),
        *_ACCOUNT,
        cosigners=_chair,
        statuses=_COUNTING,
        grave=True,
    ),
    _act(
        "recover",
        "meeting_incident",
        "plus",
        _recover,
        _of_line(("incident",), lambda ground, line: PaperRecovered(line.carrier, ground.the_matter.id, "")),
        Field("lines", "lines", states=("incident",)),
        Field("circumstances", "area"),
        permission=Permission.KEEP,
        cosigners=_secretary,
        statuses=_COUNTING,
    ),
)
"""Acts on papers, in the order in which they come."""
