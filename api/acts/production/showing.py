"""How an order is shown: what was ordered, and the equation approved = registered + spoiled + cancelled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.acts.dispatch.showing import scope_names
from api.acts.disposition.lists import day_words
from api.acts.disposition.secrecy import mark
from api.acts.model import Ground, View
from api.acts.production.making import labels_out
from api.acts.production.numbers import numbers_text, runs
from custody.matters import Line, Matter
from custody.matters.production import ProductionBody, intermediate_of, why
from custody.rules import NotFound
from custody.store import queries


@dataclass(frozen=True, slots=True)
class Equation:
    """What became of the copies that were approved; `open` those of which nothing is told yet."""

    approved: int
    registered: int
    spoiled: int
    cancelled: int
    open: int

    @property
    def closes(self) -> bool:
        """Approved = registered + spoiled + cancelled."""
        return self.approved == self.registered + self.spoiled + self.cancelled


def equation(body: ProductionBody) -> Equation:
    """The four figures of an order, and what is open."""
    told = (len(body.registered), len(body.spoiled), len(body.cancelled))
    return Equation(body.quantity, *told, len(body.free))


def copy_runs(body: ProductionBody) -> list[tuple[int, int, str]]:
    """The copy numbers from the first to the last, those alike together: first, last, what became of them."""
    named = {"registered": body.registered, "spoiled": body.spoiled, "cancelled": body.cancelled, "open": body.free}
    return sorted((first, last, state) for state, numbers in named.items() for first, last in runs(numbers))


def _rows(ground: Ground, matter: Matter) -> Sequence[tuple[str, str]]:
    body: ProductionBody = matter.body
    t, directory = ground.t, ground.directory
    place = directory.places.get(body.place or 0)
    producer = directory.organisations.get(body.producer or 0)
    here = f"{place.code} {ground.name_of(place)}" if place else t("production.at_producer")
    first = _number_of(ground, body.supplements)
    rows = [
        (t("ask.production.control_number"), body.control_number),
        (t("production.copies"), numbers_text(body.block)),
        (t("ask.period"), mark(ground, matter.level, body.period)),
        (t("ask.scope"), scope_names(ground, body.scope.principals)),
        (t("ask.production.carrier_kind"), t(f"kind.{body.kind}")),
        (t("ask.production.medium"), t(f"medium.{body.medium}")),
        (t("ask.pages"), "" if body.pages is None else str(body.pages)),
        (t("ask.place"), here if place or producer else ""),
        (t("ask.production.producer"), ground.name_of(producer) if producer else t("production.house")),
        (t("ask.basis"), body.basis),
        (t("ask.determined_by"), body.determined_by),
        (t("ask.production.classified_on"), day_words(ground, body.classified_on)),
        (t("ask.production_more.supplements"), first),
        (t("ask.reason"), body.reason),
    ]
    return [row for row in rows if row[1]]


def _number_of(ground: Ground, order: int | None) -> str:
    """The number of the order that this one supplements; nothing where it may not be seen."""
    if order is None:
        return ""
    try:
        with ground.services.database.reading() as connection:
            return queries.matter(connection, ground.subject, order).number
    except NotFound:
        return "—"


def _line(ground: Ground, _matter: Matter, line: Line) -> Sequence[str]:
    what = intermediate_of(line)
    said = [ground.t(f"ask.what.{what}") if what else "", why(line), ground.person_name(line.person)]
    return (ground.t("punctuation.list").join(part for part in said if part) or "—",)


def _more(ground: Ground, matter: Matter) -> Mapping[str, Any]:
    body: ProductionBody = matter.body
    return {
        "body": body,
        "equation": equation(body),
        "runs": copy_runs(body),
        "labels": len(body.labels),
        "labels_out": len(labels_out(ground)),
        "supplemented": matter.status in ("approved", "closed", "settled"),
    }


VIEWS: tuple[View, ...] = (
    View(
        "production",
        "print",
        _rows,
        columns=("production.what",),
        line=_line,
        looks={
            "closed": ("due", "clock"),
            "settled": ("ok", "ok"),
            "registered": ("ok", "in"),
            "intermediate": ("due", "doc"),
            "kept": ("ok", "shelf"),
            "gone": ("mute", "shred"),
        },
        panel="production/_panel.html",
        more=_more,
    ),
)
