"""What people say in a sweep besides scanning: that it rests, where they are, that they were somewhere, that the count
is finished. Each is an event under an identifier made on the device: replayed, it changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from custody.access import Subject
from custody.rules import NotFound
from custody.values import Instant
from reconcile.rounds.acts import countable, independent, is_blind, open_row, refused, round_row
from reconcile.rounds.walking import IN_A_ROW, Proposal, Stop, walked_on
from reconcile.store import round_events as events
from reconcile.store import rounds as store
from reconcile.store.core import Connection

_LOOKED_BACK = 20
"""More scans in a row than anybody answers late."""


def pause(connection: Connection, subject: Subject, number: str, event: str, reason: str, at: Instant) -> bool:
    """Let the sweep rest, over night or for days; False where it rests already, or this was said before.

    Raises NotFound, Refused.
    """
    return _rest(connection, subject, number, event, "paused", reason, at)


def resume(connection: Connection, subject: Subject, number: str, event: str, at: Instant) -> bool:
    """Go on; False where it does not rest, or this was said before. Raises NotFound, Refused."""
    return _rest(connection, subject, number, event, "resumed", "", at)


def _rest(
    connection: Connection, subject: Subject, number: str, event: str, what: str, reason: str, at: Instant
) -> bool:
    open_row(connection, subject, number, "pause_round", lock="own")
    last = [one.what for one in events.said(connection, number, "paused", "resumed")][-1:]
    if last == [what] or (not last and what == "resumed"):
        return False
    return events.say(connection, number, event, what, subject.person, at, reason=reason.strip())


def finish_count(connection: Connection, subject: Subject, number: str, event: str, at: Instant) -> bool:
    """Say that a blind count is finished: from now on it shows what was expected, and takes no scan more.

    False where that was said before. Raises NotFound, Refused where the round is closed, or no blind count.
    """
    row = open_row(connection, subject, number, "scan", lock="own")
    if row.kind != "blind":
        raise refused("round_not_blind", round=number)
    independent(connection, subject, number)
    if events.said(connection, number, "counted"):
        return False
    return events.say(connection, number, event, "counted", subject.person, at)


def was_there(
    connection: Connection, subject: Subject, number: str, event: str, places: Sequence[int], at: Instant
) -> int:
    """Say that these places, with everything in them, were read though nothing answered; gives how many were new.

    What is expected there is then missing, and no longer not covered. Raises NotFound for a place that is not of the
    sweep, Refused.
    """
    row = countable(connection, subject, number, "scan", 0)
    known = store.places_of(connection, places)
    if len(known) != len(set(places)) or not all(path.startswith(row.path) for _, path in known.values()):
        raise NotFound
    added = [
        events.say(connection, number, f"{event}:{place}", "walked", subject.person, at, place=place)
        for place in dict.fromkeys(places)
    ]
    return sum(added)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person is with a device, as he said last; and what his newest scans propose instead."""

    place: int | None
    place_code: str
    proposal: Proposal | None
    proposed_code: str = ""


def standing(connection: Connection, subject: Subject, number: str, device: str) -> Standing:
    """Where the subject is with this device (the beginning of its scans' identifiers). Raises NotFound.

    Of a blind count nothing is proposed: it would tell where things belong.
    """
    row = round_row(connection, subject, number)
    told = [
        one
        for one in events.said(connection, number, "walked_on", "stayed")
        if one.by == subject.person and one.device == device
    ]
    moves = [one for one in told if one.what == "walked_on"]
    current = moves[-1].place if moves else None
    names = store.places_of(connection, {one.place for one in told if one.place is not None})
    code, path = names.get(current, ("", "")) if current is not None else ("", "")
    if is_blind(connection, row) or row.state != "open":
        return Standing(current, code, None)
    since = told[told.index(moves[-1]) :] if moves else told
    refused_places = {one.place for one in since if one.what == "stayed" and one.place is not None}
    after = moves[-1].detail.get("through", 0) if moves else 0
    rows = events.newest_stops(connection, number, subject.person, device, after, _LOOKED_BACK)
    stops = [Stop(one.event, one.carrier, one.place, one.path or "") for one in rows]
    # A sweep of a single shelf begins on it.
    found = walked_on(stops, path or (row.path if store.is_leaf(connection, row.place) else ""), refused_places)
    if found is None:
        return Standing(current, code, None)
    proposed, _ = store.places_of(connection, [found.place])[found.place]
    return Standing(current, code, found, proposed)


def answer(
    connection: Connection,
    subject: Subject,
    number: str,
    event: str,
    device: str,
    place: int,
    yes: bool,
    scans: Sequence[str],
    at: Instant,
) -> bool:
    """The answer to "walked on to the next shelf?": yes sorts the scans named to that place, and those that follow; no
    leaves them where they were. False where it was given before.

    Raises NotFound for a place or scans that are not there, Refused.
    """
    countable(connection, subject, number, "scan", 0)
    if place not in store.places_of(connection, [place]):
        raise NotFound
    if len(store.events_there(connection, number, scans)) != len(set(scans)) or (yes and len(scans) < IN_A_ROW):
        raise NotFound
    what = "walked_on" if yes else "stayed"
    detail = {"events": list(scans), "through": events.newest_scan(connection, number)}
    return events.say(connection, number, event, what, subject.person, at, device=device, place=place, detail=detail)
