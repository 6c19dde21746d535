"""How the installation stands with its backups, for the system administrator: times, sizes; no business data."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission
from custody.store.backup import noted
from custody.store.backup.standing import done_at, standing

router = APIRouter(include_in_schema=False)
administers = needs(Permission.MANAGE_READERS)
SHOWN = 60


@router.get("/backups")
def backups_page(visit: Visit = Depends(administers)) -> Response:
    """The last backup and rehearsal, when the next are wanted, and what was done before."""
    noted.take_in(visit.services.data, visit.services.database, visit.now)
    # The log's rows are the auditor's: of these kinds the administrator sees what the page shows.
    with visit.services.database.reading() as connection:
        found = standing(connection, visit.services.scheme, visit.now)
    events = sorted(found.events, key=done_at, reverse=True)[:SHOWN]
    return render(visit, "backups/page.html", standing=found, events=events, done_at=done_at)
