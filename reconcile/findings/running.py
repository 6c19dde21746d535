"""A run of the checks: opens what contradicts, keeps what still does, clears what ended. Idempotent.

Looked at first in a reading transaction; only where something is to be done, once more in one that writes. Several
servers may run at once: a finding is open once a kind and subject by a unique index, a passage is judged once by a
locked cursor.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from custody.clock import day
from custody.database import Database
from custody.scheme import Scheme
from custody.values import SECOND, Instant
from reconcile import notices
from reconcile.checks import (
    CARRIER_CHECKS,
    CARRIER_ENDINGS,
    EVENT_KINDS,
    KINDS,
    STATE_KINDS,
    CarrierCase,
    Ending,
    Opened,
    Thresholds,
    Verdict,
    reader_silent,
    removal,
    unknown_tag,
)
from reconcile.checks.endings import overdue_ended, reader_ended, tag_ended
from reconcile.store import candidates, findings, signals, staff
from reconcile.store.candidates import World
from reconcile.store.core import Connection

_CURSOR_LAG_MAX = 5_000
"""Stays beyond the cursor without a passage among them, before the cursor alone is worth a write."""


@dataclass(frozen=True, slots=True)
class CheckRun:
    """What a run did: numbers of findings."""

    opened: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()
    escalated: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.opened or self.cleared or self.escalated)


def run_checks(database: Database, scheme: Scheme, now: Instant, *, kinds: Collection[str] | None = None) -> CheckRun:
    """Judge everything (or only these kinds) as of `now`; what was opened, cleared, escalated.

    Raises ValueError for a kind that is not known.
    """
    wanted = frozenset(KINDS if kinds is None else kinds)
    if unknown := wanted - frozenset(KINDS):
        raise ValueError(f"no such kind of finding: {', '.join(sorted(unknown))}; known are {', '.join(KINDS)}")
    with database.reading() as connection:
        if not _Run(connection, scheme, now, wanted).has_work():
            return CheckRun()
    with database.writing() as connection:
        return _Run(connection, scheme, now, wanted).carry_out()


class _Run:
    """One run on one connection."""

    def __init__(self, connection: Connection, scheme: Scheme, now: Instant, kinds: frozenset[str]) -> None:
        self.connection = connection
        self.scheme = scheme
        self.now = now
        self.kinds = kinds
        self.limits = Thresholds.of(scheme)
        self.world: World = candidates.world(connection)

    def has_work(self) -> bool:
        """Whether anything would be opened, cleared, escalated, or the cursor is far behind."""
        if self.kinds & EVENT_KINDS:
            after, through = signals.passages_cursor(self.connection), signals.passages_end(self.connection)
            if through - after > _CURSOR_LAG_MAX or self._passages(after, through):
                return True
        if self._endings() or self._verdicts():
            return True
        return any(row.kind in self.kinds for row in findings.past_due(self.connection, self.now))

    def carry_out(self) -> CheckRun:
        """Do it, in this transaction."""
        everybody = staff.keepers(self.connection, self.scheme, day(self.now, self.scheme.timezone))
        # Removals first: what has left by a portal is not also gone, missing or misplaced.
        opened = self._open(self._removals(), everybody) if self.kinds & EVENT_KINDS else ()
        cleared = findings.clear(self.connection, self._endings(), self.now)
        opened += self._open(self._verdicts(), everybody)
        return CheckRun(opened, cleared, self._escalate(everybody))

    def _open(self, verdicts: list[Verdict], everybody: Collection[staff.Keeper]) -> tuple[str, ...]:
        opened = findings.open_findings(self.connection, verdicts, self.now, self.scheme.timezone, everybody)
        notices.tell_opened(self.connection, opened, everybody, self.now)
        return tuple(finding.number for finding in opened)

    def _passages(self, after: int, through: int) -> list[Verdict]:
        cases = signals.passages(self.connection, after, through, self.limits.portal_window, self.world)
        return [v for case in cases if (v := removal(case, self.now, self.limits)) is not None]

    def _removals(self) -> list[Verdict]:
        after = signals.passages_cursor(self.connection, lock=True)
        through = signals.passages_end(self.connection)
        verdicts = self._passages(after, through)
        signals.passages_judged(self.connection, through)
        told = findings.told_of(self.connection, verdicts)
        fresh: dict[str, Verdict] = {}
        for verdict in verdicts:
            known = told[verdict.about]
            if verdict.kind in known or (known and verdict.kind == "suspected_removal"):
                # The radio's second thought about the same crossing: evidence, not another finding.
                note = findings.canonical(verdict.evidence)
                findings.add_events(self.connection, [(n, "evidence", None, note) for n in known.values()], self.now)
            elif verdict.about not in fresh or verdict.kind == "unauthorised_removal":
                fresh[verdict.about] = verdict
        return list(fresh.values())

    def _verdicts(self) -> list[Verdict]:
        found: list[Verdict] = []
        wanted = {
            kind: candidates.carriers_differing(self.connection, kind, self.now, self.limits, self.world)
            for kind in CARRIER_CHECKS
            if kind in self.kinds
        }
        cases = candidates.carrier_cases(
            self.connection, {carrier for ids in wanted.values() for carrier in ids}, self.world
        )
        for kind, ids in wanted.items():
            found += [v for carrier in sorted(set(ids)) if (v := self._judge(kind, cases[carrier])) is not None]
        if "unknown_tag" in self.kinds:
            tags = signals.unknown_tags(self.connection, self.scheme.epc_block, self.world)
            found += [v for case in tags if (v := unknown_tag(case, self.now, self.limits)) is not None]
        if "reader_silent" in self.kinds:
            cases_of_readers = signals.readers(self.connection, self.world)
            silent = [reader_silent(case, self.now, self.limits) for case in cases_of_readers.values()]
            about = {v.about: v for v in silent if v is not None}
            found += [about[a] for a in sorted(set(about) - self._open_readers())]
        return found

    def _open_readers(self) -> set[str]:
        return {o.about for o, _ in findings.opened(self.connection, ("reader_silent",), self.now)}

    def _judge(self, kind: str, case: CarrierCase) -> Verdict | None:
        check = CARRIER_CHECKS[kind]
        verdict = check(case, self.now, self.limits)
        if verdict is None or kind != "missing":
            return verdict
        # Before "not heard there" is said, every reading counts, also one that the belief passed over.
        return check(candidates.with_cross_reads(self.connection, case), self.now, self.limits)

    def _endings(self) -> dict[str, Ending]:
        known = findings.opened(self.connection, self.kinds & STATE_KINDS, self.now)
        carriers = [row.carrier for _, row in known if row.carrier is not None]
        cases = candidates.carrier_cases(self.connection, carriers, self.world)
        tags = signals.tag_cases(
            self.connection, [row.epc for opened, row in known if opened.kind == "unknown_tag"], self.world
        )
        silent = any(opened.kind == "reader_silent" for opened, _ in known)
        readers = signals.readers(self.connection, self.world) if silent else {}
        endings: dict[str, Ending] = {}
        for opened, row in known:
            ending: Ending | None = None
            if opened.kind == "reader_silent":
                ending = reader_ended(readers.get(row.reader), self.now, self.limits)
            elif opened.kind == "unknown_tag":
                ending = tag_ended(tags[row.epc]) if row.epc in tags else None
            elif row.carrier in cases:
                ending = self._carrier_ending(opened, cases[row.carrier])
            if ending is not None:
                endings[opened.number] = ending
        return endings

    def _carrier_ending(self, opened: Opened, case: CarrierCase) -> Ending | None:
        if opened.kind == "overdue_loan":
            return overdue_ended(case, self.now)
        if opened.kind == "missing" and case.radio is not None and case.radio.heard_at > opened.happened_at:
            case = candidates.with_cross_reads(self.connection, case)
        return CARRIER_ENDINGS[opened.kind](case, opened)

    def _escalate(self, everybody: Collection[staff.Keeper]) -> tuple[str, ...]:
        done = []
        for row in findings.past_due(self.connection, self.now):
            if row.kind in self.kinds:
                escalate_to(self.connection, row, everybody, by=None, note="", now=self.now)
                done.append(row.number)
        return tuple(done)


def escalate_to(
    connection: Connection, row: Any, everybody: Collection[staff.Keeper], *, by: int | None, note: str, now: Instant
) -> int | None:
    """Hand a finding on: the first of `notices.ESCALATES_TO` whom it is not with becomes its owner, and is told.

    Where there is nobody, the event is recorded all the same. Gives the new owner, or None.
    """
    rank = findings.rank_of(connection, row.carrier)
    others = [k for k in everybody if k.person != row.owner]
    owner = staff.answerable(others, notices.ESCALATES_TO, row.unit, rank)
    if owner is not None:
        due_at = now + KINDS[row.kind].due_after_seconds * SECOND
        findings.change(connection, row.number, owner=owner, due_at=due_at)
        notices.tell_escalated(connection, row.number, (owner,), now)
    findings.add_events(connection, [(row.number, "escalated", by, note)], now)
    return owner
