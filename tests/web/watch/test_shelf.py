"""At the shelf: a sweep begun by a scan, what a device takes along, what it brings back and leaves behind."""

import json

import pytest

from reconcile.store.readers import upsert_antenna, upsert_reader
from reconcile.store.references import add_reference_tag
from tests.builders import SHELF, SHELF_2, epc_of
from tests.web.front import words
from tests.web.watch.house import House, Visitor
from tests.web.watch.test_rounds_pages import CABINET, figures, opened

HANGS_THERE = "E2003412013AEF1100AA0001"


def event(name: str, code: str, **more: object) -> dict[str, object]:
    """What a device did."""
    return {"event": f"d-0badcafe-{name}", "code": code} | more


def test_scanning_a_shelf_begins_its_sweep_and_goes_on_with_it(house: House) -> None:
    archive = house.scene.archive
    archive.carriers(2)
    archive.carriers(1, place=SHELF_2)
    clerk = house.client("clerk")
    first = clerk.post("/rounds/at", shelf=" b1-01-1\t").headers["location"]
    assert figures(clerk, first.rsplit("/", 1)[1]) == (0, 2)
    assert clerk.post("/rounds/at", shelf="B1-01-1").headers["location"] == first
    # A tag that hangs at the shelf names it too
    with house.database.writing() as connection:
        upsert_reader(connection, "second", house.scene.now, title_zh="二", title_en="Two")
        upsert_antenna(connection, "second", 1, SHELF_2)
        add_reference_tag(connection, "second", 1, HANGS_THERE, house.scene.now)
    other = clerk.post("/rounds/at", shelf=HANGS_THERE).headers["location"]
    assert other != first
    assert figures(clerk, other.rsplit("/", 1)[1]) == (0, 1)


def test_where_the_cabinet_is_swept_already_the_person_chooses(house: House) -> None:
    house.scene.archive.carriers(2)
    clerk = house.client("clerk")
    number = opened(clerk, CABINET)
    shown = clerk.post("/rounds/at", shelf="B1-01-1")
    assert shown.status_code == 200
    assert f'href="/rounds/{number}"' in shown.text
    assert f'name="place" value="{SHELF}"' in shown.text
    for wrong, said in (("", "Scan the shelf"), ("B9-99", "No such shelf: B9-99")):
        answer = clerk.post("/rounds/at", shelf=wrong)
        assert answer.status_code == 422
        assert said in words(answer.text)


@pytest.fixture
def swept(house: House) -> tuple[House, Visitor, str]:
    """A cabinet of three, and its sweep."""
    house.scene.archive.carriers(3, title="远山会议材料")
    clerk = house.client("clerk")
    return house, clerk, opened(clerk)


def test_what_a_device_takes_along_are_numbers_and_never_titles_names_or_tags(
    swept: tuple[House, Visitor, str],
) -> None:
    _house, clerk, number = swept
    sheet = clerk.get(f"/api/v1/rounds/{number}/sheet")
    told = sheet.json()
    assert [(line[0], line[2]) for line in told["lines"]] == [(f"YS-2026-0000{n}", "here") for n in (1, 2, 3)]
    assert told["met"] == "000"
    assert told["list"] in clerk.page(f"/rounds/{number}/state")
    for secret in ("远山", "confidential", "secret", *(epc_of(one) for one in (1, 2, 3))):
        assert secret not in sheet.text
    bare = clerk.page("/rounds/shell")
    assert clerk.csrf not in bare
    assert number not in bare
    blind = clerk.post("/rounds", place=str(SHELF), kind="blind").headers["location"].rsplit("/", 1)[1]
    assert clerk.get(f"/api/v1/rounds/{blind}/sheet").json()["lines"] == []


def test_the_worker_is_served_from_the_root_with_the_files_of_the_page(house: House) -> None:
    clerk = house.client("clerk")
    worker = clerk.get("/sw.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert "worker-src 'self'" in worker.headers["content-security-policy"]
    files = json.loads(worker.text.split("const FILES = ", 1)[1].split(";\n", 1)[0])
    assert len(files) > 10
    for address in files:
        assert clerk.get(address).status_code == 200, address


def test_what_a_device_did_is_told_event_by_event(swept: tuple[House, Visitor, str]) -> None:
    _house, clerk, number = swept
    did = [
        event("1", epc_of(1)),
        event("2", epc_of(2), means="eye"),
        event("3", "d-0badcafe-1", what="undo"),
        event("4", "FFFF0000FFFF0000FFFF0000"),
    ]
    results = clerk.send(f"/api/v1/rounds/{number}/events", {"events": did}).json()["results"]
    assert [one["kind"] for one in results] == ["present", "refused", "undone", "unknown"]
    assert results[1]["refused"]["code"] == "text_missing"
    assert results[2]["code"] == epc_of(1)
    assert figures(clerk, number) == (0, 3)
    empty = clerk.send(f"/api/v1/rounds/{number}/events", {"events": [event("5", "\t ")]})
    assert empty.status_code == 409


def test_a_file_from_a_device_waits_and_is_entered_once(swept: tuple[House, Visitor, str]) -> None:
    _house, clerk, number = swept
    of_round = {"round": number, "of": 0, "why": "", "events": [event("1", epc_of(1)), event("2", epc_of(2))]}
    saved = {"kind": "custody-sweep", "version": 1, "device": "d-0badcafe", "rounds": [of_round]}

    def bring(text: str) -> str:
        files = {"file": ("sweep.json", text.encode(), "application/json")}
        answer = clerk.http.post("/rounds/handed", data={"csrf": clerk.csrf}, files=files)
        return str(answer.headers.get("location", words(answer.text)))

    assert bring(json.dumps(saved)) == "/rounds/handed?taken=new"
    assert bring(json.dumps(saved)) == "/rounds/handed?taken=before"
    assert "is no file saved by a sweeping device" in bring("{}")
    assert figures(clerk, number) == (0, 3)
    assert "1 hand-overs" in words(clerk.page("/rounds"))
    page = clerk.page("/rounds/handed")
    assert "2 scans" in words(page)
    assert "YS-2026" not in page, "how many, and not which"
    answer = clerk.post("/rounds/handed/1/enter", round=number)
    assert answer.headers["location"].startswith("/rounds/handed?new=2")
    assert figures(clerk, number) == (2, 3)
    assert clerk.post("/rounds/handed/1/aside", reason="again").status_code == 409


def test_handed_over_by_the_network_it_waits_though_the_sweep_is_over(swept: tuple[House, Visitor, str]) -> None:
    _house, clerk, number = swept
    clerk.post(f"/rounds/{number}/abandon", reason="given up")
    late = [event("1", epc_of(1))]
    (refused,) = clerk.send(f"/api/v1/rounds/{number}/events", {"events": late}).json()["results"]
    assert refused["refused"]["code"] == "round_closed"
    handed = clerk.send(
        f"/api/v1/rounds/{number}/handed", {"device": "d-0badcafe", "why": "round_closed", "events": late}
    )
    assert (handed.status_code, handed.json()["before"]) == (201, False)
    assert "the sweep was finished when they came" in words(clerk.page("/rounds/handed"))
    assert clerk.post("/rounds/handed/1/aside", reason="counted since").status_code == 303
    assert "counted since" in words(clerk.page("/rounds/handed"))


def test_signing_out_tells_the_browser_of_who_sweeps_to_forget(house: House) -> None:
    for who, wiped in (("clerk", True), ("chen", False)):
        answer = house.client(who).post("/sign-out")
        assert ("storage" in answer.headers.get("clear-site-data", "")) is wiped


def test_what_differs_is_dealt_with_by_one_tap_with_and_without_script(swept: tuple[House, Visitor, str]) -> None:
    house, clerk, _number = swept
    (stray,) = house.scene.archive.carriers(1, place=SHELF_2)
    shelf = clerk.post("/rounds", place=str(SHELF)).headers["location"].rsplit("/", 1)[1]
    clerk.send(f"/api/v1/rounds/{shelf}/events", {"events": [event("1", epc_of(stray))]})
    page = clerk.page(f"/rounds/{shelf}")
    assert 'name="deal" value="put_back YS-2026-00004/1"' in page
    # By the page alone, and taken back
    assert clerk.post(f"/rounds/{shelf}/deal", deal="put_back YS-2026-00004/1").headers["location"].endswith("put_back")
    page = clerk.page(f"/rounds/{shelf}")
    assert 'data-dealt="put_back"' in page
    undo = page.split('name="undo" value="', 1)[1].split('"', 1)[0]
    assert clerk.post(f"/rounds/{shelf}/deal", undo=undo).headers["location"].endswith("undealt")
    assert 'data-dealt="' not in clerk.page(f"/rounds/{shelf}")
    # By a device, and in the report
    taps = [event("2", "YS-2026-00004/1", what="deal", reason="put_back"), event("3", "d-0badcafe-2", what="undo")]
    results = clerk.send(f"/api/v1/rounds/{shelf}/events", {"events": taps}).json()["results"]
    assert [one["kind"] for one in results] == ["put_back", "undealt"]
    again = event("4", "YS-2026-00004/1", what="deal", reason="put_back")
    clerk.send(f"/api/v1/rounds/{shelf}/events", {"events": [again]})
    assert "Put back" in words(clerk.page(f"/rounds/{shelf}/finish"))
    assert [one["what"] for one in clerk.get(f"/api/v1/rounds/{shelf}").json()["dealt"]] == ["put_back"]
    for wrong in ("put_back YS-2026-00001/1", "thrown YS-2026-00004/1", "put_back"):
        assert clerk.post(f"/rounds/{shelf}/deal", deal=wrong).status_code == 404
    bad = event("5", "YS-2026-00004/1", what="deal", reason="thrown")
    assert clerk.send(f"/api/v1/rounds/{shelf}/events", {"events": [bad]}).status_code == 409
