"""Archiving and transfer by list (clause f.3)."""

from typing import Any

import pytest

from custody.entries import Borrowed, Fact
from custody.entries.approvals import Withdrawn
from custody.entries.disposition import ArchivingDue, TransferClosed, TransferListed, TransferOpened, TransferStruck
from custody.life_cycle import Status
from tests.builders import CLERK, LOW_SHELF, MANAGER, PEOPLE, Archive
from tests.custody.disposition.scenes import (
    approved_transfer,
    ask,
    handed,
    refusals_of,
    refused,
    transfer_list,
)


def test_a_list_is_approved_handed_over_item_by_item_and_closed(archive: Archive) -> None:
    first, second, third = archive.carriers(3)
    matter = approved_transfer(archive, [first, second, third])

    archive.enter(CLERK, [handed(matter, first, pages_counted=12)], "transfer", "clerk2")
    assert archive.state(first).status is Status.TRANSFERRED
    assert (archive.state(first).place, archive.state(first).home) == (None, None)
    assert archive.the_matter(matter).status == "approved"

    archive.enter(CLERK, [TransferStruck(second, matter, "研究部仍在使用")], "transfer")
    archive.borrow(second, "chen")  # struck off, it is free again
    archive.enter(CLERK, [handed(matter, third), TransferClosed(matter, "档收-17")], "transfer", "clerk2")

    ended = archive.the_matter(matter)
    assert (ended.status, ended.ended, ended.body.receipt) == ("closed", True, "档收-17")
    assert dict(ended.counts) == {"struck": 1, "transferred": 2}
    assert archive.line(matter, first).pages == 12
    assert archive.line(matter, second).label == "研究部仍在使用"
    assert archive.books.rebuild_check() == []


def test_what_is_listed_is_not_lent_meanwhile(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    lent: list[Fact] = [Borrowed(carrier, PEOPLE["chen"], sqlite_archive.due(5))]
    assert refusals_of(sqlite_archive, CLERK, lent, "borrow", "chen") == []
    sqlite_archive.give_back(carrier)
    transfer_list(sqlite_archive, [carrier])
    assert "in_matter" in refusals_of(sqlite_archive, CLERK, lent, "borrow", "chen")


def test_nothing_is_handed_over_before_it_is_approved(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    matter = transfer_list(sqlite_archive, [carrier])
    ask(sqlite_archive, matter, "transfer")
    assert refusals_of(sqlite_archive, CLERK, [handed(matter, carrier)], "transfer", "clerk2") == ["matter_state"]


def test_f_3_record__a_hand_over_that_one_alone_signed_does_not_complete(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    matter = approved_transfer(sqlite_archive, [carrier])
    alone = refused(sqlite_archive, CLERK, [handed(matter, carrier)], "transfer")
    assert [(one.clause, one.code, one.params["person_en"]) for one in alone] == [
        ("f.3", "signature_missing", "Shen Lan")
    ]
    assert refusals_of(sqlite_archive, CLERK, [handed(matter, carrier)], "transfer", "clerk2") == []
    assert sqlite_archive.state(carrier).status is Status.TRANSFERRED


HANDS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nobody receives": ({"received_by": None}, ["f.3 receiver_unclear"]),
    "two receivers": ({"received_by_name": "档案馆王工"}, ["f.3 receiver_unclear"]),
    "a stranger without a witness": ({"received_by": None, "received_by_name": "王工"}, ["f.3 receiver_unclear"]),
    "to oneself": ({"received_by": PEOPLE["clerk"]}, ["f.3 same_hands"]),
    "oneself as witness": (
        {"received_by": None, "received_by_name": "王工", "witness": PEOPLE["clerk"]},
        ["f.3 same_hands"],
    ),
    "one who has left": ({"received_by": PEOPLE["lin"]}, ["f.3 receiver_left", "b.3 not_cleared"]),
    "one not cleared": ({"received_by": PEOPLE["ma"]}, ["b.3 not_cleared"]),
    "pages are short": ({"pages_counted": 11}, ["f.3 pages_short"]),
}


@pytest.mark.parametrize("case", HANDS)
def test_f_3_record__into_whose_hands_it_went(case: str, sqlite_archive: Archive) -> None:
    changes, expected = HANDS[case]
    carrier = sqlite_archive.carrier()
    matter = approved_transfer(sqlite_archive, [carrier])
    fact = handed(matter, carrier, **changes)
    others = {fact.received_by, fact.witness} - {None, CLERK.person}
    names = [name for name, person in PEOPLE.items() if person in others]
    assert refusals_of(sqlite_archive, CLERK, [fact], "transfer", *names) == expected
    assert refusals_of(sqlite_archive, CLERK, [handed(matter, carrier)], "transfer", "clerk2") == []


def test_a_receiver_without_an_account_is_named_before_a_witness(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    matter = approved_transfer(sqlite_archive, [carrier])
    fact = handed(matter, carrier, received_by=None, received_by_name="档案馆王工", witness=PEOPLE["clerk2"])
    assert refusals_of(sqlite_archive, CLERK, [fact], "transfer") == ["f.3 signature_missing"]
    assert refusals_of(sqlite_archive, CLERK, [fact], "transfer", "clerk2") == []


def test_f_3_record__a_list_is_not_closed_over_what_was_not_handed_over(sqlite_archive: Archive) -> None:
    first, second = sqlite_archive.carriers(2)
    matter = approved_transfer(sqlite_archive, [first, second])
    sqlite_archive.enter(CLERK, [handed(matter, first)], "transfer", "clerk2")
    assert refusals_of(sqlite_archive, CLERK, [TransferClosed(matter)], "transfer") == ["f.3 list_open"]
    assert refusals_of(sqlite_archive, CLERK, [Withdrawn(matter, "不办了")], "approval") == ["partly_done"]
    sqlite_archive.enter(CLERK, [handed(matter, second), TransferClosed(matter)], "transfer", "clerk2")
    assert sqlite_archive.the_matter(matter).status == "closed"


@pytest.mark.parametrize("field", ["receiver", "place"])
def test_f_3_record__a_list_says_to_whom_and_where(field: str, sqlite_archive: Archive) -> None:
    said = {"receiver": "院档案馆", "place": "档案馆一楼"}
    empty = TransferOpened(sqlite_archive.matter(), 1, "secret", "archives", **(said | {field: " "}))
    assert refusals_of(sqlite_archive, CLERK, [empty], "transfer") == ["f.3 text_missing"]
    whole = TransferOpened(sqlite_archive.matter(), 1, "secret", "archives", **said)
    assert refusals_of(sqlite_archive, CLERK, [whole], "transfer") == []


def test_only_what_is_in_its_place_is_listed(sqlite_archive: Archive) -> None:
    here, lent = sqlite_archive.carriers(2)
    sqlite_archive.borrow(lent, "chen")
    matter = transfer_list(sqlite_archive, [here])
    assert refusals_of(sqlite_archive, CLERK, [TransferListed(lent, matter)], "transfer") == ["state"]
    assert refusals_of(sqlite_archive, CLERK, [TransferStruck(here, matter, " ")], "transfer") == ["text_missing"]


def test_the_manager_does_not_keep_lists(sqlite_archive: Archive) -> None:
    matter = sqlite_archive.matter()
    opened = TransferOpened(matter, 1, "secret", "archives", "院档案馆", "档案馆一楼")
    assert refusals_of(sqlite_archive, MANAGER, [opened], "transfer") == ["not_permitted"]


class TestTheDayOfArchiving:
    """A carrier has a day by which it is to be archived, or none."""

    def test_it_is_set_and_lifted(self, archive: Archive) -> None:
        carrier = archive.carrier(place=LOW_SHELF, level="confidential")
        archive.enter(CLERK, [ArchivingDue(carrier, "2027-06-30")], "archiving")
        assert archive.state(carrier).description.archive_by == "2027-06-30"
        archive.enter(CLERK, [ArchivingDue(carrier, "", "转为长期使用")], "archiving")
        assert archive.state(carrier).description.archive_by == ""
        assert archive.books.rebuild_check() == []

    def test_it_is_a_day(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        assert refusals_of(sqlite_archive, CLERK, [ArchivingDue(carrier, "年底")], "archiving") == ["date_invalid"]
