"""Each act through its page: entered with a receipt, or refused with the clause and the way out."""

import re
from typing import ClassVar

import pytest

from custody.store import queries
from custody.values import SECOND
from tests.builders import CLERK, PEOPLE, SHELF, SHELF_2, TODAY, epc_of
from tests.web.front import PASSWORD, Front, words

CHEN, SUN, MA = str(PEOPLE["chen"]), str(PEOPLE["sun"]), str(PEOPLE["ma"])


def state(front: Front, carrier: int) -> tuple[str, int | None, int | None]:
    """State, place and holder in the books."""
    with front.archive.books.database.reading() as connection:
        found = queries.state_of(connection, carrier)
    return str(found.status), found.place, found.holder


def entries(front: Front) -> int:
    """How many entries the ledger has."""
    with front.archive.books.database.reading() as connection:
        return front.archive.books.position(connection)


def test_lending_and_returning(front_on_both: Front) -> None:
    front, carrier = front_on_both, front_on_both.archive.carrier()
    browser = front.signed_in("clerk")
    act = browser.enter("/carriers/1/borrow", holder=CHEN, due="2026-12-01", purpose="review", holder_password=PASSWORD)
    assert act.startswith("JY-2026-")
    assert state(front, carrier) == ("on_loan", None, PEOPLE["chen"])
    receipt = words(browser.get(f"/acts/{act}").text)
    for shown in (act, "Borrowed", "YS-2026-00001", "Chen Guodong", "by Zhou Min"):
        assert shown in receipt
    assert browser.enter("/carriers/1/return", place="B1-01-2", pages="12").startswith("GH-2026-")
    assert state(front, carrier) == ("in_place", SHELF_2, None)
    assert front.watch.woken == 2


def test_the_borrower_is_found_by_name_and_those_refused_are_dashed_with_the_clause(front: Front) -> None:
    front.archive.carrier(level="secret")
    browser = front.signed_in("clerk")
    page = browser.send("/carriers/1/borrow", borrower="马骏", do="find", due="2026-12-01").text
    assert re.search(rf'value="{MA}" disabled', page)
    assert 'href="/regulations#c.5"' in page
    assert "Ma Jun is not cleared for Secret" in words(page)
    page = browser.send("/carriers/1/borrow", borrower="chen", do="find", due="2026-12-01").text
    assert re.search(rf'value="{CHEN}" checked', page)
    assert "chen" not in "".join(re.findall(r'(?:href|action)="[^"]*"', page)).lower()


@pytest.mark.parametrize(
    ("fields", "clause", "said"),
    [
        ({"holder": MA, "due": "2026-12-01"}, "c.5", "Ma Jun is not cleared for Secret. Somebody cleared"),
        ({"holder": SUN, "due": "2026-12-01"}, "c.1", "Sun Li is outside the scope. Widening the scope"),
        ({"holder": CHEN, "due": "2027-06-01"}, "c.5", "A loan runs for 30 days at most."),
        ({"holder": CHEN, "due": "2026-11-01"}, "c.5", "The due day 1 Nov 2026 is past."),
    ],
)
def test_a_refusal_quotes_act_clause_and_way_out_and_enters_nothing(
    front: Front, fields: dict[str, str], clause: str, said: str
) -> None:
    front.archive.carrier(level="secret", scope=("unit:4",))
    before = entries(front)
    answer = front.signed_in("clerk").send("/carriers/1/borrow", purpose="kept words", **fields)
    assert answer.status_code == 409
    assert f'href="/regulations#{clause}"' in answer.text
    assert said in words(answer.text)
    assert 'value="kept words"' in answer.text
    assert entries(front) == before


def test_who_has_overdue_loans_borrows_nothing_more(front: Front) -> None:
    late, wanted = front.archive.carriers(1)[0], front.archive.carriers(1)[0]
    front.archive.borrow(late, "chen", days=3)
    front.clock.days(4)
    browser = front.signed_in("clerk", "zh")
    answer = browser.send(f"/carriers/{wanted}/borrow", holder=CHEN, due="2026-12-01")
    assert "陈国栋有逾期未还的。 先归还逾期的。" in words(answer.text)
    browser.enter(f"/carriers/{late}/return", place="B1-01-1", pages="12")
    browser.enter(f"/carriers/{wanted}/borrow", holder=CHEN, due="2026-12-01", holder_password=PASSWORD)


def test_what_is_missing_in_a_form_is_summed_up_and_kept(front: Front) -> None:
    front.archive.borrow(front.archive.carrier(), "chen")
    answer = front.signed_in("clerk").send("/carriers/1/return", place="B9-nowhere", pages="7")
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert 'href="#place">There is no such place' in answer.text
    assert 'value="B9-nowhere"' in answer.text
    assert 'aria-invalid="true"' in answer.text


class TestButtons:
    """The page's dashed button and the server's stop ask the same function."""

    def test_a_lent_carrier_offers_the_return_and_dashes_the_loan(self, front: Front) -> None:
        carrier = front.archive.carrier()
        front.archive.borrow(carrier, "chen")
        page = front.signed_in("clerk").get("/carriers/1").text
        assert 'class="b b-main" href="/carriers/1/return"' in page
        assert 'href="/carriers/1/borrow"' not in page
        assert 'aria-describedby="why-borrow"' in page
        assert "“Borrowed” cannot be entered" in words(page)
        answer = front.signed_in("clerk").send("/carriers/1/borrow", holder=CHEN, due="2026-12-01")
        assert answer.status_code == 409

    def test_only_what_the_role_may_do_is_offered(self, front: Front) -> None:
        front.archive.carrier()
        page = front.signed_in("chen").get("/carriers/1").text
        # Whoever may see it may apply for a copy; everything else is the registry's.
        assert set(re.findall(r'href="/carriers/1/([a-z-]+)"', page)) <= {"copying", "descent"}
        assert front.signed_in("chen").get("/carriers/1/borrow").status_code == 404
        assert front.signed_in("chen").send("/carriers/1/borrow", holder=CHEN, due="2026-12-01").status_code == 404


class TestKeeping:
    """Shelving, moving, tags."""

    def test_shelved_then_moved(self, front: Front) -> None:
        carrier = front.archive.carrier(place=None)
        browser = front.signed_in("clerk")
        assert browser.enter("/carriers/1/shelve", place="b1-01-1").startswith("SJ-")
        assert browser.enter("/carriers/1/move", place="B1-01-2").startswith("YD-")
        assert state(front, carrier) == ("in_place", SHELF_2, None)

    @pytest.mark.parametrize(
        ("place", "said"),
        [
            ("B1-low", "B1-low is rated Confidential, too low for Secret"),
            ("B1-corridor", "rated not rated"),
            ("B1-reading", "no place of storage"),
        ],
    )
    def test_a_place_not_fit_for_the_level_is_refused(self, front: Front, place: str, said: str) -> None:
        front.archive.carrier(level="secret")
        answer = front.signed_in("clerk").send("/carriers/1/move", place=place)
        assert answer.status_code == 409
        assert 'href="/regulations#f.2"' in answer.text
        assert said in words(answer.text)
        assert state(front, 1)[1] == SHELF

    def test_the_form_offers_only_places_rated_for_the_level(self, front: Front) -> None:
        front.archive.carrier(level="secret")
        page = front.signed_in("clerk").get("/carriers/1/move").text
        assert 'value="B1-01-2"' in page
        assert 'value="B1-low"' not in page

    def test_a_tag_is_replaced_under_one_act(self, front: Front) -> None:
        carrier = front.archive.carrier()
        browser = front.signed_in("clerk")
        new = "3414 f4a2-0000 0000 0000 00ff"
        assert browser.send("/carriers/1/retag", old=epc_of(carrier), epc=new).status_code == 422
        browser.enter("/carriers/1/retag", old=epc_of(carrier), epc=new, reason="torn")
        with front.archive.books.database.reading() as connection:
            found = queries.state_of(connection, carrier)
        assert [tag.epc for tag in found.tags] == ["3414F4A200000000000000FF"]
        assert found.retired_epcs == (epc_of(carrier),)


class TestMissing:
    """A declaration is a person's: identity confirmed, signed, and opposed by nobody's radio."""

    def test_signed_with_the_password_once_confirmation_is_old(self, front: Front) -> None:
        carrier = front.archive.carrier()
        browser = front.signed_in("secrecy")
        front.clock.at += 301 * SECOND
        assert 'name="password"' in browser.get("/carriers/1/missing").text
        told = {"circumstances": "not on the shelf, nobody has it"}
        for wrong, said in (({}, "Enter your password"), ({"password": "no"}, "not right")):
            answer = browser.send("/carriers/1/missing", **told, **wrong)
            assert answer.status_code == 422
            assert said in words(answer.text)
            assert told["circumstances"] in answer.text
            assert PASSWORD not in answer.text
        assert state(front, carrier)[0] == "in_place"
        act = browser.enter("/carriers/1/missing", **told, password=PASSWORD)
        assert state(front, carrier)[0] == "declared_lost"
        with front.archive.books.database.reading() as connection:
            (signature,) = queries.entries_of(connection, CLERK, carrier)[-1].signatures
        assert (signature.person, signature.means, len(signature.text_hash)) == (PEOPLE["secrecy"], "password", 64)
        assert "signed, identity confirmed" in browser.get(f"/acts/{act}").text

    def test_a_fresh_confirmation_needs_no_second_password(self, front: Front) -> None:
        front.archive.carrier()
        browser = front.signed_in("secrecy")
        assert 'name="password"' not in browser.get("/carriers/1/missing").text
        browser.enter("/carriers/1/missing", circumstances="gone")

    def test_found_again(self, front: Front) -> None:
        carrier = front.archive.carrier()
        browser = front.signed_in("clerk")
        browser.enter("/carriers/1/missing", circumstances="gone")
        browser.enter("/carriers/1/found", place="B1-01-1", circumstances="behind the cabinet")
        assert state(front, carrier) == ("in_place", SHELF, None)

    def test_trying_passwords_in_an_open_session_makes_it_wait(self, front: Front) -> None:
        front.archive.carrier()
        browser = front.signed_in("secrecy")
        front.clock.at += 301 * SECOND
        for _ in range(4):
            browser.send("/carriers/1/missing", circumstances="x", password="guess")
        answer = browser.send("/carriers/1/missing", circumstances="x", password=PASSWORD)
        assert "Too many attempts" in answer.text
        assert state(front, 1)[0] == "in_place"


class TestTakingIn:
    """One carrier, received or from the old ledger."""

    FORM: ClassVar[dict[str, str]] = {
        "origin": "received",
        "control_number": "WS-2026-1",
        "title": "Letter on the siting",
        "kind": "document",
        "level": "secret",
        "period_kind": "maximum",
        "unit": "3",
        "scope": "all",
        "issuer": "The Ministry",
        "issuer_number": "M-17",
        "classified_on": TODAY,
        "place": "B1-01-1",
        "epc": "3414F4A200000000000000AA",
    }

    def test_received_tagged_and_shelved_under_one_act(self, front: Front) -> None:
        browser = front.signed_in("clerk")
        act = browser.enter("/take-in", **self.FORM)
        receipt = words(browser.get(f"/acts/{act}").text)
        for shown in ("DJ-2026-", "Received", "Tag bound", "Shelved", "WS-2026-1", "B1-01-1"):
            assert shown in receipt

    @pytest.mark.parametrize(
        ("change", "clause", "said"),
        [
            ({"issuer": ""}, "b.1", "The issuer of a received carrier is missing"),
            ({"period_kind": "years", "period_value": "25"}, "a.5", "beyond the maximum of Secret, 20 years"),
            ({"period_kind": "long_term"}, "a.5", "name the authority"),
            ({"place": "B1-low"}, "f.2", "too low for Secret"),
        ],
    )
    def test_refused_with_the_clause(self, front: Front, change: dict[str, str], clause: str, said: str) -> None:
        before = entries(front)
        answer = front.signed_in("clerk").send("/take-in", **(self.FORM | change))
        assert answer.status_code == 409
        assert f'href="/regulations#{clause}"' in answer.text
        assert said in words(answer.text)
        assert 'name="scope" value="all" checked' in answer.text
        assert entries(front) == before

    def test_beyond_the_maximum_with_the_authority_named(self, front: Front) -> None:
        more = {"period_kind": "years", "period_value": "25", "authority": "Committee 12"}
        front.signed_in("clerk").enter("/take-in", **(self.FORM | more))

    def test_every_empty_field_is_named_and_the_scope_is_kept(self, front: Front) -> None:
        answer = front.signed_in("clerk").send("/take-in", origin="legacy", copies="x", scope="unit:3")
        assert 'name="scope" value="unit:3" checked' in answer.text
        assert 'name="scope" value="all" checked' not in answer.text
        assert answer.status_code == 422
        for field in ("control_number", "title", "level", "unit", "copies"):
            assert f'href="#{field}"' in answer.text
