"""How a permit is shown: what it says, the way declared and confirmed, and what the portals heard of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.acts.disposition.lists import day_words
from api.acts.disposition.losses import moment_text
from api.acts.model import Ground, View
from custody.access import Permission, may
from custody.entries.carrying_out import ItineraryLeg, LegTold
from custody.matters import Line, Matter
from custody.matters.carrying_out import KEY, Permit
from custody.store import queries
from custody.values import SECOND, Instant
from reconcile.store.crossings import Crossing, crossings

TOGETHER = 60 * SECOND
"""What left in one case is heard within so long."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A declared leg, in words, with what was told of it on return; None: not yet."""

    number: int
    day: str
    way: str
    travel: str
    stay: str
    told: LegTold | None


@dataclass(frozen=True, slots=True)
class Heard:
    """Carriers that a portal heard together, in or out; `at`: the last of them."""

    direction: str
    portal: str
    at: Instant
    exact: str
    """The time as a form takes it, to the microsecond."""
    lines: tuple[int, ...]


def travel_words(t: Callable[..., str], leg: ItineraryLeg) -> tuple[str, str, str]:
    """From where to where, by what means, and the stay (empty where there is none)."""
    stay = f"{t(f'ask.leg_stay.{leg.stay}')} {leg.where}".strip() if leg.stay != "none" else ""
    return f"{leg.origin} → {leg.to}", t(f"ask.leg_travel.{leg.means}"), stay


def leg_words(ground: Ground, leg: ItineraryLeg) -> str:
    """A leg on one line."""
    said = (day_words(ground, leg.day), *travel_words(ground.t, leg))
    return ground.t("punctuation.list").join(text for text in said if text)


def passages(ground: Ground, direction: str, *states: str) -> dict[int, Crossing]:
    """By carrier, the last crossing in a direction since its line came into its present state, where there is one."""
    lines = {line.carrier: line for line in ground.lines(*states)}
    if not lines:
        return {}
    with ground.services.database.reading() as connection:
        seen = queries.carriers_by_id(connection, ground.subject, list(lines))
        found = crossings(connection, seen, min(line.at for line in lines.values()))
    last: dict[int, Crossing] = {}
    for carrier, several in found.items():
        since = [one for one in several if one.at >= lines[carrier].at]
        if since and since[-1].direction == direction:
            last[carrier] = since[-1]
    return last


def _at(ground: Ground, at: Instant | None) -> str:
    if at is None:
        return ""
    day, _, time = moment_text(at, ground.scheme.timezone).partition("T")
    return f"{day_words(ground, day)} {time}"


def _number_of(ground: Ground, matter: int | None) -> str:
    if matter is None:
        return ""
    with ground.services.database.reading() as connection:
        found = queries.matters_by_id(connection, ground.subject, [matter])
    return found[matter].number if matter in found else ""


def _rows(ground: Ground, matter: Matter) -> Sequence[tuple[str, str]]:
    body: Permit = matter.body
    t = ground.t
    affairs = [t(f"ask.carrying_out.{name}") for name in ("foreign", "abroad") if getattr(body, name)]
    rows = [
        (t("ask.carrying_out.bearer"), ground.person_name(body.bearer)),
        (t("ask.carrying_out.escorts"), t("punctuation.list").join(ground.person_name(one) for one in body.escorts)),
        (t("ask.carrying_out.purpose"), body.purpose),
        (t("ask.carrying_out.destination"), body.destination),
        (t("ask.carrying_out.container"), body.container),
        (t("carrying_out.window"), f"{_at(ground, body.from_at)} – {_at(ground, body.until_at)}"),
        (t("ask.leaves_by"), t(f"ask.leaves_by.{body.mode}")),
        (t("carrying_out.affairs"), t("punctuation.list").join(affairs)),
        (
            t("ask.carrying_out.authority_permit"),
            f"{body.authority_permit} {day_words(ground, body.authority_permit_on)}".strip(),
        ),
        (t("ask.carrying_out.precautions"), body.precautions),
        (t("ask.carrying_out.prolongs"), _number_of(ground, body.prolongs)),
        (t("carrying_out.successor"), _number_of(ground, body.successor)),
        (t("carrying_out.left_at"), _at(ground, body.left_at)),
        (t("carrying_out.back_at"), _at(ground, body.back_at)),
        (t("ask.confirm.confirmed_by"), ground.person_name(body.confirmed_by)),
    ]
    return [row for row in rows if row[1]]


def _line(ground: Ground, _matter: Matter, line: Line) -> Sequence[str]:
    """Until when, and who brought it back with how many pages, or why it was struck off."""
    pages = "" if line.pages is None else ground.t("carriers.pages", n=line.pages)
    back = ground.person_name(line.person) if line.state == "in" else ""
    said = (line.label,) if line.state == "struck" else (back, pages)
    return (
        day_words(ground, ground.day_of(line.due_at)),
        ground.t("punctuation.list").join(text for text in said if text),
    )


def legs_of(ground: Ground, body: Permit) -> list[Leg]:
    """The itinerary in words, leg by leg."""
    told = {one.leg: one for one in body.legs}
    return [
        Leg(number, day_words(ground, leg.day), *travel_words(ground.t, leg), told.get(number))
        for number, leg in enumerate(body.itinerary, 1)
    ]


def heard(ground: Ground, direction: str, *states: str) -> list[Heard]:
    """What the portals heard of these lines, together where it was one passage."""
    found: list[list[Crossing]] = []
    for one in sorted(passages(ground, direction, *states).values(), key=lambda one: (one.portal, one.at)):
        if found and found[-1][0].portal == one.portal and one.at - found[-1][0].at <= TOGETHER:
            found[-1].append(one)
        else:
            found.append([one])
    return [_heard(ground, direction, several) for several in found]


def _heard(ground: Ground, direction: str, several: Sequence[Crossing]) -> Heard:
    place, at = ground.directory.places.get(several[0].portal), several[-1].at
    lines = tuple(sorted(one.carrier for one in several))
    return Heard(direction, place.code if place else "", at, clock_text(ground, at), lines)


def clock_text(ground: Ground, at: Instant) -> str:
    """An instant to the microsecond, as a form takes it."""
    seconds, micros = divmod(at, 1_000_000)
    return f"{moment_text(at, ground.scheme.timezone)}:{seconds % 60:02d}.{micros:06d}"


def _more(ground: Ground, matter: Matter) -> Mapping[str, Any]:
    """The way, and the passages that nobody has entered yet."""
    body: Permit = matter.body
    return {
        "legs": legs_of(ground, body),
        "confirmed": body.confirmed_by is not None,
        "straight": body.straight,
        "elsewhere": body.elsewhere,
        "left": [] if matter.ended else heard(ground, "out", "packed"),
        "came": [] if matter.ended else heard(ground, "in", "out"),
        "may_enter": may(ground.subject, Permission.CARRY),
        "prolong": matter.status == "out" and body.out > 0,
    }


VIEWS: tuple[View, ...] = (
    View(
        KEY,
        "door",
        _rows,
        columns=("ask.due", "carrying_out.note"),
        line=_line,
        looks={
            "out": ("act", "door"),
            "closed": ("mute", "ok"),
            "listed": ("mute", "doc"),
            "packed": ("due", "box"),
            "in": ("ok", "shelf"),
            "lost": ("bad", "lost"),
            "prolonged": ("mute", "clock"),
            "struck": ("mute", "undo"),
        },
        panel="carrying_out/_panel.html",
        more=_more,
    ),
)
