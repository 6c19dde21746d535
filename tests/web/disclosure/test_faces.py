"""Letter i by its pages, its papers and the interface; and the register of other bodies."""

import hashlib
import re
from typing import Any, ClassVar

import pytest

from custody.life_cycle import Status
from tests.builders import CLERK_2, PEOPLE
from tests.custody.disclosure.scene import (
    a_passed_review,
    a_provision,
    an_approved_provision,
    an_asked_review,
    approve,
    handed,
    outside,
    partner,
)
from tests.web.front import PASSWORD, Browser, Front, number_of, words

TITLE = "远山三号总体方案"
PIECE = "低温轴承的润滑"
FILE = "第一稿".encode()
HASH = hashlib.sha256(FILE).hexdigest()


def entered(browser: Browser, address: str, **fields: Any) -> tuple[int, str]:
    """Enter an act on a matter, or one that opens it; gives the matter and the act's number."""
    place = browser.enter(address, **fields)
    found = re.fullmatch(r"/matters/(\d+)\?done=([A-Z]{2}-\d+-\d+)", place)
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


class TestProvision:
    """From the proposal to the return."""

    def test_proposed_approved_handed_over_and_taken_back(self, front: Front) -> None:
        carrier = front.archive.carrier()
        body = partner(front.archive)
        clerk = front.signed_in("clerk")
        told = {
            "organisation": str(body),
            "purpose": "joint trial",
            "ground": "contract 8",
            "terms": "loan",
            "return_by": "2027-01-31",
            "form": "originals",
            "carriers": "YS-2026-00001",
            "measures": "own safe",
            "unit": "1",
        }
        assert clerk.send("/business/new/provision", **(told | {"return_by": ""})).status_code == 422
        matter, act = entered(clerk, "/business/new/provision", **told)
        paper = printed(clerk, act)
        for part in ("PROVISION TO ANOTHER BODY: APPROVAL", "Body INST", "contract 8", "31 Jan 2027", TITLE, "(i.1)"):
            assert part in paper
        page = words(clerk.get(f"/matters/{matter}").text)
        assert "Body INST" in page
        assert "state-owned" in page
        entered(clerk, f"/matters/{matter}/ask")
        assert "Hand over" not in words(clerk.get(f"/matters/{matter}").text)
        for who in ("secrecy", "leader"):
            entered(front.signed_in(who), f"/matters/{matter}/approve")

        own = clerk.get(f"/matters/{matter}").text  # the applicant sees the button dashed, with the clause
        assert f'href="/matters/{matter}/provide"' not in own
        assert "does not hand it over" in words(own)
        giver = front.signed_in("clerk2")
        hands = {"received_by_name": "Shao", "document": "staff card 0731", "witness": number_of("chen")}
        address = f"/matters/{matter}/provide"
        assert giver.send(address, lines=["1"], **hands, **beside("chen")).status_code == 422  # grave
        _, act = entered(giver, address, lines=["1"], pages_counted="12", **hands, password=PASSWORD, **beside("chen"))
        assert front.archive.state(carrier).status is Status.PROVIDED_OUTSIDE
        paper = printed(giver, act)
        for part in ("HAND-OVER", "Shao", "staff card 0731", "Shen Lan", "Chen Guodong", "31 Jan 2027", TITLE):
            assert part in paper
        assert "With the other body" in words(clerk.get(f"/matters/{matter}").text)

        back = {"brought_by_name": "Shao", "place": "B1-01-1", "whole": "1"}
        _, act = entered(clerk, f"/matters/{matter}/take_back", lines=["1"], **back)
        assert front.archive.state(carrier).status is Status.IN_PLACE
        assert front.archive.the_matter(matter).ended  # it closes with its last item
        assert "Shao" in printed(clerk, act)

    def test_given_for_good_against_a_receipt(self, front: Front) -> None:
        carrier = front.archive.carrier()
        matter = an_approved_provision(front.archive, [carrier], terms="for_good", reason="with the device")
        giver = front.signed_in("clerk2")
        hands = {"received_by_name": "Shao", "document": "0731", "witness": number_of("chen"), "password": PASSWORD}
        address = f"/matters/{matter}/provide"
        assert giver.send(address, lines=[str(carrier)], **hands, **beside("chen")).status_code == 422
        _, act = entered(giver, address, lines=[str(carrier)], receipt="R-7", **hands, **beside("chen"))
        assert front.archive.state(carrier).status is Status.TRANSFERRED
        assert front.archive.the_matter(matter).ended
        assert "R-7" in printed(giver, act)

    def test_told_without_a_carrier(self, front: Front) -> None:
        matter = an_approved_provision(front.archive, [], terms="told", information="conditions of the trial")
        clerk = front.signed_in("clerk")
        told = {
            "told": "temperatures",
            "told_at": "2026-11-20T10:00",
            "speaker": number_of("zhao"),
            "received_by_name": "Shao",
            "document": "staff card 0731",
            "minutes": "M-3",
            "witness": number_of("chen"),
            "password": PASSWORD,
        }
        _, act = entered(clerk, f"/matters/{matter}/tell", **told, **beside("zhao"), **beside("chen", 1))
        page = words(clerk.get(f"/matters/{matter}").text)
        assert "temperatures" in page
        assert "staff card 0731" not in page  # pages show its last signs only
        assert "…0731" in page
        assert "staff card 0731" in printed(clerk, act)
        entered(clerk, f"/matters/{matter}/close", remark="")
        assert front.archive.the_matter(matter).ended

    def test_longer_by_an_approval_of_its_own(self, front: Front) -> None:
        carrier = front.archive.carrier()
        provision = outside(front.archive, [carrier])
        clerk = front.signed_in("clerk")
        matter, act = entered(clerk, f"/matters/{provision}/prolong", return_by="2027-03-31", reason="delayed")
        assert matter != provision
        paper = printed(clerk, act)
        for part in ("PROLONGATION", "31 Mar 2027", "delayed", "Body INST"):
            assert part in paper
        approve(front.archive, matter)
        _, act = entered(clerk, f"/matters/{matter}/carry_out")
        assert front.archive.the_matter(provision).body.prolonged == 1
        assert front.archive.state(carrier).due_at == front.archive.the_matter(provision).due_at
        assert "31 Mar 2027" in words(clerk.get(f"/matters/{provision}").text)
        assert TITLE in printed(clerk, act)

    def test_an_agreement_that_ends_before_the_day_of_return_shows(self, front: Front) -> None:
        carrier = front.archive.carrier()
        body = partner(front.archive, valid_until="2026-12-01")
        matter = outside(front.archive, [carrier], body=body)
        clerk = front.signed_in("clerk")
        assert "expires before the day of return" in words(clerk.get(f"/matters/{matter}").text)
        front.clock.days(20)
        assert "no valid agreement" in words(front.signed_in("clerk").get(f"/matters/{matter}").text)

    def test_without_an_agreement_the_hand_over_is_dashed(self, front: Front) -> None:
        carrier = front.archive.carrier()
        body = partner(front.archive, valid_until="2026-11-25")
        matter = an_approved_provision(front.archive, [carrier], body)
        front.clock.days(6)
        page = front.signed_in("clerk2").get(f"/matters/{matter}").text
        assert f'href="/matters/{matter}/provide"' not in page
        assert 'href="/regulations#i.1"' in page

    def test_struck_off_before_it_is_asked(self, front: Front) -> None:
        carrier = front.archive.carrier()
        matter = a_provision(front.archive, [carrier])
        clerk = front.signed_in("clerk")
        entered(clerk, f"/matters/{matter}/strike", lines=[str(carrier)], reason="not needed")
        assert front.archive.state(carrier).matter is None
        entered(clerk, f"/matters/{matter}/list", carriers="YS-2026-00001")
        assert front.archive.line(matter, carrier).state == "listed"

    def test_by_the_interface(self, front: Front) -> None:
        carrier = front.archive.carrier()
        body = partner(front.archive)
        program = front.program("clerk")
        told = {
            "organisation": "INST",
            "purpose": "p",
            "ground": "g",
            "terms": "loan",
            "return_by": "2027-01-31",
            "form": "originals",
            "carriers": [carrier],
            "measures": "m",
            "unit": 1,
        }
        answer = program.call("/business/provision", **told)
        assert answer.status_code == 201, answer.text
        matter = answer.json()["matter"]
        approve(front.archive, matter)
        giver = front.program("clerk2")
        hands = {"received_by_name": "Shao", "document": "0731", "witness": number_of("chen"), "lines": [carrier]}
        answer = giver.call(
            f"/matters/{matter}/provide",
            **hands,
            password=PASSWORD,
            cosignatures=[{"number": number_of("chen"), "password": PASSWORD}],
        )
        assert answer.status_code == 201, answer.text
        assert program.http.get(f"/api/v1/matters/{matter}").json()["body"]["organisation"] == body


class TestReview:
    """From the text to where it came out."""

    TOLD: ClassVar[dict[str, str]] = {
        "what": "manuscript",
        "piece_title": PIECE,
        "outlet": "Journal",
        "intended_on": "2026-12-20",
        "secrets": "none",
    }

    def test_the_file_is_read_for_its_hash_and_not_kept(self, front: Front) -> None:
        chen = front.signed_in("chen")
        files = {"text_hash.file": ("draft.docx", FILE)}
        page = chen.http.post(
            "/business/new/disclosure_review",
            data={"csrf": chen.csrf, "do": "check:text_hash", **self.TOLD},
            files=files,
        )
        assert f'value="{HASH}"' in page.text
        answer = chen.http.post(
            "/business/new/disclosure_review",
            data={"csrf": chen.csrf, "authors": "1004", **self.TOLD},
            files=files,
        )
        assert answer.status_code == 303, words(answer.text)
        assert front.archive.the_matter(1).body.text_hash == HASH
        assert front.archive.the_matter(1).unit == 4
        data = front.archive.books.database
        with data.reading() as connection:
            held = connection.exec_driver_sql("select body from entry").scalars().all()
        assert not any(FILE in bytes(one) for one in held)

    def test_reviewed_by_the_unit_and_the_office_and_published(self, front: Front) -> None:
        chen = front.signed_in("chen")
        matter, act = entered(chen, "/business/new/disclosure_review", **self.TOLD, authors="1004", text_hash=HASH)
        assert PIECE in printed(chen, act)
        entered(chen, f"/matters/{matter}/ask")
        manager = front.signed_in("manager")
        page = manager.get(f"/matters/{matter}").text
        assert f'href="/matters/{matter}/opinion"' in page
        assert f'href="/matters/{matter}/approve"' not in page  # a result is said, not only yes
        inbox = manager.get("/approvals").text
        assert f'href="/matters/{matter}"' in inbox
        assert f'action="/matters/{matter}/approve"' not in inbox
        assert manager.send(f"/matters/{matter}/opinion", result="no").status_code == 422
        entered(manager, f"/matters/{matter}/opinion", result="pass")
        office = front.signed_in("secrecy")
        _, act = entered(office, f"/matters/{matter}/opinion", result="changes", opinion="leave out table 2")
        paper = printed(office, act)
        for part in ("DISCLOSURE REVIEW", PIECE, "leave out table 2", HASH, "Wu Tong", "Song Lin", "(i.2)"):
            assert part in paper
        page = chen.get(f"/matters/{matter}").text
        assert f'href="/matters/{matter}/publish"' not in page
        assert 'href="/regulations#i.2"' in page
        changed = hashlib.sha256(b"second draft").hexdigest()
        entered(office, f"/matters/{matter}/confirm", text_hash=changed)
        wrong = chen.send(
            f"/matters/{matter}/publish", where_out="Journal 12", published_on="2026-11-20", text_hash=HASH
        )
        assert wrong.status_code == 409
        _, act = entered(
            chen, f"/matters/{matter}/publish", where_out="Journal 12", published_on="2026-11-20", text_hash=changed
        )
        assert front.archive.the_matter(matter).status == "published"
        assert "Journal 12" in printed(chen, act)

    def test_not_to_be_public(self, front: Front) -> None:
        matter = an_asked_review(front.archive)
        manager = front.signed_in("manager")
        entered(manager, f"/matters/{matter}/opinion", result="no", opinion="figures not public")
        assert front.archive.the_matter(matter).status == "declined"

    def test_an_author_has_the_button_dashed(self, front: Front) -> None:
        matter = an_asked_review(front.archive, authors=(PEOPLE["chen"], PEOPLE["manager"]))
        page = front.signed_in("manager").get(f"/matters/{matter}").text
        assert f'href="/matters/{matter}/opinion"' not in page
        assert "is an author and does not review" in words(page)

    def test_a_colleague_brings_it_and_the_author_signs(self, front: Front) -> None:
        clerk = front.signed_in("clerk")
        address = "/business/new/disclosure_review"
        told = self.TOLD | {"authors": "1004", "text_hash": HASH}
        assert clerk.send(address, **told).status_code == 422
        entered(clerk, address, **told, **beside("chen"))

    def test_of_a_unit_and_of_an_interview(self, front: Front) -> None:
        clerk = front.signed_in("clerk")
        address = "/business/new/disclosure_review"
        nobody = clerk.send(address, **self.TOLD, text_hash=HASH)
        assert nobody.status_code == 422
        release = self.TOLD | {"what": "press_release", "author_unit": "3", "text_hash": HASH}
        matter, _ = entered(clerk, address, **release)
        assert front.archive.the_matter(matter).unit == 3
        talk = self.TOLD | {"what": "interview", "authors": "1004", "secrets": "unavoidable", "level": "secret"}
        chen = front.signed_in("chen")
        matter, _ = entered(chen, address, **talk)
        entered(chen, f"/matters/{matter}/editors", editors="desk", statement="not to be printed")
        assert "not to be printed" in words(chen.get(f"/matters/{matter}").text)

    def test_the_list_by_what_and_how_far(self, front: Front) -> None:
        a_passed_review(front.archive)
        an_asked_review(front.archive, what="book", title="轴承史")
        office = front.signed_in("secrecy")
        page = words(office.get("/disclosures").text)
        assert PIECE in page
        assert "轴承史" in page
        assert "轴承史" not in words(office.get("/disclosures?what=manuscript").text)
        assert PIECE not in words(office.get("/disclosures?status=asked").text)
        assert PIECE not in words(office.get("/disclosures?mine=1&what=book").text)
        assert PIECE in words(front.signed_in("chen").get("/disclosures?mine=1").text)
        assert office.get("/disclosures?after=%%").status_code == 404
        assert PIECE not in office.get(f"/matters/{1}").text.partition("</title>")[0]


class TestBodies:
    """The register of other bodies."""

    NEW: ClassVar[dict[str, str]] = {
        "code": "PRESS",
        "name": "部属印刷厂",
        "name_en": "Printing house",
        "ownership": "state",
        "contact": "010-1",
    }
    PAPER: ClassVar[dict[str, str]] = {
        "paper_number": "N-1",
        "level": "secret",
        "valid_from": "2025-01-01",
        "valid_until": "2026-12-05",
    }

    def test_entered_amended_licensed_and_agreed_with(self, front: Front) -> None:
        office = front.signed_in("secrecy")
        place = office.enter("/business/new/organisation", **self.NEW)
        assert re.fullmatch(r"/organisations\?done=DW-\d+-\d+", place)
        page = words(office.get("/organisations").text)
        assert "Printing house" in page
        assert office.enter("/organisations/1/amend", **(self.NEW | {"contact": "010-2"})).startswith(
            "/organisations/1?"
        )
        licence = office.enter("/organisations/1/licence", activity="production", issued_by="Bureau", **self.PAPER)
        office.enter("/organisations/1/agreement", subject="printing", signed_by="Director", **self.PAPER)
        page = words(office.get("/organisations/1").text)
        for part in ("010-2", "N-1", "Bureau", "Director", "expires in 15 days"):
            assert part in page
        number = licence.partition("done=")[2]
        assert "Bureau" in printed(office, number)
        assert "REGISTER OF LICENCES" in printed(office, number)
        office.enter("/organisations/1/withdraw_licence", licence="1", reason="audit failed")
        office.enter("/organisations/1/end_agreement", agreement="1", reason="over")
        page = words(office.get("/organisations/1").text)
        assert "No licence is on file" in page
        assert "No secrecy agreement is on file" in page

    def test_amending_begins_with_what_is_there(self, front: Front) -> None:
        front.archive.organisation("EMB", ownership="foreign", overseas=True, contact="Mr. K")
        page = front.signed_in("secrecy").get("/organisations/1/amend").text
        assert 'value="EMB"' in page
        assert 'value="Mr. K"' in page
        assert re.search(r'name="overseas"[^>]*checked', page)

    def test_a_private_body_has_its_licence_dashed_with_the_clause(self, front: Front) -> None:
        front.archive.organisation("SHOP", ownership="private")
        page = front.signed_in("secrecy").get("/organisations/1").text
        assert 'href="/organisations/1/licence"' not in page
        assert 'href="/regulations#a.3"' in page
        assert 'href="/organisations/1/agreement"' in page

    def test_licences_of_the_house(self, front: Front) -> None:
        office = front.signed_in("secrecy")
        told = self.PAPER | {"activity": "reproduction", "issued_by": "Bureau", "valid_until": "2026-11-01"}
        office.enter("/business/new/own_licence", **told)
        page = words(office.get("/organisations").text)
        assert "expired 19 days ago" in page
        office.enter("/business/new/withdraw_own_licence", licence="1", reason="renewed")
        assert "No licence of the house is on file" in words(office.get("/organisations").text)

    def test_clerks_read_and_the_office_writes(self, front: Front) -> None:
        front.archive.organisation("PRESS")
        front.archive.organisation("INST")
        clerk = front.signed_in("clerk")
        page = clerk.get("/organisations").text
        assert "/business/new/organisation" not in page
        assert words(clerk.get("/organisations?find=inst").text).count("Body ") == 1
        assert "Nothing found" in words(clerk.get("/organisations?find=zzz").text)
        assert clerk.get("/organisations/1/amend").status_code == 404
        assert clerk.get("/organisations/99").status_code == 404
        assert front.signed_in("chen").get("/organisations").status_code == 403

    def test_what_is_provided_to_it_is_on_its_page(self, front: Front) -> None:
        carrier = front.archive.carrier()
        body = partner(front.archive)
        matter = an_approved_provision(front.archive, [carrier], body)
        front.archive.enter(CLERK_2, [handed(front.archive, matter, carrier)], "provide", "chen")
        number = front.archive.the_matter(matter).number
        assert number in words(front.signed_in("clerk").get(f"/organisations/{body}").text)
        other = front.archive.organisation("PRESS")
        assert number not in words(front.signed_in("clerk").get(f"/organisations/{other}").text)

    def test_by_the_interface(self, front: Front) -> None:
        office = front.program("secrecy")
        answer = office.call("/business/organisation", **self.NEW)
        assert answer.status_code == 201, answer.text
        answer = office.call("/organisations/1/agreement", subject="s", signed_by="d", **self.PAPER)
        assert answer.status_code == 201, answer.text
        found = office.http.get("/api/v1/organisations").json()["items"]
        assert [(one["code"], one["agreements"][0]["number"]) for one in found] == [("PRESS", "N-1")]
        assert found[0]["licences"] == []
        assert front.program("chen").http.get("/api/v1/organisations").status_code == 403


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_of_the_letter_in_both_languages(language: str, front: Front) -> None:
    carrier = front.archive.carrier()
    matter = a_provision(front.archive, [carrier])
    review = an_asked_review(front.archive)
    office = front.signed_in("secrecy", language)
    for address in (
        "/organisations",
        "/organisations/1",
        "/organisations/1/licence",
        "/organisations/1/agreement",
        "/disclosures",
        "/business/new/provision",
        "/business/new/disclosure_review",
        f"/matters/{matter}",
        f"/matters/{review}",
    ):
        answer = office.get(address)
        assert answer.status_code == 200, address
        assert "{" not in words(answer.text.partition("<main")[2])
