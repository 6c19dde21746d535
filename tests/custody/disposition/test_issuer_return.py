"""Received papers go back to their issuer by list, when it calls them back (clause b.7)."""

from dataclasses import replace
from typing import Any

import pytest

from custody.entries import Borrowed, Fact, Received, Shelved
from custody.entries.disposition import (
    IssuerReturnClosed,
    IssuerReturnExplained,
    IssuerReturnListed,
    IssuerReturnOpened,
    Reissued,
)
from custody.life_cycle import Status
from tests.builders import CLERK, PEOPLE, SHELF, Archive, description
from tests.custody.disposition.scenes import (
    ISSUER,
    NOTICE,
    called_back,
    lost,
    parcel,
    received_papers,
    refusals_of,
    refused,
)


def test_papers_go_back_in_parts_and_the_list_closes_when_all_are_accounted_for(archive: Archive) -> None:
    first, second, third = received_papers(archive, 3)
    archive.borrow(second, "chen")
    matter = called_back(archive, [first, second, third])
    assert archive.the_matter(matter).due_at == archive.due(10)

    archive.enter(CLERK, [parcel(matter, first)], "issuer_return", "clerk2")
    archive.give_back(second)  # what is called back still comes home from its loan
    archive.enter(CLERK, [parcel(matter, second, parcel="F-0032")], "issuer_return", "clerk2")
    archive.enter(
        CLERK,
        [IssuerReturnExplained(third, matter, "发文机关同意留存"), IssuerReturnClosed(matter, "岭收-9")],
        "issuer_return",
    )

    ended = archive.the_matter(matter)
    assert (ended.status, ended.ended, dict(ended.counts)) == ("closed", True, {"explained": 1, "returned": 2})
    assert [archive.state(one).status for one in (first, second, third)] == [
        Status.RETURNED_TO_ISSUER,
        Status.RETURNED_TO_ISSUER,
        Status.IN_PLACE,
    ]
    assert archive.line(matter, second).label == "F-0032 邓机要"
    archive.borrow(third, "chen")  # explained and over: it may be used
    assert archive.books.rebuild_check() == []


def test_what_is_called_back_is_not_lent_again(sqlite_archive: Archive) -> None:
    first, second = received_papers(sqlite_archive, 2)
    called_back(sqlite_archive, [first])

    def lent(carrier: int) -> list[Fact]:
        return [Borrowed(carrier, PEOPLE["chen"], sqlite_archive.due(5))]

    assert refusals_of(sqlite_archive, CLERK, lent(first), "borrow", "chen") == ["in_matter"]
    assert refusals_of(sqlite_archive, CLERK, lent(second), "borrow", "chen") == []


def test_what_was_lost_is_listed_and_explained(sqlite_archive: Archive) -> None:
    (paper,) = received_papers(sqlite_archive, 1)
    matter = called_back(sqlite_archive, [paper])
    lost(sqlite_archive, paper)
    sqlite_archive.enter(CLERK, [IssuerReturnExplained(paper, matter, "已申报下落不明")], "issuer_return")
    assert sqlite_archive.line(matter, paper).state == "explained"


def test_b_7_record__only_papers_of_this_issuer_are_listed(sqlite_archive: Archive) -> None:
    (paper,) = received_papers(sqlite_archive, 1)
    (other,) = received_papers(sqlite_archive, 1, issuer="海西院")
    own = sqlite_archive.carrier()
    matter = called_back(sqlite_archive, [])
    for stranger in (other, own):
        listed = IssuerReturnListed(stranger, matter)
        assert refusals_of(sqlite_archive, CLERK, [listed], "issuer_return") == ["b.7 not_of_issuer"]
    assert refusals_of(sqlite_archive, CLERK, [IssuerReturnListed(paper, matter)], "issuer_return") == []


@pytest.mark.parametrize("field", ["issuer", "notice_number", "notice_on"])
def test_b_7_record__the_notice_is_told(field: str, sqlite_archive: Archive) -> None:
    whole = IssuerReturnOpened(sqlite_archive.matter(), 1, "secret", ISSUER, NOTICE, "2026-11-18", 0)
    blank: dict[str, Any] = {field: ""}
    empty = replace(whole, **blank)
    assert refusals_of(sqlite_archive, CLERK, [empty], "issuer_return") == ["b.7 text_missing"]
    assert refusals_of(sqlite_archive, CLERK, [replace(whole, notice_on="上周")], "issuer_return") == ["date_invalid"]
    assert refusals_of(sqlite_archive, CLERK, [whole], "issuer_return") == []


def test_b_7_record__both_hands_sign(sqlite_archive: Archive) -> None:
    (paper,) = received_papers(sqlite_archive, 1)
    matter = called_back(sqlite_archive, [paper])
    alone = refused(sqlite_archive, CLERK, [parcel(matter, paper)], "issuer_return")
    assert [(one.clause, one.code) for one in alone] == [("b.7", "signature_missing")]
    assert refusals_of(sqlite_archive, CLERK, [parcel(matter, paper)], "issuer_return", "clerk2") == []


def test_b_7_record__each_goes_in_a_sealed_parcel_whole_into_named_hands(sqlite_archive: Archive) -> None:
    (paper,) = received_papers(sqlite_archive, 1)
    matter = called_back(sqlite_archive, [paper])

    def codes(**changes: object) -> list[str]:
        return refusals_of(sqlite_archive, CLERK, [parcel(matter, paper, **changes)], "issuer_return", "clerk2", "lin")

    assert codes(parcel=" ") == ["b.7 text_missing"]
    assert codes(received_by_name="") == ["b.7 receiver_unclear"]
    assert codes(witness=CLERK.person) == ["b.7 same_hands"]
    assert codes(witness=PEOPLE["lin"]) == ["b.7 receiver_left"]
    assert codes(witness=99) == ["reference_unknown", "b.7 signature_missing"]
    assert codes(pages_counted=3) == ["b.7 pages_short"]
    assert codes() == []


def test_b_7_record__the_list_is_not_closed_over_a_paper_not_accounted_for(sqlite_archive: Archive) -> None:
    (paper,) = received_papers(sqlite_archive, 1)
    matter = called_back(sqlite_archive, [])
    closed = IssuerReturnClosed(matter)
    assert refusals_of(sqlite_archive, CLERK, [closed], "issuer_return") == ["b.7 nothing_done"]
    sqlite_archive.enter(CLERK, [IssuerReturnListed(paper, matter)], "issuer_return")
    assert refusals_of(sqlite_archive, CLERK, [closed], "issuer_return") == ["b.7 list_open"]
    unexplained = IssuerReturnExplained(paper, matter, "")
    assert refusals_of(sqlite_archive, CLERK, [unexplained], "issuer_return") == ["text_missing"]
    sqlite_archive.enter(CLERK, [parcel(matter, paper)], "issuer_return", "clerk2")
    assert refusals_of(sqlite_archive, CLERK, [closed], "issuer_return") == []


class TestReissue:
    """A paper that comes again is received anew, and says what it was."""

    @staticmethod
    def again(archive: Archive, former: int, **changes: Any) -> list[Fact]:
        (carrier,) = archive.books.reserve("carrier", 1)
        was = archive.state(former).description
        named: dict[str, Any] = {
            "control_number": f"LW-2027-{carrier:04d}",
            "issuer": ISSUER,
            "issuer_number": was.issuer_number,
        }
        anew = description(**(named | changes))
        return [Received(carrier, anew), Reissued(carrier, former), Shelved(carrier, SHELF)]

    def test_it_names_the_paper_that_went_back(self, archive: Archive) -> None:
        (paper,) = received_papers(archive, 1)
        matter = called_back(archive, [paper])
        archive.enter(CLERK, [parcel(matter, paper), IssuerReturnClosed(matter)], "issuer_return", "clerk2")
        archive.enter(CLERK, self.again(archive, paper), "take_in")
        assert archive.state(paper).status is Status.RETURNED_TO_ISSUER
        assert archive.books.rebuild_check() == []

    def test_b_7_record__only_one_that_went_back_under_the_issuers_own_number(self, sqlite_archive: Archive) -> None:
        paper, kept = received_papers(sqlite_archive, 2)
        matter = called_back(sqlite_archive, [paper])
        sqlite_archive.enter(CLERK, [parcel(matter, paper)], "issuer_return", "clerk2")
        for facts in (
            self.again(sqlite_archive, kept),
            self.again(sqlite_archive, paper, issuer_number="岭测发〔2027〕1号"),
        ):
            assert refusals_of(sqlite_archive, CLERK, facts, "take_in") == ["b.7 not_the_former"]
        assert refusals_of(sqlite_archive, CLERK, self.again(sqlite_archive, paper), "take_in") == []
