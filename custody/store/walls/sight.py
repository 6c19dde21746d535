"""The rules of carriers and matters, which the queries ask too, in the words of an engine."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, MetaData, Select, Table, literal_column, select
from sqlalchemy.engine import Dialect
from sqlalchemy.types import Integer

from custody.store import schema as t
from custody.store.queries.visible import Sight, carrier_seen, matter_seen
from custody.store.walls.rules import Words


@dataclass(frozen=True, slots=True)
class WallSight:
    """The sight of whoever stands before a wall (see `custody.store.queries.visible.Sight`)."""

    words: Words
    named: str
    """Whether a scope names him: SQL over `{carrier}`."""
    part: str
    """Whether a matter, open or over, has a part for him: SQL over `{matter}`."""

    @property
    def sees_carriers(self) -> ColumnElement[bool]:
        """See `Sight`."""
        return literal_column(self.words.flag("carriers"))

    @property
    def everywhere(self) -> ColumnElement[bool]:
        """See `Sight`."""
        return literal_column(self.words.flag("everywhere"))

    @property
    def rank(self) -> ColumnElement[int]:
        """See `Sight`."""
        return literal_column(self.words.number("rank"), Integer())

    @property
    def person(self) -> ColumnElement[int]:
        """See `Sight`."""
        return literal_column(self.words.number("person"), Integer())

    def in_reach(self, unit: ColumnElement[int]) -> ColumnElement[bool]:
        """See `Sight`."""
        return literal_column(self.words.within(str(unit), "reach"))

    def in_scope(self, carrier: ColumnElement[int]) -> ColumnElement[bool]:
        """See `Sight`."""
        return literal_column(self.named.format(carrier=carrier))

    def takes_part(self, matter: ColumnElement[int]) -> ColumnElement[bool]:
        """See `Sight`."""
        return literal_column(self.words.within(str(matter), "matters"))

    def had_part(self, matter: ColumnElement[int]) -> ColumnElement[bool]:
        """See `Sight`."""
        return literal_column(self.part.format(matter=matter))


def row_rule(sight: Sight, table: str, name: str, dialect: Dialect) -> str:
    """The rule of `carrier` or `matter` as SQL over a row that goes by `name`."""
    known: dict[str, tuple[Table, Callable[[Sight, Any], ColumnElement[bool]]]] = {
        "carrier": (t.CARRIER, carrier_seen),
        "matter": (t.MATTER, matter_seen),
    }
    of, rule = known[table]
    row = Table(name, MetaData(), *(Column(column.name, column.type) for column in of.columns))
    query: Select[tuple[Any]] = select(literal_column("1")).select_from(row).where(rule(sight, row.c))
    compiled = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    return "(" + compiled.split("WHERE", 1)[1].strip() + ")"
