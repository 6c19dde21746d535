"""`custody-reader --check`: everything that can be tried is tried, and each line says what to do."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from edge_doubles import ReaderDouble, now_us
from hypothesis import given
from hypothesis import strategies as st

from readers.checking import check, lines
from readers.config import KINDS, ConfigInvalid, keys_for, load, reader_errors
from readers.daemon import main
from readers.driver import ConnectionFailed, ProtocolViolated, ReaderBusy, ReaderFrozen
from readers.llrp import introduce
from readers.writing import Written, token_file, toml_text

WORDS = {
    part: f"word of the {part}\nand more" for part in ("file", "daemon", "server", "token", "ca", "reader", "guard")
}


def write(folder: Path, port: int, *more: str, name: str = "edge-1") -> Path:
    path = folder / "edge.toml"
    (folder / f"{name}.token").write_text("secret")
    (folder / f"{name}.token").chmod(0o600)
    row = {"name": "cabinet", "kind": "llrp", "host": "127.0.0.1", "port": port}
    path.write_text(toml_text(Written(name, "http://127.0.0.1:9", [row]), WORDS) + "\n".join(more))
    return path


def a_server(answer: Callable[[httpx2.Request], httpx2.Response] | None = None, *, ahead_us: int = 0) -> httpx2.Client:
    """A server that knows the token `secret` as edge-1."""

    def plain(request: httpx2.Request) -> httpx2.Response:
        assert request.url.path == "/api/v1/device"
        if request.headers["Authorization"] != "Bearer secret":
            return httpx2.Response(401)
        return httpx2.Response(200, json={"device": "edge-1", "now": now_us() + ahead_us})

    return httpx2.Client(transport=httpx2.MockTransport(answer or plain))


def said(path: Path, client: httpx2.Client | None = None) -> list[str]:
    """The lines of a check."""
    return lines(check(load(path), path, now_us, client or a_server()))


def test_all_is_well(tmp_path: Path) -> None:
    with ReaderDouble() as reader:
        found = said(write(tmp_path, reader.port))
    assert [line[0] for line in found] == ["✓"] * 5
    assert "knows this device as edge-1" in found[2]
    assert "2 antennas, connected: 1, 2" in found[4]
    # Nothing of the reader was changed: it was asked twice, and told good-bye.
    assert {kind for kind, _ in reader.requests} <= {1, 2, 14, 72}
    assert not (tmp_path / "edge-1.spool").exists()


def refuses(_request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("no route to host")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refuses, "✗ the server http://127.0.0.1:9 cannot be reached: no route to host — check `url`"),
        (lambda _: httpx2.Response(401), "✗ the server http://127.0.0.1:9 does not know this token — take a new token"),
        (lambda _: httpx2.Response(404), "✗ the server http://127.0.0.1:9 answers with status 404"),
        (lambda _: httpx2.Response(200, text="hello"), "✗ the server http://127.0.0.1:9 answers with status 200"),
        (lambda _: httpx2.Response(200, json={"device": "x", "now": "?"}), "✗ the server"),
        (
            lambda _: httpx2.Response(200, json={"device": "edge-2", "now": now_us()}),
            '! the daemon calls itself edge-1 — write name = "edge-2" under [daemon]',
        ),
        (
            lambda _: httpx2.Response(200, json={"device": "edge-1", "now": now_us() + 90_000_000}),
            "✗ this machine's clock is -90",
        ),
        (
            lambda _: httpx2.Response(200, json={"device": "edge-1", "now": now_us() - 20_000_000}),
            "! this machine's clock is +20",
        ),
    ],
)
def test_what_is_wrong_with_the_server(tmp_path: Path, answer: Any, expected: str) -> None:
    with ReaderDouble() as reader:
        found = said(write(tmp_path, reader.port), a_server(answer))
    assert any(line.startswith(expected) for line in found), found


def test_what_is_wrong_with_the_files(tmp_path: Path) -> None:
    with ReaderDouble() as reader:
        path = write(tmp_path, reader.port)
        (tmp_path / "edge-1.token").chmod(0o644)
        path.write_text(path.read_text().replace('spool = "edge-1.spool"', 'spool = "there/edge-1.spool"'))
        found = said(path)
        assert found[0].startswith("! ")
        assert "chmod 600" in found[0]
        assert found[1].startswith("✗ the spool's folder ")
        path.write_text(
            path.read_text().replace("there/", "").replace("[daemon]", "[daemon]\nspool_bytes_max = 900000000000000")
        )
        assert said(path)[1].startswith("! the spool ")


@pytest.mark.parametrize(
    ("keys", "change", "expected"),
    [
        (("antennas = [1, 3]",), lambda reader: None, "✗ cabinet has no antenna 3 — correct `antennas`"),
        (
            ("antennas = [1, 2]",),
            lambda reader: setattr(reader, "connected", ((1, True), (2, False))),
            "✗ cabinet: antenna 2 is not connected — check its cable",
        ),
        ((), lambda reader: setattr(reader, "offset_us", 3_600_000_000), "! cabinet: its clock is +3600.0 s off"),
        ((), lambda reader: setattr(reader, "welcome_status", 1), "! cabinet at 127.0.0.1:"),
        ((), lambda reader: reader.off(), "✗ cabinet at 127.0.0.1:"),
        ((), lambda reader: setattr(reader, "first_words", b"HTTP/1.1 400 Bad Request\r\n\r\n"), "✗ cabinet at"),
    ],
)
def test_what_is_wrong_with_a_reader(tmp_path: Path, keys: tuple[str, ...], change: Any, expected: str) -> None:
    with ReaderDouble() as reader:
        change(reader)
        assert any(line.startswith(expected) for line in said(write(tmp_path, reader.port, *keys)))


def test_the_command_says_by_its_exit_whether_it_can_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ReaderDouble() as reader:
        path = write(tmp_path, reader.port)
        assert main(["--config", str(path), "--check", "--offline"]) == 0
        assert main(["--config", str(path), "--check"]) == 1
        assert "✗ the server http://127.0.0.1:9 cannot be reached" in capsys.readouterr().out
        path.write_text(path.read_text().replace("host", "hots"))
        assert main(["--config", str(path), "--check"]) == 2
        assert "[reader] hots is unknown: did you mean host?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda reader: setattr(reader, "welcome_status", 1), ReaderBusy),
        (lambda reader: setattr(reader, "welcome_status", 3), ConnectionFailed),
        (lambda reader: reader.frozen.set(), ReaderFrozen),
        (lambda reader: setattr(reader, "first_words", b"\x04\x3f" + b"\xff" * 40), ProtocolViolated),
    ],
)
def test_asking_a_reader_ends_in_time_whatever_answers(change: Any, error: type[Exception]) -> None:
    with ReaderDouble() as reader:
        change(reader)
        with pytest.raises(error):
            introduce("127.0.0.1", reader.port, now_us, seconds_max=0.4)


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12)


@given(_TEXT, st.lists(st.integers(0, 300), max_size=4), st.floats(0, 1e6), st.booleans())
def test_what_is_written_is_what_is_read(text: str, numbers: list[int], number: float, flag: bool) -> None:
    row = {"name": text, "kind": "llrp", "antennas": numbers, "keepalive_seconds": number, "flag": flag}
    found = tomllib.loads(toml_text(Written("edge", text, [row, row], ca=text, guard=row, portals=[row]), WORDS))
    assert found["reader"] == [row, row]
    assert (found["portal"], found["guard"]) == ([row], row)
    assert (found["server"]["url"], found["server"]["ca"]) == (text, text)
    assert found["server"]["token_file"] == token_file("edge")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_knows_its_own_keys(kind: str) -> None:
    keys = keys_for(kind)
    assert keys
    missing = reader_errors({"name": "x", "kind": kind})
    assert len(missing) >= sum(key.required for key in keys)
    assert all(any(f" {key.name} " in error for error in missing) for key in keys if key.required)
    assert reader_errors({"name": "x y", "kind": kind, "colour": 3})[0].startswith("[reader] name")


def test_a_misspelt_key_is_said_before_anything_is_tried(tmp_path: Path) -> None:
    path = write(tmp_path, 5084, "antenas = [1]")
    with pytest.raises(ConfigInvalid, match="antenas is unknown: did you mean antennas"):
        load(path)
