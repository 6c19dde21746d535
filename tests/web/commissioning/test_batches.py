"""A batch from its page: taken, printed, read back, bound; and what is said where something is wrong."""

import dataclasses
import re
from io import BytesIO
from typing import Any

import openpyxl
import pytest

from custody.store import tag_numbers as store
from custody.values import Tag
from readers.zpl import Printer
from tests.builders import epc_of
from tests.readers.commissioning.printer_double import PrinterDouble
from tests.web.front import Browser, Front, words


@pytest.fixture
def clerk(front: Front) -> Browser:
    """The registry clerk."""
    return front.signed_in("clerk")


def untagged(front: Front, count: int = 2) -> list[int]:
    """Carriers whose tags came off."""
    carriers = list(front.archive.carriers(count))
    clerk = front.signed_in("clerk")
    for carrier in carriers:
        clerk.enter(f"/carriers/{carrier}/retag", old=epc_of(carrier), reason="fell off")
    return carriers


def begin(clerk: Browser, **fields: str) -> str:
    """Take the numbers; gives the batch's address."""
    answer = clerk.send("/commissioning", **fields)
    assert answer.status_code == 303, words(answer.text)
    return str(answer.headers["location"])


def with_printer(front: Front, double: PrinterDouble) -> None:
    printer = Printer("desk", "127.0.0.1", double.port, timeout_seconds=2)
    front.app.state.services = dataclasses.replace(front.app.state.services, printers=(printer,))


def lines(front: Front, batch: str) -> list[Any]:
    with front.archive.books.database.reading() as connection:
        return store.lines(connection, batch.rpartition("/")[2])


def test_a_batch_is_taken_printed_read_back_and_bound(front: Front, clerk: Browser) -> None:
    carriers = untagged(front)
    with PrinterDouble().running() as double:
        with_printer(front, double)
        shown = words(clerk.get("/commissioning").text)
        assert "2 carriers have no tag now" in shown
        batch = begin(clerk, source="untagged", means="print:desk")
        assert [line.standing for line in lines(front, batch)] == ["reserved", "reserved"]
        assert double.formats == []
        assert clerk.send(batch, do="start").status_code == 303
        assert front.app.state.printing.wait(batch.rpartition("/")[2])
    rows = lines(front, batch)
    assert [row.standing for row in rows] == ["verified", "verified"]
    page = clerk.get(batch)
    assert "远山" not in page.text
    assert "Bind 2 that were read back" in words(page.text)
    picture = clerk.get(f"{batch}/label.svg?line={rows[0].epc}")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert rows[0].control_number in picture.text
    assert "远山" not in picture.text
    assert re.search(r"2 bound under BQ-2026-\d{4}", words(clerk.send(batch, do="bind").text))
    assert [front.archive.state(carrier).tags for carrier in carriers] == [(Tag(row.epc, row.tid),) for row in rows]
    workbook = openpyxl.load_workbook(BytesIO(clerk.get(f"{batch}/labels.xlsx").content))
    cells = [[str(cell.value) for cell in row] for row in workbook.active.iter_rows()]  # type: ignore[union-attr]
    assert sum(rows[0].epc in row for row in cells) == 1
    assert clerk.send(batch, do="close").status_code == 303


def test_a_label_by_hand_is_checked_given_up_and_made_again(front: Front, clerk: Browser) -> None:
    (carrier,) = untagged(front, 1)
    batch = begin(clerk, source="blank", count="2", means="hand")
    one, two = lines(front, batch)
    assert "not of this batch" in words(clerk.send(batch, do="verify", epc=epc_of(77)).text)
    assert "Line 1 was read back" in words(clerk.send(batch, do="verify", epc=one.epc, tid="E2801160 6000 0201").text)
    assert clerk.send(batch, do="bind", line=one.epc).status_code == 422
    number = front.archive.state(carrier).description.control_number
    assert "1 bound" in words(clerk.send(batch, do="bind", line=one.epc, carrier=number).text)
    assert front.archive.state(carrier).tags == (Tag(one.epc, "E280116060000201"),)
    assert clerk.send(batch, do="close").status_code == 409
    assert clerk.send(batch, do="spoil", line=two.epc, reason="torn").status_code == 303
    assert clerk.send(batch, do="again", line=two.epc).status_code == 303
    assert [row.standing for row in lines(front, batch)] == ["bound", "spoiled", "reserved"]
    assert clerk.send(batch, do="again", line=two.epc).status_code == 409


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"source": "blank", "count": "0", "means": "hand"}, "from 1 to 500"),
        ({"source": "codes", "codes": "YS-NONE", "means": "hand"}, "names no carrier"),
        ({"source": "untagged", "begins": "ZZ", "means": "hand"}, "no carrier to make a tag for"),
        ({"source": "blank", "count": "1", "means": "print:none"}, "how the tags are made"),
        ({"source": "blank", "count": "1", "means": "write", "reader": "8.8.8.8"}, "reader in the house"),
    ],
)
def test_what_is_wrong_with_a_batch_is_said(clerk: Browser, fields: dict[str, str], said: str) -> None:
    answer = clerk.send("/commissioning", **fields)
    assert answer.status_code == 422
    assert said in words(answer.text)


def test_a_carrier_gets_one_number_at_a_time(front: Front, clerk: Browser) -> None:
    (carrier,) = untagged(front, 1)
    number = front.archive.state(carrier).description.control_number
    begin(clerk, source="codes", codes=number, means="hand")
    assert "a number waits already" in words(
        clerk.send("/commissioning", source="codes", codes=number, means="hand").text
    )


def test_batches_are_for_those_who_take_in(front: Front) -> None:
    for who in ("chen", "manager", "secretary", "admin"):
        assert front.signed_in(who).get("/commissioning").status_code == 403
        assert front.signed_in(who).send("/commissioning", source="blank", count="1", means="hand").status_code == 403


def test_a_tag_that_does_not_answer_is_work_to_do_until_it_is_replaced(front: Front, clerk: Browser) -> None:
    carrier = front.archive.carrier()
    clerk.enter(f"/carriers/{carrier}/unreadable", old=epc_of(carrier), reason="no answer at the shelf")
    shown = words(clerk.get("/commissioning").text)
    assert "by eye only" in shown
    assert "unreadable" in words(clerk.get(f"/carriers/{carrier}").text).lower()
    clerk.enter(f"/carriers/{carrier}/retag", old=epc_of(carrier), epc=epc_of(900), reason="no answer")
    assert "by eye only" not in words(clerk.get("/commissioning").text)
    assert front.archive.state(carrier).tags == (Tag(epc_of(900)),)
