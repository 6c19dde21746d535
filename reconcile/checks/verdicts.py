"""The checks: one pure function a kind of finding. Each looks at one case and says what contradicts, or nothing.

Absence is concluded only from coverage (`Cover`), never from the passing of time. A belief is taken to hold as
long as the antennas of its place listened (or, where it stands on a passage out of their hearing, until now).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from custody.values import SECOND, Instant
from reconcile.checks.cases import (
    BELIEVED,
    EXPECTED,
    IN_USE,
    KEPT,
    PERMITTED_OUT,
    STANDING,
    BooksSay,
    CarrierCase,
    Cover,
    MatterSays,
    PassageCase,
    RadioSays,
    ReaderCase,
    Spot,
    TagCase,
    Thresholds,
    Verdict,
    agrees,
)
from reconcile.checks.kinds import KINDS
from reconcile.checks.permits import outlived, wanting
from reconcile.presence.calibration import ABSENCE_MIN_US

Params = Mapping[str, Any]
FOLLOWED_AFTER = 30 * SECOND
"""Heard by antennas of another place, so long the belief may need to follow it there (`reconcile.presence.filter`)."""


def books_say(books: BooksSay) -> dict[str, Any]:
    """The books' half of the evidence."""
    return {
        "status": books.status,
        "place": books.place.code if books.place else None,
        "home": books.home,
        "holder": books.holder,
        "due_at": books.due_at,
        "since_at": books.since_at,
    }


def radio_says(radio: RadioSays | None) -> dict[str, Any] | None:
    """The radio's half of the evidence."""
    if radio is None:
        return None
    return {
        "epc": radio.epc,
        "place": radio.place.code if radio.place else None,
        "strength": radio.strength,
        "since_at": radio.since_at,
        "heard_at": radio.heard_at,
        "here_at": radio.here_at,
        "reader": radio.reader,
        "antenna": radio.antenna,
        "strongest_dbm": radio.strongest_dbm,
        "reads": radio.reads,
    }


def coverage_says(cover: Cover | None) -> dict[str, Any] | None:
    if cover is None:
        return None
    return {"since_at": cover.since_at, "through_at": cover.through_at, "antennas": list(cover.antennas)}


def rule(kind: str, params: Params) -> dict[str, Any]:
    """The rule by which it was found: its code in the catalogue, and what fills its blanks."""
    return {"code": kind, "params": dict(params)}


def matter_says(matter: MatterSays | None) -> dict[str, Any]:
    """The matter that a carrier is in, for the evidence; nothing where it is in none."""
    if matter is None:
        return {}
    return {
        "matter": {
            "id": matter.id,
            "number": matter.number,
            "kind": matter.kind,
            "line": matter.line,
            "person": matter.person,
            "label": matter.label,
            "due_at": matter.due_at,
        }
    }


def quiet_for(kind: str, settled_at: Instant | None, now: Instant) -> bool:
    """Whether a person settled one of this kind so lately that it is not opened again yet."""
    return settled_at is not None and now - settled_at < KINDS[kind].reopen_after_seconds * SECOND


def about_carrier(
    kind: str, case: CarrierCase, happened_at: Instant, place: int | None, params: Params, **more: Any
) -> Verdict:
    """A verdict about one carrier, with both stories as its evidence."""
    evidence = {
        "clause": KINDS[kind].clause,
        "rule": rule(str(more.pop("code", kind)), params),
        **matter_says(case.matter),
        "books": books_say(case.books),
        "radio": radio_says(case.radio),
    }
    return Verdict(
        kind=kind,
        about=case.about,
        happened_at=happened_at,
        evidence={**evidence, **more},
        carrier=case.carrier,
        epc=case.radio.epc if case.radio else None,
        place=place,
        person=case.books.holder,
        unit=case.books.unit,
        rank=case.books.rank,
        matter=case.matter.id if case.matter else None,
    )


def absent_since(case: CarrierCase) -> Instant | None:
    """From when the carrier was neither heard nor met where it should be; None where nobody was listening."""
    cover = case.books_cover
    if cover is None:
        return None
    settled = case.settled_at.get("missing", 0)
    return max(cover.since_at, case.books.since_at, case.heard_home_at or 0, case.met_at or 0, settled)


def missing(case: CarrierCase, now: Instant, limits: Thresholds) -> Verdict | None:
    """In its place on the books, that place covered without a gap, and not heard there, nor believed anywhere else.

    In place, awaiting destruction, or being read in a room. Never for a carrier without a tag that antennas hear and
    that answers, in an uncovered place, in somebody's hands, or just put there (clause c.5, the reverse). What is
    heard in another store all that while is misplaced, though it be uncertain on which of its shelves.
    """
    gone = absence(case, now, limits)
    if gone is None or case.books.place is None or _heard_in_store(case, gone, limits):
        return None
    params = {"after_seconds": gone.after // SECOND, "place": case.books.place.code}
    return about_carrier("missing", case, gone.since, case.books.place.id, params, **_absence_says(case, gone))


@dataclass(frozen=True, slots=True)
class Absence:
    """Not heard where it should be, from `since` to `until`; `after`: so long it takes to say so."""

    since: Instant
    until: Instant
    after: int


def absence(case: CarrierCase, now: Instant, limits: Thresholds) -> Absence | None:
    """Long enough not heard where the books have it and somebody listens, nor believed elsewhere; None: not so."""
    books, radio, cover = case.books, case.radio, case.books_cover
    since = absent_since(case)
    if books.status not in EXPECTED or books.place is None or not case.tagged or cover is None or since is None:
        return None
    if case.removal_open or case.by_eye:
        return None
    if radio is not None and radio.strength in BELIEVED and _elsewhere_than_books(case):
        return None
    until = min(now, cover.through_at)
    # Longer where the antennas of the place hear badly, and for a tag known to be weak: its silence says less. By so
    # much as the usual time is longer or shorter than the five minutes that the least is reckoned with.
    after = max(limits.missing_after, limits.missing_after * case.absence_needed // ABSENCE_MIN_US)
    if radio is not None and radio.heard_at > since and not _elsewhere_than_books(case):
        # Others have heard it since: it is somewhere. Where, is not said before it can be known.
        after = max(after, FOLLOWED_AFTER)
    return Absence(since, until, after) if until - since >= after else None


def _absence_says(case: CarrierCase, gone: Absence) -> dict[str, Any]:
    absent = {"since_at": gone.since, "until_at": gone.until}
    return {"coverage": coverage_says(case.books_cover), "absent": absent}


def _elsewhere_than_books(case: CarrierCase) -> bool:
    radio, place = case.radio, case.books.place
    return radio is not None and radio.place is not None and place is not None and not agrees(radio.place, place)


def _heard_in_store(case: CarrierCase, gone: Absence, limits: Thresholds) -> bool:
    """Whether it was heard in another store for a while of its absence, and up to its end: it is there, or beside."""
    radio = case.radio
    if radio is None or radio.place is None or radio.since_at is None or radio.here_at is None:
        return False
    if not _elsewhere_than_books(case) or not radio.place.storage or radio.place.kind == "portal":
        return False
    lately = gone.until - radio.here_at < limits.missing_after
    return lately and radio.here_at - max(radio.since_at, gone.since) >= limits.misplaced_after


def believed(case: CarrierCase) -> tuple[RadioSays, Spot] | None:
    radio = case.radio
    if radio is None or radio.place is None or radio.since_at is None or radio.strength not in BELIEVED:
        return None
    return radio, radio.place


def _held_for(case: CarrierCase, kind: str, now: Instant) -> tuple[Instant, Instant]:
    """Since when and until when the belief contradicts the books: both must have said so all the while."""
    radio = case.radio
    assert radio is not None
    since = max(radio.since_at or 0, case.books.since_at, case.settled_at.get(kind, 0))
    heard = radio.here_at or radio.heard_at
    if case.radio_deaf:
        return since, now
    return since, min(now, max(heard, case.radio_cover.through_at if case.radio_cover else heard))


def _elsewhere(
    kind: str, case: CarrierCase, now: Instant, after: int, statuses: frozenset[str], *, storage: bool
) -> Verdict | None:
    books, found = case.books, believed(case)
    if books.status not in statuses or books.place is None or found is None or case.removal_open:
        return None
    _, place = found
    if place.kind == "portal" or agrees(place, books.place) or place.storage is not storage:
        return None
    since, until = _held_for(case, kind, now)
    if until - since < after:
        return None
    code = "left_reading_room" if books.status == "on_loan" else kind
    params = {"after_seconds": after // SECOND, "place": place.code, "home": books.place.code}
    return about_carrier(kind, case, since, place.id, params, coverage=coverage_says(case.radio_cover), code=code)


def misplaced(case: CarrierCase, now: Instant, limits: Thresholds) -> Verdict | None:
    """In its place on the books, believed for a while at another storage place.

    Or heard at one, though which of its neighbours holds it is uncertain, while its own place is silent.
    """
    if believed(case) is not None:
        return _elsewhere("misplaced", case, now, limits.misplaced_after, STANDING, storage=True)
    gone = absence(case, now, limits) if case.books.status in STANDING and not case.missing_open else None
    heard = case.radio.place if case.radio is not None else None
    if gone is None or heard is None or case.books.place is None or not _heard_in_store(case, gone, limits):
        return None
    params = {"after_seconds": limits.misplaced_after // SECOND, "place": heard.code, "home": case.books.place.code}
    return about_carrier(
        "misplaced", case, gone.since, heard.id, params, code="misplaced_beside", **_absence_says(case, gone)
    )


def gone_not_lent(case: CarrierCase, now: Instant, limits: Thresholds) -> Verdict | None:
    """In its place on the books, believed for a while where nothing is kept (clause c.5, the reverse).

    So too what was given out to be read in a room and is heard outside it.
    """
    return _elsewhere("gone_not_lent", case, now, limits.misplaced_after, EXPECTED, storage=False)


def unprotected(case: CarrierCase, place: Spot) -> bool:
    """In use, and in a place that is rated for nothing: another matter than a rating that is too low."""
    return case.books.status in IN_USE and place.rating_rank < 0


def place_rated_too_low(case: CarrierCase, now: Instant, limits: Thresholds) -> Verdict | None:
    """Believed for a while in a place not rated for its level: stored there (clause f.2) or in use (c.2)."""
    return _unfit("place_rated_too_low", case, now, limits)


def used_in_unprotected_place(case: CarrierCase, now: Instant, limits: Thresholds) -> Verdict | None:
    """Lent, going round, or in a meeting, and believed for a while where nothing is protected at all (clause c.2)."""
    return _unfit("used_in_unprotected_place", case, now, limits)


def _unfit(kind: str, case: CarrierCase, now: Instant, limits: Thresholds) -> Verdict | None:
    found = believed(case)
    if found is None or found[1].rating_rank >= case.books.rank or case.books.status not in KEPT | {"declared_lost"}:
        return None
    place = found[1]
    if unprotected(case, place) is not (kind == "used_in_unprotected_place"):
        return None
    if case.radio_is_outside and (case.removal_open or _out_by_right(case, now)):
        return None  # the removal says it already; or it may be outside
    since, until = _held_for(case, kind, now)
    if until - since < limits.rated_too_low_after:
        return None
    params = {
        "after_seconds": limits.rated_too_low_after // SECOND,
        "place": place.code,
        "level": case.books.level,
        "rating_rank": place.rating_rank,
    }
    stored = case.books.status == "in_place" and place.storage
    clause = "f.2" if kind == "place_rated_too_low" and stored else "c.2"
    return about_carrier(kind, case, since, place.id, params, coverage=coverage_says(case.radio_cover), clause=clause)


def in_store_on_loan(case: CarrierCase, now: Instant, limits: Thresholds) -> Verdict | None:
    """On loan on the books, confirmed for a while at a storage place: back, not returned (clause c.5)."""
    found = believed(case)
    if case.books.status != "on_loan" or found is None:
        return None
    radio, place = found
    if radio.strength != "confirmed" or not place.storage:
        return None
    if case.books.place is not None and agrees(place, case.books.place):
        return None  # it is read where it is heard
    since, until = _held_for(case, "in_store_on_loan", now)
    if until - since < limits.in_store_on_loan_after:
        return None
    params = {"after_seconds": limits.in_store_on_loan_after // SECOND, "place": place.code}
    return about_carrier("in_store_on_loan", case, since, place.id, params, coverage=coverage_says(case.radio_cover))


def _packed_until(matter: MatterSays | None, since: Instant, until: Instant) -> bool:
    """Packed at the desk under a permit by portal, and its window not over (clause e.1)."""
    if matter is None or (matter.kind, matter.line) != ("carrying_out", "packed"):
        return False
    return matter.at <= since and matter.due_at is not None and until <= matter.due_at


def _out_by_right(case: CarrierCase, now: Instant) -> bool:
    """Beyond the portals on the books too; or packed for one, before anybody has entered that it left."""
    if case.books.status in PERMITTED_OUT:
        return True
    return case.radio is not None and _packed_until(case.matter, case.radio.since_at or 0, now)


def may_leave(case: PassageCase) -> bool:
    """Permitted to be outside, or packed to go; handed over to be destroyed; or taken back from a meeting to the unit
    (clause h.4). A permit that nobody has signed anything out under is not enough.
    """
    if case.status in PERMITTED_OUT:
        return not outlived(case)
    if case.status == "awaiting_destruction" and case.books.status == case.status and case.books.place is None:
        return case.books.since_at <= case.until_at
    if _packed_until(case.matter, case.until_at, case.until_at):
        return True
    matter = case.matter
    return matter is not None and matter.line == "taken_back" and matter.at <= case.until_at


def removal(case: PassageCase, now: Instant, limits: Thresholds) -> Verdict | None:
    """Went out by a portal without a permit (clause e.1); below the alarm score, or of unknown direction: suspected.

    A score that the portal does not give counts as sure. Below the suspect score it stays evidence only. Where a permit
    names the carrier and does not cover the passage, the rule says why: another person's, over, not begun, unused.
    """
    if case.direction not in ("out", "unknown") or may_leave(case):
        return None
    score = 1.0 if case.score is None else case.score
    if score < limits.suspect_score:
        return None
    sure = case.direction == "out" and score >= limits.alarm_score
    kind = "unauthorised_removal" if sure else "suspected_removal"
    params = {
        "portal": case.portal.code,
        "direction": case.direction,
        "status": case.status,
    }
    code, broken = wanting(case) or (kind, {})
    if outlived(case) and case.matter is not None:
        code, broken = "removal_permit_over", {"matter": case.matter.number, "until_at": case.matter.due_at}
    evidence = {
        "clause": KINDS[kind].clause,
        "rule": rule(code, params | broken),
        "books": {**books_say(case.books), "status_then": case.status},
        **matter_says(case.matter),
        "radio": {
            "epc": case.epc,
            "portal": case.portal.code,
            "outside": case.outside.code if case.outside else None,
            "direction": case.direction,
            "since_at": case.since_at,
            "until_at": case.until_at,
            "reader": case.reader,
            "antenna": case.antenna,
            "reads": case.reads,
            "strongest_dbm": case.strongest_dbm,
        },
        "score": case.score,
        "thresholds": {"alarm": limits.alarm_score, "suspect": limits.suspect_score},
        "parts": dict(case.parts),
        "permits": [
            {
                "matter": one.number,
                "bearer": one.bearer,
                "from_at": one.from_at,
                "until_at": one.until_at,
                "line": one.line,
            }
            for one in case.permits
        ],
        "late_seconds": max(0, now - case.until_at) // SECOND,
    }
    return Verdict(
        kind=kind,
        about=f"carrier:{case.carrier}@{case.since_at}",
        happened_at=case.until_at,
        evidence=evidence,
        carrier=case.carrier,
        epc=case.epc,
        reader=case.reader or None,
        place=case.portal.id,
        person=case.books.holder,
        unit=case.books.unit,
        rank=case.books.rank,
        matter=case.matter.id if case.matter else None,
    )


def unknown_tag(kind: str, case: TagCase, _now: Instant, limits: Thresholds) -> Verdict | None:
    """A tag of the organisation's own block was heard, twice at least, and no carrier bears it or bore it.

    A label that was given out for a production order may be a copy that nobody registered (`label_unregistered`,
    clause a.4): that is said once it has been heard for longer than it takes to register one.
    """
    if (
        case.bound
        or case.reads < limits.unknown_reads_min
        or (kind == "label_unregistered") != (case.order is not None)
    ):
        return None
    first_at = case.first_at if case.first_at is not None else case.heard_at
    if case.order is not None and case.heard_at - first_at < limits.label_grace:
        return None
    if case.settled_at is not None:
        quiet = KINDS[kind].reopen_after_seconds * SECOND
        if case.heard_at - case.settled_at < quiet:
            return None
    radio = {
        "epc": case.epc,
        "place": case.place.code if case.place else None,
        "strength": case.strength,
        "first_at": case.first_at,
        "heard_at": case.heard_at,
        "reader": case.reader,
        "antenna": case.antenna,
        "reads": case.reads,
        "strongest_dbm": case.strongest_dbm,
    }
    params: dict[str, Any] = {"epc": case.epc, "reads_min": limits.unknown_reads_min}
    if case.order is not None:
        params["matter"] = case.order.number
    evidence = {"clause": KINDS[kind].clause, "rule": rule(kind, params), **matter_says(case.order)}
    return Verdict(
        kind=kind,
        about=f"epc:{case.epc}",
        happened_at=first_at,
        evidence={**evidence, "books": None, "radio": radio},
        epc=case.epc,
        reader=case.reader or None,
        place=case.place.id if case.place else None,
        unit=case.order_unit,
        rank=case.order_rank,
        matter=case.order.id if case.order else None,
    )


def deaf_antennas(case: ReaderCase, now: Instant, limits: Thresholds) -> list[dict[str, Any]]:
    """Antennas of which nothing shows that they are listening, with since when."""
    found = []
    for antenna in case.antennas:
        last = antenna.through_at if antenna.through_at is not None else case.expected_since
        if now - max(last, case.expected_since) > limits.reader_silent_after:
            found.append({"antenna": antenna.number, "place": antenna.place, "through_at": antenna.through_at})
    return found


def reader_silent(case: ReaderCase, now: Instant, limits: Thresholds) -> Verdict | None:
    """A reader that should listen, and for a while nothing shows that it does (one of its antennas is enough)."""
    deaf = deaf_antennas(case, now, limits) if case.enabled else []
    if not deaf:
        return None
    quiet = KINDS["reader_silent"].reopen_after_seconds * SECOND
    if case.settled_at is not None and now - case.settled_at < quiet:
        return None
    ended = [entry["through_at"] for entry in deaf if entry["through_at"] is not None]
    params = {"reader": case.name, "after_seconds": limits.reader_silent_after // SECOND}
    evidence = {
        "clause": "",
        "rule": rule("reader_silent", params),
        "books": None,
        "radio": {
            "reader": case.name,
            "state": case.state,
            "state_at": case.state_at,
            "detail": case.detail,
            "last_event": dict(case.last_event),
        },
        "not_covered": deaf,
    }
    return Verdict(
        kind="reader_silent",
        about=f"reader:{case.name}",
        happened_at=min(ended) if ended else case.expected_since,
        evidence=evidence,
        reader=case.name,
    )


RADIO_CHECKS: Mapping[str, Callable[[CarrierCase, Instant, Thresholds], Verdict | None]] = {
    "missing": missing,
    "misplaced": misplaced,
    "gone_not_lent": gone_not_lent,
    "place_rated_too_low": place_rated_too_low,
    "used_in_unprotected_place": used_in_unprotected_place,
    "in_store_on_loan": in_store_on_loan,
}
"""Checks that hold the radio against the books of one carrier, by kind."""
