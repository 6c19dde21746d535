"""SQL of the faces' own tables: sessions, settings, logs of exports and prints; what signing in reads of accounts."""

import json
import os
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sqlalchemy import Connection as Connection  # what the faces hand to the stores
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import SQLModel, col

from api.saved_views import words_of_view
from api.tables import ExportLogRow, PrintLogRow, SessionRow, SettingRow
from custody.database import Database, DatabaseError
from custody.store import audit
from custody.store.acts import take_numbers
from custody.store.counters import next_of
from custody.store.covered import check
from custody.store.looks import note_looks
from custody.store.queries.activity import counted
from custody.store.tables import AccountRow, CheckpointRow, EntryRow, GrantRow, PersonRow
from custody.values import Instant
from reconcile.store.tables import PresenceRow, StayRow

SEARCHES_KEPT = 50
"""Searches a session may go back to; the oldest give way."""


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser or client. Only the hash of its token is kept; `expires_at` is its absolute end."""

    token_hash: str
    person: int
    created_at: Instant
    last_seen_at: Instant
    expires_at: Instant
    confirmed_at: Instant | None
    """When identity was last confirmed by password in this session."""
    csrf: str
    address: str
    agent: str
    means: str = "password"
    """By what it was opened: password, password_totp, password_recovery."""
    seal: str = ""
    """What only the server could have written over it: see `SessionRow`."""
    must: str = ""
    """What its person must do before anything else: choose a `password`, set up a second `factor`. Not kept."""


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account as the administrators' list shows it: no business data."""

    person: int
    number: str
    name: str
    name_en: str
    family: str
    disabled: bool
    created_at: Instant
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EntryLine:
    """An entry as the auditor sees it: what kind, when, by whom, under which act; nothing of the carrier."""

    sequence: int
    kind: str
    act: str
    by: int
    by_name: str
    by_name_en: str
    happened_at: Instant
    entered_at: Instant
    body: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed checkpoint."""

    size: int
    signed_at: Instant
    note: str


@dataclass(frozen=True, slots=True)
class Print:
    """A print of an act's form: the `number`-th of this `part`. `checkpoint` is the size of the one in its code."""

    act: str
    part: int
    number: int
    person: int
    at: Instant
    language: str
    copies: int
    lines: int
    paper_hash: str
    checkpoint: int | None


_COLUMNS = (
    col(SessionRow.token_hash),
    col(SessionRow.person),
    col(SessionRow.created_at),
    col(SessionRow.last_seen_at),
    col(SessionRow.expires_at),
    col(SessionRow.confirmed_at),
    col(SessionRow.csrf),
    col(SessionRow.address),
    col(SessionRow.agent),
    col(SessionRow.means),
    col(SessionRow.seal),
)


def add_session(connection: Connection, session: Session) -> None:
    """Keep a new session."""
    connection.execute(
        insert(SessionRow).values(
            token_hash=session.token_hash,
            person=session.person,
            created_at=session.created_at,
            last_seen_at=session.last_seen_at,
            expires_at=session.expires_at,
            confirmed_at=session.confirmed_at,
            csrf=session.csrf,
            address=session.address,
            agent=session.agent,
            means=session.means,
            seal=session.seal,
        )
    )


def session_by_hash(connection: Connection, token_hash: str) -> Session | None:
    """The session of this token's hash, ended or not."""
    row = connection.execute(select(*_COLUMNS).where(col(SessionRow.token_hash) == token_hash)).first()
    return None if row is None else Session(*row)


def sessions_of(connection: Connection, person: int) -> list[Session]:
    """A person's sessions, newest first."""
    wanted = select(*_COLUMNS).where(col(SessionRow.person) == person)
    return [Session(*row) for row in connection.execute(wanted.order_by(col(SessionRow.created_at).desc()))]


def touch_session(connection: Connection, token_hash: str, at: Instant) -> None:
    """The session was used."""
    connection.execute(update(SessionRow).where(col(SessionRow.token_hash) == token_hash).values(last_seen_at=at))


def confirm_session(connection: Connection, token_hash: str, at: Instant, seal: str) -> None:
    """Identity was confirmed again; the seal over the row is another."""
    confirmed = update(SessionRow).where(col(SessionRow.token_hash) == token_hash)
    connection.execute(confirmed.values(confirmed_at=at, seal=seal))


def end_session(connection: Connection, person: int, token_hash: str) -> bool:
    """End one session of a person, with the searches it kept; another person's stays untouched. Whether there was."""
    owned = (col(SessionRow.token_hash) == token_hash) & (col(SessionRow.person) == person)
    ended = connection.execute(delete(SessionRow).where(owned)).rowcount == 1
    if ended:
        connection.execute(delete(SettingRow).where(col(SettingRow.name).startswith(_search_prefix(token_hash))))
    return ended


def end_sessions(
    connection: Connection, person: int, *, but: str = "", at: Instant | None = None, by: int = 0, how: str = ""
) -> int:
    """End all sessions of a person (`but`: the one of this token's hash stays); how many there were.

    With `at` an audit event tells it: `how` is one of own, administrator, renewed.
    """
    ended = sum(
        end_session(connection, person, one.token_hash)
        for one in sessions_of(connection, person)
        if one.token_hash != but
    )
    if ended and at is not None:
        audit.note(connection, "session_ended", at, by=by, about=person, detail={"how": how, "sessions": ended})
    return ended


def end_expired(connection: Connection, now: Instant, idle_before: Instant) -> None:
    """Forget the sessions that have ended by time, with their searches."""
    ended = (col(SessionRow.expires_at) <= now) | (col(SessionRow.last_seen_at) < idle_before)
    gone = connection.execute(select(col(SessionRow.token_hash), col(SessionRow.person)).where(ended)).all()
    for token_hash, person in gone:
        connection.execute(delete(SettingRow).where(col(SettingRow.name).startswith(_search_prefix(token_hash))))
        audit.note(connection, "session_ended", now, about=person, detail={"how": "time", "sessions": 1})
    connection.execute(delete(SessionRow).where(ended))


def end_all_sessions(connection: Connection) -> int:
    """Nobody is signed in any more; how many sessions there were."""
    connection.execute(delete(SettingRow).where(col(SettingRow.name).startswith("search/")))
    return int(connection.execute(delete(SessionRow)).rowcount)


def accounts(connection: Connection) -> list[AccountLine]:
    """All accounts with their roles, by staff number."""
    roles: dict[int, list[str]] = {}
    for person, role in connection.execute(select(col(GrantRow.person), col(GrantRow.role))):
        roles.setdefault(person, []).append(role)
    wanted = (
        select(
            col(AccountRow.person),
            col(PersonRow.number),
            col(PersonRow.name),
            col(PersonRow.name_en),
            col(AccountRow.family),
            col(AccountRow.disabled),
            col(AccountRow.created_at),
        )
        .join(PersonRow, col(PersonRow.id) == col(AccountRow.person))
        .order_by(col(PersonRow.number))
    )
    return [AccountLine(*row, roles=tuple(sorted(roles.get(row[0], ())))) for row in connection.execute(wanted)]


def search_name(now: Instant) -> str:
    """A new short name of a search: ordered by time, and not to be guessed."""
    return f"{now:x}{secrets.token_hex(2)}"


def _search_prefix(token_hash: str) -> str:
    return f"search/{token_hash}/"


def keep_search(connection: Connection, token_hash: str, name: str, query: Mapping[str, str]) -> None:
    """Keep a search of a session under a short name, so that its words stand in no address."""
    prefix = _search_prefix(token_hash)
    connection.execute(insert(SettingRow).values(name=prefix + name, value=json.dumps(dict(query), ensure_ascii=False)))
    kept = select(col(SettingRow.name)).where(col(SettingRow.name).startswith(prefix))
    names = list(connection.execute(kept.order_by(col(SettingRow.name).desc())).scalars())
    for old in names[SEARCHES_KEPT:]:
        connection.execute(delete(SettingRow).where(col(SettingRow.name) == old))


def kept_search(connection: Connection, token_hash: str, name: str) -> dict[str, str] | None:
    """The search of this name: of this session only; `v<id>`: of a view that its person keeps."""
    view = name[1:] if name.startswith("v") else ""
    if view.isascii() and view.isdecimal() and len(view) <= 18:
        mine = select(col(SessionRow.person)).where(col(SessionRow.token_hash) == token_hash)
        person = connection.execute(mine).scalar_one_or_none()
        return None if person is None else words_of_view(connection, person, int(view))
    wanted = select(col(SettingRow.value)).where(col(SettingRow.name) == _search_prefix(token_hash) + name)
    value = connection.execute(wanted).scalar_one_or_none()
    return None if value is None else {str(k): str(v) for k, v in json.loads(value).items()}


def searches_of(connection: Connection, token_hash: str, limit: int) -> list[tuple[str, str]]:
    """Names and words of the session's last searches of the whole house, the newest first, each of its words once."""
    prefix = _search_prefix(token_hash)
    kept = select(col(SettingRow.name), col(SettingRow.value)).where(col(SettingRow.name).startswith(prefix))
    found: dict[str, str] = {}
    for name, value in connection.execute(kept.order_by(col(SettingRow.name).desc())):
        query = json.loads(value)
        if query.get("of") == "house":
            found.setdefault(str(query["text"]), name.removeprefix(prefix))
    return [(name, text) for text, name in list(found.items())[:limit]]


@dataclass(frozen=True, slots=True)
class Export:
    """That somebody took data out, or printed it. `filters`: JSON of what was asked for, never a title or a name."""

    id: int
    person: int
    at: Instant
    name: str
    filters: str
    rows: int


def log_export(connection: Connection, person: int, at: Instant, name: str, filters: str, rows: int) -> int:
    """Record that somebody took data out (clause 7, rule 8); gives the record's number."""
    values = {"person": person, "at": at, "name": name, "filters": filters, "rows": rows}
    made = connection.execute(insert(ExportLogRow).values(values).returning(col(ExportLogRow.id))).scalar_one()
    assert made is not None
    return made


def export_of(connection: Connection, number: int) -> Export | None:
    """One record of an export."""
    columns = [col(getattr(ExportLogRow, name)) for name in Export.__slots__]
    row = connection.execute(select(*columns).where(col(ExportLogRow.id) == number)).first()
    return None if row is None else Export(*row)


def exports(
    connection: Connection, units: Collection[int] | None, before: int | None = None, limit: int = 100
) -> list[Export]:
    """The log of exports, the newest first: of everybody, or (`units`) of the persons of these units."""
    columns = [col(getattr(ExportLogRow, name)) for name in Export.__slots__]
    query = select(*columns).order_by(col(ExportLogRow.id).desc()).limit(limit)
    if before is not None:
        query = query.where(col(ExportLogRow.id) < before)
    if units is not None:
        people = select(col(PersonRow.id)).where(col(PersonRow.unit).in_(sorted(units)))
        query = query.where(col(ExportLogRow.person).in_(people))
    return [Export(*row) for row in connection.execute(query)]


def taken_out(connection: Connection, since: Instant, until: Instant) -> dict[str, Mapping[int, int]]:
    """`exports` and `prints` -> person -> how many in a time (`until` excluded)."""
    found: dict[str, Mapping[int, int]] = {}
    for name, table in (("exports", ExportLogRow), ("prints", PrintLogRow)):
        counts = counted(connection, SQLModel.metadata.tables[str(table.__tablename__)], since, until)
        found[name] = {person: many[""] for person, many in counts.items()}
    return found


NOTED = "exports.noted"
"""File of the data folder in which commands beside a running server note what they took out: one JSON a line."""


def note_export(
    folder: Path, person: int, at: Instant, name: str, filters: str, rows: int, carriers: Collection[int] = ()
) -> None:
    """Record an export, and the carriers in it, where another process has the database: on disk before it is given."""
    told = {"person": person, "at": at, "name": name, "filters": filters, "rows": rows, "carriers": list(carriers)}
    line = json.dumps(told, sort_keys=True)
    with (folder / NOTED).open("a", encoding="utf-8") as out:
        out.write(f"{line}\n")
        out.flush()
        os.fsync(out.fileno())


def take_in_exports(folder: Path, database: Database, now: Instant) -> int:
    """Bring what commands noted into the log and the disclosure record, each once; how many were new.

    The file goes only when its lines are in the database. In the disclosure record they bear the present time: its
    rows are in order of time, and the log of exports has the other.
    """
    taken = folder / f"{NOTED}.taken"
    if not taken.exists():
        try:
            (folder / NOTED).rename(taken)
        except FileNotFoundError:
            return 0
    new = 0
    with database.writing() as connection:
        for line in taken.read_text(encoding="utf-8").splitlines():
            noted = json.loads(line)
            carriers = noted.pop("carriers", [])
            same = [col(getattr(ExportLogRow, name)) == value for name, value in noted.items()]
            if connection.execute(select(col(ExportLogRow.id)).where(*same)).first() is None:
                number = log_export(connection, **noted)
                note_looks(connection, now, noted["person"], carriers, "export", f"{noted['name']} {number}")
                new += 1
    taken.unlink(missing_ok=True)
    return new


def log_print(connection: Connection, made: Print) -> Print:
    """Record a print (clause 7); the answer bears its number, which no other print of the same part gets."""
    (number,) = take_numbers(connection, f"print:{made.act}:{made.part}", 1)
    numbered = replace(made, number=number)
    connection.execute(insert(PrintLogRow).values(**asdict(numbered)))
    return numbered


@check
def _print_numbers(connection: Connection) -> Iterable[str]:
    """The next print of a form is numbered above those there were."""
    most = func.max(col(PrintLogRow.number))
    query = select(col(PrintLogRow.act), col(PrintLogRow.part), most).group_by(
        col(PrintLogRow.act), col(PrintLogRow.part)
    )
    for act, part, highest in connection.execute(query.execution_options(yield_per=1_000)):
        if next_of(connection, f"print:{act}:{part}") <= highest:
            yield f"counter print:{act}:{part}: {highest} is in use"


def print_of(connection: Connection, act: str, part: int, number: int) -> Print | None:
    """One print of an act's form."""
    columns = [col(getattr(PrintLogRow, name)) for name in Print.__slots__]
    named = (col(PrintLogRow.act) == act) & (col(PrintLogRow.part) == part) & (col(PrintLogRow.number) == number)
    row = connection.execute(select(*columns).where(named)).first()
    return None if row is None else Print(*row)


def prints(connection: Connection, act: str) -> list[Print]:
    """All prints of an act's form, in order."""
    columns = [col(getattr(PrintLogRow, name)) for name in Print.__slots__]
    wanted = select(*columns).where(col(PrintLogRow.act) == act)
    ordered = wanted.order_by(col(PrintLogRow.part), col(PrintLogRow.number))
    return [Print(*row) for row in connection.execute(ordered)]


def entry_lines(connection: Connection, before: int | None, act: str, limit: int) -> list[EntryLine]:
    """Entries, newest first, below the sequence `before`; of one act where it is named."""
    wanted = select(
        col(EntryRow.sequence),
        col(EntryRow.kind),
        col(EntryRow.act),
        col(EntryRow.by),
        col(PersonRow.name),
        col(PersonRow.name_en),
        col(EntryRow.happened_at),
        col(EntryRow.entered_at),
        col(EntryRow.body),
    ).outerjoin(PersonRow, col(PersonRow.id) == col(EntryRow.by))
    if before is not None:
        wanted = wanted.where(col(EntryRow.sequence) < before)
    if act:
        wanted = wanted.where(col(EntryRow.act) == act)
    rows = connection.execute(wanted.order_by(col(EntryRow.sequence).desc()).limit(limit))
    return [
        EntryLine(
            sequence=row.sequence,
            kind=row.kind,
            act=row.act,
            by=row.by,
            by_name=row.name or "",
            by_name_en=row.name_en or "",
            happened_at=row.happened_at,
            entered_at=row.entered_at,
            body=bytes(row.body),
        )
        for row in rows
    ]


def checkpoints(connection: Connection, limit: int) -> list[Checkpoint]:
    """The latest signed checkpoints, newest first."""
    wanted = select(col(CheckpointRow.size), col(CheckpointRow.signed_at), col(CheckpointRow.note))
    return [
        Checkpoint(*row) for row in connection.execute(wanted.order_by(col(CheckpointRow.size).desc()).limit(limit))
    ]


def checkpoint_of(connection: Connection, size: int) -> Checkpoint | None:
    """The checkpoint signed at this size."""
    wanted = select(col(CheckpointRow.size), col(CheckpointRow.signed_at), col(CheckpointRow.note))
    row = connection.execute(wanted.where(col(CheckpointRow.size) == size)).first()
    return None if row is None else Checkpoint(*row)


@dataclass(frozen=True, slots=True)
class Believed:
    """Where the radio believes a tag to be; `place` None: nothing is believed."""

    epc: str
    place: int | None
    strength: str
    since_at: Instant | None
    heard_at: Instant
    reader: str
    antenna: int
    strongest_dbm: float | None
    reads: int


@dataclass(frozen=True, slots=True)
class Stay:
    """A time at a place, or a passage of a portal (`direction` in, out, unknown), as the radio heard it."""

    epc: str
    place: int
    since_at: Instant
    until_at: Instant
    reads: int
    strongest_dbm: float | None
    reader: str
    antenna: int
    direction: str


def believed(connection: Connection, epcs: Collection[str]) -> list[Believed]:
    """What the radio believes of these tags, the last heard first."""
    columns = [col(getattr(PresenceRow, name)) for name in Believed.__slots__]
    wanted = select(*columns).where(col(PresenceRow.epc).in_(sorted(epcs)))
    return [Believed(*row) for row in connection.execute(wanted.order_by(col(PresenceRow.heard_at).desc()))]


def stays(connection: Connection, epcs: Collection[str], limit: int) -> list[Stay]:
    """The latest stays and passages of these tags, newest first."""
    columns = [col(getattr(StayRow, name)) for name in Stay.__slots__]
    wanted = select(*columns).where(col(StayRow.epc).in_(sorted(epcs)))
    return [Stay(*row) for row in connection.execute(wanted.order_by(col(StayRow.since_at).desc()).limit(limit))]


def answers(database: Database) -> bool:
    """Whether the database can be read now."""
    try:
        with database.reading() as connection:
            connection.execute(select(col(SettingRow.name)).limit(1)).first()
    except (SQLAlchemyError, DatabaseError):
        return False
    return True
