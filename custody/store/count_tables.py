"""Tables of what is counted beforehand: the register by place and state, the balance at marks of the ledger."""

from typing import Any

from sqlmodel import Field, SQLModel

from custody.store.tables import Int64


def _int64(default: Any = ..., **more: Any) -> Any:
    return Field(default=default, sa_type=Int64, **more)


def _key() -> Any:
    return Field(primary_key=True, sa_type=Int64, sa_column_kwargs={"autoincrement": False})


class CarrierCountRow(SQLModel, table=True):
    """How many carriers stand so, 0 where none does any more; see `custody.store.carrier_counts`."""

    __tablename__ = "carrier_count"
    __table_args__ = ({"sqlite_with_rowid": False},)
    place: int = _key()
    """0: of those that are in no place."""
    unit: int = _key()
    rank: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    status: str = Field(primary_key=True)
    origin: str = Field(primary_key=True)
    scope: int = _key()
    """What the scope names in common, of `common_scope`; 0: nobody."""
    n: int = _int64()


class CommonScopeRow(SQLModel, table=True):
    """Whom a scope names in common: a row for each principal; see `custody.store.carrier_counts.scope_number`."""

    __tablename__ = "common_scope"
    __table_args__ = ({"sqlite_with_rowid": False},)
    scope: int = _key()
    principal: str = Field(primary_key=True)


class BalanceMarkRow(SQLModel, table=True):
    """A position of the ledger up to which the balance is counted; see `custody.store.marks`."""

    __tablename__ = "balance_mark"
    __table_args__ = ({"sqlite_with_rowid": False},)
    position: int = _key()
    rank: int
    """Clearance of whoever reads it: the highest that there is, for it counts everything."""
    told: int = _int64()
    last_event_at: int | None = _int64(None)


class BalanceSumRow(SQLModel, table=True):
    """Of one mark: how many carriers of a unit, level and origin stood in a status, and came in with it."""

    __tablename__ = "balance_sum"
    __table_args__ = ({"sqlite_with_rowid": False},)
    position: int = _key()
    unit: int = _key()
    level: str = Field(primary_key=True)
    origin: str = Field(primary_key=True)
    status: str = Field(primary_key=True)
    rank: int
    """As of its mark."""
    stands: int = _int64()
    came: int = _int64()
