"""The first page of everybody, and the readers."""

import re

import pytest

from api.web.overview import STRIP_WIDTH, strip_of
from custody.store.sealing import seal
from custody.values import DAY, SECOND, Place
from reconcile.coverage import Interval
from reconcile.store.core import COVERAGE, READER
from tests.builders import NOW, READING, SHELF
from tests.web.front import words
from tests.web.watch.house import House, Troubled

HOUR = 3_600 * SECOND
LATE = NOW - 45 * SECOND


def a_strip(*heard: tuple[float, float]) -> tuple[tuple[tuple[float, float], ...], bool]:
    """The gaps and the state of a place that listened in these hours before now."""
    intervals = [Interval(NOW - int(a * HOUR), NOW - int(b * HOUR)) for a, b in heard]
    strip = strip_of(Place(1, "P", "p", "room"), [intervals], NOW, LATE)
    return strip.gaps, strip.listening


@pytest.mark.parametrize(
    ("heard", "gaps", "listening"),
    [
        ([(24, 0)], (), True),
        ([(24, 12)], ((150.0, 150.0),), False),
        ([(12, 0)], ((0.0, 150.0),), True),
        ([(24, 18), (12, 0)], ((75.0, 75.0),), True),
        ([], ((0.0, 300.0),), False),
        # A silence shorter than the bound of the readers is none.
        ([(24, 0.01)], (), True),
    ],
)
def test_hatching_stands_where_nobody_listened(
    heard: list[tuple[float, float]], gaps: tuple[tuple[float, float], ...], listening: bool
) -> None:
    assert a_strip(*heard) == (gaps, listening)


def test_a_place_listens_only_while_all_its_antennas_do() -> None:
    whole, half = [Interval(NOW - DAY, NOW)], [Interval(NOW - DAY, NOW - DAY // 2)]
    assert not strip_of(Place(1, "P", "p", "room"), [whole, half], NOW, LATE).listening
    assert strip_of(Place(1, "P", "p", "room"), [whole, whole], NOW, LATE).gaps == ()
    assert STRIP_WIDTH == 300


def test_before_an_antenna_was_there_nobody_was_silent() -> None:
    began = NOW - 6 * HOUR
    strip = strip_of(Place(1, "P", "p", "room"), [[Interval(began, NOW)]], NOW, LATE, began=began)
    assert (strip.gaps, strip.listening, strip.since, strip.before) == ((), True, began, 225.0)
    cut = strip_of(Place(1, "P", "p", "room"), [[Interval(began, NOW - 3 * HOUR)]], NOW, LATE, began=began)
    assert (cut.gaps, cut.listening) == (((262.5, 37.5),), False)


def test_the_journal_has_acts_on_carriers_from_where_to_whom_and_no_housekeeping(house: House) -> None:
    archive = house.scene.archive
    carrier = archive.carrier()
    archive.borrow(carrier, "chen")
    archive.give_back(carrier, SHELF)
    seal(archive.books)
    page = house.client("clerk").page("/overview")
    shown = words(page.partition('id="journal"')[2].partition("</section>")[0])
    assert "B1-01-1 → Chen Guodong" in shown
    assert "Chen Guodong → B1-01-1" in shown
    assert "RZ-" not in shown


def test_the_balance_is_an_equation_whose_terms_lead_to_their_carriers(house: House, troubled: Troubled) -> None:
    page = house.client("clerk").page("/overview")
    figures = [int(text) for text in re.findall(r"<dd><a [^>]*>(\d+)</a></dd>", page)]
    assert figures[0] == sum(figures[1:]) == 12
    assert 'href="/carriers?status=on_loan"' in page
    assert "closes" in words(page)


def test_the_overview_says_who_answers_and_where_nobody_listens(house: House, troubled: Troubled) -> None:
    shown = words(house.client("clerk").page("/overview"))
    assert "Left without a permit 1" in shown
    assert "Song Lin" in shown
    assert "Nobody listens at B1-reading" in shown
    assert "1 loan is overdue" in shown


@pytest.mark.parametrize(
    ("who", "has", "lacks"),
    [
        ("chen", "What I hold", "The balance"),
        ("ma", "The proof of the ledger", "The balance"),
        ("admin", "Health of the readers", "The balance"),
        ("clerk", "The balance", "The proof of the ledger"),
        ("sun", "The balance", "Health of the readers"),
    ],
)
def test_everybody_begins_with_what_the_role_needs(
    house: House, troubled: Troubled, who: str, has: str, lacks: str
) -> None:
    shown = words(house.client(who).page("/overview"))
    assert has in shown
    assert lacks not in shown


@pytest.mark.parametrize("who", ["ma", "admin"])
def test_administrators_see_no_business_data(house: House, troubled: Troubled, who: str) -> None:
    visitor = house.client(who)
    assert not re.search(r"YS-2026|远山四号", visitor.page("/overview") + visitor.page("/inbox"))


def test_a_borrower_sees_his_own_loans_only(house: House, troubled: Troubled) -> None:
    page = house.client("chen").page("/overview")
    assert set(re.findall(r"/carriers/(\d+)", page)) == {str(troubled.back)}


def test_a_reader_is_as_its_coverage_says_whatever_it_says_of_itself(house: House, troubled: Troubled) -> None:
    names = {"reader-5-place": house.scene.now, "reader-7-place": house.scene.now - 2 * HOUR}
    with house.database.writing() as connection:
        for name, through in names.items():
            row = {"title_en": f"Title of {name}", "through_at": through, "state": "listening"}
            connection.execute(READER.update().where(READER.c.name == name).values(row))
    visitor = house.client("clerk")
    rows = visitor.page("/readers").split("<tr>")
    states = {name: words(row) for row in rows for name in names if f">{name}</a>" in row}
    assert " listening " in states["reader-5-place"]
    assert "not covered" in states["reader-7-place"]
    assert "unknown reader" in words(visitor.page("/readers/reader-6-place"))
    assert visitor.get("/readers/none").status_code == 404


@pytest.mark.parametrize(
    ("offset_us", "flagged"), [(150_000, False), (200_000, False), (201_000, True), (-900_000, True)]
)
def test_a_clock_that_is_off_is_flagged(house: House, offset_us: int, flagged: bool) -> None:
    name = house.scene.reader(READING)
    with house.database.writing() as connection:
        connection.execute(READER.update().where(READER.c.name == name).values(clock_offset_us=offset_us))
    assert ("over 0.2 s" in words(house.client("clerk").page(f"/readers/{name}"))) is flagged


def test_the_system_administrator_ties_antennas_to_places(house: House) -> None:
    admin = house.client("admin")
    assert admin.post("/readers", name="R-01", title_en="Cabinet one", enabled="yes").status_code == 303
    table = "/readers/R-01/antennas"
    assert admin.post(table, **{"antenna": "4", "place.4": str(SHELF), "role.4": "place"}).status_code == 303
    shown = words(admin.page("/readers/R-01"))
    assert "Cabinet one" in shown
    assert "4 B1-01-1" in shown
    wrong = admin.post(table, **{"antenna": "5", "place.5": "10", "role.5": "place"})
    assert wrong.status_code == 422
    assert 'href="#place.5"' in wrong.text
    assert admin.post(table, **{"antenna": "70000", "place.70000": str(SHELF)}).status_code == 422
    assert admin.post(table, **{"antenna": "4", "place.4": ""}).status_code == 303
    assert "No antennas yet" in words(admin.page("/readers/R-01"))


def test_a_reader_needs_a_title_and_is_taken_out_of_use(house: House) -> None:
    admin = house.client("admin")
    assert admin.post("/readers", name="R-01").status_code == 422
    assert admin.post("/readers", name="a/b", title_en="x").status_code == 422
    admin.post("/readers", name="R-01", title_en="Cabinet one", enabled="yes")
    assert admin.post("/readers/R-01", title_en="").status_code == 422
    assert admin.post("/readers/R-01", title_en="Cabinet one").status_code == 303
    assert "out of use" in words(admin.page("/readers/R-01"))
    assert admin.post("/readers/none", title_en="x").status_code == 404


def test_a_device_token_is_shown_once(house: House) -> None:
    admin = house.client("admin")
    page = admin.post("/devices", device="edge-1")
    token = re.search(r'token-text">([^<]+)<', page.text)
    assert token
    assert token[1] not in admin.page("/readers")
    assert admin.post("/devices", device="edge-1").status_code == 422
    assert admin.post("/devices", device="a:b").status_code == 422
    assert admin.post("/devices/edge-1/revoke").status_code == 303
    assert "revoked" in words(admin.page("/readers"))
    assert admin.post("/devices/edge-2/revoke").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        *("/readers", "/readers/probe", "/readers/R-01", "/readers/R-01/antennas", "/readers/R-01/set-up"),
        *("/devices", "/devices/x/revoke"),
    ],
)
def test_only_the_system_administrator_changes_readers(house: House, address: str) -> None:
    assert house.client("clerk").post(address, name="R-01", title_en="x").status_code == 403


def test_a_gap_of_one_antenna_of_many_is_told(house: House) -> None:
    name = house.scene.reader(SHELF)
    with house.database.writing() as connection:
        connection.execute(
            READER.update().where(READER.c.name == name).values(title_en="One", through_at=house.scene.now)
        )
        row = {"reader": name, "antenna": 1, "since_at": NOW - DAY, "through_at": NOW - 2 * HOUR}
        connection.execute(COVERAGE.insert().values(row))
    assert "some antennas not covered" in words(house.client("clerk").page(f"/readers/{name}"))
