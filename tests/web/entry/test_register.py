"""The register of entry on the pages and through the interface: in at the door, out by one button, on paper."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from api import store
from tests.builders import CLERK, PEOPLE, READING, Archive
from tests.custody.entry.scene import INSPECTOR, TECHNICIAN, a_visit, answered_for, cleaning, goes_in, goes_out
from tests.web.front import PASSWORD, Front, a_front, words

ZHAO = "1014"
"""Cleared for the room: the escort."""


@pytest.fixture
def front(sqlite_archive: Archive, tmp_path: Path) -> Front:
    """The archive, in which the clerk answers for the reading room."""
    answered_for(sqlite_archive)
    return a_front(sqlite_archive, tmp_path)


def at_the_door(**changes: Any) -> dict[str, Any]:
    """The form of a visit, filled: a technician with a phone and a person of the house without."""
    return {
        "place": "B1-reading",
        "purpose": "检修空调",
        "visitors.0.visitor_name": "高远",
        "visitors.0.visitor_body": "方正维修公司",
        "visitors.0.visitor_document": "身份证 4401",
        "visitors.0.locker": "12",
        "visitors.1.visitor_person": "1006",
        "visitors.1.no_phone": "1",
        "escort": ZHAO,
        "declared": "1",
        "cosign.0.number": ZHAO,
        "cosign.0.password": PASSWORD,
    } | changes


def inside(front: Front) -> list[str]:
    """Who is in, as the clerk's page tells."""
    page = front.signed_in("clerk").get("/entries").text
    listed = page.split('id="now-in"')[1].split("</section>")[0]
    return [name for name in ("高远", "马骏", "任重", "米兰") if name in listed]


def test_j_1_record__in_at_the_door_out_by_one_button(front: Front) -> None:
    clerk = front.signed_in("clerk")
    opened = clerk.send("/business/new/visit", **at_the_door())
    assert opened.status_code == 303, words(opened.text)
    where = opened.headers["location"].split("?")[0]
    visit = front.archive.the_matter(int(where.rpartition("/")[2]))
    assert [(one.visitor.name, one.visitor.document, one.visitor.person) for one in visit.body.entrants] == [
        ("高远", "身份证 4401", None),
        ("马骏", "staff number 1006", PEOPLE["ma"]),
    ]
    assert inside(front) == ["高远", "马骏"]
    out = clerk.send(f"{where}/out", going="1", emptied="1", back="/entries")
    assert (out.status_code, out.headers["location"].split("?")[0]) == (303, "/entries")
    assert inside(front) == ["马骏"]
    # Nothing is ticked as emptied: there is no locker of his.
    clerk.send(f"{where}/out", going="2")
    assert inside(front) == []
    assert front.archive.the_matter(visit.id).status == "over"


def test_j_1_refuse__an_escort_who_may_not_know_is_stopped_with_the_clause(front: Front) -> None:
    clerk = front.signed_in("clerk")
    answer = clerk.send("/business/new/visit", **at_the_door(escort="1006", **{"cosign.0.number": "1006"}))
    assert answer.status_code == 409
    assert "j.1 Ma Jun is not cleared for Secret" in words(answer.text)
    nobody = clerk.send("/business/new/visit", **at_the_door(escort=""))
    assert nobody.status_code == 422
    assert "unescorted (j.1)" in words(nobody.text)
    assert inside(front) == []
    # The same filled in again goes through: the rule alone stood against it.
    assert clerk.send("/business/new/visit", **at_the_door()).status_code == 303


def test_4_record__what_the_form_does_not_say_of_a_phone_is_asked_for(front: Front) -> None:
    answer = front.signed_in("clerk").send("/business/new/visit", **at_the_door(**{"visitors.0.locker": ""}))
    assert answer.status_code == 409
    assert "4 Nothing is said of the phone of 高远" in words(answer.text)


def test_5_record__the_declaration_is_asked_for(front: Front) -> None:
    answer = front.signed_in("clerk").send("/business/new/visit", **at_the_door(declared=""))
    assert answer.status_code == 409
    assert "5 It was not declared" in words(answer.text)


def test_by_the_interface(front: Front) -> None:
    program = front.program("clerk")
    answer = program.call(
        "/business/cleaning",
        place="B1-reading",
        work="cleaning",
        visitors=[
            {
                "visitor_name": "米兰",
                "visitor_body": "清和物业",
                "visitor_document": "身份证 5502",
                "no_phone": True,
            }
        ],
        put_away=True,
        ventilation="windows",
        escort=ZHAO,
        declared=True,
        cosignatures=[{"number": ZHAO, "password": PASSWORD}],
    )
    assert answer.status_code == 201, answer.text
    matter = answer.json()["matter"]
    assert front.archive.the_matter(matter).body.ventilation == "windows"
    gone = program.call(f"/matters/{matter}/out", going=["1"])
    assert gone.status_code == 201, gone.text
    assert front.archive.the_matter(matter).ended


def test_4_record__where_content_is_handled_the_page_says_no_phones(front: Front) -> None:
    carrier = front.archive.carrier()
    clerk = front.signed_in("clerk")
    for address in ("/desk", f"/carriers/{carrier}", f"/carriers/{carrier}/read", "/entries"):
        assert "No phones" in words(clerk.get(address).text), address
    assert "No phones" in words(front.signed_in("secretary").get("/meetings").text)


def a_week(front: Front) -> None:
    """Cleaning two days ago, a visit yesterday that nobody signed out, one today."""
    front.clock.days(-2)
    done = goes_in(front.archive, cleaning(front.archive))
    goes_out(front.archive, done, 1)
    front.clock.days(1)
    goes_in(front.archive, a_visit(front.archive, INSPECTOR))
    front.clock.days(1)
    goes_in(front.archive, a_visit(front.archive, TECHNICIAN))


def test_the_register_tells_who_is_in_who_was_and_who_was_forgotten(front: Front) -> None:
    a_week(front)
    clerk = front.signed_in("clerk")
    page = words(clerk.get("/entries").text)
    assert "Not signed out on the day" in page
    assert inside(front) == ["高远", "任重"]
    yesterday = clerk.get("/entries?day=2026-11-19").text.split('id="register"')[1]
    assert "任重" in yesterday
    assert "米兰" not in yesterday
    nowhere = clerk.get("/entries?place=3").text.split('id="register"')[1]
    assert "任重" not in nowhere
    assert clerk.get("/entries?after=damaged").status_code == 404


@pytest.mark.parametrize(
    ("text", "found"),
    [("高远", ["高远"]), ("证件", ["任重"]), ("清和", ["米兰"]), ("LF-2026", ["高远", "任重"]), ("visitor", [])],
)
def test_names_are_looked_for_by_post_and_the_fields_own_words_are_not_found(
    front: Front, text: str, found: list[str]
) -> None:
    a_week(front)
    page = front.signed_in("clerk").send("/entries", text=text).text.split('id="register"')[1]
    assert [name for name in ("高远", "任重", "米兰") if f"<b>{name}</b>" in page] == found


def test_the_register_is_kept_by_those_who_admit(front: Front) -> None:
    answers = {who: front.signed_in(who).get("/entries").status_code for who in ("clerk", "secretary", "secrecy")}
    assert set(answers.values()) == {200}
    others = ("chen", "manager", "leader", "admin", "he")
    assert {front.signed_in(who).get("/entries").status_code for who in others} == {403}


def test_the_workbook_is_the_page_and_the_export_is_logged(front: Front) -> None:
    a_week(front)
    answer = front.signed_in("clerk").get("/entries.xlsx?day=2026-11-20")
    sheet = load_workbook(BytesIO(answer.content)).active
    assert sheet is not None
    rows = [[str(cell or "") for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert [row[3] for row in rows[1:] if row[0].startswith(("LF", "BJ"))] == ["高远"]
    assert any("周敏" in cell for row in rows for cell in row), "whose export it is stands in its foot"
    with front.archive.books.database.reading() as connection:
        (kept,) = store.exports(connection, None)
    assert (kept.name, kept.rows, kept.filters, kept.person) == ("entries", 1, '{"day": "2026-11-20"}', CLERK.person)


def test_the_sheet_of_a_day_and_place_is_printed_with_the_name_of_who_printed_it(front: Front) -> None:
    a_week(front)
    clerk = front.signed_in("clerk")
    address = f"/entries/sheet?place={READING}&day=2026-11-20"
    preview = words(clerk.get(address).text)
    assert "高远" in preview
    assert "locker 12" in preview
    assert "Printed by" not in preview
    made = clerk.send(address)
    assert made.status_code == 303, words(made.text)
    assert "Printed by Zhou Min" in words(clerk.get(made.headers["location"]).text)
    # Another's page, another day's sheet and a later hour show a preview again.
    other = front.signed_in("clerk2")
    assert "Printed by" not in words(other.get(made.headers["location"]).text)
    number = made.headers["location"].rpartition("=")[2]
    assert "Printed by" not in words(clerk.get(f"/entries/sheet?place={READING}&day=2026-11-19&print={number}").text)
    front.clock.days(0.01)
    assert "Printed by" not in words(clerk.get(made.headers["location"]).text)
    assert clerk.get("/entries/sheet").status_code == 404


def test_the_slip_says_who_where_with_whom_and_what_holds_inside(front: Front) -> None:
    matter = goes_in(front.archive, a_visit(front.archive))
    room = goes_in(front.archive, cleaning(front.archive))
    clerk = front.signed_in("clerk")
    slip = words(clerk.get(f"/acts/{front.archive.the_matter(matter).number}/form").text)
    for said in ("Visitor's slip", "高远", "locker 12", "Zhao Qiming", "No phones inside", "检修空调"):
        assert said.replace("'", "&#39;") in slip or said in slip, said
    clean = words(clerk.get(f"/acts/{front.archive.the_matter(room).number}/form").text)
    for said in ("Cleaning slip", "Windows open", "none: go", "Touch no papers"):
        assert said in clean, said
    gone = goes_out(front.archive, matter, 1)
    out = words(clerk.get(f"/acts/{gone.act}/form").text)
    assert "Signing out" in out
    assert "高远" in out


def test_the_matters_page_shows_them_and_signs_each_out(front: Front) -> None:
    matter = goes_in(front.archive, a_visit(front.archive, TECHNICIAN, INSPECTOR))
    page = front.signed_in("clerk").get(f"/matters/{matter}").text
    assert page.count(f'action="/matters/{matter}/out"') == 2
    # The escort sees whom he has with him, and keeps no register.
    escort = front.signed_in("zhao").get(f"/matters/{matter}")
    assert escort.status_code == 200
    assert "任重" in escort.text
    assert f"/matters/{matter}/out" not in escort.text


def test_another_escort_takes_over_at_the_desk(front: Front) -> None:
    matter = goes_in(front.archive, a_visit(front.archive))
    answer = front.signed_in("clerk").send(
        f"/matters/{matter}/escort",
        escort="1010",
        reason="另有会议",
        **{"cosign.0.number": "1010", "cosign.0.password": PASSWORD},
    )
    assert answer.status_code == 303, words(answer.text)
    assert front.archive.the_matter(matter).body.escort == PEOPLE["leader"]


def test_a_place_that_nobody_signed_for_is_told_on_the_list_of_places(sqlite_archive: Archive, tmp_path: Path) -> None:
    front = a_front(sqlite_archive, tmp_path)
    assert "nobody responsible" in words(front.signed_in("clerk").get("/places?view=list").text)
    answered_for(sqlite_archive)
    page = front.signed_in("clerk").get("/places?view=list").text
    row = page.split("B1-reading")[1].split("</tr>")[0]
    assert "nobody responsible" not in row
    assert "not signed for" not in row
