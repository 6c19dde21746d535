"""What imports leave behind: each run with its acts, and the columns that somebody chose for a row of headers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, UniqueConstraint, delete, func, insert, select, update
from sqlmodel import Field, SQLModel, col

from custody.life_cycle import Status
from custody.store.schema import CARRIER, ENTRY
from custody.store.tables import Int64
from custody.values import Instant

Choice = Mapping[str, str]
"""Header as written -> field, empty where the column is left out."""
NAMES_MAX = 50
"""So many mappings are kept of a person."""


class ImportRunRow(SQLModel, table=True):
    """An import that was entered, written in the transaction of its entries: it is there if and only if they are."""

    __tablename__ = "import_run"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    person: int = Field(sa_type=Int64)
    at: int = Field(sa_type=Int64)
    waiting: str = Field(unique=True)
    """The random name under which the file waited; that of the file itself is nobody's business."""
    digest: str
    """SHA-256 of the file, hexadecimal."""
    rows: int = Field(sa_type=Int64)
    carriers: int = Field(sa_type=Int64)
    unchanged: int = Field(sa_type=Int64)
    acts: str
    """JSON: the numbers of its acts."""


class ImportMappingRow(SQLModel, table=True):
    """Which columns a person took for what, under a name, and for which row of headers it is proposed."""

    __tablename__ = "import_mapping"
    __table_args__ = (
        UniqueConstraint("person", "name", name="uq_import_mapping_name"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    person: int = Field(sa_type=Int64)
    name: str
    headers: str
    """SHA-256 of the headers, hexadecimal."""
    columns: str
    """JSON: header -> field."""
    at: int = Field(sa_type=Int64)


@dataclass(frozen=True, slots=True)
class Run:
    """An import that was entered."""

    id: int
    person: int
    at: Instant
    digest: str
    rows: int
    carriers: int
    unchanged: int
    acts: tuple[str, ...]
    taken_back: int = 0
    """Of its carriers those that were taken back since."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """A mapping that was kept."""

    id: int
    name: str
    headers: str
    columns: Choice


def note_run(connection: Connection, waiting: str, run: Run) -> int:
    """Keep a run, in the transaction of its entries; gives its number."""
    values = {
        "person": run.person,
        "at": run.at,
        "waiting": waiting,
        "digest": run.digest,
        "rows": run.rows,
        "carriers": run.carriers,
        "unchanged": run.unchanged,
        "acts": json.dumps(run.acts),
    }
    number = connection.execute(insert(ImportRunRow).values(values).returning(col(ImportRunRow.id))).scalar_one()
    return int(number or 0)


def run_named(connection: Connection, waiting: str) -> Run | None:
    """The run of a file that waited under this name; None where it was never entered."""
    return _one(connection, col(ImportRunRow.waiting) == waiting)


def run_numbered(connection: Connection, number: int) -> Run | None:
    """The run of this number."""
    return _one(connection, col(ImportRunRow.id) == number)


def _one(connection: Connection, condition: object) -> Run | None:
    row = connection.execute(select(ImportRunRow.__table__).where(condition)).first()  # type: ignore[arg-type, attr-defined]
    return None if row is None else _run(row)


def _run(row: object, taken_back: int = 0) -> Run:
    names = ("id", "person", "at", "digest", "rows", "carriers", "unchanged")
    values = {name: getattr(row, name) for name in names}
    return Run(**values, acts=tuple(json.loads(row.acts)), taken_back=taken_back)  # type: ignore[attr-defined]


def runs(connection: Connection, before: int | None, limit: int) -> list[Run]:
    """The runs, the newest first, each with how many of its carriers were taken back."""
    query = select(ImportRunRow.__table__).order_by(col(ImportRunRow.id).desc()).limit(limit)  # type: ignore[attr-defined]
    if before is not None:
        query = query.where(col(ImportRunRow.id) < before)
    found = []
    for row in connection.execute(query).all():
        back = (
            select(func.count())
            .select_from(ENTRY.join(CARRIER, CARRIER.c.id == ENTRY.c.carrier))
            .where(ENTRY.c.act.in_(json.loads(row.acts)), ENTRY.c.kind == "imported")
            .where(CARRIER.c.status == Status.TAKEN_BACK.value)
        )
        found.append(_run(row, connection.execute(back).scalar_one()))
    return found


def keep_mapping(connection: Connection, person: int, name: str, headers: str, columns: Choice, at: Instant) -> None:
    """Keep a mapping under a name; what was kept under it before is replaced. Of too many the oldest goes."""
    mine = col(ImportMappingRow.person) == person
    values = {"headers": headers, "columns": json.dumps(dict(columns), ensure_ascii=False), "at": at}
    done = connection.execute(update(ImportMappingRow).where(mine, col(ImportMappingRow.name) == name).values(values))
    if not done.rowcount:
        connection.execute(insert(ImportMappingRow).values(values | {"person": person, "name": name}))
    newest = select(col(ImportMappingRow.id)).where(mine).order_by(col(ImportMappingRow.at).desc()).limit(NAMES_MAX)
    kept = [number for (number,) in connection.execute(newest)]
    connection.execute(delete(ImportMappingRow).where(mine, col(ImportMappingRow.id).not_in(kept)))


def forget_mapping(connection: Connection, person: int, number: int) -> None:
    """A mapping is not needed any more."""
    mine = col(ImportMappingRow.person) == person
    connection.execute(delete(ImportMappingRow).where(mine, col(ImportMappingRow.id) == number))


def mappings(connection: Connection, person: int) -> Sequence[Mapped]:
    """What a person kept, the newest first."""
    query = select(ImportMappingRow.__table__).where(col(ImportMappingRow.person) == person)  # type: ignore[attr-defined]
    rows = connection.execute(query.order_by(col(ImportMappingRow.at).desc(), col(ImportMappingRow.id).desc()))
    return [Mapped(row.id, row.name, row.headers, json.loads(row.columns)) for row in rows]
