"""Rooms before and while somebody is in (rule 9): what a check finds, a carrier a line; and what is heard in the open
after the go, or while people are inside.
"""

import json

import pytest
from sqlalchemy import select

from custody.access import Role
from custody.entries import Borrowed, TagBound
from custody.entries.circulation import TakenToRead
from custody.procedures.room_checks import verdict_of
from custody.values import SECOND, Tag
from reconcile.checks.cases import BooksSay, CarrierCase, Cover, RadioSays, Spot
from reconcile.checks.rooms import Antenna, ExposedCase, Room, Watched, exposed, exposed_ended, room_found, where_is
from reconcile.findings import settle
from reconcile.store.core import FINDING
from reconcile.store.rooms import check_room, stored_in
from tests.builders import CLERK, NOW, PEOPLE, READING, SCHEME, SECRECY_OFFICE, SHELF, epc_of, subject
from tests.custody.entry.scene import a_visit, answered_for, cleaning, gives_go, goes_in, goes_out
from tests.reconcile.findings.scene import Scene

STORE, MINUTE = 3, 60
SILENT, LISTENED = 45 * SECOND, 120 * SECOND
KIND = "exposed_at_entry"

# The pure half: a store room with a cabinet, an office beside it.

ROOM = Spot(1, "R1", "room", "/1/", rating_rank=3)
CABINET = Spot(2, "R1-01", "cabinet", "/1/2/", storage=True)
BESIDE = Spot(3, "R2", "room", "/3/")
SPOTS = {"room": ROOM, "cabinet": CABINET, "beside": BESIDE}
LISTENING = Cover(NOW - 600 * SECOND, NOW - 2 * SECOND, ("a/1",))

TABLE = """
believed at   strength      ago   glimpsed  listening   is
room          confirmed     3     no        yes         open
room          probable      3     no        yes         open
room          confirmed     300   no        yes         open
room          confirmed     300   no        no          unclear
room          unconfirmed   3     no        yes         unclear
cabinet       confirmed     3     yes       yes         put_away
cabinet       confirmed     300   no        no          put_away
beside        confirmed     3     no        yes         elsewhere
beside        confirmed     3     yes       yes         unclear
nowhere       -             3     yes       yes         unclear
nowhere       -             3     no        yes         elsewhere
"""


def rows_of(table: str) -> list[list[str]]:
    """The rows of an aligned table, without its heading."""
    return [line.split() for line in table.strip().splitlines()[1:]]


def room(cover: Cover | None = LISTENING) -> Room:
    """The store room, with one antenna."""
    antenna = Antenna("a/1", cover.since_at if cover else None, cover.through_at if cover else None)
    return Room(ROOM, (CABINET.path,), (antenna,), cover, (1, 2), (2,))


def heard(where: str, strength: str, ago: int, listening: bool = True) -> CarrierCase:
    """A carrier as the radio has it."""
    spot = SPOTS.get(where)
    radio = RadioSays("E1", spot, strength, NOW - 600 * SECOND, NOW - ago * SECOND, None)
    books = BooksSay("in_place", "secret", 2, 1, CABINET)
    return CarrierCase(7, books, radio, radio_cover=LISTENING if listening else None)


@pytest.mark.parametrize("row", rows_of(TABLE), ids=lambda row: " ".join(row))
def test_where_a_carrier_is_as_seen_from_the_room(row: list[str]) -> None:
    where, strength, ago, glimpsed, listening, wanted = row
    case = heard(where, strength, int(ago), listening == "yes")
    assert where_is(room(), case, glimpsed == "yes", NOW, SILENT) == wanted


COVERAGE = """
since   through   antennas listening   coverage
600     2         1                    covered
60      2         1                    partly
600     100       0                    not_covered
none    none      0                    not_covered
"""


@pytest.mark.parametrize("row", rows_of(COVERAGE), ids=lambda row: " ".join(row))
def test_covered_is_the_whole_room_without_a_gap_for_long_enough_until_now(row: list[str]) -> None:
    since, through, listening, wanted = row
    cover = None if since == "none" else Cover(NOW - int(since) * SECOND, NOW - int(through) * SECOND, ("a/1",))
    one = room(cover)
    assert (one.listening(NOW, SILENT), one.coverage(NOW, SILENT, LISTENED)) == (int(listening), wanted)


def test_what_is_in_the_hands_of_those_whose_room_it_is_and_heard_nowhere_is_unclear() -> None:
    cases = {1: heard("nowhere", "-", 3), 2: heard("cabinet", "confirmed", 3), 3: heard("room", "confirmed", 3)}
    found = room_found(room(), cases, (), (1, 2), (), NOW, SILENT, LISTENED)
    assert (found.in_use, found.heard, found.unclear, found.put_away) == ((), (3,), (1,), (2,))
    # What the books have in use is said once, wherever it is heard.
    assert room_found(room(), cases, (3,), (), (), NOW, SILENT, LISTENED).heard == ()


def watched(stage: str = "entry", since: int = 60) -> Watched:
    """Somebody has been in for a minute."""
    return Watched(room(), 9, "BJ-2026-0001", "cleaning", stage, NOW - since * SECOND, 14)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("where", "ago", "since", "settled", "opens"),
    [
        ("open", 3, 60, False, True),
        ("open", 90, 60, False, False),  # heard before the door was opened, and not since
        ("unclear", 3, 60, False, False),
        ("put_away", 3, 60, False, False),
        ("open", 3, 60, True, False),
    ],
)
def test_exposed_is_what_is_heard_in_the_open_since(
    where: str, ago: int, since: int, settled: bool, opens: bool
) -> None:
    case = heard("room", "confirmed", ago)
    one = ExposedCase(watched(since=since), case, where, "covered", NOW if settled else None)  # type: ignore[arg-type]
    found = exposed(one, NOW)
    assert (found is not None) is opens
    if found is not None:
        assert (found.about, found.person, found.evidence["rule"]["code"]) == (
            "carrier:7@matter:9",
            14,
            "exposed_at_entry_entry",
        )


@pytest.mark.parametrize(
    ("inside", "where", "code"),
    [
        (True, "open", None),
        (True, "unclear", None),  # fallen silent ends nothing
        (True, None, None),
        (True, "put_away", "taken_away"),
        (True, "elsewhere", "taken_away"),
        (False, "open", "entry_over"),
    ],
)
def test_it_is_over_when_it_is_put_away_or_nobody_is_there(inside: bool, where: str | None, code: str | None) -> None:
    ending = exposed_ended(watched() if inside else None, where)  # type: ignore[arg-type]
    assert (ending.code if ending else None) == code


# The whole: books, readers, findings.


@pytest.fixture
def house(scene: Scene) -> Scene:
    """The clerk answers for the reading room and has the escort and the office told; its antenna listens."""
    answered_for(scene.archive)
    scene.account("zhao", Role.BORROWER)
    scene.listening(READING, 600)
    return scene


def check(scene: Scene, place: int = READING) -> tuple[str, tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """What a check finds: verdict without a word of the eye, in use, heard in the open, unclear."""
    with scene.database.reading() as connection:
        directory = scene.archive.books.directory(connection)
        found = check_room(connection, directory, SCHEME, place, scene.now)
    assert found is not None
    verdict = verdict_of(found.in_use, found.heard, found.unclear, found.coverage, "")
    return verdict, found.in_use, found.heard, found.unclear


def test_9_detect__the_check_counts_what_is_still_issued_or_heard_in_the_room(house: Scene) -> None:
    """Given a bare room that is listened to it is go; with a paper read there, or heard there, it is no go."""
    assert check(house) == ("go", (), (), ())
    read, lying, shelved = house.archive.carriers(3)
    house.archive.enter(CLERK, [TakenToRead(read, PEOPLE["chen"], READING, house.archive.due(0))], "read", "chen")
    assert check(house) == ("no_go", (read,), (), ())
    house.archive.give_back(read)
    house.heard(lying, READING)
    house.heard(shelved, SHELF)
    assert check(house) == ("no_go", (), (lying,), ())
    # Put away in the store room, it is in the open nowhere.
    house.heard(lying, SHELF)
    assert check(house) == ("go", (), (), ())


def test_what_surely_stands_in_a_store_is_counted_and_all_else_is_judged(house: Scene) -> None:
    """Given a shelf with one for sure, one that is on loan, one perhaps, and one whose other tag is elsewhere."""
    sure, perhaps, torn, lent = house.archive.carriers(4)
    house.archive.enter(CLERK, [TagBound(torn, Tag(epc_of(900_001), "E280AA01"))], "tag")
    for one in (sure, torn, lent):
        house.heard(one, SHELF)
    house.heard(perhaps, SHELF, strength="unconfirmed")
    house.heard(epc_of(900_001), READING)
    house.archive.enter(CLERK, [Borrowed(lent, PEOPLE["chen"], house.archive.due(14))], "borrow", "chen")
    with house.database.reading() as connection:
        directory = house.archive.books.directory(connection)
        found = check_room(connection, directory, SCHEME, STORE, house.now)
        assert found is not None
        assert found.judged == (perhaps, torn)
        assert (found.unclear, found.heard) == ((perhaps,), ())
        assert stored_in(connection, found) == 2
        assert stored_in(connection, found, CLERK) == 2
        assert stored_in(connection, found, subject("ma", Role.BORROWER)) == 0
    house.reader(SHELF)
    # Heard on the shelf a moment ago: of one that is believed elsewhere nobody can be sure, of the others all is said.
    for one in (sure, torn):
        house.sighting(house.epcs(one)[0], SHELF)
    with house.database.reading() as connection:
        found = check_room(connection, directory, SCHEME, STORE, house.now)
    assert found is not None
    assert (found.judged, found.unclear) == ((perhaps, torn), (perhaps, torn))


def test_9_detect__a_room_where_nobody_listens_is_not_clear_but_not_covered(house: Scene) -> None:
    house.wait(600)
    assert check(house)[0] == "no_go"
    with house.database.reading() as connection:
        directory = house.archive.books.directory(connection)
        found = check_room(connection, directory, SCHEME, READING, house.now)
    assert found is not None
    assert (found.coverage, found.listening, len(found.room.antennas)) == ("not_covered", 0, 1)


def test_9_detect__a_paper_in_the_hands_of_whose_room_it_is_must_be_seen(house: Scene) -> None:
    carrier = house.archive.carrier()
    house.archive.borrow(carrier, "clerk2")
    assert check(house) == ("go", (), (), ())
    mine = house.archive.carrier(level="internal")
    house.archive.borrow(mine, "clerk")
    assert check(house) == ("no_go", (), (), (mine,))
    house.heard(mine, SHELF)
    assert check(house) == ("go", (), (), ())


EVENTS = """
second   what                        finding
0        go given                    -
10       paper heard on the shelf    -
20       paper heard in the room     before
30       paper heard on the shelf    -
60       cleaners go in              -
70       paper heard in the room     entry
80       paper falls silent          entry
90       cleaners go out             -
"""


def test_9_detect__what_is_heard_in_the_open_before_and_during_an_entry_is_a_finding(house: Scene) -> None:
    carrier = house.archive.carrier()
    began, matter = house.now, 0
    for line in EVENTS.strip().splitlines()[1:]:
        second, said = int(line[:9]), line[37:].strip()
        house.wait(second - (house.now - began) / SECOND)
        house.listening(READING, 900)
        match line[9:37].strip():
            case "go given":
                gives_go(house.archive)
            case "paper heard on the shelf":
                house.heard(carrier, SHELF)
            case "paper heard in the room":
                house.heard(carrier, READING)
            case "cleaners go in":
                matter = goes_in(house.archive, cleaning(house.archive))
            case "cleaners go out":
                goes_out(house.archive, matter, 1)
                # A go lasts as long as it lasts: only a no go, or time, ends the watch over the room.
                house.wait(31 * MINUTE)
        house.check(KIND)
        found = [one.line.number for one in house.found() if one.line.kind == KIND]
        codes = [detail(house, number) for number in found]
        assert codes == ([] if said == "-" else [f"{KIND}_{said}"]), line
    for who in ("zhao", "secrecy"):
        assert {notice.finding_kind for notice in house.inbox(who)} == {KIND}, who


def detail(scene: Scene, number: str) -> str:
    """By which rule a finding was found."""
    with scene.database.reading() as connection:
        text = connection.scalar(select(FINDING.c.evidence).where(FINDING.c.number == number))
    return str(json.loads(text)["rule"]["code"])


def test_what_a_person_settled_is_told_again_only_where_it_persists(house: Scene) -> None:
    carrier = house.archive.carrier()
    goes_in(house.archive, a_visit(house.archive))
    house.wait(5)
    house.heard(carrier, READING)
    (number,) = house.check(KIND).opened
    assert not house.check(KIND)
    settle(house.database, house.archive.books, SECRECY_OFFICE, number, "by_eye_not_there", "已收走", house.now)
    house.wait(60)
    house.heard(carrier, READING)
    assert not house.check(KIND).opened
    house.wait(16 * MINUTE)
    house.heard(carrier, READING)
    assert len(house.check(KIND).opened) == 1
