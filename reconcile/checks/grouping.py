"""Which findings have one cause: a table, and the pure rule that lays them together.

One thing that goes wrong is told once. A dead reader makes its antennas deaf and a portal blind; a box that is carried
away makes all that was in it missing. Two findings are of one cause where a row of the table holds both kinds, they
name the same thing by it, and, where the row says so, they began near each other in time.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from custody.values import SECOND, Instant

By = Literal["reader", "place", "person", "carrier"]
MEMBERS_MAX = 1_000
"""A case that has grown so long is followed by another."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Findings of these kinds that name the same (`by`) belong together.

    `within`: the number of the configuration that says how many seconds may lie between one and the next; empty:
    however long.
    """

    code: str
    kinds: frozenset[str]
    by: By
    within: str = ""


CAUSES: tuple[Cause, ...] = (
    # A reader falls silent: what it should hear, nobody hears.
    Cause("reader_dead", frozenset({"reader_silent", "antenna_deaf", "portal_blind", "reader_clock_wrong"}), "reader"),
    # Several carriers in one hand, or in one bag.
    Cause("crossing", frozenset({"unauthorised_removal", "suspected_removal"}), "place", "case_crossing_seconds"),
    # A box, or everything on a shelf, is gone at once; found elsewhere, all of it is elsewhere.
    Cause("gone_together", frozenset({"missing"}), "place", "case_together_seconds"),
    Cause(
        "moved_together",
        frozenset({"misplaced", "gone_not_lent", "used_in_unprotected_place"}),
        "place",
        "case_together_seconds",
    ),
    # One person has had several for too long.
    Cause(
        "person_late",
        frozenset(
            {"overdue_loan", "leg_overdue", "held_too_long", "deposit_overdue", "meeting_paper_out", "permit_overdue"}
        ),
        "person",
    ),
    # One tag that is not what the books say is told of in several ways.
    Cause(
        "tag_confused",
        frozenset(
            {"tag_disagrees", "retired_tag", "ghost_read", "two_places_at_once", "two_tags_apart", "tags_swapped"}
        ),
        "carrier",
    ),
)
"""The table. A kind stands in one row at most."""

CAUSE_OF: Mapping[str, Cause] = {kind: cause for cause in CAUSES for kind in cause.kinds}
BY_HAND, INCIDENT = "by_hand", "incident"
"""Cases that no row makes: a person laid them together; one grave finding is a case by itself."""
CODES: tuple[str, ...] = (*(cause.code for cause in CAUSES), BY_HAND, INCIDENT)

GRAVE_KINDS = frozenset({"missing", "declared_lost", "unauthorised_removal"})
"""Told of a carrier of a high level (`incident_from_rank`), they open an incident."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding as far as grouping looks at it. `case`: the open case that it is in, if any."""

    number: str
    kind: str
    happened_at: Instant
    reader: str | None = None
    place: int | None = None
    person: int | None = None
    carrier: int | None = None
    case: str = ""

    def names(self, by: By) -> str:
        """What it names by this measure, as a text; empty where it names nothing."""
        value = {"reader": self.reader, "place": self.place, "person": self.person, "carrier": self.carrier}[by]
        return "" if value is None or value == "" else f"{by}:{value}"


@dataclass(frozen=True, slots=True)
class Group:
    """Findings to be laid into a case: the one of this number, or (empty) a new one."""

    cause: str
    about: str
    findings: tuple[str, ...]
    case: str = ""


def groups(fresh: Iterable[Told], standing: Iterable[Told], within: Mapping[str, int]) -> tuple[Group, ...]:
    """What the findings just opened (`fresh`) belong to, together with those that stand open.

    `within`: seconds by the names of the configuration. A finding that is alone of its cause is in no group; one that
    is in a case already stays there.
    """
    new = {one.number for one in fresh}
    every = {one.number: one for one in [*standing, *fresh]}
    alike: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for one in every.values():
        cause = CAUSE_OF.get(one.kind)
        about = one.names(cause.by) if cause else ""
        if cause and about:
            alike[cause.code, about].append(one)
    found: list[Group] = []
    for (code, about), those in sorted(alike.items()):
        row = next(cause for cause in CAUSES if cause.code == code)
        gap = within[row.within] * SECOND if row.within else None
        for near in _near(those, gap):
            if not new.isdisjoint(one.number for one in near):
                found += _grouped(code, about, near)
    return tuple(found)


def _near(those: Sequence[Told], gap: int | None) -> list[list[Told]]:
    """Those that follow one another within the gap, in order of time."""
    found: list[list[Told]] = []
    for one in sorted(those, key=lambda told: (told.happened_at, told.number)):
        if found and (gap is None or one.happened_at - found[-1][-1].happened_at <= gap):
            found[-1].append(one)
        else:
            found.append([one])
    return found


def _grouped(code: str, about: str, near: Sequence[Told]) -> list[Group]:
    alone = [one.number for one in near if not one.case]
    if not alone:
        return []
    cases = sorted({one.case for one in near if one.case})
    # The youngest that still has room; cases that were made apart are not made one behind anybody's back.
    last = cases[-1] if cases else ""
    room = MEMBERS_MAX - sum(1 for one in near if one.case == last) if last else 0
    found = [Group(code, about, tuple(alone[:room]), last)] if room > 0 else []
    rest = alone[max(room, 0) :]
    parts = [rest[at : at + MEMBERS_MAX] for at in range(0, len(rest), MEMBERS_MAX)]
    return found + [Group(code, about, tuple(part)) for part in parts if len(part) > 1]


def closes(state: str, *, grave: bool, settled: bool, states: Iterable[str]) -> str:
    """As what a case closes now that none of its findings is open; empty where a person has to say so.

    `states`: of its findings; `settled`: a person has settled it, and what was left has cleared since. By itself a case
    closes where everything in it cleared by itself, or nobody took it up as a case; never an incident, never an
    enquiry.
    """
    if settled:
        return "settled"
    if grave or state == "enquiry":
        return ""
    return "cleared" if state == "open" or all(one == "cleared" for one in states) else ""
