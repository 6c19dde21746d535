"""Present, absent, not covered, unconfirmed: on every surface the same word for the same carrier, in both languages."""

import io
import re
from collections.abc import Mapping

import pytest
from openpyxl import load_workbook

from custody.values import DAY, SECOND
from reconcile.store.core import ANTENNA, COVERAGE, PRESENCE, READER, TAG_READABILITY
from tests.builders import SHELF, SHELF_2, epc_of
from tests.web.front import Front, words

WORDS = {
    "present": ("Present", "在位"),
    "absent": ("Absent", "不在位"),
    "not_covered": ("Not covered", "未覆盖"),
    "unconfirmed": ("Unconfirmed", "未确认"),
}
SAID = ("present", "absent", "not_covered", "unconfirmed")
"""Of the four carriers, in their order."""


@pytest.fixture
def four(front: Front) -> tuple[Front, Mapping[int, str]]:
    """One of each: heard on its shelf; silent there for an hour; on a shelf where nobody listens; with a weak tag."""
    archive = front.archive
    on_shelf = archive.carriers(3)
    deaf = archive.carrier(place=SHELF_2)
    order = [on_shelf[0], on_shelf[1], deaf, on_shelf[2]]
    front.clock.at += DAY
    now = front.clock.at
    with archive.books.database.writing() as connection:
        for name, place, through in (("live", SHELF, now), ("dead", SHELF_2, now - 3_600 * SECOND)):
            connection.execute(
                READER.insert().values(
                    name=name, device="", title_zh="", title_en="", enabled=True, state="listening", detail=""
                )
            )
            connection.execute(ANTENNA.insert().values(reader=name, number=1, place=place, role="place"))
            coverage = {"reader": name, "antenna": 1, "since_at": now - DAY, "through_at": through}
            connection.execute(COVERAGE.insert().values(coverage))
        heard = [(order[0], SHELF, "confirmed", 5), (order[1], SHELF, "unconfirmed", 7_200)]
        heard += [(order[2], SHELF_2, "confirmed", 3_700), (order[3], SHELF, "unconfirmed", 7_200)]
        for carrier, place, strength, ago in heard:
            at = now - ago * SECOND
            row = {"epc": epc_of(carrier), "place": place, "strength": strength, "heard_at": at, "here_at": at}
            row |= {"since_at": at - 60 * SECOND, "reader": "live", "antenna": 1, "reads": 5, "state": b""}
            connection.execute(PRESENCE.insert().values(row))
        weak = {"epc": epc_of(order[3]), "at": now, "windows": 900, "expected": 700, "got": 20, "weak": True}
        connection.execute(TAG_READABILITY.insert().values(weak))
    return front, dict(zip(order, SAID, strict=True))


def rows_of(page: str) -> dict[int, str]:
    """The rows of a table of carriers, in words, by carrier."""
    found = {}
    for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL):
        if link := re.search(r'href="/carriers/(\d+)"', row):
            found[int(link[1])] = words(row)
    return found


def only(text: str, word: str, language: int) -> bool:
    """Whether of the four words this one alone is in a text; 在位 stands within 不在位."""
    said = [key for key, both in WORDS.items() if re.search(rf"(?<!不)\b{both[language]}\b", text)]
    return said == [word]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_list_the_place_and_the_carrier_say_the_same(four: tuple[Front, Mapping[int, str]], language: str) -> None:
    front, said = four
    clerk, which = front.signed_in("clerk", language), ("en", "zh").index(language)
    rows = rows_of(clerk.get("/carriers").text)
    for place in (SHELF, SHELF_2):
        within = rows_of(clerk.get(f"/places/{place}").text)
        assert within
        rows = {one: f"{rows[one]} {within.get(one, '')}" for one in rows}
    for carrier, word in said.items():
        assert only(rows[carrier], word, which), rows[carrier]
        page = clerk.get(f"/carriers/{carrier}").text
        told = re.search(r'<div class="heard heard-(\w+)">.*?<p class="big">(.*?)</p>', page, re.DOTALL)
        assert told is not None
        assert told[1] == word
        assert only(words(told[2]), word, which)


def test_the_interface_and_the_workbook_say_the_same(four: tuple[Front, Mapping[int, str]]) -> None:
    front, said = four
    clerk = front.signed_in("clerk")
    listed = {one["id"]: one["whereabouts"] for one in clerk.get("/api/v1/carriers").json()["items"]}
    for carrier, word in said.items():
        assert clerk.get(f"/api/v1/carriers/{carrier}").json()["whereabouts"] == listed[carrier]
        assert listed[carrier]["word"] == word
    assert [listed[one]["weak"] for one in said] == [False, False, False, True]
    sheet = load_workbook(io.BytesIO(clerk.get("/reports/carriers.xlsx").content)).worksheets[0]
    head, *lines = [list(row) for row in sheet.iter_rows(values_only=True) if row and row[0]]
    column = head.index("In its place?")
    assert sorted(str(line[column]) for line in lines if line[column]) == sorted(
        WORDS[word][0] for word in said.values()
    )


def test_what_is_not_covered_says_since_when_and_what_was_confirmed_last(
    four: tuple[Front, Mapping[int, str]],
) -> None:
    front, said = four
    deaf = next(carrier for carrier, word in said.items() if word == "not_covered")
    found = front.signed_in("clerk").get(f"/api/v1/carriers/{deaf}").json()["whereabouts"]
    now = front.clock.at
    assert (found["since_at"], found["confirmed_at"]) == (now - 3_600 * SECOND, now - 3_700 * SECOND)
    page = words(front.signed_in("clerk").get(f"/carriers/{deaf}").text)
    assert "Nobody is listening there: neither present nor absent · since" in page
    assert "last confirmed" in page
