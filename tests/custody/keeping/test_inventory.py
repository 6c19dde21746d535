"""The yearly inventory: every carrier is seen, declared by its holder or explained, and the report is signed."""

from dataclasses import replace

import pytest

from custody.access import Role
from custody.entries import Fact, RoundSigned
from custody.entries.keeping import (
    HoldingConfirmed,
    InventoryClosed,
    InventoryConfirmed,
    InventoryCounted,
    InventoryExplained,
    InventoryFrozen,
    InventoryListed,
    InventoryOpened,
    InventoryOver,
    InventoryRow,
    KeepingAbandoned,
)
from custody.rules import Refused
from custody.store import keeping
from custody.values import DAY
from tests.builders import CLERK, MANAGER, NOW, PEOPLE, SECRECY_OFFICE, SHELF, Archive, Ticking, subject
from tests.custody.keeping.house import (
    CHEN,
    CLERK_ID,
    OFFICE,
    begin_inventory,
    change_place,
    codes,
    with_accounts,
)

CHEN_HERE = subject("chen", Role.BORROWER)
CODE = "inventory_count"


def closing(archive: Archive, matter: int, keeper: int = CLERK_ID) -> list[Fact]:
    """The report with the figures of the lines."""
    with archive.books.database.reading() as connection:
        rows = keeping.inventory_rows(connection, matter)
    return [InventoryClosed(matter, keeper, rows)]


def close(archive: Archive, matter: int, *signers: str) -> None:
    """The office signs the report, and these."""
    archive.enter(SECRECY_OFFICE, closing(archive, matter), "inventory_close", *signers)


class TestWhole:
    """From the list to the report."""

    def test_seen_declared_out_and_missing_add_up(self, archive: Archive) -> None:
        with_accounts(archive)
        seen, lent, lost = archive.carriers(3)
        internal = archive.carrier(level="internal", unit=3)
        archive.borrow(lent, "chen")
        matter = begin_inventory(archive)
        assert archive.line(matter, lent).person == CHEN
        archive.enter(CLERK, [InventoryCounted(one, matter) for one in (seen, internal)], CODE)
        archive.enter(CHEN_HERE, [HoldingConfirmed(lent)], "confirm_holdings")
        archive.enter(CLERK, [InventoryConfirmed(lent, matter)], CODE)
        archive.lose(lost)
        archive.enter(CLERK, [InventoryExplained(lost, matter, "missing")], CODE)
        over = InventoryOver(matter, "YS-1999-00007", "补登，按收文入账", SHELF)
        archive.enter(CLERK, [over], CODE)
        close(archive, matter, "clerk")
        ended = archive.the_matter(matter)
        assert ended.status == "closed"
        assert ended.body.rows == (
            InventoryRow(1, "secret", 1, 1, 0, 1, 0),
            InventoryRow(3, "internal", 1, 0, 0, 0, 0),
        )
        assert [row.on_books for row in ended.body.rows] == [3, 1]
        assert [(one.code, one.by) for one in ended.body.over] == [("YS-1999-00007", CLERK_ID)]
        assert archive.books.rebuild_check() == []

    def test_of_one_unit_it_lists_the_unit_with_its_sub_units_only(self, sqlite_archive: Archive) -> None:
        own, other = sqlite_archive.carrier(unit=3), sqlite_archive.carrier(unit=4)
        matter = begin_inventory(sqlite_archive, 3, freeze=False)
        assert sqlite_archive.the_matter(matter).counts == {"listed": 1}
        assert sqlite_archive.line(matter, own).state == "listed"
        with pytest.raises(Refused) as refused:
            sqlite_archive.enter(SECRECY_OFFICE, [InventoryListed(other, matter)], "inventory")
        assert codes(refused.value) == [("", "not_of_the_unit")]

    def test_a_large_list_is_made_in_several_acts_and_frozen_when_whole(self, archive: Archive) -> None:
        first, second, third = archive.carriers(3)
        matter = archive.matter()
        opened = InventoryOpened(matter, 1, "top_secret", 2026, OFFICE, NOW + DAY)
        archive.enter(SECRECY_OFFICE, [opened, InventoryListed(first, matter)], "inventory")
        frozen = InventoryFrozen(matter)
        with pytest.raises(Refused) as refused:
            archive.enter(SECRECY_OFFICE, [InventoryListed(second, matter), frozen], "inventory")
        assert codes(refused.value) == [("", "list_incomplete")]
        with pytest.raises(Refused, match="matter_state"):
            archive.enter(CLERK, [InventoryCounted(first, matter)], CODE)
        rest: list[Fact] = [InventoryListed(second, matter), InventoryListed(third, matter)]
        archive.enter(SECRECY_OFFICE, [*rest, frozen], "inventory")
        assert (archive.the_matter(matter).status, archive.the_matter(matter).due_at) == ("counting", NOW + DAY)
        # What comes in now is next year's.
        later = archive.carrier()
        with pytest.raises(Refused, match="matter_state"):
            archive.enter(SECRECY_OFFICE, [InventoryListed(later, matter)], "inventory")


@pytest.mark.parametrize(
    ("change", "field"),
    [({"year": 2024}, "year"), ({"head": PEOPLE["lin"]}, "head"), ({"until": NOW}, "until")],
    ids=lambda value: str(value),
)
def test_an_inventory_is_of_this_year_headed_by_somebody_here_and_has_an_end(
    sqlite_archive: Archive, change: dict[str, int], field: str
) -> None:
    opened = InventoryOpened(sqlite_archive.matter(), 1, "top_secret", 2026, OFFICE, NOW + 30 * DAY)
    with pytest.raises(Refused) as refused:
        sqlite_archive.enter(SECRECY_OFFICE, [replace(opened, **change)], "inventory")
    (only,) = refused.value.refusals
    assert (only.code, only.params) == ("inventory_unfit", {"field": field})


class TestCount:
    """No line without somebody who saw, declared or declared missing."""

    def test_a_holder_declares_himself_or_signs_at_the_desk(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        sqlite_archive.borrow(carrier, "chen")
        sqlite_archive.enter(CHEN_HERE, [HoldingConfirmed(carrier)], "confirm_holdings")
        clock = sqlite_archive.books.clock
        assert isinstance(clock, Ticking)
        clock.days(1)
        matter = begin_inventory(sqlite_archive)
        fact = InventoryConfirmed(carrier, matter)
        with pytest.raises(Refused) as refused:  # declared before the inventory was opened
            sqlite_archive.enter(CLERK, [fact], CODE)
        assert codes(refused.value) == [("", "not_declared")]
        sqlite_archive.enter(CLERK, [fact], CODE, "chen")
        assert sqlite_archive.line(matter, carrier).state == "confirmed"

    def test_anothers_declaration_is_none(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        sqlite_archive.borrow(carrier, "chen")
        matter = begin_inventory(sqlite_archive)
        sqlite_archive.enter(CHEN_HERE, [HoldingConfirmed(carrier)], "confirm_holdings")
        sqlite_archive.give_back(carrier)
        sqlite_archive.borrow(carrier, "sun")
        with pytest.raises(Refused, match="not_declared"):
            sqlite_archive.enter(CLERK, [InventoryConfirmed(carrier, matter)], CODE)

    def test_what_is_in_its_place_is_nobodys_to_declare(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        matter = begin_inventory(sqlite_archive)
        with pytest.raises(Refused, match="not_declared"):
            sqlite_archive.enter(CLERK, [InventoryConfirmed(carrier, matter)], CODE)

    @pytest.mark.parametrize("how", ["out", "missing", "gone", "forgotten"])
    def test_a_loan_is_not_explained_away(self, sqlite_archive: Archive, how: str) -> None:
        carrier = sqlite_archive.carrier()
        sqlite_archive.borrow(carrier, "chen")
        matter = begin_inventory(sqlite_archive)
        with pytest.raises(Refused) as refused:
            sqlite_archive.enter(CLERK, [InventoryExplained(carrier, matter, how)], CODE)
        assert codes(refused.value) == [("", "explained_wrongly")]
        with pytest.raises(Refused, match="not_in_place"):
            sqlite_archive.enter(CLERK, [InventoryCounted(carrier, matter)], CODE)

    def test_a_sweep_signed_since_is_taken_over(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        matter = begin_inventory(sqlite_archive)
        counted = InventoryCounted(carrier, matter, "QC-2026-0001")
        with pytest.raises(Refused, match="sweep_unfit"):
            sqlite_archive.enter(CLERK, [counted], CODE)
        sqlite_archive.enter(CLERK, [RoundSigned("QC-2026-0001", SHELF, 1, 1, 1, 0, 0, 0, "0" * 64)], "round")
        sqlite_archive.enter(CLERK, [counted], CODE)
        assert sqlite_archive.line(matter, carrier).label == "QC-2026-0001"

    def test_the_holder_on_the_list_is_the_books(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        matter = sqlite_archive.matter()
        opened = InventoryOpened(matter, 1, "top_secret", 2026, OFFICE, NOW + DAY)
        with pytest.raises(Refused) as refused:
            sqlite_archive.enter(SECRECY_OFFICE, [opened, InventoryListed(carrier, matter, CHEN)], "inventory")
        assert codes(refused.value) == [("", "holder_misnamed")]

    @pytest.mark.parametrize(
        ("code", "resolution", "place"), [(" ", "补登", None), ("A-1", "", None), ("A-1", "补登", 99)]
    )
    def test_what_is_found_too_much_is_told_with_what_was_done(
        self, sqlite_archive: Archive, code: str, resolution: str, place: int | None
    ) -> None:
        matter = begin_inventory(sqlite_archive)
        with pytest.raises(Refused, match="text_missing"):
            sqlite_archive.enter(CLERK, [InventoryOver(matter, code, resolution, place)], CODE)


class TestReport:
    """Signed by head, keeper and office, with the figures of the lines."""

    def test_not_before_every_line_is_accounted_for(self, sqlite_archive: Archive) -> None:
        with_accounts(sqlite_archive)
        carrier = sqlite_archive.carrier()
        matter = begin_inventory(sqlite_archive)
        with pytest.raises(Refused) as refused:
            close(sqlite_archive, matter, "clerk")
        assert ("", "count_open") in codes(refused.value)
        sqlite_archive.enter(CLERK, [InventoryCounted(carrier, matter)], CODE)
        close(sqlite_archive, matter, "clerk")

    def test_the_figures_are_those_of_the_lines(self, sqlite_archive: Archive) -> None:
        with_accounts(sqlite_archive)
        carrier = sqlite_archive.carrier()
        matter = begin_inventory(sqlite_archive)
        sqlite_archive.enter(CLERK, [InventoryCounted(carrier, matter)], CODE)
        for row in (InventoryRow(1, "secret", 0, 1, 0, 0, 0), InventoryRow(1, "secret", 2, 0, 0, 0, 0)):
            with pytest.raises(Refused) as refused:
                sqlite_archive.enter(
                    SECRECY_OFFICE, [InventoryClosed(matter, CLERK_ID, (row,))], "inventory_close", "clerk"
                )
            assert codes(refused.value) == [("", "report_differs")]

    def test_head_and_keeper_sign_with_the_office(self, sqlite_archive: Archive) -> None:
        with_accounts(sqlite_archive)
        matter = begin_inventory(sqlite_archive, head=PEOPLE["leader"])
        for signers in ((), ("clerk",), ("leader",)):
            with pytest.raises(Refused, match="signature_missing"):
                close(sqlite_archive, matter, *signers)
        close(sqlite_archive, matter, "clerk", "leader")
        assert sqlite_archive.the_matter(matter).body.keeper == CLERK_ID

    def test_the_keeper_keeps_and_is_not_who_leads(self, sqlite_archive: Archive) -> None:
        with_accounts(sqlite_archive)
        matter = begin_inventory(sqlite_archive)
        for keeper, code in ((CHEN, "keeper_missing"), (OFFICE, "persons_not_distinct")):
            with pytest.raises(Refused) as refused:
                sqlite_archive.enter(SECRECY_OFFICE, closing(sqlite_archive, matter, keeper), "inventory_close", keeper)
            assert code in [c for _clause, c in codes(refused.value)]
        change_place(sqlite_archive, SHELF, responsible=CHEN)
        sqlite_archive.enter(SECRECY_OFFICE, closing(sqlite_archive, matter, CHEN), "inventory_close", "chen")

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"head": 999}, "head"),
            ({"head": PEOPLE["lin"]}, "head"),
            ({"year": 1999}, "year"),
            ({"until": NOW}, "until"),
        ],
    )
    def test_an_inventory_says_who_leads_of_which_year_until_when(
        self, sqlite_archive: Archive, change: dict[str, int], field: str
    ) -> None:
        opened = InventoryOpened(sqlite_archive.matter(), 1, "secret", 2026, OFFICE, NOW + DAY)
        with pytest.raises(Refused) as refused:
            sqlite_archive.enter(SECRECY_OFFICE, [replace(opened, **change)], "inventory")
        assert refused.value.refusals[0].params == {"field": field}

    def test_the_secrecy_office_heads_it(self, sqlite_archive: Archive) -> None:
        opened = InventoryOpened(sqlite_archive.matter(), 1, "secret", 2026, OFFICE, NOW + DAY)
        for who in (CLERK, MANAGER):
            with pytest.raises(Refused, match="not_permitted"):
                sqlite_archive.enter(who, [opened], "inventory")
        sqlite_archive.enter(SECRECY_OFFICE, [opened], "inventory")
        abandoned = KeepingAbandoned(opened.matter, "另立")
        with pytest.raises(Refused) as refused:
            sqlite_archive.enter(CLERK, [abandoned], "keeping_abandon")
        assert codes(refused.value) == [("", "office_heads")]
        sqlite_archive.enter(SECRECY_OFFICE, [abandoned], "keeping_abandon")
        assert sqlite_archive.the_matter(opened.matter).status == "abandoned"
