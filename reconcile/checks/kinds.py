"""The kinds of finding, one row each: what it is, how it looks, who answers for it, until when, how it ends.

A state finding clears by itself when its contradiction ends, and says so. An event finding is closed only by a
person with a reason, whatever happens after.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from custody.access import Role

Nature = Literal["state", "event"]
Means = Literal["detect", "remind"]
"""As of a clause: the stories contradict each other, or a deadline has passed."""
Colour = Literal["bad", "due", "odd", "hatch"]
"""Classes of the pages: incidents and losses, deadlines, stories that differ, nobody was listening."""

HOUR = 3_600
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of finding. `clause` is empty where no regulation speaks, only good order."""

    nature: Nature
    colour: Colour
    icon: str
    urgency: int
    """0 at once, 1 today, 2 this week."""
    clause: str
    means: Means = "detect"
    owners: tuple[Role, ...]
    """Who answers for it: the first role here that somebody holds with reach and clearance for it."""
    due_after_seconds: int
    acts: tuple[str, ...]
    """Acts of custody that end the contradiction, in the order offered."""
    resolutions: tuple[str, ...]
    """What a person may conclude instead, with a reason."""
    reopen_after_seconds: int = 0
    """Settled by a person, yet it persists: opened again after its own threshold and at least this long."""


_KEEPERS = (Role.CLERK, Role.SECRECY_OFFICE)
_OFFICE = (Role.SECRECY_OFFICE, Role.CLERK)
_HEADS = (Role.SECRECY_OFFICE, Role.LEADER)

KINDS: Mapping[str, Kind] = {
    "unauthorised_removal": Kind(
        nature="event",
        colour="bad",
        icon="door",
        urgency=0,
        clause="e.1",
        owners=_OFFICE,
        due_after_seconds=HOUR,
        acts=("report_missing",),
        resolutions=("brought_back", "did_not_leave", "enquiry_opened"),
    ),
    "suspected_removal": Kind(
        nature="event",
        colour="due",
        icon="door",
        urgency=1,
        clause="e.1",
        owners=_OFFICE,
        due_after_seconds=4 * HOUR,
        acts=("report_missing",),
        resolutions=("did_not_leave", "brought_back", "enquiry_opened"),
    ),
    "missing": Kind(
        nature="state",
        colour="bad",
        icon="lost",
        urgency=1,
        clause="c.5",
        owners=_KEEPERS,
        due_after_seconds=DAY,
        acts=("return", "lend", "move", "retag", "report_missing"),
        resolutions=("by_eye_in_place", "by_eye_not_there", "tag_at_fault"),
    ),
    "place_rated_too_low": Kind(
        nature="state",
        colour="bad",
        icon="alert",
        urgency=0,
        clause="f.2",
        owners=_OFFICE,
        due_after_seconds=4 * HOUR,
        acts=("move", "return"),
        resolutions=("by_eye_not_there", "brought_back"),
    ),
    "gone_not_lent": Kind(
        nature="state",
        colour="odd",
        icon="out",
        urgency=1,
        clause="c.5",
        owners=_KEEPERS,
        due_after_seconds=4 * HOUR,
        acts=("lend", "move"),
        resolutions=("brought_back", "by_eye_not_there"),
    ),
    "misplaced": Kind(
        nature="state",
        colour="odd",
        icon="swap",
        urgency=2,
        clause="f.2",
        owners=_KEEPERS,
        due_after_seconds=3 * DAY,
        acts=("move",),
        resolutions=("brought_back", "by_eye_not_there"),
    ),
    "in_store_on_loan": Kind(
        nature="state",
        colour="odd",
        icon="in",
        urgency=1,
        clause="c.5",
        owners=_KEEPERS,
        due_after_seconds=4 * HOUR,
        acts=("return",),
        resolutions=("by_eye_not_there", "lent_again_at_once"),
    ),
    "overdue_loan": Kind(
        nature="state",
        colour="due",
        icon="clock",
        urgency=1,
        clause="c.5",
        means="remind",
        owners=_KEEPERS,
        due_after_seconds=DAY,
        acts=("return", "report_missing"),
        resolutions=("reminded_in_person",),
        reopen_after_seconds=DAY,
    ),
    "ghost_read": Kind(
        nature="event",
        colour="bad",
        icon="ghost",
        urgency=0,
        clause="g.8",
        owners=_OFFICE,
        due_after_seconds=HOUR,
        acts=("see_matter",),
        resolutions=("enquiry_opened", "tag_came_off_before"),
    ),
    "direct_pass": Kind(
        nature="event",
        colour="odd",
        icon="swap",
        urgency=1,
        clause="c.3",
        owners=_OFFICE,
        due_after_seconds=DAY,
        acts=("see_matter",),
        resolutions=("reader_cautioned", "brought_for_the_reader", "enquiry_opened"),
    ),
    "leg_overdue": Kind(
        nature="state",
        colour="due",
        icon="clock",
        urgency=1,
        clause="c.3",
        means="remind",
        owners=_KEEPERS,
        due_after_seconds=DAY,
        acts=("see_matter", "report_missing"),
        resolutions=("reminded_in_person",),
        reopen_after_seconds=DAY,
    ),
    "held_too_long": Kind(
        nature="state",
        colour="due",
        icon="user",
        urgency=2,
        clause="f.1",
        means="remind",
        owners=_KEEPERS,
        due_after_seconds=3 * DAY,
        acts=("return",),
        resolutions=("reminded_in_person",),
        reopen_after_seconds=DAY,
    ),
    "archiving_due": Kind(
        nature="state",
        colour="due",
        icon="box",
        urgency=2,
        clause="f.3",
        means="remind",
        owners=_KEEPERS,
        due_after_seconds=7 * DAY,
        acts=("see_matter", "transfer"),
        resolutions=("under_way",),
        reopen_after_seconds=7 * DAY,
    ),
    "review_due": Kind(
        nature="state",
        colour="due",
        icon="day",
        urgency=2,
        clause="",
        means="remind",
        owners=_OFFICE,
        due_after_seconds=7 * DAY,
        acts=("review",),
        resolutions=("under_way",),
        reopen_after_seconds=7 * DAY,
    ),
    "issuer_return_overdue": Kind(
        nature="state",
        colour="due",
        icon="up",
        urgency=1,
        clause="b.7",
        means="remind",
        owners=_KEEPERS,
        due_after_seconds=DAY,
        acts=("see_matter",),
        resolutions=("issuer_agreed",),
        reopen_after_seconds=7 * DAY,
    ),
    "loss_report_overdue": Kind(
        nature="state",
        colour="bad",
        icon="lost",
        urgency=0,
        clause="",
        means="remind",
        owners=_HEADS,
        # The twenty-four hours are over already: nobody waits another.
        due_after_seconds=0,
        acts=("see_matter",),
        resolutions=("reported_otherwise",),
        reopen_after_seconds=HOUR,
    ),
    "meeting_paper_out": Kind(
        nature="state",
        colour="due",
        icon="seats",
        urgency=1,
        clause="h.3",
        owners=_KEEPERS,
        due_after_seconds=4 * HOUR,
        acts=("see_matter", "report_missing"),
        resolutions=("meeting_goes_on",),
        reopen_after_seconds=4 * HOUR,
    ),
    "deposit_overdue": Kind(
        nature="state",
        colour="due",
        icon="in",
        urgency=1,
        clause="h.4",
        means="remind",
        owners=_KEEPERS,
        due_after_seconds=DAY,
        acts=("see_matter", "report_missing"),
        resolutions=("reminded_in_person",),
        reopen_after_seconds=DAY,
    ),
    "approval_overdue": Kind(
        nature="state",
        colour="due",
        icon="stamp",
        urgency=1,
        clause="",
        means="remind",
        # Who may approve answers for it, and that is the matter's own; these only where there is nobody.
        owners=_HEADS,
        due_after_seconds=DAY,
        acts=("see_matter",),
        resolutions=("reminded_in_person",),
        reopen_after_seconds=DAY,
    ),
    "intermediate_open": Kind(
        nature="state",
        colour="due",
        icon="box",
        urgency=2,
        clause="a.6",
        means="remind",
        owners=_KEEPERS,
        due_after_seconds=7 * DAY,
        acts=("see_matter",),
        resolutions=("under_way",),
        reopen_after_seconds=7 * DAY,
    ),
    "arrival_overdue": Kind(
        nature="state",
        colour="due",
        icon="clock",
        urgency=1,
        clause="b.5",
        means="remind",
        owners=_KEEPERS,
        due_after_seconds=DAY,
        acts=("see_matter",),
        resolutions=("reminded_in_person", "under_way"),
        reopen_after_seconds=DAY,
    ),
    "collection_overdue": Kind(
        nature="state",
        colour="due",
        icon="clock",
        urgency=2,
        clause="",
        means="remind",
        owners=_KEEPERS,
        due_after_seconds=3 * DAY,
        acts=("see_matter",),
        resolutions=("reminded_in_person",),
        reopen_after_seconds=DAY,
    ),
    "permit_overdue": Kind(
        nature="state",
        colour="due",
        icon="out",
        urgency=0,
        clause="f.1",
        means="remind",
        owners=_OFFICE,
        due_after_seconds=4 * HOUR,
        acts=("see_matter", "report_missing"),
        resolutions=("reminded_in_person",),
        reopen_after_seconds=DAY,
    ),
    "provision_overdue": Kind(
        nature="state",
        colour="due",
        icon="up",
        urgency=1,
        clause="i.1",
        means="remind",
        owners=_OFFICE,
        due_after_seconds=DAY,
        acts=("see_matter", "report_missing"),
        resolutions=("reminded_in_person", "under_way"),
        reopen_after_seconds=DAY,
    ),
    "visit_open": Kind(
        nature="state",
        colour="bad",
        icon="door",
        urgency=0,
        clause="j.1",
        owners=_OFFICE,
        due_after_seconds=HOUR,
        acts=("see_matter",),
        resolutions=("left_unsigned",),
        reopen_after_seconds=DAY,
    ),
    "instruction_overdue": Kind(
        nature="state",
        colour="due",
        icon="stamp",
        urgency=2,
        clause="j.2",
        means="remind",
        owners=(Role.MANAGER, Role.SECRECY_OFFICE),
        due_after_seconds=7 * DAY,
        acts=("see_undertakings",),
        resolutions=("reminded_in_person", "away"),
        reopen_after_seconds=7 * DAY,
    ),
    "reminder_overdue": Kind(
        nature="state",
        colour="due",
        icon="stamp",
        urgency=2,
        clause="5",
        means="remind",
        owners=(Role.MANAGER, Role.SECRECY_OFFICE),
        due_after_seconds=7 * DAY,
        acts=("see_undertakings",),
        resolutions=("reminded_in_person", "away"),
        reopen_after_seconds=7 * DAY,
    ),
    "label_unregistered": Kind(
        nature="state",
        colour="bad",
        icon="tag",
        urgency=1,
        clause="a.4",
        owners=_OFFICE,
        due_after_seconds=DAY,
        acts=("bind_tag", "see_matter"),
        resolutions=("label_unused", "enquiry_opened"),
        reopen_after_seconds=DAY,
    ),
    "unknown_tag": Kind(
        nature="state",
        colour="due",
        icon="ask",
        urgency=2,
        clause="",
        owners=_KEEPERS,
        due_after_seconds=3 * DAY,
        acts=("bind_tag", "take_in"),
        resolutions=("stray_tag_removed", "spoiled_tag_destroyed"),
        reopen_after_seconds=DAY,
    ),
    "reader_silent": Kind(
        nature="state",
        colour="hatch",
        icon="deaf",
        urgency=1,
        clause="",
        owners=_KEEPERS,
        due_after_seconds=HOUR,
        acts=("see_reader",),
        resolutions=("repair_ordered",),
        reopen_after_seconds=HOUR,
    ),
}

EVENT_KINDS = frozenset(name for name, kind in KINDS.items() if kind.nature == "event")
STATE_KINDS = frozenset(KINDS) - EVENT_KINDS
TAG_KINDS = ("unknown_tag", "label_unregistered")
"""Told of tags that no carrier bears."""
PASSAGE_KINDS = ("unauthorised_removal", "suspected_removal")
"""Told of passages by portals."""
