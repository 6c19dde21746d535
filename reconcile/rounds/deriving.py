"""A round's state, derived from its events: linear in their number, and asked anew each time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from custody.access import Subject
from reconcile.rounds.dealt import dealt_of
from reconcile.rounds.state import SILENT, WEAK, Counted, Line, RoundState, UnknownScan, signed_state
from reconcile.rounds.verdict import bucket_of, judge
from reconcile.store import round_events as events
from reconcile.store import rounds as store
from reconcile.store.core import Connection
from reconcile.store.round_events import Said


@dataclass(frozen=True, slots=True)
class _Around:
    """What a line needs besides its own row. `sorted_to`: scan -> (code, path) of the place walked on to."""

    root: str
    silent: frozenset[int]
    weak: frozenset[int]
    sorted_to: Mapping[str, tuple[str, str]]


def state_of(connection: Connection, subject: Subject, row: Any) -> RoundState:
    """The round's state: derived while it is open, out of its report once it is signed."""
    head = _head(row)
    if row.report:
        return signed_state(head, row.report)
    told = events.said(connection, row.number)
    lines, uncovered = buckets_of(connection, subject, row, told)
    by_device = devices_of(connection, row.number)
    terms = events.terms_of(connection, row.number)
    in_buckets: dict[str, Any] = {name: tuple(found) for name, found in lines.items()}
    return RoundState(
        **head,
        **in_buckets,
        unknown=_unknown(connection, subject, row.number),
        scans=sum(one.scans for one in by_device),
        by_person=_by_person(by_device),
        of=terms.of,
        scope=terms.scope,
        sample=terms.sample,
        two=terms.two,
        by_device=by_device,
        uncovered=uncovered,
        paused=paused(told),
        dealt=dealt_of(connection, row.number, told),
    )


def devices_of(connection: Connection, number: str) -> tuple[Counted, ...]:
    """Who scanned how much with which device."""
    rows = events.scans_by_device(connection, number)
    return tuple(Counted(r.by, r.name or "", r.device, r.scans, r.first_at, r.last_at) for r in rows)


def paused(told: Iterable[Said]) -> bool:
    """Whether the sweep rests: its last pause has not been ended."""
    last = next((one.what for one in reversed(list(told)) if one.what in ("paused", "resumed")), "")
    return last == "paused"


def _by_person(by_device: Iterable[Counted]) -> tuple[tuple[int | None, str, int], ...]:
    found: dict[int | None, tuple[str, int]] = {}
    for one in by_device:
        found[one.by] = (one.name, found.get(one.by, ("", 0))[1] + one.scans)
    return tuple((person, name, scans) for person, (name, scans) in found.items())


def _unknown(connection: Connection, subject: Subject, number: str) -> tuple[UnknownScan, ...]:
    scans = store.unknown_scans(connection, number)
    tags = [r.epc or r.code for r in scans]
    off = store.retired(connection, subject, tags)
    ghosts = events.ghosts(connection, subject, tags)
    return tuple(
        UnknownScan(r.code, r.met_code, r.means, r.by, r.by_name, r.at, r.times, tag in off, ghosts.get(tag))
        for r, tag in zip(scans, tags, strict=True)
    )


def buckets_of(
    connection: Connection, subject: Subject, row: Any, told: Iterable[Said]
) -> tuple[dict[str, list[Line]], tuple[tuple[int, str], ...]]:
    """Every carrier of the round in its bucket; and the places of what was not met that were not covered."""
    told = list(told)
    met = store.met(connection, row.number)
    expected = store.expected_lines(connection, row.number)
    by_carrier = {entry.carrier: entry for entry in expected}
    judged = judge(
        ((entry.carrier, entry.expected, entry.status, entry.now_path) for entry in expected), met.keys(), row.path
    )
    silent = store.by_eye(connection) | events.untagged(connection, judged["missing"])
    around = _Around(row.path, frozenset(silent), frozenset(events.weak_tags(connection)), _sorted_to(connection, told))
    found: dict[str, list[Line]] = {
        name: [_line(by_carrier[carrier], met.get(carrier), around) for carrier in carriers]
        for name, carriers in judged.items()
    }
    others = [carrier for carrier in met if carrier not in by_carrier]
    for entry in store.other_lines(connection, subject, others):
        bucket = bucket_of("", True, entry.status, entry.now_path, row.path)
        found[bucket].append(_line(entry, met[entry.carrier], around))
    covered = _covered(connection, told, found["present"], met, by_carrier, around)
    return _mark_uncovered(found, by_carrier, covered)


def _sorted_to(connection: Connection, told: Iterable[Said]) -> dict[str, tuple[str, str]]:
    answers = [one for one in told if one.what == "walked_on" and one.place is not None]
    places = store.places_of(connection, {one.place for one in answers if one.place is not None})
    return {
        event: places[one.place] for one in answers for event in one.detail.get("events", ()) if one.place in places
    }


@dataclass(frozen=True, slots=True)
class _Covered:
    """Paths where something was read, and paths where a person says to have been, with everything in them."""

    read: frozenset[str]
    walked: frozenset[str]

    def __contains__(self, path: str) -> bool:
        """Whether a place was covered: something was read in it, or somebody was there."""
        return any(one.startswith(path) for one in self.read) or any(path.startswith(one) for one in self.walked)


def _covered(
    connection: Connection,
    told: Iterable[Said],
    present: Iterable[Line],
    met: Mapping[int, Any],
    by_carrier: Mapping[int, Any],
    around: _Around,
) -> _Covered:
    """What was met by hand, without a place being said, was met where the books have it. What was read elsewhere says
    nothing of the shelf where it should be."""
    read = {row.met_path for row in met.values() if row.met_path is not None}
    read |= {path for _, path in around.sorted_to.values()}
    for line in present:
        path = by_carrier[line.carrier].place_path
        if path is not None and not line.wrong_shelf:
            read.add(path)
    places = {one.place for one in told if one.what in ("walked", "walked_on") and one.place is not None}
    return _Covered(frozenset(read), frozenset(path for _, path in store.places_of(connection, places).values()))


def _mark_uncovered(
    found: dict[str, list[Line]], by_carrier: Mapping[int, Any], covered: _Covered
) -> tuple[dict[str, list[Line]], tuple[tuple[int, str], ...]]:
    uncovered: dict[int, tuple[int, str]] = {}
    known: dict[str, bool] = {}
    lines = []
    for line in found["missing"]:
        path = by_carrier[line.carrier].place_path
        if path is not None and path not in known:
            known[path] = path in covered
        if path is None or known[path] or line.place is None:
            lines.append(line)
            continue
        uncovered[line.place] = (line.place, line.place_code or "")
        lines.append(line._replace(covered=False))
    found["missing"] = lines
    return found, tuple(sorted(uncovered.values(), key=lambda place: place[1]))


def _line(entry: Any, met: Any | None, around: _Around) -> Line:
    carrier = entry.carrier
    silent = carrier in around.silent
    reading = SILENT if silent else WEAK if carrier in around.weak else ""
    line = (
        *(carrier, entry.control_number, entry.copy_number, entry.level, entry.expected, entry.status),
        *(entry.home_code, entry.expected_place, entry.place_code, entry.holder),
    )
    if met is None:
        return Line._make((*line, None, None, None, None, None, "", 0, False, silent, reading, True))
    code, there = met.met_code, met.met_path
    if around.sorted_to and met.event in around.sorted_to:
        code, there = around.sorted_to[met.event]
    expected = entry.place_path
    # Most were scanned by hand, without a place being said.
    apart = (
        there is not None
        and expected is not None
        and there != expected
        and not (there.startswith(expected) or expected.startswith(there))
    )
    said = (code, met.means, met.by, met.by_name, met.at, met.reason, met.times)
    return Line._make((*line, *said, apart, silent, reading, True))


def _head(row: Any) -> dict[str, Any]:
    return {
        "number": row.number,
        "place": row.place,
        "place_code": row.place_code,
        "state": row.state,
        "opened_by": row.opened_by,
        "opened_by_name": row.opened_by_name or "",
        "opened_at": row.opened_at,
        "position": row.position,
        "finished_at": row.finished_at,
        "act": row.act,
        "report_hash": row.report_hash,
        "reason": row.reason,
        "kind": row.kind,
    }
