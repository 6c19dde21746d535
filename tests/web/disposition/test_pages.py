"""Transfer, return, change of level, loss and review, walked on the pages and by REST, each to its printed form."""

import re
from typing import Any, ClassVar

import pytest

from custody.life_cycle import Status
from custody.store import queries
from custody.values import SECOND, Period
from tests.builders import CLERK, PEOPLE, SHELF
from tests.custody.disposition.scenes import ISSUER, approved_change, approved_transfer, called_back, lost
from tests.custody.disposition.scenes import received_papers as papers_of
from tests.web.front import PASSWORD, Browser, Front, number_of, words

TITLE = "远山三号总体方案"


def entered(browser: Browser, address: str, **fields: Any) -> tuple[int, str]:
    """Send a form; gives the matter and the act's number."""
    answer = browser.send(address, **fields)
    assert answer.status_code == 303, words(answer.text)
    place = answer.headers["location"]
    found = re.fullmatch(r"/matters/(\d+)\?done=([A-Z]+-2026-\d+)", place)
    assert found, place
    return int(found[1]), found[2]


def printed(browser: Browser, act: str) -> str:
    """The words of an act's paper."""
    answer = browser.get(f"/acts/{act}/form")
    assert answer.status_code == 200
    return words(answer.text)


def beside(who: str, at: int = 0) -> dict[str, str]:
    """Another person who signs at the same desk."""
    return {f"cosign.{at}.number": number_of(who), f"cosign.{at}.password": PASSWORD}


class TestTransfer:
    """From the list to the paper with both signatures."""

    def test_item_by_item_and_the_list_closes_with_the_last(self, front: Front) -> None:
        first, second = front.archive.carriers(2)
        matter = approved_transfer(front.archive, [first, second])
        clerk = front.signed_in("clerk")
        address = f"/matters/{matter}/hand_over"
        told = {"received_by": number_of("clerk2"), "password": PASSWORD} | beside("clerk2")
        assert entered(clerk, address, lines=[str(first)], pages_counted="12", **told)[0] == matter
        _, act = entered(clerk, address, lines=[str(second)], receipt="A-17", **told)
        assert front.archive.the_matter(matter).status == "closed"
        assert front.archive.the_matter(matter).body.receipt == "A-17"
        paper = printed(clerk, act)
        for part in ("CARRIERS TRANSFERRED", "YS-2026-00002", "Zhou Min", "Shen Lan", "(f.3)"):
            assert part in paper
        assert TITLE in paper  # a list that is kept bears the titles

    def test_a_courier_is_named_before_a_witness(self, front: Front) -> None:
        (carrier,) = front.archive.carriers(1)
        matter = approved_transfer(front.archive, [carrier])
        clerk = front.signed_in("clerk")
        told = {"lines": [str(carrier)], "received_by_name": "Mr. Wang", "password": PASSWORD}
        address = f"/matters/{matter}/hand_over"
        answer = clerk.send(address, **told, witness=number_of("clerk2"))
        assert answer.status_code == 422
        _, act = entered(clerk, address, **told, witness=number_of("clerk2"), **beside("clerk2"))
        assert "Mr. Wang" in printed(clerk, act)

    def test_pages_are_counted_of_one_at_a_time(self, front: Front) -> None:
        carriers = front.archive.carriers(2)
        matter = approved_transfer(front.archive, carriers)
        told = {"received_by": number_of("clerk2"), "password": PASSWORD, "pages_counted": "12"} | beside("clerk2")
        answer = front.signed_in("clerk").send(
            f"/matters/{matter}/hand_over", lines=[str(one) for one in carriers], **told
        )
        assert answer.status_code == 422
        assert "Pages are counted for one carrier at a time" in words(answer.text)

    def test_what_stays_is_struck_off_and_the_list_is_closed(self, front: Front) -> None:
        first, second = front.archive.carriers(2)
        matter = approved_transfer(front.archive, [first, second])
        clerk = front.signed_in("clerk")
        told = {"received_by": number_of("clerk2"), "password": PASSWORD} | beside("clerk2")
        entered(clerk, f"/matters/{matter}/hand_over", lines=[str(first)], **told)
        assert "Struck off" not in words(clerk.get(f"/matters/{matter}").text)
        entered(clerk, f"/matters/{matter}/strike", lines=[str(second)], reason="still needed")
        entered(clerk, f"/matters/{matter}/close", receipt="")
        page = words(clerk.get(f"/matters/{matter}").text)
        assert "Struck off" in page
        assert "still needed" in page

    def test_the_day_of_archiving_is_set_on_the_carrier(self, front: Front) -> None:
        carrier = front.archive.carrier()
        clerk = front.signed_in("clerk")
        clerk.enter(f"/carriers/{carrier}/archiving", archive_by="2027-06-30")
        assert "30 Jun 2027" in words(clerk.get(f"/carriers/{carrier}").text)


class TestReturnToTheIssuer:
    """By the issuer's notice and list."""

    def test_listed_sealed_returned_and_explained(self, front: Front) -> None:
        first, second = papers_of(front.archive, 2)
        clerk = front.signed_in("clerk")
        told = {"issuer": ISSUER, "notice_number": "N-3", "notice_on": "2026-11-18", "return_by": "2026-12-01"}
        codes = "LW-2026-0001 LW-2026-0002"
        matter, _ = entered(clerk, "/business/new/issuer_return", **told, unit="1", carriers=codes)
        assert "1 Dec 2026" in words(clerk.get(f"/matters/{matter}").text)
        hands = {"received_by_name": "Courier Deng", "witness": number_of("clerk2"), "password": PASSWORD}
        _, act = entered(
            clerk, f"/matters/{matter}/hand_over", lines=[str(first)], parcel="F-31", **hands, **beside("clerk2")
        )
        paper = printed(clerk, act)
        for part in (ISSUER, "N-3", "F-31", "Courier Deng", "岭测发〔2026〕1号", "(b.7)"):
            assert part in paper
        entered(clerk, f"/matters/{matter}/explain", lines=[str(second)], reason="kept by agreement")
        assert front.archive.the_matter(matter).status == "closed"

    def test_a_paper_of_another_issuer_is_refused_with_the_clause(self, front: Front) -> None:
        front.archive.carrier()
        told = {"issuer": ISSUER, "notice_number": "N-3", "notice_on": "2026-11-18", "return_by": "2026-12-01"}
        clerk = front.signed_in("clerk")
        answer = clerk.send("/business/new/issuer_return", **told, unit="1", carriers="YS-2026-00001")
        assert answer.status_code == 409
        assert 'href="/regulations#b.7"' in answer.text

    def test_one_that_comes_again_is_taken_in_anew_with_its_former_number(self, front: Front) -> None:
        (paper,) = papers_of(front.archive, 1)
        matter = called_back(front.archive, [paper])
        clerk = front.signed_in("clerk")
        hands = {"received_by": number_of("clerk2"), "parcel": "F-1", "password": PASSWORD} | beside("clerk2")
        entered(clerk, f"/matters/{matter}/hand_over", lines=[str(paper)], **hands)
        anew = {
            "origin": "received",
            "control_number": "LW-2027-0009",
            "title": "again",
            "level": "secret",
            "period_kind": "maximum",
            "unit": "1",
            "scope": "all",
            "issuer": ISSUER,
            "issuer_number": "岭测发〔2026〕1号",
            "archive_by": "2028-01-31",
        }
        assert clerk.send("/take-in", **anew, former="NOBODY-1").status_code == 422
        act = clerk.enter("/take-in", **anew, former="LW-2026-0001")
        assert "Reissued by its issuer" in words(clerk.get(f"/acts/{act}").text)
        with front.archive.books.database.reading() as connection:
            item = queries.carrier_by_number(connection, CLERK, "LW-2027-0009")
        assert item.archive_by == "2028-01-31"


class TestChangeOfLevel:
    """Proposed, approved by office and committee, carried out."""

    TOLD: ClassVar[dict[str, str]] = {
        "level": "confidential",
        "period.kind": "years",
        "period.value": "10",
        "basis": "第三条",
        "unit": "1",
    }

    def test_from_the_proposal_to_the_notice(self, front: Front) -> None:
        for copy in (1, 2):
            front.archive.carrier(control_number="YS-2026-77777", copies=2, copy_number=copy)
        clerk = front.signed_in("clerk")
        told = self.TOLD | {"determined_by": "Liu", "effective_on": "2026-11-20", "copies_too": "all"}
        matter, proposal = entered(clerk, "/business/new/reclassification", **told, carriers="YS-2026-77777/1")
        assert front.archive.the_matter(matter).lines_total == 2  # the other copy with it
        paper = printed(clerk, proposal)
        assert "CHANGE OF LEVEL OR PERIOD: PROPOSAL" in paper
        assert "CONFIDENTIAL" in paper
        assert "10 Y" in paper
        entered(clerk, f"/matters/{matter}/ask")
        entered(front.signed_in("secrecy"), f"/matters/{matter}/approve")
        assert "Carry out" not in words(clerk.get(f"/matters/{matter}").text)
        entered(front.signed_in("committee"), f"/matters/{matter}/approve")
        assert clerk.send(f"/matters/{matter}/carry_out", **{"lines.all": "1"}).status_code == 422  # grave
        _, act = entered(clerk, f"/matters/{matter}/carry_out", **{"lines.all": "1"}, password=PASSWORD)
        assert front.archive.the_matter(matter).status == "closed"
        assert front.archive.state(1).description.level == "confidential"
        assert "CHANGE OF LEVEL OR PERIOD: DECISION" in printed(clerk, act)

    def test_other_copies_stay_only_with_a_reason(self, front: Front) -> None:
        for copy in (1, 2):
            front.archive.carrier(control_number="YS-2026-77777", copies=2, copy_number=copy)
        clerk = front.signed_in("clerk")
        told = self.TOLD | {"determined_by": "Liu", "effective_on": "2026-11-20", "copies_too": "these"}
        answer = clerk.send("/business/new/reclassification", **told, carriers="YS-2026-77777/1")
        assert answer.status_code == 422
        assert "1 other copy" in words(answer.text)
        matter, _ = entered(
            clerk, "/business/new/reclassification", **told, carriers="YS-2026-77777/1", reason="kept elsewhere"
        )
        assert dict(front.archive.the_matter(matter).counts) == {"left_out": 1, "proposed": 1}

    def test_declassified_with_its_tag(self, front: Front) -> None:
        front.archive.carrier()
        clerk = front.signed_in("clerk")
        told = {"basis": "x", "determined_by": "Liu", "effective_on": "2026-11-20", "unit": "1", "copies_too": "all"}
        matter, _ = entered(clerk, "/business/new/declassification", **told, carriers="YS-2026-00001")
        entered(clerk, f"/matters/{matter}/ask")
        entered(front.signed_in("secrecy"), f"/matters/{matter}/approve")
        entered(front.signed_in("committee"), f"/matters/{matter}/approve")
        told = {"lines.all": "1", "retire_tags": "1", "password": PASSWORD}
        _, act = entered(clerk, f"/matters/{matter}/carry_out", **told)
        state = front.archive.state(1)
        assert (state.status, state.tags) == (Status.DECLASSIFIED, ())
        assert "DECLASSIFICATION: DECISION" in printed(clerk, act)
        assert "Declassified" in words(clerk.get("/carriers/1").text)

    def test_before_its_day_the_button_is_dashed(self, front: Front) -> None:
        carrier = front.archive.carrier()
        matter = approved_change(front.archive, [carrier], "confidential", effective_on="2026-12-01")
        page = front.signed_in("clerk").get(f"/matters/{matter}").text
        assert f'href="/matters/{matter}/carry_out"' not in page
        assert "It takes effect only on 1 Dec 2026" in words(page)


class TestReview:
    """The worklist, and what is begun from it."""

    @pytest.fixture
    def ending(self, front: Front) -> int:
        """One whose period ends within the days of warning."""
        return front.archive.carrier(period=Period("date", "2027-03-01"))

    def test_it_lists_what_ends_and_begins_what_is_chosen(self, front: Front, ending: int) -> None:
        front.archive.carrier(period=Period("date", "2026-10-01"))
        clerk = front.signed_in("clerk")
        page = clerk.get("/review").text
        assert words(page).index("YS-2026-00002") < words(page).index("YS-2026-00001")
        assert "in 101 days" in words(page)
        assert "50 days ago" in words(page)
        for key in ("reclassification", "declassification", "reviews"):
            assert f'formaction="/business/new/{key}"' in page
            assert "YS-2026-00001" in clerk.get(f"/business/new/{key}?carriers={ending}").text
        only = words(clerk.get("/review?stage=over").text)
        assert "YS-2026-00001" not in only

    def test_kept_as_it_is_it_leaves_the_list(self, front: Front, ending: int) -> None:
        clerk = front.signed_in("clerk")
        clerk.enter("/business/new/reviews", carriers="YS-2026-00001", reason="still secret")
        assert "YS-2026-00001" not in words(clerk.get("/review").text)
        assert "YS-2026-00001" in words(clerk.get("/review?stage=kept").text)

    def test_who_may_not_classify_sees_no_decision(self, front: Front, ending: int) -> None:
        page = front.signed_in("secrecy").get("/review").text
        assert "YS-2026-00001" in words(page)
        assert "formaction" not in page
        assert front.signed_in("chen").get("/review").status_code == 403

    @pytest.mark.parametrize("query", ["?after=%%", "?stage=nonsense", "?unit=999999", "?level=cosmic", "?first=x"])
    def test_a_wrong_address_does_no_harm(self, front: Front, query: str) -> None:
        assert front.signed_in("clerk").get(f"/review{query}").status_code in (200, 404)


class TestLoss:
    """Declared on the carrier's page; the clock, the report, the end."""

    def test_declared_reported_concluded_confirmed(self, front: Front) -> None:
        carrier = front.archive.carrier()
        clerk, office = front.signed_in("clerk"), front.signed_in("secrecy")
        act = clerk.enter(f"/carriers/{carrier}/missing", circumstances="not on the shelf")
        assert front.archive.state(carrier).status is Status.DECLARED_LOST
        matter = front.archive.loss_of(carrier)
        assert front.archive.the_matter(matter).due_at == front.clock.at + 86_400 * SECOND
        paper = printed(clerk, act)
        for part in ("REPORT OF A CARRIER MISSING", "B1-01-1", "within 24 hours", "Zhou Min"):
            assert part in paper
        told = {"reported_to": "Bureau", "report_number": "R-1", "reported_at": "2026-11-20T10:00"}
        _, report = entered(office, f"/matters/{matter}/report", **told)
        assert front.archive.the_matter(matter).due_at is None
        assert "Bureau" in printed(office, report)
        entered(office, f"/matters/{matter}/measures", measures="every shelf checked")
        concluded = {"outcome": "not_found", "result": "traced to the move", "responsibility": "the keeper"}
        entered(office, f"/matters/{matter}/conclude", **concluded)
        leader = front.signed_in("leader")
        _, last = entered(leader, f"/matters/{matter}/confirm", note="agreed", password=PASSWORD)
        assert front.archive.the_matter(matter).status == "closed"
        assert "traced to the move" in printed(leader, last)

    def test_several_at_once_of_the_house(self, front: Front) -> None:
        front.archive.carriers(2)
        told = {"discovered_at": "2026-11-20T08:00", "discovered_by": "1004", "last_known": "the reading room"}
        matter, _ = entered(
            front.signed_in("secrecy"),
            "/business/new/loss",
            **told,
            carriers="YS-2026-00001 YS-2026-00002",
            circumstances="the bag is gone",
            password=PASSWORD,
        )
        assert front.archive.the_matter(matter).count("missing") == 2
        assert front.archive.the_matter(matter).body.discovered_by == PEOPLE["chen"]

    def test_found_on_its_own_page_the_enquiry_knows(self, front: Front) -> None:
        carrier = front.archive.carrier()
        matter = lost(front.archive, carrier)
        front.signed_in("clerk").enter(f"/carriers/{carrier}/found", place="B1-01-1", circumstances="behind it")
        assert front.archive.line(matter, carrier).state == "found"

    def test_found_on_the_matters_page(self, front: Front) -> None:
        carrier = front.archive.carrier()
        matter = lost(front.archive, carrier)
        entered(front.signed_in("clerk"), f"/matters/{matter}/found", lines=[str(carrier)], place="B1-01-1")
        assert front.archive.state(carrier).place == SHELF

    def test_by_rest_it_opens_the_matter_too(self, front: Front) -> None:
        carrier = front.archive.carrier()
        program = front.program("clerk")
        assert program.call("/acts/missing", carrier=carrier, circumstances="gone").status_code == 201
        matter = front.archive.loss_of(carrier)
        assert front.archive.the_matter(matter).kind == "loss"
        assert program.call("/acts/found", carrier=carrier, place=SHELF).status_code == 201
        assert front.archive.line(matter, carrier).state == "found"
        assert front.archive.books.rebuild_check() == []
