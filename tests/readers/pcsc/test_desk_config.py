"""Setting a desk reader up: what may be written, and what is said where the machine has no PC/SC."""

import sys
from pathlib import Path

import pytest
from virtual_desk import now_us, supervised

from readers.config import ConfigInvalid, ReaderConfig, load
from readers.daemon import main
from readers.making import driver_for, lacking

HEAD = '[daemon]\nname = "edge-1"\nspool = "edge.spool"\n[server]\nurl = "http://127.0.0.1:8000"\ntoken = "t"\n'
DESK = '[[reader]]\nname = "desk"\nkind = "pcsc"\ndevice = "ACR1252"\nslot = 1\n'


def write(folder: Path, desk: str) -> Path:
    path = folder / "edge.toml"
    path.write_text(HEAD + desk)
    return path


def test_a_desk_reader_is_a_name_and_a_slot(tmp_path: Path) -> None:
    (desk,) = load(write(tmp_path, DESK)).readers
    assert desk == ReaderConfig("desk", "pcsc", device="ACR1252", slot=1, reconnect_seconds_max=2.0)
    (patient,) = load(write(tmp_path, DESK + "reconnect_seconds_max = 9\n")).readers
    assert patient.reconnect_seconds_max == 9.0


@pytest.mark.parametrize(
    ("right", "wrong", "error"),
    [
        ('device = "ACR1252"', "", 'line 7: [reader] device is missing: kind = "pcsc" needs it'),
        ('device = "ACR1252"', 'device = " "', "line 10: [reader] device must not be empty"),
        ('device = "ACR1252"', "device = 1", "line 10: [reader] device must be text in quotes"),
        ("slot = 1", "slot = 256", "line 11: [reader] slot must be between 0 and 255, not 256"),
        ("slot = 1", 'slot = "1"', "line 11: [reader] slot must be a number"),
        ("slot = 1", "antennas = [1]", "line 11: [reader] antennas belongs to kind ="),
        ("slot = 1", "devise = 1", "line 11: [reader] devise is unknown: did you mean device?"),
        ('"pcsc"', '"replay"', 'line 10: [reader] device belongs to kind = "pcsc", not "replay"'),
    ],
)
def test_an_error_names_its_line_and_the_remedy(tmp_path: Path, right: str, wrong: str, error: str) -> None:
    assert right in DESK
    with pytest.raises(ConfigInvalid) as refused:
        load(write(tmp_path, DESK.replace(right, wrong)))
    found = [each.removeprefix(f"{tmp_path / 'edge.toml'} ") for each in refused.value.errors]
    assert any(each.startswith(error) for each in found), found


@pytest.fixture
def without_pyscard(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*filter(lambda name: name.split(".")[0] == "smartcard", sys.modules), "smartcard"]:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.usefixtures("without_pyscard")
def test_without_pyscard_the_command_to_install_it_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, DESK)
    assert main(["--config", str(path), "--check", "--offline"]) == 1
    assert "apt-get install swig libpcsclite-dev" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main(["--list-desk-readers"])
    assert ended.value.code == 1
    assert "bash tools/pyscard.sh" in capsys.readouterr().err
    # And a daemon that runs says it on the reader's page, once, and serves its other readers.
    ward = supervised(lambda: driver_for(load(path).readers[0], now_us))
    ward.is_told("faulty", "pyscard, which is not installed")
    ward.end()
    assert [report.state for report in ward.reports] == ["connecting", "faulty", "stopped"]


def test_only_where_a_desk_reader_is_configured_is_its_library_missed() -> None:
    assert lacking(["llrp", "replay"]) == []
