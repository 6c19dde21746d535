"""A carrier's life, told twice: what people signed and what the radio heard, as a strip and as two rails."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from api import store
from api.store import Believed, Connection, Stay
from api.web import words
from api.web.stretches import called, colour, stretches
from api.web.visit import Visit
from custody import clock
from custody.entries import (
    Borrowed,
    Entry,
    Moved,
    ReportedFound,
    Returned,
    Shelved,
    TagBound,
    TagRetired,
    matter_of,
)
from custody.entries.carrying_out import BroughtBack, CarriedOut
from custody.entries.circulation import CirculationPutBack, LegStarted
from custody.entries.dispatch import Collected, DistributedOnLoan, DistributedToKeep
from custody.life_cycle import Status
from custody.register import Directory
from custody.store import queries
from custody.store.queries import CarrierItem
from custody.values import DAY, SECOND, Instant
from reconcile.checks.whereabouts import Whereabouts
from reconcile.coverage import Interval, gaps
from reconcile.store.coverage import covered, listening
from reconcile.store.finding_queries import FindingLine
from reconcile.store.whereabouts import whereabouts_of

ROWS_MAX = 80
STAYS_MAX = 200
GAPS_LOOK_BACK = 90 * DAY
STRIP_SHORTEST = 600 * SECOND
SAYS_WHERE = frozenset(
    {
        *("unauthorised_removal", "suspected_removal", "missing", "place_rated_too_low", "gone_not_lent", "misplaced"),
        *("in_store_on_loan", "ghost_read", "direct_pass", "meeting_paper_out", "exposed_at_entry", "never_met"),
        *("used_in_unprotected_place", "left_out_overnight", "lost_track", "tag_disagrees", "retired_tag"),
        *("parked_at_portal", "two_places_at_once", "two_tags_apart", "tags_swapped"),
    }
)
"""Findings in which the radio says otherwise than the books; the others are of a day that has passed."""
GAP_SHORTEST = 60 * SECOND
"""A shorter silence is no row of the time line."""
X0, WIDTH = 74, 1040
"""The strip's left edge and length in its own units."""
DOT_STEP = 9

Rail = Callable[[Instant], str]
Scale = Callable[[Instant], float]


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of custody on the strip. `kind`: home, out, late, gone."""

    x: float
    width: float
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class Dots:
    """A stay on the strip; `odd` where it contradicts the books' home."""

    xs: tuple[float, ...]
    x: float
    label: str
    odd: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A date below the strip."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Strip:
    """The life at a glance."""

    bars: tuple[Bar, ...]
    dots: tuple[Dots, ...]
    deaf: tuple[tuple[float, float], ...]
    ticks: tuple[Tick, ...]
    now_x: float


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the rails. `side`: a (custody), b (presence), deaf; `rail`: said, late or none on the left."""

    at: Instant
    side: str
    kind: str
    until: Instant | None = None
    entry: Entry | None = None
    stay: Stay | None = None
    finding: FindingLine | None = None
    by: str = ""
    to: str = ""
    rail: str = "said"


@dataclass(frozen=True, slots=True)
class DayOfLines:
    """The rows of one day, newest first."""

    day: str
    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """What the radio says now, in one of the four words. `verdict`: equal, differs, unknown."""

    said: Whereabouts
    verdict: str
    tag: Believed | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """Everything that the page draws."""

    strip: Strip
    days: tuple[DayOfLines, ...]
    heard: Heard
    more: int
    borrowed: Entry | None
    places: Directory = field(repr=False)
    acts: frozenset[str] = frozenset()
    """Acts whose paper the visitor may see."""


def life_of(
    connection: Connection,
    visit: Visit,
    item: CarrierItem,
    directory: Directory,
    open_findings: Sequence[FindingLine],
) -> Life:
    """Read both stories of a carrier and lay them out."""
    entries = queries.entries_of(connection, visit.subject, item.id)
    epcs = [tag.epc for tag in item.tags] + list(item.retired_epcs)
    stays = store.stays(connection, epcs, STAYS_MAX) if epcs else []
    tags = store.believed(connection, [tag.epc for tag in item.tags]) if item.tags else []
    ear = _ear(connection, directory, item.home, visit.now)
    since = max(entries[0].happened_at if entries else visit.now, visit.now - GAPS_LOOK_BACK)
    deaf = _deaf(connection, ear, since, visit.now) if epcs else []
    said = whereabouts_of(connection, visit.services.scheme, [item.id], visit.now)[item.id]
    heard = _heard(item, directory, tags, said, open_findings)
    # Where nobody can ever listen the strip says so once; rows would only repeat it.
    lines = _lines(visit, item, directory, entries, stays, deaf if ear is not None else [], open_findings)
    loan = next((e for e in reversed(entries) if isinstance(e.fact, Borrowed)), None)
    return Life(
        strip=_strip(visit, item, directory, entries, stays, deaf),
        days=_days(visit, lines[:ROWS_MAX]),
        heard=heard,
        more=max(0, len(lines) - ROWS_MAX),
        borrowed=loan if item.status is Status.ON_LOAN else None,
        places=directory,
        acts=_acts_seen(connection, visit, entries),
    )


def _acts_seen(connection: Connection, visit: Visit, entries: Sequence[Entry]) -> frozenset[str]:
    """Acts whose paper the visitor may see: not those of a matter that is hidden."""
    named = {entry.sequence: matter_of(entry.fact) for entry in entries}
    seen = queries.matters_by_id(connection, visit.subject, [one for one in set(named.values()) if one is not None])
    return frozenset(e.act for e in entries if named[e.sequence] is None or named[e.sequence] in seen)


def agree(directory: Directory, one: int | None, other: int | None) -> bool:
    """Whether two places can be the same stay: one is the other, or stands in it."""
    if one is None or other is None:
        return False
    return one in {p.id for p in directory.path(other)} or other in {p.id for p in directory.path(one)}


def _ear(connection: Connection, directory: Directory, home: int | None, now: Instant) -> int | None:
    """The nearest place around the home that has antennas."""
    for place in directory.path(home):
        if any(antenna.counts for antenna in listening(connection, place.id, now, 0)):
            return place.id
    return None


def _deaf(connection: Connection, ear: int | None, since: Instant, now: Instant) -> list[Interval]:
    """When nobody was listening at the home, long enough to be told."""
    if ear is None:
        return [Interval(since, now)]
    silences = gaps(covered(connection, ear, since, now), since, now)
    return [one for one in silences if one.through_at - one.since_at >= GAP_SHORTEST]


def verdict_of(word: str, *, disputed: bool, lent: bool, in_store: bool) -> str:
    """Whether the books and the radio agree: `=` equal, `≠` differs, `•` unknown.

    `word`: what the radio says, of the four words; `disputed`: a finding about where it is stands open; `lent`: it is
    on loan and in a person's hands; `in_store`: it is heard in a place where carriers are kept.
    """
    if disputed or word == "absent" or (lent and in_store):
        return "differs"
    return "equal" if word == "present" else "unknown"


def _heard(
    item: CarrierItem,
    directory: Directory,
    tags: Sequence[Believed],
    said: Whereabouts,
    open_findings: Iterable[FindingLine],
) -> Heard:
    disputed = any(line.open and line.kind in SAYS_WHERE for line in open_findings)
    place = directory.places.get(said.heard.id) if said.heard is not None else None
    lent = item.status is Status.ON_LOAN and item.place is None
    verdict = verdict_of(said.word, disputed=disputed, lent=lent, in_store=bool(place and place.storage))
    tag = next((one for one in tags if one.place is not None), tags[0] if tags else None)
    return Heard(said, verdict, tag)


def _lines(
    visit: Visit,
    item: CarrierItem,
    directory: Directory,
    entries: Sequence[Entry],
    stays: Sequence[Stay],
    deaf: Sequence[Interval],
    open_findings: Iterable[FindingLine],
) -> list[Line]:
    late = [(at, one.until) for one in stretches(entries, visit.now) if (at := one.late_from) is not None]
    begin = min((entry.happened_at for entry in entries), default=visit.now)

    def rail(at: Instant) -> str:
        if at < begin:
            return "none"
        return "late" if any(since <= at <= until for since, until in late) else "said"

    found: list[tuple[tuple[int, int], Line]] = []
    for entry in entries:
        by, to = _by(visit, directory, entry.by), _whither(visit, directory, entry)
        found.append(
            (
                (entry.happened_at, entry.sequence),
                Line(entry.happened_at, "a", entry.fact.kind, entry=entry, by=by, to=to, rail=rail(entry.happened_at)),
            )
        )
    found += [((since, 0), Line(since, "a", "due_passed", rail="late")) for since, _ in late]
    for stay in stays:
        kind = f"passage_{stay.direction}" if stay.direction else "stay"
        line = Line(stay.since_at, "b", kind, stay.until_at, stay=stay, to=_place(visit, directory, stay.place))
        found.append(((stay.since_at, 0), _on(line, rail)))
    for gap in deaf[-20:]:
        found.append(((gap.since_at, -1), _on(Line(gap.since_at, "deaf", "deaf", gap.through_at), rail)))
    for finding in open_findings:
        found.append(((finding.opened_at, 1), _on(Line(finding.opened_at, "b", "finding", finding=finding), rail)))
    found.sort(key=lambda pair: pair[0], reverse=True)
    return [line for _, line in found]


def _on(line: Line, rail: Rail) -> Line:
    return replace(line, rail=rail(line.at))


def _days(visit: Visit, lines: Sequence[Line]) -> tuple[DayOfLines, ...]:
    zone = visit.services.scheme.timezone
    days: dict[str, list[Line]] = {}
    for line in lines:
        days.setdefault(clock.day(line.at, zone), []).append(line)
    return tuple(
        DayOfLines(day, words.long_day(day, visit.language, visit.day), tuple(of_day)) for day, of_day in days.items()
    )


def _name(visit: Visit, name: str, name_en: str) -> str:
    return name_en if visit.language == "en" and name_en else name


def _by(visit: Visit, directory: Directory, person: int) -> str:
    if person == 0:
        return visit.t("ledger.installation")
    found = directory.persons.get(person)
    return _name(visit, found.name, found.name_en) if found else ""


def _place(visit: Visit, directory: Directory, place: int | None) -> str:
    found = directory.places.get(place) if place is not None else None
    return f"{found.code} {_name(visit, found.name, found.name_en)}" if found else ""


def _whither(visit: Visit, directory: Directory, entry: Entry) -> str:
    """Where an entry brought the carrier, or what it is about."""
    match entry.fact:
        case Shelved(place=place) | Moved(place=place) | Returned(place=place) | ReportedFound(place=place):
            return _place(visit, directory, place)
        case CirculationPutBack(place=place) | Collected(place=place) | BroughtBack(place=place):
            return _place(visit, directory, place)
        case Borrowed(holder=person) | DistributedOnLoan(holder=person) | DistributedToKeep(recipient=person):
            return _by(visit, directory, person)
        case LegStarted(reader=person) | CarriedOut(bearer=person):
            return _by(visit, directory, person)
        case TagBound(tag=tag):
            return words.epc_words(tag.epc)
        case TagRetired(epc=epc):
            return words.epc_words(epc)
        case _:
            return ""


def _bars(visit: Visit, directory: Directory, entries: Sequence[Entry]) -> list[tuple[Instant, Instant, str, str]]:
    """What the strip shows of custody: from, to, label, kind; the late part of a stretch is told apart."""
    found: list[tuple[Instant, Instant, str, str]] = []
    for one in stretches(entries, visit.now):
        words_of = called(visit, directory, one.state, lambda person: _by(visit, directory, person))
        late = one.late_from
        if late is None:
            found.append((one.since, one.until, words_of, colour(one.state)))
            continue
        if late > one.since:
            found.append((one.since, late, words_of, colour(one.state)))
        found.append((late, one.until, visit.t("carriers.late_short"), "late"))
    return found


def _strip(
    visit: Visit,
    item: CarrierItem,
    directory: Directory,
    entries: Sequence[Entry],
    stays: Sequence[Stay],
    deaf: Sequence[Interval],
) -> Strip:
    now = visit.now
    first = min([e.happened_at for e in entries] + [s.since_at for s in stays] + [now - STRIP_SHORTEST])
    length = now - first

    def x(at: Instant) -> float:
        return round(X0 + WIDTH * max(0, min(length, at - first)) / length, 1)

    bars = tuple(
        Bar(x(a), max(1.0, round(x(b) - x(a) - 2, 1)), _short(words_of, x(b) - x(a)), kind)
        for a, b, words_of, kind in _bars(visit, directory, entries)
    )
    dots = []
    labelled_to = 0.0
    for stay in reversed(stays):
        left, right = x(stay.since_at), x(max(stay.until_at, stay.since_at))
        xs = tuple(left + DOT_STEP * step for step in range(int((right - left) / DOT_STEP) + 1))
        place = directory.places.get(stay.place)
        label = place.code if place and left >= labelled_to else ""
        labelled_to = left + 8 * len(label) + 6 if label else labelled_to
        odd = not stay.direction and bool(place and place.storage) and not agree(directory, item.home, stay.place)
        dots.append(Dots(xs, left, label, odd))
    return Strip(
        bars,
        tuple(dots),
        tuple((x(gap.since_at), max(2.0, round(x(gap.through_at) - x(gap.since_at), 1))) for gap in deaf),
        _ticks(visit, first, x),
        x(now),
    )


def _short(label: str, room: float) -> str:
    """As much of a label as its bar has room for; wide characters count twice."""
    taken, cut = 0.0, ""
    for letter in label:
        taken += 12.5 if ord(letter) > 0x2E7F else 7.2
        if taken > room - 14:
            # Part of a code must not be taken for another code.
            return f"{cut[:-1]}…" if len(cut) > 2 else ""
        cut += letter
    return cut


def _ticks(visit: Visit, first: Instant, x: Scale) -> tuple[Tick, ...]:
    """Some days below the strip, evenly apart; times of the day where the whole life is no longer than one."""
    zone = visit.services.scheme.timezone
    step = (visit.now - first) / 6
    found: dict[str, Tick] = {}
    for number in range(6):
        at = int(first + number * step)
        day = words.short_day(clock.day(at, zone), visit.language, visit.day)
        label = words.clock_time(at, zone) if visit.now - first <= DAY else day
        found.setdefault(label, Tick(x(at), label))
    return tuple(found.values())
