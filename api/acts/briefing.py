"""The briefing's sheet as rows: announced and signed in advance, its listeners, its end (clause c.4)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.acts.loans import signs_beside
from api.acts.model import Act, Cosigner, Field, Ground, Unfit, Values, View
from custody.access import Permission, may
from custody.entries import Fact
from custody.entries.circulation import (
    BriefingCancelled,
    BriefingHeld,
    BriefingOpened,
    Guest,
    ListenerRegistered,
    ListenerStruckOff,
    RulesAcknowledged,
)
from custody.matters import Matter
from custody.matters.circulation import EQUIPMENT, EQUIPMENT_FORBIDDEN, NOTES, Briefing
from custody.rules import NotFound

_P = Permission
_REASON = Field("reason", "area")
_ANNOUNCED = frozenset({"announced"})


def _body(ground: Ground) -> Briefing:
    body: Briefing = ground.the_matter.body
    return body


def _open(ground: Ground, values: Values) -> list[Fact]:
    conveyed: tuple[int, ...] = values["carriers"]
    rank = ground.scheme.rank
    level = max(values["level"], ground.highest_level(conveyed), key=rank)
    return [
        BriefingOpened(
            matter=ground.reserve("matter"),
            unit=values["unit"],
            level=level,
            topic=values["topic"],
            place=values["place"],
            starts_at=values["starts_at"],
            speaker=values["speaker"],
            in_charge=values["in_charge"],
            notes=values["notes"],
            recording=bool(values["recording"]),
            video=bool(values["video"]),
            equipment=values["equipment"],
            carriers=conveyed,
            remark=values["remark"],
        )
    ]


def _probe(ground: Ground) -> Fact:
    return BriefingOpened(0, ground.person.unit or 0, "internal", "", 0, 0, 0, 0, "", False, False, (), ())


def _register(ground: Ground, values: Values) -> list[Fact]:
    """Persons of the house and, besides, one guest."""
    matter, conveyed = ground.the_matter.id, _body(ground).carriers
    facts: list[Fact] = [ListenerRegistered(matter, person, None, conveyed) for person in values["persons"]]
    guest = Guest(values["guest_name"], values["guest_unit"], values["guest_level"] or "", values["guest_letter"])
    if any((guest.name, guest.unit, guest.letter)):
        facts.append(ListenerRegistered(matter, None, guest, conveyed))
    if not facts:
        raise Unfit("persons", "briefing.nobody_named")
    return facts


def _listeners(ground: Ground) -> Iterable[tuple[str, str]]:
    """Everybody registered, by a code that also names guests."""
    for at, one in enumerate(_body(ground).listeners):
        yield str(at), one.guest.name if one.guest else ground.person_name(one.person)


def _strike(ground: Ground, values: Values) -> list[Fact]:
    one = _body(ground).listeners[int(values["listener"])]
    guest = one.guest.name if one.guest else ""
    return [ListenerStruckOff(ground.the_matter.id, one.person, guest, values["reason"])]


def _strike_probe(ground: Ground) -> Fact:
    if not _body(ground).listeners:
        raise NotFound
    first = _body(ground).listeners[0]
    return ListenerStruckOff(ground.the_matter.id, first.person, first.guest.name if first.guest else "", "")


def _to_acknowledge(ground: Ground) -> Iterable[tuple[str, str]]:
    """Oneself; and, for whoever holds the briefing, everybody who has not yet: they sign at that desk."""
    for one in _body(ground).listeners:
        own = one.person == ground.subject.person
        if one.person is not None and one.acknowledged_at is None and (own or may(ground.subject, _P.HOLD_MEETINGS)):
            yield str(one.person), ground.person_name(one.person)


def _acknowledge_probe(ground: Ground) -> Fact:
    first = next(iter(_to_acknowledge(ground)), None)
    if first is None:
        raise NotFound
    return RulesAcknowledged(ground.the_matter.id, int(first[0]))


def _acknowledging(ground: Ground, values: Values) -> Sequence[Cosigner]:
    chosen = str(values.get("listener") or "")
    return signs_beside(ground, "ask.listener", int(chosen) if chosen.isdecimal() else None)


def _own_first(ground: Ground) -> str:
    waiting = [code for code, _words in _to_acknowledge(ground)]
    own = str(ground.subject.person)
    return own if own in waiting else next(iter(waiting), "")


ACTS: tuple[Act, ...] = (
    Act(
        "briefing",
        "briefing",
        "sound",
        _P.HOLD_MEETINGS,
        _open,
        _probe,
        on="house",
        kind="briefing",
        opens=True,
        fields=(
            Field("topic"),
            Field("level", "level"),
            Field("carriers", "carriers", required=False),
            Field("place", "place"),
            Field("starts_at", "moment"),
            Field("speaker", "person"),
            Field("in_charge", "person"),
            Field("notes", "choice", options=NOTES, default="forbidden"),
            Field("recording", "check", required=False),
            Field("video", "check", required=False),
            Field("equipment", "choices", options=(*EQUIPMENT, *EQUIPMENT_FORBIDDEN)),
            Field("unit", "unit", default=lambda ground: str(ground.person.unit or "")),
            Field("remark", "area", required=False),
        ),
        cosigners=lambda ground, values: signs_beside(ground, "ask.in_charge", values.get("in_charge")),
    ),
    Act(
        "register",
        "listeners",
        "plus",
        _P.HOLD_MEETINGS,
        _register,
        lambda _ground: None,
        kind="briefing",
        statuses=_ANNOUNCED,
        main=_ANNOUNCED,
        fields=(
            Field("persons", "persons", required=False),
            Field("guest_name", required=False, max_length=80),
            Field("guest_unit", required=False, max_length=120),
            Field("guest_level", "level", required=False),
            Field("guest_letter", required=False, max_length=120),
        ),
        signs=False,
    ),
    Act(
        "strike",
        "listeners",
        "off",
        _P.HOLD_MEETINGS,
        _strike,
        _strike_probe,
        kind="briefing",
        statuses=_ANNOUNCED,
        fields=(Field("listener", "choice", options=_listeners), _REASON),
        signs=False,
    ),
    Act(
        "acknowledge",
        "listeners",
        "pen",
        _P.TAKE_PART,
        lambda ground, values: [RulesAcknowledged(ground.the_matter.id, int(values["listener"]))],
        _acknowledge_probe,
        kind="briefing",
        statuses=_ANNOUNCED,
        fields=(Field("listener", "choice", options=_to_acknowledge, default=_own_first),),
        cosigners=_acknowledging,
    ),
    Act(
        "held",
        "briefing_end",
        "ok",
        _P.HOLD_MEETINGS,
        lambda ground, values: [BriefingHeld(ground.the_matter.id, values["remark"])],
        lambda ground: BriefingHeld(ground.the_matter.id),
        kind="briefing",
        statuses=_ANNOUNCED,
        fields=(Field("remark", "area", required=False),),
        cosigners=lambda ground, _values: signs_beside(ground, "ask.in_charge", _body(ground).in_charge),
        standing=frozenset({"nobody_listened", "briefing_not_begun"}),
    ),
    Act(
        "cancel",
        "briefing_end",
        "undo",
        _P.HOLD_MEETINGS,
        lambda ground, values: [BriefingCancelled(ground.the_matter.id, values["reason"])],
        lambda ground: BriefingCancelled(ground.the_matter.id, ""),
        kind="briefing",
        statuses=_ANNOUNCED,
        fields=(_REASON,),
    ),
)


def _rows(ground: Ground, matter: Matter) -> Sequence[tuple[str, str]]:
    body: Briefing = matter.body
    t = ground.t
    place = ground.directory.places.get(body.place)
    rows = [
        (t("ask.place"), f"{place.code} {ground.name_of(place)}" if place else ""),
        (t("ask.speaker"), ground.person_name(body.speaker)),
        (t("ask.in_charge"), ground.person_name(body.in_charge)),
        (t("ask.briefing.notes"), t(f"ask.notes.{body.notes}")),
        (t("briefing.sound"), t("briefing.allowed" if body.recording else "briefing.forbidden")),
        (t("briefing.video"), t("briefing.allowed" if body.video else "briefing.forbidden")),
        (t("ask.equipment"), t("punctuation.list").join(t(f"ask.equipment.{one}") for one in body.equipment)),
    ]
    rows += [(t("ask.remark"), body.remark)] if body.remark else []
    return [*rows, (t("briefing.outcome"), body.outcome)] if body.outcome else rows


def _panel(ground: Ground, matter: Matter) -> Mapping[str, Any]:
    body: Briefing = matter.body
    items = ground.items(body.carriers)
    conveyed = [items[one] for one in body.carriers if one in items]
    return {"topic": body.topic, "conveyed": conveyed, "hidden": len(body.carriers) - len(conveyed)}


VIEWS: tuple[View, ...] = (
    View(
        kind="briefing",
        icon="sound",
        rows=_rows,
        looks={"announced": ("act", "sound"), "held": ("mute", "ok"), "cancelled": ("mute", "off")},
        panel="circulation/_briefing.html",
        more=_panel,
    ),
)
