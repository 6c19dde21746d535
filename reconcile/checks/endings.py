"""When a state finding is over. Only evidence ends it: its contradiction must be seen to be gone.

An uncovered place, a dead reader, a tag fallen silent end nothing. Pure; the code is of the catalogue
(`cleared.<code>`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from custody.values import Instant
from reconcile.checks.cases import (
    BELIEVED,
    EXPECTED,
    IN_USE,
    KEPT,
    STANDING,
    CarrierCase,
    Ending,
    ReaderCase,
    TagCase,
    Thresholds,
    agrees,
)
from reconcile.checks.verdicts import deaf_antennas, unprotected


@dataclass(frozen=True, slots=True)
class Opened:
    """An open finding, as much of it as its ending must know. `of_round`: it comes of a finished sweep."""

    number: str
    kind: str
    about: str
    place: int | None
    happened_at: Instant
    opened_at: Instant
    of_round: str = ""
    carrier: int | None = None
    matter: int | None = None


def _status_changed(case: CarrierCase, wanted: frozenset[str]) -> Ending | None:
    """No longer in one of these; or lent, and not to be read in a room: then no place is the books'."""
    lent_out = case.books.status == "on_loan" and case.books.place is None
    if case.books.status not in wanted or (lent_out and wanted == EXPECTED):
        return Ending("status_changed", {"status": case.books.status})
    return None


def _met(case: CarrierCase, opened: Opened) -> Ending | None:
    if case.met_at is not None and case.met_at > opened.happened_at and case.met_in_round != opened.of_round:
        return Ending("met_in_round", {"round": case.met_in_round})
    return None


def missing_ended(case: CarrierCase, opened: Opened) -> Ending | None:
    """Heard at home again, believed elsewhere, moved on the books, met in a later sweep, or without a tag now."""
    if ending := _status_changed(case, EXPECTED):
        return ending
    books, radio = case.books, case.radio
    if books.place is None or books.place.id != opened.place:
        return Ending("moved_on_the_books", {"place": books.place.code if books.place else ""})
    if case.removal_open:
        return Ending("left_by_portal")
    if case.heard_home_at is not None and case.heard_home_at > opened.happened_at:
        return Ending("heard_in_place", {"place": books.place.code})
    if radio and radio.place and radio.strength in BELIEVED and not agrees(radio.place, books.place):
        return Ending("heard_elsewhere", {"place": radio.place.code})
    if not case.tagged and not opened.of_round:
        return Ending("tag_retired")
    if case.by_eye and not opened.of_round:
        return Ending("by_eye_only")
    return _met(case, opened)


def _displaced_ended(case: CarrierCase, statuses: frozenset[str], *, storage: bool) -> Ending | None:
    if ending := _status_changed(case, statuses):
        return ending
    books, radio = case.books, case.radio
    if not case.tagged:
        return Ending("tag_retired")
    if case.removal_open:
        return Ending("left_by_portal")
    if case.missing_open:
        return Ending("now_missing")
    if books.place is None:
        return Ending("moved_on_the_books", {"place": ""})
    if radio is None or radio.place is None or radio.strength not in BELIEVED:
        return None
    if agrees(radio.place, books.place):
        return Ending("stories_agree", {"place": radio.place.code})
    if radio.place.kind != "portal" and radio.place.storage is not storage:
        return Ending("heard_elsewhere", {"place": radio.place.code})
    return None


def misplaced_ended(case: CarrierCase, _opened: Opened) -> Ending | None:
    """Back where the books have it, or the books follow, or it is gone from the store altogether."""
    return _displaced_ended(case, STANDING, storage=True)


def gone_ended(case: CarrierCase, _opened: Opened) -> Ending | None:
    """Lent, back in place, or in another store (then misplaced)."""
    return _displaced_ended(case, EXPECTED, storage=False)


def rated_ended(case: CarrierCase, opened: Opened) -> Ending | None:
    """Believed in a place that is rated for it, or the rating or the level is another now.

    In use where nothing is protected at all, and stored or used where the rating is too low, are two kinds: what ends
    as the one may begin as the other.
    """
    unprotected_use = opened.kind == "used_in_unprotected_place"
    if ending := _status_changed(case, IN_USE if unprotected_use else KEPT | {"declared_lost"}):
        return ending
    if not case.tagged:
        return Ending("tag_retired")
    radio = case.radio
    if radio is None or radio.place is None or radio.strength not in BELIEVED:
        return None
    if radio.place.rating_rank >= case.books.rank:
        return Ending("place_rated_now", {"place": radio.place.code})
    if unprotected(case, radio.place) is not unprotected_use:
        return Ending("heard_elsewhere", {"place": radio.place.code})
    return None


def in_store_ended(case: CarrierCase, _opened: Opened) -> Ending | None:
    """Returned on the books, or heard outside the store again."""
    if ending := _status_changed(case, frozenset({"on_loan"})):
        return ending
    if not case.tagged:
        return Ending("tag_retired")
    radio = case.radio
    if radio and radio.place and case.books.place and agrees(radio.place, case.books.place):
        return Ending("stories_agree", {"place": radio.place.code})
    if radio and radio.place and radio.strength in BELIEVED and not radio.place.storage:
        return Ending("heard_elsewhere", {"place": radio.place.code})
    return None


def tag_ended(kind: str, case: TagCase) -> Ending | None:
    """Some carrier bears the tag now; or the label that was given out came back unused, or was given out since."""
    if case.bound:
        return Ending("tag_bound")
    return Ending("label_back") if (kind == "label_unregistered") != (case.order is not None) else None


def reader_ended(case: ReaderCase | None, now: Instant, limits: Thresholds) -> Ending | None:
    """All its antennas are listening again, or nobody expects them to."""
    if case is None or not case.enabled or not case.antennas:
        return Ending("reader_not_in_use")
    return None if deaf_antennas(case, now, limits) else Ending("listening_again")


CARRIER_ENDINGS: Mapping[str, Callable[[CarrierCase, Any], Ending | None]] = {
    "missing": missing_ended,
    "misplaced": misplaced_ended,
    "gone_not_lent": gone_ended,
    "place_rated_too_low": rated_ended,
    "used_in_unprotected_place": rated_ended,
    "in_store_on_loan": in_store_ended,
}
"""Endings that look at the opened finding; deadlines look at the clock instead (`deadlines`, `matters`)."""

ENDINGS = (
    "status_changed",
    "moved_on_the_books",
    "left_by_portal",
    "heard_in_place",
    "heard_elsewhere",
    "tag_retired",
    "by_eye_only",
    "met_in_round",
    "now_missing",
    "stories_agree",
    "place_rated_now",
    "due_day_changed",
    "period_changed",
    "given_back",
    "line_moved_on",
    "matter_moved_on",
    "tag_bound",
    "label_back",
    "signed_for",
    "nothing_to_sign",
    "reader_not_in_use",
    "listening_again",
    "heard_again",
    "portal_watches_again",
    "portal_not_in_use",
    "left_the_portal",
    "tag_is_reference",
    "met_again",
    "swept",
    "handed_over",
    "tags_together",
    "apart_no_more",
    "accounted_for",
    "clock_right",
)
"""Every code of an ending, for the catalogue."""
