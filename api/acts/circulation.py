"""Letter c as rows: the circulation's legs here, the acts on a loan and the briefing's sheet beside (clause c.3)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from api.acts import briefing, loans
from api.acts.loans import signs_beside
from api.acts.model import Act, Cosigner, Field, Ground, Unfit, Values, View
from custody.access import Permission
from custody.approval import asked
from custody.carrier import Status
from custody.entries import Fact
from custody.entries.circulation import (
    CirculationClosed,
    CirculationLeftOut,
    CirculationListed,
    CirculationOpened,
    CirculationPutBack,
    LegEnded,
    LegStarted,
    ReaderPassedOver,
)
from custody.matters import Line, Matter
from custody.matters.circulation import AT_REGISTRY, DONE, LISTED, PASSED_ON, WITH_READER, Circulation
from custody.rules import NotFound
from custody.values import DAY

_P = Permission
_REASON = Field("reason", "area")


# Circulation.


def _open(ground: Ground, values: Values) -> list[Fact]:
    matter = ground.reserve("matter")
    carriers: tuple[int, ...] = values["carriers"]
    level = ground.highest_level(carriers)
    begin = CirculationOpened(matter, values["unit"], level, values["readers"], values["leg_days"], values["purpose"])
    request = asked(matter, "circulation", ground.scheme, ground.now, urgent=bool(values["urgent"]))
    return [begin, *(CirculationListed(carrier, matter) for carrier in carriers), request]


def _body(ground: Ground) -> Circulation:
    body: Circulation = ground.the_matter.body
    return body


def _pending(ground: Ground) -> tuple[int, ...]:
    """Readers who are still to have some of the folder, in their order."""
    body = _body(ground)
    over = {one.reader for one in body.passed_over}
    open_lines = [line.carrier for line in ground.lines(LISTED, AT_REGISTRY, WITH_READER)]
    had = {(leg.carrier, leg.reader) for leg in body.legs}
    left = [one for one in body.readers if one not in over]
    return tuple(one for one in left if any((carrier, one) not in had for carrier in open_lines))


def _pending_words(ground: Ground) -> Iterable[tuple[str, str]]:
    for reader in _pending(ground):
        yield str(reader), ground.person_name(reader)


def _turns(ground: Ground) -> Iterable[tuple[str, str]]:
    """Whose turn it is with what lies at the registry; one reader, unless some of the folder was kept back."""
    body = _body(ground)
    turns = {body.next_reader(line.carrier) for line in ground.lines(LISTED, AT_REGISTRY)}
    return [(str(one), ground.person_name(one)) for one in body.readers if one in turns]


def _first(options: Callable[[Ground], Iterable[tuple[str, str]]]) -> Callable[[Ground], str]:
    return lambda ground: next((code for code, _words in options(ground)), "")


def _leg_probe(ground: Ground) -> Fact:
    line = ground.a_line(LISTED, AT_REGISTRY)
    following = _body(ground).next_reader(line.carrier) if line else None
    if line is None or following is None:
        raise NotFound
    return LegStarted(line.carrier, ground.the_matter.id, following, ground.now + 1)


def _leg(ground: Ground, values: Values) -> list[Fact]:
    due = ground.end_of(values["due"])
    return [LegStarted(one, ground.the_matter.id, int(values["reader"]), due) for one in values["lines"]]


def _leg_reader(ground: Ground, values: Values) -> Sequence[Cosigner]:
    chosen = str(values.get("reader") or "")
    return signs_beside(ground, "ask.reader", int(chosen) if chosen.isdecimal() else None)


def _leg_due(ground: Ground) -> str:
    return ground.day_of(ground.now + _body(ground).leg_days * DAY)


def _back_probe(ground: Ground) -> Fact:
    line = ground.a_line(WITH_READER)
    if line is None:
        raise NotFound
    return LegEnded(line.carrier, ground.the_matter.id, line.person or 0)


def _back(ground: Ground, values: Values) -> list[Fact]:
    """The pages of one carrier as a figure; of several, that every one was counted and is whole."""
    chosen: tuple[int, ...] = values["lines"]
    pages = values["pages"]
    if pages is not None and len(chosen) > 1:
        raise Unfit("pages", "circulation.pages_of_one")
    readers = {line.carrier: line.person or 0 for line in ground.lines(WITH_READER)}
    items = ground.items(chosen)
    facts: list[Fact] = []
    for carrier in chosen:
        counted = pages if pages is not None else items[carrier].pages if values["whole"] else None
        brought_by = values["brought_by"] or readers.get(carrier, 0)
        facts.append(LegEnded(carrier, ground.the_matter.id, brought_by, counted))
    return facts


def _pass_over_probe(ground: Ground) -> Fact:
    first = next(iter(_pending(ground)), None)
    if first is None:
        raise NotFound
    return ReaderPassedOver(ground.the_matter.id, first, "")


def _undone(ground: Ground) -> list[Line]:
    return ground.lines(LISTED, AT_REGISTRY, WITH_READER)


def _lost(ground: Ground) -> list[int]:
    items = ground.items(line.carrier for line in _undone(ground))
    return [one.id for one in items.values() if one.status is Status.DECLARED_LOST]


def _left_out_probe(ground: Ground) -> Fact:
    lost = _lost(ground)
    if not lost:
        raise NotFound
    return CirculationLeftOut(lost[0], ground.the_matter.id, "")


def _close_probe(ground: Ground) -> Fact:
    """What stands against the end: a reader who has it still, or one who is still to have it."""
    lines = _undone(ground)
    if not lines:
        return CirculationClosed(ground.the_matter.id)
    first = next((line for line in lines if line.state == WITH_READER), lines[0])
    home = ground.items([first.carrier])
    place = home[first.carrier].home if first.carrier in home else None
    return CirculationPutBack(first.carrier, ground.the_matter.id, place or 0)


def _close(ground: Ground, values: Values) -> list[Fact]:
    """Everything to its home, or all of it to the place named."""
    lines = _undone(ground)
    items = ground.items(line.carrier for line in lines)
    facts: list[Fact] = []
    for line in lines:
        home = items[line.carrier].home if line.carrier in items else None
        place = values["place"] or home
        if place is None:
            raise Unfit("place", "circulation.place_needed")
        facts.append(CirculationPutBack(line.carrier, ground.the_matter.id, place))
    return [*facts, CirculationClosed(ground.the_matter.id, values["remark"])]


_LINES_IN = (LISTED, AT_REGISTRY)
_CIRCULATION: tuple[Act, ...] = (
    Act(
        "circulation",
        "circulation",
        "swap",
        _P.LEND,
        _open,
        lambda ground: CirculationOpened(0, ground.person.unit or 0, "internal", (), 0),
        on="house",
        kind="circulation",
        opens=True,
        fields=(
            Field("carriers", "carriers"),
            Field("readers", "persons"),
            Field("leg_days", "number", default=lambda ground: str(ground.scheme.number("leg_days_default"))),
            Field("unit", "unit", default=lambda ground: str(ground.person.unit or "")),
            Field("purpose", required=False),
            Field("urgent", "check", required=False),
        ),
    ),
    Act(
        "leg",
        "leg",
        "out",
        _P.LEND,
        _leg,
        _leg_probe,
        kind="circulation",
        statuses=frozenset({"approved", "circulating"}),
        main=frozenset({"approved"}),
        fields=(
            Field("lines", "lines", states=_LINES_IN),
            Field("reader", "choice", options=_turns, default=_first(_turns)),
            Field("due", "day", default=_leg_due),
        ),
        cosigners=_leg_reader,
        standing=frozenset({"borrower_left", "not_cleared", "outside_scope"}),
    ),
    Act(
        "back",
        "leg",
        "in",
        _P.LEND,
        _back,
        _back_probe,
        kind="circulation",
        statuses=frozenset({"circulating"}),
        main=frozenset({"circulating"}),
        fields=(
            Field("lines", "lines", states=(WITH_READER,)),
            Field("brought_by", "person", required=False),
            Field("pages", "number", required=False),
            Field("whole", "check", required=False),
        ),
    ),
    Act(
        "pass_over",
        "leg",
        "next",
        _P.LEND,
        lambda ground, values: [ReaderPassedOver(ground.the_matter.id, int(values["reader"]), values["reason"])],
        _pass_over_probe,
        kind="circulation",
        statuses=frozenset({"approved", "circulating"}),
        fields=(Field("reader", "choice", options=_pending_words, default=_first(_pending_words)), _REASON),
    ),
    Act(
        "leave_out",
        "circulation_end",
        "lost",
        _P.LEND,
        lambda ground, values: [
            CirculationLeftOut(one, ground.the_matter.id, values["reason"]) for one in _lost(ground)
        ],
        _left_out_probe,
        kind="circulation",
        statuses=frozenset({"circulating"}),
        fields=(_REASON,),
    ),
    Act(
        "close",
        "circulation_end",
        "ok",
        _P.LEND,
        _close,
        _close_probe,
        kind="circulation",
        statuses=frozenset({"circulating"}),
        fields=(Field("place", "place", required=False), Field("remark", "area", required=False)),
        standing=frozenset({"readers_left", "still_with_reader"}),
    ),
)


# How a circulation is shown.


def _rows(ground: Ground, matter: Matter) -> Sequence[tuple[str, str]]:
    body: Circulation = matter.body
    rows = [
        (ground.t("ask.purpose"), body.purpose),
        (ground.t("ask.leg_days"), ground.t("circulation.days", n=body.leg_days)),
    ]
    return [*rows, (ground.t("ask.remark"), body.remark)] if body.remark else rows


def _line(ground: Ground, _matter: Matter, line: Line) -> Sequence[str]:
    note = ground.t("circulation.passed_on") if line.label == PASSED_ON else ""
    return (ground.person_name(line.person), ground.day_of(line.due_at), note)


def readers_of(ground: Ground, matter: Matter) -> Mapping[str, Any]:
    """Each reader with what has become of the folder: how much was had, is there now, or is to come."""
    body: Circulation = matter.body
    over = {one.reader: one.reason for one in body.passed_over}
    found = []
    for number, reader in enumerate(body.readers, 1):
        legs = [leg for leg in body.legs if leg.reader == reader]
        there = [leg for leg in legs if leg.ended_at is None]
        state = "there" if there else "had" if legs else "over" if reader in over else "to_come"
        found.append(
            {
                "number": number,
                "reader": reader,
                "state": state,
                "since": max((leg.started_at for leg in legs), default=None),
                "due": min((leg.due_at for leg in there), default=None),
                "back": max((leg.ended_at for leg in legs if leg.ended_at is not None), default=None),
                "carriers": len(legs),
                "reason": over.get(reader, ""),
                "passed_on": ground.t("punctuation.list").join(
                    ground.person_name(one) for one in sorted({leg.brought_by or 0 for leg in legs} - {0, reader})
                ),
            }
        )
    return {"readers": found, "folder": matter.lines_total - matter.count(DONE), "at": ground.now}


ACTS: tuple[Act, ...] = (*loans.ACTS, *_CIRCULATION, *briefing.ACTS)
VIEWS: tuple[View, ...] = (
    View(
        kind="circulation",
        icon="swap",
        rows=_rows,
        columns=("ask.reader", "ask.due", "circulation.note"),
        line=_line,
        looks={
            "circulating": ("act", "swap"),
            "closed": ("mute", "ok"),
            LISTED: ("mute", "doc"),
            WITH_READER: ("act", "user"),
            AT_REGISTRY: ("ok", "home"),
            DONE: ("mute", "ok"),
        },
        panel="circulation/_readers.html",
        more=readers_of,
    ),
    *briefing.VIEWS,
)
