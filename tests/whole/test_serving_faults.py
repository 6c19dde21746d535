"""Faults around a running server: a full disk, a second writer, a port in use. Said clearly, and recovered from.

The full disk is a limit on the size of files, set on the running server and lifted again.
"""

import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.builders import PEOPLE, SHELF
from tests.prove import house as houses
from tests.prove import judge
from tests.prove.clerk import Desk
from tests.prove.house import House, Process

pytestmark = [pytest.mark.process, pytest.mark.timeout(400)]

TITLE = "远山九号 不得写进日志的题名"
FEW_BYTES = 12_288
"""Less than what any act writes."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[House, Process]]:
    """A house with its server running."""
    house = houses.a_house(tmp_path, houses.ANTENNAS, {SHELF: 4})
    with houses.a_server(house, tmp_path) as server:
        houses.wait_until_served(house, server)
        yield house, server


def _title_taken_in(number: str) -> dict[str, Any]:
    return {
        "origin": "legacy",
        "control_number": number,
        "title": TITLE,
        "level": "secret",
        "scope": ["all"],
        "unit": 1,
        "pages": 4,
        "classified_on": "2026-01-05",
        "place": SHELF,
    }


def test_a_server_on_a_full_disk_says_so_and_goes_on_when_there_is_room(
    served: tuple[House, Process], tmp_path: Path
) -> None:
    house, server = served
    desk = Desk(house, "1001")
    desk.sign_in()
    status, said = desk.ask("POST", "/api/v1/acts/take-in", _title_taken_in("YS-2026-70001"))
    assert status == 201, said

    resource.prlimit(server.running.pid, resource.RLIMIT_FSIZE, (FEW_BYTES, resource.RLIM_INFINITY))
    status, said = desk.ask("POST", "/api/v1/acts/take-in", _title_taken_in("YS-2026-70002"))
    assert status == 503
    assert said["type"] == "urn:custody:problem:storage_full"
    status, said = desk.ask("GET", "/api/v1/carriers/1")
    assert (status, said["type"]) == (503, "urn:custody:problem:storage_full"), "nothing is shown that is not recorded"
    assert TITLE not in str(said)
    assert desk.ask("GET", "/api/v1/regulations")[0] == 200, "what shows no carrier goes on"

    resource.prlimit(server.running.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    status, said = desk.ask("POST", "/api/v1/carriers/search", {"text": "YS-2026-7000"})
    assert [item["control_number"] for item in said["items"]] == ["YS-2026-70001"]
    status, said = desk.ask("POST", "/api/v1/acts/take-in", _title_taken_in("YS-2026-70002"))
    assert status == 201, said
    server.stop()
    assert "takes nothing more" in server.log
    assert TITLE not in server.log
    judge.assert_books_hold(house, tmp_path)


def _command(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "api.cli", *arguments],
        cwd=houses.REPOSITORY,
        env={**os.environ, "CUSTODY_PASSWORD": houses.PASSWORD},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_second_writer_is_refused_and_readers_are_not(served: tuple[House, Process], tmp_path: Path) -> None:
    house, server = served
    data = str(house.data)
    for second in (
        _command("serve", "--data", data, "--port", str(houses.free_port())),
        _command("device", "edge-2", "--as", "1001", "--data", data),
    ):
        assert second.returncode == 2
        assert second.stderr.startswith("custody: ")
        assert f"being written by another process (pid {server.running.pid})" in second.stderr
        assert "stop the server first" in second.stderr
        assert len(second.stderr.splitlines()) == 1
    desk = Desk(house, "1001")
    desk.sign_in()
    assert _command("ledger", "export", str(tmp_path / "while-it-runs.txt"), "--data", data).returncode == 0
    assert _command("rebuild", "--check", "--data", data).returncode == 0
    due_on = (datetime.now(UTC) + timedelta(days=10)).date().isoformat()
    lent = {"carriers": [1], "holder": PEOPLE["chen"], "due_on": due_on, "holder_password": houses.PASSWORD}
    status, said = desk.ask("POST", "/api/v1/acts/borrow", lent)
    assert status == 201, said
    server.stop()


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    house = houses.a_house(tmp_path, houses.ANTENNAS, {SHELF: 1})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = _command("serve", "--data", str(house.data), "--port", str(port))
    assert refused.returncode == 2
    assert refused.stdout == ""
    expected = f"custody: 127.0.0.1:{port} cannot be had (Address already in use); name another with --port\n"
    assert refused.stderr == expected
