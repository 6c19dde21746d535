"""The four words for where a carrier is by the radio and by eye: present, absent, not covered, unconfirmed. Pure.

One function gives the word to every page, list, workbook and interface, so that none of them says another. It is told
of the place where the books have the carrier; of one in somebody's hands, of the place where its tag is believed.

- *present* (在位): its tag is believed there, and somebody listens there.
- *absent* (不在位): believed elsewhere while somebody listens here or there, or silent while its place was listened to
  for long enough, or not met by a finished sweep and not heard since. Never of a weak tag's silence.
- *not covered* (未覆盖): nobody listens there now: since when, and when it was last confirmed.
- *unconfirmed* (未确认): somebody listens, and what was heard is not enough for either.
"""

from dataclasses import dataclass, replace
from typing import Literal

from custody.values import Instant
from reconcile.checks.cases import BELIEVED, EXPECTED, CarrierCase, Cover, RadioSays, Spot, Thresholds, agrees
from reconcile.checks.verdicts import absence

Word = Literal["present", "absent", "not_covered", "unconfirmed"]
WORDS: tuple[Word, ...] = ("present", "absent", "not_covered", "unconfirmed")
Why = Literal[
    "heard",
    "elsewhere",
    "outside",
    "silent",
    "swept",
    "nobody_listens",
    "weak",
    "no_tag",
    "by_eye",
    "never_heard",
    "faint",
    "nowhere",
]


@dataclass(frozen=True, slots=True)
class Swept:
    """The last finished sweep that expected the carrier here: whether it was met."""

    round: str
    at: Instant
    met: bool


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A word with what stands behind it.

    `place`: of which it is told; `heard`: where the tag is believed, where that is another. `since_at`: since when
    the word holds, if that is known; `confirmed_at`: when it was last confirmed to be there, by radio or by eye.
    """

    word: Word
    why: Why
    place: Spot | None = None
    heard: Spot | None = None
    since_at: Instant | None = None
    confirmed_at: Instant | None = None
    strength: str = ""
    weak: bool = False
    radio: RadioSays | None = None


def listens(cover: Cover | None, now: Instant, limits: Thresholds) -> bool:
    """Whether somebody listens there now: a reader is silent only after its own time."""
    return cover is not None and now - cover.through_at <= limits.reader_silent_after


def whereabouts(
    case: CarrierCase, now: Instant, limits: Thresholds, *, weak: bool = False, swept: Swept | None = None
) -> Whereabouts:
    """The word for a carrier. `weak`: its tag is known to answer weakly where it lies."""
    expected = case.books.place if case.books.status in EXPECTED else None
    radio = case.radio
    found = _in_hand(case, now, limits) if expected is None else _expected(case, expected, now, limits, weak)
    found = replace(found, weak=weak, radio=radio, strength=radio.strength if radio else "")
    return _by_sweep(found, expected, swept)


def _expected(case: CarrierCase, expected: Spot, now: Instant, limits: Thresholds, weak: bool) -> Whereabouts:
    radio, live = case.radio, listens(case.books_cover, now, limits)
    confirmed = max((at for at in (case.heard_home_at, case.met_at) if at is not None), default=None)
    if not case.tagged or case.by_eye:
        # Nothing can be heard of it: only eyes confirm it, wherever it is.
        return Whereabouts("unconfirmed", "by_eye" if case.tagged else "no_tag", expected, None, None, confirmed)
    believed = radio.place if radio is not None and radio.strength in BELIEVED else None
    if radio is not None and believed is not None:
        if agrees(believed, expected):
            if listens(case.radio_cover, now, limits):
                return Whereabouts("present", "heard", expected, believed, radio.since_at, confirmed)
            return _deaf(case.radio_cover, expected, confirmed)
        if case.radio_is_outside:
            return Whereabouts("absent", "outside", expected, believed, radio.since_at, confirmed)
        if live or listens(case.radio_cover, now, limits):
            return Whereabouts("absent", "elsewhere", expected, believed, radio.since_at, confirmed)
    if not live:
        return _deaf(case.books_cover, expected, confirmed)
    gone = absence(replace(case, settled_at={}, removal_open=False), now, limits)
    if gone is not None and not weak:
        return Whereabouts("absent", "silent", expected, believed, gone.since, confirmed)
    why: Why = "weak" if weak else "never_heard" if radio is None else "faint"
    return Whereabouts("unconfirmed", why, expected, believed, None, confirmed)


def _deaf(cover: Cover | None, place: Spot, confirmed: Instant | None) -> Whereabouts:
    since = cover.through_at if cover is not None else None
    return Whereabouts("not_covered", "nobody_listens", place, None, since, confirmed)


def _in_hand(case: CarrierCase, now: Instant, limits: Thresholds) -> Whereabouts:
    """In somebody's hands, or given away: the word is of the place where its tag is believed."""
    radio = case.radio
    if not case.tagged or case.by_eye:
        return Whereabouts("unconfirmed", "by_eye" if case.tagged else "no_tag", None, None, None, case.met_at)
    if radio is None or radio.place is None:
        return Whereabouts("unconfirmed", "never_heard" if radio is None else "nowhere")
    if case.radio_deaf or not listens(case.radio_cover, now, limits):
        return replace(_deaf(case.radio_cover, radio.place, radio.here_at), heard=radio.place)
    if radio.strength in BELIEVED:
        return Whereabouts("present", "heard", radio.place, radio.place, radio.since_at, radio.here_at)
    return Whereabouts("unconfirmed", "faint", radio.place, radio.place, None, radio.here_at)


def _by_sweep(found: Whereabouts, expected: Spot | None, swept: Swept | None) -> Whereabouts:
    """What a finished sweep adds: eyes where the radio says nothing, and absence where nothing was heard since."""
    if swept is None or expected is None or found.word in ("present", "absent"):
        return found
    if swept.met:
        return replace(found, confirmed_at=max(swept.at, found.confirmed_at or 0))
    if (found.confirmed_at or 0) <= swept.at:
        return replace(found, word="absent", why="swept", since_at=swept.at)
    return found
