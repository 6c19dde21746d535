"""Facts of letter h: meetings. Who came, which copy was in whose hands, what was counted, and what was short.

An attendee is named by his number on the list of the meeting, guests as well as persons of the house; the seat is
where he sits now. What he holds follows the person, so a change of seats changes no paper.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from custody.entries.model import CarrierFact, MatterFact, MatterOpened
from custody.values import Instant, Scope

Recording = Literal["forbidden", "by_secretary"]
Notes = Literal["forbidden", "registered_notebooks", "free"]
Shortness = Literal["missing", "incomplete"]


@dataclass(frozen=True, slots=True)
class MeetingConvened(MatterOpened):
    """A meeting on secret matters was proposed, with everything that its rules stand on (clauses h.1 to h.4).

    Rules on recording and notes are stated in advance, and phones are left outside (clause c.4, daily rule 4).
    """

    kind: ClassVar[str] = "meeting_convened"
    subject: str
    venue: int
    """A place, rated for the level."""
    starts_at: Instant
    ends_at: Instant
    chair: int
    secretary: int
    deputy: int
    """Who takes over from the secretary where need be."""
    scope: Scope
    """Who of the house may attend; guests are named one by one."""
    seats: int
    lodgings: tuple[str, ...] = ()
    """Where participants stay (驻地): each is swept before the meeting is settled (clause h.3)."""
    recording: Recording = "forbidden"
    notes: Notes = "registered_notebooks"
    phones_deposited: bool = True
    pages_counted: bool = False
    """Whether a paper is taken back only with its pages counted."""
    take_back: bool = False
    """Whether papers may be taken back to the unit (clause h.4)."""


# Persons.


@dataclass(frozen=True, slots=True)
class AttendeeListed(MatterFact):
    """One who may enter: a person of the house, or a guest by name, unit and clearance letter (clause h.1).

    The acting person attests a guest's letter by signature. `reason`: why, where approval was given before.
    """

    kind: ClassVar[str] = "attendee_listed"
    attendee: int
    seat: str
    person: int | None = None
    name: str = ""
    unit_name: str = ""
    letter: str = ""
    cleared_for: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AttendeeStruck(MatterFact):
    """Taken off the list, before he entered."""

    kind: ClassVar[str] = "attendee_struck"
    attendee: int
    reason: str


@dataclass(frozen=True, slots=True)
class AttendeeSeated(MatterFact):
    """Given another seat; who sat there takes the seat that this one leaves."""

    kind: ClassVar[str] = "attendee_seated"
    attendee: int
    seat: str
    instead_of: int | None = None


@dataclass(frozen=True, slots=True)
class AttendeeEntered(MatterFact):
    """Came into the venue; `phones_left`: without phone or other wireless device (clause h.1, daily rule 4)."""

    kind: ClassVar[str] = "attendee_entered"
    attendee: int
    phones_left: bool = True


@dataclass(frozen=True, slots=True)
class AttendeeLeft(MatterFact):
    """Went out of the venue."""

    kind: ClassVar[str] = "attendee_left"
    attendee: int


@dataclass(frozen=True, slots=True)
class SecretaryTookOver(MatterFact):
    """The deputy, or the secretary come back, is in charge of the papers from now on, and signed it."""

    kind: ClassVar[str] = "secretary_took_over"
    person: int
    reason: str


# The session.


@dataclass(frozen=True, slots=True)
class MeetingBegun(MatterFact):
    """The meeting was opened: its rules were read out, and the equipment is without wireless microphones."""

    kind: ClassVar[str] = "meeting_begun"
    rules_read: bool
    wired_only: bool
    remark: str = ""


@dataclass(frozen=True, slots=True)
class MeetingEnded(MatterFact):
    """The session is over; nothing more is handed out, the inventory begins (clause h.3)."""

    kind: ClassVar[str] = "meeting_ended"


@dataclass(frozen=True, slots=True)
class PlaceSwept(MatterFact):
    """The venue, or a lodging, was searched for papers and papers' remains (clause h.3).

    `lodging` is empty for the venue. `found`: papers that were lying there; each is counted in by an entry of its own.
    """

    kind: ClassVar[str] = "place_swept"
    lodging: str
    found: tuple[int, ...] = ()
    remark: str = ""


@dataclass(frozen=True, slots=True)
class IncidentSigned(MatterFact):
    """Papers that are short at the end, with what is known, signed by secretary and chair (clause h.3)."""

    kind: ClassVar[str] = "incident_signed"
    incident: int
    shortness: Shortness
    carriers: tuple[int, ...]
    circumstances: str
    measures: str


@dataclass(frozen=True, slots=True)
class MeetingSettled(MatterFact):
    """Every paper is back, taken back by permission, or covered by a signed incident; all places swept (clause h.3)."""

    kind: ClassVar[str] = "meeting_settled"
    papers: int
    returned: int
    taken_back: int
    incidents: int


@dataclass(frozen=True, slots=True)
class MeetingClosed(MatterFact):
    """What was taken back is deposited; the meeting is over for the books (clause h.4)."""

    kind: ClassVar[str] = "meeting_closed"


# Papers.


@dataclass(frozen=True, slots=True)
class PaperBrought(CarrierFact):
    """Given out by the registry to the secretary for the meeting, both signing (clause h.2).

    `title_number` is the carrier's control number: papers are called by it and their copy number.
    """

    kind: ClassVar[str] = "paper_brought"
    matter: int
    title_number: str


@dataclass(frozen=True, slots=True)
class HandedOut(CarrierFact):
    """Handed to an attendee, by register and signed (clause h.2). `person` where he is of the house."""

    kind: ClassVar[str] = "handed_out"
    matter: int
    attendee: int
    person: int | None = None


@dataclass(frozen=True, slots=True)
class HandOutUndone(CarrierFact):
    """A hand-out was a mistake: the paper never left the secretary."""

    kind: ClassVar[str] = "hand_out_undone"
    matter: int
    attendee: int
    person: int | None = None


@dataclass(frozen=True, slots=True)
class CountedIn(CarrierFact):
    """Back with the secretary, counted by copy and person; `lodging` where it was found in one (clause h.3)."""

    kind: ClassVar[str] = "counted_in"
    matter: int
    attendee: int
    pages: int | None = None
    lodging: str = ""


@dataclass(frozen=True, slots=True)
class CountUndone(CarrierFact):
    """A count was a mistake: the paper is with the attendee again."""

    kind: ClassVar[str] = "count_undone"
    matter: int
    attendee: int
    person: int | None = None


@dataclass(frozen=True, slots=True)
class TakenBack(CarrierFact):
    """Taken back to the unit by permission, to be deposited in `place` by `due_at`, and signed (clause h.4)."""

    kind: ClassVar[str] = "taken_back"
    matter: int
    attendee: int
    person: int
    unit: int
    place: int
    due_at: Instant


@dataclass(frozen=True, slots=True)
class Deposited(CarrierFact):
    """Handed in at the unit's registry for safekeeping, which is its home from now on (clause h.4)."""

    kind: ClassVar[str] = "deposited"
    matter: int
    place: int


@dataclass(frozen=True, slots=True)
class PaperReturned(CarrierFact):
    """Back from the secretary to the registry, both signing, and put in `place` (clause h.3)."""

    kind: ClassVar[str] = "paper_returned"
    matter: int
    place: int


@dataclass(frozen=True, slots=True)
class PaperMissing(CarrierFact):
    """Covered by a signed incident: its whereabouts are unknown.

    `attendee` 0: it was in no attendee's hands, but with the secretary, or taken back to a unit.
    """

    kind: ClassVar[str] = "paper_missing"
    matter: int
    incident: int
    attendee: int


@dataclass(frozen=True, slots=True)
class PaperIncomplete(CarrierFact):
    """Back, but with pages missing, which a signed incident covers (clause h.3)."""

    kind: ClassVar[str] = "paper_incomplete"
    matter: int
    incident: int
    attendee: int
    pages: int


@dataclass(frozen=True, slots=True)
class PaperRecovered(CarrierFact):
    """Declared missing at this meeting and found before its end; it is with the secretary again."""

    kind: ClassVar[str] = "paper_recovered"
    matter: int
    circumstances: str
