"""A file of a handheld: recognised, shown, confirmed; each read once, at its own time, and into a sweep in one step."""

import io
import re
import zipfile
from datetime import datetime

import openpyxl

from custody.store import audit
from custody.store.digests import differences
from custody.values import SECOND
from readers.handheld import Read
from reconcile.store import handhelds as store
from reconcile.store import readers
from tests.builders import epc_of
from tests.readers.handheld import exports
from tests.web.front import PASSWORD, Front, words
from tests.web.handhelds.scene import HOUR, a_hand


def test_a_file_is_shown_as_understood_and_nothing_is_taken_before_it_is_confirmed(front: Front) -> None:
    hand = a_hand(front)
    hand.front.archive.carriers(2)
    page = words(hand.browser.get(hand.draft(hand.export(1, 2, "3414F4A2FFFFFFFF00000001"))).text)
    for said in ("3 Reads understood", "3 Tags", "1 Not in your register", "Every row is understood"):
        figure, _, what = said.partition(" ")
        assert f"{what} {figure}" in page or said in page, (said, page)
    assert hand.kept() == (0, 0)
    assert hand.sightings() == []


def test_confirmed_reads_are_sightings_at_the_times_at_which_they_were_read(front: Front) -> None:
    """Given a sweep of yesterday, when its file comes today, then each sighting stands at its own time."""
    hand = a_hand(front)
    hand.front.archive.carriers(2)
    yesterday = hand.at() - 24 * HOUR
    number = hand.take(hand.export(1, 2, 1, at=yesterday))
    assert hand.sightings() == [(epc_of(1), yesterday, 2), (epc_of(2), yesterday + 1_000_000, 1)]
    assert hand.kept() == (1, 3)
    page = words(hand.browser.get(f"/handhelds/{number}").text)
    assert "New reads 3" in page
    assert number in words(hand.browser.get("/handhelds").text)
    assert front.watch.woken > 0
    with front.archive.books.database.reading() as connection:
        reader = readers.reader(connection, "handheld:H1", hand.at())
        (noted,) = audit.events(connection, kinds=["reads_uploaded"])
        told: list[str] = []
        differences(connection, told.append)
    assert reader is not None
    assert not reader.enabled, "it is silent whenever nobody sweeps, and proves nothing by that"
    assert reader.antennas == ()
    assert (noted.detail["device"], noted.detail["reads"]) == ("H1", 3)
    assert "sweep.csv" not in str(noted.detail)
    assert told == []


def test_the_same_file_twice_changes_nothing(front: Front) -> None:
    hand = a_hand(front)
    hand.front.archive.carriers(2)
    export = hand.export(1, 2)
    first = hand.take(export)
    before = (hand.kept(), hand.sightings())
    page = words(hand.browser.get(hand.draft(export, "renamed.csv")).text)
    assert f"This file is here already: {first}" in page
    assert hand.take(export, device="another name") == first
    assert (hand.kept(), hand.sightings()) == before


def test_an_overlapping_export_adds_only_what_is_new(front_on_both: Front) -> None:
    hand = a_hand(front_on_both)
    begins = hand.at() - HOUR
    first, both = hand.export(1, 2, 3, at=begins), hand.export(1, 2, 3, 4, 5, at=begins)
    hand.take(first)
    number = hand.take(both.replace(b"\n", b"\r\n"))
    page = words(hand.browser.get(f"/handhelds/{number}").text)
    assert "New reads 2 Here before 3" in page
    assert [(tag, count) for tag, _at, count in hand.sightings()] == [(epc_of(n), 1) for n in range(1, 6)]
    hand.take(both, device="H2")
    assert len(hand.sightings()) == 10, "another handheld's reads are its own"


def test_a_file_is_laid_into_a_sweep_in_one_step_as_scans_by_hand(front: Front) -> None:
    """Given an open sweep, when a file is confirmed into it, then its tags count as the clerk's scans, each once."""
    hand = a_hand(front)
    hand.front.archive.carriers(4)
    sweep = hand.sweep()
    hand.front.clock.at += 300 * SECOND
    export = hand.export(1, 2, 2, "3414F4A2FFFFFFFF00000001")
    number = hand.take(export, round=sweep)
    assert hand.met(sweep) == (2, 4)
    state = words(hand.browser.get(f"/rounds/{sweep}/state").text)
    assert "3414F4A2FFFFFFFF00000001" in state.replace(" ", "")
    page = words(hand.browser.get(f"/handhelds/{number}").text)
    assert re.search(rf"{sweep} [A-Za-z ]+ 3 ", page), page
    hand.take(export, round=sweep)
    assert hand.met(sweep) == (2, 4)
    for _ in range(2):
        hand.browser.send(f"/rounds/{sweep}/undo")
    assert hand.met(sweep) == (1, 4), "the unknown one and the second: taken back like any other scan"


def test_reads_from_before_the_sweep_do_not_count_in_it(front: Front) -> None:
    hand = a_hand(front)
    hand.front.archive.carriers(3)
    export = hand.export(1, 2, at=hand.at() - HOUR)
    sweep = hand.sweep()
    number = hand.take(export)
    answer = hand.browser.send(f"/handhelds/{number}/round", round=sweep)
    assert "2 tags were read before the sweep was opened" in words(hand.browser.get(answer.headers["location"]).text)
    assert hand.met(sweep) == (0, 3)
    later = hand.take(hand.export(3))
    hand.browser.send(f"/handhelds/{later}/round", round=sweep)
    assert hand.met(sweep) == (1, 3)


def test_a_closed_sweep_takes_nothing_and_the_file_waits(front: Front) -> None:
    hand = a_hand(front)
    hand.front.archive.carriers(2)
    sweep = hand.sweep()
    draft = hand.draft(hand.export(1))
    hand.browser.send(f"/rounds/{sweep}/abandon", reason="wrong room")
    answer = hand.confirm(draft, round=sweep)
    assert answer.status_code == 409
    assert "finished" in words(answer.text)
    assert hand.kept() == (0, 0)
    assert hand.confirm(draft).status_code == 303


def test_a_file_without_times_asks_when_the_sweep_was(front: Front) -> None:
    hand = a_hand(front)
    draft = hand.draft(exports.android().encode())
    answer = hand.confirm(draft)
    assert answer.status_code == 422
    assert "say when the sweep was" in words(answer.text)
    assert hand.confirm(draft, swept="2026-11-20T09:30").status_code == 303
    assert len(hand.sightings()) == 2


def test_a_person_may_take_a_column_for_something_else(front: Front) -> None:
    hand = a_hand(front)
    draft = hand.draft(f"A,B\n{epc_of(1)},{epc_of(2)}\n".encode())
    told = {"role": ["", "epc"], "device": "H1", "swept": "2026-11-20T09:30"}
    again = hand.browser.send(draft, do="again", **told)
    assert again.headers["location"] == draft
    assert "you said so" in words(hand.browser.get(draft).text)
    assert hand.browser.send(draft, do="take", **told).status_code == 303
    assert [tag for tag, _at, _count in hand.sightings()] == [epc_of(2)]


def test_rows_that_are_refused_are_told_with_their_reason(front: Front) -> None:
    hand = a_hand(front)
    export = hand.export(1).decode() + "\n3.03E+23,2026-11-20 10:00:00,-60,1\n"
    draft = hand.draft(export.encode())
    page = words(hand.browser.get(draft).text)
    assert "1 row refused" in page
    assert "A spreadsheet took the tag for a number" in page
    number = re_number(hand.confirm(draft).headers["location"])
    assert "Rows refused 1" in words(hand.browser.get(f"/handhelds/{number}").text)


def re_number(address: str) -> str:
    """The number in an address."""
    return address.split("/")[2].split("?")[0]


def test_a_mistaken_upload_is_withdrawn_and_the_right_one_can_be_brought(front_on_both: Front) -> None:
    hand = a_hand(front_on_both)
    hand.front.archive.carriers(3)
    sweep = hand.sweep()
    export = hand.export(1, 2)
    wrong = hand.take(export, device="H9", round=sweep)
    assert hand.met(sweep) == (2, 3)
    assert hand.browser.send(f"/handhelds/{wrong}/withdraw", reason="").status_code == 422
    assert hand.browser.send(f"/handhelds/{wrong}/withdraw", reason="the other handheld").status_code == 303
    assert hand.met(sweep) == (0, 3)
    assert len(hand.sightings()) == 2, "evidence stays"
    page = words(hand.browser.get(f"/handhelds/{wrong}").text)
    assert "the other handheld" in page
    again = hand.browser.send(f"/handhelds/{wrong}/withdraw", reason="once more")
    assert (again.status_code, "was withdrawn" in words(again.text)) == (409, True)
    right = hand.take(export, device="H1", round=sweep)
    assert right != wrong
    assert hand.met(sweep) == (2, 3)


def test_what_a_later_file_or_a_signed_sweep_rests_on_is_not_withdrawn(front: Front) -> None:
    hand = a_hand(front)
    hand.front.archive.carriers(2)
    begins = hand.at()
    first = hand.take(hand.export(1, at=begins))
    later = hand.take(hand.export(1, 2, at=begins))
    answer = hand.browser.send(f"/handhelds/{first}/withdraw", reason="wrong")
    assert f"Withdraw {later} first" in words(answer.text)
    sweep = hand.sweep()
    hand.browser.send(f"/handhelds/{later}/round", round=sweep)
    finish = hand.browser.get(f"/rounds/{sweep}/finish").text
    hash_of = finish.partition('name="hash" value="')[2][:64]
    assert hand.browser.send(f"/rounds/{sweep}/sign", hash=hash_of, password=PASSWORD).status_code == 303
    answer = hand.browser.send(f"/handhelds/{later}/withdraw", reason="wrong")
    assert (answer.status_code, f"signed sweep {sweep}" in words(answer.text)) == (409, True)


def test_a_draft_is_its_owners_and_expires(front: Front) -> None:
    hand = a_hand(front)
    draft = hand.draft(hand.export(1))
    assert a_hand(front, "clerk2").browser.get(draft).status_code == 404
    front.clock.days(1 / 24)
    hand = a_hand(front)
    assert hand.browser.get(draft).status_code == 404
    hand.draft(hand.export(2))
    kept = list((front.app.state.services.data / "handhelds").iterdir())
    assert len(kept) == 2, "what nobody confirmed is taken away with the next upload"
    assert {path.stat().st_mode & 0o077 for path in kept} == {0}


def test_a_draft_is_thrown_away(front: Front) -> None:
    hand = a_hand(front)
    draft = hand.draft(hand.export(1))
    assert hand.browser.send(draft, do="discard").headers["location"] == "/handhelds"
    assert hand.browser.get(draft).status_code == 404
    assert list((front.app.state.services.data / "handhelds").iterdir()) == []


def test_only_who_sweeps_may_bring_a_file(front: Front) -> None:
    number = a_hand(front).take(a_hand(front).export(1))
    for who in ("chen", "admin", "he", "manager"):
        browser = front.signed_in(who)
        assert browser.get("/handhelds").status_code == 403
        assert browser.send(f"/handhelds/{number}/withdraw", reason="x").status_code == 403


def workbook(*lines: list[object]) -> bytes:
    """A workbook as a handheld's desktop program writes it: a title sheet, then the reads under two lines of words."""
    book = openpyxl.Workbook()
    book.active.append(["Report of the inventory"])  # type: ignore[union-attr]
    sheet = book.create_sheet("Tags")
    sheet.append(["Inventory", "H1"])
    sheet.append([])
    for line in lines:
        sheet.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_workbook_is_recognised_and_its_rounded_numbers_refused(front: Front) -> None:
    hand = a_hand(front)
    when = datetime(2026, 11, 20, 10, 0, 0)  # noqa: DTZ001 - a workbook's times have no zone
    data = workbook(
        ["Tag ID", "Time", "RSSI", "Antenna"],
        [epc_of(1), when, -61.5, 1],
        [3.414e23, when, -60, 1],
        [1234567890123456, when, -60, 1],
        [epc_of(2), "2026-11-20 10:00:01", -70, 2],
    )
    draft = hand.draft(data, "tags.xlsx")
    page = words(hand.browser.get(draft).text)
    assert "2 rows refused" in page
    assert "The cell is a number, not text" in page
    assert hand.confirm(draft).status_code == 303
    assert [tag for tag, _at, _count in hand.sightings()] == [epc_of(1), epc_of(2)]


UNREADABLE = {
    b"": "The file is empty",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 50: "old .xls file",
    bytes(range(256)): "neither text nor",
    b"PK\x03\x04" + b"x" * 100: "damaged",
}


def test_a_file_that_cannot_be_read_says_why(front: Front) -> None:
    hand = a_hand(front)
    for data, said in UNREADABLE.items():
        answer = hand.upload(data)
        assert answer.status_code == 422
        assert said in words(answer.text)


def test_a_bomb_is_refused_unread(front: Front) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 8_000_000)
    answer = a_hand(front).upload(packed.getvalue(), "bomb.xlsx")
    assert answer.status_code == 422
    assert "unpacks" in words(answer.text)


def test_uploads_are_paged_the_newest_first(front: Front) -> None:
    hand = a_hand(front)
    at = hand.at()
    with front.archive.books.database.writing() as connection:
        for nth in range(60):
            read = Read(1, epc_of(nth), None, at, at, at, None, 0, 1)
            brought = store.Upload("H1", "file", f"{nth:064x}", f"{nth}.csv", 4, 1, 0)
            store.take(connection, brought, [read], at, "Asia/Shanghai")
    page = hand.browser.get("/handhelds").text
    assert page.index("HU-2026-0060") < page.index("HU-2026-0011")
    assert "HU-2026-0010" not in page
    after = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "HU-2026-0010" in hand.browser.get(after).text
