"""What an alarm sets off: a reader's output, a relay on the network, a command; each said, none waited for."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from door_scene import KEY

from readers.config import ConfigInvalid, load
from readers.driver import ConnectionFailed
from readers.outputs import Firing, HttpRelay, LocalCommand, OutputConfig, OutputFailed, ReaderOutput


class Bells:
    """The outputs of a reader; each call may fail first."""

    def __init__(self, *fails: bool) -> None:
        self.fails = list(fails)
        self.switched: list[tuple[str, int, bool]] = []
        self.quiet = threading.Event()

    def __call__(self, reader: str, port: int, active: bool) -> None:
        if self.fails and self.fails.pop(0):
            raise ConnectionFailed("the reader is away")
        self.switched.append((reader, port, active))
        if not active:
            self.quiet.set()


def no_wait(_seconds: float) -> None:
    return


GPO = OutputConfig("bell", "gpo", reader="door", port=2, seconds=3)


@pytest.mark.parametrize("fails", [(), (True,), (True, True), (True, False, True, True)])
def test_a_readers_output_is_on_and_then_off_also_where_the_reader_is_away_for_a_while(fails: tuple[bool, ...]) -> None:
    bells = Bells(*fails)
    ReaderOutput(GPO, bells, no_wait).fire()
    assert bells.quiet.wait(5)
    assert bells.switched == [("door", 2, True), ("door", 2, False)]


def test_a_reader_that_stays_away_is_said() -> None:
    with pytest.raises(OutputFailed, match="the reader is away"):
        ReaderOutput(GPO, Bells(*[True] * 9), no_wait).fire()


def relay(answer: Callable[[httpx2.Request], httpx2.Response], **more: str) -> HttpRelay:
    config = OutputConfig("relay", "http", url="http://192.168.1.7/on", **more)  # type: ignore[arg-type]
    return HttpRelay(config, no_wait, httpx2.Client(transport=httpx2.MockTransport(answer)))


def test_a_relay_is_asked_again_until_it_answers_well_and_then_off() -> None:
    asked: list[str] = []
    off = threading.Event()

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(f"{request.method} {request.url.path}")
        if request.url.path == "/off":
            off.set()
        return httpx2.Response(500 if len(asked) == 1 else 200)

    relay(answer, off_url="http://192.168.1.7/off", method="GET").fire()
    assert off.wait(5)
    assert asked == ["GET /on", "GET /on", "GET /off"]


@pytest.mark.parametrize(("status", "said"), [(404, "status 404"), (302, "status 302")])
def test_a_relay_that_answers_wrongly_is_said(status: int, said: str) -> None:
    with pytest.raises(OutputFailed, match=said):
        relay(lambda _: httpx2.Response(status, headers={"Location": "http://elsewhere/"})).fire()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((sys.executable, "-c", "raise SystemExit(3)"), "ended with status 3"),
        ((sys.executable, "-c", "import time; time.sleep(60)"), "not done after 0.2 s"),
        (("/nowhere/siren",), "cannot be started"),
    ],
)
def test_a_command_that_fails_is_said(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(OutputFailed, match=said):
        LocalCommand(OutputConfig("siren", "command", command=words, timeout_seconds=0.2)).fire()


def test_a_command_gets_its_fixed_words_and_no_shell(tmp_path: Path) -> None:
    script = "import sys, os; open(sys.argv[1], 'w').write(repr((sys.argv[2:], sorted(os.environ))))"
    words = (sys.executable, "-c", script, str(tmp_path / "said"), "$(id); *")
    LocalCommand(OutputConfig("siren", "command", command=words, timeout_seconds=20)).fire()
    said = (tmp_path / "said").read_text()
    assert said.startswith("(['$(id); *']")
    assert "PATH" not in said


def test_one_that_does_not_answer_holds_up_no_other() -> None:
    never, rung = threading.Event(), threading.Event()

    class Hanging:
        def fire(self) -> None:
            never.wait(30)

    class Ringing:
        def fire(self) -> None:
            rung.set()

    class Broken:
        def fire(self) -> None:
            raise OutputFailed("no fuse")

    firing = Firing({"lamp": Hanging(), "fuse": Broken(), "bell": Ringing()})
    assert rung.wait(5)
    assert firing.said(0.05) == "lamp: no answer yet; fuse: failed: no fuse; bell: on"
    assert not firing.good
    never.set()


HEAD = """\
[daemon]
name = "edge-1"
spool = "spool"
[server]
url = "http://127.0.0.1:9"
token = "t"
[[reader]]
name = "door"
kind = "llrp"
host = "127.0.0.1"
antennas = [1, 2]
"""
GUARD = """\
[guard]
block = "3414F4A2"
list = "door-list"
keys = ["{key}"]
"""
PORTAL = '[[portal]]\nname = "P"\nreader = "door"\ninside = [1]\noutside = [2]\n'


def loaded(tmp_path: Path, text: str) -> list[str]:
    """What is wrong with a configuration."""
    path = tmp_path / "edge.toml"
    path.write_text(HEAD + text.replace("{key}", KEY.vkey()))
    try:
        load(path)
    except ConfigInvalid as error:
        return [line.partition(": ")[2] for line in error.errors]
    return []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (GUARD + PORTAL, ""),
        (PORTAL, "[portal] needs a [guard] section"),
        (GUARD, "[guard] guards nothing"),
        (GUARD.replace("keys", "key") + PORTAL, "[guard] key is unknown: did you mean keys?"),
        (GUARD.replace("{key}", "x+1+2") + PORTAL, "[guard] keys not a key of the form name+hash+base64"),
        (GUARD.replace("3414F4A2", "urn:epc") + PORTAL, "[guard] block must be the hexadecimal beginning"),
        (GUARD + PORTAL + "beam_inside = 1\n", "[portal] a beam has two barriers"),
        (GUARD + PORTAL + "beam_inside = 1\nbeam_outside = 1\n", "beam_outside is the input of the inner barrier"),
        (GUARD + PORTAL.replace("[2]", "[1]"), "[portal] outside names antennas that hear the inside"),
        (GUARD + PORTAL.replace("[2]", "[3]"), "[portal] inside antennas [3] are not among `antennas`"),
        (GUARD + PORTAL.replace('"door"', '"gate"'), "[portal] reader 'gate' is no [[reader]] of this file"),
        (GUARD + PORTAL + 'outputs = ["bell"]\n', "[portal] outputs 'bell' is no [[output]]"),
        (GUARD + PORTAL + '[[output]]\nname = "b"\nkind = "gpo"\n', 'reader is missing: kind = "gpo" needs it'),
        (GUARD + PORTAL + '[[output]]\nname = "b"\nkind = "bell"\n', "[output] kind must be"),
        (
            GUARD + PORTAL + '[[output]]\nname = "b"\nkind = "http"\nurl = "http://siren.example/on"\n',
            "[output] url goes out in the clear",
        ),
        (
            GUARD + PORTAL + '[[output]]\nname = "b"\nkind = "http"\nurl = "https://10.1.1.1/on"\n',
            "[output] url needs `ca`",
        ),
        (
            GUARD + PORTAL + '[[output]]\nname = "b"\nkind = "command"\ncommand = ["siren"]\n',
            "[output] command needs the program's whole path",
        ),
        (
            GUARD + PORTAL + '[[output]]\nname = "b"\nkind = "command"\ncommand = ["/bin/true"]\nport = 1\n',
            "[output] port belongs to kind = 'gpo'",
        ),
    ],
)
def test_a_configuration_says_what_is_wrong_with_its_doors(tmp_path: Path, text: str, wrong: str) -> None:
    said = loaded(tmp_path, text)
    assert (not said) if not wrong else any(wrong in line for line in said), said


def test_the_inputs_of_a_beam_are_put_to_use_at_its_reader(tmp_path: Path) -> None:
    path = tmp_path / "edge.toml"
    beam = "beam_inside = 3\nbeam_outside = 1\n"
    path.write_text(HEAD + "inputs = [4]\n" + (GUARD + PORTAL + beam).replace("{key}", KEY.vkey()))
    config = load(path)
    assert config.readers[0].inputs == (1, 3, 4)
    assert config.doors.portals[0].beam_reader == "door"
