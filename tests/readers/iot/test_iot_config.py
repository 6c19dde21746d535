"""The keys of readers that speak JSON: what is taken, and what is said of what does not fit together."""

from pathlib import Path

import pytest
from iot_doubles import Clock

from api.certificates import issue, make_authority
from readers.config import ConfigInvalid, ReaderConfig, key_fits, load, reader_errors
from readers.iot.config import IotConfig
from readers.iot.driver import IotDriver
from readers.making import driver_for, maker_for, probe_of

HEAD = '[daemon]\nname = "edge-1"\nspool = "s"\n[server]\nurl = "http://127.0.0.1:8000"\ntoken = "t"\n'
STREAM = 'kind = "impinj"\nmode = "stream"\nhost = "10.1.0.7"\nuser = "custody"\npassword_file = "p"\nca = "ca.pem"\n'
POSTS = (
    'kind = "impinj"\nmode = "webhook"\nlisten = "10.1.0.2:8443"\npath = "/dock-7f3a"\n'
    'certificate = "edge.pem"\nkey = "edge.key"\n'
)
BROKER = 'kind = "zebra"\nmode = "mqtt"\nhost = "127.0.0.1"\ntopics = ["dock/tags", "dock/health"]\nantennas = [1, 2]\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    authority = make_authority("readers", (), Clock()())
    pair = issue(authority, ["10.1.0.2"], "server", 10, Clock()())
    for name, data in (("ca.pem", authority.certificate), ("edge.pem", pair.certificate), ("edge.key", pair.key)):
        (tmp_path / name).write_bytes(data)
    (tmp_path / "p").write_text("secret\n")
    return tmp_path


def loaded(folder: Path, reader: str) -> ReaderConfig:
    (folder / "edge.toml").write_text(f'{HEAD}[[reader]]\nname = "dock"\n{reader}')
    return load(folder / "edge.toml").readers[0]


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (STREAM, {"mode": "stream", "host": "10.1.0.7", "port": 443, "user": "custody", "password": "secret"}),
        (POSTS, {"mode": "webhook", "listen": ("10.1.0.2", 8443), "path": "/dock-7f3a", "totals": False}),
        (BROKER, {"mode": "mqtt", "port": 1883, "topics": ("dock/tags", "dock/health"), "totals": True}),
        (BROKER + 'reads = "each"\nsilent_seconds = 20\n', {"totals": False, "silent_seconds": 20.0}),
        (BROKER, {"client": "custody-dock"}),
        (BROKER + 'client = "edge-dock"\nport = 1884\n', {"client": "edge-dock", "port": 1884}),
    ],
)
def test_a_reader_is_configured(folder: Path, text: str, made: dict[str, object]) -> None:
    reader = loaded(folder, text)
    assert isinstance(reader.iot, IotConfig)
    assert {name: getattr(reader.iot, name) for name in made} == made
    assert reader.covered_seconds == reader.iot.silent_seconds
    assert "secret" not in repr(reader)
    driver = driver_for(reader, Clock())
    assert isinstance(driver, IotDriver)
    driver.close()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('kind = "impinj"\n', 'mode is missing: "stream" or "webhook" or "mqtt"'),
        ('kind = "zebra"\nmode = "stream"\n', 'line 10: [reader] mode must be "mqtt" or "webhook"'),
        ('kind = "zebra"\nmode = "mqtt"\nhost = "127.0.0.1"\n', 'topics is missing: mode = "mqtt" needs it'),
        (STREAM.replace("host", "topics = ['x']\n#"), 'topics belongs to mode = "mqtt", not "stream"'),
        (STREAM.replace('ca = "ca.pem"\n', ""), "line 12: [reader] user the password would cross"),
        (STREAM.replace('password_file = "p"\n', ""), "user give both of user and password_file"),
        (STREAM.replace('"p"', '"nowhere"'), "nowhere cannot be read: No such file"),
        (STREAM.replace('"ca.pem"', '"p"'), "ca is no certificate in PEM"),
        (POSTS.replace('certificate = "edge.pem"\nkey = "edge.key"\n', ""), "others on the network could read"),
        (POSTS.replace('path = "/dock-7f3a"\n', ""), "anybody on the network could post"),
        (POSTS.replace("10.1.0.2:8443", "8443"), "listen must be an address of this machine with a port"),
        (POSTS.replace("/dock-7f3a", "dock 7"), "path must begin with a slash"),
        (POSTS + 'host = "x"\n', 'host belongs to mode = "stream" or "mqtt", not "webhook"'),
        (BROKER + 'reads = "some"\n', 'reads must be "total" or "each"'),
        (BROKER + "silent_seconds = 300\n", "silent_seconds must be between 1 and 55"),
        (BROKER + 'preset = "dock"\n', 'preset belongs to kind = "impinj", not "zebra"'),
        ('kind = "llrp"\nhost = "x"\nmode = "mqtt"\n', 'mode belongs to kind = "impinj" or "zebra", not "llrp"'),
        (BROKER + 'topic = "x"\n', "topic is unknown: did you mean topics?"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_with_its_line(folder: Path, text: str, error: str) -> None:
    with pytest.raises(ConfigInvalid) as refused:
        loaded(folder, text)
    assert any(error in each for each in refused.value.errors), refused.value.errors


def test_each_attempt_has_a_driver_of_its_own_and_all_have_one_memory(folder: Path) -> None:
    make = maker_for(loaded(folder, BROKER), Clock(), [b"a" * 12])
    first, second = make(), make()
    assert isinstance(first, IotDriver)
    assert isinstance(second, IotDriver)
    assert first is not second
    assert first._memory is second._memory
    assert b"a" * 12 in first._memory.recent
    first.close()
    second.close()


def test_a_page_can_check_one_key_alone_and_a_reader_without_its_files() -> None:
    assert key_fits("zebra", "topics", ["dock/tags"])
    assert key_fits("impinj", "listen", "10.1.0.2:8443")
    assert not key_fits("impinj", "listen", "8443")
    assert not key_fits("zebra", "session", 1)
    row = {"name": "dock", "kind": "impinj", "mode": "stream", "host": "x", "ca": "ca.pem"}
    assert reader_errors(row) == ()
    assert "topics is missing" in "".join(reader_errors({"name": "dock", "kind": "zebra", "mode": "mqtt", "host": "x"}))


def test_the_check_says_whether_anybody_answers_and_whether_we_can_listen(folder: Path) -> None:
    posts = loaded(folder, POSTS.replace("10.1.0.2:8443", "127.0.0.1:8443"))
    (said,) = probe_of("impinj")(posts, Clock())
    assert "/dock-7f3a" in said.what or "cannot be listened on" in said.what
    (said,) = probe_of("zebra")(loaded(folder, BROKER + "port = 1\n"), Clock())
    assert "nobody answers" in said.what
