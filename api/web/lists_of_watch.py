"""Lists of what is watched and of what runs, as workbooks: cases, inbox, sweeps, readers, batches of tags, accounts."""

from collections.abc import Mapping

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.web.accounts import asked_filter
from api.web.case_words import title_of
from api.web.casework import STATES
from api.web.inbox import SHOWN
from api.web.listing import chosen_columns
from api.web.lists import PAGE, Asking, Listing, Rows, each, exported
from api.web.readers import healths_of, worst_first
from api.web.rounds import COLUMNS
from api.web.visit import Visit, needs, signed_in
from custody.access import Grant, Permission
from custody.store import account_lists, tag_numbers
from reconcile import cases, notices
from reconcile import rounds as sweeps
from reconcile.cases import CaseFilter
from reconcile.notices import Notice
from reconcile.store import readers as reader_store

router = APIRouter(include_in_schema=False)
_NEITHER = (0, -1)
"""A row that shows no carrier's particulars."""


def _cases(of: Asking) -> Rows:
    visit, state = of.visit, of.asks("state") if of.asks("state") in STATES else "open"
    asked = CaseFilter(state=state, incidents=of.asks("incidents") == "1")
    for one in each(lambda after: cases.cases(of.connection, visit.subject, asked, after, PAGE)):
        what = title_of(visit, of.directory, one)
        yield (
            {
                "what": f"{what} {visit.t('casework.incident')}" if one.incident else what,
                "case": one.number,
                "state": visit.t(f"case_state.{one.state}"),
                "findings": visit.t("casework.open_of", open=one.open, n=one.findings),
                "owner": of.name(of.directory.persons.get(one.owner or 0)) or visit.t("casework.nobody"),
                "due": of.at(None if one.closed else one.due_at),
                "closed": of.at(one.closed_at if one.closed else None),
                "opened": of.at(one.opened_at),
            },
            *_NEITHER,
        )


def _inbox(of: Asking) -> Rows:
    visit, show = of.visit, of.asks("show") if of.asks("show") in SHOWN else "all"
    last: Notice | None = None
    while True:
        found = notices.inbox(
            of.connection,
            visit.subject,
            unread_only=show == "unread",
            of_findings={"findings": True, "others": False}.get(show),
            before=last.id if last else None,
            limit=PAGE,
            unread_first=True,
            before_read=bool(last and last.read_at),
        )
        for one in found:
            what = visit.t(f"inbox.kind.{one.kind}", n=one.count or 0)
            kind = visit.t(f"finding_kind.{one.finding_kind}") if one.finding_kind else ""
            yield (
                {
                    "at": of.at(one.at),
                    "what": f"{what} · {kind}" if kind else what,
                    "number": one.number,
                    "copy": one.copy,
                    "about": one.case or one.finding or "",
                    "due": of.at(one.due_at),
                    "urgency": visit.t(f"findings.urgency.{one.urgency}"),
                    "state": visit.t("inbox.was_read" if one.read_at else "inbox.new"),
                },
                *_NEITHER,
            )
        if len(found) < PAGE:
            return
        last = found[-1]


def _rounds(of: Asking) -> Rows:
    visit, state = of.visit, of.asks("state")
    wanted = state if state in ("open", "signed", "abandoned") else None
    for one in each(lambda after: sweeps.rounds(of.connection, visit.subject, wanted, None, after, PAGE)):
        opener = of.directory.persons.get(one.opened_by)
        yield (
            {
                "number": one.number,
                "kind": visit.t(f"rounds.kind.{one.kind}"),
                "place": one.place_code,
                "state": visit.t(f"rounds.state.{one.state}"),
                "opened": of.at(one.opened_at),
                "by": of.name(opener) or one.opened_by_name or "",
                "closed": of.at(one.finished_at),
                "paper": one.act,
            },
            *_NEITHER,
        )


def _readers(of: Asking) -> Rows:
    visit = of.visit
    found = reader_store.readers(of.connection, visit.now)
    health = healths_of(visit, found)
    for one in worst_first(found, health):
        how = health[one.name]
        titles = (one.title_en, one.title_zh) if visit.language == "en" else (one.title_zh, one.title_en)
        antennas = [
            f"{antenna.number} {of.directory.places[antenna.place].code}"
            if antenna.place in of.directory.places
            else f"{antenna.number} {visit.t('readers.untied')}"
            for antenna in one.antennas
        ]
        yield (
            {
                "reader": one.name,
                "name": titles[0] or titles[1],
                "state": visit.t(f"readers.{how.key}"),
                "since": of.at(how.since),
                "at": of.at(one.through_at),
                "reads": one.reads_last_minute,
                "antennas": visit.t("punctuation.list").join(antennas),
                "clock": "" if one.clock_offset_us is None else f"{one.clock_offset_us / 1_000_000:.3f} s",
            },
            *_NEITHER,
        )


def _batches(of: Asking) -> Rows:
    visit = of.visit
    found = tag_numbers.batches(of.connection, PAGE * 20)
    accounts = tag_numbers.accounts(of.connection, [one.number for one in found])
    for one in found:
        account = accounts.get(one.number, tag_numbers.Account())
        state = one.state if one.state != "paused" or account.waiting else "done"
        yield (
            {
                "batch": one.number,
                "state": visit.t(f"commissioning.batch_state.{state}"),
                "taken": account.taken,
                "bound": account.bound,
                "spoiled": account.spoiled,
                "waiting": account.waiting,
                "means": f"{visit.t(f'commissioning.means.{one.means}')} {one.device}".strip(),
                "at": of.at(one.created_at),
                "by": of.name(of.directory.persons.get(one.by)),
            },
            *_NEITHER,
        )


def _role(of: Asking, grant: Grant) -> str:
    role = of.visit.t(f"role.{grant.role}")
    unit = of.name(of.directory.units.get(grant.unit or 0))
    return f"{role} {unit}" if unit else role


def _accounts(of: Asking) -> Rows:
    visit = of.visit
    wanted, _said = asked_filter(visit)
    after: str | None = ""
    while after is not None:
        page = account_lists.account_page(of.connection, wanted, visit.now, after, PAGE)
        for one in page.lines:
            state = "closed" if one.disabled else "new_secret" if one.must_change else "open"
            roles = visit.t("punctuation.list").join(_role(of, grant) for grant in one.grants)
            yield (
                {
                    "staff": one.number,
                    "name": (one.name_en or one.name) if visit.language == "en" else one.name,
                    "unit": of.name(of.directory.units.get(one.unit or 0)),
                    "roles": roles or visit.t("role.none"),
                    "since": of.at(one.signed_in_at),
                    "state": visit.t(f"accounts.{state}"),
                },
                *_NEITHER,
            )
        after = page.after


_ROUND_HEADS: Mapping[str, str] = {
    "number": "rounds.col.number",
    "kind": "rounds.col.kind",
    "place": "rounds.col.place",
    "state": "rounds.col.state",
    "opened": "rounds.col.opened",
    "by": "rounds.col.by",
    "finished": "rounds.col.finished",
    "paper": "rounds.col.paper",
}
LISTS: Mapping[str, Listing] = {
    "cases": Listing(
        {
            "what": "casework.what",
            "case": "casework.number",
            "state": "casework.status",
            "findings": "casework.findings",
            "owner": "casework.owner",
            "due": "casework.due",
            "opened": "casework.opened",
            "closed": "report.col.closed",
        },
        _cases,
        ("state", "incidents"),
    ),
    "inbox": Listing(
        {
            "at": "inbox.at",
            "what": "inbox.what",
            "number": "report.col.number",
            "copy": "report.col.copy",
            "about": "inbox.about",
            "due": "inbox.due",
            "urgency": "inbox.soon",
            "state": "report.col.state",
        },
        _inbox,
        ("show",),
    ),
    "rounds": Listing(
        {("closed" if key == "finished" else key): head for key, head in _ROUND_HEADS.items()}, _rounds, ("state",)
    ),
    "readers": Listing(
        {
            "reader": "readers.reader",
            "name": "import.field.name",
            "state": "readers.state",
            "since": "report.col.since",
            "at": "readers.heard",
            "reads": "readers.reads",
            "antennas": "readers.antennas",
            "clock": "readers.clock",
        },
        _readers,
        numbers=frozenset({"reads"}),
        machines=True,
    ),
    "commissioning": Listing(
        {
            "batch": "commissioning.batch",
            "state": "commissioning.state",
            "taken": "commissioning.taken",
            "bound": "number_state.bound",
            "spoiled": "number_state.spoiled",
            "waiting": "commissioning.waiting",
            "means": "commissioning.means",
            "at": "report.col.at",
            "by": "report.col.met_by",
        },
        _batches,
        numbers=frozenset({"taken", "bound", "spoiled", "waiting"}),
    ),
    "accounts": Listing(
        {
            "staff": "accounts.number",
            "name": "accounts.name",
            "unit": "accounts.unit",
            "roles": "accounts.roles",
            "since": "accounts.signed_in",
            "state": "accounts.state",
        },
        _accounts,
        ("family", "state", "role"),
    ),
}
_P = Permission


@router.get("/cases.xlsx")
def cases_workbook(visit: Visit = Depends(needs(_P.SEE_FINDINGS))) -> Response:
    """The cases, by the filters of their page."""
    return exported(visit, "cases", LISTS["cases"])


@router.get("/inbox.xlsx")
def inbox_workbook(visit: Visit = Depends(signed_in)) -> Response:
    """The visitor's own notices."""
    return exported(visit, "inbox", LISTS["inbox"])


@router.get("/rounds.xlsx")
def rounds_workbook(visit: Visit = Depends(needs(_P.SWEEP, _P.SEE_REPORTS))) -> Response:
    """The sweeps, in the columns of their page."""
    chosen = chosen_columns(visit, COLUMNS, COLUMNS)
    return exported(visit, "rounds", LISTS["rounds"], tuple("closed" if one == "finished" else one for one in chosen))


@router.get("/readers.xlsx")
def readers_workbook(visit: Visit = Depends(needs(_P.SEE_READERS))) -> Response:
    """The readers with their health, the worst first."""
    return exported(visit, "readers", LISTS["readers"])


@router.get("/commissioning.xlsx")
def batches_workbook(visit: Visit = Depends(needs(_P.TAKE_IN))) -> Response:
    """The batches of tags with their accounts."""
    return exported(visit, "commissioning", LISTS["commissioning"])


@router.get("/accounts.xlsx")
def accounts_workbook(
    visit: Visit = Depends(needs(_P.MANAGE_ACCOUNTS, _P.APPROVE_ACCOUNTS, _P.SEE_LOGS)),
) -> Response:
    """The accounts, by the filters of their page; the words looked for stay in the session."""
    return exported(visit, "accounts", LISTS["accounts"])
