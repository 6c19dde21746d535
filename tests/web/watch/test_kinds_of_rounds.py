"""The pages of sweeps by kind: what a blind count hides, who signs and counts again, what is offered about a line."""

import re

from custody.access import Role
from custody.entries import TagUnreadable
from tests.builders import CLERK, PEOPLE, SHELF, SHELF_2, epc_of
from tests.web.front import words
from tests.web.watch.house import House, Visitor
from tests.web.watch.test_rounds_pages import CABINET, figures, opened, sign

DEVICE = "d-0000000a"


def of_kind(visitor: Visitor, kind: str, **more: str) -> str:
    """The number of a new sweep of this kind."""
    answer = visitor.post("/rounds", place=str(CABINET), kind=kind, **more)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"].rsplit("/", 1)[1])


def somebody(house: House, who: str, role: Role) -> Visitor:
    """Another person with an account."""
    house.scene.account(who, role)
    return house.client(who)


def test_no_page_and_no_answer_tells_what_a_blind_count_expects(house: House) -> None:
    archive = house.scene.archive
    carriers = archive.carriers(7)
    archive.borrow(carriers[6], "chen")
    visitor = house.client("clerk")
    number = of_kind(visitor, "blind")
    sent = {"scans": [{"event": f"{DEVICE}-{n}", "code": epc_of(carriers[n])} for n in (0, 1, 6)]}
    answer = visitor.send(f"/api/v1/rounds/{number}/scans", sent).json()
    assert [one["kind"] for one in answer["results"]] == ["counted"] * 3
    assert (answer["met"], answer["expected"]) == (3, None)
    # Pages, the state, REST: three counted, and never six, nor three to find, nor a number that was not scanned
    live = visitor.page(f"/rounds/{number}")
    assert re.search(r'class="huge"><b>3</b></p>', live)
    for address in (f"/rounds/{number}", f"/rounds/{number}/state", f"/rounds/{number}/finish"):
        page = visitor.page(address)
        assert "YS-2026-" not in page
        assert "spines" not in page
        assert "to find" not in words(page)
    told = visitor.get(f"/api/v1/rounds/{number}").json()
    assert set(told) & {"expected", "missing", "present", "counts", "report_hash", "to_find"} == set()
    for address in (f"/rounds/{number}/lines?bucket=missing", f"/reports/round.xlsx?round={number}"):
        refused = visitor.get(address)
        assert refused.status_code == 409
        assert "YS-2026-" not in refused.text
    assert visitor.send(f"/api/v1/rounds/{number}/sign", {"report_hash": "0" * 64}).status_code == 409
    # Finished, it shows all, and takes no scan more
    assert visitor.post(f"/rounds/{number}/counted").headers["location"] == f"/rounds/{number}/finish"
    assert "YS-2026-00003" in visitor.page(f"/rounds/{number}/finish")
    assert visitor.get(f"/rounds/{number}").headers["location"] == f"/rounds/{number}/finish"
    again = {"scans": [{"event": f"{DEVICE}-9", "code": epc_of(carriers[2])}]}
    assert visitor.send(f"/api/v1/rounds/{number}/scans", again).status_code == 409
    assert sign(visitor, number).headers["location"] == f"/rounds/{number}"


def test_two_persons_sign_a_top_secret_sweep_and_a_third_counts_it_again(house: House) -> None:
    one, two = house.scene.archive.carriers(2, level="top_secret")
    clerk, office = house.client("clerk"), house.client("secrecy")
    number = opened(clerk)
    clerk.post(f"/rounds/{number}/scan", scan=epc_of(one))
    assert "Two persons sign." in words(clerk.page(f"/rounds/{number}/finish"))
    assert sign(clerk, number).headers["location"] == f"/rounds/{number}/finish"
    assert "has signed this very report; another person signs now" in words(office.page(f"/rounds/{number}/finish"))
    assert sign(clerk, number).status_code == 409
    waiting = office.get(f"/api/v1/rounds/{number}").json()
    assert waiting["waiting"]["person"] == PEOPLE["clerk"]
    signed = office.send(f"/api/v1/rounds/{number}/sign", {"report_hash": waiting["report_hash"]}).json()
    assert signed["act"]
    assert not signed["waiting"]
    # Who counted, or signed, is no second counter
    for visitor in (clerk, office):
        refused = visitor.post(f"/rounds/{number}/recount", scope="missing")
        assert refused.status_code == 409
        assert f"You took part in sweep {number}" in words(refused.text)
    third = somebody(house, "clerk2", Role.CLERK)
    again = third.post(f"/rounds/{number}/recount", scope="missing").headers["location"].rsplit("/", 1)[1]
    assert figures(third, again) == (0, 1)
    third.post(f"/rounds/{again}/scan", scan=epc_of(two))
    shown = words(third.page(f"/rounds/{again}/finish"))
    assert f"Since sweep {number}" in shown
    assert "found again 1" in shown


def test_the_question_whether_one_walked_on_is_answered_on_the_page(house: House) -> None:
    archive = house.scene.archive
    lower, upper = archive.carriers(3), archive.carriers(3, place=SHELF_2)
    visitor = house.client("clerk")
    number = opened(visitor)
    visitor.post(f"/rounds/{number}/scan", scan=" ".join(epc_of(one) for one in lower))
    page = visitor.page(f"/rounds/{number}")
    assert "3 in a row belong to B1-01-1" in words(page)
    scans = re.search(r'name="scans" value="([^"]+)"', page)
    assert scans
    visitor.post(f"/rounds/{number}/walk", place=str(SHELF), scans=scans[1], answer="yes")
    assert "You are at B1-01-1" in words(visitor.page(f"/rounds/{number}"))
    # What is scanned from now on is of that place; another shelf's stand here on the wrong one, until one says so
    visitor.post(f"/rounds/{number}/scan", scan=" ".join(epc_of(one) for one in upper))
    page = words(visitor.page(f"/rounds/{number}"))
    assert "3 in a row belong to B1-01-2" in page
    assert "Wrong shelf YS-2026-00004" in page
    # By REST the same, each answer once
    where = visitor.get(f"/api/v1/rounds/{number}/where?device=page").json()
    body = {"event": f"{DEVICE}-w", "device": "page", "place": SHELF_2, "yes": True}
    body |= {"scans": where["proposal"]["events"]}
    assert [visitor.send(f"/api/v1/rounds/{number}/walk", body).json()["done"] for _ in range(2)] == [True, False]
    assert "Wrong shelf" not in words(visitor.page(f"/rounds/{number}"))


def test_a_sweep_rests_over_night(house: House) -> None:
    (carrier,) = house.scene.archive.carriers(1)
    visitor = house.client("clerk")
    number = opened(visitor)
    visitor.post(f"/rounds/{number}/pause")
    house.scene.wait(60)
    assert "Paused" in words(visitor.page(f"/rounds/{number}"))
    assert visitor.post(f"/rounds/{number}/scan", scan=epc_of(carrier)).status_code == 409
    visitor.post(f"/rounds/{number}/resume")
    assert visitor.post(f"/rounds/{number}/scan", scan=epc_of(carrier)).headers["location"].endswith("last=present")
    said = [visitor.send(f"/api/v1/rounds/{number}/{what}", {"event": f"{DEVICE}-p"}).json()["done"] for what in
            ("resume", "pause")]  # fmt: skip
    assert said == [False, True]


def test_lines_are_paged_searched_and_offer_the_acts_of_the_books(house: House) -> None:
    archive = house.scene.archive
    carriers = archive.carriers(60)
    archive.books.enter(CLERK, [TagUnreadable(carriers[5], epc_of(carriers[5]), "无应答")], act="tag_unreadable")
    for one in carriers[57:]:
        archive.borrow(one, "chen")
    visitor = house.client("clerk")
    number = opened(visitor)
    lines = f"/rounds/{number}/lines?bucket"
    assert "Not covered 57" in words(visitor.page(f"{lines}=not_covered"))
    visitor.post(f"/rounds/{number}/walked", place=str(SHELF))
    page = visitor.page(f"{lines}=missing")
    assert "1–50 of 56" in words(page)
    assert f"/business/new/loss?carriers={carriers[0]}&amp;carriers={carriers[1]}" in page
    assert "51–56 of 56" in words(visitor.page(f"{lines}=missing&first=51"))
    assert "Tag unreadable, unconfirmed 1" in words(visitor.page(f"{lines}=tag_unreadable"))
    found = visitor.post(f"/rounds/{number}/lines", bucket="missing", q="-00042")
    assert "1–1 of 1" in words(found.text)
    assert visitor.get(f"{lines}=nothing").status_code == 404
    # The act's form has the carriers filled in, and the desk the loans that lie here
    form = visitor.page(f"/business/new/loss?carriers={carriers[0]}&carriers={carriers[1]}")
    assert "YS-2026-00001" in form
    assert "YS-2026-00002" in form
    visitor.post(f"/rounds/{number}/scan", scan=" ".join(epc_of(one) for one in carriers[57:]))
    page = visitor.page(f"{lines}=on_loan_but_here")
    codes = re.search(r'name="codes" value="([^"]+)"', page)
    assert codes
    desk = visitor.post("/desk", mode="return", do="scan", codes=codes[1])
    assert desk.status_code == 200
    assert all(f"YS-2026-000{n}" in desk.text for n in (58, 59, 60))


def test_a_spot_check_of_a_sample_and_what_rest_refuses(house: House) -> None:
    house.scene.archive.carriers(9)
    visitor = house.client("clerk")
    number = of_kind(visitor, "spot", sample="4")
    assert figures(visitor, number) == (0, 4)
    assert visitor.send("/api/v1/rounds", {"place": SHELF, "kind": "recount"}).status_code == 409
    again = visitor.send(f"/api/v1/rounds/{number}/walked", {"event": "e", "places": [SHELF]})
    assert again.json() == {"added": 1}
    assert visitor.send(f"/api/v1/rounds/{number}/counted", {"event": "e"}).status_code == 409
