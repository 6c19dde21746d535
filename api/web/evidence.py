"""A finding's two stories laid out to be drawn: words of what books and radio say, the reads as dots, the antennas."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from api.acts.wording import line_words, matter_words
from api.locale import Value, known
from api.web import words
from api.web.findings_plot import AntennaLine, Plot, antennas_of, plot_of
from api.web.visit import Visit
from custody import clock
from custody.register import Directory
from custody.values import SECOND
from reconcile.checks import KINDS, PASSAGE_KINDS
from reconcile.checks.cases import KEPT
from reconcile.store.finding_queries import FindingDetail, FindingLine, FindingStep

WITH_PERSON = frozenset({"on_loan", "in_circulation", "in_meeting", "carried_out"})
"""Statuses in which somebody has it, where the books name a holder."""
SURE = {"confirmed": "strong", "probable": "fair", "unconfirmed": "weak"}
SURE_SCORE = ((0.85, "strong"), (0.5, "fair"), (0.0, "weak"))


@dataclass(frozen=True, slots=True)
class Story:
    """One half: a headline and a line under it, both in words; `deaf`: it says that nobody listened."""

    headline: str
    under: str
    deaf: bool = False
    heading: str = "carriers.radio_heard"
    """Key of the word above the right half."""
    icon: str = "wave"
    heard: bool = True
    """Dotted, as the radio heard it; else solid: it was said and signed, or agreed."""


@dataclass(frozen=True, slots=True)
class MatterShown:
    """The matter that a finding is about, or in which its carrier is; `line`: how the carrier stands in it."""

    id: int
    number: str
    kind: str
    line: str


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
    matter: "MatterShown | None" = None
    signatories: tuple[tuple[str, str], ...] = ()
    """Of a destruction: part and names."""


def shown(visit: Visit, detail: FindingDetail, directory: Directory) -> Shown:
    """Lay out a finding."""
    line = detail.line
    return Shown(
        books=books_story(visit, line, directory),
        radio=other_story(visit, line, directory),
        rule=rule_words(visit, line, directory),
        sure=sure(line),
        plot=plot_of(detail.stories, line),
        antennas=antennas_of(detail.stories.reads),
        steps=tuple(step_words(visit, step, directory) for step in detail.history),
        matter=matter_of(visit, line),
        signatories=signatories_of(visit, line, directory),
    )


def matter_of(visit: Visit, line: FindingLine) -> MatterShown | None:
    """The matter in words; None where the finding has none."""
    said = line.evidence.get("matter")
    if line.matter is None or not isinstance(said, Mapping):
        return None
    kind = str(said.get("kind", ""))
    state = str(said.get("line", ""))
    return MatterShown(
        line.matter,
        str(said.get("number", "")),
        matter_words(kind, visit.t),
        line_words(kind, state, visit.t) if state else "",
    )


PARTS = ("destroyer", "supervisor", "signer", "escort", "approver", "applicant", "lister")
"""Parts in a destruction, those who stood beside it first."""


def signatories_of(visit: Visit, line: FindingLine, directory: Directory) -> tuple[tuple[str, str], ...]:
    """Who stands for a destruction, by part (clause g.8)."""
    said = line.evidence.get("signatories")
    if not isinstance(said, Mapping):
        return ()
    joined = visit.t("findings.list_separator")
    named = ((part, [person_words(visit, directory, person) for person in said.get(part, ())]) for part in PARTS)
    return tuple((visit.t(f"findings.part.{part}"), joined.join(filter(None, names))) for part, names in named if names)


PROVED = (
    "missing",
    "declared_lost",
    "reader_silent",
    "antenna_deaf",
    "portal_blind",
    "parked_at_portal",
    "meeting_paper_out",
    "direct_pass",
    "two_places_at_once",
    "production_excess",
    "reader_clock_wrong",
    "ledger_check_failed",
)
"""Kinds whose evidence is no reading that may be a cross read."""


def sure(line: FindingLine) -> str:
    """How surely the evidence speaks: strong, fair, weak."""
    score = line.evidence.get("score")
    if isinstance(score, float | int):
        return next(name for least, name in SURE_SCORE if score >= least)
    radio = line.evidence.get("radio") or {}
    if (line.kind in PROVED and not _passed_on(line)) or _by_deadline(line):
        return "strong"
    return SURE.get(str(radio.get("strength", "")), "fair")


def _passed_on(line: FindingLine) -> bool:
    """Of a leg that the reads contradict: nobody has brought it back yet."""
    return bool((line.evidence.get("rule") or {}).get("code") == "passed_on")


def _by_deadline(line: FindingLine) -> bool:
    return KINDS[line.kind].means == "remind"


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
    matter = matter_of(visit, line)
    if not isinstance(books, Mapping) and matter is not None:
        asked = person_words(visit, directory, line.person)
        under = visit.t("findings.asked_by", name=asked) if asked else ""
        return Story(visit.t("findings.matter_open", kind=matter.kind, number=matter.number), under)
    if not isinstance(books, Mapping):
        return Story(visit.t(f"findings.books.{line.kind}"), visit.t(f"findings.books.{line.kind}.under"))
    status = str(books.get("status_then") or books.get("status"))
    since = visit.t("findings.since", at=moment(visit, books.get("since_at")))
    holder = person_words(visit, directory, books.get("holder"))
    if status in WITH_PERSON and holder:
        due = visit.t("findings.due", at=moment(visit, books.get("due_at"))) if books.get("due_at") else ""
        return Story(visit.t("findings.held_by", name=holder), " · ".join(filter(None, (since, due))))
    if matter is not None and matter.line and status in KEPT:
        said = visit.t("findings.line_in", kind=matter.kind, state=matter.line)
        return Story(said, _attendee(visit, line) or since)
    if status in ("in_place", "awaiting_destruction") and books.get("place"):
        return Story(visit.t("findings.in", place=place_words(visit, directory, books.get("place"))), since)
    return Story(visit.t(f"status.{status}"), since)


def _attendee(visit: Visit, line: FindingLine) -> str:
    """A guest has a paper, who is in no directory: his number on the meeting's list."""
    said = line.evidence["matter"]
    listed = said.get("kind") == "meeting" and str(said.get("label") or "").isdecimal()
    return visit.t("findings.attendee", number=str(said["label"])) if listed else ""


def other_story(visit: Visit, line: FindingLine, directory: Directory) -> Story:
    """What stands against the books: what the radio said, a day that has passed, or who brought it back."""
    if line.kind == "direct_pass" and not _passed_on(line):
        leg = line.evidence.get("leg") or {}
        name = person_words(visit, directory, leg.get("brought_by"))
        said = visit.t("findings.brought_by", name=name)
        return Story(
            said, moment(visit, leg.get("ended_at")), heading="findings.at_the_registry", icon="in", heard=False
        )
    if line.kind == "declared_lost":
        said = visit.t("findings.declared", number=str((line.evidence.get("matter") or {}).get("number", "")))
        return Story(said, moment(visit, line.happened_at), heading="findings.by_a_person", icon="lost", heard=False)
    if line.kind == "overdue_loan" or not (_by_deadline(line) or line.kind == "meeting_paper_out"):
        return radio_story(visit, line, directory)
    late = max(0, (line.closed_at or visit.now) - line.happened_at)
    said = visit.t("findings.passed_by", span=words.span(late, visit.language))
    return Story(moment(visit, line.happened_at), said, heading="findings.deadline", icon="clock", heard=False)


def radio_story(visit: Visit, line: FindingLine, directory: Directory) -> Story:
    """What the radio said when it was opened."""
    evidence = line.evidence
    radio = evidence.get("radio") or {}
    if line.kind == "reader_silent":
        places = {str(one.get("place")) for one in evidence.get("not_covered", ())}
        listed = visit.t("findings.list_separator").join(sorted(places))
        state = visit.t("findings.silent.state", detail=str(radio.get("detail") or radio.get("state") or "—"))
        return Story(visit.t("findings.silent", places=listed), state, deaf=True)
    if line.kind == "antenna_deaf":
        at = moment(visit, radio.get("heard_at"))
        under = visit.t("findings.deaf.under", heard=at) if radio.get("heard_at") else visit.t("findings.deaf.never")
        place = place_words(visit, directory, radio.get("place"))
        return Story(visit.t("findings.deaf", antenna=str(radio.get("antenna", "")), place=place), under, deaf=True)
    if line.kind == "portal_blind":
        parts = [visit.t(f"portals.part.{one.get('part')}") for one in evidence.get("not_covered", ())]
        listed = visit.t("findings.list_separator").join(parts)
        under = visit.t("findings.blind.under", at=moment(visit, radio.get("since_at")))
        return Story(visit.t("findings.blind", parts=listed), under, deaf=True)
    if line.kind == "parked_at_portal":
        gate = place_words(visit, directory, radio.get("portal"))
        under = visit.t("findings.heard_since", at=moment(visit, radio.get("since_at")))
        return Story(visit.t("findings.parked", place=gate), under)
    if line.kind == "missing":
        return _absence(visit, evidence, radio, directory)
    if line.kind in _TOLD_SO:
        return _TOLD_SO[line.kind](visit, evidence, directory)
    if line.kind in PASSAGE_KINDS:
        direction = visit.t(f"findings.direction.{radio.get('direction', 'unknown')}")
        gate = place_words(visit, directory, radio.get("portal"))
        under = visit.t("findings.passed", at=moment(visit, radio.get("until_at"), seconds=True))
        guard = evidence.get("guard")
        if isinstance(guard, Mapping):
            under += " · " + visit.t("findings.guard", outputs=str(guard.get("outputs") or "—"))
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


def _silence(visit: Visit, evidence: Mapping[str, Any], directory: Directory) -> Story:
    silence = evidence.get("silence") or {}
    place = place_words(visit, directory, silence.get("place"))
    span = words.span(int(silence.get("listened_seconds") or 0) * SECOND, visit.language)
    said = visit.t("findings.silent_since", at=moment(visit, silence.get("heard_at")))
    return Story(said, visit.t("findings.silent_listened", place=place, span=span))


def _in_both(visit: Visit, evidence: Mapping[str, Any], directory: Directory) -> Story:
    params = (evidence.get("rule") or {}).get("params") or {}
    place, other = (place_words(visit, directory, params.get(name)) for name in ("place", "other"))
    radio = evidence.get("radio") or {}
    under = visit.t("findings.heard_since", at=moment(visit, radio.get("since_at")))
    return Story(visit.t("findings.in_both", place=place, other=other), under)


def _clock(visit: Visit, evidence: Mapping[str, Any], _directory: Directory) -> Story:
    radio = evidence.get("radio") or {}
    said = visit.t("findings.clock_off", ms=int(radio.get("offset_ms") or 0))
    return Story(said, visit.t("findings.clock_told", at=moment(visit, radio.get("told_at"))), icon="clock")


def _check(visit: Visit, evidence: Mapping[str, Any], _directory: Directory) -> Story:
    params = (evidence.get("rule") or {}).get("params") or {}
    said = visit.t("findings.check_found", n=int(params.get("differences") or 0))
    under = visit.t("findings.check_size", size=int(params.get("size") or 0))
    return Story(said, under, heading="findings.evidence", icon="alert", heard=False)


def _labels(visit: Visit, evidence: Mapping[str, Any], _directory: Directory) -> Story:
    said = visit.t("findings.labels_heard", n=len(evidence.get("labels") or ()))
    return Story(said, visit.t("findings.labels_heard.under"))


_TOLD_SO: Mapping[str, Callable[[Visit, Mapping[str, Any], Directory], Story]] = {
    "lost_track": _silence,
    "never_met": _silence,
    "two_places_at_once": _in_both,
    "two_tags_apart": _in_both,
    "reader_clock_wrong": _clock,
    "ledger_check_failed": _check,
    "production_excess": _labels,
}
"""Kinds whose evidence is no single belief of the radio, and how it is told."""


def blanks_of(visit: Visit, params: Mapping[str, Any], directory: Directory) -> dict[str, Value]:
    """The blanks of a rule or of an ending, in words."""
    found: dict[str, Value] = {}
    for name, value in params.items():
        if name in _BLANKS:
            blank, words_of = _BLANKS[name]
            found[blank] = words_of(visit, value, directory)
        else:
            found[name] = value if isinstance(value, int) else str(value)
    return found


def _person_or_name(visit: Visit, value: Any, directory: Directory) -> str:
    """A person by identifier; a reading device goes by its name."""
    return person_words(visit, directory, value) if isinstance(value, int) else str(value)


def _some_place(visit: Visit, value: Any, directory: Directory) -> str:
    return place_words(visit, directory, str(value)) if value else ""


def _moment(visit: Visit, value: Any, _directory: Directory) -> str:
    return moment(visit, value)


_BLANKS: Mapping[str, tuple[str, Callable[[Visit, Any, Directory], str]]] = {
    "after_seconds": ("after", lambda visit, value, _: words.span(int(value) * SECOND, visit.language)),
    "due_at": ("due", _moment),
    "since_at": ("since_at", _moment),
    "destroyed_at": ("destroyed_at", _moment),
    "day": ("day", lambda visit, value, _: words.short_day(str(value), visit.language, visit.day)),
    "text": ("text", lambda visit, value, _: visit.t(f"ask.instruction.{value}")),
    "step": ("step", lambda visit, value, _: visit.t(f"step.{value}")),
    "reader": ("reader", _person_or_name),
    "brought_by": ("brought_by", _person_or_name),
    "status": ("status", lambda visit, value, _: visit.t(f"status.{value}")),
    "direction": ("direction", lambda visit, value, _: visit.t(f"findings.direction.{value}")),
    "level": (
        "level",
        lambda visit, value, _: words.level_name(visit.services.scheme, str(value), visit.language),
    ),
    "rating_rank": ("rating", lambda visit, value, _: _rating(visit, int(value))),
    "place": ("place", _some_place),
    "portal": ("portal", _some_place),
    "home": ("home", _some_place),
    "other": ("other", _some_place),
    "bearer": ("bearer", _person_or_name),
    "keeper": ("keeper", _person_or_name),
    "holder": ("holder", _person_or_name),
    "person": ("person", _person_or_name),
    "until_at": ("until_at", _moment),
    "from_at": ("from_at", _moment),
    "closed_at": ("closed_at", _moment),
    "opened_at": ("opened_at", _moment),
}
"""Blank of a rule or an ending -> name in the words, and what fills it."""


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
