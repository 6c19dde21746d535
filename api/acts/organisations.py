"""Other bodies: entered and amended, their licences and agreements put on file and ended (clauses a.3, d.3, i.1)."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import get_args

from api.acts.model import Act, Field, Ground, Values, View
from api.locale.values import iso_day
from custody.access import Permission
from custody.entries import Fact
from custody.entries.organisations import (
    AgreementEnded,
    AgreementRecorded,
    LicenceRecorded,
    LicenceWithdrawn,
    OrganisationRecorded,
)
from custody.rules import NotFound
from custody.values import Agreement, Licence, Organisation, Ownership

_LICENSE = Permission.LICENSE
ACTIVITIES = ("production", "reproduction", "transport")
REGISTER = "/organisations"


def ownerships(ground: Ground) -> Iterable[tuple[str, str]]:
    """The kinds of ownership, with their words."""
    return ((code, ground.t(f"ownership.{code}")) for code in get_args(Ownership))


def activities(ground: Ground) -> Iterable[tuple[str, str]]:
    """What one may be licensed for, with its words."""
    return ((code, ground.t(f"activity.{code}")) for code in ACTIVITIES)


# The body itself.


def _entered(ground: Ground, values: Values) -> list[Fact]:
    return [OrganisationRecorded(_said(ground.reserve("organisation"), values))]


def _amended(ground: Ground, values: Values) -> list[Fact]:
    return [OrganisationRecorded(_said(ground.the_body.id, values))]


def _said(identifier: int, values: Values) -> Organisation:
    return Organisation(
        id=identifier,
        code=values["code"],
        name=values["name"],
        name_en=values["name_en"],
        ownership=values["ownership"],
        overseas=values["overseas"],
        contact=values["contact"],
        remark=values["remark"],
    )


def _was(name: str) -> Callable[[Ground], str]:
    """What the body has now, as it is typed."""

    def now(ground: Ground) -> str:
        value = getattr(ground.the_body, name)
        return ("1" if value else "") if isinstance(value, bool) else str(value)

    return now


_BODY = (
    Field("code", max_length=20),
    Field("name", max_length=200),
    Field("name_en", required=False, max_length=200),
    Field("ownership", "choice", options=ownerships),
    Field("overseas", "check", required=False),
    Field("contact", required=False, max_length=200),
    Field("remark", "area", required=False),
)

# Its papers, and the house's own licences.

_PAPER = (
    Field("level", "level"),
    Field("valid_from", "day"),
    Field("valid_until", "day"),
)
_LICENCE = (
    Field("activity", "choice", options=activities),
    Field("paper_number", max_length=100),
    Field("issued_by", max_length=200),
    *_PAPER,
)
_AGREEMENT = (
    Field("paper_number", max_length=100),
    Field("subject", max_length=200),
    Field("signed_by", max_length=100),
    *_PAPER,
)


def _licence(ground: Ground, values: Values) -> list[Fact]:
    paper = Licence(
        id=ground.reserve("licence"),
        activity=values["activity"],
        organisation=ground.body.id if ground.body else None,
        number=values["paper_number"],
        issued_by=values["issued_by"],
        level=values["level"],
        valid_from=values["valid_from"],
        valid_until=values["valid_until"],
    )
    return [LicenceRecorded(paper)]


def _agreement(ground: Ground, values: Values) -> list[Fact]:
    paper = Agreement(
        id=ground.reserve("agreement"),
        organisation=ground.the_body.id,
        number=values["paper_number"],
        subject=values["subject"],
        level=values["level"],
        valid_from=values["valid_from"],
        valid_until=values["valid_until"],
        signed_by=values["signed_by"],
    )
    return [AgreementRecorded(paper)]


def licences_of(ground: Ground) -> list[Licence]:
    """The licences on file of the body, or of the house itself."""
    whose = ground.body.id if ground.body else None
    return [one for one in ground.directory.licences.values() if one.organisation == whose]


def agreements_of(ground: Ground) -> list[Agreement]:
    """The agreements on file with the body."""
    return [one for one in ground.directory.agreements.values() if one.organisation == ground.the_body.id]


def _licences(ground: Ground) -> Iterable[tuple[str, str]]:
    for one in licences_of(ground):
        until = iso_day(one.valid_until, ground.language)
        yield (
            str(one.id),
            ground.t("organisations.paper", what=ground.t(f"activity.{one.activity}"), number=one.number, day=until),
        )


def _agreements(ground: Ground) -> Iterable[tuple[str, str]]:
    for one in agreements_of(ground):
        until = iso_day(one.valid_until, ground.language)
        yield str(one.id), ground.t("organisations.paper", what=one.subject, number=one.number, day=until)


def _some(found: list[Licence] | list[Agreement]) -> None:
    """Nothing is ended where nothing is on file. Raises NotFound."""
    if not found:
        raise NotFound


def _probe_withdraw(ground: Ground) -> Fact:
    _some(licences_of(ground))
    return LicenceWithdrawn(licences_of(ground)[0].id, "")


def _probe_end(ground: Ground) -> Fact:
    _some(agreements_of(ground))
    return AgreementEnded(agreements_of(ground)[0].id, "")


def _probe_licence(ground: Ground) -> Fact:
    """A body that may never be licensed has a dashed button, with the clause (a.3)."""
    return LicenceRecorded(Licence(0, "production", ground.body.id if ground.body else None, "", "", "", "", ""))


_WITHDRAWN = (Field("licence", "choice", options=_licences), Field("reason", "area"))
_OWN = "own_licence"

ACTS: tuple[Act, ...] = (
    Act(
        "organisation",
        "organisation",
        "plus",
        _LICENSE,
        _entered,
        lambda _ground: None,
        on="house",
        fields=_BODY,
        home=REGISTER,
    ),
    Act(
        _OWN,
        "licence",
        "rule",
        _LICENSE,
        _licence,
        _probe_licence,
        on="house",
        fields=_LICENCE,
        home=REGISTER,
    ),
    Act(
        "withdraw_own_licence",
        "licence",
        "off",
        _LICENSE,
        lambda _ground, values: [LicenceWithdrawn(int(values["licence"]), values["reason"])],
        _probe_withdraw,
        on="house",
        fields=_WITHDRAWN,
        home=REGISTER,
    ),
    Act(
        "amend",
        "organisation",
        "pen",
        _LICENSE,
        _amended,
        lambda ground: OrganisationRecorded(ground.the_body),
        on="organisation",
        fields=tuple(replace(field, default=_was(field.name)) for field in _BODY),
    ),
    Act(
        "licence",
        "licence",
        "rule",
        _LICENSE,
        _licence,
        _probe_licence,
        on="organisation",
        fields=_LICENCE,
        standing=frozenset({"ownership_forbidden"}),
    ),
    Act(
        "agreement",
        "agreement",
        "pen",
        _LICENSE,
        _agreement,
        lambda ground: AgreementRecorded(Agreement(0, ground.the_body.id, "", "", "", "", "")),
        on="organisation",
        fields=_AGREEMENT,
    ),
    Act(
        "withdraw_licence",
        "licence",
        "off",
        _LICENSE,
        lambda _ground, values: [LicenceWithdrawn(int(values["licence"]), values["reason"])],
        _probe_withdraw,
        on="organisation",
        fields=_WITHDRAWN,
    ),
    Act(
        "end_agreement",
        "agreement",
        "off",
        _LICENSE,
        lambda _ground, values: [AgreementEnded(int(values["agreement"]), values["reason"])],
        _probe_end,
        on="organisation",
        fields=(Field("agreement", "choice", options=_agreements), Field("reason", "area")),
    ),
)
VIEWS: tuple[View, ...] = ()
