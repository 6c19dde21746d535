"""My holdings: what the visitor has on loan, reads, has from a circulation, has out, and waits for (letters c, e)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.acts import act_named
from api.acts.loans import queue_of
from api.acts.offering import Offer, offered
from api.store import Connection
from api.web.business.loading import ground_of
from api.web.carried_out import Group, groups_of
from api.web.render import render
from api.web.visit import Visit, needs
from custody import clock
from custody.access import Permission
from custody.carrier import CarrierState
from custody.life_cycle import Status
from custody.matters import Matter
from custody.matters.circulation import Briefing, Circulation
from custody.register import Directory
from custody.store import queries
from custody.store.queries import CarrierFilter, CarrierItem, MatterFilter
from custody.store.queries.duties import waited_for

router = APIRouter(include_in_schema=False)
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Held:
    """A carrier in the visitor's hand; `renew`: its button, possible or dashed."""

    item: CarrierItem
    state: CarrierState
    renew: Offer | None = None
    matter: Matter | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """A carrier that the visitor waits for, and at which place in the queue."""

    item: CarrierItem
    place: int


@dataclass(frozen=True, slots=True)
class Coming:
    """A circulation that is still to come to the visitor, so many readers before."""

    matter: Matter
    before: int


def _held(
    visit: Visit, connection: Connection, directory: Directory, matters: dict[int, Matter]
) -> tuple[list[Held], list[Held]]:
    """Loans, and carriers of circulations."""
    mine = CarrierFilter(holder=visit.subject.person)
    items = queries.carriers(connection, visit.subject, mine, limit=SHOWN).items
    states = queries.states_of(connection, [item.id for item in items])
    renew = act_named("carrier", "renew")
    loans: list[Held] = []
    legs: list[Held] = []
    for item in sorted(items, key=lambda one: (one.due_at or 0, one.id)):
        state = states[item.id]
        if item.status is Status.ON_LOAN:
            ground = ground_of(visit, item=item, directory=directory)
            loans.append(Held(item, state, offered(ground, renew) if renew else None))
        elif item.status is Status.IN_CIRCULATION:
            legs.append(Held(item, state, matter=matters.get(state.matter or 0)))
    return loans, legs


def _out(visit: Visit, connection: Connection) -> list[Group]:
    """What the visitor has out under permits, as the board shows it."""
    mine = CarrierFilter(holder=visit.subject.person, status=Status.CARRIED_OUT)
    items = queries.carriers(connection, visit.subject, mine, limit=SHOWN).items
    return groups_of(connection, visit.subject, sorted(items, key=lambda one: (one.due_at or 0, one.id)))


def _coming(person: int, matters: Sequence[Matter]) -> list[Coming]:
    """Circulations under way in which the visitor has had nothing yet."""
    found = []
    for matter in matters:
        body = matter.body
        if not isinstance(body, Circulation) or matter.status not in ("approved", "circulating"):
            continue
        over = {one.reader for one in body.passed_over}
        had = {leg.reader for leg in body.legs}
        if person in body.readers and person not in over | had:
            before = body.readers[: body.readers.index(person)]
            found.append(Coming(matter, sum(1 for one in before if one not in over | had)))
    return found


def _to_attend(person: int, matters: Sequence[Matter]) -> list[tuple[Matter, bool]]:
    """Briefings announced at which the visitor listens, and whether the rules are still to be acknowledged."""
    found = []
    for matter in matters:
        if isinstance(matter.body, Briefing):
            own = next((one for one in matter.body.listeners if one.person == person), None)
            if own is not None:
                found.append((matter, own.acknowledged_at is None))
    return sorted(found, key=lambda one: one[0].due_at or 0)


@router.get("/me/holdings")
def holdings(visit: Visit = Depends(needs(Permission.TAKE_PART))) -> Response:
    """The visitor's own."""
    person = visit.subject.person
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        asked = MatterFilter(kinds=("circulation", "briefing"), party=person, open_only=True)
        matters = queries.matters(connection, visit.subject, asked, limit=SHOWN).items
        loans, legs = _held(visit, connection, directory, {one.id: one for one in matters})
        out = _out(visit, connection)
        waited = waited_for(connection, visit.subject, person)
        queues = queries.states_of(connection, [item.id for item in waited])
    waits = []
    for item in waited:
        queue = queue_of(ground_of(visit, item=item, directory=directory), queues[item.id])
        (own,) = (one for one in queue if one.person == person)
        waits.append(Wait(item, own.turn or len(queue)))
    dated = [one for one in loans + legs if one.item.due_at]
    zone = visit.services.scheme.timezone
    today = date.fromisoformat(visit.day)
    return render(
        visit,
        "holdings/holdings.html",
        soonest=min((one.item for one in dated), key=lambda item: item.due_at or 0, default=None),
        late=sum((one.item.due_at or 0) < visit.now for one in dated),
        days_left=lambda at: (date.fromisoformat(clock.day(at, zone)) - today).days,
        loans=loans,
        legs=legs,
        out=out,
        waits=waits,
        coming=_coming(person, matters),
        briefings=_to_attend(person, matters),
        directory=directory,
    )
