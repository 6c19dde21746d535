"""The walls of the engines: a query that forgets its condition gives nobody more than he may see; it fails closed."""

import ast
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from random import Random

import psycopg
import pytest
from sqlalchemy import Connection, make_url, select, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlmodel import SQLModel

import api
from api import store
from api.store import Session
from custody.access import ADMINISTRATORS, Grant, Role, Subject, may
from custody.access import Permission as P
from custody.database import Database, DatabaseError, ReadOnly
from custody.ledger import LedgerKey
from custody.store import queries
from custody.store import schema as t
from custody.store.books import Books
from custody.store.walls import NOBODY, wall_of
from custody.store.walls.rules import CLOSED, NEVER, OPEN, WALLED
from custody.values import DAY
from reconcile import rounds as sweeps
from reconcile.store import deliveries, digests, messages
from reconcile.store.core import CURSOR, DOOR_ALARM, SIGHTING, STAY
from tests.builders import CLERK, NOW, PEOPLE, SCHEME, SHELF, Archive, an_archive, books_on, epc_of, subject
from tests.conftest import ENGINES
from tests.trust.full_house import a_full_house
from tests.trust.walls_expected import SEEN, Everything, Sees, everything, key_of

HOUSE_SUBJECTS = (
    CLERK,
    subject("chen", Role.BORROWER),
    subject("sun", Role.BORROWER),
    subject("clerk", Grant(Role.CLERK, 3)),
    subject("manager", Grant(Role.MANAGER, 4)),
    subject("secrecy", Role.SECRECY_OFFICE),
    subject("secretary", Role.MEETING_SECRETARY),
    subject("leader", Role.LEADER),
    subject("admin", Role.SYSTEM_ADMINISTRATOR),
    subject("admin", Role.SECURITY_ADMINISTRATOR),
    subject("admin", Role.AUDITOR),
    subject("ma"),
)


@pytest.fixture(scope="module", params=ENGINES)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """The full house, one for all: nothing is written in it."""
    folder = tmp_path_factory.mktemp("house")
    make: Callable[[], str] = request.getfixturevalue(f"new_{request.param.replace('postgresql', 'postgres')}")
    with Database.open(make()) as database:
        books = a_full_house(database, LedgerKey.load_or_create(folder / "ledger.key", SCHEME.ledger_origin))
        _of_all_kinds(Archive(books, count(700)))
        yield books


def _of_all_kinds(archive: Archive) -> None:
    """Carriers that some see and others do not, what was heard of them, and who has a session with a search."""
    scopes = [("all",), ("unit:4",), ("post:core",), (f"person:{PEOPLE['chen']}",)]
    levels = ["internal", "confidential", "secret", "top_secret"]
    made = [
        archive.carrier(level=level, scope=scopes[(at + more) % 4], unit=2 + (at + more) % 3)
        for at, level in enumerate(levels)
        for more in range(2)
    ]
    archive.borrow(made[0], "chen")
    with archive.books.database.writing() as connection:
        epcs = list(connection.execute(select(t.TAG.c.epc).where(t.TAG.c.carrier.in_(made))).scalars())
        for number, epc in enumerate([*epcs, epc_of(999_999)]):
            heard = {"epc": epc, "reader": "r", "antenna": 1}
            row = heard | {"source": 900, "sequence": number, "first_at": NOW, "last_at": NOW, "count": 1}
            connection.execute(SIGHTING.insert().values(row | {"received_at": NOW}))
            row = {"place": SHELF, "since_at": NOW, "until_at": NOW, "reads": 1, "direction": "", "evidence": "{}"}
            connection.execute(STAY.insert().values(heard | row))
            said = {"direction": "out", "score": 0.9, "level": "alarm", "reason": "not_listed", "door_list": 1}
            of = {"source": 1, "sequence": number, "reader": "r", "portal": "west", "epc": epc, "at": NOW}
            connection.execute(
                DOOR_ALARM.insert().values(of | said | {"outputs": "", "parts": "{}", "received_at": NOW})
            )
        for fold in ("presence", "another"):
            connection.execute(CURSOR.insert().values(name=fold, position=1))
        for name in ("chen", "ma"):
            messages.set_address(connection, PEOPLE[name], f"{name}@archive.lan", NOW)
            digests.keep(connection, [(PEOPLE[name], 1, "[]")], "2026-11-20", NOW)
            _delivered(connection, PEOPLE[name])
            session = Session(f"{name}-hash", PEOPLE[name], NOW, NOW, NOW + DAY, None, "token", "", "")
            store.add_session(connection, session)
            store.keep_search(connection, session.token_hash, "1", {"text": "甲"})


@pytest.fixture(scope="module")
def whole(house: Books) -> Everything:
    """Everything that is in it."""
    with house.database.reading() as connection:
        return everything(connection)


def random_subjects(whole: Everything, number: int) -> Iterator[Subject]:
    """People of all kinds: any role, clearance, reach, scope and part."""
    chance = Random(20261120)
    units = sorted(row.id for row in whole.rows["unit"])
    principals = sorted({row.principal for row in whole.rows["carrier_scope"]} | {"post:core", "unit:5"})
    for _ in range(number):
        roles = chance.sample([role for role in Role if role not in ADMINISTRATORS], chance.randint(0, 2))
        reach = None if chance.random() < 0.3 else frozenset(chance.sample(units, chance.randint(0, len(units))))
        yield Subject(
            person=chance.choice(sorted(PEOPLE.values())),
            name="",
            grants=tuple(Grant(role) for role in roles),
            clearance_rank=chance.randint(-1, 3),
            principals=frozenset(chance.sample(principals, chance.randint(0, len(principals)))),
            reach=reach,
            matters=frozenset(chance.sample(sorted(whole.matters), min(len(whole.matters), chance.randint(0, 2)))),
        )


def _delivered(connection: Connection, person: int) -> None:
    """A report that somebody has delivered, and one that was made."""
    wanted = deliveries.Subscription(
        person=person,
        report="overdue",
        days=90,
        unit=None,
        titles=True,
        every="daily",
        on_day=0,
        hour=8,
        language="zh",
        created_at=NOW,
    )
    number = deliveries.subscribe(connection, wanted)
    deliveries.keep(connection, replace(wanted, id=number), "2026-11-20", NOW, b"workbook", 1)


def keys(connection: Connection, table: str) -> set[tuple[object, ...]]:
    """The keys of all rows that a bare query finds."""
    of = SQLModel.metadata.tables[table]
    return {tuple(row) for row in connection.execute(select(*of.primary_key.columns))}


def test_every_table_is_walled_open_or_closed() -> None:
    tables = {**SQLModel.metadata.tables, "alembic_version": None}
    named = [*WALLED, *OPEN, *CLOSED]
    assert len(named) == len(set(named))
    assert set(named) == set(tables)
    assert set(SEEN) == set(WALLED)
    for table, columns in NEVER.items():
        assert table in {*WALLED, *OPEN}
        assert columns <= set(SQLModel.metadata.tables[table].c.keys())


def test_a_query_that_forgets_its_condition_gives_what_the_pure_rules_allow(house: Books, whole: Everything) -> None:
    subjects = [*HOUSE_SUBJECTS, *random_subjects(whole, 30)]
    hid: dict[str, int] = dict.fromkeys(WALLED, 0)
    gave: dict[str, int] = dict.fromkeys(WALLED, 0)
    for who in subjects:
        session = f"{'chen' if who.person == PEOPLE['chen'] else 'ma'}-hash"
        judge = Sees(whole, who, session)
        with house.database.reading(wall_of(who, session)) as connection:
            for table, is_seen in SEEN.items():
                found = keys(connection, table)
                wanted = {key_of(table, row) for row in whole.rows[table] if is_seen(judge, row)}
                assert found == wanted, (table, who)
                gave[table] += len(wanted)
                hid[table] += len(whole.rows[table]) - len(wanted)
    # Nothing was shown by there being nothing: every table has rows that were given, and rows that were hidden.
    assert [table for table, number in gave.items() if not number] == []
    assert [table for table, number in hid.items() if not number] == []


def test_nobody_sees_nothing_and_closed_tables_cannot_be_read(house: Books) -> None:
    always = {"counter", "cursor"}
    with house.database.reading(NOBODY) as connection:
        assert {table for table in WALLED if keys(connection, table)} <= always
    denied = [f"SELECT 1 FROM {table}" for table in CLOSED]
    denied += [f"SELECT {column} FROM {table}" for table, columns in NEVER.items() for column in columns]
    for statement in denied:
        denied_as = pytest.raises(DBAPIError, match=r"prohibited|not authorized|permission denied")
        with house.database.reading(wall_of(subject("admin", Role.AUDITOR))) as connection, denied_as:
            connection.execute(text(statement)).all()


def test_the_queries_of_the_books_find_the_same_behind_the_wall(house: Books) -> None:
    for who in HOUSE_SUBJECTS:
        found = []
        for wall in (None, wall_of(who)):
            with house.database.reading(wall) as connection:
                found.append(
                    (
                        queries.carriers(connection, who),
                        queries.status_counts(connection, who),
                        queries.matters(connection, who),
                        queries.latest_entries(connection, who, 1_000),
                        queries.carriers(connection, who, queries.CarrierFilter(text="YS")),
                    )
                )
        assert found[0] == found[1]


def test_the_wall_stands_for_one_transaction_and_one_person(house: Books, whole: Everything) -> None:
    """Readers in turn and at once, some of which fail: nobody is ever answered as another."""
    who = HOUSE_SUBJECTS[:8]
    wanted = {one: {(carrier,) for carrier in Sees(whole, one).carriers} for one in who}
    assert len({frozenset(found) for found in wanted.values()}) > 3
    wrong: list[str] = []

    def read(seed: int) -> None:
        chance = Random(seed)
        for _ in range(12):
            one, other = chance.choice(who), chance.choice(who)
            try:
                with house.database.reading(wall_of(one)) as connection:
                    with house.database.reading(wall_of(other)) as inner:
                        if keys(inner, "carrier") != wanted[other]:
                            wrong.append("inner")
                    if chance.random() < 0.3:
                        raise KeyError
                    if keys(connection, "carrier") != wanted[one]:
                        wrong.append("outer")
            except KeyError:
                continue

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    with house.database.reading() as connection:
        assert keys(connection, "carrier") == {(one,) for one in whole.states}


def test_a_sweep_that_expects_what_is_out_of_scope_is_hidden(sqlite_archive: Archive) -> None:
    """In nobody's hand, within the clearance, and in a scope that does not name the person: hidden all the same."""
    books = sqlite_archive.books
    sqlite_archive.carrier(level="confidential", scope=(f"person:{PEOPLE['chen']}",), unit=2)
    number = sweeps.open_round(books.database, books, CLERK, SHELF, NOW)
    other = replace(subject("sun", Grant(Role.SECRECY_OFFICE, 4)), clearance_rank=3)
    for wall in (None, wall_of(other)):
        with books.database.reading(wall) as connection:
            assert sweeps.rounds(connection, other, None, None).items == ()
            assert [row.number for row in sweeps.rounds(connection, CLERK, None, None).items] == (
                [] if wall else [number]
            )


# SQLite: nothing goes past the views.


PAST_THE_VIEWS = (
    "SELECT * FROM main.carrier",
    "SELECT count(*) FROM main.carrier",
    "SELECT 1 FROM main.entry",
    "WITH carrier AS (SELECT * FROM main.carrier) SELECT * FROM carrier",
    "SELECT * FROM (SELECT id FROM main.carrier) carrier",
    "SELECT (SELECT title FROM main.carrier WHERE id = 1)",
    "SELECT id FROM carrier UNION SELECT id FROM main.carrier",
    "SELECT sql FROM sqlite_temp_master",
    "SELECT sql FROM temp.sqlite_schema",
    "SELECT sql FROM main.sqlite_master",
    "SELECT * FROM pragma_table_info('carrier')",
    "PRAGMA table_info(carrier)",
    "PRAGMA query_only=OFF",
    "DROP VIEW temp.carrier",
    "CREATE TEMP VIEW mine AS SELECT * FROM main.carrier",
    "CREATE TEMP TABLE mine AS SELECT 1",
    "INSERT INTO main.carrier SELECT * FROM carrier",
    "UPDATE main.carrier SET title = ''",
    "DELETE FROM main.entry",
    "ATTACH ':memory:' AS other",
    "ANALYZE",
    "SELECT load_extension('x')",
)
"""Ways of asking for more than the views give."""


def test_on_sqlite_no_sql_gets_past_the_views(sqlite_archive: Archive) -> None:
    sqlite_archive.carrier(level="secret")
    for statement in PAST_THE_VIEWS:
        denied = pytest.raises(DBAPIError, match=r"prohibited|not authorized")
        with sqlite_archive.books.database.reading(wall_of(subject("chen", Role.BORROWER))) as connection, denied:
            connection.execute(text(statement)).all()


def test_on_sqlite_no_query_is_explained(sqlite_archive: Archive) -> None:
    """The plan would tell what the views are called that read the tables."""
    for statement in ("EXPLAIN SELECT 1 FROM carrier", " /* x */ EXPLAIN QUERY PLAN SELECT 1 FROM carrier"):
        with sqlite_archive.books.database.reading(wall_of(CLERK)) as connection, pytest.raises(ReadOnly):
            connection.execute(text(statement))


def test_on_sqlite_the_views_use_the_indexes(sqlite_archive: Archive) -> None:
    """One carrier, its tags and entries, its matters: looked up, not searched for."""
    database = sqlite_archive.books.database
    sqlite_archive.carrier()
    asked = (
        "SELECT * FROM carrier WHERE id = 1",
        "SELECT * FROM carrier WHERE control_number = 'x' AND copy_number = 1",
        "SELECT * FROM tag WHERE epc = 'x'",
        "SELECT body FROM entry WHERE carrier = 1 ORDER BY sequence",
        "SELECT f.number FROM finding f LEFT JOIN carrier c ON c.id = f.carrier WHERE f.number = 'x'",
        "SELECT * FROM presence WHERE epc = 'x'",
    )
    with database.reading(wall_of(CLERK)) as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        for statement in asked:
            plan = [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}")]
            assert [line for line in plan if line.startswith("SCAN main.")] == [], statement


# PostgreSQL.


@pytest.fixture
def owned(new_postgres: Callable[[], str], postgres_server: str) -> Iterator[str]:
    """URL of an empty database whose owner is no superuser and may make no roles."""
    at = make_url(postgres_server)
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute("DROP DATABASE IF EXISTS walls_owned")
        server.execute("DROP ROLE IF EXISTS walls_owner")
        server.execute("CREATE ROLE walls_owner LOGIN")
        server.execute("CREATE DATABASE walls_owned OWNER walls_owner")
    yield at.set(database="walls_owned", username="walls_owner").render_as_string(hide_password=False)
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute("DROP DATABASE walls_owned WITH (FORCE)")
        server.execute("DROP ROLE walls_owner")


def test_an_owner_who_is_no_superuser_is_told_what_to_run_and_is_then_walled(owned: str, postgres_server: str) -> None:
    with Database.open(owned) as database:
        with pytest.raises(DatabaseError, match='GRANT custody_wall TO "walls_owner"'):
            database.migrate()
        with pytest.raises(DBAPIError), database.reading() as connection:
            connection.execute(text("SELECT 1 FROM carrier"))  # nothing was migrated half
        with psycopg.connect(postgres_server, autocommit=True) as server:
            server.execute('GRANT custody_wall TO "walls_owner"')
        database.migrate()
        database.migrate()
        archive = an_archive(books_on(database))
        secret, plain = archive.carrier(level="secret"), archive.carrier(level="internal", scope=("all",))
        archive.borrow(plain, "chen")
        with database.reading(wall_of(subject("ma", Role.BORROWER))) as connection:
            assert keys(connection, "carrier") == {(plain,)}
            assert connection.execute(text("SELECT current_user")).scalar_one() == "custody_wall"
        with database.reading() as connection:
            assert keys(connection, "carrier") == {(secret,), (plain,)}


def test_on_postgresql_nothing_of_the_wall_outlives_its_transaction(new_postgres: Callable[[], str]) -> None:
    with Database.open(new_postgres()) as database:
        archive = an_archive(books_on(database))
        archive.carrier(level="secret")
        with database.reading(wall_of(CLERK)) as connection:
            assert connection.execute(text("SELECT current_user")).scalar_one() == "custody_wall"
            connection.commit()
            with pytest.raises(InvalidRequestError):
                connection.execute(text("SELECT 1"))  # nothing more is read on it
        for _ in range(3):
            with database.reading() as connection:
                left = connection.execute(text("SELECT current_setting('custody.wall', true), current_user")).one()
            assert left[0] in (None, "")
            assert left[1] != "custody_wall"


def test_on_postgresql_no_function_and_no_error_tells_what_is_hidden(new_postgres: Callable[[], str]) -> None:
    with Database.open(new_postgres()) as database:
        archive = an_archive(books_on(database))
        archive.carrier(level="secret", title="不可见")
        with database.reading(wall_of(subject("ma", Role.BORROWER))) as connection:
            # Asked of the hidden row it would divide by nought.
            oracle = "SELECT id FROM carrier WHERE 1 / (CASE WHEN title = '不可见' THEN 0 ELSE 1 END) = 1"
            assert connection.execute(text(oracle)).all() == []
            for helper in ("named", "part", "sweep"):
                assert connection.execute(text(f"SELECT count(*) FROM custody_wall.{helper}")).scalar_one() == 0
        for change in ("UPDATE carrier SET title = ''", "DELETE FROM entry", "CREATE TABLE mine (x int)"):
            with database.reading(wall_of(CLERK)) as connection, pytest.raises(DBAPIError):
                connection.execute(text(change))


# The faces read through the wall.

WITHOUT = {
    "api/rest/by_device.py": "a device's token; nobody is there yet",
    "api/rest/witness.py": "a witness's token, then hashes only",
    "api/web/visit.py": "who it is must be known before he can stand before a wall; the health of machines",
    "api/web/events.py": "the same, of a stream that is open",
    "api/web/balance.py": "where the ledger stood on a day: a number",
    "api/web/business/approvals.py": "what waits for a deputy is hidden from him but for this",
    "api/web/business/loading.py": "the same",
    "api/web/own_account.py": "one's own second factor, whose secrets no wall lets through",
    "api/web/accounts.py": "how many sessions somebody has",
    "api/web/acts/taps.py": "what was held to a desk's reader: numbers, each then asked of the books behind the wall",
    "api/web/acts/badges.py": "the taps of the borrower's own badge",
    "api/web/proof.py": "sizes, hashes and keys",
    "api/web/backups.py": "what became of the copies, from the log",
    "api/web/system.py": "reports of what a page was refused to load, from the log",
    "api/web/audit.py": "how many refusals there were",
    "api/web/jobs.py": "what was done by the clock: figures",
    "api/web/messages.py": "one's own message of the day: counts, and one's own address",
    "api/web/setting_up.py": "how far the house is set up: counts of what there is, and whether somebody may sign in",
    "api/web/today.py": "whether those who are late on the page can be asked, and were asked by the visitor today",
    "api/web/imports.py": "the importer's own runs and kept columns",
    "api/web/meetings/handing.py": "what was held to a desk's reader: numbers, then asked of the books behind the wall",
    "api/web/meetings/showing.py": "where papers of the meeting were heard, of those that are seen",
    "api/web/meetings/sweeping.py": "whether anybody listens in a place",
    "api/web/rooms.py": "the same, and which places are stores",
}
"""Files of the faces in which something is read without a wall, and why."""


def test_the_faces_read_without_a_wall_only_where_it_is_said_why() -> None:
    root = Path(api.__file__).parent.parent
    found: dict[str, int] = {}
    for path in sorted([*root.glob("api/web/**/*.py"), *root.glob("api/rest/**/*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "reading"
                and isinstance(node.func.value, ast.Attribute)
                and node.func.value.attr == "database"
                and not node.args
            ):
                name = path.relative_to(root).as_posix()
                found[name] = found.get(name, 0) + 1
    assert found.keys() == WITHOUT.keys()
    assert sum(found.values()) <= 44


def test_who_may_see_the_ledger_sees_entries_and_no_carrier() -> None:
    assert may(subject("admin", Role.AUDITOR), P.SEE_LEDGER)
    assert not may(subject("admin", Role.AUDITOR), P.SEE_CARRIERS)
