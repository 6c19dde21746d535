"""Meetings as rows: convening, the list, the door, papers out and in, sweeps, incidents, the end (clauses h.1–h.4)."""

from collections.abc import Callable, Sequence
from typing import Any

from api.acts.meeting_papers import PAPERS, attendee_options, called_attendee
from api.acts.model import Act, Field, Ground, Unfit, Values, View
from custody.access import Permission
from custody.entries import Fact
from custody.entries.meetings import (
    AttendeeEntered,
    AttendeeLeft,
    AttendeeListed,
    AttendeeSeated,
    AttendeeStruck,
    MeetingBegun,
    MeetingClosed,
    MeetingConvened,
    MeetingEnded,
    SecretaryTookOver,
)
from custody.matters import Line, Matter
from custody.matters.meetings import Meeting
from custody.procedures.meetings import SEATS_MAX, settlement
from custody.values import Scope

BY_OTHERS = frozenset({"not_in_charge", "not_of_the_meeting", "not_the_deputy"})
"""Who is not in charge is not offered what only the one in charge may do."""
OPEN = frozenset({"draft", "approved", "in_session"})
HELD = frozenset({"approved", "in_session"})


def _body(ground: Ground) -> Meeting:
    body: Meeting = ground.the_matter.body
    return body


def lodgings_of(text: str) -> tuple[str, ...]:
    """Lodgings as they are typed: one a line."""
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _convened(ground: Ground, values: Values) -> list[Fact]:
    return [
        MeetingConvened(
            ground.reserve("matter"),
            unit=values["unit"],
            level=values["level"],
            subject=values["subject"],
            venue=values["venue"],
            starts_at=values["starts_at"],
            ends_at=values["ends_at"],
            chair=values["chair"],
            secretary=ground.person.id,
            deputy=values["deputy"],
            scope=Scope(values["scope"]),
            seats=values["seats"],
            lodgings=lodgings_of(values["lodgings"]),
            recording=values["recording"],
            notes=values["notes"],
            phones_deposited=values["phones_deposited"],
            pages_counted=values["pages_counted"],
            take_back=values["take_back"],
        )
    ]


def next_numbers(body: Meeting) -> tuple[int, Callable[[], str]]:
    """The next number on the list, and a giver of seats that nobody has, in order."""
    taken = {one.seat for one in body.attendees}
    free = (str(seat) for seat in range(1, 2 * SEATS_MAX) if str(seat) not in taken)
    return max((one.number for one in body.attendees), default=0) + 1, lambda: next(free)


def _listed(ground: Ground, values: Values) -> list[Fact]:
    first, seat = next_numbers(_body(ground))
    return [
        AttendeeListed(
            ground.the_matter.id, number, row["seat"] or seat(), person=row["person"], reason=values["reason"]
        )
        for number, row in enumerate(values["attendees"], first)
    ]


def _guests(ground: Ground, values: Values) -> list[Fact]:
    first, seat = next_numbers(_body(ground))
    return [
        AttendeeListed(
            ground.the_matter.id,
            number,
            row["seat"] or seat(),
            name=row["guest_name"],
            unit_name=row["guest_unit"],
            letter=row["letter"],
            cleared_for=row["cleared_for"],
            reason=values["reason"],
        )
        for number, row in enumerate(values["guests"], first)
    ]


def _empty_listing(ground: Ground) -> Fact:
    return AttendeeListed(ground.the_matter.id, 0, "")


def _seat(ground: Ground, values: Values) -> list[Fact]:
    """A free seat, or an exchange with who sits there."""
    there = _body(ground).on_seat(values["seat"])
    number = int(values["attendee"])
    if there is not None and there.number == number:
        raise Unfit("seat", "meeting.same_seat")
    return [AttendeeSeated(ground.the_matter.id, number, values["seat"], there.number if there else None)]


def _outside(ground: Ground) -> list[tuple[str, str]]:
    return attendee_options(ground, lambda one: not one.inside)


def _everybody(ground: Ground) -> list[tuple[str, str]]:
    return attendee_options(ground, lambda _one: True)


def _chosen(ground: Ground, values: Values, *, inside: bool) -> list[int]:
    """The chosen ones whom it concerns: of a whole list ticked, who is there already does not enter again."""
    body = _body(ground)
    found = [one for number in values["attendees"] if (one := body.attendee(int(number))) and one.inside is inside]
    if not found:
        raise Unfit("attendees", "meeting.nobody_chosen")
    return [one.number for one in found]


def _arrive(ground: Ground, values: Values) -> list[Fact]:
    left = bool(values["phones_left"])
    return [AttendeeEntered(ground.the_matter.id, number, left) for number in _chosen(ground, values, inside=False)]


def _depart(ground: Ground, values: Values) -> list[Fact]:
    return [AttendeeLeft(ground.the_matter.id, number) for number in _chosen(ground, values, inside=True)]


def _levels(ground: Ground) -> list[tuple[str, str]]:
    zh = ground.language == "zh"
    return [(level.code, level.name_zh if zh else level.name_en) for level in ground.scheme.levels]


def _settled(ground: Ground) -> Fact:
    return settlement(ground.the_matter.id, ground.the_matter.counts)


def _first_attendee(fact: Callable[[int, int], Fact], whom: Callable[[Any], bool]) -> Callable[[Ground], Fact | None]:
    def probe(ground: Ground) -> Fact | None:
        one = next((one for one in _body(ground).attendees if whom(one)), None)
        # Without anybody to choose there is nothing to do; the list's own refusal would only say so less plainly.
        return fact(ground.the_matter.id, one.number) if one else None

    return probe


_HOLD = Permission.HOLD_MEETINGS
_REASON = Field("reason", "area", required=False)
_ATTENDEE = Field("attendee", "choice", options=_everybody)


def _act(
    key: str,
    act: str,
    icon: str,
    facts: Callable[[Ground, Values], list[Fact]],
    probe: Callable[[Ground], Fact | None],
    *fields: Field,
    **more: Any,
) -> Act:
    """An act of the secretary in charge."""
    return Act(key, act, icon, _HOLD, facts, probe, kind="meeting", fields=fields, hides=BY_OTHERS, **more)


ACTS: tuple[Act, ...] = (
    Act(
        "meeting",
        "meeting",
        "seats",
        _HOLD,
        _convened,
        lambda ground: None,
        on="house",
        kind="meeting",
        opens=True,
        signs=False,
        fields=(
            Field("subject", max_length=200),
            Field("level", "level"),
            Field("unit", "unit", default=lambda ground: str(ground.person.unit or "")),
            Field("venue", "place"),
            Field("starts_at", "moment"),
            Field("ends_at", "moment"),
            Field("chair", "person"),
            Field("deputy", "person"),
            Field("scope", "scope"),
            Field("seats", "number"),
            Field("lodgings", "area", required=False),
            Field("recording", "choice", options=("forbidden", "by_secretary"), default="forbidden"),
            Field(
                "notes",
                "choice",
                options=("forbidden", "registered_notebooks", "free"),
                default="registered_notebooks",
            ),
            Field("phones_deposited", "check", default="1"),
            Field("pages_counted", "check"),
            Field("take_back", "check"),
        ),
    ),
    _act(
        "attendees",
        "meeting_list",
        "user",
        _listed,
        _empty_listing,
        Field("attendees", "rows", columns=(Field("person", "person"), Field("seat", required=False))),
        _REASON,
        statuses=OPEN,
    ),
    _act(
        "guests",
        "meeting_list",
        "plus",
        _guests,
        _empty_listing,
        Field(
            "guests",
            "rows",
            columns=(
                Field("guest_name", max_length=60),
                Field("guest_unit", max_length=120),
                Field("letter", max_length=80),
                Field("cleared_for", "choice", options=_levels),
                Field("seat", required=False),
            ),
        ),
        _REASON,
        statuses=OPEN,
    ),
    _act(
        "strike",
        "meeting_list",
        "back",
        lambda ground, values: [AttendeeStruck(ground.the_matter.id, int(values["attendee"]), values["reason"])],
        _first_attendee(lambda matter, number: AttendeeStruck(matter, number, ""), lambda one: not one.inside),
        Field("attendee", "choice", options=_outside),
        Field("reason", "area"),
        statuses=OPEN,
        signs=False,
    ),
    _act(
        "seat",
        "meeting_list",
        "swap",
        _seat,
        _first_attendee(lambda matter, number: AttendeeSeated(matter, number, ""), lambda _one: True),
        _ATTENDEE,
        Field("seat", max_length=12),
        statuses=OPEN,
        signs=False,
    ),
    _act(
        "arrive",
        "meeting_door",
        "in",
        _arrive,
        _first_attendee(AttendeeEntered, lambda one: not one.inside),
        Field("attendees", "choices", options=_everybody),
        Field("phones_left", "check", default="1"),
        statuses=HELD,
        signs=False,
    ),
    _act(
        "depart",
        "meeting_door",
        "out",
        _depart,
        _first_attendee(AttendeeLeft, lambda one: bool(one.inside)),
        Field("attendees", "choices", options=_everybody),
        statuses=frozenset({"approved", "in_session", "counting"}),
        signs=False,
    ),
    Act(
        "take_over",
        "meeting_take_over",
        "swap",
        _HOLD,
        lambda ground, values: [SecretaryTookOver(ground.the_matter.id, ground.person.id, values["reason"])],
        lambda ground: SecretaryTookOver(ground.the_matter.id, ground.person.id, ""),
        kind="meeting",
        fields=(Field("reason", "area"),),
        hides=BY_OTHERS,
        statuses=frozenset({"approved", "in_session", "counting", "settled"}),
    ),
    _act(
        "begin",
        "meeting_session",
        "seats",
        lambda ground, values: [
            MeetingBegun(ground.the_matter.id, values["rules_read"], values["wired_only"], values["remark"])
        ],
        lambda ground: MeetingBegun(ground.the_matter.id, rules_read=True, wired_only=True),
        Field("rules_read", "check"),
        Field("wired_only", "check"),
        Field("remark", required=False),
        statuses=frozenset({"approved"}),
        main=frozenset({"approved"}),
    ),
    *PAPERS,
    _act(
        "end_session",
        "meeting_session",
        "clock",
        lambda ground, _values: [MeetingEnded(ground.the_matter.id)],
        lambda ground: MeetingEnded(ground.the_matter.id),
        statuses=frozenset({"in_session"}),
        signs=False,
    ),
    _act(
        "settle",
        "meeting_settle",
        "stamp",
        lambda ground, _values: [_settled(ground)],
        _settled,
        statuses=frozenset({"counting"}),
        main=frozenset({"counting"}),
        grave=True,
        standing=frozenset({"papers_unsettled", "papers_not_returned", "not_swept", "still_inside"}),
    ),
    _act(
        "close",
        "meeting_settle",
        "ok",
        lambda ground, _values: [MeetingClosed(ground.the_matter.id)],
        lambda ground: MeetingClosed(ground.the_matter.id),
        statuses=frozenset({"settled"}),
        main=frozenset({"settled"}),
        standing=frozenset({"not_deposited"}),
        signs=False,
    ),
)


# How it is shown.


def _rows(ground: Ground, matter: Matter) -> Sequence[tuple[str, str]]:
    body: Meeting = matter.body
    t, place = ground.t, ground.directory.places.get(body.venue)
    inside = sum(one.inside for one in body.attendees)
    found = [
        (t("ask.subject"), body.subject),
        (t("ask.venue"), f"{place.code} {ground.name_of(place)}" if place else ""),
        (t("ask.chair"), ground.person_name(body.chair)),
        (t("meeting.secretary"), ground.person_name(body.secretary)),
        (t("ask.meeting.deputy"), ground.person_name(body.deputy)),
        (t("meeting.in_charge"), ground.person_name(body.in_charge)),
        (t("meeting.people"), t("meeting.people_of", n=len(body.attendees), seats=body.seats, inside=inside)),
        (t("ask.lodgings"), t("meeting.comma").join(body.lodgings) or t("meeting.none")),
        (t("ask.recording"), t(f"ask.recording.{body.recording}")),
        (t("ask.notes"), t(f"ask.notes.{body.notes}")),
        (t("meeting.rules"), t("meeting.comma").join(_rules(ground, body)) or t("meeting.none")),
    ]
    return [(label, value) for label, value in found if value]


def _rules(ground: Ground, body: Meeting) -> list[str]:
    named = ("phones_deposited", "pages_counted", "take_back")
    return [ground.t(f"ask.{name}") for name in named if getattr(body, name)]


def _cells(ground: Ground, matter: Matter, line: Line) -> Sequence[str]:
    body: Meeting = matter.body
    one = body.attendee(int(line.label)) if line.label else None
    who = called_attendee(ground, one) if one else ""
    return (one.seat if one else "", who, ground.day_of(line.due_at))


VIEWS: tuple[View, ...] = (
    View(
        kind="meeting",
        icon="seats",
        rows=_rows,
        columns=("meeting.seat", "meeting.attendee", "ask.deposit_by"),
        line=_cells,
        page="/meetings/{id}",
        looks={
            "in_session": ("act", "seats"),
            "counting": ("due", "round"),
            "settled": ("ok", "stamp"),
            "closed": ("mute", "ok"),
            "brought": ("mute", "doc"),
            "handed_out": ("act", "seats"),
            "counted_in": ("ok", "ok"),
            "taken_back": ("due", "out"),
            "deposited": ("ok", "shelf"),
            "incident": ("bad", "alert"),
            "returned": ("ok", "shelf"),
        },
    ),
)
