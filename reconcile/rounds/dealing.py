"""What was done at the shelf about what does not agree: put back, taken out, noted. It is a person's word beside the
count, in the report for good; custody never moves by it, and whoever scans the thing there again reopens it."""

from custody.access import Subject
from custody.rules import NotFound
from custody.values import Instant
from reconcile.rounds.acts import countable, is_blind, refused, resolve
from reconcile.rounds.codes import read_code
from reconcile.rounds.dealt import DEALS, UNDEALT
from reconcile.store import round_events as events
from reconcile.store.core import Connection


def deal(connection: Connection, subject: Subject, number: str, event: str, code: str, what: str, at: Instant) -> bool:
    """Say what was done about a carrier, or about a code that names none; False where this was said before.

    Raises NotFound where nothing of it was met in the sweep; Refused as a scan is, and of a blind count, which shows
    nothing that could be dealt with; ValueError for a word that is none of `DEALS`.
    """
    if what not in DEALS:
        raise ValueError(f"{what!r} is none of {DEALS}")
    if is_blind(connection, countable(connection, subject, number, "scan", at)):
        raise refused("round_blind", round=number)
    reading = read_code(code)
    (carrier,) = resolve(connection, subject, [reading])
    if not events.newest_of(connection, number, *(([], [reading.code]) if carrier is None else ([carrier], []))):
        raise NotFound
    detail = {"carrier": carrier, "code": reading.code, "through": events.newest_scan(connection, number)}
    return events.say(connection, number, event, what, subject.person, at, detail=detail)


def undeal(connection: Connection, subject: Subject, number: str, event: str, of: str, at: Instant) -> str | None:
    """Take back what was said to have been done (`of`: its event), by an event of its own; gives the code that it was
    about, None where `of` is no such event. Sent again it changes nothing. Raises NotFound, Refused."""
    countable(connection, subject, number, "undo", 0)
    told = next((one for one in events.said(connection, number, *DEALS) if one.event == of), None)
    if told is None:
        return None
    if all(one.detail.get("event") != of for one in events.said(connection, number, UNDEALT)):
        events.say(connection, number, event, UNDEALT, subject.person, at, detail={"event": of})
    code: str = told.detail["code"]
    return code
