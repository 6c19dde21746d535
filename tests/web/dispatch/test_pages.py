"""Receiving, sending, distribution and widening, walked on the pages and by REST; the registers; the papers."""

import io
import re
from typing import Any

import pytest
from openpyxl import load_workbook

from custody.access import Role
from custody.entries import Shelved
from custody.entries.dispatch import ParcelSealed
from custody.entries.disposition import IssuerReturnListed, IssuerReturnOpened
from custody.life_cycle import Status
from custody.store import queries
from tests.builders import CLERK, LEADER, MANAGER, PEOPLE, SECRECY_OFFICE, SHELF, Archive, subject
from tests.custody.dispatch.scenes import (
    ISSUER,
    OUTSIDE,
    OWN,
    a_dispatch,
    a_distribution,
    a_widening,
    acknowledged,
    approve,
    bodies,
    consignment,
    listed,
    sealed,
    taken,
    under_way,
)
from tests.custody.disposition.scenes import called_back, parcel, received_papers
from tests.web.front import PASSWORD, Browser, Front, number_of, words

TITLE = "年度测绘成果"


@pytest.fixture
def house(front: Front) -> Front:
    """The front with two other bodies in the directory."""
    bodies(front.archive)
    return front


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


CLERK_AS_MANAGER = subject("clerk2", Role.MANAGER)
HANDS = {"delivered_by_name": "Courier Deng", "witness": "1012"}
SENT = {
    "sender": "1",
    "manifest_number": "M-118",
    "way": "confidential_communications",
    "seal": "F-2207",
    "seal_state": "intact",
    "unit": "1",
    **HANDS,
}


class TestReceiving:
    """From the manifest to the slip."""

    @staticmethod
    def rows(*numbers: int) -> dict[str, str]:
        """Rows of the manifest as they are typed."""
        found: dict[str, str] = {}
        for at, copy in enumerate(numbers):
            told = {"issuer_number": "M-7", "title": TITLE, "copy_number": str(copy), "level": "secret", "pages": "12"}
            found |= {f"rows.{at}.{name}": value for name, value in told.items()}
        return found

    def test_a_consignment_is_compared_registered_told_and_closed(self, house: Front) -> None:
        clerk = house.signed_in("clerk")
        matter, _ = entered(clerk, "/business/new/receipt", **SENT, **self.rows(1, 2, 3))
        page = words(clerk.get(f"/matters/{matter}").text)
        for part in ("Ministry", "M-118", "Courier Deng", "M-7", "not yet known"):
            assert part in page
        about = {"control_number": "SW-1", "copies": "3", "period.kind": "maximum", "place": "B1-01-1"}
        labels = "3414F4A2000000000000A001 3414F4A2000000000000A002"
        entered(clerk, f"/matters/{matter}/register", rows_chosen=["1", "2"], labels=labels, **about)
        told = {"told_how": "slip", "told_to": "Ministry"}
        assert clerk.send(f"/matters/{matter}/tell", **told).status_code == 409
        entered(clerk, f"/matters/{matter}/short", rows_chosen=["3"], note="not in the envelope")
        entered(clerk, f"/matters/{matter}/tell", slip_number="S-9", **told)
        full = clerk.send(f"/matters/{matter}/close", full="1", **beside("clerk2"))
        assert full.status_code == 409
        assert "not received in full" in words(full.text)
        _, act = entered(clerk, f"/matters/{matter}/close", **beside("clerk2"))
        ended = house.archive.the_matter(matter)
        assert (ended.status, ended.body.full, ended.count("received")) == ("closed", False, 2)
        first = ended.body.rows[0].carrier
        state = house.archive.state(first)
        assert (state.description.issuer, state.description.issuer_number) == ("部机关", "M-7")
        assert (state.place, state.tags[0].epc) == (SHELF, "3414F4A2000000000000A001")
        slip = printed(clerk, act)
        for part in ("RECEIPT SLIP", "M-118", "M-7", "short", "Courier Deng", "(b.2)"):
            assert part in slip

    def test_one_paper_in_one_act(self, house: Front) -> None:
        clerk = house.signed_in("clerk")
        item = {
            "issuer_number": "M-8",
            "item_title": TITLE,
            "copy_number": "4",
            "level": "secret",
            "pages": "12",
            "control_number": "SW-2",
            "copies": "9",
            "scope": ["all"],
            "told_how": "slip",
        }
        matter, _ = entered(clerk, "/business/new/receive_one", **SENT, **item, **beside("clerk2"))
        ended = house.archive.the_matter(matter)
        assert (ended.status, ended.body.full) == ("closed", True)

    def test_one_paper_by_rest(self, house: Front) -> None:
        program = house.program("clerk")
        body = {
            "sender": 1,
            "manifest_number": "M-9",
            "way": "exchange_station",
            "seal": "F-1",
            "seal_state": "intact",
            "unit": 1,
            "delivered_by_name": "Courier Deng",
            "witness": PEOPLE["clerk2"],
            "issuer_number": "M-9",
            "item_title": TITLE,
            "copy_number": 1,
            "level": "confidential",
            "control_number": "SW-3",
            "told_how": "letter",
        }
        hands = [{"number": number_of("clerk2"), "password": PASSWORD}]
        answer = program.call("/business/receive_one", **body, cosignatures=hands)
        assert answer.status_code == 201, answer.text
        assert house.archive.the_matter(answer.json()["matter"]).status == "closed"

    def test_a_reissued_paper_names_what_it_was(self, house: Front) -> None:
        archive = house.archive
        matter = consignment(archive, 1)
        came = taken(archive, matter, 1)
        archive.enter(CLERK, [came, Shelved(came.carrier, SHELF)], "receipt")
        back = called_back_by(archive, came.carrier)
        archive.enter(CLERK, [parcel(back, came.carrier)], "issuer_return", "clerk2")
        clerk = house.signed_in("clerk")
        was = came.description
        item = {
            "issuer_number": was.issuer_number,
            "item_title": TITLE,
            "copy_number": "1",
            "level": "secret",
            "control_number": "SW-9",
            "told_how": "slip",
            "former": f"{was.control_number}/{was.copy_number}",
        }
        again = SENT | {"sender": "1"}
        entered(clerk, "/business/new/receive_one", **again, **item, **beside("clerk2"))

    def test_over_wrong_and_sent_back(self, house: Front) -> None:
        matter = consignment(house.archive, 2)
        clerk = house.signed_in("clerk")
        address = f"/matters/{matter}"
        told = {"row": "1", "difference": "pages", "sent_or_kept": "kept", "note": "two pages lacking"}
        entered(clerk, f"{address}/differs", **told)
        about = {"control_number": "SW-1", "copies": "9", "period.kind": "maximum"}
        both = clerk.send(f"{address}/register", rows_chosen=["1", "2"], pages="10", **about)
        assert "for one row at a time" in words(both.text)
        entered(clerk, f"{address}/register", rows_chosen=["1"], pages="10", **about)
        over = {"issuer_number": "M-99", "item_title": "Another", "copy_number": "1", "level": "secret"}
        entered(clerk, f"{address}/register_over", **over, **(about | {"control_number": "SW-8"}))
        entered(clerk, f"{address}/over", issuer_number="M-98", note="not for us")
        page = words(clerk.get(address).text)
        for part in ("Other pages", "kept", "M-99", "over", "sent back"):
            assert part in page

    def test_one_begun_by_mistake_is_cancelled(self, house: Front) -> None:
        matter = consignment(house.archive, 1)
        clerk = house.signed_in("clerk")
        entered(clerk, f"/matters/{matter}/cancel", reason="entered twice")
        assert house.archive.the_matter(matter).status == "cancelled"


def called_back_by(archive: Archive, carrier: int) -> int:
    """The ministry calls a paper back."""
    matter = archive.matter()
    opened = IssuerReturnOpened(matter, 1, "secret", ISSUER, "N-3", "2026-11-18", archive.due(10))
    archive.enter(CLERK, [opened, IssuerReturnListed(carrier, matter)], "issuer_return")
    return matter


class TestSending:
    """From the list to the receipt that comes back."""

    def test_to_another_body_by_the_courier(self, house: Front) -> None:
        one, other = house.archive.carriers(2, scope=OUTSIDE)
        clerk = house.signed_in("clerk")
        plan = {"addressee": "1", "attention": "General office", "way": "confidential_communications", "unit": "1"}
        codes = "YS-2026-00001 YS-2026-00002"
        matter, _ = entered(clerk, "/business/new/dispatch", **plan, arrive_on="2026-11-25", carriers=codes)
        approve(house.archive, matter, ("unit", MANAGER), route="dispatch")
        _, act = entered(clerk, f"/matters/{matter}/seal", parcel="P-01", seal="F-3001")
        label = printed(clerk, act)
        assert "P-01" in label
        assert "Ministry" in label
        assert "远山三号总体方案" not in label  # an envelope bears no titles
        hands = {"taken_by_name": "Courier Deng", "witness": number_of("clerk2"), "password": PASSWORD}
        _, act = entered(clerk, f"/matters/{matter}/send", **hands, **beside("clerk2"))
        paper = printed(clerk, act)
        for part in ("DISPATCH", "YS-2026-00001", "Courier Deng", "Zhou Min", "F-3001", "(b.1)"):
            assert part in paper
        assert "远山三号总体方案" not in paper  # it travels beside the parcel
        told = {"receipt": "R-9", "signed_by": "Secretary Wang"}
        entered(clerk, f"/matters/{matter}/acknowledge", lines=[str(one), str(other)], **told)
        assert house.archive.the_matter(matter).status == "closed"
        assert house.archive.state(one).status is Status.TRANSFERRED

    def test_ordinary_post_is_refused_with_the_clause(self, house: Front) -> None:
        house.archive.carriers(1, scope=OUTSIDE)
        plan = {"addressee": "1", "way": "ordinary_post", "unit": "1", "arrive_on": "2026-11-25"}
        answer = house.signed_in("clerk").send("/business/new/dispatch", **plan, carriers="YS-2026-00001")
        assert answer.status_code == 409
        assert "b.4" in words(answer.text)
        assert "Ordinary post is not allowed for what is Secret" in words(answer.text)

    def test_a_recipient_of_the_house_takes_it_in(self, house: Front) -> None:
        carrier = house.archive.carrier()
        plan = OWN | {"addressee": None, "recipient": PEOPLE["zhao"], "escorts": (PEOPLE["sun"],)}
        matter = sealed(house.archive, [carrier], **plan)
        clerk = house.signed_in("clerk")
        told = {"taken_by": number_of("sun"), "password": PASSWORD}
        entered(clerk, f"/matters/{matter}/send", **told, **beside("sun"))
        zhao = house.signed_in("zhao")
        assert "Take in" in words(zhao.get(f"/matters/{matter}").text)
        assert "Acknowledged" not in words(clerk.get(f"/matters/{matter}").text)
        entered(zhao, f"/matters/{matter}/take_in", lines=[str(carrier)], place="B1-01-2", pages_counted="12")
        entered(clerk, f"/matters/{matter}/close")
        assert house.archive.state(carrier).status is Status.IN_PLACE

    def test_what_comes_back_and_what_is_short(self, house: Front) -> None:
        one, other = house.archive.carriers(2, scope=OUTSIDE)
        matter = under_way(house.archive, [one, other])
        clerk = house.signed_in("clerk")
        entered(clerk, f"/matters/{matter}/came_back", lines=[str(one)], place="B1-01-1", reason="nobody there")
        entered(clerk, f"/matters/{matter}/short", lines=[str(other)], note="not in the parcel", password=PASSWORD)
        assert house.archive.state(other).status is Status.DECLARED_LOST
        assert house.archive.the_matter(matter).status == "closed"

    def test_a_parcel_is_opened_again(self, house: Front) -> None:
        matter = sealed(house.archive, [house.archive.carrier(scope=OUTSIDE)])
        clerk = house.signed_in("clerk")
        entered(clerk, f"/matters/{matter}/unseal", reason="seal damaged")
        assert house.archive.the_matter(matter).status == "approved"

    def test_who_approved_it_may_not_send_it(self, house: Front) -> None:
        carrier = house.archive.carrier(scope=OUTSIDE)
        matter = a_dispatch(house.archive, [carrier])
        approve(house.archive, matter, ("unit", CLERK_AS_MANAGER), route="dispatch")
        house.archive.enter(CLERK, [ParcelSealed(matter, "P-1", "F-1")], "dispatch_seal")
        page = words(house.signed_in("clerk2").get(f"/matters/{matter}").text)
        assert "b.1" in page


class TestDistribution:
    """Copies to recipients, and back."""

    def test_handed_out_counted_and_collected(self, house: Front) -> None:
        archive = house.archive
        for copy in (1, 2, 3):
            archive.carriers(1, control_number="YS-700", copy_number=copy, copies=3)
        clerk = house.signed_in("clerk")
        told = {"control_number": "YS-700", "unit": "1", "collect_on": "2026-12-10", "reason": "study"}
        matter, _ = entered(clerk, "/business/new/distribution", **told)
        lines = [line.carrier for line in all_lines(archive, matter)]
        both = {"recipient": number_of("chen"), "place": "B1-01-1", "due_on": "2026-12-01"}
        wrong = clerk.send(f"/matters/{matter}/hand_out", lines=[str(lines[0])], **both, **beside("chen"))
        assert "Either a place to keep it or a due day" in words(wrong.text)
        given = {"recipient": number_of("chen"), "due_on": "2026-12-01"}
        entered(clerk, f"/matters/{matter}/hand_out", lines=[str(lines[0])], **given, **beside("chen"))
        given = {"recipient": number_of("sun"), "due_on": "2026-12-01"}
        _, act = entered(clerk, f"/matters/{matter}/hand_out", lines=[str(lines[1])], **given, **beside("sun"))
        sheet = printed(clerk, act)
        for part in ("DISTRIBUTION", "YS-700", "Sun Li", "(b.3)"):
            assert part in sheet
        entered(clerk, f"/matters/{matter}/count", lines=[str(lines[2])], pages_counted="12")
        assert archive.the_matter(matter).status == "distributed"
        chosen = [str(one) for one in lines[:2]]
        entered(clerk, f"/matters/{matter}/collect", lines=chosen, place="B1-01-2")
        assert archive.the_matter(matter).status == "closed"

    def test_a_title_that_is_not_there(self, house: Front) -> None:
        told = {"control_number": "NO-1", "unit": "1"}
        answer = house.signed_in("clerk").send("/business/new/distribution", **told)
        assert "No copies under this number" in words(answer.text)

    def test_what_stays_is_over_with_the_count(self, house: Front) -> None:
        copy = house.archive.carrier()
        number = house.archive.state(copy).description.control_number
        matter = a_distribution(house.archive, [copy], number)
        clerk = house.signed_in("clerk")
        given = {"recipient": number_of("chen"), "due_on": "2026-12-01"}
        entered(clerk, f"/matters/{matter}/hand_out", lines=[str(copy)], **given, **beside("chen"))
        entered(clerk, f"/matters/{matter}/finish")
        assert house.archive.the_matter(matter).ended

    def test_a_copy_is_struck_off(self, house: Front) -> None:
        copy = house.archive.carrier()
        matter = a_distribution(house.archive, [copy], house.archive.state(copy).description.control_number)
        clerk = house.signed_in("clerk")
        entered(clerk, f"/matters/{matter}/strike", lines=[str(copy)], reason="kept as a sample")
        assert "kept as a sample" in words(clerk.get(f"/matters/{matter}").text)


def all_lines(archive: Archive, matter: int) -> list[Any]:
    """The lines of a matter."""
    with archive.books.database.reading() as connection:
        return queries.all_lines(connection, matter)


class TestWidening:
    """By approval, for all copies."""

    def test_applied_for_on_the_page_and_carried_out(self, house: Front) -> None:
        copy = house.archive.carrier(scope=("unit:3",))
        number = house.archive.state(copy).description.control_number
        clerk = house.signed_in("clerk")
        told = {"control_number": number, "scope": ["unit:4", "organisation:1"], "reason": "joint work"}
        matter, act = entered(clerk, "/business/new/widening", **told, authority="Mr. Liu", unit="1")
        assert "Mr. Liu" in printed(clerk, act)
        approve(house.archive, matter, ("office", SECRECY_OFFICE), ("leader", LEADER), route="widening")
        entered(clerk, f"/matters/{matter}/carry_out", password=PASSWORD)
        assert set(house.archive.state(copy).description.scope.principals) == {"unit:3", "unit:4", "organisation:1"}
        page = words(clerk.get(f"/matters/{matter}").text)
        assert "Ministry" in page

    def test_somebody_has_to_be_named(self, house: Front) -> None:
        copy = house.archive.carrier()
        number = house.archive.state(copy).description.control_number
        told = {"control_number": number, "reason": "x", "authority": "y", "unit": "1"}
        answer = house.signed_in("clerk").send("/business/new/widening", **told)
        assert "Choose who may know it besides" in words(answer.text)

    def test_before_it_is_approved_nothing_is_carried_out(self, house: Front) -> None:
        copy = house.archive.carrier()
        matter = a_widening(house.archive, [copy], house.archive.state(copy).description.control_number, "unit:4")
        assert "Carry out" not in words(house.signed_in("clerk").get(f"/matters/{matter}").text)


class TestRegisters:
    """What came in and what went out, a row a paper."""

    def test_the_incoming_register_keeps_the_issuers_number_and_the_recall(self, house: Front) -> None:
        archive = house.archive
        matter = consignment(archive, 2)
        came = [taken(archive, matter, 1), taken(archive, matter, 2)]
        archive.enter(CLERK, came, "receipt")
        called_back_by(archive, came[0].carrier)
        clerk = house.signed_in("clerk")
        page = words(clerk.get("/registers/incoming").text)
        for part in (ISSUER, "部发〔2026〕7号", "部机发-118", "Confidential communications", "邓机要", "called back"):
            assert part in page
        some = words(clerk.get("/registers/incoming?stage=called_back").text)
        assert came[0].description.control_number in some
        assert came[1].description.control_number not in some

    def test_the_outgoing_register_holds_what_was_sent_and_what_was_returned(self, house: Front) -> None:
        archive = house.archive
        one, other = archive.carriers(2, scope=OUTSIDE)
        matter = under_way(archive, [one, other])
        archive.enter(CLERK, [acknowledged(matter, one)], "delivery")
        papers = papers_received(archive)
        back = called_back(archive, [papers])
        archive.enter(CLERK, [parcel(back, papers)], "issuer_return", "clerk2")
        clerk = house.signed_in("clerk")
        page = words(clerk.get("/registers/outgoing").text)
        for part in ("Ministry", "P-01", "Acknowledged", "On its way", "岭南测绘院", "F-0031"):
            assert part in page
        way = words(clerk.get("/registers/outgoing?stage=under_way").text)
        assert "YS-2026-00002" in way
        assert "YS-2026-00001" not in way

    def test_it_is_searched_by_the_issuers_number_without_words_in_the_address(self, house: Front) -> None:
        archive = house.archive
        matter = consignment(archive, 2)
        archive.enter(CLERK, [taken(archive, matter, 1)], "receipt")
        clerk = house.signed_in("clerk")
        for text, found in (("部发〔2026〕7号", True), ("部机关", True), (TITLE, True), ("另一号", False)):
            answer = clerk.send("/registers/incoming", q=text)
            assert answer.status_code == 303
            place = answer.headers["location"]
            assert text not in place
            assert ("SW-2026-" in words(clerk.get(place).text)) == found
        assert clerk.send("/registers/incoming", q="").headers["location"] == "/registers/incoming"
        assert clerk.send("/registers/elsewhere", q="x").status_code == 404

    def test_by_days(self, house: Front) -> None:
        archive = house.archive
        matter = consignment(archive, 1)
        archive.enter(CLERK, [taken(archive, matter, 1)], "receipt")
        clerk = house.signed_in("clerk")
        today = "since=2026-11-20&until=2026-11-20"
        assert "SW-2026-" in words(clerk.get(f"/registers/incoming?{today}").text)
        assert "No papers received" in words(clerk.get("/registers/incoming?until=2026-11-19").text)
        assert "No papers received" in words(clerk.get("/registers/incoming?since=2026-11-21").text)

    def test_it_is_paged(self, house: Front) -> None:
        archive = house.archive
        rows = tuple(row for row in range(60))
        matter = consignment(archive, tuple(listed(n + 1) for n in rows))
        facts = [taken(archive, matter, n + 1, copies=99) for n in rows]
        archive.enter(CLERK, facts, "receipt")
        clerk = house.signed_in("clerk")
        page = clerk.get("/registers/incoming").text
        assert page.count("<tr>") - 1 == 50
        following = re.search(r'href="([^"]*after=[^"]*)"', page)
        assert following
        second = clerk.get(following[1].replace("&amp;", "&")).text
        assert second.count("<tr>") - 1 == 10
        assert clerk.get("/registers/incoming?after=x").status_code == 404

    @pytest.mark.parametrize("register", ["incoming", "outgoing"])
    def test_it_is_exported_without_titles_and_logged(self, register: str, house: Front) -> None:
        archive = house.archive
        matter = consignment(archive, 1)
        archive.enter(CLERK, [taken(archive, matter, 1)], "receipt")
        under_way(archive, [archive.carrier(scope=OUTSIDE)])
        clerk = house.signed_in("clerk")
        answer = clerk.get(f"/registers/{register}.xlsx")
        assert answer.status_code == 200
        sheet = load_workbook(io.BytesIO(answer.content)).active
        assert sheet is not None
        cells = [str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None]
        wanted = ("部发〔2026〕7号", "部机发-118") if register == "incoming" else ("Ministry", "P-01")
        for part in wanted:
            assert part in cells
        assert TITLE not in cells

    def test_a_borrower_has_no_registers(self, house: Front) -> None:
        assert house.signed_in("chen").get("/registers/incoming").status_code in (403, 404)


def papers_received(archive: Archive) -> int:
    """A paper of another issuer, on the shelf."""
    return received_papers(archive, 1)[0]
