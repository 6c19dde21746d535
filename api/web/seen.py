"""Who has seen a carrier, and what a person has seen: the disclosure record (clause c.1, daily rule 7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.reports import Report
from api.store import Connection
from api.web.carriers import whole
from api.web.exports import given
from api.web.render import render, url
from api.web.visit import Visit, needs
from custody import clock
from custody.access import Permission, answers_for
from custody.classification import is_day
from custody.register import Directory
from custody.rules import NotFound
from custody.store import queries
from custody.store.looks import Look
from custody.store.queries import CarrierItem
from custody.store.queries.disclosure import Hand, Within, hands_of, hands_to, looks_at, looks_by
from custody.values import DAY, Person

router = APIRouter(include_in_schema=False)
sees_disclosure = needs(Permission.SEE_DISCLOSURE)
heads_enquiries = needs(Permission.HEAD_ENQUIRIES)
PAGE = 100
HANDS_MAX = 200
ROWS_MAX = 20_000
DAYS_DEFAULT = 30
DAYS_MAX = 366
"""Of a person no more is read at once."""
_COLUMNS = ("at_text", "person_number", "person", "number", "copy", "looked", "part_of")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for: a person, and from which day to which."""

    who: str
    person: Person | None
    since: str
    until: str
    within: Within

    @property
    def said(self) -> Mapping[str, str]:
        """The same for links and the log."""
        named = {"who": self.who, "since": self.since, "until": self.until}
        return {name: value for name, value in named.items() if value}


def asked_of(visit: Visit, directory: Directory, since: str = "") -> Asked:
    """The filter of an address; `since`: the first day where none is named. What cannot be read is not asked."""
    params, zone = visit.request.query_params, visit.services.scheme.timezone
    days = {name: params.get(name, "") for name in ("since", "until")}
    first, last = (day if is_day(day) else "" for day in days.values())
    first = first or since
    who = params.get("who", "").strip()[:40]
    found = next((one for one in directory.persons.values() if one.number == who), None) if who else None
    within = Within(
        # Nobody has this number: then nothing is found, rather than everything.
        person=found.id if found else -1 if who else None,
        since=clock.end_of_day(first, zone) - DAY + 1 if first else None,
        until=clock.end_of_day(last, zone) + 1 if last else None,
    )
    return Asked(who, found, first, last, within)


def _the_carrier(visit: Visit, connection: Connection, identifier: int, directory: Directory) -> CarrierItem:
    """A carrier for whose unit the visitor answers. Raises NotFound for hidden and absent alike, and else."""
    item = queries.carrier(connection, visit.subject, identifier)
    if not answers_for(visit.subject, Permission.SEE_DISCLOSURE, item.unit, directory):
        raise NotFound
    return item


@router.get("/carriers/{identifier}/seen")
def carrier_seen(identifier: int, visit: Visit = Depends(sees_disclosure)) -> Response:
    """Who has seen one carrier: through whose hands it went, who looked at it, printed it, took it out."""
    before = whole(visit.request.query_params.get("before"))
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        item = _the_carrier(visit, connection, identifier, directory)
        asked = asked_of(visit, directory)
        hands = hands_of(connection, visit.subject, item.id, asked.within)
        found = looks_at(connection, visit.subject, item.id, asked.within, before, PAGE + 1)
    return render(
        visit,
        "seen/carrier.html",
        item=item,
        asked=asked,
        hands=() if before else hands[:HANDS_MAX],
        hands_more=len(hands) > HANDS_MAX,
        looks=found[:PAGE],
        older=found[PAGE - 1].id if len(found) > PAGE else None,
        first_page=before is None,
        directory=directory,
        excel=url(f"/carriers/{item.id}/seen.xlsx", **asked.said),
    )


@router.get("/people/{identifier}/seen")
def person_seen(identifier: int, visit: Visit = Depends(heads_enquiries)) -> Response:
    """What one person has seen and had in hand in a time, for who heads an enquiry. Raises NotFound."""
    before = whole(visit.request.query_params.get("before"))
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        person = queries.person(connection, identifier)
        asked = _of_person(visit, directory)
        hands = hands_to(connection, visit.subject, identifier, asked.within, HANDS_MAX + 1) if before is None else []
        found = looks_by(connection, visit.subject, identifier, asked.within, before, PAGE + 1)
        ids = [one.carrier for one in found[:PAGE]] + [one.carrier for one in hands]
        items = queries.carriers_by_id(connection, visit.subject, ids)
    return render(
        visit,
        "seen/person.html",
        person=person,
        asked=asked,
        hands=hands[:HANDS_MAX],
        hands_more=len(hands) > HANDS_MAX,
        looks=found[:PAGE],
        items=items,
        older=found[PAGE - 1].id if len(found) > PAGE else None,
        first_page=before is None,
        directory=directory,
        excel=url(f"/people/{identifier}/seen.xlsx", **asked.said),
    )


def _of_person(visit: Visit, directory: Directory) -> Asked:
    """The time asked about, at most a year: the last month where nothing is said."""
    zone = visit.services.scheme.timezone
    month = clock.day(visit.now - DAYS_DEFAULT * DAY, zone)
    asked = asked_of(visit, directory, month)
    until = asked.within.until or visit.now + 1
    earliest = until - DAYS_MAX * DAY
    since = max(asked.within.since or earliest, earliest)
    return Asked("", None, clock.day(since, zone), asked.until, Within(None, since, asked.within.until))


@router.get("/carriers/{identifier}/seen.xlsx")
def carrier_workbook(identifier: int, visit: Visit = Depends(sees_disclosure)) -> Response:
    """The same as a workbook, logged. Raises Refused."""
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        item = _the_carrier(visit, connection, identifier, directory)
        asked = asked_of(visit, directory)
        hands = hands_of(connection, visit.subject, item.id, asked.within)
        looks = looks_at(connection, visit.subject, item.id, asked.within, None, ROWS_MAX + 1)
    return _workbook(visit, directory, {item.id: item}, hands, looks, {"carrier": str(item.id), **asked.said})


@router.get("/people/{identifier}/seen.xlsx")
def person_workbook(identifier: int, visit: Visit = Depends(heads_enquiries)) -> Response:
    """The same as a workbook, logged. Raises Refused."""
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        queries.person(connection, identifier)
        asked = _of_person(visit, directory)
        hands = hands_to(connection, visit.subject, identifier, asked.within, ROWS_MAX)
        looks = looks_by(connection, visit.subject, identifier, asked.within, None, ROWS_MAX + 1)
        items = queries.carriers_by_id(
            connection, visit.subject, {one.carrier for one in looks} | {one.carrier for one in hands}
        )
    return _workbook(visit, directory, items, hands, looks, {"person": str(identifier), **asked.said})


def _workbook(
    visit: Visit,
    directory: Directory,
    items: Mapping[int, CarrierItem],
    hands: Iterable[Hand],
    looks: list[Look],
    said: Mapping[str, str],
) -> Response:
    zone = visit.services.scheme.timezone

    def row(one: Hand | Look, name: str, way: str, part_of: str) -> dict[str, object]:
        person = directory.persons.get(one.person or 0)
        item = items.get(one.carrier)
        shown = name if person is None else (person.name_en or person.name) if visit.language == "en" else person.name
        return {
            "at_text": clock.moment(one.at, zone).strftime("%Y-%m-%d %H:%M:%S"),
            "person_number": person.number if person else "",
            "person": shown,
            "number": item.control_number if item else "",
            "copy": item.copy_number if item else None,
            "looked": way,
            "part_of": part_of,
        }

    rows = [row(one, one.name, visit.t(f"act.{one.kind}"), one.act) for one in hands]
    rows += [row(one, "", visit.t(f"seen.way.{one.how}"), one.detail) for one in looks[:ROWS_MAX]]
    rank = max((item.rank for item in items.values()), default=-1)
    report = Report("seen", _COLUMNS, rows, len(looks) > ROWS_MAX, rank, carriers=tuple(items))
    return given(visit, report, said)
