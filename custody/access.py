"""Who may see and do what: roles, clearance, scope. Every query and every act asks for one `Subject`.

Two questions, two kinds of function: `may(subject, permission)` asks about the person's roles; `sees(subject,
carrier)` asks about one carrier by clearance and scope. Stores turn the same condition into SQL. Hidden and
absent look the same to the outside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from custody.matters import Matter, parties_of
from custody.register import CarrierState, Directory
from custody.scheme import Scheme
from custody.values import Instant, Person


class Role(StrEnum):
    """Business roles, the three administrators, and the device."""

    CLERK = "clerk"
    MEETING_SECRETARY = "meeting_secretary"
    MANAGER = "manager"
    LEADER = "leader"
    SECRECY_OFFICE = "secrecy_office"
    SECRECY_COMMITTEE = "secrecy_committee"
    BORROWER = "borrower"
    SYSTEM_ADMINISTRATOR = "system_administrator"
    SECURITY_ADMINISTRATOR = "security_administrator"
    AUDITOR = "auditor"
    DEVICE = "device"


ADMINISTRATORS = frozenset({Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDITOR})


class Permission(StrEnum):
    """What a role opens; pages, REST routes and procedures name one each."""

    SEE_CARRIERS = "see_carriers"
    TAKE_IN = "take_in"
    KEEP = "keep"
    LEND = "lend"
    REPORT_MISSING = "report_missing"
    SWEEP = "sweep"
    SEE_FINDINGS = "see_findings"
    SETTLE_FINDINGS = "settle_findings"
    SEE_REPORTS = "see_reports"
    SEE_PLACES = "see_places"
    SEE_READERS = "see_readers"
    SEE_LEDGER = "see_ledger"
    SEE_REGULATIONS = "see_regulations"
    MANAGE_READERS = "manage_readers"
    MANAGE_ACCOUNTS = "manage_accounts"
    APPROVE_ACCOUNTS = "approve_accounts"
    SEE_LOGS = "see_logs"
    SEND_SIGHTINGS = "send_sightings"
    TAKE_PART = "take_part"
    """Sign the own part in a matter: as reader, holder, keeper, attendee."""
    HOLD_MEETINGS = "hold_meetings"
    DESTROY = "destroy"
    """Apply for destruction and carry it out; never approve it."""
    CLASSIFY = "classify"
    """Ask for a change of level or period, enter the decision of the determining authority."""
    HEAD_ENQUIRIES = "head_enquiries"
    """Yearly inventory, loss reports, clearance of leavers."""
    PRODUCE = "produce"
    """Register what is produced under an approved order."""
    DISPATCH = "dispatch"
    """Send and receive, distribute within the scope."""
    COPY = "copy"
    CARRY = "carry"
    """Let out and take back at the desk what a permit names."""
    PROVIDE = "provide"
    """Hand to another body what it is to be provided with, and take it back."""
    REVIEW_DISCLOSURE = "review_disclosure"
    ADMIT = "admit"
    """Keep the register of entry to a rated place."""
    LICENSE = "license"
    """Put licences and agreements of other bodies on file."""
    INSTRUCT = "instruct"
    """Issue the texts that people sign for."""
    SEE_EXPORTS = "see_exports"
    """Who took data out of the house or printed it: the auditor of everybody, the others of their own reach."""
    SEE_DISCLOSURE = "see_disclosure"
    """Who has seen a carrier, of the own reach (clause c.1, daily rule 7)."""
    DELEGATE = "delegate"
    APPROVE_UNIT = "approve_unit"
    APPROVE_OFFICE = "approve_office"
    APPROVE_COMMITTEE = "approve_committee"
    APPROVE_LEADER = "approve_leader"


P, R = Permission, Role
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    R.CLERK: frozenset(
        {
            P.TAKE_PART,
            P.DESTROY,
            P.CLASSIFY,
            P.PRODUCE,
            P.DISPATCH,
            P.COPY,
            P.CARRY,
            P.PROVIDE,
            P.ADMIT,
            P.SEE_CARRIERS,
            P.SEE_DISCLOSURE,
            P.TAKE_IN,
            P.KEEP,
            P.LEND,
            P.REPORT_MISSING,
            P.SWEEP,
            P.SEE_FINDINGS,
            P.SETTLE_FINDINGS,
            P.SEE_REPORTS,
            P.SEE_PLACES,
            P.SEE_READERS,
            P.SEE_REGULATIONS,
        }
    ),
    # What is short at the end of a meeting is reported with the incident: the clock of the report runs from there.
    R.MEETING_SECRETARY: frozenset(
        {P.TAKE_PART, P.HOLD_MEETINGS, P.ADMIT, P.REPORT_MISSING, P.SEE_CARRIERS, P.SEE_PLACES, P.SEE_REGULATIONS}
    ),
    R.MANAGER: frozenset(
        {
            P.TAKE_PART,
            P.SEE_EXPORTS,
            P.SEE_DISCLOSURE,
            P.APPROVE_UNIT,
            P.REVIEW_DISCLOSURE,
            P.DELEGATE,
            P.SEE_CARRIERS,
            P.SEE_FINDINGS,
            P.SETTLE_FINDINGS,
            P.SEE_REPORTS,
            P.SEE_PLACES,
            P.SEE_REGULATIONS,
        }
    ),
    R.LEADER: frozenset(
        {
            P.TAKE_PART,
            P.APPROVE_LEADER,
            P.DELEGATE,
            P.SEE_CARRIERS,
            P.SEE_FINDINGS,
            P.SEE_REPORTS,
            P.SEE_PLACES,
            P.SEE_REGULATIONS,
        }
    ),
    R.SECRECY_OFFICE: frozenset(
        {
            P.TAKE_PART,
            P.SEE_EXPORTS,
            P.SEE_DISCLOSURE,
            P.APPROVE_OFFICE,
            P.HEAD_ENQUIRIES,
            P.REVIEW_DISCLOSURE,
            P.ADMIT,
            P.LICENSE,
            P.INSTRUCT,
            P.DELEGATE,
            P.SEE_CARRIERS,
            P.REPORT_MISSING,
            P.SWEEP,
            P.SEE_FINDINGS,
            P.SETTLE_FINDINGS,
            P.SEE_REPORTS,
            P.SEE_PLACES,
            P.SEE_READERS,
            P.SEE_REGULATIONS,
        }
    ),
    R.SECRECY_COMMITTEE: frozenset(
        {P.TAKE_PART, P.APPROVE_COMMITTEE, P.DELEGATE, P.SEE_CARRIERS, P.SEE_FINDINGS, P.SEE_REPORTS, P.SEE_REGULATIONS}
    ),
    R.BORROWER: frozenset({P.TAKE_PART, P.SEE_CARRIERS, P.SEE_REGULATIONS}),
    # The three see no business data: no carriers, no findings, no reports.
    R.SYSTEM_ADMINISTRATOR: frozenset({P.SEE_READERS, P.MANAGE_READERS, P.MANAGE_ACCOUNTS, P.SEE_REGULATIONS}),
    R.SECURITY_ADMINISTRATOR: frozenset({P.APPROVE_ACCOUNTS, P.SEE_REGULATIONS}),
    R.AUDITOR: frozenset({P.SEE_LEDGER, P.SEE_LOGS, P.SEE_EXPORTS, P.SEE_REGULATIONS}),
    R.DEVICE: frozenset({P.SEND_SIGHTINGS}),
}
del P, R


@dataclass(frozen=True, slots=True)
class Grant:
    """A role of a person; `unit` limits a business role to a unit and its sub-units, None: the whole house."""

    role: Role
    unit: int | None = None
    until_at: Instant | None = None
    """When a role taken in an emergency ends; None: held for good."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is asking. `reach`: units whose carriers the role answers for; None: all of them.

    `clearance_rank` caps everything, a role included; -1: no clearance (internal carriers have rank 0).
    """

    person: int
    name: str
    grants: tuple[Grant, ...]
    clearance_rank: int
    principals: frozenset[str]
    reach: frozenset[int] | None = frozenset()
    language: str = "zh"
    matters: frozenset[int] = frozenset()
    """Open matters in which the person has a part: they and their carriers are seen, clearance permitting."""

    @property
    def roles(self) -> frozenset[Role]:
        """The roles held, whatever their unit."""
        return frozenset(grant.role for grant in self.grants)


INSTALLATION = Subject(0, "installation", (), -1, frozenset())
"""The installation itself: enters the directory and the ledger kept before, and sees nothing (see `rules`)."""

EMERGENCY_ROLES = frozenset({Role.CLERK, Role.MEETING_SECRETARY, Role.MANAGER})
"""What two persons may take for some hours when nobody is there who has it: never an administrator's role, nor one
that stands above the procedures."""

REACHING = frozenset({Role.CLERK, Role.MANAGER, Role.LEADER, Role.SECRECY_OFFICE, Role.SECRECY_COMMITTEE})
"""Roles that answer for the carriers of their units, in scope or not."""


def clearance_rank(person: Person, scheme: Scheme, day: str) -> int:
    """Highest rank the person may know on an ISO day; 0 (internal) without a post, -1 after leaving."""
    if person.left_on and person.left_on <= day:
        return -1
    if not person.cleared_from or person.cleared_from > day:
        return 0
    if person.cleared_until and person.cleared_until < day:
        return 0
    return max(0, scheme.clearance_rank(person.post_class))


def principals(person: Person, units_above: frozenset[int]) -> frozenset[str]:
    """What a scope may name to mean this person: all, the unit and those above it, the class of post, the person.

    A scope that names a unit means its sub-units too.
    """
    names = {"all", f"person:{person.id}"} | {f"unit:{unit}" for unit in units_above}
    if person.post_class:
        names.add(f"post:{person.post_class}")
    return frozenset(names)


def may(subject: Subject, permission: Permission) -> bool:
    """Whether one of the subject's roles opens this."""
    return any(permission in PERMISSIONS[role] for role in subject.roles)


def answers_for(subject: Subject, permission: Permission, unit: int, directory: Directory) -> bool:
    """Whether a role that opens this is held for the whole house, or for the unit or one above it."""
    above = directory.units_above(unit)
    return any(
        permission in PERMISSIONS[grant.role] and (grant.unit is None or grant.unit in above)
        for grant in subject.grants
    )


def cleared_for(rank: int, scope: tuple[str, ...], clearance: int, names: frozenset[str]) -> bool:
    """Clearance and scope, the two halves of need-to-know (clauses b.3, c.1)."""
    return rank <= clearance and not names.isdisjoint(scope)


def sees(subject: Subject, carrier: CarrierState, scheme: Scheme) -> bool:
    """Whether the carrier exists for this subject: cleared, and in scope, in reach or in hand."""
    if not may(subject, Permission.SEE_CARRIERS):
        return False
    described = carrier.description
    if scheme.rank(described.level) > subject.clearance_rank:
        return False
    if subject.reach is None or described.unit in subject.reach:
        return True
    if carrier.matter is not None and carrier.matter in subject.matters:
        return True
    return carrier.holder == subject.person or not subject.principals.isdisjoint(described.scope.principals)


def sees_matter(subject: Subject, matter: Matter, scheme: Scheme) -> bool:
    """Whether the matter exists for this subject: cleared, and in reach or with a part in it."""
    if not may(subject, Permission.SEE_CARRIERS) or scheme.rank(matter.level) > subject.clearance_rank:
        return False
    if subject.reach is None or matter.unit in subject.reach or matter.id in subject.matters:
        return True
    return any(person == subject.person for person, _part in parties_of(matter))
