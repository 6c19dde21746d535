"""A run of the checks: opens what contradicts, keeps what still does, clears what ended. Idempotent.

Looked at first in a reading transaction; only where something is to be done, once more in one that writes. Several
servers may run at once: a finding is open once a kind and subject by a unique index, a passage is judged once by a
locked cursor.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, NamedTuple

from custody.clock import day
from custody.database import Database
from custody.scheme import Scheme
from custody.values import Instant
from reconcile import notices
from reconcile.checks import (
    CARRIER_CHECKS,
    CARRIER_ENDINGS,
    DEADLINE_CHECKS,
    DEADLINE_ENDINGS,
    KINDS,
    LINE_RULES,
    MATTER_RULES,
    PASSAGE_KINDS,
    RADIO_CHECKS,
    STATE_KINDS,
    TAG_KINDS,
    CarrierCase,
    Ending,
    Opened,
    Thresholds,
    Verdict,
    antenna_ended,
    antennas_deaf,
    direct_pass,
    ghost_read,
    line_ended,
    line_verdict,
    matter_ended,
    matter_verdict,
    reader_silent,
    removal,
    retired_tag,
    tag_disagrees,
    unknown_tag,
)
from reconcile.checks.endings import reader_ended, tag_ended
from reconcile.checks.grouping import CAUSES
from reconcile.checks.people import PEOPLE_RULES, PersonCase, person_ended, person_verdict
from reconcile.escalation import DEPUTISED, answer_by, next_step
from reconcile.findings import further
from reconcile.findings.doors import PORTAL_KINDS, opened_by_guard, portal_endings, portal_verdicts, take_alarms
from reconcile.store import (
    candidates,
    cases,
    findings,
    incidents,
    matter_cases,
    people,
    portals,
    rooms,
    signals,
    staff,
    tag_evidence,
)
from reconcile.store.candidates import World
from reconcile.store.core import Connection
from reconcile.store.deadlines import loans_are_told, passed
from reconcile.store.differing import differing
from reconcile.store.presence.revisions import note_revisions, revisions_waiting
from reconcile.store.references import reference_epcs

READER_KINDS = frozenset({"reader_silent", "antenna_deaf"})
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
        seen = _Run(connection, scheme, now, wanted).look()
    if not seen:
        return CheckRun()
    with database.writing() as connection:
        return _Run(connection, scheme, now, wanted).carry_out(seen)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a look found to be done. It is judged again where it is done: the world may have moved on."""

    passages: bool = False
    legs: bool = False
    chips: bool = False
    ended: bool = False
    revised: bool = False
    carriers: Mapping[str, Collection[int]] = field(default_factory=dict)
    """By kind, those of which something is to be opened."""
    others: frozenset[str] = frozenset()
    """Kinds that are not a carrier's, of which something is to be opened."""
    late: bool = False

    def __bool__(self) -> bool:
        judged = self.passages or self.legs or self.chips or self.revised
        return bool(judged or self.ended or self.carriers or self.others or self.late)


class _Ended(NamedTuple):
    """A finding that is over."""

    number: str
    carrier: int | None
    ending: Ending


class _Run:
    """One run on one connection."""

    def __init__(self, connection: Connection, scheme: Scheme, now: Instant, kinds: frozenset[str]) -> None:
        self.connection = connection
        self.scheme = scheme
        self.now = now
        self.kinds = kinds
        self.limits = Thresholds.of(scheme)

    @cached_property
    def world(self) -> World:
        """Read once a run, and only where something is to be judged by it."""
        return candidates.world(self.connection)

    def _further(self, *, writing: bool = False) -> further.Looking:
        return further.Looking(self.connection, self.scheme, self.now, self.limits, lambda: self.world, writing=writing)

    def look(self) -> _Seen:
        """What would be opened, cleared, escalated; and whether the cursor is far behind."""
        passages = False
        if not self.kinds.isdisjoint(PASSAGE_KINDS):
            after, through = signals.passages_cursor(self.connection), signals.passages_end(self.connection)
            passages = through - after > _CURSOR_LAG_MAX or bool(self._passages(after, through))
            passages = passages or portals.alarms_waiting(self.connection)
        legs = False
        if "direct_pass" in self.kinds:
            after, through = incidents.legs_cursor(self.connection), incidents.legs_end(self.connection)
            legs = through - after > _CURSOR_LAG_MAX or bool(self._legs(after, through))
        chips = False
        if "tag_disagrees" in self.kinds:
            after, through = tag_evidence.chips_cursor(self.connection), tag_evidence.chips_end(self.connection)
            chips = through - after > _CURSOR_LAG_MAX or bool(self._chips(after, through))
        kinds = self.kinds
        if "overdue_loan" in kinds and loans_are_told(self.connection, self.now, self.limits):
            kinds -= {"overdue_loan"}
        verdicts = self._verdicts(self._differing(kinds)) + self._others(kinds)
        about: dict[str, list[int]] = defaultdict(list)
        for verdict in verdicts:
            if verdict.kind in CARRIER_CHECKS and verdict.carrier is not None:
                about[verdict.kind].append(verdict.carrier)
        return _Seen(
            passages=passages,
            legs=legs,
            chips=chips,
            ended=bool(self._endings(kinds)),
            revised="missing" in kinds and revisions_waiting(self.connection),
            carriers=about,
            others=(frozenset(verdict.kind for verdict in verdicts) - frozenset(CARRIER_CHECKS))
            | further.lagging(self._further(), kinds),
            late=bool(findings.past_due(self.connection, self.kinds, self.now)),
        )

    def carry_out(self, seen: _Seen) -> CheckRun:
        """Do it, in this transaction."""
        everybody = staff.keepers(self.connection, self.scheme, day(self.now, self.scheme.timezone))
        # Removals first: what has left by a portal is not also gone, missing or misplaced.
        opened: tuple[str, ...] = ()
        if not self.kinds.isdisjoint(PASSAGE_KINDS):
            opened = self._open(self._removals(), everybody)
            tell = partial(self._open, everybody=everybody)
            opened += take_alarms(self.connection, self.world, self.now, self.limits, tell)
        if "direct_pass" in self.kinds:
            opened += self._open(self._passed_on(), everybody)
        if seen.chips:
            opened += self._open(self._two_chips(), everybody)
        ended = self._endings(self.kinds) if seen.ended or opened else []
        cleared = findings.clear(self.connection, {one.number: one.ending for one in ended}, self.now)
        cases.close_over(self.connection, cleared, self.now)
        # What is over in one way may begin in another.
        anew = {one.carrier for one in ended if one.carrier is not None}
        carriers = {kind: anew | set(seen.carriers.get(kind, ())) for kind in CARRIER_CHECKS if kind in self.kinds}
        opened += self._open(self._verdicts(carriers) + self._others(seen.others, writing=True), everybody)
        if seen.revised:
            note_revisions(self.connection, self.now)
        return CheckRun(opened, cleared, self._escalate(everybody))

    def _open(self, verdicts: list[Verdict], everybody: Collection[staff.Keeper]) -> tuple[str, ...]:
        opened = findings.open_findings(self.connection, verdicts, self.now, self.scheme.timezone, everybody)
        together = cases.join(self.connection, [one.number for one in opened], self.now, limits_of(self.scheme))
        notices.tell_opened(self.connection, opened, everybody, self.now, together)
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
            known = told[verdict.about] | opened_by_guard(self.connection, verdict, self.limits)
            if verdict.kind in known or (known and verdict.kind == "suspected_removal"):
                # The radio's second thought about the same crossing: evidence, not another finding.
                note = findings.canonical(verdict.evidence)
                findings.add_events(self.connection, [(n, "evidence", None, note) for n in known.values()], self.now)
            elif verdict.about not in fresh or verdict.kind == "unauthorised_removal":
                fresh[verdict.about] = verdict
        return list(fresh.values())

    def _legs(self, after: int, through: int) -> list[Verdict]:
        cases = incidents.legs(self.connection, after, through, self.world) if through > after else []
        return [verdict for case in cases if (verdict := direct_pass(case)) is not None]

    def _passed_on(self) -> list[Verdict]:
        after = incidents.legs_cursor(self.connection, lock=True)
        through = incidents.legs_end(self.connection)
        verdicts = self._legs(after, through)
        incidents.legs_judged(self.connection, through)
        return verdicts

    def _chips(self, after: int, through: int) -> list[Verdict]:
        cases = tag_evidence.chips(self.connection, after, through, self.world) if through > after else []
        return [verdict for case in cases if (verdict := tag_disagrees(case)) is not None]

    def _two_chips(self) -> list[Verdict]:
        after = tag_evidence.chips_cursor(self.connection, lock=True)
        through = tag_evidence.chips_end(self.connection)
        verdicts = self._chips(after, through)
        tag_evidence.chips_judged(self.connection, through)
        return verdicts

    def _differing(self, kinds: Collection[str]) -> dict[str, set[int]]:
        heard = [kind for kind in RADIO_CHECKS if kind in kinds]
        found = differing(self.connection, heard, self.now, self.limits, self.world) if heard else {}
        late = [kind for kind in DEADLINE_CHECKS if kind in kinds]
        return found | (passed(self.connection, late, self.now, self.limits) if late else {})

    def _verdicts(self, carriers: Mapping[str, Collection[int]]) -> list[Verdict]:
        """Of these carriers, by kind."""
        every = {carrier for ids in carriers.values() for carrier in ids}
        if not every:
            return []
        cases = candidates.carrier_cases(self.connection, every, self.world)
        judged = (
            self._judge(kind, cases[carrier])
            for kind, ids in carriers.items()
            for carrier in sorted(cases.keys() & ids)
        )
        return [verdict for verdict in judged if verdict is not None]

    def _others(self, kinds: Collection[str], *, writing: bool = False) -> list[Verdict]:
        """Of tags that nobody bears or that should be gone, of readers, of matters and what is in them."""
        found = self._of_matters(kinds)
        if not PORTAL_KINDS.isdisjoint(kinds):
            found += portal_verdicts(self.connection, kinds, self.scheme, self.now, self.limits)
        if "ghost_read" in kinds:
            heard = incidents.ghosts(self.connection, self.limits, self.world)
            found += [v for case in heard if (v := ghost_read(case, self.now, self.limits)) is not None]
        if "retired_tag" in kinds:
            # A tag that is still somewhere is heard again and again: the newest sightings are enough.
            after = tag_evidence.chips_end(self.connection) - _CURSOR_LAG_MAX
            off = tag_evidence.retired(self.connection, after, self.limits, self.world)
            found += [v for case in off if (v := retired_tag(case, self.now, self.limits)) is not None]
        if loose := [kind for kind in TAG_KINDS if kind in kinds]:
            tags = signals.unknown_tags(self.connection, loose, self.scheme.epc_block, self.world)
            judged = (unknown_tag(kind, case, self.now, self.limits) for kind, cases in tags.items() for case in cases)
            found += [verdict for verdict in judged if verdict is not None]
        if "exposed_at_entry" in kinds:
            found += rooms.exposures(self.connection, self.scheme, self.now, lambda: self.world)
        found += self._of_people(kinds)
        found += further.verdicts(self._further(writing=writing), kinds)
        return found + self._of_readers(kinds)

    def _of_readers(self, kinds: Collection[str]) -> list[Verdict]:
        asked = READER_KINDS.intersection(kinds)
        if not asked:
            return []
        cases = signals.readers(self.connection, self.world).values()
        silent = [reader_silent(case, self.now, self.limits) for case in cases] if "reader_silent" in asked else []
        found = [verdict for verdict in silent if verdict is not None]
        if "antenna_deaf" in asked:
            found += [verdict for case in cases for verdict in antennas_deaf(case, self.now, self.limits)]
        known = {one.about for one, _ in findings.opened(self.connection, READER_KINDS, self.now, self.limits)}
        return sorted((verdict for verdict in found if verdict.about not in known), key=lambda v: v.about)

    def _of_matters(self, kinds: Collection[str]) -> list[Verdict]:
        now, limits = self.now, self.limits
        found: list[Verdict] = []
        for kind in LINE_RULES:
            if kind in kinds:
                lines = matter_cases.lines_due(self.connection, kind, now, limits, self.world)
                found += [v for case in lines if (v := line_verdict(kind, case, now, limits)) is not None]
        for kind in MATTER_RULES:
            if kind in kinds:
                late = matter_cases.matters_due(self.connection, kind, now, limits)
                found += [v for case in late if (v := matter_verdict(kind, case, now, limits)) is not None]
        return found

    @cached_property
    def people(self) -> Mapping[str, PersonCase]:
        """Everybody with what is to be signed for; read once a run, and only where it is asked for."""
        return people.people_cases(self.connection, self.scheme, self.now)

    def _of_people(self, kinds: Collection[str]) -> list[Verdict]:
        wanted = [kind for kind in PEOPLE_RULES if kind in kinds]
        if not wanted:
            return []
        verdicts = [v for case in self.people.values() if (v := person_verdict(case, self.now)) is not None]
        told = people.told_already(self.connection, wanted)
        return [verdict for verdict in verdicts if verdict.kind in wanted and verdict.about not in told]

    def _judge(self, kind: str, case: CarrierCase) -> Verdict | None:
        check = CARRIER_CHECKS[kind]
        verdict = check(case, self.now, self.limits)
        if verdict is None or "absent" not in verdict.evidence:
            return verdict
        # Before "not heard there" is said, every reading counts, also one that the belief passed over.
        return check(candidates.with_cross_reads(self.connection, case), self.now, self.limits)

    def _endings(self, kinds: frozenset[str]) -> list[_Ended]:
        states = kinds & STATE_KINDS
        known = findings.opened(self.connection, states, self.now, self.limits) if states else []
        of_carriers = [row.carrier for opened, row in known if opened.kind in CARRIER_CHECKS]
        cases = candidates.carrier_cases(self.connection, of_carriers, self.world) if of_carriers else {}
        epcs = [row.epc for opened, row in known if opened.kind in TAG_KINDS]
        tags = signals.tag_cases(self.connection, epcs, self.world) if epcs else {}
        references = reference_epcs(self.connection) if epcs else frozenset()
        silent = any(opened.kind in READER_KINDS for opened, _ in known)
        readers = signals.readers(self.connection, self.world) if silent else {}
        every = [opened for opened, _ in known]
        of_matters = self._matter_endings(every)
        of_matters |= portal_endings(self.connection, every, self.scheme, self.now, self.limits)
        of_matters |= rooms.exposures_over(self.connection, every, self.scheme, self.now, lambda: self.world)
        of_matters |= further.endings(self._further(), every)
        endings: list[_Ended] = []
        for opened, row in known:
            ending = of_matters.get(opened.number)
            if opened.kind == "reader_silent":
                ending = reader_ended(readers.get(row.reader), self.now, self.limits)
            elif opened.kind == "antenna_deaf":
                number = int(opened.about.rpartition("/")[2])
                ending = antenna_ended(readers.get(row.reader), number, opened.happened_at, self.limits)
            elif row.epc in references:
                ending = Ending("tag_is_reference")
            elif opened.kind in TAG_KINDS:
                ending = tag_ended(opened.kind, tags[row.epc]) if row.epc in tags else None
            elif opened.kind in PEOPLE_RULES:
                ending = person_ended(self.people.get(row.about), self.now)
            elif opened.kind in CARRIER_CHECKS and row.carrier in cases:
                ending = self._carrier_ending(opened, cases[row.carrier])
            if ending is not None:
                endings.append(_Ended(opened.number, row.carrier, ending))
        return endings

    def _matter_endings(self, known: Collection[Opened]) -> dict[str, Ending]:
        """By number of the finding: of carriers in matters, and of matters."""
        keys = [(o.matter, o.carrier) for o in known if o.kind in LINE_RULES and o.matter and o.carrier]
        lines = matter_cases.lines_by_key(self.connection, keys, self.world) if keys else {}
        ids = [o.matter for o in known if o.kind in MATTER_RULES and o.matter is not None]
        matters = matter_cases.matters_by_id(self.connection, ids, self.limits) if ids else {}
        found: dict[str, Ending | None] = {}
        for opened in known:
            line = lines.get((opened.matter or 0, opened.carrier or 0))
            matter = matters.get(opened.matter or 0)
            if opened.kind in LINE_RULES and line is not None:
                found[opened.number] = line_ended(opened.kind, line, self.now, self.limits)
            elif opened.kind in MATTER_RULES and matter is not None:
                found[opened.number] = matter_ended(opened.kind, matter, self.now, self.limits)
        return {number: ending for number, ending in found.items() if ending is not None}

    def _carrier_ending(self, opened: Opened, case: CarrierCase) -> Ending | None:
        if opened.kind in DEADLINE_ENDINGS:
            return DEADLINE_ENDINGS[opened.kind](case, self.now, self.limits)
        if opened.kind == "missing" and case.radio is not None and case.radio.heard_at > opened.happened_at:
            case = candidates.with_cross_reads(self.connection, case)
        return CARRIER_ENDINGS[opened.kind](case, opened)

    def _escalate(self, everybody: Collection[staff.Keeper]) -> tuple[str, ...]:
        late = findings.past_due(self.connection, self.kinds, self.now)
        return tuple(number for number, _ in hand_on(self.connection, self.scheme, late, everybody, self.now))


def limits_of(scheme: Scheme) -> cases.Limits:
    """What grouping asks of the configuration."""
    within = {cause.within: scheme.number(cause.within) for cause in CAUSES if cause.within}
    return cases.Limits(within, scheme.number("incident_from_rank"), scheme.timezone)


def hand_on(
    connection: Connection,
    scheme: Scheme,
    rows: Collection[Any],
    everybody: Collection[staff.Keeper],
    now: Instant,
    *,
    by: int | None = None,
    note: str = "",
) -> tuple[tuple[str, int | None], ...]:
    """Hand findings on, each to the next step of its ladder, whose person becomes its owner and is told, with deputies.

    Where nobody stands above, the event is recorded all the same. Gives number and new owner (or None) of each.
    """
    done: list[tuple[str, int | None]] = []
    telling: list[tuple[str, int]] = []
    stand_in = {role: staff.deputies(connection, named, now) for role, named in DEPUTISED.items()} if rows else {}
    for row in rows:
        rank = findings.rank_of(connection, row.carrier, row.matter)
        step = next_step(row.kind, rank, row.unit, row.owner, everybody)
        if step is None:
            findings.change(connection, row.number, escalates_at=None)
        else:
            due_at = answer_by(row.kind, scheme, now)
            last = next_step(row.kind, rank, row.unit, step.person, everybody) is None
            findings.change(
                connection, row.number, owner=step.person, due_at=due_at, escalates_at=None if last else due_at
            )
            told = {step.person, *stand_in.get(step.role, {}).get(step.person, ())}
            able = {one.person for one in everybody if staff.answers(one, row.unit, rank)}
            telling += [(row.number, person) for person in sorted(told & able)]
        done.append((row.number, None if step is None else step.person))
    findings.add_events(connection, [(number, "escalated", by, note) for number, _ in done], now)
    notices.tell_escalated(connection, telling, cases.cases_of(connection, [number for number, _ in telling]), now)
    return tuple(done)
