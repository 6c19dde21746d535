"""Findings of portals within a run: one that does not watch, what lies at it, and what its guard told by itself.

A guard's alarm and the server's own conclusion about the same passage are one finding: whichever comes second is
evidence of the first.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from custody.scheme import Scheme
from custody.values import SECOND, Instant
from reconcile.checks import (
    PASSAGE_KINDS,
    Ending,
    Opened,
    PassageCase,
    Spot,
    TagCase,
    Thresholds,
    Verdict,
    parked_at_portal,
    parked_ended,
    portal_blind,
    portal_blind_ended,
    removal,
    unknown_tag,
)
from reconcile.store import candidates, findings, portals, signals
from reconcile.store.candidates import World
from reconcile.store.core import Connection

PORTAL_KINDS = frozenset({"portal_blind", "parked_at_portal"})
SAME_PASSAGE = 30 * SECOND
"""Beyond the portal's window, guard and server may differ by so much about when a passage was."""
DOOR = "/door"
"""Ends the subject of a finding that a guard's alarm opened: its times are the guard's."""


def portal_verdicts(
    connection: Connection, kinds: Collection[str], scheme: Scheme, now: Instant, limits: Thresholds
) -> list[Verdict]:
    """What is to be opened of portals; findings that are open already are left out."""
    found: list[Verdict] = []
    if "portal_blind" in kinds:
        for case in _portals(connection, now).values():
            verdict = portal_blind(case, now, limits)
            if verdict is not None:
                found.append(verdict)
    if "parked_at_portal" in kinds:
        lying = portals.lying_cases(connection, now, scheme.epc_block)
        found += [verdict for one in lying if (verdict := parked_at_portal(one, now)) is not None]
    known = findings.open_numbers(connection, found)
    return [verdict for verdict in found if (verdict.kind, verdict.about) not in known]


def portal_endings(
    connection: Connection, known: Collection[Opened], scheme: Scheme, now: Instant, limits: Thresholds
) -> dict[str, Ending]:
    """Of open findings of portals, by number, those that are over."""
    found: dict[str, Ending | None] = {}
    if any(one.kind == "portal_blind" for one in known):
        cases = {case.about: case for case in _portals(connection, now).values()}
        found |= {
            one.number: portal_blind_ended(cases.get(one.about), now, limits)
            for one in known
            if one.kind == "portal_blind"
        }
    parked = {one.about: one.number for one in known if one.kind == "parked_at_portal"}
    if parked:
        lying = {case.about: case for case in portals.lying_cases(connection, now, scheme.epc_block, parked)}
        found |= {number: parked_ended(lying.get(about), now) for about, number in parked.items()}
    return {number: ending for number, ending in found.items() if ending is not None}


def _portals(connection: Connection, now: Instant) -> dict[int, Any]:
    abouts = signals.settled_at(connection, "portal_blind")
    return portals.portal_cases(connection, abouts, now)


def opened_by_guard(connection: Connection, verdict: Verdict, limits: Thresholds) -> dict[str, str]:
    """Kind and number of the findings that a guard's alarm about the same passage opened."""
    if verdict.carrier is None:
        return {}
    near = limits.portal_window + SAME_PASSAGE
    return portals.findings_around(
        connection, PASSAGE_KINDS, verdict.carrier, verdict.happened_at - near, verdict.happened_at + near, DOOR
    )


def judge_alarms(connection: Connection, world: World, now: Instant, limits: Thresholds) -> list[tuple[int, Verdict]]:
    """What the guards told since the last time: joined to what there is; what is to be opened, by alarm."""
    fresh: list[tuple[int, Verdict]] = []
    for alarm in portals.new_alarms(connection, lock=True):
        tag = portals.carrier_of(connection, alarm.epc)
        if tag is None and portals.kept_for_trials(connection, alarm.epc):
            portals.alarm_judged(connection, alarm.id, "trial")
            continue
        if tag is None:
            verdict = _unknown(connection, alarm, world, now, limits)
            known = {} if verdict is None else _open_of(connection, verdict)
        elif tag.retired:
            portals.alarm_judged(connection, alarm.id, "retired")
            continue
        else:
            verdict = _removal(connection, alarm, tag.carrier, world, now, limits)
            near = limits.portal_window + SAME_PASSAGE
            known = portals.findings_around(connection, PASSAGE_KINDS, tag.carrier, alarm.at - near, alarm.at + near)
        if known and (verdict is None or verdict.kind in known or verdict.kind == "suspected_removal"):
            note = findings.canonical({"guard": _told(alarm)})
            findings.add_events(connection, [(number, "evidence", None, note) for number in known.values()], now)
            portals.alarm_judged(connection, alarm.id, "joined", min(known.values()))
        elif verdict is None:
            portals.alarm_judged(connection, alarm.id, "lawful")
        elif again := next((one for _, one in fresh if _same(one, verdict, limits)), None):
            # Two tags of one carrier, or a suspicion and the alarm that came of it: opened with the other.
            fresh.append((alarm.id, again))
        else:
            fresh.append((alarm.id, verdict))
    return fresh


def take_alarms(
    connection: Connection,
    world: World,
    now: Instant,
    limits: Thresholds,
    open_all: Callable[[list[Verdict]], tuple[str, ...]],
) -> tuple[str, ...]:
    """Make findings of the guards' alarms, by `open_all`; the numbers that were opened."""
    fresh = judge_alarms(connection, world, now, limits)
    if not fresh:
        return ()
    verdicts = list({(v.kind, v.about): v for _, v in fresh}.values())
    opened = open_all(verdicts)
    numbers = findings.open_numbers(connection, verdicts)
    for alarm, verdict in fresh:
        portals.alarm_judged(connection, alarm, "opened", numbers.get((verdict.kind, verdict.about)))
    return opened


def _same(one: Verdict, other: Verdict, limits: Thresholds) -> bool:
    if (one.kind, one.about) == (other.kind, other.about):
        return True
    near = abs(one.happened_at - other.happened_at) <= limits.portal_window + SAME_PASSAGE
    return one.carrier is not None and one.carrier == other.carrier and near


def _open_of(connection: Connection, verdict: Verdict) -> dict[str, str]:
    known = findings.open_numbers(connection, [verdict])
    return {kind: number for (kind, _), number in known.items()}


def _told(alarm: Any) -> dict[str, Any]:
    """A guard's alarm as evidence."""
    return {
        "portal": alarm.portal,
        "reader": alarm.reader,
        "at": alarm.at,
        "direction": alarm.direction,
        "score": alarm.score,
        "level": alarm.level,
        "reason": alarm.reason,
        "door_list": alarm.door_list,
        "outputs": alarm.outputs,
    }


def _unknown(connection: Connection, alarm: Any, world: World, now: Instant, limits: Thresholds) -> Verdict | None:
    """A tag of the number block that nobody bears went by: one read at a door counts as often as elsewhere two."""
    case = signals.tag_cases(connection, [alarm.epc], world).get(alarm.epc)
    if case is None:
        case = TagCase(alarm.epc, False, 0, alarm.at, alarm.at, None, "", alarm.reader)
    case = replace(case, reads=max(case.reads, limits.unknown_reads_min))
    kind = "unknown_tag" if case.order is None else "label_unregistered"
    verdict = unknown_tag(kind, case, now, limits)
    return None if verdict is None else replace(verdict, evidence={**verdict.evidence, "guard": _told(alarm)})


def _removal(
    connection: Connection, alarm: Any, carrier: int, world: World, now: Instant, limits: Thresholds
) -> Verdict | None:
    case = _passage(connection, alarm, carrier, world)
    verdict = None if case is None else removal(case, now, limits)
    if verdict is None:
        return None
    return replace(
        verdict,
        about=f"{verdict.about}{DOOR}",
        place=verdict.place or None,
        evidence={**verdict.evidence, "guard": _told(alarm)},
    )


def _passage(connection: Connection, alarm: Any, carrier: int, world: World) -> PassageCase | None:
    """The passage as the guard heard it, with the books of that moment; None before it was in the register."""
    known = candidates.carrier_cases(connection, [carrier], world).get(carrier)
    if known is None:
        return None
    books = known.books
    status = books.status if books.since_at <= alarm.at else signals.status_at(connection, carrier, alarm.at)
    if status == signals.NOT_REGISTERED:
        return None
    place = portals.portal_of(connection, alarm.reader, alarm.portal)
    spot = world.spots.get(place) if place is not None else None
    parts: Mapping[str, Any] = json.loads(alarm.parts or "{}")
    return PassageCase(
        carrier=carrier,
        epc=alarm.epc,
        portal=spot or Spot(0, alarm.portal, "portal", ""),
        outside=None,
        direction=alarm.direction,
        score=alarm.score,
        since_at=alarm.at,
        until_at=alarm.at,
        status=status,
        books=books,
        reader=alarm.reader,
        matter=known.matter,
        parts={"parts": dict(parts)},
        permits=signals.permits_of(connection, [carrier]).get(carrier, ()),
    )
