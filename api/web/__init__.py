"""The pages, server-rendered: one module a page group, its templates in the folder of the same name."""

from fastapi import APIRouter

from api.web import (
    accounts,
    balance,
    carried_out,
    carriers,
    cases,
    disclosures,
    door,
    entries,
    events,
    exports,
    findings,
    holdings,
    imports,
    inbox,
    kin,
    ledger,
    organisations,
    overview,
    people,
    places,
    production,
    readers,
    registers,
    regulations,
    reports,
    review,
    rounds,
    undertakings,
)
from api.web.acts import desk, pages, receipts, takein
from api.web.business import approvals, delegations, matters, undo
from api.web.business import pages as business
from api.web.meetings import board as meeting_board
from api.web.meetings import pages as meetings
from api.web.printing import pages as printing

ROUTERS: tuple[APIRouter, ...] = (
    door.router,
    holdings.router,
    carried_out.router,
    carriers.router,
    kin.router,
    pages.router,
    receipts.router,
    printing.router,
    takein.router,
    desk.router,
    imports.router,
    places.router,
    people.router,
    ledger.router,
    accounts.router,
    regulations.router,
    cases.router,
    balance.router,
    findings.router,
    overview.router,
    readers.router,
    inbox.router,
    events.router,
    rounds.router,
    reports.router,
    review.router,
    organisations.router,
    disclosures.router,
    registers.router,
    production.router,
    matters.router,
    business.router,
    approvals.router,
    delegations.router,
    undo.router,
    entries.router,
    exports.router,
    undertakings.router,
    meetings.router,
    meeting_board.router,
)
"""Every page group's routes; a new group adds its own here."""
