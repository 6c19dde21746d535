"""The ledger's key and its witnesses, by the command line: handed over, lost, watched over real HTTP."""

import io
import re
import shutil
from collections.abc import Callable
from contextlib import closing, redirect_stdout
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from api.cli import main
from api.installation import open_books, open_services
from api.serving import listening_socket, serving
from custody import clock, witness
from custody.ledger import parse_checkpoint, parse_key, verify_signature
from custody.store import ledger_keys
from custody.store.books import KeyMissing
from tests.cli.test_installation import Run, Staff, chosen
from tests.cli.test_installation import run as run
from tests.web.front import quick_passwords

ADMIN = ("--as", "admin-1")


def _quick(patch: pytest.MonkeyPatch) -> None:
    """Real argon2id with the smallest work: what is tested here is not how long a pass-phrase takes."""
    for module in ("said", "install"):
        patch.setattr(f"api.cli.{module}.Passwords", lambda **_more: quick_passwords())


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Staff]:
    """An installation in which those who begin have chosen their pass-phrases: its folder, to be copied."""
    folder = tmp_path_factory.mktemp("begun") / "data"
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
        _quick(patch)
        patch.setenv("CUSTODY_DATA", str(folder))

        def call(*words: str, password: str = "", new: str = "") -> tuple[int, str, str]:
            patch.setenv("CUSTODY_PASSWORD", password)
            patch.setenv("CUSTODY_NEW_PASSWORD", new)
            return main(words), said.getvalue(), ""

        _code, out, _err = call("init", "--organisation", "远山仪器研究院")
        whose = ("clerk-1", "admin-1", "admin-2")
        secrets = [re.findall(rf"^\s+{who}\s+\S+\s+(\S+)$", out, re.MULTILINE)[0] for who in whose]
        phrases = [chosen(call, who, secret) for who, secret in zip(whose, secrets, strict=True)]
    return folder, Staff(*phrases)


@pytest.fixture
def staff(run: Run, begun: tuple[Path, Staff], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Staff:
    """The test's own copy of that installation."""
    del run  # it sets where the data folder is
    _quick(monkeypatch)
    shutil.copytree(begun[0], tmp_path / "data")
    return begun[1]


def written(run: Run, tmp_path: Path, name: str, *words: str) -> Path:
    """A file that a command of the ledger wrote."""
    code, _out, err = run("ledger", *words, name)
    assert code == 0, err
    return tmp_path / name


def verified(run: Run, *words: str) -> tuple[int, str]:
    """Exit code and verdict of an export made now."""
    Path("export.txt").unlink(missing_ok=True)
    assert run("ledger", "export", "export.txt")[0] == 0
    code, out, err = run("ledger", "verify", "export.txt", *words)
    return code, out + err


def test_the_key_hands_over_and_the_first_public_key_still_verifies_all(run: Run, staff: Staff, tmp_path: Path) -> None:
    written(run, tmp_path, "first.pub", "key")
    before = written(run, tmp_path, "before.txt", "checkpoint")
    old = (tmp_path / "data" / "ledger.key").read_bytes()
    code, _out, err = run("ledger", "rotate-key", "--as", "clerk-1", password=staff.clerk)
    assert (code, "no role that may do this" in err) == (2, True)
    assert (tmp_path / "data" / "ledger.key").read_bytes() == old
    for number in (2, 3):
        code, out, err = run("ledger", "rotate-key", *ADMIN, password=staff.system)
        assert code == 0, err
        assert out.splitlines()[-1] == written(run, tmp_path, f"{number}.pub", "key").read_text().strip()
    assert not (tmp_path / "data" / "ledger.key.next").exists()
    assert (tmp_path / "data" / "ledger.key").read_bytes() != old
    code, said = verified(run, "--key", "first.pub", "--checkpoint", str(before))
    assert (code, said.startswith("consistent and authenticated"), "the key changed 2 times" in said) == (0, True, True)
    assert verified(run, "--key", "3.pub")[0] == 0
    assert run("rebuild", "--check")[:2] == (0, "equal\n")
    # The checkpoint of the change itself bears both signatures: a witness that knows the old key only takes it.
    _configuration, database, books = open_books(tmp_path / "data", clock.now, read_only=True)
    with database, database.reading() as connection:
        notes = [row.note for row in connection.exec_driver_sql("SELECT note FROM checkpoint ORDER BY size")]
        keys = books.verifier_keys(connection)
    for note, pair in zip(notes, pairwise(keys), strict=True):
        assert all(verify_signature(parse_checkpoint(note), one) for one in pair)


@pytest.mark.parametrize("when", ["before the ledger was told", "after"])
def test_a_change_that_is_broken_off_is_finished_or_forgotten(
    run: Run, staff: Staff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    class Killed(BaseException):
        pass

    real = ledger_keys.rotate

    def killed(*arguments: Any) -> str:
        if when == "after":
            real(*arguments)
        raise Killed

    written(run, tmp_path, "first.pub", "key")
    monkeypatch.setattr(ledger_keys, "rotate", killed)
    with pytest.raises(Killed):
        run("ledger", "rotate-key", *ADMIN, password=staff.system)
    monkeypatch.setattr(ledger_keys, "rotate", real)
    assert (tmp_path / "data" / "ledger.key.next").exists()
    code, said = verified(run, "--key", "first.pub")
    assert (code, "the key changed" in said) == (0, when == "after")
    now = written(run, tmp_path, "now.pub", "key").read_text()
    assert (now != (tmp_path / "first.pub").read_text()) == (when == "after")
    assert run("ledger", "rotate-key", *ADMIN, password=staff.system)[0] == 0
    assert verified(run, "--key", "first.pub")[0] == 0


def test_another_server_signs_nothing_with_a_key_that_handed_over(run: Run, staff: Staff, tmp_path: Path) -> None:
    # As on PostgreSQL, where several servers may have read the key.
    _configuration, database, stale = open_books(tmp_path / "data", clock.now, read_only=True)
    with database:
        assert stale.sign_present()
        assert run("ledger", "rotate-key", *ADMIN, password=staff.system)[0] == 0
        with pytest.raises(KeyMissing, match="restart it"):
            stale.sign_present()


def test_a_lost_key_is_replaced_by_two_administrators(
    run: Run, staff: Staff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(run, tmp_path, "first.pub", "key")
    before = written(run, tmp_path, "before.txt", "checkpoint")
    lost: tuple[str, ...] = ("ledger", "replace-lost-key", *ADMIN, "--reason", "disk burnt", "--lost-key", "first.pub")
    code, _out, err = run(*lost, "--with", "admin-2", password=staff.system)
    assert (code, "is there and is the ledger's" in err) == (2, True)
    (tmp_path / "data" / "ledger.key").unlink()
    code, _out, err = run("ledger", "checkpoint", "x.txt")
    assert (code, "replace-lost-key" in err) == (2, True)

    monkeypatch.setenv("CUSTODY_SECOND_PASSWORD", staff.system)
    assert run(*lost, "--with", "admin-1", password=staff.system)[0] == 2  # the same person twice
    monkeypatch.setenv("CUSTODY_SECOND_PASSWORD", staff.clerk)
    assert run(*lost, "--with", "clerk-1", password=staff.system)[0] == 2  # nobody of the three
    monkeypatch.setenv("CUSTODY_SECOND_PASSWORD", staff.security)
    assert not (tmp_path / "data" / "ledger.key").exists()
    code, out, err = run(*lost, "--with", "admin-2", password=staff.system)
    assert code == 0, err
    assert "trust-key" in out

    code, said = verified(run, "--key", "first.pub")
    assert (code, "was lost and replaced here, without its signature" in said) == (1, True)
    code, said = verified(run, "--key", "first.pub", "--checkpoint", str(before))
    size = parse_checkpoint(before.read_text()).size
    assert (code, f"lost and replaced, up to size {size}" in said) == (0, True)
    assert run("rebuild", "--check")[:2] == (0, "equal\n")
    _configuration, database, _books = open_books(tmp_path / "data", clock.now, read_only=True)
    with database, database.reading() as connection:
        told = connection.exec_driver_sql("SELECT kind FROM audit_event WHERE kind = 'ledger_key_replaced'").all()
    assert len(told) == 2


def test_a_key_that_is_not_the_ledgers_is_refused(run: Run, staff: Staff, tmp_path: Path) -> None:
    kept = (tmp_path / "data" / "ledger.key").read_bytes()
    assert run("ledger", "rotate-key", *ADMIN, password=staff.system)[0] == 0
    (tmp_path / "data" / "ledger.key").write_bytes(kept)
    code, _out, err = run("ledger", "checkpoint", "x.txt")
    assert (code, "is not the key that the ledger names" in err) == (2, True)


@pytest.mark.process
def test_a_witness_over_http_from_its_making_to_the_verdict(
    run: Run, staff: Staff, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def auditor(*words: str) -> str:
        assert witness.main(["--state", str(tmp_path / "w"), *words]) == 0
        return capsys.readouterr().out

    written(run, tmp_path, "first.pub", "key")
    vkey = auditor("init", "--name", "auditor.example/w1", "--ledger-key", "first.pub").splitlines()[0]
    add: Callable[..., tuple[int, str, str]] = lambda *more: run("witness", "add", *more, *ADMIN, password=staff.system)  # noqa: E731
    assert add("another", "--key", vkey)[0] == 2
    assert add("auditor.example/w1", "--key", "nonsense")[0] == 2
    code, token, _err = add("auditor.example/w1", "--key", vkey)
    assert code == 0
    (tmp_path / "token").write_text(token)
    (tmp_path / "w.pub").write_text(vkey)

    def watched() -> int:
        with closing(listening_socket("127.0.0.1", 0)) as sock:
            services = open_services(tmp_path / "data", clock.now)
            with services.database, serving(services, sock) as address:
                said = auditor("watch", "--server", address, "--token-file", "token")
        return int(re.sub(r"\D", "", said))

    first = watched()
    assert run("ledger", "rotate-key", *ADMIN, password=staff.system)[0] == 0
    assert watched() > first
    state = witness.Folder(tmp_path / "w").state()
    assert state.ledger_key == written(run, tmp_path, "second.pub", "key").read_text().strip()
    assert "watching  last cosigned" in run("witness", "list")[1]

    # The file's way, from where it is now; then what it cosigned verifies the export without the ledger's key.
    written(run, tmp_path, "bundle.txt", "bundle", "--from", str(state.size))
    auditor("cosign", "bundle.txt", "-o", "cosigned.txt")
    assert run("ledger", "take-cosignature", "cosigned.txt")[0] == 0
    assert run("ledger", "take-cosignature", "first.pub")[0] == 1
    code, said = verified(run, "--checkpoint", "cosigned.txt", "--witness-key", "w.pub")
    assert (code, "authenticated only by the witness auditor.example/w1 up to size" in said) == (0, True)
    assert run("ledger", "verify", "export.txt", "--witness-key", "w.pub")[0] == 2
    assert parse_key(vkey, witness=True).name == "auditor.example/w1"
    assert run("witness", "end", "auditor.example/w1", *ADMIN, password=staff.system)[0] == 0
    assert main(["witness", "list"]) == 0
    assert "ended" in capsys.readouterr().out
