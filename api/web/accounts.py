"""The system administrator's list of accounts: who may sign in, with which roles. No business data."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api import store
from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission

router = APIRouter(include_in_schema=False)


@router.get("/accounts")
def accounts(visit: Visit = Depends(needs(Permission.MANAGE_ACCOUNTS))) -> Response:
    """Every account, by staff number."""
    with visit.services.database.reading() as connection:
        lines = store.accounts(connection)
    return render(visit, "accounts/list.html", lines=lines)
