"""Other bodies, their licences and agreements: what letters a, b, d and i ask about whoever is not of the house."""

from collections.abc import Mapping

from custody.access import Permission
from custody.classification import is_day
from custody.entries import Fact
from custody.entries.organisations import (
    AgreementEnded,
    AgreementRecorded,
    LicenceRecorded,
    LicenceWithdrawn,
    OrganisationRecorded,
)
from custody.register import CarrierState
from custody.rules import Needed, Params, Rule, Situation, by_actor, signed
from custody.values import Agreement, Licence, Organisation

OWNERSHIP_FORBIDDEN = frozenset({"private", "foreign", "foreign_funded", "self_employed"})
"""Who never produces what is secret (clause a.3: 严禁委托私营企业、外国企业、外资企业和个体经营者)."""


def named_body(body: Organisation) -> dict[str, str | int]:
    """The blanks `organisation` and `organisation_en` of a refusal."""
    return {"organisation": body.name, "organisation_en": body.name_en or body.name}


def unknown_body(organisation: int, situation: Situation) -> Params | None:
    """Where no body of this identifier is in the directory."""
    return None if organisation in situation.directory.organisations else {"kind": "organisation", "id": organisation}


def ownership_forbidden(organisation: int, situation: Situation) -> Params | None:
    """Where the body is private, foreign, foreign-funded or self-employed (clause a.3)."""
    body = situation.directory.organisations.get(organisation)
    if body is None or body.ownership not in OWNERSHIP_FORBIDDEN:
        return None
    return {**named_body(body), "ownership": body.ownership}


def _in_force(paper: Licence | Agreement, situation: Situation) -> bool:
    return paper.valid_from <= situation.day <= paper.valid_until


def unlicensed(activity: str, organisation: int | None, level: str, situation: Situation) -> Params | None:
    """Where no licence for the activity is on file that is good today and for the level (clauses a.3, d.3).

    `organisation` None: the house itself.
    """
    rank = situation.scheme.rank
    for one in situation.directory.licences.values():
        good = (one.activity, one.organisation) == (activity, organisation) and _in_force(one, situation)
        if good and rank(level) <= rank(one.level):
            return None
    body = situation.directory.organisations.get(organisation or 0)
    of = (
        named_body(body)
        if body
        else {
            "organisation": situation.scheme.organisation_zh,
            "organisation_en": situation.scheme.organisation_en,
        }
    )
    return {**of, "activity": activity, "level": level}


def no_agreement(organisation: int, level: str, situation: Situation) -> Params | None:
    """Where no agreement with the body is good today and covers the level (clause i.1)."""
    rank = situation.scheme.rank
    for one in situation.directory.agreements.values():
        if one.organisation == organisation and _in_force(one, situation) and rank(level) <= rank(one.level):
            return None
    body = situation.directory.organisations.get(organisation)
    return {**(named_body(body) if body else {"organisation": "", "organisation_en": ""}), "level": level}


def _nameless(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, OrganisationRecorded)
    body = fact.organisation
    fit = body.id >= 1 and body.code.strip() and body.name.strip()
    return None if fit else {"kind": "organisation", "code": body.code}


def _code_taken(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, OrganisationRecorded)
    body = fact.organisation
    holder = situation.codes_taken.get(("organisation", body.code))
    return None if holder is None or holder == body.id else {"kind": "organisation", "code": body.code}


def _body_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    if isinstance(fact, AgreementRecorded):
        return unknown_body(fact.agreement.organisation, situation)
    assert isinstance(fact, LicenceRecorded)
    named = fact.licence.organisation
    return None if named is None else unknown_body(named, situation)


def _forbidden(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """No licence of such a body is put on file to produce or to copy what is secret."""
    assert isinstance(fact, LicenceRecorded)
    named = fact.licence.organisation
    return None if named is None else ownership_forbidden(named, situation)


def _incomplete(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, LicenceRecorded | AgreementRecorded)
    paper = fact.licence if isinstance(fact, LicenceRecorded) else fact.agreement
    texts = ("number", "issued_by") if isinstance(fact, LicenceRecorded) else ("number", "subject", "signed_by")
    for name in texts:
        if not getattr(paper, name).strip():
            return {"field": name}
    return None


def _paper_unclear(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A licence or agreement says up to which level, from which day and until when, and is a new one."""
    assert isinstance(fact, LicenceRecorded | AgreementRecorded)
    paper = fact.licence if isinstance(fact, LicenceRecorded) else fact.agreement
    if paper.level not in {level.code for level in situation.scheme.levels}:
        return {"field": "level"}
    if not is_day(paper.valid_from) or not is_day(paper.valid_until) or paper.valid_until < paper.valid_from:
        return {"field": "valid_until"}
    kept: Mapping[int, object] = (
        situation.directory.licences if isinstance(fact, LicenceRecorded) else situation.directory.agreements
    )
    return {"field": "number"} if paper.id in kept or paper.id < 1 else None


def _not_on_file(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    if isinstance(fact, LicenceWithdrawn):
        return None if fact.licence in situation.directory.licences else {"kind": "licence", "id": fact.licence}
    assert isinstance(fact, AgreementEnded)
    return None if fact.agreement in situation.directory.agreements else {"kind": "agreement", "id": fact.agreement}


def _reason_missing(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, LicenceWithdrawn | AgreementEnded)
    return None if fact.reason.strip() else {"field": "reason"}


_PAPERS = (LicenceRecorded, AgreementRecorded)
_ENDS = (LicenceWithdrawn, AgreementEnded)
RULES = (
    Rule("", "directory_nameless", (OrganisationRecorded,), _nameless),
    Rule("", "code_taken", (OrganisationRecorded,), _code_taken),
    Rule("", "reference_unknown", _PAPERS, _body_unknown),
    Rule("a.3", "ownership_forbidden", (LicenceRecorded,), _forbidden),
    Rule("", "text_missing", _PAPERS, _incomplete),
    Rule("", "paper_unclear", _PAPERS, _paper_unclear),
    Rule("", "reference_unknown", _ENDS, _not_on_file),
    Rule("", "text_missing", _ENDS, _reason_missing),
    signed("", (OrganisationRecorded, *_PAPERS, *_ENDS), by_actor),
)
PERMISSIONS: Mapping[type[Fact], Needed] = dict.fromkeys((OrganisationRecorded, *_PAPERS, *_ENDS), Permission.LICENSE)
ACTS: Mapping[str, str] = {"organisation": "DW", "licence": "ZZ", "agreement": "BM"}  # 单位, 资质, 保密协议
CODES: Mapping[str, tuple[str, ...]] = {
    "ownership_forbidden": ("organisation", "organisation_en", "ownership"),
    "unlicensed": ("organisation", "organisation_en", "activity", "level"),
    "no_agreement": ("organisation", "organisation_en", "level"),
    "paper_unclear": ("field",),
}
FREE: frozenset[type[Fact]] = frozenset()
