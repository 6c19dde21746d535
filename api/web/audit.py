"""The auditor's page: every event of the audit log in words, and who did how much. It changes nothing.

The auditor sees no business data: of refusals, looks, prints and exports counts by person, and no carrier.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api import store
from api.locale import known
from api.reports import Report
from api.web.carriers import whole
from api.web.exports import given
from api.web.render import render, url
from api.web.seen import Asked, asked_of
from api.web.visit import Visit, needs
from custody import clock
from custody.access import Permission
from custody.register import Directory
from custody.store import audit
from custody.store.audit import AuditEvent
from custody.store.looks import WAYS
from custody.store.queries import activity
from custody.values import DAY, Person

router = APIRouter(include_in_schema=False)
sees_logs = needs(Permission.SEE_LOGS)
PAGE = 100
ROWS_MAX = 20_000
DIGEST_DIGITS = 12
DAYS_DEFAULT = 30
COUNTS = ("refusals", "looks", "prints", "exports")
SCREEN = frozenset(WAYS) - {"print", "export"}
_COLUMNS = ("at_text", "event", "person_number", "person", "about", "detail", "address")
_COUNT_COLUMNS = ("person_number", "person", *COUNTS)


@dataclass(frozen=True, slots=True)
class Line:
    """An event as drawn. `by` None: the system itself."""

    event: AuditEvent
    word: str
    by: Person | None
    about: Person | None
    detail: str


@dataclass(frozen=True, slots=True)
class Count:
    """How much one person did in a time."""

    person: Person
    refusals: int
    looks: int
    prints: int
    exports: int


def detail_words(visit: Visit, directory: Directory, event: AuditEvent) -> str:
    """What an event holds besides, in words; digests by their first digits."""
    return visit.t("findings.list_separator").join(_parts(visit, directory, event))


def _parts(visit: Visit, directory: Directory, event: AuditEvent) -> Iterator[str]:
    for name, value in sorted(event.detail.items()):
        if value is None or value == "":
            continue
        said = _value(visit, directory, name, value)
        key = f"audit_detail.{name}"
        yield f"{visit.t(key) if known(key) else name}: {said}"


def _value(visit: Visit, directory: Directory, name: str, value: str | int | bool) -> str:
    zone = visit.services.scheme.timezone
    if name == "unit" and isinstance(value, int):
        unit = directory.units.get(value)
        return (unit.name_en or unit.name) if unit and visit.language == "en" else unit.name if unit else str(value)
    if name in ("until", "made_at") and isinstance(value, int):
        return clock.moment(value, zone).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, bool):
        return visit.t("audit_value.yes" if value else "audit_value.no")
    text = str(value)
    for prefix in ("audit_value", "role", "request_kind"):
        if known(f"{prefix}.{text}"):
            return visit.t(f"{prefix}.{text}")
    return text[:DIGEST_DIGITS] + "…" if len(text) == 64 and not text.strip("0123456789abcdef") else text


def word_of(visit: Visit, kind: str) -> str:
    """A kind of event in words."""
    return visit.t(f"audit.{kind}")


def _line(visit: Visit, directory: Directory, event: AuditEvent) -> Line:
    persons = directory.persons
    about = persons.get(event.about) if event.about is not None else None
    detail = detail_words(visit, directory, event)
    return Line(event, word_of(visit, event.kind), persons.get(event.by), about, detail)


def _asked(visit: Visit, directory: Directory) -> tuple[Asked, str]:
    kind = visit.request.query_params.get("kind", "")
    return asked_of(visit, directory), kind if kind in audit.KINDS else ""


@router.get("/audit")
def events(visit: Visit = Depends(sees_logs)) -> Response:
    """All events, the newest first, with filters."""
    before = whole(visit.request.query_params.get("before"))
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        asked, kind = _asked(visit, directory)
        within = asked.within
        found = audit.events(
            connection,
            before=before,
            kinds=[kind] if kind else (),
            person=within.person,
            since=within.since,
            until=within.until,
            limit=PAGE + 1,
        )
    words = sorted(((word_of(visit, one), one) for one in audit.KINDS), key=lambda pair: pair[0])
    return render(
        visit,
        "audit/events.html",
        lines=[_line(visit, directory, one) for one in found[:PAGE]],
        older=found[PAGE - 1].id if len(found) > PAGE else None,
        asked=asked,
        kind=kind,
        kinds=words,
        excel=url("/audit.xlsx", kind=kind, **asked.said),
    )


@router.get("/audit.xlsx")
def workbook(visit: Visit = Depends(sees_logs)) -> Response:
    """The same as a workbook, logged."""
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        asked, kind = _asked(visit, directory)
        within = asked.within
        found = audit.events(
            connection,
            kinds=[kind] if kind else (),
            person=within.person,
            since=within.since,
            until=within.until,
            limit=ROWS_MAX + 1,
        )
    rows = []
    for line in (_line(visit, directory, one) for one in found[:ROWS_MAX]):
        at = clock.moment(line.event.at, visit.services.scheme.timezone).strftime("%Y-%m-%d %H:%M:%S")
        row = {"at_text": at, "event": line.word, "person_number": line.by.number if line.by else ""}
        row |= {"person": _name(visit, line.by), "about": _name(visit, line.about), "detail": line.detail}
        rows.append(row | {"address": line.event.address})
    said = dict(asked.said) | ({"kind": kind} if kind else {})
    return given(visit, Report("audit", _COLUMNS, rows, len(found) > ROWS_MAX, -1), said)


def _name(visit: Visit, person: Person | None) -> str:
    if person is None:
        return ""
    return person.name_en if visit.language == "en" and person.name_en else person.name


def _counts(visit: Visit) -> tuple[Asked, list[Count]]:
    """How much everybody did in the time asked about: the last month where nothing is said."""
    zone = visit.services.scheme.timezone
    # Counts alone leave this function: the wall would let the auditor count no refusals.
    with visit.services.database.reading() as connection:
        directory = visit.services.books.directory(connection)
        asked = asked_of(visit, directory, clock.day(visit.now - DAYS_DEFAULT * DAY, zone))
        since = asked.within.since or 0
        until = asked.within.until or visit.now + 1
        refused = activity.refusals(connection, since, until)
        looked = activity.looks(connection, since, until)
        taken = store.taken_out(connection, since, until)
    found = []
    for identifier in {*refused, *looked, *taken["prints"], *taken["exports"]}:
        person = directory.persons.get(identifier)
        if person is None or asked.within.person not in (None, identifier):
            continue
        looks = sum(many for way, many in looked.get(identifier, {}).items() if way in SCREEN)
        prints, exports = (taken[name].get(identifier, 0) for name in ("prints", "exports"))
        found.append(Count(person, refused.get(identifier, 0), looks, prints, exports))
    return asked, sorted(found, key=lambda one: (-one.exports, -one.prints, -one.looks, one.person.number))


@router.get("/audit/people")
def people(visit: Visit = Depends(sees_logs)) -> Response:
    """Who did how much: refusals, looks, prints, exports."""
    asked, counts = _counts(visit)
    return render(visit, "audit/people.html", asked=asked, counts=counts, excel=url("/audit/people.xlsx", **asked.said))


@router.get("/audit/people.xlsx")
def people_workbook(visit: Visit = Depends(sees_logs)) -> Response:
    """The same as a workbook, logged."""
    asked, counts = _counts(visit)
    rows = [
        {"person_number": one.person.number, "person": _name(visit, one.person)}
        | {name: getattr(one, name) for name in COUNTS}
        for one in counts
    ]
    heads = {name: visit.t(f"audit_count.{name}") for name in COUNTS}
    report = Report("audit_people", _COUNT_COLUMNS, rows, False, -1, heads, frozenset(COUNTS))
    return given(visit, report, asked.said)
