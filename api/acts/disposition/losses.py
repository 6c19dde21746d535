"""Loss: declared with its clock, reported, enquired into, concluded by the office and a leader."""

from collections.abc import Iterable, Sequence

from api.acts.disposition.lists import day_words, lowest, own_number, the_unit
from api.acts.model import Act, Field, Ground, Values, View
from api.services import Services
from custody import clock
from custody.access import Permission, Subject
from custody.entries import CarrierFact, Fact, ReportedFound, ReportedMissing
from custody.entries.disposition import (
    EnquiryNoted,
    LossConcluded,
    LossConfirmed,
    LossFound,
    LossListed,
    LossOpened,
    LossReported,
)
from custody.life_cycle import Status
from custody.matters import Matter
from custody.matters.disposition import LossBody
from custody.procedures.disposition.loss import report_by
from custody.register import Directory
from custody.rules import NotFound
from custody.store import queries
from custody.store.matters import open_losses
from custody.store.queries import CarrierItem
from custody.values import SECOND, Instant

OUTCOMES = ("found", "not_found")
BY_INCIDENT = frozenset({"not_of_own_meeting"})
"""A meeting's secretary reports what is short there by an incident, not by an act of the house."""


def last_known(item: CarrierItem, directory: Directory) -> str:
    """Where the books had it, or who: what they say of a carrier that is missed."""
    person = directory.persons.get(item.holder or 0)
    place = directory.places.get(item.place or item.home or 0)
    return person.name if person else place.code if place else item.control_number


def loss_facts(
    services: Services,
    matter: int,
    carriers: Sequence[CarrierItem],
    *,
    discovered_at: Instant,
    discovered_by: int,
    circumstances: str,
    last_known: str,
) -> list[Fact]:
    """One act: the loss with its clock, and each carrier declared missing."""
    rank = services.scheme.rank
    opened = LossOpened(
        matter,
        carriers[0].unit,
        max((item.level for item in carriers), key=rank),
        discovered_at,
        discovered_by,
        circumstances,
        last_known,
        report_by(discovered_at, services.scheme),
    )
    facts: list[Fact] = [opened]
    for item in carriers:
        facts += [ReportedMissing(item.id, circumstances), LossListed(item.id, matter)]
    return facts


def found_facts(
    services: Services, subject: Subject, item: CarrierItem, place: int, circumstances: str
) -> list[CarrierFact]:
    """It is there again; the enquiry into its loss, where one is open, is told in the same act."""
    facts: list[CarrierFact] = [ReportedFound(item.id, place, circumstances)]
    sought = enquiries(services, subject, [item.id])
    return facts + [LossFound(one, matter) for one, matter in sought.items()]


def enquiries(services: Services, subject: Subject, carriers: Sequence[int]) -> dict[int, int]:
    """By carrier, the open enquiry that has it as missing, as far as the subject sees it."""
    with services.database.reading() as connection:
        sought = open_losses(connection, carriers)
        seen = queries.matters_by_id(connection, subject, list(set(sought.values())))
    return {carrier: matter for carrier, matter in sought.items() if matter in seen}


def _loss(ground: Ground, values: Values) -> list[Fact]:
    items = ground.items(values["carriers"])
    return _declared(ground, values, [items[one] for one in values["carriers"] if one in items])


def _declared(ground: Ground, values: Values, items: Sequence[CarrierItem]) -> list[Fact]:
    """What the form leaves open is said by the books: discovered just now, by who declares it."""
    if not items:
        raise NotFound
    return loss_facts(
        ground.services,
        ground.reserve("matter"),
        items,
        discovered_at=values["discovered_at"] or this_minute(ground.now),
        discovered_by=values["discovered_by"] or ground.subject.person,
        circumstances=values["circumstances"],
        last_known=values["last_known"] or last_known(items[0], ground.directory),
    )


def this_minute(at: Instant) -> Instant:
    """The minute of an instant: as finely as people say when something was discovered."""
    return at - at % (60 * SECOND)


def _report(ground: Ground, values: Values) -> list[Fact]:
    return [LossReported(ground.the_matter.id, values["reported_to"], values["report_number"], values["reported_at"])]


def _found(ground: Ground, values: Values) -> list[Fact]:
    """Those found on the carrier's own page already are only made known to the enquiry."""
    matter = ground.the_matter.id
    facts: list[Fact] = []
    for one, item in ground.items(values["lines"]).items():
        if item.status is Status.DECLARED_LOST:
            facts.append(ReportedFound(one, values["place"], values["circumstances"]))
        facts.append(LossFound(one, matter))
    return facts


def _conclude(ground: Ground, values: Values) -> list[Fact]:
    missing = tuple(line.carrier for line in ground.lines("missing")) if values["outcome"] == "not_found" else ()
    said = (values["result"], values["responsibility"])
    return [LossConcluded(ground.the_matter.id, values["outcome"], missing, *said)]


def moment_text(at: Instant, timezone: str) -> str:
    """An instant as a form field of that kind holds it, in the organisation's own time."""
    return clock.moment(at, timezone).strftime("%Y-%m-%dT%H:%M")


def _now(ground: Ground) -> str:
    return moment_text(ground.now, ground.scheme.timezone)


_ENQUIRE = Permission.HEAD_ENQUIRIES
_RUNNING = frozenset({"open", "reported"})
ACTS: tuple[Act, ...] = (
    Act(
        "loss",
        "missing",
        "lost",
        Permission.REPORT_MISSING,
        _loss,
        lambda g: LossOpened(0, the_unit(g), lowest(g), g.now, g.subject.person, "", "", 0),
        on="house",
        kind="loss",
        opens=True,
        fields=(
            Field("carriers", "carriers"),
            Field("discovered_at", "moment", default=_now),
            Field("discovered_by", "person", default=own_number),
            Field("last_known", max_length=300),
            Field("circumstances", "area", max_length=4_000),
        ),
        hides=BY_INCIDENT,
        grave=True,
    ),
    Act(
        "missing",
        "missing",
        "lost",
        Permission.REPORT_MISSING,
        lambda g, v: _declared(g, v, [g.the_item]),
        lambda g: ReportedMissing(g.the_item.id, ""),
        on="carrier",
        fields=(
            Field("circumstances", "area", max_length=4_000),
            Field("last_known", required=False, max_length=300, default=lambda g: last_known(g.the_item, g.directory)),
            Field("discovered_at", "moment", required=False, default=_now),
            Field("discovered_by", "person", required=False, default=own_number),
        ),
        hides=BY_INCIDENT,
    ),
    Act(
        "report",
        "enquiry",
        "up",
        _ENQUIRE,
        _report,
        lambda g: LossReported(g.the_matter.id, "", "", g.now),
        kind="loss",
        fields=(
            Field("reported_to", max_length=200),
            Field("report_number", max_length=100),
            Field("reported_at", "moment", default=_now),
        ),
        statuses=frozenset({"open"}),
        main=frozenset({"open"}),
    ),
    Act(
        "measures",
        "enquiry",
        "pen",
        _ENQUIRE,
        lambda g, v: [EnquiryNoted(g.the_matter.id, v["measures"])],
        lambda g: EnquiryNoted(g.the_matter.id, ""),
        kind="loss",
        fields=(Field("measures", "area", max_length=4_000),),
        statuses=_RUNNING,
    ),
    Act(
        "found",
        "found",
        "eye",
        Permission.KEEP,
        _found,
        lambda _ground: None,
        kind="loss",
        fields=(
            Field("lines", "lines", states=("missing",)),
            Field("place", "place"),
            Field("circumstances", "area", required=False, max_length=4_000),
        ),
        statuses=_RUNNING | {"concluded"},
    ),
    Act(
        "conclude",
        "enquiry",
        "stamp",
        _ENQUIRE,
        _conclude,
        lambda g: LossConcluded(g.the_matter.id, "found", (), "", ""),
        kind="loss",
        fields=(
            Field("outcome", "choice", options=OUTCOMES),
            Field("result", "area", max_length=4_000),
            Field("responsibility", "area", max_length=4_000),
        ),
        statuses=_RUNNING,
        main=frozenset({"reported"}),
    ),
    Act(
        "confirm",
        "enquiry",
        "stamp",
        Permission.APPROVE_LEADER,
        lambda g, v: [LossConfirmed(g.the_matter.id, v["note"])],
        lambda g: LossConfirmed(g.the_matter.id),
        kind="loss",
        fields=(Field("note", "area", required=False),),
        grave=True,
        statuses=frozenset({"concluded"}),
        main=frozenset({"concluded"}),
    ),
)


def _rows(ground: Ground, matter: Matter) -> list[tuple[str, str]]:
    body: LossBody = matter.body
    t, zone = ground.t, ground.scheme.timezone

    def at(instant: Instant | None) -> str:
        if instant is None:
            return ""
        day, _, time = moment_text(instant, zone).partition("T")
        return f"{day_words(ground, day)} {time}"

    rows = [
        (t("ask.discovered_at"), at(body.discovered_at)),
        (t("ask.discovered_by"), ground.person_name(body.discovered_by)),
        (t("ask.last_known"), body.last_known),
        (t("ask.circumstances"), body.circumstances),
        (t("disposition.report_by"), at(body.due_at)),
        (t("ask.reported_to"), body.reported_to),
        (t("ask.report_number"), body.report_number),
        (t("ask.reported_at"), at(body.reported_at)),
        *((t("ask.measures"), measure) for measure in body.measures),
        (t("ask.outcome"), t(f"ask.outcome.{body.outcome}") if body.outcome else ""),
        (t("ask.result"), body.result),
        (t("ask.responsibility"), body.responsibility),
        (t("disposition.concluded_by"), ground.person_name(body.concluded_by)),
    ]
    return _said(rows)


def _said(rows: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [row for row in rows if row[1]]


VIEWS: tuple[View, ...] = (
    View(
        "loss",
        "lost",
        _rows,
        looks={
            "open": ("bad", "clock"),
            "reported": ("due", "up"),
            "concluded": ("act", "stamp"),
            "closed": ("mute", "ok"),
            "missing": ("bad", "lost"),
            "found": ("ok", "eye"),
        },
    ),
)
