"""A receipt: the sender's manifest, row by row, and what became of each row.

Statuses: open (the comparison goes on), told (the sender was told its result), closed, cancelled. Lines are what was
registered under it: received, their label the row of the manifest, empty for what is not on it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from custody.entries import Entry, Received
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
from custody.matters.model import SAME, Line, MatterKind
from custody.values import Instant

OPEN, TOLD, CLOSED, CANCELLED = "open", "told", "closed", "cancelled"


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """One row of the manifest and what the comparison gave. `carrier`: what was registered for it."""

    listed: ManifestRow
    outcome: Literal["", "received", "short", "wrong"] = ""
    carrier: int | None = None
    wrong: str = ""
    kept: bool = False
    note: str = ""

    @property
    def accounted(self) -> bool:
        """Whether it is known what became of it: registered, short, or wrong and sent back."""
        return self.carrier is not None or self.outcome == "short" or (self.outcome == "wrong" and not self.kept)

    @property
    def awaited(self) -> bool:
        """Whether it may still be registered: nothing is known yet, or it is wrong and kept as it is."""
        return not self.accounted


@dataclass(frozen=True, slots=True)
class Over:
    """Something that is not on the manifest: registered (`carrier`) or sent back."""

    issuer_number: str
    copy_number: int
    carrier: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Whose consignment, by which manifest, from whose hands; the comparison; how the sender was told."""

    sender: int | None
    sender_name: str
    manifest_number: str
    mode: Mode
    rows: tuple[ReceiptRow, ...]
    seal: str = ""
    seal_state: Literal["intact", "broken", "none"] = "intact"
    delivered_by: int | None = None
    delivered_by_name: str = ""
    witness: int | None = None
    note: str = ""
    over: tuple[Over, ...] = ()
    told_how: str = ""
    told_to: str = ""
    told_at: Instant | None = None
    told_number: str = ""
    full: bool = False
    closed_by: int | None = None

    def row(self, number: int | None) -> ReceiptRow | None:
        """The row of this number."""
        return next((one for one in self.rows if one.listed.number == number), None)

    @property
    def unaccounted(self) -> int:
        """Rows of which it is not yet known what became of them."""
        return sum(not one.accounted for one in self.rows)

    @property
    def differences(self) -> int:
        """Rows short or wrong, and items over."""
        return sum(one.outcome in ("short", "wrong") for one in self.rows) + len(self.over)

    @property
    def other_hand(self) -> int | None:
        """Who signs beside the receiver: the person who delivered it, or the witness."""
        return self.delivered_by if self.delivered_by is not None else self.witness


def _opened(fact: ReceiptOpened) -> Receipt:
    return Receipt(
        sender=fact.sender,
        sender_name=fact.sender_name,
        manifest_number=fact.manifest_number,
        mode=fact.mode,
        rows=tuple(ReceiptRow(row) for row in fact.rows),
        seal=fact.seal,
        seal_state=fact.seal_state,
        delivered_by=fact.delivered_by,
        delivered_by_name=fact.delivered_by_name,
        witness=fact.witness,
        note=fact.note,
    )


def _changed(body: Receipt, number: int, **changes: Any) -> Receipt:
    rows = tuple(replace(one, **changes) if one.listed.number == number else one for one in body.rows)
    return replace(body, rows=rows)


def _received(body: Receipt, fact: Received, _entry: Entry) -> Receipt:
    described = fact.description
    if fact.row is None:
        return replace(
            body,
            over=(*body.over, Over(described.issuer_number, described.copy_number, fact.carrier, described.remark)),
        )
    was = body.row(fact.row)
    outcome = "wrong" if was is not None and was.outcome == "wrong" else "received"
    return _changed(body, fact.row, outcome=outcome, carrier=fact.carrier)


def _short(body: Receipt, fact: ItemShort, _entry: Entry) -> Receipt:
    return _changed(body, fact.row, outcome="short", note=fact.note)


def _wrong(body: Receipt, fact: ItemWrong, _entry: Entry) -> Receipt:
    kept = fact.resolution == "kept"
    return _changed(body, fact.row, outcome="wrong", wrong=fact.wrong, kept=kept, note=fact.note)


def _over(body: Receipt, fact: ItemOver, _entry: Entry) -> Receipt:
    return replace(body, over=(*body.over, Over(fact.issuer_number, fact.copy_number, None, fact.note)))


def _told(body: Receipt, fact: SenderTold, _entry: Entry) -> Receipt:
    return replace(body, told_how=fact.how, told_to=fact.to, told_at=fact.told_at, told_number=fact.number)


def _closed(body: Receipt, fact: ReceiptClosed, entry: Entry) -> Receipt:
    return replace(body, full=fact.full, closed_by=entry.by)


_BODY: Mapping[type, Callable[[Receipt, Any, Entry], Receipt]] = {
    Received: _received,
    ItemShort: _short,
    ItemWrong: _wrong,
    ItemOver: _over,
    SenderTold: _told,
    ReceiptClosed: _closed,
}


def _body(body: Any, fact: Any, entry: Entry) -> Receipt:
    if isinstance(fact, ReceiptOpened):
        return _opened(fact)
    step = _BODY.get(type(fact))
    told: Receipt = body if step is None else step(body, fact, entry)
    return told


def _line(line: Line | None, fact: Any, _entry: Entry) -> Line | None:
    assert line is not None
    if isinstance(fact, Received):
        row = "" if fact.row is None else str(fact.row)
        return replace(line, label=row, pages=fact.description.pages)
    return line


# What is found after the sender was told is told again.
_COMPARING: Mapping[str | None, str] = {OPEN: SAME, TOLD: OPEN}
RECEIPT = MatterKind(
    key="receipt",
    opened=ReceiptOpened,
    body_type=Receipt,
    body=_body,
    transitions={
        ReceiptOpened: {None: OPEN},
        Received: _COMPARING,
        ItemShort: _COMPARING,
        ItemWrong: _COMPARING,
        ItemOver: _COMPARING,
        SenderTold: {OPEN: TOLD, TOLD: TOLD},
        ReceiptClosed: {OPEN: CLOSED, TOLD: CLOSED},
        ReceiptCancelled: {OPEN: CANCELLED},
    },
    lines={Received: {None: "received"}},
    line=_line,
    ends=frozenset({CLOSED, CANCELLED}),
)
