"""Cases on disk: made where several findings have one cause, kept, closed; every step an event, none overwritten."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, or_, select

from custody.clock import moment
from custody.store.acts import take_numbers
from custody.store.digests import attest
from custody.store.schema import CARRIER, MATTER, chunks
from custody.values import SECOND, Instant
from reconcile.checks.grouping import CAUSES, GRAVE_KINDS, INCIDENT, Told, closes, groups
from reconcile.store.core import CASE, CASE_EVENT, CASE_FILE, CASE_MEMBER, FINDING, Connection, insert_new

_TOLD = ("number", "kind", "happened_at", "reader", "place", "person", "carrier")


@dataclass(frozen=True, slots=True)
class Limits:
    """The figures that grouping needs, as the configuration has them: seconds by name, a rank."""

    within: Mapping[str, int]
    incident_from_rank: int
    timezone: str


def join(connection: Connection, fresh: Sequence[str], now: Instant, limits: Limits) -> dict[str, str]:
    """Lay findings that were just opened into cases with whatever stands open of the same cause, in this transaction.

    A carrier of a high level that is missing makes an incident of its case, and is one where it is alone. Gives the
    case of each of `fresh` that is in one.
    """
    rows = _rows(connection, fresh)
    if not rows:
        return {}
    told = [_told(row) for row in rows]
    grave = {row.number for row in rows if row.kind in GRAVE_KINDS and (row.rank or 0) >= limits.incident_from_rank}
    found: dict[str, str] = {}
    for group in groups(told, _standing(connection, told, limits), limits.within):
        number = group.case or _new(connection, group.cause, group.about, now, limits.timezone)
        add_members(connection, number, group.findings, now, grave=grave)
        found |= dict.fromkeys(group.findings, number)
    alone = [one for one in told if one.number in grave and one.number not in found]
    for one in alone:
        about = one.names("carrier")
        number = _open_incident(connection, one) or _new(connection, INCIDENT, about, now, limits.timezone)
        add_members(connection, number, (one.number,), now, grave=grave)
        found[one.number] = number
    return {number: case for number, case in found.items() if number in set(fresh)}


def _rows(connection: Connection, numbers: Iterable[str]) -> list[Any]:
    found: list[Any] = []
    columns = (*(FINDING.c[name] for name in _TOLD), CARRIER.c.rank)
    joined = FINDING.outerjoin(CARRIER, CARRIER.c.id == FINDING.c.carrier)
    for chunk in chunks(numbers, 1_000):
        found += connection.execute(
            select(*columns).select_from(joined).where(FINDING.c.number.in_(chunk)).order_by(FINDING.c.number)
        )
    return found


def _told(row: Any, case: str = "") -> Told:
    return Told(**{name: getattr(row, name) for name in _TOLD}, case=case)


def _standing(connection: Connection, fresh: Sequence[Told], limits: Limits) -> list[Told]:
    """Open findings that may be of the same cause as these; none that a person took out, or whose case is over."""
    found: dict[str, Told] = {}
    joined = FINDING.outerjoin(CASE_MEMBER, CASE_MEMBER.c.finding == FINDING.c.number).outerjoin(
        CASE, CASE.c.number == CASE_MEMBER.c.case_number
    )
    free = or_(CASE_MEMBER.c.finding.is_(None), and_(CASE.c.number.is_not(None), CASE.c.closed_at.is_(None)))
    for cause in CAUSES:
        named = [one for one in fresh if one.kind in cause.kinds and one.names(cause.by)]
        if not named:
            continue
        wanted = [FINDING.c.open, FINDING.c.kind.in_(sorted(cause.kinds)), free]
        if cause.within:
            gap = limits.within[cause.within] * SECOND
            times = [one.happened_at for one in named]
            # What is chained further back is in the same case by way of a neighbour.
            wanted.append(FINDING.c.happened_at.between(min(times) - gap, max(times) + gap))
        for chunk in chunks(sorted({getattr(one, cause.by) for one in named}), 1_000):
            rows = connection.execute(
                select(*(FINDING.c[name] for name in _TOLD), CASE.c.number.label("case_number"))
                .select_from(joined)
                .where(*wanted, FINDING.c[cause.by].in_(chunk))
            )
            found |= {row.number: _told(row, row.case_number or "") for row in rows}
    return list(found.values())


def _open_incident(connection: Connection, told: Told) -> str:
    """The open case that is an incident for this carrier already, whatever else is in it; empty: there is none."""
    members = CASE.join(CASE_MEMBER, CASE_MEMBER.c.case_number == CASE.c.number)
    wanted = (
        select(CASE.c.number)
        .select_from(members.join(FINDING, FINDING.c.number == CASE_MEMBER.c.finding))
        .where(CASE.c.closed_at.is_(None), CASE_MEMBER.c.grave, FINDING.c.carrier == told.carrier)
    )
    return connection.scalar(wanted.order_by(CASE.c.number)) or ""


def _new(connection: Connection, cause: str, about: str, now: Instant, timezone: str) -> str:
    year = moment(now, timezone).year
    (taken,) = take_numbers(connection, f"case:{year}", 1)
    number = f"FC-{year}-{taken:04d}"
    row = {"number": number, "cause": cause, "about": about, "opened_at": now, "state": "open", "act": ""}
    row |= dict.fromkeys(("owner", "deputy", "due_at", "closed_at", "closed_by"))
    connection.execute(CASE.insert().values(row))
    attest(connection, "finding_case", [(number,)])
    return number


def new_by_hand(connection: Connection, cause: str, now: Instant, timezone: str) -> str:
    """A case that a person makes; gives its number."""
    return _new(connection, cause, "", now, timezone)


def add_members(
    connection: Connection,
    number: str,
    findings: Sequence[str],
    now: Instant,
    *,
    by: int | None = None,
    grave: Collection[str] = (),
) -> None:
    """Lay findings into a case; one that is in another leaves that."""
    for chunk in chunks(findings, 1_000):
        known = set(connection.scalars(select(CASE_MEMBER.c.finding).where(CASE_MEMBER.c.finding.in_(chunk))))
        update = CASE_MEMBER.update().where(CASE_MEMBER.c.finding.in_(sorted(known)))
        if known:
            connection.execute(update.values(case_number=number, joined_at=now, by=by))
        rows = [
            {"finding": one, "case_number": number, "joined_at": now, "by": by, "grave": one in grave}
            for one in chunk
            if one not in known
        ]
        insert_new(connection, CASE_MEMBER, rows)
        attest(connection, "case_member", [(one,) for one in chunk])


def take_out(connection: Connection, finding: str, by: int, now: Instant) -> None:
    """A finding is in no case any more, and joins none by itself."""
    values = {"case_number": "", "joined_at": now, "by": by}
    connection.execute(CASE_MEMBER.update().where(CASE_MEMBER.c.finding == finding).values(values))
    attest(connection, "case_member", [(finding,)])


def lock(connection: Connection, number: str) -> Any | None:
    """The case's row, held until the transaction ends; None where there is none."""
    return connection.execute(select(CASE).where(CASE.c.number == number).with_for_update()).first()


def change(connection: Connection, number: str, **columns: Any) -> None:
    """Set columns of one case."""
    connection.execute(CASE.update().where(CASE.c.number == number).values(**columns))
    attest(connection, "finding_case", [(number,)])


@dataclass(frozen=True, slots=True)
class Said:
    """An event to be appended; `rank` and `seen`: see `CaseEventRow`."""

    what: str
    by: int | None
    note: str = ""
    detail: str = ""
    rank: int = -1
    seen: str = ""


def add_event(connection: Connection, number: str, said: Said, at: Instant) -> None:
    """Append an event of a case."""
    row = {name: getattr(said, name) for name in Said.__slots__}
    connection.execute(CASE_EVENT.insert().values(row | {"case_number": number, "at": at}))


def add_file(connection: Connection, row: Mapping[str, Any]) -> int:
    """Lay a file to a case; gives its identifier."""
    added = connection.execute(CASE_FILE.insert().values(dict(row)).returning(CASE_FILE.c.id))
    return int(added.scalar_one())


def close_over(connection: Connection, findings: Iterable[str], now: Instant) -> tuple[str, ...]:
    """Close the cases of these findings in which nothing is open and that need nobody's word; gives their numbers."""
    cases: set[str] = set()
    for chunk in chunks(findings, 1_000):
        wanted = select(CASE_MEMBER.c.case_number).where(CASE_MEMBER.c.finding.in_(chunk))
        cases |= set(connection.scalars(wanted.where(CASE_MEMBER.c.case_number != "")))
    done = []
    for number in sorted(cases):
        row = lock(connection, number)
        if row is None or row.closed_at is not None:
            continue
        states, grave = _states(connection, number)
        if "" in states:
            continue  # something in it is open
        how = closes(row.state, grave=grave, settled=row.state == "settled", states=states)
        if how:
            change(connection, number, state=how, closed_at=now)
            add_event(connection, number, Said("closed", None), now)
            done.append(number)
    return tuple(done)


def _states(connection: Connection, number: str) -> tuple[list[str], bool]:
    """How the findings of a case ended, an open one as empty; whether one of them is grave."""
    rows = connection.execute(
        select(FINDING.c.open, FINDING.c.state, CASE_MEMBER.c.grave)
        .select_from(CASE_MEMBER.join(FINDING, FINDING.c.number == CASE_MEMBER.c.finding))
        .where(CASE_MEMBER.c.case_number == number)
    ).all()
    return ["" if row.open else row.state for row in rows], any(row.grave for row in rows)


def cases_of(connection: Connection, findings: Iterable[str]) -> dict[str, str]:
    """Finding -> the case that it is in, of those that are in one."""
    found: dict[str, str] = {}
    for chunk in chunks(findings, 1_000):
        wanted = (CASE_MEMBER.c.finding.in_(chunk), CASE_MEMBER.c.case_number != "")
        rows = connection.execute(select(CASE_MEMBER.c.finding, CASE_MEMBER.c.case_number).where(*wanted))
        found |= {row.finding: row.case_number for row in rows}
    return found


def by_case(found: Mapping[str, str]) -> dict[str, list[str]]:
    """Case -> its findings."""
    turned: dict[str, list[str]] = defaultdict(list)
    for finding, case in found.items():
        turned[case].append(finding)
    return dict(turned)


def highest_rank(connection: Connection, findings: Iterable[str]) -> int:
    """The highest level among carriers and matters that these findings are about; -1 where they are about none."""
    found = -1
    joined = FINDING.outerjoin(CARRIER, CARRIER.c.id == FINDING.c.carrier).outerjoin(
        MATTER, MATTER.c.id == FINDING.c.matter
    )
    for chunk in chunks(findings, 1_000):
        highest = select(func.max(CARRIER.c.rank), func.max(MATTER.c.rank)).select_from(joined)
        row = connection.execute(highest.where(FINDING.c.number.in_(chunk))).one()
        found = max(found, *(-1 if rank is None else rank for rank in row))
    return found
