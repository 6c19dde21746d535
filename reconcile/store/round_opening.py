"""A sweep as it is opened: its terms, and what it expects, frozen at the ledger's position."""

from collections.abc import Collection
from dataclasses import dataclass
from random import Random
from typing import Any

from sqlalchemy import and_, case, func, literal, or_, select

from custody.access import Subject
from custody.clock import moment
from custody.life_cycle import HELD, Status
from custody.store.acts import take_numbers
from custody.store.digests import attest
from custody.store.queries import visible
from custody.store.schema import CARRIER, LEDGER_STATE, PLACE, chunks
from custody.values import Instant
from reconcile.checks.cases import EXPECTED, STANDING
from reconcile.store.core import (
    CURSOR,
    ROUND,
    ROUND_EXPECTED,
    ROUND_TERMS,
    SIGHTING,
    Connection,
    insert_new,
    stands_in,
)
from reconcile.store.rounds import ELSEWHERE, HERE, UNASKED, cursor_name

_COUNTED = sorted(status.value for status in {*HELD, Status.DECLARED_LOST})
"""Statuses in which a carrier may turn up in a sweep; what is destroyed or given away for good is not looked for."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a sweep is opened. `only`: of what is expected here those alone are asked; None: all.

    `sample` of what is expected are drawn by `chance`; 0: all. From rank `two_from` up two persons sign, from
    `other_from` up a recount is by others.
    """

    kind: str
    of: str
    scope: str
    two_from: int
    other_from: int
    only: frozenset[int] | None = None
    sample: int = 0
    chance: Random | None = None


def new_round(
    connection: Connection, subject: Subject, place: Any, opening: Opening, now: Instant, timezone: str
) -> str:
    """A new round with its expectation frozen at the ledger's position, of what the subject may know of."""
    # The ledger's lock: no act is entered between the position and the list.
    position = connection.scalar(select(LEDGER_STATE.c.size).with_for_update()) or 0
    year = moment(now, timezone).year
    (number,) = take_numbers(connection, f"round:{year}", 1)
    name = f"QC-{year}-{number:04d}"
    connection.execute(
        ROUND.insert().values(
            number=name,
            kind=opening.kind,
            place=place.id,
            opened_by=subject.person,
            opened_at=now,
            position=position,
            state="open",
            act="",
            report_hash="",
            report="",
            reason="",
        )
    )
    _freeze(connection, subject, name, place.path)
    _narrow(connection, name, opening)
    rank = _highest(connection, name)
    terms = {"round": name, "of": opening.of, "scope": opening.scope, "sample": opening.sample, "rank": rank}
    connection.execute(
        ROUND_TERMS.insert().values(
            **terms, two=rank >= opening.two_from, other=bool(opening.of) and rank >= opening.other_from
        )
    )
    attest(connection, "round", [(name,)])
    attest(connection, "round_terms", [(name,)])
    attest(connection, "round_expected", [(name,)])
    newest = connection.scalar(select(func.max(SIGHTING.c.id))) or 0
    insert_new(connection, CURSOR, [{"name": cursor_name(name), "position": newest}])
    return name


def _freeze(connection: Connection, subject: Subject, number: str, path: str) -> None:
    home, place = PLACE.alias("home_place"), PLACE.alias("now_place")
    root = literal(path)
    # What is read in a room is expected there; what is with a person is expected nowhere.
    here = and_(CARRIER.c.status.in_(sorted(EXPECTED)), stands_in(place.c.path, root))
    standing = CARRIER.c.status.in_(sorted(STANDING))
    expected = case((here, HERE), (standing, ELSEWHERE), else_=CARRIER.c.status)
    query = (
        select(literal(number), CARRIER.c.id, expected, CARRIER.c.home, CARRIER.c.place, CARRIER.c.holder)
        .select_from(
            CARRIER.outerjoin(home, home.c.id == CARRIER.c.home).outerjoin(place, place.c.id == CARRIER.c.place)
        )
        .where(
            visible(subject),
            CARRIER.c.status.in_(_COUNTED),
            or_(stands_in(place.c.path, root), stands_in(home.c.path, root)),
        )
    )
    columns = ["round", "carrier", "expected", "home", "place", "holder"]
    connection.execute(ROUND_EXPECTED.insert().from_select(columns, query))


def _narrow(connection: Connection, number: str, opening: Opening) -> None:
    """Of what stands here, what is not asked for is marked so: met, it is no surprise; not met, it says nothing."""
    if opening.only is None and not opening.sample:
        return
    of_round = and_(ROUND_EXPECTED.c.round == number, ROUND_EXPECTED.c.expected == HERE)
    here = list(connection.scalars(select(ROUND_EXPECTED.c.carrier).where(of_round).order_by(ROUND_EXPECTED.c.carrier)))
    asked: Collection[int] = opening.only if opening.only is not None else here
    if opening.sample and opening.chance is not None:
        asked = set(opening.chance.sample(sorted(asked), min(opening.sample, len(asked))))
    for chunk in chunks(carrier for carrier in here if carrier not in asked):
        unasked = and_(of_round, ROUND_EXPECTED.c.carrier.in_(chunk))
        connection.execute(ROUND_EXPECTED.update().where(unasked).values(expected=UNASKED))


def _highest(connection: Connection, number: str) -> int:
    """The highest rank of level of what the round asks for; -1 where it asks for nothing."""
    query = select(func.max(CARRIER.c.rank)).join(ROUND_EXPECTED, ROUND_EXPECTED.c.carrier == CARRIER.c.id)
    rank = connection.scalar(query.where(ROUND_EXPECTED.c.round == number, ROUND_EXPECTED.c.expected == HERE))
    return -1 if rank is None else int(rank)
