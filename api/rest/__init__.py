"""The REST interface under /api/v1: JSON, the pages' own session and permissions, problems as RFC 9457."""

from fastapi import APIRouter

from api.rest import (
    accounts,
    acts,
    business,
    carriers,
    cases,
    directory,
    doors,
    findings,
    handhelds,
    intake,
    meetings,
    meta,
    papers,
    rounds,
    session,
    shelf,
    watch,
    witness,
)

ROUTERS: tuple[APIRouter, ...] = (
    session.router,
    accounts.router,
    carriers.router,
    acts.router,
    papers.router,
    directory.router,
    findings.router,
    cases.router,
    intake.router,
    doors.router,
    handhelds.router,
    meta.router,
    watch.router,
    rounds.router,
    shelf.router,
    business.router,
    meetings.router,
    witness.router,
)
"""Every group's routes; a new group adds its own here."""
