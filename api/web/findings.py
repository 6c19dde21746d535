"""Findings: the list beside one of them, and what a person may do about it. None is dismissed; each is settled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api import store
from api.acts import act_named
from api.acts.offering import offers as table_offers
from api.acts.wording import matter_words
from api.store import Connection
from api.web import navigation, words
from api.web.acts.table import ACTS, offers
from api.web.business.loading import carrier_ground
from api.web.case_words import case_title
from api.web.evidence import person_words, shown
from api.web.findings_asked import NARROWING, Asked, asked_of, menus
from api.web.render import render, url
from api.web.visit import FieldError, Form, Visit, local_address, needs, posted
from custody.access import Permission
from custody.register import Directory
from custody.rules import NotFound, Refusal, Refused
from custody.store.queries import CarrierItem, Page
from custody.store.queries.paging import KeyInvalid
from custody.values import SECOND
from reconcile import cases as casework
from reconcile import findings as reconciled
from reconcile.checks import KINDS
from reconcile.store.case_queries import case_of, cases
from reconcile.store.coverage import listened_through
from reconcile.store.finding_counts import counts, owners
from reconcile.store.finding_queries import FindingDetail, FindingFilter, FindingItem, any_of, finding, findings

router = APIRouter(include_in_schema=False)
PAGE = 25
ALARMS_MAX = 20
CASES_OFFERED, SEVERAL_MAX = 50, 200
SETTLES = Permission.SETTLE_FINDINGS
reads = needs(Permission.SEE_FINDINGS)

ACT_PAGES: Mapping[str, str] = {
    "return": "return",
    "lend": "borrow",
    "move": "move",
    "retag": "retag",
    "report_missing": "missing",
}
"""An act that ends a contradiction -> the page of it."""

PLACES_OF_WORK: Mapping[str, tuple[str, Permission]] = {
    "transfer": ("/business/new/transfer", Permission.KEEP),
    "review": ("/review", Permission.CLASSIFY),
    "see_undertakings": ("/undertakings", Permission.TAKE_PART),
    "sweep": ("/rounds", Permission.SWEEP),
    "see_ledger": ("/ledger", Permission.SEE_LEDGER),
}
"""An act that takes many carriers at once -> where it is begun, and who may."""


@dataclass(frozen=True, slots=True)
class Way:
    """An act of custody that would settle it: where it is done, or what stands against it."""

    act: str
    href: str
    refusals: tuple[Refusal, ...] = ()


def open_count(visit: Visit) -> int:
    """How many findings are open for this visit: the figure in the navigation."""
    with visit.reading() as connection:
        return sum(one.open for one in counts(connection, visit.subject))


navigation.COUNTS["findings"] = open_count


def groups_of(asked: Asked, items: Sequence[FindingItem]) -> list[tuple[int | None, list[FindingItem]]]:
    """The items by urgency where they are open; else all together."""
    if asked.filter.state in ("closed", "all"):
        return [(None, list(items))] if items else []
    found: dict[int | None, list[FindingItem]] = {}
    for item in items:
        found.setdefault(item.line.urgency, []).append(item)
    return list(found.items())


def alarms(connection: Connection, visit: Visit) -> tuple[FindingItem, ...]:
    """Open findings that want somebody at once and that nobody has taken up."""
    asked = FindingFilter(alarms=True, grouped=True)
    # Every page asks, and mostly there are none.
    if not any_of(connection, visit.subject, asked):
        return ()
    return findings(connection, visit.subject, asked, limit=ALARMS_MAX).items


def _page_of(connection: Connection, visit: Visit, asked: Asked) -> Page[FindingItem]:
    params = visit.request.query_params
    # Several of one cause are one line, but where one looks into them, or back.
    grouped = asked.filter.state in ("open", "mine") and not (asked.filter.case or asked.values.get("each"))
    wanted = replace(asked.filter, grouped=grouped)
    try:
        return findings(connection, visit.subject, wanted, params.get("after"), PAGE, params.get("before"))
    except KeyInvalid as damaged:
        raise NotFound from damaged


def _draw(visit: Visit, number: str | None, **more: Any) -> Response:
    """The list, beside the finding of this number, or beside the first of the list."""
    asked = asked_of(visit)
    with visit.reading() as connection:
        page = _page_of(connection, visit, asked)
        chosen = number or (page.items[0].line.number if page.items else None)
        detail = finding(connection, visit.subject, chosen, visit.now) if chosen else None
        directory = visit.services.books.directory(connection)
        by_kind = {one.kind: one for one in counts(connection, visit.subject)}
        mine = findings(connection, visit.subject, FindingFilter(state="mine"), limit=1).total
        alarming = alarms(connection, visit)
        owning = owners(connection, visit.subject)
        case = case_of(connection, visit.subject, chosen) if chosen else None
        mine_to = cases(connection, visit.subject, limit=CASES_OFFERED).items if visit.may(SETTLES) else ()
        deaf = _deaf_places(connection, visit, directory) if not page.items else ""
    around = [item.line.number for item in page.items]
    at = around.index(chosen) if chosen in around else -1
    names: dict[str, Any] = {
        "page": page,
        "asked": asked,
        "query": {name: visit.request.query_params.get(name) for name in (*asked.values, "after", "before", "first")},
        "groups": groups_of(asked, page.items),
        "urgent": _by_urgency(by_kind) if not (asked.values.keys() - {"state"}) else {},
        "by_kind": by_kind,
        "open_total": sum(one.open for one in by_kind.values()),
        "mine_total": mine,
        "alarming": alarming,
        "detail": detail,
        "directory": directory,
        "previous": around[at - 1] if at > 0 else None,
        "next": around[at + 1] if 0 <= at < len(around) - 1 else None,
        "page_size": PAGE,
        "menus": menus(visit, asked, directory, owning),
        "case": case,
        "case_title": partial(case_title, visit, directory),
        "open_cases": [one for one in mine_to if not one.closed],
        "next_step": _next_step(visit, detail, directory),
        "beside": {item.line.number: subject_line(visit, item) for item in page.items},
        "as_of": words.clock_time(visit.now, visit.services.scheme.timezone),
        "deaf_places": deaf,
        "settles": visit.may(Permission.SETTLE_FINDINGS),
        "chosen_alone": number is not None,
        "excel": excel_address(visit, asked),
        "refusals": (),
    }
    return render(visit, "findings/findings.html", **(names | _of_one(visit, detail, directory) | more))


def _next_step(visit: Visit, detail: FindingDetail | None, directory: Directory) -> str:
    """Where it goes, and when, unless somebody takes it up; empty where nobody stands above."""
    line = detail.line if detail else None
    if line is None or not line.open or line.escalates_at is None:
        return ""
    step = reconciled.goes_next(visit.services.database, visit.services.scheme, line, visit.now)
    if step is None:
        return ""
    role, name = visit.t(f"role.{step.role.value}"), person_words(visit, directory, step.person)
    return visit.t(f"findings.then.{'taken' if line.state != 'open' else 'open'}", role=role, name=name)


def _of_one(visit: Visit, detail: FindingDetail | None, directory: Directory) -> dict[str, Any]:
    """What the page of one finding needs besides."""
    if detail is None:
        return {"shown": None, "ways": ()}
    line, ways = detail.line, ways_of(visit, detail)
    laid_out = shown(visit, detail, directory)
    deaf = sum(one.until_at - one.since_at for one in laid_out.plot.deaf) if laid_out.plot else 0
    return {
        "shown": laid_out,
        "ways": ways,
        # Of what has happened nothing is suggested: a person concludes.
        "first_way": next((way.act for way in ways if not way.refusals), "") if line.nature == "state" else "",
        "owner": person_words(visit, directory, line.owner),
        "closing": closing_words(visit, detail, directory),
        "deaf_length": deaf,
    }


def closing_words(visit: Visit, detail: FindingDetail, directory: Directory) -> str:
    """Why it is closed: by itself, or as a person concluded."""
    line = detail.line
    if line.open or not line.resolution:
        return ""
    if line.state == "settled":
        return visit.t(f"resolution.{line.resolution}")
    return next((said for step, _, said in shown(visit, detail, directory).steps[::-1] if step.what == "cleared"), "")


def _deaf_places(connection: Connection, visit: Visit, directory: Directory) -> str:
    """Codes of the places with antennas where nobody listens now: an empty list says what it does not know."""
    late = visit.now - visit.services.scheme.number("reader_silent_after_seconds") * SECOND
    silent = [place for place, through in listened_through(connection).items() if through < late]
    codes = sorted(directory.places[place].code for place in silent if place in directory.places)
    return visit.t("findings.list_separator").join(codes)


def _by_urgency(by_kind: Mapping[str, Any]) -> dict[int, int]:
    found: dict[int, int] = {}
    for kind, count in by_kind.items():
        found[KINDS[kind].urgency] = found.get(KINDS[kind].urgency, 0) + count.open
    return found


def excel_address(visit: Visit, asked: Asked) -> str | None:
    """The same list as a workbook, for whom reports are open."""
    path = "/reports/findings.xlsx"
    if path not in visit.request.app.state.served or not visit.may(Permission.SEE_REPORTS):
        return None
    return url(path, **asked.values)


def ways_of(visit: Visit, detail: FindingDetail) -> tuple[Way, ...]:
    """The acts of custody that would end the contradiction, as far as the roles open them."""
    found: list[Way] = []
    standing = _standing(visit, detail.carrier) if detail.carrier is not None and detail.acts else {}
    for act in detail.acts:
        key = ACT_PAGES.get(act, "")
        permission = _permission_of(key)
        if permission is not None and detail.carrier is not None and visit.may(permission):
            found.append(Way(act, f"/carriers/{detail.carrier.id}/{key}", standing.get(key, ())))
        elif act == "take_in" and visit.may(Permission.TAKE_IN):
            found.append(Way(act, "/take-in"))
        elif act == "bind_tag" and visit.may(Permission.TAKE_IN):
            found.append(Way(act, "/carriers"))
        elif act == "see_matter" and detail.line.matter is not None:
            found.append(Way(act, f"/matters/{detail.line.matter}"))
        elif act in PLACES_OF_WORK and visit.may(PLACES_OF_WORK[act][1]):
            found.append(Way(act, PLACES_OF_WORK[act][0]))
        elif act == "see_portal" and visit.may(Permission.SEE_PLACES) and detail.line.place is not None:
            found.append(Way(act, f"/portals/{detail.line.place}"))
        elif act == "see_reader" and visit.may(Permission.SEE_READERS) and detail.line.reader:
            found.append(Way(act, f"/readers/{detail.line.reader}"))
    return tuple(found)


def _permission_of(key: str) -> Permission | None:
    """What an act on a carrier asks for; None where there is none of this name."""
    act = ACTS.get(key) or act_named("carrier", key)
    return act.permission if act is not None else None


def _standing(visit: Visit, item: CarrierItem) -> dict[str, tuple[Refusal, ...]]:
    """What stands against the acts on a carrier, by their names."""
    found = {offer.act.key: offer.refusals for offer in offers(visit, item)}
    others = [act for key in ACT_PAGES.values() if key not in ACTS and (act := act_named("carrier", key)) is not None]
    if others:
        ground = carrier_ground(visit, item.id)
        found |= {offer.act.key: offer.refusals for offer in table_offers(ground, others)}
    return found


@router.get("/findings")
def findings_page(visit: Visit = Depends(reads)) -> Response:
    """The list beside its first finding."""
    return _draw(visit, None)


@router.post("/findings/search")
def search(visit: Visit = Depends(reads), form: Form = Depends(posted)) -> Response:
    """Keep the words, and go to the list: they stand in no address."""
    kept = {name: visit.request.query_params.get(name) for name in ("state", *NARROWING) if name != "q"}
    text = form.text("words")[:200]
    if not text:
        return RedirectResponse(url("/findings", **kept), status_code=303)
    name = store.search_name(visit.now)
    with visit.services.database.writing() as connection:
        store.keep_search(connection, visit.session.token_hash, name, {"finding": text})
    return RedirectResponse(url("/findings", **kept, q=name), status_code=303)


@router.post("/findings")
def several(visit: Visit = Depends(reads), form: Form = Depends(posted)) -> Response:
    """What is done with several at once: take them up, lay them into a case of their own or into one that is open."""
    kept = {name: visit.request.query_params.get(name) for name in ("state", *NARROWING, "after", "before", "first")}
    chosen, do = form.texts("finding")[:SEVERAL_MAX], form.text("do")
    numbers = _numbers(visit, chosen)
    database, scheme, note = visit.services.database, visit.services.scheme, form.text("note")
    if not numbers:
        return _draw(visit, None, errors=(visit.error("bulk", "findings.choose_some"),))
    go = url("/findings", **kept)
    if do == "take_up":
        for number in numbers:
            reconciled.acknowledge(database, visit.subject, number, visit.now, note)
    elif do == "new_case":
        go = f"/cases/{casework.open_case(database, scheme, visit.subject, numbers, note, visit.now)}"
    elif do == "join" and form.text("case"):
        casework.join(database, visit.subject, form.text("case"), numbers, note, visit.now)
        go = f"/cases/{form.text('case')}"
    else:
        return _draw(visit, None, errors=(visit.error("bulk", "findings.choose_case"),))
    visit.services.bulletin.publish("findings")
    return RedirectResponse(go, status_code=303)


def _numbers(visit: Visit, chosen: Sequence[str]) -> list[str]:
    """Findings that were chosen, those of a case that stands for several among them."""
    found: dict[str, None] = {}
    with visit.reading() as connection:
        for one in chosen:
            if one.startswith("case:"):
                detail = casework.case_detail(connection, visit.subject, one.removeprefix("case:"))
                found |= dict.fromkeys(line.number for line in detail.findings if line.open)
            else:
                found[one] = None
    return list(found)


@router.get("/findings/{number}")
def finding_page(number: str, visit: Visit = Depends(reads)) -> Response:
    """One finding beside the list it was taken from."""
    return _draw(visit, number)


def _back(visit: Visit, number: str) -> Response:
    visit.services.bulletin.publish("findings")
    visit.services.books_changed()
    params = visit.request.query_params
    kept = {name: params.get(name) for name in ("state", *NARROWING, "after", "before", "first")}
    return RedirectResponse(
        local_address(params.get("back"), "") or url(f"/findings/{number}", **kept), status_code=303
    )


def _again(visit: Visit, number: str, form: Form, errors: tuple[FieldError, ...]) -> Response:
    return _draw(visit, number, errors=errors, kept=form.kept())


@router.post("/findings/{number}/acknowledge")
def acknowledge(number: str, visit: Visit = Depends(reads), form: Form = Depends(posted)) -> Response:
    """Take it up."""
    reconciled.acknowledge(visit.services.database, visit.subject, number, visit.now, form.text("note"))
    return _back(visit, number)


@router.post("/findings/{number}/explain")
def explain(number: str, visit: Visit = Depends(reads), form: Form = Depends(posted)) -> Response:
    """Add what is known of it."""
    note = form.text("note")
    if not note:
        return _again(visit, number, form, (visit.error("note", "findings.note_needed"),))
    reconciled.explain(visit.services.database, visit.subject, number, note, visit.now)
    return _back(visit, number)


@router.post("/findings/{number}/escalate")
def escalate(number: str, visit: Visit = Depends(reads), form: Form = Depends(posted)) -> Response:
    """Hand it on to the secrecy office, or beyond."""
    reconciled.escalate(
        visit.services.database, visit.services.scheme, visit.subject, number, form.text("note"), visit.now
    )
    return _back(visit, number)


@router.post("/findings/{number}/settle")
def settle(number: str, visit: Visit = Depends(reads), form: Form = Depends(posted)) -> Response:
    """Go on to the act chosen; or conclude without one, with a reason."""
    chosen, _, what = form.text("how").partition(":")
    with visit.reading() as connection:
        detail = finding(connection, visit.subject, number, visit.now)
    if chosen == "act":
        for way in ways_of(visit, detail):
            if way.act == what and not way.refusals:
                return RedirectResponse(way.href, status_code=303)
    if chosen != "word" or what not in detail.resolutions:
        return _again(visit, number, form, (visit.error("how", "findings.how_needed"),))
    reason = form.text("reason")
    if not reason:
        return _again(visit, number, form, (visit.error("reason", "findings.reason_needed"),))
    try:
        reconciled.settle(visit.services.database, visit.services.books, visit.subject, number, what, reason, visit.now)
    except Refused as refused:
        return _draw(visit, number, refusals=refused.refusals, kept=form.kept(), status_code=409)
    return _back(visit, number)


def subject_line(visit: Visit, item: FindingItem) -> str:
    """What stands beside a finding in the list: where, and with whom. Never a title."""
    line = item.line
    parts: list[str] = []
    if line.carrier is None and line.matter_kind:
        parts.append(matter_words(line.matter_kind, visit.t))
    if line.place_code and not line.matter_number:
        parts.append(line.place_code)
    if line.person_name:
        english = line.person_name_en
        parts.append(english if visit.language == "en" and english else line.person_name)
    if line.carrier is not None and line.matter_number:
        parts.append(line.matter_number)
    return " · ".join(parts)
