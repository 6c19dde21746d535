"""How the seats of venues stand: kept with the venue, to draw the board of a meeting; no business rests on it."""

import json

from sqlalchemy import Connection, delete, insert, select
from sqlmodel import col

from api.tables import SettingRow

SeatRows = tuple[tuple[str, ...], ...]
"""Rows of seats from the front, by what each is called; an empty name is a gap."""


def seat_plan(connection: Connection, venue: int) -> SeatRows:
    """How the seats of a venue stand, row by row from the front; empty where nobody laid them out."""
    wanted = select(col(SettingRow.value)).where(col(SettingRow.name) == f"seats/{venue}")
    value = connection.execute(wanted).scalar_one_or_none()
    return () if value is None else tuple(tuple(str(seat) for seat in row) for row in json.loads(value))


def keep_seat_plan(connection: Connection, venue: int, rows: SeatRows) -> None:
    """Keep how the seats of a venue stand; nothing: they are drawn around a table again."""
    name = f"seats/{venue}"
    connection.execute(delete(SettingRow).where(col(SettingRow.name) == name))
    if rows:
        connection.execute(insert(SettingRow).values(name=name, value=json.dumps(rows, ensure_ascii=False)))
