"""Tables of the drawn plans and of the setting up. Times are microseconds UTC."""

from sqlmodel import Field, SQLModel

from custody.store.tables import Int64


class PlacePlanRow(SQLModel, table=True):
    """Where a place stands on the plan of the place around it, in squares of its grid; without a row it is laid out
    by itself.
    """

    __tablename__ = "place_plan"
    place: int = Field(primary_key=True, sa_type=Int64, sa_column_kwargs={"autoincrement": False})
    x: int
    y: int
    w: int
    h: int
    floor: str = ""
    """The floor of its building; empty: the only one."""
    by: int = Field(sa_type=Int64)
    at: int = Field(sa_type=Int64)


class SetupWaiverRow(SQLModel, table=True):
    """A step of the setting up that the house does not need, with who said so and why."""

    __tablename__ = "setup_waiver"
    item: str = Field(primary_key=True)
    why: str
    by: int = Field(sa_type=Int64)
    at: int = Field(sa_type=Int64)
