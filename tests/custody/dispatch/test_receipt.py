"""Receiving: number, two signatures, the manifest compared item by item, the sender told (clauses b.1, b.2)."""

from typing import Any, ClassVar

import pytest

from custody.entries import Fact, Shelved, TagBound
from custody.entries.dispatch import (
    ItemOver,
    ItemShort,
    ItemWrong,
    ReceiptCancelled,
    ReceiptClosed,
    ReceiptOpened,
)
from custody.life_cycle import Status
from custody.values import Tag
from tests.builders import CLERK, MANAGER, PEOPLE, SHELF, Archive, epc_of
from tests.custody.dispatch.scenes import (
    bodies,
    consignment,
    end_receipt,
    listed,
    opened,
    refusals_of,
    refused,
    taken,
    told,
)


def test_a_consignment_is_compared_row_by_row_registered_and_signed_for(archive: Archive) -> None:
    bodies(archive)
    matter = consignment(archive, 4, sender=1)
    whole, other = taken(archive, matter, 1), taken(archive, matter, 3, pages=10)
    put: list[Fact] = [whole, TagBound(whole.carrier, Tag(epc_of(900))), Shelved(whole.carrier, SHELF)]
    archive.enter(CLERK, put, "receipt")
    archive.enter(CLERK, [ItemShort(matter, 2, "封内无此件")], "receipt")
    archive.enter(CLERK, [ItemWrong(matter, 3, "pages", "kept", "缺末两页"), other], "receipt")
    archive.enter(CLERK, [ItemWrong(matter, 4, "damaged", "sent_back", "浸水，字迹不清")], "receipt")
    extra = taken(archive, matter, None, issuer_number="部发〔2026〕8号")
    archive.enter(CLERK, [extra, ItemOver(matter, "部发〔2026〕9号", 1, "非我单位件，原封退回")], "receipt")
    end_receipt(archive, matter, full=False)

    ended = archive.the_matter(matter)
    assert (ended.status, ended.ended, dict(ended.counts)) == ("closed", True, {"received": 3})
    assert [row.outcome for row in ended.body.rows] == ["received", "short", "wrong", "wrong"]
    assert [row.carrier for row in ended.body.rows] == [whole.carrier, None, other.carrier, None]
    assert [one.carrier for one in ended.body.over] == [extra.carrier, None]
    assert archive.line(matter, whole.carrier).label == "1"
    assert archive.state(whole.carrier).status is Status.IN_PLACE
    assert archive.books.rebuild_check() == []


def test_one_paper_goes_through_in_one_act(sqlite_archive: Archive) -> None:
    matter = sqlite_archive.matter()
    one = taken(sqlite_archive, matter, 1)
    facts: list[Fact] = [
        *(opened(matter, 1), one, Shelved(one.carrier, SHELF)),
        *(told(sqlite_archive, matter), ReceiptClosed(matter, True)),
    ]
    receipt = sqlite_archive.enter(CLERK, facts, "receipt", "clerk2")
    assert sqlite_archive.the_matter(matter).status == "closed"
    assert sqlite_archive.the_matter(matter).number == receipt.act


class TestB1:
    """Register, number, sign."""

    def test_b_1_refuse__a_receipt_that_one_alone_signed_is_not_closed(self, sqlite_archive: Archive) -> None:
        matter = consignment(sqlite_archive, 1)
        sqlite_archive.enter(CLERK, [taken(sqlite_archive, matter, 1), told(sqlite_archive, matter)], "receipt")
        closed = [ReceiptClosed(matter, True)]
        alone = refused(sqlite_archive, CLERK, closed, "receipt_end")
        assert [(one.clause, one.code, one.params["person_en"]) for one in alone] == [
            ("b.1", "signature_missing", "Shen Lan")
        ]
        assert refusals_of(sqlite_archive, CLERK, closed, "receipt_end", "clerk2") == []

    HANDS: ClassVar[dict[str, tuple[dict[str, Any], list[str]]]] = {
        "nobody brought it": ({"delivered_by_name": ""}, ["b.1 receiver_unclear"]),
        "a courier without a witness": ({"witness": None}, ["b.1 receiver_unclear"]),
        "a courier and a colleague": ({"delivered_by": PEOPLE["chen"]}, ["b.1 receiver_unclear"]),
        "from oneself": (
            {"delivered_by": CLERK.person, "delivered_by_name": "", "witness": None},
            ["b.1 same_hands"],
        ),
        "one who has left": ({"witness": PEOPLE["lin"]}, ["b.1 receiver_left"]),
        "no manifest number": ({"manifest_number": " "}, ["b.1 text_missing"]),
        "no sender": ({"sender_name": ""}, ["b.1 text_missing"]),
    }

    @pytest.mark.parametrize("case", HANDS)
    def test_b_1_refuse__from_whom_under_which_number_and_through_whose_hands(
        self, case: str, sqlite_archive: Archive
    ) -> None:
        changes, expected = self.HANDS[case]
        matter = sqlite_archive.matter()
        assert refusals_of(sqlite_archive, CLERK, [opened(matter, 1, **changes)], "receipt") == expected
        assert refusals_of(sqlite_archive, CLERK, [opened(matter, 1)], "receipt") == []

    def test_b_1_refuse__what_is_registered_bears_the_issuers_own_number(self, sqlite_archive: Archive) -> None:
        row = listed(1, issuer_number="部发〔2026〕7号")
        matter = consignment(sqlite_archive, (row,))
        nameless = taken(sqlite_archive, matter, None, issuer_number=" ")
        assert refusals_of(sqlite_archive, CLERK, [nameless], "receipt") == ["b.1 issuer_missing"]
        assert refusals_of(sqlite_archive, CLERK, [taken(sqlite_archive, matter, 1)], "receipt") == []


class TestB2:
    """Count and check one by one."""

    def test_b_2_refuse__not_received_in_full_while_one_is_short(self, sqlite_archive: Archive) -> None:
        matter = consignment(sqlite_archive, 2)
        facts: list[Fact] = [taken(sqlite_archive, matter, 1), ItemShort(matter, 2), told(sqlite_archive, matter)]
        sqlite_archive.enter(CLERK, facts, "receipt")
        full, true = [ReceiptClosed(matter, True)], [ReceiptClosed(matter, False)]
        assert refusals_of(sqlite_archive, CLERK, full, "receipt_end", "clerk2") == ["b.2 not_in_full"]
        assert refusals_of(sqlite_archive, CLERK, true, "receipt_end", "clerk2") == []

    def test_b_2_refuse__not_received_in_full_with_something_over(self, sqlite_archive: Archive) -> None:
        matter = consignment(sqlite_archive, 1)
        sqlite_archive.enter(CLERK, [taken(sqlite_archive, matter, 1), taken(sqlite_archive, matter, None)], "receipt")
        sqlite_archive.enter(CLERK, [told(sqlite_archive, matter)], "receipt")
        full = [ReceiptClosed(matter, True)]
        assert refusals_of(sqlite_archive, CLERK, full, "receipt_end", "clerk2") == ["b.2 not_in_full"]

    def test_b_2_record__nothing_ends_while_a_row_is_not_accounted_for(self, sqlite_archive: Archive) -> None:
        matter = consignment(sqlite_archive, 2)
        sqlite_archive.enter(CLERK, [taken(sqlite_archive, matter, 1)], "receipt")
        early = [told(sqlite_archive, matter)]
        assert refusals_of(sqlite_archive, CLERK, early, "receipt") == ["b.2 rows_open"]
        assert refusals_of(sqlite_archive, CLERK, [ReceiptClosed(matter, False)], "receipt_end", "clerk2") == [
            "b.2 rows_open",
            "b.2 sender_untold",
        ]
        sqlite_archive.enter(CLERK, [ItemShort(matter, 2)], "receipt")
        assert refusals_of(sqlite_archive, CLERK, early, "receipt") == []

    def test_b_2_record__the_sender_is_told_before_it_ends(self, sqlite_archive: Archive) -> None:
        matter = consignment(sqlite_archive, 1)
        sqlite_archive.enter(CLERK, [taken(sqlite_archive, matter, 1)], "receipt")
        closed = [ReceiptClosed(matter, True)]
        assert refusals_of(sqlite_archive, CLERK, closed, "receipt_end", "clerk2") == ["b.2 sender_untold"]
        nobody = [told(sqlite_archive, matter, to=" ")]
        assert refusals_of(sqlite_archive, CLERK, nobody, "receipt") == ["b.2 text_missing"]
        sqlite_archive.enter(CLERK, [told(sqlite_archive, matter)], "receipt")
        assert refusals_of(sqlite_archive, CLERK, closed, "receipt_end", "clerk2") == []

    def test_b_2_record__what_is_found_after_the_sender_was_told_is_told_again(self, sqlite_archive: Archive) -> None:
        matter = consignment(sqlite_archive, 1)
        sqlite_archive.enter(CLERK, [taken(sqlite_archive, matter, 1), told(sqlite_archive, matter)], "receipt")
        sqlite_archive.enter(CLERK, [taken(sqlite_archive, matter, None)], "receipt")
        closed = [ReceiptClosed(matter, False)]
        assert refusals_of(sqlite_archive, CLERK, closed, "receipt_end", "clerk2") == ["b.2 sender_untold"]

    DIFFERENT: ClassVar[dict[str, dict[str, Any]]] = {
        "another copy": {"copy_number": 5},
        "other pages": {"pages": 11},
        "another number of the issuer": {"issuer_number": "部发〔2026〕8号"},
        "another title": {"title": "别的"},
        "a lower level": {"level": "confidential"},
        "another kind": {"kind": "disc"},
    }

    @pytest.mark.parametrize("case", DIFFERENT)
    def test_b_2_record__what_differs_from_the_manifest_is_first_said_to_be_wrong(
        self, case: str, sqlite_archive: Archive
    ) -> None:
        matter = consignment(sqlite_archive, 1)
        came = taken(sqlite_archive, matter, 1, **self.DIFFERENT[case])
        assert refusals_of(sqlite_archive, CLERK, [came], "receipt") == ["b.2 other_than_listed"]
        unsaid: list[Fact] = [ItemWrong(matter, 1, "other", "kept", " "), came]
        assert refusals_of(sqlite_archive, CLERK, unsaid, "receipt") == ["b.2 text_missing"]
        said: list[Fact] = [ItemWrong(matter, 1, "other", "kept", "与清单不符"), came]
        assert refusals_of(sqlite_archive, CLERK, said, "receipt") == []

    SEALS: ClassVar[dict[str, dict[str, Any]]] = {
        "no number on the seal": {"seal": ""},
        "a broken seal passed over": {"seal_state": "broken"},
        "no seal at all passed over": {"seal_state": "none", "seal": ""},
    }

    @pytest.mark.parametrize("case", SEALS)
    def test_b_2_record__how_the_seal_was_found(self, case: str, sqlite_archive: Archive) -> None:
        matter = sqlite_archive.matter()
        silent = opened(matter, 1, **self.SEALS[case])
        assert refusals_of(sqlite_archive, CLERK, [silent], "receipt") == ["b.2 text_missing"]
        spoken = opened(matter, 1, **({"note": "封口有拆痕，已拍照", "seal": "F-1"} | {"seal_state": "broken"}))
        assert refusals_of(sqlite_archive, CLERK, [spoken], "receipt") == []

    MANIFESTS: ClassVar[dict[str, Any]] = {
        "empty": (),
        "a number twice": (listed(1), listed(1)),
        "a number below one": (listed(0),),
        "a copy below one": (listed(1, copy_number=0),),
        "no pages": (listed(1, pages=0),),
        "no number of the issuer": (listed(1, issuer_number=""),),
        "an unknown level": (listed(1, level="cosmic"),),
        "above the level of the whole": (listed(1, level="top_secret"),),
    }

    @pytest.mark.parametrize("case", MANIFESTS)
    def test_b_2_record__the_manifest_names_every_item(self, case: str, sqlite_archive: Archive) -> None:
        matter = sqlite_archive.matter()
        unclear = opened(matter, self.MANIFESTS[case])
        assert refusals_of(sqlite_archive, CLERK, [unclear], "receipt") == ["b.2 manifest_unclear"]
        assert refusals_of(sqlite_archive, CLERK, [opened(matter, 1)], "receipt") == []

    def test_b_2_record__what_is_said_of_a_row_is_signed(self, sqlite_archive: Archive) -> None:
        matter = consignment(sqlite_archive, 1)
        short = [ItemShort(matter, 1)]
        assert refusals_of(sqlite_archive, CLERK, short, "receipt", signed=False) == ["b.2 signature_missing"]
        assert refusals_of(sqlite_archive, CLERK, short, "receipt") == []

    def test_b_2_record__what_is_sent_back_is_named(self, sqlite_archive: Archive) -> None:
        matter = consignment(sqlite_archive, 1)
        for over in (ItemOver(matter, "", 1, "退"), ItemOver(matter, "部发〔2026〕9号", 1, " ")):
            assert refusals_of(sqlite_archive, CLERK, [over], "receipt") == ["b.2 text_missing"]


class TestGoodOrder:
    """What no clause says."""

    def test_a_row_is_accounted_for_once(self, sqlite_archive: Archive) -> None:
        matter = consignment(sqlite_archive, 2)
        sqlite_archive.enter(CLERK, [taken(sqlite_archive, matter, 1)], "receipt")
        for fact in (
            taken(sqlite_archive, matter, 1),
            ItemShort(matter, 1),
            ItemWrong(matter, 1, "other", "kept", "再看"),
        ):
            assert refusals_of(sqlite_archive, CLERK, [fact], "receipt") == ["row_done"]
        for fact in (taken(sqlite_archive, matter, 7), ItemShort(matter, 7)):
            assert refusals_of(sqlite_archive, CLERK, [fact], "receipt") == ["row_unknown"]

    def test_nothing_above_the_level_of_its_papers(self, sqlite_archive: Archive) -> None:
        matter = consignment(sqlite_archive, 1)
        above = taken(sqlite_archive, matter, None, level="top_secret")
        assert refusals_of(sqlite_archive, CLERK, [above], "receipt") == ["above_matter_level"]

    def test_the_sender_is_not_told_tomorrow(self, sqlite_archive: Archive) -> None:
        matter = consignment(sqlite_archive, 1)
        sqlite_archive.enter(CLERK, [ItemShort(matter, 1)], "receipt")
        later = told(sqlite_archive, matter, told_at=sqlite_archive.due(1))
        assert refusals_of(sqlite_archive, CLERK, [later], "receipt") == ["time_impossible"]

    def test_a_sender_of_the_directory_is_in_it(self, sqlite_archive: Archive) -> None:
        matter = sqlite_archive.matter()
        assert refusals_of(sqlite_archive, CLERK, [opened(matter, 1, sender=9)], "receipt") == ["reference_unknown"]

    def test_a_receipt_begun_by_mistake_is_cancelled_while_nothing_is_registered(self, sqlite_archive: Archive) -> None:
        begun, used = consignment(sqlite_archive, 1), consignment(sqlite_archive, 1)
        sqlite_archive.enter(CLERK, [taken(sqlite_archive, used, 1)], "receipt")
        assert refusals_of(sqlite_archive, CLERK, [ReceiptCancelled(used, "登错")], "receipt") == ["partly_done"]
        assert refusals_of(sqlite_archive, CLERK, [ReceiptCancelled(begun, " ")], "receipt") == ["text_missing"]
        assert refusals_of(sqlite_archive, CLERK, [ReceiptCancelled(begun, "登错")], "receipt") == []
        assert sqlite_archive.the_matter(begun).status == "cancelled"

    def test_the_manager_does_not_receive(self, sqlite_archive: Archive) -> None:
        fact: ReceiptOpened = opened(sqlite_archive.matter(), 1)
        assert refusals_of(sqlite_archive, MANAGER, [fact], "receipt") == ["not_permitted"]

    def test_internal_papers_are_received_the_same_way(self, sqlite_archive: Archive) -> None:
        matter = consignment(sqlite_archive, (listed(1, level="internal"),), level="internal")
        sqlite_archive.enter(CLERK, [taken(sqlite_archive, matter, 1, level="internal")], "receipt")
        end_receipt(sqlite_archive, matter)
        assert sqlite_archive.the_matter(matter).body.full
