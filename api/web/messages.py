"""What would go out today, and to whom: the own message, where it goes, in which language; for who heads enquiries the
counts of everybody in reach. Numbers and counts only.
"""

from dataclasses import dataclass

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api import letters
from api.web.render import render
from api.web.visit import FieldError, Form, Visit, posted, signed_in
from custody.access import Permission
from custody.store import accounts, audit
from custody.values import Instant
from reconcile import messages
from reconcile.digests import Digest, Figure, Known, Round, compose, figures_of, look
from reconcile.store import digests as store
from reconcile.store import messages as post

router = APIRouter(include_in_schema=False)
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Said:
    """A message as a page shows it: its lines in words, in the visitor's language."""

    lines: tuple[str, ...]
    overdue: int


@dataclass(frozen=True, slots=True)
class OfPerson:
    """What another person's message would hold, as far as the visitor may know of it."""

    person: int
    overdue: int
    oldest_days: int
    own: int


def next_at(visit: Visit) -> Instant:
    """When the next message of a day goes out."""
    at_work, zone = visit.services.at_work, visit.services.scheme.timezone
    today = visit.day
    if at_work.calendar.working(today) and (at := at_work.hours.digest_slot(today, zone)) > visit.now:
        return at
    return at_work.hours.digest_slot(at_work.calendar.after(today), zone)


def the_own(known: Known, visit: Visit) -> Digest | None:
    """What would go to the visitor if it went out now."""
    return _composed(known, visit).digests.get(visit.subject.person)


def _composed(known: Known, visit: Visit) -> Round:
    return compose(known, visit.now, visit.services.scheme.number("digest_repeats_max"))


def others(known: Known, visit: Visit) -> tuple[OfPerson, ...]:
    """Of everybody else whom the visitor sees findings of: counts, of those findings alone; the most overdue first."""
    with visit.reading() as connection:
        # Behind the wall: what is hidden from the visitor is in no count.
        seen = Known(store.standing(connection), {}, {}, known.everybody, known.repeats)
    found = [
        OfPerson(
            digest.person,
            digest.overdue,
            max((one.days for one in digest.figures if one.part == "overdue"), default=0),
            sum(one.count for one in digest.figures if one.part == "own"),
        )
        for digest in _composed(seen, visit).digests.values()
        if digest.person != visit.subject.person
    ]
    return tuple(sorted((one for one in found if one.overdue or one.own), key=lambda o: (-o.overdue, -o.own, o.person)))


@router.get("/messages")
def messages_page(visit: Visit = Depends(signed_in)) -> Response:
    """The page."""
    return _page(visit)


def _page(visit: Visit, errors: tuple[FieldError, ...] = ()) -> Response:
    person, services = visit.subject.person, visit.services
    # What goes to a person is his own, whatever the pages would show him besides: counts.
    with services.database.reading() as connection:
        known = look(connection, services.scheme, visit.now)
        before = store.kept(connection, person, SHOWN)
        address = post.address_of(connection, person)
        account = accounts.by_person(connection, person)
        directory = services.books.directory(connection)
    mine = the_own(known, visit)
    return render(
        visit,
        "messages/page.html",
        next_at=next_at(visit),
        today_off=not services.at_work.calendar.working(visit.day),
        day_name=services.at_work.calendar.name(visit.day),
        mine=_said(mine.figures if mine else (), visit),
        before=[(one, _said(figures_of(one.figures), visit)) for one in before],
        people=others(known, visit) if visit.may(Permission.HEAD_ENQUIRIES) else None,
        directory=directory,
        relay=services.relay,
        address=address,
        told_in=account.language,
        repeats=services.scheme.number("digest_repeats_max"),
        errors=errors,
    )


def _said(figures: tuple[Figure, ...], visit: Visit) -> Said:
    overdue = sum(one.count for one in figures if one.part == "overdue")
    return Said(tuple(letters.lines(figures, visit.language)), overdue)


@router.post("/messages/address")
def set_address(visit: Visit = Depends(signed_in), form: Form = Depends(posted)) -> Response:
    """Where the own messages go by mail: an address of one of the house's own domains, or nowhere."""
    wanted, relay = form.text("address").strip(), visit.services.relay
    if wanted and (relay is None or not relay.takes(wanted)):
        domains = " ".join(relay.domains) if relay else ""
        return _page(visit, (visit.error("address", "messages.not_ours", domains=domains),))
    person = visit.subject.person
    with visit.services.database.writing() as connection:
        if wanted != post.address_of(connection, person):
            post.set_address(connection, person, wanted, visit.now)
            detail = {"set": bool(wanted)}
            audit.note(connection, "mail_address_set", visit.now, by=person, about=person, detail=detail)
    return RedirectResponse("/messages", status_code=303)


@router.post("/messages/language")
def set_language(visit: Visit = Depends(signed_in), form: Form = Depends(posted)) -> Response:
    """In which language one is written to."""
    wanted = "en" if form.text("language") == "en" else "zh"
    person = visit.subject.person
    with visit.services.database.writing() as connection:
        if accounts.by_person(connection, person).language != wanted:
            accounts.set_language(connection, person, wanted, at=visit.now, by=person)
    return RedirectResponse("/messages", status_code=303)


@router.post("/messages/trial")
def trial(visit: Visit = Depends(signed_in), _form: Form = Depends(posted)) -> Response:
    """Send oneself a message, to see whether it arrives."""
    person = visit.subject.person
    with visit.services.database.writing() as connection:
        if visit.services.relay is not None and post.address_of(connection, person):
            messages.queue_trial(connection, person, visit.services.scheme, visit.now)
    return RedirectResponse("/messages", status_code=303)
