"""The set-up guide: what a new house still needs, each role its own part, worked out from how the house stands."""

from dataclasses import replace

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api import store
from api.services import Services
from api.web.places import answered_for
from api.web.render import render, url
from api.web.setup_steps import BY_KEY, PARTS, ROLES_NEEDED, STEPS, House, Step, lines
from api.web.visit import FieldError, Form, Visit, needs, posted
from custody.access import ADMINISTRATORS, Permission
from custody.procedures.undertakings import INSTRUCTION, REMINDER, UNDERTAKING, obliged, signed_for
from custody.register import Directory
from custody.rules import NotFound
from custody.store import account_requests, accounts, queries, witnessing
from custody.store.backup.standing import standing
from custody.store.queries import CarrierFilter
from custody.values import SECOND
from reconcile.store import place_states, plans
from reconcile.store.devices import devices
from reconcile.store.readers import readers
from reconcile.store.setting_up import labels_bound

router = APIRouter(include_in_schema=False)
WHOSE = (
    Permission.TAKE_IN,
    Permission.INSTRUCT,
    Permission.MANAGE_ACCOUNTS,
    Permission.APPROVE_ACCOUNTS,
    Permission.SEE_LOGS,
)
sets_up = needs(*WHOSE)
UNNAMED = frozenset({"", "未命名单位"})
WHY_MAX = 300
OFFICE_OF = {
    Permission.TAKE_IN: "clerk",
    Permission.INSTRUCT: "secrecy_office",
    Permission.MANAGE_ACCOUNTS: "system_administrator",
    Permission.APPROVE_ACCOUNTS: "security_administrator",
    Permission.SEE_LOGS: "auditor",
}
"""The role that each part falls to."""


def my_steps(visit: Visit) -> list[Step]:
    """The visitor's own part, and nobody else's."""
    return [step for step in STEPS if visit.may(step.permission)]


def house_of(visit: Visit) -> House:
    """How the house stands, looked up only as far as the visitor's own steps ask."""
    services = visit.services
    house = House(named=services.scheme.organisation_zh not in UNNAMED)
    with services.database.reading() as connection:
        directory = services.books.directory(connection)
    if visit.may(Permission.TAKE_IN):
        house = _registry(visit, house, directory)
    if visit.may(Permission.INSTRUCT):
        house = _signing(visit, house, directory)
    if visit.may(Permission.MANAGE_ACCOUNTS) or visit.may(Permission.APPROVE_ACCOUNTS):
        house = _accounts(visit, house)
    if visit.may(Permission.MANAGE_READERS):
        house = _machines(visit, house, directory)
    if visit.may(Permission.SEE_LOGS):
        with services.database.reading() as connection:
            house = replace(
                house,
                checkpoint=bool(store.checkpoints(connection, 1)),
                witnesses=len(witnessing.witnesses(connection)),
                cosigned=witnessing.last_cosignature(connection) is not None,
            )
    return house


def _registry(visit: Visit, house: House, directory: Directory) -> House:
    """Behind the visitor's wall: of carriers he is told of what he may see."""
    internal = frozenset(level.code for level in visit.services.scheme.levels if level.rank == 0)
    places = directory.places.values()
    with visit.reading() as connection:
        carriers = queries.carriers(connection, visit.subject, CarrierFilter(), limit=1).total
        labels = labels_bound(connection)
        swept = bool(place_states.last_sweeps(connection))
    with visit.services.database.reading() as connection:
        administer = {one for role in ADMINISTRATORS for one, _unit in accounts.holders(connection, role)}
    return replace(
        house,
        units=len(directory.units),
        places=len(directory.places),
        stores=sum(one.storage for one in places),
        unrated=sum(one.storage and directory.rating(one.id) is None for one in places),
        unanswered=sum(bool(answered_for(one, directory, internal)) for one in places),
        people=len(directory.persons.keys() - administer - {visit.subject.person}),
        carriers=carriers,
        labels=labels,
        swept=swept,
    )


def _signing(visit: Visit, house: House, directory: Directory) -> House:
    texts = (UNDERTAKING, INSTRUCTION, REMINDER)
    owing = [
        person.id
        for person in directory.persons.values()
        if any(obliged(one, person, visit.day) and not signed_for(one, directory, person.id) for one in texts)
    ]
    return replace(house, texts_missing=sum(one not in directory.instructions for one in texts), unsigned=len(owing))


def _accounts(visit: Visit, house: House) -> House:
    with visit.services.database.reading() as connection:
        administer = {one for role in ADMINISTRATORS for one, _unit in accounts.holders(connection, role)}
        unchanged = [one for one in accounts.all_accounts(connection) if one.person in administer and one.must_change]
        missing = tuple(role.value for role in ROLES_NEEDED if not accounts.holders(connection, role))
        waiting = account_requests.waiting_for(
            connection,
            visit.services.scheme,
            visit.subject.person,
            visit.may(Permission.APPROVE_ACCOUNTS),
            visit.now,
        )
    return replace(house, secrets_unchanged=len(unchanged), roles_missing=missing, requests=waiting)


def _machines(visit: Visit, house: House, directory: Directory) -> House:
    services: Services = visit.services
    silent_after = services.scheme.number("reader_silent_after_seconds") * SECOND
    with visit.machines() as connection:
        known = [one for one in readers(connection, visit.now) if one.enabled and one.known]
        ears = place_states.listened_to(connection, directory, visit.now, silent_after)
        admitted = [one for one in devices(connection) if not one.revoked]
        backup = standing(connection, services.scheme, visit.now).made is not None
    portals = [one.id for one in directory.places.values() if one.kind == "portal"]
    calendar = services.at_work.calendar
    return replace(
        house,
        protected=services.certificate is not None or visit.request.url.scheme == "https",
        devices=len(admitted),
        readers=len(known),
        readers_silent=sum(one.through_at is None or one.through_at < visit.now - silent_after for one in known),
        portals=len(portals),
        portals_deaf=sum(one not in ears.heard for one in portals),
        mail=services.relay is not None,
        calendar=calendar.decreed or calendar.own > 0,
        backup=backup,
    )


def _draw(visit: Visit, errors: tuple[FieldError, ...] = (), form: Form | None = None) -> Response:
    mine = my_steps(visit)
    house = house_of(visit)
    with visit.services.database.reading() as connection:
        waived = plans.waivers(connection)
        directory = visit.services.books.directory(connection)
    shown = lines(house, mine, waived)
    wanted = [line for line in shown if line.state != "waived"]
    return render(
        visit,
        "setup/page.html",
        errors=errors,
        kept=form.kept() if form else None,
        asked=form.text("step") if form else "",
        parts=[(part, [line for line in shown if line.step.part == part]) for part in PARTS],
        done=sum(line.state == "done" for line in shown),
        total=len(wanted),
        following=next((line for line in shown if line.state == "todo"), None),
        house=house,
        others=[
            role
            for permission, role in OFFICE_OF.items()
            if not visit.may(permission) and any(step.permission is permission for step in STEPS)
        ],
        scheme=visit.services.scheme,
        directory=directory,
        why_max=WHY_MAX,
    )


@router.get("/set-up")
def guide(visit: Visit = Depends(sets_up)) -> Response:
    """The visitor's own part of the setting up, with what is done and what is not."""
    return _draw(visit)


@router.post("/set-up")
def said(visit: Visit = Depends(sets_up), form: Form = Depends(posted)) -> Response:
    """A step is not needed, with the reason; or it is after all. Raises NotFound for a step that is not one's own."""
    step = BY_KEY.get(form.text("step"))
    if step is None or not step.waivable or not visit.may(step.permission):
        raise NotFound
    by, now = visit.subject.person, visit.now
    if form.text("do") == "need":
        with visit.services.database.writing() as connection:
            plans.need(connection, step.key, by=by, at=now)
    else:
        why = form.text("why")[:WHY_MAX]
        if not why:
            return _draw(visit, (visit.error(f"why-{step.key}", "setup.why_needed"),), form)
        with visit.services.database.writing() as connection:
            plans.waive(connection, step.key, why, by=by, at=now)
    return RedirectResponse(url("/set-up") + f"#{step.key}", status_code=303)
