"""Tags of destroyed carriers that a person scanned: a finding at once, whoever holds the scanner (clause g.8).

Whoever scanned is told no more than his clearance opens; the finding goes to those who see it.
"""

from collections.abc import Mapping
from dataclasses import replace

from custody.clock import day
from custody.scheme import Scheme
from custody.values import Instant
from reconcile import notices
from reconcile.checks import Thresholds, ghost_read
from reconcile.store import candidates, findings, staff
from reconcile.store import round_events as events
from reconcile.store import rounds as store
from reconcile.store.core import Connection
from reconcile.store.incidents import scanned_ghosts


def open_ghosts(
    connection: Connection, scheme: Scheme, number: str, heard: Mapping[str, Instant], now: Instant
) -> tuple[str, ...]:
    """Open a finding for each of these codes (EPC -> when it was scanned) that was a destroyed carrier's tag; gives
    their numbers. One that is open, or that was settled later than the scan, is not opened again."""
    known = events.ghosts(connection, None, heard)
    if not known:
        return ()
    row = store.row(connection, number)
    # A scan is a person's deliberate act: once is enough, where the radio needs more.
    limits = replace(Thresholds.of(scheme), unknown_reads_min=1)
    around = candidates.world(connection)
    place = around.spots.get(row.place) if row is not None else None
    cases = scanned_ghosts(connection, {epc: heard[epc] for epc in known}, place, limits, around)
    verdicts = []
    for case in cases:
        verdict = ghost_read(case, now, limits)
        if verdict is not None:
            sweep = {"round": number, "place": place.code if place else "", "scanned_at": case.first_at}
            verdicts.append(replace(verdict, evidence={**verdict.evidence, "sweep": sweep}))
    everybody = staff.keepers(connection, scheme, day(now, scheme.timezone))
    opened = findings.open_findings(connection, verdicts, now, scheme.timezone, everybody)
    notices.tell_opened(connection, opened, everybody, now)
    return tuple(one.number for one in opened)
