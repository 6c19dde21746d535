"""Carriers by their tags: those without any, and those whose tags do not answer. As far as the subject sees them."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, select

from custody.access import Subject
from custody.life_cycle import HELD
from custody.store import schema as t
from custody.store.queries.visible import visible

_HELD = sorted(status.value for status in HELD)
_COLUMNS = ("id", "control_number", "copy_number", "copies", "level", "status", "home", "place")


def _bears(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(t.TAG.c.carrier == t.CARRIER.c.id, ~t.TAG.c.retired, *conditions)


def untagged(
    connection: Connection, subject: Subject, limit: int, *, begins: str = "", matter: str = ""
) -> list[Row[Any]]:
    """Carriers that the house answers for and that bear no tag, nor have a number waiting, by number.

    `begins`: what their control numbers begin with; `matter`: the number of a matter that they are in (an order).
    """
    c, n = t.CARRIER.c, t.TAG_NUMBER.c
    waits = exists().where(n.carrier == c.id, n.state != "spoiled")
    # Nearly all are held: the joined text keeps SQLite from sorting them all, for the first few by number.
    query = select(*(c[name] for name in _COLUMNS)).where(
        visible(subject), (c.status + "").in_(_HELD), c.intermediate == "", ~_bears(), ~waits
    )
    if begins:
        query = query.where(c.control_number.startswith(t.storable(begins), autoescape=True))
    if matter:
        of = exists().where(
            and_(
                t.LINE.c.carrier == c.id,
                t.LINE.c.matter == t.MATTER.c.id,
                t.MATTER.c.number == t.storable(matter),
            )
        )
        query = query.where(of)
    return list(connection.execute(query.order_by(c.control_number, c.copy_number).limit(limit)))


def by_eye_only(connection: Connection, subject: Subject, limit: int) -> list[Row[Any]]:
    """Carriers with a tag that does not answer, by number: work to do. `other`: another tag answers for it."""
    c = t.CARRIER.c
    other = _bears(~t.TAG.c.unreadable).label("other")
    # They are few: asked first, and not of every carrier.
    silent = select(t.TAG.c.carrier).where(~t.TAG.c.retired, t.TAG.c.unreadable)
    query = select(*(c[name] for name in _COLUMNS), other).where(visible(subject), c.id.in_(silent))
    return list(connection.execute(query.order_by(c.control_number, c.copy_number).limit(limit)))
