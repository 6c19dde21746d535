"""What the checks judge: the two stories about one carrier, tag, passage or reader, side by side. Frozen values.

Times are event time, microseconds UTC. Places are told apart by `path` (`/site/…/own id/`), so that "stands in"
is a prefix.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from custody.access import Role
from custody.carrier import HELD
from custody.clock import day, end_of_day
from custody.scheme import Scheme
from custody.values import DAY, SECOND, Instant

BELIEVED = frozenset({"confirmed", "probable"})
"""Strengths of presence on which a contradiction may be built."""

KEPT = frozenset(status.value for status in HELD)
"""Statuses in which somebody answers for the carrier itself; what is destroyed or given away is expected nowhere."""

STANDING = frozenset({"in_place", "awaiting_destruction"})
"""Statuses in which the carrier belongs on the shelf where the books have it."""

EXPECTED = STANDING | {"on_loan"}
"""Statuses in which a place that the books name is where it is expected: a loan has one while it is read there."""

IN_USE = frozenset({"on_loan", "in_circulation", "in_meeting"})
"""Statuses in which it is out to be read: in protected places only (clause c.2)."""

IN_HAND = frozenset({"on_loan", "in_circulation"})
"""Statuses in which a person holds the carrier for a while (clause f.1)."""

PERMITTED_OUT = frozenset(
    {
        "carried_out",
        "in_transit",
        "provided_outside",
        "returned_to_issuer",
        "transferred",
        "declassified",
        "destroyed",
    }
)
"""Statuses in which a carrier may leave by a portal, or is none of ours any more (clause e.1)."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The organisation's figures, in microseconds of event time; scores from 0 to 1."""

    missing_after: int
    misplaced_after: int
    rated_too_low_after: int
    in_store_on_loan_after: int
    reader_silent_after: int
    portal_window: int
    ghost_after: int
    holding_max: int
    meeting_grace: int
    label_grace: int
    timezone: str
    # From the study of portals: at .85 some 11 of 10,000 parallel passes are false alarms, at .3 some 132.
    alarm_score: float = 0.85
    suspect_score: float = 0.3
    unknown_reads_min: int = 2
    reference_silent_after: int = 120 * SECOND
    passed_on_after: int = 1_800 * SECOND
    lost_track_after: int = 14 * DAY
    never_met_after: int = 90 * DAY
    closing_hour: int = 22
    opening_hour: int = 6
    left_out_after: int = 3_600 * SECOND
    hand_over: int = 14 * DAY
    travel_building: int = 60 * SECOND
    travel_site: int = 600 * SECOND
    two_places_dbm: float = -62.0
    tags_apart_after: int = 600 * SECOND
    swapped_within: int = 3_600 * SECOND
    reader_clock_max: int = SECOND
    portal_clock_max: int = SECOND // 5
    incident_from_rank: int = 3

    @classmethod
    def of(cls, scheme: Scheme) -> "Thresholds":
        """The figures of a scheme. Raises KeyError for one that lacks them."""
        return cls(
            missing_after=scheme.number("missing_after_seconds") * SECOND,
            misplaced_after=scheme.number("misplaced_after_seconds") * SECOND,
            rated_too_low_after=scheme.number("rated_too_low_after_seconds") * SECOND,
            in_store_on_loan_after=scheme.number("in_store_on_loan_after_seconds") * SECOND,
            reader_silent_after=scheme.number("reader_silent_after_seconds") * SECOND,
            portal_window=scheme.number("portal_window_seconds") * SECOND,
            ghost_after=scheme.number("ghost_after_seconds") * SECOND,
            holding_max=scheme.number("holding_days_max") * DAY,
            meeting_grace=scheme.number("meeting_grace_minutes") * 60 * SECOND,
            label_grace=scheme.number("label_grace_seconds") * SECOND,
            timezone=scheme.timezone,
            reference_silent_after=scheme.number("reference_silent_after_seconds") * SECOND,
            passed_on_after=scheme.number("passed_on_after_seconds") * SECOND,
            lost_track_after=scheme.number("lost_track_days") * DAY,
            never_met_after=scheme.number("never_met_days") * DAY,
            closing_hour=scheme.number("closing_hour"),
            opening_hour=scheme.number("opening_hour"),
            left_out_after=scheme.number("left_out_after_seconds") * SECOND,
            hand_over=scheme.number("hand_over_days") * DAY,
            travel_building=scheme.number("travel_building_seconds") * SECOND,
            travel_site=scheme.number("travel_site_seconds") * SECOND,
            two_places_dbm=-float(scheme.number("two_places_dbm")),
            tags_apart_after=scheme.number("tags_apart_after_seconds") * SECOND,
            swapped_within=scheme.number("swapped_within_seconds") * SECOND,
            reader_clock_max=scheme.number("reader_clock_ms_max") * (SECOND // 1_000),
            portal_clock_max=scheme.number("portal_clock_ms_max") * (SECOND // 1_000),
            incident_from_rank=scheme.number("incident_from_rank"),
        )

    def day(self, at: Instant) -> str:
        """ISO day of an instant where the organisation is."""
        return day(at, self.timezone)

    def end_of(self, iso_day: str) -> Instant:
        """The last instant of an ISO day where the organisation is."""
        return end_of_day(iso_day, self.timezone)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place as the checks need it."""

    id: int
    code: str
    kind: str
    path: str
    storage: bool = False
    rating_rank: int = -1
    outside_of: tuple[str, ...] = ()
    """Paths that a passage out to here leaves behind: the inside of every portal whose outside this is."""


def agrees(heard: Spot, books: Spot) -> bool:
    """Whether the place heard can be the books' place: one is the other, or stands in it (a coarser antenna).

    What is believed outside a portal has left everything inside it, though the grounds stand around the house.
    """
    if any(books.path.startswith(path) for path in heard.outside_of):
        return False
    return heard.path.startswith(books.path) or books.path.startswith(heard.path)


@dataclass(frozen=True, slots=True)
class Cover:
    """All antennas of a place were listening without a gap, from `since_at` through `through_at`."""

    since_at: Instant
    through_at: Instant
    antennas: tuple[str, ...]
    """`reader/number`."""


@dataclass(frozen=True, slots=True)
class BooksSay:
    """The carrier as the books have it."""

    status: str
    level: str
    rank: int
    unit: int
    place: Spot | None = None
    home: int | None = None
    holder: int | None = None
    due_at: Instant | None = None
    since_at: Instant = 0
    archive_by: str = ""
    secret_until: str = ""
    """ISO days; empty where there is none."""


@dataclass(frozen=True, slots=True)
class MatterSays:
    """The matter that a carrier is in, and its line there."""

    id: int
    number: str
    kind: str
    status: str
    line: str = ""
    """State of the carrier's line; empty where it has none."""
    person: int | None = None
    label: str = ""
    due_at: Instant | None = None
    """Of the line; of the matter where the line has none."""
    at: Instant = 0
    """When the line's state began."""


@dataclass(frozen=True, slots=True)
class RadioSays:
    """The freshest presence among the carrier's live tags."""

    epc: str
    place: Spot | None
    strength: str
    since_at: Instant | None
    heard_at: Instant
    here_at: Instant | None
    reader: str = ""
    antenna: int = 0
    strongest_dbm: float | None = None
    reads: int = 0


@dataclass(frozen=True, slots=True)
class CarrierCase:
    """The two stories about one carrier.

    `books_cover`: listening at the books' place; `radio_cover`: at the believed place. `radio_deaf`: the believed
    place has no antenna, so the belief stands on a passage and needs no listening. `heard_home_at`: last heard by
    an antenna that agrees with the books' place. `settled_at`: per kind, when a person last settled one.
    """

    carrier: int
    books: BooksSay
    radio: RadioSays | None = None
    tagged: bool = True
    by_eye: bool = False
    """It has tags, but none whose silence says anything: unreadable ones, or labels that only a desk reads."""
    books_cover: Cover | None = None
    radio_cover: Cover | None = None
    radio_deaf: bool = False
    heard_home_at: Instant | None = None
    removal_open: bool = False
    radio_is_outside: bool = False
    absence_needed: int = 0
    """So long (microseconds) its place's antennas must have been silent before it is absent from there."""
    missing_open: bool = False
    met_in_round: str = ""
    met_at: Instant | None = None
    matter: MatterSays | None = None
    settled_at: Mapping[str, Instant] = field(default_factory=dict)

    @property
    def about(self) -> str:
        """The subject of a finding."""
        return f"carrier:{self.carrier}"


@dataclass(frozen=True, slots=True)
class PermitSays:
    """A granted permit that names the carrier: whose, from when until when (clause e.1). `line`: its state there."""

    matter: int
    number: str
    bearer: int
    from_at: Instant
    until_at: Instant
    line: str


@dataclass(frozen=True, slots=True)
class PassageCase:
    """A tag went by a portal. `status` is the books' at the time of the passage."""

    carrier: int
    epc: str
    portal: Spot
    outside: Spot | None
    direction: str
    score: float | None
    since_at: Instant
    until_at: Instant
    status: str
    books: BooksSay
    reader: str = ""
    antenna: int = 0
    reads: int = 0
    strongest_dbm: float | None = None
    matter: MatterSays | None = None
    parts: Mapping[str, Any] = field(default_factory=dict)
    permits: tuple[PermitSays, ...] = ()


@dataclass(frozen=True, slots=True)
class TagCase:
    """A tag of the organisation's own number block. `bound`: some carrier bears or bore it."""

    epc: str
    bound: bool
    reads: int
    first_at: Instant | None
    heard_at: Instant
    place: Spot | None
    strength: str
    reader: str = ""
    antenna: int = 0
    strongest_dbm: float | None = None
    settled_at: Instant | None = None
    order: MatterSays | None = None
    """The production order for which the label was given out (clause a.4)."""
    order_unit: int | None = None
    order_rank: int = 0


@dataclass(frozen=True, slots=True)
class AntennaCase:
    """One antenna of a reader: what it hears, and until when its connection was last known to live.

    `alive_since`: since when without a break. `references`: its reference tags, `heard_at` the last hearing of one,
    `references_since` since when their silence counts.
    """

    number: int
    place: str
    through_at: Instant | None
    alive_since: Instant | None = None
    references: tuple[str, ...] = ()
    heard_at: Instant | None = None
    references_since: Instant = 0


@dataclass(frozen=True, slots=True)
class ReaderCase:
    """A reader as it last spoke of itself. `expected_since`: when it was put to work."""

    name: str
    enabled: bool
    antennas: tuple[AntennaCase, ...]
    expected_since: Instant
    state: str = "unknown"
    state_at: Instant | None = None
    detail: str = ""
    last_event: Mapping[str, Any] = field(default_factory=dict)
    settled_at: Instant | None = None
    deaf_settled: Mapping[int, Instant] = field(default_factory=dict)
    """By antenna, when somebody last settled that it is deaf."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A contradiction, or a deadline passed, with everything that speaks for it (`evidence`: JSON values)."""

    kind: str
    about: str
    happened_at: Instant
    evidence: Mapping[str, Any]
    carrier: int | None = None
    epc: str | None = None
    reader: str | None = None
    place: int | None = None
    person: int | None = None
    unit: int | None = None
    rank: int = 0
    matter: int | None = None
    roles: tuple[Role, ...] = ()
    """Who answers for this one, before the owners of its kind."""
    apart: frozenset[int] = frozenset()
    """Persons who cannot be asked to act on it: they have acted already."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a state finding is over: a code of the catalogue and what fills its blanks."""

    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)
