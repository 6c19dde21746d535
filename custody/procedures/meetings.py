"""Letter h, meetings: how one is convened, who is in charge, and when it is settled (clauses h.2, h.3, h.4).

Who is let in stands in `meeting_attendance`, what is done with the papers in `meeting_papers`. For internal carriers
clauses h.2 and h.3 hold too, without clearance and scope.
"""

from collections.abc import Collection, Iterable, Mapping

from custody.access import Permission
from custody.entries import Fact
from custody.entries.approvals import ApprovalAsked, Withdrawn
from custody.entries.meetings import (
    AttendeeEntered,
    AttendeeLeft,
    AttendeeListed,
    AttendeeSeated,
    AttendeeStruck,
    CountedIn,
    CountUndone,
    HandedOut,
    HandOutUndone,
    IncidentSigned,
    MeetingBegun,
    MeetingClosed,
    MeetingConvened,
    MeetingEnded,
    MeetingSettled,
    PaperIncomplete,
    PaperMissing,
    PaperReturned,
    PlaceSwept,
    SecretaryTookOver,
    TakenBack,
)
from custody.matters.meetings import (
    BROUGHT,
    COUNTED_IN,
    DEPOSITED,
    HANDED_OUT,
    IN_ROOM,
    INCIDENT,
    RETURNED,
    TAKEN_BACK,
    Meeting,
)
from custody.procedures import meeting_attendance, meeting_papers, people
from custody.procedures.meeting_attendance import meeting_of
from custody.register import CarrierState
from custody.rules import Needed, Params, Rule, Situation, by_actor, named, signed
from custody.values import DAY

SEATS_MAX = 500
_POST_CLASSES = frozenset({"core", "important", "general"})


# Convening.


def _staff(fact: MeetingConvened) -> tuple[int, int, int]:
    return fact.chair, fact.secretary, fact.deputy


def _staff_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, MeetingConvened)
    if fact.venue not in situation.directory.places:
        return {"kind": "place", "id": fact.venue}
    return next((found for one in _staff(fact) if (found := people.unknown(one, situation))), None)


def _staff_left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, MeetingConvened)
    return next((found for one in _staff(fact) if (found := people.left(one, situation))), None)


def _staff_not_cleared(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, MeetingConvened)
    if not _level_known(fact, situation):
        return None
    return next((found for one in _staff(fact) if (found := people.not_cleared(one, fact.level, situation))), None)


def _level_known(fact: MeetingConvened, situation: Situation) -> bool:
    return fact.level in {level.code for level in situation.scheme.levels}


def _same_secretary(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """A deputy who is the secretary could not take over."""
    assert isinstance(fact, MeetingConvened)
    return {} if fact.secretary == fact.deputy else None


def _venue_rated_too_low(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, MeetingConvened)
    place = situation.directory.places.get(fact.venue)
    if place is None or not _level_known(fact, situation):
        return None
    rating = situation.directory.rating(fact.venue)
    rank = situation.scheme.rank
    if rank(fact.level) <= (-1 if rating is None else rank(rating)):
        return None
    return {"place": place.code, "rating": rating or "", "level": fact.level}


def _times_wrong(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, MeetingConvened)
    return None if fact.starts_at < fact.ends_at else {}


def _unsaid(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Texts without which nobody could tell later what was meant."""
    match fact:
        case MeetingConvened():
            lodgings = [name.strip() for name in fact.lodgings]
            if not fact.subject.strip():
                return {"field": "subject"}
            if not all(lodgings) or len(set(lodgings)) < len(lodgings):
                return {"field": "lodging"}
            return None if fact.scope.principals else {"field": "scope"}
        case AttendeeListed(reason=reason):
            # After approval the list is what was approved, and whoever comes later comes for a reason.
            matter = situation.matter(fact)
            late = matter is not None and matter.approval is not None
            return {"field": "reason"} if late and not reason.strip() else None
        case AttendeeStruck(reason=reason) | SecretaryTookOver(reason=reason):
            return None if reason.strip() else {"field": "reason"}
    return None


def _scope_unclear(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A scope names only who is in the directory: anything else would silently mean nobody."""
    assert isinstance(fact, MeetingConvened)
    known: Mapping[str, Collection[str]] = {
        "unit": {str(one) for one in situation.directory.units},
        "person": {str(one) for one in situation.directory.persons},
        "post": _POST_CLASSES,
    }
    for principal in fact.scope.principals:
        kind, _, name = principal.partition(":")
        if principal != "all" and name not in known.get(kind, ()):
            return {"principal": principal}
    return None


def _seats_wrong(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, MeetingConvened)
    return None if 1 <= fact.seats <= SEATS_MAX else {"count": SEATS_MAX}


# Who acts.


def _not_in_charge(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """One person answers for the papers: the secretary, or the deputy who has taken over by signature."""
    body = meeting_of(fact, situation)
    if situation.subject.person == body.in_charge:
        return None
    known = situation.directory.persons.get(body.in_charge)
    return named(known) if known else {"person": str(body.in_charge), "person_en": str(body.in_charge)}


def _not_of_the_meeting(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The door and the sweeps are shared by secretary, deputy and chair."""
    body = meeting_of(fact, situation)
    return None if situation.subject.person in (body.secretary, body.deputy, body.chair) else {}


def _not_the_deputy(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, SecretaryTookOver)
    body = meeting_of(fact, situation)
    taking = fact.person == situation.subject.person and fact.person != body.in_charge
    return None if taking and fact.person in (body.secretary, body.deputy) else {}


# The session and its end.


def _rules_unread(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, MeetingBegun)
    return None if fact.rules_read and fact.wired_only else {}


def _lodging_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, PlaceSwept)
    known = ("", *meeting_of(fact, situation).lodgings)
    return None if fact.lodging in known else {"lodging": fact.lodging}


def _incident_unsaid(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, IncidentSigned)
    for field in ("circumstances", "measures"):
        if not getattr(fact, field).strip():
            return {"field": field}
    right = fact.carriers and fact.incident == len(meeting_of(fact, situation).incidents) + 1
    return None if right else {"field": "incident"}


def _papers_unsettled(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """In somebody's hands, and no incident signed for it."""
    matter = situation.matter(fact)
    count = matter.count(HANDED_OUT) if matter else 0
    return {"count": count} if count else None


def _papers_not_returned(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """With the secretary still: counted in, or never handed out."""
    matter = situation.matter(fact)
    count = matter.count(BROUGHT, COUNTED_IN) if matter else 0
    return {"count": count} if count else None


def _not_swept(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    body = meeting_of(fact, situation)
    if not body.unswept:
        return None
    venue = situation.directory.places.get(body.venue)
    return {"lodging": body.unswept[0] or (venue.code if venue else ""), "count": len(body.unswept)}


def _still_inside(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    count = sum(one.inside for one in meeting_of(fact, situation).attendees)
    return {"count": count} if count else None


def settlement(matter: int, counts: Mapping[str, int]) -> MeetingSettled:
    """The settlement with the figures that the lines give."""
    given = {state: counts.get(state, 0) for state in (RETURNED, DEPOSITED, TAKEN_BACK, INCIDENT)}
    return MeetingSettled(
        matter=matter,
        papers=sum(counts.values()),
        returned=given[RETURNED],
        taken_back=given[TAKEN_BACK] + given[DEPOSITED],
        incidents=given[INCIDENT],
    )


def _figures_wrong(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What is signed is what the list of papers says."""
    assert isinstance(fact, MeetingSettled)
    matter = situation.matter(fact)
    return None if matter is not None and settlement(fact.matter, matter.counts) == fact else {}


def _not_deposited(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    matter = situation.matter(fact)
    count = matter.count(TAKEN_BACK) if matter else 0
    return {"count": count} if count else None


def _approved_too_early(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """An approval that would lapse before the meeting begins is asked for later."""
    assert isinstance(fact, ApprovalAsked)
    matter = situation.matter(fact)
    if matter is None or not isinstance(matter.body, Meeting):
        return None
    return {"days": fact.valid_days} if matter.body.starts_at > situation.now + fact.valid_days * DAY else None


def _papers_brought(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    matter = situation.matter(fact)
    if matter is None or matter.kind != "meeting":
        return None
    count = matter.count(*IN_ROOM)
    return {"count": count} if count else None


def _chair_and_secretary(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
    body = meeting_of(fact, situation)
    return (body.in_charge, body.chair)


_CONVENED = (MeetingConvened,)
_LISTING = (AttendeeListed, AttendeeStruck, AttendeeSeated)
_COUNTING = (CountedIn, CountUndone, HandOutUndone, IncidentSigned, PaperMissing, PaperIncomplete)
RULES: tuple[Rule, ...] = (
    Rule("", "reference_unknown", _CONVENED, _staff_unknown),
    Rule("", "text_missing", (MeetingConvened, AttendeeListed, AttendeeStruck, SecretaryTookOver), _unsaid),
    Rule("", "scope_unclear", _CONVENED, _scope_unclear),
    Rule("", "meeting_times_wrong", _CONVENED, _times_wrong),
    Rule("", "seats_wrong", _CONVENED, _seats_wrong),
    Rule("", "same_secretary", _CONVENED, _same_secretary),
    Rule("", "venue_rated_too_low", _CONVENED, _venue_rated_too_low),
    Rule("c.1", "attendee_gone", _CONVENED, _staff_left),
    Rule("c.1", "attendee_not_cleared", _CONVENED, _staff_not_cleared),
    *meeting_attendance.RULES,
    Rule("h.1", "not_in_charge", _LISTING, _not_in_charge),
    Rule("h.2", "not_in_charge", (HandedOut,), _not_in_charge, "record"),
    Rule("", "not_in_charge", (MeetingBegun,), _not_in_charge),
    Rule("h.3", "not_in_charge", (*_COUNTING, TakenBack, MeetingEnded, MeetingSettled, MeetingClosed), _not_in_charge),
    Rule("h.1", "not_of_the_meeting", (AttendeeEntered, AttendeeLeft), _not_of_the_meeting),
    Rule("h.3", "not_of_the_meeting", (PlaceSwept,), _not_of_the_meeting),
    Rule("", "not_the_deputy", (SecretaryTookOver,), _not_the_deputy),
    signed("h.2", (SecretaryTookOver,), by_actor),
    Rule("c.4", "rules_unread", (MeetingBegun,), _rules_unread, "record"),
    Rule("h.3", "lodging_unknown", (PlaceSwept,), _lodging_unknown),
    signed("h.3", (PlaceSwept, MeetingSettled), by_actor),
    Rule("h.3", "text_missing", (IncidentSigned,), _incident_unsaid, "record"),
    signed("h.3", (IncidentSigned,), _chair_and_secretary, "refuse"),
    Rule("h.3", "papers_unsettled", (MeetingSettled,), _papers_unsettled),
    Rule("h.3", "papers_not_returned", (MeetingSettled,), _papers_not_returned),
    Rule("h.3", "not_swept", (MeetingSettled,), _not_swept, "record"),
    Rule("h.3", "figures_wrong", (MeetingSettled,), _figures_wrong, "record"),
    Rule("h.1", "still_inside", (MeetingSettled,), _still_inside, "record"),
    Rule("h.3", "not_deposited", (MeetingClosed,), _not_deposited),
    Rule("", "approved_too_early", (ApprovalAsked,), _approved_too_early),
    Rule("h.3", "papers_brought", (Withdrawn,), _papers_brought),
    *meeting_papers.RULES,
)

PERMISSIONS: Mapping[type[Fact], Needed] = {
    **dict.fromkeys(
        (
            *(MeetingConvened, AttendeeListed, AttendeeStruck, AttendeeSeated, AttendeeEntered, AttendeeLeft),
            *(SecretaryTookOver, MeetingBegun, MeetingEnded, PlaceSwept, IncidentSigned, MeetingSettled),
            MeetingClosed,
        ),
        Permission.HOLD_MEETINGS,
    ),
    **meeting_papers.PERMISSIONS,
}

ACTS: Mapping[str, str] = {
    "meeting": "HY",  # 会议
    "meeting_list": "HM",  # 名单
    "meeting_door": "HJ",  # 进出
    "meeting_take_over": "HT",  # 交替
    "meeting_session": "HK",  # 开会、散会
    "meeting_bring": "HL",  # 领取
    "meeting_hand_out": "HF",  # 发放
    "meeting_count": "HS",  # 收回
    "meeting_sweep": "HQ",  # 清场
    "meeting_take_back": "HD",  # 带回
    "meeting_deposit": "HC",  # 交存
    "meeting_return": "HG",  # 归还
    "meeting_incident": "HB",  # 事件报告
    "meeting_settle": "HZ",  # 办结
}
"""Kind of act -> the letters of its number."""

CODES: Mapping[str, tuple[str, ...]] = {
    "meeting_times_wrong": (),
    "seats_wrong": ("count",),
    "same_secretary": (),
    "venue_rated_too_low": ("place", "rating", "level"),
    "not_in_charge": ("person", "person_en"),
    "not_of_the_meeting": (),
    "not_the_deputy": (),
    "rules_unread": (),
    "lodging_unknown": ("lodging",),
    "papers_unsettled": ("count",),
    "papers_not_returned": ("count",),
    "not_swept": ("lodging", "count"),
    "figures_wrong": (),
    "still_inside": ("count",),
    "not_deposited": ("count",),
    "approved_too_early": ("days",),
    "papers_brought": ("count",),
    **meeting_attendance.CODES,
    **meeting_papers.CODES,
}
"""Code of a refusal -> the names that fill its blanks."""
BRINGING_BACK: frozenset[type[Fact]] = frozenset({PaperReturned, IncidentSigned, PaperMissing})
"""Facts that end what was begun under the approval, however late."""
FREE: frozenset[type[Fact]] = meeting_papers.FREE
"""Facts that may be entered whatever matter the carrier is in."""
