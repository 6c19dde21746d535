"""The inbox and the deputies: what waits for whom, and that nobody stands twice."""

import re
from typing import Any

import pytest

from custody.access import Grant, Role
from custody.store import accounts
from tests.builders import CLERK, PEOPLE
from tests.web.business.test_acting import opened
from tests.web.front import PASSWORD, Front, number_of, words


@pytest.fixture
def asked(front: Front) -> int:
    """A transfer for which the clerk asked the unit's approval."""
    front.archive.carriers(1)
    clerk = front.signed_in("clerk")
    matter = opened(clerk, "YS-2026-00001")
    assert clerk.send(f"/matters/{matter}/ask").status_code == 303
    return matter


def delegated(front: Front, giver: str, deputy: str, permission: str, until: str = "2026-12-01") -> Any:
    """A delegation made on its page."""
    fields = {"deputy": number_of(deputy), "permissions": [permission], "until": until, "reason": "travel"}
    return front.signed_in(giver).send("/business/new/delegate", **fields)


def test_the_figure_in_the_navigation_is_what_waits(front: Front, asked: int) -> None:
    def figure(who: str) -> str:
        found = re.search(r'href="/approvals"[^>]*>.*?</a>', front.signed_in(who).get("/overview").text, re.DOTALL)
        assert found
        return words("<a " + found[0])

    assert figure("manager") == "Approvals 1"
    assert figure("secrecy") == "Approvals"
    front.signed_in("manager").send(f"/matters/{asked}/decline", reason="not now")
    assert figure("manager") == "Approvals"


def test_urgent_ones_stand_first_and_late_ones_before_them(front: Front, asked: int) -> None:
    front.archive.carriers(2)
    clerk = front.signed_in("clerk")
    later = opened(clerk, "YS-2026-00002")
    clerk.send(f"/matters/{later}/ask", urgent="1")
    page = words(front.signed_in("manager").get("/approvals").text)
    first, second = front.archive.the_matter(later).number, front.archive.the_matter(asked).number
    assert page.index("Urgent or due within a day") < page.index(first) < page.index("In time") < page.index(second)
    front.clock.days(6)
    page = words(front.signed_in("manager").get("/approvals").text)
    assert "Late 2" in page


def test_declining_says_why_and_frees_what_was_listed(front: Front, asked: int) -> None:
    manager = front.signed_in("manager")
    answer = manager.send(f"/matters/{asked}/decline", back="/approvals")
    assert answer.status_code == 422
    assert "Fill in: Reason" in words(answer.text)
    assert front.archive.the_matter(asked).status == "asked"
    assert manager.send(f"/matters/{asked}/decline", reason="not this year").status_code == 303
    assert front.archive.the_matter(asked).status == "declined"
    page = words(front.signed_in("clerk").get(f"/matters/{asked}").text)
    assert "not this year" in page
    again = manager.send(f"/matters/{asked}/approve")
    assert again.status_code == 409
    assert "cannot be entered here and now" in words(again.text)
    opened(front.signed_in("clerk"), "YS-2026-00001")  # it may be listed again


def test_what_one_asked_for_is_shown_with_its_state(front: Front, asked: int) -> None:
    page = words(front.signed_in("clerk").get("/approvals").text)
    assert front.archive.the_matter(asked).number in page
    assert "Approval asked" in page
    assert "Your roles approve nothing" in page


class TestDeputies:
    """A deputy approves in the stead of an absent person, as long as the delegation lasts, and counts as both."""

    def test_a_deputy_sees_what_waits_and_approves_it_in_the_others_stead(self, front: Front, asked: int) -> None:
        zhao = front.signed_in("zhao")  # a researcher, cleared to top secret, who otherwise approves nothing
        assert zhao.get(f"/matters/{asked}").status_code == 404
        assert delegated(front, "manager", "zhao", "approve_unit").status_code == 303
        inbox = words(zhao.get("/approvals").text)
        assert "In the stead of Wu Tong" in inbox
        assert "In the stead of Wu Tong" in words(zhao.get(f"/matters/{asked}/approve").text)
        assert zhao.get(f"/matters/{asked}").status_code == 200
        assert zhao.send(f"/matters/{asked}/approve", back="/approvals").status_code == 303
        approval = front.archive.the_matter(asked).approval
        assert approval is not None
        (given,) = approval.given
        assert (given.person, given.on_behalf_of) == (PEOPLE["zhao"], PEOPLE["manager"])
        assert "for Wu Tong" in words(front.signed_in("clerk").get(f"/matters/{asked}").text)
        assert front.archive.books.rebuild_check() == []

    def test_a_delegation_gives_no_clearance(self, front: Front, asked: int) -> None:
        delegated(front, "manager", "ma", "approve_unit")  # cleared to confidential; the matter is secret
        ma = front.signed_in("ma")
        assert "Nothing waits" in words(ma.get("/approvals").text)
        assert ma.get(f"/matters/{asked}").status_code == 404
        assert ma.send(f"/matters/{asked}/approve").status_code == 404

    def test_what_is_over_is_over(self, front: Front, asked: int) -> None:
        delegated(front, "manager", "zhao", "approve_unit", until="2026-11-22")
        front.clock.days(3)
        zhao = front.signed_in("zhao")
        assert "Nothing waits" in words(zhao.get("/approvals").text)
        assert zhao.send(f"/matters/{asked}/approve").status_code == 404
        assert "past" in words(zhao.get("/delegations").text)

    def test_it_is_listed_on_both_sides_and_ended_by_its_giver(self, front: Front, asked: int) -> None:
        delegated(front, "manager", "zhao", "approve_unit")
        manager = front.signed_in("manager")
        page = manager.get("/delegations").text
        assert "Zhao Qiming" in words(page)
        link = re.search(r'href="(/business/new/end_delegation\?delegation=\d+)"', page)
        assert link
        form = manager.get(link[1]).text
        assert re.search(r'name="delegation" value="1" checked', form)
        assert "Wu Tong" in words(front.signed_in("zhao").get("/delegations").text)
        assert manager.send("/business/new/end_delegation", delegation="1").status_code == 303
        assert front.signed_in("zhao").send(f"/matters/{asked}/approve").status_code == 404

    def test_only_ones_own_approvals_and_only_for_the_days_allowed(self, front: Front) -> None:
        answer = delegated(front, "manager", "zhao", "approve_leader")
        assert answer.status_code == 422
        assert "choose one that is offered" in words(answer.text)
        answer = delegated(front, "manager", "zhao", "approve_unit", until="2027-11-20")
        assert answer.status_code == 409
        assert front.signed_in("chen").send("/business/new/delegate").status_code == 404


def test_who_opened_a_matter_does_not_approve_it_whatever_roles_he_has(front: Front, asked: int) -> None:
    with front.archive.books.database.writing() as connection:
        accounts.grant(connection, PEOPLE["clerk"], Role.MANAGER)
    clerk = front.signed_in("clerk")
    page = clerk.get(f"/matters/{asked}").text
    assert 'aria-describedby="why-approve"' in page
    assert "f.3" in page
    answer = clerk.send(f"/matters/{asked}/approve", password=PASSWORD)
    assert answer.status_code == 409
    assert front.archive.the_matter(asked).status == "asked"
    assert Grant(Role.CLERK) in CLERK.grants
