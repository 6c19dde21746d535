"""The whole product where there is no network: the story of a day, a server that is used, and its copies."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.whole.alone import able, alone, called, recorded, strangers

pytestmark = [
    pytest.mark.prove,
    pytest.mark.process,
    pytest.mark.timeout(240),
    pytest.mark.skipif(not able(), reason="a network namespace is made by root, with unshare"),
]
REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS_MAX = 200
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command alone, everything that it calls up recorded in the test's folder."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CUSTODY_")}
    environment = recorded(plain | {"HOME": str(tmp_path)}, tmp_path)

    def call(*command: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            alone(sys.executable, *command),
            cwd=REPOSITORY,
            env=environment | more,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )

    return call


def test_what_is_called_up_is_told_and_the_way_out_is_closed(run: Run, tmp_path: Path) -> None:
    """Given a program that calls somebody up, then it is recorded, and does not get there; nor is a name found."""
    program = (
        "import socket\n"
        "for there in ('192.0.2.1', 'example.invalid'):\n"
        "    try: socket.create_connection((there, 80), 2)\n"
        "    except OSError as error: print(error)\n"
        "one = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(one.getsockname()).close(); print('own')\n"
    )
    done = run("-c", program)
    assert "Network is unreachable" in done.stdout
    assert done.stdout.endswith("own\n"), done.stderr
    told = {str(one[3]) for one in strangers(tmp_path)}
    assert any("192.0.2.1" in one for one in told)
    assert "example.invalid" in told


USED = """
import json, os, subprocess, sys, time
import httpx2 as httpx
from pathlib import Path

data = os.environ["CUSTODY_DATA"]
port = int(sys.argv[1])
url = f"http://127.0.0.1:{port}"
server = subprocess.Popen([sys.executable, "-m", "api.cli", "demo", "--port", str(port)], stdout=subprocess.PIPE)
try:
    for _ in range(600):
        try:
            httpx.get(url + "/sign-in", timeout=5.0).raise_for_status()
            break
        except httpx.HTTPError:
            assert server.poll() is None, "it ended"
            time.sleep(0.2)
    with httpx.Client(base_url=url, timeout=30.0) as somebody:
        signed = somebody.post("/sign-in", data={"number": "1001", "password": "yuanshan-1001"})
        assert signed.status_code == 303, signed.text
        pages = ("/overview", "/carriers", "/findings", "/business", "/places", "/reports", "/me", "/api/v1/carriers",
                 "/api/v1/docs", "/api/v1/openapi.json", "/regulations")
        print(json.dumps({page: somebody.get(page).status_code for page in pages}))
    # Ledger and copies are the server's own account's.
    Path(data + "-copy").mkdir()
    for words in (("ledger", "export", data + "/export"), ("backup", data + "-copy"), ("rebuild", "--check")):
        done = subprocess.run([sys.executable, "-m", "api.cli", *words], capture_output=True, text=True)
        print(json.dumps({" ".join(words[:2]): [done.returncode, done.stderr[-300:]]}))
finally:
    server.terminate()
    server.wait(30)
"""


def test_2_prove__a_server_is_used_and_copied_and_nobody_else_is_called_up(run: Run, tmp_path: Path) -> None:
    """Given the sample served where there is no network, then people sign in, look, and its books are copied."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    done = run("-c", USED, port, CUSTODY_DATA=str(tmp_path / "data"))
    assert done.returncode == 0, done.stderr[-3000:]
    pages, *commands = done.stdout.splitlines()
    assert pages.count(": 200") == 11, pages
    assert len(commands) == 3
    assert all(": [0, " in one for one in commands), commands
    processes = {one[0] for one in called(tmp_path) if one[1] == "begun"}
    assert len(processes) >= 6, "server, daemon, commands: each told what it called up"
    assert strangers(tmp_path) == []
