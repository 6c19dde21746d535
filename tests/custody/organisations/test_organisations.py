"""Other bodies, their licences and agreements: who is on file, and what makes a paper good (clauses a.3, d.3, i.1)."""

from dataclasses import replace
from typing import Any

import pytest

from custody.entries import Fact
from custody.entries.organisations import (
    AgreementEnded,
    AgreementRecorded,
    LicenceRecorded,
    LicenceWithdrawn,
    OrganisationRecorded,
)
from custody.procedures.organisations import no_agreement, ownership_forbidden, unlicensed
from custody.register import Directory
from custody.rules import Situation
from custody.store import queries
from custody.values import Agreement, Licence, Organisation
from tests.builders import CLERK, NOW, SCHEME, SECRECY_OFFICE, TODAY, Archive, directory
from tests.custody.disclosure.scene import refusals_of, refused

PRESS = Organisation(1, "PRESS", "部属印刷厂", "Ministry printing house", contact="010-1")
LICENCE = Licence(1, "production", 1, "印证字3号", "国家保密局", "secret", "2025-01-01", "2027-12-31")
AGREEMENT = Agreement(1, 1, "保协3号", "联合试验", "secret", "2025-01-01", "2027-12-31", "对方代表")


def the_directory(archive: Archive) -> Directory:
    """As it stands."""
    with archive.books.database.reading() as connection:
        return queries.directory(connection)


def test_a_body_is_entered_amended_licensed_and_agreed_with(archive: Archive) -> None:
    archive.books.reserve("organisation", 1)
    archive.enter(SECRECY_OFFICE, [OrganisationRecorded(PRESS)], "organisation")
    archive.enter(SECRECY_OFFICE, [OrganisationRecorded(replace(PRESS, contact="010-2"))], "organisation")
    archive.enter(SECRECY_OFFICE, [LicenceRecorded(LICENCE)], "licence")
    archive.enter(SECRECY_OFFICE, [AgreementRecorded(AGREEMENT)], "agreement")
    found = the_directory(archive)
    assert found.organisations[1].contact == "010-2"
    assert found.licence("production", 1, TODAY) == LICENCE
    assert found.agreement(1, TODAY) == AGREEMENT
    archive.enter(SECRECY_OFFICE, [LicenceWithdrawn(1, "年审未过")], "licence")
    archive.enter(SECRECY_OFFICE, [AgreementEnded(1, "合作终止")], "agreement")
    found = the_directory(archive)
    assert (found.licences, found.agreements) == ({}, {})
    assert archive.books.rebuild_check() == []


def test_the_house_has_licences_of_its_own(sqlite_archive: Archive) -> None:
    own = [LicenceRecorded(replace(LICENCE, organisation=None, activity="reproduction"))]
    assert refusals_of(sqlite_archive, SECRECY_OFFICE, own, "licence") == []
    assert the_directory(sqlite_archive).licence("reproduction", None, TODAY) is not None


def test_only_the_secrecy_office_puts_bodies_on_file(sqlite_archive: Archive) -> None:
    facts: list[Fact] = [OrganisationRecorded(PRESS)]
    assert refusals_of(sqlite_archive, CLERK, facts, "organisation") == ["not_permitted"]
    assert "signature_missing" in refusals_of(sqlite_archive, SECRECY_OFFICE, facts, "organisation", signed=False)
    assert refusals_of(sqlite_archive, SECRECY_OFFICE, facts, "organisation") == []


BODIES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "without a name": ({"name": " "}, ["directory_nameless"]),
    "without a code": ({"code": ""}, ["directory_nameless"]),
    "without an identifier": ({"id": 0, "code": "X"}, ["directory_nameless"]),
    "with another's code": ({"id": 2}, ["code_taken"]),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_body_has_a_code_and_a_name_of_its_own(case: str, sqlite_archive: Archive) -> None:
    changes, expected = BODIES[case]
    sqlite_archive.enter(SECRECY_OFFICE, [OrganisationRecorded(PRESS)], "organisation")
    wrong: list[Fact] = [OrganisationRecorded(replace(PRESS, **changes))]
    assert refusals_of(sqlite_archive, SECRECY_OFFICE, wrong, "organisation") == expected


def test_a_code_is_free_again_when_its_body_was_given_another(sqlite_archive: Archive) -> None:
    sqlite_archive.enter(SECRECY_OFFICE, [OrganisationRecorded(PRESS)], "organisation")
    both = [OrganisationRecorded(replace(PRESS, code="OLD")), OrganisationRecorded(replace(PRESS, id=2))]
    assert refusals_of(sqlite_archive, SECRECY_OFFICE, both, "organisation") == []


LICENCES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "of a body unknown": ({"organisation": 9}, ["reference_unknown"]),
    "without a number": ({"number": ""}, ["text_missing"]),
    "issued by nobody": ({"issued_by": " "}, ["text_missing"]),
    "for a level unknown": ({"level": "cosmic"}, ["paper_unclear"]),
    "from a day that is none": ({"valid_from": "2025"}, ["paper_unclear"]),
    "ended before it began": ({"valid_until": "2024-12-31"}, ["paper_unclear"]),
    "without an identifier": ({"id": 0}, ["paper_unclear"]),
}


@pytest.mark.parametrize("case", LICENCES)
def test_a_licence_says_whose_what_up_to_which_level_and_until_when(case: str, sqlite_archive: Archive) -> None:
    changes, expected = LICENCES[case]
    sqlite_archive.enter(SECRECY_OFFICE, [OrganisationRecorded(PRESS)], "organisation")
    wrong: list[Fact] = [LicenceRecorded(replace(LICENCE, **changes))]
    assert refusals_of(sqlite_archive, SECRECY_OFFICE, wrong, "licence") == expected
    right: list[Fact] = [LicenceRecorded(LICENCE)]
    assert refusals_of(sqlite_archive, SECRECY_OFFICE, right, "licence") == []
    assert refusals_of(sqlite_archive, SECRECY_OFFICE, right, "licence") == ["paper_unclear"]  # once


AGREEMENTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "with a body unknown": ({"organisation": 9}, ["reference_unknown"]),
    "without a number": ({"number": ""}, ["text_missing"]),
    "about nothing": ({"subject": ""}, ["text_missing"]),
    "signed by nobody": ({"signed_by": ""}, ["text_missing"]),
    "for a level unknown": ({"level": ""}, ["paper_unclear"]),
    "until a day that is none": ({"valid_until": "soon"}, ["paper_unclear"]),
}


@pytest.mark.parametrize("case", AGREEMENTS)
def test_an_agreement_says_with_whom_about_what_and_until_when(case: str, sqlite_archive: Archive) -> None:
    changes, expected = AGREEMENTS[case]
    sqlite_archive.enter(SECRECY_OFFICE, [OrganisationRecorded(PRESS)], "organisation")
    wrong: list[Fact] = [AgreementRecorded(replace(AGREEMENT, **changes))]
    assert refusals_of(sqlite_archive, SECRECY_OFFICE, wrong, "agreement") == expected
    right: list[Fact] = [AgreementRecorded(AGREEMENT)]
    assert refusals_of(sqlite_archive, SECRECY_OFFICE, right, "agreement") == []


@pytest.mark.parametrize("ownership", ["private", "foreign", "foreign_funded", "self_employed"])
def test_a_3_refuse__no_licence_of_a_body_that_may_never_produce_is_put_on_file(
    ownership: Any, sqlite_archive: Archive
) -> None:
    body = sqlite_archive.organisation("SHOP", ownership=ownership)
    licence: list[Fact] = [LicenceRecorded(replace(LICENCE, organisation=body))]
    (against,) = refused(sqlite_archive, SECRECY_OFFICE, licence, "licence")
    assert (against.clause, against.code, against.params["ownership"]) == ("a.3", "ownership_forbidden", ownership)
    state = sqlite_archive.organisation("OWN", ownership="collective")
    allowed: list[Fact] = [LicenceRecorded(replace(LICENCE, organisation=state))]
    assert refusals_of(sqlite_archive, SECRECY_OFFICE, allowed, "licence") == []


def test_a_paper_is_ended_once_and_with_a_reason(sqlite_archive: Archive) -> None:
    body = sqlite_archive.organisation()
    licence, agreement = sqlite_archive.licence(body), sqlite_archive.agreement(body)
    for fact, act in ((LicenceWithdrawn(licence, " "), "licence"), (AgreementEnded(agreement, ""), "agreement")):
        assert refusals_of(sqlite_archive, SECRECY_OFFICE, [fact], act) == ["text_missing"]
        ended: list[Fact] = [replace(fact, reason="到期不续")]
        assert refusals_of(sqlite_archive, SECRECY_OFFICE, ended, act) == []
        assert refusals_of(sqlite_archive, SECRECY_OFFICE, ended, act) == ["reference_unknown"]


# What the letters ask of a body.


def asking(*papers: Licence | Agreement, ownership: Any = "state", on: str = TODAY) -> Situation:
    """A situation in which the printing house has these papers."""
    found = directory()
    found.organisations[1] = replace(PRESS, ownership=ownership)
    for number, one in enumerate(papers, 1):
        if isinstance(one, Licence):
            found.licences[number] = replace(one, id=number)
        else:
            found.agreements[number] = replace(one, id=number)
    return Situation(CLERK, SCHEME, found, NOW, on)


def test_a_licence_is_good_for_its_activity_within_its_days_up_to_its_level() -> None:
    assert unlicensed("production", 1, "secret", asking(LICENCE)) is None
    assert unlicensed("production", 1, "secret", asking(LICENCE, on="2027-12-31")) is None
    for situation, activity, level in (
        (asking(LICENCE, on="2028-01-01"), "production", "secret"),
        (asking(LICENCE, on="2024-12-31"), "production", "secret"),
        (asking(LICENCE), "reproduction", "secret"),
        (asking(LICENCE), "production", "top_secret"),
        (asking(), "production", "secret"),
    ):
        assert unlicensed(activity, 1, level, situation) == {
            "organisation": "部属印刷厂",
            "organisation_en": "Ministry printing house",
            "activity": activity,
            "level": level,
        }


def test_the_house_itself_is_named_where_it_has_no_licence() -> None:
    against = unlicensed("reproduction", None, "secret", asking(LICENCE))
    assert against is not None
    assert against["organisation_en"] == SCHEME.organisation_en


def test_of_several_papers_the_one_that_covers_it_counts() -> None:
    lower = {"level": "confidential", "valid_until": "2030-12-31"}
    licences = asking(replace(LICENCE, **lower), LICENCE)  # type: ignore[arg-type]
    assert unlicensed("production", 1, "secret", licences) is None
    agreements = asking(replace(AGREEMENT, **lower), AGREEMENT)  # type: ignore[arg-type]
    assert no_agreement(1, "secret", agreements) is None
    assert no_agreement(1, "top_secret", agreements) is not None


def test_ownership_is_asked_of_bodies_that_are_known() -> None:
    assert ownership_forbidden(1, asking()) is None
    assert ownership_forbidden(99, asking()) is None
    against = ownership_forbidden(1, asking(ownership="foreign_funded"))
    assert against is not None
    assert against["ownership"] == "foreign_funded"
