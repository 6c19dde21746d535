"""The configuration: everything that is wrong is said at once, with its line and what to write."""

from pathlib import Path

import pytest

from readers.config import ConfigInvalid, DaemonConfig, ReaderConfig, load

GOOD = """\
[daemon]
name = "edge-1"
spool = "edge-1.spool"
spool_bytes_max = 2_000_000_000
sighting_period_seconds = 2

[server]
url = "http://127.0.0.1:8000"
token_file = "edge-1.token"

[[reader]]
name = "cabinet"
kind = "llrp"
host = "10.0.0.5"
port = 5085
antennas = [1, 2]
keepalive_seconds = 4

[[reader]]
name = "lesezimmer"
kind = "replay"
file = "day.jsonl"
"""


def write(folder: Path, text: str) -> Path:
    (folder / "edge-1.token").write_text("secret\n")
    path = folder / "edge.toml"
    path.write_text(text)
    return path


def errors(folder: Path, text: str) -> list[str]:
    path = write(folder, text)
    with pytest.raises(ConfigInvalid) as refused:
        load(path)
    return [error.removeprefix(f"{path} ").removeprefix(f"{path}: ") for error in refused.value.errors]


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    assert load(write(tmp_path, GOOD)) == DaemonConfig(
        name="edge-1",
        spool=tmp_path / "edge-1.spool",
        url="http://127.0.0.1:8000",
        token="secret",
        readers=(
            ReaderConfig("cabinet", "llrp", "10.0.0.5", 5085, (1, 2), 4.0),
            ReaderConfig("lesezimmer", "replay", file=tmp_path / "day.jsonl"),
        ),
        spool_bytes_max=2_000_000_000,
        sighting_period_seconds=2.0,
        token_file=tmp_path / "edge-1.token",
    )


def test_the_token_is_never_shown(tmp_path: Path) -> None:
    assert "secret" not in repr(load(write(tmp_path, GOOD)))


@pytest.mark.parametrize(
    ("right", "wrong", "error"),
    [
        ("spool_bytes_max", "spool_byte_max", "line 4: [daemon] spool_byte_max is unknown: did you mean spool_bytes"),
        ("keepalive_seconds", "keepalive", "line 17: [reader] keepalive is unknown: did you mean keepalive_seconds?"),
        ("port = 5085", "colour = 1", "line 15: [reader] colour is unknown; known are name, kind,"),
        ("[server]", "[sever]", "line 7: [sever] is unknown: did you mean server?"),
        ("port = 5085", 'port = "5085"', "line 15: [reader] port must be a number, not '5085'"),
        ("port = 5085", "port = 70000", "line 15: [reader] port must be between 1 and 65535, not 70000"),
        ("port = 5085", "port = true", "line 15: [reader] port must be a number, not True"),
        ("antennas = [1, 2]", "antennas = [0]", "line 16: [reader] antennas must be a list of antenna numbers"),
        ("antennas = [1, 2]", "antennas = [1, 1]", "line 16: [reader] antennas names an antenna twice"),
        ("antennas = [1, 2]", "antennas = 1", "line 16: [reader] antennas must be a list"),
        ('"lesezimmer"', '"cabinet"', "line 20: [reader] name 'cabinet' is used twice"),
        ('kind = "replay"', 'kind = "llpr"', 'line 21: [reader] kind must be "llrp", "replay", '),
        ('kind = "replay"', 'kind = "llrp"', 'line 22: [reader] file belongs to kind = "replay", not "llrp"'),
        ('file = "day.jsonl"', "", 'line 19: [reader] file is missing: kind = "replay" needs it'),
        ('host = "10.0.0.5"', "", 'line 11: [reader] host is missing: kind = "llrp" needs it'),
        ('name = "edge-1"', "", "line 1: [daemon] name is missing"),
        ('name = "edge-1"', 'name = "edge 1"', "line 2: [daemon] name must be 1 to 64 characters without blanks"),
        ("http://127", "127", "line 8: [server] url must be the address of the server"),
        ('token_file = "edge-1.token"', "", "line 7: [server] give one of token and token_file"),
        ('token_file = "edge-1.token"', 'token_file = "x"', "line 9: [server] token_file"),
        ('token_file = "edge-1.token"', 'token = "two words"', "line 9: [server] the token must be one word"),
        ("period_seconds = 2", "period_seconds = 0", "line 5: [daemon] sighting_period_seconds must be between"),
    ],
)
def test_an_error_names_its_line_and_the_remedy(tmp_path: Path, right: str, wrong: str, error: str) -> None:
    assert right in GOOD
    found = errors(tmp_path, GOOD.replace(right, wrong))
    assert any(each.startswith(error) for each in found), found


def test_all_errors_are_said_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("5085", "0").replace('"llrp"', '"lrp"').replace('url = "http', 'url = "ftp')
    assert [error.split(":")[0] for error in errors(tmp_path, text)] == ["line 8", "line 13", "line 15"]


def test_a_file_that_is_missing_or_no_toml_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="cannot be read"):
        load(tmp_path / "nowhere.toml")
    assert "at line 2" in errors(tmp_path, "[daemon]\nname == 1\n")[0]
    without = GOOD.split("[[reader]]")[0]
    assert "write at least one [[reader]] section" in "".join(errors(tmp_path, without))
    assert "with two brackets" in "".join(errors(tmp_path, f'{without}[reader]\nname = "cabinet"\n'))
