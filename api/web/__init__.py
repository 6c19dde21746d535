"""The pages, server-rendered: one module a page group, its templates in the folder of the same name."""

from fastapi import APIRouter

from api.web import (
    accounts,
    carriers,
    door,
    events,
    findings,
    imports,
    inbox,
    ledger,
    overview,
    places,
    readers,
    regulations,
    reports,
    rounds,
)
from api.web.acts import desk, pages, receipts, takein

ROUTERS: tuple[APIRouter, ...] = (
    door.router,
    carriers.router,
    pages.router,
    receipts.router,
    takein.router,
    desk.router,
    imports.router,
    places.router,
    ledger.router,
    accounts.router,
    regulations.router,
    findings.router,
    overview.router,
    readers.router,
    inbox.router,
    events.router,
    rounds.router,
    reports.router,
)
"""Every page group's routes; a new group adds its own here."""
