"""Portals: one that does not watch, and what lies at it. Pure.

One dead antenna means "not watching", never "quiet": half a portal tells no direction, so nothing is known of who went.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from custody.values import SECOND, Instant
from reconcile.checks.cases import Ending, Thresholds, Verdict
from reconcile.checks.kinds import KINDS

STUCK_AFTER = 60 * SECOND
"""A barrier broken for longer is blocked: it tells nothing."""
PARKED_AFTER = 60 * SECOND
PARKED_QUIET = 60 * SECOND
"""Not heard at the portal for so long, though it listened: it lies there no more."""


@dataclass(frozen=True, slots=True)
class PortalCase:
    """One portal with readers in use. Per side through when an antenna there was known to listen (None: never).

    `beam`: there is one; `beam_through`: through when its reader was known to live; `beam_stuck`: since when a barrier
    has been broken. `expected_since`: since when it is expected to watch.
    """

    place: int
    code: str
    readers: tuple[str, ...]
    sides: Mapping[str, Instant | None]
    expected_since: Instant
    beam: bool = False
    beam_reader: str = ""
    beam_through: Instant | None = None
    beam_stuck: Instant | None = None
    settled_at: Instant | None = None

    @property
    def about(self) -> str:
        """The subject of a finding."""
        return f"portal:{self.place}"


@dataclass(frozen=True, slots=True)
class LyingCase:
    """A tag of ours that lies at a portal. `through_at`: through when the portal was listened to, on either side."""

    epc: str
    portal: int
    code: str
    since_at: Instant
    until_at: Instant
    sides: str
    reader: str
    antenna: int
    strongest_dbm: float | None
    through_at: Instant | None
    told: bool = False
    carrier: int | None = None
    person: int | None = None
    unit: int | None = None
    rank: int = 0
    books: Mapping[str, Any] = field(default_factory=dict)

    @property
    def about(self) -> str:
        """The subject of a finding: one a stay."""
        return f"lying:{self.portal}:{self.epc}@{self.since_at}"


def blind_parts(case: PortalCase, now: Instant, limits: Thresholds) -> list[dict[str, Any]]:
    """What of a portal does not watch: `inside`, `outside`, `beam`, each with the time through which it did."""
    found: list[dict[str, Any]] = []
    after = limits.reader_silent_after
    for side, through in case.sides.items():
        if now - max(through or 0, case.expected_since) > after:
            found.append({"part": side, "through_at": through})
    if case.beam:
        if now - max(case.beam_through or 0, case.expected_since) > after:
            found.append({"part": "beam", "through_at": case.beam_through})
        elif case.beam_stuck is not None and now - case.beam_stuck > STUCK_AFTER:
            found.append({"part": "beam_stuck", "through_at": case.beam_stuck})
    return found


def portal_blind(case: PortalCase, now: Instant, limits: Thresholds) -> Verdict | None:
    """One side of a portal, or its beam, is deaf: who goes through is not known since then."""
    parts = blind_parts(case, now, limits)
    if not parts:
        return None
    if case.settled_at is not None and now - case.settled_at < KINDS["portal_blind"].reopen_after_seconds * SECOND:
        return None
    since = min(max(one["through_at"] or 0, case.expected_since) for one in parts)
    beam = all(one["part"].startswith("beam") for one in parts)
    reader = case.beam_reader if beam and case.beam_reader else (case.readers[0] if case.readers else None)
    return Verdict(
        kind="portal_blind",
        about=case.about,
        happened_at=since,
        evidence={
            "clause": "",
            "rule": {
                "code": "portal_blind",
                "params": {"portal": case.code, "after_seconds": limits.reader_silent_after // SECOND},
            },
            "books": None,
            "radio": {"portal": case.code, "readers": list(case.readers), "since_at": since},
            "not_covered": parts,
        },
        reader=reader,
        place=case.place,
    )


def portal_blind_ended(case: PortalCase | None, now: Instant, limits: Thresholds) -> Ending | None:
    """All of it watches again, or nobody expects it to."""
    if case is None:
        return Ending("portal_not_in_use")
    return None if blind_parts(case, now, limits) else Ending("portal_watches_again")


def parked_at_portal(case: LyingCase, now: Instant) -> Verdict | None:
    """A tag lies at a portal for over a minute: it hides what goes by, and may itself go unseen. One a stay."""
    if case.told or case.until_at - case.since_at < PARKED_AFTER or now - case.until_at > PARKED_QUIET:
        return None
    return Verdict(
        kind="parked_at_portal",
        about=case.about,
        happened_at=case.since_at,
        evidence={
            "clause": "",
            "rule": {
                "code": "parked_at_portal",
                "params": {"portal": case.code, "after_seconds": PARKED_AFTER // SECOND},
            },
            "books": dict(case.books) or None,
            "radio": {
                "epc": case.epc,
                "portal": case.code,
                "sides": case.sides,
                "since_at": case.since_at,
                "until_at": case.until_at,
                "reader": case.reader,
                "antenna": case.antenna,
                "strongest_dbm": case.strongest_dbm,
            },
        },
        carrier=case.carrier,
        epc=case.epc,
        reader=case.reader or None,
        place=case.portal,
        person=case.person,
        unit=case.unit,
        rank=case.rank,
    )


def parked_ended(case: LyingCase | None, now: Instant) -> Ending | None:
    """It is not heard there any more, though the portal listens."""
    if case is None:
        return Ending("portal_not_in_use")
    gone = case.until_at + PARKED_QUIET
    if now >= gone and case.through_at is not None and case.through_at >= gone:
        return Ending("left_the_portal")
    return None
