"""A carrier's custody as stretches of time: the folded states one after the other, and what each is called."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from api.web.visit import Visit
from custody.carrier import HELD, CarrierState, Status
from custody.entries import CarrierFact, Entry
from custody.register import Directory, FoldBroken, apply
from custody.values import Instant

TIMED = frozenset({Status.ON_LOAN, Status.IN_CIRCULATION, Status.CARRIED_OUT, Status.PROVIDED_OUTSIDE})
"""States whose last day is the day on which it is to be back."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From when to when a carrier stood so in the books; the last one runs until now."""

    since: Instant
    until: Instant
    state: CarrierState

    @property
    def due_at(self) -> Instant:
        """When it is to be back; 0 where nothing is agreed."""
        return self.state.due_at or 0 if self.state.status in TIMED else 0

    @property
    def late_from(self) -> Instant | None:
        """From when on it was late; None where it was back in time, or is not due yet."""
        return max(self.due_at, self.since) if 0 < self.due_at < self.until else None


def stretches(entries: Sequence[Entry], now: Instant) -> list[Stretch]:
    """The stretches of a carrier's life, oldest first, from all its entries in order.

    What changes neither the state nor where it is (a tag, a listing, a place in the queue) ends no stretch.
    """
    found: list[Stretch] = []
    state: CarrierState | None = None
    since = 0
    for entry in entries:
        if not isinstance(entry.fact, CarrierFact):
            continue
        try:
            after = apply(state, entry)
        except FoldBroken:
            # Something before it belongs to a matter that is not the reader's to see: what follows cannot be told.
            continue
        if state is None or _seen(state) != _seen(after):
            at = entry.happened_at
            if state is not None and at > since:
                found.append(Stretch(since, at, state))
            elif at < since:
                # A loan taken over from the ledger kept before began before it was entered.
                found = [replace(one, until=min(one.until, at)) for one in found if one.since < at]
            since = at
        state = after
    if state is not None and now > since:
        found.append(Stretch(since, now, state))
    return found


def _seen(state: CarrierState) -> tuple[Status, int | None, int | None, Instant | None]:
    return state.status, state.place, state.holder, state.due_at


def called(visit: Visit, directory: Directory, state: CarrierState, name: Callable[[int], str]) -> str:
    """What a stretch is called: its holder or place where one is known, else the word of the state."""
    word = visit.t(f"status.{state.status.value}")
    if state.status is Status.DECLARED_LOST or state.status not in HELD:
        return word
    place = directory.places.get(state.place) if state.place is not None else None
    holder = name(state.holder) if state.holder is not None else ""
    match state.status:
        case Status.ON_LOAN if holder:
            return holder
        case Status.IN_PLACE:
            return place.code if place else visit.t("carriers.not_shelved")
        case _:
            # Who has it tells less than why it is away: the word stands first.
            return " ".join(filter(None, (word, holder or (place.code if place else ""))))


def colour(state: CarrierState) -> str:
    """How a stretch is drawn: home, out, late (whereabouts unknown), gone (the house's no more)."""
    if state.status is Status.DECLARED_LOST:
        return "late"
    if state.status not in HELD:
        return "gone"
    return "home" if state.status in (Status.IN_PLACE, Status.AWAITING_DESTRUCTION) else "out"
