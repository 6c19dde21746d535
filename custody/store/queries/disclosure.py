"""Who has seen a carrier, and what a person has seen: looks on the screen and on paper, and hands it went through.

Both as far as the subject may see the carriers (clause c.1, daily rule 7).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, exists, func, literal, or_, select

from custody.access import Subject
from custody.entries import Entry, decode
from custody.store import schema as t
from custody.store.looks import Look
from custody.store.queries.journal import entries_of, seen_entries
from custody.store.queries.visible import visible
from custody.values import Instant

IN_HAND: Mapping[str, tuple[str, ...]] = {
    "borrowed": ("holder",),
    "taken_to_read": ("holder",),
    "leg_started": ("reader",),
    "distributed_on_loan": ("holder",),
    "distributed_to_keep": ("recipient",),
    "handed_out": ("person",),
    "taken_back": ("person",),
    "carried_out": ("bearer",),
    "dispatched": ("taken_by", "taken_by_name"),
    "provided": ("received_by_name",),
    "provided_for_good": ("received_by_name",),
    "transferred": ("received_by", "received_by_name"),
    "returned_to_issuer": ("received_by", "received_by_name"),
    "destroyed": ("destroyer",),
}
"""Fact by which a carrier came into somebody's hands -> who: a person of the house, else a name."""
_PERSONS = ("holder", "reader", "recipient", "person", "bearer", "taken_by", "received_by", "destroyer")


@dataclass(frozen=True, slots=True)
class Hand:
    """That a carrier was in somebody's hands. `person` None: one of another body, by `name`."""

    at: Instant
    carrier: int
    kind: str
    person: int | None
    name: str
    act: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Within:
    """What narrows the record: a person, a time (`until` not included)."""

    person: int | None = None
    since: Instant | None = None
    until: Instant | None = None

    def holds(self, at: Instant) -> bool:
        """Whether an instant lies in it."""
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


def hands_of(connection: Connection, subject: Subject, carrier: int, within: Within) -> list[Hand]:
    """Through whose hands a carrier went, the newest first. Raises NotFound for hidden and absent alike."""
    found = [hand for entry in entries_of(connection, subject, carrier) if (hand := _hand(entry)) is not None]
    wanted = [hand for hand in found if within.holds(hand.at) and within.person in (None, hand.person)]
    return wanted[::-1]


def looks_at(
    connection: Connection, subject: Subject, carrier: int, within: Within, before: int | None, limit: int
) -> list[Look]:
    """Who looked at a carrier that the subject sees, the newest first, below the identifier `before`."""
    return _looks(connection, subject, t.LOOK.c.carrier == carrier, within, before, limit)


def looks_by(
    connection: Connection, subject: Subject, person: int, within: Within, before: int | None, limit: int
) -> list[Look]:
    """What a person looked at, of the carriers that the subject sees, the newest first."""
    return _looks(connection, subject, t.LOOK.c.person == person, within, before, limit)


def hands_to(connection: Connection, subject: Subject, person: int, within: Within, limit: int) -> list[Hand]:
    """What came into a person's hands in that time, of what the subject sees, the newest first."""
    e = t.ENTRY.c
    body = e.body
    named = or_(*(_holds(connection, body, f'"{name}":{person}') for name in _PERSONS))
    query = (
        select(body)
        .where(e.kind.in_(sorted(IN_HAND)), named, seen_entries(subject))
        .order_by(e.sequence.desc())
        .execution_options(yield_per=500)
    )
    if within.since is not None:
        query = query.where(e.entered_at >= within.since)
    found: list[Hand] = []
    for row in connection.execute(query):
        hand = _hand(decode(bytes(row.body)))
        # The bytes only chose candidates: 12 is in 123.
        if hand is not None and hand.person == person and within.holds(hand.at):
            found.append(hand)
            if len(found) == limit:
                break
    return found


def _holds(connection: Connection, body: ColumnElement[bytes], text: str) -> ColumnElement[bool]:
    """Whether the entry's bytes hold a text."""
    if connection.dialect.name == "postgresql":
        return func.position(literal(text.encode()).op("IN")(body)) > 0
    return func.instr(body, text.encode()) > 0


def _looks(
    connection: Connection,
    subject: Subject,
    about: ColumnElement[bool],
    within: Within,
    before: int | None,
    limit: int,
) -> list[Look]:
    c = t.LOOK.c
    seen = exists().where(and_(t.CARRIER.c.id == c.carrier, visible(subject)))
    query = select(c.id, c.at, c.person, c.carrier, c.how, c.detail).where(about, seen)
    if within.person is not None:
        query = query.where(c.person == within.person)
    if within.since is not None:
        query = query.where(c.at >= within.since)
    if within.until is not None:
        query = query.where(c.at < within.until)
    if before is not None:
        query = query.where(c.id < before)
    return [Look(*row) for row in connection.execute(query.order_by(c.id.desc()).limit(limit))]


def _hand(entry: Entry) -> Hand | None:
    fields = IN_HAND.get(entry.fact.kind)
    if fields is None:
        return None
    said = list(_said(entry, fields))
    person = next((one for one in said if isinstance(one, int)), None)
    name = next((one for one in said if isinstance(one, str) and one), "")
    carrier: int = getattr(entry.fact, "carrier", 0)
    if person is None and not name:
        return None
    return Hand(entry.happened_at, carrier, entry.fact.kind, person, name, entry.act, entry.sequence)


def _said(entry: Entry, fields: tuple[str, ...]) -> Iterator[int | str | None]:
    for name in fields:
        yield getattr(entry.fact, name)
