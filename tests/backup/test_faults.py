"""What kills, full disks and other versions do to backups: never anything that looks like one and is none."""

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.cli import main
from api.installation import open_database, read_configuration
from custody.database import Database, DatabaseTooNew
from custody.store import audit, backup
from custody.store.backup import BackupFailed, container, folder, form, tables
from custody.values import DAY
from tests.backup.scene import MADE_AT, a_key, contents, make_installation
from tests.builders import an_archive, books_on

REPOSITORY = Path(__file__).resolve().parents[2]


def _nothing(_connection: object, _header: object) -> None:
    """Nothing is done besides."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with enough in it that a backup takes a moment. It is only read."""
    made = tmp_path_factory.mktemp("installation") / "data"
    make_installation(made, carriers=200)
    return made


def _killed_when(appears: Callable[[], bool], *words: object) -> int:
    """Run a command and SIGKILL it as soon as something is there; its exit code."""
    command = [sys.executable, "-m", "api.cli", *map(str, words)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not appears():
        time.sleep(0.001)
    process.kill()
    return process.wait()


@pytest.mark.process
def test_a_backup_that_is_killed_is_none_and_does_not_stand_in_the_way(data: Path, tmp_path: Path) -> None:
    parts = ".custody-*.part"
    code = _killed_when(lambda: any(tmp_path.glob(parts)), "backup", tmp_path, "--data", data)
    assert code == -signal.SIGKILL
    assert len(list(tmp_path.glob(parts))) == 1
    assert list(tmp_path.glob("custody-*")) == []
    assert main(["backup", str(tmp_path), "--data", str(data)]) == 0
    assert list(tmp_path.glob(parts)) == []
    assert len(list(tmp_path.glob("custody-*.backup"))) == 1


@pytest.mark.process
def test_a_restoration_that_is_killed_is_no_installation_and_can_be_done_again(data: Path, tmp_path: Path) -> None:
    key, public = str(tmp_path / "vault"), str(tmp_path / "vault.pub")
    assert main(["backup-key", key]) == 0
    assert main(["backup", str(tmp_path), "--data", str(data), "--recipient", public]) == 0
    (made,) = tmp_path.glob("custody-*.age")
    new = tmp_path / "new"
    begun = new / "custody.sqlite.restoring-wal"
    code = _killed_when(
        lambda: begun.exists() and begun.stat().st_size > 0, "restore", made, "--data", new, "--identity", key
    )
    assert code == -signal.SIGKILL
    assert not (new / "custody.toml").exists()
    assert main(["rebuild", "--check", "--data", str(new)]) == 2
    assert main(["restore", str(made), "--data", str(new), "--keys", str(data), "--identity", key]) == 0
    assert {path.name for path in new.iterdir()} == {"custody.toml", "custody.sqlite", "ledger.key", "account.key"}
    assert main(["rebuild", "--check", "--data", str(new)]) == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 kB."""
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("a small file system can be mounted by root alone")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("encrypted", [True, False], ids=["encrypted", "open"])
def test_on_a_full_disk_there_is_no_backup(
    data: Path, small_disk: Path, tmp_path: Path, encrypted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, shown = container.new_identity()
    (tmp_path / "key").write_text(shown)
    recipients = container.recipients_of(tmp_path / "key") if encrypted else []
    configuration, database = open_database(data, read_only=True)
    key = a_key(data, configuration.scheme.ledger_origin, "ledger.key")
    with database:
        with pytest.raises(BackupFailed, match=r"has 0 MB free.*make room first"), container.alone(small_disk):
            backup.make(database, key, small_disk, MADE_AT, {}, recipients)
        # There was room when it was looked for, and then there was none.
        monkeypatch.setattr(container, "require_room", lambda *_words: None)
        with pytest.raises(BackupFailed, match=os.strerror(errno.ENOSPC)), container.alone(small_disk):
            backup.make(database, key, small_disk, MADE_AT, {}, recipients)
    assert [path.name for path in small_disk.iterdir()] == [".custody-backup.lock"]
    assert secret


def test_two_backups_into_one_folder_do_not_meet(tmp_path: Path) -> None:
    with container.alone(tmp_path), pytest.raises(BackupFailed, match="under way"), container.alone(tmp_path):
        pass


def test_a_backup_of_an_older_version_is_brought_to_this_one(tmp_path: Path) -> None:
    key = a_key(tmp_path)
    with Database.open(f"sqlite:///{tmp_path}/old.sqlite") as old:
        old.migrate("0007")
        with old.writing() as connection:
            connection.exec_driver_sql("INSERT INTO setting (name, value) VALUES ('kept', '载体')")
        made = backup.make(old, key, tmp_path, MADE_AT, {})
    assert made.said.version == "0007"
    noted: list[str] = []
    with Database.open(f"sqlite:///{tmp_path}/new.sqlite") as new:
        backup.restore(made.path, [], new, lambda _connection, header: noted.append(header.version), [key.public])
        new.check_migrated()
        assert contents(new)["setting"] == [["kept", "载体"]]
    assert noted == ["0007"]


def test_a_backup_of_a_later_version_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    key = a_key(tmp_path)
    with Database.open(f"sqlite:///{tmp_path}/old.sqlite") as old, Database.open(f"sqlite:///{tmp_path}/b") as new:
        old.migrate()
        made = backup.make(old, key, tmp_path, MADE_AT, {})
        with old.reading() as connection, made.path.open("rb") as _file:
            header = replace(backup.prove(made.path, [], [key.public]), version="9999")
            later = tmp_path / "later.backup"
            rows = ((shape, tables.rows(connection, shape)) for shape in header.tables)
            container.write_file(later, form.write(header, rows, {}, key), [])
        with pytest.raises(DatabaseTooNew, match="9999"):
            backup.restore(later, [], new, _nothing, [key.public])
        assert contents(new) == {}


def test_what_retention_spares() -> None:
    """Given a backup a day for forty days and two on the last, then the newest of each day and month stay."""

    def day_of(at: int) -> str:
        return f"2026-{1 + at // DAY // 30:02d}-{1 + at // DAY % 30:02d}"

    made = [(f"d{number}", number * DAY) for number in range(40)] + [("late", 39 * DAY + 1)]
    assert folder.spared(made, day_of, 3, 0) == {"late", "d38", "d37"}
    assert folder.spared(made, day_of, 2, 2) == {"late", "d38", "d29"}
    assert folder.spared(made, day_of, 1, 9) == {"late", "d29"}
    assert folder.spared([], day_of, 1, 1) == frozenset()


def test_only_our_own_whole_backups_are_ever_deleted(tmp_path: Path) -> None:
    key = a_key(tmp_path)
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    with Database.open(f"sqlite:///{tmp_path}/a.sqlite") as database:
        database.migrate()
        made = [backup.make(database, key, shelf, MADE_AT + number * DAY, {}) for number in range(6)]
        theirs = backup.make(database, a_key(tmp_path, "custody.theirs"), shelf, MADE_AT - DAY, {})
    made[0].path.write_bytes(made[0].path.read_bytes() + b"x")
    (shelf / "custody-holiday.jpg").write_bytes(b"picture")
    unsigned = shelf / "custody-20200101T000000Z-000000001.backup"
    unsigned.write_bytes(b"whose?")
    folder.keep_rehearsal(made[2].path, folder.Rehearsal(made[2].path.name, made[2].said.sha256, MADE_AT, ()))
    states = {one.path.name: one.state for one in folder.backups(shelf, [key.public])}
    assert states[made[0].path.name] == "changed"
    assert states[theirs.path.name] == "foreign"
    assert states[unsigned.name] == "unsigned"
    gone = folder.clear(shelf, [key.public], lambda at: str(at // DAY).zfill(10), 2, 0)
    # What was changed is kept to be looked at, and the last that was tried and found good.
    assert sorted(gone) == sorted(one.path.name for one in (made[1], made[3]))
    left = {path.name for path in shelf.iterdir() if not path.name.endswith(".json")}
    kept = {made[0], made[2], made[4], made[5], theirs}
    assert left == {one.path.name for one in kept} | {unsigned.name, "custody-holiday.jpg"}


@pytest.mark.parametrize("at", ["said", "note"])
def test_what_is_said_of_a_backup_cannot_be_changed(tmp_path: Path, at: str) -> None:
    """Whoever back-dates a backup would have it deleted by the next one."""
    key = a_key(tmp_path)
    with Database.open(f"sqlite:///{tmp_path}/a.sqlite") as database:
        database.migrate()
        made = backup.make(database, key, tmp_path, MADE_AT, {})
    beside = made.path.with_name(made.path.name + ".json")
    text = beside.read_text(encoding="utf-8")
    changed = (
        text.replace(str(MADE_AT), str(MADE_AT - 900 * DAY)) if at == "said" else text.replace("\\n0\\n", "\\n7\\n")
    )
    assert changed != text
    beside.write_text(changed, encoding="utf-8")
    (found,) = folder.backups(tmp_path, [key.public])
    assert found.state == "unsigned"


def test_a_move_keeps_the_tree_and_switches_last(tmp_path: Path, new_postgres: Callable[[], str]) -> None:
    """To PostgreSQL and back by the commands: the same rows, the same tree, the old database set aside."""
    data = tmp_path / "data"
    make_installation(data)
    url = new_postgres()
    with open_database(data)[1] as embedded:
        before = contents(embedded)
        assert main(["move", "--to", url, "--data", str(data)]) == 2  # the server holds it
    assert read_configuration(data).database_url.startswith("sqlite")
    assert main(["move", "--to", url, "--data", str(data)]) == 0
    assert read_configuration(data).database_url == url
    assert main(["rebuild", "--check", "--data", str(data)]) == 0
    assert [
        path.name for path in data.glob("custody.sqlite*") if "moved" not in path.name and "lock" not in path.name
    ] == []
    with open_database(data)[1] as there:
        assert _without_log(contents(there)) == _without_log(before)
        with there.reading():
            assert main(["move", "--to", "sqlite", "--data", str(data)]) == 2  # somebody is connected
    assert main(["move", "--to", "sqlite", "--data", str(data)]) == 0
    with open_database(data)[1] as back:
        assert _without_log(contents(back)) == _without_log(before)
        with back.reading() as connection:
            moves = audit.events(connection, kinds=("moved",))
    assert [(one.detail["from"], one.detail["to"]) for one in moves] == [
        ("postgresql", "sqlite"),
        ("sqlite", "postgresql"),
    ]
    assert main(["move", "--to", url, "--data", str(data)]) == 2  # it is not empty


def _without_log(found: dict[str, object]) -> dict[str, object]:
    return {name: rows for name, rows in found.items() if name not in ("audit_event", "row_digest")}


def test_a_database_that_holds_what_it_should_not_is_not_backed_up(tmp_path: Path) -> None:
    """SQLite takes a text where a number belongs; a backup would carry it on."""
    key = a_key(tmp_path)
    path = tmp_path / "a.sqlite"
    with Database.open(f"sqlite:///{path}") as database:
        an_archive_in(database)
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE carrier SET pages = 'many' WHERE id = 1")
    raw.close()
    told = "table carrier: a value of column pages is str, not int"
    with Database.open(f"sqlite:///{path}", read_only=True) as database, pytest.raises(form.BackupBroken, match=told):
        backup.make(database, key, tmp_path, MADE_AT, {})
    assert list(tmp_path.glob("*custody-*")) == []


def an_archive_in(database: Database) -> None:
    """An archive with one carrier."""
    database.migrate()
    an_archive(books_on(database)).carriers(1)
