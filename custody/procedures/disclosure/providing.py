"""Provision of carriers and information to another body (clause i.1): agreed, approved, handed over, brought back.

An approved provision is itself the authority for its recipient: the carriers' scope is not widened by it, and need
not name the body. Whoever hands over neither applied nor listed nor approved, and hands over before a witness.
Clause i.1 is about state secrets: what is internal only needs no agreement.
"""

from collections.abc import Iterable, Mapping

from custody.access import Permission, answers_for
from custody.approval import valid_until
from custody.carrier import CarrierState, Status
from custody.clock import day
from custody.entries import Fact
from custody.entries.approvals import ApprovalAsked
from custody.entries.disclosure import (
    InformationProvided,
    ProlongationOpened,
    Provided,
    ProvidedForGood,
    ProvisionClosed,
    ProvisionListed,
    ProvisionOpened,
    ProvisionProlonged,
    ProvisionReturned,
    ProvisionStruck,
)
from custody.matters import Matter
from custody.matters.disclosure import LISTED, OUTSIDE, PROVISION_KEY, ProvisionBody
from custody.procedures import organisations, people, places
from custody.procedures.borrowing import day_of, last_due, pages_due
from custody.procedures.disposition.handing import missing_text
from custody.rules import Params, Rule, Situation, by_actor, named, signed

Handed = Provided | ProvidedForGood
HANDED = (Provided, ProvidedForGood)
GIVING = (*HANDED, InformationProvided)
"""What an approval is made use of by."""


def provision_of(fact: Fact, situation: Situation) -> Matter | None:
    """The provision that the fact belongs to."""
    matter = situation.matter(fact)
    return matter if matter is not None and matter.kind == PROVISION_KEY else None


def _body(fact: Fact, situation: Situation) -> ProvisionBody | None:
    matter = provision_of(fact, situation)
    return matter.body if matter is not None else None


def _name(person: int, situation: Situation) -> Params:
    known = situation.directory.persons.get(person)
    return named(known) if known else {"person": str(person), "person_en": str(person)}


# What is proposed.


def _body_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ProvisionOpened)
    return organisations.unknown_body(fact.organisation, situation)


def level_of(fact: Fact, situation: Situation) -> str:
    """The level of what is proposed, or of the whole provision."""
    if isinstance(fact, ProvisionOpened | ProlongationOpened):
        return fact.level
    matter = situation.matter(fact)
    return matter.level if matter else ""


def recipient_of(fact: Fact, situation: Situation) -> int | None:
    """The body that the fact provides, or lets keep, something."""
    if isinstance(fact, ProvisionOpened):
        return fact.organisation
    matter = situation.matters.get(fact.provision) if isinstance(fact, ProlongationOpened) else situation.matter(fact)
    body = matter.body if matter is not None else None
    return body.organisation if isinstance(body, ProvisionBody) else None


def _no_agreement(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """An agreement that is good today and for the level, when it is proposed and whenever something is given."""
    organisation, level = recipient_of(fact, situation), level_of(fact, situation)
    known = {one.code for one in situation.scheme.levels}
    if organisation not in situation.directory.organisations or organisation is None or level not in known:
        return None  # refused for that
    if situation.scheme.rank(level) == 0:
        return None
    return organisations.no_agreement(organisation, level, situation)


def _export_unpermitted(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ProvisionOpened)
    body = situation.directory.organisations.get(fact.organisation)
    if body is None or not body.overseas or fact.export_permit.strip():
        return None
    return organisations.named_body(body)


def _terms_unclear(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """Until a day; or for good, and why; or only told, and what."""
    assert isinstance(fact, ProvisionOpened)
    if (fact.terms == "loan") != (fact.due_at is not None):
        return {"field": "due_at"}
    if fact.terms == "for_good" and not fact.reason.strip():
        return {"field": "reason"}
    return {"field": "information"} if fact.terms == "told" and not fact.information.strip() else None


def _due_in_past(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ProvisionOpened | ProlongationOpened)
    return None if fact.due_at is None or fact.due_at > situation.at else {"day": day_of(fact.due_at, situation)}


def _too_long(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ProvisionOpened | ProlongationOpened)
    days = situation.scheme.number("provision_days_max")
    if fact.due_at is None or fact.due_at <= last_due(situation.at, days, situation.scheme.timezone):
        return None
    return {"days": days}


def _nothing_leaves(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Where information is only told, no carrier is listed."""
    body = _body(fact, situation)
    return {} if body is not None and body.terms == "told" else None


def _not_a_copy(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Where copies are to be provided, no original leaves."""
    body = _body(fact, situation)
    if carrier is None or body is None or body.form != "copies":
        return None
    return None if carrier.origin == "copied" else {}


def _nothing_provided(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ApprovalAsked)
    matter, body = provision_of(fact, situation), _body(fact, situation)
    if matter is None or body is None or matter.count(LISTED):
        return None
    return None if body.terms == "told" else {}


# Handing over and telling.


def _not_approved(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Every step of the approval was given."""
    matter = provision_of(fact, situation)
    approval = None if matter is None else matter.approval
    return None if approval is not None and approval.given and not approval.awaited else {}


def _lapsed(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The last item leaves while the approval is valid, as the first."""
    matter = provision_of(fact, situation)
    until = None if matter is None or matter.status != "provided" else valid_until(matter)
    if until is None or situation.now < until:
        return None
    return {"day": day(until, situation.scheme.timezone)}


def _other_terms(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Until the day that was approved, or for good where that was approved; told only what was to be told."""
    body = _body(fact, situation)
    if body is None:
        return None
    if isinstance(fact, Provided):
        fit = body.terms == "loan" and fact.due_at == body.due_at
    elif isinstance(fact, ProvidedForGood):
        fit = body.terms == "for_good"
    else:
        fit = bool(body.information.strip())
    return None if fit else {}


def _returned_too_late(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Nothing leaves when it ought to be back."""
    assert isinstance(fact, Provided)
    return None if fact.due_at > situation.at else {"day": day_of(fact.due_at, situation)}


def _took_part(fact: Fact, situation: Situation) -> frozenset[int]:
    """Who applied, listed or approved, deputies and those they stood for included."""
    matter = provision_of(fact, situation)
    if matter is None:
        return frozenset()
    listers = matter.body.listers if isinstance(matter.body, ProvisionBody) else ()
    return frozenset({matter.opened_by, *listers}) | (matter.approval.persons if matter.approval else frozenset())


def _giver_took_part(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Whoever applied, listed or approved does not hand over."""
    person = situation.subject.person
    return _name(person, situation) if person in _took_part(fact, situation) else None


def _speaker_approved(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Whoever tells it did not approve it; he may well have applied, for he knows it."""
    assert isinstance(fact, InformationProvided)
    matter = provision_of(fact, situation)
    approval = None if matter is None else matter.approval
    approvers = set() if approval is None else {g.person for g in approval.given}
    approvers |= set() if approval is None else {g.on_behalf_of for g in approval.given if g.on_behalf_of}
    return _name(fact.speaker, situation) if fact.speaker in approvers else None


def hands_of(fact: Fact, situation: Situation) -> tuple[int, ...]:
    """Who gives, and who sees it: both sign."""
    if isinstance(fact, InformationProvided):
        return (fact.speaker, fact.witness)
    assert isinstance(fact, Handed)
    return (situation.subject.person, fact.witness)


def _hand_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    return next(filter(None, (people.unknown(one, situation) for one in hands_of(fact, situation))), None)


def _hand_left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    return next(filter(None, (people.left(one, situation) for one in hands_of(fact, situation))), None)


def _hand_not_cleared(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    level = level_of(fact, situation)
    found = (people.not_cleared(one, level, situation) for one in hands_of(fact, situation))
    return next(filter(None, found), None)


def _same_hands(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    giver, witness = hands_of(fact, situation)
    return _name(giver, situation) if giver == witness else None


def _hands(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
    return hands_of(fact, situation)


def _told_in_future(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, InformationProvided)
    matter = provision_of(fact, situation)
    approval = None if matter is None else matter.approval
    begun = approval.given[-1].at if approval is not None and approval.given else 0
    return None if begun <= fact.told_at <= situation.at else {}


def _pages_short(carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """Given and taken back whole, or not at all."""
    assert isinstance(fact, Handed | ProvisionReturned)
    pages = None if carrier is None else carrier.description.pages
    if pages is None or fact.pages_counted is None or fact.pages_counted >= pages:
        return None
    return {"counted": fact.pages_counted, "pages": pages}


def _pages_to_count(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ProvisionReturned)
    pages = None if carrier is None else pages_due(carrier, situation)
    return None if pages is None or fact.pages_counted is not None else {"pages": pages}


# Back, and the end.


def _place_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ProvisionReturned)
    return places.unknown_place(fact.place, situation)


def _no_store(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ProvisionReturned)
    return places.no_store(fact.place, situation)


def _rated_below(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ProvisionReturned)
    return None if carrier is None else places.rated_below(fact.place, carrier.description.level, situation)


def _still_outside(carrier: CarrierState | None, _fact: Fact, _situation: Situation) -> Params | None:
    """What is outside comes back; only what was lost there, and dealt with as a loss, is struck off."""
    return {} if carrier is not None and carrier.status is Status.PROVIDED_OUTSIDE else None


def _not_own_list(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Who applied strikes off; the registry of the unit for everybody."""
    matter = provision_of(fact, situation)
    if matter is None or matter.opened_by == situation.subject.person:
        return None
    if answers_for(situation.subject, Permission.PROVIDE, matter.unit, situation.directory):
        return None
    return {"act": fact.kind}


def _list_open(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    matter = provision_of(fact, situation)
    left = 0 if matter is None else matter.count(LISTED, OUTSIDE)
    return {"count": left} if left else None


RULES: tuple[Rule, ...] = (
    Rule("", "reference_unknown", (ProvisionOpened,), _body_unknown),
    Rule("i.1", "text_missing", (ProvisionOpened,), missing_text("purpose", "ground", "measures")),
    Rule("", "terms_unclear", (ProvisionOpened,), _terms_unclear),
    Rule("i.1", "no_agreement", (ProvisionOpened, ProlongationOpened, ProvisionProlonged, *GIVING), _no_agreement),
    Rule("i.1", "export_unpermitted", (ProvisionOpened,), _export_unpermitted),
    Rule("i.1", "provision_due_in_past", (ProvisionOpened, ProlongationOpened), _due_in_past),
    Rule("i.1", "provision_too_long", (ProvisionOpened, ProlongationOpened), _too_long),
    Rule("", "nothing_leaves", (ProvisionListed,), _nothing_leaves),
    Rule("", "not_own_list", (ProvisionListed, ProvisionStruck), _not_own_list),
    Rule("i.1", "not_a_copy", (ProvisionListed,), _not_a_copy),
    Rule("", "nothing_listed", (ApprovalAsked,), _nothing_provided),
    Rule("", "text_missing", (ProvisionStruck,), missing_text("reason")),
    Rule("", "still_outside", (ProvisionStruck,), _still_outside),
    # Handing over and telling.
    Rule("i.1", "provision_unapproved", GIVING, _not_approved),
    Rule("i.1", "approval_lapsed", GIVING, _lapsed),
    Rule("i.1", "other_terms", GIVING, _other_terms),
    Rule("i.1", "provision_due_in_past", (Provided,), _returned_too_late),
    Rule("i.1", "text_missing", HANDED, missing_text("received_by_name", "document")),
    Rule("i.1", "text_missing", (ProvidedForGood,), missing_text("receipt")),
    Rule(
        "i.1", "text_missing", (InformationProvided,), missing_text("told", "received_by_name", "document", "minutes")
    ),
    Rule("", "told_when_impossible", (InformationProvided,), _told_in_future),
    Rule("i.1", "giver_took_part", HANDED, _giver_took_part),
    Rule("i.1", "giver_took_part", (InformationProvided,), _speaker_approved),
    Rule("", "reference_unknown", GIVING, _hand_unknown),
    Rule("i.1", "same_hands", GIVING, _same_hands),
    Rule("i.1", "witness_left", GIVING, _hand_left),
    Rule("i.1", "witness_not_cleared", GIVING, _hand_not_cleared),
    Rule("i.1", "pages_short", (*HANDED, ProvisionReturned), _pages_short),
    signed("i.1", GIVING, _hands, "refuse"),
    # Back, and the end.
    Rule("i.1", "pages_to_count", (ProvisionReturned,), _pages_to_count),
    Rule("", "text_missing", (ProvisionReturned,), missing_text("brought_by_name")),
    Rule("", "reference_unknown", (ProvisionReturned,), _place_unknown),
    Rule("f.2", "no_storage", (ProvisionReturned,), _no_store),
    Rule("f.2", "rated_too_low", (ProvisionReturned,), _rated_below),
    Rule("i.1", "list_open", (ProvisionClosed,), _list_open),
    signed(
        "", (ProvisionOpened, ProvisionListed, ProvisionStruck, *GIVING, ProvisionReturned, ProvisionClosed), by_actor
    ),
)

CODES: Mapping[str, tuple[str, ...]] = {
    "terms_unclear": ("field",),
    "export_unpermitted": ("organisation", "organisation_en"),
    "provision_too_long": ("days",),
    "provision_due_in_past": ("day",),
    "nothing_leaves": (),
    "not_own_list": ("act",),
    "not_a_copy": (),
    "still_outside": (),
    "provision_unapproved": (),
    "told_when_impossible": (),
    "other_terms": (),
    "giver_took_part": ("person", "person_en"),
}
