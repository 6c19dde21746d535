"""Out of the house by list: archiving and transfer (clause f.3), return to the issuer (clause b.7)."""

from collections.abc import Sequence

from api.acts.model import Act, Cosigner, Field, Ground, Unfit, Values, View
from api.locale.values import iso_day
from custody.access import Permission
from custody.entries import Fact
from custody.entries.disposition import (
    ArchivingDue,
    IssuerReturnClosed,
    IssuerReturnExplained,
    IssuerReturnListed,
    IssuerReturnOpened,
    ReturnedToIssuer,
    TransferClosed,
    TransferListed,
    TransferOpened,
    Transferred,
    TransferStruck,
)
from custody.matters import Line, Matter
from custody.matters.disposition import IssuerReturnBody, TransferBody

_KEEP = Permission.KEEP
DESTINATIONS = ("archives", "unit", "organisation")


def own_unit(ground: Ground) -> str:
    """The acting person's own unit, as it is typed."""
    return str(ground.person.unit or "")


def the_unit(ground: Ground) -> int:
    """The same as an identifier, for a probe."""
    return ground.person.unit or min(ground.directory.units, default=0)


def lowest(ground: Ground) -> str:
    """The level of what is no secret, for a probe."""
    return min(ground.scheme.levels, key=lambda level: level.rank).code


def own_number(ground: Ground) -> str:
    """The acting person's own staff number."""
    return ground.person.number


# The receiver.

_HANDS = (
    Field("received_by", "person", required=False),
    Field("received_by_name", required=False, max_length=100),
    Field("witness", "person", required=False),
    Field("pages_counted", "number", required=False),
)


def _beside(_ground: Ground, values: Values) -> Sequence[Cosigner]:
    """Who signs beside the giver: the receiver of the house, else the witness."""
    if values.get("received_by"):
        return (Cosigner("ask.received_by", values["received_by"]),)
    return (Cosigner("disposition.receiver_or_witness", values.get("witness")),)


def _pages(values: Values) -> int | None:
    """Pages are counted of one carrier. Raises Unfit where several are handed over."""
    pages: int | None = values["pages_counted"]
    if pages is not None and len(values["lines"]) > 1:
        raise Unfit("pages_counted", "disposition.pages_of_one")
    return pages


def left_after(ground: Ground, chosen: Sequence[int], *states: str) -> bool:
    """Whether lines in these states are left when the chosen ones are dealt with."""
    return any(line.carrier not in set(chosen) for line in ground.lines(*states))


# Archiving and transfer.


def _archiving(ground: Ground, values: Values) -> list[Fact]:
    return [ArchivingDue(ground.the_item.id, values["archive_by"] or "", values["reason"])]


def _transfer(ground: Ground, values: Values) -> list[Fact]:
    matter, carriers = ground.reserve("matter"), values["carriers"]
    opened = TransferOpened(
        matter,
        values["unit"],
        ground.highest_level(carriers),
        values["destination"],
        values["receiver"],
        values["where"],
        values["reason"],
    )
    return [opened, *(TransferListed(one, matter) for one in carriers)]


def _transfer_list(ground: Ground, values: Values) -> list[Fact]:
    return [TransferListed(one, ground.the_matter.id) for one in values["carriers"]]


def _strike(ground: Ground, values: Values) -> list[Fact]:
    return [TransferStruck(one, ground.the_matter.id, values["reason"]) for one in values["lines"]]


def _hand_over(ground: Ground, values: Values) -> list[Fact]:
    matter, pages = ground.the_matter.id, _pages(values)
    hands = (values["received_by"], values["received_by_name"], values["witness"])
    facts: list[Fact] = [Transferred(one, matter, *hands, pages) for one in values["lines"]]
    if not left_after(ground, values["lines"], "listed"):
        facts.append(TransferClosed(matter, values["receipt"]))
    return facts


def _transferred_probe(ground: Ground) -> Fact | None:
    line = ground.a_line("listed")
    return Transferred(line.carrier, ground.the_matter.id) if line else None


# Return to the issuer.


def _issuer_return(ground: Ground, values: Values) -> list[Fact]:
    matter, carriers = ground.reserve("matter"), values["carriers"]
    opened = IssuerReturnOpened(
        matter,
        values["unit"],
        values["level"] or ground.highest_level(carriers),
        values["issuer"],
        values["notice_number"],
        values["notice_on"],
        ground.end_of(values["return_by"]),
    )
    return [opened, *(IssuerReturnListed(one, matter) for one in carriers)]


def _return_list(ground: Ground, values: Values) -> list[Fact]:
    return [IssuerReturnListed(one, ground.the_matter.id) for one in values["carriers"]]


def _give_back(ground: Ground, values: Values) -> list[Fact]:
    matter, pages = ground.the_matter.id, _pages(values)
    hands = (values["received_by"], values["received_by_name"], values["witness"])
    facts: list[Fact] = [ReturnedToIssuer(one, matter, values["parcel"], *hands, pages) for one in values["lines"]]
    return facts + _return_closed(ground, values)


def _explain(ground: Ground, values: Values) -> list[Fact]:
    facts: list[Fact] = [IssuerReturnExplained(one, ground.the_matter.id, values["reason"]) for one in values["lines"]]
    return facts + _return_closed(ground, values)


def _return_closed(ground: Ground, values: Values) -> list[Fact]:
    """The list closes with its last paper."""
    if left_after(ground, values["lines"], "listed"):
        return []
    return [IssuerReturnClosed(ground.the_matter.id, values.get("receipt") or "")]


def _returned_probe(ground: Ground) -> Fact | None:
    line = ground.a_line("listed")
    return ReturnedToIssuer(line.carrier, ground.the_matter.id, "") if line else None


_RECEIPT = Field("receipt", required=False, max_length=100)
_LISTED = Field("lines", "lines", states=("listed",))
_OPEN, _APPROVED = frozenset({"open"}), frozenset({"approved"})

ACTS: tuple[Act, ...] = (
    Act(
        "transfer",
        "transfer",
        "box",
        _KEEP,
        _transfer,
        lambda g: TransferOpened(0, the_unit(g), lowest(g), "archives", "", ""),
        on="house",
        kind="transfer",
        opens=True,
        fields=(
            Field("destination", "choice", options=DESTINATIONS),
            Field("receiver", max_length=200),
            Field("where", max_length=200),
            Field("unit", "unit", default=own_unit),
            Field("carriers", "carriers"),
            Field("reason", "area", required=False),
        ),
    ),
    Act(
        "list",
        "transfer",
        "plus",
        _KEEP,
        _transfer_list,
        lambda _ground: None,
        kind="transfer",
        fields=(Field("carriers", "carriers"),),
        statuses=frozenset({"draft"}),
    ),
    Act(
        "hand_over",
        "transfer",
        "out",
        _KEEP,
        _hand_over,
        _transferred_probe,
        kind="transfer",
        fields=(_LISTED, *_HANDS, _RECEIPT),
        cosigners=_beside,
        grave=True,
        statuses=_APPROVED,
        main=_APPROVED,
    ),
    Act(
        "strike",
        "transfer",
        "undo",
        _KEEP,
        _strike,
        lambda _ground: None,
        kind="transfer",
        fields=(_LISTED, Field("reason", "area")),
        statuses=frozenset({"draft", "asked", "approved"}),
    ),
    Act(
        "close",
        "transfer",
        "ok",
        _KEEP,
        lambda g, v: [TransferClosed(g.the_matter.id, v["receipt"])],
        lambda g: TransferClosed(g.the_matter.id),
        kind="transfer",
        fields=(_RECEIPT,),
        statuses=_APPROVED,
        standing=frozenset({"list_open"}),
    ),
    Act(
        "issuer_return",
        "issuer_return",
        "back",
        _KEEP,
        _issuer_return,
        lambda g: IssuerReturnOpened(0, the_unit(g), lowest(g), "", "", "", 0),
        on="house",
        kind="issuer_return",
        opens=True,
        fields=(
            Field("issuer", max_length=200),
            Field("notice_number", max_length=100),
            Field("notice_on", "day"),
            Field("return_by", "day"),
            Field("unit", "unit", default=own_unit),
            Field("level", "level", required=False),
            Field("carriers", "carriers", required=False),
        ),
    ),
    Act(
        "list",
        "issuer_return",
        "plus",
        _KEEP,
        _return_list,
        lambda _ground: None,
        kind="issuer_return",
        fields=(Field("carriers", "carriers"),),
        statuses=_OPEN,
    ),
    Act(
        "hand_over",
        "issuer_return",
        "out",
        _KEEP,
        _give_back,
        _returned_probe,
        kind="issuer_return",
        fields=(_LISTED, Field("parcel", max_length=100), *_HANDS, _RECEIPT),
        cosigners=_beside,
        grave=True,
        statuses=_OPEN,
        main=_OPEN,
    ),
    Act(
        "explain",
        "issuer_return",
        "pen",
        _KEEP,
        _explain,
        lambda _ground: None,
        kind="issuer_return",
        fields=(_LISTED, Field("reason", "area")),
        statuses=_OPEN,
    ),
    Act(
        "close",
        "issuer_return",
        "ok",
        _KEEP,
        lambda g, v: [IssuerReturnClosed(g.the_matter.id, v["receipt"])],
        lambda g: IssuerReturnClosed(g.the_matter.id),
        kind="issuer_return",
        fields=(_RECEIPT,),
        statuses=_OPEN,
        standing=frozenset({"list_open", "nothing_done"}),
    ),
    Act(
        "archiving",
        "archiving",
        "day",
        _KEEP,
        _archiving,
        lambda g: ArchivingDue(g.the_item.id, ""),
        on="carrier",
        fields=(
            Field("archive_by", "day", required=False, default=lambda g: g.the_item.archive_by),
            Field("reason", required=False, max_length=200),
        ),
    ),
)


# How they are shown.


def day_words(ground: Ground, day: str) -> str:
    """An ISO day in the visitor's words; empty where there is none."""
    return iso_day(day, ground.language) if day else ""


def _transfer_rows(ground: Ground, matter: Matter) -> list[tuple[str, str]]:
    body: TransferBody = matter.body
    t = ground.t
    rows = [
        (t("ask.destination"), t(f"ask.destination.{body.destination}")),
        (t("ask.receiver"), body.receiver),
        (t("ask.where"), body.place),
        (t("ask.reason"), body.reason),
        (t("ask.receipt"), body.receipt),
    ]
    return [row for row in rows if row[1]]


def _return_rows(ground: Ground, matter: Matter) -> list[tuple[str, str]]:
    body: IssuerReturnBody = matter.body
    t = ground.t
    rows = [
        (t("ask.issuer"), body.issuer),
        (t("ask.notice_number"), body.notice_number),
        (t("ask.notice_on"), day_words(ground, body.notice_on)),
        (t("ask.return_by"), day_words(ground, ground.day_of(body.due_at))),
        (t("ask.receipt"), body.receipt),
    ]
    return [row for row in rows if row[1]]


def _handed_line(ground: Ground, _matter: Matter, line: Line) -> tuple[str]:
    """Parcel and receiver, pages counted, or why it was not handed over."""
    pages = "" if line.pages is None else ground.t("carriers.pages", n=line.pages)
    said = (line.label, ground.person_name(line.person), pages)
    return (ground.t("punctuation.list").join(text for text in said if text),)


_LINE_LOOKS = {
    "listed": ("act", "doc"),
    "struck": ("mute", "undo"),
    "transferred": ("ok", "out"),
    "returned": ("ok", "out"),
    "explained": ("mute", "pen"),
}
VIEWS: tuple[View, ...] = (
    View(
        "transfer",
        "box",
        _transfer_rows,
        columns=("disposition.col.handed",),
        line=_handed_line,
        looks={"closed": ("ok", "ok"), **_LINE_LOOKS},
    ),
    View(
        "issuer_return",
        "back",
        _return_rows,
        columns=("disposition.col.handed",),
        line=_handed_line,
        looks={"open": ("act", "clock"), "closed": ("ok", "ok"), **_LINE_LOOKS},
    ),
)
