"""Hand-over between keepers: the acts on its list, shared in part with the inventory's."""

from collections.abc import Callable, Iterable, Sequence

from api.acts.model import Act, Cosigner, Field, Ground, Unfit, Values, View
from custody.access import Permission, answers_for
from custody.carrier import CarrierState
from custody.entries import Fact
from custody.entries.keeping import (
    HandOverClosed,
    HandOverCounted,
    HandOverExplained,
    HandOverListed,
    HandOverOpened,
    HandOverTaken,
)
from custody.life_cycle import HELD, Status
from custody.matters import Line, Matter
from custody.matters.keeping import HandOver
from custody.procedures.keeping.handing_over import EYE, STANDING
from custody.rules import NotFound
from custody.store import keeping, queries
from reconcile.rounds import buckets

_P = Permission
LISTED_AT_ONCE = 20_000
"""Lines that one act enters; what is more is listed by the next."""


def top_unit(ground: Ground) -> int:
    """The unit at the top: it answers where nobody nearer does."""
    return next((unit.id for unit in ground.directory.units.values() if unit.parent is None), 0)


def unit_name(ground: Ground, identifier: int) -> str:
    """A unit's name in the visitor's language."""
    unit = ground.directory.units.get(identifier)
    return ground.name_of(unit) if unit else ""


def _body(matter: Matter) -> HandOver:
    assert isinstance(matter.body, HandOver)
    return matter.body


def _opened(ground: Ground, values: Values) -> list[Fact]:
    giver, directory = values["giver"], ground.directory
    named = tuple(dict.fromkeys(row["place"] for row in values["places"]))
    places = named or tuple(place.id for place in directory.in_care_of(giver))
    with ground.services.database.reading() as connection:
        kept = sorted(keeping.kept_by_places(connection, keeping.care(directory, giver, places)))
        level = keeping.listed_level(connection, ground.scheme, kept)
    unit = directory.persons[giver].unit or top_unit(ground)
    matter = ground.reserve("matter")
    opened = HandOverOpened(
        matter, unit, level, giver, values["receiver"], places, values["reason"], values["giver_absent"]
    )
    return [opened, *(HandOverListed(carrier, matter) for carrier in kept[:LISTED_AT_ONCE])]


def to_list(ground: Ground) -> list[int]:
    """Carriers that belong on the matter's list and do not stand there yet, as many as one act enters."""
    with ground.services.database.reading() as connection:
        return sorted(keeping.unlisted(connection, ground.directory, ground.the_matter))[:LISTED_AT_ONCE]


def _listed(ground: Ground, _values: Values) -> list[Fact]:
    return [HandOverListed(carrier, ground.the_matter.id) for carrier in to_list(ground)]


def _one_to_list(ground: Ground) -> Fact:
    found = to_list(ground)
    if not found:
        raise NotFound
    return HandOverListed(found[0], ground.the_matter.id)


# Counting.


def sweeps(ground: Ground) -> list[tuple[str, str]]:
    """Sweeps signed since the matter was opened, with where and when."""
    with ground.services.database.reading() as connection:
        found = keeping.rounds_since(connection, ground.the_matter.opened_at)
    return [
        (number, f"{number} {code}")
        for number, (place, _at) in found.items()
        if (code := getattr(ground.directory.places.get(place), "code", ""))
    ]


def met_in(ground: Ground, number: str, *states: str) -> list[int]:
    """Carriers of the matter's lines in these states that the sweep met where they stand."""
    with ground.services.database.reading() as connection:
        place, _at = keeping.signed_rounds(connection, [number])[number]
        wanted = {line.carrier for line in queries.all_lines(connection, ground.the_matter.id, states)}
        sweep = buckets(connection, ground.subject, number)
        met = {line.carrier for line in (*sweep.present, *sweep.arrived)}
        found = queries.states_of(connection, wanted & met)
    inside = ground.directory.under(place)
    fits = [one.id for one in found.values() if one.status in STANDING and one.place in inside]
    if not fits:
        raise Unfit("round", "keeping.nothing_met")
    return sorted(fits)[:LISTED_AT_ONCE]


def states_of(ground: Ground, carriers: Iterable[int]) -> dict[int, CarrierState]:
    """The carriers as the books have them."""
    with ground.services.database.reading() as connection:
        return queries.states_of(connection, carriers)


def a_sweep(ground: Ground, counted: Callable[[int, int], Fact]) -> Fact:
    """A count of one open line, where there is a sweep to take over."""
    line = ground.a_line("listed", "explained")
    if line is None or not sweeps(ground):
        raise NotFound
    return counted(line.carrier, line.matter)


def seen(ground: Ground, chosen: Sequence[int]) -> list[int]:
    """What was chosen as seen. Where that is the whole list, those that the books have elsewhere are left out:
    whoever scans one of them singly is told.
    """
    if {line.carrier for line in ground.lines("listed", "explained")} - set(chosen):
        return list(chosen)
    standing = [one.id for one in states_of(ground, chosen).values() if one.status in STANDING]
    return sorted(standing) or list(chosen)


def _counted(ground: Ground, values: Values) -> list[Fact]:
    return [HandOverCounted(carrier, ground.the_matter.id, EYE) for carrier in seen(ground, values["lines"])]


def _swept(ground: Ground, values: Values) -> list[Fact]:
    number = values["round"]
    met = met_in(ground, number, "listed", "explained")
    return [HandOverCounted(carrier, ground.the_matter.id, number) for carrier in met]


def _how(state: CarrierState, body: HandOver, ground: Ground) -> str:
    """Why the carrier is not to be seen, as the books have it; empty where it stands in its place."""
    care = ground.directory
    place = keeping.kept_in(state)
    here = care.keeper(place) == body.giver and any(p.id in body.places for p in care.path(place))
    if state.status is Status.DECLARED_LOST:
        return "missing"
    if state.status not in HELD or not here:
        return "gone"
    return "" if state.status in STANDING else "on_slip"


def _explained(ground: Ground, values: Values) -> list[Fact]:
    matter, body = ground.the_matter, _body(ground.the_matter)
    facts: list[Fact] = []
    for carrier, state in sorted(states_of(ground, values["lines"]).items()):
        how = _how(state, body, ground)
        if not how:
            raise stands_there(state)
        facts.append(HandOverExplained(carrier, matter.id, how))
    return facts


def stands_there(state: CarrierState) -> Unfit:
    """What the books have in its place is looked for, or declared missing, but not explained."""
    described = state.description
    return Unfit("lines", "keeping.stands_there", number=f"{described.control_number}/{described.copy_number}")


# Closing.


def _instead(ground: Ground) -> bool:
    """Whether the visitor signs in the absent giver's stead: the secrecy office only."""
    matter, body = ground.the_matter, _body(ground.the_matter)
    if not body.giver_absent or ground.subject.person == body.receiver:
        return False
    return answers_for(ground.subject, _P.HEAD_ENQUIRIES, matter.unit, ground.directory)


def _both(ground: Ground, _values: Values) -> Sequence[Cosigner]:
    body = _body(ground.the_matter)
    wanted = [("keeping.sign.receiver", body.receiver)]
    if not _instead(ground):
        wanted.insert(0, ("keeping.sign.giver", body.giver))
    return tuple(Cosigner(label, person) for label, person in wanted if person != ground.subject.person)


def _closed(ground: Ground, values: Values) -> list[Fact]:
    matter, body = ground.the_matter, _body(ground.the_matter)
    taken: list[Fact] = [
        HandOverTaken(line.carrier, matter.id, line.label) for line in ground.lines("counted", "explained")
    ]
    return [*taken, HandOverClosed(matter.id, body.receiver, body.places, values["remark"])]


def _close_probe(ground: Ground) -> Fact:
    body = _body(ground.the_matter)
    return HandOverClosed(ground.the_matter.id, body.receiver, body.places)


def _line_probe(ground: Ground) -> Fact | None:
    line = ground.a_line("listed", "explained")
    return HandOverExplained(line.carrier, line.matter, "") if line else None


def _rows(ground: Ground, matter: Matter) -> Sequence[tuple[str, str]]:
    body, t = _body(matter), ground.t
    codes = (ground.directory.places[place].code for place in body.places if place in ground.directory.places)
    rows = [
        (t("ask.hand_over.giver"), ground.person_name(body.giver)),
        (t("ask.hand_over.receiver"), ground.person_name(body.receiver)),
        (t("ask.hand_over.places"), t("punctuation.list").join(codes)),
    ]
    more = (("ask.reason", body.reason), ("ask.hand_over.giver_absent", body.giver_absent), ("ask.remark", body.remark))
    return [*rows, *((t(label), text) for label, text in more if text)]


def found_how(ground: Ground, line: Line) -> str:
    """How a line was counted or explained, in words."""
    if line.label in ("", EYE) or line.label.startswith("QC-"):
        return ground.t("keeping.eye") if line.label == EYE else line.label
    return ground.t(f"keeping.how.{line.label}")


LOOKS = {
    "listing": ("act", "round"),
    "counting": ("act", "round"),
    "closed": ("ok", "ok"),
    "abandoned": ("mute", "off"),
    "listed": ("due", "clock"),
    "counted": ("ok", "eye"),
    "confirmed": ("ok", "pen"),
    "explained": ("odd", "doc"),
    "taken": ("ok", "ok"),
}
_COUNTING = frozenset({"counting"})
_LINES = Field("lines", "lines", states=("listed", "explained"))
_LINES_OPEN = Field("lines", "lines", states=("listed", "counted"))
ACTS: tuple[Act, ...] = (
    Act(
        "hand_over",
        "hand_over",
        "swap",
        _P.SWEEP,
        _opened,
        lambda ground: HandOverOpened(0, top_unit(ground), "internal", 0, 0, ()),
        on="house",
        kind="hand_over",
        opens=True,
        fields=(
            Field("giver", "person"),
            Field("receiver", "person"),
            Field("places", "rows", required=False, columns=(Field("place", "place"),)),
            Field("reason", "area", required=False),
            Field("giver_absent", required=False, max_length=200),
        ),
    ),
    Act(
        "count",
        "hand_over_count",
        "eye",
        _P.SWEEP,
        _counted,
        _line_probe,
        kind="hand_over",
        statuses=_COUNTING,
        main=_COUNTING,
        fields=(_LINES,),
    ),
    Act(
        "sweep",
        "hand_over_count",
        "round",
        _P.SWEEP,
        _swept,
        lambda ground: a_sweep(ground, HandOverCounted),
        kind="hand_over",
        statuses=_COUNTING,
        fields=(Field("round", "choice", options=sweeps),),
    ),
    Act(
        "explain",
        "hand_over_count",
        "doc",
        _P.SWEEP,
        _explained,
        _line_probe,
        kind="hand_over",
        statuses=_COUNTING,
        fields=(_LINES_OPEN,),
    ),
    Act(
        "list",
        "hand_over",
        "plus",
        _P.SWEEP,
        _listed,
        _one_to_list,
        kind="hand_over",
        statuses=_COUNTING,
    ),
    Act(
        "close",
        "hand_over_close",
        "ok",
        _P.SWEEP,
        _closed,
        _close_probe,
        kind="hand_over",
        statuses=_COUNTING,
        standing=frozenset({"count_open", "list_incomplete"}),
        fields=(Field("remark", "area", required=False),),
        cosigners=_both,
        grave=True,
    ),
)
VIEW = View(
    "hand_over",
    "swap",
    _rows,
    columns=("keeping.found_how",),
    line=lambda ground, _matter, line: (found_how(ground, line),),
    looks=LOOKS,
)
