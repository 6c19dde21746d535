"""The story of a day, played by the command that a visitor runs: what is found is what the story tells, and no more.

Once as it is, and once with the portal's reader switched off: then nobody was listening there, and it says so.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from custody.database import Database
from fixtures import make_archive
from readers.scenario import parse
from tests.whole.alone import alone, called, recorded, strangers

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

REPOSITORY = Path(__file__).resolve().parents[2]
DAY = REPOSITORY / "fixtures" / "scenarios" / "day.txt"
SECONDS_MAX = 200
_NAMED = re.compile(
    r"^carrier\s+(?P<name>\S+)\s+(?P<epc>[0-9A-F]+)\s+# (?P<number>\S+) (?P<copy>\d+)/\d+", re.MULTILINE
)


@dataclass(frozen=True)
class Played:
    """What the command printed, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        """The JSON of its standard output."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    def about(self, kind: str, what: str) -> set[str]:
        """What the findings of a kind are about: their `carrier`, `epc` or `reader`."""
        return {finding[what] for finding in self.result["findings"] if finding["kind"] == kind}

    def antennas(self, reader: str) -> list[dict[str, Any]]:
        """Coverage of a reader's antennas."""
        (found,) = [one["antennas"] for one in self.result["coverage"] if one["reader"] == reader]
        return list(found)


def _begin(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Where there is no network, if that can be had; what is called up is recorded in the folder."""
    command = alone(sys.executable, "-m", "api.cli", "demo", "--once", "--json", *arguments)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CUSTODY_")}
    environment = recorded(plain, folder)
    return subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _end(process: "subprocess.Popen[str]") -> Played:
    try:
        out, err = process.communicate(timeout=SECONDS_MAX)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    return Played(process.returncode, out, err)


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the day's processes tell what they call up."""
    return tmp_path_factory.mktemp("called")


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the day as it is."""
    return tmp_path_factory.mktemp("books") / "data"


@pytest.fixture(scope="module")
def day(recorder: Path, books: Path) -> Played:
    """The day as it is."""
    return _end(_begin(recorder, "--data", str(books)))


@pytest.fixture(scope="module")
def day_without_portal(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The day with the portal's reader off."""
    text = DAY.read_text(encoding="utf-8")
    switched_off, changed = re.subn(r"^(reader\s+portal\s.*\S)\s*$", r"\1  off", text, flags=re.MULTILINE)
    assert changed == 1
    story = tmp_path_factory.mktemp("day") / "portal-off.txt"
    story.write_text(switched_off, encoding="utf-8")
    return _end(_begin(story.parent, "--scenario", str(story)))


def test_2_prove__nobody_is_called_up_all_day(day: Played, recorder: Path) -> None:
    """Promise 5: server, daemon and readers of a whole day talk on this machine alone."""
    assert day.status == 0, day.err
    events = {one[1] for one in called(recorder)}
    assert {"begun", "socket.connect", "socket.bind"} <= events, "nothing was recorded"
    assert strangers(recorder) == []


def test_2_prove__no_notice_message_or_log_of_the_day_carries_a_title(day: Played, books: Path) -> None:
    """Promise 6: whoever is told something is told numbers and counts."""
    url = f"sqlite:///{books / 'custody.sqlite'}"
    with Database.open(url, read_only=True) as database, database.reading() as connection:
        titles = set(connection.exec_driver_sql("SELECT title FROM carrier").scalars())
        told = {
            table: [str(tuple(row)) for row in connection.exec_driver_sql(f"SELECT * FROM {table}")]
            for table in ("notice", "finding", "finding_event", "audit_event", "refusal", "job_slot")
        }
    assert titles
    assert all(told[table] for table in ("notice", "finding", "finding_event", "audit_event"))
    said = {"printed": [day.out, day.err]} | told
    assert [(where, one) for where, rows in said.items() for row in rows for one in titles if one in row] == []


@pytest.fixture(scope="module")
def cast() -> dict[str, str]:
    """Who plays a part: name in the story to `number/copy`, as the story's comments tell a reader."""
    text = DAY.read_text(encoding="utf-8")
    found = {match["name"]: f"{match['number']}/{match['copy']}" for match in _NAMED.finditer(text)}
    tags = parse(text).tags
    assert all(tags[match["name"]] == (match["epc"],) for match in _NAMED.finditer(text))
    return found


def ended_well(played: Played) -> None:
    """It ended by itself, and told what it found."""
    assert played.status == 0, played.err
    assert set(played.result) >= {"findings", "coverage"}


def test_it_ends_well(day: Played) -> None:
    ended_well(day)


@pytest.mark.parametrize(
    ("kind", "player"),
    [
        ("missing", "vanished"),
        ("misplaced", "wrong_shelf"),
        ("place_rated_too_low", "top_secret"),
        ("unauthorised_removal", "taken_out"),
        ("in_store_on_loan", "back_unsaid"),
    ],
)
def test_each_is_found_and_nobody_else(day: Played, cast: dict[str, str], kind: str, player: str) -> None:
    assert day.about(kind, "carrier") == {cast[player]}


def test_the_strange_tag_is_found(day: Played) -> None:
    (stranger,) = parse(DAY.read_text(encoding="utf-8")).tags["stranger"]
    assert day.about("unknown_tag", "epc") == {stranger}


def test_old_loans_are_overdue(day: Played, cast: dict[str, str]) -> None:
    overdue = day.about("overdue_loan", "carrier")
    assert overdue
    assert not overdue & set(cast.values())
    # The oldest of them are longer in one hand than anybody may keep one
    assert day.about("held_too_long", "carrier") <= overdue


def test_a_period_that_has_ended_is_to_be_decided_on(day: Played) -> None:
    ending = {f"{row.number}/{row.copy}" for row in make_archive.carriers() if row.period == make_archive.ENDING_PERIOD}
    ended = day.about("review_due", "carrier")
    assert ended
    assert ended <= ending


def test_the_reader_that_lost_its_power_is_noticed(day: Played) -> None:
    assert day.about("reader_silent", "reader") == {"reading_room"}


def test_nothing_else_is_complained_of(day: Played) -> None:
    kinds = {finding["kind"] for finding in day.result["findings"]}
    assert kinds == {
        "missing",
        "misplaced",
        "place_rated_too_low",
        "unauthorised_removal",
        "in_store_on_loan",
        "overdue_loan",
        "held_too_long",
        "review_due",
        "unknown_tag",
        "reader_silent",
    }


def test_findings_tell_no_titles(day: Played) -> None:
    assert all("title" not in finding for finding in day.result["findings"])


def test_the_portal_was_listened_to(day: Played) -> None:
    assert [antenna["covered"] for antenna in day.antennas("portal")] == [True, True]


def test_with_the_portal_off_it_ends_well_too(day_without_portal: Played) -> None:
    ended_well(day_without_portal)


def test_with_the_portal_off_no_removal_is_claimed(day_without_portal: Played) -> None:
    kinds = {finding["kind"] for finding in day_without_portal.result["findings"]}
    assert not kinds & {"unauthorised_removal", "suspected_removal"}
    # Not watching is said, and is not the same as quiet.
    assert "portal_blind" in kinds


def test_with_the_portal_off_the_coverage_says_that_nobody_listened(day_without_portal: Played) -> None:
    antennas = day_without_portal.antennas("portal")
    assert [antenna["role"] for antenna in antennas] == ["inside", "outside"]
    assert [antenna["covered"] for antenna in antennas] == [False, False]
    assert [antenna["listened"] for antenna in antennas] == [[], []]
    assert day_without_portal.about("reader_silent", "reader") == {"reading_room", "portal"}


def test_with_the_portal_off_the_shelf_is_the_second_line(day_without_portal: Played, cast: dict[str, str]) -> None:
    # What left by the unwatched gate is missing from its shelf, which was listened to.
    assert day_without_portal.about("missing", "carrier") == {cast["vanished"], cast["taken_out"]}
