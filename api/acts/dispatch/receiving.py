"""Receiving: a consignment compared with its manifest and registered, or one paper in one act (clauses b.1, b.2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from api.acts.disposition.lists import lowest, own_unit, the_unit
from api.acts.disposition.losses import moment_text, this_minute
from api.acts.model import Act, Cosigner, Field, Ground, Unfit, Values
from api.acts.production.numbers import epcs_of, paired
from custody.access import Permission
from custody.entries import Fact, Received, Shelved, TagBound
from custody.entries.dispatch import (
    ItemOver,
    ItemShort,
    ItemWrong,
    ManifestRow,
    Mode,
    ReceiptCancelled,
    ReceiptClosed,
    ReceiptOpened,
    SenderTold,
)
from custody.entries.disposition import Reissued
from custody.matters.dispatch.receipt import Receipt, ReceiptRow
from custody.procedures.dispatch.transport import WAYS
from custody.scheme import MEDIA
from custody.values import CarrierKind, Description, Period, Scope, Tag

_DISPATCH = Permission.DISPATCH
MODES: tuple[Mode, ...] = get_args(Mode)
KINDS: tuple[CarrierKind, ...] = get_args(CarrierKind)
HOW_TOLD = ("slip", "telephone", "letter")
_OPEN = frozenset({"open", "told"})


def ways(ground: Ground) -> Iterable[tuple[str, str]]:
    """Those allowed for what is secret first; the others bear no secrets."""
    allowed = [mode for mode in MODES if WAYS[mode].levels != "none"]
    others = [mode for mode in MODES if mode not in allowed]
    return [(mode, ground.t(f"ask.way.{mode}")) for mode in (*allowed, *others)]


def kinds(ground: Ground) -> Iterable[tuple[str, str]]:
    """Kinds of carrier with their words."""
    return [(kind, ground.t(f"kind.{kind}")) for kind in KINDS]


def media(ground: Ground) -> Iterable[tuple[str, str]]:
    """Media with their words."""
    return [(medium, ground.t(f"medium.{medium}")) for medium in MEDIA]


def _body(ground: Ground) -> Receipt:
    body: Receipt = ground.the_matter.body
    return body


def sender_name(ground: Ground, body: Receipt) -> str:
    """Whose consignment it is, by name: of the directory where it stands there."""
    known = ground.directory.organisations.get(body.sender or 0)
    return known.name if known else body.sender_name


def row_words(ground: Ground, row: ReceiptRow) -> str:
    """A row of the manifest in one line, without its title."""
    listed = row.listed
    return ground.t(
        "dispatch.row", n=listed.number, number=listed.issuer_number, copy=listed.copy_number, level=_level(ground, row)
    )


def _level(ground: Ground, row: ReceiptRow) -> str:
    level = ground.scheme.level(row.listed.level)
    return level.name_en if ground.language == "en" else level.name_zh


def _rows_open(ground: Ground) -> Iterable[tuple[str, str]]:
    """Rows of which it is not known what became of them: to register."""
    return [(str(row.listed.number), row_words(ground, row)) for row in _body(ground).rows if row.awaited]


def _rows_untouched(ground: Ground) -> Iterable[tuple[str, str]]:
    """Rows of which nothing was said: to be short or wrong."""
    return [(str(one.listed.number), row_words(ground, one)) for one in _body(ground).rows if not one.outcome]


# The consignment.


def _opened(ground: Ground, values: Values, matter: int, rows: tuple[ManifestRow, ...]) -> ReceiptOpened:
    level = max((row.level for row in rows), key=ground.scheme.rank, default=lowest(ground))
    return ReceiptOpened(
        matter,
        values["unit"],
        level,
        sender=values["sender"],
        sender_name=values["sender_name"],
        manifest_number=values["manifest_number"],
        mode=values["way"],
        rows=rows,
        seal=values["seal"],
        seal_state=values["seal_state"],
        delivered_by=values["delivered_by"],
        delivered_by_name=values["delivered_by_name"],
        witness=values["witness"],
        note=values["note"],
    )


def _consignment(ground: Ground, values: Values) -> list[Fact]:
    rows = tuple(
        ManifestRow(
            number,
            row["issuer_number"],
            row["title"],
            row["copy_number"] or 1,
            row["level"],
            row["pages"],
            row["carrier_kind"] or "document",
        )
        for number, row in enumerate(values["rows"], 1)
    )
    return [_opened(ground, values, ground.reserve("matter"), rows)]


# What is registered.


@dataclass(frozen=True, slots=True)
class _Coming:
    """One item about to be registered: what the manifest or the form says of it."""

    row: int | None
    issuer_number: str
    title: str
    copy_number: int
    level: str
    pages: int | None
    kind: CarrierKind


def _described(ground: Ground, values: Values, issuer: str, unit: int, one: _Coming) -> Description:
    internal = ground.scheme.rank(one.level) == 0
    return Description(
        control_number=values["control_number"],
        copy_number=one.copy_number,
        copies=max(values["copies"] or 1, one.copy_number),
        title=one.title,
        kind=one.kind,
        level=one.level,
        period=Period("none") if internal else values["period"] or Period("maximum"),
        scope=Scope(values["scope"]),
        unit=unit,
        classified_on=values["classified_on"] or "",
        medium=values["medium"] or "paper",
        pages=one.pages,
        issuer=issuer,
        issuer_number=one.issuer_number,
        remark=values["remark"],
    )


def _registered(
    ground: Ground, values: Values, matter: int, issuer: str, unit: int, coming: Sequence[_Coming]
) -> list[Fact]:
    """Each with its label and its place, where they are given."""
    labels = paired("labels", epcs_of("labels", values["labels"]), len(coming))
    facts: list[Fact] = []
    for carrier, one, epc in zip(ground.reserve_several("carrier", len(coming)), coming, labels, strict=True):
        facts.append(Received(carrier, _described(ground, values, issuer, unit, one), matter, one.row))
        facts += [TagBound(carrier, Tag(epc))] if epc else []
        facts += [Shelved(carrier, values["place"])] if values["place"] is not None else []
    return facts


def _register(ground: Ground, values: Values) -> list[Fact]:
    body = _body(ground)
    numbers = [int(code) for code in values["rows_chosen"]]
    rows = [row for row in body.rows if row.listed.number in numbers]
    if len(rows) > 1 and (values["copy_number"] is not None or values["pages"] is not None):
        raise Unfit("pages", "dispatch.of_one_row")
    untitled = next((row for row in rows if not row.listed.title and not values["item_title"]), None)
    if untitled is not None:
        raise Unfit("item_title", "dispatch.title_needed", n=untitled.listed.number)
    coming = [
        _Coming(
            row.listed.number,
            row.listed.issuer_number,
            row.listed.title or values["item_title"],
            row.listed.copy_number if values["copy_number"] is None else values["copy_number"],
            row.listed.level,
            row.listed.pages if values["pages"] is None else values["pages"],
            row.listed.kind,
        )
        for row in rows
    ]
    return _registered(ground, values, ground.the_matter.id, sender_name(ground, body), ground.the_matter.unit, coming)


def _register_over(ground: Ground, values: Values) -> list[Fact]:
    body = _body(ground)
    one = _Coming(
        None,
        values["issuer_number"],
        values["item_title"],
        values["copy_number"],
        values["level"],
        values["pages"],
        values["carrier_kind"] or "document",
    )
    return _registered(ground, values, ground.the_matter.id, sender_name(ground, body), ground.the_matter.unit, [one])


def _one_paper(ground: Ground, values: Values) -> list[Fact]:
    """The whole way of a single paper in one act."""
    matter, copy, level = ground.reserve("matter"), values["copy_number"], values["level"]
    kind: CarrierKind = values["carrier_kind"] or "document"
    issuer_number, title, pages = values["issuer_number"], values["item_title"], values["pages"]
    opened = _opened(ground, values, matter, (ManifestRow(1, issuer_number, title, copy, level, pages, kind),))
    known = ground.directory.organisations.get(values["sender"] or 0)
    issuer = known.name if known else values["sender_name"]
    coming = _Coming(1, issuer_number, title, copy, level, pages, kind)
    facts = _registered(ground, values, matter, issuer, values["unit"], [coming])
    if values["former"]:
        if len(values["former"]) > 1:
            raise Unfit("former", "dispatch.one_former")
        facts.insert(1, Reissued(facts[0].carrier, values["former"][0]))  # type: ignore[attr-defined]  # the first is Received
    told = SenderTold(matter, values["told_how"], issuer, ground.now, values["slip_number"])
    return [opened, *facts, told, ReceiptClosed(matter, True)]


# What else the comparison gives.


def _short(ground: Ground, values: Values) -> list[Fact]:
    return [ItemShort(ground.the_matter.id, int(code), values["note"]) for code in values["rows_chosen"]]


def _wrong(ground: Ground, values: Values) -> list[Fact]:
    return [
        ItemWrong(
            ground.the_matter.id, int(values["row"]), values["difference"], values["sent_or_kept"], values["note"]
        )
    ]


def _over(ground: Ground, values: Values) -> list[Fact]:
    return [ItemOver(ground.the_matter.id, values["issuer_number"], values["copy_number"] or 1, values["note"])]


def _tell(ground: Ground, values: Values) -> list[Fact]:
    at = values["told_at"] or this_minute(ground.now)
    return [SenderTold(ground.the_matter.id, values["told_how"], values["told_to"], at, values["slip_number"])]


def _close(ground: Ground, values: Values) -> list[Fact]:
    return [ReceiptClosed(ground.the_matter.id, values["full"])]


def _other_hand(ground: Ground, _values: Values) -> Sequence[Cosigner]:
    body = _body(ground)
    label = "ask.delivered_by" if body.delivered_by is not None else "ask.witness"
    return (Cosigner(label, body.other_hand),)


def _hand_given(_ground: Ground, values: Values) -> Sequence[Cosigner]:
    if values.get("delivered_by"):
        return (Cosigner("ask.delivered_by", values["delivered_by"]),)
    return (Cosigner("ask.witness", values.get("witness")),)


def _in_full(ground: Ground) -> str:
    body = _body(ground)
    return "" if body.unaccounted or body.differences else "1"


def _now(ground: Ground) -> str:
    return moment_text(ground.now, ground.scheme.timezone)


def _probe_row(ground: Ground) -> int:
    return next((row.listed.number for row in _body(ground).rows if row.awaited), 0)


def _open_probe(ground: Ground) -> Fact:
    return ReceiptOpened(0, the_unit(ground), lowest(ground), None, "", "", "confidential_communications", ())


def _tell_probe(ground: Ground) -> Fact:
    return SenderTold(ground.the_matter.id, "slip", "", ground.now)


def _field(name: str, kind: Any = "text", **more: Any) -> Field:
    return Field(name, kind, required=False, **more)


_SENT: tuple[Field, ...] = (
    _field("sender", "organisation"),
    _field("sender_name", max_length=200),
    Field("manifest_number", max_length=100),
    Field("way", "choice", options=ways),
    _field("seal", max_length=100),
    Field("seal_state", "choice", options=("intact", "broken", "none"), default="intact"),
    _field("note", max_length=500),
    _field("delivered_by", "person"),
    _field("delivered_by_name", max_length=100),
    _field("witness", "person"),
    Field("unit", "unit", default=own_unit),
)
_ABOUT: tuple[Field, ...] = (
    Field("control_number", max_length=100),
    _field("copies", "number"),
    _field("period", "period", default="maximum"),
    _field("classified_on", "day"),
    _field("scope", "scope"),
    _field("medium", "choice", options=media, default="paper"),
    _field("labels", "area", max_length=60_000),
    _field("place", "place"),
    _field("remark", max_length=500),
)
_COLUMNS = (
    Field("issuer_number", max_length=100),
    _field("title", max_length=500),
    _field("copy_number", "number"),
    Field("level", "level"),
    _field("pages", "number"),
    _field("carrier_kind", "choice", options=kinds),
)
_ITEM: tuple[Field, ...] = (
    Field("issuer_number", max_length=100),
    Field("item_title", max_length=500),
    Field("copy_number", "number", default="1"),
    Field("level", "level"),
    _field("pages", "number"),
    _field("carrier_kind", "choice", options=kinds, default="document"),
)
_TOLD = (
    Field("told_how", "choice", options=HOW_TOLD, default="slip"),
    _field("slip_number", max_length=100),
)

ACTS: tuple[Act, ...] = (
    Act(
        "receipt",
        "receipt",
        "in",
        _DISPATCH,
        _consignment,
        _open_probe,
        on="house",
        kind="receipt",
        opens=True,
        fields=(*_SENT, Field("rows", "rows", columns=_COLUMNS)),
    ),
    Act(
        "receive_one",
        "receipt",
        "doc",
        _DISPATCH,
        _one_paper,
        _open_probe,
        on="house",
        kind="receipt",
        opens=True,
        fields=(*_SENT, *_ITEM, *_ABOUT, *_TOLD, _field("former", "carriers")),
        cosigners=_hand_given,
    ),
    Act(
        "register",
        "receipt",
        "in",
        _DISPATCH,
        _register,
        lambda g: ItemShort(g.the_matter.id, _probe_row(g)),
        kind="receipt",
        fields=(
            Field("rows_chosen", "choices", options=_rows_open),
            *_ABOUT,
            _field("item_title", max_length=500),
            _field("copy_number", "number"),
            _field("pages", "number"),
        ),
        statuses=_OPEN,
        main=frozenset({"open"}),
        hides=frozenset({"row_unknown"}),
    ),
    Act(
        "short",
        "receipt",
        "off",
        _DISPATCH,
        _short,
        lambda g: ItemShort(g.the_matter.id, _probe_row(g)),
        kind="receipt",
        fields=(Field("rows_chosen", "choices", options=_rows_untouched), _field("note", max_length=500)),
        statuses=_OPEN,
        hides=frozenset({"row_unknown", "row_done"}),
    ),
    Act(
        "differs",
        "receipt",
        "swap",
        _DISPATCH,
        _wrong,
        lambda g: ItemShort(g.the_matter.id, _probe_row(g)),
        kind="receipt",
        fields=(
            Field("row", "choice", options=_rows_untouched),
            Field("difference", "choice", options=("copy", "pages", "damaged", "other")),
            Field("sent_or_kept", "choice", options=("kept", "sent_back")),
            Field("note", max_length=500),
        ),
        statuses=_OPEN,
        hides=frozenset({"row_unknown", "row_done"}),
    ),
    Act(
        "register_over",
        "receipt",
        "plus",
        _DISPATCH,
        _register_over,
        lambda _ground: None,
        kind="receipt",
        fields=(*_ITEM, *_ABOUT),
        statuses=_OPEN,
    ),
    Act(
        "over",
        "receipt",
        "back",
        _DISPATCH,
        _over,
        lambda _ground: None,
        kind="receipt",
        fields=(
            Field("issuer_number", max_length=100),
            _field("copy_number", "number"),
            Field("note", max_length=500),
        ),
        statuses=_OPEN,
    ),
    Act(
        "tell",
        "receipt_end",
        "sound",
        _DISPATCH,
        _tell,
        _tell_probe,
        kind="receipt",
        fields=(
            _TOLD[0],
            Field("told_to", max_length=200, default=lambda g: sender_name(g, _body(g))),
            _field("told_at", "moment", default=_now),
            _TOLD[1],
        ),
        statuses=frozenset({"open"}),
        standing=frozenset({"rows_open"}),
    ),
    Act(
        "close",
        "receipt_end",
        "ok",
        _DISPATCH,
        _close,
        lambda g: ReceiptClosed(g.the_matter.id, False),
        kind="receipt",
        fields=(_field("full", "check", default=_in_full),),
        cosigners=_other_hand,
        statuses=_OPEN,
        main=frozenset({"told"}),
        standing=frozenset({"rows_open", "sender_untold"}),
    ),
    Act(
        "cancel",
        "receipt_end",
        "off",
        _DISPATCH,
        lambda g, v: [ReceiptCancelled(g.the_matter.id, v["reason"])],
        lambda g: ReceiptCancelled(g.the_matter.id, ""),
        kind="receipt",
        fields=(Field("reason", "area"),),
        statuses=frozenset({"open"}),
        hides=frozenset({"partly_done"}),
    ),
)
