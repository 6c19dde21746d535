"""Saved views: the names that a person gives to addresses of lists. SQL of their table.

An address holds codes and identifiers only. Words that were searched for (a title, a person's name) stand in no
address: they are kept in the row, and the address names the row: `q=v<id>`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, UniqueConstraint, delete, func, insert, select, update
from sqlmodel import Field, SQLModel, col

from custody.store.tables import Int64
from custody.values import Instant

VIEWS_MAX = 30
"""A person keeps so many of one list."""


class SavedViewRow(SQLModel, table=True):
    """What a person calls the address of a list; nobody else is shown it."""

    __tablename__ = "saved_view"
    __table_args__ = (
        UniqueConstraint("person", "path", "name", name="uq_saved_view_name"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    person: int = Field(sa_type=Int64)
    path: str
    name: str
    query: str
    """Filters, columns and order, as they stand in the address."""
    words: str = ""
    """JSON of the search that the address names; empty where it names none."""
    preferred: bool = False
    """Whether the list is opened so from the navigation."""
    place_in_row: int = Field(sa_type=Int64)
    made_at: int = Field(sa_type=Int64)


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view as its person has it. `query`: of the address; it names the view itself where it holds words."""

    id: int
    path: str
    name: str
    query: str
    preferred: bool


class NameTaken(ValueError):
    """The person has a view of this name on this list."""


class TooMany(ValueError):
    """The person keeps as many views of this list as one may."""


_COLUMNS = (
    col(SavedViewRow.id),
    col(SavedViewRow.path),
    col(SavedViewRow.name),
    col(SavedViewRow.query),
    col(SavedViewRow.preferred),
)


def _view(row: Any) -> SavedView:
    return SavedView(row.id, row.path, row.name, row.query, row.preferred)


def views_of(connection: Connection, person: int, path: str) -> list[SavedView]:
    """A person's views of a list, in the person's own order."""
    wanted = select(*_COLUMNS).where(col(SavedViewRow.person) == person, col(SavedViewRow.path) == path)
    rows = connection.execute(wanted.order_by(col(SavedViewRow.place_in_row), col(SavedViewRow.id)))
    return [_view(row) for row in rows]


def preferred_views(connection: Connection, person: int) -> dict[str, str]:
    """By list, the query with which the person opens it."""
    wanted = select(col(SavedViewRow.path), col(SavedViewRow.query)).where(
        col(SavedViewRow.person) == person, col(SavedViewRow.preferred)
    )
    return {row.path: row.query for row in connection.execute(wanted)}


def words_of_view(connection: Connection, person: int, view: int) -> dict[str, str] | None:
    """The search that an own view keeps; None where there is none."""
    wanted = select(col(SavedViewRow.words)).where(col(SavedViewRow.id) == view, col(SavedViewRow.person) == person)
    words = connection.execute(wanted).scalar_one_or_none()
    return {str(key): str(value) for key, value in json.loads(words).items()} if words else None


def add_view(
    connection: Connection,
    person: int,
    path: str,
    name: str,
    query: str,
    words: Mapping[str, str] | None,
    now: Instant,
) -> SavedView:
    """Keep an address under a name, last in the row. Raises NameTaken, TooMany."""
    others = views_of(connection, person, path)
    if any(one.name == name for one in others):
        raise NameTaken(name)
    if len(others) >= VIEWS_MAX:
        raise TooMany(path)
    last = select(func.coalesce(func.max(col(SavedViewRow.place_in_row)), 0)).where(col(SavedViewRow.person) == person)
    values = {
        "person": person,
        "path": path,
        "name": name,
        "query": query,
        "words": json.dumps(dict(words), ensure_ascii=False) if words else "",
        "preferred": False,
        "place_in_row": connection.execute(last).scalar_one() + 1,
        "made_at": now,
    }
    made = connection.execute(insert(SavedViewRow).values(values).returning(col(SavedViewRow.id))).scalar_one()
    assert made is not None
    if words:
        query = f"{query}&q=v{made}" if query else f"q=v{made}"
        connection.execute(update(SavedViewRow).where(col(SavedViewRow.id) == made).values(query=query))
    return SavedView(made, path, name, query, False)


def own_view(connection: Connection, person: int, view: int) -> SavedView | None:
    """One view of a person's own."""
    wanted = select(*_COLUMNS).where(col(SavedViewRow.id) == view, col(SavedViewRow.person) == person)
    row = connection.execute(wanted).first()
    return None if row is None else _view(row)


def rename_view(connection: Connection, person: int, view: SavedView, name: str) -> None:
    """Give it another name. Raises NameTaken."""
    if any(one.name == name and one.id != view.id for one in views_of(connection, person, view.path)):
        raise NameTaken(name)
    connection.execute(update(SavedViewRow).where(col(SavedViewRow.id) == view.id).values(name=name))


def delete_view(connection: Connection, view: SavedView) -> None:
    """Forget it."""
    connection.execute(delete(SavedViewRow).where(col(SavedViewRow.id) == view.id))


def prefer_view(connection: Connection, person: int, view: SavedView, preferred: bool) -> None:
    """Open the list so from now on; or no longer. There is one at most."""
    mine = (col(SavedViewRow.person) == person, col(SavedViewRow.path) == view.path)
    connection.execute(update(SavedViewRow).where(*mine).values(preferred=False))
    if preferred:
        connection.execute(update(SavedViewRow).where(col(SavedViewRow.id) == view.id).values(preferred=True))


def move_view_forward(connection: Connection, person: int, view: SavedView) -> None:
    """Change places with the one before it; the first stays where it is."""
    row = [one.id for one in views_of(connection, person, view.path)]
    at = row.index(view.id)
    if at:
        row[at - 1], row[at] = row[at], row[at - 1]
    for place, identifier in enumerate(row, 1):
        connection.execute(update(SavedViewRow).where(col(SavedViewRow.id) == identifier).values(place_in_row=place))
