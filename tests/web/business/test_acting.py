"""The engine of the pages, walked with a transfer to the archives: opened, asked for, approved, and what is refused."""

import re
from typing import Any

import pytest

from api import store
from custody.store import accounts, queries
from custody.store.queries import MatterFilter
from tests.builders import CLERK, PEOPLE
from tests.web.front import PASSWORD, Browser, Front, number_of, words

OPENED = {"unit": "2", "destination": "archives", "receiver": "档案馆", "where": "档案馆收发室", "reason": "年度归档"}


def opened(browser: Browser, codes: str, **more: Any) -> int:
    """A transfer of these carriers, opened on its page; gives the matter."""
    answer = browser.send("/business/new/transfer", carriers=codes, **(OPENED | more))
    assert answer.status_code == 303, words(answer.text)
    found = re.fullmatch(r"/matters/(\d+)\?done=[A-Z]+-2026-\d+", answer.headers["location"])
    assert found, answer.headers["location"]
    return int(found[1])


@pytest.fixture
def matter(front: Front) -> int:
    """A transfer of two carriers, opened by the clerk."""
    front.archive.carriers(2)
    return opened(front.signed_in("clerk"), "YS-2026-00001/1 3414F4A20000000000000002")


def test_a_matter_is_opened_asked_for_and_approved(front_on_both: Front) -> None:
    front = front_on_both
    front.archive.carriers(2)
    clerk = front.signed_in("clerk")
    identifier = opened(clerk, "YS-2026-00001 YS-2026-00002")

    page = words(clerk.get(f"/matters/{identifier}").text)
    assert "Being prepared" in page
    assert "YS-2026-00001" in page
    assert clerk.send(f"/matters/{identifier}/ask", reason="year's end").status_code == 303

    manager = front.signed_in("manager")
    inbox = words(manager.get("/approvals").text)
    assert "1 matter waits for your approval" in inbox
    answer = manager.send(f"/matters/{identifier}/approve", back="/approvals", note="agreed")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/approvals?done=SP-2026-")
    assert "Nothing waits for your approval" in words(manager.get(answer.headers["location"]).text)

    found = front.archive.the_matter(identifier)
    assert found.status == "approved"
    assert found.approval is not None
    assert [one.person for one in found.approval.given] == [PEOPLE["manager"]]
    page = words(clerk.get(f"/matters/{identifier}").text)
    assert "agreed" in page
    assert "Wu Tong" in page
    assert front.archive.books.rebuild_check() == []


def test_the_form_says_everything_that_is_wrong_at_once_and_keeps_what_was_typed(front: Front) -> None:
    front.archive.carrier()
    clerk = front.signed_in("clerk")
    answer = clerk.send("/business/new/transfer", carriers="YS-2026-00001 NOT-A-NUMBER", destination="moon", unit="99")
    assert answer.status_code == 422
    said = words(answer.text)
    assert "1 unknown, or not within your scope: NOT-A-NUMBER" in said
    assert "choose one that is offered" in said
    assert "there is no such unit" in said
    assert 'href="#carriers"' in answer.text
    assert re.search(r"<textarea[^>]*>YS-2026-00001\nNOT-A-NUMBER", answer.text)
    with front.archive.books.database.reading() as connection:
        assert not queries.matters(connection, CLERK, MatterFilter()).items


def test_a_refusal_stands_on_the_page_with_the_carrier_it_is_about(front: Front, matter: int) -> None:
    front.archive.carriers(1)
    clerk = front.signed_in("clerk")
    answer = clerk.send("/business/new/transfer", carriers="YS-2026-00003 YS-2026-00002 YS-2026-00001", **OPENED)
    assert answer.status_code == 409
    number = front.archive.the_matter(matter).number
    assert words(answer.text).count(number) == 1, "the same refusal is said once"
    assert named_with_it(answer.text) == ["YS-2026-00001", "YS-2026-00002"], "for both that it is about"
    assert front.archive.state(3).matter is None


def named_with_it(page: str) -> list[str]:
    """The carriers named with the first refusal of a page, by number."""
    (these,) = re.findall(r'<ul class="about-these">(.*?)</ul>', page, re.DOTALL)
    return sorted(re.findall(r'class="no"[^>]*>([^<]+)<small>', these))


def test_a_refusal_of_many_names_ten_and_counts_the_others(front: Front) -> None:
    ids = front.archive.carriers(13)
    front.archive.borrow(ids[0], "zhao")
    clerk = front.signed_in("clerk")
    numbers = " ".join(f"YS-2026-{one:05d}" for one in ids)
    sent = clerk.send("/business/new/transfer", carriers=numbers, **OPENED)
    assert sent.status_code == 409
    assert len(named_with_it(sent.text)) == 1, "one is on loan; nothing is said of the others"
    listed = clerk.send("/business/new/transfer", carriers=" ".join(numbers.split()[1:]), **OPENED)
    assert listed.status_code == 303
    again = clerk.send("/business/new/transfer", carriers=" ".join(numbers.split()[1:]), **OPENED)
    assert len(named_with_it(again.text)) == 10
    assert "and 2 more" in words(again.text)


def test_scanning_is_checked_before_anything_is_entered(front: Front) -> None:
    front.archive.carriers(2)
    clerk = front.signed_in("clerk")
    answer = clerk.send("/business/new/transfer", carriers="3414F4A20000000000000001", do="check:carriers")
    assert answer.status_code == 200
    assert "1 carrier read" in words(answer.text)
    assert "Fill in" not in words(answer.text)


def test_the_button_is_dashed_while_the_list_is_empty_and_gone_when_it_makes_no_sense(front: Front) -> None:
    front.archive.carriers(1)
    clerk = front.signed_in("clerk")
    identifier = opened(clerk, "YS-2026-00001")
    page = clerk.get(f"/matters/{identifier}").text
    assert f'href="/matters/{identifier}/ask"' in page
    assert f'href="/matters/{identifier}/approve"' not in page
    assert clerk.send(f"/matters/{identifier}/withdraw", reason="mistake").status_code == 303
    page = clerk.get(f"/matters/{identifier}").text
    assert f'href="/matters/{identifier}/ask"' not in page
    assert "Withdrawn" in words(page)
    assert "cannot be entered here and now" in words(clerk.get(f"/matters/{identifier}/ask").text)


class TestSigning:
    """Identity is confirmed, the text is exactly what is entered, and one person is one signature."""

    def test_identity_confirmed_long_ago_is_confirmed_again(self, front: Front, matter: int) -> None:
        clerk = front.signed_in("clerk")
        front.clock.days(10 / 1440)
        answer = clerk.send(f"/matters/{matter}/ask")
        assert answer.status_code == 422
        assert "Enter your password" in words(answer.text)
        assert front.archive.the_matter(matter).status == "draft"
        assert clerk.send(f"/matters/{matter}/ask", password="wrong wrong wrong").status_code == 422
        assert clerk.send(f"/matters/{matter}/ask", password=PASSWORD).status_code == 303
        assert front.archive.the_matter(matter).status == "asked"

    def test_the_text_that_was_shown_is_the_text_that_is_signed(self, front: Front, matter: int) -> None:
        clerk = front.signed_in("clerk")
        shown = clerk.send(f"/matters/{matter}/ask", reason="year's end", do="look")
        assert shown.status_code == 200
        assert "approval_asked" in words(shown.text)
        digest = re.search(r"hash\">([0-9a-f]{64})<", shown.text)
        held = re.search(r'name="held" value="([^"]+)"', shown.text)
        assert digest
        assert held
        front.clock.at += 20_000_000  # the present goes on; the text does not change under the reader
        answer = clerk.send(f"/matters/{matter}/ask", reason="year's end", held=held[1])
        assert answer.status_code == 303
        with front.archive.books.database.reading() as connection:
            (entry,) = queries.entries_of_matter(connection, matter)[:1]
        assert entry.fact.kind == "approval_asked"
        assert [one.text_hash for one in entry.signatures] == [digest[1]]

    def test_a_text_changed_after_it_was_shown_is_shown_again_before_it_is_signed(
        self, front: Front, matter: int
    ) -> None:
        clerk = front.signed_in("clerk")
        shown = clerk.send(f"/matters/{matter}/ask", reason="year's end", do="look")
        held = re.search(r'name="held" value="([^"]+)"', shown.text)
        assert held
        answer = clerk.send(f"/matters/{matter}/ask", reason="something else", held=held[1])
        assert answer.status_code == 422
        assert "The text has changed since you saw it" in words(answer.text)
        assert "something else" in answer.text
        assert front.archive.the_matter(matter).status == "draft"

    def test_what_another_session_sealed_is_not_taken(self, front: Front, matter: int) -> None:
        shown = front.signed_in("clerk").send(f"/matters/{matter}/ask", reason="x", do="look")
        held = re.search(r'name="held" value="([^"]+)"', shown.text)
        assert held
        again = front.signed_in("clerk")
        # Nothing was shown in this session, so there is nothing that the text could differ from.
        assert again.send(f"/matters/{matter}/ask", reason="y", held=held[1]).status_code == 303


class TestSigningBeside:
    """A transfer is handed over in the presence of another person, who signs at the same desk."""

    @pytest.fixture
    def approved(self, front: Front, matter: int) -> int:
        front.signed_in("clerk").send(f"/matters/{matter}/ask")
        front.signed_in("manager").send(f"/matters/{matter}/approve")
        return matter

    def hand_over(self, front: Front, matter: int, **more: Any) -> Any:
        fields: dict[str, Any] = {"lines.all": "1", "received_by_name": "档案馆 李工", "witness": number_of("clerk2")}
        return front.signed_in("clerk").send(
            f"/matters/{matter}/hand_over", receipt="R-1", password=PASSWORD, **(fields | more)
        )

    def test_without_the_other_nothing_is_entered(self, front: Front, approved: int) -> None:
        answer = self.hand_over(front, approved)
        assert answer.status_code == 422
        assert "enter the password" in words(answer.text)
        answer = self.hand_over(front, approved, **{"cosign.0.password": "not the password"})
        assert answer.status_code == 422
        assert "number or password is not right" in words(answer.text)
        assert front.archive.the_matter(approved).status == "approved"

    def test_the_same_person_does_not_stand_twice(self, front: Front, approved: int) -> None:
        answer = self.hand_over(front, approved, witness=number_of("clerk"), **{"cosign.0.password": PASSWORD})
        assert answer.status_code == 422
        assert "the same person cannot sign twice" in words(answer.text)

    def test_both_sign_the_same_text_and_no_session_is_made_for_the_other(self, front: Front, approved: int) -> None:
        with front.archive.books.database.reading() as connection:
            before = store_sessions(connection, "clerk2")
        answer = self.hand_over(front, approved, **{"cosign.0.password": PASSWORD})
        assert answer.status_code == 303, words(answer.text)
        with front.archive.books.database.reading() as connection:
            entries = queries.entries_of_matter(connection, approved)
            assert store_sessions(connection, "clerk2") == before == 0
        signers = {one.person for one in entries[0].signatures}
        assert signers == {PEOPLE["clerk"], PEOPLE["clerk2"]}
        assert len({one.text_hash for entry in entries[:2] for one in entry.signatures}) == 1

    @pytest.mark.parametrize("who", ["admin", "closed"])
    def test_neither_an_administrator_nor_a_closed_account_signs(self, front: Front, approved: int, who: str) -> None:
        witness = "admin" if who == "admin" else "clerk2"
        if who == "closed":
            with front.archive.books.database.writing() as connection:
                accounts.set_disabled(connection, PEOPLE["clerk2"], True)
        more = {"witness": number_of(witness), "cosign.0.password": PASSWORD}
        answer = self.hand_over(front, approved, **more)
        assert answer.status_code == 422
        assert "number or password is not right" in words(answer.text)
        assert front.archive.the_matter(approved).status == "approved"

    def test_guessing_beside_costs_the_same_waits_as_at_the_door(self, front: Front, approved: int) -> None:
        clerk = front.signed_in("clerk")
        for _ in range(4):
            fields = {"lines.all": "1", "received_by_name": "x", "witness": number_of("clerk2"), "password": PASSWORD}
            clerk.send(f"/matters/{approved}/hand_over", **fields, **{"cosign.0.password": "guess"})
        answer = self.hand_over(front, approved, **{"cosign.0.password": PASSWORD})
        assert answer.status_code == 422
        assert "wait" in words(answer.text)

    def test_a_signature_is_found_by_its_staff_number_wherever_it_stands(self, front: Front, approved: int) -> None:
        own, other = number_of("clerk"), number_of("clerk2")
        places = {"cosign.0.number": own, "cosign.0.password": PASSWORD, "cosign.1.number": other}
        answer = self.hand_over(front, approved, **places, **{"cosign.1.password": PASSWORD})
        assert answer.status_code == 303, words(answer.text)

    def test_no_password_is_tried_on_another_than_its_number(self, front: Front, approved: int) -> None:
        """Given one who gives his own number and password too often in another's place, the other need not wait."""
        for _ in range(4):
            mistaken = {"cosign.0.number": number_of("clerk"), "cosign.0.password": "her own password"}
            answer = self.hand_over(front, approved, **mistaken)
            assert "enter the password" in words(answer.text)
        assert self.hand_over(front, approved, **{"cosign.0.password": PASSWORD}).status_code == 303


def store_sessions(connection: Any, who: str) -> int:
    """How many sessions a person has."""
    return len(store.sessions_of(connection, PEOPLE[who]))


@pytest.mark.parametrize("who", ["admin", "he"])
def test_the_three_administrators_see_no_business(front: Front, matter: int, who: str) -> None:
    browser = front.signed_in(who)
    assert browser.get("/business").status_code == 403
    assert browser.get("/approvals").status_code == 403
    assert browser.get(f"/matters/{matter}").status_code == 403
    assert browser.send("/business/new/transfer", **OPENED).status_code == 403


def test_a_hidden_matter_and_an_absent_one_look_the_same(front: Front, matter: int) -> None:
    browser = front.signed_in("ma")  # cleared to confidential; the matter is secret
    hidden, absent = browser.get(f"/matters/{matter}"), browser.get("/matters/999")
    assert hidden.status_code == absent.status_code == 404
    assert re.sub(rf"\b{matter}\b", "", words(hidden.text)) == re.sub(r"\b999\b", "", words(absent.text))
    listed = browser.get("/business?show=all")
    assert "No business yet" in words(listed.text)
    number = front.archive.the_matter(matter).number
    assert "Not found, or not within your scope" in words(browser.get(f"/business?number={number}").text)


class TestTheList:
    """Open ones, the visitor's own, those over; by kind, by number."""

    def test_filters_and_number(self, front: Front, matter: int) -> None:
        clerk = front.signed_in("clerk")
        number = front.archive.the_matter(matter).number
        assert number in clerk.get("/business").text
        assert number in clerk.get("/business?show=mine&kind=transfer").text
        assert number not in clerk.get("/business?show=over").text
        assert number not in clerk.get("/business?kind=destruction").text
        assert number not in front.signed_in("secrecy").get("/business?show=mine").text
        answer = clerk.get(f"/business?number={number}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/matters/{matter}")
        clerk.send(f"/matters/{matter}/withdraw", reason="mistake")
        assert number in clerk.get("/business?show=over").text
        assert number not in clerk.get("/business").text

    def test_a_damaged_page_key_names_nothing(self, front: Front, matter: int) -> None:
        clerk = front.signed_in("clerk")
        assert clerk.get("/business?after=rubbish").status_code == 404
        assert clerk.get(f"/matters/{matter}?after=rubbish").status_code == 404

    def test_the_carriers_page_names_its_matters(self, front: Front, matter: int) -> None:
        number = front.archive.the_matter(matter).number
        assert number in front.signed_in("clerk").get("/carriers/1").text
