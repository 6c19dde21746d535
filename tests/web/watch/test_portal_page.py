"""The page of a portal, its beam's settings, and the list that the guards at the doors ask for."""

import re

import pytest

from custody.access import Role
from custody.ledger import LedgerKey
from readers.doorlist import parse, parse_key
from reconcile.store import devices
from tests.builders import SHELF
from tests.reconcile.findings.scene import GATE
from tests.web.front import words
from tests.web.watch.gate import a_gate, goes_by, lies_there
from tests.web.watch.house import House

PAGE = f"/portals/{GATE}"
TOKEN = "a long random token"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["out", "0.93", "+1.5 the beam", "beam: somebody went out", "more than 0.2 s apart", "lamp: on"]),
        ("zh", ["出", "0.93", "+1.5 光束", "光束：有人出去", "相差超过 0.2 秒", "放行清单已过期", "清单 1763"]),
    ],
)
def test_it_tells_what_went_by_and_why(house: House, language: str, said: list[str]) -> None:
    carrier, lying = house.scene.archive.carriers(2)
    house.scene.wait(600)
    a_gate(house.scene)
    goes_by(house.scene, house.scene.epcs(carrier)[0])
    lies_there(house.scene, house.scene.epcs(lying)[0])
    house.scene.check()
    page = house.client("secrecy", language).page(PAGE)
    shown = words(page)
    assert [one for one in said if one not in shown] == []
    (finding,) = {one.line.number for one in house.scene.found(kind="unauthorised_removal")}
    assert f'href="/findings/{finding}"' in page
    assert f'href="/carriers/{lying}"' in page
    assert "{" not in shown


def test_a_finding_that_the_guard_alone_made_says_so(house: House) -> None:
    carrier = house.scene.archive.carrier()
    house.scene.wait(600)
    a_gate(house.scene)
    goes_by(house.scene, house.scene.epcs(carrier)[0], heard=False)
    house.scene.check()
    (item,) = house.scene.found(kind="unauthorised_removal")
    page = words(house.client("secrecy").page(f"/findings/{item.line.number}"))
    assert "told by the guard at the door (lamp: on)" in page


def test_who_may_not_see_a_carrier_sees_nothing_of_its_passage(house: House) -> None:
    carrier = house.scene.archive.carrier(level="top_secret")
    house.scene.wait(600)
    a_gate(house.scene)
    goes_by(house.scene, house.scene.epcs(carrier)[0])
    house.scene.account("zhao", Role.BORROWER)
    for who in ("ma", "zhao", "admin"):
        answer = house.client(who).get(PAGE)
        assert answer.status_code in (200, 403)
        assert house.scene.epcs(carrier)[0] not in answer.text
        assert f"/carriers/{carrier}" not in answer.text


def test_one_that_does_not_watch_says_so_and_since_when(house: House) -> None:
    a_gate(house.scene, stuck=True)
    house.scene.wait(20)
    assert "beam blocked for long" in words(house.client("clerk").page(PAGE))


def test_the_beam_is_set_by_who_has_the_readers_in_care_and_is_refused_where_it_cannot_be(house: House) -> None:
    a_gate(house.scene)
    beam = {"beam_reader": "gate", "beam_inside": "3", "beam_outside": "4", "beam_broken": "inactive"}
    assert house.client("clerk").post(f"{PAGE}/beam", **beam).status_code == 403
    admin = house.client("admin")
    assert admin.post(f"{PAGE}/beam", **beam).status_code == 303
    page = admin.page(PAGE)
    assert "inner barrier at input 3, outer barrier at input 4" in words(page)
    assert re.search(r'value="inactive" selected', page)
    again = admin.post(f"{PAGE}/beam", **{**beam, "beam_outside": "3"})
    assert "each at an input of its own" in words(again.text)
    assert admin.post(f"{PAGE}/beam", do="remove").status_code == 303
    assert "No beam is configured" in words(admin.page(PAGE))
    assert admin.post(f"/portals/{SHELF}/beam", **beam).status_code == 404


def test_a_place_that_is_no_portal_has_no_such_page(house: House) -> None:
    assert house.client("clerk").get(f"/portals/{SHELF}").status_code == 404


# The list for the guards


def asks(house: House, token: str, known: str = "") -> tuple[int, str, str]:
    headers = {"Authorization": f"Bearer {token}"} | ({"If-None-Match": known} if known else {})
    answer = house.client("clerk").http.get("/api/v1/door-list", headers=headers)
    return answer.status_code, answer.text, answer.headers.get("etag", "")


def test_a_device_gets_the_signed_list_once_and_nobody_else(house: House) -> None:
    books = house.scene.archive.books
    with house.database.writing() as connection:
        devices.create_device(connection, "edge", devices.token_hash(TOKEN), house.scene.now)
    assert asks(house, TOKEN)[0] == 503  # these books were opened without their key
    key = LedgerKey.load_or_create(house.services.data / "key.pem", "archive.example/books")
    books.use_key(key)
    status, text, tag = asks(house, TOKEN)
    found = parse(text, [parse_key(key.vkey())])
    assert (status, tag) == (200, f'"{found.number}"')
    assert found.block == house.services.scheme.epc_block
    assert asks(house, TOKEN, tag)[0] == 304
    assert asks(house, "another token")[0] == 401
    assert asks(house, "")[0] == 401
