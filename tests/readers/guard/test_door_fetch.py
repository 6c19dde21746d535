"""Fetching the list: only what has changed, only what is signed; and the test of a portal's outputs, which rings."""

import random
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from door_scene import KEY, OTHER_KEY, PAPER, Door, a_list, at

from readers.config import load
from readers.daemon import main
from readers.door_fetch import ListFetcher
from readers.guarding import try_outputs
from readers.llrp import LlrpDriver, LlrpSettings
from readers.scenario import parse
from readers.virtual import VirtualReaderThread


def fetcher(door: Door, answer: Callable[[httpx2.Request], httpx2.Response]) -> ListFetcher:
    return ListFetcher(
        door.guard,
        url="http://127.0.0.1:9/",
        token="secret",
        every_seconds=30,
        clock=lambda: door.now,
        rng=random.Random(1),
        client=httpx2.Client(transport=httpx2.MockTransport(answer)),
    )


def test_a_list_is_fetched_whole_and_then_only_asked_after(tmp_path: Path) -> None:
    asked: list[tuple[str, str, str]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        headers = request.headers
        asked.append((request.url.path, headers["authorization"], headers.get("if-none-match", "")))
        return httpx2.Response(304) if asked[-1][2] == '"5"' else httpx2.Response(200, text=a_list(PAPER))

    door = Door(tmp_path)
    fetching = fetcher(door, answer)
    assert (fetching.fetch_once(), door.guard.list_number) == (True, 5)
    assert fetching.fetch_once()
    path, token = "/api/v1/door-list", "Bearer secret"
    assert asked == [(path, token, ""), (path, token, '"5"')]


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ("another's signature", httpx2.Response(200, text=a_list(number=9, key=OTHER_KEY))),
        ("an older number", httpx2.Response(200, text=a_list(number=4))),
        ("no list", httpx2.Response(200, text="<html>")),
        ("no text", httpx2.Response(200, content=b"\xff\xfe")),
        ("an error", httpx2.Response(500)),
        ("another address", httpx2.Response(302, headers={"Location": "http://elsewhere/"})),
        ("an unknown token", httpx2.Response(401)),
    ],
)
def test_whatever_else_the_server_answers_the_list_at_hand_stays(
    tmp_path: Path, what: str, answer: httpx2.Response
) -> None:
    door = Door(tmp_path)
    door.guard.take_list(a_list(PAPER))
    assert not fetcher(door, lambda _: answer).fetch_once(), what
    assert (door.guard.list_number, Door(tmp_path).guard.list_number) == (5, 5)


def test_a_clock_that_is_behind_the_servers_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    door = Door(tmp_path, now=at(-600))
    assert not fetcher(door, lambda _: httpx2.Response(200, text=a_list(PAPER))).fetch_once()
    assert "one of the two clocks is wrong" in caplog.text


CONFIG = """\
[daemon]
name = "edge"
spool = "spool"
[server]
url = "http://127.0.0.1:9"
token = "t"
[[reader]]
name = "gate"
kind = "llrp"
host = "127.0.0.1"
port = {port}
[guard]
block = "3414F4A2"
list = "door-list"
keys = ["{key}"]
[[portal]]
name = "P-EAST"
reader = "gate"
inside = [1]
outside = [2]
outputs = ["bell", "{other}"]
[[output]]
name = "bell"
kind = "gpo"
reader = "gate"
port = 2
seconds = 0.1
[[output]]
name = "lamp"
kind = "command"
command = ["/bin/false"]
"""


def test_the_outputs_of_a_portal_are_tried_for_real(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "edge.toml"
    with VirtualReaderThread(parse("reader gate antennas 1:IN 2:OUT"), {"gate": 0}) as virtual:
        port = virtual.ports["gate"]
        path.write_text(CONFIG.format(port=port, key=KEY.vkey(), other="lamp"))

        def make(name: str) -> LlrpDriver:
            return LlrpDriver(LlrpSettings(name, "127.0.0.1", port), lambda: at(0))

        good, said = try_outputs(load(path), "P-EAST", make)
        assert (good, said) == (False, "bell: on; lamp: failed: it ended with status 1")
        assert [(p, on) for _, p, on in virtual.readers["gate"].switched] == [(2, True), (2, False)]
    assert main(["--config", str(path), "--test-output", "P-WEST"]) == 2
    assert "there is no portal 'P-WEST' in this configuration; it has: P-EAST" in capsys.readouterr().err
