"""What waits for the visitor's approval, and what the visitor asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.acts import acts_on
from api.acts.model import Ground
from api.acts.offering import Offer, offers
from api.acts.wording import matter_words
from api.web import navigation
from api.web.business.loading import matter_ground
from api.web.business.matters import Look, look_of, view_of
from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission
from custody.approval import STEPS
from custody.matters import Matter
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries import MatterFilter, Waiting
from custody.values import DAY, Person

router = APIRouter(include_in_schema=False)
SHOWN_MAX = 50
"""Rows drawn with their forms; the others are counted, and come up as these are answered."""
MINE_MAX = 30
GRAVE = frozenset({"destruction", "reclassification", "carrying_out", "provision"})
"""Destruction, lowering, carrying out, provision outside."""


@dataclass(frozen=True, slots=True)
class Awaiting:
    """One row of the inbox. `urgency`: 0 late, 1 urgent or due within a day, 2 else."""

    waiting: Waiting
    urgency: int
    name: str
    icon: str
    rows: tuple[tuple[str, str], ...]
    absent: Person | None
    offers: dict[str, Offer]

    @property
    def grave(self) -> bool:
        """Whether it is signed on its own page, after a look, and never from the list."""
        return self.waiting.matter.kind in GRAVE


def may_be_asked(visit: Visit) -> bool:
    """Whether anything can wait for this visitor: an approver's role, or somebody's deputy."""
    if any(visit.may(step.permission) for step in STEPS.values()):
        return True
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
    return any(one.deputy == visit.subject.person for one in directory.delegations.values())


def waiting_for(visit: Visit) -> list[Waiting]:
    """What waits for the visitor, the most urgent first."""
    if not may_be_asked(visit):
        return []
    # What waits for somebody absent is hidden from the deputy but for this.
    with visit.services.database.reading() as connection:
        directory = visit.services.books.directory(connection)
        return queries.waiting(connection, visit.subject, directory, visit.services.scheme, visit.now, visit.day)


def count(visit: Visit) -> int:
    """The figure in the navigation."""
    return len(waiting_for(visit))


navigation.COUNTS["approvals"] = count


def urgency_of(one: Waiting, now: int) -> int:
    """0: the time to answer has passed; 1: urgent, or to be answered within a day; 2: else."""
    if one.answer_by < now:
        return 0
    urgent = one.matter.approval is not None and one.matter.approval.urgent
    return 1 if urgent or one.answer_by - now <= DAY else 2


def _row(visit: Visit, one: Waiting) -> Awaiting | None:
    try:
        ground: Ground = matter_ground(visit, one.matter.id)
    except NotFound:
        return None  # answered or hidden meanwhile
    view = view_of(one.matter.kind)
    answers = [act for act in acts_on("matter", one.matter.kind) if act.key in ("approve", "decline") and not act.kind]
    return Awaiting(
        one,
        urgency_of(one, visit.now),
        matter_words(one.matter.kind, visit.t),
        view.icon,
        tuple(view.rows(ground, one.matter)),
        ground.directory.persons.get(one.on_behalf_of or 0),
        {offer.act.key: offer for offer in offers(ground, answers)},
    )


def rows_of(visit: Visit, found: Sequence[Waiting]) -> list[Awaiting]:
    """What waits, as it is drawn; what was answered meanwhile is left out."""
    return [row for one in found if (row := _row(visit, one)) is not None]


def asked_by(visit: Visit) -> list[tuple[Matter, str, Look]]:
    """The matters for which the visitor asked approval, the newest first."""
    with visit.reading() as connection:
        page = queries.matters(connection, visit.subject, MatterFilter(party=visit.subject.person), limit=200)
    own = [one for one in page.items if one.approval and one.approval.applicant == visit.subject.person]
    return [(one, matter_words(one.kind, visit.t), look_of(visit, one)) for one in own[:MINE_MAX]]


@router.get("/approvals")
def approvals(done: str = "", visit: Visit = Depends(needs(Permission.TAKE_PART))) -> Response:
    """The inbox."""
    found = waiting_for(visit)
    rows = rows_of(visit, found[:SHOWN_MAX])
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        if done:
            try:
                queries.act(connection, visit.subject, done[:40])
            except NotFound:
                done = ""
    groups = [(urgency, [row for row in rows if row.urgency == urgency]) for urgency in (0, 1, 2)]
    return render(
        visit,
        "business/approvals.html",
        groups=[(urgency, members) for urgency, members in groups if members],
        total=len(found),
        shown=len(rows),
        mine=asked_by(visit),
        done=done[:40],
        directory=directory,
        can_be_asked=may_be_asked(visit),
    )
