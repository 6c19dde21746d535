"""What is to be signed, on the pages: the whole text, one button, who has not; no prints or exports before (rule 7)."""

from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from api import store
from api.acts.entry import code_of, default_text
from custody.database import StorageFull
from custody.entries import text_hash
from custody.procedures.undertakings import SUBJECTS
from tests.builders import NOW, PEOPLE, Archive
from tests.custody.entry.scene import TEXT, hash_signed, issued, signs
from tests.web.front import PASSWORD, Browser, Front, words


def signs_on_the_page(browser: Browser, subject: str, text: str = TEXT) -> None:
    """The one button under the text."""
    answer = browser.send("/business/new/acknowledge", acknowledged=code_of(subject, text), back="/undertakings")
    assert answer.status_code == 303, words(answer.text)
    assert answer.headers["location"].startswith("/undertakings?done=CN-2026-")


def test_j_2_record__the_own_page_has_the_whole_text_and_one_button(front: Front) -> None:
    issued(front.archive)
    chen = front.signed_in("chen")
    before = chen.get("/undertakings").text
    assert TEXT in before
    assert "1 to be signed by you." in words(chen.get("/inbox").text)
    assert "1 to be signed by you." in words(chen.get("/overview").text)
    signs_on_the_page(chen, "undertaking")
    assert hash_signed(front.archive, "chen") == text_hash(TEXT)
    assert "Signed" in words(chen.get("/undertakings").text)
    assert "to be signed by you" not in words(chen.get("/inbox").text)


def test_j_2_record__a_text_changed_meanwhile_is_not_signed_unread(front: Front) -> None:
    issued(front.archive)
    chen = front.signed_in("chen")
    shown = code_of("undertaking", TEXT)
    issued(front.archive, text="另一份承诺。")
    answer = chen.send("/business/new/acknowledge", acknowledged=shown, back="/undertakings")
    assert answer.status_code == 422
    assert hash_signed(front.archive, "chen") is None
    signs_on_the_page(chen, "undertaking", "另一份承诺。")


def test_the_secrecy_office_changes_a_text_and_sees_who_has_not_signed(front: Front) -> None:
    office = front.signed_in("secrecy")
    said = default_text("undertaking")
    assert "保密承诺书" in said
    assert "Undertaking of secrecy" in said
    answer = office.send("/business/new/instruction", instruction="undertaking", text=said.replace("\n", "\r\n"))
    assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/undertakings")
    signs(front.archive, "chen", text=said)
    page = office.get("/undertakings").text.split('id="owed"')[1]
    assert "Sun Li" in page
    assert "Chen Guodong" not in page
    assert "He Jing" not in page, "who holds no post owes nothing"
    book = load_workbook(BytesIO(office.get("/undertakings.xlsx").content)).active
    assert book is not None
    names = [str(row[1]) for row in book.iter_rows(min_row=2, values_only=True)]
    assert "Sun Li" in names
    assert "Chen Guodong" not in names
    for who in ("clerk", "manager", "chen"):
        assert front.signed_in(who).get("/undertakings.xlsx").status_code == 403
        assert 'id="owed"' not in front.signed_in(who).get("/undertakings").text


def test_at_the_desk_of_the_secrecy_office_another_signs_with_the_own_password(front: Front) -> None:
    issued(front.archive)
    office = front.signed_in("secrecy")
    form = {"acknowledged": code_of("undertaking", TEXT), "person": "1005"}
    answer = office.send(
        "/business/new/acknowledge", **form, **{"cosign.0.number": "1005", "cosign.0.password": PASSWORD}
    )
    assert answer.status_code == 303, words(answer.text)
    assert hash_signed(front.archive, "sun") == text_hash(TEXT)
    clerk = front.signed_in("clerk").send(
        "/business/new/acknowledge",
        acknowledged=code_of("undertaking", TEXT),
        person="1004",
        **{"cosign.0.number": "1004", "cosign.0.password": PASSWORD},
    )
    assert clerk.status_code == 422
    assert hash_signed(front.archive, "chen") is None


def test_j_2_record__the_desk_lends_nothing_to_whom_has_not_signed(front: Front) -> None:
    carrier = front.archive.carrier()
    issued(front.archive)
    program = front.program("clerk")
    asked = {
        "carriers": [carrier],
        "holder": PEOPLE["chen"],
        "due": "2026-11-25",
        "cosign": {"number": "1004", "password": PASSWORD},
    }
    stopped = program.call("/acts/borrow", **asked)
    assert stopped.status_code in (409, 422), stopped.text
    if stopped.status_code == 409:
        assert [one["clause"] for one in stopped.json()["errors"]] == ["j.2"]


@pytest.mark.parametrize(
    "address", ["/reports/overdue.xlsx", "/reports/carriers.xlsx", "/reports/findings.xlsx", "/entries.xlsx"]
)
def test_7_record__nobody_exports_who_has_not_signed_the_ban_on_photographs(front: Front, address: str) -> None:
    clerk = front.signed_in("clerk")
    assert clerk.get(address).status_code == 200
    issued(front.archive, "photographs")
    stopped = clerk.get(address)
    assert stopped.status_code == 409
    assert "7 Zhou Min has not signed the ban on photographs" in words(stopped.text)
    signs_on_the_page(clerk, "photographs")
    assert clerk.get(address).status_code == 200


def test_7_record__nobody_prints_who_has_not_signed_it_and_a_print_bears_the_name(front: Front) -> None:
    number = front.archive.borrow(front.archive.carrier(), "chen").act
    issued(front.archive, "photographs")
    clerk = front.signed_in("clerk")
    stopped = clerk.send(f"/acts/{number}/form/printed")
    assert stopped.status_code == 409
    assert "7 Zhou Min has not signed" in words(stopped.text)
    signs_on_the_page(clerk, "photographs")
    made = clerk.send(f"/acts/{number}/form/printed")
    assert made.status_code == 303, words(made.text)
    assert "Zhou Min" in words(clerk.get(made.headers["location"]).text)


def test_7_record__every_export_carries_the_name_of_who_made_it(front: Front) -> None:
    clerk = front.signed_in("clerk")
    for address in ("/reports/overdue.xlsx", "/reports/carriers.xlsx", "/reports/findings.xlsx", "/entries.xlsx"):
        book = load_workbook(BytesIO(clerk.get(address).content))
        sheet = book.active
        assert sheet is not None
        told = [str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell]
        assert any("周敏" in text for text in told), address
        assert book.properties.creator == "周敏"


def test_8_record__an_export_is_on_record_before_it_is_given(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    clerk = front.signed_in("clerk")

    def full(*_args: object) -> int:
        raise StorageFull("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(store, "log_export", full)
        kept_back = clerk.get("/reports/overdue.xlsx")
    assert kept_back.status_code == 503
    assert kept_back.headers["content-type"].startswith("text/html")
    assert clerk.get("/reports/overdue.xlsx").status_code == 200
    with front.archive.books.database.reading() as connection:
        assert [one.name for one in store.exports(connection, None)] == ["overdue"]


def test_8_record__who_took_out_what_is_told_to_whom_it_concerns(front: Front) -> None:
    front.signed_in("clerk").get("/reports/carriers.xlsx?level=secret")
    front.signed_in("manager").get("/reports/overdue.xlsx")
    office = front.signed_in("secrecy")
    page = words(office.get("/exports").text)
    assert "Zhou Min 1001" in page
    assert "level=secret" in page
    assert "Wu Tong" in words(front.signed_in("he").get("/exports").text), "the auditor's log is everybody's"
    for who in ("chen", "clerk", "secretary", "admin", "leader"):
        assert front.signed_in(who).get("/exports").status_code == 403, who
    book = load_workbook(BytesIO(office.get("/exports.xlsx").content)).active
    assert book is not None
    assert book.max_row >= 3


def test_8_record__what_a_command_took_out_beside_the_server_comes_into_the_log_once(
    front: Front, tmp_path: Path
) -> None:
    store.note_export(tmp_path, PEOPLE["clerk"], 1_795_140_000_000_000, "overdue", "{}", 7)
    database = front.archive.books.database
    store.take_in_exports(tmp_path, database, NOW)
    # Stopped between the log and the file's end: the same lines again.
    store.note_export(tmp_path, PEOPLE["clerk"], 1_795_140_000_000_000, "overdue", "{}", 7)
    store.take_in_exports(tmp_path, database, NOW)
    store.take_in_exports(tmp_path, database, NOW)
    with database.reading() as connection:
        assert [(one.name, one.rows) for one in store.exports(connection, None)] == [("overdue", 7)]
    assert not list(tmp_path.glob("exports.noted*"))


def test_the_texts_that_ship_are_in_both_languages(sqlite_archive: Archive) -> None:
    for subject in SUBJECTS:
        text = default_text(subject)
        assert text.isprintable() or "\n" in text
        assert issued(sqlite_archive, subject, text) == text


def test_a_signed_text_is_printed_whole(front: Front) -> None:
    issued(front.archive)
    number = signs(front.archive, "chen").act
    page = words(front.signed_in("secrecy").get(f"/acts/{number}/form").text)
    assert TEXT in page
    assert "Chen Guodong" in page
