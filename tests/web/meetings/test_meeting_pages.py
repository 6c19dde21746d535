"""A meeting through its pages and the REST interface: convening, the list, the hand-out, the count, the end."""

import pytest

from custody.life_cycle import Status
from custody.store import queries
from tests.builders import PEOPLE, Archive
from tests.custody.meetings.scene import Scene, a_meeting, in_session
from tests.web.front import PASSWORD, Browser, Front, number_of, words

CONVENED = {
    "subject": "远山三号方案评审",
    "level": "secret",
    "unit": "3",
    "venue": "B1-reading",
    "starts_at": "2026-11-20T14:00",
    "ends_at": "2026-11-20T17:00",
    "chair": number_of("committee"),
    "deputy": number_of("zhao"),
    "scope": "all",
    "seats": "20",
    "lodgings": "招待所三号楼\n招待所五号楼\n",
    "recording": "forbidden",
    "notes": "forbidden",
    "phones_deposited": "1",
}


@pytest.fixture
def scene(front: Front) -> Scene:
    """A meeting in session, with `chen` and `sun` inside, two titles of two copies each handed out to them."""
    return handed_out(front.archive)


def handed_out(archive: Archive) -> Scene:
    """Two titles, A and B, copy n to seat n."""
    meeting = in_session(archive, "chen", "sun", take_back=True)
    for number in ("YS-2026-07001", "YS-2026-07002"):
        ids = []
        for copy in (1, 2):
            ids += archive.carriers(1, control_number=number, copy_number=copy, copies=2, title="远山三号总体方案")
        meeting.brings_these(ids)
        meeting.hands_out({ids[0]: 1, ids[1]: 2})
    return meeting


def of_seat(meeting: Scene, attendee: int) -> list[int]:
    """The papers that one on the list was handed."""
    with meeting.archive.books.database.reading() as connection:
        return [line.carrier for line in queries.all_lines(connection, meeting.id) if line.label == str(attendee)]


def outcomes(secretary: Browser, meeting: Scene, *codes: str) -> list[str]:
    """What scans came to."""
    scans = [{"event": f"e{n}", "code": code} for n, code in enumerate(codes)]
    answer = secretary.call(f"/meetings/{meeting.id}/scans", scans=scans)
    assert answer.status_code == 200, answer.text
    return [one["outcome"] for one in answer.json()["results"]]


def test_a_meeting_is_convened_listed_and_asked_for(front: Front) -> None:
    secretary = front.signed_in("secretary")
    answer = secretary.send("/business/new/meeting", **CONVENED)
    assert answer.status_code == 303, words(answer.text)
    meeting = Scene(front.archive, int(answer.headers["location"].split("/")[2].split("?")[0]))
    back = f"/meetings/{meeting.id}/attendees"
    person = {"attendees.0.person": number_of("chen"), "attendees.0.seat": ""}
    assert secretary.send(f"/matters/{meeting.id}/attendees", back=back, **person).headers["location"].startswith(back)
    guest = {
        "guests.0.guest_name": "来宾甲",
        "guests.0.guest_unit": "北山研究所",
        "guests.0.letter": "北密函〔2026〕1号",
        "guests.0.cleared_for": "secret",
    }
    assert secretary.send(f"/matters/{meeting.id}/guests", **guest).status_code == 303
    assert [(one.seat, one.person, one.name) for one in meeting.body.attendees] == [
        ("1", PEOPLE["chen"], ""),
        ("2", None, "来宾甲"),
    ]
    assert meeting.body.lodgings == ("招待所三号楼", "招待所五号楼")
    page = words(secretary.get(back).text)
    assert "北密函〔2026〕1号" in page
    assert secretary.send(f"/matters/{meeting.id}/ask").status_code == 303
    assert meeting.matter.status == "asked"


def test_a_refused_attendee_is_told_with_the_clause(front: Front) -> None:
    meeting = a_meeting(front.archive)
    answer = front.signed_in("secretary").send(
        f"/matters/{meeting.id}/attendees", **{"attendees.0.person": number_of("ma")}
    )
    assert answer.status_code == 409
    assert "c.1 Ma Jun is not cleared for Secret" in words(answer.text)


def test_everybody_enters_and_papers_go_by_seat(front: Front) -> None:
    meeting = a_meeting(front.archive).lists("chen", "sun").approved()
    ids = [front.archive.carrier(control_number="YS-2026-07001", copy_number=copy, copies=3) for copy in (1, 2, 3)]
    meeting.brings_these(ids)
    secretary = front.signed_in("secretary")
    entered = secretary.send(f"/matters/{meeting.id}/arrive", attendees=["1", "2"], phones_left="1")
    assert entered.status_code == 303, words(entered.text)
    given = secretary.send(f"/matters/{meeting.id}/hand_out_by_seat", titles="YS-2026-07001")
    assert given.status_code == 303, words(given.text)
    assert meeting.matter.counts == {"brought": 1, "handed_out": 2}, "nobody sits on seat 3"
    assert [meeting.line(carrier).label for carrier in ids] == ["1", "2", ""]


def test_a_scan_says_what_it_came_to(front: Front, scene: Scene) -> None:
    secretary = front.program("secretary")
    stranger = front.archive.carrier(control_number="YS-2026-08000")
    spare = scene.brings(1, control_number="YS-2026-07003")[0]
    assert outcomes(secretary, scene, "A1", "A1", "1", "2", "YS-2026-07002/2", "nonsense", "B9") == [
        *("counted", "repeated", "ambiguous", "ambiguous", "counted", "unknown", "unknown"),
    ]
    assert outcomes(secretary, scene, "YS-2026-08000", "YS-2026-07003", "1") == ["stranger", "spare", "ambiguous"]
    assert scene.matter.count("counted_in") == 2
    assert front.archive.state(stranger).status is Status.IN_PLACE
    assert scene.line(spare).state == "brought"
    assert front.watch.woken


def test_what_arrives_together_is_one_act_and_coming_again_changes_nothing(front: Front, scene: Scene) -> None:
    secretary = front.program("secretary")
    with front.archive.books.database.reading() as connection:
        before = front.archive.books.position(connection)
    assert outcomes(secretary, scene, "A1", "A2", "B1") == ["counted"] * 3
    assert outcomes(secretary, scene, "A1", "A2", "B1") == ["repeated"] * 3
    with front.archive.books.database.reading() as connection:
        assert front.archive.books.position(connection) == before + 3


def test_the_newest_count_is_taken_back(front: Front, scene: Scene) -> None:
    secretary = front.program("secretary")
    outcomes(secretary, scene, "A1", "B2")
    undone = secretary.call(f"/meetings/{scene.id}/undo").json()["undone"]
    assert (undone["paper"], undone["seat"], undone["attendee"]) == ("B2", "2", "孙丽")
    assert scene.matter.counts == {"counted_in": 1, "handed_out": 3}
    assert secretary.call(f"/meetings/{scene.id}/undo").json()["undone"]["paper"] == "A1"
    assert secretary.call(f"/meetings/{scene.id}/undo").json() == {"undone": None}


def test_pages_are_asked_for_where_they_are_counted(front: Front) -> None:
    meeting = in_session(front.archive, "chen", pages_counted=True)
    (paper,) = meeting.brings(1)
    meeting.hands_out({paper: 1})
    secretary = front.program("secretary")
    assert outcomes(secretary, meeting, "1") == ["pages"]

    def counted(pages: int) -> dict[str, str]:
        scans = [{"event": "e", "code": "1", "pages": pages}]
        found: dict[str, str] = secretary.call(f"/meetings/{meeting.id}/scans", scans=scans).json()["results"][0]
        return found

    short = counted(11)
    assert short["outcome"] == "refused"
    assert short["refusal"].startswith("h.3 清点 11 页")
    assert counted(12)["outcome"] == "counted"


def test_the_board_shows_numbers_and_no_titles(front: Front, scene: Scene) -> None:
    secretary = front.signed_in("secretary")
    board = secretary.get(f"/meetings/{scene.id}/board").text
    assert "远山三号" not in board
    assert 'data-out="4"' in board
    assert "A1" in words(board)
    answer = secretary.send(f"/meetings/{scene.id}/count", scan="A1 B1")
    assert answer.headers["location"].endswith("?last=counted"), "it works without script"
    assert 'data-out="2"' in secretary.get(f"/meetings/{scene.id}/board/state").text
    assert secretary.send(f"/meetings/{scene.id}/undo").headers["location"].endswith("?last=undone")


def test_the_end_says_what_stands_against_it_and_an_incident_opens_the_report_of_a_loss(
    front: Front, scene: Scene
) -> None:
    scene.ends().sweeps()
    secretary = front.signed_in("secretary")
    page = words(secretary.get(f"/meetings/{scene.id}/close").text)
    assert "4 papers in attendees" in page
    assert "h.3" in page
    lost = of_seat(scene, 1)
    sent = secretary.send(
        f"/matters/{scene.id}/incident",
        lines=[str(carrier) for carrier in lost],
        circumstances="散会后未见",
        measures="已搜查会场",
        password=PASSWORD,
        **{"cosign.0.number": number_of("committee"), "cosign.0.password": PASSWORD},
    )
    assert sent.status_code == 303, words(sent.text)
    assert [front.archive.state(carrier).status for carrier in lost] == [Status.DECLARED_LOST] * 2
    loss = front.archive.the_matter(front.archive.loss_of(lost[0]))
    assert (loss.kind, loss.counts) == ("loss", {"missing": 2})
    assert loss.due_at is not None
    number = sent.headers["location"].rpartition("=")[2]
    form = words(secretary.get(f"/acts/{number}/form").text)
    assert "Incident report" in form
    assert "Chen Guodong" in form
    assert front.archive.books.rebuild_check() == []


def test_what_was_lost_and_is_found_is_back_at_the_meeting_and_in_its_enquiry(front: Front, scene: Scene) -> None:
    scene.ends().sweeps()
    secretary, clerk = front.signed_in("secretary"), front.signed_in("clerk")
    (lost, _other) = of_seat(scene, 1)
    beside = {"cosign.0.number": number_of("committee"), "cosign.0.password": PASSWORD}
    account = {"circumstances": "未见", "measures": "已搜查", "password": PASSWORD}
    assert secretary.send(f"/matters/{scene.id}/incident", lines=str(lost), **account, **beside).status_code == 303
    loss = front.archive.loss_of(lost)
    found = clerk.send(
        f"/matters/{scene.id}/recover",
        lines=str(lost),
        circumstances="夹在讲台里",
        **{"cosign.0.number": number_of("secretary"), "cosign.0.password": PASSWORD},
    )
    assert found.status_code == 303, words(found.text)
    assert scene.line(lost).state == "counted_in"
    assert front.archive.the_matter(loss).counts == {"found": 1}
    assert front.archive.books.rebuild_check() == []


def test_a_meeting_is_not_there_for_who_has_no_part_in_it(front: Front, scene: Scene) -> None:
    chen = front.signed_in("chen")
    for page in ("", "/attendees", "/papers", "/board", "/board/state", "/sweeps", "/close"):
        assert chen.get(f"/meetings/{scene.id}{page}").status_code == 404
    assert chen.send(f"/meetings/{scene.id}/count", scan="A1").status_code == 403
    assert front.program("chen").call(f"/meetings/{scene.id}/scans", scans=[]).status_code == 403
    assert front.program("secretary").call("/meetings/999/scans", scans=[]).status_code == 404


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_of_a_meeting_opens(front: Front, scene: Scene, language: str) -> None:
    secretary = front.signed_in("secretary", language)
    assert secretary.get("/meetings").status_code == 200
    assert secretary.get(f"/meetings/{scene.id}").headers["location"] == f"/meetings/{scene.id}/papers"
    for page in ("attendees", "papers", "board?view=list", "sweeps", "close"):
        assert secretary.get(f"/meetings/{scene.id}/{page}").status_code == 200
