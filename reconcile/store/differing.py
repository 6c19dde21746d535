"""Which carriers a check of the radio should judge: SQL selects the few whose two stories differ, set-based.

Over a register that agrees, a round costs one pass over the live tags and no Python a carrier; what is told by an
open finding already is left out there too. The judging is done by `reconcile.checks`, which is pure.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    ScalarSelect,
    Select,
    and_,
    case,
    column,
    exists,
    func,
    literal_column,
    or_,
    select,
    union_all,
    values,
)

from custody.store.schema import CARRIER, TAG, chunks
from custody.store.tables import Int64
from custody.values import SECOND, Instant
from reconcile.checks import Thresholds
from reconcile.checks.cases import BELIEVED, EXPECTED, IN_USE, KEPT, STANDING
from reconcile.store.candidates import ANSWERS, World
from reconcile.store.candidates import BOOKS_PLACE as _BOOKS
from reconcile.store.candidates import HEARD_PLACE as _HERE
from reconcile.store.core import FINDING, PRESENCE, Connection

_BELIEVED = PRESENCE.c.strength.in_(sorted(BELIEVED))
_CURRENT = 30 * SECOND
"""Places listened to until about the same instant are asked about together."""
_CURRENT_MAX = 20_000
"""Places bound in the pass: with the rest of it under SQLite's 32,766 values."""


def told_open(kind: str, carrier: ColumnElement[int] = CARRIER.c.id) -> ColumnElement[bool]:
    """An open finding of this kind about the carrier: what is known is not looked at again."""
    return exists().where(FINDING.c.carrier == carrier, FINDING.c.kind == kind, FINDING.c.open)


def differing(
    connection: Connection, kinds: Collection[str], now: Instant, limits: Thresholds, around: World
) -> dict[str, set[int]]:
    """Per kind the carriers that its check should judge; those with an open finding of it left out.

    The kinds that hold the radio against the books share one pass over the live tags: whatever agrees costs the
    join, and nothing more.
    """
    found: dict[str, set[int]] = {kind: set() for kind in kinds}
    current, lagging = _windows(now, limits, around) if "missing" in found else ({}, [])
    asked = [kind for kind in _DIFFERS if kind in found and (kind != "missing" or current)]
    for row in connection.execute(_pass(asked, current, around)) if asked else ():
        if row.kind != "missing" or _long_unheard(row, current[row.place]):
            found[row.kind].add(row.id)
    for chunk in chunks(lagging):
        found["missing"].update(connection.scalars(_missing(chunk, around)))
    if "misplaced" in found and found.get("missing"):
        # What its own place does not hear may be heard in another store, though it is uncertain on which shelf.
        for ids in chunks(sorted(found["missing"])):
            found["misplaced"].update(connection.scalars(_heard_in_store(ids)))
    return found


def _heard_in_store(carriers: Collection[int]) -> Select[Any]:
    """Of these carriers those with a tag whose place is a store that is not the books', believed or not."""
    joined = CARRIER.join(TAG, TAG.c.carrier == CARRIER.c.id).join(PRESENCE, PRESENCE.c.epc == TAG.c.epc)
    return (
        select(CARRIER.c.id)
        .select_from(joined.join(_HERE, _HERE.c.id == PRESENCE.c.place))
        .where(
            CARRIER.c.id.in_(carriers),
            ~TAG.c.retired,
            _displaced(STANDING, storage=True, strength=~_BELIEVED),
            ~told_open("misplaced"),
        )
    )


def _pass(kinds: Collection[str], current: Mapping[int, Instant], around: World) -> CompoundSelect[Any]:
    """Live tags that differ in one of these ways, each with its carrier, once a kind.

    The few that differ at a glance are set apart first (MATERIALIZED), so that no planner asks the rest of every
    tag; and they are few to it as well: of an equation it expects one in two hundred, of a condition half.
    """
    joined = (
        TAG.join(CARRIER, CARRIER.c.id == TAG.c.carrier)
        .outerjoin(PRESENCE, PRESENCE.c.epc == TAG.c.epc)
        .outerjoin(_HERE, _HERE.c.id == PRESENCE.c.place)
    )
    glances = {kind: _DIFFERS[kind](current) for kind in kinds}
    told = (
        CARRIER.c.id,
        CARRIER.c.place,
        CARRIER.c.since_at,
        (PRESENCE.c.place == CARRIER.c.place).label("at_home"),
        PRESENCE.c.here_at,
        PRESENCE.c.place.label("heard"),
        *(glance.label(kind) for kind, glance in glances.items()),
    )
    few = (
        select(*told)
        .select_from(joined)
        .where(~TAG.c.retired, case((or_(*glances.values()), 1), else_=0) == 1)
        .cte("few")
        .prefix_with("MATERIALIZED")
    )
    columns = (few.c.id, few.c.place, few.c.since_at, few.c.at_home, few.c.here_at)
    return union_all(
        *(
            select(literal_column(f"'{kind}'").label("kind"), *columns).where(
                few.c[kind], ~told_open(kind, few.c.id), *_beyond(kind, few, current, around)
            )
            for kind in kinds
        )
    )


def _beyond(kind: str, few: CTE, current: Mapping[int, Instant], around: World) -> list[ColumnElement[bool]]:
    """What must hold besides the glance."""
    if kind in ("misplaced", "gone_not_lent"):
        agrees = select(func.min(_HERE.c.id)).where(
            _HERE.c.id == few.c.heard, _BOOKS.c.id == few.c.place, around.agree()
        )
        return [agrees.correlate(few).scalar_subquery().is_(None)]
    if kind == "missing":
        return [_excused(few, max(current.values()), around).is_(None), ~told_open("unauthorised_removal", few.c.id)]
    return []


def _displaced(
    statuses: frozenset[str], *, storage: bool, strength: ColumnElement[bool] = _BELIEVED
) -> ColumnElement[bool]:
    return and_(
        PRESENCE.c.place != CARRIER.c.place,
        CARRIER.c.status.in_(sorted(statuses)),
        strength,
        _HERE.c.kind != "portal",
        _HERE.c.storage.is_(storage),
    )


def _unheard(current: Mapping[int, Instant]) -> ColumnElement[bool]:
    """Expected where the radio listens, and this tag not heard there since the latest of the instants."""
    latest = max(current.values())
    return and_(
        or_(
            PRESENCE.c.place.is_distinct_from(CARRIER.c.place),
            PRESENCE.c.here_at <= latest,
            PRESENCE.c.here_at.is_(None),
        ),
        CARRIER.c.status.in_(sorted(EXPECTED)),
        CARRIER.c.since_at <= latest,
        CARRIER.c.place.in_(sorted(current)),
        ANSWERS,
    )


_DIFFERS: Mapping[str, Callable[[Mapping[int, Instant]], ColumnElement[bool]]] = {
    "misplaced": lambda _current: _displaced(STANDING, storage=True),
    "gone_not_lent": lambda _current: _displaced(EXPECTED, storage=False),
    "place_rated_too_low": lambda _current: and_(
        _HERE.c.rating_rank < CARRIER.c.rank,
        _BELIEVED,
        CARRIER.c.status.in_(sorted(KEPT | {"declared_lost"})),
        or_(_HERE.c.rating_rank >= 0, CARRIER.c.status.not_in(sorted(IN_USE))),
    ),
    "used_in_unprotected_place": lambda _current: and_(
        _HERE.c.rating_rank < 0, CARRIER.c.rank >= 0, _BELIEVED, CARRIER.c.status.in_(sorted(IN_USE))
    ),
    "in_store_on_loan": lambda _current: and_(
        CARRIER.c.status == "on_loan", PRESENCE.c.strength == "confirmed", _HERE.c.storage
    ),
    "missing": _unheard,
}
"""How a live tag differs at a glance, by kind: no subquery, for this is asked of every one."""


def _excused(few: CTE, latest: Instant, around: World) -> ScalarSelect[str]:
    """A tag by which the carrier is heard at home, or believed elsewhere; null where there is none.

    As a scalar it is looked for carrier by carrier; an anti-join might be one more pass over the register.
    """
    joined = PRESENCE.join(TAG, TAG.c.epc == PRESENCE.c.epc).join(_HERE, _HERE.c.id == PRESENCE.c.place)
    agree = around.agree()
    return (
        select(func.min(TAG.c.epc))
        .select_from(joined.join(_BOOKS, _BOOKS.c.id == few.c.place))
        .where(
            TAG.c.carrier == few.c.id,
            ~TAG.c.retired,
            or_(and_(PRESENCE.c.here_at > latest, agree), and_(_BELIEVED, ~agree)),
        )
        .correlate(few)
        .scalar_subquery()
    )


def _windows(now: Instant, limits: Thresholds, around: World) -> tuple[dict[int, Instant], list[tuple[int, Instant]]]:
    """Covered places, and the instant before which a carrier there must have been heard last to be missing.

    First those that were listened to until just now: of them the pass can ask by one instant. Then the others.
    """
    windows = [(place, min(now, cover.through_at) - limits.missing_after) for place, cover in around.covers.items()]
    enough = [(place, before) for place, before in windows if before >= around.covers[place].since_at]
    latest = max((before for _, before in enough), default=0)
    current = [(place, before) for place, before in enough if before >= latest - _CURRENT][:_CURRENT_MAX]
    known = dict(current)
    return known, [(place, before) for place, before in enough if place not in known]


def _long_unheard(row: Any, before: Instant) -> bool:
    """Whether a row of the pass speaks of a missing carrier also by the instant of its own place."""
    return row.since_at <= before and (not row.at_home or row.here_at is None or row.here_at <= before)


def _missing(covered: list[tuple[int, Instant]], around: World) -> Select[Any]:
    """Expected where the radio listened, put there before `before`, and no live tag heard there since.

    `covered`: place and the instant before which it must have been heard last.
    """
    heard = values(column("place", Int64), column("before", Int64), name="covered").data(covered).cte("covered")
    at_home_or_elsewhere = (
        exists()
        .where(
            TAG.c.carrier == CARRIER.c.id,
            ~TAG.c.retired,
            PRESENCE.c.epc == TAG.c.epc,
            _HERE.c.id == PRESENCE.c.place,
            or_(
                and_(PRESENCE.c.here_at > heard.c.before, around.agree()),
                and_(_BELIEVED, ~around.agree()),
            ),
        )
        .correlate(CARRIER, _BOOKS, heard)
    )
    joined = heard.join(CARRIER, CARRIER.c.place == heard.c.place).join(_BOOKS, _BOOKS.c.id == CARRIER.c.place)
    return (
        select(CARRIER.c.id)
        .select_from(joined)
        .where(
            CARRIER.c.status.in_(sorted(EXPECTED)),
            CARRIER.c.since_at <= heard.c.before,
            exists().where(TAG.c.carrier == CARRIER.c.id, ANSWERS),
            ~at_home_or_elsewhere,
            ~told_open("unauthorised_removal"),
            ~told_open("missing"),
        )
    )
