"""A finding's two stories laid out to be drawn: words of what books and radio say, the reads as dots, the antennas."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.locale import Value, known
from api.web import words
from api.web.visit import Visit
from custody import clock
from custody.register import Directory
from custody.values import SECOND, Instant
from reconcile.store.finding_queries import FindingDetail, FindingLine, FindingStep
from reconcile.store.stories import Gap, ReadDot, Stories

WIDTH, TOP, BOTTOM = 600, 8, 62
"""The dot plot in its own units: reads lie between TOP (strongest) and BOTTOM."""
STRONG_DBM, WEAK_DBM = -40.0, -80.0
LINES_DBM = (-50, -70)
DOTS_MAX = 600
GAP_SHORTEST = 30 * SECOND
PLOT_SHORTEST = 120 * SECOND
SURE = {"confirmed": "strong", "probable": "fair", "unconfirmed": "weak"}
SURE_SCORE = ((0.85, "strong"), (0.5, "fair"), (0.0, "weak"))


@dataclass(frozen=True, slots=True)
class Dot:
    """A sighting in the plot. `side`: home (where the books have it), away (elsewhere), gate_in, gate_out."""

    x: float
    y: float
    side: str


@dataclass(frozen=True, slots=True)
class Deaf:
    """A hatched stretch: some antenna asked here did not listen."""

    x: float
    width: float
    since_at: Instant
    until_at: Instant


@dataclass(frozen=True, slots=True)
class Plot:
    """The reads over time."""

    dots: tuple[Dot, ...]
    deaf: tuple[Deaf, ...]
    lines: tuple[tuple[float, int], ...]
    opened_x: float
    opened_right: bool
    """The word at the line of the opening stands on its left: there is no room on its right."""
    since_at: Instant
    until_at: Instant
    reads: int
    capped: bool


@dataclass(frozen=True, slots=True)
class AntennaLine:
    """What one antenna heard of it."""

    reader: str
    antenna: int
    place: int | None
    role: str
    first_at: Instant
    last_at: Instant
    reads: int
    strongest_dbm: float | None


@dataclass(frozen=True, slots=True)
class Story:
    """One half: a headline and a line under it, both in words; `deaf`: it says that nobody listened."""

    headline: str
    under: str
    deaf: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding as its page draws it."""

    books: Story
    radio: Story
    rule: str
    sure: str
    plot: Plot | None
    antennas: tuple[AntennaLine, ...]
    steps: tuple[tuple[FindingStep, str, str], ...]
    """Event, its words, and what was said with it."""


def shown(visit: Visit, detail: FindingDetail, directory: Directory) -> Shown:
    """Lay out a finding."""
    line = detail.line
    return Shown(
        books=books_story(visit, line, directory),
        radio=radio_story(visit, line, directory),
        rule=rule_words(visit, line, directory),
        sure=sure(line),
        plot=plot_of(detail.stories, line),
        antennas=antennas_of(detail.stories.reads),
        steps=tuple(step_words(visit, step, directory) for step in detail.history),
    )


def sure(line: FindingLine) -> str:
    """How surely the evidence speaks: strong, fair, weak."""
    score = line.evidence.get("score")
    if isinstance(score, float | int):
        return next(name for least, name in SURE_SCORE if score >= least)
    radio = line.evidence.get("radio") or {}
    if line.kind in ("overdue_loan", "missing", "reader_silent"):
        return "strong"
    return SURE.get(str(radio.get("strength", "")), "fair")


def place_words(visit: Visit, directory: Directory, code: str | None) -> str:
    """A place's code with its name."""
    if not code:
        return visit.t("findings.nowhere")
    for place in directory.places.values():
        if place.code == code:
            return f"{code} {place.name_en if visit.language == 'en' and place.name_en else place.name}"
    return code


def person_words(visit: Visit, directory: Directory, person: int | None) -> str:
    """A person's name."""
    found = directory.persons.get(person) if person else None
    if found is None:
        return ""
    return found.name_en if visit.language == "en" and found.name_en else found.name


def moment(visit: Visit, at: Any, *, seconds: bool = False) -> str:
    """Day and time in plain words; a dash where there is none."""
    if not isinstance(at, int):
        return "—"
    zone = visit.services.scheme.timezone
    shown_day = words.short_day(clock.day(at, zone), visit.language, visit.day)
    return f"{shown_day} {words.clock_time(at, zone, seconds=seconds)}"


def books_story(visit: Visit, line: FindingLine, directory: Directory) -> Story:
    """What the books said when it was opened."""
    books = line.evidence.get("books")
    if not isinstance(books, Mapping):
        return Story(visit.t(f"findings.books.{line.kind}"), visit.t(f"findings.books.{line.kind}.under"))
    status = str(books.get("status_then") or books.get("status"))
    since = visit.t("findings.since", at=moment(visit, books.get("since_at")))
    if status == "on_loan":
        name = person_words(visit, directory, books.get("holder"))
        due = visit.t("findings.due", at=moment(visit, books.get("due_at")))
        return Story(visit.t("findings.held_by", name=name), f"{since} · {due}")
    if status == "in_place":
        return Story(visit.t("findings.in", place=place_words(visit, directory, books.get("place"))), since)
    return Story(visit.t(f"status.{status}"), since)


def radio_story(visit: Visit, line: FindingLine, directory: Directory) -> Story:
    """What the radio said when it was opened."""
    evidence = line.evidence
    radio = evidence.get("radio") or {}
    if line.kind == "reader_silent":
        places = {str(one.get("place")) for one in evidence.get("not_covered", ())}
        listed = visit.t("findings.list_separator").join(sorted(places))
        state = visit.t("findings.silent.state", detail=str(radio.get("detail") or radio.get("state") or "—"))
        return Story(visit.t("findings.silent", places=listed), state, deaf=True)
    if line.kind == "missing":
        return _absence(visit, evidence, radio, directory)
    if line.nature == "event":
        direction = visit.t(f"findings.direction.{radio.get('direction', 'unknown')}")
        gate = place_words(visit, directory, radio.get("portal"))
        under = visit.t("findings.passed", at=moment(visit, radio.get("until_at"), seconds=True))
        return Story(visit.t("findings.passage", place=gate, direction=direction), under)
    if not radio.get("place"):
        return Story(visit.t("findings.not_heard"), visit.t("findings.not_heard.under"))
    under = visit.t("findings.heard_since", at=moment(visit, radio.get("since_at") or radio.get("first_at")))
    if reads := radio.get("reads"):
        under += " · " + visit.t("carriers.reads", n=int(reads))
    return Story(visit.t("findings.heard_in", place=place_words(visit, directory, radio.get("place"))), under)


def _absence(visit: Visit, evidence: Mapping[str, Any], radio: Mapping[str, Any], directory: Directory) -> Story:
    sweep = evidence.get("sweep")
    if isinstance(sweep, Mapping):
        under = visit.t("findings.sweep.under", at=moment(visit, sweep.get("signed_at")))
        return Story(visit.t("findings.sweep", round=str(sweep.get("round", ""))), under)
    coverage = evidence.get("coverage") or {}
    absent = evidence.get("absent") or {}
    under = visit.t(
        "findings.covered",
        since=moment(visit, absent.get("since_at") or coverage.get("since_at")),
        through=moment(visit, absent.get("until_at") or coverage.get("through_at")),
    )
    if radio.get("heard_at"):
        under += " · " + visit.t("findings.last_heard", at=moment(visit, radio.get("heard_at")))
    return Story(visit.t("findings.silent_though_covered"), under)


def blanks_of(visit: Visit, params: Mapping[str, Any], directory: Directory) -> dict[str, Value]:
    """The blanks of a rule or of an ending, in words."""
    found: dict[str, Value] = {}
    for name, value in params.items():
        match name:
            case "after_seconds":
                found["after"] = words.span(int(value) * SECOND, visit.language)
            case "due_at":
                found["due"] = moment(visit, value)
            case "status":
                found["status"] = visit.t(f"status.{value}")
            case "direction":
                found["direction"] = visit.t(f"findings.direction.{value}")
            case "level":
                found["level"] = words.level_name(visit.services.scheme, str(value), visit.language)
            case "rating_rank":
                found["rating"] = _rating(visit, int(value))
            case "place" | "portal" | "home":
                found[name] = place_words(visit, directory, str(value)) if value else ""
            case _:
                found[name] = value if isinstance(value, int) else str(value)
    return found


def _rating(visit: Visit, rank: int) -> str:
    for level in visit.services.scheme.levels:
        if level.rank == rank:
            return words.level_name(visit.services.scheme, level.code, visit.language)
    return visit.t("place.not_rated")


def rule_words(visit: Visit, line: FindingLine, directory: Directory) -> str:
    """The rule by which it was found."""
    rule = line.evidence.get("rule") or {"code": line.kind, "params": {}}
    return visit.t(f"rule.{rule['code']}", **blanks_of(visit, rule.get("params") or {}, directory))


def ending_words(visit: Visit, ending: Any, directory: Directory) -> str:
    """Why a finding ended by itself. Empty for what is no ending."""
    if not isinstance(ending, Mapping) or "code" not in ending:
        return ""
    return visit.t(f"ending.{ending['code']}", **blanks_of(visit, ending.get("params") or {}, directory))


def step_words(visit: Visit, step: FindingStep, directory: Directory) -> tuple[FindingStep, str, str]:
    """An event of the history: its words, and what was said with it."""
    name = person_words(visit, directory, step.by) or (step.by_name or "")
    if step.by is None:
        said = ending_words(visit, _json(step.note), directory) if step.what == "cleared" else ""
        return step, visit.t(f"findings.step.self.{step.what}"), said
    key = f"findings.step.{step.what}"
    return step, visit.t(key if known(key) else "findings.step.other", name=name), step.note


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def antennas_of(reads: Sequence[ReadDot]) -> tuple[AntennaLine, ...]:
    """What each antenna heard, the most reads first."""
    found: dict[tuple[str, int], AntennaLine] = {}
    for read in reads:
        key = (read.reader, read.antenna)
        before = found.get(key)
        strongest = [dbm for dbm in (read.strongest_dbm, before.strongest_dbm if before else None) if dbm is not None]
        found[key] = AntennaLine(
            read.reader,
            read.antenna,
            read.place,
            read.role,
            min(read.first_at, before.first_at) if before else read.first_at,
            max(read.last_at, before.last_at) if before else read.last_at,
            read.count + (before.reads if before else 0),
            max(strongest) if strongest else None,
        )
    return tuple(sorted(found.values(), key=lambda line: (-line.reads, line.reader, line.antenna)))


def plot_begin(stories: Stories, opened_at: Instant) -> Instant:
    """Where the plot begins: not before anything was heard or listened for, and two minutes before its end at least.

    A gap that reaches back to the window's beginning at every antenna is the time before listening began.
    """
    antennas = {(read.reader, read.antenna) for read in stories.reads} | {(g.reader, g.antenna) for g in stories.gaps}
    leading = {(g.reader, g.antenna): g.until_at for g in stories.gaps if g.since_at <= stories.since_at}
    if not leading or antennas != leading.keys() or min(leading.values()) >= stories.until_at:
        return stories.since_at
    began = min(opened_at, stories.until_at - PLOT_SHORTEST, *leading.values(), *(r.first_at for r in stories.reads))
    return max(stories.since_at, began)


def plot_of(stories: Stories, line: FindingLine) -> Plot | None:
    """The reads as dots over time; None where nothing was heard and nothing was deaf."""
    since, until = plot_begin(stories, line.opened_at), stories.until_at
    length = max(1, until - since)

    def x(at: Instant) -> float:
        return round(WIDTH * min(max(at - since, 0), length) / length, 1)

    step = max(1, -(-len(stories.reads) // DOTS_MAX))
    home = _home(line)
    dots = tuple(Dot(x(read.last_at), _y(read.strongest_dbm), _side(read, home)) for read in stories.reads[::step])
    deaf = _deaf([gap for gap in stories.gaps if gap.until_at > since], since, x)
    if not dots and not deaf:
        return None
    opened = x(line.opened_at)
    return Plot(
        dots,
        deaf,
        tuple((_y(dbm), dbm) for dbm in LINES_DBM),
        opened,
        opened > WIDTH - 130,
        since,
        until,
        sum(read.count for read in stories.reads),
        stories.reads_capped,
    )


def _home(line: FindingLine) -> str | None:
    books = line.evidence.get("books")
    return str(books["place"]) if isinstance(books, Mapping) and books.get("place") else None


def _side(read: ReadDot, home: str | None) -> str:
    if read.role in ("inside", "outside"):
        return f"gate-{read.role}"
    return "home" if home is not None and read.place_code == home else "away"


def _y(dbm: float | None) -> float:
    level = WEAK_DBM if dbm is None else min(max(dbm, WEAK_DBM), STRONG_DBM)
    return round(TOP + (BOTTOM - TOP) * (STRONG_DBM - level) / (STRONG_DBM - WEAK_DBM), 1)


def _deaf(gaps: Sequence[Gap], begin: Instant, x: Callable[[Instant], float]) -> tuple[Deaf, ...]:
    """Hatched where any of the antennas did not listen; stretches that overlap are one."""
    found: list[tuple[Instant, Instant]] = []
    for since, until in sorted((max(gap.since_at, begin), gap.until_at) for gap in gaps):
        if until - since < GAP_SHORTEST:
            continue
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((since, until))
    return tuple(Deaf(x(a), max(2.0, round(x(b) - x(a), 1)), a, b) for a, b in found)
