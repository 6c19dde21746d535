"""Who is out with what, until when (clause e.1): carriers under a permit, the first to be back first."""

from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.store import Connection
from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission, Subject
from custody.matters import Matter
from custody.matters.carrying_out import Permit
from custody.store import queries
from custody.store.queries import CarrierItem
from custody.values import Instant

router = APIRouter(include_in_schema=False)
SHOWN = 500


@dataclass(frozen=True, slots=True)
class Group:
    """What one person has out under one permit. `matter`: None where the permit is not seen."""

    holder: int | None
    due_at: Instant | None
    matter: Matter | None
    items: tuple[CarrierItem, ...]

    @property
    def permit(self) -> Permit | None:
        """What the permit says."""
        return None if self.matter is None else self.matter.body


def groups_of(connection: Connection, subject: Subject, items: Iterable[CarrierItem]) -> list[Group]:
    """Carriers by holder and permit, in the order in which they come."""
    found: dict[tuple[int | None, int | None, Instant | None], list[CarrierItem]] = {}
    for item in items:
        found.setdefault((item.holder, item.matter, item.due_at), []).append(item)
    matters = queries.matters_by_id(connection, subject, [key[1] for key in found if key[1] is not None])
    return [Group(who, due, matters.get(matter or 0), tuple(of)) for (who, matter, due), of in found.items()]


@router.get("/out")
def board(visit: Visit = Depends(needs(Permission.SEE_CARRIERS))) -> Response:
    """The board."""
    with visit.reading() as connection:
        page = queries.carried_out(connection, visit.subject, limit=SHOWN)
        groups = groups_of(connection, visit.subject, page.items)
        directory = visit.services.books.directory(connection)
    return render(
        visit,
        "carrying_out/board.html",
        groups=groups,
        total=page.total,
        truncated=page.after is not None,
        limit=SHOWN,
        directory=directory,
    )
