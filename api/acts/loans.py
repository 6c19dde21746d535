"""Acts on a loan as rows: reading in the room, renewal, recall, waiting (clauses c.2, c.5)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from api.acts.model import Act, Cosigner, Field, Ground, Values
from custody.access import Permission, answers_for
from custody.carrier import CarrierState, Status
from custody.clock import end_of_day
from custody.entries import Fact
from custody.entries.circulation import Queued, Recalled, Renewed, TakenToRead, Unqueued
from custody.procedures.borrowing import in_turn
from custody.rules import NotFound, Situation
from custody.store import queries
from custody.values import DAY

_P = Permission
_REASON = Field("reason", "area")


def signs_beside(ground: Ground, label: str, person: Any) -> tuple[Cosigner, ...]:
    """That person signs at the desk; nobody besides, where it is the acting person."""
    if person == ground.subject.person:
        return ()
    return (Cosigner(label, person if isinstance(person, int) else None),)


def _read(ground: Ground, values: Values) -> list[Fact]:
    until = end_of_day(ground.day, ground.scheme.timezone)
    return [TakenToRead(ground.the_item.id, values["holder"], values["place"], until, values["purpose"])]


def _renew(ground: Ground, values: Values) -> list[Fact]:
    return [Renewed(ground.the_item.id, ground.end_of(values["due"]), values["reason"])]


def _recall(ground: Ground, values: Values) -> list[Fact]:
    return [Recalled(ground.the_item.id, ground.end_of(values["due"]), values["reason"])]


def _days_on(days: int) -> Callable[[Ground], str]:
    def default(ground: Ground) -> str:
        return ground.day_of(ground.now + days * DAY)

    return default


def _renewed_until(ground: Ground) -> str:
    """So much later than its day as a loan usually runs, and not later than one may run."""
    number = ground.scheme.number
    due = ground.the_item.due_at or ground.now
    latest = ground.now + number("loan_days_max") * DAY
    return ground.day_of(min(due + number("loan_days_default") * DAY, latest))


def _state(ground: Ground) -> CarrierState:
    with ground.services.database.reading() as connection:
        return queries.state_of(connection, ground.the_item.id)


def _registry(ground: Ground) -> bool:
    unit = ground.the_item.unit
    return answers_for(ground.subject, _P.LEND, unit, ground.directory)


@dataclass(frozen=True, slots=True)
class InQueue:
    """One who waits for a carrier. `turn`: his place among those who may have it; None: he left, or may not."""

    person: int
    turn: int | None


def queue_of(ground: Ground, state: CarrierState) -> list[InQueue]:
    """Everybody who waits for the carrier, in order, whoever asks."""
    situation = Situation(ground.subject, ground.scheme, ground.directory, ground.now, ground.day)
    turns = {person.id: turn for turn, person in enumerate(in_turn(state, situation), 1)}
    return [InQueue(person, turns.get(person)) for person in state.queue]


def queue_shown(ground: Ground) -> list[InQueue]:
    """The same of the ground's carrier, for those who lend it; nobody else learns who waits."""
    return queue_of(ground, _state(ground)) if _registry(ground) else []


def _queue_probe(ground: Ground) -> Fact:
    """Nobody waits for what stands on its shelf and for which nobody waits yet: it is simply borrowed."""
    if ground.the_item.status is Status.IN_PLACE and not _state(ground).queue:
        raise NotFound
    return Queued(ground.the_item.id, ground.subject.person)


def _waiting(ground: Ground) -> Iterable[tuple[str, str]]:
    """Those who wait, in order; of others, a borrower learns nothing."""
    for person in _state(ground).queue:
        if person == ground.subject.person or _registry(ground):
            yield str(person), ground.person_name(person)


def _unqueue_probe(ground: Ground) -> Fact:
    first = next(iter(_waiting(ground)), None)
    if first is None:
        raise NotFound
    return Unqueued(ground.the_item.id, int(first[0]))


ACTS: tuple[Act, ...] = (
    Act(
        "read",
        "read",
        "book",
        _P.LEND,
        _read,
        lambda ground: TakenToRead(ground.the_item.id, 0, 0, 0),
        on="carrier",
        fields=(
            Field("holder", "person"),
            Field("place", "place"),
            Field("purpose", required=False),
        ),
        cosigners=lambda ground, values: signs_beside(ground, "ask.holder", values.get("holder")),
        standing=frozenset({"another_waits"}),
    ),
    Act(
        "renew",
        "renew",
        "clock",
        _P.TAKE_PART,
        _renew,
        lambda ground: Renewed(ground.the_item.id, ground.now + 1, ""),
        on="carrier",
        fields=(Field("due", "day", default=_renewed_until), _REASON),
        standing=frozenset(
            {"renewals_used", "overdue_already", "recalled_already", "another_waits", "in_reading_room", "not_cleared"}
        ),
        hides=frozenset({"not_own"}),
    ),
    Act(
        "recall",
        "recall",
        "alert",
        _P.LEND,
        _recall,
        lambda ground: Recalled(ground.the_item.id, ground.now + 1, ""),
        on="carrier",
        fields=(Field("due", "day", default=_days_on(1)), _REASON),
        standing=frozenset({"recalled_already", "recall_no_earlier"}),
    ),
    Act(
        "queue",
        "queue",
        "day",
        _P.TAKE_PART,
        lambda ground, values: [Queued(ground.the_item.id, values["person"])],
        _queue_probe,
        on="carrier",
        fields=(Field("person", "person", default=lambda ground: ground.person.number),),
        signs=False,
        hides=frozenset({"waits_already", "not_own"}),
    ),
    Act(
        "unqueue",
        "queue",
        "off",
        _P.TAKE_PART,
        lambda ground, values: [Unqueued(ground.the_item.id, int(values["waiting"]))],
        _unqueue_probe,
        on="carrier",
        fields=(Field("waiting", "choice", options=_waiting),),
        signs=False,
        hides=frozenset({"not_own"}),
    ),
)
