"""Places, the regulations, the accounts, and the auditor's ledger."""

import re
from pathlib import Path

import pytest

from custody.ledger import LedgerKey
from custody.regulations import CLAUSES
from custody.values import SECOND
from reconcile.store.core import ANTENNA, COVERAGE, READER
from tests.builders import SHELF
from tests.web.front import Front, words


def listens(front: Front, ago_seconds: int) -> None:
    """A reader at the first shelf that last listened so long ago."""
    through = front.clock.at - ago_seconds * SECOND
    with front.archive.books.database.writing() as connection:
        connection.execute(
            READER.insert().values(
                name="cabinet", device="", title_zh="", title_en="", enabled=True, state="listening", detail=""
            )
        )
        connection.execute(ANTENNA.insert().values(reader="cabinet", number=1, place=SHELF, role="place"))
        connection.execute(
            COVERAGE.insert().values(reader="cabinet", antenna=1, since_at=through - 3600 * SECOND, through_at=through)
        )


class TestPlaces:
    """The tree and one place."""

    def test_the_tree_counts_what_is_in_each_place(self, front_on_both: Front) -> None:
        front_on_both.archive.carriers(3)
        page = words(front_on_both.signed_in("clerk").get("/places?view=list").text)
        assert re.search(r"B1-01-1 \S+ Shelf · storage Top secret 3 3", page)
        assert re.search(r"B1-01 \S+ Cabinet · storage Top secret 3", page)
        assert re.search(r"B1-corridor \S+ Room · storage not rated", page)

    def test_counts_are_of_what_the_visitor_may_see(self, front: Front) -> None:
        front.archive.carriers(3, level="top_secret", scope=("unit:3",))
        page = words(front.signed_in("chen").get("/places?view=list").text)
        assert "This page needs a permission" in page
        page = words(front.signed_in("manager").get("/places?view=list").text)
        assert re.search(r"B1-01-1 \S+ Shelf · storage Top secret 3", page)

    @pytest.mark.parametrize(("ago", "said"), [(5, "listening"), (7200, "not covered 2 h")])
    def test_whether_anybody_listens_is_said_of_each(self, front: Front, ago: int, said: str) -> None:
        listens(front, ago)
        browser = front.signed_in("clerk")
        assert re.search(rf"B1-01-1 .* {said}", words(browser.get("/places?view=list").text))
        page = browser.get(f"/places/{SHELF}").text
        assert "cabinet/1" in page
        assert ("svg-deaf" in page) is True

    def test_a_place_lists_its_carriers(self, front: Front) -> None:
        front.archive.carrier()
        page = words(front.signed_in("clerk").get(f"/places/{SHELF}").text)
        assert "YS-2026-00001" in page
        assert "There is no antenna here" in page

    def test_a_place_that_is_not_there_is_not_found(self, front: Front) -> None:
        assert front.signed_in("clerk").get("/places/999").status_code == 404


class TestRegulations:
    """Every clause, kept or not yet."""

    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_every_clause_stands_there_with_its_wording(self, front: Front, language: str) -> None:
        page = front.signed_in("chen", language).get("/regulations").text
        assert {clause.id for clause in CLAUSES} == set(re.findall(r'<article id="([^"]+)"', page))

    def test_what_is_not_kept_is_said(self, front: Front) -> None:
        page = words(front.signed_in("clerk").get("/regulations?state=not_yet").text)
        assert "Not yet" in page
        kept = front.signed_in("clerk").get("/regulations?state=kept").text
        assert 'id="f.2"' in kept or 'id="f.2"' in front.signed_in("clerk").get("/regulations?state=partly").text


class TestLedger:
    """The auditor's pages."""

    @pytest.fixture
    def keyed(self, front: Front, tmp_path: Path) -> Front:
        """Books that can sign."""
        key = LedgerKey.load_or_create(tmp_path / "ledger.key", "custody.test")
        front.archive.books._key = key
        return front

    def test_entries_stand_there_without_what_they_are_about(self, keyed: Front) -> None:
        keyed.archive.carrier(title="高原站点选址报告")
        page = keyed.signed_in("he").get("/ledger").text
        assert "Imported" in page
        assert "高原站点" not in page
        assert "YS-2026-00001" not in page

    def test_entries_are_paged_by_sequence(self, keyed: Front) -> None:
        keyed.archive.carriers(30)
        browser, address, seen = keyed.signed_in("he"), "/ledger", []
        while address:
            page = browser.get(address).text
            seen += [
                int(n.replace(",", ""))
                for n in re.findall(
                    r'<tr><td class="num">([\d,]+)</td><td class="nowrap"><time[^>]*>[^<]*</time></td>',
                    page,
                )
            ]
            following = re.search(r'rel="next" href="([^"]+)"', page)
            address = following[1].replace("&amp;", "&") if following else ""
        assert seen == sorted(seen, reverse=True)
        assert len(seen) == len(set(seen)) == seen[0]

    def test_without_a_checkpoint_it_says_so_and_one_can_be_signed(self, keyed: Front) -> None:
        keyed.archive.carriers(3)
        browser = keyed.signed_in("he")
        assert "never signed" in browser.get("/ledger").text
        browser.send("/ledger/checkpoint")
        assert "never signed" not in browser.get("/ledger").text

    def test_the_auditor_is_shown_no_title_and_handed_no_export(self, keyed: Front) -> None:
        keyed.archive.carrier(title="远山三号总体方案")
        browser = keyed.signed_in("he")
        assert "远山三号" not in browser.get("/ledger").text
        assert browser.send("/ledger/export").status_code == 404

    @pytest.mark.parametrize("who", ["clerk", "manager", "admin", "chen"])
    def test_nobody_else_reads_it(self, front: Front, who: str) -> None:
        browser = front.signed_in(who)
        assert browser.get("/ledger").status_code == 403
        assert browser.send("/ledger/checkpoint").status_code == 403
