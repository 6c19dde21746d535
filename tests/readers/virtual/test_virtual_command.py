"""The command `custody virtual-reader`, as a process: one line when it listens, exit 0 on a signal, 2 on mistakes."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from virtual_client import Client

from readers.virtual import main_virtual_reader

SMALL = Path(__file__).parents[3] / "fixtures" / "scenarios" / "small.txt"
CALL = (
    "import sys; from pathlib import Path; from readers.virtual import main_virtual_reader;"
    "sys.exit(main_virtual_reader(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] or None))"
)


@pytest.mark.process
@pytest.mark.parametrize(
    ("number", "reader", "name"), [(signal.SIGINT, "", "cabinet"), (signal.SIGTERM, "desk", "desk")]
)
def test_it_says_where_it_listens_serves_and_ends_in_order(number: int, reader: str, name: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CALL, "0", str(SMALL), reader], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(f"virtual reader {name} listens on 127.0.0.1:")
        with Client(int(line.rsplit(":", 1)[1])) as client:
            client.connected().start()
            if name == "cabinet":
                client.until(lambda: len(client.tags()) >= 7)
            process.send_signal(number)
            rest, errors = process.communicate(timeout=30)
        assert (process.returncode, rest, errors) == (0, "", "")


def _refused(capsys: pytest.CaptureFixture[str], port: int, path: Path, reader: str | None = None) -> str:
    assert main_virtual_reader(port, path, reader) == 2
    told = capsys.readouterr()
    assert told.out == ""
    return told.err


def test_mistakes_are_told_and_end_with_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "no reader 'cabnet' in the scenario; it has: cabinet, portal, desk" in _refused(capsys, 0, SMALL, "cabnet")
    assert "cannot be read" in _refused(capsys, 0, tmp_path / "missing.txt")
    assert "port 70000 does not exist" in _refused(capsys, 70_000, SMALL)
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("reader a antennas 1:x off\nraeder b")
    assert "line 2, column 1: 'raeder' begins no line" in _refused(capsys, 0, wrong)
    wrong.write_text("reader a antennas 1:x off")
    assert "every reader is off" in _refused(capsys, 0, wrong)
    assert "declared off" in _refused(capsys, 0, wrong, "a")
    wrong.write_bytes(b"\xff\xfe")
    assert "cannot be read" in _refused(capsys, 0, wrong)


def test_a_port_in_use_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"cannot listen on 127.0.0.1:{port}" in _refused(capsys, port, SMALL)
