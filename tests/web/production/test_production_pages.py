"""Production orders on the pages and by REST, each act to its printed form."""

import re
from typing import Any

import pytest

from api.acts.model import Unfit
from api.acts.production.numbers import epcs_of, numbers_of, numbers_text, paired
from custody.life_cycle import Status
from custody.store import queries
from custody.store.queries.matters import MatterFilter
from tests.builders import CLERK, SHELF, epc_of
from tests.custody.production.scene import NUMBER, approved_order, copies, intermediate
from tests.web.front import PASSWORD, Browser, Front, number_of, words

TITLE = "远山三号试验大纲"


def the_order(**changes: Any) -> dict[str, Any]:
    """An order as it is typed."""
    said = {
        "control_number": NUMBER,
        "title": TITLE,
        "carrier_kind": "document",
        "medium": "paper",
        "pages": "12",
        "quantity": "3",
        "level": "secret",
        "period.kind": "years",
        "period.value": "10",
        "scope": ["all"],
        "basis": "clause 4",
        "determined_by": "Liu Wangchuan",
        "classified_on": "2026-11-20",
        "unit": "4",
        "place": "B1-reading",
        "reason": "for the review",
    }
    return said | changes


def entered(browser: Browser, address: str, **fields: Any) -> tuple[int, str]:
    """Send a form; gives the matter and the act's number."""
    answer = browser.send(address, **fields)
    assert answer.status_code == 303, words(answer.text)
    found = re.fullmatch(r"/matters/(\d+)\?done=([A-Z]+-2026-\d+)", answer.headers["location"])
    assert found, answer.headers["location"]
    return int(found[1]), found[2]


def printed(browser: Browser, act: str) -> str:
    """The words of an act's paper."""
    answer = browser.get(f"/acts/{act}/form")
    assert answer.status_code == 200
    return words(answer.text)


def ordered_and_approved(front: Front, **changes: Any) -> tuple[int, str]:
    """An order written by the borrower, approved by two others on their pages; gives it and the order's act."""
    order, act = entered(front.signed_in("chen"), "/business/new/production", **the_order(**changes))
    for who in ("secrecy", "committee"):
        browser = front.signed_in(who)
        assert str(order) in browser.get("/approvals").text
        entered(browser, f"/matters/{order}/approve", password=PASSWORD)
    return order, act


def test_an_order_from_the_page_to_the_last_paper(front: Front) -> None:
    order, act = ordered_and_approved(front)
    clerk = front.signed_in("clerk")
    paper = printed(clerk, act)
    for part in ("PRODUCTION ORDER", NUMBER, TITLE, "SECRET ★ 10", "3, numbered 1-3", "Liu Wangchuan", "Song Lin"):
        assert part in paper

    _, act = entered(clerk, f"/matters/{order}/labels", epcs=f"{epc_of(91)}..{epc_of(93)}")
    assert "LABELS AND MARKS" in printed(clerk, act)
    _, act = entered(
        clerk,
        f"/matters/{order}/register_copies",
        copies="1-2",
        epcs=f"{epc_of(91)}\n{epc_of(92)}",
        place="B1-01-1",
        marked="1",
    )
    paper = printed(clerk, act)
    for part in ("CARRIERS PRODUCED", f"{NUMBER}", "2 / 3", "B1-01-1", "0000 005B"):
        assert part in paper
    _, act = entered(clerk, f"/matters/{order}/spoil_copies", copies="3", reason="jammed", place="B1-01-1")
    assert f"{NUMBER}/P1" in printed(clerk, act)
    entered(clerk, f"/matters/{order}/labels_back", epcs=epc_of(93), reason="not used")
    _, act = entered(clerk, f"/matters/{order}/close_order")
    assert "3 approved = 2 registered + 1 spoiled + 0 cancelled" in printed(clerk, act)
    page = words(clerk.get(f"/matters/{order}").text)
    for part in ("Closed, intermediates left", "Accounts for every copy", "jammed"):
        assert part in page
    with front.archive.books.database.reading() as connection:
        copy = queries.carrier_by_number(connection, CLERK, NUMBER, 2)
    assert (copy.status, copy.place, copy.tags[0].epc) == (Status.IN_PLACE, SHELF, epc_of(92))


def test_what_is_not_preserved_is_waited_for(front: Front) -> None:
    order = approved_order(front.archive, quantity=1)
    copies(front.archive, order, 1)
    draft = intermediate(front.archive, order)
    clerk = front.signed_in("clerk")
    entered(clerk, f"/matters/{order}/close_order")
    page = clerk.get(f"/matters/{order}").text
    assert "1 intermediate is neither preserved nor destroyed" in words(page)
    assert 'href="/regulations#a.6"' in page
    alone = {"lines": [str(draft)], "decided_by": number_of("manager"), "reason": "for the file"}
    assert clerk.send(f"/matters/{order}/keep_intermediates", **alone).status_code == 422
    beside = {"cosign.0.number": number_of("manager"), "cosign.0.password": PASSWORD}
    _, act = entered(clerk, f"/matters/{order}/keep_intermediates", **alone, **beside)
    assert "INTERMEDIATES PRESERVED" in printed(clerk, act).upper()
    entered(clerk, f"/matters/{order}/settle_order")
    assert front.archive.the_matter(order).status == "settled"
    assert "Settled" in words(clerk.get("/production?show=over").text)


def test_a_refusal_quotes_its_clause_and_keeps_what_was_typed(front: Front) -> None:
    answer = front.signed_in("chen").send("/business/new/production", **the_order(place="B1-low"))
    assert answer.status_code == 409
    assert 'href="/regulations#a.2"' in answer.text
    assert TITLE in answer.text


def test_cancelled_copies_and_no_intermediates_end_an_order_at_once(front: Front) -> None:
    order = approved_order(front.archive)
    copies(front.archive, order, 1)
    clerk = front.signed_in("clerk")
    assert "3 ≠ 1 + 0 + 0 2" in words(clerk.get("/production").text)
    assert "2 copies open" in words(clerk.get(f"/matters/{order}").text)
    _, act = entered(clerk, f"/matters/{order}/cancel_copies", copies="2, 3", reason="fewer guests")
    assert "2-3" in printed(clerk, act)
    entered(clerk, f"/matters/{order}/close_order", no_intermediates="1")
    assert front.archive.the_matter(order).status == "settled"


def test_more_copies_go_on_in_the_numbers(front: Front) -> None:
    first = approved_order(front.archive)
    chen = front.signed_in("chen")
    page = chen.get(f"/business/new/production_more?supplements={first}").text
    assert f'<option value="{first}" selected>' in page or f'value="{first}" checked' in page
    fields = {"supplements": str(first), "quantity": "2", "place": "B1-reading", "reason": "two guests more"}
    order, _ = entered(chen, "/business/new/production_more", **fields)
    body = front.archive.the_matter(order).body
    assert (body.control_number, list(body.block), body.supplements) == (NUMBER, [4, 5], first)
    assert "ZD-2026-0001" in words(chen.get(f"/matters/{order}").text)


def test_forty_copies_by_rest_in_one_call(front: Front) -> None:
    order = approved_order(front.archive, quantity=40)
    program = front.program("clerk")
    tags = "\n".join(epc_of(500 + number) for number in range(40))
    body = {"copies": "1-40", "epcs": tags, "place": "B1-01-1", "marked": True, "password": PASSWORD}
    answer = program.call(f"/matters/{order}/register_copies", **body)
    assert answer.status_code == 201, answer.text
    assert len(answer.json()["carriers"]) == 40
    short = program.call(f"/matters/{order}/intermediates", what="draft", quantity=2, epcs=epc_of(900))
    assert short.status_code == 422
    assert program.call(f"/matters/{order}/intermediates", what="draft", quantity=2).status_code == 201


def test_nobody_registers_unmarked_copies(front: Front) -> None:
    order = approved_order(front.archive)
    clerk = front.signed_in("clerk")
    answer = clerk.send(f"/matters/{order}/register_copies", copies="1")
    assert answer.status_code == 409
    assert 'href="/regulations#a.5"' in answer.text


def test_the_list_shows_what_may_be_seen(front: Front) -> None:
    approved_order(front.archive)
    page = front.signed_in("manager").get("/production")
    assert NUMBER in page.text
    assert front.signed_in("chen").get("/production").status_code == 403
    assert front.signed_in("he").get("/production").status_code == 403
    with front.archive.books.database.reading() as connection:
        assert len(queries.matters(connection, CLERK, MatterFilter(kinds=("production",))).items) == 1


class TestNumbers:
    """Copy numbers and labels as they are typed."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [("1-3, 7", (1, 2, 3, 7)), ("5", (5,)), ("9、2–3", (9, 2, 3)), ("2 1", (2, 1))],
    )
    def test_they_are_read(self, text: str, expected: tuple[int, ...]) -> None:
        assert numbers_of("copies", text) == expected

    @pytest.mark.parametrize("text", ["3-1", "one", "1-999999999", ",", "1.5"])
    def test_what_is_none_is_said(self, text: str) -> None:
        with pytest.raises(Unfit, match="numbers_unclear"):
            numbers_of("copies", text)

    def test_they_are_written_as_they_are_read(self) -> None:
        assert numbers_text((7, 3, 2, 1)) == "1-3, 7"
        assert numbers_of("copies", numbers_text(range(1, 41))) == tuple(range(1, 41))

    def test_a_run_of_labels(self) -> None:
        assert epcs_of("epcs", "34ff..3502 aa00") == ("34FF", "3500", "3501", "3502", "AA00")
        with pytest.raises(Unfit, match="labels_unclear"):
            epcs_of("epcs", "3502..34FF")
        with pytest.raises(Unfit, match="labels_unclear"):
            epcs_of("epcs", "34FF..03500")

    def test_a_label_for_each_or_for_none(self) -> None:
        assert paired("epcs", (), 2) == (None, None)
        assert paired("epcs", ("A", "B"), 2) == ("A", "B")
        with pytest.raises(Unfit, match="labels_count"):
            paired("epcs", ("A",), 2)
