"""How a batch of destruction is shown: its rows, its lines, its bags and deviations."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.acts.destruction.weighing import STATUSES
from api.acts.model import Ground, View
from custody.matters import Line, Matter
from custody.matters.destruction import KEY, UNCHECKED, Destruction, bag_of, method_of


def _names(ground: Ground, persons: Iterable[int]) -> str:
    return ground.t("punctuation.list").join(ground.person_name(person) for person in persons)


def _rows(ground: Ground, matter: Matter) -> Sequence[tuple[str, str]]:
    body: Destruction = matter.body
    t = ground.t
    rows = [
        (t("ask.disposal"), t(f"ask.disposal.{body.disposal}")),
        (t("ask.reason"), body.reason),
        (t("ask.appraisal"), body.appraisal),
    ]
    used = dict.fromkeys(method_of(line) for line in ground.lines() if line.state != "taken_off")
    rows.append((t("ask.method"), t("punctuation.list").join(t(f"ask.method.{method}") for method in used)))
    if body.centre:
        rows.append((t("ask.centre"), body.centre))
    if body.hand_over is not None:
        given = body.hand_over
        rows.append((t("destruction.escorts"), _names(ground, given.escorts)))
        rows.append((t("destruction.transport"), t("forms.comma").join((given.vehicle, given.driver))))
        if given.receipt:
            rows.append((t("ask.receipt.receipt"), given.receipt))
    if body.witnesses is not None:
        first = t("ask.certificate.destroyer") if body.centre else t("ask.destroyer")
        rows.append((first, ground.person_name(body.witnesses.destroyer)))
        rows.append((t("destruction.supervisors"), _names(ground, body.witnesses.supervisors)))
    if body.certificate:
        rows.append((t("destruction.certificate_number"), body.certificate))
    return rows


def _line(_ground: Ground, _matter: Matter, line: Line) -> Sequence[str]:
    return (bag_of(line) or "—",)


def _more(ground: Ground, matter: Matter) -> Mapping[str, Any]:
    """The bags with what is in them, and the deviations."""
    body: Destruction = matter.body
    inside: dict[str, list[str]] = {}
    for line in ground.lines() if body.bags else ():
        if line.state in ("sealed", "checked", "handed_over", "destroyed"):
            inside.setdefault(bag_of(line), []).append(line.state)
    found = [
        (bag, len(states), len([state for state in states if state != "sealed"]))
        for bag in body.bags
        if (states := inside.get(bag.number))
    ]
    return {
        "weighs": matter.status in STATUSES and not matter.count(*UNCHECKED) and matter.lines_total > 0,
        "weighing": body.weighing,
        "bags": found,
        "deviations": [(one, ground.t(f"ask.deviation.what.{one.what}")) for one in reversed(body.deviations)],
    }


VIEWS: tuple[View, ...] = (
    View(
        KEY,
        "shred",
        _rows,
        columns=("ask.bag",),
        line=_line,
        looks={
            "set_apart": ("due", "box"),
            "stopped": ("bad", "alert"),
            "short": ("bad", "alert"),
            "handed_over": ("act", "out"),
            "received": ("act", "doc"),
            "destroying": ("due", "shred"),
            "destroyed": ("mute", "shred"),
            "called_off": ("mute", "off"),
            "listed": ("act", "doc"),
            "sealed": ("due", "stamp"),
            "checked": ("ok", "ok"),
            "taken_off": ("mute", "undo"),
        },
        panel="destruction/_panel.html",
        more=_more,
    ),
)
