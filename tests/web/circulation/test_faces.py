"""Letter c through its pages and its interface: reading, renewal, waiting, circulation, briefings, own holdings."""

import re
from typing import Any

from custody.life_cycle import Status
from tests.builders import NOW, PEOPLE, Archive, epc_of
from tests.custody.circulation.scene import a_circulation, from_reader, to_reader
from tests.web.front import PASSWORD, Browser, Front, number_of, words

CHEN, SUN = PEOPLE["chen"], PEOPLE["sun"]


def signing(who: str, at: int = 0) -> dict[str, str]:
    """The fields in which a person signs beside."""
    return {f"cosign.{at}.number": number_of(who), f"cosign.{at}.password": PASSWORD}


def sent(browser: Browser, address: str, **fields: Any) -> str:
    """Send a form that must be entered; gives where it leads."""
    answer = browser.send(address, **fields)
    assert answer.status_code == 303, words(answer.text)
    place: str = answer.headers["location"]
    return place


def state_of(archive: Archive, carrier: int) -> tuple[str, int | None]:
    """Status and holder."""
    found = archive.state(carrier)
    return str(found.status), found.holder


class TestLoans:
    """Acts on one carrier."""

    def test_a_carrier_is_read_in_the_room_and_the_slip_says_so(self, front: Front) -> None:
        carrier = front.archive.carrier()
        clerk = front.signed_in("clerk")
        assert "Read here" in words(clerk.get(f"/carriers/{carrier}").text)
        fields = {"holder": "1004", "place": "B1-reading", "do": "enter"}
        unsigned = clerk.send(f"/carriers/{carrier}/read", **fields)
        assert unsigned.status_code == 422
        act = sent(clerk, f"/carriers/{carrier}/read", **fields, **signing("chen")).removeprefix("/acts/")
        assert act.startswith("YL-")
        assert state_of(front.archive, carrier) == ("on_loan", CHEN)
        slip = words(clerk.get(f"/acts/{act}/form").text)
        for part in ("Reading-room slip", "B1-reading", "Chen Guodong", "YS-2026-00001"):
            assert part in slip

    def test_a_place_rated_too_low_is_refused_with_the_clause(self, front: Front) -> None:
        carrier = front.archive.carrier()
        clerk = front.signed_in("clerk")
        answer = clerk.send(
            f"/carriers/{carrier}/read", holder="1004", place="B1-corridor", do="enter", **signing("chen")
        )
        assert answer.status_code == 409
        assert "B1-corridor is rated" in words(answer.text)

    def test_the_holder_renews_on_the_own_page_and_another_waits_meanwhile(self, front: Front) -> None:
        carrier = front.archive.carrier()
        front.archive.borrow(carrier, "chen", 5)
        chen, sun = front.signed_in("chen"), front.signed_in("sun")
        page = chen.get("/me/holdings").text
        assert f'href="/carriers/{carrier}/renew"' in page
        slip = sent(chen, f"/carriers/{carrier}/renew", due="2026-12-05", reason="reading on", do="enter")
        assert "Renewal slip" in words(chen.get(f"{slip}/form").text)
        assert front.archive.state(carrier).renewals == 1
        sent(sun, f"/carriers/{carrier}/queue", person="1005", do="enter")
        assert "1. in the queue" in words(sun.get("/me/holdings").text)
        page = words(chen.get("/me/holdings").text)
        assert "1 waiting" in page
        assert "c.5 Sun Li has waited longer" in page
        front.archive.give_back(carrier)
        assert "Ready for you" in words(sun.get("/me/holdings").text)
        sent(sun, f"/carriers/{carrier}/unqueue", waiting=str(SUN), do="enter")
        assert front.archive.state(carrier).queue == ()

    def test_the_registry_recalls_a_loan(self, front: Front) -> None:
        carrier = front.archive.carrier()
        front.archive.borrow(carrier, "chen", 14)
        clerk = front.signed_in("clerk")
        slip = sent(clerk, f"/carriers/{carrier}/recall", due="2026-11-22", reason="inventory", do="enter")
        paper = words(clerk.get(f"{slip}/form").text)
        assert "Recall slip" in paper
        assert "Chen Guodong" in paper
        assert "Recalled" in words(front.signed_in("chen").get("/me/holdings").text)

    def test_a_program_does_the_same(self, front: Front) -> None:
        carrier = front.archive.carrier()
        clerk = front.program("clerk")
        beside = [{"number": "1004", "password": PASSWORD}]
        read = clerk.call(f"/carriers/{carrier}/read", holder=CHEN, place="B1-reading", cosignatures=beside)
        assert read.status_code == 201, read.text
        again = clerk.call(
            "/acts/borrow", carriers=[carrier], holder=CHEN, due_on="2026-12-01", holder_password=PASSWORD
        )
        assert again.status_code == 409


class TestBorrowing:
    """The borrower signs at the desk, on the page and by program alike."""

    def test_c_5_record__the_page_enters_no_loan_without_the_borrowers_password(self, front: Front) -> None:
        carrier = front.archive.carrier()
        clerk = front.signed_in("clerk")
        fields = {"holder": CHEN, "due": "2026-12-01"}
        for given in ({}, {"holder_password": "not his"}):
            answer = clerk.send(f"/carriers/{carrier}/borrow", **fields, **given)
            assert answer.status_code == 422
            assert 'id="holder_password-e"' in answer.text
            assert "not his" not in answer.text
        clerk.enter(f"/carriers/{carrier}/borrow", **fields, holder_password=PASSWORD)
        assert state_of(front.archive, carrier) == ("on_loan", CHEN)

    def test_c_5_record__the_desk_enters_no_batch_without_it_either(self, front: Front) -> None:
        one, two = front.archive.carriers(2)
        clerk = front.signed_in("clerk")
        fields = {"mode": "borrow", "holder": CHEN, "due": "2026-12-01", "codes": f"{epc_of(one)} {epc_of(two)}"}
        assert clerk.send("/desk", **fields, do="enter").status_code == 422
        # Enter in the borrower's own field signs.
        clerk.enter("/desk", **fields, do="scan", holder_password=PASSWORD)
        assert state_of(front.archive, two) == ("on_loan", CHEN)

    def test_whoever_lends_to_himself_signs_by_his_own_session(self, front: Front) -> None:
        carrier = front.archive.carrier()
        clerk = front.signed_in("clerk")
        page = clerk.send(f"/carriers/{carrier}/borrow", holder=PEOPLE["clerk"], due="2026-12-01", do="enter")
        assert page.status_code == 303
        assert state_of(front.archive, carrier)[1] == PEOPLE["clerk"]

    def test_c_5_record__a_program_names_the_borrowers_password(self, front: Front) -> None:
        carrier = front.archive.carrier()
        clerk = front.program("clerk")
        body = {"carriers": [carrier], "holder": CHEN, "due_on": "2026-12-01"}
        assert clerk.call("/acts/borrow", **body).status_code == 422
        assert clerk.call("/acts/borrow", **body, holder_password="x").status_code == 422
        assert clerk.call("/acts/borrow", **body, holder_password=PASSWORD).status_code == 201

    def test_guessing_the_borrowers_password_makes_the_desk_wait(self, front: Front) -> None:
        carrier = front.archive.carrier()
        clerk = front.signed_in("clerk")
        said = [
            words(clerk.send(f"/carriers/{carrier}/borrow", holder=CHEN, due="2026-12-01", holder_password="x").text)
            for _ in range(12)
        ]
        assert any("Wait" in one or "wait" in one for one in said)
        assert state_of(front.archive, carrier)[0] == "in_place"

    def test_the_desk_asks_for_pages_and_keeps_what_was_counted(self, front: Front) -> None:
        carrier = front.archive.carrier()
        front.archive.borrow(carrier, "chen")
        clerk = front.signed_in("clerk")
        fields = {"mode": "return", "codes": epc_of(carrier)}
        page = clerk.send("/desk", **fields).text
        assert f'name="pages.{carrier}"' in page
        assert "To be counted" in words(page)
        answer = clerk.send("/desk", **fields, do="enter")
        assert answer.status_code == 409
        assert "c.5 Its pages must be counted; 12" in words(answer.text)
        answer = clerk.send("/desk", **fields, do="enter", **{f"pages.{carrier}": "11"})
        assert "11" in words(answer.text)
        assert f'name="pages.{carrier}" value="11"' in answer.text
        clerk.enter("/desk", **fields, do="enter", **{f"pages.{carrier}": "12"})
        assert state_of(front.archive, carrier) == ("in_place", None)


class TestCirculation:
    """A folder from its opening to its end, on the pages of business."""

    def test_a_folder_goes_round(self, front: Front) -> None:
        one, two = front.archive.carriers(2)
        clerk = front.signed_in("clerk")
        where = sent(
            clerk,
            "/business/new/circulation",
            **{"carriers.scan": f"{epc_of(one)} {epc_of(two)}"},
            readers="1005\n1004",
            leg_days="3",
            unit="HQ",
            purpose="study",
            do="enter",
        )
        matter = int(re.search(r"/matters/(\d+)", where)[1])  # type: ignore[index]
        sent(front.signed_in("manager"), f"/matters/{matter}/approve", do="enter")
        page = words(clerk.get(f"/matters/{matter}").text)
        assert "Hand to the next reader" in page
        for who, person in (("sun", SUN), ("chen", CHEN)):
            handed = {"lines": [str(one), str(two)], "reader": str(person), "due": "2026-11-22", "do": "enter"}
            sent(clerk, f"/matters/{matter}/leg", **handed, **signing(who))
            assert state_of(front.archive, one) == ("in_circulation", person)
            reader = front.signed_in(who)
            assert "Circulating to me" in words(reader.get("/me/holdings").text)
            assert f'href="/carriers/{one}"' in reader.get("/me/holdings").text
            sent(clerk, f"/matters/{matter}/back", lines=[str(one), str(two)], whole="1", do="enter")
        where = sent(clerk, f"/matters/{matter}/close", remark="all back", do="enter")
        assert "Closed" in words(clerk.get(where).text)
        assert state_of(front.archive, two) == ("in_place", None)
        number = front.archive.the_matter(matter).number
        paper = words(clerk.get(f"/acts/{number}/form").text)
        for part in ("Circulation list", "Sun Li", "Chen Guodong", "study"):
            assert part in paper
        assert front.archive.books.rebuild_check() == []

    def test_the_end_is_dashed_while_a_reader_is_left(self, front: Front) -> None:
        carrier = front.archive.carrier()
        matter = a_circulation(front.archive, carrier)
        to_reader(front.archive, matter, carrier, "sun")
        clerk = front.signed_in("clerk")
        assert "c.3 Sun Li has it still" in words(clerk.get(f"/matters/{matter}").text)
        from_reader(front.archive, matter, carrier, "chen")
        page = words(clerk.get(f"/matters/{matter}").text)
        assert "c.3 Chen Guodong has not had it yet" in page
        assert "brought by Chen Guodong" in page

    def test_c_3_refuse__a_leg_from_hand_to_hand_is_offered_nowhere(self, front: Front) -> None:
        carrier = front.archive.carrier()
        matter = a_circulation(front.archive, carrier)
        to_reader(front.archive, matter, carrier, "sun")
        clerk = front.program("clerk")
        beside = [{"number": "1004", "password": PASSWORD}]
        answer = clerk.call(
            f"/matters/{matter}/leg", lines=[carrier], reader=str(CHEN), due="2026-11-22", cosignatures=beside
        )
        assert answer.status_code in (404, 409, 422), answer.text
        assert state_of(front.archive, carrier) == ("in_circulation", SUN)

    def test_what_is_coming_is_said_to_the_next(self, front: Front) -> None:
        carrier = front.archive.carrier()
        a_circulation(front.archive, carrier)
        assert "You are next" in words(front.signed_in("sun").get("/me/holdings").text)
        assert "3. in turn" in words(front.signed_in("zhao").get("/me/holdings").text)

    def test_the_lost_leave_the_circulation(self, front: Front) -> None:
        carrier, other = front.archive.carriers(2)
        matter = a_circulation(front.archive, carrier, other, readers=("sun",))
        to_reader(front.archive, matter, carrier, "sun")
        clerk = front.signed_in("clerk")
        assert "Leave out what is missing" not in words(clerk.get(f"/matters/{matter}").text)
        front.archive.lose(carrier)
        assert front.archive.state(carrier).status is Status.DECLARED_LOST
        sent(clerk, f"/matters/{matter}/leave_out", reason="enquiry opened", do="enter")
        sent(clerk, f"/matters/{matter}/pass_over", reader=str(SUN), reason="stopped", do="enter")
        sent(clerk, f"/matters/{matter}/close", do="enter")
        assert front.archive.the_matter(matter).ended


class TestBriefing:
    """A sheet from its announcement to its end."""

    fields = {  # noqa: RUF012
        "topic": "季度形势",
        "level": "secret",
        "place": "B1-reading",
        "starts_at": "2026-11-20T14:00",
        "speaker": "1002",
        "in_charge": "1002",
        "notes": "registered",
        "equipment": ["wired_microphone"],
        "unit": "HQ",
        "do": "enter",
    }

    def announced(self, front: Front, **changes: Any) -> int:
        """A sheet, signed by the manager at the secretary's desk."""
        secretary = front.signed_in("secretary")
        where = sent(secretary, "/business/new/briefing", **(self.fields | changes), **signing("manager"))
        return int(re.search(r"/matters/(\d+)", where)[1])  # type: ignore[index]

    def test_a_briefing_is_announced_attended_and_held(self, front: Front) -> None:
        carrier = front.archive.carrier()
        matter = self.announced(front, **{"carriers.scan": epc_of(carrier)})
        secretary, chen = front.signed_in("secretary"), front.signed_in("chen")
        guest = {"guest_name": "冯远", "guest_unit": "部机关", "guest_level": "secret", "guest_letter": "12号"}
        sent(secretary, f"/matters/{matter}/register", persons="1004\n1005", **guest, do="enter")
        assert "Acknowledge the rules" in words(chen.get("/me/holdings").text)
        sent(chen, f"/matters/{matter}/acknowledge", listener=str(CHEN), do="enter")
        sent(secretary, f"/matters/{matter}/acknowledge", listener=str(SUN), do="enter", **signing("sun"))
        sent(secretary, f"/matters/{matter}/strike", listener="2", reason="did not come", do="enter")
        page = words(secretary.get(f"/matters/{matter}").text)
        for part in ("only in notebooks that the registry keeps", "wired microphone", "Acknowledged"):
            assert part in page
        front.clock.days(1)
        sent(front.signed_in("secretary"), f"/matters/{matter}/held", do="enter", **signing("manager"))
        number = front.archive.the_matter(matter).number
        paper = words(front.signed_in("secretary").get(f"/acts/{number}/form").text)
        for part in ("Briefing sheet", "Sun Li", "Chen Guodong", "B1-reading", "季度形势"):
            assert part in paper
        assert front.archive.the_matter(matter).body.listeners[0].acknowledged_at == NOW

    def test_c_4_refuse__a_wireless_microphone_is_refused_where_it_is_declared(self, front: Front) -> None:
        secretary = front.signed_in("secretary")
        declared = self.fields | {"equipment": ["wired_microphone", "wireless_microphone"]}
        answer = secretary.send("/business/new/briefing", **declared, **signing("manager"))
        assert answer.status_code == 409
        assert "c.4 A briefing uses no wireless microphone" in words(answer.text)

    def test_c_4_refuse__a_listener_outside_the_scope_is_refused_by_name(self, front: Front) -> None:
        carrier = front.archive.carrier(scope=("unit:3",))
        matter = self.announced(front, **{"carriers.scan": epc_of(carrier)})
        answer = front.signed_in("secretary").send(f"/matters/{matter}/register", persons="1004", do="enter")
        assert answer.status_code == 409
        assert "c.4 Chen Guodong is outside the scope" in words(answer.text)
