"""Provision of carriers and information to another body, as rows (clause i.1)."""

from collections.abc import Sequence

from api.acts.disposition.lists import left_after, lowest, own_unit, the_unit
from api.acts.disposition.losses import moment_text
from api.acts.model import Act, Cosigner, Field, Ground, Unfit, Values, View
from api.locale.values import iso_day
from custody.access import Permission
from custody.entries import Fact
from custody.entries.disclosure import (
    InformationProvided,
    ProlongationOpened,
    ProlongationUsed,
    Provided,
    ProvidedForGood,
    ProvisionClosed,
    ProvisionListed,
    ProvisionOpened,
    ProvisionProlonged,
    ProvisionReturned,
    ProvisionStruck,
)
from custody.matters import Line, Matter
from custody.matters.disclosure import (
    LISTED,
    OUTSIDE,
    PROLONGATION_KEY,
    PROVISION_KEY,
    ProlongationBody,
    ProvisionBody,
    Told,
)
from custody.register import Directory
from custody.rules import NotFound
from custody.store import queries

_P = Permission
TERMS = ("loan", "for_good", "told")
FORMS = ("originals", "copies")
_TERMS_FIELDS = {"loan": "return_by", "for_good": "reason", "told": "information"}
"""By terms, the field that they need."""
_GIVING = frozenset({"approved", "provided"})
_PROVIDED = frozenset({"provided"})
STANDING = frozenset({"provision_unapproved", "no_agreement", "giver_took_part", "approval_lapsed"})


def body_of(ground: Ground) -> ProvisionBody:
    """What the provision knows besides its head."""
    body: ProvisionBody = ground.the_matter.body
    return body


# The proposal.


def _opened(ground: Ground, values: Values) -> list[Fact]:
    terms, needed = values["terms"], _TERMS_FIELDS[values["terms"]]
    if not values[needed]:
        raise Unfit(needed, "ask.wrong.needed", field=ground.t(f"ask.provision.{needed}"))
    matter, carriers = ground.reserve("matter"), values["carriers"]
    opened = ProvisionOpened(
        matter,
        values["unit"],
        values["level"] or ground.highest_level(carriers),
        values["organisation"],
        values["purpose"],
        values["ground"],
        values["form"],
        terms,
        values["measures"],
        ground.end_of(values["return_by"]) if terms == "loan" else None,
        values["reason"],
        values["information"],
        values["export_permit"],
    )
    return [opened, *(ProvisionListed(one, matter) for one in carriers)]


def _listed(ground: Ground, values: Values) -> list[Fact]:
    return [ProvisionListed(one, ground.the_matter.id) for one in values["carriers"]]


def _struck(ground: Ground, values: Values) -> list[Fact]:
    facts: list[Fact] = [ProvisionStruck(one, ground.the_matter.id, values["reason"]) for one in values["lines"]]
    return facts + _closing(ground, values)


def _strike_probe(ground: Ground) -> Fact:
    """Of what is listed, or was lost outside; what is outside comes back."""
    line = ground.a_line(LISTED, OUTSIDE)
    if line is None:
        raise NotFound
    return ProvisionStruck(line.carrier, ground.the_matter.id, "")


# Handing over, telling, taking back.


def _closing(ground: Ground, values: Values) -> list[Fact]:
    """The provision closes with its last item, unless something is still to be told."""
    body, matter = body_of(ground), ground.the_matter
    if matter.status != "provided" or (body.information and not body.told):
        return []
    return [] if left_after(ground, values["lines"], LISTED, OUTSIDE) else [ProvisionClosed(matter.id)]


def _pages(values: Values) -> int | None:
    pages: int | None = values["pages_counted"]
    if pages is not None and len(values["lines"]) > 1:
        raise Unfit("pages_counted", "disposition.pages_of_one")
    return pages


def _handed(ground: Ground, values: Values) -> list[Fact]:
    matter, body, pages = ground.the_matter.id, body_of(ground), _pages(values)
    hands = (values["received_by_name"], values["document"], values["witness"])
    if body.terms == "for_good":
        if not values["receipt"]:
            raise Unfit("receipt", "ask.wrong.needed", field=ground.t("ask.receipt"))
        given: list[Fact] = [ProvidedForGood(one, matter, *hands, values["receipt"], pages) for one in values["lines"]]
        open_to_tell = bool(body.information) and not body.told
        if not open_to_tell and not left_after(ground, values["lines"], LISTED, OUTSIDE):
            given.append(ProvisionClosed(matter))
        return given
    return [Provided(one, matter, *hands, body.due_at or 0, pages) for one in values["lines"]]


def _hand_probe(ground: Ground) -> Fact:
    line, body = ground.a_line(LISTED), body_of(ground)
    if line is None:
        raise NotFound
    if body.terms == "for_good":
        return ProvidedForGood(line.carrier, ground.the_matter.id, "", "", 0, "")
    return Provided(line.carrier, ground.the_matter.id, "", "", 0, body.due_at or 0)


def _witness(_ground: Ground, values: Values) -> Sequence[Cosigner]:
    return (Cosigner("ask.witness", values.get("witness")),)


def _told(ground: Ground, values: Values) -> list[Fact]:
    told = InformationProvided(
        ground.the_matter.id,
        values["told"],
        values["received_by_name"],
        values["document"],
        values["speaker"],
        values["witness"],
        values["minutes"],
        values["told_at"],
    )
    return [told]


def _told_probe(ground: Ground) -> Fact:
    if not body_of(ground).information:
        raise NotFound
    return InformationProvided(ground.the_matter.id, "", "", "", ground.subject.person, 0, "", ground.now)


def _now(ground: Ground) -> str:
    return moment_text(ground.now, ground.scheme.timezone)


def _speaker_and_witness(ground: Ground, values: Values) -> Sequence[Cosigner]:
    """Both sign, but who enters the act and signs it already."""
    named = (("ask.tell.speaker", values.get("speaker")), ("ask.witness", values.get("witness")))
    return [Cosigner(label, person) for label, person in named if person is None or person != ground.person.id]


def _returned(ground: Ground, values: Values) -> list[Fact]:
    matter = ground.the_matter.id
    facts: list[Fact] = [
        ProvisionReturned(one, matter, values["place"], values["brought_by_name"], _counted(ground, values, one))
        for one in values["lines"]
    ]
    return facts + _closing(ground, values)


def _counted(ground: Ground, values: Values, carrier: int) -> int | None:
    """Pages as counted; "all whole" says it of each that has pages."""
    if values["whole"]:
        return ground.items([carrier])[carrier].pages
    return _pages(values)


def _return_probe(ground: Ground) -> Fact:
    line = ground.a_line(OUTSIDE)
    if line is None:
        raise NotFound
    return ProvisionReturned(line.carrier, ground.the_matter.id, 0, "")


def _close_probe(ground: Ground) -> Fact:
    if ground.the_matter.count(LISTED, OUTSIDE):
        raise NotFound  # its items are dealt with first: it then closes with the last
    return ProvisionClosed(ground.the_matter.id)


# Longer.


def _prolonging(ground: Ground, values: Values) -> list[Fact]:
    matter = ground.the_matter
    opened = ProlongationOpened(
        ground.reserve("matter"),
        matter.unit,
        matter.level,
        matter.id,
        ground.end_of(values["return_by"]),
        values["reason"],
    )
    return [opened]


def _prolonging_probe(ground: Ground) -> Fact:
    matter = ground.the_matter
    if not matter.count(OUTSIDE):
        raise NotFound
    return ProlongationOpened(0, matter.unit, matter.level, matter.id, 0, "")


def _carried_out(ground: Ground, _values: Values) -> list[Fact]:
    body: ProlongationBody = ground.the_matter.body
    with ground.services.database.reading() as connection:
        outside = queries.all_lines(connection, body.provision, (OUTSIDE,))
    prolonged: list[Fact] = [
        ProvisionProlonged(line.carrier, body.provision, ground.the_matter.id, body.due_at) for line in outside
    ]
    return [*prolonged, ProlongationUsed(ground.the_matter.id)]


_LINES = Field("lines", "lines", states=(LISTED,))
_PAGES = Field("pages_counted", "number", required=False)
_HANDS = (
    Field("received_by_name", max_length=100),
    Field("document", max_length=100),
    Field("witness", "person"),
)

ACTS: tuple[Act, ...] = (
    Act(
        "provision",
        "provision",
        "out",
        _P.TAKE_PART,
        _opened,
        lambda g: ProvisionOpened(0, the_unit(g), lowest(g), 0, "", "", "originals", "loan", ""),
        on="house",
        kind=PROVISION_KEY,
        opens=True,
        fields=(
            Field("organisation", "organisation"),
            Field("purpose", max_length=300),
            Field("ground", max_length=300),
            Field("terms", "choice", options=TERMS, default="loan"),
            Field("return_by", "day", required=False),
            Field("reason", "area", required=False),
            Field("form", "choice", options=FORMS, default="originals"),
            Field("carriers", "carriers", required=False),
            Field("information", "area", required=False),
            Field("measures", "area"),
            Field("export_permit", required=False, max_length=100),
            Field("unit", "unit", default=own_unit),
            Field("level", "level", required=False),
        ),
    ),
    Act(
        "list",
        "provision_list",
        "plus",
        _P.TAKE_PART,
        _listed,
        lambda _ground: None,
        kind=PROVISION_KEY,
        fields=(Field("carriers", "carriers"),),
        statuses=frozenset({"draft"}),
    ),
    Act(
        "provide",
        "provide",
        "out",
        _P.PROVIDE,
        _handed,
        _hand_probe,
        kind=PROVISION_KEY,
        fields=(_LINES, *_HANDS, _PAGES, Field("receipt", required=False, max_length=100)),
        cosigners=_witness,
        grave=True,
        standing=STANDING,
        statuses=_GIVING,
        main=_GIVING,
    ),
    Act(
        "tell",
        "provide_information",
        "pen",
        _P.TAKE_PART,
        _told,
        _told_probe,
        kind=PROVISION_KEY,
        fields=(
            Field("told", "area"),
            Field("told_at", "moment", default=_now),
            Field("speaker", "person", default=lambda g: g.person.number),
            Field("received_by_name", max_length=100),
            Field("document", max_length=100),
            Field("minutes", max_length=100),
            Field("witness", "person"),
        ),
        cosigners=_speaker_and_witness,
        grave=True,
        standing=STANDING - {"giver_took_part"},
        statuses=_GIVING,
    ),
    Act(
        "take_back",
        "provision_return",
        "in",
        _P.PROVIDE,
        _returned,
        _return_probe,
        kind=PROVISION_KEY,
        fields=(
            Field("lines", "lines", states=(OUTSIDE,)),
            Field("brought_by_name", max_length=100),
            Field("place", "place"),
            Field("whole", "check", required=False),
            _PAGES,
        ),
        statuses=_PROVIDED,
        main=_PROVIDED,
    ),
    Act(
        "prolong",
        "prolongation",
        "clock",
        _P.TAKE_PART,
        _prolonging,
        _prolonging_probe,
        kind=PROVISION_KEY,
        opens=True,
        fields=(Field("return_by", "day"), Field("reason", "area")),
        statuses=_PROVIDED,
    ),
    Act(
        "strike",
        "provision_list",
        "undo",
        _P.TAKE_PART,
        _struck,
        _strike_probe,
        kind=PROVISION_KEY,
        fields=(Field("lines", "lines", states=(LISTED, OUTSIDE)), Field("reason", "area")),
        hides=frozenset({"still_outside", "not_own_list"}),
        statuses=frozenset({"draft", "asked", "approved", "provided"}),
    ),
    Act(
        "close",
        "provision_close",
        "ok",
        _P.PROVIDE,
        lambda g, v: [ProvisionClosed(g.the_matter.id, v["remark"])],
        _close_probe,
        kind=PROVISION_KEY,
        fields=(Field("remark", "area", required=False),),
        statuses=_PROVIDED,
        main=_PROVIDED,
    ),
    Act(
        "carry_out",
        "prolong",
        "ok",
        _P.PROVIDE,
        _carried_out,
        lambda g: ProlongationUsed(g.the_matter.id),
        kind=PROLONGATION_KEY,
        statuses=frozenset({"approved"}),
        main=frozenset({"approved"}),
    ),
)


# How they are shown.


def body_words(ground: Ground, directory: Directory, identifier: int) -> str:
    """The other body with its ownership; that it is overseas, where it is."""
    found = directory.organisations.get(identifier)
    if found is None:
        return f"#{identifier}"
    said = [ground.name_of(found), ground.t(f"ownership.{found.ownership}")]
    if found.overseas:
        said.append(ground.t("organisations.overseas"))
    return ground.t("punctuation.list").join(said)


def agreement_words(ground: Ground, matter: Matter) -> str:
    """The agreement that holds now, and whether it ends before what is outside is to be back."""
    body: ProvisionBody = matter.body
    found = ground.directory.agreement(body.organisation, ground.day)
    if found is None:
        return ground.t("disclosure.no_agreement_now")
    until = iso_day(found.valid_until, ground.language)
    said = ground.t("disclosure.agreement_until", number=found.number, day=until)
    due = ground.day_of(body.due_at)
    return f"{said} {ground.t('disclosure.agreement_ends_first')}" if due and found.valid_until < due else said


def shown_document(text: str) -> str:
    """An identity document as pages show it: its last four signs. The papers bear it whole (daily rule 8)."""
    return text if len(text) <= 4 else f"…{text[-4:]}"


def _provision_rows(ground: Ground, matter: Matter) -> list[tuple[str, str]]:
    body, t = matter.body, ground.t
    rows = [
        (t("ask.organisation"), body_words(ground, ground.directory, body.organisation)),
        (t("ask.purpose"), body.purpose),
        (t("ask.ground"), body.ground),
        (t("ask.terms"), t(f"ask.terms.{body.terms}")),
        (t("ask.provision.return_by"), iso_day(ground.day_of(body.due_at), ground.language) if body.due_at else ""),
        (t("disclosure.why_for_good"), body.reason if body.terms == "for_good" else ""),
        (t("ask.form"), t(f"ask.form.{body.form}") if matter.lines_total else ""),
        (t("ask.information"), body.information),
        (t("ask.provision.measures"), body.measures),
        (t("ask.export_permit"), body.export_permit),
        (t("disclosure.agreement"), "" if matter.ended else agreement_words(ground, matter)),
        (t("disclosure.prolonged"), t("disclosure.times", n=body.prolonged) if body.prolonged else ""),
        (t("ask.remark"), body.remark),
    ]
    rows += [(t("disclosure.told"), _told_words(ground, one)) for one in body.told]
    return [row for row in rows if row[1]]


def _told_words(ground: Ground, one: Told) -> str:
    return ground.t(
        "disclosure.told_words",
        told=one.told,
        to=one.received_by_name,
        document=shown_document(one.document),
        speaker=ground.person_name(one.speaker),
        witness=ground.person_name(one.witness),
        minutes=one.minutes,
    )


def _provision_line(ground: Ground, _matter: Matter, line: Line) -> tuple[str, str]:
    """Whose hands it is in, or why it was struck off; until when."""
    return line.label, iso_day(ground.day_of(line.due_at), ground.language) if line.due_at else ""


def _prolongation_rows(ground: Ground, matter: Matter) -> list[tuple[str, str]]:
    body: ProlongationBody = matter.body
    t = ground.t
    with ground.services.database.reading() as connection:
        found = queries.matters_by_id(connection, ground.eyes or ground.subject, [body.provision]).get(body.provision)
    rows = [(t("matter.provision"), found.number if found else "")]
    if found is not None:
        rows.append((t("ask.organisation"), body_words(ground, ground.directory, found.body.organisation)))
        rows.append((t("disclosure.until_now"), iso_day(ground.day_of(found.body.due_at), ground.language)))
    rows.append((t("ask.prolong.return_by"), iso_day(ground.day_of(body.due_at), ground.language)))
    rows.append((t("ask.reason"), body.reason))
    return [row for row in rows if row[1]]


VIEWS: tuple[View, ...] = (
    View(
        PROVISION_KEY,
        "out",
        _provision_rows,
        columns=("disclosure.col.hands", "disclosure.col.until"),
        line=_provision_line,
        looks={
            "provided": ("act", "out"),
            "closed": ("mute", "ok"),
            "listed": ("act", "doc"),
            "struck": ("mute", "undo"),
            "outside": ("due", "out"),
            "given": ("mute", "out"),
            "returned": ("ok", "in"),
        },
    ),
    View(PROLONGATION_KEY, "clock", _prolongation_rows, looks={"used": ("mute", "ok")}),
)
