"""The day's message: one a person and working day, what is overdue first, figures only. Pure, but for `make_digests`.

What is overdue is repeated each working day, so many times; then the superior is told of it, once, and it is repeated
to nobody: it stands among the findings, where it was. The manager has a copy in figures of what his people have
overdue, as far as he may know of it. A title is in none of it, for none of it ever reads one.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from custody.access import Role
from custody.clock import day
from custody.scheme import Scheme
from custody.values import DAY, Instant
from reconcile.calendar import Calendar, Hours
from reconcile.checks import KINDS
from reconcile.reminders import REMINDERS
from reconcile.store import digests as store
from reconcile.store import notices
from reconcile.store.core import Connection
from reconcile.store.digests import Repeat, Standing
from reconcile.store.notices import Telling
from reconcile.store.staff import Keeper, answers, keepers

PEOPLE_MAX = 40
"""Persons named in a manager's copy; the others are one figure."""
PARTS = ("overdue", "passed_on", "people", "own", "soon", "new")
"""What a message holds, in this order: the own overdue; what one's people did not answer; what one's people have
overdue, by person; findings that one answers for; reminders not read yet; how many notices came since the last message.
"""
OVERDUE_KINDS = frozenset(kind for kind, row in KINDS.items() if row.means == "remind")
SUPERIORS: tuple[Role, ...] = (Role.MANAGER, Role.SECRECY_OFFICE, Role.LEADER)
"""Who is told where somebody does not answer: the first role here above the person's own that somebody holds."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: how many of what. `days`: how long the oldest is overdue; `who`: of whom, by staff number."""

    part: str
    kind: str
    count: int
    days: int = 0
    who: str = ""


@dataclass(frozen=True, slots=True)
class Digest:
    """The message of a person."""

    person: int
    figures: tuple[Figure, ...]

    @property
    def overdue(self) -> int:
        """How much the person has overdue."""
        return sum(one.count for one in self.figures if one.part == "overdue")

    def as_json(self) -> str:
        """As it is kept."""
        return json.dumps([asdict(one) for one in self.figures], separators=(",", ":"))


def figures_of(text: str) -> tuple[Figure, ...]:
    """What `as_json` wrote."""
    return tuple(Figure(**one) for one in json.loads(text))


@dataclass(frozen=True, slots=True)
class Known:
    """What a day's messages are made from.

    `standing`: open findings; `reminded`: unread reminders by person and kind; `new`: notices since the last message.
    """

    standing: Sequence[Standing]
    reminded: Mapping[int, Mapping[str, int]]
    new: Mapping[int, int]
    everybody: Sequence[Keeper]
    repeats: Mapping[tuple[str, int], Repeat]


@dataclass(frozen=True, slots=True)
class Round:
    """A day's messages, what each repeats, and whom what went unanswered is passed on to."""

    digests: Mapping[int, Digest]
    told: tuple[tuple[str, int], ...]
    """Finding and person: repeated today."""
    passed_on: tuple[tuple[str, int, tuple[int, ...]], ...]
    """Finding, the person who did not answer, the superiors."""


def compose(known: Known, now: Instant, repeats_max: int) -> Round:
    """The messages of a day: nobody gets an empty one."""
    with_account = {keeper.person for keeper in known.everybody}
    lines: dict[int, list[Figure]] = defaultdict(list)
    repeated, unanswered = _due(known, repeats_max, with_account)
    passed = tuple((one.finding, one.person or 0, superiors(one, known.everybody)) for one in unanswered)
    _add(lines, "overdue", ((one.person or 0, one) for one in repeated), now)
    by_finding = {one.finding: one for one in unanswered}
    _add(lines, "passed_on", ((who, by_finding[finding]) for finding, _of, told in passed for who in told), now)
    for person, figures in _copies(repeated, known.everybody).items():
        lines[person] += figures
    owned = ((one.owner, one) for one in known.standing if one.owner in with_account)
    _add(lines, "own", ((owner or 0, one) for owner, one in owned), now, days=False)
    for person, kinds in known.reminded.items():
        lines[person] += [Figure("soon", kind, count) for kind, count in sorted(kinds.items())]
    for person, count in known.new.items():
        if count:
            lines[person].append(Figure("new", "", count))
    wanted = sorted((person, found) for person, found in lines.items() if person in with_account)
    digests = {person: Digest(person, tuple(found)) for person, found in wanted}
    return Round(digests, tuple((one.finding, one.person or 0) for one in repeated), passed)


def _due(known: Known, repeats_max: int, able: Collection[int]) -> tuple[list[Standing], list[Standing]]:
    """What is repeated to its own person, and what was often enough: it is passed on, unless it was."""
    repeated, unanswered = [], []
    for one in known.standing:
        if one.kind not in OVERDUE_KINDS or one.person is None or one.person not in able:
            continue
        before = known.repeats.get((one.finding, one.person), Repeat(0, False))
        if before.times < repeats_max:
            repeated.append(one)
        elif not before.passed_on:
            unanswered.append(one)
    return repeated, unanswered


def _add(
    lines: dict[int, list[Figure]], part: str, found: Iterable[tuple[int, Standing]], now: Instant, *, days: bool = True
) -> None:
    """Figures by person and kind: the most urgent kind first, then what is oldest."""
    by_person: dict[int, dict[str, list[Standing]]] = defaultdict(lambda: defaultdict(list))
    for person, one in found:
        by_person[person][one.kind].append(one)
    for person, kinds in by_person.items():
        figures = [
            Figure(part, kind, len(several), _days(several, now) if days else 0) for kind, several in kinds.items()
        ]
        lines[person] += sorted(figures, key=lambda one: (KINDS[one.kind].urgency, -one.days, one.kind))


def _days(several: Iterable[Standing], now: Instant) -> int:
    return max(0, max((now - one.happened_at) // DAY for one in several))


def _copies(repeated: Iterable[Standing], everybody: Iterable[Keeper]) -> dict[int, list[Figure]]:
    """For each manager what people of the own units have overdue, by person, the most first."""
    found: dict[int, Counter[str]] = defaultdict(Counter)
    managers = [keeper for keeper in everybody if keeper.role is Role.MANAGER]
    for one in repeated:
        for manager in {k.person for k in managers if k.person != one.person and answers(k, one.person_unit, one.rank)}:
            found[manager][one.person_number] += 1
    copies = {}
    for manager, people in found.items():
        ordered = sorted(people.items(), key=lambda of: (-of[1], of[0]))
        figures = [Figure("people", "", count, who=number) for number, count in ordered[:PEOPLE_MAX]]
        rest = sum(count for _number, count in ordered[PEOPLE_MAX:])
        copies[manager] = [*figures, Figure("people", "others", rest)] if rest else figures
    return copies


def superiors(one: Standing, everybody: Iterable[Keeper]) -> tuple[int, ...]:
    """Who is told that a person does not answer; empty where nobody is above who may know of it."""
    able = [k for k in everybody if k.person != one.person and answers(k, one.person_unit, one.rank)]
    held = {k.role for k in everybody if k.person == one.person}
    above = max((SUPERIORS.index(role) + 1 for role in held & set(SUPERIORS)), default=0)
    for role in SUPERIORS[above:]:
        if found := sorted({k.person for k in able if k.role is role}):
            return tuple(found)
    return ()


CURSOR = "digests"
"""Its position is the last day of which the messages were made, as a number: 20261123."""


def look(connection: Connection, scheme: Scheme, now: Instant) -> Known:
    """What the messages of this moment would be made from, as far as the connection sees."""
    everybody = keepers(connection, scheme, day(now, scheme.timezone))
    return Known(
        store.standing(connection),
        store.reminded(connection, {one.kind for one in REMINDERS}, now),
        store.new_since(connection, store.last_made(connection)),
        everybody,
        store.repeats(connection),
    )


def make_digests(
    connection: Connection, scheme: Scheme, calendar: Calendar, hours: Hours, now: Instant
) -> tuple[Digest, ...]:
    """Make the day's messages, once a working day, at its hour or as soon as a server is there after it.

    The rows are the record; sending is another's. Gives what was made; empty before its hour, and when it was made.
    """
    today = day(now, scheme.timezone)
    number = int(today.replace("-", ""))
    if not calendar.working(today) or now < hours.digest_slot(today, scheme.timezone):
        return ()
    if not store.begin_day(connection, CURSOR, number):
        return ()
    found = compose(look(connection, scheme, now), now, scheme.number("digest_repeats_max"))
    store.keep(connection, [(one.person, one.overdue, one.as_json()) for one in found.digests.values()], today, now)
    store.repeat(connection, found.told, today)
    store.pass_on(connection, [(finding, person) for finding, person, _to in found.passed_on], today, now)
    tellings = [
        Telling(who, "unanswered", finding, about=f"unanswered:{finding}@{person}")
        for finding, person, told in found.passed_on
        for who in told
    ]
    notices.tell(connection, tellings, now)
    return tuple(found.digests.values())
