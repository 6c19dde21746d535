"""Change of level and period, declassification, review (clause a.5)."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.acts.disposition.lists import day_words, left_after, lowest, own_unit, the_unit
from api.acts.model import Act, Field, Ground, Unfit, Values, View
from api.locale.values import level_name, period_words
from custody.access import Permission
from custody.entries import Fact, TagRetired
from custody.entries.disposition import (
    ChangeProposed,
    CopyLeftOut,
    DeclassificationProposed,
    Declassified,
    LevelChanged,
    ReclassificationClosed,
    ReclassificationOpened,
    Reviewed,
)
from custody.matters import Line, Matter
from custody.matters.disposition import ReclassificationBody, proposal_of
from custody.store import queries
from custody.values import Period, Scope

_CLASSIFY = Permission.CLASSIFY
COPIES = ("all", "these")


def _opened(ground: Ground, values: Values, matter: int, purpose: str, levels: Sequence[str]) -> Fact:
    highest = max(levels, key=ground.scheme.rank)
    return ReclassificationOpened(
        matter,
        values["unit"],
        highest,
        "declassify" if purpose == "declassify" else "change",
        values["basis"],
        values["determined_by"],
        values["effective_on"],
        values["notice_number"],
        values["notice_on"] or "",
    )


def _with_copies(ground: Ground, values: Values) -> tuple[list[int], list[int]]:
    """The carriers chosen with the other copies of their titles, and those copies that stay out. Raises Unfit."""
    chosen = list(values["carriers"])
    numbers = sorted({item.control_number for item in ground.items(chosen).values()})
    with ground.services.database.reading() as connection:
        found = queries.copies_of_titles(connection, ground.subject, numbers)
    listed = {line.carrier for line in ground.lines()} if ground.matter else set()
    others = [one for one in found if one not in {*chosen, *listed}]
    if values["copies_too"] == "all":
        return chosen + others, []
    if others and not values["reason"]:
        raise Unfit("reason", "disposition.why_not_the_others", n=len(others))
    return chosen, others


def _left_out(ground: Ground, matter: int, others: Sequence[int], reason: str) -> list[Fact]:
    return [CopyLeftOut(one, matter, reason) for one in others]


def _proposals(values: Values, matter: int, carriers: Sequence[int]) -> list[Fact]:
    scope = Scope(values["scope"]) if values["scope"] else None
    return [ChangeProposed(one, matter, values["level"], values["period"], scope) for one in carriers]


def _change(ground: Ground, values: Values) -> list[Fact]:
    carriers, others = _with_copies(ground, values)
    matter = ground.reserve("matter")
    levels = (values["level"], ground.highest_level([*carriers, *others]))
    opened = _opened(ground, values, matter, "change", levels)
    return [opened, *_proposals(values, matter, carriers), *_left_out(ground, matter, others, values["reason"])]


def _change_more(ground: Ground, values: Values) -> list[Fact]:
    carriers, others = _with_copies(ground, values)
    matter = ground.the_matter.id
    return [*_proposals(values, matter, carriers), *_left_out(ground, matter, others, values["reason"])]


def _declassify(ground: Ground, values: Values) -> list[Fact]:
    carriers, others = _with_copies(ground, values)
    matter = ground.reserve("matter")
    opened = _opened(ground, values, matter, "declassify", (ground.highest_level([*carriers, *others]),))
    proposed = [DeclassificationProposed(one, matter) for one in carriers]
    return [opened, *proposed, *_left_out(ground, matter, others, values["reason"])]


def _leave_out(ground: Ground, values: Values) -> list[Fact]:
    return _left_out(ground, ground.the_matter.id, values["carriers"], values["reason"])


def _carry_out(ground: Ground, values: Values) -> list[Fact]:
    """Exactly what was approved of each, and the matter closes with the last; tags come off where that is asked."""
    matter, body = ground.the_matter, _body(ground.the_matter)
    chosen = values["lines"]
    ground_of = (body.basis, body.determined_by, body.effective_on)
    items = ground.items(chosen)
    facts: list[Fact] = []
    for line in ground.lines("proposed"):
        if line.carrier not in chosen:
            continue
        proposal = proposal_of(line.label)
        if proposal.level and proposal.period is not None:
            new = (proposal.level, proposal.period, proposal.scope)
            facts.append(LevelChanged(line.carrier, matter.id, *new, *ground_of))
            continue
        if values["retire_tags"] and line.carrier in items:
            reason = ground.t("disposition.tag_reason")
            facts += [TagRetired(line.carrier, tag.epc, reason) for tag in items[line.carrier].tags]
        facts.append(Declassified(line.carrier, matter.id, *ground_of))
    if not left_after(ground, chosen, "proposed"):
        facts.append(ReclassificationClosed(matter.id))
    return facts


def _body(matter: Matter) -> ReclassificationBody:
    body: ReclassificationBody = matter.body
    return body


def _carry_out_probe(ground: Ground) -> Fact | None:
    line = ground.a_line("proposed")
    if line is None:
        return None
    body, proposal = _body(ground.the_matter), proposal_of(line.label)
    ground_of = (body.basis, body.determined_by, body.effective_on)
    if proposal.level and proposal.period is not None:
        new = (proposal.level, proposal.period, proposal.scope)
        return LevelChanged(line.carrier, line.matter, *new, *ground_of)
    return Declassified(line.carrier, line.matter, *ground_of)


def _opened_probe(ground: Ground) -> Fact:
    return ReclassificationOpened(0, the_unit(ground), lowest(ground), "change", "", "", "")


def _changed_probe(ground: Ground) -> Fact | None:
    """Only where level and period change is more of it proposed with a level."""
    if _body(ground.the_matter).purpose == "change":
        return None
    line = ground.a_line()
    return ChangeProposed(line.carrier, line.matter, lowest(ground), Period("none")) if line else None


_COPIES = (
    Field("copies_too", "choice", options=COPIES, default="all"),
    Field("reason", "area", required=False),
)
_NEW = (
    Field("level", "level"),
    Field("period", "period", default="maximum"),
    Field("scope", "scope", required=False),
)
_DETERMINED = (
    Field("basis", max_length=300),
    Field("determined_by", max_length=100),
    Field("effective_on", "day", default=lambda g: g.day),
    Field("notice_number", required=False, max_length=100),
    Field("notice_on", "day", required=False),
    Field("unit", "unit", default=own_unit),
)

ACTS: tuple[Act, ...] = (
    Act(
        "reclassification",
        "reclassification",
        "swap",
        _CLASSIFY,
        _change,
        _opened_probe,
        on="house",
        kind="reclassification",
        opens=True,
        fields=(Field("carriers", "carriers"), *_NEW, *_DETERMINED, *_COPIES),
    ),
    Act(
        "declassification",
        "reclassification",
        "eye",
        _CLASSIFY,
        _declassify,
        _opened_probe,
        on="house",
        kind="reclassification",
        opens=True,
        fields=(Field("carriers", "carriers"), *_DETERMINED, *_COPIES),
    ),
    Act(
        "propose",
        "reclassification",
        "plus",
        _CLASSIFY,
        _change_more,
        _changed_probe,
        kind="reclassification",
        fields=(Field("carriers", "carriers"), *_NEW, *_COPIES),
        hides=frozenset({"change_purpose"}),
        statuses=frozenset({"draft"}),
    ),
    Act(
        "leave_out",
        "reclassification",
        "undo",
        _CLASSIFY,
        _leave_out,
        lambda _ground: None,
        kind="reclassification",
        fields=(Field("carriers", "carriers"), Field("reason", "area")),
        statuses=frozenset({"draft", "asked", "approved"}),
    ),
    Act(
        "carry_out",
        "reclassification",
        "stamp",
        _CLASSIFY,
        _carry_out,
        _carry_out_probe,
        kind="reclassification",
        fields=(
            Field("lines", "lines", states=("proposed",)),
            Field("retire_tags", "check", required=False),
        ),
        grave=True,
        standing=frozenset({"not_yet_effective"}),
        statuses=frozenset({"approved"}),
        main=frozenset({"approved"}),
    ),
    Act(
        "close",
        "reclassification",
        "ok",
        _CLASSIFY,
        lambda g, _values: [ReclassificationClosed(g.the_matter.id)],
        lambda g: ReclassificationClosed(g.the_matter.id),
        kind="reclassification",
        statuses=frozenset({"approved"}),
        standing=frozenset({"list_open"}),
    ),
    Act(
        "review",
        "review",
        "clock",
        _CLASSIFY,
        lambda g, v: [Reviewed(g.the_item.id, v["reason"])],
        lambda g: Reviewed(g.the_item.id, ""),
        on="carrier",
        fields=(Field("reason", "area"),),
        hides=frozenset({"review_not_due"}),
    ),
    Act(
        "reviews",
        "review",
        "clock",
        _CLASSIFY,
        lambda g, v: [Reviewed(one, v["reason"]) for one in v["carriers"]],
        lambda _ground: None,
        on="house",
        fields=(Field("carriers", "carriers"), Field("reason", "area")),
    ),
)


# How it is shown.


def mark(ground: Ground, level: str, period: Period | None) -> str:
    """A level mark in words: `机密★20年`."""
    name = level_name(ground.scheme, level, ground.language)
    after = period_words(ground.scheme, level, period, ground.language)
    return f"{name}★{after}" if after else name


def principal(ground: Ground, name: str) -> str:
    """One principal of a scope in words."""
    kind, _, value = name.partition(":")
    if kind == "all":
        return ground.t("scope.all")
    if kind == "post":
        return ground.t(f"scope.post.{value}")
    known: Mapping[str, Mapping[int, Any]] = {
        "unit": ground.directory.units,
        "person": ground.directory.persons,
        "organisation": ground.directory.organisations,
    }
    found = known.get(kind, {}).get(int(value)) if value.isdecimal() else None
    return ground.name_of(found) if found else name


def _rows(ground: Ground, matter: Matter) -> list[tuple[str, str]]:
    body, t = _body(matter), ground.t
    rows = [
        (t("disposition.purpose"), t(f"disposition.purpose.{body.purpose}")),
        (t("ask.basis"), body.basis),
        (t("ask.determined_by"), body.determined_by),
        (t("ask.effective_on"), day_words(ground, body.effective_on)),
        (t("ask.notice_number"), body.notice_number),
        (t("ask.notice_on"), day_words(ground, body.notice_on)),
    ]
    return [row for row in rows if row[1]]


def proposal_words(ground: Ground, line: Line) -> tuple[str, str]:
    """What a line is to become (mark and scope), or why it stays as it is."""
    if line.state == "left_out":
        return "", line.label
    proposal = proposal_of(line.label)
    if not proposal.level:
        return ground.t("status.declassified"), ""
    scope = proposal.scope.principals if proposal.scope else ()
    words = ground.t("punctuation.list").join(principal(ground, name) for name in scope)
    return mark(ground, proposal.level, proposal.period), words


VIEWS: tuple[View, ...] = (
    View(
        "reclassification",
        "swap",
        _rows,
        columns=("disposition.col.new_mark", "disposition.col.new_scope"),
        line=lambda ground, _matter, line: proposal_words(ground, line),
        looks={
            "closed": ("ok", "ok"),
            "proposed": ("act", "pen"),
            "left_out": ("mute", "undo"),
            "changed": ("ok", "stamp"),
            "declassified": ("ok", "eye"),
        },
    ),
)
