"""What is lost from a list and found again goes on in it: to the archives, to its issuer (clauses b.7, f.3)."""

from custody.entries import Borrowed
from custody.entries.disposition import (
    IssuerReturnClosed,
    IssuerReturnExplained,
    IssuerReturnListed,
    TransferClosed,
    TransferStruck,
)
from custody.life_cycle import Status
from tests.builders import CLERK, PEOPLE, Archive
from tests.custody.disposition.scenes import (
    approved_transfer,
    called_back,
    handed,
    parcel,
    received_papers,
    refusals_of,
)


def test_found_again_it_is_handed_over_by_the_list_that_it_was_lost_from(archive: Archive) -> None:
    first, second = archive.carriers(2)
    matter = approved_transfer(archive, [first, second])
    loss = archive.lose(first)
    assert refusals_of(archive, CLERK, [handed(matter, first)], "transfer", "clerk2") == ["state"]
    archive.find(loss, first)
    assert archive.state(first).matter == matter
    facts = [handed(matter, first), handed(matter, second), TransferClosed(matter)]
    archive.enter(CLERK, facts, "transfer", "clerk2")
    assert archive.the_matter(matter).counts == {"transferred": 2}
    assert archive.books.rebuild_check() == []


def test_what_stays_lost_is_struck_off_and_the_rest_goes(sqlite_archive: Archive) -> None:
    first, second = sqlite_archive.carriers(2)
    matter = approved_transfer(sqlite_archive, [first, second])
    loss = sqlite_archive.lose(first)
    facts = [TransferStruck(first, matter, "下落不明，另案查处"), handed(matter, second), TransferClosed(matter)]
    sqlite_archive.enter(CLERK, facts, "transfer", "clerk2")
    sqlite_archive.find(loss, first)
    sqlite_archive.borrow(first, "chen")
    assert sqlite_archive.the_matter(matter).counts == {"struck": 1, "transferred": 1}
    assert sqlite_archive.books.rebuild_check() == []


def test_what_was_explained_to_the_issuer_as_lost_is_listed_again_when_it_is_found(archive: Archive) -> None:
    first, second = received_papers(archive, 2)
    matter = called_back(archive, [first, second])
    loss = archive.lose(first)
    archive.enter(CLERK, [IssuerReturnExplained(first, matter, "下落不明，正在查处")], "issuer_return")
    archive.find(loss, first)
    archive.enter(CLERK, [IssuerReturnListed(first, matter)], "issuer_return")
    facts = [parcel(matter, first), parcel(matter, second), IssuerReturnClosed(matter)]
    archive.enter(CLERK, facts, "issuer_return", "clerk2")
    assert archive.the_matter(matter).counts == {"returned": 2}
    assert archive.state(first).status is Status.RETURNED_TO_ISSUER
    assert archive.books.rebuild_check() == []


def test_found_while_it_is_called_back_it_is_not_lent(sqlite_archive: Archive) -> None:
    (paper,) = received_papers(sqlite_archive, 1)
    sqlite_archive.borrow(paper, "chen")
    called_back(sqlite_archive, [paper])
    sqlite_archive.find(sqlite_archive.lose(paper), paper)
    lent = [Borrowed(paper, PEOPLE["chen"], sqlite_archive.due(3))]
    assert refusals_of(sqlite_archive, CLERK, lent, "borrow", "chen") == ["in_matter"]
