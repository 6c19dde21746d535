"""The paper of an act: what stands on it, for whom, and that no print leaves without being logged."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from api import store
from api.forms import Paper, code_text, qr_code
from api.web.printing import loading, slips
from api.web.printing.model import Printed
from api.web.printing.table import PAPERS
from custody.entries import Borrowed, Moved
from custody.entries.badges import BadgeGiven
from custody.values import SECOND, Period
from tests.builders import CLERK, NOW, PEOPLE, SHELF_2, Archive, signatures
from tests.web.front import Browser, Front, words

TITLE = "远山三号总体方案"
LONG = "关于进一步加强新型试验装置研制过程中涉密载体全寿命周期管理并开展专项清查整改与责任落实工作的若干意见" * 2


def form(browser: Browser, act: str, **query: Any) -> str:
    """The page of an act's paper."""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    answer = browser.get(f"/acts/{act}/form?{asked}")
    assert answer.status_code == 200, answer.text
    text: str = answer.text
    return text


def paper(page: str) -> str:
    """The first sheet of a page, in words."""
    return words(page[page.index("<article") : page.index("</article>")])


def print_it(browser: Browser, act: str, **fields: Any) -> str:
    """Log a print; gives the address that it leads to."""
    answer = browser.send(f"/acts/{act}/form/printed", **fields)
    assert answer.status_code == 303, answer.text
    address: str = answer.headers["location"]
    return address


def logged(front: Front, act: str) -> list[store.Print]:
    """The prints on record."""
    with front.archive.books.database.reading() as connection:
        return store.prints(connection, act)


class TestSlips:
    """Borrowing and return, A5."""

    def test_the_borrowing_slip_says_who_has_what_until_when_and_under_which_duties(self, front: Front) -> None:
        act = front.archive.borrow(front.archive.carrier(), "chen").act
        shown = paper(form(front.signed_in("clerk", "zh"), act))
        for part in ("机密★20年", act, "涉密载体借阅单", "YS-2026-00001", "1 / 1", "纸，12 页", "全院"):
            assert part in shown.replace("机密 ★ 20年", "机密★20年")
        for part in ("陈国栋，研究部，工号 1004", "机密，至 2030-12-31", "2026-11-20 10:00", "2026-12-04", "（c.5）"):
            assert part in shown

    def test_a_slip_bears_no_title_but_a_list_does(self, front: Front) -> None:
        first, *more = front.archive.carriers(3, title=LONG)
        slip = front.archive.borrow(first, "chen").act
        due = front.archive.due(14)
        several = front.archive.enter(CLERK, [Borrowed(one, PEOPLE["chen"], due) for one in more], "borrow", "chen")
        clerk = front.signed_in("clerk", "zh")
        assert LONG not in form(clerk, slip)
        assert "不印标题，见原件" in form(clerk, slip)
        listed = form(clerk, several.act)
        assert "paper-a4" in listed
        assert paper(listed).count(LONG) == 2

    def test_the_title_stands_on_a_slip_where_the_configuration_says_so(self, front: Front) -> None:
        act = front.archive.borrow(front.archive.carrier(), "chen").act
        services = front.app.state.services
        front.app.state.services = replace(services, scheme=replace(services.scheme, titles_on_slips=True))
        assert TITLE in paper(form(front.signed_in("clerk"), act))

    def test_titles_hidden_on_this_device_are_not_printed_either(self, front: Front) -> None:
        carriers = front.archive.carriers(2)
        act = front.archive.books.enter(CLERK, [Moved(one, SHELF_2) for one in carriers], act="move").act
        clerk = front.signed_in("clerk", "zh")
        assert TITLE in form(clerk, act)
        assert TITLE not in form(clerk, act, titles="hide")

    def test_an_electronic_signature_is_in_its_box_and_the_others_stay_empty(self, front: Front) -> None:
        carrier = front.archive.carrier()
        front.archive.enter(CLERK, [BadgeGiven(PEOPLE["chen"], "04A1B2C3D4E5F6")], "badge", "chen")
        fact = Borrowed(carrier, PEOPLE["chen"], front.archive.due(14))
        (plain,) = signatures([fact], NOW + 8 * SECOND, "chen")
        signed = replace(plain, means="badge")
        front.clock.at += 20 * SECOND
        act = front.archive.books.enter(CLERK, [fact], act="borrow", signatures=(signed,)).act
        page = form(front.signed_in("clerk", "zh"), act, copies=1)
        (boxes,) = re.findall(r'<tr class="blank">(.*?)</tr>', page, flags=re.DOTALL)
        first, clerk, returned = re.findall(r"<td>(.*?)</td>", boxes, flags=re.DOTALL)
        assert words(first) == "陈国栋 刷证 10:00:08 2026-11-20 · 签文哈希 " + signed.text_hash[:8]
        assert clerk == returned == ""

    def test_the_return_slip_says_where_it_was_put_and_what_was_counted(self, front: Front) -> None:
        carrier = front.archive.carrier()
        front.archive.borrow(carrier, "chen")
        act = front.archive.give_back(carrier, pages=12).act
        shown = paper(form(front.signed_in("clerk"), act))
        for part in ("return slip", "B1-01-1", "12 pages", "Handled by Zhou Min"):
            assert part in shown

    def test_a_clearance_is_printed_for_the_desk_and_its_own_person_only(self, front: Front) -> None:
        act = front.archive.borrow(front.archive.carrier(level="confidential"), "chen").act
        until = "Secret, to 31 Dec 2030"
        assert until in paper(form(front.signed_in("clerk"), act))
        assert until in paper(form(front.signed_in("chen"), act))
        others = paper(form(front.signed_in("ma"), act))
        assert "Chen Guodong" in others
        assert until not in others


class TestWhatIsHidden:
    """Carriers that the visitor may not see leave no trace on the paper."""

    def test_neither_printed_nor_counted_nor_in_the_mark(self, front: Front) -> None:
        low, high, low_too = (
            front.archive.carrier(level=level) for level in ("confidential", "secret", "confidential")
        )
        mixed = front.archive.books.enter(CLERK, [Moved(one, SHELF_2) for one in (low, high, low_too)], act="move")
        clerk, ma = (paper(form(front.signed_in(who), mixed.act)) for who in ("clerk", "ma"))
        assert "YS-2026-00002" in clerk
        assert clerk.startswith("SECRET ★ 20 Y")
        assert "YS-2026-00002" not in ma
        assert ma.startswith("CONFIDENTIAL ★ 10 Y")
        assert [int(n) for n in re.findall(r"(\d+) YS-2026-0000[13]", ma)] == [1, 2]

    def test_the_code_ends_with_the_last_entry_that_is_seen(self, front: Front) -> None:
        low, high = front.archive.carrier(level="confidential"), front.archive.carrier(level="secret")
        mixed = front.archive.books.enter(CLERK, [Moved(low, SHELF_2), Moved(high, SHELF_2)], act="move")
        for who, last in (("ma", mixed.first), ("clerk", mixed.last)):
            digest = front.program(who).get(f"/api/v1/acts/{mixed.act}/form?language=en").json()["sha256"]
            drawn = form(front.signed_in(who), mixed.act)
            assert qr_code(code_text(None, mixed.act, last, digest)).path in drawn

    def test_neither_the_entries_nor_their_sequence_are_told(self, front: Front) -> None:
        low, high = front.archive.carrier(level="confidential"), front.archive.carrier(level="secret")
        mixed = front.archive.books.enter(CLERK, [Moved(low, SHELF_2), Moved(high, SHELF_2)], act="move")
        answer = front.program("ma").get(f"/api/v1/acts/{mixed.act}")
        assert [one["fact"]["carrier"] for one in answer.json()["entries"]] == [low]
        assert "sequence" not in answer.text

    def test_hidden_and_absent_acts_look_the_same(self, front: Front) -> None:
        act = front.archive.borrow(front.archive.carrier(level="secret"), "chen")
        ma = front.signed_in("ma")
        answers = [ma.get(f"/acts/{number}/form") for number in (act.act, "JY-2026-9999")]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert words(answers[0].text) == words(answers[1].text)
        sent = [ma.send(f"/acts/{number}/form/printed") for number in (act.act, "JY-2026-9999")]
        assert [answer.status_code for answer in sent] == [404, 404]
        assert logged(front, act.act) == []

    @pytest.mark.parametrize("who", ["admin", "he"])
    def test_the_administrators_print_no_business_papers(self, front: Front, who: str) -> None:
        act = front.archive.borrow(front.archive.carrier(), "chen").act
        assert front.signed_in(who).get(f"/acts/{act}/form").status_code == 403


class TestThePrint:
    """Logged first, then printed: who, when, which print."""

    def test_a_preview_says_that_it_is_none(self, front: Front) -> None:
        act = front.archive.borrow(front.archive.carrier(), "chen").act
        page = form(front.signed_in("clerk"), act)
        assert "Preview, no print logged, not valid" in paper(page)
        assert "data-print-now" not in page
        assert logged(front, act) == []

    def test_a_print_is_on_record_with_its_number_before_it_is_shown(self, front_on_both: Front) -> None:
        front = front_on_both
        act = front.archive.borrow(front.archive.carrier(), "chen").act
        clerk = front.signed_in("clerk")
        for number in (1, 2):
            page = clerk.get(print_it(clerk, act)).text
            assert f"printed by Zhou Min 20 Nov 2026 10:00 · print no. {number} · copy 1" in paper(page)
            assert f'data-print-now="{act}/1/{number}"' in page
            assert "Preview" not in paper(page)
        kept = logged(front, act)
        assert [(one.number, one.person, one.copies, one.language) for one in kept] == [
            (1, PEOPLE["clerk"], 2, "en"),
            (2, PEOPLE["clerk"], 2, "en"),
        ]
        assert "printed 2 times, last by Zhou Min" in words(clerk.get(f"/acts/{act}").text)

    def test_a_print_is_an_export_too(self, front: Front) -> None:
        act = front.archive.borrow(front.archive.carrier(), "chen").act
        clerk = front.signed_in("clerk")
        print_it(clerk, act, copies=1)
        with front.archive.books.database.reading() as connection:
            rows = connection.exec_driver_sql("SELECT person, name, filters, rows FROM export_log").all()
        assert [tuple(row) for row in rows] == [
            (PEOPLE["clerk"], "form", f'{{"act": "{act}", "part": 1, "copies": 1, "print": 1}}', 1)
        ]
        assert TITLE not in str(rows)

    def test_prints_of_two_at_once_get_two_numbers(self, archive: Archive) -> None:
        made = store.Print("JY-2026-0001", 1, 0, 1, NOW, "zh", 1, 1, "00" * 32, None)

        def log(_nth: int) -> int:
            with archive.books.database.writing() as connection:
                return store.log_print(connection, made).number

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(log, range(12))) == list(range(1, 13))

    def test_a_forged_request_logs_nothing(self, front: Front) -> None:
        act = front.archive.borrow(front.archive.carrier(), "chen").act
        clerk = front.signed_in("clerk")
        assert clerk.http.post(f"/acts/{act}/form/printed", data={"csrf": "x"}).status_code == 403
        assert logged(front, act) == []

    def test_somebody_elses_print_is_only_a_preview_here(self, front: Front) -> None:
        act = front.archive.borrow(front.archive.carrier(), "chen").act
        address = print_it(front.signed_in("clerk"), act)
        page = front.signed_in("chen").get(address).text
        assert "Preview" in paper(page)
        assert "data-print-now" not in page
        assert "That print is over" in words(page)

    def test_a_print_is_over_after_ten_minutes(self, front: Front) -> None:
        act = front.archive.borrow(front.archive.carrier(), "chen").act
        clerk = front.signed_in("clerk")
        address = print_it(clerk, act)
        front.clock.at += 600 * SECOND
        assert "print no. 1" in paper(clerk.get(address).text)
        front.clock.at += 1
        assert "Preview" in paper(clerk.get(address).text)

    def test_a_paper_that_has_changed_since_is_not_that_print(self, front: Front) -> None:
        act = front.archive.borrow(front.archive.carrier(), "chen").act
        clerk = front.signed_in("clerk")
        address = print_it(clerk, act)
        assert "print no. 1" in paper(clerk.get(address).text)
        # In the other language it is another paper, with another hash.
        assert "预览" in paper(clerk.get(f"{address}&lang=zh").text)

    def test_the_number_of_copies_is_what_is_asked_for(self, front: Front) -> None:
        act = front.archive.borrow(front.archive.carrier(), "chen").act
        clerk = front.signed_in("clerk")
        assert form(clerk, act).count("<article") == 2
        assert form(clerk, act, copies=1).count("<article") == 1
        assert clerk.get(print_it(clerk, act, copies=1)).text.count("<article") == 1
        assert logged(front, act)[0].copies == 1

    def test_the_receipt_leads_to_the_paper(self, front: Front) -> None:
        act = front.archive.borrow(front.archive.carrier(), "chen").act
        assert f'href="/acts/{act}/form"' in front.signed_in("clerk").get(f"/acts/{act}").text

    def test_titles_stand_neither_in_the_address_nor_in_the_pages_name(self, front: Front) -> None:
        act = front.archive.books.enter(CLERK, [Moved(one, SHELF_2) for one in front.archive.carriers(2)], act="move")
        page = form(front.signed_in("clerk", "zh"), act.act)
        assert TITLE in page
        assert TITLE not in re.findall(r"<title>(.*?)</title>", page)[0]
        assert TITLE not in "".join(re.findall(r'(?:href|action|src)="[^"]*"', page))


class TestLists:
    """Every other act, A4."""

    def test_a_kind_without_a_builder_of_its_own_lists_what_was_done_to_each(self, front: Front) -> None:
        front.archive.carrier(level="internal", period=Period("none"))
        with front.archive.books.database.reading() as connection:
            (act,) = connection.exec_driver_sql("SELECT DISTINCT act FROM entry WHERE carrier = 1").scalars()
        shown = paper(form(front.signed_in("clerk", "zh"), act))
        assert "旧账转入、绑定标签、上架" in shown
        assert "3414 F4A2 0000 0000 0000 0001；至 B1-01-1" in shown

    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_an_act_about_no_carrier_has_its_paper_too(self, front: Front, language: str) -> None:
        page = form(front.signed_in("clerk", language), "ML-2026-0001")
        assert "Zhou Min" in page if language == "en" else "周敏" in page
        assert "★" not in paper(page)

    @pytest.mark.parametrize(("own", "on_top"), [("internal", "SECRET ★ 20 Y"), ("top_secret", "TOP SECRET ★ 30 Y")])
    def test_a_builders_own_mark_can_raise_the_level_but_not_lower_it(
        self, front: Front, monkeypatch: pytest.MonkeyPatch, own: str, on_top: str
    ) -> None:
        def builder(printed: Printed) -> Paper:
            return replace(slips.listed(printed), mark=printed.mark_of(own, Period("maximum")))

        act = front.archive.books.enter(CLERK, [Moved(front.archive.carrier(), SHELF_2)], act="move").act
        monkeypatch.setitem(PAPERS, "move", builder)
        assert paper(form(front.signed_in("clerk"), act)).startswith(on_top)

    def test_a_long_act_is_printed_in_parts_each_with_its_own_hash(
        self, front: Front, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(loading, "LINES_A_PART", 4)
        carriers = front.archive.carriers(10)
        act = front.archive.books.enter(CLERK, [Moved(one, SHELF_2) for one in carriers], act="move").act
        clerk = front.signed_in("clerk")
        parts = [form(clerk, act, part=part) for part in (1, 2, 3)]
        assert [len(re.findall(r"\d+ YS-2026-000\d\d", paper(page))) for page in parts] == [4, 4, 2]
        assert "9 YS-2026-00009" in paper(parts[2])
        assert "part 3 of 3" in paper(parts[2])
        assert clerk.get(f"/acts/{act}/form?part=4").status_code == 404
        print_it(clerk, act, part=3)
        print_it(clerk, act, part=1)
        kept = logged(front, act)
        assert [(one.part, one.number, one.lines) for one in kept] == [(1, 1, 4), (3, 1, 2)]
        assert kept[0].paper_hash != kept[1].paper_hash
