"""Numbers taken for tags, in the database: taken once, before anything is printed, and accounted for until bound.

Every change is an event that is only added; a row stands as the last of its events says. A change names the state
that it starts from, so that two who do the same at once do it once.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, func, select

from custody.clock import moment
from custody.rules import TagNumber
from custody.store import schema as t
from custody.store.acts import take_numbers
from custody.store.covered import check
from custody.store.schema import chunks, insert_rows
from custody.tag_numbers import STEPS, Draw, Numbering, fresh
from custody.values import Instant

_EVENT = ("epc", "state", "reason", "tid", "by", "at")
BATCH_MAX = 5_000
"""Numbers in one batch."""


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a number. `by`: the acting person; None: the printer or reader. `tid`: as read back."""

    epc: str
    state: str
    reason: str = ""
    tid: str | None = None
    by: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What became of a batch's numbers. `taken` is always the sum of the others."""

    taken: int = 0
    bound: int = 0
    spoiled: int = 0
    reserved: int = 0
    sent: int = 0
    printed: int = 0
    verified: int = 0
    failed: int = 0

    @property
    def waiting(self) -> int:
        """Neither bound nor given up."""
        return self.reserved + self.sent + self.printed + self.verified + self.failed


def numbers_asked(connection: Connection, epcs: Collection[str]) -> dict[str, TagNumber]:
    """Of these EPCs, those that were taken by a batch."""
    found: dict[str, TagNumber] = {}
    c = t.TAG_NUMBER.c
    for chunk in chunks(sorted(map(t.storable, epcs))):
        rows = connection.execute(select(c.epc, c.state, c.carrier).where(c.epc.in_(chunk)))
        found |= {row.epc: TagNumber(row.state, row.carrier) for row in rows}
    return found


def known_anywhere(connection: Connection, epcs: Collection[str]) -> set[str]:
    """Which of these are or were anybody's: bound, taken, or given out for a production order."""
    found: set[str] = set()
    for chunk in chunks(sorted(epcs)):
        for table in (t.TAG, t.TAG_NUMBER, t.ALLOTTED_LABEL):
            found |= set(connection.scalars(select(table.c.epc).where(table.c.epc.in_(chunk))))
    return found


def open_batch(
    connection: Connection,
    numbers: Numbering,
    draw: Draw,
    wanted: Sequence[int | None],
    *,
    means: str,
    device: str,
    by: int,
    now: Instant,
    timezone: str,
    note: str = "",
) -> str:
    """Take numbers for these carriers (None: a blank label), in order; the batch's own number. Raises NumberInvalid."""
    year = moment(now, timezone).year
    (running,) = take_numbers(connection, f"tag_batch:{year}", 1)
    name = f"PQ-{year}-{running:04d}"
    kind = "blank" if all(carrier is None for carrier in wanted) else "carriers"
    columns = ("number", "kind", "means", "device", "state", "by", "created_at", "note")
    insert_rows(connection, t.TAG_BATCH, columns, [(name, kind, means, device, "paused", by, now, note)])
    _take(connection, numbers, draw, name, list(enumerate(wanted, 1)), by, now)
    return name


def _take(
    connection: Connection,
    numbers: Numbering,
    draw: Draw,
    batch: str,
    wanted: Sequence[tuple[int, int | None]],
    by: int,
    now: Instant,
) -> list[str]:
    epcs = fresh(numbers, len(wanted), draw, lambda new: known_anywhere(connection, new))
    rows = [(e, batch, line, c, "reserved", None, "", now) for e, (line, c) in zip(epcs, wanted, strict=True)]
    insert_rows(connection, t.TAG_NUMBER, ("epc", "batch", "line", "carrier", "state", "tid", "reason", "at"), rows)
    insert_rows(connection, t.TAG_NUMBER_EVENT, _EVENT, [(epc, "reserved", "", None, by, now) for epc in epcs])
    return epcs


def step(connection: Connection, row: Any, to: Step, now: Instant) -> bool:
    """Bring a number on from the state in which `row` saw it; False where it stands elsewhere meanwhile.

    Raises ValueError for a step that there is not.
    """
    if to.state not in STEPS[row.state]:
        raise ValueError(f"a number that is {row.state} does not become {to.state}")
    c = t.TAG_NUMBER.c
    tid = to.tid if to.tid is not None else row.tid
    changed = connection.execute(
        t.TAG_NUMBER.update()
        .where(c.epc == row.epc, c.state == row.state)
        .values(state=to.state, reason=to.reason, tid=tid, at=now)
    )
    if changed.rowcount != 1:
        return False
    insert_rows(connection, t.TAG_NUMBER_EVENT, _EVENT, [(row.epc, to.state, to.reason, tid, to.by, now)])
    return True


def take_again(connection: Connection, numbers: Numbering, draw: Draw, row: Any, by: int, now: Instant) -> str:
    """A new number for the line of a spoiled one. Raises NumberInvalid."""
    return _take(connection, numbers, draw, row.batch, [(row.line, row.carrier)], by, now)[0]


def batch(connection: Connection, number: str, *, lock: bool = False) -> Row[Any] | None:
    """A batch's row."""
    query = select(t.TAG_BATCH).where(t.TAG_BATCH.c.number == t.storable(number))
    return connection.execute(query.with_for_update() if lock else query).first()


def set_batch(connection: Connection, number: str, was: Collection[str], state: str) -> bool:
    """Bring a batch from one of these states to another; False where it stands elsewhere."""
    c = t.TAG_BATCH.c
    done = connection.execute(
        t.TAG_BATCH.update().where(c.number == number, c.state.in_(sorted(was))).values(state=state)
    )
    return done.rowcount == 1


_BOUND = t.TAG.c.epc.is_not(None)
_LINES = t.TAG_NUMBER.outerjoin(t.TAG, t.TAG.c.epc == t.TAG_NUMBER.c.epc).outerjoin(
    t.CARRIER, t.CARRIER.c.id == func.coalesce(t.TAG.c.carrier, t.TAG_NUMBER.c.carrier)
)


def _line_query() -> Select[Any]:
    c = t.CARRIER.c
    standing = case((_BOUND, "bound"), else_=t.TAG_NUMBER.c.state).label("standing")
    return select(
        t.TAG_NUMBER, standing, c.id.label("carrier_id"), c.control_number, c.copy_number, c.copies, c.level
    ).select_from(_LINES)


def lines(connection: Connection, number: str) -> list[Row[Any]]:
    """The numbers of a batch in the order of its lines; `standing` is the state, or `bound`."""
    c = t.TAG_NUMBER.c
    # Of the numbers that a line had, those given up come first.
    query = (
        _line_query().where(c.batch == number).order_by(c.line, case((c.state == "spoiled", 0), else_=1), c.at, c.epc)
    )
    return list(connection.execute(query))


def line(connection: Connection, epc: str) -> Row[Any] | None:
    """One number; None where it was never taken."""
    return connection.execute(_line_query().where(t.TAG_NUMBER.c.epc == t.storable(epc))).first()


def next_reserved(connection: Connection, number: str) -> Row[Any] | None:
    """The first number of a batch that waits to be printed or written."""
    c = t.TAG_NUMBER.c
    query = _line_query().where(c.batch == number, c.state == "reserved", ~_BOUND).order_by(c.line).limit(1)
    return connection.execute(query).first()


def left_at_device(connection: Connection, number: str, before: Instant) -> list[Row[Any]]:
    """Numbers that went to the printer or reader before an instant, and of which nothing was heard since."""
    c = t.TAG_NUMBER.c
    return list(connection.execute(_line_query().where(c.batch == number, c.state == "sent", c.at < before)))


def accounts(connection: Connection, numbers: Iterable[str] | None = None) -> dict[str, Account]:
    """What became of the numbers, by batch; of all batches where none are named."""
    c = t.TAG_NUMBER.c
    standing = case((_BOUND, "bound"), else_=c.state)
    query = (
        select(c.batch, standing.label("standing"), func.count().label("how_many"))
        .select_from(t.TAG_NUMBER.outerjoin(t.TAG, t.TAG.c.epc == c.epc))
        .group_by(c.batch, standing)
    )
    if numbers is not None:
        query = query.where(c.batch.in_(list(numbers)))
    sums: dict[str, dict[str, int]] = {}
    for row in connection.execute(query):
        sums.setdefault(row.batch, {})[row.standing] = row.how_many
    return {name: Account(taken=sum(parts.values()), **parts) for name, parts in sums.items()}


def batches(connection: Connection, limit: int) -> list[Row[Any]]:
    """The newest batches."""
    c = t.TAG_BATCH.c
    return list(connection.execute(select(t.TAG_BATCH).order_by(c.created_at.desc(), c.number.desc()).limit(limit)))


def waiting_for(connection: Connection, carriers: Collection[int]) -> dict[int, str]:
    """Of these carriers, those for which a number is taken that is neither bound nor given up, with it."""
    found: dict[int, str] = {}
    c = t.TAG_NUMBER.c
    for chunk in chunks(sorted(carriers)):
        query = (
            select(c.carrier, c.epc)
            .select_from(t.TAG_NUMBER.outerjoin(t.TAG, t.TAG.c.epc == c.epc))
            .where(c.carrier.in_(chunk), c.state != "spoiled", and_(~_BOUND))
        )
        found |= {row.carrier: row.epc for row in connection.execute(query)}
    return found


def events(connection: Connection, epc: str) -> list[Row[Any]]:
    """What happened to a number, the oldest first."""
    c = t.TAG_NUMBER_EVENT.c
    return list(connection.execute(select(t.TAG_NUMBER_EVENT).where(c.epc == t.storable(epc)).order_by(c.id)))


@check
def differences(connection: Connection) -> Iterable[str]:
    """Numbers that do not stand as the last of their events says."""
    c, e = t.TAG_NUMBER.c, t.TAG_NUMBER_EVENT.c
    newest = select(func.max(e.id)).group_by(e.epc)
    last = select(e.epc, e.state, e.tid).where(e.id.in_(newest)).subquery()
    joined = select(
        c.epc, c.state, c.tid, last.c.epc.label("told"), last.c.state.label("said"), last.c.tid.label("chip")
    )
    query = joined.select_from(t.TAG_NUMBER.outerjoin(last, last.c.epc == c.epc))
    for row in connection.execute(query):
        if row.told is None or (row.state, row.tid) != (row.said, row.chip):
            yield f"tag_number {row.epc}: stands otherwise than the last of its events says"
    gone = select(last.c.epc).outerjoin(t.TAG_NUMBER, c.epc == last.c.epc).where(c.epc.is_(None))
    for epc in connection.scalars(gone):
        yield f"tag_number {epc}: was taken out"
