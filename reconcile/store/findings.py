"""Findings on disk: opened once a kind and subject, kept, cleared, settled; every step an event, none overwritten."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785
from sqlalchemy import or_, select, tuple_

from custody.clock import moment
from custody.store.acts import take_numbers
from custody.store.digests import attest
from custody.store.schema import CARRIER, MATTER, chunks
from custody.values import SECOND, Instant
from reconcile.checks import KINDS, PASSAGE_KINDS, Ending, Opened, Thresholds, Verdict
from reconcile.store.core import FINDING, FINDING_EVENT, IS_OPEN, Connection, insert_new
from reconcile.store.deadlines import may_be_over
from reconcile.store.staff import Keeper, answerable


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class OpenedFinding:
    """A finding that was just opened."""

    number: str
    verdict: Verdict
    owner: int | None


def open_findings(
    connection: Connection, verdicts: Sequence[Verdict], now: Instant, timezone: str, keepers: Collection[Keeper]
) -> tuple[OpenedFinding, ...]:
    """Open one finding a verdict, unless one of its kind and subject is open already (also by another server)."""
    known = open_numbers(connection, verdicts)
    fresh = {(v.kind, v.about): v for v in verdicts if (v.kind, v.about) not in known}
    if not fresh:
        return ()
    year = moment(now, timezone).year
    numbers = take_numbers(connection, f"finding:{year}", len(fresh))
    rows = [
        _row(f"F-{year}-{number:04d}", verdict, now, keepers)
        for number, verdict in zip(numbers, fresh.values(), strict=True)
    ]
    insert_new(connection, FINDING, rows)
    mine = _present(connection, [row["number"] for row in rows])
    attest(connection, "finding", [(number,) for number in sorted(mine)])
    opened = tuple(
        OpenedFinding(row["number"], verdict, row["owner"])
        for row, verdict in zip(rows, fresh.values(), strict=True)
        if row["number"] in mine
    )
    add_events(connection, [(finding.number, "opened", None, "") for finding in opened], now)
    return opened


def _row(number: str, verdict: Verdict, now: Instant, keepers: Collection[Keeper]) -> dict[str, Any]:
    kind = KINDS[verdict.kind]
    free = [keeper for keeper in keepers if keeper.person not in verdict.apart]
    owner = answerable(free, (*verdict.roles, *kind.owners), verdict.unit, verdict.rank)
    return {
        "number": number,
        "kind": verdict.kind,
        "about": verdict.about,
        "carrier": verdict.carrier,
        "epc": verdict.epc,
        "reader": verdict.reader,
        "place": verdict.place,
        "person": verdict.person,
        "unit": verdict.unit,
        "matter": verdict.matter,
        "urgency": kind.urgency,
        "happened_at": verdict.happened_at,
        "opened_at": now,
        "open": True,
        "state": "open",
        "owner": owner,
        "due_at": now + kind.due_after_seconds * SECOND,
        "escalates_at": now + kind.due_after_seconds * SECOND,
        "closed_at": None,
        "closed_by": None,
        "resolution": "",
        "evidence": canonical(verdict.evidence),
    }


def canonical(evidence: Mapping[str, Any]) -> str:
    """Evidence as canonical JSON (RFC 8785), so that its hash can be quoted."""
    return rfc8785.dumps(dict(evidence)).decode("utf-8")


def open_numbers(connection: Connection, verdicts: Sequence[Verdict]) -> dict[tuple[str, str], str]:
    """Numbers of the open findings of these kinds and subjects."""
    found: dict[tuple[str, str], str] = {}
    for chunk in chunks(((v.kind, v.about) for v in verdicts), 1_000):
        rows = connection.execute(
            select(FINDING.c.kind, FINDING.c.about, FINDING.c.number).where(
                tuple_(FINDING.c.kind, FINDING.c.about).in_(chunk), FINDING.c.open
            )
        )
        found |= {(row.kind, row.about): row.number for row in rows}
    return found


def told_of(connection: Connection, verdicts: Sequence[Verdict]) -> dict[str, dict[str, str]]:
    """Per subject of these verdicts: kind and number of the findings that there are or were about it."""
    found: dict[str, dict[str, str]] = {}
    for verdict in verdicts:
        rows = connection.execute(
            select(FINDING.c.kind, FINDING.c.number).where(
                FINDING.c.kind.in_(PASSAGE_KINDS), FINDING.c.about == verdict.about
            )
        )
        found.setdefault(verdict.about, {}).update((row.kind, row.number) for row in rows)
    return found


def _present(connection: Connection, numbers: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for chunk in chunks(numbers):
        found |= set(connection.scalars(select(FINDING.c.number).where(FINDING.c.number.in_(chunk))))
    return found


def add_events(connection: Connection, events: Iterable[tuple[str, str, int | None, str]], at: Instant) -> None:
    """Append events: finding, what, by whom (None: by itself), note."""
    rows = [{"finding": f, "at": at, "by": by, "what": what, "note": note} for f, what, by, note in events]
    for chunk in chunks(rows):
        connection.execute(FINDING_EVENT.insert(), chunk)


def opened(
    connection: Connection, kinds: Collection[str], now: Instant, limits: Thresholds
) -> list[tuple[Opened, Any]]:
    """Open findings of these kinds that may be over, each with its row.

    Deadlines of carriers are asked by a join: of very many, only those that have changed are looked at.
    """
    rows = connection.execute(
        select(*(FINDING.c[name] for name in _OPENED))
        .select_from(FINDING.outerjoin(CARRIER, CARRIER.c.id == FINDING.c.carrier))
        .where(FINDING.c.open, FINDING.c.kind.in_(sorted(kinds)), may_be_over(kinds, now, limits))
        .order_by(FINDING.c.opened_at, FINDING.c.number)
    )
    return [(_opened(row), row) for row in rows]


_OPENED = (
    "number",
    "kind",
    "about",
    "place",
    "happened_at",
    "opened_at",
    "carrier",
    "matter",
    "epc",
    "reader",
    "evidence",
)


def _opened(row: Any) -> Opened:
    # Only a missing finding may come of a sweep; the others need not be parsed.
    of_round = json.loads(row.evidence).get("sweep", {}).get("round", "") if row.kind == "missing" else ""
    return Opened(
        row.number,
        row.kind,
        row.about,
        row.place,
        row.happened_at,
        row.opened_at,
        of_round,
        carrier=row.carrier,
        matter=row.matter,
    )


def clear(connection: Connection, endings: Mapping[str, Ending], now: Instant) -> tuple[str, ...]:
    """Close state findings by themselves, saying why; those closed meanwhile by another are left as they are."""
    cleared = []
    for number, ending in endings.items():
        done = connection.execute(
            FINDING.update()
            .where(FINDING.c.number == number, FINDING.c.open)
            .values(open=False, state="cleared", closed_at=now, closed_by=None, resolution=ending.code)
        )
        if done.rowcount:
            cleared.append(number)
    attest(connection, "finding", [(number,) for number in cleared])
    note = {n: _json({"code": endings[n].code, "params": dict(endings[n].params)}) for n in cleared}
    add_events(connection, [(number, "cleared", None, note[number]) for number in cleared], now)
    return tuple(cleared)


def lock(connection: Connection, number: str) -> Any | None:
    """The finding's row, held until the transaction ends; None where there is none."""
    return connection.execute(select(FINDING).where(FINDING.c.number == number).with_for_update()).first()


def change(connection: Connection, number: str, **columns: Any) -> None:
    """Set columns of one finding."""
    connection.execute(FINDING.update().where(FINDING.c.number == number).values(**columns))
    attest(connection, "finding", [(number,)])


def past_due(connection: Connection, kinds: Collection[str], now: Instant) -> list[Any]:
    """Open findings of these kinds that are to go to the next step."""
    # What allows no time at all goes on at once.
    passed = or_(FINDING.c.escalates_at < now, FINDING.c.escalates_at == FINDING.c.opened_at)
    late = (IS_OPEN, FINDING.c.escalates_at <= now, passed, FINDING.c.kind.in_(sorted(kinds)))
    return list(connection.execute(select(FINDING).where(*late).order_by(FINDING.c.number)).all())


def rank_of(connection: Connection, carrier: int | None, matter: int | None = None) -> int:
    """Rank of the level of a finding's carrier, else of its matter; 0 where it is about neither."""
    if carrier is not None:
        return connection.scalar(select(CARRIER.c.rank).where(CARRIER.c.id == carrier)) or 0
    if matter is not None:
        return connection.scalar(select(MATTER.c.rank).where(MATTER.c.id == matter)) or 0
    return 0
