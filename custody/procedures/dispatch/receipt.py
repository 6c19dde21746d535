"""Receiving: numbered and signed for by two (clause b.1), compared with the manifest one by one (clause b.2)."""

from collections.abc import Mapping

from custody.entries import Fact, Received
from custody.entries.dispatch import (
    ItemOver,
    ItemShort,
    ItemWrong,
    ReceiptCancelled,
    ReceiptClosed,
    ReceiptOpened,
    SenderTold,
)
from custody.matters.dispatch.receipt import TOLD, Receipt, ReceiptRow
from custody.procedures.dispatch import hands
from custody.procedures.disposition.handing import missing_text
from custody.procedures.organisations import unknown_body
from custody.register import CarrierState
from custody.rules import Params, Rule, Situation, by_actor, signed
from custody.values import Description

OfRow = Received | ItemShort | ItemWrong


def _body(fact: Fact, situation: Situation) -> Receipt | None:
    matter = situation.matter(fact)
    return matter.body if matter is not None and isinstance(matter.body, Receipt) else None


def _row(fact: Fact, situation: Situation) -> ReceiptRow | None:
    assert isinstance(fact, OfRow)
    body = _body(fact, situation)
    return None if body is None else body.row(fact.row)


# Its papers.


def _issuer_missing(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, Received)
    for field in ("issuer", "issuer_number"):
        if not getattr(fact.description, field).strip():
            return {"field": field}
    return None


def _sender_unclear(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, ReceiptOpened)
    return {"field": "sender"} if fact.sender is None and not fact.sender_name.strip() else None


def _sender_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ReceiptOpened)
    return None if fact.sender is None else unknown_body(fact.sender, situation)


def _manifest_unclear(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """One row at least; every row with a number of its own, a number of the issuer's, a level within the matter's."""
    assert isinstance(fact, ReceiptOpened)
    ranks = {level.code: level.rank for level in situation.scheme.levels}
    if not fact.rows:
        return {"row": 1}
    seen: set[int] = set()
    for row in fact.rows:
        counted = row.number >= 1 and row.copy_number >= 1 and (row.pages is None or row.pages >= 1)
        within = row.level in ranks and ranks[row.level] <= ranks.get(fact.level, -1)
        if not counted or not within or not row.issuer_number.strip() or row.number in seen:
            return {"row": row.number}
        seen.add(row.number)
    return None


def _broken_unsaid(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """Where the seal is not whole, how it was found."""
    assert isinstance(fact, ReceiptOpened)
    return {"field": "note"} if fact.seal_state != "intact" and not fact.note.strip() else None


def _seal_unsaid(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, ReceiptOpened)
    return {"field": "seal"} if fact.seal_state == "intact" and not fact.seal.strip() else None


# One by one.


def _row_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, OfRow)
    if _body(fact, situation) is None or fact.row is None or _row(fact, situation) is not None:
        return None
    return {"row": fact.row}


def _row_done(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Each row is accounted for once; what is wrong and kept is registered besides."""
    assert isinstance(fact, OfRow)
    row = _row(fact, situation)
    done = row is not None and (row.accounted or (row.outcome == "wrong" and not isinstance(fact, Received)))
    return {"row": fact.row or 0} if done else None


def differs(described: Description, row: ReceiptRow) -> str:
    """The first thing in which a carrier is not what the manifest says; empty where it is."""
    listed = row.listed
    said: tuple[tuple[str, object, object], ...] = (
        ("issuer_number", described.issuer_number.strip(), listed.issuer_number.strip()),
        ("copy_number", described.copy_number, listed.copy_number),
        ("level", described.level, listed.level),
        ("kind", described.kind, listed.kind),
        ("title", described.title.strip(), listed.title.strip() or described.title.strip()),
        ("pages", described.pages, described.pages if listed.pages is None else listed.pages),
    )
    return next((field for field, here, there in said if here != there), "")


def _other_than_listed(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Registered is what the manifest says, unless it was first said to be wrong."""
    assert isinstance(fact, Received)
    row = _row(fact, situation) if fact.row is not None else None
    if row is None or row.outcome == "wrong":
        return None
    field = differs(fact.description, row)
    return {"row": row.listed.number, "field": field} if field else None


def _above_matter(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The papers of the consignment bear the highest level in it."""
    assert isinstance(fact, Received)
    matter = situation.matter(fact)
    ranks = {level.code: level.rank for level in situation.scheme.levels}
    level = fact.description.level
    if matter is None or ranks.get(level, 0) <= situation.scheme.rank(matter.level):
        return None
    return {"level": level, "rating": matter.level}


def _told_in_future(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, SenderTold)
    return {"field": "told_at"} if fact.told_at > situation.at else None


def _rows_open(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    body = _body(fact, situation)
    return {"count": body.unaccounted} if body is not None and body.unaccounted else None


def _sender_untold(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    matter = situation.matter(fact)
    return None if matter is None or matter.status == TOLD else {}


def _not_in_full(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ReceiptClosed)
    body = _body(fact, situation)
    if body is None or not fact.full:
        return None
    open_ = body.unaccounted + body.differences
    return {"count": open_} if open_ else None


def _something_received(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    matter = situation.matter(fact)
    done = 0 if matter is None else matter.lines_total
    return {"count": done} if done else None


def _other_hand(fact: Fact, situation: Situation) -> int | None:
    body = _body(fact, situation)
    return None if body is None else body.other_hand


_OPENED = (ReceiptOpened,)
RULES: tuple[Rule, ...] = (
    Rule("b.1", "issuer_missing", (Received,), _issuer_missing),
    Rule("b.1", "text_missing", _OPENED, missing_text("manifest_number")),
    Rule("b.1", "text_missing", _OPENED, _sender_unclear),
    Rule("", "reference_unknown", _OPENED, _sender_unknown),
    *hands.rules(_OPENED),
    Rule("b.2", "manifest_unclear", _OPENED, _manifest_unclear, "record"),
    Rule("b.2", "text_missing", _OPENED, _seal_unsaid, "record"),
    Rule("b.2", "text_missing", _OPENED, _broken_unsaid, "record"),
    signed("b.1", _OPENED, by_actor, "refuse"),
    Rule("", "row_unknown", (Received, ItemShort, ItemWrong), _row_unknown),
    Rule("", "row_done", (Received, ItemShort, ItemWrong), _row_done),
    Rule("b.2", "other_than_listed", (Received,), _other_than_listed, "record"),
    Rule("", "above_matter_level", (Received,), _above_matter),
    Rule("b.2", "text_missing", (ItemWrong,), missing_text("note"), "record"),
    Rule("b.2", "text_missing", (ItemOver,), missing_text("issuer_number", "note"), "record"),
    Rule("b.2", "text_missing", (SenderTold,), missing_text("to"), "record"),
    Rule("", "time_impossible", (SenderTold,), _told_in_future),
    Rule("b.2", "rows_open", (SenderTold, ReceiptClosed), _rows_open, "record"),
    Rule("b.2", "sender_untold", (ReceiptClosed,), _sender_untold, "record"),
    Rule("b.2", "not_in_full", (ReceiptClosed,), _not_in_full),
    signed("b.2", (ItemShort, ItemWrong, ItemOver, SenderTold), by_actor),
    signed("b.1", (ReceiptClosed,), hands.actor_and(_other_hand), "refuse"),
    Rule("", "text_missing", (ReceiptCancelled,), missing_text("reason")),
    Rule("", "partly_done", (ReceiptCancelled,), _something_received),
    signed("", (ReceiptCancelled,), by_actor),
)
CODES: Mapping[str, tuple[str, ...]] = {
    "manifest_unclear": ("row",),
    "row_unknown": ("row",),
    "row_done": ("row",),
    "other_than_listed": ("row", "field"),
    "rows_open": ("count",),
    "sender_untold": (),
    "not_in_full": ("count",),
}
