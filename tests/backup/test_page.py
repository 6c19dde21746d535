"""What the system administrator sees of backups, and is told when the last good one is too old."""

from pathlib import Path

import pytest

from custody.access import Role
from custody.database import Database
from custody.store import accounts, audit
from custody.store.backup.standing import standing
from custody.values import DAY, SECOND
from reconcile.reminders import send_reminders
from reconcile.store import notices
from tests.builders import NOW, PEOPLE, SCHEME, Archive, subject
from tests.web.front import a_front

HOUR = 3_600 * SECOND
ADMIN = subject("admin", Role.SYSTEM_ADMINISTRATOR)


def _made(database: Database, at: int, name: str = "custody-a.backup.age") -> None:
    detail: audit.Detail = {
        "name": name,
        "size": 7,
        "rows": 9,
        "bytes": 1_234_567,
        "sha256": name,
        "recipients": 1,
        "deleted": 0,
    }
    with database.writing() as connection:
        audit.note(connection, "backup_made", at, detail=detail)


def _tried(database: Database, at: int, problems: int, name: str = "custody-a.backup.age") -> None:
    detail: audit.Detail = {"name": name, "size": 7, "sha256": name, "problems": problems}
    with database.writing() as connection:
        audit.note(connection, "backup_rehearsed", at, detail=detail)


def _state(database: Database, at: int) -> str:
    with database.reading() as connection:
        return standing(connection, SCHEME, at).state


def test_how_it_stands_follows_from_what_was_done(sqlite_archive: Archive) -> None:
    database = sqlite_archive.books.database
    assert _state(database, NOW) == "none"
    _made(database, NOW)
    assert _state(database, NOW + 47 * HOUR) == "ok"
    assert _state(database, NOW + 49 * HOUR) == "old"
    _tried(database, NOW + HOUR, 2)
    assert _state(database, NOW + 2 * HOUR) == "bad"
    _made(database, NOW + 3 * HOUR, "custody-b.backup.age")
    # The one that was not good is no backup: the next one is, until it too is tried.
    assert _state(database, NOW + 4 * HOUR) == "bad"
    _tried(database, NOW + 5 * HOUR, 0, "custody-b.backup.age")
    assert _state(database, NOW + 6 * HOUR) == "ok"
    with database.reading() as connection:
        found = standing(connection, SCHEME, NOW + 6 * HOUR)
    assert found.made is not None
    assert found.made.detail["name"] == "custody-b.backup.age"
    _made(database, NOW + 120 * DAY, "custody-c.backup.age")
    assert _state(database, NOW + 120 * DAY) == "untried"


def test_the_system_administrator_is_told_once_a_day_while_it_is_too_old(sqlite_archive: Archive) -> None:
    database = sqlite_archive.books.database
    with database.writing() as connection:
        accounts.create(connection, PEOPLE["admin"], "administrator", "x", NOW)
        accounts.grant(connection, PEOPLE["admin"], Role.SYSTEM_ADMINISTRATOR)
        accounts.create(connection, PEOPLE["clerk"], "business", "x", NOW)
        accounts.grant(connection, PEOPLE["clerk"], Role.CLERK)
    for at, sent in ((NOW + 47 * HOUR, 0), (NOW + 49 * HOUR, 1), (NOW + 50 * HOUR, 0), (NOW + 73 * HOUR, 1)):
        before = _told(database)
        send_reminders(database, SCHEME, at)
        assert _told(database) == before + sent
    _made(database, NOW + 74 * HOUR)
    send_reminders(database, SCHEME, NOW + 100 * HOUR)
    assert _told(database) == 2


def _told(database: Database) -> int:
    with database.reading() as connection:
        return sum(one.kind == "backup_old" for one in notices.inbox(connection, ADMIN))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_shows_the_last_one_and_no_business_data(
    sqlite_archive: Archive, tmp_path: Path, language: str
) -> None:
    database = sqlite_archive.books.database
    sqlite_archive.carrier(title="远山九号")
    front = a_front(sqlite_archive, tmp_path)
    admin = front.signed_in("admin", language)
    empty = admin.get("/backups")
    assert {"en": "there has never been one", "zh": "从未备份"}[language] in empty.text
    _made(database, NOW)
    _tried(database, NOW, 3)
    text = admin.get("/backups").text
    assert "custody-a.backup.age" in text
    assert "1.2 MB" in text or "1 MB" in text
    assert {"en": "3 things are wrong in it", "zh": "发现 3 处问题"}[language] in text
    assert "远山九号" not in text
    for who in ("clerk", "secrecy", "he"):
        assert front.signed_in(who).get("/backups").status_code == 403
