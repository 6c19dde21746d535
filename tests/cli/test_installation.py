"""An installation from the empty folder to its first report, by the command line alone."""

import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from api.cli import main
from tests.workbook.builders import a_workbook

SAMPLE = Path(__file__).resolve().parents[2] / "fixtures" / "archive.xlsx"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in the test's own data folder; gives exit code, stdout, stderr."""
    monkeypatch.setenv("CUSTODY_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)

    def call(*words: str, password: str = "", new: str = "") -> tuple[int, str, str]:
        monkeypatch.setenv("CUSTODY_PASSWORD", password)
        monkeypatch.setenv("CUSTODY_NEW_PASSWORD", new)
        code = main(words)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def _secret(text: str, number: str) -> str:
    found = re.search(rf"^\s+{number}\s+\S+\s+(\S+)$", text, re.MULTILINE)
    assert found is not None
    return found[1]


def chosen(run: Run, number: str, secret: str) -> str:
    """The pass-phrase that somebody chose instead of a one-time secret."""
    phrase = "quiet river under nine stones"
    assert run("password", number, password=secret, new=phrase)[0] == 0
    return phrase


@dataclass(frozen=True)
class Staff:
    """Pass-phrases of the three who begin: the first clerk, the system and the security administrator."""

    clerk: str
    system: str
    security: str


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Staff]:
    """An installation in which those who begin have chosen their pass-phrases: its folder, to be copied."""
    folder = tmp_path_factory.mktemp("begun") / "data"

    def call(*words: str, password: str = "", new: str = "") -> tuple[int, str, str]:
        said, wrong = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(wrong):
            patch.setenv("CUSTODY_DATA", str(folder))
            patch.setenv("CUSTODY_PASSWORD", password)
            patch.setenv("CUSTODY_NEW_PASSWORD", new)
            code = main(words)
        return code, said.getvalue(), wrong.getvalue()

    code, out, _err = call("init", "--organisation", "远山仪器研究院")
    assert code == 0
    phrases = [chosen(call, number, _secret(out, number)) for number in ("clerk-1", "admin-1", "admin-2")]
    return folder, Staff(*phrases)


@pytest.fixture
def staff(run: Run, begun: tuple[Path, Staff], tmp_path: Path) -> Staff:
    """The test's own copy of that installation."""
    assert run
    shutil.copytree(begun[0], tmp_path / "data")
    return begun[1]


@pytest.fixture
def clerk(staff: Staff) -> str:
    """The same; the first clerk's pass-phrase."""
    return staff.clerk


def asked(run: Run, staff: Staff, *words: str) -> tuple[int, str, str]:
    """What the system administrator asks for, with a reason."""
    return run("account", *words, "--reason", "needed", "--as", "admin-1", password=staff.system)


def granted(run: Run, staff: Staff, *words: str) -> tuple[int, str, str]:
    """The same, granted by the security administrator."""
    code, out, err = asked(run, staff, *words)
    assert code == 0, err
    number = re.search(r"Request (\d+)", out)
    assert number is not None
    return run("account", "--decide", number[1], "--as", "admin-2", password=staff.security)


def half_in(out: str) -> str:
    """The half of a one-time secret that a command printed."""
    found = re.search(r"(?:[a-z2-9]{4}-){3}[a-z2-9]{4}", out)
    assert found is not None
    return found[0]


def overdue_in_the_sample() -> int:
    """Loans of the sample whose day has passed today, where the house is: the commands have the machine's own clock."""
    rows = list(openpyxl.load_workbook(SAMPLE, read_only=True)["载体"].iter_rows(values_only=True))
    header = next(row for row in rows if "应还日期" in row)
    due = header.index("应还日期")
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    return sum(isinstance(row[due], datetime) and row[due].date() < today for row in rows)


def test_from_the_empty_folder_to_the_first_report(run: Run, staff: Staff, tmp_path: Path) -> None:
    """Given an empty folder, when the clerk brings the ledger, then it can be reported on and the books verify."""
    code, out, _err = run("import", str(SAMPLE), "--as", "clerk-1", password=staff.clerk)
    assert (code, "nothing was entered" in out) == (0, True)
    code, out, _err = run("import", str(SAMPLE), "--as", "clerk-1", "--confirm", password=staff.clerk)
    assert (code, "DJ-" in out) == (0, True)

    # An account by two persons, its secret in two halves; what its owner chooses opens it, neither half does.
    code, out, _err = granted(run, staff, "1001", "--role", "clerk", "--role", "borrower")
    assert code == 0
    second = half_in(out)
    code, out, _err = run("account", "--collect", "1", "--as", "admin-1", password=staff.system)
    first = half_in(out)
    report = ("report", "overdue", "--xlsx", "overdue.xlsx", "--as", "1001")
    assert run(*report, password=second)[0] == 2
    code, _out, err = run(*report, password=f"{first}-{second}")
    assert (code, "custody password 1001" in err) == (2, True)
    secret = chosen(run, "1001", f"{first}-{second}")
    code, _out, _err = run(*report, password=secret)
    assert code == 0
    sheet = openpyxl.load_workbook(tmp_path / "overdue.xlsx").active
    assert sheet is not None
    texts = [str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None]
    assert sum(bool(re.match(r"YS-20\d\d-\d{5}", text)) for text in texts) == overdue_in_the_sample()

    assert run("ledger", "key", "ledger.pub")[0] == 0
    assert run("ledger", "checkpoint", "held-outside.txt")[0] == 0
    assert run("ledger", "export", "ledger.txt")[0] == 0
    code, out, _err = run("ledger", "verify", "ledger.txt", "--key", "ledger.pub", "--checkpoint", "held-outside.txt")
    assert (code, out.startswith("consistent and authenticated")) == (0, True)
    assert run("rebuild", "--check")[:2] == (0, "equal\n")


def test_a_changed_export_is_broken(run: Run, clerk: str, tmp_path: Path) -> None:
    assert clerk
    run("ledger", "export", "ledger.txt")
    path = tmp_path / "ledger.txt"
    path.write_bytes(path.read_bytes().replace("审计员".encode(), "审记员".encode(), 1))
    code, out, _err = run("ledger", "verify", "ledger.txt")
    assert (code, out.startswith("broken")) == (1, True)


def test_an_export_never_overwrites(run: Run, clerk: str, tmp_path: Path) -> None:
    assert clerk
    (tmp_path / "ledger.txt").write_text("kept")
    code, _out, err = run("ledger", "export", "ledger.txt")
    assert (code, "already there" in err, (tmp_path / "ledger.txt").read_text()) == (2, True, "kept")


def test_a_second_init_changes_nothing(run: Run, clerk: str) -> None:
    assert clerk
    code, _out, err = run("init")
    assert (code, "already holds an installation" in err) == (2, True)


def test_a_wrong_password_does_nothing(run: Run, clerk: str) -> None:
    code, _out, err = run("import", str(SAMPLE), "--as", "clerk-1", "--confirm", password=clerk + "x")
    assert (code, "nothing was done" in err) == (2, True)
    assert run("import", str(SAMPLE), "--as", "nobody", password=clerk)[0] == 2


def test_a_secret_of_the_first_hour_opens_nothing_before_it_is_changed(run: Run) -> None:
    _code, out, _err = run("init")
    secret = _secret(out, "admin-1")
    code, _out, err = run("account", "--requests", "--as", "admin-1", password=secret)
    assert (code, "custody password admin-1" in err) == (2, True)
    phrase = chosen(run, "admin-1", secret)
    assert run("account", "--requests", "--as", "admin-1", password=phrase)[:2] == (0, "Nothing waits.\n")
    code, _out, err = run("import", str(SAMPLE), "--as", "admin-1", password=phrase)
    assert (code, "holds no role that may do this" in err) == (2, True)


def test_a_bad_workbook_is_told_row_by_row_and_enters_nothing(run: Run, clerk: str, tmp_path: Path) -> None:
    rows = [["编号", "标题", "份号", "总份数", "密级", "责任单位"], ["YS-2026-00001", "方案", 3, 2, "绝秘", "无此处"]]
    (tmp_path / "bad.xlsx").write_bytes(a_workbook({"载体": rows}))
    code, out, _err = run("import", "bad.xlsx", "--as", "clerk-1", "--confirm", password=clerk)
    assert (code, "nothing was entered" in out) == (1, True)
    assert out.count("\n") >= 3
    assert run("rebuild", "--check")[:2] == (0, "equal\n")


@pytest.mark.parametrize("words", [("serve",), ("rebuild", "--check"), ("ledger", "export", "x.txt")])
def test_without_a_folder_the_message_says_what_to_do(run: Run, words: tuple[str, ...]) -> None:
    code, _out, err = run(*words)
    assert (code, "custody init" in err) == (2, True)


def test_a_misspelt_figure_is_named(run: Run, clerk: str, tmp_path: Path) -> None:
    assert clerk
    config = tmp_path / "data" / "custody.toml"
    config.write_text(config.read_text(encoding="utf-8").replace("loan_days_max", "lone_days_max"), encoding="utf-8")
    code, _out, err = run("rebuild", "--check")
    assert (code, "numbers.lone_days_max is not known" in err) == (2, True)


def test_a_reader_is_tied_to_places_that_exist(run: Run, staff: Staff) -> None:
    run("import", str(SAMPLE), "--as", "clerk-1", "--confirm", password=staff.clerk)
    assert run("reader", "gate", "--antenna", "1:B1-gate/inside", "--antenna", "2:B1-gate/outside")[0] == 0
    code, _out, err = run("reader", "cabinet", "--antenna", "1:nowhere")
    assert (code, "NUMBER:PLACE" in err) == (2, True)
    code, out, _err = run("device", "edge-1", "--as", "admin-1", password=staff.system)
    assert (code, len(out.strip()) >= 40) == (0, True)


def test_the_regulations_as_json() -> None:
    """Run as a process: what other tools read is exactly JSON and nothing else."""
    done = subprocess.run(
        [sys.executable, "-m", "api.cli", "regulations", "--json"], capture_output=True, check=True, text=True
    )
    rows = json.loads(done.stdout)
    assert {"id", "wording", "source", "means", "kept", "tests"} <= set(rows[0])
    assert {means["kind"] for row in rows for means in row["means"]} == {
        "refuse",
        "detect",
        "remind",
        "record",
        "prove",
    }
    for row in rows:
        assert row["kept"] == all(means["kept"] for means in row["means"])


def test_an_account_is_taken_away_only_at_zero_holdings(run: Run, staff: Staff) -> None:
    """Clause f.1: given a borrower with loans, when the account is to be closed, then it is refused in words."""
    assert run("import", str(SAMPLE), "--as", "clerk-1", "--confirm", password=staff.clerk)[0] == 0
    assert granted(run, staff, "1008", "--role", "borrower")[0] == 0
    code, _out, err = asked(run, staff, "1008", "--close")
    assert code == 2
    assert "[f.1]" in err
    assert "in hand" in err
    assert "Nothing was changed" in err
    # Somebody who holds nothing: first one role of two, then the account.
    assert granted(run, staff, "1024", "--role", "borrower", "--role", "manager", "--unit", "GH")[0] == 0
    assert granted(run, staff, "1024", "--revoke", "manager")[:2] == (0, "Request 3 granted\n")
    assert granted(run, staff, "1024", "--close")[:2] == (0, "Request 4 granted\n")


def test_no_account_is_given_by_one_person_alone(run: Run, staff: Staff) -> None:
    """Neither of the two administrators asks and decides; and nothing of an account is done without both."""
    code, _out, err = run("account", "clerk-1", "--close", "--reason", "x", "--as", "admin-2", password=staff.security)
    assert (code, "holds no role that may do this" in err) == (2, True)
    assert asked(run, staff, "clerk-1", "--role", "borrower")[0] == 0
    code, out, _err = run("account", "--requests", "--as", "admin-1", password=staff.system)
    assert (code, "clerk-1     grant borrower" in out) == (0, True)
    for number, phrase in (("admin-1", staff.system), ("clerk-1", staff.clerk)):
        code, _out, err = run("account", "--decide", "1", "--as", number, password=phrase)
        assert (code, "holds no role that may do this" in err) == (2, True)
    code, out, _err = run(
        "account", "--decide", "1", "--decline", "--answer", "no", "--as", "admin-2", password=staff.security
    )
    assert (code, out) == (0, "Request 1 declined\n")


def test_the_account_command_says_what_is_wrong(run: Run, staff: Staff) -> None:
    for words, said in (
        (("clerk-1",), "Say one of"),
        (("clerk-1", "--role", "borrower", "--close"), "Say one of"),
        (("clerk-1", "--role", "auditor"), "does not stand"),
        (("clerk-1", "--role", "borrower", "--unit", "NOWHERE"), "no unit NOWHERE"),
        (("9999", "--close"), "Nobody has the number 9999"),
        (("admin-1", "--reset", "password"), "Nobody asks or decides about himself"),
    ):
        code, _out, err = asked(run, staff, *words)
        assert (code, said in err) == (2, True), err
    code, _out, err = run("account", "clerk-1", "--close", "--as", "admin-1", password=staff.system)
    assert (code, "Give the reason" in err) == (2, True)
