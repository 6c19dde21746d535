"""What a sweeping device did, as it sends it or saves it in a file. Numbers and codes only, never a title."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field

from api.web.rounds import DEVICE
from custody.rules import Refusal, Refused
from custody.values import SECOND, Instant
from reconcile import rounds as sweeps

CLOCK_AHEAD_MAX = 60 * SECOND
"""A device's clock may be so far ahead; further, and the server's own time is taken."""
EVENTS_MAX = 1_000
WALK_MAX = 50


class EventIn(BaseModel):
    """Something done at the shelf. `event`: the device's identifier; `at`: microseconds UTC, 0 for now; `code`: of
    an `undo` the event taken back, empty for the caller's newest; `reason`: of a tick by eye, and what was done of a
    `deal`; `yes`, `scans` and `device` of a `walk`."""

    event: str = Field(min_length=1, max_length=80)
    what: Literal["scan", "undo", "walk", "deal"] = "scan"
    code: str = Field("", max_length=200)
    at: int = 0
    means: Literal["scan", "eye"] = "scan"
    place: int | None = None
    reason: str = Field("", max_length=400)
    device: str = Field("", max_length=10)
    yes: bool = False
    scans: list[str] = Field(default_factory=list, max_length=WALK_MAX)


class Events(BaseModel):
    """Events in the order in which they were done."""

    events: list[EventIn] = Field(max_length=EVENTS_MAX)


class Handed(BaseModel):
    """What could not be delivered. `of`: whose it is; `why`: the code of the refusal, where there was one."""

    device: str = Field("", max_length=10)
    of: int = 0
    why: str = Field("", max_length=60)
    events: list[EventIn] = Field(min_length=1, max_length=sweeps.EVENTS_MAX)


def events_in(given: Sequence[EventIn], now: Instant) -> tuple[sweeps.Event, ...]:
    """The events as the sweep takes them. Raises Refused for a scan or a deal without a code, for an
    identifier that is none."""
    latest = now + CLOCK_AHEAD_MAX
    for one in given:
        if one.what == "deal" and one.reason not in sweeps.DEALS:
            raise Refused((Refusal("", "text_missing", {"field": "reason"}),))
        if one.what in ("scan", "deal") and not "".join(ch for ch in one.code if ch.isprintable()).strip():
            raise Refused((Refusal("", "text_missing", {"field": "code"}),))
        if one.event.startswith(("undo:", "reader:")):
            raise Refused((Refusal("", "text_missing", {"field": "event"}),))
    return tuple(
        sweeps.Event(
            event=one.event,
            what=one.what,
            code=one.code,
            at=one.at if 0 < one.at <= latest else now,
            means=one.means,
            place=one.place,
            reason=one.reason,
            device=one.device if DEVICE.fullmatch(one.device) else "page",
            yes=one.yes,
            scans=tuple(one.scans),
        )
        for one in given
    )
