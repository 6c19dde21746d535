"""A meeting to test with, and the words for what is done at it.

meeting = a_meeting(archive)
meeting.approved().lists("chen", "sun").everybody_enters()
one, two = meeting.brings(2)
meeting.hands_out({one: 1, two: 2})
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from custody.access import Role, Subject
from custody.approval import asked
from custody.entries import Fact, ReportedMissing
from custody.entries.approvals import Approved
from custody.entries.disposition import LossFound
from custody.entries.meetings import (
    AttendeeEntered,
    AttendeeLeft,
    AttendeeListed,
    CountedIn,
    Deposited,
    HandedOut,
    IncidentSigned,
    MeetingBegun,
    MeetingClosed,
    MeetingConvened,
    MeetingEnded,
    PaperBrought,
    PaperMissing,
    PaperRecovered,
    PaperReturned,
    PlaceSwept,
    TakenBack,
)
from custody.matters import Line, Matter
from custody.matters.meetings import Meeting
from custody.procedures.meetings import settlement
from custody.store.books import Receipt
from custody.values import SECOND, Scope
from tests.builders import CLERK, MANAGER, NOW, PEOPLE, READING, SECRETARY, SHELF, Archive, subject

DEPUTY = subject("zhao", Role.MEETING_SECRETARY)
CHAIR = PEOPLE["committee"]
HOUR = 3_600 * SECOND
LODGING = "招待所三号楼"
UNIT_OF = {"chen": 4, "sun": 3, "zhao": 4, "ma": 4}


def convened(matter: int, **changes: Any) -> MeetingConvened:
    """A meeting on secret matters in the reading room; anything may be changed. `scope` takes principals."""
    scope = changes.pop("scope", ("all",))
    plain: dict[str, Any] = {
        "unit": 3,
        "level": "secret",
        "subject": "远山三号方案评审",
        "venue": READING,
        "starts_at": NOW + HOUR,
        "ends_at": NOW + 4 * HOUR,
        "chair": CHAIR,
        "secretary": PEOPLE["secretary"],
        "deputy": PEOPLE["zhao"],
        "scope": Scope(tuple(scope)),
        "seats": 60,
        "lodgings": (LODGING,),
    }
    return MeetingConvened(matter, **(plain | changes))


def guest(matter: int, attendee: int, **changes: Any) -> AttendeeListed:
    """A guest of another institute, cleared for secret by letter; anything may be changed."""
    plain: dict[str, Any] = {
        "seat": str(attendee),
        "name": f"来宾{attendee}",
        "unit_name": "北山研究所",
        "letter": f"北密函〔2026〕{attendee}号",
        "cleared_for": "secret",
    }
    return AttendeeListed(matter, attendee, **(plain | changes))


@dataclass
class Scene:
    """One meeting and its people. The secretary acts unless another is `by`."""

    archive: Archive
    id: int

    def enter(self, facts: Sequence[Fact], act: str, *others: int | str, by: Subject = SECRETARY) -> Receipt:
        """Enter an act of the meeting, signed by who acts and by these others."""
        return self.archive.enter(self.archive.present(by), list(facts), act, *others)

    @property
    def matter(self) -> Matter:
        """The matter as the register has it."""
        return self.archive.the_matter(self.id)

    @property
    def body(self) -> Meeting:
        """What the meeting knows."""
        found: Meeting = self.matter.body
        return found

    def line(self, carrier: int) -> Line:
        """Where a paper is in it."""
        return self.archive.line(self.id, carrier)

    def approved(self) -> "Scene":
        """Approval asked for by the secretary and given by the unit."""
        self.enter([asked(self.id, "meeting", self.archive.scheme, self.archive.books.clock())], "approval")
        self.enter([Approved(self.id, "unit")], "approval", by=MANAGER)
        return self

    def lists(self, *who: str) -> "Scene":
        """Persons of the house on the list, one a seat, after those that are there."""
        first = len(self.body.attendees) + 1
        late = "增补" if self.matter.approval else ""
        facts = [AttendeeListed(self.id, n, str(n), PEOPLE[one], reason=late) for n, one in enumerate(who, first)]
        self.enter(facts, "meeting_list")
        return self

    def guests(self, count: int) -> "Scene":
        """So many guests on the list."""
        first = len(self.body.attendees) + 1
        self.enter([guest(self.id, number) for number in range(first, first + count)], "meeting_list")
        return self

    def everybody_enters(self) -> "Scene":
        """All on the list are inside."""
        self.enter([AttendeeEntered(self.id, one.number) for one in self.body.attendees], "meeting_door")
        return self

    def everybody_leaves(self) -> "Scene":
        """All who are inside go."""
        inside = [one for one in self.body.attendees if one.inside]
        self.enter([AttendeeLeft(self.id, one.number) for one in inside], "meeting_door")
        return self

    def brings(self, count: int, **changes: Any) -> list[int]:
        """The registry gives so many new papers to the secretary."""
        carriers = self.archive.carriers(count, **changes)
        self.brings_these(carriers)
        return carriers

    def brings_these(self, carriers: Sequence[int]) -> Receipt:
        """The registry gives these papers to the secretary, both signing."""
        facts = [self.brought(carrier) for carrier in carriers]
        return self.enter(facts, "meeting_bring", self.body.in_charge, by=CLERK)

    def brought(self, carrier: int) -> PaperBrought:
        """The fact that a paper was brought."""
        return PaperBrought(carrier, self.id, self.archive.state(carrier).description.control_number)

    def begins(self) -> "Scene":
        """The session is opened."""
        self.enter([MeetingBegun(self.id, rules_read=True, wired_only=True)], "meeting_session")
        return self

    def ends(self) -> "Scene":
        """The session is over."""
        self.enter([MeetingEnded(self.id)], "meeting_session")
        return self

    def handed(self, carrier: int, attendee: int) -> HandedOut:
        """The fact that a paper was handed to one on the list."""
        one = self.body.attendee(attendee)
        return HandedOut(carrier, self.id, attendee, one.person if one else None)

    def hands_out(self, papers: Mapping[int, int], by: Subject = SECRETARY) -> "Scene":
        """Papers to attendees, by number."""
        self.enter([self.handed(carrier, to) for carrier, to in papers.items()], "meeting_hand_out", by=by)
        return self

    def counts_in(self, *carriers: int, by: Subject = SECRETARY, **more: Any) -> "Scene":
        """Papers back, each from whom the register says."""
        facts = [CountedIn(carrier, self.id, int(self.line(carrier).label), **more) for carrier in carriers]
        self.enter(facts, "meeting_count", by=by)
        return self

    def sweeps(self, *places: str) -> "Scene":
        """These places searched, nothing found; all of them where none is named."""
        for place in places or self.body.unswept:
            self.enter([PlaceSwept(self.id, place)], "meeting_sweep")
        return self

    def incident(self, *carriers: int, others: tuple[int, ...] = (CHAIR,), by: Subject = SECRETARY) -> Receipt:
        """Papers missing at the end, by an incident that secretary and chair sign."""
        number = len(self.body.incidents) + 1
        facts: list[Fact] = [IncidentSigned(self.id, number, "missing", carriers, "散会后未见", "已搜查会场")]
        facts += [self.missed(carrier, number) for carrier in carriers]
        facts += self.loss(*carriers)
        return self.enter(facts, "meeting_incident", *others, by=by)

    def missed(self, carrier: int, number: int = 1) -> PaperMissing:
        """The fact that a paper is written off by the incident of this number."""
        line = self.line(carrier)
        return PaperMissing(carrier, self.id, number, int(line.label or 0) if line.state == "handed_out" else 0)

    def loss(self, *carriers: int) -> list[Fact]:
        """The facts that report the loss of these, in the act of their incident."""
        return [fact for fact in self.archive.lost(*carriers) if not isinstance(fact, ReportedMissing)]

    def recovers(self, carrier: int, words: str = "夹在讲台抽屉里") -> Receipt:
        """A paper written off is there again, and its enquiry is told."""
        facts = [PaperRecovered(carrier, self.id, words), LossFound(carrier, self.archive.loss_of(carrier))]
        return self.enter(facts, "meeting_incident", self.body.in_charge, by=CLERK)

    def taken_back(self, carrier: int, who: str, days: int = 3, **changes: Any) -> TakenBack:
        """The fact that one takes the own paper back to the unit."""
        plain: dict[str, Any] = {
            "attendee": int(self.line(carrier).label),
            "person": PEOPLE[who],
            "unit": UNIT_OF[who],
            "place": SHELF,
            "due_at": self.archive.due(days),
        }
        return TakenBack(carrier, self.id, **(plain | changes))

    def takes_back(self, carrier: int, who: str, days: int = 3) -> Receipt:
        """One takes the own paper back to the unit, both signing."""
        return self.enter([self.taken_back(carrier, who, days)], "meeting_take_back", who)

    def deposits(self, carrier: int, place: int = SHELF) -> Receipt:
        """The registry takes a paper in for safekeeping."""
        return self.enter([Deposited(carrier, self.id, place)], "meeting_deposit", by=CLERK)

    def returns(self, *carriers: int, place: int = SHELF) -> Receipt:
        """The secretary gives papers back to the registry, both signing."""
        facts = [PaperReturned(carrier, self.id, place) for carrier in carriers]
        return self.enter(facts, "meeting_return", self.body.in_charge, by=CLERK)

    def settles(self, by: Subject = SECRETARY) -> Receipt:
        """The meeting is settled, with the figures that the lines give."""
        return self.enter([settlement(self.id, self.matter.counts)], "meeting_settle", by=by)

    def closes(self) -> Receipt:
        """The meeting is over for the books."""
        return self.enter([MeetingClosed(self.id)], "meeting_settle")


def a_meeting(archive: Archive, **changes: Any) -> Scene:
    """A meeting convened, nobody on its list yet."""
    matter = archive.matter()
    archive.enter(SECRETARY, [convened(matter, **changes)], "meeting")
    return Scene(archive, matter)


def in_session(archive: Archive, *who: str, **changes: Any) -> Scene:
    """A meeting approved and begun, with these persons inside."""
    meeting = a_meeting(archive, **changes).lists(*who)
    return meeting.approved().everybody_enters().begins()
