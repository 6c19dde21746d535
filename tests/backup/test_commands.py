"""The commands: a backup beside the running server, its rehearsal, its restoration, and what they refuse."""

import json
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.cli import main
from api.installation import open_database, read_configuration
from custody.store import audit
from custody.store.backup import noted
from tests.backup.scene import contents, make_installation, opened
from tests.builders import NOW, Archive

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command; gives exit code, stdout, stderr."""

    def call(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder, to be copied."""
    made = tmp_path_factory.mktemp("sample") / "data"
    make_installation(made)
    return made


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of somebody who has another history, another key, and the same name."""
    made = tmp_path_factory.mktemp("foreign") / "data"
    make_installation(made, first_nonce=7_000)
    return made


@pytest.fixture
def data(tmp_path: Path, sample: Path) -> Path:
    """The data folder of an installation."""
    return Path(shutil.copytree(sample, tmp_path / "data"))


@pytest.fixture
def house(data: Path) -> Iterator[Archive]:
    """The installation, its database held by this process as the server holds it."""
    archive = opened(data)
    with archive.books.database:
        yield archive


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """Where backups are put."""
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


@pytest.fixture
def keys(run: Run, tmp_path: Path) -> tuple[Path, Path]:
    """Private and public key for backups."""
    assert run("backup-key", tmp_path / "vault")[0] == 0
    return tmp_path / "vault", tmp_path / "vault.pub"


def _one(shelf: Path) -> Path:
    (found,) = [path for path in shelf.glob("custody-*") if path.suffix in (".backup", ".age")]
    return found


def _position(house: Archive) -> int:
    with house.books.database.reading() as connection:
        return house.books.position(connection)


def test_under_load_a_backup_is_of_one_position_and_restores(
    run: Run, house: Archive, data: Path, shelf: Path, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    """Given a clerk at work, when a backup is made, then it holds one position of the books, whole."""
    private, public = keys
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            house.carriers(3)

    clerk = threading.Thread(target=work)
    clerk.start()
    try:
        before = _position(house)
        code, out, err = run("backup", shelf, "--data", data, "--recipient", public)
        assert (code, err) == (0, "")
        assert "read back whole" in out
    finally:
        stop.set()
        clerk.join()
    after = _position(house)
    made = _one(shelf)
    assert made.read_bytes()[:4] == b"age-"
    assert b"AGE-SECRET" not in made.read_bytes()
    assert run("ledger", "key", tmp_path / "ledger.pub", "--data", data)[0] == 0
    rehearsal = ("rehearse", made, "--identity", private, "--key", tmp_path / "ledger.pub", "--work", tmp_path)
    code, out, err = run(*rehearsal)
    assert (code, err) == (0, "")
    assert out.startswith("good: ")
    assert "authenticated by the key" in out
    new = tmp_path / "restored"
    code, out, err = run("restore", made, "--identity", private, "--data", new)
    assert (code, err) == (0, "")
    assert "put ledger.key back" in out
    shutil.copy(data / "ledger.key", new / "ledger.key")
    assert run("rebuild", "--check", "--data", new)[:2] == (0, "equal\n")
    with open_database(new, read_only=True)[1] as restored, restored.reading() as connection:
        position = house.books.position(connection)
        (event,) = audit.events(connection, kinds=("restored",))
    assert before <= position <= after
    assert position < after, "nothing was entered meanwhile: this proved nothing"
    assert (event.detail["size"], event.detail["rolled_back_from"]) == (position, None)
    assert [path.name for path in tmp_path.iterdir() if "rehearsal" in path.name] == []


def test_what_is_left_behind_looks_like_nothing(run: Run, house: Archive, data: Path, shelf: Path) -> None:
    assert house
    (shelf / ".custody-20200101T000000Z-000000001.backup.part").write_bytes(b"cut off by a kill")
    assert run("backup", shelf, "--data", data)[0] == 0
    names = {path.name for path in shelf.iterdir()}
    made = _one(shelf).name
    assert names == {made, f"{made}.json", f"{made}.rehearsed.json", ".custody-backup.lock"}


def _flip(raw: bytes) -> bytes:
    at = len(raw) // 2
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut in the middle": lambda raw: raw[: len(raw) // 2],
    "cut at the last byte": lambda raw: raw[:-1],
    "cut to nothing": lambda raw: b"",
    "a bit flipped": _flip,
    "something behind": lambda raw: raw + b"more",
    "twice": lambda raw: raw + raw,
}


@pytest.mark.parametrize("encrypted", [True, False], ids=["encrypted", "open"])
def test_a_damaged_backup_is_refused_and_leaves_nothing(
    run: Run, house: Archive, data: Path, shelf: Path, keys: tuple[Path, Path], tmp_path: Path, encrypted: bool
) -> None:
    assert house
    private, public = keys
    how = ("--recipient", public) if encrypted else ()
    assert run("backup", shelf, "--data", data, *how)[0] == 0
    made = _one(shelf)
    raw = made.read_bytes()
    for name, damage in DAMAGES.items():
        made.write_bytes(damage(raw))
        for words in (("rehearse", made), ("restore", made, "--data", tmp_path / "new")):
            code, out, err = run(*words, "--identity", private)
            assert code == 1, (name, words[0], out, err)
            assert err.startswith("custody: broken: "), (name, err)
        assert list((tmp_path / "new").iterdir()) == [], name
        assert run("backups", shelf, "--data", data, "--check")[0] == 1, name
    made.write_bytes(raw)
    assert run("backups", shelf, "--data", data, "--check")[0] == 0
    assert run("restore", made, "--data", tmp_path / "new", "--identity", private)[0] == 0


def test_another_key_and_no_key_open_nothing(
    run: Run, house: Archive, data: Path, shelf: Path, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    assert house
    run("backup", shelf, "--data", data, "--recipient", keys[1])
    made = _one(shelf)
    run("backup-key", tmp_path / "other")
    code, _out, err = run("rehearse", made, "--identity", tmp_path / "other")
    assert (code, "not encrypted to this key" in err) == (2, True)
    code, _out, err = run("rehearse", made)
    assert (code, "name the private key" in err) == (2, True)
    code, _out, err = run("rehearse", made, "--identity", keys[1])
    assert (code, "no age private key" in err) == (2, True)


def test_a_backup_that_somebody_else_made_is_not_ours(
    run: Run, house: Archive, data: Path, foreign: Path, shelf: Path, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    """Whoever has the public key alone can encrypt another history to it: the pinned key of the ledger shows it."""
    assert house
    run("ledger", "key", tmp_path / "ledger.pub", "--data", data)
    assert run("backup", shelf, "--data", foreign, "--recipient", keys[1])[0] == 0
    made = _one(shelf)
    assert run("rehearse", made, "--identity", keys[0])[0] == 0
    code, _out, err = run("rehearse", made, "--identity", keys[0], "--key", tmp_path / "ledger.pub")
    assert (code, "not signed by the ledger's key" in err) == (1, True)
    # Nor is it listed as whole, nor deleted as one of ours.
    code, out, _err = run("backups", shelf, "--data", data, "--json")
    assert [one["state"] for one in json.loads(out)] == ["unsigned"]


def test_a_restoration_behind_an_outside_checkpoint_is_told_loudly(
    run: Run, house: Archive, data: Path, foreign: Path, shelf: Path, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    run("ledger", "checkpoint", tmp_path / "before.txt", "--data", data)
    run("backup", shelf, "--recipient", keys[1], "--data", data)
    house.carriers(5)
    run("ledger", "checkpoint", tmp_path / "after.txt", "--data", data)
    after = _position(house)
    made = _one(shelf)
    code, out, err = run(
        "restore", made, "--identity", keys[0], "--data", tmp_path / "one", "--checkpoint", tmp_path / "before.txt"
    )
    assert (code, err, "is of this history" in out) == (0, "", True)
    code, out, err = run(
        "restore", made, "--identity", keys[0], "--data", tmp_path / "two", "--checkpoint", tmp_path / "after.txt"
    )
    assert code == 0
    assert "HISTORY IS ROLLED BACK" in err
    assert "15 entries are gone" in err
    with open_database(tmp_path / "two", read_only=True)[1] as restored, restored.reading() as connection:
        (event,) = audit.events(connection, kinds=("restored",))
    assert event.detail["rolled_back_from"] == after
    # Another history of the same length is no roll-back: it is refused.
    run("ledger", "checkpoint", tmp_path / "other.txt", "--data", foreign)
    code, _out, err = run(
        "restore", made, "--identity", keys[0], "--data", tmp_path / "three", "--checkpoint", tmp_path / "other.txt"
    )
    assert (code, "another history" in err) == (1, True)
    assert list((tmp_path / "three").iterdir()) == []


def test_what_was_taken_in_stays_out_of_a_folder_in_use(
    run: Run, house: Archive, data: Path, shelf: Path, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    run("backup", shelf, "--recipient", keys[1], "--data", data)
    before = contents(house.books.database)
    code, _out, err = run("restore", _one(shelf), "--identity", keys[0], "--data", data)
    assert (code, "is not empty" in err) == (2, True)
    assert contents(house.books.database) == before
    code, _out, err = run(
        "restore",
        _one(shelf),
        "--identity",
        keys[0],
        "--data",
        tmp_path / "new",
        "--database",
        read_configuration(data).database_url,
    )
    assert code == 2
    assert "is being written by another process" in err


def test_keys_go_along_only_when_asked(
    run: Run, house: Archive, data: Path, shelf: Path, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    assert house
    (data / "account.key").write_text("secret of the second factors\n")
    run("backup", shelf, "--recipient", keys[1], "--data", data, "--with-keys")
    made = _one(shelf)
    code, out, _err = run("restore", made, "--identity", keys[0], "--data", tmp_path / "new")
    assert (code, "put ledger.key back" in out) == (0, False)
    for name in ("ledger.key", "account.key"):
        assert (tmp_path / "new" / name).read_bytes() == (data / name).read_bytes()
        assert (tmp_path / "new" / name).stat().st_mode & 0o077 == 0
    assert run("rebuild", "--check", "--data", tmp_path / "new")[0] == 0


def test_the_server_takes_the_notes_in_once(run: Run, house: Archive, data: Path, shelf: Path) -> None:
    run("backup", shelf, "--data", data)
    database = house.books.database
    again = (data / noted.NOTED).read_text(encoding="utf-8")
    assert noted.take_in(data, database, NOW) == 2
    # The server died between the database and the file.
    (data / f"{noted.NOTED}.taken").write_text(again + '{"kind": "backup_ma', encoding="utf-8")
    noted.take_in(data, database, NOW + 1)
    with database.reading() as connection:
        found = audit.events(connection, kinds=noted.KINDS)
    assert sorted(event.kind for event in found) == ["backup_made", "backup_rehearsed"]
    assert found[0].detail["name"] == _one(shelf).name
    assert not list(data.glob("backups.noted*"))


def test_a_tampered_database_is_not_backed_up_as_if_it_were_sound(
    run: Run, house: Archive, data: Path, shelf: Path
) -> None:
    house.books.database.close()
    with sqlite3.connect(data / "custody.sqlite") as raw:
        raw.execute("UPDATE entry SET body = replace(body, 'YS-', 'YT-') WHERE sequence = 40")
    raw.close()
    code, _out, err = run("backup", shelf, "--data", data)
    assert (code, "broken" in err) == (1, True)
    assert list(shelf.glob("custody-*")) == []
