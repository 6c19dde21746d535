"""The hand-out scan by scan, the sweep with what the antennas heard, and what leaves by a portal, on the pages."""

import pytest

from custody.entries.badges import BadgeGiven
from custody.store import queries
from custody.values import SECOND
from reconcile.findings import run_checks
from reconcile.notices import inbox
from reconcile.store.core import ANTENNA, COVERAGE, PRESENCE, READER, STAY, TAP
from tests.builders import CLERK, PEOPLE, READING, SCHEME, SECRETARY, Archive
from tests.custody.meetings.scene import Scene, guest, in_session
from tests.web.front import PASSWORD, Browser, Front, words

CARD = "04A2B3C4D5E680"
GATE = 10


@pytest.fixture
def meeting(front: Front) -> Scene:
    """In session: chen and sun are inside, on seats 1 and 2; two titles of two copies with the secretary."""
    scene = in_session(front.archive, "chen", "sun", take_back=True)
    for number in ("YS-2026-07001", "YS-2026-07002"):
        scene.brings_these(
            [front.archive.carrier(control_number=number, copy_number=copy, copies=2) for copy in (1, 2)]
        )
    front.archive.enter(CLERK, [BadgeGiven(PEOPLE["chen"], CARD)], "badge", "chen")
    return scene


def scans(secretary: Browser, meeting: Scene, scan: str, held: str = "", **more: str) -> tuple[str, str]:
    """What the desk says after a scan, and what it keeps then: the papers that wait, and who stands there."""
    codes, _, at_desk = held.partition("|")
    kept = {"codes": codes, "for": at_desk, "since": "0"}
    answer = secretary.send(f"/meetings/{meeting.id}/handing", scan=scan, **(kept | more))
    said = answer.text.split('id="said"')[1].split('aria-labelledby="waits"')[0]
    codes, at_desk = (answer.text.split(f'name="{name}" value="')[1].split('"')[0] for name in ("codes", "for"))
    return words("<p " + said), f"{codes}|{at_desk}"


TABLE = """
scan            says                                    out
A1              A1: for whom?                           -
A1              A1 waits already.                       -
B1              B1: for whom?                           -
1               1: several have it                      -
nonsense        nonsense is unknown.                    -
@9              Nobody of the list                      -
@2              2 papers to seat 2, Sun Li              A1:2 B1:2
A1              A1 is with Sun Li already.              A1:2 B1:2
@1              Seat 1, Chen Guodong: take the next     A1:2 B1:2
A1              A1 is with Sun Li already.              A1:2 B1:2
A2              1 paper to seat 1, Chen Guodong         A1:2 B1:2 A2:1
B2              1 paper to seat 1, Chen Guodong         A1:2 B1:2 A2:1 B2:1
@1              Chen Guodong has a copy of each title   A1:2 B1:2 A2:1 B2:1
undo            1 taken back                            A1:2 B1:2 A2:1
undo            1 taken back                            A1:2 B1:2
A2              A2: for whom?                           A1:2 B1:2
card            1 paper to seat 1, Chen Guodong         A1:2 B1:2 A2:1
undo            1 taken back                            A1:2 B1:2
undo            2 taken back                            -
undo            Nothing to undo.                        -
"""


def out(meeting: Scene) -> list[str]:
    """Who has what, by what it is called and the number on the list."""
    with meeting.archive.books.database.reading() as connection:
        lines = queries.all_lines(connection, meeting.id, ("handed_out",))
        items = queries.carriers_by_id(connection, SECRETARY, [line.carrier for line in lines])
    body = meeting.body
    return sorted(
        f"{body.short(items[one.carrier].control_number, items[one.carrier].copy_number)}:{one.label}" for one in lines
    )


def test_h_2_record__each_copy_goes_to_the_badge_or_seat_that_follows_it(front: Front, meeting: Scene) -> None:
    secretary = front.signed_in("secretary")
    held = ""
    for line in TABLE.strip().splitlines()[1:]:
        scan, says, wanted = line[:16].strip(), line[16:56].strip(), line[56:].strip()
        front.clock.at += SECOND
        if scan == "undo":
            said, held = scans(secretary, meeting, "", held, do="undo")
        else:
            said, held = scans(secretary, meeting, CARD if scan == "card" else scan, held)
        assert says in said, line
        assert out(meeting) == sorted([] if wanted == "-" else wanted.split()), line
    assert meeting.matter.counts == {"brought": 4}
    assert front.archive.books.rebuild_check() == []


def test_h_2_record__a_copy_scanned_for_the_next_person_is_not_handed_to_the_one_before(
    front: Front, meeting: Scene
) -> None:
    secretary = front.signed_in("secretary")
    _said, held = scans(secretary, meeting, "@1")
    # The copy of Chen's own seat was proposed; this one is taken for whoever is named next.
    said, held = scans(secretary, meeting, "A2", held)
    assert "A2: for whom?" in said
    assert out(meeting) == []
    scans(secretary, meeting, "@2", held)
    assert out(meeting) == ["A2:2"]


def test_who_comes_to_the_door_is_entered_and_gets_the_next_copies_at_once(front: Front, meeting: Scene) -> None:
    meeting.enter([guest(meeting.id, 3, reason="增补")], "meeting_list")
    secretary = front.signed_in("secretary")
    said, held = scans(secretary, meeting, "@3")
    assert "is not entered as arrived" in said
    said, held = scans(secretary, meeting, "@3", held, arrive="1")
    assert "Seat 3, 来宾3: arrived." in said
    assert [one.inside for one in meeting.body.attendees] == [True, True, True]
    said, _held = scans(secretary, meeting, "", held, do="give")
    assert "2 papers to seat 3, 来宾3" in said
    assert len(out(meeting)) == 2
    assert front.archive.books.rebuild_check() == []


def test_h_2_record__nothing_is_handed_out_while_identity_is_not_freshly_confirmed(
    front: Front, meeting: Scene
) -> None:
    secretary = front.signed_in("secretary")
    front.clock.at += 400 * SECOND
    said, held = scans(secretary, meeting, "A1 @1")
    assert "confirm your identity first" in said
    assert (out(meeting), held[:1].isdecimal()) == ([], True)
    # What waited is kept, and goes on as soon as it is confirmed.
    secretary.send(f"/meetings/{meeting.id}/handing", do="confirm", password=PASSWORD, codes=held[:-1], since="0")
    scans(secretary, meeting, "@1", held)
    assert out(meeting) == ["A1:1"]


def test_a_badge_held_to_the_desks_reader_is_taken_once(front: Front, meeting: Scene) -> None:
    secretary = front.signed_in("secretary")
    now = front.clock()
    with front.archive.books.database.writing() as connection:
        row = {"name": "desk-1", "enabled": True, "device": "", "title_zh": "", "title_en": "", "state": "listening"}
        connection.execute(READER.insert().values(row | {"detail": "", "enabled_at": now}))
        connection.execute(ANTENNA.insert().values(reader="desk-1", number=1, place=READING, role="desk"))
        connection.execute(TAP.insert().values(reader="desk-1", antenna=1, uid=CARD, at=now, received_at=now))
    _said, held = scans(secretary, meeting, "A1")
    answer = secretary.send(f"/meetings/{meeting.id}/handing", codes=held.strip("|"), since="0", reader="desk-1")
    assert "1 paper to seat 1, Chen Guodong" in words(answer.text)
    since = answer.text.split('name="since" value="')[1].split('"')[0]
    again = secretary.send(f"/meetings/{meeting.id}/handing", codes="", since=since, reader="desk-1")
    assert "scan a copy first" not in words(again.text).replace("Scan a copy first.", "")
    assert out(meeting) == ["A1:1"]


def test_only_who_is_in_charge_hands_out(front: Front, meeting: Scene) -> None:
    assert front.signed_in("chen").get(f"/meetings/{meeting.id}/handing").status_code in (403, 404)
    assert front.signed_in("secretary").get("/meetings/987654/handing").status_code == 404


# What the radio says meanwhile.


def listening(archive: Archive, place: int) -> None:
    """An antenna at the place, without a gap for ten minutes."""
    now = archive.books.clock()
    row = {"name": f"reader-{place}", "enabled": True, "device": "", "title_zh": "", "title_en": "", "detail": ""}
    with archive.books.database.writing() as connection:
        connection.execute(READER.insert().values(row | {"state": "listening", "enabled_at": now - 900 * SECOND}))
        connection.execute(ANTENNA.insert().values(reader=f"reader-{place}", number=1, place=place, role="place"))
        spans = {"since_at": now - 600 * SECOND, "through_at": now}
        connection.execute(COVERAGE.insert().values(reader=f"reader-{place}", antenna=1, **spans))


def believed(archive: Archive, carrier: int, place: int) -> None:
    """The radio has the carrier's tag there."""
    now = archive.books.clock()
    row = {"epc": archive.state(carrier).tags[0].epc, "place": place, "strength": "confirmed", "since_at": now}
    row |= {"heard_at": now, "here_at": now, "reader": f"reader-{place}", "antenna": 1, "reads": 5, "state": b""}
    with archive.books.database.writing() as connection:
        connection.execute(PRESENCE.insert().values(row | {"strongest_dbm": -50.0}))


def test_h_3_detect__the_sweep_says_what_is_heard_there_and_where_nobody_listens(front: Front, meeting: Scene) -> None:
    papers = meeting.brings(2)
    meeting.hands_out({papers[0]: 1, papers[1]: 2})
    meeting.ends()
    listening(front.archive, READING)
    believed(front.archive, papers[0], READING)
    page = words(front.signed_in("secretary").get(f"/meetings/{meeting.id}/sweeps").text)
    venue, lodging = page.split("招待所三号楼", 1)
    assert "Covered. 1 paper still out heard there" in venue
    assert "No place of the house is called so" in lodging


def test_h_3_detect__a_paper_that_leaves_by_a_portal_stands_on_the_board_and_the_secretary_is_told(
    front: Front, meeting: Scene
) -> None:
    archive = front.archive
    (paper,) = meeting.brings(1, control_number="YS-2026-07004")
    meeting.hands_out({paper: 1})
    believed(archive, paper, READING)
    secretary = front.signed_in("secretary")
    board = f"/meetings/{meeting.id}/board/state"
    assert "Left by a portal" not in words(secretary.get(board).text)
    front.clock.at += 60 * SECOND
    with archive.books.database.writing() as connection:
        at = front.clock()
        stay = {"epc": archive.state(paper).tags[0].epc, "place": GATE, "since_at": at - SECOND, "until_at": at}
        stay |= {"reads": 7, "reader": "gate", "antenna": 2, "direction": "out", "score": 0.95, "evidence": "{}"}
        connection.execute(STAY.insert().values(stay))
    front.clock.at += 20 * SECOND
    run = run_checks(archive.books.database, SCHEME, front.clock(), kinds=("unauthorised_removal", "suspected_removal"))
    assert len(run.opened) == 1
    said = words(secretary.get(board).text)
    assert "Left by a portal: 1 Chen Guodong" in said
    with archive.books.database.reading() as connection:
        told = {one.finding_kind for one in inbox(connection, archive.present(SECRETARY))}
    assert told == {"unauthorised_removal"}


def test_h_4_remind__the_board_says_by_when_what_was_taken_back_is_to_be_deposited(
    front: Front, meeting: Scene
) -> None:
    (paper,) = meeting.brings(1, control_number="YS-2026-07005")
    meeting.hands_out({paper: 1})
    secretary = front.signed_in("secretary")
    board = f"/meetings/{meeting.id}/board/state"
    assert "to be deposited" not in words(secretary.get(board).text)
    meeting.takes_back(paper, "chen")
    assert "Taken back, to be deposited 1 by" in words(secretary.get(board).text)
