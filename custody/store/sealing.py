"""Sealing: the logs' rows up to now are hashed in a batch, and the hash is entered in the ledger.

Done by the schedule, and before every checkpoint that it signs; never inside another act. What was written since the
last seal is not yet protected.
"""

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from custody.access import INSTALLATION
from custody.entries.trust import LogSealed
from custody.store import covered
from custody.store import schema as t
from custody.store.books import Books, lock_ledger
from custody.store.covered import Cover
from custody.store.seals import SEAL_COLUMNS, Digest, last_sealed, rows_of

LOCK_WAIT_MILLISECONDS = 400
"""Below PostgreSQL's deadlock_timeout (1 s): where a log's writer waits for the ledger, the seal gives up."""
LOCK_NOT_AVAILABLE = "55P03"
ROWS_AT_ONCE = 10_000
"""So many rows of one log go into one seal: the ledger is held for less than a second."""


def seal(books: Books) -> int:
    """Seal every log up to now; how many seals were made.

    Where there is much to seal it is done in several acts, so that nobody waits long for the ledger. Where somebody
    was writing for too long it is given up: the next time will do. Nothing new: nothing is entered.
    """
    made = 0
    while True:
        count, more = _seal(books)
        made += count
        if not more:
            return made


def _seal(books: Books) -> tuple[int, bool]:
    """One act of seals: how many there are in it, and whether a log has more."""
    try:
        with books.database.writing() as connection:
            _hold(connection, books.database.dialect)
            news = ((one, _new(connection, one, books.nonce())) for one in covered.sealed())
            found = [(one, made) for one, made in news if made is not None]
            if all(one.lazy for one, _made in found):
                return 0, False
            facts = [fact for _one, (fact, _salt) in found]
            receipt = books.enter(INSTALLATION, facts, act="seal", connection=connection)
            rows = [
                {name: getattr(fact, name) for name in SEAL_COLUMNS} | {"sequence": receipt.first + at, "salt": salt}
                for at, (_one, (fact, salt)) in enumerate(found)
            ]
            connection.execute(t.SEAL.insert(), rows)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            return 0, False
        raise
    return len(found), any(fact.count == ROWS_AT_ONCE for fact in facts)


def _hold(connection: Connection, dialect: str) -> None:
    """Let nobody write: the ledger first, then the logs. A row with a lower key may be committed later than one with
    a higher on PostgreSQL; whoever has begun to write a log is waited for.
    """
    if dialect != "postgresql":
        return  # one writer
    connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_WAIT_MILLISECONDS}"))
    lock_ledger(connection)
    names = ", ".join(f'"{one.table}"' for one in covered.sealed())
    connection.execute(text(f"LOCK TABLE {names} IN SHARE MODE"))


def _new(connection: Connection, one: Cover, salt: str) -> tuple[LogSealed, str] | None:
    """The seal over what is new in a log, with its salt; None where nothing is."""
    digest = Digest(one, salt)
    for row in rows_of(connection, one, last_sealed(connection, one), ROWS_AT_ONCE):
        digest.add(row)
    return (digest.fact(), salt) if digest.count else None
