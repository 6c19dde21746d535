"""The scan desk: many carriers, one paper; nothing guessed, nothing dropped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.acts.codes import split_codes
from tests.builders import PEOPLE, SHELF_2, epc_of
from tests.web.books.test_acts import entries, state
from tests.web.front import PASSWORD, Front, words


@pytest.mark.parametrize(
    ("scanned", "codes"),
    [
        ("A\nB", ["A", "B"]),
        ("A\tB C\r\n\x02D\x03", ["A", "B", "C", "D"]),
        ("A A\nA", ["A"]),
        (epc_of(1) + epc_of(2), [epc_of(1), epc_of(2)]),
        (epc_of(1).lower() + epc_of(2), [epc_of(1), epc_of(2)]),
        ("YS-2026-00001/2", ["YS-2026-00001/2"]),
        (" \n\t", []),
        ("E0040150123456AAE0040150123456BB", ["E0040150123456AA", "E0040150123456BB"]),
        ("e0040150123456aa" * 3, ["E0040150123456AA"]),
        ("04A1B2C3D4E5F604A1B2C3D4E5F7", ["04A1B2C3D4E5F6", "04A1B2C3D4E5F7"]),
        (f"]C1 EPC:{epc_of(1)}\r #{epc_of(2)}#", ["]C1", epc_of(1), epc_of(2)]),
        ("04A1B2C3", ["04A1B2C3"]),
    ],
)
def test_codes_are_parted_by_whatever_the_scanner_sends(scanned: str, codes: list[str]) -> None:
    assert split_codes(scanned) == codes


@given(
    st.lists(st.integers(1, 2**60), min_size=1, max_size=20, unique=True),
    st.sampled_from(["\n", "\t", " ", "", "\r\n"]),
)
def test_no_scan_is_lost_however_they_are_parted(numbers: list[int], parting: str) -> None:
    wanted = [epc_of(number) for number in numbers]
    assert split_codes(parting.join(wanted)) == wanted


def test_a_batch_is_returned_under_one_act_each_to_its_home(front_on_both: Front) -> None:
    front = front_on_both
    here, there = front.archive.carrier(), front.archive.carrier(place=SHELF_2)
    for carrier in (here, there):
        front.archive.borrow(carrier, "chen")
    browser = front.signed_in("clerk")
    page = browser.send("/desk", mode="return", scan=f"{epc_of(here)}\nYS-2026-00002")
    assert "2 carriers" in words(page.text)
    assert "data-counts" in page.text, "free as soon as the pages are counted"
    counted = {"pages.1": "12", "pages.2": "12"}
    act = browser.enter("/desk", mode="return", codes=f"{epc_of(here)} YS-2026-00002", do="enter", **counted)
    assert act.startswith("GH-")
    assert state(front, here)[1] != state(front, there)[1] == SHELF_2


def test_a_batch_is_lent_to_one_person(front: Front) -> None:
    one, two = front.archive.carriers(2)
    browser = front.signed_in("clerk")
    page = browser.send("/desk?mode=borrow", mode="borrow", borrower="1004", do="find", codes=epc_of(one))
    assert f'name="holder" value="{PEOPLE["chen"]}"' in page.text
    browser.enter(
        "/desk",
        mode="borrow",
        holder=PEOPLE["chen"],
        due="2026-12-01",
        codes=f"{epc_of(one)} {epc_of(two)}",
        do="enter",
        holder_password=PASSWORD,
    )
    assert state(front, one)[2] == state(front, two)[2] == PEOPLE["chen"]


def test_one_refused_line_stops_the_batch_and_says_why(front: Front) -> None:
    fit, unfit = front.archive.carrier(level="confidential"), front.archive.carrier(level="secret")
    before = entries(front)
    fields = {"mode": "borrow", "holder": PEOPLE["ma"], "due": "2026-12-01", "codes": f"{epc_of(fit)} {epc_of(unfit)}"}
    browser = front.signed_in("clerk")
    drawn = browser.send("/desk", **fields).text
    assert "data-counts" not in drawn, "no counting helps"
    page = words(drawn)
    assert "1 cannot be entered" in page
    assert "c.5 Ma Jun is not cleared for Secret" in page
    answer = browser.send("/desk", **fields, do="enter")
    assert answer.status_code == 409
    assert entries(front) == before
    browser.enter("/desk", **(fields | {"do": "enter", "remove": epc_of(unfit), "holder_password": PASSWORD}))
    assert state(front, fit)[2] == PEOPLE["ma"]


def test_an_unknown_code_is_kept_and_named_never_guessed(front: Front) -> None:
    carrier = front.archive.carrier()
    front.archive.borrow(carrier, "chen")
    browser = front.signed_in("clerk")
    fields = {"mode": "return", "codes": f"{epc_of(carrier)} NO-SUCH-1"}
    assert "NO-SUCH-1 Unknown, or not within your scope" in words(browser.send("/desk", **fields).text)
    answer = browser.send("/desk", **fields, do="enter")
    assert answer.status_code == 422
    assert state(front, carrier)[0] == "on_loan"


def test_the_same_thing_by_tag_and_by_number_counts_once(front: Front) -> None:
    carrier = front.archive.carrier()
    front.archive.borrow(carrier, "chen")
    page = front.signed_in("clerk").send("/desk", mode="return", scan=f"{epc_of(carrier)} YS-2026-00001").text
    assert "1 carrier " in words(page)
