"""Personal data of staff stands only where a role needs it (rule 8): every page and answer, asked by every role."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import APIRouter

from api import rest, web
from api.acts import acts_on
from custody.access import INSTALLATION
from custody.entries import PersonRecorded
from tests.builders import PEOPLE, PERSONS, Archive
from tests.custody.entry.scene import INSPECTOR, a_visit, answered_for, goes_in
from tests.prove.record import WHOLE
from tests.web.front import ROLES, Front, a_front

CHEN, SUN = PEOPLE["chen"], PEOPLE["sun"]
MARKS = {
    "post": ("标记岗位甲",),
    "clearance": ("2031-03-17", "17 March 2031", "17 Mar 2031", "2031年3月17日", "3月17日"),
    "leaving": ("2033-05-19", "19 May 2033", "19 May", "2033年5月19日", "5月19日"),
    "document": ("证件 778",),
}
"""Of each kind of personal data, as it might be written: entered for one person, to be met nowhere else."""
NEED = {
    "post": {"clerk", "clerk2", "secrecy"},
    "clearance": {"clerk", "clerk2", "secrecy"},
    "leaving": {"clerk", "clerk2", "secrecy"},
    "document": {"clerk", "clerk2", "secrecy", "secretary"},
}
"""Who may meet it: the registry and the secrecy office clear people before they leave and choose them by post;
whoever keeps the register of entry takes down documents. Until when somebody is cleared is looked at where carriers
are handed out."""
FILES = (".xlsx", "/events", "/stream", ".svg", ".ico")


@pytest.fixture
def front(sqlite_archive: Archive, tmp_path: Path) -> Front:
    """One person with marks in every particular, on loan and at the door; a visitor is in."""
    sun = replace(PERSONS[SUN - 1], post="标记岗位甲", cleared_until="2031-03-17", left_on="2033-05-19")
    sqlite_archive.books.enter(INSTALLATION, [PersonRecorded(sun)], act="take_in")
    answered_for(sqlite_archive)
    sqlite_archive.borrow(sqlite_archive.carrier(), "sun")
    goes_in(sqlite_archive, a_visit(sqlite_archive, INSPECTOR))
    return a_front(sqlite_archive, tmp_path)


def addresses() -> Iterator[str]:
    """Every page and answer that needs no more than an identifier, and every form of the table."""
    routers: tuple[APIRouter, ...] = (*web.ROUTERS, *rest.ROUTERS)
    for router in routers:
        for route in router.routes:
            path = str(getattr(route, "path", ""))
            if "GET" not in getattr(route, "methods", ()) or path.endswith(FILES) or "stream" in path:
                continue
            if path.count("{") == 1 and "{identifier}" in path:
                yield path.replace("{identifier}", str(SUN))
                yield path.replace("{identifier}", "2")
            elif "{" not in path:
                yield path
    # Forms are drawn by one template: of those that ask for a person, some.
    for on, where in (("house", "/business/new"), ("carrier", "/carriers/1")):
        asking = [act for act in acts_on(on) if any(one.kind in ("person", "persons") for one in act.fields)]
        yield from (f"{where}/{act.key}" for act in asking[:4])
    yield "/acts/JY-2026-0001"
    yield "/acts/JY-2026-0001/form"
    yield "/api/v1/acts/JY-2026-0001"
    yield "/api/v1/acts/JY-2026-0001/form"
    yield "/acts/LF-2026-0001/form"
    yield "/api/v1/acts/LF-2026-0001"
    yield "/api/v1/acts/LF-2026-0001/form"
    yield "/people"


ASKED = sorted({role: who for who, role in reversed(list(ROLES.items())) if who != "sun"}.values())
"""One person of each role; `make test` asks as every third."""


@pytest.mark.parametrize("who", ASKED if WHOLE else ASKED[::3])
def test_8_prove__personal_data_is_shown_only_to_roles_that_need_it(front: Front, who: str) -> None:
    browser = front.signed_in(who)
    met: dict[str, set[str]] = {kind: set() for kind in MARKS}
    opened = 0
    for address in dict.fromkeys(addresses()):
        answer = browser.get(address)
        if answer.status_code != 200 or not answer.headers["content-type"].startswith(
            ("text/html", "application/json")
        ):
            continue
        opened += 1
        for kind, marks in MARKS.items():
            if any(mark in answer.text for mark in marks):
                met[kind].add(address)
    assert opened > 5, "nothing was opened, so nothing is shown by this"
    assert {kind: found for kind, found in met.items() if found and who not in NEED[kind]} == {}


def test_8_prove__who_needs_it_has_it(front: Front) -> None:
    """Without this the proof would hold of empty pages as well."""
    clerk = front.signed_in("clerk")
    assert "标记岗位甲" in clerk.get(f"/people/{SUN}").text
    assert "证件 778" in clerk.get("/matters/2").text
    assert "标记岗位甲" in clerk.call("/persons/search", text="1005").text


def test_8_prove__a_search_of_persons_tells_no_dates(front: Front) -> None:
    found = front.program("clerk").call("/persons/search", text="1005").json()["items"]
    assert [sorted(one) for one in found] == [["id", "name", "name_en", "number", "post", "unit"]]
    for who in ("chen", "manager", "leader", "secretary", "admin"):
        assert front.program(who).call("/persons/search", text="1005").status_code == 403
