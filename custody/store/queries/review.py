"""Periods of secrecy that end soon: the worklist of the review before they do (clause a.5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from custody.access import Subject
from custody.entries.disposition import Reviewed
from custody.life_cycle import HELD
from custody.scheme import Scheme
from custody.store import schema as t
from custody.store.queries.carriers import CarrierItem, carriers_by_id
from custody.store.queries.paging import Page, pack, rows_of_page, total
from custody.store.queries.visible import visible
from custody.values import DAY, Instant

Stage = Literal["open", "due", "over", "kept"]
STAGES: tuple[Stage, ...] = ("open", "due", "over", "kept")
"""`due`: ends within the days of warning; `over`: has ended; `open`: both; `kept`: reviewed, and stays as it is."""


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """Which of them; what is None is not asked."""

    stage: Stage = "open"
    level: str | None = None
    unit: int | None = None


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A carrier and the ISO date on which its period ends."""

    carrier: CarrierItem
    ends: str


def reviews(
    connection: Connection,
    subject: Subject,
    scheme: Scheme,
    now: Instant,
    day: str,
    asked: ReviewFilter = ReviewFilter(),
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[ReviewItem]:
    """Carriers whose period has ended, or ends within the days of warning, the earliest first. Raises KeyInvalid.

    One whose period has ended stays on the list until it is changed or declassified, whatever a review said before.
    """
    c = t.CARRIER.c
    query = select(c.id, c.secret_until).where(visible(subject), *_conditions(scheme, now, day, asked))
    keys = [c.secret_until, c.id]
    rows, earlier, later = rows_of_page(connection, query, keys, [str, int], after, before, limit)
    found, capped = total(connection, query)
    items = carriers_by_id(connection, subject, [row.id for row in rows])
    return Page(
        tuple(ReviewItem(items[row.id], row.secret_until) for row in rows if row.id in items),
        pack([rows[-1].secret_until, rows[-1].id]) if later and rows else None,
        pack([rows[0].secret_until, rows[0].id]) if earlier and rows else None,
        found,
        capped,
    )


def _conditions(scheme: Scheme, now: Instant, day: str, asked: ReviewFilter) -> Sequence[ColumnElement[bool]]:
    c, e = t.CARRIER.c, t.ENTRY.c
    days = scheme.number("review_warning_days")
    warned = (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    kept = (
        select(e.sequence).where(e.carrier == c.id, e.kind == Reviewed.kind, e.happened_at >= now - days * DAY).exists()
    )
    over, ahead = c.secret_until < day, and_(c.secret_until >= day, c.secret_until <= warned)
    stages: dict[Stage, ColumnElement[bool]] = {
        "due": and_(ahead, ~kept),
        "over": over,
        "open": or_(over, and_(ahead, ~kept)),
        "kept": and_(ahead, kept),
    }
    # Nearly all are held, and few periods end: the joined text keeps SQLite from going through the held ones.
    held = (c.status + "").in_([status.value for status in HELD])
    found = [c.secret_until != "", c.secret_until <= warned, held]
    found.append(stages[asked.stage])
    if asked.level is not None:
        found.append(c.level == t.storable(asked.level))
    if asked.unit is not None:
        found.append(c.unit == asked.unit if t.is_int64(asked.unit) else c.id.is_(None))
    return found


def copies_of_titles(connection: Connection, subject: Subject, numbers: Sequence[str]) -> list[int]:
    """The copies still held of these control numbers, as far as the subject sees them."""
    c = t.CARRIER.c
    found: list[int] = []
    for chunk in t.chunks(sorted({t.storable(number) for number in numbers})):
        held = c.status.in_([status.value for status in HELD])
        query = select(c.id).where(visible(subject), c.control_number.in_(chunk), held).order_by(c.id)
        found += connection.execute(query).scalars()
    return found
