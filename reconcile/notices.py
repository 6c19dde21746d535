"""Who is told of a finding, and to whom it goes when its time has passed. Numbers and counts only, never titles."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from custody.access import Role, Subject
from custody.approval import STEPS
from custody.values import Instant
from reconcile.checks import KINDS, PASSAGE_KINDS
from reconcile.store import notices as store
from reconcile.store.core import Connection
from reconcile.store.findings import OpenedFinding
from reconcile.store.notices import Notice, Telling, inbox, mark_read, unread
from reconcile.store.reminding import told_already, with_inbox
from reconcile.store.staff import Keeper, deputies, of_meeting, told

__all__ = [
    "TOLD",
    "Notice",
    "Told",
    "ask_back",
    "asked_back",
    "inbox",
    "mark_read",
    "tell_emergency",
    "tell_escalated",
    "tell_opened",
    "unread",
]

MANY = 20
"""More findings of one kind than this, opened for one person in one run, are told in one notice."""


@dataclass(frozen=True, slots=True)
class Told:
    """Who finds a notice in the inbox when a finding of this kind opens, besides its owner.

    `holder`: the person whom the finding names too (who has the carrier, or opened the matter), given an account.
    """

    roles: frozenset[Role]
    urgency: int
    """0 at once, 1 today, 2 this week: as the finding's."""
    holder: bool = False


def _told(kind: str, *roles: Role, holder: bool = False) -> Told:
    return Told(frozenset(roles), KINDS[kind].urgency, holder)


R = Role
TOLD: Mapping[str, Told] = {
    "unauthorised_removal": _told("unauthorised_removal", R.SECRECY_OFFICE, R.CLERK, R.MANAGER),
    "suspected_removal": _told("suspected_removal", R.SECRECY_OFFICE, R.CLERK),
    "missing": _told("missing", R.CLERK, R.SECRECY_OFFICE),
    "declared_lost": _told("declared_lost", R.SECRECY_OFFICE, R.MANAGER, R.LEADER),
    "place_rated_too_low": _told("place_rated_too_low", R.SECRECY_OFFICE, R.CLERK),
    "gone_not_lent": _told("gone_not_lent", R.CLERK),
    "misplaced": _told("misplaced", R.CLERK),
    "in_store_on_loan": _told("in_store_on_loan", R.CLERK),
    "overdue_loan": _told("overdue_loan", R.CLERK, R.MANAGER, holder=True),
    "unknown_tag": _told("unknown_tag", R.CLERK),
    "reader_silent": _told("reader_silent", R.CLERK, R.SYSTEM_ADMINISTRATOR),
    "portal_blind": _told("portal_blind", R.SECRECY_OFFICE, R.CLERK, R.SYSTEM_ADMINISTRATOR),
    "parked_at_portal": _told("parked_at_portal", R.CLERK),
    "antenna_deaf": _told("antenna_deaf", R.CLERK, R.SYSTEM_ADMINISTRATOR),
    "ghost_read": _told("ghost_read", R.SECRECY_OFFICE, R.SECRECY_COMMITTEE, R.LEADER),
    "tag_disagrees": _told("tag_disagrees", R.SECRECY_OFFICE, R.CLERK),
    "retired_tag": _told("retired_tag", R.CLERK),
    "direct_pass": _told("direct_pass", R.SECRECY_OFFICE, R.CLERK, R.MANAGER),
    "leg_overdue": _told("leg_overdue", R.CLERK, R.MANAGER, holder=True),
    "held_too_long": _told("held_too_long", R.CLERK, R.MANAGER, holder=True),
    "archiving_due": _told("archiving_due", R.CLERK, R.MANAGER),
    "review_due": _told("review_due", R.SECRECY_OFFICE, R.CLERK, R.MANAGER),
    "issuer_return_overdue": _told("issuer_return_overdue", R.CLERK, R.MANAGER, R.SECRECY_OFFICE),
    "loss_report_overdue": _told("loss_report_overdue", R.SECRECY_OFFICE, R.LEADER),
    "meeting_paper_out": _told("meeting_paper_out", R.CLERK, R.SECRECY_OFFICE, holder=True),
    "deposit_overdue": _told("deposit_overdue", R.CLERK, R.MANAGER, R.SECRECY_OFFICE, holder=True),
    "intermediate_open": _told("intermediate_open", R.CLERK, R.MANAGER, holder=True),
    "arrival_overdue": _told("arrival_overdue", R.CLERK, R.SECRECY_OFFICE, holder=True),
    "collection_overdue": _told("collection_overdue", R.CLERK, holder=True),
    "permit_overdue": _told("permit_overdue", R.CLERK, R.SECRECY_OFFICE, R.MANAGER, holder=True),
    "provision_overdue": _told("provision_overdue", R.CLERK, R.SECRECY_OFFICE, R.MANAGER, holder=True),
    "visit_open": _told("visit_open", R.SECRECY_OFFICE, R.CLERK, holder=True),
    "exposed_at_entry": _told("exposed_at_entry", R.SECRECY_OFFICE, R.CLERK, holder=True),
    "instruction_overdue": _told("instruction_overdue", R.MANAGER, holder=True),
    "reminder_overdue": _told("reminder_overdue", R.MANAGER, holder=True),
    "label_unregistered": _told("label_unregistered", R.SECRECY_OFFICE, R.CLERK),
    "used_in_unprotected_place": _told("used_in_unprotected_place", R.SECRECY_OFFICE, R.CLERK, holder=True),
    "left_out_overnight": _told("left_out_overnight", R.SECRECY_OFFICE, R.CLERK, R.MANAGER, holder=True),
    "lost_track": _told("lost_track", R.CLERK, R.MANAGER, holder=True),
    "never_met": _told("never_met", R.SECRECY_OFFICE, R.CLERK, R.MANAGER),
    "destruction_overdue": _told("destruction_overdue", R.SECRECY_OFFICE, R.CLERK, R.MANAGER, holder=True),
    "sweep_due": _told("sweep_due", R.CLERK, R.SECRECY_OFFICE, holder=True),
    "hand_over_due": _told("hand_over_due", R.SECRECY_OFFICE, R.CLERK, R.MANAGER, holder=True),
    "two_places_at_once": _told("two_places_at_once", R.SECRECY_OFFICE, R.CLERK),
    "two_tags_apart": _told("two_tags_apart", R.CLERK, R.SECRECY_OFFICE),
    "tags_swapped": _told("tags_swapped", R.CLERK),
    "production_excess": _told("production_excess", R.SECRECY_OFFICE, R.CLERK),
    "reader_clock_wrong": _told("reader_clock_wrong", R.CLERK, R.SYSTEM_ADMINISTRATOR),
    "ledger_check_failed": _told(
        "ledger_check_failed", R.SECRECY_OFFICE, R.LEADER, R.AUDITOR, R.SECURITY_ADMINISTRATOR
    ),
    # Who may approve is told besides, and who asked.
    "approval_overdue": _told("approval_overdue", holder=True),
}
"""Kind -> who is told, how soon."""
del R


def tell_opened(
    connection: Connection,
    opened: Iterable[OpenedFinding],
    everybody: Collection[Keeper],
    now: Instant,
    cases: Mapping[str, str] | None = None,
) -> None:
    """Notices of findings that were opened; of several of one case, and of very many of one kind, one a person.

    `cases`: finding -> its case. What a person is not told of does not count: one finding of a case whose others are
    not his is told as any other.
    """
    found: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for finding in opened:
        others = _deputies(connection, finding, everybody, now) | _of_meeting(connection, finding, everybody)
        for person in persons_of(finding, everybody) | others:
            found[person][finding.verdict.kind].append(finding.number)
    rows: list[Telling] = []
    for person, by_kind in sorted(found.items()):
        told_so = store.waiting_cases(connection, person) if cases else {}
        grouped, single = _by_case([one for numbers in by_kind.values() for one in numbers], cases or {}, told_so)
        rows += [
            Telling(person, "opened_case", numbers[0], f"case:{case}/{told_so.get(case, 0)}", count=len(numbers))
            for case, numbers in grouped.items()
            if told_so.get(case, 0) >= 0
        ]
        for kind, numbers in sorted(by_kind.items()):
            left = [number for number in numbers if number in single]
            if len(left) > MANY:
                rows.append(Telling(person, "opened_many", finding_kind=kind, count=len(left)))
            else:
                rows += [Telling(person, "opened", number) for number in left]
    store.tell(connection, rows, now)


def _by_case(
    numbers: Collection[str], cases: Mapping[str, str], told_so: Mapping[str, int]
) -> tuple[dict[str, list[str]], set[str]]:
    """Several of one case, or one of a case that the person knows of, by case; and those that are told singly."""
    alike: dict[str, list[str]] = defaultdict(list)
    for number in numbers:
        if number in cases:
            alike[cases[number]].append(number)
    grouped = {case: those for case, those in alike.items() if len(those) > 1 or case in told_so}
    return grouped, set(numbers) - {one for those in grouped.values() for one in those}


def persons_of(finding: OpenedFinding, everybody: Collection[Keeper]) -> frozenset[int]:
    """Whom a finding concerns, once each: its owner, the roles of its kind and its own, and whom it names."""
    verdict = finding.verdict
    row = TOLD[verdict.kind]
    able = [keeper for keeper in everybody if keeper.person not in verdict.apart]
    persons = set(told(able, row.roles | frozenset(verdict.roles), verdict.unit, verdict.rank))
    if finding.owner is not None:
        persons.add(finding.owner)
    # A carrier in hand is no secret to the hand; but one without an account has no inbox.
    if row.holder and verdict.person in {keeper.person for keeper in everybody}:
        persons.add(verdict.person or 0)
    return frozenset(persons)


def _deputies(
    connection: Connection, finding: OpenedFinding, everybody: Collection[Keeper], now: Instant
) -> frozenset[int]:
    """Of an approval that nobody gave: the deputies of those who may give it; they may be away."""
    verdict = finding.verdict
    step = STEPS.get(str(verdict.evidence["rule"]["params"].get("step", ""))) if verdict.roles else None
    if step is None:
        return frozenset()
    stand_in = deputies(connection, step.permission.value, now)
    givers = told(everybody, verdict.roles, verdict.unit, verdict.rank)
    found = {deputy for giver in givers for deputy in stand_in.get(giver, ())} - verdict.apart
    cleared = {keeper.person for keeper in everybody if keeper.clearance >= verdict.rank}
    return frozenset(found & cleared)


def _of_meeting(connection: Connection, finding: OpenedFinding, everybody: Collection[Keeper]) -> frozenset[int]:
    """A paper of a meeting went out by a portal: whoever is in charge of its papers is told at once (clause h.3)."""
    verdict = finding.verdict
    if verdict.kind not in PASSAGE_KINDS or verdict.matter is None:
        return frozenset()
    there = {keeper.person for keeper in everybody if keeper.clearance >= verdict.rank}
    return frozenset(of_meeting(connection, verdict.matter) & there)


def tell_escalated(
    connection: Connection, escalated: Iterable[tuple[str, int]], cases: Mapping[str, str], now: Instant
) -> None:
    """Notices of findings that went to these persons; of several of one case, one a person."""
    found: dict[int, list[str]] = defaultdict(list)
    for number, person in escalated:
        found[person].append(number)
    rows: list[Telling] = []
    for person, numbers in sorted(found.items()):
        grouped, single = _by_case(numbers, cases, {})
        rows += [
            Telling(person, "escalated_case", those[0], f"case:{case}@{now}", count=len(those))
            for case, those in grouped.items()
        ]
        rows += [Telling(person, "escalated", number) for number in numbers if number in single]
    store.tell(connection, rows, now)


def tell_emergency(connection: Connection, number: int, persons: Iterable[int], now: Instant) -> None:
    """Notices that a role was taken in an emergency, once each."""
    store.tell(connection, [Telling(one, "emergency", about=f"emergency:{number}") for one in sorted(persons)], now)


ASKED_BACK = "asked_back"


def ask_back(connection: Connection, subject: Subject, person: int, count: int, today: str, now: Instant) -> bool:
    """Ask a person for what is past its day; once a day and asker. False: no account, no inbox."""
    if person not in with_inbox(connection, (person,)):
        return False
    about = f"{ASKED_BACK}:{today}@{subject.person}"
    if not asked_back(connection, (person,), subject, today):
        store.tell(connection, [Telling(person, ASKED_BACK, about=about, count=count)], now)
    return True


def asked_back(connection: Connection, persons: Collection[int], subject: Subject, today: str) -> set[int]:
    """Whom of these persons the subject asked today."""
    return told_already(connection, f"{ASKED_BACK}:{today}@{subject.person}", ASKED_BACK, persons)
