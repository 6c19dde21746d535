"""Keeping as its people do it: on the pages and through the interface, from the first form to the printed one."""

from pathlib import Path

import pytest

from custody.entries import RoundSigned
from custody.matters import Matter
from custody.store import queries
from tests.builders import CLERK, LOW_SHELF, PEOPLE, SHELF, Archive
from tests.custody.keeping.house import CABINET, change_place, directory, person, place
from tests.web.front import PASSWORD, Front, a_front, words

CLERK_NUMBER, CLERK_2_NUMBER, OFFICE_NUMBER, CHEN_NUMBER, SUN_NUMBER = "1001", "1012", "1003", "1004", "1005"


@pytest.fixture
def front(sqlite_archive: Archive, tmp_path: Path) -> Front:
    """The archive, its cabinet in the clerk's care."""
    change_place(sqlite_archive, CABINET, responsible=PEOPLE["clerk"])
    return a_front(sqlite_archive, tmp_path)


def cosigned(*numbers: str) -> dict[str, str]:
    """The fields of those who sign besides, at the same desk."""
    found = {}
    for at, number in enumerate(numbers):
        found |= {f"cosign.{at}.number": number, f"cosign.{at}.password": PASSWORD}
    return found


def the_matter(front: Front, location: str) -> Matter:
    """The matter that an answer leads to."""
    return front.archive.the_matter(int(location.split("/matters/")[1].split("?")[0]))


def paper(front: Front, who: str, location: str) -> str:
    """The words of the printed form of the act that an answer names."""
    number = location.split("done=")[1] if "done=" in location else location.removeprefix("/acts/")
    answer = front.signed_in(who).get(f"/acts/{number}/form")
    assert answer.status_code == 200, answer.text
    return words(answer.text)


class TestHandOver:
    """Listed, counted, explained, signed by both; the record is printed."""

    def test_on_the_pages(self, front: Front) -> None:
        seen, lent = front.archive.carriers(2)
        front.archive.borrow(lent, "chen")
        clerk = front.signed_in("clerk")
        opened = clerk.send(
            "/business/new/hand_over", giver=CLERK_NUMBER, receiver=CLERK_2_NUMBER, **{"places.0.place": "B1-01"}
        )
        assert opened.status_code == 303, words(opened.text)
        where = opened.headers["location"].split("?")[0]
        assert the_matter(front, opened.headers["location"]).counts == {"listed": 2}
        assert "Counting" in words(clerk.get(where).text)
        assert "YS-2026-00001" in paper(front, "clerk", opened.headers["location"])
        # Before all is counted the signatures are not asked for, and the page says which rule stands against it.
        assert "2 lines are still open" in words(clerk.get(where).text)

        wrong = clerk.send(f"{where}/explain", lines=[str(seen)])
        assert wrong.status_code == 422
        assert "YS-2026-00001/1 is in its place on the books" in words(wrong.text)
        assert clerk.send(f"{where}/count", lines=[str(seen)]).status_code == 303
        assert clerk.send(f"{where}/explain", lines=[str(lent)]).status_code == 303
        assert "Out, on a slip" in words(clerk.get(where).text)

        late = front.archive.carrier()
        assert "List what came since" in words(clerk.get(where).text)
        assert clerk.send(f"{where}/list").status_code == 303
        assert clerk.send(f"{where}/count", **{"lines.scan": f"YS-2026-{late:05d}"}).status_code == 303

        unsigned = clerk.send(f"{where}/close", password=PASSWORD)
        assert unsigned.status_code == 422
        closed = clerk.send(f"{where}/close", password=PASSWORD, remark="无", **cosigned(CLERK_2_NUMBER))
        assert closed.status_code == 303, words(closed.text)
        assert place(front.archive, CABINET).responsible == PEOPLE["clerk2"]
        said = paper(front, "clerk", closed.headers["location"])
        for text in ("Hand-over record", "Shen Lan", "Zhou Min", "Out, on a slip", "B1-01", "(5)"):
            assert text in said
        assert front.archive.books.rebuild_check() == []

    def test_through_the_interface_with_a_sweep(self, front: Front) -> None:
        carrier = front.archive.carrier()
        clerk = front.program("clerk")
        opened = clerk.call("/business/hand_over", giver=CLERK_NUMBER, receiver=CLERK_2_NUMBER)
        assert opened.status_code == 201, opened.text
        matter = opened.json()["matter"]
        assert front.archive.the_matter(matter).body.places == (CABINET,)
        fact = RoundSigned("QC-2026-0009", SHELF, 1, 1, 1, 0, 0, 0, "0" * 64)
        front.archive.enter(CLERK, [fact], "round")
        # A sweep that is not kept where it was made is not taken over.
        assert clerk.call(f"/matters/{matter}/sweep", round="QC-2026-0009").status_code == 404
        assert clerk.call(f"/matters/{matter}/count", lines=[carrier]).status_code == 201
        body = {"password": PASSWORD, "cosignatures": [{"number": CLERK_2_NUMBER, "password": PASSWORD}]}
        assert clerk.call(f"/matters/{matter}/close", **body).status_code == 201
        assert front.archive.the_matter(matter).status == "closed"

    def test_given_up(self, front: Front) -> None:
        clerk = front.signed_in("clerk")
        opened = clerk.send("/business/new/hand_over", giver=CLERK_NUMBER, receiver=CLERK_2_NUMBER)
        where = opened.headers["location"].split("?")[0]
        assert clerk.send(f"{where}/abandon", reason="人员有变").status_code == 303
        assert the_matter(front, opened.headers["location"]).status == "abandoned"
        assert "Given up" in words(clerk.get(where).text)


class TestClearance:
    """From the person's page to the signed sheet."""

    def test_on_the_pages(self, front: Front) -> None:
        carrier = front.archive.carrier()
        front.archive.borrow(carrier, "chen")
        clerk = front.signed_in("clerk")
        listed = words(clerk.get(clerk.send("/people/find", find="chen").headers["location"]).text)
        assert "1004" in listed
        about = words(clerk.get(f"/people/{PEOPLE['chen']}").text)
        assert "YS-2026-00001" in about
        assert "Begin a clearance" in about
        assert f'value="{CHEN_NUMBER}"' in clerk.get(f"/business/new/clearance?person={CHEN_NUMBER}").text

        opened = clerk.send("/business/new/clearance", person=CHEN_NUMBER, why="leaves", on="2026-11-30")
        assert opened.status_code == 303, words(opened.text)
        where = opened.headers["location"].split("?")[0]
        page = words(clerk.get(where).text)
        assert "Still to be settled" in page
        assert "1 carrier in hand" in page
        front.archive.give_back(carrier)
        assert "Nothing is left in hand" in words(clerk.get(where).text)
        closed = clerk.send(
            f"{where}/close",
            office=OFFICE_NUMBER,
            record="on",
            password=PASSWORD,
            **cosigned(CHEN_NUMBER, OFFICE_NUMBER),
        )
        assert closed.status_code == 303, words(closed.text)
        assert person(front.archive, PEOPLE["chen"]).left_on == "2026-11-30"
        said = paper(front, "clerk", closed.headers["location"])
        for text in ("Clearance sheet", "Chen Guodong", "Song Lin", "Zhou Min", "YS-2026-00001", "(f.1)"):
            assert text in said

    def test_a_change_of_post_is_recorded_with_the_signatures(self, front: Front) -> None:
        clerk = front.program("clerk")
        opened = clerk.call(
            "/business/clearance",
            person=SUN_NUMBER,
            why="changes_post",
            on="2026-12-01",
            new_unit="RES",
            new_post="研究员",
            new_post_class="core",
        )
        assert opened.status_code == 201, opened.text
        hands = [{"number": number, "password": PASSWORD} for number in (SUN_NUMBER, OFFICE_NUMBER)]
        closed = clerk.call(
            f"/matters/{opened.json()['matter']}/close",
            office=OFFICE_NUMBER,
            record=True,
            password=PASSWORD,
            cosignatures=hands,
        )
        assert closed.status_code == 201, closed.text
        now = person(front.archive, PEOPLE["sun"])
        assert (now.unit, now.post, now.post_class) == (4, "研究员", "core")

    def test_people_are_shown_to_those_who_clear_them_only(self, front: Front) -> None:
        for who in ("chen", "manager", "admin", "he"):
            assert front.signed_in(who).get("/people").status_code in (403, 404)
        assert front.signed_in("secrecy").get(f"/people/{PEOPLE['chen']}").status_code == 200
        assert front.signed_in("clerk").get("/people/999").status_code == 404
        clerk = front.signed_in("clerk")
        nobody = clerk.send("/people/find", find="zzz").headers["location"]
        assert "Nobody of that name" in words(clerk.get(nobody).text)


class TestInventory:
    """Listed, counted, declared, reported."""

    def test_on_the_pages(self, front: Front) -> None:
        seen, lent = front.archive.carriers(2)
        front.archive.borrow(lent, "chen")
        office, clerk, chen = (front.signed_in(who) for who in ("secrecy", "clerk", "chen"))
        opened = office.send("/business/new/inventory", year="2026", unit="1", head=OFFICE_NUMBER, until="2026-12-31")
        assert opened.status_code == 303, words(opened.text)
        where = opened.headers["location"].split("?")[0]
        assert the_matter(front, opened.headers["location"]).status == "counting"

        declared = chen.send("/business/new/confirm_holdings", held=[str(lent)])
        assert declared.status_code == 303, words(declared.text)
        assert "Chen Guodong" in paper(front, "chen", declared.headers["location"])
        assert clerk.send(f"{where}/count", lines=[str(seen)]).status_code == 303
        assert clerk.send(f"{where}/declared").status_code == 303
        over = clerk.send(f"{where}/over", code="YS-1999-7", place="B1-01-1", resolution="补登")
        assert over.status_code == 303, words(over.text)
        page = words(office.get(where).text)
        assert "YS-1999-7: 补登" in page
        assert "Declared by holder" in page

        closed = office.send(f"{where}/close", keeper=CLERK_NUMBER, password=PASSWORD, **cosigned(CLERK_NUMBER))
        assert closed.status_code == 303, words(closed.text)
        said = paper(front, "secrecy", closed.headers["location"])
        for text in ("Inventory report", "Total", "YS-1999-7", "Zhou Min", "Song Lin"):
            assert text in said
        assert front.archive.books.rebuild_check() == []

    def test_a_holder_signs_at_the_desk(self, front: Front) -> None:
        held = front.archive.carrier()
        front.archive.borrow(held, "sun")
        office, clerk = front.program("secrecy"), front.program("clerk")
        opened = office.call("/business/inventory", year=2026, unit="HQ", head=OFFICE_NUMBER, until="2026-12-31")
        matter = opened.json()["matter"]
        hand = [{"number": SUN_NUMBER, "password": PASSWORD}]
        nobody = clerk.call(f"/matters/{matter}/desk", holder=CHEN_NUMBER, cosignatures=hand)
        assert nobody.status_code == 422, nobody.text
        assert clerk.call(f"/matters/{matter}/desk", holder=SUN_NUMBER, cosignatures=hand).status_code == 201
        assert front.archive.line(matter, held).state == "confirmed"

    def test_what_is_in_a_hand_is_not_explained_away(self, front: Front) -> None:
        held = front.archive.carrier()
        front.archive.borrow(held, "sun")
        office, clerk = front.signed_in("secrecy"), front.signed_in("clerk")
        opened = office.send("/business/new/inventory", year="2026", unit="1", head=OFFICE_NUMBER, until="2026-12-31")
        where = opened.headers["location"].split("?")[0]
        answer = clerk.send(f"{where}/explain", lines=[str(held)])
        assert answer.status_code == 422
        assert "Sun Li has it" in words(answer.text)

    def test_a_large_house_is_listed_in_several_acts(self, front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("api.acts.inventories.LISTED_AT_ONCE", 2)
        monkeypatch.setattr("api.acts.handing_over.LISTED_AT_ONCE", 2)
        front.archive.carriers(3)
        office = front.signed_in("secrecy")
        opened = office.send("/business/new/inventory", year="2026", unit="1", head=OFFICE_NUMBER, until="2026-12-31")
        where = opened.headers["location"].split("?")[0]
        assert the_matter(front, opened.headers["location"]).counts == {"listed": 2}
        assert "Go on listing" in words(office.get(where).text)
        assert office.send(f"{where}/list").status_code == 303
        done = the_matter(front, opened.headers["location"])
        assert (done.status, done.counts) == ("counting", {"listed": 3})


class TestPlaces:
    """A container is added, moved with what it holds, and never carried below its contents."""

    def test_a_container_and_its_keeper(self, front: Front) -> None:
        clerk = front.signed_in("clerk")
        added = clerk.send(
            f"/places/{SHELF}/add",
            place_kind="container",
            code="BOX-1",
            name="一号箱",
            rating="inherit",
            storage="on",
            keeper=SUN_NUMBER,
        )
        assert added.status_code == 303, words(added.text)
        box = next(one for one in directory(front.archive).places.values() if one.code == "BOX-1")
        assert "Container" in words(clerk.get(f"/places/{box.id}").text)
        front.archive.carrier(level="secret", place=box.id)
        fields = {"name": "一号箱", "rating": "inherit", "storage": "on", "keeper": SUN_NUMBER}
        stopped = clerk.send(f"/places/{box.id}/change", inside_of="B1-low", **fields)
        assert stopped.status_code in (409, 422)
        assert "BOX-1 keeps, or awaits the return of, carriers above Confidential" in words(stopped.text)
        assert "f.2" in words(stopped.text)
        assert clerk.send(f"/places/{box.id}/change", inside_of="B1-01-2", **fields).status_code == 303
        same = clerk.send(f"/places/{box.id}/change", inside_of="B1-01-2", **fields)
        assert "Nothing was changed" in words(same.text)
        # Another keeper needs a hand-over.
        other = clerk.send(f"/places/{box.id}/change", inside_of="B1-01-2", **(fields | {"keeper": CHEN_NUMBER}))
        assert "Begin a hand-over" in words(other.text)

    def test_the_keeper_signs_the_letter(self, front: Front) -> None:
        clerk = front.signed_in("clerk")
        accepted = clerk.send(f"/places/{CABINET}/accept")
        assert accepted.status_code == 303, words(accepted.text)
        assert "accepted" in words(clerk.get(f"/places/{CABINET}").text)
        said = paper(front, "clerk", "/acts/ZR-2026-0001")
        for text in ("Responsibility letter", "B1-01", "Top secret", "Zhou Min", "(f.2, 4, 5)"):
            assert text in said

    def test_only_clerks_change_places(self, front: Front) -> None:
        for who in ("secrecy", "manager", "chen"):
            answer = front.signed_in(who).send(f"/places/{LOW_SHELF}/change", name="x", rating="inherit")
            assert answer.status_code in (403, 404)
        with front.archive.books.database.reading() as connection:
            assert queries.place_by_code(connection, "B1-low").name == "资料架"
