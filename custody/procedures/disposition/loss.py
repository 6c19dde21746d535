"""Loss: declared in one act with its matter, reported within the hours of the scheme, enquired into, concluded.

The secrecy office concludes, a leader who had no part in it puts his name under the conclusion.
"""

from collections.abc import Mapping

from custody.access import PERMISSIONS, Permission, Role
from custody.carrier import CarrierState, Status
from custody.entries import Fact, ReportedFound, ReportedMissing
from custody.entries.disposition import (
    EnquiryNoted,
    LossConcluded,
    LossConfirmed,
    LossFound,
    LossListed,
    LossOpened,
    LossReported,
)
from custody.entries.meetings import PaperMissing, PaperRecovered
from custody.matters.disposition import LossBody
from custody.procedures import people
from custody.procedures.disposition.handing import missing_text
from custody.rules import Params, Rule, Situation, by_actor, named, signed
from custody.scheme import Scheme
from custody.values import SECOND, Instant

FINDING_AGAIN = (ReportedFound, PaperRecovered)
"""Facts that say that a carrier declared lost is there again."""
_LOSING = (ReportedMissing, PaperMissing)


def report_by(discovered_at: Instant, scheme: Scheme) -> Instant:
    """Until when a loss discovered then is to be reported."""
    return discovered_at + scheme.number("loss_report_hours") * 3_600 * SECOND


def _body(fact: Fact, situation: Situation) -> LossBody | None:
    matter = situation.matter(fact)
    return matter.body if matter is not None and isinstance(matter.body, LossBody) else None


def _clock_not_started(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """However a loss is declared, its enquiry is opened in the same act, and the clock of the report with it."""
    assert isinstance(fact, ReportedMissing | PaperMissing)
    if carrier is not None and carrier.status is Status.DECLARED_LOST:
        return None  # the meeting takes note of what was declared before
    told = any(isinstance(one, LossListed) and one.carrier == fact.carrier for one in situation.facts)
    return None if told else {"hours": situation.scheme.number("loss_report_hours")}


def _enquiry_untold(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Who finds it says so to the enquiry that seeks it, in the same act."""
    assert isinstance(fact, ReportedFound | PaperRecovered)
    sought = situation.losses.get(fact.carrier)
    return None if sought is None or LossFound(fact.carrier, sought) in situation.facts else {}


def _not_of_own_meeting(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Whoever reports losses as secretary only reports what is short at the own meeting, by its incident."""
    assert isinstance(fact, LossOpened | LossListed | ReportedMissing)
    roles = situation.subject.roles - {Role.MEETING_SECRETARY}
    if any(Permission.REPORT_MISSING in PERMISSIONS[role] for role in roles):
        return None
    short = {one.carrier for one in situation.facts if isinstance(one, PaperMissing)}
    return None if short and (isinstance(fact, LossOpened) or fact.carrier in short) else {}


def _clock_wrong(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The clock runs from the discovery, which is no time to come."""
    assert isinstance(fact, LossOpened)
    right = fact.discovered_at <= situation.at and fact.due_at == report_by(fact.discovered_at, situation.scheme)
    return None if right else {"hours": situation.scheme.number("loss_report_hours")}


def _discoverer_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, LossOpened)
    return people.unknown(fact.discovered_by, situation)


def _report_too_early(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, LossReported)
    body = _body(fact, situation)
    within = body is None or body.discovered_at <= fact.reported_at <= situation.at
    return None if within else {"field": "reported_at"}


def _unreported(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What stays lost is reported before its enquiry ends."""
    assert isinstance(fact, LossConcluded)
    body = _body(fact, situation)
    return {} if fact.outcome == "not_found" and body is not None and body.reported_at is None else None


def _outcome_wrong(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Found: nothing is missing any more. Not found: exactly what is named is missing, in the books too."""
    assert isinstance(fact, LossConcluded)
    matter = situation.matter(fact)
    missing = matter.count("missing") if matter else 0
    lost = [c for c in set(fact.carriers) if c in situation.states]
    still = [c for c in lost if situation.states[c].status is Status.DECLARED_LOST]
    listed = [c for c in lost if (line := situation.lines.get((fact.matter, c))) and line.state == "missing"]
    named_all = len(still) == len(listed) == missing == len(fact.carriers)
    right = missing == 0 if fact.outcome == "found" else missing > 0 and named_all
    return None if right else {"count": missing}


def _same_person(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    matter, body = situation.matter(fact), _body(fact, situation)
    if matter is None or body is None or situation.subject.person not in (matter.opened_by, body.concluded_by):
        return None
    known = situation.directory.persons.get(situation.subject.person)
    return named(known) if known else {"person": situation.subject.name, "person_en": situation.subject.name}


RULES = (
    Rule("", "clock_not_started", _LOSING, _clock_not_started),
    Rule("", "enquiry_untold", FINDING_AGAIN, _enquiry_untold),
    Rule("", "not_of_own_meeting", (LossOpened, LossListed, ReportedMissing), _not_of_own_meeting),
    Rule("", "clock_wrong", (LossOpened,), _clock_wrong),
    Rule("", "reference_unknown", (LossOpened,), _discoverer_unknown),
    Rule("", "text_missing", (LossOpened,), missing_text("circumstances", "last_known")),
    Rule("", "text_missing", (LossReported,), missing_text("to", "number")),
    Rule("", "time_impossible", (LossReported,), _report_too_early),
    Rule("", "text_missing", (EnquiryNoted,), missing_text("measures")),
    Rule("", "text_missing", (LossConcluded,), missing_text("result", "responsibility")),
    Rule("", "loss_unreported", (LossConcluded,), _unreported),
    Rule("", "outcome_wrong", (LossConcluded,), _outcome_wrong),
    Rule("", "same_person", (LossConfirmed,), _same_person),
    signed(
        "",
        (LossOpened, LossListed, LossReported, EnquiryNoted, LossConcluded, LossConfirmed),
        by_actor,
        "refuse",
    ),
)

CODES: Mapping[str, tuple[str, ...]] = {
    "clock_not_started": ("hours",),
    "enquiry_untold": (),
    "not_of_own_meeting": (),
    "clock_wrong": ("hours",),
    "time_impossible": ("field",),
    "loss_unreported": (),
    "outcome_wrong": ("count",),
}
