"""systemd units: every one in the whole sandbox, starting commands that are there, reaching nobody who is not named."""

import shutil
import subprocess
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli import _parser as custody_parser
from api.cli import main
from api.cli.systemd import SANDBOX, Unit, all_units, wanted
from api.installation import InstallationError
from custody.witness import _parser as witness_parser
from readers.daemon import _arguments as reader_arguments

ANALYZE = shutil.which("systemd-analyze")
EXPOSURE_MAX = 20
"""In tenths, by systemd's own measure: 2.0 is "OK", a plain service has 9.6."""
OPTIONS: dict[str, object] = {
    "data": Path("/var/lib/custody"),
    "user": "custody",
    "bin": Path("/opt/custody/bin"),
    "host": "10.1.0.5",
    "port": 8443,
    "tls": Path("/etc/custody/tls"),
    "allow": ["10.1.0.0/16", "fd00:1::/32"],
    "backups": Path("/var/backups/custody"),
}


def units(**options: object) -> tuple[Unit, ...]:
    """The units for these options."""
    return all_units(wanted(Namespace(**(OPTIONS | options))))


def services() -> Iterator[Unit]:
    """Those that run something."""
    return (one for one in units() if "Service" in one.sections)


def values(unit: Unit, key: str) -> list[str]:
    """What a service says under a key."""
    return [value for name, value in unit.sections["Service"] if name == key]


def test_every_service_stands_in_the_whole_sandbox_and_loosens_nothing() -> None:
    strict = {key for key, _value in SANDBOX}
    for unit in services():
        for key in strict:
            assert values(unit, key) == [value for name, value in SANDBOX if name == key], (unit.name, key)
        assert values(unit, "IPAddressAllow") == ["localhost 10.1.0.0/16 fd00:1::/32"]
        assert values(unit, "User")[0] not in ("", "root")
    assert {unit.name for unit in units()} == {
        "custody.service",
        "custody-reader@.service",
        "custody-backup.service",
        "custody-backup.timer",
        "custody-witness.service",
        "custody-witness.timer",
    }


def test_the_witness_runs_under_an_account_of_its_own_and_cannot_write_the_data() -> None:
    by_name = {unit.name: unit for unit in units()}
    assert values(by_name["custody-witness.service"], "User") == ["custody-witness"]
    assert values(by_name["custody-witness.service"], "ReadWritePaths") == []
    assert values(by_name["custody-reader@.service"], "ReadWritePaths") == []
    assert values(by_name["custody.service"], "ReadWritePaths") == ["/var/lib/custody"]


def test_what_they_start_is_a_call_that_its_command_takes() -> None:
    for unit in services():
        (start,) = values(unit, "ExecStart")
        command, *words = start.split(" ")
        if command.endswith("/custody"):
            custody_parser().parse_args(words)
        elif command.endswith("/custody-reader"):
            reader_arguments(words)
        else:
            assert command == "/opt/custody/bin/custody-witness"
            witness_parser().parse_args(words)


def test_on_this_machine_alone_it_serves_plain_http_and_elsewhere_tls() -> None:
    (alone,) = (values(unit, "ExecStart")[0] for unit in units(host="127.0.0.1") if unit.name == "custody.service")
    (beyond,) = (values(unit, "ExecStart")[0] for unit in units() if unit.name == "custody.service")
    assert "--tls-cert" not in alone
    assert "--tls-cert /etc/custody/tls/server.pem" in beyond


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("user", "custody\nUser=root", "no name of an account"),
        ("user", "", "no name of an account"),
        ("data", Path("/var/lib/a b"), "without blanks"),
        ("data", Path("relative"), "whole path"),
        ("data", Path("/var/%i"), "without blanks"),
        ("bin", Path("/home/somebody/bin"), "hides what is under /home"),
        ("allow", ["10.1.0.1/16"], "has host bits set"),
        ("allow", ["everybody"], "networks"),
        ("host", "archive.lan", "addresses"),
    ],
)
def test_what_cannot_be_a_unit_is_refused(option: str, value: object, said: str) -> None:
    with pytest.raises(InstallationError, match=said):
        units(**{option: value})


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed: apt-get install systemd")
def test_systemd_itself_takes_them_and_finds_little_exposed(tmp_path: Path) -> None:
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("custody", "custody-reader", "custody-witness"):
        (commands / name).write_text("#!/bin/sh\n")
        (commands / name).chmod(0o755)
    words = ["systemd", str(tmp_path / "units"), "--bin", str(commands), "--host", "10.1.0.5", "--allow", "10.1.0.0/16"]
    assert main(words) == 0
    assert ANALYZE is not None
    files = sorted((tmp_path / "units").iterdir())
    verified = subprocess.run([ANALYZE, "verify", *files], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    plain = [file for file in files if file.suffix == ".service" and "@" not in file.name]
    measured = subprocess.run(
        [ANALYZE, "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", *plain],
        capture_output=True,
        text=True,
        check=False,
    )
    assert measured.returncode == 0, measured.stdout[-300:]
