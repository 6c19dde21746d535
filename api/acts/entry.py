"""Letter j as rows: who goes into a rated place and out again, the texts that are signed for, and signing them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from api.acts.loans import signs_beside
from api.acts.model import Act, Cosigner, Field, Ground, Unfit, Values, View
from api.acts.rooms import exposed_in
from api.locale import LANGUAGES, translate
from custody.access import Permission, Subject, may
from custody.entries import Fact, MatterOpened, text_hash
from custody.entries.entry import (
    Acknowledged,
    CleaningOpened,
    EscortChanged,
    InstructionIssued,
    VisitEnded,
    VisitOpened,
    Visitor,
    VisitorLeft,
)
from custody.matters import Matter
from custody.matters.entry import VENTILATIONS, WORKS, Visit
from custody.procedures.undertakings import SUBJECTS, obliged, signed_for
from custody.rules import NotFound
from custody.values import Instant

_P = Permission
_INSIDE = frozenset({"inside"})
LEVEL = "internal"
"""The register of entry tells of no carrier: whoever keeps it need not be cleared for what the room may hold."""
TEXT_CHARACTERS_MAX = 8_000
HASH_CHARACTERS = 12


def _unit(ground: Ground) -> int:
    """The unit that keeps this register: that of who enters it, else the topmost."""
    top = min((unit.id for unit in ground.directory.units.values() if unit.parent is None), default=0)
    return ground.person.unit or top


def _until(ground: Ground, values: Values) -> Instant:
    """The end of the day on which they went in."""
    return ground.end_of(ground.day_of(values["entered_at"] or ground.now))


def _visitors(ground: Ground, rows: Iterable[Mapping[str, Any]]) -> tuple[Visitor, ...]:
    """What was told of each; of a person of the house the directory tells what was left out."""
    found = []
    for row in rows:
        person = ground.directory.persons.get(row["visitor_person"] or 0)
        unit = ground.directory.units.get(person.unit or 0) if person else None
        staff = ground.t("entry.staff_number", number=person.number) if person else ""
        found.append(
            Visitor(
                name=row["visitor_name"] or (person.name if person else ""),
                body=row["visitor_body"] or (unit.name if unit else ""),
                document=row["visitor_document"] or staff,
                person=person.id if person else None,
                locker=row["locker"],
                no_phone=row["no_phone"],
            )
        )
    return tuple(found)


def _visit(ground: Ground, values: Values) -> list[Fact]:
    return [
        VisitOpened(
            matter=ground.reserve("matter"),
            unit=_unit(ground),
            level=LEVEL,
            place=values["place"],
            escort=values["escort"],
            purpose=values["purpose"],
            visitors=_visitors(ground, values["visitors"]),
            declared=values["declared"],
            until=_until(ground, values),
            exposed=exposed_in(ground, values["place"]),
        )
    ]


def _cleaning(ground: Ground, values: Values) -> list[Fact]:
    return [
        CleaningOpened(
            matter=ground.reserve("matter"),
            unit=_unit(ground),
            level=LEVEL,
            place=values["place"],
            escort=values["escort"],
            work=values["work"],
            visitors=_visitors(ground, values["visitors"]),
            declared=values["declared"],
            put_away=values["put_away"],
            ventilation=values["ventilation"],
            until=_until(ground, values),
            remark=values["remark"],
            exposed=exposed_in(ground, values["place"]),
        )
    ]


def _visit_probe(ground: Ground) -> MatterOpened:
    return VisitOpened(0, _unit(ground), LEVEL, 0, None, "", (), False, ground.now)


def _cleaning_probe(ground: Ground) -> MatterOpened:
    return CleaningOpened(0, _unit(ground), LEVEL, 0, None, "", (), False, False, "", ground.now)


def _escorting(ground: Ground, values: Values) -> Sequence[Cosigner]:
    """The escort signs at the door."""
    return signs_beside(ground, "ask.escort", values.get("escort"))


def _body(ground: Ground) -> Visit:
    body: Visit = ground.the_matter.body
    return body


def as_seen_by(subject: Subject, body: Any) -> Any:
    """A matter's body as this subject may have it: visitors' documents are for who keeps the register (rule 8)."""
    if not isinstance(body, Visit) or may(subject, _P.ADMIT):
        return body
    hidden = (replace(one, visitor=replace(one.visitor, document="")) for one in body.entrants)
    return replace(body, entrants=tuple(hidden))


def still_in(ground: Ground) -> list[tuple[str, str]]:
    """Who has not gone out: number on the sheet, and name with the locker."""
    found = []
    for number, one in enumerate(_body(ground).entrants, 1):
        if one.inside:
            locker = one.visitor.locker
            words = ground.t("entry.with_locker", name=one.visitor.name, locker=locker) if locker else one.visitor.name
            found.append((str(number), words))
    return found


def _everybody(ground: Ground) -> str:
    return " ".join(number for number, _words in still_in(ground))


def _out(ground: Ground, values: Values) -> list[Fact]:
    matter, body = ground.the_matter.id, _body(ground)
    going = [int(number) for number in values["going"]]
    facts: list[Fact] = []
    for number in going:
        one = body.entrant(number)
        without = one is not None and not one.visitor.locker
        facts.append(VisitorLeft(matter, number, without or values["emptied"]))
    if len(going) == body.inside:
        facts.append(VisitEnded(matter, values["remark"]))
    return facts


def _out_probe(ground: Ground) -> Fact:
    first = next(iter(still_in(ground)), None)
    if first is None:
        raise NotFound
    return VisitorLeft(ground.the_matter.id, int(first[0]), True)


def _escort(ground: Ground, values: Values) -> list[Fact]:
    return [EscortChanged(ground.the_matter.id, values["escort"], values["reason"])]


# What is signed for.


def _issue(ground: Ground, values: Values) -> list[Fact]:
    text = str(values["text"]).replace("\r\n", "\n").strip()
    return [InstructionIssued(values["instruction"], text)]


def default_text(subject: str) -> str:
    """The text that ships with the product, in both languages: what is signed is one text for everybody."""
    return "\n\n".join(translate(language, f"instruction.default.{subject}") for language in LANGUAGES)


def code_of(subject: str, text: str) -> str:
    """What stands in a form for exactly this text of a subject: a text changed meanwhile is another."""
    return f"{subject}.{text_hash(text)[:HASH_CHARACTERS]}"


def in_force(ground: Ground) -> list[tuple[str, str]]:
    """The texts that may be signed, by code, with their names."""
    texts = ground.directory.instructions
    return [(code_of(one, texts[one].text), ground.t(f"ask.instruction.{one}")) for one in SUBJECTS if one in texts]


def _signer(ground: Ground, values: Values) -> int:
    person: int | None = values.get("person")
    return person or ground.subject.person


def _acknowledge(ground: Ground, values: Values) -> list[Fact]:
    subject = str(values["acknowledged"]).partition(".")[0]
    person = _signer(ground, values)
    if person != ground.subject.person and not may(ground.subject, _P.INSTRUCT):
        raise Unfit("person", "entry.only_oneself")
    return [Acknowledged(person, subject, ground.directory.instructions[subject].text)]


def _acknowledge_probe(ground: Ground) -> Fact | None:
    texts = ground.directory.instructions
    if not texts:
        raise NotFound
    return None


def _first_unsigned(ground: Ground) -> str:
    texts = ground.directory.instructions
    waiting = (
        one
        for one in SUBJECTS
        if one in texts
        and obliged(one, ground.person, ground.day)
        and not signed_for(one, ground.directory, ground.subject.person)
    )
    first = next(waiting, None)
    return code_of(first, texts[first].text) if first else ""


_VISITORS = Field(
    "visitors",
    "rows",
    columns=(
        Field("visitor_name", required=False, max_length=60),
        Field("visitor_body", required=False, max_length=120),
        Field("visitor_document", required=False, max_length=80),
        Field("visitor_person", "person", required=False),
        Field("locker", required=False, max_length=20),
        Field("no_phone", "check", required=False),
    ),
)
_ESCORT = Field("escort", "person")
_DECLARED = Field("declared", "check", required=False)
_ENTERED = Field("entered_at", "moment", required=False)


def _on_the_way_out(kind: str) -> tuple[Act, ...]:
    return (
        Act(
            "out",
            "visit_out",
            "out",
            _P.ADMIT,
            _out,
            _out_probe,
            kind=kind,
            statuses=_INSIDE,
            main=_INSIDE,
            fields=(
                Field("going", "choices", options=still_in, default=_everybody),
                Field("emptied", "check", required=False),
                Field("left_at", "moment", required=False),
                Field("remark", required=False, max_length=300),
            ),
            signs=False,
            happened="left_at",
        ),
        Act(
            "escort",
            "visit_escort",
            "user",
            _P.ADMIT,
            _escort,
            lambda _ground: None,
            kind=kind,
            statuses=_INSIDE,
            fields=(Field("escort", "person"), Field("reason", "area")),
            cosigners=_escorting,
        ),
    )


ACTS: tuple[Act, ...] = (
    Act(
        "visit",
        "visit",
        "in",
        _P.ADMIT,
        _visit,
        _visit_probe,
        on="house",
        kind="visit",
        opens=True,
        fields=(
            Field("place", "place"),
            Field("purpose", max_length=200),
            _VISITORS,
            _ESCORT,
            _DECLARED,
            _ENTERED,
        ),
        cosigners=_escorting,
        happened="entered_at",
    ),
    Act(
        "cleaning",
        "cleaning",
        "in",
        _P.ADMIT,
        _cleaning,
        _cleaning_probe,
        on="house",
        kind="cleaning",
        opens=True,
        fields=(
            Field("place", "place"),
            Field("work", "choice", options=WORKS, default="cleaning"),
            _VISITORS,
            Field("put_away", "check", required=False),
            Field("ventilation", "choice", options=VENTILATIONS),
            _ESCORT,
            _DECLARED,
            _ENTERED,
            Field("remark", required=False, max_length=300),
        ),
        cosigners=_escorting,
        happened="entered_at",
    ),
    *_on_the_way_out("visit"),
    *_on_the_way_out("cleaning"),
    Act(
        "instruction",
        "instruction",
        "pen",
        _P.INSTRUCT,
        _issue,
        lambda _ground: None,
        on="house",
        fields=(
            Field("instruction", "choice", options=SUBJECTS),
            Field("text", "area", max_length=TEXT_CHARACTERS_MAX),
        ),
        home="/undertakings",
    ),
    Act(
        "acknowledge",
        "acknowledge",
        "pen",
        _P.TAKE_PART,
        _acknowledge,
        _acknowledge_probe,
        on="house",
        fields=(
            Field("acknowledged", "choice", options=in_force, default=_first_unsigned),
            Field("person", "person", required=False),
        ),
        cosigners=lambda ground, values: signs_beside(ground, "ask.person", _signer(ground, values)),
        home="/undertakings",
    ),
)


def _place(ground: Ground, matter: Matter) -> str:
    place = ground.directory.places.get(matter.body.place)
    return f"{place.code} {ground.name_of(place)}" if place else ""


def _visit_rows(ground: Ground, matter: Matter) -> Sequence[tuple[str, str]]:
    body: Visit = matter.body
    t = ground.t
    escorts = t("entry.then").join(ground.person_name(one) for one in body.escorts)
    rows = [(t("ask.place"), _place(ground, matter)), (t("ask.escort"), escorts)]
    if matter.kind == "visit":
        rows.append((t("ask.visit.purpose"), body.purpose))
    else:
        rows.append((t("ask.work"), t(f"ask.work.{body.work}")))
        rows.append((t("ask.ventilation"), t(f"ask.ventilation.{body.ventilation}")))
    rows.append((t("entry.phones"), t("entry.declared")))
    return [*rows, (t("ask.remark"), body.remark)] if body.remark else rows


def _entrants(ground: Ground, matter: Matter) -> Mapping[str, Any]:
    """Whether one button signs out, and whether the documents are shown: only to who keeps the register (rule 8)."""
    keeps = may(ground.subject, _P.ADMIT)
    return {"signs_out": keeps and not matter.ended, "documents": keeps}


_LOOKS: Mapping[str, tuple[str, str]] = {"inside": ("act", "in"), "over": ("mute", "out")}
VIEWS: tuple[View, ...] = tuple(
    View(kind, "in", _visit_rows, looks=_LOOKS, panel="entry/_entrants.html", more=_entrants)
    for kind in ("visit", "cleaning")
)
