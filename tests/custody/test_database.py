"""The door to the database: migrations, one writer, readers that cannot write."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlmodel import SQLModel

import api.import_records
import api.saved_views
import api.tables
import reconcile.store.tables
from custody.database import (
    Database,
    DatabaseError,
    DatabaseInUse,
    DatabaseTooNew,
    DatabaseTooOld,
    ReadOnly,
)
from tests.durability import AS_SHIPPED

DECLARED = (api.import_records, api.saved_views, api.tables, reconcile.store.tables)


def test_the_migrated_schema_is_that_of_the_models(database: Database) -> None:
    """Columns, types, keys, constraints and indexes: nothing to add, nothing to remove."""
    assert DECLARED
    with database.writing() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_partial_indexes_and_checks_of_the_models_are_in_the_database(database: Database) -> None:
    """What the comparison above does not look at: conditions of indexes, and checks, are tried instead."""
    account = "INSERT INTO account (person, family, password_hash, disabled, language, created_at) VALUES "
    grant = "INSERT INTO role_grant (person, family, role) VALUES "
    finding = (
        "INSERT INTO finding (number, kind, about, urgency, happened_at, opened_at, open, state, resolution, evidence)"
        " VALUES "
    )
    with database.writing() as connection:
        connection.execute(text(account + "(1, 'administrator', '', false, 'zh', 0)"))
        connection.execute(text(grant + "(1, 'administrator', 'auditor')"))
        connection.execute(text(finding + "('F1', 'missing', 'carrier:1', 0, 0, 0, false, 'cleared', '', '{}')"))
        connection.execute(text(finding + "('F2', 'missing', 'carrier:1', 0, 0, 0, true, 'open', '', '{}')"))
    for statement in (
        account + "(2, 'both', '', false, 'zh', 0)",
        grant + "(1, 'administrator', 'security_administrator')",
        grant + "(1, 'administrator', 'clerk')",
        grant + "(1, 'business', 'clerk')",
        finding + "('F3', 'missing', 'carrier:1', 0, 0, 0, true, 'open', '', '{}')",
    ):
        with pytest.raises(IntegrityError), database.writing() as connection:
            connection.execute(text(statement))


def test_migrating_twice_changes_nothing(database: Database) -> None:
    database.migrate()
    database.check_migrated()


def test_a_database_of_a_later_version_is_refused_and_left_alone(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNew, match="9999"):
        database.migrate()
    with pytest.raises(DatabaseTooNew):
        database.check_migrated()
    with database.reading() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"


def test_an_empty_database_is_told_to_be_migrated(tmp_path: Path) -> None:
    with Database.open(f"sqlite:///{tmp_path}/new.db") as database, pytest.raises(DatabaseTooOld, match="migrate"):
        database.check_migrated()


def test_an_exception_rolls_everything_back(database: Database) -> None:
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(text("INSERT INTO setting (name, value) VALUES ('a', 'b'), ('c', 'd'), ('a', 'e')"))
    with pytest.raises(LookupError), database.writing() as connection:
        _write_and_fail(connection)
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM setting")).scalar_one() == 0


def _write_and_fail(connection: Connection) -> None:
    connection.execute(text("INSERT INTO setting (name, value) VALUES ('a', 'b')"))
    raise LookupError


def test_a_reading_transaction_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError), database.reading() as connection:
        connection.execute(text("INSERT INTO setting (name, value) VALUES ('a', 'b')"))


def test_a_reading_transaction_is_of_one_moment(database: Database) -> None:
    count = text("SELECT count(*) FROM setting")
    with database.reading() as reader:
        assert reader.execute(count).scalar_one() == 0
        with database.writing() as writer:
            writer.execute(text("INSERT INTO setting (name, value) VALUES ('a', 'b')"))
        assert reader.execute(count).scalar_one() == 0
    with database.reading() as reader:
        assert reader.execute(count).scalar_one() == 1


def test_read_only_reads_and_refuses_to_write(database: Database, database_url: str) -> None:
    with Database.open(database_url, read_only=True) as reader:
        assert reader.read_only
        with reader.reading() as connection:
            assert connection.execute(text("SELECT size FROM ledger_state")).scalar_one() == 0
        with pytest.raises(ReadOnly, match="running server"), reader.writing():
            pass


def test_a_second_writer_of_a_file_is_refused_until_the_first_is_gone(new_sqlite: Callable[[], str]) -> None:
    url = new_sqlite()
    with Database.open(url), pytest.raises(DatabaseInUse, match="stop the server"):
        Database.open(url)
    with Database.open(url) as again:
        again.check_migrated()


def test_a_closed_file_is_whole_in_itself(new_sqlite: Callable[[], str], tmp_path: Path) -> None:
    url = new_sqlite()
    with Database.open(url) as database:
        with database.reading() as connection:
            assert connection.execute(text("SELECT size FROM ledger_state")).scalar_one() == 0
        with database.writing() as connection:
            connection.execute(text("UPDATE ledger_state SET size = 7"))
    shutil.copyfile(url.removeprefix("sqlite:///"), tmp_path / "alone.db")
    with Database.open(f"sqlite:///{tmp_path / 'alone.db'}", read_only=True) as copy, copy.reading() as connection:
        assert connection.execute(text("SELECT size FROM ledger_state")).scalar_one() == 7


def test_one_thread_does_not_wait_for_itself(new_sqlite: Callable[[], str]) -> None:
    with (
        Database.open(new_sqlite()) as database,
        database.writing(),
        pytest.raises(RuntimeError, match="hand its connection on"),
        database.writing(),
    ):
        pass


def test_an_acknowledged_row_survives_a_power_cut_by_the_settings_of_sqlite(
    new_sqlite: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custody.database._PRAGMAS_WRITING", AS_SHIPPED)
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "trusted_schema": 0}
    with Database.open(new_sqlite()) as database, database.writing() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in wanted}
        assert found == wanted


def test_a_write_takes_the_lock_at_its_beginning(new_sqlite: Callable[[], str]) -> None:
    """BEGIN IMMEDIATE: another writer waits at its start, not in the middle of its work."""
    import sqlite3

    url = new_sqlite()
    with Database.open(url) as database, database.writing():
        other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "no database URL"),
        ("mysql://root@localhost/x", "not supported"),
        ("sqlite://", "keeps nothing"),
        ("sqlite:////nowhere/at/all/a.db", "no folder"),
    ],
)
def test_a_url_that_cannot_be_used_says_why(url: str, message: str) -> None:
    with pytest.raises(DatabaseError, match=message):
        Database.open(url)


def test_a_missing_file_is_not_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="custody init"):
        Database.open(f"sqlite:///{tmp_path}/none.db", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(DatabaseError) as caught:
        Database.open("postgresql://someone:s3cret@127.0.0.1:1/none")
    assert "127.0.0.1:1" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert isinstance(caught.value.__cause__, OperationalError)
